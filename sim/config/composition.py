"""Configuration: what stands in `conf/` and on the command line becomes measures, scenarios and plans.

Defaults stand beside their equations; they are handed to Hydra here, so that every parameter can be overridden by
name and the files in `conf/` hold only what differs. Every measure is an option of its lever family and a scenario of
its own, unless a file of that name says more.
"""

from __future__ import annotations

import math
import os
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from functools import cache
from multiprocessing import current_process
from pathlib import Path
from threading import RLock
from typing import Any

import hydra
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from sim.config import explicit_settings, parameter_values
from sim.config.error_messages import composing, explain_error, user_errors
from sim.config.folder import OWN_ENTRIES, PRIMARY, ROOT_FILES, merge_root
from sim.config.hydra_settings import primary
from sim.config.overrides import read_overrides
from sim.config.provenance import OVERRIDES, complete_settings, overrides_noted
from sim.engine.plan import BASELINE, Plan, counted_parameters, registry_of, validate_value
from sim.errors import UserError, as_written, instead
from sim.language.discovery import levers, mechanisms
from sim.language.grammar import Mechanism
from sim.levers.measure import FAMILIES, Measure, measure_parameters, read_measure, with_measure_parameters
from sim.levers.scenario import Scenario, check_horizon, read_scenario
from sim.outcomes.unread import unread_parameters, unread_traits
from sim.runs.worker_pool import check_guarded
from sim.survey.instruments import INSTRUMENTS
from sim.world.calendar import Calendar
from sim.world.establishments import check_options
from sim.world.firm import FirmOptions
from sim.world.own_organisation import columns_of

VERSION_BASE = "1.3"
_IN_WORDS = {
    "int": "a whole number",
    "str": "a text",
    "bool": "true or false",
    "float": "a number",
    "list": "a list such as [one,another]",
    "dict": "a list of shares such as {woman: 0.5}",
}


_RANGES = {
    "seed": (0, 2**63 - 1),
    "replicates": (1, 100_000),
    "weeks": (1, 2_600),
    "burn_in": (0, 2_600),
    "workers": (1, 1_024),
}
_YEARS = (1900, 2200)
_TOO_LARGE = 2**63
POSTERIOR = "posterior"


@dataclass(frozen=True)
class Settings:
    """The settings of a study that are no group of their own; weeks are weeks, `workers` None is one for each core."""

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


_SETTINGS = (
    *Settings.__dataclass_fields__, "mechanisms", "measures", *INSTRUMENTS, "firm", "calendar", *FAMILIES, "kind",
    "text",
)  # fmt: skip
OF_STUDIES = (
    "design", "executor", "folder", "keep", "batch", "part", "parts", "retry",
    "sensitivity", "ranking", "precision", "search", "panel", "inspection", "vanishing", "patterns", "structure",
    "posterior", "observations",
)  # fmt: skip
"""Settings of `conf/study`, on which no single run depends."""
_SAID_IN_FILES = {"kind", "text", *(f"{family}.{entry}" for family in FAMILIES for entry in ("kind", "text"))}


# -- files -----------------------------------------------------------------------------------------------------------


@cache
def conf_folder() -> Path:
    """The folder of the configuration: beside the package's own files in a wheel, beside the package in a checkout."""
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "conf", package.parent / "conf"):
        if (folder / "config.yaml").is_file():
            return folder
    raise UserError(f"conf/config.yaml is missing beside {package}; install the package anew")


@cache
def groups() -> tuple[str, ...]:
    """The groups of the configuration: the folders of `conf/`."""
    return tuple(sorted(path.name for path in conf_folder().iterdir() if path.is_dir()))


@cache
def measures(*more: Path) -> tuple[Measure, ...]:
    """Every measure of `conf/measure`, and of the folder `measure` in `more`, in the order of their names.

    Raises UserError naming the file and the entry that is wrong.
    """
    files = {path.stem: path for folder in (conf_folder(), *more) for path in (folder / "measure").glob("*.yaml")}
    return tuple(read_measure(name, _content(files[name])) for name in sorted(files))


def _content(path: Path) -> Mapping[str, Any]:
    try:
        content = OmegaConf.to_container(OmegaConf.load(path))
    except Exception as error:
        line = explain_error(error)
        if line is None:
            raise
        raise UserError(line if path.name in line else f"{path.name} cannot be read: {line}") from None
    if not isinstance(content, dict):
        raise UserError(f'{path.name} holds no entries; write them as in text: "…"')
    return content  # type: ignore[return-value]


# -- what Hydra learns from the code ---------------------------------------------------------------------------------


