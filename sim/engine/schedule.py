"""In which order a fused day visits its rows: equations gathered into passes, passes into segments.

A *pass* computes equations of one level and one clock for one block of rows, each row by itself. Passes over the same
rows follow one another block by block, so that a block stays in the cache; together they are a *segment*. Wherever an
equation looks at other rows, those must be complete, and a new segment begins.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sim.engine.equation_groups import DOMAINS, level_of
from sim.engine.source_translation import UnsupportedEquationError, translate_body
from sim.language.grammar import AGGREGATION_SOURCES, RANDOM_ARGUMENTS, dependencies_of
from sim.language.registry import Quantity, Registry

WITH_MIDDLE = ("tie", "measure", "measure of team", "measure of establishment", "catalogue")
_MEANS = {
    ("team", "employee"): "team",
    ("team", "measure"): "measure of team",
    ("establishment", "employee"): "establishment",
    ("establishment", "measure"): "measure of establishment",
}
_COARSE_FIRST = (
    "catalogue", "establishment", "measure of establishment", "team", "measure of team", "measure", "tie", "employee",
)  # fmt: skip


@dataclass(frozen=True)
class NeighbourAggregation:
    """A look that adds something up: `ties.mean(of, weight)`, `ties.sum(of)`, `measures.sum(of)`, `team.mean(of)` …"""

    name: str
    level: str
    kind: str
    of: str
    weight: str | None
    weekly: bool


@dataclass(frozen=True)
class ScheduledEquation:
    """One equation as it is computed for a row: what it reads of its own row, and what of others."""

    name: str
    level: str
    weekly: bool
    near: frozenset[str]
    far: frozenset[str]
    look: NeighbourAggregation | None = None


@dataclass(frozen=True)
class Pass:
    """Steps of one level and clock that are computed together, or one look."""

    steps: tuple[ScheduledEquation, ...]
    night: bool = False

    @property
    def level(self) -> str:
        return self.steps[0].level

    @property
    def weekly(self) -> bool:
        return self.steps[0].weekly

    @property
    def writes(self) -> frozenset[str]:
        return frozenset(step.name for step in self.steps)


@dataclass(frozen=True)
class Segment:
    """Passes over the blocks of one domain, one after another for each block."""

    domain: str
    passes: tuple[Pass, ...]


@dataclass(frozen=True)
class Schedule:
    """The whole day and night: segments, looks by name, and the stocks that are settled beside themselves."""

    segments: tuple[Segment, ...]
    looks: Mapping[str, NeighbourAggregation]
    aside: frozenset[str] = field(default_factory=frozenset)


def aggregation_name(quantity: str, kind: str, names: Sequence[str]) -> str:
    """The name of what an equation that does more than look sees by one of its looks."""
    return "__".join((quantity, *kind.split("."), *names))


def build_schedule(registry: Registry) -> Schedule:
    """Passes and segments of a registry; raises CannotFuse, which names the equation, where it cannot be done."""
    looks: dict[str, NeighbourAggregation] = {}
    day: list[ScheduledEquation] = []
    night: list[ScheduledEquation] = []
    for name in (*registry.day, *registry.night):
        quantity = registry.quantities[name]
        try:
            found = _aggregations_of(registry, quantity)
            looks.update({look.name: look for look in found})
            day += [_aggregation_step(look) for look in found]
            if name not in looks:
                (night if quantity.kind == "stock" else day).append(_step(registry, quantity, found))
        except UnsupportedEquationError as reason:
            raise UnsupportedEquationError(f"{quantity.owner}.{name} cannot be fused: {reason}") from None
    passes = (*_day(day), *_night(night))
    segments = tuple(_segments(passes))
    return Schedule(segments, looks, _double_buffered(segments))


# -- steps -----------------------------------------------------------------------------------------------------------


def methods_of(registry: Registry, quantity: Quantity) -> list[Callable]:
    """The owner's equation and the rewriting methods of the levers, in the order in which they apply."""
    if quantity.kind == "sum":
        return []
    own = registry.mechanisms[quantity.owner].equations()[quantity.name]
    return [own, *(registry.levers[process].rewrites()[quantity.name] for process in quantity.rewritten_by)]


