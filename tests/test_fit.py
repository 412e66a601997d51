"""Centring and fit on a firm small enough for a moment: that they measure, move and write what they say."""

from dataclasses import replace

import numpy as np
import pytest
import yaml

from sim.calibration import point_estimate, point_fit, standardisation
from sim.config import default_settings
from sim.engine.plan import simulate_burn_in
from sim.world.calendar import DAYS_A_WEEK
from sim.world.firm import FirmOptions

SMALL = FirmOptions(kind="study", establishments=30, sample=12)


@pytest.fixture
def soon(monkeypatch):
    """Little history, few people, a week that is measured."""
    for module in (standardisation, point_fit):
        monkeypatch.setattr(module, "SETTLED", 2)
        monkeypatch.setattr(module, "MEASURED", range(DAYS_A_WEEK))
    monkeypatch.setattr(standardisation, "REFERENCE_FIRM", SMALL)
    monkeypatch.setattr(point_fit, "FIT_FIRM", SMALL)
    monkeypatch.setattr(point_fit, "CHECK_FIRM", SMALL)


def test_what_is_centred_is_measured_over_reference_people_and_days(soon, small_plan):
    measured = standardisation.measured(small_plan)
    engine, seen, led = simulate_burn_in(small_plan), [], []
    for day in standardisation.MEASURED:
        engine.run_day(day)
        seen.append(engine.values["conflict"][0][engine.values["may_work_from_home"][0] > 0])
        led.append(engine.values["leading_difficulty"][0][engine.values["is_manager"][0] > 0])
    for name, values in (("conflict", np.concatenate(seen)), ("leading_difficulty", np.concatenate(led))):
        assert measured[name].mean == pytest.approx(values.mean(), abs=1e-5)
        assert measured[name].sd == pytest.approx(values.std(), abs=1e-5)


def test_centring_brings_means_to_nought_and_spreads_to_one(soon, small_plan):
    told: list[str] = []
    off = {"exhaustion": {"level": 0.5, "spread": 0.4}}
    centred = standardisation.centre(replace(small_plan, parameters=off), rounds=6, say=told.append)
    farthest = [float(line.split()[-1]) for line in told]
    assert farthest[-1] < farthest[0] / 4
    assert centred["exhaustion"]["level"] < 0.5 and centred["exhaustion"]["spread"] > 0.4


def test_the_fit_comes_nearer_to_its_targets_than_it_began(soon, small_plan, monkeypatch):
    monkeypatch.setattr(point_fit, "MOST_EVALUATIONS", 2)
    told: list[str] = []
    parameters = point_fit.fit(small_plan, told.append)
    squares = [float(line.split()[3].strip(",")) for line in told if line.startswith("sum of squares")]
    assert min(squares) < squares[0]
    kinds = default_settings.mechanism_types()
    for process, name in point_fit.FREE:
        passport = kinds[process].parameter_metadata()[name]
        assert passport.low <= parameters[process][name] <= passport.high
    assert "cut_off" in parameters["survey"]


def test_the_report_holds_every_row_and_says_which_are_missed(soon, small_plan):
    report = point_fit.check(small_plan)
    assert len([row for row in report if ", " in row.name and row.unit == "percent"]) == 45
    lines = point_fit.table(report).splitlines()[1:]
    assert [("NO" in line) for line in lines] == [not row.met for row in report]


def test_fitted_values_are_written_whole_and_the_later_layer_wins(tmp_path, monkeypatch):
    monkeypatch.setattr(default_settings, "conf_folder", lambda: tmp_path)
    (tmp_path / "fit").mkdir()
    path = point_estimate.write_fit({"a": {"x": 1.0, "y": 2.0}}, {"a": {"y": 3.00004}, "survey": {"cut_off": 1.5}})
    assert yaml.safe_load(path.read_text()) == {"mechanisms": {"a": {"x": 1.0, "y": 3.0}}, "survey": {"cut_off": 1.5}}
    assert [file.name for file in path.parent.iterdir()] == ["point.yaml"]
