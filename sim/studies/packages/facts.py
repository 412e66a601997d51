"""Values of the page on packages, which are also results.json."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.outcomes.definitions import OUTCOMES
from sim.paths import shorten
from sim.reporting.changes import PHRASES, change_in_words
from sim.reporting.labels import TODAY
from sim.studies.base import records
from sim.studies.packages.pareto import pareto_front
from sim.studies.packages.problem import GOALS
from sim.studies.packages.tables import MIDDLE, Results

if TYPE_CHECKING:
    import pandas as pd

Facts = dict[str, Any]
_AGAINST_DUTIES = {name: phrase.replace(TODAY, "the duties alone") for name, phrase in PHRASES.items()}


def facts(results: Results) -> Facts:
    """Return the values of `report.md.j2` and of the figure."""
    problem, search, front = results.problem, results.search, results.tables["front"]
    settings, plan = problem.settings, problem.context.plan
    front_of_search = pareto_front(search.values, settings.tolerances)
    on_front = front[front["on_front"]]
    return {
        "search": shorten(settings.model_dump(), "search"),
        "weeks": plan.weeks,
        "replicates": problem.replicates,
        "draws": len(results.re_evaluation.replicates),
        "drawn_factors": len(problem.draws[0]),
        "method": problem.method,
        "failed_draws": results.re_evaluation.errors,
        "packages_searched": len(search.packages) - 1,
        "front_of_search": sum(package != 0 for package in front_of_search),
        "last_change": max(search.generations[package] for package in front_of_search),
        "measures": {one.name: {"hygiene": one.hygiene, "legal": one.legal} for one in plan.measures},
        "duties": sorted(problem.duties),
        "duties_effect": {
            goal: _duties_effect(goal, draws) for goal, draws in zip(GOALS, results.duties_effect.T, strict=True)
        },
        "front": [row | {"change": _changes(row, bool(problem.duties))} for row in records(front)],
        "units": {goal: OUTCOMES[goal].unit for goal in GOALS},
        **_notes(on_front, results),
        **_regression(front),
        "harmed": [{"number": row["number"], "groups": _harmed(row, results)} for row in records(on_front)],
        **_costs(results),
    }


def _duties_effect(goal: str, draws: np.ndarray) -> Facts:
    mean, low, high = (float(value) for value in (draws.mean(), *np.percentile(draws, MIDDLE)))
    text = change_in_words(mean, low, high, OUTCOMES[goal].unit)
    return {"mean": mean, "low": low, "high": high, "text": text}


def _changes(row: Facts, has_duties: bool) -> dict[str, str]:
    """Return the effect of a package on each goal in words, compared with the duties alone if there are any."""
    phrases = _AGAINST_DUTIES if has_duties else PHRASES
    return {
        goal: change_in_words(row[goal], row[f"{goal}_low"], row[f"{goal}_high"], OUTCOMES[goal].unit, phrases)
        for goal in GOALS
    }


def _notes(front: pd.DataFrame, results: Results) -> Facts:
    """Return remarks on the packages on the front, and the measures beyond the budget."""
    packages = [set(package.split("+")) for package in front["package"]]
    legal = {one.name: one.legal for one in results.problem.context.plan.measures}
    space = results.problem.space
    return {
        "individual_only": front.loc[front["individual_only"], "number"].tolist(),
        "in_every_package": sorted(set.intersection(*packages)) if len(packages) > 1 else [],
        "by_agreement": sorted(name for name in set().union(*packages) if legal[name] == "agreement"),
        "often_over_budget": front.loc[front["share_in_budget"] < 0.5, "number"].tolist(),
        "unaffordable": [name for name in space.measures if not space.affordable(frozenset({name}))],
    }


def _regression(front: pd.DataFrame) -> Facts:
    """Return the mean effects of the front of the search: in the search, in new pairs and in draws."""
    own = front[front["was_on_front"]]
    means = {
        goal: [float(own[f"{goal}{end}"].mean()) for end in ("_searched", "_new", "")] if len(own) else None
        for goal in GOALS
    }
    return {"re_evaluated": len(own), "still_on_front": int(own["on_front"].sum()), "mean_effects": means}


def _harmed(row: Facts, results: Results) -> Sequence[Facts]:
    groups = results.tables["groups"]
    return records(groups[groups["harmed"] & (groups["package"] == row["package"])])


def _costs(results: Results) -> Facts:
    """Return the costs of measures that packages may have, and the total of the duties."""
    costs, problem = results.tables["costs"], results.problem
    own = costs[costs["measure"].isin([*problem.duties, *problem.space.measures])]
    duties = costs[costs["measure"].isin(problem.duties)]
    totals = {column: float(duties[column].sum()) for column in ("euros", "minutes", "all_in")}
    return {"costs": records(own), "duties_costs": totals, "duties_by_cost": list(duties["measure"])}
