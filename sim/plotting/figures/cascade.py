"""The cascade from claims to use: the 2022 study beside the simulation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from sim.errors import UserError
from sim.plotting.figures.page_layout import LINE, MARGIN, PAGE_WIDTH, blank, footer_of, line_in_key, sample, sureness
from sim.plotting.figures.panels import LESS, draw_heat_map, draw_intervals, name_rows
from sim.plotting.figures.selection import Labels, most_lines, signed, wrapped
from sim.plotting.figures.style import with_style
from sim.plotting.style import BLUE, HIGHLIGHT, INK
from sim.reporting.labels import label_of
from sim.reporting.tables import require_columns

PLOTTED_STAGES = ("claimed", "implemented", "known", "used", "used_well")
ROLE_TITLES = {"employer": "Employers", "manager": "Managers", "non_manager": "Employees"}

_COLUMNS = ("scenario", "measure", "role", "stage", "share", "study_share", "low", "high")
_LARGE_DIFFERENCE = 5
"""Difference in percentage points above which a simulated share is marked as different from the study."""
_STUDY: dict[str, Any] = {"marker": "D", "color": INK, "markerfacecolor": "white", "markersize": 6}
_SIMULATED: dict[str, Any] = {"marker": "o", "color": BLUE, "markersize": 3.4}

_NAMES, _LETTERS = 1.95, 29
"""Inches of the column of measures, and most letters in a line of it."""
_TITLE, _AXIS = 0.42, 0.36
_COMPARISON, _GAP = 0.84, 0.1
"""Inches: over and under the panels; width of one role's panel, and between panels."""
_START, _BESIDE, _END = -8, 112, 165
"""Where in a comparison its axis starts, the differences begin, clear of a dot at 100%, and the axis ends."""


@with_style
def draw(
    table: pd.DataFrame, labels: Labels = None, footer: str = "", scenario: str = "baseline", wordings: Labels = None
) -> Figure:
    """Draw the study beside the simulation by measure and role, and the stages among employees.

    `table` is that of the cascade, shares 0-1; where `study_share` is missing there is nothing to compare.
    `wordings` says each measure in full, by its id; they stand apart from `labels` because a scenario may share
    its id with a measure.
    """
    table = require_columns(table, _COLUMNS, "cascade")
    table = table[table["scenario"] == scenario]
    if table.empty:
        raise UserError(f"Missing scenario in the table cascade: {scenario}.")
    measures = [str(measure) for measure in table["measure"].unique()]
    spelled_out = {**(labels or {}), **(wordings or {})}
    names = [wrapped(label_of(measure, spelled_out), _LETTERS) for measure in measures]
    height = len(measures) * max(0.25, 0.06 + LINE * most_lines(names))
    sheet = blank(
        body=_TITLE + height + _AXIS,
        title="Measures that employers claim, that people know, and that are used well",
        subtitle="By measure, in % of respondents: the 2022 study beside the simulation. At the right, the "
        "share that reaches each stage among employees.",
        key=[
            sample("study 2022", **_STUDY),
            sample("simulated", linestyle=line_in_key(table), linewidth=LESS, **_SIMULATED),
            Patch(color=HIGHLIGHT, label=f"more than {_LARGE_DIFFERENCE} points apart, with the difference"),
        ],
        footer=footer_of(table, f"{label_of(scenario, labels)} · {sureness(table, 'Lines: ')}", footer),
    )
    for place, role in enumerate(ROLE_TITLES):
        axes = sheet.axes(_NAMES + place * (_COMPARISON + _GAP), _TITLE, _COMPARISON, height)
        compared = table[(table["role"] == role) & table["study_share"].notna()]
        _draw_comparison(axes, compared, measures)
        axes.set_title(f"{ROLE_TITLES[role]}:\n{_stage(table[table['role'] == role], compared)}")
        name_rows(axes, [""] * len(names) if place else names)
    left = _NAMES + len(ROLE_TITLES) * (_COMPARISON + _GAP) + 0.05
    _draw_stages(sheet.axes(left, _TITLE, PAGE_WIDTH - MARGIN - 0.08 - left, height), table, measures)
    return sheet.figure


def reaches_employees(table: pd.DataFrame) -> bool:
    """Return whether the table has employees, without whom nothing could be followed to its use."""
    return bool((require_columns(table, _COLUMNS, "cascade")["role"] == "non_manager").any())


def _stage(rows: pd.DataFrame, compared: pd.DataFrame) -> str:
    """Return the stage that a role was asked about, from its rows and those with a share in the study."""
    if rows.empty:
        return "fewer than ten"
    return "not asked" if compared.empty else str(compared["stage"].iloc[0]).replace("_", " ")


def _draw_comparison(axes: Axes, rows: pd.DataFrame, measures: Sequence[str]) -> None:
    """Draw the study's share and the simulated one of one role, a row per measure, marked where far apart."""
    heights = [measures.index(measure) for measure in rows["measure"]]
    percent = 100 * rows[["study_share", "share", "low", "high"]]
    axes.plot(percent["study_share"], heights, linestyle="none", **_STUDY)
    draw_intervals(axes, percent, "share", places=heights, width=LESS, **_SIMULATED)
    for height, difference in zip(heights, percent["share"] - percent["study_share"], strict=True):
        if abs(round(difference)) > _LARGE_DIFFERENCE:
            axes.axhspan(height - 0.4, height + 0.4, color=HIGHLIGHT, linewidth=0, zorder=0)
            axes.text(_BESIDE, height, signed(difference, 0), weight="bold", va="center_baseline")
    axes.set_xlim(_START, _END)
    axes.set_xticks([0, 50, 100])
    axes.spines["bottom"].set_bounds(0, 100)


def _draw_stages(axes: Axes, table: pd.DataFrame, measures: Sequence[str]) -> None:
    """Draw the percentage of employees that each measure reaches at each stage as a heat map."""
    shares = pd.DataFrame([[_among_employees(table, one, stage) for stage in PLOTTED_STAGES] for one in measures])
    draw_heat_map(
        axes, shares, shares.map("{:.0%}".format), cmap=sns.light_palette(BLUE, as_cmap=True), vmin=0, vmax=1,
        yticklabels=False,
    )  # fmt: skip
    axes.set_xticks(np.arange(len(PLOTTED_STAGES)) + 0.5, [stage.replace("_", " ") for stage in PLOTTED_STAGES])
    for tick in axes.xaxis.get_major_ticks()[1::2]:  # a line lower, so that all names fit upright
        tick.set_pad(14)
    axes.set_title("Employees: from\nclaimed to used well")


def _among_employees(table: pd.DataFrame, measure: str, stage: str) -> float:
    """Return the share at a stage among employees; a stage that only employers answer for is theirs."""
    rows = table[(table["measure"] == measure) & (table["stage"] == stage)].set_index("role")["share"]
    return next((float(rows[role]) for role in ("non_manager", "employer") if role in rows.index), 0.0)
