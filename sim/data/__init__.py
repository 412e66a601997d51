"""Data files of the project, each with its source."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

GRADES_OF_NUMBERS = ("assumed", "centred", "fitted", "definition")
"""What a number may be instead of, or beside, evidence."""


@cache
def rows(name: str, package: str = "sim.data") -> tuple[dict[str, str], ...]:
    """The rows of `<name>.csv` in a package as dictionaries of text."""
    text = files(package).joinpath(f"{name}.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


@cache
def sources() -> frozenset[str]:
    """Every key that a source may cite: effects, patterns, targets, and the grades of a number without evidence."""
    found = {row["id"] for name in ("effects", "patterns") for row in rows(name)}
    targets = {f"target:{row['id']}" for row in rows("targets")}
    return frozenset({*found, *targets, *GRADES_OF_NUMBERS})


def unresolved(source: str) -> list[str]:
    """The keys of a source behind which nothing stands."""
    return [key for key in source.split() if key not in sources()]
