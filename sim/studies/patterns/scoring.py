"""From statistics of worlds to verdicts, and from verdicts to scores.

A part is judged by the mean of its statistic over worlds; the interval is a 95% one of that mean, over worlds. A
pattern is met when all of its parts are. Scores are counted over all worlds, and anew over groups of them, which tells
how much they hang on the worlds.

What counts is what is *strong* or *test* and what at least one rival fails. Patterns that the equations, or amounts of
measures, were written with in mind are counted apart, and *sanity* is never counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise

import numpy as np

from sim.outcomes.patterns import patterns
from sim.studies.patterns.criteria import COUNTED, Part

Criteria = Mapping[str, Sequence[Part]]
Worlds = Sequence[Mapping[str, float]]
"""The statistics of each world."""
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Judged:
    """One part: mean over worlds with its interval (nan where the model says nothing), and whether it is met."""

    part: Part
    mean: float
    low: float
    high: float
    met: bool

    @property
    def room(self) -> float:
        """How far within the nearer bound the mean lies, as a share of that bound's size; below 0 beyond it."""
        size = max((abs(bound) for bound in (self.part.low, self.part.high) if np.isfinite(bound)), default=0.0) or 1.0
        return min(self.mean - self.part.low, self.part.high - self.mean) / size


@dataclass(frozen=True)
class Verdict:
    """One pattern and its parts."""

    pattern: str
    parts: tuple[Judged, ...]

    @property
    def met(self) -> bool:
        """Whether all parts are."""
        return all(judged.met for judged in self.parts)

    @property
    def telling(self) -> Judged:
        """What decides: what nobody says anything of, else what lies farthest beyond or nearest to its bound."""
        silent = [judged for judged in self.parts if np.isnan(judged.mean)]
        return silent[0] if silent else min(self.parts, key=lambda judged: judged.room)


def judged(part: Part, worlds: Worlds) -> Judged:
    """Judge one part by the mean over worlds."""
    values = np.array([world.get(part.statistic or "", np.nan) for world in worlds], np.float64)
    if np.isnan(values).any():
        return Judged(part, np.nan, np.nan, np.nan, False)
    mean, low, high = interval(values)
    return Judged(part, mean, low, high, part.low - _ROUNDING <= mean <= part.high + _ROUNDING)


def interval(values: np.ndarray) -> tuple[float, float, float]:
    """The mean of some worlds and its 95% interval (Student); of one world there is none."""
    n, mean = len(values), float(values.mean())
    reach = _quantile(n) * float(values.std(ddof=1)) / np.sqrt(n) if n > 1 else float("nan")
    return mean, mean - reach, mean + reach


@cache
def _quantile(worlds: int) -> float:
    from scipy.stats import t

    return float(t.ppf(0.975, worlds - 1))


def verdicts(criteria: Criteria, worlds: Worlds) -> dict[str, Verdict]:
    """Every pattern's verdict."""
    return {name: Verdict(name, tuple(judged(part, worlds) for part in parts)) for name, parts in criteria.items()}


def met(criteria: Criteria, worlds: Worlds) -> frozenset[str]:
    """The patterns that are met."""
    return frozenset(name for name, verdict in verdicts(criteria, worlds).items() if verdict.met)


def grouped(worlds: Worlds, groups: int) -> list[Worlds]:
    """Groups of worlds of about one size."""
    edges = np.linspace(0, len(worlds), groups + 1).astype(int)
    return [worlds[first:last] for first, last in pairwise(edges)]


# -- scores ----------------------------------------------------------------------------------------------------------

MODEL = "model"
KINDS = {
    "strong": "Strong",
    "test": "Test",
    "counted": "Both",
    "telling": "Both, that some rival fails",
    "not_in_mind": "Of those, not in mind",
    "in_mind": "Of those, in mind",
    "equivalence": "Equivalence",
    "built_in": "Equivalence, built in",
}
"""What is scored by itself, and its heading."""
_IN_MIND = {"not_in_mind": False, "in_mind": True}


@dataclass(frozen=True)
class Score:
    """How many patterns of some are met: over all worlds, and in each group of them."""

    met: int
    of: int
    groups: tuple[int, ...]

    def less(self, other: Score) -> Score:
        """The lead over another score of the same patterns."""
        lead = tuple(own - others for own, others in zip(self.groups, other.groups, strict=True))
        return Score(self.met - other.met, self.of, lead)


@dataclass(frozen=True)
class Table:
    """The pattern table: what counts as met, and the worlds of the model and of every rival, by name.

    Patterns that are `built_in` cannot fail in the model, so they are shown and counted nowhere.
    """

    criteria: Criteria
    worlds: Mapping[str, Worlds]
    in_mind: frozenset[str]
    groups: int
    built_in: frozenset[str] = frozenset()

    @cached_property
    def verdicts(self) -> Mapping[str, Mapping[str, Verdict]]:
        """Who -> pattern -> verdict."""
        return {who: verdicts(self.criteria, worlds) for who, worlds in self.worlds.items()}

    @cached_property
    def met_in_groups(self) -> Mapping[str, Sequence[frozenset[str]]]:
        """Who -> the patterns met in each group of worlds."""
        return {
            who: [met(self.criteria, group) for group in grouped(worlds, self.groups)]
            for who, worlds in self.worlds.items()
        }

    @property
    def rivals(self) -> tuple[str, ...]:
        """Everybody but the model."""
        return tuple(who for who in self.worlds if who != MODEL)

    def tells(self, pattern: str) -> bool:
        """Whether at least one rival fails it."""
        return any(not self.verdicts[who][pattern].met for who in self.rivals)

    def of_kind(self, kind: str) -> tuple[str, ...]:
        """The patterns of one of `KINDS`, in the order of the criteria."""
        return tuple(name for name in self.criteria if self._is_of(name, kind))

    def _is_of(self, pattern: str, kind: str) -> bool:
        if pattern in self.built_in or kind == "built_in":
            return pattern in self.built_in and kind == "built_in"
        use = _uses()[pattern]
        if kind in (*_IN_MIND, "telling"):
            mind = _IN_MIND.get(kind)
            return use in COUNTED and self.tells(pattern) and mind in (None, pattern in self.in_mind)
        return use in COUNTED if kind == "counted" else use == kind

    def score(self, who: str, kind: str) -> Score:
        """How many patterns of a kind somebody meets."""
        names = self.of_kind(kind)
        return Score(
            sum(self.verdicts[who][name].met for name in names),
            len(names),
            tuple(len(own.intersection(names)) for own in self.met_in_groups[who]),
        )

    def lead(self, rival: str, kind: str) -> Score:
        """By how many more the model meets than a rival."""
        return self.score(MODEL, kind).less(self.score(rival, kind))

    def steadiness(self, pattern: str) -> float:
        """The share of groups of worlds in which the model's verdict is that of all worlds."""
        whole = self.verdicts[MODEL][pattern].met
        return float(np.mean([(pattern in own) == whole for own in self.met_in_groups[MODEL]]))


@cache
def _uses() -> Mapping[str, str]:
    return {pattern.name: pattern.use for pattern in patterns()}
