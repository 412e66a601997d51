"""Equations for the documents: their source text, their properties, their draws, and the range of a state."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable
from functools import cache
from typing import Any

from sim.language import curves
from sim.language.grammar import RANDOM_ARGUMENTS
from sim.language.registry import Quantity, Registry
from sim.text import code

_BY_UNIT = {
    "0/1": "0 or 1", "share": "0 to 1", "strength": "0 to 1", "sd": "about −4 to 4", "logit": "about −4 to 4",
    "days/week": "0 to 7",
}  # fmt: skip
_WHY_RANDOM = {
    ("trait", "normal"): "differs between entities for reasons outside the model",
    ("trait", "uniform"): "the share is known or assumed, but not who it is",
    ("flow", "normal"): "variation of a single day",
    ("flow", "uniform"): "a probability per day or week; its trigger is outside the model",
    ("stock", "normal"): "varies from causes outside the model",
    ("stock", "uniform"): "begins and ends with a probability; its trigger is outside the model",
}


def formula(method: Callable) -> str:
    """Return the source of the body of an equation, without its docstring."""
    return _body(getattr(method, "__func__", method))


@cache
def _body(function: Callable) -> str:
    source = textwrap.dedent(inspect.getsource(function))
    node = ast.parse(source).body[0]
    if not isinstance(node, ast.FunctionDef):
        raise TypeError(f"{function} is not a function with its own source.")
    first = node.body[1] if ast.get_docstring(node) else node.body[0]
    return textwrap.dedent("\n".join(source.splitlines()[first.lineno - 1 :]))


def formula_of(registry: Registry, quantity: Quantity) -> str:
    """Return the source of the equation of a quantity."""
    return formula(registry.mechanisms[quantity.owner].equations()[quantity.name])


def first_line(documented: object) -> str:
    """Return the first line of a docstring as a description: without the verb `Return`."""
    line = (documented.__doc__ or "").strip().split("\n")[0].removeprefix("Return ")
    return line[:1].upper() + line[1:]


def properties(quantity: Quantity) -> str:
    """Return kind, unit, level and clock of a quantity, and the initial value of a stock."""
    parts = [f"{'condition' if quantity.condition else quantity.kind}, {quantity.unit}", f"per {quantity.per}"]
    if quantity.every == "week":
        parts.append("weekly")
    if quantity.adds_to:
        parts.append(f"adds to {code(quantity.adds_to)}")
    if quantity.kind == "stock":
        parts.append(f"begins at {beginning(quantity)}")
    return "; ".join(parts) + "."


def beginning(quantity: Quantity) -> str:
    """Return the initial value of a stock, and that of newcomers if it differs."""
    starts = [one if one is None else code(one) if isinstance(one, str) else f"{one:g}"
              for one in (quantity.start, quantity.newcomer)]  # fmt: skip
    return ", of a newcomer at ".join(one for one in starts if one is not None)


def range_of(registry: Registry, quantity: Quantity) -> str:
    """Return the values that a trait or a stock can have.

    A saturating psychological state stays within the limit of its mechanism; for others of that unit the range is
    approximate.
    """
    if saturating := re.search(r"saturating\(.+?, self\.(\w+)\)", formula_of(registry, quantity)):
        limit = getattr(registry.mechanisms[quantity.owner], saturating[1])
        return f"−{limit:g} to {limit:g}"
    return _BY_UNIT.get(quantity.unit, "0 or more")


def curve_functions() -> list[Callable]:
    """Return every curve that equations may use."""
    return [one for one in vars(curves).values() if inspect.isfunction(one) and one.__module__ == curves.__name__]


def signature(curve: Callable) -> str:
    """Return a call of a curve, such as `within(x, low, high)`."""
    return f"{curve.__name__}({', '.join(inspect.signature(curve).parameters)})"


def draws(registry: Registry) -> list[dict[str, Any]]:
    """Return every draw of an equation in the order of computation: its quantity, distribution, key and reason."""
    quantities = (registry.quantities[name] for name in (*registry.traits, *registry.day, *registry.night))
    return [
        {
            "quantity": one,
            "distribution": "normal, mean 0, SD 1" if argument == "normal" else _uniform(formula_of(registry, one)),
            "key": _key(one),
            "reason": _WHY_RANDOM[one.kind, argument],
        }
        for one in quantities
        for argument in RANDOM_ARGUMENTS
        if argument in one.causes
    ]


def _uniform(source: str) -> str:
    decides = "uniform <" in source or "switched(" in source
    return "uniform from 0 to 1, compared with a probability" if decides else "uniform from 0 to 1"


def _key(quantity: Quantity) -> str:
    if quantity.kind == "trait":
        return "person" if quantity.per == "employee" else quantity.per
    return f"{quantity.per} and {quantity.every}"
