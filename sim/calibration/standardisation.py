"""Centring: intercepts and trait SDs solved by fixed point, so that reference people average 0 with SD 1.

The reference is the Dutch home worker of 2022 in the establishments of the study. Reference constants (what is usual
of contact, messages, fatigue …) are frozen after the first rounds: updated together with intercepts they correct
twice and never settle.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sim.calibration.point_estimate import Parameters, check_writable, write_fit
from sim.engine.plan import Plan, simulate_burn_in
from sim.language.discovery import mechanisms
from sim.world.calendar import DAYS_A_WEEK
from sim.world.firm import FirmOptions

if TYPE_CHECKING:
    from sim.engine import Engine


SETTLED = 104
"""Weeks lived before anything is measured, since habits settle slowly."""
MEASURED = range(16 * DAYS_A_WEEK)
"""The days that are measured: the first of the horizon, when the pandemic's advice to stay at home has faded."""
REFERENCE_FIRM = FirmOptions(kind="study", establishments=206, sample=25)
FREEZE_AFTER = 3
ROUNDS = 12
DAMPING = 0.8
CLOSE_ENOUGH = 0.01


@dataclass(frozen=True)
class State:
    """A state whose level (an intercept) and spread (a trait's SD) are solved."""

    quantity: str
    process: str
    level: str
    spread: str
    of: str = "may_work_from_home"


@dataclass(frozen=True)
class Usual:
    """A reference constant: the mean of a quantity, and its SD where `sd` names a parameter."""

    quantity: str
    process: str
    mean: str
    sd: str | None = None


STATES = (
    State("demands", "workload", "level", "spread"),
    State("leading_difficulty", "workload", "difficulty_level", "difficulty_spread", of="is_manager"),
    State("autonomy", "resources", "autonomy_level", "autonomy_spread"),
    State("manager_support", "resources", "manager_level", "manager_spread"),
    State("colleague_support", "resources", "colleague_level", "colleague_spread"),
    State("engagement", "resources", "engagement_level", "engagement_spread"),
    State("injunctive_norm", "availability", "norm_level", "norm_spread"),
    State("telepressure", "availability", "telepressure_level", "telepressure_spread"),
    State("detachment", "recovery", "level", "spread"),
    State("conflict", "work_home_conflict", "level", "spread"),
    State("isolation_from_colleagues", "isolation", "colleagues_level", "colleagues_spread"),
    State("isolation_from_company", "isolation", "company_level", "company_spread"),
    State("bond_with_team", "isolation", "team_bond_level", "team_bond_spread"),
    State("bond_with_organisation", "isolation", "organisation_bond_level", "organisation_bond_spread"),
    State("exhaustion", "exhaustion", "level", "spread"),
)
USUALS = (
    Usual("descriptive_norm", "availability", "usual_seen", "seen_sd"),
    Usual("recent_after_hours", "availability", "usual_after_hours", "after_hours_sd"),
    Usual("fatigue", "recovery", "usual_fatigue", "fatigue_sd"),
    Usual("recent_contact", "contact", "usual_touch", "touch_sd"),
    Usual("network", "contact", "usual_strength", "strength_sd"),
    Usual("network_within", "isolation", "usual_within", "within_sd"),
    Usual("network_across", "isolation", "usual_across", "across_sd"),
    Usual("fit", "ergonomics", "usual_fit"),
    Usual("complaints_heard", "cascade", "usual_heard"),
)


def centre(
    plan: Plan, rounds: int = ROUNDS, freeze_after: int = FREEZE_AFTER, say: Callable[[str], None] = print
) -> Parameters:
    """Solve levels, spreads and reference constants for the plan's equations; returns process -> parameter -> value.

    `plan` gives parameters, measures and seed; its firm is replaced by the reference firm. `freeze_after` rounds the
    reference constants stay as they are; 0 keeps those of the plan.
    """
    parameters: Parameters = {process: dict(own) for process, own in plan.parameters.items()}
    centred: Parameters = {}
    for turn in range(rounds):
        moments = measured(replace(plan, firm=REFERENCE_FIRM, parameters=parameters, burn_in=SETTLED))
        constants = _constants(moments) if turn < freeze_after else {}
        steps = _steps(parameters, moments)
        for own in (constants, steps):
            for process, values in own.items():
                parameters.setdefault(process, {}).update(values)
                centred.setdefault(process, {}).update(values)
        worst = max(abs(moments[s.quantity].mean) + abs(moments[s.quantity].sd - 1) for s in STATES)
        say(f"round {turn + 1}: farthest from mean 0 and SD 1 by {worst:.3f}")
        if worst < CLOSE_ENOUGH and turn >= freeze_after:
            break
    return centred


@dataclass(frozen=True)
class Moments:
    """Mean and SD over reference people and days."""

    mean: float
    sd: float


def measured(plan: Plan) -> dict[str, Moments]:
    """Means and SDs of all centred quantities over the measured days, under the practice before day 0."""
    engine = simulate_burn_in(plan)
    sums: dict[str, np.ndarray] = {}
    for day in MEASURED:
        engine.run_day(day)
        _gather(sums, engine)
    return {name: Moments(*_mean_and_sd(*total)) for name, total in sums.items()}


def _gather(sums: dict[str, np.ndarray], engine: Engine) -> None:
    for quantity, group in _followed().items():
        values = np.asarray(engine.values[quantity], np.float64)
        if values.shape[-1] == engine.values[group].shape[-1]:
            values = values[np.broadcast_to(engine.values[group] > 0, values.shape)]
        sums.setdefault(quantity, np.zeros(3))[:] += values.size, values.sum(), (values**2).sum()


def _followed() -> Mapping[str, str]:
    return {s.quantity: s.of for s in STATES} | {u.quantity: "may_work_from_home" for u in USUALS}


def _mean_and_sd(count: float, total: float, squares: float) -> tuple[float, float]:
    mean = total / count
    return mean, float(np.sqrt(max(squares / count - mean**2, 0.0)))


def _constants(moments: Mapping[str, Moments]) -> Parameters:
    constants: Parameters = {}
    for usual in USUALS:
        own = constants.setdefault(usual.process, {})
        own[usual.mean] = _within(usual.process, usual.mean, moments[usual.quantity].mean)
        if usual.sd:
            own[usual.sd] = _within(usual.process, usual.sd, moments[usual.quantity].sd)
    return constants


def _steps(parameters: Parameters, moments: Mapping[str, Moments]) -> Parameters:
    steps: Parameters = {}
    for state in STATES:
        own = steps.setdefault(state.process, {})
        now = {**_defaults(state.process), **parameters.get(state.process, {})}
        moment = moments[state.quantity]
        own[state.level] = _within(state.process, state.level, now[state.level] - DAMPING * moment.mean)
        square = now[state.spread] ** 2 + DAMPING * (1 - moment.sd**2)
        own[state.spread] = _within(state.process, state.spread, float(np.sqrt(max(square, 0.0))))
    return steps


def _defaults(process: str) -> dict[str, float]:
    own = mechanisms()[process]()
    return {name: getattr(own, name) for name in own.parameter_metadata()}


def _within(process: str, name: str, value: float) -> float:
    passport = mechanisms()[process].parameter_metadata()[name]
    return float(min(max(value, passport.low), passport.high))


def main(argv: list[str]) -> int:
    """`hybridwork centre`: solve the centring for the present equations and write it to conf/fit/point.yaml."""
    from sim.config.command_settings import plan_for

    base = plan_for("centre", *argv)
    check_writable()
    write_fit(base.parameters, centre(base, freeze_after=0, say=lambda text: print(text, file=sys.stderr)))
    return 0
