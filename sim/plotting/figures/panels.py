"""Parts that panels of several figures share: dots with intervals, rows with names, and heat maps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from sim.plotting.style import GREY, PALE

LESS, MORE = 0.9, 1.5
"""Points: width of the line of an interval that includes zero, and of one that does not."""


def draw_intervals(
    axes: Axes, rows: pd.DataFrame, middle: str = "mean", ends: tuple[str, str] = ("low", "high"),
    places: ArrayLike | None = None, width: float = MORE, upright: bool = False, **style: Any,
) -> None:  # fmt: skip
    """Draw a dot and the line of its interval for each row, across or upright; without an interval the dot alone.

    `middle` and `ends` are columns; `places` are by default the numbers of the rows. Estimates and ends are known:
    seaborn takes them, in this order, as the values at a place.
    """
    places = np.arange(len(rows)) if places is None else np.asarray(places, dtype=float)
    values = rows[[middle, *ends]].astype(float).assign(place=places).melt("place", value_name="value")
    x, y = ("place", "value") if upright else ("value", "place")
    if values["value"].notna().any():
        sns.pointplot(
            values, x=x, y=y, orient="x" if upright else "y", native_scale=True, estimator=_estimate,
            errorbar=_interval, err_kws={"linewidth": width, "zorder": 2}, ax=axes,
            **{"linestyle": "none", "markersize": 4.4, "markeredgewidth": 1, "zorder": 3, **style},
        )  # fmt: skip
    axes.set(xlabel="", ylabel="")


def draw_tested(axes: Axes, rows: pd.DataFrame, unclear: ArrayLike, places: ArrayLike, color: Any, **how: Any) -> None:
    """Draw intervals as `draw_intervals` does, thin and grey where they are `unclear`, because they include zero."""
    for is_grey in (False, True):
        own = np.asarray(unclear) == is_grey
        shade, face = (GREY if is_grey else color), how.get("markerfacecolor")
        draw_intervals(
            axes, rows[own], places=np.asarray(places)[own], width=LESS if is_grey else MORE, color=shade,
            **{**how, "markerfacecolor": face or shade},
        )  # fmt: skip


def _estimate(values: pd.Series) -> float:
    return float(values.iloc[0])


def _interval(values: pd.Series) -> tuple[float, float]:
    return (float(values.iloc[1]), float(values.iloc[2])) if len(values) == 3 else (np.nan, np.nan)


def name_rows(axes: Axes, names: Sequence[str], places: ArrayLike | None = None, grid: bool = True) -> None:
    """Name rows from top to bottom, each on a pale line unless `grid` is false."""
    places = np.arange(len(names)) if places is None else np.asarray(places)
    axes.set_yticks(places, names)
    axes.set_ylim(np.max(places, initial=0) + 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_axisbelow(True)
    if grid:
        axes.grid(axis="y", color=PALE, linewidth=0.4)


def draw_heat_map(
    axes: Axes, values: pd.DataFrame, texts: Any, marked: ArrayLike | None = None, mark: dict[str, Any] | None = None,
    plain: dict[str, Any] | None = None, **style: Any,
) -> None:  # fmt: skip
    """Draw a heat map with a text in each cell: `mark` is the style of texts in `marked` cells, `plain` of others."""
    sns.heatmap(values, annot=np.asarray(texts), fmt="", cbar=False, linecolor=PALE, linewidth=0.5, ax=axes, **style)
    if marked is not None:
        for text, is_marked in zip(axes.texts, np.asarray(marked)[values.notna()], strict=True):
            text.set(**((mark if is_marked else plain) or {}))
    axes.set(xlabel="", ylabel="")
    axes.tick_params(which="both", length=0, rotation=0)
