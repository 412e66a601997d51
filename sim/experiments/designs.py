"""Designs: tables of values of factors, one row per setting and one column per factor.

A blank cell leaves the factor at its default. A larger design starts with the rows of a smaller one of the same seed,
so finished runs are reused. A larger design has a larger `n`, or for hypercubes a larger `times`.
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
from sim.config import posterior_draws
from sim.engine.plan import Plan
from sim.errors import UserError, first_line, invalid, is_number
from sim.experiments.factors import Factor, choose, with_every_measure
from sim.paths import read_path

if TYPE_CHECKING:
    import pandas as pd

MOST_ROWS = 10_000_000
ROW = "row"


@dataclass(frozen=True)
class Design:
    """A table of settings.

    Attributes
    ----------
    method : str
        Name of the method.
    factors : tuple of Factor
        Factors that vary.
    table : DataFrame
        One row per setting, one column per factor; None leaves a factor at its default.
    shares : ndarray of shape (rows, factors), optional
        Position of each value between its factor's lowest (0) and highest (1) value, if the method has them.
    chance : str
        `SHARED`: all rows have the same people and random numbers; `BY_ROW`: each row has its own.
    """

    method: str
    factors: tuple[Factor, ...]
    table: pd.DataFrame
    shares: np.ndarray | None = None
    chance: str = "shared"

    @property
    def problem(self) -> dict[str, Any]:
        """Factors in the form of SALib, each from 0 to 1."""
        names = [factor.name for factor in self.factors]
        return {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}

    def rows(self) -> list[dict[str, Any]]:
        """Return each row as factor to value, without its blanks."""
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
    """Settings of `conf/design/*.yaml`.

    Attributes
    ----------
    method : str
        one_at_a_time, grid, latin_hypercube, morris, sobol, draws (from ranges), posterior, or file.
    factors : list or mapping, optional
        Factors to vary, as in `sim.experiments.factors.choose`.
    n : int
        Rows (draws, posterior; per hypercube), trajectories (morris), or base points (sobol, a power of two).
    times : int
        Number of hypercubes.
    levels : int
        Values of a number (one_at_a_time, grid), or levels (morris, even).
    second_order : bool
        For sobol: whether to estimate interactions of two factors, with twice the rows.
    seed : int
        Seed of the design; the model has its own.
    file : str, optional
        For file: CSV table with one column per factor and one row per setting; blank for the default.
    chance : str, optional
        `SHARED` or `BY_ROW`, as in `Design`; by default `SHARED` for methods in `COMPARES_ROWS`.
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
"""Methods that compare rows with each other. Different people and random numbers per row would add noise to every
comparison, so all rows share theirs by default. For the other methods, sharing would make every result depend on one
organisation."""
GROWS_BY = {"latin_hypercube": "times"}
"""Setting that adds rows to a design of this method; `n` for the others."""
OPEN = ("assumed", "sourced", "switches", "amounts")
"""Groups of uncertain numbers: the factors of a screening and of draws."""


def factors_asked(settings: Settings, fixed: Collection[str] = ()) -> Any:
    """Return the factors of the settings, or the default ones of the method.

    For a file these are its columns with their values, and for posterior draws all parameters that are not `fixed` (set
    by a user or counted in an organisation). Raises UserError if factors are given for these methods too.
    """
    if settings.method in ("file", "posterior") and settings.factors is not None:
        fixed_by = "the columns of its file" if settings.method == "file" else "all parameters of its draws"
        raise UserError(
            f"Invalid setting: design.factors. The factors of design={settings.method} are {fixed_by}. Leave it out."
        )
    if settings.method == "file":
        return _columns(read(_file_of(settings)))
    if settings.method == "posterior":
        return [name for name in posterior_draws.draws().columns if name not in fixed]
    if settings.factors is not None:
        return settings.factors
    return OPEN if settings.method in ("morris", "draws") else ("amounts",)


def factors_of(settings: Settings, plan: Plan, fixed: Collection[str] = ()) -> tuple[Factor, ...]:
    """Return the factors of a plan; posterior draws also include parameters of measures that the plan lacks."""
    selection = factors_asked(settings, fixed)
    return choose(selection, with_every_measure(plan) if settings.method == "posterior" else plan, fixed)


def check_not_named(design: Design, explicit: Collection[str]) -> None:
    """Raise UserError where a setting of a user is a factor that has a value in every row."""
    for name in design.table.columns:
        if name in explicit and not design.table[name].isna().any():
            raise UserError(f"Conflicting settings: {name} is set, and is a factor of every row. Use one of the two.")


def make(settings: Settings, factors: Sequence[Factor]) -> Design:
    """Return the design of these settings and factors; raise UserError for invalid settings."""
    if settings.method not in _METHODS:
        raise UserError(invalid("design.method", settings.method, _METHODS))
    for name in ("n", "times", "levels"):
        if getattr(settings, name) < (0 if name == "n" else 1):
            raise UserError(invalid(f"design.{name}", getattr(settings, name), "1 or more"))
    if settings.seed < 0:
        raise UserError(invalid("design.seed", settings.seed, "0 or more"))
    return replace(_METHODS[settings.method](settings, tuple(factors)), chance=chance_of(settings))


