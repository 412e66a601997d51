"""The model as Mesa sees it; run under Mesa 3.3 and 3.5 alike."""

from __future__ import annotations

import inspect

import mesa
import numpy as np
import pytest

import sim
from sim.errors import UserError
from sim.outcomes.definitions import OUTCOMES

SMALL = {"firm": "one", "firm__employees": 60, "burn_in": 2, "weeks": 4}
SEEDED = {**SMALL, "seed": 1}


@pytest.fixture(scope="module")
def model():
    return sim.HybridWorkModel(**SMALL)


def test_it_is_a_mesa_model_of_the_practice_of_2022(model):
    assert isinstance(model, mesa.Model)
    assert [scenario.name for scenario in model.plan.scenarios] == ["baseline"]


def test_a_named_scenario_or_a_lever_is_simulated():
    named, lever = ({"scenario": "right_to_disconnect"}, {"availability": "quiet_evenings"})
    plans = [sim.HybridWorkModel(**SMALL, **setting).plan for setting in (named, lever)]
    assert [scenario.name for scenario in plans[0].scenarios] == ["right_to_disconnect"]
    assert plans[1].scenarios[0].measures == {"quiet_evenings"}


def test_a_step_is_a_day_and_is_collected():
    model = sim.HybridWorkModel(**SMALL)
    first = model.date
    for _ in range(5):
        model.step()
    assert model.steps == model.day == 5
    assert (model.date - first).days == 5
    collected = model.datacollector.get_model_vars_dataframe()
    assert list(collected.columns) == list(OUTCOMES)
    assert len(collected) == 1 + 5


def test_steps_with_shuffled_agents_equal_many_days_at_once_which_are_collected_weekly():
    stepped, run = sim.HybridWorkModel(**SEEDED), sim.HybridWorkModel(**SEEDED)
    for _ in range(15):
        stepped.step()
        list(stepped.agents.shuffle())  # uses no random number of the model
    run.run_days(15)
    assert np.array_equal(stepped.quantity("exhaustion"), run.quantity("exhaustion"))
    assert len(run.datacollector.get_model_vars_dataframe()) == 1 + 2


def test_agents_read_their_rows(model):
    agents = list(model.agents)
    assert len(agents) == model.people
    exhaustion = model.quantity("exhaustion")
    assert [agent.exhaustion for agent in agents] == pytest.approx(exhaustion.tolist())
    with pytest.raises(AttributeError, match="Unknown quantity of employees: mood"):
        agents[0].mood  # noqa: B018


def test_a_number_from_mesa_replaces_the_seed():
    first, again, other = (sim.HybridWorkModel(rng=seed, **SMALL) for seed in (5, 5, 6))
    assert np.array_equal(first.quantity("exhaustion"), again.quantity("exhaustion"))
    assert not np.array_equal(first.quantity("exhaustion"), other.quantity("exhaustion"))


def test_batch_run_of_mesa_uses_different_seeds():
    takes_rng = "rng" in inspect.signature(mesa.batch_run).parameters
    seeds = {"rng": [1, 2]}
    rows = mesa.batch_run(
        sim.HybridWorkModel,
        SMALL if takes_rng else {**SMALL, **seeds},
        number_processes=1,
        max_steps=3,
        display_progress=False,
        **(seeds if takes_rng else {}),
    )
    assert len({row["exhaustion"] for row in rows}) == 2


def test_the_network_converts_to_networkx(model):
    assert model.to_networkx().number_of_nodes() == model.people


def test_a_model_may_start_without_burn_in_and_counts_its_steps():
    model = sim.HybridWorkModel(**{**SMALL, "burn_in": 0})
    model.run_days(7)
    model.step()
    assert (model.day, model.steps) == (8, 8)
    collected = model.datacollector.get_model_vars_dataframe()
    assert list(collected.index) == [0, 7, 8]
    assert collected["exhaustion"].notna().all()
    assert list(collected["overtime"].notna()) == [False, True, True]
    assert collected["overtime"][8] == model.outcome("overtime")


def test_an_unknown_scenario_outcome_or_quantity_is_refused(model):
    with pytest.raises(UserError):
        sim.HybridWorkModel(**SMALL, scenario="no_such_scenario")
    with pytest.raises(UserError, match=r"Unknown outcome: burnout. Use one of burn_out_complaints"):
        model.outcome("burnout")
    with pytest.raises(UserError, match=r"Unknown quantity: exhaustin.*Did you mean 'exhaustion'"):
        model.quantity("exhaustin")
