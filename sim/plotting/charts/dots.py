"""Numbers of runs in which an outcome fell, changed little or rose: a dot for each, as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sim.plotting.style import BLUE, GREY, VERMILLION
from sim.reporting import phrases
from sim.reporting.templates import render
from sim.words import Words


def dots(counts: Mapping[Any, Any], words: Words, columns: int = 10) -> str:
    """Return the dots of a row of the table of counts.

    Lower is a filled circle, little changed a ring, higher a filled triangle: they differ without colour as well.
    """
    lower, little, higher = phrases.dots_of(counts)
    kinds = ["lower"] * lower + ["little"] * little + ["higher"] * higher
    return _svg("dots", kinds, columns, alternative(counts, words))


def alternative(counts: Mapping[Any, Any], words: Words) -> str:
    """Return the dots in words."""
    lower, little, higher = phrases.dots_of(counts)
    less, _, more = phrases.dot_words(str(counts["unit"]), words)
    return words(
        "common.dots.alternative",
        name=phrases.name_of(str(counts["scenario"]), words),
        outcome=words(f"common.outcome_short.{counts['outcome']}"),
        lower=lower, less=less, little=little, higher=higher, more=more, runs=lower + little + higher,
    )  # fmt: skip


def mark(kind: str) -> str:
    """Return one dot of a kind (lower, little, higher) by itself, for a legend."""
    return _svg("dot", [kind], 1)


def _svg(name: str, kinds: Sequence[str], columns: int, label: str = "") -> str:
    values = {"name": name, "kinds": kinds, "columns": columns, "label": label}
    colours = {"blue": BLUE, "grey": GREY, "vermillion": VERMILLION}
    return render("sim.plotting.charts", values | colours, "dots.svg.j2").strip()
