"""The study of 2022 in the model: findings of simulated studies, numbers of interviews, marks, page and command."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import PEOPLE, random_answers

from sim.__main__ import main
from sim.config.settings import read_settings
from sim.engine.plan import Plan, simulate_burn_in
from sim.errors import UserError
from sim.levers.scenario import Scenario, Setting
from sim.outcomes.patterns import BOTH, CELLS, ISOLATIONS, MEASURES, OUTCOMES, SCREEN_WORK
from sim.runs.worker_pool import in_process_pool
from sim.studies.inspection import sample_coverage, tables
from sim.studies.inspection.findings import relations_of
from sim.studies.inspection.rating import count_by_word, mark_of_share, rate_employers
from sim.studies.inspection.repeated_surveys import SimulatedStudy, analyse, fewer_contacts, simulate_study
from sim.studies.inspection.results import Results, Settings
from sim.studies.inspection.sample_coverage import (
    SamplingErrors,
    establishment_table,
    required_employees,
    sector_table,
    simulate_sampling,
)
from sim.studies.inspection.study import InspectionStudy
from sim.survey.instruments import instruments_of
from sim.survey.visit import Answers, WorldState, conduct_survey
from sim.world.firm import FirmOptions

ON_SITE = Scenario("fully_on_site", "counterfactual", settings=(Setting("attendance", "home_ceiling", 0.0),))


def quick(answers: Answers, **more: np.ndarray) -> SimulatedStudy:
    """Analyse answers with few permutations."""
    return analyse(answers, permutations=20, **more)


def relating(predictor: str, outcome: str, sign: int, role: str) -> Answers:
    """Return random answers with one relation in one role."""
    answers = random_answers()
    x = answers.responses[predictor]
    clear = np.where(answers.of(role), sign * x + 0.5 * answers.responses[outcome], answers.responses[outcome])
    return replace(answers, responses={**answers.responses, outcome: clear})


# -- findings ---------------------------------------------------------------------------------------------------------


SINGLE = [
    name for name, cells in CELLS.items()
    if cells.sign and len(cells.each) == 1 and cells.predictors != ("is_manager",)
]  # fmt: skip


@pytest.mark.parametrize("pattern", SINGLE)
def test_a_finding_is_reported_if_the_relation_has_its_sign_in_its_role(pattern):
    cells = CELLS[pattern]
    role, predictor, outcome = relations_of(pattern)[0]
    for sign in (1, -1):
        finding = quick(relating(predictor, outcome, sign, role)).findings[pattern]
        assert finding.reported == (sign == cells.sign) and finding.significant[0] == sign


def test_a_finding_of_both_roles_needs_both():
    found = relating("exhaustion", "back_complaint", 1, "manager")
    assert not quick(found).findings["exhaustion_back"].reported
    assert quick(relating("exhaustion", "back_complaint", 1, "all")).findings["exhaustion_back"].reported


def test_a_difference_between_roles_is_a_correlation_with_being_a_manager():
    answers = random_answers()
    more = np.where(answers.is_manager, 1.0, 0.0)
    study = quick(replace(answers, responses={**answers.responses, "separate_room": more}))
    assert study.findings["role_room"].reported and study.findings["role_room"].r[0] == pytest.approx(1.0)


def test_a_null_is_not_reported_with_a_relation_of_either_sign():
    for sign in (1, -1):
        answers = relating("share_at_home", ISOLATIONS[0], sign, "non_manager")
        assert not quick(answers).findings["home_share_isolation"].reported


@pytest.mark.slow
def test_random_answers_report_no_finding_of_a_family_in_95_percent_of_studies():
    studies = [analyse(random_answers(seed), permutations=100) for seed in range(60)]
    of_100 = np.mean([study.findings["demographics_health"].reported for study in studies])
    # three standard errors of a share of 60 at 0.95 are 0.08; counts are whole, so it may be more than 0.95
    assert of_100 >= 0.95 - 0.085


def test_a_family_with_many_relations_is_not_reported_as_null():
    answers = random_answers()
    bad = np.sum([answers.responses[f"claimed.{name}"] for name in MEASURES], axis=0)
    study = analyse(replace(answers, responses={**answers.responses, **dict.fromkeys(OUTCOMES, bad)}), permutations=50)
    finding = study.findings["employer_measures_health"]
    assert not finding.reported and np.count_nonzero(finding.significant) > 100 > finding.limit


def test_a_finding_without_answers_is_unknown():
    answers = random_answers()
    answered = {name: values for name, values in answers.responses.items() if name != "chooses_home_hours"}
    finding = quick(replace(answers, responses=answered)).findings["choice_pressure"]
    assert finding.reported is None and np.isnan(finding.r).all()
    study = quick(answers)
    assert study.findings["detail_question"].reported is None
    assert study.findings["contacts_fewer_isolation_low"].reported is None


def test_signs_are_right_or_wrong_by_direction_of_the_scale():
    answers = random_answers()
    better = {"exhaustion": -1.0, "detachment": -1.0}
    known = answers.responses["known.breaks"]
    changed = answers.responses | {name: sign * known for name, sign in better.items()}
    plain, bent = (quick(own).tests["known"] for own in (answers, replace(answers, responses=changed)))
    assert bent.right - plain.right in (1, 2, 3)  # less exhaustion where breaks are known, in both roles
    assert bent.wrong - plain.wrong in (1, 2, 3)  # less detachment
    assert bent.tests == 270


def test_shares_and_mismatches_equal_those_counted_directly():
    answers = random_answers()
    study = quick(answers)
    at = MEASURES.index("breaks")
    manager = answers.is_manager
    assert study.shares[at] == pytest.approx(
        [answers.claims["breaks"].mean(), answers.responses["known.breaks"][manager].mean(),
         answers.responses["known.breaks"][~manager].mean()]
    )  # fmt: skip
    values = answers.responses
    claimed, known = (np.array([values[f"{own}.{name}"] for name in MEASURES]) for own in ("claimed", "known"))
    differs, lost = known != claimed, (claimed > 0) & (known == 0)
    assert study.mismatches["any_difference", "manager"] == pytest.approx(differs[:, manager].sum(axis=0).mean())
    assert study.mismatches["claimed_not_known", "non_manager"] == pytest.approx(lost[:, ~manager].sum(axis=0).mean())


def test_the_cascade_is_in_order_only_if_every_row_falls():
    answers = random_answers()
    falls = {f"known.{name}": np.where(answers.is_manager, 0.5, 0.2) for name in MEASURES}
    claims = {name: np.full(PEOPLE // 2, 0.8) for name in MEASURES}
    ordered = replace(answers, responses=answers.responses | falls, claims=claims)
    assert quick(ordered).findings["cascade_order"].reported
    turned = falls | {"known.breaks": np.where(answers.is_manager, 0.5, 0.6)}
    finding = quick(replace(answers, responses=answers.responses | turned, claims=claims)).findings["cascade_order"]
    assert not finding.reported and finding.numbers["rows_in_order"] == 14


def test_the_detail_question_is_a_finding_only_if_significantly_fewer_provide():
    answers = random_answers()
    all_done = dict.fromkeys(MEASURES, np.ones(PEOPLE // 2))
    claims = {**answers.claims, "chair_and_desk": np.ones(PEOPLE // 2)}
    few = all_done | {"workplace_means": (np.arange(PEOPLE // 2) % 2) * 1.0}
    for provided, wanted in ((all_done, False), (few, True)):
        study = quick(replace(answers, claims=claims), provided=provided)
        assert study.findings["detail_question"].reported is wanted


@pytest.mark.parametrize(("share", "score", "wanted"), [(0.9, 1.5, True), (0.3, 1.5, False), (0.9, 3.5, False)])
def test_fewer_contacts_and_low_isolation_must_come_together(share, score, wanted):
    answers = random_answers(**dict.fromkeys(ISOLATIONS, np.full(PEOPLE, score)))
    fewer = np.arange(PEOPLE) < share * PEOPLE
    assert quick(answers, fewer=fewer).findings["contacts_fewer_isolation_low"].reported is wanted


def test_answers_alone_and_a_simulated_world_are_analysed_alike(tiny_plan):
    engine = simulate_burn_in(tiny_plan)
    row = simulate_study(tiny_plan, permutations=20).numbers()
    alone_row = quick(conduct_survey(engine, instruments_of(tiny_plan))).numbers()
    shared = [name for name in alone_row if name.startswith(("r.", "says.", "any_difference"))]
    assert len(shared) > 600
    assert [row[name] for name in shared] == pytest.approx([alone_row[name] for name in shared], nan_ok=True)


@pytest.fixture(scope="module")
def tiny_plan(measures) -> Plan:
    """Return a plan of twenty establishments with a scenario fully on site."""
    firm = FirmOptions(kind="study", establishments=20, sample=17)
    baseline = Scenario("baseline", "baseline")
    return Plan(measures, (baseline, ON_SITE), firm, weeks=1, burn_in=2, engine="reference")


def test_a_plan_gives_the_same_study_twice_and_another_replicate_another(tiny_plan):
    plans = tiny_plan, tiny_plan, replace(tiny_plan, replicate=1)
    first, again, other = (simulate_study(plan, permutations=20).numbers() for plan in plans)
    assert first == pytest.approx(again, nan_ok=True)
    assert sum(first[name] != other[name] for name in first) > 300


def test_home_workers_have_fewer_contacts_than_fully_on_site(tiny_plan):
    engine = simulate_burn_in(tiny_plan)
    assert fewer_contacts(engine, tiny_plan, weeks=3)[WorldState(engine).at_home].mean() > 0.5
    nowhere_else = replace(tiny_plan, scenarios=(tiny_plan.scenarios[0], replace(ON_SITE, settings=())))
    assert not fewer_contacts(engine, nowhere_else, weeks=1).any()
    with pytest.raises(UserError, match="fully_on_site"):
        fewer_contacts(engine, replace(tiny_plan, scenarios=tiny_plan.scenarios[:1]), weeks=1)


# -- the inspector's mark ---------------------------------------------------------------------------------------------


def test_marks_run_from_one_to_four_and_into_words():
    assert mark_of_share(np.array([0.0, 1.0])) == pytest.approx([1, 4])
    assert count_by_word(np.array([1.0, 1.49, 1.51, 3.2, 3.5])).tolist() == [2, 1, 1, 1]


def test_claims_count_by_share_who_know_and_furniture_by_observation():
    unknown = {f"known.{name}": np.zeros(PEOPLE) for name in MEASURES}
    answers = random_answers(**unknown, adjustable_at_home=np.ones(PEOPLE))
    claims = {name: np.ones(PEOPLE // 2) for name in MEASURES}
    marks = rate_employers(replace(answers, claims=claims))
    assert marks["screen_work"].in_general == pytest.approx(4.0) and marks["screen_work"].item_by_item is None
    assert marks["screen_work"].after == pytest.approx(1 + 3 / len(SCREEN_WORK))  # chair and desk alone
    assert marks["work_pressure"].after == pytest.approx(1.0)
    provided = {name: np.full(PEOPLE // 2, 0.5) for name in MEASURES}
    assert rate_employers(replace(answers, claims=claims), provided)["work_pressure"].item_by_item == pytest.approx(2.5)


def test_only_establishments_with_an_interview_have_a_mark():
    answers = random_answers()
    few = replace(answers, establishment=np.tile(np.arange(50), 8))
    marks = rate_employers(replace(few, claims={name: np.ones(200) for name in MEASURES}))
    assert len(marks["screen_work"].after) == 50


# -- number of interviews ---------------------------------------------------------------------------------------------


def sampling_errors() -> SamplingErrors:
    """Return errors of a world whose answers have an SD of 2 within and 1 between firms; employers' choice adds 0.8."""
    within, between, lift, n = 2.0, 1.0, 0.8, (1, 4, 16)
    random = np.random.default_rng(2)
    known = 6 + between * random.standard_normal(400)
    error = {at: within / np.sqrt(at) * random.standard_normal((30, 400)) for at in n}
    at_random = np.stack([error[at] for at in n], axis=-1)
    errors = {"at_random": at_random, "team_by_team": at_random * 1.2, "chosen_by_employer": at_random + lift}
    each = {way: np.repeat(own[..., None] / 15, 15, axis=-1) for way, own in errors.items()}
    return SamplingErrors(known, known + 3, within, each)


