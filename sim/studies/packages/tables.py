"""Packages told: tables of what the search has tried, and of what was left of it when it was lived again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.levers.measure import Measure
from sim.outcomes.definitions import GAINS_IN
from sim.outcomes.effects import interval
from sim.studies.packages.evaluation import Again, Tried
from sim.studies.packages.pareto import Package, front, in_steps, unbeaten
from sim.studies.packages.problem import DRAWN, GOALS, Question, named

if TYPE_CHECKING:
    import pandas as pd

MIDDLE = (5, 95)
"""Percentiles between which nine of ten draws lie."""
HARM = 0.01
"""By how much the share of a group that is made worse must exceed the share that gains to be told."""


def shares_on_front(values: np.ndarray, smallest: Sequence[float]) -> np.ndarray:
    """(package,) in which share of the draws nothing else beats it; `values` are (draw, package, goal and cost)."""
    return np.mean([unbeaten(in_steps(draw, smallest)) for draw in values], axis=0)


def told_apart(values: np.ndarray, smallest: Sequence[float]) -> np.ndarray:
    """(package, package) bool: whether the draws tell two packages apart on any goal.

    They do where nine of ten of the paired differences lie on one side of nought and the middle one is no smaller than
    the smallest that matters. `values` are (draw, package, goal).
    """
    count = values.shape[1]
    apart = np.zeros((count, count), bool)
    for one in range(count):
        low, middle, high = np.percentile(values - values[:, [one]], (MIDDLE[0], 50, MIDDLE[1]), axis=0)
        sure = (low > 0) | (high < 0)
        apart[one] = (sure & (np.abs(middle) >= smallest)).any(axis=1)
    return apart


# -- tables -----------------------------------------------------------------------------------------------------------


def packages_table(question: Question, tried: Tried) -> pd.DataFrame:
    """One row for each package that the search has tried, in the order in which it did; the first is nothing on top.

    Columns: package, measures, generation, euros, minutes, all_in, and of each goal the mean difference with its 95%
    interval, which holds chance only (`_low`, `_high`); on_front says whether the search has found nothing that beats
    it.
    """
    import pandas as pd

    on = set(front(tried.values, question.search.steps))
    table = pd.DataFrame([_described(question, package) for package in tried.packages])
    table["generation"] = tried.generations
    for place, goal in enumerate(GOALS):
        table[goal], table[f"{goal}_low"], table[f"{goal}_high"], _ = interval(tried.effects[..., place])
    table["on_front"] = [place in on for place in range(len(table))]
    return table


def _described(question: Question, package: Package) -> dict[str, Any]:
    euros, minutes = question.costs.of(package)
    return {
        "package": named(package),
        "measures": len(package),
        "euros": euros,
        "minutes": minutes,
        "all_in": question.costs.all_in(package),
    }


def front_table(question: Question, tried: Tried, again: Again, harm: pd.DataFrame) -> pd.DataFrame:
    """One row for each package that was lived again, those still on the front first, and cheapest first.

    number                              of the row, from 1
    package, measures                   its measures' names with + between them, and how many
    euros, minutes, all_in, _low, _high per employee and year; the range is that of the drawn costs
    <goal>, _low, _high                 mean over the draws, and between which nine of ten lie
    <goal>_searched                     what the search had found
    <goal>_fresh, _fresh_low, _high     with fresh people and chance alone, with its 95% interval
    on_front                            nothing beats it by the means over the draws
    was_on_front                        nothing beat it in the search
    share_on_front, share_in_budget     of the draws
    not_told_apart                      cheaper rows that the draws cannot tell it from; 0 is nothing on top
    individual_only                     all its measures leave work as it is and change the individual
    harmed                              groups of which more are made worse than gain
    """
    import pandas as pd

    steps = question.search.steps
    means = np.column_stack([again.drawn.mean(axis=0), [question.costs.all_in(one) for one in again.packages]])
    still = set(front(means, steps)) - {0}
    order = sorted(range(1, len(again.packages)), key=lambda place: (place not in still, means[place, -1], place))
    apart, shares = told_apart(again.drawn, steps[:-1]), shares_on_front(again.values, steps)
    place_of = {package: place for place, package in enumerate(tried.packages)}
    was = set(front(tried.values, steps))
    rows: list[dict[str, Any]] = []
    for number, place in enumerate(order, start=1):
        package = again.packages[place]
        cheaper = [rank for rank, other in enumerate([0, *order[: number - 1]]) if not apart[place, other]]
        rows.append(
            {
                "number": number,
                **_described(question, package),
                **_spread("all_in", again.costs[:, place]),
                **{k: v for g, goal in enumerate(GOALS) for k, v in _of_goal(goal, again, place, g).items()},
                **{f"{goal}_searched": tried.values[place_of[package], g] for g, goal in enumerate(GOALS)},
                "on_front": place in still,
                "was_on_front": place_of[package] in was,
                "share_on_front": shares[place],
                "share_in_budget": float(np.mean(again.costs[:, place] <= question.search.budget)),
                "not_told_apart": cheaper if place in still else [],
                "individual_only": individual_only(package, question.ground.plan.measures),
                "harmed": sorted(set(harm.loc[harm["harmed"] & (harm["package"] == named(package)), "group"])),
            }
        )
    return pd.DataFrame(rows)


def _of_goal(goal: str, again: Again, place: int, column: int) -> dict[str, float]:
    drawn = again.drawn[:, place, column]
    fresh, low, high, _ = interval(again.fresh[:, place, column])
    return {
        goal: float(drawn.mean()),
        **_spread(goal, drawn),
        f"{goal}_fresh": float(fresh),
        f"{goal}_fresh_low": float(low),
        f"{goal}_fresh_high": float(high),
    }


def _spread(name: str, draws: np.ndarray) -> dict[str, float]:
    low, high = np.percentile(draws, MIDDLE)
    return {f"{name}_low": float(low), f"{name}_high": float(high)}


def individual_only(package: Package, measures: Iterable[Measure]) -> bool:
    """Whether a package asks something of individuals alone: nothing at the source, nothing collective."""
    return bool(package) and {one.hygiene for one in measures if one.name in package} == {"individual"}


def draws_table(question: Question, again: Again) -> pd.DataFrame:
    """One row for each draw and package, nothing among them: draw, package, the goals, all_in and on_front."""
    import pandas as pd

    return pd.concat(
        [
            pd.DataFrame(values, columns=[*GOALS, "all_in"]).assign(
                draw=number - DRAWN,
                package=[named(package) for package in again.packages],
                on_front=unbeaten(in_steps(values, question.search.steps)),
            )
            for number, values in zip(again.numbers, again.values, strict=True)
        ],
        ignore_index=True,
    )[["draw", "package", *GOALS, "all_in", "on_front"]]


def groups_table(levels: pd.DataFrame, packages: Sequence[Package]) -> pd.DataFrame:
    """Who gains and who is made worse: one row for each package, group and outcome.

    `levels` are those of the draws: replicate, scenario, group and the shares of those who gained and were made worse.
    `gained` and `worse` are shares of the group against what packages are compared with, means over the draws; `more`
    is how far the latter exceeds the former, with its 95% interval over draws; `harmed` where that is at least `HARM`
    and the interval leaves out nought.
    """
    import pandas as pd

    levels = levels[levels["scenario"].isin([named(package) for package in packages if package])]
    rows = []
    for (package, group), own in levels.groupby(["scenario", "group"], sort=False):
        for outcome in GAINS_IN:
            gained, worse = (own[f"{which}_{outcome}"].to_numpy(float) for which in ("gained", "worse"))
            if np.isnan(gained).all():
                continue
            more, low, high, count = (float(number) for number in interval(worse - gained))
            rows.append(
                {
                    "package": package,
                    "group": group,
                    "outcome": outcome,
                    "gained": float(np.nanmean(gained)),
                    "worse": float(np.nanmean(worse)),
                    "more": more,
                    "low": low,
                    "high": high,
                    "draws": int(count),
                    "harmed": more >= HARM and low > 0,
                }
            )
    return pd.DataFrame(rows)
