"""Elementwise functions for equations.

They use only `+ - * /`, `np.sqrt`, `np.where`, `np.minimum` and `np.maximum`. These give the same bits on every
processor, which `exp`, `log` and `tanh` do not. Arguments are numbers or arrays of one shape; results have their dtype.
"""

from __future__ import annotations

import numpy as np


def saturating(x, limit):
    """Return `x` compressed smoothly to the range from -`limit` to `limit`.

    The slope at 0 is 1, so values near 0 hardly change.

    >>> float(saturating(0.0, 4.0)), round(float(saturating(100.0, 4.0)), 2)
    (0.0, 4.0)
    """
    return limit * x / np.sqrt(limit * limit + x * x)


def likelihood(x):
    """Return the probability for the score `x`.

    It is close to the logistic function near 0 (slope 1/4) and has heavier tails.

    >>> float(likelihood(0.0)), round(float(likelihood(1.0)), 3), round(float(likelihood(-100.0)), 3)
    (0.5, 0.724, 0.0)
    """
    return (1 + x / np.sqrt(x * x + 2 * 2)) / 2


def score(share):
    """Return the score for the probability `share`: the inverse of `likelihood`, with finite scores for 0 and 1.

    >>> round(float(score(0.5)), 3), round(float(likelihood(score(0.2))), 3)
    (0.0, 0.2)
    """
    distance = 2 * share - 1
    return 2 * distance / np.sqrt(np.maximum(1 - distance * distance, 2.0**-20))


def ratio(x):
    """Return the positive factor for the score `x` on a log scale.

    It is close to exp(x) near 0 and to 2 x for large `x`; `ratio(x) * ratio(-x)` is 1.

    >>> float(ratio(0.0)), round(float(ratio(0.3) * ratio(-0.3)), 6)
    (1.0, 1.0)
    """
    return np.where(x > 0, np.sqrt(1 + x * x) + np.abs(x), 1 / (np.sqrt(1 + x * x) + np.abs(x)))


def shortfall(x):
    """Return the positive part of `x`, smoothed at 0.

    It is 1/2 at 0, approaches `x` for large `x` and approaches 0 for very negative `x`.

    >>> float(shortfall(0.0)), round(float(shortfall(-20.0)), 3)
    (0.5, 0.012)
    """
    return (x + np.sqrt(1 + x * x)) / 2


def within(x, low, high):
    """Return `x` limited to the range from `low` to `high`.

    >>> float(within(1.4, 0.0, 1.0))
    1.0
    """
    return np.minimum(np.maximum(x, low), high)


def approach(now, target, days):
    """Return the state one day after `now`, on its way to `target` with a time constant of `days` (at least 1).

    >>> float(approach(0.0, 10.0, 5.0))
    2.0
    """
    return now + (target - now) / np.maximum(days, 1)


def wander(now, days, normal):
    """Return the value one day after `now` of a stationary Ornstein-Uhlenbeck process with mean 0 and SD 1.

    `days` is its time constant, at least 1; `normal` is a standard normal number.

    >>> float(wander(1.0, 1.0, 0.5))
    0.5
    """
    keep = 1 - 1 / np.maximum(days, 1)
    return keep * now + np.sqrt(1 - keep * keep) * normal


def switched(now, uniform, onset, end):
    """Return the next value of a state of 0 or 1.

    A 0 becomes 1 with probability `onset`, and a 1 becomes 0 with probability `end`. `uniform` is a random number in
    [0, 1).

    >>> float(switched(0.0, 0.2, 0.3, 0.5)), float(switched(1.0, 0.2, 0.3, 0.5))
    (1.0, 0.0)
    """
    return np.where(now > 0, uniform >= end, uniform < onset) * (1 + 0 * now)


def lasting(share, end):
    """Return the onset probability for which a state of 0 or 1 that ends with probability `end` has mean `share`.

    >>> round(float(lasting(0.5, 0.1)), 3)
    0.1
    """
    return np.minimum(end * share / np.maximum(1 - share, end), 1)
