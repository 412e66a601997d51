"""How many respondents it takes to see what a measure does: surveys of several designs, drawn from worlds lived out.

Every world is lived on twice beside itself: as it is, and with a measure introduced in all establishments that do not
claim it. So it is known of everybody how it would have gone with and without, and a survey may let the lot decide anew
whose answers it gets. From all home workers of all worlds surveys of every size are drawn again and again. A survey
*sees* the effect where its test is significant at 5% with the right sign. The same is done in worlds where measures do
nothing, so that a design that sees what is not there is found out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np

from sim.engine import Engine
from sim.engine.plan import BASELINE, Plan
from sim.errors import UserError
from sim.levers.catalogue import Catalogue
from sim.levers.measure import Measure, Shift
from sim.levers.scenario import Introduction, Scenario
from sim.studies.vanishing.prior_worlds import up_to_the_visit
from sim.survey.correlations import SIGNIFICANT, least_significant
from sim.survey.interview import interview_of, scales
from sim.survey.survey import survey_of
from sim.survey.visit import COMPLAINTS, SurveyRandom, WorldState, sample_responses

if TYPE_CHECKING:
    import pandas as pd

FIRST_REPLICATE = 2_000_000
ALL = "all_fifteen"
EFFECTS = {
    "social_moments": "isolation_from_colleagues",
    "conversations": "isolation_from_company",
    "working_time_agreements": "work_home_conflict",
    "reachability_agreements": "telepressure",
    "goals_and_tasks": "exhaustion",
    "chair_and_desk": "kans_complaint",
    ALL: "exhaustion",
}
"""Which measure is looked for in which outcome; of all of these a high score is bad."""
AT_ONCE = {
    "claimed": "the employer says it is taken",
    "known": "the employee knows of it",
    "used": "the employee uses it",
    "long": "uses it as meant, and has for half a year",
}
"""Designs that ask once, and set what is said of the measure against how one is."""
BY_LOT = {
    "half_year": "before and half a year after; half of them by lot",
    "year": "before and a year after; half of them by lot",
    "often": "four times before and four times after; half of them by lot",
}
NO_COMPARISON = "no_comparison"
DESIGNS = {**AT_ONCE, **BY_LOT, NO_COMPARISON: "before and half a year after; all of them, nobody to compare with"}
AS_IT_STANDS, LARGEST, NOTHING = "as it stands", "largest assumed", "nothing"
STRENGTHS = (AS_IT_STANDS, LARGEST, NOTHING)
"""What measures do for their users."""
BEFORE, AFTER = (-13, -9, -5, -1), (25, 33, 41, 51)
"""Weeks at whose end people answer."""
_LAST, _ALL_FOUR = [3], [0, 1, 2, 3]
_COMPARED = {
    "half_year": (_LAST, [0]), "year": (_LAST, _LAST), "often": (_ALL_FOUR, _ALL_FOUR), NO_COMPARISON: (_LAST, [0]),
}  # fmt: skip
"""Which of the waves before and after each design asks in."""
_AT_A_TIME = 500_000
_FEWEST = 30
"""People who can be given a measure; with fewer no survey can be drawn."""


@dataclass(frozen=True)
class Task:
    """One world, and how strongly measures work in it."""

    plan: Plan
    replicate: int
    strength: str


@dataclass(frozen=True)
class People:
    """The home workers of some worlds as one effect is looked for among them, (person,) each.

    claimed, known, used, long   0 or 1; of all fifteen, how many
    outcome     the score of a survey that asks once
    took_part   whether the establishment did not claim the measure before, and the person stayed until the last wave
    before      (person, 4) scores of the waves before
    without     (person, 4) scores of the waves after, had nothing been introduced
    given       (person, 4) the same with the measure introduced
    moved       what introducing it did to this person in a year: latent, in SD (complaints: 0 or 1)
    """

    claimed: np.ndarray
    known: np.ndarray
    used: np.ndarray
    long: np.ndarray
    outcome: np.ndarray
    took_part: np.ndarray
    before: np.ndarray
    without: np.ndarray
    given: np.ndarray
    moved: np.ndarray


# -- worlds -----------------------------------------------------------------------------------------------------------


def live(task: Task) -> tuple[str, dict[str, People]]:
    """Live one world with and without each introduction: its strength, and the people of each effect."""
    plan = replace(_at_strength(task.plan, task.strength), replicate=FIRST_REPLICATE + task.replicate)
    return task.strength, _Trial(plan).people()


def _at_strength(plan: Plan, strength: str) -> Plan:
    def moved(shift: Shift) -> Shift:
        largest = shift.high if shift.amount > 0 else shift.low
        return replace(shift, amount={AS_IT_STANDS: shift.amount, LARGEST: largest, NOTHING: 0.0}[strength])

    def of(measure: Measure) -> Measure:
        return replace(measure, shifts={name: moved(shift) for name, shift in measure.shifts.items()})

    return replace(plan, measures=tuple(of(measure) if measure.in_study else measure for measure in plan.measures))


class _Trial:
    """One world before the introductions, and one beside it for each of them after."""

    def __init__(self, plan: Plan):
        self._survey, self._interview = survey_of(plan), interview_of(plan)
        self._before: list[dict[str, np.ndarray]] = []
        self._engine, self._half_a_year_ago = up_to_the_visit(plan, self._each_week)

    def _each_week(self, engine: Engine, week: int) -> None:
        if week in BEFORE:
            self._before.append(self._scores(engine, 0, week))

    def _scores(self, engine: Engine, world: int, week: int) -> dict[str, np.ndarray]:
        visit = f"wave {week}"
        said = sample_responses(
            WorldState(engine, world), SurveyRandom(engine, visit), self._survey, self._interview, visit
        )
        return {outcome: said[outcome] for outcome in set(EFFECTS.values())}

    def people(self) -> dict[str, People]:
        """Live the year after, and gather the people of each effect."""
        beside, after = self._introduced(), []
        for week in range(AFTER[-1] + 1):
            beside.run_week(week)
            if week in AFTER:
                after.append([self._scores(beside, world, week) for world in range(len(EFFECTS) + 1)])
        return {effect: self._people(beside, after, number + 1, effect) for number, effect in enumerate(EFFECTS)}

    def _introduced(self) -> Engine:
        policies = [Scenario(effect, "policy", tuple(map(Introduction, self._measures(effect)))) for effect in EFFECTS]
        return self._engine.fork(Catalogue(self._engine.catalogue.measures, (BASELINE, *policies)))

    def _measures(self, effect: str) -> tuple[str, ...]:
        return WorldState(self._engine).asked if effect == ALL else (effect,)

    def _people(
        self, beside: Engine, after: Sequence[Sequence[Mapping[str, np.ndarray]]], world: int, effect: str
    ) -> People:
        state, then, now = WorldState(self._engine), WorldState(beside, 0), WorldState(beside, world)
        measures, outcome = self._measures(effect), EFFECTS[effect]
        said = sample_responses(state, SurveyRandom(self._engine, "survey"), self._survey, self._interview, "survey")
        claims = _sum(state.claimed(name) for name in measures)[state.establishment]
        used = {name: state.measure("used", name) for name in measures}
        same = state.of("generation") == self._half_a_year_ago.person
        long = _sum(
            used[name] * state.measure("handled_well", name) * self._half_a_year_ago.used[name] for name in measures
        )
        stayed = same & (now.of("generation") == state.of("generation"))
        quantity = scales()[outcome].quantity if outcome in scales() else COMPLAINTS[outcome]
        whole = People(
            claimed=claims,
            known=_sum(said[f"known.{name}"] for name in measures),
            used=_sum(used.values()),
            long=long * same,
            outcome=said[outcome],
            took_part=stayed & (claims < len(measures)),
            before=np.stack([one[outcome] for one in self._before], axis=1),
            without=np.stack([one[0][outcome] for one in after], axis=1),
            given=np.stack([one[world][outcome] for one in after], axis=1),
            moved=now.of(quantity) - then.of(quantity),
        )
        return People(*(getattr(whole, field.name)[state.at_home] for field in fields(People)))


def _sum(tables: Iterable[np.ndarray]) -> np.ndarray:
    return np.sum(list(tables), axis=0)


def together(people: Sequence[People]) -> People:
    """The people of several worlds as one."""
    return People(*(np.concatenate([getattr(one, field.name) for one in people]) for field in fields(People)))


# -- surveys ----------------------------------------------------------------------------------------------------------


def seen(
    lived: Sequence[tuple[str, Mapping[str, People]]], sizes: Sequence[int], samples: int, seed: int
) -> pd.DataFrame:
    """One row for each effect, strength, design and number of respondents.

    sees, wrong   shares of surveys that find the effect, or one of the wrong sign
    true_effect   what introducing the measure did in a year, mean of those it was new to: in SD of the latent state
    people        home workers from whom respondents are drawn

    Raises UserError where hardly anybody is left who could be given a measure.
    """
    import pandas as pd

    rows = []
    for place, (effect, strength) in enumerate((e, s) for e in EFFECTS for s in STRENGTHS):
        own = together([people[effect] for name, people in lived if name == strength])
        if own.took_part.sum() < _FEWEST:
            raise UserError(
                f"fewer than {_FEWEST} people are left to whom {effect} could be given; more vanishing.trials or "
                "firm.establishments are right"
            )
        same = {
            "effect": effect, "outcome": EFFECTS[effect], "strength": strength,
            "true_effect": float(own.moved[own.took_part].mean()),
        }  # fmt: skip
        for number, design in enumerate(DESIGNS):
            survey = _survey(own, design)
            luck = np.random.default_rng([seed, place, number])
            for size in sizes:
                found = np.concatenate([survey.drawn(size, count, luck) for count in _parts(samples, size)])
                rows.append(
                    {
                        **same, "design": design, "respondents": size, "sees": float((found < 0).mean()),
                        "wrong": float((found > 0).mean()), "people": len(survey.without), "samples": samples,
                    }
                )  # fmt: skip
    return pd.DataFrame(rows)


def _parts(samples: int, size: int) -> list[int]:
    """The surveys cut into parts that fit the memory."""
    most = max(_AT_A_TIME // size, 1)
    return [min(most, samples - begun) for begun in range(0, samples, most)]


@dataclass(frozen=True)
class Drawn:
    """What a design sets against what among all people, (person,) each.

    Asking once: `given` is what is said of the measure, `without` the outcome. By lot: outcomes with and without the
    measure, of which the lot shows one. No comparison: the change of those given it, and `given` is None.
    """

    given: np.ndarray | None
    without: np.ndarray
    by_lot: bool = False

    def drawn(self, size: int, count: int, luck: np.random.Generator) -> np.ndarray:
        """(count,) the sign that surveys of this size find significant, 0 where they find nothing."""
        who = luck.integers(0, len(self.without), (count, size))
        y = self.without[who]
        if self.given is None:
            return _sign_of_mean(y)
        x = self.given[who]
        if self.by_lot:
            lot = luck.random((count, size)) < 0.5
            x, y = lot.astype(float), np.where(lot, x, y)
        return _sign_of_correlation(x, y)


def _survey(people: People, design: str) -> Drawn:
    if design in AT_ONCE:
        return Drawn(getattr(people, design).astype(float), people.outcome)
    first, last = _COMPARED[design]
    rows = people.took_part
    before = people.before[rows][:, first].mean(axis=1)
    without, given = (waves[rows][:, last].mean(axis=1) for waves in (people.without, people.given))
    if design == NO_COMPARISON:
        return Drawn(None, given - before)
    slope = np.cov(before, without)[0, 1] / before.var(ddof=1)
    return Drawn(given - slope * before, without - slope * before, by_lot=True)


def _sign_of_correlation(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    x, y = x - x.mean(axis=1, keepdims=True), y - y.mean(axis=1, keepdims=True)
    spread = np.sqrt((x * x).sum(axis=1) * (y * y).sum(axis=1))
    r = (x * y).sum(axis=1) / np.maximum(spread, 1e-12)
    return np.where(np.abs(r) > least_significant(y.shape[1]), np.sign(r), 0)


def _sign_of_mean(y: np.ndarray) -> np.ndarray:
    from scipy.stats import t as student

    size = y.shape[1]
    t = y.mean(axis=1) / np.maximum(y.std(axis=1, ddof=1) / np.sqrt(size), 1e-12)
    return np.where(np.abs(t) > student.ppf(1 - SIGNIFICANT / 2, size - 1), np.sign(t), 0)
