"""What measures cost an employer: euros and working time, kept apart, from a table that a user may replace.

The table says what a measure costs per employee and year where nobody has it yet. A package is charged for what is new:
of a measure that a share of employers already claims, only the others begin to pay, and only they begin to do it in the
model, so that costs and effects are averages over the same employers. The two kinds of cost are added up only where
they must be one number, at a stated price of an hour.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import UserError, first_line, unknown
from sim.experiments.output_folder import write_by
from sim.levers.measure import Measure
from sim.paths import read_path

if TYPE_CHECKING:
    import pandas as pd

MINUTES_AN_HOUR = 60
EUROS = ("euro_per_employee_year", "euro_low", "euro_high")
MINUTES = ("minutes_per_employee_year", "minutes_low", "minutes_high")
COLUMNS = ("measure", *EUROS, *MINUTES, "source", "note")


@dataclass(frozen=True)
class Costs:
    """What packages cost per employee and year, averaged over employers.

    table  one row per measure, by name: euros and minutes of working time with their ranges, for one who has nothing
    new    measure to the share of employers (0 to 1) that do not claim it yet, who are those that pay
    hour   euros that an hour of working time counts for, where both must be one number
    """

    table: pd.DataFrame
    new: Mapping[str, float]
    hour: float

    def of(self, package: Iterable[str]) -> tuple[float, float]:
        """Euros, and minutes of working time, on top of what is there already."""
        own = sorted(package)
        euros, minutes = (
            sum(self.new[name] * float(self.table.at[name, column]) for name in own)
            for column in (EUROS[0], MINUTES[0])
        )
        return euros, minutes

    def all_in(self, package: Iterable[str]) -> float:
        """Euros and working time together, in euros."""
        euros, minutes = self.of(package)
        return euros + self.hour * minutes / MINUTES_AN_HOUR

    def drawn(self, seed: int, number: int) -> Costs:
        """The same with each cost drawn anew: with even chances below and above the stated one, evenly to low and high.

        So the stated cost stays the middle one, however far the range goes on either side. `number` is that of the
        draw, which is the same in every study of this seed.
        """
        chance = np.random.default_rng((seed, number))
        table = self.table.copy()
        for column, low, high in (EUROS, MINUTES):
            way = chance.uniform(-1, 1, len(table))
            usual = table[column]
            table[column] = usual + np.where(way < 0, way * (usual - table[low]), way * (table[high] - usual))
        return replace(self, table=table)

    def write(self, path: Path) -> None:
        """Write the table as `read` takes it, to be copied and edited."""
        write_by(path, lambda temporary: self.table.reset_index()[list(COLUMNS)].to_csv(temporary, index=False))

    def told(self, names: Iterable[str]) -> pd.DataFrame:
        """One row per measure: the row of the table, `new`, and euros, minutes and all in on top, by which it sorts."""
        own = self.table.loc[list(names)].copy()
        own["new"] = [self.new[name] for name in own.index]
        own["euros"], own["minutes"] = own["new"] * own[EUROS[0]], own["new"] * own[MINUTES[0]]
        own["all_in"] = own["euros"] + self.hour * own["minutes"] / MINUTES_AN_HOUR
        return own.sort_values("all_in", kind="stable").reset_index()


def costs_of(measures: Sequence[Measure], hour: float, path: str | None = None) -> Costs:
    """The costs of these measures from the table at `path`, else from the one that comes with the package.

    Raises UserError, naming file, line and column, for a table that is not right.
    """
    place = read_path(path) if path is not None else Path(str(files("sim.data").joinpath("costs.csv")))
    table = read(place, [measure.name for measure in measures])
    return Costs(table, {measure.name: 1 - measure.study.get("employer", 0.0) for measure in measures}, hour)


def read(path: Path, measures: Sequence[str]) -> pd.DataFrame:
    """A table of costs, by measure; raises UserError, naming file, line and column, where something in it is wrong."""
    import pandas as pd

    rows: dict[str, dict[str, Any]] = {}
    for line, row in _lines(path):
        name = (row["measure"] or "").strip()
        where = f"{path}, line {line}"
        if name not in measures:
            raise UserError(f"{where}, column measure: {unknown('measure', name, measures)}")
        if name in rows:
            raise UserError(f"{where}, column measure: {name} stands there twice; one row for each measure is right")
        rows[name] = {column: _number(where, column, row[column]) for column in (*EUROS, *MINUTES)}
        rows[name] |= {column: (row[column] or "").strip() for column in ("source", "note")}
        for usual, low, high in (EUROS, MINUTES):
            _check_order(where, (low, usual, high), rows[name])
    missing = [name for name in measures if name not in rows]
    if missing:
        raise UserError(
            f"{path}, column measure: {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing; "
            "one row for each measure is right"
        )
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("measure").loc[list(measures)]


def _lines(path: Path) -> list[tuple[int, dict[str, str | None]]]:
    """The rows of a csv file, each with the number of its last line."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as text:
            reader = csv.DictReader(text)
            rows = [(reader.line_num, row) for row in reader]
            heads = reader.fieldnames or ()
    except (OSError, ValueError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or first_line(error)
        raise UserError(
            f"costs {path} cannot be read ({reason}); a csv table like sim/data/costs.csv is right"
        ) from None
    missing = [column for column in COLUMNS if column not in heads]
    if missing:
        raise UserError(
            f"{path}, line 1: column {missing[0]} is missing; {', '.join(COLUMNS)} are right, with commas between them"
        )
    return rows


def _number(where: str, column: str, written: str | None) -> float:
    try:
        number = float(written or "")
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise UserError(f"{where}, column {column} is '{written or ''}'; a number from 0 on is right, as in 12.5")
    return number


def _check_order(where: str, columns: tuple[str, str, str], row: Mapping[str, Any]) -> None:
    """Raise UserError unless low, usual and high stand in this order."""
    low, usual, high = columns
    if row[usual] < row[low]:
        raise UserError(f"{where}, column {low} is {row[low]:g}, above {usual}, {row[usual]:g}; at most that is right")
    if row[usual] > row[high]:
        raise UserError(
            f"{where}, column {high} is {row[high]:g}, below {usual}, {row[usual]:g}; at least that is right"
        )
