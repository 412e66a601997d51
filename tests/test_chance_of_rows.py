"""Rows of a design: whether they share people and random numbers."""

from __future__ import annotations

from functools import cache

import pytest

from sim.__main__ import main
from sim.config import composition
from sim.errors import UserError
from sim.experiments import designs
from sim.experiments.designs import BY_ROW, SHARED, Settings
from sim.experiments.factors import DesignContext, choose
from sim.experiments.sweep import Sweep, folder_of, run_sweep
from sim.runs import worker_pool

OVERRIDES = (
    "firm=one",
    "firm.employees=20",
    "weeks=2",
    "burn_in=1",
    "scenarios=[manager_training]",
    "engine=reference",
)
COMPARED = ("one_at_a_time", "morris", "sobol")
INDEPENDENT = ("grid", "latin_hypercube", "draws", "posterior", "file")


@cache
def context() -> DesignContext:
    return DesignContext(composition.compose(*OVERRIDES), OVERRIDES)


def sweep_by(method: str, replicates: int = 1, **settings) -> Sweep:
    factors = choose(["mechanisms.recovery.demands_hold"], context().plan)
    return Sweep(context(), designs.make(Settings(method, n=2, levels=2, **settings), factors), replicates)


def replicates_of(sweep: Sweep) -> list[int]:
    return [run.plan.replicate for run in sweep.runs()]


@pytest.mark.parametrize("method", COMPARED)
def test_compared_rows_share_people_and_random_numbers(method):
    numbers = replicates_of(sweep_by(method))
    assert len(numbers) > 1 and set(numbers) == {0}


@pytest.mark.parametrize("method", [name for name in INDEPENDENT if name not in ("posterior", "file")])
def test_independent_rows_have_their_own_people_and_random_numbers(method):
    numbers = replicates_of(sweep_by(method, replicates=2))
    assert len(numbers) > 2 and len(set(numbers)) == len(numbers)


def test_every_method_has_a_default_chance():
    assert {*COMPARED, *INDEPENDENT} == set(designs._METHODS)
    assert {name for name in designs._METHODS if designs.chance_of(Settings(name)) == SHARED} == set(COMPARED)


@pytest.mark.parametrize("method", ["morris", "latin_hypercube"])
def test_both_kinds_of_chance_can_be_set_for_any_method(method):
    shared, by_row = (sweep_by(method, chance=chance) for chance in (SHARED, BY_ROW))
    assert len(set(replicates_of(shared))) == 1 < len(set(replicates_of(by_row)))
    assert shared.question != by_row.question


def test_an_unknown_chance_is_refused_in_one_line():
    with pytest.raises(UserError, match=r"^Invalid value for design.chance: rows\. Use shared or by_row\.$"):
        sweep_by("draws", chance="rows")


def test_the_baseline_and_the_policy_of_a_row_share_people_and_random_numbers(tmp_path):
    """Every row keeps both, and no two rows are the same run."""
    results = run_sweep(sweep_by("draws"), tmp_path, worker_pool.in_process_pool())
    assert results.about["design"]["chance"] == BY_ROW
    assert "each row with its own people and random numbers" in results.summary_text()
    levels = results.levels(["exhaustion"])
    assert levels.groupby("row")["scenario"].nunique().eq(2).all()
    assert results.runs["run"].is_unique


@pytest.mark.parametrize("command", ["robust_ranking", "packages"])
def test_a_study_whose_rows_have_their_own_people_refuses_to_share_them(command, capsys):
    assert main([command, "design=draws", "design.n=2", "design.chance=shared", "firm=one"]) == 2
    message = capsys.readouterr().err.strip()
    assert "Invalid value for design.chance: shared." in message and "\n" not in message


def test_shared_and_own_chance_have_different_folders():
    chances = (f"design.chance={chance}" for chance in ("shared", "by_row", "null"))
    folders = {folder_of(composition.compose("study=sweep", "design=latin_hypercube", one), "sweep") for one in chances}
    assert len(folders) == 2
