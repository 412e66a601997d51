"""A small model of burn-out in the equation language of this project.

Each employee has eight states, eight colleagues, three draws and about sixty operations per day. `peers.py` has the
same equations for Mesa and Starsim, for a fair comparison.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sim.engine.plan import EXTERNAL_INPUTS
from sim.language.curves import approach, saturating
from sim.language.grammar import Mechanism, flow, param, stock
from sim.language.registry import register
from sim.levers.interventions import InterventionState
from sim.world.calendar import Calendar
from sim.world.firm import assemble_firm, most_common_sector
from sim.world.staff import Staff
from sim.world.ties import Seats, Ties

COLLEAGUES = 8
REPORTED = ("exhaustion", "isolation")
STATES = ("situation", "fatigue", "detachment", "exhaustion", "support", "isolation", "norm", "engagement")
DAYS_A_WEEK = 7
_TEAM = 8


@dataclass(frozen=True)
class Small(Mechanism):
    """Demands tire, evenings restore, exhausted colleagues isolate. For timing only."""

    colleagues: float = param(
        float(COLLEAGUES), "people", "ties of each person", low=1.0, high=16.0, source="definition"
    )
    keep: float = param(0.95, "1/day", "part of the situation that stays", low=0.0, high=1.0, source="assumed")
    push: float = param(0.31, "sd/sd", "how much the situation changes a day", low=0.0, high=1.0, source="assumed")
    tired_work: float = param(0.20, "sd/sd", "demands per SD of fatigue", low=0.0, high=1.0, source="assumed")
    evening_luck: float = param(0.60, "sd/sd", "how much evenings differ", low=0.0, high=1.0, source="assumed")
    hold: float = param(0.25, "sd/sd", "detachment lost per SD of demands", low=0.0, high=1.0, source="assumed")
    expectation: float = param(0.15, "sd/sd", "detachment lost per SD of norm", low=0.0, high=1.0, source="assumed")
    tired_evening: float = param(
        0.10, "sd/sd", "evening lost per SD of exhaustion", low=0.0, high=1.0, source="assumed"
    )
    evenings: float = param(14.0, "days", "time over which evenings add up", low=1.0, high=60.0, source="assumed")
    stays: float = param(0.60, "1/day", "part of fatigue that stays overnight", low=0.0, high=1.0, source="assumed")
    effort: float = param(0.30, "sd/sd", "fatigue per SD of demands", low=0.0, high=1.0, source="assumed")
    night: float = param(0.20, "sd/sd", "fatigue taken away per SD of detachment", low=0.0, high=1.0, source="assumed")
    night_luck: float = param(0.20, "sd/sd", "how much nights differ", low=0.0, high=1.0, source="assumed")
    limit: float = param(4.0, "sd", "where a state levels off", low=3.0, high=6.0, source="assumed")
    strain: float = param(0.50, "sd/sd", "exhaustion per SD of fatigue", low=0.0, high=1.0, source="assumed")
    alone: float = param(0.20, "sd/sd", "exhaustion per SD of isolation", low=0.0, high=1.0, source="assumed")
    relief: float = param(0.20, "sd/sd", "exhaustion spared per SD of support", low=0.0, high=1.0, source="assumed")
    weeks_to_tire: float = param(30.0, "days", "time in which exhaustion follows", low=1.0, high=90.0, source="assumed")
    warmth: float = param(0.30, "sd/sd", "support per SD of engagement", low=0.0, high=1.0, source="assumed")
    withdrawal: float = param(0.30, "sd/sd", "support lost to tired colleagues", low=0.0, high=1.0, source="assumed")
    support_days: float = param(30.0, "days", "time in which support follows", low=1.0, high=90.0, source="assumed")
    lonely: float = param(0.40, "sd/sd", "isolation by tired colleagues", low=0.0, high=1.0, source="assumed")
    shield: float = param(0.30, "sd/sd", "isolation spared per SD of support", low=0.0, high=1.0, source="assumed")
    isolation_days: float = param(30.0, "days", "time in which isolation follows", low=1.0, high=90.0, source="assumed")
    reading: float = param(0.20, "sd/sd", "norm per SD of demands", low=0.0, high=1.0, source="assumed")
    clearing: float = param(0.20, "sd/sd", "norm spared per SD of detachment", low=0.0, high=1.0, source="assumed")
    norm_days: float = param(30.0, "days", "time in which the norm follows", low=1.0, high=90.0, source="assumed")
    fed: float = param(0.30, "sd/sd", "engagement per SD of support", low=0.0, high=1.0, source="assumed")
    drained: float = param(0.30, "sd/sd", "engagement lost per SD of exhaustion", low=0.0, high=1.0, source="assumed")
    engagement_days: float = param(60.0, "days", "time of engagement", low=1.0, high=180.0, source="assumed")

    @flow("sd")
    def demands(self, situation, fatigue):
        """Demands today, which are higher when tired."""
        return situation + self.tired_work * fatigue

    @flow("sd", per="tie")
    def seen(self, their_exhaustion):
        """Exhaustion of the colleague at the other end of the tie."""
        return their_exhaustion

    @flow("sd")
    def company(self, ties, seen):
        """Sum of the exhaustion of all eight colleagues."""
        return ties.sum(seen)

    @flow("sd", stream="evening")
    def evening(self, normal, demands, norm, exhaustion):
        """Detachment this evening."""
        held = self.hold * demands + self.expectation * norm + self.tired_evening * exhaustion
        return saturating(self.evening_luck * normal - held, self.limit)

    @stock("sd", stream="situation")
    def situation(self, situation, normal):
        """Situation that makes some weeks heavier than others."""
        return self.keep * situation + self.push * normal

    @stock("sd")
    def detachment(self, detachment, evening):
        """Detachment in recent weeks."""
        return approach(detachment, evening, self.evenings)

    @stock("sd", stream="fatigue")
    def fatigue(self, fatigue, normal, demands, evening):
        """Fatigue next morning."""
        morning = self.stays * fatigue + self.effort * demands - self.night * evening + self.night_luck * normal
        return saturating(morning, self.limit)

    @stock("sd")
    def exhaustion(self, exhaustion, fatigue, isolation, support):
        """Exhaustion."""
        target = self.strain * fatigue + self.alone * isolation - self.relief * support
        return approach(exhaustion, target, self.weeks_to_tire)

    @stock("sd")
    def support(self, support, engagement, company):
        """Support of colleagues; exhausted colleagues give less."""
        target = self.warmth * engagement - self.withdrawal * company / self.colleagues
        return approach(support, target, self.support_days)

    @stock("sd")
    def isolation(self, isolation, company, support):
        """Unmet need for contact."""
        target = self.lonely * company / self.colleagues - self.shield * support
        return approach(isolation, target, self.isolation_days)

    @stock("sd")
    def norm(self, norm, demands, detachment):
        """Perceived expectation to work after hours."""
        return approach(norm, self.reading * demands - self.clearing * detachment, self.norm_days)

    @stock("sd")
    def engagement(self, engagement, support, exhaustion):
        """Vigour and dedication."""
        return approach(engagement, self.fed * support - self.drained * exhaustion, self.engagement_days)


def partners_of(people: int, seed: int) -> np.ndarray:
    """Return everybody's partners, int64 (8, people): both neighbours on each of four random rings."""
    rng = np.random.default_rng(seed)
    partner = np.empty((COLLEAGUES, people), np.int64)
    for ring in range(COLLEAGUES // 2):
        order = rng.permutation(people)
        partner[2 * ring, order] = np.roll(order, 1)
        partner[2 * ring + 1, order] = np.roll(order, -1)
    return partner


def staff_of(people: int, seed: int) -> Staff:
    """Return people in teams of eight without managers, with eight ties each."""
    seats = Seats(
        identifier=np.arange(people, dtype=np.uint32),
        team=(np.arange(people) // _TEAM).astype(np.int32),
        department=np.zeros(people, np.int32),
        establishment=np.zeros(people, np.int32),
        manager=np.full(people, -1, np.int32),
    )
    partner = partners_of(people, seed).astype(np.int32)
    yes, no = np.ones(partner.shape, bool), np.zeros(partner.shape, bool)
    firm = assemble_firm(
        seats,
        Ties(partner, yes, no, no),
        team_identifier=np.arange(-(-people // _TEAM), dtype=np.uint32),
        establishment_identifier=np.zeros(1, np.uint32),
        size=np.array([people], np.float32),
        sector=(most_common_sector(),),
        layers=np.ones(1, np.float32),
        seed=seed,
        replicate=0,
    )
    return Staff(firm, ())


class SmallModel:
    """The small model with one of this project's engines; reports the means of two states every week."""

    def __init__(self, engine: Callable, people: int, seed: int = 1):
        """`engine` has the signature of `Reference`."""
        registry = register([Small()], (), EXTERNAL_INPUTS)
        self.engine = engine(registry, staff_of(people, seed), InterventionState((), ()), Calendar(), seed)
        self.reports: dict[str, list[float]] = {name: [] for name in REPORTED}
        self._week = 0

    def run(self, days: int) -> None:
        """Simulate whole weeks."""
        for _ in range(days // DAYS_A_WEEK):
            self.engine.run_week(self._week)
            self._week += 1
            for name, means in self.reports.items():
                means.append(float(self.engine.values[name].mean()))
