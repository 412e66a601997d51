"""The style of charts on a screen: the shared colours, fonts, names of rows, and numbers in the language.

Every chart is a function of tables, words and a width in pixels; below `NARROW` its panels are below each other.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from json import dumps
from typing import Any

import altair as alt

from sim.plotting.style import GREY, INK, PALE
from sim.reporting import phrases
from sim.words import Words

SHAPES = {"policy": "circle", "counterfactual": "diamond"}
FONT = "Helvetica Neue, Helvetica, Arial, Liberation Sans, sans-serif"
WIDE, PHONE = 820, 343
"""Widths of charts in the report in pixels, on a page and on a phone."""
NARROW = 560
_LETTER = 6.4
"""Average width in pixels of a letter of 12 pixels."""
_TENTHS = re.compile(r"(\d\.\d)\d+")


def is_narrow(width: int) -> bool:
    """Return whether panels are below each other at this width."""
    return width < NARROW


def names_width(width: int) -> int:
    """Return the pixels of the column of names at the left."""
    return 118 if is_narrow(width) else 196


def wrapped(text: str, pixels: float, size: float = 12) -> list[str]:
    """Return a text in lines of at most this many pixels; at least one line."""
    letters = max(int(pixels / (_LETTER * size / 12)), 8)
    return textwrap.wrap(text, letters, break_long_words=False) or [""]


def finished(chart: Any, words: Words, description: str, key: alt.TitleParams | None = None) -> Any:
    """Return the chart in this style and in the language of the words, with its alternative text and its legend."""
    config = alt.Config(
        font=FONT,
        locale=locale(words),
        padding={"left": 2, "top": 4, "right": 6, "bottom": 4},
        view=alt.ViewConfig(stroke=None),
        concat=alt.CompositionConfig(spacing=18),
        axis=alt.AxisConfig(
            labelFontSize=12, labelColor=INK, titleFontSize=12, titleColor=INK, titleFontWeight="normal",
            titlePadding=8, tickColor=PALE, domain=False, grid=False, labelLimit=400,
        ),
        header=alt.HeaderConfig(labelFontSize=13, labelFontWeight="bold", labelColor=INK, labelLimit=400),
        title=alt.TitleConfig(
            anchor="start", fontSize=13, fontWeight="bold", color=INK, subtitleFontSize=12, subtitleColor=GREY,
            subtitlePadding=4, lineHeight=16, subtitleLineHeight=15,
        ),
    )  # fmt: skip
    over = {} if key is None else {"title": key}
    return chart.properties(description=description, background="white", config=config, **over)


def locale(words: Words) -> dict[str, Any]:
    """Return the formats of numbers and months in the language, for Vega."""
    months, short = (words(f"common.number.{name}").split() for name in ("months_long", "months"))
    days = ["", *[""] * 6]
    return {
        "number": {
            "decimal": words("common.number.decimal"),
            "thousands": words("common.number.thousands"),
            "grouping": [3],
            "currency": ["€", ""],
        },
        "time": {
            "dateTime": "%x, %X", "date": "%d-%m-%Y", "time": "%H:%M:%S", "periods": ["", ""], "days": days,
            "shortDays": days, "months": months, "shortMonths": short,
        },
    }  # fmt: skip


def key(text: str, width: int) -> alt.TitleParams:
    """Return the legend of a chart as a line above it."""
    return alt.TitleParams(wrapped(text, width - 10), fontWeight="normal", color=GREY, fontSize=12, offset=12)


def rows_axis(names: Sequence[str], width: int, with_names: bool = True) -> alt.Axis:
    """Return an axis of wrapped names, as wide as `names_width`; without names it takes no space."""
    across = names_width(width)
    if not with_names:
        return alt.Axis(labels=False, ticks=False, title=None)
    lines = {name: wrapped(name, across - 8) for name in names}
    texts = by_value({name: dumps(own) for name, own in lines.items()}, "datum.label")
    raised = by_value({name: str(-7 * (len(own) - 1)) for name, own in lines.items()}, "0")
    return alt.Axis(
        labelExpr=texts, labelOffset=alt.ExprRef(raised), ticks=False, title=None, minExtent=across, maxExtent=across,
        labelLineHeight=14,
    )  # fmt: skip


def by_value(values: Mapping[str, str], otherwise: str) -> str:
    """Return an expression of Vega with a value for each name."""
    return " : ".join([*(f"datum.value === {dumps(name)} ? {own}" for name, own in values.items()), otherwise])


def row_height(names: Sequence[str], width: int) -> int:
    """Return the pixels of a row, so that the longest wrapped name fits."""
    most = max((len(wrapped(name, names_width(width) - 8)) for name in names), default=1)
    return max(30, 8 + 14 * most)


def rows_channel(names: Sequence[str], width: int, with_names: bool = True, field: str = "name") -> alt.Y:
    """Return the rows of a chart, in the order of their names."""
    axis = rows_axis(names, width, with_names)
    return alt.Y(f"{field}:N", sort=list(names), axis=axis, scale=alt.Scale(domain=list(names)))


def amount(domain: Sequence[float], **axis: Any) -> Callable[[str], alt.X]:
    """Return a function that encodes a column on the shared x scale; `axis` changes the axis of all columns."""
    shared = alt.Axis(**{"titleColor": GREY, "tickCount": 4, "ticks": True, "tickSize": 4, **axis})
    return lambda name: alt.X(f"{name}:Q", scale=alt.Scale(domain=list(domain), nice=False), axis=shared)


def beside(draw: Callable[[str, int, bool], Any], outcomes: Sequence[str], width: int) -> Any:
    """Return a panel per outcome, beside each other, or below each other on a phone.

    `draw` takes the outcome, the pixels of its panel and whether the panel names its rows.
    """
    narrow, names = is_narrow(width), names_width(width)
    across = width - names - 12 if narrow else (width - names - 42) // 2
    panels = [draw(outcome, across, narrow or place == 0) for place, outcome in enumerate(outcomes)]
    return alt.vconcat(*panels) if narrow else alt.hconcat(*panels)


def difference_title(outcome: str, unit: str, words: Words, across: int) -> alt.TitleParams:
    """Return the title of a panel of differences in an outcome."""
    subtitle = words("common.picture.difference", unit=phrases.unit_of(unit, words))
    return alt.TitleParams(wrapped(words(f"common.outcome.{outcome}"), across, 13), subtitle=subtitle, frame="group")


def around_zero(ends: Iterable[float]) -> list[float]:
    """Return a domain that includes all known ends and some space on both sides of zero."""
    known = [0.0, *(end for end in ends if end == end)]
    low, high = min(known), max(known)
    span = (high - low) or 1.0
    return [min(low - 0.06 * span, -0.18 * span), max(high + 0.06 * span, 0.18 * span)]


def svg(spec: Mapping[str, Any]) -> str:
    """Return the SVG of a chart's specification, without the texts that repeat its alternative text.

    Needs `vl-convert-python`. Paths keep a tenth of a pixel.
    """
    import vl_convert

    quiet = {**spec, "config": {**spec.get("config", {}), "aria": False}}
    return re.sub(r' d="[^"]*"', lambda path: _TENTHS.sub(r"\1", path[0]), vl_convert.vegalite_to_svg(quiet))
