"""The command `hybridwork`, which is also `python -m sim`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module

from sim.errors import accept_every_character, print_error

COMMANDS = {
    "scenarios": (
        "sim.studies.scenarios",
        "Compare scenarios on burn-out complaints and isolation: tables and figures.",
    ),
    "run": ("sim.studies.scenarios", "Compare one scenario, or levers of your own, with the practice of 2022."),
    "sweep": (
        "sim.experiments.sweep",
        "Run the rows of a design, kept in a folder that survives a crash and can go on.",
    ),
    "sensitivity": (
        "sim.studies.sensitivity.study",
        "Which assumptions move the levels and the policy's effect: Morris, Sobol, doses, pairs of levers.",
    ),
    "robust_ranking": (
        "sim.studies.ranking.study",
        "Which policy wins in how many plausible worlds, where that flips, and who is harmed.",
    ),
    "replicates": ("sim.studies.replicates.study", "How many replicates the smallest effect of interest needs."),
    "panel": (
        "sim.studies.panel.study",
        "A virtual panel for R, SPSS and Stata, and what lags and drop-out make of the truth.",
    ),
    "packages": (
        "sim.studies.packages.study",
        "Packages of measures that no other beats on health and cost, under a budget.",
    ),
    "docking": (
        "sim.studies.docking.study",
        "One person, no network, beside the published stock-and-flow model of the same theory: what holds, and why.",
    ),
    "inspection": (
        "sim.studies.inspection.study",
        "The study of 2022 again, inside the model: what it would find, and how many employees to speak to.",
    ),
    "vanishing_measures": (
        "sim.studies.vanishing.study",
        "Why what employers report relates to nobody's health: rival explanations, and a survey to tell them apart.",
    ),
    "patterns": (
        "sim.studies.patterns.study",
        "What was found or looked for, what the model gives, and what rival models give: the pattern table.",
    ),
    "structure": (
        "sim.studies.structure.study",
        "Every loop cut, one at a time: which patterns break without it, and what the whole package then does.",
    ),
    "posterior": (
        "sim.studies.posterior.study",
        "Which parameter sets agree with what was observed, error and all: draws that other studies take.",
    ),
    "explore": ("sim.views.explore.command", "Move a lever in the browser; the model answers (extra: explore)."),
    "results": ("sim.experiments.results", "List, summarise, query and export what a folder of runs holds."),
    "report": ("sim.views.report", "One page of a comparison, to read, print and mail (extra: report)."),
    "watch": ("sim.views.watch.command", "Watch one organisation week by week in the browser (extra: viz)."),
    "describe": (
        "sim.describe.command",
        "Print the model: the day, the night, every parameter, the references. write=docs writes its documents.",
    ),
    "centre": (
        "sim.calibration.standardisation",
        "Centre the scales anew, so that reference people average 0 with SD 1.",
    ),
    "fit": ("sim.calibration.point_fit", "Fit the free parameters to the targets and write them to conf/fit/."),
}
EXAMPLES = (
    "hybridwork scenarios",
    "hybridwork scenarios seed=3 replicates=40 'scenarios=[baseline,right_to_disconnect,whole_package]'",
    "hybridwork scenarios firm=one firm.employees=300 mechanisms.recovery.demands_hold=0.25",
    "hybridwork run availability=quiet_evenings schedule=anchor_days",
    "hybridwork scenarios --multirun availability=always_on,right_to_disconnect hydra/launcher=joblib",
    "hybridwork sweep design=sobol design.n=256 scenario=right_to_disconnect",
    "hybridwork scenarios --cfg job",
    'eval "$(hybridwork -sc install=bash)"',
)
_EXPLAINED_HERE = ("describe", "centre", "fit")
_WITHOUT_FLAGS = (*_EXPLAINED_HERE, "explore", "watch", "results", "report")
"""Commands that take nothing but --help beside their settings."""
_ASKS_ONLY = {"--help", "-h", "--cfg", "-c", "--info", "-i"}
_INFO = ("--info", "-i")
_COMPLETION = ("-sc", "--shell-completion")


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code: 0 fine, 2 a mistake in what was asked, 130 interrupted."""
    accept_every_character()
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] in ("--help", "-h", "help"):
        print(usage())
        return 0
    if words[0] == "--version":
        from sim import __version__

        print(f"hybridwork {__version__}")
        return 0
    if words[0] in _COMPLETION:
        return _complete(words)
    if words[0] not in COMMANDS:
        near = get_close_matches(words[0], COMMANDS, n=1)
        meant = f" (did you mean {near[0]}?)" if near else ""
        return print_error(f"there is no command '{words[0]}'{meant}; commands are {', '.join(COMMANDS)}")
    if {"--help", "-h"} & set(words) and words[0] in _EXPLAINED_HERE:
        print(f"hybridwork {words[0]} [name=value ...]\n\n{COMMANDS[words[0]][1]}")
        return 0
    if words[0] in _WITHOUT_FLAGS and (flags := _flags_in(words[1:])):
        return print_error(f"{words[0]} takes no '{flags[0]}'; its settings are written as name=value, and "
                           "--config-dir works with scenarios, run and the studies")  # fmt: skip
    if words[0] == "run" and not _ASKS_ONLY & set(words) and not any(map(_names_a_scenario, words[1:])):
        return print_error(
            "run needs scenario=<name> or a lever, as in availability=quiet_evenings; scenarios compares all"
        )
    return _run(*_with_all_info(words))


def usage() -> str:
    """What the command can do, one line for each command, and examples."""
    width = max(map(len, COMMANDS))
    commands = [f"  {name:<{width}}  {meaning}" for name, (_, meaning) in COMMANDS.items()]
    return "\n".join(
        [
            "hybridwork <command> [name=value ...]",
            "",
            "Burn-out complaints and isolation among people who work partly at home, simulated.",
            "",
            "Commands (each has --help):",
            *commands,
            "",
            "Examples:",
            *(f"  {example}" for example in EXAMPLES),
        ]
    )


def _run(name: str, *words: str) -> int:
    from sim.config.error_messages import exit_code

    try:
        return exit_code(lambda: import_module(COMMANDS[name][0]).main(list(words)))
    except BrokenPipeError:
        # The reader of the output has seen enough, as in `hybridwork describe | head`.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _flags_in(words: Sequence[str]) -> list[str]:
    return [word for word in words if word.startswith("-") and word not in ("--help", "-h")]


def _names_a_scenario(word: str) -> bool:
    from sim.levers.measure import FAMILIES

    name = word.lstrip("+~").partition("=")[0]
    return name == "scenario" or name.split(".")[0] in FAMILIES


def _with_all_info(words: Sequence[str]) -> list[str]:
    """The words, with `--info` alone spelled out: it asks for everything there is to tell."""
    spelled = list(words)
    for place in reversed([place for place, word in enumerate(words) if word in _INFO]):
        following = words[place + 1 :][:1]
        if not following or following[0].startswith("-") or "=" in following[0]:
            spelled.insert(place + 1, "all")
    return spelled


def _complete(words: Sequence[str]) -> int:
    """Tab completion: of the command's name here, of everything after it by Hydra."""
    line = os.environ.get("COMP_LINE", "")
    typed = line.split(" ")
    if line and len(typed) <= 2:
        print(" ".join(name for name in COMMANDS if name.startswith(typed[-1])))
        return 0
    if line:
        os.environ["COMP_LINE"] = " ".join([typed[0], *typed[2:]])
    return _run("scenarios", *words)


if __name__ == "__main__":
    sys.exit(main())
