"""An own folder, given with `--config-dir`: its files win over the shipped ones, and run no code."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from families import spread
from omegaconf import DictConfig, OmegaConf

from sim.__main__ import COMMANDS, main
from sim.config import composition, default_settings, plan_builder, scenario_choice
from sim.config import posterior_draws as posterior_draws
from sim.config.folder import check_folder
from sim.config.hydra_command import command
from sim.engine.plan import Plan
from sim.levers.measure import FAMILIES

GROUPS = default_settings.groups()
HEAD = "# @package _global_\n"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of `conf/`, to be edited."""
    return Path(shutil.copytree(default_settings.conf_folder(), tmp_path / "mine"))


def folder_of(tmp_path: Path, **files: str) -> Path:
    """Return an own folder with these files; `__` in a name stands for a subfolder."""
    folder = tmp_path / "mine"
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    folder.mkdir(exist_ok=True)
    return folder


def seen_by(folder: Path, *words: str, study: str | None = None) -> DictConfig:
    """Return the configuration that a study gets with this folder."""
    seen: list[DictConfig] = []
    assert command(seen.append, "a_study", ["--config-dir", str(folder), *words], study) == 0
    return seen[0]


def error_of(capsys, *words: str, study: Callable[[DictConfig], Any] = lambda cfg: pytest.fail("composed")) -> str:
    """Return the error, of one line, with which a command ends."""
    assert command(study, "a_study", list(words)) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("hybridwork: ") and line.isprintable() and "HYBRIDWORK_TEST" not in os.environ
    return line


def plan_with(folder: Path, *words: str) -> Plan:
    plans: list[Plan] = []
    asked = ["--config-dir", str(folder), *words]
    assert command(lambda cfg: plans.append(plan_builder.build_plan(cfg)), "a_study", asked) == 0
    return plans[0]


# -- the user's file wins ---------------------------------------------------------------------------------------------


def test_an_unedited_copy_of_the_configuration_changes_nothing(copy, capsys):
    assert seen_by(copy) == composition.compose()
    assert plan_with(copy, "firm=one") == plan_builder.plan("firm=one")
    assert capsys.readouterr().err == ""


EDITS: list[tuple[str, str, str, list[str], str | None, Callable[[DictConfig], Any], Any]] = [
    ("config.yaml", "weeks: 104 ", "weeks: 30 ", [], None, lambda cfg: cfg.weeks, 30),
    ("config.yaml", "- firm: study", "- firm: one", [], None, lambda cfg: cfg.firm.kind, "one"),
    ("firm/one.yaml", "employees: 1000", "employees: 77", ["firm=one"], None, lambda cfg: cfg.firm.employees, 77),
    ("firm/study.yaml", "sample: 25", "sample: 17", ["firm=study_full"], None, lambda cfg: cfg.firm.sample, 17),
    ("experiment/quick.yaml", "weeks: 26", "weeks: 13", ["experiment=quick"], None, lambda cfg: cfg.weeks, 13),
    ("scenario/always_on.yaml", "text: ", "text: X ", ["scenario=always_on"], None, lambda cfg: cfg.text[0], "X"),
    ("fit/point.yaml", "cut_off: ", "cut_off: 1.23 #", ["fit=point"], None, lambda cfg: cfg.survey.cut_off, 1.23),
    ("measure/breaks.yaml", "use: ", "use: 0.123 #", [], None, lambda cfg: cfg.measures.breaks.use, 0.123),
    ("social/day_starts.yaml", "share: 1.0", "share: 0.4", ["social=day_starts"], None,
     lambda cfg: cfg.social.measures.day_starts.share, 0.4),
    ("design/sobol.yaml", "n: 64", "n: 32", ["design=sobol"], "sweep", lambda cfg: cfg.design.n, 32),
    ("executor/local.yaml", "kind: local", "kind: dask", ["executor=local"], "sweep",
     lambda cfg: cfg.executor.kind, "dask"),
    ("study/sweep.yaml", "weeks: 52", "weeks: 10", [], "sweep", lambda cfg: cfg.weeks, 10),
    ("levers.yaml", "- adoption: practice_2022", "- adoption: nobody", [], None,
     lambda cfg: cfg.adoption == composition.compose("adoption=nobody").adoption, True),
]  # fmt: skip


