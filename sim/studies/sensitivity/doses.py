"""Effects of doses of policies, and interactions of pairs of policies.

A dose is the share of employers that take a policy; a strength is the share of the policy that all employers take.
Both range from none (0) to the full policy (1). A strength applies to everybody who has a measure. Measures of 2022
have no strength, since it would reduce them at employers that have them already. Every point has several replicates
with their own people and random numbers. Differences are paired within a replicate; intervals are Student's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from sim.config import composition, scenario_choice
from sim.config.overrides import format_override
from sim.engine.plan import Plan
from sim.errors import UserError, unknown
from sim.experiments.designs import Design
from sim.experiments.factors import choose
from sim.levers.scenario import Scenario
from sim.outcomes.definitions import OUTCOMES
from sim.outcomes.effects import interval
from sim.reporting.changes import is_distinguishable
from sim.reporting.labels import KINDS

DOSE, STRENGTH = "dose", "strength"
HOLDS = "95%: people and chance; parameters and structure held fixed"
"""Coverage of the intervals of both tables."""


def response_design(kind: str, policies: Sequence[str], steps: Sequence[float], plan: Plan) -> Design:
    """Return a design with one row per policy and step, of one kind: `dose` or `strength`."""
    names = [f"{kind}.{policy}" for policy in policies]
    return _design(kind, [{name: step} for name in names for step in steps], names, plan)


def pair_design(pairs: Sequence[tuple[str, str]], steps: Sequence[float], plan: Plan) -> Design:
    """Return a design with one row per pair of factors, step of the first and step of the second."""
    rows = [{one: step, other: beside} for one, other in pairs for step in steps for beside in steps]
    return _design("pairs", rows, [name for pair in pairs for name in pair], plan)


def _design(method: str, rows: Sequence[dict[str, float]], names: Sequence[str], plan: Plan) -> Design:
    factors = choose(list(dict.fromkeys(names)), plan)
    return Design(method, factors, pd.DataFrame(rows, columns=[factor.name for factor in factors], dtype=float))


# -- effects: differences are (replicate, row of the design, outcome), nan where a run failed -------------------------


def responses(design: Design, differences: np.ndarray, outcomes: Sequence[str]) -> pd.DataFrame:
    """Return the paired difference with its interval, by `factor` and `step` of a `response_design` and `outcome`."""
    steps = [step for levels in design.rows() for step in levels.items()]
    table = _by_outcome(pd.DataFrame(steps, columns=["factor", "step"]), outcomes)
    for name, numbers in zip(("difference", "low", "high", "replicates"), interval(differences), strict=True):
        table[name] = numbers.ravel()
    return table.assign(interval=HOLDS)


def interactions(design: Design, differences: np.ndarray, outcomes: Sequence[str]) -> pd.DataFrame:
    """Return joint effects of two levers, and their interaction: the joint effect less that of each alone.

    There is one row per pair and steps of a `pair_design` and outcome. A lever is alone where the step of the other is
    0. The interaction has the interval `low` to `high`; it is `distinguishable` where this excludes 0.
    """
    rows = [tuple(levels.items()) for levels in design.rows()]
    place_of = {levels: place for place, levels in enumerate(rows)}
    table = pd.DataFrame(
        [(one, other, step, beside) for (one, step), (other, beside) in rows],
        columns=["first", "second", "first_step", "second_step"],
    )
    joint, beyond = [], []
    for place, ((one, step), (other, beside)) in enumerate(rows):
        first, second = place_of[(one, step), (other, 0.0)], place_of[(one, 0.0), (other, beside)]
        joint.append(interval(differences[:, place]))
        beyond.append(interval(differences[:, place] - differences[:, first] - differences[:, second]))
    table = _by_outcome(table, outcomes)
    table["joint"], table["joint_low"], table["joint_high"], _ = np.swapaxes(joint, 0, 1).reshape(4, -1)
    table["interaction"], table["low"], table["high"], count = np.swapaxes(beyond, 0, 1).reshape(4, -1)
    table["distinguishable"] = list(map(is_distinguishable, table["low"], table["high"]))
    return table.assign(replicates=count.astype(int), interval=HOLDS)


def _by_outcome(rows: pd.DataFrame, outcomes: Sequence[str]) -> pd.DataFrame:
    """Return every row once for each outcome, with its unit."""
    units = pd.DataFrame({"outcome": list(outcomes), "unit": [OUTCOMES[outcome].unit for outcome in outcomes]})
    return rows.merge(units, how="cross")


# -- policies that have doses ------------------------------------------------------------------------------------------


def policies_to_dose(names: Sequence[str] | None, plan: Plan) -> list[Scenario]:
    """Return the policies with these names, or else those of the main list that have doses; UserError for others."""
    if names is None:
        listed = [scenario_choice.scenario_named(name) for name in composition.compose().scenarios]
        return [one for one in listed if one.kind == "policy" and not one.withdrawn and dose_kinds(one, plan)]
    policies = [_policy(name) for name in dict.fromkeys(names)]
    for policy in policies:
        if not dose_kinds(policy, plan):
            raise UserError(f"Invalid value for sensitivity.policies: {policy.name}. {_obstacle(DOSE, policy, plan)}")
    return policies


def dose_kinds(policy: Scenario, plan: Plan) -> list[str]:
    """Return the kinds of dose that a policy can have."""
    return [kind for kind in (DOSE, STRENGTH) if not _obstacle(kind, policy, plan)]


def strengthens(policy: Scenario, plan: Plan) -> bool:
    """Return whether a policy strengthens an existing measure, which any dose does for all employers that have it."""
    return any(one.intensity != 1 and one.measure in _had(plan) for one in policy.introduced)


def pairs_to_dose(entries: Sequence[Any], plan: Plan) -> list[tuple[str, str]]:
    """Return the pairs of factors to vary together, each once; UserError for invalid ones and for conflicts."""
    pairs = [_pair(pair, plan) for pair in entries]
    return list({frozenset(pair): pair for pair in pairs}.values())


def _pair(pair: Any, plan: Plan) -> tuple[str, str]:
    where = f"Invalid value for sensitivity.pairs: {format_override(pair)}."
    if not isinstance(pair, list) or len(pair) != 2:
        raise UserError(f"{where} Use two policies, as in [dose.manager_training,strength.anchor_days].")
    policies = []
    for name in map(str, pair):
        kind, _, policy = name.partition(".")
        if kind not in (DOSE, STRENGTH):
            raise UserError(f"{where} Start {name} with dose. or strength., as in strength.anchor_days.")
        policies.append(_policy(policy))
        if obstacle := _obstacle(kind, policies[-1], plan):
            raise UserError(f"{where} {obstacle}")
    if both := sorted(_changed(policies[0]) & _changed(policies[1])):
        raise UserError(f"{where} Both change {both[0]}, so only one would count. Use policies that share nothing.")
    return pair[0], pair[1]


def _policy(name: str) -> Scenario:
    if name not in scenario_choice.scenario_names():
        raise UserError(unknown("scenario", name, scenario_choice.scenario_names()))
    scenario = scenario_choice.scenario_named(name)
    if scenario.kind != "policy":
        raise UserError(f"Invalid scenario: {name}. Only policies have doses, and this is a {KINDS[scenario.kind]}.")
    if scenario.withdrawn:
        raise UserError(f"Invalid scenario: {name}. It withdraws {scenario.withdrawn[0]}, which has no doses.")
    return scenario


def _obstacle(kind: str, policy: Scenario, plan: Plan) -> str:
    """Return the reason why a policy cannot have a kind of dose, or an empty text."""
    had = sorted(policy.measures & _had(plan))
    if kind == STRENGTH:
        return f"Employers have {had[0]} already, and a strength would reduce theirs: use a dose." if had else ""
    if not policy.introduced:
        return f"{policy.name} changes something everywhere, not at a share of employers: use a strength."
    return "" if plan.firm.kind == "study" else "A share of one employer is all or nothing: use firm=study."


def _had(plan: Plan) -> set[str]:
    """Return the measures that some employers had in 2022."""
    return {measure.name for measure in plan.measures if measure.in_study}


def _changed(policy: Scenario) -> set[str]:
    return {*policy.measures, *(f"{one.process}.{one.parameter}" for one in policy.settings)}
