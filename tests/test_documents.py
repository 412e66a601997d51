"""Documents agree with the code: links resolve, commands run, and names exist."""

from __future__ import annotations

import ast
import importlib
import re
import shlex
from functools import cache
from pathlib import Path

import pytest
import yaml
from families import spread

import sim
from sim.__main__ import COMMANDS
from sim.config import composition, default_settings, plan_builder, scenario_choice, study_settings
from sim.levers.measure import FAMILIES

HOME = Path(__file__).resolve().parent.parent
PAGES = sorted([*HOME.glob("*.md"), *HOME.glob("docs/**/*.md")])
GROUPS = (*FAMILIES, "firm", "scenario", "experiment")
VIEWS = ("explore", "report", "watch")
"""Commands whose settings are not those of a study."""
FLAGS = {"--help", "--cfg", "--multirun"}
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def name_of(page: Path) -> str:
    return str(page.relative_to(HOME))


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    return [body for own, body in FENCE.findall(text) if own == language]


def inline_code(text: str) -> list[str]:
    return re.findall(r"`([^`\n]+)`", FENCE.sub("", text))


# -- quick start -----------------------------------------------------------------------------------------------------


def test_the_quick_start_installs_and_runs_the_main_job_and_the_tests():
    section = text_of(HOME / "README.md").split("\n## Quick start\n", 1)[1].split("\n## ", 1)[0]
    main_job, tests = (body.strip() for _, body in FENCE.findall(section))
    assert main_job.endswith("experiments/scenarios.py")
    assert " -m pytest " in tests
    installations = {command.rsplit(" && ", 1)[0] for command in (main_job, tests)}
    assert len(installations) == 1 and installations.pop().startswith("python3 -m venv .venv && ")
    for word in (*shlex.split(main_job), *shlex.split(tests)):
        assert not word.endswith((".py", ".txt")) or (HOME / word).is_file(), word


# -- links -----------------------------------------------------------------------------------------------------------


def links(page: Path) -> list[str]:
    found = re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", text_of(page)))
    return [link for link in found if "://" not in link]


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text_of(page)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_relative_links_resolve(page):
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{name_of(page)} links to {link}, which does not exist"
        if anchor:
            assert anchor in anchors(target), f"{name_of(page)} links to {link}; {target.name} has no such heading"


def test_figures_on_pages_are_small():
    for figure in HOME.glob("docs/figures/*"):
        size = figure.stat().st_size
        assert size < 300_000, f"{figure.name} has {size:,} bytes; keep it below 300,000"


# -- commands --------------------------------------------------------------------------------------------------------


def commands() -> list[str]:
    """Return every call of `hybridwork` on a page, fenced or inline."""
    found = []
    for page in PAGES:
        lines = [line for body in blocks(text_of(page), "sh") for line in body.replace("\\\n", " ").splitlines()]
        found += [line for line in (*lines, *inline_code(text_of(page))) if line.startswith("hybridwork ")]
    return list(dict.fromkeys(found))


@pytest.mark.parametrize("line", spread(commands(), 20))
def test_commands_on_pages_can_be_run(line):
    command, *words = shlex.split(line, comments=True)[1:]
    assert command in COMMANDS
    flags = [word for word in words if word.startswith("-")]
    assert set(flags) <= FLAGS
    if command == "results" or (command in VIEWS and not words):
        return
    if command in VIEWS:
        importlib.import_module(COMMANDS[command].module).settings_of(words)
        return
    if command == "fit":
        words = [word for word in words if word != "check"]
    if command == "describe":
        words = [word for word in words if not word.startswith(("write=", "results=", "options=", "page="))]
    settings = [word for word in words if "=" in word and not word.startswith(("-", "hydra"))]
    if "--multirun" in flags:
        settings = [re.sub(r"range\(\d+\)|,.*", lambda found: "0" * found[0].startswith("r"), one) for one in settings]
    if (HOME / f"conf/study/{command}.yaml").exists():
        settings.insert(0, f"study={command}")
    cfg = composition.compose(*settings)
    study_settings.settings_of(cfg)
    plan_builder.parameters_of(cfg)
    for scenario in cfg.scenarios:
        assert scenario in (*scenario_choice.scenario_names(), *scenario_choice.option_names())


@cache
def options(group: str) -> tuple[str, ...]:
    return composition.options(group)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_parameters_and_options_named_on_a_page_exist(page):
    kinds = default_settings.mechanism_types()
    for code in inline_code(text_of(page)):
        parameter = re.fullmatch(r"mechanisms\.(\w+)\.(\w+)(=.*)?", code)
        if parameter:
            process, name, _ = parameter.groups()
            assert process in kinds, f"{name_of(page)}: {code}"
            assert name in kinds[process].parameter_metadata(), f"{name_of(page)}: {code}"
        option = re.fullmatch(r"(\w+)=(\w+)", code)
        if option and option[1] in GROUPS:
            assert option[2] in options(option[1]), f"{name_of(page)}: {code}"


def test_switches_on_the_page_of_the_model_exist_with_that_default():
    rows = re.findall(r"^\| `mechanisms\.(\w+)\.(\w+)` \| (on|off) \|", text_of(HOME / "docs/model.md"), re.MULTILINE)
    assert rows
    for process, name, default in rows:
        kind = default_settings.mechanism_types()[process]
        assert kind.parameter_metadata()[name].is_switch, f"{process}.{name}"
        assert getattr(kind(), name) == (default == "on"), f"{process}.{name}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_files_named_on_a_page_exist(page):
    for code in inline_code(text_of(page)):
        if re.fullmatch(r"(sim|conf|docs|tests|experiments|\.ci)/[\w./-]+", code):
            assert (HOME / code).exists(), f"{name_of(page)}: {code}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_python_on_pages_is_valid_and_its_imports_exist(page):
    for body in blocks(text_of(page), "python"):
        for statement in ast.walk(ast.parse(body)):
            if isinstance(statement, ast.ImportFrom):
                module = importlib.import_module(str(statement.module))
                for name in statement.names:
                    assert hasattr(module, name.name), f"{name_of(page)}: {statement.module}.{name.name}"


# -- required contents ----------------------------------------------------------------------------------------


def test_every_decision_is_listed_and_has_its_date_in_the_log():
    listed, log = text_of(HOME / "docs/decisions/README.md"), text_of(HOME / "docs/decision_log.md")
    for decision in (HOME / "docs/decisions").glob("0*.md"):
        title, _, dated = text_of(decision).split("\n", 3)[:3]
        assert f"({decision.name})" in listed
        line = f"| {dated.split(' · ')[0]} | [{title.removeprefix('# ')}](decisions/{decision.name}) |"
        assert line in log, f"docs/decision_log.md has no line that begins with {line}"


def test_the_page_of_limits_names_this_version_and_a_date():
    assert re.search(
        rf"^Version {re.escape(sim.__version__)}, \d+ \w+ \d{{4}}\.", text_of(HOME / "docs/limits.md"), re.M
    )


def test_changelog_begins_with_this_version_and_says_whether_results_move():
    latest = text_of(HOME / "CHANGELOG.md").split("\n## ", 2)[1]
    assert latest.split()[0] == sim.__version__
    assert "Do results move?" in latest


def test_citation_names_this_version():
    citation = yaml.safe_load(text_of(HOME / "CITATION.cff"))
    assert citation["version"] == sim.__version__
    assert citation["license"] == "MIT"
