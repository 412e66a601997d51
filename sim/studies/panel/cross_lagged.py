"""Lagged relations: what an earlier level of one thing foretells of another, between people and within them.

The cross-lagged panel model (CLPM) of two waves is two regressions of standardised scores,

    y₂ = a y₁ + b x₁ ,  x₂ = a' x₁ + b' y₁

and b is what most published studies report. It mixes lasting differences between people with what follows within
them. The random-intercept form (RI-CLPM; Hamaker, Kuiper and Grasman 2015) takes a person's own mean out first. Here
it is fitted as a stationary process: of waves at equal distances, the covariance k waves apart is

    Γ(k) = B + Φᵏ W ,   W = Φ W Φᵀ + Q

with B between people, W within them, and Φ the effects of one wave on the next; by maximum likelihood of normal scores.
A cross-lag of Φ is told in SD within people.

Hamaker, E. L., Kuiper, R. M. and Grasman, R. P. P. P. (2015). A critique of the cross-lagged panel model.
Psychological Methods, 20, 102-116.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_START = np.array([0.6, 0.2, 0.6, 0.6, 0.1, 0.6, 0.2, 0.0, 0.0, 0.2])
"""Factors of B and of Q, and Φ: half of the variance between people, a fifth carried over within them."""
_FAR = 1e3
_STEP = 1e-6
_LEAST = 1e-6
"""Variance within people, of all variance: with less there is nothing to be explained."""
FEWEST = 50
"""People below which no lag is estimated."""


@dataclass(frozen=True)
class Lags:
    """Standardised effects of an earlier x on a later y, and of an earlier y on a later x; nan where not estimated."""

    x_to_y: float
    y_to_x: float
    people: int


def cross_lagged(x: np.ndarray, y: np.ndarray) -> Lags:
    """The cross-lagged panel model of two waves; `x` and `y` are (2, person) without gaps."""
    if x.shape[1] < FEWEST:
        return _none(x)
    first = np.stack([_standardised(x[0]), _standardised(y[0])], axis=1)
    later = np.stack([_standardised(x[1]), _standardised(y[1])], axis=1)
    slopes = np.linalg.lstsq(first, later, rcond=None)[0]
    return Lags(float(slopes[0, 1]), float(slopes[1, 0]), x.shape[1])


def within_people(x: np.ndarray, y: np.ndarray) -> Lags:
    """The random-intercept model of three or more waves at equal distances; `x` and `y` are (wave, person)."""
    from scipy.optimize import minimize

    waves, people = x.shape
    if people < FEWEST:
        return _none(x)
    scores = np.stack([_around_waves(x), _around_waves(y)], axis=1).reshape(2 * waves, people)
    seen = scores @ scores.T / people
    found = minimize(_misfit_and_slope, _START, args=(seen, waves), jac=True, method="BFGS", options={"gtol": 1e-4})
    _, within, effects = _parts(found.x)
    variance = np.diag(within)
    if found.fun >= _FAR or not variance.min() > _LEAST:
        return _none(x)
    spread = np.sqrt(variance)
    standardised = effects * spread / spread[:, None]
    return Lags(float(standardised[1, 0]), float(standardised[0, 1]), people)


def covariance(factors: np.ndarray, waves: int) -> np.ndarray:
    """(…, 2 waves, 2 waves) of x and y at each wave in turn.

    `factors` (…, 10) are those of B, those of Q, and Φ row by row.
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
    """B, W and Φ, each (…, 2, 2)."""
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


def _misfit_and_slope(factors: np.ndarray, seen: np.ndarray, waves: int) -> tuple[float, np.ndarray]:
    """Minus twice the likelihood per person, but for a constant, and its slope; far away where there is no process."""
    near = factors + np.vstack([np.zeros(len(factors)), _STEP * np.eye(len(factors))])
    dies_out = np.abs(np.linalg.eigvals(near[:, 6:].reshape(-1, 2, 2))).max(axis=-1) < 1
    if not dies_out.all():
        return _FAR, np.zeros(len(factors))
    whole = covariance(near, waves)
    misfit = np.linalg.slogdet(whole)[1] + np.einsum("kij,ji->k", np.linalg.inv(whole), seen)
    return float(misfit[0]), (misfit[1:] - misfit[0]) / _STEP


def _standardised(values: np.ndarray) -> np.ndarray:
    return (values - values.mean()) / values.std()


def _around_waves(values: np.ndarray) -> np.ndarray:
    """Without each wave's mean, in SD over all waves together."""
    centred = values - values.mean(axis=1, keepdims=True)
    return centred / centred.std()


def _none(x: np.ndarray) -> Lags:
    return Lags(np.nan, np.nan, x.shape[1])
