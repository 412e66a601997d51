"""A stand-in for the model: what it would show on average, as regressions cheap enough to be asked a million times.

Hundreds of parameters that matter little each matter together, so draws of a few from the flow and of the rest from the
prior seldom agree with what was observed. Parameter sets are then sought with a stand-in: ridge regression of each
observation on every parameter, and on squares and products of those that move it most. What it gets wrong is known from
simulations it has not learned from; every set that is found is lived, and weighed by what it showed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sim.studies.posterior.prior import shares

LEADERS, LEADING = 30, 90
"""Parameters of each observation whose squares and products are in its regression, and of all observations together."""
FAR = 0.3
"""What a simulation counts for that is not near what was observed; the others count for one."""
_PENALTY, _FOLDS = 30.0, 3
CHAINS, SETTLING = 100, 500
"""Chains of the sampler, and the steps after which they have forgotten where they began."""
_NEWTON, _LEAST = 30, 1e-4
_NO_PAIRS = np.empty((0, 2), int)


@dataclass(frozen=True)
class StandIn:
    """Regressions of observations, in SDs of their error and discrepancy.

    pairs         (pair, 2) products of parameters, which follow the parameters themselves among the features
    coefficients  (1 + feature, observation), the first row where all scores are none
    error         (observation,) SDs of error and discrepancy
    doubt         (observation, observation) covariance of what regressions get wrong of what the model shows on average
    luck          (observation, observation) covariance of what single runs of one parameter set show
    """

    pairs: np.ndarray
    coefficients: np.ndarray
    error: np.ndarray
    doubt: np.ndarray
    luck: np.ndarray

    def __call__(self, at: np.ndarray) -> np.ndarray:
        """(n, observation) what these shares (n, parameter) of the ranges would show, in the observations' units."""
        return self._told(at) * self.error

    def expected(self, at: np.ndarray, simulated: np.ndarray) -> np.ndarray:
        """(n, observation) what the model shows on average, after one run of each set showed `simulated`.

        Between the run and the stand-in, nearer to whichever is surer (kriging with a nugget).
        """
        told = self._told(at)
        return (told + (simulated / self.error - told) @ self._towards_run().T) * self.error

    def log_likelihood(self, at: np.ndarray, observed: np.ndarray) -> np.ndarray:
        """(n,) of the observations before a set is lived, the doubt about the stand-in allowed for."""
        return _log_normal((self(at) - observed) / self.error, np.eye(len(self.error)) + self.doubt)

    def log_weights(self, at: np.ndarray, simulated: np.ndarray, observed: np.ndarray) -> np.ndarray:
        """(n,) log likelihood of the observations after a set was lived, less the one before."""
        left = self.doubt - self._towards_run() @ self.doubt
        off = (self.expected(at, simulated) - observed) / self.error
        return _log_normal(off, np.eye(len(self.error)) + left) - self.log_likelihood(at, observed)

    def misfit(self, at: np.ndarray, simulated: np.ndarray) -> float:
        """How far runs lie from the stand-in, squared, against how far they should: 1 is as it should be."""
        off = simulated / self.error - self._told(at)
        return float(np.einsum("ij,ij->i", off, np.linalg.solve(self.doubt + self.luck, off.T).T).mean() / off.shape[1])

    def _told(self, at: np.ndarray) -> np.ndarray:
        return self.coefficients[0] + _features(at, self.pairs) @ self.coefficients[1:]

    def _towards_run(self) -> np.ndarray:
        """How far to go from the stand-in towards what a run showed."""
        return np.linalg.solve(self.doubt + self.luck, self.doubt).T


