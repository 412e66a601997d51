"""The style of printed figures, with letters of at least eight points, and the writing of their files."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from pathlib import Path
from typing import Any, ParamSpec

import matplotlib
import seaborn as sns
from matplotlib.figure import Figure

from sim.files import write_by
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
    "legend.fontsize": SMALL,
    "legend.frameon": False,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "text.color": INK,
    "text.parse_math": False,  # a dollar sign in a name is a dollar sign
    "hatch.linewidth": 0.5,
    "svg.hashsalt": "figures",
    **{
        f"{axis}tick.{name}": value
        for axis in "xy"
        for name, value in {
            "labelsize": SMALL, "color": GREY, "labelcolor": INK, "major.size": 3, "major.width": 0.6,
        }.items()
    },
}  # fmt: skip
_UNDATED: dict[str, dict[str, Any]] = {"png": {"Software": None}, "svg": {"Date": None}}
"""Metadata that would differ by day or machine are left out."""


def with_style(draw: Callable[Arguments, Figure]) -> Callable[Arguments, Figure]:
    """Return a function that draws in this style, and leaves the settings of matplotlib as they are."""

    @wraps(draw)
    def styled(*positional: Arguments.args, **keywords: Arguments.kwargs) -> Figure:
        with matplotlib.rc_context(STYLE):
            return draw(*positional, **keywords)

    return styled


def save(figure: Figure, path_stem: Path) -> list[Path]:
    """Save the figure as PNG (200 dots per inch) and SVG, each complete or not at all, and return both paths."""
    path_stem.parent.mkdir(parents=True, exist_ok=True)
    paths = [path_stem.parent / f"{path_stem.name}.{kind}" for kind in _UNDATED]
    with matplotlib.rc_context(STYLE):
        for path, (kind, metadata) in zip(paths, _UNDATED.items(), strict=True):
            write_by(path, partial(figure.savefig, format=kind, dpi=200, metadata=metadata))
    return paths
