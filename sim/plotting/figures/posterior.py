"""Posterior: predictions and observations, recovery of known parameter sets, and shrinkage of parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import PercentFormatter

from sim.formatting import fixed
from sim.plotting.figures.page_layout import MARGIN, PAGE_WIDTH, blank, letters, panel_width
from sim.plotting.figures.selection import round_ticks, wrapped
from sim.plotting.figures.style import SMALL, with_style
from sim.plotting.style import BLUE, INK, ORANGE, PALE
from sim.reporting.tables import require_columns

_ROW, _AXIS = 0.152, 0.55
"""Inches of a row of a list, and of the axis below it."""
_NAMES, _NUMBERS = 3.0, 1.5
"""Inches: the names at the left of a list, the numbers at its right."""
_TRUTHS, _PANELS, _COLUMNS = 40, 12, 4
"""Recovery: parameter sets in a panel, panels on a page and in a row."""
_PARAMETERS, _PAIRS = 24, 12
"""Parameters and pairs of parameters in the figure."""
_LAST = 0.15
"""Inches that the last number of an axis extends beyond it."""
_FARTHEST = 8.0
"""Limit of the axis of predictions, in SD."""
_DECIMALS = {"percent": 0, "hours per week": 1, "count": 1, "r": 2, "sd": 2}
_UNITS = {"percent": "%", "hours per week": " h", "count": "", "r": "", "sd": " SD"}


def draw_all(
    tables: Mapping[str, pd.DataFrame], recovery_by: Mapping[str, str], footer: str = ""
) -> Iterator[tuple[str, Figure]]:
    """Yield the name and the figure of every figure of a posterior.

    Parameters
    ----------
    tables : mapping from str to DataFrame
        Tables predictive, recovery, coverage, shrinkage and trade_offs.
    recovery_by : mapping from str to str
        Ending of the tables recovery and coverage by method; methods without tables are skipped.
    footer : str
        Text below every figure.
    """
    yield "predictive", predictive(tables["predictive"], footer)
    for method, of in recovery_by.items():
        if f"recovery{of}" in tables:
            yield f"recovery{of}", recovery(tables[f"recovery{of}"], tables[f"coverage{of}"], method, footer)
    yield "learned", shrinkage(tables["shrinkage"], tables["trade_offs"], footer)


# -- predictions and observations -------------------------------------------------------------------------------------


@with_style
def predictive(table: pd.DataFrame, footer: str = "") -> Figure:
    """Draw every observation with its predictive interval, in SD of error and discrepancy from the observed value."""
    columns = ("label", "unit", "observed", "error", "discrepancy", "low", "high", "model_low", "model_high", "inside")
    table = require_columns(table, (*columns, "prior_low", "prior_high"), "predictive")
    inside = f"{int(table['inside'].sum())} of {len(table)} observations lie within their interval"
    sheet = blank(
        body=_ROW * len(table) + _AXIS + 0.1,
        title="Predictions of the posterior and observations",
        subtitle=f"{inside}. Right: observed value and 90% predictive interval.",
        key=[
            Line2D([], [], color=PALE, linewidth=3.2, label="prior, model alone"),
            Line2D([], [], color=BLUE, linewidth=1.0, label="posterior, with error"),
            Line2D([], [], color=BLUE, linewidth=3.2, label="posterior, model alone"),
            Line2D([], [], color=INK, marker="|", markersize=8, linestyle="none", label="observed"),
        ],
        footer=" · ".join(part for part in ("90% intervals; orange: observed value outside", footer) if part),
    )
    axes = sheet.axes(_NAMES, 0.1, PAGE_WIDTH - MARGIN - _NAMES - _NUMBERS, _ROW * len(table))
    for place, row in enumerate(table.to_dict("records")):
        _prediction(axes, place, row)
    axes.axvline(0, color=INK, linewidth=0.8, zorder=1)
    axes.set_xlim(-_FARTHEST, _FARTHEST)
    axes.set_xlabel("SD of error and discrepancy from the observed value\n← lower   ·   higher →")
    _list(axes, list(table["label"]))
    return sheet.figure


def _prediction(axes: Axes, place: int, row: Mapping[Any, Any]) -> None:
    sd = np.hypot(row["error"], row["discrepancy"])

    def span(kind: str) -> list[float]:
        ends = [(row[f"{kind}{end}"] - row["observed"]) / sd for end in ("low", "high")]
        return [float(np.clip(end, -_FARTHEST, _FARTHEST)) for end in ends]

    color = BLUE if row["inside"] else ORANGE
    for kind, line_color, width in (("prior_", PALE, 3.2), ("", color, 1.0), ("model_", color, 3.2)):
        axes.plot(span(kind), [place, place], solid_capstyle="butt", zorder=2, color=line_color, linewidth=width)
    axes.plot(0, place, color=INK, marker="|", markersize=7, zorder=3)
    digits, unit = _DECIMALS.get(row["unit"], 2), _UNITS.get(row["unit"], "")
    numbers = [fixed(row[name], digits) for name in ("observed", "low", "high")]
    words = f"{numbers[0]}{unit}  ({numbers[1]} to {numbers[2]})"
    axes.text(
        1.02, place, words, transform=axes.get_yaxis_transform(), va="center", color=INK if row["inside"] else ORANGE
    )


def _list(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(round_ticks(6))


# -- known parameter sets ---------------------------------------------------------------------------------------------


@with_style
def recovery(table: pd.DataFrame, coverage: pd.DataFrame, method: str = "flow", footer: str = "") -> Figure:
    """Draw the coverage of intervals, and true values of known parameter sets with their estimates by a method.

    `table` has a row per known set and parameter, `coverage` one per parameter and nominal level.
    """
    table = require_columns(table, ("truth", "parameter", "true", "median", "low", "high"), "recovery")
    correlation = table.groupby("parameter")[["true", "median"]].apply(lambda own: own["true"].corr(own["median"]))
    names = list(correlation.sort_values(ascending=False, kind="stable").index[:_PANELS])
    lines = -(-len(names) // _COLUMNS)
    side, left, gap = panel_width(_COLUMNS, 0.45, 0.3), 0.45, 0.3
    step, above = side + 0.62, 1.75
    sheet = blank(
        body=above + 0.4 + lines * step,
        title=f"Recovery of known parameter sets by the {method}",
        subtitle=f"{table['truth'].nunique()} simulations outside its training data, with error and discrepancy. "
        f"Below: the {len(names)} parameters with the best recovery of {table['parameter'].nunique()}, "
        f"{min(_TRUTHS, table['truth'].nunique())} sets each; both axes are the range of the parameter.",
        key=[
            Line2D([], [], color=BLUE, marker="o", markersize=3.6, linestyle="-", label="median, 90% interval"),
            Line2D([], [], color=INK, linewidth=0.8, linestyle=":", label="ideal"),
            Patch(color=PALE, label="within ten points"),
        ],
        footer=footer,
    )
    _coverage(sheet.axes(left + 1.75, 0.32, PAGE_WIDTH - MARGIN - left - 1.75 - _LAST, 0.95), coverage)
    sheet.heading("Coverage of intervals of 50, 80 and 95%", 0.02)
    sheet.heading(f"True values and estimates of the {method}", above)
    panels = sheet.grid(len(names), _COLUMNS, left, above + 0.75, side, step, gap)
    for number, (axes, name) in enumerate(zip(panels, names, strict=True)):
        _truths(axes, table[(table["parameter"] == name) & (table["truth"] < _TRUTHS)])
        axes.set_title(f"{wrapped(_short(name), letters(side))}\nr = {fixed(correlation[name], 2)}", fontsize=SMALL)
        axes.tick_params(labelleft=number % _COLUMNS == 0, labelbottom=number + _COLUMNS >= len(names))
    return sheet.figure


def _coverage(axes: Axes, table: pd.DataFrame) -> None:
    """Draw one dot per parameter at each level, and the mean as a line."""
    levels = sorted(table["nominal"].unique())
    for place, level in enumerate(levels):
        own = table[table["nominal"] == level]
        singles = own[own["parameter"] != "all"]["covered"]
        mean = float(own[own["parameter"] == "all"]["covered"].iloc[0])
        height, places = [place - 0.42, place + 0.42], np.full(len(singles), place)
        axes.fill_betweenx(height, level - 0.1, min(level + 0.1, 1), color=PALE, linewidth=0, zorder=0)
        axes.plot([level, level], height, color=INK, linewidth=0.8, linestyle=":", zorder=1)
        axes.plot(singles, places, "o", color=BLUE, alpha=0.35, markersize=4, markeredgewidth=0, zorder=2)
        axes.plot([mean, mean], [place - 0.3, place + 0.3], color=BLUE, linewidth=1.8, zorder=3)
    axes.set_yticks(range(len(levels)), [f"{level:.0%} intervals" for level in levels])
    axes.set_ylim(len(levels) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_xlim(0.3, 1.0)
    axes.set_xlabel("true values inside (dots: parameters, line: their mean)")


def _truths(axes: Axes, rows: pd.DataFrame) -> None:
    axes.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle=":", zorder=1)
    axes.vlines(rows["true"], rows["low"], rows["high"], color=BLUE, linewidth=0.7, alpha=0.6, zorder=2)
    axes.plot(rows["true"], rows["median"], "o", color=BLUE, markersize=3, zorder=3)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    for axis, last in ((axes.xaxis, "100"), (axes.yaxis, "100%")):
        axis.set_ticks([0, 0.5, 1], ["0", "50", last])


# -- shrinkage --------------------------------------------------------------------------------------------------------


@with_style
def shrinkage(table: pd.DataFrame, pairs: pd.DataFrame, footer: str = "") -> Figure:
    """Draw how much narrower the posterior is than the prior, by parameter, and pairs that trade off."""
    table = require_columns(table, ("parameter", "shrinkage", "median", "low", "high", "unit"), "shrinkage")
    rows, strong = table.head(_PARAMETERS), pairs.head(_PAIRS)
    little = int((table["shrinkage"] < 0.1).sum())
    names = 2.95
    width = PAGE_WIDTH - MARGIN - names - 2.2
    below = 0.45 + _ROW * len(strong) + _AXIS if len(strong) else 0.0
    sheet = blank(
        body=0.35 + _ROW * len(rows) + _AXIS + below,
        title="Shrinkage of parameters",
        subtitle=f"1 minus the ratio of the posterior's SD to the prior's. The {len(rows)} largest of {len(table)}; "
        f"{little} are below 10%. Right: median and 90% interval, in the unit of the parameter.",
        key=[],
        footer=footer,
    )
    axes = sheet.axes(names, 0.3, width, _ROW * len(rows))
    axes.barh(range(len(rows)), rows["shrinkage"], color=BLUE, height=0.6)
    for place, row in enumerate(rows.to_dict("records")):
        words = f"{row['median']:.3g} ({row['low']:.3g} to {row['high']:.3g}) {row['unit']}"
        axes.text(1.02, place, words, transform=axes.get_yaxis_transform(), va="center")
    _list(axes, [_short(name) for name in rows["parameter"]])
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_xlabel("shrinkage of the SD")
    if len(strong):
        _pairs(sheet, strong, 0.3 + _ROW * len(rows) + _AXIS, len(pairs))
    return sheet.figure


def _pairs(sheet: Any, strong: pd.DataFrame, top: float, count: int) -> None:
    part = f"{len(strong)} of {count}" if count > len(strong) else "all"
    sheet.heading(f"Pairs that trade off ({part} of at least ±0.3)", top)
    names = 4.9
    axes = sheet.axes(names, top + 0.3, PAGE_WIDTH - MARGIN - names, _ROW * len(strong))
    for place, value in enumerate(strong["correlation"]):
        axes.plot([0, value], [place, place], color=BLUE, linewidth=1.4)
        axes.plot(value, place, "o", color=BLUE, markersize=4.4)
    axes.axvline(0, color=INK, linewidth=0.8)
    both = zip(strong["parameter"], strong["other"], strict=True)
    _list(axes, [f"{_short(first)} — {_short(second)}" for first, second in both])
    axes.set_xlim(-1.05, 1.05)
    axes.set_xlabel("correlation over the draws")


def _short(name: str) -> str:
    """Return the name of a parameter in plain words.

    >>> _short("mechanisms.recovery.night")
    'recovery: night'
    """
    parts = name.split(".")
    return ": ".join(parts[1:] if parts[0] in ("mechanisms", "measures") else parts).replace("_", " ")