def mechanism_types() -> dict[str, type[Mechanism]]:
    """Every mechanism, and every lever that has parameters of its own, by the name of its process."""
    return {**mechanisms(), **levers()}


def defaults(*more: Path) -> dict[str, dict[str, Any]]:
    """Every number's default: `mechanisms` by process and name, `measures` by measure and name, instruments by name.

    `more` are folders with measures of one's own.
    """
    kinds = {process: _values(kind()) for process, kind in mechanism_types().items()}
    numbers = {measure.name: measure_parameters(measure) for measure in measures(*more)}
    looks = {name: _values(kind()) for name, kind in INSTRUMENTS.items()}
    return {"mechanisms": kinds, "measures": numbers, **looks}


def _values(mechanism: Mechanism) -> dict[str, float]:
    return {name: getattr(mechanism, name) for name in mechanism.parameter_metadata()}


_prepared: list[tuple[Path, ...]] = []
"""The folders that Hydra knows of now, if it has been told anything."""


def prepare(*more: Path) -> None:
    """Hand Hydra what stands in the code: its own settings, the parameters, an option and a scenario for every measure.

    `more` are the user's own configuration folders, in place of those of the last call.
    """
    with _hydra_lock:
        if _prepared != [more]:
            _prepare(more)


def _prepare(more: tuple[Path, ...]) -> None:
    known = [(m, _is_extended(m.lever, m, more), _is_extended("scenario", m, more)) for m in measures(*more)]
    roots = _own_roots(more)
    _clear_store()
    _store(PRIMARY, primary(root_name("config", *more)))
    _store("parameters", {**defaults(*more), "draws": None})  # a fit says whether there are draws
    for name, content in roots.items():
        _store(name, content)
    OmegaConf.register_new_resolver("options", lambda group: ", ".join(options(group)), replace=True)
    for measure, is_option, is_scenario in known:
        if not is_option:
            _store(measure.name, _option_of(measure), measure.lever)
        if not is_scenario:
            _store(measure.name, _scenario_of(measure), "scenario", "_global_")
    _prepared[:] = [more]


def forget_files() -> None:
    """Forget what was read from configuration files, so that a file which was edited since is read again."""
    for cached in (measures, _options, _composed_scenario, _composed_levers):
        cached.cache_clear()
    _prepared.clear()


def root_name(name: str, *more: Path) -> str:
    """The name under which Hydra finds `config.yaml` or `levers.yaml`, merged with the user's own if there is one."""
    return f"own_{name}" if any((folder / f"{own}.yaml").is_file() for folder in more for own in ROOT_FILES) else name


def _own_roots(more: Sequence[Path]) -> dict[str, Any]:
    """`config.yaml` and `levers.yaml` with the user's own entries, by the names of `root_name`; none without any."""
    if root_name("config", *more) == "config":
        return {}
    merged: dict[str, Any] = {}
    for name in ROOT_FILES:
        shipped, own = _content(conf_folder() / f"{name}.yaml"), _own_content(name, more)
        if name == "config":
            merged[OWN_ENTRIES] = {k: v for k, v in own.items() if k != "defaults" and (k, v) not in shipped.items()}
            own = {"defaults": own["defaults"]}
        content = merge_root(shipped, own)
        included = [f"own_{one}" if one in ROOT_FILES else one for one in content["defaults"]]
        if name == "config":
            included.insert(included.index("own_levers"), OWN_ENTRIES)
        merged[f"own_{name}"] = {**content, "defaults": included}
    return merged


def _own_content(name: str, folders: Sequence[Path]) -> dict[str, Any]:
    """The user's own entries of `config.yaml` or `levers.yaml`."""
    content: dict[str, Any] = {"defaults": []}
    for path in (folder / f"{name}.yaml" for folder in folders):
        if path.is_file():
            content = merge_root(content, _content(path))
    return content


_stored: list[tuple[str | None, str]] = []
"""Group and name of what this module has handed to Hydra's ConfigStore."""


def _store(name: str, node: Any, group: str | None = None, package: str | None = None) -> None:
    ConfigStore.instance().store(name=name, node=node, group=group, package=package)
    _stored.append((group, name))


def _clear_store() -> None:
    """Take back what an earlier call stored: measures of another folder are no options here."""
    repository = ConfigStore.instance().repo
    for group, name in _stored:
        repository.get(group, {}).pop(f"{name}.yaml", None) if group else repository.pop(f"{name}.yaml", None)
    _stored.clear()


