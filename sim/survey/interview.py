"""Interview and questionnaire: sampling, nonresponse and response behaviour.

A latent state becomes a score on a scale of 1 to 5, with measurement error and a floor. Knowledge of a measure becomes a
response, which memory and response style may change. Both come from the same person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from sim.data import rows
from sim.language.curves import likelihood, ratio, score
from sim.language.grammar import Mechanism, param


@dataclass(frozen=True)
class Interview(Mechanism):
    """Sampling and response behaviour in an inspector's visit (the study of 2022, section IV)."""

    managers_met: float = param(0.93, "share", "share of establishments in which the inspector interviews a manager", low=0.8, high=1.0, source="definition", note="192 of 206")
    others_met: float = param(0.94, "share", "share of establishments in which the inspector interviews a non-manager", low=0.8, high=1.0, source="definition", note="193 of 206")
    managers_fill_in: float = param(0.82, "share", "share of interviewed managers who return the questionnaire", low=0.6, high=1.0, source="definition", note="157 of 192")
    others_fill_in: float = param(0.83, "share", "share of interviewed non-managers who return the questionnaire", low=0.6, high=1.0, source="definition", note="160 of 193")
    exhausted_answer_less: float = param(0.15, "logit/sd", "reduction of questionnaire response by exhaustion", low=0.0, high=0.6, source="assumed")
    isolated_answer_less: float = param(0.15, "logit/sd", "reduction of questionnaire response by isolation from colleagues", low=0.0, high=0.6, source="assumed")
    employer_chooses: float = param(0.30, "share", "share of employers that choose whom the inspector interviews", low=0.0, high=1.0, source="assumed")
    desirability: float = param(0.0, "share", "share of measures neither taken nor planned that employers still report", low=0.0, high=0.3, source="assumed")
    misremembers: float = param(0.02, "share", "share of mistaken responses about measures", low=0.0, high=0.15, source="assumed")
    agrees_to_measures: float = param(0.30, "log ratio/sd", "effect of response style on reporting measures as known", low=0.0, high=1.0, source="assumed")
    agrees_to_scales: float = param(0.10, "sd/sd", "effect of response style on agreement with every statement", low=0.0, high=0.3, source="assumed")
    rosy_on_scales: float = param(0.10, "sd/sd", "effect of response style on favourable answers about oneself", low=0.0, high=0.3, source="assumed")
    stop: float = param(0.12, "share", "share of employed panel members who drop out before each next wave", low=0.05, high=0.30, source="assumed")
    exhausted_stop: float = param(0.20, "logit/sd", "effect of exhaustion on dropping out of a panel", low=0.0, high=0.6, source="assumed")
    isolated_stop: float = param(0.20, "logit/sd", "effect of isolation from colleagues on dropping out of a panel", low=0.0, high=0.6, source="assumed")

    def says_known(self, known: np.ndarray, style: np.ndarray, uniform: np.ndarray) -> np.ndarray:
        """Return the response about a measure, 0 or 1, from knowledge, response style and uniform numbers."""
        wrongly_yes = self.misremembers * ratio(self.agrees_to_measures * style)
        wrongly_no = self.misremembers * ratio(-self.agrees_to_measures * style)
        return np.where(known > 0, uniform >= wrongly_no, uniform < wrongly_yes).astype(np.float64)

    def says_claimed(self, claimed: np.ndarray, uniform: np.ndarray) -> np.ndarray:
        """Return the employer's response about a measure, 0 or 1, which social desirability may change to 1."""
        return np.where(claimed > 0, 1.0, uniform < self.desirability)

    def fills_in(self, usual: np.ndarray, exhaustion: np.ndarray, isolation: np.ndarray) -> np.ndarray:
        """Return the probability that an interviewed person returns the questionnaire."""
        less = self.exhausted_answer_less * exhaustion + self.isolated_answer_less * isolation
        return likelihood(score(usual) - less)

    def stops(self, exhaustion: np.ndarray, isolation: np.ndarray) -> np.ndarray:
        """Return the probability that a panel member who still works at the firm drops out before the next wave."""
        more = self.exhausted_stop * exhaustion + self.isolated_stop * isolation
        return likelihood(score(np.float64(self.stop)) + more)

    def bent(self, state: np.ndarray, style: np.ndarray, scale: Scale) -> np.ndarray:
        """Return a state (SD 1) with the bias of a response style, before measurement error."""
        return state + (self.agrees_to_scales - scale.worse * self.rosy_on_scales) * style


@dataclass(frozen=True)
class Scale:
    """One scale of the questionnaire: its quantity, its limits, and mean and SD of its score."""

    name: str
    quantity: str
    label: str
    low: float
    high: float
    mean: float
    sd: float
    high_is: str

    @property
    def worse(self) -> int:
        """1 if a high score is bad, else -1."""
        return 1 if self.high_is == "worse" else -1

    def score(self, observed: np.ndarray) -> np.ndarray:
        """Return the score of an observed state (mean 0, SD 1), limited to the scale."""
        return np.clip(self.mean + self.sd * observed, self.low, self.high)


@cache
def scales() -> Mapping[str, Scale]:
    """Return every scale of the questionnaire by name, from `sim/data/scales.csv`."""
    return {
        row["scale"]: Scale(
            row["scale"], row["quantity"], row["label"], float(row["low"]), float(row["high"]), float(row["mean"]),
            float(row["sd"]), row["high_is"],
        )
        for row in rows("scales")
    }


def harm(outcomes: Sequence[str]) -> np.ndarray:
    """Return 1 for each outcome with a high score that is bad, such as a complaint, else -1."""
    return np.array([scales()[name].worse if name in scales() else 1 for name in outcomes])
