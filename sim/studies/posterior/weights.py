"""Importance weights: what turns draws of the flow, lived anew, into draws from the posterior that was stated.

A draw comes from the flow in the parameters that matter and from the prior in all others. It is lived with people and
luck of its own and weighed by prior / flow, times the likelihood of what was observed given what it showed. So whatever
the flow gets wrong is put right, as far as there are draws: the effective sample size tells how far that is.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def log_prior(scores: np.ndarray) -> np.ndarray:
    """(draw,) log density of scores (draw, parameter) of the standard normal."""
    return np.asarray(-0.5 * (scores**2 + np.log(2 * np.pi)).sum(axis=1))


def log_likelihood(simulated: np.ndarray, observed: np.ndarray, error: np.ndarray) -> np.ndarray:
    """(draw,) log likelihood: observations (observation,) are normal about `simulated` (draw, observation).

    `error` (observation,) is the SD of error and discrepancy together. Rows are taken to be independent.
    """
    off = (simulated - observed) / error
    return np.asarray(-0.5 * (off**2 + np.log(2 * np.pi * error**2)).sum(axis=1))


def normalised(log_weights: np.ndarray) -> np.ndarray:
    """(draw,) weights that add up to 1; a draw whose weight is no number, since its run failed, has none."""
    known = np.where(np.isnan(log_weights), -np.inf, log_weights)
    weights = np.exp(known - known.max())
    return np.asarray(weights / weights.sum())


def effective_size(weights: np.ndarray) -> float:
    """How many equally weighted draws would tell as much (Kish 1965)."""
    return float(weights.sum() ** 2 / (weights**2).sum())


def resampled(weights: np.ndarray, count: int, seed: int) -> np.ndarray:
    """(count,) numbers of draws, each as often as its weight says, by systematic resampling; in a random order."""
    luck = np.random.default_rng(seed)
    places = (np.arange(count) + luck.random()) / count
    chosen = np.searchsorted(np.cumsum(weights) / weights.sum(), places)
    return luck.permutation(np.minimum(chosen, len(weights) - 1))


def quantiles(values: np.ndarray, weights: np.ndarray, at: Sequence[float]) -> np.ndarray:
    """(quantile, column) weighted quantiles of values (draw, column)."""
    found = []
    for column in values.T:
        order = np.argsort(column)
        below = np.cumsum(weights[order]) - weights[order] / 2
        found.append(np.interp(np.asarray(at) * weights.sum(), below, column[order]))
    return np.array(found).T
