"""Settings and results of the study, with its tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from pydantic import Field, ValidationInfo, field_validator

from sim.config.settings import StudySettings
from sim.engine.plan import Plan
from sim.studies.inspection import tables
from sim.studies.inspection.repeated_surveys import SimulatedStudy
from sim.studies.inspection.sample_coverage import SamplingErrors, establishment_table, sector_table
from sim.survey.instruments import instruments_of

if TYPE_CHECKING:
    import pandas as pd


class Settings(StudySettings):
    """Settings below `inspection`; `conf/study/inspection.yaml` explains them."""

    weeks_on_site: int = Field(ge=0, le=260)
    permutations: int = Field(alias="dealt", ge=20, le=10_000)
    reach_worlds: int = Field(ge=1, le=100)
    reach_sample: int = Field(ge=10, le=2_000)
    employees: list[int]
    establishments: list[int] = Field(alias="visited")
    close: float = Field(gt=0, le=15)
    docs: str | None = None

    @field_validator("employees", "establishments")
    @classmethod
    def _check_rising(cls, counts: list[int]) -> list[int]:
        if not counts or counts[0] < 1 or counts != sorted(set(counts)):
            raise ValueError("rising whole numbers, as in [1,2,5]")
        return counts

    @field_validator("employees")
    @classmethod
    def _check_sample(cls, counts: list[int], info: ValidationInfo) -> list[int]:
        sample = info.data.get("reach_sample")
        if sample and 2 * counts[-1] > sample:
            raise ValueError(f"numbers up to {sample // 2}, half of inspection.reach_sample")
        return counts


@dataclass(frozen=True)
class Results:
    """Results of the study."""

    plan: Plan  # of the first simulated study
    settings: Settings
    parameters_vary: bool  # whether simulated studies have different parameters, as with posterior draws
    studies: Sequence[SimulatedStudy]
    samples: Sequence[SamplingErrors]  # one for each world of large establishments

    @property
    def share_choosing(self) -> float:
        """Share of employers who choose whom the inspector interviews."""
        return instruments_of(self.plan).interview.employer_chooses

    @cached_property
    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Tables by name."""
        few = self.settings.employees[:3]
        return {
            **tables.frames(self.studies, self.plan.measures),
            "establishments": establishment_table(self.samples, self.settings.employees),
            "sector": sector_table(self.samples, self.settings.establishments, few, self.share_choosing),
        }
