"""Figure of the study of 2022 repeated in the model: measures, findings, interviews, marks, and tests by chance."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.errors import UserError
from sim.plotting.figures.page_layout import PAGE_WIDTH, FigureLayout, blank, sample
from sim.plotting.figures.panels import draw_intervals, name_rows
from sim.plotting.figures.style import PLAIN, SMALL, with_style
from sim.plotting.style import BLUE, GREY, INK, ORANGE, VERMILLION
from sim.reporting.labels import label_of
from sim.reporting.tables import require_columns

_COLUMNS = {
    "measures": ("measure", "who", "study", "mean", "low", "high"),
    "patterns": ("pattern", "is_null", "of_100", "low", "high"),
    "establishments": ("way", "employees", "off"),
    "ratings": ("risk", "when", "mean", "low", "high"),
    "tests": ("status", "tests", "right", "right_low", "right_high", "wrong", "wrong_low", "wrong_high", "by_chance"),
}
_ROW = 0.155
"""Inches between rows."""
_TITLE, _AXIS, _GAP = 0.3, 0.42, 0.12
_WHO = {"employer": "Employers", "manager": "Managers", "non_manager": "Other employees"}
_WAYS = {
    "at_random": ("at random", BLUE, "o"),
    "team_by_team": ("team by team", ORANGE, "s"),
    "chosen_by_employer": ("chosen by employer", VERMILLION, "D"),
}
_WHEN = {"in_general": "in\ngeneral", "item_by_item": "item by\nitem", "after": "after\ninterviews"}
_WORDS = ("insufficient", "moderate", "sufficient", "good")
_RISKS = {"screen_work": (BLUE, "o", "screen work"), "work_pressure": (ORANGE, "s", "work pressure")}


@with_style
def draw(tables: Mapping[str, pd.DataFrame], footer: str = "") -> Figure:
    """Draw one page: findings of simulated studies beside those of the study of 2022.

    `tables` are measures, patterns, establishments, ratings and tests of `sim/studies/inspection`. Raises UserError
    where a column or a row is missing.
    """
    for name, columns in _COLUMNS.items():
        if require_columns(tables[name], columns, name).empty:
            raise UserError(f"Nothing to draw: the table {name} has no rows.")
    findings, nulls = (tables["patterns"][tables["patterns"]["is_null"] == null] for null in (False, True))
    second = _TITLE + 0.15 + tables["measures"]["measure"].nunique() * _ROW + _AXIS
    third = second + _TITLE + 0.15 + max(len(findings), len(nulls)) * _ROW + _AXIS
    sheet = blank(
        body=third + 2.35,
        title="The study of 2022, repeated in the model",
        subtitle="Bars: 95% of simulated studies, or the 95% interval of a percentage of simulated studies. "
        "(m) managers, (e) other employees.",
        key=[
            sample("simulated studies", BLUE, marker="o", linewidth=1.4, linestyle="-"),
            sample("the study of 2022", INK, marker="x", markersize=5),
        ],
        footer=footer,
    )
    sheet.heading("Report the measure, percent", 0)
    _draw_measures(sheet, _TITLE, tables["measures"])
    sheet.heading("Percentage of simulated studies that report what the study of 2022 did", second)
    _draw_patterns(sheet, second + _TITLE, findings, nulls)
    for left, width, title, draw_panel, name in (
        (0.45, 1.75, "Error about one employer", _draw_errors, "establishments"),
        (3.1, 1.45, "The inspector's mark", _draw_marks, "ratings"),
        (5.3, 1.6, "Significant tests", _draw_tests, "tests"),
    ):
        axes = sheet.axes(left, third + _TITLE, width, 1.5)
        axes.set_title(title, fontsize=PLAIN, weight="bold", pad=8)
        draw_panel(axes, tables[name])
    return sheet.figure


def _draw_measures(sheet: FigureLayout, top: float, table: pd.DataFrame) -> None:
    names = list(table["measure"].unique())
    panels = sheet.row(len(_WHO), 2.15, top + 0.15, len(names) * _ROW, _GAP)
    for number, (axes, (who, title)) in enumerate(zip(panels, _WHO.items(), strict=True)):
        rows = table[table["who"] == who].set_index("measure").loc[names]
        axes.set_title(title, fontsize=SMALL)
        draw_intervals(axes, rows, color=BLUE)
        axes.plot(rows["study"], range(len(names)), "x", color=INK, markersize=5, zorder=4)
        axes.set(xlim=(0, 100), xticks=[0, 50])
        name_rows(axes, [""] * len(names) if number else [label_of(name) for name in names])


def _draw_patterns(sheet: FigureLayout, top: float, findings: pd.DataFrame, nulls: pd.DataFrame) -> None:
    from sim.outcomes.patterns import LABELS

    label, width = 2.22, (PAGE_WIDTH - 0.25 - 2 * 2.22 - 0.1) / 2
    for at, (title, rows) in enumerate((("Findings", findings), ("Null findings", nulls))):
        axes = sheet.axes(label + at * (label + width + 0.1), top + 0.15, width, max(len(rows), 1) * _ROW)
        axes.set_title(title, fontsize=SMALL)
        rows = rows.sort_values("of_100", ascending=False, na_position="last")
        draw_intervals(axes, rows, "of_100", color=BLUE)
        axes.set(xlim=(-3, 103), xticks=[0, 50, 100])
        for place in np.flatnonzero(rows["of_100"].isna()).tolist():
            axes.text(2, place, "not in the model", color=GREY, va="center")
        name_rows(axes, [LABELS.get(name, label_of(name)) for name in rows["pattern"]])


def _draw_errors(axes: Axes, table: pd.DataFrame) -> None:
    """Draw the error that 95% of visits stay below, by the number of employees interviewed."""
    for way, (name, color, marker) in _WAYS.items():
        rows = table[table["way"] == way]
        sns.lineplot(
            rows, x="employees", y="off", marker=marker, color=color, markersize=3, markeredgewidth=0, linewidth=1.2,
            label=name, ax=axes,
        )  # fmt: skip
    mean = table.loc[table["way"] == "mean_of_all", "off"]
    axes.axhline(float(mean.iloc[0]), color=GREY, linewidth=0.9, linestyle=":", label="no interviews")
    axes.set_xscale("log")
    ticks = [n for n in (1, 2, 3, 5, 8, 12, 20, 30) if n <= table["employees"].max()]
    axes.set_xticks(ticks, [str(n) for n in ticks])
    axes.minorticks_off()
    axes.set_ylim(0, 1.75 * table.loc[table["employees"] > 0, "off"].max())
    axes.set_xlabel("employees interviewed")
    axes.set_ylabel("measures of 15, at most")
    axes.legend(loc="upper right", bbox_to_anchor=(1.06, 1.06), handlelength=1.3, labelspacing=0.25)


def _draw_marks(axes: Axes, table: pd.DataFrame) -> None:
    for shift, (risk, (color, marker, name)) in zip((-0.09, 0.09), _RISKS.items(), strict=True):
        rows = table[table["risk"] == risk]
        at = [list(_WHEN).index(when) + shift for when in rows["when"]]
        draw_intervals(
            axes, rows, places=at, width=1.2, upright=True, marker=marker, color=color, markersize=4,
            markeredgewidth=0, linewidth=1.2, linestyle="-", label=name,
        )  # fmt: skip
    axes.set(xlim=(-0.4, len(_WHEN) - 0.6), ylim=(1, 4))
    axes.set_yticks(range(1, 5), _WORDS)
    axes.set_xticks(range(len(_WHEN)), list(_WHEN.values()))
    axes.legend(loc="lower left", handlelength=1.3, labelspacing=0.25, bbox_to_anchor=(-0.05, -0.05))


def _draw_tests(axes: Axes, table: pd.DataFrame) -> None:
    """Draw the number of significant tests with the right and the wrong sign, and by chance alone."""
    rows = np.arange(len(table))
    for shift, name, color in ((-0.16, "right", BLUE), (0.16, "wrong", VERMILLION)):
        ends = (f"{name}_low", f"{name}_high")
        draw_intervals(axes, table, name, ends, rows + shift, color=color, label=f"{name} sign")
    axes.vlines(
        table["by_chance"] / 2, rows - 0.35, rows + 0.35, color=INK, linestyle=":", linewidth=1, label="by chance, each"
    )
    axes.set_yticks(rows, [f"{status}\nmeasures" for status in table["status"]])
    axes.set_ylim(len(table) - 0.4, -1.6)
    axes.set_xlim(0, None)
    axes.set_xlabel(f"significant of {int(table['tests'].iloc[0])} tests")
    axes.legend(loc="upper right", handlelength=1.0, labelspacing=0.2, bbox_to_anchor=(1.06, 1.06), borderpad=0)
