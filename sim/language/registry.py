"""Registry of all quantities, which derives the order of computation from the mechanisms.

*The day*: flows, dependencies first. *The night*: all stocks are updated together from today's values. A cycle within a
day is an error; feedback must pass through a stock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
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


@dataclass(frozen=True, kw_only=True)
class Quantity(EquationSpec):
    """One quantity of the model: an equation of a mechanism, or the sum of its tributaries."""

    name: str
    owner: str
    causes: tuple[str, ...]
    meaning: str
    tributaries: tuple[str, ...] = ()
    rewritten_by: tuple[str, ...] = ()

    @property
    def start_of_newcomers(self) -> float | str:
        """Value of a stock for a new person in a place: a number, or the name of a trait."""
        return self.start if self.newcomer is None else self.newcomer

    @property
    def needs(self) -> tuple[str, ...]:
        """The quantities that it depends on, with `their_x` as `x`, without random numbers and aggregation sources."""
        return tuple(
            cause.removeprefix("their_")
            for cause in self.causes
            if cause not in RANDOM_ARGUMENTS and cause not in AGGREGATION_SOURCES and cause != "dose"
        )


@dataclass(frozen=True)
class Registry:
    """All quantities, and the order of their computation."""

    mechanisms: Mapping[str, Mechanism]
    levers: Mapping[str, Lever]
    external_inputs: Mapping[str, str]
    quantities: Mapping[str, Quantity]
    traits: tuple[str, ...]
    day: tuple[str, ...]
    night: tuple[str, ...]

    def owner(self, process: str) -> Mechanism:
        """Return the mechanism or lever of this name."""
        return self.mechanisms.get(process) or self.levers[process]

    @property
    def conditions(self) -> tuple[str, ...]:
        """The quantities that measures and levers may change."""
        return tuple(name for name in self.day if self.quantities[name].condition)


def register(
    mechanisms: Iterable[Mechanism], levers: Iterable[Lever] = (), external_inputs: Mapping[str, str] | None = None
) -> Registry:
    """Read mechanisms and levers into a registry.

    Parameters
    ----------
    mechanisms : iterable of Mechanism
    levers : iterable of Lever
    external_inputs : mapping, optional
        Inputs from calendar, firm and measures: name to level.

    Raises
    ------
    UserError
        For a cycle within a day, a missing dependency, a quantity with two owners, or a lever whose target is not a
        condition.
    """
    owners = {m.process(): m for m in mechanisms}
    rewriters = {lever.process(): lever for lever in levers}
    inputs = dict(external_inputs or {})
    quantities = _collect(owners.values(), inputs)
    quantities = _rewritten(quantities, rewriters)
    _check_causes(quantities, inputs)
    _check_streams(owners.values(), rewriters.values())
    traits = _ordered({n: q for n, q in quantities.items() if q.kind == "trait"})
    day = _ordered({n: q for n, q in quantities.items() if q.kind in ("flow", "sum")})
    night = tuple(n for n, q in quantities.items() if q.kind == "stock")
    return Registry(owners, rewriters, inputs, quantities, traits, day, night)


def _collect(mechanisms: Iterable[Mechanism], external_inputs: Mapping[str, str]) -> dict[str, Quantity]:
    quantities: dict[str, Quantity] = {}
    tributaries: dict[str, list[str]] = {}
    for mechanism in mechanisms:
        for name, method in mechanism.equations().items():
            if name in quantities or name in external_inputs:
                first = quantities[name].owner if name in quantities else "an external input"
                raise UserError(f"Duplicate quantity: {name}. Both {first} and {mechanism.process()} define it.")
            mark: EquationSpec = method.mark  # type: ignore[attr-defined]
            quantities[name] = Quantity(
                **vars(mark), name=name, owner=mechanism.process(), causes=dependencies_of(method),
                meaning=(method.__doc__ or "").strip().split("\n")[0],
            )  # fmt: skip
            if mark.adds_to:
                tributaries.setdefault(mark.adds_to, []).append(name)
    for total, parts in tributaries.items():
        if total in quantities:
            raise UserError(
                f"Duplicate quantity: {total}. {quantities[total].owner} defines it, and {parts[0]} adds to it."
            )
        units = {quantities[part].unit for part in parts}
        if len(units) > 1:
            raise UserError(f"Different units of what adds to {total}: {', '.join(sorted(units))}. Use one unit.")
        tributary_names = tuple(sorted(parts))
        quantities[total] = Quantity(
            kind="sum", unit=units.pop(), name=total, owner="shared", causes=tributary_names,
            meaning="The sum of its tributaries.", tributaries=tributary_names,
        )  # fmt: skip
    return quantities


def _rewritten(quantities: dict[str, Quantity], levers: Mapping[str, Lever]) -> dict[str, Quantity]:
    for process, lever in sorted(levers.items()):
        for target, method in lever.rewrites().items():
            quantity = quantities.get(target)
            if quantity is None or not quantity.condition:
                conditions = sorted(n for n, q in quantities.items() if q.condition)
                raise UserError(
                    f"Invalid target of lever {process}: {target} ({_kind_of(quantity)}). "
                    f"Use one of the conditions {', '.join(conditions)}."
                )
            extra = tuple(c for c in dependencies_of(method) if c != target and c not in quantity.causes)
            quantities[target] = replace(
                quantity, causes=quantity.causes + extra, rewritten_by=(*quantity.rewritten_by, process)
            )
    return quantities


def _kind_of(quantity: Quantity | None) -> str:
    return f"a {quantity.kind}" if quantity else "not a quantity"


def check_shift(registry: Registry, measure: str, target: str) -> None:
    """Raise UserError unless a measure may shift `target`, which must be a condition."""
    if target not in registry.conditions:
        raise UserError(
            f"Invalid target of a shift of measure {measure}: {target} ({_kind_of(registry.quantities.get(target))}). "
            f"Use one of the conditions {', '.join(registry.conditions)}."
        )


def _check_causes(quantities: Mapping[str, Quantity], external_inputs: Mapping[str, str]) -> None:
    for quantity in quantities.values():
        for cause in quantity.needs:
            if cause not in quantities and cause not in external_inputs:
                raise UserError(
                    f"Unknown input of {quantity.owner}.{quantity.name}: {cause}. Add the mechanism that defines it "
                    "or correct the name."
                )
            if quantity.kind == "trait" and cause in quantities and quantities[cause].kind != "trait":
                raise UserError(
                    f"Invalid input of trait {quantity.owner}.{quantity.name}: the {quantities[cause].kind} {cause}. "
                    "Use traits and external inputs only."
                )
        start = quantity.start
        if isinstance(start, str) and (start not in quantities or quantities[start].kind != "trait"):
            raise UserError(
                f"Invalid start of stock {quantity.owner}.{quantity.name}: {start}. Use a number or a trait."
            )


def _check_streams(mechanisms: Iterable[Mechanism], levers: Iterable[Lever]) -> None:
    """Raise UserError where two methods share a random stream, which would correlate their random numbers."""
    owners: dict[str, str] = {}
    for process, methods in [
        *((mechanism.process(), mechanism.equations()) for mechanism in mechanisms),
        *((lever.process(), lever.rewrites()) for lever in levers),
    ]:
        for name, method in methods.items():
            check_stream(method, own := stream_of(method))
            if own in owners:
                raise UserError(f"Invalid stream for {process}.{name}: {own}. It belongs to {owners[own]} already.")
            if own:
                owners[own] = f"{process}.{name}"


def _ordered(quantities: Mapping[str, Quantity]) -> tuple[str, ...]:
    graph = {n: [c for c in q.needs if c in quantities] for n, q in quantities.items()}
    try:
        return tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        cycle: Sequence[str] = error.args[1]
        raise UserError(
            f"Circular dependency within a day: {' -> '.join(cycle)}. Let the feedback pass through a stock."
        ) from None
