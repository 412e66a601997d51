"""The cascade from claims to use: the 2022 study beside the simulation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from sim.errors import UserError
from sim.plotting.figures.page_layout import blank, footer_of, line_in_key, sureness
from sim.plotting.figures.selection import Labels, most_lines, signed, wrapped
from sim.plotting.figures.style import with_style
from sim.plotting.style import BLUE, GREY, HIGHLIGHT, INK, PALE
from sim.reporting.labels import label_of
from sim.reporting.tables import require_columns

PLOTTED_STAGES = ("claimed", "implemented", "known", "used", "used_well")
ROLE_TITLES = {"employer": "Employers", "manager": "Managers", "non_manager": "Employees"}

_COLUMNS = ("scenario", "measure", "role", "stage", "share", "study_share", "low", "high")
_LARGE_DIFFERENCE = 5
"""Beyond so many whole points a simulated share is marked as off the study's."""
_STUDY: dict[str, Any] = {"marker": "D", "color": INK, "markerfacecolor": "white", "markersize": 6}
_SIMULATED: dict[str, Any] = {"marker": "o", "color": BLUE, "markersize": 3.4}

_NAMES, _LETTERS = 2.0, 30
"""Inches of the column of measures, and most letters a line in it."""
_TITLE, _STAIRS = 0.42, 0.82
_COMPARISON, _GAP, _FUNNEL = 1.0, 0.1, 1.6
"""Inches: over and under the panels; width of one role's panel, between panels, width of the funnels."""
_START, _BESIDE, _END = -6, 110, 152
"""Where in a comparison its axis starts, the differences begin, clear of a dot at 100%, and the axis ends."""


@with_style
def draw(
    table: pd.DataFrame,
    labels: Labels = None,
    footer: str = "",
    scenario: str = "baseline",
    wordings: Labels = None,
) -> Figure:
    """Draw the study beside the simulation by measure and role, and the stages among employees.

    `table` is that of the cascade, shares 0-1; where `study_share` is missing there is nothing to compare.
    `wordings` says each measure in full, by its id; they stand apart from `labels` because a scenario may share
    its id with a measure.
    """
    table = require_columns(table, _COLUMNS, "cascade")
    table = table[table["scenario"] == scenario]
    if table.empty:
        raise UserError(f"the cascade has no scenario '{scenario}'")
    measures = [str(measure) for measure in table["measure"].unique()]
    spelled_out = {**(labels or {}), **(wordings or {})}
    names = [wrapped(label_of(measure, spelled_out), _LETTERS) for measure in measures]
    height = len(measures) * max(0.34, 0.06 + 0.13 * most_lines(names))
    sheet = blank(
        body=_TITLE + height + _STAIRS,
        title="Measures that employers claim, that people know, and that are used well",
        subtitle="By measure, in % of respondents: the 2022 study beside the simulation. At the right, the "
        "share that reaches each stage among employees.",
        key=_key(line_in_key(table)),
        footer=footer_of(table, f"{label_of(scenario, labels)} · {sureness(table, 'Lines: ')}", footer),
    )
    for place, role in enumerate(ROLE_TITLES):
        axes = sheet.axes(_NAMES + place * (_COMPARISON + _GAP), _TITLE, _COMPARISON, height)
        compared = table[(table["role"] == role) & table["study_share"].notna()]
        _draw_comparison(axes, compared, measures)
        axes.set_title(f"{ROLE_TITLES[role]}:\n{_stage(table[table['role'] == role], compared)}")
        _draw_rows(axes, names if place == 0 else [""] * len(names))
    axes = sheet.axes(_NAMES + len(ROLE_TITLES) * (_COMPARISON + _GAP), _TITLE, _FUNNEL, height)
    _draw_funnels(axes, table, measures)
    axes.set_title("Employees: from\nclaimed to used well")
    _draw_stairs(axes, height)
    _draw_rows(axes, [""] * len(names))
    return sheet.figure


def reaches_employees(table: pd.DataFrame) -> bool:
    """Whether employees are shown at all, without whom nothing could be followed to its use."""
    return bool((require_columns(table, _COLUMNS, "cascade")["role"] == "non_manager").any())


