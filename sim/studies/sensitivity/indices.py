"""How much each factor moves a number: Morris screening and Sobol indices with intervals, and who can be told apart.

A number of a design is one value a row. Rows share people and chance, so what the intervals hold is the sampling of the
design and nothing else. A row without a value takes with it all rows that are compared with it, and these are counted.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sim.errors import UserError, required
from sim.experiments.designs import ROW, Design
from sim.outcomes.effects import CONFIDENCE

if TYPE_CHECKING:
    import pandas as pd

RESAMPLES = 1000
"""Of the bootstrap behind every interval."""
HOLDS = "95%: sampling of the design; every row has the same people and chance"
"""What the intervals of both methods contain."""


def screened(design: Design, values: np.ndarray, levels: int, seed: int) -> pd.DataFrame:
    """Morris screening of one number: how far it moves while one factor goes through its range, the others anywhere.

    `values` is (row,), nan where a run failed; `levels` and `seed` are the design's. One row per factor, all in the
    unit of the number: `mu` with a Student interval; `mu_star`, the mean size whichever way, with a bootstrap interval
    `low` to `high`; `sigma`, the spread over the trajectories. Of a choice it is the move from one option to another.
    `dropped` trajectories held a run without a value. UserError where fewer than two are left.
    Morris (1991); Campolongo, Cariboni and Saltelli (2007).
    """
    import pandas as pd
    from SALib.analyze import morris
    from scipy.stats import t

    rows, dropped = _whole(values, len(design.factors) + 1, "trajectories")
    count = len(rows) // (len(design.factors) + 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy on SALib's masked arrays
        found = morris.analyze(
            design.problem, _shares(design)[rows], values[rows], num_resamples=RESAMPLES, conf_level=CONFIDENCE,
            num_levels=levels, seed=seed,
        )  # fmt: skip
    step = levels / (2 * (levels - 1))  # of the range, which SALib divides by; a choice has no such part of a range
    scale = np.array([step if factor.options else 1.0 for factor in design.factors])
    mu, star, half, sigma = (np.asarray(found[key]) * scale for key in ("mu", "mu_star", "mu_star_conf", "sigma"))
    error = t.ppf((1 + CONFIDENCE) / 2, count - 1) * sigma / np.sqrt(count)
    return pd.DataFrame(
        {
            "factor": [factor.name for factor in design.factors],
            **{"mu": mu, "mu_low": mu - error, "mu_high": mu + error},
            **{"mu_star": star, "low": star - half, "high": star + half, "sigma": sigma},
            **_told_apart(star - half, star + half),
            **{"trajectories": count, "dropped": dropped, "interval": HOLDS},
        }
    )


def indices(design: Design, values: np.ndarray, seed: int) -> pd.DataFrame:
    """Sobol indices of one number: which share of its variance over the design each factor has a part in.

    `values` is (row,), nan where a run failed; `seed` is the design's. One row per factor: `first` is the share by the
    factor alone, `total` the share with all its interactions, each with a bootstrap interval; `dropped` base points
    held a run without a value. A number that does not move at all has indices of 0. UserError where fewer than two
    base points are left. Saltelli and others (2010).
    """
    import pandas as pd
    from SALib.analyze import sobol

    size = len(design.factors) + 2
    rows, dropped = _whole(values, size, "base points")
    names = ("S1", "S1_conf", "ST", "ST_conf")
    found = dict.fromkeys(names, np.zeros(len(design.factors)))
    if np.ptp(values[rows]) > 0:
        # SALib takes a seed of 0 for none
        found = sobol.analyze(
            design.problem, values[rows], calc_second_order=False, num_resamples=RESAMPLES, conf_level=CONFIDENCE,
            seed=seed + 1,
        )  # fmt: skip
    first, first_half, total, half = (np.asarray(found[name]) for name in names)
    return pd.DataFrame(
        {
            "factor": [factor.name for factor in design.factors],
            **{"first": first, "first_low": first - first_half, "first_high": first + first_half},
            **{"total": total, "low": total - half, "high": total + half},
            **_told_apart(total - half, total + half),
            **{"base_points": len(rows) // size, "dropped": dropped, "interval": HOLDS},
        }
    )


def _whole(values: np.ndarray, size: int, what: str) -> tuple[np.ndarray, int]:
    """The rows of those blocks of so many rows that lack no value, and how many blocks lack one."""
    blocks = values.reshape(-1, size)
    whole = ~np.isnan(blocks).any(axis=1)
    if whole.sum() < 2:
        raise UserError(
            f"{whole.sum()} of {len(blocks)} {what} are free of failed runs, and two are the least; "
            "`hybridwork results` tells why runs of a folder failed, and retry=true does them again"
        )
    return np.flatnonzero(np.repeat(whole, size)), int((~whole).sum())


def _shares(design: Design) -> np.ndarray:
    return required(design.shares, "the design in shares of the ranges")


# -- who can be told apart --------------------------------------------------------------------------------------------


def tiers(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Which tier each interval is in, 1 for the highest: intervals of two tiers never overlap.

    Within a tier overlaps form a chain from the highest to the lowest, and nothing in it is ranked. Intervals that do
    not leave out none at all are in no tier, 0: they are ranked with nothing.
    """
    found = np.zeros(len(low), int)
    order = np.flatnonzero(low > 0)
    order = order[np.argsort(-high[order], kind="stable")]
    lowest_above = np.minimum.accumulate(low[order])
    found[order] = 1 + np.append(0, np.cumsum(high[order][1:] < lowest_above[:-1]))[: len(order)]
    return found


def _told_apart(low: np.ndarray, high: np.ndarray) -> dict[str, np.ndarray]:
    """The tier; the first and last place that overlaps leave open, 1 the largest; whether it is told from none."""
    return {
        "tier": tiers(low, high),
        "place_from": 1 + (low[None, :] > high[:, None]).sum(axis=1),
        "place_to": len(low) - (high[None, :] < low[:, None]).sum(axis=1),
        "distinguishable": low > 0,
    }


def leading(screening: pd.DataFrame, count: int) -> list[str]:
    """The factors with the largest mu* beside the largest of its number, whichever number that is, alphabetically.

    `screening` holds `screened` of several numbers, told apart by the columns scenario and outcome.
    """
    of_largest = screening["mu_star"] / screening.groupby(["scenario", "outcome"])["mu_star"].transform("max")
    most = of_largest.fillna(0.0).groupby(screening["factor"], sort=False).max()
    return sorted(most.sort_values(ascending=False, kind="stable").index[:count])


# -- from frames of runs ----------------------------------------------------------------------------------------------


def as_array(frame: pd.DataFrame, outcomes: Sequence[str], rows: int, replicates: int) -> np.ndarray:
    """(replicate, row, outcome) values of a frame of everybody under one scenario; nan where there is no run."""
    values = np.full((replicates, rows, len(outcomes)), np.nan)
    values[frame["replicate"], frame[ROW]] = frame[list(outcomes)].to_numpy(float)
    return values