def _is_extended(group: str, measure: Measure, more: Sequence[Path]) -> bool:
    """Whether a file of the measure's name says more of it; UserError where that file is about something else."""
    name = f"{group}/{measure.name}"
    files = [path for folder in (conf_folder(), *more) if (path := folder / f"{name}.yaml").is_file()]
    for path in files:
        if not _introduces(_content(path), measure.name):
            raise UserError(
                f"measure {measure.name}: {name}.yaml is about something else; give the measure another name"
            )
    return bool(files)


def _introduces(content: Mapping[str, Any], measure: str) -> bool:
    """Whether an option or a scenario, as its file has it, takes this measure by its own entries or by an option."""
    chosen = [change for change in content.get("defaults") or () if isinstance(change, Mapping)]
    options_of_it = [content, *(part for part in content.values() if isinstance(part, Mapping))]
    return any(measure in change.values() for change in chosen) or any(
        measure in (option.get("measures") or ()) for option in options_of_it
    )


def _option_of(measure: Measure) -> dict[str, Any]:
    taken = {"start": 0, "end": None, "share": 1.0, "intensity": 1.0}
    return {"text": f"{measure.text}.", "measures": {measure.name: taken}, "withdrawn": [], "settings": {}}


def _scenario_of(measure: Measure) -> dict[str, Any]:
    return {"defaults": [{f"override /{measure.lever}": measure.name}], "kind": "policy", "text": f"{measure.text}."}


_hydra_lock = RLock()
"""Hydra's state is of the whole process: one thread at a time may change or read it."""


@contextmanager
def _hydra_context() -> Iterator[None]:
    """Hydra on our configuration: the one that runs if it is ours, else one of our own that leaves no trace."""
    with _hydra_lock:
        running = GlobalHydra.instance()
        if running.is_initialized() and _is_ours(running):
            yield
            return
        theirs = running.hydra
        running.clear()
        try:
            with hydra.initialize_config_dir(str(conf_folder()), job_name="hybridwork", version_base=VERSION_BASE):
                yield
        finally:
            GlobalHydra.instance().hydra = theirs


def _is_ours(running: GlobalHydra) -> bool:
    return _reads_ours(running.config_loader().get_search_path().get_path())


def _reads_ours(sources: Iterable[Any]) -> bool:
    """Whether the main folder among the places that Hydra searches is ours; another application may search it too."""
    return any(
        source.provider == "main" and (source.path or "").removeprefix("file://") == str(conf_folder())
        for source in sources
    )


def _is_our_job() -> bool:
    """Whether a Hydra job of this package runs, and not one of another application that calls it."""
    return HydraConfig.initialized() and _reads_ours(HydraConfig.get().runtime.config_sources)


def config_dirs() -> tuple[str, ...]:
    """Return the names of the folders that were added with `--config-dir`."""
    return tuple(folder.name for folder in own_folders())


def compose(*overrides: str, config: str = "config") -> DictConfig:
    """The configuration under these overrides, as Hydra composes it; UserError for one that does not exist.

    `config` "levers" is the part that scenarios are made of.
    """
    folders = own_folders()
    prepare(*folders)
    with composing(), _hydra_context():
        name = PRIMARY if config == "config" else root_name(config, *folders)
        read = read_overrides(overrides, groups())
        composed = hydra.compose(name, read)
        check_values(composed)
        return complete_settings(composed, read)


def check_values(cfg: DictConfig) -> None:
    """Raise UserError for a reference that leads nowhere, and for a number that is not finite or too large.

    No setting of any study takes such a number, so all are checked here, before anybody reads them.
    """
    for name, value in _leaves(OmegaConf.to_container(cfg, resolve=True)):
        if isinstance(value, float) and not math.isfinite(value):
            raise UserError(f"Invalid value for {name}: {value}. Use a finite number.")
        if isinstance(value, int | float) and abs(value) >= _TOO_LARGE:
            raise UserError(f"Invalid value for {name}: {str(value)[:30]}…. Use a number of less than 2^63 in size.")


