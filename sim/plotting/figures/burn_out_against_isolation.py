"""Burn-out complaints against isolation: which scenario trades the one for the other."""

from __future__ import annotations

from itertools import product
from typing import Any, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.transforms import Bbox

from sim.outcomes.definitions import BURN_OUT, ISOLATION, MAIN_OUTCOMES
from sim.plotting.figures import label_placement
from sim.plotting.figures.label_placement import OccupiedArea, box_at
from sim.plotting.figures.page_layout import MARGIN, PAGE_WIDTH, blank, footer_of, line_in_key, sureness
from sim.plotting.figures.selection import (
    EFFECTS,
    Labels,
    around_zero,
    directions,
    is_one_run,
    kinds_of,
    of_outcome,
    round_ticks,
    rows_of,
    unit_of,
)
from sim.plotting.figures.style import MARKERS, with_style
from sim.plotting.style import BLUE, COLOURS, GREY, INK
from sim.reporting.labels import KINDS, TODAY, label_of
from sim.reporting.tables import in_given_order, require_columns

QUADRANTS = {
    (0, 0): "both lower",
    (1, 0): "more complaints,\nless isolation",
    (0, 1): "fewer complaints,\nmore isolation",
    (1, 1): "both higher",
}
"""Words for the quadrants of burn-out complaints (across) against isolation (upwards)."""

_LEFT, _TITLE, _HEIGHT, _AXIS = 0.92, 0.3, 3.2, 0.65
"""Inches: left of, over, in and under a panel."""
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
    points = _paired_outcomes(table)
    kinds = kinds_of(points)
    names = {kind: [label_of(one, labels) for one in in_given_order(points, kind)] for kind in kinds}
    height = max(_HEIGHT, *(label_placement.column_height(own) for own in names.values()))
    sheet = blank(
        body=len(kinds) * (_TITLE + height + _AXIS),
        title="Effect of each scenario on burn-out complaints and isolation",
        subtitle=f"Each dot is one scenario's difference from {TODAY}, everybody"
        f"{'' if is_one_run(table) else '; crosses are intervals'}.",
        key=[_key(kind, line_in_key(table)) for kind in kinds],
        footer=footer_of(table, sureness(table, "Crosses: "), footer),
    )
    width = PAGE_WIDTH - MARGIN - _LEFT - label_placement.COLUMN_WIDTH
    panels = [
        sheet.axes(_LEFT, place * (_TITLE + height + _AXIS) + _TITLE, width, height) for place in range(len(kinds))
    ]
    for axes, kind in zip(panels, kinds, strict=True):
        _draw_panel(axes, points[points["kind"] == kind], kind)
        _name_axes(axes, table)
    if len(kinds) > 1:
        _draw_as_reference(panels[1], points[points["kind"] == "policy"], panels[0])
    for axes, kind in zip(panels, kinds, strict=True):
        own = points[points["kind"] == kind]
        area = _occupied_area(axes, own, points if kind == "counterfactual" else own)
        label_placement.annotate_points(area, _spots(own), names[kind])
        _name_quadrants(area)
    return sheet.figure


def _paired_outcomes(table: pd.DataFrame) -> pd.DataFrame:
    """One row a scenario: difference, low and high of both headline outcomes, in the order given."""
    burn_out, isolation = (of_outcome(table, outcome) for outcome in MAIN_OUTCOMES)
    columns = ["scenario", "difference", "low", "high"]
    pairs = burn_out[["kind", *columns]].merge(isolation[columns], on="scenario", suffixes=("_x", "_y"))
    return pairs[pairs["kind"] != "baseline"].reset_index(drop=True)


def _key(kind: str, line: Literal["none", "-"]) -> Line2D:
    label = KINDS[kind] if kind == "policy" else f"{KINDS[kind]}, not an option"
    style: dict[str, Any] = {"color": COLOURS[kind], "marker": MARKERS[kind], "markersize": _DOT, "linewidth": 0.8}
    return Line2D([], [], linestyle=line, label=label, **style)


def _draw_panel(axes: Axes, points: pd.DataFrame, kind: str) -> None:
    for line in _crosses(points):
        axes.plot(*line.T, color=COLOURS[kind], linewidth=0.8, alpha=0.6, zorder=2)
    for x, y in _spots(points):
        axes.plot(
            x, y, MARKERS[kind], color=COLOURS[kind], markersize=_DOT, zorder=3,
            markeredgecolor="white", markeredgewidth=0.4,
        )  # fmt: skip
    axes.axvline(0, color=INK, linewidth=0.8, zorder=1)
    axes.axhline(0, color=INK, linewidth=0.8, zorder=1)
    axes.set_xlim(around_zero(points[["low_x", "difference_x", "high_x"]], least=_ROOM_ACROSS))
    axes.set_ylim(around_zero(points[["low_y", "difference_y", "high_y"]], least=_ROOM_UPWARDS))
    axes.xaxis.set_major_locator(round_ticks(8))
    axes.yaxis.set_major_locator(round_ticks(8))
    axes.set_title(_TITLES[kind])


