"""The layout of a printed page: title, explanation and legend, panels placed in inches, and a footer.

Nothing is measured and moved afterwards, so pages are quick to draw and their panels line up.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from sim.outcomes.effects import CHANCE, DRAWS
from sim.plotting.figures.selection import is_one_run, most_lines, wrapped
from sim.plotting.figures.style import LARGE, PLAIN, SMALL
from sim.plotting.style import GREY

PAGE_WIDTH = 7.0
"""Inches: A4 less its margins, so that 8 points here are 8 points on paper."""
MARGIN = 0.1
LINE = 0.14
"""Inches from one small line to the next in the names of rows and panels."""
_HOLDS = {CHANCE: "95% interval: chance only", DRAWS: "90% of runs, each a posterior draw: parameters and chance"}
_LINE = {LARGE: 0.21, PLAIN: 0.165, SMALL: 0.145}
"""Inches from one line of letters to the next in the texts of the page, by their size in points."""
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

    def row(self, columns: int, left: float, top: float, height: float, gap: float) -> list[Axes]:
        """Return panels of one size beside each other, from `left` to the right margin."""
        width = panel_width(columns, left, gap)
        return [self.axes(left + column * (width + gap), top, width, height) for column in range(columns)]

    def heading(self, words: str, top: float) -> None:
        """Write a bold line over a group of panels, `top` inches below the upper edge of the body."""
        height = 1 - (self.above + top) / self.figure.get_figheight()
        self.figure.text(MARGIN / PAGE_WIDTH, height, words, fontsize=PLAIN, weight="bold", va="top")


class Facets:
    """Small panels of one size and scale, each with its name above, as many in a row as `most`.

    Sizes are in inches: `left` of the first panel, `height` of a panel, `below` and `gap` between panels. With
    `shared_x` only the last panel of a column has numbers below it, for which the caller leaves room.
    """

    def __init__(
        self, names: Iterable[str], left: float, height: float, below: float, most: int = 5, gap: float = 0.22,
        shared_x: bool = False,
    ) -> None:  # fmt: skip
        names = list(names)
        self.columns = min(most, len(names))
        self.width = panel_width(self.columns, left, gap)
        self.names = [wrapped(name, letters(self.width)) for name in names]
        self.title = LINE * most_lines(self.names) + 0.12
        self.step = self.title + height + below
        self.body = -(-len(names) // self.columns) * self.step
        self._left, self._height, self._gap, self._shared_x = left, height, gap, shared_x

    def place(self, number: int) -> tuple[float, float]:
        """Return the left edge of a panel and its upper edge below that of the first name."""
        line, column = divmod(number, self.columns)
        return self._left + column * (self.width + self._gap), line * self.step + self.title

    def draw(self, sheet: FigureLayout, top: float = 0.0) -> list[Axes]:
        """Return the panels with their names; the numbers of an axis stand in the first column alone."""
        panels = []
        for number, name in enumerate(self.names):
            left, upper = self.place(number)
            axes = sheet.axes(left, top + upper, self.width, self._height)
            axes.set_title(name, fontsize=SMALL)
            is_last = number + self.columns >= len(self.names)
            axes.tick_params(labelleft=number % self.columns == 0, labelbottom=is_last or not self._shared_x)
            panels.append(axes)
        return panels


def panel_width(columns: int, left: float, gap: float) -> float:
    """Return the inches of each panel in a row, from `left` to the right margin."""
    return (PAGE_WIDTH - MARGIN - left - gap * (columns - 1)) / columns


def letters(width: float) -> int:
    """Return how many small letters of an ordinary name fit in this many inches."""
    return int(16.5 * width)


def blank(body: float, title: str, subtitle: str, footer: str, key: Sequence[Line2D | Patch] = ()) -> FigureLayout:
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
        place: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (0.005, 1 - key_top / height)}
        figure.legend(handles=key, ncols=len(key), columnspacing=1.4, handlelength=1.8, **place)
    return FigureLayout(figure, above)


def sample(label: str, color: Any, **style: Any) -> Line2D:
    """Return a line or dot for the legend; a marker without a line style stands alone."""
    line = "none" if "marker" in style else "-"
    return Line2D([], [], **{"label": label, "color": color, "linestyle": line, "markersize": 4.6, **style})


def notes(*parts: str) -> str:
    """Return the parts of a footer that there are, in one line."""
    return " · ".join(part for part in parts if part)


def footer_of(table: pd.DataFrame, note: str, footer: str) -> str:
    """Return replicates, where the table has them, a note, and what the caller adds: seed and version."""
    return notes(_replicates(table), note, footer)


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