def _log_normal(off: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    distance = np.einsum("ij,ij->i", off, np.linalg.solve(covariance, off.T).T)
    return np.asarray(-0.5 * (distance + np.linalg.slogdet(2 * np.pi * covariance)[1]))


def learned(at: np.ndarray, simulated: np.ndarray, error: np.ndarray, alike: np.ndarray, near: np.ndarray) -> StandIn:
    """A stand-in learned from simulations: `at` (simulation, parameter) shares, `simulated` (simulation, observation).

    `alike` (run, observation) are runs of one parameter set, which tell luck apart; `near` (simulation,) bool marks the
    simulations near what was observed, by which the doubt is judged.
    """
    told, weights = simulated / error, np.where(near, 1.0, FAR)
    leaders = _leaders(at, told, weights)
    every = sorted({(int(one), int(other)) for own in leaders for one in own for other in own if one <= other})
    pairs = np.array(every)
    columns = [_columns(at.shape[1], pairs, own) for own in leaders]
    fold = np.random.default_rng(0).permutation(len(at)) % _FOLDS
    sums = [_sums(at[fold == one], told[fold == one], weights[fold == one], pairs) for one in range(_FOLDS)]
    missed = np.empty_like(told)
    for one in range(_FOLDS):
        others = [own for number, own in enumerate(sums) if number != one]
        fitted = _solved(others, columns)
        missed[fold == one] = told[fold == one] - fitted[0] - _features(at[fold == one], pairs) @ fitted[1:]
    luck = np.cov((alike / error).T)
    doubt = _positive(np.cov(missed[near].T) - luck)
    return StandIn(pairs, _solved(sums, columns), error, doubt, luck)


def _leaders(at: np.ndarray, told: np.ndarray, weights: np.ndarray) -> list[np.ndarray]:
    """The parameters that move each observation most by themselves, all others being equal, of those that move any."""
    alone = [np.arange(1 + at.shape[1])] * told.shape[1]
    strength = np.abs(_solved([_sums(at, told, weights, _NO_PAIRS)], alone)[1:])
    leading = np.argsort(-(strength / strength.max(axis=0)).max(axis=1), kind="stable")[:LEADING]
    return [leading[np.argsort(-own, kind="stable")[:LEADERS]] for own in strength[leading].T]


def _columns(parameters: int, pairs: np.ndarray, leaders: np.ndarray) -> np.ndarray:
    """Which columns an observation is regressed on: a constant, all parameters, and products of its leaders."""
    products = np.flatnonzero(np.isin(pairs, leaders).all(axis=1))
    return np.concatenate([np.arange(1 + parameters), 1 + parameters + products])


def _sums(at: np.ndarray, told: np.ndarray, weights: np.ndarray, pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The sums of products that a regression is solved from; those of several parts add up."""
    features = np.hstack([np.ones((len(at), 1)), _features(at, pairs)])
    weighed = features * weights[:, None]
    return weighed.T @ features, weighed.T @ told


def _solved(sums: Sequence[tuple[np.ndarray, np.ndarray]], columns: Sequence[np.ndarray]) -> np.ndarray:
    """(1 + feature, observation) coefficients of ridge regressions, each on its own columns."""
    among = np.add.reduce([own[0] for own in sums])
    with_told = np.add.reduce([own[1] for own in sums])
    found = np.zeros_like(with_told)
    for place, own in enumerate(columns):
        penalty = np.full(len(own), _PENALTY)
        penalty[0] = 0.0  # the constant
        found[own, place] = np.linalg.solve(among[np.ix_(own, own)] + np.diag(penalty), with_told[own, place])
    return found


def _features(at: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Every share as a score of mean 0 and SD 1 under the prior, and the products asked for."""
    scores = math.sqrt(12) * (at - 0.5)
    first, second = pairs.T
    return np.hstack([scores, scores[:, first] * scores[:, second] - (first == second)])


def _positive(covariance: np.ndarray) -> np.ndarray:
    """The nearest covariance without a direction of no or less than no variance."""
    values, directions = np.linalg.eigh(np.atleast_2d(covariance))
    return np.asarray(directions * np.maximum(values, _LEAST)) @ directions.T


# -- draws that agree with the observations ---------------------------------------------------------------------------


def draws(
    model: StandIn, observed: np.ndarray, count: int, seed: int, chains: int = CHAINS
) -> tuple[np.ndarray, float]:
    """(count, parameter) shares drawn from prior times the stand-in's likelihood, and how well the chains agree.

    Elliptical slice sampling, which has no step to tune: in turn about the prior (Murray, Adams and MacKay 2010) and
    about the normal that the posterior would be if the stand-in were linear (Nishihara, Murray and Adams 2014).
    Agreement is the R-hat of the log likelihood (Gelman and Rubin 1992): 1 is perfect, beyond 1.1 the chains had not
    settled.
    """
    luck = np.random.default_rng(seed)
    model = replace(model, coefficients=model.coefficients.astype(np.float32))  # half the time, and as good
    near = _if_linear(model, observed)
    at = near.draw(luck, chains)
    each = -(-count // chains)
    steps = max(SETTLING, each)
    kept: list[np.ndarray] = []
    levels: list[np.ndarray] = []

    def likelihood(at: np.ndarray) -> np.ndarray:
        return model.log_likelihood(shares(at), observed)

    def beside(at: np.ndarray) -> np.ndarray:
        return likelihood(at) - 0.5 * (at**2).sum(axis=1) - near.log_density(at)

    for step in range(SETTLING + steps):
        other = luck.standard_normal(at.shape, np.float32)
        at = _step(at, other, likelihood, luck)
        at = near.centre + _step(
            at - near.centre, near.draw(luck, chains) - near.centre, lambda one: beside(near.centre + one), luck
        )
        if step >= SETTLING:
            levels.append(likelihood(at))
            if (step - SETTLING + 1) % (steps // each) == 0 and len(kept) < each:
                kept.append(at)
    return shares(np.concatenate(kept)[:count].astype(float)), _agreement(np.array(levels))


@dataclass(frozen=True)
class _Normal:
    """A normal distribution of scores: `centre` (parameter,), the root of its covariance, and the inverse of that."""

    centre: np.ndarray
    root: np.ndarray
    precision: np.ndarray

    def draw(self, luck: np.random.Generator, count: int) -> np.ndarray:
        return self.centre + luck.standard_normal((count, len(self.centre)), np.float32) @ self.root.T

    def log_density(self, at: np.ndarray) -> np.ndarray:
        """But for a constant."""
        off = at - self.centre
        return -0.5 * np.einsum("ij,ij->i", off @ self.precision, off)


def _if_linear(model: StandIn, observed: np.ndarray) -> _Normal:
    """What the posterior of the scores would be if the stand-in were linear about its mode (Gauss and Newton)."""
    parameters = len(model.coefficients) - 1 - len(model.pairs)
    spread = np.eye(len(observed)) + model.doubt
    at = np.zeros(parameters)
    for _ in range(_NEWTON):
        slope = _slope(model, at)
        off = (observed - model(shares(at[None]))[0]) / model.error
        found = slope.T @ np.linalg.solve(slope @ slope.T + spread, off + slope @ at)
        at = at + 0.5 * (found - at)
    slope = _slope(model, at)
    precision = np.eye(parameters) + slope.T @ np.linalg.solve(spread, slope)
    root = np.linalg.inv(np.linalg.cholesky(precision)).T
    return _Normal(at.astype(np.float32), root.astype(np.float32), precision.astype(np.float32))


def _slope(model: StandIn, at: np.ndarray) -> np.ndarray:
    """(observation, parameter) how fast observations change with scores, in SDs of their error."""
    step = 0.05 * np.eye(len(at))
    up, down = (model(shares(at + sign * step)) / model.error for sign in (1, -1))
    return np.asarray((up - down).T / 0.1)


def _step(
    at: np.ndarray, other: np.ndarray, level: Callable[[np.ndarray], np.ndarray], luck: np.random.Generator
) -> np.ndarray:
    """One step of every chain: to a point above a level drawn first, on an ellipse through it and another draw."""
    least = level(at) - luck.exponential(size=len(at))
    angle = luck.uniform(0, 2 * np.pi, len(at)).astype(np.float32)
    low, high = angle - 2 * np.pi, angle.copy()
    found = at.copy()
    left = np.arange(len(at))
    while len(left):
        turned = np.cos(angle[left])[:, None] * at[left] + np.sin(angle[left])[:, None] * other[left]
        above = level(turned) > least[left]
        found[left[above]] = turned[above]
        left = left[~above]
        behind = angle[left] < 0
        low[left[behind]], high[left[~behind]] = angle[left[behind]], angle[left[~behind]]
        angle[left] = luck.uniform(low[left], high[left]).astype(np.float32)
    return found


def _agreement(levels: np.ndarray) -> float:
    """R-hat of values (step, chain)."""
    within = levels.var(axis=0, ddof=1).mean()
    between = levels.mean(axis=0).var(ddof=1)
    return float(np.sqrt(1 - 1 / len(levels) + between / within))
