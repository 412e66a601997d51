"""Answers that stream in: two workers for all who look; first looks in turn, then the choice with the fewest runs.

Replicates of a choice are lived a few at a time, each in pairs; after every stage the tables of the command line are
made of them, so that the page shows what `hybridwork run` computes for as many replicates. What nobody looks at
any more waits, and is forgotten when room is needed. Before anything is shown the null scenario is lived, and must be
nought.
"""

from __future__ import annotations

import logging
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import islice
from multiprocessing import get_context
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.engine.plan import Plan
from sim.errors import UserError, first_line
from sim.outcomes.record import Record
from sim.runs.worker_pool import serve
from sim.views.explore import worker
from sim.views.explore.levers import FIRST, family
from sim.views.explore.questions import questions
from sim.views.explore.selection import FIRST_LOOK, PolicySelection, presets
from sim.world import own_organisation as organisations

if TYPE_CHECKING:
    import pandas as pd

WORKERS = 2
REPLICATE_STEPS = (FIRST_LOOK, 20, 50, 100)
"""Replicates after which the picture is drawn anew; the last stage is what the choice may get."""
AT_A_TIME = 1
"""Replicates that a worker lives before it looks who else waits."""
LOOKING = 20.0
"""Seconds after which somebody who has not asked again no longer looks."""
MOST_ANSWERS = 90
"""Answers kept; of those nobody looks at, the one that was asked for longest ago goes first."""
MOST_RECORDS = 800_000_000
"""Bytes of records kept between stages; beyond, first looks alone go on."""
_TRIES = 2
_PREFETCH_CLIENT = "house"
"""Who looks at what is made ready before anybody asks for it."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answer:
    """What is known so far: tables by name as `scenarios.tables_of` makes them, None before the first look.

    `replicates` are behind the tables, `lived` are done, of `most`; `plan` is the first's. `error` is one line.
    """

    replicates: int = 0
    lived: int = 0
    most: int = 0
    tables: Mapping[str, pd.DataFrame] | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    plan: Plan | None = None
    waiting: int = 0
    error: str | None = None

    @property
    def complete(self) -> bool:
        """Whether nothing more will come."""
        return self.error is not None or (self.tables is not None and self.replicates == self.most)


class _Case:
    """One choice at work: its plans, the records that are in, and the answer so far."""

    def __init__(self, choice: PolicySelection, number: int) -> None:
        self.choice, self.number = choice, number
        self.planning = plans_by_stage(choice)
        self.plans: list[Plan] = []
        self.begun: set[int] = set()
        self.records: dict[int, Record] = {}
        self.bytes = 0
        self.answer = Answer(most=choice.most_replicates)
        self.made = 0

    @property
    def advance(self) -> int:
        """How many replicates are begun; before a first look they count as none, so that it is finished at once."""
        return len(self.begun) if len(self.begun) >= FIRST_LOOK else 0

    @property
    def wants_plans(self) -> bool:
        """Whether the plans of the next stage are due: the first at once, others after the tables of those before."""
        return len(self.plans) == self.answer.replicates < self.answer.most

    @property
    def ready(self) -> int:
        """Replicates from the first on that are in without a gap."""
        return next((number for number in range(len(self.plans)) if number not in self.records), len(self.plans))

    @property
    def stage(self) -> int:
        """The largest stage for which all replicates are in; 0 before the first."""
        return max((stage for stage in stages(self.answer.most) if stage <= self.ready), default=0)

    def following(self, own: int) -> list[int]:
        """The next replicates of worker `own`, which always has the same ones, so that it finds their past again."""
        open_ones = (n for n in range(own, len(self.plans), WORKERS) if n not in self.begun)
        return [number for number, _ in zip(open_ones, range(AT_A_TIME), strict=False)]


def stages(most: int) -> tuple[int, ...]:
    """The numbers of replicates at which a choice that may get `most` is drawn."""
    return (*(stage for stage in REPLICATE_STEPS if stage < most), most)


class AnswerScheduler:
    """The workers, the queue and the answers of everybody who looks at the explorer."""

    def __init__(self, check: bool = True, open_executor: Callable[[], Any] | None = None) -> None:
        """Start the workers; `check` runs the null scenario first, `open_executor` opens an executor (for tests)."""
        self._hire = open_executor or _hired
        self._pools: list[Any] = [self._hire() for _ in range(WORKERS)]
        self._hands = [ThreadPoolExecutor(1) for _ in range(WORKERS)]
        """The one thread of each worker that gives it work and replaces it, so that no two can do so at once."""
        self._cases: OrderedDict[tuple[str, ...], _Case] = OrderedDict()
        self._looking: dict[str, tuple[tuple[str, ...], float]] = {}
        lock = threading.RLock()
        self._change, self._news = threading.Condition(lock), threading.Condition(lock)
        self._closed = False
        self._asked = 0
        self.error = self._null() if check else None
        jobs = [(self._work, own) for own in range(WORKERS)] + [(self._plan, 0), (self._tell, 0)]
        self._threads = [threading.Thread(target=job, args=(own,), daemon=True) for job, own in jobs]
        for thread in self._threads:
            thread.start()

    # -- what a page does ------------------------------------------------------------------------------------------

    def look(self, who: str, choice: PolicySelection, patience: float = 0.0) -> Answer:
        """What is known of a choice, waiting `patience` seconds for a first answer; `who` looks at nothing else now."""
        if self.error:
            return Answer(error=self.error)
        if choice.persons is not None and organisations.held(choice.persons) is None:
            return Answer(error="the file is no longer here; upload it again")
        key = choice.overrides
        with self._change:
            before, at = self._looking.get(who, (None, 0.0))
            self._looking[who] = key, monotonic()
            if key not in self._cases:
                self._asked += 1
                self._cases[key] = _Case(choice, self._asked)
                self._make_room()
            self._cases.move_to_end(key)
            if before != key or monotonic() - at > LOOKING / 2:
                self._change.notify_all()
            case = self._cases[key]
            self._news.wait_for(lambda: case.answer.tables is not None or case.answer.error, patience)
            return self._told(case)

    @property
    def lookers(self) -> int:
        """How many look at something now."""
        with self._change:
            self._watched()
            return len(self._looking)

    def leave(self, who: str) -> None:
        """Somebody has gone, from all of their seats."""
        with self._change:
            for seat in [seat for seat in self._looking if seat == who or seat.startswith(f"{who}/")]:
                del self._looking[seat]

    def answer(
        self, choice: PolicySelection, replicates: int = FIRST_LOOK, timeout: float = 120.0, who: str | None = None
    ) -> Answer:
        """Wait for so many replicates of a choice; raises UserError where it cannot be answered or takes too long."""
        who, until = who or f"wait {id(choice)} {monotonic()}", monotonic() + timeout
        try:
            while not (found := self.look(who, choice)).complete and found.replicates < replicates:
                with self._news:
                    self._news.wait(0.5)
                if monotonic() > until:
                    raise UserError(f"no answer within {timeout:g} seconds; ask for fewer people or weeks")
        finally:
            self.leave(who)
        if found.error:
            raise UserError(found.error)
        return found

    def make_ready(self, choices: Sequence[PolicySelection]) -> threading.Thread:
        """Live first looks of these choices whenever nobody else waits, one after another."""

        def ready() -> None:
            for choice in choices:
                if self._closed:
                    return
                try:
                    self.answer(choice, timeout=600.0, who=_PREFETCH_CLIENT)
                except UserError:
                    continue  # whoever asks for it is told why
                except Exception:
                    _log.exception("an answer could not be made ready")

        made = threading.Thread(target=ready, daemon=True)
        made.start()
        return made

    def lend(self, plans: Sequence[Plan], work: Callable[[Sequence[Plan]], Sequence[Any]]) -> list[Any]:
        """What the workers make of each plan when they do something else with it, as a split by pathway.

        One plan at a time, so that answers go on in between.
        """

        def done(place: int, plan: Plan) -> Any:
            return self._done(place % WORKERS, work, [plan], plan.firm.persons)[0]

        with ThreadPoolExecutor(WORKERS) as hands:
            return list(hands.map(done, range(len(plans)), plans))

    def forget(self, persons: str) -> None:
        """Forget everything that came of an uploaded organisation, here and in the workers."""
        with self._change:
            for key, case in list(self._cases.items()):
                if case.choice.persons == persons:
                    del self._cases[key]
        for own in range(WORKERS):
            self._done(own, worker.forget, persons)

    def close(self) -> None:
        """End the workers after the runs they are in; what waits is dropped.

        Waiting here matters: Python's own exit may write to the pipe of a pool that is still closing, and fail.
        """
        with self._change:
            self._closed = True
            self._change.notify_all()
            self._news.notify_all()
        for thread in self._hands:
            thread.shutdown(wait=False, cancel_futures=True)
        for pool in self._pools:
            pool.shutdown(cancel_futures=True)

    # -- who is next -----------------------------------------------------------------------------------------------

    def _watched(self) -> list[_Case]:
        """The cases somebody looks at: first looks in the order of asking, then those with the fewest replicates.

        What is made ready for those who may come is last.
        """
        now = monotonic()
        self._looking = {who: (key, at) for who, (key, at) in self._looking.items() if now - at < LOOKING}
        keys = {key for who, (key, _) in self._looking.items() if who != _PREFETCH_CLIENT}
        ahead = self._looking.get(_PREFETCH_CLIENT, (None, 0.0))[0]
        cases = [case for key, case in self._cases.items() if key in {*keys, ahead} and not case.answer.error]
        return sorted(cases, key=lambda case: (case.choice.overrides not in keys, case.advance, case.number))

    def _next(self, own: int) -> tuple[_Case, list[int]] | None:
        full = sum(case.bytes for case in self._cases.values()) > MOST_RECORDS
        for case in self._watched():
            numbers = self._ask(case, lambda one: one.following(own)) or []
            if numbers and not (full and numbers[0] >= FIRST_LOOK):
                return case, numbers
        return None

    def _told(self, case: _Case) -> Answer:
        before = [other for other in self._watched() if other.number < case.number and not other.answer.tables]
        return replace(case.answer, lived=max(len(case.records), case.answer.replicates), waiting=len(before))

    def _make_room(self) -> None:
        """Forget answers that nobody looks at, beyond as many as are kept, and their records before that."""
        watched = {id(case) for case in self._watched()}
        idle = [key for key, case in self._cases.items() if id(case) not in watched]
        for key in idle[: max(len(self._cases) - MOST_ANSWERS, 0)]:
            del self._cases[key]
        held = sum(case.bytes for case in self._cases.values())
        for key in idle:
            if held > MOST_RECORDS // 2 and key in self._cases:
                held -= self._cases[key].bytes
                del self._cases[key]

    # -- threads ---------------------------------------------------------------------------------------------------

    def _wait_for(self, find: Callable[[], Any]) -> Any:
        """What `find` finds, as soon as it does; None once all is closed."""
        with self._change:
            while not self._closed:
                if found := find():
                    return found
                self._change.wait(1.0)
        return None

    def _repeat(self, find: Callable[[], Any], act: Callable[..., None]) -> None:
        """Act on whatever is found until all is closed. An error ends the choice it is of, and never the thread."""
        while not self._closed:
            try:
                if found := self._wait_for(find):
                    try:
                        act(*found)
                    except Exception as error:
                        self._fail(found[0], error)
            except Exception:
                _log.exception("the queue of answers could not be read; it is tried again")
                with self._change:
                    self._change.wait(1.0)

    def _ask(self, case: _Case, ask: Callable[[_Case], Any]) -> Any:
        """What a case says; None where asking it fails, which ends this case alone."""
        try:
            return ask(case)
        except Exception as error:
            self._fail(case, error)
            return None

    def _plan(self, _: int) -> None:
        """Make the plans of each choice: Hydra is slow, and takes one at a time."""

        def find() -> tuple[_Case] | None:
            wanting = [case for case in self._watched() if self._ask(case, lambda one: one.wants_plans)]
            return (min(wanting, key=lambda case: len(case.plans)),) if wanting else None

        def plan(case: _Case) -> None:
            plans = next(case.planning)
            with self._change:
                case.plans = plans
                self._change.notify_all()

        self._repeat(find, plan)

    def _work(self, own: int) -> None:
        """Keep one worker busy."""

        def find() -> tuple[_Case, list[int]] | None:
            found = self._next(own)
            if found:
                found[0].begun.update(found[1])
            return found

        def live_through(case: _Case, numbers: list[int]) -> None:
            plans = [case.plans[number] for number in numbers]
            records = self._done(own, worker.lived, plans, case.choice.persons)
            with self._change:
                case.records.update(zip(numbers, records, strict=True))
                case.bytes += sum(_size(record) for record in records)
                self._change.notify_all()

        self._repeat(find, live_through)

    def _tell(self, _: int) -> None:
        """Make the tables of every stage that is complete."""

        def find() -> tuple[_Case, int] | None:
            stages = [(case, self._ask(case, lambda one: one.stage) or 0) for case in self._watched()]
            found = [(case, stage) for case, stage in stages if stage > case.made]
            return min(found, key=lambda pair: pair[0].made) if found else None

        def tell(case: _Case, stage: int) -> None:
            case.made = stage
            made = _answered(case, stage)
            with self._change:
                case.answer = made
                if made.complete:
                    case.records, case.bytes = {}, 0
                self._news.notify_all()
                self._change.notify_all()

        self._repeat(find, tell)

    def _fail(self, case: _Case, error: Exception) -> None:
        """Say in one line why a choice has no answer; what is no mistake of whoever asks is logged in full."""
        with self._change:
            if self._closed:
                return
            if not isinstance(error, UserError):
                _log.error("a choice could not be answered: %s", case.choice, exc_info=error)
            case.answer = replace(case.answer, error=first_line(error))
            case.records, case.bytes = {}, 0
            self._news.notify_all()

    def _done(self, own: int, work: Callable[[Any], Any], asked: Any, persons: str | None = None) -> Any:
        """What a worker makes of it, which gets an uploaded organisation along with the work it needs it for."""
        staff = organisations.held(persons)
        if persons is not None and staff is not None:
            work, asked = worker.with_staff, (work, asked, persons, staff)
        return self._hands[own].submit(self._try, own, work, asked).result()

    def _try(self, own: int, work: Callable[[Any], Any], asked: Any) -> Any:
        """Let a worker do it; one that has ended is replaced, and it is tried once more."""
        for _ in range(_TRIES):
            pool = self._pools[own]
            try:
                return pool.submit(work, asked).result()
            except BrokenExecutor:
                _log.warning("worker %d has ended, and is replaced", own)
                pool.shutdown(wait=False, cancel_futures=True)
                self._pools[own] = self._hire()
        raise UserError("the worker ended twice over this; ask for fewer people or weeks")

    # -- the null scenario -----------------------------------------------------------------------------------------

    def _null(self) -> str | None:
        """Live today's practice against itself, in both workers; one line where the difference is not exactly zero."""
        try:
            plans = plans_of(PolicySelection(employees=60, weeks=26), 1)
            for own in range(WORKERS):
                for record in self._done(own, worker.lived, plans):
                    check_null(record)
        except Exception as error:
            if not isinstance(error, UserError):
                _log.exception("the check at the start could not be made")
            return first_line(error)
        return None


