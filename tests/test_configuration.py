"""Every file of `conf/` composes into a plan, and mistakes are refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from families import spread
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra

import sim
from sim.config import composition, default_settings, plan_builder, scenario_choice, study_settings
from sim.config.composition import compose, options
from sim.config.default_settings import conf_folder
from sim.config.hydra_command import command
from sim.config.plan_builder import plan
from sim.config.scenario_choice import scenarios_of
from sim.config.study_settings import workers_of
from sim.engine.plan import Plan, registry_of
from sim.errors import UserError
from sim.experiments import designs
from sim.experiments.factors import Factor
from sim.levers.measure import FAMILIES, read_measure
from sim.world.calendar import Calendar

CONF = conf_folder()


def names_in(group: str) -> list[str]:
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


SCENARIOS = names_in("scenario")
OPTIONS = [(family, name) for family in FAMILIES for name in names_in(family)]
POLICIES = (
    "reachability_agreements", "right_to_disconnect", "no_need_to_answer", "quiet_evenings", "weekly_social_moments",
    "coffee_with_a_random_colleague", "full_ergonomics", "manager_training", "active_communication", "anchor_days",
    "whole_package",
)  # fmt: skip
COUNTERFACTUALS = ("no_measures", "always_on", "no_communication_loss", "fully_on_site", "fully_at_home")


@pytest.fixture(scope="module")
def default_plan() -> Plan:
    return plan()


def read(*path: str) -> dict:
    return yaml.safe_load((CONF.joinpath(*path)).with_suffix(".yaml").read_text(encoding="utf-8"))


# -- files -----------------------------------------------------------------------------------------------------------


def test_the_study_compares_the_baseline_eleven_policies_and_five_counterfactuals(default_plan):
    kinds = {scenario.name: scenario.kind for scenario in default_plan.scenarios}
    assert list(kinds) == ["baseline", *POLICIES, *COUNTERFACTUALS]
    assert kinds["baseline"] == "baseline"
    assert {kinds[name] for name in POLICIES} == {"policy"}
    assert {kinds[name] for name in COUNTERFACTUALS} == {"counterfactual"}


@pytest.mark.parametrize("name", spread(SCENARIOS, 6))
def test_every_scenario_becomes_a_plan_and_has_a_sentence(name):
    scenarios = plan(scenario=name).scenarios
    scenario = scenarios[-1]
    assert scenario.name == name and scenarios[0].name == "baseline"
    assert scenario.text.endswith(".")
    assert name == "baseline" or scenario.introduced or scenario.withdrawn or scenario.settings


@pytest.mark.parametrize(("family", "option"), spread(OPTIONS, 14))
def test_every_option_of_a_lever_becomes_a_plan(family, option):
    scenario = plan(f"{family}={option}").scenarios[-1]
    assert scenario.name == option
    changes = bool(scenario.introduced or scenario.withdrawn or scenario.settings)
    assert changes == (option != "practice_2022")


@pytest.mark.parametrize("firm", names_in("firm"))
def test_every_firm_is_read(firm, tmp_path):
    (tmp_path / "persons.csv").write_text("id,team\n1,1\n2,1\n", encoding="utf-8")
    persons = [f"firm.persons={tmp_path / 'persons.csv'}"] if firm == "own" else []
    assert plan(f"firm={firm}", *persons).firm.kind == read("firm", firm).get("kind", "study")


@pytest.mark.parametrize("name", [name for name in names_in("experiment") if name != "every_option"])  # tested alone
def test_every_experiment_becomes_a_plan(name):
    assert plan(f"experiment={name}").scenarios


@pytest.mark.parametrize("name", names_in("study"))
def test_every_study_becomes_a_plan(name):
    overrides = [f"study={name}"]
    assert plan_builder.build_plan(compose(*overrides), overrides).scenarios


@pytest.mark.parametrize("name", names_in("design"))
def test_every_design_is_made(name, tmp_path):
    (tmp_path / "rows.csv").write_text("weeks\n4\n")
    overrides = ["study=sweep", f"design={name}", "design.n=4"]
    overrides += [f"design.factors={'null' if name == 'posterior' else '[switches]'}"]
    overrides += {"file": [f"design.file={tmp_path / 'rows.csv'}"], "any": ["design.method=grid"]}.get(name, [])
    settings = study_settings.read_dataclass("design", designs.Settings, compose(*overrides).design)
    design = designs.make(settings, (Factor("a"), Factor("b")))
    assert len(design.table) and design.method in (name, "grid")


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_is_a_counterfactual_exactly_if_one_of_its_options_is(name):
    chosen = [next(iter(change.items())) for change in read("scenario", name).get("defaults") or []]
    kinds = {read(group.split("/")[1], option).get("kind") for group, option in chosen}
    assert (read("scenario", name)["kind"] == "counterfactual") == ("counterfactual" in kinds)


def test_withdrawing_and_claiming_all_measures_mean_the_fifteen_of_the_study():
    asked = {measure.name for measure in default_settings.measures() if measure.in_study}
    assert len(asked) == 15
    assert set(plan(scenario="no_measures").scenarios[-1].withdrawn) == asked
    for option in ("everybody_claims", "half"):
        assert plan(adoption=option).scenarios[-1].measures == asked


def test_a_measure_that_no_employer_has_cannot_be_withdrawn():
    with pytest.raises(UserError, match=r"Invalid withdrawal .*: buddies\. No employer has it\. Use one of breaks"):
        plan("++social.withdrawn=[buddies]")


def test_a_setting_may_change_a_parameter_of_a_lever_that_rewrites():
    changed = plan("schedule=anchor_days", "++schedule.settings={anchor_days: {days: 1.0}}")
    assert changed.scenarios[-1].settings[0].process == "anchor_days"
    with pytest.raises(UserError, match=r"Invalid value for anchor_days\.days.*: 9\.0\. Use 1 to 5"):
        plan("schedule=anchor_days", "++schedule.settings={anchor_days: {days: 9}}")


def test_every_measure_is_an_option_of_its_family_and_a_scenario_of_its_own():
    for measure in default_settings.measures():
        assert measure.name in options(measure.lever)
        assert measure.name in scenario_choice.scenario_names()


# -- overrides become the plan ----------------------------------------------------------------------------------


def test_the_default_firm_has_about_a_thousand_people(default_plan):
    firm = default_plan.firm
    assert firm.kind == "study" and firm.establishments * firm.sample == 1000


def test_overrides_reach_the_plan():
    result = plan("firm=one", "firm.employees=300", seed=7, weeks=10, burn_in=3, replicate=4)
    assert (result.firm.kind, result.firm.employees) == ("one", 300)
    assert (result.seed, result.weeks, result.burn_in, result.replicate) == (7, 10, 3, 4)


def test_keywords_may_be_lists_mappings_none_and_names_with_two_underscores_for_a_dot():
    options = {"scenarios": ["whole_package"], "workers": None, "mechanisms": {"contact": {"adapting": False}}}
    result = plan(firm="one", firm__employees=60, mechanisms__recovery__night=0.2, **options)
    assert [scenario.name for scenario in result.scenarios] == ["baseline", "whole_package"]
    assert result.parameters["contact"]["adapting"] == 0.0 and result.parameters["recovery"]["night"] == 0.2
    assert result.firm.employees == 60


def test_a_file_name_with_blanks_and_quotes_stays_whole(tmp_path):
    file = tmp_path / "my mother's firm, 2022.csv"
    file.write_text("id,team\n1,1\n2,1\n", encoding="utf-8")
    assert plan(firm="own", **{"firm.persons": str(file)}).firm.persons == str(file)


def test_every_parameter_can_be_set_and_a_plan_has_only_changed_ones(default_plan):
    cfg = compose()
    for process, kind in default_settings.mechanism_types().items():
        assert set(cfg.mechanisms[process]) == set(kind.parameter_metadata())
    overrides = ("mechanisms.recovery.demands_hold=0.25", "survey.cut_off=1.2", "mechanisms.anchor_days.days=3")
    fitted, changed = default_plan.parameters, plan("scenario=baseline", *overrides).parameters
    assert changed["recovery"] == {**fitted.get("recovery", {}), "demands_hold": 0.25}
    assert changed["survey"]["cut_off"] == 1.2 and changed["anchor_days"]["days"] == 3.0


def test_an_override_wins_over_the_fit(tmp_path):
    folder = tmp_path / "fit"
    folder.mkdir()
    (folder / "mine.yaml").write_text("# @package _global_\nmechanisms:\n  recovery: {demands_hold: 0.3, night: 0.2}\n")
    plans: list[Plan] = []
    words = ["--config-dir", str(tmp_path), "fit=mine", "scenario=baseline"]
    for more in ([], ["mechanisms.recovery.demands_hold=0.25"]):
        assert command(lambda cfg: plans.append(plan_builder.build_plan(cfg)), "a_study", [*words, *more]) == 0
    assert [one.parameters["recovery"]["demands_hold"] for one in plans] == [0.3, 0.25]
    assert plans[1].parameters["recovery"]["night"] == 0.2


def test_a_scenario_or_levers_are_compared_with_the_baseline_only():
    assert [s.name for s in plan(scenario="always_on").scenarios] == ["baseline", "always_on"]
    assert [s.name for s in plan(scenario="baseline").scenarios] == ["baseline"]
    own = plan("availability=quiet_evenings", "schedule=anchor_days").scenarios
    assert [s.name for s in own] == ["baseline", "quiet_evenings_and_anchor_days"]
    assert own[1].measures == {"quiet_evenings", "anchor_days"} and own[1].kind == "policy"
    changed = plan("scenario=whole_package", "social=day_starts").scenarios[1]
    assert changed.name == "chosen" and "day_starts" in changed.measures
    assert plan("availability=always_on").scenarios[1].kind == "counterfactual"


def test_a_lever_can_start_late_end_and_reach_a_share():
    option = "availability=right_to_disconnect"
    details = [f"availability.measures.right_to_disconnect.{what}" for what in ("start=26", "end=78", "share=0.5")]
    introduced = plan(option, *details).scenarios[1].introduced[0]
    assert (introduced.start, introduced.end, introduced.share) == (26, 78, 0.5)


def test_scenarios_can_be_read_outside_hydra():
    cfg = compose("schedule=on_site")
    assert [s.name for s in scenarios_of(cfg, ["schedule=on_site"])] == ["baseline", "on_site"]
    assert len(scenarios_of(compose(), [])) == 17


def test_one_plan_for_each_replicate():
    plans = plan_builder.build_plans(compose("replicates=3", "scenario=breaks"), ["scenario=breaks"])
    assert [one.replicate for one in plans] == [0, 1, 2]
    assert len({one.seed for one in plans}) == 1


@pytest.mark.parametrize("override", ["scenarios=[]", "scenarios=[baseline]", "scenario=baseline"])
def test_the_baseline_alone_is_a_plan_but_cannot_be_compared(override):
    assert [scenario.name for scenario in plan(override).scenarios] == ["baseline"]
    with pytest.raises(UserError, match="Missing scenario to compare with the baseline"):
        plan_builder.build_plans(compose(override), [override])


def test_there_are_never_more_workers_than_replicates():
    assert workers_of(compose("workers=8", "replicates=3")) == 3
    assert workers_of(compose("workers=null", "replicates=100")) >= 1


def test_another_hydra_application_in_the_same_notebook_is_left_alone(tmp_path):
    (tmp_path / "config.yaml").write_text("theirs: 1\n")
    with initialize_config_dir(str(tmp_path), version_base="1.3"):
        theirs = GlobalHydra.instance().hydra
        assert plan(weeks=3).weeks == 3
        assert GlobalHydra.instance().hydra is theirs
    assert not GlobalHydra.instance().is_initialized()


def test_composing_neither_moves_nor_writes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plan(scenario="anchor_days")
    assert Path.cwd() == tmp_path and not list(tmp_path.iterdir())


def test_one_organisation_may_list_the_measures_it_has():
    own = sim.plan("firm=one", "scenario=baseline", "in_place=[breaks,social_moments]")
    shares = {measure.name: measure.study["employer"] for measure in own.measures if measure.in_study}
    assert {name for name, share in shares.items() if share == 1.0} == {"breaks", "social_moments"}
    assert sum(shares.values()) == 2 and len(shares) == 15
    drawn = sim.plans("firm=one", "scenario=buddies", "in_place=[]", replicates=2)[1]
    assert not any(measure.study["employer"] for measure in drawn.measures if measure.in_study)


def test_replicates_have_different_draws_by_default_and_the_same_numbers_with_the_point():
    one, other = sim.plans("scenario=breaks", replicates=2)
    assert one.parameters != other.parameters and one.measures != other.measures
    one, other = sim.plans("scenario=breaks", replicates=2, fit="point")
    assert one == replace(other, replicate=0)


def test_the_package_offers_its_few_names_and_no_others():
    assert sim.plan is plan and callable(sim.plans) and callable(sim.run) and callable(sim.run_many)
    assert set(dir(sim)) == {"HybridWorkModel", "__version__", "plan", "plans", "run", "run_many"}
    with pytest.raises(AttributeError, match="has no attribute 'walk'"):
        sim.walk  # noqa: B018


# -- mistakes --------------------------------------------------------------------------------------------------------

MISTAKES = [
    (["in_place=[breaks]"], "Use firm=one or firm=own"),
    (["firm=one", "in_place=[quiet_evenings]"], "Invalid value for in_place: quiet_evenings"),
    (["firm=one", "in_place=breaks"], "in_place"),
    (["weks=5"], "Unknown setting: weks.*weeks"),
    (["weeks=abc"], "weeks: abc. Use a whole number"),
    (["weeks=0"], "weeks: 0. Use 1 to 2,600"),
    (["replicates=1000000000000"], "replicates: 1000000000000. Use 1 to 100,000"),
    (["replicates=0"], "replicates: 0. Use 1 to"),
    (["seed=-1"], "seed: -1. Use 0 to"),
    (["workers=0"], "workers: 0. Use 1 to"),
    (["weeks=1,2"], "Ambiguous value"),
    (["scenarios=[a,"], "Unreadable setting"),
    (["scenarios=5"], "scenarios: 5. Use a list"),
    (["scenarios=[basline]"], "Unknown scenario: basline.*baseline"),
    (["scenario=allways_on"], "Unknown option of scenario: allways_on.*always_on"),
    (["scenario=null"], "Missing option of a group"),
    (["scenario=always_on", "scenarios=[baseline]"], "scenarios and a single scenario"),
    (["experiment=foo"], "Unknown option of experiment: foo"),
    (["availability=foo"], "Unknown option of availability: foo.*right_to_disconnect"),
    (["availabilty=always_on"], "Unknown setting: availabilty.*availability"),
    (["mechanisms.recovery.demands_hold=9"], r"mechanisms\.recovery\.demands_hold: 9\. Use 0\.1 to 0\.32"),
    (["mechanisms.recovery.demands_hold=abc"], r"recovery\.demands_hold: abc\. Use 0\.1 to"),
    (["mechanisms.recovery.demand_holds=0.2"], "Unknown setting: mechanisms.recovery.demand_holds.*demands_hold"),
    (["+mechanisms.recovery.demand_holds=0.2"], "Unknown parameter: mechanisms.recovery.demand_holds.*demands_hold"),
    (["+mechanisms.recovry.demands_hold=0.2"], "Unknown mechanism: recovry.*recovery"),
    (["mechanisms=5"], "mechanisms: 5. .*group"),
    (["mechanisms.anchor_days.days=9"], "anchor_days.days: 9"),
    (["survey.cut_off=9"], "survey.cut_off: 9"),
    (["firm=own"], "needs a file of persons"),
    (["firm=one", "firm.employees=2"], "employees: 2"),
    (["firm.employees=200"], "Unknown setting: firm.employees"),
    (["firm.sample=abc"], "firm.sample: abc. Use a whole number"),
    (["firm=one", "firm.sector=farming_of_snails"], "farming_of_snails"),
    (["firm.shares={woman: 2}"], "Invalid value for firm.shares.woman: 2"),
    (["calendar.start=2022-09-06"], "2022-09-06, a Tuesday"),
    (["calendar.start=soon"], "calendar.start: soon. Use a date"),
    (["+availability.measures.nonsense.share=1"], "Unknown measure: nonsense"),
    (["availability=right_to_disconnect", "availability.measures.right_to_disconnect.share=1.5"],
     r"share in .*: 1\.5\. Use a share"),
    (["availability=right_to_disconnect", "availability.measures.right_to_disconnect.share=all"],
     r"share in .*: all\. Use a share"),
    (["availability=always_on", "availability.settings.availability.pressure_from_above=9"],
     r"Invalid value for .*: 9\.0\. Use "),
    (["+schedule.settings.attendence.home_floor=1"], "attendence"),
    (["mechanisms.recovery.night=null"], r"night: null\. Use "),
    (["mechanisms.recovery.night=true"], r"night: true\. Use "),
    (["mechanisms.recovery=3"], r"Use mechanisms\.recovery\.<name>=<value>"),
    (["mechanisms.recovry.night=0.2"], "Unknown setting: mechanisms.recovry.*recovery"),
    (["weeks=null"], "weeks: null. Use a whole number"),
    (["+foo=3"], "Unknown setting: foo"),
    (["+weks=3"], "Unknown setting: weks.*weeks"),
    (["+calendar.foo=3"], "Unknown setting: calendar.foo"),
    (["~weeks"], "~weeks. .*weeks=<value>"),
    (["~foo"], "'foo' does not exist. Settings cannot be removed"),
    (["firm=one", "firm.employes=60"], "Unknown setting: firm.employes.*Did you mean 'employees'"),
    (["firm=own", "firm.employees=300"], "Unknown setting: firm.employees.*persons, ties, sector, shares"),
    (["firm=one", "firm.establishments=3"], "Unknown setting: firm.establishments.*employees, team_size"),
    (["firm.shares.woman=0.4"], "firm.shares={woman: <value>}"),
    (["firm=[a]"], r"firm: \['a'\]. Use the name of one option"),
    (["engine=cuda"], "Unknown engine: cuda. Use one of auto"),
    (["calendar.start=9999-12-27"], "a Monday from 1900 to 2200"),
    (["calendar.start=null"], "calendar.start: null. Use a date"),
    (["scenario=no_measures", "kind=policy"], "Invalid setting: kind. Only the file of a scenario"),
    (["scenario=no_measures", "text=better"], "Invalid setting: text. Only the file"),
    (["availability=always_on", "+availability={kind: policy}"], "Invalid setting: availability.kind. Only the file"),
    (["measure=breaks"], "choose it as in scenario=breaks"),
    (["availability.measures.quiet_evenings.share=0.5"], "Use availability=quiet_evenings"),
    (["schedule=anchor_days", "+schedule.from_week=26"], "from_week and until_week are for settings"),
    (["recovery=breaks", "social.withdrawn=[breaks]"], "breaks is both introduced and withdrawn"),
    (["social.withdrawn=breaks"], r"withdrawn in .*: breaks\. Use a list, as in withdrawn: \[breaks\]"),
    (["+schedule.foo=-3"], "Unknown entry: foo in .*schedule"),
    (["+schedule.withdrwn=[]"], "Unknown entry: withdrwn in .*schedule.*withdrawn"),
]  # fmt: skip


@pytest.mark.parametrize(("overrides", "message"), spread(MISTAKES, 30))
def test_a_mistake_is_reported_in_one_line(overrides, message):
    with pytest.raises(UserError, match=message) as mistake:
        plan(*overrides)
    assert "\n" not in str(mistake.value)


LIMITS = [
    ("++schedule.measures.anchor_days.start=-3", r"start in .*anchor_days: -3\. Use a whole week from 0"),
    ("++schedule.measures.anchor_days.start=1.5", r"start in .*anchor_days: 1.5\. Use a whole week from 0"),
    ("++schedule.measures.anchor_days.start=true", r"start in .*anchor_days: true\. Use a whole week from 0"),
    ("++schedule.measures.anchor_days.start=null", r"start in .*anchor_days: null\. Use a whole week from 0"),
    ("++schedule.measures.anchor_days.start=20", r"anchor_days.*: week 20 of a run of 20 weeks\. Use week 0 to 19"),
    ("++schedule.measures.anchor_days.end=0", r"end in .*anchor_days: 0\. Use a week after start \(0\)"),
    ("++schedule.measures.anchor_days.end=21", r"21 of a run of 20 weeks\. Use a week up to 20, or null for no end"),
    ("++schedule.measures.anchor_days.share=null", r"share in .*anchor_days: null\. Use a share from 0 to 1"),
    ("++schedule.measures.anchor_days.intensity=null", r"intensity in .*anchor_days: null\. Use a number from 0 to 2"),
    ("++schedule.measures.anchor_days.intensity=3", r"intensity in .*anchor_days: 3\. Use a number from 0 to 2"),
    ("++schedule.measures.anchor_days.use=2", r"use in .*anchor_days: 2\. Use a share from 0 to 1"),
    ("schedule.from_week=-1", r"from_week in .*: -1\. Use a whole week from 0"),
    ("schedule.from_week=null", r"from_week in .*: null\. Use a whole week"),
    ("schedule.from_week=20", r"start of .*fixed_office_days .*: week 20 "),
    ("schedule.until_week=2.5", r"until_week in .*: 2\.5\. Use a whole week"),
    ("schedule.until_week=0", r"until_week in .*: 0\. Use a week after from_week \(0\)"),
    ("schedule.until_week=21", r"end of .*fixed_office_days .*: week 21 "),
    ("schedule.settings.attendance.fixed_office_days=null", r"fixed_office_days in .*: null\. Use a number"),
    ("schedule.settings.attendance=3", r"attendance in .*: 3\. Use entries"),
]


@pytest.mark.parametrize(("override", "message"), LIMITS)
def test_a_change_outside_the_horizon_or_the_limits_is_refused(override, message):
    option = "anchor_days" if "measures" in override else "one_anchor_day"
    with pytest.raises(UserError, match=message):
        plan("weeks=20", f"schedule={option}", override)


def test_a_change_may_last_to_the_very_end():
    detail = "schedule.measures.anchor_days"
    introduced = (
        plan("weeks=20", "schedule=anchor_days", f"{detail}.start=19", f"{detail}.end=20").scenarios[1].introduced
    )
    assert [(one.start, one.end) for one in introduced] == [(19, 20)]


@pytest.mark.parametrize("replicate", [-1, 2**31, 0.5])
def test_an_invalid_replicate_is_refused(replicate):
    with pytest.raises(UserError, match=f"Invalid value for replicate: {replicate}. Use a whole number from 0"):
        plan(replicate=replicate)


def test_an_engine_or_date_that_cannot_be_used_is_refused_at_once(default_plan, monkeypatch):
    monkeypatch.setattr("sim.engine.find_spec", lambda name: None)
    with pytest.raises(UserError, match="needs numba"):
        plan("engine=fused")
    with pytest.raises(UserError, match="has no date"):
        replace(default_plan, calendar=Calendar.starting("9999-12-27"))


MEASURE_MISTAKES = [
    ({"shifts": {"feedback": 3}}, r"shifts.feedback in measure mine: 3\. Use amount, low, high and source"),
    ({"shifts": ["feedback"]}, r"shifts in measure mine: \['feedback'\]\. Use entries"),
    ({"amount": "much"}, r"shifts.feedback.amount in measure mine: much\. Use a number"),
    ({"amount": True}, r"shifts.feedback.amount in measure mine: true\. Use a number"),
    ({"high": float("inf"), "amount": 400}, r"shifts.feedback.high in measure mine: inf\. Use a number"),
    ({"source": "E999"}, r"shifts.feedback.source in measure mine: E999\. No row of sim/data has E999"),
    ({"study": "banana"}, r"study in measure mine: banana\. Use entries, as in study: {employer"),
    ({"fades_in": "abc"}, r"fades_in in measure mine: abc\. Use a number from 0"),
    ({"fades_in": None}, r"fades_in in measure mine: null\. Use a number from 0"),
    ({"fades_in": -3}, r"fades_in in measure mine: -3\. Use a number from 0"),
    ({"use": True}, r"use in measure mine: true\. Use a share"),
    ({"hoops": None}, r"hoops in measure mine: null\. Use a share"),
    ({"text": ["a", "b"]}, r"text in measure mine: \['a', 'b'\]\. Use text"),
    ({"text": 3}, r"text in measure mine: 3\. Use text"),
    ({"rewrites": "banana"}, r"rewrites in measure mine: banana\. Use true or false"),
    ({"tekts": "a"}, "Unknown entry: tekts in measure mine.*tekst"),
]


@pytest.mark.parametrize(("change", "message"), MEASURE_MISTAKES, ids=lambda value: str(value)[:40])
def test_a_mistake_in_a_measure_is_reported_in_one_line(change, message):
    content = read("measure", "buddies")
    if change.keys() <= {"amount", "low", "high", "source"}:
        change = {"shifts": {"feedback": content["shifts"]["feedback"] | change}}
    with pytest.raises(UserError, match=message) as mistake:
        read_measure("mine", content | change)
    assert "measure mine" in str(mistake.value) and "\n" not in str(mistake.value)


def write_measure(folder: Path, name: str, text: str) -> None:
    (folder / "measure").mkdir()
    (folder / "measure" / f"{name}.yaml").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "place"), [("baseline", "scenario/baseline"), ("practice_2022", "social/practice_2022")]
)
def test_a_measure_may_not_have_the_name_of_another_option(name, place, tmp_path):
    write_measure(tmp_path, name, yaml.safe_dump(read("measure", "buddies")))
    with pytest.raises(UserError, match=f"{name}. {place}.yaml is about something else"):
        composition.prepare(tmp_path)


def test_a_measure_without_a_source_is_refused_by_name(tmp_path):
    content = read("measure", "buddies")
    del content["source"]
    write_measure(tmp_path, "buddies", yaml.safe_dump(content))
    with pytest.raises(UserError, match="Missing entry: source in measure buddies"):
        default_settings.measures(tmp_path)


def test_a_file_that_is_no_yaml_is_refused_by_name(tmp_path):
    write_measure(tmp_path, "odd", "shifts: {a: {b: c\nd: e")
    with pytest.raises(UserError, match=r"Invalid YAML in odd\.yaml") as mistake:
        default_settings.measures(tmp_path)
    assert "\n" not in str(mistake.value)


def test_every_process_in_a_plan_is_in_the_registry():
    full = plan(adoption="everybody_claims")
    assert set(full.parameters) <= {*registry_of(full).mechanisms, *default_settings.mechanism_types(), "survey"}
