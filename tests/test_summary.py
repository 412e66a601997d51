"""The summary distinguishes policies only where intervals allow it, and keeps what-if scenarios apart."""

import pandas as pd
import pytest

from sim.errors import UserError
from sim.reporting.changes import PHRASES, change_in_words, is_distinguishable
from sim.reporting.labels import label_of
from sim.reporting.summary import facts, page
from sim.reporting.tables import date_of_share, overlapping_sets

PER_THOUSAND = "per 1,000 employees"
NAN = float("nan")
ABOUT = dict(replicates=30, people=5150, weeks=104, seed=7, version="0.1.0", parameters=200, assumed=120)


def write(tables, about, labels=None):
    return page(facts(tables, about, labels))


def effect(scenario, difference, low, high, outcome="burn_out_complaints", group="everybody", kind="policy"):
    unit, baseline = (PER_THOUSAND, 169.4) if outcome == "burn_out_complaints" else ("SD", 0.02)
    return {
        "scenario": scenario, "kind": kind, "outcome": outcome, "group": group, "baseline": baseline,
        "difference": difference, "low": low, "high": high, "replicates": 30, "unit": unit,
    }  # fmt: skip


def gain(scenario, group, gained, worse, people=500):
    return {
        "scenario": scenario, "kind": "policy", "outcome": "exhaustion", "group": group, "gained": gained,
        "unchanged": 1 - gained - worse, "worse": worse, "margin": 0.2, "unit": "SD", "people": people,
    }  # fmt: skip


@pytest.fixture
def tables():
    isolation = "isolation_from_colleagues"
    effects = [
        effect("baseline", 0.0, 0.0, 0.0, kind="baseline"),
        effect("quiet_evenings", -5.2, -8.1, -2.3),
        effect("quiet_evenings", -11.4, -16.0, -7.0, group="users"),
        effect("quiet_evenings", 0.01, -0.02, 0.04, outcome=isolation),
        effect("full_ergonomics", -0.4, -3.0, 2.2),
        effect("full_ergonomics", 0.0, 0.0, 0.0, outcome=isolation),
        effect("whole_package", -22.0, -26.0, -18.0),
        effect("whole_package", -0.30, -0.33, -0.27, outcome=isolation),
        effect("always_on", 45.0, 41.0, 49.0, kind="counterfactual"),
        effect("always_on", 0.12, 0.10, 0.14, outcome=isolation, kind="counterfactual"),
    ]
    gains = [
        gain("quiet_evenings", "everybody", 0.20, 0.05),
        gain("quiet_evenings", "part_time", 0.04, 0.11),
        gain("quiet_evenings", "newcomers", 0.01, 0.40, people=9),
        gain("full_ergonomics", "everybody", 0.05, 0.05),
    ]
    return {"effects": pd.DataFrame(effects), "gains": pd.DataFrame(gains)}


POLICIES, DIFFER, GAINS = "Policies", "Which policies differ from each other", "Who is better off and who is worse off"


def section(text, title):
    return text.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]


def row(text, name):
    return next(line for line in text.splitlines() if line.startswith(f"| {name} |"))


@pytest.mark.parametrize(
    ("difference", "low", "high", "unit", "text"),
    [
        (-5.2, -8.1, -2.3, PER_THOUSAND, "5 fewer (2 to 8 fewer)"),
        (5.2, 2.3, 8.1, PER_THOUSAND, "5 more (2 to 8 more)"),
        (-5.0, -5.2, -4.8, PER_THOUSAND, "5 fewer (about 5)"),
        (-0.2, -0.3, -0.1, PER_THOUSAND, "0.2 fewer (0.1 to 0.3 fewer)"),
        (-0.1, -0.4, 0.2, PER_THOUSAND, "not distinguishable from today's practice (less than 1 either way)"),
        (0.1, -2.9, 3.1, PER_THOUSAND, "not distinguishable from today's practice (up to 3 either way)"),
        (0.0, -0.002, 0.003, "SD", "not distinguishable from today's practice (less than 0.01 SD either way)"),
        (-0.011, -0.012, -0.01, "SD", "hardly lower: 0.01 SD (about 0.01)"),
        (-0.002, -0.003, -0.001, "SD", "hardly lower: 0.002 SD (0.001 to 0.003)"),
        (-0.6, -0.9, -0.3, PER_THOUSAND, "0.6 fewer (0.3 to 0.9 fewer)"),
        (-2.0, -6.0, 2.0, PER_THOUSAND, "not distinguishable from today's practice (6 fewer to 2 more)"),
        (-2.0, -4.0, 0.0, PER_THOUSAND, "not distinguishable from today's practice (at most 4 fewer)"),
        (0.0, 0.0, 0.0, PER_THOUSAND, PHRASES["exactly"]),
        (-5.2, NAN, NAN, PER_THOUSAND, "5 fewer"),
        (0.3, NAN, NAN, PER_THOUSAND, "0.3 more"),
        (0.0, NAN, NAN, PER_THOUSAND, "no difference"),
        (0.03, NAN, NAN, "SD", "hardly higher: 0.03 SD"),
        (0.0, NAN, NAN, "SD", "no difference"),
        (-0.03, -0.04, -0.02, "SD", "hardly lower: 0.03 SD (0.02 to 0.04)"),
        (0.6, 0.5, 0.7, "SD", "much higher: 0.60 SD (0.50 to 0.70)"),
        (-0.5, -0.7, -0.3, "hours per week", "lower: 0.50 hours per week (0.30 to 0.70)"),
    ],
)
def test_a_difference_is_stated_in_words_with_its_interval(difference, low, high, unit, text):
    assert change_in_words(difference, low, high, unit) == text


