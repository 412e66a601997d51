"""Figure of the patterns that the model and its rivals meet, with their scores."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from sim.errors import UserError
from sim.plotting.figures.page_layout import blank, notes, sample
from sim.plotting.figures.panels import draw_heat_map
from sim.plotting.figures.style import with_style
from sim.plotting.style import BLUE, GREY, VERMILLION
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
        subtitle="Coloured: the model meets the pattern, by criteria written in advance. Above: number met.",
        key=[
            sample("the model meets it", BLUE, marker="s", markersize=6),
            sample("a rival meets it", GREY, marker="s", markersize=6),
            sample("the model fails it", VERMILLION, marker="x", markersize=5, markeredgewidth=1.4),
        ],
        footer=notes("*: in mind, cited as the basis of a parameter or of the amount of a measure", footer),
    )
    top = _HEAD
    for at, (use, own) in enumerate(groups.items()):
        axes = sheet.axes(_LABEL, top, len(models) * _COLUMN, len(own) * _ROW)
        _draw_use(axes, own, models, labels)
        axes.text(-0.1, -0.25, _USES[use], ha="right", va="bottom", weight="bold")
        for column, name in enumerate(models):
            axes.text(column + 0.5, -0.25, f"{int(own[name].sum())} of {len(own)}", ha="center", va="bottom")
            if at == 0:
                words = models[name].replace(" ", "\n")
                axes.text(column + 0.5, -1.7, words, ha="center", va="bottom", weight="bold")
        top += len(own) * _ROW + _GAP
    return sheet.figure


def _draw_use(axes: Axes, own: pd.DataFrame, models: Mapping[str, str], labels: Mapping[str, str]) -> None:
    """Draw a cell per pattern and model, coloured where the model meets the pattern."""
    met = own[list(models)].astype(int)
    met.iloc[:, 1:] *= 2
    texts = met.map(lambda _: "").assign(**{met.columns[0]: np.where(met.iloc[:, 0], "", "×")})
    names = [labels.get(one, one) + " *" * mark for one, mark in zip(own["pattern"], own["in_mind"], strict=True)]
    draw_heat_map(
        axes, met, texts, met == 0, {"color": VERMILLION, "weight": "bold"}, cmap=ListedColormap(["white", BLUE, GREY]),
        vmin=0, vmax=2, xticklabels=False, yticklabels=names,
    )  # fmt: skip
