"""Instruments: processes that measure the people of a run without changing them."""

from __future__ import annotations

from typing import Any, NamedTuple

from sim.engine.plan import Plan, with_parameters
from sim.language.grammar import Mechanism
from sim.survey.interview import Interview
from sim.survey.survey import Survey

INSTRUMENTS: dict[str, type[Mechanism]] = {"survey": Survey, "interview": Interview}


class Instruments(NamedTuple):
    """The questionnaire, and the sampling and response behaviour of a visit."""

    survey: Survey
    interview: Interview


def instruments_of(plan: Plan) -> Instruments:
    """Return the instruments with the plan's parameters."""
    own: Any = {name: with_parameters(kind, plan.parameters.get(name, {})) for name, kind in INSTRUMENTS.items()}
    return Instruments(**own)
