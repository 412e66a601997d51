"""Verdicts and scores, from the statistics of worlds.

A criterion is evaluated by the mean of its statistic over worlds, with the 95% interval of that mean. A pattern is met
if all its criteria are met. Scores count patterns over all worlds, and over groups of worlds, which shows how much a
score depends on the worlds.

The headline counts *strong* and *test* patterns that at least one rival fails. Patterns that the equations, or the
amounts of measures, were written for are counted separately. *Sanity* patterns are never counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise

import numpy as np

from sim.outcomes.patterns import USES
from sim.studies.patterns.criteria import HEADLINE, Criterion

Criteria = Mapping[str, Sequence[Criterion]]
Worlds = Sequence[Mapping[str, float]]
"""Statistics of each world."""
_ROUNDING = 1e-9


@dataclass(frozen=True)
class CriterionResult:
    """A criterion with the mean over worlds and its interval (nan if a world lacks the statistic)."""

    criterion: Criterion
    mean: float
    low: float
    high: float
    met: bool

    @property
    def margin(self) -> float:
        """Distance from the mean to the nearer bound, relative to that bound; negative if the criterion is not met."""
        bounds = (self.criterion.low, self.criterion.high)
        size = max((abs(bound) for bound in bounds if np.isfinite(bound)), default=0.0) or 1.0
        return min(self.mean - self.criterion.low, self.criterion.high - self.mean) / size


@dataclass(frozen=True)
class Verdict:
    """The results of all criteria of a pattern."""

    results: tuple[CriterionResult, ...]

    @property
    def met(self) -> bool:
        """Whether all criteria are met."""
        return all(result.met for result in self.results)

    @property
    def decisive(self) -> CriterionResult:
        """The first criterion without a statistic, or else the one with the smallest margin."""
        unknown = [result for result in self.results if np.isnan(result.mean)]
        return unknown[0] if unknown else min(self.results, key=lambda result: result.margin)


def evaluate_criterion(criterion: Criterion, worlds: Worlds) -> CriterionResult:
    """Evaluate a criterion by the mean over worlds."""
    values = np.array([world.get(criterion.statistic, np.nan) for world in worlds], np.float64)
    if np.isnan(values).any():
        return CriterionResult(criterion, np.nan, np.nan, np.nan, False)
    mean, low, high = interval(values)
    met = criterion.low - _ROUNDING <= mean <= criterion.high + _ROUNDING
    return CriterionResult(criterion, mean, low, high, met)


def interval(values: np.ndarray) -> tuple[float, float, float]:
    """Return the mean over worlds and its 95% interval (Student's t; nan for a single world)."""
    n, mean = len(values), float(values.mean())
    half_width = _quantile(n) * float(values.std(ddof=1)) / np.sqrt(n) if n > 1 else float("nan")
    return mean, mean - half_width, mean + half_width


@cache
def _quantile(worlds: int) -> float:
    from scipy.stats import t

    return float(t.ppf(0.975, worlds - 1))


def verdicts(criteria: Criteria, worlds: Worlds) -> dict[str, Verdict]:
    """Return the verdict on every pattern."""
    return {name: Verdict(tuple(evaluate_criterion(one, worlds) for one in own)) for name, own in criteria.items()}


# -- scores ----------------------------------------------------------------------------------------------------------

MODEL = "model"
KINDS = (
    "strong", "test", "strong_and_test", "discriminating", "not_in_mind", "in_mind", "equivalence", "built_in",
)  # fmt: skip
"""Sets of patterns that have a score. `discriminating`: strong and test patterns that at least one rival fails."""


@dataclass(frozen=True)
class Score:
    """Number of patterns met out of `of`: over all worlds, and in each group of worlds."""

    met: int
    of: int
    groups: tuple[int, ...]


@dataclass(frozen=True)
class PatternTable:
    """Criteria by pattern, and statistics of the worlds of `MODEL` and of every rival.

    `in_mind` are the patterns that equations or amounts of measures were written for. `built_in` are those that the
    model cannot fail; they count only in the kind of that name. `groups` is the number of groups of worlds.
    """

    criteria: Criteria
    worlds: Mapping[str, Worlds]
    in_mind: frozenset[str]
    groups: int
    built_in: frozenset[str] = frozenset()

    @cached_property
    def verdicts(self) -> Mapping[str, Mapping[str, Verdict]]:
        """Verdicts by model and pattern."""
        return {model: verdicts(self.criteria, worlds) for model, worlds in self.worlds.items()}

    @cached_property
    def met_in_groups(self) -> Mapping[str, Sequence[frozenset[str]]]:
        """Patterns met in each group of worlds, by model; groups are of about equal size."""
        edges = np.linspace(0, len(self.worlds[MODEL]), self.groups + 1).astype(int)
        return {
            model: [
                frozenset(name for name, own in verdicts(self.criteria, worlds[first:last]).items() if own.met)
                for first, last in pairwise(edges)
            ]
            for model, worlds in self.worlds.items()
        }

    @property
    def rivals(self) -> tuple[str, ...]:
        """All models except `MODEL`."""
        return tuple(model for model in self.worlds if model != MODEL)

    def failing_rivals(self, pattern: str) -> tuple[str, ...]:
        """Return the rivals that fail a pattern."""
        return tuple(rival for rival in self.rivals if not self.verdicts[rival][pattern].met)

    def of_kind(self, kind: str) -> tuple[str, ...]:
        """Return the patterns of one of `KINDS`, in the order of the criteria."""
        if kind == "built_in":
            return tuple(name for name in self.criteria if name in self.built_in)
        uses = (kind,) if kind in USES.values() else HEADLINE
        names = tuple(name for name in self.criteria if name not in self.built_in and USES[name] in uses)
        if kind in (*uses, "strong_and_test"):
            return names
        discriminating = tuple(name for name in names if self.failing_rivals(name))
        if kind == "discriminating":
            return discriminating
        return tuple(name for name in discriminating if (name in self.in_mind) == (kind == "in_mind"))

    def score(self, model: str, kind: str) -> Score:
        """Return the number of patterns of a kind that a model meets."""
        names = self.of_kind(kind)
        return Score(
            sum(self.verdicts[model][name].met for name in names),
            len(names),
            tuple(len(own.intersection(names)) for own in self.met_in_groups[model]),
        )

    def lead(self, rival: str, kind: str) -> Score:
        """Return the number of patterns that the model meets less that of a rival."""
        own, other = self.score(MODEL, kind), self.score(rival, kind)
        groups = tuple(here - there for here, there in zip(own.groups, other.groups, strict=True))
        return Score(own.met - other.met, own.of, groups)

    def agreement_of_groups(self, pattern: str) -> float:
        """Return the share of groups in which the model's verdict equals that over all worlds."""
        whole = self.verdicts[MODEL][pattern].met
        return float(np.mean([(pattern in own) == whole for own in self.met_in_groups[MODEL]]))
