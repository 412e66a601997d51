"""Data files of the project, each with its source."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

GRADES_OF_NUMBERS = ("assumed", "centred", "fitted", "definition")
"""Sources that are not evidence."""


@cache
def rows(name: str, package: str = "sim.data") -> tuple[dict[str, str], ...]:
    """Return the rows of `<name>.csv` in a package as dictionaries of text."""
    text = files(package).joinpath(f"{name}.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


@cache
def sources() -> frozenset[str]:
    """Return every key that a source may cite: effects, patterns, targets, and `GRADES_OF_NUMBERS`."""
    found = {row["id"] for name in ("effects", "patterns") for row in rows(name)}
    targets = {f"target:{row['id']}" for row in rows("targets")}
    return frozenset({*found, *targets, *GRADES_OF_NUMBERS})


def unresolved(source: str) -> list[str]:
    """Return the keys of a source that do not exist."""
    return [key for key in source.split() if key not in sources()]