def _aggregations_of(registry: Registry, quantity: Quantity) -> list[NeighbourAggregation]:
    found: dict[str, NeighbourAggregation] = {}
    for method in methods_of(registry, quantity):
        for call in _calls_to_aggregations(method):
            kind = ast.unparse(call.func)
            if kind == "manager.of":
                continue
            names = names_in(call.args)
            name = aggregation_name(quantity.name, kind, names)
            found[name] = _aggregation(registry, quantity, kind, names, name)
    looks = list(found.values())
    return (
        [replace(looks[0], name=quantity.name)]
        if len(looks) == 1 and _has_only_aggregations(registry, quantity)
        else looks
    )


def _aggregation(
    registry: Registry, quantity: Quantity, kind: str, names: list[str], name: str
) -> NeighbourAggregation:
    who, how = kind.split(".")
    if not all(n in registry.quantities or n in registry.external_inputs for n in names):
        raise UnsupportedEquationError(f"'{kind}' looks at something that is no quantity")
    levels = [level_of(registry, n) for n in names]
    if kind == "ties.mean" and levels == ["employee", "tie"]:
        level = "employee"
    elif (kind == "ties.sum" and levels == ["tie"]) or (kind == "measures.sum" and levels == ["measure"]):
        level = "employee"
    elif how == "mean" and len(levels) == 1 and (who, levels[0]) in _MEANS:
        level = _MEANS[who, levels[0]]
    else:
        raise UnsupportedEquationError(
            f"'{kind}' of {', '.join(f'{n} per {lv}' for n, lv in zip(names, levels, strict=True))} is not known"
        )
    if level != quantity.per:
        raise UnsupportedEquationError(f"'{kind}' gives one value per {level}, and it is per {quantity.per}")
    weight = names[1] if len(names) > 1 else None
    return NeighbourAggregation(name, level, kind, names[0], weight, quantity.every == "week")


def _has_only_aggregations(registry: Registry, quantity: Quantity) -> bool:
    methods = methods_of(registry, quantity)
    body = translate_body(methods[0])
    alone = len(methods) == 1 and not quantity.condition and quantity.kind != "stock"
    return alone and len(body) == 1 and isinstance(body[0], ast.Return) and isinstance(body[0].value, ast.Call)


def _calls_to_aggregations(method: Callable) -> list[ast.Call]:
    return [
        node
        for statement in translate_body(method)
        for node in ast.walk(statement)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in AGGREGATION_SOURCES
        and node.func.value.id in inspect.signature(method).parameters
    ]


def aggregated_inputs(method: Callable) -> set[str]:
    """The names of what an equation sees of others through its looks."""
    return {name for call in _calls_to_aggregations(method) for name in names_in(call.args)}


def names_in(arguments: Iterable[ast.expr]) -> list[str]:
    """The names that a look is given; raises CannotFuse where it is given anything else."""
    names = []
    for argument in arguments:
        if not isinstance(argument, ast.Name):
            raise UnsupportedEquationError(f"it looks at the expression '{ast.unparse(argument)}'")
        names.append(argument.id)
    return names


def _aggregation_step(look: NeighbourAggregation) -> ScheduledEquation:
    seen = frozenset(n for n in (look.of, look.weight) if n)
    own = {"ties.mean": frozenset({look.weight or ""}), "ties.sum": seen, "measures.sum": seen}.get(
        look.kind, frozenset()
    )
    return ScheduledEquation(look.name, look.level, look.weekly, own, seen - own, look)


