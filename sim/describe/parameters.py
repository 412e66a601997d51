"""Every parameter with its metadata, those of the measures too, and the values of `docs/parameters.md`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from sim.config import default_settings
from sim.data import rows
from sim.engine.plan import Plan, registry_of, with_parameters
from sim.language.describe import ParameterRow, parameter_rows, sort_assumed_first
from sim.language.grammar import ParameterMetadata
from sim.language.registry import Registry
from sim.levers.measure import Measure, measure_parameters
from sim.reporting.templates import table
from sim.survey.instruments import INSTRUMENTS
from sim.text import code

GRADES = {
    "assumed": "chosen; a source cited with it supports the sign or the range, not the value",
    "seen": "read in a retrieved source, without low confidence",
    "fitted": "solved so that the model meets targets of 2021–2022",
    "centred": "solved so that reference people have mean 0 and SD 1; no evidence about the world",
    "definition": "set by definition, or a default that scenarios change",
}
"""Grades of values. Only `assumed` and `seen` are about evidence."""

_SHARE, _NO_BOUND = 1.0, float("inf")
_OWN = {
    "use": ("share", "share of time in use among those who know it and can use it", _SHARE),
    "hoops": ("share", "share of users deterred by obstacles to obtaining it", _SHARE),
    "well": ("share", "share of users who use it as intended", _SHARE),
    "transition": ("sd", "extra demands in its first weeks", _SHARE),
    "fades_in": ("weeks", "time constant of declining enthusiasm (0: no decline)", _NO_BOUND),
}
"""Unit, meaning and highest value of the assumed numbers of every measure, besides the amounts of its shifts."""


def parameters(plan: Plan) -> list[ParameterRow]:
    """Return every parameter of a run: those of mechanisms, levers, instruments and measures."""
    registry = registry_of(plan)
    instruments = [with_parameters(kind, plan.parameters.get(name, {})) for name, kind in INSTRUMENTS.items()]
    return parameter_rows(registry, instruments) + [
        ParameterRow(f"measures.{measure.name}", name, value, _metadata(measure, name, registry))
        for measure in plan.measures
        for name, value in measure_parameters(measure).items()
    ]


def _metadata(measure: Measure, name: str, registry: Registry) -> ParameterMetadata:
    """Return the metadata of a number of a measure, derived from its file."""
    if name not in measure.shifts:
        unit, meaning, high = _OWN[name]
        return ParameterMetadata(unit, meaning, 0.0, high, "assumed")
    shift = measure.shifts[name]
    who = "full use" if shift.receives == "everybody" else "a manager's own practice"
    meaning = f"effect of {who} on {name.replace('_', ' ')}"
    return ParameterMetadata(registry.quantities[name].unit, meaning, shift.low, shift.high, shift.source)


# -- patterns in mind -------------------------------------------------------------------------------------------------


def patterns_in_mind() -> frozenset[str]:
    """Return the patterns that a parameter or a measure cites, and that are therefore weaker checks."""
    return frozenset(written_with())


def written_with() -> dict[str, list[str]]:
    """Return each cited pattern with the names of the parameters, measures and amounts that cite it."""
    measures = default_settings.measures()
    kinds = {
        f"mechanisms.{process}": kind for process, kind in default_settings.mechanism_types().items()
    } | INSTRUMENTS
    sources = {
        f"{owner}.{name}": metadata.source
        for owner, kind in kinds.items()
        for name, metadata in kind.parameter_metadata().items()
    }
    sources |= {f"measures.{measure.name}": measure.source for measure in measures}
    sources |= {
        f"measures.{measure.name}.{condition}": shift.source
        for measure in measures
        for condition, shift in measure.shifts.items()
    }
    cited = {
        row["id"]: [name for name, source in sources.items() if row["id"] in source.split()] for row in rows("patterns")
    }
    return {pattern: names for pattern, names in cited.items() if names}


# -- the page --------------------------------------------------------------------------------------------------------


def facts(plan: Plan) -> dict[str, Any]:
    """Return the values of `pages/parameters.md.j2`: every parameter, and counts by grade and use of data."""
    entries = parameters(plan)
    metadata = [(row.owner.startswith("measures."), row.metadata) for row in entries]
    return {
        "entries": entries,
        "tables": by_owner(entries),
        "parameter_table": parameter_table,
        "grades": GRADES,
        "counts": Counter((of_measure, one.grade) for of_measure, one in metadata),
        "roles": Counter(one.role for _, one in metadata).most_common(),
        "use": {row["id"]: row["use"] for row in rows("patterns")},
        "in_mind": written_with(),
    }


def by_owner(entries: Iterable[ParameterRow]) -> list[tuple[str, list[ParameterRow]]]:
    """Return the parameters of each owner, in the order of the code."""
    return [(owner, list(own)) for owner, own in groupby(entries, key=lambda row: row.owner)]


def parameter_table(entries: Iterable[ParameterRow], columns: int | None = None) -> str:
    """Return parameters as a table, the assumed ones first, with the first `columns` only or with all."""
    head = ("parameter", "meaning", "unit", "default", "range", "source", "grade", "data role", "in mind", "note")
    return table(head[:columns], (_cells(row)[:columns] for row in sort_assumed_first(entries)))


def _cells(row: ParameterRow) -> list[str]:
    metadata = row.metadata
    in_mind = ", ".join(metadata.in_mind)
    return [
        code(row.full_name), metadata.meaning, metadata.unit, f"{row.value:g}", row.span, metadata.source,
        metadata.grade, metadata.role, in_mind, metadata.note,
    ]  # fmt: skip
