"""Shared fixtures: the measures of `conf/measure`, small plans, and a browser."""

from __future__ import annotations

import gc
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import settings

from sim.engine.plan import Plan, simulate_burn_in
from sim.engine.reference import ReferenceEngine
from sim.levers.measure import Measure, read_measure
from sim.outcomes.patterns import CELLS, MEASURES
from sim.survey.visit import Answers
from sim.world.firm import FirmOptions

CONF = Path(__file__).resolve().parent.parent / "conf"

settings.register_profile("reproducible", deadline=None, derandomize=True)
settings.load_profile("reproducible")


def pytest_collection_finish() -> None:
    """Keep the garbage collector from the many objects of imported libraries: a quarter of the time of these tests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.fixture(scope="session")
def measures() -> tuple[Measure, ...]:
    """Return every measure of `conf/measure`, in the order of their names."""
    files = sorted((CONF / "measure").glob("*.yaml"))
    return tuple(read_measure(path.stem, yaml.safe_load(path.read_text(encoding="utf-8"))) for path in files)


@pytest.fixture(scope="session")
def small_plan(measures: tuple[Measure, ...]) -> Plan:
    """Return a plan of about 100 people in six establishments, for four weeks after four weeks of burn-in."""
    return Plan(measures, firm=FirmOptions(kind="study", establishments=6, sample=17), weeks=4, burn_in=4)


class InProcessExecutor:
    """An executor that works at once, in this process."""

    lock = threading.RLock()

    def submit(self, work: Callable[[Any], Any], argument: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            with self.lock:
                future.set_result(work(argument))
        except Exception as error:
            future.set_exception(error)
        return future

    def shutdown(self, **_: Any) -> None:
        """Do nothing: no process was started."""


def wait_until(is_true: Callable[[], Any], seconds: float = 20.0) -> None:
    """Wait until `is_true()`; fail after `seconds`."""
    end = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < end, f"still false after {seconds:g} seconds"
        time.sleep(0.005)


def simulate(plan: Plan, days: int) -> ReferenceEngine:
    """Return the engine after the burn-in and `days` days, with one world per scenario of the plan."""
    burnt_in = simulate_burn_in(plan)
    engine = burnt_in.with_scenarios(plan.scenarios)
    for day in range(days):
        engine.run_day(day)
    return engine


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Yield the system's Chromium, driven by Playwright."""
    playwright = pytest.importorskip("playwright.sync_api")
    where = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if where is None:
        pytest.skip("Chromium is not installed.")
    with playwright.sync_playwright() as play:
        opened = play.chromium.launch(executable_path=where, args=["--no-sandbox"])
        yield opened
        opened.close()


PEOPLE = 400


def random_answers(seed: int = 1, **responses: np.ndarray) -> Answers:
    """Return random answers of 200 managers and 200 others of 200 establishments, except those given."""
    random = np.random.default_rng(seed)
    firms = PEOPLE // 2
    claims = {name: (random.random(firms) < 0.6) * 1.0 for name in MEASURES}
    own = {f"known.{name}": (random.random(PEOPLE) < 0.5) * 1.0 for name in MEASURES}
    own |= {f"claimed.{name}": np.tile(claims[name], 2) for name in MEASURES}
    names = {name for cells in CELLS.values() for name in (*cells.predictors, *cells.outcomes)}
    own |= {name: random.standard_normal(PEOPLE) for name in sorted(names - own.keys() - {"is_manager"})}
    own["adjustable_at_home"] = (random.random(PEOPLE) < 0.3) * 1.0
    own |= {status: np.sum([own[f"{status}.{name}"] for name in MEASURES], axis=0) for status in ("known", "claimed")}
    rows = np.arange(PEOPLE)
    return Answers(rows, rows % firms, rows < firms, np.ones(PEOPLE, bool), own | responses, claims)
