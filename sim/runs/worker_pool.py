"""Worker pools: this process, processes of this machine, a Dask cluster, or any executor with Python's interface.

`map_unordered` submits a few items at a time and yields each result. If a worker is killed, only its own items are
computed again.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import sys
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, islice
from multiprocessing import active_children, current_process, parent_process
from multiprocessing.context import SpawnContext, SpawnProcess
from pathlib import Path
from typing import Any, TypeVar

from sim.errors import UserError, first_line, invalid

Item = TypeVar("Item")
Result = TypeVar("Result")

PREFETCH_PER_WORKER = 2
"""Items submitted per worker: enough that no worker waits, and few, so that memory does not grow."""
TRIES, MAX_FAILED_ROUNDS = 3, 8
"""Attempts to run an item alone after a worker ended over it, and rounds in a row that may fail without any result."""


@dataclass(frozen=True)
class WorkerPool:
    """Workers that run tasks.

    Attributes
    ----------
    workers : int
        Number of workers.
    open_executor : callable, optional
        Opens an executor, again after a worker has ended; None stands for this process.
    worker_errors : tuple of exception types
        Errors that the executor raises when a worker has ended.
    stays_open : bool
        Whether the executor stays open after an error. Waiting tasks are then cancelled; otherwise they end with it.
    """

    workers: int
    open_executor: Callable[[], AbstractContextManager[Executor]] | None = None
    worker_errors: tuple[type[BaseException], ...] = (BrokenExecutor,)
    stays_open: bool = False


def in_process_pool() -> WorkerPool:
    """Return a pool in which this process does all the work itself."""
    return WorkerPool(1)


def process_pool(workers: int) -> WorkerPool:
    """Return a pool of processes of this machine, started by spawn; one worker is this process itself.

    Raises UserError where this process cannot start others.
    """
    if workers == 1:
        return in_process_pool()
    check_can_start_processes()
    return WorkerPool(workers, lambda: _spawned(workers))


def borrowed_pool(pool: Executor, workers: int) -> WorkerPool:
    """Return a pool with an open executor of this number of workers, which stays open."""
    return WorkerPool(workers, lambda: nullcontext(pool), stays_open=True)


@contextmanager
def reusing_executor(pool: WorkerPool) -> Iterator[WorkerPool]:
    """Yield the pool with one executor for many calls, since workers take seconds to start.

    After a worker has ended the next call opens another executor. An error ends the executor.
    """
    opened: list[Executor] = []
    with ExitStack() as stack:

        @contextmanager
        def reuse() -> Iterator[Executor]:
            if opened and _is_broken(opened[0]):
                opened.clear()
                stack.close()
            if not opened:
                opened.append(stack.enter_context(pool.open_executor()))  # type: ignore[misc]
            try:
                yield opened[0]
            except BaseException:
                opened.clear()
                with stack.pop_all():  # the executor sees the error, and ends its workers at once
                    raise

        yield pool if pool.open_executor is None else replace(pool, open_executor=reuse)


def _is_broken(executor: Executor) -> bool:
    try:
        executor.submit(int)
    except BrokenExecutor:
        return True
    return False


@contextmanager
def dask_pool(address: str | None = None, workers: int = 2, timeout: float = 10.0) -> Iterator[WorkerPool]:
    """Open a pool with the workers of a Dask cluster.

    Parameters
    ----------
    address : str, optional
        Address of the scheduler; by default a new cluster on this machine.
    workers : int
        Number of workers of a new cluster, with one thread each.
    timeout : float
        Seconds to wait for the scheduler.

    Raises
    ------
    UserError
        Where Dask is missing, no scheduler answers, or the cluster has no worker.
    """
    try:
        from distributed import Client, KilledWorker, LocalCluster
    except ImportError:
        raise UserError("Missing package: Dask. Install hybridwork[cluster].") from None
    if address is not None and not re.fullmatch(r"([a-z]+://)?[^\s:/]+:\d+", address):
        raise UserError(invalid("executor.address", address, "an address, as in tcp://host:8786"))
    with ExitStack() as stack:
        if address is None:
            check_can_start_processes()
            cluster = LocalCluster(
                n_workers=workers, threads_per_worker=1, dashboard_address=None, silence_logs="ERROR"
            )
            address = stack.enter_context(cluster).scheduler_address
        try:
            _check_reachable(address, timeout)
            client = stack.enter_context(Client(address, timeout=timeout, set_as_default=False))
        except OSError as error:
            accepted = "the address that the scheduler printed, as in tcp://host:8786"
            reason = f"No Dask scheduler answers ({first_line(error)})."
            raise UserError(invalid("executor.address", address, accepted, reason)) from None
        count = sum(client.nthreads().values())
        if not count:
            raise UserError(f"The Dask cluster at {address} has no worker. Start some with `dask worker {address}`.")
        errors = (KilledWorker, BrokenExecutor)
        yield WorkerPool(count, lambda: nullcontext(client.get_executor(pure=False)), errors, stays_open=True)


def _check_reachable(address: str, timeout: float) -> None:
    """Raise OSError where nothing listens: Dask's own client reports some networks as a lack of memory."""
    host, _, port = address.rpartition("/")[2].rpartition(":")
    socket.create_connection((host, int(port)), timeout).close()


