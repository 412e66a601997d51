"""The house style: colours that survive colour-blind eyes and grey print, and letters of eight points and more."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

import matplotlib
import seaborn as sns
from matplotlib.figure import Figure

Arguments = ParamSpec("Arguments")

SMALL, PLAIN, LARGE = 8, 9, 12
"""Points."""

BLUE, ORANGE, _, VERMILLION, *_ = sns.color_palette("colorblind")
INK, GREY, PALE, HIGHLIGHT = "#222222", "#767676", "#c9c9c9", "#f6dfb8"

COLOURS: dict[str, Any] = {"policy": BLUE, "counterfactual": VERMILLION}
MARKERS = {"policy": "o", "counterfactual": "D"}
"""Policies and what-if scenarios differ by shape as well, for eyes and printers without colour."""

STYLE: Any = {
    **sns.axes_style("ticks"),
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": SMALL,
    "axes.titlesize": PLAIN,
    "axes.labelsize": SMALL,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "legend.fontsize": SMALL,
    "legend.frameon": False,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "text.color": INK,
    "text.parse_math": False,  # a dollar sign in a name is a dollar sign
    "hatch.linewidth": 0.5,
    "svg.hashsalt": "figures",
}


def in_house_style(draw: Callable[Arguments, Figure]) -> Callable[Arguments, Figure]:
    """Draws under the house style and leaves everybody else's settings alone."""

    @wraps(draw)
    def styled(*positional: Arguments.args, **named: Arguments.kwargs) -> Figure:
        with matplotlib.rc_context(STYLE):
            return draw(*positional, **named)

    return styled
