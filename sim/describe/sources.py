"""Values of `docs/references.md` and `docs/rat_rs.md`: the literature behind every number, and the data sets.

RAT-RS: Achter and others 2022. Every data set has exactly one role.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from sim.data import rows
from sim.describe.parameters import parameters, patterns_in_mind
from sim.engine.plan import Plan
from sim.language.describe import ParameterRow
from sim.text import code

DATA_ROLES = {
    "specification": "used to draw people, firms and circumstances, or for a value before any fit",
    "calibration": "parameters are fitted to it",
    "validation": "compared with results of the model; never used in a fit",
    "none": "no result depends on it, or it is not an observation",
}
"""Uses of data in the RAT-RS standard, and `none`."""


def references_facts(plan: Plan) -> dict[str, Any]:
    """Return the values of `pages/references.md.j2`."""
    return {
        "cited": citing(parameters(plan)),
        "effects": rows("effects"),
        "targets": rows("targets"),
        "patterns": [row for row in rows("patterns") if row["id"] in patterns_in_mind()],
        "sources": sorted({row["source"] for name in ("targets", "patterns", "regimes") for row in rows(name)}),
    }


def citing(entries: Iterable[ParameterRow]) -> dict[str, list[str]]:
    """Return every key in a source, with the names of the parameters that cite it."""
    cited: dict[str, list[str]] = {}
    for row in entries:
        for key in row.metadata.source.split():
            cited.setdefault(key, []).append(row.full_name)
    return cited


def rat_rs_facts(plan: Plan) -> dict[str, Any]:
    """Return the values of `pages/rat_rs.md.j2`."""
    sets, cited = rows("data_sets"), frozenset(citing(parameters(plan)))
    parts = [one | {"place": _place(one), "size": _size(one, cited)} for one in sets]
    return {"sets": parts, "roles": DATA_ROLES, "counts": Counter(one["role"] for one in sets)}


def _place(one: Mapping[str, str]) -> str:
    """Return the file of a data set, and its part."""
    return code(one["file"]) + (f", {one['part']}" if one["part"] else "")


def _size(one: Mapping[str, str], cited: frozenset[str]) -> str:
    """Return the number of rows of a data set that is a table."""
    name = one["file"].removeprefix("sim/data/")
    if not name.endswith(".csv"):
        return one["rows"]
    return str(sum(belongs(row, one["part"], cited) for row in rows(name.removesuffix(".csv"))))


def belongs(row: Mapping[str, str], part: str, cited: frozenset[str]) -> bool:
    """Return whether a row is in this part of its file: `use is strong or test`, `cited`, `not cited`, or all rows."""
    if part in ("cited", "not cited"):
        return (row["id"] in cited) == (part == "cited")
    column, _, values = part.partition(" is ")
    return not part or row[column] in values.split(" or ")
