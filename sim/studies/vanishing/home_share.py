"""Reasons why the share of hours at home is unrelated to isolation, removed one at a time.

People who need company choose the office, people adapt to the contact they have, contact online is company too, the
scale has a floor, or contact does little for isolation. All worlds have the same people.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from sim.engine import Engine
from sim.engine.plan import Plan, create_engine
from sim.outcomes.patterns import BOTH, ISOLATIONS
from sim.studies.vanishing.worlds import Row
from sim.survey.correlations import Correlations
from sim.survey.instruments import instruments_of
from sim.survey.interview import scales
from sim.survey.visit import Answers, SurveyRandom, WorldState, conduct_survey, latent_states, scores

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


def simulate(plan: Plan, replicate: int) -> list[Row]:
    """Simulate all cases with the people of one replicate.

    Returns one row per case, isolation and role: correlations, and shares of simulated studies by result.
    """
    plan, every = replace(plan, replicate=FIRST_REPLICATE + replicate), cases()
    usual = create_engine(plan)
    varied = {
        key: np.array([case.parameters.get(key, float(usual.parameter(*key)[0])) for case in every])
        for key in dict.fromkeys(key for case in every for key in case.parameters)
    }
    engine = create_engine(plan, len(every), varied)
    for week in range(-plan.burn_in, 0):
        engine.run_week(week)
    rows = []
    for world, case in enumerate(every):
        truth = latent_states(engine, world)
        visits = [_answers(engine, plan, world, case, f"visit {number}") for number in range(VISITS)]
        for isolation, role in product(ISOLATIONS, BOTH):
            same = {"case": case.name, "replicate": replicate, "isolation": isolation, "role": role}
            rows.append({**same, **_relation(truth, visits, isolation, role)})
    return rows


def _relation(truth: Answers, visits: Sequence[Answers], isolation: str, role: str) -> Row:
    true, *observed = (Correlations(own, ["share_at_home"], [isolation], role) for own in (truth, *visits))
    return {
        "true": float(true.r[0, 0]),
        "observed": float(np.mean([one.r[0, 0] for one in observed])),
        "positive": float(np.mean([one.significant[0, 0] > 0 for one in observed])),
        "negative": float(np.mean([one.significant[0, 0] < 0 for one in observed])),
    }


def _answers(engine: Engine, plan: Plan, world: int, case: Case, visit: str) -> Answers:
    """Return the answers of a visit, on scales of isolation without ends if the case removes the floor."""
    instruments = instruments_of(plan)
    answers = conduct_survey(engine, instruments, world, visit)
    if FLOOR not in case.without:
        return answers
    state, draws = WorldState(engine, world), SurveyRandom(engine, visit)
    responses, style = dict(answers.responses), draws.normal("style", lasting=True)
    for name in ISOLATIONS:
        endless = replace(scales()[name], low=-np.inf, high=np.inf)
        observed = scores(state, draws, instruments, style, endless)[answers.place]
        responses[name] = np.where(answers.filled_in, observed, np.nan)
    return replace(answers, responses=responses)


def summary(rows: Sequence[Row]) -> pd.DataFrame:
    """Return means over replicates by case, isolation and role; `low` and `high` hold 90% of the true correlations."""
    import pandas as pd

    by = pd.DataFrame(rows).groupby(["case", "isolation", "role"], sort=False)
    means = by[["true", "observed", "positive", "negative"]].mean()
    means["low"], means["high"] = by["true"].quantile(0.05), by["true"].quantile(0.95)
    means["worlds"] = by.size()
    return means.reset_index()
