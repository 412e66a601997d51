"""Problem of the posterior: settings, uncertain parameters, observations, and the sweeps to run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field, field_validator

from sim.config.settings import StudySettings
from sim.engine.plan import check_memory
from sim.errors import UserError, invalid
from sim.experiments import designs
from sim.experiments.factors import DesignContext, Factor
from sim.experiments.sweep import Sweep, batch_of, ground_of, local_workers, retry_of
from sim.studies.posterior import prior
from sim.studies.posterior.observations import Observation, observations
from sim.studies.posterior.simulator import OBSERVED, TABLE

if TYPE_CHECKING:
    from omegaconf import DictConfig


class Settings(StudySettings):
    """Settings below `posterior`; `conf/study/posterior.yaml` explains them."""

    simulations: int = Field(ge=200)
    held_out: int = Field(ge=100)
    trajectories: int = Field(ge=2)
    levels: int
    threshold: float = Field(ge=0)
    proposals: int = Field(ge=10)
    rounds: int = Field(ge=0)
    alike: int = Field(ge=20)
    truths: int = Field(ge=1)
    enough: float = Field(ge=0)
    draws: int = Field(ge=1)
    seed: int = Field(ge=0)
    kept: bool
    docs: str | None

    @field_validator("levels")
    @classmethod
    def _check_levels(cls, levels: int) -> int:
        if levels < 2 or levels % 2:
            raise ValueError("an even number of 2 or more")
        return levels


@dataclass(frozen=True)
class Problem:
    """Everything that the study simulates, checked; `batch` and `retry` are options of its sweeps."""

    settings: Settings
    context: DesignContext
    factors: tuple[Factor, ...]
    observations: tuple[Observation, ...]
    batch: int | None = None
    retry: bool = False

    @property
    def values(self) -> np.ndarray:
        """Observed values, (observation,)."""
        return np.array([one.value for one in self.observations])

    @property
    def error(self) -> np.ndarray:
        """SD of error and discrepancy, (observation,)."""
        return np.array([one.total for one in self.observations])

    @property
    def prior(self) -> Sweep:
        """Draws from the prior, each with its own people and random numbers."""
        return self._sweep(prior.draws(self.factors, self.settings.simulations, self.settings.seed))

    @property
    def screening(self) -> Sweep:
        """Morris design over the ranges, with the same people and random numbers in all rows."""
        own = self.settings
        morris = designs.Settings("morris", n=own.trajectories, levels=own.levels, seed=own.seed)
        return self._sweep(designs.make(morris, self.factors))

    @property
    def repeated(self) -> Sweep:
        """Repeated runs of the point estimate, which differ only in people and random numbers."""
        return self._sweep(prior.design_at((), np.empty((1, 0))), self.settings.alike)

    def _sweep(self, design: designs.Design, replicates: int = 1) -> Sweep:
        return Sweep(self.context, design, replicates, (TABLE,), OBSERVED)

    def proposals(self, at: np.ndarray, number: int) -> Sweep:
        """Return the sweep of a round at shares (row, parameter) of the ranges; no other round has its people."""
        first = (number + 1) * 1_000_000
        return _Round(self.context, prior.design_at(self.factors, at), 1, (TABLE,), OBSERVED, first)


@dataclass(frozen=True)
class _Round(Sweep):
    """Draws whose replicates begin with a number of their own."""

    first: int = 0

    def _chance(self, plan: Any, number: int) -> Any:
        return super()._chance(plan, self.first + number)


def problem_of(cfg: DictConfig, settings: Settings) -> Problem:
    """Return the problem of a composed configuration; raise UserError for an invalid one."""
    context = ground_of(cfg)
    check_memory(context.plan, 1, local_workers(cfg))
    scenarios = [scenario.name for scenario in context.plan.scenarios]
    if len(scenarios) > 1:
        raise UserError(invalid("scenarios", f"[{','.join(scenarios)}]", "[baseline], the practice of 2022"))
    path = cfg.get("observations")
    if path is not None and not isinstance(path, str):
        raise UserError(invalid("observations", path, "the path of a csv file, or null"))
    factors = prior.factors(context.plan, context.fixed)
    own = observations(context.plan.measures, path)
    return Problem(settings, context, factors, own, batch_of(cfg), retry_of(cfg))
