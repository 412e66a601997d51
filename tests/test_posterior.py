"""Posterior: observations, prior, screening, weights, surrogate, diagnostics, and the model that draws belong to."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.config import composition, fingerprint, plan_builder
from sim.config.posterior_draws import DRAWS, METADATA, changes, current_fingerprint, draws, restamp
from sim.data import rows
from sim.errors import UserError
from sim.experiments import sweep
from sim.experiments.designs import Design, Settings, make
from sim.experiments.factors import DesignContext, Factor
from sim.experiments.sweep import Sweep, run_sweep
from sim.reporting.templates import render
from sim.runs import worker_pool as pools
from sim.studies.posterior import diagnostics, facts, importance_rounds, study, surrogate, weights
from sim.studies.posterior.estimation import influential, rounds_table, screening
from sim.studies.posterior.observations import Observation, check_reach, labels, observations
from sim.studies.posterior.problem import uncertain_factors
from sim.studies.posterior.simulator import OBSERVED, TABLE

TINY = ("scenarios=[baseline]", "firm.establishments=3", "firm.sample=8", "burn_in=1", "weeks=1", "engine=reference")


@cache
def context() -> DesignContext:
    return DesignContext(composition.compose(*TINY), TINY)


def prior_draws(count: int) -> Design:
    return make(Settings("draws", n=count, seed=1), uncertain_factors(context().plan))


# -- observations -----------------------------------------------------------------------------------------------------


def test_every_calibration_row_and_every_cell_of_the_table_is_one_observation(measures):
    targets = [row["id"] for row in rows("targets") if row["use"] == "calibrate"]
    cells = [f"{m.name}.{role}" for m in measures if m.in_study for role in ("manager", "non_manager")]
    names = [one.name for one in observations(measures)]
    assert sorted(names) == sorted([*targets, *cells]) and len(names) == 42
    assert set(labels()) == set(names)


def test_only_levels_given_in_words_have_a_value_in_the_observations(measures):
    by_name = {one.name: one for one in observations(measures)}
    assert (by_name["burnout_home"].value, by_name["burnout_home"].unit) == (16.9, "percent")
    assert by_name["social_moments.non_manager"].value == 50.0
    with_value = {row["id"] for row in rows("observations") if row["value"]}
    assert with_value == {"bat_exhaustion_category", "leading_difficulty"}


def test_the_error_of_a_cell_is_that_of_a_share_of_its_answers(measures):
    for one in observations(measures):
        if "." in one.name:
            share, count = one.value / 100, 192 if one.name.endswith(".manager") else 193
            assert one.error == pytest.approx(100 * math.sqrt(share * (1 - share) / count), abs=0.051), one.name


def test_every_error_and_discrepancy_has_a_source(measures):
    for one in observations(measures):
        assert one.error > 0 and one.discrepancy > 0 and one.error_from and one.discrepancy_from, one.name
        assert one.total == pytest.approx(math.hypot(one.error, one.discrepancy))


def own_file(tmp_path: Path, *lines: str, head: str) -> Path:
    path = tmp_path / "mine.csv"
    path.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    return path


def test_a_file_of_the_user_replaces_the_observations(tmp_path, measures):
    lines = "burnout_home,21,1.5,2", "isolation_exhaustion,0.2,0.1,"
    first, second = observations(measures, own_file(tmp_path, *lines, head="id,value,error,discrepancy"))
    assert (first.name, first.value, first.error, first.discrepancy) == ("burnout_home", 21.0, 1.5, 2.0)
    usual = next(one for one in observations(measures) if one.name == second.name)
    assert (second.value, second.discrepancy) == (0.2, usual.discrepancy)


HEAD = "id,value,error"


@pytest.mark.parametrize(
    ("head", "lines", "message"),
    [
        (HEAD, ["burnout,16.9,0.5"], r"line 2: Unknown observation: burnout\. Did you mean 'burnout_home'"),
        (HEAD, ["burnout_home,,0.5"], r"line 2 \(burnout_home\): Missing value. Use a number from 0 to 100"),
        (HEAD, ["burnout_home,many,0.5"], "Invalid value for value: many. Use a number from 0 to 100"),
        (HEAD, ["burnout_home,nan,0.5"], "Invalid value for value: nan"),
        (HEAD, ["burnout_home,120,0.5"], r"value: 120. Use a number from 0 to 100 \(percent\)."),
        (HEAD, ["isolation_exhaustion,-1.2,0.1"], r"value: -1.2. Use a number from -1 to 1 \(r\)."),
        (HEAD, ["mismatch_manager,16,0.3"], "value: 16. Use a number from 0 to 15"),
        (HEAD, ["burnout_home,16.9,0"], "error: 0. Use an SD above 0"),
        (HEAD, ["burnout_home,16.9,-1"], "error: -1. Use an SD above 0"),
        (HEAD, ["burnout_home,16.9,"], "Missing error. Use an SD above 0"),
        (HEAD, ["burnout_home,16.9,0.5", "", "burnout_home,17,0.5"], "line 4: Duplicate observation: burnout_home"),
        (HEAD, [], "has no observations"),
        (f"{HEAD},discrepancy", ["burnout_home,16.9,0.5,-1"], r"discrepancy: -1. Use an SD of 0 or more"),
        ("id,value", ["burnout_home,16.9,0.5"], r"Missing column in mine\.csv: error"),
        (f"{HEAD},errors", ["burnout_home,16.9,0.5"], r"mine\.csv: Unknown column: errors\. .*'error'"),
    ],
)
def test_an_invalid_file_of_observations_gives_one_line(head, lines, message, tmp_path, measures):
    with pytest.raises(UserError, match=message) as error:
        observations(measures, own_file(tmp_path, *lines, head=head))
    assert "\n" not in str(error.value)


def test_a_missing_file_of_observations_is_reported(tmp_path, measures):
    with pytest.raises(UserError, match="Cannot read observations"):
        observations(measures, tmp_path / "none.csv")


def test_a_file_of_observations_may_have_decimal_commas(tmp_path, measures):
    (own,) = observations(measures, own_file(tmp_path, "burnout_home;16,9;0,5", head="id;value;error"))
    assert (own.value, own.error) == (16.9, 0.5)


def test_an_observation_far_from_all_simulations_is_refused():
    one, other = Observation("near", "percent", 34.0, 3.0, 4.0), Observation("far", "percent", 60.0, 3.0, 4.0)
    simulated = np.array([[10.0, 10.0], [30.0, 30.0]])
    check_reach([one], simulated[:, :1])  # beyond by less than its error and discrepancy
    with pytest.raises(UserError, match=r"far: 60 percent. The model reaches 10 to 30"):
        check_reach([one, other], simulated)


# -- the prior --------------------------------------------------------------------------------------------------------


def test_the_prior_has_all_uncertain_parameters_and_no_others():
    own = uncertain_factors(context().plan)
    now = fingerprint.fingerprint(context().plan.parameters, context().plan.measures)["numbers"]
    assert [factor.name for factor in own] == sorted(name for name, value in now.items() if isinstance(value, list))
    assert not any(factor.options or factor.low >= factor.high for factor in own)
    names = {factor.name for factor in own}
    assert {"survey.cut_off", "mechanisms.recovery.night", "measures.social_moments.recognition"} <= names
    assert not {"mechanisms.exhaustion.level", "mechanisms.exhaustion.contagion", "mechanisms.exhaustion.limit"} & names


def test_shares_and_normal_scores_are_each_others_inverse():
    shares = np.linspace(0.001, 0.999, 50)
    assert weights.shares(weights.scores(shares)) == pytest.approx(shares)
    assert np.isfinite(weights.scores(np.array([0.0, 1.0]))).all()


def test_a_draw_of_the_prior_becomes_a_plan():
    design = prior_draws(2)
    plan = plan_builder.with_values(context().plan, design.rows()[1])
    assert plan.parameters["recovery"]["night"] == design.table["mechanisms.recovery.night"][1]
    longer = prior_draws(3)
    assert longer.table.iloc[:2].equals(design.table)


# -- simulations ------------------------------------------------------------------------------------------------------


def simulations(count: int = 5) -> Sweep:
    return Sweep(context(), prior_draws(count), 1, (TABLE,), OBSERVED)


def test_interrupted_simulations_resume_with_the_same_results(tmp_path, monkeypatch, measures):
    whole = run_sweep(simulations(), tmp_path / "whole", pools.in_process_pool(), batch=2)
    simulate, sizes = sweep.simulate_batch, []

    def interrupted(batch):
        sizes.append(len(batch.runs))
        if len(sizes) == 2:
            raise KeyboardInterrupt
        return simulate(batch)

    monkeypatch.setattr(sweep, "simulate_batch", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_sweep(simulations(), tmp_path / "interrupted", pools.in_process_pool(), batch=2)
    later = run_sweep(simulations(), tmp_path / "interrupted", pools.in_process_pool(), batch=2)
    assert sizes == [2, 2, 2, 1]  # two done before, three after
    tables = [one.archive.table(TABLE).sort_values("run", ignore_index=True) for one in (whole, later)]
    assert tables[0].equals(tables[1]) and len(tables[0]) == 5
    assert {one.name for one in observations(measures)} <= set(tables[0].columns)


def test_simulations_differ_in_people_and_their_ids_depend_on_the_simulator(monkeypatch):
    runs = list(simulations(2).runs())
    assert [run.plan.replicate for run in runs] == [0, 1]
    other = replace(OBSERVED, version="another")
    renamed = list(replace(simulations(2), routine=other).runs())
    assert runs[0].identifier != renamed[0].identifier


# -- screening --------------------------------------------------------------------------------------------------------


def test_screening_is_in_units_of_the_error():
    factors = [Factor("much"), Factor("little"), Factor("nothing")]
    design = make(Settings("morris", n=4), factors)
    at = design.table.to_numpy(float)
    targets = [Observation("one", "percent", 0.0, 3.0, 4.0), Observation("two", "percent", 0.0, 0.6, 0.8)]
    table = screening(design, np.stack([10 * at[:, 0], at[:, 1]], axis=1), targets, 4, 1)
    rows = table.set_index("parameter")
    assert rows.loc["much", ["moves", "observation"]].tolist() == [pytest.approx(2.0), "one"]
    assert rows.loc["little", ["moves", "observation"]].tolist() == [pytest.approx(1.0), "two"]
    assert influential(table, 0.5) == ["little", "much"] and influential(table, 1.5) == ["much"]


# -- weights ----------------------------------------------------------------------------------------------------------


def test_the_effective_sample_size_is_largest_for_equal_weights():
    assert weights.effective_size(np.full(8, 0.125)) == pytest.approx(8)
    assert weights.effective_size(np.array([1.0, 0.0, 0.0])) == pytest.approx(1)
    assert weights.effective_size(np.array([2.0, 2.0, 0.0])) == pytest.approx(2)


def test_weights_add_up_to_one_and_a_failed_run_has_weight_zero():
    normalised = weights.normalised(np.array([-2000.0, -2000.0 + math.log(3), np.nan]))
    assert normalised == pytest.approx([0.25, 0.75, 0.0])


def test_resampling_is_proportional_to_weights():
    chosen = weights.resampled(np.array([0.5, 0.0, 0.25, 0.25]), 400, 1)
    assert [int((chosen == number).sum()) for number in range(4)] == [200, 0, 100, 100]
    assert list(chosen) != sorted(chosen)


def round_of(log_weights: np.ndarray, by: str = "surrogate") -> importance_rounds.WeightedDraws:
    count = len(log_weights)
    centres = pd.DataFrame({"centre.a.mean": np.zeros(count)})
    own = importance_rounds.Simulations(np.zeros((count, 2)), np.zeros((count, 1)), centres, np.arange(count))
    return importance_rounds.WeightedDraws(by, own, own.simulated, weights.normalised(log_weights))


def test_effective_sample_sizes_of_rounds_add_up():
    rng = np.random.default_rng(9)
    few, many = round_of(rng.normal(0, 2.5, 400)), round_of(rng.normal(0, 0.5, 300))
    together = importance_rounds.pool_rounds([few, many])
    assert together.effective_size == pytest.approx(few.effective_size + many.effective_size)
    assert together.weights[:400].sum() == pytest.approx(few.effective_size / together.effective_size)
    assert len(together.simulations) == 700


def test_with_a_small_effective_sample_size_the_last_round_is_unweighted():
    rng = np.random.default_rng(10)
    rounds = [round_of(rng.normal(0, 3, 50), "flow"), *(round_of(rng.normal(0, 1, 200)) for _ in range(2))]
    assert len(importance_rounds.final_draws(rounds, 50).simulations) == 400
    last = importance_rounds.final_draws(rounds, 10_000)
    assert len(last.simulations) == 200 and np.ptp(last.weights) == 0


def test_weighted_quantiles_with_equal_weights_are_ordinary_quantiles():
    values = np.random.default_rng(1).normal(size=(2001, 2))
    quantiles = weights.quantiles(values, np.full(2001, 1 / 2001), (0.05, 0.5, 0.95))
    assert quantiles == pytest.approx(np.quantile(values, (0.05, 0.5, 0.95), axis=0), abs=0.01)


def test_weights_correct_a_wrong_proposal():
    """Prior N(0, 1), one observation y = theta + N(0, 0.5): the posterior is N(0.8 y, 0.2); the proposal is off."""
    rng = np.random.default_rng(2)
    drawn = rng.normal(0.3, 0.8, (20_000, 1))
    log_proposal = -0.5 * ((drawn[:, 0] - 0.3) / 0.8) ** 2 - math.log(0.8 * math.sqrt(2 * math.pi))
    likelihood = weights.log_likelihood(drawn, np.array([1.0]), np.array([0.5]))
    normalised = weights.normalised(likelihood + weights.log_prior(drawn) - log_proposal)
    mean = float(normalised @ drawn[:, 0])
    assert mean == pytest.approx(0.8, abs=0.02)
    assert float(normalised @ (drawn[:, 0] - mean) ** 2) == pytest.approx(0.2, abs=0.01)


# -- surrogate --------------------------------------------------------------------------------------------------------


SLOPES = np.array([[8.0, 0.0], [4.0, 6.0], [0.0, 0.0], [0.0, 1.0]])


@pytest.fixture(scope="module")
def model() -> surrogate.Surrogate:
    """A surrogate of a linear model of four parameters and two observations, with noise of 0.1 and an error of 0.5."""
    rng = np.random.default_rng(3)
    at = rng.random((900, 4))
    simulated = 10 + at @ SLOPES + rng.normal(0, 0.1, (900, 2))
    repeated = rng.normal(10, 0.1, (300, 2))
    return surrogate.fit_surrogate(at, simulated, np.full(2, 0.5), repeated, np.full(900, True))


def test_a_surrogate_estimates_the_model_and_its_noise(model):
    tried = np.random.default_rng(4).random((50, 4))
    assert model(tried) == pytest.approx(10 + tried @ SLOPES, abs=0.5)
    assert np.sqrt(np.diag(model.noise)) == pytest.approx([0.2, 0.2], abs=0.02)  # 0.1 in SDs of 0.5
    assert np.diag(model.model_error).max() < 0.1  # the bias of the ridge


def test_draws_of_a_surrogate_agree_with_the_observations(model, monkeypatch):
    monkeypatch.setattr(surrogate, "BURN_IN", 80)
    drawn, r_hat = surrogate.sample(model, np.array([18.0, 13.5]), 400, 1, chains=40)
    assert drawn.shape == (400, 4) and ((drawn >= 0) & (drawn <= 1)).all() and r_hat < 1.2
    assert model(drawn).mean(axis=0) == pytest.approx([18.0, 13.5], abs=0.15)
    assert drawn[:, 2].std() == pytest.approx(math.sqrt(1 / 12), abs=0.04)  # no observation depends on it


def test_a_run_has_more_weight_the_larger_the_error_of_the_surrogate(model):
    at = np.full((1, 4), 0.5)
    run = model(at) + 1.0
    moved = {error: float((replace(model, model_error=error * np.eye(2)).expected(at, run) - model(at))[0, 0])
             for error in (1e-6, 1.0, 1e6)}  # fmt: skip
    assert moved[1e-6] == pytest.approx(0, abs=0.01) and moved[1e6] == pytest.approx(1, abs=0.01)
    assert moved[1e-6] < moved[1.0] < moved[1e6]


def test_weights_average_to_one_over_possible_runs(model):
    """The likelihood before a set is simulated is the mean of those after."""
    uncertain = replace(model, model_error=0.3 * np.eye(2), noise=0.2 * np.eye(2))
    rng, at = np.random.default_rng(5), np.full((20_000, 4), 0.5)
    run = uncertain(at) + 0.5 * math.sqrt(0.5) * rng.normal(size=(20_000, 2))
    ratios = np.exp(uncertain.log_weights(at, run, uncertain(at[:1])[0] + 0.4))
    assert ratios.mean() == pytest.approx(1, abs=0.02) and ratios.std() > 0.05
    assert uncertain.misfit(at, run) == pytest.approx(1, abs=0.03)


# -- diagnostics ------------------------------------------------------------------------------------------------------


def gaussian(count: int, draws: int, spread: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Truths from N(0, 1), observed with an error of 1; posterior draws from N(y / 2, 1/2), `spread` times as wide."""
    rng = np.random.default_rng(4)
    truths = rng.normal(size=(count, 2))
    observed = truths + rng.normal(size=truths.shape)
    return truths, observed / 2 + spread * math.sqrt(0.5) * rng.normal(size=(draws, count, 2))


