"""Robust ranking: a hundred worlds for every policy as dots, effects over worlds, and shares of worlds by pairs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
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
from sim.plotting.figures.page_layout import blank, panel_width
from sim.plotting.figures.saving import save
from sim.plotting.figures.selection import Labels, around_zero, round_ticks, wrapped
from sim.plotting.figures.style import BLUE, GREY, INK, ORANGE, PALE, SMALL, in_house_style
from sim.reporting.summary import TODAY, direction_words, label_of

Hundred = Callable[[Mapping[str, Any]], Sequence[int]]
"""Of a row of the table: in how many of a hundred worlds better, about the same, nothing at all, worse."""

_NAMES, _LETTERS = 1.72, 24
"""Inches of the column of names, and most letters a line in it."""
_LINES_OF_DOTS, _DOT, _ROW = 4, 0.094, 0.52
"""A policy's hundred dots stand in so many lines; inches from dot to dot, and of one policy's row."""
_QUANTILES, _QUANTILE_ROW = 20, 0.46
_NAMES_OF_PAIRS, _CELL = 2.14, 0.2
"""Inches: the column of numbered names, and the least height of a row of pairs."""
_LEAD = LinearSegmentedColormap.from_list("lead", [ORANGE, "white", BLUE])
_DARK = 0.6
"""From which lead on a cell is so dark that its number is white."""
_LOOKS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("better than today's practice", {"marker": "o", "color": BLUE, "markersize": 5.2}),
    ("about the same", {"marker": "o", "color": PALE, "markersize": 5.2}),
    ("changes nothing at all", {"marker": "o", "color": GREY, "markerfacecolor": "white", "markersize": 3.6,
                                "markeredgewidth": 0.6}),
    ("worse", {"marker": "D", "color": ORANGE, "markersize": 4.4, "markeredgecolor": INK, "markeredgewidth": 0.5}),
)  # fmt: skip
"""What a dot can be; worse differs by shape and rim as well, for eyes and printers without colour."""


def draw_all(
    tables: Mapping[str, pd.DataFrame],
    effects: Mapping[str, pd.DataFrame],
    margins: Mapping[str, float],
    hundred: Hundred,
    folder: Path,
    footer: str,
    labels: Labels = None,
) -> list[Path]:
    """Draw the three figures, of which that of pairs needs two policies, and return the files written.

    `tables` holds against_today and pairs of the worlds to be shown; `effects` by outcome a row a world and a column a
    policy; `margins` by outcome up to which difference things are about the same; `hundred` makes a hundred worlds of a
    row of against_today. `footer` ends each figure's last line.
    """
    pages = {
        "dots": draw_dots(tables["against_today"], hundred, labels, footer),
        "effects_over_worlds": draw_effects(effects, margins, labels, footer),
    }
    if not tables["pairs"].empty:
        pages["pairs"] = draw_pairs(tables["pairs"], labels, footer)
    return [path for name, page in pages.items() for path in save(page, folder / name)]


# -- a hundred dots ---------------------------------------------------------------------------------------------------


@in_house_style
def draw_dots(table: pd.DataFrame, hundred: Hundred, labels: Labels = None, footer: str = "") -> Figure:
    """A hundred dots a policy, burn-out complaints beside isolation from colleagues; `table` is against_today."""
    policies = [str(policy) for policy in table["policy"].unique()]
    sheet = blank(
        body=0.5 + _ROW * len(policies),
        title="Each policy in a hundred plausible worlds",
        subtitle=f"Every dot is one world of a hundred, compared with {TODAY} in the same world. Not the chance "
        "that a policy works somewhere. Policies stand in a fixed order, not in one of success.",
        key=[Line2D([], [], linestyle="none", label=label, **look) for label, look in _LOOKS],
        footer=footer,
    )
    gap = 0.3
    width = panel_width(len(MAIN_OUTCOMES), _NAMES, gap)
    for place, outcome in enumerate(MAIN_OUTCOMES):
        axes = sheet.axes(_NAMES + place * (width + gap), 0.4, width, _ROW * len(policies))
        rows = table[table["outcome"] == outcome].set_index("policy").loc[policies]
        for line, (_, row) in enumerate(rows.iterrows()):
            _hundred_dots(axes, hundred(row), line * _ROW)
        axes.set_xlim(-_DOT, width - _DOT)
        axes.set_ylim(_ROW * len(policies), 0)
        _name_rows(axes, policies if place == 0 else [], [_ROW * (line + 0.5) for line in range(len(policies))])
        axes.set_title(label_of(outcome, labels).replace(" (", "\n("), pad=4)
    return sheet.figure


def _hundred_dots(axes: Axes, counts: Sequence[int], top: float) -> None:
    """Dots in columns, filled from above, one kind after the other."""
    above = top + (_ROW - _DOT * (_LINES_OF_DOTS - 1)) / 2
    begun = 0
    for count, (_, look) in zip(counts, _LOOKS, strict=True):
        columns, lines = np.divmod(np.arange(begun, begun + count), _LINES_OF_DOTS)
        axes.plot(columns * _DOT, above + lines * _DOT, linestyle="none", **look)
        begun += count


def _name_rows(axes: Axes, policies: Sequence[str], heights: Sequence[float]) -> None:
    names = [wrapped(label_of(policy), _LETTERS) for policy in policies]
    axes.set_yticks(heights if names else [], names)
    axes.set_xticks([])
    axes.tick_params(axis="y", length=0)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)


# -- effects over worlds ----------------------------------------------------------------------------------------------


@in_house_style
def draw_effects(
    effects: Mapping[str, pd.DataFrame], margins: Mapping[str, float], labels: Labels = None, footer: str = ""
) -> Figure:
    """Twenty quantiles of each policy's effect over worlds as dots, with the median and the middle nine tenths."""
    policies = [str(policy) for policy in effects[MAIN_OUTCOMES[0]].columns]
    height = _QUANTILE_ROW * len(policies)
    sheet = blank(
        body=0.5 + height + 0.62,
        title="How far each policy goes, over plausible worlds",
        subtitle=f"Differences from {TODAY} within a world. Each dot stands for one world in twenty; where dots meet "
        "they are piled up. Policies stand in a fixed order, not in one of success.",
        key=[
            Line2D([], [], linestyle="none", marker="o", color=BLUE, markersize=3.4, label="5 of 100 worlds"),
            Line2D([], [], linestyle="none", marker="|", color=INK, markersize=9, markeredgewidth=1.6, label="median"),
            Line2D([], [], color=GREY, linewidth=0.9, label="middle 90 of 100 worlds"),
            Patch(facecolor=PALE, alpha=0.5, label="about the same"),
        ],
        footer=footer,
    )
    gap = 0.3
    width = panel_width(len(MAIN_OUTCOMES), _NAMES, gap)
    for place, outcome in enumerate(MAIN_OUTCOMES):
        axes = sheet.axes(_NAMES + place * (width + gap), 0.4, width, height)
        _draw_quantiles(axes, effects[outcome][policies], outcome, width)
        axes.axvspan(-margins[outcome], margins[outcome], color=PALE, alpha=0.5, linewidth=0, zorder=-1)
        names = [wrapped(label_of(policy), _LETTERS) for policy in policies]
        axes.set_yticks(range(len(names)), names if place == 0 else [""] * len(names))
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.set_title(label_of(outcome, labels).replace(" (", "\n("), pad=4)
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


