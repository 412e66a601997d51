"""Outcomes and groups: what is reported, in which unit, and of whom."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from sim.survey.survey import Survey

Values = Mapping[str, np.ndarray]
PER_1000 = "per 1,000 employees"
STRENGTH = "sum of strengths"


@dataclass(frozen=True)
class Outcome:
    """One outcome.

    `read` takes the engine's values and the instruments and returns (w, n), in `unit`. `by` says how a week is made
    of days: "end" takes the state at its end, "mean" and "sum" gather the daily quantity `gathers`. `high_is` is
    worse, better or neutral.
    """

    name: str
    label: str
    unit: str
    high_is: str
    read: Callable[[Values, Survey], np.ndarray]
    by: str = "end"
    gathers: str = ""


def _state(quantity: str, scale: float = 1.0) -> Callable[[Values, Survey], np.ndarray]:
    return lambda values, survey: values[quantity] * np.float32(scale)


def _either(values: Values, survey: Survey) -> np.ndarray:
    return np.maximum(values["arm_neck_shoulder_complaint"], values["back_complaint"]) * np.float32(1000)


_ALL = (
    Outcome(
        "burn_out_complaints",
        "Burn-out complaints (NEA: work-related exhaustion)",
        PER_1000,
        "worse",
        lambda v, s: np.float32(1000) * s.burn_out_complaints(v["exhaustion"]),
    ),
    Outcome(
        "isolation_from_colleagues", "Isolation from colleagues", "SD", "worse", _state("isolation_from_colleagues")
    ),
    Outcome("isolation_from_company", "Isolation from the company", "SD", "worse", _state("isolation_from_company")),
    Outcome("exhaustion", "Exhaustion", "SD", "worse", _state("exhaustion")),
    Outcome("bat_exhaustion", "Exhaustion (BAT)", "score 1-5", "worse", lambda v, s: s.bat(v["exhaustion"])),
    Outcome("cynicism", "Cynicism", "SD", "worse", _state("cynicism")),
    Outcome("engagement", "Work engagement", "SD", "better", _state("engagement")),
    Outcome("bond_with_team", "Bond with the team", "SD", "better", _state("bond_with_team")),
    Outcome("bond_with_organisation", "Bond with the organisation", "SD", "better", _state("bond_with_organisation")),
    Outcome("psychological_load", "Psychological load", "SD", "worse", _state("demands"), "mean", "demands"),
    Outcome("pressure_from_colleagues", "Pressure from colleagues", "SD", "worse", _state("pressure_from_colleagues")),
    Outcome("work_home_conflict", "Conflict of work and home", "SD", "worse", _state("conflict")),
    Outcome("telepressure", "Telepressure", "SD", "worse", _state("telepressure")),
    Outcome("techno_invasion", "Techno-invasion", "SD", "worse", _state("techno_invasion")),
    Outcome(
        "availability_norm",
        "Availability norm (what one believes is expected)",
        "SD",
        "worse",
        _state("injunctive_norm"),
    ),
    Outcome("detachment", "Psychological detachment", "SD", "better", _state("detachment"), "mean", "detachment"),
    Outcome("autonomy", "Autonomy", "SD", "better", _state("autonomy")),
    Outcome("manager_support", "Support of the manager", "SD", "better", _state("manager_support")),
    Outcome("colleague_support", "Support of colleagues", "SD", "better", _state("colleague_support")),
    Outcome(
        "after_hours_work",
        "Days with work after hours",
        "days per week",
        "worse",
        _state("after_hours_work"),
        "sum",
        "after_hours_work",
    ),
    Outcome("overtime", "Overtime", "hours per week", "worse", _state("overtime"), "sum", "overtime"),
    Outcome("breaks", "Breaks", "breaks per week", "better", _state("breaks"), "sum", "breaks"),
    Outcome(
        "arm_neck_shoulder_complaints",
        "Complaints of arm, neck or shoulder",
        PER_1000,
        "worse",
        _state("arm_neck_shoulder_complaint", 1000),
    ),
    Outcome("back_complaints", "Complaints of the back", PER_1000, "worse", _state("back_complaint", 1000)),
    Outcome("body_complaints", "Complaints of arm, neck, shoulder or back", PER_1000, "worse", _either),
    Outcome(
        "sickness_absence",
        "Sickness absence on an average day",
        PER_1000,
        "worse",
        _state("absent", 1000),
        "mean",
        "absent",
    ),
    Outcome("share_at_home", "Share of working days at home", "percent", "neutral", _state("share_at_home", 100)),
    Outcome("ties_within_team", "Ties within the team", STRENGTH, "better", _state("network_within")),
    Outcome("ties_across_teams", "Ties across teams", STRENGTH, "better", _state("network_across")),
    Outcome(
        "adjustable_workplace", "Adjustable workplace at home", PER_1000, "better", _state("adjustable_at_home", 1000)
    ),
    Outcome("sitting", "Sitting on a working day", "hours per day", "worse", _state("sitting")),
    Outcome("leading_difficulty", "Difficulty of leading remotely", "SD", "worse", _state("leading_difficulty")),
    Outcome("measures_known", "Measures known", "measures", "better", _state("measures_known")),
)

OUTCOMES: dict[str, Outcome] = {outcome.name: outcome for outcome in _ALL}

BURN_OUT, ISOLATION, ISOLATION_FROM_COMPANY = (
    "burn_out_complaints", "isolation_from_colleagues", "isolation_from_company",
)  # fmt: skip
HEADLINES = (BURN_OUT, ISOLATION, ISOLATION_FROM_COMPANY)
"""Headline outcomes of every comparison."""
MAIN_OUTCOMES = (BURN_OUT, ISOLATION)
"""Outcomes that figures and short texts show."""
GAINS_IN = ("exhaustion", ISOLATION, ISOLATION_FROM_COMPANY)
"""Outcomes for which the shares of people who gain or lose are counted."""
MARGIN = 0.05
"""Smallest change of a person's half-year mean that counts as gained or worse, in SD. Fixed in advance."""

