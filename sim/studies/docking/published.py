"""The published model of one person: job demands-resources theory as four stocks (Evers and others, sdbuildR).

Demands cost energy, and resources reduce that cost. Resources and energy raise engagement. Engagement raises resources
and reduces demands. Low energy raises demands (self-undermining). Rates are per day, levels 0 to 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np


@dataclass(frozen=True)
class First:
    """Template `JDR` of sdbuildR 1.0.5 (CRAN, October 2025), with its equations and values.

    Its online supplement has 0.1 for `optimising`, an `effort` of 0.1 to 0.4, and starts from 0.01 to 1.
    """

    motivation: float = 0.2
    disengagement: float = 0.1
    crafting: float = 0.2
    fading: float = 0.05
    undermining: float = 0.15
    regulation: float = 0.2
    optimising: float = 0.2
    restoration: float = 0.15
    effort: float = 0.4
    highest_start: float = 1.0

    def change(self, state: np.ndarray) -> np.ndarray:
        """Return the change per day of engagement, resources, demands and energy: (4, n) from (4, n)."""
        engagement, resources, demands, energy = state
        motivated = self.motivation * energy * resources * (1 + demands) * (1 - engagement)
        crafted = self.crafting * engagement * (1 - resources)
        arising = self.undermining * (1 - energy) + self.regulation * (1 - demands)
        restored = self.restoration * energy * (1 - energy)
        spent = self.effort * energy * demands / (1 + resources)
        return np.array(
            [
                motivated - self.disengagement * engagement * (1 - energy),
                crafted - self.fading * resources,
                arising - self.optimising * engagement * demands,
                restored - spent,
            ]
        )


@dataclass(frozen=True)
class Revised:
    """Template `jdr` 1.0.0 of sdbuildR 2.0.0 (May 2026), in which the authors changed nearly every form."""

    motivation: float = 0.3
    disengagement: float = 0.2
    crafting: float = 0.2
    support: float = 0.1
    fading: float = 0.1
    tasks: float = 0.1
    undermining: float = 5.0
    work: float = 0.5
    restoration: float = 0.3
    effort: float = 0.5
    medium: float = 3.0
    steep: float = 5.0
    extreme: float = 10.0
    midpoint: float = 0.5
    highest_start: float = 2.0

    def change(self, state: np.ndarray) -> np.ndarray:
        """Return the change per day of engagement, resources, demands and energy: (4, n) from (4, n)."""
        engagement, resources, demands, energy = state
        motivated = self.motivation * energy * self._hill(resources) * demands
        crafted = self.crafting * self._hill(engagement) + self.support * np.exp(-self.steep * resources)
        undermined = self.undermining * energy * np.exp(-self.extreme * energy)
        restored = self.restoration * energy * np.exp(-self.steep * energy)
        return np.array(
            [
                motivated - self.disengagement * engagement / (1 + energy),
                crafted - self.fading * resources / (1 + energy),
                self.tasks * np.exp(-self.steep * demands)
                + undermined
                - self.work * energy * demands * (1 + engagement),
                restored - self.effort / (1 + engagement) * energy * demands / (1 + resources),
            ]
        )

    def _hill(self, level: np.ndarray) -> np.ndarray:
        raised = level**self.medium
        return raised / (self.midpoint**self.medium + raised)


STOCKS = ("engagement", "resources", "demands", "energy")
BURNT_OUT = 0.05
"""Energy at rest below which somebody counts as burnt out; published states at rest have 0, or more than 0.2."""
AT_REST = 3_000.0
"""Days after which nothing moves any more, except next to a fold."""
_SOLVER: dict[str, Any] = {"rtol": 1e-7, "atol": 1e-12, "lband": 3, "uband": 3}
"""People are independent, so the Jacobian of their stocks in a row is a narrow band."""
_STEP = 1e-6


class Model(Protocol):
    """Either version of the published model."""

    @property
    def highest_start(self) -> float:
        """Return the highest level at which the authors let people start."""

    def change(self, state: np.ndarray) -> np.ndarray:
        """Return the change per day of the four stocks: (4, n) from (4, n)."""


def random_starts(model: Model, count: int, seed: int) -> np.ndarray:
    """Return random starts between 0.01 and the model's highest, as the authors draw them: (4, count)."""
    return np.random.default_rng(seed).uniform(0.01, model.highest_start, (len(STOCKS), count))


def inflow(**per_day: float) -> np.ndarray:
    """Return what is added to stocks from outside each day, by their name: (4, 1)."""
    return np.array([[per_day.get(stock, 0.0)] for stock in STOCKS])


def trajectory(model: Model, start: np.ndarray, days: np.ndarray, added: np.ndarray | float = 0.0) -> np.ndarray:
    """Return the stocks on these days, of which the first is the start's: (day, 4, n)."""
    from scipy.integrate import solve_ivp

    def change(_: float, flat: np.ndarray) -> np.ndarray:
        return (model.change(flat.reshape(-1, len(STOCKS)).T) + added).T.ravel()

    solved = solve_ivp(change, (days[0], days[-1]), start.T.ravel(), "LSODA", days, **_SOLVER)
    return solved.y.T.reshape(len(days), -1, len(STOCKS)).transpose(0, 2, 1)


def state_after(model: Model, start: np.ndarray, days: float = AT_REST, added: np.ndarray | float = 0.0) -> np.ndarray:
    """Return the stocks after some days: (4, n)."""
    return start if days <= 0 else trajectory(model, start, np.array([0.0, days]), added)[-1]


def is_burnt_out(state: np.ndarray) -> np.ndarray:
    """Return who has no energy left: (n,)."""
    return state[STOCKS.index("energy")] < BURNT_OUT


def slopes(model: Model, rest: np.ndarray) -> np.ndarray:
    """Return the derivative of each stock's change by each stock (column) at a state (4, 1): (4, 4).

    It uses central differences.
    """
    steps = _STEP * np.eye(len(STOCKS))
    return (model.change(rest + steps) - model.change(rest - steps)) / (2 * _STEP)


def long_run_responses(model: Model, rest: np.ndarray) -> np.ndarray:
    """Return how far each stock at rest moves for 1 a day added to each stock (column): (4, 4), for small pushes."""
    return -np.linalg.inv(slopes(model, rest))


def slowest(model: Model, rest: np.ndarray) -> float:
    """Return the longest time constant after a small push, in days."""
    return float(-1 / np.linalg.eigvals(slopes(model, rest)).real.max())
