"""Why measures vanish: explanations as numbers, the pattern in answers, weights that find what was planted, power."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from sim.__main__ import main
from sim.engine.plan import registry_of
from sim.errors import UserError
from sim.outcomes.patterns import ASKED, OUTCOMES
from sim.studies.vanishing import (
    classifier,
    discrimination,
    home_share,
    pattern,
    power,
    single_explanations,
    survey_designs,
)
from sim.studies.vanishing.explanations import drawn, explanations_of, perfect, plan_of, put_right, with_on
from sim.survey.visit import Answers

CONF = Path(__file__).resolve().parent.parent / "conf" / "study" / "vanishing_measures.yaml"


@pytest.fixture(scope="module")
def settings():
    return yaml.safe_load(CONF.read_text(encoding="utf-8"))["vanishing"]


@pytest.fixture(scope="module")
def explanations(settings):
    return explanations_of(settings["explanations"])


# -- explanations -----------------------------------------------------------------------------------------------------


def test_in_a_perfect_world_every_claimed_measure_is_told_known_used_well_and_lasts(explanations, small_plan):
    plan = plan_of(small_plan, perfect(explanations), replicate=7)
    cascade = plan.parameters["cascade"]
    assert plan.replicate == 7
    assert cascade["carried_out"] == cascade["informing"] == 1 and cascade["own_initiative"] == 0
    assert cascade["managers_agreement"] == cascade["others_training"] == 0.98
    for measure in plan.measures:
        if measure.in_study:
            assert (measure.use, measure.well, measure.hoops, measure.fades_in) == (1, 1, 0, 0)
    registry_of(plan)


def test_a_world_with_nothing_put_right_is_the_plan_itself(explanations, small_plan):
    plan = plan_of(small_plan, put_right(explanations, ""), replicate=small_plan.replicate)
    assert plan.measures == small_plan.measures
    untouched = put_right(explanations, "not_really_taken").numbers
    assert untouched == {("cascade", "carried_out"): 1.0}


def test_no_effect_leaves_every_measure_of_the_study_without_amounts_and_the_others_alone(explanations, small_plan):
    plan = plan_of(small_plan, with_on(explanations, {"no_effect": 1.0}), replicate=0)
    for before, after in zip(small_plan.measures, plan.measures, strict=True):
        amounts = [shift.amount for shift in after.shifts.values()]
        assert amounts == ([0] * len(amounts) if before.in_study else [s.amount for s in before.shifts.values()])


def test_of_a_number_that_two_explanations_move_the_one_farther_from_right_counts():
    given = {
        name: {"label": name, "says": "", "prior": 0.5, "moves": {"cascade": {"lapsing": [0.001, 0.002, end]}}}
        for name, end in (("slow", 0.004), ("fast", 0.01))
    }
    both = with_on(explanations_of(given), {"slow": 1.0, "fast": 1.0})
    assert both.numbers["cascade", "lapsing"] == 0.01
    assert with_on(explanations_of(given), {"slow": 1.0}).numbers["cascade", "lapsing"] == 0.004


def test_what_employers_invent_does_not_change_how_much_they_say(explanations, small_plan):
    plan = plan_of(small_plan, with_on(explanations, {"desirability": 1.0}), replicate=0)
    invented = plan.parameters["interview"]["desirability"]
    assert invented == 0.3
    for before, after in zip(small_plan.measures, plan.measures, strict=True):
        if before.in_study:
            said = after.study["employer"] + (1 - after.study["employer"]) * invented
            assert said == pytest.approx(max(before.study["employer"], invented))


def test_worlds_are_drawn_by_their_priors_within_all_ranges(explanations, small_plan):
    def world(number):
        return drawn(explanations, small_plan.measures, (0, 2), 0.5, np.random.default_rng([1, number]))

    worlds = [world(number) for number in range(200)]
    for one in explanations:
        assert 0.35 < np.mean([own.on[one.name] for own in worlds]) < 0.65
    assert all((own.numbers["times", "amount"] == 0) == own.on["no_effect"] for own in worlds)
    assert world(3) == worlds[3] != worlds[4]
    for own in worlds[:3]:
        registry_of(plan_of(small_plan, own, replicate=0))


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({"prior": 1}, "prior is 1; a chance"),
        ({"moves": {}}, "moves is empty"),
        ({"moves": {"cascade": {"carried_out": [1, 0.9]}}}, "three numbers are right"),
        ({"moves": {"cascade": {"carried_out": [1, 0.9, 0.2]}}}, "its range is 0.6 to 1"),
        ({"moves": {"cascade": {"carryed_out": [1, 0.9, 0.7]}}}, "carryed_out does not exist"),
        ({"moves": {"casacde": {"carried_out": [1, 0.9, 0.7]}}}, "did you mean cascade"),
        ({"moves": {"times": {"not_usd": [0, 1, 2]}}}, "did you mean not_used"),
        ({"moves": {"measures": {"hoops": [0, 1, 2]}}}, "shares from 0 to 1 are right"),
        ({"extra": 1}, "needs label, moves, prior, says, and nothing else"),
    ],
)
def test_a_mistake_in_an_explanation_is_told_by_its_entry(entry, told):
    right = {"label": "a", "says": "b", "prior": 0.5, "moves": {"cascade": {"carried_out": [1, 0.9, 0.7]}}}
    with pytest.raises(UserError, match=r"vanishing\.explanations\.mine") as mistake:
        explanations_of({"mine": {**right, **entry}})
    assert told in str(mistake.value) and "\n" not in str(mistake.value)


# -- the pattern ------------------------------------------------------------------------------------------------------


def answers(effect: float, people: int = 400, seed: int = 1) -> Answers:
    """Respondents, half of them managers, among whom known social moments go with less isolation of both kinds."""
    chance = np.random.default_rng(seed)
    said = {f"{what}.{name}": chance.integers(0, 2, people) * 1.0 for what in ("known", "claimed") for name in ASKED}
    said |= {outcome: chance.standard_normal(people) for outcome in OUTCOMES}
    said["adjustable_at_home"] = chance.integers(0, 2, people) * 1.0
    for outcome in ("isolation_from_colleagues", "isolation_from_company"):
        said[outcome] = said[outcome] - effect * said["known.social_moments"]
    for what in ("known", "claimed"):
        said[what] = np.sum([said[f"{what}.{name}"] for name in ASKED], axis=0)
    rows = np.arange(people)
    claims = {name: said[f"claimed.{name}"] for name in ASKED}
    return Answers(rows, rows, rows < people // 2, np.ones(people, bool), said, claims)


def test_a_relation_that_is_there_is_found_and_gone_where_answers_are_dealt_anew():
    seen, dealt = pattern.looked_at(answers(2.0)), pattern.by_chance(answers(2.0), (1, 2))
    assert seen["part.social_colleagues"] == seen["part.social_company"] == 1
    assert dealt["part.social_colleagues"] == dealt["part.social_company"] == 0
    assert pattern.looked_at(answers(-2.0))["part.social_colleagues"] == 0, "the sign counts"
    assert seen["known_managers"] == dealt["known_managers"]


def test_the_wrong_sign_is_counted_apart():
    helps, harms = (pattern.looked_at(answers(effect)) for effect in (2.0, -2.0))
    assert helps["known_right"] >= harms["known_right"] + 3
    assert harms["known_wrong"] >= helps["known_wrong"] + 3


def test_the_study_reports_four_findings_and_its_own_numbers(measures):
    report = pattern.reported(measures)
    assert sum(report[part.name] for part in pattern.PARTS) == report["known_right"] == 4
    assert report["known_others"] == pytest.approx(6.31) and report["known_managers"] == pytest.approx(7.78)
    assert (report["mismatch_managers"], report["mismatch_others"]) == (4, 5)


def test_mismatches_are_counted_as_the_reading_of_the_world_counts_them():
    rows = [{**pattern.looked_at(answers(0.0)), "reading": reading} for reading in (1, 2)]
    told = pattern.told(pd.DataFrame(rows), pattern.limits_of(pd.DataFrame(rows)))
    assert told["mismatch_others"][0] == pytest.approx(7.5, abs=0.5)
    assert told["mismatch_others"][1] == pytest.approx(3.75, abs=0.5)


def test_a_family_is_quiet_up_to_the_limit_that_chance_gives():
    dealt = pd.DataFrame([{f"part.{part.name}": float(count) for part in pattern.PARTS} for count in range(100)])
    limits = pattern.limits_of(dealt)
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

    def reports(likely: np.ndarray) -> pd.DataFrame:
        told = pd.DataFrame({part.name: chance.random(len(likely)) < 0.05 for part in pattern.PARTS})
        for name in pattern.CONTACT:
            told[name] = chance.random(len(likely)) < likely
        for name in (*pattern.NUMBERS, *pattern.COUNTS):
            told[name] = 5 + chance.standard_normal(len(likely))
        return told.astype(float)

    likely = np.where(studies["on.loud"] == 1, 0.6, 0.1)
    tables = {"worlds": worlds, "studies": studies, "dealt": studies}
    return tables, reports(likely), reports(np.full(len(likely), 0.05))


@pytest.fixture(scope="module")
def weighed(explanations):
    """Of findings alone and with one penalty, which is quick."""
    tables, told, dealt = planted()
    own = [type(explanations[0])(name, name, "", 0.5, explanations[0].moves) for name in ("loud", "idle", "no_effect")]
    report = {part.name: float(part.reported) for part in pattern.PARTS}
    here = pd.DataFrame([{**report, **dict.fromkeys((*pattern.NUMBERS, *pattern.COUNTS), 5.0)}])
    asked = [one for one in classifier.asked(own, tables, told, dealt) if one.name in ("loud", "idle", "behind")]
    with pytest.MonkeyPatch.context() as less:
        less.setattr(classifier, "REPORTS", {classifier.FINDINGS: classifier.REPORTS[classifier.FINDINGS]})
        less.setattr(classifier, "PENALTIES", (1e-1,))
        return classifier.weigh(asked, here, resamples=4, seed=1)


def test_the_weight_of_what_makes_the_findings_rises_and_of_what_does_nothing_stays(weighed):
    own = weighed.weights.set_index(["question", "class"]).sort_index()
    loud, idle = (own.loc[(name, "on")] for name in ("loud", "idle"))
    assert loud["weight"] > 0.9 and loud["low"] > 0.5
    assert 0.35 < idle["weight"] < 0.65
    behind = own.loc["behind"]["weight"]
    assert behind.sum() == pytest.approx(1) and behind["luck alone"] < 0.1


def test_recovery_and_calibration_are_of_worlds_that_were_not_seen(weighed):
    recovery = weighed.recovery.set_index(["question", "class"])
    assert recovery.loc[("loud", "on"), "told_apart"] > 0.75
    assert recovery.loc[("idle", "on"), "told_apart"] == pytest.approx(0.5, abs=0.07)
    loud = weighed.calibration[weighed.calibration["question"] == "loud"]
    assert (loud["chance"] - loud["share"]).abs().max() < 0.1
    assert loud["share"].iloc[-1] > loud["share"].iloc[0] + 0.4


def test_the_chance_of_a_world_depends_in_no_way_on_what_is_true_of_it(monkeypatch):
    """Labels of one fold are turned round: the choice of penalty for that fold must not see it."""
    monkeypatch.setattr(classifier, "PENALTIES", (1e-3, 1e3))
    rows = 40 * classifier.FOLDS
    world, truth = np.arange(rows) % (4 * classifier.FOLDS), (np.arange(rows) // classifier.FOLDS) % 2
    numbers = (4.0 * truth - 2 + np.random.default_rng(8).normal(size=rows))[:, None]
    first = world % classifier.FOLDS == 0

    def chances(labels):
        question = classifier.Asked("loud", ("off", "on"), pd.DataFrame(), labels, np.array([0.5, 0.5]), world)
        return classifier._out_of_fold(question, numbers)

    assert truth[first].mean() == 0.5  # as many of each, so that the rows' weights stay as they are
    turned = np.where(first, 1 - truth, truth)
    np.testing.assert_array_equal(chances(turned)[first], chances(truth)[first])
    assert not np.array_equal(chances(turned)[~first], chances(truth)[~first])


# -- surveys ----------------------------------------------------------------------------------------------------------


def test_160_respondents_find_a_correlation_of_22_four_times_in_five_and_of_155_half_the_time():
    chance = np.random.default_rng(2)
    x = chance.integers(0, 2, 200_000).astype(float)
    for r, share in ((0.22, 0.8), (0.155, 0.5)):
        y = -r * (x - x.mean()) / x.std() + np.sqrt(1 - r * r) * chance.standard_normal(len(x))
        found = power.Drawn(x, y).drawn(160, 3000, chance)
        assert (found < 0).mean() == pytest.approx(share, abs=0.04)


def test_a_lot_finds_nothing_where_there_is_nothing_and_ever_more_where_there_is():
    chance = np.random.default_rng(3)
    without = chance.standard_normal(50_000)
    nothing = power.Drawn(without, without, by_lot=True).drawn(200, 3000, chance)
    assert (nothing != 0).mean() == pytest.approx(0.05, abs=0.015)
    helped = power.Drawn(without - 0.3, without, by_lot=True)
    few, many = (helped.drawn(size, 500, chance) for size in (60, 600))
    assert (few < 0).mean() < 0.5 < 0.9 < (many < 0).mean()


def test_a_survey_that_asks_of_an_explanation_tells_it_apart(explanations):
    chance = np.random.default_rng(4)
    on = chance.integers(0, 2, 300)
    worlds = pd.DataFrame({"world": np.arange(300), "reading": 1 + chance.integers(0, 2, 300), "on.idle": on})
    told = {
        f"{size}{name}.x": chance.standard_normal(300) for name in survey_designs.QUESTIONS for size in ("", "few.")
    }
    surveys = pd.DataFrame({**told, "use.x": on + 0.3 * chance.standard_normal(300)})
    one = type(explanations[0])("idle", "idle", "", 0.5, explanations[0].moves)
    found = discrimination.told_apart([one], {"worlds": worlds, "surveys": surveys}).set_index(
        ["explanation", "design"]
    )
    assert found.loc[("idle", "+ used? used well? since when?"), "told_apart"] > 0.95
    assert found.loc[("idle", "as in 2022"), "told_apart"] == pytest.approx(0.5, abs=0.12)


def test_every_explanation_is_looked_at_alone_and_left_out(explanations):
    cases = [(case.kind, case.explanation) for case in single_explanations.cases(explanations)]
    for one in explanations:
        assert ("alone", one.name) in cases
        assert one.name == "no_effect" or ("removed", one.name) in cases
    assert len(cases) == len(set(cases))


def test_every_reason_for_the_null_of_home_is_taken_away_alone_and_with_all_others():
    without = {case.without for case in home_share.cases() if case.contact_matters}
    every = (*home_share.REASONS, home_share.FLOOR)
    assert without == {(), every, *((name,) for name in every)}
    assert dict(home_share.cases()[-1].numbers).items() >= dict(home_share.NO_EFFECT).items()


# -- the command ------------------------------------------------------------------------------------------------------


def test_a_mistake_is_told_in_one_line(tmp_path, capsys):
    assert main(["vanishing_measures", f"output={tmp_path}", "vanishing.worlds=3"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "vanishing.worlds is 3; at least 50 is right" in line and not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("vanishing.works=[2,0]", "the least and the most are right"),
        ("vanishing.second_reading=1", "a chance between 0 and 1"),
        ("vanishing.respondents=[]", "numbers of respondents from 10 on"),
        ("vanishing=3", "vanishing is '3'; it is a group"),
        ("vanishing.world=3", "world"),
        ("vanishing.explanations.known_not_used.prior=2", "known_not_used.prior is 2"),
        ("burn_in=10", "burn_in is 10 weeks"),
        ("vanishing.tables=nowhere", "no folder of this study"),
    ],
)
def test_other_mistakes_are_told_in_one_line(word, told, tmp_path, capsys):
    assert main(["vanishing_measures", f"output={tmp_path}", word]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert told in line and not list(tmp_path.iterdir())


SMALL = (
    "firm.establishments=30", "vanishing.worlds=50", "vanishing.visits=5", "vanishing.alone=2", "vanishing.samples=20",
    "vanishing.visits_alone=2", "vanishing.resamples=2", "vanishing.trials=2", "vanishing.home=2",
    "vanishing.respondents=[60,120]", "workers=1",
)  # fmt: skip


@pytest.mark.slow
def test_the_command_writes_tables_figures_and_a_page_and_gives_the_same_again(tmp_path, capsys):
    found = []
    for name in ("first", "second"):
        docs = tmp_path / name / "docs"
        (docs / "figures").mkdir(parents=True)
        words = ["vanishing_measures", *SMALL, f"output={tmp_path / name}", f"vanishing.docs={docs}"]
        assert main(words) == 0
        folder = Path(capsys.readouterr().out.splitlines()[-1])
        found.append({path.name: path.read_bytes() for path in folder.glob("*.csv")})
        page = (folder / "summary.md").read_text(encoding="utf-8")
        assert "$" not in page and "nan" not in page.lower().split()
        assert (docs / "vanishing_measures.md").read_text(encoding="utf-8") == page
        for figure in ("vanishing", "vanishing_alone", "vanishing_told_apart", "vanishing_power"):
            assert (docs / "figures" / f"{figure}.png").is_file()
        assert main(["vanishing_measures", *SMALL, f"output={tmp_path / 'again'}", f"vanishing.tables={folder}"]) == 0
        anew = Path(capsys.readouterr().out.splitlines()[-1])
        assert (anew / "summary.md").read_text(encoding="utf-8") == page
    assert found[0] and found[0] == found[1]
