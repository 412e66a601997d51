"""Many runs: the worker pool, identifiers of runs, batches, and the archive."""

from __future__ import annotations

import errno
import io
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import wait_until
from hypothesis import given
from hypothesis import strategies as st

from sim.engine.plan import BASELINE, Plan
from sim.errors import UserError
from sim.levers.measure import with_measure_parameters
from sim.levers.scenario import Introduction, Scenario
from sim.outcomes.definitions import GROUPS, OUTCOMES
from sim.runs import batch as batches
from sim.runs import identity
from sim.runs.archive import SUMS, Archive, StoredBatch
from sim.runs.batch import Batch, BatchResult, Run, simulate_batch
from sim.runs.identity import Identifier, digest, model_version
from sim.runs.run import run
from sim.runs.worker_pool import borrowed_pool, in_process_pool, map_unordered, process_pool, reusing_executor
from sim.world.firm import FirmOptions

POLICY = Scenario("right", "policy", introduced=(Introduction("right_to_disconnect"),))


@pytest.fixture(scope="module")
def plan(measures) -> Plan:
    """Return a plan of forty people for two weeks, by the reference engine, which needs no compiling."""
    firm = FirmOptions("one", employees=40)
    return Plan(measures, (BASELINE, POLICY), firm, weeks=2, burn_in=1, engine="reference")


# -- the worker pool -------------------------------------------------------------------------------------------------


def double(number: int) -> int:
    return 2 * number


def kill_worker_once(task: tuple[int, str]) -> int:
    """Return the number of a task; kill the worker if the file named by the task does not exist yet."""
    number, flag = task
    if flag and not os.path.exists(flag):
        Path(flag).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.05)  # so that the death of a worker is noticed while others work
    return number


def kill_worker_at_two(number: int) -> int:
    if number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def refuse(number: int) -> int:
    raise UserError(f"{number} cannot be")


def worker_id(_: int) -> int:
    return os.getpid()


def test_work_in_this_process_is_done_in_order():
    assert list(map_unordered(double, range(5), in_process_pool())) == [(n, 2 * n) for n in range(5)]


def test_the_task_of_a_killed_worker_is_repeated_before_all_others_are_done(tmp_path):
    tasks = [(number, str(tmp_path / "flag") if number == 1 else "") for number in range(100)]
    results = list(map_unordered(kill_worker_once, tasks, process_pool(2)))
    assert (tmp_path / "flag").exists()
    assert all(task[0] == number for task, number in results)
    order = [number for _, number in results]
    assert sorted(order) == list(range(100))
    assert order.index(1) < 75, "results in order wait for it, all of them in memory"


def test_a_reused_executor_is_opened_again_after_a_worker_was_killed(tmp_path):
    tasks = [(number, str(tmp_path / "flag") if number == 3 else "") for number in range(8)]
    with reusing_executor(process_pool(2)) as pool:
        first, second = ({worker for _, worker in map_unordered(worker_id, range(20), pool)} for _ in range(2))
        assert dict(map_unordered(kill_worker_once, tasks, pool)) == {task: task[0] for task in tasks}
        third = {worker for _, worker in map_unordered(worker_id, range(20), pool)}
    assert len(first | second) <= 2, "the same workers serve both calls"
    assert not third & (first | second)


def test_a_task_that_always_kills_its_worker_is_abandoned_and_the_others_are_done():
    assert dict(map_unordered(kill_worker_at_two, range(4), process_pool(2))) == {0: 0, 1: 1, 2: None, 3: 3}


@pytest.mark.parametrize("pool", [in_process_pool(), process_pool(2)], ids=["this process", "processes"])
def test_an_error_of_the_work_is_raised(pool):
    with pytest.raises(UserError, match="cannot be"):
        list(map_unordered(refuse, range(3), pool))


def test_a_reused_executor_ends_with_an_error_and_the_next_call_opens_another():
    with reusing_executor(process_pool(2)) as pool:
        first = {worker for _, worker in map_unordered(worker_id, range(20), pool)}
        with pytest.raises(UserError, match="cannot be"):
            list(map_unordered(refuse, range(3), pool))
        assert not first & {worker for _, worker in map_unordered(worker_id, range(20), pool)}


