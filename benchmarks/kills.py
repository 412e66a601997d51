"""Crash test of sweeps: `python -m benchmarks.kills`.

Kills a worker or the whole job at random moments (SIGKILL), resumes the sweep, and compares it with one that was not
interrupted. No run may be lost or duplicated, and the exported tables must be equal to the byte.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

SMALL = ("firm.employees=200", "weeks=26", "burn_in=26", "workers=2", "design.factors=[mechanisms.recovery.*,switches]")
VICTIMS = ("a worker", "the whole job")


@dataclass(frozen=True)
class Report:
    """Result of a series of kills: kills by victim, starts of the sweep, and lost or duplicated runs."""

    kills: dict[str, int]
    begun: int
    runs: int
    lost: int
    doubled: int
    same: bool

    def __str__(self) -> str:
        kills = " and ".join(f"{count} times {victim}" for victim, count in self.kills.items())
        return (
            f"{self.runs} runs; killed {kills}; started {self.begun} times; "
            f"{self.lost} runs lost, {self.doubled} duplicated; tables {'byte-identical' if self.same else 'DIFFER'}"
        )

    @property
    def fine(self) -> bool:
        """Return whether no run is lost or duplicated and the tables are equal."""
        return self.same and not self.lost and not self.doubled


def killed(
    folder: Path,
    times: int,
    asked: Sequence[str] = SMALL,
    rows: int = 400,
    seed: int = 1,
    moments: tuple[float, float] = (0.2, 4.0),
) -> Report:
    """Run a sweep of `rows` rows without interruption and, in another folder, with `times` kills; compare them.

    Each kill comes after a random time between the two `moments`, in seconds. If the sweep ends before all kills are
    done, both sweeps get twice as many rows.
    """
    luck = random.Random(seed)
    kills = dict.fromkeys(VICTIMS, 0)
    begun, job = 0, None
    while sum(kills.values()) < times:
        if job is None or job.poll() is not None:
            if job is not None and job.returncode == 0:
                rows *= 2
            job, begun = _begin(folder / "killed", rows, asked), begun + 1
        time.sleep(luck.uniform(*moments))
        victim = luck.choice(VICTIMS)
        if _kill(job, victim, luck):
            kills[victim] += 1
    if job is not None:
        job.wait()
    for name in ("killed", "in_peace"):
        done = _begin(folder / name, rows, asked)
        begun += name == "killed"
        if done.wait() != 0:
            raise SystemExit(f"the sweep in {folder / name} ended with {done.returncode}")
    return _compared(folder, kills, begun)


def _begin(folder: Path, rows: int, asked: Sequence[str]) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-m", "sim", "sweep", f"folder={folder}", f"design.n={rows}", "design=draws", *asked]
    return subprocess.Popen(words, stdout=subprocess.DEVNULL)


def _kill(job: subprocess.Popen[bytes], victim: str, luck: random.Random) -> bool:
    """Kill the victim and return whether there was one."""
    import psutil

    if job.poll() is not None:
        return False
    if victim == "the whole job":
        job.kill()
        job.wait()
        return True
    try:
        children = psutil.Process(job.pid).children()
        workers = [child.pid for child in children if "spawn_main" in " ".join(child.cmdline())]
        os.kill(luck.choice(workers), signal.SIGKILL)
    except (psutil.Error, ProcessLookupError, IndexError):
        return False  # no worker has started yet, or it has just ended
    return True


def _compared(folder: Path, kills: dict[str, int], begun: int) -> Report:
    from sim.experiments.results import Results, write_frame

    results = {name: Results(folder / name) for name in ("killed", "in_peace")}
    sums = {}
    for name, one in results.items():
        text = hashlib.sha256()
        for table, frame in (("levels", one.levels(groups=None)), ("weekly", one.weekly()), ("runs", one.states)):
            write_frame(frame, folder / f"{name}-{table}.parquet")
            text.update((folder / f"{name}-{table}.parquet").read_bytes())
        sums[name] = text.hexdigest()
    kept = results["killed"].archive.table("runs")["run"]
    asked = set(results["killed"].runs["run"])
    stand = sum(len(batch.done) for batch in results["killed"].archive.stored_batches())  # type: ignore[union-attr]
    return Report(
        kills, begun, len(asked), len(asked - set(kept)), stand - len(set(kept)), sums["killed"] == sums["in_peace"]
    )


def main() -> int:
    """Print a report; return 1 if a run was lost or duplicated or the tables differ."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kills", description=__doc__)
    parser.add_argument("--times", type=int, default=20, help="number of kills")
    parser.add_argument("--rows", type=int, default=800, help="rows of the design at the start")
    parser.add_argument("--seed", type=int, default=1, help="seed of moments and victims")
    given = parser.parse_args()
    with TemporaryDirectory(prefix="hybridwork-kills-") as folder:
        report = killed(Path(folder), given.times, rows=given.rows, seed=given.seed)
    print(report)
    return 0 if report.fine else 1


if __name__ == "__main__":
    sys.exit(main())