@pytest.mark.parametrize(("file", "before", "after", "words", "study", "of", "value"), spread(EDITS, 7))
def test_an_edited_copy_of_any_file_is_read(file, before, after, words, study, of, value, copy):
    path = copy / file
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")
    assert of(seen_by(copy, *words, study=study)) == value


def test_every_file_of_the_configuration_is_under_test_or_of_a_group_that_is(copy):
    tested = {Path(edit[0]).parent.name for edit in EDITS}
    assert {"", *GROUPS} - tested <= set(FAMILIES), "families of levers are read alike"


@pytest.mark.parametrize("group", spread(GROUPS, 6))
def test_a_folder_may_hold_one_file_alone(group, tmp_path):
    """Whatever else is missing comes from the shipped configuration."""
    shipped = sorted((default_settings.conf_folder() / group).glob("*.yaml"))[0]
    folder = tmp_path / "mine" / group
    folder.mkdir(parents=True)
    shutil.copy(shipped, folder)
    assert seen_by(folder.parent) == composition.compose()


def test_entries_that_an_own_config_leaves_out_keep_the_shipped_value(tmp_path):
    cfg = seen_by(folder_of(tmp_path, config="weeks: 30\ncalendar: {start: 2023-01-02}\ndefaults: [{firm: one}]\n"))
    assert (cfg.weeks, cfg.burn_in, cfg.firm.kind) == (30, 52, "one")
    assert cfg.calendar.start == "2023-01-02" and cfg.draws == "posterior"


def test_settings_on_the_command_line_win_over_own_files(tmp_path):
    assert seen_by(folder_of(tmp_path, config="weeks: 30\n"), "weeks=31").weeks == 31


def test_scenarios_of_the_list_are_composed_from_own_files(tmp_path):
    folder = folder_of(
        tmp_path,
        scenario__walks=HEAD + "defaults: [override /social: mine]\nkind: policy\ntext: Walks.\n",
        social__mine="text: Mine.\nmeasures: {day_starts: {start: 2}}\nwithdrawn: []\nsettings: {}\n",
    )
    made = plan_with(folder, "scenarios=[walks]")
    assert made.scenarios[1].introduced[0].start == 2


def test_a_file_that_is_edited_between_two_commands_is_read_again(tmp_path):
    folder = folder_of(tmp_path, config="weeks: 30\n")
    assert seen_by(folder).weeks == 30
    folder_of(tmp_path, config="weeks: 31\n")
    assert seen_by(folder).weeks == 31
    assert composition.compose().weeks == 104


def test_measures_of_an_own_folder_are_no_options_without_it(tmp_path):
    buddies = (default_settings.conf_folder() / "measure" / "buddies.yaml").read_text(encoding="utf-8")
    made = plan_with(folder_of(tmp_path, measure__walks=buddies), "scenario=walks")
    assert made.scenarios[1].measures == {"walks"}
    shipped = {measure.name for measure in default_settings.measures()}
    assert {measure.name for measure in made.measures} == {*shipped, "walks"}
    assert set(composition.compose().measures) == shipped
    assert "walks" not in composition.options("social") and "walks" not in scenario_choice.scenario_names()


def test_a_posterior_of_ones_own_is_drawn_from(tmp_path, copy):
    table = (copy / "fit" / "posterior.csv").read_text(encoding="utf-8").splitlines()
    (copy / "fit" / "posterior.csv").write_text("\n".join(table[:4]) + "\n", encoding="utf-8")
    counts: list[int] = []
    assert command(lambda cfg: counts.append(len(posterior_draws.draws())), "a", ["--config-dir", str(copy)]) == 0
    assert counts == [3] and len(posterior_draws.draws()) == len(table) - 1


def test_half_a_posterior_is_refused(tmp_path, capsys):
    folder = folder_of(tmp_path) / "fit"
    folder.mkdir()
    (folder / "posterior.csv").write_text("a\n1\n")
    error = error_of(capsys, "--config-dir", str(folder.parent), study=lambda cfg: posterior_draws.draws())
    assert "Missing posterior in" in error


