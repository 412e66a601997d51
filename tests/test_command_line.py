"""The command `hybridwork`: its help, its messages, how it ends, and the files it leaves."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from itertools import chain
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
import yaml
from conftest import wait_until
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
from sim.errors import UserError
from sim.experiments import output_folder
from sim.files import write_json
from sim.levers.measure import FAMILIES

CHECKOUT = Path(__file__).resolve().parent.parent
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(CHECKOUT)}


def study_file(name: str) -> Path:
    return default_settings.conf_folder() / "study" / f"{name}.yaml"


# -- help ------------------------------------------------------------------------------------------------------------


HEAVY = {"mesa", "seaborn", "numba", "hydra", "omegaconf", "pandas", "numpy", "matplotlib"}


def help_without_libraries(*words: str) -> list[str]:
    """Return the lines of a help text; fail if it loads a large library."""
    program = (
        f"import sys; from sim.__main__ import main; code = main([*{words!r}, '--help']);"
        f"heavy = {HEAVY!r} & set(sys.modules); sys.exit(f'loaded {{heavy}}' if heavy else code)"
    )
    done = subprocess.run([sys.executable, "-c", program], env=ENVIRONMENT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_help_lists_every_command_in_one_line_and_loads_nothing_heavy():
    start = time.perf_counter()
    lines = help_without_libraries()
    assert time.perf_counter() - start < 2  # half a second on a quiet machine
    for name, command in command_line.COMMANDS.items():
        assert any(line.split() == [name, *command.purpose.split()] for line in lines)


def test_the_help_of_a_command_is_shown_without_composing():
    assert help_without_libraries("sensitivity")


def test_the_version_is_printed(capsys):
    assert command_line.main(["--version"]) == 0
    assert capsys.readouterr().out == f"hybridwork {__version__}\n"


def test_every_command_leads_to_a_study_that_exists():
    from importlib.util import find_spec

    for command in command_line.COMMANDS.values():
        assert find_spec(command.module) is not None, command.module


EXAMPLES = [
    words
    for example in (*chain(*(command.examples for command in command_line.COMMANDS.values())), *command_help.EXAMPLES)
    if (words := shlex.split(example))[0] == "hybridwork"
    and not {"--multirun", "--help", "describe", "centre", "fit"} & set(words)
]


@pytest.mark.parametrize("words", spread(map(shlex.join, EXAMPLES), 8))
def test_every_example_of_the_help_is_understood(words, capsys):
    assert command_line.main([*shlex.split(words)[1:], "--cfg", "job"]) == 0
    assert capsys.readouterr().out


def test_the_help_of_a_study_lists_all_options_and_no_others():
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


def test_the_help_of_a_command_lists_the_options_of_the_users_folder(tmp_path, capsys):
    (tmp_path / "scenario").mkdir()
    (tmp_path / "scenario" / "our_plan.yaml").touch()
    assert command_line.main(["scenarios", "--config-dir", str(tmp_path), "--help"]) == 0
    assert "our_plan" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["--info"], ["-i", "seed=4"], ["seed=4", "--info", "--run"]], ids=" ".join)
def test_info_without_a_value_means_all(words, monkeypatch):
    passed = []
    monkeypatch.setattr("sim.studies.scenarios.main", lambda argv, *hooks: passed.extend(argv) or 0)
    assert command_line.main(["scenarios", *words]) == 0
    assert [word for word in passed if word != "all"] == words
    assert passed[passed.index("all") - 1] in ("--info", "-i")


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
    ("words", "message"),
    [
        ("scenario", "Unknown command: scenario. Did you mean 'scenarios'?"),
        ("run", "Missing setting: scenario. Use scenario=<name> or a lever"),
        ("run seed=3", "Missing setting: scenario. Use scenario=<name> or a lever"),
        ("scenarios --weeks=5", "Unknown option: --weeks=5. Write settings without dashes, as in weeks"),
        ("scenarios --cfg foo", "Invalid value for --cfg: foo. Use job"),
        ("scenarios --config-dir nowhere", "Invalid value for --config-dir: nowhere"),
        ("scenarios hello", "Unreadable setting: 'hello'"),
        ("scenarios weks=5", "Unknown setting: weks. Did you mean 'weeks'?"),
        ("scenarios mechanisms.recovery.demands_hold=9", "Invalid value for mechanisms.recovery.demands_hold: 9. Use"),
        ("scenarios firm=own", "needs a file of persons"),
        ("scenarios firm=one firm.employees=2000000 weeks=1 burn_in=0", "GB"),
        ("-sc", "Invalid value for -sc. Use install=bash"),
        ("scenarios -sc", "Invalid value for -sc. Use install=bash"),
        ("scenarios --info foo", "Invalid value for --info: foo"),
        ("scenarios scenarios=[]", "Missing scenario to compare with the baseline"),
        ("run scenario=baseline", "Missing scenario to compare with the baseline"),
        ("scenarios engine=cuda", "Unknown engine: cuda"),
        ("describe weks=5", "Unknown setting: weks"),
        ("scenarios availability=foo", "Unknown option of availability: foo"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(words, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert command_line.main(words.split()) == 2
    output = capsys.readouterr()
    line = output.err.splitlines()[-1]
    assert line.startswith("hybridwork: ") and message in line and output.out == ""
    assert not list(tmp_path.rglob("*"))


def test_a_mistake_from_a_shell_has_no_traceback(tmp_path):
    words = [sys.executable, "-m", "sim", "scenarios", "seed=x"]
    done = subprocess.run(words, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2 and done.stdout == ""
    assert len(done.stderr.splitlines()) == 1 and done.stderr.startswith("hybridwork: ")
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_reported_before_any_simulation(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sim.studies.scenarios.run_many", lambda *_: pytest.fail("simulated"))
    (tmp_path / "taken").write_text("a file, no folder")
    assert command_line.main(["scenarios", "output=taken", "weeks=500"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("hybridwork: Invalid value for output: taken")


# -- studies under Hydra ---------------------------------------------------------------------------------------------


def run_study(study, *words: str) -> int:
    return hydra_command.command(study, "a_study", list(words))


def test_a_study_receives_its_configuration_and_scenarios_and_hydra_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    jobs: list[tuple[DictConfig, list[str]]] = []

    def study(cfg: DictConfig) -> None:
        jobs.append((cfg, [scenario.name for scenario in scenario_choice.scenarios_of(cfg)]))

    assert run_study(study, "seed=4", "--run") == 0
    assert jobs[0][0].seed == 4
    assert run_study(study, "--multirun", "availability=always_on,right_to_disconnect") == 0
    assert [next(iter(cfg.availability.settings), None) for cfg, _ in jobs[1:]] == ["availability", None]
    assert [names for _, names in jobs[1:]] == [["baseline", "always_on"], ["baseline", "right_to_disconnect"]]
    assert not list(tmp_path.iterdir()) and Path.cwd() == tmp_path


def test_flags_and_settings_come_in_any_order(capsys):
    assert run_study(print, "seed=41", "--cfg", "job", "weeks=7") == 0
    shown = capsys.readouterr().out
    assert "seed: 41" in shown and "weeks: 7" in shown
    assert composition.overrides_of_job() == (), "a configuration that was shown is no job that runs"


def test_own_scenarios_and_measures_are_read_from_the_users_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("measure", "scenario"):
        (tmp_path / "mine" / name).mkdir(parents=True)
    buddies = (default_settings.conf_folder() / "measure" / "buddies.yaml").read_text(encoding="utf-8")
    (tmp_path / "mine" / "measure" / "walks.yaml").write_text(buddies, encoding="utf-8")
    scenario = "# @package _global_\ndefaults:\n  - override /social: walks\nkind: policy\ntext: Teams walk.\n"
    (tmp_path / "mine" / "scenario" / "walking_teams.yaml").write_text(scenario, encoding="utf-8")
    plans: list = []
    words = ["--config-dir", "mine", "scenarios=[walking_teams]"]
    assert run_study(lambda cfg: plans.append(plan_builder.build_plan(cfg)), *words) == 0
    assert plans[0].scenarios[1].measures == {"walks"}
    assert "walks" in {measure.name for measure in plans[0].measures}


HEAD = "# @package _global_\nkind: policy\ntext: Mine.\n"
FILES = [
    ("scenario", "a: [b", r"Invalid YAML in mine\.yaml in line"),
    ("scenario", HEAD + "recovry: {measures: {breaks: {start: 0}}}", "Unknown setting: recovry.*recovery"),
    ("scenario", HEAD + "foo: 3", "Unknown setting: foo"),
    (
        "scenario",
        HEAD + "social: 3",
        "social in scenario mine: 3. Use entries, as in social: {measures",
    ),
    (
        "scenario",
        HEAD + "social: {measures: [buddies]}",
        r"mine\.yaml mixes up a list and entries\. .*: \[breaks\]",
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
        r"measures in .*: \['buddies'\]\. Use entries, .*: {breaks",
    ),
    ("social", "text: Mine.\nmeasures: {buddies: 3}", r"buddies in .*: 3\. Use entries"),
    ("social", "text: Mine.\nmeasures: {buddies: {begin: 3}}", "Unknown entry: begin.*start"),
    ("social", "text: Mine.\nwithdrwn: [breaks]", "Unknown entry: withdrwn.*withdrawn"),
    ("social", "text: Mine.\nfoo: 3", "Unknown entry: foo"),
    ("social", "text: Mine.\nkind: polcy", "kind in .*: polcy. Use policy or counterfactual"),
    ("social", "text: [a]", r"text in .*: \['a'\]\. Use text"),
]


@pytest.mark.parametrize(("group", "content", "message"), spread(FILES, 9))
def test_a_mistake_in_a_file_is_reported_in_one_line(group, content, message, tmp_path, capsys):
    (tmp_path / group).mkdir()
    (tmp_path / group / "mine.yaml").write_text(content, encoding="utf-8")
    assert run_study(plan_builder.build_plan, "--config-dir", str(tmp_path), f"{group}=mine") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert re.search(message, line)


DISK_FULL = OSError(28, "No space left on device", "effects.parquet")


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (UserError("A share of 2. Use 0 to 1."), 2, "hybridwork: A share of 2. Use 0 to 1.\n"),
        (MemoryError(), 2, "hybridwork: Not enough memory. Use fewer people"),
        (DISK_FULL, 2, "effects.parquet: No space left on device. Free some space"),
        (KeyboardInterrupt(), 130, "hybridwork: Interrupted. Nothing of this run is stored.\n"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_of_a_study_becomes_an_exit_code_and_a_line(error, code, message, capsys):
    def study(cfg: DictConfig) -> None:
        raise error

    assert run_study(study) == code
    assert message in capsys.readouterr().err
    assert "HYDRA_FULL_ERROR" not in os.environ


def test_an_error_of_the_program_itself_is_not_hidden():
    def study(cfg: DictConfig) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_study(study)


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
def test_a_failed_run_leaves_nothing(tmp_path, error):
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
    new = output_folder.OutputFolder
    with new(tmp_path, "scenarios") as first, new(tmp_path, "scenarios") as second:
        pass
    with new(tmp_path, "scenarios") as third:
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


def test_the_metadata_of_a_study_repeats_it_and_names_nobody(tmp_path):
    import getpass
    import platform

    plan = plan_builder.plan("seed=5", "weeks=3", "mechanisms.recovery.night=0.2")
    write_json(output_folder.about(plan), tmp_path / "about.json")
    text = (tmp_path / "about.json").read_text(encoding="utf-8")
    about = json.loads(text)
    assert (about["seed"], about["weeks"], about["version"]) == (5, 3, __version__)
    assert about["changed_parameters"]["recovery"]["night"] == 0.2
    assert about["packages"]["mesa"] and about["python"] == platform.python_version()
    assert platform.node() not in text and str(Path.home()) not in text
    assert getpass.getuser() == "root" or getpass.getuser() not in text


def test_the_stored_configuration_lacks_the_folder_of_an_organisations_files(tmp_path):
    cfg = composition.compose("firm=own", "firm.persons=/home/somebody/persons.csv")
    output_folder.write_config(cfg, tmp_path / "config.yaml")
    text = (tmp_path / "config.yaml").read_text(encoding="utf-8")
    assert "persons: persons.csv" in text and "somebody" not in text


@pytest.mark.parametrize("workers", [1, 2])
def test_a_terminated_study_ends_like_an_interrupted_one(workers, tmp_path):
    """Schedulers and `kill` send it: workers end too, and nothing of the run is left."""
    words = ["firm=one", "firm.employees=400", "replicates=8", "weeks=500", "engine=reference"]
    running = subprocess.Popen(
        [sys.executable, "-m", "sim", "scenarios", *words, f"workers={workers}", f"output={tmp_path}"],
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        wait_until(lambda: list(tmp_path.glob("scenarios/.*")), 60)
        time.sleep(1)
        running.send_signal(signal.SIGTERM)
        errors = running.communicate(timeout=30)[1]
    finally:
        running.kill()
    # Where the request meets text that Python executes, it ends by the signal; to a shell both are 130.
    assert running.returncode in (130, -signal.SIGINT)
    assert errors.splitlines()[-1] == "hybridwork: Interrupted. Nothing of this run is stored."
    assert list(tmp_path.iterdir()) == []


def test_a_worker_process_starts_no_workers(monkeypatch):
    cfg = composition.compose("workers=2")
    assert study_settings.workers_of(cfg) == 2
    monkeypatch.setattr(study_settings, "current_process", lambda: SimpleNamespace(name="LokyProcess-1"))
    assert study_settings.workers_of(cfg) == 1
