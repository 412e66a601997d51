"""Results: what a folder of runs holds, as tidy frames, as answers to queries, and as a summary on the terminal."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.engine.plan import BASELINE
from sim.errors import UserError, first_line, instead
from sim.formatting import signed
from sim.outcomes.condensed import SHARES, USERS, WITHOUT
from sim.outcomes.outcomes import GROUPS, OUTCOMES
from sim.runs.archive import Archive
from sim.studies.designs import BY_ROW, ROW, SHARED
from sim.studies.store import write_by, write_table

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

_AGAIN = "the sweep's own command, given again, writes it anew"
_FEW = 5
_CHANCE = {
    SHARED: "; all rows on the same people and random numbers",
    BY_ROW: "; each row with its own people and random numbers",
}
HEADLINES = ("burn_out_complaints", "isolation_from_colleagues", "isolation_from_company")


class Results:
    """The runs kept in a folder.

    `design` has one row per setting, `runs` one per run: its id, row and replicate. `levels` and `differences` are
    means over the last 26 weeks by run, scenario and group; `weekly` is everybody by week.
    """

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)
        self.archive = Archive(self.folder)

    @property
    def begun(self) -> bool:
        """Whether the folder holds a study at all."""
        return (self.folder / "about.json").is_file() and (self.folder / "runs.csv").is_file()

    @cached_property
    def about(self) -> dict[str, Any]:
        """What the study tells of itself."""
        self._check()
        try:
            content: dict[str, Any] = json.loads((self.folder / "about.json").read_text(encoding="utf-8"))
        except ValueError:
            raise UserError(f"{self.folder / 'about.json'} is not as it was written; {_AGAIN}") from None
        return content

    @cached_property
    def design(self) -> pd.DataFrame:
        """The table of settings, indexed by row; blank where a factor stays as it is."""
        import pandas as pd

        self._check()
        table = pd.read_csv(self.folder / "design.csv")
        if ROW not in table.columns:
            raise UserError(f"{self.folder / 'design.csv'} is not as it was written; {_AGAIN}")
        return table.set_index(ROW)

    @cached_property
    def runs(self) -> pd.DataFrame:
        """All runs that were asked for, in the order of the design: run, row, replicate."""
        import pandas as pd

        self._check()
        runs = pd.read_csv(self.folder / "runs.csv", dtype={"run": "str"})
        if list(runs.columns) != ["run", ROW, "replicate"]:
            raise UserError(f"{self.folder / 'runs.csv'} is not as it was written; {_AGAIN}")
        return runs

    @cached_property
    def states(self) -> pd.DataFrame:
        """`runs` with `state` (done, failed, missing) and `error`."""
        import pandas as pd

        known = self.archive.known()
        told = self.runs.copy()
        told["state"] = ["missing" if r not in known else "failed" if known[r] else "done" for r in told["run"]]
        told["error"] = pd.Series([known.get(r, "") for r in told["run"]], dtype="str")
        return told

    @property
    def any_done(self) -> bool:
        """Whether any run is done."""
        return bool((self.states["state"] == "done").any())

    def _check(self) -> None:
        if not self.begun:
            raise UserError(
                f"{self.folder} holds no sweep; give a folder that a sweep has written, with runs.csv in it"
            )

    def levels(
        self, outcomes: Sequence[str] | None = None, groups: Sequence[str] | None = ("everybody",)
    ) -> pd.DataFrame:
        """Means over the last 26 weeks: row, replicate, scenario, group, then the outcomes, in the order of the design.

        None stands for all outcomes, and for all groups.
        """
        _check_names("outcome", outcomes, [*OUTCOMES, *SHARES, "people"])
        _check_names("group", groups, [*GROUPS, USERS, WITHOUT])
        columns = None if outcomes is None else ["scenario", "group", *outcomes]
        table = self._in_order("levels", columns)
        return table if groups is None else table[table["group"].isin(groups)].reset_index(drop=True)

    def weekly(self, outcomes: Sequence[str] | None = None) -> pd.DataFrame:
        """Means of everybody by week: row, replicate, scenario, week, then the outcomes, in the order of the design."""
        _check_names("outcome", outcomes, OUTCOMES)
        return self._in_order("weekly", None if outcomes is None else ["scenario", "week", *outcomes])

    def differences(
        self, outcomes: Sequence[str] = HEADLINES, groups: Sequence[str] | None = ("everybody",)
    ) -> pd.DataFrame:
        """The same as `levels`, less the baseline of the same run: only scenarios that are not the baseline."""
        levels = self.levels(outcomes, groups)
        keys = [ROW, "replicate", "group"]
        usual = levels[levels["scenario"] == BASELINE.name].set_index(keys)[list(outcomes)]
        others = levels[levels["scenario"] != BASELINE.name].reset_index(drop=True)
        paired = usual.reindex(others.set_index(keys).index).to_numpy(np.float64)
        others[list(outcomes)] = others[list(outcomes)].to_numpy(np.float64) - paired
        return others

    def _in_order(self, name: str, columns: Sequence[str] | None) -> pd.DataFrame:
        """A table with row and replicate in place of the run's id, in the order of the design; other runs left out.

        Rows of a design that ask for the same run each have it.
        """
        self._check()
        table = self.archive.table(name, columns)
        for text in ("run", "scenario", "group"):
            if text in table:
                table[text] = table[text].astype("str")
        place = {scenario: number for number, scenario in enumerate(self.about["scenarios"])}
        asked = self.runs.assign(_number=self.runs.index)
        joined = table.assign(_place=table["scenario"].map(place).fillna(len(place))).merge(asked, on="run")
        ordered = joined.sort_values(["_number", "_place"], kind="stable", ignore_index=True)
        others = [column for column in table.columns if column != "run"]
        return ordered[[ROW, "replicate", *others]]

    # -- queries ------------------------------------------------------------------------------------------------------

    def scan(self, name: str = "levels") -> pl.LazyFrame:
        """A table of all batches as a lazy Polars frame, with row and replicate; UserError where Polars is missing."""
        try:
            import polars as pl
        except ImportError:
            raise UserError("this needs Polars; install hybridwork[analysis]") from None
        self._check_table(name)
        runs = pl.LazyFrame({column: self.runs[column].to_list() for column in self.runs.columns})
        of_batches = pl.scan_parquet([str(path) for path in self.archive.files(name)])
        return of_batches.with_columns(pl.col("run").cast(pl.String)).join(runs, on="run", how="inner")

    def query(self, sql: str) -> pd.DataFrame:
        """The answer of DuckDB to a query of the tables `design`, `runs` (with state and error), `levels` and `weekly`.

        Raises UserError where DuckDB is missing or does not understand the query.
        """
        try:
            import duckdb
        except ImportError:
            raise UserError("this needs DuckDB; install hybridwork[analysis]") from None
        self._check()
        with duckdb.connect() as connection:
            connection.register("design", self.design.reset_index())
            connection.register("runs", self.states)
            for name in self.archive.tables():
                if name != "runs":
                    files = [str(path) for path in self.archive.files(name)]
                    connection.read_parquet(files).create_view(f"batches_{name}")
                    connection.execute(
                        f"create view {name} as select runs.row, runs.replicate, batches_{name}.* "
                        f"from batches_{name} join runs using (run)"
                    )
            try:
                frame: pd.DataFrame = connection.sql(sql).df()
            except (duckdb.Error, AttributeError) as error:
                raise UserError(f"DuckDB does not answer this query: {first_line(error)}") from None
        return frame

    def _check_table(self, name: str) -> None:
        self._check()
        if name not in self.archive.tables():
            raise UserError(f"{self.folder} holds no table '{name}'; it holds {', '.join(self.archive.tables())}")

    # -- in words -----------------------------------------------------------------------------------------------------

    def told(self) -> str:
        """What the folder holds, for a terminal: how many runs, and how their differences from the baseline spread."""
        states = self.states["state"].value_counts()
        counts = ", ".join(f"{states.get(state, 0):,} {state}" for state in ("done", "failed", "missing"))
        design = self.about["design"]
        lines = [
            f"{len(self.design):,} rows of {len(design['factors'])} factors ({design['method']}), "
            f"{len(self.runs):,} runs: {counts}{_CHANCE.get(design.get('chance'), '')}"
        ]
        failed = self.states[self.states["state"] == "failed"]
        by_error = list(failed.groupby("error", sort=False))
        for error, rows in by_error[:_FEW]:
            lines.append(f"  failed: {len(rows):,} runs, the first in row {rows[ROW].iloc[0]}: {error}")
        if len(by_error) > _FEW:
            lines.append(f"  and {len(by_error) - _FEW} other errors; table=runs lists them")
        return "\n".join([*lines, *self._spread()])

    def _spread(self) -> list[str]:
        from sim.outcomes.summary import label_of

        if not self.any_done:
            return []
        names = {name: OUTCOMES[name].label for name in HEADLINES}
        differences = self.differences()
        if differences.empty:
            return []
        lines = ["", "difference from the baseline over the rows: median (5th to 95th percentile)"]
        for scenario, own in differences.groupby("scenario", sort=False):
            lines.append(f"  {label_of(str(scenario))}")
            for name in HEADLINES:
                low, middle, high = (signed(one, 2) for one in np.nanpercentile(own[name], (5, 50, 95)))
                lines.append(f"    {names[name]}, {OUTCOMES[name].unit}: {middle} ({low} to {high})")
        return lines


def _check_names(kind: str, names: Sequence[str] | None, known: Iterable[str]) -> None:
    """Raise UserError for a name that does not exist, and for a text in place of a list of names."""
    every = list(known)
    for name in [names] if isinstance(names, str) else names or ():
        if name not in every:
            raise UserError(f"there is no {kind} '{name}' {instead(name, every)}")
    if isinstance(names, str):
        raise UserError(f"{kind}s are '{names}'; a list is right, as in ['{names}']")


# -- the command ------------------------------------------------------------------------------------------------------

_OPTIONS = ("table", "export", "sql", "groups")
_TABLES = ("levels", "differences", "weekly", "design", "runs")
USAGE = """hybridwork results [FOLDER] [name=value ...]

