"""This project's model of one person: the same equations, simulated for people who are each alone.

Everybody is alone in a team, without manager, ties and measures, so that nobody affects anybody else. `ISOLATION`
switches off influences of colleagues, or makes their absence usual.

Results are means over many such people, with random numbers. Without them the equations would differ: somebody who
works in the evening with a probability of 25% would never do so. All worlds share their random numbers, so a difference
between two of them has almost no noise, even for a single person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sim.calibration.point_estimate import merged
from sim.engine import Engine, engine_for
from sim.engine.plan import BASELINE, Plan, registry_of
from sim.levers.interventions import InterventionState
from sim.world.calendar import DAYS_A_WEEK
from sim.world.firm import Firm, FirmOptions, assemble_firm, most_common_sector
from sim.world.staff import Staff
from sim.world.ties import Seats, Ties

ISOLATION: dict[str, dict[str, float]] = {
    # absent colleagues add no work, and nobody leaves or joins
    "workload": {"absence": 0},
    "comings_and_goings": {"turnover": 0},
    # no contact is the usual contact
    "contact": {"live_ties": 0, "usual_touch": 0.1, "touch_sd": 5, "usual_strength": 0.1, "strength_sd": 5},
    # nobody observes others
    "availability": {"norm_loop": 0, "telepressure_of_sight": 0},
    "exhaustion": {"contagion": 0},
    # every year has the same public advice
    "attendance": {"advice": 0},
}
QUANTITIES = ("engagement", "resources", "demands", "exhaustion")
ALWAYS = -(10**6)
"""A week before any burn-in."""
WEEKS = 4
"""Weeks over which stored values are means, so that weekends and holidays do not show."""

Parameter = tuple[str, str]


@dataclass(frozen=True)
class Perturbation:
    """A change of a parameter by `by`, or to `to`, from one week until another (None: for good).

    Weeks before 0 belong to the burn-in.
    """

    process: str
    name: str
    by: float = 0.0
    to: float | None = None
    since: int = 0
    until: int | None = None

    def apply(self, usual: float) -> float:
        """Return the changed parameter."""
        return (usual if self.to is None else self.to) + self.by


Worlds = Mapping[str, Sequence[Perturbation]]
"""The changes of every world by its name."""


@dataclass(frozen=True)
class Trajectories:
    """Quantities of every person in every world, (t, world, person), as means over four weeks.

    `weeks` (t,) are 0, 4, 8, …: the week before which each mean ends. The mean at 0 is of the burn-in.
    """

    worlds: tuple[str, ...]
    weeks: np.ndarray
    values: Mapping[str, np.ndarray]

    def of(self, quantity: str, world: str) -> np.ndarray:
        """Return a quantity over time in a world: (t, person)."""
        return self.values[quantity][:, self.worlds.index(world)]

    def end(self, quantity: str, world: str, weeks: int = 52) -> np.ndarray:
        """Return the mean of a quantity over the last weeks: (person,)."""
        return self.of(quantity, world)[-(weeks // WEEKS) :].mean(axis=0)


def simulate(plan: Plan, worlds: Worlds) -> Trajectories:
    """Simulate every world: `plan.firm.people` people, each alone, for `plan.weeks` weeks.

    The burn-in of the plan has at least four weeks.
    """
    engine = start_engine(plan, len(worlds))
    usual = {(p.process, p.name): engine.parameter(p.process, p.name)[0] for own in worlds.values() for p in own}
    means: dict[str, list[np.ndarray]] = {quantity: [] for quantity in QUANTITIES}
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
                means[quantity] += [own / (WEEKS * DAYS_A_WEEK)] if week >= -1 else []
                total[quantity] = np.zeros_like(own)
    values = {quantity: np.stack(own) for quantity, own in means.items()}
    return Trajectories(tuple(worlds), WEEKS * np.arange(plan.weeks // WEEKS + 1), values)


def start_engine(plan: Plan, worlds: int = 1) -> Engine:
    """Return the plan's engine on the first day of the burn-in, with everybody alone."""
    alone = isolated_plan(plan)
    firm = unconnected_firm(alone.firm.people, alone.seed)
    staff, interventions = Staff(firm, (), alone.replicate), InterventionState((), ())
    return engine_for(alone.engine)(registry_of(alone), staff, interventions, alone.calendar, alone.seed, worlds)


def isolated_plan(plan: Plan) -> Plan:
    """Return the plan without measures and without influences of colleagues."""
    return replace(plan, measures=(), scenarios=(BASELINE,), parameters=merged(plan.parameters, ISOLATION))


def unconnected_firm(people: int, seed: int) -> Firm:
    """Return a firm of people who have a team each, no manager and no tie."""
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


def _per_world(worlds: Worlds, parameter: Parameter, usual: float, week: int) -> list[float]:
    """Return a parameter in every world that week; several changes apply one after the other."""
    values = []
    for own in worlds.values():
        value = usual
        for push in own:
            active = push.since <= week and (push.until is None or week < push.until)
            if active and (push.process, push.name) == parameter:
                value = push.apply(value)
        values.append(float(value))
    return values


# -- the simulated worlds ---------------------------------------------------------------------------------------------

