"""Figure of one person without a network: the published model on the left, this one on the right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from sim.plotting.figures.page_layout import FigureLayout, blank, notes
from sim.plotting.figures.selection import round_ticks
from sim.plotting.figures.style import SMALL, with_style
from sim.plotting.style import BLUE, GREY, INK, ORANGE, VERMILLION
from sim.reporting.tables import require_columns

_LEFT, _WIDTH, _APART, _HEIGHT, _STEP, _TOP = 0.62, 2.74, 3.53, 1.3, 2.22, 0.5
"""Inches: left edge, width and distance of panels; their height, the distance of rows, and the room above."""
_SD = (-2.6, 1.0)
"""Range of energy here, SD: the same in all panels, up to a person driven to the end of the scale."""
_LINES: tuple[dict[str, Any], ...] = (
    {"color": BLUE, "marker": "o", "markersize": 4, "markeredgewidth": 0},
    {"color": VERMILLION, "marker": "D", "markersize": 3.4, "markeredgewidth": 0, "linestyle": "--"},
)
_WEEK = "week of strain in which they begin"
_STARTS = {"well": "was well before", "worn": "was worn out before"}
_HEADINGS = (
    "Lasting demands: energy at rest",
    "Hard demands that end: energy over time",
    "Four weeks of more resources under strain: share saved, and reduction of exhaustion",
)
_TITLES = ("published model", "this model")
_NOTE = "published: first version, effort 0.1, below 0.175; here: less the usual world"
_COLOURS = (BLUE, ORANGE, INK, VERMILLION)
_DASHES = ("", (4, 1.6), (1, 1.5), (6, 1.6, 1, 1.6))


@with_style
def draw(equilibria: pd.DataFrame, releases: pd.DataFrame, boosts: pd.DataFrame, footer: str = "") -> Figure:
    """Draw three rows of two panels: lasting demands, hard demands that end, and a passing boost of resources.

    `equilibria` has model, demands, well and worn; `releases` model, course, week and energy; `boosts` week, first,
    at_its_best and two_years_on. Raises UserError where a table lacks a column or rows.
    """
    equilibria = require_columns(equilibria, ("model", "demands", "well", "worn"), "rests")
    releases = require_columns(releases, ("model", "course", "week", "energy"), "releases")
    boosts = require_columns(boosts, ("week", "first", "at_its_best", "two_years_on"), "boosts")
    sheet = blank(
        body=3 * _STEP,
        title="The published model tips; this one shifts",
        subtitle="One person without a network: the published stock-and-flow model of job demands-resources theory, "
        "and the mean of people who are each alone in this one, whose energy is exhaustion reversed.",
        footer=notes(_NOTE, footer),
    )
    for row, heading in enumerate(_HEADINGS):
        sheet.heading(heading, row * _STEP + 0.1)
    for column, model in enumerate(("published", "here")):
        _draw_equilibria(_panel(sheet, 0, column), equilibria[equilibria["model"] == model], model)
        _draw_releases(_panel(sheet, 1, column), releases[releases["model"] == model], model)
    _draw_saved(_panel(sheet, 2, 0), boosts)
    _draw_relief(_panel(sheet, 2, 1), boosts)
    return sheet.figure


def _panel(sheet: FigureLayout, row: int, column: int) -> Axes:
    axes = sheet.axes(_LEFT + column * _APART, _TOP + row * _STEP, _WIDTH, _HEIGHT)
    axes.set_title(_TITLES[column], fontsize=SMALL, color=GREY)
    return axes


def _scaled(axes: Axes, model: str) -> None:
    """Scale energy from zero to its capacity there, and in SD from the usual world here."""
    if model == "here":
        axes.axhline(0, color=GREY, linewidth=0.6, zorder=0)
        axes.set_ylim(*_SD)
        axes.set_ylabel("energy, SD")
    else:
        axes.set_ylim(-0.05, 1.05)
        axes.set_ylabel("energy, of 1")
    axes.xaxis.set_major_locator(round_ticks(6))


def _draw_lines(axes: Axes, rows: pd.DataFrame, x: str, labels: Mapping[str, str]) -> None:
    """Draw a line for each column of `labels`."""
    for (column, label), style in zip(labels.items(), _LINES, strict=False):
        sns.lineplot(rows, x=x, y=column, linewidth=1.4, errorbar=None, label=label, legend=False, ax=axes, **style)


def _draw_equilibria(axes: Axes, rows: pd.DataFrame, model: str) -> None:
    _draw_lines(axes, rows, "demands", _STARTS)
    axes.set_xlabel("demands added a day" if model == "published" else "demands added, SD")
    _scaled(axes, model)
    axes.legend(loc="upper right" if model == "published" else "lower left")


def _draw_releases(axes: Axes, rows: pd.DataFrame, model: str) -> None:
    courses = rows["course"].unique()
    sns.lineplot(
        rows, x="week", y="energy", hue="course", style="course", linewidth=1.4, errorbar=None, ax=axes,
        palette=dict(zip(courses, _COLOURS, strict=False)), dashes=dict(zip(courses, _DASHES, strict=False)),
    )  # fmt: skip
    axes.set_xlim(0, 208 if model == "here" else 104)
    _scaled(axes, model)
    axes.legend(loc="center right" if model == "published" else "lower right")


def _draw_saved(axes: Axes, boosts: pd.DataFrame) -> None:
    _draw_lines(axes, boosts, "week", {"first": ""})
    axes.set(ylim=(-0.05, 1.05), ylabel="saved for good", xlabel=_WEEK)
    axes.yaxis.set_major_formatter(PercentFormatter(1))


def _draw_relief(axes: Axes, boosts: pd.DataFrame) -> None:
    _draw_lines(axes, boosts, "week", {"at_its_best": "at its best", "two_years_on": "two years later"})
    axes.set(ylim=(-0.05, 0.25), ylabel="less exhaustion, SD", xlabel=_WEEK)
    axes.axhline(0, color=GREY, linewidth=0.6, zorder=0)
    axes.legend(loc="upper right")
