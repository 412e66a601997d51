"""Which settings each command reads, and the refusal of any other that a user gives.

A setting that is accepted and not read is worse than a mistake in its name: the results look as if it had counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from sim.config.composition import compose, overrides_of_job, own_folders
from sim.config.default_settings import conf_folder, groups
from sim.config.explicit_settings import content_of, flat, in_overrides
from sim.config.overrides import read_overrides
from sim.config.plan_builder import plan
from sim.config.study_settings import POSTERIOR
from sim.engine.plan import Plan
from sim.errors import UserError, print_error
from sim.levers.measure import FAMILIES

_VISIT = tuple(
    f"interview.{name}"
    for name in ("managers_met", "others_met", "managers_fill_in", "others_fill_in", "exhausted_answer_less",
                 "isolated_answer_less", "employer_chooses", "desirability", "misremembers", "agrees_to_measures",
                 "agrees_to_scales", "rosy_on_scales")
)  # fmt: skip
_NOT_OF_PANELS = ("interview.managers_met", "interview.others_met", "interview.employer_chooses")
_ERROR = ("survey.reliability", "survey.state_share")
_COMPLAINTS = (*_ERROR, "survey.cut_off")
_OUTCOMES = (*_COMPLAINTS, "survey.bat_mean", "survey.bat_sd")
_ALL = ("title", "seed", "engine", "output", "calendar", "mechanisms", "fit", "experiment", "burn_in")
_PEOPLE = (*_ALL, "firm", "measures", "in_place", "workers")
_COMPARED = (*_PEOPLE, *FAMILIES, "scenario", "scenarios", "weeks")
_STORED_RUNS = ("executor", "folder", "retry")
_PARTS = (*_STORED_RUNS, "batch", "part", "parts", "keep", "design", "replicates")
_WITHOUT_STUDY = ("describe", "centre", "fit")

READS: Mapping[str, tuple[str, ...]] = {
    "scenarios": (*_COMPARED, *_OUTCOMES, "replicates", "draws", "report"),
    "sweep": (*_COMPARED, *_OUTCOMES, *_PARTS),
    "sensitivity": (*_COMPARED, *_OUTCOMES, *_STORED_RUNS, "batch", "replicates", "sensitivity"),
    "robust_ranking": (*_COMPARED, *_OUTCOMES, *_PARTS, "ranking"),
    "replicates": (*_COMPARED, *_OUTCOMES, *_STORED_RUNS, "precision"),
    "panel": (
        *(name for name in _COMPARED if name != "weeks"), *_COMPLAINTS, "survey.state_days",
        *(name for name in _VISIT if name not in _NOT_OF_PANELS),
        "interview.stop", "interview.exhausted_stop", "interview.isolated_stop", "executor", "replicates", "panel",
    ),
    "packages": (*_COMPARED, *_OUTCOMES, "executor", "folder", "design", "replicates", "search"),
    "docking": (*_ALL, *_COMPLAINTS, "firm.kind", "firm.employees", "weeks"),
    "inspection": (
        *(name for name in _COMPARED if name != "weeks"), *_ERROR, *_VISIT, "replicates", "draws", "inspection",
    ),
    "vanishing_measures": (*_PEOPLE, *_ERROR, *_VISIT, "executor", "vanishing"),
    "patterns": (
        *(name for name in _COMPARED if name not in ("weeks", "burn_in")), *_COMPLAINTS, *_VISIT, "replicates",
        "patterns",
    ),
    "structure": (*_COMPARED, *_COMPLAINTS, *_VISIT, "replicates", "draws", "structure"),
    "posterior": (*_COMPARED, *_COMPLAINTS, *_STORED_RUNS, "batch", "observations", "posterior"),
    "describe": (
        "title", "calendar", "mechanisms", "measures", "survey", "interview", "fit", "experiment", "firm", "in_place",
        *FAMILIES, "scenario", "scenarios", "weeks", "burn_in",
    ),
    **dict.fromkeys(_WITHOUT_STUDY[1:], (
        "title", "seed", "engine", "calendar", "mechanisms", "measures", "survey", "interview", "fit", "experiment",
    )),
}  # fmt: skip
"""The settings that each command reads, as whole groups or as single entries of them."""

_BY_METHOD: Mapping[str, tuple[str, Mapping[str, tuple[str, ...]]]] = {
    "design": ("method", {
        "one_at_a_time": ("factors", "levels"),
        "grid": ("factors", "levels"),
        "latin_hypercube": ("factors", "n", "times", "seed"),
        "morris": ("factors", "n", "levels", "seed"),
        "sobol": ("factors", "n", "second_order", "seed"),
        "draws": ("factors", "n", "seed"),
        "posterior": ("n", "factors"),
        "file": ("file", "factors"),
    }),
    "executor": ("kind", {"local": (), "dask": ("address",)}),
    "firm": ("kind", {
        "one": ("employees", "team_size", "teams_per_department", "sector", "shares", "persons", "ties"),
        "study": ("establishments", "sample", "team_size", "teams_per_department", "shares", "sector", "persons",
                  "ties"),
        "own": ("persons", "ties", "sector", "shares"),
    }),
}  # fmt: skip
"""Of groups in which one entry decides on the others: that entry, and what each of its values reads or refuses."""
_ALWAYS = ("method", "kind", "chance")

_INSTEAD = {
    ("sweep", "draws"): "design=posterior takes the draws as rows",
    ("robust_ranking", "draws"): "design=posterior takes the draws as rows, and is the default",
    ("packages", "draws"): "design=posterior takes the draws, and is the default",
    ("panel", "weeks"): "panel.waves and panel.spacings set its length, so leave weeks out",
    ("replicates", "replicates"): "it chooses their number between precision.pilot and precision.most",
    ("docking", "firm"): "docking simulates people without colleagues, so use firm.employees only",
    ("docking", "mechanisms"): "docking sets it, since it simulates people without colleagues",
}
REPLACED = {
    "docking": (
        "mechanisms.attendance.advice",
        "mechanisms.availability.norm_loop",
        "mechanisms.availability.telepressure_of_sight",
        "mechanisms.comings_and_goings.turnover",
        "mechanisms.contact.live_ties",
        "mechanisms.contact.strength_sd",
        "mechanisms.contact.touch_sd",
        "mechanisms.contact.usual_strength",
        "mechanisms.contact.usual_touch",
        "mechanisms.exhaustion.contagion",
        "mechanisms.workload.absence",
    )
}
"""Parameters that a command sets itself, by command."""
_MOST_NAMES = 3
_TOPS = frozenset(name.partition(".")[0] for names in READS.values() for name in names)
"""Other names are no settings, which is said where plans are made."""


def check_read(cfg: DictConfig) -> None:
    """Raise UserError for a setting that the user gave and the command of the Hydra job that runs does not read.

    Given are the settings on the command line, those of an experiment, and those of the user's own file for this
    study. What stands in the user's `config.yaml` is meant for all commands: it is only told on stderr.
    """
    job = HydraConfig.get()
    command, choices = str(job.job.name), job.runtime.choices
    if command not in READS:
        return
    if choices.get("study") not in (None, command):
        raise UserError(f"study={choices['study']} is what `hybridwork {choices['study']}` does; leave it out")
    folders = own_folders()
    explicit = dict.fromkeys(in_overrides(overrides_of_job()), "")
    for group in ("experiment", "study"):
        file = f"{group}/{choices.get(group)}.yaml"
        explicit = dict.fromkeys(_explicit_in_file(file, folders), f" of {file}") | explicit
    for name, where in explicit.items():
        if reason := _reason(command, name, cfg):
            raise UserError(f"{command} does not read {name}{where}{reason}")
    _check_draws(command, cfg)
    for_all = {name: value for name, value in _explicit_in_file("config.yaml", folders).items() if name not in explicit}
    unread = {name for name in for_all if _reason(command, name, cfg)}.union(_lost(for_all, cfg))
    if unread:
        print_error(f"{command} does not read from config.yaml: {', '.join(sorted(unread))}")


def plan_for(command: str, *words: str) -> Plan:
    """The plan of a command that composes no study; raises UserError for a setting that it does not read."""
    cfg, explicit = compose(*words), in_overrides(read_overrides(words, groups()))
    for name in explicit:
        if reason := _reason(command, name, cfg):
            raise UserError(f"{command} does not read {name}{reason}")
    if "fit" in explicit:  # the shipped configuration draws, and a single plan takes the point unless a fit is given
        _check_draws(command, cfg)
    return plan(*words)


def _check_draws(command: str, cfg: DictConfig) -> None:
    if "draws" not in READS[command] and cfg.get("draws") is not None:
        raise UserError(f"{command} does not read fit={POSTERIOR}{_reason(command, 'draws', cfg)}")


def _lost(explicit: Mapping[str, Any], cfg: DictConfig) -> list[str]:
    """The settings that have another value in the composed configuration than the one a file gives them."""
    composed = flat(OmegaConf.to_container(cfg))  # type: ignore[arg-type]
    return [name for name, value in explicit.items() if name in composed and composed[name] != value]


def _reason(command: str, name: str, cfg: DictConfig) -> str:
    """What to say of a setting that a command does not read, after its name; nothing where it reads it."""
    top, _, entry = name.partition(".")
    if top not in _TOPS:
        return ""
    if not any(_overlap(name, one) for one in READS[command]) or _replaced(command, name):
        readers = [other for other, names in READS.items() if any(_overlap(name, one) for one in names)]
        studies = [reader for reader in readers if reader not in _WITHOUT_STUDY]
        return f"; {_INSTEAD.get((command, top)) or _listed(studies or readers)}"
    if top not in _BY_METHOD:
        return ""
    decides, known = _BY_METHOD[top]
    value, first = OmegaConf.select(cfg, f"{top}.{decides}"), entry.partition(".")[0]
    others = [value for value, entries in known.items() if first in entries]
    if first in _ALWAYS or value not in known or not others or value in others:
        return ""
    return f" with {top}.{decides}={value}; {_listed(others)}"


def _overlap(name: str, read: str) -> bool:
    """Whether a setting is one that is read, or belongs to it, or holds it."""
    return f"{name}.".startswith(f"{read}.") or f"{read}.".startswith(f"{name}.")


def _replaced(command: str, name: str) -> bool:
    """Whether a command replaces the value of this parameter by its own."""
    return name in REPLACED.get(command, ())


def _listed(names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"{names[0]} does"
    *first, last = names if len(names) <= _MOST_NAMES else [*names[:_MOST_NAMES], "others"]
    return f"{', '.join(first)} and {last} do"


# -- what a user has given --------------------------------------------------------------------------------------------


def _explicit_in_file(name: str, folders: Sequence[Path]) -> dict[str, Any]:
    """The settings of a user's file, without those that stand in the shipped one of this name too.

    An experiment is asked for by its name, so all that it holds is given, whoever wrote it.
    """
    shipped = _settings_in(conf_folder() / name)
    own = {setting: value for folder in folders for setting, value in _settings_in(folder / name).items()}
    if name.startswith("experiment/"):
        return own or shipped
    return {setting: value for setting, value in own.items() if setting not in shipped or shipped[setting] != value}


def _settings_in(path: Path) -> dict[str, Any]:
    return {name: value for name, value in flat(content_of(path)).items() if name.partition(".")[0] != "defaults"}
