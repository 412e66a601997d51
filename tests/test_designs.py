"""Designs and factors: what may vary, its range or options, and the rows of each method."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.config import composition, plan_builder
from sim.engine.plan import Plan, registry_of
from sim.errors import UserError
from sim.experiments.designs import Design, Settings, factors_asked, make, read
from sim.experiments.factors import POLICY, DesignContext, Factor, choose, numbers_with_metadata
from sim.levers.scenario import Introduction, Scenario, Setting, combine_scenarios, scale_scenario

OVERRIDES = (
    "firm=one", "firm.employees=40", "weeks=2", "burn_in=1", "scenarios=[right_to_disconnect]", "engine=reference",
)  # fmt: skip
NUMBERS = (Factor("a", 1.0, 3.0, "sd"), Factor("b", -2.0, -1.0, "share"))
MIXED = (*NUMBERS, Factor("c", options=(0.0, 1.0)), Factor("d", options=("one", "two", "three")))


@pytest.fixture(scope="module")
def context() -> DesignContext:
    """Forty people, the right to disconnect beside the baseline."""
    return DesignContext(composition.compose(*OVERRIDES), OVERRIDES)


@pytest.fixture(scope="module")
def plan(context) -> Plan:
    return context.plan


# -- factors ---------------------------------------------------------------------------------------------------------


@given(st.lists(st.floats(0, 1), min_size=1), st.sampled_from(MIXED))
def test_the_values_of_a_factor_lie_in_its_range(shares, factor):
    values = factor.at(np.array(shares))
    if factor.options:
        assert set(values) <= set(factor.options)
    else:
        assert ((values >= factor.low) & (values <= factor.high)).all()


def test_all_options_have_equal_shares():
    values = Factor("d", options=("one", "two", "three")).at(np.linspace(0, 1, 301))
    assert all(abs(np.sum(values == option) - 100) <= 1 for option in ("one", "two", "three"))


def test_factors_have_the_ranges_of_parameters_and_the_two_settings_of_switches(plan):
    (factor,) = choose(["mechanisms.recovery.demands_hold"], plan)
    _, metadata = numbers_with_metadata(plan)["mechanisms.recovery.demands_hold"]
    assert (factor.low, factor.high, factor.unit) == (metadata.low, metadata.high, metadata.unit)
    assert all(factor.options == (0.0, 1.0) for factor in choose(["switches"], plan))


def test_groups_of_factors_are_open_numbers_without_duplicates(plan):
    names = [factor.name for factor in choose(["assumed", "sourced", "switches", "amounts", "mechanisms.*"], plan)]
    assert len(set(names)) == len(names)
    metadata = {name: own for name, (_, own) in numbers_with_metadata(plan).items()}
    for factor in choose(["assumed", "sourced", "switches"], plan):
        assert not {"centred", "fitted", "definition"} & set(metadata[factor.name].source.split())
    assert all(metadata[factor.name].assumed for factor in choose(["assumed"], plan))


def test_amounts_are_those_of_the_measures_that_the_study_introduces(plan):
    names = {factor.name for factor in choose(["amounts"], plan)}
    assert names == {"measures.right_to_disconnect.expected_availability"}


def test_one_name_needs_no_list(plan):
    assert choose("switches", plan) == choose(["switches"], plan)


def test_a_factor_varies_over_the_given_range_or_options(plan):
    demands, availability, weeks, two = choose(
        {"mechanisms.recovery.demands_hold": [0.2, 0.3], "availability": ["always_on", "practice_2022"],
         "weeks": [4, 8, 12], "burn_in": [26, 52]}, plan,
    )  # fmt: skip
    assert (demands.low, demands.high) == (0.2, 0.3)
    assert availability.options == ("always_on", "practice_2022")
    assert weeks.options == (4, 8, 12)
    assert two.options == (26, 52), "a setting without a range"


@pytest.mark.parametrize(
    ("factors", "message"),
    [
        (["mechanisms.recovery.demand_hold"], "demands_hold"),
        (["mechanisms.recover.demands_hold"], "Unknown factor"),
        (["asumed"], "assumed"),
        ([], "selects no factor"),
        ({"mechanisms.recovery.demands_hold": [0.2, 9.0]}, r"Invalid value for .*: 9\.0\. Use "),
        ({"mechanisms.recovery.demands_hold": [0.3, 0.2]}, "a lower and a higher"),
        ({"mechanisms.recovery.demands_hold": 0.2}, r"\[low, high\] or a list"),
        ({"availability": ["always_of"]}, "always_on"),
        ({"mechanisms.availability.sticky_norm": [0.5]}, "sticky_norm: 0.5. Use one of 0.0, 1.0"),
        (3, "Use names"),
        (["weeks"], "Unknown factor"),
        (["dose.quiet"], "Unknown factor"),
    ],
)
def test_an_invalid_factor_is_refused(plan, factors, message):
    with pytest.raises(UserError, match=message):
        choose(factors, plan)


# -- from a row to a plan --------------------------------------------------------------------------------------------


def test_an_empty_row_changes_nothing(context):
    assert context.at({}) == context.plan


def test_a_row_sets_parameters_instruments_and_measures(context):
    amount = "measures.right_to_disconnect.expected_availability"
    row = {"mechanisms.recovery.demands_hold": 0.25, "survey.reliability": 0.8, amount: -0.5}
    plan = context.at(row, replicate=3)
    assert plan.parameters["recovery"]["demands_hold"] == 0.25
    assert plan.parameters["survey"]["reliability"] == 0.8
    assert plan.replicate == 3
    (right,) = (measure for measure in plan.measures if measure.name == "right_to_disconnect")
    assert right.shifts["expected_availability"].amount == -0.5
    assert context.plan.parameters == DesignContext(composition.compose(*OVERRIDES), OVERRIDES).plan.parameters


def test_a_row_gives_the_plan_of_the_same_overrides_on_the_command_line(context):
    row = {"mechanisms.recovery.demands_hold": 0.25, "measures.right_to_disconnect.use": 0.3, "weeks": 4}
    overrides = [*OVERRIDES, *(f"{name}={value}" for name, value in row.items())]
    assert context.at(row) == plan_builder.build_plan(composition.compose(*overrides), overrides)


def test_levers_and_doses_of_a_row_make_its_policy(context):
    plan = context.at({"availability": "always_on", "schedule": "anchor_days"})
    assert [scenario.name for scenario in plan.scenarios] == ["baseline", POLICY]
    assert plan.scenarios[1].measures == {"anchor_days"}
    assert plan.scenarios[1].kind == "counterfactual"  # nobody could choose to be always on
    unchanged = context.at({"availability": "practice_2022"}).scenarios[1]
    assert not (unchanged.introduced or unchanged.settings or unchanged.withdrawn)
    joined = context.at({"schedule": "anchor_days", "dose.right_to_disconnect": 0.5}).scenarios[1]
    assert {one.measure: one.share for one in joined.introduced} == {"anchor_days": 1.0, "right_to_disconnect": 0.5}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"mechanisms.recovery.demands": 0.2}, "demands"),
        ({"measures.nap.use": 0.2}, "Unknown measure"),
        ({"measures.right_to_disconnect.expected_availability": 1.0}, "a number from -0.6 to 0"),
        ({"firm.employees": 3}, "whole number"),
        ({"dose.no_measures": 0.5}, "Use one that does not"),
        ({"strength.whole_package": 0.5}, "where employers have it already"),
        ({"availability": "nonsense"}, "Unknown option"),
    ],
)
def test_an_invalid_row_is_refused(context, row, message):
    with pytest.raises(UserError, match=message):
        registry_of(context.at(row))


def test_a_dose_and_a_strength_of_one_policy_are_one_policy(context):
    def introduced(dose: float, strength: float):
        row = {"dose.right_to_disconnect": dose, "strength.right_to_disconnect": strength}
        return context.at(row).scenarios[1].introduced

    (right,) = introduced(0.5, 1.5)
    assert (right.share, right.intensity) == (0.5, 1.5)
    assert introduced(0.0, 1.0) == ()


POLICY_OF_TWO = Scenario(
    "two", "policy", introduced=(Introduction("breaks", intensity=1.5),), settings=(Setting("cascade", "reach", 4.0),)
)
DEFAULTS = {"cascade.reach": 2.0}


@given(st.floats(0.01, 1), st.floats(0.01, 2))
def test_a_dose_scales_a_policy_within_its_limits(share, strength):
    policy = scale_scenario(POLICY_OF_TWO, DEFAULTS, share, strength)
    (breaks,), (reach,) = policy.introduced, policy.settings
    assert breaks.share == share
    assert breaks.intensity == min(1.5 * strength, 2.0)
    assert 2.0 <= reach.value <= 4.0


def test_a_dose_of_zero_is_no_policy_and_a_dose_of_one_is_the_policy():
    nothing = scale_scenario(POLICY_OF_TWO, DEFAULTS, 0.0)
    assert (nothing.introduced, nothing.settings) == ((), ())
    assert scale_scenario(POLICY_OF_TWO, DEFAULTS) == POLICY_OF_TWO


def test_policies_combine_and_the_last_counts():
    other = Scenario("other", "counterfactual", (Introduction("breaks", share=0.2), Introduction("buddies")))
    policy = combine_scenarios("both", [POLICY_OF_TWO, other])
    assert {one.measure: one.share for one in policy.introduced} == {"breaks": 0.2, "buddies": 1.0}
    assert policy.settings == POLICY_OF_TWO.settings
    assert policy.kind == "counterfactual"


# -- designs ---------------------------------------------------------------------------------------------------------

SAMPLED = ("latin_hypercube", "morris", "sobol", "draws")


def design_of(method: str, factors=MIXED, **options) -> Design:
    return make(Settings(method, **{"n": 8, **options}), factors)


@pytest.mark.parametrize("method", SAMPLED)
def test_every_value_of_a_design_lies_in_the_range_of_its_factor(method):
    table = design_of(method).table
    assert table["a"].between(1.0, 3.0).all() and table["b"].between(-2.0, -1.0).all()
    assert set(table["c"]) == {0.0, 1.0} and set(table["d"]) == {"one", "two", "three"}


@settings(max_examples=10)
@given(st.sampled_from(["morris", "sobol", "draws"]), st.integers(0, 5), st.integers(0, 3))
def test_a_larger_design_begins_with_the_rows_of_a_smaller_one(method, seed, doublings):
    small = design_of(method, n=4, seed=seed).table
    large = design_of(method, n=4 * 2**doublings, seed=seed).table
    pd.testing.assert_frame_equal(large.iloc[: len(small)], small)


def test_further_hypercubes_follow_the_first():
    small, large = design_of("latin_hypercube").table, design_of("latin_hypercube", times=3).table
    assert len(large) == 3 * len(small)
    pd.testing.assert_frame_equal(large.iloc[: len(small)], small)
    assert not large.duplicated().any()


def test_a_hypercube_has_one_row_in_each_part_of_each_range():
    shares = design_of("latin_hypercube", n=20).shares
    assert shares is not None
    assert (np.sort((shares * 20).astype(int), axis=0) == np.arange(20)[:, None]).all()


def test_a_screening_changes_one_factor_from_row_to_row():
    shares = design_of("morris", n=3).shares
    assert shares is not None
    steps = np.diff(shares.reshape(3, len(MIXED) + 1, -1), axis=1) != 0
    assert (steps.sum(axis=2) == 1).all() and (steps.sum(axis=1) == 1).all()


@pytest.mark.parametrize(("second", "each"), [(False, len(MIXED) + 2), (True, 2 * len(MIXED) + 2)])
def test_a_sobol_design_has_as_many_rows_as_its_indices_need(second, each):
    assert len(design_of("sobol", second_order=second).table) == 8 * each


def test_a_grid_has_every_value_with_every_other():
    table = design_of("grid", levels=3).table
    assert len(table) == 3 * 3 * 2 * 3 and not table.duplicated().any()
    assert sorted(set(table["a"])) == [1.0, 2.0, 3.0]


def test_one_at_a_time_begins_with_nothing_changed_and_changes_one():
    rows = design_of("one_at_a_time", levels=3).rows()
    assert rows[0] == {}
    assert [len(row) for row in rows[1:]] == [1] * (3 + 3 + 2 + 3)


def test_a_design_is_read_as_it_was_written(tmp_path):
    design = design_of("latin_hypercube")
    design.table.to_csv(tmp_path / "rows.csv", index_label="row")
    assert make(Settings("file", file=str(tmp_path / "rows.csv")), ()).rows() == design.rows()


def test_the_columns_of_a_file_are_its_factors(tmp_path, plan):
    (tmp_path / "rows.csv").write_text(
        "row, mechanisms.recovery.demands_hold ,mechanisms.availability.sticky_norm,availability,survey.reliability\n"
        "0,0.3,true,always_on,\n1,0.2,FALSE,,\n"
    )
    options = Settings("file", file=str(tmp_path / "rows.csv"))
    factors = choose(factors_asked(options), plan)
    assert [factor.name for factor in factors] == [
        "mechanisms.recovery.demands_hold", "mechanisms.availability.sticky_norm", "availability",
    ]  # fmt: skip
    assert make(options, factors).rows()[1] == {
        "mechanisms.recovery.demands_hold": 0.2, "mechanisms.availability.sticky_norm": False,
    }  # fmt: skip


def test_blank_cells_leave_a_factor_as_it_is(tmp_path):
    (tmp_path / "rows.csv").write_text("weeks,availability\n4,\n,always_on\n8,always_on\n")
    assert make(Settings("file", file=str(tmp_path / "rows.csv")), ()).rows() == [
        {"weeks": 4}, {"availability": "always_on"}, {"weeks": 8, "availability": "always_on"},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "message"),
    [("", "cannot be read"), ("weeks\n", "has no rows"), ("weeks,\n4,5\n", "needs its own name"), (None, "No such")],
)
def test_a_file_without_a_valid_design_is_refused(tmp_path, content, message):
    path = tmp_path / "rows.csv"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UserError, match=message):
        read(path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "sobols"}, "sobol"),
        ({"method": "sobol", "n": 100}, "power of two"),
        ({"method": "morris", "levels": 3}, "even"),
        ({"method": "draws", "n": 0}, "Use 1 or more"),
        ({"method": "draws", "n": -1}, "Use 1 or more"),
        ({"method": "latin_hypercube", "times": 0}, "Use 1 or more"),
        ({"method": "draws", "seed": -1}, "Use 0 or more"),
        ({"method": "draws", "n": 10**9}, "at most 10,000,000"),
        ({"method": "file"}, "Missing setting: design.file"),
        ({"method": "grid", "levels": 10**30}, "more than"),
    ],
)
def test_an_invalid_design_is_refused(options, message):
    with pytest.raises(UserError, match=message):
        make(Settings(**{"n": 8, **options}), NUMBERS)


def test_a_screening_varies_all_open_numbers_and_a_grid_the_amounts_by_default(plan):
    assert len(choose(factors_asked(Settings("morris")), plan)) > 200
    assert factors_asked(Settings("grid")) == ("amounts",)
    assert factors_asked(Settings("draws", factors=["switches"])) == ["switches"]
