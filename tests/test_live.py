"""The explorer without its page: choices and links, the queue of answers, questions, pathways and an evening."""

from __future__ import annotations

import re
import shlex
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from string import Formatter
from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest
from conftest import InProcessExecutor, wait_until

from sim.config import composition, plan_builder
from sim.errors import UserError
from sim.levers.measure import FAMILIES
from sim.outcomes.definitions import OUTCOMES
from sim.plotting.charts.pathways import TOGETHER, WHOLE
from sim.reporting import phrases
from sim.runs.run import run
from sim.studies.scenarios import compare
from sim.views.explore import attribution, cases, evening, scheduler, study_results, worker
from sim.views.explore.levers import ASSUMPTIONS, FIRST, MORE, family, fifteen
from sim.views.explore.questions import compared, question_of, questions
from sim.views.explore.selection import (
    FIRST_STAGE,
    MOST,
    PolicySelection,
    SelectionError,
    assumptions,
    choice_of,
    presets,
)
from sim.words import LANGUAGES, Words, texts

SMALL = {"employees": 40, "weeks": 26}
QUIET = {"availability": "quiet_evenings"}


@pytest.fixture
def answers():
    """Yield a scheduler without worker processes."""
    answers = scheduler.AnswerScheduler(check=False, open_executor=InProcessExecutor)
    yield answers
    answers.close()


# -- choices and links ------------------------------------------------------------------------------------------------

EVERYTHING = PolicySelection(
    language="nl", question=5, levers={**QUIET, "schedule": "anchor_days"}, measures={"breaks": 0.5}, employees=300,
    numbers={"mechanisms.recovery.night": 0.2, "measures.quiet_evenings.use": 0.5}, team_size=6, at_home=70, seed=3,
    weeks=52,
)  # fmt: skip


@pytest.mark.parametrize("choice", [PolicySelection(), EVERYTHING, PolicySelection(levers=presets()["whole_package"])])
def test_a_link_restores_the_choice(choice):
    assert choice_of(choice.query) == choice
    assert len("".join(f"{name}={value}&" for name, value in choice.query.items())) < 300


def test_the_command_makes_the_plans_of_the_page():
    words = shlex.split(EVERYTHING.command(2))
    assert words[:2] == ["hybridwork", "run"]
    assert plan_builder.build_plans(composition.compose(*words[2:]), words[2:]) == cases.plans_of(EVERYTHING, 2)


def test_levers_of_a_named_scenario_have_its_name():
    assert PolicySelection(levers=presets()["whole_package"]).scenario == "whole_package"
    assert PolicySelection(levers={**presets()["whole_package"], "social": "buddies"}).scenario is None


FORGED = [
    ({"v": "2"}, "version", {}),
    ({"v": "1", "persons": "/etc/passwd"}, "unknown.part", {}),
    ({"v": "1", "firm.persons": "x"}, "unknown.part", {}),
    ({"v": "1", "availability": "../../etc/passwd"}, "unknown.option", {"of": "availability"}),
    ({"v": "1", "availability": "quiet_evenings,always_on"}, "unknown.option", {"of": "availability"}),
    ({"v": "1", "measures": "__import__('os').system('x'):1"}, "pair", {"where": "measures"}),
    ({"v": "1", "measures": "breaks:2"}, "share", {"name": "breaks"}),
    ({"v": "1", "measures": "breaks:nan"}, "number", {"where": "measures"}),
    ({"v": "1", "measures": "no_such_measure:1"}, "unknown.measure", {}),
    ({"v": "1", "numbers": "mechanisms.recovery.night:9"}, "range", {"least": "0.05", "most": "0.3"}),
    ({"v": "1", "numbers": "firm.persons:1"}, "unknown.assumption", {}),
    ({"v": "1", "numbers": "hydra.run.dir:1"}, "unknown.assumption", {}),
    ({"v": "1", "numbers": ",".join(f"{name}:1" for name in list(assumptions())[:13])}, "many", {"count": "13"}),
    ({"v": "1", "employees": "1000000"}, "range", {"name": "employees"}),
    ({"v": "1", "employees": "5000", "weeks": "260"}, "work", {"employees": "5000", "weeks": "260"}),
    ({"v": "1", "seed": "1e9"}, "whole", {"where": "seed"}),
    ({"v": "1", "weeks": "-5"}, "whole", {"where": "weeks"}),
    ({"v": "1", "question": "11"}, "range", {"name": "question"}),
    ({"v": "1", "language": "../nl"}, "unknown.language", {}),
    ({"v": "1", "social": "x" * 3000}, "long", {}),
]  # fmt: skip


