"""Correlations by role with two-sided tests at 5%, as in the study of 2022, and their permutation null.

Many tests give some significant results by chance. Permuting the outcomes over the same people shows how many.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from sim.survey.visit import Answers

SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Relations:
    """Correlations between predictors and outcomes in one group.

    r     (predictor, outcome), 0 where one of the two does not vary
    n     people behind them
    """

    predictors: tuple[str, ...]
    outcomes: tuple[str, ...]
    r: np.ndarray
    n: int

    def of(self, predictor: str, outcome: str) -> float:
        """Return one correlation."""
        return float(self.r[self.predictors.index(predictor), self.outcomes.index(outcome)])

    @property
    def found(self) -> np.ndarray:
        """Sign of each significant correlation, 0 for the others: (predictor, outcome)."""
        return signs(self.r, self.n)


def relations(answers: Answers, predictors: Sequence[str], outcomes: Sequence[str], role: str = "all") -> Relations:
    """Return the correlations of the responses of a role, among those who returned the questionnaire.

    Names are those of `Answers.said`, and `is_manager`.
    """
    rows = answers.of(role) & answers.filled_in
    x, y = (_standardised(answers, names, rows) for names in (predictors, outcomes))
    n = int(rows.sum())
    return Relations(tuple(predictors), tuple(outcomes), x @ y.T / max(n, 1), n)


def permute_outcomes(
    answers: Answers, predictors: Sequence[str], outcomes: Sequence[str], role: str, times: int, seed: Sequence[int]
) -> np.ndarray:
    """Return the signs of significant correlations under the permutation null.

    Parameters
    ----------
    answers : Answers
    predictors, outcomes : sequence of str
        Names of `Answers.said`, or `is_manager`.
    role : str
        manager, non_manager or all.
    times : int
        Number of permutations. Each permutes the outcomes of a person together, so that correlations among predictors
        and among outcomes remain.
    seed : sequence of int

    Returns
    -------
    (times, predictor, outcome) array
        1, -1 or 0.
    """
    rows = answers.of(role) & answers.filled_in
    x, y = (_standardised(answers, names, rows) for names in (predictors, outcomes))
    n = int(rows.sum())
    permutations = np.random.default_rng(seed).permuted(np.tile(np.arange(n), (times, 1)), axis=1)
    return signs(x @ y.T[permutations] / max(n, 1), n)


def is_asked(answers: Answers, name: str) -> bool:
    """Return whether the responses have this variable."""
    return name == "is_manager" or name in answers.said


def signs(r: np.ndarray, n: int) -> np.ndarray:
    """Return the sign of each significant correlation among `n` people, 0 for the others."""
    return np.where(np.abs(r) > least_significant(n), np.sign(r), 0).astype(np.int8)


def _standardised(answers: Answers, names: Iterable[str], rows: np.ndarray) -> np.ndarray:
    """Return values (name, person) with mean 0 and SD 1; 0 where nothing varies."""
    values = np.array([(answers.is_manager if name == "is_manager" else answers.said[name])[rows] for name in names])
    if not values.size:
        return np.zeros((len(values), int(rows.sum())))
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
