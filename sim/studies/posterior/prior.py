"""Prior: every uncertain parameter is uniform over its range and independent of all others.

Uncertain are parameters of mechanisms, levers, instruments and amounts of measures that are assumed, sourced or fitted.
Parameters from standardisation, definitions and switches keep their values.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from sim.engine.plan import Plan
from sim.experiments import designs
from sim.experiments.designs import Design
from sim.experiments.factors import Factor, choose, with_every_measure

OPEN = ("assumed", "sourced", "fitted", "amounts")
_SMALLEST = 1e-9


def factors(plan: Plan, fixed: Collection[str] = ()) -> tuple[Factor, ...]:
    """Return all uncertain parameters except `fixed`, in the order of their names."""
    return tuple(sorted(choose(OPEN, with_every_measure(plan), fixed), key=lambda factor: factor.name))


def draws(own: Sequence[Factor], count: int, seed: int) -> Design:
    """Return independent draws; a larger number begins with the draws of a smaller one."""
    return designs.make(designs.Settings("draws", n=count, seed=seed), own)


def normal(shares: np.ndarray) -> np.ndarray:
    """Return shares of a range (0 to 1) as standard normal scores, which transforms the uniform prior."""
    from scipy.special import ndtri

    return np.asarray(ndtri(np.clip(shares, _SMALLEST, 1 - _SMALLEST)))


def shares(scores: np.ndarray) -> np.ndarray:
    """Return shares of a range from scores: the inverse of `normal`."""
    from scipy.special import ndtr

    return np.asarray(ndtr(scores))


def design_at(own: Sequence[Factor], at: np.ndarray) -> Design:
    """Return the design with these shares (row, factor) of the ranges."""
    import pandas as pd

    columns = {factor.name: factor.at(at[:, column]) for column, factor in enumerate(own)}
    table = pd.DataFrame(columns, index=range(len(at)))
    return Design("draws", tuple(own), table, at, designs.BY_ROW)
