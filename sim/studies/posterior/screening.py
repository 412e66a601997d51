"""Morris screening: parameters whose effect on an observation is large compared with the error of the observation.

Observations carry no information on a parameter without such an effect.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sim.experiments.designs import Design
from sim.studies.posterior.observations import Observation
from sim.studies.sensitivity.indices import screen

if TYPE_CHECKING:
    import pandas as pd


def screening(
    design: Design, simulated: np.ndarray, observations: Sequence[Observation], levels: int, seed: int
) -> pd.DataFrame:
    """Return the effect of each parameter's range on each observation, in SD of error and discrepancy.

    Parameters
    ----------
    design : Design
        Morris design with these `levels` and this `seed`.
    simulated : ndarray of shape (row of the design, observation)
        Simulated observations.
    observations : sequence of Observation
        Observations, whose error and discrepancy are the unit.

    Returns
    -------
    DataFrame
        One row per parameter, the largest effects first: `parameter`, `moves` (the largest mu* of any observation),
        `observation` (that observation), and mu* for each observation.
    """
    import pandas as pd

    moves = {
        one.name: screen(design, simulated[:, column] / one.total, levels, seed)["mu_star"].to_numpy()
        for column, one in enumerate(observations)
    }
    table = pd.DataFrame(moves)
    table.insert(0, "parameter", [factor.name for factor in design.factors])
    table.insert(1, "moves", table[list(moves)].max(axis=1))
    table.insert(2, "observation", table[list(moves)].idxmax(axis=1))
    return table.sort_values("moves", ascending=False, kind="stable", ignore_index=True)


def influential(table: pd.DataFrame, threshold: float) -> list[str]:
    """Return parameters that move an observation by at least `threshold` SD, in alphabetical order."""
    return sorted(table.loc[table["moves"] >= threshold, "parameter"])
