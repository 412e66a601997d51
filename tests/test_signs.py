"""Numbers as text: a sign is written where the rounded number has one, and nowhere else."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sim
from sim.formatting import fixed, signed
from sim.reporting import phrases
from sim.reporting.changes import NOT_DISTINGUISHABLE, change_in_words
from sim.words import Words

NUMBERS = st.floats(-5000, 5000) | st.floats(-0.01, 0.01)
DECIMALS = st.integers(0, 4)
PACKAGE = Path(sim.__file__).parent


def read(text: str, words: Words) -> float:
    """The number in a text as a view writes it."""
    decimal, thousands = words("common.number.decimal"), words("common.number.thousands")
    return float(text.replace(thousands, "").replace(decimal, ".").replace("\N{MINUS SIGN}", "-"))


def sign(number: float) -> int:
    return (number > 0) - (number < 0)


@given(NUMBERS, DECIMALS)
def test_the_sign_of_a_text_is_that_of_the_rounded_number(number, decimals):
    rounded = round(number, decimals)
    for text in (fixed(number, decimals), signed(number, decimals)):
        assert float(text) == pytest.approx(rounded, abs=1e-9)
        assert text.startswith("-") == (rounded < 0)
    assert signed(number, decimals).startswith("+") == (rounded > 0)


@pytest.mark.parametrize("language", ["en", "nl"])
@given(number=NUMBERS, decimals=DECIMALS)
def test_views_write_the_same_sign_in_every_language(language, number, decimals):
    words = Words(language)
    rounded = round(number, decimals)
    for text in (phrases.number(number, words, decimals), phrases.signed(number, words, decimals)):
        assert sign(read(text, words)) == sign(rounded)
        assert text.startswith(("-", "\N{MINUS SIGN}")) == (rounded < 0)


def test_a_small_negative_number_keeps_its_sign_where_its_decimals_are_shown():
    words = Words("en")
    assert phrases.number(-0.002, words, 3) == "-0.002"
    assert phrases.number(-0.0004, words, 3) == phrases.number(-0.0, words, 3) == "0.000"
    assert phrases.number(-0.4, words) == "0"


@given(NUMBERS, st.floats(0, 50), st.floats(0, 50), st.sampled_from(["per 1,000 employees", "SD"]))
def test_an_interval_that_holds_zero_is_said_to_hold_it(middle, below, above, unit):
    low, high = middle - below, middle + above
    text = change_in_words(middle, low, high, unit)
    holds_zero = low <= 0 <= high and (low, high) != (0, 0)
    assert text.startswith(NOT_DISTINGUISHABLE) == holds_zero


def formats() -> list[tuple[str, str]]:
    """Every format of an f-string in the package, with the file it stands in."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.name == "formatting.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FormattedValue) and node.format_spec is not None:
                found.append((path.relative_to(PACKAGE).as_posix(), ast.unparse(node.format_spec)))
    return found


def test_no_other_module_writes_signs_by_hand():
    own = formats()
    assert len(own) > 100
    by_hand = [(file, text) for file, text in own if re.search(r"\+.*f'?$", text) or ("z" in text and "%" not in text)]
    assert by_hand == []
    replaced = [path.name for path in PACKAGE.rglob("*.py") if re.search(r"replace\(.-0", path.read_text("utf-8"))]
    assert replaced == []
