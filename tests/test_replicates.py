"""Number of replicates: the formula, the coverage of its intervals, conclusions, and the study."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_1samp

from sim.__main__ import main
from sim.config import composition
from sim.experiments import sweep
from sim.experiments.factors import DesignContext
from sim.plotting.figures import replicates as figure
from sim.reporting.templates import render
from sim.runs.worker_pool import in_process_pool
from sim.studies.replicates.precision import (
    Pairs,
    Precision,
    decision,
    gain_of_pairing,
    interval,
    pairs_needed,
    stopping,
    sufficient_pairs,
)
from sim.studies.replicates.study import Problem, ReplicatesStudy, Results
from sim.studies.replicates.tables import findings, running_means, summary

BURN_OUT, ISOLATION = "burn_out_complaints", "isolation_from_colleagues"
TINY = ("firm=one", "firm.employees=40", "weeks=8", "burn_in=4", "engine=reference")
POLICY = "scenarios=[baseline,whole_package]"


def pairs(differences, outcome=BURN_OUT, pilot=None, as_usual=None) -> Pairs:
    differences = np.asarray(differences, float)
    usual = np.zeros(len(differences)) if as_usual is None else np.asarray(as_usual, float)
    return Pairs("whole_package", "policy", outcome, usual + differences, usual, pilot or len(differences))


def spreading(mean: float, error: float, count: int = 10) -> Pairs:
    """Pairs with this mean difference and this standard error of it."""
    shape = np.tile([-1.0, 1.0], count // 2)
    return pairs(mean + error * math.sqrt(count) * shape / shape.std(ddof=1))


def precision(pilot: int = 10, most: int = 1000, **smallest: float) -> Precision:
    return Precision(smallest=smallest or {BURN_OUT: 1.0}, pilot=pilot, most=most)


# -- pairs needed ----------------------------------------------------------------------------------------------------


def test_pairs_needed_are_the_squared_quantile_times_spread_over_half_width_rounded_up():
    # Student's quantile of 9 degrees of freedom is 2.2622 (any table): (2.2622 * 2 / 1)^2 = 20.47
    assert pairs_needed(2.0, pilot=10, half_width=1.0) == 21
    # of 19 degrees 2.0930: (2.0930 * 0.08 / 0.01)^2 = 280.4
    assert pairs_needed(0.08, pilot=20, half_width=0.01) == 281
    assert pairs_needed(0.0, pilot=10, half_width=1.0) == 2  # the fewest with a spread


def test_the_largest_number_of_pairs_needed_lies_within_pilot_and_most():
    narrow, wide = spreading(0, 0.01), spreading(0, 1.0)  # spreads 0.032 and 3.16; half-width 0.5: 205 pairs
    assert sufficient_pairs([narrow], precision()) == 10
    assert sufficient_pairs([narrow, wide], precision()) == pairs_needed(wide.spread, 10, 0.5) == 205
    assert sufficient_pairs([wide], precision(most=60)) == 60


def test_the_spread_is_the_pilots_alone():
    assert pairs([1, 2, 3, 4, 500], pilot=4).spread == pytest.approx(np.std([1, 2, 3, 4], ddof=1))


STUDIES = 3000
TRUE = np.array([0.5, 1.0])
"""True differences; the second is exactly the smallest effect of interest."""


@pytest.fixture(scope="module")
def studies() -> list[list[Pairs]]:
    """Two correlated outcomes of normal data, each study run by the procedure from a pilot of eight."""
    chance = np.random.default_rng(20)
    spreads = np.array([[0.4, 0.0], [0.5, 0.7]])
    settings = precision(pilot=8, most=60, burn_out_complaints=1.0, isolation_from_colleagues=1.0)
    studies = []
    for _ in range(STUDIES):
        differences = TRUE + chance.standard_normal((60, 2)) @ spreads.T
        both = [pairs(differences[:8, place], outcome) for place, outcome in enumerate(settings.sizes)]
        count = sufficient_pairs(both, settings)
        studies.append([pairs(differences[:count, place], own.outcome, pilot=8) for place, own in enumerate(both)])
    return studies


def test_the_interval_contains_the_true_difference_in_95_of_100_studies(studies):
    ends = np.array([[interval(own) for own in study] for study in studies])
    holds = ((ends[..., 0] <= TRUE) & (ends[..., 1] >= TRUE)).mean(axis=0)
    # three standard errors of a share of 3,000 are 0.012
    assert holds == pytest.approx([0.95, 0.95], abs=0.012)
    counts = np.array([len(study[0].differences) for study in studies])
    assert (counts > 8).any() and (counts < 60).any() and (counts == 60).any()
    reaches = (ends[..., 1] - ends[..., 0]) / 2
    assert (reaches[counts < 60] <= 0.5 + 1e-9).all()


def test_an_effect_as_large_as_the_smallest_is_called_smaller_in_at_most_5_of_100_studies(studies):
    decisions = [decision(study[1], 1.0) for study in studies]
    assert np.mean(["less than" in words or "no effect" in words for words in decisions]) <= 0.05 + 0.012


# -- conclusions ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mean", "error", "conclusion"), [
    (-5.0, 0.2, "lowers by more than 1"),
    (5.0, 0.2, "raises by more than 1"),
    (-1.2, 0.2, "lowers, but not shown to be by more than 1"),
    (1.2, 0.2, "raises, but not shown to be by more than 1"),
    (-0.5, 0.1, "lowers, but by less than 1"),
    (0.1, 0.2, "no effect: equivalent to zero within ±1"),
    (0.0, 0.0, "no effect: equivalent to zero within ±1"),
    (0.1, 2.0, "not decided"),
    (0.7, 0.4, "not decided"),
])  # fmt: skip
def test_the_conclusion_about_a_difference(mean, error, conclusion):
    assert decision(spreading(mean, error), 1.0) == conclusion


@pytest.mark.parametrize("beyond", [-1e-6, 1e-6])
def test_the_conclusion_changes_exactly_at_its_bounds(beyond):
    """Student's quantiles of 9 degrees of freedom: 1.8331 of a 90% interval, 2.2622 of a 95% one."""
    none = decision(spreading(0.0, (1 + beyond) / 1.8331129), 1.0)
    assert none.startswith("no effect" if beyond < 0 else "not decided")
    larger = decision(spreading(1 + 2.2621572 * 0.3 + beyond, 0.3), 1.0)
    assert larger == ("raises by more than 1" if beyond > 0 else "raises, but not shown to be by more than 1")
    some = decision(spreading(2.2621572 + beyond, 1.0), 1.0)
    assert some == ("raises, but not shown to be by more than 1" if beyond > 0 else "not decided")


