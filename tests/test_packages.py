"""Packages of measures: what they cost, which of them no other beats, and that nothing is lived twice."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from sim.__main__ import main
from sim.config import composition, default_settings
from sim.engine.plan import BASELINE
from sim.errors import UserError
from sim.outcomes.definitions import GAINS_IN
from sim.outcomes.record import last_weeks
from sim.plotting.figures import packages as figure
from sim.runs.stacked_runs import run_stacked
from sim.studies.packages import evaluation as lives
from sim.studies.packages.costs import COLUMNS, EUROS, MINUTES, Costs, costs_of, read
from sim.studies.packages.page import write
from sim.studies.packages.pareto import NOTHING, Space, candidates, front, search, unbeaten
from sim.studies.packages.problem import DUTIES, introducing, named, question_of, search_of
from sim.studies.packages.tables import groups_table, individual_only, shares_on_front, told_apart

TINY = (
    "firm=one", "firm.employees=40", "weeks=12", "burn_in=2", "replicates=1", "workers=1", "design.n=2",
    "search.population=4", "search.generations=2", "search.candidates=3", "search.pairs=2",
    "search.measures=[breaks,buddies,managers_explain,quiet_evenings,right_to_disconnect]", "search.smallest.cost=1",
    "search.smallest.burn_out_complaints=1e-6", "search.smallest.isolation_from_colleagues=1e-9",
)  # fmt: skip


def asked(*settings: str):
    """What these settings of the command ask."""
    return composition.compose("study=packages", *settings)


# -- costs -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def rows() -> list[list[str]]:
    return [
        [",".join(COLUMNS)],
        ["breaks", "2", "0", "10", "10", "5", "60", "assumed", ""],
        ["buddies", "0", "0", "5", "330", "165", "500", "assumed", "half of them"],
    ]


def written(rows: list[list[str]], path: Path) -> Path:
    path.write_text("\n".join(",".join(row) for row in rows), encoding="utf-8")
    return path


def test_every_measure_has_its_cost_with_a_range_a_grade_and_a_reason(measures):
    table = costs_of(measures, 45.0).table
    assert list(table.index) == [measure.name for measure in measures]
    assert (table["source"] == "assumed").all()
    assert (table["note"].str.len() > 5).all()


@pytest.mark.parametrize(
    ("place", "value", "told"),
    [
        ((2, 0), "bodies", r"line 3, column measure: Unknown measure: bodies.*Did you mean 'buddies'\?"),
        ((2, 0), "breaks", "line 3, column measure: breaks stands there twice"),
        ((1, 1), "-2", "line 2, column euro_per_employee_year is '-2'; a number from 0 on"),
        ((2, 4), "much", "line 3, column minutes_per_employee_year is 'much'; a number from 0 on"),
        ((2, 6), "", "line 3, column minutes_high is ''; a number from 0 on"),
        ((2, 6), "nan", "line 3, column minutes_high is 'nan'"),
        ((1, 2), "3", "line 2, column euro_low is 3, above euro_per_employee_year, 2"),
        ((1, 3), "1", "line 2, column euro_high is 1, below euro_per_employee_year, 2"),
        ((0, 0), ",".join(COLUMNS[:-1]), "line 1: column note is missing"),
    ],
)
def test_a_mistake_in_the_costs_is_told_with_its_line_and_column(rows, place, value, told, tmp_path):
    wrong = [list(row) for row in rows]
    wrong[place[0]][place[1]] = value
    with pytest.raises(UserError, match=told):
        read(written(wrong, tmp_path / "costs.csv"), ["breaks", "buddies"])


def test_a_measure_without_costs_is_named(rows, tmp_path):
    with pytest.raises(UserError, match="column measure: conversations is missing"):
        read(written(rows, tmp_path / "costs.csv"), ["breaks", "buddies", "conversations"])
    with pytest.raises(UserError, match="cannot be read"):
        read(tmp_path / "none.csv", ["breaks"])


def test_euros_and_working_time_are_added_up_only_at_a_price_of_an_hour(rows, tmp_path):
    table = read(written(rows, tmp_path / "costs.csv"), ["breaks", "buddies"])
    costs = Costs(table, {"breaks": 0.25, "buddies": 1.0}, hour=60.0)
    assert costs.of({"breaks", "buddies"}) == (0.25 * 2, 0.25 * 10 + 330), "those who have it do not pay again"
    assert costs.all_in({"breaks", "buddies"}) == 0.5 + 332.5
    assert replace(costs, hour=0.0).all_in({"breaks", "buddies"}) == 0.5
    assert costs.of(NOTHING) == (0, 0)


def test_costs_are_drawn_within_their_ranges_with_the_stated_one_in_the_middle(measures):
    costs = costs_of(measures, 45.0)
    drawn = [costs.drawn(seed=1, number=number).table for number in range(400)]
    for usual, low, high in (EUROS, MINUTES):
        values = np.array([table[usual] for table in drawn])
        assert (values >= costs.table[low].to_numpy()).all() and (values <= costs.table[high].to_numpy()).all()
        below = (values < costs.table[usual].to_numpy()).mean(axis=0)[costs.table[low] < costs.table[usual]]
        assert np.allclose(below, 0.5, atol=0.12)
    pd.testing.assert_frame_equal(drawn[7], costs.drawn(seed=1, number=7).table)


def test_the_costs_that_are_written_can_be_edited_and_read_again(measures, tmp_path):
    costs_of(measures, 45.0).write(tmp_path / "costs.csv")
    text = (tmp_path / "costs.csv").read_text(encoding="utf-8").replace("quiet_evenings,3.0", "quiet_evenings,9.5")
    (tmp_path / "mine.csv").write_text(text, encoding="utf-8")
    mine = costs_of(measures, 45.0, str(tmp_path / "mine.csv"))
    assert mine.table.at["quiet_evenings", EUROS[0]] == 9.5
    assert mine.table.at["breaks", EUROS[0]] == costs_of(measures, 45.0).table.at["breaks", EUROS[0]]


# -- the front -------------------------------------------------------------------------------------------------------


@given(arrays.arrays(float, st.tuples(st.integers(1, 12), st.just(3)), elements=st.integers(0, 3)))
def test_a_package_is_beaten_where_another_is_as_low_in_all_and_lower_in_one(values):
    def beats(one, other):
        return all(a <= b for a, b in zip(one, other, strict=True)) and any(
            a < b for a, b in zip(one, other, strict=True)
        )

    expected = [not any(beats(other, one) for other in values) for one in values]
    assert unbeaten(values).tolist() == expected


def test_differences_below_the_smallest_that_matters_count_as_none_and_the_cheapest_stands_for_all():
    values = np.array([[-5.1, 0.0, 90.0], [-5.3, 0.0, 92.0], [-5.2, 0.0, 88.0], [0.0, 0.0, 0.0], [-9.0, 0.0, 150.0]])
    assert front(values, (1.0, 0.01, 10.0)) == [3, 2, 4]
    assert front(values, (0.01, 0.01, 1.0)) == [3, 2, 1, 4]


def test_candidates_are_of_the_front_and_of_what_is_nearly_on_it():
    count = np.arange(40.0)
    on, nearly = np.column_stack([-count, 0 * count, count]), np.column_stack([-count, 0 * count, count + 0.6])
    beaten = nearly + np.array([0, 0, 30.0])
    values = np.concatenate([on, nearly, beaten])
    chosen = candidates(values, (1.0, 1.0, 1.0), 12)
    assert len(chosen) == 12 and all(place < 80 for place in chosen)
    assert sum(place < 40 for place in chosen) == 9
    assert {0, 39} <= set(chosen), "the cheapest and the best are always among them"
    assert list(values[chosen, -1]) == sorted(values[chosen, -1])


EFFECTS = {
    "a": (-5, 0, 4), "b": (-3, 0, 2), "c": (0, -4, 5), "d": (-1, -1, 1), "e": (-6, 0, 9), "f": (0, 0, 3),
    "g": (0, 0, 1), "h": (1, 0, 2), "i": (0, 0, 4), "j": (0, 1, 1), "k": (0, 0, 5), "l": (2, 2, 1),
}  # fmt: skip
"""Of burn-out complaints, isolation and cost: five measures do something, seven cost something."""
BUDGET = 18


def additive(package) -> np.ndarray:
    return np.sum([EFFECTS[name] for name in package], axis=0) if package else np.zeros(3)


def affordable(package) -> bool:
    return additive(package)[-1] <= BUDGET


def walk(seed: int = 1, generations: int = 20) -> list[list[frozenset[str]]]:
    space = Space(tuple(EFFECTS), affordable)
    return list(search(space, lambda some: np.array([additive(one) for one in some]), 16, generations, seed))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_search_finds_the_front_of_effects_that_add_up(seed):
    sizes = range(len(EFFECTS) + 1)
    everything = [frozenset(some) for size in sizes for some in combinations(EFFECTS, size)]
    paid = np.array([additive(package) for package in everything if affordable(package)])
    found = np.array([additive(package) for package in {NOTHING, *(one for some in walk(seed) for one in some)}])
    true, seen = ({tuple(values[place]) for place in front(values, (1, 1, 1))} for values in (paid, found))
    assert len(true) > 10
    assert len(found) < len(paid) / 5, "most are never tried"
    assert seen == true


def test_the_search_never_exceeds_the_budget_and_tries_nothing_twice():
    tried = [package for some in walk(generations=8) for package in some]
    assert all(affordable(package) for package in tried)
    assert len(set(tried)) == len(tried)
    assert NOTHING not in tried
    assert {frozenset(name) for name in EFFECTS} <= set(tried), "each measure alone is among the first"


def test_the_same_seed_gives_the_same_walk_however_far():
    assert walk(generations=3) == walk(generations=5)[:3]
    assert walk(seed=2, generations=3) != walk(generations=3)


def test_a_search_among_few_packages_ends_when_all_are_tried():
    space = Space(("a", "b"), lambda package: True)
    tried = list(search(space, lambda some: np.array([additive(one) for one in some]), 4, 3, seed=1))
    assert {one for some in tried for one in some} >= {frozenset("a"), frozenset("b"), frozenset("ab")}


# -- what the draws tell ---------------------------------------------------------------------------------------------


def test_the_share_of_draws_on_the_front_counts_the_draws_in_which_nothing_beats_a_package():
    draws = np.array([[[0, 0, 0], [-3, 0, 50], [-3, 0, 80]]] * 3 + [[[0, 0, 0], [-3, 0, 90], [-3, 0, 40]]])
    assert shares_on_front(draws, (1, 1, 10)).tolist() == [1.0, 0.75, 0.25]


def test_packages_are_told_apart_by_their_differences_and_not_by_their_ranges():
    chance = np.random.default_rng(1)
    shared = chance.normal(0, 10, (200, 1, 2))
    surely = shared + np.array([[0.0, 0.0], [-3.0, 0.0], [-3.4, 0.0]]) + chance.normal(0, 0.1, (200, 3, 2))
    assert told_apart(surely, (1.0, 1.0)).tolist() == [[False, True, True], [True, False, False], [True, False, False]]
    unsure = surely + chance.normal(0, 9, (200, 3, 2))
    assert not told_apart(unsure, (1.0, 1.0)).any()


def test_a_package_of_individual_measures_alone_is_known(measures):
    assert individual_only(frozenset({"breaks", "outdoors_in_breaks"}), measures)
    assert not individual_only(frozenset({"breaks", "quiet_evenings"}), measures)
    assert not individual_only(NOTHING, measures)


def test_a_group_of_which_more_are_made_worse_than_gain_is_flagged():
    chance = np.random.default_rng(1)

    def levels(group, gained, worse):
        shares = {f"gained_{o}": gained for o in GAINS_IN} | {
            f"worse_{o}": worse + chance.normal(0, 0.004, 30) for o in GAINS_IN
        }
        return pd.DataFrame({"replicate": range(30), "scenario": "breaks", "group": group, **shares})

    table = groups_table(
        pd.concat([levels("young", 0.01, 0.05), levels("older", 0.05, 0.01), levels("women", 0.02, 0.022)]),
        [NOTHING, frozenset({"breaks"})],
    )
    assert set(table.loc[table["harmed"], "group"]) == {"young"}


# -- what is asked ---------------------------------------------------------------------------------------------------


def test_duties_are_in_every_package_and_in_what_it_is_compared_with_and_cost_nothing_more(measures):
    question = question_of(asked(*TINY))
    duties = {measure.name for measure in measures if measure.legal == "duty"}
    assert question.duties == duties and len(duties) == 6
    package = frozenset({"breaks"})
    plan = question.plan(0, [package])
    assert [scenario.name for scenario in plan.scenarios] == [DUTIES, BASELINE.name, "breaks"]
    assert plan.scenarios[0].measures == duties and plan.scenarios[2].measures == duties | package
    assert not plan.scenarios[2].withdrawn, "what exists keeps going"
    assert not duties & set(question.space.measures)
    assert question.costs.all_in(package) < 5


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("search.budget=-1", "search.budget is -1; a number of euros from 0 on"),
        ("search.budget=much", "search.budget is much"),
        ("search.hourly_cost=nan", "search.hourly_cost: nan"),
        ("search.smallest.cost=0", "search.smallest.cost is 0; a number above 0"),
        ("+search.smallest.sleep=1", "Unknown setting: search.smallest.sleep"),
        ("search.population=1", "search.population is 1; a whole number from 2 on"),
        ("search.generations=x", "search.generations is 'x'; a whole number"),
    ],
)
def test_a_mistake_in_the_search_is_told_before_anything_is_lived(setting, told):
    with pytest.raises(UserError, match=told):
        search_of(asked(setting))


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("search.budget=1", "the cheapest measure, breaks, costs"),
        ("search.measures=[chair_and_desk]", "names chair_and_desk, a legal duty"),
        ("search.measures=[braeks]", r"search.measures: braeks.*Did you mean 'breaks'\?"),
        ("search.measures=breaks", "search.measures is breaks; a list is right"),
        ("design.method=sobol", "design is sobol; .* design=draws is right"),
        ("design.n=1", "design.n is 1; a whole number of draws from 2 on"),
        ("design.factors=[levers]", "does not go with design=posterior"),
        ("design=draws design.factors=[levers]", "which makes other worlds"),
        ("scenarios=[baseline,anchor_days]", "packages are made by the search, and anchor_days is none"),
    ],
)
def test_a_mistake_in_the_question_is_told_before_anything_is_lived(setting, told):
    with pytest.raises(UserError, match=told):
        question_of(asked(*TINY, *setting.split()))


# -- living packages -------------------------------------------------------------------------------------------------


def test_a_package_gives_the_same_to_the_bit_in_whatever_company(small_plan):
    reference, one, other = (
        introducing(named(package), package)
        for package in map(frozenset, (["chair_and_desk"], ["quiet_evenings"], ["anchor_days", "breaks"]))
    )
    alone, together = (
        last_weeks(run_stacked([replace(small_plan, scenarios=scenarios)])[0])
        for scenarios in ((reference, one), (reference, BASELINE, other, one))
    )
    assert np.array_equal(alone[[0, 1]], together[[0, 3]], equal_nan=True)


def test_a_search_that_is_interrupted_goes_on_and_lives_nothing_twice(tmp_path, monkeypatch, capsys):
    lived = []
    live_batch = lives.simulate_batch

    def counted(batch):
        lived.extend((run.plan.replicate, scenario.name) for run in batch.runs for scenario in run.plan.scenarios[2:])
        return live_batch(batch)

    def interrupted(batch):
        if len(lived) > 4:
            raise KeyboardInterrupt
        return counted(batch)

    command = ["packages", *TINY, f"folder={tmp_path / 'mine'}"]
    monkeypatch.setattr(lives, "simulate_batch", interrupted)
    assert main(command) == 130
    assert "packages are kept in" in (told := capsys.readouterr().err) and "the same command goes on" in told
    assert not (tmp_path / "mine" / "summary.md").exists()

    monkeypatch.setattr(lives, "simulate_batch", counted)
    assert main(command) == 0
    assert len(lived) == len(set(lived))
    before = len(lived)
    written_first = {path.name: path.read_bytes() for path in (tmp_path / "mine").glob("*.parquet")}
    assert main(command) == 0
    assert len(lived) == before, "all is known"
    assert {path.name: path.read_bytes() for path in (tmp_path / "mine").glob("*.parquet")} == written_first

    check_written(tmp_path / "mine")

    capsys.readouterr()
    assert main([*command, "seed=2"]) == 2
    assert "was begun with other people" in capsys.readouterr().err


def check_written(folder: Path) -> None:
    packages, found = (pd.read_parquet(folder / f"{name}.parquet") for name in ("packages", "front"))
    assert (packages["all_in"] <= 250).all() and not packages["package"].duplicated().any()
    assert packages.loc[0, "package"] == "" and packages.loc[0, "all_in"] == 0
    assert len(found) == 3 and found["number"].tolist() == [1, 2, 3]
    assert found["share_on_front"].between(0, 1).all()
    draws = pd.read_parquet(folder / "draws.parquet")
    assert len(draws) == 2 * 4 and set(draws["package"]) == {"", *found["package"]}
    page = (folder / "summary.md").read_text(encoding="utf-8")
    assert "A duty whatever the result" in page and "costs are assumptions" in page
    read(folder / "costs.csv", [measure.name for measure in default_settings.measures()])
    for name in ("config.yaml", "about.json", "groups.parquet", "costs.parquet", "figures/front.png"):
        assert (folder / name).is_file()


# -- page and figure -------------------------------------------------------------------------------------------------


@pytest.fixture
def told(measures) -> tuple[dict[str, pd.DataFrame], dict]:
    """A front of two packages, one of individual measures alone and one that harms, and one that is beaten."""

    def row(number, package, all_in, burn_out, **more):
        effects = {
            f"{goal}{end}": size * times
            for goal, size in (("burn_out_complaints", burn_out), ("isolation_from_colleagues", burn_out / 100))
            for end, times in (("", 1), ("_low", 1.5), ("_high", -0.5 if number == 1 else 0.5), ("_searched", 1.2),
                               ("_fresh", 1.1), ("_fresh_low", 1.2), ("_fresh_high", 1.0))
        }  # fmt: skip
        costs = {"euros": 1.0, "minutes": 20.0, "all_in": all_in, "all_in_low": all_in / 2, "all_in_high": all_in * 2}
        usual = {"on_front": True, "was_on_front": True, "share_on_front": 0.8, "share_in_budget": 0.9,
                 "not_told_apart": [], "individual_only": False, "harmed": []}  # fmt: skip
        return {"number": number, "package": package, **costs, **effects, **usual, **more}

    table = pd.DataFrame(
        [
            row(1, "breaks+outdoors_in_breaks", 5.0, -1.0, individual_only=True, not_told_apart=[0]),
            row(2, "anchor_days+quiet_evenings", 44.0, -9.0, harmed=["young"]),
            row(3, "buddies", 249.0, -0.2, on_front=False),
        ]
    )
    groups = pd.DataFrame(
        [["anchor_days+quiet_evenings", "young", "exhaustion", 0.01, 0.05, True]],
        columns=["package", "group", "outcome", "gained", "worse", "harmed"],
    )
    about = {
        "search": {"budget": 250, "hourly_cost": 45, "pairs": 20, "generations": 30,
                   "smallest": {"burn_out_complaints": 1.0, "isolation_from_colleagues": 0.01, "cost": 10}},
        "tried": 700, "replicates": 4, "weeks": 52, "draws": 200, "drawn_factors": 283,
        "drawn_by": "draws", "failed_draws": {},
        "front_of_search": 20, "last_change": 26, "duties": ["chair_and_desk"], "seed": 1, "version": "0",
        "duties_effect": {"burn_out_complaints": [-0.2, -0.5, 0.1], "isolation_from_colleagues": [0.0, 0.0, 0.0]},
        "measures": {one.name: {"hygiene": one.hygiene, "legal": one.legal} for one in measures},
        "unaffordable": ["day_starts"],
    }  # fmt: skip
    costs = costs_of(measures, 45.0).told([measure.name for measure in measures])
    return {"front": table, "groups": groups, "costs": costs}, about


def test_the_page_says_what_is_individual_alone_who_is_harmed_and_what_is_a_duty(told):
    page = write(*told)
    assert "In every one of these packages" not in page
    assert "Package 1 asks something of individuals alone" in page
    assert "**Package 2:** young (exhaustion: 5% made worse, 1% gain)" in page
    assert "Chair and desk is a legal duty" in page or "Chair and desk are legal duties" in page
    assert "not distinguishable from the duties alone" in page
    assert "**Quiet evenings** is a matter of agreement" in page
    assert "day starts" in page and "search.costs=FILE" in page
    assert all(line.count("|") == page.splitlines()[place - 1].count("|")
               for place, line in enumerate(page.splitlines())
               if line.startswith("|") and page.splitlines()[place - 1].startswith("|"))  # fmt: skip


def test_the_figure_names_every_measure_of_the_front_and_no_other(told):
    tables, about = told
    page = figure.draw(tables["front"], about, "seed 1")
    words = [label.get_text() for label in page.axes[-1].get_yticklabels()]
    assert {"Breaks", "Outdoors in breaks", "Anchor days", "Quiet evenings"} < set(words)
    assert "Buddies" not in words
    assert words.index("At the source") < words.index("Collective") < words.index("Individual")
    with pytest.raises(UserError, match="no package is on the front"):
        figure.draw(tables["front"].assign(on_front=False), about)
