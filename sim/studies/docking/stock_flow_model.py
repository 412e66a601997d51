"""The published model of one person: job demands-resources theory as four stocks (Evers and others, sdbuildR).

Demands cost energy, and resources reduce that cost. Resources and energy raise engagement. Engagement raises resources
and reduces demands. Low energy raises demands (self-undermining). Rates are per day, levels 0 to 1.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np


class Model(ABC):
    """Either version of the published model; the authors let people start from levels up to `highest_start`."""

    highest_start: float

    @abstractmethod
    def change(self, state: np.ndarray) -> np.ndarray:
        """Return the change per day of engagement, resources, demands and energy: (4, n) from (4, n)."""


@dataclass(frozen=True)
class First(Model):
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
        """Return the change per day: (4, n)."""
        engagement, resources, demands, energy = state
        motivated = self.motivation * energy * resources * (1 + demands) * (1 - engagement)
        crafted = self.crafting * engagement * (1 - resources)
        arising = self.undermining * (1 - energy) + self.regulation * (1 - demands)
        restored = self.restoration * energy * (1 - energy)
        spent = self.effort * energy * demands / (1 + resources)
        engaged = motivated - self.disengagement * engagement * (1 - energy)
        demanded = arising - self.optimising * engagement * demands
        return np.array([engaged, crafted - self.fading * resources, demanded, restored - spent])


@dataclass(frozen=True)
class Revised(Model):
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
        """Return the change per day: (4, n)."""
        engagement, resources, demands, energy = state
        motivated = self.motivation * energy * self._hill(resources) * demands
        crafted = self.crafting * self._hill(engagement) + self.support * np.exp(-self.steep * resources)
        undermined = self.undermining * energy * np.exp(-self.extreme * energy)
        arising = self.tasks * np.exp(-self.steep * demands) + undermined
        restored = self.restoration * energy * np.exp(-self.steep * energy)
        engaged = motivated - self.disengagement * engagement / (1 + energy)
        demanded = arising - self.work * energy * demands * (1 + engagement)
        spent = self.effort / (1 + engagement) * energy * demands / (1 + resources)
        return np.array([engaged, crafted - self.fading * resources / (1 + energy), demanded, restored - spent])

    def _hill(self, level: np.ndarray) -> np.ndarray:
        raised = level**self.medium
        return raised / (self.midpoint**self.medium + raised)


STOCKS = ("engagement", "resources", "demands", "energy")
_ENERGY = STOCKS.index("energy")
BURNT_OUT = 0.05
"""Energy at rest below which somebody counts as burnt out; published states at rest have 0, or more than 0.2."""
AT_REST = 3_000.0
"""Days after which nothing moves any more, except next to a fold."""
_SOLVER: dict[str, Any] = {"rtol": 1e-7, "atol": 1e-12, "lband": 3, "uband": 3}
"""People are independent, so the Jacobian of their stocks in a row is a narrow band."""
_STEP = 1e-6


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
    return state[_ENERGY] < BURNT_OUT


def slopes(model: Model, rest: np.ndarray) -> np.ndarray:
    """Return central differences of each stock's change by each stock (column) at a state (4, 1): (4, 4)."""
    steps = _STEP * np.eye(len(STOCKS))
    return (model.change(rest + steps) - model.change(rest - steps)) / (2 * _STEP)


def long_run_responses(model: Model, rest: np.ndarray) -> np.ndarray:
    """Return how far each stock at rest moves for 1 a day added to each stock (column): (4, 4), for small pushes."""
    return -np.linalg.inv(slopes(model, rest))


def slowest(model: Model, rest: np.ndarray) -> float:
    """Return the longest time constant after a small push, in days."""
    return float(-1 / np.linalg.eigvals(slopes(model, rest)).real.max())


# -- experiments ------------------------------------------------------------------------------------------------------

