"""The comparison of float32 with float64 widens all values and compares all results."""

import logging
from dataclasses import replace

import numpy as np
import pandas
import pytest

from benchmarks import precision
from benchmarks.__main__ import main
from benchmarks.precision import (
    SCENARIOS,
    differences,
    events_of,
    gap_of,
    in_float64,
    levels,
    lives_of,
    rounded,
    study_of,
)
from benchmarks.whole import WholeModel, firm_of
from sim.engine.reference import ReferenceEngine
from sim.runs.run import run


@pytest.fixture(scope="module")
def study():
    return study_of(150, weeks=2)


def two_weeks(study) -> ReferenceEngine:
    return WholeModel(ReferenceEngine, study, firm_of(study), len(SCENARIOS)).engine


def test_nothing_is_rounded_to_float32_within_and_everything_without(study):
    with in_float64():
        assert rounded(two_weeks(study)) == []
    single = two_weeks(study)
    assert set(rounded(single)) == set(single.values)


@pytest.mark.parametrize("module", ["reference", "staff", "interventions"])
def test_a_place_that_still_rounds_is_found(study, monkeypatch, module):
    left = [one for one in precision.HOLDING if one is not getattr(precision, module)]
    monkeypatch.setattr(precision, "HOLDING", left)
    with in_float64():
        assert rounded(two_weeks(study)) != []


def test_both_precisions_draw_the_same_traits(study):
    single = two_weeks(study)
    with in_float64():
        double = two_weeks(study)
    for name in single.registry.traits:
        np.testing.assert_allclose(double.values[name], single.values[name], rtol=1e-5, atol=1e-6, err_msg=name)


def test_results_differ_far_less_than_between_replicates(study):
    replicates = [replace(study, replicate=number) for number in range(3)]
    narrow = [run(one) for one in replicates]
    with in_float64():
        wide = [run(one) for one in replicates]
    assert {one.weekly.dtype for one in wide} == {np.dtype(np.float64)}
    gap = gap_of(levels(narrow, "exhaustion"), levels(wide, "exhaustion"))
    assert 0 < gap.largest < 1e-3 * gap.error
    assert differences(wide, "exhaustion").shape == (3, len(SCENARIOS) - 1)
    lives = lives_of(narrow, wide)
    assert lives.count == 3 * 150 * len(SCENARIOS)
    assert 0 < lives.distributions <= lives.farthest
    assert lives.parted < 0.01 * lives.count


def test_yes_or_no_values_are_compared_day_by_day(study):
    events = events_of(study)
    assert events.count > 21 * 150
    assert events.fallen_otherwise < 1e-4 * events.count


def test_the_gap_is_that_of_the_scenario_with_the_largest_relative_difference():
    wide = np.array([[0.0, 0.0], [2.0, 20.0]])
    gap = gap_of(wide + np.array([[0.1, 0.2], [0.0, 0.0]]), wide)
    assert (gap.largest, gap.error) == pytest.approx((0.1, 1.0))


def test_the_command_prints_the_comparison_alone(tmp_path, capsys):
    try:
        assert main(["--only", "precision", "--replicates", "2", "--weeks", "1", "--out", str(tmp_path)]) == 0
    finally:
        logging.getLogger("mesa").setLevel(logging.NOTSET)
    assert "float32 against float64" in capsys.readouterr().out
    (folder,) = tmp_path.iterdir()
    what = pandas.read_parquet(folder / "benchmarks.parquet")["what"]
    assert not what.str.contains("model").any()
    assert what.str.contains("burn_out_complaints").any()