GROUPS: dict[str, Callable[[Values], np.ndarray]] = {
    "everybody": lambda v: np.ones_like(v["is_manager"]),
    "managers": lambda v: v["is_manager"],
    "non_managers": lambda v: 1 - v["is_manager"],
    "home_workers": lambda v: v["may_work_from_home"],
    "on_site": lambda v: 1 - v["may_work_from_home"],
    "young": lambda v: v["young"],
    "older": lambda v: v["older"],
    "women": lambda v: v["woman"],
    "flexible_contract": lambda v: v["flexible_contract"],
    "part_time": lambda v: v["part_time"],
    "children_at_home": lambda v: v["children_at_home"],
    "other_care": lambda v: v["other_care"],
    "lives_alone": lambda v: v["lives_alone"],
    "poorer_health": lambda v: v["poorer_health"],
    "high_stress_risk": lambda v: v["high_stress_risk"],
    "no_separate_room": lambda v: v["no_separate_room"],
    "newcomers": lambda v: v["newcomer"],
}
SMALLEST_GROUP = 10
"""Fewest people of a group that may be reported."""

ITEMS_BY_WEEK = tuple(
    (row, column)
    for row, outcome in enumerate(OUTCOMES)
    for column, group in enumerate(GROUPS)
    if outcome in HEADLINES or group in ("everybody", "managers", "non_managers")
)
"""Weekly series of the result tables: row of the outcome and column of the group."""


def reported_groups(people: np.ndarray) -> np.ndarray:
    """Return which groups may be reported, here and in the baseline.

    Parameters
    ----------
    people : (world, week, group) array
        People in each group.

    Returns
    -------
    (world, group) array of bool
        Whether the group has `SMALLEST_GROUP` people or more in every week of its world and of the first world.
    """
    fewest = people.min(axis=1)
    return np.asarray(np.minimum(fewest, fewest[0]) >= SMALLEST_GROUP)
