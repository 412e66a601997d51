"""Levels and dependencies of equations for both engines: inputs from the same row and from other rows."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from sim.engine.source_translation import UnsupportedEquationError, statements_of
from sim.language.grammar import AGGREGATION_SOURCES, dependencies_of
from sim.language.registry import Quantity, Registry


@dataclass(frozen=True)
class EquationGroup:
    """Equations of one level that are computed together, block of rows by block of rows."""

    level: str
    names: tuple[str, ...]


def level_of(registry: Registry, name: str) -> str:
    """Return the level of a quantity or an external input."""
    quantity = registry.quantities.get(name)
    return quantity.per if quantity else registry.external_inputs[name]


def methods_of(registry: Registry, quantity: Quantity) -> dict[tuple[str, ...], Callable]:
    """Return the owner's equation, as (quantity,), and the rewriting methods, as (lever, quantity), in their order."""
    name = quantity.name
    if quantity.kind == "sum":
        return {}
    methods: dict[tuple[str, ...], Callable] = {(name,): registry.mechanisms[quantity.owner].equations()[name]}
    methods |= {(process, name): registry.levers[process].rewrites()[name] for process in quantity.rewritten_by}
    return methods


def names_in(arguments: Iterable[ast.expr]) -> list[str]:
    """Return the names among the arguments of an aggregation; raise UnsupportedEquationError for anything else."""
    names = []
    for argument in arguments:
        if not isinstance(argument, ast.Name):
            raise UnsupportedEquationError(f"it aggregates the expression '{ast.unparse(argument)}'")
        names.append(argument.id)
    return names


def aggregation_calls(method: Callable) -> list[tuple[str, list[str]]]:
    """Return the aggregations of a method, such as `team.mean(x)`, as pairs of kind and argument names.

    Raises UnsupportedEquationError where the source cannot be read or an expression is aggregated.
    """
    sources = set(AGGREGATION_SOURCES).intersection(dependencies_of(method))
    return [
        (ast.unparse(node.func), names_in(node.args))
        for statement in (statements_of(method) if sources else ())
        for node in ast.walk(statement)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in sources
    ]


def inputs_of_other_rows(registry: Registry, quantity: Quantity) -> set[str]:
    """Return the inputs that aggregations take from whole groups, managers or partners.

    Where the aggregations of an equation cannot be read, all of its inputs are returned.
    """
    inputs: set[str] = set()
    if set(AGGREGATION_SOURCES).isdisjoint(quantity.causes):
        return inputs
    for method in methods_of(registry, quantity).values():
        try:
            calls = aggregation_calls(method)
        except UnsupportedEquationError:
            sources = set(AGGREGATION_SOURCES).intersection(dependencies_of(method))
            calls = [(source, list(quantity.needs)) for source in sources]
        for kind, names in calls:
            source = kind.split(".")[0]
            if source != "measures":
                inputs |= {name for name in names if (source, level_of(registry, name)) != ("ties", "tie")}
    return inputs


def equation_groups(registry: Registry, names: tuple[str, ...]) -> Iterator[EquationGroup]:
    """Group quantities, given with dependencies first, so that inputs from other rows come from an earlier group."""
    waiting = [registry.quantities[name] for name in names]
    while waiting:
        level, remaining = waiting[0].per, {quantity.name for quantity in waiting}
        ready: set[str] = set()
        for quantity in waiting:
            causes = set() if quantity.kind == "stock" else remaining.intersection(quantity.needs)
            if quantity.per == level and causes <= ready and ready.isdisjoint(_neighbour_inputs(registry, quantity)):
                ready.add(quantity.name)
        yield EquationGroup(level, tuple(quantity.name for quantity in waiting if quantity.name in ready))
        waiting = [quantity for quantity in waiting if quantity.name not in ready]


def _neighbour_inputs(registry: Registry, quantity: Quantity) -> set[str]:
    theirs = {cause.removeprefix("their_") for cause in quantity.causes if cause.startswith("their_")}
    return theirs | inputs_of_other_rows(registry, quantity)