def _leaves(content: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(content, Mapping | list):
        for key, inner in content.items() if isinstance(content, Mapping) else enumerate(content):
            yield from _leaves(inner, f"{name}.{key}" if name else str(key))
    else:
        yield name, content


def own_folders() -> tuple[Path, ...]:
    """The folder that the user has given with `--config-dir` to the command that runs; nothing if there is none."""
    if not _is_our_job():
        return ()
    sources = HydraConfig.get().runtime.config_sources
    return tuple(Path(s.path) for s in sources if s.schema == "file" and s.path and s.provider == "command-line")


# -- configuration to plan -------------------------------------------------------------------------------------------


def plan(*overrides: str, replicate: int = 0, **options: Any) -> Plan:
    """A plan for `run`, from the same settings as on the command line.

    `plan("firm=one", "firm.employees=300", seed=3, scenario="right_to_disconnect")`: overrides as text, or as keywords
    with a dot written as two underscores, as in `firm__employees=300`. Raises UserError for whatever does not exist or
    lies out of range.
    """
    with user_errors():
        asked = _with_keywords(overrides, options)
        cfg = compose(*asked)
        made = build_plan(cfg, asked)
        _check_single(explicit_settings.in_overrides(asked))
        _warn_of_unread(cfg, asked)
        return replace(made, replicate=replicate)


def _check_single(given: Mapping[str, Any]) -> None:
    """Raise UserError for a setting that only several replicates can have."""
    if given.get("fit") == POSTERIOR or given.get("draws") == POSTERIOR:
        raise UserError("a single plan has no draw of its own; use plans(…), one for each replicate, or fit=point")
    if "replicates" in given:
        raise UserError("a single plan has no replicates; use plans(…), or replicate=<number> for another one")


def plans(*overrides: str, **options: Any) -> list[Plan]:
    """The plans of a comparison's replicates, told as for `plan`; each has a draw of its own unless fit="point".

    `compare(plans("experiment=quick", replicates=8))` of `sim.studies.scenarios` gives their tables.
    """
    with user_errors():
        asked = _with_keywords(overrides, options)
        cfg = compose(*asked)
        made = build_plans(cfg, asked)
        _warn_of_unread(cfg, asked)
        return made


def _warn_of_unread(cfg: DictConfig, overrides: Sequence[str]) -> None:
    note = unread_note(cfg, overrides)
    if note is not None:
        warnings.warn(note, stacklevel=3)


def _with_keywords(overrides: Sequence[str], options: Mapping[str, Any]) -> tuple[str, ...]:
    given = (f"{setting_of(keyword)}={format_override(value)}" for keyword, value in options.items())
    return tuple(read_overrides((*overrides, *given), groups()))


def setting_of(keyword: str) -> str:
    """The setting that a Python keyword means: two underscores stand for a dot."""
    return keyword.replace("__", ".")


def format_override(value: Any) -> str:
    """A Python value as Hydra's overrides write it."""
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{name}: {format_override(of)}" for name, of in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(format_override, value)) + "]"
    text = as_written(value)
    if not isinstance(value, str | Path) or re.fullmatch(r"[A-Za-z_][\w./-]*", text):
        return text
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def build_plans(cfg: DictConfig, overrides: Sequence[str] | None = None) -> list[Plan]:
    """One plan for each replicate of a comparison; UserError where there is nothing to compare with the baseline."""
    return list(replicates_of(cfg, overrides))


def replicates_of(cfg: DictConfig, overrides: Sequence[str] | None = None) -> Iterator[Plan]:
    """The plan of each replicate: other people and chance, and with `fit=posterior` a draw of its own.

    What a user sets or an organisation has counted is the same in every draw. With more replicates than draws, draws
    come again with other people and chance. Raises UserError, with the first, where there is nothing to compare.
    """
    first = build_plan(cfg, overrides)
    if len(first.scenarios) < 2:
        raise UserError("there is nothing to compare; at least one scenario beside the baseline is right")
    count = settings_of(cfg).replicates
    drawn = draws_of(cfg, overrides, count)
    for number in range(count):
        drawn_one = parameter_values.with_values(first, drawn[number % len(drawn)]) if drawn else first
        yield replace(drawn_one, replicate=number)


def draws_of(
    cfg: DictConfig, overrides: Sequence[str] | None = None, most: int | None = None
) -> list[dict[str, float]]:
    """The posterior draws that a study asks for, without what a user has set or counted; none for the point.

    `most`: no more than so many, the first.
    """
    if settings_of(cfg).draws is None:
        return []
    from sim.config.posterior_draws import draws

    held, table = fixed_parameters(cfg, overrides), draws()
    drawn = [name for name in table.columns if name not in held]
    return list(table[drawn].head(len(table) if most is None else most).to_dict("records"))


def fixed_parameters(cfg: DictConfig, overrides: Sequence[str] | None = None) -> frozenset[str]:
    """The numbers of a plan that no draw and no group of factors may replace.

    These are the numbers that a user has set, and those that an organisation's own counts replace. `overrides` as in
    `plan_of`.
    """
    return set_parameters(cfg, overrides) | set(_parameters_replaced(read("firm", FirmOptions, cfg.firm)))