Without a folder: every sweep below outputs/. With one: what it holds, and how its differences from the baseline spread.
  table=levels        what to export: levels, differences, weekly, design, or runs (with state and error)
  groups=all          levels and differences of every group instead of everybody
  export=FILE         write that table as .csv or .parquet
  sql="select ..."    ask DuckDB; tables are design, runs, levels and weekly; with export= the answer is written
"""


def main(argv: list[str]) -> int:
    """`hybridwork results`: list, summarise, query and export what a folder of runs holds."""
    if {"--help", "-h"} & set(argv):
        print(USAGE)
        return 0
    given = [word.split("=", 1) for word in argv if "=" in word and not Path(word).is_dir()]
    folders = [word for word in argv if "=" not in word or Path(word).is_dir()]
    _check_words([name for name, _ in given], folders)
    options = dict(given)
    _check_values(options)
    if not folders:
        print(listed(Path("outputs")))
        return 0
    results = Results(folders[0])
    if not options:
        print(results.told())
        return 0
    frame = results.query(options["sql"]) if "sql" in options else _frame(results, options)
    if "export" in options:
        write_frame(frame, _checked_export(options["export"], results))
        print(options["export"])
    else:
        print(_without_negative_zeros(frame).to_string(index=False, max_rows=40, max_cols=12))
    return 0


def _without_negative_zeros(frame: pd.DataFrame) -> pd.DataFrame:
    numbers = frame.select_dtypes("float").columns
    return frame.assign(**{name: frame[name] + 0.0 for name in numbers})


def _check_words(names: Sequence[str], folders: Sequence[str]) -> None:
    for name in names:
        if name not in _OPTIONS:
            raise UserError(f"results has no setting '{name}' {instead(name, _OPTIONS)}")
        if names.count(name) > 1:
            raise UserError(f"{name} is given {names.count(name)} times; once is right")
    if len(folders) > 1 or (names and not folders):
        raise UserError("results takes one folder, as in results outputs/sweep/mine export=levels.csv")


def _check_values(options: Mapping[str, str]) -> None:
    if options.get("groups", "all") != "all":
        raise UserError(f"groups is '{options['groups']}'; groups=all is right, or nothing for everybody together")
    if options.get("table", "levels") not in _TABLES:
        raise UserError(f"there is no table '{options['table']}' {instead(options['table'], _TABLES)}")
    if "sql" in options and {"table", "groups"} & set(options):
        raise UserError("sql asks a question of its own; leave table and groups out, or sql")
    if "groups" in options and options.get("table", "levels") not in ("levels", "differences"):
        raise UserError(f"table {options['table']} knows no groups; leave groups out")
    if "sql" in options and not options["sql"].strip():
        raise UserError('sql is empty; a question is right, as in sql="select * from runs"')


def _frame(results: Results, options: Mapping[str, str]) -> pd.DataFrame:
    groups = None if "groups" in options else ("everybody",)
    frames: dict[str, Callable[[], pd.DataFrame]] = {
        "levels": lambda: results.levels(groups=groups),
        "differences": lambda: results.differences(tuple(OUTCOMES), groups),
        "weekly": results.weekly,
        "design": lambda: results.design.reset_index(),
        "runs": lambda: results.states,
    }
    return frames[options.get("table", "levels")]()


def _checked_export(name: str, results: Results) -> Path:
    """Where to export to, unless that is a file of the study itself."""
    path = Path(name)
    if path.resolve().parent in (results.folder.resolve(), *results.folder.resolve().glob("batches/*")):
        if path.exists():
            raise UserError(f"export={name} would overwrite a file of the study; another name is right")
    return path


def write_frame(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame as csv or parquet, as the name says, whole or not at all; UserError for another name."""
    if path.suffix.lower() == ".parquet":
        write_table(frame, path)
    elif path.suffix.lower() == ".csv":
        write_by(path, lambda temporary: frame.to_csv(temporary, index=False))
    else:
        raise UserError(f"export is '{'' if path == Path() else path}'; a name that ends in .csv or .parquet is right")


def listed(root: Path) -> str:
    """Every folder of runs below `root`, one a line, with what it holds."""
    found = [Results(path.parent) for path in sorted(root.glob("**/runs.csv"))]
    if not found:
        return f"there is no sweep below {root}; `hybridwork sweep` makes one"
    return "\n".join(f"{results.folder}\n  {_in_a_line(results)}" for results in found)


def _in_a_line(results: Results) -> str:
    try:
        return results.told().splitlines()[0]
    except UserError as mistake:
        return str(mistake)
