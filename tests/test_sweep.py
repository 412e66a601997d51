"""Sweeps: the same bytes whoever does the work, and a folder that goes on where it was left."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
from families import spread

from benchmarks.kills import killed
from sim.__main__ import main
from sim.config import composition
from sim.errors import UserError
from sim.experiments import designs, sweep
from sim.experiments.factors import DesignContext, choose
from sim.experiments.results import Results, _checked_export
from sim.experiments.sweep import Sweep, run_sweep
from sim.runs import batch as batches
from sim.runs import worker_pool
from sim.runs.archive import Archive, StoredBatch

ASKED = ("firm=one", "firm.employees=40", "weeks=2", "burn_in=1", "scenarios=[right_to_disconnect]", "engine=reference")
SMALL = [
    "firm.employees=40",
    "weeks=2",
    "burn_in=1",
    "scenarios=[right_to_disconnect]",
    "engine=reference",
    "workers=1",
]
ROWS = 12


@cache
def ground() -> DesignContext:
    return DesignContext(composition.compose(*ASKED), ASKED)


def swept(rows: int = ROWS, tables=("levels", "weekly"), **options) -> Sweep:
    """Draws of a few parameters and switches, two replicates of each."""
    factors = choose(["mechanisms.recovery.*", "switches", "amounts"], ground().plan)
    return Sweep(ground(), designs.make(designs.Settings("draws", n=rows), factors), 2, tables)


@pytest.fixture(scope="module")
def peace(tmp_path_factory) -> Results:
    """A sweep that nothing came amiss with, by one process."""
    return run_sweep(swept(), tmp_path_factory.mktemp("peace"), worker_pool.in_process_pool(), batch=4)


def assert_same(results: Results, other: Results) -> None:
    for frame in (lambda r: r.levels(groups=None), Results.weekly, lambda r: r.states, lambda r: r.design):
        assert frame(results).to_csv() == frame(other).to_csv()


# -- the same bytes --------------------------------------------------------------------------------------------------


def test_every_run_is_done_once_and_in_the_order_of_the_design(peace):
    assert (peace.states["state"] == "done").all() and len(peace.states) == 2 * ROWS
    levels = peace.levels()
    assert list(levels["row"]) == [row for row in range(ROWS) for _ in range(4)]
    assert list(levels["scenario"][:2]) == ["baseline", "right_to_disconnect"]


def test_a_run_of_a_sweep_is_the_run_of_its_plan(peace):
    from sim.outcomes.run_summary import levels
    from sim.runs.run import run

    asked = swept()
    plan = asked.context.at(asked.design.rows()[3], replicate=3 * 2 + 1)
    alone = levels(plan, run(plan))["exhaustion"]
    kept = peace.levels(["exhaustion"], groups=None).query("row == 3 and replicate == 1")["exhaustion"]
    assert list(kept) == list(alone)


@pytest.mark.parametrize("size", [5, 100])
def test_the_size_of_a_batch_changes_no_byte(peace, tmp_path, size):
    assert_same(run_sweep(swept(), tmp_path, worker_pool.in_process_pool(), batch=size), peace)


def test_parts_by_processes_give_the_same_as_the_whole(peace, tmp_path):
    for part in (2, 0, 1):
        results = run_sweep(
            swept(),
            tmp_path,
            worker_pool.process_pool(2) if part == 1 else worker_pool.in_process_pool(),
            (part, 3),
            batch=4,
        )
    assert_same(results, peace)


def test_threads_give_the_same_bytes(tmp_path):
    """A pool of threads shares what is compiled and kept; each run still has its own."""
    pytest.importorskip("numba")
    asked = (*ASKED[:-1], "engine=fused", "mechanisms.availability.sticky_norm=0")
    fused = DesignContext(composition.compose(*asked), asked)
    own = Sweep(fused, designs.make(designs.Settings("draws", n=12), choose(["switches"], fused.plan)), 1)
    with ThreadPoolExecutor(4) as pool:
        together = run_sweep(own, tmp_path / "threads", worker_pool.borrowed_pool(pool, 4), batch=1)
    alone = run_sweep(own, tmp_path / "alone", worker_pool.in_process_pool())
    assert (together.states["state"] == "done").all()
    assert together.levels(groups=None).to_csv() == alone.levels(groups=None).to_csv()


@contextmanager
def dask_cluster(folder: Path):
    """A scheduler and two workers, each a process of its own, as on three machines."""
    told, root = folder / "scheduler.json", str(Path(__file__).resolve().parents[1])

    def begun(kind: str, *words: str) -> subprocess.Popen[bytes]:
        asked = [sys.executable, "-m", f"distributed.cli.dask_{kind}", "--scheduler-file", str(told), "--no-dashboard"]
        environment = {**os.environ, "PYTHONPATH": root}
        return subprocess.Popen([*asked, *words], env=environment, cwd=folder, stderr=subprocess.DEVNULL)

    scheduler = begun("scheduler", "--port", "0")
    workers = [begun("worker", "--no-nanny", "--nthreads", "1") for _ in range(2)]
    try:
        end = time.monotonic() + 30
        while not told.exists() and time.monotonic() < end:
            time.sleep(0.05)
        yield json.loads(told.read_text())["address"], workers
    finally:
        for process in (*workers, scheduler):
            process.kill()
            process.wait()


def test_a_dask_cluster_gives_the_same_bytes_and_survives_the_death_of_a_worker(peace, tmp_path, monkeypatch):
    pytest.importorskip("distributed")
    writes = Archive.write
    with dask_cluster(tmp_path) as (address, workers):
        _wait_for_workers(address, 2)
        with worker_pool.dask_pool(address) as pool:
            assert pool.workers == 2
            assert_same(run_sweep(swept(), tmp_path / "in_peace", pool, batch=4), peace)

            def writing(archive, ready):
                writes(archive, ready)
                if workers[0].poll() is None:
                    os.kill(workers[0].pid, signal.SIGKILL)

            monkeypatch.setattr(Archive, "write", writing)
            assert_same(run_sweep(swept(), tmp_path / "killed", pool, batch=2), peace)
    assert workers[0].returncode == -signal.SIGKILL


def _wait_for_workers(address: str, count: int) -> None:
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        client.wait_for_workers(count, timeout=30)


def test_a_dask_address_that_does_not_answer_is_told():
    pytest.importorskip("distributed")
    for address in ("tcp://127.0.0.1:9", "nowhere", "tcp://127.0.0.1"):
        with pytest.raises(UserError, match=r"executor\.address"), worker_pool.dask_pool(address, timeout=1):
            pass


# -- a folder that goes on -------------------------------------------------------------------------------------------


@pytest.fixture
def copied(peace, tmp_path) -> Path:
    """A finished sweep of one's own."""
    return Path(shutil.copytree(peace.folder, tmp_path / "copied"))


