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
from itertools import chain, islice
from multiprocessing import active_children, current_process, parent_process
from multiprocessing.context import SpawnContext, SpawnProcess
from pathlib import Path
from typing import Any, TypeVar

from sim.errors import UserError, first_line, invalid

Item = TypeVar("Item")
Result = TypeVar("Result")

PREFETCH_PER_WORKER = 2
"""Items handed out per worker, so that nobody waits for the next; few, so that memory stays flat."""
TRIES, MAX_FAILED_ROUNDS = 3, 8
"""How often an item is begun alone after a worker ended over it, before it is given up; and how often in a row workers
may end before anything at all is ready."""


@dataclass(frozen=True)
class WorkerPool:
    """Number of workers, and how to open an executor with them.

    `open_executor` is called again after a worker ended; None stands for this process. `worker_errors` are the errors
    that an executor raises when a worker has ended.
    """

    workers: int
    open_executor: Callable[[], AbstractContextManager[Executor]] | None = None
    worker_errors: tuple[type[BaseException], ...] = (BrokenExecutor,)


def in_process_pool() -> WorkerPool:
    """This process does all the work itself."""
    return WorkerPool(1)


def process_pool(workers: int) -> WorkerPool:
    """So many processes of this machine, begun by spawn; one worker is this process itself.

    Raises UserError where this process cannot start others.
    """
    if workers == 1:
        return in_process_pool()
    check_can_start_processes()
    return WorkerPool(workers, lambda: _spawned(workers))


def borrowed_pool(pool: Executor, workers: int) -> WorkerPool:
    """An executor that somebody keeps from one study to the next, with so many workers; it stays open."""
    return WorkerPool(workers, lambda: nullcontext(pool))


@contextmanager
def reusing_executor(pool: WorkerPool) -> Iterator[WorkerPool]:
    """Yield the pool with one executor for many calls, since workers take seconds to start.

    After a worker has ended the next call opens another executor.
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
            yield opened[0]

        yield pool if pool.open_executor is None else replace(pool, open_executor=reuse)


def _is_broken(executor: Executor) -> bool:
    try:
        executor.submit(int)
    except BrokenExecutor:
        return True
    return False


@contextmanager
def dask_pool(address: str | None = None, workers: int = 2, timeout: float = 10.0) -> Iterator[WorkerPool]:
    """The workers of the Dask cluster at `address`, or of one begun here with so many workers of one thread each.

    `timeout` is how many seconds the scheduler has to answer. Raises UserError where Dask is missing, the address does
    not answer, or the cluster has no worker.
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
            raise UserError(
                f"no Dask scheduler answers at {address} ({first_line(error)}); give the address that the scheduler "
                "printed, as in executor.address=tcp://host:8786"
            ) from None
        count = sum(client.nthreads().values())
        if not count:
            raise UserError(f"The Dask cluster at {address} has no worker. Start some with `dask worker {address}`.")
        yield WorkerPool(count, lambda: nullcontext(client.get_executor(pure=False)), (KilledWorker, BrokenExecutor))


def _check_reachable(address: str, timeout: float) -> None:
    """Raise OSError where nothing listens: Dask's own client reports some networks as a lack of memory."""
    host, _, port = address.rpartition("/")[2].rpartition(":")
    socket.create_connection((host, int(port)), timeout).close()


def map_unordered(
    work: Callable[[Item], Result], items: Iterable[Item], pool: WorkerPool
) -> Generator[tuple[Item, Result | None], None, None]:
    """Each item with what `work` made of it, as they become ready.

    None stands for an item over which workers ended again and again. Items that were at work when a worker ended are
    done again one by one, so that one of them alone can be to blame, and before others are begun: whoever needs results
    in order then holds few that wait for them. An error that `work` raises is raised here.
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
        while interrupted and futile <= 1:  # more than one failure in a row is the fault of no item
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
        for (number, _), result in map_unordered(_OnItem(work), numbered, pool):
            if result is None:
                raise UserError(f"Workers ended repeatedly over {label}. If memory is short, use workers=1.")
            results[number] = result
            bar.update()
    return [results[number] for number in range(len(items))]


@dataclass(frozen=True)
class _OnItem:
    """A function of an item, called with the item and its number; it can be sent to another process."""

    work: Callable[[Any], Any]

    def __call__(self, numbered: tuple[int, Any]) -> Any:
        return self.work(numbered[1])


def _run_concurrently(
    work: Callable[[Item], Result], fresh: Iterator[Item], pool: WorkerPool, interrupted: list[Item]
) -> Iterator[tuple[Item, Result]]:
    """Hand out items until none is left or a worker has ended; what it was at goes to `interrupted`."""
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
            for future in doing:
                future.cancel()


def _begin(pool: Executor, work: Callable[[Item], Result], fresh: Iterator[Item]) -> dict[Future[Result], Item]:
    """Hand out the next item, if there is one; an executor that is already broken breaks its future."""
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
"""Exit status of a worker that was told to run its parent's script instead of waiting for work."""
_NO_GUARD = (
    "worker processes import the script that starts them, and this one would start them again; put the script's calls "
    'under `if __name__ == "__main__":`, or use workers=1'
)


def check_can_start_processes() -> None:
    """Raise UserError, with what to do, where Python cannot start worker processes from here."""
    check_guarded()
    if current_process().daemon:
        raise UserError(
            "this is a worker of multiprocessing.Pool, which cannot start processes of its own; use workers=1 here, or "
            "concurrent.futures.ProcessPoolExecutor in place of the Pool"
        )
    main = sys.modules["__main__"]
    script = getattr(main, "__file__", None)
    if script is not None and getattr(main, "__spec__", None) is None and not Path(script).exists():
        raise UserError(
            f"worker processes import the script that starts them, and there is no file {script}; save the script as a "
            "file and run that file, or use workers=1"
        )


def check_guarded() -> None:
    """Raise UserError in a new process that runs its parent's script because the script has no guard.

    A worker of ours ends instead, with a status that its parent knows: only the parent tells the user.
    """
    process = current_process()
    if getattr(process, "_inheriting", False):  # set while a spawned process imports its parent's script
        if process.name.startswith(WORKER_NAME):
            os._exit(UNGUARDED)
        raise UserError(_NO_GUARD)


class _Spawn(SpawnContext):
    """Python's spawn, which gives workers a name and remembers them."""

    def __init__(self) -> None:
        super().__init__()
        self.workers: list[SpawnProcess] = []

    def Process(self, **options: Any) -> SpawnProcess:  # type: ignore[override]  # noqa: N802
        worker = SpawnProcess(**{**options, "name": f"{WORKER_NAME} {len(self.workers) + 1}"})
        self.workers.append(worker)
        return worker


@contextmanager
def _spawned(workers: int) -> Iterator[Executor]:
    """Processes begun by spawn (Mesa and threads of numba forbid fork); ended at once when nobody waits for them."""
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
    """A worker leaves Ctrl-C and a closed terminal to the process that started it, and ends when that one does."""
    for name in ("SIGINT", "SIGHUP"):
        if (one := getattr(signal, name, None)) is not None:
            signal.signal(one, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
