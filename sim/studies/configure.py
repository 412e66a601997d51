"""Configuration: what stands in `conf/` and on the command line becomes measures, scenarios and plans.

Defaults stand beside their equations; they are handed to Hydra here, so that every parameter can be overridden by
name and the files in `conf/` hold only what differs. Every measure is an option of its lever family and a scenario of
its own, unless a file of that name says more.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

import hydra
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import ConfigCompositionException, HydraException, MissingConfigException, OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from sim.engine.plan import BASELINE, Plan, checked, registry_of
from sim.errors import UserError
from sim.language.discovery import levers, mechanisms
from sim.language.grammar import Mechanism
from sim.levers.measure import FAMILIES, Measure, read_measure
from sim.levers.scenario import Scenario, read_scenario
from sim.outcomes.survey import Survey
from sim.world.calendar import Calendar
from sim.world.establishments import check_options
from sim.world.firm import FirmOptions

VERSION_BASE = "1.3"
_FEW = 15
_IN_WORDS = {
    "int": "a whole number",
    "str": "a text",
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
    scenarios: list[str]


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
def measures(*more: Path) -> tuple[Measure, ...]:
    """Every measure of `conf/measure`, and of the folder `measure` in `more`, in the order of their names.

    Raises UserError naming the file and the entry that is wrong.
    """
    files = {path.stem: path for folder in (conf_folder(), *more) for path in (folder / "measure").glob("*.yaml")}
    return tuple(read_measure(name, _content(files[name])) for name in sorted(files))


def _content(path: Path) -> Mapping[str, Any]:
    try:
        content = OmegaConf.to_container(OmegaConf.load(path))
    except (OSError, ValueError, OmegaConfBaseException) as error:
        raise UserError(f"{path.name} cannot be read: {_first_line(error)}") from None
    except Exception as error:
        if not type(error).__module__.startswith("yaml"):
            raise
        raise UserError(f"{path.name} is no yaml: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise UserError(f"{path.name} holds no entries; a measure says at least its text, lever and kind")
    return content  # type: ignore[return-value]


# -- what Hydra learns from the code ---------------------------------------------------------------------------------


def described() -> dict[str, type[Mechanism]]:
    """Every mechanism, and every lever that has parameters of its own, by the name of its process."""
    return {**mechanisms(), **levers()}


def defaults() -> dict[str, dict[str, Any]]:
    """Every parameter's default: `mechanisms` by process and name, `survey` by name."""
    kinds = {process: _values(kind()) for process, kind in described().items()}
    return {"mechanisms": kinds, "survey": _values(Survey())}


def _values(mechanism: Mechanism) -> dict[str, float]:
    return {name: getattr(mechanism, name) for name in mechanism.passports()}


@cache
def prepare(*more: Path) -> None:
    """Hand Hydra the parameters, and an option and a scenario for every measure."""
    store = ConfigStore.instance()
    store.store(name="parameters", node=defaults())
    for measure in measures(*more):
        if not _is_file(f"{measure.lever}/{measure.name}", more):
            store.store(group=measure.lever, name=measure.name, node=_option_of(measure))
        if not _is_file(f"scenario/{measure.name}", more):
            store.store(group="scenario", name=measure.name, node=_scenario_of(measure), package="_global_")


def _is_file(name: str, more: Sequence[Path]) -> bool:
    return any((folder / f"{name}.yaml").is_file() for folder in (conf_folder(), *more))


def _option_of(measure: Measure) -> dict[str, Any]:
    taken = {"start": 0, "end": None, "share": 1.0, "intensity": 1.0}
    return {"text": f"{measure.text}.", "measures": {measure.name: taken}, "withdrawn": [], "settings": {}}


def _scenario_of(measure: Measure) -> dict[str, Any]:
    return {"defaults": [{f"override /{measure.lever}": measure.name}], "kind": "policy", "text": f"{measure.text}."}


@contextmanager
def _our_hydra() -> Iterator[None]:
    """Hydra on our configuration: the one that runs if it is ours, else one of our own that leaves no trace."""
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
    loader = running.config_loader()
    return any(source.path == str(conf_folder()) for source in loader.get_search_path().get_path())


