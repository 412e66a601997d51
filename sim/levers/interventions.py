"""State of the measures per world and day: introductions, withdrawals and settings of scenarios as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sim.levers.measure import KINDS, ROUTES, Measure, Shift
from sim.levers.scenario import Introduction, Scenario, Setting
from sim.world.calendar import DAYS_A_WEEK

_OWN = ("use", "hoops", "well")
_FIXED = (
    "employer_share", "asked_in_study", "only_managers_see", "fades_in", "transition",
    *(f"is_{route}" for route in ROUTES), *(f"is_{kind}" for kind in KINDS), "is_social",
)  # fmt: skip
_MOVED = ("introduced_share", "withdrawn", "intensity", *_OWN)
EXTERNAL_INPUTS = dict.fromkeys((*_FIXED, *_MOVED), "catalogue")


@dataclass(frozen=True)
class PlacedShift:
    """A shift with the row of its measure."""

    measure: int
    shift: Shift

    def total(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return the amount that the measure adds to the condition, (w, n); exactly 0 where it is not in effect."""
        dose = values["in_effect"][:, self.measure]
        if self.shift.receives == "managers":
            dose = values["practised"][:, self.measure] * values["is_manager"]
        return np.float32(self.shift.amount) * (dose * values["intensity"][:, self.measure])


class InterventionState:
    """Measures in the order of their names, and the interventions of every world."""

    def __init__(self, measures: Sequence[Measure], scenarios: Sequence[Scenario]):
        self.measures = tuple(sorted(measures, key=lambda m: m.name))
        self.names = tuple(m.name for m in self.measures)
        self._row = {name: row for row, name in enumerate(self.names)}
        self._fixed = {name: _column([_own(measure, name) for measure in self.measures]) for name in _FIXED}
        self._before = {
            "introduced_share": _column([0.0] * len(self.measures)),
            "withdrawn": _column([0.0] * len(self.measures)),
            "intensity": _column([1.0] * len(self.measures)),
            **{name: _column([getattr(m, name) for m in self.measures]) for name in _OWN},
        }
        self._now = self._before
        self.scenarios = tuple(scenarios)
        self._days = {week * DAYS_A_WEEK for s in self.scenarios for week in _weeks_of_change(s)}

    def external_inputs(self) -> dict[str, np.ndarray]:
        """Return every property of the measures today: (1, m, 1), or (w, m, 1) where worlds differ."""
        return {**self._fixed, **self._now}

    def update(self, day: int) -> bool:
        """Apply the interventions scheduled for `day`; return whether anything changed."""
        if day not in self._days:
            return False
        worlds = len(self.scenarios)
        now = {name: np.repeat(column, worlds, axis=0) for name, column in self._before.items()}
        for world, scenario in enumerate(self.scenarios):
            for introduction in scenario.introduced:
                if _lasts(introduction, day):
                    self._introduce(now, world, introduction)
            if day >= 0:
                for name in scenario.withdrawn:
                    now["withdrawn"][world, self._row[name]] = 1
        self._now = now
        return True

    def _introduce(self, now: dict[str, np.ndarray], world: int, introduction: Introduction) -> None:
        row = self._row[introduction.measure]
        now["introduced_share"][world, row] = introduction.share
        now["intensity"][world, row] = introduction.intensity
        for name in _OWN:
            own = getattr(introduction, name)
            if own is not None:
                now[name][world, row] = own

    def settings_on(self, day: int) -> dict[tuple[str, str], list[tuple[int, float | None]]]:
        """Return the parameters that change today: (process, name) to pairs (world, value); None is the default."""
        changes: dict[tuple[str, str], list[tuple[int, float | None]]] = {}
        for world, scenario in enumerate(self.scenarios):
            for setting in scenario.settings:
                place = changes.setdefault((setting.process, setting.parameter), [])
                if setting.start * DAYS_A_WEEK == day:
                    place.append((world, setting.value))
                elif setting.end is not None and setting.end * DAYS_A_WEEK == day:
                    place.append((world, None))
        return {key: pairs for key, pairs in changes.items() if pairs}

    def shifts_by_condition(self) -> dict[str, list[PlacedShift]]:
        """Return all shifts by condition, in the order of the measures' names."""
        by_condition: dict[str, list[PlacedShift]] = {}
        for row, measure in enumerate(self.measures):
            for condition, shift in sorted(measure.shifts.items()):
                by_condition.setdefault(condition, []).append(PlacedShift(row, shift))
        return by_condition

    def dose(self, measure: str, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return the degree, 0 to 1, to which a measure that rewrites a condition is in effect, (w, n)."""
        row = self._row[measure]
        return values["in_effect"][:, row] * values["intensity"][:, row]


def _lasts(change: Introduction | Setting, day: int) -> bool:
    return change.start * DAYS_A_WEEK <= day and (change.end is None or day < change.end * DAYS_A_WEEK)


def _weeks_of_change(scenario: Scenario) -> set[int]:
    weeks = {0} if scenario.withdrawn else set()
    for change in scenario.introduced:
        weeks |= {change.start} | ({change.end} if change.end is not None else set())
    return weeks


def _own(measure: Measure, name: str) -> float:
    if name == "employer_share":
        return measure.study.get("employer", 0.0)
    if name == "asked_in_study":
        return float(measure.in_study)
    if name == "only_managers_see":
        return float(measure.seen_by == "managers")
    if name == "is_social":
        return float(measure.lever == "social")
    if name.startswith("is_"):
        return float(name.removeprefix("is_") in (measure.kind, measure.route))
    return getattr(measure, name)


def _column(numbers: Sequence[float]) -> np.ndarray:
    return np.array(numbers, np.float32)[None, :, None]
