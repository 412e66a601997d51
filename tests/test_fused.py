"""The fused engine agrees with the reference to the bit, for every quantity, every day and every plan."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from models import INTRODUCED, SCENARIOS, engine, engine_with_traps, in_module, small, traps_registry, varied_parameters
from test_properties import random_parameters, random_scenario

pytest.importorskip("numba")

from sim.engine import engine_for, partitioned
from sim.engine.fused import FusedEngine
from sim.engine.plan import BASELINE, Plan, registry_of, required_measures
from sim.engine.reference import ReferenceEngine
from sim.engine.source_translation import UnsupportedEquationError
from sim.errors import UserError
from sim.language.grammar import Mechanism, flow
from sim.levers.interventions import InterventionState
from sim.world.calendar import Calendar
from sim.world.establishments import build
from sim.world.firm import FirmOptions, stack_firms
from sim.world.staff import Staff

HERE = Path(__file__).resolve().parent


def both(plan: Plan, **options):
    """A reference engine and a fused one, set up alike."""
    return engine(ReferenceEngine, plan, **options), engine(FusedEngine, plan, **options)


def bits(value: np.ndarray) -> np.ndarray:
    assert value.dtype == np.float32
    return np.ascontiguousarray(value).view(np.uint32)


def differing(first, second) -> list[str]:
    """The quantities that are not the same to the bit in both engines."""
    assert set(first.values) == set(second.values)
    pairs = {name: np.broadcast_arrays(first.values[name], second.values[name]) for name in first.values}
    return [name for name, pair in pairs.items() if not np.array_equal(*map(bits, pair))]


def agree(reference, fused, weeks: Sequence[int], daily: int = 0, gather=("demands", "after_hours_work")) -> None:
    """Simulate these weeks with both, the first `daily` of them day by day; every quantity must agree to the bit."""
    assert differing(reference, fused) == []
    for week in weeks[:daily]:
        for day in range(week * 7, week * 7 + 7):
            reference.run_day(day)
            fused.run_day(day)
            assert (day, differing(reference, fused)) == (day, [])
    for week in weeks[daily:]:
        sums = [one.run_week(week, gather) for one in (reference, fused)]
        for name, expected in sums[0].items():
            assert np.array_equal(*(bits(a) for a in np.broadcast_arrays(expected, sums[1][name])))
        assert (week, differing(reference, fused)) == (week, [])


# -- the whole model -------------------------------------------------------------------------------------------------


def test_every_quantity_agrees_on_every_day(measures):
    agree(*both(small(measures, scenarios=(BASELINE, INTRODUCED))), weeks=range(-3, 1), daily=2)


@pytest.mark.parametrize(("employees", "seed"), [(10, 3), (60, 2), (1000, 7)])
def test_it_agrees_for_every_size_and_seed(measures, employees, seed):
    firm = FirmOptions(kind="one", employees=employees)
    plan = small(measures, firm=firm, seed=seed, replicate=seed, scenarios=(BASELINE, INTRODUCED))
    agree(*both(plan), weeks=range(-3, 0))


def test_it_agrees_for_firms_stacked_as_rows(measures):
    plan = small(measures, scenarios=(BASELINE, INTRODUCED))
    sizes = [FirmOptions(kind="one", employees=people) for people in (30, 280, 50)]
    firms = [build(size, plan.seed, row) for row, size in enumerate(sizes)]
    engines = []
    for kind in (ReferenceEngine, FusedEngine):
        interventions = InterventionState(required_measures(plan), ())
        staff = Staff(stack_firms(firms), interventions.names, np.array([0, 1, 2]))
        engines.append(kind(registry_of(plan), staff, interventions, plan.calendar, plan.seed))
    agree(*engines, weeks=range(-2, 0))


def test_it_agrees_for_a_firm_in_parts(measures, monkeypatch):
    """Forked, with worlds that differ and quantities of every level gathered, in parts of one establishment or two."""
    monkeypatch.setattr(partitioned, "PARTITION_PLACES", 40)
    plan = small(measures, scenarios=SCENARIOS)
    reference, apart = (engine(engine_for(name), plan) for name in ("reference", "fused"))
    assert isinstance(apart, partitioned.PartitionedEngine)
    agree(reference, apart, weeks=range(-3, 0))
    reference, apart = (one.with_scenarios(SCENARIOS) for one in (reference, apart))
    for one in (reference, apart):
        one.set_parameter("recovery", "night", np.array([0.1, 0.2, 0.1, 0.3]))
    agree(reference, apart, weeks=range(0, 4), daily=1, gather=("overtime", "absence_in_team", "known"))


def test_it_agrees_when_people_keep_leaving(measures):
    plan = small(measures, parameters={"comings_and_goings": {"leaving": 0.20}}, scenarios=(BASELINE, INTRODUCED))
    varied = {("comings_and_goings", "leaving_of_exhaustion"): np.array([0.0, 0.4])}
    reference, fused = both(plan, worlds=2, varied=varied)
    agree(reference, fused, weeks=range(-26, 0))
    assert reference.values["generation"].max() >= 1


@pytest.mark.parametrize("number", range(int(os.environ.get("HYBRIDWORK_CONFIGURATIONS", "3"))))
def test_it_agrees_for_a_random_configuration(number, measures):
    """Any organisation, past, start and levers; `HYBRIDWORK_CONFIGURATIONS=60` tries more than three."""
    rng = np.random.default_rng([2022, number])
    firm = (
        FirmOptions(kind="one", employees=int(rng.integers(10, 200)), team_size=int(rng.integers(3, 13)))
        if rng.uniform() < 0.6
        else FirmOptions(kind="study", establishments=int(rng.integers(2, 7)), sample=int(rng.integers(8, 40)))
    )
    plan = small(
        measures, firm=firm, seed=int(rng.integers(0, 1_000)), replicate=int(rng.integers(0, 9)), burn_in=1, weeks=3,
        calendar=Calendar.starting(str(np.datetime64("2019-01-07") + 7 * int(rng.integers(0, 300)))),
        scenarios=(BASELINE, *(random_scenario(one, measures, rng, weeks=3) for one in range(2))),
    )  # fmt: skip
    reference, fused = both(plan, worlds=3, varied=random_parameters(3, rng))
    agree(reference, fused, weeks=[-1])
    forked = [one.with_scenarios(plan.scenarios) for one in (reference, fused)]
    agree(*forked, weeks=range(0, 3), daily=1)


@pytest.mark.parametrize("seed", [1, 2])
def test_it_agrees_for_random_parameters_one_set_a_world(measures, seed):
    plan = small(measures, scenarios=(BASELINE, INTRODUCED))
    agree(*both(plan, worlds=3, varied=varied_parameters(plan, seed, worlds=3)), weeks=range(-4, 0))


def test_it_agrees_with_all_switches_flipped(measures):
    plan = small(measures, scenarios=(BASELINE, INTRODUCED))
    flipped = {
        process: {n: 1 - getattr(own, n) for n, metadata in own.parameter_metadata().items() if metadata.is_switch}
        for process, own in registry_of(plan).mechanisms.items()
    }
    agree(*both(replace(plan, parameters=flipped)), weeks=range(-3, 0))


def test_it_agrees_in_forked_worlds_under_levers_settings_and_withdrawal(measures):
    reference, fused = both(small(measures, scenarios=SCENARIOS))
    agree(reference, fused, weeks=range(-4, 0))
    reference, fused = (one.with_scenarios(SCENARIOS) for one in (reference, fused))
    agree(reference, fused, weeks=range(0, 6), daily=1)
    exhaustion = fused.values["exhaustion"]
    assert all(np.any(exhaustion[0] != exhaustion[world]) for world in (1, 2, 3))


@pytest.mark.parametrize("kind", [ReferenceEngine, FusedEngine])
def test_an_engine_can_be_forked_repeatedly(measures, kind):
    burnt_in = engine(kind, small(measures, scenarios=SCENARIOS))
    burnt_in.run_week(-1)
    before = {name: np.array(value) for name, value in burnt_in.values.items()}
    interventions = InterventionState(burnt_in.interventions.measures, SCENARIOS)
    forks = []
    for create in (lambda: burnt_in.fork(interventions), lambda: burnt_in.with_scenarios(SCENARIOS)):
        forks.append(create())
        for week in range(3):
            forks[-1].run_week(week)
        assert all(np.array_equal(before[name], burnt_in.values[name]) for name in before)
    assert all(np.array_equal(forks[0].values[name], value) for name, value in forks[1].values.items())


def test_a_changed_parameter_holds_from_now_on(measures):
    reference, fused = both(small(measures, scenarios=(BASELINE, INTRODUCED)), worlds=2)
    for one in (reference, fused):
        one.run_week(-2)
        one.set_parameter("exhaustion", "days", np.array([20.0, 40.0]))
        assert one.parameter("exhaustion", "days").tolist() == [20.0, 40.0]
    agree(reference, fused, weeks=[-1])


def test_it_begins_on_any_day_of_the_week(measures):
    reference, fused = both(small(measures, scenarios=(BASELINE, INTRODUCED)))
    for day in range(-4, 3):
        reference.run_day(day)
        fused.run_day(day)
        assert differing(reference, fused) == []


# -- a model with traps ----------------------------------------------------------------------------------------------


@in_module("branches")
@dataclass(frozen=True)
class Branches(Mechanism):
    """An equation that no kernel can be made of."""

    @flow("sd")
    def branching(self, mood):
        """A branch on the size of the firm."""
        if mood.shape[-1] > 5:
            return mood
        return 0 - mood


@pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")
@pytest.mark.parametrize("block", [64, 256])
def test_a_mechanism_of_difficult_cases_agrees_for_every_block(measures, block):
    reference = engine_with_traps(ReferenceEngine, measures)
    fused = engine_with_traps(FusedEngine, measures, block=block)
    agree(reference, fused, weeks=range(0, 4), daily=2, gather=("burden", "warmth", "spirit"))
    assert np.any(fused.values["say_over_hours"][0] != fused.values["say_over_hours"][1])
    assert np.any(fused.values["in_effect"] > 0)
    assert np.isfinite(fused.values["sheltered"]).all()


def test_an_equation_that_cannot_be_fused_is_computed_by_the_reference_with_a_note(measures, caplog):
    plan = small(measures, scenarios=(BASELINE, INTRODUCED))
    registry = traps_registry(Branches())
    with pytest.raises(UnsupportedEquationError, match=r"branches\.branching cannot be fused: .* 'if mood"):
        engine(FusedEngine, plan, registry=registry)
    for _ in range(2):
        assert isinstance(engine(engine_for("fused"), plan, registry=registry), ReferenceEngine)
    assert len(caplog.records) == 1
    assert "branches.branching" in caplog.text


# -- choice and cache ------------------------------------------------------------------------------------------------


def test_fused_is_chosen_where_numba_is_installed(measures, monkeypatch):
    plan = small(measures, scenarios=(BASELINE, INTRODUCED))
    assert isinstance(engine(engine_for("auto"), plan), FusedEngine)
    assert engine_for("reference") is ReferenceEngine
    monkeypatch.setattr("sim.engine.find_spec", lambda name: None)
    assert engine_for("auto") is ReferenceEngine
    with pytest.raises(UserError, match="needs numba"):
        engine_for("fused")
    with pytest.raises(UserError, match="one of auto, fused, reference"):
        engine_for("quick")


def test_the_reference_engine_needs_no_numba():
    code = (
        "import sys; sys.modules['numba'] = None; sys.modules['llvmlite'] = None\n"
        "import sim.engine.plan, sim.model; from sim.engine import engine_for; print(engine_for('reference').__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "ReferenceEngine"


EDITED = """
import sys
sys.path.insert(0, {package!r})
from sim.engine.fused import FusedEngine
from sim.engine.plan import EXTERNAL_INPUTS
from sim.language.registry import register
from sim.levers.interventions import InterventionState
from sim.mechanisms.short import Short
from sim.world.calendar import Calendar
from sim.world.establishments import build
from sim.world.firm import FirmOptions
from sim.world.staff import Staff
firm = build(FirmOptions(kind="one", employees=20), 1, 0)
registry = register([Short()], external_inputs=EXTERNAL_INPUTS)
engine = FusedEngine(registry, Staff(firm, ()), InterventionState((), ()), Calendar(), 1)
engine.run_day(0)
print(float(engine.values["result"][0, 0]))
"""
SHORT = """
from dataclasses import dataclass
from sim.language.curves import within
from sim.language.grammar import Mechanism, flow, param

