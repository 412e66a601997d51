"""Names that `sim` defines say what they are, and its error messages avoid "is right".

Two allow-lists hold the exceptions that remain. They should only become shorter. After removing exceptions or moving
files, run `python tests/test_names.py --rewrite`.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HOME = Path(__file__).resolve().parent.parent
FILES = sorted((HOME / "sim").rglob("*.py"))
NAMES_ALLOWED = Path(__file__).with_name("names_allowed.txt")
ERRORS_ALLOWED = Path(__file__).with_name("errors_allowed.txt")
REWRITE = "python tests/test_names.py --rewrite"

PARTICIPLES = """
    answered asked begun brought chosen counted dealt drawn found given gone heard held judged kept learned lent lived
    looked made named offered parted picked reached said seen settled shown sought spoken studied taken told tried
    turned visited wanted weighed
"""
METAPHORS = """
    crew desk ground hire house lend life live lives look lookers looks luck passport passports past pasts rests room
    rooms says shelf tell tells
"""
DENIED = frozenset(f"{PARTICIPLES} {METAPHORS}".split())
"""Names that do not say what they stand for. `told_by_manager` is allowed, `told` alone is not."""

DOMAIN = ("sim/mechanisms/", "sim/levers/")
"""Folders whose equations are named after the quantities of the model."""


def place_of(path: Path) -> str:
    return path.relative_to(HOME).as_posix()


def equations(path: Path, tree: ast.Module) -> set[ast.AST]:
    """Return the equations of a file and their arguments, whose names belong to the model."""
    if not place_of(path).startswith(DOMAIN):
        return set()
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    kinds = [one for one in classes if {"Mechanism", "Lever"} & {ast.unparse(base) for base in one.bases}]
    methods = [node for kind in kinds for node in kind.body if isinstance(node, ast.FunctionDef)]
    return {part for method in methods for part in (method, *ast.walk(method.args))}


def defined_names(path: Path) -> Iterator[str]:
    """Yield the name of a module and every name that it defines, attributes included."""
    yield path.parent.name if path.stem == "__init__" else path.stem
    tree = ast.parse(path.read_text(encoding="utf-8"))
    of_the_model = equations(path, tree)
    for node in ast.walk(tree):
        if node in of_the_model:
            continue
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name
            case ast.alias(asname=str(name)) | ast.ExceptHandler(name=str(name)):
                yield name
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
                yield name


def denied_names() -> list[str]:
    """Return `path: name` for every denied name, whatever its case and leading underscores."""
    pairs = {(place_of(path), name) for path in FILES for name in defined_names(path)}
    return [f"{path}: {name}" for path, name in sorted(pairs) if name.strip("_").lower() in DENIED]


def messages(node: ast.AST, scope: str = "module") -> Iterator[tuple[str, str]]:
    """Yield the enclosing function or class and the text of every string that is not a docstring."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from messages(child, child.name)
        elif isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
            continue
        else:
            if isinstance(child, ast.Constant) and isinstance(child.value, str):
                yield scope, child.value
            yield from messages(child, scope)


def denied_messages() -> list[str]:
    """Return `path: function` wherever a message says that something is or are right."""
    pairs = {
        (place_of(path), scope)
        for path in FILES
        for scope, text in messages(ast.parse(path.read_text(encoding="utf-8")))
        if re.search(r"\b(is|are) right\b", text)
    }
    return [f"{path}: {scope}" for path, scope in sorted(pairs)]


CHECKS = {NAMES_ALLOWED: denied_names, ERRORS_ALLOWED: denied_messages}


def read(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("allowed", CHECKS, ids=lambda path: path.stem)
def test_names_and_messages_are_plain_or_listed(allowed):
    new = sorted(set(CHECKS[allowed]()) - set(read(allowed)))
    assert new == [], "choose a name that says what it is, or a message that states the problem and what is accepted"


@pytest.mark.parametrize("allowed", CHECKS, ids=lambda path: path.stem)
def test_allow_lists_have_no_idle_entry(allowed):
    idle = sorted(set(read(allowed)) - set(CHECKS[allowed]()))
    assert idle == [], f"run `{REWRITE}` to remove entries that are no longer needed"


@pytest.fixture
def write_module(tmp_path, monkeypatch):
    """Return a function that writes code as the only module to check."""
    path = tmp_path / "sim" / "mechanisms" / "module.py"
    path.parent.mkdir(parents=True)
    monkeypatch.setattr(sys.modules[__name__], "HOME", tmp_path)
    monkeypatch.setattr(sys.modules[__name__], "FILES", [path])
    return path.write_text


@pytest.mark.parametrize("code", [
    "def told(): ...",
    "async def _told(): ...",
    "class Told: ...",
    "def f(told): ...",
    "f = lambda *, told: 0",
    "told = 1",
    "told: int = 1",
    "for told in (): ...",
    "[told for told in ()]",
    "with f() as told: ...",
    "import math as told",
    "class A:\n    told: int",
    "class A:\n    def f(self):\n        self._told = 1",
    "try: ...\nexcept OSError as told: ...",
    "match 1:\n    case told: ...",
])  # fmt: skip
def test_a_denied_name_is_found_wherever_it_is_defined(code, write_module):
    write_module(code)
    assert len(denied_names()) == 1


def test_equations_of_the_model_keep_the_names_of_their_quantities(write_module):
    write_module("class A(Mechanism):\n    def drawn(self, told):\n        kept = told\n        return kept\n")
    assert denied_names() == ["sim/mechanisms/module.py: kept"]


def main(words: list[str]) -> int:
    """Write the allow-lists again and print what was added to them."""
    if words != ["--rewrite"]:
        print(f"usage: {REWRITE}", file=sys.stderr)
        return 2
    for path, find in CHECKS.items():
        old, new = read(path) if path.exists() else [], find()
        path.write_text("".join(f"{line}\n" for line in new), encoding="utf-8")
        print(f"{path.name}: {len(old)} entries before, {len(new)} now")
        print("".join(f"  added {line}\n" for line in new if line not in old), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
