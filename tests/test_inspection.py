"""The study of 2022 inside the model: what a virtual study reports, whom to speak to, marks, page and command."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.__main__ import main
from sim.engine.plan import Plan, simulate_burn_in
from sim.errors import UserError
from sim.levers.scenario import Scenario, Setting
from sim.outcomes.patterns import ASKED, BOTH, CELLS, ISOLATIONS, OUTCOMES, SCREEN_WORK
from sim.runs.worker_pool import in_process_pool
from sim.studies.inspection import page, sample_coverage, tables
from sim.studies.inspection import study as studies
from sim.studies.inspection.rating import in_words, mark, rated
from sim.studies.inspection.repeated_surveys import Study, fewer_contacts, relations_of, studied, study_in, study_of
from sim.studies.inspection.sample_coverage import Reach, needed, of_establishments, of_the_sector, reached
from sim.studies.inspection.study import Inspection
from sim.survey.interview import interview_of
from sim.survey.survey import survey_of
from sim.survey.visit import Answers, WorldState, conduct_survey
from sim.world.firm import FirmOptions

PEOPLE = 400
ON_SITE = Scenario("fully_on_site", "counterfactual", settings=(Setting("attendance", "home_ceiling", 0.0),))


def answered(seed: int = 1, **said: np.ndarray) -> Answers:
    """Answers of chance alone by 200 managers and 200 others of 200 establishments, but for what is given."""
    luck = np.random.default_rng(seed)
    firms = PEOPLE // 2
    manager = np.arange(PEOPLE) < firms
    claims = {name: (luck.random(firms) < 0.6) * 1.0 for name in ASKED}
    own = {f"known.{name}": (luck.random(PEOPLE) < 0.5) * 1.0 for name in ASKED}
    own |= {f"claimed.{name}": np.tile(claims[name], 2) for name in ASKED}
    names = {
        name for all_cells in CELLS.values() for cells in all_cells for name in (*cells.predictors, *cells.outcomes)
    }
    own |= {name: luck.standard_normal(PEOPLE) for name in sorted(names - own.keys() - {"is_manager"})}
    own["adjustable_at_home"] = (luck.random(PEOPLE) < 0.3) * 1.0
    filled_in = np.ones(PEOPLE, bool)
    return Answers(np.arange(PEOPLE), np.tile(np.arange(firms), 2), manager, filled_in, own | said, claims)


def relating(predictor: str, outcome: str, sign: int, role: str) -> Answers:
    """Answers of chance alone, but for one relation in one role."""
    answers = answered()
    x = answers.said[predictor]
    clear = np.where(answers.of(role), sign * x + 0.5 * answers.said[outcome], answers.said[outcome])
    return replace(answers, said={**answers.said, outcome: clear})


# -- what a virtual study reports -------------------------------------------------------------------------------------


SINGLE = [
    name for name, cells in CELLS.items()
    if cells[0].sign and len(cells[0].each) == 1 and cells[0].predictors != ("is_manager",)
]  # fmt: skip


@pytest.mark.parametrize("pattern", SINGLE)
def test_a_finding_is_reported_where_the_relation_is_there_with_its_sign_in_its_role(pattern):
    cells = CELLS[pattern][0]
    role, predictor, outcome = relations_of(pattern)[0]
    for sign in (1, -1):
        finding = study_of(relating(predictor, outcome, sign, role), times=20).findings[pattern]
        assert finding.reported == (sign == cells.sign) and finding.found[0] == sign


def test_a_finding_of_both_roles_needs_both():
    found = relating("exhaustion", "back_complaint", 1, "manager")
    assert not study_of(found, times=20).findings["exhaustion_back"].reported
    assert study_of(relating("exhaustion", "back_complaint", 1, "all"), times=20).findings["exhaustion_back"].reported


def test_a_difference_between_roles_is_a_relation_with_being_a_manager():
    answers = answered()
    more = np.where(answers.is_manager, 1.0, 0.0)
    study = study_of(replace(answers, said={**answers.said, "separate_room": more}), times=20)
    assert study.findings["role_room"].reported and study.findings["role_room"].r[0] == pytest.approx(1.0)


def test_a_null_is_not_reported_where_there_is_a_relation_of_either_sign():
    for sign in (1, -1):
        answers = relating("share_at_home", ISOLATIONS[0], sign, "non_manager")
        assert not study_of(answers, times=20).findings["home_share_isolation"].reported


@pytest.mark.slow
def test_answers_of_chance_alone_report_a_family_as_nothing_in_95_of_100_studies():
    of_100 = np.mean(
        [study_of(answered(seed), times=100).findings["demographics_health"].reported for seed in range(60)]
    )
    # three standard errors of a share of 60 at 0.95 are 0.08; counts are whole, so it may be more than 0.95
    assert of_100 >= 0.95 - 0.085


def test_a_family_full_of_relations_is_not_reported_as_nothing():
    answers = answered()
    bad = np.sum([answers.said[f"claimed.{name}"] for name in ASKED], axis=0)
    study = study_of(replace(answers, said={**answers.said, **dict.fromkeys(OUTCOMES, bad)}), times=50)
    finding = study.findings["employer_measures_health"]
    assert not finding.reported and np.count_nonzero(finding.found) > 100 > finding.limit


def test_what_was_not_asked_is_neither_reported_nor_denied():
    answers = answered()
    said = {name: values for name, values in answers.said.items() if name != "chooses_home_hours"}
    finding = study_of(replace(answers, said=said), times=20).findings["choice_pressure"]
    assert finding.reported is None and np.isnan(finding.r).all()
    study = study_of(answers, times=20)
    assert study.findings["detail_question"].reported is None
    assert study.findings["contacts_fewer_isolation_low"].reported is None


def test_the_whole_table_counts_right_and_wrong_signs_by_which_way_is_worse():
    answers = answered()
    better = {"exhaustion": -1.0, "detachment": -1.0}
    said = {name: sign * answers.said["known.breaks"] for name, sign in better.items()}
    plain, bent = (
        study_of(own, times=20).tests["known"] for own in (answers, replace(answers, said=answers.said | said))
    )
    assert bent.right - plain.right in (1, 2, 3)  # less exhaustion where breaks are known, in both roles
    assert bent.wrong - plain.wrong in (1, 2, 3)  # less detachment
    assert bent.tests == 270


def test_table_and_mismatches_are_counted_by_hand():
    answers = answered()
    study = study_of(answers, times=20)
    at = ASKED.index("breaks")
    manager = answers.is_manager
    assert study.shares[at] == pytest.approx(
        [answers.claims["breaks"].mean(), answers.said["known.breaks"][manager].mean(),
         answers.said["known.breaks"][~manager].mean()]
    )  # fmt: skip
    differs = np.array([answers.said[f"known.{n}"] != answers.said[f"claimed.{n}"] for n in ASKED])
    lost = np.array([(answers.said[f"claimed.{n}"] > 0) & (answers.said[f"known.{n}"] == 0) for n in ASKED])
    assert study.mismatches["any_difference", "manager"] == pytest.approx(differs[:, manager].sum(axis=0).mean())
    assert study.mismatches["claimed_not_known", "non_manager"] == pytest.approx(lost[:, ~manager].sum(axis=0).mean())


def test_the_cascade_is_in_order_only_where_every_row_falls():
    answers = answered()
    falls = {f"known.{name}": np.where(answers.is_manager, 0.5, 0.2) for name in ASKED}
    claims = {name: np.full(PEOPLE // 2, 0.8) for name in ASKED}
    assert (
        study_of(replace(answers, said=answers.said | falls, claims=claims), times=20)
        .findings["cascade_order"]
        .reported
    )
    turned = falls | {"known.breaks": np.where(answers.is_manager, 0.5, 0.6)}
    finding = study_of(replace(answers, said=answers.said | turned, claims=claims), times=20).findings["cascade_order"]
    assert not finding.reported and finding.numbers["rows_in_order"] == 14


def test_asked_in_detail_is_a_finding_only_where_surely_fewer_provide():
    answers = answered()
    all_done = dict.fromkeys(ASKED, np.ones(PEOPLE // 2))
    claims = {**answers.claims, "chair_and_desk": np.ones(PEOPLE // 2)}
    few = all_done | {"workplace_means": (np.arange(PEOPLE // 2) % 2) * 1.0}
    for offered, wanted in ((all_done, False), (few, True)):
        study = study_of(replace(answers, claims=claims), offered=offered, times=20)
        assert study.findings["detail_question"].reported is wanted


@pytest.mark.parametrize(("share", "score", "wanted"), [(0.9, 1.5, True), (0.3, 1.5, False), (0.9, 3.5, False)])
def test_fewer_contacts_and_low_isolation_must_come_together(share, score, wanted):
    answers = answered(**dict.fromkeys(ISOLATIONS, np.full(PEOPLE, score)))
    fewer = np.arange(PEOPLE) < share * PEOPLE
    assert study_of(answers, fewer=fewer, times=20).findings["contacts_fewer_isolation_low"].reported is wanted


def test_answers_alone_and_a_lived_world_are_studied_alike(lived_plan):
    engine = simulate_burn_in(lived_plan)
    survey, interview = survey_of(lived_plan), interview_of(lived_plan)
    row = study_in(engine, survey, interview, times=20).numbers()
    alone_row = study_of(conduct_survey(engine, survey, interview), times=20).numbers()
    shared = [name for name in alone_row if name.startswith(("r.", "says.", "any_difference"))]
    assert len(shared) > 600
    assert [row[name] for name in shared] == pytest.approx([alone_row[name] for name in shared], nan_ok=True)


@pytest.fixture(scope="module")
def lived_plan(measures) -> Plan:
    """Twenty establishments two weeks on, with a world fully on site to compare."""
    firm = FirmOptions(kind="study", establishments=20, sample=17)
    baseline = Scenario("baseline", "baseline")
    return Plan(measures, (baseline, ON_SITE), firm, weeks=1, burn_in=2, engine="reference")


def test_a_plan_is_studied_the_same_twice_and_another_replicate_otherwise(lived_plan):
    first, again, other = (
        studied(plan, times=20).numbers() for plan in (lived_plan, lived_plan, replace(lived_plan, replicate=1))
    )
    assert first == pytest.approx(again, nan_ok=True)
    assert sum(first[name] != other[name] for name in first) > 300


def test_home_workers_have_fewer_contacts_than_fully_on_site_and_nobody_has_within_the_same_world(lived_plan):
    engine = simulate_burn_in(lived_plan)
    assert fewer_contacts(engine, lived_plan, weeks=3)[WorldState(engine).at_home].mean() > 0.5
    nowhere_else = replace(lived_plan, scenarios=(lived_plan.scenarios[0], replace(ON_SITE, settings=())))
    assert not fewer_contacts(engine, nowhere_else, weeks=1).any()
    with pytest.raises(UserError, match="fully_on_site"):
        fewer_contacts(engine, replace(lived_plan, scenarios=lived_plan.scenarios[:1]), weeks=1)


# -- the inspector's mark ---------------------------------------------------------------------------------------------


def test_marks_run_from_one_to_four_and_into_words():
    assert mark(np.array([0.0, 1.0])) == pytest.approx([1, 4])
    assert in_words(np.array([1.0, 1.49, 1.51, 3.2, 3.5])).tolist() == [2, 1, 1, 1]


def test_a_claim_counts_by_those_who_know_of_it_and_the_furniture_by_what_is_there():
    answers = answered(**{f"known.{name}": np.full(PEOPLE, 0.0) for name in ASKED}, adjustable_at_home=np.ones(PEOPLE))
    claims = {name: np.ones(PEOPLE // 2) for name in ASKED}
    marks = rated(replace(answers, claims=claims))
    assert marks["screen_work"].in_general == pytest.approx(4.0) and marks["screen_work"].item_by_item is None
    assert marks["screen_work"].after == pytest.approx(1 + 3 / len(SCREEN_WORK))  # chair and desk alone
    assert marks["work_pressure"].after == pytest.approx(1.0)
    offered = {name: np.full(PEOPLE // 2, 0.5) for name in ASKED}
    assert rated(replace(answers, claims=claims), offered)["work_pressure"].item_by_item == pytest.approx(2.5)


def test_only_establishments_where_somebody_was_met_are_marked():
    answers = answered()
    few = replace(answers, establishment=np.tile(np.arange(50), 8))
    marks = rated(replace(few, claims={name: np.ones(200) for name in ASKED}))
    assert len(marks["screen_work"].after) == 50


# -- how many to speak to ---------------------------------------------------------------------------------------------


def made_up_reach(
    within: float = 2.0, between: float = 1.0, lift: float = 0.8, n: tuple[int, ...] = (1, 4, 16)
) -> Reach:
    """A world in which answers differ by so much, and employers who choose lift them by so much."""
    luck = np.random.default_rng(2)
    known = 6 + between * luck.standard_normal(400)
    error = {at: within / np.sqrt(at) * luck.standard_normal((30, 400)) for at in n}
    by_lot = np.stack([error[at] for at in n], axis=-1)
    errors = {"by_lot": by_lot, "team_by_team": by_lot * 1.2, "chosen_by_employer": by_lot + lift}
    return Reach(known, known + 3, within, errors, {way: own[..., None] / 15 for way, own in errors.items()})


def test_the_error_falls_with_the_root_of_the_number_and_a_chosen_ones_does_not_fall_to_nothing():
    table = of_establishments([made_up_reach()], [1, 4, 16]).set_index(["way", "employees"])
    assert table.loc[("by_lot", 1), "off"] == pytest.approx(1.96 * 2, rel=0.05)
    assert table.loc[("by_lot", 4), "off"] == pytest.approx(1.96, rel=0.05)
    assert table.loc[("chosen_by_employer", 16), "bias"] == pytest.approx(0.8, abs=0.05)
    assert table.loc[("employers_word", 0), "off"] == pytest.approx(3.0)
    assert table.loc[("mean_of_all", 0), "off"] == pytest.approx(1.96, rel=0.15)
    # one answer of SD 2 and a mean known to SD 1 make 2 / sqrt(5)
    assert table.loc[("by_lot", 1), "mixed"] == pytest.approx(1.96 * 2 / np.sqrt(5), rel=0.1)


def test_the_number_needed_is_the_smallest_that_comes_close():
    table = of_establishments([made_up_reach()], [1, 4, 16])
    assert needed(table, "by_lot", 4.5) == 1 and needed(table, "by_lot", 1.5) == 16
    assert needed(table, "by_lot", 0.1) is None


def test_the_picture_of_all_follows_its_formula_and_choosing_costs_more_the_larger_it_is():
    table = of_the_sector([made_up_reach()], [50, 200], [1, 4], share_chosen=0.5).set_index(
        ["establishments", "employees"]
    )
    between = made_up_reach().known.var(ddof=1)
    assert table.loc[(200, 4), "off"] == pytest.approx(1.96 * np.sqrt(between / 200 + 4 / 800))
    assert table.loc[(50, 1), "bias"] == pytest.approx(0.4, abs=0.02)
    effects = table["design_effect"]
    assert effects[(50, 1)] > 1 and effects.is_monotonic_increasing
    assert (of_the_sector([made_up_reach()], [50], [1], 0.0)["design_effect"] == 1).all()


def test_in_a_lived_world_the_mean_of_many_answers_by_lot_comes_to_the_truth(measures):
    firm = FirmOptions(kind="study", establishments=12, sample=60)
    plan = Plan(measures, firm=firm, weeks=1, burn_in=1, engine="reference")
    honest = replace(plan, parameters={"interview": {"misremembers": 0.0}})
    world = reached(honest, [1, 10], times=30)
    for way in sample_coverage.WAYS:
        assert world.errors[way].shape == (30, len(world.known), 2)
    by_lot, chosen = (world.errors[way] for way in ("by_lot", "chosen_by_employer"))
    assert np.abs(by_lot[:, :, 0].mean()) < 0.3 and by_lot[:, :, 1].std() < 0.5 * by_lot[:, :, 0].std()
    assert chosen.mean() > 0.4
    with pytest.raises(UserError, match="home workers"):
        reached(honest, [1, 60])


# -- tables, page and figure ------------------------------------------------------------------------------------------


ASKING = Inspection(
    weeks_on_site=0, dealt=20, reach_worlds=1, reach_sample=60, employees=[1, 2, 10], visited=[50, 206], close=2.0
)


@pytest.fixture(scope="module")
def seen(lived_plan, measures) -> studies.Inspected:
    """What four virtual studies and one world of larger establishments gave."""
    plans = [replace(lived_plan, replicate=number) for number in range(4)]
    return studies.inspect(plans, ASKING, measures, in_process_pool(), quiet=True)


def test_every_table_has_rows_and_the_study_beside_the_virtual_ones(seen):
    own = seen.tables
    assert len(own["measures"]) == 45 and len(own["studies"]) == 4
    assert (own["measures"]["low"] <= own["measures"]["mean"]).all()
    training = own["measures"].set_index(["measure", "who"]).loc[("remote_leadership_training", "non_manager")]
    assert training["study"] == pytest.approx(7)
    known = own["patterns"].set_index("pattern")
    assert set(known.index) == {pattern.name for pattern in tables.looked_for()} and len(known) == 33
    assert known.loc["role_room", "tests"] == 1 and not known.loc["role_room", "is_null"]
    assert len(own["relations"]) == sum(len(relations_of(name)) for name in CELLS)


def test_shares_of_studies_come_with_the_interval_of_wilson(seen):
    row = seen.tables["patterns"].set_index("pattern").loc["role_neck"]
    reported = [study.findings["role_neck"].reported for study in seen.studies]
    assert row["of_100"] == pytest.approx(100 * np.mean(reported))
    assert row["low"] < row["of_100"] + 1e-9 and row["high"] >= row["of_100"] and row["high"] - row["low"] > 20


def test_the_page_opens_with_the_answer_and_leaves_no_place_open(seen):
    text = page.write(seen)
    assert text.split("\n\n")[1].startswith("- **What of 15 measures reaches people.**")
    assert "${" not in text and " nan" not in text
    assert page.verdict(seen).count("\n") == 4
    assert "other employers, people and luck" in text


def test_what_ranges_hold_is_told_by_the_plans(lived_plan, seen):
    other = replace(lived_plan, parameters={"cascade": {"carried_out": 0.8}})
    assert "drawn from" not in seen.holds
    assert "drawn from" in studies._holds([lived_plan, other])


@pytest.mark.slow
def test_a_whole_inspection_writes_tables_in_two_formats_a_page_and_a_figure(seen, tmp_path):
    told = studies.write(seen, tmp_path)
    assert told.startswith("- **What of 15 measures")
    for name in seen.tables:
        assert (tmp_path / f"{name}.csv").is_file()
        assert len(pd.read_parquet(tmp_path / f"{name}.parquet")) == len(seen.tables[name])
    assert (tmp_path / "summary.md").is_file() and (tmp_path / "figures" / "inspection.png").stat().st_size > 10_000


# -- the command ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("inspection.dealt=5", "inspection.dealt is 5; a whole number from 20"),
        ("inspection.employees=[3,1]", "whole numbers that rise are right"),
        ("inspection.employees=[1,100]", "at most half the people"),
        ("inspection.close=0", "inspection.close is 0"),
        ("inspection.sample=3", "there is no setting 'inspection.sample'"),
        ("replicates=1", "at least 2 virtual studies"),
        ("firm=one", "firm=study_full is right"),
        ("scenario=whole_package", "has no place in an inspection"),
    ],
)
@pytest.mark.slow
def test_mistakes_are_told_in_one_line(setting, said, capsys, tmp_path):
    assert main(["inspection", setting, f"output={tmp_path}"]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_settings_that_cannot_be_are_refused():
    for wrong in ({"dealt": 5}, {"employees": [3, 1]}, {"employees": [1, 40]}, {"close": 0.0}, {"visited": []}):
        with pytest.raises(UserError):
            replace(ASKING, **wrong)


@pytest.mark.slow
def test_the_command_gives_the_same_tables_for_the_same_seed(tmp_path, capsys):
    tiny = ("firm.establishments=30", "burn_in=4", "replicates=3", "inspection.weeks_on_site=2", "inspection.dealt=20",
            "inspection.reach_worlds=1", "inspection.reach_sample=60", "inspection.employees=[1,5]")  # fmt: skip
    for number, workers in enumerate((1, 2)):
        assert main(["inspection", *tiny, f"workers={workers}", f"output={tmp_path / str(number)}"]) == 0
    first, second = (next((tmp_path / str(n) / "inspection").iterdir()) for n in (0, 1))
    for name in ("studies", "patterns", "establishments"):
        pd.testing.assert_frame_equal(*(pd.read_parquet(Path(own) / f"{name}.parquet") for own in (first, second)))
    assert "How many employees to speak to" in capsys.readouterr().out


def test_a_study_can_be_sent_between_processes(seen):
    import pickle

    one = pickle.loads(pickle.dumps(seen.studies[0]))
    assert isinstance(one, Study) and one.numbers() == pytest.approx(seen.studies[0].numbers(), nan_ok=True)
    assert set(one.met) == set(BOTH)
