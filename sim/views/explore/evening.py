"""One evening of one team, under today's practice and under a policy: people at work and people at rest.

Both worlds have the same synthetic people and the same random numbers. A rule selects the team and the evening: the
manager works late under today's practice, the whole team is present, and as many of the team work as on an average
evening of that kind. The model simulates evenings, not minutes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from sim.engine.plan import Plan
from sim.errors import UserError
from sim.views.explore import worker
from sim.views.explore.cases import plans_of
from sim.views.explore.scheduler import AnswerScheduler
from sim.views.explore.selection import PolicySelection
from sim.world.calendar import DAYS_A_WEEK

AFTER_WEEKS, WEEKS = 26, 4
"""Weeks before the evening, after which people are used to a measure, and number of weeks to select from."""
EVENINGS = 4
"""Mondays to Thursdays."""
DETACHED = 0.0
"""Detachment (SD of Dutch home workers in 2022) of a person at rest: at least the average."""
_TEAM = range(5, 11)


@dataclass(frozen=True)
class Evening:
    """One evening of one team; worlds are today's practice and the policy.

    Attributes
    ----------
    works : array of bool, (world, person)
        Works or answers messages after hours.
    detachment : array, (world, person)
        Detachment that evening, SD.
    is_manager : array of bool, (person,)
        The manager comes first.
    share_working : array, (world,)
        Share of working evenings on which people of the whole organisation work after hours.
    """

    when: date
    works: np.ndarray
    detachment: np.ndarray
    is_manager: np.ndarray
    share_working: np.ndarray

    def state(self, world: int, person: int) -> str:
        """Return works, awake (neither works nor is detached) or rests."""
        if self.works[world, person]:
            return "works"
        return "rests" if self.detachment[world, person] >= DETACHED else "awake"


def evening(scheduler: AnswerScheduler, choice: PolicySelection) -> Evening:
    """Return the evening of a choice; raise UserError for an uploaded file, whose individuals are never shown."""
    if choice.persons is not None:
        raise UserError(
            "An evening shows individuals, which is not done for your own file. Use an organisation of the same size."
        )
    scene: Evening = scheduler.run_in_workers(plans_of(choice, 1), _scene)[0]
    return scene


def _scene(plan: Plan) -> Evening:
    state = worker.after_burn_in(plan)
    engine = state.engine.with_scenarios(plan.scenarios)
    firm = state.firms[0]
    first = min(AFTER_WEEKS, max(plan.weeks - WEEKS, 0))
    for week in range(first):
        engine.run_week(week)
    days, works, detached, there = [], [], [], []
    for day in range(first * DAYS_A_WEEK, (first + WEEKS) * DAYS_A_WEEK):
        engine.run_day(day)
        if day % DAYS_A_WEEK < EVENINGS:
            values = engine.values
            days.append(day)
            works.append(_worlds(values["after_hours_work"]))
            detached.append(_worlds(values["detachment"]))
            there.append(_worlds(values["works_today"]).min(axis=0) > 0)
    working, rest, present = np.stack(works) > 0, np.stack(detached), np.stack(there)
    evening, members = _select(working[:, 0], present, firm.team, firm.manager, firm.is_manager)
    return Evening(
        when=plan.calendar.date(days[evening]),
        works=working[evening][:, members],
        detachment=rest[evening][:, members],
        is_manager=np.arange(len(members)) == 0,
        share_working=np.array([working[:, world][present].mean() for world in range(2)]),
    )


def _worlds(values: np.ndarray) -> np.ndarray:
    """Return (2, person) of a quantity that may be the same in both worlds."""
    return np.broadcast_to(values, (2, values.shape[-1])).copy()


def _select(
    working: np.ndarray, present: np.ndarray, team: np.ndarray, manager: np.ndarray, is_manager: np.ndarray
) -> tuple[int, np.ndarray]:
    """Return the evening and the places of the team, its manager first; `working` is (evening, place) today."""
    candidates: list[tuple[float, int, np.ndarray]] = []
    for leader in np.flatnonzero(is_manager):
        others = np.flatnonzero((manager == leader) & ~is_manager)
        if len(others) + 1 not in _TEAM:
            continue
        members = np.concatenate([[leader], others])
        for evening in np.flatnonzero(working[:, leader] & present[:, members].all(axis=1)):
            candidates.append((float(working[evening, others].mean()), int(evening), members))
    if not candidates:
        raise UserError("No evening in these weeks has a manager at work and a whole team present. Use another seed.")
    usual = np.mean([share for share, _, _ in candidates])
    _, day, team_members = min(candidates, key=lambda scene: abs(scene[0] - usual))
    return day, team_members
