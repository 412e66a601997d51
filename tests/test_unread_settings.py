"""A command refuses every setting that it does not read, and lists the commands that read it."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace

import pytest
import yaml
from families import spread
from omegaconf import OmegaConf

from sim.__main__ import COMMANDS, main
from sim.config import command_settings
from sim.config.command_settings import READS, check_read
from sim.config.composition import compose, options
from sim.config.default_settings import conf_folder, mechanism_types
from sim.config.hydra_command import command
from sim.config.plan_builder import plan
from sim.errors import UserError

WITHOUT_SETTINGS = {"run", "explore", "results", "report", "watch"}
"""`run` is `scenarios`; the others have words of their own, and refuse unknown ones."""
WITHOUT_STUDY = ("describe", "centre", "fit")
STUDIES = [name for name in READS if name not in WITHOUT_STUDY]


def leaves(content: dict, above: str = "") -> list[str]:
    return [
        leaf
        for key, value in content.items()
        for leaf in (leaves(value, f"{above}{key}.") if isinstance(value, dict) and value else [f"{above}{key}"])
    ]


@cache
def composed(name: str) -> OmegaConf:
    return compose(*([] if name in ("scenarios", *WITHOUT_STUDY) else [f"study={name}"]))


def settings_of(name: str) -> set[str]:
    """Return all settings of a command but those of mechanisms and measures, which are read or not as a whole."""
    every = leaves(OmegaConf.to_container(composed(name)))
    return {leaf for leaf in every if not leaf.startswith(("mechanisms.", "measures."))} - {"kind", "text", "overrides"}


SETTINGS = sorted(
    {leaf for name in READS for leaf in settings_of(name)} | {"mechanisms.recovery.night", "executor.kind"}
)


def is_listed(setting: str, name: str) -> bool:
    return any(f"{setting}.".startswith(f"{listed}.") for listed in READS[name])


@pytest.fixture
def refusal(monkeypatch):
    """Return a function that returns the message of a command about an override, or "" if the command reads it."""

    def message(name: str, override: str) -> str:
        job = SimpleNamespace(job=SimpleNamespace(name=name), runtime=SimpleNamespace(choices={}))
        monkeypatch.setattr(command_settings.HydraConfig, "get", lambda: job)
        monkeypatch.setattr(command_settings, "overrides_of_job", lambda: [override])
        monkeypatch.setattr(command_settings, "own_folders", lambda: ())
        monkeypatch.setattr(command_settings, "_settings_in", lambda path: {})  # no file of the user
        try:
            check_read(composed(name))
        except UserError as error:
            return str(error)
        return ""

    return message


def run_command(name: str, *words: str) -> tuple[int, list]:
    """Return the exit code of a command, and the configurations with which it ran."""
    configurations: list = []
    code = command(configurations.append, name, list(words), group=None if name == "scenarios" else name)
    return code, configurations


def test_every_command_that_composes_settings_lists_those_it_reads():
    assert set(READS) == set(COMMANDS) - WITHOUT_SETTINGS


@pytest.mark.parametrize("name", spread(STUDIES, 5))
def test_every_setting_is_read_or_refused(name, refusal):
    for setting in SETTINGS:
        message = refusal(name, f"++{setting}=null")
        if not is_listed(setting, name):
            assert message.startswith(f"{name} does not read {setting}: "), setting
        elif message:  # another entry of its group decides that it is not read
            assert f"{name} does not read {setting} with {setting.partition('.')[0]}." in message


@pytest.mark.parametrize("name", WITHOUT_STUDY)
def test_every_setting_of_a_command_without_a_study_is_read_or_refused(name):
    for setting in SETTINGS:
        assert is_listed(setting, name) or command_settings._reason(name, setting, composed(name)), setting


@pytest.mark.parametrize("name", READS)
def test_a_command_offers_no_setting_that_it_refuses(name):
    """A study reads all settings of its file, except the list of scenarios and settings of other methods."""
    path = conf_folder() / "study" / f"{name}.yaml"
    content = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else {}
    offered = [leaf for leaf in leaves(content) if not leaf.startswith(("defaults", "scenarios"))]
    assert [leaf for leaf in offered if command_settings._reason(name, leaf, composed(name))] == []


@pytest.mark.parametrize("method", sorted({*options("design")} - {"any"}))
def test_a_sweep_refuses_settings_that_its_design_does_not_read(method):
    cfg = compose("study=sweep", f"design={method}", *(["design.file=x.csv"] if method == "file" else []))
    read = command_settings._BY_METHOD["design"][1][method]
    for entry in ("factors", "n", "times", "levels", "second_order", "seed", "file"):
        assert bool(command_settings._reason("sweep", f"design.{entry}", cfg)) == (entry not in read), entry


MESSAGES = [
    ("sweep", ["fit=posterior"], "fit=posterior: design=posterior takes the draws as rows"),
    ("panel", ["fit=posterior"], "fit=posterior: scenarios, inspection and structure do"),
    ("replicates", ["fit=posterior"], "fit=posterior: scenarios, inspection and structure do"),
    ("sensitivity", ["fit=posterior"], "fit=posterior: scenarios, inspection and structure do"),
    ("packages", ["fit=posterior"], "fit=posterior: design=posterior takes the draws, and is the default"),
    ("docking", ["fit=posterior"], "fit=posterior: scenarios, inspection and structure do"),
    ("vanishing_measures", ["fit=posterior"], "fit=posterior: scenarios, inspection and structure do"),
    ("vanishing_measures", ["scenario=whole_package"], "scenario: scenarios, sweep, sensitivity and others do"),
    ("sweep", ["draws=posterior"], "draws: design=posterior takes the draws as rows"),
    ("sweep", ["design={n: 4, file: rows.csv}"], "design.file with design.method=latin_hypercube: file does"),
    ("sweep", ["interview={stop: 0.2}"], "interview.stop: panel does"),
    ("sweep", ["++firm.sample=20"], "firm.sample with firm.kind=one: study does"),
    ("scenarios", ["++panel.waves=[0, 1]"], "panel.waves: panel does"),
    ("docking", ["replicates=100"], "replicates: scenarios, sweep, sensitivity and others do"),
    ("panel", ["weeks=20"], "weeks: panel.waves and panel.spacings set its length, so leave weeks out"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "words", "message"), spread(MESSAGES, 8))
def test_a_refusal_lists_the_commands_that_read_the_setting(name, words, message, capsys):
    assert run_command(name, *words) == (2, [])
    assert capsys.readouterr().err == f"hybridwork: {name} does not read {message}.\n"


@pytest.mark.parametrize("name", spread(STUDIES, 5))
def test_every_study_reads_the_point_estimate_a_seed_and_a_parameter(name, capsys):
    code, configurations = run_command(name, "fit=point", "seed=3", "mechanisms.recovery.night=0.2")
    assert code == 0, capsys.readouterr().err
    assert [cfg.draws for cfg in configurations] == [None]


def test_docking_refuses_the_parameters_that_isolation_replaces(refusal):
    from sim.studies.docking.isolated_person import ISOLATION

    replaced = {f"mechanisms.{process}.{name}" for process, values in ISOLATION.items() for name in values}
    assert replaced == set(command_settings.REPLACED["docking"])
    kinds = mechanism_types().items()
    every = {f"mechanisms.{process}.{name}" for process, kind in kinds for name in kind.parameter_metadata()}
    assert replaced == {name for name in every if refusal("docking", f"{name}=1")}


def test_unread_settings_of_a_users_file_are_refused_or_reported(tmp_path, capsys):
    (tmp_path / "study").mkdir()
    shipped = (conf_folder() / "study" / "sweep.yaml").read_text(encoding="utf-8")
    (tmp_path / "study" / "sweep.yaml").write_text(f"{shipped}report: nl\n", encoding="utf-8")
    assert run_command("sweep", "--config-dir", str(tmp_path)) == (2, [])
    assert "sweep does not read report of study/sweep.yaml: scenarios does" in capsys.readouterr().err

    (tmp_path / "config.yaml").write_text("report: nl\nreplicates: 7\nseed: 4\n", encoding="utf-8")
    code, (cfg,) = run_command("docking", "--config-dir", str(tmp_path))
    assert (code, cfg.seed) == (0, 4)
    assert capsys.readouterr().err == "hybridwork: docking does not read from config.yaml: replicates, report.\n"


@pytest.mark.parametrize("entry", ["calendar: {start: 2023-09-04}", "mechanisms: {anchor_days: {firmness: 65e-2}}"])
def test_settings_that_are_read_from_a_users_file_are_not_reported(entry, tmp_path, capsys):
    """Dates and exponents have other types in plain yaml than in Hydra's."""
    (tmp_path / "config.yaml").write_text(f"{entry}\n", encoding="utf-8")
    assert run_command("scenarios", "--config-dir", str(tmp_path))[0] == 0
    assert capsys.readouterr().err == ""