def test_the_error_falls_with_the_root_of_n_unless_the_employer_chooses():
    table = establishment_table([sampling_errors()], [1, 4, 16]).set_index(["way", "employees"])
    assert table.loc[("at_random", 1), "off"] == pytest.approx(1.96 * 2, rel=0.05)
    assert table.loc[("at_random", 4), "off"] == pytest.approx(1.96, rel=0.05)
    assert table.loc[("chosen_by_employer", 16), "bias"] == pytest.approx(0.8, abs=0.05)
    assert table.loc[("employers_word", 0), "off"] == pytest.approx(3.0)
    assert table.loc[("mean_of_all", 0), "off"] == pytest.approx(1.96, rel=0.15)
    # one answer of SD 2 and a mean known to SD 1 make 2 / sqrt(5)
    assert table.loc[("at_random", 1), "mixed"] == pytest.approx(1.96 * 2 / np.sqrt(5), rel=0.1)


def test_the_required_number_is_the_smallest_within_the_tolerance():
    table = establishment_table([sampling_errors()], [1, 4, 16])
    assert required_employees(table, "at_random", 4.5) == 1 and required_employees(table, "at_random", 1.5) == 16
    assert required_employees(table, "at_random", 0.1) is None


def test_the_sector_error_follows_its_formula_and_the_design_effect_grows():
    table = sector_table([sampling_errors()], [50, 200], [1, 4], share_chosen=0.5)
    table = table.set_index(["establishments", "employees"])
    between = sampling_errors().known.var(ddof=1)
    assert table.loc[(200, 4), "off"] == pytest.approx(1.96 * np.sqrt(between / 200 + 4 / 800))
    assert table.loc[(50, 1), "bias"] == pytest.approx(0.4, abs=0.02)
    effects = table["design_effect"]
    assert effects[(50, 1)] > 1 and effects.is_monotonic_increasing
    assert (sector_table([sampling_errors()], [50], [1], 0.0)["design_effect"] == 1).all()


