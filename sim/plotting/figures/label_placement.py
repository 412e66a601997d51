"""Placement of labels on a panel: near their dots where there is space, else in a column, joined by thin lines.

The lines never cross. Dots and places in the column are paired so that all lines together are as short as possible;
two lines that cross could always be exchanged for two shorter ones.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.path import Path
from matplotlib.transforms import Bbox
from scipy.optimize import linear_sum_assignment

from sim.plotting.figures.page_layout import POINTS_PER_INCH
from sim.plotting.figures.selection import most_lines, wrapped
from sim.plotting.figures.style import SMALL
from sim.plotting.style import GREY

COLUMN_WIDTH = 2.05
"""Inches right of the panel that the column of names needs."""

_LETTERS = 30
"""Most letters a line in that width."""
_LINE_HEIGHT = 1.4 * SMALL
_TO_COLUMN = 8
"""Points from one line of names to the next, and from the panel to the column."""
_STEPS = sorted(product((4, 16, 28), (4, 16, 28, 40, 52)), key=lambda step: math.hypot(*step))
"""Offsets in points of a label near its dot, across and upwards: never on the arms of its cross."""
_SIDES = ((1, 1), (1, -1), (-1, 1), (-1, -1))
"""Right or left of a dot, above or below."""
_JOINED = 8
"""Points from which on a name needs a line to its dot."""
_LINE: dict[str, Any] = {"arrowstyle": "-", "color": GREY, "linewidth": 0.5, "shrinkA": 0, "shrinkB": 2.5}


@dataclass
class OccupiedArea:
    """The boxes and lines on one panel, in pixels; the limits of its axes must be final."""

    axes: Axes
    boxes: list[Bbox] = field(default_factory=list)
    lines: list[np.ndarray] = field(default_factory=list)

    def pixels(self, points: float) -> float:
        return points * float(self.axes.figure.get_dpi()) / POINTS_PER_INCH

    def pixels_of(self, places: np.ndarray) -> np.ndarray:
        """Return places (n, 2) in the units of the axes as pixels."""
        spots: np.ndarray = self.axes.transData.transform(places)
        return spots

    def share_of_panel(self, spot: np.ndarray) -> tuple[float, float]:
        """Return a spot in pixels as shares of the panel's width and height."""
        across, upwards = self.axes.transAxes.inverted().transform(spot)
        return float(across), float(upwards)

    def add_points(self, places: np.ndarray, points: float) -> None:
        """Add dots (n, 2) in the units of the axes, `points` across."""
        reach = self.pixels(points) / 2
        self.boxes += [Bbox([spot - reach, spot + reach]) for spot in self.pixels_of(places)]

    def add_lines(self, lines: Iterable[np.ndarray]) -> None:
        """Add straight lines (2, 2) in the units of the axes."""
        self.lines += [self.pixels_of(line) for line in lines]

    def size(self, words: str, **font: Any) -> np.ndarray:
        """Return width and height of words in pixels, in this font (style, weight)."""
        text = self.axes.text(0, 0, words, **font)
        box = text.get_window_extent()
        text.remove()
        return np.array([box.width, box.height])

    def is_free(self, box: Bbox) -> bool:
        """Return whether a box lies on the panel and covers nothing."""
        return self.axes.bbox.count_contains(box.corners()) == 4 and not self.conflicts(box)

    def conflicts(self, box: Bbox) -> int:
        """Return how many boxes and lines a box would cover."""
        return box.count_overlaps(self.boxes) + sum(intersects_box(line, box) for line in self.lines)


def intersects_box(line: np.ndarray, box: Bbox) -> bool:
    """Return whether a straight line intersects a box."""
    return bool(Path(line).intersects_bbox(box, filled=False))


def crosses(line: np.ndarray, other: np.ndarray) -> bool:
    return bool(Path(line).intersects_path(Path(other)))


def box_at(corner: np.ndarray, size: np.ndarray, right: int, up: int) -> Bbox:
    """Return the box of this size from a corner to the right (1) or left (-1), up (1) or down (-1)."""
    far = corner + size * (right, up)
    return Bbox([np.minimum(corner, far), np.maximum(corner, far)])


@dataclass(frozen=True)
class _Near:
    """A place for a label near its dot, in pixels: its box and the line from dot to box."""

    offset: np.ndarray
    side: tuple[int, int]
    box: Bbox
    line: np.ndarray


def column_height(names: Sequence[str]) -> float:
    """Return the inches of height of a column of all these names."""
    return len(names) * _row_height(names) / POINTS_PER_INCH


def _row_height(names: Sequence[str]) -> float:
    return _LINE_HEIGHT * most_lines(wrapped(name, _LETTERS) for name in names)


