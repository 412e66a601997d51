"""Cost of storing thousands of runs beside simulating them: time, memory, disk space, and time to resume."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from unittest.mock import patch

import psutil

from benchmarks.memory import alone, held
from benchmarks.report import Row
from sim.config import composition
from sim.experiments import designs
from sim.experiments.factors import DesignContext, choose
from sim.experiments.results import Results
from sim.experiments.sweep import Sweep, run_sweep
from sim.outcomes.definitions import OUTCOMES
from sim.runs.archive import Archive
from sim.runs.batch import BatchResult
from sim.runs.worker_pool import process_pool

PEOPLE = 500
FACTORS = ("amounts", "mechanisms.recovery.*")
RUNS, OUTCOMES_OF_THE_BOUND = 5_000, 40
BATCHES = 100


class Watched:
    """Measurements of a sweep while its batches were written."""

    def __init__(self) -> None:
        self.begun = perf_counter()
        self.first = self.work = 0.0
        self.memory: list[float] = []

    def see(self, ready: BatchResult) -> None:
        """Record the time of the first batch, the seconds of work in this one, and the memory of all processes."""
        self.first = self.first or perf_counter() - self.begun
        self.work += ready.seconds
        self.memory.append(held() / 1e6)


@contextmanager
def watched() -> Iterator[Watched]:
    """Measure all batches written within this context."""
    seen, write = Watched(), Archive.write

    def writing(archive: Archive, ready: BatchResult) -> None:
        seen.see(ready)
        write(archive, ready)

    with patch.object(Archive, "write", writing):
        yield seen


def _asked(weeks: int) -> tuple[str, ...]:
    """Return overrides: 500 people, `weeks` weeks after as long a burn-in, the whole package."""
    return (f"firm.employees={PEOPLE}", f"weeks={weeks}", f"burn_in={weeks}", "scenarios=[whole_package]")


def sobol_of(rows: int, weeks: int) -> Sweep:
    """Return a Sobol design of at least `rows` rows."""
    asked = ("firm=one", *_asked(weeks))
    ground = DesignContext(composition.compose(*asked), asked)
    factors = choose(FACTORS, ground.plan)
    points = 1
    while points * (len(factors) + 2) < rows:
        points *= 2
    return Sweep(ground, designs.make(designs.Settings("sobol", n=points), factors), 1, ("levels", "weekly"))


def sweeps(rows: int, weeks: int, workers: int = 2) -> Iterator[Row]:
    """Yield rows on a Sobol design: time beside the simulation itself, memory, disk space, and time to resume."""
    sweep = sobol_of(rows, weeks)
    with TemporaryDirectory(prefix="hybridwork-sweep-") as place:
        folder = Path(place)
        seen, wall = alone(_carried_out, rows, weeks, folder, workers)
        what = f"Sobol design of {len(sweep):,} runs"
        idle = wall * workers / seen.work - 1
        yield Row(what, "fused", PEOPLE, 2, note=(
            f"{wall:.0f} s, {len(sweep) / wall:.1f} runs a second by {workers} workers; overhead "
            f"{idle:.1%}, including the start"
        ))  # fmt: skip
        tenth = seen.memory[len(seen.memory) // 10]
        yield Row("its memory, all processes", "fused", PEOPLE, 2, note=(
            f"{tenth:.0f} MB after a tenth, {seen.memory[-1]:.0f} MB at the end, {max(seen.memory):.0f} MB at most"
        ))  # fmt: skip
        yield _room(folder, len(sweep), weeks)
        yield _going_on(folder, weeks)
    yield _first_run(weeks)


def _carried_out(rows: int, weeks: int, folder: Path, workers: int) -> tuple[Watched, float]:
    """Run a sweep; return the measurements and the seconds it took."""
    sweep = sobol_of(rows, weeks)
    with watched() as seen:
        begun = perf_counter()
        run_sweep(sweep, folder, process_pool(workers))
        return seen, perf_counter() - begun


def _room(folder: Path, runs: int, weeks: int) -> Row:
    sizes = {
        name: sum(path.stat().st_size for path in folder.glob(f"batches/*/{name}.parquet"))
        for name in ("levels", "weekly")
    }
    worlds = 2
    bound = sizes["weekly"] / runs / worlds * RUNS * OUTCOMES_OF_THE_BOUND / len(OUTCOMES) / 1e6
    levels = sizes["levels"] / runs * RUNS / 1e6
    return Row("its folder", "fused", PEOPLE, worlds, note=(
        f"{bound:.0f} MB per {RUNS:,} runs x {weeks} weeks x {OUTCOMES_OF_THE_BOUND} outcomes; "
        f"levels of all groups in both worlds {levels:.0f} MB more"
    ))  # fmt: skip


def _going_on(folder: Path, weeks: int) -> Row:
    batches = len(list(folder.glob("batches/[!.]*")))
    asked = "import sys; from benchmarks.sweeps import go_on; go_on(sys.argv[1], int(sys.argv[2]))"
    taken = _seconds_of("-c", asked, str(folder), str(weeks))
    return Row(
        "resuming it when finished", "", 500, note=f"{taken:.1f} s for {batches} batches, including the start of Python"
    )


def go_on(folder: str, weeks: int) -> None:
    """Run the same design again in the folder of a finished sweep."""
    rows = len(Results(folder).runs)
    run_sweep(sobol_of(rows, weeks), folder, process_pool(2))


def _first_run(weeks: int) -> Row:
    with TemporaryDirectory(prefix="hybridwork-sweep-") as place:
        words = [
            sys.executable,
            "-m",
            "sim",
            "sweep",
            "design=sobol",
            "design.n=64",
            *_asked(weeks),
            f"folder={place}/kept",
        ]
        begun = perf_counter()
        job = psutil.Popen(words, stdout=-3, stderr=-3)
        while not list(Path(place).glob("kept/batches/[!.]*")):
            if job.poll() is not None:
                return Row("from the command to its first batch", "fused", 500, note=f"ended with {job.returncode}")
        taken = perf_counter() - begun
        for one in (*job.children(recursive=True), job):
            one.kill()
        job.wait()
    return Row("from the command to its first batch", "fused", 500, note=f"{taken:.1f} s")


def _seconds_of(*words: str) -> float:
    root = str(Path(__file__).resolve().parents[1])
    begun = perf_counter()
    psutil.Popen([sys.executable, *words], env={**os.environ, "PYTHONPATH": root}, stdout=-3).wait()
    return perf_counter() - begun
