"""Whether float32 is enough: one study lived twice on the same chance, its numbers held in float32 and in float64."""

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
from sim.engine.plan import Plan, set_up
from sim.engine.reference import Reference
from sim.language.grammar import LUCK
from sim.levers import catalogue
from sim.levers.catalogue import Catalogue
from sim.outcomes import outcomes, record, survey
from sim.outcomes.effects import HEADLINES
from sim.outcomes.outcomes import GROUPS, OUTCOMES
from sim.outcomes.record import LAST_WEEKS, Record
from sim.runs.run import run_many
from sim.world import staff

SCENARIOS = ("baseline", "right_to_disconnect", "whole_package")
REPORTED = (*HEADLINES, "exhaustion")
PEOPLE, CROWD = 500, 3_000
HOLDING = (reference, staff, catalogue, outcomes, record, survey)
"""The modules that say how precisely numbers are held. Chance is not one of them: both studies draw the same."""

_EVERYBODY = list(GROUPS).index("everybody")
_PARTED = 1e-3
_SIMPLE = 1 << 6


def study_of(people: int, weeks: int) -> Plan:
    """One firm under the practice of 2022 and two policies, after a burn-in as long as the horizon."""
    return replace(plan_of(people, SCENARIOS, weeks=weeks, burn_in=weeks), engine="reference")


class _Wide:
    """numpy, save that its float32 is float64."""

    float32 = np.float64

    def __getattr__(self, name: str):
        return getattr(np, name)


@contextmanager
def in_float64() -> Iterator[None]:
    """Let the reference engine, all that it looks with and all that records it hold numbers in float64.

    Draws are the float32 numbers that they always are, and go on as float64.
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
    """The quantities in which float32 is left.

    Either they are no float64, or they are flows and stocks all of whose numbers would fit into float32, which simple
    ones and draws passed on alone do unless something has rounded them.
    """
    moving = {name for name in (*engine.registry.day, *engine.registry.night) if not _drawn(engine, name)}
    return [
        name
        for name, value in engine.values.items()
        if value.dtype != np.float64 or (name in moving and _fits(value) and not _simple(value))
    ]


def _drawn(engine: Engine, name: str) -> bool:
    """Whether a quantity rests on draws alone, which are float32 numbers wherever they go."""
    causes = engine.registry.quantities[name].causes
    return bool(causes) and all(cause in LUCK or cause in engine.registry.traits for cause in causes)


def _fits(value: np.ndarray) -> bool:
    return bool(np.all(value == value.astype(np.float32)))


def _simple(value: np.ndarray) -> bool:
    """Whether all are whole numbers of sixty-fourths."""
    return bool(np.all(value * _SIMPLE % 1 == 0))


@dataclass(frozen=True)
class Gap:
    """How far results in float32 and in float64 lie apart in any replicate at most, beside their standard error.

    Both are those of the scenario in which the gap is the larger part of the error.
    """

    largest: float
    error: float

    @property
    def ratio(self) -> float:
        return self.largest / self.error if self.error > 0 else float("nan")


def gap_of(narrow: np.ndarray, wide: np.ndarray) -> Gap:
    """The gap between results of the same lives, (replicate, scenario) each."""
    largest = np.abs(narrow - wide).max(axis=0)
    error = wide.std(axis=0, ddof=1) / np.sqrt(len(wide))
    return max(map(Gap, largest.tolist(), error.tolist()), key=lambda gap: gap.ratio)


def levels(records: Sequence[Record], outcome: str) -> np.ndarray:
    """Means of everybody over the last 26 weeks: (replicate, scenario)."""
    row = list(OUTCOMES).index(outcome)
    weekly = np.stack([one.weekly[:, -LAST_WEEKS:, row, _EVERYBODY] for one in records])
    return weekly.mean(axis=-1, dtype=np.float64)


def differences(records: Sequence[Record], outcome: str) -> np.ndarray:
    """What each policy changes: (replicate, policy)."""
    level = levels(records, outcome)
    return level[:, 1:] - level[:, :1]


@dataclass(frozen=True)
class Lives:
    """How far single lives lie apart, in SD between people; `parted` are those that do by more than a thousandth."""

    count: int
    parted: int
    farthest: float
    distributions: float

    def __str__(self) -> str:
        return (
            f"{self.parted} of {self.count:,} part by more than {_PARTED:g} SD in some outcome, "
            f"by {self.farthest:.1g} SD at most; distributions lie {self.distributions:.1g} SD apart at most"
        )


def lives_of(narrow: Sequence[Record], wide: Sequence[Record]) -> Lives:
    """Every outcome of every life over the last 26 weeks, and the distributions of outcomes over lives.

    Two distributions lie as far apart as the mean distance between lives of the same rank (Wasserstein).
    """
    single, double = _by_outcome(narrow), _by_outcome(wide)
    spread = double.std(axis=1, keepdims=True)
    spread[spread == 0] = 1
    apart = np.abs(single - double) / spread
    ranked = np.abs(np.sort(single) - np.sort(double)) / spread
    parted = int((apart > _PARTED).any(axis=0).sum())
    return Lives(apart.shape[1], parted, float(apart.max()), float(ranked.mean(axis=1).max()))


def _by_outcome(records: Sequence[Record]) -> np.ndarray:
    """Means over the last 26 weeks, (outcome, life)."""
    finals = [np.concatenate([one.final[name].ravel() for one in records]) for name in OUTCOMES]
    return np.stack(finals).astype(np.float64)


@dataclass(frozen=True)
class Events:
    """Yes-or-no values of all days, such as whether somebody is absent, and how many of them are not the same."""

    count: int
    fallen_otherwise: int

    def __str__(self) -> str:
        return f"{self.fallen_otherwise} of {self.count / 1e6:,.0f} million fall otherwise"


def events_of(study: Plan) -> Events:
    """Let two engines live the study side by side, one in float32 and one in float64."""
    narrow = set_up(study)
    with in_float64():
        wide = set_up(study)
    count = otherwise = 0
    for day in range(-study.burn_in * DAYS_A_WEEK, study.weeks * DAYS_A_WEEK):
        if day == 0:
            for engine in (narrow, wide):
                engine = engine.fork(Catalogue(engine.catalogue.measures, study.scenarios))
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
    """Rows on results, on single lives, on what the width costs, and on the events of a larger firm."""
    study, crowd = study_of(PEOPLE, weeks), study_of(CROWD, weeks)
    plans = [replace(study, replicate=replicate) for replicate in range(replicates)]
    narrow, seconds_narrow = _lived(plans)
    with in_float64():
        _check(study)
        wide, seconds_wide = _lived(plans)
    row = Row("float32 against float64", "reference", PEOPLE, len(SCENARIOS))
    yield from _rows_on_results(row, narrow, wide)
    yield replace(row, what=f"{row.what}: lives", note=str(lives_of(narrow, wide)))
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
    """The records of some plans, and the seconds they took."""
    begun = perf_counter()
    return list(run_many(plans)), perf_counter() - begun


def _check(study: Plan) -> None:
    """Raise RuntimeError where a number still passes through float32."""
    model = WholeModel(Reference, study, firm_of(study), len(SCENARIOS))
    if left := rounded(model.engine):
        raise RuntimeError(f"float32 is left in {', '.join(left)}")
