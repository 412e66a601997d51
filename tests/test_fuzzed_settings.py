"""Odd settings of every command: each composes, or ends in one line on the terminal and exit code 2.

`HYBRIDWORK_FUZZ=200 pytest tests/test_fuzzed_settings.py` tries 200 for each command, and `HYBRIDWORK_FUZZ_SEED=7`
draws others.
"""

from __future__ import annotations

import os
import random
from functools import cache

import pytest
from families import spread
from omegaconf import OmegaConf

from sim import __main__ as command_line
from sim.calibration import point_fit, standardisation
from sim.config import composition, default_settings
from sim.config.error_messages import composing
from sim.config.overrides import read_overrides
from sim.describe import command as describing
from sim.errors import UserError, one_line
from sim.experiments import output_folder
from sim.levers.measure import FAMILIES
from sim.runs import worker_pool

COUNT = int(os.environ.get("HYBRIDWORK_FUZZ", "2"))
WORDS = 300
SEED = int(os.environ.get("HYBRIDWORK_FUZZ_SEED", "1"))
STUDIES = {
    "scenarios": None, "run": None, "sweep": "sweep", "sensitivity": "sensitivity", "robust_ranking": "robust_ranking",
    "replicates": "replicates", "panel": "panel", "packages": "packages", "docking": "docking",
    "inspection": "inspection", "vanishing_measures": "vanishing_measures", "patterns": "patterns",
    "structure": "structure", "posterior": "posterior",
}  # fmt: skip
"""Commands that compose a configuration, and their options of `conf/study`."""
WITHOUT_FLAGS = ("describe", "centre", "fit")
OTHERS = ("explore", "watch", "results", "report")
BASE = ("firm=one", "firm.employees=60", "weeks=26", "burn_in=4", "workers=1")

NUMBERS = ("0", "-1", "1", "2.5", "1e400", "-1e400", "1e-400", "nan", "inf", "-inf", "9" * 30, "9" * 400, "9" * 5_000,
           "0x10", "1_000", "007", "1e3", "--1", "1,5", "٣", "-0", ".5", "5.")  # fmt: skip
TEXTS = ("x", "''", '""', "null", "true", "false", "één", "persons (1).csv", "a=b", "R&D", "a b", "~", "*", "&a", "!x",
         "%", "@", "#", "?", "$", "${nope}", "${seed}", "${oc.env:NOPE}", "${oc.decode:x}", "${", "}", "\\", "'", '"',
         "a'b", "\x1b[31mred", "a\nb", "a\tb", "a\x00b", "\u202eabc", "\ud800", "😀", "x" * 2_000, "../x", "/", "a:b",
         "<b>", "`ls`", "$(ls)", "???", "_target_", "", " ", "-", "--help", "range(3)", "choice(a,b)", "f(x)",
         "int(x)", "sort(1,2)", "glob(*)")  # fmt: skip
NESTED = ("[]", "{}", "[1,2]", "[[1],[2]]", "[a,{b: c}]", "{a: 1}", "{a: [1]}", "{1: 2}", "{_target_: x}", "[null]",
          "[" * 15 + "]" * 15, "[" * 150 + "]" * 150, "[" * 5_000, "[1,", "{a:", "[a b]", "[nan]", "{a: inf}", "[true]",
          "{in_place: [[breaks],[]]}", "[[]]", "[{}]", "a,b")  # fmt: skip
NAMES = ("", "é", "a", "a.b", "a..b", ".", "a.", ".a", "weeks.x", "weeks.0", "title.x", "scenarios.0", "scenarios.x",
         "scenarios[0]", "firm", "hydra", "hydra.job.env_set.X", "hydra/launcher", "hydra.launcher.n_jobs", "firm@x",
         "measure", "study", "kind", "text", "a b", "_target_", "panel.waves._target_", "seed._target_", "firm.kind",
         "measures.breaks", "mechanisms", "measures.nope.use", "availability.measures", "availability.text", "x" * 500,
         "design.factors", "design.factors.x", "calendar", "\x1b", "--weeks", "-m", "--cfg", "-p")  # fmt: skip
OWN_SETTINGS = ("port", "address", "language", "policy", "table", "export", "sql")
MARKS = ("", "", "", "", "+", "++", "~", "+++", "~~")


class Composed(BaseException):
    """Raised in place of the first thing that would be simulated or written."""


def stop(*_: object, **__: object) -> None:
    raise Composed