@dataclass(frozen=True)
class Short(Mechanism):
    "A single equation."

    size: float = param({size}, "sd", "how large it is", low=0.0, high=9.0, source="assumed")

    @flow("sd")
    def result(self, span):
        "What is computed."
        return {equation}
"""


@pytest.mark.slow
def test_an_edited_equation_or_curve_or_another_processor_never_runs_stale_code(tmp_path):
    package, cache = tmp_path / "package", tmp_path / "cache"
    shutil.copytree(HERE.parent / "sim", package / "sim", ignore=shutil.ignore_patterns("__pycache__"))

    def result(size=2.0, equation="0 * span + within(self.size, 0, 3)", **processor: str) -> tuple[float, bool]:
        """Return the result of an equation in a process of its own, and whether it was compiled."""
        (package / "sim/mechanisms/short.py").write_text(SHORT.format(size=size, equation=equation))
        command = [sys.executable, "-B", "-c", EDITED.format(package=str(package))]
        environment = {**os.environ, "XDG_CACHE_HOME": str(cache), **processor}
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=tmp_path)
        assert ran.returncode == 0, ran.stderr
        return float(ran.stdout), "compiling the fused engine" in ran.stderr

    assert result() == (2.0, True)
    assert result() == (2.0, False)
    assert result(NUMBA_CPU_NAME="generic", NUMBA_CPU_FEATURES="") == (2.0, True)
    assert result(size=2.5) == (2.5, False)
    assert result(equation="0 * span + within(self.size, 0, 1)") == (1.0, True)
    assert result() == (2.0, False)
    curves = package / "sim/language/curves.py"
    held = "return np.minimum(np.maximum(x, low), high)"
    assert held in curves.read_text()
    curves.write_text(curves.read_text().replace(held, held + " + 4"))
    assert result() == (6.0, True)