def annotate_points(area: OccupiedArea, dots: np.ndarray, names: Sequence[str]) -> None:
    """Write the names of `dots` (n, 2; in the units of the axes) where they cover nothing, and add them to the area."""
    spots = area.pixels_of(dots)
    near = _near(area, spots, names)
    column = _column(area, spots, names, near)
    for dot, name in enumerate(names):
        if dot in column:
            _write_in_column(area, dots[dot], name, column[dot])
        else:
            _write_near(area, dots[dot], name, near[dot])


def _near(area: OccupiedArea, spots: np.ndarray, names: Sequence[str]) -> dict[int, _Near]:
    """Return by dot the nearest free place; dots in a crowd have none."""
    trial = OccupiedArea(area.axes, [*area.boxes], [*area.lines])
    joins: list[np.ndarray] = []
    places: dict[int, _Near] = {}
    for dot, name in enumerate(names):
        others = [box for box in trial.boxes if not box.padded(2).contains(*spots[dot])]
        for near in _places_near(area, spots[dot], area.size(name)):
            if trial.is_free(near.box) and not _is_crossed(near.line, others, joins):
                places[dot] = near
                trial.boxes.append(near.box)
                trial.lines.append(near.line)
                joins.append(near.line)
                break
    return places


def _places_near(area: OccupiedArea, spot: np.ndarray, size: np.ndarray) -> Iterator[_Near]:
    for step, side in product(_STEPS, _SIDES):
        offset = area.pixels(1) * np.array(step) * side
        yield _Near(offset, side, box_at(spot + offset, size, *side), np.array([spot, spot + offset]))


def _is_crossed(line: np.ndarray, boxes: Iterable[Bbox], lines: Iterable[np.ndarray]) -> bool:
    return any(intersects_box(line, box.padded(2)) for box in boxes) or any(crosses(line, other) for other in lines)


def _column(
    area: OccupiedArea, spots: np.ndarray, names: Sequence[str], near: Mapping[int, _Near]
) -> dict[int, np.ndarray]:
    """Return by dot the place in the column, in pixels; a near label that a line would hit moves to the column."""
    places, staying = _places_in_column(area, names), dict(near)
    while True:
        column = _shortest(spots, places, [dot for dot in range(len(names)) if dot not in staying])
        lines = [np.array([spots[dot], place]) for dot, place in column.items()]
        hit = [dot for dot, one in staying.items() if _is_in_the_way(one, lines)]
        if not hit:
            return column
        for dot in hit:
            del staying[dot]


def _is_in_the_way(near: _Near, lines: Iterable[np.ndarray]) -> bool:
    box = near.box.padded(2)
    return any(intersects_box(line, box) or crosses(line, near.line) for line in lines)


def _places_in_column(area: OccupiedArea, names: Sequence[str]) -> np.ndarray:
    """Return all places in the column (place, 2) in pixels, over the height of the panel.

    Zero lies between two places, so that no line lies on the zero line. Places are spread where there is space,
    because steep lines are easier to follow than flat ones.
    """
    panel, least = area.axes.bbox, _row_height(names)
    step = max(area.pixels(least), min(panel.height / (len(names) + 1), area.pixels(2 * least)))
    zero = area.pixels_of(np.zeros(2))[1]
    rows = np.arange(math.floor((panel.y0 - zero) / step), math.ceil((panel.y1 - zero) / step))
    return np.column_stack([np.full(len(rows), panel.x1 + area.pixels(_TO_COLUMN)), zero + (rows + 0.5) * step])


def _shortest(spots: np.ndarray, places: np.ndarray, dots: Sequence[int]) -> dict[int, np.ndarray]:
    lengths = np.linalg.norm(spots[dots, None] - places[None], axis=2)
    rows, columns = linear_sum_assignment(lengths)
    return {dots[row]: places[column] for row, column in zip(rows, columns, strict=True)}


def _write_in_column(area: OccupiedArea, dot: np.ndarray, name: str, place: np.ndarray) -> None:
    area.axes.annotate(
        wrapped(name, _LETTERS), tuple(dot), area.share_of_panel(place),
        textcoords="axes fraction", arrowprops={**_LINE, "relpos": (0, 0.5)}, annotation_clip=False,
        ha="left", va="center", zorder=2.5,
    )  # fmt: skip
    area.lines.append(np.array([area.pixels_of(dot), place]))


def _write_near(area: OccupiedArea, dot: np.ndarray, name: str, near: _Near) -> None:
    right, up = near.side
    corner = (0 if right > 0 else 1, 0 if up > 0 else 1)
    joined = math.hypot(*near.offset) > area.pixels(_JOINED)
    area.axes.annotate(
        name, tuple(dot), tuple(near.offset / area.pixels(1)), textcoords="offset points", zorder=2.5,
        arrowprops={**_LINE, "relpos": corner} if joined else None,
        ha="left" if right > 0 else "right", va="bottom" if up > 0 else "top",
    )  # fmt: skip
    area.boxes.append(near.box)
    area.lines.append(near.line)
