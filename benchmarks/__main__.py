"""Benchmarks of speed against other frameworks and the machine, and of precision against float64."""

from __future__ import annotations

import os

# One thread for all libraries; must be set before numpy is imported.
os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

import argparse
import datetime
import logging
import platform
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from benchmarks.memory import alone, memory
from benchmarks.peers import MesaModel, missing_peers, starsim_runner
from benchmarks.precision import precision
from benchmarks.report import Row, markdown, write
from benchmarks.small import SmallModel
from benchmarks.studies import help_time, large_study, paired_study, two_workers
from benchmarks.sweeps import sweeps
from benchmarks.timing import Runner, copy_bandwidth, nanoseconds
from benchmarks.whole import (
    WholeModel,
    bytes_held,
    bytes_moved,
    engines,
    firm_of,
    many_establishments,
    plan_of,
    shares_of_time,
)

SIZES = (1_000, 10_000, 100_000, 1_000_000)
MESA = "Mesa agents"
_LARGEST_FOR_AGENTS = 100_000
_BYTES_A_PLACE, _BYTES_A_PLACE_AND_WORLD = 3_000, 2_500


def main(argv: Sequence[str] | None = None) -> int:
    """Run the chosen benchmarks, print the table and write it."""
    asked = _parser().parse_args(argv)
    logging.getLogger("MESA").setLevel(logging.WARNING)
    logging.getLogger("mesa").setLevel(logging.WARNING)
    notes = [_machine(), *missing_peers()]
    if find_spec("numba") is None:
        notes.append("numba is not installed; rows of the fused engine are left out.")
    rows: list[Row] = []
    try:
        for row in _rows(asked):
            rows.append(row)
            print(f"{row.what}, {row.engine}, {row.employees:,} employees", file=sys.stderr, flush=True)
    finally:
        # Also write what was measured before an interruption.
        print(markdown(rows, notes))
        write(rows, notes, asked.out / datetime.datetime.now().strftime("%Y-%m-%d_%H-%M-%S"))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--sizes", type=_sizes, default=SIZES, help="employees, separated by commas")
    parser.add_argument("--turns", type=int, default=5, help="number of turns; the table has their median")
    parser.add_argument("--replicates", type=int, default=30, help="replicates of the paired study")
    parser.add_argument("--weeks", type=int, default=52, help="weeks of burn-in and of horizon in the studies")
    parser.add_argument(
        "--runs", type=int, default=500, help="least number of rows of the stored Sobol design; 0 for none"
    )
    parser.add_argument(
        "--full",
        action="store_true",
        help="also simulate 131,775 employees in 206 establishments for a year, and measure the memory of the main job",
    )
    parser.add_argument(
        "--only", choices=("small", "whole", "studies", "sweeps", "precision", "memory"), help="one part only"
    )
    parser.add_argument("--out", type=Path, default=Path("outputs/benchmarks"), help="parent folder of the results")
    return parser


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(int(float(size)) for size in text.split(","))


def _machine() -> str:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"Python {platform.python_version()} on {platform.machine()}, {cores} cores; one thread unless noted."


def _rows(asked: argparse.Namespace) -> Iterator[Row]:
    bandwidth = copy_bandwidth()
    yield Row("copy of large arrays", "numpy", 0, note=f"{bandwidth / 1e9:.1f} GB/s, in and out")
    if asked.only in (None, "small"):
        for people in asked.sizes:
            yield from small_model(people, asked.turns)
    if asked.only in (None, "whole"):
        for people in asked.sizes:
            yield from whole_model(people, asked.turns, bandwidth)
            yield from in_establishments(people, asked.turns, bandwidth)
    if asked.only in (None, "studies"):
        yield from paired_study(asked.replicates, asked.weeks)
        yield two_workers(asked.weeks)
        yield help_time()
    if asked.only in (None, "sweeps") and asked.runs:
        yield from sweeps(asked.runs, asked.weeks)
    if asked.only in (None, "precision"):
        yield from precision(asked.replicates, asked.weeks)
    if asked.only in (None, "memory"):
        yield from memory(asked.full)
    if asked.full:
        yield alone(large_study)


def small_model(people: int, turns: int) -> Iterator[Row]:
    """Yield rows of the small model with every engine and framework, measured in turns."""
    models = {name: SmallModel(engine, people) for name, engine in engines().items()}
    runners = [Runner(name, people, 1, model.run, 7) for name, model in models.items()]
    if people <= _LARGEST_FOR_AGENTS:
        runners.append(Runner(MESA, people, 1, MesaModel(people).run))
    if find_spec("starsim"):
        runners.append(starsim_runner(people))
    taken = nanoseconds(runners, turns)
    for name, time in taken.items():
        row = Row("small model", name, people, million_employee_days_a_second=1e3 / time)
        if name in models:
            row = replace(row, bytes_per_employee=bytes_held(models[name].engine))
        if MESA in taken:
            row = replace(row, ratio=taken[MESA] / time, against=MESA)
        yield row


def whole_model(people: int, turns: int, bandwidth: float) -> Iterator[Row]:
    """Yield rows of the whole model with every engine, in 1 and 8 worlds, beside the small model in Mesa."""
    eight, can = plan_of(people), engines()
    firm = firm_of(eight)
    counts = [worlds for worlds in (1, 8) if _fits(people, worlds)]
    models = {(name, worlds): WholeModel(can[name], eight, firm, worlds) for worlds in counts for name in can}
    runners = [model.runner(f"{name}, {worlds}") for (name, worlds), model in models.items()]
    if people <= _LARGEST_FOR_AGENTS:
        runners.append(Runner(MESA, people, 1, MesaModel(people).run))
    taken = nanoseconds(runners, turns)
    for (name, worlds), model in models.items():
        time, floor = taken[f"{name}, {worlds}"], bytes_moved(model.engine) / bandwidth * 1e9
        note = f"{floor / time:.1%} of the floor of {floor:.1f} ns"
        if name == "reference":
            note += "; " + ", ".join(f"{part} {share:.0%}" for part, share in shares_of_time(model).items())
        yield Row("whole model", name, people, worlds, 1e3 / time, bytes_held(model.engine), note=note)
        for against, other in _compared(name, worlds).items():
            if other in taken:
                yield Row("whole model", name, people, worlds, ratio=taken[other] / time, against=against)


def in_establishments(people: int, turns: int, bandwidth: float) -> Iterator[Row]:
    """Yield rows of the whole model in many establishments, which the fused engine simulates in parts."""
    plan = many_establishments(people)
    firm = firm_of(plan)
    models = {name: WholeModel(engine, plan, firm, 1) for name, engine in engines().items()}
    taken = nanoseconds([model.runner(name) for name, model in models.items()], turns)
    for name, time in taken.items():
        floor = bytes_moved(models[name].engine) / bandwidth * 1e9
        note = f"{floor / time:.1%} of the floor of {floor:.1f} ns"
        yield Row("whole model, many establishments", name, len(firm.identifier), 1, 1e3 / time, note=note)


def _compared(name: str, worlds: int) -> dict[str, str]:
    """Return what an engine is compared with: a description and the name of the run."""
    against = {f"small model, {MESA}": MESA} if worlds == 1 else {"eight runs of one world": f"{name}, 1"}
    return against if name == "reference" else {**against, "reference": f"reference, {worlds}"}


def _fits(people: int, worlds: int) -> bool:
    """Return whether both engines fit in 60% of the free memory."""
    need = people * 2 * (_BYTES_A_PLACE + worlds * _BYTES_A_PLACE_AND_WORLD)
    return need < 0.6 * os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    sys.exit(main())
