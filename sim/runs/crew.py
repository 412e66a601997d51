"""Who does the work: this process, processes of this machine, a Dask cluster, or any executor of Python's interface.

`finished` hands out items a few at a time and yields what became of each. A worker that is killed costs its own items
a second try and nobody else's work.
"""

from __future__ import annotations

import os
import re
import signal
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from itertools import chain, islice
from multiprocessing import active_children, get_context, parent_process
from typing import TypeVar

from sim.errors import UserError, first_line

Item = TypeVar("Item")
Result = TypeVar("Result")

AHEAD = 2
"""Items handed out per worker, so that nobody waits for the next; few, so that memory stays flat."""
TRIES, ROUNDS = 3, 8
"""How often an item is begun alone after a worker ended over it, before it is given up; and how often in a row workers
may end before anything at all is ready."""


@dataclass(frozen=True)
class Crew:
    """Some workers: how many, and how to begin work with them.

    `hire` opens an executor; it is called anew after a worker ended, and None means this very process. `ended` are
    the errors by which an executor tells that a worker is no more.
    """

    workers: int
    hire: Callable[[], AbstractContextManager[Executor]] | None = None
    ended: tuple[type[BaseException], ...] = (BrokenExecutor,)


def alone() -> Crew:
    """This process does all the work itself."""
    return Crew(1)


def processes(workers: int) -> Crew:
    """So many processes of this machine, begun by spawn; one worker is this process itself."""
    return alone() if workers == 1 else Crew(workers, lambda: _spawned(workers))


def given(pool: Executor, workers: int) -> Crew:
    """An executor that somebody keeps from one study to the next, with so many workers; it stays open."""
    return Crew(workers, lambda: nullcontext(pool))


@contextmanager
def dask(address: str | None = None, workers: int = 2, timeout: float = 10.0) -> Iterator[Crew]:
    """The workers of the Dask cluster at `address`, or of one begun here with so many workers of one thread each.

    `timeout` is how many seconds the scheduler has to answer. Raises UserError where Dask is missing, the address does
    not answer, or the cluster has no worker.
    """
    try:
        from distributed import Client, KilledWorker, LocalCluster
    except ImportError:
        raise UserError("executor=dask needs Dask; install hybridwork[cluster]") from None
    if address is not None and not re.fullmatch(r"([a-z]+://)?[^\s:/]+:\d+", address):
        raise UserError(f"executor.address is '{address}'; an address is right, as in executor.address=tcp://host:8786")
    with ExitStack() as stack:
        if address is None:
            cluster = LocalCluster(
                n_workers=workers, threads_per_worker=1, dashboard_address=None, silence_logs="ERROR"
            )
            address = stack.enter_context(cluster).scheduler_address
        try:
            client = stack.enter_context(Client(address, timeout=timeout, set_as_default=False))
        except OSError as error:
            raise UserError(
                f"no Dask scheduler answers at {address} ({first_line(error)}); give the address that the scheduler "
                "printed, as in executor.address=tcp://host:8786"
            ) from None
        count = sum(client.nthreads().values())
        if not count:
            raise UserError(f"the Dask cluster at {address} has no worker; begin some with `dask worker {address}`")
        yield Crew(count, lambda: nullcontext(client.get_executor(pure=False)), (KilledWorker, BrokenExecutor))


def finished(
    work: Callable[[Item], Result], items: Iterable[Item], crew: Crew
) -> Generator[tuple[Item, Result | None], None, None]:
    """Each item with what `work` made of it, as they become ready.

    None stands for an item over which workers ended again and again. Items that were at work when a worker ended are
    done again one by one, after all others, so that one of them alone can be to blame. An error that `work` raises is
    raised here.
    """
    if crew.hire is None:
        yield from ((item, work(item)) for item in items)
        return
    fresh, interrupted = iter(items), list[Item]()
    futile = 0
    while (following := list(islice(fresh, 1))) and futile < ROUNDS:
        fresh, ready = chain(following, fresh), 0
        for item, result in _together(work, fresh, crew, interrupted):
            ready += 1
            yield item, result
        futile = 0 if ready else futile + 1
    for item in interrupted:
        yield item, _by_itself(work, item, crew) if futile < ROUNDS else None
    yield from ((item, None) for item in chain(following, fresh))


def _together(
    work: Callable[[Item], Result], fresh: Iterator[Item], crew: Crew, interrupted: list[Item]
) -> Iterator[tuple[Item, Result]]:
    """Hand out items until none is left or a worker has ended; what it was at goes to `interrupted`."""
    doing: dict[Future[Result], Item] = {}
    broken = False
    with crew.hire() as pool:  # type: ignore[misc]
        try:
            while True:
                while not broken and len(doing) < crew.workers * AHEAD and (begun := _begin(pool, work, fresh)):
                    doing.update(begun)
                if not doing:
                    return
                for future in wait(doing, return_when=FIRST_COMPLETED).done:
                    item = doing.pop(future)
                    try:
                        result = future.result()
                    except crew.ended as error:
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


def _by_itself(work: Callable[[Item], Result], item: Item, crew: Crew) -> Result | None:
    for _ in range(TRIES):
        with crew.hire() as pool:  # type: ignore[misc]
            try:
                return pool.submit(work, item).result()
            except crew.ended:
                continue
    return None


# -- processes of this machine ---------------------------------------------------------------------------------------


@contextmanager
def _spawned(workers: int) -> Iterator[Executor]:
    """Processes begun by spawn (Mesa and threads of numba forbid fork); ended at once when nobody waits for them."""
    others = set(active_children())
    pool = ProcessPoolExecutor(workers, get_context("spawn"), initializer=serve)
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for worker in set(active_children()) - others:
            worker.terminate()
        raise
    finally:
        pool.shutdown()


def serve() -> None:
    """A worker leaves Ctrl-C to the one who hired it, and ends when that one does, even by SIGKILL."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
