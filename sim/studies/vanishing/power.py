"""Power of surveys: the number of respondents needed to detect the effect of a measure.

Each world is simulated further as it is and with a measure introduced in every establishment that does not claim it.
The outcome of each person with and without the measure is therefore known, and a survey can assign the measure at
random. Surveys of each size are sampled from the home workers of all worlds. A survey *detects* the effect if its test
is significant at 5% with the right sign. Worlds in which measures do nothing show how often it does so without effect.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np

from sim.engine import Engine
from sim.engine.plan import BASELINE, Plan
from sim.errors import UserError
from sim.levers.measure import Shift
from sim.levers.scenario import Introduction, Scenario
from sim.studies.vanishing.worlds import simulate_to_visit
from sim.survey.correlations import SIGNIFICANT, least_significant
from sim.survey.instruments import instruments_of
from sim.survey.interview import scales
from sim.survey.visit import COMPLAINTS, SurveyRandom, WorldState, sample_responses

if TYPE_CHECKING:
    import pandas as pd

FIRST_REPLICATE = 2_000_000
EXAMPLE, ALL = "social_moments", "all_fifteen"
EFFECTS = {
    "social_moments": ("isolation_from_colleagues", "social moments → isolation from colleagues"),
    "conversations": ("isolation_from_company", "conversations → isolation from the company"),
    "working_time_agreements": ("work_home_conflict", "working times → conflict of work and home"),
    "reachability_agreements": ("telepressure", "reachability → telepressure"),
    "goals_and_tasks": ("exhaustion", "goals and tasks → exhaustion"),
    "chair_and_desk": ("kans_complaint", "chair and desk → arm, neck and shoulder"),
    ALL: ("exhaustion", "all fifteen → exhaustion"),
}
"""Outcome of each measure, and the label of the effect. A high score of each outcome is bad."""


@dataclass(frozen=True)
class Design:
    """A design: its label, the heading of its column, and the waves before and after of one that asks repeatedly."""

    label: str
    heading: str
    waves: tuple[list[int], list[int]] | None = None


_LAST, _ALL_FOUR = [3], [0, 1, 2, 3]
NO_COMPARISON = "no_comparison"
DESIGNS = {
    "claimed": Design("the employer reports the measure", "Employer says so"),
    "known": Design("the employee knows the measure", "Employee knows"),
    "used": Design("the employee uses it", "Uses it"),
    "long": Design("uses it as intended for half a year", "As intended, half a year"),
    "half_year": Design("before and half a year after, half at random", "Random, half a year", (_LAST, [0])),
    "year": Design("before and a year after, half at random", "Random, a year", (_LAST, _LAST)),
    "often": Design("four times before and after, half at random", "Random, four times each", (_ALL_FOUR, _ALL_FOUR)),
    NO_COMPARISON: Design("before and half a year after, all of them", "No comparison", (_LAST, [0])),
}
"""Designs without waves ask once and relate the answer about the measure to the outcome."""
ASSUMED, LARGEST, NOTHING = "assumed", "largest", "nothing"
STRENGTHS = (ASSUMED, LARGEST, NOTHING)
"""Effects of measures on their users."""
BEFORE, AFTER = (-13, -9, -5, -1), (25, 33, 41, 51)
"""Weeks at whose end people respond."""
_AT_A_TIME = 500_000
_MIN_PEOPLE = 30
"""Fewer people without the measure do not suffice for surveys."""


@dataclass(frozen=True)
class People:
    """The home workers of some worlds, for one effect."""

    claimed: np.ndarray  # (person,) 0 or 1; for all fifteen measures, how many; also `known`, `used` and `long`
    known: np.ndarray
    used: np.ndarray
    long: np.ndarray
    outcome: np.ndarray  # (person,) score of a survey that asks once
    took_part: np.ndarray  # (person,) stayed until the last wave, and the measure was not claimed before
    before: np.ndarray  # (person, 4) scores of the waves before
    without: np.ndarray  # (person, 4) scores of the waves after, without the measure introduced
    with_measure: np.ndarray  # (person, 4) the same with the measure introduced
    effect: np.ndarray  # (person,) of the introduction after a year on the latent state in SD, or on complaints, 0 or 1


# -- worlds -----------------------------------------------------------------------------------------------------------


def simulate(plan: Plan, replicate: int, strength: str) -> tuple[str, dict[str, People]]:
    """Simulate a world with and without each introduction, with this strength of the effects of measures.

    Returns the strength, and the people by effect.
    """
    return strength, _Trial(replace(_at_strength(plan, strength), replicate=FIRST_REPLICATE + replicate)).people()


def _at_strength(plan: Plan, strength: str) -> Plan:
    def at(shift: Shift) -> Shift:
        largest = shift.high if shift.amount > 0 else shift.low
        return replace(shift, amount={ASSUMED: shift.amount, LARGEST: largest, NOTHING: 0.0}[strength])

    measures = (
        replace(one, shifts={name: at(shift) for name, shift in one.shifts.items()}) if one.in_study else one
        for one in plan.measures
    )
    return replace(plan, measures=tuple(measures))


class _Trial:
    """One world before the introductions, and one beside it for each of them after."""

    def __init__(self, plan: Plan):
        self._instruments = instruments_of(plan)
        self._before: list[dict[str, np.ndarray]] = []
        self._engine, self._half_a_year_ago = simulate_to_visit(plan, self._on_week)

    def _on_week(self, engine: Engine, week: int) -> None:
        if week in BEFORE:
            self._before.append(self._scores(engine, 0, week))

    def _responses(self, engine: Engine, world: int, visit: str) -> Mapping[str, np.ndarray]:
        return sample_responses(WorldState(engine, world), SurveyRandom(engine, visit), self._instruments)

    def _scores(self, engine: Engine, world: int, week: int) -> dict[str, np.ndarray]:
        responses = self._responses(engine, world, f"wave {week}")
        return {outcome: responses[outcome] for outcome, _ in EFFECTS.values()}

    def people(self) -> dict[str, People]:
        """Simulate the year after, and return the people of each effect."""
        policies = (Scenario(effect, "policy", tuple(map(Introduction, self._measures(effect)))) for effect in EFFECTS)
        beside = self._engine.with_scenarios((BASELINE, *policies))
        after = []
        for week in range(AFTER[-1] + 1):
            beside.run_week(week)
            if week in AFTER:
                after.append([self._scores(beside, world, week) for world in range(len(EFFECTS) + 1)])
        return {effect: self._people(beside, after, number + 1, effect) for number, effect in enumerate(EFFECTS)}

    def _measures(self, effect: str) -> tuple[str, ...]:
        return WorldState(self._engine).study_measures if effect == ALL else (effect,)

    def _people(
        self, beside: Engine, after: Sequence[Sequence[Mapping[str, np.ndarray]]], world: int, effect: str
    ) -> People:
        state, without, with_measure = WorldState(self._engine), WorldState(beside, 0), WorldState(beside, world)
        measures, outcome = self._measures(effect), EFFECTS[effect][0]
        responses = self._responses(self._engine, 0, "survey")
        claims = state.table("claimed", measures).sum(axis=0)[state.establishment]
        used = state.table("used", measures)
        earlier = self._half_a_year_ago.used[[state.study_measures.index(name) for name in measures]]
        same = state.of("generation") == self._half_a_year_ago.person
        stayed = same & (with_measure.of("generation") == state.of("generation"))
        quantity = scales()[outcome].quantity if outcome in scales() else COMPLAINTS[outcome]
        whole = People(
            claimed=claims,
            known=np.sum([responses[f"known.{name}"] for name in measures], axis=0),
            used=used.sum(axis=0),
            long=(used * state.table("handled_well", measures) * earlier).sum(axis=0) * same,
            outcome=responses[outcome],
            took_part=stayed & (claims < len(measures)),
            before=np.stack([wave[outcome] for wave in self._before], axis=1),
            without=np.stack([wave[0][outcome] for wave in after], axis=1),
            with_measure=np.stack([wave[world][outcome] for wave in after], axis=1),
            effect=with_measure.of(quantity) - without.of(quantity),
        )
        return People(*(getattr(whole, field.name)[state.at_home] for field in fields(People)))


def concatenate(people: Sequence[People]) -> People:
    """Return the people of several worlds as one."""
    return People(*(np.concatenate([getattr(one, field.name) for one in people]) for field in fields(People)))


# -- surveys ----------------------------------------------------------------------------------------------------------


def detection_rates(
    trials: Sequence[tuple[str, Mapping[str, People]]], sizes: Sequence[int], samples: int, seed: int
) -> pd.DataFrame:
    """Return one row per effect, strength, design and number of respondents.

    - `sees`, `wrong`: shares of surveys with a significant effect of the right and of the wrong sign
    - `true_effect`: mean effect of the introduction after a year on those without the measure, latent, in SD
    - `people`: home workers from whom respondents are sampled
    """
    import pandas as pd

    rows = []
    for place, (effect, strength) in enumerate((e, s) for e in EFFECTS for s in STRENGTHS):
        own = concatenate([people[effect] for name, people in trials if name == strength])
        if own.took_part.sum() < _MIN_PEOPLE:
            raise UserError(
                f"Too few people without {effect}: {own.took_part.sum()}. Use more vanishing.trials or "
                f"firm.establishments, so that there are {_MIN_PEOPLE} or more."
            )
        same = {
            "effect": effect, "outcome": EFFECTS[effect][0], "strength": strength,
            "true_effect": float(own.effect[own.took_part].mean()),
        }  # fmt: skip
        for number, design in enumerate(DESIGNS):
            survey = _survey(own, design)
            random = np.random.default_rng([seed, place, number])
            for size in sizes:
                signs = np.concatenate([survey.sample(size, count, random) for count in _parts(samples, size)])
                rows.append(
                    {
                        **same, "design": design, "respondents": size, "sees": float((signs < 0).mean()),
                        "wrong": float((signs > 0).mean()), "people": len(survey.without), "samples": samples,
                    }
                )  # fmt: skip
    return pd.DataFrame(rows)


def _parts(samples: int, size: int) -> list[int]:
    """Return the surveys split into parts that fit into memory."""
    most = max(_AT_A_TIME // size, 1)
    return [min(most, samples - start) for start in range(0, samples, most)]


@dataclass(frozen=True)
class SurveySample:
    """The people of a design, from whom surveys are sampled, (person,) each.

    If a design asks once, `measure` is the answer about the measure and `without` the outcome. If it assigns the
    measure at random, they are the outcomes with and without it, of which a survey observes one. Without comparison,
    `without` is the change of those with the measure, and `measure` is None.
    """

    measure: np.ndarray | None
    without: np.ndarray
    randomised: bool = False

    def sample(self, size: int, count: int, random: np.random.Generator) -> np.ndarray:
        """Return the significant sign of `count` surveys of this size, 0 where there is none."""
        who = random.integers(0, len(self.without), (count, size))
        y = self.without[who]
        if self.measure is None:
            return _sign_of_mean(y)
        x = self.measure[who]
        if self.randomised:
            assigned = random.random((count, size)) < 0.5
            x, y = assigned.astype(float), np.where(assigned, x, y)
        return _sign_of_correlation(x, y)


def _survey(people: People, design: str) -> SurveySample:
    waves = DESIGNS[design].waves
    if waves is None:
        return SurveySample(getattr(people, design).astype(float), people.outcome)
    first, last = waves
    rows = people.took_part
    before = people.before[rows][:, first].mean(axis=1)
    without, measure = (scores[rows][:, last].mean(axis=1) for scores in (people.without, people.with_measure))
    if design == NO_COMPARISON:
        return SurveySample(None, measure - before)
    slope = np.cov(before, without)[0, 1] / before.var(ddof=1)
    return SurveySample(measure - slope * before, without - slope * before, randomised=True)


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