def _step(registry: Registry, quantity: Quantity, found: list[NeighbourAggregation]) -> ScheduledEquation:
    near: set[str] = {look.name for look in found}
    far: set[str] = set()
    if quantity.kind == "sum":
        near |= set(quantity.tributaries)
    for method in methods_of(registry, quantity):
        seen = aggregated_inputs(method)
        of_manager = {
            n for c in _calls_to_aggregations(method) if ast.unparse(c.func) == "manager.of" for n in names_in(c.args)
        }
        for cause in dependencies_of(method):
            itself = cause == quantity.name and quantity.kind != "stock"
            if cause in RANDOM_ARGUMENTS or cause in AGGREGATION_SOURCES or itself:
                continue
            if cause == "dose":
                near |= {"in_effect", "intensity"}
            elif cause.startswith("their_"):
                far.add(cause.removeprefix("their_"))
            elif cause in seen:
                far |= {cause} & of_manager
            else:
                near.add(cause)
    return ScheduledEquation(quantity.name, quantity.per, quantity.every == "week", frozenset(near), frozenset(far))


# -- passes ----------------------------------------------------------------------------------------------------------


def _day(steps: list[ScheduledEquation]) -> list[Pass]:
    """Gather the day's steps into few passes: everything else first, so that employees' daily pass is long."""
    waiting = {step.name: step for step in steps}
    passes: list[Pass] = []
    while waiting:
        for key in _preferred(waiting.values()):
            ready = _ready(waiting, key)
            if ready:
                break
        else:
            raise UnsupportedEquationError("its day has a circle")
        passes.append(Pass(tuple(ready)))
        for step in ready:
            del waiting[step.name]
    return passes


def _preferred(steps: Iterable[ScheduledEquation]) -> list[tuple]:
    keys = {_key(step) for step in steps}
    return sorted(keys, key=lambda k: ((k[0], k[1]) == ("employee", False) and not k[2], _COARSE_FIRST.index(k[0]), k))


def _key(step: ScheduledEquation) -> tuple[str, bool, str]:
    return step.level, step.weekly, step.name if step.look else ""


def _ready(waiting: Mapping[str, ScheduledEquation], key: tuple) -> list[ScheduledEquation]:
    ready: dict[str, ScheduledEquation] = {}
    for step in waiting.values():
        if _key(step) != key or any(name in waiting for name in step.far):
            continue
        if all(name not in waiting or name in ready for name in step.near):
            ready[step.name] = step
    return list(ready.values())


def _night(steps: list[ScheduledEquation]) -> list[Pass]:
    """The fine levels before the coarse ones, so that nobody reads tomorrow's value of a coarser level."""
    passes = []
    for level in (
        "tie",
        "measure",
        "employee",
        "measure of team",
        "team",
        "measure of establishment",
        "establishment",
        "catalogue",
    ):
        for weekly in (True, False):
            chosen = tuple(s for s in steps if s.level == level and s.weekly == weekly)
            if chosen:
                passes.append(Pass(chosen, night=True))
    return passes


def _segments(passes: Iterable[Pass]) -> Iterable[Segment]:
    gathered: list[Pass] = []
    for one in passes:
        if gathered and not _may_follow(gathered, one):
            yield Segment(DOMAINS[gathered[0].level], tuple(gathered))
            gathered = []
        gathered.append(one)
    if gathered:
        yield Segment(DOMAINS[gathered[0].level], tuple(gathered))


def _may_follow(gathered: list[Pass], one: Pass) -> bool:
    written = frozenset().union(*(p.writes for p in gathered if not p.night))
    looked_at = frozenset().union(*(step.far for step in one.steps))
    return DOMAINS[gathered[0].level] == DOMAINS[one.level] and not written & looked_at


def _double_buffered(segments: Iterable[Segment]) -> frozenset[str]:
    """The stocks whose old value is still read when the new one is known: they settle aside, and move in at last."""
    numbered = [(place, one) for place, segment in enumerate(segments) for one in segment.passes]
    aside: set[str] = set()
    for position, (segment, settling) in enumerate(numbered):
        if not settling.night:
            continue
        for other, (place, reading) in enumerate(numbered):
            near = frozenset().union(*(step.near for step in reading.steps)) if other > position else frozenset()
            far = frozenset().union(*(step.far for step in reading.steps)) if place >= segment else frozenset()
            aside |= settling.writes & (near | far)
    return frozenset(aside)
