"""Settings that each command reads, and the error for any other setting of a user.

A setting that is accepted but not read is worse than a misspelt one, since the results seem to depend on it.
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
from sim.survey.instruments import INSTRUMENTS

_INTERVIEW = tuple(f"interview.{name}" for name in INSTRUMENTS["interview"].parameter_metadata())
_VISIT = tuple(name for name in _INTERVIEW if not name.endswith("stop"))
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
        *(name for name in _INTERVIEW if name not in _NOT_OF_PANELS),
        "executor", "replicates", "panel",
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
"""Settings that each command reads, as whole groups or as single entries."""

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
"""Groups with an entry that determines which other entries are read: that entry, and the others by its value."""
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
    "docking": tuple(f"mechanisms.{name}" for name in (
        "attendance.advice", "availability.norm_loop", "availability.telepressure_of_sight",
        "comings_and_goings.turnover", "contact.live_ties", "contact.strength_sd", "contact.touch_sd",
        "contact.usual_strength", "contact.usual_touch", "exhaustion.contagion", "workload.absence",
    ))
}  # fmt: skip
"""Parameters that a command sets itself."""
_MOST_NAMES = 3
_TOPS = frozenset(name.partition(".")[0] for names in READS.values() for name in names)
"""First parts of all settings; other names are refused where plans are built."""


def check_read(cfg: DictConfig) -> None:
    """Raise UserError for a setting of the user that the command of the running Hydra job does not read.

    Settings of the user are those on the command line, of an experiment, and of the user's file for this study. The
    user's `config.yaml` is for all commands: its settings that are not read are only reported on stderr.
    """
    job = HydraConfig.get()
    command, choices = str(job.job.name), job.runtime.choices
    if command not in READS:
        return
    if choices.get("study") not in (None, command):
        raise UserError(f"Invalid setting: study={choices['study']}. Use hybridwork {choices['study']} instead.")
    folders = own_folders()
    explicit = dict.fromkeys(in_overrides(overrides_of_job()), "")
    for group in ("experiment", "study"):
        file = f"{group}/{choices.get(group)}.yaml"
        explicit = dict.fromkeys(_explicit_in_file(file, folders), f" of {file}") | explicit
    for name, where in explicit.items():
        if reason := _reason(command, name, cfg):
            raise UserError(f"{command} does not read {name}{where}{reason}.")
    _check_draws(command, cfg)
    for_all = {name: value for name, value in _explicit_in_file("config.yaml", folders).items() if name not in explicit}
    unread = {name for name in for_all if _reason(command, name, cfg)}.union(_lost(for_all, cfg))
    if unread:
        print_error(f"{command} does not read from config.yaml: {', '.join(sorted(unread))}.")


def plan_for(command: str, *words: str) -> Plan:
    """Return the plan of a command that composes no study; raise UserError for a setting that it does not read."""
    cfg, explicit = compose(*words), in_overrides(read_overrides(words, groups()))
    for name in explicit:
        if reason := _reason(command, name, cfg):
            raise UserError(f"{command} does not read {name}{reason}.")
    if "fit" in explicit:  # a single plan uses the point estimate unless a fit is given
        _check_draws(command, cfg)
    return plan(*words)


def _check_draws(command: str, cfg: DictConfig) -> None:
    if "draws" not in READS[command] and cfg.get("draws") is not None:
        raise UserError(f"{command} does not read fit={POSTERIOR}{_reason(command, 'draws', cfg)}.")


def _lost(explicit: Mapping[str, Any], cfg: DictConfig) -> list[str]:
    """Return the settings that have another value in the composed configuration than in a file."""
    composed = flat(OmegaConf.to_container(cfg))  # type: ignore[arg-type]
    return [name for name, value in explicit.items() if name in composed and composed[name] != value]


def _reason(command: str, name: str, cfg: DictConfig) -> str:
    """Return the end of the message for a setting that a command does not read; empty where it reads it."""
    top, _, entry = name.partition(".")
    if top not in _TOPS:
        return ""
    if not any(_overlap(name, one) for one in READS[command]) or name in REPLACED.get(command, ()):
        readers = [other for other, names in READS.items() if any(_overlap(name, one) for one in names)]
        studies = [reader for reader in readers if reader not in _WITHOUT_STUDY]
        return f": {_INSTEAD.get((command, top)) or _listed(studies or readers)}"
    if top not in _BY_METHOD:
        return ""
    decides, known = _BY_METHOD[top]
    value, first = OmegaConf.select(cfg, f"{top}.{decides}"), entry.partition(".")[0]
    others = [value for value, entries in known.items() if first in entries]
    if first in _ALWAYS or value not in known or not others or value in others:
        return ""
    return f" with {top}.{decides}={value}: {_listed(others)}"


def _overlap(name: str, read: str) -> bool:
    """Return whether one of two settings is the other or contains it."""
    return f"{name}.".startswith(f"{read}.") or f"{read}.".startswith(f"{name}.")


def _listed(names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"{names[0]} does"
    *first, last = names if len(names) <= _MOST_NAMES else [*names[:_MOST_NAMES], "others"]
    return f"{', '.join(first)} and {last} do"


# -- settings of the user ---------------------------------------------------------------------------------------------


def _explicit_in_file(name: str, folders: Sequence[Path]) -> dict[str, Any]:
    """Return the settings of a user's file that differ from the shipped file of this name.

    The user names an experiment, so all its settings count, whoever wrote it.
    """
    own = {setting: value for folder in folders for setting, value in _settings_in(folder / name).items()}
    if not own and not name.startswith("experiment/"):
        return {}
    shipped = _settings_in(conf_folder() / name)
    if name.startswith("experiment/"):
        return own or shipped
    return {setting: value for setting, value in own.items() if setting not in shipped or shipped[setting] != value}


def _settings_in(path: Path) -> dict[str, Any]:
    return {name: value for name, value in flat(content_of(path)).items() if name.partition(".")[0] != "defaults"}
