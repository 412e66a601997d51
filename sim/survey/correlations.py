"""Correlations by role with two-sided tests at 5%, as in the study of 2022, and their permutation null.

Some of many tests are significant by chance. Permuting the outcomes over the same people shows how many.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, cached_property

import numpy as np

from sim.survey.visit import Answers

SIGNIFICANT = 0.05
NULL_QUANTILE = 0.95
"""Share of studies without any relation in which the number of significant tests stays within the limit."""


class Correlations:
    """Correlations between predictors and outcomes among the respondents of a role who returned the questionnaire.

    Parameters
    ----------
    answers : Answers
    predictors, outcomes : sequence of str
        Names of `Answers.responses`, or `is_manager`. Names that the answers lack are left out.
    role : str
        manager, non_manager or all.

    Attributes
    ----------
    r : (predictor, outcome) array
        Correlations, 0 where one of the two does not vary.
    n : int
        Number of people.
    """

    def __init__(self, answers: Answers, predictors: Sequence[str], outcomes: Sequence[str], role: str = "all"):
        rows = answers.of(role) & answers.filled_in
        values = {"is_manager": answers.is_manager, **answers.responses}
        self.predictors, self.outcomes = (
            tuple(dict.fromkeys(name for name in names if name in values)) for names in (predictors, outcomes)
        )
        self._x, self._y = (_standardised([values[name][rows] for name in names], int(rows.sum()))
                            for names in (self.predictors, self.outcomes))  # fmt: skip
        self.n = int(rows.sum())
        self.r = self._x @ self._y.T / max(self.n, 1)

    def has(self, predictors: Sequence[str], outcomes: Sequence[str]) -> bool:
        """Return whether the answers include all of these."""
        return set(predictors) <= set(self.predictors) and set(outcomes) <= set(self.outcomes)

    def at(self, predictors: Sequence[str], outcomes: Sequence[str]) -> tuple[np.ndarray, ...]:
        """Return the index of these correlations, as in `r[at(predictors, outcomes)]`."""
        rows = [self.predictors.index(name) for name in predictors]
        return np.ix_(np.array(rows, int), np.array([self.outcomes.index(name) for name in outcomes], int))

    @cached_property
    def significant(self) -> np.ndarray:
        """Sign of each significant correlation, 0 for the others: (predictor, outcome)."""
        return _signs(self.r, self.n)

    def permuted(self, outcomes: Sequence[str], times: int, seed: Sequence[int]) -> np.ndarray:
        """Return the signs of significant correlations under the permutation null, (times, predictor, outcome).

        The outcomes of a person stay together, which preserves correlations among predictors and among outcomes.
        """
        y = self._y[[self.outcomes.index(name) for name in outcomes]]
        permutations = np.random.default_rng(seed).permuted(np.tile(np.arange(self.n), (times, 1)), axis=1)
        return _signs(self._x @ y.T[permutations] / max(self.n, 1), self.n)


def _signs(r: np.ndarray, n: int) -> np.ndarray:
    return np.where(np.abs(r) > least_significant(n), np.sign(r), 0).astype(np.int8)


def _standardised(rows: Sequence[np.ndarray], n: int) -> np.ndarray:
    """Return values (name, person) with mean 0 and SD 1; 0 where nothing varies."""
    values = np.array(rows).reshape(len(rows), n)
    if not values.size:
        return np.zeros(values.shape)
    values = values - values.mean(axis=1, keepdims=True)
    spread = values.std(axis=1, keepdims=True)
    return np.divide(values, spread, out=np.zeros_like(values), where=spread > 1e-9)


@cache
def least_significant(n: int) -> float:
    """Return the smallest correlation among `n` people that is significant, two-sided."""
    from scipy.stats import t

    if n < 4:
        return 1.0
    limit = float(t.ppf(1 - SIGNIFICANT / 2, n - 2))
    return limit / np.sqrt(n - 2 + limit * limit)


def limit_by_chance(counts: np.ndarray) -> float:
    """Return the largest number of significant tests in 95% of studies without any relation, from their counts."""
    return float(np.quantile(counts, NULL_QUANTILE, method="inverted_cdf"))
