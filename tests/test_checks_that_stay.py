"""No check of the program disappears when Python runs with -O."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from sim.errors import required

SIM = Path(__file__).resolve().parent.parent / "sim"


def test_the_program_checks_without_assert():
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in SIM.rglob("*.py")}
    assert len(trees) > 100
    nodes = [(path, node) for path, tree in trees.items() for node in ast.walk(tree)]
    assert [f"{path}:{node.lineno}" for path, node in nodes if isinstance(node, ast.Assert)] == []


def test_what_is_required_and_missing_is_named():
    assert required(0, "a number") == 0
    with pytest.raises(RuntimeError, match="Missing a number"):
        required(None, "a number")
