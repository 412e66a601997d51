"""Counts of draws in which policies do better or worse, regret, and harm to groups.

A draw holds parameters, structure, people and random numbers. All policies and today's practice share them, so a
difference within a draw is the effect of a policy. More of every outcome here is worse. Differences up to a margin
stated beforehand count as equal. Intervals cover the number of draws only: Wilson's for shares, a bootstrap over draws
for regret.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import combinations, product
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.engine.plan import BASELINE
from sim.formatting import per_hundred
from sim.outcomes.definitions import HEADLINES
from sim.outcomes.effects import CONFIDENCE
from sim.outcomes.run_summary import USERS, WITHOUT
from sim.studies.base import with_range

if TYPE_CHECKING:
    import pandas as pd

BURN_OUT, COLLEAGUES, COMPANY = HEADLINES
BOTH = "both"
"""Outcome of a pair: burn-out complaints and isolation from colleagues at once."""
EVERYBODY = "everybody"
PLAUSIBLE, ALL, SINGLE = "plausible", "all", "single"
"""Values of the columns `draws` (plausible, all) and `among` (all, single)."""
TAIL = 0.9
"""Quantile of regret that is reported beside its mean."""
_SEED = 1

Effects = Mapping[str, "pd.DataFrame"]
"""Differences from today's practice of everybody by outcome, in its unit: a row per draw, a column per policy."""
Margins = Mapping[str, float]
"""Largest difference that counts as equal, by outcome and in its unit."""


# -- shares -----------------------------------------------------------------------------------------------------------


@cache
def wilson(count: int, total: int) -> tuple[float, float]:
    """Return Wilson's 95% interval of a share (Wilson 1927); nan where the total is zero."""
    from scipy.stats import binomtest

    if total == 0:
        return np.nan, np.nan
    interval = binomtest(count, total).proportion_ci(CONFIDENCE, method="wilson")
    return float(interval.low), float(interval.high)


def _share(name: str, hits: np.ndarray | pd.Series) -> dict[str, Any]:
    """Return the columns of a count: the count itself, its share and the interval of the share."""
    count, total = int(np.sum(hits)), len(hits)
    low, high = wilson(count, total)
    return {name: count, f"{name}_share": count / total if total else np.nan, f"{name}_low": low, f"{name}_high": high}


def _better_or_worse(better: pd.Series, worse: pd.Series) -> dict[str, Any]:
    """Return the columns `worlds`, `better`, `same` and `worse`, and the last three per hundred."""
    counts = [int(better.sum()), len(better) - int(better.sum()) - int(worse.sum()), int(worse.sum())]
    return {
        "worlds": len(better),
        **_share("better", better),
        "same": counts[1],
        **_share("worse", worse),
        **dict(zip(("better_of_100", "same_of_100", "worse_of_100"), per_hundred(counts), strict=True)),
    }


def _ahead(first: str, wins: int, second: str, losses: int) -> str:
    """Return which of two wins more than half of the decided draws, by Wilson's interval; "" for neither."""
    low, high = wilson(wins, wins + losses)
    return first if low > 0.5 else second if high < 0.5 else ""


# -- draws and effects ------------------------------------------------------------------------------------------------


def near_data(
    today: pd.DataFrame, target: float, near_burn_out: float | None, near_isolation: float | None
) -> pd.DataFrame:
    """Return whether today's practice of each draw is near the data: a row per draw, a column per outcome.

    Parameters
    ----------
    today : DataFrame
        Means of home workers by draw: burn-out complaints per 1,000, isolation in SD of home workers in 2022 (mean 0).
        A draw with too few home workers to be reported is missing, and is not near.
    target : float
        Burn-out complaints that were measured, in percent.
    near_burn_out, near_isolation : float or None
        Largest distance, in percentage points and in SD; None for no limit.
    """
    import pandas as pd

    distance = {BURN_OUT: (today[BURN_OUT] / 10 - target).abs(), **{name: today[name].abs() for name in HEADLINES[1:]}}
    limits = {BURN_OUT: near_burn_out, COLLEAGUES: near_isolation, COMPANY: near_isolation}
    return pd.DataFrame(
        {name: True if limit is None else distance[name] <= limit for name, limit in limits.items()}, index=today.index
    )


