"""The prior: every open number of the model, uniform over its range and independent of all others.

Open are the numbers of mechanisms, levers, instruments and the measures' amounts that are assumed, sourced or fitted.
What is centred, what defines something and what switches a loop keeps its value.
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


def factors(plan: Plan, held: Collection[str] = ()) -> tuple[Factor, ...]:
    """Everything open but what is held, in the order of the names."""
    return tuple(sorted(choose(OPEN, with_every_measure(plan), held), key=lambda factor: factor.name))


def draws(own: Sequence[Factor], count: int, seed: int) -> Design:
    """So many independent draws; a larger number begins with the draws of a smaller one."""
    return designs.make(designs.Settings("draws", n=count, seed=seed), own)


def normal(shares: np.ndarray) -> np.ndarray:
    """Shares of the way through a range (0 to 1) as scores of the standard normal, which the uniform prior becomes."""
    from scipy.special import ndtri

    return np.asarray(ndtri(np.clip(shares, _SMALLEST, 1 - _SMALLEST)))


def shares(scores: np.ndarray) -> np.ndarray:
    """The inverse of `normal`."""
    from scipy.special import ndtr

    return np.asarray(ndtr(scores))


def design_at(own: Sequence[Factor], at: np.ndarray) -> Design:
    """The design with these shares (row, factor) of the ranges."""
    import pandas as pd

    columns = {factor.name: factor.at(at[:, column]) for column, factor in enumerate(own)}
    table = pd.DataFrame(columns, index=range(len(at)))
    return Design("draws", tuple(own), table, at, designs.BY_ROW)
