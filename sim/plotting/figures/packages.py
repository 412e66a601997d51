"""Figure of the Pareto front: effects of each package of measures against its cost, and its measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sim.errors import UserError
from sim.outcomes.definitions import BURN_OUT, ISOLATION
from sim.plotting.figures.page_layout import MARGIN, PAGE_WIDTH, FigureLayout, blank, notes, sample
from sim.plotting.figures.panels import name_rows
from sim.plotting.figures.selection import around_zero, round_ticks
from sim.plotting.figures.style import with_style
from sim.plotting.style import BLUE, GREY, INK, PALE
from sim.reporting.changes import direction_words
from sim.reporting.labels import TODAY, label_of
from sim.reporting.tables import require_columns

_GOALS = ((BURN_OUT, "Burn-out complaints", "per 1,000 employees"), (ISOLATION, "Isolation from colleagues", "SD"))
_LEVELS = {"source": "At the source", "collective": "Collective", "individual": "Individual"}
"""In the order of occupational hygiene."""
_COLUMNS = (
    "number", "package", "on_front", "euros", "minutes", "share_on_front",
    *(f"{name}{end}" for name in ("all_in", BURN_OUT, ISOLATION) for end in ("", "_low", "_high")),
)  # fmt: skip

_LEFT, _NAMES, _PANEL, _GAP, _AXIS = 1.0, 2.35, 2.0, 0.36, 0.42
"""Inches: left of the upper panels and of the lower one; an upper panel, between them, and the axis under them."""
_ROW, _HEAD = 0.17, 0.3
_DOT, _SMALL_DOT = 11, 4


@with_style
def draw(front: pd.DataFrame, facts: Mapping[str, Any], footer: str = "") -> Figure:
    """Draw burn-out complaints and isolation against cost, a numbered dot per package on the front, and its measures.

    `front` is the table of that name of the study of packages, and `facts` has its `measures` (with their levels of
    hygiene), `duties`, `draws` and `search`. Raises UserError where no package is on the front.
    """
    front = require_columns(front, _COLUMNS, "front")
    own = front[front["on_front"]].reset_index(drop=True)
    if own.empty:
        raise UserError("Nothing to draw: no package is on the front.")
    rows = _rows(own, facts["measures"])
    upper = len(_GOALS) * _PANEL + _GAP + _AXIS
    reference = f"{TODAY} with the legal duties carried out" if facts["duties"] else TODAY
    sheet = blank(
        body=0.2 + upper + _HEAD + _ROW * len(rows) + 0.1,
        title="Packages of measures on the Pareto front, and their costs",
        subtitle=f"Differences from {reference}, everybody, means over {facts['draws']} draws. Costs are assumed, and "
        "the front depends on the model. Numbers refer to the columns below, cheapest first.",
        key=_key(front),
        footer=notes(
            "Lines: 90% of draws, which differ in uncertain numbers, costs, people and random numbers",
            f"an hour of working time counts {facts['search']['hourly_cost']:g} euros",
            footer,
        ),
    )
    width = PAGE_WIDTH - MARGIN - _LEFT
    for index, (goal, name, unit) in enumerate(_GOALS):
        axes = sheet.axes(_LEFT, 0.2 + index * (_PANEL + _GAP), width, _PANEL)
        _draw_goal(axes, front, goal, facts["search"]["budget"])
        axes.set_title(name)
        less, more = direction_words(unit)
        axes.set_ylabel(f"difference, {unit}\n← {less}   ·   {more} →")
        if index < len(_GOALS) - 1:
            axes.tick_params(axis="x", labelbottom=False)
        else:
            axes.set_xlabel("cost, euros per employee and year, working time included")
    _draw_measures(sheet, own, rows, 0.2 + upper + _HEAD)
    return sheet.figure


def _key(front: pd.DataFrame) -> list[Line2D]:
    """Return the entries of the kinds of dots in the figure."""
    own = front[front["on_front"]]
    style: dict[str, Any] = {"marker": "o", "linestyle": "-", "linewidth": 1.0, "markersize": 7}
    key = [sample("on the front", BLUE, **style)]
    if any(_is_unclear(own, goal).any() for goal, *_ in _GOALS):
        key.append(sample("on the front, but the draws include no effect", GREY, **style))
    if len(own) < len(front):
        key.append(sample("re-evaluated, not on the front", PALE, marker="o", markersize=_SMALL_DOT))
    return key


def _is_unclear(rows: pd.DataFrame, goal: str) -> pd.Series:
    return (rows[f"{goal}_low"] <= 0) & (rows[f"{goal}_high"] >= 0)


def _draw_goal(axes: Axes, front: pd.DataFrame, goal: str, budget: float) -> None:
    own, dominated = front[front["on_front"]], front[~front["on_front"]]
    sns.scatterplot(dominated, x="all_in", y=goal, color=PALE, s=_SMALL_DOT**2, linewidth=0, zorder=2, ax=axes)
    colours = [GREY if one else BLUE for one in _is_unclear(own, goal)]
    axes.vlines(own["all_in"], own[f"{goal}_low"], own[f"{goal}_high"], colors=colours, linewidth=1.0, zorder=2)
    axes.hlines(own[goal], own["all_in_low"], own["all_in_high"], colors=colours, linewidth=0.6, zorder=2)
    sns.scatterplot(own, x="all_in", y=goal, c=colours, s=_DOT**2, edgecolor="white", zorder=3, ax=axes)
    for row in own.to_dict("records"):
        style: dict[str, Any] = {"color": "white", "weight": "bold", "ha": "center", "va": "center_baseline"}
        axes.text(row["all_in"], row[goal], str(row["number"]), zorder=4, **style)
    axes.axhline(0, color=INK, linewidth=0.8, zorder=1)
    axes.axvline(budget, color=GREY, linewidth=0.8, linestyle=":", zorder=1)
    axes.annotate("budget", (budget, 1), (-3, -2), xycoords=axes.get_xaxis_transform(), textcoords="offset points",
                  color=GREY, ha="right", va="top")  # fmt: skip
    axes.set_ylim(around_zero(pd.concat([own[[goal, f"{goal}_low", f"{goal}_high"]], dominated[[goal]]]), least=0.1))
    axes.set_xlim(0, 1.04 * max(budget, float(front["all_in"].max()), float(own["all_in_high"].max())))
    axes.set_xlabel("")
    axes.xaxis.set_major_locator(round_ticks(8))
    axes.yaxis.set_major_locator(round_ticks(6))


# -- measures of each package -----------------------------------------------------------------------------------------


def _rows(own: pd.DataFrame, measures: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Return the kind and name of each row below: each level with its measures, the most frequent first; then costs."""
    packages = [set(package.split("+")) for package in own["package"]]
    count = {name: sum(name in package for package in packages) for name in set().union(*packages)}
    rows: list[tuple[str, str]] = []
    for level, words in _LEVELS.items():
        names = sorted((n for n in count if measures[n]["hygiene"] == level), key=lambda n: (-count[n], n))
        rows += [("level", words), *(("measure", name) for name in names)] if names else []
    return [*rows, ("level", "Per employee and year"), ("euros", "Euros"), ("minutes", "Working time, minutes"),
            ("share_on_front", "On the front in % of draws")]  # fmt: skip


