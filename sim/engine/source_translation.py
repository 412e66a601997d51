"""Translation of equations into scalar statements that compute the same bits as numpy.

numpy's promotion rules decide the type of every intermediate result: a bool times an integer is an integer, an integer
times a float32 is a float64, and a Python number takes the type of the other operand. The translation follows the same
rules, so each operation has the precision that it has in numpy.
"""

from __future__ import annotations

import ast
import inspect
import linecache
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import CodeType

import numpy as np

from sim.language import curves
from sim.language.grammar import AGGREGATION_SOURCES

CAST = {"f32": "float32", "f64": "float64", "i64": "int64"}
_WIDTH = ("bool", "i64", "f32", "f64")
_OPERATOR = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_COMPARED = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}
_FOLDED: Mapping[type, Callable] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.Pow: lambda a, b: a**b,
}


class UnsupportedEquationError(Exception):
    """An equation that cannot be fused; the message gives the reason."""


@dataclass(frozen=True)
class Term:
    """An expression and the type that numpy would give it.

    `kind` is bool, i64, f32, f64, or "number" for a Python number, whose value is `number`.
    """

    text: str
    kind: str
    number: float | int = 0


def literal(number: float | int) -> Term:
    """Return the term of a Python number, which takes the type of the other operand."""
    return Term("", "number", number)


def constant(number: float | int, kind: str) -> str:
    """Return a constant of this type, which numba folds at compile time."""
    return f"{CAST[kind]}({float(number)!r})" if kind != "i64" else f"int64({int(number)})"


def as_kind(term: Term, kind: str) -> str:
    """Return the expression of a term, cast to a wider type."""
    if term.kind == "number":
        return constant(term.number, kind)
    if term.kind == kind:
        return term.text
    if term.kind == "bool":
        return f"choose({term.text}, {constant(1, kind)}, {constant(0, kind)})"
    return f"{CAST[kind]}({term.text})"


def common_kind(*terms: Term) -> str:
    """Return the type that numpy uses for an operation on these terms."""
    kinds = [t.kind for t in terms if t.kind != "number"]
    numbers = [t.number for t in terms if t.kind == "number"]
    fractional = any(isinstance(number, float) for number in numbers)
    if not kinds:
        return "f64" if fractional else "i64"
    widest = max(kinds, key=_WIDTH.index)
    if {"i64", "f32"} <= set(kinds):
        widest = "f64"
    if numbers and widest in ("bool", "i64"):
        return "f64" if fractional else "i64"
    return widest


class ScalarTranslator:
    """Translator of one equation and the curves that it uses; `lines` holds the statements."""

    def __init__(self, fresh: Callable[[], str]):
        """Create a translator; `fresh` returns a new name for each intermediate result."""
        self.lines: list[str] = []
        self._fresh = fresh

    def assign(self, text: str, kind: str) -> Term:
        """Assign an expression to a new name, so that it is computed once."""
        name = self._fresh()
        self.lines.append(f"{name} = {text}")
        return Term(name, kind)

    def translate_equation(
        self,
        function: Callable,
        parameter: Callable[[str], Term],
        arguments: Mapping[str, Term],
        aggregate: Callable[[str, list[ast.expr]], Term] | None = None,
    ) -> Term:
        """Translate an equation and return its result.

        Parameters
        ----------
        function : callable
            Method of a mechanism or lever.
        parameter : callable
            Maps the name of a parameter to its term.
        arguments : mapping of str to Term
            Terms of the method's arguments.
        aggregate : callable, optional
            Maps the kind of an aggregation, such as `team.mean`, and its arguments to a term.

        Raises
        ------
        UnsupportedEquationError
            For a statement or an expression that has no scalar counterpart.
        """
        return _FunctionTranslator(self, function, dict(arguments), parameter, aggregate).result()


