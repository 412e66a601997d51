"""Figure of burn-out complaints against isolation, with the scenarios that lower one and raise the other.

Names stand in a column at the right, joined to their dots by thin lines, and the words of the quadrants in strips
that no dot or line reaches. The lines never cross: dots and places in the column are paired so that all lines together
are as short as possible, and two lines that cross could be exchanged for two shorter ones.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from scipy.optimize import linear_sum_assignment

from sim.outcomes.definitions import BURN_OUT, ISOLATION, MAIN_OUTCOMES
from sim.plotting.figures.page_layout import (
    LINE,
    MARGIN,
    PAGE_WIDTH,
    blank,
    footer_of,
    letters,
    line_in_key,
    sample,
    sureness,
)
from sim.plotting.figures.selection import (
    EFFECTS,
    Labels,
    around_zero,
    directions,
    is_one_run,
    kinds_of,
    most_lines,
    of_outcome,
    round_ticks,
    rows_of,
    unit_of,
    wrapped,
)
from sim.plotting.figures.style import MARKERS, with_style
from sim.plotting.style import BLUE, COLOURS, GREY, INK, QUADRANTS
from sim.reporting.labels import KINDS, TODAY, label_of
from sim.reporting.tables import in_given_order, paired_outcomes, require_columns
from sim.words import Words

_LEFT, _NAMES, _TITLE, _HEIGHT, _AXIS = 0.92, 2.05, 0.3, 3.2, 0.65
"""Inches: left of a panel and of the names right of it; over, in and under a panel."""
_WIDTH = PAGE_WIDTH - MARGIN - _LEFT - _NAMES
_STRIP, _TO_COLUMN = 0.36, 0.11
"""Inches: the strips of the quadrants' words, and from the panel to the column of names."""
_TITLES = {"policy": "Policies", "counterfactual": "What-if scenarios, not options"}
_WIDER = " (wider scale; the dotted frame is the panel above)"
_ROOM_ACROSS, _ROOM_UPWARDS = 0.31, 0.25
"""Least share of an axis on either side of zero: room for the quadrant's words."""
_DOT, _REFERENCE_DOT = 4.6, 2.5
"""Points across."""


@with_style
def draw(table: pd.DataFrame, labels: Labels = None, footer: str = "") -> Figure:
    """Draw one dot per scenario, everybody: burn-out complaints across, isolation upwards, both as differences.

    The policies have a panel of their own; a second, wider one adds the what-if scenarios. `table` is that of
    effects.
    """
    table = rows_of(require_columns(table, EFFECTS, "effects"), MAIN_OUTCOMES, groups=("everybody",))
    points = paired_outcomes(table, in_given_order(table, "policy") + in_given_order(table, "counterfactual"))
    kinds = kinds_of(points)
    points["name"] = [wrapped(label_of(one, labels), letters(_NAMES - _TO_COLUMN)) for one in points["scenario"]]
    row = 0.02 + LINE * most_lines(points["name"])
    height = max(_HEIGHT, 2 * _STRIP + row * (1 + points["kind"].value_counts().max()))
    sheet = blank(
        body=len(kinds) * (_TITLE + height + _AXIS),
        title="Effect of each scenario on burn-out complaints and isolation",
        subtitle=f"Each dot is one scenario's difference from {TODAY}, everybody"
        f"{'' if is_one_run(table) else '; crosses are intervals'}.",
        key=[
            sample(
                KINDS[kind] if kind == "policy" else f"{KINDS[kind]}, not an option", COLOURS[kind],
                marker=MARKERS[kind], linestyle=line_in_key(table), linewidth=0.8,
            )
            for kind in kinds
        ],
        footer=footer_of(table, sureness(table, "Crosses: "), footer),
    )  # fmt: skip
    zoomed = None
    for place, kind in enumerate(kinds):
        axes = sheet.axes(_LEFT, place * (_TITLE + height + _AXIS) + _TITLE, _WIDTH, height)
        own = points[points["kind"] == kind]
        _draw_crosses(axes, own, kind)
        axes.set_title(_TITLES[kind] + (_WIDER if zoomed else ""))
        _set_limits(axes, own, height, zoomed)
        if zoomed:
            policies = points[points["kind"] == "policy"]
            axes.plot(policies["difference_x"], policies["difference_y"], "o", color=BLUE, markersize=_REFERENCE_DOT)
            (left, right), (low, high) = zoomed.get_xlim(), zoomed.get_ylim()
            axes.add_patch(Rectangle((left, low), right - left, high - low, fill=False, edgecolor=GREY, linestyle=":"))
        _name_axes(axes, table)
        _name_quadrants(axes, height)
        _name_dots(axes, own[["difference_x", "difference_y"]].to_numpy(), list(own["name"]), height, row)
        zoomed = axes
    return sheet.figure


