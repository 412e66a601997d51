"""Samples of the replicates of a comparison, the input of its tables.

Intervals need every replicate, so the samples of each are written to temporary files and read back a part at a time.
Memory does not grow with the number of replicates.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import IO

import numpy as np

from sim.engine.plan import Plan, required_measures
from sim.errors import UserError, first_line
from sim.levers.scenario import Scenario
from sim.outcomes.definitions import GAINS_IN, GROUPS, ITEMS_BY_WEEK, MARGIN, OUTCOMES, reported_groups
from sim.outcomes.no_effect import Reasons, joined, reasons, without_effect
from sim.outcomes.record import CASCADE_ROLES, STAGES, Record, changes, last_weeks, users

BYTES_AT_A_TIME = 2_000_000
"""Bytes of weekly samples, in double precision, read at a time; intervals take several times as much."""


def bytes_of_samples(plan: Plan) -> float:
    """Estimate the disk space that the samples of one replicate take, in bytes."""
    by_week = 4 * plan.weeks * len(ITEMS_BY_WEEK)
    at_the_end = 8 * len(OUTCOMES) * (len(GROUPS) + 1) + 4 * len(CASCADE_ROLES) * len(STAGES) * len(
        required_measures(plan)
    )
    return len(plan.scenarios) * (by_week + at_the_end)


class SampleFile:
    """Arrays of one shape and type, one for each replicate, in a temporary file."""

    def __init__(self, folder: Path | None = None):
        """Create a file in `folder`, or in memory without one."""
        self._folder, self.count = folder, 0
        self._file: IO[bytes] = io.BytesIO() if folder is None else TemporaryFile(dir=folder)
        self._shape: tuple[int, ...] = ()
        self._type = np.dtype(np.float32)

    def append(self, array: np.ndarray) -> None:
        """Add the array of the next replicate; raises UserError where the disk is full."""
        if not self.count:
            self._shape, self._type = array.shape, array.dtype
        if (array.shape, array.dtype) != (self._shape, self._type):
            raise ValueError(f"{array.dtype}{array.shape} among samples of {self._type}{self._shape}")
        try:
            self._file.write(np.ascontiguousarray(array).data)
            self._file.flush()
        except OSError as error:
            raise UserError(
                f"{self._folder} cannot hold the samples of {self.count + 1:,} replicates ({first_line(error)})."
            ) from None
        self.count += 1

    def read(self, row: int, start: int = 0, stop: int | None = None) -> np.ndarray:
        """Return one row of the first axis, entries `start` to `stop` of the second: (replicate, entry, …)."""
        _, entries, *inner = self._shape
        part = np.empty((self.count, (entries if stop is None else stop) - start, *inner), self._type)
        array, entry = (int(np.prod(shape)) * self._type.itemsize for shape in (self._shape, inner))
        for replicate, of_one in enumerate(part):
            self._file.seek(replicate * array + (row * entries + start) * entry)
            self._file.readinto(of_one.data)  # type: ignore[attr-defined]
        return part

    @property
    def bytes(self) -> int:
        """Number of bytes written."""
        return self.count * int(np.prod(self._shape)) * self._type.itemsize

    def close(self) -> None:
        """Remove the file."""
        self._file.close()


class Samples:
    """Samples of the replicates of a comparison.

    scenarios  worlds of every replicate; the first is the baseline
    count      number of replicates
    gained, worse, unchanging, stayed
               (world, outcome of `GAINS_IN`, group) people of all replicates
    unchanged  (world, outcome) bool: in no replicate does the outcome differ from the baseline
    """

    def __init__(self, scenarios: Sequence[Scenario], measures: Sequence[str], folder: Path | None = None):
        """`measures` are the names behind the rows of `Record.using`.

        Temporary files are written to `folder`; without one, the samples stay in memory.
        """
        self.scenarios, self.measures = tuple(scenarios), tuple(measures)
        self.unchanged = np.ones((len(self.scenarios), len(OUTCOMES)), bool)
        self._reasons: list[tuple[Reasons, ...]] = []
        self._no_effect: list[np.ndarray] = []
        self.count = 0
        self._first: Record | None = None
        self._people: np.ndarray | float = 0.0
        self._users: list[np.ndarray] = []
        shape = len(self.scenarios), len(GAINS_IN), len(GROUPS)
        self.gained, self.worse, self.unchanging, self.stayed = np.zeros((4, *shape), np.int64)
        self._files = {name: SampleFile(folder) for name in ("last_weeks", "weekly", "cascade", "users")}

    def add(self, record: Record) -> None:
        """Add the record of the next replicate."""
        self._first = self._first or record
        self.count += 1
        self._people = self._people + record.people.astype(np.float64)
        self._files["last_weeks"].append(last_weeks(record))
        rows, columns = np.array(ITEMS_BY_WEEK).T
        self._files["weekly"].append(record.weekly[:, :, rows, columns].swapaxes(1, 2))
        self._files["cascade"].append(record.cascade)
        self._add_users(record)
        self._add_changes(record)
        self.unchanged &= record.unchanged
        self._no_effect.append(without_effect(record.unchanged))
        self._reasons.append(reasons(record, self.scenarios, self.measures))

    def _add_users(self, record: Record) -> None:
        counts = np.zeros(len(self.scenarios), np.int64)
        means = np.full((len(self.scenarios), len(OUTCOMES), 2), np.nan, np.float32)
        for world, scenario in enumerate(self.scenarios[1:], start=1):
            members = users(record, world, scenario, self.measures)
            counts[world] = members.sum()
            if counts[world]:
                finals = (record.final[name] for name in OUTCOMES)
                means[world] = [(final[world, members].mean(), final[0, members].mean()) for final in finals]
        self._users.append(counts)
        self._files["users"].append(means)

    def _add_changes(self, record: Record) -> None:
        for world in range(1, len(self.scenarios)):
            for row, outcome in enumerate(GAINS_IN):
                for column, group in enumerate(GROUPS):
                    cell, change = (world, row, column), changes(record, world, outcome, group)
                    self.gained[cell] += np.count_nonzero(change < -MARGIN)
                    self.unchanging[cell] += np.count_nonzero(np.abs(change) <= MARGIN)
                    self.worse[cell] += np.count_nonzero(change > MARGIN)
                    self.stayed[cell] += len(change)

    @property
    def no_effect(self) -> np.ndarray:
        """(replicate, world) bool: no headline differs from the baseline."""
        return np.stack(self._no_effect)

    def reasons_of(self, world: int) -> list[Reasons]:
        """Return by replicate why a world's scenario or a part of it has no effect."""
        return [of_one[world] for of_one in self._reasons]

    def reason(self, world: int) -> str:
        """Return ids of the reasons why a scenario never has an effect; empty for a scenario with an effect."""
        if not self.no_effect[:, world].all():
            return ""
        every = [reason for own in self.reasons_of(world) for reasons in own.values() for reason in reasons]
        return joined({"": every})

    @property
    def first(self) -> Record:
        """The record of the first replicate."""
        if self._first is None:
            raise ValueError("no replicate has been added")
        return self._first

    @property
    def bytes(self) -> int:
        """Number of bytes in the files."""
        return sum(file.bytes for file in self._files.values())

    @property
    def people(self) -> np.ndarray:
        """(world, week, group) people, the mean over replicates."""
        return np.asarray(self._people / self.count)

    @property
    def reported(self) -> np.ndarray:
        """(world, group) bool: groups large enough to be reported."""
        return reported_groups(self.people)

    def last_weeks(self, world: int) -> np.ndarray:
        """Return means of the last 26 weeks: (replicate, outcome, group)."""
        return self._files["last_weeks"].read(world)

    def cascade(self, world: int) -> np.ndarray:
        """Return shares: (replicate, measure, role, stage)."""
        return self._files["cascade"].read(world)

    def users(self, world: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the number of people who use a measure of this world's scenario, (replicate,), and their means.

        The means are (replicate, outcome, 2): in this world and in the baseline, of replicates that have users.
        """
        counts = np.array([of_one[world] for of_one in self._users])
        return counts, self._files["users"].read(world)[counts > 0]

    def parts(self) -> Iterator[slice]:
        """Return slices of `ITEMS_BY_WEEK` whose weekly samples fit into a few megabytes."""
        bytes_an_item = 8 * self.count * self.first.weekly.shape[1]
        step = max(BYTES_AT_A_TIME // bytes_an_item, 1)
        return (slice(start, start + step) for start in range(0, len(ITEMS_BY_WEEK), step))

    def weekly(self, world: int, part: slice) -> np.ndarray:
        """Return weekly means of a part of `ITEMS_BY_WEEK`: (replicate, week, item)."""
        read = self._files["weekly"].read(world, *part.indices(len(ITEMS_BY_WEEK))[:2])
        # Items are the outermost axis in memory, which fixes the order of summation over replicates.
        return np.ascontiguousarray(read.swapaxes(0, 1), np.float64).transpose(1, 2, 0)

    def __enter__(self) -> Samples:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove the temporary files; `count`, `people` and `first` remain."""
        for file in self._files.values():
            file.close()


def samples_of(records: Iterable[Record], scenarios: Sequence[Scenario], measures: Sequence[str]) -> Samples:
    """Return the samples of records in memory; `measures` names the rows of `Record.using`."""
    samples = Samples(scenarios, measures)
    for record in records:
        samples.add(record)
    return samples
