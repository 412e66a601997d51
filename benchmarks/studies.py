"""Timing of whole studies: replicates of small firms, many runs, one large study, and the command itself."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from statistics import median

from benchmarks.memory import Watch
from benchmarks.report import Row
from benchmarks.timing import seconds
from benchmarks.whole import WholeModel, engines, firm_of, plan_of
from sim.engine.plan import Plan
from sim.runs.run import run, run_many
from sim.runs.stacked_runs import batches, burn_in_state, run_stacked
from sim.world.establishments import MOST_EMPLOYEES
from sim.world.firm import FirmOptions

_FEW_RUNS, _MANY_RUNS = 4, 24


def paired_study(replicates: int, weeks: int) -> Iterator[Row]:
    """Yield rows for paired replicates of 500 employees: from the start, by warm workers, from stored burn-ins."""
    pair = plan_of(500, ("baseline", "right_to_disconnect"), weeks=weeks, burn_in=weeks)
    plans = [replace(pair, replicate=replicate) for replicate in range(replicates)]
    what = f"{replicates} paired replicates, {weeks} weeks after {weeks}"
    days, days_from_stored = (replicates * 500 * 7 * weeks * worlds / 1e6 for worlds in (3, 2))
    for name in engines():
        chosen = [replace(plan, engine=name) for plan in plans]
        list(run_many([replace(chosen[0], weeks=1, burn_in=1)]))
        together = seconds(lambda chosen=chosen: list(run_many(chosen)))
        yield Row(what, name, 500, 2, days / together, note=f"{together:.2f} s, one core")
    with_two_workers = _by_warm_workers(chosen)
    yield Row(what, name, 500, 2, days / with_two_workers, note=f"{with_two_workers:.2f} s, two warm workers")
    states = [burn_in_state(batch) for batch in batches(chosen)]
    from_stored = seconds(lambda: [state.simulate(pair.scenarios) for state in states])
    yield Row(
        "the same from stored burn-ins",
        name,
        500,
        2,
        days_from_stored / from_stored,
        note=f"{from_stored:.2f} s, one core",
    )
    yield from stacked_rows(plans[: max(1, min(6, replicates))])


def stacked_rows(few: Sequence[Plan]) -> Iterator[Row]:
    """Yield the gain from stacking replicates as rows of one engine over separate runs."""
    for name in engines():
        chosen = [replace(plan, engine=name) for plan in few]
        alone, stacked = seconds(lambda c=chosen: [run(plan) for plan in c]), seconds(lambda c=chosen: run_stacked(c))
        yield Row("replicates stacked as rows", name, 500, 2, ratio=alone / stacked, against=f"{len(few)} runs")


def _by_warm_workers(plans: Sequence[Plan], workers: int = 2) -> float:
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        list(run_many([replace(plan, weeks=1, burn_in=1) for plan in plans[:workers]], workers, pool=pool))
        return seconds(lambda: list(run_many(plans, workers, pool=pool)))


def two_workers(weeks: int) -> Row:
    """Measure the time per additional run with one and two workers, without the start of the workers."""
    base = plan_of(2_000, ("baseline", "right_to_disconnect"), weeks=weeks, burn_in=max(1, weeks // 2))
    plans = [replace(base, replicate=replicate) for replicate in range(_MANY_RUNS)]
    times = {
        (workers, runs): seconds(lambda w=workers, r=runs: list(run_many(plans[:r], w)))
        for runs in (_FEW_RUNS, _MANY_RUNS)
        for workers in (1, 2)
    }
    one, two = (times[workers, _MANY_RUNS] - times[workers, _FEW_RUNS] for workers in (1, 2))
    begun = times[2, _FEW_RUNS] - two / (_MANY_RUNS - _FEW_RUNS) * _FEW_RUNS
    note = f"after {begun:.1f} s to start the workers"
    return Row(
        "many runs by two workers", "as `run`", 2_000, 2, ratio=one / max(two, 1e-9), against="one worker", note=note
    )


def help_time(turns: int = 5) -> Row:
    """Measure how long `--help` takes."""
    command = [sys.executable, "-m", "sim", "--help"]
    once = median(seconds(lambda: subprocess.run(command, check=True, capture_output=True)) for _ in range(turns))
    return Row("python -m sim --help", "", 0, note=f"{once:.2f} s")


def large_study() -> Row:
    """Simulate all employees of 206 establishments for one year, in one world, without burn-in."""
    everybody = FirmOptions("study", establishments=206, sample=MOST_EMPLOYEES)
    study = replace(plan_of(1_000, ("baseline",)), firm=everybody)
    name, engine = list(engines().items())[-1]
    with Watch() as watch:
        firm = firm_of(study)
        model = WholeModel(engine, study, firm, 1)
        year = seconds(lambda: model.live(364))
    people = len(firm.identifier)
    return Row(
        "one year of 206 establishments", name, people, 1, people * 364 / year / 1e6,
        note=f"{year:.1f} s, {watch.most / 1e9:.2f} GB at most in memory",
    )  # fmt: skip
