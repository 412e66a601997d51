"""`docs/odd.md`: the model in full after ODD+D (Grimm and others 2020; Müller and others 2013)."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

from sim import __version__
from sim.data import rows
from sim.describe.equations import (
    beginning,
    curve_table,
    draw_table,
    equation,
    first_line,
    formula,
    random_quantities,
    range_of,
    rewrite,
)
from sim.describe.parameters import SHORT, by_owner, numbers, parameter_table, parameters, patterns_in_mind
from sim.engine.plan import Plan, registry_of
from sim.language.describe import ParameterRow
from sim.language.grammar import Mechanism
from sim.language.registry import Quantity, Registry
from sim.levers.measure import Measure
from sim.outcomes.definitions import GROUPS, OUTCOMES, SMALLEST_GROUP
from sim.reporting.markdown import code, listed, table
from sim.reporting.templates import render
from sim.survey.instruments import INSTRUMENTS

_EXTERNAL_INPUTS = {
    "is_manager": ("0/1", "0 or 1", "manages somebody"),
    "has_manager": ("0/1", "0 or 1", "reports to somebody"),
    "span": ("people", "0 or more", "number of direct reports"),
    "exists": ("0/1", "0 or 1", "the slot has a tie, perhaps a dormant one"),
    "across": ("0/1", "0 or 1", "the tie leads to another team"),
    "dormant": ("0/1", "0 or 1", "the tie is inactive until an arranged encounter"),
    "layers": ("layers", "1 or more", "levels between the board and a team's manager"),
    "size": ("people", "5 or more", "employees of the whole establishment"),
    "anchor_rank": ("rank", "0 to 5", "rank of today in the team's order of office days; 5 on free days"),
    "generation": ("people", "0 or more", "number of earlier people in the place"),
    "employer_share": ("share", "0 to 1", "employers that claim the measure in the study"),
    "asked_in_study": ("0/1", "0 or 1", "one of the 15 measures of the study"),
    "only_managers_see": ("0/1", "0 or 1", "visible to managers only"),
    "fades_in": ("weeks", "0 or more", "time in which enthusiasm for the measure fades; 0: never"),
    "transition": ("sd", "0 to 1", "extra demands of the measure's first weeks"),
    "is_collective": ("0/1", "0 or 1", "also affects people who do not know it"),
    "is_through_manager": ("0/1", "0 or 1", "reaches the team as the manager's practice"),
    "is_individual": ("0/1", "0 or 1", "each person must use it"),
    "is_agreement": ("0/1", "0 or 1", "kind of measure: an agreement"),
    "is_encouragement": ("0/1", "0 or 1", "kind of measure: an encouragement"),
    "is_leadership": ("0/1", "0 or 1", "kind of measure: leadership"),
    "is_provision_and_contact": ("0/1", "0 or 1", "kind of measure: provision and contact"),
    "is_training": ("0/1", "0 or 1", "kind of measure: training"),
    "is_social": ("0/1", "0 or 1", "brings people together"),
    "introduced_share": ("share", "0 to 1", "employers that take the measure in the scenario"),
    "withdrawn": ("0/1", "0 or 1", "the scenario withdraws the measure"),
    "intensity": ("ratio", "0 to 2", "strength of the measure relative to its usual strength"),
    "use": ("share", "0 to 1", "time in use, of those who know the measure and can use it"),
    "hoops": ("share", "0 to 1", "users lost to obstacles in getting the measure"),
    "well": ("share", "0 to 1", "users who use the measure as intended"),
    "working_day": ("0/1", "0 or 1", "Monday to Friday and no Dutch public holiday"),
    "weekday": ("day", "0 to 6", "0 is Monday"),
    "advice_urgent": ("0/1", "0 or 1", "urgent public advice to work from home"),
    "advice_strict": ("0/1", "0 or 1", "strict public advice to work from home"),
    "advice_half": ("0/1", "0 or 1", "public advice of at most half the time at the workplace"),
}
"""Unit, range and meaning of the external inputs, which change with the calendar, the scenario or never."""


def page(plan: Plan) -> str:
    """Return the document."""
    registry = registry_of(plan)
    entries = parameters(plan)
    return render(
        "sim.describe",
        {
            "numbers": numbers(entries),
            "version": __version__,
            "patterns": _patterns(),
            "external_inputs": _external_inputs(registry),
            "traits": _states(registry, registry.traits),
            "stocks": _states(registry, registry.night),
            "conditions": _conditions(registry),
            "processes": _processes(registry),
            "day": ", ".join(_with_clock(registry, name) for name in registry.day),
            "night": ", ".join(_with_clock(registry, name) for name in registry.night),
            "draws": len(random_quantities(registry)),
            "draw_rows": draw_table(registry),
            "outcomes": _outcomes(),
            "groups": listed(GROUPS),
            "smallest": SMALLEST_GROUP,
            "weeks": plan.weeks,
            "burn_in": plan.burn_in,
            "start": plan.calendar.start,
            "establishments": plan.firm.establishments,
            "sample": plan.firm.sample,
            "regimes": table(("from", "advice", "wording", "source"), ([*row.values()] for row in rows("regimes"))),
            "curves": curve_table(),
            "submodels": _submodels(registry, entries),
            "shared": _shared(registry),
            "levers": _levers(registry, entries),
            "measures": _measures(plan.measures, entries),
            "instruments": _instruments(entries),
        },
        "pages/odd.md.j2",
    )


# -- purpose and patterns --------------------------------------------------------------------------------------------


def _patterns() -> str:
    in_mind = patterns_in_mind()
    return table(
        ("pattern", "use", "of", "with", "among", "expected", "source", "written in mind"),
        (
            (code(row["id"]), row["use"], row["from"], row["to"], row["population"], row["expected"], row["origin"],
             "yes" if row["id"] in in_mind else "no")
            for row in rows("patterns")
        ),
    )  # fmt: skip


# -- entities, state variables, scales -------------------------------------------------------------------------------


def _external_inputs(registry: Registry) -> str:
    return table(
        ("given", "meaning", "unit", "range", "level"),
        (
            (code(name), meaning, unit, span, registry.external_inputs[name])
            for name, (unit, span, meaning) in _known(registry)
        ),
    )


def _known(registry: Registry) -> list[tuple[str, tuple[str, str, str]]]:
    """Return every external input with its description; raise KeyError for one without."""
    return [(name, _EXTERNAL_INPUTS[name]) for name in registry.external_inputs]


def _states(registry: Registry, names: Iterable[str]) -> str:
    """Return traits or stocks as a table."""
    quantities = [registry.quantities[name] for name in names]
    head = ("variable", "meaning", "type", "unit", "range", "owner", "level", "clock", "begins at")
    return table(head, (_state(registry, quantity) for quantity in quantities))


def _state(registry: Registry, quantity: Quantity) -> tuple[str, ...]:
    clock = "drawn once" if quantity.kind == "trait" else quantity.every
    begins = beginning(quantity) if quantity.kind == "stock" else "–"
    kind = "yes or no" if quantity.unit == "0/1" else "number"
    span = range_of(registry, quantity)
    return (
        code(quantity.name), quantity.meaning, f"{quantity.kind}, {kind}", quantity.unit, span, quantity.owner,
        quantity.per, clock, begins,
    )  # fmt: skip


def _conditions(registry: Registry) -> str:
    return table(
        ("condition", "meaning", "unit", "owner", "level", "clock"),
        (
            (code(one.name), one.meaning, one.unit, one.owner, one.per, one.every)
            for one in (registry.quantities[name] for name in registry.conditions)
        ),
    )


# -- process overview ------------------------------------------------------------------------------------------------


def _processes(registry: Registry) -> str:
    return table(
        ("process", "claim", "equations", "parameters"),
        (
            (code(name), first_line(own), len(own.equations()), len(own.parameter_metadata()))
            for name, own in registry.mechanisms.items()
        ),
    )


def _with_clock(registry: Registry, name: str) -> str:
    return code(name) + (" (weekly)" if registry.quantities[name].every == "week" else "")


# -- observation -----------------------------------------------------------------------------------------------------

_BY = {"end": "the state at its end", "mean": "the mean of its days", "sum": "the sum of its days"}


def _outcomes() -> str:
    return table(
        ("outcome", "meaning", "unit", "a week is", "high is"),
        ((code(one.name), one.label, one.unit, _BY[one.by], one.high_is) for one in OUTCOMES.values()),
    )


# -- submodels -------------------------------------------------------------------------------------------------------


def _submodels(registry: Registry, entries: Iterable[ParameterRow]) -> str:
    tables = dict(by_owner(entries))
    return "\n\n".join(
        _submodel(registry, process, own, tables.get(f"mechanisms.{process}", []))
        for process, own in registry.mechanisms.items()
    )


def _submodel(registry: Registry, process: str, own: Mechanism, entries: list[ParameterRow]) -> str:
    equations = "\n\n".join(equation(registry, name) for name in own.equations())
    parameter_text = f"\n\n{parameter_table(entries, SHORT)}" if entries else ""
    return f"### {process.replace('_', ' ').capitalize()}\n\n{_prose(own)}{parameter_text}\n\n{equations}"


def _prose(own: Mechanism) -> str:
    """Return the docstring of the module of a process, and the first line of its class."""
    text = inspect.getdoc(inspect.getmodule(type(own))) or ""
    paragraphs = [" ".join(paragraph.split()) for paragraph in text.split("\n\n")]
    return "\n\n".join([*paragraphs, f"*{first_line(own)}*"])


def _shared(registry: Registry) -> str:
    return table(
        ("shared flow", "unit", "parts, summed in this order"),
        (
            (code(one.name), one.unit, listed(one.tributaries))
            for one in registry.quantities.values()
            if one.kind == "sum"
        ),
    )


def _levers(registry: Registry, entries: Iterable[ParameterRow]) -> str:
    tables = dict(by_owner(entries))
    return "\n\n".join(
        "\n\n".join(
            [
                f"#### {process}",
                _prose(lever),
                parameter_table(tables[f"mechanisms.{process}"], SHORT),
                *(rewrite(lever, condition, method) for condition, method in lever.rewrites().items()),
            ]
        )
        for process, lever in registry.levers.items()
    )


def _measures(measures: Iterable[Measure], entries: Iterable[ParameterRow]) -> str:
    amounts: Mapping[str, list[ParameterRow]] = dict(by_owner(entries))
    head = (
        "measure",
        "text",
        "kind",
        "route",
        "employer, manager, employee in the study",
        "shifts, at full use",
        "numbers",
    )
    return table(head, (_measure(one, amounts[f"measures.{one.name}"]) for one in measures))


def _measure(measure: Measure, entries: Iterable[ParameterRow]) -> tuple[str, ...]:
    known = " / ".join(f"{100 * share:.0f}%" for share in measure.study.values()) or "not asked"
    moves = [_moved(measure, row) for row in entries if row.name in measure.shifts]
    own = [f"{row.name} {row.value:g}" for row in entries if row.name not in measure.shifts]
    rewrites = ["rewrites a condition"] if measure.rewrites else []
    return (
        code(measure.name), measure.text, measure.kind.replace("_", " "), measure.route.replace("_", " "), known,
        "; ".join([*moves, *rewrites]), ", ".join(own),
    )  # fmt: skip


def _moved(measure: Measure, row: ParameterRow) -> str:
    receives = measure.shifts[row.name].receives
    whom = "" if receives == "everybody" else f" of {receives}"
    return f"{code(row.name)}{whom} by {row.value:+g} {row.metadata.unit} ({row.span})"


def _instruments(entries: Iterable[ParameterRow]) -> str:
    tables = dict(by_owner(entries))
    return "\n\n".join(_instrument(name, kind, tables[name]) for name, kind in INSTRUMENTS.items())


def _instrument(name: str, kind: type[Mechanism], entries: list[ParameterRow]) -> str:
    methods: dict[str, Any] = {n: m for n, m in vars(kind).items() if inspect.isfunction(m) and m.__doc__}
    equations = [
        f"`{name}.{method}`: {first_line(own)}\n\n```python\n{formula(own)}\n```"
        for method, own in methods.items()
        if not method.startswith("_")
    ]
    return "\n\n".join([f"#### {name}", f"*{first_line(kind)}*", parameter_table(entries, SHORT), *equations])
