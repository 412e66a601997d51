"""Tables of the ranking: plausible draws, all comparisons, and the conditions that reverse them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from sim.config.settings import StudySettings
from sim.data import rows
from sim.engine.plan import BASELINE, Plan
from sim.experiments.factors import numbers_with_metadata
from sim.experiments.results import Results
from sim.outcomes.definitions import HEADLINES
from sim.studies.ranking import decision_rules, statistics
from sim.studies.ranking.statistics import ALL, BURN_OUT, COLLEAGUES, COMPANY, PLAUSIBLE, SINGLE, Effects

if TYPE_CHECKING:
    import pandas as pd

_HOME_WORKERS, _TARGET = "home_workers", "burnout_home"


class Settings(StudySettings):
    """Settings below `ranking`; `conf/study/robust_ranking.yaml` explains them."""

    near_burn_out: float | None = Field(ge=0)
    near_isolation: float | None = Field(ge=0)
    same_burn_out: float = Field(ge=0)
    same_isolation: float = Field(ge=0)
    fewest: int = Field(ge=1)
    leaders: int = Field(ge=1)
    clear: float = Field(ge=0, le=1)
    shuffles: int = Field(ge=1)
    harm_from: float = Field(ge=0, le=1)
    resamples: int = Field(ge=1)

    @property
    def margins(self) -> dict[str, float]:
        """Return the largest difference that counts as equal, by outcome and in its unit."""
        return {BURN_OUT: self.same_burn_out, COLLEAGUES: self.same_isolation, COMPANY: self.same_isolation}


@dataclass(frozen=True)
class Ranking:
    """Results of the study: the runs of all draws, the plan that the draws change, and their analysis.

    `effects` are differences of everybody in plausible draws. `packages` are the policies that contain another one,
    and `leaders` the other policies in the order of how often they are best on burn-out complaints. The `tables` are
    worlds (a row per draw), against_today, pairs, wins, regret, harms and flips. All but worlds and flips have a column
    `draws` (plausible or all); wins and regret have a column `among` (all policies or single ones).
    """

    sweep: Results
    plan: Plan
    settings: Settings
    effects: Effects
    packages: list[str]
    leaders: list[str]
    tables: dict[str, pd.DataFrame]

    def plausible(self, table: str, **values: str) -> pd.DataFrame:
        """Return the rows of a table about plausible draws in which columns have these values."""
        return select(self.tables[table], draws=PLAUSIBLE, **values)


def select(table: pd.DataFrame, **values: str) -> pd.DataFrame:
    """Return the rows of a table in which columns have these values."""
    for column, value in values.items():
        table = table[table[column] == value]
    return table


def rank(results: Results, plan: Plan, settings: Settings) -> Ranking:
    """Compare the policies of a plan in the runs of a sweep."""
    import pandas as pd

    levels = results.levels(HEADLINES, groups=None)
    worlds = _worlds(levels, settings)
    differences = statistics.differences(levels)
    packages = statistics.packages({scenario.name: scenario.measures for scenario in plan.scenarios[1:]})
    policies = [scenario.name for scenario in plan.scenarios[1:]]
    parts: dict[str, list[pd.DataFrame]] = {}
    for draws, own in {PLAUSIBLE: worlds.loc[worlds["plausible"], "row"], ALL: worlds["row"]}.items():
        for name, table in _comparisons(differences[differences["row"].isin(own)], policies, packages, settings):
            parts.setdefault(name, []).append(table.assign(draws=draws))
    tables = {"worlds": worlds, **{name: pd.concat(own, ignore_index=True) for name, own in parts.items()}}
    plausible = differences[differences["row"].isin(worlds.loc[worlds["plausible"], "row"])]
    effects = statistics.everybody_effects(plausible, policies)
    among = SINGLE if packages else ALL
    best = select(tables["wins"], draws=PLAUSIBLE, among=among, outcome=BURN_OUT)
    leaders = [str(name) for name in best.sort_values("best", ascending=False, kind="stable")["policy"]]
    tables["flips"] = _flips(effects, results, plan, leaders[: settings.leaders], settings)
    return Ranking(results, plan, settings, effects, packages, leaders, tables)


def _worlds(levels: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Return one row per draw: home workers under today's practice, which limits the draw meets, and `plausible`."""
    baseline = select(levels, scenario=BASELINE.name, group=_HOME_WORKERS)
    today = baseline.groupby("row")[list(HEADLINES)].mean().astype(float).reindex(np.sort(levels["row"].unique()))
    near = statistics.near_data(today, target(), settings.near_burn_out, settings.near_isolation)
    near = near.add_prefix("near_").assign(plausible=near.all(axis=1))
    return today.join(near).rename_axis("row").reset_index()


