"""The comparison of every option leaves out no option of any lever and compares none twice."""

from __future__ import annotations

from collections import Counter

import pytest

from sim.config import plan_builder, scenario_choice
from sim.errors import UserError
from sim.levers.scenario import Scenario


def changes(scenario: Scenario) -> tuple[frozenset, ...]:
    """Return the changes of a scenario, whatever its name."""
    return frozenset(scenario.introduced), frozenset(scenario.withdrawn), frozenset(scenario.settings)


@pytest.fixture(scope="module")
def compared() -> tuple[Scenario, ...]:
    return plan_builder.plan("experiment=every_option").scenarios


@pytest.mark.parametrize("name", [*scenario_choice.scenario_names(), *scenario_choice.option_names()])
def test_every_option_and_every_scenario_is_compared(name, compared):
    assert changes(scenario_choice.scenario_named(name)) in {changes(scenario) for scenario in compared}


def test_no_two_entries_are_the_same_policy(compared):
    assert [twice for twice, count in Counter(map(changes, compared)).items() if count > 1] == []


def test_every_policy_of_the_default_list_is_compared_too(compared):
    default = {scenario.name for scenario in plan_builder.plan().scenarios}
    assert default <= {scenario.name for scenario in compared}


def test_an_option_by_its_full_name_is_the_one_a_lever_chooses():
    by_name = scenario_choice.scenario_named("communication.reminders")
    by_lever = plan_builder.plan("communication=reminders").scenarios[1]
    assert changes(by_name) == changes(by_lever)
    assert (by_name.kind, by_name.text) == (by_lever.kind, by_lever.text) and by_name.text


def test_an_option_that_no_employer_can_take_is_counterfactual():
    assert scenario_choice.scenario_named("schedule.at_home").kind == "counterfactual"


@pytest.mark.parametrize("name", ["communication.reminder", "social.reminders", "leadership.", ".active", "fit.point"])
def test_an_option_that_does_not_exist_is_one_line(name):
    with pytest.raises(UserError, match="scenario"):
        plan_builder.plan(f"scenarios=[{name}]")
