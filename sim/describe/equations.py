"""Equations as documents show them: their text from the source, their causes, their luck, and the range of a state."""

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
    """The body of an equation as it stands in its file, without its docstring."""
    return _body(getattr(method, "__func__", method))


@cache
def _body(function: Callable) -> str:
    source = textwrap.dedent(inspect.getsource(function))
    node = ast.parse(source).body[0]
    if not isinstance(node, ast.FunctionDef):
        raise TypeError(f"{function} is no function that stands in a file by itself")
    first = node.body[1] if ast.get_docstring(node) else node.body[0]
    return textwrap.dedent("\n".join(source.splitlines()[first.lineno - 1 :]))


def equation(registry: Registry, name: str) -> str:
    """One equation: what it yields, in which unit, for whom and when, from which causes, and how."""
    quantity = registry.quantities[name]
    method = registry.mechanisms[quantity.owner].equations()[name]
    own = listed(dependencies_of(method))
    return f"`{name}`: {quantity.meaning} ({facts(quantity)}) Causes: {own}.\n\n```python\n{formula(method)}\n```"


def facts(quantity: Quantity) -> str:
    """Kind, unit, level and clock of a quantity, and what a stock begins with."""
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
    """What a stock begins with, and a newcomer's where that differs."""
    mark = required(quantity.mark, f"the beginning of {quantity.name}")
    start = _start(mark.start)
    return start if mark.newcomer is None else f"{start}, of a newcomer at {_start(mark.newcomer)}"


def _start(start: float | str) -> str:
    return code(start) if isinstance(start, str) else f"{start:g}"


def range_of(registry: Registry, quantity: Quantity) -> str:
    """The values that a trait or a stock can have.

    A psychological state that bends keeps within the limit of its mechanism; others of that unit are only about so.
    """
    owner = registry.mechanisms[quantity.owner]
    bent = re.search(r"saturating\(.+?, self\.(\w+)\)", formula(owner.equations()[quantity.name]))
    if bent:
        limit = getattr(owner, bent[1])
        return f"−{limit:g} to {limit:g}"
    return _BY_UNIT.get(quantity.unit, _NOT_NEGATIVE)


# -- rewrites and curves ---------------------------------------------------------------------------------------------


def rewrite(lever: Mechanism, condition: str, method: Callable) -> str:
    """What a lever makes of a condition."""
    inputs = listed(dependencies_of(method))
    heading = f"`{condition}`, rewritten by {lever.process()}: {first_line(method)} Causes: {inputs}."
    return f"{heading}\n\n```python\n{formula(method)}\n```"


def curve_table() -> str:
    """Every curve that an equation may use, with its text."""
    own = [one for one in vars(curves).values() if inspect.isfunction(one) and one.__module__ == curves.__name__]
    return table(("curve", "what it does", "as in code"), map(_curve, own))


def _curve(curve: Callable) -> tuple[str, ...]:
    called = f"{curve.__name__}({', '.join(inspect.signature(curve).parameters)})"
    text = "; ".join(formula(curve).splitlines()).removeprefix("return ")
    return code(called), first_line(curve), code(text)


def first_line(told: object) -> str:
    """The first line of a docstring."""
    return (told.__doc__ or "").strip().split("\n")[0]


# -- chance ----------------------------------------------------------------------------------------------------------

_WHY = {
    ("trait", "normal"): "differs from one to the other for reasons outside the model",
    ("trait", "uniform"): "how many is known or assumed, and not who",
    ("flow", "normal"): "what a single day adds",
    ("flow", "uniform"): "a chance a day or week; what tips it then is outside the model",
    ("stock", "normal"): "comes and goes from causes outside the model",
    ("stock", "uniform"): "begins and ends with a chance; what tips it is outside the model",
}


def luck_table(registry: Registry) -> str:
    """Every draw of an equation: of which distribution, keyed by what, and why it is chance at all."""
    return table(
        ("draw", "what it decides", "distribution", "one for each", "why chance"),
        (
            (code(one.name), one.meaning, _distribution(registry, one), _key(one), _WHY[one.kind, luck])
            for one in drawn(registry)
            for luck in RANDOM_ARGUMENTS
            if luck in one.causes
        ),
    )


def drawn(registry: Registry) -> list[Quantity]:
    """The quantities that hold a draw, in the order of the beats."""
    names = (*registry.traits, *registry.day, *registry.night)
    return [
        registry.quantities[name] for name in names if set(RANDOM_ARGUMENTS) & set(registry.quantities[name].causes)
    ]


def _distribution(registry: Registry, quantity: Quantity) -> str:
    if "normal" in quantity.causes:
        return "normal, mean 0, SD 1"
    method = registry.mechanisms[quantity.owner].equations()[quantity.name]
    decides = "uniform <" in formula(method) or "switched(" in formula(method)
    return "uniform from 0 to 1, held against a chance" if decides else "uniform from 0 to 1"


def _key(quantity: Quantity) -> str:
    if quantity.kind == "trait":
        return "person" if quantity.per == "employee" else quantity.per
    return f"{quantity.per} and {quantity.every}"
