"""The command `hybridwork`: what it tells, how it ends, and what it leaves behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
import yaml
from families import spread
from omegaconf import DictConfig

from sim import __main__ as command_line
from sim import __version__
from sim.config import (
    command_help,
    composition,
    default_settings,
    hydra_command,
    plan_builder,
    scenario_choice,
    study_settings,
)
from sim.config.composition import compose
from sim.config.plan_builder import plan
from sim.errors import UserError
from sim.experiments import output_folder
from sim.files import write_json
from sim.levers.measure import FAMILIES

CHECKOUT = Path(__file__).resolve().parent.parent
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(CHECKOUT)}


def study_file(name: str) -> Path:
    return default_settings.conf_folder() / "study" / f"{name}.yaml"


def hybridwork(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sim", *words], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=120
    )


# -- what it tells ---------------------------------------------------------------------------------------------------


def test_help_lists_every_command_in_one_line_and_loads_nothing_heavy(tmp_path):
    began = time.perf_counter()
    program = (
        "import sys; from sim.__main__ import main; code = main(['--help']);"
        "heavy = {'mesa', 'seaborn', 'numba', 'hydra', 'pandas', 'numpy', 'matplotlib'} & set(sys.modules);"
        "sys.exit(f'loaded {heavy}' if heavy else code)"
    )
    told = subprocess.run([sys.executable, "-c", program], env=ENVIRONMENT, capture_output=True, text=True, timeout=60)
    assert told.returncode == 0, told.stderr
    for name, command in command_line.COMMANDS.items():
        assert any(line.split() == [name, *command.purpose.split()] for line in told.stdout.splitlines())
    assert time.perf_counter() - began < 2  # half a second on a quiet machine


def test_the_version_is_told(capsys):
    assert command_line.main(["--version"]) == 0
    assert capsys.readouterr().out == f"hybridwork {__version__}\n"


def test_every_command_leads_to_a_study_that_exists():
    from importlib.util import find_spec

    for command in command_line.COMMANDS.values():
        assert find_spec(command.module) is not None, command.module


def test_every_example_of_the_help_is_understood(capsys):
    import shlex

    examples = [example for command in command_line.COMMANDS.values() for example in command.examples]
    for example in (*examples, *command_help.EXAMPLES):
        words = shlex.split(example)
        if words[0] == "hybridwork" and not {"--multirun", "--help", "describe", "centre", "fit"} & set(words):
            assert command_line.main([*words[1:], "--cfg", "job"]) == 0, example
    assert "demands_hold" in capsys.readouterr().out


def test_the_help_of_a_study_lists_what_can_be_chosen_and_nothing_else(tmp_path):
    listed = command_help._options_of_groups(study_file("sweep").read_text(encoding="utf-8"), None)
    assert set(listed) == {*FAMILIES, "scenario", "firm", "experiment", "fit", "design", "executor"}
    for group, names in listed.items():
        assert tuple(names.split(", ")) == composition.options(group)


@pytest.mark.parametrize("name", [name for name in command_line.COMMANDS if study_file(name).is_file()])
def test_the_help_of_a_command_shows_its_settings_with_their_comments(name):
    shown = command_help.command_usage(name)
    assert shown.startswith(f"Usage: hybridwork {name} ") and command_line.COMMANDS[name].purpose in shown
    assert all(option in shown for option in ("--help", "--config-dir", "--multirun", "--cfg", "Examples:"))
    settings = list(yaml.safe_load(study_file(name).read_text(encoding="utf-8")))
    assert all(f"  {setting}:" in shown for setting in settings if setting != "defaults")


def test_the_help_of_a_command_is_shown_without_composing(tmp_path):
    program = (
        "import sys; from sim.__main__ import main; code = main(['sensitivity', '--help']);"
        "heavy = {'mesa', 'numba', 'hydra', 'omegaconf', 'pandas', 'numpy'} & set(sys.modules);"
        "sys.exit(f'loaded {heavy}' if heavy else code)"
    )
    done = subprocess.run([sys.executable, "-c", program], env=ENVIRONMENT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_the_help_of_a_command_lists_the_options_of_the_users_folder(tmp_path, capsys):
    (tmp_path / "scenario").mkdir()
    (tmp_path / "scenario" / "our_plan.yaml").touch()
    assert command_line.main(["scenarios", "--config-dir", str(tmp_path), "--help"]) == 0
    assert "our_plan" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["--info"], ["-i", "seed=4"], ["seed=4", "--info", "--run"]], ids=" ".join)
def test_info_alone_asks_for_everything(words, monkeypatch):
    asked = []
    monkeypatch.setattr("sim.studies.scenarios.main", lambda argv, *hooks: asked.extend(argv) or 0)
    assert command_line.main(["scenarios", *words]) == 0
    assert [word for word in asked if word != "all"] == words
    place = asked.index("all")
    assert asked[place - 1] in ("--info", "-i")


def test_tab_completion_knows_commands_options_and_parameters(capsys, monkeypatch):
    def completed(line: str) -> set[str]:
        monkeypatch.setenv("COMP_LINE", line)
        assert command_line.main(["-sc", "query=bash"]) == 0
        return set(capsys.readouterr().out.split())

    assert completed("hybridwork sc") == {"scenarios"}
    assert {"firm=one", "firm=study", "firm=own"} <= completed("hybridwork scenarios firm=")
    assert "mechanisms.recovery.demands_hold=" in completed("hybridwork scenarios mechanisms.recovery.dem")


# -- mistakes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["scenario"], "Unknown command: scenario. Did you mean 'scenarios'?"),
        (["run"], "Missing setting: scenario. Use scenario=<name> or a lever"),
        (["run", "seed=3"], "Missing setting: scenario. Use scenario=<name> or a lever"),
        (["scenarios", "--weeks=5"], "Unknown option: --weeks=5. Write settings without dashes, as in weeks"),
        (["scenarios", "--cfg", "foo"], "Invalid value for --cfg: foo. Use job"),
        (["scenarios", "--config-dir", "nowhere"], "Invalid value for --config-dir: nowhere"),
        (["scenarios", "hello"], "Unreadable setting: 'hello'"),
        (["scenarios", "weks=5"], "Unknown setting: weks. Did you mean 'weeks'?"),
        (
            ["scenarios", "mechanisms.recovery.demands_hold=9"],
            "Invalid value for mechanisms.recovery.demands_hold: 9. Use",
        ),
        (["scenarios", "firm=own"], "needs a file of persons"),
        (["scenarios", "firm=one", "firm.employees=2000000", "weeks=1", "burn_in=0"], "GB"),
        (["-sc"], "Invalid value for -sc. Use install=bash"),
        (["scenarios", "-sc"], "Invalid value for -sc. Use install=bash"),
        (["scenarios", "--info", "foo"], "Invalid value for --info: foo"),
        (["scenarios", "scenarios=[]"], "at least one scenario beside the baseline"),
        (["run", "scenario=baseline"], "at least one scenario beside the baseline"),
        (["scenarios", "engine=cuda"], "Unknown engine: cuda"),
        (["describe", "weks=5"], "Unknown setting: weks"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_is_one_line_and_exit_code_2(words, told, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert command_line.main(words) == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith("hybridwork: ") and told in line
    assert not list(tmp_path.rglob("*"))


@pytest.mark.parametrize("words", [["scenarios", "availability=foo"], ["scenarios", "seed=x"]], ids=" ".join)
def test_a_mistake_from_a_shell_has_no_traceback(words, tmp_path):
    told = hybridwork(*words, folder=tmp_path)
    assert told.returncode == 2 and told.stdout == ""
    assert len(told.stderr.splitlines()) == 1 and told.stderr.startswith("hybridwork: ")
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_is_told_before_anything_is_computed(tmp_path):
    (tmp_path / "taken").write_text("a file, no folder")
    told = hybridwork("scenarios", "output=taken", "weeks=500", folder=tmp_path)
    assert told.returncode == 2
    assert told.stderr.startswith("hybridwork: Invalid value for output: taken") and len(told.stderr.splitlines()) == 1


# -- studies under Hydra ---------------------------------------------------------------------------------------------


def ask(study, *words: str) -> int:
    return hydra_command.command(study, "a_study", list(words))


def test_a_study_gets_its_configuration_and_hydra_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    seen: list[DictConfig] = []
    assert ask(seen.append, "seed=4", "--run") == 0
    assert seen[0].seed == 4
    assert ask(seen.append, "--multirun", "availability=always_on,right_to_disconnect") == 0
    assert [next(iter(cfg.availability.settings), None) for cfg in seen[1:]] == ["availability", None]
    assert not list(tmp_path.iterdir()) and Path.cwd() == tmp_path


def test_the_jobs_of_a_multirun_know_what_each_was_asked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: list[list[str]] = []
    assert (
        ask(
            lambda cfg: names.append([s.name for s in scenario_choice.scenarios_of(cfg)]),
            "-m",
            "social=buddies,day_starts",
        )
        == 0
    )
    assert names == [["baseline", "buddies"], ["baseline", "day_starts"]]


def test_flags_and_settings_come_in_any_order(capsys):
    assert ask(print, "seed=41", "--cfg", "job", "weeks=7") == 0
    told = capsys.readouterr().out
    assert "seed: 41" in told and "weeks: 7" in told
    assert composition.overrides_of_job() == (), "a configuration that was shown is no job that runs"


def test_own_scenarios_and_measures_stand_in_a_folder_of_their_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("measure", "scenario"):
        (tmp_path / "mine" / name).mkdir(parents=True)
    buddies = (default_settings.conf_folder() / "measure" / "buddies.yaml").read_text(encoding="utf-8")
    (tmp_path / "mine" / "measure" / "walks.yaml").write_text(buddies, encoding="utf-8")
    scenario = "# @package _global_\ndefaults:\n  - override /social: walks\nkind: policy\ntext: Teams walk.\n"
    (tmp_path / "mine" / "scenario" / "walking_teams.yaml").write_text(scenario, encoding="utf-8")
    seen: list = []
    wanted = ["--config-dir", "mine", "scenarios=[walking_teams]"]
    assert ask(lambda cfg: seen.append(plan_builder.build_plan(cfg)), *wanted) == 0
    assert seen[0].scenarios[1].measures == {"walks"}
    assert "walks" in {measure.name for measure in seen[0].measures}


HEAD = "# @package _global_\nkind: policy\ntext: Mine.\n"
FILES = [
    ("scenario", "a: [b", r"Invalid YAML in mine\.yaml in line"),
    (
        "scenario",
        HEAD + "recovry: {measures: {breaks: {start: 0}}}",
        "Unknown setting: recovry.*recovery",
    ),
    ("scenario", HEAD + "foo: 3", "Unknown setting: foo"),
    (
        "scenario",
        HEAD + "social: 3",
        r"Invalid value for social in scenario mine: 3. Use entries, as in social: {measures",
    ),
    (
        "scenario",
        HEAD + "social: {measures: [buddies]}",
        r"scenario/mine\.yaml mixes up a list and entries\. .*withdrawn: \[breaks\]",
    ),
    ("scenario", HEAD.replace("policy", "polcy"), "kind in scenario mine: polcy. Use one of baseline, policy"),
    ("scenario", HEAD.replace("kind: policy", ""), "kind in scenario mine: null. Use one of baseline, policy"),
    ("scenario", HEAD.replace("Mine.", "[a, b]"), r"text in .*: \['a', 'b'\]\. Use text"),
    ("scenario", HEAD + "defaults: [override /socal: buddies]", "ould not override 'socal'"),
    ("scenario", HEAD + "defaults: [override /social: budies]", "Unknown option of social: budies.*buddies"),
    ("social", "a: [b", r"Invalid YAML in mine\.yaml in line"),
    (
        "social",
        "text: Mine.\nmeasures: [buddies]",
        r"measures in .*: \['buddies'\]\. Use entries, as in measures: {breaks",
    ),
    ("social", "text: Mine.\nmeasures: {buddies: 3}", r"buddies in .*: 3\. Use entries"),
    ("social", "text: Mine.\nmeasures: {buddies: {begin: 3}}", "Unknown entry: begin.*start"),
    ("social", "text: Mine.\nwithdrwn: [breaks]", "Unknown entry: withdrwn.*withdrawn"),
    ("social", "text: Mine.\nfoo: 3", "Unknown entry: foo"),
    ("social", "text: Mine.\nkind: polcy", "kind in .*: polcy. Use policy or counterfactual"),
    ("social", "text: [a]", r"text in .*: \['a'\]\. Use text"),
]


@pytest.mark.parametrize(("group", "content", "told"), spread(FILES, 9))
def test_a_mistake_in_a_file_is_told_in_one_line(group, content, told, tmp_path, capsys):
    (tmp_path / group).mkdir()
    (tmp_path / group / "mine.yaml").write_text(content, encoding="utf-8")
    assert ask(lambda cfg: plan_builder.build_plan(cfg), "--config-dir", str(tmp_path), f"{group}=mine") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert re.search(told, line)


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (UserError("A share of 2. Use 0 to 1."), 2, "hybridwork: A share of 2. Use 0 to 1.\n"),
        (MemoryError(), 2, "hybridwork: Not enough memory. Use fewer people"),
        (
            OSError(28, "No space left on device", "effects.parquet"),
            2,
            "effects.parquet: No space left on device. Free some space",
        ),
        (KeyboardInterrupt(), 130, "hybridwork: Interrupted. Nothing of this run is stored.\n"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_how_a_study_can_end(error, code, told, capsys):
    def study(cfg: DictConfig) -> None:
        raise error

    assert ask(study) == code
    assert told in capsys.readouterr().err
    assert "HYDRA_FULL_ERROR" not in os.environ


def test_an_error_of_the_programme_itself_is_not_hidden():
    def study(cfg: DictConfig) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ask(study)


# -- results ---------------------------------------------------------------------------------------------------------


def test_a_folder_has_its_name_only_when_it_is_complete(tmp_path):
    with output_folder.OutputFolder(tmp_path / "outputs", "scenarios") as folder:
        output_folder.write_table(
            pd.DataFrame({"outcome": ["detachment"], "difference": [0.1]}), folder.path / "effects.parquet"
        )
        hidden = folder.path
        assert hidden.name.startswith(".") and hidden.name.endswith("-unfinished")
    assert folder.path.parent == tmp_path / "outputs" / "scenarios" and not hidden.exists()
    assert list(pd.read_parquet(folder.path / "effects.parquet").outcome) == ["detachment"]
    assert [path.name for path in folder.path.iterdir()] == ["effects.parquet"]


@pytest.mark.parametrize("error", [UserError("a mistake"), KeyboardInterrupt(), ZeroDivisionError()])
def test_a_run_that_does_not_end_well_leaves_nothing(tmp_path, error):
    with pytest.raises(type(error)), output_folder.OutputFolder(tmp_path / "outputs", "scenarios") as folder:
        output_folder.write_text("half", folder.path / "summary.md")
        raise error
    assert not list(tmp_path.iterdir())


def test_a_folder_that_was_there_before_stays(tmp_path):
    (tmp_path / "outputs").mkdir()
    with pytest.raises(UserError), output_folder.OutputFolder(tmp_path / "outputs", "scenarios"):
        raise UserError("a mistake")
    assert [path.name for path in tmp_path.iterdir()] == ["outputs"]


def test_several_studies_within_a_second_each_get_their_own_folder(tmp_path):
    with (
        output_folder.OutputFolder(tmp_path, "scenarios") as first,
        output_folder.OutputFolder(tmp_path, "scenarios") as second,
    ):
        pass
    with output_folder.OutputFolder(tmp_path, "scenarios") as third:
        pass
    assert len({first.path, second.path, third.path}) == 3
    assert sorted((tmp_path / "scenarios").iterdir()) == sorted([first.path, second.path, third.path])


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    output_folder.write_text("before", tmp_path / "summary.md")

    def half(path: Path) -> None:
        path.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(UserError, match=r"summary\.md cannot be written \(No space left on device\)"):
        output_folder.write_by(tmp_path / "summary.md", half)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["before"]


def test_what_is_kept_about_a_study_repeats_it_and_names_nobody(tmp_path):
    import getpass
    import platform

    write_json(output_folder.about(plan("seed=5", "weeks=3", "mechanisms.recovery.night=0.2")), tmp_path / "about.json")
    text = (tmp_path / "about.json").read_text(encoding="utf-8")
    about = json.loads(text)
    assert (about["seed"], about["weeks"], about["version"]) == (5, 3, __version__)
    assert about["changed_parameters"]["recovery"]["night"] == 0.2
    assert about["packages"]["mesa"] and about["python"] == platform.python_version()
    assert platform.node() not in text and str(Path.home()) not in text
    assert getpass.getuser() == "root" or getpass.getuser() not in text


def test_the_configuration_is_kept_without_the_way_to_an_organisations_files(tmp_path):
    output_folder.write_config(compose("firm=own", "firm.persons=/home/somebody/persons.csv"), tmp_path / "config.yaml")
    text = (tmp_path / "config.yaml").read_text(encoding="utf-8")
    assert "persons: persons.csv" in text and "somebody" not in text


@pytest.mark.parametrize("workers", [1, 2])
def test_a_request_to_end_is_answered_like_an_interruption(workers, tmp_path):
    """Schedulers and `kill` send it: workers end too, and nothing of the run is left."""
    asked = ["firm=one", "firm.employees=400", "replicates=8", "weeks=500", "engine=reference", f"workers={workers}"]
    running = subprocess.Popen(
        [sys.executable, "-m", "sim", "scenarios", *asked, f"output={tmp_path}"], stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("scenarios/.*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1)
    running.send_signal(signal.SIGTERM)
    told = running.communicate(timeout=30)[1]
    # Where the request meets text that Python executes, it ends by the signal; to a shell both are 130.
    assert running.returncode in (130, -signal.SIGINT)
    assert told.splitlines()[-1] == "hybridwork: Interrupted. Nothing of this run is stored."
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_is_one_of_many_begins_no_workers(monkeypatch):
    cfg = composition.compose("workers=2")
    assert study_settings.workers_of(cfg) == 2
    monkeypatch.setattr(study_settings, "current_process", lambda: SimpleNamespace(name="LokyProcess-1"))
    assert study_settings.workers_of(cfg) == 1
