"""Numbers that a user has set: on the command line, as keywords, or in files of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.types import RunMode
from omegaconf import OmegaConf

from sim.config.folder import PRIMARY
from sim.config.parameter_values import is_parameter_name

_MAY_BRING_FILES = ("experiment", "fit")
"""Overrides that can add a file with numbers."""
_EXPERIMENT = "experiment/"


def flat(content: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings as dotted names with their values.

    >>> flat({"recovery": {"night": 0.5}}, "mechanisms")
    {'mechanisms.recovery.night': 0.5}
    """
    found: dict[str, Any] = {}
    for key, value in content.items():
        name = f"{prefix}.{key}" if prefix else str(key)
        found |= flat(value, name) if isinstance(value, Mapping) else {name: value}
    return found


def in_overrides(overrides: Sequence[str]) -> Mapping[str, Any]:
    """The settings and groups that overrides name, with their values; groups of settings are taken apart."""
    return _in_overrides(tuple(overrides))


@lru_cache(maxsize=8)
def _in_overrides(overrides: tuple[str, ...]) -> Mapping[str, Any]:
    found: dict[str, Any] = {}
    for override in OverridesParser.create().parse_overrides(list(overrides)):
        name, value = override.key_or_group, override.value()
        found |= flat(value, name) if isinstance(value, Mapping) else {name: value}
    return found


def may_bring_files(overrides: Sequence[str]) -> bool:
    """Whether these overrides can take settings from a file that the package does not ship."""
    return any(override.lstrip("+~").partition("=")[0] in _MAY_BRING_FILES for override in overrides)


def in_files(overrides: Sequence[str], shipped: Path) -> set[str]:
    """The numbers that experiments and a user's own files name; Hydra must be running.

    A file that stands in the folder `shipped` under the same name counts only where the two differ: a copy that nobody
    has edited sets nothing.
    """
    found: set[str] = set()
    for path, root, package, content in _composed_files(overrides):
        own = flat(content, package)
        if root != shipped:
            usual = flat(content_of(shipped / f"{path}.yaml"), package)
            found |= {name for name, value in own.items() if name not in usual or usual[name] != value}
        elif path.startswith(_EXPERIMENT):
            found |= set(own)
    return {name for name in found if is_parameter_name(name)}


def _composed_files(overrides: Sequence[str]) -> Iterator[tuple[str, Path, str, Mapping[str, Any]]]:
    """Path, folder, package and content of every yaml file that Hydra composes under these overrides."""
    loader: Any = GlobalHydra.instance().config_loader()
    for default in loader.compute_defaults_list(PRIMARY, list(overrides), RunMode.RUN).defaults:
        loaded = loader.repository.load_config(default.config_path)
        if loaded is not None and str(loaded.path).startswith("file://"):
            content: Any = OmegaConf.to_container(loaded.config)
            root = Path(str(loaded.path).removeprefix("file://"))
            yield str(default.config_path), root, default.package or "", content


def content_of(path: Path) -> Mapping[str, Any]:
    """The entries of a yaml file, with the values that Hydra gives them; none where there is no such file."""
    if not path.is_file():
        return {}
    content: Any = OmegaConf.to_container(OmegaConf.load(path))
    return content if isinstance(content, Mapping) else {}
