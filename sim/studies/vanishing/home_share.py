"""Why the share of hours at home is unrelated to isolation: the relation after removing one reason after the other.

People who need company choose the office, people adapt to the contact they have, contact online is company too, the
scale has a floor, or contact does little for isolation. All worlds have the same people.
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
Parameters = Mapping[tuple[str, str], float]
REASONS: Mapping[str, tuple[str, Parameters]] = {
    "selection": ("people who need company choose the office", {("attendance", "company"): 0.0}),
    "adaptation": ("people adapt to the contact they have", {("contact", "adapting"): 0.0}),
    "online": ("contact online is company too", {("contact", "online"): 0.0}),
    "floor": ("the scale has a floor, where most people are", {}),
}
"""Each reason in words, with the parameter values that remove it. Some lie beyond their ranges."""
FLOOR = "floor"
NO_EFFECT: Parameters = {
    ("isolation", "unmet"): 0.0, ("isolation", "unmet_company"): 0.0, ("resources", "support_of_contact"): 0.0,
}  # fmt: skip
"""Values with which contact does not affect isolation, neither directly nor through support."""


@dataclass(frozen=True)
class Case:
    """One world: the reasons that are removed, and whether contact has an effect."""

    name: str
    label: str
    without: tuple[str, ...] = ()
    has_effect: bool = True

    @property
    def parameters(self) -> Parameters:
        """Values that differ from the plan."""
        own = {key: value for reason in self.without for key, value in REASONS[reason][1].items()}
        return own if self.has_effect else {**own, **NO_EFFECT}


def cases() -> tuple[Case, ...]:
    """Return the default model, without each reason, without all, and both with contact that has no effect."""
    every = tuple(REASONS)
    return (
        Case("default", "default model"),
        *(Case(f"without_{name}", f"without: {label}", (name,)) for name, (label, _) in REASONS.items()),
        Case("without_all", "without all of these", every),
        Case("no_effect", "default model, no effect of contact", has_effect=False),
        Case("no_effect_without_all", "without all of these, no effect of contact", every, has_effect=False),
    )


@dataclass(frozen=True)
class Task:
    """All cases on the people of one replicate."""

    plan: Plan
    replicate: int

    def simulate(self) -> list[Row]:
        """Return one row per case, isolation and role: correlations, and shares of simulated studies by result."""
        plan = replace(self.plan, replicate=FIRST_REPLICATE + self.replicate)
        every = cases()
        usual = create_engine(plan)
        varied = {
            key: np.array([case.parameters.get(key, float(usual.parameter(*key)[0])) for case in every])
            for key in dict.fromkeys(key for case in every for key in case.parameters)
        }
        engine = create_engine(plan, len(every), varied)
        for week in range(-plan.burn_in, 0):
            engine.run_week(week)
        survey, interview = survey_of(plan), interview_of(plan)
        rows = []
        for world, case in enumerate(every):
            truth, visits = latent_states(engine, world), []
            for place in range(VISITS):
                answers = conduct_survey(engine, survey, interview, world, f"visit {place}")
                if FLOOR in case.without:
                    answers = _without_floor(engine, world, answers, survey, interview, f"visit {place}")
                visits.append(answers)
            rows += [
                {
                    "case": case.name, "replicate": self.replicate, "isolation": isolation, "role": role,
                    **_relation(truth, visits, isolation, role),
                }
                for isolation in ISOLATIONS
                for role in BOTH
            ]  # fmt: skip
        return rows


def _relation(truth: Answers, visits: Sequence[Answers], isolation: str, role: str) -> Row:
    results = [relations(answers, ["share_at_home"], [isolation], role) for answers in visits]
    return {
        "true": float(relations(truth, ["share_at_home"], [isolation], role).r[0, 0]),
        "observed": float(np.mean([one.r[0, 0] for one in results])),
        "positive": float(np.mean([one.found[0, 0] > 0 for one in results])),
        "negative": float(np.mean([one.found[0, 0] < 0 for one in results])),
    }


def _without_floor(
    engine: Engine, world: int, answers: Answers, survey: Survey, interview: Interview, visit: str
) -> Answers:
    """Return the same answers on scales without ends."""
    state, draws = WorldState(engine, world), SurveyRandom(engine, visit)
    style = draws.normal("style", lasting=True)
    error = np.sqrt((1 - survey.reliability) / survey.reliability)
    scores = {}
    for name in ISOLATIONS:
        scale = scales()[name]
        observed = interview.bent(state.of(scale.quantity), style, scale) + error * draws.normal(f"answers {name}")
        scores[name] = np.where(answers.filled_in, (scale.mean + scale.sd * observed)[answers.place], np.nan)
    return replace(answers, said={**answers.said, **scores})


def summary(rows: Sequence[Row]) -> pd.DataFrame:
    """Return means over replicates by case, isolation and role; `low` and `high` hold 90% of the true correlations."""
    import pandas as pd

    by = pd.DataFrame(rows).groupby(["case", "isolation", "role"], sort=False)
    means = by[["true", "observed", "positive", "negative"]].mean()
    means["low"], means["high"] = by["true"].quantile(0.05), by["true"].quantile(0.95)
    means["worlds"] = by.size()
    return means.reset_index()
