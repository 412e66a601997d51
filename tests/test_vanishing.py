"""Study of null findings: explanations as parameters, the pattern, weights that recover planted effects, power."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import random_answers

from sim.__main__ import main
from sim.config.settings import read_settings
from sim.engine.plan import registry_of
from sim.errors import UserError
from sim.outcomes.patterns import ISOLATIONS
from sim.studies.vanishing import classifier, home_share, pattern, power, survey_designs
from sim.studies.vanishing.explanations import corrected, draw_world, explanations_of, plan_of, with_on
from sim.studies.vanishing.study import Settings, read
from sim.studies.vanishing.worlds import cases
from sim.survey.visit import Answers
from sim.views.explore import study_results

CONF = Path(__file__).resolve().parent.parent / "conf" / "study" / "vanishing_measures.yaml"


@pytest.fixture(scope="module")
def settings():
    return yaml.safe_load(CONF.read_text(encoding="utf-8"))["vanishing"]


@pytest.fixture(scope="module")
def explanations(settings):
    return explanations_of(settings["explanations"])


# -- explanations -----------------------------------------------------------------------------------------------------


def test_a_lossless_world_loses_no_claimed_measure(explanations, small_plan):
    plan = plan_of(small_plan, with_on(explanations, {}), replicate=7)
    cascade = plan.parameters["cascade"]
    assert plan.replicate == 7
    assert cascade["carried_out"] == cascade["informing"] == 1 and cascade["own_initiative"] == 0
    assert cascade["managers_agreement"] == cascade["others_training"] == 0.98
    for measure in plan.measures:
        if measure.in_study:
            assert (measure.use, measure.well, measure.hoops, measure.fades_in) == (1, 1, 0, 0)
    registry_of(plan)


def test_a_world_without_correction_is_the_plan_itself(explanations, small_plan):
    plan = plan_of(small_plan, corrected(explanations, ""), replicate=small_plan.replicate)
    assert plan.measures == small_plan.measures
    changed = corrected(explanations, "not_really_taken").parameters
    assert changed == {("cascade", "carried_out"): 1.0}


def test_no_effect_sets_the_amounts_of_all_measures_of_the_study_to_zero(explanations, small_plan):
    plan = plan_of(small_plan, with_on(explanations, {"no_effect": 1.0}), replicate=0)
    for before, after in zip(small_plan.measures, plan.measures, strict=True):
        amounts = [shift.amount for shift in after.shifts.values()]
        assert amounts == ([0] * len(amounts) if before.in_study else [s.amount for s in before.shifts.values()])


def entry(name: str, parameter: str, values: list[float]) -> dict:
    """Return the settings of an explanation that changes one parameter of the cascade."""
    return {name: {"label": name, "says": "b", "prior": 0.5, "moves": {"cascade": {parameter: values}}}}


def test_the_larger_change_counts_if_two_explanations_change_a_parameter():
    own = explanations_of(
        entry("slow", "lapsing", [0.001, 0.002, 0.004]) | entry("fast", "lapsing", [0.001, 0.002, 0.01])
    )
    assert with_on(own, {"slow": 1.0, "fast": 1.0}).parameters["cascade", "lapsing"] == 0.01
    assert with_on(own, {"slow": 1.0}).parameters["cascade", "lapsing"] == 0.004


def test_invented_claims_do_not_change_the_share_of_claims(explanations, small_plan):
    plan = plan_of(small_plan, with_on(explanations, {"desirability": 1.0}), replicate=0)
    invented = plan.parameters["interview"]["desirability"]
    assert invented == 0.3
    for before, after in zip(small_plan.measures, plan.measures, strict=True):
        if before.in_study:
            said = after.study["employer"] + (1 - after.study["employer"]) * invented
            assert said == pytest.approx(max(before.study["employer"], invented))


def test_worlds_follow_their_priors_and_all_ranges(explanations, small_plan):
    def world(number):
        return draw_world(explanations, small_plan.measures, (0, 2), 0.5, np.random.default_rng([1, number]))

    worlds = [world(number) for number in range(200)]
    for one in explanations:
        assert 0.35 < np.mean([own.on[one.name] for own in worlds]) < 0.65
    assert all((own.parameters["times", "amount"] == 0) == own.on["no_effect"] for own in worlds)
    assert world(3) == worlds[3] != worlds[4]
    for own in worlds[:3]:
        registry_of(plan_of(small_plan, own, replicate=0))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"prior": 1}, "prior: 1. Use more than 0 and less than 1."),
        ({"moves": {}}, "moves: {}. Use at least one parameter"),
        ({"moves": {"cascade": {"carried_out": [1, 0.9]}}}, "carried_out: [1, 0.9]. Use three numbers"),
        ({"moves": {"cascade": {"carried_out": [1, 0.9, 0.2]}}}, "0.6 to 1"),
        ({"moves": {"cascade": {"carryed_out": [1, 0.9, 0.7]}}}, "carryed_out"),
        ({"moves": {"casacde": {"carried_out": [1, 0.9, 0.7]}}}, "id you mean 'cascade'"),
        ({"moves": {"times": {"not_usd": [0, 1, 2]}}}, "id you mean 'not_used'"),
        ({"moves": {"measures": {"hoops": [0, 1, 2]}}}, "Use shares from 0 to 1."),
        ({"extra": 1}, "Unknown setting: vanishing.explanations.mine.extra"),
    ],
)
def test_an_error_in_an_explanation_names_its_entry(changes, message):
    valid = entry("mine", "carried_out", [1, 0.9, 0.7])["mine"]
    with pytest.raises(UserError, match=r"vanishing\.explanations\.mine") as error:
        explanations_of({"mine": {**valid, **changes}})
    assert message in str(error.value) and "\n" not in str(error.value)


def test_two_explanations_cannot_correct_a_parameter_to_different_values():
    entries = entry("one", "carried_out", [1, 0.9, 0.7]) | entry("other", "carried_out", [0.95, 0.9, 0.7])
    with pytest.raises(UserError, match=r"explanations\.other\.moves\.cascade\.carried_out: 0\.95\. Use 1 "):
        explanations_of(entries)


# -- the pattern ------------------------------------------------------------------------------------------------------


def answers(effect: float) -> Answers:
    """Return answers of people among whom known social moments go with less isolation of both kinds."""
    own = random_answers(seed=2)
    less = {name: own.responses[name] - effect * own.responses["known.social_moments"] for name in ISOLATIONS}
    return replace(own, responses={**own.responses, **less})


def test_a_relation_is_significant_and_disappears_after_permutation():
    real, permuted = pattern.survey_counts(answers(2.0)), pattern.survey_counts(answers(2.0), permute=(1, 2))
    assert real["part.social_colleagues"] == real["part.social_company"] == 1
    assert permuted["part.social_colleagues"] == permuted["part.social_company"] == 0
    assert pattern.survey_counts(answers(-2.0))["part.social_colleagues"] == 0, "the sign counts"
    assert real["known_managers"] == permuted["known_managers"]


def test_the_wrong_sign_is_counted_separately():
    helps, harms = (pattern.survey_counts(answers(effect)) for effect in (2.0, -2.0))
    assert helps["known_right"] >= harms["known_right"] + 3
    assert harms["known_wrong"] >= helps["known_wrong"] + 3


def test_the_study_reports_four_findings_and_its_own_numbers(measures):
    report = pattern.report_of_2022(measures)
    assert sum(report[part.name] for part in pattern.PARTS) == report["known_right"] == 4
    assert report["known_others"] == pytest.approx(6.31) and report["known_managers"] == pytest.approx(7.78)
    assert (report["mismatch_managers"], report["mismatch_others"]) == (4, 5)


def test_mismatches_follow_the_way_of_counting_of_the_world():
    rows = [{**pattern.survey_counts(answers(0.0)), "reading": reading} for reading in (1, 2)]
    reports = pattern.reports_of(pd.DataFrame(rows), pattern.limits_of(pd.DataFrame(rows)))
    assert reports["mismatch_others"][0] == pytest.approx(7.5, abs=0.5)
    assert reports["mismatch_others"][1] == pytest.approx(4.5, abs=0.5)


def test_the_limit_of_a_family_is_a_quantile_of_chance():
    permuted = pd.DataFrame([{f"part.{part.name}": float(count) for part in pattern.PARTS} for count in range(100)])
    limits = pattern.limits_of(permuted)
    assert limits["employer_quiet"] == 94 and limits["social_colleagues"] == 0


# -- weights ----------------------------------------------------------------------------------------------------------

STUDIES, VISITS = 600, 2


def planted() -> tuple[dict, pd.DataFrame, pd.DataFrame]:
    """Worlds in which `loud` makes the findings on contact likely, and `idle` does nothing at all."""
    chance = np.random.default_rng(5)
    worlds = pd.DataFrame({"world": np.arange(STUDIES), "reading": 1 + chance.integers(0, 2, STUDIES)})
    for name in ("loud", "idle", "no_effect"):
        worlds[f"on.{name}"] = chance.integers(0, 2, STUDIES)
    worlds["amount"] = np.where(worlds["on.no_effect"] == 1, 0.0, chance.uniform(0, 2, STUDIES))
    studies = worlds.loc[worlds.index.repeat(VISITS)].reset_index(drop=True)

    def reports_with(likely: np.ndarray) -> pd.DataFrame:
        reports = pd.DataFrame({part.name: chance.random(len(likely)) < 0.05 for part in pattern.PARTS})
        for name in pattern.CONTACT:
            reports[name] = chance.random(len(likely)) < likely
        for name in (*pattern.NUMBERS, *pattern.COUNTS):
            reports[name] = 5 + chance.standard_normal(len(likely))
        return reports.astype(float)

    likely = np.where(studies["on.loud"] == 1, 0.6, 0.1)
    tables = {"worlds": worlds, "studies": studies, "permuted": studies}
    return tables, reports_with(likely), reports_with(np.full(len(likely), 0.05))


@pytest.fixture(scope="module")
def fitted(explanations):
    """Tables of weights from findings alone and with one penalty, which is quick."""
    tables, reports, permuted = planted()
    own = [type(explanations[0])(name, name, "", 0.5, explanations[0].moves) for name in ("loud", "idle", "no_effect")]
    report = {part.name: float(part.reported) for part in pattern.PARTS}
    here = pd.DataFrame([{**report, **dict.fromkeys((*pattern.NUMBERS, *pattern.COUNTS), 5.0)}])
    tasks = classifier.classification_tasks(own, tables, reports, permuted)
    with pytest.MonkeyPatch.context() as less:
        less.setattr(classifier, "REPORTS", {classifier.FINDINGS: classifier.REPORTS[classifier.FINDINGS]})
        less.setattr(classifier, "PENALTIES", (1e-1,))
        few = [task for task in tasks if task.name in ("loud", "idle", "behind")]
        return classifier.weight_tables(few, here, resamples=4, seed=1)


def test_an_explanation_that_causes_the_findings_gains_weight(fitted):
    own = fitted["weights"].set_index(["question", "class"]).sort_index()
    loud, idle = (own.loc[(name, "on")] for name in ("loud", "idle"))
    assert loud["weight"] > 0.9 and loud["low"] > 0.5
    assert 0.35 < idle["weight"] < 0.65
    behind = own.loc["behind"]["weight"]
    assert behind.sum() == pytest.approx(1) and behind["chance alone"] < 0.1


def test_recovery_and_calibration_use_unseen_worlds(fitted):
    recovery = fitted["recovery"].set_index(["question", "class"])
    assert recovery.loc[("loud", "on"), "auc"] > 0.75
    assert recovery.loc[("idle", "on"), "auc"] == pytest.approx(0.5, abs=0.07)
    loud = fitted["calibration"][fitted["calibration"]["question"] == "loud"]
    assert (loud["chance"] - loud["share"]).abs().max() < 0.1
    assert loud["share"].iloc[-1] > loud["share"].iloc[0] + 0.4


def test_the_probability_of_a_world_does_not_use_its_labels(monkeypatch):
    """Labels of one fold are reversed. The choice of penalty for that fold must not depend on them."""
    monkeypatch.setattr(classifier, "PENALTIES", (1e-3, 1e3))
    rows = 40 * classifier.FOLDS
    world, truth = np.arange(rows) % (4 * classifier.FOLDS), (np.arange(rows) // classifier.FOLDS) % 2
    numbers = (4.0 * truth - 2 + np.random.default_rng(8).normal(size=rows))[:, None]
    first = world % classifier.FOLDS == 0

    def chances(labels):
        task = classifier.ClassificationTask("loud", ("off", "on"), pd.DataFrame(), labels, np.array([0.5, 0.5]), world)
        return classifier._out_of_fold(task, numbers, task.row_weights)

    assert truth[first].mean() == 0.5  # as many of each, so that the rows' weights stay as they are
    turned = np.where(first, 1 - truth, truth)
    np.testing.assert_array_equal(chances(turned)[first], chances(truth)[first])
    assert not np.array_equal(chances(turned)[~first], chances(truth)[~first])


# -- surveys ----------------------------------------------------------------------------------------------------------


def test_the_power_of_160_respondents_for_two_correlations():
    chance = np.random.default_rng(2)
    x = chance.integers(0, 2, 200_000).astype(float)
    for r, share in ((0.22, 0.8), (0.155, 0.5)):
        y = -r * (x - x.mean()) / x.std() + np.sqrt(1 - r * r) * chance.standard_normal(len(x))
        found = power.SurveySample(x, y).sample(160, 3000, chance)
        assert (found < 0).mean() == pytest.approx(share, abs=0.04)


def test_a_randomised_survey_detects_an_effect_with_more_respondents_and_none_without_effect():
    chance = np.random.default_rng(3)
    without = chance.standard_normal(50_000)
    nothing = power.SurveySample(without, without, randomised=True).sample(200, 3000, chance)
    assert (nothing != 0).mean() == pytest.approx(0.05, abs=0.015)
    helped = power.SurveySample(without - 0.3, without, randomised=True)
    few, many = (helped.sample(size, 500, chance) for size in (60, 600))
    assert (few < 0).mean() < 0.5 < 0.9 < (many < 0).mean()


def test_a_question_about_an_explanation_discriminates_it(explanations):
    chance = np.random.default_rng(4)
    on = chance.integers(0, 2, 300)
    worlds = pd.DataFrame({"world": np.arange(300), "reading": 1 + chance.integers(0, 2, 300), "on.idle": on})
    questions = [f"{size}{name}.x" for name in survey_designs.QUESTIONS for size in ("", "few.")]
    noise = {name: chance.standard_normal(300) for name in questions}
    surveys = pd.DataFrame({**noise, "use.x": on + 0.3 * chance.standard_normal(300)})
    one = type(explanations[0])("idle", "idle", "", 0.5, explanations[0].moves)
    table = classifier.discrimination([one], {"worlds": worlds, "surveys": surveys})
    auc = table.set_index(["explanation", "design"])["auc"]
    first, use, *_ = survey_designs.DESIGNS
    assert auc["idle", use] > 0.95
    assert auc["idle", first] == pytest.approx(0.5, abs=0.12)


def test_cases_have_each_explanation_alone_and_corrected(explanations):
    names = [(case.kind, case.explanation) for case in cases(explanations)]
    for one in explanations:
        assert ("alone", one.name) in names
        assert one.name == "no_effect" or ("corrected", one.name) in names
    assert len(names) == len(set(names))


def test_each_reason_for_the_null_of_home_is_removed_alone_and_with_all_others():
    without = {case.without for case in home_share.cases() if case.has_effect}
    every = tuple(home_share.REASONS)
    assert without == {(), every, *((name,) for name in every)}
    assert dict(home_share.cases()[-1].parameters).items() >= dict(home_share.NO_EFFECT).items()


# -- the command ------------------------------------------------------------------------------------------------------


def test_an_error_is_one_line(tmp_path, capsys):
    assert main(["vanishing_measures", f"output={tmp_path}", "vanishing.worlds=3"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "vanishing.worlds: 3. Use 50 or more." in line and not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("invalid", "message"),
    [
        ({"works": [2, 0]}, "Use two numbers of 0 or more, the smaller one first"),
        ({"second_reading": 1}, "Use more than 0 and less than 1."),
        ({"respondents": []}, "Use whole numbers of 10 or more"),
        ({"world": 3}, "Unknown setting: vanishing.world."),
    ],
)
def test_invalid_settings_raise_an_error(settings, invalid, message):
    with pytest.raises(UserError) as error:
        read_settings("vanishing", Settings, {**settings, **invalid})
    assert message in str(error.value) and "\n" not in str(error.value)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("vanishing=3", "Invalid value for vanishing: 3."),
        ("vanishing.explanations.known_not_used.prior=2", "known_not_used.prior: 2. Use more than 0"),
        ("burn_in=10", "Invalid value for burn_in: 10. Use 27 or more."),
        ("vanishing.tables=nowhere", "Use a finished folder of this study."),
    ],
)
def test_other_errors_are_one_line(word, message, tmp_path, capsys):
    assert main(["vanishing_measures", f"output={tmp_path}", word]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line and not list(tmp_path.iterdir())


SMALL = (
    "firm.establishments=30", "vanishing.worlds=50", "vanishing.visits=5", "vanishing.alone=2", "vanishing.samples=20",
    "vanishing.visits_alone=2", "vanishing.resamples=2", "vanishing.trials=2", "vanishing.home=2",
    "vanishing.respondents=[60,120]", "workers=1",
)  # fmt: skip


@pytest.mark.slow
def test_the_command_writes_a_page_and_repeats_it_from_its_tables(tmp_path, capsys):
    tables = []
    for name in ("first", "second"):
        docs = tmp_path / name / "docs"
        (docs / "figures").mkdir(parents=True)
        words = ["vanishing_measures", *SMALL, f"output={tmp_path / name}", f"vanishing.docs={docs}"]
        assert main(words) == 0
        folder = Path(capsys.readouterr().out.splitlines()[-1])
        tables.append({path.name: path.read_bytes() for path in folder.glob("*.csv")})
        page = (folder / "summary.md").read_text(encoding="utf-8")
        assert "{{" not in page and "nan" not in page.lower().split()
        assert (docs / "vanishing_measures.md").read_text(encoding="utf-8") == page
        for figure in ("vanishing", "vanishing_alone", "vanishing_discrimination", "vanishing_power"):
            assert (docs / "figures" / f"{figure}.png").is_file()
        assert main(["vanishing_measures", *SMALL, f"output={tmp_path / 'again'}", f"vanishing.tables={folder}"]) == 0
        again = Path(capsys.readouterr().out.splitlines()[-1])
        for file in ("summary.md", "results.json"):
            assert (again / file).read_bytes() == (folder / file).read_bytes()
        facts = json.loads((folder / "results.json").read_text(encoding="utf-8"))
        for place in ("vanishing_measures.needed.assumed", *(place for place, _ in study_results.NUMBERS.values())):
            if place.startswith("vanishing_measures."):
                study_results.value({"vanishing_measures": facts}, place)
        assert facts["studies"] == 250 and len(facts["explanations"]) == facts["rivals"] + 1
    assert tables[0] and tables[0] == tables[1]


def test_tables_of_version_0_3_are_read(tmp_path):
    fitted = {"parameters": {}, "chances": {"manager": [0.6, 0.4]}, "worst_cell": 0.1}
    (tmp_path / "about.json").write_text(json.dumps({"second_reading_fitted": fitted}), encoding="utf-8")
    old = {
        "told_apart": pd.DataFrame({"design": ["all of it"], "told_apart": [0.7]}),
        "home": pd.DataFrame({"case": ["as_it_stands"], "says": ["as it stands"], "seen": [0.1], "wrong": [0.0]}),
        "power": pd.DataFrame({"strength": ["as it stands"], "wrong": [0.0]}),
    }
    for name, table in old.items():
        table.to_parquet(tmp_path / f"{name}.parquet")
    tables, _ = read(tmp_path)
    assert tables["discrimination"].to_dict("records") == [{"design": "all together", "auc": 0.7}]
    assert tables["home"].to_dict("records") == [{"case": "default", "positive": 0.1, "negative": 0.0}]
    assert tables["power"].to_dict("records") == [{"strength": "assumed", "wrong": 0.0}]