def lived(monkeypatch) -> list[int]:
    """How many runs are lived from now on, a number for each stack."""
    counts: list[int] = []
    lives = batches.run_stacked

    def counting(plans):
        counts.append(len(plans))
        return lives(plans)

    monkeypatch.setattr(batches, "run_stacked", counting)
    return counts


def test_a_finished_sweep_lives_nothing_again(copied, peace, monkeypatch):
    counts = lived(monkeypatch)
    assert_same(run_sweep(swept(), copied, worker_pool.in_process_pool()), peace)
    assert counts == []


def test_a_sweep_that_was_asked_before_finds_its_runs_without_making_their_plans(copied, monkeypatch):
    made: list[int] = []
    makes = DesignContext.at
    monkeypatch.setattr(DesignContext, "at", lambda *words: made.append(1) or makes(*words))
    run_sweep(swept(), copied, worker_pool.in_process_pool())
    assert made == []
    run_sweep(swept(ROWS + 1), copied, worker_pool.in_process_pool())
    assert made


def test_rows_that_compose_settings_are_looked_up_anew_since_their_files_may_change():
    factors = choose({"availability": ["always_on", "practice_2022"]}, ground().plan)
    assert Sweep(ground(), designs.make(designs.Settings("grid"), factors)).question is None
    assert swept().question != swept(ROWS + 1).question != Sweep(ground(), swept().design, 3).question