@pytest.mark.parametrize("flag", ["--config-dir=mine", "-cd=mine", "--config-dir=./mine/", "--config-dir=~/mine"])
def test_the_folder_can_be_named_in_any_way(flag, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    folder_of(tmp_path, config="weeks: 30\n")
    seen: list[DictConfig] = []
    assert command(seen.append, "a_study", [flag]) == 0
    assert seen[0].weeks == 30


@pytest.mark.slow
def test_jobs_of_a_multirun_in_other_processes_read_own_files(tmp_path):
    folder = folder_of(tmp_path, config="weeks: 3\nburn_in: 2\n", firm__one="kind: one\nemployees: 31\n")
    words = ["firm=one", "scenario=breaks", "fit=point", "replicates=1", "workers=1", "engine=reference", "report=null"]
    jobs = ["-m", "seed=1,2", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]
    done = subprocess.run(
        [sys.executable, "-m", "sim", "run", "--config-dir", str(folder), *words, *jobs, f"output={tmp_path / 'out'}"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent.parent)])},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    kept = [OmegaConf.load(path) for path in (tmp_path / "out").rglob("config.yaml")]
    assert sorted((cfg.seed, cfg.weeks, cfg.firm.employees) for cfg in kept) == [(1, 3, 31), (2, 3, 31)]


# -- files that are not or cannot be read -----------------------------------------------------------------------------


def test_files_that_are_not_read_are_named_in_one_line(tmp_path, capsys):
    folder = folder_of(tmp_path, senario__mine=HEAD, scenario__deep__mine=HEAD, confg="weeks: 3")
    (folder / "notes.txt").write_text("mine")
    (folder / ".hidden").write_text("mine")
    seen_by(folder)
    (line,) = capsys.readouterr().err.splitlines()
    for name in ("senario/ (Did you mean 'scenario'?)", "scenario/deep", "confg.yaml", "notes.txt"):
        assert name in line
    assert ".hidden" not in line


@pytest.mark.parametrize("name", ["config.yml", "firm/one.yml", "firm/one.YAML"])
def test_another_suffix_is_refused(name, tmp_path, capsys):
    path = folder_of(tmp_path) / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("weeks: 3\n")
    assert "Rename it to" in error_of(capsys, "--config-dir", str(tmp_path / "mine"))


def test_two_folders_are_refused(tmp_path, capsys):
    folder = str(folder_of(tmp_path))
    assert "Repeated option: --config-dir" in error_of(capsys, "--config-dir", folder, "-cd", folder)


@pytest.mark.parametrize("name", ["parameters", "hybridwork", "own_config", "own_levers"])
def test_names_of_the_program_itself_are_refused(name, tmp_path, capsys):
    folder = folder_of(tmp_path, **{name: "weeks: 3"})
    assert "used by the program" in error_of(capsys, "--config-dir", str(folder))


