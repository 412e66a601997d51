"""Traits, groups and parameters that reach no outcome, because no equation reads them.

Effects on such a group differ from those on other people by chance alone: that is built in, and no finding.
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
    """The traits of people that no equation reads on the way to any outcome, in the order of the registry.

    Their shares can be set, and no outcome changes.
    """
    read = _read(registry)
    return tuple(name for name in registry.traits if name not in read)


def unrelated_groups(registry: Registry) -> tuple[str, ...]:
    """The groups that can differ from other people by chance alone, in the order of `GROUPS`.

    Neither their own trait nor what it is made of, such as age behind being older, is read by any equation.
    """
    read = _read(registry)
    return tuple(name for name, members in GROUPS.items() if not read & _with_causes(registry, _names_read(members)))


def unread_parameters(registry: Registry) -> frozenset[str]:
    """The parameters, as `mechanisms.<process>.<name>`, that only equations of no outcome name.

    Setting them changes no outcome.
    """
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
    """Every quantity that some outcome depends on."""
    return _with_causes(registry, set().union(*(_names_read(one.read, Survey()) for one in OUTCOMES.values())))


def _with_causes(registry: Registry, names: set[str]) -> set[str]:
    """The quantities, and all that they are computed from."""
    found, waiting = set[str](), set(names)
    while waiting:
        name = waiting.pop()
        found.add(name)
        if name in registry.quantities:
            waiting |= set(_causes(registry.quantities[name])) - found
    return found


def _causes(quantity: Quantity) -> Iterator[str]:
    yield from quantity.needs
    if quantity.mark is not None and isinstance(quantity.mark.start, str):
        yield quantity.mark.start


def _names_read(function: Callable[..., Any], *arguments: Any) -> set[str]:
    """The quantities that a function looks up in the values it is given."""
    values = _Recorder()
    function(values, *arguments)
    return values.names


@dataclass
class _Recorder(Mapping[str, np.ndarray]):
    """Values of one person, all of them 0, that note which of them are asked for."""

    names: set[str] = field(default_factory=set)

    def __getitem__(self, name: str) -> np.ndarray:
        self.names.add(name)
        return np.zeros(1, np.float32)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)
