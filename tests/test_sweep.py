"""Sweeps: the same bytes from every pool, and a folder that resumes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
from conftest import wait_until
from families import spread

from benchmarks.kills import killed
from sim.__main__ import main
from sim.config import composition
from sim.errors import UserError
from sim.experiments import designs, sweep
from sim.experiments.factors import DesignContext, choose
from sim.experiments.results import Results, _checked_export
from sim.experiments.sweep import Sweep, run_sweep
from sim.outcomes.run_summary import levels
from sim.runs import batch as batches
from sim.runs import worker_pool
from sim.runs.archive import Archive, StoredBatch
from sim.runs.run import run

OVERRIDES = (
    "firm=one", "firm.employees=40", "weeks=2", "burn_in=1", "scenarios=[right_to_disconnect]", "engine=reference",
)  # fmt: skip
SMALL = [*OVERRIDES[1:], "workers=1"]
ROWS = 12
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}


@cache
def context() -> DesignContext:
    return DesignContext(composition.compose(*OVERRIDES), OVERRIDES)


def sweep_of(rows: int = ROWS, tables=("levels", "weekly")) -> Sweep:
    """Draws of a few parameters and switches, two replicates of each."""
    factors = choose(["mechanisms.recovery.*", "switches", "amounts"], context().plan)
    return Sweep(context(), designs.make(designs.Settings("draws", n=rows), factors), 2, tables)


def run_alone(sweep: Sweep, folder: Path, **options) -> Results:
    """Run a sweep in this process."""
    return run_sweep(sweep, folder, worker_pool.in_process_pool(), **options)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> Results:
    """A sweep by one process that nothing disturbs."""
    return run_alone(sweep_of(), tmp_path_factory.mktemp("undisturbed"), batch=4)


def assert_same(results: Results, other: Results) -> None:
    for frame in (lambda r: r.levels(groups=None), Results.weekly, lambda r: r.states, lambda r: r.design):
        assert frame(results).to_csv() == frame(other).to_csv()


# -- the same bytes --------------------------------------------------------------------------------------------------


def test_every_run_is_done_once_and_in_the_order_of_the_design(undisturbed):
    assert (undisturbed.states["state"] == "done").all() and len(undisturbed.states) == 2 * ROWS
    levels = undisturbed.levels()
    assert list(levels["row"]) == [row for row in range(ROWS) for _ in range(4)]
    assert list(levels["scenario"][:2]) == ["baseline", "right_to_disconnect"]


def test_a_run_of_a_sweep_is_the_run_of_its_plan(undisturbed):
    sweep = sweep_of()
    plan = sweep.context.at(sweep.design.rows()[3], replicate=3 * 2 + 1)
    alone = levels(plan, run(plan))["exhaustion"]
    stored = undisturbed.levels(["exhaustion"], groups=None).query("row == 3 and replicate == 1")["exhaustion"]
    assert list(stored) == list(alone)


@pytest.mark.parametrize("size", [5, 100])
def test_the_size_of_a_batch_changes_no_byte(undisturbed, tmp_path, size):
    assert_same(run_alone(sweep_of(), tmp_path, batch=size), undisturbed)


def test_parts_by_processes_give_the_same_as_the_whole(undisturbed, tmp_path):
    for part in (2, 0, 1):
        pool = worker_pool.process_pool(2) if part == 1 else worker_pool.in_process_pool()
        results = run_sweep(sweep_of(), tmp_path, pool, (part, 3), batch=4)
    assert_same(results, undisturbed)


def test_threads_give_the_same_bytes(tmp_path):
    """A pool of threads shares compiled code and caches, but no state of a run."""
    pytest.importorskip("numba")
    overrides = (*OVERRIDES[:-1], "engine=fused", "mechanisms.availability.sticky_norm=0")
    fused = DesignContext(composition.compose(*overrides), overrides)
    sweep = Sweep(fused, designs.make(designs.Settings("draws", n=12), choose(["switches"], fused.plan)), 1)
    with ThreadPoolExecutor(4) as pool:
        together = run_sweep(sweep, tmp_path / "threads", worker_pool.borrowed_pool(pool, 4), batch=1)
    alone = run_alone(sweep, tmp_path / "alone")
    assert (together.states["state"] == "done").all()
    assert together.levels(groups=None).to_csv() == alone.levels(groups=None).to_csv()


@contextmanager
def dask_cluster(folder: Path):
    """Yield the address of a scheduler and its two workers, each a process of its own, as on three machines."""
    from distributed import Client

    contact = folder / "scheduler.json"

    def start(kind: str, *words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", "--scheduler-file", str(contact)]
        return subprocess.Popen(
            [*command, "--no-dashboard", *words], env=ENVIRONMENT, cwd=folder, stderr=subprocess.DEVNULL
        )

    scheduler = start("scheduler", "--port", "0")
    workers = [start("worker", "--no-nanny", "--nthreads", "1") for _ in range(2)]
    try:
        wait_until(contact.exists, 30)
        address = json.loads(contact.read_text())["address"]
        with Client(address, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=30)
        yield address, workers
    finally:
        for process in (*workers, scheduler):
            process.kill()
            process.wait()


def test_a_dask_cluster_gives_the_same_bytes_and_survives_the_death_of_a_worker(undisturbed, tmp_path, monkeypatch):
    pytest.importorskip("distributed")
    writes = Archive.write
    with dask_cluster(tmp_path) as (address, workers):
        with worker_pool.dask_pool(address) as pool:
            assert pool.workers == 2
            assert_same(run_sweep(sweep_of(), tmp_path / "whole", pool, batch=4), undisturbed)

            def writing(archive, ready):
                writes(archive, ready)
                if workers[0].poll() is None:
                    os.kill(workers[0].pid, signal.SIGKILL)

            monkeypatch.setattr(Archive, "write", writing)
            assert_same(run_sweep(sweep_of(), tmp_path / "killed", pool, batch=2), undisturbed)
    assert workers[0].returncode == -signal.SIGKILL


def test_a_dask_address_that_does_not_answer_is_reported():
    pytest.importorskip("distributed")
    for address in ("tcp://127.0.0.1:9", "nowhere", "tcp://127.0.0.1"):
        with pytest.raises(UserError, match=r"executor\.address"), worker_pool.dask_pool(address, timeout=1):
            pass


# -- a folder that resumes --------------------------------------------------------------------------------------------


@pytest.fixture
def copied(undisturbed, tmp_path) -> Path:
    """A finished sweep of one's own."""
    return Path(shutil.copytree(undisturbed.folder, tmp_path / "copied"))