@in_house_style
def draw_pairs(table: pd.DataFrame, labels: Labels = None, footer: str = "") -> Figure:
    """In how many of a hundred worlds the policy of a row does better than that of a column; `table` is pairs."""
    policies = list(dict.fromkeys([*table["first"], *table["second"]]))
    gap = 0.2
    width = panel_width(len(MAIN_OUTCOMES), _NAMES_OF_PAIRS, gap)
    height = max(width, _CELL * len(policies))
    sheet = blank(
        body=0.68 + height,
        title="Which of two policies does better, in how many of a hundred plausible worlds",
        subtitle="Numbers: worlds of a hundred in which the policy of the row does better than that of the column, by "
        "more than the margin. Where a number and the one across the diagonal add up to less than 100, the rest are "
        "about "
        "the same.",
        key=[
            Patch(facecolor=BLUE, label="the row wins more often"),
            Patch(facecolor=ORANGE, label="the column wins more often"),
            Patch(facecolor="white", edgecolor=GREY, linewidth=0.6, label="not told apart (number in grey)"),
        ],
        footer=footer,
    )
    names = [f"{label_of(policy)}  {number}" for number, policy in enumerate(policies, start=1)]
    for place, outcome in enumerate(MAIN_OUTCOMES):
        axes = sheet.axes(_NAMES_OF_PAIRS + place * (width + gap), 0.58, width, height)
        _draw_matrix(axes, table[table["outcome"] == outcome], policies)
        middles = np.arange(len(names)) + 0.5
        axes.set_xticks(middles, [str(number + 1) for number in range(len(names))], rotation=0)
        axes.set_yticks(middles, [wrapped(name, 34) for name in names] if place == 0 else [""] * len(names), rotation=0)
        axes.set_title(label_of(outcome, labels).replace(" (", "\n("), pad=5)
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
        told, dark = lead[one, two] != 0, lead[one, two] > _DARK
        axes.text(two + 0.5, one + 0.5, f"{100 * share[one, two]:.0f}", ha="center", va="center", fontsize=SMALL,
                  color="white" if dark else INK if told else GREY, style="normal" if told else "italic")  # fmt: skip
    axes.xaxis.tick_top()
    axes.tick_params(which="both", length=0)
