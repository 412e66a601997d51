"""One run, and many: a plan goes in, a record comes out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import active_children, get_context

from sim.engine.plan import Plan
from sim.errors import UserError
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
    todo = list(batches(plans, max(workers, 1)))
    if pool is not None:
        finished = _in_given_pool(todo, pool)
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
        others = set(active_children())
        with ProcessPoolExecutor(min(workers, len(missing)), get_context("spawn")) as pool:
            try:
                for number, records in _finished(_submitted(pool, todo, sorted(missing))):
                    yield number, records
                    missing.discard(number)
            except BrokenProcessPool:
                continue
            except (KeyboardInterrupt, GeneratorExit):
                # Nobody waits for the runs any more: end their workers instead of waiting for them too.
                pool.shutdown(wait=False, cancel_futures=True)
                for worker in set(active_children()) - others:
                    worker.terminate()
                raise
        if not missing:
            return
    raise UserError(
        f"workers ended {tries} times before their runs were done; where memory is short, ask for workers=1; "
        'a script of your own calls this under `if __name__ == "__main__":`'
    )


def _in_given_pool(todo: Sequence[list[Plan]], pool: Executor) -> Iterator[tuple[int, list[Record]]]:
    waiting = _submitted(pool, todo, range(len(todo)))
    try:
        yield from _finished(waiting)
    finally:
        for future in waiting:
            future.cancel()


Waiting = dict[Future[list[Record]], int]


def _submitted(pool: Executor, todo: Sequence[list[Plan]], numbers: Iterable[int]) -> Waiting:
    return {pool.submit(run_stacked, todo[number]): number for number in numbers}


def _finished(waiting: Waiting) -> Iterator[tuple[int, list[Record]]]:
    """The number and the records of each batch, as they become ready."""
    for future in as_completed(waiting):
        yield waiting[future], future.result()
