"""Computation of one choice: its plans in stages, its records, and the answer so far."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd

from sim.config import composition, plan_builder
from sim.engine.plan import Plan
from sim.errors import UserError, required
from sim.outcomes.record import Record
from sim.studies.scenarios import facts, interval_type, samples_of, tables_of
from sim.views.explore.selection import FIRST_STAGE, PolicySelection
from sim.world.establishments import build

WORKERS = 2
REPLICATE_STEPS = (FIRST_STAGE, 20, 50, 100)
"""Numbers of replicates after which an answer is updated. The last one is the maximum."""


@dataclass(frozen=True)
class Answer:
    """The results so far.

    Attributes
    ----------
    replicates : int
        Replicates behind the tables.
    simulated : int
        Replicates that have been simulated, of `most`.
    tables : mapping of str to DataFrame or None
        Tables of `scenarios.tables_of` by name; None before the first stage.
    plan : Plan or None
        Plan of the first replicate.
    waiting : int
        Earlier choices that have no answer yet.
    error : str or None
        Reason why there will be no answer, in one line.
    """

    replicates: int = 0
    simulated: int = 0
    most: int = 0
    tables: Mapping[str, pd.DataFrame] | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    plan: Plan | None = None
    waiting: int = 0
    error: str | None = None

    def table(self, name: str) -> pd.DataFrame:
        """Return a table, which exists after the first stage."""
        return required(self.tables, "tables of an answer")[name]

    @property
    def complete(self) -> bool:
        """Whether the answer is final."""
        return self.error is not None or (self.tables is not None and self.replicates == self.most)


class Case:
    """One choice that is being simulated; `number` is its place in the order of requests."""

    def __init__(self, choice: PolicySelection, number: int) -> None:
        self.choice, self.number = choice, number
        self.planning = plans_by_stage(choice)
        self.plans: list[Plan] = []
        self.started: set[int] = set()
        self.records: dict[int, Record] = {}
        self.bytes = 0
        self.answer = Answer(most=choice.most_replicates)
        self.last_stage = 0

    @property
    def advance(self) -> int:
        """Number of replicates started, or 0 before the first stage, so that first stages are completed first."""
        return len(self.started) if len(self.started) >= FIRST_STAGE else 0

    @property
    def wants_plans(self) -> bool:
        """Whether it needs plans for the next stage, which come after the tables of the stage before."""
        return len(self.plans) == self.answer.replicates < self.answer.most

    @property
    def stage(self) -> int:
        """The largest stage of which all replicates have been simulated; 0 before the first."""
        ready = next((number for number in range(len(self.plans)) if number not in self.records), len(self.plans))
        return max((stage for stage in stages(self.answer.most) if stage <= ready), default=0)

    def next_replicate(self, worker: int) -> int | None:
        """Return the next replicate of a worker; a replicate keeps its worker, which caches its burn-in."""
        return next((one for one in range(worker, len(self.plans), WORKERS) if one not in self.started), None)

    def add(self, replicate: int, record: Record) -> None:
        """Add the record of a replicate."""
        self.records[replicate] = record
        self.bytes += _size(record)

    def drop_records(self) -> None:
        """Free the memory of the records."""
        self.records, self.bytes = {}, 0


def stages(most: int) -> tuple[int, ...]:
    """Return the stages of a choice that may get `most` replicates."""
    return (*(stage for stage in REPLICATE_STEPS if stage < most), most)


def plans_of(choice: PolicySelection, replicates: int | None = None) -> list[Plan]:
    """Return the plans of a choice, equal to those of the command line, with a posterior draw each if requested."""
    return next(plans_by_stage(choice, (replicates or choice.most_replicates,)))


def plans_by_stage(choice: PolicySelection, counts: Sequence[int] | None = None) -> Iterator[list[Plan]]:
    """Yield the plans of a choice for every stage, or for each of these numbers of replicates."""
    sizes = counts or stages(choice.most_replicates)
    overrides = (*choice.overrides, f"replicates={sizes[-1]}")
    plans: list[Plan] = []
    replicates = plan_builder.replicates_of(composition.compose(*overrides), overrides)
    for size in sizes:
        plans.extend(islice(replicates, size - len(plans)))
        yield list(plans)


def answer_of(case: Case, stage: int) -> Answer:
    """Return the answer of the first `stage` replicates."""
    plans = case.plans[:stage]
    samples = samples_of(plans[0])
    for number in range(stage):
        samples.add(case.records[number])
    holds = interval_type(plans)
    firm = build(plans[0].firm, plans[0].seed, plans[0].replicate)
    tables = tables_of(plans[0], samples, firm, holds)
    return Answer(stage, stage, case.answer.most, tables, facts(plans[0], samples, holds), plans[0])


def check_null(record: Record) -> None:
    """Raise UserError unless both worlds of a record are equal, to the bit."""
    pairs = {"outcomes": record.weekly, "people": record.people, "use": record.using, **record.final}
    for name, values in pairs.items():
        if not np.array_equal(values[0], values[1], equal_nan=True):
            raise UserError(
                f"Today's practice differs from itself in {name.replace('_', ' ')}, so no result can be trusted. "
                "Report this with the version."
            )


def _size(record: Record) -> int:
    arrays = (record.weekly, record.people, record.cascade, record.using, record.stayed)
    return int(sum(array.nbytes for array in (*arrays, *record.final.values(), *record.groups.values())))