def check_null(record: Record) -> None:
    """Raise UserError unless the second world is the first one, to the bit."""
    pairs = {"outcomes": record.weekly, "people": record.people, "use": record.using, **record.final}
    for name, values in pairs.items():
        if not np.array_equal(values[0], values[1], equal_nan=True):
            raise UserError(
                f"today's practice differs from itself in {name.replace('_', ' ')}, so no result can be trusted; "
                "please report it with the version"
            )


def plans_of(choice: PolicySelection, replicates: int | None = None) -> list[Plan]:
    """The plans of a choice as the command line makes them, each replicate with a draw of its own where asked."""
    return next(plans_by_stage(choice, (replicates or choice.most_replicates,)))


def plans_by_stage(choice: PolicySelection, counts: Sequence[int] | None = None) -> Iterator[list[Plan]]:
    """The plans of a choice, of as many replicates as each stage has; or of other numbers of them."""
    from sim.config import composition

    wanted = counts or stages(choice.most_replicates)
    asked = (*choice.overrides, f"replicates={wanted[-1]}")
    composed = composition.compose(*asked)
    made: list[Plan] = []
    each = composition.replicates_of(composed, asked)
    for count in wanted:
        made.extend(islice(each, count - len(made)))
        yield list(made)


def _answered(case: _Case, stage: int) -> Answer:
    """The answer of the first `stage` replicates."""
    from sim.studies.scenarios import facts, held_by, samples_of, tables_of
    from sim.world.establishments import build

    plans = case.plans[:stage]
    samples = samples_of(plans[0])
    for number in range(stage):
        samples.add(case.records[number])
    holds = held_by(plans)
    firm = build(plans[0].firm, plans[0].seed, plans[0].replicate)
    return Answer(
        replicates=stage,
        lived=stage,
        most=case.answer.most,
        tables=tables_of(plans[0], samples, firm, holds),
        facts=facts(plans[0], samples, holds),
        plan=plans[0],
    )


