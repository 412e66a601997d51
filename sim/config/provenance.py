"""Provenance: the overrides of a configuration, and their form in stored results.

A composed configuration lists its overrides under `overrides`, also inside another Hydra application, so that a stored
configuration can be composed again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf, open_dict

from sim import paths
from sim.config.overrides import format_override, parse_overrides
from sim.errors import UserError

OVERRIDES = "overrides"
"""Entry of a composed configuration that lists its overrides."""


def complete_settings(cfg: DictConfig, overrides: Sequence[str]) -> DictConfig:
    """Add its overrides to a composed configuration, and replace `~` at the beginning of its paths; return it.

    Raises UserError where the user has set `overrides`, which is not a setting.
    """
    if OVERRIDES in cfg:
        raise UserError(f"Unknown setting: {OVERRIDES}. A composed configuration lists its overrides there.")
    with open_dict(cfg):
        cfg[OVERRIDES] = list(overrides)
    for name in paths.SETTINGS:
        value = OmegaConf.select(cfg, name, default=None, throw_on_missing=False)
        if isinstance(value, str) and value.startswith("~"):
            OmegaConf.update(cfg, name, str(paths.read_path(value)))
    return cfg


def overrides_noted(cfg: DictConfig) -> tuple[str, ...] | None:
    """Return the overrides that a configuration was composed with; None where it does not list them."""
    noted = cfg.get(OVERRIDES)
    return None if noted is None else tuple(noted)


def stored_overrides(overrides: Iterable[str]) -> list[str]:
    """Return the overrides in stored form, with paths reduced to file names and without `output`.

    The same command with these overrides repeats the study in a working folder with the files of `files_needed`.
    """
    parsed = parse_overrides(tuple(overrides))
    return [_stored(override) for override in parsed if override.key_or_group != "output"]


def files_needed(overrides: Iterable[str]) -> list[str]:
    """Return the names of the user's files and folders that overrides refer to."""
    names: dict[str, None] = {}
    for override in parse_overrides(tuple(overrides)):
        for name, value in _leaves(override.key_or_group, override.value()):
            if name in paths.INPUTS and isinstance(value, str) and value and value != "null":
                names[paths.file_name(value)] = None
    return list(names)


def _stored(override: Override) -> str:
    line, value = str(override.input_line), override.value()
    short = paths.shorten(value, override.key_or_group)
    return line if short == value else f"{line.partition('=')[0]}={format_override(short)}"


def _leaves(name: str, value: object) -> list[tuple[str, object]]:
    """Return every setting within a value by its name, and values of factors by the name of the factor."""
    if isinstance(value, dict):
        inner = "" if name == "design.factors" else f"{name}."
        return [leaf for key, of in value.items() for leaf in _leaves(f"{inner}{key}", of)]
    if isinstance(value, list):
        return [leaf for of in value for leaf in _leaves(name, of)]
    return [(name, value)]
