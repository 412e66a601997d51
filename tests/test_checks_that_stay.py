"""No check of the program disappears when Python runs with -O."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from sim.errors import required

SIM = Path(__file__).resolve().parent.parent / "sim"


def test_the_program_checks_without_assert():
    sources = sorted(SIM.rglob("*.py"))
    found = [
        f"{path.relative_to(SIM)}:{node.lineno}"
        for path in sources
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Assert)
    ]
    assert len(sources) > 100
    assert found == []


def test_what_is_required_and_missing_is_named():
    assert required(0, "a number") == 0
    with pytest.raises(RuntimeError, match="a number is missing"):
        required(None, "a number")
