"""Everything in Mesa's interface works, or is refused with an error that says what to do."""

from __future__ import annotations

import copy
import logging
import pickle
import subprocess
import sys
from functools import cache

import mesa
import numpy as np
import pytest
from mesa.agent import AgentSet

import sim
from sim.engine.plan import Plan
from sim.errors import UserError
from sim.model import Employee

SMALL = {"firm": "one", "firm__employees": 60, "burn_in": 2, "weeks": 2}


@cache
def small_plan(**options) -> Plan:
    return sim.plan(**{"scenario": "baseline", **SMALL, **options})


def make(seed: object = 1, **options) -> sim.HybridWorkModel:
    return sim.HybridWorkModel(small_plan(**options), seed=seed)


@pytest.fixture(scope="module")
def model() -> sim.HybridWorkModel:
    """A model on which nothing is ever simulated."""
    return make()


def same(one: sim.HybridWorkModel, other: sim.HybridWorkModel) -> bool:
    return all(np.array_equal(one.quantity(name), other.quantity(name)) for name in ("exhaustion", "fatigue", "used"))


# -- seeds -----------------------------------------------------------------------------------------------------------


def batch(parameters: dict, **options) -> list[dict]:
    return mesa.batch_run(
        sim.HybridWorkModel, {**SMALL, **parameters}, max_steps=3, display_progress=False, number_processes=1, **options
    )


def test_iterations_of_a_batch_differ_by_seed():
    rows = batch({}, iterations=3)
    assert len({row["exhaustion"] for row in rows}) == 3


@pytest.mark.parametrize("name", ["seed", "rng"])
def test_a_batch_with_given_seeds_repeats_itself(name):
    first, again = batch({name: [4, 5]}, iterations=2), batch({name: [4, 5]}, iterations=2)
    assert first == again
    assert len({row["exhaustion"] for row in first}) == 2


@pytest.mark.parametrize("name", ["seed", "rng"])
@pytest.mark.parametrize(
    "given",
    [
        lambda: 7, lambda: np.int64(7), lambda: np.random.default_rng(7), lambda: np.random.PCG64(7),
        lambda: np.random.SeedSequence(7), lambda: [7, 8],
    ],
    ids=["int", "numpy int", "Generator", "BitGenerator", "SeedSequence", "sequence"],
)  # fmt: skip
def test_every_seed_of_mesa_gives_one_seed_that_repeats_the_run(name, given):
    first, again = (sim.HybridWorkModel(small_plan(), **{name: given()}) for _ in range(2))
    repeated = make(first.plan.seed)
    assert same(first, again) and same(first, repeated)
    assert first.random.random() == again.random.random() and first.rng.random() == again.rng.random()


def test_models_without_a_seed_differ_and_record_their_seed():
    one, other = sim.HybridWorkModel(**SMALL), sim.HybridWorkModel(**SMALL)
    assert not same(one, other)
    assert same(one, sim.HybridWorkModel(**SMALL, seed=one.plan.seed))


@pytest.mark.parametrize("seed", [-1, 2**63, 1.5, True, "one", b"one", [1, "x"], object()])
def test_an_invalid_seed_is_refused(seed):
    with pytest.raises(UserError, match="Invalid value for seed"):
        make(seed)


def test_seed_and_rng_together_are_refused():
    with pytest.raises(UserError, match="Conflicting settings: seed and rng"):
        sim.HybridWorkModel(small_plan(), seed=1, rng=1)


# -- what to simulate ------------------------------------------------------------------------------------------------


def test_a_plan_keeps_its_seed_unless_another_is_given():
    plan = sim.plan("firm=one", "firm.employees=60", burn_in=0, weeks=2, seed=9, scenario="baseline")
    assert sim.HybridWorkModel(plan).plan.seed == 9
    assert sim.HybridWorkModel(plan, seed=3).plan.seed == 3


@pytest.mark.parametrize(
    ("scenarios", "scenario", "simulated"),
    [
        (["baseline"], None, "baseline"),
        (["right_to_disconnect"], None, "right_to_disconnect"),
        (["right_to_disconnect", "buddies"], "buddies", "buddies"),
        (["right_to_disconnect", "buddies"], "baseline", "baseline"),
    ],
)
def test_the_model_simulates_the_policy_of_a_plan_or_the_named_scenario(scenarios, scenario, simulated):
    plan = sim.plan("firm=one", "firm.employees=60", burn_in=0, weeks=2, scenarios=scenarios)
    model = sim.HybridWorkModel(plan, **({"scenario": scenario} if scenario else {}))
    assert [one.name for one in model.plan.scenarios] == [simulated]


