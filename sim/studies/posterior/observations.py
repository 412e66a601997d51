"""Observations: the calibration rows of `targets.csv` and the study's table, each with error and discrepancy.

The error of an observation is its SD between studies of this kind. The discrepancy is the SD by which a model like this
misses it even with correct parameters. Values are in `targets.csv` and the measures; `sim/data/observations.csv` adds
errors, discrepancies and their sources. A file of the user with the same columns replaces it.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import hypot, inf
from pathlib import Path

import numpy as np

from sim import csv_text
from sim.data import rows
from sim.errors import UserError, first_line, invalid, unknown
from sim.levers.measure import Measure
from sim.paths import read_path
from sim.survey.visit import ROLES

REQUIRED = ("id", "value", "error")
COLUMNS = ("id", "label", "value", "error", "error_from", "discrepancy", "discrepancy_from")
SD = "sd"
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


def _of_project(measures: Sequence[Measure]) -> dict[str, Observation]:
    """Return the observations by name; only levels that the study gives in words have a value in observations.csv."""
    known: dict[str, tuple[str, str | float]] = {
        row["id"]: (row["unit"], row["value"]) for row in rows("targets") if row["value_kind"] == "number"
    }
    for measure in measures:
        if measure.in_study:
            known |= {f"{measure.name}.{role}": ("percent", round(100 * measure.study[role], 6)) for role in ROLES}
    own = {}
    for row in rows("observations"):
        unit, value = known.get(row["id"], (SD, row["value"]))
        errors = float(row["error"]), float(row["discrepancy"])
        sources = row["error_from"], row["discrepancy_from"]
        own[row["id"]] = Observation(row["id"], unit, float(value), *errors, *sources)
    return own


# -- a file of the user -----------------------------------------------------------------------------------------------


def _of_file(path: Path, project: Mapping[str, Observation]) -> tuple[Observation, ...]:
    own: dict[str, Observation] = {}
    for line, row in _lines(path):
        name, place = row["id"], f"{path.name}, line {line}"
        if name not in project:
            raise UserError(f"{place}: {unknown('observation', name, project)}")
        if name in own:
            raise UserError(f"{place}: Duplicate observation: {name}. Use one row for each observation.")
        own[name] = _read(f"{place} ({name})", row, project[name])
    if not own:
        raise UserError(f"{path.name} has no observations. Add one row for each, as in burnout_home,16.9,0.5")
    return tuple(own.values())


def _lines(path: Path) -> list[tuple[int, dict[str, str]]]:
    """Return line number and cells of every row that is not blank."""
    accepted = f"Use a csv table with the columns {', '.join(REQUIRED)}, and optionally discrepancy."
    try:
        table = csv_text.parse(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or first_line(error)
        raise UserError(f"Cannot read observations={path}: {reason}. {accepted}") from None
    if missing := [name for name in REQUIRED if name not in table.header]:
        raise UserError(f"Missing column in {path.name}: {missing[0]}. {accepted}")
    if others := [name for name in table.header if name not in COLUMNS]:
        raise UserError(f"{path.name}: {unknown('column', others[0], COLUMNS)}")
    blank = dict.fromkeys(COLUMNS, "")
    return [(line, blank | dict(zip(table.header, cells, strict=False))) for line, cells in table.rows]


def _read(place: str, row: Mapping[str, str], usual: Observation) -> Observation:
    low, high = _RANGES[usual.unit]

    def number(column: str, accepted: str, least: float, most: float = inf) -> float:
        accepted = f"{accepted} ({usual.unit})"
        if not row[column]:
            raise UserError(f"{place}: Missing {column}. Use {accepted}.")
        if not least <= (value := csv_text.number(row[column])) <= most:
            raise UserError(f"{place}: {invalid(column, row[column], accepted)}")
        return value

    value = number("value", f"a number from {low:g} to {high:g}", low, high)
    error = number("error", "an SD above 0", np.nextafter(0, 1))
    discrepancy = number("discrepancy", "an SD of 0 or more", 0) if row["discrepancy"] else usual.discrepancy
    sources = [row[column] or "own file" for column in ("error_from", "discrepancy_from")]
    return Observation(usual.name, usual.unit, value, error, discrepancy, *sources)


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
