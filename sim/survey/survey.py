"""Questionnaire that measures latent states.

A complaint in a survey also depends on the day and on measurement error. These are not drawn. The probability of a
complaint given the latent state is computed exactly, and its mean is the share in a survey of unlimited size.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.engine.plan import Plan, with_parameters
from sim.language.grammar import Mechanism, param


@dataclass(frozen=True)
class Survey(Mechanism):
    """One latent exhaustion, two instruments: burn-out complaints (NEA) and exhaustion (BAT)."""

    reliability: float = param(
        0.85, "share", "reliability of the exhaustion score", low=0.75, high=0.95, source="assumed"
    )
    state_share: float = param(
        0.36, "sd/sd", "standard deviation of the momentary state that only a questionnaire measures", low=0.2,
        high=0.5, source="assumed E088",
    )  # fmt: skip
    state_days: float = param(
        10.0, "days", "time constant of the momentary state that only a questionnaire measures", low=5.0, high=20.0,
        source="assumed E088",
    )  # fmt: skip
    cut_off: float = param(
        1.105, "sd", "observed exhaustion score from which burn-out complaints count (NEA)", low=0.5, high=1.8,
        source="fitted target:burnout_home",
    )  # fmt: skip
    bat_mean: float = param(
        2.2, "score 1-5", "mean BAT exhaustion score of reference people", low=1.8, high=2.6,
        source="assumed E082 E083",
    )  # fmt: skip
    bat_sd: float = param(
        0.75, "score 1-5", "standard deviation of the BAT exhaustion score among reference people", low=0.5, high=1.0,
        source="assumed E082 E083",
    )  # fmt: skip

    def noise(self) -> float:
        """Return the SD of the error of an observed score of exhaustion (the latent state has SD 1)."""
        state = self.state_share**2
        return float(np.sqrt(state + (1 + state) * (1 - self.reliability) / self.reliability))

    def burn_out_complaints(self, exhaustion: np.ndarray) -> np.ndarray:
        """Return each person's probability of burn-out complaints (NEA: work-related exhaustion)."""
        from scipy.special import ndtr

        return ndtr((exhaustion - np.float32(self.cut_off)) / np.float32(self.noise()))

    def bat(self, exhaustion: np.ndarray) -> np.ndarray:
        """Return the expected BAT score of exhaustion, 1 to 5."""
        return np.clip(self.bat_mean + self.bat_sd * exhaustion, 1.0, 5.0)

    def observed_correlation(self, x: np.ndarray, exhaustion: np.ndarray) -> float:
        """Return the correlation of observed exhaustion with an observed scale of the same reliability."""
        latent = float(np.corrcoef(x, exhaustion)[0, 1])
        attenuation = np.std(exhaustion) / np.sqrt(np.var(exhaustion) + self.noise() ** 2)
        return latent * float(np.sqrt(self.reliability) * attenuation)

    def retest(self, first: np.ndarray, second: np.ndarray, days: float) -> float:
        """Return the correlation of observed exhaustion with itself `days` later."""
        state = self.state_share**2 * float(np.exp(-days / self.state_days))
        spread = [np.sqrt(np.var(wave) + self.noise() ** 2) for wave in (first, second)]
        return float((np.cov(first, second)[0, 1] + state) / (spread[0] * spread[1]))


def survey_of(plan: Plan) -> Survey:
    """Return the instruments with the plan's parameters."""
    return with_parameters(Survey, plan.parameters.get("survey", {}))  # type: ignore[return-value]
