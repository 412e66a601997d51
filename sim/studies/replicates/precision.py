"""Number of pairs of runs that the smallest effect of interest needs, and conclusions from them.

The procedure has two stages (Stein 1945). A pilot of n0 pairs of runs estimates the spread s of a difference. Then

    n = max(n0, ceil((t s / h)²))

pairs are run in all. h is half the smallest effect of interest, and t is Student's quantile of n0 - 1 degrees of
freedom. The interval is the mean of all n, plus and minus t s / √n, with the spread and the t of the pilot alone. Its
half-width is at most h. It holds the true difference in 95 of 100 such studies, exactly if differences are normal: the
number of added runs depends on the pilot's spread, never on a mean, and there is no interim analysis. One n, the
largest that any policy and outcome needs, serves all of them; this keeps the coverage, and so does an upper limit.

"No effect" is concluded only if two one-sided tests at 5% show the difference to be smaller than the smallest effect of
interest (Schuirmann 1987): the 90% interval lies within plus and minus that effect.

Stein, C. (1945). A two-sample test for a linear hypothesis whose power is independent of the variance. Annals of
Mathematical Statistics, 16, 243-258. Schuirmann, D. J. (1987). A comparison of the two one-sided tests procedure and
the power approach for assessing the equivalence of average bioavailability. Journal of Pharmacokinetics and
Biopharmaceutics, 15, 657-680.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from sim.config.settings import StudySettings, check
from sim.outcomes.effects import CONFIDENCE

EQUIVALENCE = 0.90
"""The interval that lies within the smallest effect where two one-sided tests at 5% reject a larger one."""
FEWEST = 2
"""Pairs that a spread needs."""


class Precision(StudySettings):
    """Settings below `precision`; `conf/study/replicates.yaml` explains them."""

    smallest: dict[str, Annotated[float, check(lambda size: size > 0, "a number above 0")] | None]
    pilot: int = Field(ge=FEWEST)
    most: int = Field(ge=FEWEST)

    @property
    def sizes(self) -> dict[str, float]:
        """The smallest effect of interest of each outcome that has one."""
        return {name: size for name, size in self.smallest.items() if size is not None}


@dataclass(frozen=True)
class Pairs:
    """One outcome with a policy and under the baseline, simulated with the same random numbers.

    `with_policy` and `as_usual` have one number per replicate, in the unit of the outcome; the first `pilot` replicates
    are those of the pilot.
    """

    scenario: str
    kind: str
    outcome: str
    with_policy: np.ndarray
    as_usual: np.ndarray
    pilot: int

    @property
    def differences(self) -> np.ndarray:
        """Values with the policy less those under the baseline."""
        return self.with_policy - self.as_usual

    @property
    def spread(self) -> float:
        """The standard deviation of the pilot's differences."""
        return float(np.std(self.differences[: self.pilot], ddof=1))


# -- the procedure ----------------------------------------------------------------------------------------------------


def pairs_needed(spread: float, pilot: int, half_width: float) -> int:
    """Return (t s / h)² rounded up, for the spread s of a pilot of `pilot` pairs (Stein 1945), and at least two."""
    return max(FEWEST, math.ceil((quantile(CONFIDENCE, pilot) * spread / half_width) ** 2))


def quantile(confidence: float, pilot: int) -> float:
    """Return Student's quantile of a two-sided interval from the spread of `pilot` pairs."""
    from scipy.stats import t

    return float(t.ppf((1 + confidence) / 2, pilot - 1))


def sufficient_pairs(pairs: Sequence[Pairs], settings: Precision) -> int:
    """Return the largest number of pairs that any policy and outcome needs, within `pilot` and `most`."""
    needed = [pairs_needed(own.spread, own.pilot, half_width(settings.sizes[own.outcome])) for own in pairs]
    return min(max(settings.pilot, *needed), settings.most)


def half_width(smallest: float) -> float:
    """Return the largest half-width of an interval: half the smallest effect of interest.

    An effect of zero is then nearly always shown to be smaller than the smallest effect, and one of twice the smallest
    effect to be larger.
    """
    return smallest / 2


def interval(pairs: Pairs, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return Stein's interval: the mean of all pairs, with the pilot's spread and degrees of freedom."""
    mean = float(pairs.differences.mean())
    reach = quantile(confidence, pairs.pilot) * standard_error(pairs)
    return mean - reach, mean + reach


def standard_error(pairs: Pairs) -> float:
    """Return the standard error of the mean difference of all pairs, from the spread of the pilot."""
    return pairs.spread / math.sqrt(len(pairs.differences))


def decision(pairs: Pairs, smallest: float) -> str:
    """Return the conclusion about the difference; it is "no effect" only where equivalence is shown."""
    low, high = interval(pairs)
    least, most = interval(pairs, EQUIVALENCE)
    equivalent = -smallest < least and most < smallest
    if low <= 0 <= high:
        return f"no effect: equivalent to zero within ±{smallest:g}" if equivalent else "not decided"
    moves = "lowers" if high < 0 else "raises"
    if low > smallest or high < -smallest:
        return f"{moves} by more than {smallest:g}"
    return f"{moves}, but {'by less' if equivalent else 'not shown to be by more'} than {smallest:g}"


def stopping(pairs: Pairs, smallest: float, most: int) -> str:
    """Return the reason for stopping for this policy and outcome."""
    low, high = interval(pairs)
    allowed, actual = half_width(smallest), (high - low) / 2
    needed = pairs_needed(pairs.spread, pairs.pilot, allowed)
    if needed <= pairs.pilot:
        return "the pilot was enough"
    if needed <= len(pairs.differences):
        return f"reached the half-width of {allowed:g}"
    why = f"stopped at the most allowed, {most:,}" if len(pairs.differences) >= most else "some runs failed"
    return f"{why}: half-width {actual:.2g} instead of {allowed:g}"


def gain_of_pairing(pairs: Pairs) -> tuple[float, float]:
    """Return the correlation within the pairs, and the factor by which unpaired worlds would need more runs.

    The factor is the variance of the difference of two independent worlds, over that of the paired difference. It is
    nan or infinite where a world, or the difference, does not vary.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = np.corrcoef(pairs.with_policy, pairs.as_usual)[0, 1]
        independent = np.var(pairs.with_policy, ddof=1) + np.var(pairs.as_usual, ddof=1)
        return float(correlation), float(independent / np.var(pairs.differences, ddof=1))