def test_a_plan_with_several_policies_needs_the_name_of_one():
    plan = sim.plan("firm=one", weeks=2, scenarios=["right_to_disconnect", "buddies"])
    with pytest.raises(UserError, match=r"has 3 scenarios .* HybridWorkModel\(plan, scenario='buddies'\)"):
        sim.HybridWorkModel(plan)
    with pytest.raises(UserError, match=r"Unknown scenario: budies.*Did you mean 'buddies'\?"):
        sim.HybridWorkModel(plan, scenario="budies")


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"weekz": 3}, "Did you mean 'weeks"),
        ({"employees": 60}, r"Did you mean 'firm__employees'\?"),
        ({"firm": "one", "firm__employes": 60}, "Did you mean 'employees"),
        ({"replicates": 3}, "Invalid setting: replicates. A model is one run"),
        ({"workers": 2}, "Invalid setting: workers. A model is one run"),
        ({"output": "x"}, "Invalid setting: output. A model is one run"),
        ({"report": "en"}, "Invalid setting: report. A model is one run"),
        ({"title": "x"}, "Invalid setting: title. A model is one run"),
        ({"scenarios": ["buddies"]}, "Use scenario=…"),
        ({"fit": "posterior"}, "the point estimate"),
    ],
)
def test_an_option_that_does_not_exist_or_would_not_be_used_is_refused(options, line):
    with pytest.raises(UserError, match=line):
        sim.HybridWorkModel(**options)


def test_settings_with_a_plan_and_invalid_plans_are_refused():
    with pytest.raises(UserError, match=r"a plan and weeks\. Use a plan"):
        sim.HybridWorkModel(sim.plan("firm=one", weeks=2), weeks=3)
    with pytest.raises(UserError, match=r"Use a plan of sim\.plan"):
        sim.HybridWorkModel("firm=one")


# -- time ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("burn_in", [0, 1])
def test_rows_are_labelled_by_the_steps_that_came_before(burn_in):
    model = make(burn_in=burn_in)
    model.datacollector._new_agent_reporter("fatigue", "fatigue")
    seen = {}
    for _ in range(3):
        model.step()
        seen[model.steps] = (model.outcome("exhaustion"), [agent.fatigue for agent in model.agents])
    collector = model.datacollector
    collected, of_agents = collector.get_model_vars_dataframe(), collector.get_agent_vars_dataframe()
    assert list(seen) == [1, 2, 3]
    for step, (exhaustion, fatigue) in seen.items():
        assert collected["exhaustion"][step] == exhaustion
        assert of_agents.loc[step, "fatigue"].tolist() == fatigue
        assert collector.model_vars["exhaustion"][step] == exhaustion  # where a batch looks for it


@pytest.mark.parametrize("burn_in", [0, 1])
def test_a_batch_labels_each_row_with_its_step(burn_in):
    options = {**SMALL, "burn_in": burn_in, "seed": 1}
    model, steps = sim.HybridWorkModel(**options), {}
    for _ in range(4):
        model.step()
        steps[model.steps] = model.outcome("exhaustion")
    rows = batch(options, data_collection_period=1)
    collected = {row["Step"]: row["exhaustion"] for row in rows}
    assert [collected[step] for step in (1, 2, 3)] == [steps[step] for step in (1, 2, 3)]


def test_the_model_stops_running_after_the_last_week_and_may_be_stepped_further():
    model = make()
    assert model.running
    model.run_model()
    assert (model.steps, model.day, model.running) == (14, 14, False)
    model.step()
    assert (model.steps, model.running) == (15, False)


def test_a_batch_ends_at_the_horizon():
    rows = mesa.batch_run(sim.HybridWorkModel, {**SMALL, "seed": 1}, max_steps=100, display_progress=False)
    assert [row["Step"] for row in rows] == [13]


@pytest.mark.parametrize("days", [-1, 1.5, True, "7"])
def test_days_to_run_are_a_whole_number(days, model):
    with pytest.raises(UserError, match="Invalid value for days"):
        model.run_days(days)


# -- agents: what would change nothing is refused --------------------------------------------------------------------


@pytest.mark.parametrize("name", ["fatigue", "exhaustion", "fatige", "team", "colour", "place", "model", "unique_id"])
def test_no_attribute_of_an_agent_can_be_set(name, model):
    before = model.agents.get("fatigue")
    for error in (UserError, AttributeError):
        with pytest.raises(error, match=f"Read-only attribute: {name}"):
            model.agents.set(name, 1.0)
    with pytest.raises(AttributeError):
        setattr(model.agents[3], name, 1.0)
    assert model.agents.get("fatigue") == before


@pytest.mark.parametrize("method", ["step", "advance"])
@pytest.mark.parametrize("call", ["do", "shuffle_do", "map"])
def test_agents_have_no_steps_of_their_own(method, call, model):
    with pytest.raises(UserError, match=r"model\.step\(\), which simulates a day"):
        getattr(model.agents, call)(method)


