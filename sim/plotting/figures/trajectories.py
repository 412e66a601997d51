"""Effect of each scenario over time: a panel each, by date."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, date2num, num2date
from matplotlib.figure import Figure

from sim.errors import UserError
from sim.outcomes.definitions import MAIN_OUTCOMES
from sim.plotting.figures.page_layout import Facets, blank, footer_of, sureness
from sim.plotting.figures.selection import Labels, around_zero, of_outcome, round_ticks, rows_of, unit_of
from sim.plotting.figures.style import with_style
from sim.plotting.style import COLOURS, GREY, INK, PALE
from sim.reporting.changes import PHRASES
from sim.reporting.labels import KINDS, TODAY, label_of
from sim.reporting.tables import in_given_order, require_columns

_COLUMNS = (
    *("scenario", "kind", "outcome", "group", "date", "unit", "replicates"),
    *("difference", "difference_low", "difference_high"),
)
_HEADING, _DATES = 0.25, 0.5
"""Inches: over an outcome, and under its panels."""
_QUARTER = 91
"""Days."""


@with_style
def draw(
    table: pd.DataFrame, labels: Labels = None, footer: str = "", outcomes: Sequence[str] = MAIN_OUTCOMES,
    kind: str = "policy",
) -> Figure:  # fmt: skip
    """Draw differences from the baseline by date, one panel per scenario, with all others of its kind in grey.

    `table` is the long table of trajectories, by week; `kind` is policy or counterfactual, never both on one
    scale.
    """
    scenarios = in_given_order(require_columns(table, _COLUMNS, "trajectories"), kind)
    if not scenarios:
        raise UserError(f"Missing scenario of kind {kind} in the table trajectories.")
    table = rows_of(table[table["kind"] == kind], outcomes, groups=("everybody",))
    table = table.assign(date=date2num(pd.to_datetime(table["date"])))
    facets = Facets(
        (label_of(scenario, labels) for scenario in scenarios), left=0.55, height=0.92, below=0, shared_x=True
    )
    band = _HEADING + facets.body + _DATES
    sheet = blank(
        body=len(outcomes) * band,
        title=f"Effect of each {KINDS[kind]} over time",
        subtitle=f"Weekly difference from {TODAY}, the flat line (below it: less); everybody. Grey: others.",
        footer=footer_of(table, sureness(table, "Band: "), footer),
    )
    for place, outcome in enumerate(outcomes):
        rows, top = of_outcome(table, outcome), place * band
        sheet.heading(f"{label_of(outcome, labels)}, {unit_of(rows)}", top + 0.05)
        limits = around_zero(rows[["difference", "difference_low", "difference_high"]], least=0)
        for axes, scenario in zip(facets.draw(sheet, top + _HEADING), scenarios, strict=True):
            _draw_panel(axes, rows, scenario, COLOURS[kind])
            axes.set_ylim(limits)
    return sheet.figure


def _draw_panel(axes: Axes, rows: pd.DataFrame, scenario: str, color: Any) -> None:
    own, others = (rows[(rows["scenario"] == scenario) == is_own] for is_own in (True, False))
    line: dict[str, Any] = {"x": "date", "y": "difference", "estimator": None, "ax": axes}
    others = others.dropna(subset=["difference"])
    if len(others):
        sns.lineplot(others, units="scenario", color=PALE, linewidth=0.6, zorder=1, **line)
    axes.fill_between(own["date"], own["difference_low"], own["difference_high"], color=color, alpha=0.25, linewidth=0)
    if own["difference"].notna().any():
        sns.lineplot(own, color=color, linewidth=1.5, zorder=3, **line)
    else:
        axes.text(0.5, 0.8, PHRASES["does_not_apply"], transform=axes.transAxes, ha="center", color=GREY)
    axes.set(xlabel="", ylabel="")
    axes.axhline(0, color=INK, linewidth=0.8, zorder=2)
    axes.yaxis.set_major_locator(round_ticks(4))
    _mark_dates(axes, own["date"].to_numpy())


def _mark_dates(axes: Axes, dates: np.ndarray) -> None:
    """Months; over less than a quarter the first and the last week, whose names stay within the panel."""
    if dates[-1] - dates[0] >= _QUARTER:
        axes.xaxis.set_major_locator(AutoDateLocator(minticks=2, maxticks=4))
        axes.xaxis.set_major_formatter(_month)
        return
    ends = dates[[0, -1]]
    axes.set_xticks(ends, [f"{day.day} {day:%b\n%Y}" for day in num2date(ends)])
    first, last = axes.xaxis.get_major_ticks()
    first.label1.set_horizontalalignment("left")
    last.label1.set_horizontalalignment("right")


def _month(date: float, place: float) -> str:
    """The month, and under it the year where one begins; a blank line elsewhere keeps all months level."""
    day: datetime.datetime = num2date(date)
    return f"{day:%b\n%Y}" if place == 0 or day.month == 1 else f"{day:%b}\n "