MILD, NEAR, HEAVY = First(effort=0.1), First(effort=0.175), First(effort=0.2)
"""The first version where all random starts end well, where more than a quarter burn out, and where all do."""
SUPPLEMENT = First(optimising=0.1)
"""The first version as its supplement has it when it intervenes."""
LIVELY, MEEK = Revised(motivation=0.7), Revised(undermining=0)
"""The revised version at the lowest published motivation that keeps anybody well, and without self-undermining."""
WELL, WORN = np.array([[0.9], [0.8], [0.4], [0.9]]), np.array([[0.1], [0.1], [1.5], [0.02]])
"""Two people to start from: engagement, resources, demands and energy."""
EXTRA = (-0.1, -0.05, 0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4)
"""Demands added a day."""
HARD, BRIEF, LONG = EXTRA[-1], 91, 182
"""Demands added a day, and the days after which they end."""
BOOST, BOOST_DAYS = 0.1, 28
"""Resources added a day, and for how long."""
_RAMP, _LAST_DAY = 14, 1_000
"""Days over which the published interventions grow, and the day on which the authors count who is well."""


def share_burnt_out(model: Model, random: np.ndarray) -> float:
    """Return the share of starts from which energy comes to rest at zero."""
    return float(np.mean(is_burnt_out(state_after(model, random))))


def energy_at_rest(model: Model, start: np.ndarray, extra: float = 0.0) -> np.ndarray:
    """Return energy at rest under demands added each day: (n,)."""
    return state_after(model, start, added=inflow(demands=extra))[_ENERGY]


def energy_after_release(model: Model, days: float, until: np.ndarray) -> np.ndarray:
    """Return energy on the days `until` of somebody who is well, with hard demands added for the first days only."""
    hard, free = np.union1d(until[until < days], [0.0, days]), np.union1d(until[until > days], [days])
    under = trajectory(model, state_after(model, WELL), hard, inflow(demands=HARD))
    energy = np.concatenate([under, trajectory(model, under[-1], free)[1:]])[:, _ENERGY, 0]
    return energy[np.searchsorted(np.concatenate([hard, free[1:]]), until)]


def share_well_with_less_effort(random: np.ndarray, day: float) -> float:
    """Return the share well on day 1,000 if effort falls by a tenth a day for 14 days from this day on."""
    return _share_well(lambda days: replace(SUPPLEMENT, effort=SUPPLEMENT.effort * np.exp(-0.1 * days)), random, day)


def share_well_with_motivation(random: np.ndarray, day: float, days: int = _RAMP) -> float:
    """Return the share well on day 1,000 if motivation rises by 0.1 a day for some days from this day on."""
    usual = Revised()
    return _share_well(lambda days: replace(usual, motivation=usual.motivation + 0.1 * days), random, day, days)


def _share_well(changed: Callable[[float], Model], random: np.ndarray, day: float, days: int = _RAMP) -> float:
    """Return the share well in the end; `changed` gives the model after some days of the intervention."""
    now = state_after(changed(0), random, day)
    for passed in range(days):
        now = state_after(changed(passed + 0.5), now, 1)
    return 1 - float(np.mean(is_burnt_out(state_after(changed(days), now, _LAST_DAY - day - days))))


def saved_by_boost(model: Model, lost: np.ndarray, day: float) -> float:
    """Return the share of people `lost` to burn-out that four weeks of more resources from this day on keep well."""
    boosted = state_after(model, state_after(model, lost, day), BOOST_DAYS, inflow(resources=BOOST))
    return 1 - share_burnt_out(model, boosted)


def cost_spared_by_resources(model: First | Revised) -> float:
    """Return by which share demands take less energy if resources are twice those of the well at rest."""
    rest = state_after(model, WELL)
    twice = rest * np.where(np.array(STOCKS) == "resources", 2, 1)[:, None]
    idle = replace(model, effort=0)
    usual, spared = ((idle.change(state) - model.change(state))[_ENERGY, 0] for state in (rest, twice))
    return float(1 - spared / usual)