def target() -> float:
    """Return the percentage of home workers with burn-out complaints that the model is fitted to."""
    return next(float(row["value"]) for row in rows("targets") if row["id"] == _TARGET)


def _comparisons(
    differences: pd.DataFrame, policies: Sequence[str], packages: Sequence[str], settings: Settings
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the name and the table of every comparison in some draws; a name may come twice."""
    effects, margins = statistics.everybody_effects(differences, policies), settings.margins
    yield "against_today", statistics.against_today(effects, margins)
    yield "pairs", statistics.pairs(effects, margins)
    yield "harms", statistics.harms(differences, margins, settings.harm_from)
    singles = {outcome: table.drop(columns=list(packages)) for outcome, table in effects.items()}
    for among, own in ((ALL, effects), *([(SINGLE, singles)] if packages else [])):
        yield "wins", statistics.wins(own, margins).assign(among=among)
        yield "regret", statistics.regret(own, settings.resamples).assign(among=among)


# -- conditions that reverse a comparison -----------------------------------------------------------------------------


def _flips(effects: Effects, results: Results, plan: Plan, leaders: Sequence[str], settings: Settings) -> pd.DataFrame:
    """Return one row per question and leaf of its rule, or one where there is no rule."""
    import pandas as pd

    metadata = {name: parameter for name, (_, parameter) in numbers_with_metadata(plan).items()}
    units = {name: one.unit for name, one in metadata.items()}
    units |= {factor["name"]: factor["unit"] for factor in results.about["design"]["factors"]}
    notes = {name: one.note for name, one in metadata.items()}
    factors = decision_rules.as_numbers(results.design.loc[effects[BURN_OUT].index])
    table: list[dict[str, Any]] = []
    for policy, against, included, answers in _questions(effects, leaders, settings.same_burn_out):
        rule = decision_rules.find_rule(
            factors[included], answers[included].to_numpy(), settings.clear, settings.shuffles
        )
        question = {
            "policy": policy,
            "against": against,
            "worlds": rule.worlds,
            "yes": rule.yes,
            "accuracy": rule.accuracy,
            "accuracy_permuted": rule.permuted,
            "factors": decision_rules.describe_factors(rule.leaves, factors, units, notes),
        }
        table += [question | _leaf(leaf, units) for leaf in rule.leaves or (decision_rules.Leaf((), 0, 0),)]
    return pd.DataFrame(table)


def _questions(
    effects: Effects, leaders: Sequence[str], margin: float
) -> Iterator[tuple[str, str, pd.Series, pd.Series]]:
    """Yield each question on burn-out complaints: policy, what it is compared with, draws included, and answers.

    A policy is compared with today's practice in the draws in which it changes anything, and with another policy in
    those in which the two differ by more than the margin.
    """
    burn_out, unchanged = effects[BURN_OUT], statistics.without_effect(effects)
    for policy in burn_out.columns:
        yield policy, BASELINE.name, ~unchanged[policy], burn_out[policy] < -margin
    for first, second in combinations(leaders, 2):
        gain = burn_out[second] - burn_out[first]
        yield first, second, gain.abs() > margin, gain > margin


def _leaf(leaf: decision_rules.Leaf, units: Mapping[str, str]) -> dict[str, Any]:
    low, high = leaf.interval
    where = decision_rules.describe_bounds(leaf.bounds, units)
    return {"where": where, "held_out": leaf.worlds, "share": leaf.share, "low": low, "high": high}
