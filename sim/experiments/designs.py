"""Designs: tables that say which values of which factors are tried, one row a setting, one column a factor.

A cell that is blank leaves the factor as it is. A larger design begins with the rows of a smaller one of the same seed
(`n` is larger; of hypercubes `times`, since a finer one has other rows), so that what has run still counts.
"""

from __future__ import annotations

import csv
import math
import re
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim import csv_text
from sim.engine.plan import Plan
from sim.errors import UserError, as_written, first_line, instead, invalid, is_number
from sim.experiments.factors import Factor, choose, with_every_measure
from sim.paths import read_path

if TYPE_CHECKING:
    import pandas as pd

MOST_ROWS = 10_000_000
ROW = "row"


@dataclass(frozen=True)
class Design:
    """A table of settings.

    table    one row per setting, one column per factor; None leaves a factor as it is
    shares   (row, factor) how far each value lies from its factor's lowest (0) to its highest (1); None where a method
             has no such
    chance   `SHARED`: all rows have the same people and random numbers; `BY_ROW`: each row has its own
    """

    method: str
    factors: tuple[Factor, ...]
    table: pd.DataFrame
    shares: np.ndarray | None = None
    chance: str = "shared"

    @property
    def problem(self) -> dict[str, Any]:
        """The factors as SALib describes them: each goes from 0 to 1."""
        names = [factor.name for factor in self.factors]
        return {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}

    def rows(self) -> list[dict[str, Any]]:
        """Each row as factor to value, without its blanks."""
        records: list[dict[str, Any]] = self.table.to_dict("records")
        blanks = self.table.isna().to_numpy()
        if not blanks.any():
            return records
        return [
            {name: value for (name, value), blank in zip(row.items(), own, strict=True) if not blank}
            for row, own in zip(records, blanks, strict=True)
        ]


@dataclass(frozen=True)
class Settings:
    """What `conf/design/*.yaml` may say.

    method        one_at_a_time, grid, latin_hypercube, morris, sobol, draws (from ranges), posterior, or file
    factors       what to vary, as `sim.experiments.factors.choose` takes it
    n             rows (draws, posterior; per hypercube), trajectories (morris), base points (sobol, a power of two)
    times         hypercubes, one below the other
    levels        values of a number (one_at_a_time, grid), levels (morris, even)
    second_order  sobol: whether interactions of two are estimated too, for twice the rows
    seed          of the design; the model's own is `seed`
    file          file: a csv table, one column per factor, one row per setting, blank where a factor stays as it is
    chance        `SHARED` or `BY_ROW`, as in `Design`; None: `SHARED` where the method is in `COMPARES_ROWS`
    """

    method: str = "latin_hypercube"
    factors: Any = None
    n: int = 0
    times: int = 1
    levels: int = 4
    second_order: bool = False
    seed: int = 1
    file: str | None = None
    chance: str | None = None


SHARED, BY_ROW = "shared", "by_row"
COMPARES_ROWS = ("one_at_a_time", "morris", "sobol")
"""Methods that compare rows with each other. Rows with different people and random numbers would add noise to every
comparison, so that all rows share theirs by default. Rows of the other methods stand for themselves: there, sharing
would make every result depend on one organisation."""
GROWS_BY = {"latin_hypercube": "times"}
"""What makes a design of this method larger with all its rows kept; `n` for the others."""
OPEN = ("assumed", "sourced", "switches", "amounts")
"""Everything that nobody knows for sure: the factors of a screening and of draws."""


def factors_asked(settings: Settings, fixed: Collection[str] = ()) -> Any:
    """The factors asked for, or those that the method usually varies; of a file its columns, with what stands in them.

    Draws of the posterior leave out what is `fixed`, which a user has set or an organisation has counted.
    Raises UserError where a file says one thing and the settings another.
    """
    if settings.method == "file":
        if settings.factors is not None:
            raise UserError("design.factors does not go with design=file, whose columns are the factors")
        return _columns(read(_file_of(settings)))
    if settings.method == "posterior":
        if settings.factors is not None:
            raise UserError("design.factors does not go with design=posterior, whose draws hold everything at once")
        return [name for name in _posterior_table().columns if name not in fixed]
    if settings.factors is not None:
        return settings.factors
    return OPEN if settings.method in ("morris", "draws") else ("amounts",)


def factors_of(settings: Settings, plan: Plan, fixed: Collection[str] = ()) -> tuple[Factor, ...]:
    """The factors asked for, of a plan; a draw of the posterior holds numbers of measures that it lacks too."""
    selection = factors_asked(settings, fixed)
    return choose(selection, with_every_measure(plan) if settings.method == "posterior" else plan, fixed)


