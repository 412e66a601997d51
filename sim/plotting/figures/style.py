"""The style of printed figures: the shared colours, and letters of at least eight points."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

import matplotlib
import seaborn as sns
from matplotlib.figure import Figure

from sim.plotting.style import GREY, INK

Arguments = ParamSpec("Arguments")

SMALL, PLAIN, LARGE = 8, 9, 12
"""Points."""

MARKERS = {"policy": "o", "counterfactual": "D"}
"""By kind of scenario."""

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


def with_style(draw: Callable[Arguments, Figure]) -> Callable[Arguments, Figure]:
    """Return a function that draws in this style, and leaves the settings of matplotlib as they are."""

    @wraps(draw)
    def styled(*positional: Arguments.args, **keywords: Arguments.kwargs) -> Figure:
        with matplotlib.rc_context(STYLE):
            return draw(*positional, **keywords)

    return styled
