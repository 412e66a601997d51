"""Every parameter with its metadata, those of the measures too, and the page `docs/parameters.md`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby

from sim.config import default_settings
from sim.data import rows
from sim.engine.plan import Plan, registry_of, with_parameters
from sim.language.describe import ParameterRow, parameter_rows, sort_assumed_first
from sim.language.grammar import ParameterMetadata
from sim.language.registry import Registry
from sim.levers.measure import Measure, Shift, measure_parameters
from sim.reporting.markdown import code, table
from sim.reporting.templates import render
from sim.survey.instruments import INSTRUMENTS

GRADES = {
    "assumed": "chosen; a source beside the word supports the sign or the range, not the number",
    "seen": "read in a retrieved source, without low confidence",
    "fitted": "solved so that the model meets targets of 2021–2022",
    "centred": "solved so that reference people have mean 0 and SD 1; no evidence about the world",
    "definition": "a definition, or a default that scenarios change; a choice if it has a range",
}
"""Grades of numbers. Two of them grade evidence; the other three mark numbers that are no evidence."""

_SHARE, _NO_BOUND = 1.0, float("inf")
_OWN = {
    "use": ("share", "time in use, of those who know it and can use it", _SHARE),
    "hoops": ("share", "users lost to obstacles in getting it", _SHARE),
    "well": ("share", "users who use it as intended", _SHARE),
    "transition": ("sd", "extra demands of its first weeks", _SHARE),
    "fades_in": ("weeks", "time in which enthusiasm for it fades; 0: never", _NO_BOUND),
}
"""Unit, meaning and highest value of the assumed numbers of every measure, besides the amounts of its shifts."""


def parameters(plan: Plan) -> list[ParameterRow]:
    """Return every number that a run depends on: of mechanisms, levers, instruments and measures."""
    registry = registry_of(plan)
    instruments = [with_parameters(kind, plan.parameters.get(name, {})) for name, kind in INSTRUMENTS.items()]
    return [
        *parameter_rows(registry, instruments),
        *(one for measure in plan.measures for one in of_measure(measure, registry)),
    ]


def of_measure(measure: Measure, registry: Registry) -> list[ParameterRow]:
    """Return the numbers of a measure as parameters, with metadata derived from its file."""
    return [
        ParameterRow(f"measures.{measure.name}", name, value, _metadata_of(measure, name, registry))
        for name, value in measure_parameters(measure).items()
    ]


def _metadata_of(measure: Measure, name: str, registry: Registry) -> ParameterMetadata:
    if name in measure.shifts:
        return _metadata_of_shift(measure.shifts[name], name, registry.quantities[name].unit)
    unit, meaning, high = _OWN[name]
    return ParameterMetadata(unit, meaning, 0.0, high, "assumed")


def _metadata_of_shift(shift: Shift, condition: str, unit: str) -> ParameterMetadata:
    who = "full use" if shift.receives == "everybody" else "a manager's own practice"
    meaning = f"effect of {who} on {condition.replace('_', ' ')}"
    return ParameterMetadata(unit, meaning, shift.low, shift.high, shift.source)


def numbers(entries: Iterable[ParameterRow]) -> dict[str, str]:
    """Return the value of every parameter by its full name."""
    return {row.full_name: f"{row.value:g}" for row in entries}


# -- patterns in mind -------------------------------------------------------------------------------------------------


def patterns_in_mind() -> frozenset[str]:
    """Return the patterns that a parameter, a measure or one of its amounts cites; they are weaker checks."""
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

COLUMNS = ("parameter", "meaning", "unit", "default", "range", "source", "grade", "data role", "in mind", "note")
SHORT = COLUMNS[:6]


def page(plan: Plan) -> str:
    """Return `docs/parameters.md`: the metadata of every parameter, and counts by grade and data role."""
    entries = parameters(plan)
    return render(
        "sim.describe",
        {
            "count": len(entries),
            "grades": _grades(entries),
            "roles": _count_table("data role", Counter(row.metadata.role for row in entries)),
            "seen": parameter_table([row for row in entries if row.metadata.grade == "seen"], SHORT),
            "in_mind": _in_mind(),
            "tables": "\n\n".join(_section(owner, of_owner) for owner, of_owner in by_owner(entries)),
        },
        "pages/parameters.md.j2",
    )


def by_owner(entries: Iterable[ParameterRow]) -> list[tuple[str, list[ParameterRow]]]:
    """Return the parameters of each owner, in the order of the code."""
    return [(owner, list(own)) for owner, own in groupby(entries, key=lambda row: row.owner)]


def parameter_table(entries: Iterable[ParameterRow], columns: Sequence[str] = COLUMNS) -> str:
    """Return parameters as a table of these columns, the assumed ones first."""
    return table(columns, (_row(row)[: len(columns)] for row in sort_assumed_first(entries)))


def _row(entry: ParameterRow) -> list[str]:
    metadata = entry.metadata
    numbers = [metadata.unit, f"{entry.value:g}", entry.span]
    in_mind = ", ".join(metadata.in_mind)
    return [
        code(entry.full_name), metadata.meaning, *numbers, metadata.source, metadata.grade, metadata.role, in_mind,
        metadata.note,
    ]  # fmt: skip


def _section(owner: str, entries: Sequence[ParameterRow]) -> str:
    return f"### {owner}\n\n{parameter_table(entries)}"


def _grades(entries: Sequence[ParameterRow]) -> str:
    """Return the counts of numbers by grade, of the model and of the measures."""
    of_measures = Counter(row.metadata.grade for row in entries if row.owner.startswith("measures."))
    others = Counter(row.metadata.grade for row in entries if not row.owner.startswith("measures."))
    return table(
        ("grade", "meaning", "of mechanisms, levers, instruments", "of measures"),
        ([grade, meaning, others[grade], of_measures[grade]] for grade, meaning in GRADES.items()),
    )


def _count_table(name: str, counts: Counter[str]) -> str:
    return table((name, "parameters"), counts.most_common())


def _in_mind() -> str:
    use = {row["id"]: row["use"] for row in rows("patterns")}
    return table(
        ("pattern", "use", "written with it in mind"),
        ([code(one), use[one], ", ".join(map(code, names))] for one, names in written_with().items()),
    )
