"""Why the share at home relates to nobody's isolation: what would be seen if one reason after the other were gone.

Those who need company choose the office; people get used to the contact they have; the scale has a floor where most
people stand; work online is company too; or contact does little for isolation. All worlds have the same people.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sim.engine import Engine
from sim.engine.plan import Plan, create_engine
from sim.outcomes.patterns import BOTH, ISOLATIONS
from sim.studies.vanishing.prior_worlds import Row
from sim.survey.correlations import relations
from sim.survey.interview import Interview, interview_of, scales
from sim.survey.survey import Survey, survey_of
from sim.survey.visit import Answers, SurveyRandom, WorldState, conduct_survey, latent_states

if TYPE_CHECKING:
    import pandas as pd

FIRST_REPLICATE = 3_000_000
VISITS = 10
Numbers = Mapping[tuple[str, str], float]
REASONS: Mapping[str, tuple[str, Numbers]] = {
    "selection": ("people who need company choose the office", {("attendance", "company"): 0.0}),
    "adaptation": ("people get used to the contact they have", {("contact", "adapting"): 0.0}),
    "online": ("work online is company too", {("contact", "online"): 0.0}),
}
"""Reasons within the model, and numbers with which each is taken away; some lie beyond their ranges, as a what-if."""
FLOOR = "floor"
SAYS = {
    **{name: words for name, (words, _) in REASONS.items()},
    FLOOR: "the scale has a floor, and most people stand on it",
}
"""Every reason in words."""
NO_EFFECT: Numbers = {
    ("isolation", "unmet"): 0.0, ("isolation", "unmet_company"): 0.0, ("resources", "support_of_contact"): 0.0,
}  # fmt: skip
"""Contact that does nothing for isolation, neither directly nor through support."""


@dataclass(frozen=True)
class Case:
    """One world: which reasons are taken away, whether contact matters at all."""

    name: str
    says: str
    without: tuple[str, ...]
    contact_matters: bool = True

    @property
    def numbers(self) -> Numbers:
        """What differs from the plan."""
        gone = [REASONS[reason][1] for reason in self.without if reason != FLOOR]
        own = {number: value for numbers in gone for number, value in numbers.items()}
        return own if self.contact_matters else {**own, **NO_EFFECT}


def cases() -> tuple[Case, ...]:
    """As it stands; without each reason; without all; without all and with contact that does nothing."""
    every = tuple(SAYS)
    return (
        Case("as_it_stands", "as it stands", ()),
        *(Case(f"without_{name}", f"not so: {SAYS[name]}", (name,)) for name in every),
        Case("without_all", "none of these", every),
        Case("no_effect", "as it stands, but contact does nothing for isolation", (), contact_matters=False),
        Case("no_effect_without_all", "none of these, and contact does nothing", every, contact_matters=False),
    )


@dataclass(frozen=True)
class Task:
    """All cases on the people of one replicate."""

    plan: Plan
    replicate: int


def live(task: Task) -> list[Row]:
    """One row for each case, isolation and role: true and observed correlation, and the share of visits that see it."""
    plan = replace(task.plan, replicate=FIRST_REPLICATE + task.replicate)
    every = cases()
    usual = create_engine(plan)
    varied = {
        key: np.array([case.numbers.get(key, float(usual.parameter(*key)[0])) for case in every])
        for key in dict.fromkeys(key for case in every for key in case.numbers)
    }
    engine = create_engine(plan, len(every), varied)
    for week in range(-plan.burn_in, 0):
        engine.run_week(week)
    survey, interview = survey_of(plan), interview_of(plan)
    rows = []
    for world, case in enumerate(every):
        truth = latent_states(engine, world)
        answers = []
        for place in range(VISITS):
            own = conduct_survey(engine, survey, interview, world, f"visit {place}")
            floored = FLOOR not in case.without
            answers.append(own if floored else _floorless(engine, world, own, survey, interview, f"visit {place}"))
        rows += [
            {
                "case": case.name, "says": case.says, "replicate": task.replicate, "isolation": isolation, "role": role,
                **_looked_for(truth, answers, isolation, role),
            }
            for isolation in ISOLATIONS
            for role in BOTH
        ]  # fmt: skip
    return rows


def _looked_for(truth: Answers, answers: Sequence[Answers], isolation: str, role: str) -> Row:
    true = relations(truth, ["share_at_home"], [isolation], role).r[0, 0]
    seen = [relations(own, ["share_at_home"], [isolation], role) for own in answers]
    return {
        "true": float(true),
        "observed": float(np.mean([one.r[0, 0] for one in seen])),
        "seen": float(np.mean([one.found[0, 0] > 0 for one in seen])),
        "wrong": float(np.mean([one.found[0, 0] < 0 for one in seen])),
    }


def _floorless(
    engine: Engine, world: int, answers: Answers, survey: Survey, interview: Interview, visit: str
) -> Answers:
    """The same answers on scales without ends."""
    state, draws = WorldState(engine, world), SurveyRandom(engine, visit)
    style = draws.normal("style", lasting=True)
    error = np.sqrt((1 - survey.reliability) / survey.reliability)
    endless = {}
    for name in ISOLATIONS:
        scale = scales()[name]
        felt = interview.bent(state.of(scale.quantity), style, scale) + error * draws.normal(f"answers {name}")
        endless[name] = np.where(answers.filled_in, (scale.mean + scale.sd * felt)[answers.place], np.nan)
    return replace(answers, said={**answers.said, **endless})


def summary(rows: Sequence[Row]) -> pd.DataFrame:
    """Means over replicates for each case, isolation and role; `low` and `high` hold nine in ten worlds' true r."""
    import pandas as pd

    table = pd.DataFrame(rows)
    by = table.groupby(["case", "says", "isolation", "role"], sort=False)
    found = by[["true", "observed", "seen", "wrong"]].mean()
    found["low"], found["high"] = by["true"].quantile(0.05), by["true"].quantile(0.95)
    found["worlds"] = by.size()
    return found.reset_index()