@pytest.fixture
def counts(undisturbed, monkeypatch) -> list[int]:
    """Count the runs that are simulated from now on, one number for each stack."""
    sizes: list[int] = []
    simulate = batches.run_stacked
    monkeypatch.setattr(batches, "run_stacked", lambda plans: sizes.append(len(plans)) or simulate(plans))
    return sizes


def test_only_new_rows_are_composed_and_simulated(copied, undisturbed, counts, monkeypatch):
    composed: list[int] = []
    compose = DesignContext.at
    monkeypatch.setattr(DesignContext, "at", lambda *words: composed.append(1) or compose(*words))
    assert_same(run_alone(sweep_of(), copied), undisturbed)
    assert counts == composed == []
    results = run_alone(sweep_of(ROWS + 3), copied)
    assert sum(counts) == 3 * 2 and composed
    assert (results.states["state"] == "done").all() and len(results.design) == ROWS + 3


def test_rows_with_options_of_levers_are_always_composed_because_their_files_may_change():
    factors = choose({"availability": ["always_on", "practice_2022"]}, context().plan)
    assert Sweep(context(), designs.make(designs.Settings("grid"), factors)).question is None
    assert sweep_of().question != sweep_of(ROWS + 1).question != Sweep(context(), sweep_of().design, 3).question


def test_missing_and_altered_batches_are_simulated_again(copied, undisturbed, counts, capsys):
    gone, altered, *_ = sorted(copied.glob("batches/*"))
    stored = [batch for batch in Archive(copied).stored_batches() if isinstance(batch, StoredBatch)]
    lost = [batch for batch in stored if batch.folder in (gone, altered)]
    shutil.rmtree(gone)
    os.truncate(altered / "weekly.parquet", 50)
    assert_same(run_alone(sweep_of(), copied), undisturbed)
    assert sum(counts) == sum(len(batch.done) for batch in lost)
    assert ": 1. Their runs are repeated." in capsys.readouterr().err


def test_another_sweep_is_not_mixed_into_a_folder(copied):
    with pytest.raises(UserError, match="of which are not in this sweep"):
        run_alone(sweep_of(ROWS - 1), copied)


def test_another_version_of_the_model_is_not_mixed_into_a_folder(copied, monkeypatch):
    monkeypatch.setattr(sweep, "model_version", lambda: "9.9+new")
    monkeypatch.setattr("sim.runs.identity.model_version", lambda: "9.9+new")
    with pytest.raises(UserError, match=r"has runs of version .* of the model, and this is version 9\.9\+new"):
        run_alone(sweep_of(), copied)


