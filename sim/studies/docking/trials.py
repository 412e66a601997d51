"""What the published model is put through, in both its versions: trials of people at many starts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from sim.studies.docking.published import STOCKS, First, Model, Revised, after, burnt_out, course, inflow

MILD, NEAR, HEAVY = First(effort=0.1), First(effort=0.175), First(effort=0.2)
"""The first version where all random starts end well, where more than one in four burns out, and where all do."""
SUPPLEMENT = First(optimising=0.1)
"""The first version as its supplement has it when it intervenes."""
LIVELY, MEEK = Revised(motivation=0.7), Revised(undermining=0)
"""The revised version at the lowest published motivation that keeps anybody well, and without self-undermining."""
WELL, WORN = np.array([[0.9], [0.8], [0.4], [0.9]]), np.array([[0.1], [0.1], [1.5], [0.02]])
"""Two people to start from: engagement, resources, demands and energy."""
EXTRA = (-0.1, -0.05, 0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4)
"""Demands added a day."""
HARD, BRIEF, LONG = EXTRA[-1], 91, 182
"""Demands added a day, and the days after which they are taken away again."""
BOOST, BOOST_DAYS = 0.1, 28
"""Resources added a day, and for how long."""
_ENERGY = STOCKS.index("energy")
_RAMP, _SEEN = 14, 1_000
"""Days over which the published interventions grow, and the day on which the authors look at who is well."""


def burning(model: Model, random: np.ndarray) -> float:
    """The share of starts from which energy comes to rest at nought."""
    return float(np.mean(burnt_out(after(model, random))))


def energy_at_rest(model: Model, start: np.ndarray, extra: float = 0.0) -> np.ndarray:
    """Energy at rest under so many demands added a day: (n,)."""
    return after(model, start, added=inflow(demands=extra))[_ENERGY]


def released(model: Model, days: float, until: np.ndarray) -> np.ndarray:
    """Energy on the days `until` of somebody who is well, with hard demands for the first days and none afterwards."""
    hard, free = np.union1d(until[until < days], [0.0, days]), np.union1d(until[until > days], [days])
    under = course(model, after(model, WELL), hard, inflow(demands=HARD))
    energy = np.concatenate([under, course(model, under[-1], free)[1:]])[:, _ENERGY, 0]
    return energy[np.searchsorted(np.concatenate([hard, free[1:]]), until)]


def lightened(random: np.ndarray, day: float) -> float:
    """The share well on day 1,000 where effort falls by a tenth a day for 14 days from this day on, as published."""
    return _kept_well(lambda days: replace(SUPPLEMENT, effort=SUPPLEMENT.effort * np.exp(-0.1 * days)), random, day)


def motivated(random: np.ndarray, day: float, days: int = _RAMP) -> float:
    """The share well on day 1,000 where motivation rises by 0.1 a day for some days from this day on, as published."""
    usual = Revised()
    return _kept_well(lambda days: replace(usual, motivation=usual.motivation + 0.1 * days), random, day, days)


def _kept_well(changed: Callable[[float], Model], random: np.ndarray, day: float, days: int = _RAMP) -> float:
    """The share well in the end; `changed` is the model after so many days of the intervention."""
    now = after(changed(0), random, day)
    for passed in range(days):
        now = after(changed(passed + 0.5), now, 1)
    return 1 - float(np.mean(burnt_out(after(changed(days), now, _SEEN - day - days))))


def saved_by_boost(model: Model, lost: np.ndarray, day: float) -> float:
    """Of people who would burn out, the share that four weeks of more resources from this day on keep well."""
    boosted = after(model, after(model, lost, day), BOOST_DAYS, inflow(resources=BOOST))
    return 1 - burning(model, boosted)


def lost_from(model: Model, random: np.ndarray) -> np.ndarray:
    """The starts from which people burn out."""
    return random[:, burnt_out(after(model, random))]


def spared_by_resources(model: First | Revised) -> float:
    """By which share demands take less energy where resources are twice those of the well at rest."""
    rest = after(model, WELL)
    twice = rest * np.where(np.array(STOCKS) == "resources", 2, 1)[:, None]
    idle = replace(model, effort=0)
    usual, spared = ((idle.change(state) - model.change(state))[_ENERGY, 0] for state in (rest, twice))
    return float(1 - spared / usual)
