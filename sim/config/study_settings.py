"""Settings of every study: their types, their ranges and the error for an invalid one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from multiprocessing import current_process
from typing import Any, TypeVar

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from sim.config.overrides import parse_overrides
from sim.config.settings import not_a_group
from sim.errors import UserError, as_written, instead, invalid
from sim.levers.measure import FAMILIES
from sim.runs.worker_pool import check_guarded
from sim.survey.instruments import INSTRUMENTS
from sim.world.calendar import Calendar

Kind = TypeVar("Kind")
_IN_WORDS = {
    "int": "a whole number",
    "str": "a text",
    "bool": "true or false",
    "float": "a number",
    "list": "a list such as [one,another]",
    "dict": "a list of shares such as {woman: 0.5}",
}
_RANGES = {
    "seed": (0, 2**63 - 1), "replicates": (1, 100_000), "weeks": (1, 2_600), "burn_in": (0, 2_600),
    "workers": (1, 1_024),
}  # fmt: skip
_YEARS = (1900, 2200)
POSTERIOR = "posterior"


@dataclass(frozen=True)
class Settings:
    """Settings of a study that are not in a group; `workers` None is one for each core."""

    title: str
    seed: int
    replicates: int
    weeks: int
    burn_in: int
    workers: int | None
    output: str
    engine: str
    draws: str | None
    report: str | None
    in_place: list[str] | None
    scenarios: list[str]


SETTINGS = (
    *Settings.__dataclass_fields__, "mechanisms", "measures", *INSTRUMENTS, "firm", "calendar", *FAMILIES, "kind",
    "text",
)  # fmt: skip
OF_STUDIES = (
    "design", "executor", "folder", "keep", "batch", "part", "parts", "retry",
    "sensitivity", "ranking", "precision", "search", "panel", "inspection", "vanishing", "patterns", "structure",
    "posterior", "observations",
)  # fmt: skip
"""Settings of `conf/study`, on which no single run depends."""
_ONLY_IN_FILES = {"kind", "text", *(f"{family}.{entry}" for family in FAMILIES for entry in ("kind", "text"))}


def check_overrides(overrides: Sequence[str]) -> None:
    """Raise UserError for an override that removes a setting, or changes the kind or text of a scenario."""
    for override in parse_overrides(tuple(overrides)):
        name, value = override.key_or_group, override.value()
        if override.is_delete():
            raise UserError(f"Invalid override: ~{name}. Every study needs this setting. Use {name}=<value>.")
        inner = [f"{name}.{entry}" for entry in value] if isinstance(value, dict) else []
        for place in (name, *inner):
            if place in _ONLY_IN_FILES:
                raise UserError(f"Invalid setting: {place}. Only the file of a scenario or an option sets it.")


def check_names(where: str, content: Mapping[str, Any], known: Iterable[str]) -> None:
    """Raise UserError for a setting that does not exist."""
    names = list(known)
    for name in content:
        if name not in names:
            raise UserError(f"Unknown setting: {where}{name}. {instead(name, names)}")


def calendar_of(cfg: DictConfig) -> Calendar:
    content = group_of(cfg, "calendar")
    check_names("calendar.", content, ("start",))
    calendar = Calendar.starting(as_written(content.get("start")))
    least, most = _YEARS
    if not least <= calendar.start.year <= most:
        raise UserError(invalid("calendar.start", calendar.start, f"a Monday from {least} to {most}"))
    return calendar


def settings_of(cfg: DictConfig) -> Settings:
    """Return the settings of a study; raise UserError for a value of another type or out of range."""
    own = {field.name: cfg.get(field.name) for field in fields(Settings)}
    settings = read_dataclass("", Settings, OmegaConf.create(own))
    for name, (least, most) in _RANGES.items():
        number = getattr(settings, name)
        if number is not None and not least <= number <= most:
            raise UserError(invalid(name, number, f"{least} to {most:,}"))
    if settings.draws not in (None, POSTERIOR):
        raise UserError(invalid("draws", settings.draws, f"{POSTERIOR}, or null for the point estimate"))
    return settings


def workers_of(cfg: DictConfig) -> int:
    """Return the number of processes, which is at most the number of replicates."""
    return min(processes_of(cfg), settings_of(cfg).replicates)


def processes_of(cfg: DictConfig) -> int:
    """Return the number of processes: the setting `workers`, or one for each core.

    A process that is itself a worker, as under a parallel launcher of Hydra, starts no others.
    """
    check_guarded()
    if current_process().name != "MainProcess":
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return settings_of(cfg).workers or cores or 1


def group_of(cfg: DictConfig, name: str) -> Mapping[str, Any]:
    """Return the entries of a group of a configuration; raise UserError for any other value."""
    return as_group(name, cfg.get(name))


def as_group(name: str, group: Any) -> Mapping[str, Any]:
    """Return the entries of a group of settings; raise UserError for any other value."""
    if not isinstance(group, Mapping):
        raise UserError(not_a_group(name, group))
    return group


def read_dataclass(where: str, kind: type[Kind], content: DictConfig) -> Kind:
    """Read entries as a dataclass; raise UserError for an unknown entry or a value of another type."""
    try:
        return OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(kind), content))  # type: ignore[return-value]
    except (OmegaConfBaseException, TypeError, ValueError, AttributeError):
        declared = {f.name: str(f.type) for f in fields(kind) if not f.metadata.get("omegaconf_ignore")}  # type: ignore[arg-type]
        name = next(str(name) for name in content if name not in declared or not _fits(kind, str(name), content[name]))
        key = f"{where}.{name}" if where else name
        if name not in declared:
            raise UserError(f"Unknown setting: {key}. {instead(name, declared)}") from None
        expected = next(words for start, words in _IN_WORDS.items() if declared[name].startswith(start))
        raise UserError(invalid(key, content[name], expected)) from None


def _fits(kind: type, name: str, value: Any) -> bool:
    """Return whether a value has the type that a dataclass declares for a field."""
    schema = OmegaConf.structured(kind)
    try:
        OmegaConf.to_container(OmegaConf.merge(schema, {name: value}), throw_on_missing=False)
    except (OmegaConfBaseException, TypeError, ValueError, AttributeError):
        return False
    return True