def test_rows_with_the_same_run_share_it(tmp_path, counts):
    factors = choose(["mechanisms.availability.sticky_norm"], context().plan)
    sweep = Sweep(context(), designs.make(designs.Settings("sobol", n=4), factors), 2)
    results = run_alone(sweep, tmp_path)
    assert sum(counts) == 2 * 2 < len(sweep)  # a switch has two settings, each simulated twice
    levels = results.levels(["exhaustion"])
    assert list(levels["row"]) == [row for row in range(len(results.design)) for _ in range(4)]
    assert len(results.differences(["exhaustion"])) == len(sweep)
    assert len(results.query("select * from levels where \"group\" = 'everybody'")) == len(levels)
    by_switch = levels.groupby(results.design.loc[levels["row"]].iloc[:, 0].to_numpy())["exhaustion"].nunique()
    assert (by_switch <= 4).all()


def test_runs_are_repeated_for_a_table_that_is_added_later(tmp_path, counts):
    run_alone(sweep_of(2, ("levels",)), tmp_path)
    counts.clear()
    results = run_alone(sweep_of(2), tmp_path)
    assert sum(counts) == 4
    assert len(results.levels()) == len(results.weekly()) / 2 == 2 * 2 * 2
    run_alone(sweep_of(2, ("levels",)), tmp_path)
    assert sum(counts) == 4


def test_damaged_tables_of_a_sweep_are_written_again(copied, undisturbed, capsys):
    for name in ("runs.csv", "about.json", "design.csv"):
        (copied / name).write_text("spoilt")
        assert main(["results", str(copied)]) == 2 or name == "design.csv"
        assert "Traceback" not in capsys.readouterr().err
    assert_same(run_alone(sweep_of(), copied), undisturbed)


def fail_at(monkeypatch, numbers: Collection[int], error: type[BaseException] = FloatingPointError) -> None:
    """Let the stacks of these numbers fail with an unexpected error."""
    simulate, count = batches.run_stacked, iter(range(10_000))

    def failing(plans):
        if next(count) in numbers:
            raise error("division by zero")
        return simulate(plans)

    monkeypatch.setattr(batches, "run_stacked", failing)


def test_failed_runs_are_recorded_and_repeated_on_request(undisturbed, tmp_path, counts, monkeypatch):
    with monkeypatch.context() as patched:
        fail_at(patched, {2, 3, 4})  # a stack of two, and then each of the two alone
        results = run_alone(sweep_of(), tmp_path, batch=4)
    failed = results.states[results.states["state"] == "failed"]
    assert list(failed["error"]) == ["FloatingPointError: division by zero"] * 2
    assert "2 failed" in results.summary_text() and "division by zero" in results.summary_text()
    assert len(results.levels()) == 4 * ROWS - 4
    counts.clear()
    run_alone(sweep_of(), tmp_path, batch=4)
    assert counts == []
    assert_same(run_alone(sweep_of(), tmp_path, batch=4, retry=True), undisturbed)


def test_an_invalid_row_is_reported_before_any_simulation(tmp_path, counts):
    rows = tmp_path / "rows.csv"
    for table in (
        "mechanisms.recovery.demands_hold,firm.employees\n0.25,\n,3\n", "mechanisms.recovery.demand_hold\n0.25\n",
        "mechanisms.recovery.demands_hold\n9\n", "mechanisms.recovery.demands_hold\nabc\n",
        "mechanisms.recovery\n0.25\n", "survey.nope\n0.25\n", "dose.right_to_disconnect\n2\n", "workers\n2\n",
        "weeks;seed\n2;1\n", "mechanisms.recovery.*\n0.2\n",
    ):  # fmt: skip
        rows.write_text(table)
        assert main(["sweep", *SMALL, "design=file", f"design.file={rows}", f"output={tmp_path}"]) == 2, table
    assert counts == []
    assert not list(tmp_path.glob("sweep/*"))


