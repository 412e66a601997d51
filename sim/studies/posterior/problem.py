"""What a calibration is asked: the settings, what is open, what was observed, and the runs that all of it takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.config import study_settings
from sim.engine.plan import check_memory
from sim.errors import UserError, as_written
from sim.experiments import designs
from sim.experiments.factors import DesignContext, Factor
from sim.experiments.sweep import Sweep, ground_of, local_workers
from sim.studies.posterior import prior
from sim.studies.posterior.observations import Observation, observations
from sim.studies.posterior.simulator import OBSERVED, TABLE

if TYPE_CHECKING:
    from omegaconf import DictConfig


@dataclass(frozen=True)
class Settings:
    """What stands under `posterior` in `conf/study/posterior.yaml`, where it is explained."""

    simulations: int
    held_out: int
    trajectories: int
    levels: int
    threshold: float
    proposals: int
    rounds: int
    alike: int
    truths: int
    enough: float
    draws: int
    seed: int
    kept: bool
    docs: str | None


@dataclass(frozen=True)
class Question:
    """What is asked, all of it checked."""

    settings: Settings
    ground: DesignContext
    factors: tuple[Factor, ...]
    observations: tuple[Observation, ...]

    @property
    def values(self) -> np.ndarray:
        """(observation,) what was observed."""
        return np.array([one.value for one in self.observations])

    @property
    def error(self) -> np.ndarray:
        """(observation,) the SD of error and discrepancy."""
        return np.array([one.total for one in self.observations])

    @property
    def prior(self) -> Sweep:
        """The draws from the prior, each with people and chance of its own."""
        design = prior.draws(self.factors, self.settings.simulations, self.settings.seed)
        return Sweep(self.ground, design, 1, (TABLE,), OBSERVED)

    @property
    def screening(self) -> Sweep:
        """The Morris design over the same ranges; all rows on the same people and chance."""
        asked = designs.Settings(
            "morris", n=self.settings.trajectories, levels=self.settings.levels, seed=self.settings.seed
        )
        return Sweep(self.ground, designs.make(asked, self.factors), 1, (TABLE,), OBSERVED)

    @property
    def alike(self) -> Sweep:
        """Runs of the point, which differ in people and chance alone."""
        nothing = prior.design_at((), np.empty((1, 0)))
        return Sweep(self.ground, nothing, self.settings.alike, (TABLE,), OBSERVED)

    def proposals(self, at: np.ndarray, number: int) -> Sweep:
        """Parameter sets (row, parameter), shares of the ranges, of a round; its people are those of no other round."""
        first = (number + 1) * 1_000_000
        return _Round(self.ground, prior.design_at(self.factors, at), 1, (TABLE,), OBSERVED, first)


@dataclass(frozen=True)
class _Round(Sweep):
    """Draws whose replicates begin with a number of their own."""

    first: int = 0

    def _chance(self, plan: Any, number: int) -> Any:
        return super()._chance(plan, self.first + number)


def question_of(cfg: DictConfig) -> Question:
    """The question of a composed configuration; raises UserError for whatever is wrong with it."""
    asked: Settings = study_settings.read_dataclass("posterior", Settings, cfg.posterior)
    ground = ground_of(cfg)
    check_memory(ground.plan, 1, local_workers(cfg))
    _check(asked, len(ground.plan.scenarios))
    path = cfg.get("observations")
    if path is not None and not isinstance(path, str):
        raise UserError(f"observations is {as_written(path)}; the path of a csv file is right, or null")
    return Question(asked, ground, prior.factors(ground.plan, ground.held), observations(ground.plan.measures, path))


def _check(asked: Settings, scenarios: int) -> None:
    if scenarios > 1:
        raise UserError("a posterior is of the practice of 2022 alone; scenarios=[baseline] is right")
    least = {
        "simulations": 200,
        "held_out": 100,
        "trajectories": 2,
        "proposals": 10,
        "rounds": 0,
        "alike": 20,
        "truths": 1,
        "draws": 1,
        "seed": 0,
    }
    for name, fewest in least.items():
        if getattr(asked, name) < fewest:
            raise UserError(f"posterior.{name} is {getattr(asked, name)}; a whole number from {fewest} on is right")
    if asked.levels < 2 or asked.levels % 2:
        raise UserError(f"posterior.levels is {asked.levels}; an even number is right")
    for name in ("threshold", "enough"):
        if not getattr(asked, name) >= 0:
            raise UserError(f"posterior.{name} is {getattr(asked, name):g}; a number from 0 on is right")