@given(st.floats(-3, 3), st.floats(0.01, 2))
def test_equivalence_agrees_with_two_one_sided_tests_of_scipy(mean, error):
    own = spreading(mean, error)
    least = ttest_1samp(own.differences, -1.0, alternative="greater").pvalue
    most = ttest_1samp(own.differences, 1.0, alternative="less").pvalue
    if abs(max(least, most) - 0.05) > 1e-9:
        words = decision(own, 1.0)
        assert ("no effect" in words or "less than" in words) == (max(least, most) < 0.05)


@given(st.lists(st.floats(-5, 5), min_size=4, max_size=12), st.floats(0.05, 3))
def test_no_effect_is_concluded_only_with_equivalence_and_its_margin(differences, smallest):
    own = pairs(differences, pilot=4)
    words = decision(own, smallest)
    least, most = interval(own, 0.90)
    if "no effect" in words:
        assert -smallest < least <= most < smallest
        assert f"within ±{smallest:g}" in words


@pytest.mark.parametrize(("differences", "pilot", "most", "reason"), [
    ([0.1, 0.2, 0.1, 0.2], 4, 9, "the pilot was enough"),
    ([0.1, 0.2, 0.1, 0.2, 9.0], 4, 9, "the pilot was enough"),
    (np.tile([-1.0, 1.0], 30), 10, 90, "reached the half-width of 0.5"),
    (np.tile([-1.0, 1.0], 6), 10, 12, "stopped at the most allowed, 12: half-width 0.69 instead of 0.5"),
    (np.tile([-1.0, 1.0], 6), 10, 90, "some runs failed: half-width 0.69 instead of 0.5"),
])  # fmt: skip
def test_the_reason_for_stopping(differences, pilot, most, reason):
    assert stopping(pairs(differences, pilot=pilot), 1.0, most) == reason


