"""Every policy's difference from today's practice as a dot and an interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sim.outcomes.figures.rows import (
    EFFECTS,
    HEADLINES,
    Labels,
    around_zero,
    directions,
    kinds_of,
    most_lines,
    of_outcome,
    round_ticks,
    rows_of,
    unit_of,
    wrapped,
)
from sim.outcomes.figures.sheet import CHANCE_ONLY, blank, footer_of
from sim.outcomes.figures.style import BLUE, COLOURS, GREY, INK, MARKERS, PALE, VERMILLION, in_house_style
from sim.outcomes.summary import TODAY, in_given_order, is_distinguishable, label_of, require_columns

_NAMES, _LETTERS, _LINE = 1.72, 24, 0.14
"""Inches of the column of names, most letters a line in it, inches from line to line."""
_ABOVE, _ROW, _BELOW = {"policy": 0.72, "counterfactual": 0.44}, 0.3, 0.62
"""Inches: a panel's title, one scenario's row, and a panel's axis."""
_DOT = {"policy": 4.4, "counterfactual": 4.0}
"""Points across."""
_ROOM_BESIDE_ZERO = 0.17
"""Least share of an axis on either side of zero, so that the words over the zero line fit."""


@in_house_style
def draw(table: pd.DataFrame, labels: Labels = None, footer: str = "", outcomes: Sequence[str] = HEADLINES) -> Figure:
    """Every policy's difference from the baseline with its interval, and the what-if worlds in panels apart.

    `table` is the long table of effects; drawn are the groups everybody (filled) and users (hollow).
    """
    table = rows_of(require_columns(table, EFFECTS, "effects"), outcomes, groups=("everybody", "users"))
    kinds = kinds_of(table)
    names = {kind: _names(table, kind, labels) for kind in kinds}
    heights = {kind: len(own) * max(_ROW, 0.06 + _LINE * most_lines(own)) for kind, own in names.items()}
    sheet = blank(
        body=sum(_ABOVE[kind] + heights[kind] + _BELOW for kind in kinds),
        title="How far each policy moves burn-out complaints and isolation",
        subtitle=f"Dots are mean differences from {TODAY}{_on_lines(table)}. The policies stand in a fixed "
        "order, not in one of success.",
        key=_key(),
        footer=footer_of(table, CHANCE_ONLY, footer),
    )
    top = 0.0
    for kind in kinds:
        across, upper = len(outcomes), top + _ABOVE[kind]
        panels = sheet.grid(across, across, _NAMES, upper, heights[kind], step=heights[kind], gap=0.3)
        for place, (axes, outcome) in enumerate(zip(panels, outcomes, strict=True)):
            rows = of_outcome(table[table["kind"] == kind], outcome)
            _draw_panel(axes, rows, in_given_order(rows, kind), kind)
            _name_rows(axes, names[kind], shown=place == 0)
            axes.set_title(_title(rows, outcome, kind, labels, first=place == 0), pad=14)
        top = upper + heights[kind] + _BELOW
    return sheet.figure


def _on_lines(table: pd.DataFrame) -> str:
    """What a dot without a line means; of one run there are no lines at all."""
    if table["low"].isna().all():
        return ", of one run, so without intervals"
    return ", lines their intervals; where no line shows, the interval is narrower than the dot"


def _names(table: pd.DataFrame, kind: str, labels: Labels) -> list[str]:
    return [wrapped(label_of(scenario, labels), _LETTERS) for scenario in in_given_order(table, kind)]


def _key() -> list[Line2D]:
    everybody = Line2D([], [], color=BLUE, marker="o", markersize=_DOT["policy"], label="everybody")
    users = Line2D(
        *([], []), color=BLUE, marker="o", markersize=_DOT["policy"], markerfacecolor="white",
        label="users of the measures only",
    )  # fmt: skip
    world = Line2D(*([], []), color=VERMILLION, marker="D", markersize=_DOT["counterfactual"], label="what-if world")
    unclear = Line2D(
        *([], []), color=GREY, linewidth=0.9, marker="o", markersize=_DOT["policy"],
        label="grey: interval holds zero",
    )  # fmt: skip
    return [everybody, users, world, unclear]


def _title(table: pd.DataFrame, outcome: str, kind: str, labels: Labels, first: bool) -> str:
    if kind == "counterfactual":
        return "What-if worlds, not options (own scale)" if first else ""
    rows = table[table["group"] == "everybody"]
    counted = unit_of(rows).startswith("per 1,000")
    today = f"\ntoday {rows['baseline'].iloc[0]:.0f} per 1,000 employees" if counted else ""
    return label_of(outcome, labels).replace(" (", "\n(") + today


def _draw_panel(axes: Axes, table: pd.DataFrame, scenarios: Sequence[str], kind: str) -> None:
    """A row a scenario, everybody a little above the row's middle, users a little below."""
    shift = 0.17 if "users" in set(table["group"]) else 0.0
    for row in table.to_dict("records"):
        users = row["group"] == "users"
        height = scenarios.index(row["scenario"]) + (shift if users else -shift)
        _dot_and_interval(axes, row, height, kind, hollow=users)
    axes.axvline(0, color=INK, linewidth=0.8, zorder=1)
    top = axes.get_xaxis_transform()
    axes.annotate(TODAY, (0, 1), (0, 2), xycoords=top, textcoords="offset points", color=GREY, ha="center")
    axes.set_xlim(around_zero(table[["difference", "low", "high"]], least=_ROOM_BESIDE_ZERO))
    axes.xaxis.set_major_locator(round_ticks(6))
    axes.set_xlabel(f"difference, {unit_of(table)}\n{directions(table)}")


def _dot_and_interval(axes: Axes, row: Mapping[Any, Any], height: float, kind: str, hollow: bool) -> None:
    distinct = is_distinguishable(row["low"], row["high"])
    color = COLOURS[kind] if distinct else GREY
    axes.plot([row["low"], row["high"]], [height, height], color=color, linewidth=1.5 if distinct else 0.9, zorder=2)
    axes.plot(
        row["difference"], height, MARKERS[kind], color=color, markersize=_DOT[kind], zorder=3,
        markerfacecolor="white" if hollow else color,
    )  # fmt: skip


def _name_rows(axes: Axes, names: Sequence[str], shown: bool) -> None:
    axes.set_yticks(range(len(names)), names if shown else [""] * len(names))
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="y", color=PALE, linewidth=0.4)
