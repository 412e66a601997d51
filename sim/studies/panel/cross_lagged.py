"""Cross-lagged effects: an earlier level of one scale predicts a later level of another, between and within people.

The cross-lagged panel model (CLPM) of two waves is two regressions of standardised scores,

    y₂ = a y₁ + b x₁ ,  x₂ = a' x₁ + b' y₁

and most published studies report b. It mixes lasting differences between people with effects within them. The
random-intercept form (RI-CLPM; Hamaker, Kuiper and Grasman 2015) first removes each person's own mean. Here it is
fitted as a stationary process. With equal times between waves, the covariance k waves apart is

    Γ(k) = B + Φᵏ W ,   W = Φ W Φᵀ + Q

with B between people, W within them, and Φ the effects of one wave on the next, by maximum likelihood of normal scores.
Cross-lags of Φ are in SD within people.

Hamaker, E. L., Kuiper, R. M. and Grasman, R. P. P. P. (2015). A critique of the cross-lagged panel model.
Psychological Methods, 20, 102-116.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_START = np.array([0.6, 0.2, 0.6, 0.6, 0.1, 0.6, 0.2, 0.0, 0.0, 0.2])
"""Factors of B and of Q, and Φ: half of the variance is between people, within them a fifth carries over."""
_NO_PROCESS = 1e3
_STEP = 1e-6
_MIN_VARIANCE = 1e-6
"""Smallest share of the variance that is within people; with less there is nothing to explain."""
MIN_PEOPLE = 50
"""Smallest number of people for an estimate."""


@dataclass(frozen=True)
class Lags:
    """Standardised effects of an earlier x on a later y and the reverse; nan where not estimated."""

    x_to_y: float
    y_to_x: float
    people: int


def cross_lagged(x: np.ndarray, y: np.ndarray) -> Lags:
    """Return the cross-lagged panel model of two waves; `x` and `y` are (2, person) without gaps."""
    if x.shape[1] < MIN_PEOPLE:
        return _none(x)
    first = np.stack([_standardised(x[0]), _standardised(y[0])], axis=1)
    later = np.stack([_standardised(x[1]), _standardised(y[1])], axis=1)
    slopes = np.linalg.lstsq(first, later, rcond=None)[0]
    return Lags(float(slopes[0, 1]), float(slopes[1, 0]), x.shape[1])


def within_people(x: np.ndarray, y: np.ndarray) -> Lags:
    """Return the random-intercept model of three or more waves with equal times between; both are (wave, person)."""
    from scipy.optimize import minimize

    waves, people = x.shape
    if people < MIN_PEOPLE:
        return _none(x)
    scores = np.stack([_around_waves(x), _around_waves(y)], axis=1).reshape(2 * waves, people)
    observed = scores @ scores.T / people
    fit = minimize(_misfit_and_slope, _START, args=(observed, waves), jac=True, method="BFGS", options={"gtol": 1e-4})
    _, within, effects = _parts(fit.x)
    variance = np.diag(within)
    if fit.fun >= _NO_PROCESS or not variance.min() > _MIN_VARIANCE:
        return _none(x)
    spread = np.sqrt(variance)
    standardised = effects * spread / spread[:, None]
    return Lags(float(standardised[1, 0]), float(standardised[0, 1]), people)


def covariance(factors: np.ndarray, waves: int) -> np.ndarray:
    """Return the covariance of x and y at each wave in turn, (…, 2 waves, 2 waves).

    `factors` (…, 10) holds the factors of B and of Q, and Φ row by row.
    """
    between, within, effects = _parts(factors)
    apart = [within]
    for _ in range(waves - 1):
        apart.append(effects @ apart[-1])
    later = np.stack(apart, axis=-3) + between[..., None, :, :]
    both_ways = np.concatenate([later[..., :0:-1, :, :].swapaxes(-1, -2), later], axis=-3)
    wave = np.arange(waves)
    blocks = both_ways[..., waves - 1 + wave[:, None] - wave, :, :].swapaxes(-2, -3)
    return blocks.reshape(*factors.shape[:-1], 2 * waves, 2 * waves)


def _parts(factors: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return B, W and Φ, each (…, 2, 2)."""
    b, q = _lower(factors[..., :3]), _lower(factors[..., 3:6])
    effects = factors[..., 6:].reshape(*factors.shape[:-1], 2, 2)
    twice = np.einsum("...ij,...kl->...ikjl", effects, effects).reshape(*factors.shape[:-1], 4, 4)
    new = (q @ q.swapaxes(-1, -2)).reshape(*factors.shape[:-1], 4, 1)
    within = np.linalg.solve(np.eye(4) - twice, new).reshape(effects.shape)
    return b @ b.swapaxes(-1, -2), within, effects


def _lower(three: np.ndarray) -> np.ndarray:
    root = np.zeros((*three.shape[:-1], 2, 2))
    root[..., 0, 0], root[..., 1, 0], root[..., 1, 1] = np.moveaxis(three, -1, 0)
    return root


def _misfit_and_slope(factors: np.ndarray, observed: np.ndarray, waves: int) -> tuple[float, np.ndarray]:
    """Return minus twice the log likelihood per person, without a constant, and its slope."""
    near = factors + np.vstack([np.zeros(len(factors)), _STEP * np.eye(len(factors))])
    dies_out = np.abs(np.linalg.eigvals(near[:, 6:].reshape(-1, 2, 2))).max(axis=-1) < 1
    if not dies_out.all():
        return _NO_PROCESS, np.zeros(len(factors))
    whole = covariance(near, waves)
    misfit = np.linalg.slogdet(whole)[1] + np.einsum("kij,ji->k", np.linalg.inv(whole), observed)
    return float(misfit[0]), (misfit[1:] - misfit[0]) / _STEP


def _standardised(values: np.ndarray) -> np.ndarray:
    return (values - values.mean()) / values.std()


def _around_waves(values: np.ndarray) -> np.ndarray:
    """Subtract each wave's mean and divide by the SD over all waves."""
    centred = values - values.mean(axis=1, keepdims=True)
    return centred / centred.std()


def _none(x: np.ndarray) -> Lags:
    return Lags(np.nan, np.nan, x.shape[1])