def test_a_larger_design_lives_only_its_new_rows(copied, monkeypatch):
    counts = lived(monkeypatch)
    results = run_sweep(swept(ROWS + 3), copied, worker_pool.in_process_pool())
    assert sum(counts) == 3 * 2
    assert (results.states["state"] == "done").all() and len(results.design) == ROWS + 3


def test_only_what_is_missing_is_lived_again_and_an_altered_batch_is_missing(copied, peace, monkeypatch, capsys):
    counts = lived(monkeypatch)
    gone, altered, *_ = sorted(copied.glob("batches/*"))
    lost = [
        batch
        for batch in Archive(copied).stored_batches()
        if isinstance(batch, StoredBatch) and batch.folder in (gone, altered)
    ]
    shutil.rmtree(gone)
    os.truncate(altered / "weekly.parquet", 50)
    assert_same(run_sweep(swept(), copied, worker_pool.in_process_pool()), peace)
    assert sum(counts) == sum(len(batch.done) for batch in lost)
    assert ": 1. Their runs are repeated." in capsys.readouterr().err


def test_another_question_is_not_mixed_into_a_folder(copied):
    with pytest.raises(UserError, match="of which are not in this sweep"):
        run_sweep(swept(ROWS - 1), copied, worker_pool.in_process_pool())


def test_another_version_of_the_model_is_not_mixed_into_a_folder(copied, monkeypatch):
    monkeypatch.setattr(sweep, "model_version", lambda: "9.9+new")
    monkeypatch.setattr("sim.runs.identity.model_version", lambda: "9.9+new")
    with pytest.raises(UserError, match=r"has runs of version .* of the model, and this is version 9\.9\+new"):
        run_sweep(swept(), copied, worker_pool.in_process_pool())


def test_rows_that_ask_for_the_same_run_share_it_and_each_is_told(tmp_path, monkeypatch):
    counts = lived(monkeypatch)
    factors = choose(["mechanisms.availability.sticky_norm"], ground().plan)
    asked = Sweep(ground(), designs.make(designs.Settings("sobol", n=4), factors), 2)
    results = run_sweep(asked, tmp_path, worker_pool.in_process_pool())
    assert sum(counts) == 2 * 2 < len(asked)  # a switch has two settings, each lived twice
    levels = results.levels(["exhaustion"])
    assert list(levels["row"]) == [row for row in range(len(results.design)) for _ in range(4)]
    assert len(results.differences(["exhaustion"])) == len(asked)
    assert len(results.query("select * from levels where \"group\" = 'everybody'")) == len(levels)
    by_switch = levels.groupby(results.design.loc[levels["row"]].iloc[:, 0].to_numpy())["exhaustion"].nunique()
    assert (by_switch <= 4).all()


def test_tables_that_are_asked_for_later_are_lived_later(tmp_path, monkeypatch):
    run_sweep(swept(2, ("levels",)), tmp_path, worker_pool.in_process_pool())
    counts = lived(monkeypatch)
    results = run_sweep(swept(2), tmp_path, worker_pool.in_process_pool())
    assert sum(counts) == 4
    assert len(results.levels()) == len(results.weekly()) / 2 == 2 * 2 * 2
    run_sweep(swept(2, ("levels",)), tmp_path, worker_pool.in_process_pool())
    assert sum(counts) == 4


def test_a_question_that_was_spoilt_is_written_anew(copied, peace, capsys):
    for name in ("runs.csv", "about.json", "design.csv"):
        (copied / name).write_text("spoilt")
        assert main(["results", str(copied)]) == 2 or name == "design.csv"
        assert "Traceback" not in capsys.readouterr().err
    assert_same(run_sweep(swept(), copied, worker_pool.in_process_pool()), peace)


def failing_once(monkeypatch, numbers: set[int]) -> None:
    """Let the stacks of these numbers fail, as an error nobody thought of would."""
    lives, count = batches.run_stacked, iter(range(10_000))

    def failing(plans):
        if next(count) in numbers:
            raise FloatingPointError("nought by nought")
        return lives(plans)

    monkeypatch.setattr(batches, "run_stacked", failing)


