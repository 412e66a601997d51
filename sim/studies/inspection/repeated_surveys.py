"""One virtual study: what an inspectorate would have on paper after its visits, and what it would report of it.

    plan -> a world lived to the day of the visit -> answers -> a study

`studied` goes all the way; `study_in` begins with a world that somebody has lived, `study_of` with answers alone, so
that a rival model that only makes answers is studied in the same way. A finding is reported as in 2022 where each of
its relations is significant with the sign found then; a null where none is; and a null about a whole family of tests
where no more of them are significant than chance alone gives in 95 of 100 studies.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from sim.engine import Engine
from sim.engine.plan import BASELINE, Plan, simulate_burn_in
from sim.errors import UserError
from sim.levers.catalogue import Catalogue
from sim.outcomes.patterns import ASKED, BOTH, CELLS, ISOLATIONS, OUTCOMES, Cells
from sim.studies.inspection.rating import Ratings, rated
from sim.survey.correlations import is_asked, permute_outcomes, relations
from sim.survey.interview import Interview, interview_of, scales
from sim.survey.survey import Survey, survey_of
from sim.survey.visit import Answers, WorldState, conduct_survey, latent_states

CHANCE = 0.95
"""Of 100 studies without any relation, those that find no more than the limit."""
TIMES = 200
"""How often the answers of one study are dealt anew."""
MARGIN = 0.25
"""Contacts a working day that one must have fewer than on site to name it as a drawback: one in four days (assumed)."""
NEAR_THE_FLOOR = 2.5
"""A score of isolation up to here lies nearer to "disagree" than to "neutral" on a scale from 1 to 5."""
ON_SITE = "fully_on_site"
TABLE = ("known", "claimed")


@dataclass(frozen=True)
class Finding:
    """One pattern of `sim/data/patterns.csv` in one virtual study.

    reported  whether this study would report what the study of 2022 did; None where its answers cannot tell
    r         (relation,) correlations of the answers, in the order of `relations_of`; empty where it rests on none
    found     (relation,) their sign where significant, else 0
    true      (relation,) correlations of the true states of all home workers; nan where nobody knows them
    limit     of a family, the most significant relations that chance alone gives in 95 of 100 studies; else nan
    numbers   what else it rests on, by name
    """

    reported: bool | None
    r: np.ndarray = field(default_factory=lambda: np.zeros(0))
    found: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int8))
    true: np.ndarray = field(default_factory=lambda: np.zeros(0))
    limit: float = float("nan")
    numbers: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Tests:
    """The significant relations of the whole table: 15 measures x outcomes x two roles.

    tests         how many relations are tested
    right, wrong  significant ones in which a measure goes with better, and with worse
    by_chance     (times,) how many are significant where outcomes are dealt anew, both signs together
    """

    tests: int
    right: int
    wrong: int
    by_chance: np.ndarray


@dataclass(frozen=True)
class Study:
    """What one virtual study has on paper.

    met, filled_in  role -> people
    shares          (15, 3) that say a measure is there: employers, managers, others; in the order of `ASKED`
    true_shares     (15, 3) of all employers and home workers, without error; None where nobody knows
    carried_out     how many of the 15 the employers have carried out and told, mean; nan where nobody knows
    mismatches      (reading, role) -> answers of 15 that differ from the employer's, mean; readings `any_difference`
                    and `claimed_not_known`
    findings        pattern -> finding
    tests           `known` and `claimed` -> the whole table of tests
    ratings         risk -> the inspector's marks
    """

    met: Mapping[str, int]
    filled_in: Mapping[str, int]
    shares: np.ndarray
    true_shares: np.ndarray | None
    carried_out: float
    mismatches: Mapping[tuple[str, str], float]
    findings: Mapping[str, Finding]
    tests: Mapping[str, Tests]
    ratings: Mapping[str, Ratings]

    def numbers(self) -> dict[str, float]:
        """All of it as one flat row: `reported.<pattern>`, `r.<role>.<predictor>.<outcome>`, `found.…` and so on."""
        row = {f"met.{role}": float(n) for role, n in self.met.items()}
        row |= {f"filled_in.{role}": float(n) for role, n in self.filled_in.items()}
        for number, who in enumerate(("employer", *BOTH)):
            row |= {f"says.{who}.{name}": float(self.shares[at, number]) for at, name in enumerate(ASKED)}
            row[f"says.{who}"] = float(self.shares[:, number].sum())
        row |= {f"{reading}.{role}": mean for (reading, role), mean in self.mismatches.items()}
        for name, finding in self.findings.items():
            row |= _row_of(name, finding)
        for asked, tests in self.tests.items():
            row |= {f"right.{asked}": float(tests.right), f"wrong.{asked}": float(tests.wrong)}
        for risk, marks in self.ratings.items():
            row |= {f"mark.{risk}": float(marks.in_general.mean()), f"mark_after.{risk}": float(marks.after.mean())}
        return row


def _row_of(name: str, finding: Finding) -> dict[str, float]:
    row = {f"reported.{name}": float("nan") if finding.reported is None else float(finding.reported)}
    row |= {f"{name}.{what}": number for what, number in finding.numbers.items()}
    if len(finding.r):
        row |= {f"significant.{name}.{word}": float((finding.found == s).sum()) for s, word in _SIGN_WORDS}
        for relation, r in zip(relations_of(name), finding.r, strict=True):
            row[".".join(("r", *relation))] = float(r)
    return row


_SIGN_WORDS = ((1, "positive"), (-1, "negative"))


# -- from a plan to a study -------------------------------------------------------------------------------------------


def studied(plan: Plan, weeks_on_site: int = 0, times: int = TIMES) -> Study:
    """Live the plan's burn-in, visit every establishment, and study what was said.

    With `weeks_on_site` the world goes on for so many weeks beside one in which all are fully on site, so that it is
    known who has fewer contacts by working at home; for that the plan must hold the scenario `fully_on_site`.
    """
    engine = simulate_burn_in(plan)
    fewer = fewer_contacts(engine, plan, weeks_on_site) if weeks_on_site else None
    return study_in(engine, survey_of(plan), interview_of(plan), fewer=fewer, times=times, luck=plan.replicate)


def study_in(
    engine: Engine,
    survey: Survey,
    interview: Interview,
    world: int = 0,
    fewer: np.ndarray | None = None,
    times: int = TIMES,
    luck: int = 0,
) -> Study:
    """Study one world of an engine as it stands. `fewer`: (place,) whether one has fewer contacts than on site."""
    answers = conduct_survey(engine, survey, interview, world)
    names_it = None if fewer is None else fewer[answers.place]
    return study_of(answers, latent_states(engine, world), offered(WorldState(engine, world)), names_it, times, luck)


def offered(state: WorldState) -> dict[str, np.ndarray]:
    """Measure -> (establishment,): 1 where the employer has carried it out and told the staff.

    What an employer says when asked item by item; assumed.
    """
    return {name: state.measure("implemented", name) * state.measure("communicated", name) for name in state.asked}


def fewer_contacts(engine: Engine, plan: Plan, weeks: int) -> np.ndarray:
    """(place,) whether a home worker has fewer contacts than the same person after so many weeks fully on site."""
    on_site = next((scenario for scenario in plan.scenarios if scenario.name == ON_SITE), None)
    if on_site is None:
        raise UserError(f"scenarios lack {ON_SITE}, beside which contacts are counted; add it, or weeks_on_site=0")
    forked = engine.fork(Catalogue(engine.catalogue.measures, (BASELINE, on_site)))
    for week in range(weeks):
        forked.run_week(week)
    as_it_is, all_on_site = (WorldState(forked, world).of("recent_contact") for world in (0, 1))
    return as_it_is < all_on_site - MARGIN


# -- from answers to a study ------------------------------------------------------------------------------------------


def study_of(
    answers: Answers,
    truth: Answers | None = None,
    offered: Mapping[str, np.ndarray] | None = None,
    fewer: np.ndarray | None = None,
    times: int = TIMES,
    luck: int = 0,
) -> Study:
    """Study answers, whoever or whatever gave them.

    truth    the true states of everybody, if known, as `everybody` gives them
    offered  measure -> (establishment,), what was carried out and told, if known
    fewer    (n,) of those who answered, who would name fewer contacts as a drawback, if known
    times    how often answers are dealt anew for what chance alone gives; `luck` seeds that
    """
    groups = {role: _Group(answers, role, times, (luck, at)) for at, role in enumerate((*BOTH, "all"))}
    of_truth = None if truth is None else {role: _Group(truth, role, times, (luck,)) for role in groups}
    shares, ratings = said_shares(answers), rated(answers, offered)
    findings = {name: _finding(cells, groups, of_truth) for name, cells in CELLS.items()}
    findings["cascade_order"] = _cascade_order(shares)
    findings["inspector_downgrade"] = _downgrade(ratings)
    findings["detail_question"] = _detail(answers, offered)
    findings["contacts_fewer_isolation_low"] = _fewer(answers, fewer)
    return Study(
        met={role: int(answers.of(role).sum()) for role in BOTH},
        filled_in={role: int((answers.of(role) & answers.filled_in).sum()) for role in BOTH},
        shares=shares,
        true_shares=None if truth is None else said_shares(truth),
        carried_out=float("nan") if offered is None else float(sum(offered[name].mean() for name in ASKED)),
        mismatches=mismatches(answers),
        findings=findings,
        tests={asked: _tests(asked, groups) for asked in TABLE},
        ratings=ratings,
    )


def relations_of(pattern: str) -> tuple[tuple[str, str, str], ...]:
    """The single relations that a pattern rests on: role, predictor and outcome."""
    return tuple(relation for cells in CELLS.get(pattern, ()) for relation in cells.each)


def said_shares(answers: Answers) -> np.ndarray:
    """(15, 3) shares that say a measure is there: employers, managers, others."""
    rows = [
        [answers.claims[name].mean(), *(answers.said[f"known.{name}"][answers.of(role)].mean() for role in BOTH)]
        for name in ASKED
    ]
    return np.array(rows)


def mismatches(answers: Answers) -> dict[tuple[str, str], float]:
    """(reading, role) -> mean number of the 15 answers that differ from the employer's."""
    claimed, known = (np.array([answers.said[f"{what}.{name}"] for name in ASKED]) for what in ("claimed", "known"))
    differs = {"any_difference": np.abs(claimed - known), "claimed_not_known": claimed * (1 - known)}
    return {
        (reading, role): float(counted.sum(axis=0)[answers.of(role)].mean())
        for reading, counted in differs.items()
        for role in BOTH
    }


