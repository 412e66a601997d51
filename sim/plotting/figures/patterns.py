"""Figure of the patterns that the model and its rivals meet, with their scores."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sim.errors import UserError
from sim.plotting.figures.page_layout import blank
from sim.plotting.figures.style import SMALL, with_style
from sim.plotting.style import BLUE, GREY, INK, PALE, VERMILLION
from sim.reporting.tables import require_columns

_COLUMNS = ("pattern", "use", "in_mind", "met")
_USES = {"strong": "Strong", "test": "Test", "equivalence": "Equivalence"}
_ROW, _HEAD, _GAP = 0.155, 0.62, 0.28
_LABEL, _COLUMN = 2.75, 0.66


@with_style
def draw(rows: pd.DataFrame, models: Mapping[str, str], labels: Mapping[str, str], footer: str = "") -> Figure:
    """Draw one page: patterns as rows, the model and its rivals as columns.

    `rows` has one row per pattern, with a boolean column for each of `models` (name -> heading). `labels` name
    patterns. Raises UserError where a column or a row is missing.
    """
    if require_columns(rows, (*_COLUMNS, *models), "rows").empty:
        raise UserError("Nothing to draw: the table of patterns has no rows.")
    groups = {use: rows[rows["use"] == use] for use in _USES if (rows["use"] == use).any()}
    body = _HEAD + sum(len(own) * _ROW + _GAP for own in groups.values())
    sheet = blank(
        body=body,
        title="Published findings, and the models that give them",
        subtitle="Marks: the model meets the pattern, by criteria written in advance. Above: number of patterns met.",
        key=[
            Line2D([], [], color=BLUE, marker="s", markersize=6, linestyle="none", label="the model meets it"),
            Line2D([], [], color=GREY, marker="s", markersize=6, linestyle="none", label="a rival meets it"),
            Line2D([], [], color=VERMILLION, marker="x", markersize=5, linestyle="none", label="the model fails it"),
            Line2D([], [], color=INK, marker="$*$", markersize=5, linestyle="none", label="in mind"),
        ],
        footer=footer,
    )
    top = _HEAD
    for at, (use, own) in enumerate(groups.items()):
        axes = sheet.axes(_LABEL, top, len(models) * _COLUMN, len(own) * _ROW)
        _draw_use(axes, own, models, labels)
        axes.text(-0.5, -0.75, _USES[use], ha="right", va="bottom", fontsize=SMALL, weight="bold")
        for column, name in enumerate(models):
            axes.text(column, -0.75, f"{int(own[name].sum())} of {len(own)}", ha="center", va="bottom", color=INK)
            if at == 0:
                axes.text(column, -2.2, models[name].replace(" ", "\n"), ha="center", va="bottom", weight="bold")
        top += len(own) * _ROW + _GAP
    return sheet.figure


def _draw_use(axes: Axes, own: pd.DataFrame, models: Mapping[str, str], labels: Mapping[str, str]) -> None:
    for place, row in enumerate(own.to_dict("records")):
        axes.axhline(place, color=PALE, linewidth=0.4, zorder=1)
        for column, name in enumerate(models):
            if row[name]:
                axes.plot(column, place, "s", color=BLUE if column == 0 else GREY, markersize=6, zorder=3)
            elif column == 0:
                axes.plot(column, place, "x", color=VERMILLION, markersize=5, markeredgewidth=1.4, zorder=3)
    axes.set_xlim(-0.5, len(models) - 0.5)
    axes.set_ylim(len(own) - 0.5, -0.5)
    axes.set_xticks([])
    marks = np.where(own["in_mind"], " *", "")
    names = [labels.get(one, one) + mark for one, mark in zip(own["pattern"], marks, strict=True)]
    axes.set_yticks(range(len(own)), names)
    axes.tick_params(axis="y", length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
