"""Scenarios of a configuration: the baseline, and either its list or the scenario that its levers form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from sim.config.composition import compose, options, overrides_of, own_folders
from sim.config.default_settings import cache_of_files, measures
from sim.config.provenance import OVERRIDES
from sim.config.study_settings import settings_of
from sim.engine.plan import BASELINE
from sim.errors import UserError, unknown
from sim.levers.measure import FAMILIES
from sim.levers.scenario import Scenario, read_scenario


def scenarios_of(cfg: DictConfig, overrides: Sequence[str] | None = None) -> tuple[Scenario, ...]:
    """Return the scenarios to compare, the baseline first.

    With a scenario or lever among the overrides, these are the baseline and that scenario; otherwise the list
    `scenarios`. `overrides` as in `build_plan`.
    """
    values = _override_values(overrides_of(cfg) if overrides is None else overrides)
    if values.get("scenario") in scenario_names():
        scenario_named(values["scenario"])  # check its file separately, since a study's settings can hide its mistakes
    content: dict[str, Any] = OmegaConf.to_container(cfg)  # type: ignore[assignment]
    own = _scenario_from_levers(_name_of(values), content, *own_folders())
    if not (_levers_in(values) or "scenario" in values or own.introduced or own.withdrawn or own.settings):
        return _listed(settings_of(cfg).scenarios)
    if "scenarios" in values:
        raise UserError("Conflicting settings: scenarios and a single scenario or lever. Use one of the two.")
    return (scenario_named(BASELINE.name),) if own.name == BASELINE.name else (scenario_named(BASELINE.name), own)


def _override_values(overrides: Sequence[str]) -> dict[str, str]:
    """Return the values of overrides by name, without Hydra's signs for adding and removing."""
    pairs = (override.lstrip("+~").partition("=") for override in overrides)
    return {name: value.strip("'\"") for name, _, value in pairs}


def _levers_in(values: Mapping[str, str]) -> list[str]:
    return [name for name in values if name.split(".")[0] in FAMILIES]


def _name_of(values: Mapping[str, str]) -> str:
    """Return the name of the scenario, or of one or two options of levers; "chosen" for any other combination."""
    levers_set = _levers_in(values)
    if not levers_set:
        return values.get("scenario", "chosen")
    plain = "scenario" not in values and len(levers_set) <= 2 and all(name in FAMILIES for name in levers_set)
    return "_and_".join(values[name] for name in levers_set) if plain else "chosen"


def _listed(names: Sequence[str]) -> tuple[Scenario, ...]:
    known = (*scenario_names(), *option_names())
    for name in names:
        if name not in known:
            raise UserError(unknown("scenario", name, known))
        _check_levers_alone(name)
    return tuple(scenario_named(name) for name in dict.fromkeys((BASELINE.name, *names)))


def _check_levers_alone(name: str) -> None:
    """Raise UserError where the file of a listed scenario sets more than levers, which all scenarios would share."""
    content, usual = (_composed_levers(one, *_folders_with_levers()) for one in (name, BASELINE.name))
    for key, value in content.items():
        if key not in (*FAMILIES, "kind", "text", OVERRIDES) and usual.get(key) != value:
            raise UserError(
                f"Invalid scenario: {name}. Its file sets {key}, which all scenarios of a run share. Leave it out, or "
                f"use scenario={name} alone."
            )


def _folders_with_levers() -> list[Path]:
    """Return the user's folders that can change a scenario; without any, shipped scenarios are cached."""
    parts = (*FAMILIES, "scenario", "measure", "levers.yaml")
    return [folder for folder in own_folders() if any((folder / part).exists() for part in parts)]


def scenario_named(name: str) -> Scenario:
    """Return the scenario of this name, or that of an option, as in `communication.reminders`."""
    return _composed_scenario(name, *_folders_with_levers())


@cache_of_files
def _composed_scenario(name: str, *more: Path) -> Scenario:
    return _scenario_from_levers(name, _composed_levers(name, *more), *more)


@cache_of_files
def _composed_levers(name: str, *more: Path) -> dict[str, Any]:
    """Return what the files of a scenario or an option set; `more` are folders with such files."""
    family, is_option, option = name.partition(".")
    choice = f"{family}={option}" if is_option else f"scenario={name}"
    return OmegaConf.to_container(compose(choice, config="levers"))  # type: ignore[return-value]


def scenario_names() -> tuple[str, ...]:
    """Return the names of all scenarios in alphabetical order: the files of `conf/scenario`, and one per measure."""
    return options("scenario")


def option_names() -> tuple[str, ...]:
    """Return every option of every lever family as `family.option`, in the order of the families."""
    return tuple(f"{family}.{option}" for family in FAMILIES for option in options(family))


def _scenario_from_levers(name: str, content: Mapping[str, Any], *more: Path) -> Scenario:
    """Return the scenario that levers form; without its own kind it has that of its options."""
    levers_alone = {entry: content.get(entry) for entry in (*FAMILIES, "kind", "text")}
    result = read_scenario(name, levers_alone, [measure.name for measure in measures(*more)])
    if result.kind != BASELINE.kind or name == BASELINE.name:
        return result
    used = [content[family] for family in FAMILIES if content.get(family)]
    kind = "counterfactual" if any(option.get("kind") == "counterfactual" for option in used) else "policy"
    changing = [one for one in used if one.get("measures") or one.get("withdrawn") or one.get("settings")]
    return replace(result, kind=kind, text=" ".join(option.get("text") or "" for option in changing))