def test_coverage_is_nominal_for_an_exact_posterior_and_smaller_for_a_narrow_one():
    names = ["a", "b"]
    exact = diagnostics.coverage(*gaussian(600, 400), names)
    of_all = exact[exact["parameter"] == "all"].set_index("nominal")["covered"]
    assert of_all.to_dict() == pytest.approx({0.5: 0.5, 0.8: 0.8, 0.95: 0.95}, abs=0.04)
    narrow = diagnostics.coverage(*gaussian(600, 400, spread=0.5), names)
    short = narrow[narrow["parameter"] == "all"].set_index("nominal")["covered"]
    assert (short < of_all - 0.1).all() and len(narrow) == 9


def test_recovery_is_in_shares_of_the_range():
    truths, drawn = gaussian(200, 300)
    table = diagnostics.recovery(truths, drawn, [Factor("a"), Factor("b")])
    assert len(table) == 400 and table["true"].between(0, 1).all()
    assert table["true"].corr(table["median"]) > 0.6
    inside = (table["true"] >= table["low"]) & (table["true"] <= table["high"])
    assert inside.mean() == pytest.approx(0.9, abs=0.04)


def test_shrinkage_is_zero_for_the_prior_and_one_for_a_point():
    rng = np.random.default_rng(5)
    at = np.stack([rng.random(4000), np.full(4000, 0.25), 0.5 + 0.1 * (rng.random(4000) - 0.5)], axis=1)
    factors = [Factor("nothing"), Factor("all", 2.0, 4.0), Factor("most")]
    table = diagnostics.shrinkage(at, np.full(4000, 1 / 4000), factors).set_index("parameter")
    assert table["shrinkage"].to_dict() == pytest.approx({"nothing": 0.0, "all": 1.0, "most": 0.9}, abs=0.02)
    assert table.loc["all", "median"] == pytest.approx(2.5)


