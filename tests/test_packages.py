"""Packages of measures: costs, Pareto front, search, and effects that are simulated once."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from omegaconf import DictConfig, OmegaConf

from sim.__main__ import main
from sim.config import composition, default_settings
from sim.engine.plan import BASELINE
from sim.errors import UserError
from sim.outcomes.definitions import BURN_OUT, GAINS_IN, ISOLATION
from sim.outcomes.record import last_weeks
from sim.plotting.figures import packages as figure
from sim.reporting.templates import render
from sim.runs.stacked_runs import run_stacked
from sim.studies.packages import evaluation
from sim.studies.packages.costs import COLUMNS, EUROS, MINUTES, Costs, costs_of, read
from sim.studies.packages.facts import facts
from sim.studies.packages.pareto import EMPTY, Space, candidates, nondominated, pareto_front, search
from sim.studies.packages.problem import DUTIES, Problem, introduction, name_of, problem_of
from sim.studies.packages.study import PackagesStudy
from sim.studies.packages.tables import Results, are_distinguishable, groups_table, individual_only, shares_on_front

TINY = (
    "firm=one", "firm.employees=40", "weeks=12", "burn_in=2", "replicates=1", "workers=1", "design.n=2",
    "search.population=4", "search.generations=2", "search.candidates=3", "search.pairs=2",
    "search.measures=[breaks,buddies,managers_explain,quiet_evenings,right_to_disconnect]", "search.smallest.cost=1",
    "search.smallest.burn_out_complaints=1e-6", "search.smallest.isolation_from_colleagues=1e-9",
)  # fmt: skip


@cache
def tiny() -> DictConfig:
    return composition.compose("study=packages", *TINY)


def problem(*settings: str) -> Problem:
    """Return the tiny problem with these settings changed."""
    cfg = tiny().copy()
    for name, value in (setting.split("=") for setting in settings):
        OmegaConf.update(cfg, name, yaml.safe_load(value), merge=False, force_add=True)
    return problem_of(cfg, PackagesStudy().settings(cfg))


# -- costs -----------------------------------------------------------------------------------------------------------

ROWS = [
    [",".join(COLUMNS)],
    ["breaks", "2", "0", "10", "10", "5", "60", "assumed", ""],
    ["buddies", "0", "0", "5", "330", "165", "500", "assumed", "half of them"],
]


def write_costs(folder: Path, rows: list[list[str]] = ROWS) -> Path:
    path = folder / "costs.csv"
    path.write_text("\n".join(",".join(row) for row in rows), encoding="utf-8")
    return path


def test_every_measure_has_a_cost_with_a_grade_and_a_reason(measures):
    table = costs_of(measures, 45.0).table
    assert list(table.index) == [measure.name for measure in measures]
    assert (table["source"] == "assumed").all()
    assert (table["note"].str.len() > 5).all()


@pytest.mark.parametrize(("place", "value", "message"), [
    ((2, 0), "bodies", r"line 3, column measure: Unknown measure: bodies.*Did you mean 'buddies'"),
    ((2, 0), "breaks", "line 3, column measure: breaks occurs twice"),
    ((1, 1), "-2", "line 2, column euro_per_employee_year: invalid value '-2'. Use a number of 0 or more"),
    ((2, 4), "much", "line 3, column minutes_per_employee_year: invalid value 'much'. Use a number of 0 or more"),
    ((2, 6), "", "line 3, column minutes_high: invalid value ''. Use a number of 0 or more"),
    ((2, 6), "nan", "line 3, column minutes_high: invalid value 'nan'"),
    ((1, 2), "3", "line 2, column euro_low: invalid value 3. Use at most euro_per_employee_year, 2"),
    ((1, 3), "1", "line 2, column euro_high: invalid value 1. Use at least euro_per_employee_year, 2"),
    ((0, 0), ",".join(COLUMNS[:-1]), "line 1: missing column note"),
])  # fmt: skip
def test_an_invalid_cost_is_reported_with_its_line_and_column(place, value, message, tmp_path):
    wrong = [list(row) for row in ROWS]
    wrong[place[0]][place[1]] = value
    with pytest.raises(UserError, match=message):
        read(write_costs(tmp_path, wrong), ["breaks", "buddies"])


def test_a_missing_cost_and_a_missing_file_are_errors(tmp_path):
    with pytest.raises(UserError, match="column measure: missing conversations"):
        read(write_costs(tmp_path), ["breaks", "buddies", "conversations"])
    with pytest.raises(UserError, match="cannot be read"):
        read(tmp_path / "none.csv", ["breaks"])


def test_euros_and_working_time_are_added_up_at_the_hourly_cost(tmp_path):
    table = read(write_costs(tmp_path), ["breaks", "buddies"])
    costs = Costs(table, {"breaks": 0.25, "buddies": 1.0}, hourly_cost=60.0)
    assert costs.of({"breaks", "buddies"}) == (0.25 * 2, 0.25 * 10 + 330), "employers that have it do not pay again"
    assert costs.all_in({"breaks", "buddies"}) == 0.5 + 332.5
    assert replace(costs, hourly_cost=0.0).all_in({"breaks", "buddies"}) == 0.5
    assert costs.of(EMPTY) == (0, 0)


def test_sampled_costs_are_within_their_ranges_with_the_stated_cost_as_median(measures):
    costs = costs_of(measures, 45.0)
    samples = [costs.sample(seed=1, number=number).table for number in range(400)]
    for usual, low, high in (EUROS, MINUTES):
        values = np.array([table[usual] for table in samples])
        assert (values >= costs.table[low].to_numpy()).all() and (values <= costs.table[high].to_numpy()).all()
        below = (values < costs.table[usual].to_numpy()).mean(axis=0)[costs.table[low] < costs.table[usual]]
        assert np.allclose(below, 0.5, atol=0.12)
    pd.testing.assert_frame_equal(samples[7], costs.sample(seed=1, number=7).table)


def test_the_table_of_costs_can_be_edited_and_read_again(measures, tmp_path):
    text = costs_of(measures, 45.0).per_employer().to_csv(index=False)
    text = text.replace("quiet_evenings,3.0", "quiet_evenings,9.5")
    (tmp_path / "mine.csv").write_text(text, encoding="utf-8")
    mine = costs_of(measures, 45.0, str(tmp_path / "mine.csv"))
    assert mine.table.at["quiet_evenings", EUROS[0]] == 9.5
    assert mine.table.at["breaks", EUROS[0]] == costs_of(measures, 45.0).table.at["breaks", EUROS[0]]


# -- the front -------------------------------------------------------------------------------------------------------


@given(arrays.arrays(float, st.tuples(st.integers(1, 12), st.just(3)), elements=st.integers(0, 3)))
def test_a_package_is_dominated_if_another_is_at_most_as_high_in_all_values_and_lower_in_one(values):
    expected = [not any((other <= one).all() and (other < one).any() for other in values) for one in values]
    assert nondominated(values).tolist() == expected


def test_differences_below_the_tolerance_count_as_none_and_the_cheapest_package_is_returned():
    values = np.array([[-5.1, 0.0, 90.0], [-5.3, 0.0, 92.0], [-5.2, 0.0, 88.0], [0.0, 0.0, 0.0], [-9.0, 0.0, 150.0]])
    assert pareto_front(values, (1.0, 0.01, 10.0)) == [3, 2, 4]
    assert pareto_front(values, (0.01, 0.01, 1.0)) == [3, 2, 1, 4]


def test_candidates_are_on_the_front_or_close_to_it():
    count = np.arange(40.0)
    on, close = np.column_stack([-count, 0 * count, count]), np.column_stack([-count, 0 * count, count + 0.6])
    dominated = close + np.array([0, 0, 30.0])
    values = np.concatenate([on, close, dominated])
    selected = candidates(values, (1.0, 1.0, 1.0), 12)
    assert len(selected) == 12 and all(place < 80 for place in selected)
    assert sum(place < 40 for place in selected) == 9
    assert {0, 39} <= set(selected), "the cheapest and the best are always included"
    assert list(values[selected, -1]) == sorted(values[selected, -1])


EFFECTS = {
    "a": (-5, 0, 4), "b": (-3, 0, 2), "c": (0, -4, 5), "d": (-1, -1, 1), "e": (-6, 0, 9), "f": (0, 0, 3),
    "g": (0, 0, 1), "h": (1, 0, 2), "i": (0, 0, 4), "j": (0, 1, 1), "k": (0, 0, 5), "l": (2, 2, 1),
}  # fmt: skip
"""Effects on burn-out complaints and isolation, and cost: five measures have an effect, and all have a cost."""
BUDGET = 18


def additive(package) -> np.ndarray:
    return np.sum([EFFECTS[name] for name in package], axis=0) if package else np.zeros(3)


def affordable(package) -> bool:
    return additive(package)[-1] <= BUDGET


def generations_of(seed: int = 1, generations: int = 20, measures=tuple(EFFECTS), size: int = 16):
    """Return the packages of every generation of a search."""
    space = Space(measures, affordable)
    return list(search(space, lambda some: np.array([additive(one) for one in some]), size, generations, seed))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_search_finds_the_front_of_additive_effects(seed):
    sizes = range(len(EFFECTS) + 1)
    everything = [frozenset(some) for size in sizes for some in combinations(EFFECTS, size)]
    possible = np.array([additive(package) for package in everything if affordable(package)])
    packages = {EMPTY, *(one for some in generations_of(seed) for one in some)}
    found = np.array([additive(package) for package in packages])
    true, reached = (
        {tuple(values[place]) for place in pareto_front(values, (1, 1, 1))} for values in (possible, found)
    )
    assert len(true) > 10
    assert len(found) < len(possible) / 5, "most are never evaluated"
    assert reached == true


def test_the_search_stays_within_the_budget_and_evaluates_no_package_twice():
    evaluated = [package for some in generations_of(generations=8) for package in some]
    assert all(affordable(package) for package in evaluated)
    assert len(set(evaluated)) == len(evaluated)
    assert EMPTY not in evaluated
    assert {frozenset(name) for name in EFFECTS} <= set(evaluated), "the first packages are single measures"


def test_the_same_seed_gives_the_same_generations():
    assert generations_of(generations=3) == generations_of(generations=5)[:3]
    assert generations_of(seed=2, generations=3) != generations_of(generations=3)


def test_a_search_of_few_packages_evaluates_all_of_them():
    generations = generations_of(generations=3, measures=("a", "b"), size=4)
    assert {one for some in generations for one in some} >= {frozenset("a"), frozenset("b"), frozenset("ab")}


# -- tables ---------------------------------------------------------------------------------------------------------


def test_the_share_on_the_front_counts_draws_in_which_a_package_is_nondominated():
    draws = np.array([[[0, 0, 0], [-3, 0, 50], [-3, 0, 80]]] * 3 + [[[0, 0, 0], [-3, 0, 90], [-3, 0, 40]]])
    assert shares_on_front(draws, (1, 1, 10)).tolist() == [1.0, 0.75, 0.25]


def test_packages_are_distinguished_by_paired_differences():
    rng = np.random.default_rng(1)
    shared = rng.normal(0, 10, (200, 1, 2))
    clear = shared + np.array([[0.0, 0.0], [-3.0, 0.0], [-3.4, 0.0]]) + rng.normal(0, 0.1, (200, 3, 2))
    expected = [[False, True, True], [True, False, False], [True, False, False]]
    assert are_distinguishable(clear, (1.0, 1.0)).tolist() == expected
    unclear = clear + rng.normal(0, 9, (200, 3, 2))
    assert not are_distinguishable(unclear, (1.0, 1.0)).any()


def test_packages_of_individual_measures_only_are_marked(measures):
    assert individual_only(frozenset({"breaks", "outdoors_in_breaks"}), measures)
    assert not individual_only(frozenset({"breaks", "quiet_evenings"}), measures)
    assert not individual_only(EMPTY, measures)


def test_a_group_is_marked_if_more_people_get_worse_than_gain():
    rng = np.random.default_rng(1)

    def levels(group, gained, worse):
        shares = {f"gained_{o}": gained for o in GAINS_IN}
        shares |= {f"worse_{o}": worse + rng.normal(0, 0.004, 30) for o in GAINS_IN}
        return pd.DataFrame({"replicate": range(30), "scenario": "breaks", "group": group, **shares})

    groups = [levels("young", 0.01, 0.05), levels("older", 0.05, 0.01), levels("women", 0.02, 0.022)]
    table = groups_table(pd.concat(groups), [EMPTY, frozenset({"breaks"})])
    assert set(table.loc[table["harmed"], "group"]) == {"young"}


# -- problem ---------------------------------------------------------------------------------------------------------


def test_duties_are_in_every_package_and_in_the_reference(measures):
    tiny_problem, package = problem(), frozenset({"breaks"})
    duties = {measure.name for measure in measures if measure.legal == "duty"}
    assert tiny_problem.duties == duties and len(duties) == 6
    plan = tiny_problem.plan(0, [package])
    assert [scenario.name for scenario in plan.scenarios] == [DUTIES, BASELINE.name, "breaks"]
    assert plan.scenarios[0].measures == duties and plan.scenarios[2].measures == duties | package
    assert not plan.scenarios[2].withdrawn, "existing measures continue"
    assert not duties & set(tiny_problem.space.measures)
    assert tiny_problem.costs.all_in(package) < 5


@pytest.mark.parametrize(("setting", "message"), [
    ("search.budget=-1", r"Invalid value for search.budget: -1. Use 0 or more\."),
    ("search.budget=much", "Invalid value for search.budget: much"),
    ("search.hourly_cost=.nan", "search.hourly_cost: nan"),
    ("search.smallest.cost=0", r"Invalid value for search.smallest.cost: 0. Use more than 0\."),
    ("search.smallest.sleep=1", r"Unknown setting: search.smallest.sleep.*burn_out_complaints"),
    ("search.population=1", r"Invalid value for search.population: 1. Use 2 or more\."),
    ("search.generations=x", r"Invalid value for search.generations: x. Use a whole number, 1 or more\."),
    ("search.costs=1", r"Invalid value for search.costs: 1. Use text, or null\."),
    ("search.measures=breaks", r"Invalid value for search.measures: breaks. Use a list"),
    ("search.budget=1", "Invalid value for search.budget: 1. Use .* or more, the cost of breaks"),
    ("search.measures=[chair_and_desk]", "search.measures: chair_and_desk. It is a legal duty"),
    ("search.measures=[braeks]", r"search.measures: braeks.*Did you mean 'breaks'"),
    ("search.measures=[]", "Use one or more measures, or null"),
    ("design.method=sobol", "Invalid value for design: sobol.* Use one of posterior, draws"),
    ("design.n=1", r"Invalid value for design.n: 1. Use 2 or more\."),
    ("design.factors=[levers]", "The factors of design=posterior are"),
    ("design.method=draws design.factors=[levers]", "Draws may differ in numbers only"),
    ("scenarios=[baseline,anchor_days]", "Invalid scenario: anchor_days. The search makes the packages"),
])  # fmt: skip
def test_invalid_settings_are_refused_before_anything_is_simulated(setting, message):
    with pytest.raises(UserError, match=message):
        problem(*setting.split())


# -- simulation ------------------------------------------------------------------------------------------------------


def test_a_package_has_the_same_effect_whichever_packages_are_simulated_with_it(small_plan):
    reference, one, other = (
        introduction(name_of(package), package)
        for package in map(frozenset, (["chair_and_desk"], ["quiet_evenings"], ["anchor_days", "breaks"]))
    )
    alone, together = (
        last_weeks(run_stacked([replace(small_plan, scenarios=scenarios)])[0])
        for scenarios in ((reference, one), (reference, BASELINE, other, one))
    )
    assert np.array_equal(alone[[0, 1]], together[[0, 3]], equal_nan=True)


def test_an_interrupted_search_resumes_and_simulates_no_package_twice(tmp_path, monkeypatch, capsys):
    simulated = []
    simulate_batch = evaluation.simulate_batch

    def recording(batch):
        worlds = ((run.plan.replicate, scenario.name) for run in batch.runs for scenario in run.plan.scenarios[2:])
        simulated.extend(worlds)
        return simulate_batch(batch)

    def interrupted(batch):
        if len(simulated) > 4:
            raise KeyboardInterrupt
        return recording(batch)

    folder = tmp_path / "mine"
    command = ["packages", *TINY, f"folder={folder}"]
    monkeypatch.setattr(evaluation, "simulate_batch", interrupted)
    assert main(command) == 130
    message = capsys.readouterr().err
    assert "packages are stored in" in message and "the same command resumes" in message
    assert not (folder / "summary.md").exists()

    monkeypatch.setattr(evaluation, "simulate_batch", recording)
    assert main(command) == 0
    count = len(simulated)
    assert count == len(set(simulated))
    first = {path.name: path.read_bytes() for path in folder.glob("*.parquet")}
    assert main(command) == 0
    assert len(simulated) == count
    assert {path.name: path.read_bytes() for path in folder.glob("*.parquet")} == first
    check_written(folder)

    capsys.readouterr()
    assert main([*command, "seed=2"]) == 2
    assert "holds runs with other people, settings or draws" in capsys.readouterr().err
    stored = json.loads((folder / "question.json").read_text(encoding="utf-8")) | {"question": "", "model": "0.4.0"}
    (folder / "question.json").write_text(json.dumps(stored), encoding="utf-8")
    assert main(command) == 2
    assert "holds runs of version 0.4.0, which alone can resume them" in capsys.readouterr().err


def check_written(folder: Path) -> None:
    packages, front = (pd.read_parquet(folder / f"{name}.parquet") for name in ("packages", "front"))
    assert (packages["all_in"] <= 250).all() and not packages["package"].duplicated().any()
    assert packages.loc[0, "package"] == "" and packages.loc[0, "all_in"] == 0
    assert len(front) == 3 and front["number"].tolist() == [1, 2, 3]
    assert front["share_on_front"].between(0, 1).all()
    draws = pd.read_parquet(folder / "draws.parquet")
    assert len(draws) == 2 * 4 and set(draws["package"]) == {"", *front["package"]}
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    assert results["packages_searched"] == len(packages) - 1 and len(results["front"]) == 3
    read(folder / "costs.csv", [measure.name for measure in default_settings.measures()])
    for name in ("config.yaml", "about.json", "summary.md", "groups.parquet", "costs.parquet", "figures/front.png"):
        assert (folder / name).is_file()


# -- page and figure -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def results() -> Results:
    """Return results with two packages on the front, of which the second harms a group, and one that is not on it."""

    def row(number, package, all_in, burn_out, **more):
        effects = {
            f"{goal}{end}": size * times
            for goal, size in ((BURN_OUT, burn_out), (ISOLATION, burn_out / 100))
            for end, times in (("", 1), ("_low", 1.5), ("_high", -0.5 if number == 1 else 0.5), ("_searched", 1.2),
                               ("_new", 1.1), ("_new_low", 1.2), ("_new_high", 1.0))
        }  # fmt: skip
        costs = {"euros": 1.0, "minutes": 20.0, "all_in": all_in, "all_in_low": all_in / 2, "all_in_high": all_in * 2}
        usual = {"on_front": True, "was_on_front": True, "share_on_front": 0.8, "share_in_budget": 0.9,
                 "not_distinguished": [], "individual_only": False, "harmed": []}  # fmt: skip
        return {"number": number, "package": package, **costs, **effects, **usual, **more}

    front = pd.DataFrame([
        row(1, "breaks+outdoors_in_breaks", 5.0, -1.0, individual_only=True, not_distinguished=[0]),
        row(2, "anchor_days+quiet_evenings", 44.0, -9.0, harmed=["young"]),
        row(3, "buddies", 249.0, -0.2, on_front=False),
    ])  # fmt: skip
    harmed = {"package": "anchor_days+quiet_evenings", "group": "young", "outcome": "exhaustion", "gained": 0.01,
              "worse": 0.05, "harmed": True}  # fmt: skip
    solved = problem("search.measures=[breaks,quiet_evenings,day_starts]", "search.generations=30")
    values = np.array([[0.0, 0.0, 0.0], [-9.0, -0.1, 44.0]])
    searched = evaluation.SearchResult([EMPTY, frozenset({"breaks"})], [0, 26], values, values[None, :, :2])
    again = evaluation.ReEvaluation([EMPTY], np.zeros((2, 1, 2)), np.zeros((2, 1, 2)), np.zeros((2, 1)), [0, 1], {})
    tables = {"front": front, "groups": pd.DataFrame([harmed]), "costs": solved.costs.per_employer()}
    return Results(solved, searched, again, np.array([[-0.5, 0.0], [0.1, 0.0]]), tables)


def test_the_facts_mark_individual_measures_harm_and_duties(results):
    values = facts(results)
    assert values["individual_only"] == [1] and values["in_every_package"] == []
    (harmed,) = values["harmed"][1]["groups"]
    assert not values["harmed"][0]["groups"] and (harmed["group"], harmed["worse"]) == ("young", 0.05)
    assert "chair_and_desk" in values["duties"] and values["unaffordable"] == ["day_starts"]
    assert values["by_agreement"] == ["quiet_evenings"]
    assert (values["re_evaluated"], values["still_on_front"], values["last_change"]) == (3, 2, 26)
    assert values["front"][0]["change"][BURN_OUT].startswith("not distinguishable from the duties alone")


def test_every_table_of_the_page_has_a_cell_for_each_column(results):
    lines = render("sim.studies.packages", {"seed": 1, "version": "0", **facts(results)}).splitlines()
    for above, line in pairwise(lines):
        if above.startswith("|") and line.startswith("|"):
            assert above.count("|") == line.count("|"), line


def test_the_figure_shows_every_measure_on_the_front_and_no_other(results):
    front, values = results.tables["front"], facts(results)
    words = [label.get_text() for label in figure.draw(front, values, "seed 1").axes[-1].get_yticklabels()]
    assert {"Breaks", "Outdoors in breaks", "Anchor days", "Quiet evenings"} < set(words)
    assert "Buddies" not in words
    assert words.index("At the source") < words.index("Collective") < words.index("Individual")
    with pytest.raises(UserError, match="no package is on the front"):
        figure.draw(front.assign(on_front=False), values)