def test_runs_that_fail_are_recorded_and_done_again_when_asked(peace, tmp_path, monkeypatch):
    with monkeypatch.context() as patched:
        failing_once(patched, {2, 3, 4})  # a stack of two, and then each of the two alone
        results = run_sweep(swept(), tmp_path, worker_pool.in_process_pool(), batch=4)
    failed = results.states[results.states["state"] == "failed"]
    assert list(failed["error"]) == ["FloatingPointError: nought by nought"] * 2
    assert "2 failed" in results.summary_text() and "nought by nought" in results.summary_text()
    assert len(results.levels()) == 4 * ROWS - 4
    counts = lived(monkeypatch)
    run_sweep(swept(), tmp_path, worker_pool.in_process_pool(), batch=4)
    assert counts == []
    assert_same(run_sweep(swept(), tmp_path, worker_pool.in_process_pool(), batch=4, retry=True), peace)


def test_a_row_that_cannot_be_is_told_before_anything_is_lived(tmp_path, monkeypatch):
    counts = lived(monkeypatch)
    rows = tmp_path / "rows.csv"
    for table in (
        "mechanisms.recovery.demands_hold,firm.employees\n0.25,\n,3\n",
        "mechanisms.recovery.demand_hold\n0.25\n",
        "mechanisms.recovery.demands_hold\n9\n",
        "mechanisms.recovery.demands_hold\nabc\n",
        "mechanisms.recovery\n0.25\n",
        "survey.nope\n0.25\n",
        "dose.right_to_disconnect\n2\n",
        "workers\n2\n",
        "weeks;seed\n2;1\n",
        "mechanisms.recovery.*\n0.2\n",
    ):
        rows.write_text(table)
        assert main(["sweep", *SMALL, "design=file", f"design.file={rows}", f"output={tmp_path}"]) == 2, table
    assert counts == []
    assert not list(tmp_path.glob("sweep/*"))


def test_a_full_disk_keeps_what_is_finished_and_the_same_command_goes_on(peace, tmp_path, monkeypatch):
    writes, count = Archive.write, iter(range(100))

    def writing(archive, ready):
        if next(count) == 2:
            raise UserError(f"{archive.folder} cannot be written (No space left on device); what is finished is kept")
        writes(archive, ready)

    with monkeypatch.context() as patched:
        patched.setattr(Archive, "write", writing)
        with pytest.raises(UserError, match="No space left"):
            run_sweep(swept(), tmp_path, worker_pool.in_process_pool(), batch=4)
    assert len(list(Archive(tmp_path).stored_batches())) == 2
    assert_same(run_sweep(swept(), tmp_path, worker_pool.in_process_pool(), batch=4), peace)


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are those of Unix")
def test_a_disk_that_takes_no_more_ends_a_job_in_one_line_and_it_goes_on(tmp_path):
    limited = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (12_000, 12_000)); "
        "from sim.__main__ import main; sys.exit(main(sys.argv[1:]))"
    )
    asked = [
        "sweep",
        *SMALL,
        "design.n=6",
        "design.factors=[mechanisms.recovery.*]",
        f"folder={tmp_path / 'kept'}",
        "batch=6",
    ]
    root = str(Path(__file__).resolve().parents[1])
    told = subprocess.run(
        [sys.executable, "-c", limited, *asked], env={**os.environ, "PYTHONPATH": root}, capture_output=True, text=True
    )
    assert told.returncode == 2
    assert told.stderr.strip().splitlines()[-1].startswith("hybridwork: ") and "cannot be written" in told.stderr
    assert main(asked) == 0
    assert (Results(tmp_path / "kept").states["state"] == "done").all()


def test_ctrl_c_says_what_is_kept_and_how_to_go_on(peace, tmp_path, monkeypatch, capsys):
    lives, count = batches.run_stacked, iter(range(100))

    def interrupted(plans):
        if next(count) == 6:
            raise KeyboardInterrupt
        return lives(plans)

    asked = ["sweep", *SMALL, "design.n=20", "batch=2", f"folder={tmp_path / 'kept'}"]
    with monkeypatch.context() as patched:
        patched.setattr(batches, "run_stacked", interrupted)
        assert main(asked) == 130
    told = capsys.readouterr().err.strip().splitlines()[-1]
    assert told.startswith("hybridwork: Interrupted. ") and "of 20 runs are stored" in told and "resumes" in told
    assert main(asked) == 0
    assert "20 done, 0 failed, 0 missing" in capsys.readouterr().out


