"""The interview and the questionnaire: what people would say of measures and of themselves, and who gets to say it.

A latent state becomes a score on a scale of 1 to 5 with an error of measurement and a floor. What is known of a measure
becomes an answer that memory and a style of answering can bend. One person answers both, in one hour.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sim.data import rows
from sim.engine.plan import Plan, with_parameters
from sim.language.curves import likelihood, ratio, score
from sim.language.grammar import Mechanism, param


@dataclass(frozen=True)
class Interview(Mechanism):
    """How an inspector's visit samples and colours what it finds (the study of 2022, section IV)."""

    managers_met: float = param(0.93, "share", "managers whom the inspector meets, per establishment", low=0.8, high=1.0, source="definition", note="192 of 206")
    others_met: float = param(0.94, "share", "other employees whom the inspector meets, per establishment", low=0.8, high=1.0, source="definition", note="193 of 206")
    managers_fill_in: float = param(0.82, "share", "questionnaires that managers send back", low=0.6, high=1.0, source="definition", note="157 of 192")
    others_fill_in: float = param(0.83, "share", "questionnaires that other employees send back", low=0.6, high=1.0, source="definition", note="160 of 193")
    exhausted_answer_less: float = param(0.15, "logit/sd", "the exhausted fill in questionnaires less often", low=0.0, high=0.6, source="assumed")
    isolated_answer_less: float = param(0.15, "logit/sd", "the isolated fill in questionnaires less often", low=0.0, high=0.6, source="assumed")
    employer_chooses: float = param(0.30, "share", "employers who choose whom the inspector meets", low=0.0, high=1.0, source="assumed")
    desirability: float = param(0.0, "share", "said to be taken or planned, and neither", low=0.0, high=0.3, source="assumed")
    misremembers: float = param(0.02, "share", "answers about a measure that are mistaken", low=0.0, high=0.15, source="assumed")
    agrees_to_measures: float = param(0.30, "log ratio/sd", "how far a style of answering says yes to measures", low=0.0, high=1.0, source="assumed")
    agrees_to_scales: float = param(0.10, "sd/sd", "how far the same style agrees with every statement", low=0.0, high=0.3, source="assumed")
    rosy_on_scales: float = param(0.10, "sd/sd", "how far the same style sees oneself in a better light", low=0.0, high=0.3, source="assumed")
    stop: float = param(0.12, "share", "panel members with the firm who stop before each next wave", low=0.05, high=0.30, source="assumed")
    exhausted_stop: float = param(0.20, "logit/sd", "the exhausted stop taking part in a panel sooner", low=0.0, high=0.6, source="assumed")
    isolated_stop: float = param(0.20, "logit/sd", "the isolated stop taking part in a panel sooner", low=0.0, high=0.6, source="assumed")

    def says_known(self, known: np.ndarray, style: np.ndarray, uniform: np.ndarray) -> np.ndarray:
        """What is said of a measure, 0 or 1: what is known (0 or 1), seldom mistaken, as one's style has it."""
        wrongly_yes = self.misremembers * ratio(self.agrees_to_measures * style)
        wrongly_no = self.misremembers * ratio(-self.agrees_to_measures * style)
        return np.where(known > 0, uniform >= wrongly_no, uniform < wrongly_yes).astype(np.float64)

    def says_claimed(self, claimed: np.ndarray, uniform: np.ndarray) -> np.ndarray:
        """What the employer says of a measure, 0 or 1: taken or still to be taken, or what sounds well."""
        return np.where(claimed > 0, 1.0, uniform < self.desirability)

    def fills_in(self, usual: np.ndarray, exhaustion: np.ndarray, isolation: np.ndarray) -> np.ndarray:
        """The chance that somebody met fills in the questionnaire, 0 to 1."""
        less = self.exhausted_answer_less * exhaustion + self.isolated_answer_less * isolation
        return likelihood(score(usual) - less)

    def stops(self, exhaustion: np.ndarray, isolation: np.ndarray) -> np.ndarray:
        """The chance that a member of a panel who is still with the firm stops before the next wave, 0 to 1."""
        more = self.exhausted_stop * exhaustion + self.isolated_stop * isolation
        return likelihood(score(np.float64(self.stop)) + more)

    def bent(self, state: np.ndarray, style: np.ndarray, scale: Scale) -> np.ndarray:
        """A state (SD 1) as somebody of this style would rate it, before the error of measurement."""
        return state + (self.agrees_to_scales - scale.worse * self.rosy_on_scales) * style


@dataclass(frozen=True)
class Scale:
    """One scale of the questionnaire: the quantity behind it, its ends, and mean and SD of its score."""

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
        """1 where a high score is bad, else -1."""
        return 1 if self.high_is == "worse" else -1

    def score(self, observed: np.ndarray) -> np.ndarray:
        """The score of an observed state (mean 0, SD 1); it cannot leave the scale, so that low levels meet a floor."""
        return np.clip(self.mean + self.sd * observed, self.low, self.high)


def scales() -> Mapping[str, Scale]:
    """Every scale of the questionnaire by name, from `sim/data/scales.csv`."""
    return {
        row["scale"]: Scale(
            name=row["scale"], quantity=row["quantity"], label=row["label"], low=float(row["low"]),
            high=float(row["high"]), mean=float(row["mean"]), sd=float(row["sd"]), high_is=row["high_is"],
        )
        for row in rows("scales")
    }  # fmt: skip


def interview_of(plan: Plan) -> Interview:
    """The interview with the plan's parameters."""
    return with_parameters(Interview, plan.parameters.get("interview", {}))  # type: ignore[return-value]
