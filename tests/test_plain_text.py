"""Text of files, links and errors is shown as text: on the explorer's page, in summaries, and in the report."""

from __future__ import annotations

import re
from importlib.resources import files

import pandas as pd
import pytest

from sim.errors import UserError
from sim.reporting import summary
from sim.text import code, plain
from sim.world.own_organisation import read_staff

HOSTILE = [
    "![x](http://evil.example/a.png)", "<img src=http://evil.example/a.png>", "[a](javascript:alert(1))",
    ":material/home:", ":red[x]", ":smile:", "$\\frac{1}{2}$", "<script>alert(1)</script>", "http://evil.example",
    "www.evil.example", "a@evil.example", "`![x](http://evil.example)`", "**bold**", "_thin_", "~~gone~~", "&lt;b&gt;",
    "# head", "- item", "1. item", "| a | b |", "a --> b", "\\[x]", "a\n\n![x](http://evil.example)",
]  # fmt: skip
HARMLESS = [
    "Quiet evenings", "quiet_evenings", "weeks is 3; use 4 to 2,600.", "‘één’. Did you mean 'één'?", "50% at 10/12",
]  # fmt: skip


def spans(markdown: str) -> tuple[list[str], str]:
    """The spans of code in a line of markdown, and what is left without them."""
    found = re.findall(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", markdown)
    left = re.sub(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", "", markdown)
    return [inner.strip() for _, inner in found], left


def as_shown(markdown: str) -> str:
    """What a reader sees of a line of markdown in which nothing but code is marked up."""
    return re.sub(r"(?<!`)(`+)(?!`) ?(.+?) ?(?<!`)\1(?!`)", r"\2", markdown)


@pytest.mark.parametrize("text", HOSTILE)
def test_markup_in_a_text_is_shown_as_code_and_word_for_word(text):
    markdown = plain(text)
    inner, left = spans(markdown)
    assert inner
    assert "\n" not in markdown
    assert not re.search(r"[\[\]<>$`*~\\|#&@]|:\S|//|www|--|(^|\s)_|_(\s|$)", left)
    assert as_shown(markdown).split() == text.split()


@pytest.mark.parametrize("text", HARMLESS)
def test_a_text_without_markup_stays_as_it_is(text):
    assert plain(text) == text


def test_control_characters_and_those_that_turn_the_writing_are_left_out():
    assert plain("a\x1b[31m\u202eb\x00c\u200d") == "`a[31mbc`"


def test_a_long_text_is_cut():
    assert len(plain("a" * 1_000_000)) < 1_000


def test_a_command_with_backticks_stays_one_span():
    assert spans(code("run 'a`b``c'")) == (["run 'a`b``c'"], "")


@pytest.mark.parametrize("title", [text for text in HOSTILE if not {"\n", ";"} & set(text)])
def test_a_column_of_a_file_is_named_as_text(title):
    quoted = '"' + title.replace('"', '""') + '"'
    with pytest.raises(UserError) as refused:
        read_staff(f"id,team,department,manager,role,{quoted}\n".encode())
    left = spans(plain(refused.value))[1]
    assert title.lower() in as_shown(plain(refused.value))
    assert not re.search(r"[\[\]<>$*~\\]|//|www", left)


@pytest.mark.parametrize("name", ["![x](evil)", "<img src=x>", "[a](b)", "$x$"])
def test_the_name_of_an_own_scenario_is_text_in_the_summary(name):
    row = {
        "scenario": name, "kind": "policy", "outcome": summary.BURN_OUT, "group": "everybody", "unit": "per 1,000",
        "baseline": 200.0, "difference": -3.0, "low": -5.0, "high": -1.0, "people": 300.0, "replicates": 4,
        "interval": "chance",
    }  # fmt: skip
    rows = [row, {**row, "outcome": summary.ISOLATION, "unit": "SD", "difference": -0.01, "low": -0.02, "high": 0.01}]
    about = {
        "replicates": 4, "people": 300, "weeks": 26, "seed": 1, "version": "0", "parameters": 10, "assumed": 5,
        "command": "hybridwork run `touch x`",
    }  # fmt: skip
    spoken = summary.page(summary.facts({"effects": pd.DataFrame(rows)}, about))
    table = next(line for line in spoken.splitlines() if "3 fewer" in line)
    assert name.lower() in as_shown(table).lower()
    assert not re.search(r"[\[\]<>$]", spans(table)[1])
    assert "touch x" not in re.sub(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", "", spoken)


def test_nothing_but_drawings_and_style_is_written_raw_into_the_report():
    template = files("sim.views.report").joinpath("templates/page.html.j2").read_text(encoding="utf-8")
    raw = re.findall(r"{{\s*([^{}]*?)\s*\|\s*safe\s*}}", template)
    assert set(raw) == {"style", "part.dots", "cell[0]", "key_marks[kind]"}
