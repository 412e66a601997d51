"""`docs/rat_rs.md`: every data set with its one role, after RAT-RS (Achter and others 2022)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from sim.data import rows
from sim.describe.parameters import parameters
from sim.describe.references import citing
from sim.engine.plan import Plan
from sim.reporting.markdown import code, table
from sim.reporting.templates import render

DATA_ROLES = {
    "specification": "used to draw people, firms and surroundings, or for a number before any fit",
    "calibration": "parameters are fitted to it",
    "validation": "compared with results of the model; never used in a fit",
    "none": "no result depends on it, or it is no observation",
}
"""The three uses of data in the standard, and none of them."""


def page(plan: Plan) -> str:
    """Return the page: a table of data sets by role, and the answers for each."""
    sets = rows("data_sets")
    cited = frozenset(citing(parameters(plan)))
    counts = Counter(one["role"] for one in sets)
    return render(
        "sim.describe",
        {
            "roles": table(
                ("role", "meaning", "data sets"), ([role, means, counts[role]] for role, means in DATA_ROLES.items())
            ),
            "overview": table(
                ("data set", "file", "rows", "role", "content"),
                ((code(one["data_set"]), where(one), size(one, cited), one["role"], one["holds"]) for one in sets),
            ),
            "details": "\n\n".join(map(_details, sets)),
        },
        "pages/rat_rs.md.j2",
    )


def where(one: Mapping[str, str]) -> str:
    """Return the file of a data set, and its part."""
    return code(one["file"]) + (f", {one['part']}" if one["part"] else "")


def size(one: Mapping[str, str], cited: frozenset[str]) -> str:
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


def _details(one: Mapping[str, str]) -> str:
    return "\n".join(
        [
            f"### {one['data_set']}",
            "",
            f"- **Content:** {one['holds']} ({where(one)}).",
            f"- **Source:** {one['source']}.",
            f"- **Role:** {one['role']}.",
            f"- **Reason:** {one['why']}.",
            f"- **Use:** {one['how']}.",
        ]
    )