def pattern(key, language="en", **values):
    """Return the pattern of an error, with these values and any text in the other places."""
    places = Formatter().parse(texts(language)[f"explore.mistake.{key}"])
    return "".join(re.escape(text) + (re.escape(values[name]) if name in values else ".*" if name else "")
                   for text, name, *_ in places)  # fmt: skip


@pytest.mark.parametrize(("query", "key", "values"), FORGED)
def test_the_error_of_a_forged_link_is_one_line_without_markup(query, key, values):
    with pytest.raises(UserError, match=pattern(key, **values)) as error:
        choice_of(query)
    assert "\n" not in str(error.value)
    assert not re.search(r"[<>$`/\\]", str(error.value))


def test_errors_are_in_the_language_of_the_reader():
    with pytest.raises(SelectionError) as error:
        choice_of({"v": "1", "availability": "quiet_evening"})
    assert "quiet_evenings" in str(error.value)
    dutch = pattern("unknown.option", "nl", of="availability", name="quiet_evening")
    assert re.fullmatch(dutch, error.value.text(Words("nl")))


def test_a_measure_chosen_twice_is_refused():
    with pytest.raises(UserError, match=pattern("twice", name="reachability_agreements")):
        PolicySelection(levers={"availability": "reachability_agreements"}, measures={"reachability_agreements": 1.0})


def test_an_uploaded_file_is_in_no_link_and_no_command():
    choice = PolicySelection(persons="secret/persons.csv")
    assert "secret" not in str(choice.query) + choice.command(8) + repr(choice)


def test_large_organisations_get_fewer_replicates_but_enough():
    assert PolicySelection().most_replicates == MOST
    assert FIRST_STAGE < PolicySelection(employees=5000).most_replicates < 20


# -- answers ----------------------------------------------------------------------------------------------------------


def test_an_answer_equals_the_results_of_the_command_line(answers):
    choice = PolicySelection(levers=QUIET, **SMALL)
    shown = answers.answer(choice)
    plans = cases.plans_of(choice, shown.replicates)
    _, tables = compare(plans, quiet=True)
    assert shown.replicates == FIRST_STAGE
    assert set(shown.tables) == set(tables)
    for name, table in tables.items():
        pd.testing.assert_frame_equal(shown.tables[name], table, check_exact=True)


OPTIONS = {name: [one.name for one in family(name) if not one.is_today] for name in FAMILIES}
BURN_INS = [
    pytest.param({name: option}, id=f"{name}-{option}", marks=[] if option == options[-1] else pytest.mark.slow)
    for name, options in OPTIONS.items()
    for option in options
]


@pytest.mark.parametrize("levers", BURN_INS)
def test_a_cached_burn_in_with_every_measure_changes_no_result(levers):
    plan = replace(cases.plans_of(PolicySelection(levers=levers, **SMALL), 1)[0], burn_in=2, weeks=5)
    record, alone = worker.simulate(plan), run(replace(plan, engine="reference"))
    for name in ("weekly", "people", "cascade", "using", "stayed", "ties_before"):
        np.testing.assert_array_equal(getattr(record, name), getattr(alone, name), err_msg=name)
    for name in ("final", "groups", "ties_after"):
        for key, values in getattr(alone, name).items():
            np.testing.assert_array_equal(getattr(record, name)[key], values, err_msg=f"{name} {key}")


def test_a_cached_burn_in_serves_another_horizon():
    plan = replace(cases.plans_of(PolicySelection(levers=QUIET, **SMALL), 1)[0], weeks=27)
    worker.simulate(replace(plan, weeks=26))
    np.testing.assert_array_equal(worker.simulate(plan).weekly, run(plan).weekly)


def test_a_null_scenario_that_differs_from_zero_stops_the_page(answers):
    plan = cases.plans_of(PolicySelection(**SMALL), 1)[0]
    record = worker.simulate(plan)
    cases.check_null(record)
    record.weekly[1, -1, 0, 0] += np.float32(1e-4)
    with pytest.raises(UserError, match="differs from itself"):
        cases.check_null(record)
    answers.error = "today's practice differs from itself"
    assert answers.request("somebody", PolicySelection()).tables is None


