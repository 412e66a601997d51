"""Fingerprint of the model for a posterior: equations, parameter values and ranges, and the data they use.

Comments, docstrings, sources and meanings do not count. Equations, ranges, names and fixed values do.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from sim.data import rows
from sim.language.discovery import levers, mechanisms
from sim.language.grammar import Mechanism, ParameterMetadata
from sim.levers.measure import Measure, measure_parameters
from sim.source_digest import code_digest, digest_of, rows_without_prose
from sim.survey.survey import Survey

Fingerprint = dict[str, dict[str, Any]]
"""A digest, the range of an uncertain value, or a fixed value, by kind (`equations`, `numbers`, `data`) and name."""
_SOLVED = {"centred", "definition"}
SURVEY = "survey"
_WORLD = (
    "language.curves", "survey.survey", "world.calendar", "world.establishments", "world.firm",
    "world.public_holidays", "world.ties",
)  # fmt: skip
"""Modules on which results depend, beside mechanisms and levers."""
_TABLES = ("regimes", "sectors", "size_classes")
_CHOICES = ("lever", "kind", "route", "seen_by", "rewrites")


def fingerprint(parameters: Mapping[str, Mapping[str, float]], measures: Sequence[Measure]) -> Fingerprint:
    """Return the fingerprint of the model with these measures and parameters, which replace default values."""
    return {"equations": dict(_equations()), "numbers": _numbers(parameters, measures), "data": _data(measures)}


def is_uncertain(metadata: ParameterMetadata) -> bool:
    """Return whether the prior covers a parameter: it has a range, and is not a switch, solved or set by definition."""
    return metadata.low < metadata.high and not metadata.is_switch and not set(metadata.source.split()) & _SOLVED


def _numbers(parameters: Mapping[str, Mapping[str, float]], measures: Sequence[Measure]) -> dict[str, Any]:
    numbers: dict[str, Any] = {}
    kinds: dict[str, type[Mechanism]] = {**mechanisms(), **levers(), SURVEY: Survey}
    for process, kind in kinds.items():
        where = process if process == SURVEY else f"mechanisms.{process}"
        values = {name: getattr(kind(), name) for name in kind.parameter_metadata()} | dict(parameters.get(process, {}))
        for name, metadata in kind.parameter_metadata().items():
            span = [metadata.low, metadata.high]
            numbers[f"{where}.{name}"] = span if is_uncertain(metadata) else float(values[name])
    for measure in measures:
        spans = {name: [shift.low, shift.high] for name, shift in measure.shifts.items() if shift.low < shift.high}
        for name, value in measure_parameters(measure).items():
            numbers[f"measures.{measure.name}.{name}"] = spans.get(name, float(value))
    return numbers


@cache
def _equations() -> Mapping[str, str]:
    kinds, package = {**mechanisms(), **levers()}, Path(__file__).resolve().parents[1]
    of_processes = {name: code_digest(Path(inspect.getfile(kind)), parameters=False) for name, kind in kinds.items()}
    files_of_world = {name: package.joinpath(*name.split(".")).with_suffix(".py") for name in _WORLD}
    return of_processes | {name: code_digest(file) for name, file in files_of_world.items()}


def _data(measures: Sequence[Measure]) -> dict[str, str]:
    digests = {f"{name}.csv": digest_of(rows_without_prose(rows(name))) for name in _TABLES}
    digests["normal_quantiles.npy"] = digest_of(files("sim.data").joinpath("normal_quantiles.npy").read_bytes())
    for measure in measures:
        choices = {name: getattr(measure, name) for name in _CHOICES}
        digests[f"measure/{measure.name}.yaml"] = digest_of({**choices, "study": dict(measure.study)})
    return digests
