"""Surrogate of the model: ridge regressions that estimate the mean of every observation at little cost.

Hundreds of parameters have a small effect each and a large one together. Draws of a few parameters from the flow and
of the others from the prior therefore rarely agree with the observations. Further draws are sampled with a surrogate:
a regression of each observation on every parameter, and on squares and products of the most influential ones. Its
error is estimated by cross-validation. Every draw is simulated and weighted by its observations.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement

import numpy as np

from sim.studies.posterior.weights import shares

LEADERS, LEADING = 30, 90
"""Parameters with squares and products in the regression of each observation, and in those of all observations."""
_FAR_WEIGHT = 0.3
"""Weight of simulations that are far from the observations; near ones have weight 1."""
_PENALTY, _FOLDS = 30.0, 3
CHAINS, BURN_IN = 100, 500
"""Chains of the sampler, and its first steps, which are dropped."""
_NEWTON_STEPS, _MIN_VARIANCE = 30, 1e-4
_NO_PAIRS = np.empty((0, 2), int)


@dataclass(frozen=True)
class Surrogate:
    """Regressions of observations, in SD of their error and discrepancy, `error` (observation,).

    Features are the parameters, and products of `pairs` (pair, 2) of them. The first row of the `coefficients`
    (1 + feature, observation) is the constant. Covariances (observation, observation): `model_error`, of the
    regressions as estimates of the mean of the model, and `noise`, of single runs of one parameter set.
    """

    pairs: np.ndarray
    coefficients: np.ndarray
    error: np.ndarray
    model_error: np.ndarray
    noise: np.ndarray

    def __call__(self, at: np.ndarray) -> np.ndarray:
        """Return estimates (n, observation) in the unit of each observation, at shares (n, parameter) of the ranges."""
        return self._scaled(at) * self.error

    def expected(self, at: np.ndarray, simulated: np.ndarray) -> np.ndarray:
        """Return the mean of the model (n, observation) after one run of each set gave `simulated`.

        It lies between the run and the surrogate, closer to the one with the smaller variance (kriging with a nugget).
        """
        scaled = self._scaled(at)
        return (scaled + (simulated / self.error - scaled) @ self._gain().T) * self.error

    def log_likelihood(self, at: np.ndarray, observed: np.ndarray) -> np.ndarray:
        """Return the log likelihood (n,) before sets are simulated, with the error of the surrogate."""
        return _log_normal((self(at) - observed) / self.error, np.eye(len(self.error)) + self.model_error)

    def log_weights(self, at: np.ndarray, simulated: np.ndarray, observed: np.ndarray) -> np.ndarray:
        """Return the log likelihood (n,) after sets were simulated, minus the one before."""
        remaining = self.model_error - self._gain() @ self.model_error
        difference = (self.expected(at, simulated) - observed) / self.error
        return _log_normal(difference, np.eye(len(self.error)) + remaining) - self.log_likelihood(at, observed)

    def misfit(self, at: np.ndarray, simulated: np.ndarray) -> float:
        """Return the squared distance of runs from the surrogate over its expected value; 1 is ideal."""
        difference = simulated / self.error - self._scaled(at)
        distance = np.linalg.solve(self.model_error + self.noise, difference.T).T
        return float(np.einsum("ij,ij->i", difference, distance).mean() / difference.shape[1])

    def _scaled(self, at: np.ndarray) -> np.ndarray:
        return self.coefficients[0] + _features(at, self.pairs) @ self.coefficients[1:]

    def _gain(self) -> np.ndarray:
        """Return the weight of a run against the surrogate."""
        return np.linalg.solve(self.model_error + self.noise, self.model_error).T


def _log_normal(difference: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    distance = np.einsum("ij,ij->i", difference, np.linalg.solve(covariance, difference.T).T)
    return np.asarray(-0.5 * (distance + np.linalg.slogdet(2 * np.pi * covariance)[1]))


def fit_surrogate(
    at: np.ndarray, simulated: np.ndarray, error: np.ndarray, repeated: np.ndarray, near: np.ndarray
) -> Surrogate:
    """Return a surrogate fitted to simulations.

    `at` (simulation, parameter) are shares of the ranges, and `simulated` (simulation, observation) observations.
    `error` (observation,) is the SD of error and discrepancy. `repeated` (run, observation) are runs of one parameter
    set, for the noise. `near` (simulation,) marks simulations near the observations, for the error of the surrogate.
    """
    scaled, weights = simulated / error, np.where(near, 1.0, _FAR_WEIGHT)
    leaders = _leaders(at, scaled, weights)
    pairs = np.array(sorted({pair for own in leaders for pair in combinations_with_replacement(sorted(own), 2)}))
    columns = [_columns(at.shape[1], pairs, own) for own in leaders]
    fold = np.random.default_rng(0).permutation(len(at)) % _FOLDS
    sums = [_sums(at[fold == one], scaled[fold == one], weights[fold == one], pairs) for one in range(_FOLDS)]
    residuals = np.empty_like(scaled)
    for one in range(_FOLDS):
        others = [own for number, own in enumerate(sums) if number != one]
        fitted = _solve(others, columns)
        residuals[fold == one] = scaled[fold == one] - fitted[0] - _features(at[fold == one], pairs) @ fitted[1:]
    noise = np.cov((repeated / error).T)
    model_error = _positive(np.cov(residuals[near].T) - noise)
    return Surrogate(pairs, _solve(sums, columns), error, model_error, noise)


def _leaders(at: np.ndarray, scaled: np.ndarray, weights: np.ndarray) -> list[np.ndarray]:
    """Return the parameters with the largest linear effects on each observation, among those that lead anywhere."""
    alone = [np.arange(1 + at.shape[1])] * scaled.shape[1]
    strength = np.abs(_solve([_sums(at, scaled, weights, _NO_PAIRS)], alone)[1:])
    leading = np.argsort(-(strength / strength.max(axis=0)).max(axis=1), kind="stable")[:LEADING]
    return [leading[np.argsort(-own, kind="stable")[:LEADERS]] for own in strength[leading].T]


def _columns(parameters: int, pairs: np.ndarray, leaders: np.ndarray) -> np.ndarray:
    """Return the columns of a regression: a constant, all parameters, and products of its leaders."""
    products = np.flatnonzero(np.isin(pairs, leaders).all(axis=1))
    return np.concatenate([np.arange(1 + parameters), 1 + parameters + products])


def _sums(at: np.ndarray, scaled: np.ndarray, weights: np.ndarray, pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the sums of products from which a regression is solved; those of several parts add up."""
    features = np.hstack([np.ones((len(at), 1)), _features(at, pairs)])
    weighted = features * weights[:, None]
    return weighted.T @ features, weighted.T @ scaled


