"""Equations with names: the method's name is the quantity it yields, its arguments are the quantities that cause it.

A mechanism is a frozen dataclass in a file of its own. Its fields are parameters, each with a passport: unit, range
and source. Its marked methods are equations. Nothing else is declared, so nothing can drift.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from sim.data import GRADES_OF_NUMBERS, rows

LEVELS = (
    "employee",
    "team",
    "establishment",
    "tie",
    "measure",
    "measure of team",
    "measure of establishment",
    "catalogue",
)
RANDOM_ARGUMENTS = ("normal", "uniform")
AGGREGATION_SOURCES = ("ties", "team", "establishment", "manager", "measures")


@dataclass(frozen=True)
class ParameterMetadata:
    """What a parameter must tell about itself.

    `meaning` is a short phrase that says what the number is, of which a higher value is more. `source` holds one or
    more keys, separated by blanks: a row of `effects.csv` (E016) or `targets.csv` (target:burnout_home), a pattern that
    it was written with in mind, `assumed`, `centred` (solved so that reference people average 0 with SD 1), `fitted`,
    or `definition`. A parameter whose source holds `assumed` is listed first wherever parameters are listed.
    """

    unit: str
    meaning: str
    low: float
    high: float
    source: str
    note: str = ""

    @property
    def assumed(self) -> bool:
        return "assumed" in self.source.split()

    @property
    def is_switch(self) -> bool:
        return self.unit == "switch"

    @property
    def grade(self) -> str:
        """How the number is known: `seen` in a source, `assumed`, or no evidence at all but one of the other grades."""
        keys = self.source.split()
        return next((grade for grade in GRADES_OF_NUMBERS if grade in keys), "seen")

    @property
    def role(self) -> str:
        """What data did for the number: its one data role."""
        calibrated_to = {f"target:{row['id']}" for row in rows("targets") if row["use"] == "calibrate"}
        if not self.assumed and not calibrated_to.isdisjoint(self.source.split()):
            return "calibration"
        return _ROLES[self.grade]

    @property
    def in_mind(self) -> tuple[str, ...]:
        """The patterns that the number was written with in mind, which makes them weaker as checks."""
        known = {row["id"] for row in rows("patterns")}
        return tuple(key for key in self.source.split() if key in known)


_ROLES = {
    "seen": "specification",
    "assumed": "none (assumed)",
    "fitted": "calibration",
    "centred": "centring",
    "definition": "definition",
}


def param(value: float, unit: str, meaning: str, *, low: float, high: float, source: str, note: str = "") -> Any:
    """A number with its passport; `low` and `high` are the range it may be swept over.

    Raises ValueError when the value lies outside its own range or a part of the passport is missing.
    """
    if not unit or not meaning or not source:
        raise ValueError("a parameter needs a unit, a meaning and a source")
    if not low <= value <= high:
        raise ValueError(f"a parameter of {value} lies outside its own range {low} to {high}")
    return dataclasses.field(
        default=value, metadata={"passport": ParameterMetadata(unit, meaning, low, high, source, note)}
    )


def param_from(table: str, name: str) -> Any:
    """A parameter that stands, with its passport, as row `name` of `sim/data/<table>.csv`."""
    row = next(row for row in rows(table) if row["name"] == name)
    return param(
        float(row["value"]),
        row["unit"],
        row["meaning"],
        low=float(row["low"]),
        high=float(row["high"]),
        source=row["source"],
        note=row["note"],
    )


def switch(on: bool, meaning: str, *, source: str, note: str = "") -> Any:
    """A loop or a disputed path that can be cut: 1 is on, 0 is off."""
    return param(float(on), "switch", meaning, low=0.0, high=1.0, source=source, note=note)


@dataclass(frozen=True)
class EquationSpec:
    """What a decorator says of an equation."""

    kind: str
    unit: str
    per: str = "employee"
    every: str = "day"
    condition: bool = False
    start: float | str = 0.0
    newcomer: float | str | None = None
    adds_to: str | None = None
    stream: str | None = None


def _equation(mark: EquationSpec) -> Callable[[Callable], Callable]:
    if mark.per not in LEVELS:
        raise ValueError(f"unknown level {mark.per!r}: one of {', '.join(LEVELS)}")
    if mark.every not in ("day", "week"):
        raise ValueError(f"unknown clock {mark.every!r}: 'day' or 'week'")

    def mark_method(method: Callable) -> Callable:
        method.mark = mark  # type: ignore[attr-defined]
        check_stream(method, mark.stream)
        return method

    return mark_method


def check_stream(method: Callable, stream: str | None) -> None:
    """Raise ValueError unless a method names a random stream if, and only if, it takes random numbers."""
    if bool(stream) != takes_random_numbers(method):
        rule = "give it the id of a random stream: stream='...'" if not stream else "it takes no random number"
        raise ValueError(f"Invalid stream for {method.__qualname__}: {stream}. {rule[0].upper()}{rule[1:]}.")


def stream(name: str) -> Callable[[Callable], Callable]:
    """Name the random stream of a lever's method; equations name theirs in their own decorator."""

    def set_stream(method: Callable) -> Callable:
        method.stream = name  # type: ignore[attr-defined]
        return method

    return set_stream


