"""Folders of any name, and folders with hostile content: names are no patterns, content is never executed."""

from __future__ import annotations

import shutil
from itertools import product
from pathlib import Path

import pandas as pd
import pytest
from families import spread

from sim.__main__ import main
from sim.errors import UserError
from sim.experiments.results import Results
from sim.experiments.sweep import run_sweep
from sim.files import SUMS, checksum_listing
from sim.runs.worker_pool import in_process_pool
from tests.test_damaged_folders import small

NAMES = (
    "run [1]", "run*", "run?", "{a}", "{a,b}", "**", "a b", "it's", 'say "so"', "50%", "%2F", "één", "日本", "-dash",
    "a=b", "row=3", "a~b", "$HOME", "#", "a;b", "s3:x", "file:x",
)  # fmt: skip


def _finished(tmp_path_factory, **options) -> Path:
    folder = tmp_path_factory.mktemp("sweep") / "runs"
    run_sweep(small(**options), folder, in_process_pool(), batch=4)
    return folder


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    return _finished(tmp_path_factory, rows=3)


@pytest.fixture(scope="module")
def other(tmp_path_factory) -> Path:
    return _finished(tmp_path_factory, rows=5)


@pytest.fixture
def copied(finished, tmp_path) -> Path:
    pytest.importorskip("duckdb")
    return Path(shutil.copytree(finished, tmp_path / "theirs"))


# -- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("relative", "name"), spread(product((True, False), NAMES), 17))
def test_a_folder_of_any_name_is_read_without_its_neighbours(name, relative, finished, other, tmp_path, monkeypatch):
    pytest.importorskip("duckdb")
    pytest.importorskip("polars")
    shutil.copytree(finished, tmp_path / name)
    for neighbour in ("run 1", "runs", "run1", "a", "b"):  # what the names would match as patterns
        shutil.copytree(other, tmp_path / neighbour, dirs_exist_ok=neighbour == name)
    monkeypatch.chdir(tmp_path)
    results, count = Results(name if relative else tmp_path / name), len(Results(finished).levels(groups=None))
    assert len(results.levels(groups=None)) == count
    assert len(results.scan("levels").collect()) == count
    assert results.query("select count(*) as n from levels")["n"][0] == count
    run_sweep(small(3), results.folder, in_process_pool())


@pytest.mark.parametrize("name", ["a~b", "run [1]", "a b", "één", "50%"])
def test_an_export_is_written_to_exactly_the_given_path(name, finished, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).mkdir()
    for kind in ("csv", "parquet"):
        assert main(["results", str(finished), f"export={name}/levels.{kind}"]) == 0
        assert (tmp_path / name / f"levels.{kind}").stat().st_size > 100
    assert sorted(path.name for path in (tmp_path / name).iterdir()) == ["levels.csv", "levels.parquet"]


# -- names of files and texts of a query -----------------------------------------------------------------------------


def _sign(batch: Path) -> None:
    """Write checksums as a stranger would who wants the batch to be read."""
    contents = {path.name: path.read_bytes() for path in batch.glob("*.parquet")}
    (batch / SUMS).write_text(checksum_listing(contents), encoding="utf-8")


HOSTILE = (
    "x as select 1; create table stolen as select 1; --", "levels; drop view runs", 'a"b', "a'b", "runs", "design",
    "pg_catalog", "levels as select 42 as exhaustion; --", "Levels", "observed", "weekly2", "select", " ", "é",
)  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_the_name_of_a_file_is_never_executed(name, copied):
    batch = sorted(copied.glob("batches/[!.]*"))[0]
    if not (batch / f"{name}.parquet").exists():
        pd.DataFrame({"run": ["x"], "exhaustion": [42.0]}).to_parquet(batch / f"{name}.parquet")
    _sign(batch)
    results = Results(copied)
    tables = set(results.query("select table_name from information_schema.tables")["table_name"])
    known = {"design", "runs", "levels", "weekly", "observed"}
    assert {table for table in tables if table.rpartition("_")[0] not in known} <= known
    assert 42.0 not in set(results.query("select exhaustion from levels")["exhaustion"])


FORBIDDEN = [
    "select * from read_text('{file}')",
    "select * from read_csv('{file}')",
    "select * from '{file}'",
    "select * from glob('{folder}/*')",
    "select * from read_parquet('{folder}/*')",
    "select * from sniff_csv('{file}')",
    "select * from read_csv('http://127.0.0.1:9/x.csv')",
    "copy (select 1) to '{new}'",
    "select 1; copy (select 1) to '{new}'",
    "attach '{new}'",
    "export database '{new}'",
    "install httpfs",
    "load httpfs",
    "set enable_external_access = true",
    "select 1; set enable_external_access = true; select * from read_text('{file}')",
    "reset enable_external_access",
    "select * from states",  # a variable of Python
]


@pytest.mark.parametrize("sql", FORBIDDEN)
def test_a_query_sees_the_tables_and_nothing_else(sql, finished, tmp_path):
    pytest.importorskip("duckdb")
    secret, new = tmp_path / "secret.csv", tmp_path / "new"
    secret.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(UserError, match="Invalid query"):
        Results(finished).query(sql.format(file=secret, folder=tmp_path, new=new))
    assert [path.name for path in tmp_path.iterdir()] == ["secret.csv"]


UNREADABLE = {
    "no column of runs": pd.DataFrame({"exhaustion": [1.0]}),
    "runs that are numbers": pd.DataFrame({"run": [1], "exhaustion": [1.0]}),
    "no rows": pd.DataFrame({"run": pd.Series([], dtype="str")}),
    "other columns": pd.DataFrame({"run": ["a"], "scenario": ["b"], "group": ["c"], "week": ["d"]}),
}


@pytest.mark.parametrize("table", UNREADABLE.values(), ids=list(UNREADABLE))
@pytest.mark.parametrize("name", ["levels", "runs"])
def test_an_invalid_table_of_another_origin_gives_at_most_one_line(name, table, copied, capsys):
    batch = sorted(copied.glob("batches/[!.]*"))[0]
    table.to_parquet(batch / f"{name}.parquet")
    _sign(batch)
    for words in ([], ["table=levels"], ["table=runs"], ["sql=select count(*) from levels"]):
        code = main(["results", str(copied), *words])
        lines = capsys.readouterr().err.strip().splitlines()
        assert (code, len(lines)) in ((0, 0), (2, 1)), (words, lines)
