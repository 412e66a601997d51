"""The queue of answers for all sessions of the explorer.

Two worker processes simulate a replicate at a time, in pairs of worlds. Choices get their first stage in the order of
requests; after that the choice with the fewest replicates is next. Each stage ends with the tables of the command line,
so the page shows the results of `hybridwork run` with the same number of replicates. A choice that no session requests
any more waits, and is dropped when memory is needed. At the start, the null scenario must give exactly zero.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from time import monotonic
from typing import Any

from sim.config import scenario_choice
from sim.engine.plan import Plan
from sim.errors import UserError, first_line
from sim.views.explore import cases, worker
from sim.views.explore.cases import WORKERS, Answer, Case
from sim.views.explore.levers import FIRST, family
from sim.views.explore.questions import questions
from sim.views.explore.selection import FIRST_STAGE, PolicySelection, presets
from sim.views.explore.worker import WorkerProcess
from sim.world import own_organisation

REQUEST_SECONDS = 20.0
"""Seconds after which a request that is not repeated ends."""
MAX_ANSWERS = 90
"""Largest number of answers in memory; then the least recently used one without a request is dropped."""
MAX_RECORD_BYTES = 800_000_000
"""Largest number of bytes of records in memory; then only first stages continue."""
_PREFETCH_CLIENT = "prefetch"

_log = logging.getLogger(__name__)


class AnswerScheduler:
    """The worker processes, the queue and the answers that all sessions of the explorer share."""

    def __init__(self, check: bool = True, open_executor: Callable[[], Any] | None = None) -> None:
        """Start the workers; `check` runs the null scenario first, `open_executor` opens an executor (for tests)."""
        self._workers = [WorkerProcess(number, open_executor) for number in range(WORKERS)]
        self._cases: OrderedDict[tuple[str, ...], Case] = OrderedDict()
        self._requests: dict[str, tuple[tuple[str, ...], float]] = {}
        lock = threading.RLock()
        self._change, self._news = threading.Condition(lock), threading.Condition(lock)
        self._closed = False
        self._cases_created = 0
        self.error = self._null_error() if check else None
        jobs: list[tuple[Callable[[], Any], Callable[..., None]]] = [
            (self._find_plans, self._plan),
            (self._find_stage, self._make_tables),
            *((self._find_task(number), self._simulate(number)) for number in range(WORKERS)),
        ]
        self._threads = [threading.Thread(target=self._repeat, args=job, daemon=True) for job in jobs]
        for thread in self._threads:
            thread.start()

    # -- what a page uses ------------------------------------------------------------------------------------------

    def request(self, client: str, choice: PolicySelection, timeout: float = 0.0) -> Answer:
        """Return the answer so far, after waiting at most `timeout` seconds for a first one.

        A client has one request at a time: a new one replaces the one before.
        """
        if self.error:
            return Answer(error=self.error)
        if choice.persons is not None and own_organisation.stored_staff(choice.persons) is None:
            return Answer(error="The uploaded file is no longer in memory. Upload it again.")
        key = choice.overrides
        with self._change:
            before, at = self._requests.get(client, (None, 0.0))
            self._requests[client] = key, monotonic()
            if key not in self._cases:
                self._cases_created += 1
                self._cases[key] = Case(choice, self._cases_created)
                self._free_memory()
            self._cases.move_to_end(key)
            if before != key or monotonic() - at > REQUEST_SECONDS / 2:
                self._change.notify_all()
            case = self._cases[key]
            self._news.wait_for(lambda: case.answer.tables is not None or case.answer.error, timeout)
            return self._answer_so_far(case)

    @property
    def active_requests(self) -> int:
        """The number of requests that have not ended."""
        with self._change:
            self._requested()
            return len(self._requests)

    def leave(self, client: str) -> None:
        """End all requests of a client, `<client>/0` and others included."""
        with self._change:
            for own in [own for own in self._requests if own == client or own.startswith(f"{client}/")]:
                del self._requests[own]

    def answer(
        self, choice: PolicySelection, replicates: int = FIRST_STAGE, timeout: float = 120.0, client: str | None = None
    ) -> Answer:
        """Return the answer after this many replicates; raise UserError for an error, or after `timeout` seconds."""
        client, until = client or f"wait {id(choice)} {monotonic()}", monotonic() + timeout
        try:
            while not (answer := self.request(client, choice)).complete and answer.replicates < replicates:
                with self._news:
                    self._news.wait(0.5)
                if monotonic() > until:
                    raise UserError(f"No answer within {timeout:g} seconds. Use fewer people or weeks.")
        finally:
            self.leave(client)
        if answer.error:
            raise UserError(answer.error)
        return answer

    def prefetch(self, choices: Sequence[PolicySelection]) -> threading.Thread:
        """Simulate the first stage of these choices one after another, while no session waits."""

        def fetch() -> None:
            for choice in choices:
                if self._closed:
                    return
                try:
                    self.answer(choice, timeout=600.0, client=_PREFETCH_CLIENT)
                except UserError:
                    continue  # the session that requests it gets the error
                except Exception:
                    _log.exception("an answer could not be prefetched")

        thread = threading.Thread(target=fetch, daemon=True)
        thread.start()
        return thread

    def run_in_workers(self, plans: Sequence[Plan], work: Callable[[Plan], Any]) -> list[Any]:
        """Return the result of `work` on each plan, such as a split by pathway, run between the tasks of answers."""

        def run(place: int, plan: Plan) -> Any:
            return self._workers[place % WORKERS].run(work, plan, plan.firm.persons)

        with ThreadPoolExecutor(WORKERS) as threads:
            return list(threads.map(run, range(len(plans)), plans))

    def forget(self, persons: str) -> None:
        """Delete everything about an uploaded organisation, here and in the workers."""
        with self._change:
            for key, case in list(self._cases.items()):
                if case.choice.persons == persons:
                    del self._cases[key]
        for process in self._workers:
            process.run(worker.forget, persons)

    def close(self) -> None:
        """End the workers after their current tasks; waiting tasks are dropped."""
        with self._change:
            self._closed = True
            self._change.notify_all()
            self._news.notify_all()
        for process in self._workers:
            process.close()

    # -- the order of work -----------------------------------------------------------------------------------------

    def _requested(self) -> list[Case]:
        """Return the requested cases in the order of work; prefetched ones come last."""
        now = monotonic()
        self._requests = {own: (key, at) for own, (key, at) in self._requests.items() if now - at < REQUEST_SECONDS}
        keys = {key for client, (key, _) in self._requests.items() if client != _PREFETCH_CLIENT}
        prefetched = self._requests.get(_PREFETCH_CLIENT, (None, 0.0))[0]
        active = [case for key, case in self._cases.items() if key in {*keys, prefetched} and not case.answer.error]
        return sorted(active, key=lambda case: (case.choice.overrides not in keys, case.advance, case.number))

    def _answer_so_far(self, case: Case) -> Answer:
        earlier = [other for other in self._requested() if other.number < case.number and not other.answer.tables]
        return replace(case.answer, simulated=max(len(case.records), case.answer.replicates), waiting=len(earlier))

    def _free_memory(self) -> None:
        """Drop answers without a request beyond `MAX_ANSWERS`, and sooner where their records take much memory."""
        requested = {id(case) for case in self._requested()}
        idle = [key for key, case in self._cases.items() if id(case) not in requested]
        for key in idle[: max(len(self._cases) - MAX_ANSWERS, 0)]:
            del self._cases[key]
        total = sum(case.bytes for case in self._cases.values())
        for key in idle:
            if total > MAX_RECORD_BYTES // 2 and key in self._cases:
                total -= self._cases.pop(key).bytes

    # -- threads ---------------------------------------------------------------------------------------------------

    def _repeat(self, find: Callable[[], Any], act: Callable[..., None]) -> None:
        """Call `act` on each result of `find` until the scheduler closes; an error ends its choice only."""
        while not self._closed:
            try:
                if job := self._wait_for(find):
                    try:
                        act(*job)
                    except Exception as error:
                        self._fail(job[0], error)
            except Exception:
                _log.exception("the queue of answers could not be read; it is tried again")
                with self._change:
                    self._change.wait(1.0)

    def _wait_for(self, find: Callable[[], Any]) -> Any:
        """Return the first result of `find`; None once all is closed."""
        with self._change:
            while not self._closed:
                if job := find():
                    return job
                self._change.wait(1.0)
        return None

    def _ask(self, case: Case, read: Callable[[Case], Any]) -> Any:
        """Return what `read` reads of a case; None for an error, which ends this case alone."""
        try:
            return read(case)
        except Exception as error:
            self._fail(case, error)
            return None

    def _find_plans(self) -> tuple[Case] | None:
        """Return the case with the fewest plans of those that need some; composing is slow, so it is one at a time."""
        wanting = [case for case in self._requested() if self._ask(case, lambda one: one.wants_plans)]
        return (min(wanting, key=lambda case: len(case.plans)),) if wanting else None

    def _plan(self, case: Case) -> None:
        plans = next(case.planning)
        with self._change:
            case.plans = plans
            self._change.notify_all()

    def _find_task(self, number: int) -> Callable[[], tuple[Case, int] | None]:
        """Return a function that finds the next replicate of a worker and marks it as started."""

        def find() -> tuple[Case, int] | None:
            full = sum(case.bytes for case in self._cases.values()) > MAX_RECORD_BYTES
            for case in self._requested():
                replicate = self._ask(case, lambda one: one.next_replicate(number))
                if replicate is not None and not (full and replicate >= FIRST_STAGE):
                    case.started.add(replicate)
                    return case, replicate
            return None

        return find

    def _simulate(self, number: int) -> Callable[[Case, int], None]:
        """Return a function that simulates a replicate with a worker."""

        def simulate(case: Case, replicate: int) -> None:
            record = self._workers[number].run(worker.simulate, case.plans[replicate], case.choice.persons)
            with self._change:
                case.add(replicate, record)
                self._change.notify_all()

        return simulate

    def _find_stage(self) -> tuple[Case, int] | None:
        """Return a case with a complete stage that has no tables yet, the earliest stage first."""
        stages = [(case, self._ask(case, lambda one: one.stage) or 0) for case in self._requested()]
        ready = [(case, stage) for case, stage in stages if stage > case.last_stage]
        return min(ready, key=lambda pair: pair[0].last_stage) if ready else None

    def _make_tables(self, case: Case, stage: int) -> None:
        case.last_stage = stage
        answer = cases.answer_of(case, stage)
        with self._change:
            case.answer = answer
            if answer.complete:
                case.drop_records()
            self._news.notify_all()
            self._change.notify_all()

    def _fail(self, case: Case, error: Exception) -> None:
        """Answer a case with an error, in one line; an error that is not the user's is logged in full."""
        with self._change:
            if self._closed:
                return
            if not isinstance(error, UserError):
                _log.error("a choice could not be answered: %s", case.choice, exc_info=error)
            case.answer = replace(case.answer, error=first_line(error))
            case.drop_records()
            self._news.notify_all()

    def _null_error(self) -> str | None:
        """Compare today's practice with itself in both workers; return one line unless the difference is zero."""
        try:
            (plan,) = cases.plans_of(PolicySelection(employees=60, weeks=26), 1)
            for process in self._workers:
                cases.check_null(process.run(worker.simulate, plan))
        except Exception as error:
            if not isinstance(error, UserError):
                _log.exception("the null scenario could not be checked")
            return first_line(error)
        return None


@cache
def shared_scheduler() -> AnswerScheduler:
    """Return the scheduler of this process, after reading the named scenarios; it prefetches likely choices."""
    for name in presets():
        scenario_choice.scenario_named(name)
    scheduler = AnswerScheduler()
    if not scheduler.error:
        scheduler.prefetch(likely_choices())
    return scheduler


def likely_choices() -> list[PolicySelection]:
    """Return the choices of all questions, single levers and named scenarios, without repetition."""
    of_questions = [choice for question in questions() for choice in question.choices()]
    single = [{name: option.name} for name in FIRST for option in family(name) if not option.is_today]
    others = [PolicySelection(levers=levers) for levers in (*single, *presets().values())]
    return list({choice.overrides: choice for choice in (PolicySelection(), *of_questions, *others)}.values())