@pytest.fixture
def no_simulation(monkeypatch, tmp_path):
    """Every command ends where it would begin to work."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(output_folder.OutputFolder, "__enter__", stop)
    stopped = {
        worker_pool: ("process_pool", "dask_pool"), standardisation: ("standardise",), point_fit: ("fit", "check"),
        describing: ("render_model", "write"),
    }  # fmt: skip
    for module, name in ((module, name) for module, names in stopped.items() for name in names):
        monkeypatch.setattr(module, name, stop)


@cache
def settings_of(study: str | None) -> tuple[str, ...]:
    """Every setting of a study, groups and single values, as it is named on the command line."""
    cfg = composition.compose("firm=one", *([f"study={study}"] if study else []))
    found: list[str] = []

    def walk(content: object, above: str) -> None:
        for name, inner in content.items() if isinstance(content, dict) else ():
            found.append(f"{above}{name}")
            walk(inner, f"{above}{name}.")

    walk(OmegaConf.to_container(cfg), "")
    few = [name for name in found if not name.startswith(("mechanisms.", "measures."))]
    return tuple(few * 3 + found)  # settings of the study itself come more often than parameters of the model


def odd_words(draw: random.Random, study: str | None) -> list[str]:
    """One to three overrides, most with the name of a setting and a value that nobody would give it."""
    words = []
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        groups = (*FAMILIES, "scenario", "firm", "fit", "experiment", "design", "executor")
        name = draw.choice(draw.choices((settings_of(study), groups, NAMES), (6, 2, 2))[0])
        value = draw.choice(draw.choices((NUMBERS, TEXTS, NESTED), (4, 4, 3))[0])
        words.append(f"{draw.choice(MARKS)}{name}={value}" if draw.random() < 0.97 else value)
    return words + draw.choice(([], [], [], [], ["-m"], ["--cfg", "job"], ["--resolve"], ["--info", "config"]))


def check_answer(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    try:
        code = command_line.main(words)
    except Composed:
        code = 0
    errors = capsys.readouterr().err
    assert code in (0, 2), (words, code)
    if code == 2:
        lines = errors.split("\n")[:-1]
        assert len(lines) == 1 or (lines and "-m" in words), (words, errors)
        for line in lines:
            assert line.startswith("hybridwork: ") and line.isprintable() and len(line) < 1_200, (words, errors)


def test_odd_words_are_read_or_refused_in_one_line():
    """What comes before Hydra composes, which takes far longer than reading the words."""
    draw = random.Random(SEED)
    for _ in range(WORDS):
        word = odd_words(draw, "sweep")[0]
        try:
            with composing():
                read_overrides([word], default_settings.groups(), multirun=draw.random() < 0.3)
        except UserError as refused:
            assert one_line(str(refused)).isprintable(), word


@pytest.mark.parametrize("number", range(COUNT))
@pytest.mark.parametrize("name", STUDIES)
def test_odd_settings_of_a_study_compose_or_end_in_one_line(name, number, no_simulation, capsys):
    words = odd_words(random.Random(f"{SEED} {name} {number}"), STUDIES[name])
    policy = ["scenario=breaks"] if name == "run" else []
    check_answer([name, *BASE, *policy, *words], capsys)


@pytest.mark.parametrize("number", range(COUNT))
@pytest.mark.parametrize("name", (*WITHOUT_FLAGS, *OTHERS))
def test_odd_settings_of_another_command_end_in_one_line(name, number, no_simulation, capsys, monkeypatch):
    monkeypatch.setattr("sim.views.watch.command.serve", stop)
    monkeypatch.setattr("sim.views.explore.command.serve", stop)
    draw = random.Random(f"{SEED} {name} {number}")
    words = odd_words(draw, None)
    if name in OTHERS and draw.random() < 0.6:
        words = [f"{draw.choice(OWN_SETTINGS)}={draw.choice(TEXTS + NUMBERS)}"]
    check_answer([name, *words], capsys)


@pytest.mark.parametrize("value", spread((*NUMBERS, *TEXTS, *NESTED), 45), ids=lambda value: ascii(value)[:30])
def test_an_odd_value_of_a_group_or_a_setting_composes_or_ends_in_one_line(value, no_simulation, capsys):
    """Every odd value once, whatever the seed."""
    place = (*NUMBERS, *TEXTS, *NESTED).index(value)
    names = ("social", "seed", "title", "firm.shares", "in_place", "calendar.start", "mechanisms.recovery.night")
    check_answer(["scenarios", *BASE, f"{names[place % len(names)]}={value}"], capsys)
