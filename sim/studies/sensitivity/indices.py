"""Morris screening and Sobol indices with intervals, and tiers of factors whose intervals do not overlap.

A number has one value per row of a design. Rows share people and random numbers, so intervals cover the sampling of the
design alone. A row without a value (nan) removes all rows that are compared with it; the tables count these.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from sim.errors import UserError, required
from sim.experiments.designs import ROW, Design
from sim.outcomes.effects import CONFIDENCE

RESAMPLES = 1000
"""Resamples of the bootstrap of every interval."""
HOLDS = "95%: sampling of the design; every row has the same people and chance"
"""Coverage of the intervals of both methods."""


def screen(design: Design, values: np.ndarray, levels: int, seed: int) -> pd.DataFrame:
    """Return a Morris screening of one number: its change while one factor moves through its range.

    Parameters
    ----------
    design : Design
        Morris design with these `levels` and this `seed`.
    values : ndarray of shape (row,)
        The number, nan where a run failed. UserError if fewer than two trajectories are complete.

    Returns
    -------
    DataFrame
        One row per factor, in the unit of the number: `mu` with a Student interval; `mu_star`, the mean size in either
        direction, with a bootstrap interval `low` to `high`; `sigma`, the spread over trajectories; `dropped`, the
        number of trajectories with a failed run. The change of a choice is that from one option to another.

    Source: Morris (1991); Campolongo, Cariboni and Saltelli (2007).
    """
    from SALib.analyze import morris
    from scipy.stats import t

    rows, count, dropped = _complete(values, len(design.factors) + 1, "trajectories")
    shares = required(design.shares, "the design in shares of the ranges")
    options = {"num_resamples": RESAMPLES, "conf_level": CONFIDENCE, "num_levels": levels, "seed": seed}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy on SALib's masked arrays
        estimates = morris.analyze(design.problem, shares[rows], values[rows], **options)
    step = levels / (2 * (levels - 1))  # of the range, which SALib divides by; a choice has no such part of a range
    scale = np.array([step if factor.options else 1.0 for factor in design.factors])
    mu, star, half, sigma = (np.asarray(estimates[key]) * scale for key in ("mu", "mu_star", "mu_star_conf", "sigma"))
    error = t.ppf((1 + CONFIDENCE) / 2, count - 1) * sigma / np.sqrt(count)
    table = {
        **{"factor": [factor.name for factor in design.factors], "mu": mu, "mu_low": mu - error, "mu_high": mu + error},
        **{"mu_star": star, "low": star - half, "high": star + half, "sigma": sigma},
    }
    return _ranked(table, trajectories=count, dropped=dropped)


def sobol_indices(design: Design, values: np.ndarray, seed: int) -> pd.DataFrame:
    """Return Sobol indices of one number: the share of its variance over the design that each factor explains.

    Parameters
    ----------
    design : Design
        Sobol design with this `seed`.
    values : ndarray of shape (row,)
        The number, nan where a run failed. UserError if fewer than two base points are complete.

    Returns
    -------
    DataFrame
        One row per factor: `first`, the share of the factor alone; `total`, the share with all its interactions, each
        with a bootstrap interval; `dropped`, the number of base points with a failed run. A number that does not vary
        has indices of 0.

    Source: Saltelli and others (2010).
    """
    from SALib.analyze import sobol

    rows, count, dropped = _complete(values, len(design.factors) + 2, "base points")
    names = ("S1", "S1_conf", "ST", "ST_conf")
    estimates = dict.fromkeys(names, np.zeros(len(design.factors)))
    if np.ptp(values[rows]) > 0:
        # SALib reads a seed of 0 as no seed
        options = {"num_resamples": RESAMPLES, "conf_level": CONFIDENCE, "seed": seed + 1}
        estimates = sobol.analyze(design.problem, values[rows], calc_second_order=False, **options)
    first, first_half, total, half = (np.asarray(estimates[name]) for name in names)
    table = {
        "factor": [factor.name for factor in design.factors],
        **{"first": first, "first_low": first - first_half, "first_high": first + first_half},
        **{"total": total, "low": total - half, "high": total + half},
    }
    return _ranked(table, base_points=count, dropped=dropped)


def _complete(values: np.ndarray, size: int, what: str) -> tuple[np.ndarray, int, int]:
    """Return the rows of complete blocks of `size` rows, and the numbers of complete and incomplete blocks."""
    blocks = values.reshape(-1, size)
    complete = ~np.isnan(blocks).any(axis=1)
    count = int(complete.sum())
    if count < 2:
        raise UserError(
            f"Too few complete {what}: {count} of {len(blocks)}. At least 2 must be free of failed runs: "
            "`hybridwork results` shows why runs failed, and retry=true repeats them."
        )
    return np.flatnonzero(np.repeat(complete, size)), count, len(blocks) - count


# -- tiers ------------------------------------------------------------------------------------------------------------


def tiers(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return the tier of each interval, 1 for the highest: intervals of two tiers never overlap.

    Within a tier intervals overlap in a chain, and are not ranked. Intervals that include zero are in no tier (0).
    """
    numbers = np.zeros(len(low), int)
    order = np.flatnonzero(low > 0)
    order = order[np.argsort(-high[order], kind="stable")]
    lowest_above = np.minimum.accumulate(low[order])
    numbers[order] = 1 + np.append(0, np.cumsum(high[order][1:] < lowest_above[:-1]))[: len(order)]
    return numbers


def _ranked(table: dict[str, Any], **counts: int) -> pd.DataFrame:
    """Return a table with tiers, the places that overlaps leave open, and whether intervals exclude zero."""
    low, high = table["low"], table["high"]
    ranks = {
        "tier": tiers(low, high),
        "place_from": 1 + (low[None, :] > high[:, None]).sum(axis=1),
        "place_to": len(low) - (high[None, :] < low[:, None]).sum(axis=1),
        "distinguishable": low > 0,
    }
    return pd.DataFrame({**table, **ranks, **counts, "interval": HOLDS})


def leading(screening: pd.DataFrame, count: int) -> list[str]:
    """Return the factors with the largest mu* relative to the largest of any number, in alphabetical order.

    `screening` has the tables of `screen` for several numbers, with the columns scenario and outcome.
    """
    relative = screening["mu_star"] / screening.groupby(["scenario", "outcome"])["mu_star"].transform("max")
    most = relative.fillna(0.0).groupby(screening["factor"], sort=False).max()
    return sorted(most.sort_values(ascending=False, kind="stable").index[:count])


def as_array(frame: pd.DataFrame, outcomes: Sequence[str], rows: int, replicates: int) -> np.ndarray:
    """Return values of a frame of everybody under one scenario: (replicate, row, outcome), nan without a run."""
    values = np.full((replicates, rows, len(outcomes)), np.nan)
    values[frame["replicate"], frame[ROW]] = frame[list(outcomes)].to_numpy(float)
    return values
