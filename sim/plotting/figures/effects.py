"""Every policy's difference from today's practice, as a dot and an interval."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sim.outcomes.definitions import MAIN_OUTCOMES
from sim.plotting.figures.page_layout import blank, footer_of, line_in_key, sureness
from sim.plotting.figures.selection import (
    EFFECTS,
    Labels,
    around_zero,
    directions,
    is_one_run,
    kinds_of,
    most_lines,
    of_outcome,
    round_ticks,
    rows_of,
    unit_of,
    wrapped,
)
from sim.plotting.figures.style import MARKERS, SMALL, with_style
from sim.plotting.style import COLOURS, GREY, INK, PALE
from sim.reporting.changes import change_in_words
from sim.reporting.labels import KINDS, TODAY, label_of
from sim.reporting.tables import in_given_order, require_columns

_NAMES, _LETTERS, _LINE = 1.72, 24, 0.14
"""Inches of the column of names, most letters a line in it, inches from line to line."""
_FIRST, _NEXT, _ROW, _BELOW = 0.72, 0.44, 0.3, 0.62
"""Inches: the titles of the first panels and of the next, one scenario's row, and a panel's axis."""
_DOT = {"policy": 4.4, "counterfactual": 4.0}
"""Points across."""
_NOT_OPTIONS = ("What-if scenarios, not options (own scale)", "")
"""Over the first and the other panels of what-if scenarios below policies."""
_ORDER = {
    "policy": "Policies are in a fixed order, not an order of success.",
    "counterfactual": "What-if scenarios explain the model; they are not options.",
}
_ROOM_BESIDE_ZERO = 0.17
"""Least share of an axis on either side of zero, so that the words over the zero line fit."""


@with_style
def draw(
    table: pd.DataFrame, labels: Labels = None, footer: str = "", outcomes: Sequence[str] = MAIN_OUTCOMES
) -> Figure:
    """Draw every policy's difference from the baseline with its interval, and what-if scenarios in separate panels.

    `table` is the long table of effects; drawn are the groups everybody (filled) and users (hollow).
    """
    table = rows_of(require_columns(table, EFFECTS, "effects"), outcomes, groups=("everybody", "users"))
    kinds = kinds_of(table)
    names = {kind: _names(table, kind, labels) for kind in kinds}
    heights = {kind: len(own) * max(_ROW, 0.06 + _LINE * most_lines(own)) for kind, own in names.items()}
    sheet = blank(
        body=_FIRST - _NEXT + sum(_NEXT + height + _BELOW for height in heights.values()),
        title=f"Effect of each {KINDS[kinds[0]]} on burn-out complaints and isolation",
        subtitle=f"Dots are mean differences from {TODAY}{_on_lines(table)}. {_ORDER[kinds[0]]}",
        key=_key(table),
        footer=footer_of(table, sureness(table), footer),
    )
    top = _FIRST - _NEXT
    for kind in kinds:
        across, upper = len(outcomes), top + _NEXT
        panels = sheet.grid(across, across, _NAMES, upper, heights[kind], step=heights[kind], gap=0.3)
        for place, (axes, outcome) in enumerate(zip(panels, outcomes, strict=True)):
            rows = of_outcome(table[table["kind"] == kind], outcome)
            _draw_panel(axes, rows, in_given_order(rows, kind), kind)
            _name_rows(axes, names[kind], with_names=place == 0)
            first = kind == kinds[0]
            axes.set_title(_title(rows, outcome, labels) if first else _NOT_OPTIONS[place > 0], pad=14)
        top = upper + heights[kind] + _BELOW
    return sheet.figure


def _on_lines(table: pd.DataFrame) -> str:
    """Return what a dot without a line means; one run has no lines."""
    if is_one_run(table):
        return ", of one run, so without intervals"
    return ", lines their intervals; where no line shows, the interval is narrower than the dot"


def _names(table: pd.DataFrame, kind: str, labels: Labels) -> list[str]:
    return [wrapped(label_of(scenario, labels), _LETTERS) for scenario in in_given_order(table, kind)]


def _key(table: pd.DataFrame) -> list[Line2D]:
    """Only what is drawn: of which kind, of whom, and grey where there are intervals to hold zero."""
    kinds = kinds_of(table)
    line = line_in_key(table)
    key = [_mark("policy", label="everybody", linestyle=line)] if "policy" in kinds else []
    if "users" in set(table["group"]):
        key.append(_mark(kinds[0], label="users of the measures only", linestyle=line, markerfacecolor="white"))
    if "counterfactual" in kinds:
        key.append(_mark("counterfactual", label=KINDS["counterfactual"], linestyle=line))
    if not is_one_run(table):
        key.append(_mark(kinds[0], label="grey: interval includes zero", color=GREY, linewidth=0.9))
    return key


def _mark(kind: str, **style: Any) -> Line2D:
    """Return a dot as in the panels of this kind."""
    return Line2D([], [], **{"color": COLOURS[kind], "marker": MARKERS[kind], "markersize": _DOT[kind], **style})


def _title(table: pd.DataFrame, outcome: str, labels: Labels) -> str:
    rows = table[table["group"] == "everybody"]
    is_people = unit_of(rows).startswith("per 1,000")
    today = f"\ntoday {rows['baseline'].iloc[0]:.0f} per 1,000 employees" if is_people else ""
    return label_of(outcome, labels).replace(" (", "\n(") + today


def _draw_panel(axes: Axes, table: pd.DataFrame, scenarios: Sequence[str], kind: str) -> None:
    """A row a scenario, everybody a little above the row's middle, users a little below."""
    shift = 0.17 if "users" in set(table["group"]) else 0.0
    for row in table.to_dict("records"):
        users = row["group"] == "users"
        height = scenarios.index(row["scenario"]) + (shift if users else -shift)
        if math.isnan(row["difference"]):
            if not users:
                _write_reason(axes, row, height)
            continue
        _dot_and_interval(axes, row, height, kind, hollow=users)
    axes.axvline(0, color=INK, linewidth=0.8, zorder=1)
    top = axes.get_xaxis_transform()
    axes.annotate(TODAY, (0, 1), (0, 2), xycoords=top, textcoords="offset points", color=GREY, ha="center")
    axes.set_xlim(around_zero(table[["difference", "low", "high"]], least=_ROOM_BESIDE_ZERO))
    axes.xaxis.set_major_locator(round_ticks(6))
    axes.set_xlabel(f"difference, {unit_of(table)}\n{directions(table)}")


