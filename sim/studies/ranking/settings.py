"""Settings of the ranking."""

from __future__ import annotations

from pydantic import Field

from sim.config.settings import StudySettings
from sim.studies.ranking.statistics import BURN_OUT, COLLEAGUES, COMPANY


class Settings(StudySettings):
    """Settings below `ranking`; `conf/study/robust_ranking.yaml` explains them."""

    near_burn_out: float | None = Field(ge=0)
    near_isolation: float | None = Field(ge=0)
    same_burn_out: float = Field(ge=0)
    same_isolation: float = Field(ge=0)
    fewest: int = Field(ge=1)
    leaders: int = Field(ge=1)
    clear: float = Field(ge=0, le=1)
    shuffles: int = Field(ge=1)
    harm_from: float = Field(ge=0, le=1)
    resamples: int = Field(ge=1)

    @property
    def margins(self) -> dict[str, float]:
        """Return the largest difference that counts as equal, by outcome and in its unit."""
        return {BURN_OUT: self.same_burn_out, COLLEAGUES: self.same_isolation, COMPANY: self.same_isolation}