@pytest.mark.parametrize("name", ["describe", "centre", "fit", "explore", "watch", "results", "report"])
@pytest.mark.parametrize("flag", ["--config-dir", "-cd", "--config-dir=mine", "--cfg"])
def test_commands_that_compose_nothing_refuse_flags(name, flag, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    folder_of(tmp_path)
    assert name in COMMANDS
    assert main([name, flag, "mine"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert flag in line


# -- a stranger's folder ----------------------------------------------------------------------------------------------

HOSTILE = {
    "config": [
        "hydra: {job: {env_set: {HYBRIDWORK_TEST: x}}}",
        "hydra: {callbacks: {one: {_target_: pandas.read_pickle, filepath_or_buffer: x}}}",
        "hydra: {searchpath: ['pkg://sim']}",
        "defaults: [{override hydra/launcher: joblib}]",
        "defaults: [{hydra/callbacks: mine}]",
        "defaults: [{firm@hydra.job: one}]",
        "defaults: [{firm@_global_.hydra: one}]",
        "defaults: [{firm: ../../evil}]",
        "defaults: [../evil]",
        "title: {_target_: joblib.load, filename: x}",
        "scenarios: [{_target_: numpy.load}]",
        "title: {_partial_: true}",
        "title: ${oc.env:HOME}",
        'title: "\\u0024{oc.env:HOME}"',
        "title: ${oc.decode:x}",
        "title: a ${oc.env:HOME} b",
        "title: ${${output}:HOME}",
        "title: !!python/object/apply:os.getcwd []",
        "title: !!python/name:os.system",
        "title: !mine x",
        "defaults: [hydra/launcher: joblib]",
        "defaults: [{optional hydra/launcher: joblib}]",
        "defaults: [{override /hydra/job_logging: default}]",
        "defaults: [{'${title}': joblib}, {experiment: '${title}'}]",
        "hydra.searchpath: [pkg://sim]",
        "hydra/launcher: joblib",
    ],
    "experiment/mine": [
        "# @package hydra.job\nenv_set: {HYBRIDWORK_TEST: x}",
        "#\t@package\thydra.job\r\nenv_set: {HYBRIDWORK_TEST: x}",
        "# first\n\n  ## @package hydra.job\nenv_set: {HYBRIDWORK_TEST: x}",
        HEAD + "defaults: [{override hydra/launcher: joblib}]",
        HEAD + "defaults: [{override /hydra/launcher: joblib}]",
        HEAD + "defaults: [{override /firm@hydra.job: one}]",
        HEAD + "defaults: [/firm@hydra.job]",
        HEAD + "hydra: {searchpath: [pkg://sim]}",
        HEAD + "a: &a {hydra: {job: {env_set: {HYBRIDWORK_TEST: x}}}}\n<<: *a",
    ],
    "scenario/mine": [
        "# @package hydra.job\nenv_set: {HYBRIDWORK_TEST: x}",
        "# @package _global_.hydra\njob: {}",
        "#  @package hydra\njob: {}",
        HEAD + "hydra: {job: {env_set: {HYBRIDWORK_TEST: x}}}",
        HEAD + "defaults: [override /hydra/launcher: joblib]",
        HEAD + "text: ${oc.env:HOME}",
        HEAD + "a: {b: {c: [{d: {_target_: os.getcwd}}]}}",
    ],
    "executor/mine": ["kind: dask\naddress: tcp://127.0.0.1:8786", "a: [{executor.address: tcp://127.0.0.1:8786}]"],
    "firm/deep/mine": ["# @package hydra.job\nenv_set: {HYBRIDWORK_TEST: x}", "_target_: os.getcwd"],
    "other/deep/deeper/mine": [HEAD + "hydra: {job: {env_set: {HYBRIDWORK_TEST: x}}}"],
    "hydra/launcher/mine": ["_target_: os.getcwd"],
    "Hydra/job_logging/none": ["formatters: {}"],
    "hydra/mine": ["a: 1"],
}  # fmt: skip


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in HOSTILE.items() for text in texts])
def test_a_file_that_does_more_than_give_values_is_refused(name, text, tmp_path, capsys):
    folder = folder_of(tmp_path, **{name.replace("/", "__"): text})
    line = error_of(capsys, "--config-dir", str(folder))
    assert Path(name).name in line or "hydra" in line.lower()


@pytest.mark.parametrize(
    ("name", "entry", "word"),
    [
        ("firm/.deep/mine", "firm: .deep/mine", "firm=.deep/mine"),
        ("firm/.deep/mine", "firm/.deep: mine", "+firm/.deep=mine"),
        ("firm/deep/.mine", "firm/deep: .mine", "+firm/deep=.mine"),
        ("experiment/.mine", "experiment: .mine", "experiment=.mine"),
        ("experiment/__mine", "experiment: __mine", "experiment=__mine"),
        (".other/mine", ".other: mine", "+.other=mine"),
        ("other/.mine", "other: .mine", "+other=.mine"),
        (".mine", ".mine", "+other=.mine"),
    ],
)
def test_a_hidden_file_is_no_option(name, entry, word, tmp_path, capsys):
    """Files of editors and file managers are not checked, so nothing may lead to them."""
    folder = folder_of(tmp_path)
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.yaml").write_text(HEAD + "hydra: {job: {env_set: {HYBRIDWORK_TEST: x}}}")
    asked = ["--config-dir", str(folder)]
    assert command(lambda cfg: pytest.fail("composed"), "a_study", [*asked, word]) == 2
    folder_of(tmp_path, config=f"defaults: [{entry}]\n")
    assert command(lambda cfg: pytest.fail("composed"), "a_study", asked) == 2
    lines = capsys.readouterr().err.splitlines()
    first, second = (line for line in lines if "ot read as configuration" not in line)
    assert any(reason in first for reason in ("hidden", "the name of one option", "Unreadable setting"))
    assert "in a defaults list" in second or "Use the name of an option" in second
    assert "HYBRIDWORK_TEST" not in os.environ


def test_folders_in_a_ring_are_refused(tmp_path, capsys):
    folder = folder_of(tmp_path) / "firm"
    folder.mkdir()
    (folder / "again").symlink_to(folder, target_is_directory=True)
    assert "nested too deeply" in error_of(capsys, "--config-dir", str(folder.parent))


def test_options_that_choose_other_options_are_read(tmp_path):
    """Defaults lists within defaults lists, all of them the user's own."""
    folder = folder_of(
        tmp_path,
        experiment__mine=HEAD + "defaults: [more, {override /firm: mine}]\nweeks: 30\n",
        experiment__more=HEAD + "burn_in: 5\n",
        firm__mine="defaults: [one]\nemployees: 55\n",
        firm__one="kind: one\nemployees: 44\nteam_size: 6\n",
    )
    cfg = seen_by(folder, "experiment=mine")
    assert (cfg.weeks, cfg.burn_in, cfg.firm.employees, cfg.firm.team_size) == (30, 5, 55, 6)


LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{after}: &{after} [{','.join([f'*{before}'] * 9)}]\n"
    for before, after in zip("abcdefgh", "bcdefghi", strict=True)
)
BROKEN = {
    "aliases that multiply": LAUGHS, "an alias of itself": "a: &a [*a]", "nesting": "a: " + "[" * 150 + "]" * 150,
    "much nesting": "a: " + "[" * 50_000, "a long number": "a: " + "9" * 5_000, "a large file": "a: x\n" * 100_000,
    "a date": "a: 2022-13-45", "two documents": "a: 1\n---\nb: 2", "a list": "[a, b]", "a text": "weeks",
    "a character": "a: \x07", "an undefined alias": "a: *b", "a key that is a list": "? [a]\n: b",
    "an infinite number": "weeks: .inf", "a reference that leads nowhere": "title: ${nope}",
}  # fmt: skip


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("name", ["config", "firm__one"])
def test_a_file_that_cannot_be_read_is_reported_in_one_line(name, text, tmp_path, capsys):
    folder = folder_of(tmp_path, **{name: text})
    assert error_of(capsys, "--config-dir", str(folder), "firm=one", study=plan_builder.build_plan)


