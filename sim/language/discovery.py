"""Discovery of the mechanisms in `sim/mechanisms` and of the levers in `sim/levers`."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from sim.language.grammar import Lever, Mechanism


@cache
def mechanisms() -> dict[str, type[Mechanism]]:
    """Return every mechanism by the name of its process, in alphabetical order."""
    return _classes_in("sim.mechanisms", Mechanism)


@cache
def levers() -> dict[str, type[Lever]]:
    """Return every lever by the name of its measure."""
    return _classes_in("sim.levers", Lever)


def _classes_in(package: str, kind: type) -> dict:
    classes = {}
    for module in sorted(iter_modules(import_module(package).__path__), key=lambda m: m.name):
        content = vars(import_module(f"{package}.{module.name}"))
        for value in content.values():
            own = isinstance(value, type) and issubclass(value, kind) and value.__module__ == f"{package}.{module.name}"
            if own and value is not kind:
                classes[module.name] = value
    return classes
