"""Many runs: who does the work, what a run is called, and an archive that knows what it has."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.engine.plan import BASELINE, Plan
from sim.errors import UserError
from sim.levers.measure import with_measure_parameters
from sim.levers.scenario import Introduction, Scenario
from sim.runs import batch as batches
from sim.runs.archive import SUMS, Archive, StoredBatch
from sim.runs.batch import Batch, BatchResult, Run, simulate_batch
from sim.runs.identity import Identifier, digest, model_version
from sim.runs.run import run
from sim.runs.worker_pool import borrowed_pool as given_pool
from sim.runs.worker_pool import in_process_pool, map_unordered, process_pool, reusing_executor
from sim.world.firm import FirmOptions

POLICY = Scenario("right", "policy", introduced=(Introduction("right_to_disconnect"),))


@pytest.fixture(scope="module")
def plan(measures) -> Plan:
    """Forty people for two weeks, by the reference engine, which needs no compiling."""
    firm = FirmOptions("one", employees=40)
    return Plan(measures, (BASELINE, POLICY), firm, weeks=2, burn_in=1, engine="reference")


# -- who does the work -----------------------------------------------------------------------------------------------


def doubled(number: int) -> int:
    return 2 * number


def killed_once(task: tuple[int, str]) -> int:
    """Kills its own worker the first time that a task is begun for which a flag is given."""
    number, flag = task
    if flag and not os.path.exists(flag):
        Path(flag).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def always_killed(number: int) -> int:
    if number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def refused(number: int) -> int:
    raise UserError(f"{number} cannot be")


def test_this_process_does_all_the_work_in_order():
    assert list(map_unordered(doubled, range(5), in_process_pool())) == [(n, 2 * n) for n in range(5)]


def test_a_worker_that_is_killed_costs_nobody_else_their_work(tmp_path):
    tasks = [(number, str(tmp_path / "flag") if number == 3 else "") for number in range(8)]
    found = dict(map_unordered(killed_once, tasks, process_pool(2)))
    assert found == {task: task[0] for task in tasks}
    assert (tmp_path / "flag").exists()


def killed_once_and_slow(task: tuple[int, str]) -> int:
    number = killed_once(task)
    time.sleep(0.05)  # so that the death of a worker is noticed while others are at work
    return number


def test_what_a_killed_worker_was_at_is_not_left_until_all_others_are_done(tmp_path):
    tasks = [(number, str(tmp_path / "flag") if number == 1 else "") for number in range(100)]
    order = [number for (number, _), _ in map_unordered(killed_once_and_slow, tasks, process_pool(2))]
    assert sorted(order) == list(range(100))
    assert order.index(1) < 75, "results in order wait for it, all of them in memory"


def worker_id(_: int) -> int:
    return os.getpid()


def test_a_reused_executor_is_opened_again_after_a_worker_was_killed(tmp_path):
    tasks = [(number, str(tmp_path / "flag") if number == 3 else "") for number in range(8)]
    with reusing_executor(process_pool(2)) as pool:
        first, second = ({own for _, own in map_unordered(worker_id, range(20), pool)} for _ in range(2))
        assert dict(map_unordered(killed_once, tasks, pool)) == {task: task[0] for task in tasks}
        third = {own for _, own in map_unordered(worker_id, range(20), pool)}
    assert len(first | second) <= 2, "the same workers serve both calls"
    assert not third & (first | second)


def test_a_task_that_always_kills_its_worker_is_given_up_and_the_others_are_done():
    found = dict(map_unordered(always_killed, range(4), process_pool(2)))
    assert found == {0: 0, 1: 1, 2: None, 3: 3}


@pytest.mark.parametrize("pool", [in_process_pool(), process_pool(2)], ids=["alone", "processes"])
def test_an_error_of_the_work_is_raised(pool):
    with pytest.raises(UserError, match="cannot be"):
        list(map_unordered(refused, range(3), pool))


def test_any_executor_can_do_the_work_and_stays_open():
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(2) as pool:
        for _ in range(2):
            assert dict(map_unordered(doubled, range(20), given_pool(pool, 2))) == {n: 2 * n for n in range(20)}


def test_items_are_taken_only_a_few_at_a_time():
    from concurrent.futures import ThreadPoolExecutor

    taken: list[int] = []

    def items():
        for number in range(1000):
            taken.append(number)
            yield number

    with ThreadPoolExecutor(2) as pool:
        work = map_unordered(doubled, items(), given_pool(pool, 2))
        next(work)
        assert len(taken) < 10
        work.close()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_workers_end_when_the_one_who_hired_them_is_killed(tmp_path):
    script = tmp_path / "hires.py"
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
    job = subprocess.Popen([sys.executable, str(script), str(folder)], cwd=Path.cwd(), env=_with_path())
    _until(lambda: len(list(folder.iterdir())) == 2)
    workers = [int(path.name) for path in folder.iterdir()]
    job.kill()
    job.wait()
    _until(lambda: not any(Path(f"/proc/{worker}").exists() and _lives(worker) for worker in workers))


def _with_path() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}


def _lives(process: int) -> bool:
    """Whether it is more than an entry that nobody has read yet."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _until(true, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