def test_pairs_that_trade_off_have_the_sign_of_their_correlation():
    rng = np.random.default_rng(6)
    first = rng.random(3000)
    at = np.stack([first, 1 - first + 0.1 * rng.normal(size=3000), rng.random(3000)], axis=1)
    table = diagnostics.trade_offs(at, np.full(3000, 1 / 3000), [Factor(name) for name in "abc"], 0.3)
    assert [tuple(row) for row in table[["parameter", "other"]].to_numpy()] == [("a", "b")]
    assert table["correlation"].iloc[0] < -0.9


def test_predictions_include_error_and_discrepancy():
    simulated = np.random.default_rng(7).normal([10.0, 10.0], 0.01, (500, 2))
    targets = [Observation("in", "percent", 14.0, 2.0, 1.5), Observation("out", "percent", 15.0, 2.0, 1.5)]
    table = diagnostics.predictive(targets, simulated, np.full(500, 1 / 500), simulated, 1).set_index("observation")
    assert table["inside"].to_dict() == {"in": True, "out": False}
    assert table.loc["in", "high"] == pytest.approx(10 + 1.645 * 2.5, abs=0.2)
    assert table.loc["in", "model_high"] == pytest.approx(10.0, abs=0.1)


# -- page -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("weighted", [True, False])
def test_the_page_states_facts_of_all_tables(weighted):
    rng = np.random.default_rng(11)
    factors = [Factor("a", unit="share"), Factor("b", unit="share")]
    targets = [Observation("in", "percent", 10.0, 2.0, 1.5), Observation("out", "percent", 20.0, 2.0, 1.5)]
    equal, at = np.full(50, 1 / 50), rng.random((50, 2))
    simulated = rng.normal(10, 0.1, (50, 2))
    truths, drawn = gaussian(20, 30)
    recovery, coverage = diagnostics.recovery(truths, drawn, factors), diagnostics.coverage(truths, drawn, "ab")
    known = {"recovery": recovery, "coverage": coverage}
    rounds = [round_of(rng.normal(0, 1, 40), "flow"), round_of(rng.normal(0, 1, 40))]
    tables = {
        **known,
        **({f"{name}_of_surrogate": table for name, table in known.items()} if weighted else {}),
        "shrinkage": diagnostics.shrinkage(at, equal, factors),
        "trade_offs": diagnostics.trade_offs(at, equal, factors, 0.0 if weighted else 1.1),
        "predictive": diagnostics.predictive(targets, simulated, equal, simulated, 1),
        "scales": diagnostics.scales(pd.DataFrame(simulated, columns=["centre.a.mean", "centre.a.sd"]), equal),
        "rounds": rounds_table(rounds),
    }
    run = {
        "version": "1", "seed": 1, "study_seed": 1, "establishments": 3, "sample": 8, "weeks": 4, "burn_in": 52,
        "parameters": 2, "influential": ["a"], "training_runs": 100, "epochs": 7, "effective_size": 20.0,
        "weighted": weighted, "source": "surrogate", "sbi": {"ranks_p": 0.5, "tarp_area": 0.01, "tarp_p": 0.9},
        "simulations": {"prior": 300, "screening": 60, "weighted": 80},
    }  # fmt: skip
    values = run | facts.facts(tables)
    assert (values["inside"], values["outside"], values["observations"]) == (1, ["out"], 2)
    assert [one["method"] for one in values["recovery"]] == ["flow", "surrogate"][: 1 + weighted]
    page = render("sim.studies.posterior", values)
    assert ("unweighted" not in page) is weighted and ("recovery_of_surrogate" in page) is weighted
    assert study.PosteriorStudy().headline(values).startswith("1 of 2 observations")


