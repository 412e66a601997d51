"""Run ids: a hash of everything that the result of a run depends on."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields, is_dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from sim.engine.plan import Plan, required_measures
from sim.source_digest import PROSE, code_digest, digest_of, rows_without_prose
from sim.world.firm import FirmOptions

MODEL_FILES = (
    "csv_text.py", "language", "world", "mechanisms", "levers", "engine",
    "data/__init__.py", "data/circumstances.csv", "data/definitions.csv", "data/normal_quantiles.npy",
    "data/regimes.csv", "data/sectors.csv", "data/size_classes.csv",
    "outcomes/definitions.py", "outcomes/effects.py", "outcomes/no_effect.py", "outcomes/record.py",
    "outcomes/run_summary.py", "runs/stacked_runs.py", "survey/survey.py",
)  # fmt: skip
"""Files of the package on which results depend; evidence, costs, pages and figures are not among them."""
LIBRARIES = ("numpy", "scipy")
"""Libraries whose arithmetic affects results (decision record 25)."""
NOT_IN_ID = ("engine", "overrides")
"""Fields of a plan on which no result depends: all engines give the same results, and overrides are for readers."""
_LENGTH = 16
_REMEMBERED = 512


@cache
def model_version() -> str:
    """Return the versions of the package and its libraries, with a hash of the code and data of the model.

    Libraries count with their feature release, as in `numpy2.4`, since patch releases only fix errors.
    """
    from sim import __version__

    package = Path(__file__).resolve().parents[1]
    text = hashlib.sha256()
    for part in MODEL_FILES:
        place = package / part
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.suffix in (".py", ".csv", ".npy"):
                text.update(f"{path.relative_to(package).as_posix()}\0{_content_digest(path)}\0".encode())
    libraries = [f"{name}{feature_release(metadata.version(name))}" for name in LIBRARIES]
    return ".".join([f"{__version__}+{text.hexdigest()[:_LENGTH]}", *libraries])


def _content_digest(path: Path) -> str:
    """Return the digest of a file without its prose, so that a change of words keeps the ids of finished runs."""
    if path.suffix == ".py":
        return code_digest(path)
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            return digest_of(rows_without_prose(csv.DictReader(file)))
    return digest_of(path.read_bytes())


def feature_release(version: str) -> str:
    """Return the first two numbers of a version: 2.4 for 2.4.6."""
    return ".".join(version.split(".")[:2])


class Identifier:
    """A function that returns the run id of a plan; it caches digests of parts that the plans of a study share."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Any, str]] = {}

    def __call__(self, plan: Plan) -> str:
        """Return 16 hexadecimal digits of a hash of the model version and all fields but `NOT_IN_ID`."""
        parts = {field.name: getattr(plan, field.name) for field in fields(plan) if field.name not in NOT_IN_ID}
        return digest(
            parts
            | {
                "model": model_version(),
                "measures": [self._of(measure, _without_prose) for measure in required_measures(plan)],
                "scenarios": [self._of(scenario, _without_prose) for scenario in plan.scenarios],
                "firm": self._of(plan.firm, _firm),
            }
        )

    def _of(self, part: Any, plain: Callable[[Any], Any] = lambda part: part) -> str:
        """Return the digest of a part by its object id; the cache holds the object, so that the id stays its own."""
        if id(part) not in self._known:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[id(part)] = part, digest(plain(part))
        return self._known[id(part)][1]


def _without_prose(part: Any) -> Any:
    """Return the fields of a measure or scenario by name, without prose."""
    if is_dataclass(part) and not isinstance(part, type):
        return {
            field.name: _without_prose(getattr(part, field.name)) for field in fields(part) if field.name not in PROSE
        }
    if isinstance(part, Mapping):
        return {name: _without_prose(value) for name, value in part.items()}
    return [_without_prose(one) for one in part] if isinstance(part, tuple) else part


def _firm(firm: FirmOptions) -> dict[str, Any]:
    """Return the options of a firm, without the paths of files whose digests are known."""
    return asdict(firm) | dict.fromkeys(firm.file_digests or ())


def digest(content: Any) -> str:
    """Return 16 hexadecimal digits of a hash of dataclasses, mappings, lists, numbers and texts."""
    text = json.dumps(content, sort_keys=True, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()[:_LENGTH]


def _plain(part: Any) -> Any:
    if is_dataclass(part) and not isinstance(part, type):
        return asdict(part)
    if isinstance(part, Mapping):
        return dict(part)
    if isinstance(part, frozenset | set):
        return sorted(part)
    if hasattr(part, "tolist"):
        return part.tolist()  # `str` leaves out the middle of long arrays
    return str(part)
