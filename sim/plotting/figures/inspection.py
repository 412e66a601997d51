"""Figure of the study of 2022 repeated in the model: measures, findings, interviews, marks, and tests by chance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sim.errors import UserError
from sim.plotting.figures.page_layout import PAGE_WIDTH, FigureLayout, blank
from sim.plotting.figures.style import PLAIN, SMALL, with_style
from sim.plotting.style import BLUE, GREY, INK, ORANGE, PALE, VERMILLION
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
    measures = tables["measures"]["measure"].nunique()
    findings, nulls = (tables["patterns"][tables["patterns"]["is_null"] == null] for null in (False, True))
    tops = _tops(measures, max(len(findings), len(nulls)))
    sheet = blank(
        body=tops[-1],
        title="The study of 2022, repeated in the model",
        subtitle="Bars: 95% of simulated studies, or the 95% interval of a percentage of simulated studies. "
        "(m) managers, (e) other employees.",
        key=[
            Line2D([], [], color=BLUE, marker="o", markersize=4, linewidth=1.4, label="simulated studies"),
            Line2D([], [], color=INK, marker="x", markersize=5, linestyle="none", label="the study of 2022"),
        ],
        footer=footer,
    )
    sheet.heading("Report the measure, percent", tops[0])
    _draw_table(sheet, tops[0] + _TITLE, tables["measures"])
    sheet.heading("Percentage of simulated studies that report what the study of 2022 did", tops[1])
    _draw_patterns(sheet, tops[1] + _TITLE, findings, nulls)
    _draw_below(sheet, tops[2], tables)
    return sheet.figure


def _tops(measures: int, patterns: int) -> list[float]:
    """Return the top of each band and the bottom of the last, in inches."""
    first = _TITLE + 0.15 + measures * _ROW + _AXIS
    second = _TITLE + 0.15 + patterns * _ROW + _AXIS
    return [0.0, first, first + second, first + second + 2.35]


# -- the table of 15 measures -----------------------------------------------------------------------------------------


def _draw_table(sheet: FigureLayout, top: float, table: pd.DataFrame) -> None:
    names = list(table["measure"].unique())
    left, width = 2.15, (PAGE_WIDTH - 0.15 - 2.15 - 2 * _GAP) / 3
    for at, (who, title) in enumerate(_WHO.items()):
        axes = sheet.axes(left + at * (width + _GAP), top + 0.15, width, len(names) * _ROW)
        rows = table[table["who"] == who].set_index("measure").loc[names]
        axes.set_title(title, fontsize=SMALL)
        _bars(axes, rows, BLUE)
        axes.plot(rows["study"], range(len(names)), "x", color=INK, markersize=5, zorder=4)
        axes.set_xlim(0, 100)
        axes.set_xticks([0, 50])
        _list(axes, [label_of(name) for name in names] if at == 0 else [""] * len(names))


def _bars(axes: Axes, rows: pd.DataFrame, color: Any, of: str = "mean") -> None:
    places = range(len(rows))
    axes.hlines(places, rows["low"], rows["high"], color=color, linewidth=1.4, zorder=2)
    axes.plot(rows[of], places, "o", color=color, markersize=4, zorder=3)


def _list(axes: Axes, names: list[str]) -> None:
    """Label rows from top to bottom, each on a pale line."""
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="y", color=PALE, linewidth=0.4)
    axes.set_axisbelow(True)


# -- the findings -----------------------------------------------------------------------------------------------------


def _draw_patterns(sheet: FigureLayout, top: float, findings: pd.DataFrame, nulls: pd.DataFrame) -> None:
    from sim.outcomes.patterns import LABELS

    label, width = 2.22, (PAGE_WIDTH - 0.25 - 2 * 2.22 - 0.1) / 2
    for at, (title, rows) in enumerate((("Findings", findings), ("Null findings", nulls))):
        axes = sheet.axes(label + at * (label + width + 0.1), top + 0.15, width, max(len(rows), 1) * _ROW)
        axes.set_title(title, fontsize=SMALL)
        rows = rows.sort_values("of_100", ascending=False, na_position="last")
        _bars(axes, rows, BLUE, "of_100")
        axes.set_xlim(-3, 103)
        axes.set_xticks([0, 50, 100])
        for place, unknown in enumerate(rows["of_100"].isna()):
            if unknown:
                axes.text(2, place, "not in the model", fontsize=SMALL, color=GREY, va="center")
        _list(axes, [LABELS.get(name, label_of(name)) for name in rows["pattern"]])


# -- below ------------------------------------------------------------------------------------------------------------


def _draw_below(sheet: FigureLayout, top: float, tables: Mapping[str, pd.DataFrame]) -> None:
    for left, width, title, draw_panel, name in (
        (0.45, 1.75, "Error about one employer", _draw_errors, "establishments"),
        (3.1, 1.45, "The inspector's mark", _draw_marks, "ratings"),
        (5.3, 1.6, "Significant tests", _draw_tests, "tests"),
    ):
        axes = sheet.axes(left, top + _TITLE, width, 1.5)
        axes.set_title(title, fontsize=PLAIN, weight="bold", pad=8)
        draw_panel(axes, tables[name])


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
    places = list(_WHEN)
    for shift, (risk, (color, marker, name)) in zip((-0.09, 0.09), _RISKS.items(), strict=True):
        rows = table[table["risk"] == risk]
        at = [places.index(when) + shift for when in rows["when"]]
        sns.lineplot(
            x=at, y=rows["mean"].to_numpy(), marker=marker, color=color, markersize=4, markeredgewidth=0, linewidth=1.2,
            label=name, ax=axes,
        )  # fmt: skip
        axes.vlines(at, rows["low"], rows["high"], color=color, linewidth=1.2)
    axes.set_xlim(-0.4, len(places) - 0.6)
    axes.set_ylim(1, 4)
    axes.set_yticks(range(1, 5), _WORDS)
    axes.set_xticks(range(len(places)), list(_WHEN.values()))
    axes.legend(loc="lower left", handlelength=1.3, labelspacing=0.25, bbox_to_anchor=(-0.05, -0.05))


def _draw_tests(axes: Axes, table: pd.DataFrame) -> None:
    """Draw the number of significant tests with the right and the wrong sign, and by chance alone."""
    for row, own in enumerate(table.to_dict("records")):
        for place, (name, color) in enumerate((("right", BLUE), ("wrong", VERMILLION))):
            y = row + 0.16 * (2 * place - 1)
            axes.hlines(y, own[f"{name}_low"], own[f"{name}_high"], color=color, linewidth=1.4)
            label = f"{name} sign" if row == 0 else None
            axes.plot(own[name], y, "o", color=color, markersize=4, label=label, linestyle="none")
        axes.vlines(own["by_chance"] / 2, row - 0.35, row + 0.35, color=INK, linestyle=":", linewidth=1)
    axes.plot([], [], color=INK, linestyle=":", linewidth=1, label="by chance, each")
    axes.set_yticks(range(len(table)), [f"{status}\nmeasures" for status in table["status"]])
    axes.set_ylim(len(table) - 0.4, -1.6)
    axes.set_xlim(0, None)
    axes.set_xlabel(f"significant of {int(table['tests'].iloc[0])} tests")
    axes.legend(loc="upper right", handlelength=1.0, labelspacing=0.2, bbox_to_anchor=(1.06, 1.06), borderpad=0)