# -- fingerprint ------------------------------------------------------------------------------------------------------


def test_changes_name_what_changed():
    now = {"numbers": {"a": [0, 1], "b": [0, 2], "c": 3.0, "new": 1.0}, "equations": {"recovery": "x"}, "data": {}}
    before = {"numbers": {"a": [0, 1], "b": [0, 1], "c": 2.0, "old": 1.0}, "equations": {"recovery": "y"}, "data": {}}
    assert changes(before, now) == "added: new; gone: old; other range: b; other value: c; other equations: recovery"
    assert changes(now, now) == ""


@pytest.fixture
def posterior(tmp_path) -> Path:
    """A posterior of two draws, with the current fingerprint."""
    design = prior_draws(2)
    design.table.to_csv(tmp_path / DRAWS, index=False)
    (tmp_path / METADATA).write_text(json.dumps({"fingerprint": current_fingerprint()}))
    return tmp_path


def test_a_posterior_of_this_model_is_read_and_gives_plans(posterior):
    table = draws(posterior)
    assert len(table) == 2
    plan = plan_builder.with_values(context().plan, table.iloc[0])
    assert plan.parameters["recovery"]["night"] == table["mechanisms.recovery.night"][0]


def with_fingerprint(folder: Path, **parts: dict) -> dict:
    """Change the fingerprint of a posterior; returns what it held before."""
    before = json.loads((folder / METADATA).read_text())
    other = {kind: content | parts.get(kind, {}) for kind, content in before["fingerprint"].items()}
    (folder / METADATA).write_text(json.dumps({**before, "fingerprint": other}))
    return before


