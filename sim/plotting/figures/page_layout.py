"""The layout of a printed page: title, explanation and legend, panels placed in inches, and a footer.

Nothing is measured and moved afterwards, so pages are quick to draw and their panels line up.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from sim.outcomes.effects import CHANCE, DRAWS
from sim.plotting.figures.selection import is_one_run
from sim.plotting.figures.style import LARGE, PLAIN, SMALL
from sim.plotting.style import GREY

PAGE_WIDTH = 7.0
"""Inches: A4 less its margins, so that 8 points here are 8 points on paper."""
MARGIN = 0.1
POINTS_PER_INCH = 72
_HOLDS = {CHANCE: "95% interval: chance only", DRAWS: "90% of runs, each a posterior draw: parameters and chance"}

_LINE = {LARGE: 0.21, PLAIN: 0.165, SMALL: 0.145}
"""Inches from one line of letters to the next, by their size in points."""
_KEY = 0.27


@dataclass(frozen=True)
class FigureLayout:
    """A page whose panels begin `above` inches below its upper edge."""

    figure: Figure
    above: float

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Return a panel, in inches from the left edge of the page and the upper edge of the body."""
        page = self.figure.get_figheight()
        lower = 1 - (self.above + top + height) / page
        return self.figure.add_axes((left / PAGE_WIDTH, lower, width / PAGE_WIDTH, height / page))

    def grid(
        self, count: int, columns: int, left: float, top: float, height: float, step: float, gap: float
    ) -> list[Axes]:
        """Return `count` panels of one size, row by row from `left` to the right margin, a row every `step` inches."""
        width = panel_width(columns, left, gap)
        return [
            self.axes(left + column * (width + gap), top + line * step, width, height)
            for line, column in (divmod(place, columns) for place in range(count))
        ]

    def heading(self, words: str, top: float) -> None:
        """Write a bold line over a group of panels, `top` inches below the upper edge of the body."""
        height = 1 - (self.above + top) / self.figure.get_figheight()
        self.figure.text(MARGIN / PAGE_WIDTH, height, words, fontsize=PLAIN, weight="bold", va="top")


def panel_width(columns: int, left: float, gap: float) -> float:
    """Return the inches of each panel in a row, from `left` to the right margin."""
    return (PAGE_WIDTH - MARGIN - left - gap * (columns - 1)) / columns


def letters(width: float) -> int:
    """Return how many small letters of an ordinary name fit in this many inches."""
    return int(16.5 * width)


def blank(body: float, title: str, subtitle: str, key: Sequence[Line2D | Patch], footer: str) -> FigureLayout:
    """Return a page with `body` inches for panels, and all its texts in place."""
    heading, explanation = textwrap.wrap(title, 61), textwrap.wrap(subtitle, 98)
    closing = textwrap.wrap(footer, 116)
    start = 0.1 + _LINE[LARGE] * len(heading)
    key_top = start + _LINE[PLAIN] * len(explanation)
    above = key_top + (_KEY if key else 0) + 0.06
    height = above + body + 0.14 + _LINE[SMALL] * len(closing)

    figure = Figure(figsize=(PAGE_WIDTH, height), facecolor="white")
    FigureCanvasAgg(figure)
    left = MARGIN / PAGE_WIDTH
    figure.text(left, 1 - 0.09 / height, "\n".join(heading), fontsize=LARGE, weight="bold", va="top")
    figure.text(left, 1 - start / height, "\n".join(explanation), fontsize=PLAIN, color=GREY, va="top")
    figure.text(left, 0.07 / height, "\n".join(closing), color=GREY, va="bottom")
    if key:
        _draw_key(figure, key, 1 - key_top / height)
    return FigureLayout(figure, above)


def _draw_key(figure: Figure, key: Sequence[Line2D | Patch], height: float) -> None:
    figure.legend(
        handles=key,
        loc="upper left",
        bbox_to_anchor=(0.005, height),
        ncols=len(key),
        columnspacing=1.4,
        handlelength=1.8,
    )


def footer_of(table: pd.DataFrame, note: str, footer: str) -> str:
    """Return replicates, where the table has them, a note, and what the caller adds: seed and version."""
    return " · ".join(part for part in (_replicates(table), note, footer) if part)


def sureness(table: pd.DataFrame, drawn_as: str = "") -> str:
    """Return what the intervals cover, after what they are drawn as; one run has none."""
    holds = table["interval"].iloc[0] if "interval" in table.columns and len(table) else CHANCE
    return "no interval" if is_one_run(table) else f"{drawn_as}{_HOLDS[holds]}"


def line_in_key(table: pd.DataFrame) -> Literal["none", "-"]:
    """Return the line of an interval in the legend; one run has none."""
    return "none" if is_one_run(table) else "-"


def _replicates(table: pd.DataFrame) -> str:
    if "replicates" not in table.columns or table.empty:
        return ""
    fewest, most = int(table["replicates"].min()), int(table["replicates"].max())
    if most == 1:
        return "1 pair of runs per scenario"
    return f"{most if fewest == most else f'{fewest} to {most}'} pairs of runs per scenario"
