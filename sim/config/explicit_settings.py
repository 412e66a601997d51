"""Settings that a user has set: on the command line, as keywords, or in files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from hydra.core.global_hydra import GlobalHydra
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from sim.config.composition import hydra_context, overrides_of, own_folders, own_root
from sim.config.default_settings import conf_folder, defaults, read_yaml
from sim.config.folder import PRIMARY, ROOT_FILES
from sim.config.overrides import parse_overrides
from sim.config.study_settings import read_dataclass
from sim.engine.plan import counted_parameters
from sim.errors import UserError
from sim.survey.instruments import INSTRUMENTS
from sim.world.firm import FirmOptions
from sim.world.own_organisation import columns_of

TOPS = ("mechanisms", "measures", *INSTRUMENTS)
"""First parts of the names of numbers of a plan."""
_MAY_BRING_FILES = {"experiment", "fit"}
"""Overrides that can add a file with numbers."""
_EXPERIMENT = "experiment/"


def flat(content: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested settings as dotted names with their values.

    >>> flat({"recovery": {"night": 0.5}}, "mechanisms")
    {'mechanisms.recovery.night': 0.5}
    """
    settings: dict[str, Any] = {}
    for key, value in content.items():
        name = f"{prefix}.{key}" if prefix else str(key)
        settings |= flat(value, name) if isinstance(value, Mapping) else {name: value}
    return settings


def in_overrides(overrides: Sequence[str]) -> Mapping[str, Any]:
    """Return the settings and groups that overrides name, with their values; a group is split into its settings."""
    settings: dict[str, Any] = {}
    for override in parse_overrides(tuple(overrides)):
        name, value = override.key_or_group, override.value()
        settings |= flat(value, name) if isinstance(value, Mapping) else {name: value}
    return settings


def is_parameter_name(name: str) -> bool:
    """Return whether a setting is a number of a plan, such as `mechanisms.recovery.night`."""
    return name.partition(".")[0] in TOPS


def in_files(overrides: Sequence[str], shipped: Path) -> set[str]:
    """Return the numbers that experiments and a user's files set; Hydra must be running.

    Of a file that is also in the folder `shipped`, only the differences count: an unedited copy sets nothing.
    """
    settings: set[str] = set()
    for path, root, package, content in _composed_files(overrides):
        own = flat(content, package)
        if root != shipped:
            usual = flat(content_of(shipped / f"{path}.yaml"), package)
            settings |= {name for name, value in own.items() if name not in usual or usual[name] != value}
        elif path.startswith(_EXPERIMENT):
            settings |= set(own)
    return {name for name in settings if is_parameter_name(name)}


def _composed_files(overrides: Sequence[str]) -> Iterator[tuple[str, Path, str, Mapping[str, Any]]]:
    """Yield path, folder, package and content of every YAML file that Hydra composes under these overrides."""
    loader: Any = GlobalHydra.instance().config_loader()
    for default in loader.compute_defaults_list(PRIMARY, list(overrides), RunMode.RUN).defaults:
        loaded = loader.repository.load_config(default.config_path)
        if loaded is not None and str(loaded.path).startswith("file://"):
            content: Any = OmegaConf.to_container(loaded.config)
            root = Path(str(loaded.path).removeprefix("file://"))
            yield str(default.config_path), root, default.package or "", content


def content_of(path: Path) -> Mapping[str, Any]:
    """Return the entries of a YAML file with the values that Hydra gives them; none where there is no such file."""
    if not path.is_file():
        return {}
    content: Any = OmegaConf.to_container(OmegaConf.load(path))
    return content if isinstance(content, Mapping) else {}


def fixed_parameters(cfg: DictConfig, overrides: Sequence[str] | None = None) -> frozenset[str]:
    """Return the names of parameters that no draw and no group of factors may replace.

    These are the parameters that a user has set, and those that counts of an organisation replace. `overrides` as in
    `build_plan`.
    """
    return set_parameters(cfg, overrides) | set(_parameters_replaced(read_dataclass("firm", FirmOptions, cfg.firm)))


def set_parameters(cfg: DictConfig, overrides: Sequence[str] | None = None) -> frozenset[str]:
    """Return the numbers of a plan that a user has set.

    These are the numbers that an override or a file of the user names, even with their default value, and those whose
    composed value differs from the shipped one.
    """
    overrides_used = overrides_of(cfg) if overrides is None else overrides
    composed = {top: OmegaConf.to_container(cfg[top]) for top in TOPS if OmegaConf.is_config(cfg.get(top))}
    values = flat(composed)
    explicit = set(in_overrides(overrides_used))
    names = {override.lstrip("+~").partition("=")[0] for override in overrides_used}
    if own_folders() or names & _MAY_BRING_FILES:
        with hydra_context():
            explicit |= in_files(overrides_used, conf_folder())
        for name in ROOT_FILES:
            explicit |= set(flat(own_root(name, own_folders())))
    changed = {name for name, value in _shipped_parameters().items() if values.get(name) != value}
    return frozenset({*changed, *filter(is_parameter_name, explicit)})


@cache
def _shipped_parameters() -> Mapping[str, float]:
    """Return the shipped value of every number of a plan: the point estimate, or else the default."""
    return {**flat(defaults()), **flat(read_yaml(conf_folder() / "fit" / "point.yaml"))}


def _parameters_replaced(firm: FirmOptions) -> dict[str, str]:
    """Return the parameters that counts of an organisation replace, each with the setting or column that does."""
    columns = [] if firm.persons is None else columns_of(firm.persons)
    counts = {name: f"column '{name}' of {Path(str(firm.persons)).name}" for name in columns}
    counts |= {name: f"firm.shares.{name}" for name in firm.shares or {}}
    return {f"mechanisms.circumstances.{p}": counts[name] for p, name in counted_parameters(counts).items()}


def check_counts(cfg: DictConfig, firm: FirmOptions, overrides: Sequence[str]) -> None:
    """Raise UserError where a user sets a parameter that counts of the organisation replace, or gives a count twice."""
    replaced = _parameters_replaced(firm)
    for name in sorted(replaced.keys() & set_parameters(cfg, overrides) if replaced else ()):
        raise UserError(f"Conflicting settings: {name} and {replaced[name]}, which replaces it. Use one of the two.")
    twice = set(firm.shares or ()) & set(() if firm.persons is None else columns_of(firm.persons))
    for name in sorted(twice):
        file = Path(str(firm.persons)).name
        raise UserError(f"Conflicting settings: firm.shares.{name}, and {file} has it as a column. Use one of the two.")