def compose(*overrides: str, config: str = "config") -> DictConfig:
    """The configuration under these overrides, as Hydra composes it; UserError for one that does not exist.

    `config` "levers" is the part that scenarios are made of.
    """
    prepare(*_folders())
    try:
        with _our_hydra():
            return hydra.compose(config, list(overrides))
    except Exception as error:
        line = explanation(error)
        if line is None:
            raise
        raise UserError(line) from None


def _folders() -> tuple[Path, ...]:
    """The folders that a user has added with `--config-dir`."""
    if not HydraConfig.initialized():
        return ()
    sources = HydraConfig.get().runtime.config_sources
    return tuple(Path(s.path) for s in sources if s.schema == "file" and s.path and s.provider == "command-line")


# -- configuration to plan -------------------------------------------------------------------------------------------


def plan(*overrides: str, replicate: int = 0, **options: Any) -> Plan:
    """A plan for `run`, from the same settings as on the command line.

    `plan("firm=one", "firm.employees=300", seed=3, scenario="right_to_disconnect")`: overrides as text, or as keywords
    for names without a dot. Raises UserError for whatever does not exist or lies out of range.
    """
    asked = (*overrides, *(f"{name}={written(value)}" for name, value in options.items()))
    return replace(plan_of(compose(*asked), asked), replicate=replicate)


def written(value: Any) -> str:
    """A Python value as Hydra's overrides write it."""
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{name}: {written(of)}" for name, of in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(written, value)) + "]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    text = str(value)
    if not isinstance(value, str | Path) or re.fullmatch(r"[A-Za-z_][\w./-]*", text):
        return text
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def plans_of(cfg: DictConfig, overrides: Sequence[str] | None = None) -> list[Plan]:
    """One plan for each replicate of the study."""
    first = plan_of(cfg, overrides)
    return [replace(first, replicate=number) for number in range(settings_of(cfg).replicates)]


def plan_of(cfg: DictConfig, overrides: Sequence[str] | None = None) -> Plan:
    """The plan of a study's first replicate.

    `overrides` are those the study was asked with; None: those of the Hydra job that runs. Raises UserError for a
    setting of the wrong kind, an unknown parameter, scenario, measure or firm option, and a value out of range.
    """
    settings = settings_of(cfg)
    firm = _read("firm", FirmOptions, cfg.firm)
    check_options(firm)
    made = Plan(
        measures=measures(*_folders()),
        scenarios=scenarios_of(cfg, overrides),
        firm=firm,
        parameters=parameters_of(cfg),
        weeks=settings.weeks,
        burn_in=settings.burn_in,
        seed=settings.seed,
        engine=settings.engine,
        calendar=Calendar.starting(str(_group(cfg, "calendar").get("start"))),
    )
    registry_of(made)
    return made


def settings_of(cfg: DictConfig) -> Settings:
    """The settings of a study, each of its kind and within its range, or UserError."""
    own = {field.name: cfg[field.name] for field in fields(Settings)}
    settings = _read("", Settings, OmegaConf.create(own))
    for name, (least, most) in _RANGES.items():
        number = getattr(settings, name)
        if number is not None and not least <= number <= most:
            raise UserError(f"{name} is {number}; a whole number from {least} to {most:,} is right")
    return settings


def workers_of(cfg: DictConfig) -> int:
    """How many processes to work with: as asked, else one for each core; never more than there are replicates."""
    settings = settings_of(cfg)
    return min(settings.workers or _cores(), settings.replicates)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def parameters_of(cfg: DictConfig) -> dict[str, dict[str, float]]:
    """The parameters that differ from the default beside their equation: process to name to value.

    Raises UserError for a process or parameter that does not exist, and for a value outside its range.
    """
    kinds = described()
    different = {"survey": _different(Survey(), _group(cfg, "survey"))}
    for process in _group(cfg, "mechanisms"):
        if process not in kinds:
            raise UserError(f"mechanisms.{process}: no such mechanism {_instead(process, kinds)}")
        different[process] = _different(kinds[process](), _group(cfg.mechanisms, process))
    return {process: values for process, values in different.items() if values}


