"""Every quantity stays within its range for all parameters within their ranges and for all levers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.engine.plan import BASELINE, Plan, create_engine, validate_value
from sim.engine.reference import ReferenceEngine
from sim.language.discovery import levers, mechanisms
from sim.language.grammar import ParameterMetadata
from sim.language.registry import Quantity
from sim.levers.scenario import Introduction, Scenario, Setting
from sim.world.calendar import DAYS_A_WEEK, Calendar
from sim.world.firm import FirmOptions

SMALL = FirmOptions(kind="study", establishments=4, sample=15)
HIGHEST_LIMIT = 6.0
AGAINST_A_REFERENCE = ("accustomed", "unrecovered")
"""Physical things standardised by a mean and an SD that are parameters themselves, so anywhere from narrow to wide."""
SATURATED_FLOWS = ("demands", "detachment", "leading_difficulty")
NEVER_NEGATIVE = (
    "hours", "days", "hours/day", "breaks/day", "contacts/day", "strength", "measures", "days/week", "years", "minutes",
    "ratio",
)  # fmt: skip
MOVED_BEYOND = ("share", "fit", "hours/day", "breaks/day", "contacts/day")
"""Conditions in these units are bounded where they are used, not where levers add to them."""


def parameters() -> list[tuple[str, str, ParameterMetadata]]:
    """Return process, name and metadata of every parameter of a mechanism."""
    kinds = mechanisms().items()
    return [(process, name, own) for process, kind in kinds for name, own in kind.parameter_metadata().items()]


def random_parameters(worlds: int, rng: np.random.Generator) -> dict[tuple[str, str], np.ndarray]:
    """A value within its range for every parameter, for each world; switches on or off."""
    return {
        (process, name): rng.integers(0, 2, worlds).astype(float)
        if own.is_switch
        else rng.uniform(own.low, own.high, worlds)
        for process, name, own in parameters()
    }


def random_scenario(number: int, measures, rng: np.random.Generator, weeks: int) -> Scenario:
    """Return random measures with random properties, and three random settings."""
    introduced = [
        Introduction(
            measure.name, start=int(rng.integers(0, weeks)), share=float(rng.uniform()),
            intensity=float(rng.uniform(0, 2)), use=float(rng.uniform()), hoops=float(rng.uniform()),
            well=float(rng.uniform()),
        )
        for measure in measures
        if rng.uniform() < 0.6
    ]  # fmt: skip
    settings = [
        Setting("availability", "pressure_from_above", float(rng.uniform(-1, 2)), start=int(rng.integers(0, weeks))),
        Setting("attendance", "home_ceiling", float(rng.uniform()), start=int(rng.integers(0, weeks))),
        Setting("attendance", "fixed_office_days", float(rng.uniform(0, 5))),
    ]
    return Scenario(f"random {number}", "policy", tuple(introduced), settings=tuple(settings))


def bounds(quantity: Quantity) -> tuple[float, float]:
    """Return the lowest and the highest valid value of a quantity."""
    if quantity.unit == "0/1" or (quantity.unit == "share" and not quantity.condition):
        return 0, 1
    if quantity.unit == "sd" and (quantity.kind == "stock" or quantity.name in SATURATED_FLOWS):
        limit = 1000 if quantity.name in AGAINST_A_REFERENCE else HIGHEST_LIMIT
        return -limit, limit
    positive = quantity.unit in NEVER_NEGATIVE and not (quantity.condition and quantity.unit in MOVED_BEYOND)
    return 0 if positive else -np.inf, 1 if quantity.name == "tie_strength" else np.inf


def outside(engine: ReferenceEngine) -> list[str]:
    """Return a line for every quantity that is not finite or is outside its range."""
    found = []
    for name, quantity in engine.registry.quantities.items():
        values = engine.values[name]
        if not np.isfinite(values).all():
            found.append(f"{name} is not finite")
            continue
        low, high = bounds(quantity)
        slack = 1e-5 * max(1.0, abs(high) if np.isfinite(high) else 1.0)
        if values.size and (values.min() < low - slack or values.max() > high + slack):
            found.append(f"{name} reaches {values.min():.4g} to {values.max():.4g}, beyond {low:g} to {high:g}")
        if quantity.unit == "0/1" and not np.isin(values, (0, 1)).all():
            found.append(f"{name} is neither yes nor no")
    return found


def faults_with_random_parameters(plan: Plan, worlds: int, number: int, weeks: int, with_levers: bool) -> list[str]:
    """Return the quantities outside their ranges on any Wednesday or Sunday; levers start halfway."""
    rng = np.random.default_rng(number)
    scenarios = tuple(random_scenario(n, plan.measures, rng, weeks // 2) for n in range(worlds))
    plan = replace(plan, firm=SMALL, seed=number, scenarios=scenarios if with_levers else (BASELINE,))
    engine = create_engine(plan, worlds, random_parameters(worlds, rng))
    if with_levers:
        engine = engine.with_scenarios(scenarios)
    found: list[str] = []
    first = -(weeks // 2) * DAYS_A_WEEK
    for day in range(first, first + weeks * DAYS_A_WEEK):
        engine.run_day(day)
        if day % DAYS_A_WEEK in (2, 6):
            found += [f"{fault} on day {day}" for fault in outside(engine)]
        if len(found) > 5:
            break
    return found


YEAR = [pytest.param(20, number, 52, marks=pytest.mark.slow) for number in range(10, 20)]


@pytest.mark.parametrize(("worlds", "number", "weeks"), [*((3, number, 8) for number in range(3)), *YEAR])
@pytest.mark.parametrize("with_levers", [False, True], ids=["parameters", "parameters_and_levers"])
def test_no_quantity_leaves_its_range(worlds, number, weeks, with_levers, small_plan):
    assert faults_with_random_parameters(small_plan, worlds, number, weeks, with_levers) == []


@pytest.mark.parametrize("high", [False, True], ids=["lowest", "highest"])
def test_the_corners_of_all_ranges_are_safe(high, small_plan):
    corner = {(process, name): np.full(1, own.high if high else own.low) for process, name, own in parameters()}
    engine = create_engine(replace(small_plan, firm=SMALL, calendar=Calendar.starting("2021-12-06")), 1, corner)
    for day in range(-5 * DAYS_A_WEEK, 5 * DAYS_A_WEEK):
        engine.run_day(day)
        assert outside(engine) == [], day


@given(chosen=st.lists(st.sampled_from(parameters()), min_size=6, max_size=6, unique_by=lambda own: own[:2]))
@settings(max_examples=15)
def test_every_parameter_alone_may_be_at_either_end_of_its_range(chosen, small_plan):
    """A few parameters at a time, each end in a world of its own."""
    varied = {}
    for row, (process, name, own) in enumerate(chosen):
        values = np.full(2 * len(chosen), getattr(mechanisms()[process](), name))
        values[2 * row : 2 * row + 2] = own.low, own.high
        varied[process, name] = values
    engine = create_engine(replace(small_plan, firm=SMALL), 2 * len(chosen), varied)
    for day in range(-14, 0):
        engine.run_day(day)
    assert outside(engine) == []


@pytest.mark.parametrize(
    "firm",
    [
        FirmOptions(kind="one", employees=10),
        FirmOptions(kind="one", employees=37, team_size=12),
        FirmOptions(kind="one", employees=200, team_size=3, teams_per_department=2),
        FirmOptions(kind="study", establishments=1, sample=5),
    ],
    ids=lambda firm: f"{firm.kind}-{firm.employees}-{firm.team_size}",
)
def test_no_quantity_leaves_its_range_in_firms_of_every_shape(firm, small_plan):
    engine = create_engine(replace(small_plan, firm=firm))
    for day in range(-28, 0):
        engine.run_day(day)
    assert outside(engine) == []


def test_parameters_at_the_ends_of_their_ranges_are_accepted_and_others_refused():
    for kind in (*mechanisms().values(), *levers().values()):
        for name, metadata in kind.parameter_metadata().items():
            for end in (metadata.low, metadata.high):
                assert validate_value(kind(), name, end) == end
            for beyond in (metadata.low - 1, metadata.high + 1, float("nan")):
                with pytest.raises(ValueError, match=r"Invalid value for .* Use "):
                    validate_value(kind(), name, beyond)
