"""Outcomes, and groups of people for which they are reported."""

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
    """One outcome: a quantity of the model, or a function `compute` of the values and the instruments.

    name      id
    label     name in English
    unit      unit of the reported value
    high_is   worse, better or neutral
    by        value of a week: "end" is the state on its last day, "mean" or "sum" that of all days
    quantity  quantity of an employee; by default the one with the name of the outcome
    scale     factor from the unit of the quantity
    """

    name: str
    label: str
    unit: str = "SD"
    high_is: str = "worse"
    by: str = "end"
    quantity: str = ""
    scale: int = 1
    compute: Callable[[Values, Survey], np.ndarray] | None = None

    def read(self, values: Values, survey: Survey) -> np.ndarray:
        """Return the outcome of every employee, (world, place), from values or from their sums over a week."""
        if self.compute:
            return self.compute(values, survey)
        return values[self.quantity or self.name] * np.float32(self.scale)

    @property
    def gathers(self) -> str:
        """Name of the quantity that is summed over the days of a week; empty if none."""
        return "" if self.by == "end" else self.quantity or self.name


def _either(values: Values, survey: Survey) -> np.ndarray:
    return np.maximum(values["arm_neck_shoulder_complaint"], values["back_complaint"]) * np.float32(1000)


_ALL = (
    Outcome("burn_out_complaints", "Burn-out complaints (NEA: work-related exhaustion)", PER_1000,
            compute=lambda v, s: np.float32(1000) * s.burn_out_complaints(v["exhaustion"])),
    Outcome("isolation_from_colleagues", "Isolation from colleagues"),
    Outcome("isolation_from_company", "Isolation from the company"),
    Outcome("exhaustion", "Exhaustion"),
    Outcome("bat_exhaustion", "Exhaustion (BAT)", "score 1-5", compute=lambda v, s: s.bat(v["exhaustion"])),
    Outcome("cynicism", "Cynicism"),
    Outcome("engagement", "Work engagement", high_is="better"),
    Outcome("bond_with_team", "Bond with the team", high_is="better"),
    Outcome("bond_with_organisation", "Bond with the organisation", high_is="better"),
    Outcome("psychological_load", "Psychological load", by="mean", quantity="demands"),
    Outcome("pressure_from_colleagues", "Pressure from colleagues"),
    Outcome("work_home_conflict", "Conflict of work and home", quantity="conflict"),
    Outcome("telepressure", "Telepressure"),
    Outcome("techno_invasion", "Techno-invasion"),
    Outcome("availability_norm", "Availability norm (what one believes is expected)", quantity="injunctive_norm"),
    Outcome("detachment", "Psychological detachment", high_is="better", by="mean"),
    Outcome("autonomy", "Autonomy", high_is="better"),
    Outcome("manager_support", "Support of the manager", high_is="better"),
    Outcome("colleague_support", "Support of colleagues", high_is="better"),
    Outcome("after_hours_work", "Days with work after hours", "days per week", by="sum"),
    Outcome("overtime", "Overtime", "hours per week", by="sum"),
    Outcome("breaks", "Breaks", "breaks per week", "better", "sum"),
    Outcome("arm_neck_shoulder_complaints", "Complaints of arm, neck or shoulder", PER_1000,
            quantity="arm_neck_shoulder_complaint", scale=1000),
    Outcome("back_complaints", "Complaints of the back", PER_1000, quantity="back_complaint", scale=1000),
    Outcome("body_complaints", "Complaints of arm, neck, shoulder or back", PER_1000, compute=_either),
    Outcome("sickness_absence", "Sickness absence on an average day", PER_1000, by="mean", quantity="absent",
            scale=1000),
    Outcome("share_at_home", "Share of working days at home", "percent", "neutral", scale=100),
    Outcome("ties_within_team", "Ties within the team", STRENGTH, "better", quantity="network_within"),
    Outcome("ties_across_teams", "Ties across teams", STRENGTH, "better", quantity="network_across"),
    Outcome("adjustable_workplace", "Adjustable workplace at home", PER_1000, "better", quantity="adjustable_at_home",
            scale=1000),
    Outcome("sitting", "Sitting on a working day", "hours per day"),
    Outcome("leading_difficulty", "Difficulty of leading remotely"),
    Outcome("measures_known", "Measures known", "measures", "better"),
)  # fmt: skip

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
"""Smallest group that may be reported, in people."""

ITEMS_BY_WEEK = tuple(
    (row, column)
    for row, outcome in enumerate(OUTCOMES)
    for column, group in enumerate(GROUPS)
    if outcome in HEADLINES or group in ("everybody", "managers", "non_managers")
)
"""Weekly series of the result tables: row of the outcome, column of the group."""


def reported_groups(people: np.ndarray) -> np.ndarray:
    """Return which groups are large enough to be reported.

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
