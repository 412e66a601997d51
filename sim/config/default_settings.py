"""Default settings: the files of `conf/`, and the default values in the code of the equations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, wraps
from pathlib import Path
from typing import Any, TypeVar

from omegaconf import OmegaConf

from sim.config.error_messages import explain_error, no_entries
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
    """Forget the content of a user's configuration files, which may have been edited."""
    for cached in _caches:
        cached.cache_clear()


@cache
def groups() -> tuple[str, ...]:
    """Return the groups of the configuration: the folders of `conf/`."""
    return tuple(sorted(path.name for path in conf_folder().iterdir() if path.is_dir()))


@cache_of_files
def measures(*more: Path) -> tuple[Measure, ...]:
    """Return the measures of `conf/measure` and of the folder `measure` in `more`, ordered by name.

    Raises UserError that names the file and the invalid entry.
    """
    files = {path.stem: path for folder in (conf_folder(), *more) for path in (folder / "measure").glob("*.yaml")}
    return tuple(read_measure(name, read_yaml(files[name])) for name in sorted(files))


def read_yaml(path: Path) -> Mapping[str, Any]:
    """Return the entries of a YAML file; raise UserError where it has none or cannot be read."""
    try:
        content = OmegaConf.to_container(OmegaConf.load(path))
    except Exception as error:
        line = explain_error(error)
        if line is None:
            raise
        raise UserError(line if path.name in line else f"Invalid file: {path.name}. {line}") from None
    if not isinstance(content, dict):
        raise UserError(no_entries(path.name))
    return content  # type: ignore[return-value]


def mechanism_types() -> dict[str, type[Mechanism]]:
    """Return every mechanism and every lever that has parameters, by the name of its process."""
    return {**mechanisms(), **levers()}


def defaults(*more: Path) -> dict[str, dict[str, Any]]:
    """Return all default values: `mechanisms` by process and name, `measures` by measure and name, instruments by name.

    `more` are folders with measures of the user.
    """
    numbers = {measure.name: measure_parameters(measure) for measure in measures(*more)}
    mechanism_values = {process: _values(kind()) for process, kind in mechanism_types().items()}
    instruments = {name: _values(kind()) for name, kind in INSTRUMENTS.items()}
    return {"mechanisms": mechanism_values, "measures": numbers, **instruments}


def _values(mechanism: Mechanism) -> dict[str, float]:
    return {name: getattr(mechanism, name) for name in mechanism.parameter_metadata()}
