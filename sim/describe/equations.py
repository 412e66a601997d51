"""Equations for the documents: their source text, their causes, their draws, and the range of a state."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable
from functools import cache

from sim.errors import required
from sim.language import curves
from sim.language.grammar import RANDOM_ARGUMENTS, Mechanism, dependencies_of
from sim.language.registry import Quantity, Registry
from sim.reporting.markdown import code, listed, table

_BY_UNIT = {
    "0/1": "0 or 1", "share": "0 to 1", "strength": "0 to 1", "sd": "about −4 to 4", "logit": "about −4 to 4",
    "days/week": "0 to 7",
}  # fmt: skip
_NOT_NEGATIVE = "0 or more"


def formula(method: Callable) -> str:
    """Return the source of the body of an equation, without its docstring."""
    return _body(getattr(method, "__func__", method))


@cache
def _body(function: Callable) -> str:
    source = textwrap.dedent(inspect.getsource(function))
    node = ast.parse(source).body[0]
    if not isinstance(node, ast.FunctionDef):
        raise TypeError(f"{function} is no function with a source of its own.")
    first = node.body[1] if ast.get_docstring(node) else node.body[0]
    return textwrap.dedent("\n".join(source.splitlines()[first.lineno - 1 :]))


def equation(registry: Registry, name: str) -> str:
    """Return an equation with its meaning, unit, level, clock, causes and source."""
    quantity = registry.quantities[name]
    method = registry.mechanisms[quantity.owner].equations()[name]
    own = listed(dependencies_of(method))
    return f"`{name}`: {quantity.meaning} ({facts(quantity)}) Causes: {own}.\n\n```python\n{formula(method)}\n```"


def facts(quantity: Quantity) -> str:
    """Return kind, unit, level and clock of a quantity, and the initial value of a stock."""
    kind = "condition" if quantity.condition else quantity.kind
    parts = [f"{kind}, {quantity.unit}", f"per {quantity.per}"]
    if quantity.every == "week":
        parts.append("weekly")
    if quantity.mark is not None and quantity.mark.adds_to:
        parts.append(f"adds to {code(quantity.mark.adds_to)}")
    if quantity.kind == "stock":
        parts.append(f"begins at {beginning(quantity)}")
    return "; ".join(parts) + "."


def beginning(quantity: Quantity) -> str:
    """Return the initial value of a stock, and that of newcomers if it differs."""
    mark = required(quantity.mark, f"the beginning of {quantity.name}")
    start = _start(mark.start)
    return start if mark.newcomer is None else f"{start}, of a newcomer at {_start(mark.newcomer)}"


def _start(start: float | str) -> str:
    return code(start) if isinstance(start, str) else f"{start:g}"


def range_of(registry: Registry, quantity: Quantity) -> str:
    """Return the values that a trait or a stock can have.

    A saturating psychological state stays within the limit of its mechanism; for others of that unit the range is
    approximate.
    """
    owner = registry.mechanisms[quantity.owner]
    saturating = re.search(r"saturating\(.+?, self\.(\w+)\)", formula(owner.equations()[quantity.name]))
    if saturating:
        limit = getattr(owner, saturating[1])
        return f"−{limit:g} to {limit:g}"
    return _BY_UNIT.get(quantity.unit, _NOT_NEGATIVE)


# -- rewrites and curves ---------------------------------------------------------------------------------------------


def rewrite(lever: Mechanism, condition: str, method: Callable) -> str:
    """Return how a lever rewrites a condition."""
    inputs = listed(dependencies_of(method))
    heading = f"`{condition}`, rewritten by {lever.process()}: {first_line(method)} Causes: {inputs}."
    return f"{heading}\n\n```python\n{formula(method)}\n```"


def curve_table() -> str:
    """Return every curve that equations may use, with its source."""
    own = [one for one in vars(curves).values() if inspect.isfunction(one) and one.__module__ == curves.__name__]
    return table(("curve", "description", "source"), map(_curve, own))


def _curve(curve: Callable) -> tuple[str, ...]:
    called = f"{curve.__name__}({', '.join(inspect.signature(curve).parameters)})"
    text = "; ".join(formula(curve).splitlines()).removeprefix("return ")
    return code(called), first_line(curve), code(text)


def first_line(documented: object) -> str:
    """Return the first line of a docstring."""
    return (documented.__doc__ or "").strip().split("\n")[0]


# -- draws -----------------------------------------------------------------------------------------------------------

_WHY = {
    ("trait", "normal"): "differs between entities for reasons outside the model",
    ("trait", "uniform"): "the share is known or assumed, but not who it is",
    ("flow", "normal"): "variation of a single day",
    ("flow", "uniform"): "a probability per day or week; its trigger is outside the model",
    ("stock", "normal"): "varies from causes outside the model",
    ("stock", "uniform"): "begins and ends with a probability; its trigger is outside the model",
}


def draw_table(registry: Registry) -> str:
    """Return every draw of an equation, with its distribution, its key and why it is random."""
    return table(
        ("draw", "decides", "distribution", "one for each", "why random"),
        (
            (code(one.name), one.meaning, _distribution(registry, one), _key(one), _WHY[one.kind, argument])
            for one in random_quantities(registry)
            for argument in RANDOM_ARGUMENTS
            if argument in one.causes
        ),
    )


def random_quantities(registry: Registry) -> list[Quantity]:
    """Return the quantities with a draw, in the order of their computation."""
    names = (*registry.traits, *registry.day, *registry.night)
    return [
        registry.quantities[name] for name in names if set(RANDOM_ARGUMENTS) & set(registry.quantities[name].causes)
    ]


def _distribution(registry: Registry, quantity: Quantity) -> str:
    if "normal" in quantity.causes:
        return "normal, mean 0, SD 1"
    method = registry.mechanisms[quantity.owner].equations()[quantity.name]
    decides = "uniform <" in formula(method) or "switched(" in formula(method)
    return "uniform from 0 to 1, compared with a probability" if decides else "uniform from 0 to 1"


def _key(quantity: Quantity) -> str:
    if quantity.kind == "trait":
        return "person" if quantity.per == "employee" else quantity.per
    return f"{quantity.per} and {quantity.every}"
