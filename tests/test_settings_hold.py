"""Numbers that a user sets or an organisation counts are the same in every draw of every study."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from itertools import cycle, product
from pathlib import Path
from typing import Any

import pytest
import yaml
from families import spread
from omegaconf import OmegaConf

import sim
from sim.config import composition, default_settings, explicit_settings, plan_builder
from sim.config.hydra_command import command
from sim.config.overrides import format_override
from sim.config.posterior_draws import draws
from sim.engine.plan import Plan, create_engine
from sim.errors import UserError
from sim.experiments.factors import DesignContext, choose, numbers_with_metadata, with_every_measure
from sim.experiments.sweep import sweep_of
from sim.levers.measure import measure_parameters
from sim.outcomes.definitions import GROUPS
from sim.studies.packages.problem import DRAW_REPLICATES, problem_of
from sim.studies.packages.study import PackagesStudy
from sim.studies.posterior.problem import uncertain_factors
from sim.studies.ranking.study import draws_sweep
from sim.studies.sensitivity.study import SensitivityStudy
from sim.studies.vanishing.study import VanishingStudy
from sim.views.explore.cases import plans_of as plans_of_explorer
from sim.views.explore.selection import PolicySelection

SMALL = ("firm=one", "firm.employees=60", "weeks=26", "burn_in=4")
DRAWS = draws()
DRAWN_NUMBERS = tuple(DRAWS.columns)
SOME = (
    "mechanisms.anchor_days.firmness", "mechanisms.cascade.own_initiative", "mechanisms.recovery.night",
    "measures.breaks.encouragement_to_break", "measures.quiet_evenings.messages_held_back", "survey.cut_off",
)  # fmt: skip
"""Numbers of a lever, of the point, of an equation, of measures and of an instrument."""


@cache
def usual() -> dict[str, float]:
    """Every number that is drawn, with its value in the point."""
    return numbers_of_plan(plan_builder.plan("fit=point"))


@cache
def moved() -> dict[str, float]:
    """Every number that is drawn, with another value within its range."""
    ranges = {factor.name: factor for factor in uncertain_factors(plan_builder.plan("fit=point"))}
    return {name: round(ranges[name].low + 0.37 * (ranges[name].high - ranges[name].low), 6) for name in DRAWN_NUMBERS}


def numbers_of_plan(plan: Plan) -> dict[str, float]:
    """The numbers of a plan that the posterior draws, by name."""
    found = {name: value for name, (value, _) in numbers_with_metadata(with_every_measure(plan)).items()}
    found |= {
        f"measures.{m.name}.{name}": value for m in plan.measures for name, value in measure_parameters(m).items()
    }
    return {name: found[name] for name in DRAWN_NUMBERS}


def nested(values: Mapping[str, float], depth: int = 3) -> dict[str, Any]:
    """The numbers as nested mappings, the names of the first levels joined by dots where `depth` is smaller."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        parts = name.split(".")
        joined = [".".join(parts[: len(parts) - depth + 1]), *parts[len(parts) - depth + 1 :]] if depth < 3 else parts
        place = found
        for part in joined[:-1]:
            place = place.setdefault(part, {})
        place[joined[-1]] = value
    return found


def in_a_file(folder: Path, group: str, content: Mapping[str, Any], head: Mapping[str, Any] | None = None) -> list[str]:
    """Write an option of a group in a folder of one's own; the words that choose it."""
    (folder / group).mkdir()
    text = "# @package _global_\n" + yaml.safe_dump({**(head or {}), **content}, sort_keys=False)
    (folder / group / "mine.yaml").write_text(text, encoding="utf-8")
    return ["--config-dir", str(folder), f"{group}=mine"]


def plans_of(words: Sequence[str], options: Mapping[str, Any]) -> list[Plan]:
    """The plans of three replicates, as a command makes them where the words have a flag."""
    if "--config-dir" not in words:
        return sim.plans(*words, replicates=3, **options)
    found: list[Plan] = []
    assert command(lambda cfg: found.extend(plan_builder.build_plans(cfg)), "scenarios", [*words, "replicates=3"]) == 0
    return found


Words = tuple[list[str], dict[str, Any]]
SPELLINGS: dict[str, Callable[[Mapping[str, float], Path], Words]] = {
    "a value": lambda values, _: ([f"{name}={value}" for name, value in values.items()], {}),
    "a value with ++": lambda values, _: ([f"++{name}={value}" for name, value in values.items()], {}),
    "a process": lambda values, _: ([f"{n}={format_override(v)}" for n, v in nested(values, depth=2).items()], {}),
    "a group": lambda values, _: ([f"{name}={format_override(own)}" for name, own in nested(values).items()], {}),
    "a keyword": lambda values, _: ([], {name.replace(".", "__"): value for name, value in values.items()}),
    "a nested keyword": lambda values, _: ([], nested(values)),
    "an experiment": lambda values, folder: (in_a_file(folder, "experiment", nested(values)), {}),
    "a fit": lambda values, folder: (in_a_file(
        folder, "fit", nested(values), {"defaults": ["point", "_self_"], "draws": "posterior"}), {}),
}  # fmt: skip


