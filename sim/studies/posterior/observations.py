"""Observations: the calibration rows of `targets.csv` and the study's table, each with error and discrepancy.

The error of an observation is its SD between studies of this kind. The discrepancy is the SD by which a model like this
misses it even with correct parameters. Values are in `targets.csv` and the measures; `sim/data/observations.csv` adds
errors, discrepancies and their sources. A file of the user with the same columns replaces it.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import hypot, inf, isfinite, nan
from pathlib import Path

import numpy as np

from sim.data import rows
from sim.errors import UserError, invalid, unknown
from sim.levers.measure import Measure
from sim.paths import read_path
from sim.survey.visit import ROLES

REQUIRED = ("id", "value", "error")
COLUMNS = ("id", "label", "value", "error", "error_from", "discrepancy", "discrepancy_from")
SD = "sd"
_SMALLEST_SD = 5e-324
"""Smallest number above zero."""
_RANGES = {
    "percent": (0.0, 100.0),
    "hours per week": (0.0, 80.0),
    "count": (0.0, 15.0),
    "r": (-1.0, 1.0),
    SD: (-4.0, 4.0),
}
"""Lowest and highest value of each unit."""


@dataclass(frozen=True)
class Observation:
    """A value in `unit`, the SD of its error and of the model's discrepancy, and the sources of both."""

    name: str
    unit: str
    value: float
    error: float
    discrepancy: float
    error_from: str = ""
    discrepancy_from: str = ""

    @property
    def total(self) -> float:
        """SD of error and discrepancy together, which are independent."""
        return hypot(self.error, self.discrepancy)


def observations(measures: Sequence[Measure], path: str | Path | None = None) -> tuple[Observation, ...]:
    """Return the observations of this project, or those of a csv file; UserError names the invalid row of the file."""
    own = _of_project(measures)
    return tuple(own.values()) if path is None else _of_file(read_path(path), own)


def labels() -> dict[str, str]:
    """Return a short label of each observation by name."""
    return {row["id"]: row["label"] for row in rows("observations")}


# -- observations of this project -------------------------------------------------------------------------------------


def _of_project(measures: Sequence[Measure]) -> dict[str, Observation]:
    known = _known(measures)
    own = {}
    for row in rows("observations"):
        unit, value = known[row["id"]]
        value = float(row["value"]) if value is None else value
        errors, sources = (float(row["error"]), float(row["discrepancy"])), (row["error_from"], row["discrepancy_from"])
        own[row["id"]] = Observation(row["id"], unit, value, *errors, *sources)
    return own


def _known(measures: Sequence[Measure]) -> dict[str, tuple[str, float | None]]:
    """Return unit and value by name; the value of a level that the study gives in words is None."""
    levels: dict[str, tuple[str, float | None]] = {
        row["id"]: (row["unit"], float(row["value"])) if row["value_kind"] == "number" else (SD, None)
        for row in rows("targets")
        if row["use"] == "calibrate"
    }
    cells: dict[str, tuple[str, float | None]] = {
        f"{m.name}.{r}": ("percent", round(100 * m.study[r], 6)) for m in measures if m.in_study for r in ROLES
    }
    return levels | cells


# -- a file of the user -----------------------------------------------------------------------------------------------


def _of_file(path: Path, project: Mapping[str, Observation]) -> tuple[Observation, ...]:
    own: dict[str, Observation] = {}
    for line, row in _lines(path):
        name = (row["id"] or "").strip()
        place = f"{path.name}, line {line}"
        if name not in project:
            raise UserError(f"{place}: {unknown('observation', name, project)}")
        if name in own:
            raise UserError(f"{place}: Duplicate observation: {name}. Use one row for each observation.")
        own[name] = _read(f"{place} ({name})", row, project[name])
    if not own:
        raise UserError(f"{path.name} has no observations. Add one row for each, as in burnout_home,16.9,0.5")
    return tuple(own.values())


def _lines(path: Path) -> list[tuple[int, dict[str, str | None]]]:
    """Return line number and cells of every row that is not blank."""
    accepted = f"Use a csv table with the columns {', '.join(REQUIRED)}, and optionally discrepancy."
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file)
            names = [name.strip() for name in table.fieldnames or ()]
            if missing := [name for name in REQUIRED if name not in names]:
                raise UserError(f"Missing column in {path.name}: {missing[0]}. {accepted}")
            if others := [name for name in names if name not in COLUMNS]:
                raise UserError(f"{path.name}: {unknown('column', others[0], COLUMNS)}")
            table.fieldnames = names
            return [
                (table.line_num, row) for row in table if any(isinstance(c, str) and c.strip() for c in row.values())
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"Cannot read observations={path}: {reason}. {accepted}") from None


def _read(place: str, row: Mapping[str, str | None], usual: Observation) -> Observation:
    low, high = _RANGES[usual.unit]
    value = _number(place, "value", row, f"a number from {low:g} to {high:g} ({usual.unit})", low, high)
    error = _number(place, "error", row, f"an SD above 0 ({usual.unit})", _SMALLEST_SD)
    discrepancy = usual.discrepancy
    if (row.get("discrepancy") or "").strip():
        discrepancy = _number(place, "discrepancy", row, f"an SD of 0 or more ({usual.unit})", 0)
    texts = [(row.get(column) or "").strip() or "own file" for column in ("error_from", "discrepancy_from")]
    return Observation(usual.name, usual.unit, value, error, discrepancy, *texts)


def _number(
    place: str, column: str, row: Mapping[str, str | None], accepted: str, low: float, high: float = inf
) -> float:
    text = (row.get(column) or "").strip()
    if not text:
        raise UserError(f"{place}: Missing {column}. Use {accepted}.")
    try:
        number = float(text)
    except ValueError:
        number = nan
    if not isfinite(number) or not low <= number <= high:
        raise UserError(f"{place}: {invalid(column, text, accepted)}")
    return number


# -- range of the simulations -----------------------------------------------------------------------------------------


def check_reach(observations: Sequence[Observation], simulated: np.ndarray) -> None:
    """Raise UserError for an observation far from all simulations; `simulated` is (simulation, observation).

    An observation may lie outside the range of the simulations by its error and discrepancy together. Farther away,
    model and observation measure different quantities, and no parameters would fit.
    """
    for one, values in zip(observations, simulated.T, strict=True):
        low, high = np.nanmin(values), np.nanmax(values)
        if not low - one.total <= one.value <= high + one.total:
            raise UserError(
                f"Invalid value for {one.name}: {one.value:g} {one.unit}. The model reaches {low:.3g} to {high:.3g}. "
                "Correct its unit, widen ranges of parameters that move it, or remove the row from observations."
            )
