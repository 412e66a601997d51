"""Figures of the effects of doses of policies, and of the interactions of pairs of policies."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from sim.plotting.figures.page_layout import Facets, blank, notes, sample
from sim.plotting.figures.panels import draw_heat_map
from sim.plotting.figures.selection import around_zero, round_ticks, signed, unit_of
from sim.plotting.figures.style import with_style
from sim.plotting.style import BLUE, GREY, INK, ORANGE
from sim.reporting.changes import direction_words, is_distinguishable
from sim.reporting.labels import TODAY, label_of, outcome_name
from sim.reporting.sensitivity import decimals, dose_name
from sim.reporting.tables import require_columns

_HOLDS = "95% interval: people and chance; parameters held fixed"
_STRENGTHENS = "†: employers with its measures in 2022 change to the stronger form at any dose above 0"
_LINES: dict[str, dict[str, Any]] = {
    "dose": {"color": BLUE, "marker": "o", "markersize": 3.6, "label": "share of employers that take it"},
    "strength": {
        "color": ORANGE, "marker": "s", "markersize": 3.6, "markerfacecolor": "white", "linestyle": "--",
        "label": "strength at all employers",
    },
}  # fmt: skip
_MAP, _MAP_LEFT, _MAP_TITLE, _MAP_AXIS, _MAP_GAP = 2.3, 1.0, 0.5, 0.62, 0.95
"""Inches of a side of a map, and of the room around and between maps."""
_SCALE = 1.7
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
    names = [f"{label_of(policy)}{' †' if marked[policy] else ''}" for policy in marked.index]
    facets = Facets(names, left=0.62, height=1.25, below=0.3, gap=0.2, shared_x=True)
    kinds = [kind for kind in _LINES if kind in set(table["kind"])]
    sheet = blank(
        body=facets.body + 0.15,
        title=f"{outcome_name(table['outcome'].iloc[0])}: effects of doses of each policy",
        subtitle=f"Difference from {TODAY}, {unit_of(table)}, from none of the policy (0) to all of it (1). "
        f"Below the line: {direction_words(unit_of(table))[0]}. Only measures that nobody had in 2022, and changes "
        "that apply everywhere, have a strength.",
        key=[sample(**({"linestyle": "-"} | _LINES[kind])) for kind in kinds],
        footer=_footer(table, f"Band: {_HOLDS}{f'. {_STRENGTHENS}' if marked.any() else ''}", "point", footer),
    )
    for axes, policy in zip(facets.draw(sheet), marked.index, strict=True):
        for kind in kinds:
            rows = table[(table["policy"] == policy) & (table["kind"] == kind)].sort_values("step")
            style = {name: value for name, value in _LINES[kind].items() if name != "label"}
            axes.fill_between(rows["step"], rows["low"], rows["high"], color=style["color"], alpha=0.2, linewidth=0)
            sns.lineplot(rows, x="step", y="difference", linewidth=1.3, zorder=3, ax=axes, **style)
        axes.axhline(0, color=INK, linewidth=0.8, zorder=1)
        axes.set(xlabel="", ylabel="", ylim=around_zero(table[["difference", "low", "high"]], least=0.08))
        axes.yaxis.set_major_locator(round_ticks(5))
        axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    return sheet.figure


def _footer(table: pd.DataFrame, note: str, of: str, footer: str) -> str:
    return notes(f"{table['replicates'].max()} pairs of runs per {of}", note, footer)


@with_style
def maps(table: pd.DataFrame, footer: str = "") -> Figure:
    """Draw the joint effects and interactions of two levers at all doses, for one outcome.

    `table` has the pairs of one outcome. Cells whose interval includes zero are white, with their number in grey.
    """
    columns = ("first", "second", "first_step", "second_step", "outcome", "unit", "joint", "interaction", "low", "high")
    table = require_columns(table, columns, "pairs")
    pairs = list(table.groupby(["first", "second"], sort=False))
    reach = _SCALE * float(table[["joint", "interaction"]].abs().to_numpy().max()) or 1.0
    less, more = direction_words(unit_of(table))
    step = _MAP_TITLE + _MAP + _MAP_AXIS
    sheet = blank(
        body=len(pairs) * step,
        title=f"{outcome_name(table['outcome'].iloc[0])}: effects of pairs of policies",
        subtitle=f"Left: joint difference from {TODAY}, {unit_of(table)}. Right: that, less the effect of each alone. "
        f"Doses range from none (0) to the full policy (1). Blue, minus: {less}; orange, plus: {more}.",
        footer=_footer(table, f"White: not distinguishable, the interval includes zero. {_HOLDS}", "cell", footer),
    )  # fmt: skip
    for place, ((first, second), rows) in enumerate(pairs):
        panels = sheet.row(2, _MAP_LEFT, _MAP_TITLE + place * step, _MAP, _MAP_GAP)
        _map(panels[0], rows, ("joint", "joint_low", "joint_high"), reach, "Both together")
        _map(panels[1], rows, ("interaction", "low", "high"), reach, "Beyond the sum of each alone")
        for axes in panels:
            axes.set_xlabel(dose_name(second))
            axes.set_ylabel(dose_name(first))
    return sheet.figure


def _map(axes: Axes, rows: pd.DataFrame, columns: tuple[str, str, str], reach: float, title: str) -> None:
    middle, low, high = (
        rows.pivot(index="first_step", columns="second_step", values=name).iloc[::-1] for name in columns
    )  # doses rise from the lower left corner
    distinguishable = np.vectorize(is_distinguishable)(low, high)
    digits = max(decimals(unit_of(rows)), 2)
    draw_heat_map(
        axes, middle.where(distinguishable, 0.0), middle.map(lambda number: _written(number, digits)), distinguishable,
        {"color": INK, "weight": "bold"}, {"color": GREY, "style": "italic"}, vmin=-reach, vmax=reach,
        cmap=_LESS_TO_MORE, xticklabels=[f"{step:g}" for step in middle.columns],
        yticklabels=[f"{step:g}" for step in middle.index],
    )  # fmt: skip
    axes.set_title(title)


def _written(number: float, digits: int) -> str:
    """Return the number of a cell; one that rounds to zero is not zero."""
    return "0" if number == 0 else "≈0" if round(number, digits) == 0 else signed(number, digits)
