"""Simulated survey: respondents, answers about measures and scales, random numbers, and correlations."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from sim.engine.plan import Plan, simulate_burn_in
from sim.outcomes.patterns import CELLS, LABELS, MEASURES, OUTCOMES, Cells, patterns
from sim.survey.correlations import Correlations, least_significant
from sim.survey.instruments import Instruments, instruments_of
from sim.survey.interview import Interview, scales
from sim.survey.survey import Survey
from sim.survey.visit import (
    Answers,
    SurveyRandom,
    WorldState,
    conduct_survey,
    latent_states,
    sample_responses,
    scores,
    social_desirability,
)
from sim.world.firm import FirmOptions

SURVEY = Survey()
EXACT = Instruments(SURVEY, Interview(
    managers_met=1.0, others_met=1.0, managers_fill_in=1.0, others_fill_in=1.0, exhausted_answer_less=0.0,
    isolated_answer_less=0.0, employer_chooses=0.0, misremembers=0.0, agrees_to_scales=0.0, rosy_on_scales=0.0,
))  # fmt: skip


@pytest.fixture(scope="module")
def engine(measures):
    """Return an engine with a thousand people of sixty establishments after one week."""
    firm = FirmOptions(kind="study", establishments=60, sample=17)
    return simulate_burn_in(Plan(measures, firm=firm, weeks=1, burn_in=1, engine="reference"))


def visit(engine, **changed) -> Answers:
    return conduct_survey(engine, Instruments(SURVEY, replace(Interview(), **changed)))


def answers_of(said: dict[str, np.ndarray], filled_in: np.ndarray | None = None) -> Answers:
    """Return answers of as many respondents as the arrays have, managers and others alternating."""
    n = len(next(iter(said.values())))
    filled_in = np.ones(n, bool) if filled_in is None else filled_in
    return Answers(np.arange(n), np.arange(n), np.arange(n) % 2 == 0, filled_in, said, {})


# -- respondents ------------------------------------------------------------------------------------------------------


def test_each_establishment_has_at_most_one_interviewed_home_worker_per_role(engine):
    answers, home = visit(engine), WorldState(engine).at_home
    for role in ("manager", "non_manager"):
        met = answers.establishment[answers.of(role)]
        assert len(set(met)) == len(met) > 40
    assert home[answers.place].all()
    assert (engine.staff.firm.is_manager[answers.place] == answers.is_manager).all()


def test_without_losses_everybody_is_interviewed_and_responds(engine):
    answers = conduct_survey(engine, EXACT)
    assert answers.filled_in.all()
    assert answers.of("manager").sum() == 60


def test_nonrespondents_lack_only_scales_and_complaints(engine):
    answers = visit(engine, managers_fill_in=0.6, others_fill_in=0.6)
    left = ~answers.filled_in
    assert 0.1 < left.mean() < 0.7
    for name in (*scales(), "kans_complaint", "back_complaint", "no_complaint"):
        assert np.isnan(answers.responses[name][left]).all() and not np.isnan(answers.responses[name][~left]).any()
    assert not np.isnan(answers.responses["known"]).any() and not np.isnan(answers.responses["share_at_home"]).any()


def test_exhausted_and_isolated_people_respond_less():
    state, none = np.array([-1.0, 0.0, 1.0]), np.zeros(3)
    usual = np.full(3, 0.8)
    for chances in (Interview().fills_in(usual, state, none), Interview().fills_in(usual, none, state)):
        assert (np.diff(chances) < 0).all() and chances[1] == pytest.approx(0.8, abs=0.01)


def test_employers_choose_people_who_know_more_and_are_less_exhausted(engine):
    desirability = social_desirability(WorldState(engine))
    at_random, chosen = (
        visit(engine, employer_chooses=share, others_met=1.0, managers_met=1.0) for share in (0.0, 1.0)
    )
    assert (at_random.establishment == chosen.establishment).all()
    assert (desirability[chosen.place] >= desirability[at_random.place]).all()
    assert desirability[chosen.place].mean() > desirability[at_random.place].mean() + 0.3


# -- answers about measures -------------------------------------------------------------------------------------------


def test_answers_without_errors_equal_true_knowledge(engine):
    answers, state = conduct_survey(engine, EXACT), WorldState(engine)
    for name in MEASURES:
        assert (answers.responses[f"known.{name}"] == state.measure("known", name)[answers.place]).all()
        assert (answers.responses[f"claimed.{name}"] == state.measure("claimed", name)[answers.establishment]).all()
        assert (answers.claims[name] == state.measure("claimed", name)).all()
    assert (answers.responses["known"] == sum(answers.responses[f"known.{name}"] for name in MEASURES)).all()


def test_share_of_mistaken_answers_and_effect_of_response_style():
    random, n = np.random.default_rng(1).random(40_000), 40_000
    interview = Interview(misremembers=0.10, agrees_to_measures=0.5)
    yes = {known: interview.says_known(np.full(n, known), np.zeros(n), random).mean() for known in (0.0, 1.0)}
    # three standard errors of a share of 40,000 at one tenth: 0.0045
    assert yes[0.0] == pytest.approx(0.10, abs=0.005) and yes[1.0] == pytest.approx(0.90, abs=0.005)
    agreeing, denying = (interview.says_known(np.zeros(n), np.full(n, style), random).mean() for style in (1.5, -1.5))
    assert agreeing > 1.5 * yes[0.0] and denying < yes[0.0] / 1.5


def test_social_desirability_only_adds_claims(engine):
    usual, desirable = visit(engine), visit(engine, desirability=0.3)
    truth = WorldState(engine)
    for name in MEASURES:
        assert (desirable.claims[name] >= usual.claims[name]).all()
        said = desirable.responses[f"claimed.{name}"]
        assert (said == desirable.claims[name][desirable.establishment]).all()
    not_taken = np.mean([desirable.claims[name][truth.measure("claimed", name) == 0].mean() for name in MEASURES])
    assert not_taken == pytest.approx(0.3, abs=0.08)


# -- scores -----------------------------------------------------------------------------------------------------------


def test_scores_stay_within_their_scale_and_rise_with_the_state(engine):
    answers = visit(engine)
    state = WorldState(engine)
    related = {}
    for name, scale in scales().items():
        said = answers.responses[name][answers.filled_in]
        assert said.min() >= scale.low and said.max() <= scale.high
        true = state.of(scale.quantity)[answers.place[answers.filled_in]]
        if true.std() > 0.3:  # of a state that hardly differs between people, a score shows little
            related[name] = np.corrcoef(said, true)[0, 1]
    assert len(related) > len(scales()) / 2
    assert {name: r for name, r in related.items() if r <= 0.5} == {}


@pytest.mark.parametrize("reliability", [0.75, 0.95])
def test_reliability_is_the_squared_correlation_of_score_and_state(engine, reliability, monkeypatch):
    state, draws = WorldState(engine), SurveyRandom(engine)
    normal = draws.normal("a made-up state")
    monkeypatch.setattr(state, "of", lambda quantity: normal)
    instruments = EXACT._replace(survey=replace(SURVEY, reliability=reliability))
    said = scores(state, draws, instruments, np.zeros(len(normal)), scales()["detachment"])
    # three standard errors of a squared correlation among a thousand people, and a little for the ends of the scale
    assert np.corrcoef(said, normal)[0, 1] ** 2 == pytest.approx(reliability, abs=0.04)


def test_response_style_shifts_scores_by_direction_of_the_scale():
    interview, none = Interview(agrees_to_scales=0.2, rosy_on_scales=0.1), np.zeros(1)
    worse, better = scales()["exhaustion"], scales()["detachment"]
    assert (worse.worse, better.worse) == (1, -1)
    assert interview.bent(none, np.ones(1), worse) == pytest.approx(0.2 - 0.1)
    assert interview.bent(none, np.ones(1), better) == pytest.approx(0.2 + 0.1)


def test_latent_states_have_no_error(engine):
    truth, state = latent_states(engine), WorldState(engine)
    assert (truth.place == np.flatnonzero(state.at_home)).all() and truth.filled_in.all()
    assert (truth.responses["exhaustion"] == state.of("exhaustion")[truth.place]).all()


# -- random numbers ---------------------------------------------------------------------------------------------------

SWITCHES = {
    "misremembers": 0.1, "agrees_to_scales": 0.3, "desirability": 0.2, "employer_chooses": 1.0, "managers_fill_in": 0.6,
    "exhausted_answer_less": 0.6,
}  # fmt: skip


@pytest.mark.parametrize("name", SWITCHES)
def test_a_parameter_changes_only_the_answers_that_it_concerns(engine, name):
    state, draws = WorldState(engine), SurveyRandom(engine)
    usual, other = (
        sample_responses(state, draws, Instruments(SURVEY, replace(Interview(), **own)))
        for own in ({}, {name: SWITCHES[name]})
    )
    moves = {
        "misremembers": lambda what: what.startswith("known"),
        "agrees_to_scales": lambda what: what in scales(),
        "desirability": lambda what: what.startswith("claimed"),
    }.get(name, lambda what: False)
    changed = {what for what in usual if not np.array_equal(usual[what], other[what])}
    assert all(moves(what) for what in changed)
    assert bool(changed) == (name in ("misremembers", "agrees_to_scales", "desirability"))


def test_another_visit_has_other_noise_and_the_same_style(engine):
    first, second = SurveyRandom(engine, "wave 1"), SurveyRandom(engine, "wave 2")
    assert (first.normal("style", lasting=True) == second.normal("style", lasting=True)).all()
    assert abs(np.corrcoef(first.normal("answers detachment"), second.normal("answers detachment"))[0, 1]) < 0.15


def test_parameters_of_the_interview_are_settings_of_a_plan(small_plan):
    plan = replace(small_plan, parameters={"interview": {"desirability": 0.1}})
    assert instruments_of(plan).interview == replace(Interview(), desirability=0.1)
    assert {field.name for field in fields(Interview)} == set(Interview().parameter_metadata())


# -- relations --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def some() -> Answers:
    random = np.random.default_rng(3)
    x = random.standard_normal((2, 200))
    return answers_of({"x": x[0], "y": x[0] + x[1], "z": x[1], "same": np.ones(200)}, random.random(200) < 0.8)


def test_correlations_are_those_of_numpy_among_the_role_that_filled_in(some):
    for role in ("all", "manager", "non_manager"):
        found, rows = Correlations(some, ("x", "z"), ("y", "x"), role), some.of(role) & some.filled_in
        wanted = [
            [np.corrcoef(some.responses[x][rows], some.responses[y][rows])[0, 1] for y in found.outcomes]
            for x in found.predictors
        ]
        assert found.r == pytest.approx(np.array(wanted))
        assert found.n == rows.sum()
        assert found.r[found.at(["z"], ["y"])] == found.r[1, 0]


def test_constant_answers_have_zero_correlations(some):
    found = Correlations(some, ("same", "x"), ("y", "same"))
    assert (found.r[0] == 0).all() and (found.r[:, 1] == 0).all() and found.significant[1, 0] == 1


def test_correlations_without_respondents_are_zero():
    answers = answers_of({"x": np.arange(4.0), "y": np.arange(4.0)}, np.zeros(4, bool))
    assert (Correlations(answers, ("x",), ("y",)).r == 0).all()


def test_significance_is_that_of_scipy():
    from scipy.stats import pearsonr

    random = np.random.default_rng(5)
    for n in (20, 160):
        x = random.standard_normal(n)
        noise = random.standard_normal(n)
        noise -= noise.mean()
        unit = x - x.mean()
        noise -= unit * (noise @ unit) / (unit @ unit)
        for r in (least_significant(n) - 0.002, least_significant(n) + 0.002):
            y = r * unit / np.linalg.norm(unit) + np.sqrt(1 - r * r) * noise / np.linalg.norm(noise)
            assert (pearsonr(x, y).pvalue < 0.05) == (r > least_significant(n))
    assert least_significant(160) == pytest.approx(0.155, abs=0.001)
    assert least_significant(3) == 1.0


def test_being_a_manager_can_be_a_predictor():
    answers = answers_of({"x": (np.arange(40) % 2 == 0) * 1.0})
    assert Correlations(answers, ("is_manager",), ("x",)).r[0, 0] == pytest.approx(1.0)


def test_permuted_outcomes_are_significant_by_chance_alone(some):
    """5% of relations are significant, strong ones included; equal outcomes are significant together."""
    random = np.random.default_rng(7)
    x = random.standard_normal((40, 200))
    said = {f"x{at}": row for at, row in enumerate(x)} | {"y": x[0], "twin": x[0] * 2 + 1}
    relations = Correlations(answers_of(said), [f"x{at}" for at in range(40)], ["y", "twin"])
    signs = relations.permuted(["y", "twin"], 200, (1,))
    # 16,000 tests, of which each pair is one: three standard errors are 0.009
    assert (signs != 0).mean() == pytest.approx(0.05, abs=0.01)
    assert (signs[:, :, 0] == signs[:, :, 1]).all()
    assert (signs == relations.permuted(["y", "twin"], 200, (1,))).all()


# -- patterns ---------------------------------------------------------------------------------------------------------


def test_patterns_use_questions_of_the_survey(engine):
    known = {pattern.name for pattern in patterns() if pattern.origin == "study"}
    answers = visit(engine)
    names = {*answers.responses, "is_manager"}
    for pattern, cells in CELLS.items():
        assert pattern in known and pattern in LABELS
        assert set(cells.outcomes) <= names
        assert set(cells.predictors) <= {*names, "chooses_home_hours"}, pattern


def test_relations_are_listed_by_role():
    cells = Cells(("a", "b"), ("c",), ("manager", "non_manager"), 0)
    assert cells.each == (
        ("manager", "a", "c"), ("manager", "b", "c"), ("non_manager", "a", "c"), ("non_manager", "b", "c"),
    )  # fmt: skip
    assert len(OUTCOMES) == 9
