"""Colours and marks that figures and charts share: distinguishable without colour vision and in grey print."""

from __future__ import annotations

BLUE, ORANGE, VERMILLION = "#0173b2", "#de8f05", "#d55e00"
"""From seaborn's palette `colorblind`."""
INK, GREY, PALE = "#222222", "#6b6b6b", "#d0d0d0"
HIGHLIGHT, LOST = "#f6dfb8", "#f0cfae"
COLOURS = {"policy": BLUE, "counterfactual": VERMILLION}
"""By kind of scenario; kinds also differ by shape."""
QUADRANTS = {"both_lower": (0, 0), "fewer_more": (0, 1), "more_less": (1, 0), "both_higher": (1, 1)}
"""Burn-out complaints across, isolation upwards: 1 is higher. Their words are those of `common.picture.quadrant`."""
