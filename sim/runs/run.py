"""One run, and many: a plan goes in, a record comes out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor

from sim.engine.plan import Plan
from sim.errors import UserError
from sim.outcomes.record import Record
from sim.runs.stacked_runs import batches, run_stacked
from sim.runs.worker_pool import borrowed_pool, map_unordered, process_pool


def run(plan: Plan, each_week: Callable[[int], None] | None = None) -> Record:
    """Run a plan: burn-in, fork, horizon. `each_week` is called with every finished week (negative: burn-in)."""
    return run_stacked([plan], each_week)[0]


def run_many(
    plans: Iterable[Plan],
    workers: int = 1,
    progress: Callable[[int], None] | None = None,
    pool: Executor | None = None,
) -> Iterator[Record]:
    """Run many plans and yield their records in the order of the plans, whatever the number of workers.

    Plans that follow each other and differ in nothing but the replicate are run together, which changes no bit. Workers
    are processes begun by spawn; one that is killed is replaced and its plans are done again. `pool` takes their place:
    any executor, kept from one study to the next, that has `workers` workers. `progress` is called with the number of
    finished runs.
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
