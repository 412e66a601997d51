"""Number of uncertain parameters of the model that are assumed, as every page prints it."""

from __future__ import annotations

from collections import Counter
from functools import cache

from sim.config.default_settings import measures
from sim.config.fingerprint import is_uncertain
from sim.language.discovery import levers, mechanisms
from sim.language.grammar import Mechanism, ParameterMetadata
from sim.survey.survey import Survey


@cache
def grade_counts() -> Counter[str]:
    """Return the number of uncertain parameters by grade: assumed, fitted, or from a source.

    Uncertain are the parameters that a run with `fit=posterior` draws: those with a range, of mechanisms, levers, the
    survey and the effects of measures. Switches, definitions and parameters from standardisation are excluded.
    """
    kinds: list[type[Mechanism]] = [*mechanisms().values(), *levers().values(), Survey]
    own = [metadata for kind in kinds for metadata in kind.parameter_metadata().values()]
    effects = [
        ParameterMetadata("", condition, shift.low, shift.high, shift.source)
        for measure in measures()
        for condition, shift in measure.shifts.items()
    ]
    return Counter(metadata.grade for metadata in [*own, *effects] if is_uncertain(metadata))


def assumed_numbers() -> dict[str, int]:
    """Return the number of uncertain parameters (`parameters`), and of those that are `assumed`."""
    counts = grade_counts()
    return {"parameters": counts.total(), "assumed": counts["assumed"]}
