"""Finding what there is: each file in `sim/mechanisms` holds a mechanism, some files in `sim/levers` hold a lever."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from sim.language.grammar import Lever, Mechanism


@cache
def mechanisms() -> dict[str, type[Mechanism]]:
    """Every mechanism by the name of its process, in the order of the names."""
    return _found("sim.mechanisms", Mechanism)


@cache
def levers() -> dict[str, type[Lever]]:
    """Every lever that needs code, by the name of its measure."""
    return _found("sim.levers", Lever)


def _found(package: str, kind: type) -> dict:
    found = {}
    for module in sorted(iter_modules(import_module(package).__path__), key=lambda m: m.name):
        content = vars(import_module(f"{package}.{module.name}"))
        for value in content.values():
            own = isinstance(value, type) and issubclass(value, kind) and value.__module__ == f"{package}.{module.name}"
            if own and value is not kind:
                found[module.name] = value
    return found