def chance_of(settings: Settings) -> str:
    """Return whether rows share people and random numbers (`SHARED`) or not (`BY_ROW`)."""
    if settings.chance is None:
        return SHARED if settings.method in COMPARES_ROWS else BY_ROW
    if settings.chance not in (SHARED, BY_ROW):
        raise UserError(invalid("design.chance", settings.chance, f"{SHARED} or {BY_ROW}"))
    return settings.chance


def require_own_chance(settings: Settings, study: str) -> None:
    """Raise UserError where all rows share people, for a study that needs other people in each row."""
    if chance_of(settings) == SHARED:
        reason = f"Every row of {study} has people and random numbers of its own."
        raise UserError(invalid("design.chance", SHARED, f"{BY_ROW} or leave it out", reason))


def _columns(table: pd.DataFrame) -> dict[str, list[Any]]:
    values = {name: list(dict.fromkeys(table[name].dropna())) for name in table.columns}
    return {name: sorted(own) if all(map(is_number, own)) else own for name, own in values.items() if own}


def _file_of(settings: Settings) -> str:
    if settings.file is None:
        raise UserError("Missing setting: design.file. Use a CSV table, as in design=file design.file=rows.csv.")
    return settings.file


def read(path: str | Path) -> pd.DataFrame:
    """Read a table of settings from a CSV file, without a column named `row`.

    Parameters
    ----------
    path : str or Path
        File whose columns are separated by commas, or by semicolons as in Dutch spreadsheets.

    Returns
    -------
    DataFrame
        One row per setting, one column per factor. A blank cell is None; `NA` is not blank.

    Raises
    ------
    UserError
        For a file that cannot be read, has no rows, or has a row of another length.
    """
    import pandas as pd

    try:
        parsed = csv_text.parse(read_path(path).read_bytes().decode("utf-8-sig"), blank_rows=True)
    except (OSError, ValueError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or first_line(error)
        raise _invalid_file(path, f"It cannot be read ({reason}).") from None
    names = parsed.header
    if not names:
        raise _invalid_file(path, "It cannot be read (it is empty).")
    if any(not name or names.count(name) > 1 or "*" in name for name in names):
        raise _invalid_file(path, "Every column needs its own name in the first line.")
    if not parsed.rows:
        raise _invalid_file(path, "It has no rows. Add a line for each setting.")
    for line, cells in parsed.rows:
        if len(cells) != len(names):
            counts = f"{len(cells)} values under {len(names)} columns"
            raise _invalid_file(path, f"Line {line} has {counts}. A blank keeps the default.")
    rows = [[_typed(cell) for cell in cells] for _, cells in parsed.rows]
    return pd.DataFrame(rows, columns=names, dtype=object).drop(columns=[ROW], errors="ignore")


def _invalid_file(path: str | Path, reason: str) -> UserError:
    form = "Use a CSV table with one column for each factor, separated by commas or semicolons."
    return UserError(f"Invalid design file: {path}. {reason} {form}")


def _typed(text: str) -> Any:
    """Return a cell of a CSV file as a number or truth value where it is one, and None where it is blank."""
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
    """Return a row of defaults, then each factor at each of its values with the others at their defaults."""
    rows: list[dict[str, Any]] = [{}]
    rows += [{factor.name: value} for factor in factors for value in factor.steps(settings.levels)]
    return Design(settings.method, factors, _table(rows, factors))


def _grid(settings: Settings, factors: tuple[Factor, ...]) -> Design:
    """Return every combination of the values of all factors."""
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
            accepted = f"an even number of at least {len(factor.options)}, since {factor.name} has so many options"
            raise UserError(invalid("design.levels", settings.levels, accepted))
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
    """Return independent draws from the ranges; each row has its own random generator."""
    return _sampled(
        settings, factors, settings.n,
        lambda problem: np.array(
            [np.random.default_rng((settings.seed, row)).random(len(factors)) for row in range(settings.n)]
        ),
    )  # fmt: skip


def _posterior(settings: Settings, factors: tuple[Factor, ...]) -> Design:
    """Return the first posterior draws."""
    table = posterior_draws.draws()
    if not 1 <= settings.n <= len(table):
        raise UserError(invalid("design.n", settings.n, f"1 to {len(table)}, the number of posterior draws"))
    columns = table[table.columns.intersection([factor.name for factor in factors])]
    return Design(settings.method, factors, columns.iloc[: settings.n].reset_index(drop=True))


def _file(settings: Settings, factors: tuple[Factor, ...]) -> Design:
    return Design(settings.method, factors, read(_file_of(settings)))


_METHODS: dict[str, Callable[[Settings, tuple[Factor, ...]], Design]] = {
    "one_at_a_time": _one_at_a_time, "grid": _grid, "latin_hypercube": _latin_hypercube, "morris": _morris,
    "sobol": _sobol, "draws": _draws, "posterior": _posterior, "file": _file,
}  # fmt: skip


def _sampled(
    settings: Settings, factors: tuple[Factor, ...], rows: int, sample: Callable[[dict[str, Any]], np.ndarray]
) -> Design:
    import pandas as pd

    if settings.n < 1:
        raise UserError(invalid("design.n", settings.n, f"1 or more for {settings.method}"))
    _check_rows(rows)
    blank = Design(settings.method, factors, pd.DataFrame())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SALib announces future changes
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
