"""Each explanation alone on top of a perfect world, and each alone taken out of the world as it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.engine.plan import Plan, simulate_burn_in
from sim.studies.vanishing.explanations import NO_EFFECT, Explanation, World, perfect, plan_of, put_right, with_on
from sim.studies.vanishing.pattern import CONTACT, JOINT, PARTS, QUIET, looked_at, shows, told, true_relations
from sim.studies.vanishing.prior_worlds import Row
from sim.survey.interview import interview_of
from sim.survey.survey import survey_of
from sim.survey.visit import conduct_survey, latent_states

if TYPE_CHECKING:
    import pandas as pd

FIRST_REPLICATE = 1_000_000
"""People whom no world of the prior has."""
MODEL, PERFECT, ALL = "as it stands", "perfect", "everything at its strongest"
STRONGEST, TYPICAL = 1.0, 0.5


@dataclass(frozen=True)
class Case:
    """One world to look at: a name, what was done (alone, removed, none), and to which explanation."""

    kind: str
    explanation: str
    world: World


@dataclass(frozen=True)
class Task:
    """One case on the people of one replicate; `plans` are the plan under each reading."""

    plans: tuple[Plan, Plan]
    case: Case
    replicate: int
    visits: int


def cases(explanations: Sequence[Explanation]) -> tuple[Case, ...]:
    """The perfect world, the world as it stands, and every explanation alone and removed; and the other reading."""
    names = [one.name for one in explanations]
    most = {name: STRONGEST for name in names if name != NO_EFFECT}
    return (
        Case("perfect", "", perfect(explanations)),
        Case("as_it_stands", "", put_right(explanations, "")),
        Case("as_it_stands", "second_reading", put_right(explanations, "", reading=2)),
        Case("all_but_no_effect", "", with_on(explanations, most)),
        *(Case("alone", name, with_on(explanations, {name: STRONGEST})) for name in names),
        *(Case("alone_typical", name, with_on(explanations, {name: TYPICAL})) for name in names),
        *(Case("removed", name, put_right(explanations, name)) for name in names if name != NO_EFFECT),
    )


def live(task: Task) -> list[Row]:
    """The virtual studies of one case on one replicate's people."""
    world = task.case.world
    plan = plan_of(task.plans[world.reading - 1], world, FIRST_REPLICATE + task.replicate)
    survey, interview, engine = survey_of(plan), interview_of(plan), simulate_burn_in(plan)
    same = {
        "kind": task.case.kind,
        "explanation": task.case.explanation,
        "replicate": task.replicate,
        "reading": world.reading,
        **true_relations(latent_states(engine)),
    }
    visits = (conduct_survey(engine, survey, interview, visit=f"visit {place}") for place in range(task.visits))
    return [{**same, "visit": place, **looked_at(answers)} for place, answers in enumerate(visits)]


def summary(rows: Sequence[Row], limits: Mapping[str, float]) -> pd.DataFrame:
    """One row a case: shares of virtual studies that show parts of the pattern, and true correlations.

    quiet        nothing with the employer's answers
    contact      all three findings on measures of contact; any_contact: at least one of them
    joint        the joint pattern; without_times: leaving out working times and conflict
    found.<part> each single finding
    right, wrong significant relations with the employer's answers by sign, mean
    true.<part>  mean correlation of true states
    studies      virtual studies behind a row; error_<share>: standard error over replicates
    """
    import pandas as pd

    studies = pd.DataFrame(rows)
    seen = told(studies, limits)
    table = studies[["kind", "explanation", "replicate"]].copy()
    table["quiet"], table["contact"], table["joint"] = (shows(seen, parts) for parts in (QUIET, CONTACT, JOINT))
    table["any_contact"] = seen[list(CONTACT)].max(axis=1)
    table["without_times"] = shows(seen, [part for part in JOINT if part != "times_conflict"])
    for part in PARTS:
        if part.reported:
            table[f"found.{part.name}"] = seen[part.name]
            table[f"true.{part.name}"] = studies[f"true.{part.name}"]
    table["right"], table["wrong"] = studies["employer_right"], studies["employer_wrong"]
    for name in ("claims", "known_managers", "known_others"):
        table[name] = studies[name]
    groups = ["kind", "explanation"]
    numbers = [name for name in table if name not in (*groups, "replicate")]
    by_replicate = table.astype({name: float for name in numbers}).groupby([*groups, "replicate"], sort=False).mean()
    found = by_replicate.groupby(groups, sort=False).mean()
    error = by_replicate.groupby(groups, sort=False).std() / np.sqrt(studies["replicate"].nunique())
    for name in ("quiet", "any_contact", "contact", "joint"):
        found[f"error_{name}"] = error[name]
    found["studies"] = table.groupby(groups, sort=False).size()
    return found.reset_index()