def _draw_measures(sheet: FigureLayout, own: pd.DataFrame, rows: Sequence[tuple[str, str]], top: float) -> None:
    width = PAGE_WIDTH - MARGIN - _NAMES
    axes = sheet.axes(_NAMES, top, width, _ROW * len(rows))
    names = [label_of(name) if kind == "measure" else name for kind, name in rows]
    name_rows(axes, names, grid=False)
    for place, row in enumerate(own.to_dict("records")):
        axes.annotate(
            str(row["number"]), (place, 1), (0, 3), xycoords=axes.get_xaxis_transform(), textcoords="offset points",
            ha="center", va="bottom", weight="bold",
        )  # fmt: skip
        for height, (kind, name) in enumerate(rows):
            if kind == "measure":
                included = name in row["package"].split("+")
                axes.plot(place, height, "s", color=BLUE if included else PALE, markersize=7 if included else 1.5)
            elif kind != "level":
                number = 100 * row[kind] if kind == "share_on_front" else row[kind]
                axes.text(place, height, f"{number:.0f}", ha="center", va="center")
    for height, (label, (kind, _)) in enumerate(zip(axes.get_yticklabels(), rows, strict=True)):
        if kind == "level":
            label.set_fontweight("bold")
            axes.axhline(height - 0.5, color=PALE, linewidth=0.6)
    axes.set(xlim=(-0.5, max(len(own), 8) - 0.5), xticks=[])
    axes.spines["bottom"].set_visible(False)