def test_an_interval_that_touches_zero_is_not_distinguishable():
    assert not is_distinguishable(-4.0, 0.0)
    assert not is_distinguishable(NAN, NAN)
    assert is_distinguishable(-4.0, -0.1)


def test_overlap_is_not_transitive():
    intervals = pd.DataFrame({"scenario": ["c", "a", "b", "far"], "low": [0, 2, 4, 90], "high": [3, 5, 6, 99]})
    assert overlapping_sets(intervals) == [["c", "a"], ["a", "b"]]


def test_policies_have_rows_in_the_given_order_with_columns_for_everybody_and_users(tables):
    policies = section(write(tables, ABOUT), POLICIES)
    names = [line.split(" | ")[0].strip("| ") for line in policies.splitlines() if line.startswith("| ")]
    assert names == ["Policy", "---", "Quiet evenings", "Full ergonomics", "Whole package"]
    assert "(today 169 per 1,000)" in policies
    assert row(policies, "Quiet evenings").split(" | ")[1:3] == ["5 fewer (2 to 8 fewer)", "11 fewer (7 to 16 fewer)"]
    assert "no users" in row(policies, "Full ergonomics")
    assert "not distinguishable from today's practice (3 fewer to 2 more)" in row(policies, "Full ergonomics")
    assert "not distinguishable" not in row(policies, "Whole package")


def test_few_users_are_not_reported_as_none(tables):
    introduced = {"full_ergonomics": ["chair_and_desk"], "whole_package": []}
    policies = section(write(tables, ABOUT | {"introduced": introduced}), POLICIES)
    assert row(policies, "Full ergonomics").split(" | ")[2] == "fewer than ten users"
    assert row(policies, "Whole package").split(" | ")[2] == "no users"


def test_the_page_of_one_run_states_once_that_it_has_no_interval(tables):
    text = write({"effects": tables["effects"].assign(low=NAN, high=NAN, replicates=1)}, ABOUT | {"replicates": 1})
    assert "in 1 pair of simulated histories" in text
    assert text.count("interval") == 1
    assert "One run has no interval" in text.split("## Policies")[0]
    assert row(text, "Full ergonomics") == "| Full ergonomics | 0.4 fewer | no users | no difference |"


def counts_of(scenario, lower, little, higher, outcome="burn_out_complaints"):
    unit, margin = (PER_THOUSAND, 0.5) if outcome == "burn_out_complaints" else ("SD", 0.01)
    return {
        "scenario": scenario, "kind": "policy", "outcome": outcome, "group": "everybody", "lower": lower,
        "little": little, "higher": higher, "margin": margin, "replicates": 100, "unit": unit,
    }  # fmt: skip


def test_with_draws_the_page_counts_runs_and_compares_no_intervals(tables):
    rows = [
        counts_of("quiet_evenings", 83, 12, 5),
        counts_of("quiet_evenings", 10, 80, 10, "isolation_from_colleagues"),
    ]
    text = write({**tables, "counts": pd.DataFrame(rows)}, {**ABOUT, "replicates": 100, "holds": "draws"})
    counts = section(text, "In how many runs")
    assert "not the probability that a policy works in your organisation" in counts
    assert "| Quiet evenings | 83 | 12 | 5 |" in counts
    assert "at most 0.5 per 1,000 employees" in counts
    assert "chance only" not in text
    assert DIFFER not in text, "overlapping intervals of draws do not compare two policies"
    assert "90% of pairs lie between" in text