def map_unordered(
    work: Callable[[Item], Result], items: Iterable[Item], pool: WorkerPool
) -> Generator[tuple[Item, Result | None], None, None]:
    """Yield each item with the result of `work`, as they become ready.

    The result is None for an item over which workers ended repeatedly. Items that were running when a worker ended are
    repeated one by one, to find the one that ends it, and before other items, so that a caller who needs results in
    order stores few. An error that `work` raises is raised here.
    """
    if pool.open_executor is None:
        yield from ((item, work(item)) for item in items)
        return
    fresh, interrupted = iter(items), list[Item]()
    futile = 0
    while (following := list(islice(fresh, 1))) and futile < MAX_FAILED_ROUNDS:
        fresh, ready = chain(following, fresh), 0
        for item, result in _run_concurrently(work, fresh, pool, interrupted):
            ready += 1
            yield item, result
        futile = 0 if ready else futile + 1
        while interrupted and futile <= 1:  # several failures in a row are not caused by an item
            item = interrupted.pop(0)
            repeated = _retry_alone(work, item, pool)
            futile = 0 if repeated is not None else futile + 1
            yield item, repeated
    for item in interrupted:
        yield item, _retry_alone(work, item, pool) if futile < MAX_FAILED_ROUNDS else None
    yield from ((item, None) for item in chain(following, fresh))


def map_ordered(work: Callable[[Item], Result], items: Sequence[Item], pool: WorkerPool, label: str) -> list[Result]:
    """Return what `work` makes of each item, in the order of the items, with a progress bar on stderr.

    Raises UserError where workers end again and again over an item.
    """
    from tqdm import tqdm

    results: dict[int, Result] = {}
    numbered = list(enumerate(items))
    with tqdm(total=len(items), desc=label, disable=None, file=sys.stderr) as bar:
        for (number, _), result in map_unordered(partial(_on_item, work), numbered, pool):
            if result is None:
                raise UserError(f"Workers ended repeatedly over {label}. If memory is short, use workers=1.")
            results[number] = result
            bar.update()
    return [results[number] for number in range(len(items))]


def _on_item(work: Callable[[Item], Result], numbered: tuple[int, Item]) -> Result:
    return work(numbered[1])


def _run_concurrently(
    work: Callable[[Item], Result], fresh: Iterator[Item], pool: WorkerPool, interrupted: list[Item]
) -> Iterator[tuple[Item, Result]]:
    """Submit items until none is left or a worker has ended, whose items go to `interrupted`."""
    doing: dict[Future[Result], Item] = {}
    broken = False
    with pool.open_executor() as executor:  # type: ignore[misc]
        try:
            while True:
                while (
                    not broken
                    and len(doing) < pool.workers * PREFETCH_PER_WORKER
                    and (started := _begin(executor, work, fresh))
                ):
                    doing.update(started)
                if not doing:
                    return
                for future in wait(doing, return_when=FIRST_COMPLETED).done:
                    item = doing.pop(future)
                    try:
                        result = future.result()
                    except pool.worker_errors as error:
                        interrupted.append(item)
                        broken = broken or isinstance(error, BrokenExecutor)
                    else:
                        yield item, result
        finally:
            if pool.stays_open:  # Python's executor fails to end where a future was cancelled and its worker terminated
                for future in doing:
                    future.cancel()


