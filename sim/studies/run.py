"""One run, and many: a plan goes in, a record comes out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

from sim.engine.plan import Plan
from sim.outcomes.record import Record
from sim.studies.stack import batches, run_stacked


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
    listed = list(plans)
    todo = list(batches(listed, most=-(-len(listed) // max(workers, 1))))
    if pool is not None:
        finished = _finished(pool, todo, range(len(todo)))
    elif min(workers, len(todo)) > 1:
        finished = _in_own_pool(todo, workers)
    else:
        finished = ((number, run_stacked(batch)) for number, batch in enumerate(todo))
    records: dict[int, list[Record]] = {}
    done = following = 0
    for number, ready in finished:
        records[number] = ready
        done += len(ready)
        if progress:
            progress(done)
        while following in records:
            yield from records.pop(following)
            following += 1


def _in_own_pool(todo: Sequence[list[Plan]], workers: int, tries: int = 3) -> Iterator[tuple[int, list[Record]]]:
    missing = set(range(len(todo)))
    for _ in range(tries):
        with ProcessPoolExecutor(min(workers, len(missing)), get_context("spawn")) as pool:
            try:
                for number, records in _finished(pool, todo, sorted(missing)):
                    yield number, records
                    missing.discard(number)
            except BrokenProcessPool:
                continue
        if not missing:
            return
    raise RuntimeError(
        f"{len(missing)} batches failed {tries} times because their worker was killed, for want of memory perhaps"
    )


def _finished(pool: Executor, todo: Sequence[list[Plan]], numbers: Iterable[int]) -> Iterator[tuple[int, list[Record]]]:
    """The number and the records of each of these batches, as they become ready."""
    waiting = {pool.submit(run_stacked, todo[number]): number for number in numbers}
    try:
        for future in as_completed(waiting):
            yield waiting[future], future.result()
    finally:
        for future in waiting:
            future.cancel()