def set_parameters(cfg: DictConfig, overrides: Sequence[str] | None = None) -> frozenset[str]:
    """The numbers of a plan that a user has set.

    A number counts as set where an override or a file of the user's names it, even with its default value, and where
    its composed value differs from the one that is shipped.
    """
    asked = overrides_of(cfg) if overrides is None else overrides
    composed = {
        top: OmegaConf.to_container(cfg[top]) for top in parameter_values.TOPS if OmegaConf.is_config(cfg.get(top))
    }
    values = explicit_settings.flat(composed)
    named = set(explicit_settings.in_overrides(asked))
    if own_folders() or explicit_settings.may_bring_files(asked):
        with _hydra_context():
            named |= explicit_settings.in_files(asked, conf_folder())
        for name in ROOT_FILES:
            named |= set(explicit_settings.flat(_own_content(name, own_folders())))
    changed = {name for name, value in _shipped_numbers().items() if values.get(name) != value}
    return frozenset({*changed, *filter(parameter_values.is_parameter_name, named)})


@cache
def _shipped_numbers() -> Mapping[str, float]:
    """Every number of a plan as it is shipped: beside its equation or in its measure's file, then in the point."""
    return {
        **explicit_settings.flat(defaults()),
        **explicit_settings.flat(_content(conf_folder() / "fit" / "point.yaml")),
    }


def _parameters_replaced(firm: FirmOptions) -> dict[str, str]:
    """The parameters that the counts of an organisation replace, each with what counts it."""
    columns = [] if firm.persons is None else columns_of(firm.persons)
    counts = {name: f"column '{name}' of {Path(str(firm.persons)).name}" for name in columns}
    counts |= {name: f"firm.shares.{name}" for name in firm.shares or {}}
    return {f"mechanisms.circumstances.{p}": counts[name] for p, name in counted_parameters(counts).items()}


def _check_counted(cfg: DictConfig, firm: FirmOptions, overrides: Sequence[str]) -> None:
    """Raise UserError where a user sets what the organisation's counts replace, or counts something twice."""
    replaced = _parameters_replaced(firm)
    for name in sorted(replaced.keys() & set_parameters(cfg, overrides) if replaced else ()):
        raise UserError(f"{name} is set, and {replaced[name]} replaces it. Give one of the two.")
    twice = set(firm.shares or ()) & set(() if firm.persons is None else columns_of(firm.persons))
    for name in sorted(twice):
        raise UserError(f"firm.shares.{name} is set, and {Path(str(firm.persons)).name} has it as a column. Give one.")


def unread_settings(cfg: DictConfig, overrides: Sequence[str] | None = None) -> list[str]:
    """The settings a user has given, or names as factors of a design, that no equation reads on the way to an outcome.

    Each with what it is about. `overrides` as in `plan_of`.
    """
    firm = read("firm", FirmOptions, cfg.firm)
    factors = OmegaConf.select(cfg, "design.factors")
    named = set(set_parameters(cfg, overrides)) | {f"firm.shares.{name}" for name in firm.shares or {}}
    named |= {str(name) for name in factors} if OmegaConf.is_config(factors) else set()
    columns = [] if firm.persons is None else columns_of(firm.persons)
    if firm.sector is not None:
        named.add("firm.sector")
    if not named and not columns:
        return []
    registry = registry_of(build_plan(cfg, overrides))
    traits = unread_traits(registry)
    unread = {"firm.sector", *unread_parameters(registry), *(f"firm.shares.{name}" for name in traits)}
    told = [f"column '{name}' of {Path(str(firm.persons)).name}" for name in columns if name in traits]
    return [*sorted(named & unread), *told]


def unread_note(cfg: DictConfig, overrides: Sequence[str] | None = None) -> str | None:
    """One line on the settings of `unread_settings`; None where there are none."""
    names = unread_settings(cfg, overrides)
    if not names:
        return None
    these = "this" if len(names) == 1 else "these"
    return f"{', '.join(names)}: no equation reads {these}. Results do not change, except for who counts in a group."


