"""Curves that bend a number smoothly, whatever it means.

They are written with `+ - * /`, `np.sqrt`, `np.where`, `np.minimum` and `np.maximum` alone, which give the same bits on
every processor; `exp`, `log` and `tanh` do not. All are elementwise and keep the precision of their arguments.
"""

from __future__ import annotations

import numpy as np


def saturating(x, limit):
    """Bend `x` smoothly so that it stays within ±`limit`; slope 1 at 0.

    >>> float(saturating(0.0, 4.0)), round(float(saturating(100.0, 4.0)), 2)
    (0.0, 4.0)
    """
    return limit * x / np.sqrt(limit * limit + x * x)


def likelihood(x):
    """Turn a score into a chance between 0 and 1; like the logistic near 0 (slope 1/4), with heavier tails.

    >>> float(likelihood(0.0)), round(float(likelihood(1.0)), 3), round(float(likelihood(-100.0)), 3)
    (0.5, 0.724, 0.0)
    """
    return (1 + x / np.sqrt(x * x + 2 * 2)) / 2


def score(share):
    """The score whose likelihood is `share`; the inverse of `likelihood`, held finite at 0 and 1.

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
    """The part of `x` above 0, with a smooth corner: x for large x, 0 for very negative x, 1/2 at 0.

    >>> float(shortfall(0.0)), round(float(shortfall(-20.0)), 3)
    (0.5, 0.012)
    """
    return (x + np.sqrt(1 + x * x)) / 2


def within(x, low, high):
    """Hold `x` between `low` and `high`.

    >>> float(within(1.4, 0.0, 1.0))
    1.0
    """
    return np.minimum(np.maximum(x, low), high)


def approach(now, target, days):
    """One day's step of `now` towards `target` with a time constant of `days`.

    >>> float(approach(0.0, 10.0, 5.0))
    2.0
    """
    return now + (target - now) / np.maximum(days, 1)


def wander(now, days, normal):
    """One day's step of a stationary random course with mean 0, SD 1 and a memory of `days` (Ornstein-Uhlenbeck).

    >>> float(wander(1.0, 1.0, 0.5))
    0.5
    """
    keep = 1 - 1 / np.maximum(days, 1)
    return keep * now + np.sqrt(1 - keep * keep) * normal


def switched(now, uniform, onset, end):
    """A yes-or-no that begins with chance `onset` and ends with chance `end`; 0 or 1.

    >>> float(switched(0.0, 0.2, 0.3, 0.5)), float(switched(1.0, 0.2, 0.3, 0.5))
    (1.0, 0.0)
    """
    return np.where(now > 0, uniform >= end, uniform < onset) * (1 + 0 * now)


def lasting(share, end):
    """The chance of onset per step that keeps a share of `share` in being when each ends with chance `end` per step.

    >>> round(float(lasting(0.5, 0.1)), 3)
    0.1
    """
    return np.minimum(end * share / np.maximum(1 - share, end), 1)