def test_a_file_in_another_encoding_is_reported_in_one_line(tmp_path, capsys):
    (folder_of(tmp_path) / "config.yaml").write_bytes("title: één".encode("utf-16"))
    assert "UTF-8" in error_of(capsys, "--config-dir", str(tmp_path / "mine"))


def test_the_shipped_configuration_obeys_the_rules_for_own_folders():
    assert check_folder(default_settings.conf_folder(), GROUPS) == []


@pytest.mark.parametrize("where", ["pkg://sim", "file:///", "nowhere"])
def test_a_place_that_is_no_folder_is_refused(where, capsys):
    assert "Use a folder" in error_of(capsys, "--config-dir", where)


@pytest.mark.parametrize(
    "word",
    [
        "hydra.job.env_set.HYBRIDWORK_TEST=x", "++hydra.job.env_set.HYBRIDWORK_TEST=x",
        "+hydra.job.env_set={HYBRIDWORK_TEST: x}", "hydra={job: {env_set: {HYBRIDWORK_TEST: x}}}",
        "hydra.searchpath=[pkg://sim]", "+hydra.callbacks.one._target_=os.getcwd", "+hydra/callbacks=log_job_return",
        "hydra/job_logging=default", "hydra.launcher._target_=os.getcwd", "+firm@hydra.job=one",
        "+title._target_=os.getcwd", "title={_target_: os.getcwd}", "scenarios=[{_target_: os.getcwd}]",
        "hydra/launcher=joblib",
    ],
)  # fmt: skip
def test_settings_that_run_code_or_reach_hydra_are_refused(word, capsys):
    error_of(capsys, word)
