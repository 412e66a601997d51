"""Findings of one study: which patterns its answers report, and how many tests are significant.

A finding counts as reported if each of its relations is significant with the sign found in 2022. A null finding is
reported if no relation is significant. For a null finding about a family of tests, no more of them may be significant
than chance alone gives in 95% of studies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from sim.outcomes.patterns import BOTH, CELLS, ISOLATIONS, MEASURES, OUTCOMES, Cells
from sim.studies.inspection.rating import Ratings
from sim.survey.correlations import Correlations, limit_by_chance
from sim.survey.interview import harm
from sim.survey.visit import Answers

LOW_ISOLATION = 2.5
"""Isolation up to this score is nearer to "disagree" than to "neutral" on a scale from 1 to 5."""
STATUSES = ("known", "claimed")
ROLES = (*BOTH, "all")
_SIGNIFICANT = 1.96


@dataclass(frozen=True)
class Finding:
    """One pattern of `sim/data/patterns.csv` in one simulated study.

    `r`, `significant` and `true` are (relation,) arrays in the order of `relations_of`, empty without relations.
    """

    reported: bool | None  # whether this study reports what that of 2022 did; None if its answers cannot say
    r: np.ndarray = field(default_factory=lambda: np.zeros(0))  # correlations of answers
    significant: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int8))  # their sign, 0 if not significant
    true: np.ndarray = field(default_factory=lambda: np.zeros(0))  # among all home workers; nan if unknown
    limit: float = float("nan")  # most significant tests of a family by chance in 95% of studies
    numbers: Mapping[str, float] = field(default_factory=dict)  # others that the finding depends on


@dataclass(frozen=True)
class Tests:
    """Number of tests of 15 measures x outcomes x two roles, and how many are significant."""

    tests: int
    right: int  # the measure goes with better outcomes
    wrong: int  # the measure goes with worse outcomes
    by_chance: np.ndarray  # (permutation,) both, after the outcomes were permuted


def relations_of(pattern: str) -> tuple[tuple[str, str, str], ...]:
    """Return the single relations of a pattern: role, predictor and outcome."""
    return CELLS[pattern].each if pattern in CELLS else ()


class RoleCorrelations(Correlations):
    """All correlations that patterns need, among the respondents of one role."""

    def __init__(self, answers: Answers, role: str, permutations: int = 0, seed: Sequence[int] = ()):
        super().__init__(answers, _PREDICTORS, _OUTCOMES, role)
        self._permutations, self._seed = permutations, seed
        self._in_families = tuple(name for name in self.outcomes if name in OUTCOMES)

    def of(self, values: str, cells: Cells) -> np.ndarray:
        """Return `r` or `significant` of these relations (relation,); nan if the answers lack any of them."""
        if not self.has(cells.predictors, cells.outcomes):
            return np.full(len(cells.predictors) * len(cells.outcomes), np.nan)
        return getattr(self, values)[self.at(cells.predictors, cells.outcomes)].ravel()

    def by_chance(self, cells: Cells) -> np.ndarray:
        """Return how many relations are significant in each permutation; outcomes are among `OUTCOMES`."""
        rows = [self.predictors.index(name) for name in cells.predictors]
        columns = [self._in_families.index(name) for name in cells.outcomes]
        return np.count_nonzero(self._signs_by_chance[:, rows][:, :, columns], axis=(1, 2))

    @cached_property
    def _signs_by_chance(self) -> np.ndarray:
        return self.permuted(self._in_families, self._permutations, self._seed)


_PREDICTORS = [name for cells in CELLS.values() for name in cells.predictors]
_PREDICTORS += [f"{status}.{name}" for status in STATUSES for name in MEASURES]
_OUTCOMES = [*(name for cells in CELLS.values() for name in cells.outcomes), *OUTCOMES]
Groups = Mapping[str, RoleCorrelations]
"""Correlations by role."""


def find(
    answers: Answers, truth: Answers | None, permutations: int, seed: int
) -> tuple[dict[str, Finding], dict[str, Tests]]:
    """Return the findings of patterns that relate answers, and the tests of all measures by status."""
    groups = {role: RoleCorrelations(answers, role, permutations, (seed, at)) for at, role in enumerate(ROLES)}
    of_truth = None if truth is None else {role: RoleCorrelations(truth, role) for role in ROLES}
    findings = {name: _relation_finding(cells, groups, of_truth) for name, cells in CELLS.items()}
    return findings, {status: _count_tests(status, groups) for status in STATUSES}


def _relation_finding(cells: Cells, groups: Groups, truth: Groups | None) -> Finding:
    def values(name: str, own: Groups) -> np.ndarray:
        return np.concatenate([own[role].of(name, cells) for role in cells.roles])

    r = values("r", groups)
    true = np.full(len(r), np.nan) if truth is None else values("r", truth)
    if np.isnan(r).any():
        return Finding(None, r, np.zeros(len(r), np.int8), true)
    signs = values("significant", groups)
    if cells.sign is not None:
        return Finding(bool((signs == cells.sign).all()), r, signs, true)
    limit = limit_by_chance(_by_chance(cells, groups))
    return Finding(bool(np.count_nonzero(signs) <= limit), r, signs, true, limit)


def _by_chance(cells: Cells, groups: Groups) -> np.ndarray:
    """Return how many of these relations are significant in each permutation, (permutation,)."""
    return np.sum([groups[role].by_chance(cells) for role in cells.roles], axis=0)


def _count_tests(status: str, groups: Groups) -> Tests:
    """Count the significant tests of all measures; outcomes that the answers lack are left out."""
    outcomes = tuple(name for name in OUTCOMES if groups[BOTH[0]].has((), (name,)))
    cells = Cells(tuple(f"{status}.{name}" for name in MEASURES), outcomes, BOTH, None)
    for_worse = [groups[role].of("significant", cells).reshape(-1, len(outcomes)) * harm(outcomes) for role in BOTH]
    right, wrong = (int(np.sum([own == sign for own in for_worse])) for sign in (-1, 1))
    return Tests(len(cells.each), right, wrong, _by_chance(cells, groups))


# -- findings without correlations ------------------------------------------------------------------------------------


def cascade_finding(shares: np.ndarray) -> Finding:
    """Return the finding that, in all 15 rows, employers' share >= managers' share >= other employees' share."""
    falls = -np.diff(shares, axis=1)
    ordered = (falls >= 0).all(axis=1)
    relative = shares[:, 2] / np.maximum(shares[:, 0], 1e-9)
    training = MEASURES.index("remote_leadership_training")
    falls_most = float(np.argmin(relative) == training)
    return Finding(
        bool(ordered.all()), numbers={"rows_in_order": float(ordered.sum()), "training_falls_most": falls_most}
    )