def test_a_full_disk_keeps_finished_batches_and_the_same_command_resumes(undisturbed, tmp_path, monkeypatch):
    writes, count = Archive.write, iter(range(100))

    def writing(archive, ready):
        if next(count) == 2:
            raise UserError(f"{archive.folder} cannot be written (No space left on device); what is finished is kept")
        writes(archive, ready)

    with monkeypatch.context() as patched:
        patched.setattr(Archive, "write", writing)
        with pytest.raises(UserError, match="No space left"):
            run_alone(sweep_of(), tmp_path, batch=4)
    assert len(list(Archive(tmp_path).stored_batches())) == 2
    assert_same(run_alone(sweep_of(), tmp_path, batch=4), undisturbed)


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are those of Unix")
def test_a_file_that_cannot_grow_ends_a_study_in_one_line_and_the_study_resumes(tmp_path):
    limited = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (12_000, 12_000)); "
        "from sim.__main__ import main; sys.exit(main(sys.argv[1:]))"
    )
    words = ["sweep", *SMALL, "design.n=6", "design.factors=[mechanisms.recovery.*]", "batch=6"]
    words.append(f"folder={tmp_path / 'sweep'}")
    done = subprocess.run([sys.executable, "-c", limited, *words], env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.strip().splitlines()[-1].startswith("hybridwork: ") and "cannot be written" in done.stderr
    assert main(words) == 0
    assert (Results(tmp_path / "sweep").states["state"] == "done").all()


def test_an_interrupted_sweep_says_what_is_stored_and_resumes(tmp_path, monkeypatch, capsys):
    words = ["sweep", *SMALL, "design.n=20", "batch=2", f"folder={tmp_path / 'sweep'}"]
    with monkeypatch.context() as patched:
        fail_at(patched, {6}, KeyboardInterrupt)
        assert main(words) == 130
    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert line.startswith("hybridwork: Interrupted. ") and "of 20 runs are stored" in line and "resumes" in line
    assert main(words) == 0
    assert "20 done, 0 failed, 0 missing" in capsys.readouterr().out


def test_no_progress_bar_is_shown_outside_a_terminal(tmp_path, capsys):
    assert main(["sweep", *SMALL, "design.n=2", f"output={tmp_path}"]) == 0
    output = capsys.readouterr()
    assert output.err == ""
    assert "2 rows of 1 factors" in output.out


@pytest.mark.slow
def test_a_sweep_killed_at_random_moments_loses_and_repeats_nothing(tmp_path):
    words = (*SMALL[:-1], "workers=2", "batch=4", "design.factors=[mechanisms.recovery.*,switches]")
    report = killed(tmp_path, times=2, asked=words, rows=100, seed=3, moments=(2.2, 3.2))
    assert sum(report.kills.values()) == 2
    assert report.fine, str(report)


@pytest.mark.slow
def test_a_sweep_killed_twenty_times_loses_and_repeats_nothing(tmp_path):
    report = killed(tmp_path, times=20, rows=600)
    assert report.fine, str(report)


# -- mistakes ---------------------------------------------------------------------------------------------------------

MISTAKES = [
    (["executor=daks"], "dask"),
    (["executor.kind=slurm"], "executor.kind"),
    (["part=3", "parts=3"], "0 to parts - 1"),
    (["part=a"], "0 to parts - 1"),
    (["batch=0"], "Use 1 or more"),
    (["keep=[weekly]"], "a list with levels"),
    (["keep=[levels,cascade]"], "weekly"),
    (["design=sobols"], "sobol"),
    (["design=file"], "Missing setting: design.file"),
    (["design.n=many"], "a whole number"),
    (["design=sobol", "design.second_order=perhaps"], "true or false"),
    (["design.factors=[recover]"], "Unknown factor"),
    (["design.rows=3"], "design.rows"),
    (["retry=maybe"], "retry: maybe. Use true or false"),
    (["folder="], "Invalid value for folder"),
    (["design=file", "design.file=rows.csv", "design.factors=[switches]"], "design=file are the columns"),
    (["design=morris", "design.factors=[availability]"], "an even number of at least"),
    (["scenarios=[]"], "selects no factor"),
    (["folder=/proc/self/kept"], "cannot be written"),
]


@pytest.mark.parametrize(("overrides", "message"), spread(MISTAKES, 9))
def test_an_invalid_setting_of_a_sweep_is_reported_in_one_line(overrides, message, tmp_path, capsys):
    assert main(["sweep", *SMALL, f"output={tmp_path}", *overrides]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert message in line


@pytest.mark.parametrize(
    ("command", "override", "message"),
    [
        ("robust_ranking", "retry=maybe", "retry: maybe. Use true or false"),
        ("sensitivity", "batch=0", "Use 1 or more"),
        ("replicates", "folder=", "Invalid value for folder"),
    ],
)
def test_studies_of_many_runs_read_these_settings_alike(command, override, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main([command, override]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert message in line
    assert not list(tmp_path.iterdir())


# -- results ---------------------------------------------------------------------------------------------------------


def test_results_are_summarised_listed_and_exported(undisturbed, tmp_path, capsys, monkeypatch):
    folder = str(undisturbed.folder)
    assert main(["results", folder]) == 0
    assert "24 runs: 24 done, 0 failed, 0 missing" in capsys.readouterr().out
    for table in ("levels", "differences", "weekly", "design", "runs"):
        for kind in ("csv", "parquet"):
            assert main(["results", folder, f"table={table}", f"export={tmp_path / table}.{kind}"]) == 0
            assert (tmp_path / f"{table}.{kind}").stat().st_size > 100
    (tmp_path / "outputs").mkdir()
    monkeypatch.chdir(tmp_path)
    assert main(["results"]) == 0 and "No sweep in" in capsys.readouterr().out
    shutil.copytree(undisturbed.folder, tmp_path / "outputs" / "sweep" / "mine")
    assert main(["results"]) == 0 and "sweep/mine" in capsys.readouterr().out


def test_differences_are_paired_within_a_run(undisturbed):
    levels = undisturbed.levels(["exhaustion"]).pivot(
        index=["row", "replicate"], columns="scenario", values="exhaustion"
    )
    differences = undisturbed.differences(["exhaustion"]).set_index(["row", "replicate"])["exhaustion"]
    expected = levels["right_to_disconnect"].astype(float) - levels["baseline"].astype(float)
    assert (differences == expected).all()


@pytest.mark.parametrize(
    ("outcomes", "groups", "message"),
    [(["exhaustoin"], None, "exhaustion"), ("exhaustion", None, "Use a list"), (None, ["everyone"], "everybody")],
)
def test_unknown_names_are_refused(undisturbed, outcomes, groups, message):
    with pytest.raises(UserError, match=message):
        undisturbed.levels(outcomes, groups)


def test_duckdb_polars_and_pandas_give_the_same_values(undisturbed):
    pytest.importorskip("duckdb")
    pytest.importorskip("polars")
    sql = (
        "select row, replicate, exhaustion from levels "
        "where \"group\" = 'everybody' and scenario = 'baseline' order by row, replicate"
    )
    own = undisturbed.levels(["exhaustion"]).query("scenario == 'baseline'")
    assert list(undisturbed.query(sql)["exhaustion"]) == list(own["exhaustion"])
    by_polars = undisturbed.scan("levels").filter(group="everybody", scenario="baseline").sort("row", "replicate")
    assert by_polars.collect()["exhaustion"].to_list() == list(own["exhaustion"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("{folder}|tabel=levels", "table"),
        ("{folder}|table=cascade", "levels"),
        ("{folder}|export=levels.xlsx", ".csv or .parquet"),
        ("{folder}|sql=select nonsense from levels", "Invalid query"),
        ("{folder}|sql=", "Invalid value for sql"),
        ("{folder}|another", "number of folders: 2. Use one"),
        ("/nowhere", "No sweep in"),
        ("table=levels", "number of folders: 0. Use one"),
        ("{folder}|groups=managers", "groups=all"),
        ("{folder}|table=levels|export=/nowhere/levels.csv", "cannot be written"),
        ("{folder}|export={folder}/runs.csv", "is in the folder of a study"),
        ("{folder}|table=levels|table=runs", "Repeated setting: table"),
        ("{folder}|table=weekly|groups=all", "Invalid setting: groups"),
        ("{folder}|table=runs|sql=select 1", "Conflicting settings: sql"),
    ],
)
def test_an_invalid_request_for_results_is_reported_in_one_line(undisturbed, words, message, capsys):
    assert main(["results", *words.format(folder=undisturbed.folder).split("|")]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert message in line


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
    """As SLURM does with many machines: one job for each part, all into one folder."""
    words = ["sweep", *SMALL, "design.n=6", "design.factors=[switches]"]
    jobs = ["parts=3", "part=range(3)", "--multirun", f"hydra/launcher={launcher}", f"folder={tmp_path / 'shared'}"]
    assert main([*words, f"folder={tmp_path / 'alone'}"]) == 0
    assert main([*words, *jobs, f"output={tmp_path}"]) == 0
    assert_same(Results(tmp_path / "shared"), Results(tmp_path / "alone"))
    logs = list(tmp_path.glob("jobs/*/.submitit/*/*_log.out"))
    assert bool(logs) == (launcher == "submitit_local")
