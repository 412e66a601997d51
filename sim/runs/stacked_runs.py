"""Runs of replicates that one engine simulates together.

The burn-in is simulated once, in one world, under the practice of 2022. It is then forked into one world per scenario,
all with the same random numbers. For a few hundred people, calls cost more than equations, so thirty replicates in one
engine take about the time of one. Random numbers are keyed by replicate, and ties and reporting lines stay within each,
so that every replicate gives the same results to the bit as alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

import numpy as np

from sim.engine import Engine, engine_for
from sim.engine.plan import Plan, check_memory, registry_of, required_measures
from sim.engine.run_view import RunView
from sim.errors import UserError
from sim.levers.interventions import InterventionState
from sim.levers.scenario import Scenario
from sim.outcomes.record import Record, Recorder, bytes_of_record, measure_week
from sim.survey.survey import survey_of
from sim.world.establishments import build
from sim.world.firm import Firm, stack_firms
from sim.world.staff import Staff

AT_A_TIME = 20_000
"""Maximum number of people stacked, in all worlds together; with more, calls hardly count."""
_BYTES_OF_RECORDS = 32_000_000
"""Maximum size of the records of stacked replicates, so that many small firms do not fill the memory."""
WeekCallback = Callable[[int], None]
"""Called with every finished week; weeks of the burn-in are negative."""


def run_stacked(plans: Sequence[Plan], each_week: WeekCallback | None = None) -> list[Record]:
    """Return the records of plans that differ only in the replicate; raise UserError for others."""
    return burn_in_state(plans, each_week).simulate(plans[0].scenarios, each_week)


def burn_in_state(plans: Sequence[Plan], each_week: WeekCallback | None = None) -> BurnInState:
    """Simulate the burn-in of plans that differ only in the replicate; raise UserError for others."""
    _check_alike(plans)
    firms = _firms(plans)
    engine = _set_up(plans, firms)
    for week in range(-plans[0].burn_in, 0):
        engine.run_week(week)
        if each_week:
            each_week(week)
    return BurnInState(tuple(plans), firms, engine)


_cache: dict[str, tuple[Firm, ...]] = {}


def _firms(plans: Sequence[Plan]) -> tuple[Firm, ...]:
    """Return the firms of these plans. Small ones are cached for the next call, since rows of a design share them."""
    first = plans[0]
    key = repr((first.firm, first.seed, [one.replicate for one in plans]))
    if (firms_cached := _cache.get(key)) is not None:
        return firms_cached
    firms = tuple(build(one.firm, one.seed, one.replicate) for one in plans)
    _cache.clear()
    if first.firm.kind != "own" and len(plans) * first.firm.people <= AT_A_TIME:
        _cache[key] = firms
    return firms


@dataclass(frozen=True)
class BurnInState:
    """Replicates after their burn-in, from which any scenarios can be simulated, any number of times."""

    plans: tuple[Plan, ...]
    firms: tuple[Firm, ...]
    engine: Engine

    def simulate(self, scenarios: Sequence[Scenario], each_week: WeekCallback | None = None) -> list[Record]:
        """Return the records of the replicates under these scenarios, of which the first is the baseline.

        Raises UserError for a scenario with a measure that no scenario of the plans introduces.
        """
        self._check_known(scenarios)
        plan = replace(self.plans[0], scenarios=tuple(scenarios))
        engine = self.engine.with_scenarios(plan.scenarios)
        shares, survey = list(_shares(engine, self.firms)), survey_of(plan)
        recorders = [Recorder(share, plan.weeks) for share in shares]
        ties_before = [share.values["tie_strength"][0] for share in shares]
        for week in range(plan.weeks):
            outcomes = measure_week(engine, survey, week)
            for recorder, share in zip(recorders, shares, strict=True):
                recorder.write(week, *(np.ascontiguousarray(values[..., share.places]) for values in outcomes))
            if each_week:
                each_week(week)
        return [
            _record(recorder, ties if one.replicate == 0 else None)
            for recorder, ties, one in zip(recorders, ties_before, self.plans, strict=True)
        ]

    def _check_known(self, scenarios: Sequence[Scenario]) -> None:
        known = set(self.engine.interventions.names)
        for scenario in scenarios:
            if not scenario.measures <= known:
                new = min(scenario.measures - known)
                raise UserError(
                    f"Scenario {scenario.name} introduces {new}, which the burn-in did not know. "
                    "Use a burn-in with a scenario that has it."
                )


def _check_alike(plans: Sequence[Plan]) -> None:
    first = plans[0]
    for other in plans:
        if replace(other, replicate=first.replicate) != first:
            raise UserError(
                f"Invalid plans: those of replicates {first.replicate} and {other.replicate} differ in more than their "
                "number. Use plans that differ only in the replicate."
            )


def batches(plans: Iterable[Plan], workers: int = 1) -> Iterator[list[Plan]]:
    """Yield plans in their order, in batches that can be stacked and are of similar size for each worker."""
    for _, alike in groupby(plans, key=lambda plan: replace(plan, replicate=0)):
        yield from _cut(list(alike), workers)


def _cut(alike: list[Plan], workers: int) -> Iterator[list[Plan]]:
    first = alike[0]
    fit = max(min(AT_A_TIME // _places(first), int(_BYTES_OF_RECORDS // bytes_of_record(first))), 1)
    rounds = -(-len(alike) // (fit * workers))
    count = min(rounds * workers, len(alike))
    ends = [len(alike) * number // count for number in range(count + 1)]
    return (alike[first:end] for first, end in pairwise(ends))


def _places(plan: Plan) -> int:
    return plan.firm.people * len(plan.scenarios)


def _set_up(plans: Sequence[Plan], firms: Sequence[Firm]) -> Engine:
    plan, interventions = plans[0], InterventionState(required_measures(plans[0]), ())
    registry = registry_of(plan, firms[0])
    check_memory(plan, len(plan.scenarios) * len(plans))
    replicate = np.repeat([one.replicate for one in plans], [len(firm.establishment_identifier) for firm in firms])
    return engine_for(plan.engine)(
        registry, Staff(stack_firms(firms), interventions.names, replicate), interventions, plan.calendar, plan.seed
    )


def _shares(engine: Engine, firms: Sequence[Firm]) -> Iterator[RunView]:
    first = {"employee": 0, "team": 0, "establishment": 0}
    for firm in firms:
        share = RunView(engine, firm, first)
        yield share
        first = {level: start + share.staff.count[level] for level, start in first.items()}


def _record(recorder: Recorder, ties_before: np.ndarray | None) -> Record:
    record = recorder.record()
    if ties_before is not None:
        ties, worlds = recorder.engine.values["tie_strength"], recorder.engine.worlds
        record.ties_before = ties_before
        record.ties_after = {world: ties[min(world, len(ties) - 1)] for world in range(worlds)}
    return record
