"""Chart of burn-out complaints against isolation, with the scenarios that lower one and raise the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from sim.outcomes.definitions import MAIN_OUTCOMES
from sim.plotting.charts.effects import pair_in_words
from sim.plotting.charts.style import SHAPES, around_zero, finished, is_narrow, wrapped
from sim.plotting.style import COLOURS, GREY, INK, PALE, QUADRANTS
from sim.reporting import phrases
from sim.reporting.tables import in_given_order, paired_outcomes, require_columns
from sim.words import Words

_COLUMNS = ("scenario", "kind", "outcome", "group", "difference", "low", "high", "unit")
_LINE, _APART = 14, 7
"""Pixels between lines of a name, and between names."""
_LEAST_ROOM = 70
"""Smallest width in pixels of a quadrant with a label."""


def frontier(
    table: pd.DataFrame, words: Words, width: int = 820, kind: str = "policy", order: Sequence[str] | None = None
) -> Any:
    """Return a dot with intervals per scenario, everybody: differences in burn-out complaints (x) and isolation (y).

    `table` is the table `effects`. Names are in a column at the right, joined to their dots by lines.
    """
    rows = require_columns(table, _COLUMNS, "effects")
    rows = rows[(rows["kind"] == kind) & (rows["group"] == "everybody") & rows["outcome"].isin(MAIN_OUTCOMES)]
    rows = rows.dropna(subset=["difference"])  # a policy that does not apply has no dot
    order = [one for one in order or in_given_order(rows, kind) if one in set(rows["scenario"])]
    points = paired_outcomes(rows, order).drop(columns="kind")
    points["name"] = [phrases.name_of(one, words) for one in points["scenario"]]
    narrow = is_narrow(width)
    names = 118 if narrow else 210
    across = width - names - (66 if narrow else 84)
    points["lines"] = [wrapped(name, names - 10) for name in points["name"]]
    height = max(260 if narrow else 380, sum(_LINE * len(lines) + _APART for lines in points["lines"]))
    x_domain, y_domain = (_domain(points, axis) for axis in ("x", "y"))
    chart = _layers(points, words, across, height, kind, x_domain, y_domain)
    description = " ".join(pair_in_words(rows, one, phrases.name_of(one, words), words) for one in order)
    return finished(chart, words, words("common.alt.frontier", description=description))


def _domain(points: pd.DataFrame, axis: str) -> list[float]:
    ends = points[[f"{name}_{axis}" for name in ("difference", "low", "high")]].to_numpy(dtype=float).ravel()
    return around_zero(ends)


def _layers(
    points: pd.DataFrame, words: Words, across: int, height: int, kind: str, x_domain: list[float],
    y_domain: list[float],
) -> Any:  # fmt: skip
    def at(name: str, domain: list[float], channel: type, title: list[str]) -> Any:
        axis = alt.Axis(title=title, tickCount=6, ticks=True, tickSize=4, grid=True, gridColor="#f0f0f0")
        return channel(f"{name}:Q", scale=alt.Scale(domain=domain, nice=False), axis=axis)

    titles = [wrapped(_title(name, words), space) for name, space in (("burn_out", across), ("isolation", height))]
    x = at("difference_x", x_domain, alt.X, titles[0])
    y = at("difference_y", y_domain, alt.Y, titles[1])
    crosses = points.dropna()
    base, arms = alt.Chart(points.drop(columns="lines")), alt.Chart(crosses.drop(columns="lines"))
    arm: dict[str, Any] = {"color": COLOURS[kind], "opacity": 0.55, "strokeWidth": 1.4}
    spread = _spread(points, height, y_domain)
    layers = [
        *_zero_lines(x, y),
        *_quadrants(words, across, height, -x_domain[0] / (x_domain[1] - x_domain[0])),
        arms.mark_rule(**arm).encode(x=at("low_x", x_domain, alt.X, titles[0]), x2="high_x:Q", y=y),
        arms.mark_rule(**arm).encode(x=x, y=at("low_y", y_domain, alt.Y, titles[1]), y2="high_y:Q"),
        alt.Chart(spread)
        .mark_rule(color=PALE, strokeWidth=0.9)
        .encode(x=x, y=y, x2=alt.value(across + 8), y2="place:Q"),
        base.mark_point(
            filled=True, shape=SHAPES[kind], size=70, color=COLOURS[kind], opacity=1, stroke="white", strokeWidth=1
        ).encode(x=x, y=y),
        *_names(spread, y_domain, across),
    ]
    return alt.layer(*layers).properties(width=across, height=height).resolve_scale(color="independent")


def _title(axis: str, words: Words) -> str:
    unit = "per 1,000 employees" if axis == "burn_out" else "SD"
    direction = phrases.direction(unit, words)
    return words(f"common.picture.{axis}_axis", unit=phrases.unit_of(unit, words), direction=direction)


def _zero_lines(x: alt.X, y: alt.Y) -> list[alt.Chart]:
    zero = alt.Chart(pd.DataFrame({"difference_x": [0.0], "difference_y": [0.0]}))
    return [zero.mark_rule(color=INK, strokeWidth=1).encode(x=x), zero.mark_rule(color=INK, strokeWidth=1).encode(y=y)]


def _quadrants(words: Words, across: int, height: int, left: float) -> list[alt.Chart]:
    """Return the labels of the four quadrants, in the corners; `left` is the share of the panel left of zero."""
    charts = []
    for name, (right, up) in QUADRANTS.items():
        space = (1 - left if right else left) * across - 16
        if space < _LEAST_ROOM:
            continue
        lines = wrapped(words(f"common.picture.quadrant.{name}"), space)
        mark = alt.Chart(pd.DataFrame({"text": ["\n".join(lines)]})).mark_text(
            color=GREY, fontStyle="italic", fontSize=12, lineBreak="\n", align="right" if right else "left",
            baseline="top", lineHeight=_LINE,
        )  # fmt: skip
        top = 4 if up else height - 4 - _LINE * len(lines)
        charts.append(mark.encode(text="text:N", x=alt.value(across - 4 if right else 4), y=alt.value(top)))
    return charts


def _spread(points: pd.DataFrame, height: int, domain: list[float]) -> pd.DataFrame:
    """Return the rows with `place`, the position of each name on the scale of isolation, without overlap."""
    own = points.sort_values(["difference_y", "difference_x"], ascending=[False, True]).copy()
    needed = [_LINE * len(lines) + _APART for lines in own["lines"]]
    low, high = domain
    ideal = [(high - value) / (high - low) * height for value in own["difference_y"]]
    tops: list[float] = []
    for place, space in zip(ideal, needed, strict=True):
        tops.append(max(place - space / 2, tops[-1] + needed[len(tops) - 1] if tops else 0.0))
    edge = float(height)
    for row in reversed(range(len(tops))):
        tops[row] = min(tops[row], edge - needed[row])
        edge = tops[row]
    middles = [top + space / 2 for top, space in zip(tops, needed, strict=True)]
    return own.assign(place=[high - middle / height * (high - low) for middle in middles])


def _names(spread: pd.DataFrame, domain: list[float], across: int) -> list[alt.Chart]:
    own = spread.assign(text=["\n".join(lines) for lines in spread["lines"]]).drop(columns="lines")
    y = alt.Y("place:Q", scale=alt.Scale(domain=domain, nice=False))
    charts = []
    for lines in sorted({text.count("\n") for text in own["text"]}):
        rows = own[[text.count("\n") == lines for text in own["text"]]]
        text = alt.Chart(rows).mark_text(
            align="left", baseline="middle", fontSize=12, lineHeight=_LINE, lineBreak="\n", color=INK, dx=12,
            dy=-lines * _LINE / 2,
        )  # fmt: skip
        charts.append(text.encode(x=alt.value(across), y=y, text="text:N"))
    return charts
