"""Precision of float32: one study simulated twice with the same random numbers, in float32 and in float64."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from time import perf_counter
from unittest.mock import patch

import numpy as np

from benchmarks.report import Row
from benchmarks.whole import DAYS_A_WEEK, WholeModel, firm_of, plan_of
from sim.engine import Engine, reference
from sim.engine.plan import Plan, create_engine
from sim.engine.reference import ReferenceEngine
from sim.language.grammar import RANDOM_ARGUMENTS
from sim.levers import interventions
from sim.outcomes import definitions, record
from sim.outcomes.definitions import GROUPS, HEADLINES, OUTCOMES
from sim.outcomes.record import LAST_WEEKS, Record
from sim.runs.run import run_many
from sim.survey import survey
from sim.world import staff

SCENARIOS = ("baseline", "right_to_disconnect", "whole_package")
REPORTED = (*HEADLINES, "exhaustion")
PEOPLE, CROWD = 500, 3_000
HOLDING = (reference, staff, interventions, definitions, record, survey)
"""Modules that set the precision of numbers. `random_streams` is not among them: both studies use the same draws."""

_EVERYBODY = list(GROUPS).index("everybody")
_PARTED = 1e-3
_SIMPLE = 1 << 6


def study_of(people: int, weeks: int) -> Plan:
    """Return a plan of one firm with the baseline and two policies, and a burn-in as long as the horizon."""
    return replace(plan_of(people, SCENARIOS, weeks=weeks, burn_in=weeks), engine="reference")


class _Wide:
    """numpy with float64 in place of float32."""

    float32 = np.float64

    def __getattr__(self, name: str):
        return getattr(np, name)


@contextmanager
def in_float64() -> Iterator[None]:
    """Make the reference engine, its aggregations and its records use float64.

    Random draws are the usual float32 numbers, converted to float64.
    """
    draws = {kind: _widened(draw) for kind, draw in reference._DRAW.items()}
    with ExitStack() as changes:
        for module in HOLDING:
            changes.enter_context(patch.object(module, "np", _Wide()))
        changes.enter_context(patch.dict(reference._DRAW, draws))
        yield


def _widened(draw: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    return lambda *arguments: draw(*arguments).astype(np.float64)


def rounded(engine: Engine) -> list[str]:
    """Return the quantities that still use float32 or were rounded to it.

    A flow or stock counts as rounded if all its values fit into float32, unless it consists of simple fractions or
    depends only on draws, which always fit.
    """
    moving = {name for name in (*engine.registry.day, *engine.registry.night) if not _drawn(engine, name)}
    return [
        name
        for name, value in engine.values.items()
        if value.dtype != np.float64 or (name in moving and _fits(value) and not _simple(value))
    ]


def _drawn(engine: Engine, name: str) -> bool:
    """Return whether a quantity depends only on random draws, which are float32 numbers."""
    causes = engine.registry.quantities[name].causes
    return bool(causes) and all(cause in RANDOM_ARGUMENTS or cause in engine.registry.traits for cause in causes)


def _fits(value: np.ndarray) -> bool:
    return bool(np.all(value == value.astype(np.float32)))


def _simple(value: np.ndarray) -> bool:
    """Return whether all values are multiples of 1/64."""
    return bool(np.all(value * _SIMPLE % 1 == 0))


@dataclass(frozen=True)
class Gap:
    """Largest difference between float32 and float64 results in any replicate, and their standard error.

    Both values are from the scenario with the largest ratio of the two.
    """

    largest: float
    error: float

    @property
    def ratio(self) -> float:
        return self.largest / self.error if self.error > 0 else float("nan")


def gap_of(narrow: np.ndarray, wide: np.ndarray) -> Gap:
    """Return the gap between results of the same runs, each (replicate, scenario)."""
    largest = np.abs(narrow - wide).max(axis=0)
    error = wide.std(axis=0, ddof=1) / np.sqrt(len(wide))
    return max(map(Gap, largest.tolist(), error.tolist()), key=lambda gap: gap.ratio)


def levels(records: Sequence[Record], outcome: str) -> np.ndarray:
    """Return means over all people and the last 26 weeks, (replicate, scenario)."""
    row = list(OUTCOMES).index(outcome)
    weekly = np.stack([one.weekly[:, -LAST_WEEKS:, row, _EVERYBODY] for one in records])
    return weekly.mean(axis=-1, dtype=np.float64)


def differences(records: Sequence[Record], outcome: str) -> np.ndarray:
    """Return the difference of each policy from the baseline, (replicate, policy)."""
    level = levels(records, outcome)
    return level[:, 1:] - level[:, :1]


@dataclass(frozen=True)
class Lives:
    """Differences between trajectories of single people, in SD between people; `parted` differ by more than 0.001."""

    count: int
    parted: int
    farthest: float
    distributions: float

    def __str__(self) -> str:
        return (
            f"{self.parted} of {self.count:,} differ by more than {_PARTED:g} SD in some outcome, "
            f"by {self.farthest:.1g} SD at most; distributions differ by {self.distributions:.1g} SD at most"
        )


def lives_of(narrow: Sequence[Record], wide: Sequence[Record]) -> Lives:
    """Compare all outcomes of all people over the last 26 weeks, and their distributions over people.

    The distance between two distributions is the mean difference between people of the same rank (Wasserstein).
    """
    single, double = _by_outcome(narrow), _by_outcome(wide)
    spread = double.std(axis=1, keepdims=True)
    spread[spread == 0] = 1
    apart = np.abs(single - double) / spread
    ranked = np.abs(np.sort(single) - np.sort(double)) / spread
    parted = int((apart > _PARTED).any(axis=0).sum())
    return Lives(apart.shape[1], parted, float(apart.max()), float(ranked.mean(axis=1).max()))


def _by_outcome(records: Sequence[Record]) -> np.ndarray:
    """Return means over the last 26 weeks, (outcome, person)."""
    finals = [np.concatenate([one.final[name].ravel() for one in records]) for name in OUTCOMES]
    return np.stack(finals).astype(np.float64)


@dataclass(frozen=True)
class Events:
    """Number of daily yes-or-no values, such as being absent, and how many of them differ."""

    count: int
    fallen_otherwise: int

    def __str__(self) -> str:
        return f"{self.fallen_otherwise} of {self.count / 1e6:,.0f} million differ"


def events_of(study: Plan) -> Events:
    """Simulate the study with two engines side by side, one in float32 and one in float64."""
    narrow = create_engine(study)
    with in_float64():
        wide = create_engine(study)
    count = otherwise = 0
    for day in range(-study.burn_in * DAYS_A_WEEK, study.weeks * DAYS_A_WEEK):
        if day == 0:
            for engine in (narrow, wide):
                engine = engine.with_scenarios(study.scenarios)
        narrow.run_day(day)
        with in_float64():
            wide.run_day(day)
        for name in (*narrow.registry.day, *narrow.registry.night):
            value = narrow.values[name]
            if np.isin(value, (0, 1)).all():
                differs = value != wide.values[name]
                count, otherwise = count + differs.size, otherwise + int(differs.sum())
    return Events(count, otherwise)


def precision(replicates: int, weeks: int) -> Iterator[Row]:
    """Yield rows on results, on single people, on events of a larger firm, and on the time that float64 takes."""
    study, crowd = study_of(PEOPLE, weeks), study_of(CROWD, weeks)
    plans = [replace(study, replicate=replicate) for replicate in range(replicates)]
    narrow, seconds_narrow = _lived(plans)
    with in_float64():
        _check(study)
        wide, seconds_wide = _lived(plans)
    row = Row("float32 against float64", "reference", PEOPLE, len(SCENARIOS))
    yield from _rows_on_results(row, narrow, wide)
    yield replace(row, what=f"{row.what}: people", note=str(lives_of(narrow, wide)))
    yield replace(row, what=f"{row.what}: events", employees=CROWD, note=str(events_of(crowd)))
    yield replace(row, what="the same study in float64", ratio=seconds_narrow / seconds_wide, against="float32")


def _rows_on_results(row: Row, narrow: Sequence[Record], wide: Sequence[Record]) -> Iterator[Row]:
    for outcome in REPORTED:
        for what, results in (("level", levels), ("difference", differences)):
            gap = gap_of(results(narrow, outcome), results(wide, outcome))
            note = f"{gap.largest:.1g} {OUTCOMES[outcome].unit} at most, standard error {gap.error:.2g}"
            yield replace(
                row, what=f"{row.what}: {what} of {outcome}", ratio=gap.ratio, against="standard error", note=note
            )


def _lived(plans: Sequence[Plan]) -> tuple[list[Record], float]:
    """Return the records of some plans and the seconds they took."""
    begun = perf_counter()
    return list(run_many(plans)), perf_counter() - begun


def _check(study: Plan) -> None:
    """Raise RuntimeError if a number is still rounded to float32."""
    model = WholeModel(ReferenceEngine, study, firm_of(study), len(SCENARIOS))
    if left := rounded(model.engine):
        raise RuntimeError(f"These quantities still use float32: {', '.join(left)}.")