def downgrade_finding(ratings: Mapping[str, Ratings]) -> Finding:
    """Return the finding that both marks fall significantly after the interviews, that of screen work more."""
    changes = {risk: marks.after - marks.in_general for risk, marks in ratings.items()}
    t = {risk: change.mean() / (change.std(ddof=1) / np.sqrt(len(change)) + 1e-12) for risk, change in changes.items()}
    larger = changes["screen_work"].mean() < changes["work_pressure"].mean()
    numbers = {f"change.{risk}": float(change.mean()) for risk, change in changes.items()}
    return Finding(bool(larger and all(value < -_SIGNIFICANT for value in t.values())), numbers=numbers)


def detail_finding(answers: Answers, provided: Mapping[str, np.ndarray] | None) -> Finding:
    """Return the finding that fewer employers provide the exact furniture than claim it in general, by a sign test.

    The exact furniture is chair and desk, and the means (screen, mouse, keyboard). Employers are assumed to count only
    what they carried out and announced. Sit-stand desks are no measure of 2022 in the model.
    """
    if provided is None:
        return Finding(None)
    general = answers.claims["chair_and_desk"]
    detail = provided["chair_and_desk"] * provided["workplace_means"]
    fewer, more = ((general > detail).sum(), (detail > general).sum())
    z = (fewer - more) / np.sqrt(max(fewer + more, 1))
    numbers = {
        "chair_and_desk": float(general.mean()),
        "workplace_means": float(answers.claims["workplace_means"].mean()),
        "in_detail": float(detail.mean()),
    }
    return Finding(bool(z > _SIGNIFICANT), numbers=numbers)


def contact_finding(answers: Answers, fewer: np.ndarray | None) -> Finding:
    """Return the finding that most have fewer contacts than on site, and most still have low scores of isolation."""
    if fewer is None:
        return Finding(None)
    scores = [answers.responses[name][answers.filled_in] for name in ISOLATIONS]
    low = min(float((own <= LOW_ISOLATION).mean()) for own in scores)
    share = float(fewer.mean())
    return Finding(share > 0.5 and low > 0.5, numbers={"fewer_contacts": share, "near_the_floor": low})
