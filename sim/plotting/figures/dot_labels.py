"""Names for crowded dots: near the dot where there is room, else in a column; a thin line joins the two.

The lines never cross. Dots and places in the column are paired so that all lines together are as short as
can be, and two lines that cross could always be exchanged for two shorter ones.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from matplotlib.transforms import Bbox
from scipy.optimize import linear_sum_assignment

from sim.plotting.figures.occupied_area import OccupiedArea, box_at, crosses, strikes
from sim.plotting.figures.page_layout import POINTS_PER_INCH
from sim.plotting.figures.selection import most_lines, wrapped
from sim.plotting.figures.style import GREY, SMALL

COLUMN_WIDTH = 2.05
"""Inches right of the panel that the column of names needs."""

_LETTERS = 30
"""Most letters a line in that width."""
_LINE_HEIGHT = 1.4 * SMALL
_TO_COLUMN = 8
"""Points from one line of names to the next, and from the panel to the column."""
_STEPS = sorted(product((4, 16, 28), (4, 16, 28, 40, 52)), key=lambda step: math.hypot(*step))
"""Points that a name near its dot may stand away from it, across and upwards: never on the arms of its cross."""
_SIDES = ((1, 1), (1, -1), (-1, 1), (-1, -1))
"""Right or left of a dot, above or below."""
_JOINED = 8
"""Points from which on a name needs a line to its dot."""
_LINE: dict[str, Any] = {"arrowstyle": "-", "color": GREY, "linewidth": 0.5, "shrinkA": 0, "shrinkB": 2.5}


@dataclass(frozen=True)
class _Near:
    """A place for a name near its dot, all in pixels: the box it fills there and the line from dot to box."""

    offset: np.ndarray
    side: tuple[int, int]
    box: Bbox
    line: np.ndarray


def room_for(names: Sequence[str]) -> float:
    """Inches of height that a column of all these names would fill."""
    return len(names) * _row_height(names) / POINTS_PER_INCH


def _row_height(names: Sequence[str]) -> float:
    return _LINE_HEIGHT * most_lines(wrapped(name, _LETTERS) for name in names)


def write(ground: OccupiedArea, dots: np.ndarray, names: Sequence[str]) -> None:
    """Writes the names of `dots` (n, 2; in the units of the axes) where they cover nothing of the ground.

    What is written is ground taken.
    """
    spots = ground.spots(dots)
    near = _near(ground, spots, names)
    column = _column(ground, spots, names, near)
    for dot, name in enumerate(names):
        if dot in column:
            _write_in_column(ground, dots[dot], name, column[dot])
        else:
            _write_near(ground, dots[dot], name, near[dot])


def _near(ground: OccupiedArea, spots: np.ndarray, names: Sequence[str]) -> dict[int, _Near]:
    """By dot the nearest place free of the ground and of names before it; the crowded have none."""
    trial = OccupiedArea(ground.axes, [*ground.boxes], [*ground.lines])
    joins: list[np.ndarray] = []
    found: dict[int, _Near] = {}
    for dot, name in enumerate(names):
        others = [box for box in trial.boxes if not box.padded(2).contains(*spots[dot])]
        for near in _places_near(ground, spots[dot], ground.size(name)):
            if trial.is_free(near.box) and not _is_crossed(near.line, others, joins):
                found[dot] = near
                trial.boxes.append(near.box)
                trial.lines.append(near.line)
                joins.append(near.line)
                break
    return found


def _places_near(ground: OccupiedArea, spot: np.ndarray, size: np.ndarray) -> Iterator[_Near]:
    for step, side in product(_STEPS, _SIDES):
        offset = ground.pixels(1) * np.array(step) * side
        yield _Near(offset, side, box_at(spot + offset, size, *side), np.array([spot, spot + offset]))


def _is_crossed(line: np.ndarray, boxes: Iterable[Bbox], lines: Iterable[np.ndarray]) -> bool:
    return any(strikes(line, box.padded(2)) for box in boxes) or any(crosses(line, other) for other in lines)


def _column(
    ground: OccupiedArea, spots: np.ndarray, names: Sequence[str], near: Mapping[int, _Near]
) -> dict[int, np.ndarray]:
    """By dot the place in the column, in pixels, of each name that is not near; one in a line's way joins them."""
    places, staying = _places_in_column(ground, names), dict(near)
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
    return any(strikes(line, box) or crosses(line, near.line) for line in lines)


def _places_in_column(ground: OccupiedArea, names: Sequence[str]) -> np.ndarray:
    """All places in the column (place, 2) in pixels, over the panel's height; zero falls between two of them.

    So no line to a name lies on the zero line, where it could not be told from it. Where there is room the places
    stand apart, for steep lines are easier to follow through a crowd than flat ones.
    """
    panel, least = ground.axes.bbox, _row_height(names)
    step = max(ground.pixels(least), min(panel.height / (len(names) + 1), ground.pixels(2 * least)))
    zero = ground.spots(np.zeros(2))[1]
    rows = np.arange(math.floor((panel.y0 - zero) / step), math.ceil((panel.y1 - zero) / step))
    return np.column_stack([np.full(len(rows), panel.x1 + ground.pixels(_TO_COLUMN)), zero + (rows + 0.5) * step])


def _shortest(spots: np.ndarray, places: np.ndarray, dots: Sequence[int]) -> dict[int, np.ndarray]:
    lengths = np.linalg.norm(spots[dots, None] - places[None], axis=2)
    rows, columns = linear_sum_assignment(lengths)
    return {dots[row]: places[column] for row, column in zip(rows, columns, strict=True)}


def _write_in_column(ground: OccupiedArea, dot: np.ndarray, name: str, place: np.ndarray) -> None:
    ground.axes.annotate(
        wrapped(name, _LETTERS), tuple(dot), ground.share_of_panel(place),
        textcoords="axes fraction", arrowprops={**_LINE, "relpos": (0, 0.5)}, annotation_clip=False,
        ha="left", va="center", zorder=2.5,
    )  # fmt: skip
    ground.lines.append(np.array([ground.spots(dot), place]))


def _write_near(ground: OccupiedArea, dot: np.ndarray, name: str, near: _Near) -> None:
    right, up = near.side
    corner = (0 if right > 0 else 1, 0 if up > 0 else 1)
    joined = math.hypot(*near.offset) > ground.pixels(_JOINED)
    ground.axes.annotate(
        name, tuple(dot), tuple(near.offset / ground.pixels(1)), textcoords="offset points", zorder=2.5,
        arrowprops={**_LINE, "relpos": corner} if joined else None,
        ha="left" if right > 0 else "right", va="bottom" if up > 0 else "top",
    )  # fmt: skip
    ground.boxes.append(near.box)
    ground.lines.append(near.line)
