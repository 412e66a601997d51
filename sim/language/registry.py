"""What is computed before what: the registry reads the mechanisms and derives the day and the night.

*The day*: flows, causes before effects. *The night*: all stocks settle together from today's values. A loop within a
day is an error that names the circle; feedback must pass through a stock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from sim.errors import UserError
from sim.language.grammar import (
    AGGREGATION_SOURCES,
    RANDOM_ARGUMENTS,
    EquationSpec,
    Lever,
    Mechanism,
    check_stream,
    dependencies_of,
    stream_of,
)


@dataclass(frozen=True)
class Quantity:
    """One quantity of the model: an equation of a mechanism, the sum of its tributaries, or a given of the world."""

    name: str
    kind: str
    unit: str
    per: str
    every: str
    owner: str
    causes: tuple[str, ...]
    meaning: str
    mark: EquationSpec | None = None
    tributaries: tuple[str, ...] = ()
    rewritten_by: tuple[str, ...] = ()

    @property
    def condition(self) -> bool:
        """Whether management can move it, so that a lever may."""
        return self.mark is not None and self.mark.condition

    @property
    def needs(self) -> tuple[str, ...]:
        """The quantities among its causes: no luck, no looks, and `their_x` read as x."""
        return tuple(
            cause.removeprefix("their_")
            for cause in self.causes
            if cause not in RANDOM_ARGUMENTS and cause not in AGGREGATION_SOURCES and cause != "dose"
        )


@dataclass(frozen=True)
class Registry:
    """All quantities, and the order of the day."""

    mechanisms: Mapping[str, Mechanism]
    levers: Mapping[str, Lever]
    external_inputs: Mapping[str, str]
    quantities: Mapping[str, Quantity]
    traits: tuple[str, ...]
    day: tuple[str, ...]
    night: tuple[str, ...]

    def owner(self, process: str) -> Mechanism:
        """The mechanism or lever of this name."""
        return self.mechanisms.get(process) or self.levers[process]

    @property
    def conditions(self) -> tuple[str, ...]:
        """The quantities that a lever may move."""
        return tuple(name for name in self.day if self.quantities[name].condition)


def register(
    mechanisms: Iterable[Mechanism], levers: Iterable[Lever] = (), givens: Mapping[str, str] | None = None
) -> Registry:
    """Read mechanisms and levers into a registry.

    `givens` maps what the world hands in (calendar, firm, catalogue of measures) to its level. Raises UserError for a
    circle within a day, a missing cause, two owners, or a lever whose target is not a condition.
    """
    owners = {m.process(): m for m in mechanisms}
    rewriters = {lever.process(): lever for lever in levers}
    given = dict(givens or {})
    quantities = _collect(owners.values(), given)
    quantities = _rewritten(quantities, rewriters)
    _check_causes(quantities, given)
    _check_streams(owners.values(), rewriters.values())
    traits = _ordered({n: q for n, q in quantities.items() if q.kind == "trait"})
    day = _ordered({n: q for n, q in quantities.items() if q.kind in ("flow", "sum")})
    night = tuple(n for n, q in quantities.items() if q.kind == "stock")
    return Registry(owners, rewriters, given, quantities, traits, day, night)


def _collect(mechanisms: Iterable[Mechanism], givens: Mapping[str, str]) -> dict[str, Quantity]:
    quantities: dict[str, Quantity] = {}
    tributaries: dict[str, list[str]] = {}
    for mechanism in mechanisms:
        for name, method in mechanism.equations().items():
            if name in quantities or name in givens:
                first = quantities[name].owner if name in quantities else "the world"
                raise UserError(f"'{name}' has two owners, {first} and {mechanism.process()}; one quantity, one owner")
            mark: EquationSpec = method.mark  # type: ignore[attr-defined]
            meaning = (method.__doc__ or "").strip().split("\n")[0]
            quantities[name] = Quantity(
                name,
                mark.kind,
                mark.unit,
                mark.per,
                mark.every,
                mechanism.process(),
                dependencies_of(method),
                meaning,
                mark,
            )
            if mark.adds_to:
                tributaries.setdefault(mark.adds_to, []).append(name)
    for total, parts in tributaries.items():
        if total in quantities:
            raise UserError(
                f"'{total}' is owned by {quantities[total].owner} and fed by {parts[0]} too; a shared flow has no owner"
            )
        units = {quantities[part].unit for part in parts}
        if len(units) > 1:
            raise UserError(
                f"the tributaries of '{total}' differ in unit ({', '.join(sorted(units))}); give all the same"
            )
        parts = sorted(parts)
        quantities[total] = Quantity(
            total,
            "sum",
            units.pop(),
            "employee",
            "day",
            "shared",
            tuple(parts),
            "The sum of its tributaries.",
            None,
            tuple(parts),
        )
    return quantities


def _rewritten(quantities: dict[str, Quantity], levers: Mapping[str, Lever]) -> dict[str, Quantity]:
    for process, lever in sorted(levers.items()):
        for target, method in lever.rewrites().items():
            quantity = quantities.get(target)
            if quantity is None or not quantity.condition:
                what = "unknown" if quantity is None else f"a {quantity.kind} that no lever may touch"
                raise UserError(
                    f"lever {process} rewrites '{target}', which is {what}; a lever may rewrite conditions: "
                    + ", ".join(sorted(n for n, q in quantities.items() if q.condition))
                )
            extra = tuple(c for c in dependencies_of(method) if c != target and c not in quantity.causes)
            quantities[target] = Quantity(
                **{
                    **vars(quantity),
                    "causes": quantity.causes + extra,
                    "rewritten_by": (*quantity.rewritten_by, process),
                }
            )
    return quantities


def check_shift(registry: Registry, measure: str, target: str) -> None:
    """Raise UserError unless a measure may shift `target`: it must be a condition."""
    if target not in registry.conditions:
        known = registry.quantities.get(target)
        what = f"is a {known.kind}, not a condition" if known else "does not exist"
        raise UserError(
            f"measure {measure} shifts '{target}', which {what}; a measure may shift: " + ", ".join(registry.conditions)
        )


def _check_causes(quantities: Mapping[str, Quantity], givens: Mapping[str, str]) -> None:
    for quantity in quantities.values():
        for cause in quantity.needs:
            if cause not in quantities and cause not in givens:
                raise UserError(
                    f"equation {quantity.owner}.{quantity.name} needs '{cause}', which no mechanism yields and the "
                    "world does not give; add the mechanism that yields it or correct the name"
                )
            if quantity.kind == "trait" and cause in quantities and quantities[cause].kind != "trait":
                raise UserError(
                    f"trait {quantity.owner}.{quantity.name} needs '{cause}', a {quantities[cause].kind}; "
                    "a trait may depend on traits and givens alone"
                )
        start = quantity.mark.start if quantity.mark else 0.0
        if isinstance(start, str) and (start not in quantities or quantities[start].kind != "trait"):
            raise UserError(f"stock {quantity.owner}.{quantity.name} starts from '{start}', which is not a trait")


def _check_streams(mechanisms: Iterable[Mechanism], levers: Iterable[Lever]) -> None:
    """Raise UserError where two methods share a random stream, which would tie their chances to each other."""
    owners: dict[str, str] = {}
    for process, methods in [
        *((one.process(), one.equations()) for one in mechanisms),
        *((one.process(), one.rewrites()) for one in levers),
    ]:
        for name, method in methods.items():
            check_stream(method, own := stream_of(method))
            if own in owners:
                raise UserError(f"Invalid stream for {process}.{name}: {own}. It belongs to {owners[own]} already.")
            if own:
                owners[own] = f"{process}.{name}"


def _ordered(quantities: Mapping[str, Quantity]) -> tuple[str, ...]:
    graph = {n: [c for c in q.needs if c in quantities and c != n] for n, q in quantities.items()}
    for name, quantity in quantities.items():
        if name in quantity.needs:
            raise UserError(f"a circle within one beat: {name} -> {name}; let the feedback pass through a stock")
    try:
        return tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        circle: Sequence[str] = error.args[1]
        raise UserError(
            "a circle within one beat: " + " -> ".join(circle) + "; let the feedback pass through a stock"
        ) from None
