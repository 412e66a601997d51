"""Shared fixtures: the measures of `conf/measure`, small plans, and a browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import settings

from sim.engine.plan import Plan, simulate_burn_in
from sim.engine.reference import ReferenceEngine
from sim.levers.interventions import InterventionState
from sim.levers.measure import Measure, read_measure
from sim.world.firm import FirmOptions

CONF = Path(__file__).resolve().parent.parent / "conf"

settings.register_profile("reproducible", deadline=None, derandomize=True)
settings.load_profile("reproducible")


@pytest.fixture(scope="session")
def measures() -> tuple[Measure, ...]:
    """Return every measure of `conf/measure`, in the order of their names."""
    files = sorted((CONF / "measure").glob("*.yaml"))
    return tuple(read_measure(path.stem, yaml.safe_load(path.read_text(encoding="utf-8"))) for path in files)


@pytest.fixture(scope="session")
def small_plan(measures: tuple[Measure, ...]) -> Plan:
    """Return a plan of about 100 people in six establishments, for four weeks after four weeks of burn-in."""
    return Plan(measures, firm=FirmOptions(kind="study", establishments=6, sample=17), weeks=4, burn_in=4)


def simulate(plan: Plan, days: int) -> ReferenceEngine:
    """Return the engine after the burn-in and `days` days, with one world per scenario of the plan."""
    burnt_in = simulate_burn_in(plan)
    engine = burnt_in.fork(InterventionState(burnt_in.interventions.measures, plan.scenarios))
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
