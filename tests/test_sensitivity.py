"""Sensitivity: estimates where the truth is known, no rank that intervals cannot bear, and a whole study."""

from __future__ import annotations

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
from sim.reporting import sensitivity as page
from sim.runs import batch
from sim.runs.worker_pool import in_process_pool
from sim.studies.sensitivity import doses
from sim.studies.sensitivity.indices import as_array, indices, leading, screened, tiers
from sim.studies.sensitivity.study import folder_of, in_words, question_of

THREE = tuple(Factor(name, -np.pi, np.pi, "sd") for name in ("one", "two", "three"))
BURN_OUT = "burn_out_complaints"


def design_of(method: str, n: int, factors: tuple[Factor, ...] = THREE) -> Design:
    return designs.make(designs.Settings(method, n=n, seed=3), factors)


def ishigami(design: Design, a: float = 7.0, b: float = 0.1) -> np.ndarray:
    one, two, three = design.table.to_numpy(float).T
    return np.sin(one) + a * np.sin(two) ** 2 + b * three**4 * np.sin(one)


# -- estimates --------------------------------------------------------------------------------------------------------


def test_sobol_indices_of_the_ishigami_function_lie_in_their_intervals():
    design = design_of("sobol", 512)
    found = indices(design, ishigami(design), seed=3)
    first, total = np.array(
        [[0.3139, 0.4424, 0.0], [0.5576, 0.4424, 0.2437]]
    )  # Saltelli and others (2008), a = 7 and b = 0.1
    assert np.all((found["first_low"] <= first) & (first <= found["first_high"]))
    assert np.all((found["low"] <= total) & (total <= found["high"]))
    assert np.all(found["high"] - found["low"] < 0.3)
    assert list(found["base_points"]) == [512] * 3
    assert set(found["dropped"]) == {0}


def test_in_a_linear_model_everything_moves_the_same_everywhere():
    design = design_of("morris", 6)
    found = screened(design, design.table.to_numpy(float) @ (2.0, -1.0, 0.0), levels=4, seed=3)
    wide = 2 * np.pi
    assert found["mu"].to_numpy() == pytest.approx([2 * wide, -wide, 0], abs=1e-9)
    assert found["mu_star"].to_numpy() == pytest.approx([2 * wide, wide, 0], abs=1e-9)
    assert found[["sigma"]].to_numpy() == pytest.approx(0, abs=1e-9)
    assert list(found["tier"]) == [1, 2, 0]
    assert found[["place_from", "place_to"]].to_numpy().tolist() == [[1, 1], [2, 2], [3, 3]]


def test_a_switch_moves_a_number_by_what_lies_between_off_and_on():
    switch = Factor("switch", options=(0.0, 1.0), unit="switch")
    design = design_of("morris", 5, (switch, *THREE[1:]))
    found = screened(design, 3 * design.table["switch"].to_numpy(float), levels=4, seed=3)
    assert found["mu"].to_numpy() == pytest.approx([3, 0, 0])


def test_the_way_of_an_assumption_is_told_only_where_it_is_the_same_throughout():
    design = design_of("morris", 40)
    one, two, _ = design.table.to_numpy(float).T
    found = screened(design, one + 3 * np.cos(two), levels=4, seed=3)
    ways = [page.way_of(low, high) for low, high in zip(found["mu_low"], found["mu_high"], strict=True)]
    assert ways == [1, 0, 0]
    assert found["distinguishable"].tolist() == [True, True, False]


@pytest.mark.parametrize(("method", "size", "what"), [("morris", 4, "trajectories"), ("sobol", 5, "base_points")])
def test_a_failed_run_takes_with_it_what_is_compared_with_it_and_is_counted(method, size, what):
    design = design_of(method, 8)
    values = ishigami(design)
    values[[1, size + 2, size + 3]] = np.nan
    estimate = (lambda v: screened(design, v, 4, 3)) if method == "morris" else (lambda v: indices(design, v, 3))
    found = estimate(values)
    assert found[what].tolist() == [6] * 3
    assert found["dropped"].tolist() == [2] * 3
    assert found.notna().all(axis=None)
    values[::size] = np.nan
    with pytest.raises(UserError, match=f"0 of 8 {what.replace('_', ' ')} are free of failed runs"):
        estimate(values)


def test_a_number_that_does_not_move_has_no_indices_and_no_tiers():
    for found in (
        screened(design_of("morris", 4), np.full(16, 2.5), 4, 3),
        indices(design_of("sobol", 4), np.full(20, 2.5), 3),
    ):
        assert found["tier"].tolist() == [0, 0, 0]
        assert (found[["low", "high"]] == 0).all(axis=None)


