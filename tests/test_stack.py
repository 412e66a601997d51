"""Replicates stacked in one engine: each gives to the bit what it gives alone."""

from dataclasses import fields, replace

import numpy as np
import pytest

from sim.engine.plan import Plan
from sim.errors import UserError
from sim.levers.scenario import Introduction, Scenario, Setting
from sim.outcomes.record import Adoption
from sim.runs.run import run
from sim.runs.stacked_runs import batches, burn_in_state, run_stacked
from sim.world.establishments import build
from sim.world.firm import FirmOptions, stack_firms

ANCHORED = Scenario(
    "anchored", "policy", withdrawn=("conversations",), settings=(Setting("attendance", "habit", 0.9, start=2),),
    introduced=(
        Introduction("anchor_days", start=1, share=0.6), Introduction("regular_contact"),
        Introduction("social_moments", intensity=2.0, use=1.0, hoops=1.0),
    ),
)  # fmt: skip


def assert_same_record(mine, alone) -> None:
    for field in fields(mine):
        own, other = (getattr(one, field.name) for one in (mine, alone))
        if isinstance(own, Adoption):
            own, other = vars(own), vars(other)
        np.testing.assert_equal(own, other, field.name)


@pytest.mark.parametrize("engine", ["reference", "auto"])
@pytest.mark.parametrize(
    "firm", [FirmOptions(kind="study", establishments=5, sample=17), FirmOptions("one", employees=90)]
)
def test_stacked_replicates_have_the_same_bits_as_separate_ones(measures, firm, engine):
    base = Plan(measures, firm=firm, weeks=3, burn_in=3, engine=engine)
    plans = [replace(base, scenarios=(base.scenarios[0], ANCHORED), replicate=replicate) for replicate in (0, 3, 1)]
    for together, plan in zip(run_stacked(plans), plans, strict=True):
        assert_same_record(together, run(plan))


def test_a_single_replicate_may_be_stacked_too(small_plan):
    assert_same_record(run_stacked([small_plan])[0], run(small_plan))


def test_a_forked_engine_has_the_same_bits_as_a_run_from_the_beginning(small_plan):
    both = replace(small_plan, scenarios=(small_plan.scenarios[0], ANCHORED))
    past = burn_in_state([both, replace(both, replicate=1)])
    weaker = replace(ANCHORED, withdrawn=(), settings=())
    for scenarios in (both.scenarios, (both.scenarios[0], weaker), both.scenarios):
        for record, plan in zip(past.simulate(scenarios), past.plans, strict=True):
            assert_same_record(record, run(replace(plan, scenarios=scenarios)))


def test_a_past_refuses_a_measure_it_has_never_known(small_plan):
    with pytest.raises(UserError, match="new introduces buddies, which the burn-in did not know"):
        burn_in_state([small_plan]).simulate([Scenario("new", "policy", (Introduction("buddies"),))])


def test_firms_stacked_keep_to_themselves():
    firms = [
        build(FirmOptions("one", employees=people), 1, replicate) for replicate, people in enumerate((40, 25, 300))
    ]
    whole = stack_firms(firms)
    of_firm = np.repeat(np.arange(3), [40, 25, 300])
    assert (of_firm[whole.ties.partner] == of_firm).all()
    led = whole.manager >= 0
    assert (of_firm[whole.manager[led]] == of_firm[led]).all()
    assert (np.diff(whole.team) >= 0).all() and whole.team[-1] + 1 == len(whole.team_identifier)
    np.testing.assert_array_equal(whole.establishment, of_firm)
    np.testing.assert_array_equal(whole.team_establishment[whole.team], whole.establishment)
    np.testing.assert_array_equal(whole.identifier[of_firm == 2], firms[2].identifier)


def test_plans_that_differ_in_more_than_the_replicate_are_refused(small_plan):
    with pytest.raises(UserError, match="differ only in"):
        run_stacked([small_plan, replace(small_plan, seed=2, replicate=1)])


def test_batches_keep_the_order_and_stack_only_equal_plans(small_plan):
    plans = [replace(small_plan, replicate=replicate) for replicate in range(300)]
    other = replace(small_plan, seed=9)
    cut = list(batches([*plans, other]))
    assert [plan for batch in cut for plan in batch] == [*plans, other]
    assert len(cut) == 3 and cut[-1] == [other]
    for workers, sizes in ((1, [7]), (2, [3, 4]), (4, [1, 2, 2, 2]), (9, [1] * 7)):
        assert [len(batch) for batch in batches(plans[:7], workers)] == sizes
