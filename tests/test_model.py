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


def test_it_is_a_mesa_model(model):
    assert isinstance(model, mesa.Model)


def test_without_a_scenario_it_simulates_the_practice_of_2022(model):
    assert [scenario.name for scenario in model.plan.scenarios] == ["baseline"]


def test_a_named_scenario_is_the_one_lived():
    model = sim.HybridWorkModel(**SMALL, scenario="right_to_disconnect")
    assert [scenario.name for scenario in model.plan.scenarios] == ["right_to_disconnect"]


def test_a_lever_makes_a_scenario_of_its_own():
    model = sim.HybridWorkModel(**SMALL, availability="quiet_evenings")
    assert model.plan.scenarios[0].measures == {"quiet_evenings"}


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


def test_many_days_at_once_are_the_same_days_collected_weekly():
    stepped, ran = sim.HybridWorkModel(**SEEDED), sim.HybridWorkModel(**SEEDED)
    for _ in range(15):
        stepped.step()
    ran.run_days(15)
    assert np.array_equal(stepped.quantity("exhaustion"), ran.quantity("exhaustion"))
    assert len(ran.datacollector.get_model_vars_dataframe()) == 1 + 2


def test_agents_are_windows_on_rows(model):
    agents = list(model.agents)
    assert len(agents) == model.people
    exhaustion = model.quantity("exhaustion")
    assert [agent.exhaustion for agent in agents] == pytest.approx(exhaustion.tolist())
    with pytest.raises(AttributeError, match="Unknown quantity of employees: luck"):
        agents[0].luck  # noqa: B018


def test_looking_at_agents_changes_nobodys_luck():
    looked, left = sim.HybridWorkModel(**SEEDED), sim.HybridWorkModel(**SEEDED)
    for _ in range(7):
        looked.step()
        list(looked.agents.shuffle())
        left.step()
    assert np.array_equal(looked.quantity("exhaustion"), left.quantity("exhaustion"))


def test_a_number_from_mesa_replaces_the_seed():
    first, again, other = (sim.HybridWorkModel(rng=seed, **SMALL) for seed in (5, 5, 6))
    assert np.array_equal(first.quantity("exhaustion"), again.quantity("exhaustion"))
    assert not np.array_equal(first.quantity("exhaustion"), other.quantity("exhaustion"))


def test_mesas_batch_run_runs_it_with_different_seeds():
    takes_rng = "rng" in inspect.signature(mesa.batch_run).parameters
    seeds = {"rng": [1, 2]}
    found = mesa.batch_run(
        sim.HybridWorkModel,
        SMALL if takes_rng else {**SMALL, **seeds},
        number_processes=1,
        max_steps=3,
        display_progress=False,
        **(seeds if takes_rng else {}),
    )
    assert len({row["exhaustion"] for row in found}) == 2


def test_the_network_comes_out_as_networkx(model):
    graph = model.to_networkx()
    assert graph.number_of_nodes() == model.people


def test_an_unknown_option_is_refused():
    with pytest.raises(UserError):
        sim.HybridWorkModel(**SMALL, scenario="no_such_scenario")


def test_a_model_may_begin_without_a_past_and_counts_its_steps():
    model = sim.HybridWorkModel(**{**SMALL, "burn_in": 0})
    model.run_days(7)
    model.step()
    assert (model.day, model.steps) == (8, 8)
    collected = model.datacollector.get_model_vars_dataframe()
    assert list(collected.index) == [0, 7, 8]
    assert collected["exhaustion"].notna().all()
    assert list(collected["overtime"].notna()) == [False, True, True]
    assert collected["overtime"][8] == model.outcome("overtime")


def test_an_unknown_outcome_or_quantity_is_told(model):
    with pytest.raises(UserError, match=r"Unknown outcome: burnout. Use one of burn_out_complaints"):
        model.outcome("burnout")
    with pytest.raises(UserError, match=r"Unknown quantity: exhaustin.*Did you mean 'exhaustion'"):
        model.quantity("exhaustin")