def _name_axes(axes: Axes, table: pd.DataFrame) -> None:
    burn_out, isolation = of_outcome(table, BURN_OUT), of_outcome(table, ISOLATION)
    axes.set_xlabel(f"Burn-out complaints: difference, {unit_of(burn_out)}\n{directions(burn_out)}")
    axes.set_ylabel(f"Isolation from colleagues: difference, {unit_of(isolation)}\n{directions(isolation)}")


def _draw_as_reference(axes: Axes, policies: pd.DataFrame, zoomed: Axes) -> None:
    """The policies, unnamed, and the frame of the panel that shows them larger."""
    axes.plot(*_spots(policies).T, "o", color=BLUE, markersize=_REFERENCE_DOT, zorder=2)
    frame = _limits(zoomed)
    axes.set_title(axes.get_title(loc="left") + _WIDER)
    axes.add_patch(Rectangle(frame.p0, frame.width, frame.height, fill=False, edgecolor=GREY, linestyle=":"))
    wide = Bbox.union([frame, _limits(axes)]).expanded(1.03, 1.03)
    axes.set(xlim=wide.intervalx, ylim=wide.intervaly)


def _limits(axes: Axes) -> Bbox:
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    return Bbox([[left, low], [right, high]])


def _spots(points: pd.DataFrame) -> np.ndarray:
    spots: np.ndarray = points[["difference_x", "difference_y"]].to_numpy()
    return spots


def _crosses(points: pd.DataFrame) -> list[np.ndarray]:
    """Both arms of every cross, as far as there is an interval."""
    arms = (
        arm
        for row in points.to_dict("records")
        for arm in (
            [[row["low_x"], row["difference_y"]], [row["high_x"], row["difference_y"]]],
            [[row["difference_x"], row["low_y"]], [row["difference_x"], row["high_y"]]],
        )
    )
    return [np.array(arm) for arm in arms if np.isfinite(arm).all()]


def _occupied_area(axes: Axes, labelled: pd.DataFrame, dots: pd.DataFrame) -> OccupiedArea:
    """Return what labels must not cover: zero lines, frames, dots, and crosses of labelled dots."""
    area = OccupiedArea(axes)
    area.add_points(_spots(labelled), _DOT)
    area.add_points(_spots(dots), _REFERENCE_DOT)
    area.add_lines([*_zero_lines(axes), *_frames(axes), *_crosses(labelled)])
    return area


def _zero_lines(axes: Axes) -> list[np.ndarray]:
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    return [np.array([[left, 0], [right, 0]]), np.array([[0, low], [0, high]])]


def _frames(axes: Axes) -> list[np.ndarray]:
    """The four edges of every rectangle in the panel."""
    corners = [patch.get_corners() for patch in axes.patches if isinstance(patch, Rectangle)]
    return [np.array([four[edge], four[(edge + 1) % 4]]) for four, edge in product(corners, range(4))]


def _name_quadrants(area: OccupiedArea) -> None:
    """The quadrants' words, written last: each in that part of its quadrant where it covers least."""
    for (right, up), words in QUADRANTS.items():
        size = area.size(words, style="italic")
        corners = _corners_of_quadrant(area, size, right, up)
        boxes = [box_at(corner, size, 1, 1) for corner in corners]
        best = min(boxes, key=area.conflicts)
        area.boxes.append(best)
        x, y = area.share_of_panel(np.array([best.x1 if right else best.x0, best.y0]))
        area.axes.text(
            x, y, words, transform=area.axes.transAxes, color=GREY, style="italic",
            ha="right" if right else "left", va="bottom",
        )  # fmt: skip


def _corners_of_quadrant(area: OccupiedArea, size: np.ndarray, right: int, up: int) -> np.ndarray:
    """Lower left corners (corner, 2), in pixels, where words of this size may stand: outermost first."""
    panel, zero, gap = (
        np.array(area.axes.bbox.extents).reshape(2, 2),
        area.pixels_of(np.zeros(2)),
        area.pixels(4),
    )
    across, upwards = (
        np.linspace(panel[1, axis] - gap - size[axis], zero[axis] + gap, 7)
        if beyond_zero
        else np.linspace(panel[0, axis] + gap, zero[axis] - gap - size[axis], 7)
        for axis, beyond_zero in enumerate((right, up))
    )
    return np.array(list(product(across, upwards)))