class _FunctionTranslator:
    """Translation of one function: its local names, parameters and aggregations."""

    def __init__(self, writer: ScalarTranslator, function, names: dict[str, Term], parameter, aggregate):
        self.writer, self.names, self.parameter, self.aggregate = writer, names, parameter, aggregate
        self.globals = function.__globals__
        self.body = statements_of(function)

    def result(self) -> Term:
        for statement in self.body:
            if isinstance(statement, ast.Return) and statement.value is not None:
                return self.term(statement.value)
            target = statement.targets[0] if isinstance(statement, ast.Assign) else None
            if not isinstance(statement, ast.Assign) or len(statement.targets) != 1 or not isinstance(target, ast.Name):
                raise UnsupportedEquationError(
                    f"it has a statement of the form '{ast.unparse(statement).splitlines()[0]}'"
                )
            value = self.term(statement.value)
            if value.kind != "number":
                value = self.writer.assign(value.text, value.kind)
            self.names[target.id] = value
        raise UnsupportedEquationError("it has no return")

    def term(self, node: ast.expr) -> Term:
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
            return literal(node.value)
        if isinstance(node, ast.Name):
            return self.name(node.id)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self":
            return self.parameter(node.attr)
        if isinstance(node, ast.BinOp):
            return self.operation(node)
        if isinstance(node, ast.UnaryOp):
            return self.unary(node)
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            return self.comparison(node)
        if isinstance(node, ast.Call) and not node.keywords:
            return self.call(node)
        raise UnsupportedEquationError(f"it has the expression '{ast.unparse(node)}'")

    def name(self, name: str) -> Term:
        if name in self.names:
            return self.names[name]
        value = self.globals.get(name)
        if type(value) in (int, float):
            return literal(value)
        raise UnsupportedEquationError(f"it uses '{name}'")

    def operation(self, node: ast.BinOp) -> Term:
        left, right = self.term(node.left), self.term(node.right)
        kind = type(node.op)
        if left.kind == right.kind == "number" and kind in _FOLDED:
            return literal(_FOLDED[kind](left.number, right.number))
        both_true = left.kind == right.kind == "bool"
        if both_true and kind in (ast.BitAnd, ast.Mult):
            return Term(f"({left.text} & {right.text})", "bool")
        if both_true and kind in (ast.BitOr, ast.Add):
            return Term(f"({left.text} | {right.text})", "bool")
        if kind not in _OPERATOR or (both_true and kind is ast.Sub):
            raise UnsupportedEquationError(f"it has the expression '{ast.unparse(node)}'")
        common = common_kind(left, right)
        if kind is ast.Div and common in ("bool", "i64"):
            common = "f64"
        return Term(f"({as_kind(left, common)} {_OPERATOR[kind]} {as_kind(right, common)})", common)

    def unary(self, node: ast.UnaryOp) -> Term:
        value = self.term(node.operand)
        if isinstance(node.op, ast.UAdd) and value.kind != "bool":
            return value
        if isinstance(node.op, ast.USub) and value.kind == "number":
            return literal(-value.number)
        if isinstance(node.op, ast.USub) and value.kind in CAST:
            return Term(f"({constant(-1, value.kind)} * {value.text})", value.kind)
        if isinstance(node.op, ast.Invert) and value.kind == "bool":
            return Term(f"(not {value.text})", "bool")
        raise UnsupportedEquationError(f"it has the expression '{ast.unparse(node)}'")

    def comparison(self, node: ast.Compare) -> Term:
        left, right, kind = self.term(node.left), self.term(node.comparators[0]), type(node.ops[0])
        if kind not in _COMPARED or left.kind == right.kind == "number":
            raise UnsupportedEquationError(f"it has the expression '{ast.unparse(node)}'")
        common = common_kind(left, right)
        common = "i64" if common == "bool" else common
        return Term(f"({as_kind(left, common)} {_COMPARED[kind]} {as_kind(right, common)})", "bool")

    def call(self, node: ast.Call) -> Term:
        function = node.func
        if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
            if function.value.id in AGGREGATION_SOURCES and self.aggregate is not None:
                return self.aggregate(ast.unparse(function), node.args)
            if self.globals.get(function.value.id) is np and function.attr in _NUMPY:
                return _NUMPY[function.attr](self.writer, *self._arguments(node))
        if isinstance(function, ast.Name):
            curve = self.globals.get(function.id)
            if inspect.isfunction(curve) and curve.__module__ == curves.__name__:
                return self.curve(curve, self._arguments(node))
        raise UnsupportedEquationError(f"it calls '{ast.unparse(function)}'")

    def _arguments(self, node: ast.Call) -> list[Term]:
        return [self.term(argument) for argument in node.args]

    def curve(self, curve: Callable, arguments: Sequence[Term]) -> Term:
        terms = [a if a.kind == "number" else self.writer.assign(a.text, a.kind) for a in arguments]
        names = dict(zip(inspect.signature(curve).parameters, terms, strict=True))
        return _FunctionTranslator(self.writer, curve, names, self.parameter, None).result()


