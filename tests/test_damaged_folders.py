"""A folder of runs that somebody changed gives the same rows, or one line that helps, and never other numbers."""

from __future__ import annotations

import os
import random
import shutil
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
from sim.runs.archive import Archive, StoredBatch
from sim.runs.worker_pool import in_process_pool

ASKED = ("firm=one", "firm.employees=40", "weeks=2", "burn_in=1", "scenarios=[right_to_disconnect]", "engine=reference")
ROWS = 8


@cache
def ground() -> DesignContext:
    return DesignContext(composition.compose(*ASKED), ASKED)


def small(rows: int = ROWS, tables: tuple[str, ...] = ("levels", "weekly"), replicates: int = 2) -> Sweep:
    factors = choose(["mechanisms.recovery.demands_hold", "switches"], ground().plan)
    return Sweep(ground(), designs.make(designs.Settings("draws", n=rows), factors), replicates, tables)


@pytest.fixture(scope="module")
def intact(tmp_path_factory) -> Path:
    """A finished sweep in three batches."""
    folder = tmp_path_factory.mktemp("intact") / "runs"
    run_sweep(small(), folder, in_process_pool(), batch=6)
    return folder


@pytest.fixture
def copied(intact, tmp_path) -> Path:
    return Path(shutil.copytree(intact, tmp_path / "copied"))


def by_what_they_are(results: Results) -> dict[str, pd.DataFrame]:
    """Every table of a folder, by row and replicate."""
    keys = ["row", "replicate", "scenario"]
    return {
        "levels": results.levels(groups=None).set_index([*keys, "group"]).sort_index(),
        "weekly": results.weekly().set_index([*keys, "week"]).sort_index(),
        "states": results.states.set_index(["row", "replicate"]).sort_index(),
        "design": results.design.sort_index(),
    }


def assert_same(results: Results, other: Results) -> None:
    expected = by_what_they_are(other)
    for name, table in by_what_they_are(results).items():
        pd.testing.assert_frame_equal(table, expected[name], check_exact=True)


# -- the files in which a sweep says what it is -----------------------------------------------------------------------


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


@pytest.mark.parametrize(("file", "damage"), spread(product(FILES, DAMAGES), 26))
def test_a_damaged_file_never_gives_other_numbers(file, damage, intact, copied, capsys, monkeypatch):
    monkeypatch.setattr("sim.experiments.sweep_record._PAUSE", 0)
    DAMAGES[damage](copied / file)
    code = main(["results", str(copied)])
    told = capsys.readouterr().err.strip().splitlines()
    if code == 0:
        assert_same(Results(copied), Results(intact))
    else:
        assert code == 2 and len(told) == 1 and "Repeat the command that wrote the folder" in told[0]
    try:
        again = run_sweep(small(), copied, in_process_pool())
    except UserError as refusal:
        assert "\n" not in str(refusal) and (copied / file).is_dir()
        return
    assert_same(again, Results(intact))
    assert main(["results", str(copied)]) == 0


@pytest.mark.parametrize("damage", [_shuffle, DAMAGES["cut to four lines"], DAMAGES["deleted"]])
def test_a_damaged_list_of_runs_is_rebuilt_and_nothing_is_run_again(damage, intact, copied, monkeypatch, capsys):
    damage(copied / "runs.csv")
    monkeypatch.setattr("sim.runs.batch.run_stacked", lambda plans: pytest.fail("a run was done again"))
    assert_same(run_sweep(small(), copied, in_process_pool()), Results(intact))
    assert "runs.csv" in capsys.readouterr().err
    assert (copied / "runs.csv").read_bytes() == (intact / "runs.csv").read_bytes()


def test_a_damaged_folder_is_not_given_to_another_question(copied):
    (copied / "runs.csv").unlink()
    other = Sweep(ground(), designs.make(designs.Settings("draws", n=3, seed=9), small().design.factors))
    with pytest.raises(UserError, match="none of which is in this sweep"):
        run_sweep(other, copied, in_process_pool())
    assert not (copied / "runs.csv").exists()


