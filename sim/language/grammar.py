"""Language of the equations: a method's name is the quantity that it computes, its arguments are its dependencies.

A mechanism is a frozen dataclass in its own file. Its fields are parameters with metadata: unit, range and source.
Its decorated methods are equations. The order of computation follows from the names.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from sim.data import GRADES_OF_NUMBERS, rows
from sim.language.levels import LEVELS

RANDOM_ARGUMENTS = ("normal", "uniform")
AGGREGATION_SOURCES = ("ties", "team", "establishment", "manager", "measures")


@dataclass(frozen=True)
class ParameterMetadata:
    """Metadata of a parameter: unit, meaning, range and source.

    `meaning` is a short phrase that says what a higher value means. `source` holds one or more keys, separated by
    spaces: a row of `effects.csv` (E016) or `targets.csv` (target:burnout_home), a pattern that was known when the
    equation was written, `assumed`, `centred` (solved so that reference people average 0 with SD 1), `fitted`, or
    `definition`. Lists of parameters show the assumed ones first.
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
        """Grade of evidence: `seen` in a source, `assumed`, or one of the other grades."""
        keys = self.source.split()
        return next((grade for grade in GRADES_OF_NUMBERS if grade in keys), "seen")

    @property
    def role(self) -> str:
        """How data were used to set the value."""
        calibrated_to = {f"target:{row['id']}" for row in rows("targets") if row["use"] == "calibrate"}
        if not self.assumed and not calibrated_to.isdisjoint(self.source.split()):
            return "calibration"
        return _ROLES[self.grade]

    @property
    def in_mind(self) -> tuple[str, ...]:
        """Patterns that were known when the value was set, and are therefore weaker as checks."""
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
    """Declare a parameter; `low` and `high` are the range of its sweeps.

    Raises ValueError for a value outside the range and for missing metadata.
    """
    if not unit or not meaning or not source:
        raise ValueError("Missing metadata: a parameter needs a unit, a meaning and a source.")
    if not low <= value <= high:
        raise ValueError(f"Invalid value for a parameter: {value}. Its own range is {low} to {high}.")
    return dataclasses.field(
        default=value, metadata={"parameter": ParameterMetadata(unit, meaning, low, high, source, note)}
    )


def param_from(table: str, name: str) -> Any:
    """Declare a parameter with the metadata in row `name` of `sim/data/<table>.csv`."""
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
    """Declare a switch of a feedback loop or a disputed path: 1 is on, 0 is off."""
    return param(float(on), "switch", meaning, low=0.0, high=1.0, source=source, note=note)


@dataclass(frozen=True)
class EquationSpec:
    """Properties of an equation, set by its decorator."""

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
        raise ValueError(f"Unknown level: {mark.per}. Use one of {', '.join(LEVELS)}.")
    if mark.every not in ("day", "week"):
        raise ValueError(f"Unknown clock: {mark.every}. Use day or week.")

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
    """Set the random stream of a lever's method; equations set theirs in their own decorator."""

    def set_stream(method: Callable) -> Callable:
        method.stream = name  # type: ignore[attr-defined]
        return method

    return set_stream


def trait(unit: str, *, per: str = "employee", stream: str | None = None) -> Callable[[Callable], Callable]:
    """Declare a trait: drawn when a person takes a place, and constant for that person.

    `stream` is the id of the equation's random stream, here and in the other decorators. The id seeds the random
    numbers, so renaming a method does not change results. No two equations share an id.
    """
    return _equation(EquationSpec("trait", unit, per, stream=stream))


def flow(
    unit: str, *, per: str = "employee", every: str = "day", condition: bool = False, stream: str | None = None
) -> Callable[[Callable], Callable]:
    """Declare a flow: computed again each day. With `condition=True`, measures may shift it and levers rewrite it."""
    return _equation(EquationSpec("flow", unit, per, every, condition, stream=stream))


def adds_to(total: str, unit: str, *, stream: str | None = None) -> Callable[[Callable], Callable]:
    """Declare a tributary of the shared flow `total`, which is the sum of its tributaries in alphabetical order."""
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
    """Declare a stock: carried over to the next day; all stocks are updated together at night.

    `start` is a number or the name of a trait. `newcomer` is the start for a successor in a place, if it differs.
    """
    return _equation(EquationSpec("stock", unit, per, every, start=start, newcomer=newcomer, stream=stream))


class Mechanism:
    """One process of the model: parameters as fields, equations as decorated methods."""

    @classmethod
    def process(cls) -> str:
        """Return the name of the process, which is the name of its file."""
        return cls.__module__.rsplit(".", 1)[-1]

    @classmethod
    def parameter_metadata(cls) -> dict[str, ParameterMetadata]:
        """Return the metadata of every parameter by name."""
        return {f.name: f.metadata["parameter"] for f in dataclasses.fields(cls)}  # type: ignore[arg-type]

    @classmethod
    def equations(cls) -> dict[str, Callable]:
        """Return every equation by name, in the order of the file."""
        return {name: method for name, method in vars(cls).items() if hasattr(method, "mark")}


class Lever(Mechanism):
    """A measure that rewrites conditions by code, in a file with the name of the measure.

    Each method is named after the condition that it rewrites. It takes that condition, `dose` (how far the measure is
    in effect for this employee, 0 to 1) and any dependencies, and returns the condition unchanged where `dose` is 0.
    """

    @classmethod
    def rewrites(cls) -> dict[str, Callable]:
        """Return the rewriting methods by the name of their condition."""
        return {name: m for name, m in vars(cls).items() if inspect.isfunction(m) and not name.startswith("_")}


def stream_of(method: Callable) -> str | None:
    """Return the id of the random stream of an equation or of a lever's method."""
    mark: EquationSpec | None = getattr(method, "mark", None)
    return mark.stream if mark else getattr(method, "stream", None)


def takes_random_numbers(method: Callable) -> bool:
    return not set(RANDOM_ARGUMENTS).isdisjoint(dependencies_of(method))


def dependencies_of(method: Callable) -> tuple[str, ...]:
    """Return the names of an equation's dependencies, in order, without `self`."""
    return _dependencies(getattr(method, "__func__", method))


@cache
def _dependencies(function: Callable) -> tuple[str, ...]:
    return tuple(inspect.signature(function).parameters)[1:]
