"""Memory of a study, summed over its processes and measured in separate processes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import TypeVar

import psutil

from benchmarks.report import Row

Result = TypeVar("Result")

EVERY = 0.2
"""Seconds between two measurements."""
SMALL = ("firm=one", "firm.employees=20", "weeks=8", "burn_in=2")
FEW, MANY = 20, 80
"""Replicates of two small comparisons, which should need the same memory."""


def alone(work: Callable[..., Result], *given: object) -> Result:
    """Call a function in a new process, so that earlier memory does not count, and return its result."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(work, *given).result()


def held(process: psutil.Process | None = None) -> float:
    """Return the bytes of a process, by default this one, and its descendants; shared pages count once (PSS)."""
    process = process or psutil.Process()
    try:
        return sum(_of_one(one) for one in (process, *process.children(recursive=True)))
    except psutil.NoSuchProcess:
        return 0.0


def _of_one(process: psutil.Process) -> float:
    try:
        memory = process.memory_full_info()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0.0  # the process has ended
    return float(getattr(memory, "pss", memory.uss))


class Watch:
    """Context that measures the memory of a process and its descendants; `most` is the maximum in bytes."""

    def __init__(self, process: psutil.Process | None = None):
        self.most = 0.0
        self._process, self._ended = process, Event()
        self._thread = Thread(target=self._look, daemon=True)

    def _look(self) -> None:
        while not self._ended.is_set():
            self.most = max(self.most, held(self._process))
            self._ended.wait(EVERY)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._thread.join()


def most_held(*words: str) -> float:
    """Return the most bytes that a `hybridwork` command needs; raise ChildProcessError if it fails."""
    root = str(Path(__file__).resolve().parents[1])
    job = psutil.Popen([sys.executable, "-m", "sim", *words], env={**os.environ, "PYTHONPATH": root}, stdout=-3)
    with Watch(job) as watch:
        status = job.wait()
    if status:
        raise ChildProcessError(f"hybridwork {' '.join(words)} ended with {status}")
    return watch.most


def memory(full: bool) -> Iterator[Row]:
    """Yield the memory of a small comparison with few and many replicates and, if `full`, of the main job."""
    with TemporaryDirectory(prefix="hybridwork-memory-") as place:
        few, many = (
            most_held("scenarios", *SMALL, f"replicates={count}", f"output={place}") / 1e6 for count in (FEW, MANY)
        )
        note = f"{few:.0f} MB at most with {FEW} replicates, {many:.0f} MB with {MANY}"
        yield Row("memory of a small comparison, all processes", "fused", 20, 16, note=note)
        if full:
            most = most_held("scenarios", f"output={place}") / 1e6
            yield Row("memory of `hybridwork scenarios`, all processes", "fused", 0, 16, note=f"{most:.0f} MB at most")
