"""Results of a panel by the time between its waves: lagged effects in both directions, and stability."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from sim.errors import UserError
from sim.plotting.figures.page_layout import blank
from sim.plotting.figures.selection import round_ticks
from sim.plotting.figures.style import SMALL, with_style
from sim.plotting.style import BLUE, GREY, INK, PALE, VERMILLION
from sim.reporting.tables import require_columns

_LAGS = ("earlier", "later", "months", "form", "level", "path", "mean", "low", "high")
_RETESTS = ("scale", "weeks", "level", "mean", "low", "high")
_HEIGHT, _STEP, _LEFT, _GAP = 1.55, 2.35, 0.62, 0.46
_TITLE = 0.36
_COLUMNS = 3
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
    pairs = _pairs(observed)
    lines = -(-(len(pairs) + 1) // _COLUMNS)
    sheet = blank(
        body=_TITLE + lines * _STEP - 0.28,
        title="Results of a panel by the time between its waves",
        subtitle="Standardised effects of an earlier score on a later one, and retest correlations of exhaustion. "
        "Bars: 95% interval of the mean over worlds.",
        key=_key(),
        footer=" · ".join(part for part in (_NOTE, footer) if part),
    )
    panels = sheet.grid(len(pairs) + 1, _COLUMNS, _LEFT, _TITLE, _HEIGHT, _STEP, _GAP)
    low, high = _ends(observed, published)
    for number, (axes, pair) in enumerate(zip(panels, pairs, strict=False)):
        _draw_pair(axes, observed, published, pair, labels)
        axes.set_ylim(low, high)
        if number % _COLUMNS == 0:
            axes.set_ylabel("standardised effect")
        axes.tick_params(labelleft=number % _COLUMNS == 0)
    _draw_retests(panels[-1], retests, published_retests)
    return sheet.figure


def _pairs(observed: pd.DataFrame) -> list[tuple[str, str]]:
    """Return each pair once, in the order of the table."""
    pairs: list[tuple[str, str]] = []
    for earlier, later in zip(observed["earlier"], observed["later"], strict=True):
        if (earlier, later) not in pairs and (later, earlier) not in pairs:
            pairs.append((earlier, later))
    return pairs


def _ends(observed: pd.DataFrame, published: pd.DataFrame) -> tuple[float, float]:
    sized = published.dropna(subset="size")
    ends = pd.concat([observed["mean"], observed["low"], observed["high"], sized["low"], sized["high"]])
    margin = 0.06 * (ends.max() - ends.min())
    return min(ends.min(), 0) - margin, max(ends.max(), 0) + margin


def _draw_pair(
    axes: Axes, observed: pd.DataFrame, published: pd.DataFrame, pair: tuple[str, str], labels: Mapping[str, str]
) -> None:
    axes.axhline(0, color=PALE, linewidth=0.8, zorder=0)
    for shift, (color, earlier, later) in enumerate(((BLUE, *pair), (VERMILLION, *pair[::-1]))):
        rows = observed[(observed["earlier"] == earlier) & (observed["later"] == later)].dropna(subset="mean")
        for form, style in _FORMS.items():
            own = rows[rows["form"] == form]
            at = own["months"] + _ASIDE * (2 * shift - 1)
            face = color if form == "cross-lagged" else "white"
            axes.vlines(at, own["low"], own["high"], color=color, linewidth=0.9)
            axes.plot(at, own["mean"], color=color, markersize=3.6, markerfacecolor=face, linewidth=1.2, **style)
        for own in published[(published["earlier"] == earlier) & (published["later"] == later)].to_dict("records"):
            if own["size"] == own["size"]:
                at = own["months"] + (0.9 + 0.6 * shift if own["months"] >= observed["months"].max() else -0.6)
                axes.vlines(at, own["low"], own["high"], color=color, linewidth=4, alpha=0.25, zorder=1)
                axes.plot(at, own["size"], color=color, marker="_", markersize=6, markeredgewidth=1.6, zorder=2)
    names = [labels[name] for name in pair]
    axes.set_title(f"{names[0]} → {names[1]}\n", fontsize=SMALL, color=BLUE)
    axes.text(0, 1.035, f"{names[1]} → {names[0]}", transform=axes.transAxes, color=VERMILLION, va="bottom")
    axes.set_xlabel("months between waves")
    months = sorted(observed["months"].unique())
    axes.set_xticks(months)
    axes.set_xlim(0, months[-1] + 2)
    axes.yaxis.set_major_locator(round_ticks(5))


def _draw_retests(axes: Axes, retests: pd.DataFrame, published: pd.DataFrame) -> None:
    own = retests[retests["scale"] == _EXHAUSTION]
    for level, color, label in (("latent", GREY, "without error"), ("observed", INK, "as answered")):
        rows = own[own["level"] == level]
        axes.vlines(rows["weeks"], rows["low"], rows["high"], color=color, linewidth=0.9)
        axes.plot(rows["weeks"], rows["mean"], color=color, marker="o", markersize=3.6, linewidth=1.2)
        middle = rows.iloc[len(rows) // 2]
        axes.annotate(label, (middle["weeks"], middle["mean"]), (0, 6), textcoords="offset points", color=color)
    aside = published["weeks"] + 1.6
    axes.vlines(aside, published["low"], published["high"], color=INK, linewidth=4, alpha=0.2, zorder=1)
    axes.plot(aside, published["r"], color=INK, linestyle="none", marker="_", markersize=6, markeredgewidth=1.6)
    axes.set_title("retests of exhaustion\n", fontsize=SMALL)
    axes.set_xlabel("weeks between waves")
    axes.set_ylabel("correlation", labelpad=1)
    axes.set_xlim(0, retests["weeks"].max() + 4)
    axes.set_ylim(0.4, 1.02)
    axes.yaxis.set_major_locator(round_ticks(4))


def _key() -> list[Line2D | Patch]:
    cross, within = _FORMS.values()
    return [
        Line2D([], [], color=INK, markersize=3.6, **cross, label="cross-lagged"),
        Line2D([], [], color=INK, markersize=3.6, markerfacecolor="white", **within, label="within people"),
        Patch(color=INK, alpha=0.25, linewidth=0, label="published, with a plausible range"),
    ]