# -- what a run is called --------------------------------------------------------------------------------------------


def changed(plan: Plan) -> dict[str, Plan]:
    """The plan with one thing changed at a time that its result depends on."""
    measures = [
        with_measure_parameters(m, {"use": 0.11}) if m.name == "right_to_disconnect" else m for m in plan.measures
    ]
    return {
        "seed": replace(plan, seed=2),
        "replicate": replace(plan, replicate=1),
        "weeks": replace(plan, weeks=3),
        "burn_in": replace(plan, burn_in=2),
        "firm": replace(plan, firm=FirmOptions("one", employees=41)),
        "scenario": replace(plan, scenarios=(BASELINE, replace(POLICY, introduced=(Introduction("breaks"),)))),
        "parameter": replace(plan, parameters={"recovery": {"demands_hold": 0.2}}),
        "measure": replace(plan, measures=tuple(measures)),
    }


def test_a_run_is_called_by_everything_its_result_depends_on(plan):
    name = Identifier()
    names = {name(plan), *(name(other) for other in changed(plan).values())}
    assert len(names) == 1 + len(changed(plan))


def test_a_run_is_called_the_same_whatever_the_engine_and_whoever_asks(plan):
    assert Identifier()(plan) == Identifier()(replace(plan, engine="auto"))
    same = replace(plan, scenarios=tuple(replace(scenario) for scenario in plan.scenarios))
    assert Identifier()(plan) == Identifier()(same)


def test_a_measure_that_no_scenario_introduces_does_not_rename_a_run(plan):
    others = tuple(
        with_measure_parameters(m, {"use": 0.11}) if m.name == "sit_stand_desk" else m for m in plan.measures
    )
    introduced = any(m.name == "sit_stand_desk" and m.in_study for m in plan.measures)
    assert (Identifier()(plan) == Identifier()(replace(plan, measures=others))) is not introduced


@given(st.dictionaries(st.text(max_size=5), st.floats(allow_nan=False), max_size=5))
def test_a_digest_does_not_hang_on_the_order_of_entries(content):
    assert digest(content) == digest(dict(reversed(content.items())))


def test_remembering_parts_never_confuses_plans(plan):
    name = Identifier()
    plans = [replace(plan, firm=FirmOptions("one", employees=20 + n)) for n in range(1500)]
    assert [name(one) for one in plans] == [Identifier()(one) for one in plans[:10]] + [name(one) for one in plans[10:]]
    assert len({name(one) for one in plans}) == len(plans)


def test_an_own_organisation_is_known_by_what_its_files_hold_not_by_where_they_stand(plan, tmp_path):
    persons = "id,team,department,manager,role\n"
    for place, text in (("a.csv", persons), ("b.csv", persons), ("c.csv", persons + "1,1,1,,manager\n")):
        (tmp_path / place).write_text(text)
    names = [
        Identifier()(replace(plan, firm=FirmOptions("own", persons=str(tmp_path / f"{place}.csv")))) for place in "abc"
    ]
    assert names[0] == names[1] != names[2]


def test_the_version_of_the_model_does_not_change_from_process_to_process():
    asked = [sys.executable, "-c", "from sim.runs.identity import model_version; print(model_version())"]
    told = subprocess.run(asked, env=_with_path(), capture_output=True, text=True, check=True)
    assert told.stdout.strip() == model_version()