# -- who can be told apart --------------------------------------------------------------------------------------------

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


def test_what_overlaps_stands_in_the_order_of_the_alphabet_and_what_moves_nothing_is_not_shown():
    table = a_screening(zoo=(8, 9, 10), bee=(2, 5, 8.5), ant=(1, 1.2, 1.4), cat=(-1, 20, 41), dog=(0, 0, 0))
    assert page.leading_of(table, "mu_star", 9)["factor"].tolist() == ["bee", "zoo", "ant", "cat"]
    assert page.headlines({"screening": table}) == (
        "Burn-out complaints: level under today's practice: bee, zoo (or 1 more that may as well move nothing)"
    )


def test_those_are_kept_that_move_any_number_most_beside_its_largest_move():
    levels = a_screening(a=(1, 100, 200), b=(1, 50, 60), c=(1, 10, 20))
    difference = a_screening(a=(0, 0.01, 0.02), b=(0, 0, 0), c=(1, 2, 3)).assign(scenario="whole_package")
    assert leading(pd.concat([levels, difference]), 2) == ["a", "c"]


def test_factors_have_names_in_plain_words():
    assert in_words(Factor("mechanisms.availability.norm_loop", unit="switch")) == "availability: norm loop (switch)"
    assert in_words(Factor("survey.state_share", unit="share")) == "survey: state share"
    assert in_words(Factor("availability", options=("practice_2022",))) == "availability"


# -- doses and pairs --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cfg():
    """The smallest study that asks everything."""
    return composition.compose("study=sensitivity", *TINY)


def test_two_levers_interact_as_much_as_they_do_together_beyond_the_sum(cfg):
    plan = question_of(cfg).ground.plan
    design = doses.pair_design([("dose.manager_training", "strength.anchor_days")], [0, 0.5, 1], plan)
    one, other = design.table.to_numpy(float).T
    luck = np.random.default_rng(1).normal(0, 0.1, (6, len(one)))
    luck[:, (one == 0) & (other == 0)] = 0
    values = (one + 2 * other + 8 * one * other + luck * (one > 0) * (other > 0))[..., None]
    found = doses.interactions(design, values, [BURN_OUT]).set_index(["first_step", "second_step"])
    assert found.loc[(1, 1), "low"] < 8 < found.loc[(1, 1), "high"]
    assert found.loc[(0.5, 1), "low"] < 4 < found.loc[(0.5, 1), "high"]
    assert found["distinguishable"].sum() == 4
    alone = found[(found.index.get_level_values(0) == 0) | (found.index.get_level_values(1) == 0)]
    assert (alone[["interaction", "low", "high"]] == 0).all(axis=None)
    assert alone["joint"].tolist() == pytest.approx([0, 1, 2, 0.5, 1])


def test_a_missing_run_leaves_a_point_to_the_other_replicates(cfg):
    plan = question_of(cfg).ground.plan
    design = doses.response_design("dose", ["manager_training"], [0, 1], plan)
    lived = pd.DataFrame({"row": [0, 0, 1, 1, 1], "replicate": [0, 2, 0, 1, 2], BURN_OUT: [0.0, 0, 1, 2, 3]})
    found = doses.responses(design, as_array(lived, [BURN_OUT], 2, 3), [BURN_OUT])
    assert found["replicates"].tolist() == [2, 3]
    assert found["difference"].tolist() == [0, 2]


# -- mistakes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "value", "line"),
    [
        ("sensitivity.trajectories", 1, "sensitivity.trajectories is 1; a whole number from 2 on"),
        ("sensitivity.levels", 5, "sensitivity.levels is 5; an even number"),
        ("sensitivity.n", 100, "sensitivity.n is 100; a power of two"),
        ("sensitivity.keep", 0, "sensitivity.keep is 0; a whole number from 1 on"),
        ("sensitivity.outcomes", ["burnout_complaints"], "Did you mean 'burn_out_complaints"),
        ("sensitivity.doses", [0.5, 1], "different numbers from 0 to 1, with 0"),
        ("sensitivity.doses", [0, 2], "different numbers from 0 to 1, with 0"),
        ("sensitivity.policies", ["no_measures"], "scenario no_measures is a counterfactual; only policies"),
        ("sensitivity.policies", ["manager_trainings"], "Did you mean 'manager_training"),
        ("sensitivity.pairs", ["anchor_days"], "sensitivity.pairs has anchor_days; two policies are right"),
        ("sensitivity.pairs", [["dose.anchor_days"]], "has [dose.anchor_days]; two policies are right"),
        ("sensitivity.pairs", [["anchor_days", "strength.buddies"]], "begins with neither dose. nor strength."),
        (
            "sensitivity.pairs",
            [["dose.whole_package", "dose.full_ergonomics"]],
            "both take chair_and_desk, of which only one counts",
        ),
        ("sensitivity.pairs", [["dose.buddies", "strength.breaks"]], "employers have breaks already"),
        ("sensitivity.pairs", [["dose.buddies", "dose.active_communication"]], "changes what holds everywhere"),
        ("sensitivity.factors", ["mechanisms.sleep.*"], "Unknown factor: mechanisms.sleep.*"),
        ("sensitivity.factors", 5, "sensitivity.factors is 5; a list is right"),
        ("sensitivity.factors", ["switches", "schedule"], "sensitivity.factors has the lever schedule"),
        ("scenarios", ["baseline"], "there is no policy's effect to ask about"),
        ("replicates", 1, "doses are given with intervals, so at least 2"),
    ],
)
def test_a_mistake_is_told_in_one_line_before_anything_runs(cfg, setting, value, line):
    wrong = cfg.copy()
    OmegaConf.update(wrong, setting, value, merge=False)
    with pytest.raises(UserError) as mistake:
        question_of(wrong)
    assert line in str(mistake.value)
    assert "\n" not in str(mistake.value)


