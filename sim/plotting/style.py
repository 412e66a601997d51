"""Colours and marks that figures and charts share: distinguishable without colour vision and in grey print."""

from __future__ import annotations

BLUE, ORANGE, VERMILLION = "#0173b2", "#de8f05", "#d55e00"
"""From seaborn's palette `colorblind`."""
INK, GREY, PALE = "#222222", "#6b6b6b", "#d0d0d0"
HIGHLIGHT, LOST = "#f6dfb8", "#f0cfae"
COLOURS = {"policy": BLUE, "counterfactual": VERMILLION}
"""By kind of scenario; kinds also differ by shape."""