@cache
def statements_of(function: Callable) -> list[ast.stmt]:
    """Return the statements of a function without its docstring, parsed from its source.

    Raises UnsupportedEquationError where the source cannot be read or differs from the code that is loaded.
    """
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
        code_of_file = _code_of_file("".join(linecache.getlines(function.__code__.co_filename)))
    except (OSError, SyntaxError, IndexError):
        raise UnsupportedEquationError("its source cannot be read") from None
    if not isinstance(tree, ast.FunctionDef) or _code_contents(function.__code__) not in code_of_file:
        raise UnsupportedEquationError("its file has changed since it was loaded")
    documented = isinstance(tree.body[0], ast.Expr) and isinstance(tree.body[0].value, ast.Constant)
    return tree.body[1:] if documented else tree.body


@cache
def _code_of_file(source: str) -> frozenset[tuple]:
    """Return the contents of every function of a source file."""
    waiting, contents = [compile(source, "", "exec", dont_inherit=True)], set()
    while waiting:
        code = waiting.pop()
        contents.add(_code_contents(code))
        waiting += [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return frozenset(contents)


def _code_contents(code: CodeType) -> tuple:
    """Return the contents by which two versions of a function are compared, without strings."""
    constants = tuple(repr(c) for c in code.co_consts if not isinstance(c, str | CodeType))
    return code.co_firstlineno, code.co_name, code.co_code, code.co_names, code.co_varnames, constants


def _where(writer: ScalarTranslator, condition: Term, yes: Term, no: Term) -> Term:
    kind = common_kind(yes, no)
    if condition.kind == "number":
        raise UnsupportedEquationError("its condition is a Python number")
    if condition.kind != "bool":
        condition = Term(f"({condition.text} != {constant(0, condition.kind)})", "bool")
    if kind == "bool":
        return Term(f"choose({condition.text}, {yes.text}, {no.text})", kind)
    return Term(f"choose({condition.text}, {as_kind(yes, kind)}, {as_kind(no, kind)})", kind)


def _extreme(function: str, joined: str) -> Callable[..., Term]:
    def extreme(writer: ScalarTranslator, first: Term, second: Term) -> Term:
        kind = common_kind(first, second)
        if kind == "bool":
            return Term(f"({first.text} {joined} {second.text})", kind)
        return Term(f"{function}({as_kind(first, kind)}, {as_kind(second, kind)})", kind)

    return extreme


def _clip(writer: ScalarTranslator, value: Term, low: Term, high: Term) -> Term:
    kind = common_kind(value, low, high)
    if kind not in CAST:
        raise UnsupportedEquationError("it clips a bool")
    return Term(f"clip({as_kind(value, kind)}, {as_kind(low, kind)}, {as_kind(high, kind)})", kind)


def _abs(writer: ScalarTranslator, value: Term) -> Term:
    kind = common_kind(value)
    return value if kind == "bool" else Term(f"abs({as_kind(value, kind)})", kind)


def _sqrt(writer: ScalarTranslator, value: Term) -> Term:
    if value.kind == "bool":
        raise UnsupportedEquationError("it takes the square root of a bool")
    kind = "f32" if value.kind == "f32" else "f64"
    return Term(f"sqrt({as_kind(value, kind)})", kind)


_NUMPY: Mapping[str, Callable[..., Term]] = {
    "where": _where,
    "minimum": _extreme("minimum", "&"),
    "maximum": _extreme("maximum", "|"),
    "clip": _clip,
    "abs": _abs,
    "sqrt": _sqrt,
}
