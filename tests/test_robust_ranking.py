"""The ranking of policies: counts that add up, clear differences only, and rules that beat permuted answers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.__main__ import main
from sim.config import composition
from sim.errors import UserError
from sim.formatting import per_hundred
from sim.runs.archive import Archive
from sim.studies.ranking import facts, statistics
from sim.studies.ranking.decision_rules import (
    MIN_ANSWERS,
    Bound,
    Leaf,
    as_numbers,
    describe_bounds,
    describe_factors,
    find_rule,
)
from sim.studies.ranking.statistics import BOTH, BURN_OUT, COLLEAGUES, COMPANY
from sim.studies.ranking.study import RankingStudy, draws_sweep

MARGINS = {BURN_OUT: 0.5, COLLEAGUES: 0.01, COMPANY: 0.01}


def effects(burn_out: dict[str, list[float]], **others: dict[str, list[float]]) -> dict[str, pd.DataFrame]:
    """Effects on burn-out complaints as given; on the two isolations as given, or none."""
    first = pd.DataFrame(burn_out)
    given = {BURN_OUT: first, **{name: pd.DataFrame(values) for name, values in others.items()}}
    return {name: given.get(name, first * 0.0) for name in statistics.HEADLINES}


def row_of(table: pd.DataFrame, **where: str) -> pd.Series:
    for column, value in where.items():
        table = table[table[column] == value]
    (row,) = [row for _, row in table.iterrows()]
    return row


# -- counts and intervals --------------------------------------------------------------------------------------------


def test_counts_per_hundred_add_up_to_100_and_are_off_by_less_than_one():
    rng = np.random.default_rng(5)
    for _ in range(200):
        numbers = [int(count) for count in rng.integers(0, 300, rng.integers(2, 6))]
        if sum(numbers):
            hundred = per_hundred(numbers)
            assert sum(hundred) == 100
            exact = [100 * count / sum(numbers) for count in numbers]
            assert all(abs(own - of) < 1 for own, of in zip(hundred, exact, strict=True))
    assert per_hundred([0, 0, 0]) == [0, 0, 0]


def test_wilson_interval_equals_the_textbook_value_and_stays_within_0_and_1():
    assert statistics.wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    low, high = statistics.wilson(0, 30)
    assert low == 0 and 0.1 < high < 0.12
    assert np.isnan(statistics.wilson(0, 0)).all()


# -- plausible draws -------------------------------------------------------------------------------------------------


def test_a_draw_is_plausible_within_the_distances_and_not_beyond_them():
    today = pd.DataFrame(
        {BURN_OUT: [169.0, 119.1, 118.0, 169.0, np.nan], COLLEAGUES: [0.0, 0.0, 0.0, 0.26, 0.0], COMPANY: [0.0] * 5}
    )
    near = statistics.near_data(today, 16.9, near_burn_out=5.0, near_isolation=0.25)
    assert near.all(axis=1).tolist() == [True, True, False, False, False]
    assert statistics.near_data(today, 16.9, None, 0.25).all(axis=1).tolist() == [True, True, True, False, True]


def levels() -> pd.DataFrame:
    """Two replicates of one draw: everybody, and users with and without the policy."""
    rows = [
        ("baseline", "everybody", 0, 100.0), ("baseline", "everybody", 1, 120.0),
        ("a_rule", "everybody", 0, 90.0), ("a_rule", "everybody", 1, 116.0),
        ("a_rule", "users", 0, 70.0), ("a_rule", "users", 1, 80.0),
        ("a_rule", "users_without", 0, 75.0), ("a_rule", "users_without", 1, 95.0),
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["scenario", "group", "replicate", BURN_OUT]).assign(row=3)
    return table.assign(**{COLLEAGUES: 0.0, COMPANY: 0.0})


def test_users_are_compared_with_themselves_and_everybody_with_the_baseline_over_all_replicates():
    found = statistics.differences(levels()).set_index("group")[BURN_OUT]
    assert found.to_dict() == {"everybody": -7.0, "users": -10.0}


def test_packages_contain_all_of_another_policy_and_more():
    measures = {"one": "a", "two": "ab", "none": "", "three": "c"}
    assert statistics.packages({name: frozenset(own) for name, own in measures.items()}) == ["two"]


# -- comparisons -----------------------------------------------------------------------------------------------------


def test_better_same_and_worse_add_up_and_same_includes_unchanged():
    row = row_of(statistics.against_today(effects({"a_rule": [-3.0, -0.5, 0.0, 0.0, 0.6]}), MARGINS), outcome=BURN_OUT)
    assert [row[name] for name in ("better", "same", "worse", "unchanged")] == [1, 3, 1, 2]
    assert [row[f"{name}_of_100"] for name in ("better", "same", "worse", "unchanged")] == [20, 60, 20, 40]


def test_a_policy_beats_another_only_by_more_than_the_margin():
    table = statistics.pairs(effects({"a_rule": [-3.0, -1.0, -1.0], "a_talk": [-1.0, -0.5, -2.0]}), MARGINS)
    row = row_of(table, outcome=BURN_OUT)
    assert (row["better"], row["same"], row["worse"]) == (1, 1, 1)
    assert row["ahead"] == ""


def test_both_needs_burn_out_complaints_and_isolation_in_the_same_draw():
    found = effects(
        {"a_rule": [-3.0, -3.0, 0.0], "a_talk": [0.0, 0.0, 0.0]},
        **{COLLEAGUES: {"a_rule": [-0.1, 0.0, -0.1], "a_talk": [0.0, 0.0, 0.0]}},
    )
    row = row_of(statistics.pairs(found, MARGINS), outcome=BOTH)
    assert (row["better"], row["worse"]) == (1, 0)


def test_no_policy_is_ahead_in_a_near_tie():
    def ahead(won: int, lost: int) -> str:
        values = {"a_rule": [-2.0] * won + [0.0] * lost, "a_talk": [0.0] * won + [-2.0] * lost}
        return str(row_of(statistics.pairs(effects(values), MARGINS), outcome=BURN_OUT)["ahead"])

    assert ahead(55, 45) == ""
    assert ahead(70, 30) == "a_rule"
    assert ahead(30, 70) == "a_talk"


def test_a_pair_seen_from_the_second_policy_has_the_same_counts_exchanged():
    table = statistics.pairs(effects({"a_rule": [-3.0, 0.0, 0.0], "a_talk": [0.0, 0.0, -2.0]}), MARGINS)
    row, other = (row_of(one, outcome=BURN_OUT) for one in (table, facts.seen_from_second(table)))
    assert (other["first"], other["better"], other["worse"]) == ("a_talk", row["worse"], row["better"])
    assert (other["better_high"], other["worse_of_100"]) == (row["worse_high"], row["better_of_100"])


def test_no_policy_is_best_if_it_is_no_better_than_today():
    table = statistics.wins(effects({"a_rule": [-0.4, -3.0, 2.0], "a_talk": [0.0, -1.0, 0.0]}), MARGINS)
    rule, talk = (row_of(table, outcome=BURN_OUT, policy=policy) for policy in ("a_rule", "a_talk"))
    assert (rule["best"], rule["among_best"], rule["harmful"]) == (1, 2, 1)
    assert (talk["best"], talk["among_best"], talk["harmful"]) == (0, 2, 0)


def test_regret_is_the_shortfall_from_the_best_option_of_each_draw_including_today():
    table = statistics.regret(effects({"a_rule": [-2.0, 4.0], "a_talk": [-1.0, -1.0]}), resamples=50)
    means = table[table["outcome"] == BURN_OUT].set_index("policy")["mean"].to_dict()
    assert means == {"a_rule": 2.5, "a_talk": 0.5, "baseline": 1.5}


def test_least_regret_needs_an_interval_below_all_others():
    rng = np.random.default_rng(2)
    close = {name: list(rng.normal(-1, 1, 200)) for name in ("a_rule", "a_talk")}
    clear = {**close, "a_package": [-9.0] * 200}
    assert not statistics.regret(effects(close), 200)["least"].any()
    named = statistics.regret(effects(clear), 200)
    assert named.loc[(named["outcome"] == BURN_OUT) & named["least"], "policy"].tolist() == ["a_package"]


def test_without_plausible_draws_all_counts_are_zero():
    none = statistics.everybody_effects(statistics.differences(levels()).head(0), ["a_rule", "a_talk"])
    row = row_of(statistics.against_today(none, MARGINS), outcome=BURN_OUT, policy="a_rule")
    assert [row[name] for name in ("worlds", "better", "same", "worse")] == [0, 0, 0, 0]
    assert [row[f"{name}_of_100"] for name in ("better", "same", "worse", "unchanged")] == [0, 0, 0, 0]
    assert (statistics.pairs(none, MARGINS)["ahead"] == "").all()


# -- groups ----------------------------------------------------------------------------------------------------------


def test_a_group_is_flagged_only_if_harm_is_beyond_chance():
    rows, rng = np.arange(200), np.random.default_rng(3)
    groups = {
        "everybody": np.full(200, -2.0),
        "managers": np.where(rows < 60, 3.0, -2.0),  # worse in 30 of 100 worlds, better in the others
        "young": np.where(rows < 18, 3.0, -2.0),  # in 9 of 100
        "older": np.where(rows < 150, 3.0, -2.0),  # more often worse than better
        "women": rng.normal(-2.0, 1.0, 200),  # sometimes less, sometimes more than everybody
        "newcomers": np.full(200, -0.2),  # never worse, and gain less
    }
    table = pd.concat(
        [pd.DataFrame({"row": rows, "scenario": "a_rule", "group": g, BURN_OUT: own}) for g, own in groups.items()]
    ).assign(**{COLLEAGUES: 0.0, COMPANY: 0.0})
    found = statistics.harms(table, MARGINS, harm_from=0.1)
    found = found[found["outcome"] == BURN_OUT].set_index("group")
    assert found.index[found["is_harmed"]].tolist() == ["managers", "older"]
    assert found.index[found["is_mostly_harmed"]].tolist() == ["older"]
    assert found.index[found["gains_less"]].tolist() == ["managers", "older", "newcomers"]


# -- decision rules --------------------------------------------------------------------------------------------------


def random_factors(worlds: int, factors: int) -> pd.DataFrame:
    values = np.random.default_rng(8).random((worlds, factors))
    return pd.DataFrame(values, columns=[f"mechanisms.process.number_{place}" for place in range(factors)])


def test_a_true_rule_is_found_among_280_factors_with_its_bound_and_shares():
    factors = random_factors(400, 280)
    chance = np.where(factors["mechanisms.process.number_7"] > 0.6, 0.9, 0.2)
    answers = np.random.default_rng(1).random(400) < chance
    rule = find_rule(factors, answers, min_accuracy=0.6, permutations=20)
    below, above = rule.leaves
    (bound,) = above.bounds
    assert bound.factor == "mechanisms.process.number_7" and bound.above
    assert bound.value == pytest.approx(0.6, abs=0.05)
    assert below.interval[0] < 0.2 < below.interval[1] and above.interval[0] < 0.9 < above.interval[1]
    assert rule.accuracy > rule.permuted


def test_noise_in_280_factors_gives_no_rule():
    for seed in range(2):
        answers = np.random.default_rng(seed).random(300) < 0.4
        assert find_rule(random_factors(300, 280), answers, min_accuracy=0.55, permutations=20).leaves == ()


def test_a_rule_has_two_conditions_if_one_is_not_enough():
    factors = random_factors(400, 10)
    first, second = (factors[f"mechanisms.process.number_{place}"] > 0.5 for place in (2, 5))
    rule = find_rule(factors, (first & second).to_numpy(), min_accuracy=0.6, permutations=5)
    used = {bound.factor[-1] for leaf in rule.leaves for bound in leaf.bounds}
    assert used == {"2", "5"}
    assert max(leaf.share for leaf in rule.leaves) > 0.9


def test_too_few_draws_of_one_answer_give_no_rule():
    rule = find_rule(random_factors(200, 5), np.arange(200) < MIN_ANSWERS - 1, min_accuracy=0.6, permutations=5)
    assert np.isnan(rule.accuracy) and rule.leaves == ()


def test_options_become_columns_and_columns_with_blanks_are_left_out():
    columns = {"number": [1.0, 2.0], "firm.sector": ["care", "office"], "blank": [1.0, None], "same": [1, 1]}
    design = pd.DataFrame(columns)
    assert as_numbers(design).to_dict("list") == {
        "number": [1.0, 2.0], "firm.sector=care": [1.0, 0.0], "firm.sector=office": [0.0, 1.0]
    }  # fmt: skip


def test_a_rule_is_described_with_the_ranges_of_its_factors():
    factors = pd.DataFrame({"mechanisms.recovery.night": [0.05, 0.3], "mechanisms.workload.spiral": [0.0, 1.0]})
    night, spiral = factors.columns
    bounds = (Bound(night, True, 0.1), Bound(night, False, 0.2), Bound(spiral, False, 0.5))
    units, notes = {night: "sd/sd", spiral: "switch"}, {spiral: "loss spiral"}
    assert describe_bounds(bounds, units) == (
        "night (recovery) is above 0.1 and at most 0.2 sd/sd and spiral (workload) is switched off"
    )
    assert describe_bounds(bounds[:1], units) == "night (recovery) is above 0.1 sd/sd"
    assert describe_bounds([Bound("firm.sector=care", False, 0.5)], {}) == "firm.sector is not care"
    assert describe_factors([Leaf(bounds, 5, 2)], factors, units, notes) == (
        "night (recovery): from 0.05 to 0.3 sd/sd; spiral (workload): loss spiral"
    )


# -- the command -----------------------------------------------------------------------------------------------------

TINY = (
    "firm.employees=60", "weeks=4", "burn_in=1", "scenarios=[baseline,right_to_disconnect,whole_package,anchor_days]",
    "workers=1", "ranking.fewest=1", "ranking.near_burn_out=50", "ranking.near_isolation=null", "ranking.resamples=20",
)  # fmt: skip


def test_the_command_writes_its_results_and_resumes_with_more_draws(tmp_path: Path, capsys):
    def run(draws: int, *settings: str) -> int:
        return main(["robust_ranking", *TINY, f"design.n={draws}", f"folder={tmp_path / 'mine'}", *settings])

    assert run(3) == 0
    printed = capsys.readouterr().out.splitlines()
    folder = Path(printed[-1])
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    page = (folder / "summary.md").read_text(encoding="utf-8")
    assert printed[0] in page.replace("*", "") and f"in {results['pair']['better_of_100']}, about" in printed[0]
    assert page.index(printed[0]) < page.index("not the chance that a policy works") < page.index("\n## ")
    for name in ("worlds", "against_today", "pairs", "wins", "regret", "flips", "harms"):
        assert len(pd.read_parquet(folder / f"{name}.parquet")) == len(pd.read_csv(folder / f"{name}.csv")) > 0, name
    assert {path.name for path in (folder / "figures").iterdir()} == {
        f"{name}.{kind}" for name in ("dots", "effects_over_worlds", "pairs") for kind in ("png", "svg")
    }
    before = Archive(folder / "runs").table("runs")
    assert sorted(before["replicate"]) == [0, 1, 2], "every draw has its own people and random numbers"

    batches = {path.name for path in (folder / "runs" / "batches").iterdir()}
    assert run(4, "ranking.fewest=10") == 0
    assert batches < {path.name for path in (folder / "runs" / "batches").iterdir()}, "earlier runs are used"
    assert len(Archive(folder / "runs").table("runs")) == 4
    assert json.loads((folder / "about.json").read_text())["simulated"] == 4
    assert capsys.readouterr().out.startswith("Only 4 of 4 draws are plausible")
    assert json.loads((folder / "results.json").read_text())["too_few"]


def test_a_mistake_gives_one_line_and_writes_nothing(tmp_path: Path, capsys):
    assert main(["robust_ranking", "design=morris", f"output={tmp_path / 'out'}"]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "Invalid value for design.method: morris. All rows must count the same" in line
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        ("scenarios=[baseline,always_on]", "Invalid scenario: always_on. It is a what-if scenario"),
        ("scenarios=[baseline]", "Missing policy: scenarios has only the baseline"),
        ("design=draws design.factors=[availability]", "It would change the policies between draws"),
        ("design.factors=[availability]", "The factors of design=posterior are"),
        ("ranking.clear=2", r"Invalid value for ranking.clear: 2. Use 0 to 1\."),
        ("ranking.same_burn_out=much", r"Invalid value for ranking.same_burn_out: much. Use a number, 0 or more\."),
        ("ranking.near_burn_out=-1", r"Invalid value for ranking.near_burn_out: -1. Use 0 or more, or null\."),
        ("ranking.shuffles=null", r"Invalid value for ranking.shuffles: null. Use a whole number, 1 or more\."),
        ("ranking=3", "Invalid value for ranking: 3. It is a group of settings"),
    ],
)
def test_invalid_settings_are_refused_before_anything_runs(mistake: str, message: str):
    cfg = composition.compose("study=robust_ranking", "design.n=2", *mistake.split())
    with pytest.raises(UserError, match=message):
        RankingStudy().settings(cfg)
        draws_sweep(cfg)
