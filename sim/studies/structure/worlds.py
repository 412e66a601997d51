"""Worlds with one switch changed: statistics for the pattern table, levels, and effects of a policy."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sim.calibration.point_estimate import merged
from sim.engine.plan import Plan, simulate_burn_in, value_of
from sim.language.discovery import mechanisms
from sim.studies.patterns.evidence import Statistics, simulate_statistics
from sim.survey.survey import survey_of

DEFAULT = "default"
"""Name of the model without a change."""
AVERAGED_WEEKS = 26
"""The last weeks of the horizon, over which levels and effects are averaged."""
OUTCOMES = ("complaints", "isolation")


@dataclass(frozen=True)
class Switch:
    """A loop or disputed path of the model: its process, name and meaning, and whether it is on by default."""

    process: str
    name: str
    meaning: str
    on: bool

    @property
    def full_name(self) -> str:
        """Process and name, as documents write them."""
        return f"{self.process}.{self.name}"


def switches(plan: Plan) -> tuple[Switch, ...]:
    """Return every switch of the mechanisms, as the plan sets it."""
    return tuple(
        Switch(process, name, metadata.meaning, bool(value_of(plan, process, name)))
        for process, kind in mechanisms().items()
        for name, metadata in kind.parameter_metadata().items()
        if metadata.is_switch
    )


def with_change(plan: Plan, switch: Switch | None) -> Plan:
    """Return the plan with a switch off where it is on, and on where it is off."""
    changed = {switch.process: {switch.name: float(not switch.on)}} if switch else {}
    return replace(plan, parameters=merged(plan.parameters, changed))


def simulate(world: tuple[Switch | None, Plan], visits: int) -> Statistics:
    """Return the statistics of one world: those of the pattern table, its levels, and the effects of the policy."""
    plan = with_change(world[1], world[0])
    return simulate_statistics(plan, visits) | levels_and_effects(plan)


def levels_and_effects(plan: Plan) -> Statistics:
    """Return each `level <outcome>` under the baseline and `effect <outcome>` of the policy, over the last weeks.

    Outcomes are burn-out complaints of everybody per 1,000, and isolation from colleagues of home workers in SD.
    """
    before = simulate_burn_in(plan)
    engine, survey = before.with_scenarios(plan.scenarios), survey_of(plan)
    home = engine.values["may_work_from_home"][0] > 0
    means = np.zeros((len(OUTCOMES), len(plan.scenarios)))
    for week in range(plan.weeks):
        engine.run_week(week)
        if week >= plan.weeks - AVERAGED_WEEKS:
            complaints = 1000 * survey.burn_out_complaints(engine.values["exhaustion"])
            isolation = engine.values["isolation_from_colleagues"][:, home]
            means += np.array([complaints.mean(axis=1), isolation.mean(axis=1)]) / AVERAGED_WEEKS
    levels = {f"level {name}": float(mean[0]) for name, mean in zip(OUTCOMES, means, strict=True)}
    return levels | {f"effect {name}": float(mean[1] - mean[0]) for name, mean in zip(OUTCOMES, means, strict=True)}
