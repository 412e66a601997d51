"""Results in a folder of runs: tidy tables, queries, and a summary for the terminal."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.config.settings import split_words
from sim.engine.plan import BASELINE
from sim.errors import UserError, first_line, invalid, unknown
from sim.experiments import sweep_record
from sim.experiments.designs import BY_ROW, ROW, SHARED
from sim.experiments.output_folder import write_by, write_table
from sim.experiments.sweep_record import SweepRecord
from sim.formatting import signed
from sim.outcomes.definitions import GROUPS, HEADLINES, OUTCOMES
from sim.outcomes.no_effect import count_reasons
from sim.outcomes.run_summary import SHARES, TABLES, USERS, WITHOUT
from sim.paths import check_writable, read_path
from sim.runs.archive import Archive, read_rows, unreadable

if TYPE_CHECKING:
    import duckdb
    import pandas as pd
    import polars as pl
    import pyarrow as pa

_FEW = 5
_CHANCE = {
    SHARED: "; all rows on the same people and random numbers",
    BY_ROW: "; each row with its own people and random numbers",
}
KNOWN_TABLES = (*TABLES, "observed")
"""Tables of batches, beside that of their runs; the study `posterior` writes `observed`."""
_CLOSED = (
    "set python_enable_replacements = false",
    "set autoinstall_known_extensions = false",
    "set autoload_known_extensions = false",
    "set temp_directory = ''",
    "set enable_external_access = false",
)
"""Settings of DuckDB without access to other files, addresses, extensions and variables of Python."""


class Results:
    """Results of the runs in a folder.

    Parameters
    ----------
    folder : str or Path
        Folder of a sweep or of another study of many runs.
    """

    def __init__(self, folder: str | Path):
        self.folder = read_path(folder)
        self.archive = Archive(self.folder)

    @property
    def exists(self) -> bool:
        """Whether the folder contains a study."""
        return sweep_record.exists(self.folder)

    @cached_property
    def record(self) -> SweepRecord:
        """Record of the study; raises UserError where it is missing or damaged."""
        if not self.exists:
            raise UserError(f"No sweep in {self.folder}. Use the folder of a sweep, which has runs.csv.")
        return sweep_record.read(self.folder)

    @property
    def about(self) -> dict[str, Any]:
        """Versions and settings of the study."""
        return self.record.about

    @property
    def design(self) -> pd.DataFrame:
        """Table of settings, indexed by row; blank where a factor keeps its default."""
        return self.record.design

    @property
    def runs(self) -> pd.DataFrame:
        """All runs of the design in its order: run, row, replicate."""
        return self.record.runs

    @cached_property
    def states(self) -> pd.DataFrame:
        """`runs` with `state` (done, failed, missing) and `error`."""
        import pandas as pd

        known = self.archive.known()
        state = ["missing" if run not in known else "failed" if known[run] else "done" for run in self.runs["run"]]
        error = pd.Series([known.get(run, "") for run in self.runs["run"]], dtype="str")
        return self.runs.assign(state=state, error=error)

    @property
    def any_done(self) -> bool:
        """Whether any run is done."""
        return bool((self.states["state"] == "done").any())

    def levels(
        self, outcomes: Sequence[str] | None = None, groups: Sequence[str] | None = ("everybody",)
    ) -> pd.DataFrame:
        """Return means over the last 26 weeks.

        Parameters
        ----------
        outcomes : sequence of str, optional
            Names of outcomes; by default all.
        groups : sequence of str, optional
            Names of groups; None for all.

        Returns
        -------
        DataFrame
            Row, replicate, scenario and group, then the outcomes, in the order of the design.
        """
        return self._levels(outcomes, groups)

    def _levels(self, outcomes: Sequence[str] | None, groups: Sequence[str] | None, *more: str) -> pd.DataFrame:
        _check_names("outcome", outcomes, [*OUTCOMES, *SHARES, "people"])
        _check_names("group", groups, [*GROUPS, USERS, WITHOUT])
        table = self._in_order("levels", None if outcomes is None else ["scenario", "group", *outcomes, *more])
        return table if groups is None else table[table["group"].isin(groups)].reset_index(drop=True)

    def weekly(self, outcomes: Sequence[str] | None = None) -> pd.DataFrame:
        """Return means over everybody by week: row, replicate, scenario and week, then the outcomes."""
        _check_names("outcome", outcomes, OUTCOMES)
        return self._in_order("weekly", None if outcomes is None else ["scenario", "week", *outcomes])

    def differences(
        self, outcomes: Sequence[str] = HEADLINES, groups: Sequence[str] | None = ("everybody",)
    ) -> pd.DataFrame:
        """Return differences from the baseline of the same run, in the form of `levels`.

        The last column, `reason`, says why a scenario has no effect in a run; it is empty where the scenario has one.
        """
        levels = self._levels(outcomes, groups, "reason")
        if "reason" not in levels:
            levels["reason"] = ""  # versions before 0.4 did not store it
        keys = [ROW, "replicate", "group"]
        usual = levels[levels["scenario"] == BASELINE.name].set_index(keys)[list(outcomes)]
        others = levels[levels["scenario"] != BASELINE.name].reset_index(drop=True)
        paired = usual.reindex(others.set_index(keys).index).to_numpy(np.float64)
        others[list(outcomes)] = others[list(outcomes)].to_numpy(np.float64) - paired
        return others

    def _in_order(self, name: str, columns: Sequence[str] | None) -> pd.DataFrame:
        """Return a table by row and replicate in the order of the design; a run that rows share is in each of them."""
        place = {scenario: number for number, scenario in enumerate(self.about["scenarios"])}
        runs = self.runs.assign(_number=self.runs.index)
        table = self.archive.table(name, columns)
        table = table.astype({text: "str" for text in ("run", "scenario", "group", "reason") if text in table})
        joined = table.assign(_place=table["scenario"].map(place).fillna(len(place))).merge(runs, on="run")
        ordered = joined.sort_values(["_number", "_place"], kind="stable", ignore_index=True)
        return ordered[[ROW, "replicate", *table.columns.drop("run")]]

    def scan(self, name: str = "levels") -> pl.LazyFrame:
        """Return a table of all batches as a lazy frame of Polars, with row and replicate.

        Raises UserError where Polars is missing or there is no such table.
        """
        try:
            import polars as pl
        except ImportError:
            raise UserError("Missing package: Polars. Install hybridwork[analysis].") from None
        runs = pl.LazyFrame({column: self.runs[column].to_list() for column in self.runs.columns})
        if name not in self.archive.tables():
            raise UserError(unknown("table", name, self.archive.tables()))
        whole, others = self._parts(name)
        parts = [pl.scan_parquet(whole, glob=False, hive_partitioning=False)] if whole else []
        parts += [pl.LazyFrame(pl.from_arrow(table)) for table in others]
        # Categories differ from file to file.
        parts = [part.with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String)) for part in parts]
        return pl.concat(parts, how="vertical_relaxed").join(runs, on="run", how="inner")

    def query(self, sql: str) -> pd.DataFrame:
        """Return the result of a SQL query.

        Parameters
        ----------
        sql : str
            Query for DuckDB of the tables `design`, `runs` (with state and error), `levels` and `weekly`. It has no
            access to other files, addresses or settings.

        Raises
        ------
        UserError
            Where DuckDB is missing or rejects the query.
        """
        try:
            import duckdb
        except ImportError:
            raise UserError("Missing package: DuckDB. Install hybridwork[analysis].") from None
        design, states = self.design.reset_index(), self.states
        tables = {name: self._parts(name) for name in self.archive.tables() if name in KNOWN_TABLES}
        with duckdb.connect() as connection:
            try:
                for setting in _CLOSED:
                    connection.execute(setting)
                connection.register("design", design)
                connection.register("runs", states)
                for name, parts in tables.items():
                    _create_view(connection, name, *parts)
                connection.execute("set lock_configuration = true")
                return connection.sql(sql).df()
            except (duckdb.Error, AttributeError) as error:
                raise UserError(f"Invalid query: {first_line(error)}") from None

    def _parts(self, name: str) -> tuple[list[str], list[pa.Table]]:
        """Return the files of a table in which every row counts, and the counted rows of other files."""
        import pyarrow as pa

        valid = list(self.archive.valid_files(name))
        try:
            others = [read_rows(path, runs) for path, runs in valid if runs is not None]
        except (pa.ArrowException, OSError, KeyError) as error:
            raise unreadable(self.folder, name, error) from None
        return [str(path.absolute()) for path, runs in valid if runs is None], others

    def told(self) -> str:
        """Return `summary_text()`, which had this name in version 0.4."""
        warnings.warn("Results.told is now Results.summary_text.", DeprecationWarning, stacklevel=2)
        return self.summary_text()

    def summary_text(self) -> str:
        """Return the number of runs by state, and the differences from the baseline with their spread."""
        states = self.states["state"].value_counts()
        counts = ", ".join(f"{states.get(state, 0):,} {state}" for state in ("done", "failed", "missing"))
        design = self.about["design"]
        lines = [
            f"{len(self.design):,} rows of {len(design['factors'])} factors ({design['method']}), "
            f"{len(self.runs):,} runs: {counts}{_CHANCE.get(design.get('chance'), '')}"
        ]
        by_error = list(self.states.query("state == 'failed'").groupby("error", sort=False))
        for error, rows in by_error[:_FEW]:
            lines.append(f"  failed: {len(rows):,} runs, the first in row {rows[ROW].iloc[0]}: {error}")
        if len(by_error) > _FEW:
            lines.append(f"  and {len(by_error) - _FEW} other errors; table=runs lists them")
        return "\n".join([*lines, *self._spread()])

    def _spread(self) -> list[str]:
        from sim.reporting.labels import label_of

        if not self.any_done or (differences := self.differences()).empty:
            return []
        lines = ["", "difference from the baseline over the runs with an effect: median (5th to 95th percentile)"]
        for scenario, own in differences.groupby("scenario", sort=False):
            lines.append(f"  {label_of(str(scenario))}")
            without = own.loc[own["reason"] != "", "reason"].value_counts().to_dict()
            if without:
                none = "no effect in any run" if sum(without.values()) == len(own) else "no effect"
                lines.append(f"    {none}: {count_reasons(without, len(own))}")
            with_effect = own[own["reason"] == ""]
            for name in HEADLINES if len(with_effect) else ():
                low, middle, high = (signed(one, 2) for one in np.nanpercentile(with_effect[name], (5, 50, 95)))
                lines.append(f"    {OUTCOMES[name].label}, {OUTCOMES[name].unit}: {middle} ({low} to {high})")
        return lines


def _create_view(connection: duckdb.DuckDBPyConnection, name: str, files: list[str], others: list[pa.Table]) -> None:
    """Create a view of a table with row and replicate; DuckDB itself would read names of files as patterns."""
    import pyarrow.dataset as ds

    parts = [ds.dataset(files, format="parquet")] if files else []
    for number, part in enumerate([*parts, *others]):
        connection.register(f"{name}_{number}", part)
    every = " union all by name ".join(f'select * from "{name}_{number}"' for number in range(len(parts) + len(others)))
    connection.execute(
        f'create view "{name}" as select runs."row", runs.replicate, kept.* '
        f"from ({every}) as kept join runs on kept.run = runs.run"
    )


def _check_names(kind: str, names: Sequence[str] | None, known: Iterable[str]) -> None:
    """Raise UserError for an unknown name, and for a text in place of a list of names."""
    every = list(known)
    for name in [names] if isinstance(names, str) else names or ():
        if name not in every:
            raise UserError(unknown(kind, name, every))
    if isinstance(names, str):
        raise UserError(invalid(f"{kind}s", names, f"a list, as in ['{names}']"))


# -- the command ------------------------------------------------------------------------------------------------------

_OPTIONS = ("table", "export", "sql", "groups", "csv")
_TABLES: Mapping[str, Callable[[Results, Sequence[str] | None], pd.DataFrame]] = {
    "levels": lambda results, groups: results.levels(groups=groups),
    "differences": lambda results, groups: results.differences(tuple(OUTCOMES), groups),
    "weekly": lambda results, _: results.weekly(),
    "design": lambda results, _: results.design.reset_index(),
    "runs": lambda results, _: results.states,
}
USAGE = """hybridwork results [FOLDER] [name=value ...]