DEMANDS = (-2.0, -1.0, 0.0, 1.0, 2.0, 2.5)
"""SD added to demands."""
HARDEST = DEMANDS[-1]
FAR, SMALL = 2.9, 0.5
"""SD by which two groups are driven apart for two years before week 0, and SD of the pushes that give directions."""
HARD_WEEKS = (13, 26, 104)
"""Weeks after which the hardest demands end."""
BOOST_AT = (0, 4, 8, 13, 26, 52)
"""Weeks under the hardest demands after which a boost of resources begins; it lasts four weeks."""
LIGHTER_AT = (2, 52)
"""Weeks under the hardest demands after which demands begin to cost less effort."""
LEAST_EFFORT = 0.1
LEAST_RECOVERY = {"night": 0.05, "day_off": 0.2, "stays_over": 0.8, "break_spares": 0.0}
"""Recovery at the poorer ends of its ranges."""
NO_RECOVERY = {"night": 0.0, "day_off": 0.0, "stays_over": 1.0, "break_spares": 0.0}
"""Nothing ever reduces fatigue."""
STRONGER = 10.0
"""Factor by which the loss spiral is stronger than by default."""


def demands(by: float, since: int = 0, until: int | None = None) -> list[Perturbation]:
    """Return a change of demands, in SD."""
    return [Perturbation("workload", "level", by, since=since, until=until)]


def resources(by: float, since: int = 0, until: int | None = None) -> list[Perturbation]:
    """Return a change of autonomy and of the manager's and colleagues' support, in SD each."""
    levels = ("autonomy_level", "manager_level", "colleague_level")
    return [Perturbation("resources", level, by, since=since, until=until) for level in levels]


def energy(by: float, since: int = 0, until: int | None = None) -> list[Perturbation]:
    """Return a change of energy, in SD: exhaustion reversed."""
    return [Perturbation("exhaustion", "level", -by, since=since, until=until)]


def engagement(by: float) -> list[Perturbation]:
    """Return a change of engagement, in SD."""
    return [Perturbation("resources", "engagement_level", by)]


PUSHED = {"engagement": engagement, "resources": resources, "demands": demands, "energy": energy}
"""The change that pushes each stock, in the order of the published stocks."""


def recovery(values: Mapping[str, float]) -> list[Perturbation]:
    """Return a change of recovery to these values."""
    return [Perturbation("recovery", name, to=value) for name, value in values.items()]


def switched(to: float, *switches: Parameter) -> list[Perturbation]:
    """Return switches off (0) or on (1) from the first day of the burn-in."""
    return [Perturbation(process, name, to=to, since=ALWAYS) for process, name in switches]


WITHOUT_SPIRAL = switched(0, ("workload", "spiral"))
WITHOUT_LOOPS = WITHOUT_SPIRAL + switched(
    0, ("workload", "crafting"), ("resources", "gain_spiral"), ("resources", "withdrawal"), ("isolation", "withdrawal"),
    ("recovery", "loss_of_detachment"), ("comings_and_goings", "sickness"),
)  # fmt: skip
"""Every loop from exhaustion back to itself, switched off."""
WITHOUT_BUFFER = switched(0, ("recovery", "buffering"))


def worlds() -> dict[str, list[Perturbation]]:
    """Return the changes of every world by its name, within the ranges of parameters except where nothing recovers.

    The loss spiral that is ten times as strong lies beyond its range too.
    """
    hard = demands(HARDEST)
    driven = {"well": energy(FAR, -104, 0), "worn": energy(-FAR, -104, 0)}
    stronger = switched(STRONGER, ("workload", "spiral"))
    return {
        "usual": [],
        "hard": hard,
        **{f"{name} {by:+g}": [*own, *demands(by)] for name, own in driven.items() for by in DEMANDS},
        **{f"{name} stronger": [*own, *stronger] for name, own in driven.items()},
        "worn with a scar": [*driven["worn"], *switched(1, ("exhaustion", "lasting_scar"))],
        **{f"hard for {weeks}": demands(HARDEST, 0, weeks) for weeks in HARD_WEEKS},
        "without spiral": WITHOUT_SPIRAL,
        "hard without spiral": [*hard, *WITHOUT_SPIRAL],
        **{
            f"lighter at {week}": [*hard, Perturbation("recovery", "effort", to=LEAST_EFFORT, since=week)]
            for week in LIGHTER_AT
        },
        **{f"boost at {week}": [*hard, *resources(1, week, week + WEEKS)] for week in BOOST_AT},
        "least recovery": recovery(LEAST_RECOVERY),
        "no recovery": recovery(NO_RECOVERY),
        "hard, no recovery": [*hard, *recovery(NO_RECOVERY)],
        **{f"{pushed} {by:+g}": push(by) for pushed, push in PUSHED.items() for by in (-SMALL, SMALL)},
        **{f"without loops {by:+g}": [*energy(by), *WITHOUT_LOOPS] for by in (-SMALL, SMALL)},
        **{
            f"{who}, demands {by:+g}{suffix}": [*resources(more), *demands(by), *cut]
            for who, more in (("poor", -1.0), ("rich", 1.0))
            for by in (-SMALL, SMALL)
            for suffix, cut in (("", []), (", no buffer", WITHOUT_BUFFER))
        },
    }