def check_draws(own: Mapping[str, float], plans: Iterable[Plan]) -> None:
    """Check that these numbers are the same in three plans and that all others are drawn."""
    first, second, third = map(numbers_of_plan, plans)
    for name in DRAWN_NUMBERS:
        expected = (own[name],) * 3 if name in own else tuple(DRAWS[name].head(3))
        assert (first[name], second[name], third[name]) == expected, name


@pytest.mark.parametrize(("values", "spelling"), spread(product((moved, usual), SPELLINGS), 9))
def test_a_number_that_is_set_is_the_same_in_every_draw_and_the_others_are_drawn(spelling, values, tmp_path):
    own = {name: values()[name] for name in SOME}
    words, options = SPELLINGS[spelling](own, tmp_path)
    check_draws(own, plans_of(["scenarios=[breaks]", *words], options))


def test_every_drawn_number_is_fixed_by_a_composed_value_that_differs():
    cfg = composition.compose()
    assert explicit_settings.set_parameters(cfg, ()) == frozenset()
    for name, value in moved().items():
        OmegaConf.update(cfg, name, value)
    assert explicit_settings.set_parameters(cfg, ()) == set(DRAWN_NUMBERS)


def test_every_drawn_number_is_fixed_by_an_override_with_its_default():
    cfg, marks = composition.compose(), cycle(("", "+", "++"))
    for (name, value), mark in zip(usual().items(), marks, strict=False):
        assert explicit_settings.set_parameters(cfg, [f"{mark}{name}={value}"]) == {name}


def test_an_unedited_copy_of_the_configuration_fixes_no_number(tmp_path):
    copy = shutil.copytree(default_settings.conf_folder(), tmp_path / "mine")
    found: list[frozenset[str]] = []
    words = ["--config-dir", str(copy), "fit=posterior"]
    assert command(lambda cfg: found.append(explicit_settings.set_parameters(cfg)), "scenarios", words) == 0
    assert found == [frozenset()]


def test_an_edited_measure_of_an_own_folder_is_the_same_in_every_draw(tmp_path):
    content = yaml.safe_load((default_settings.conf_folder() / "measure" / "breaks.yaml").read_text(encoding="utf-8"))
    shift = content["shifts"]["encouragement_to_break"]
    shift["amount"] = round(0.5 * (shift["amount"] + shift["low"]), 6)
    (tmp_path / "measure").mkdir()
    (tmp_path / "measure" / "breaks.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    for plan in plans_of(["--config-dir", str(tmp_path), "scenarios=[breaks]"], {}):
        assert numbers_of_plan(plan)["measures.breaks.encouragement_to_break"] == shift["amount"]


def own_root(values, folder, file="config"):
    (folder / f"{file}.yaml").write_text(yaml.safe_dump(nested(values)), encoding="utf-8")
    return ["--config-dir", str(folder), "scenarios=[breaks]"]


def own_levers(values, folder):
    return own_root(values, folder, "levers")


def own_firm(values, folder):
    firm = {"kind": "one", "employees": 60, "team_size": 8, "teams_per_department": 6, "sector": None, "shares": None}
    return [*in_a_file(folder, "firm", {"firm": firm, **nested(values)}), "scenarios=[breaks]"]


def own_scenario(values, folder):
    head = {"defaults": [{"override /recovery": "breaks"}], "kind": "policy", "text": "Breaks."}
    return in_a_file(folder, "scenario", nested(values), head)


@pytest.mark.parametrize(
    "values",
    [pytest.param(moved, id="another value"), pytest.param(usual, id="the default value", marks=pytest.mark.slow)],
)
@pytest.mark.parametrize("place", [own_root, own_levers, own_firm, own_scenario], ids=lambda place: place.__name__)
def test_a_number_in_any_own_file_is_the_same_in_every_draw(place, values, tmp_path):
    own = {name: values()[name] for name in SOME}
    check_draws(own, plans_of(place(own, tmp_path), {}))


def test_an_own_config_can_switch_draws_off(tmp_path):
    (tmp_path / "config.yaml").write_text("draws: null\n", encoding="utf-8")
    first, second, _ = map(numbers_of_plan, plans_of(["--config-dir", str(tmp_path), "scenario=breaks"], {}))
    assert first == second == usual()


def test_a_listed_scenario_that_sets_more_than_levers_is_refused(tmp_path, capsys):
    words = own_scenario({"mechanisms.recovery.night": 0.21}, tmp_path)
    assert command(plan_builder.build_plans, "scenarios", [*words[:2], "scenarios=[mine]"]) == 2
    assert "Invalid scenario: mine. Its file sets mechanisms" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("measures.breaks.encouragement_to_break", 0.2), ("measures.breaks.hoops", 0.2),
        ("mechanisms.cascade.own_initiative", 0.2), ("mechanisms.cascade.carried_out", 0.8),
        ("mechanisms.practice.used_poorly", 0.2),
    ],
)  # fmt: skip
def test_a_number_that_the_worlds_of_vanishing_measures_draw_is_refused(name, value, monkeypatch):
    overrides = ["study=vanishing_measures", f"{name}={value}"]
    monkeypatch.setattr(composition, "overrides_of_job", lambda: overrides)
    with pytest.raises(UserError, match=f"Invalid setting: {name}."):
        cfg = composition.compose(*overrides)
        VanishingStudy().plans(cfg, VanishingStudy().settings(cfg))