def test_a_folder_of_version_0_3_0_which_had_no_checksums_is_read_by_its_columns(intact, copied):
    import json

    (copied / SUMS).unlink()
    about = json.loads((copied / "about.json").read_text(encoding="utf-8"))
    del about["schema_version"]
    (copied / "about.json").write_text(json.dumps(about), encoding="utf-8")
    _shuffle(copied / "runs.csv")
    assert_same(Results(copied), Results(intact))
    (copied / "runs.csv").write_text("".join(_lines(copied / "runs.csv")[:4]), encoding="utf-8")
    with pytest.raises(UserError, match="lacks rows"):
        Results(copied).levels()


def test_the_checksums_of_a_folder_are_those_of_sha256sum(intact):
    import subprocess

    if shutil.which("sha256sum") is None:
        pytest.skip("no sha256sum here")
    subprocess.run(["sha256sum", "--check", "--quiet", SUMS], cwd=intact, check=True)


def test_a_command_that_changes_nothing_writes_nothing(intact, copied):
    before = {path.name: path.stat().st_mtime_ns for path in copied.iterdir() if path.is_file()}
    run_sweep(small(), copied, in_process_pool())
    assert {path.name: path.stat().st_mtime_ns for path in copied.iterdir() if path.is_file()} == before


# -- which batches count ----------------------------------------------------------------------------------------------


def _twice(folder: Path) -> None:
    for batch in list(folder.glob("batches/[!.]*")):
        shutil.copytree(batch, batch.with_name(f"{batch.name} (copy)"))


def _levels_alone_first(folder: Path) -> None:
    shutil.rmtree(folder)
    run_sweep(small(tables=("levels",)), folder, in_process_pool(), batch=5)
    run_sweep(small(), folder, in_process_pool(), batch=7)


def _levels_alone_later(folder: Path) -> None:
    run_sweep(small(tables=("levels",)), folder, in_process_pool())


def _merged(folder: Path) -> None:
    other = folder.parent / "other"
    run_sweep(small(ROWS + 2), other, in_process_pool(), batch=5)
    for batch in other.glob("batches/[!.]*"):
        if not (folder / "batches" / batch.name).exists():
            shutil.copytree(batch, folder / "batches" / batch.name)


def _altered_beside_a_whole_one(folder: Path) -> None:
    _twice(folder)
    os.truncate(next(iter(folder.glob("batches/* (copy)"))) / "levels.parquet", 80)


def _failed_and_done(folder: Path) -> None:
    from sim.runs import batch as batches

    shutil.rmtree(folder)
    runs, count = batches.run_stacked, iter(range(1000))

    def failing(plans):
        if next(count) < 3:
            raise FloatingPointError("overflow")
        return runs(plans)

    batches.run_stacked = failing
    try:
        run_sweep(small(), folder, in_process_pool(), batch=6)
    finally:
        batches.run_stacked = runs
    assert (Results(folder).states["state"] == "failed").any()
    run_sweep(small(), folder, in_process_pool(), retry=True)


MIXTURES = {
    "as it is": lambda folder: None,
    "every batch twice": _twice,
    "other tables asked for later": _levels_alone_first,
    "fewer tables asked for later": _levels_alone_later,
    "batches of another folder": _merged,
    "an altered copy of a batch": _altered_beside_a_whole_one,
    "failed runs done later": _failed_and_done,
}


