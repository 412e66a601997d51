"""One run, and many: a plan goes in, a record comes out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

from sim.engine.plan import Plan
from sim.outcomes.record import Record
from sim.studies.stack import batches, run_stacked


def run(plan: Plan, each_week: Callable[[int], None] | None = None) -> Record:
    """Run a plan: burn-in, fork, horizon. `each_week` is called with every finished week (negative: burn-in)."""
    return run_stacked([plan], each_week)[0]


def run_many(
    plans: Iterable[Plan], workers: int = 1, progress: Callable[[int], None] | None = None
) -> Iterator[Record]:
    """Run many plans and yield their records in the order of the plans, whatever the number of workers.

    Plans that follow each other and differ in nothing but the replicate are run together, which changes no bit. Workers
    are processes begun by spawn. A worker that is killed is replaced and its plans are done again. `progress` is called
    with the number of finished runs.
    """
    listed = list(plans)
    todo = list(batches(listed, most=-(-len(listed) // max(workers, 1))))
    records: dict[int, list[Record]] = {}
    done = following = 0
    for number, ready in _in_parallel(todo, workers) if min(workers, len(todo)) > 1 else _in_turn(todo):
        records[number] = ready
        done += len(ready)
        if progress:
            progress(done)
        while following in records:
            yield from records.pop(following)
            following += 1


def _in_turn(todo: Sequence[list[Plan]]) -> Iterator[tuple[int, list[Record]]]:
    return ((number, run_stacked(batch)) for number, batch in enumerate(todo))


def _in_parallel(todo: Sequence[list[Plan]], workers: int, tries: int = 3) -> Iterator[tuple[int, list[Record]]]:
    """The number and the records of every batch, as they become ready."""
    missing = set(range(len(todo)))
    for _ in range(tries):
        with ProcessPoolExecutor(min(workers, len(missing)), get_context("spawn")) as pool:
            waiting: dict[Future[list[Record]], int] = {
                pool.submit(run_stacked, todo[number]): number for number in sorted(missing)
            }
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
        f"{len(missing)} batches failed {tries} times because their worker was killed, for want of memory perhaps"
    )
