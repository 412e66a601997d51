"""Instruments: processes that measure the people of a run without changing them."""

from __future__ import annotations

from sim.language.grammar import Mechanism
from sim.survey.interview import Interview
from sim.survey.survey import Survey

INSTRUMENTS: dict[str, type[Mechanism]] = {"survey": Survey, "interview": Interview}
