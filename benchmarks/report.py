"""The table of a benchmark: printed, and written to `outputs/benchmarks/<date>/`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path


@dataclass(frozen=True)
class Row:
    """Row of the table; nan and empty texts are shown as blank."""

    what: str
    engine: str
    employees: int
    worlds: int = 1
    million_employee_days_a_second: float = float("nan")
    bytes_per_employee: float = float("nan")
    ratio: float = float("nan")
    against: str = ""
    note: str = ""


HEADS = ("what", "engine", "employees", "worlds", "M employee-days/s", "bytes/employee", "ratio", "against", "note")


def markdown(rows: Sequence[Row], notes: Sequence[str]) -> str:
    """Return the table as text, with notes below it."""
    cells = [HEADS, *(tuple(_cell(getattr(row, field.name)) for field in fields(Row)) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADS))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in cells
    ]
    lines.insert(1, "| " + " | ".join("-" * width for width in widths) + " |")
    return "\n".join([*lines, "", *(f"- {note}" for note in notes), ""])


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "" if value != value else f"{value:,.3g}" if abs(value) < 100 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def write(rows: Sequence[Row], notes: Sequence[str], folder: Path) -> None:
    """Write `benchmarks.md` and `benchmarks.parquet` into a folder, each completely or not at all."""
    import pandas

    folder.mkdir(parents=True, exist_ok=True)
    _put(folder / "benchmarks.md", markdown(rows, notes).encode())
    frame = pandas.DataFrame([asdict(row) for row in rows])
    _put(folder / "benchmarks.parquet", frame.to_parquet(index=False))


def _put(path: Path, content: bytes) -> None:
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(content)
    os.replace(partial, path)
