"""Each explanation alone on top of a lossless world, and each alone corrected in the default model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.engine.plan import Plan, simulate_burn_in
from sim.studies.vanishing.explanations import NO_EFFECT, Explanation, World, corrected, plan_of, with_on
from sim.studies.vanishing.pattern import CONTACT, JOINT, PARTS, QUIET, reports_of, shows, survey_counts, true_relations
from sim.studies.vanishing.prior_worlds import Row, simulate_visits
from sim.survey.visit import latent_states

if TYPE_CHECKING:
    import pandas as pd

FIRST_REPLICATE = 1_000_000
"""First replicate whose people no world of the prior has."""
STRONGEST, TYPICAL = 1.0, 0.5


@dataclass(frozen=True)
class Case:
    """One world: its kind, and the explanation that is on or corrected in it."""

    kind: str
    explanation: str
    world: World


def simulate(plans: tuple[Plan, Plan], case: Case, replicate: int, visits: int) -> list[Row]:
    """Return one row per simulated study of a case. `plans` has the plan under each way of counting."""
    plan = plan_of(plans[case.world.reading - 1], case.world, FIRST_REPLICATE + replicate)
    engine = simulate_burn_in(plan)
    same = {
        "kind": case.kind, "explanation": case.explanation, "replicate": replicate, "reading": case.world.reading,
        **true_relations(latent_states(engine)),
    }  # fmt: skip
    studies = enumerate(simulate_visits(plan, engine, visits))
    return [{**same, "visit": place, **survey_counts(answers)} for place, answers in studies]


def cases(explanations: Sequence[Explanation]) -> tuple[Case, ...]:
    """Return the lossless world, the default model in both ways of counting, and each explanation on and corrected."""
    names = [one.name for one in explanations]
    strongest = {name: STRONGEST for name in names if name != NO_EFFECT}
    return (
        Case("lossless", "", with_on(explanations, {})),
        Case("default", "", corrected(explanations, "")),
        Case("default", "second_reading", corrected(explanations, "", reading=2)),
        Case("all_but_no_effect", "", with_on(explanations, strongest)),
        *(Case("alone", name, with_on(explanations, {name: STRONGEST})) for name in names),
        *(Case("alone_typical", name, with_on(explanations, {name: TYPICAL})) for name in names),
        *(Case("corrected", name, corrected(explanations, name)) for name in names if name != NO_EFFECT),
    )


def summary(rows: Sequence[Row], limits: Mapping[str, float]) -> pd.DataFrame:
    """Return one row per case with shares of simulated studies, mean numbers and mean true correlations.

    Columns
    -------
    quiet : no relation with the employer's answers
    contact, any_contact : all three findings on measures of contact, at least one of them
    joint, without_times : the joint pattern, and without working times and conflict
    found.<part> : each single finding
    right, wrong : mean number of significant relations with the employer's answers, by sign
    true.<part> : mean correlation of latent states
    error_<share> : standard error over replicates
    studies : number of simulated studies
    """
    import pandas as pd

    studies = pd.DataFrame(rows)
    reports = reports_of(studies, limits)
    table = studies[["kind", "explanation", "replicate"]].copy()
    table["quiet"], table["contact"], table["joint"] = (shows(reports, parts) for parts in (QUIET, CONTACT, JOINT))
    table["any_contact"] = reports[list(CONTACT)].max(axis=1)
    table["without_times"] = shows(reports, [part for part in JOINT if part != "times_conflict"])
    for part in PARTS:
        if part.reported:
            table[f"found.{part.name}"] = reports[part.name]
            table[f"true.{part.name}"] = studies[f"true.{part.name}"]
    table["right"], table["wrong"] = studies["employer_right"], studies["employer_wrong"]
    for name in ("claims", "known_managers", "known_others"):
        table[name] = studies[name]
    groups = ["kind", "explanation"]
    numbers = [name for name in table if name not in (*groups, "replicate")]
    by_replicate = table.astype({name: float for name in numbers}).groupby([*groups, "replicate"], sort=False).mean()
    means = by_replicate.groupby(groups, sort=False).mean()
    error = by_replicate.groupby(groups, sort=False).std() / np.sqrt(studies["replicate"].nunique())
    for name in ("quiet", "any_contact", "contact", "joint"):
        means[f"error_{name}"] = error[name]
    means["studies"] = table.groupby(groups, sort=False).size()
    return means.reset_index()
