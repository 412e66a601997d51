"""Estimates of `check_memory`, compared with the memory that processes use."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import sleep
from types import SimpleNamespace

import pytest

from sim.config.composition import compose
from sim.config.plan_builder import plan
from sim.engine import plan as plans
from sim.engine.plan import Plan, bytes_simulating, check_memory
from sim.errors import UserError
from sim.experiments.sweep import sweep_of
from sim.outcomes.samples import bytes_of_samples
from sim.runs.run import run
from sim.studies import scenarios
from sim.studies.panel.study import PanelStudy
from sim.studies.scenarios import bytes_held, check_capacity

GIGABYTE = 1e9


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets how many bytes of memory are free."""
    return lambda memory: monkeypatch.setattr(plans, "_free_memory", lambda: memory)


# -- refusals --------------------------------------------------------------------------------------------------------


def test_a_comparison_too_large_for_the_memory_is_refused_before_it_starts(free, monkeypatch):
    monkeypatch.setattr(scenarios, "run_many", lambda *_: pytest.fail("something was simulated"))
    free(0.3 * GIGABYTE)
    with pytest.raises(UserError, match=r"need about .* GB, and 0\.3 GB are free"):
        scenarios.compare([plan("firm=one", "firm.employees=60", "weeks=104")], quiet=True)


def test_tables_of_many_weeks_count_too(free, tmp_path):
    long = plan("firm=one", "firm.employees=60", "weeks=2600")
    free(2 * GIGABYTE)
    with pytest.raises(UserError, match="fewer weeks"):
        check_capacity([long], 1, tmp_path)
    check_capacity([replace(long, weeks=52)], 1, tmp_path)


def test_every_process_counts_and_the_error_says_how_many_fit(free):
    large = plan("firm=one", "firm.employees=20000", "scenarios=[baseline]")
    free(1.2 * GIGABYTE)
    check_memory(large, 1, workers=2)
    with pytest.raises(UserError, match="workers=2"):
        check_memory(large, 1, workers=16)


def test_people_of_an_own_organisation_are_counted_in_its_file(free, tmp_path):
    persons = tmp_path / "persons.csv"
    persons.write_text("id,team\n" + "1,1\n" * 50_000, encoding="utf-8")
    own = plan("firm=own", f"firm.persons={persons}")
    free(1 * GIGABYTE)
    with pytest.raises(UserError, match="50,000 people"):
        check_memory(own, 16)


@pytest.mark.parametrize(
    "read", [sweep_of, lambda cfg: PanelStudy().plans(cfg, PanelStudy().settings(cfg))], ids=["sweep", "panel"]
)
def test_studies_count_the_processes_they_ask_for(free, read):
    name = "sweep" if read is sweep_of else "panel"
    free(1 * GIGABYTE)
    with pytest.raises(UserError, match="fewer processes"):
        read(compose(f"study={name}", "fit=point", "firm=one", "firm.employees=3000", "workers=64"))


def test_samples_that_do_not_fit_the_disk_are_refused_first(monkeypatch, tmp_path):
    pair = plan("firm=one", "firm.employees=60", "weeks=104")
    monkeypatch.setattr(scenarios.shutil, "disk_usage", lambda _: SimpleNamespace(free=1_000_000))
    with pytest.raises(UserError, match="output=results"):
        check_capacity([pair] * 10, 1, tmp_path)


# -- estimates against measurements ----------------------------------------------------------------------------------

FACTOR = 1.5
"""How far an estimate may be from what is measured, to either side."""


@pytest.mark.slow
@pytest.mark.parametrize("people, worlds", [(20_000, 2), (8_000, 8)])
def test_the_estimate_of_a_run_is_near_what_a_process_takes(people, worlds):
    estimate = bytes_simulating(simulated(people, worlds), worlds)
    assert estimate / FACTOR < measured("run", people, worlds) < estimate * FACTOR


@pytest.mark.slow
@pytest.mark.parametrize("weeks", [200, 600])
def test_the_estimate_of_tables_is_near_what_a_process_takes(weeks):
    tables = bytes_held(tabled(weeks), 1, 1)[1] - scenarios._BYTES_OF_PAGES
    assert tables / FACTOR < measured("tables", weeks) < tables * FACTOR


@pytest.mark.parametrize("weeks, people", [(4, 40), (30, 80)])
def test_the_estimate_of_samples_is_near_what_stands_on_the_disk(tmp_path, weeks, people):
    pair = plan("firm=one", f"firm.employees={people}", f"weeks={weeks}", "burn_in=1", "engine=reference",
                "scenario=anchor_days")  # fmt: skip
    with scenarios.samples_of(pair, tmp_path) as samples:
        samples.add(run(pair))
        written = samples.bytes
    assert written / FACTOR < bytes_of_samples(pair) < written * FACTOR


def measured(*what: object) -> float:
    """Bytes by which a process grows at most while it does this."""
    command = [sys.executable, __file__, *map(str, what)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[1])
    return float(done.stdout.split()[-1])


def simulated(people: int, worlds: int) -> Plan:
    named = ("baseline", "anchor_days", "manager_training", "full_ergonomics", "whole_package", "no_measures",
             "always_on", "right_to_disconnect")  # fmt: skip
    return plan("fit=point", "firm=one", scenarios=named[:worlds], firm__employees=people, weeks=1, burn_in=1)


def tabled(weeks: int) -> Plan:
    return plan("fit=point", "firm=one", "firm.employees=60", weeks=weeks, burn_in=1)


def _run(people: int, worlds: int) -> Callable[[], object]:
    run(simulated(60, worlds))
    return lambda: run(simulated(people, worlds))


def _tables(weeks: int) -> Callable[[], object]:
    import numpy as np
    import scipy.stats  # noqa: F401

    from sim.world.establishments import build

    long, record = tabled(weeks), run(tabled(1))
    longer = {name: np.repeat(getattr(record, name), weeks, axis=1) for name in ("weekly", "people")}
    firm = build(long.firm, long.seed, 0)

    def make() -> object:
        with scenarios.samples_of(long) as samples:
            samples.add(replace(record, **longer))
            return scenarios.tables_of(long, samples, firm)

    return make


def _growth(work: Callable[[], object]) -> float:
    before, most, ended = _private(), [0.0], threading.Event()

    def watch() -> None:
        while not ended.is_set():
            most[0] = max(most[0], _private())
            sleep(0.01)

    watching = threading.Thread(target=watch)
    watching.start()
    work()
    ended.set()
    watching.join()
    return most[0] - before


def _private() -> float:
    with open("/proc/self/smaps_rollup") as lines:
        return sum(1024.0 * int(line.split()[1]) for line in lines if line.startswith("Private_"))


if __name__ == "__main__":
    kind, *sizes = sys.argv[1:]
    print(_growth({"run": _run, "tables": _tables}[kind](*map(int, sizes))))