def _write_reason(axes: Axes, row: Mapping[Any, Any], height: float) -> None:
    """Write the reason in place of a dot where a scenario does not apply."""
    nothing = float("nan")
    why = change_in_words(nothing, nothing, nothing, str(row["unit"]), reason=str(row.get("reason", "")))
    axes.text(
        0.5, height, wrapped(why, _LETTERS), transform=axes.get_yaxis_transform(), color=GREY, ha="center", va="center",
        fontsize=SMALL, bbox={"facecolor": "white", "edgecolor": "none", "pad": 0}, zorder=4,
    )  # fmt: skip


def _dot_and_interval(axes: Axes, row: Mapping[Any, Any], height: float, kind: str, hollow: bool) -> None:
    holds_zero = row["low"] <= 0 <= row["high"]  # nan is never grey: one run has no interval
    color = GREY if holds_zero else COLOURS[kind]
    axes.plot([row["low"], row["high"]], [height, height], color=color, linewidth=0.9 if holds_zero else 1.5, zorder=2)
    axes.plot(
        row["difference"], height, MARKERS[kind], color=color, markersize=_DOT[kind], zorder=3,
        markerfacecolor="white" if hollow else color,
    )  # fmt: skip


def _name_rows(axes: Axes, names: Sequence[str], with_names: bool) -> None:
    axes.set_yticks(range(len(names)), names if with_names else [""] * len(names))
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="y", color=PALE, linewidth=0.4)
