"""Values of `docs/odd.md` (ODD+D), of `docs/schedule.md`, its order of computation, and of `docs/stress.md`.

ODD+D: Grimm and others 2020; Müller and others 2013. STRESS-ABS: Monks and others 2019.
"""

from __future__ import annotations

import inspect
from typing import Any

from sim import __version__
from sim.calibration.uncertainty import assumed_numbers
from sim.config import composition, study_settings
from sim.data import rows
from sim.describe import equations
from sim.describe.parameters import by_owner, parameters, patterns_in_mind
from sim.engine.plan import Plan, registry_of
from sim.language.describe import ParameterRow
from sim.language.grammar import Mechanism, dependencies_of
from sim.levers.measure import Measure
from sim.levers.scenario import Introduction, Setting
from sim.outcomes.definitions import GROUPS, OUTCOMES, SMALLEST_GROUP
from sim.outcomes.record import LAST_WEEKS
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
    "employer_share": ("share", "0 to 1", "share of employers that claim the measure in the study"),
    "asked_in_study": ("0/1", "0 or 1", "one of the 15 measures of the study"),
    "only_managers_see": ("0/1", "0 or 1", "visible to managers only"),
    "fades_in": ("weeks", "0 or more", "time constant of declining enthusiasm (0: no decline)"),
    "transition": ("sd", "0 to 1", "extra demands in the measure's first weeks"),
    "is_collective": ("0/1", "0 or 1", "also affects people who do not use it"),
    "is_through_manager": ("0/1", "0 or 1", "reaches the team as the manager's practice"),
    "is_individual": ("0/1", "0 or 1", "each person must use it"),
    "is_agreement": ("0/1", "0 or 1", "kind of measure: an agreement"),
    "is_encouragement": ("0/1", "0 or 1", "kind of measure: an encouragement"),
    "is_leadership": ("0/1", "0 or 1", "kind of measure: leadership"),
    "is_provision_and_contact": ("0/1", "0 or 1", "kind of measure: provision and contact"),
    "is_training": ("0/1", "0 or 1", "kind of measure: training"),
    "is_social": ("0/1", "0 or 1", "brings people together"),
    "introduced_share": ("share", "0 to 1", "share of employers that take the measure in the scenario"),
    "withdrawn": ("0/1", "0 or 1", "the scenario withdraws the measure"),
    "intensity": ("ratio", "0 to 2", "strength of the measure relative to its usual strength"),
    "use": ("share", "0 to 1", "share of time in use among those who know the measure and can use it"),
    "hoops": ("share", "0 to 1", "share of users deterred by obstacles to obtaining the measure"),
    "well": ("share", "0 to 1", "share of users who use the measure as intended"),
    "working_day": ("0/1", "0 or 1", "Monday to Friday and no Dutch public holiday"),
    "weekday": ("day", "0 to 6", "0 is Monday"),
    "advice_urgent": ("0/1", "0 or 1", "urgent public advice to work from home"),
    "advice_strict": ("0/1", "0 or 1", "strict public advice to work from home"),
    "advice_half": ("0/1", "0 or 1", "public advice of at most half the time at the workplace"),
}
"""Unit, range and meaning of the external inputs, which change with the calendar, the scenario or never."""


def odd_facts(plan: Plan) -> dict[str, Any]:
    """Return the values of `pages/odd.md.j2`; raise KeyError for an external input without a description."""
    registry, entries = registry_of(plan), parameters(plan)
    tables = dict(by_owner(entries))
    return {
        "numbers": {row.full_name: f"{row.value:g}" for row in entries},
        "version": __version__,
        "plan": plan,
        "equations": equations,
        "patterns": rows("patterns"),
        "in_mind": patterns_in_mind(),
        "external_inputs": {name: (*_EXTERNAL_INPUTS[name], level) for name, level in registry.external_inputs.items()},
        "registry": registry,
        "outcomes": OUTCOMES.values(),
        "groups": GROUPS,
        "smallest": SMALLEST_GROUP,
        "regimes": rows("regimes"),
        "dependencies_of": dependencies_of,
        "module_text": _module_text,
        "tables": tables,
        "measures": [_measure(one, tables[f"measures.{one.name}"]) for one in plan.measures],
        "instruments": {name: (kind, _methods(kind)) for name, kind in INSTRUMENTS.items()},
    }


def schedule_facts(plan: Plan) -> dict[str, Any]:
    """Return the values of `pages/schedule.md.j2`."""
    registry = registry_of(plan)
    order = {name: [registry.quantities[one] for one in getattr(registry, name)] for name in ("day", "night", "traits")}
    return order | {"weekly": sum(one.every == "week" for one in (*order["day"], *order["night"]))}


def stress_facts(plan: Plan) -> dict[str, Any]:
    """Return the values of `pages/stress.md.j2`: every scenario with its differences from the base among them."""
    usual = {row.full_name: row.value for row in parameters(plan)}
    settings, uncertain = study_settings.settings_of(composition.compose()), assumed_numbers()

    def changed(one: Setting) -> str:
        name = f"mechanisms.{one.process}.{one.parameter}"
        return ", ".join([f"`{name}` {usual[name]:g} → {one.value:g}", *_when(one)])

    return {
        "version": __version__,
        "plan": plan,
        "scenarios": [(one, map(_introduced, one.introduced), map(changed, one.settings)) for one in plan.scenarios],
        "count_of_numbers": len(usual),
        "uncertain": uncertain["parameters"],
        "assumed": uncertain["assumed"],
        "last_weeks": LAST_WEEKS,
        "replicates": settings.replicates,
        "seed": settings.seed,
        "smallest": SMALLEST_GROUP,
    }


def _introduced(one: Introduction) -> str:
    changes = {"use": one.use, "hoops": one.hoops, "well": one.well}
    own = [f"{name} {value:g}" for name, value in changes.items() if value is not None]
    strong = [f"intensity {one.intensity:g}"] if one.intensity != 1 else []
    return ", ".join([f"`{one.measure}` by {100 * one.share:g}% of employers", *strong, *own, *_when(one)])


def _when(one: Introduction | Setting) -> list[str]:
    begins = [f"from week {one.start}"] if one.start else []
    return [*begins, f"until week {one.end}"] if one.end is not None else begins


def _module_text(own: Mechanism) -> str:
    """Return the docstring of the module of a process, with a line per paragraph."""
    text = inspect.getdoc(inspect.getmodule(type(own))) or ""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


def _measure(measure: Measure, entries: list[ParameterRow]) -> dict[str, Any]:
    """Return a measure with its shifts and its other numbers in words."""
    shifts = [_shift(measure, row) for row in entries if row.name in measure.shifts]
    return {
        "measure": measure,
        "known": " / ".join(f"{100 * share:.0f}%" for share in measure.study.values()) or "not asked",
        "shifts": "; ".join([*shifts, *(["rewrites a condition"] if measure.rewrites else [])]),
        "numbers": ", ".join(f"{row.name} {row.value:g}" for row in entries if row.name not in measure.shifts),
    }


def _shift(measure: Measure, row: ParameterRow) -> str:
    receives = measure.shifts[row.name].receives
    whom = "" if receives == "everybody" else f" of {receives}"
    return f"`{row.name}`{whom} by {row.value:+g} {row.metadata.unit} ({row.span})"


def _methods(kind: type[Mechanism]) -> dict[str, Any]:
    """Return the public methods of an instrument by name."""
    functions = {name: one for name, one in vars(kind).items() if inspect.isfunction(one)}
    return {name: one for name, one in functions.items() if one.__doc__ and not name.startswith("_")}