# -- pairing ---------------------------------------------------------------------------------------------------------


def test_pairing_removes_the_variance_that_both_worlds_share():
    shared, own = np.tile([3.0, 3.0, -3.0, -3.0], 5), np.tile([1.0, -1.0, 1.0, -1.0], 5)
    # variances 9 + 1 in each world and 4 in their difference: 20 / 4; correlation (9 - 1) / 10
    correlation, factor = gain_of_pairing(pairs(2 * own, as_usual=shared - own))
    assert (correlation, factor) == (pytest.approx(0.8), pytest.approx(5.0))


def test_pairing_of_independent_worlds_has_no_gain():
    chance = np.random.default_rng(3)
    one, other = chance.standard_normal((2, 20_000))
    correlation, factor = gain_of_pairing(pairs(one - other, as_usual=other))
    assert abs(correlation) < 0.03 and factor == pytest.approx(1.0, abs=0.03)


def test_a_policy_without_any_effect_has_its_rows():
    own = pairs(np.zeros(6), as_usual=np.arange(6.0))
    table = findings([own], precision())
    assert table["needed_unpaired"].isna().all() and np.isinf(table["pairing"]).all()
    facts = summary(table)
    assert facts["decision_rows"][0][-1].startswith("no effect")
    assert facts["pairing_rows"][0][2:] == ["none", "the difference does not vary", "2", "none"]


def test_other_smallest_effects_need_four_times_as_many_or_a_quarter():
    row = findings([spreading(0, 2.0, 100)], precision()).iloc[0]
    assert row["needed_half"] == pytest.approx(4 * row["needed_same"], abs=4)
    assert row["needed_twice"] == pytest.approx(row["needed_same"] / 4, abs=1)


# -- page and figure -------------------------------------------------------------------------------------------------


def test_the_page_states_whether_the_pairs_are_enough_and_what_failed(small_plan):
    few, study = precision(pilot=10, most=10), ReplicatesStudy()
    problem = Problem(SimpleNamespace(plan=small_plan), few)
    for error, failed in ((3.0, 3), (0.01, 0)):
        facts = study.facts(Results(problem, [spreading(0, error)], failed))
        assert (facts["pairs"], facts["enough"], facts["failed"]) == (10, not failed, failed)
        assert bool(facts["short"]) == bool(failed)
        page = render("sim.studies.replicates", {"seed": 1, "version": "0", **facts})
        assert ("not enough" in page) == ("further runs failed" in page) == bool(failed)


def test_the_figure_shows_every_policy_and_outcome_with_margin_and_stop():
    both = [pairs(np.linspace(-9, -8, 30), outcome, pilot=10) for outcome in (BURN_OUT, ISOLATION)]
    table = running_means(both, precision(burn_out_complaints=1.0, isolation_from_colleagues=0.5))
    last = table.groupby("outcome").tail(1)
    np.testing.assert_allclose(last[["low", "high"]], [interval(own) for own in both])
    panels = figure.draw(table).axes
    assert [axes.get_title(loc="left") for axes in panels] == ["Whole package"] * 2
    for axes, smallest in zip(panels, (1.0, 0.5), strict=True):
        margin = axes.patches[0].get_extents().transformed(axes.transData.inverted())
        assert (margin.y0, margin.y1) == (pytest.approx(-smallest), pytest.approx(smallest))
        assert [30] in [list(line.get_xdata()) for line in axes.lines]