def test_every_data_file_is_part_of_the_model_or_known_not_to_be():
    from sim.runs import identity

    data = Path(identity.__file__).resolve().parents[1] / "data"
    model = {Path(part).name for part in identity.MODEL_FILES if part.startswith("data/")} - {"__init__.py"}
    evidence = {"effects.csv", "patterns.csv", "targets.csv", "costs.csv", "data_sets.csv", "observations.csv"}
    evidence.add("scales.csv")  # of the interview, which looks at runs and is no part of them
    assert {path.name for path in data.glob("*") if path.suffix in (".csv", ".npy")} - evidence == model


# -- a batch ---------------------------------------------------------------------------------------------------------


def batch_of(plans, tables=("levels", "weekly"), model=None) -> Batch:
    name = Identifier()
    return Batch(tuple(Run(name(one), one) for one in plans), tables, model or model_version())


def test_a_batch_holds_what_a_run_alone_gives(plan):
    import io

    import numpy as np
    import pyarrow.parquet as pq

    from sim.outcomes.definitions import GROUPS, OUTCOMES

    plans = [replace(plan, replicate=replicate) for replicate in range(3)]
    ready = simulate_batch(batch_of(plans))
    assert (ready.done, ready.failed) == (3, 0)
    weekly = pq.read_table(io.BytesIO(ready.files["weekly"])).to_pandas()
    own = weekly[weekly["run"] == Identifier()(plans[2])]
    everybody = run(plans[2]).weekly[..., list(GROUPS).index("everybody")]
    assert np.array_equal(own[list(OUTCOMES)].to_numpy(), np.concatenate(everybody))


def test_the_same_batch_is_the_same_bytes(plan):
    assert simulate_batch(batch_of([plan])).files == simulate_batch(batch_of([plan])).files


def test_no_row_stands_for_fewer_than_ten_people(plan):
    import io

    import pyarrow.parquet as pq

    levels = pq.read_table(io.BytesIO(simulate_batch(batch_of([plan])).files["levels"])).to_pandas()
    assert len(levels) and (levels["people"] >= 10).all()
    assert "managers" not in set(levels["group"].astype(str))  # of forty people too few lead


def test_a_run_that_fails_is_recorded_with_its_error_and_the_others_go_on(plan, monkeypatch):
    plans = [replace(plan, replicate=replicate) for replicate in range(3)]
    lives = batches.run_stacked

    def failing(stack):
        if any(one.replicate == 1 for one in stack):
            raise ZeroDivisionError("by nought")
        return lives(stack)

    monkeypatch.setattr(batches, "run_stacked", failing)
    ready = simulate_batch(batch_of(plans))
    assert (ready.done, ready.failed) == (2, 1)
    archive = written(ready)
    name = Identifier()
    assert archive.done == (name(plans[0]), name(plans[2]))
    assert archive.failed == {name(plans[1]): "ZeroDivisionError: by nought"}


def written(ready: BatchResult) -> StoredBatch:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        archive = Archive(folder)
        with archive.locked():
            archive.write(ready)
        (kept,) = archive.stored_batches()
        assert isinstance(kept, StoredBatch)
        return kept


def test_a_worker_with_another_version_of_the_model_refuses(plan):
    with pytest.raises(UserError, match="Install the same version on every machine"):
        simulate_batch(batch_of([plan], model="0.0+other"))


# -- an archive ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ready(plan) -> tuple[BatchResult, BatchResult]:
    """Two batches of two runs."""
    plans = [replace(plan, replicate=replicate) for replicate in range(4)]
    return simulate_batch(batch_of(plans[:2])), simulate_batch(batch_of(plans[2:]))


@pytest.fixture
def archive(tmp_path, ready) -> Archive:
    """An archive with two batches."""
    own = Archive(tmp_path / "kept")
    with own.locked():
        for one in ready:
            own.write(one)
    return own


def folders(archive: Archive) -> list[Path]:
    return sorted(archive.batches.glob("[!.]*"))


def test_an_archive_knows_what_it_has(archive):
    assert [len(batch.done) for batch in archive.stored_batches()] == [2, 2]
    assert archive.tables() == ["levels", "runs", "weekly"]
    assert archive.table("weekly")["run"].nunique() == 4


