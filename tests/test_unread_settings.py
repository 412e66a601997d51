"""A command refuses every setting that it does not read, and says what does read it."""

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

OWN_WORDS = {"run", "explore", "results", "report", "watch"}
"""`run` is `scenarios`; the others take words that are no settings of a study, and refuse all they do not know."""
OF_PLANS = ("describe", "centre", "fit")
STUDIES = [name for name in READS if name not in OF_PLANS]


def leaves(content: dict, above: str = "") -> list[str]:
    return [
        leaf
        for key, value in content.items()
        for leaf in (leaves(value, f"{above}{key}.") if isinstance(value, dict) and value else [f"{above}{key}"])
    ]


@cache
def composed(name: str) -> OmegaConf:
    return compose(*([] if name in ("scenarios", *OF_PLANS) else [f"study={name}"]))


def settings_of(name: str) -> set[str]:
    """All settings of a command, of the numbers only some: they are read or not as a whole."""
    every = leaves(OmegaConf.to_container(composed(name)))
    return {leaf for leaf in every if not leaf.startswith(("mechanisms.", "measures."))} - {"kind", "text", "overrides"}


EVERY = sorted({leaf for name in READS for leaf in settings_of(name)} | {"mechanisms.recovery.night", "executor.kind"})


def refusal(monkeypatch, name: str, given: str) -> str | None:
    """What a command answers where this setting is given; None where it takes it."""
    job = SimpleNamespace(job=SimpleNamespace(name=name), runtime=SimpleNamespace(choices={}))
    monkeypatch.setattr(command_settings.HydraConfig, "get", lambda: job)
    monkeypatch.setattr(command_settings, "overrides_of_job", lambda: [given])
    monkeypatch.setattr(command_settings, "own_folders", lambda: ())
    try:
        check_read(composed(name))
    except UserError as mistake:
        return str(mistake)
    return None


def test_every_command_that_composes_settings_says_which_it_reads():
    assert set(READS) == set(COMMANDS) - OWN_WORDS


@pytest.mark.parametrize("name", spread(STUDIES, 5))
def test_every_setting_is_read_or_refused(name, monkeypatch):
    for setting in EVERY:
        line = refusal(monkeypatch, name, f"++{setting}=null")
        read = any(f"{setting}.".startswith(f"{one}.") for one in READS[name])
        if not read:
            assert line and line.startswith(f"{name} does not read {setting}: "), setting
        elif line:  # another entry of its group decides that it counts for nothing
            assert f"{name} does not read {setting} with {setting.partition('.')[0]}." in line


@pytest.mark.parametrize("name", READS)
def test_a_command_offers_no_setting_that_it_refuses(name):
    """What stands in the file of a study is read by it, but for the list of scenarios and what other methods read."""
    path = conf_folder() / "study" / f"{name}.yaml"
    content = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else {}
    offered = [leaf for leaf in leaves(content) if not leaf.startswith(("defaults", "scenarios"))]
    assert [leaf for leaf in offered if command_settings._reason(name, leaf, composed(name))] == []


@pytest.mark.parametrize("method", options("design"))
def test_a_sweep_refuses_what_its_method_of_design_does_not_read(method, monkeypatch):
    cfg = compose("study=sweep", f"design={method}", *(["design.file=x.csv"] if method == "file" else [])) if (
        method != "any"
    ) else None  # fmt: skip
    if cfg is None:
        return
    read = command_settings._BY_METHOD["design"][1][method]
    for entry in ("factors", "n", "times", "levels", "second_order", "seed", "file"):
        assert bool(command_settings._reason("sweep", f"design.{entry}", cfg)) == (entry not in read), entry


