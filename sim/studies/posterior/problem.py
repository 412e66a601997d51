"""Problem of the posterior: settings, prior, observations, and the sweeps to run.

The prior of every uncertain parameter is uniform over its range and independent of all others. Uncertain are parameters
of mechanisms, levers, instruments and amounts of measures that are assumed, sourced or fitted. Parameters from
standardisation, definitions and switches keep their values.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field

from sim.config.settings import StudySettings, check
from sim.engine.plan import Plan, check_memory
from sim.errors import UserError, invalid
from sim.experiments import designs
from sim.experiments.designs import Design
from sim.experiments.factors import DesignContext, Factor, choose, with_every_measure
from sim.experiments.sweep import Sweep, local_workers, storage_of
from sim.studies.posterior.observations import Observation, observations
from sim.studies.posterior.simulator import OBSERVED, TABLE

if TYPE_CHECKING:
    from omegaconf import DictConfig

_UNCERTAIN = ("assumed", "sourced", "fitted", "amounts")


class Settings(StudySettings):
    """Settings below `posterior`; `conf/study/posterior.yaml` explains them."""

    simulations: int = Field(ge=200)
    held_out: int = Field(ge=100)
    trajectories: int = Field(ge=2)
    levels: Annotated[int, check(lambda levels: levels >= 2 and levels % 2 == 0, "an even number of 2 or more")]
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


def uncertain_factors(plan: Plan, fixed: Collection[str] = ()) -> tuple[Factor, ...]:
    """Return all uncertain parameters except `fixed`, in the order of their names."""
    return tuple(sorted(choose(_UNCERTAIN, with_every_measure(plan), fixed), key=lambda factor: factor.name))


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
        """Independent draws from the prior, each with its own people and random numbers.

        A larger number begins with the draws of a smaller one.
        """
        return self._sweep("draws", n=self.settings.simulations)

    @property
    def screening(self) -> Sweep:
        """Morris design over the ranges, with the same people and random numbers in all rows."""
        return self._sweep("morris", n=self.settings.trajectories, levels=self.settings.levels)

    def _sweep(self, method: str, **settings: Any) -> Sweep:
        design = designs.make(designs.Settings(method, seed=self.settings.seed, **settings), self.factors)
        return Sweep(self.context, design, 1, (TABLE,), OBSERVED)

    @property
    def repeated(self) -> Sweep:
        """Repeated runs of the point estimate, which differ only in people and random numbers."""
        return Sweep(self.context, _design_at((), np.empty((1, 0))), self.settings.alike, (TABLE,), OBSERVED)

    def proposals(self, at: np.ndarray, number: int) -> Sweep:
        """Return the sweep of a round at shares (row, parameter) of the ranges; no other round has its people."""
        first = (number + 1) * 1_000_000
        return _Round(self.context, _design_at(self.factors, at), 1, (TABLE,), OBSERVED, first)


@dataclass(frozen=True)
class _Round(Sweep):
    """Draws whose replicates begin with a number of their own."""

    first: int = 0

    def _chance(self, plan: Plan, number: int) -> Plan:
        return super()._chance(plan, self.first + number)


def _design_at(factors: tuple[Factor, ...], at: np.ndarray) -> Design:
    """Return the design with these shares (row, factor) of the ranges."""
    import pandas as pd

    columns = {factor.name: factor.at(at[:, column]) for column, factor in enumerate(factors)}
    return Design("draws", factors, pd.DataFrame(columns, index=range(len(at))), at, designs.BY_ROW)


def problem_of(cfg: DictConfig, settings: Settings) -> Problem:
    """Return the problem of a composed configuration; raise UserError for an invalid one."""
    context = DesignContext(cfg)
    check_memory(context.plan, 1, local_workers(cfg))
    scenarios = [scenario.name for scenario in context.plan.scenarios]
    if len(scenarios) > 1:
        raise UserError(invalid("scenarios", f"[{','.join(scenarios)}]", "[baseline], the practice of 2022"))
    path = cfg.get("observations")
    if path is not None and not isinstance(path, str):
        raise UserError(invalid("observations", path, "the path of a csv file, or null"))
    factors = uncertain_factors(context.plan, context.fixed)
    storage, values = storage_of(cfg), observations(context.plan.measures, path)
    return Problem(settings, context, factors, values, storage.batch, storage.retry)
