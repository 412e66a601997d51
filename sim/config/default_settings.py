"""Default settings: the files of `conf/`, and the default values that stand beside the equations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, wraps
from pathlib import Path
from typing import Any, TypeVar

from omegaconf import OmegaConf

from sim.config.error_messages import explain_error
from sim.errors import UserError
from sim.language.discovery import levers, mechanisms
from sim.language.grammar import Mechanism
from sim.levers.measure import Measure, measure_parameters, read_measure
from sim.paths import conf_folder
from sim.survey.instruments import INSTRUMENTS

Cached = TypeVar("Cached", bound=Callable[..., Any])
_caches: list[Any] = []


def cache_of_files(function: Cached) -> Cached:
    """Cache results; those of a user's folder (a path among the arguments) only until `clear_caches`."""
    of_package, of_user = cache(function), cache(function)
    _caches.append(of_user)

    @wraps(function)
    def cached(*arguments: Any) -> Any:
        return (of_user if any(isinstance(one, Path) for one in arguments) else of_package)(*arguments)

    return cached  # type: ignore[return-value]


def clear_caches() -> None:
    """Forget all that was read from a user's configuration files, which may have been edited."""
    for cached in _caches:
        cached.cache_clear()


@cache
def groups() -> tuple[str, ...]:
    """The groups of the configuration: the folders of `conf/`."""
    return tuple(sorted(path.name for path in conf_folder().iterdir() if path.is_dir()))


@cache_of_files
def measures(*more: Path) -> tuple[Measure, ...]:
    """Every measure of `conf/measure`, and of the folder `measure` in `more`, in the order of their names.

    Raises UserError naming the file and the entry that is wrong.
    """
    files = {path.stem: path for folder in (conf_folder(), *more) for path in (folder / "measure").glob("*.yaml")}
    return tuple(read_measure(name, read_yaml(files[name])) for name in sorted(files))


def read_yaml(path: Path) -> Mapping[str, Any]:
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


def mechanism_types() -> dict[str, type[Mechanism]]:
    """Every mechanism, and every lever that has parameters of its own, by the name of its process."""
    return {**mechanisms(), **levers()}


def defaults(*more: Path) -> dict[str, dict[str, Any]]:
    """Every number's default: `mechanisms` by process and name, `measures` by measure and name, instruments by name.

    `more` are folders with measures of one's own.
    """
    kinds = {process: _values(kind()) for process, kind in mechanism_types().items()}
    numbers = {measure.name: measure_parameters(measure) for measure in measures(*more)}
    instruments = {name: _values(kind()) for name, kind in INSTRUMENTS.items()}
    return {"mechanisms": kinds, "measures": numbers, **instruments}


def _values(mechanism: Mechanism) -> dict[str, float]:
    return {name: getattr(mechanism, name) for name in mechanism.parameter_metadata()}
