"""The whole model for timing and profiling."""

from __future__ import annotations

import cProfile
import pstats
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from benchmarks.timing import Runner
from sim.config.plan_builder import plan
from sim.engine import engine_for
from sim.engine.plan import Plan, registry_of, required_measures
from sim.levers.interventions import InterventionState
from sim.outcomes.record import Recorder, measure_week
from sim.survey.survey import survey_of
from sim.world.establishments import MOST_EMPLOYEES, build
from sim.world.firm import Firm, FirmOptions
from sim.world.staff import Staff

EIGHT = (
    "baseline",
    "right_to_disconnect",
    "reachability_agreements",
    "anchor_days",
    "manager_training",
    "full_ergonomics",
    "weekly_social_moments",
    "whole_package",
)
DAYS_A_WEEK = 7
_MEAN_SIZE = 640
PARTS = ("chance", "network", "equations", "recording", "engine")
_PLACES = (
    ("sim/world/random_streams", "chance"),
    ("sim/world/staff", "network"),
    ("sim/mechanisms/", "equations"),
    ("sim/language/", "equations"),
    ("sim/levers/", "equations"),
    ("sim/outcomes/", "recording"),
    ("sim/engine/", "engine"),
)


def engines() -> dict[str, Callable]:
    """Return the engines that are installed, by name."""
    return {name: engine_for(name) for name in ("reference", "fused") if name == "reference" or find_spec("numba")}


def plan_of(people: int, scenarios: tuple[str, ...] = EIGHT, **settings: int) -> Plan:
    """Return a plan for one organisation of `people` people."""
    return replace(plan(scenarios=list(scenarios), **settings), firm=FirmOptions("one", employees=people))


def many_establishments(people: int) -> Plan:
    """Return a plan for whole establishments like those of the 2022 study, with about `people` people."""
    count = max(1, round(people / _MEAN_SIZE))
    firm = FirmOptions("study", establishments=count, sample=MOST_EMPLOYEES)
    return replace(plan_of(people, ("baseline",)), firm=firm)


class WholeModel:
    """The whole model with one engine, two weeks after the fork; measures do not depend on the number of worlds."""

    def __init__(self, engine: Callable, eight: Plan, firm: Firm, worlds: int):
        """`engine` has the signature of `Reference`."""
        interventions = InterventionState(required_measures(eight), ())
        staff = Staff(firm, interventions.names, eight.replicate)
        self.engine = engine(registry_of(eight), staff, interventions, eight.calendar, eight.seed)
        self.engine = self.engine.with_scenarios(eight.scenarios[:worlds])
        self.survey, self.week = survey_of(eight), 0
        self.live(2 * DAYS_A_WEEK)

    def live(self, days: int) -> None:
        """Simulate whole weeks."""
        for _ in range(days // DAYS_A_WEEK):
            self.engine.run_week(self.week)
            self.week += 1

    def runner(self, name: str) -> Runner:
        """Return this model as a run to compare."""
        return Runner(name, self.engine.staff.count["employee"], self.engine.worlds, self.live, DAYS_A_WEEK)


def firm_of(eight: Plan) -> Firm:
    """Return the firm of a plan."""
    return build(eight.firm, eight.seed, eight.replicate)


def bytes_held(engine) -> float:
    """Return the bytes of all quantities of an engine, per employee and world."""
    held = sum(value.nbytes for value in engine.values.values())
    return held / engine.staff.count["employee"] / engine.worlds


def bytes_moved(engine) -> float:
    """Return the least bytes moved per day, employee and world, if each array is read and written once.

    A day reads the traits, external inputs and stocks of its equations and writes the stocks. Flows need not leave the
    cache. Quantities computed weekly count for one seventh.
    """
    registry, values = engine.registry, engine.values
    within = {name for name, quantity in registry.quantities.items() if quantity.kind in ("flow", "sum")}
    weekly = {name for name, quantity in registry.quantities.items() if quantity.every == "week"}
    read = {
        need
        for name in (*registry.day, *registry.night)
        if name not in weekly
        for need in registry.quantities[name].needs
    }
    read_weekly = {need for name in weekly for need in registry.quantities[name].needs} - read
    moved = sum(values[name].nbytes for name in read - (within - weekly))
    moved += sum(values[name].nbytes for name in read_weekly - (within - weekly)) / DAYS_A_WEEK
    moved += sum(values[name].nbytes / (DAYS_A_WEEK if name in weekly else 1) for name in registry.night)
    moved += sum(values[name].nbytes for name in weekly & within & read) / DAYS_A_WEEK
    return moved / engine.staff.count["employee"] / engine.worlds


def shares_of_time(model: WholeModel, weeks: int = 2) -> dict[str, float]:
    """Return the shares of time for random numbers, network, equations, recording and the engine itself."""
    recorder = Recorder(model.engine, model.week + weeks + 1)
    recorder.write(model.week, *measure_week(model.engine, model.survey, model.week))
    profile = cProfile.Profile()
    profile.enable()
    for week in range(model.week + 1, model.week + 1 + weeks):
        recorder.write(week, *measure_week(model.engine, model.survey, week))
    profile.disable()
    model.week += weeks + 1
    return _by_part(pstats.Stats(profile))


def _by_part(stats: pstats.Stats) -> dict[str, float]:
    """Return the time of each part of the project, including the library functions that it calls."""
    table = stats.stats  # type: ignore[attr-defined]
    spent: dict[str, float] = defaultdict(float)
    for function, (_, _, own, _, callers) in table.items():
        for part, share in _parts(function, callers, table, depth=0).items():
            spent[part] += own * share
    total = sum(spent[part] for part in PARTS) or 1.0
    return {part: spent[part] / total for part in PARTS}


def _parts(function: tuple, callers: dict, table: dict, depth: int) -> dict[str, float]:
    path = Path(function[0]).as_posix()
    for place, part in _PLACES:
        if place in path:
            return {part: 1.0}
    shares: dict[str, float] = defaultdict(float)
    weight = sum(times[2] for times in callers.values())
    if depth > 8 or not weight:
        return shares
    for caller, times in callers.items():
        for part, share in _parts(caller, table[caller][4], table, depth + 1).items():
            shares[part] += share * times[2] / weight
    return shares
