"""Which parameters matter first: a Morris screening of every observation, in units of how sure that observation is.

A parameter that moves no observation by a fair part of its error, whatever the others are, can learn nothing from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sim.experiments.designs import Design
from sim.studies.posterior.observations import Observation
from sim.studies.sensitivity.indices import screened

if TYPE_CHECKING:
    import pandas as pd


def screening(
    design: Design, simulated: np.ndarray, asked: Sequence[Observation], levels: int, seed: int
) -> pd.DataFrame:
    """How far each parameter moves each observation while it goes through its range, in SDs of error and discrepancy.

    `simulated` is (row of the Morris design, observation); `levels` and `seed` are the design's. One row per parameter,
    those that move most first: `parameter`, `moves` (the largest mu* of any observation), `observation` (which one),
    and a column of mu* for each observation.
    """
    import pandas as pd

    moves = {
        one.name: screened(design, simulated[:, column] / one.total, levels, seed)["mu_star"].to_numpy()
        for column, one in enumerate(asked)
    }
    table = pd.DataFrame(moves)
    table.insert(0, "parameter", [factor.name for factor in design.factors])
    table.insert(1, "moves", table[list(moves)].max(axis=1))
    table.insert(2, "observation", table[list(moves)].idxmax(axis=1))
    return table.sort_values("moves", ascending=False, kind="stable", ignore_index=True)


def mattering(table: pd.DataFrame, threshold: float) -> list[str]:
    """The parameters that move some observation by at least so many of its SDs, in alphabetical order."""
    return sorted(table.loc[table["moves"] >= threshold, "parameter"])