def trait(unit: str, *, per: str = "employee", stream: str | None = None) -> Callable[[Callable], Callable]:
    """Drawn when a person takes a place, and never changed for that person.

    `stream` is the id of the equation's random numbers, here and in the other decorators. It seeds them, so the method
    may get another name without a change of results, and two equations never share one.
    """
    return _equation(EquationSpec("trait", unit, per, stream=stream))


def flow(
    unit: str, *, per: str = "employee", every: str = "day", condition: bool = False, stream: str | None = None
) -> Callable[[Callable], Callable]:
    """Lives within the day. With `condition=True` management can move it; only those may be a lever's target."""
    return _equation(EquationSpec("flow", unit, per, every, condition, stream=stream))


def adds_to(total: str, unit: str, *, stream: str | None = None) -> Callable[[Callable], Callable]:
    """A tributary of the shared flow `total`, which is the sum of its tributaries in the order of their names."""
    return _equation(EquationSpec("flow", unit, adds_to=total, stream=stream))


def stock(
    unit: str,
    *,
    start: float | str = 0.0,
    newcomer: float | str | None = None,
    per: str = "employee",
    every: str = "day",
    stream: str | None = None,
) -> Callable[[Callable], Callable]:
    """Carried over to tomorrow; all stocks settle together at night.

    `start` is a number or the name of a trait. `newcomer` is what a new person in the place begins with, if that
    differs.
    """
    return _equation(EquationSpec("stock", unit, per, every, start=start, newcomer=newcomer, stream=stream))


class Mechanism:
    """One process of the model: parameters as fields, equations as marked methods."""

    @classmethod
    def process(cls) -> str:
        """The name of the process: the name of the file it stands in."""
        return cls.__module__.rsplit(".", 1)[-1]

    @classmethod
    def parameter_metadata(cls) -> dict[str, ParameterMetadata]:
        """Every parameter with its passport."""
        return {f.name: f.metadata["passport"] for f in dataclasses.fields(cls)}  # type: ignore[arg-type]

    @classmethod
    def equations(cls) -> dict[str, Callable]:
        """Every marked method by name, in the order of the text."""
        return {name: method for name, method in vars(cls).items() if hasattr(method, "mark")}


class Lever(Mechanism):
    """What management can do where a yaml is not enough: rewrites conditions, in the file of its measure's name.

    Each marked-less method is named after the condition it rewrites; it takes that condition, `dose` (how far the
    measure is in effect for this employee, 0 to 1) and any causes, and returns the condition unchanged when `dose` is
    0.
    """

    @classmethod
    def rewrites(cls) -> dict[str, Callable]:
        """The rewriting methods by the name of their condition."""
        return {name: m for name, m in vars(cls).items() if inspect.isfunction(m) and not name.startswith("_")}


def stream_of(method: Callable) -> str | None:
    """The id of the random stream of an equation or of a lever's method."""
    mark: EquationSpec | None = getattr(method, "mark", None)
    return mark.stream if mark else getattr(method, "stream", None)


def takes_random_numbers(method: Callable) -> bool:
    return not set(RANDOM_ARGUMENTS).isdisjoint(dependencies_of(method))


def dependencies_of(method: Callable) -> tuple[str, ...]:
    """The names of an equation's causes, in order, without `self`."""
    return _dependencies(getattr(method, "__func__", method))


@cache
def _dependencies(function: Callable) -> tuple[str, ...]:
    return tuple(inspect.signature(function).parameters)[1:]
