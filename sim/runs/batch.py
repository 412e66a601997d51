"""Batches: runs simulated one after another, and their tables as Parquet, ready to be written."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.engine.plan import Plan
from sim.errors import FileChanged, UserError, first_line
from sim.outcomes.record import Record
from sim.outcomes.run_summary import TABLES, Columns
from sim.paths import without_folders
from sim.runs.identity import model_version
from sim.runs.stacked_runs import batches, run_stacked

if TYPE_CHECKING:
    import pyarrow

DONE, FAILED = "done", "failed"


@dataclass(frozen=True)
class Run:
    """A plan and its run id."""

    identifier: str
    plan: Plan


@dataclass(frozen=True)
class SimulationRoutine:
    """A way to simulate plans, with the tables that can be stored for each.

    Attributes
    ----------
    simulate : callable
        Takes plans that differ only in the replicate; returns their results in the same order.
    tables : mapping of str to callable
        Each takes a plan and its result and returns columns of equal length, with `scenario` among them.
    version : str
        Version of anything that results depend on beside the plan and the model.
    """

    simulate: Callable[[Sequence[Plan]], Iterable[Any]]
    tables: Mapping[str, Callable[[Plan, Any], Columns]]
    version: str = ""


def simulate_records(plans: Sequence[Plan]) -> Iterable[Record]:
    """Return the records of plans: burn-in, fork, horizon."""
    return run_stacked(plans)


DEFAULT_ROUTINE = SimulationRoutine(simulate_records, TABLES)
"""The routine of sweeps, with the tables of `sim.outcomes.run_summary`."""


@dataclass(frozen=True)
class Batch:
    """Runs that one worker simulates in a row, the tables to store, the model version, and the routine."""

    runs: tuple[Run, ...]
    tables: tuple[str, ...]
    model: str
    routine: SimulationRoutine = DEFAULT_ROUTINE


@dataclass(frozen=True)
class BatchResult:
    """Parquet files by table, numbers of completed and failed runs, and the seconds of the simulation alone."""

    files: dict[str, bytes]
    done: int
    failed: int
    seconds: float = 0.0


def simulate_batch(batch: Batch) -> BatchResult:
    """Simulate all runs of a batch. One that fails is recorded with its error, and the others continue.

    Raises UserError where this worker has another version of the model than the process that sent the batch.
    """
    if model_version() != batch.model:
        raise UserError(
            f"Invalid version of a worker: {model_version()}. This process has {batch.model}. "
            "Install the same version on every machine."
        )
    names = {id(run.plan): run.identifier for run in batch.runs}
    columns_by_table: dict[str, list[tuple[str, Any]]] = {name: [] for name in batch.tables}
    errors: list[str] = []
    seconds, start = 0.0, perf_counter()
    for plan, outcome in _simulate_each([run.plan for run in batch.runs], batch.routine):
        seconds += perf_counter() - start
        tables = () if isinstance(outcome, str) else batch.tables
        try:
            columns = {name: batch.routine.tables[name](plan, outcome) for name in tables}
        except Exception as error:
            outcome, columns = _error_message(error), {}
        errors.append(outcome if isinstance(outcome, str) else "")
        for name, table in columns.items():
            columns_by_table[name].append((names[id(plan)], table))
        start = perf_counter()
    files = {"runs": parquet(_runs(batch.runs, errors))}
    files |= {name: parquet(_table(rows)) for name, rows in columns_by_table.items() if rows}
    failed = sum(map(bool, errors))
    return BatchResult(files, len(errors) - failed, failed, seconds)


def _simulate_each(plans: Sequence[Plan], routine: SimulationRoutine) -> Iterator[tuple[Plan, Any]]:
    """Yield each plan with its result or, where it failed, the message of the error."""
    for stack in batches(plans):
        try:
            yield from zip(stack, routine.simulate(stack), strict=True)
        except (MemoryError, FileChanged):
            raise  # not caused by the run, which may succeed with more memory or restored files
        except Exception as error:
            if len(stack) == 1:
                yield stack[0], _error_message(error)
            else:
                for plan in stack:  # only one of them may fail alone
                    yield from _simulate_each([plan], routine)


def _error_message(error: Exception) -> str:
    line = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {first_line(error)}"
    return without_folders(line)  # stored beside results, which others may read


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
    """Return the tables of several runs below each other, with the run's id as the first column."""
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
    """Return a table as Parquet: the same bytes for the same table."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    numbers = [field.name for field in table.schema if pa.types.is_floating(field.type)]
    texts = [field.name for field in table.schema if field.name not in numbers]
    buffer = io.BytesIO()
    pq.write_table(
        table, buffer, compression="zstd", use_dictionary=texts, use_byte_stream_split=numbers, write_statistics=False
    )
    return buffer.getvalue()
