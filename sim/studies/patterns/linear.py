"""Answers without a mechanism: every outcome a linear function of other answers, with noise.

Everything is standardised. `slopes` give outcome -> predictor -> slope, and an outcome may be a predictor of a later
one; what has no slopes is drawn by itself. A slope on `is_manager` shifts a role and leaves relations within roles as
they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

import numpy as np

from sim.data import rows
from sim.levers.measure import Measure
from sim.outcomes.patterns import ASKED, CELLS
from sim.survey.visit import Answers

Slopes = Mapping[str, Mapping[str, float]]
MET = (192, 193)
"""Managers and other employees whom the study met."""
FILLED_IN = 0.82
ROLE = "is_manager"
SEEN = "adjustable_at_home"
"""What an inspector sees in the home; a yes or no."""


class Linear:
    """Linear functions of answers: what they imply, and answers that follow them."""

    def __init__(self, slopes: Slopes, measures: Iterable[Measure]):
        """`measures` give the study's table, whose shares the yes and no of what is claimed and known have."""
        self.slopes = slopes
        self._shares = {measure.name: measure.study for measure in measures if measure.in_study}
        self._seen = next(float(row["value"]) for row in rows("targets") if row["id"] == "has_adjustable") / 100

    def correlation(self, role: str, predictor: str, outcome: str) -> float:
        """The correlation of two answers in a role, exactly."""
        if predictor == ROLE:
            shift = self.slopes.get(outcome, {}).get(ROLE, 0.0)
            return float(shift / np.sqrt(1 + shift**2))
        return float(self._implied[self._at[predictor], self._at[outcome]])

    def answers(self, chance: np.random.Generator) -> Answers:
        """The answers of as many people as the study met."""
        manager = np.arange(sum(MET)) < MET[0]
        establishment = np.concatenate([np.arange(count) for count in MET])
        claims = {name: (chance.random(max(MET)) < self._shares[name]["employer"]).astype(np.float64) for name in ASKED}
        said = {f"claimed.{name}": claims[name][establishment] for name in ASKED}
        for name in ASKED:
            known = np.where(manager, self._shares[name]["manager"], self._shares[name]["non_manager"])
            said[f"known.{name}"] = (chance.random(len(manager)) < known).astype(np.float64)
        said[SEEN] = (chance.random(len(manager)) < self._seen).astype(np.float64)
        for name in self._names:
            if name not in said:
                said[name] = self._drawn(name, said, manager, chance)
        return Answers(
            np.arange(len(manager)), establishment, manager, chance.random(len(manager)) < FILLED_IN, said, claims
        )

    def _drawn(
        self, name: str, said: Mapping[str, np.ndarray], manager: np.ndarray, chance: np.random.Generator
    ) -> np.ndarray:
        own = self._causes(name)
        explained = sum((slope * _standard(said[cause]) for cause, slope in own.items()), np.zeros(len(manager)))
        places, b = [self._at[cause] for cause in own], np.array(list(own.values()))
        left = 1 - (float(b @ self._implied[np.ix_(places, places)] @ b) if own else 0.0)
        shift = self.slopes.get(name, {}).get(ROLE, 0.0)
        return explained + np.sqrt(left) * chance.standard_normal(len(manager)) + shift * np.where(manager, 1, -1)

    def _causes(self, name: str) -> dict[str, float]:
        return {cause: slope for cause, slope in self.slopes.get(name, {}).items() if cause != ROLE}

    @cached_property
    def _names(self) -> tuple[str, ...]:
        """Everything that patterns and slopes name but the role, causes before effects."""
        named = {name for cells in CELLS.values() for one in cells for name in (*one.predictors, *one.outcomes)}
        named |= {name for outcome, own in self.slopes.items() for name in (outcome, *own)}
        placed: dict[str, None] = {}

        def place(name: str) -> None:
            for cause in self._causes(name):
                place(cause)
            placed.setdefault(name)

        for name in sorted(named - {ROLE}):
            place(name)
        return tuple(placed)

    @cached_property
    def _at(self) -> Mapping[str, int]:
        return {name: place for place, name in enumerate(self._names)}

    @cached_property
    def _implied(self) -> np.ndarray:
        """The correlations of all, one after the other from those of their causes."""
        matrix = np.eye(len(self._names))
        for place, name in enumerate(self._names):
            own = self._causes(name)
            if own:
                row = sum(slope * matrix[self._at[cause], :place] for cause, slope in own.items())
                matrix[place, :place] = matrix[:place, place] = row
        return matrix


def _standard(values: np.ndarray) -> np.ndarray:
    return (values - values.mean()) / max(float(values.std()), 1e-9)