def build_plan(cfg: DictConfig, overrides: Sequence[str] | None = None) -> Plan:
    """The plan of a study's first replicate.

    `overrides` are those the study was asked with; None: those that the configuration lists. Raises UserError for a
    setting of the wrong kind, an unknown parameter, scenario, measure or firm option, and a value out of range.
    """
    asked = overrides_of(cfg) if overrides is None else overrides
    _check_overrides(asked)
    settings = settings_of(cfg)
    firm = read("firm", FirmOptions, cfg.firm)
    check_options(firm)
    made = Plan(
        measures=measures_of(cfg),
        scenarios=scenarios_of(cfg, asked),
        firm=firm,
        parameters=parameters_of(cfg),
        weeks=settings.weeks,
        burn_in=settings.burn_in,
        seed=settings.seed,
        engine=settings.engine,
        calendar=_calendar_of(cfg),
        overrides=tuple(asked),
    )
    _check_settings("", cfg, (*_SETTINGS, *OF_STUDIES, OVERRIDES))
    _check_counted(cfg, firm, asked)
    registry_of(made)
    for scenario in made.scenarios:
        check_horizon(scenario, made.weeks)
    return made


def _check_overrides(overrides: Sequence[str]) -> None:
    """Raise UserError for what no override may do: take a setting away, or say what a scenario is."""
    for override in OverridesParser.create().parse_overrides(list(overrides)):
        name, value = override.key_or_group, override.value()
        if override.is_delete():
            raise UserError(f"'~{name}' takes away what every study needs; give it a value, as in {name}=<value>")
        inner = [f"{name}.{entry}" for entry in value] if isinstance(value, dict) else []
        for place in (name, *inner):
            if place in _SAID_IN_FILES:
                raise UserError(f"{place} stands in the yaml of a scenario or an option and cannot be set from outside")


def _check_settings(where: str, given: Mapping[str, Any], known: Iterable[str]) -> None:
    """Raise UserError for a setting that does not exist."""
    names = list(known)
    for name in given:
        if name not in names:
            raise UserError(f"there is no setting '{where}{name}' {instead(name, names)}")


def _calendar_of(cfg: DictConfig) -> Calendar:
    given = _group(cfg, "calendar")
    _check_settings("calendar.", given, ("start",))
    calendar = Calendar.starting(as_written(given.get("start")))
    least, most = _YEARS
    if not least <= calendar.start.year <= most:
        raise UserError(f"calendar.start is {calendar.start}; a Monday of the years {least} to {most} is right")
    return calendar


def settings_of(cfg: DictConfig) -> Settings:
    """The settings of a study, each of its kind and within its range, or UserError."""
    own = {field.name: cfg.get(field.name) for field in fields(Settings)}
    settings = read("", Settings, OmegaConf.create(own))
    for name, (least, most) in _RANGES.items():
        number = getattr(settings, name)
        if number is not None and not least <= number <= most:
            raise UserError(f"{name} is {number}; a whole number from {least} to {most:,} is right")
    if settings.draws not in (None, POSTERIOR):
        raise UserError(f"draws is '{settings.draws}'; {POSTERIOR}, or null for the point, is right")
    return settings


def workers_of(cfg: DictConfig) -> int:
    """How many processes to work with: never more than there are replicates."""
    return min(processes_of(cfg), settings_of(cfg).replicates)


def processes_of(cfg: DictConfig) -> int:
    """How many processes to work with: as asked, else one for each core.

    A process that is itself one of many, as under a launcher that works in parallel, begins no others.
    """
    check_guarded()
    if current_process().name != "MainProcess":
        return 1
    return settings_of(cfg).workers or _cores()


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def parameters_of(cfg: DictConfig) -> dict[str, dict[str, float]]:
    """The parameters that differ from the default beside their equation: process to name to value.

    Raises UserError for a process or parameter that does not exist, and for a value outside its range.
    """
    kinds = mechanism_types()
    different = {name: _different(name, kind(), _group(cfg, name)) for name, kind in INSTRUMENTS.items()}
    for process, given in _group(cfg, "mechanisms").items():
        if process not in kinds:
            raise UserError(f"mechanisms.{process}: no such mechanism {instead(process, kinds)}")
        where = f"mechanisms.{process}"
        different[process] = _different(where, kinds[process](), _as_group(where, given))
    return {process: values for process, values in different.items() if values}


def measures_of(cfg: DictConfig) -> tuple[Measure, ...]:
    """Every measure, with the numbers that a study gives it; UserError for what does not exist or lies out of range."""
    known = {measure.name: measure for measure in measures(*own_folders())}
    for name, given in _group(cfg, "measures").items():
        if name not in known:
            raise UserError(f"measures.{name}: no such measure {instead(name, known)}")
        own = measure_parameters(known[name])
        changed = {n: v for n, v in _as_group(f"measures.{name}", given).items() if own.get(n) != v}
        if changed:
            known[name] = with_measure_parameters(known[name], changed)
    claimed = settings_of(cfg).in_place
    return tuple(known.values()) if claimed is None else _in_place(known, claimed, cfg)