def _different(mechanism: Mechanism, given: Mapping[str, Any]) -> dict[str, float]:
    within = {name: _checked(mechanism, name, value) for name, value in given.items()}
    return {name: value for name, value in within.items() if value != getattr(mechanism, name)}


def _checked(mechanism: Mechanism, name: str, value: Any) -> float:
    passports = mechanism.passports()
    if name not in passports:
        where = f"{mechanism.process()}.{name}"
        raise UserError(f"parameter {where} does not exist {_instead(name, passports)}")
    return checked(mechanism, name, value)


def _group(above: Mapping, name: str) -> Mapping[str, Any]:
    """The entries of a group of settings; UserError where something else stands in their place."""
    group = above.get(name)
    if group is None:
        return {}
    if not isinstance(group, Mapping):
        raise UserError(f"{name} is '{group}'; it is a group of settings, so write {name}.<setting>=<value>")
    return group


def _read(where: str, kind: type, given: DictConfig) -> Any:
    """Read entries as the dataclass `kind`, each of its declared type."""
    try:
        return OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(kind), given))
    except OmegaConfBaseException as error:
        name = str(error.full_key or error.key or "").split(".")[0].split("[")[0]
        key = f"{where}.{name}" if where else name
        declared = {field.name: str(field.type) for field in fields(kind)}
        if name not in declared:
            raise UserError(f"{key} does not exist {_instead(name, declared)}") from None
        right = next(words for start, words in _IN_WORDS.items() if declared[name].startswith(start))
        raise UserError(f"{key} is '{given.get(name)}'; {right} is right") from None


# -- scenarios -------------------------------------------------------------------------------------------------------


def scenarios_of(cfg: DictConfig, overrides: Sequence[str] | None = None) -> tuple[Scenario, ...]:
    """The scenarios to compare, the baseline first.

    If a scenario or any lever was asked for, it is that one beside the baseline, named after what was asked for.
    Otherwise they are the list `scenarios`. `overrides` as in `plan_of`.
    """
    asked = _asked(_overrides_of_job() if overrides is None else overrides)
    own = _scenario(_name_of(asked), cfg)
    if not (_levers_in(asked) or "scenario" in asked or own.introduced or own.withdrawn or own.settings):
        return _listed(settings_of(cfg).scenarios)
    if "scenarios" in asked:
        raise UserError("scenarios=[…] asks for a list, scenario= or a lever for a single one; give one of the two")
    return (_named(BASELINE.name),) if own.name == BASELINE.name else (_named(BASELINE.name), own)


def _overrides_of_job() -> Sequence[str]:
    return tuple(HydraConfig.get().overrides.task) if HydraConfig.initialized() else ()


def _asked(overrides: Sequence[str]) -> dict[str, str]:
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
    known = scenario_names()
    for name in names:
        if name not in known:
            raise UserError(f"there is no scenario '{name}' {_instead(str(name), known)}")
    return tuple(_named(name) for name in dict.fromkeys((BASELINE.name, *names)))


def _named(name: str) -> Scenario:
    return _composed_scenario(name, *_folders())


@cache
def _composed_scenario(name: str, *more: Path) -> Scenario:
    return _scenario(name, compose(f"scenario={name}", config="levers"))


def scenario_names() -> tuple[str, ...]:
    """Every scenario there is, in alphabetical order: the files of `conf/scenario`, and one for each measure."""
    return options("scenario")


def options(group: str) -> tuple[str, ...]:
    """The named options of a group of the configuration, a lever family for example."""
    prepare(*_folders())
    with _our_hydra():
        return tuple(GlobalHydra.instance().config_loader().get_group_options(group))


def _scenario(name: str, cfg: DictConfig) -> Scenario:
    content: dict[str, Any] = OmegaConf.to_container(cfg)  # type: ignore[assignment]
    families = {family: _group(content, family) for family in FAMILIES}
    for family, option in families.items():
        _check_numbers(f"scenario {name}, {family}", option)
    if content.get("kind") == BASELINE.kind and name != BASELINE.name:
        content["kind"] = _kind_of(families.values())
        content["text"] = " ".join(option["text"] for option in families.values() if _changes(option))
    return read_scenario(name, content, [measure.name for measure in measures(*_folders())])


