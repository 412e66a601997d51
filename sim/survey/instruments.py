"""The instruments: what looks at the people of a run, with parameters of its own, and changes nothing in them."""

from __future__ import annotations

from sim.language.grammar import Mechanism
from sim.survey.interview import Interview
from sim.survey.survey import Survey

INSTRUMENTS: dict[str, type[Mechanism]] = {"survey": Survey, "interview": Interview}
