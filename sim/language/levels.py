"""Levels of quantities: what one value stands for, and how values of one level reach another."""

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
"""Level to the level whose rows are its last axis."""
LEVELS = tuple(DOMAINS)
WITH_MIDDLE = ("tie", "measure", "measure of team", "measure of establishment", "catalogue")
"""Levels with a middle axis: tie slots or measures."""
GROUPS = {
    ("employee", "team"): "team",
    ("employee", "establishment"): "establishment",
    ("team", "establishment"): "team_establishment",
}
"""Finer and coarser domain to the array of a firm that holds the coarser row of each finer one."""


def group_between(level: str, to: str) -> str:
    """Return which array of `GROUPS` maps a level to a finer one; empty where both have the same rows.

    Raises KeyError where the levels do not nest: ties and measures have no common axis, and nothing coarsens here.
    """
    if level in WITH_MIDDLE and (to not in WITH_MIDDLE or "tie" in (level, to)):
        raise KeyError(level, to)
    same_rows = level == "catalogue" or DOMAINS[level] == DOMAINS[to]
    return "" if same_rows else GROUPS[DOMAINS[to], DOMAINS[level]]