def check_not_named(design: Design, explicit: Collection[str]) -> None:
    """Raise UserError where a setting that a user has named is a factor with another value in every row."""
    for name in design.table.columns:
        if name in explicit and not design.table[name].isna().any():
            raise UserError(
                f"{name} is set, and it is a factor of the design, which gives it a value in every row. "
                "Leave it out of one of the two."
            )


def make(settings: Settings, factors: Sequence[Factor]) -> Design:
    """The design that the settings describe, over these factors; raises UserError where there can be none such."""
    if settings.method not in _METHODS:
        raise UserError(f"Invalid value for design.method: {settings.method}. {instead(settings.method, _METHODS)}")
    for name in ("n", "times", "levels"):
        if getattr(settings, name) < (0 if name == "n" else 1):
            raise UserError(invalid(f"design.{name}", getattr(settings, name), "1 or more"))
    if settings.seed < 0:
        raise UserError(invalid("design.seed", settings.seed, "0 or more"))
    return replace(_METHODS[settings.method](settings, tuple(factors)), chance=chance_of(settings))


def chance_of(settings: Settings) -> str:
    """The chance asked for, or the usual one of the method; raises UserError where there is no such setting."""
    if settings.chance is None:
        return SHARED if settings.method in COMPARES_ROWS else BY_ROW
    if settings.chance not in (SHARED, BY_ROW):
        raise UserError(f"Invalid value for design.chance: {as_written(settings.chance)}. Use {SHARED} or {BY_ROW}.")
    return settings.chance


def require_own_chance(settings: Settings, study: str) -> None:
    """Raise UserError where rows of a study that needs rows with people of their own are to share them."""
    if chance_of(settings) == SHARED:
        raise UserError(
            f"Invalid value for design.chance: {SHARED}. Every row of {study} has people and random numbers of its "
            f"own; use {BY_ROW} or leave it out."
        )


def _columns(table: pd.DataFrame) -> dict[str, list[Any]]:
    values = {name: list(dict.fromkeys(table[name].dropna())) for name in table.columns}
    return {name: sorted(own) if all(map(is_number, own)) else own for name, own in values.items() if own}


def _file_of(settings: Settings) -> str:
    if settings.file is None:
        raise UserError("Missing setting: design.file. Use a CSV table, as in design=file design.file=rows.csv.")
    return settings.file