def test_the_mean_of_many_random_answers_approaches_the_truth(measures):
    firm = FirmOptions(kind="study", establishments=12, sample=60)
    plan = Plan(measures, firm=firm, weeks=1, burn_in=1, engine="reference")
    honest = replace(plan, parameters={"interview": {"misremembers": 0.0}})
    world = simulate_sampling(honest, [1, 10], times=30)
    for way in sample_coverage.SELECTIONS:
        assert world.errors[way].shape == (30, len(world.known), 2)
    at_random, chosen = (world.errors[way] for way in ("at_random", "chosen_by_employer"))
    assert np.abs(at_random[:, :, 0].mean()) < 0.3 and at_random[:, :, 1].std() < 0.5 * at_random[:, :, 0].std()
    assert chosen.mean() > 0.4
    with pytest.raises(UserError, match="home workers"):
        simulate_sampling(honest, [1, 60])


# -- tables, page and figure ------------------------------------------------------------------------------------------


SETTINGS = {"weeks_on_site": 0, "dealt": 20, "reach_worlds": 1, "reach_sample": 60, "employees": [1, 2, 10],
            "visited": [50, 206], "close": 2.0}  # fmt: skip
STUDY = InspectionStudy()


@pytest.fixture(scope="module")
def results(tiny_plan) -> Results:
    """Return results of four simulated studies and one world of larger establishments."""
    plans = [replace(tiny_plan, replicate=number) for number in range(4)]
    return STUDY.run(plans, Settings(**SETTINGS), in_process_pool())