def _begin(pool: Executor, work: Callable[[Item], Result], fresh: Iterator[Item]) -> dict[Future[Result], Item]:
    """Submit the next item, if there is one; the future of a broken executor raises its error."""
    for item in fresh:
        try:
            return {pool.submit(work, item): item}
        except BrokenExecutor as error:
            future: Future[Result] = Future()
            future.set_exception(error)
            return {future: item}
    return {}


def _retry_alone(work: Callable[[Item], Result], item: Item, pool: WorkerPool) -> Result | None:
    for _ in range(TRIES):
        with pool.open_executor() as executor:  # type: ignore[misc]
            try:
                return executor.submit(work, item).result()
            except pool.worker_errors:
                continue
    return None


# -- processes of this machine ---------------------------------------------------------------------------------------

WORKER_NAME = "hybridwork worker"
UNGUARDED = 73
"""Exit status of a worker that runs its parent's script instead of waiting for work."""
_NO_GUARD = (
    "Unguarded script: worker processes import the script that starts them, and this one would start them again. Put "
    'its calls under `if __name__ == "__main__":`, or use workers=1.'
)


def check_can_start_processes() -> None:
    """Raise UserError where Python cannot start worker processes from here."""
    check_guarded()
    if current_process().daemon:
        raise UserError(
            "A worker of multiprocessing.Pool cannot start processes. Use workers=1 here, or "
            "concurrent.futures.ProcessPoolExecutor in place of the Pool."
        )
    main = sys.modules["__main__"]
    script = getattr(main, "__file__", None)
    if script is not None and getattr(main, "__spec__", None) is None and not Path(script).exists():
        raise UserError(
            f"Missing file: {script}. Worker processes import the script that starts them. Save the script as a file "
            "and run that file, or use workers=1."
        )


def check_guarded() -> None:
    """Raise UserError in a new process that runs its parent's script because the script has no guard.

    A worker of this package ends instead, with a status for its parent, so that only the parent raises the error.
    """
    process = current_process()
    if getattr(process, "_inheriting", False):  # set while a spawned process imports its parent's script
        if process.name.startswith(WORKER_NAME):
            os._exit(UNGUARDED)
        raise UserError(_NO_GUARD)


class _Spawn(SpawnContext):
    """Python's spawn context, which names its workers and keeps a list of them."""

    def __init__(self) -> None:
        super().__init__()
        self.workers: list[SpawnProcess] = []

    def Process(self, **options: Any) -> SpawnProcess:  # type: ignore[override]  # noqa: N802
        worker = SpawnProcess(**{**options, "name": f"{WORKER_NAME} {len(self.workers) + 1}"})
        self.workers.append(worker)
        return worker


@contextmanager
def _spawned(workers: int) -> Iterator[Executor]:
    """Provide processes started by spawn (Mesa and threads of numba forbid fork), ended at once after an error."""
    others = set(active_children())
    spawn = _Spawn()
    pool = ProcessPoolExecutor(workers, spawn, initializer=serve)
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for worker in set(active_children()) - others:
            worker.terminate()
        raise
    finally:
        pool.shutdown()
    if any(worker.exitcode == UNGUARDED for worker in spawn.workers):
        raise UserError(_NO_GUARD)


def serve() -> None:
    """Let this worker ignore Ctrl-C and a closed terminal, and end with the process that started it."""
    for name in ("SIGINT", "SIGHUP"):
        if (one := getattr(signal, name, None)) is not None:
            signal.signal(one, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
