"""A batch: some runs lived one after another, and what is kept of them as Parquet, ready to be written."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.engine.plan import Plan
from sim.errors import UserError, first_line
from sim.outcomes.condensed import TABLES
from sim.outcomes.record import Record
from sim.runs.identity import model_version
from sim.runs.stack import batches, run_stacked

if TYPE_CHECKING:
    import pyarrow

DONE, FAILED = "done", "failed"


@dataclass(frozen=True)
class Run:
    """A plan and what it is called."""

    identifier: str
    plan: Plan


@dataclass(frozen=True)
class Batch:
    """Runs that one worker lives in a row, the tables to keep of them, and the version of the model they belong to."""

    runs: tuple[Run, ...]
    tables: tuple[str, ...]
    model: str


@dataclass(frozen=True)
class Ready:
    """What became of a batch: Parquet files by the name of their table, how many runs were done and failed, and the
    seconds that living them took, without what it takes to keep them."""

    files: dict[str, bytes]
    done: int
    failed: int
    seconds: float = 0.0


def live_batch(batch: Batch) -> Ready:
    """Live all runs of a batch. One that fails is recorded with its error, and the others go on.

    Raises UserError where this worker has another version of the model than the one who asks.
    """
    if model_version() != batch.model:
        raise UserError(
            f"a worker has version {model_version()} of the model and this process {batch.model}; "
            "install the same on every machine"
        )
    names = {id(run.plan): run.identifier for run in batch.runs}
    kept: dict[str, list[tuple[str, Any]]] = {name: [] for name in batch.tables}
    errors: list[str] = []
    seconds, begun = 0.0, perf_counter()
    for plan, outcome in _lived([run.plan for run in batch.runs]):
        seconds += perf_counter() - begun
        try:
            made = {} if isinstance(outcome, str) else {name: TABLES[name](plan, outcome) for name in batch.tables}
        except Exception as error:
            outcome, made = _told(error), {}
        errors.append(outcome if isinstance(outcome, str) else "")
        for name, table in made.items():
            kept[name].append((names[id(plan)], table))
        begun = perf_counter()
    files = {"runs": parquet(_runs(batch.runs, errors))}
    files |= {name: parquet(_table(rows)) for name, rows in kept.items() if rows}
    failed = sum(map(bool, errors))
    return Ready(files, len(errors) - failed, failed, seconds)


def _lived(plans: Sequence[Plan]) -> Iterator[tuple[Plan, Record | str]]:
    """Each plan with its record or, where it failed, what went wrong."""
    for stack in batches(plans):
        try:
            yield from zip(stack, run_stacked(stack), strict=True)
        except MemoryError:
            raise  # no fault of the run, which may do well where there is more
        except Exception as error:
            if len(stack) == 1:
                yield stack[0], _told(error)
            else:
                # One of them fails; alone, the others do not.
                for plan in stack:
                    yield from _lived([plan])


def _told(error: Exception) -> str:
    return str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {first_line(error)}"


def _runs(runs: Sequence[Run], errors: Sequence[str]) -> pyarrow.Table:
    import pyarrow as pa

    return pa.table(
        {
            "run": pa.array([run.identifier for run in runs], pa.string()),
            "seed": pa.array([run.plan.seed for run in runs], pa.int64()),
            "replicate": pa.array([run.plan.replicate for run in runs], pa.int64()),
            "state": pa.array([FAILED if error else DONE for error in errors], pa.string()),
            "error": pa.array(errors, pa.string()),
        }
    )


def _table(rows: Sequence[tuple[str, Any]]) -> pyarrow.Table:
    """Tables of several runs below each other, with the run's id in front."""
    import pyarrow as pa

    lengths = [len(columns["scenario"]) for _, columns in rows]
    joined: dict[str, Any] = {"run": np.repeat([name for name, _ in rows], lengths)}
    for column in rows[0][1]:
        joined[column] = np.concatenate([np.asarray(columns[column]) for _, columns in rows])
    return pa.table(
        {
            name: pa.array(values.astype(object)).dictionary_encode() if values.dtype.kind == "U" else pa.array(values)
            for name, values in joined.items()
        }
    )


def parquet(table: pyarrow.Table) -> bytes:
    """A table as Parquet: the same bytes for the same table."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    numbers = [field.name for field in table.schema if pa.types.is_floating(field.type)]
    texts = [field.name for field in table.schema if field.name not in numbers]
    buffer = io.BytesIO()
    pq.write_table(
        table, buffer, compression="zstd", use_dictionary=texts, use_byte_stream_split=numbers, write_statistics=False
    )
    return buffer.getvalue()