def test_every_table_has_its_rows_and_the_numbers_of_2022(results):
    own = results.tables
    assert len(own["measures"]) == 45 and len(own["studies"]) == 4
    assert (own["measures"]["low"] <= own["measures"]["mean"]).all()
    training = own["measures"].set_index(["measure", "who"]).loc[("remote_leadership_training", "non_manager")]
    assert training["study"] == pytest.approx(7)
    known = own["patterns"].set_index("pattern")
    assert set(known.index) == {pattern.name for pattern in tables.tested_patterns()} and len(known) == 33
    assert known.loc["role_room", "tests"] == 1 and not known.loc["role_room", "is_null"]
    assert len(own["relations"]) == sum(len(relations_of(name)) for name in CELLS)


def test_shares_of_studies_come_with_the_interval_of_wilson(results):
    row = results.tables["patterns"].set_index("pattern").loc["role_neck"]
    reported = [study.findings["role_neck"].reported for study in results.studies]
    assert row["of_100"] == pytest.approx(100 * np.mean(reported))
    assert row["low"] < row["of_100"] + 1e-9 and row["high"] >= row["of_100"] and row["high"] - row["low"] > 20


def test_the_facts_are_valid_json_and_those_of_the_tables(results):
    facts = json.loads(json.dumps(STUDY.facts(results), allow_nan=False))
    assert len(facts["measures"]) == 15 and len(facts["patterns"]) == 33
    own = results.tables["measures"].set_index(["measure", "who"])
    assert facts["measures_reported"]["employer"] == pytest.approx(own["mean"].xs("employer", level="who").sum() / 100)
    assert facts["carried_out"] + facts["not_announced"] == pytest.approx(facts["measures_true"]["employer"])
    errors = results.tables["establishments"].set_index(["way", "employees"])["off"]
    assert [row["at_random"] for row in facts["errors_by_employees"]] == list(errors["at_random"])
    assert facts["error_two"] == errors["at_random", 2] and facts["error_claim"] == errors["employers_word", 0]
    findings = facts["findings"]
    assert findings["known"] == 32, "without weeks on site, fewer contacts are unknown"
    assert findings["reported"] == pytest.approx(findings["reported_null"] + findings["reported_positive"])