def test_an_experiment_with_unread_settings_is_refused(capsys):
    assert run_command("docking", "experiment=quick") == (2, [])
    assert "docking does not read replicates of experiment/quick.yaml" in capsys.readouterr().err
    code, (cfg,) = run_command("sweep", "experiment=quick")
    assert (code, cfg.replicates) == (0, 4)


def test_the_study_of_another_command_is_refused(capsys):
    assert run_command("sweep", "study=panel") == (2, [])
    assert "Invalid setting: study=panel. Use hybridwork panel" in capsys.readouterr().err


@pytest.mark.parametrize(("words", "line"), [
    (["fit", "check", "firm=one"], "fit does not read firm: scenarios, sweep, sensitivity and others do"),
    (["centre", "weeks=3"], "centre does not read weeks: scenarios, sweep, sensitivity and others do"),
    (["describe", "workers=2"], "describe does not read workers: scenarios, sweep, sensitivity and others do"),
    (["describe", "fit=posterior"], "describe does not read fit=posterior: scenarios, inspection and structure do"),
])  # fmt: skip
def test_commands_without_a_study_refuse_unread_settings(words, line, capsys):
    assert main(words) == 2
    assert line in capsys.readouterr().err


@pytest.mark.parametrize("setting", [{"fit": "posterior"}, {"draws": "posterior"}, {"replicates": 8}])
def test_a_single_plan_refuses_settings_of_replicates(setting):
    with pytest.raises(UserError, match="single plan has no"):
        plan(**setting)
