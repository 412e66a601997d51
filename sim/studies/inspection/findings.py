"""Findings of one study: which patterns its answers report, and how many tests are significant.

A finding counts as reported if each of its relations is significant with the sign found in 2022. A null finding is
reported if no relation is significant. For a null finding about a family of tests, no more of them may be significant
than chance alone gives in 95% of studies.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from sim.outcomes.patterns import BOTH, CELLS, ISOLATIONS, MEASURES, OUTCOMES, Cells
from sim.studies.inspection.rating import Ratings
from sim.survey.correlations import is_asked, permute_outcomes, relations
from sim.survey.interview import scales
from sim.survey.visit import Answers

NULL_QUANTILE = 0.95
"""Share of studies without any relation that find no more significant tests than the limit."""
LOW_ISOLATION = 2.5
"""Isolation up to this score is nearer to "disagree" than to "neutral" on a scale from 1 to 5."""
STATUSES = ("known", "claimed")
ROLES = (*BOTH, "all")
_SIGNIFICANT = 1.96


@dataclass(frozen=True)
class Finding:
    """One pattern of `sim/data/patterns.csv` in one simulated study.

    Attributes
    ----------
    reported : bool or None
        Whether this study reports what the study of 2022 reported. None: its answers cannot say.
    r, significant, true : array (relation,)
        Correlations of answers; their sign if significant, or else 0; true correlations among all home workers (nan
        if unknown). The order is that of `relations_of`; empty for a finding without relations.
    limit : float
        For a family of tests, the most significant ones that chance alone gives in 95% of studies; otherwise nan.
    numbers : mapping from str to float
        Other numbers that the finding depends on.
    """

    reported: bool | None
    r: np.ndarray = field(default_factory=lambda: np.zeros(0))
    significant: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int8))
    true: np.ndarray = field(default_factory=lambda: np.zeros(0))
    limit: float = float("nan")
    numbers: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Tests:
    """Number of tests of 15 measures x outcomes x two roles, and how many are significant.

    `right` and `wrong` count tests in which a measure goes with better and with worse outcomes. `by_chance`
    (permutation,) counts both after the outcomes were permuted.
    """

    tests: int
    right: int
    wrong: int
    by_chance: np.ndarray


def relations_of(pattern: str) -> tuple[tuple[str, str, str], ...]:
    """Return the single relations of a pattern: role, predictor and outcome."""
    return tuple(relation for cells in CELLS.get(pattern, ()) for relation in cells.each)


class RoleCorrelations:
    """All correlations that patterns need, among the respondents of one role."""

    def __init__(self, answers: Answers, role: str, permutations: int, seed: Sequence[int]):
        self._answers, self._role, self._permutations, self._seed = answers, role, permutations, seed
        all_cells = [cells for own in CELLS.values() for cells in own]
        self._predictors = self._names(
            (name for cells in all_cells for name in cells.predictors),
            (f"{a}.{m}" for a in STATUSES for m in MEASURES),
        )
        self._outcomes = self._names((name for cells in all_cells for name in cells.outcomes), OUTCOMES)
        self._in_families = tuple(name for name in self._outcomes if name in OUTCOMES)
        self._relations = relations(answers, self._predictors, self._outcomes, role)

    def _names(self, *names: Iterable[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for own in names for name in own if is_asked(self._answers, name)))

    def asks(self, cells: Cells) -> bool:
        """Return whether the answers include everything that these relations need."""
        return set(cells.predictors) <= set(self._predictors) and set(cells.outcomes) <= set(self._outcomes)

    def r(self, cells: Cells) -> np.ndarray:
        """Return correlations (predictor, outcome)."""
        return self._relations.r[self._at(cells, self._outcomes)]

    def significant(self, cells: Cells) -> np.ndarray:
        """Return signs (predictor, outcome) of significant correlations: 1 or -1, and 0 for the others."""
        return self._relations.found[self._at(cells, self._outcomes)]

    def by_chance(self, cells: Cells) -> np.ndarray:
        """Return how many relations are significant in each permutation; outcomes are among `OUTCOMES`."""
        rows, columns = self._at(cells, self._in_families)
        return np.count_nonzero(self._permuted[:, rows, columns], axis=(1, 2))

    @cached_property
    def _permuted(self) -> np.ndarray:
        return permute_outcomes(
            self._answers, self._predictors, self._in_families, self._role, self._permutations, self._seed
        )

    def _at(self, cells: Cells, outcomes: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Return rows and columns of these relations in a matrix of all predictors and these outcomes."""
        rows = [self._predictors.index(name) for name in cells.predictors]
        columns = [outcomes.index(name) for name in cells.outcomes]
        return np.array(rows, int)[:, None], np.array(columns, int)[None, :]