def test_a_posterior_of_another_model_is_refused_with_the_change_and_the_command(posterior):
    with_fingerprint(posterior, numbers={"mechanisms.recovery.night": [0.0, 9.0]})
    with pytest.raises(UserError, match=r"other range: mechanisms\.recovery\.night.*Use hybridwork posterior") as error:
        draws(posterior)
    assert "\n" not in str(error.value)


def test_restamp_changes_only_the_fingerprint(posterior):
    before = draws(posterior)
    stamped = with_fingerprint(posterior, equations={"recovery": "another"})
    assert restamp(posterior) == "other equations: recovery"
    assert json.loads((posterior / METADATA).read_text()) == stamped
    assert draws(posterior).equals(before)


def test_restamp_renames_parameters_in_the_draws(posterior):
    before, new = draws(posterior), "mechanisms.recovery.night"
    table = before.rename(columns={new: "mechanisms.rest.sleep"})
    table.to_csv(posterior / DRAWS, index=False)
    content = json.loads((posterior / METADATA).read_text())
    numbers = content["fingerprint"]["numbers"]
    numbers["mechanisms.rest.sleep"] = numbers.pop(new)
    (posterior / METADATA).write_text(json.dumps(content))
    with pytest.raises(UserError, match=r"gone: mechanisms\.rest\.sleep"):
        restamp(posterior)
    assert restamp(posterior, {"mechanisms.rest.sleep": new}) == ""
    assert draws(posterior).equals(before)


OTHER_RANGE = {"mechanisms.recovery.night": [0.0, 9.0]}


@pytest.mark.parametrize("parts", [{"numbers": OTHER_RANGE}, {"data": {"regimes.csv": "x"}}])
def test_restamp_refuses_other_ranges_values_and_data(posterior, parts):
    with_fingerprint(posterior, **parts)
    before = (posterior / METADATA).read_text()
    with pytest.raises(UserError, match="cannot be stamped"):
        restamp(posterior)
    assert (posterior / METADATA).read_text() == before
