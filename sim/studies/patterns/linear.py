"""A model without mechanisms: every outcome is a linear function of other answers, with noise.

All answers are standardised. An outcome may predict a later one; an answer without slopes is drawn on its own. A slope
on `is_manager` shifts a role and leaves relations within roles unchanged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

import numpy as np

from sim.data import rows
from sim.levers.measure import Measure
from sim.outcomes.patterns import CELLS, MEASURES
from sim.survey.visit import Answers

Slopes = Mapping[str, Mapping[str, float]]
"""Outcome -> predictor -> slope."""
RESPONDENTS = (192, 193)
"""Managers and other employees whom the study of 2022 interviewed."""
RESPONSE_RATE = 0.82
ROLE = "is_manager"
INSPECTED = "adjustable_at_home"
"""A yes or no that the inspector observes at home."""


class LinearModel:
    """Linear functions of answers: the correlations that they imply, and simulated answers.

    Parameters
    ----------
    slopes : mapping
        Outcome -> predictor -> slope, all standardised.
    measures : iterable of Measure
        Measures with the shares of the study's table, which claims and knowledge follow.
    """

    def __init__(self, slopes: Slopes, measures: Iterable[Measure]):
        self.slopes = slopes
        self._shares = {measure.name: measure.study for measure in measures if measure.in_study}
        self._adjustable = next(float(row["value"]) for row in rows("targets") if row["id"] == "has_adjustable") / 100

    def correlation(self, role: str, predictor: str, outcome: str) -> float:
        """Return the exact correlation of two answers in a role."""
        if predictor == ROLE:
            shift = self.slopes.get(outcome, {}).get(ROLE, 0.0)
            return float(shift / np.sqrt(1 + shift**2))
        return float(self._implied[self._place[predictor], self._place[outcome]])

    def answers(self, random: np.random.Generator) -> Answers:
        """Draw the answers of as many people as the study of 2022 interviewed."""
        manager = np.arange(sum(RESPONDENTS)) < RESPONDENTS[0]
        establishment = np.concatenate([np.arange(count) for count in RESPONDENTS])
        employers = max(RESPONDENTS)
        claims = {
            name: (random.random(employers) < self._shares[name]["employer"]).astype(np.float64) for name in MEASURES
        }
        answers = {f"claimed.{name}": claims[name][establishment] for name in MEASURES}
        for name in MEASURES:
            known = np.where(manager, self._shares[name]["manager"], self._shares[name]["non_manager"])
            answers[f"known.{name}"] = (random.random(len(manager)) < known).astype(np.float64)
        answers[INSPECTED] = (random.random(len(manager)) < self._adjustable).astype(np.float64)
        for name in self._names:
            if name not in answers:
                answers[name] = self._draw(name, answers, manager, random)
        filled_in = random.random(len(manager)) < RESPONSE_RATE
        return Answers(np.arange(len(manager)), establishment, manager, filled_in, answers, claims)

    def _draw(
        self, name: str, answers: Mapping[str, np.ndarray], manager: np.ndarray, random: np.random.Generator
    ) -> np.ndarray:
        own = self._causes(name)
        explained = sum((slope * _standard(answers[cause]) for cause, slope in own.items()), np.zeros(len(manager)))
        places, b = [self._place[cause] for cause in own], np.array(list(own.values()))
        left = 1 - (float(b @ self._implied[np.ix_(places, places)] @ b) if own else 0.0)
        shift = self.slopes.get(name, {}).get(ROLE, 0.0)
        return explained + np.sqrt(left) * random.standard_normal(len(manager)) + shift * np.where(manager, 1, -1)

    def _causes(self, name: str) -> dict[str, float]:
        return {cause: slope for cause, slope in self.slopes.get(name, {}).items() if cause != ROLE}

    @cached_property
    def _names(self) -> tuple[str, ...]:
        """Every answer in patterns and slopes except the role, causes before effects."""
        names = {name for cells in CELLS.values() for name in (*cells.predictors, *cells.outcomes)}
        names |= {name for outcome, own in self.slopes.items() for name in (outcome, *own)}
        ordered: dict[str, None] = {}

        def place(name: str) -> None:
            for cause in self._causes(name):
                place(cause)
            ordered.setdefault(name)

        for name in sorted(names - {ROLE}):
            place(name)
        return tuple(ordered)

    @cached_property
    def _place(self) -> Mapping[str, int]:
        return {name: place for place, name in enumerate(self._names)}

    @cached_property
    def _implied(self) -> np.ndarray:
        """Correlations of all answers, each row computed from those of its causes."""
        matrix = np.eye(len(self._names))
        for place, name in enumerate(self._names):
            own = self._causes(name)
            if own:
                row = sum(slope * matrix[self._place[cause], :place] for cause, slope in own.items())
                matrix[place, :place] = matrix[:place, place] = row
        return matrix


def _standard(values: np.ndarray) -> np.ndarray:
    return (values - values.mean()) / max(float(values.std()), 1e-9)