# -- runs ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def simulated(monkeypatch) -> list[int]:
    """The simulated replicates, in their order."""
    numbers: list[int] = []
    simulate = sweep.simulate_batch

    def count(batch):
        numbers.extend(run.plan.replicate for run in batch.runs)
        return simulate(batch)

    monkeypatch.setattr(sweep, "simulate_batch", count)
    return numbers


def test_the_second_stage_and_any_later_study_run_only_what_is_missing(tmp_path, simulated):
    overrides = (*TINY, POLICY)
    context = DesignContext(composition.compose(*overrides), overrides)

    def counts(smallest: float, most: int) -> list[int]:
        problem = Problem(context, precision(3, most, isolation_from_colleagues=smallest))
        results = ReplicatesStudy().run(problem, tmp_path, in_process_pool())
        return [len(own.differences) for own in results.pairs]

    assert counts(1e-9, most=5) == [5] and sorted(simulated) == [0, 1, 2, 3, 4]
    simulated.clear()
    assert counts(1e-9, most=5) == [5] and simulated == []
    assert counts(1e-9, most=6) == [6] and simulated == [5]
    simulated.clear()
    assert counts(1e9, most=6) == [3] and simulated == []


def test_the_command_writes_all_files_and_resumes(tmp_path, capsys, simulated):
    words = ["replicates", *TINY, POLICY, "precision.pilot=3", "precision.most=4", f"output={tmp_path}", "workers=1"]
    words += ["precision.smallest.isolation_from_colleagues=1e-9"]
    assert main(words) == 0
    printed = capsys.readouterr().out
    folder = Path(printed.splitlines()[-1])
    assert folder.parent == tmp_path / "replicates"
    assert "4 pairs of runs are not enough" in printed and "stopped at the most allowed, 4" in printed
    table = pd.read_parquet(folder / "replicates.parquet")
    assert list(table["outcome"]) == [BURN_OUT, ISOLATION] and (table["replicates"] == 4).all()
    assert len(pd.read_parquet(folder / "running.parquet")) == 6
    names = ("summary.md", "results.json", "config.yaml", "about.json")
    for name in (*names, "figures/replicates.png", "figures/replicates.svg"):
        assert (folder / name).is_file()
    simulated.clear()
    assert main(words) == 0 and simulated == []
    pd.testing.assert_frame_equal(pd.read_parquet(folder / "replicates.parquet"), table)


@pytest.mark.parametrize(("word", "message"), [
    ("replicates=50", "between precision.pilot and"),
    ("precision.pilot=1", "Invalid value for precision.pilot: 1. Use 2 or more."),
    ("precision.most=5", "Invalid value for precision.pilot: 20. Use 2 to 5"),
    ("precision.pilot=many", "Invalid value for precision.pilot: many. Use a whole number, 2 or more."),
    ("precision.smallest.burn_out_complaints=-1", "Use a number above 0."),
    ("precision.smallest.burn_out_complaints=.nan", "Use a number."),
    ("+precision.smallest.isolation_from_coleagues=1", "Did you mean 'isolation_from_colleagues"),
    ("precision.smallest={burn_out_complaints: null, isolation_from_colleagues: null}", "smallest is empty"),
    ("precision.smallest.burn_out_complaints=nan", "Use a finite number."),
    ("precision.pilots=3", "Did you mean"),
    ("precision=3", "Invalid value for precision: 3. It is a group"),
    ("precision.smallest=3", "Invalid value for precision.smallest: 3. Use a group"),
    ("scenarios=[baseline]", "Invalid value for scenarios: [baseline]. Use a policy"),
    ("retry=no", "true or false"),
])  # fmt: skip
def test_invalid_settings_give_one_line_before_anything_runs(word, message, tmp_path, capsys, simulated):
    assert main(["replicates", *TINY, f"output={tmp_path}", word]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line
    assert simulated == [] and not list(tmp_path.iterdir())
