"""Traits, groups and parameters that affect no outcome, because no equation reads them.

Effects on such a group differ from those on other people only by chance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sim.language.registry import Quantity, Registry
from sim.outcomes.definitions import GROUPS, OUTCOMES
from sim.survey.survey import Survey


def unread_traits(registry: Registry) -> tuple[str, ...]:
    """Return the traits of people that no outcome depends on, in the order of the registry."""
    read = _read(registry)
    return tuple(name for name in registry.traits if name not in read)


def unrelated_groups(registry: Registry) -> tuple[str, ...]:
    """Return the groups that differ from other people only by chance, in the order of `GROUPS`.

    No equation reads their trait, or the traits behind it, such as age behind `older`.
    """
    read = _read(registry)
    return tuple(name for name, members in GROUPS.items() if not read & _with_causes(registry, _names_read(members)))


def unread_parameters(registry: Registry) -> frozenset[str]:
    """Return the parameters, as `mechanisms.<process>.<name>`, that no outcome depends on."""
    read = _read(registry)
    names: dict[bool, set[str]] = {True: set(), False: set()}
    for process, mechanism in registry.mechanisms.items():
        for quantity, equation in mechanism.equations().items():
            own = {*equation.__code__.co_names, equation.mark.start, equation.mark.newcomer}  # type: ignore[attr-defined]
            names[quantity in read] |= {
                f"mechanisms.{process}.{name}" for name in own & mechanism.parameter_metadata().keys()
            }
    return frozenset(names[False] - names[True])


def _read(registry: Registry) -> set[str]:
    """Return every quantity that some outcome depends on."""
    return _with_causes(registry, set().union(*(_names_read(one.read, Survey()) for one in OUTCOMES.values())))


def _with_causes(registry: Registry, names: set[str]) -> set[str]:
    """Return the quantities and all their dependencies."""
    dependencies, waiting = set[str](), set(names)
    while waiting:
        name = waiting.pop()
        dependencies.add(name)
        if name in registry.quantities:
            waiting |= set(_causes(registry.quantities[name])) - dependencies
    return dependencies


def _causes(quantity: Quantity) -> Iterator[str]:
    yield from quantity.needs
    if isinstance(quantity.start, str):
        yield quantity.start


def _names_read(function: Callable[..., Any], *arguments: Any) -> set[str]:
    """Return the quantities that a function reads from its values."""
    values = _Recorder()
    function(values, *arguments)
    return values.names


@dataclass
class _Recorder(Mapping[str, np.ndarray]):
    """Values of one person, all 0, that record the names of those that are read."""

    names: set[str] = field(default_factory=set)

    def __getitem__(self, name: str) -> np.ndarray:
        self.names.add(name)
        return np.zeros(1, np.float32)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)
