"""Worlds with one switch turned: what the pattern table asks of each, its levels, and what a policy does in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from sim.engine.plan import Plan, simulate_burn_in
from sim.language.discovery import mechanisms
from sim.levers.catalogue import Catalogue
from sim.studies.patterns.evidence import Statistics, evidence
from sim.survey.survey import survey_of

AS_IT_STANDS = "as_it_stands"
SEEN = 26
"""The last weeks, over which levels and effects are averaged."""
OUTCOMES = ("complaints", "isolation")


@dataclass(frozen=True)
class Switch:
    """A loop or disputed path: whose it is, its name, what it is, and whether the model has it on."""

    process: str
    name: str
    meaning: str
    on: bool

    @property
    def full_name(self) -> str:
        """As documents name it."""
        return f"{self.process}.{self.name}"


@dataclass(frozen=True)
class Task:
    """One world with one switch turned; None leaves the model as it stands."""

    switch: Switch | None
    plan: Plan
    visits: int

    @property
    def name(self) -> str:
        """The switch's name."""
        return self.switch.full_name if self.switch else AS_IT_STANDS


def switches(plan: Plan) -> tuple[Switch, ...]:
    """Every switch of the mechanisms, as the plan has it."""
    return tuple(
        Switch(process, name, passport.meaning, bool(_value(plan, process, name)))
        for process, kind in mechanisms().items()
        for name, passport in kind.parameter_metadata().items()
        if passport.is_switch
    )


def _value(plan: Plan, process: str, name: str) -> float:
    return float(plan.parameters.get(process, {}).get(name, getattr(mechanisms()[process](), name)))


def turned(plan: Plan, switch: Switch | None) -> Plan:
    """The plan with a switch off where it is on, and on where it is off."""
    if switch is None:
        return plan
    own: Mapping[str, float] = {**plan.parameters.get(switch.process, {}), switch.name: float(not switch.on)}
    return replace(plan, parameters={**plan.parameters, switch.process: own})


def live(numbered: tuple[int, Task]) -> Statistics:
    """The statistics of the world of one task."""
    _, task = numbered
    plan = turned(task.plan, task.switch)
    return evidence(plan, task.visits) | followed(plan)


def followed(plan: Plan) -> Statistics:
    """`level …` under the plan's first scenario, and `effect …` of its second, over the last weeks of its horizon.

    Burn-out complaints of everybody per 1,000; isolation from colleagues of home workers, SD.
    """
    begun = simulate_burn_in(plan)
    engine, survey = begun.fork(Catalogue(begun.catalogue.measures, plan.scenarios)), survey_of(plan)
    home = engine.values["may_work_from_home"][0] > 0
    seen = np.zeros((len(OUTCOMES), len(plan.scenarios)))
    for week in range(plan.weeks):
        engine.run_week(week)
        if week >= plan.weeks - SEEN:
            chance = 1000 * survey.burn_out_complaints(engine.values["exhaustion"])
            isolation = engine.values["isolation_from_colleagues"][:, home]
            seen += np.array([chance.mean(axis=1), isolation.mean(axis=1)]) / SEEN
    found = {f"level {name}": float(own[0]) for name, own in zip(OUTCOMES, seen, strict=True)}
    return found | {f"effect {name}": float(own[1] - own[0]) for name, own in zip(OUTCOMES, seen, strict=True)}
