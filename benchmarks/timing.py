"""How time is taken: runs that are compared take turns, and the median of several turns counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter

import numpy as np

TURN = 0.25
"""Seconds that one turn takes at least."""


@dataclass(frozen=True)
class Runner:
    """One of the runs that are compared: `live(days)` lives so many days of `people` in `worlds`, `unit` at a time."""

    name: str
    people: int
    worlds: int
    live: Callable[[int], None]
    unit: int = 1


def nanoseconds(runners: Sequence[Runner], turns: int = 5) -> dict[str, float]:
    """What an employee-day takes in each run, one employee in one world: the median of the turns, in nanoseconds."""
    days = {runner.name: _days_of_a_turn(runner) for runner in runners}
    taken: dict[str, list[float]] = {runner.name: [] for runner in runners}
    for _ in range(turns):
        for runner in runners:
            employee_days = days[runner.name] * runner.people * runner.worlds
            taken[runner.name].append(seconds(lambda r=runner: r.live(days[r.name])) / employee_days * 1e9)
    return {name: median(times) for name, times in taken.items()}


def _days_of_a_turn(runner: Runner) -> int:
    """Whole units that fill a turn; trying it warms the run up."""
    runner.live(runner.unit)
    once = seconds(lambda: runner.live(runner.unit))
    return runner.unit * max(1, round(TURN / max(once, 1e-6)))


def seconds(work: Callable[[], object]) -> float:
    """How long some work takes."""
    begun = perf_counter()
    work()
    return perf_counter() - begun


def copy_bandwidth(megabytes: int = 256, turns: int = 7) -> float:
    """Bytes a second that a plain copy moves, in and out counted both, of arrays far larger than the cache."""
    source = np.ones(megabytes << 18, np.float32)
    target = np.empty_like(source)
    np.copyto(target, source)
    return 2 * source.nbytes / median(seconds(lambda: np.copyto(target, source)) for _ in range(turns))
