"""Whatever the parameters within their ranges and whatever the levers, every quantity stays within its own range."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.engine.plan import BASELINE, Plan, create_engine, validate_value
from sim.engine.reference import ReferenceEngine
from sim.language.discovery import levers, mechanisms
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


def random_parameters(worlds: int, luck: np.random.Generator) -> dict[tuple[str, str], np.ndarray]:
    """A value within its range for every parameter, for each world; switches on or off."""
    return {
        (process, name): luck.integers(0, 2, worlds).astype(float)
        if passport.is_switch
        else luck.uniform(passport.low, passport.high, worlds)
        for process, kind in mechanisms().items()
        for name, passport in kind.parameter_metadata().items()
    }


def random_scenario(number: int, measures, luck: np.random.Generator, weeks: int) -> Scenario:
    """Any measures, from any week, for any share of employers, as intense as may be; and two settings."""
    introduced = [
        Introduction(
            measure.name,
            start=int(luck.integers(0, weeks)),
            share=float(luck.uniform()),
            intensity=float(luck.uniform(0, 2)),
            use=float(luck.uniform()),
            hoops=float(luck.uniform()),
            well=float(luck.uniform()),
        )
        for measure in measures
        if luck.uniform() < 0.6
    ]
    settings = [
        Setting("availability", "pressure_from_above", float(luck.uniform(-1, 2)), start=int(luck.integers(0, weeks))),
        Setting("attendance", "home_ceiling", float(luck.uniform()), start=int(luck.integers(0, weeks))),
        Setting("attendance", "fixed_office_days", float(luck.uniform(0, 5))),
    ]
    return Scenario(f"random {number}", "policy", tuple(introduced), settings=tuple(settings))


def bounds(quantity: Quantity) -> tuple[float, float]:
    """Between what a quantity must lie."""
    low, high = -np.inf, np.inf
    if quantity.unit == "0/1":
        low, high = 0, 1
    elif quantity.unit == "share" and not quantity.condition:
        low, high = 0, 1
    elif quantity.unit == "sd" and (quantity.kind == "stock" or quantity.name in SATURATED_FLOWS):
        low, high = -HIGHEST_LIMIT, HIGHEST_LIMIT
        if quantity.name in AGAINST_A_REFERENCE:
            low, high = -1000, 1000
    elif quantity.unit in NEVER_NEGATIVE and not (quantity.condition and quantity.unit in MOVED_BEYOND):
        low = 0
    if quantity.name == "tie_strength":
        high = 1
    return low, high


def outside(engine: ReferenceEngine) -> list[str]:
    """What is no number, or lies where it must not, by name and value."""
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


def lived_with_random_parameters(plan: Plan, worlds: int, number: int, weeks: int, with_levers: bool) -> list[str]:
    """Everything that left its range on any Wednesday or Sunday of a run of `weeks`, levers from half of it on."""
    luck = np.random.default_rng(number)
    scenarios = tuple(random_scenario(n, plan.measures, luck, weeks // 2) for n in range(worlds))
    plan = replace(plan, firm=SMALL, seed=number, scenarios=scenarios if with_levers else (BASELINE,))
    engine = create_engine(plan, worlds, random_parameters(worlds, luck))
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


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("with_levers", [False, True], ids=["parameters", "parameters_and_levers"])
def test_no_quantity_leaves_its_range(number, with_levers, small_plan):
    assert lived_with_random_parameters(small_plan, 3, number, 8, with_levers) == []


@pytest.mark.slow
@pytest.mark.parametrize("number", range(10, 20))
@pytest.mark.parametrize("with_levers", [False, True], ids=["parameters", "parameters_and_levers"])
def test_no_quantity_leaves_its_range_in_a_year_of_twenty_random_worlds(number, with_levers, small_plan):
    assert lived_with_random_parameters(small_plan, 20, number, 52, with_levers) == []


def corner(high: bool, worlds: int = 1) -> dict[tuple[str, str], np.ndarray]:
    return {
        (process, name): np.full(worlds, passport.high if high else passport.low)
        for process, kind in mechanisms().items()
        for name, passport in kind.parameter_metadata().items()
    }


@pytest.mark.parametrize("high", [False, True], ids=["lowest", "highest"])
def test_the_corners_of_all_ranges_are_safe(high, small_plan):
    engine = create_engine(replace(small_plan, firm=SMALL, calendar=Calendar.starting("2021-12-06")), 1, corner(high))
    for day in range(-5 * DAYS_A_WEEK, 5 * DAYS_A_WEEK):
        engine.run_day(day)
        assert outside(engine) == [], day


@given(data=st.data())
@settings(max_examples=15)
def test_every_parameter_alone_may_stand_at_either_end_of_its_range(data, small_plan):
    """Drawn a few at a time, each end in a world of its own."""
    chosen = data.draw(
        st.lists(
            st.sampled_from([(p, n) for p, kind in mechanisms().items() for n in kind.parameter_metadata()]),
            min_size=6, max_size=6, unique=True,
        )
    )  # fmt: skip
    varied = {}
    for row, (process, name) in enumerate(chosen):
        passport = mechanisms()[process].parameter_metadata()[name]
        values = np.full(2 * len(chosen), getattr(mechanisms()[process](), name))
        values[2 * row : 2 * row + 2] = passport.low, passport.high
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


def test_every_parameter_at_its_range_is_accepted_and_beyond_it_refused():
    for kind in (*mechanisms().values(), *levers().values()):
        for name, passport in kind.parameter_metadata().items():
            for end in (passport.low, passport.high):
                assert validate_value(kind(), name, end) == end
            for beyond in (passport.low - 1, passport.high + 1, float("nan")):
                with pytest.raises(ValueError, match=r"Invalid value for .* Use "):
                    validate_value(kind(), name, beyond)
