"""Standard normal scores, likelihood and importance weights.

Each draw is simulated with its own people and random numbers. Its weight is prior over proposal, times the likelihood
of the observations given the simulation. Weights correct errors of the proposal; the effective sample size shows how
well.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_SMALLEST = 1e-9


def scores(shares: np.ndarray) -> np.ndarray:
    """Return shares of a range (0 to 1) as scores, whose prior is standard normal instead of uniform."""
    from scipy.special import ndtri

    return np.asarray(ndtri(np.clip(shares, _SMALLEST, 1 - _SMALLEST)))


def shares(scores: np.ndarray) -> np.ndarray:
    """Return shares of a range from scores."""
    from scipy.special import ndtr

    return np.asarray(ndtr(scores))


def log_prior(scores: np.ndarray) -> np.ndarray:
    """Return the log density (draw,) of scores (draw, parameter)."""
    return np.asarray(-0.5 * (scores**2 + np.log(2 * np.pi)).sum(axis=1))


def log_likelihood(simulated: np.ndarray, observed: np.ndarray, error: np.ndarray) -> np.ndarray:
    """Return the log likelihood (draw,) of observations that are normal about `simulated` (draw, observation).

    `error` (observation,) is the SD of error and discrepancy together. Observations are independent.
    """
    difference = (simulated - observed) / error
    return np.asarray(-0.5 * (difference**2 + np.log(2 * np.pi * error**2)).sum(axis=1))


def normalised(log_weights: np.ndarray) -> np.ndarray:
    """Return weights (draw,) that add up to 1; a nan, from a failed run, becomes zero."""
    known = np.where(np.isnan(log_weights), -np.inf, log_weights)
    weights = np.exp(known - known.max())
    return np.asarray(weights / weights.sum())


def effective_size(weights: np.ndarray) -> float:
    """Return the effective sample size (Kish 1965)."""
    return float(weights.sum() ** 2 / (weights**2).sum())


def resampled(weights: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Return numbers (count,) of draws by systematic resampling, in random order."""
    rng = np.random.default_rng(seed)
    places = (np.arange(count) + rng.random()) / count
    numbers = np.searchsorted(np.cumsum(weights) / weights.sum(), places)
    return rng.permutation(np.minimum(numbers, len(weights) - 1))


def quantiles(values: np.ndarray, weights: np.ndarray, at: Sequence[float]) -> np.ndarray:
    """Return weighted quantiles (quantile, column) of values (draw, column)."""
    columns = []
    for column in values.T:
        order = np.argsort(column)
        below = np.cumsum(weights[order]) - weights[order] / 2
        columns.append(np.interp(np.asarray(at) * weights.sum(), below, column[order]))
    return np.array(columns).T
