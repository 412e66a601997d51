"""Sensitivity: estimates with a known truth, tiers, doses and pairs, invalid settings, and a whole study."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from sim.__main__ import main
from sim.config import composition
from sim.errors import UserError
from sim.experiments import designs
from sim.experiments.designs import Design
from sim.experiments.factors import Factor
from sim.experiments.sweep import run_sweep
from sim.plotting.figures import sensitivity as figures
from sim.reporting.sensitivity import direction, leading_rows
from sim.runs import batch
from sim.runs.worker_pool import in_process_pool
from sim.studies.sensitivity import doses, facts
from sim.studies.sensitivity.indices import as_array, leading, screen, sobol_indices, tiers
from sim.studies.sensitivity.study import Problem, SensitivityStudy, factor_label

THREE = tuple(Factor(name, -np.pi, np.pi, "sd") for name in ("one", "two", "three"))
BURN_OUT = "burn_out_complaints"


def problem_of(cfg) -> Problem:
    study = SensitivityStudy()
    return study.problem(cfg, study.settings(cfg))


def design_of(method: str, n: int, factors: tuple[Factor, ...] = THREE) -> Design:
    return designs.make(designs.Settings(method, n=n, seed=3), factors)


def ishigami(design: Design, a: float = 7.0, b: float = 0.1) -> np.ndarray:
    one, two, three = design.table.to_numpy(float).T
    return np.sin(one) + a * np.sin(two) ** 2 + b * three**4 * np.sin(one)


# -- estimates --------------------------------------------------------------------------------------------------------


def test_sobol_indices_of_the_ishigami_function_lie_in_their_intervals():
    design = design_of("sobol", 512)
    found = sobol_indices(design, ishigami(design), seed=3)
    # Saltelli and others (2008), a = 7 and b = 0.1
    first, total = np.array([[0.3139, 0.4424, 0.0], [0.5576, 0.4424, 0.2437]])
    assert np.all((found["first_low"] <= first) & (first <= found["first_high"]))
    assert np.all((found["low"] <= total) & (total <= found["high"]))
    assert np.all(found["high"] - found["low"] < 0.3)
    assert list(found["base_points"]) == [512] * 3
    assert set(found["dropped"]) == {0}


def test_a_linear_model_has_the_same_effects_everywhere():
    design = design_of("morris", 6)
    found = screen(design, design.table.to_numpy(float) @ (2.0, -1.0, 0.0), levels=4, seed=3)
    wide = 2 * np.pi
    assert found["mu"].to_numpy() == pytest.approx([2 * wide, -wide, 0], abs=1e-9)
    assert found["mu_star"].to_numpy() == pytest.approx([2 * wide, wide, 0], abs=1e-9)
    assert found[["sigma"]].to_numpy() == pytest.approx(0, abs=1e-9)
    assert list(found["tier"]) == [1, 2, 0]
    assert found[["place_from", "place_to"]].to_numpy().tolist() == [[1, 1], [2, 2], [3, 3]]


def test_the_effect_of_a_switch_is_the_difference_between_off_and_on():
    switch = Factor("switch", options=(0.0, 1.0), unit="switch")
    design = design_of("morris", 5, (switch, *THREE[1:]))
    found = screen(design, 3 * design.table["switch"].to_numpy(float), levels=4, seed=3)
    assert found["mu"].to_numpy() == pytest.approx([3, 0, 0])


def test_an_assumption_has_a_direction_only_if_it_is_the_same_throughout():
    design = design_of("morris", 40)
    one, two, _ = design.table.to_numpy(float).T
    found = screen(design, one + 3 * np.cos(two), levels=4, seed=3)
    directions = [direction(low, high) for low, high in zip(found["mu_low"], found["mu_high"], strict=True)]
    assert directions == [1, 0, 0]
    assert found["distinguishable"].tolist() == [True, True, False]


@pytest.mark.parametrize(("method", "size", "what"), [("morris", 4, "trajectories"), ("sobol", 5, "base_points")])
def test_a_failed_run_removes_the_runs_compared_with_it(method, size, what):
    design = design_of(method, 8)
    values = ishigami(design)
    values[[1, size + 2, size + 3]] = np.nan
    estimate = (lambda v: screen(design, v, 4, 3)) if method == "morris" else (lambda v: sobol_indices(design, v, 3))
    found = estimate(values)
    assert found[what].tolist() == [6] * 3
    assert found["dropped"].tolist() == [2] * 3
    assert found.notna().all(axis=None)
    values[::size] = np.nan
    with pytest.raises(UserError, match=f"Too few complete {what.replace('_', ' ')}: 0 of 8"):
        estimate(values)


def test_a_constant_number_has_no_indices_and_no_tiers():
    for found in (
        screen(design_of("morris", 4), np.full(16, 2.5), 4, 3),
        sobol_indices(design_of("sobol", 4), np.full(20, 2.5), 3),
    ):
        assert found["tier"].tolist() == [0, 0, 0]
        assert (found[["low", "high"]] == 0).all(axis=None)


# -- tiers ------------------------------------------------------------------------------------------------------------

INTERVALS = st.lists(st.tuples(st.integers(-3, 20), st.integers(0, 6)), min_size=1, max_size=12)


@given(INTERVALS)
def test_intervals_of_two_tiers_never_overlap_and_a_tier_is_a_chain(intervals):
    low = np.array([start for start, _ in intervals], float)
    high = low + [length for _, length in intervals]
    found = tiers(low, high)
    assert np.array_equal(found == 0, low <= 0)
    for one, other in ((a, b) for a in range(len(low)) for b in range(len(low)) if 0 < found[a] < found[b]):
        assert low[one] > high[other]
    for tier in range(1, found.max() + 1):
        starts, ends = zip(*sorted(zip(low[found == tier], high[found == tier], strict=True)), strict=True)
        assert all(start <= max(ends[: place + 1]) for place, start in enumerate(starts[1:]))


def a_screening(**estimates: tuple[float, float, float]) -> pd.DataFrame:
    """Mean sizes with their intervals, by factor, of one level."""
    low, star, high = np.array(list(estimates.values()), float).T
    factors = list(estimates)
    return pd.DataFrame(
        {
            **{"scenario": "baseline", "kind": "level", "outcome": BURN_OUT, "unit": "per 1,000 employees"},
            **{"factor": factors, "words": factors, "mu_star": star, "low": low, "high": high},
            **{"mu": star, "mu_low": low, "mu_high": high, "tier": tiers(low, high)},
            **{"place_from": 1 + (low > high[:, None]).sum(axis=1), "place_to": 5},
            **{"distinguishable": low > 0, "trajectories": 10, "dropped": 0},
        }
    )


def test_overlapping_assumptions_are_in_alphabetical_order_and_constant_ones_left_out():
    table = a_screening(zoo=(8, 9, 10), bee=(2, 5, 8.5), ant=(1, 1.2, 1.4), cat=(-1, 20, 41), dog=(0, 0, 0))
    assert leading_rows(table, "mu_star", 9)["factor"].tolist() == ["bee", "zoo", "ant", "cat"]
    assert facts.leaders(table) == [
        {"number": "Burn-out complaints: level under today's practice", "factors": ["bee", "zoo"], "uncertain": 1}
    ]


def test_leading_factors_have_the_largest_effect_relative_to_the_largest_of_any_number():
    levels = a_screening(a=(1, 100, 200), b=(1, 50, 60), c=(1, 10, 20))
    difference = a_screening(a=(0, 0.01, 0.02), b=(0, 0, 0), c=(1, 2, 3)).assign(scenario="whole_package")
    assert leading(pd.concat([levels, difference]), 2) == ["a", "c"]


def test_labels_of_factors():
    switch = Factor("mechanisms.availability.norm_loop", unit="switch")
    assert factor_label(switch) == "availability: norm loop (switch)"
    assert factor_label(Factor("survey.state_share", unit="share")) == "survey: state share"
    assert factor_label(Factor("availability", options=("practice_2022",))) == "availability"


# -- doses and pairs --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cfg():
    """The smallest study with every part."""
    return composition.compose("study=sensitivity", *TINY)


def test_the_interaction_is_the_joint_effect_beyond_the_sum(cfg):
    plan = problem_of(cfg).context.plan
    design = doses.pair_design([("dose.manager_training", "strength.anchor_days")], [0, 0.5, 1], plan)
    one, other = design.table.to_numpy(float).T
    noise = np.random.default_rng(1).normal(0, 0.1, (6, len(one)))
    noise[:, (one == 0) & (other == 0)] = 0
    values = (one + 2 * other + 8 * one * other + noise * (one > 0) * (other > 0))[..., None]
    found = doses.interactions(design, values, [BURN_OUT]).set_index(["first_step", "second_step"])
    assert found.loc[(1, 1), "low"] < 8 < found.loc[(1, 1), "high"]
    assert found.loc[(0.5, 1), "low"] < 4 < found.loc[(0.5, 1), "high"]
    assert found["distinguishable"].sum() == 4
    alone = found[(found.index.get_level_values(0) == 0) | (found.index.get_level_values(1) == 0)]
    assert (alone[["interaction", "low", "high"]] == 0).all(axis=None)
    assert alone["joint"].tolist() == pytest.approx([0, 1, 2, 0.5, 1])


def test_a_point_with_a_missing_run_uses_the_other_replicates(cfg):
    plan = problem_of(cfg).context.plan
    design = doses.response_design("dose", ["manager_training"], [0, 1], plan)
    frame = pd.DataFrame({"row": [0, 0, 1, 1, 1], "replicate": [0, 2, 0, 1, 2], BURN_OUT: [0.0, 0, 1, 2, 3]})
    found = doses.responses(design, as_array(frame, [BURN_OUT], 2, 3), [BURN_OUT])
    assert found["replicates"].tolist() == [2, 3]
    assert found["difference"].tolist() == [0, 2]


# -- invalid settings -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("setting", "value", "line"), [
    ("sensitivity.trajectories", 1, "Invalid value for sensitivity.trajectories: 1. Use 2 or more."),
    ("sensitivity.levels", 5, "Invalid value for sensitivity.levels: 5. Use an even number"),
    ("sensitivity.n", 100, "Invalid value for sensitivity.n: 100. Use a power of two"),
    ("sensitivity.keep", 0, "Invalid value for sensitivity.keep: 0. Use 1 or more."),
    ("sensitivity.outcomes", ["burnout_complaints"], "Did you mean 'burn_out_complaints"),
    ("sensitivity.doses", [0.5, 1], "different numbers from 0 to 1, with 0"),
    ("sensitivity.doses", [0, 2], "different numbers from 0 to 1, with 0"),
    ("sensitivity.policies", ["no_measures"], "Only policies have doses, and this is a what-if scenario."),
    ("sensitivity.policies", ["manager_trainings"], "Did you mean 'manager_training"),
    ("sensitivity.pairs", ["anchor_days"], "Invalid value for sensitivity.pairs: anchor_days. Use two policies"),
    ("sensitivity.pairs", [["dose.anchor_days"]], "sensitivity.pairs: [dose.anchor_days]. Use two policies"),
    ("sensitivity.pairs", [["anchor_days", "strength.buddies"]], "Start anchor_days with dose. or strength."),
    (
        "sensitivity.pairs",
        [["dose.whole_package", "dose.full_ergonomics"]],
        "Both change chair_and_desk, so only one would count.",
    ),
    ("sensitivity.pairs", [["dose.buddies", "strength.breaks"]], "Employers have breaks already"),
    (
        "sensitivity.pairs",
        [["dose.buddies", "dose.active_communication"]],
        "communication changes something everywhere",
    ),
    ("sensitivity.factors", ["mechanisms.sleep.*"], "Unknown factor: mechanisms.sleep.*"),
    ("sensitivity.factors", 5, "Invalid value for sensitivity.factors: 5. Use a list"),
    ("sensitivity.factors", ["switches", "schedule"], "factors: schedule. Use assumptions"),
    ("scenarios", ["baseline"], "Invalid value for scenarios: [baseline]."),
    ("replicates", 1, "Invalid value for replicates: 1. Use 2 or more"),
])  # fmt: skip
def test_invalid_settings_give_one_line_before_anything_runs(cfg, setting, value, line):
    wrong = cfg.copy()
    OmegaConf.update(wrong, setting, value, merge=False)
    with pytest.raises(UserError) as error:
        problem_of(wrong)
    assert line in str(error.value)
    assert "\n" not in str(error.value)


def test_one_employer_has_no_share_of_employers(cfg):
    one = cfg.copy()
    OmegaConf.update(one, "firm.kind", "one")
    OmegaConf.update(one, "sensitivity.pairs", [], merge=False)
    with pytest.raises(UserError, match=r"weekly_social_moments. A share of one employer is all or nothing"):
        problem_of(one)
    OmegaConf.update(one, "sensitivity.policies", None)
    assert set(problem_of(one).others) == {"doses/strength"}


def test_only_measures_that_nobody_had_before_have_a_strength(cfg):
    factors = {part: list(sweep.design.table.columns) for part, sweep in problem_of(cfg).others.items()}
    assert factors["doses/dose"] == ["dose.weekly_social_moments", "dose.anchor_days"]
    assert factors["doses/strength"] == ["strength.anchor_days", "strength.active_communication"]


# -- the whole study --------------------------------------------------------------------------------------------------

TINY = (
    "firm.establishments=4", "weeks=3", "burn_in=2", "replicates=2", "workers=1", "scenarios=[baseline,anchor_days]",
    "sensitivity.factors=[mechanisms.contact.online,mechanisms.availability.norm_loop,survey.state_share]",
    "sensitivity.outcomes=[isolation_from_colleagues]", "sensitivity.trajectories=3", "sensitivity.n=2",
    "sensitivity.keep=2", "sensitivity.policies=[weekly_social_moments,anchor_days,active_communication]",
    "sensitivity.doses=[0,1]", "sensitivity.pairs=[[dose.manager_training,strength.anchor_days]]",
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("study")
    assert main(["sensitivity", *TINY, f"output={root}"]) == 0
    return next((root / "sensitivity").iterdir())


def test_the_study_writes_tables_a_page_and_figures_beside_its_runs(folder):
    names = {path.name for path in folder.iterdir()}
    assert {"screening", "indices", "doses", "pairs", "figures", "summary.md"} <= names
    assert {"results.json", "config.yaml", "about.json"} <= names
    screening = pd.read_parquet(folder / "screening.parquet")
    assert len(screening) == 3 * 2  # factors; the level and one difference
    assert screening["interval"].str.contains("same people and chance").all()
    assert set(screening["dropped"]) == {0}
    assert len(pd.read_parquet(folder / "indices.parquet")) == 2 * 2
    pictures = {path.stem for path in (folder / "figures").glob("*.png")}
    assert pictures == {path.stem for path in (folder / "figures").glob("*.svg")}
    assert pictures == {
        *("screening_anchor_days_isolation_from_colleagues", "indices_anchor_days_isolation_from_colleagues"),
        *("doses_isolation_from_colleagues", "pairs_isolation_from_colleagues"),
    }
    assert json.loads((folder / "results.json").read_text(encoding="utf-8"))["doses"]["null_is_exact"]
    assert "nan" not in (folder / "summary.md").read_text(encoding="utf-8")


def test_an_instrument_of_complaints_has_no_effect_on_isolation(folder):
    table = pd.read_parquet(folder / "screening.parquet").set_index(["factor", "kind"])
    assert (table.loc["survey.state_share", ["mu_star", "sigma"]] == 0).all(axis=None)
    assert table.loc[("mechanisms.contact.online", "level"), "mu_star"] > 0


def test_a_dose_of_zero_has_no_effect_and_a_full_dose_is_the_policy(folder):
    table = pd.read_parquet(folder / "doses.parquet").set_index("step")
    assert (table.loc[0, ["difference", "low", "high"]] == 0).all(axis=None)
    whole = table.loc[1].set_index("factor")
    assert whole.loc["dose.anchor_days", "difference"] == whole.loc["strength.anchor_days", "difference"] != 0
    assert whole["strengthens"].to_dict()["dose.weekly_social_moments"]
    assert whole["strengthens"].sum() == 1


def test_the_same_command_again_runs_nothing(folder, monkeypatch, capsys):
    batches, before = sorted(folder.glob("**/batches/*")), (folder / "screening.parquet").read_bytes()
    monkeypatch.setattr(batch, "run_stacked", None)  # nothing can be simulated
    assert main(["sensitivity", *TINY, f"output={folder.parent.parent}"]) == 0
    assert sorted(folder.glob("**/batches/*")) == batches
    assert (folder / "screening.parquet").read_bytes() == before
    assert str(folder) in capsys.readouterr().out


def test_more_trajectories_extend_the_same_folder(folder, cfg):
    larger = cfg.copy()
    OmegaConf.update(larger, "sensitivity.trajectories", 5)
    OmegaConf.update(larger, "output", str(folder.parent.parent))
    problem = problem_of(larger)
    assert SensitivityStudy().folder(larger, problem) == folder
    before = set((folder / "screening" / "batches").iterdir())
    results = run_sweep(problem.screening, folder / "screening", in_process_pool())
    added = [batch for batch in results.archive.stored_batches() if batch.folder not in before]
    assert len(results.runs) == 5 * 4
    assert 0 < sum(len(batch.done) for batch in added) <= 2 * 4
    assert set(results.states["state"]) == {"done"}


def test_the_figure_of_a_constant_number_can_be_drawn():
    still = a_screening(a=(0, 0, 0), b=(0, 0, 0))
    assert figures.screening(still, shown=5).axes
