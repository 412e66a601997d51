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
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from sim.outcomes.definitions import MAIN_OUTCOMES, OUTCOMES
from sim.plotting.figures.page_layout import FigureLayout, blank, panel_width
from sim.plotting.figures.selection import around_zero, round_ticks, wrapped
from sim.plotting.figures.style import SMALL, with_style
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
_DARK = 0.6
"""Lead from which on the number in a cell is white, because the cell is dark."""
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
        key=[Line2D([], [], linestyle="none", label=label, **style) for label, style in _MARKS],
        footer=footer,
    )
    heights = [_ROW * (line + 0.5) for line in range(len(policies))]
    for axes, outcome, width in _panels(sheet, policies, heights, height):
        rows = table[table["outcome"] == outcome].set_index("policy").loc[policies]
        for line, row in enumerate(rows.to_dict("records")):
            unchanged = row["unchanged_of_100"]
            counts = (row["better_of_100"], row["same_of_100"] - unchanged, unchanged, row["worse_of_100"])
            _draw_dots(axes, counts, line * _ROW)
        axes.set(xlim=(-_DOT, width - _DOT), ylim=(height, 0), xticks=[])
        axes.spines["bottom"].set_visible(False)
    return sheet.figure


def _panels(
    sheet: FigureLayout, policies: Sequence[str], heights: Sequence[float], height: float
) -> Iterator[tuple[Axes, str, float]]:
    """Yield a panel per outcome with its width in inches; the first one names the policies at these heights."""
    width = panel_width(len(MAIN_OUTCOMES), _NAMES, _GAP)
    names = [wrapped(label_of(policy), _LETTERS) for policy in policies]
    for column, outcome in enumerate(MAIN_OUTCOMES):
        axes = sheet.axes(_NAMES + column * (width + _GAP), 0.4, width, height)
        axes.set_yticks(heights, [""] * len(names) if column else names)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.set_title(_title(outcome), pad=4)
        yield axes, outcome, width


def _title(outcome: str) -> str:
    return OUTCOMES[outcome].label.replace(" (", "\n(")


def _draw_dots(axes: Axes, counts: Sequence[int], top: float) -> None:
    """Draw dots in columns, one kind after the other."""
    first = top + (_ROW - _DOT * (_LINES_OF_DOTS - 1)) / 2
    start = 0
    for count, (_, style) in zip(counts, _MARKS, strict=True):
        columns, lines = np.divmod(np.arange(start, start + count), _LINES_OF_DOTS)
        axes.plot(columns * _DOT, first + lines * _DOT, linestyle="none", **style)
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
            Line2D([], [], linestyle="none", marker="o", color=BLUE, markersize=3.4, label="5% of draws"),
            Line2D([], [], linestyle="none", marker="|", color=INK, markersize=9, markeredgewidth=1.6, label="median"),
            Line2D([], [], color=GREY, linewidth=0.9, label="middle 90% of draws"),
            Patch(facecolor=PALE, alpha=0.5, label="about the same"),
        ],
        footer=footer,
    )
    for axes, outcome, width in _panels(sheet, policies, range(len(policies)), height):
        _draw_quantiles(axes, effects[outcome][policies], outcome, width)
        axes.axvspan(-margins[outcome], margins[outcome], color=PALE, alpha=0.5, linewidth=0, zorder=-1)
    return sheet.figure


def _draw_quantiles(axes: Axes, effects: pd.DataFrame, outcome: str, width: float) -> None:
    at = (np.arange(_QUANTILES) + 0.5) / _QUANTILES
    quantiles = effects.quantile(at)
    axes.set_xlim(around_zero(quantiles, least=0.1))
    axes.set_ylim(len(effects.columns) - 0.42, -0.62)
    low, high = axes.get_xlim()
    across = 0.062 * (high - low) / width
    for line, policy in enumerate(effects.columns):
        values = quantiles[policy].to_numpy()
        axes.plot(effects[policy].quantile([0.05, 0.95]), [line + 0.22] * 2, color=GREY, linewidth=0.9, zorder=1)
        axes.plot(effects[policy].median(), line + 0.22, "|", color=INK, markersize=7, markeredgewidth=1.6, zorder=3)
        piles = np.round(values / across).astype(int)
        for pile in np.unique(piles):
            own = np.flatnonzero(piles == pile)
            step = min(0.135, 0.66 / max(len(own) - 1, 1))
            heights = line + 0.08 - step * np.arange(len(own))
            axes.plot([pile * across] * len(own), heights, "o", color=BLUE, markersize=3.4, markeredgecolor="white",
                      markeredgewidth=0.35, zorder=2)  # fmt: skip
    axes.axvline(0, color=INK, linewidth=0.8, zorder=0)
    axes.xaxis.set_major_locator(round_ticks(6))
    less, more = direction_words(OUTCOMES[outcome].unit)
    axes.set_xlabel(f"difference, {OUTCOMES[outcome].unit}\n← {less}   ·   {more} →")


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
    names = [f"{label_of(policy)}  {number}" for number, policy in enumerate(policies, start=1)]
    for column, outcome in enumerate(MAIN_OUTCOMES):
        axes = sheet.axes(_NAMES_OF_PAIRS + column * (width + gap), 0.58, width, height)
        _draw_matrix(axes, table[table["outcome"] == outcome], policies)
        middles = np.arange(len(names)) + 0.5
        axes.set_xticks(middles, [str(number + 1) for number in range(len(names))], rotation=0)
        axes.set_yticks(middles, [""] * len(names) if column else [wrapped(name, 34) for name in names], rotation=0)
        axes.set_title(_title(outcome), pad=5)
    return sheet.figure


def _draw_matrix(axes: Axes, table: pd.DataFrame, policies: Sequence[str]) -> None:
    place = {policy: number for number, policy in enumerate(policies)}
    lead, share = (np.full((len(policies), len(policies)), np.nan) for _ in range(2))
    for row in table.to_dict("records"):
        one, two = place[row["first"]], place[row["second"]]
        ahead = row["better_share"] - row["worse_share"] if row["ahead"] else 0.0
        lead[one, two], lead[two, one] = ahead, -ahead
        share[one, two], share[two, one] = row["better_share"], row["worse_share"]
    sns.heatmap(lead, cmap=_LEAD, vmin=-1, vmax=1, cbar=False, linecolor=PALE, linewidth=0.5, ax=axes)
    for one, two in np.argwhere(~np.isnan(share)):
        decided, dark = lead[one, two] != 0, lead[one, two] > _DARK
        colour = "white" if dark else INK if decided else GREY
        axes.text(two + 0.5, one + 0.5, f"{100 * share[one, two]:.0f}", ha="center", va="center", fontsize=SMALL,
                  color=colour, style="normal" if decided else "italic")  # fmt: skip
    axes.xaxis.tick_top()
    axes.tick_params(which="both", length=0)
