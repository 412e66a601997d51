"""One run, and many: a plan goes in, a record comes out.

The burn-in is run once, in one world, under the practice of 2022, and forked into one world for each scenario; the
worlds then live side by side on the same chance.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import TYPE_CHECKING

import numpy as np

from sim.engine.plan import BASELINE, Plan, checked, needed, registry_of, set_up, warmed_up
from sim.levers.catalogue import Catalogue
from sim.outcomes.record import Record, Recorder
from sim.outcomes.survey import survey_of

if TYPE_CHECKING:
    from sim.engine import Engine


__all__ = [
    "BASELINE",
    "Plan",
    "checked",
    "needed",
    "registry_of",
    "run",
    "run_many",
    "set_up",
    "survey_of",
    "warmed_up",
]


def run(plan: Plan, each_week: Callable[[int], None] | None = None) -> Record:
    """Run a plan: burn-in, fork, horizon. `each_week` is called with every finished week (negative: burn-in)."""
    engine = warmed_up(plan, each_week)
    engine.fork(Catalogue(engine.catalogue.measures, plan.scenarios))
    recorder = Recorder(engine, survey_of(plan), plan.weeks)
    before = engine.values["tie_strength"][0]
    for week in range(plan.weeks):
        recorder.live(week)
        if each_week:
            each_week(week)
    record = recorder.record()
    if plan.replicate == 0:
        record.ties_before, record.ties_after = before, _ties_of_each_world(engine)
    return record


def _ties_of_each_world(engine: Engine) -> dict[int, np.ndarray]:
    ties = engine.values["tie_strength"]
    return {world: ties[min(world, len(ties) - 1)] for world in range(engine.worlds)}


# -- many runs -------------------------------------------------------------------------------------------------------


def run_many(
    plans: Iterable[Plan], workers: int = 1, progress: Callable[[int], None] | None = None
) -> Iterator[Record]:
    """Run many plans and yield their records in the order of the plans, whatever the number of workers.

    Workers are processes begun by spawn. A worker that is killed is replaced and its plans are done again. `progress`
    is called with the number of finished runs.
    """
    listed = list(plans)
    if workers <= 1 or len(listed) == 1:
        for done, plan in enumerate(listed, start=1):
            record = run(plan)
            if progress:
                progress(done)
            yield record
        return
    records: dict[int, Record] = {}
    following = itertools.count()
    position = next(following)
    for row, record in _in_parallel(listed, workers):
        records[row] = record
        if progress:
            progress(len(records) + position)
        while position in records:
            yield records.pop(position)
            position = next(following)


def _in_parallel(plans: Sequence[Plan], workers: int, tries: int = 3) -> Iterator[tuple[int, Record]]:
    missing = set(range(len(plans)))
    for _ in range(tries):
        with ProcessPoolExecutor(min(workers, len(missing)), get_context("spawn")) as pool:
            waiting: dict[Future[Record], int] = {pool.submit(run, plans[row]): row for row in sorted(missing)}
            try:
                for future in as_completed(waiting):
                    yield waiting[future], future.result()
                    missing.discard(waiting[future])
            except BrokenProcessPool:
                continue
            finally:
                for future in waiting:
                    future.cancel()
        if not missing:
            return
    raise RuntimeError(
        f"{len(missing)} runs failed {tries} times because their worker was killed, for want of memory perhaps"
    )
