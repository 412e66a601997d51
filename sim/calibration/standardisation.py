"""Standardisation: intercepts and trait SDs from a fixed point, so that reference people have mean 0 and SD 1.

The reference is the Dutch home worker of 2022 in the establishments of the study. Reference constants (usual contact,
messages, fatigue …) are frozen after the first rounds. If they changed together with the intercepts, both would correct
the same deviation and the iteration would not converge.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from sim.calibration.point_estimate import Parameters, check_writable, metadata_of, write_fit
from sim.engine.plan import Plan, simulate_burn_in
from sim.language.discovery import mechanisms
from sim.world.calendar import DAYS_A_WEEK
from sim.world.firm import FirmOptions

BURN_IN_WEEKS = 104
"""Weeks before the first measurement, since habits converge slowly."""
MEASURED_DAYS = range(16 * DAYS_A_WEEK)
"""Measured days: the first of the horizon, when the effect of the pandemic's advice to stay at home has faded."""
REFERENCE_FIRM = FirmOptions(kind="study", establishments=206, sample=25)
FREEZE_AFTER = 3
ROUNDS = 12
DAMPING = 0.8
TOLERANCE = 0.01


class State(NamedTuple):
    """A state with an intercept `level` and a trait SD `spread` to solve, over the people of `group`."""

    quantity: str
    process: str
    level: str
    spread: str
    group: str = "may_work_from_home"


class Usual(NamedTuple):
    """A reference constant: the mean of a quantity, and its SD where `sd` names a parameter."""

    quantity: str
    process: str
    mean: str
    sd: str | None = None


STATES = (
    State("demands", "workload", "level", "spread"),
    State("leading_difficulty", "workload", "difficulty_level", "difficulty_spread", group="is_manager"),
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


def standardise(
    plan: Plan, rounds: int = ROUNDS, freeze_after: int = FREEZE_AFTER, log: Callable[[str], None] = print
) -> Parameters:
    """Solve levels, spreads and reference constants for the plan's equations.

    Parameters
    ----------
    plan : Plan
        Parameters, measures and seed; its firm is replaced by the reference firm.
    rounds : int
        Largest number of rounds of the iteration.
    freeze_after : int
        Number of first rounds that also solve the reference constants; 0 uses those of the plan.
    log : callable
        Prints progress.

    Returns
    -------
    dict
        Values of all solved parameters, by process and parameter.
    """
    parameters: Parameters = {process: dict(own) for process, own in plan.parameters.items()}
    solved: Parameters = {}
    for number in range(rounds):
        moments = measure_moments(replace(plan, firm=REFERENCE_FIRM, parameters=parameters, burn_in=BURN_IN_WEEKS))
        constants = _constants(moments) if number < freeze_after else ()
        for process, name, value in [*constants, *_steps(parameters, moments)]:
            metadata = metadata_of(process, name)
            within = float(min(max(value, metadata.low), metadata.high))
            parameters.setdefault(process, {})[name] = solved.setdefault(process, {})[name] = within
        largest = max(abs(moments[s.quantity].mean) + abs(moments[s.quantity].sd - 1) for s in STATES)
        log(f"round {number + 1}: largest deviation from mean 0 and SD 1: {largest:.3f}")
        if largest < TOLERANCE and number >= freeze_after:
            break
    return solved


def _constants(moments: Mapping[str, Moments]) -> Iterator[tuple[str, str, float]]:
    """Yield process, parameter and value of the reference constants."""
    for usual in USUALS:
        yield usual.process, usual.mean, moments[usual.quantity].mean
        if usual.sd:
            yield usual.process, usual.sd, moments[usual.quantity].sd


def _steps(parameters: Parameters, moments: Mapping[str, Moments]) -> Iterator[tuple[str, str, float]]:
    """Yield process, parameter and next value of levels and spreads."""
    for state in STATES:
        default, own, moment = mechanisms()[state.process](), parameters.get(state.process, {}), moments[state.quantity]
        level, spread = (own.get(name, getattr(default, name)) for name in (state.level, state.spread))
        yield state.process, state.level, level - DAMPING * moment.mean
        yield state.process, state.spread, float(np.sqrt(max(spread**2 + DAMPING * (1 - moment.sd**2), 0.0)))


class Moments(NamedTuple):
    """Mean and SD over reference people and days."""

    mean: float
    sd: float


def measure_moments(plan: Plan) -> dict[str, Moments]:
    """Return means and SDs of all standardised quantities over the measured days, under the practice of 2022."""
    engine = simulate_burn_in(plan)
    groups = {s.quantity: s.group for s in STATES} | {u.quantity: "may_work_from_home" for u in USUALS}
    sums = {quantity: np.zeros(3) for quantity in groups}
    for day in MEASURED_DAYS:
        engine.run_day(day)
        for quantity, group in groups.items():
            values = np.asarray(engine.values[quantity], np.float64)
            if values.shape[-1] == engine.values[group].shape[-1]:
                values = values[np.broadcast_to(engine.values[group] > 0, values.shape)]
            sums[quantity] += values.size, values.sum(), (values**2).sum()
    return {quantity: _moments(*total) for quantity, total in sums.items()}


def _moments(count: float, total: float, squares: float) -> Moments:
    mean = total / count
    return Moments(mean, float(np.sqrt(max(squares / count - mean**2, 0.0))))


def main(argv: list[str]) -> int:
    """Run `hybridwork centre`: standardise the equations and write conf/fit/point.yaml."""
    from sim.config.command_settings import plan_for

    base = plan_for("centre", *argv)
    check_writable()
    write_fit(base.parameters, standardise(base, freeze_after=0, log=lambda text: print(text, file=sys.stderr)))
    return 0
