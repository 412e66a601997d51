"""A worker process of the explorer, which is replaced when it ends."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from typing import Any

from sim.errors import UserError
from sim.runs.worker_pool import serve
from sim.views.explore import worker
from sim.world import own_organisation

MAX_ATTEMPTS = 2
_log = logging.getLogger(__name__)


class WorkerProcess:
    """One process that does one task at a time, in the order of requests by any number of threads.

    A single thread uses and replaces the process, so that two threads cannot replace it at once.
    """

    def __init__(self, number: int, open_executor: Callable[[], Any] | None = None) -> None:
        self._number, self._open = number, open_executor or _open_process
        self._executor = self._open()
        self._thread = ThreadPoolExecutor(1)

    def run(self, work: Callable[[Any], Any], argument: Any, persons: str | None = None) -> Any:
        """Return `work(argument)` from the process.

        An uploaded organisation, `persons`, is sent along with the work. A process that ends is replaced and the work
        is tried again; UserError where it ends again.
        """
        staff = own_organisation.stored_staff(persons)
        if persons is not None and staff is not None:
            work, argument = worker.with_staff, (work, argument, persons, staff)
        return self._thread.submit(self._attempt, work, argument).result()

    def _attempt(self, work: Callable[[Any], Any], argument: Any) -> Any:
        for _ in range(MAX_ATTEMPTS):
            try:
                return self._executor.submit(work, argument).result()
            except BrokenExecutor:
                _log.warning("worker %d has ended and is replaced", self._number)
                self._executor.shutdown(wait=False, cancel_futures=True)
                self._executor = self._open()
        raise UserError("The worker process ended twice during this task. Use fewer people or weeks.")

    def close(self) -> None:
        """End the process after its current task; waiting tasks are cancelled.

        Waiting here matters: Python's own exit may write to the pipe of a process that is still closing, and fail.
        """
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._executor.shutdown(cancel_futures=True)


def _open_process() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, get_context("spawn"), initializer=_start)


def _start() -> None:
    serve()
    os.nice(15)  # the page has to stay responsive
