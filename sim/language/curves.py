"""Smooth elementwise functions for equations.

They use only `+ - * /`, `np.sqrt`, `np.where`, `np.minimum` and `np.maximum`, which give the same bits on every
processor; `exp`, `log` and `tanh` do not. All keep the precision of their arguments.
"""

from __future__ import annotations

import numpy as np


def saturating(x, limit):
    """Bound `x` smoothly by ±`limit`; the slope at 0 is 1.

    >>> float(saturating(0.0, 4.0)), round(float(saturating(100.0, 4.0)), 2)
    (0.0, 4.0)
    """
    return limit * x / np.sqrt(limit * limit + x * x)


def likelihood(x):
    """Turn a score into a probability; like the logistic function near 0 (slope 1/4), with heavier tails.

    >>> float(likelihood(0.0)), round(float(likelihood(1.0)), 3), round(float(likelihood(-100.0)), 3)
    (0.5, 0.724, 0.0)
    """
    return (1 + x / np.sqrt(x * x + 2 * 2)) / 2


def score(share):
    """Return the score whose likelihood is `share`: the inverse of `likelihood`, finite at 0 and 1.

    >>> round(float(score(0.5)), 3), round(float(likelihood(score(0.2))), 3)
    (0.0, 0.2)
    """
    distance = 2 * share - 1
    return 2 * distance / np.sqrt(np.maximum(1 - distance * distance, 2.0**-20))


def ratio(x):
    """Turn a score into a positive factor: about exp(x) near 0, linear far out; ratio(x) * ratio(-x) = 1.

    >>> float(ratio(0.0)), round(float(ratio(0.3) * ratio(-0.3)), 6)
    (1.0, 1.0)
    """
    return np.where(x > 0, np.sqrt(1 + x * x) + np.abs(x), 1 / (np.sqrt(1 + x * x) + np.abs(x)))


def shortfall(x):
    """Return the part of `x` above 0 with a smooth corner: near x for large x, near 0 for negative x, 1/2 at 0.

    >>> float(shortfall(0.0)), round(float(shortfall(-20.0)), 3)
    (0.5, 0.012)
    """
    return (x + np.sqrt(1 + x * x)) / 2


def within(x, low, high):
    """Limit `x` to the range from `low` to `high`.

    >>> float(within(1.4, 0.0, 1.0))
    1.0
    """
    return np.minimum(np.maximum(x, low), high)


def approach(now, target, days):
    """Move `now` one day towards `target`, with a time constant of `days`.

    >>> float(approach(0.0, 10.0, 5.0))
    2.0
    """
    return now + (target - now) / np.maximum(days, 1)


def wander(now, days, normal):
    """Advance a stationary Ornstein-Uhlenbeck process (mean 0, SD 1, time constant `days`) by one day.

    >>> float(wander(1.0, 1.0, 0.5))
    0.5
    """
    keep = 1 - 1 / np.maximum(days, 1)
    return keep * now + np.sqrt(1 - keep * keep) * normal


def switched(now, uniform, onset, end):
    """Advance a state of 0 or 1 that begins with probability `onset` and ends with probability `end`.

    >>> float(switched(0.0, 0.2, 0.3, 0.5)), float(switched(1.0, 0.2, 0.3, 0.5))
    (1.0, 0.0)
    """
    return np.where(now > 0, uniform >= end, uniform < onset) * (1 + 0 * now)


def lasting(share, end):
    """Return the onset probability per step that keeps a share of `share`, where each ends with probability `end`.

    >>> round(float(lasting(0.5, 0.1)), 3)
    0.1
    """
    return np.minimum(end * share / np.maximum(1 - share, end), 1)
