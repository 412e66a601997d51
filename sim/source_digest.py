"""Digests of Python code and tables, without their prose and the names of local variables.

Two versions of a file have the same digest when they compute the same things with the same public names. Comments,
docstrings, messages of errors, annotations, sources of parameters and names of local variables do not count.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

PROSE = frozenset({"text", "tekst", "label", "meaning", "source", "note"})
"""Columns and entries that only readers use; no computation depends on them."""
_LENGTH = 16
_PARAMETERS = ("param", "param_from", "switch")
_NOT_COMPARED = {"ctx", "kind", "type_comment", "type_params", "returns", "annotation"}
"""Fields of a node that do not change what is computed, or that some versions of Python lack."""


def code_digest(*paths: Path, parameters: bool = True) -> str:
    """Return 16 hexadecimal digits that identify Python files by what they compute.

    Parameters
    ----------
    *paths : Path
        Python files.
    parameters : bool
        Whether the values of the parameters of mechanisms count.
    """
    trees = [_WithoutProse(parameters).visit(ast.parse(path.read_text(encoding="utf-8"))) for path in paths]
    return digest_of([_plain(tree) for tree in trees])


def rows_without_prose(table: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
    """Return the rows of a table without the columns that hold prose."""
    return [{column: cell for column, cell in row.items() if column not in PROSE} for row in table]


def digest_of(content: Any) -> str:
    """Return 16 hexadecimal digits of a hash of bytes, or of the representation of any other value."""
    raw = content if isinstance(content, bytes) else repr(content).encode()
    return hashlib.sha256(raw).hexdigest()[:_LENGTH]


def _plain(node: Any) -> Any:
    """Return a syntax tree as nested lists without empty fields, which differ between versions of Python."""
    if isinstance(node, ast.AST):
        content = [(name, _plain(value)) for name, value in ast.iter_fields(node) if name not in _NOT_COMPARED]
        if isinstance(node, ast.AnnAssign):
            content.append(("annotation", ast.unparse(node.annotation)))  # it makes a field of a dataclass
        return [type(node).__name__, *((name, value) for name, value in content if value not in (None, []))]
    return [_plain(one) for one in node] if isinstance(node, list) else node


class _WithoutProse(ast.NodeTransformer):
    """Remover of docstrings, texts of errors and parameters, imports for types, and names of local variables."""

    def __init__(self, parameters: bool):
        self.parameters = parameters

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        return None if _is_text(node.value) else self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        return None if _is_parameter(node.value) and not self.parameters else self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if _is_parameter(node) and isinstance(node.func, ast.Name) and node.func.id != "param_from":
            node.args = [one for one in node.args if not _is_text(one)]
            node.keywords = [one for one in node.keywords if not _is_text(one.value)]
        return self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        return ast.Raise()

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        return ast.ImportFrom(None, sorted(node.names, key=lambda one: one.name), 0)

    def visit_If(self, node: ast.If) -> ast.AST | None:
        is_for_types = isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        return None if is_for_types else self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self.generic_visit(_with_numbered_locals(node))


def _is_text(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _is_parameter(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _PARAMETERS


def _with_numbered_locals(function: ast.FunctionDef) -> ast.FunctionDef:
    """Return the function with numbered local variables; arguments keep their names, since callers may use them."""
    nodes = list(ast.walk(function))
    public = {one.arg for one in nodes if isinstance(one, ast.arg)}
    public |= {name for one in nodes if isinstance(one, ast.Global | ast.Nonlocal) for name in one.names}
    public |= {
        one.name for one in nodes if isinstance(one, ast.FunctionDef | ast.ClassDef | ast.ExceptHandler) and one.name
    }
    public |= {one.asname or one.name for one in nodes if isinstance(one, ast.alias)}
    names = [one for one in nodes if isinstance(one, ast.Name)]
    local = dict.fromkeys(one.id for one in names if isinstance(one.ctx, ast.Store) and one.id not in public)
    numbers = {name: f"local {number}" for number, name in enumerate(local)}
    for one in names:
        one.id = numbers.get(one.id, one.id)
    return function
