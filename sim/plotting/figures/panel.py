"""Results of a panel by the time between its waves: lagged effects in both directions, and stability."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from sim.errors import UserError
from sim.plotting.figures.page_layout import Facets, blank, notes, sample
from sim.plotting.figures.panels import LESS, draw_intervals
from sim.plotting.figures.selection import round_ticks
from sim.plotting.figures.style import SMALL, with_style
from sim.plotting.style import BLUE, GREY, INK, PALE, VERMILLION
from sim.reporting.tables import require_columns

_LAGS = ("earlier", "later", "months", "form", "level", "path", "mean", "low", "high")
_RETESTS = ("scale", "weeks", "level", "mean", "low", "high")
_ASIDE = 0.12
"""Months by which the two directions stand beside each other."""
_FORMS: dict[str, dict[str, Any]] = {
    "cross-lagged": {"linestyle": "-", "marker": "o"},
    "within people": {"linestyle": ":", "marker": "s"},
}
_EXHAUSTION = "exhaustion"
_NOTE = "published sizes are recalled or assumed, ranges plausible"


@with_style
def draw(
    lags: pd.DataFrame,
    retests: pd.DataFrame,
    published: pd.DataFrame,
    published_retests: pd.DataFrame,
    labels: Mapping[str, str],
    footer: str = "",
) -> Figure:
    """Draw observed effects of every pair by months between waves, published sizes, and retests of exhaustion.

    Parameters
    ----------
    lags, retests : DataFrame
        Mean over worlds of each effect and correlation, with its interval.
    published, published_retests : DataFrame
        Published sizes and correlations `r`, with a range.
    labels : mapping from str to str
        Names of the scales.
    footer : str
        Text below the figure.

    Raises
    ------
    UserError
        If a table lacks a column, or `lags` has no observed effects.
    """
    lags, retests = require_columns(lags, _LAGS, "lags"), require_columns(retests, _RETESTS, "retests")
    observed = lags[(lags["level"] == "observed") & (lags["path"] == "as it is")]
    if observed.empty:
        raise UserError("Cannot draw lags: the table has no observed effects.")
    pairs = list(dict.fromkeys(zip(observed["earlier"], observed["later"], strict=True)))
    pairs = [pair for place, pair in enumerate(pairs) if pair[::-1] not in pairs[:place]]
    names = ["\n".join(" → ".join(labels[name] for name in one) for one in (pair, pair[::-1])) for pair in pairs]
    facets = Facets(
        [*names, "retests of exhaustion\n(grey: without error)"], left=0.62, height=1.55, below=0.4, most=3, gap=0.46
    )
    cross, within = _FORMS.values()
    sheet = blank(
        body=0.14 + facets.body,
        title="Results of a panel by the time between its waves",
        subtitle="Standardised effects of an earlier score on a later one, and retest correlations of exhaustion. "
        "Bars: 95% interval of the mean over worlds.",
        key=[
            sample("cross-lagged", INK, **cross),
            sample("within people", INK, markerfacecolor="white", **within),
            Patch(color=INK, alpha=0.25, linewidth=0, label="published, with a plausible range"),
        ],
        footer=notes(_NOTE, footer),
    )
    panels = facets.draw(sheet, top=0.14)
    for number, (axes, pair) in enumerate(zip(panels, pairs, strict=False)):
        _draw_pair(axes, observed, published, pair)
        first, second = names[number].split("\n")
        axes.set_title(f"{first}\n", fontsize=SMALL, color=BLUE)
        axes.text(0, 1.035, second, transform=axes.transAxes, color=VERMILLION, va="bottom")
        axes.set(xlabel="months between waves", ylim=_ends(observed, published))
        if number % facets.columns == 0:
            axes.set_ylabel("standardised effect")
    _draw_retests(panels[-1], retests, published_retests)
    return sheet.figure


def _ends(observed: pd.DataFrame, published: pd.DataFrame) -> tuple[float, float]:
    sized = published.dropna(subset="size")
    ends = pd.concat([observed["mean"], observed["low"], observed["high"], sized["low"], sized["high"]])
    margin = 0.06 * (ends.max() - ends.min())
    return min(ends.min(), 0) - margin, max(ends.max(), 0) + margin


def _draw_pair(axes: Axes, observed: pd.DataFrame, published: pd.DataFrame, pair: tuple[str, str]) -> None:
    axes.axhline(0, color=PALE, linewidth=0.8, zorder=0)
    months = sorted(observed["months"].unique())
    for shift, (color, earlier, later) in enumerate(((BLUE, *pair), (VERMILLION, *pair[::-1]))):
        rows, known = (
            table[(table["earlier"] == earlier) & (table["later"] == later)].dropna(subset=value)
            for table, value in ((observed, "mean"), (published, "size"))
        )
        for form, style in _FORMS.items():
            own = rows[rows["form"] == form]
            draw_intervals(
                axes, own, places=own["months"] + _ASIDE * (2 * shift - 1), width=LESS, upright=True, color=color,
                linewidth=1.2, markersize=3.6,
                **{"markerfacecolor": "white" if form == "within people" else color} | style,
            )  # fmt: skip
        aside = np.where(known["months"] >= months[-1], 0.9 + 0.6 * shift, -0.6)
        _draw_published(axes, known["months"] + aside, known["size"], known, color)
    axes.set_xticks(months)
    axes.set_xlim(0, months[-1] + 2)
    axes.yaxis.set_major_locator(round_ticks(5))


def _draw_published(axes: Axes, at: pd.Series, middle: pd.Series, ends: pd.DataFrame, color: Any) -> None:
    axes.vlines(at, ends["low"], ends["high"], color=color, linewidth=4, alpha=0.25, zorder=1)
    axes.plot(at, middle, color=color, linestyle="none", marker="_", markersize=6, markeredgewidth=1.6, zorder=2)


def _draw_retests(axes: Axes, retests: pd.DataFrame, published: pd.DataFrame) -> None:
    own = retests[retests["scale"] == _EXHAUSTION]
    axes.tick_params(labelleft=True)
    for level, color in (("latent", GREY), ("observed", INK)):
        rows = own[own["level"] == level]
        draw_intervals(
            axes, rows, places=rows["weeks"], width=LESS, upright=True, color=color, linestyle="-", linewidth=1.2,
            markersize=3.6,
        )  # fmt: skip
    _draw_published(axes, published["weeks"] + 1.6, published["r"], published, INK)
    axes.set_xlabel("weeks between waves")
    axes.set_ylabel("correlation", labelpad=1)
    axes.set_xlim(0, retests["weeks"].max() + 4)
    axes.set_ylim(0.4, 1.02)
    axes.yaxis.set_major_locator(round_ticks(4))
