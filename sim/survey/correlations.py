"""Relations as the study of 2022 looked for them: correlations by role, at the size of the sample, two-sided at 5%.

Many tests find something by chance alone. How much, the answers tell themselves: deal the outcomes anew over the same
people, and look again.
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
    """All correlations between some predictors and some outcomes in one group.

    r     (predictor, outcome), 0 where one of the two does not vary
    n     people behind them
    """

    predictors: tuple[str, ...]
    outcomes: tuple[str, ...]
    r: np.ndarray
    n: int

    def of(self, predictor: str, outcome: str) -> float:
        """One correlation."""
        return float(self.r[self.predictors.index(predictor), self.outcomes.index(outcome)])

    @property
    def found(self) -> np.ndarray:
        """(predictor, outcome): the sign of a significant correlation, 0 where it is not."""
        return signs(self.r, self.n)


def relations(answers: Answers, predictors: Sequence[str], outcomes: Sequence[str], role: str = "all") -> Relations:
    """Correlations of what respondents of a role said, of those who filled in the questionnaire.

    Names are those of `Answers.said`, and `is_manager`.
    """
    rows = answers.of(role) & answers.filled_in
    x, y = (_standardised(answers, names, rows) for names in (predictors, outcomes))
    n = int(rows.sum())
    return Relations(tuple(predictors), tuple(outcomes), x @ y.T / max(n, 1), n)


def permute_outcomes(
    answers: Answers, predictors: Sequence[str], outcomes: Sequence[str], role: str, times: int, luck: Sequence[int]
) -> np.ndarray:
    """Signs of what is significant by chance alone, (times, predictor, outcome): 1, -1 or 0.

    Each time the outcomes of the same people are dealt anew over them, all outcomes of a person together, so that what
    hangs together among predictors, and among outcomes, still does. `luck` seeds the dealing.
    """
    rows = answers.of(role) & answers.filled_in
    x, y = (_standardised(answers, names, rows) for names in (predictors, outcomes))
    n = int(rows.sum())
    deals = np.random.default_rng(luck).permuted(np.tile(np.arange(n), (times, 1)), axis=1)
    return signs(x @ y.T[deals] / max(n, 1), n)


def is_asked(answers: Answers, name: str) -> bool:
    """Whether the answers hold this."""
    return name == "is_manager" or name in answers.said


def signs(r: np.ndarray, n: int) -> np.ndarray:
    """The sign of each correlation among `n` people that is significant, 0 for the others."""
    return np.where(np.abs(r) > least_significant(n), np.sign(r), 0).astype(np.int8)


def _standardised(answers: Answers, names: Iterable[str], rows: np.ndarray) -> np.ndarray:
    """(name, person) with mean 0 and SD 1; all 0 where nothing varies."""
    values = np.array([(answers.is_manager if name == "is_manager" else answers.said[name])[rows] for name in names])
    if not values.size:
        return np.zeros((len(values), int(rows.sum())))
    values = values - values.mean(axis=1, keepdims=True)
    spread = values.std(axis=1, keepdims=True)
    return np.divide(values, spread, out=np.zeros_like(values), where=spread > 1e-9)


@cache
def least_significant(n: int) -> float:
    """The smallest correlation among `n` people that is significant, two-sided."""
    from scipy.stats import t

    if n < 4:
        return 1.0
    limit = float(t.ppf(1 - SIGNIFICANT / 2, n - 2))
    return limit / np.sqrt(n - 2 + limit * limit)
