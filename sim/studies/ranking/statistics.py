"""What wins in how many worlds: shares, regret and harms, from the policies' differences from today's practice.

A world is one draw: parameters, structure, people and chance. In it all policies and today's practice share all of
these, so a difference between two policies is due to the policies. Of every outcome here more is worse. What differs by
no more than a margin fixed beforehand is about the same. Intervals are Wilson's over worlds, those of regret are from a
bootstrap over worlds: they say what more draws of the same kind would change, and nothing about other kinds of draws.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.engine.plan import BASELINE
from sim.outcomes.definitions import HEADLINES
from sim.outcomes.effects import CONFIDENCE
from sim.outcomes.run_summary import USERS, WITHOUT

if TYPE_CHECKING:
    import pandas as pd

BURN_OUT, COLLEAGUES, COMPANY = HEADLINES
BOTH = "both"
"""Burn-out complaints and isolation from colleagues at once."""
EVERYBODY = "everybody"
PLAUSIBLE, ALL, SINGLE = "plausible", "all", "single"
"""Which draws are counted, and among which policies."""
TAIL = 0.9
"""Of the regrets of a policy: what nine worlds of ten stay below."""
_SEED = 1

Effects = Mapping[str, "pd.DataFrame"]
"""By outcome: a row a world, a column a policy, the difference from today's practice in the outcome's unit."""
Margins = Mapping[str, float]
"""By outcome: up to which difference two things are about the same, in the outcome's unit."""


# -- shares -----------------------------------------------------------------------------------------------------------


@cache
def wilson(count: int, of: int) -> tuple[float, float]:
    """The ends of Wilson's 95% interval of a share; nan where there is nothing to count (Wilson 1927)."""
    from scipy.stats import binomtest

    if of == 0:
        return np.nan, np.nan
    found = binomtest(count, of).proportion_ci(CONFIDENCE, method="wilson")
    return float(found.low), float(found.high)