def test_the_checksums_are_those_of_sha256sum(archive):
    folder = folders(archive)[0]
    if shutil.which("sha256sum") is None:
        pytest.skip("no sha256sum here")
    subprocess.run(["sha256sum", "--check", "--quiet", SUMS], cwd=folder, check=True)


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


@pytest.mark.parametrize("alter", ALTERATIONS.values(), ids=list(ALTERATIONS))
def test_a_batch_that_was_altered_is_found_and_removed(archive, alter):
    broken, intact = folders(archive)
    alter(broken)
    places = [batch if isinstance(batch, Path) else batch.folder for batch in archive.stored_batches()]
    assert places == [broken, intact]
    assert isinstance(next(iter(archive.stored_batches())), Path)
    assert archive.table("weekly")["run"].nunique() == 2
    assert archive.remove_invalid() == 1
    assert folders(archive) == [intact]


def test_what_unfinished_writing_left_is_removed_but_not_that_of_a_part_beside(tmp_path, ready):
    first, second = (Archive(tmp_path, (part, 2)) for part in range(2))
    with first.locked(), second.locked():
        left = {part: one.batches / f".{part}-of-2-{part:016x}" for part, one in enumerate((first, second))}
        for folder in left.values():
            folder.mkdir()
        first.remove_invalid()
        assert [folder.exists() for folder in left.values()] == [False, True]


def test_two_who_write_one_folder_are_refused_and_parts_are_not(tmp_path):
    whole, again = Archive(tmp_path), Archive(tmp_path)
    with whole.locked():
        for other in (again, Archive(tmp_path, (0, 2))):
            with pytest.raises(UserError, match="Another process is writing"), other.locked():
                pass
    with Archive(tmp_path, (0, 2)).locked(), Archive(tmp_path, (1, 2)).locked():
        for other in (whole, Archive(tmp_path, (0, 2)), Archive(tmp_path, (1, 3))):
            with pytest.raises(UserError, match="Another process is writing"), other.locked():
                pass
    with whole.locked():
        pass


def test_a_killed_writer_leaves_the_folder_free(tmp_path):
    held = (
        "import sys, time; from sim.runs.archive import Archive\n"
        "with Archive(sys.argv[1]).locked(): print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", held, str(tmp_path)], stdout=subprocess.PIPE, env=_with_path())
    assert holder.stdout is not None and holder.stdout.readline().strip() == b"held"
    with pytest.raises(UserError), Archive(tmp_path).locked():
        pass
    holder.kill()
    holder.wait()
    with Archive(tmp_path).locked():
        pass


def test_a_full_disk_leaves_no_half_batch_and_what_was_finished(tmp_path, ready, monkeypatch):
    archive = Archive(tmp_path / "kept")
    with archive.locked():
        archive.write(ready[0])

        def full(path, content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(Path, "write_bytes", full)
        with pytest.raises(UserError, match=r"No space left on device.*Finished runs are kept"):
            archive.write(ready[1])
    assert [len(batch.done) for batch in archive.stored_batches()] == [2]
    assert not list(archive.batches.glob(".*"))


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a file system that nobody can write to")
def test_a_folder_that_cannot_be_written_is_told_before_anything_is_lived():
    with pytest.raises(UserError, match="cannot be written"), Archive("/proc/self/kept").locked():
        pass


def test_a_file_in_place_of_the_folder_is_told(tmp_path):
    (tmp_path / "kept").touch()
    with pytest.raises(UserError, match="cannot be written"), Archive(tmp_path / "kept").locked():
        pass


def test_a_table_that_no_batch_has_is_told(archive):
    with pytest.raises(UserError, match="levels, runs, weekly"):
        archive.table("cascade")


def test_a_run_that_stands_in_two_batches_is_read_once(archive, plan):
    again = simulate_batch(batch_of([replace(plan, replicate=replicate) for replicate in (1, 2)]))
    before = archive.table("levels")
    with archive.locked():
        archive.write(again)
    after = archive.table("levels")
    key = ["run", "scenario", "group"]
    assert not after.duplicated(key).any()
    assert len(after) == len(before)
