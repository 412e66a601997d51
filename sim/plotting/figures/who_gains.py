"""Shares better off and worse off, by group and policy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from sim.errors import UserError
from sim.plotting.figures.page_layout import blank, footer_of, letters, panel_width
from sim.plotting.figures.selection import Labels, most_lines, wrapped
from sim.plotting.figures.style import SMALL, with_style
from sim.plotting.style import BLUE, GREY, INK, ORANGE, PALE
from sim.reporting.labels import TODAY, label_of
from sim.reporting.summary import NOTICEABLE_SHARE
from sim.reporting.tables import in_given_order, require_columns, without_small_groups

_COLUMNS = ("scenario", "kind", "outcome", "group", "gained", "unchanged", "worse", "margin", "unit")
_MOST_IN_A_ROW = 5
_NAMES, _TITLE, _GROUP, _AXIS, _GAP = 2.05, 0.42, 0.18, 0.24, 0.13
"""Inches: the column of groups; a panel's title, one group's row, the axis; between panels."""
_LEAST_REACH = 0.05
"""Axes reach this far to either side at least, so that next to nothing looks like next to nothing."""
_ROUND_SHARES = (0.75, 0.5, 0.4, 0.3, 0.2, 0.15, 0.1, _LEAST_REACH)


@with_style
def draw(table: pd.DataFrame, outcome: str, labels: Labels = None, footer: str = "") -> Figure:
    """Draw the shares of each group that are better or worse off by more than the margin, one panel per policy.

    `table` is that of gains; `outcome` is the one shown.
    """
    table = without_small_groups(require_columns(table, _COLUMNS, "gains"))
    table = table[(table["outcome"] == outcome) & (table["kind"] == "policy")]
    if table.empty:
        raise UserError(f"the gains have no policy with outcome '{outcome}'")
    policies = in_given_order(table, "policy")
    groups = [str(group) for group in table["group"].unique()]
    margin = f"{table['margin'].iloc[0]:g} {table['unit'].iloc[0]}"
    columns = min(_MOST_IN_A_ROW, len(policies))
    width = letters(panel_width(columns, _NAMES, _GAP))
    names = [wrapped(label_of(policy, labels), width) for policy in policies]
    title, height = max(_TITLE, 0.14 * most_lines(names) + 0.12), _GROUP * len(groups)
    step = title + height + _AXIS
    sheet = blank(
        body=-(-len(policies) // columns) * step,
        title="Shares better off and worse off under each policy",
        subtitle=f"{label_of(outcome, labels)}: share of each group's people who are better or worse off by "
        f"more than {margin}, compared with the same people under {TODAY}.",
        key=_key(),
        footer=footer_of(table, "Groups overlap; below ten people they are not shown", footer),
    )
    reach = max(_LEAST_REACH, float(table[["gained", "worse"]].to_numpy().max()))
    panels = sheet.grid(len(policies), columns, _NAMES, title, height, step, _GAP)
    for place, (axes, policy, name) in enumerate(zip(panels, policies, names, strict=True)):
        _draw_panel(axes, table[table["scenario"] == policy].set_index("group").reindex(groups), margin)
        _scale(axes, reach)
        _name_groups(axes, groups if place % columns == 0 else [], labels)
        axes.set_ylim(len(groups) - 0.4, -0.6)
        axes.set_title(name, fontsize=SMALL)
    return sheet.figure


def _key() -> list[Patch]:
    worse = Patch(facecolor=ORANGE, edgecolor=INK, linewidth=0.4, hatch="//////", label="worse off")
    return [worse, Patch(facecolor=BLUE, edgecolor=INK, linewidth=0.4, label="better off")]


def _draw_panel(axes: Axes, rows: pd.DataFrame, margin: str) -> None:
    """Bars to the left for those made worse, to the right for those who gain; words where there is nobody."""
    most = float(rows[["gained", "worse"]].to_numpy().max(initial=0))
    if most < NOTICEABLE_SHARE:
        _say_nobody(axes, "nobody" if most == 0 else "hardly anybody", margin)
    else:
        _draw_bars(axes, rows)
    axes.axvline(0, color=INK, linewidth=0.8)


def _say_nobody(axes: Axes, who: str, margin: str) -> None:
    axes.text(
        0.5, 0.5, f"{who}\nby more than\n{margin}", transform=axes.transAxes, color=GREY, style="italic",
        ha="center", va="center", zorder=4, bbox={"facecolor": "white", "edgecolor": "none", "pad": 3},
    )  # fmt: skip


def _draw_bars(axes: Axes, rows: pd.DataFrame) -> None:
    places = np.arange(len(rows))
    bars: dict[str, Any] = {"height": 0.72, "edgecolor": INK, "linewidth": 0.4}
    axes.barh(places, -rows["worse"], color=ORANGE, hatch="//////", **bars)
    axes.barh(places, rows["gained"], color=BLUE, **bars)


def _scale(axes: Axes, reach: float) -> None:
    """As far to the left as to the right, with one round share marked on either side of zero."""
    mark = next(share for share in _ROUND_SHARES if share <= reach)
    end = max(1.08 * reach, 1.3 * mark)
    axes.set_xlim(-end, end)
    axes.set_xticks([-mark, 0, mark], [f"{share:.0%}" for share in (mark, 0, mark)])
    axes.grid(axis="x", color=PALE, linewidth=0.4)
    axes.set_axisbelow(True)


def _name_groups(axes: Axes, groups: Sequence[str], labels: Labels) -> None:
    axes.set_yticks(range(len(groups)), [label_of(group, labels) for group in groups])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
