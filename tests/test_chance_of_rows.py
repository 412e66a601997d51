"""Rows of a design: whether they share people and random numbers, and what says so."""

from __future__ import annotations

from functools import cache

import pytest

from sim.__main__ import main
from sim.config import composition
from sim.errors import UserError
from sim.experiments import designs
from sim.experiments.designs import BY_ROW, SHARED, Settings
from sim.experiments.factors import DesignContext, choose
from sim.experiments.sweep import Sweep, run_sweep
from sim.runs import worker_pool

ASKED = ("firm=one", "firm.employees=20", "weeks=2", "burn_in=1", "scenarios=[manager_training]", "engine=reference")
COMPARING = ("one_at_a_time", "morris", "sobol")
STANDING_ALONE = ("grid", "latin_hypercube", "draws", "posterior", "file")


@cache
def ground() -> DesignContext:
    return DesignContext(composition.compose(*ASKED), ASKED)


def sweep_by(method: str, replicates: int = 1, **settings) -> Sweep:
    factors = choose(["mechanisms.recovery.demands_hold"], ground().plan)
    return Sweep(ground(), designs.make(Settings(method, n=2, levels=2, **settings), factors), replicates)


def replicates_of(sweep: Sweep) -> list[int]:
    return [run.plan.replicate for run in sweep.runs()]


@pytest.mark.parametrize("method", COMPARING)
def test_rows_that_are_compared_share_people_and_random_numbers(method):
    own = replicates_of(sweep_by(method))
    assert len(own) > 1 and set(own) == {0}


@pytest.mark.parametrize("method", [name for name in STANDING_ALONE if name not in ("posterior", "file")])
def test_rows_that_stand_for_themselves_have_their_own_people_and_random_numbers(method):
    own = replicates_of(sweep_by(method, replicates=2))
    assert len(own) > 2 and len(set(own)) == len(own)


def test_every_method_has_a_usual_chance():
    assert set(COMPARING) | set(STANDING_ALONE) == set(designs._METHODS)
    usual = {method: designs.chance_of(Settings(method)) for method in designs._METHODS}
    assert {name for name, chance in usual.items() if chance == SHARED} == set(COMPARING)


@pytest.mark.parametrize("method", ["morris", "latin_hypercube"])
@pytest.mark.parametrize("chance", [SHARED, BY_ROW])
def test_the_chance_can_be_asked_for_whatever_the_method(method, chance):
    sweep = sweep_by(method, chance=chance)
    assert (len(set(replicates_of(sweep))) > 1) == (chance == BY_ROW)
    other = sweep_by(method, chance=BY_ROW if chance == SHARED else SHARED)
    assert sweep.question != other.question


def test_another_chance_is_refused_in_a_line():
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
    told = capsys.readouterr().err.strip()
    assert "Invalid value for design.chance: shared." in told and "\n" not in told


def test_a_shared_and_an_own_chance_have_folders_of_their_own():
    from sim.experiments.sweep import folder_of

    asked = ["study=sweep", "design=latin_hypercube"]
    folders = {
        folder_of(composition.compose(*asked, f"design.chance={chance}"), "sweep")
        for chance in ("shared", "by_row", "null")
    }
    assert len(folders) == 2