def test_of_one_employer_no_share_is_asked(cfg):
    one = cfg.copy()
    OmegaConf.update(one, "firm.kind", "one")
    OmegaConf.update(one, "sensitivity.pairs", [], merge=False)
    with pytest.raises(UserError, match="weekly_social_moments: a share of one employer is all or nothing"):
        question_of(one)
    OmegaConf.update(one, "sensitivity.policies", None)
    assert set(question_of(one).others) == {"doses/strength"}


def test_a_strength_is_asked_only_of_what_nobody_had_before(cfg):
    asked = question_of(cfg).others
    assert list(asked["doses/dose"].design.table.columns) == ["dose.weekly_social_moments", "dose.anchor_days"]
    assert list(asked["doses/strength"].design.table.columns) == [
        "strength.anchor_days",
        "strength.active_communication",
    ]


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
    assert {"screening", "indices", "doses", "pairs", "figures", "summary.md", "config.yaml", "about.json"} <= names
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
    told = (folder / "summary.md").read_text(encoding="utf-8")
    assert "A dose of 0 changed exactly nothing in any run" in told
    assert "nan" not in told


def test_an_instrument_of_complaints_does_not_move_isolation_at_all(folder):
    table = pd.read_parquet(folder / "screening.parquet").set_index(["factor", "kind"])
    assert (table.loc["survey.state_share", ["mu_star", "sigma"]] == 0).all(axis=None)
    assert table.loc[("mechanisms.contact.online", "level"), "mu_star"] > 0


def test_a_dose_of_nothing_is_exactly_nothing_and_a_whole_one_is_the_policy(folder):
    table = pd.read_parquet(folder / "doses.parquet").set_index("step")
    assert (table.loc[0, ["difference", "low", "high"]] == 0).all(axis=None)
    whole = table.loc[1].set_index("factor")
    assert whole.loc["dose.anchor_days", "difference"] == whole.loc["strength.anchor_days", "difference"] != 0
    assert whole["strengthens"].to_dict()["dose.weekly_social_moments"]
    assert whole["strengthens"].sum() == 1


def test_the_same_command_again_runs_nothing(folder, monkeypatch, capsys):
    kept, before = sorted(folder.glob("**/batches/*")), (folder / "screening.parquet").read_bytes()
    monkeypatch.setattr(batch, "run_stacked", None)  # nothing can be lived
    assert main(["sensitivity", *TINY, f"output={folder.parent.parent}"]) == 0
    assert sorted(folder.glob("**/batches/*")) == kept
    assert (folder / "screening.parquet").read_bytes() == before
    assert str(folder) in capsys.readouterr().out


def test_more_trajectories_go_on_in_the_same_folder(folder, cfg):
    larger = cfg.copy()
    OmegaConf.update(larger, "sensitivity.trajectories", 5)
    OmegaConf.update(larger, "output", str(folder.parent.parent))
    question = question_of(larger)
    assert folder_of(larger, question) == folder
    before = set((folder / "screening" / "batches").iterdir())
    results = run_sweep(question.screening, folder / "screening", in_process_pool())
    added = [batch for batch in results.archive.kept() if batch.folder not in before]
    assert len(results.runs) == 5 * 4
    assert 0 < sum(len(batch.done) for batch in added) <= 2 * 4
    assert set(results.states["state"]) == {"done"}


def test_a_figure_of_a_number_that_nothing_moves_can_be_drawn():
    still = a_screening(a=(0, 0, 0), b=(0, 0, 0))
    assert figures.screening(still, shown=5).axes
