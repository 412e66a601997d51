"""What already stands on a panel, so that words are written where they cover nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.path import Path
from matplotlib.transforms import Bbox

from sim.plotting.figures.page_layout import POINTS_PER_INCH


@dataclass
class OccupiedArea:
    """The boxes and lines of one panel, in pixels; the limits of its axes must be final."""

    axes: Axes
    boxes: list[Bbox] = field(default_factory=list)
    lines: list[np.ndarray] = field(default_factory=list)

    def pixels(self, points: float) -> float:
        return points * float(self.axes.figure.get_dpi()) / POINTS_PER_INCH

    def spots(self, places: np.ndarray) -> np.ndarray:
        """Places (n, 2) in the units of the axes as pixels."""
        spots: np.ndarray = self.axes.transData.transform(places)
        return spots

    def share_of_panel(self, spot: np.ndarray) -> tuple[float, float]:
        """A spot in pixels as shares of the panel's width and height."""
        across, upwards = self.axes.transAxes.inverted().transform(spot)
        return float(across), float(upwards)

    def take_dots(self, places: np.ndarray, points: float) -> None:
        """Dots (n, 2) in the units of the axes, `points` across."""
        reach = self.pixels(points) / 2
        self.boxes += [Bbox([spot - reach, spot + reach]) for spot in self.spots(places)]

    def take_lines(self, lines: Iterable[np.ndarray]) -> None:
        """Straight lines (2, 2) in the units of the axes, from end to end."""
        self.lines += [self.spots(line) for line in lines]

    def size(self, words: str, **look: Any) -> np.ndarray:
        """Width and height of words in pixels, of this look (style, weight)."""
        text = self.axes.text(0, 0, words, **look)
        box = text.get_window_extent()
        text.remove()
        return np.array([box.width, box.height])

    def is_free(self, box: Bbox) -> bool:
        """Whether a box lies on the panel and covers nothing."""
        return self.axes.bbox.count_contains(box.corners()) == 4 and not self.conflicts(box)

    def conflicts(self, box: Bbox) -> int:
        """How many things a box would cover."""
        return box.count_overlaps(self.boxes) + sum(strikes(line, box) for line in self.lines)


def strikes(line: np.ndarray, box: Bbox) -> bool:
    """Whether a straight line runs through a box."""
    return bool(Path(line).intersects_bbox(box, filled=False))


def crosses(line: np.ndarray, other: np.ndarray) -> bool:
    return bool(Path(line).intersects_path(Path(other)))


def box_at(corner: np.ndarray, size: np.ndarray, right: int, up: int) -> Bbox:
    """The box of this size that has one corner here and the rest to the right (1) or left (-1), up or down."""
    far = corner + size * (right, up)
    return Bbox([np.minimum(corner, far), np.maximum(corner, far)])
