"""Figure of mean differences over the first pairs of runs, and of where the study stopped."""

from __future__ import annotations

from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from sim.errors import UserError
from sim.plotting.figures.page_layout import Facets, blank, footer_of, sample
from sim.plotting.figures.panels import draw_intervals
from sim.plotting.figures.selection import Labels, around_zero, of_outcome, round_ticks, unit_of
from sim.plotting.figures.style import with_style
from sim.plotting.style import COLOURS, GREY, HIGHLIGHT, INK
from sim.reporting.labels import TODAY, label_of
from sim.reporting.tables import require_columns

_COLUMNS = (
    *("scenario", "kind", "outcome", "unit", "pairs", "replicates"),
    *("difference", "low", "high", "smallest", "pilot"),
)
_HEADING, _AXIS = 0.25, 0.24
"""Inches: over an outcome, and for the words under its last panels."""
_BAND = 0.25


@with_style
def draw(table: pd.DataFrame, labels: Labels = None, footer: str = "") -> Figure:
    """Draw the running mean of each policy's difference, its interval and the smallest effect, by outcome.

    `table` has one row per scenario, outcome and number of pairs. Raises UserError where it lacks a column or a row.
    """
    table = require_columns(table, _COLUMNS, "running")
    if table.empty:
        raise UserError("The table of running means has no rows, so there is nothing to draw.")
    scenarios, outcomes = (list(table[name].unique()) for name in ("scenario", "outcome"))
    facets = Facets((label_of(one, labels) for one in scenarios), left=0.62, height=1.4, below=0.28, most=4)
    band = _HEADING + facets.body + _AXIS
    kind = str(table["kind"].iloc[0])
    sheet = blank(
        body=len(outcomes) * band,
        title="Mean differences as pairs of runs are added",
        subtitle=f"Mean difference from {TODAY} over the first pairs, everybody. {_pilot(table)}{_kinds(table)}",
        key=[
            sample("mean so far", COLOURS[kind]),
            Patch(color=COLOURS[kind], alpha=_BAND, linewidth=0, label="its interval"),
            sample("where it stopped", linestyle="-", **_stop(kind)),
            Patch(color=HIGHLIGHT, linewidth=0, label="less than the smallest effect of interest"),
        ],
        footer=footer_of(table, "95%, chance only: band at each number alone, dot by Stein", footer),
    )
    for place, outcome in enumerate(outcomes):
        rows, top = of_outcome(table, outcome), place * band
        sheet.heading(f"{label_of(outcome, labels)}, {unit_of(rows)}", top + 0.05)
        ends = rows.assign(least=-rows["smallest"])[["low", "high", "smallest", "least"]]
        for number, (axes, scenario) in enumerate(zip(facets.draw(sheet, top + _HEADING), scenarios, strict=True)):
            _draw_panel(axes, rows[rows["scenario"] == scenario])
            axes.set_ylim(around_zero(ends, least=0))
            if number + facets.columns >= len(scenarios):
                axes.set_xlabel("pairs of runs")
    return sheet.figure


def _pilot(table: pd.DataFrame) -> str:
    if (table["pilot"] == table["replicates"]).all():
        return "Nothing beyond the pilot was run."
    return "Dotted: the end of the pilot, whose spread fixed how many pairs were run."


def _kinds(table: pd.DataFrame) -> str:
    """Explain another colour, where there is one."""
    return " Orange: what-if scenarios, not options." if table["kind"].nunique() > 1 else ""


def _stop(kind: str) -> dict[str, Any]:
    return {"color": INK, "marker": "o", "markersize": 4.4, "markerfacecolor": COLOURS[kind]}


def _draw_panel(axes: Axes, rows: pd.DataFrame) -> None:
    color = COLOURS[str(rows["kind"].iloc[0])]
    last, pairs = rows.iloc[-1], rows["pairs"]
    axes.axhspan(-last["smallest"], last["smallest"], color=HIGHLIGHT, linewidth=0, zorder=0)
    axes.axhline(0, color=INK, linewidth=0.8, zorder=1)
    if last["pilot"] < last["pairs"]:
        axes.axvline(last["pilot"], color=GREY, linewidth=0.8, linestyle=":", zorder=1)
    axes.fill_between(pairs, rows["low"], rows["high"], color=color, alpha=_BAND, linewidth=0, zorder=2)
    sns.lineplot(rows, x="pairs", y="difference", color=color, linewidth=1.5, zorder=3, ax=axes)
    axes.set(xlabel="", ylabel="")
    draw_intervals(
        axes, rows.tail(1), "difference", places=[last["pairs"]], upright=True, **_stop(last["kind"]) | {"zorder": 5}
    )
    axes.set_xlim(0, 1.04 * last["pairs"])
    axes.xaxis.set_major_locator(round_ticks(4))
    axes.yaxis.set_major_locator(round_ticks(5))
