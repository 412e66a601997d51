"""What is observed: the rows to calibrate on of `targets.csv` and the study's table, each with how sure it is.

An observation is a number, its error (the SD that another study of the kind would show) and a discrepancy (the SD by
which a model like this one would miss it even with the right parameters). Numbers stand where they always stood;
`sim/data/observations.csv` adds errors, discrepancies and on what grounds. A file of the user's own, with the same
columns, takes its place.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import hypot, isfinite
from pathlib import Path

import numpy as np

from sim.data import rows
from sim.errors import UserError, unknown
from sim.levers.measure import Measure
from sim.paths import read_path
from sim.survey.visit import ROLES

COLUMNS = ("id", "label", "value", "error", "error_from", "discrepancy", "discrepancy_from")

SD = "sd"
_POSSIBLE = {
    "percent": (0.0, 100.0),
    "hours per week": (0.0, 80.0),
    "count": (0.0, 15.0),
    "r": (-1.0, 1.0),
    SD: (-4.0, 4.0),
}
"""Lowest and highest value of each unit."""


@dataclass(frozen=True)
class Observation:
    """One row: a value in `unit`, the SD of its error and of the model's discrepancy, and on what grounds."""

    name: str
    unit: str
    value: float
    error: float
    discrepancy: float
    error_from: str = ""
    discrepancy_from: str = ""

    @property
    def total(self) -> float:
        """The SD of both together, which are taken to be independent."""
        return hypot(self.error, self.discrepancy)


def observations(measures: Sequence[Measure], path: str | Path | None = None) -> tuple[Observation, ...]:
    """The observations of this project, or those of a csv file; UserError names the row of the file that is wrong."""
    own = _of_project(measures)
    return tuple(own.values()) if path is None else _of_file(read_path(path), own)


def labels() -> dict[str, str]:
    """What each observation is about, in a few plain words, by name."""
    return {row["id"]: row["label"] for row in rows("observations")}


# -- the project's own ------------------------------------------------------------------------------------------------


def _of_project(measures: Sequence[Measure]) -> dict[str, Observation]:
    known = _known(measures)
    found = {}
    for row in rows("observations"):
        unit, value = known[row["id"]]
        found[row["id"]] = Observation(
            row["id"],
            unit,
            float(row["value"]) if value is None else value,
            float(row["error"]),
            float(row["discrepancy"]),
            row["error_from"],
            row["discrepancy_from"],
        )
    return found


def _known(measures: Sequence[Measure]) -> dict[str, tuple[str, float | None]]:
    """Unit and value by name; a level given in words has no value of its own."""
    levels: dict[str, tuple[str, float | None]] = {
        row["id"]: (row["unit"], float(row["value"])) if row["value_kind"] == "number" else (SD, None)
        for row in _targets()
    }
    cells: dict[str, tuple[str, float | None]] = {
        f"{m.name}.{r}": ("percent", round(100 * m.study[r], 6)) for m in measures if m.in_study for r in ROLES
    }
    return levels | cells


def _targets() -> list[dict[str, str]]:
    return [row for row in rows("targets") if row["use"] == "calibrate"]


# -- a file of the user's own -----------------------------------------------------------------------------------------


def _of_file(path: Path, own: Mapping[str, Observation]) -> tuple[Observation, ...]:
    found: dict[str, Observation] = {}
    for line, row in _lines(path):
        name = (row["id"] or "").strip()
        where = f"{path.name}, line {line}"
        if name not in own:
            raise UserError(f"{where}: {unknown('observation', name, own)}")
        if name in found:
            raise UserError(f"{where}: {name} stands twice; one row for each observation is right")
        found[name] = _read(f"{where} ({name})", row, own[name])
    if not found:
        raise UserError(f"{path.name} holds no observations; one row each is right, as in burnout_home,16.9,0.5")
    return tuple(found.values())


def _lines(path: Path) -> list[tuple[int, dict[str, str | None]]]:
    """Line number and cells of every row that is not blank."""
    right = f"a csv table with the columns {', '.join(('id', 'value', 'error'))} is right"
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file)
            names = [name.strip() for name in table.fieldnames or ()]
            for name in ("id", "value", "error"):
                if name not in names:
                    raise UserError(f"{path.name} has no column '{name}'; {right}, and discrepancy if you have one")
            for name in names:
                if name not in COLUMNS:
                    raise UserError(f"{path.name}: {unknown('column', name, COLUMNS)}")
            table.fieldnames = names
            return [
                (table.line_num, row) for row in table if any(isinstance(c, str) and c.strip() for c in row.values())
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"observations={path} cannot be read ({reason}); {right}") from None


def _read(where: str, row: Mapping[str, str | None], usual: Observation) -> Observation:
    low, high = _POSSIBLE[usual.unit]
    value = _number(where, "value", row, f"a number from {low:g} to {high:g} ({usual.unit})")
    if not low <= value <= high:
        raise UserError(f"{where}: value is {value:g}; a number from {low:g} to {high:g} ({usual.unit}) is right")
    error = _number(where, "error", row, f"an SD above 0 ({usual.unit})")
    discrepancy = usual.discrepancy
    if (row.get("discrepancy") or "").strip():
        discrepancy = _number(where, "discrepancy", row, "an SD of 0 or more")
    if error <= 0:
        raise UserError(f"{where}: error is {error:g}; an SD above 0 ({usual.unit}) is right")
    if discrepancy < 0:
        raise UserError(f"{where}: discrepancy is {discrepancy:g}; an SD of 0 or more ({usual.unit}) is right")
    texts = [(row.get(column) or "").strip() or "own file" for column in ("error_from", "discrepancy_from")]
    return Observation(usual.name, usual.unit, value, error, discrepancy, *texts)


def _number(where: str, column: str, row: Mapping[str, str | None], right: str) -> float:
    text = (row.get(column) or "").strip()
    if not text:
        raise UserError(f"{where}: {column} is missing; {right} is right")
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not isfinite(number):
        raise UserError(f"{where}: {column} is '{text}'; {right} is right")
    return number


# -- what the model can reach -----------------------------------------------------------------------------------------


def check_reach(asked: Sequence[Observation], simulated: np.ndarray) -> None:
    """Raise UserError for an observation that no simulation comes near; `simulated` is (simulation, observation).

    The reach is from the lowest to the highest value simulated, and an observation may lie outside it by its error and
    discrepancy together: what lies farther off says that model and observation are not about the same, and no
    parameters would be an answer.
    """
    for one, values in zip(asked, simulated.T, strict=True):
        low, high = np.nanmin(values), np.nanmax(values)
        if not low - one.total <= one.value <= high + one.total:
            raise UserError(
                f"{one.name} is {one.value:g} {one.unit} and the model reaches {low:.3g} to {high:.3g}; look at its "
                "unit and whom it is about, widen the ranges of what moves it, or leave the row out of observations"
            )