class WaitingExecutor:
    """An executor whose tasks wait until the test finishes them."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Future, Stub]] = []

    def submit(self, _work, plan):
        future: Future = Future()
        self.waiting.append((future, plan))
        return future

    def shutdown(self, **_) -> None:
        for future, _ in self.waiting:
            future.cancel()


class Stub:
    """A stand-in for a record or a plan, where only the order of work matters."""

    weekly = people = cascade = using = stayed = np.zeros(1)
    final = groups = MappingProxyType({})

    def __init__(self, choice=None) -> None:
        self.choice = choice


@pytest.fixture
def queue(monkeypatch):
    """Yield a scheduler and the executors of its two workers, with plans that only have a choice."""
    monkeypatch.setattr(cases, "plans_by_stage", lambda one: iter([[Stub(one) for _ in range(one.most_replicates)]]))
    monkeypatch.setattr(
        cases, "answer_of", lambda case, stage: cases.Answer(stage, stage, case.answer.most, {"effects": 1})
    )
    executors: list[WaitingExecutor] = []
    answers = scheduler.AnswerScheduler(
        check=False, open_executor=lambda: executors.append(WaitingExecutor()) or executors[-1]
    )
    yield answers, executors
    answers.close()


def _finish_tasks(executors) -> list[PolicySelection]:
    """Finish a task of each worker; return their choices."""
    wait_until(lambda: all(own.waiting for own in executors))
    done = []
    for own in executors:
        future, plan = own.waiting.pop(0)
        done.append(plan.choice)
        future.set_result(Stub())
    return done


def test_the_choice_with_the_fewest_replicates_is_next(queue):
    answers, executors = queue
    first, second = PolicySelection(seed=1), PolicySelection(seed=2)
    answers.request("early", first)
    for _ in range(FIRST_STAGE // 2):
        _finish_tasks(executors)
    wait_until(lambda: all(own.waiting for own in executors))
    answers.request("late", second)
    wait_until(lambda: answers._cases[second.overrides].plans)
    _finish_tasks(executors)  # tasks that had been started
    simulated = [choice for _ in range(FIRST_STAGE // 2) for choice in _finish_tasks(executors)]
    assert simulated == [second] * FIRST_STAGE
    wait_until(lambda: answers.request("late", second).replicates == FIRST_STAGE)


def test_first_stages_are_finished_in_the_order_of_requests(queue):
    answers, executors = queue
    choices = [PolicySelection(seed=seed) for seed in range(1, 5)]
    for place, choice in enumerate(choices):
        answers.request(f"choice {place}", choice)
    wait_until(lambda: all(answers._cases[choice.overrides].plans for choice in choices))
    simulated = [choice.seed for _ in range(4 * FIRST_STAGE // 2) for choice in _finish_tasks(executors)]
    assert simulated == sorted(simulated)


def test_a_choice_without_a_request_waits(queue):
    answers, executors = queue
    earlier, wanted = PolicySelection(seed=1), PolicySelection(seed=2)
    answers.request("me", earlier)
    _finish_tasks(executors)
    answers.request("me", wanted)
    wait_until(lambda: answers._cases[wanted.overrides].plans)
    _finish_tasks(executors)
    assert {choice.seed for _ in range(6) for choice in _finish_tasks(executors)} == {2}


def test_every_user_gets_the_answer_to_the_own_choice(queue):
    answers, executors = queue
    answers.request("me", PolicySelection(seed=1))
    for _ in range(4):
        _finish_tasks(executors)
    wait_until(lambda: answers.request("me", PolicySelection(seed=1)).tables is not None)
    assert answers.request("you", PolicySelection(seed=2)).tables is None


def test_the_number_of_answers_in_memory_is_limited(queue):
    answers, _ = queue
    for seed in range(1, scheduler.MAX_ANSWERS + 30):
        answers.request("me", PolicySelection(seed=seed))
    assert len(answers._cases) <= scheduler.MAX_ANSWERS + 1


def test_an_error_ends_its_choice_alone_in_one_line(answers, monkeypatch):
    original = cases.plans_by_stage

    def plans_by_stage(choice):
        if choice.seed == 2:
            raise ValueError("first\nsecond")
        yield from original(choice)

    monkeypatch.setattr(cases, "plans_by_stage", plans_by_stage)
    with pytest.raises(UserError, match=r"^first$"):
        answers.answer(PolicySelection(seed=2, **SMALL))
    assert answers.answer(PolicySelection(**SMALL)).tables["effects"].difference.eq(0).all()


# -- texts ------------------------------------------------------------------------------------------------------------


def test_the_headline_has_one_direction_only_where_it_clearly_leads():
    pytest.importorskip("streamlit")
    from sim.views.explore.headline import _runs_by_direction

    kinds = phrases.dot_words("per 1,000 employees", Words())
    fewer, little, more = kinds
    assert _runs_by_direction((84, 16, 0), kinds, Words()) == f"{fewer} in 84 of 100 runs"
    assert _runs_by_direction((50, 50, 0), kinds, Words()) == f"{fewer} in 50, {little} in 50 of 100 runs"
    assert _runs_by_direction((52, 46, 2), kinds, Words()) == f"{fewer} in 52, {little} in 46, {more} in 2 of 100 runs"
    assert _runs_by_direction((40, 30, 30), kinds, Words()).startswith("fewer in 40, ")


def test_a_question_ends_when_its_levers_change_unless_it_invites_that():
    chairs, rule = questions()[8].choices()[0], questions()[6].choices()[0]
    assert question_of(chairs).number == 9 and question_of(replace(chairs, employees=300)).number == 9
    assert question_of(replace(chairs, levers=QUIET)) is None
    assert question_of(replace(chairs, numbers={"mechanisms.recovery.night": 0.2})) is None
    assert question_of(replace(rule, levers=QUIET)).number == 7
    assert question_of(PolicySelection(question=10)).number == 10
    assert question_of(PolicySelection(question=10, levers=QUIET)) is None
    three = questions()[2].choices()
    other = replace(three[0], levers=QUIET)
    assert compared(three[0]) == three and compared(other) == [other]


# -- pathways and an evening ------------------------------------------------------------------------------------------


def test_pathways_and_their_interaction_add_up_to_the_effect(answers):
    parts = attribution.split(answers, PolicySelection(levers=QUIET, **SMALL), 2)
    for _, own in parts.groupby("outcome"):
        of = own.set_index("pathway").part
        assert of.drop(WHOLE).sum() == pytest.approx(of[WHOLE])
    assert set(parts.pathway) == {*(p for own in attribution.PATHWAYS.values() for p in own), TOGETHER, WHOLE}


@pytest.mark.slow
def test_without_all_pathways_there_is_no_effect():
    plan = cases.plans_of(PolicySelection(levers=presets()["whole_package"], employees=200, weeks=52), 1)[0]
    every = tuple(cut for own in attribution.PATHWAYS.values() for cuts in own.values() for cut in cuts)
    worlds = [attribution.without(scenario, every, number) for number, scenario in enumerate(plan.scenarios)]
    record = worker.after_burn_in(plan).simulate(worlds)[0]
    exhaustion = record.weekly[:, :, list(OUTCOMES).index("exhaustion"), 0]
    np.testing.assert_array_equal(exhaustion[0], exhaustion[1])


def test_an_evening_has_the_same_people_in_both_worlds(answers):
    choice = PolicySelection(levers=QUIET, **SMALL)
    scene, again = (evening.evening(answers, choice) for _ in range(2))
    assert scene.works.shape == scene.detachment.shape == (2, len(scene.is_manager))
    assert scene.works[0, 0], "the manager works late under today's practice"
    np.testing.assert_array_equal(scene.detachment, again.detachment)
    assert scene.share_working[1] < scene.share_working[0], "a delay that holds messages back makes evenings quieter"
    assert {scene.state(world, person) for world in (0, 1) for person in range(len(scene.is_manager))} <= {
        "works", "awake", "rests",
    }  # fmt: skip


def test_no_evening_is_shown_for_an_uploaded_file(answers):
    with pytest.raises(UserError, match="your own file"):
        evening.evening(answers, PolicySelection(persons="persons.csv"))


# -- questions and levers ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_question_has_texts_and_choices(language):
    words = Words(language)
    for number, question in enumerate(questions(), start=1):
        assert question.number == number
        assert all(question.text(part, words) for part in ("short", "question", "view", "limits"))
        assert all(f"explore.view.{view}" in words for view in question.views)
        assert question.policies or question.text("answer", words)
        for choice in question.choices(language=language):
            assert choice_of(choice.query) == choice
            assert not choice.changes_nothing


def test_study_tables_agree_with_the_results_of_the_studies():
    docs = Path(__file__).parents[1] / "docs"
    for name, rows in study_results.from_results(docs).items():
        message = f"{name}.csv is older than docs; sim.views.explore.study_results.rewrite writes it again"
        assert study_results.packaged(name) == rows, message


def test_a_missing_result_of_a_study_is_an_error(tmp_path):
    with pytest.raises(UserError, match=r"Missing results: .*inspection\.json"):
        study_results.from_results(tmp_path)
    for name in ("inspection", "vanishing_measures"):
        (tmp_path / f"{name}.json").write_text("{}", encoding="utf-8")
    with pytest.raises(UserError, match=r"Missing value .* inspection\.errors_by_employees"):
        study_results.from_results(tmp_path)


def test_options_are_in_the_order_source_collective_individual():
    for name in (*FIRST, *MORE):
        own = family(name)
        assert own[0].is_today
        hygiene = [option.hygiene for option in own if not option.what_if][1:]
        assert hygiene == sorted(hygiene, key=("source", "collective", "individual").index)
    assert len(fifteen()) == 15
    assert set(ASSUMPTIONS) <= set(assumptions())
