"""Designs and factors: what may be varied, over what, and which rows a method makes of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.config import composition, plan_builder
from sim.engine.plan import Plan
from sim.errors import UserError
from sim.experiments.designs import Design, Settings, factors_asked, make, read
from sim.experiments.factors import POLICY, DesignContext, Factor, choose, numbers_with_metadata
from sim.levers.scenario import Introduction, Scenario, Setting, combine_scenarios, scale_scenario

ASKED = ("firm=one", "firm.employees=40", "weeks=2", "burn_in=1", "scenarios=[right_to_disconnect]", "engine=reference")
NUMBERS = (Factor("a", 1.0, 3.0, "sd"), Factor("b", -2.0, -1.0, "share"))
MIXED = (*NUMBERS, Factor("c", options=(0.0, 1.0)), Factor("d", options=("one", "two", "three")))


@pytest.fixture(scope="module")
def ground() -> DesignContext:
    """Forty people, the right to disconnect beside the baseline."""
    return DesignContext(composition.compose(*ASKED), ASKED)


@pytest.fixture(scope="module")
def plan(ground) -> Plan:
    return ground.plan


# -- factors ---------------------------------------------------------------------------------------------------------


@given(st.lists(st.floats(0, 1), min_size=1), st.sampled_from(MIXED))
def test_a_factor_never_leaves_its_range(shares, factor):
    values = factor.at(np.array(shares))
    if factor.options:
        assert set(values) <= set(factor.options)
    else:
        assert ((values >= factor.low) & (values <= factor.high)).all()


def test_equal_shares_of_the_way_go_to_every_option():
    values = Factor("d", options=("one", "two", "three")).at(np.linspace(0, 1, 301))
    assert all(abs(np.sum(values == option) - 100) <= 1 for option in ("one", "two", "three"))


def test_parameters_bring_their_ranges_and_switches_are_choices(plan):
    (factor,) = choose(["mechanisms.recovery.demands_hold"], plan)
    _, passport = numbers_with_metadata(plan)["mechanisms.recovery.demands_hold"]
    assert (factor.low, factor.high, factor.unit) == (passport.low, passport.high, passport.unit)
    assert all(factor.options == (0.0, 1.0) for factor in choose(["switches"], plan))


def test_groups_hold_what_is_open_and_nothing_twice(plan):
    factors = choose(["assumed", "sourced", "switches", "amounts", "mechanisms.*"], plan)
    names = [factor.name for factor in factors]
    assert len(set(names)) == len(names)
    passports = {name: passport for name, (_, passport) in numbers_with_metadata(plan).items()}
    open_ones = choose(["assumed", "sourced", "switches"], plan)
    for factor in open_ones:
        assert not {"centred", "fitted", "definition"} & set(passports[factor.name].source.split())
    assert all(passports[f.name].assumed for f in choose(["assumed"], plan))


def test_amounts_are_those_of_the_measures_that_the_study_introduces(plan):
    names = {factor.name for factor in choose(["amounts"], plan)}
    assert names == {"measures.right_to_disconnect.expected_availability"}


def test_of_a_setting_without_a_range_two_numbers_are_two_options(plan):
    (weeks,) = choose({"weeks": [26, 52]}, plan)
    assert weeks.options == (26, 52)


def test_one_name_may_stand_alone(plan):
    assert choose("switches", plan) == choose(["switches"], plan)


def test_a_factor_varies_over_what_is_asked(plan):
    asked = {
        "mechanisms.recovery.demands_hold": [0.2, 0.3],
        "availability": ["always_on", "practice_2022"],
        "weeks": [4, 8, 12],
    }
    demands, availability, weeks = choose(asked, plan)
    assert (demands.low, demands.high) == (0.2, 0.3)
    assert availability.options == ("always_on", "practice_2022")
    assert weeks.options == (4, 8, 12)


WRONG = {
    "no such name": (["mechanisms.recovery.demand_hold"], "demands_hold"),
    "no such process": (["mechanisms.recover.demands_hold"], "Unknown factor"),
    "no such group": (["asumed"], "assumed"),
    "nothing": ([], "selects no factor"),
    "beyond the range": ({"mechanisms.recovery.demands_hold": [0.2, 9.0]}, r"Invalid value for .*: 9\.0\. Use "),
    "backwards": ({"mechanisms.recovery.demands_hold": [0.3, 0.2]}, "a lower and a higher"),
    "no span": ({"mechanisms.recovery.demands_hold": 0.2}, r"\[low, high\] or a list"),
    "sticky_norm: 0.5. Use one of 0.0, 1.0": ({"availability": ["always_of"]}, "always_on"),
    "half a switch": ({"mechanisms.availability.sticky_norm": [0.5]}, "sticky_norm: 0.5. Use one of 0.0, 1.0"),
    "a number": (3, "Use names"),
    "a setting without options": (["weeks"], "Unknown factor"),
    "a dose of a scenario that is not": (["dose.quiet"], "Unknown factor"),
}


@pytest.mark.parametrize(("asked", "told"), WRONG.values(), ids=list(WRONG))
def test_a_factor_that_cannot_be_is_told(plan, asked, told):
    with pytest.raises(UserError, match=told):
        choose(asked, plan)


# -- from a row to a plan --------------------------------------------------------------------------------------------


def test_an_empty_row_is_the_ground_itself(ground):
    assert ground.at({}) == ground.plan


def test_a_row_sets_parameters_instruments_and_measures(ground):
    made = ground.at(
        {
            "mechanisms.recovery.demands_hold": 0.25,
            "survey.reliability": 0.8,
            "measures.right_to_disconnect.expected_availability": -0.5,
        },
        replicate=3,
    )
    assert made.parameters["recovery"]["demands_hold"] == 0.25
    assert made.parameters["survey"]["reliability"] == 0.8
    assert made.replicate == 3
    (right,) = (m for m in made.measures if m.name == "right_to_disconnect")
    assert right.shifts["expected_availability"].amount == -0.5
    assert ground.plan.parameters == DesignContext(composition.compose(*ASKED), ASKED).plan.parameters


def test_a_row_means_what_the_same_words_mean_on_the_command_line(ground):
    row = {"mechanisms.recovery.demands_hold": 0.25, "measures.right_to_disconnect.use": 0.3, "weeks": 4}
    asked = [*ASKED, *(f"{name}={value}" for name, value in row.items())]
    assert ground.at(row) == plan_builder.build_plan(composition.compose(*asked), asked)


def test_levers_of_a_row_make_its_policy(ground):
    made = ground.at({"availability": "always_on", "schedule": "anchor_days"})
    assert [scenario.name for scenario in made.scenarios] == ["baseline", POLICY]
    assert made.scenarios[1].measures == {"anchor_days"}
    assert made.scenarios[1].kind == "counterfactual"  # nobody could choose to be always on
    unchanged = ground.at({"availability": "practice_2022"}).scenarios[1]
    assert not (unchanged.introduced or unchanged.settings or unchanged.withdrawn)


def test_doses_of_a_row_join_its_levers(ground):
    made = ground.at({"schedule": "anchor_days", "dose.right_to_disconnect": 0.5})
    shares = {one.measure: one.share for one in made.scenarios[1].introduced}
    assert shares == {"anchor_days": 1.0, "right_to_disconnect": 0.5}


@pytest.mark.parametrize(
    ("row", "told"),
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
def test_a_row_that_cannot_be_is_told(ground, row, told):
    from sim.engine.plan import registry_of

    with pytest.raises(UserError, match=told):
        registry_of(ground.at(row))


def test_a_dose_and_a_strength_of_one_policy_are_one_policy(ground):
    made = ground.at({"dose.right_to_disconnect": 0.5, "strength.right_to_disconnect": 1.5})
    (right,) = made.scenarios[1].introduced
    assert (right.share, right.intensity) == (0.5, 1.5)
    assert (
        ground.at({"dose.right_to_disconnect": 0.0, "strength.right_to_disconnect": 1.0}).scenarios[1].introduced == ()
    )


POLICY_OF_TWO = Scenario(
    "two", "policy", introduced=(Introduction("breaks", intensity=1.5),), settings=(Setting("cascade", "reach", 4.0),)
)


@given(st.floats(0.01, 1), st.floats(0.01, 2))
def test_a_dose_goes_part_of_the_way_and_never_beyond(share, strength):
    made = scale_scenario(POLICY_OF_TWO, {"cascade.reach": 2.0}, share, strength)
    (breaks,), (reach,) = made.introduced, made.settings
    assert breaks.share == share
    assert breaks.intensity == min(1.5 * strength, 2.0)
    assert 2.0 <= reach.value <= 4.0


def test_a_dose_of_nothing_is_no_policy_and_a_whole_one_is_the_policy():
    nothing = scale_scenario(POLICY_OF_TWO, {"cascade.reach": 2.0}, 0.0)
    assert (nothing.introduced, nothing.settings) == ((), ())
    assert scale_scenario(POLICY_OF_TWO, {"cascade.reach": 2.0}) == POLICY_OF_TWO


def test_policies_combine_and_the_last_counts():
    other = Scenario("other", "counterfactual", (Introduction("breaks", share=0.2), Introduction("buddies")))
    made = combine_scenarios("both", [POLICY_OF_TWO, other])
    assert {one.measure: one.share for one in made.introduced} == {"breaks": 0.2, "buddies": 1.0}
    assert made.settings == POLICY_OF_TWO.settings
    assert made.kind == "counterfactual"


# -- designs ---------------------------------------------------------------------------------------------------------

SAMPLED = ("latin_hypercube", "morris", "sobol", "draws")


def designed(method: str, factors=MIXED, **options) -> Design:
    return make(Settings(method, **{"n": 8, **options}), factors)


@pytest.mark.parametrize("method", SAMPLED)
def test_every_value_of_a_design_lies_in_its_factors_range(method):
    table = designed(method).table
    assert table["a"].between(1.0, 3.0).all() and table["b"].between(-2.0, -1.0).all()
    assert set(table["c"]) == {0.0, 1.0} and set(table["d"]) == {"one", "two", "three"}


@settings(max_examples=10)
@given(st.sampled_from(["morris", "sobol", "draws"]), st.integers(0, 5), st.integers(0, 3))
def test_a_larger_design_begins_with_the_rows_of_a_smaller_one(method, seed, doublings):
    small = designed(method, n=4, seed=seed).table
    large = designed(method, n=4 * 2**doublings, seed=seed).table
    pd.testing.assert_frame_equal(large.iloc[: len(small)], small)


def test_more_hypercubes_go_below_the_first():
    small, large = designed("latin_hypercube").table, designed("latin_hypercube", times=3).table
    assert len(large) == 3 * len(small)
    pd.testing.assert_frame_equal(large.iloc[: len(small)], small)
    assert not large.duplicated().any()


def test_a_hypercube_has_one_row_in_each_part_of_each_range():
    shares = designed("latin_hypercube", n=20).shares
    assert shares is not None
    assert (np.sort((shares * 20).astype(int), axis=0) == np.arange(20)[:, None]).all()


def test_a_screening_changes_one_factor_from_row_to_row():
    shares = designed("morris", n=3).shares
    assert shares is not None
    steps = np.diff(shares.reshape(3, len(MIXED) + 1, -1), axis=1) != 0
    assert (steps.sum(axis=2) == 1).all() and (steps.sum(axis=1) == 1).all()


@pytest.mark.parametrize(("second", "each"), [(False, len(MIXED) + 2), (True, 2 * len(MIXED) + 2)])
def test_a_sobol_design_has_as_many_rows_as_its_indices_need(second, each):
    assert len(designed("sobol", second_order=second).table) == 8 * each


def test_a_grid_has_every_value_with_every_other():
    table = designed("grid", levels=3).table
    assert len(table) == 3 * 3 * 2 * 3 and not table.duplicated().any()
    assert sorted(set(table["a"])) == [1.0, 2.0, 3.0]


def test_one_at_a_time_begins_with_nothing_changed_and_changes_one():
    rows = designed("one_at_a_time", levels=3).rows()
    assert rows[0] == {}
    assert [len(row) for row in rows[1:]] == [1] * (3 + 3 + 2 + 3)


def test_a_design_is_read_as_it_was_written(tmp_path):
    written = designed("latin_hypercube")
    written.table.to_csv(tmp_path / "rows.csv", index_label="row")
    kept = make(Settings("file", file=str(tmp_path / "rows.csv")), ())
    assert kept.rows() == written.rows()


def test_the_columns_of_a_file_are_its_factors(tmp_path, plan):
    (tmp_path / "rows.csv").write_text(
        "row, mechanisms.recovery.demands_hold ,mechanisms.availability.sticky_norm,availability,survey.reliability\n"
        "0,0.3,true,always_on,\n1,0.2,FALSE,,\n"
    )
    asked = Settings("file", file=str(tmp_path / "rows.csv"))
    factors = choose(factors_asked(asked), plan)
    assert [factor.name for factor in factors] == [
        "mechanisms.recovery.demands_hold", "mechanisms.availability.sticky_norm", "availability",
    ]  # fmt: skip
    assert make(asked, factors).rows()[1] == {
        "mechanisms.recovery.demands_hold": 0.2, "mechanisms.availability.sticky_norm": False,
    }  # fmt: skip


def test_blank_cells_leave_a_factor_as_it_is(tmp_path):
    (tmp_path / "rows.csv").write_text("weeks,availability\n4,\n,always_on\n8,always_on\n")
    assert make(Settings("file", file=str(tmp_path / "rows.csv")), ()).rows() == [
        {"weeks": 4}, {"availability": "always_on"}, {"weeks": 8, "availability": "always_on"},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "cannot be read"),
        ("weeks\n", "has no rows"),
        ("weeks,\n4,5\n", "a name of its own"),
        (None, "No such file"),
    ],
)
def test_a_file_that_is_no_design_is_told(tmp_path, content, told):
    path = tmp_path / "rows.csv"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UserError, match=told):
        read(path)


@pytest.mark.parametrize(
    ("options", "told"),
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
def test_a_design_that_cannot_be_is_told(options, told):
    with pytest.raises(UserError, match=told):
        make(Settings(**{"n": 8, **options}), NUMBERS)


def test_a_screening_and_draws_vary_everything_that_is_open_unless_told(plan):
    assert len(choose(factors_asked(Settings("morris")), plan)) > 200
    assert factors_asked(Settings("grid")) == ("amounts",)
    assert factors_asked(Settings("draws", factors=["switches"])) == ["switches"]
