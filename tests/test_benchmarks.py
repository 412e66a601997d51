"""The benchmark command runs and reports its measurements; no test depends on speed."""

import logging
import sys

import numpy as np
import pandas
import psutil
import pytest

from benchmarks.__main__ import main
from benchmarks.memory import Watch, alone, held
from benchmarks.peers import MesaModel
from benchmarks.report import HEADS, Row, markdown
from benchmarks.small import COLLEAGUES, REPORTED, STATES, SmallModel, partners_of
from benchmarks.timing import Runner, nanoseconds
from benchmarks.whole import PARTS, WholeModel, bytes_held, bytes_moved, firm_of, plan_of, shares_of_time
from sim.engine import engine_for
from sim.engine.reference import ReferenceEngine

YEAR = 364


def test_all_employees_of_the_small_model_have_eight_mutual_ties():
    partner = partners_of(50, seed=1)
    assert partner.shape == (COLLEAGUES, 50)
    assert (partner != np.arange(50)).all()
    pairs = set(zip(np.tile(np.arange(50), COLLEAGUES).tolist(), partner.ravel().tolist(), strict=True))
    assert all((partner, own) in pairs for own, partner in pairs)


def test_the_small_model_gives_statistically_the_same_in_mesa():
    ours, theirs = SmallModel(ReferenceEngine, 1_000), MesaModel(1_000)
    ours.run(YEAR)
    theirs.run(YEAR)
    for state in STATES:
        mine = ours.engine.values[state][0]
        agents = np.array([getattr(agent, state) for agent in theirs.agents])
        # Means of a thousand shake by 3 % of a standard deviation, spreads by 2 %; ties make them shake a little more.
        assert abs(mine.mean() - agents.mean()) < 0.2 * agents.std(), state
        assert mine.std() == pytest.approx(agents.std(), rel=0.12), state
    for name in REPORTED:
        assert len(ours.reports[name]) == len(theirs.reports[name]) == YEAR // 7


def test_the_small_model_is_the_same_to_the_bit_under_both_engines():
    models = [SmallModel(engine_for(name), 100) for name in ("reference", "auto")]
    for model in models:
        model.run(28)
    for state in STATES:
        np.testing.assert_array_equal(models[0].engine.values[state], models[1].engine.values[state], state)


def test_the_time_of_the_whole_model_is_divided_into_shares_that_add_up():
    plan = plan_of(60)
    model = WholeModel(ReferenceEngine, plan, firm_of(plan), worlds=2)
    shares = shares_of_time(model, weeks=1)
    assert set(shares) == set(PARTS)
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["equations"] > 0 and shares["chance"] > 0 and shares["network"] > 0 and shares["recording"] > 0
    assert 0 < bytes_moved(model.engine) < bytes_held(model.engine) * 2


def test_runs_take_turns_and_an_employee_day_is_counted_in_every_world():
    days: dict[str, list[int]] = {"one": [], "two": []}
    durations = nanoseconds([Runner(name, 10, 2, own.append, 7) for name, own in days.items()], turns=1)
    assert set(durations) == set(days)
    assert all(sum(own) % 7 == 0 and sum(own) > 0 for own in days.values())


def test_memory_is_measured_without_what_earlier_parts_left():
    left = np.ones(50_000_000)
    assert held() > left.nbytes
    assert alone(held) < left.nbytes


def test_memory_of_all_processes_of_a_job_counts():
    grown = "x = bytearray(100_000_000); import time; time.sleep(2)"
    started = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {grown!r}])"
    job = psutil.Popen([sys.executable, "-c", started])
    with Watch(job) as watch:
        assert job.wait() == 0
    assert 100e6 < watch.most < 200e6


def test_the_table_leaves_blank_what_was_not_measured():
    text = markdown([Row("small model", "reference", 1_000, million_employee_days_a_second=12.3)], ["a note"])
    assert all(head in text for head in HEADS)
    assert "nan" not in text
    assert "| 1,000 " in text and "12.3" in text and "- a note" in text


@pytest.mark.slow
def test_the_command_prints_its_table_and_writes_it(tmp_path, capsys):
    sizes = ["--sizes", "40", "--turns", "1", "--replicates", "2", "--weeks", "1", "--runs", "0"]
    try:
        assert main([*sizes, "--out", str(tmp_path)]) == 0
    finally:
        logging.getLogger("mesa").setLevel(logging.NOTSET)
    printed = capsys.readouterr().out
    (folder,) = tmp_path.iterdir()
    assert (folder / "benchmarks.md").read_text(encoding="utf-8") in printed + "\n"
    table = pandas.read_parquet(folder / "benchmarks.parquet")
    assert {"small model", "whole model"} <= set(table["what"])
    assert {"reference", "Mesa agents"} <= set(table["engine"])
    assert not list(folder.glob(".*"))


@pytest.mark.slow
def test_a_sweep_is_measured_with_its_storage(tmp_path):
    assert main(["--only", "sweeps", "--weeks", "1", "--runs", "9", "--out", str(tmp_path)]) == 0
    (folder,) = tmp_path.iterdir()
    notes = pandas.read_parquet(folder / "benchmarks.parquet").set_index("what")["note"]
    assert "runs a second by 2 workers" in notes.filter(like="Sobol design").item()
    assert "MB per 5,000 runs" in notes["its folder"] and " s for " in notes["resuming it when finished"]
    assert notes["from the command to its first batch"].endswith(" s")
