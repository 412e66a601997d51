"""In which order a day is evaluated: which equations may go through the rows together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sim.language.grammar import AGGREGATION_SOURCES
from sim.language.registry import Quantity, Registry

ROWWISE = ("employee", "tie", "measure")
"""The levels whose last axis is the places."""
DOMAINS = {
    "employee": "employee",
    "tie": "employee",
    "measure": "employee",
    "team": "team",
    "measure of team": "team",
    "establishment": "establishment",
    "measure of establishment": "establishment",
    "catalogue": "catalogue",
}
"""Whose rows the last axis of a level is."""


@dataclass(frozen=True)
class EquationGroup:
    """Equations of one level that may go through the rows together."""

    level: str
    names: tuple[str, ...]


def level_of(registry: Registry, name: str) -> str:
    """The level of a quantity or of a given."""
    quantity = registry.quantities.get(name)
    return quantity.per if quantity else registry.external_inputs[name]


def aggregated_inputs(registry: Registry, quantity: Quantity) -> set[str]:
    """The causes that a look takes of whole groups, managers or partners, instead of the row's own."""
    looks = [look for look in AGGREGATION_SOURCES if look in quantity.causes]
    if not looks or looks == ["measures"]:
        return set()
    return {need for need in quantity.needs if looks != ["ties"] or level_of(registry, need) != "tie"}


def equation_groups(registry: Registry, names: tuple[str, ...]) -> Iterator[EquationGroup]:
    """Cut quantities, causes before effects, into passes; what is seen of other rows belongs to an earlier pass."""
    waiting = [registry.quantities[name] for name in names]
    while waiting:
        level, wanted = waiting[0].per, {quantity.name for quantity in waiting}
        ready: set[str] = set()
        for quantity in waiting:
            causes = set() if quantity.kind == "stock" else wanted.intersection(quantity.needs)
            if quantity.per == level and causes <= ready and ready.isdisjoint(_neighbour_inputs(registry, quantity)):
                ready.add(quantity.name)
        yield EquationGroup(level, tuple(quantity.name for quantity in waiting if quantity.name in ready))
        waiting = [quantity for quantity in waiting if quantity.name not in ready]


def _neighbour_inputs(registry: Registry, quantity: Quantity) -> set[str]:
    theirs = {cause.removeprefix("their_") for cause in quantity.causes if cause.startswith("their_")}
    return theirs | aggregated_inputs(registry, quantity)