def _solve(sums: Sequence[tuple[np.ndarray, np.ndarray]], columns: Sequence[np.ndarray]) -> np.ndarray:
    """Return coefficients (1 + feature, observation) of ridge regressions, each on its own columns."""
    among = np.add.reduce([own[0] for own in sums])
    with_scaled = np.add.reduce([own[1] for own in sums])
    coefficients = np.zeros_like(with_scaled)
    for place, own in enumerate(columns):
        penalty = np.full(len(own), _PENALTY)
        penalty[0] = 0.0  # the constant
        coefficients[own, place] = np.linalg.solve(among[np.ix_(own, own)] + np.diag(penalty), with_scaled[own, place])
    return coefficients


def _features(at: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Return every share as a score with mean 0 and SD 1 under the prior, and products of `pairs`."""
    scores = math.sqrt(12) * (at - 0.5)
    first, second = pairs.T
    return np.hstack([scores, scores[:, first] * scores[:, second] - (first == second)])


def _positive(covariance: np.ndarray) -> np.ndarray:
    """Return the nearest covariance with a positive variance in every direction."""
    values, directions = np.linalg.eigh(np.atleast_2d(covariance))
    return np.asarray(directions * np.maximum(values, _MIN_VARIANCE)) @ directions.T


# -- sampler ----------------------------------------------------------------------------------------------------------


def sample(
    model: Surrogate, observed: np.ndarray, count: int, seed: int, chains: int = CHAINS
) -> tuple[np.ndarray, float]:
    """Return draws from the prior times the likelihood of a surrogate, and the R-hat of the chains.

    Elliptical slice sampling has no step to tune. Steps alternate between an ellipse about the prior and one about the
    normal posterior of a surrogate that is linear. Draws are shares of the ranges, (count, parameter). R-hat is that of
    the log likelihood: 1 is ideal; above 1.1 the chains have not converged.

    Source: Murray, Adams and MacKay (2010); Nishihara, Murray and Adams (2014); Gelman and Rubin (1992).
    """
    rng = np.random.default_rng(seed)
    model = replace(model, coefficients=model.coefficients.astype(np.float32))  # half the time, same accuracy
    near = _if_linear(model, observed)
    at = near.draw(rng, chains)
    each = -(-count // chains)
    steps = max(BURN_IN, each)
    thinned: list[np.ndarray] = []
    levels: list[np.ndarray] = []

    def likelihood(at: np.ndarray) -> np.ndarray:
        return model.log_likelihood(shares(at), observed)

    def beside(at: np.ndarray) -> np.ndarray:
        return likelihood(at) - 0.5 * (at**2).sum(axis=1) - near.log_density(at)

    for step in range(BURN_IN + steps):
        other = rng.standard_normal(at.shape, np.float32)
        at = _step(at, other, likelihood, rng)
        at = near.centre + _step(
            at - near.centre, near.draw(rng, chains) - near.centre, lambda one: beside(near.centre + one), rng
        )
        if step >= BURN_IN:
            levels.append(likelihood(at))
            if (step - BURN_IN + 1) % (steps // each) == 0 and len(thinned) < each:
                thinned.append(at)
    return shares(np.concatenate(thinned)[:count].astype(float)), _r_hat(np.array(levels))


@dataclass(frozen=True)
class _Normal:
    """A normal distribution of scores: its mean (parameter,), the root of its covariance, and its precision."""

    centre: np.ndarray
    root: np.ndarray
    precision: np.ndarray

    def draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        return self.centre + rng.standard_normal((count, len(self.centre)), np.float32) @ self.root.T

    def log_density(self, at: np.ndarray) -> np.ndarray:
        """Return the log density without its constant."""
        difference = at - self.centre
        return -0.5 * np.einsum("ij,ij->i", difference @ self.precision, difference)


def _if_linear(model: Surrogate, observed: np.ndarray) -> _Normal:
    """Return the posterior of the scores for a surrogate that is linear about its mode (Gauss and Newton)."""
    parameters = len(model.coefficients) - 1 - len(model.pairs)
    spread = np.eye(len(observed)) + model.model_error
    at = np.zeros(parameters)
    for _ in range(_NEWTON_STEPS):
        slope = _slope(model, at)
        difference = (observed - model(shares(at[None]))[0]) / model.error
        target = slope.T @ np.linalg.solve(slope @ slope.T + spread, difference + slope @ at)
        at = at + 0.5 * (target - at)
    slope = _slope(model, at)
    precision = np.eye(parameters) + slope.T @ np.linalg.solve(spread, slope)
    root = np.linalg.inv(np.linalg.cholesky(precision)).T
    return _Normal(at.astype(np.float32), root.astype(np.float32), precision.astype(np.float32))


def _slope(model: Surrogate, at: np.ndarray) -> np.ndarray:
    """Return the slope (observation, parameter) of observations on scores, in SD of their error."""
    step = 0.05 * np.eye(len(at))
    up, down = (model(shares(at + sign * step)) / model.error for sign in (1, -1))
    return np.asarray((up - down).T / 0.1)


def _step(
    at: np.ndarray, other: np.ndarray, level: Callable[[np.ndarray], np.ndarray], rng: np.random.Generator
) -> np.ndarray:
    """Move every chain to a point above a random level, on an ellipse through its point and another draw."""
    least = level(at) - rng.exponential(size=len(at))
    angle = rng.uniform(0, 2 * np.pi, len(at)).astype(np.float32)
    low, high = angle - 2 * np.pi, angle.copy()
    moved = at.copy()
    left = np.arange(len(at))
    while len(left):
        points = np.cos(angle[left])[:, None] * at[left] + np.sin(angle[left])[:, None] * other[left]
        above = level(points) > least[left]
        moved[left[above]] = points[above]
        left = left[~above]
        behind = angle[left] < 0
        low[left[behind]], high[left[~behind]] = angle[left[behind]], angle[left[~behind]]
        angle[left] = rng.uniform(low[left], high[left]).astype(np.float32)
    return moved


def _r_hat(levels: np.ndarray) -> float:
    """Return the R-hat of values (step, chain)."""
    within = levels.var(axis=0, ddof=1).mean()
    between = levels.mean(axis=0).var(ddof=1)
    return float(np.sqrt(1 - 1 / len(levels) + between / within))