def test_results_say_whether_parameters_vary(tiny_plan, results):
    assert not results.parameters_vary
    plans = [tiny_plan, replace(tiny_plan, parameters={"cascade": {"carried_out": 0.8}})]
    assert STUDY.run(plans, results.settings, in_process_pool()).parameters_vary


@pytest.mark.slow
def test_the_study_writes_tables_in_two_formats_a_page_and_a_figure(results, tmp_path):
    STUDY.write(results, results.plan, tmp_path)
    for name in results.tables:
        assert (tmp_path / f"{name}.csv").is_file()
        assert len(pd.read_parquet(tmp_path / f"{name}.parquet")) == len(results.tables[name])
    page = (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert "nan" not in page.split() and "None" not in page.split()
    assert (tmp_path / "figures" / "inspection.png").stat().st_size > 10_000


# -- the command ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("inspection.dealt=5", "Invalid value for inspection.dealt: 5. Use 20 to 10,000."),
        ("replicates=1", "Invalid value for replicates: 1. Use 2 or more."),
        ("firm=one", "Invalid value for firm: one."),
        ("scenario=whole_package", "Invalid value for scenarios: whole_package."),
    ],
)
@pytest.mark.slow
def test_mistakes_are_reported_in_one_line(setting, message, capsys, tmp_path):
    assert main(["inspection", setting, f"output={tmp_path}"]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("invalid", "message"),
    [
        ({"dealt": 5}, "dealt: 5. Use 20 to 10,000."),
        ({"employees": [3, 1]}, "employees: [3, 1]. Use rising whole numbers, as in [1,2,5]."),
        ({"employees": [1, 40]}, "employees: [1, 40]. Use numbers up to 30, half of inspection.reach_sample."),
        ({"close": 0.0}, "close: 0.0. Use more than 0 and at most 15."),
        ({"visited": []}, "visited: []. Use rising whole numbers"),
        ({"sample": 3}, "Unknown setting: inspection.sample"),
    ],
)
def test_invalid_settings_raise_an_error(invalid, message):
    with pytest.raises(UserError) as error:
        read_settings("inspection", Settings, SETTINGS | invalid)
    assert message in str(error.value) and "\n" not in str(error.value)


@pytest.mark.slow
def test_the_command_gives_the_same_tables_for_the_same_seed(tmp_path, capsys):
    tiny = ("firm.establishments=30", "burn_in=4", "replicates=3", "inspection.weeks_on_site=2", "inspection.dealt=20",
            "inspection.reach_worlds=1", "inspection.reach_sample=60", "inspection.employees=[1,5]")  # fmt: skip
    for number, workers in enumerate((1, 2)):
        assert main(["inspection", *tiny, f"workers={workers}", f"output={tmp_path / str(number)}"]) == 0
    first, second = (next((tmp_path / str(n) / "inspection").iterdir()) for n in (0, 1))
    for name in ("studies", "patterns", "establishments"):
        pd.testing.assert_frame_equal(*(pd.read_parquet(Path(own) / f"{name}.parquet") for own in (first, second)))
    assert "Employees to interview" in capsys.readouterr().out


def test_a_study_can_be_sent_between_processes(results):
    import pickle

    one = pickle.loads(pickle.dumps(results.studies[0]))
    assert isinstance(one, SimulatedStudy) and one.numbers() == pytest.approx(results.studies[0].numbers(), nan_ok=True)
    assert set(one.met) == set(BOTH)
