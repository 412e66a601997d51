"""Tables of the search and of the re-evaluation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.engine.plan import BASELINE
from sim.levers.measure import Measure
from sim.outcomes.definitions import GAINS_IN
from sim.outcomes.effects import interval
from sim.studies.base import with_range
from sim.studies.packages.evaluation import EffectStore, ReEvaluation, SearchResult
from sim.studies.packages.pareto import Package, nondominated, pareto_front, round_to_tolerance
from sim.studies.packages.problem import DRAW_REPLICATES, GOALS, Problem, name_of

if TYPE_CHECKING:
    import pandas as pd

MIDDLE = (5, 95)
"""Percentiles of the 90% range of draws."""
HARM = 0.01
"""Difference between the shares of a group that get worse and gain from which harm is reported."""


@dataclass(frozen=True)
class Results:
    """Results of the study: the search, the re-evaluation, and the tables of this module with that of costs.

    `duties_effect` holds the effects of the duties against today's practice, (draw, goal).
    """

    problem: Problem
    search: SearchResult
    re_evaluation: ReEvaluation
    duties_effect: np.ndarray
    tables: Mapping[str, pd.DataFrame]


def analyse(problem: Problem, search: SearchResult, re_evaluation: ReEvaluation, store: EffectStore) -> Results:
    """Return the tables packages, front, draws, groups and costs."""
    groups = groups_table(store.levels(re_evaluation.replicates), re_evaluation.packages)
    tables = {
        "packages": packages_table(problem, search),
        "front": front_table(problem, search, re_evaluation, groups),
        "draws": draws_table(problem, re_evaluation),
        "groups": groups,
        "costs": problem.costs.per_employer(),
    }
    duties_effect = -store.effects([BASELINE.name], re_evaluation.replicates)[:, 0]
    return Results(problem, search, re_evaluation, duties_effect, tables)


def shares_on_front(values: np.ndarray, tolerances: Sequence[float]) -> np.ndarray:
    """Return for each package its share of draws on the front; `values` are (draw, package, goal and cost)."""
    return np.mean([nondominated(round_to_tolerance(draw, tolerances)) for draw in values], axis=0)


def are_distinguishable(values: np.ndarray, tolerances: Sequence[float]) -> np.ndarray:
    """Return for each two packages whether the draws distinguish them on any goal, (package, package).

    They do where the 90% range of the paired differences excludes zero and their median is at least the smallest
    relevant difference. `values` are (draw, package, goal).
    """
    count = values.shape[1]
    result = np.zeros((count, count), bool)
    for package in range(count):
        low, median, high = np.percentile(values - values[:, [package]], (MIDDLE[0], 50, MIDDLE[1]), axis=0)
        excludes_zero = (low > 0) | (high < 0)
        result[package] = (excludes_zero & (np.abs(median) >= tolerances)).any(axis=1)
    return result


def packages_table(problem: Problem, search: SearchResult) -> pd.DataFrame:
    """Return one row per package of the search, in its order; the first row is the empty package.

    Columns: package, measures, generation, euros, minutes, all_in, on_front (of the search), and the mean effect on
    each goal with its 95% interval over replicates (`_low`, `_high`).
    """
    import pandas as pd

    front = set(pareto_front(search.values, problem.settings.tolerances))
    table = pd.DataFrame([_description(problem, package) for package in search.packages])
    table["generation"] = search.generations
    for column, goal in enumerate(GOALS):
        table[goal], table[f"{goal}_low"], table[f"{goal}_high"], _ = interval(search.effects[..., column])
    table["on_front"] = [package in front for package in range(len(table))]
    return table


def _description(problem: Problem, package: Package) -> dict[str, Any]:
    costs = dict(zip(("euros", "minutes"), problem.costs.of(package), strict=True))
    return {"package": name_of(package), "measures": len(package), **costs, "all_in": problem.costs.all_in(package)}


def front_table(
    problem: Problem, search: SearchResult, re_evaluation: ReEvaluation, groups: pd.DataFrame
) -> pd.DataFrame:
    """Return one row per package that was re-evaluated: those on the front first, then by cost.

    Columns
    -------
    number : rank in the table, from 1
    package, measures : names of the measures, joined by +, and their number
    euros, minutes, all_in : costs per employee and year; `_low` and `_high` are the 90% range of the drawn costs
    <goal> : mean effect over draws; `_low` and `_high` are the 90% range
    <goal>_searched : mean effect in the search
    <goal>_new, _new_low, _new_high : mean effect in new pairs, with its 95% interval
    on_front : nondominated by the means over draws
    was_on_front : nondominated in the search
    share_on_front, share_in_budget : shares of draws
    not_distinguished : numbers of cheaper packages that the draws do not distinguish from it; 0 is the empty package
    individual_only : all its measures address the individual
    harmed : groups in which more people get worse than gain
    """
    import pandas as pd

    tolerances, packages = problem.settings.tolerances, re_evaluation.packages
    means = np.column_stack([re_evaluation.draws.mean(axis=0), [problem.costs.all_in(one) for one in packages]])
    front = set(pareto_front(means, tolerances)) - {0}
    order = sorted(range(1, len(packages)), key=lambda index: (index not in front, means[index, -1], index))
    distinguishable = are_distinguishable(re_evaluation.draws, tolerances[:-1])
    shares = shares_on_front(re_evaluation.values, tolerances)
    in_search = {package: index for index, package in enumerate(search.packages)}
    front_of_search = set(pareto_front(search.values, tolerances))
    rows: list[dict[str, Any]] = []
    for number, index in enumerate(order, start=1):
        package, costs = packages[index], re_evaluation.costs[:, index]
        cheaper = [rank for rank, other in enumerate([0, *order[: number - 1]]) if not distinguishable[index, other]]
        rows.append(
            {
                "number": number,
                **_description(problem, package),
                **with_range("all_in", means[index, -1], *np.percentile(costs, MIDDLE)),
                **_effects(re_evaluation, index),
                **{f"{goal}_searched": search.values[in_search[package], column] for column, goal in enumerate(GOALS)},
                "on_front": index in front,
                "was_on_front": in_search[package] in front_of_search,
                "share_on_front": shares[index],
                "share_in_budget": float(np.mean(costs <= problem.settings.budget)),
                "not_distinguished": cheaper if index in front else [],
                "individual_only": individual_only(package, problem.context.plan.measures),
                "harmed": sorted(set(groups.loc[groups["harmed"] & (groups["package"] == name_of(package)), "group"])),
            }
        )
    return pd.DataFrame(rows)


def _effects(re_evaluation: ReEvaluation, package: int) -> dict[str, float]:
    columns: dict[str, float] = {}
    for index, goal in enumerate(GOALS):
        draws = re_evaluation.draws[:, package, index]
        columns |= with_range(goal, draws.mean(), *np.percentile(draws, MIDDLE))
        columns |= with_range(f"{goal}_new", *interval(re_evaluation.new_pairs[:, package, index])[:3])
    return columns


def individual_only(package: Package, measures: Iterable[Measure]) -> bool:
    """Return whether all measures of a package address the individual: none the source, none collective."""
    return bool(package) and {one.hygiene for one in measures if one.name in package} == {"individual"}


def draws_table(problem: Problem, re_evaluation: ReEvaluation) -> pd.DataFrame:
    """Return one row per draw and package, the empty one included: draw, package, the goals, all_in and on_front."""
    import pandas as pd

    parts = [
        pd.DataFrame(values, columns=[*GOALS, "all_in"]).assign(
            draw=replicate - DRAW_REPLICATES,
            package=[name_of(package) for package in re_evaluation.packages],
            on_front=nondominated(round_to_tolerance(values, problem.settings.tolerances)),
        )
        for replicate, values in zip(re_evaluation.replicates, re_evaluation.values, strict=True)
    ]
    return pd.concat(parts, ignore_index=True)[["draw", "package", *GOALS, "all_in", "on_front"]]


def groups_table(levels: pd.DataFrame, packages: Iterable[Package]) -> pd.DataFrame:
    """Return one row per package, group and outcome: shares of the group that gain and get worse.

    `levels` are those of the draws: replicate, scenario, group and the shares. `gained` and `worse` are means over
    draws. `more` is the difference of `worse` and `gained` with its 95% interval over draws. `harmed` is true where it
    is at least `HARM` and the interval excludes zero.
    """
    import pandas as pd

    rows = []
    by_package = {name: own.groupby("group", sort=False) for name, own in levels.groupby("scenario")}
    for package in map(name_of, packages):
        for (group, own), outcome in product(by_package.get(package, ()), GAINS_IN):
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