Without a folder: list every sweep below outputs/. With one: its runs, and the spread of differences from the baseline.
  table=levels        what to export: levels, differences, weekly, design, or runs (with state and error)
  groups=all          levels and differences of every group instead of everybody
  export=FILE         write that table as .csv or .parquet
  csv=dutch           write the .csv as Dutch spreadsheets do: semicolons and decimal commas
  sql="select ..."    ask DuckDB; tables are design, runs, levels and weekly; with export= the answer is written
"""


def main(argv: list[str]) -> int:
    """Run `hybridwork results`: list, summarise, query and export the runs in a folder."""
    print(USAGE if {"--help", "-h"} & set(argv) else _answer(argv))
    return 0


def _answer(argv: Sequence[str]) -> str:
    folders, pairs = split_words(argv, _OPTIONS)
    options = dict(pairs)
    if len(options) < len(pairs):
        names = [name for name, _ in pairs]
        raise UserError(f"Repeated setting: {max(names, key=names.count)}. Use it once.")
    if len(folders) > 1 or (options and not folders):
        raise UserError(f"Invalid number of folders: {len(folders)}. Use one, as in results outputs/mine export=a.csv.")
    _check_values(options)
    if not folders:
        return listed(Path("outputs"))
    results = Results(folders[0])
    if not options:
        return results.summary_text()
    export = _checked_export(options["export"]) if "export" in options else None
    groups = None if "groups" in options else ("everybody",)
    table = _TABLES[options.get("table", "levels")]
    frame = results.query(options["sql"]) if "sql" in options else table(results, groups)
    if export is not None:
        write_frame(frame, export, dutch=options.get("csv") == "dutch")
        return options["export"]
    without_negative_zeros = frame.assign(**frame.select_dtypes("float").add(0.0))
    return str(without_negative_zeros.to_string(index=False, max_rows=40, max_cols=12))


def _check_values(options: Mapping[str, str]) -> None:
    if options.get("groups", "all") != "all":
        raise UserError(invalid("groups", options["groups"], "groups=all, or leave it out for everybody together"))
    if options.get("table", "levels") not in _TABLES:
        raise UserError(unknown("table", options["table"], _TABLES))
    if "sql" in options and {"table", "groups"} & set(options):
        raise UserError("Conflicting settings: sql, and table or groups. Use one of the two.")
    if "groups" in options and options.get("table", "levels") not in ("levels", "differences"):
        raise UserError(f"Invalid setting: groups. The table {options['table']} has no groups.")
    if options.get("csv", "english") not in ("english", "dutch"):
        raise UserError(invalid("csv", options["csv"], "english or dutch"))
    if "csv" in options and not options.get("export", "").lower().endswith(".csv"):
        raise UserError("Invalid setting: csv. Use it with export=FILE.csv.")
    if "sql" in options and not options["sql"].strip():
        raise UserError(invalid("sql", '""', 'a query, as in sql="select * from runs"'))


def _checked_export(name: str) -> Path:
    """Return the path of an export; raise UserError where it is in a folder of runs or cannot be written."""
    path = read_path(name)
    if any((above / "design.csv").is_file() and (above / "batches").is_dir() for above in path.resolve().parents):
        raise UserError(invalid("export", name, "another folder", "It is in the folder of a study."))
    check_writable(path.parent, "export")
    return path


def write_frame(frame: pd.DataFrame, path: Path, dutch: bool = False) -> None:
    """Write a frame atomically as CSV or Parquet, by its suffix; raise UserError for another suffix.

    With `dutch`, CSV has semicolons and decimal commas.
    """
    if path.suffix.lower() == ".parquet":
        write_table(frame, path)
    elif path.suffix.lower() == ".csv":
        write_by(path, partial(_write_dutch, frame) if dutch else partial(frame.to_csv, index=False))
    else:
        raise UserError(invalid("export", "" if path == Path() else path, "a name that ends in .csv or .parquet"))


def _write_dutch(frame: pd.DataFrame, path: Path) -> None:
    def with_comma(cell: Any) -> Any:
        return str(cell).replace(".", ",") if isinstance(cell, float) else cell

    # pandas writes decimal commas only in columns of numbers.
    mixed = {name: frame[name].map(with_comma, na_action="ignore") for name in frame if frame[name].dtype == object}
    # Spreadsheets recognise UTF-8 by the byte order mark.
    frame.assign(**mixed).to_csv(path, index=False, sep=";", decimal=",", encoding="utf-8-sig")


def listed(root: Path) -> str:
    """Return every folder of runs below `root` with a line on its runs."""
    lines = []
    for path in sorted(root.glob("**/runs.csv")):
        results = Results(path.parent)
        try:
            line = results.summary_text().splitlines()[0]
        except UserError as mistake:
            line = str(mistake)
        lines.append(f"{results.folder}\n  {line}")
    return "\n".join(lines) or f"No sweep in or below {root}. Run hybridwork sweep."