# -- every study that draws ------------------------------------------------------------------------------------------


def of_design(sweep) -> Iterable[Plan]:
    return [run.plan for run in sweep.runs(range(min(3, len(sweep))))]


def swept(*words, design="posterior"):
    words = ("study=sweep", f"design={design}", "design.n=3", "scenario=breaks", *words)
    return of_design(sweep_of(composition.compose(*words)))


def swept_from_ranges(*words):
    return swept(*words, design="draws")


def ranked(*words):
    return of_design(draws_sweep(composition.compose("study=robust_ranking", "design.n=3", *words)))


def screened(*words):
    words = ("sensitivity.trajectories=2", "sensitivity.policies=[]", "sensitivity.pairs=[]", *words)
    cfg, study = composition.compose("study=sensitivity", *words), SensitivityStudy()
    return of_design(study.problem(cfg, study.settings(cfg)).screening)


def packaged(*words):
    cfg = composition.compose("study=packages", "firm=one", "design.n=3", *words)
    packages = problem_of(cfg, PackagesStudy().settings(cfg))
    return [packages.plan(DRAW_REPLICATES + number, []) for number in range(3)]


def inspected(*words):
    return plan_builder.build_plans(composition.compose("study=inspection", "replicates=3", *words), words)


def compared(*words):
    return sim.plans(*words, "firm=one", "scenario=breaks", replicates=3)


STUDIES = (compared, swept, swept_from_ranges, ranked, screened, packaged, inspected)
SET = {"mechanisms.recovery.night": 0.21, "measures.breaks.encouragement_to_break": 0.44, "survey.reliability": 0.81}


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.__name__)
def test_a_number_that_is_set_is_the_same_in_every_study_that_draws(study):
    numbers = [numbers_of_plan(plan) for plan in study(*(f"{name}={value}" for name, value in SET.items()))]
    assert len(numbers) == 3
    assert all({name: one[name] for name in SET} == SET for one in numbers)
    assert any(one != numbers[0] for one in numbers[1:]), "other numbers are drawn"


@pytest.mark.parametrize("study", [one for one in STUDIES if one is not inspected], ids=lambda study: study.__name__)
def test_shares_that_are_counted_are_the_same_in_every_study_that_draws(study):
    plans = list(study("firm=one", "firm.shares={woman: 0.6, may_work_from_home: 0.25}"))
    assert len(plans) == 3
    for numbers in map(numbers_of_plan, plans):
        shares = [numbers[f"mechanisms.circumstances.{name}"] for name in ("women", "may_share", "managers_may")]
        assert shares == [0.6, 0.25, 0.25]


def test_inputs_of_the_explorer_are_the_same_in_every_draw():
    night = {"mechanisms.recovery.night": 0.21}
    for plan in plans_of_explorer(PolicySelection(employees=60, at_home=20, numbers=night, in_place=("breaks",)), 3):
        numbers = numbers_of_plan(plan)
        assert numbers["mechanisms.recovery.night"] == 0.21
        assert numbers["mechanisms.circumstances.may_share"] == 0.2
        assert {m.name for m in plan.measures if m.in_study and m.study["employer"]} == {"breaks"}


def test_a_row_may_set_which_measures_are_in_place():
    words = ["firm=one", "in_place=[]"]
    row = {"in_place": ("breaks",), "measures.breaks.encouragement_to_break": 0.44}
    plan = DesignContext(composition.compose(*words), words).at(row)
    assert {m.name for m in plan.measures if m.in_study and m.study["employer"]} == {"breaks"}


