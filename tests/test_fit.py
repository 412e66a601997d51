"""Standardisation and point fit on a small firm."""

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
def short_runs(monkeypatch):
    """Use a short burn-in, few people and one measured week."""
    for module in (standardisation, point_fit):
        monkeypatch.setattr(module, "BURN_IN_WEEKS", 2)
        monkeypatch.setattr(module, "MEASURED_DAYS", range(DAYS_A_WEEK))
    monkeypatch.setattr(standardisation, "REFERENCE_FIRM", SMALL)
    monkeypatch.setattr(point_fit, "FIT_FIRM", SMALL)
    monkeypatch.setattr(point_fit, "CHECK_FIRM", SMALL)


def test_moments_are_over_reference_people_and_measured_days(short_runs, small_plan):
    moments = standardisation.measure_moments(small_plan)
    engine, conflict, leading = simulate_burn_in(small_plan), [], []
    for day in standardisation.MEASURED_DAYS:
        engine.run_day(day)
        conflict.append(engine.values["conflict"][0][engine.values["may_work_from_home"][0] > 0])
        leading.append(engine.values["leading_difficulty"][0][engine.values["is_manager"][0] > 0])
    for name, values in (("conflict", np.concatenate(conflict)), ("leading_difficulty", np.concatenate(leading))):
        assert moments[name].mean == pytest.approx(values.mean(), abs=1e-5)
        assert moments[name].sd == pytest.approx(values.std(), abs=1e-5)


def test_standardisation_moves_means_to_zero_and_sds_to_one(short_runs, small_plan):
    lines: list[str] = []
    off = {"exhaustion": {"level": 0.5, "spread": 0.4}}
    solved = standardisation.standardise(replace(small_plan, parameters=off), rounds=6, log=lines.append)
    deviations = [float(line.split()[-1]) for line in lines]
    assert deviations[-1] < deviations[0] / 4
    assert solved["exhaustion"]["level"] < 0.5 and solved["exhaustion"]["spread"] > 0.4


def test_the_fit_reduces_the_sum_of_squares(short_runs, small_plan, monkeypatch):
    monkeypatch.setattr(point_fit, "MAX_EVALUATIONS", 2)
    lines: list[str] = []
    parameters = point_fit.fit(small_plan, lines.append)
    squares = [float(line.split()[3].strip(";")) for line in lines if line.startswith("sum of squares")]
    assert min(squares) < squares[0]
    kinds = default_settings.mechanism_types()
    for process, name in point_fit.FREE:
        metadata = kinds[process].parameter_metadata()[name]
        assert metadata.low <= parameters[process][name] <= metadata.high
    assert "cut_off" in parameters["survey"]


def test_the_report_has_every_row_and_marks_those_outside_the_tolerance(short_runs, small_plan):
    report = point_fit.check(small_plan)
    assert len([row for row in report if ", " in row.name and row.unit == "percent"]) == 45
    lines = point_fit.table(report).splitlines()[1:]
    assert [("NO" in line) for line in lines] == [not row.met for row in report]


def test_a_later_layer_of_fitted_values_wins(tmp_path, monkeypatch):
    monkeypatch.setattr(default_settings, "conf_folder", lambda: tmp_path)
    (tmp_path / "fit").mkdir()
    path = point_estimate.write_fit({"a": {"x": 1.0, "y": 2.0}}, {"a": {"y": 3.00004}, "survey": {"cut_off": 1.5}})
    assert yaml.safe_load(path.read_text()) == {"mechanisms": {"a": {"x": 1.0, "y": 3.0}}, "survey": {"cut_off": 1.5}}
    assert [file.name for file in path.parent.iterdir()] == ["point.yaml"]
