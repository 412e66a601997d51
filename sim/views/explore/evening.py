"""An evening in one office: who of a team still works or answers, who rests, today and under a policy.

It is a scene from the model itself: the same synthetic people on the same evening with the same luck, in both worlds.
The team and the evening are picked by a rule: the manager works late under today's practice, everybody is there, and
as many of the team work as usual on such evenings. The model knows evenings and no minutes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from sim.engine.plan import Plan
from sim.errors import UserError
from sim.levers.catalogue import Catalogue
from sim.views.explore import worker
from sim.world.calendar import DAYS_A_WEEK

if TYPE_CHECKING:
    from sim.views.explore.scheduler import AnswerScheduler
    from sim.views.explore.selection import PolicySelection

AFTER_WEEKS, WEEKS = 26, 4
"""When the scene is: after half a year, when people have got used to a measure; and the weeks looked through."""
EVENINGS = 4
"""Mondays to Thursdays."""
LETS_GO = 0.0
"""Detachment, in SD of Dutch home workers of 2022, from which one is said to rest: at least the average."""
_TEAM = range(5, 11)


@dataclass(frozen=True)
class Evening:
    """One evening of one team; worlds are today's practice and the policy.

    works       (world, person) works or answers messages after hours
    detachment  (world, person) how far work is out of mind that evening, SD
    is_manager  (person,); the manager comes first
    usually     (world,) share of working evenings on which people of the whole organisation work after hours
    rests       (world,) their mean detachment on these evenings, SD
    late        (world,) share of evenings on which a manager works late
    """

    when: date
    works: np.ndarray
    detachment: np.ndarray
    is_manager: np.ndarray
    usually: np.ndarray
    rests: np.ndarray
    late: np.ndarray

    def state(self, world: int, person: int) -> str:
        """works, awake (does not work and cannot let go) or rests."""
        if self.works[world, person]:
            return "works"
        return "rests" if self.detachment[world, person] >= LETS_GO else "awake"


def evening(scheduler: AnswerScheduler, choice: PolicySelection) -> Evening:
    """The scene of a choice; raises UserError for an own file, of whose people no single one is shown."""
    from sim.views.explore.cases import plans_of

    if choice.persons is not None:
        raise UserError("of an own file no single evening is shown; look at it for an organisation of the same size")
    scene: Evening = scheduler.run_in_workers(plans_of(choice, 1), scenes)[0]
    return scene


def scenes(plans: Sequence[Plan]) -> list[Evening]:
    """The scene of each plan, of its first replicate."""
    return [_scene(plan) for plan in plans]


def _scene(plan: Plan) -> Evening:
    begun = worker.after_burn_in(plan)
    engine, firm = begun.engine.fork(Catalogue(begun.engine.catalogue.measures, plan.scenarios)), begun.firms[0]
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
    evening, members = _picked(working[:, 0], present, firm.team, firm.manager, firm.is_manager)
    return Evening(
        when=plan.calendar.date(days[evening]),
        works=working[evening][:, members],
        detachment=rest[evening][:, members],
        is_manager=np.arange(len(members)) == 0,
        usually=np.array([working[:, world][present].mean() for world in range(2)]),
        rests=np.array([rest[:, world][present].mean() for world in range(2)]),
        late=np.array([working[:, world, firm.is_manager].mean() for world in range(2)]),
    )


def _worlds(values: np.ndarray) -> np.ndarray:
    """(2, person) of a quantity that may be the same in both worlds."""
    return np.broadcast_to(values, (2, values.shape[-1])).copy()


def _picked(
    working: np.ndarray, present: np.ndarray, team: np.ndarray, manager: np.ndarray, is_manager: np.ndarray
) -> tuple[int, np.ndarray]:
    """The evening and the places of the team, its manager first; `working` is (evening, place) today."""
    found: list[tuple[float, int, np.ndarray]] = []
    for leader in np.flatnonzero(is_manager):
        others = np.flatnonzero((manager == leader) & ~is_manager)
        if len(others) + 1 not in _TEAM:
            continue
        members = np.concatenate([[leader], others])
        for evening in np.flatnonzero(working[:, leader] & present[:, members].all(axis=1)):
            found.append((float(working[evening, others].mean()), int(evening), members))
    if not found:
        raise UserError("no evening in these weeks has a manager at work and a whole team there; try another seed")
    usual = np.mean([share for share, _, _ in found])
    _, picked, team_of_it = min(found, key=lambda scene: abs(scene[0] - usual))
    return picked, team_of_it
