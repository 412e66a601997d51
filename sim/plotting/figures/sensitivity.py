"""Figures of the assumptions that move a number most: estimates with intervals, in tiers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from sim.engine.plan import BASELINE
from sim.plotting.figures import doses
from sim.plotting.figures.page_layout import LINE, MARGIN, PAGE_WIDTH, blank, letters, notes, sample
from sim.plotting.figures.panels import LESS, draw_tested, name_rows
from sim.plotting.figures.selection import most_lines, round_ticks, wrapped
from sim.plotting.figures.style import with_style
from sim.plotting.style import BLUE, GREY, INK
from sim.reporting.labels import outcome_name
from sim.reporting.sensitivity import by_number, direction, direction_in_words, leading_rows, number_title, place_range
from sim.reporting.tables import require_columns

_NAMES, _PLACES, _TIERS = 2.85, 0.55, 0.5
"""Inches: the names at the left, places and numbers of tiers at the right."""
_BETWEEN, _APART, _TITLE, _AXIS = 0.05, 0.6, 0.4, 0.6
"""Inches between names; rows between tiers; inches over and under a panel."""
_POINTS_TO = {1: "^", -1: "v", 0: "o"}
_SHIFT = 0.17
_BEYOND = 0.5
"""Shares lie between 0 and 1; how far beyond an interval is drawn."""
_ORDER = (
    "Different tiers are distinguishable. Within a tier intervals overlap in a chain, and the order is alphabetical. "
    "Places are those that the intervals leave open."
)
_HOLDS = "95% interval: sampling of the design; every row has the same people and random numbers"


def draw_all(tables: Mapping[str, pd.DataFrame], shown: int, footer: str = "") -> Iterator[tuple[str, Figure]]:
    """Yield every figure of a sensitivity study with its name, each with at most `shown` assumptions of a number.

    `tables` holds screening and indices, and may hold doses and pairs. `footer` holds seed and version.
    """
    for name, draw in (("screening", screening), ("indices", indices)):
        table = tables[name]
        for scenario in (one for one in table["scenario"].unique() if one != BASELINE.name):
            of_both = table[table["scenario"].isin((BASELINE.name, scenario))]
            for outcome, rows in of_both.groupby("outcome", sort=False):
                yield f"{name}_{scenario}_{outcome}", draw(rows, shown, footer)
    for name, draw_doses in (("doses", doses.responses), ("pairs", doses.maps)):
        if name in tables:
            for outcome, rows in tables[name].groupby("outcome", sort=False):
                yield f"{name}_{outcome}", draw_doses(rows, footer)


@with_style
def screening(table: pd.DataFrame, shown: int, footer: str = "") -> Figure:
    """Draw the Morris screening of one outcome: its level above the effect of a scenario.

    `table` is the screening of these numbers. The figure has at most `shown` assumptions of each.
    """
    columns = ("scenario", "outcome", "unit", "words", "mu_star", "low", "high", "mu_low", "mu_high", "tier")
    first = require_columns(table, columns, "screening").iloc[0]
    labels = {"more of it: up": "^", "more of it: down": "v", "either direction": "o"}
    key = [sample(label, BLUE, marker=marker, linestyle="-") for label, marker in labels.items()]
    return _draw(
        table, "mu_star", shown, key, f"mean size of the move, {first['unit']}",
        title=f"{outcome_name(first['outcome'])}: assumptions with the largest effects",
        subtitle=f"Mean size of the change while each of {table['factor'].nunique()} uncertain assumptions moves "
        f"through its range, at {first['trajectories']} points of the space of all others. {_ORDER}",
        footer=f"Dotted: the median of all assumptions. {_note(table, 'trajectories', footer)}",
    )  # fmt: skip


@with_style
def indices(table: pd.DataFrame, shown: int, footer: str = "") -> Figure:
    """Draw the Sobol indices of one outcome: of its level above those of the effect of a scenario."""
    columns = ("scenario", "outcome", "words", "total", "low", "high", "first", "first_low", "first_high", "tier")
    first = require_columns(table, columns, "indices").iloc[0]
    labels = {"with all its interactions": BLUE, "by itself": "white"}
    key = [sample(label, BLUE, marker="o", linestyle="-", markerfacecolor=face) for label, face in labels.items()]
    return _draw(
        table, "total", shown, key, "share of the variance",
        title=f"{outcome_name(first['outcome'])}: shares of the variance",
        subtitle=f"The {table['factor'].nunique()} assumptions that moved most in the screening, varied together at "
        f"{first['base_points']} base points; all others keep their values. {_ORDER}",
        footer=f"Tiers are of the filled dots. {_note(table, 'base points', footer)}",
    )  # fmt: skip


def _note(table: pd.DataFrame, what: str, footer: str) -> str:
    lost = f"{table['dropped'].max()} {what} left out for failed runs" if table["dropped"].max() else ""
    return notes(_HOLDS, lost, footer)


def _draw(
    table: pd.DataFrame, by: str, shown: int, key: Sequence[Line2D], axis: str, title: str,
    subtitle: str, footer: str,
) -> Figure:  # fmt: skip
    panels = [(scenario, rows, _wrapped(leading_rows(rows, by, shown))) for scenario, _, rows in by_number(table)]
    row = LINE * most_lines(words for *_, leading in panels for words in leading["words"]) + _BETWEEN
    heights = [row * (max(_places(leading), default=0.0) + 1.4) for *_, leading in panels]
    key = [*key, sample("grey: not distinguishable from zero", GREY, marker="o", linestyle="-", linewidth=LESS)]
    sheet = blank(sum(heights) + len(panels) * (_TITLE + _AXIS), title, subtitle, footer, key)
    top = _TITLE
    for (scenario, rows, leading), height in zip(panels, heights, strict=True):
        width = PAGE_WIDTH - MARGIN - _NAMES - _PLACES - _TIERS
        axes = sheet.axes(_NAMES, top, width, height)
        _panel(axes, leading, by)
        if by == "mu_star":
            axes.axvline(rows[by].median(), color=INK, linewidth=0.8, linestyle=":", zorder=1)
            up, down = (direction_in_words(sign, scenario, str(rows["outcome"].iloc[0])) for sign in (1, -1))
            axes.set_xlabel(f"{axis}\n▲ {up}   ·   ▼ {down}")
        else:
            axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
            axes.set_xlabel(axis)
        _name_places(axes, leading, _PLACES / width)
        count = f"{len(leading)} of {len(rows)} shown" if len(leading) < len(rows) else "all shown"
        sheet.heading(f"{number_title(scenario)} ({count})", top - _TITLE + 0.05)
        top += height + _TITLE + _AXIS
    return sheet.figure


def _wrapped(leading: pd.DataFrame) -> pd.DataFrame:
    return leading.assign(words=[wrapped(words, letters(_NAMES)) for words in leading["words"]])


def _places(leading: pd.DataFrame) -> list[float]:
    """Return the height of each row, with room between tiers."""
    begins = leading["tier"] != leading["tier"].shift(fill_value=leading["tier"].iloc[:1].sum())
    return [row + _APART * between for row, between in enumerate(begins.cumsum())]


def _panel(axes: Axes, leading: pd.DataFrame, by: str) -> None:
    places = np.array(_places(leading))
    if by == "mu_star":
        markers = pd.Series(map(direction, leading["mu_low"], leading["mu_high"]), leading.index).map(_POINTS_TO)
        for marker in markers.unique():
            own = (markers == marker).to_numpy()
            rows = leading[own]
            draw_tested(axes, rows, rows["low"] <= 0, places[own], BLUE, middle=by, marker=marker)
    else:
        white = {"middle": "first", "ends": ("first_low", "first_high"), "markerfacecolor": "white", "markersize": 3.8}
        draw_tested(axes, leading, leading["low"] <= 0, places - _SHIFT, BLUE, middle=by)
        draw_tested(axes, leading, leading["first_low"] <= 0, places + _SHIFT, BLUE, **white)
    axes.axvline(0, color=INK, linewidth=0.8, zorder=1)
    low, high = axes.get_xlim()
    axes.set_xlim((0.0, high) if by == "mu_star" else (max(low, -_BEYOND), min(high, 1 + _BEYOND)))
    axes.xaxis.set_major_locator(round_ticks(6))
    name_rows(axes, list(leading["words"]), places)
    axes.set_ylim(max(places, default=0.0) + 0.7, -0.7)


def _name_places(axes: Axes, leading: pd.DataFrame, width: float) -> None:
    """Write the places of each row at its right, and the number of each tier with a line above it.

    `width` is that of the column of places as a share of the panel's.
    """
    places = _places(leading)
    style: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "color": GREY, "va": "center"}
    for place, ends in zip(places, zip(leading["place_from"], leading["place_to"], strict=True), strict=True):
        axes.text(1.02, place, place_range(*ends), **style)
    for tier, place in pd.Series(places).groupby(leading["tier"].to_numpy()).min().items():
        axes.text(1.02 + width, place, f"tier {tier}" if tier else "no tier", **style)
        if place > 0:
            axes.axhline(place - (1 + _APART) / 2, color=GREY, linewidth=0.7)
    axes.text(1.02, 1.0, "place", transform=axes.transAxes, color=GREY, va="bottom")
