"""Numbers of a plan by their names on the command line, as in `mechanisms.recovery.night` or `measures.breaks.use`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sim.engine.plan import Plan
from sim.errors import UserError, unknown
from sim.levers.measure import with_measure_parameters
from sim.survey.instruments import INSTRUMENTS

TOPS = ("mechanisms", "measures", *INSTRUMENTS)
"""What the name of a number begins with."""


def is_parameter_name(name: str) -> bool:
    """Return whether a setting is one number of a plan; other settings need another composition."""
    return name.partition(".")[0] in TOPS


def with_values(plan: Plan, numbers: Mapping[str, float]) -> Plan:
    """The plan with these numbers in place of its own.

    Raises UserError for a measure, or a number of it, that does not exist and for an amount out of range; parameters
    are checked when the plan is simulated.
    """
    known = {measure.name: measure for measure in plan.measures}
    parameters = {process: dict(own) for process, own in plan.parameters.items()}
    amounts: dict[str, dict[str, float]] = {}
    for name, value in numbers.items():
        top, _, rest = name.partition(".")
        if top in INSTRUMENTS:
            parameters.setdefault(top, {})[rest] = float(value)
            continue
        owner, _, own = rest.partition(".")
        group = parameters if top == "mechanisms" else amounts
        group.setdefault(owner, {})[own] = float(value)
    for owner in amounts:
        if owner not in known:
            raise UserError(unknown("measure", owner, known))
    changed = {name: with_measure_parameters(known[name], own) for name, own in amounts.items()}
    measures = tuple(changed.get(measure.name, measure) for measure in plan.measures) if changed else plan.measures
    return replace(plan, parameters=parameters, measures=measures)