def _size(record: Record) -> int:
    arrays = (record.weekly, record.people, record.cascade, record.using, record.stayed)
    return int(sum(array.nbytes for array in (*arrays, *record.final.values(), *record.groups.values())))


# -- workers ---------------------------------------------------------------------------------------------------------


def _hired() -> ProcessPoolExecutor:
    """One process, begun by spawn; it yields to the page, which has to stay quick."""
    return ProcessPoolExecutor(1, get_context("spawn"), initializer=_serve)


def _serve() -> None:
    serve()
    os.nice(15)


@cache
def shared_scheduler() -> AnswerScheduler:
    """The one that all sessions of this process share.

    What those who come would wait for is done before: named scenarios are read, and first looks are lived of `likely`.
    """
    from sim.config import composition

    for name in presets():
        composition.scenario_named(name)
    own = AnswerScheduler()
    if not own.error:
        own.make_ready(likely())
    return own


def likely() -> list[PolicySelection]:
    """What somebody is likely to ask first, each once: what questions compare, each lever alone, named scenarios."""
    asked = [choice for question in questions() for choice in question.choices()]
    alone = [{name: option.name} for name in FIRST for option in family(name) if not option.is_today]
    found = [PolicySelection(), *asked, *(PolicySelection(levers=levers) for levers in (*alone, *presets().values()))]
    return list({choice.overrides: choice for choice in found}.values())
