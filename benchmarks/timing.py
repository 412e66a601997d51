"""Timing: compared runs take turns, and the result is the median of several turns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter

import numpy as np

TURN = 0.25
"""Minimum seconds of one turn."""


@dataclass(frozen=True)
class Runner:
    """Run to compare: `live(days)` simulates `people` in `worlds` for `days` days, a multiple of `unit`."""

    name: str
    people: int
    worlds: int
    live: Callable[[int], None]
    unit: int = 1


def nanoseconds(runners: Sequence[Runner], turns: int = 5) -> dict[str, float]:
    """Return the median nanoseconds per employee-day and world of each run."""
    days = {runner.name: _days_of_a_turn(runner) for runner in runners}
    taken: dict[str, list[float]] = {runner.name: [] for runner in runners}
    for _ in range(turns):
        for runner in runners:
            employee_days = days[runner.name] * runner.people * runner.worlds
            taken[runner.name].append(seconds(lambda r=runner: r.live(days[r.name])) / employee_days * 1e9)
    return {name: median(times) for name, times in taken.items()}


def _days_of_a_turn(runner: Runner) -> int:
    """Return the days, in whole units, that fill a turn. The trial also warms up the run."""
    runner.live(runner.unit)
    once = seconds(lambda: runner.live(runner.unit))
    return runner.unit * max(1, round(TURN / max(once, 1e-6)))


def seconds(work: Callable[[], object]) -> float:
    """Return how many seconds `work()` takes."""
    begun = perf_counter()
    work()
    return perf_counter() - begun


def copy_bandwidth(megabytes: int = 256, turns: int = 7) -> float:
    """Return bytes per second that a copy of large arrays reads and writes."""
    source = np.ones(megabytes << 18, np.float32)
    target = np.empty_like(source)
    np.copyto(target, source)
    return 2 * source.nbytes / median(seconds(lambda: np.copyto(target, source)) for _ in range(turns))