def test_a_borrowed_executor_stays_open():
    with ThreadPoolExecutor(2) as pool:
        for _ in range(2):
            assert dict(map_unordered(double, range(20), borrowed_pool(pool, 2))) == {n: 2 * n for n in range(20)}


def test_only_a_few_items_are_consumed_in_advance():
    items = iter(range(1000))
    with ThreadPoolExecutor(2) as pool:
        work = map_unordered(double, items, borrowed_pool(pool, 2))
        next(work)
        work.close()
    assert next(items) < 10


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_workers_end_when_their_parent_process_is_killed(tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(
        textwrap.dedent("""
            import os, pathlib, sys, time
            from sim.runs.worker_pool import map_unordered, process_pool

            def work(folder):
                pathlib.Path(folder, str(os.getpid())).touch()
                time.sleep(60)

            if __name__ == "__main__":
                list(map_unordered(work, [sys.argv[1]] * 2, process_pool(2)))
        """)
    )
    folder = tmp_path / "workers"
    folder.mkdir()
    job = subprocess.Popen([sys.executable, str(script), str(folder)], cwd=Path.cwd(), env=ENVIRONMENT)
    wait_until(lambda: len(list(folder.iterdir())) == 2, seconds=30)
    workers = [int(path.name) for path in folder.iterdir()]
    job.kill()
    job.wait()
    wait_until(lambda: not any(map(is_running, workers)), seconds=30)


ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}


