"""Levels of quantities, such as one value per employee or per team, and the mapping between levels."""

from __future__ import annotations

DOMAINS = {
    "employee": "employee",
    "team": "team",
    "establishment": "establishment",
    "tie": "employee",
    "measure": "employee",
    "measure of team": "team",
    "measure of establishment": "establishment",
    "catalogue": "catalogue",
}
"""For each level, the level whose rows form its last axis."""
LEVELS = tuple(DOMAINS)
WITH_MIDDLE = ("tie", "measure", "measure of team", "measure of establishment", "catalogue")
"""Levels with a middle axis: tie slots or measures."""
GROUPS = {
    ("employee", "team"): "team",
    ("employee", "establishment"): "establishment",
    ("team", "establishment"): "team_establishment",
}
"""For a finer and a coarser domain, the array of a firm that holds the coarser row of each finer row."""


def group_between(level: str, to: str) -> str:
    """Return the name of the array in `GROUPS` that maps a level to a finer one; empty where both have the same rows.

    Raises KeyError where the levels do not nest: for ties with measures, and for a coarser `to`.
    """
    if level in WITH_MIDDLE and (to not in WITH_MIDDLE or "tie" in (level, to)):
        raise KeyError(level, to)
    same_rows = level == "catalogue" or DOMAINS[level] == DOMAINS[to]
    return "" if same_rows else GROUPS[DOMAINS[to], DOMAINS[level]]
