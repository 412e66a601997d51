"""Figures of the effects of doses of policies, and of the interactions of pairs of policies."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sim.plotting.figures.page_layout import blank, letters, panel_width
from sim.plotting.figures.selection import around_zero, most_lines, round_ticks, signed, unit_of, wrapped
from sim.plotting.figures.style import SMALL, with_style
from sim.plotting.style import BLUE, GREY, INK, ORANGE, PALE
from sim.reporting.changes import direction_words, is_distinguishable
from sim.reporting.labels import TODAY, label_of, outcome_name
from sim.reporting.sensitivity import decimals, dose_name
from sim.reporting.tables import require_columns

_HOLDS = "95% interval: people and chance; parameters held fixed"
_STRENGTHENS = "†: employers with its measures in 2022 change to the stronger form at any dose above 0"
_LINES: dict[str, dict[str, Any]] = {
    "dose": {"color": BLUE, "marker": "o", "label": "share of employers that take it"},
    "strength": {
        "color": ORANGE, "marker": "s", "linestyle": "--", "markerfacecolor": "white",
        "label": "strength at all employers",
    },
}  # fmt: skip
_MOST_IN_A_ROW = 5
_LEFT, _HEIGHT, _AXIS, _GAP = 0.62, 1.25, 0.3, 0.2
"""Inches: left of the panels, height of a panel, below it, between panels."""
_MAP, _MAP_LEFT, _MAP_TITLE, _MAP_AXIS, _MAP_GAP = 2.3, 1.0, 0.5, 0.62, 0.95
"""Inches of a side of a map, and of the room around and between maps."""
_ROOM = 1.7
"""Factor by which the scale of colours exceeds the largest number, so that text is readable on all cells."""
_LESS_TO_MORE = LinearSegmentedColormap.from_list("less to more", [BLUE, "white", ORANGE])


@with_style
def responses(table: pd.DataFrame, footer: str = "") -> Figure:
    """Draw the paired difference of one outcome by dose: a panel per policy, a line per kind of dose.

    `table` has the doses of one outcome.
    """
    columns = ("factor", "step", "outcome", "unit", "difference", "low", "high", "replicates", "strengthens")
    table = require_columns(table, columns, "doses")
    table = table.assign(kind=table["factor"].str.partition(".")[0], policy=table["factor"].str.partition(".")[2])
    marked = table.groupby("policy", sort=False)["strengthens"].any()
    policies = list(marked.index)
    across = min(_MOST_IN_A_ROW, len(policies))
    width = letters(panel_width(across, _LEFT, _GAP))
    names = [wrapped(f"{label_of(policy)}{' †' if marked[policy] else ''}", width) for policy in policies]
    title = 0.14 * most_lines(names) + 0.12
    step = title + _HEIGHT + _AXIS
    kinds = [kind for kind in _LINES if kind in set(table["kind"])]
    sheet = blank(
        body=-(-len(policies) // across) * step + 0.15,
        title=f"{outcome_name(table['outcome'].iloc[0])}: effects of doses of each policy",
        subtitle=f"Difference from {TODAY}, {unit_of(table)}, from none of the policy (0) to all of it (1). "
        f"Below the line: {direction_words(unit_of(table))[0]}. Only measures that nobody had in 2022, and changes "
        "that apply everywhere, have a strength.",
        key=[Line2D([], [], markersize=3.6, **_LINES[kind]) for kind in kinds],
        footer=_footer(table, f"Band: {_HOLDS}{f'. {_STRENGTHENS}' if marked.any() else ''}", "point", footer),
    )
    panels = sheet.grid(len(policies), across, _LEFT, title, _HEIGHT, step, _GAP)
    for place, (axes, policy, name) in enumerate(zip(panels, policies, names, strict=True)):
        for kind in kinds:
            _line(axes, table[(table["policy"] == policy) & (table["kind"] == kind)].sort_values("step"), kind)
        axes.axhline(0, color=INK, linewidth=0.8, zorder=1)
        axes.set_ylim(around_zero(table[["difference", "low", "high"]], least=0.08))
        axes.yaxis.set_major_locator(round_ticks(5))
        axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
        axes.tick_params(labelleft=place % across == 0, labelbottom=place + across >= len(panels))
        axes.set_title(name, fontsize=SMALL)
    return sheet.figure


def _footer(table: pd.DataFrame, note: str, of: str, footer: str) -> str:
    return " · ".join(part for part in (f"{table['replicates'].max()} pairs of runs per {of}", note, footer) if part)


def _line(axes: Axes, rows: pd.DataFrame, kind: str) -> None:
    style = {name: value for name, value in _LINES[kind].items() if name != "label"}
    axes.fill_between(rows["step"], rows["low"], rows["high"], color=style["color"], alpha=0.2, linewidth=0)
    sns.lineplot(rows, x="step", y="difference", markersize=3.6, linewidth=1.3, zorder=3, ax=axes, **style)
    axes.set(xlabel="", ylabel="")


@with_style
def maps(table: pd.DataFrame, footer: str = "") -> Figure:
    """Draw the joint effects and interactions of two levers at all doses, for one outcome.

    `table` has the pairs of one outcome. Cells whose interval includes zero are white, with their number in grey.
    """
    columns = ("first", "second", "first_step", "second_step", "outcome", "unit", "joint", "interaction", "low", "high")
    table = require_columns(table, columns, "pairs")
    pairs = list(table.groupby(["first", "second"], sort=False))
    reach = _ROOM * float(table[["joint", "interaction"]].abs().to_numpy().max()) or 1.0
    less, more = direction_words(unit_of(table))
    step = _MAP_TITLE + _MAP + _MAP_AXIS
    sheet = blank(
        body=len(pairs) * step,
        title=f"{outcome_name(table['outcome'].iloc[0])}: effects of pairs of policies",
        subtitle=f"Left: joint difference from {TODAY}, {unit_of(table)}. Right: that, less the effect of each alone. "
        f"Doses range from none (0) to the full policy (1). Blue, minus: {less}; orange, plus: {more}.",
        key=[],
        footer=_footer(table, f"White: not distinguishable, the interval includes zero. {_HOLDS}", "cell", footer),
    )  # fmt: skip
    for place, ((first, second), rows) in enumerate(pairs):
        panels = sheet.grid(2, 2, _MAP_LEFT, _MAP_TITLE + place * step, _MAP, step, _MAP_GAP)
        _map(panels[0], rows, ("joint", "joint_low", "joint_high"), reach, "Both together")
        _map(panels[1], rows, ("interaction", "low", "high"), reach, "Beyond the sum of each alone")
        for axes in panels:
            axes.set_xlabel(dose_name(second))
            axes.set_ylabel(dose_name(first))
    return sheet.figure


def _map(axes: Axes, rows: pd.DataFrame, columns: tuple[str, str, str], reach: float, title: str) -> None:
    middle, low, high = (rows.pivot(index="first_step", columns="second_step", values=name) for name in columns)
    distinguishable = np.vectorize(is_distinguishable)(low, high)
    sns.heatmap(
        middle.where(distinguishable, 0.0), vmin=-reach, vmax=reach, cmap=_LESS_TO_MORE, cbar=False, linecolor=PALE,
        linewidth=0.5, ax=axes,
    )  # fmt: skip
    axes.invert_yaxis()  # doses rise from the lower left corner
    digits = max(decimals(unit_of(rows)), 2)
    for line, column in np.ndindex(middle.shape):
        number = middle.to_numpy()[line, column]
        style: dict[str, Any] = (
            {"color": INK, "weight": "bold"} if distinguishable[line, column] else {"color": GREY, "style": "italic"}
        )
        axes.text(column + 0.5, line + 0.5, _written(number, digits), ha="center", va="center", **style)
    axes.set_xticks(np.arange(middle.shape[1]) + 0.5, [f"{step:g}" for step in middle.columns], rotation=0)
    axes.set_yticks(np.arange(middle.shape[0]) + 0.5, [f"{step:g}" for step in middle.index], rotation=0)
    axes.tick_params(length=0)
    axes.set_title(title)


def _written(number: float, digits: int) -> str:
    """Return the number of a cell; one that rounds to zero is not zero."""
    return "0" if number == 0 else "≈0" if round(number, digits) == 0 else signed(number, digits)
