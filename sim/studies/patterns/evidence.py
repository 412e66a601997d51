"""Statistics of one world: every number that a criterion needs, by name.

A world is a firm of 206 establishments with its own people and random numbers. Simulated studies survey it, and
experiments simulate it under other practices.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from sim.engine import Engine
from sim.engine.plan import Plan, simulate_burn_in
from sim.outcomes.patterns import BOTH, MEASURES
from sim.studies.inspection.findings import relations_of
from sim.studies.inspection.repeated_surveys import CONTACT_MARGIN, SimulatedStudy, analyse, provided_measures
from sim.studies.patterns import experiments
from sim.studies.patterns.criteria import correlation, reported_share
from sim.survey.instruments import instruments_of
from sim.survey.visit import Answers, WorldState, conduct_survey, latent_states

Statistics = dict[str, float]

NOT_IN_QUESTIONNAIRE = (
    ("all", "injunctive_norm", "telepressure"),
    ("all", "telepressure", "detachment"),
    ("all", "detachment", "exhaustion"),
    ("all", "recent_after_hours", "detachment"),
    ("non_manager", "managers_share_at_home", "share_at_home"),
)
"""True correlations that the questionnaire of 2022 did not cover: role, predictor, outcome."""


def simulate_statistics(plan: Plan, visits: int, simulate: experiments.SimulateBurnIn = simulate_burn_in) -> Statistics:
    """Simulate one world and return all its statistics, with `visits` simulated studies.

    The replicate of the plan decides on people and random numbers; `simulate` simulates the burn-in.
    """
    plan = replace(plan, scenarios=experiments.SCENARIOS, weeks=1, burn_in=52)
    engine = simulate(plan)
    statistics, worlds = experiments.run_today(engine)
    statistics |= experiments.run_wearing_off(engine) | experiments.run_days(engine)
    statistics |= experiments.run_history(simulate, plan) | experiments.run_introduction(simulate, plan)
    statistics |= experiments.run_return(simulate, plan)
    contact = worlds.engine.values["recent_contact"]  # the second world is fully on site
    return statistics | survey_statistics(engine, plan, visits, contact[0] < contact[1] - CONTACT_MARGIN)


def survey_statistics(engine: Engine, plan: Plan, visits: int, fewer_contacts: np.ndarray) -> Statistics:
    """Return the statistics of simulated studies of one world, and of its true states.

    `fewer_contacts` (place,): whether a person has fewer contacts than fully on site.
    """
    truth, provided = latent_states(engine), provided_measures(WorldState(engine))
    studies, instruments = [], instruments_of(plan)
    for number in range(visits):
        answers = conduct_survey(engine, instruments, visit=f"visit {number}")
        studies.append(analyse(answers, truth, provided, fewer_contacts[answers.place], seed=number))
    return study_statistics(studies) | _true_relations(engine, truth)


def study_statistics(studies: Sequence[SimulatedStudy]) -> Statistics:
    """Return shares of the studies that report each pattern, and true correlations, which the studies share."""
    statistics = {}
    for name, finding in studies[0].findings.items():
        each = [study.findings[name] for study in studies]
        if finding.reported is not None:
            statistics[reported_share(name)] = float(np.mean([one.reported for one in each]))
        for relation, r in zip(relations_of(name), finding.true, strict=False):
            if not np.isnan(r):
                statistics[correlation(*relation)] = float(r)
        for number in finding.numbers:
            statistics[f"{name}.{number}"] = float(np.mean([one.numbers[number] for one in each]))
    general, detail = (statistics.get(f"detail_question.{name}") for name in ("chair_and_desk", "in_detail"))
    if general is not None and detail is not None:
        statistics["claimed less provided"] = general - detail
    if studies[0].true_shares is not None:
        statistics |= _cascade_losses(studies[0].true_shares)
    return statistics


def _cascade_losses(shares: np.ndarray) -> Statistics:
    """Return the losses of the cascade by measure; `shares` (15, 3): employers, managers, other employees."""
    losses = {}
    for row, name in enumerate(MEASURES):
        losses[f"fall manager {name}"] = float(shares[row, 0] - shares[row, 1])
        losses[f"fall non_manager {name}"] = float(shares[row, 1] - shares[row, 2])
    left = dict(zip(MEASURES, shares[:, 2] / np.maximum(shares[:, 0], 1e-9), strict=True))
    training = left.pop("remote_leadership_training")
    return {**losses, "training kept": float(training - min(left.values()))}


def _true_relations(engine: Engine, truth: Answers) -> Statistics:
    state = WorldState(engine)
    states: Mapping[str, np.ndarray] = {
        **truth.responses,
        **{name: state.of(name)[truth.place] for name in
           ("injunctive_norm", "recent_after_hours", "managers_share_at_home")},
    }  # fmt: skip
    statistics = {
        correlation(role, x, y): float(np.corrcoef(states[x][truth.of(role)], states[y][truth.of(role)])[0, 1])
        for role, x, y in NOT_IN_QUESTIONNAIRE
    }
    return statistics | {
        correlation("all", "is_manager", name): _with_role(truth, name) for name in ("kans_complaint", "separate_room")
    }


def _with_role(truth: Answers, name: str) -> float:
    """Return the correlation of managing with a yes or no if half of the respondents manage, as in the study."""
    manager, other = (float(truth.responses[name][truth.of(role)].mean()) for role in BOTH)
    share = (manager + other) / 2
    return (manager - other) / 2 / float(np.sqrt(share * (1 - share)))
