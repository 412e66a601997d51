"""Doses of policies, and pairs of them: what a little of a lever does, and what two do together beyond each alone.

A dose is the share of employers that take a policy, a strength how much of it all take; both go from none (0) to the
policy as it stands (1). A strength holds for everybody who has a measure, so it is no dose of one that employers had in
2022: it would take from theirs. Every point is lived by several replicates, each with people and chance of its own,
and differences are taken within a replicate; intervals are Student's over replicates.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

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

if TYPE_CHECKING:
    import pandas as pd

DOSE, STRENGTH = "dose", "strength"
HOLDS = "95%: people and chance; parameters and structure held fixed"
"""What the intervals of both tables contain."""


def response_design(kind: str, policies: Sequence[str], steps: Sequence[float], plan: Plan) -> Design:
    """One row per policy and step, of the same kind: `dose` or `strength`."""
    names = [f"{kind}.{policy}" for policy in policies]
    return _design(kind, [{name: step} for name in names for step in steps], names, plan)


def pair_design(pairs: Sequence[tuple[str, str]], steps: Sequence[float], plan: Plan) -> Design:
    """One row per pair of factors and two steps, each step of the one with each of the other."""
    rows = [{one: step, other: beside} for one, other in pairs for step in steps for beside in steps]
    return _design("pairs", rows, [name for pair in pairs for name in pair], plan)


def _design(method: str, rows: Sequence[dict[str, float]], names: Sequence[str], plan: Plan) -> Design:
    import pandas as pd

    factors = choose(list(dict.fromkeys(names)), plan)
    return Design(method, factors, pd.DataFrame(rows, columns=[factor.name for factor in factors], dtype=float))


def responses(design: Design, differences: np.ndarray, outcomes: Sequence[str]) -> pd.DataFrame:
    """The paired difference at each step of each policy: one row per factor, step and outcome.

    `differences` is (replicate, row, outcome), nan where a run failed. Columns: factor, step, outcome, unit,
    difference, low, high, replicates, interval.
    """
    import pandas as pd

    numbers = dict(zip(("difference", "low", "high", "replicates"), interval(differences), strict=True))
    found = [
        {
            **{"factor": factor, "step": step, "outcome": outcome, "unit": OUTCOMES[outcome].unit},
            **{name: of[row, place] for name, of in numbers.items()},
            "interval": HOLDS,
        }
        for row, lived in enumerate(design.rows())
        for factor, step in lived.items()
        for place, outcome in enumerate(outcomes)
    ]
    return pd.DataFrame(found)


def interactions(design: Design, differences: np.ndarray, outcomes: Sequence[str]) -> pd.DataFrame:
    """What two levers do together, and that less what each does alone: one row per pair, two steps and outcome.

    `differences` is (replicate, row, outcome), nan where a run failed; alone is where the other's step is 0. Columns:
    first, second, first_step, second_step, outcome, unit, joint, joint_low, joint_high, interaction, low, high,
    distinguishable (the interaction's interval leaves out 0), replicates, interval.
    """
    import pandas as pd

    rows = [tuple(lived.items()) for lived in design.rows()]
    place_of = {lived: number for number, lived in enumerate(rows)}
    found = []
    for number, ((one, step), (other, beside)) in enumerate(rows):
        first, second = place_of[(one, step), (other, 0.0)], place_of[(one, 0.0), (other, beside)]
        beyond = differences[:, number] - differences[:, first] - differences[:, second]
        joint, joint_low, joint_high, _ = interval(differences[:, number])
        more, low, high, count = interval(beyond)
        found += [
            {
                **{"first": one, "second": other, "first_step": step, "second_step": beside},
                **{"outcome": outcome, "unit": OUTCOMES[outcome].unit},
                **{"joint": joint[place], "joint_low": joint_low[place], "joint_high": joint_high[place]},
                **{"interaction": more[place], "low": low[place], "high": high[place]},
                "distinguishable": is_distinguishable(low[place], high[place]),
                **{"replicates": int(count[place]), "interval": HOLDS},
            }
            for place, outcome in enumerate(outcomes)
        ]
    return pd.DataFrame(found)


# -- what can be dosed ------------------------------------------------------------------------------------------------


def policies_asked(asked: Sequence[str] | None, plan: Plan) -> list[Scenario]:
    """The policies to dose: those asked for, else those of the main list that can be; UserError for any other."""
    if asked is None:
        listed = [scenario_choice.scenario_named(name) for name in composition.compose().scenarios]
        return [one for one in listed if one.kind == "policy" and not one.withdrawn and kinds_of(one, plan)]
    policies = [_policy(name) for name in dict.fromkeys(asked)]
    for policy in policies:
        if not kinds_of(policy, plan):
            raise UserError(f"sensitivity.policies has {policy.name}: {_hindrance(DOSE, policy, plan)}")
    return policies


def kinds_of(policy: Scenario, plan: Plan) -> list[str]:
    """The kinds of dose that mean something of a policy."""
    return [kind for kind in (DOSE, STRENGTH) if not _hindrance(kind, policy, plan)]


def strengthens(policy: Scenario, plan: Plan) -> bool:
    """Whether a policy makes a measure stronger that employers have, which it does for all of them at any dose."""
    return any(one.intensity != 1 and one.measure in _had(plan) for one in policy.introduced)


def pairs_asked(asked: Sequence[Any], plan: Plan) -> list[tuple[str, str]]:
    """The pairs of factors to vary together, each once; UserError for what is none, or where one undoes the other."""
    pairs = [_pair(pair, plan) for pair in asked]
    return list({frozenset(pair): pair for pair in pairs}.values())


def _pair(pair: Any, plan: Plan) -> tuple[str, str]:
    where = f"sensitivity.pairs has {format_override(pair)}"
    if not isinstance(pair, list) or len(pair) != 2:
        raise UserError(f"{where}; two policies are right, as in [dose.manager_training,strength.anchor_days]")
    policies = []
    for name in map(str, pair):
        kind, _, policy = name.partition(".")
        if kind not in (DOSE, STRENGTH):
            raise UserError(f"{where}; '{name}' begins with neither dose. nor strength., as in strength.anchor_days")
        policies.append(_policy(policy))
        if hindrance := _hindrance(kind, policies[-1], plan):
            raise UserError(f"{where}; {name} means nothing: {hindrance}")
    both = sorted(_moved(policies[0]) & _moved(policies[1]))
    if both:
        raise UserError(
            f"{where}; both take {both[0]}, of which only one counts; policies that share nothing are right"
        )
    return pair[0], pair[1]


def _policy(name: str) -> Scenario:
    if name not in scenario_choice.scenario_names():
        raise UserError(unknown("scenario", name, scenario_choice.scenario_names()))
    scenario = scenario_choice.scenario_named(name)
    if scenario.kind != "policy":
        raise UserError(f"scenario {name} is a {scenario.kind}; only policies have doses, as manager_training has")
    if scenario.withdrawn:
        raise UserError(f"scenario {name} withdraws {scenario.withdrawn[0]}, which cannot be done by halves")
    return scenario


def _hindrance(kind: str, policy: Scenario, plan: Plan) -> str:
    """Why a kind of dose means nothing of a policy; nothing where it does."""
    had = sorted(policy.measures & _had(plan))
    if kind == STRENGTH:
        return f"employers have {had[0]} already, and a strength would take from theirs" if had else ""
    if not policy.introduced:
        return "it changes what holds everywhere, of which no employer takes a share; take its strength"
    return "" if plan.firm.kind == "study" else "a share of one employer is all or nothing; take firm=study"


def _had(plan: Plan) -> set[str]:
    """The measures that some employers had in 2022."""
    return {measure.name for measure in plan.measures if measure.in_study}


def _moved(policy: Scenario) -> set[str]:
    return {*policy.measures, *(f"{one.process}.{one.parameter}" for one in policy.settings)}