Groups = Mapping[str, RoleCorrelations]
"""Correlations by role."""


def find(
    answers: Answers, truth: Answers | None, permutations: int, seed: int
) -> tuple[dict[str, Finding], dict[str, Tests]]:
    """Return the findings of patterns that relate answers, and the tests of all measures by status."""
    groups = {role: RoleCorrelations(answers, role, permutations, (seed, at)) for at, role in enumerate(ROLES)}
    of_truth = None if truth is None else {role: RoleCorrelations(truth, role, 0, (seed,)) for role in ROLES}
    findings = {name: _relation_finding(cells, groups, of_truth) for name, cells in CELLS.items()}
    return findings, {status: _count_tests(status, groups) for status in STATUSES}


def _relation_finding(all_cells: tuple[Cells, ...], groups: Groups, truth: Groups | None) -> Finding:
    r = _all_of("r", all_cells, groups)
    significant = _all_of("significant", all_cells, groups)
    true = np.full(len(r), np.nan) if truth is None else _all_of("r", all_cells, truth)
    if np.isnan(r).any():
        return Finding(None, r, np.zeros(len(r), np.int8), true)
    limit = _limit(all_cells, groups)
    return Finding(_as_reported(all_cells, significant, limit), r, significant, true, limit)


def _all_of(method: str, all_cells: tuple[Cells, ...], groups: Groups) -> np.ndarray:
    """Return values (relation,) in the order of `Cells.each`; nan for relations that the answers do not include."""
    parts = [
        getattr(groups[role], method)(cells).ravel()
        if groups[role].asks(cells)
        else np.full(len(cells.predictors) * len(cells.outcomes), np.nan)
        for cells in all_cells
        for role in cells.roles
    ]
    return np.concatenate(parts)


def _as_reported(all_cells: tuple[Cells, ...], significant: np.ndarray, limit: float) -> bool:
    begins = np.cumsum([0, *(len(cells.each) for cells in all_cells)])
    return all(
        np.count_nonzero(own) <= limit if cells.sign is None else (own == cells.sign).all()
        for cells, own in zip(all_cells, np.split(significant, begins[1:-1]), strict=True)
    )


def _limit(all_cells: tuple[Cells, ...], groups: Groups) -> float:
    families = [groups[role].by_chance(cells) for cells in all_cells for role in cells.roles if cells.sign is None]
    if not families:
        return float("nan")
    by_chance = np.sum(families, axis=0)
    return float(np.quantile(by_chance, NULL_QUANTILE, method="inverted_cdf"))


def _count_tests(status: str, groups: Groups) -> Tests:
    """Number of significant tests of all measures; outcomes that the answers lack are left out."""
    outcomes = tuple(name for name in OUTCOMES if groups[BOTH[0]].asks(Cells((), (name,), BOTH, None)))
    cells = Cells(tuple(f"{status}.{name}" for name in MEASURES), outcomes, BOTH, None)
    for_worse = np.array([scales()[name].worse if name in scales() else 1 for name in outcomes])
    harm = [groups[role].significant(cells) * for_worse for role in BOTH]
    return Tests(
        tests=len(cells.each),
        right=int(sum(np.count_nonzero(own < 0) for own in harm)),
        wrong=int(sum(np.count_nonzero(own > 0) for own in harm)),
        by_chance=np.sum([groups[role].by_chance(cells) for role in BOTH], axis=0),
    )


# -- findings without correlations ------------------------------------------------------------------------------------


def cascade_finding(shares: np.ndarray) -> Finding:
    """Return the finding that, in all 15 rows, employers' share >= managers' share >= other employees' share."""
    falls = -np.diff(shares, axis=1)
    ordered = (falls >= 0).all(axis=1)
    relative = shares[:, 2] / np.maximum(shares[:, 0], 1e-9)
    training = MEASURES.index("remote_leadership_training")
    return Finding(
        bool(ordered.all()),
        numbers={
            "rows_in_order": float(ordered.sum()),
            "training_falls_most": float(np.argmin(relative) == training),
        },
    )


def downgrade_finding(ratings: Mapping[str, Ratings]) -> Finding:
    """Return the finding that both marks fall significantly after the interviews, that of screen work more."""
    changes = {risk: marks.change for risk, marks in ratings.items()}
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
    scores = [answers.said[name][answers.filled_in] for name in ISOLATIONS]
    low = min(float((own <= LOW_ISOLATION).mean()) for own in scores)
    share = float(fewer.mean())
    return Finding(share > 0.5 and low > 0.5, numbers={"fewer_contacts": share, "near_the_floor": low})