class _Group:
    """Every correlation that a pattern may rest on, among the respondents of one role."""

    def __init__(self, answers: Answers, role: str, times: int, luck: Sequence[int]):
        self._answers, self._role, self._times, self._luck = answers, role, times, luck
        all_cells = [cells for own in CELLS.values() for cells in own]
        self._predictors = self._names(
            (name for cells in all_cells for name in cells.predictors), (f"{a}.{m}" for a in TABLE for m in ASKED)
        )
        self._outcomes = self._names((name for cells in all_cells for name in cells.outcomes), OUTCOMES)
        self._in_families = tuple(name for name in self._outcomes if name in OUTCOMES)
        self._seen = relations(answers, self._predictors, self._outcomes, role)

    def _names(self, *wanted: Iterable[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for own in wanted for name in own if is_asked(self._answers, name)))

    def asks(self, cells: Cells) -> bool:
        """Whether the answers hold all that these relations need."""
        return set(cells.predictors) <= set(self._predictors) and set(cells.outcomes) <= set(self._outcomes)

    def r(self, cells: Cells) -> np.ndarray:
        """(predictor, outcome)."""
        return self._seen.r[self._at(cells, self._outcomes)]

    def found(self, cells: Cells) -> np.ndarray:
        """(predictor, outcome): 1, -1, or 0 where not significant."""
        return self._seen.found[self._at(cells, self._outcomes)]

    def by_chance(self, cells: Cells) -> np.ndarray:
        """(times,) how many of these relations are significant by chance alone; outcomes are among `OUTCOMES`."""
        rows, columns = self._at(cells, self._in_families)
        return np.count_nonzero(self._dealt[:, rows, columns], axis=(1, 2))

    @cached_property
    def _dealt(self) -> np.ndarray:
        return permute_outcomes(self._answers, self._predictors, self._in_families, self._role, self._times, self._luck)

    def _at(self, cells: Cells, outcomes: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Where these relations stand in a matrix of all predictors and these outcomes."""
        rows = [self._predictors.index(name) for name in cells.predictors]
        columns = [outcomes.index(name) for name in cells.outcomes]
        return np.array(rows, int)[:, None], np.array(columns, int)[None, :]


def _finding(all_cells: tuple[Cells, ...], groups: Mapping[str, _Group], truth: Mapping[str, _Group] | None) -> Finding:
    r = _all_of("r", all_cells, groups)
    found = _all_of("found", all_cells, groups)
    true = np.full(len(r), np.nan) if truth is None else _all_of("r", all_cells, truth)
    if np.isnan(r).any():
        return Finding(None, r, np.zeros(len(r), np.int8), true)
    limit = _limit(all_cells, groups)
    return Finding(_as_reported(all_cells, found, limit), r, found, true, limit)


def _all_of(what: str, all_cells: tuple[Cells, ...], groups: Mapping[str, _Group]) -> np.ndarray:
    """(relation,) in the order of `Cells.each`; nan where the answers do not hold what a relation needs."""
    parts = [
        getattr(groups[role], what)(cells).ravel()
        if groups[role].asks(cells)
        else np.full(len(cells.predictors) * len(cells.outcomes), np.nan)
        for cells in all_cells
        for role in cells.roles
    ]
    return np.concatenate(parts)


def _as_reported(all_cells: tuple[Cells, ...], found: np.ndarray, limit: float) -> bool:
    begins = np.cumsum([0, *(len(cells.each) for cells in all_cells)])
    return all(
        np.count_nonzero(found[first:last]) <= limit if cells.sign is None else (found[first:last] == cells.sign).all()
        for cells, first, last in zip(all_cells, begins[:-1], begins[1:], strict=True)
    )


def _limit(all_cells: tuple[Cells, ...], groups: Mapping[str, _Group]) -> float:
    families = [groups[role].by_chance(cells) for cells in all_cells for role in cells.roles if cells.sign is None]
    if not families:
        return float("nan")
    by_chance = np.sum(families, axis=0)
    return float(np.quantile(by_chance, CHANCE, method="inverted_cdf"))


def _tests(asked: str, groups: Mapping[str, _Group]) -> Tests:
    """The whole table of what is asked; outcomes that the answers lack are left out."""
    outcomes = tuple(name for name in OUTCOMES if groups[BOTH[0]].asks(Cells((), (name,), BOTH, None)))
    cells = Cells(tuple(f"{asked}.{name}" for name in ASKED), outcomes, BOTH, None)
    for_worse = np.array([scales()[name].worse if name in scales() else 1 for name in outcomes])
    harm = [groups[role].found(cells) * for_worse for role in BOTH]
    return Tests(
        tests=len(cells.each),
        right=int(sum(np.count_nonzero(own < 0) for own in harm)),
        wrong=int(sum(np.count_nonzero(own > 0) for own in harm)),
        by_chance=np.sum([groups[role].by_chance(cells) for role in BOTH], axis=0),
    )


# -- findings that are no correlations --------------------------------------------------------------------------------


def _cascade_order(shares: np.ndarray) -> Finding:
    """The employer's share is at least the manager's, and that at least the employee's, in each of the 15 rows."""
    falls = -np.diff(shares, axis=1)
    ordered = (falls >= 0).all(axis=1)
    relative = shares[:, 2] / np.maximum(shares[:, 0], 1e-9)
    training = ASKED.index("remote_leadership_training")
    return Finding(
        bool(ordered.all()),
        numbers={
            "rows_in_order": float(ordered.sum()),
            "training_falls_most": float(np.argmin(relative) == training),
        },
    )


def _downgrade(ratings: Mapping[str, Ratings]) -> Finding:
    """Both marks fall significantly once employees were spoken to, that of screen work more."""
    changes = {risk: marks.change for risk, marks in ratings.items()}
    t = {risk: change.mean() / (change.std(ddof=1) / np.sqrt(len(change)) + 1e-12) for risk, change in changes.items()}
    larger = changes["screen_work"].mean() < changes["work_pressure"].mean()
    numbers = {f"change.{risk}": float(change.mean()) for risk, change in changes.items()}
    return Finding(bool(larger and all(value < -_SURE for value in t.values())), numbers=numbers)


_SURE = 1.96


def _detail(answers: Answers, offered: Mapping[str, np.ndarray] | None) -> Finding:
    """Asked for the exact furniture, fewer employers provide than claim chair and desk in general; by a sign test.

    A whole combination takes chair and desk, and the means (screen, mouse, keyboard). That employers then count only
    what they have carried out and told is assumed. Sit-stand desks are no measure of 2022 in the model.
    """
    if offered is None:
        return Finding(None)
    general = answers.claims["chair_and_desk"]
    detail = offered["chair_and_desk"] * offered["workplace_means"]
    fewer, more = ((general > detail).sum(), (detail > general).sum())
    z = (fewer - more) / np.sqrt(max(fewer + more, 1))
    numbers = {
        "chair_and_desk": float(general.mean()),
        "workplace_means": float(answers.claims["workplace_means"].mean()),
        "in_detail": float(detail.mean()),
    }
    return Finding(bool(z > _SURE), numbers=numbers)


def _fewer(answers: Answers, fewer: np.ndarray | None) -> Finding:
    """More than half have fewer contacts than on site, and yet more than half score near the floor of isolation."""
    if fewer is None:
        return Finding(None)
    scores = [answers.said[name][answers.filled_in] for name in ISOLATIONS]
    low = min(float((own <= NEAR_THE_FLOOR).mean()) for own in scores)
    share = float(fewer.mean())
    return Finding(share > 0.5 and low > 0.5, numbers={"fewer_contacts": share, "near_the_floor": low})
