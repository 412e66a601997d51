"""Run plans and return their records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor

from sim.engine.plan import Plan
from sim.errors import UserError
from sim.outcomes.record import Record
from sim.runs.stacked_runs import batches, run_stacked
from sim.runs.worker_pool import borrowed_pool, map_unordered, process_pool


def run(plan: Plan, each_week: Callable[[int], None] | None = None) -> Record:
    """Run a plan: its burn-in, and then all its scenarios side by side.

    Parameters
    ----------
    plan : Plan
        Scenarios, people, parameters and length of the run, from `sim.plan`.
    each_week : callable, optional
        Called with the number of every finished week; weeks of the burn-in are negative.

    Returns
    -------
    Record
        Outcomes of every scenario by week.
    """
    return run_stacked([plan], each_week)[0]


def run_many(
    plans: Iterable[Plan], workers: int = 1, progress: Callable[[int], None] | None = None, pool: Executor | None = None
) -> Iterator[Record]:
    """Run many plans and yield their records in the order of the plans.

    Consecutive plans that differ only in the replicate are run together; results are the same to the bit.

    Parameters
    ----------
    plans : iterable of Plan
        Plans, such as those of `sim.plans`.
    workers : int
        Number of processes. A process that is killed is replaced, and its plans are run again.
    progress : callable, optional
        Called with the number of finished runs.
    pool : Executor, optional
        Open executor with this number of workers, in place of new processes.

    Yields
    ------
    Record
        Outcomes of every scenario by week.

    Raises
    ------
    UserError
        Where workers end repeatedly.
    """
    todo = list(enumerate(batches(plans, max(workers, 1))))
    worker_pool = process_pool(max(min(workers, len(todo)), 1)) if pool is None else borrowed_pool(pool, workers)
    records: dict[int, list[Record]] = {}
    done = following = 0
    for (number, _), ready in map_unordered(_records, todo, worker_pool):
        if ready is None:
            raise UserError("Workers ended repeatedly before their runs were done. If memory is short, use workers=1.")
        records[number] = ready
        done += len(ready)
        if progress:
            progress(done)
        while following in records:
            yield from records.pop(following)
            following += 1


def _records(batch: tuple[int, list[Plan]]) -> list[Record]:
    return run_stacked(batch[1])
