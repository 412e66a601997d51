"""Saving of figures: complete or not at all, and the same bytes for the same figure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from sim.files import write_by
from sim.plotting.figures.style import STYLE

_UNDATED: dict[str, dict[str, Any]] = {"png": {"Software": None}, "svg": {"Date": None}}
"""Metadata that would differ by day or machine are left out."""


def save(figure: Figure, path_stem: Path) -> list[Path]:
    """Save the figure as PNG (200 dots per inch) and SVG, and return both paths."""
    path_stem.parent.mkdir(parents=True, exist_ok=True)
    return [_save_as(figure, path_stem, kind) for kind in _UNDATED]


def _save_as(figure: Figure, path_stem: Path, kind: str) -> Path:
    path = path_stem.parent / f"{path_stem.name}.{kind}"
    with matplotlib.rc_context(STYLE):
        write_by(path, lambda temporary: figure.savefig(temporary, format=kind, dpi=200, metadata=_UNDATED[kind]))
    return path
