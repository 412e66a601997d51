"""What a panel would find by the time between its waves: lagged effects in both directions, and stability."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from sim.errors import UserError
from sim.plotting.figures.page_layout import blank
from sim.plotting.figures.selection import Labels, round_ticks
from sim.plotting.figures.style import BLUE, GREY, INK, PALE, SMALL, VERMILLION, in_house_style
from sim.reporting.summary import label_of, require_columns

_LAGS = ("earlier", "later", "months", "form", "level", "path", "mean", "low", "high")
_RETESTS = ("scale", "weeks", "level", "mean", "low", "high")
_HEIGHT, _STEP, _LEFT, _GAP = 1.55, 2.35, 0.62, 0.46
_TITLE = 0.36
_COLUMNS = 3
_ASIDE = 0.12
"""Months by which the two directions stand beside each other."""
_NAMES = {
    "psychological_load": "load", "exhaustion": "exhaustion", "isolation_from_colleagues": "isolation",
    "detachment": "detachment", "telepressure": "telepressure", "share_at_home": "share at home",
}  # fmt: skip
_FORMS: dict[str, dict[str, Any]] = {
    "cross-lagged": {"linestyle": "-", "marker": "o"},
    "within people": {"linestyle": ":", "marker": "s"},
}
_EXHAUSTION = "exhaustion"
_NOTE = "published sizes are recalled or assumed, their ranges plausible"


@in_house_style
def draw(
    lags: pd.DataFrame,
    retests: pd.DataFrame,
    published: pd.DataFrame,
    published_retests: pd.DataFrame,
    footer: str = "",
    labels: Labels = None,
) -> Figure:
    """Observed effects of every pair by months between waves, published sizes, and exhaustion with itself.

    `lags` and `retests` hold a mean over worlds with its interval, `published` and `published_retests` a size or `r`
    with a range. Raises UserError where a table lacks a column or a row.
    """
    lags, retests = require_columns(lags, _LAGS, "lags"), require_columns(retests, _RETESTS, "retests")
    seen = lags[(lags["level"] == "observed") & (lags["path"] == "as it is")]
    if seen.empty:
        raise UserError("nothing to draw: the table of lags has no observed rows")
    pairs = _pairs(seen)
    lines = -(-(len(pairs) + 1) // _COLUMNS)
    sheet = blank(
        body=_TITLE + lines * _STEP - 0.28,
        title="What a panel would find, by the time between its waves",
        subtitle="Standardised effects of an earlier score on a later one, and how far exhaustion correlates with "
        "itself. Bars: 95% interval of the mean over worlds, chance only.",
        key=_key(),
        footer=" · ".join(part for part in (_NOTE, footer) if part),
    )
    panels = sheet.grid(len(pairs) + 1, _COLUMNS, _LEFT, _TITLE, _HEIGHT, _STEP, _GAP)
    low, high = _ends(seen, published)
    for number, (axes, pair) in enumerate(zip(panels, pairs, strict=False)):
        _draw_pair(axes, seen, published, pair, labels)
        axes.set_ylim(low, high)
        if number % _COLUMNS == 0:
            axes.set_ylabel("standardised effect")
        axes.tick_params(labelleft=number % _COLUMNS == 0)
    _draw_retests(panels[-1], retests, published_retests)
    return sheet.figure


def _pairs(seen: pd.DataFrame) -> list[tuple[str, str]]:
    """Each pair once, in the order of the table."""
    pairs: list[tuple[str, str]] = []
    for earlier, later in zip(seen["earlier"], seen["later"], strict=True):
        if (earlier, later) not in pairs and (later, earlier) not in pairs:
            pairs.append((earlier, later))
    return pairs


def _ends(seen: pd.DataFrame, published: pd.DataFrame) -> tuple[float, float]:
    sized = published.dropna(subset="size")
    ends = pd.concat([seen["mean"], seen["low"], seen["high"], sized["low"], sized["high"]])
    room = 0.06 * (ends.max() - ends.min())
    return min(ends.min(), 0) - room, max(ends.max(), 0) + room


def _draw_pair(axes: Axes, seen: pd.DataFrame, published: pd.DataFrame, pair: tuple[str, str], labels: Labels) -> None:
    axes.axhline(0, color=PALE, linewidth=0.8, zorder=0)
    for shift, (color, earlier, later) in enumerate(((BLUE, *pair), (VERMILLION, *pair[::-1]))):
        rows = seen[(seen["earlier"] == earlier) & (seen["later"] == later)].dropna(subset="mean")
        for form, look in _FORMS.items():
            own = rows[rows["form"] == form]
            at = own["months"] + _ASIDE * (2 * shift - 1)
            face = color if form == "cross-lagged" else "white"
            axes.vlines(at, own["low"], own["high"], color=color, linewidth=0.9)
            axes.plot(at, own["mean"], color=color, markersize=3.6, markerfacecolor=face, linewidth=1.2, **look)
        for own in published[(published["earlier"] == earlier) & (published["later"] == later)].to_dict("records"):
            if own["size"] == own["size"]:
                at = own["months"] + (0.9 + 0.6 * shift if own["months"] >= seen["months"].max() else -0.6)
                axes.vlines(at, own["low"], own["high"], color=color, linewidth=4, alpha=0.25, zorder=1)
                axes.plot(at, own["size"], color=color, marker="_", markersize=6, markeredgewidth=1.6, zorder=2)
    names = [_NAMES.get(name) or label_of(name, labels).lower() for name in pair]
    axes.set_title(f"{names[0]} → {names[1]}\n", fontsize=SMALL, color=BLUE)
    axes.text(0, 1.035, f"{names[1]} → {names[0]}", transform=axes.transAxes, color=VERMILLION, va="bottom")
    axes.set_xlabel("months between waves")
    months = sorted(seen["months"].unique())
    axes.set_xticks(months)
    axes.set_xlim(0, months[-1] + 2)
    axes.yaxis.set_major_locator(round_ticks(5))


def _draw_retests(axes: Axes, retests: pd.DataFrame, published: pd.DataFrame) -> None:
    own = retests[retests["scale"] == _EXHAUSTION]
    for level, color, words in (("latent", GREY, "without error"), ("observed", INK, "as filled in")):
        rows = own[own["level"] == level]
        axes.vlines(rows["weeks"], rows["low"], rows["high"], color=color, linewidth=0.9)
        axes.plot(rows["weeks"], rows["mean"], color=color, marker="o", markersize=3.6, linewidth=1.2)
        middle = rows.iloc[len(rows) // 2]
        axes.annotate(words, (middle["weeks"], middle["mean"]), (0, 6), textcoords="offset points", color=color)
    aside = published["weeks"] + 1.6
    axes.vlines(aside, published["low"], published["high"], color=INK, linewidth=4, alpha=0.2, zorder=1)
    axes.plot(aside, published["r"], color=INK, linestyle="none", marker="_", markersize=6, markeredgewidth=1.6)
    axes.set_title("exhaustion with itself\n", fontsize=SMALL)
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