def _draw_crosses(axes: Axes, points: pd.DataFrame, kind: str) -> None:
    x, y = points["difference_x"], points["difference_y"]
    axes.hlines(y, points["low_x"], points["high_x"], color=COLOURS[kind], linewidth=0.8, alpha=0.6, zorder=2)
    axes.vlines(x, points["low_y"], points["high_y"], color=COLOURS[kind], linewidth=0.8, alpha=0.6, zorder=2)
    sns.scatterplot(x=x, y=y, marker=MARKERS[kind], color=COLOURS[kind], s=(_DOT + 1) ** 2, zorder=3, ax=axes)
    axes.axvline(0, color=INK, linewidth=0.8, zorder=1)
    axes.axhline(0, color=INK, linewidth=0.8, zorder=1)


def _set_limits(axes: Axes, points: pd.DataFrame, height: float, zoomed: Axes | None) -> None:
    """Include all crosses, the frame of the panel that shows the policies larger, and both strips."""
    for name, least in (("x", _ROOM_ACROSS), ("y", _ROOM_UPWARDS)):
        ends = points[[f"low_{name}", f"difference_{name}", f"high_{name}"]]
        frame = getattr(zoomed, f"get_{name}lim")() if zoomed else ()
        low, high = around_zero(pd.DataFrame(np.append(ends.to_numpy().ravel(), frame)), least=least)
        strip = _STRIP / (height - 2 * _STRIP) * (high - low) if name == "y" else 0.0
        axes.set(**{f"{name}lim": (low - strip, high + strip)})
        getattr(axes, f"{name}axis").set_major_locator(round_ticks(8))


def _name_axes(axes: Axes, table: pd.DataFrame) -> None:
    burn_out, isolation = of_outcome(table, BURN_OUT), of_outcome(table, ISOLATION)
    axes.set_xlabel(f"Burn-out complaints: difference, {unit_of(burn_out)}\n{directions(burn_out)}")
    axes.set_ylabel(f"Isolation from colleagues: difference, {unit_of(isolation)}\n{directions(isolation)}")


def _name_quadrants(axes: Axes, height: float) -> None:
    across, upwards = 0.05 / _WIDTH, 0.03 / height
    words = Words()
    for name, (right, up) in QUADRANTS.items():
        text = words(f"common.picture.quadrant.{name}").replace(", ", ",\n")
        axes.text(
            1 - across if right else across, 1 - upwards if up else upwards, text, transform=axes.transAxes,
            color=GREY, style="italic", ha="right" if right else "left", va="top" if up else "bottom",
        )  # fmt: skip


def _name_dots(axes: Axes, dots: np.ndarray, names: Sequence[str], height: float, row: float) -> None:
    """Write the names of dots (n, 2) in the column, rows of which are at least `row` inches high.

    Zero lies between two places, so that no line lies on the zero line.
    """
    low, per_inch = np.transpose([axes.get_xlim(), axes.get_ylim()])[0], np.array([_WIDTH, height])
    per_inch /= [np.ptp(axes.get_xlim()), np.ptp(axes.get_ylim())]
    zero = -low[1] * per_inch[1]
    step = np.clip((height - 2 * _STRIP) / (len(names) + 1), row, 1.6 * row)
    rows = np.arange(math.ceil((_STRIP - zero) / step), math.floor((height - _STRIP - zero) / step))
    places = zero + (rows + 0.5) * step
    spots = (dots - low) * per_inch
    reach = _WIDTH + _TO_COLUMN - spots[:, :1]
    _, rows_of_dots = linear_sum_assignment(np.hypot(reach, spots[:, 1:] - places))
    for dot, name, place in zip(dots, names, places[rows_of_dots], strict=True):
        axes.annotate(
            name, tuple(dot), (1 + _TO_COLUMN / _WIDTH, place / height), textcoords="axes fraction",
            arrowprops={"arrowstyle": "-", "color": GREY, "linewidth": 0.5, "shrinkA": 0, "shrinkB": 2.5,
                        "relpos": (0, 0.5)},
            annotation_clip=False, ha="left", va="center", zorder=2.5,
        )  # fmt: skip
