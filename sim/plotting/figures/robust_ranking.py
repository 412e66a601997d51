"""Figures of the ranking: 100 draws per policy as dots, effects over draws, and shares of draws by pair of policies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from sim.outcomes.definitions import MAIN_OUTCOMES, OUTCOMES
from sim.plotting.figures.page_layout import FigureLayout, blank, panel_width, sample
from sim.plotting.figures.panels import LESS, draw_heat_map, draw_intervals, name_rows
from sim.plotting.figures.selection import around_zero, round_ticks, wrapped
from sim.plotting.figures.style import with_style
from sim.plotting.style import BLUE, GREY, INK, ORANGE, PALE
from sim.reporting.changes import direction_words
from sim.reporting.labels import TODAY, label_of

_NAMES, _LETTERS, _GAP = 1.72, 24, 0.3
"""Inches of the column of names, letters per line in it, and inches between panels."""
_LINES_OF_DOTS, _DOT, _ROW = 4, 0.094, 0.52
"""Lines of dots per policy, inches from dot to dot, and inches per policy."""
_QUANTILES, _QUANTILE_ROW = 20, 0.46
_NAMES_OF_PAIRS, _CELL = 2.14, 0.2
"""Inches: the column of numbered names, and the smallest height of a row of pairs."""
_LEAD = LinearSegmentedColormap.from_list("lead", [ORANGE, "white", BLUE])
_MARKS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("better than today's practice", {"marker": "o", "color": BLUE, "markersize": 5.2}),
    ("about the same", {"marker": "o", "color": PALE, "markersize": 5.2}),
    ("changes nothing at all", {"marker": "o", "color": GREY, "markerfacecolor": "white", "markersize": 3.6,
                                "markeredgewidth": 0.6}),
    ("worse", {"marker": "D", "color": ORANGE, "markersize": 4.4, "markeredgecolor": INK, "markeredgewidth": 0.5}),
)  # fmt: skip
"""Dots by result. Worse also differs in shape and edge, for readers and printers without colour."""


# -- 100 draws as dots ------------------------------------------------------------------------------------------------


@with_style
def draw_dots(table: pd.DataFrame, footer: str = "") -> Figure:
    """Draw 100 dots per policy and outcome; `table` is against_today of the draws to show."""
    policies = [str(policy) for policy in table["policy"].unique()]
    height = _ROW * len(policies)
    sheet = blank(
        body=0.5 + height,
        title="Each policy in 100 plausible draws",
        subtitle=f"Each dot is one draw of 100, compared with {TODAY} in the same draw. This is not the chance that a "
        "policy works in an organisation. The order of the policies has no meaning.",
        key=[sample(label, **style) for label, style in _MARKS],
        footer=footer,
    )
    for axes, outcome in _panels(sheet, policies, height):
        rows = table[table["outcome"] == outcome].set_index("policy").loc[policies]
        for place, row in enumerate(rows.to_dict("records")):
            unchanged = row["unchanged_of_100"]
            counts = (row["better_of_100"], row["same_of_100"] - unchanged, unchanged, row["worse_of_100"])
            _draw_dots(axes, counts, place)
        axes.set(xlim=(-1, panel_width(len(MAIN_OUTCOMES), _NAMES, _GAP) / _DOT - 1), xticks=[])
        axes.spines["bottom"].set_visible(False)
    return sheet.figure


def _panels(sheet: FigureLayout, policies: Sequence[str], height: float) -> Iterator[tuple[Axes, str]]:
    """Yield a panel per outcome with a row per policy; the first one names the policies."""
    names = [wrapped(label_of(policy), _LETTERS) for policy in policies]
    for axes, outcome in zip(sheet.row(len(MAIN_OUTCOMES), _NAMES, 0.4, height, _GAP), MAIN_OUTCOMES, strict=True):
        yield axes, outcome
        name_rows(axes, [""] * len(names) if outcome != MAIN_OUTCOMES[0] else names, grid=False)
        axes.set_title(_title(outcome), pad=4)


def _title(outcome: str) -> str:
    return OUTCOMES[outcome].label.replace(" (", "\n(")


def _draw_dots(axes: Axes, counts: Sequence[int], place: int) -> None:
    """Draw dots in columns around a row, one kind after the other."""
    start = 0
    for count, (_, style) in zip(counts, _MARKS, strict=True):
        columns, lines = np.divmod(np.arange(start, start + count), _LINES_OF_DOTS)
        axes.plot(columns, place + (lines - (_LINES_OF_DOTS - 1) / 2) * _DOT / _ROW, linestyle="none", **style)
        start += count


# -- effects over draws -----------------------------------------------------------------------------------------------


@with_style
def draw_effects(effects: Mapping[str, pd.DataFrame], margins: Mapping[str, float], footer: str = "") -> Figure:
    """Draw 20 quantiles of each policy's effect over draws as dots, with the median and the middle 90%.

    `effects` are tables of draws by policies, and `margins` the largest differences that count as equal, by outcome.
    """
    policies = [str(policy) for policy in effects[MAIN_OUTCOMES[0]].columns]
    height = _QUANTILE_ROW * len(policies)
    sheet = blank(
        body=0.5 + height + 0.62,
        title="Size of each policy's effect across plausible draws",
        subtitle=f"Differences from {TODAY} within a draw. Each dot stands for 5% of the draws; dots at the same value "
        "are stacked. The order of the policies has no meaning.",
        key=[
            sample("5% of draws", BLUE, marker="o", markersize=3.4),
            sample("median", INK, marker="|", markersize=9, markeredgewidth=1.6),
            sample("middle 90% of draws", GREY, linewidth=0.9),
            Patch(facecolor=PALE, alpha=0.5, label="about the same"),
        ],
        footer=footer,
    )
    for axes, outcome in _panels(sheet, policies, height):
        _draw_quantiles(axes, effects[outcome][policies], outcome)
        axes.axvspan(-margins[outcome], margins[outcome], color=PALE, alpha=0.5, linewidth=0, zorder=-1)
    return sheet.figure


def _draw_quantiles(axes: Axes, effects: pd.DataFrame, outcome: str) -> None:
    quantiles = effects.quantile((np.arange(_QUANTILES) + 0.5) / _QUANTILES)
    axes.set_xlim(around_zero(quantiles, least=0.1))
    axes.set_ylim(len(effects.columns) - 0.5, -0.5)
    middle = effects.quantile([0.05, 0.5, 0.95]).T.set_axis(["low", "median", "high"], axis=1)
    draw_intervals(
        axes, middle, "median", places=np.arange(len(middle)) + 0.36, width=LESS, color=GREY, marker="|",
        markersize=7, markeredgewidth=1.6, markeredgecolor=INK,
    )  # fmt: skip
    sns.swarmplot(
        quantiles, orient="y", color=BLUE, size=3.4, edgecolor="white", linewidth=0.35, ax=axes,
        warn_thresh=1,  # of many equal draws the last ones lie on each other
    )  # fmt: skip
    axes.axvline(0, color=INK, linewidth=0.8, zorder=0)
    axes.xaxis.set_major_locator(round_ticks(6))
    less, more = direction_words(OUTCOMES[outcome].unit)
    axes.set(xlabel=f"difference, {OUTCOMES[outcome].unit}\n← {less}   ·   {more} →", ylabel="")


# -- pairs ------------------------------------------------------------------------------------------------------------


@with_style
def draw_pairs(table: pd.DataFrame, footer: str = "") -> Figure:
    """Draw in how many of 100 draws the policy of a row is better than that of a column; `table` is pairs."""
    policies = list(dict.fromkeys([*table["first"], *table["second"]]))
    gap = 0.2
    width = panel_width(len(MAIN_OUTCOMES), _NAMES_OF_PAIRS, gap)
    height = max(width, _CELL * len(policies))
    sheet = blank(
        body=0.68 + height,
        title="Pairs of policies in 100 plausible draws",
        subtitle="Numbers: draws of 100 in which the policy of the row is better than that of the column by more than "
        "the margin. A number and the one across the diagonal may add up to less than 100: the remaining draws are "
        "about the same.",
        key=[
            Patch(facecolor=BLUE, label="the row wins more often"),
            Patch(facecolor=ORANGE, label="the column wins more often"),
            Patch(facecolor="white", edgecolor=GREY, linewidth=0.6, label="undecided (number in grey)"),
        ],
        footer=footer,
    )
    names = [wrapped(f"{label_of(policy)}  {number}", 34) for number, policy in enumerate(policies, start=1)]
    for axes, outcome in zip(sheet.row(2, _NAMES_OF_PAIRS, 0.58, height, gap), MAIN_OUTCOMES, strict=True):
        _draw_matrix(axes, table[table["outcome"] == outcome], policies)
        axes.set_yticks(np.arange(len(names)) + 0.5, names if outcome == MAIN_OUTCOMES[0] else [""] * len(names))
        axes.set_title(_title(outcome), pad=5)
    return sheet.figure


def _draw_matrix(axes: Axes, table: pd.DataFrame, policies: Sequence[str]) -> None:
    """Draw a cell per pair: the share of draws in which the row wins, coloured by its lead where one is ahead."""
    ahead = (table["better_share"] - table["worse_share"]).where(table["ahead"].astype(bool), 0.0)
    pairs = table[["first", "second"]].assign(lead=ahead, share=table["better_share"])
    swapped = table[["second", "first"]].set_axis(["first", "second"], axis=1)
    pairs = pd.concat([pairs, swapped.assign(lead=-ahead, share=table["worse_share"])])
    lead, share = (
        pairs.pivot(index="first", columns="second", values=name).reindex(policies, columns=policies)
        for name in ("lead", "share")
    )
    numbers = [str(number + 1) for number in range(len(policies))]
    draw_heat_map(
        axes, lead, share.map(lambda part: f"{100 * part:.0f}", na_action="ignore"), lead != 0, {},
        {"color": GREY, "style": "italic"}, cmap=_LEAD, vmin=-1, vmax=1, xticklabels=numbers,
    )  # fmt: skip
    axes.xaxis.tick_top()