def is_running(process: int) -> bool:
    """Return whether a process runs: one that has ended remains as a zombie until its parent reads its exit code."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


# -- identifiers of runs ---------------------------------------------------------------------------------------------


def with_use(plan: Plan, name: str) -> Plan:
    """Return the plan with another share of users of one measure."""
    measures = (with_measure_parameters(m, {"use": 0.11}) if m.name == name else m for m in plan.measures)
    return replace(plan, measures=tuple(measures))


def test_an_identifier_depends_on_all_that_the_result_depends_on(plan):
    others = [
        replace(plan, seed=2),
        replace(plan, replicate=1),
        replace(plan, weeks=3),
        replace(plan, burn_in=2),
        replace(plan, firm=FirmOptions("one", employees=41)),
        replace(plan, scenarios=(BASELINE, replace(POLICY, introduced=(Introduction("breaks"),)))),
        replace(plan, parameters={"recovery": {"demands_hold": 0.2}}),
        with_use(plan, "right_to_disconnect"),
    ]
    identifier = Identifier()
    assert len({identifier(one) for one in (plan, *others)}) == 1 + len(others)


def test_an_identifier_depends_on_nothing_else(plan):
    copied = replace(plan, scenarios=tuple(replace(scenario) for scenario in plan.scenarios))
    for same in (replace(plan, engine="auto"), copied):
        assert Identifier()(plan) == Identifier()(same)


def test_a_measure_that_no_scenario_introduces_does_not_change_an_identifier(plan):
    introduced = any(m.name == "sit_stand_desk" and m.in_study for m in plan.measures)
    assert (Identifier()(plan) == Identifier()(with_use(plan, "sit_stand_desk"))) is not introduced


@given(st.dictionaries(st.text(max_size=5), st.floats(allow_nan=False), max_size=5))
def test_a_digest_does_not_depend_on_the_order_of_entries(content):
    assert digest(content) == digest(dict(reversed(content.items())))


def test_cached_parts_of_an_identifier_do_not_confuse_plans(plan):
    identifier = Identifier()
    plans = [replace(plan, firm=FirmOptions("one", employees=20 + n)) for n in range(1500)]
    identifiers = [identifier(one) for one in plans]
    assert identifiers[:10] == [Identifier()(one) for one in plans[:10]]
    assert identifiers == [identifier(one) for one in plans] and len(set(identifiers)) == len(plans)


def test_the_identifier_of_an_own_organisation_depends_on_the_content_of_its_files(plan, tmp_path):
    persons = "id,team,department,manager,role\n"
    identifiers = []
    for name, text in (("a.csv", persons), ("b.csv", persons), ("c.csv", persons + "1,1,1,,manager\n")):
        (tmp_path / name).write_text(text)
        identifiers.append(Identifier()(replace(plan, firm=FirmOptions("own", persons=str(tmp_path / name)))))
    assert identifiers[0] == identifiers[1] != identifiers[2]


def test_the_version_of_the_model_is_the_same_in_every_process():
    command = [sys.executable, "-c", "from sim.runs.identity import model_version; print(model_version())"]
    process = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=True)
    assert process.stdout.strip() == model_version()


def test_every_data_file_is_part_of_the_model_or_listed_as_evidence():
    data = Path(identity.__file__).resolve().parents[1] / "data"
    model = {Path(part).name for part in identity.MODEL_FILES if part.startswith("data/")} - {"__init__.py"}
    evidence = {"effects.csv", "patterns.csv", "targets.csv", "costs.csv", "data_sets.csv", "observations.csv"}
    evidence.add("scales.csv")  # of the interview, which reads runs and does not change them
    assert {path.name for path in data.glob("*") if path.suffix in (".csv", ".npy")} - evidence == model


# -- a batch ---------------------------------------------------------------------------------------------------------


def replicates(plan: Plan, *numbers: int) -> list[Plan]:
    return [replace(plan, replicate=number) for number in numbers]


def simulate(plans: list[Plan], model: str | None = None) -> BatchResult:
    """Simulate a batch of these plans with two tables."""
    identifier = Identifier()
    runs = tuple(Run(identifier(one), one) for one in plans)
    return simulate_batch(Batch(runs, ("levels", "weekly"), model or model_version()))


def table_of(result: BatchResult, name: str) -> pd.DataFrame:
    return pd.read_parquet(io.BytesIO(result.files[name]))


def write(archive: Archive, *results: BatchResult) -> Archive:
    with archive.locked():
        for result in results:
            archive.write(result)
    return archive


@pytest.fixture(scope="module")
def results(plan) -> tuple[BatchResult, BatchResult]:
    """Return two batches of two replicates."""
    return simulate(replicates(plan, 0, 1)), simulate(replicates(plan, 2, 3))


def test_a_batch_has_the_results_of_single_runs(plan, results):
    assert [(result.done, result.failed) for result in results] == [(2, 0)] * 2
    weekly, (alone,) = table_of(results[1], "weekly"), replicates(plan, 3)
    rows = weekly[weekly["run"] == Identifier()(alone)]
    everybody = run(alone).weekly[..., list(GROUPS).index("everybody")]
    assert np.array_equal(rows[list(OUTCOMES)].to_numpy(), np.concatenate(everybody))


def test_the_same_batch_gives_the_same_bytes(plan, results):
    assert simulate(replicates(plan, 0, 1)).files == results[0].files


def test_no_row_describes_fewer_than_ten_people(results):
    levels = table_of(results[0], "levels")
    assert len(levels) and (levels["people"] >= 10).all()
    assert "managers" not in set(levels["group"].astype(str))  # too few of forty people lead


def test_a_failed_run_is_recorded_with_its_error_and_the_others_continue(plan, monkeypatch, tmp_path):
    plans, run_stacked = replicates(plan, 0, 1, 2), batches.run_stacked

    def failing(stack):
        if any(one.replicate == 1 for one in stack):
            raise ZeroDivisionError("by zero")
        return run_stacked(stack)

    monkeypatch.setattr(batches, "run_stacked", failing)
    result = simulate(plans)
    assert (result.done, result.failed) == (2, 1)
    (batch,) = write(Archive(tmp_path), result).stored_batches()
    first, second, third = map(Identifier(), plans)
    assert isinstance(batch, StoredBatch) and batch.done == (first, third)
    assert batch.failed == {second: "ZeroDivisionError: by zero"}


def test_a_worker_with_another_version_of_the_model_refuses(plan):
    with pytest.raises(UserError, match="Install the same version on every machine"):
        simulate([plan], model="0.0+other")


# -- an archive ------------------------------------------------------------------------------------------------------


@pytest.fixture
def archive(tmp_path, results) -> Archive:
    """Return an archive with two batches."""
    return write(Archive(tmp_path / "archive"), *results)


def folders(archive: Archive) -> list[Path]:
    return sorted(archive.batches.glob("[!.]*"))


def test_an_archive_lists_its_runs_and_tables(archive):
    assert [len(batch.done) for batch in archive.stored_batches()] == [2, 2]
    assert archive.tables() == ["levels", "runs", "weekly"]
    assert archive.table("weekly")["run"].nunique() == 4
    with pytest.raises(UserError, match="levels, runs, weekly"):
        archive.table("cascade")


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="no sha256sum here")
def test_the_checksums_are_those_of_sha256sum(archive):
    subprocess.run(["sha256sum", "--check", "--quiet", SUMS], cwd=folders(archive)[0], check=True)


ALTERATIONS = {
    "truncated": lambda folder: os.truncate(folder / "levels.parquet", 100),
    "one bit flipped": lambda folder: _flip(folder / "weekly.parquet"),
    "a file missing": lambda folder: (folder / "runs.parquet").unlink(),
    "a file added": lambda folder: shutil.copy(folder / "runs.parquet", folder / "more.parquet"),
    "no checksums": lambda folder: (folder / SUMS).unlink(),
    "checksums that are none": lambda folder: (folder / SUMS).write_bytes(b"\xff\xfe"),
    "checksums of nothing": lambda folder: (folder / SUMS).write_text(""),
}


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("alteration", ALTERATIONS)
def test_an_altered_batch_is_found_and_removed(archive, alteration):
    broken, intact = folders(archive)
    ALTERATIONS[alteration](broken)
    places = [batch if isinstance(batch, Path) else batch.folder for batch in archive.stored_batches()]
    assert places == [broken, intact]
    assert isinstance(next(iter(archive.stored_batches())), Path)
    assert archive.table("weekly")["run"].nunique() == 2
    assert archive.remove_invalid() == 1
    assert folders(archive) == [intact]


def test_unfinished_batches_are_removed_but_not_those_of_another_part(tmp_path):
    first, second = (Archive(tmp_path, (part, 2)) for part in range(2))
    with first.locked(), second.locked():
        unfinished = [one.batches / f".{part}-of-2-{part:016x}" for part, one in enumerate((first, second))]
        for folder in unfinished:
            folder.mkdir()
        first.remove_invalid()
        assert [folder.exists() for folder in unfinished] == [False, True]


def assert_locked(archive: Archive) -> None:
    with pytest.raises(UserError, match="Another process is writing"), archive.locked():
        pass


def test_only_different_parts_may_write_one_folder_at_once(tmp_path):
    with Archive(tmp_path).locked():
        assert_locked(Archive(tmp_path))
        assert_locked(Archive(tmp_path, (0, 2)))
    with Archive(tmp_path, (0, 2)).locked(), Archive(tmp_path, (1, 2)).locked():
        for part in ((0, 1), (0, 2), (1, 3)):
            assert_locked(Archive(tmp_path, part))
    with Archive(tmp_path).locked():
        pass


def test_a_killed_writer_leaves_the_folder_free(tmp_path):
    code = (
        "import sys, time; from sim.runs.archive import Archive\n"
        "with Archive(sys.argv[1]).locked(): print('locked', flush=True); time.sleep(60)"
    )
    writer = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, env=ENVIRONMENT)
    assert writer.stdout is not None and writer.stdout.readline().strip() == b"locked"
    assert_locked(Archive(tmp_path))
    writer.kill()
    writer.wait()
    with Archive(tmp_path).locked():
        pass


def test_a_full_disk_leaves_no_half_batch_and_what_was_finished(tmp_path, results, monkeypatch):
    archive = write(Archive(tmp_path / "archive"), results[0])

    def full(path, content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with archive.locked():
        monkeypatch.setattr(Path, "write_bytes", full)
        with pytest.raises(UserError, match=r"No space left on device.*Finished runs are kept"):
            archive.write(results[1])
    assert [len(batch.done) for batch in archive.stored_batches()] == [2]
    assert not list(archive.batches.glob(".*"))


@pytest.mark.parametrize("place", ["/proc/self/runs", "file"])
def test_a_folder_that_cannot_be_written_is_refused(place, tmp_path):
    (tmp_path / "file").touch()
    if place != "file" and not Path("/proc/self").exists():
        pytest.skip("needs a file system that nobody can write to")
    with pytest.raises(UserError, match="cannot be written"), Archive(tmp_path / place).locked():
        pass


def test_a_run_in_two_batches_is_read_once(archive, plan):
    before = archive.table("levels")
    after = write(archive, simulate(replicates(plan, 1, 2))).table("levels")
    assert not after.duplicated(["run", "scenario", "group"]).any()
    assert len(after) == len(before)