REFUSED = {
    "agent.remove": lambda m: m.agents[0].remove(),
    "agents.do('remove')": lambda m: m.agents.do("remove"),
    "model.remove_all_agents": lambda m: m.remove_all_agents(),
    "model.deregister_agent": lambda m: m.deregister_agent(m.agents[0]),
    "model.register_agent": lambda m: m.register_agent(m.agents[0]),
    "mesa.Agent": lambda m: mesa.Agent(m),
    "Employee": lambda m: Employee(m, 0),
    "Employee.create_agents": lambda m: Employee.create_agents(m, 2, [0, 1]),
    "agents.add": lambda m: m.agents.add(m.agents[0]),
    "agents.discard": lambda m: m.agents.discard(m.agents[0]),
    "agents.remove": lambda m: m.agents.remove(m.agents[0]),
    "agents.pop": lambda m: m.agents.pop(),
    "agents.clear": lambda m: m.agents.clear(),
    "agents.select": lambda m: m.agents.select(at_most=3, inplace=True),
    "agents_by_type": lambda m: m.agents_by_type[Employee].discard(m.agents[0]),
}


@pytest.mark.parametrize("attempt", REFUSED.values(), ids=REFUSED.keys())
def test_nobody_is_added_or_removed(attempt, model):
    with pytest.raises(UserError, match="Agents cannot be added to or removed from the model"):
        attempt(model)
    assert len(model.agents) == model.people == 60


@pytest.mark.parametrize("name", ["reset_randomizer", "reset_rng"])
def test_the_seed_cannot_be_changed_afterwards(name, model):
    with pytest.raises(UserError, match="Make another model"):
        getattr(model, name)(5)


def test_an_unknown_quantity_of_an_agent_is_refused_with_a_suggestion(model):
    with pytest.raises(AttributeError, match=r"Unknown quantity of employees: fatige.*Did you mean 'fatigue"):
        model.agents[0].fatige  # noqa: B018
    assert not hasattr(model.agents[0], "team")
    assert not hasattr(model.agents[0], "size")  # of an establishment


# -- agents: what reads works as in Mesa -----------------------------------------------------------------------------


def test_reading_agents_works_as_in_mesa(model):
    agents, fatigue = model.agents, model.quantity("fatigue").astype(float)
    assert agents.get("fatigue") == fatigue.tolist()
    assert agents.agg("fatigue", np.mean) == fatigue.mean()
    assert agents.map(lambda agent: agent.fatigue) == fatigue.tolist()
    tired = agents.select(lambda agent: agent.fatigue > np.median(fatigue))
    assert len(tired) == (fatigue > np.median(fatigue)).sum() > 0
    assert agents.sort("fatigue", ascending=True)[0].fatigue == fatigue.min()
    groups = agents.groupby("is_manager").count()
    assert groups[1.0] == model.quantity("is_manager").sum() and sum(groups.values()) == 60
    assert model.agent_types == [Employee] and len(model.agents_by_type[Employee]) == 60


def test_a_selection_or_copy_of_the_agents_can_be_changed_separately(model):
    for own in (model.agents.select(at_most=10), model.agents.select(), copy.copy(model.agents)):
        own.discard(own[0])
        own.add(model.agents[0])
        assert type(own) is AgentSet
    assert len(model.agents) == 60


# -- the model as an object ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["fused", "reference"])
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copied_or_pickled_model_runs_separately_with_the_same_results(engine, copied):
    if engine == "fused":
        pytest.importorskip("numba")
    model = make(2, engine=engine)
    model.run_days(3)
    other, before = copied(model), copied(model)
    assert other.agents[3].model is other
    other.run_days(5)
    assert same(model, before) and not same(model, other)
    model.run_days(5)
    assert same(model, other)
    assert other.steps == 8


def test_two_models_in_one_process_do_not_affect_each_other():
    one, alone, other = make(), make(), make(2, availability="quiet_evenings")
    for _ in range(8):
        one.step()
        other.step()
    alone.run_days(8)
    assert same(one, alone) and not same(one, other)


def test_importing_the_model_leaves_the_loggers_alone():
    code = (
        "import logging, mesa\n"
        "names = ['', 'mesa', 'MESA']\n"
        "before = [logging.getLogger(name).level for name in names]\n"
        "import sim.model\n"
        "print(before == [logging.getLogger(name).level for name in names])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "True\n"


def test_a_step_writes_nothing_to_the_log_of_a_program_that_did_not_ask_for_mesas(caplog):
    with caplog.at_level(logging.WARNING):
        make().step()
    assert caplog.records == []
