"""What a posterior depends on: equations, numbers and the data they use, and nothing of the prose about them.

A comment, a docstring, a source or a meaning may change and it is the same model. An equation, a range, a name or a
value that is not drawn may not.
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
"""By kind (`equations`, `numbers`, `data`) and name: a digest, [low, high] of what is drawn, the value of the rest."""
_DRAWN, _SOLVED = {"assumed", "fitted"}, {"centred", "definition"}
SURVEY = "survey"
_WORLD = (
    "language.curves", "survey.survey", "world.calendar", "world.establishments", "world.firm",
    "world.public_holidays", "world.ties",
)  # fmt: skip
"""Modules beside mechanisms and levers that results depend on."""
_TABLES = ("regimes", "sectors", "size_classes")
_CHOICES = ("lever", "kind", "route", "seen_by", "rewrites")


def fingerprint(parameters: Mapping[str, Mapping[str, float]], measures: Sequence[Measure]) -> Fingerprint:
    """Of the model whose numbers are these, as a plan has them, where they differ from those beside the equations."""
    return {"equations": dict(_equations()), "numbers": _numbers(parameters, measures), "data": _data(measures)}


def is_uncertain(passport: ParameterMetadata) -> bool:
    """Whether the prior is about a number: it has a range, is no switch, and is neither solved for nor a definition."""
    solved = set(passport.source.split()) & _SOLVED
    return passport.low < passport.high and not passport.is_switch and not solved


def _numbers(parameters: Mapping[str, Mapping[str, float]], measures: Sequence[Measure]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    kinds: dict[str, type[Mechanism]] = {**mechanisms(), **levers(), SURVEY: Survey}
    for process, kind in kinds.items():
        where = process if process == SURVEY else f"mechanisms.{process}"
        values = {name: getattr(kind(), name) for name in kind.parameter_metadata()} | dict(parameters.get(process, {}))
        for name, passport in kind.parameter_metadata().items():
            span = [passport.low, passport.high]
            found[f"{where}.{name}"] = span if is_uncertain(passport) else float(values[name])
    for measure in measures:
        found |= {
            f"measures.{measure.name}.{name}": float(value) for name, value in measure_parameters(measure).items()
        }
        for condition, shift in measure.shifts.items():
            if shift.low < shift.high:
                found[f"measures.{measure.name}.{condition}"] = [shift.low, shift.high]
    return found


@cache
def _equations() -> tuple[tuple[str, str], ...]:
    kinds = {**mechanisms(), **levers()}
    found = {process: code_digest(Path(inspect.getfile(kind)), parameters=False) for process, kind in kinds.items()}
    package = Path(__file__).resolve().parents[1]
    found |= {name: code_digest(package.joinpath(*name.split(".")).with_suffix(".py")) for name in _WORLD}
    return tuple(found.items())


def _data(measures: Sequence[Measure]) -> dict[str, str]:
    found = {f"{name}.csv": digest_of(rows_without_prose(rows(name))) for name in _TABLES}
    found["normal_quantiles.npy"] = digest_of(files("sim.data").joinpath("normal_quantiles.npy").read_bytes())
    for measure in measures:
        told = {name: getattr(measure, name) for name in _CHOICES}
        found[f"measure/{measure.name}.yaml"] = digest_of({**told, "study": dict(measure.study)})
    return found