ANSWERS = [
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


@pytest.mark.parametrize(("name", "asked", "answer"), spread(ANSWERS, 8))
def test_a_command_says_what_reads_the_setting_and_runs_nothing(name, asked, answer, capsys):
    ran = []
    group = None if name == "scenarios" else name
    assert command(ran.append, name, asked, group=group) == 2 and not ran
    assert capsys.readouterr().err == f"hybridwork: {name} does not read {answer}.\n"


@pytest.mark.parametrize("name", spread(STUDIES, 5))
def test_the_point_and_a_seed_are_taken_by_every_command(name, capsys):
    ran = []
    asked = ["fit=point", "seed=3", "mechanisms.recovery.night=0.2"]
    assert command(ran.append, name, asked, group=None if name == "scenarios" else name) == 0, capsys.readouterr().err
    assert len(ran) == 1 and ran[0].draws is None


def test_docking_refuses_the_numbers_that_being_alone_replaces(monkeypatch):
    from sim.studies.docking.isolated_person import ISOLATION

    own = {f"mechanisms.{process}.{name}" for process, values in ISOLATION.items() for name in values}
    assert own == set(command_settings.REPLACED["docking"])
    every = {
        f"mechanisms.{process}.{name}"
        for process, kind in mechanism_types().items()
        for name in kind.parameter_metadata()
    }
    assert own == {name for name in every if refusal(monkeypatch, "docking", f"{name}=1")}


def test_a_file_of_ones_own_is_refused_or_told_where_it_is_not_read(tmp_path, capsys):
    ran = []
    (tmp_path / "study").mkdir()
    shipped = (conf_folder() / "study" / "sweep.yaml").read_text(encoding="utf-8")
    (tmp_path / "study" / "sweep.yaml").write_text(f"{shipped}report: nl\n", encoding="utf-8")
    assert command(ran.append, "sweep", ["--config-dir", str(tmp_path)], group="sweep") == 2
    assert "sweep does not read report of study/sweep.yaml: scenarios does" in capsys.readouterr().err

    (tmp_path / "config.yaml").write_text("report: nl\nreplicates: 7\nseed: 4\n", encoding="utf-8")
    assert command(ran.append, "docking", ["--config-dir", str(tmp_path)], group="docking") == 0
    assert capsys.readouterr().err == "hybridwork: docking does not read from config.yaml: replicates, report.\n"
    assert ran[0].seed == 4


@pytest.mark.parametrize("entry", ["calendar: {start: 2023-09-04}", "mechanisms: {anchor_days: {firmness: 65e-2}}"])
def test_what_is_read_from_a_file_of_ones_own_is_not_told_as_unread(entry, tmp_path, capsys):
    """Dates and exponents have other types in plain yaml than in Hydra's."""
    (tmp_path / "config.yaml").write_text(f"{entry}\n", encoding="utf-8")
    assert command(lambda cfg: None, "scenarios", ["--config-dir", str(tmp_path)]) == 0
    assert capsys.readouterr().err == ""


def test_an_experiment_is_refused_where_a_command_does_not_read_all_of_it(capsys):
    ran = []
    assert command(ran.append, "docking", ["experiment=quick"], group="docking") == 2 and not ran
    assert "docking does not read replicates of experiment/quick.yaml" in capsys.readouterr().err
    assert command(ran.append, "sweep", ["experiment=quick"], group="sweep") == 0
    assert ran[0].replicates == 4


def test_a_command_is_no_other_study(capsys):
    assert command(print, "sweep", ["study=panel"], group="sweep") == 2
    assert "Invalid setting: study=panel. Use hybridwork panel" in capsys.readouterr().err


@pytest.mark.parametrize(("words", "line"), [
    (["fit", "check", "firm=one"], "fit does not read firm: scenarios, sweep, sensitivity and others do"),
    (["centre", "weeks=3"], "centre does not read weeks: scenarios, sweep, sensitivity and others do"),
    (["describe", "workers=2"], "describe does not read workers: scenarios, sweep, sensitivity and others do"),
    (["describe", "fit=posterior"], "describe does not read fit=posterior: scenarios, inspection and structure do"),
])  # fmt: skip
def test_commands_without_a_study_refuse_too(words, line, capsys):
    assert main(words) == 2
    assert line in capsys.readouterr().err


@pytest.mark.parametrize("name", OF_PLANS)
def test_every_setting_of_a_command_without_a_study_is_read_or_refused(name):
    for setting in EVERY:
        read = any(f"{setting}.".startswith(f"{one}.") for one in READS[name])
        assert read or command_settings._reason(name, setting, composed(name)), setting


@pytest.mark.parametrize("asked", [{"fit": "posterior"}, {"draws": "posterior"}, {"replicates": 8}])
def test_a_single_plan_refuses_what_only_replicates_can_have(asked):
    with pytest.raises(UserError, match="single plan has no"):
        plan(**asked)
