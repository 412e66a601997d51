"""Shares better off and worse off, by group and policy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from sim.errors import UserError
from sim.plotting.figures.page_layout import LINE, Facets, blank, footer_of, letters, notes
from sim.plotting.figures.panels import name_rows
from sim.plotting.figures.selection import Labels, most_lines, wrapped
from sim.plotting.figures.style import with_style
from sim.plotting.style import BLUE, GREY, INK, ORANGE, PALE
from sim.reporting.labels import TODAY, label_of
from sim.reporting.summary import NOTICEABLE_SHARE
from sim.reporting.tables import in_given_order, require_columns, without_small_groups

_COLUMNS = ("scenario", "kind", "outcome", "group", "gained", "unchanged", "worse", "margin", "unit")
_NAMES, _GROUP = 2.05, 0.18
"""Inches of the column of groups, and of one group's row."""
_UNUSED = " (not used in the model)"
_WORSE: dict[str, Any] = {"facecolor": ORANGE, "edgecolor": INK, "linewidth": 0.4, "hatch": "//////"}
_BETTER: dict[str, Any] = {"facecolor": BLUE, "edgecolor": INK, "linewidth": 0.4}
_LEAST_REACH = 0.05
"""Least reach of the axes to either side, so that small shares look small."""
_ROUND_SHARES = (0.75, 0.5, 0.4, 0.3, 0.2, 0.15, 0.1, _LEAST_REACH)


@with_style
def draw(table: pd.DataFrame, outcome: str, labels: Labels = None, footer: str = "") -> Figure:
    """Draw the shares of each group that are better or worse off by more than the margin, one panel per policy.

    `table` is that of gains; `outcome` is the one shown.
    """
    table = without_small_groups(require_columns(table, _COLUMNS, "gains"))
    table = table[(table["outcome"] == outcome) & (table["kind"] == "policy")]
    if table.empty:
        raise UserError(f"Missing policy with outcome {outcome} in the table gains.")
    policies = in_given_order(table, "policy")
    groups = [str(group) for group in table["group"].unique()]
    names = [wrapped(label_of(group, labels).replace(_UNUSED, " *"), letters(_NAMES - 0.15)) for group in groups]
    margin = f"{table['margin'].iloc[0]:g} {table['unit'].iloc[0]}"
    facets = Facets(
        (label_of(policy, labels) for policy in policies), _NAMES, below=0.24, gap=0.13,
        height=len(groups) * max(_GROUP, LINE * most_lines(names)),
    )  # fmt: skip
    unused = "*: not used in the model" if any(name.endswith(" *") for name in names) else ""
    sheet = blank(
        body=facets.body,
        title="Shares better off and worse off under each policy",
        subtitle=f"{label_of(outcome, labels)}: share of each group's people who are better or worse off by "
        f"more than {margin}, compared with the same people under {TODAY}.",
        key=[Patch(**_WORSE, label="worse off"), Patch(**_BETTER, label="better off")],
        footer=footer_of(table, notes("Groups overlap; below ten people they are not shown", unused), footer),
    )
    reach = max(_LEAST_REACH, float(table[["gained", "worse"]].to_numpy().max()))
    for place, (axes, policy) in enumerate(zip(facets.draw(sheet), policies, strict=True)):
        _draw_panel(axes, table[table["scenario"] == policy].set_index("group").reindex(groups), margin)
        _scale(axes, reach)
        name_rows(axes, [""] * len(names) if place % facets.columns else names, grid=False)
    return sheet.figure


def _draw_panel(axes: Axes, rows: pd.DataFrame, margin: str) -> None:
    """Draw bars to the left for those worse off, to the right for those better off; words where there is nobody."""
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
    for shares, style in ((-rows["worse"], _WORSE), (rows["gained"], _BETTER)):
        sns.barplot(
            x=shares.to_numpy(), y=np.arange(len(rows)), orient="y", native_scale=True, saturation=1, width=0.72,
            ax=axes, **style,
        )  # fmt: skip


def _scale(axes: Axes, reach: float) -> None:
    """Scale the panel as far to the left as to the right, with one round share marked on either side of zero."""
    mark = next(share for share in _ROUND_SHARES if share <= reach)
    end = max(1.08 * reach, 1.3 * mark)
    axes.set_xlim(-end, end)
    axes.set_xticks([-mark, 0, mark], [f"{share:.0%}" for share in (mark, 0, mark)])
    axes.grid(axis="x", color=PALE, linewidth=0.4)
