"""In how many runs a number fell, changed little or rose: a dot for each, as SVG for a page or the explorer."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from sim.plotting.style import BLUE, GREY, VERMILLION
from sim.reporting import phrases
from sim.words import Words

_APART, _RADIUS, _MARGIN = 14, 5.2, 1
"""Units of the SVG from dot to dot, of a dot, and around all."""


def dots(counts: Mapping[Any, Any], words: Words, columns: int = 10) -> str:
    """The dots of a row of the table of counts as an SVG that scales with its room.

    Lower is a filled circle, little changed a ring, higher a filled triangle: they differ without colour as well.
    """
    lower, little, higher = phrases.dots_of(counts)
    kinds = ["lower"] * lower + ["little"] * little + ["higher"] * higher
    lines = max(-(-len(kinds) // columns), 1)
    marks = "".join(_mark(kind, place % columns, place // columns) for place, kind in enumerate(kinds))
    width, height = columns * _APART + 2 * _MARGIN, lines * _APART + 2 * _MARGIN
    label = escape(alternative(counts, words), quote=True)
    return (
        f'<svg class="dots" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-label="{label}" xmlns="http://www.w3.org/2000/svg">{marks}</svg>'
    )


def alternative(counts: Mapping[Any, Any], words: Words) -> str:
    """What the dots show, in words."""
    lower, little, higher = phrases.dots_of(counts)
    less, _, more = phrases.dot_words(str(counts["unit"]), words)
    return words(
        "common.dots.alternative",
        name=phrases.name_of(str(counts["scenario"]), words),
        outcome=words(f"common.outcome_short.{counts['outcome']}"),
        lower=lower, less=less, little=little, higher=higher, more=more, runs=lower + little + higher,
    )  # fmt: skip


def mark(kind: str) -> str:
    """One dot of a kind (lower, little, higher) by itself, for a key."""
    size = _APART + 2 * _MARGIN
    return (
        f'<svg class="dot" viewBox="0 0 {size} {size}" width="{size}" height="{size}" aria-hidden="true" '
        f'xmlns="http://www.w3.org/2000/svg">{_mark(kind, 0, 0)}</svg>'
    )


def _mark(kind: str, column: int, line: int) -> str:
    x, y = (_MARGIN + _APART * (place + 0.5) for place in (column, line))
    if kind == "lower":
        return f'<circle cx="{x:g}" cy="{y:g}" r="{_RADIUS}" fill="{BLUE}"/>'
    if kind == "little":
        ring = _RADIUS - 0.8
        return f'<circle cx="{x:g}" cy="{y:g}" r="{ring:g}" fill="#fff" stroke="{GREY}" stroke-width="1.4"/>'
    points = f"{x:g},{y - _RADIUS:g} {x + _RADIUS:g},{y + _RADIUS - 1:g} {x - _RADIUS:g},{y + _RADIUS - 1:g}"
    return f'<polygon points="{points}" fill="{VERMILLION}"/>'
