"""Order of computation of the fused engine: equations in passes, passes in segments.

A *pass* computes equations of one level and clock for one block of rows, each row separately. A *segment* is a series
of passes over the same rows, block by block, so that a block stays in the cache. An equation that reads other rows
needs them complete, so it begins a new segment.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sim.engine.equation_groups import aggregation_calls, level_of, methods_of
from sim.engine.source_translation import UnsupportedEquationError, statements_of
from sim.language.grammar import AGGREGATION_SOURCES, RANDOM_ARGUMENTS, dependencies_of
from sim.language.levels import DOMAINS
from sim.language.registry import Quantity, Registry

_LEVEL_OF_MEAN = {
    ("team", "employee"): "team",
    ("team", "measure"): "measure of team",
    ("establishment", "employee"): "establishment",
    ("establishment", "measure"): "measure of establishment",
}
_COARSE_FIRST = (
    "catalogue", "establishment", "measure of establishment", "team", "measure of team", "measure", "tie", "employee",
)  # fmt: skip
_FINE_FIRST = (
    "tie", "measure", "employee", "measure of team", "team", "measure of establishment", "establishment", "catalogue",
)  # fmt: skip


@dataclass(frozen=True)
class NeighbourAggregation:
    """An aggregation with its own loop: `ties.mean(of, weight)`, `ties.sum(of)`, `team.mean(of)` …"""

    name: str
    level: str
    kind: str
    of: str
    weight: str | None
    weekly: bool


@dataclass(frozen=True)
class ScheduledEquation:
    """One equation or aggregation, with the quantities that it reads from its own row and from other rows."""

    name: str
    level: str
    weekly: bool
    own_row: frozenset[str]
    other_row: frozenset[str]
    aggregation: NeighbourAggregation | None = None


@dataclass(frozen=True)
class Pass:
    """Equations of one level and clock that are computed together, or one aggregation."""

    equations: tuple[ScheduledEquation, ...]
    night: bool = False

    @property
    def level(self) -> str:
        return self.equations[0].level

    @property
    def weekly(self) -> bool:
        return self.equations[0].weekly

    @property
    def aggregation(self) -> NeighbourAggregation | None:
        return self.equations[0].aggregation

    @property
    def writes(self) -> frozenset[str]:
        return frozenset(equation.name for equation in self.equations)

    @property
    def own_row(self) -> frozenset[str]:
        return frozenset().union(*(equation.own_row for equation in self.equations))

    @property
    def other_row(self) -> frozenset[str]:
        return frozenset().union(*(equation.other_row for equation in self.equations))


@dataclass(frozen=True)
class Segment:
    """Passes over the blocks of one domain, one after another for each block."""

    domain: str
    passes: tuple[Pass, ...]


@dataclass(frozen=True)
class Schedule:
    """All segments of the day and the night, the aggregations by name, and the double-buffered stocks."""

    segments: tuple[Segment, ...]
    aggregations: Mapping[str, NeighbourAggregation]
    double_buffered: frozenset[str] = field(default_factory=frozenset)


def aggregation_name(quantity: str, kind: str, names: Sequence[str]) -> str:
    """Return the name of the result of an aggregation within a larger equation."""
    return "__".join((quantity, *kind.split("."), *names))


def build_schedule(registry: Registry) -> Schedule:
    """Order the equations of a registry; raise UnsupportedEquationError for one that cannot be fused."""
    aggregations: dict[str, NeighbourAggregation] = {}
    day: list[ScheduledEquation] = []
    night: list[ScheduledEquation] = []
    for name in (*registry.day, *registry.night):
        quantity = registry.quantities[name]
        try:
            own = _aggregations_of(registry, quantity)
            aggregations.update({aggregation.name: aggregation for aggregation in own})
            day += [_scheduled_aggregation(aggregation) for aggregation in own]
            if name not in aggregations:
                (night if quantity.kind == "stock" else day).append(_scheduled_equation(registry, quantity, own))
        except UnsupportedEquationError as reason:
            raise UnsupportedEquationError(f"{quantity.owner}.{name} cannot be fused: {reason}") from None
    segments = tuple(_segments((*_day(day), *_night(night))))
    return Schedule(segments, aggregations, _double_buffered(segments))


# -- equations -------------------------------------------------------------------------------------------------------


def _aggregations_of(registry: Registry, quantity: Quantity) -> list[NeighbourAggregation]:
    by_name: dict[str, NeighbourAggregation] = {}
    for method in methods_of(registry, quantity).values():
        for kind, names in aggregation_calls(method):
            if kind != "manager.of":  # it reads a single other row, so it needs no loop
                name = aggregation_name(quantity.name, kind, names)
                by_name[name] = _aggregation(registry, quantity, kind, names, name)
    aggregations = list(by_name.values())
    if len(aggregations) == 1 and _has_only_aggregations(registry, quantity):
        return [replace(aggregations[0], name=quantity.name)]
    return aggregations


def _aggregation(
    registry: Registry, quantity: Quantity, kind: str, names: list[str], name: str
) -> NeighbourAggregation:
    source, function = kind.split(".")
    if not all(n in registry.quantities or n in registry.external_inputs for n in names):
        raise UnsupportedEquationError(f"'{kind}' aggregates something that is not a quantity")
    levels = [level_of(registry, n) for n in names]
    if kind == "ties.mean" and levels == ["employee", "tie"]:
        level = "employee"
    elif (kind == "ties.sum" and levels == ["tie"]) or (kind == "measures.sum" and levels == ["measure"]):
        level = "employee"
    elif function == "mean" and len(levels) == 1 and (source, levels[0]) in _LEVEL_OF_MEAN:
        level = _LEVEL_OF_MEAN[source, levels[0]]
    else:
        arguments = ", ".join(f"{n} per {lv}" for n, lv in zip(names, levels, strict=True))
        raise UnsupportedEquationError(f"'{kind}' of {arguments} is not supported")
    if level != quantity.per:
        raise UnsupportedEquationError(f"'{kind}' gives one value per {level}, and it is per {quantity.per}")
    weight = names[1] if len(names) > 1 else None
    return NeighbourAggregation(name, level, kind, names[0], weight, quantity.every == "week")


def _has_only_aggregations(registry: Registry, quantity: Quantity) -> bool:
    methods = list(methods_of(registry, quantity).values())
    body = statements_of(methods[0])
    alone = len(methods) == 1 and not quantity.condition and quantity.kind != "stock"
    return alone and len(body) == 1 and isinstance(body[0], ast.Return) and isinstance(body[0].value, ast.Call)


def _scheduled_aggregation(aggregation: NeighbourAggregation) -> ScheduledEquation:
    inputs = frozenset(n for n in (aggregation.of, aggregation.weight) if n)
    own_row = {"ties.mean": frozenset({aggregation.weight or ""}), "ties.sum": inputs, "measures.sum": inputs}.get(
        aggregation.kind, frozenset()
    )
    return ScheduledEquation(
        aggregation.name, aggregation.level, aggregation.weekly, own_row, inputs - own_row, aggregation
    )


def _scheduled_equation(
    registry: Registry, quantity: Quantity, aggregations: list[NeighbourAggregation]
) -> ScheduledEquation:
    own_row: set[str] = {aggregation.name for aggregation in aggregations}
    other_row: set[str] = set()
    if quantity.kind == "sum":
        own_row |= set(quantity.tributaries)
    for method in methods_of(registry, quantity).values():
        calls = aggregation_calls(method)
        aggregated = {name for _, names in calls for name in names}
        of_manager = {name for kind, names in calls if kind == "manager.of" for name in names}
        for cause in dependencies_of(method):
            itself = cause == quantity.name and quantity.kind != "stock"
            if cause in RANDOM_ARGUMENTS or cause in AGGREGATION_SOURCES or itself:
                continue
            if cause == "dose":
                own_row |= {"in_effect", "intensity"}
            elif cause.startswith("their_"):
                other_row.add(cause.removeprefix("their_"))
            elif cause in aggregated:
                other_row |= {cause} & of_manager
            else:
                own_row.add(cause)
    weekly = quantity.every == "week"
    return ScheduledEquation(quantity.name, quantity.per, weekly, frozenset(own_row), frozenset(other_row))


# -- passes ----------------------------------------------------------------------------------------------------------


def _day(equations: list[ScheduledEquation]) -> list[Pass]:
    """Gather the day's equations into few passes; daily equations of employees come last, so their pass is long."""
    waiting = {equation.name: equation for equation in equations}
    passes: list[Pass] = []
    while waiting:
        for key in _preferred(waiting.values()):
            ready = _ready(waiting, key)
            if ready:
                break
        else:
            raise UnsupportedEquationError("the equations of a day depend on each other in a circle")
        passes.append(Pass(tuple(ready)))
        for equation in ready:
            del waiting[equation.name]
    return passes


