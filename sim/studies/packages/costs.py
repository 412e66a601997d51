"""Costs of measures for an employer in euros and working time, from a table that a user may replace.

The table holds costs per employee and year for an employer without the measure. A package costs the average over
employers: an employer that claims a measure already neither pays for it again nor gains by it. Euros and working time
are added up, at a stated price of an hour, only where a single number is needed.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim import csv_text
from sim.errors import UserError, first_line, unknown
from sim.levers.measure import Measure
from sim.paths import read_path

if TYPE_CHECKING:
    import pandas as pd

MINUTES_PER_HOUR = 60
EUROS = ("euro_per_employee_year", "euro_low", "euro_high")
MINUTES = ("minutes_per_employee_year", "minutes_low", "minutes_high")
COLUMNS = ("measure", *EUROS, *MINUTES, "source", "note")


@dataclass(frozen=True)
class Costs:
    """Costs of measures per employee and year.

    `table` has a row per measure: euros and minutes of working time with their ranges, for an employer without the
    measure. `new` is the share of employers (0 to 1) that do not claim it yet. An hour costs `hourly_cost` euros.
    """

    table: pd.DataFrame
    new: Mapping[str, float]
    hourly_cost: float

    def of(self, package: Iterable[str]) -> tuple[float, float]:
        """Return the euros and the minutes of working time of a package, averaged over employers."""
        own = sorted(package)
        euros, minutes = (
            sum(self.new[name] * float(self.table.at[name, column]) for name in own)
            for column in (EUROS[0], MINUTES[0])
        )
        return euros, minutes

    def all_in(self, package: Iterable[str]) -> float:
        """Return the cost of a package in euros, working time included."""
        euros, minutes = self.of(package)
        return euros + self.hourly_cost * minutes / MINUTES_PER_HOUR

    def sample(self, seed: int, number: int) -> Costs:
        """Return the costs of a draw, with the stated costs as medians.

        A cost is below or above the stated one with equal chances, and uniform up to its low or high end. Draws depend
        on `seed` and on the `number` of the draw only.
        """
        rng = np.random.default_rng((seed, number))
        table = self.table.copy()
        for column, low, high in (EUROS, MINUTES):
            position = rng.uniform(-1, 1, len(table))
            stated = table[column]
            distance = np.where(position < 0, stated - table[low], table[high] - stated)
            table[column] = stated + position * distance
        return replace(self, table=table)

    def per_employer(self) -> pd.DataFrame:
        """Return the table with the columns `new`, and `euros`, `minutes` and `all_in` averaged over employers.

        Rows are sorted by `all_in`. `read` accepts the table as a csv file.
        """
        table = self.table.copy()
        table["new"] = [self.new[name] for name in table.index]
        table["euros"], table["minutes"] = table["new"] * table[EUROS[0]], table["new"] * table[MINUTES[0]]
        table["all_in"] = table["euros"] + self.hourly_cost * table["minutes"] / MINUTES_PER_HOUR
        return table.sort_values("all_in", kind="stable").reset_index()


def costs_of(measures: Sequence[Measure], hourly_cost: float, path: str | None = None) -> Costs:
    """Return the costs of measures from the table at `path`, or from the table of this program."""
    place = read_path(path) if path is not None else Path(str(files("sim.data").joinpath("costs.csv")))
    table = read(place, [measure.name for measure in measures])
    return Costs(table, {measure.name: 1 - measure.study.get("employer", 0.0) for measure in measures}, hourly_cost)


def read(path: Path, measures: Sequence[str]) -> pd.DataFrame:
    """Return a table of costs by measure.

    Raises
    ------
    UserError
        For an unknown, repeated or missing measure and an invalid cost, with file, line and column.
    """
    import pandas as pd

    rows: dict[str, dict[str, Any]] = {}
    for line, row in _lines(path):
        name = row["measure"]
        place = f"{path}, line {line}, column"
        if name not in measures:
            raise UserError(f"{place} measure: {unknown('measure', name, measures)}")
        if name in rows:
            raise UserError(f"{place} measure: {name} occurs twice. Use one row per measure.")
        rows[name] = {column: _cost(f"{place} {column}", row[column]) for column in (*EUROS, *MINUTES)}
        rows[name] |= {column: row[column] for column in ("source", "note")}
        for stated, low, high in (EUROS, MINUTES):
            _check_order(place, rows[name], low, "at most", stated)
            _check_order(place, rows[name], high, "at least", stated)
    if missing := [name for name in measures if name not in rows]:
        raise UserError(f"{path}, column measure: missing {', '.join(missing)}. Use one row per measure.")
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("measure").loc[list(measures)]


def _lines(path: Path) -> list[tuple[int, dict[str, str]]]:
    """Return the rows of a csv file, each with the number of its last line; cells that are missing are empty."""
    try:
        parsed = csv_text.parse(path.read_bytes().decode("utf-8"))
    except (OSError, ValueError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or first_line(error)
        raise UserError(f"{path} cannot be read ({reason}). Use a csv table like sim/data/costs.csv.") from None
    if missing := [column for column in COLUMNS if column not in parsed.header]:
        raise UserError(f"{path}, line 1: missing column {missing[0]}. Use {', '.join(COLUMNS)}, separated by commas.")
    return [(line, dict(zip_longest(parsed.header, cells, fillvalue=""))) for line, cells in parsed.rows]


def _cost(place: str, text: str) -> float:
    number = csv_text.number(text)
    if not 0 <= number < math.inf:
        raise UserError(f"{place}: invalid value '{text}'. Use a number of 0 or more, as in 12.5.")
    return number


def _check_order(place: str, row: Mapping[str, float], end: str, relation: str, stated: str) -> None:
    """Raise UserError unless the end of a range is at most, or at least, the stated cost."""
    if row[end] > row[stated] if relation == "at most" else row[end] < row[stated]:
        raise UserError(f"{place} {end}: invalid value {row[end]:g}. Use {relation} {stated}, {row[stated]:g}.")
