"""What one world yields: every statistic that a criterion asks for, by name.

A world is a firm of 206 establishments with people and chance of its own. It is visited some times, by one virtual
study each, and lived on in the scenes. A statistic is one number a world.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from sim.engine import Engine
from sim.engine.plan import Plan, simulate_burn_in
from sim.outcomes.patterns import ASKED
from sim.studies.inspection.repeated_surveys import MARGIN, Study, offered, relations_of, study_of
from sim.studies.patterns.criteria import correlation, reported
from sim.studies.patterns.scenes import SCENARIOS, Begin, Lived, days, history, introduced, returned, today, wearing_off
from sim.survey.interview import interview_of
from sim.survey.survey import survey_of
from sim.survey.visit import Answers, WorldState, conduct_survey, latent_states

Statistics = dict[str, float]

BEYOND_ANSWERS = (
    ("all", "injunctive_norm", "telepressure"),
    ("all", "telepressure", "detachment"),
    ("all", "detachment", "exhaustion"),
    ("all", "recent_after_hours", "detachment"),
    ("non_manager", "managers_share_at_home", "share_at_home"),
)
"""True relations that no questionnaire of 2022 asked for: role, predictor, outcome."""


def evidence(plan: Plan, visits: int, begin: Begin = simulate_burn_in) -> Statistics:
    """Every statistic of the world of a plan and its replicate; `begin` lives a burn-in."""
    plan = replace(plan, scenarios=SCENARIOS, weeks=1, burn_in=52)
    engine = begin(plan)
    found, worlds = today(engine, plan)
    found |= wearing_off(engine) | days(engine) | history(begin, plan) | introduced(begin, plan) | returned(begin, plan)
    return found | of_visits(engine, plan, visits, _fewer(worlds))


def of_visits(engine: Engine, plan: Plan, visits: int, fewer: np.ndarray) -> Statistics:
    """Statistics of some virtual studies in one world, and of its truth. `fewer`: (place,) has fewer contacts."""
    truth, done = latent_states(engine), offered(WorldState(engine))
    survey, interview = survey_of(plan), interview_of(plan)
    studies = []
    for number in range(visits):
        answers = conduct_survey(engine, survey, interview, visit=f"visit {number}")
        studies.append(study_of(answers, truth, done, fewer[answers.place], luck=number))
    return of_studies(studies) | _beyond(engine, truth)


def of_studies(studies: list[Study]) -> Statistics:
    """Shares of the studies that report a pattern, and its true correlations, which are the same for all of them."""
    found = {}
    for name, finding in studies[0].findings.items():
        each = [study.findings[name] for study in studies]
        if finding.reported is not None:
            found[reported(name)] = float(np.mean([one.reported for one in each]))
        for relation, r in zip(relations_of(name), finding.true, strict=False):
            if not np.isnan(r):
                found[correlation(*relation)] = float(r)
        for what in finding.numbers:
            found[f"{name}.{what}"] = float(np.mean([one.numbers[what] for one in each]))
    if "detail_question.in_detail" in found:
        found["claimed less provided"] = found["detail_question.chair_and_desk"] - found["detail_question.in_detail"]
    if studies[0].true_shares is not None:
        found |= _falls(studies[0].true_shares)
    return found


def _falls(shares: np.ndarray) -> Statistics:
    """What the cascade loses, by measure; `shares` is (15, 3) of employers, managers and others."""
    found = {}
    for row, name in enumerate(ASKED):
        found[f"fall manager {name}"] = float(shares[row, 0] - shares[row, 1])
        found[f"fall non_manager {name}"] = float(shares[row, 1] - shares[row, 2])
    kept = dict(zip(ASKED, shares[:, 2] / np.maximum(shares[:, 0], 1e-9), strict=True))
    training = kept.pop("remote_leadership_training")
    return {**found, "training kept": float(training - min(kept.values()))}


def _beyond(engine: Engine, truth: Answers) -> Statistics:
    state = WorldState(engine)
    said: Mapping[str, np.ndarray] = {
        **truth.said,
        **{name: state.of(name)[truth.place] for name in
           ("injunctive_norm", "recent_after_hours", "managers_share_at_home")},
    }  # fmt: skip
    found = {
        correlation(role, x, y): float(np.corrcoef(said[x][truth.of(role)], said[y][truth.of(role)])[0, 1])
        for role, x, y in BEYOND_ANSWERS
    }
    return found | {
        correlation("all", "is_manager", what): _of_role(truth, what) for what in ("kans_complaint", "separate_room")
    }


def _of_role(truth: Answers, what: str) -> float:
    """The correlation of managing with a yes or no where, as in the study, half of those asked are managers."""
    manager, other = (float(truth.said[what][truth.of(role)].mean()) for role in ("manager", "non_manager"))
    share = (manager + other) / 2
    return (manager - other) / 2 / float(np.sqrt(share * (1 - share)))


def _fewer(worlds: Lived) -> np.ndarray:
    """(place,) whether one has fewer contacts than after a year fully on site."""
    contact = worlds.engine.values["recent_contact"]
    return contact[0] < contact[1] - MARGIN