def test_nothing_is_drawn_where_nobody_looks(tmp_path, capsys):
    assert main(["sweep", *SMALL, "design.n=2", f"output={tmp_path}"]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    assert "2 rows of 1 factors" in told.out


@pytest.mark.slow
def test_killed_at_random_moments_a_sweep_loses_nothing_and_doubles_nothing(tmp_path):
    asked = (*SMALL[:-1], "workers=2", "batch=4", "design.factors=[mechanisms.recovery.*,switches]")
    report = killed(tmp_path, times=2, asked=asked, rows=100, seed=3, moments=(2.2, 3.2))
    assert sum(report.kills.values()) == 2
    assert report.fine, str(report)


@pytest.mark.slow
def test_killed_twenty_times_a_sweep_loses_nothing_and_doubles_nothing(tmp_path):
    report = killed(tmp_path, times=20, rows=600)
    assert report.fine, str(report)


# -- what is wrong is told in one line -------------------------------------------------------------------------------

WRONG = {
    "executor": (["executor=daks"], "dask"),
    "kind of executor": (["executor.kind=slurm"], "executor.kind"),
    "part": (["part=3", "parts=3"], "0 to parts - 1"),
    "part that is no number": (["part=a"], "0 to parts - 1"),
    "batch": (["batch=0"], "Use 1 or more"),
    "tables": (["keep=[weekly]"], "a list with levels"),
    "no such table": (["keep=[levels,cascade]"], "weekly"),
    "design": (["design=sobols"], "sobol"),
    "design without a file": (["design=file"], "Missing setting: design.file"),
    "n": (["design.n=many"], "a whole number"),
    "second order": (["design=sobol", "design.second_order=perhaps"], "true or false"),
    "factors": (["design.factors=[recover]"], "Unknown factor"),
    "setting": (["design.rows=3"], "design.rows"),
    "retry": (["retry=maybe"], "retry: maybe. Use true or false"),
    "empty folder": (["folder="], "Invalid value for folder"),
    "factors beside a file": (
        ["design=file", "design.file=rows.csv", "design.factors=[switches]"],
        "design=file are the columns",
    ),
    "more options than levels": (["design=morris", "design.factors=[availability]"], "an even number of at least"),
    "nothing to vary": (["scenarios=[]"], "selects no factor"),
    "folder of something else": (["folder=/proc/self/kept"], "cannot be written"),
}


@pytest.mark.parametrize(("asked", "told"), spread(WRONG.values(), 9))
def test_a_sweep_that_cannot_be_is_told_in_one_line(asked, told, tmp_path, capsys):
    assert main(["sweep", *SMALL, f"output={tmp_path}", *asked]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and told in lines[0]


@pytest.mark.parametrize(
    ("command", "asked", "told"),
    [
        ("robust_ranking", "retry=maybe", "retry: maybe. Use true or false"),
        ("sensitivity", "batch=0", "Use 1 or more"),
        ("replicates", "folder=", "Invalid value for folder"),
    ],
)
def test_studies_of_many_runs_read_these_settings_alike(command, asked, told, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main([command, asked]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and told in lines[0]
    assert not list(tmp_path.iterdir())


# -- results ---------------------------------------------------------------------------------------------------------


def test_results_are_told_listed_and_exported(peace, tmp_path, capsys, monkeypatch):
    folder = str(peace.folder)
    assert main(["results", folder]) == 0
    assert "24 runs: 24 done, 0 failed, 0 missing" in capsys.readouterr().out
    for table in ("levels", "differences", "weekly", "design", "runs"):
        for kind in ("csv", "parquet"):
            assert main(["results", folder, f"table={table}", f"export={tmp_path / table}.{kind}"]) == 0
            assert (tmp_path / f"{table}.{kind}").stat().st_size > 100
    (tmp_path / "outputs").mkdir()
    monkeypatch.chdir(tmp_path)
    assert main(["results"]) == 0 and "No sweep in" in capsys.readouterr().out
    shutil.copytree(peace.folder, tmp_path / "outputs" / "sweep" / "mine")
    assert main(["results"]) == 0 and "sweep/mine" in capsys.readouterr().out


def test_differences_are_paired_within_a_run(peace):
    levels = peace.levels(["exhaustion"]).pivot(index=["row", "replicate"], columns="scenario", values="exhaustion")
    differences = peace.differences(["exhaustion"]).set_index(["row", "replicate"])["exhaustion"]
    expected = levels["right_to_disconnect"].astype(float) - levels["baseline"].astype(float)
    assert (differences == expected).all()


@pytest.mark.parametrize(
    ("outcomes", "groups", "told"),
    [(["exhaustoin"], None, "exhaustion"), ("exhaustion", None, "Use a list"), (None, ["everyone"], "everybody")],
)
def test_names_that_do_not_exist_are_told(peace, outcomes, groups, told):
    with pytest.raises(UserError, match=told):
        peace.levels(outcomes, groups)


def test_duckdb_and_polars_see_what_pandas_sees(peace):
    pytest.importorskip("duckdb")
    pytest.importorskip("polars")
    asked = (
        "select row, replicate, exhaustion from levels "
        "where \"group\" = 'everybody' and scenario = 'baseline' order by row, replicate"
    )
    own = peace.levels(["exhaustion"]).query("scenario == 'baseline'")
    assert list(peace.query(asked)["exhaustion"]) == list(own["exhaustion"])
    by_polars = peace.scan("levels").filter(group="everybody", scenario="baseline").sort("row", "replicate")
    assert by_polars.collect()["exhaustion"].to_list() == list(own["exhaustion"])


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (["{folder}", "tabel=levels"], "table"),
        (["{folder}", "table=cascade"], "levels"),
        (["{folder}", "export=levels.xlsx"], ".csv or .parquet"),
        (["{folder}", "sql=select nonsense from levels"], "Invalid query"),
        (["{folder}", "sql="], "Invalid value for sql"),
        (["{folder}", "another"], "one folder"),
        (["/nowhere"], "No sweep in"),
        (["table=levels"], "one folder"),
        (["{folder}", "groups=managers"], "groups=all"),
        (["{folder}", "table=levels", "export=/nowhere/levels.csv"], "cannot be written"),
        (["{folder}", "export={folder}/runs.csv"], "is in the folder of a study"),
        (["{folder}", "table=levels", "table=runs"], "Repeated setting: table"),
        (["{folder}", "table=weekly", "groups=all"], "Invalid setting: groups"),
        (["{folder}", "table=runs", "sql=select 1"], "Conflicting settings: sql"),
    ],
)
def test_a_question_of_results_that_cannot_be_is_told_in_one_line(peace, asked, told, capsys):
    assert main(["results", *(word.format(folder=peace.folder) for word in asked)]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and told in lines[0]


@pytest.mark.parametrize("place", ["runs.csv", "batches/extra.csv"])
def test_results_are_not_exported_into_the_folder_of_another_sweep(place, tmp_path):
    (tmp_path / "batches").mkdir()
    (tmp_path / "design.csv").write_text("kept", encoding="utf-8")
    with pytest.raises(UserError, match="is in the folder of a study"):
        _checked_export(str(tmp_path / place))


# -- jobs of a cluster -----------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["submitit_local", "joblib"])
def test_jobs_that_share_a_design_write_one_folder(launcher, tmp_path):
    """What SLURM does with many machines, on this one: a job for each part, all into one folder."""
    asked = ["sweep", *SMALL[:-1], "design.n=6", "design.factors=[switches]"]
    jobs = ["parts=3", "part=range(3)", "--multirun", f"hydra/launcher={launcher}", f"folder={tmp_path / 'jobs'}"]
    assert main([*asked, "workers=1", f"folder={tmp_path / 'alone'}"]) == 0
    assert main([*asked, "workers=1", *jobs, f"output={tmp_path}"]) == 0
    assert_same(Results(tmp_path / "jobs"), Results(tmp_path / "alone"))
    logs = list(tmp_path.glob("jobs/*/.submitit/*/*_log.out"))
    assert bool(logs) == (launcher == "submitit_local")