def _in_place(known: Mapping[str, Measure], claimed: Sequence[str], cfg: DictConfig) -> tuple[Measure, ...]:
    """Measures of one organisation that says which of the study's it has: those surely, the others surely not."""
    asked = [name for name, measure in known.items() if measure.in_study]
    if cfg.firm.get("kind") == "study":
        raise UserError("in_place is about one organisation, and firm=study has many; firm=one or firm=own is right")
    for name in claimed:
        if name not in asked:
            raise UserError(f"in_place names '{name}', which is none of the measures of 2022 {instead(name, asked)}")
    said = {name: {**known[name].study, "employer": float(name in claimed)} for name in asked}
    return tuple(replace(measure, study=said.get(name, measure.study)) for name, measure in known.items())


def _different(where: str, mechanism: Mechanism, given: Mapping[str, Any]) -> dict[str, float]:
    passports = mechanism.parameter_metadata()
    for name in given:
        if name not in passports:
            raise UserError(f"parameter {where}.{name} does not exist {instead(name, passports)}")
    within = {name: validate_value(mechanism, name, value, f"{where}.{name}") for name, value in given.items()}
    return {name: value for name, value in within.items() if value != getattr(mechanism, name)}


def _group(cfg: DictConfig, name: str) -> Mapping[str, Any]:
    return _as_group(name, cfg.get(name))


def _as_group(name: str, group: Any) -> Mapping[str, Any]:
    """The entries of a group of settings; UserError where something else stands in their place."""
    if not isinstance(group, Mapping):
        raise UserError(
            f"{name} is '{as_written(group)}'; it is a group of settings, so write {name}.<setting>=<value>"
        )
    return group


def read(where: str, kind: type, given: DictConfig) -> Any:
    """Read entries as the dataclass `kind`, each of its declared type, or raise UserError."""
    try:
        return OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(kind), given))
    except (OmegaConfBaseException, TypeError, ValueError, AttributeError):
        declared = {f.name: str(f.type) for f in fields(kind) if not f.metadata.get("omegaconf_ignore")}
        name = next(str(name) for name in given if name not in declared or not _fits(kind, str(name), given[name]))
        key = f"{where}.{name}" if where else name
        if name not in declared:
            raise UserError(f"{key} does not exist {instead(name, declared)}") from None
        expected = next(words for start, words in _IN_WORDS.items() if declared[name].startswith(start))
        raise UserError(f"{key} is '{as_written(given[name])}'; {expected} is right") from None


def _fits(kind: type, name: str, value: Any) -> bool:
    """Whether a value is of the type that a dataclass declares for this field."""
    schema = OmegaConf.structured(kind)
    try:
        OmegaConf.to_container(OmegaConf.merge(schema, {name: value}), throw_on_missing=False)
    except (OmegaConfBaseException, TypeError, ValueError, AttributeError):
        return False
    return True


# -- scenarios -------------------------------------------------------------------------------------------------------


def scenarios_of(cfg: DictConfig, overrides: Sequence[str] | None = None) -> tuple[Scenario, ...]:
    """The scenarios to compare, the baseline first.

    If a scenario or any lever was asked for, it is that one beside the baseline, named after what was asked for.
    Otherwise they are the list `scenarios`. `overrides` as in `plan_of`.
    """
    asked = _override_values(overrides_of(cfg) if overrides is None else overrides)
    if asked.get("scenario") in scenario_names():
        scenario_named(
            asked["scenario"]
        )  # its file alone must be right: some mistakes are lost where a study's settings join
    own = _own_scenario(_name_of(asked), cfg)
    if not (_levers_in(asked) or "scenario" in asked or own.introduced or own.withdrawn or own.settings):
        return _listed(settings_of(cfg).scenarios)
    if "scenarios" in asked:
        raise UserError("scenarios=[…] asks for a list, scenario= or a lever for a single one; give one of the two")
    return (scenario_named(BASELINE.name),) if own.name == BASELINE.name else (scenario_named(BASELINE.name), own)


def overrides_of(cfg: DictConfig) -> tuple[str, ...]:
    """Return the overrides that a configuration was composed with; where it does not say, those of our Hydra job."""
    noted = overrides_noted(cfg)
    return overrides_of_job() if noted is None else noted


def overrides_of_job() -> tuple[str, ...]:
    """Return the overrides of the Hydra job that runs; none where it is another application's, or none runs."""
    return tuple(HydraConfig.get().overrides.task) if _is_our_job() else ()


