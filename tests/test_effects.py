"""From runs to tables: intervals, users, groups, and what an instrument shows of a latent state."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sim.config.plan_builder import plan as plan_of
from sim.engine.plan import BASELINE, Plan
from sim.levers.scenario import Introduction, Scenario
from sim.outcomes.definitions import GAINS_IN, GROUPS, HEADLINES, MARGIN, OUTCOMES, SMALLEST_GROUP
from sim.outcomes.effects import (
    CHANCE,
    DRAWS,
    LITTLE,
    cascade_table,
    counts,
    effects,
    gains,
    interval,
    spread,
    trajectories,
)
from sim.outcomes.record import LAST_WEEKS, STAGES, Record, users
from sim.outcomes.samples import Samples, samples_of
from sim.runs.run import run
from sim.studies.scenarios import compare, facts, headlines, show
from sim.survey.survey import Survey
from sim.world.calendar import Calendar
from sim.world.firm import FirmOptions

COLUMNS = [
    "scenario", "kind", "outcome", "group", "baseline", "difference", "low", "high", "replicates", "interval", "unit",
    "reason",
]  # fmt: skip
POLICY = Scenario("policy", "policy", (Introduction("chairs"), Introduction("breaks")))
NO_MEASURE = Scenario("no_measure", "counterfactual")
SCENARIOS = (BASELINE, POLICY, NO_MEASURE)
MEASURES = ("breaks", "chairs", "desks")
PLACES, WEEKS = 40, 30
OUTCOME = list(OUTCOMES)
GROUP = list(GROUPS)


def record_of(number: int) -> Record:
    """A record of noise, in which the policy adds 2 to every outcome of everybody and 5 to those who use a measure."""
    rng = np.random.default_rng(number)
    base = rng.standard_normal((WEEKS, len(OUTCOMES), len(GROUPS)))
    weekly = np.stack([base, base + 2, base]).astype(np.float32)
    people = np.full((3, WEEKS, len(GROUPS)), 20.0)
    people[:, WEEKS // 2, GROUP.index("newcomers")] = SMALLEST_GROUP - 1
    usual = {name: rng.standard_normal((1, PLACES)).astype(np.float32) for name in OUTCOMES}
    using = np.zeros((3, len(MEASURES), PLACES), np.float32)
    using[1, 0, :12] = 0.5
    using[1, 1, 6:15] = 0.9
    using[1, 2, 20:] = 1.0
    using[:, 0, 30:] = 0.49
    moved = np.where(np.arange(PLACES) < 15, 5, 0)
    final = {name: np.concatenate([own, own + moved, own]).astype(np.float32) for name, own in usual.items()}
    groups = {name: np.arange(PLACES) < 20 for name in GROUPS}
    cascade = np.full((3, len(MEASURES), 3, len(STAGES)), np.nan, np.float32)
    return Record(weekly, people, final, cascade, groups, using, np.ones((3, PLACES), bool))


def of(records: list[Record]) -> Samples:
    return samples_of(records, SCENARIOS, MEASURES)


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return [record_of(number) for number in range(5)]


@pytest.fixture(scope="module")
def table(records):
    return effects(of(records))


# -- intervals -------------------------------------------------------------------------------------------------------


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=30))
def test_intervals_are_students(samples):
    mean, low, high, count = interval(np.array(samples))
    assert count == len(samples)
    assert mean == pytest.approx(np.mean(samples), abs=1e-9)
    spread = stats.sem(samples)
    if spread > 1e-9:
        expected = stats.t.interval(0.95, len(samples) - 1, np.mean(samples), spread)
        assert (low, high) == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_intervals_run_over_replicates_and_skip_missing_values():
    samples = np.array([[1.0, np.nan, np.nan], [3.0, 2.0, np.nan], [5.0, 4.0, np.nan]])
    mean, low, _high, count = interval(samples)
    assert count.tolist() == [3, 2, 0]
    assert mean[:2].tolist() == [3, 3]
    assert np.isnan(mean[2])
    assert low[1] == pytest.approx(stats.t.interval(0.95, 1, 3, stats.sem([2, 4]))[0])


def test_a_single_replicate_has_no_interval():
    mean, low, high, count = interval(np.array([4.0]))
    assert mean == 4 and count == 1
    assert np.isnan(low) and np.isnan(high)


def test_95_percent_of_intervals_contain_the_true_value():
    samples = np.random.default_rng(3).standard_normal((8, 4000))
    _, low, high, _ = interval(samples)
    assert np.mean((low < 0) & (high > 0)) == pytest.approx(0.95, abs=0.012)


@given(st.lists(st.floats(-100, 100), min_size=20, max_size=60))
def test_90_percent_of_draws_lie_in_their_interval(samples):
    drawn = np.array(samples)
    mean, low, high, count = spread(drawn)
    assert mean == pytest.approx(np.mean(drawn), abs=1e-9)
    assert count == len(drawn)
    assert 0.8 <= np.mean((drawn >= low - 1e-9) & (drawn <= high + 1e-9)) <= 1


def test_missing_draws_are_left_out_and_one_draw_has_no_interval():
    samples = np.array([[1.0, np.nan, np.nan], [3.0, 2.0, np.nan]])
    mean, low, high, count = spread(samples)
    assert count.tolist() == [2, 1, 0]
    assert mean[:2].tolist() == [2, 2]
    assert low[0] == pytest.approx(1.1)
    assert high[0] == pytest.approx(2.9)
    assert np.isnan([mean[2], low[1], high[1], low[2], high[2]]).all()


def test_more_draws_do_not_narrow_their_interval_as_more_replicates_of_one_draw_do():
    many = np.random.default_rng(5).standard_normal((2, 2000))
    few = many[:, :100]
    widths = {of: [np.subtract(*of(s.T)[2:0:-1]).mean() for s in (few, many)] for of in (interval, spread)}
    assert widths[interval][1] < 0.3 * widths[interval][0]
    assert widths[spread][1] > 0.8 * widths[spread][0]


# -- the table of effects --------------------------------------------------------------------------------------------


def test_effects_have_fixed_columns_and_the_units_of_their_outcomes(table):
    assert list(table.columns) == COLUMNS
    assert all(OUTCOMES[row.outcome].unit == row.unit for row in table.itertuples())
    assert OUTCOMES["burn_out_complaints"].unit == "per 1,000 employees"
    assert not table[["baseline", "difference", "low", "high", "unit", "kind"]].isna().any(axis=None)


def test_tables_state_the_type_of_their_intervals(records, table):
    drawn = effects(of(records), DRAWS)
    assert set(table.interval) == {CHANCE}
    assert set(drawn.interval) == {DRAWS}
    pd.testing.assert_series_equal(drawn.difference, table.difference)
    assert (drawn.high - drawn.low).sum() != pytest.approx((table.high - table.low).sum())


def test_runs_are_counted_by_direction(records):
    found = counts(of(records)).set_index(["scenario", "outcome", "group"]).sort_index()
    assert (found[["lower", "little", "higher"]].sum(axis=1) == len(records)).all()
    assert (found.loc["policy", "higher"] == len(records)).all(), "the policy adds to every outcome in every run"
    assert (found.loc["no_measure", "little"] == len(records)).all(), "what changes nothing changes little"
    assert set(found.index.get_level_values("outcome")) == set(HEADLINES)
    assert found.loc[("policy", "burn_out_complaints", "users"), "margin"] == LITTLE["burn_out_complaints"]


def test_there_is_one_row_for_each_scenario_outcome_and_group_large_enough(table):
    assert not table.duplicated(["scenario", "outcome", "group"]).any()
    assert set(table.scenario) == {"policy", "no_measure"}, "the baseline is what the others are compared with"
    assert set(table.outcome) == set(OUTCOMES)
    assert set(table.group) == {*GROUPS, "users"} - {"newcomers"}, "fewer than ten in any week are left out"
    assert (table.replicates == 5).all()


def test_differences_are_paired(table):
    everybody = table[(table.scenario == "policy") & (table.group == "everybody")]
    assert everybody.difference.to_numpy() == pytest.approx(2, abs=1e-5)
    assert (everybody.high - everybody.low).to_numpy() == pytest.approx(0, abs=1e-5), "the rng they share cancels"


def test_the_baseline_is_the_mean_of_the_last_half_year(records, table):
    row = table[(table.scenario == "policy") & (table.group == "women") & (table.outcome == "exhaustion")].iloc[0]
    cells = [r.weekly[0, -LAST_WEEKS:, OUTCOME.index("exhaustion"), GROUP.index("women")].mean() for r in records]
    assert row.baseline == pytest.approx(np.mean(cells), abs=1e-5)


def test_users_use_one_of_the_scenarios_measures_in_half_of_the_weeks_in_the_policy_world(records):
    found = users(records[0], 1, POLICY, MEASURES)
    assert np.flatnonzero(found).tolist() == list(range(15)), "half the weeks is enough; desks are not its own"
    assert not users(records[0], 2, NO_MEASURE, MEASURES).any()


def test_users_are_the_same_places_in_the_baseline(records, table):
    row = table[(table.scenario == "policy") & (table.group == "users") & (table.outcome == "exhaustion")].iloc[0]
    assert row.difference == pytest.approx(5, abs=1e-5)
    assert row.baseline == pytest.approx(np.mean([r.final["exhaustion"][0, :15].mean() for r in records]), abs=1e-5)


def test_a_scenario_without_measures_or_with_fewer_than_ten_users_has_no_row_of_users(records, table):
    assert not ((table.scenario == "no_measure") & (table.group == "users")).any()
    few = [replace(r, using=np.where(np.arange(PLACES) < 9, r.using, 0)) for r in records]
    assert not (effects(of(few)).group == "users").any()


def test_shares_of_gains_losses_and_no_change_add_up(records):
    table = gains(of(records))
    assert set(table.outcome) == set(GAINS_IN)
    assert (table.gained + table.unchanged + table.worse).to_numpy() == pytest.approx(1)
    policy = table[(table.scenario == "policy") & (table.outcome == "exhaustion")]
    assert policy.worse.to_numpy() == pytest.approx(15 / 20)
    assert (table[table.scenario == "no_measure"].unchanged == 1).all()
    assert (table.margin == MARGIN).all()


def test_leavers_are_not_counted_in_gains(records):
    left = [replace(r, stayed=np.repeat([(np.arange(PLACES) >= 15)], 3, axis=0)) for r in records]
    assert gains(of(left)).empty, "five are left of each group, fewer than ten"


def test_trajectories_hold_every_week_and_its_date(records):
    table = trajectories(of(records), Calendar())
    one = table[(table.scenario == "policy") & (table.outcome == "exhaustion") & (table.group == "everybody")]
    assert one.week.tolist() == list(range(WEEKS))
    assert (one.date.diff().dropna().dt.days == 7).all()
    assert one.date.iloc[0].date() == Calendar().start
    assert one.difference.to_numpy() == pytest.approx(2, abs=1e-5)
    assert (table[table.scenario == "baseline"].difference == 0).all()


# -- small groups ----------------------------------------------------------------------------------------------------


def with_people(records: list[Record], **counts: int) -> list[Record]:
    """The records with so many people in these groups, from the first week to the last."""
    people = records[0].people.copy()
    for group, count in counts.items():
        people[:, :, GROUP.index(group)] = count
    return [replace(record, people=people) for record in records]


def test_trajectories_leave_out_groups_below_ten(records):
    groups = set(trajectories(of(with_people(records, managers=9)), Calendar()).group)
    assert groups == set(GROUPS) - {"managers", "newcomers"}


def test_the_cascade_leaves_out_roles_below_ten_but_not_employers(real):
    plan, found = real
    few = with_people(found, managers=9)
    assert set(cascade_table(of_plan(plan, few), asked(plan)).role) == {"employer", "non_manager"}
    few = with_people(found, managers=9, non_managers=9)
    assert set(cascade_table(of_plan(plan, few), asked(plan)).role) == {"employer"}


def test_three_managers_of_an_own_organisation_are_in_no_table(tmp_path):
    persons = tmp_path / "persons.csv"
    lines = ["0,0,d,,manager", "1,1,d,0,manager", "2,2,d,0,manager"]
    lines += [f"{n},{n % 3},d,{n % 3},employee" for n in range(3, 24)]
    persons.write_text("id,team,department,manager,role\n" + "\n".join(lines) + "\n", encoding="utf-8")
    _, tables = compare(short_plans("firm=own", f"firm.persons={persons}"), quiet=True)
    for name in ("effects", "trajectories", "gains"):
        assert "non_managers" in set(tables[name].group)
        assert "managers" not in set(tables[name].group)
    assert "manager" not in set(tables["cascade"].role)


def short_plans(*firm: str) -> list[Plan]:
    """Two runs of a few weeks in a firm, in which the policy comes soon enough to have an effect."""
    soon = ("mechanisms.cascade.weeks_to_carry_out=2", "mechanisms.cascade.carried_out=1")
    return [plan_of(*firm, *soon, scenario="right_to_disconnect", weeks=6, burn_in=1, replicate=n) for n in range(2)]


def test_without_any_group_large_enough_every_table_keeps_its_columns_and_their_types(records, real):
    nobody = with_people(records, **dict.fromkeys(GROUPS, 9))
    left = [replace(r, stayed=np.zeros_like(r.stayed), using=np.zeros_like(r.using)) for r in nobody]
    plan, found = real
    for full, empty in (
        (effects(of(records)), effects(of(left))),
        (trajectories(of(records), Calendar()), trajectories(of(left), Calendar())),
        (gains(of(records)), gains(of(left))),
        (cascade_table(of_plan(plan, found), asked(plan)), cascade_table(of_plan(plan, found), ())),
    ):
        assert empty.empty and not full.empty
        assert empty.dtypes.to_dict() == full.dtypes.to_dict()


@pytest.mark.parametrize(
    "firm",
    [
        pytest.param(("firm=one", "firm.employees=10"), marks=pytest.mark.slow),
        ("firm.establishments=2", "firm.sample=5"),
        pytest.param(("firm.establishments=1", "firm.sample=5"), marks=pytest.mark.slow),
    ],
)
def test_a_study_of_few_people_is_written(firm, tmp_path):
    asked = short_plans(*firm)
    samples, tables = compare(asked, quiet=True)
    show(tables, {"version": "0"} | facts(asked[0], samples), tmp_path)
    assert "large enough to be reported" in (tmp_path / "summary.md").read_text(encoding="utf-8")
    drawn = {path.stem for path in (tmp_path / "figures").glob("*.png")}
    assert drawn == ({"ties_right_to_disconnect"} | (set() if tables["effects"].empty else SHOWN))
    assert ("reported" in headlines(tables)) == tables["effects"].empty


SHOWN = {"effects", "burn_out_against_isolation", "trajectories"}
"""Figures of an organisation in which only all together are ten."""


# -- lines for the terminal ------------------------------------------------------------------------------------------


def test_lines_for_the_terminal_are_aligned_even_with_a_long_name(table):
    long = table.replace({"scenario": {"policy": "a_policy_with_a_name_that_is_longer_than_anybody_would_expect_here"}})
    lines = headlines({"effects": long, "trajectories": long}).splitlines()
    assert len(lines) == 3
    assert len({len(line) for line in lines}) == 1


def test_rounded_zeros_have_no_sign_in_the_terminal(table):
    tiny = table.assign(difference=-0.001, low=-0.002, high=0.001)
    assert "0.00 (0.00 to 0.00)" in headlines({"effects": tiny, "trajectories": tiny})
    assert "-0.0" not in headlines({"effects": tiny, "trajectories": tiny})


def test_the_terminal_states_once_that_one_run_has_no_interval(table):
    lone = table.assign(low=np.nan, high=np.nan, replicates=1)
    head, *lines = headlines({"effects": lone, "trajectories": lone}).splitlines()
    assert "one run: no interval" in head
    assert not any("interval" in line or "nan" in line for line in lines)


# -- a real run ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real(measures):
    scenarios = (BASELINE, Scenario("moments", "policy", (Introduction("social_moments"), Introduction("buddies"))))
    firm = FirmOptions(kind="study", establishments=8, sample=20)
    plan = Plan(measures, scenarios=scenarios, firm=firm, weeks=27, burn_in=3)
    return plan, [run(replace(plan, replicate=number)) for number in range(2)]


def asked(plan: Plan) -> list:
    introduced = plan.scenarios[1].measures
    return sorted((m for m in plan.measures if m.in_study or m.name in introduced), key=lambda m: m.name)


def of_plan(plan: Plan, records: list[Record]) -> Samples:
    """The samples of records that come from a plan."""
    return samples_of(records, plan.scenarios, [measure.name for measure in asked(plan)])


def test_a_real_run_fills_every_row(real):
    plan, found = real
    table = effects(of_plan(plan, found))
    assert list(table.columns) == COLUMNS
    everybody = table[table.group == "everybody"].set_index("outcome")
    assert set(everybody.index) == set(OUTCOMES)
    assert np.isfinite(table[["baseline", "difference", "low", "high"]]).all(axis=None)
    assert 20 < everybody.loc["burn_out_complaints"].baseline < 500
    assert 0 <= everybody.loc["share_at_home"].baseline <= 100
    assert everybody.loc["body_complaints"].baseline >= everybody.loc["back_complaints"].baseline
    assert (table.group == "users").any()


def test_a_weekly_mean_of_everybody_is_the_mean_of_the_places(real):
    _, found = real
    for record in found:
        everybody = record.weekly[:, -LAST_WEEKS:, :, GROUP.index("everybody")].mean(axis=1)
        places = np.stack([record.final[name].mean(axis=1) for name in OUTCOMES], axis=1)
        np.testing.assert_allclose(places, everybody, rtol=2e-3, atol=2e-3)


def test_groups_that_exclude_each_other_add_up_to_everybody(real):
    _, found = real
    people = dict(zip(GROUPS, found[0].people[0, -1], strict=True))
    assert people["managers"] + people["non_managers"] == people["everybody"]
    assert people["home_workers"] + people["on_site"] == people["everybody"]


def test_the_cascade_falls_from_stage_to_stage(real):
    plan, found = real
    table = cascade_table(of_plan(plan, found), asked(plan))
    assert set(table.role) == {"employer", "manager", "non_manager"}
    wide = table.pivot_table(index=["scenario", "measure", "role"], columns="stage", values="share")
    assert (wide.implemented.dropna() <= wide.claimed.dropna() + 1e-6).all()
    assert (wide.used.dropna() <= wide.known.dropna() + 1e-6).all()
    assert (wide.used_well.dropna() <= wide.used.dropna() + 1e-6).all()
    for column in ("share", "low", "high"):
        assert table[column].between(0, 1).all(), column
    shown = table.dropna(subset="study_share")
    assert len(shown) == 2 * 15 * 3, "the study's own share stands beside 45 cells of each scenario"


# -- instruments -----------------------------------------------------------------------------------------------------

SURVEY = Survey()


def observed(exhaustion: np.ndarray, rng: np.random.Generator, state: np.ndarray) -> np.ndarray:
    """What the questionnaire reads: latent state, a state of some days, and error."""
    error = np.sqrt((1 + SURVEY.state_share**2) * (1 - SURVEY.reliability) / SURVEY.reliability)
    return exhaustion + SURVEY.state_share * state + error * rng.standard_normal(len(exhaustion))


def test_the_noise_of_the_instrument_gives_its_reliability():
    true = 1 + SURVEY.state_share**2
    assert true / (1 + SURVEY.noise() ** 2) == pytest.approx(SURVEY.reliability)


def test_the_chance_of_burn_out_complaints_is_the_share_an_endless_survey_finds():
    rng = np.random.default_rng(4)
    exhaustion = rng.standard_normal(400_000)
    expected = SURVEY.burn_out_complaints(exhaustion).mean()
    counted = (observed(exhaustion, rng, rng.standard_normal(len(exhaustion))) > SURVEY.cut_off).mean()
    assert counted == pytest.approx(expected, abs=0.002)
    assert expected == pytest.approx(stats.norm.sf(SURVEY.cut_off / np.sqrt(1 + SURVEY.noise() ** 2)), abs=0.002)


def test_at_the_cut_off_half_report_complaints_and_more_the_more_exhausted():
    levels = np.linspace(-2, 4, 100)
    chance = SURVEY.burn_out_complaints(levels)
    assert SURVEY.burn_out_complaints(np.array([SURVEY.cut_off])) == pytest.approx(0.5)
    assert (np.diff(chance) > 0).all()
    assert (chance > 0).all() and (chance <= 1).all()


@pytest.mark.parametrize("cut_off", [0.8, 1.1, 1.5])
def test_a_higher_cut_off_finds_fewer(cut_off):
    exhaustion = np.random.default_rng(1).standard_normal(10_000)
    surveys = (replace(SURVEY, cut_off=value) for value in (cut_off - 0.2, cut_off))
    lower, higher = (survey.burn_out_complaints(exhaustion).mean() for survey in surveys)
    assert lower > higher


@pytest.mark.parametrize("days", [0.0, 21.0, 364.0])
def test_retest_is_the_correlation_two_surveys_would_show(days):
    rng = np.random.default_rng(5)
    first = rng.standard_normal(400_000)
    second = 0.8 * first + 0.6 * rng.standard_normal(len(first))
    keep = np.exp(-days / SURVEY.state_days)
    early = rng.standard_normal(len(first))
    late = keep * early + np.sqrt(1 - keep**2) * rng.standard_normal(len(first))
    seen = np.corrcoef(observed(first, rng, early), observed(second, rng, late))[0, 1]
    assert SURVEY.retest(first, second, days) == pytest.approx(seen, abs=0.006)


def test_an_observed_correlation_is_the_latent_one_made_smaller_by_both_scales():
    rng = np.random.default_rng(6)
    exhaustion = rng.standard_normal(400_000)
    isolation = 0.5 * exhaustion + np.sqrt(0.75) * rng.standard_normal(len(exhaustion))
    error = np.sqrt((1 - SURVEY.reliability) / SURVEY.reliability)
    scale = isolation + error * rng.standard_normal(len(isolation))
    seen = np.corrcoef(scale, observed(exhaustion, rng, rng.standard_normal(len(exhaustion))))[0, 1]
    assert SURVEY.observed_correlation(isolation, exhaustion) == pytest.approx(seen, abs=0.006)
    assert abs(seen) < 0.5


def test_the_bat_score_stays_on_its_scale_and_orders_people_as_the_other_instrument_does():
    scores = SURVEY.bat(np.linspace(-6, 6, 50))
    assert scores.min() == 1 and scores.max() == 5
    assert SURVEY.bat(np.zeros(1))[0] == pytest.approx(SURVEY.bat_mean)
    exhaustion = np.random.default_rng(8).standard_normal(500)
    assert stats.spearmanr(SURVEY.bat(exhaustion), SURVEY.burn_out_complaints(exhaustion))[0] > 0.99


def test_labels_of_cynicism_and_burn_out_complaints_are_exact():
    assert "work-related exhaustion" in OUTCOMES["burn_out_complaints"].label
    assert not any("loneliness" in outcome.label.lower() for outcome in OUTCOMES.values())
    assert not any(outcome.label.lower() in ("burn-out", "burnout") for outcome in OUTCOMES.values())
