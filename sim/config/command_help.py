"""Commands of `hybridwork` and their help, which is read from configuration files without composing them."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from sim.paths import conf_folder


class Command(NamedTuple):
    """A command: the module with its `main`, its purpose in one line, and examples."""

    module: str
    purpose: str
    examples: tuple[str, ...] = ()


COMMAND_GROUPS: dict[str, dict[str, Command]] = {
    "Compare": {
        "scenarios": Command(
            "sim.studies.scenarios", "Compare scenarios on burn-out complaints and isolation: tables, figures, report.",
            ("hybridwork scenarios", "hybridwork scenarios seed=3 replicates=40 'scenarios=[baseline,whole_package]'",
             "hybridwork scenarios firm=one firm.employees=300 mechanisms.recovery.demands_hold=0.25",
             "hybridwork scenarios --multirun availability=always_on,right_to_disconnect hydra/launcher=joblib")),
        "run": Command(
            "sim.studies.scenarios", "Compare one scenario, or a combination of levers, with the practice of 2022.",
            ("hybridwork run scenario=whole_package",
             "hybridwork run availability=quiet_evenings schedule=anchor_days")),
        "robust_ranking": Command(
            "sim.studies.ranking.study", "Rank policies over posterior draws, with conditions and groups at risk.",
            ("hybridwork robust_ranking firm=one design.n=200",)),
        "packages": Command(
            "sim.studies.packages.study", "Search packages of measures on the Pareto front of health and cost.",
            ("hybridwork packages firm=one firm.employees=500 search.budget=400",)),
    },
    "Many runs": {
        "sweep": Command(
            "sim.experiments.sweep", "Run the rows of a design in a folder; the same command resumes it.",
            ("hybridwork sweep design=sobol design.n=256 scenario=right_to_disconnect",)),
        "sensitivity": Command(
            "sim.studies.sensitivity.study", "Compute which assumptions change the levels and the effect of a policy.",
            ("hybridwork sensitivity firm=one sensitivity.keep=8",)),
        "replicates": Command(
            "sim.studies.replicates.study", "Compute how many replicates the smallest effect of interest needs.",
            ("hybridwork replicates firm=one",)),
    },
    "Check the model": {
        "patterns": Command(
            "sim.studies.patterns.study", "Compare the model and rival models with observed patterns.",
            ("hybridwork patterns replicates=10",)),
        "structure": Command(
            "sim.studies.structure.study", "Switch each loop off or on, and report the patterns that change.",
            ("hybridwork structure replicates=2",)),
        "docking": Command(
            "sim.studies.docking.study", "Compare one simulated person with a published stock-and-flow model.",
            ("hybridwork docking firm.employees=1000",)),
        "inspection": Command(
            "sim.studies.inspection.study", "Repeat the study of 2022 within the model, and plan its sample.",
            ("hybridwork inspection replicates=20",)),
        "vanishing_measures": Command(
            "sim.studies.vanishing.study", "Compare explanations of why reported measures are unrelated to health.",
            ("hybridwork vanishing_measures vanishing.worlds=100",)),
        "panel": Command(
            "sim.studies.panel.study", "Simulate a panel survey for R, SPSS and Stata, with lags and drop-out.",
            ("hybridwork panel replicates=5 'panel.waves=[0,6,12]'",)),
    },
    "Calibrate": {
        "fit": Command("sim.calibration.point_fit", "Fit the free parameters to the targets and write conf/fit/."),
        "posterior": Command(
            "sim.studies.posterior.study", "Draw parameter sets that agree with the observations.",
            ("hybridwork posterior posterior.simulations=2000 posterior.kept=false",)),
        "centre": Command(
            "sim.calibration.standardisation", "Recompute the centring of scales: reference people have mean 0, SD 1."),
    },
    "View and explain": {
        "explore": Command(
            "sim.views.explore.command", "Change levers in the browser and see their effects (extra: explore)."),
        "watch": Command("sim.views.watch.command", "View one organisation week by week in the browser (extra: viz)."),
        "results": Command("sim.experiments.results", "List, summarise, query and export the runs in a folder."),
        "report": Command("sim.views.report", "Write the report page of a comparison again (extra: report)."),
        "describe": Command(
            "sim.describe.command", "Print the equations, parameters and references, or write the documents.",
            ("hybridwork describe", "hybridwork describe write=docs")),
    },
}  # fmt: skip
COMMANDS = {name: command for group in COMMAND_GROUPS.values() for name, command in group.items()}
EXAMPLES = (
    "hybridwork scenarios",
    "hybridwork run availability=quiet_evenings schedule=anchor_days",
    "hybridwork sweep design=sobol design.n=256 scenario=right_to_disconnect",
    "hybridwork sensitivity --help",
    'eval "$(hybridwork -sc install=bash)"     # tab completion',
)
PROGRAM_OPTIONS = {
    "--help": "show this help; after a command, its settings and examples",
    "--version": "show the version",
}
COMMAND_OPTIONS = {
    "--help": "show this help",
    "--config-dir DIR": "use configuration files of your own before those of conf/",
    "--multirun": "run once for each combination of values, as in seed=1,2",
    "--cfg job": "show all settings as the command would use them, and run nothing",
}
_DESCRIBE_SETTINGS = {
    "write=DIR": "write the documents to this folder",
    "results=DIR": "with write=, take the results page from the folder of a comparison",
    "options=DIR": "with write=, take the comparison of all options from this folder",
    "page=DIR": "with write=, copy the page and figures of a finished study",
}
_LONGEST = 45
"""Lines of settings that the help shows; the file has the rest."""


def usage() -> str:
    """Return the help of `hybridwork`."""
    width = max(map(len, COMMANDS))
    lines = [
        "Usage: hybridwork COMMAND [name=value ...] [options]",
        "",
        "Simulate burn-out complaints and isolation among people who work partly at home.",
    ]
    for group, commands in COMMAND_GROUPS.items():
        lines += ["", f"{group}:", *(f"  {name:<{width}}  {own.purpose}" for name, own in commands.items())]
    options = PROGRAM_OPTIONS | {name: text for name, text in COMMAND_OPTIONS.items() if name != "--help"}
    return "\n".join([*lines, "", "Options:", *_columns(options), "", "Examples:", *(f"  {one}" for one in EXAMPLES)])


def command_usage(name: str, folder: Path | None = None) -> str:
    """Return the help of a command; `folder` is the user's own configuration folder."""
    command = COMMANDS[name]
    file = conf_folder() / ("config.yaml" if name in ("scenarios", "run") else f"study/{name}.yaml")
    is_study = file.is_file()
    lines = [f"Usage: hybridwork {name} [name=value ...]{' [options]' if is_study else ''}", "", command.purpose]
    if is_study:
        text = file.read_text(encoding="utf-8")
        lines += ["", f"Settings, with their defaults (conf/{file.relative_to(conf_folder()).as_posix()}):"]
        lines += [f"  {line}".rstrip() for line in _settings_in(text, file.name)]
        lines += ["", "Groups, each with its options, as in firm=one:", *_columns(_options_of_groups(text, folder))]
        if name not in ("scenarios", "run"):
            lines += ["", "Settings of every command: hybridwork scenarios --help"]
        lines += ["", "Options:", *_columns(COMMAND_OPTIONS)]
    elif name == "describe":
        lines += ["", "Settings:", *_columns(_DESCRIBE_SETTINGS)]
    examples = command.examples or (f"hybridwork {name}",)
    return "\n".join([*lines, "", "Examples:", *(f"  {one}" for one in examples)])