def _override_values(overrides: Sequence[str]) -> dict[str, str]:
    """What was overridden, by name, without Hydra's marks for adding and removing."""
    pairs = (override.lstrip("+~").partition("=") for override in overrides)
    return {name: value.strip("'\"") for name, _, value in pairs}


def _levers_in(asked: Mapping[str, str]) -> list[str]:
    return [name for name in asked if name.split(".")[0] in FAMILIES]


def _name_of(asked: Mapping[str, str]) -> str:
    """The name of the scenario or of one or two options of levers; "chosen" for what has no short name."""
    levers_set = _levers_in(asked)
    if not levers_set:
        return asked.get("scenario", "chosen")
    plain = "scenario" not in asked and len(levers_set) <= 2 and all(name in FAMILIES for name in levers_set)
    return "_and_".join(asked[name] for name in levers_set) if plain else "chosen"


def _listed(names: Sequence[str]) -> tuple[Scenario, ...]:
    known = (*scenario_names(), *option_names())
    for name in names:
        if name not in known:
            raise UserError(f"there is no scenario '{name}' {instead(str(name), known)}")
        _check_levers_alone(name)
    return tuple(scenario_named(name) for name in dict.fromkeys((BASELINE.name, *names)))


def _check_levers_alone(name: str) -> None:
    """Raise UserError where the file of a listed scenario sets more than levers: that would hold for one of many."""
    content, usual = (_composed_levers(one, *own_folders()) for one in (name, BASELINE.name))
    for key, value in content.items():
        if key not in (*FAMILIES, "kind", "text", OVERRIDES) and usual.get(key) != value:
            raise UserError(
                f"scenario {name} sets {key}, which holds for all scenarios of a run. Leave it out of its file, or "
                f"compare it alone with scenario={name}."
            )


def scenario_named(name: str) -> Scenario:
    """Return the scenario of this name; `communication.reminders` is the one that this option makes."""
    return _composed_scenario(name, *own_folders())


@cache
def _composed_scenario(name: str, *more: Path) -> Scenario:
    return _scenario_from_levers(name, _composed_levers(name, *more), *more)


@cache
def _composed_levers(name: str, *more: Path) -> dict[str, Any]:
    """All that the files of a scenario or an option set; `more` are the folders that they may stand in."""
    family, is_option, option = name.partition(".")
    chosen = f"{family}={option}" if is_option else f"scenario={name}"
    return OmegaConf.to_container(compose(chosen, config="levers"))  # type: ignore[return-value]


def scenario_names() -> tuple[str, ...]:
    """Every scenario there is, in alphabetical order: the files of `conf/scenario`, and one for each measure."""
    return options("scenario")


def option_names() -> tuple[str, ...]:
    """Every option of every lever family as `family.option`, in the order of the families."""
    return tuple(f"{family}.{option}" for family in FAMILIES for option in options(family))


def options(group: str) -> tuple[str, ...]:
    """The named options of a group of the configuration, a lever family for example."""
    return _options(group, *own_folders())


@cache
def _options(group: str, *more: Path) -> tuple[str, ...]:
    prepare(*more)
    with _hydra_context():
        return tuple(GlobalHydra.instance().config_loader().get_group_options(group))


def _own_scenario(name: str, cfg: DictConfig) -> Scenario:
    """The scenario that the levers of a study's configuration make together."""
    content: dict[str, Any] = OmegaConf.to_container(cfg)  # type: ignore[assignment]
    return _scenario_from_levers(name, content, *own_folders())


def _scenario_from_levers(name: str, content: Mapping[str, Any], *more: Path) -> Scenario:
    """The scenario that the levers of a configuration make; one without a kind of its own gets that of its options."""
    levers_alone = {entry: content.get(entry) for entry in (*FAMILIES, "kind", "text")}
    made = read_scenario(name, levers_alone, _names_of_measures(*more))
    if made.kind != BASELINE.kind or name == BASELINE.name:
        return made
    chosen = [content[family] for family in FAMILIES if content.get(family)]
    return replace(made, kind=_kind_of(chosen), text=" ".join(o.get("text") or "" for o in chosen if _changes(o)))


def _names_of_measures(*more: Path) -> list[str]:
    return [measure.name for measure in measures(*more)]


def _kind_of(chosen: Any) -> str:
    """Levers make a policy, unless one of them is no option that anybody could take."""
    return "counterfactual" if any(option.get("kind") == "counterfactual" for option in chosen) else "policy"


def _changes(option: Mapping[str, Any]) -> bool:
    return bool(option.get("measures") or option.get("withdrawn") or option.get("settings"))
