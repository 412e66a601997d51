"""A folder of runs that somebody changed gives the same rows, or one line that helps, and never other numbers."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
from functools import cache
from itertools import product
from pathlib import Path

import pandas as pd
import pytest
from families import spread

from sim.__main__ import main
from sim.config import composition
from sim.errors import UserError
from sim.experiments import designs
from sim.experiments.factors import DesignContext, choose
from sim.experiments.results import Results
from sim.experiments.sweep import Sweep, run_sweep
from sim.files import MARKER, SUMS
from sim.runs import batch as batches
from sim.runs.archive import Archive, StoredBatch
from sim.runs.worker_pool import in_process_pool

OVERRIDES = (
    "firm=one", "firm.employees=40", "weeks=2", "burn_in=1", "scenarios=[right_to_disconnect]", "engine=reference",
)  # fmt: skip
ROWS = 8


@cache
def context() -> DesignContext:
    return DesignContext(composition.compose(*OVERRIDES), OVERRIDES)


@cache
def small(rows: int = ROWS, tables: tuple[str, ...] = ("levels", "weekly"), seed: int = 1) -> Sweep:
    """Return a sweep over the draws of one parameter and all switches."""
    factors = choose(["mechanisms.recovery.demands_hold", "switches"], context().plan)
    return Sweep(context(), designs.make(designs.Settings("draws", n=rows, seed=seed), factors), 2, tables)


def resume(folder: Path, sweep: Sweep | None = None, **options) -> Results:
    return run_sweep(sweep or small(), folder, in_process_pool(), **options)


@pytest.fixture(scope="module")
def intact(tmp_path_factory) -> Path:
    """Return the folder of a finished sweep in three batches."""
    folder = tmp_path_factory.mktemp("intact") / "runs"
    resume(folder, batch=6)
    return folder


@pytest.fixture
def copied(intact, tmp_path) -> Path:
    return Path(shutil.copytree(intact, tmp_path / "copied"))


def tables_of(results: Results) -> dict[str, pd.DataFrame]:
    """Return every table of a folder, by row and replicate."""
    keys = ["row", "replicate", "scenario"]
    return {
        "levels": results.levels(groups=None).set_index([*keys, "group"]).sort_index(),
        "weekly": results.weekly().set_index([*keys, "week"]).sort_index(),
        "states": results.states.set_index(["row", "replicate"]).sort_index(),
        "design": results.design.sort_index(),
    }


def assert_same(results: Results, folder: Path) -> None:
    expected = tables_of(Results(folder))
    for name, table in tables_of(results).items():
        pd.testing.assert_frame_equal(table, expected[name], check_exact=True)


# -- the files that describe a sweep ----------------------------------------------------------------------------------


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines(keepends=True)


def _shuffle(path: Path) -> None:
    head, *rest = _lines(path)
    random.Random(1).shuffle(rest)
    path.write_text("".join([head, *rest]), encoding="utf-8")


def _sort_by_another_column(path: Path) -> None:
    head, *rest = _lines(path)
    path.write_text("".join([head, *sorted(rest, key=lambda line: line[::-1])]), encoding="utf-8")


def _edit(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    path.write_text(text[: len(text) // 2] + text[len(text) // 2 + 1 :], encoding="utf-8")


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _without_a_column(path: Path) -> None:
    path.write_text("".join(line.partition(",")[2] or "\n" for line in _lines(path)), encoding="utf-8")


DAMAGES = {
    "shuffled": _shuffle,
    "sorted by another column": _sort_by_another_column,
    "cut to four lines": lambda path: path.write_text("".join(_lines(path)[:4]), encoding="utf-8"),
    "a row twice": lambda path: path.write_text("".join([*_lines(path), _lines(path)[-1]]), encoding="utf-8"),
    "a row more": lambda path: path.write_text(path.read_text(encoding="utf-8") + "0,0,0\n", encoding="utf-8"),
    "a column less": _without_a_column,
    "edited": _edit,
    "one bit flipped": _flip,
    "empty": lambda path: path.write_bytes(b""),
    "binary": lambda path: path.write_bytes(bytes(range(256)) * 4),
    "a list": lambda path: path.write_text("[]", encoding="utf-8"),
    "lines of Windows": lambda path: path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n")),
    "saved by a spreadsheet": lambda path: path.write_text(
        "\ufeff" + path.read_text(encoding="utf-8").replace(",", ";"), encoding="utf-8"
    ),
    "deleted": lambda path: path.unlink(),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
}
FILES = ("runs.csv", "design.csv", "about.json", SUMS, MARKER)


@pytest.mark.parametrize(("file", "damage"), spread(product(FILES, DAMAGES), 17))
def test_a_damaged_file_never_gives_other_numbers(file, damage, intact, copied, capsys, monkeypatch):
    monkeypatch.setattr("sim.experiments.sweep_record._PAUSE", 0)
    DAMAGES[damage](copied / file)
    code = main(["results", str(copied)])
    message = capsys.readouterr().err.strip()
    if code == 0:
        assert_same(Results(copied), intact)
    else:
        assert code == 2 and "\n" not in message and "Repeat the command that wrote the folder" in message
    try:
        results = resume(copied)
    except UserError as refusal:
        assert "\n" not in str(refusal) and (copied / file).is_dir()
        return
    assert_same(results, intact)
    assert main(["results", str(copied)]) == 0


@pytest.mark.parametrize("damage", ["shuffled", "cut to four lines", "deleted"])
def test_a_damaged_list_of_runs_is_rebuilt_without_simulating(damage, intact, copied, monkeypatch, capsys):
    DAMAGES[damage](copied / "runs.csv")
    monkeypatch.setattr(batches, "run_stacked", lambda plans: pytest.fail("a run was simulated again"))
    assert_same(resume(copied), intact)
    assert "runs.csv" in capsys.readouterr().err
    assert (copied / "runs.csv").read_bytes() == (intact / "runs.csv").read_bytes()


def test_a_damaged_folder_is_not_used_for_another_sweep(copied):
    (copied / "runs.csv").unlink()
    with pytest.raises(UserError, match="none of which is in this sweep"):
        resume(copied, small(3, seed=9))
    assert not (copied / "runs.csv").exists()


def test_a_folder_of_version_0_3_0_without_checksums_is_read_by_its_columns(intact, copied):
    (copied / SUMS).unlink()
    about = json.loads((copied / "about.json").read_text(encoding="utf-8"))
    del about["schema_version"]
    (copied / "about.json").write_text(json.dumps(about), encoding="utf-8")
    _shuffle(copied / "runs.csv")
    assert_same(Results(copied), intact)
    DAMAGES["cut to four lines"](copied / "runs.csv")
    with pytest.raises(UserError, match="lacks rows"):
        Results(copied).levels()


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="no sha256sum here")
def test_the_checksums_of_a_folder_are_those_of_sha256sum(intact):
    subprocess.run(["sha256sum", "--check", "--quiet", SUMS], cwd=intact, check=True)


def test_a_command_that_changes_nothing_writes_nothing(copied):
    before = {path.name: path.stat().st_mtime_ns for path in copied.iterdir() if path.is_file()}
    resume(copied)
    assert {path.name: path.stat().st_mtime_ns for path in copied.iterdir() if path.is_file()} == before


# -- which batches count ----------------------------------------------------------------------------------------------

LEVELS_ONLY = ("levels",)


def _twice(folder: Path) -> None:
    for batch in list(folder.glob("batches/[!.]*")):
        shutil.copytree(batch, batch.with_name(f"{batch.name} (copy)"))


def _levels_alone_first(folder: Path) -> None:
    shutil.rmtree(folder)
    resume(folder, small(tables=LEVELS_ONLY), batch=5)
    resume(folder, batch=7)


def _merged(folder: Path) -> None:
    other = folder.parent / "other"
    resume(other, small(ROWS + 2), batch=5)
    for batch in other.glob("batches/[!.]*"):
        if not (folder / "batches" / batch.name).exists():
            shutil.copytree(batch, folder / "batches" / batch.name)


def _altered_beside_a_whole_one(folder: Path) -> None:
    _twice(folder)
    os.truncate(next(iter(folder.glob("batches/* (copy)"))) / "levels.parquet", 80)


def _failed_and_retried(folder: Path) -> None:
    shutil.rmtree(folder)
    run_stacked, count = batches.run_stacked, iter(range(1000))

    def failing(plans):
        if next(count) < 3:
            raise FloatingPointError("overflow")
        return run_stacked(plans)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batches, "run_stacked", failing)
        results = resume(folder, batch=6)
    assert (results.states["state"] == "failed").any()
    resume(folder, retry=True)


MIXTURES = {
    "unchanged": lambda folder: None,
    "every batch twice": _twice,
    "more tables later": _levels_alone_first,
    "fewer tables later": lambda folder: resume(folder, small(tables=LEVELS_ONLY)),
    "batches of another folder": _merged,
    "an altered copy of a batch": _altered_beside_a_whole_one,
    "failed runs retried": _failed_and_retried,
}


@pytest.mark.parametrize("mixture", MIXTURES)
def test_every_reader_counts_every_run_once(mixture, intact, copied, tmp_path):
    MIXTURES[mixture](copied)
    results = Results(copied)
    runs = Archive(copied).table("runs")
    assert runs["run"].is_unique and set(results.runs["run"]) <= set(runs["run"])
    assert (runs["state"] == "done").all()

    pytest.importorskip("duckdb")
    pytest.importorskip("polars")
    for table, column in (("levels", "group"), ("weekly", "week")):
        words = ["results", str(copied), f"table={table}", *(["groups=all"] if table == "levels" else [])]
        for kind in ("csv", "parquet"):
            assert main([*words, f"export={tmp_path / table}.{kind}"]) == 0
        frames = {
            "pandas": results.levels(groups=None) if table == "levels" else results.weekly(),
            "polars": results.scan(table).collect().to_pandas(),
            "duckdb": results.query(f"select * from {table}"),
            "csv": pd.read_csv(tmp_path / f"{table}.csv"),
            "parquet": pd.read_parquet(tmp_path / f"{table}.parquet"),
        }
        expected = tables_of(Results(intact))[table]["exhaustion"]  # in single precision; csv has all digits
        for reader, frame in frames.items():
            frame = frame.astype({"scenario": "str", "exhaustion": "float32"})
            levels = frame.set_index(["row", "replicate", "scenario", column])["exhaustion"]
            assert levels.index.is_unique and len(levels) == len(expected), reader
            assert (levels.reindex(expected.index) == expected).all(), reader


# -- other files and folders among the batches ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Thumbs.db", ".DS_Store", "desktop.ini", "notes.txt", "levels.csv", "0" * 16])
def test_a_stray_file_among_the_batches_is_left_alone(name, intact, copied, capsys):
    stray = copied / "batches" / name
    stray.write_text("mine", encoding="utf-8")
    assert_same(resume(copied), intact)
    assert stray.read_text(encoding="utf-8") == "mine"
    assert main(["results", str(copied)]) == 0
    is_of_the_system = name in ("Thumbs.db", ".DS_Store", "desktop.ini")
    assert (name in capsys.readouterr().err) is not is_of_the_system


@pytest.mark.parametrize("name", ["holiday", "0123456789abcdef", ".0-of-1-0123456789abcdef", ".0-of-1-mine"])
def test_a_folder_of_somebody_else_among_the_batches_is_left_alone(name, intact, copied):
    photo = copied / "batches" / name / "photo.jpg"
    photo.parent.mkdir()
    photo.write_text("mine", encoding="utf-8")
    assert_same(resume(copied), intact)
    assert photo.read_text(encoding="utf-8") == "mine"


@pytest.mark.skipif(os.name != "posix", reason="links need rights elsewhere")
def test_nothing_is_removed_through_a_link(copied, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    batch = next(one.folder for one in Archive(copied).stored_batches() if isinstance(one, StoredBatch))
    shutil.copytree(batch, elsewhere)
    os.truncate(elsewhere / "levels.parquet", 50)
    (copied / "batches" / "fedcba9876543210").symlink_to(elsewhere, target_is_directory=True)
    resume(copied)
    assert (elsewhere / "levels.parquet").stat().st_size == 50

    shutil.move(copied / "batches", tmp_path / "moved")
    (copied / "batches").symlink_to(tmp_path / "moved", target_is_directory=True)
    with pytest.raises(UserError, match="is a link"):
        resume(copied)
    assert len(list((tmp_path / "moved").iterdir())) == 4


def test_an_altered_batch_with_other_files_does_not_hide_its_replacement(intact, copied):
    batch = sorted(copied.glob("batches/[!.]*"))[0]
    os.truncate(batch / "levels.parquet", 50)
    (batch / "notes.txt").write_text("mine", encoding="utf-8")
    assert_same(resume(copied, batch=6), intact)
    assert (batch / "notes.txt").exists()


@pytest.mark.parametrize("place", ["batches/notes.csv", "levels.csv", "deep/er/levels.parquet", "runs.csv"])
def test_an_export_into_the_folder_of_a_study_is_refused(place, copied, capsys):
    (copied / "deep" / "er").mkdir(parents=True)
    before = sorted(copied.rglob("*"))
    assert main(["results", str(copied), f"export={copied / place}"]) == 2
    assert "Use another folder" in capsys.readouterr().err
    assert sorted(copied.rglob("*")) == before


def test_the_rows_of_a_larger_design_do_not_take_the_ids_of_a_damaged_smaller_one(copied):
    _shuffle(copied / "runs.csv")
    larger = small(ROWS + 2)
    assert list(resume(copied, larger).runs["run"]) == [run.identifier for run in larger.runs()]