def _kind_of(chosen: Any) -> str:
    """Levers make a policy, unless one of them is no option that anybody could take."""
    return "counterfactual" if any(option.get("kind") == "counterfactual" for option in chosen) else "policy"


def _changes(option: Mapping[str, Any]) -> bool:
    return bool(option.get("measures") or option.get("withdrawn") or option.get("settings"))


def _check_numbers(where: str, option: Mapping[str, Any]) -> None:
    """Whatever a lever sets is a number."""
    for part in ("measures", "settings"):
        for owner in _group(option, part):
            for name, value in _group(option[part], owner).items():
                if value is not None and not isinstance(value, int | float):
                    raise UserError(f"{where}: {owner}.{name} is '{value}'; a number is right")
    for name in ("from_week", "until_week"):
        if option.get(name) is not None and not isinstance(option[name], int):
            raise UserError(f"{where}: {name} is '{option[name]}'; a whole number of weeks is right")


# -- mistakes in one line --------------------------------------------------------------------------------------------


def explanation(error: Exception) -> str | None:
    """What a user did wrong, in one line; None for an error that is no user's."""
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, MissingConfigException):
        return _missing_option(error)
    if isinstance(error, OverrideParseException):
        return f"'{error.override}' cannot be read; settings are written as name=value, lists as name=[a,b]"
    if isinstance(error, ConfigCompositionException):
        return _impossible_override(error)
    if isinstance(error, MissingMandatoryValue):
        return f"{error.full_key} is missing; give {error.full_key}=<value>"
    if isinstance(error, HydraException | OmegaConfBaseException):
        return _first_line(error)
    if isinstance(error, ValueError) and str(error).startswith("Only one of --run"):
        return _first_line(error)
    if isinstance(error, ValueError) and str(error).startswith("Config group override"):
        return "a group takes the name of an option, as in availability=practice_2022 for nothing added"
    if isinstance(error, MemoryError):
        return "not enough memory; ask for fewer people (firm.employees, firm.sample), scenarios or workers"
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return None


def _missing_option(error: MissingConfigException) -> str:
    wanted = (error.missing_cfg_file or "").removeprefix("config/")
    group, _, option = wanted.rpartition("/")
    if not group:
        return _first_line(error)
    known = [name for name in error.options or () if name]
    return f"{group}={option}: no such option {_instead(option, known)}"


def _impossible_override(error: ConfigCompositionException) -> str:
    line = _first_line(error)
    if line.startswith("Ambiguous value"):
        return f"{line}; a list is written as [a,b], and several runs need --multirun"
    found = re.search(r"[Cc]ould not override '([^'\n=]+)'", line)
    if not found:
        return line
    name = found.group(1)
    known = _known_names()
    if name in known and isinstance(error.__cause__, OmegaConfBaseException):
        return f"{name}: {_first_line(error.__cause__)}"
    level = [one for one in known if one.count(".") == name.count(".")]
    near = get_close_matches(name, level, n=2)
    return f"there is no setting '{name}'{_perhaps(near)}; `--cfg job` shows all there are"


@cache
def _known_names() -> tuple[str, ...]:
    with _our_hydra():
        return tuple(_flat(OmegaConf.to_container(hydra.compose("config"))))  # type: ignore[arg-type]


def _flat(content: Mapping[str, Any], above: str = "") -> Iterator[str]:
    for name, value in content.items():
        yield above + str(name)
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{name}.")


def _instead(name: str, known: Iterable[str]) -> str:
    """What somebody who wrote `name` may have meant, or else what there is."""
    names = list(known)
    near = get_close_matches(name, names, n=3)
    if near:
        return _perhaps(near).strip()
    few = ", ".join(names[:_FEW])
    return f"(there are {few}" + (f" and {len(names) - _FEW} more)" if len(names) > _FEW else ")")


def _perhaps(near: Sequence[str]) -> str:
    return f" (did you mean {' or '.join(near)}?)" if near else ""


def _first_line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
