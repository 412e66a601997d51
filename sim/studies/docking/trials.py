"""Experiments with both versions of the published model, from many starts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from sim.studies.docking.published import STOCKS, First, Model, Revised, inflow, is_burnt_out, state_after, trajectory

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
_ENERGY = STOCKS.index("energy")
_RAMP, _LAST_DAY = 14, 1_000
"""Days over which the published interventions grow, and the day on which the authors count who is well."""


def burning(model: Model, random: np.ndarray) -> float:
    """Return the share of starts from which energy comes to rest at zero."""
    return float(np.mean(is_burnt_out(state_after(model, random))))


def energy_at_rest(model: Model, start: np.ndarray, extra: float = 0.0) -> np.ndarray:
    """Return energy at rest under demands added each day: (n,)."""
    return state_after(model, start, added=inflow(demands=extra))[_ENERGY]


def released(model: Model, days: float, until: np.ndarray) -> np.ndarray:
    """Return energy on the days `until` of somebody who is well, with hard demands added for the first days only."""
    hard, free = np.union1d(until[until < days], [0.0, days]), np.union1d(until[until > days], [days])
    under = trajectory(model, state_after(model, WELL), hard, inflow(demands=HARD))
    energy = np.concatenate([under, trajectory(model, under[-1], free)[1:]])[:, _ENERGY, 0]
    return energy[np.searchsorted(np.concatenate([hard, free[1:]]), until)]


def lightened(random: np.ndarray, day: float) -> float:
    """Return the share well on day 1,000 if effort falls by a tenth a day for 14 days from this day on."""
    return _kept_well(lambda days: replace(SUPPLEMENT, effort=SUPPLEMENT.effort * np.exp(-0.1 * days)), random, day)


def motivated(random: np.ndarray, day: float, days: int = _RAMP) -> float:
    """Return the share well on day 1,000 if motivation rises by 0.1 a day for some days from this day on."""
    usual = Revised()
    return _kept_well(lambda days: replace(usual, motivation=usual.motivation + 0.1 * days), random, day, days)


def _kept_well(changed: Callable[[float], Model], random: np.ndarray, day: float, days: int = _RAMP) -> float:
    """Return the share well in the end; `changed` gives the model after some days of the intervention."""
    now = state_after(changed(0), random, day)
    for passed in range(days):
        now = state_after(changed(passed + 0.5), now, 1)
    return 1 - float(np.mean(is_burnt_out(state_after(changed(days), now, _LAST_DAY - day - days))))


def saved_by_boost(model: Model, lost: np.ndarray, day: float) -> float:
    """Return the share of people `lost` to burn-out that four weeks of more resources from this day on keep well."""
    boosted = state_after(model, state_after(model, lost, day), BOOST_DAYS, inflow(resources=BOOST))
    return 1 - burning(model, boosted)


def lost_from(model: Model, random: np.ndarray) -> np.ndarray:
    """Return the starts from which people burn out."""
    return random[:, is_burnt_out(state_after(model, random))]


def spared_by_resources(model: First | Revised) -> float:
    """Return by which share demands take less energy if resources are twice those of the well at rest."""
    rest = state_after(model, WELL)
    twice = rest * np.where(np.array(STOCKS) == "resources", 2, 1)[:, None]
    idle = replace(model, effort=0)
    usual, spared = ((idle.change(state) - model.change(state))[_ENERGY, 0] for state in (rest, twice))
    return float(1 - spared / usual)