def _key(line: Literal["none", "-"]) -> list[Line2D | Patch]:
    study = Line2D([], [], linestyle="none", label="study 2022", **_STUDY)
    simulated = Line2D([], [], linestyle=line, linewidth=0.9, label="simulated", **_SIMULATED)
    off = Patch(color=HIGHLIGHT, label=f"more than {_LARGE_DIFFERENCE} points apart, with the difference")
    return [study, simulated, off]


def _stage(rows: pd.DataFrame, compared: pd.DataFrame) -> str:
    """What a role was asked, from its rows and those that the study's share stands beside."""
    if rows.empty:
        return "fewer than ten"
    return "not asked" if compared.empty else str(compared["stage"].iloc[0]).replace("_", " ")


def _draw_rows(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _draw_comparison(axes: Axes, rows: pd.DataFrame, measures: Sequence[str]) -> None:
    """One role: in a row a measure the study's share and the simulated one, marked where far apart."""
    heights = np.array([measures.index(measure) for measure in rows["measure"]])
    study, simulated = 100 * rows["study_share"].to_numpy(), 100 * rows["share"].to_numpy()
    low, high = (100 * rows[end].to_numpy() for end in ("low", "high"))
    axes.hlines(heights, low, high, color=BLUE, linewidth=0.9, zorder=2)
    axes.plot(study, heights, linestyle="none", zorder=3, **_STUDY)
    axes.plot(simulated, heights, linestyle="none", zorder=4, **_SIMULATED)
    for height, difference in zip(heights, simulated - study, strict=True):
        if abs(round(difference)) > _LARGE_DIFFERENCE:
            axes.axhspan(height - 0.4, height + 0.4, color=HIGHLIGHT, linewidth=0, zorder=0)
            axes.text(_BESIDE, height, signed(difference, 0), weight="bold", va="center_baseline")
    axes.set_xlim(_START, _END)
    axes.set_xticks([0, 50, 100], ["0", "50", "100%"])
    axes.spines["bottom"].set_bounds(0, 100)
    axes.grid(axis="y", color=PALE, linewidth=0.4)


def _draw_funnels(axes: Axes, table: pd.DataFrame, measures: Sequence[str]) -> None:
    """A row of five bars per measure; a full row height is 100%. First and last share are written out."""
    shades = sns.light_palette(BLUE, len(PLOTTED_STAGES) + 1)[1:]
    last = len(PLOTTED_STAGES) - 1
    shares = np.array([[_among_employees(table, one, stage) for stage in PLOTTED_STAGES] for one in measures])
    feet = np.arange(len(measures)) + 0.4
    for place, shade in enumerate(shades):
        heights = -0.8 * shares[:, place]
        axes.bar(
            np.full(len(feet), place),
            heights,
            bottom=feet,
            width=0.82,
            color=shade,
            edgecolor=INK,
            linewidth=0.3,
        )
    for foot, of_measure in zip(feet, shares, strict=True):
        axes.text(-0.6, foot, f"{of_measure[0]:.0%}", ha="right", va="bottom")
        axes.text(last + 0.6, foot, f"{of_measure[last]:.0%}", ha="left", va="bottom")
    axes.set_xlim(-2.8, 8.6)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)


def _among_employees(table: pd.DataFrame, measure: str, stage: str) -> float:
    """The share at a stage among employees; a stage only employers answer for is theirs."""
    rows = table[(table["measure"] == measure) & (table["stage"] == stage)].set_index("role")["share"]
    return next((float(rows[role]) for role in ("non_manager", "employer") if role in rows.index), 0.0)


def _draw_stairs(axes: Axes, height: float) -> None:
    """Under the funnels each stage's name on a step of its own, joined to its bars.

    `height` is the panel's, in inches.
    """
    below = axes.get_xaxis_transform()
    for place, stage in enumerate(PLOTTED_STAGES):
        step = -(0.06 + 0.14 * (len(PLOTTED_STAGES) - place - 0.5)) / height
        axes.plot(
            [place, place, place + 0.5],
            [0, step, step],
            transform=below,
            color=GREY,
            linewidth=0.6,
            clip_on=False,
        )
        axes.text(place + 0.8, step, stage.replace("_", " "), transform=below, va="center_baseline")