def read(path: str | Path) -> pd.DataFrame:
    """A table of settings from a csv file, a column named `row` left out; UserError where it cannot be one.

    Columns are separated by commas, or by semicolons as in Dutch spreadsheets. A blank cell is None; `NA` is not blank.
    """
    import pandas as pd

    right = "use a CSV table with one column for each factor, separated by commas or semicolons"
    try:
        parsed = csv_text.parse(read_path(path).read_bytes().decode("utf-8-sig"), blank_rows=True)
    except (OSError, ValueError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or first_line(error)
        raise UserError(f"design file {path} cannot be read ({reason}); {right}") from None
    names = parsed.header
    if not names:
        raise UserError(f"design file {path} cannot be read (it is empty); {right}")
    for name in names:
        if not name or names.count(name) > 1 or "*" in name:
            raise UserError(f"design file {path}: every column needs a name of its own in the first line; {right}")
    if not parsed.rows:
        raise UserError(f"Invalid design file: {path} has no rows. Add a line for each setting.")
    for line, cells in parsed.rows:
        if len(cells) != len(names):
            counts = f"{len(cells)} values under {len(names)} columns"
            raise UserError(
                f"Invalid design file: {path}, line {line} has {counts}. Use one for each; a blank keeps the default."
            )
    rows = [[_typed(cell) for cell in cells] for _, cells in parsed.rows]
    return pd.DataFrame(rows, columns=names, dtype=object).drop(columns=[ROW], errors="ignore")


def _typed(text: str) -> Any:
    """A cell of a csv file as the number or the truth value it may be; None where it is blank."""
    if not text:
        return None
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if re.fullmatch(r"[+-]?\d+", text):
        return int(text)
    number = csv_text.number(text)
    return text if math.isnan(number) else number


# -- the methods ------------------------------------------------------------------------------------------------------


def _one_at_a_time(settings: Settings, factors: tuple[Factor, ...]) -> Design:
    """Nothing changed first, then each factor at each of its values, all others as they are."""
    rows: list[dict[str, Any]] = [{}]
    rows += [{factor.name: value} for factor in factors for value in factor.steps(settings.levels)]
    return Design(settings.method, factors, _table(rows, factors))


def _grid(settings: Settings, factors: tuple[Factor, ...]) -> Design:
    """Every value of every factor with every other."""
    _check_rows(prod(len(factor.options) or settings.levels for factor in factors))
    names, values = [factor.name for factor in factors], [factor.steps(settings.levels) for factor in factors]
    rows = [dict(zip(names, row, strict=True)) for row in product(*values)]
    return Design(settings.method, factors, _table(rows, factors))


def _latin_hypercube(settings: Settings, factors: tuple[Factor, ...]) -> Design:
    from SALib.sample import latin

    def sample(problem: dict[str, Any]) -> np.ndarray:
        generators = [np.random.default_rng((settings.seed, number)) for number in range(settings.times)]
        return np.vstack([latin.sample(problem, settings.n, seed=own) for own in generators])

    return _sampled(settings, factors, settings.n * settings.times, sample)


def _morris(settings: Settings, factors: tuple[Factor, ...]) -> Design:
    from SALib.sample import morris

    if settings.levels < 2 or settings.levels % 2:
        raise UserError(invalid("design.levels", settings.levels, "an even number for morris"))
    for factor in factors:
        if len(factor.options) > settings.levels:
            raise UserError(
                invalid(
                    "design.levels",
                    settings.levels,
                    f"an even number of at least {len(factor.options)}, since {factor.name} has so many options",
                )
            )
    return _sampled(
        settings, factors, settings.n * (len(factors) + 1),
        lambda problem: morris.sample(problem, settings.n, num_levels=settings.levels, seed=settings.seed),
    )  # fmt: skip


def _sobol(settings: Settings, factors: tuple[Factor, ...]) -> Design:
    from SALib.sample import sobol

    if settings.n & (settings.n - 1):
        raise UserError(invalid("design.n", settings.n, "a power of two for sobol, as in 256"))
    each = 2 * len(factors) + 2 if settings.second_order else len(factors) + 2
    return _sampled(
        settings, factors, settings.n * each,
        lambda problem: sobol.sample(problem, settings.n, calc_second_order=settings.second_order, seed=settings.seed),
    )  # fmt: skip


def _draws(settings: Settings, factors: tuple[Factor, ...]) -> Design:
    """Independent draws from the ranges; each row has a generator of its own."""
    return _sampled(
        settings, factors, settings.n,
        lambda problem: np.array(
            [np.random.default_rng((settings.seed, row)).random(len(factors)) for row in range(settings.n)]
        ),
    )  # fmt: skip


def _posterior(settings: Settings, factors: tuple[Factor, ...]) -> Design:
    """The first draws of the posterior: each a complete set of parameters that agrees with what was observed."""
    table = _posterior_table()
    if not 1 <= settings.n <= len(table):
        raise UserError(invalid("design.n", settings.n, f"1 to {len(table)}, the number of posterior draws"))
    columns = table[table.columns.intersection([factor.name for factor in factors])]
    return Design(settings.method, factors, columns.iloc[: settings.n].reset_index(drop=True))


def _posterior_table() -> pd.DataFrame:
    from sim.config.posterior_draws import draws

    return draws()


def _file(settings: Settings, factors: tuple[Factor, ...]) -> Design:
    return Design(settings.method, factors, read(_file_of(settings)))


_METHODS: dict[str, Callable[[Settings, tuple[Factor, ...]], Design]] = {
    "one_at_a_time": _one_at_a_time, "grid": _grid, "latin_hypercube": _latin_hypercube, "morris": _morris,
    "sobol": _sobol, "draws": _draws, "posterior": _posterior, "file": _file,
}  # fmt: skip


def _sampled(
    settings: Settings,
    factors: tuple[Factor, ...],
    rows: int,
    sample: Callable[[dict[str, Any]], np.ndarray],
) -> Design:
    import pandas as pd

    if settings.n < 1:
        raise UserError(invalid("design.n", settings.n, f"1 or more for {settings.method}"))
    _check_rows(rows)
    blank = Design(settings.method, factors, pd.DataFrame())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SALib notes what it will change some day
        shares = sample(blank.problem)
    columns = {factor.name: factor.at(shares[:, column]) for column, factor in enumerate(factors)}
    return Design(settings.method, factors, pd.DataFrame(columns), shares)


def _check_rows(rows: int) -> None:
    if rows > MOST_ROWS:
        count = f"{rows:,}" if rows < 1000 * MOST_ROWS else f"more than {1000 * MOST_ROWS:,}"
        raise UserError(f"The design has {count} rows. Use at most {MOST_ROWS:,}: fewer factors or fewer steps.")


def _table(rows: Sequence[Mapping[str, Any]], factors: Sequence[Factor]) -> pd.DataFrame:
    import pandas as pd

    columns = {factor.name: [row.get(factor.name) for row in rows] for factor in factors}
    return pd.DataFrame(columns, index=range(len(rows)), dtype=object)