@pytest.mark.parametrize(("table", "mix"), spread(product(["levels", "weekly"], MIXTURES), 7))
def test_every_reader_counts_every_run_once(table, mix, intact, copied, tmp_path):
    pytest.importorskip("duckdb")
    pytest.importorskip("polars")
    MIXTURES[mix](copied)
    results = Results(copied)
    frames = {
        "pandas": results.levels(groups=None) if table == "levels" else results.weekly(),
        "polars": results.scan(table).collect().to_pandas(),
        "duckdb": results.query(f"select * from {table}"),
    }
    groups = ["groups=all"] if table == "levels" else []
    for kind in ("csv", "parquet"):
        path = tmp_path / f"export.{kind}"
        assert main(["results", str(copied), f"table={table}", *groups, f"export={path}"]) == 0
        frames[kind] = pd.read_csv(path) if kind == "csv" else pd.read_parquet(path)
    keys = ["row", "replicate", "scenario", "group" if table == "levels" else "week"]
    kept = Results(intact)  # in single precision, of which csv holds all digits
    expected = (kept.levels(groups=None) if table == "levels" else kept.weekly()).set_index(keys)["exhaustion"]
    for reader, frame in frames.items():
        own = frame.astype({"scenario": "str", "exhaustion": "float32"}).set_index(keys)["exhaustion"]
        assert own.index.is_unique and len(own) == len(expected), reader
        assert (own.reindex(expected.index) == expected).all(), reader


@pytest.mark.parametrize("mix", MIXTURES.values(), ids=list(MIXTURES))
def test_the_table_of_runs_holds_every_run_once(mix, copied):
    mix(copied)
    table = Archive(copied).table("runs")
    assert table["run"].is_unique and set(Results(copied).runs["run"]) <= set(table["run"])
    assert (table["state"] == "done").all()


# -- what stands among the batches ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Thumbs.db", ".DS_Store", "desktop.ini", "notes.txt", "levels.csv", "0" * 16])
def test_a_stray_file_among_the_batches_is_left_alone_and_blocks_nothing(name, intact, copied, capsys):
    stray = copied / "batches" / name
    stray.write_text("mine", encoding="utf-8")
    assert_same(run_sweep(small(), copied, in_process_pool()), Results(intact))
    assert stray.read_text(encoding="utf-8") == "mine"
    assert main(["results", str(copied)]) == 0
    system = name in ("Thumbs.db", ".DS_Store", "desktop.ini")
    assert (name in capsys.readouterr().err) is not system


def _own_folder(place: Path) -> Path:
    place.mkdir()
    (place / "photo.jpg").write_text("mine", encoding="utf-8")
    return place / "photo.jpg"


@pytest.mark.parametrize("name", ["holiday", "0123456789abcdef", ".0-of-1-0123456789abcdef", ".0-of-1-mine"])
def test_a_folder_of_somebody_among_the_batches_is_left_alone(name, intact, copied):
    photo = _own_folder(copied / "batches" / name)
    assert_same(run_sweep(small(), copied, in_process_pool()), Results(intact))
    assert photo.read_text(encoding="utf-8") == "mine"


@pytest.mark.skipif(os.name != "posix", reason="links need rights elsewhere")
def test_nothing_is_removed_through_a_link(copied, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    batch = next(one.folder for one in Archive(copied).stored_batches() if isinstance(one, StoredBatch))
    shutil.copytree(batch, elsewhere)
    os.truncate(elsewhere / "levels.parquet", 50)
    (copied / "batches" / "fedcba9876543210").symlink_to(elsewhere, target_is_directory=True)
    run_sweep(small(), copied, in_process_pool())
    assert (elsewhere / "levels.parquet").stat().st_size == 50

    shutil.move(copied / "batches", tmp_path / "moved")
    (copied / "batches").symlink_to(tmp_path / "moved", target_is_directory=True)
    with pytest.raises(UserError, match="is a link"):
        run_sweep(small(), copied, in_process_pool())
    assert len(list((tmp_path / "moved").iterdir())) == 4


def test_an_altered_batch_that_cannot_be_removed_does_not_hide_the_one_that_takes_its_place(intact, copied):
    batch = sorted(copied.glob("batches/[!.]*"))[0]
    os.truncate(batch / "levels.parquet", 50)
    (batch / "notes.txt").write_text("mine", encoding="utf-8")
    assert_same(run_sweep(small(), copied, in_process_pool(), batch=6), Results(intact))
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
    larger = run_sweep(small(ROWS + 2), copied, in_process_pool())
    assert list(larger.runs["run"]) == [run.identifier for run in small(ROWS + 2).runs()]
