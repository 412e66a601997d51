"""Worker processes, which simulate plans in pairs of worlds and reuse burn-ins and today's practice.

Changing a lever affects neither the people nor the burn-in, so only the world of the policy is simulated again. The
caches are bounded. Results equal those of the command line to the bit.
"""

from __future__ import annotations

import gc
import logging
import os
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from typing import Any, TypeVar

import numpy as np

from sim.engine.plan import Plan, required_measures
from sim.errors import UserError
from sim.levers.scenario import Introduction, Scenario
from sim.outcomes.record import Record
from sim.runs.stacked_runs import BurnInState, burn_in_state
from sim.runs.worker_pool import serve
from sim.world import own_organisation

Value = TypeVar("Value")

MAX_BURN_INS, MAX_RECORDS = 120, 240
"""Sizes of the caches for organisations of up to `USUAL_SIZE` people, smaller in proportion for larger ones."""
USUAL_SIZE = 500
MAX_ATTEMPTS = 2
_log = logging.getLogger(__name__)

Key = tuple[str | None, str]
"""The uploaded organisation, if any, and everything else that a value depends on."""

_burn_ins: OrderedDict[Key, BurnInState] = OrderedDict()
_baselines: OrderedDict[Key, Record] = OrderedDict()


def simulate(plan: Plan) -> Record:
    """Return the record of a plan with two scenarios, the baseline first."""
    usual, most = replace(plan, scenarios=plan.scenarios[:1]), _size_of_cache(MAX_RECORDS, plan)
    baseline = _cached(_baselines, _key(usual), lambda: after_burn_in(usual).simulate(usual.scenarios)[0], most)
    policy = after_burn_in(plan).simulate(plan.scenarios[1:])[0]
    return _select_measures(_concatenate(baseline, policy), plan)


def with_staff(job: tuple[Callable[[Any], Any], Any, str, own_organisation.Staff]) -> Any:
    """Run a task on an uploaded organisation, which is in memory only during the task.

    `job` holds the work, its argument, the name of the organisation and its staff.
    """
    work, argument, name, staff = job
    if own_organisation.stored_staff(name) is not None:
        return work(argument)
    own_organisation.store_staff(staff, name)
    try:
        return work(argument)
    finally:
        own_organisation.discard_staff(name)


def forget(persons: str) -> None:
    """Delete the cached values of an uploaded organisation."""
    for cache in (_burn_ins, _baselines):
        for key in [key for key in cache if key[0] == persons]:
            del cache[key]
    gc.collect()


def after_burn_in(plan: Plan) -> BurnInState:
    """Return the state of the plan after its burn-in, which other policies and horizons reuse.

    The state includes every measure, since a measure that nobody introduces changes nothing, to the bit.
    """
    everything = Scenario("everything", "policy", tuple(Introduction(one.name, share=1.0) for one in plan.measures))
    general = replace(plan, scenarios=(plan.scenarios[0], everything), weeks=1)
    state = _cached(_burn_ins, _key(general), lambda: burn_in_state([general]), _size_of_cache(MAX_BURN_INS, plan))
    return replace(state, plans=(plan,))


def _key(plan: Plan) -> Key:
    return plan.firm.persons, repr(plan)


def _size_of_cache(most: int, plan: Plan) -> int:
    people = plan.firm.people if plan.firm.kind == "one" else USUAL_SIZE
    return most * USUAL_SIZE // max(people, USUAL_SIZE)


def _select_measures(record: Record, plan: Plan) -> Record:
    """Return the record with only the measures that the plan needs."""
    needs = {measure.name for measure in required_measures(plan)}
    rows = [row for row, name in enumerate(sorted(measure.name for measure in plan.measures)) if name in needs]
    adoption = record.adoption and record.adoption.narrowed(rows)
    return replace(record, using=record.using[:, rows], cascade=record.cascade[:, rows], adoption=adoption)


def _concatenate(baseline: Record, policy: Record) -> Record:
    """Return one record of both, equal to that of their worlds simulated together."""
    first = len(baseline.weekly)
    return Record(
        weekly=np.concatenate([baseline.weekly, policy.weekly]),
        people=np.concatenate([baseline.people, policy.people]),
        final={name: np.concatenate([own, policy.final[name]]) for name, own in baseline.final.items()},
        cascade=np.concatenate([baseline.cascade, policy.cascade]),
        groups=baseline.groups,
        using=np.concatenate([baseline.using, policy.using]),
        stayed=np.concatenate([baseline.stayed, policy.stayed]),
        ties_before=baseline.ties_before,
        ties_after={**baseline.ties_after, **{first + world: ties for world, ties in policy.ties_after.items()}},
        adoption=baseline.adoption and policy.adoption and baseline.adoption.beside(policy.adoption),
    )


def _cached(cache: OrderedDict[Key, Value], key: Key, make: Callable[[], Value], most: int) -> Value:
    """Return the cached value of a key, computed if missing; the least recently used value is dropped."""
    if key not in cache:
        cache[key] = make()
        while len(cache) > max(most, 1):
            cache.popitem(last=False)
    cache.move_to_end(key)
    return cache[key]


# -- the process ------------------------------------------------------------------------------------------------------


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
            work, argument = with_staff, (work, argument, persons, staff)
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

        Without waiting, Python's exit may write to the pipe of a process that is still closing, and fail.
        """
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._executor.shutdown(cancel_futures=True)


def _open_process() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, get_context("spawn"), initializer=_start)


def _start() -> None:
    serve()
    os.nice(15)  # the page has to stay responsive
