"""`docs/references.md`: the literature and the levels behind every number, and the sources of data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sim.data import rows
from sim.describe.parameters import parameters, patterns_in_mind
from sim.engine.plan import Plan
from sim.language.describe import ParameterRow
from sim.reporting.markdown import code, listed, table
from sim.reporting.templates import render

_DATA = ("targets", "patterns", "regimes")


def page(plan: Plan) -> str:
    """Return the page: literature with the numbers that cite it, levels, patterns, and unused literature."""
    entries = parameters(plan)
    effects = {row["id"]: row for row in rows("effects")}
    cited, in_mind = citing(entries), patterns_in_mind()
    return render(
        "sim.describe",
        {
            "effects": _literature(
                row | {"cited by": listed(cited[key])} for key, row in effects.items() if key in cited
            ),
            "others": _literature((row for key, row in effects.items() if key not in cited), also=()),
            "targets": _targets(cited),
            "patterns": table(
                ("pattern", "relation", "source"),
                (
                    (code(row["id"]), f"{row['from']} – {row['to']}: {row['expected']}", row["source"])
                    for row in rows("patterns")
                    if row["id"] in in_mind
                ),
            ),
            "sources": "\n".join(
                f"- {source}" for source in sorted({row["source"] for name in _DATA for row in rows(name)})
            ),
        },
        "pages/references.md.j2",
    )


def citing(entries: Iterable[ParameterRow]) -> dict[str, list[str]]:
    """Return every key in a source, with the names of the parameters that cite it."""
    cited: dict[str, list[str]] = {}
    for row in entries:
        for key in row.metadata.source.split():
            cited.setdefault(key, []).append(row.full_name)
    return cited


def _literature(effects: Iterable[Mapping[str, str]], also: tuple[str, ...] = ("cited by",)) -> str:
    return table(
        ("id", "relation or level", "reference", "provenance", "confidence", *also),
        (
            (row["id"], f"{row['from']} – {row['to']}", _reference(row), row["provenance"], row["confidence"],
             *(row[name] for name in also))
            for row in effects
        ),
    )  # fmt: skip


def _reference(row: Mapping[str, str]) -> str:
    doi = f", [doi:{row['doi']}](https://doi.org/{row['doi']})" if row["doi"] else ""
    return row["source"] + doi


def _targets(cited: Mapping[str, list[str]]) -> str:
    return table(
        ("id", "level", "value", "use", "source", "cited by"),
        (
            (code(row["id"]), row["quantity"], f"{row['value']} {row['unit']}", row["use"], row["source"],
             listed(cited[f"target:{row['id']}"]))
            for row in rows("targets")
            if f"target:{row['id']}" in cited
        ),
    )  # fmt: skip
