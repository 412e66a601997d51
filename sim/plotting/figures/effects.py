"""Every policy's difference from today's practice, as a dot and an interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sim.outcomes.definitions import MAIN_OUTCOMES
from sim.plotting.figures.page_layout import LINE, blank, footer_of, line_in_key, sample, sureness
from sim.plotting.figures.panels import LESS, draw_tested, name_rows
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
from sim.plotting.figures.style import MARKERS, with_style
from sim.plotting.style import COLOURS, GREY, INK
from sim.reporting.changes import change_in_words
from sim.reporting.labels import KINDS, TODAY, label_of
from sim.reporting.tables import in_given_order, require_columns

_NAMES, _LETTERS = 1.72, 24
"""Inches of the column of names, and most letters in a line of it."""
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
    heights = {kind: len(own) * max(_ROW, 0.06 + LINE * most_lines(own)) for kind, own in names.items()}
    sheet = blank(
        body=_FIRST - _NEXT + sum(_NEXT + height + _BELOW for height in heights.values()),
        title=f"Effect of each {KINDS[kinds[0]]} on burn-out complaints and isolation",
        subtitle=f"Dots are mean differences from {TODAY}{_on_lines(table)}. {_ORDER[kinds[0]]}",
        key=_key(table),
        footer=footer_of(table, sureness(table), footer),
    )
    top = _FIRST
    for kind in kinds:
        panels = sheet.row(len(outcomes), _NAMES, top, heights[kind], gap=0.3)
        for place, (axes, outcome) in enumerate(zip(panels, outcomes, strict=True)):
            rows = of_outcome(table[table["kind"] == kind], outcome)
            _draw_panel(axes, rows, kind, [""] * len(names[kind]) if place else names[kind])
            first = kind == kinds[0]
            axes.set_title(_title(rows, outcome, labels) if first else _NOT_OPTIONS[place > 0], pad=14)
        top += heights[kind] + _BELOW + _NEXT
    return sheet.figure


def _on_lines(table: pd.DataFrame) -> str:
    """Return what a dot without a line means; one run has no lines."""
    if is_one_run(table):
        return ", of one run, so without intervals"
    return ", lines their intervals; where no line shows, the interval is narrower than the dot"


def _names(table: pd.DataFrame, kind: str, labels: Labels) -> list[str]:
    return [wrapped(label_of(scenario, labels), _LETTERS) for scenario in in_given_order(table, kind)]


def _key(table: pd.DataFrame) -> list[Line2D]:
    """Return an entry for all that is drawn; intervals may include zero where there are any."""
    kinds = kinds_of(table)
    line = line_in_key(table)
    entries: list[tuple[str, str, dict[str, Any]]] = [("everybody", "policy", {})] if "policy" in kinds else []
    if "users" in set(table["group"]):
        entries.append(("users of the measures only", kinds[0], {"markerfacecolor": "white"}))
    if "counterfactual" in kinds:
        entries.append((KINDS["counterfactual"], "counterfactual", {}))
    if not is_one_run(table):
        entries.append(("grey: interval includes zero", kinds[0], {"color": GREY, "linewidth": LESS}))
    return [
        sample(
            label,
            **{"color": COLOURS[kind], "marker": MARKERS[kind], "markersize": _DOT[kind], "linestyle": line} | own,
        )
        for label, kind, own in entries
    ]


def _title(table: pd.DataFrame, outcome: str, labels: Labels) -> str:
    rows = table[table["group"] == "everybody"]
    is_people = unit_of(rows).startswith("per 1,000")
    today = f"\ntoday {rows['baseline'].iloc[0]:.0f} per 1,000 employees" if is_people else ""
    return label_of(outcome, labels).replace(" (", "\n(") + today


def _draw_panel(axes: Axes, table: pd.DataFrame, kind: str, names: Sequence[str]) -> None:
    """Draw a row per scenario, everybody a little above its middle, users a little below."""
    scenarios = in_given_order(table, kind)
    users = table["group"] == "users"
    shift = 0.17 if users.any() else 0.0
    table = table.assign(
        place=[scenarios.index(one) for one in table["scenario"]] + shift * np.where(users, 1, -1),
        hollow=users,
        grey=(table["low"] <= 0) & (table["high"] >= 0),  # nan is never grey: one run has no interval
    )
    for row in table[table["difference"].isna() & ~users].to_dict("records"):
        _write_reason(axes, row)
    for hollow, rows in table.dropna(subset=["difference"]).groupby("hollow"):
        draw_tested(
            axes, rows, rows["grey"], rows["place"], COLOURS[kind], middle="difference", marker=MARKERS[kind],
            markersize=_DOT[kind], markerfacecolor="white" if hollow else None,
        )  # fmt: skip
    axes.axvline(0, color=INK, linewidth=0.8, zorder=1)
    top = axes.get_xaxis_transform()
    axes.annotate(TODAY, (0, 1), (0, 2), xycoords=top, textcoords="offset points", color=GREY, ha="center")
    axes.set_xlim(around_zero(table[["difference", "low", "high"]], least=_ROOM_BESIDE_ZERO))
    axes.xaxis.set_major_locator(round_ticks(6))
    axes.set_xlabel(f"difference, {unit_of(table)}\n{directions(table)}")
    name_rows(axes, names)


def _write_reason(axes: Axes, row: Mapping[Any, Any]) -> None:
    """Write the reason in place of a dot where a scenario does not apply."""
    nothing = float("nan")
    why = change_in_words(nothing, nothing, nothing, str(row["unit"]), reason=str(row.get("reason", "")))
    axes.text(
        0.5, row["place"], wrapped(why, _LETTERS), transform=axes.get_yaxis_transform(), color=GREY, ha="center",
        va="center", bbox={"facecolor": "white", "edgecolor": "none", "pad": 0}, zorder=4,
    )  # fmt: skip