def differences(levels: pd.DataFrame) -> pd.DataFrame:
    """Return differences from today's practice by row (a draw), scenario and group, averaged over replicates.

    `levels` has a row per run, scenario and group. Users of a policy's measures are compared with the same people
    without it, every other group with the same group in the baseline of the same run.
    """
    keys = ["scenario", "group", "row"]
    means = levels.groupby(keys, sort=False, observed=True)[list(HEADLINES)].mean().astype(float)
    table = means.reset_index()
    table = table[(table["scenario"] != BASELINE.name) & (table["group"] != WITHOUT)].reset_index(drop=True)
    is_users = table["group"] == USERS
    reference = table.assign(
        scenario=table["scenario"].where(is_users, BASELINE.name), group=table["group"].where(~is_users, WITHOUT)
    )
    paired = means.reindex(reference.set_index(keys).index)
    return table.assign(**{name: table[name] - paired[name].to_numpy() for name in HEADLINES})


def everybody_effects(differences: pd.DataFrame, policies: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Return the differences of everybody by outcome, as tables of draws by policies; there may be no draw."""
    own = differences[differences["group"] == EVERYBODY]
    rows = np.sort(own["row"].unique())
    return {
        name: own.pivot(index="row", columns="scenario", values=name).reindex(index=rows, columns=list(policies))
        for name in HEADLINES
    }


def without_effect(effects: Effects) -> pd.DataFrame:
    """Return the draws in which a policy changes no outcome, to the bit: draws by policies."""
    return (effects[BURN_OUT] == 0) & (effects[COLLEAGUES] == 0) & (effects[COMPANY] == 0)


def packages(measures: Mapping[str, frozenset[str]]) -> list[str]:
    """Return the policies that contain all measures of another policy and more; `measures` are by policy."""
    return [
        name
        for name, own in measures.items()
        if any(other and other < own for policy, other in measures.items() if policy != name)
    ]


# -- comparisons ------------------------------------------------------------------------------------------------------


def against_today(effects: Effects, margins: Margins) -> pd.DataFrame:
    """Return one row per outcome and policy: draws in which it is better, about the same or worse than today.

    `unchanged` counts the draws in which the policy changes nothing at all; `same` includes them. `p5`, `median` and
    `p95` are percentiles of the effect over draws. The columns `*_of_100` are whole numbers that add up to 100, with
    `unchanged_of_100` a part of `same_of_100`.
    """
    import pandas as pd

    unchanged, rows = without_effect(effects).sum(), []
    for outcome, (policy, values) in ((one, pair) for one in HEADLINES for pair in effects[one].items()):
        counts = _better_or_worse(values < -margins[outcome], values > margins[outcome])
        percentiles = np.percentile(values, (5, 50, 95)) if len(values) else [np.nan] * 3
        part = round(100 * unchanged[policy] / len(values)) if len(values) else 0
        rows.append(
            {
                "outcome": outcome,
                "policy": policy,
                **counts,
                "unchanged": int(unchanged[policy]),
                "unchanged_of_100": min(counts["same_of_100"], part),
                **{name: float(value) for name, value in zip(("p5", "median", "p95"), percentiles, strict=True)},
            }
        )
    return pd.DataFrame(rows)


def pairs(effects: Effects, margins: Margins) -> pd.DataFrame:
    """Return one row per outcome and pair of policies: draws in which the first is better, about the same or worse.

    `ahead` is the policy that wins more often, where Wilson's interval of its share of the decided draws is above a
    half, else "". The outcome `both` is burn-out complaints and isolation from colleagues at once; there `same` counts
    the draws in which neither policy wins both.
    """
    import pandas as pd

    rows = []
    for outcome, (first, second) in product((*HEADLINES, BOTH), combinations(effects[BURN_OUT].columns, 2)):
        better, worse = (_beats(effects, margins, outcome, *two) for two in ((first, second), (second, first)))
        ahead = _ahead(first, int(better.sum()), second, int(worse.sum()))
        rows.append(
            {"outcome": outcome, "first": first, "second": second, **_better_or_worse(better, worse), "ahead": ahead}
        )
    return pd.DataFrame(rows)


def _beats(effects: Effects, margins: Margins, outcome: str, policy: str, other: str) -> pd.Series:
    if outcome == BOTH:
        burn_out, isolation = (_beats(effects, margins, one, policy, other) for one in (BURN_OUT, COLLEAGUES))
        return burn_out & isolation
    return effects[outcome][policy] < effects[outcome][other] - margins[outcome]


def wins(effects: Effects, margins: Margins) -> pd.DataFrame:
    """Return one row per outcome and policy: draws in which it is best, among the best, and harmful.

    Best: ahead of today's practice and of every other policy by more than the margin. Among the best: behind none by
    more than the margin. Harmful: worse than today's practice by more than the margin.
    """
    import pandas as pd

    rows = []
    for outcome in HEADLINES:
        options = _with_today(effects[outcome])
        near_best = options.le(options.min(axis=1) + margins[outcome], axis=0)
        rows += [
            {
                "outcome": outcome,
                "policy": policy,
                "worlds": len(options),
                **_share("best", near_best[policy] & (near_best.sum(axis=1) == 1)),
                **_share("among_best", near_best[policy]),
                **_share("harmful", options[policy] > margins[outcome]),
            }
            for policy in effects[outcome].columns
        ]
    return pd.DataFrame(rows)


def _with_today(effects: pd.DataFrame) -> pd.DataFrame:
    return effects.assign(**{BASELINE.name: 0.0})


def regret(effects: Effects, resamples: int) -> pd.DataFrame:
    """Return one row per outcome and option, which are the policies and today's practice as `baseline`.

    The regret of a draw is the shortfall from the option that is best in it (Savage 1951). Columns: its mean and its
    90th percentile with 95% bootstrap intervals, its maximum `most`, and `least`: whether the interval of the 90th
    percentile is below those of all other options. The maximum depends on a single draw.
    """
    import pandas as pd

    rows = []
    for outcome in HEADLINES:
        options = _with_today(effects[outcome])
        losses = options.sub(options.min(axis=1), axis=0)
        if losses.empty:
            continue
        samples = np.stack(list(_bootstrap(losses.to_numpy(), resamples)))
        ends = (100 * (1 - CONFIDENCE) / 2, 100 * (1 + CONFIDENCE) / 2)
        low, high = np.percentile(samples, ends, axis=0)
        for column, policy in enumerate(losses.columns):
            others = np.delete(low[1], column)
            rows.append(
                {
                    "outcome": outcome,
                    "policy": policy,
                    "worlds": len(losses),
                    **with_range("mean", losses[policy].mean(), low[0, column], high[0, column]),
                    **with_range("p90", losses[policy].quantile(TAIL), low[1, column], high[1, column]),
                    "most": float(losses[policy].max()),
                    "least": bool(len(others) and high[1, column] < others.min()),
                }
            )
    return pd.DataFrame(rows)


def _bootstrap(losses: np.ndarray, resamples: int) -> Iterator[np.ndarray]:
    """Yield the mean and the 90th percentile of each option over draws sampled with replacement, (2, option)."""
    rng = np.random.default_rng(_SEED)
    for _ in range(resamples):
        sample = losses[rng.integers(0, len(losses), len(losses))]
        yield np.stack([sample.mean(axis=0), np.quantile(sample, TAIL, axis=0)])


# -- harm to groups ---------------------------------------------------------------------------------------------------


def harms(differences: pd.DataFrame, margins: Margins, harm_from: float) -> pd.DataFrame:
    """Return one row per policy, group and outcome: draws in which the group gets worse, or gains less than everybody.

    `worse` and `better` compare with today's practice, `less` and `more` with the gain of everybody, all by more than
    the margin. `is_harmed`: the interval of `worse` is above `harm_from`. `is_mostly_harmed`: in addition the group is
    worse more often than better. `gains_less`: the interval of `less` is above `harm_from` and above that of `more`.
    Draws in which a group is too small to be reported are left out.
    """
    import pandas as pd

    everybody = differences[differences["group"] == EVERYBODY].set_index(["scenario", "row"])
    rows = []
    for (policy, group), own in differences.groupby(["scenario", "group"], sort=False):
        overall = everybody.reindex(own.set_index(["scenario", "row"]).index)
        for outcome in HEADLINES:
            change, margin = own[outcome].to_numpy(), margins[outcome]
            behind = change - overall[outcome].to_numpy()
            counts = {
                **_share("worse", change > margin),
                **_share("better", change < -margin),
                **_share("less", behind > margin),
                **_share("more", behind < -margin),
            }
            keys = {"policy": policy, "group": group, "outcome": outcome, "worlds": len(change)}
            rows.append({**keys, **counts, **_flags(counts, harm_from)})
    return pd.DataFrame(rows)


def _flags(counts: Mapping[str, Any], harm_from: float) -> dict[str, bool]:
    is_harmed = bool(counts["worse_low"] > harm_from)
    mostly = _ahead("worse", counts["worse"], "better", counts["better"]) == "worse"
    return {
        "is_harmed": is_harmed,
        "is_mostly_harmed": is_harmed and mostly,
        "gains_less": bool(counts["less_low"] > max(harm_from, counts["more_high"])),
    }