def _columns(texts: dict[str, str]) -> list[str]:
    width = max(map(len, texts))
    return [
        line
        for name, text in texts.items()
        for line in textwrap.wrap(f"  {name:<{width}}  {text}", 120, subsequent_indent=" " * (width + 4))
    ]


def _settings_in(text: str, file: str) -> list[str]:
    """Return the lines of a configuration file after its defaults list."""
    body = re.split(r"(?m)^defaults:\n(?:[ ]+.*\n)*", text, maxsplit=1)[-1].strip("\n").splitlines()
    return body if len(body) <= _LONGEST else [*body[:_LONGEST], f"… {file} has {len(body) - _LONGEST} more lines."]


def _options_of_groups(text: str, folder: Path | None) -> dict[str, str]:
    """Return the groups that a command reads, with their options."""
    families = re.findall(r"(?m)^  - (\w+):", (conf_folder() / "levers.yaml").read_text(encoding="utf-8"))
    groups = [*families, "firm", "fit", "experiment", *re.findall(r"(?m)^  - /(\w+):", text)]
    folders = [conf_folder(), *([folder] if folder else [])]
    return {group: ", ".join(sorted(set(_options(group, folders)))) for group in groups}


def _options(group: str, folders: Sequence[Path]) -> Iterator[str]:
    """Yield the options of a group: its files, and for a lever family and `scenario` the measures."""
    for folder in folders:
        yield from (path.stem for path in (folder / group).glob("*.yaml"))
        for path in (folder / "measure").glob("*.yaml"):
            if group == "scenario" or f"\nlever: {group}\n" in path.read_text(encoding="utf-8"):
                yield path.stem
