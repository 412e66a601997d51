"""Criteria of every pattern, written before any result was known. No criterion was changed because of a result.

A criterion bounds the mean of one statistic over worlds. A pattern is met if all its criteria are met. The criteria
follow five rules, which `report.md.j2` states under "Rules for criteria". Rules 1 and 2, for relations between answers,
stand here; `criteria.csv` lists the criteria by rules 3 to 5.
"""

from __future__ import annotations

from dataclasses import dataclass

from sim.data import rows
from sim.outcomes.patterns import CELLS, EQUIVALENT, patterns

CLEAR, REPORTED_SHARE, HALF = 0.05, 0.20, 0.50
NOTICEABLE = 0.20
"""Change of work pressure, in SD, that a person notices (small by Cohen's convention)."""
HEADLINE = ("strong", "test")
EVALUATED = (*HEADLINE, "equivalence", "sanity")


@dataclass(frozen=True)
class Criterion:
    """Bounds of one statistic: its mean over worlds lies between `low` and `high`.

    Attributes
    ----------
    statistic : str
        Name of the statistic of a world. Empty: the model has no quantity for it, so the criterion cannot be met.
    words : str
        Label on the page, with the unit.
    low, high : float
        Bounds, in the unit of the statistic.
    """

    statistic: str
    words: str
    low: float = float("-inf")
    high: float = float("inf")


def correlation(role: str, predictor: str, outcome: str) -> str:
    """Return the name of a true correlation among all home workers of a role."""
    return f"r {role} {predictor} {outcome}"


def reported_share(pattern: str) -> str:
    """Return the name of the share of simulated studies that report a pattern as the study of 2022 did."""
    return f"reported {pattern}"


def relation_criteria(pattern: str, use: str) -> list[Criterion]:
    """Return the criteria of a relation between answers, by rules 1 and 2."""
    cells = CELLS[pattern]
    bounds = {1: (CLEAR, float("inf")), -1: (float("-inf"), -CLEAR), 0: (-EQUIVALENT, EQUIVALENT)}
    true = [
        Criterion(correlation(role, x, y), f"true r of {x} with {y}, {role}", *bounds[cells.sign or 0])
        for role, x, y in (cells.each if cells.sign or use == "equivalence" else ())
    ]
    if cells.sign:
        return [*true, Criterion(reported_share(pattern), "studies that report it", REPORTED_SHARE)]
    return [Criterion(reported_share(pattern), "studies that report none", HALF), *true]


def criteria() -> dict[str, list[Criterion]]:
    """Return the criteria of every evaluated pattern, in the order of `sim/data/patterns.csv`."""
    listed: dict[str, list[Criterion]] = {}
    for row in rows("criteria", "sim.studies.patterns"):
        low, high = float(row["low"] or "-inf"), float(row["high"] or "inf")
        listed.setdefault(row["pattern"], []).append(Criterion(row["statistic"], row["words"], low, high))
    return {
        pattern.name: listed.get(pattern.name) or relation_criteria(pattern.name, pattern.use)
        for pattern in patterns()
        if pattern.use in EVALUATED
    }