# -- counts ----------------------------------------------------------------------------------------------------------


def home_workers(*words: str) -> list[list[float]]:
    """Employees who may work from home, week by week, of two replicates."""
    records = [sim.run(plan) for plan in sim.plans(*SMALL, *words, "scenarios=[breaks]", replicates=2)]
    return [record.people[0, :, list(GROUPS).index("home_workers")].tolist() for record in records]


def test_shares_that_are_counted_change_the_result_of_every_draw():
    assert all(set(weeks) == {0} for weeks in home_workers("firm.shares={may_work_from_home: 0}"))
    assert all(min(weeks) > 0 for weeks in home_workers())


@pytest.fixture
def persons(tmp_path: Path) -> Path:
    """Twenty-four people, half of them women, nobody able to work from home."""
    rows = ["id,team,department,manager,role,woman,may_work_from_home", "1,t0,d,,manager,1,0"]
    rows += [f"{number},t{number % 3},d,1,employee,{number % 2},0" for number in range(2, 25)]
    path = tmp_path / "persons.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


def test_shares_in_a_file_of_persons_apply_to_later_newcomers_too(persons):
    for plan in sim.plans("firm=own", firm__persons=str(persons), replicates=2):
        own = create_engine(plan).registry.mechanisms["circumstances"]
        assert (own.women, own.may_share, own.managers_may) == (0.5, 0.0, 0.0)
        assert "women" not in plan.parameters["circumstances"]
        assert "older_share" in plan.parameters["circumstances"], "what is not counted is drawn"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["firm=one", "firm.shares={woman: 0.5}", "mechanisms.circumstances.women=0.4"], "firm.shares.woman, which"),
        (["firm=one", "firm.shares={woman: 0.5}", "mechanisms={circumstances: {women: 0.4}}"], "firm.shares.woman"),
        (["firm=one", "firm.shares={older: 0.5}", "mechanisms.circumstances.older_share=0.3"], "firm.shares.older"),
        (["firm=own", "firm.persons={persons}", "mechanisms.circumstances.women=0.4"], "column 'woman' of persons.csv"),
        (["firm=own", "firm.persons={persons}", "firm.shares={woman: 0.5}"], "persons.csv has it as a column"),
    ],
)
def test_a_number_that_is_both_set_and_counted_is_refused_in_one_line(words, message, persons):
    with pytest.raises(UserError, match=message) as mistake:
        sim.plans(*(word.replace("{persons}", str(persons)) for word in words))
    assert len(str(mistake.value).splitlines()) == 1


def test_a_row_that_replaces_what_is_counted_is_refused():
    words = ["firm=one", "firm.shares={woman: 0.5}"]
    plan = DesignContext(composition.compose(*words), words).at({"mechanisms.circumstances.women": 0.4})
    with pytest.raises(UserError, match="A count of the organisation"):
        create_engine(plan)


@pytest.mark.parametrize(
    ("factors", "words", "message"),
    [
        ("{mechanisms.recovery.night: [0.1, 0.2]}", ["mechanisms.recovery.night=0.3"], "is a factor of every row"),
        ("{weeks: [26, 52]}", ["weeks=30"], "Conflicting settings: weeks is set, and is a factor"),
        ("[availability]", ["scenarios=[breaks]"], "a policy in each row from availability"),
        ("[dose.breaks]", ["scenarios=[buddies]"], "a policy in each row from dose"),
        ("[dose.breaks]", ["scenario=buddies"], "a policy in each row from dose"),
        ("[strength.buddies]", ["social=coffee_with_a_random_colleague"], "a policy in each row from strength"),
    ],
)
def test_a_setting_that_the_rows_of_a_design_replace_is_refused(factors, words, message, monkeypatch):
    overrides = ["study=sweep", "design=grid", f"design.factors={factors}", *words]
    monkeypatch.setattr(composition, "overrides_of_job", lambda: overrides)
    with pytest.raises(UserError, match=message):
        sweep_of(composition.compose(*overrides))


def test_a_number_that_is_set_is_a_factor_only_under_its_full_name():
    words, night = ["firm=one", "mechanisms.recovery.night=0.2"], "mechanisms.recovery.night"
    context = DesignContext(composition.compose(*words), words)
    names = [factor.name for factor in choose(["mechanisms.recovery.*"], context.plan, context.fixed)]
    assert len(names) > 3 and night not in names
    assert [factor.name for factor in choose([night], context.plan, context.fixed)] == [night]