def test_with_one_set_of_parameters_no_runs_are_counted(tables):
    text = write({**tables, "counts": pd.DataFrame([counts_of("quiet_evenings", 83, 12, 5)])}, ABOUT)
    assert "In how many runs" not in text
    assert "covers chance only" in text


def test_what_if_scenarios_alone_are_not_called_policies(tables):
    effects = tables["effects"]
    text = write({"effects": effects[effects["kind"] == "counterfactual"]}, ABOUT)
    before_limits = text.split("## What this can")[0]
    assert text.startswith("# What the what-if scenarios change\n\nThis page compares each what-if scenario with")
    assert "olicies" not in before_limits and "olicy" not in before_limits
    assert "*burn-out complaints (NEA: work-related exhaustion)*" in before_limits


def test_the_page_states_where_no_group_is_large_enough(tables):
    text = write({name: table.iloc[:0] for name, table in tables.items()}, ABOUT)
    assert "none is large enough to be reported" in text
    assert "|" not in text
    text = write(tables | {"gains": tables["gains"].iloc[:0]}, ABOUT)
    assert "none is large enough to be reported" in section(text, GAINS)


def test_policies_with_overlapping_intervals_are_not_ranked(tables):
    text = section(write(tables, ABOUT), DIFFER)
    assert "- Quiet evenings and Full ergonomics" in text
    assert "Whole package" not in text.split("**Isolation")[0]


def test_what_if_scenarios_have_a_section_of_their_own(tables):
    text = write(tables, ABOUT)
    assert "45 more (41 to 49 more)" in row(section(text, "What-if scenarios, not options"), "Always on")
    assert not any("Always on" in section(text, title) for title in (POLICIES, DIFFER, GAINS))


def test_groups_that_get_worse_are_named_unless_they_are_small(tables):
    text = section(write(tables, ABOUT), GAINS)
    assert "Part time (11% worse off, 4% better off)" in row(text, "Quiet evenings")
    assert "Newcomers" not in text
    assert row(text, "Full ergonomics").endswith("none |")


def test_a_policy_with_hardly_any_gains_or_losses_has_a_sentence_and_no_row(tables):
    still = pd.DataFrame([gain("anchor_days", "everybody", 0.0, 0.0), gain("anchor_days", "young", 0.004, 0.0)])
    text = section(write(tables | {"gains": pd.concat([tables["gains"], still])}, ABOUT), GAINS)
    assert "In every group, under 1% are better or worse off with: Anchor days." in text
    assert "| Anchor days" not in text
    assert "|" not in section(write(tables | {"gains": still}, ABOUT), GAINS)


def test_a_small_share_is_not_rounded_to_zero(tables):
    text = write(tables | {"gains": pd.DataFrame([gain("anchor_days", "everybody", 0.2, 0.001)])}, ABOUT)
    assert row(section(text, GAINS), "Anchor days").startswith("| Anchor days | 20% | under 1% |")


def test_the_page_states_its_limits(tables):
    limits = section(write(tables, ABOUT), "What this can and cannot be used for")
    for text in ("risk inventory", "compliance", "one person or one employer", "120 of its 200 uncertain numbers"):
        assert text in limits
    assert "chance only" in limits


def test_every_table_row_has_as_many_cells_as_its_head(tables):
    widths = [line.count("|") for line in write(tables, ABOUT).splitlines() if line.startswith("|")]
    assert set(widths) == {4, 5}


def test_labels_of_the_caller_replace_the_usual_ones(tables):
    assert label_of("anchor_days") == "Anchor days"
    assert "Stille avonden" in write(tables, ABOUT, {"quiet_evenings": "Stille avonden"})


def test_the_command_is_shown_where_there_is_one(tables):
    assert "`python -m sim study`" in write(tables, ABOUT | {"command": "python -m sim study"})


def test_a_missing_fact_table_or_column_is_named(tables):
    for fact in ("seed", "assumed"):
        with pytest.raises(UserError, match=fact):
            write(tables, {name: value for name, value in ABOUT.items() if name != fact})
    with pytest.raises(UserError, match="effects"):
        write({}, ABOUT)
    with pytest.raises(UserError, match="low"):
        write({"effects": tables["effects"].drop(columns="low")}, ABOUT)


def test_a_share_of_the_last_difference_is_reached_in_the_week_from_which_it_stays():
    dates = pd.date_range("2023-01-02", periods=5, freq="7D")
    weekly = pd.DataFrame({"date": dates, "difference": [-6.0, -1, -5, -9, -10]})
    assert str(date_of_share(weekly, 0.5)) == "2023-01-16"
    assert str(date_of_share(weekly, 0.9)) == "2023-01-23"
    assert str(date_of_share(weekly.assign(difference=0.0), 0.5)) == "2023-01-02"
