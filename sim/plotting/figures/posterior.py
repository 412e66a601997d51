"""Posterior: predictions and observations, recovery of known parameter sets, and shrinkage of parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import PercentFormatter

from sim.formatting import fixed
from sim.plotting.figures.page_layout import (
    LINE,
    MARGIN,
    PAGE_WIDTH,
    Facets,
    blank,
    letters,
    notes,
    panel_width,
    sample,
)
from sim.plotting.figures.panels import draw_intervals, name_rows
from sim.plotting.figures.selection import most_lines, round_ticks, wrapped
from sim.plotting.figures.style import with_style
from sim.plotting.style import BLUE, INK, ORANGE, PALE
from sim.reporting.tables import require_columns

_ROW, _AXIS = 0.152, 0.55
"""Inches of a row of a list, and of the axis below it."""
_NAMES, _NUMBERS = 3.0, 1.5
"""Inches: the names at the left of a list, the numbers at its right."""
_TRUTHS, _PANELS = 40, 12
"""Recovery: parameter sets in a panel, and panels on a page."""
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
            sample("prior, model alone", PALE, linewidth=3.2),
            sample("posterior, with error", BLUE, linewidth=1.0),
            sample("posterior, model alone", BLUE, linewidth=3.2),
            sample("observed", INK, marker="|", markersize=8),
        ],
        footer=notes("90% intervals; orange: observed value outside", footer),
    )
    axes = sheet.axes(_NAMES, 0.1, PAGE_WIDTH - MARGIN - _NAMES - _NUMBERS, _ROW * len(table))
    sd, rows = np.hypot(table["error"], table["discrepancy"]), np.arange(len(table))
    colors = [BLUE if inside else ORANGE for inside in table["inside"]]
    for kind, line_colors, width in (("prior_", [PALE], 3.2), ("", colors, 1.0), ("model_", colors, 3.2)):
        low, high = (
            ((table[f"{kind}{end}"] - table["observed"]) / sd).clip(-_FARTHEST, _FARTHEST) for end in ("low", "high")
        )
        axes.hlines(rows, low, high, colors=line_colors, linewidth=width, zorder=2)
    axes.plot(np.zeros(len(rows)), rows, color=INK, marker="|", markersize=7, linestyle="none", zorder=3)
    for place, row in enumerate(table.to_dict("records")):
        digits, unit = _DECIMALS.get(row["unit"], 2), _UNITS.get(row["unit"], "")
        observed, low, high = (fixed(row[name], digits) for name in ("observed", "low", "high"))
        words, color = f"{observed}{unit}  ({low} to {high})", INK if row["inside"] else ORANGE
        axes.text(1.02, place, words, transform=axes.get_yaxis_transform(), va="center", color=color)
    axes.axvline(0, color=INK, linewidth=0.8, zorder=1)
    axes.set_xlim(-_FARTHEST, _FARTHEST)
    axes.set_xlabel("SD of error and discrepancy from the observed value\n← lower   ·   higher →")
    axes.xaxis.set_major_locator(round_ticks(6))
    name_rows(axes, list(table["label"]), grid=False)
    return sheet.figure


# -- known parameter sets ---------------------------------------------------------------------------------------------


@with_style
def recovery(table: pd.DataFrame, coverage: pd.DataFrame, method: str = "flow", footer: str = "") -> Figure:
    """Draw the coverage of intervals, and true values of known parameter sets with their estimates by a method.

    `table` has a row per known set and parameter, `coverage` one per parameter and nominal level.
    """
    table = require_columns(table, ("truth", "parameter", "true", "median", "low", "high"), "recovery")
    correlation = table.groupby("parameter")[["true", "median"]].apply(lambda own: own["true"].corr(own["median"]))
    names = list(correlation.sort_values(ascending=False, kind="stable").index[:_PANELS])
    facets = Facets(
        (f"{_short(name)}\nr = {fixed(correlation[name], 2)}" for name in names), left=0.45, below=0.1, most=4,
        gap=0.3, height=panel_width(4, 0.45, 0.3), shared_x=True,
    )  # fmt: skip
    above = 1.75
    sheet = blank(
        body=above + 0.25 + facets.body + 0.3,
        title=f"Recovery of known parameter sets by the {method}",
        subtitle=f"{table['truth'].nunique()} simulations outside its training data, with error and discrepancy. "
        f"Below: the {len(names)} parameters with the best recovery of {table['parameter'].nunique()}, "
        f"{min(_TRUTHS, table['truth'].nunique())} sets each; both axes are the range of the parameter.",
        key=[
            sample("median, 90% interval", BLUE, marker="o", markersize=3.6, linestyle="-"),
            sample("ideal", INK, linewidth=0.8, linestyle=":"),
            Patch(color=PALE, label="within ten points"),
        ],
        footer=footer,
    )
    _coverage(sheet.axes(2.2, 0.32, PAGE_WIDTH - MARGIN - 2.2 - _LAST, 0.95), coverage)
    sheet.heading("Coverage of intervals of 50, 80 and 95%", 0.02)
    sheet.heading(f"True values and estimates of the {method}", above)
    for axes, name in zip(facets.draw(sheet, above + 0.25), names, strict=True):
        rows = table[(table["parameter"] == name) & (table["truth"] < _TRUTHS)]
        axes.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle=":", zorder=1)
        axes.vlines(rows["true"], rows["low"], rows["high"], color=BLUE, linewidth=0.7, alpha=0.6, zorder=2)
        axes.plot(rows["true"], rows["median"], "o", color=BLUE, markersize=3, zorder=3)
        axes.set(xlim=(0, 1), ylim=(0, 1))
        for axis, last in ((axes.xaxis, "100"), (axes.yaxis, "100%")):
            axis.set_ticks([0, 0.5, 1], ["0", "50", last])
    return sheet.figure


def _coverage(axes: Axes, table: pd.DataFrame) -> None:
    """Draw one dot per parameter at each level, and the mean as a line."""
    singles = table[table["parameter"] != "all"]
    levels = sorted(table["nominal"].unique())
    sns.stripplot(
        singles, x="covered", y="nominal", order=levels, orient="y", jitter=False, color=BLUE, alpha=0.35, size=4,
        ax=axes,
    )  # fmt: skip
    means = table[table["parameter"] == "all"].set_index("nominal")["covered"].reindex(levels)
    rows = np.arange(len(levels))
    axes.vlines(means, rows - 0.3, rows + 0.3, color=BLUE, linewidth=1.8, zorder=3)
    axes.vlines(levels, rows - 0.42, rows + 0.42, color=INK, linewidth=0.8, linestyle=":", zorder=1)
    for row, level in enumerate(levels):
        axes.fill_betweenx(
            [row - 0.42, row + 0.42], level - 0.1, min(level + 0.1, 1), color=PALE, linewidth=0, zorder=0
        )
    name_rows(axes, [f"{level:.0%} intervals" for level in levels], grid=False)
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set(xlim=(0.3, 1.0), xlabel="true values inside (dots: parameters, line: their mean)", ylabel="")


# -- shrinkage --------------------------------------------------------------------------------------------------------


@with_style
def shrinkage(table: pd.DataFrame, pairs: pd.DataFrame, footer: str = "") -> Figure:
    """Draw how much narrower the posterior is than the prior, by parameter, and pairs that trade off."""
    table = require_columns(table, ("parameter", "shrinkage", "median", "low", "high", "unit"), "shrinkage")
    rows, strong = table.head(_PARAMETERS), pairs.head(_PAIRS)
    little = int((table["shrinkage"] < 0.1).sum())
    width = PAGE_WIDTH - MARGIN - 2.95 - 2.2
    both = zip(strong["parameter"], strong["other"], strict=True)
    names = [wrapped(f"{_short(first)} — {_short(second)}", letters(4.9)) for first, second in both]
    list_height = len(names) * max(_ROW, LINE * most_lines(names))
    below = 0.45 + list_height + _AXIS if names else 0.0
    sheet = blank(
        body=0.35 + _ROW * len(rows) + _AXIS + below,
        title="Shrinkage of parameters",
        subtitle=f"1 minus the ratio of the posterior's SD to the prior's. The {len(rows)} largest of {len(table)}; "
        f"{little} are below 10%. Right: median and 90% interval, in the unit of the parameter.",
        footer=footer,
    )
    axes = sheet.axes(2.95, 0.3, width, _ROW * len(rows))
    sns.barplot(x=rows["shrinkage"].to_numpy(), y=[_short(name) for name in rows["parameter"]], color=BLUE,
                saturation=1, width=0.6, ax=axes)  # fmt: skip
    for place, row in enumerate(rows.to_dict("records")):
        words = f"{row['median']:.3g} ({row['low']:.3g} to {row['high']:.3g}) {row['unit']}"
        axes.text(1.02, place, words, transform=axes.get_yaxis_transform(), va="center")
    name_rows(axes, [_short(name) for name in rows["parameter"]], grid=False)
    axes.set(xlim=(0, 1), xlabel="shrinkage of the SD")
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    if names:
        part = f"{len(strong)} of {len(pairs)}" if len(pairs) > len(strong) else "all"
        top = 0.3 + _ROW * len(rows) + _AXIS
        sheet.heading(f"Pairs that trade off ({part} of at least ±0.3)", top)
        _pairs(sheet.axes(4.9, top + 0.3, PAGE_WIDTH - MARGIN - 4.9, list_height), strong, names)
    return sheet.figure


def _pairs(axes: Axes, pairs: pd.DataFrame, names: Sequence[str]) -> None:
    draw_intervals(axes, pairs.assign(zero=0.0), "correlation", ("zero", "correlation"), color=BLUE)
    axes.axvline(0, color=INK, linewidth=0.8)
    name_rows(axes, names, grid=False)
    axes.set(xlim=(-1.05, 1.05), xlabel="correlation over the draws")
    axes.xaxis.set_major_locator(round_ticks(6))


def _short(name: str) -> str:
    """Return the name of a parameter in plain words.

    >>> _short("mechanisms.recovery.night")
    'recovery: night'
    """
    parts = name.split(".")
    return ": ".join(parts[1:] if parts[0] in ("mechanisms", "measures") else parts).replace("_", " ")
