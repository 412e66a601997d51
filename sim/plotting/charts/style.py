"""The style of charts on a screen: the shared colours, fonts, names of rows, and numbers in the language.

Every chart is a function of tables, words and a width in pixels; below `NARROW` its panels are below each other.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from json import dumps
from typing import Any

import altair as alt

from sim.plotting.style import GREY, INK, PALE
from sim.words import Words

SHAPES = {"policy": "circle", "counterfactual": "diamond"}
FONT = "Helvetica Neue, Helvetica, Arial, Liberation Sans, sans-serif"
WIDE, PHONE = 820, 343
"""Pixels: the widths that the report draws, on a page and on a phone."""
NARROW = 560
_LETTER = 6.4
"""Pixels of a letter of 12 pixels, on average."""
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


def svg(spec: Mapping[str, Any]) -> str:
    """Return the SVG of a chart's specification, without the texts that repeat its alternative text.

    Needs `vl-convert-python`. Paths keep a tenth of a pixel.
    """
    import vl_convert

    quiet = {**spec, "config": {**spec.get("config", {}), "aria": False}}
    return re.sub(r' d="[^"]*"', lambda path: _TENTHS.sub(r"\1", path[0]), vl_convert.vegalite_to_svg(quiet))
