"""The simulated worlds: which parameters change, by how much, from when until when.

All changes stay within the ranges of the parameters, except `no recovery` and a loss spiral ten times as strong.
"""

from __future__ import annotations

from collections.abc import Mapping

from sim.studies.docking.isolated_person import ALWAYS, WEEKS, Perturbation

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


def switched(to: float, *switches: tuple[str, str]) -> list[Perturbation]:
    """Return switches off (0) or on (1) from the first day of the burn-in."""
    return [Perturbation(process, name, to=to, since=ALWAYS) for process, name in switches]


WITHOUT_SPIRAL = switched(0, ("workload", "spiral"))
WITHOUT_LOOPS = WITHOUT_SPIRAL + switched(
    0,
    ("workload", "crafting"),
    ("resources", "gain_spiral"),
    ("resources", "withdrawal"),
    ("isolation", "withdrawal"),
    ("recovery", "loss_of_detachment"),
    ("comings_and_goings", "sickness"),
)
"""Every loop from exhaustion back to itself, switched off."""
WITHOUT_BUFFER = switched(0, ("recovery", "buffering"))


def worlds() -> dict[str, list[Perturbation]]:
    """Return the changes of every world by its name."""
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