def _preferred(equations: Iterable[ScheduledEquation]) -> list[tuple]:
    keys = {_key(equation) for equation in equations}
    return sorted(keys, key=lambda k: ((k[0], k[1]) == ("employee", False) and not k[2], _COARSE_FIRST.index(k[0]), k))


def _key(equation: ScheduledEquation) -> tuple[str, bool, str]:
    return equation.level, equation.weekly, equation.name if equation.aggregation else ""


def _ready(waiting: Mapping[str, ScheduledEquation], key: tuple) -> list[ScheduledEquation]:
    ready: dict[str, ScheduledEquation] = {}
    for equation in waiting.values():
        if _key(equation) != key or any(name in waiting for name in equation.other_row):
            continue
        if all(name not in waiting or name in ready for name in equation.own_row):
            ready[equation.name] = equation
    return list(ready.values())


def _night(equations: list[ScheduledEquation]) -> list[Pass]:
    """Put fine levels before coarse ones, so that no equation reads tomorrow's value of a coarser level."""
    passes = []
    for level in _FINE_FIRST:
        for weekly in (True, False):
            group = tuple(equation for equation in equations if (equation.level, equation.weekly) == (level, weekly))
            if group:
                passes.append(Pass(group, night=True))
    return passes


def _segments(passes: Iterable[Pass]) -> Iterable[Segment]:
    gathered: list[Pass] = []
    for following in passes:
        if gathered and not _may_follow(gathered, following):
            yield Segment(DOMAINS[gathered[0].level], tuple(gathered))
            gathered = []
        gathered.append(following)
    if gathered:
        yield Segment(DOMAINS[gathered[0].level], tuple(gathered))


def _may_follow(gathered: list[Pass], following: Pass) -> bool:
    written = frozenset().union(*(earlier.writes for earlier in gathered if not earlier.night))
    return DOMAINS[gathered[0].level] == DOMAINS[following.level] and not written & following.other_row


def _double_buffered(segments: Iterable[Segment]) -> frozenset[str]:
    """Return the stocks whose old value is read after the new one is computed, so that the new one needs a buffer."""
    numbered = [(number, one) for number, segment in enumerate(segments) for one in segment.passes]
    buffered: set[str] = set()
    for position, (segment, writer) in enumerate(numbered):
        if not writer.night:
            continue
        for other, (number, reader) in enumerate(numbered):
            if other > position:
                buffered |= writer.writes & reader.own_row
            if number >= segment:
                buffered |= writer.writes & reader.other_row
    return frozenset(buffered)