def of_hundred(counts: Sequence[int]) -> list[int]:
    """Counts as whole numbers that add up to 100, by the largest remainder; all nought where nothing was counted.

    >>> of_hundred([1, 1, 1])
    [34, 33, 33]
    """
    whole = sum(counts)
    if whole == 0:
        return [0] * len(counts)
    rounded = [100 * count // whole for count in counts]
    by_remainder = sorted(range(len(counts)), key=lambda place: -(100 * counts[place] % whole))
    for place in by_remainder[: 100 - sum(rounded)]:
        rounded[place] += 1
    return rounded


def _share(name: str, hits: np.ndarray, of: int) -> dict[str, Any]:
    """A count, its share and the share's interval, as columns that begin with `name`."""
    count = int(np.sum(hits))
    low, high = wilson(count, of)
    return {name: count, f"{name}_share": count / of if of else np.nan, f"{name}_low": low, f"{name}_high": high}


# -- which worlds -----------------------------------------------------------------------------------------------------


def near_the_data(
    today: pd.DataFrame, target: float, near_burn_out: float | None, near_isolation: float | None
) -> pd.DataFrame:
    """Whether today's practice of each world lies near what was measured: a row a world, a column an outcome.

    `today` holds means of home workers: burn-out complaints per 1,000, isolation in SD of Dutch home workers of 2022,
    whose mean is 0. `target` and `near_burn_out` are in percent of people, `near_isolation` in SD; None asks nothing. A
    world whose home workers are too few to be reported is not near.
    """
    import pandas as pd

    off = {BURN_OUT: (today[BURN_OUT] / 10 - target).abs(), **{name: today[name].abs() for name in HEADLINES[1:]}}
    most = {BURN_OUT: near_burn_out, COLLEAGUES: near_isolation, COMPANY: near_isolation}
    return pd.DataFrame(
        {name: off[name] <= limit if limit is not None else True for name, limit in most.items()}, index=today.index
    )


def differences(levels: pd.DataFrame) -> pd.DataFrame:
    """Differences from today's practice by row (a draw), scenario and group; replicates of a draw are averaged.

    `levels` has a row per run, scenario and group, with the headline outcomes. Users of a policy's measures are
    compared with the same people without it, every other group with that group in the baseline of the same run.
    """
    means = (
        levels.groupby(["scenario", "group", "row"], sort=False, observed=True)[list(HEADLINES)].mean().astype(float)
    )
    found = means.reset_index()
    found = found[(found["scenario"] != BASELINE.name) & (found["group"] != WITHOUT)].reset_index(drop=True)
    is_users = found["group"] == USERS
    usual = found.assign(
        scenario=found["scenario"].where(is_users, BASELINE.name), group=found["group"].where(~is_users, WITHOUT)
    )
    paired = means.reindex(usual.set_index(["scenario", "group", "row"]).index)
    return found.assign(**{name: found[name] - paired[name].to_numpy() for name in HEADLINES})


def effects_of(differences: pd.DataFrame, policies: Sequence[str]) -> dict[str, pd.DataFrame]:
    """By outcome, the differences of everybody as a table of worlds by these policies; there may be no world."""
    own = differences[differences["group"] == EVERYBODY]
    rows = np.sort(own["row"].unique())
    return {
        name: own.pivot(index="row", columns="scenario", values=name).reindex(index=rows, columns=list(policies))
        for name in HEADLINES
    }


def without_effect(effects: Effects) -> pd.DataFrame:
    """Whether a policy changes nothing at all, to the bit: a row a world, a column a policy."""
    nothing = [effects[name] == 0 for name in HEADLINES]
    return nothing[0] & nothing[1] & nothing[2]


def packages(measures: Mapping[str, frozenset[str]]) -> list[str]:
    """The policies that hold all measures of another one, and more; `measures` maps a policy to its measures."""
    return [
        name
        for name, own in measures.items()
        if any(other and other < own for policy, other in measures.items() if policy != name)
    ]


# -- who wins ---------------------------------------------------------------------------------------------------------


def against_today(effects: Effects, margins: Margins) -> pd.DataFrame:
    """One row per outcome and policy: in how many worlds it is better, about the same and worse than today's practice.

    `unchanged` counts worlds in which it changes nothing at all; they are among those that are about the same. With
    the median, and the 5th and 95th percentiles over worlds.
    """
    import pandas as pd

    nothing = without_effect(effects)
    found = []
    for outcome in HEADLINES:
        for policy, values in effects[outcome].items():
            better, worse = values < -margins[outcome], values > margins[outcome]
            found.append(
                {
                    "outcome": outcome,
                    "policy": policy,
                    "worlds": len(values),
                    **_better_same_worse(better, worse),
                    "unchanged": int(nothing[policy].sum()),
                    **dict(zip(("p5", "median", "p95"), _percentiles(values, (5, 50, 95)), strict=True)),
                }
            )
    return pd.DataFrame(found)


def _percentiles(values: pd.Series, at: Sequence[float]) -> Sequence[float]:
    return [float(v) for v in np.percentile(values, at)] if len(values) else [np.nan] * len(at)


def _better_same_worse(better: pd.Series, worse: pd.Series) -> dict[str, Any]:
    of = len(better)
    return {
        **_share("better", better, of),
        "same": of - int(better.sum()) - int(worse.sum()),
        **_share("worse", worse, of),
    }


def pairs(effects: Effects, margins: Margins) -> pd.DataFrame:
    """One row per outcome and two policies: in how many worlds the first beats the second, and the second the first.

    Columns: outcome, first, second, worlds; better, same, worse, seen from the first; `ahead` is the policy that wins
    more often, where Wilson's interval of its share of the worlds that are decided lies above a half, else "". Outcome
    `both` stands for burn-out complaints and isolation from colleagues at once: there `same` counts the worlds in
    which neither wins both.
    """
    import pandas as pd

    found = []
    for outcome in (*HEADLINES, BOTH):
        for first, second in combinations(effects[BURN_OUT].columns, 2):
            better, worse = (_beats(effects, margins, outcome, *two) for two in ((first, second), (second, first)))
            won, lost = int(better.sum()), int(worse.sum())
            found.append(
                {
                    "outcome": outcome,
                    "first": first,
                    "second": second,
                    "worlds": len(better),
                    **_better_same_worse(better, worse),
                    "ahead": _ahead(first, won, second, lost),
                }
            )
    return pd.DataFrame(found)


def _beats(effects: Effects, margins: Margins, outcome: str, policy: str, other: str) -> pd.Series:
    if outcome == BOTH:
        won = [_beats(effects, margins, one, policy, other) for one in (BURN_OUT, COLLEAGUES)]
        return won[0] & won[1]
    return effects[outcome][policy] < effects[outcome][other] - margins[outcome]


def _ahead(first: str, won: int, second: str, lost: int) -> str:
    if won + lost == 0:
        return ""
    low, high = wilson(won, won + lost)
    return first if low > 0.5 else second if high < 0.5 else ""


def wins(effects: Effects, margins: Margins) -> pd.DataFrame:
    """One row per outcome and policy: in how many worlds it is best, among the best, and harmful.

    Best: ahead of today's practice and of every other policy by more than the margin. Among the best: behind nothing by
    more than the margin. Harmful: worse than today's practice by more than the margin.
    """
    import pandas as pd

    found = []
    for outcome in HEADLINES:
        options = _with_today(effects[outcome])
        near = options.le(options.min(axis=1) + margins[outcome], axis=0)
        alone = near.sum(axis=1) == 1
        for policy in effects[outcome].columns:
            found.append(
                {
                    "outcome": outcome,
                    "policy": policy,
                    "worlds": len(options),
                    **_share("best", near[policy] & alone, len(options)),
                    **_share("among_best", near[policy], len(options)),
                    **_share("harmful", options[policy] > margins[outcome], len(options)),
                }
            )
    return pd.DataFrame(found)


def _with_today(effects: pd.DataFrame) -> pd.DataFrame:
    return effects.assign(**{BASELINE.name: 0.0})


# -- regret -----------------------------------------------------------------------------------------------------------


def regret(effects: Effects, resamples: int) -> pd.DataFrame:
    """One row per outcome and option (the policies, and today's practice as `baseline`): what choosing it costs.

    The regret of a world is the shortfall to the option that is best in it (Savage 1951). Columns: its mean and its
    90th percentile with 95% intervals from so many bootstrap resamples of worlds, its maximum, and `least`: whether
    the interval of the 90th percentile lies below those of all other options. The maximum itself rests on one world.
    """
    import pandas as pd

    found = []
    for outcome in HEADLINES:
        options = _with_today(effects[outcome])
        lost = options.sub(options.min(axis=1), axis=0)
        if lost.empty:
            continue
        mean, tail = np.stack(list(_resampled(lost.to_numpy(), resamples)), axis=1)
        ends = (100 * (1 - CONFIDENCE) / 2, 100 * (1 + CONFIDENCE) / 2)
        (mean_low, mean_high), (tail_low, tail_high) = (np.percentile(one, ends, axis=0) for one in (mean, tail))
        for place, policy in enumerate(lost.columns):
            others = np.delete(tail_low, place)
            found.append(
                {
                    "outcome": outcome,
                    "policy": policy,
                    "worlds": len(lost),
                    "mean": float(lost[policy].mean()),
                    "mean_low": mean_low[place],
                    "mean_high": mean_high[place],
                    "p90": float(lost[policy].quantile(TAIL)),
                    "p90_low": tail_low[place],
                    "p90_high": tail_high[place],
                    "most": float(lost[policy].max()),
                    "least": bool(len(others) and tail_high[place] < others.min()),
                }
            )
    return pd.DataFrame(found)


def _resampled(lost: np.ndarray, resamples: int) -> Iterator[np.ndarray]:
    """Mean and 90th percentile of each column over worlds drawn again, with replacement: (2, option) each time."""
    rng = np.random.default_rng(_SEED)
    for _ in range(resamples):
        again = lost[rng.integers(0, len(lost), len(lost))]
        yield np.stack([again.mean(axis=0), np.quantile(again, TAIL, axis=0)])


# -- harms ------------------------------------------------------------------------------------------------------------


def harms(differences: pd.DataFrame, margins: Margins, harm_from: float) -> pd.DataFrame:
    """One row per policy, group and outcome: in how many worlds the group gets worse, and gains less than everybody.

    `worse` and `better` are against today's practice, `less` and `more` against what everybody gains, all by more than
    the margin. `is_harmed`: the interval of `worse` lies above `harm_from`. `is_mostly_harmed`: and it is worse more
    often than better, by Wilson's interval of the decided worlds. `gains_less`: the interval of `less` lies above
    `harm_from` and above that of `more`. Worlds in which a group is too small to be reported are left out.
    """
    import pandas as pd

    everybody = differences[differences["group"] == EVERYBODY].set_index(["scenario", "row"])
    found = []
    for (policy, group), own in differences.groupby(["scenario", "group"], sort=False):
        of_all = everybody.reindex(own.set_index(["scenario", "row"]).index)
        for outcome in HEADLINES:
            change, margin = own[outcome].to_numpy(), margins[outcome]
            behind = change - of_all[outcome].to_numpy()
            counted = {
                **_share("worse", change > margin, len(change)),
                **_share("better", change < -margin, len(change)),
                **_share("less", behind > margin, len(change)),
                **_share("more", behind < -margin, len(change)),
            }
            flags = _flags(counted, harm_from)
            found.append(
                {"policy": policy, "group": group, "outcome": outcome, "worlds": len(change), **counted, **flags}
            )
    return pd.DataFrame(found)


def _flags(counted: Mapping[str, Any], harm_from: float) -> dict[str, bool]:
    is_harmed = bool(counted["worse_low"] > harm_from)
    mostly = _ahead("worse", counted["worse"], "better", counted["better"]) == "worse"
    return {
        "is_harmed": is_harmed,
        "is_mostly_harmed": is_harmed and mostly,
        "gains_less": bool(counted["less_low"] > max(harm_from, counted["more_high"])),
    }
