"""This project's model of one person: the same equations, unmodified, lived by people who are each alone.

Everybody has a team to himself, no manager, no tie and no measure, so that nothing passes from one to another. What
would look for colleagues is switched off or told that their absence is usual (`ALONE`).

Luck stays as it is, and the mean over many such people is taken. Without luck the equations would be others: who works
in the evening with a chance of a quarter would never do so. All worlds share every accident of life, so a difference
between two of them has next to no noise, and can be looked at person by person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sim.engine import Engine, engine_for
from sim.engine.plan import BASELINE, Plan, registry_of
from sim.levers.catalogue import Catalogue
from sim.world.calendar import DAYS_A_WEEK
from sim.world.firm import Firm, FirmOptions, assemble_firm, most_common_sector
from sim.world.staff import Staff
from sim.world.ties import Seats, Ties

ALONE: dict[str, dict[str, float]] = {
    # nobody's absence is one's own load, and nobody else takes the place
    "workload": {"absence": 0},
    "comings_and_goings": {"turnover": 0},
    # no contact is the usual contact
    "contact": {"live_ties": 0, "usual_touch": 0.1, "touch_sd": 5, "usual_strength": 0.1, "strength_sd": 5},
    # nothing is seen of others
    "availability": {"norm_loop": 0, "telepressure_of_sight": 0},
    "exhaustion": {"contagion": 0},
    # every year is alike
    "attendance": {"advice": 0},
}
QUANTITIES = ("engagement", "resources", "demands", "exhaustion")
ALWAYS = -(10**6)
"""A week before any run-in."""
WEEKS = 4
"""Weeks over which what is kept is a mean: weekends and holidays do not show."""

Parameter = tuple[str, str]


@dataclass(frozen=True)
class Push:
    """A parameter stands `by` away from its usual value, or at `to`, from one week until another (None: for good).

    Weeks before 0 belong to the run-in.
    """

    process: str
    name: str
    by: float = 0.0
    to: float | None = None
    since: int = 0
    until: int | None = None

    def lasts(self, week: int) -> bool:
        """Whether it is there in a week."""
        return self.since <= week and (self.until is None or week < self.until)

    def moved(self, usual: float) -> float:
        """The parameter under this push."""
        return (usual if self.to is None else self.to) + self.by


@dataclass(frozen=True)
class Lives:
    """What was lived in each world, by its name.

    weeks   (t,) 0, 4, 8 …: the week before which each mean over four weeks ends; that at 0 is of the run-in
    values  quantity -> float32 (t, world, person)
    """

    worlds: tuple[str, ...]
    weeks: np.ndarray
    values: Mapping[str, np.ndarray]

    def of(self, quantity: str, world: str) -> np.ndarray:
        """The course of a quantity in a world, person by person: (t, person)."""
        return self.values[quantity][:, self.worlds.index(world)]

    def end(self, quantity: str, world: str, weeks: int = 52) -> np.ndarray:
        """The mean of a quantity over the last weeks: (person,)."""
        return self.of(quantity, world)[-(weeks // WEEKS) :].mean(axis=0)


def lives(plan: Plan, worlds: Mapping[str, Sequence[Push]]) -> Lives:
    """Live every world: `plan.firm.people` people, each alone, for `plan.weeks` weeks after a run-in of `burn_in`.

    The run-in has at least four weeks.
    """
    engine = begun(plan, len(worlds))
    usual = {(p.process, p.name): engine.parameter(p.process, p.name)[0] for own in worlds.values() for p in own}
    kept: dict[str, list[np.ndarray]] = {quantity: [] for quantity in QUANTITIES}
    total = dict.fromkeys(QUANTITIES, np.zeros((len(worlds), plan.firm.people), np.float32))
    now: dict[Parameter, list[float]] = {}
    for week in range(-plan.burn_in, plan.weeks):
        before, now = now, {parameter: _per_world(worlds, parameter, own, week) for parameter, own in usual.items()}
        for parameter in now:
            if now[parameter] != before.get(parameter):
                engine.set_parameter(*parameter, np.array(now[parameter]))
        days = engine.run_week(week, QUANTITIES)
        total = {quantity: own + days[quantity] for quantity, own in total.items()}
        if week % WEEKS == WEEKS - 1:
            for quantity, own in total.items():
                kept[quantity] += [own / (WEEKS * DAYS_A_WEEK)] if week >= -1 else []
                total[quantity] = np.zeros_like(own)
    values = {quantity: np.stack(own) for quantity, own in kept.items()}
    return Lives(tuple(worlds), WEEKS * np.arange(plan.weeks // WEEKS + 1), values)


def begun(plan: Plan, worlds: int = 1) -> Engine:
    """The plan's engine on the first day of the run-in, with everybody alone."""
    alone = by_oneself(plan)
    firm = apart(alone.firm.people, alone.seed)
    return engine_for(alone.engine)(
        registry_of(alone), Staff(firm, (), alone.replicate), Catalogue((), ()), alone.calendar, alone.seed, worlds
    )


def by_oneself(plan: Plan) -> Plan:
    """The plan without measures, and with all that looks for others switched off."""
    parameters = {
        process: {**plan.parameters.get(process, {}), **ALONE.get(process, {})}
        for process in (*plan.parameters, *ALONE.keys() - plan.parameters.keys())
    }
    return replace(plan, measures=(), scenarios=(BASELINE,), parameters=parameters)


def apart(people: int, seed: int) -> Firm:
    """People who have a team each, no manager and no tie."""
    rows = np.arange(people, dtype=np.int32)
    nobody = np.zeros((1, people), bool)
    return assemble_firm(
        Seats(rows.astype(np.uint32), rows, rows, np.zeros_like(rows), np.full_like(rows, -1)),
        Ties(rows[None], nobody, nobody, nobody),
        team_identifier=rows.astype(np.uint32),
        establishment_identifier=np.zeros(1, np.uint32),
        size=np.full(1, FirmOptions().employees, np.float32),
        sector=(most_common_sector(),),
        layers=np.ones(1, np.float32),
        seed=seed,
        replicate=0,
    )


def _per_world(worlds: Mapping[str, Sequence[Push]], parameter: Parameter, usual: float, week: int) -> list[float]:
    """What a parameter is in every world that week; of several pushes each starts from what the last has left."""
    values = []
    for own in worlds.values():
        value = usual
        for push in own:
            if (push.process, push.name) == parameter and push.lasts(week):
                value = push.moved(value)
        values.append(float(value))
    return values
