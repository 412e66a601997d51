"""One simulated study: the visits of an inspectorate, the answers, and the findings that it would report.

    plan -> world at the day of the visit -> answers -> study

`simulate_study` takes all steps. `analyse` starts with answers, so that rival models are analysed in the same way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sim.engine import Engine
from sim.engine.plan import BASELINE, Plan, simulate_burn_in
from sim.errors import UserError
from sim.outcomes.patterns import BOTH, MEASURES
from sim.studies.inspection import findings
from sim.studies.inspection.findings import Finding, Tests, relations_of
from sim.studies.inspection.rating import Ratings, rate_employers
from sim.survey.instruments import instruments_of
from sim.survey.visit import Answers, WorldState, conduct_survey, latent_states

PERMUTATIONS = 200
CONTACT_MARGIN = 0.25
"""Contacts per working day that somebody misses before naming it as a drawback: one in four days (assumed)."""
FULLY_ON_SITE = "fully_on_site"


@dataclass(frozen=True)
class SimulatedStudy:
    """Results of one simulated study."""

    met: Mapping[str, int]  # role -> people interviewed
    filled_in: Mapping[str, int]  # role -> questionnaires returned
    shares: np.ndarray  # (15, 3): employers, managers and other employees who report each measure of `MEASURES`
    true_shares: np.ndarray | None  # the same of all employers and home workers, without error; None if unknown
    carried_out: float  # mean number of measures that employers carried out and announced; nan if unknown
    mismatches: Mapping[tuple[str, str], float]  # (reading, role) -> mean number that differ from the employer's
    findings: Mapping[str, Finding]  # by pattern
    tests: Mapping[str, Tests]  # of known and of claimed measures
    ratings: Mapping[str, Ratings]  # risk -> the inspector's marks

    def numbers(self) -> dict[str, float]:
        """Return all numbers as one flat row: `reported.<pattern>`, `r.<role>.<predictor>.<outcome>` and others."""
        row = {f"met.{role}": float(n) for role, n in self.met.items()}
        row |= {f"filled_in.{role}": float(n) for role, n in self.filled_in.items()}
        for column, who in enumerate(("employer", *BOTH)):
            row |= {f"says.{who}.{name}": float(self.shares[at, column]) for at, name in enumerate(MEASURES)}
            row[f"says.{who}"] = float(self.shares[:, column].sum())
        row |= {f"{reading}.{role}": mean for (reading, role), mean in self.mismatches.items()}
        for name, finding in self.findings.items():
            row |= _row_of(name, finding)
        for status, tests in self.tests.items():
            row |= {f"right.{status}": float(tests.right), f"wrong.{status}": float(tests.wrong)}
        for risk, marks in self.ratings.items():
            row |= {f"mark.{risk}": float(marks.in_general.mean()), f"mark_after.{risk}": float(marks.after.mean())}
        return row


def _row_of(name: str, finding: Finding) -> dict[str, float]:
    row = {f"reported.{name}": float("nan") if finding.reported is None else float(finding.reported)}
    row |= {f"{name}.{number}": value for number, value in finding.numbers.items()}
    if len(finding.r):
        for sign, word in ((1, "positive"), (-1, "negative")):
            row[f"significant.{name}.{word}"] = float((finding.significant == sign).sum())
        for relation, r in zip(relations_of(name), finding.r, strict=True):
            row[".".join(("r", *relation))] = float(r)
    return row


# -- from a plan to a study -------------------------------------------------------------------------------------------


def simulate_study(plan: Plan, weeks_on_site: int = 0, permutations: int = PERMUTATIONS) -> SimulatedStudy:
    """Simulate the plan's burn-in, visit every establishment and analyse the answers.

    Parameters
    ----------
    plan : Plan
        Plan of the world. With `weeks_on_site` it must have the scenario `fully_on_site`.
    weeks_on_site : int
        Weeks to simulate beside a world fully on site, to count who has fewer contacts at home. 0: do not count.
    permutations : int
        Number of permutations of the outcomes, for the null distribution.
    """
    engine = simulate_burn_in(plan)
    fewer = fewer_contacts(engine, plan, weeks_on_site) if weeks_on_site else None
    answers = conduct_survey(engine, instruments_of(plan))
    fewer = None if fewer is None else fewer[answers.place]
    provided = provided_measures(WorldState(engine))
    return analyse(answers, latent_states(engine), provided, fewer, permutations, plan.replicate)


def provided_measures(state: WorldState) -> dict[str, np.ndarray]:
    """Return by measure (establishment,) whether the employer carried it out and announced it, as 1 or 0.

    An employer who is asked item by item is assumed to answer this.
    """
    measures = state.study_measures
    return {name: state.measure("implemented", name) * state.measure("communicated", name) for name in measures}


def fewer_contacts(engine: Engine, plan: Plan, weeks: int) -> np.ndarray:
    """Return whether each person (place,) has fewer contacts than the same person after `weeks` fully on site."""
    on_site = next((scenario for scenario in plan.scenarios if scenario.name == FULLY_ON_SITE), None)
    if on_site is None:
        raise UserError(
            f"Missing scenario: {FULLY_ON_SITE}. Contacts are compared with it: "
            f"use scenarios=[baseline,{FULLY_ON_SITE}] or inspection.weeks_on_site=0."
        )
    forked = engine.with_scenarios((BASELINE, on_site))
    for week in range(weeks):
        forked.run_week(week)
    at_home, all_on_site = (WorldState(forked, world).of("recent_contact") for world in (0, 1))
    return at_home < all_on_site - CONTACT_MARGIN


# -- from answers to a study ------------------------------------------------------------------------------------------


def analyse(
    answers: Answers,
    truth: Answers | None = None,
    provided: Mapping[str, np.ndarray] | None = None,
    fewer: np.ndarray | None = None,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> SimulatedStudy:
    """Analyse answers as the study of 2022 was analysed.

    Parameters
    ----------
    answers : Answers
        Answers of a world or of any other model.
    truth : Answers, optional
        True states of all home workers, as `latent_states` returns them.
    provided : mapping from measure to array (establishment,), optional
        Measures carried out and announced.
    fewer : array (n,) of bool, optional
        Whether a respondent would name fewer contacts as a drawback.
    permutations : int
        Number of permutations of the outcomes.
    seed : int
        Seed of the permutations.
    """
    shares, ratings = reported_shares(answers), rate_employers(answers, provided)
    reports, tests = findings.find(answers, truth, permutations, seed)
    reports["cascade_order"] = findings.cascade_finding(shares)
    reports["inspector_downgrade"] = findings.downgrade_finding(ratings)
    reports["detail_question"] = findings.detail_finding(answers, provided)
    reports["contacts_fewer_isolation_low"] = findings.contact_finding(answers, fewer)
    return SimulatedStudy(
        met={role: int(answers.of(role).sum()) for role in BOTH},
        filled_in={role: int((answers.of(role) & answers.filled_in).sum()) for role in BOTH},
        shares=shares,
        true_shares=None if truth is None else reported_shares(truth),
        carried_out=float("nan") if provided is None else float(sum(provided[name].mean() for name in MEASURES)),
        mismatches=mismatches(answers),
        findings=reports,
        tests=tests,
        ratings=ratings,
    )


def reported_shares(answers: Answers) -> np.ndarray:
    """Return the shares (15, 3) of employers, managers and other employees who report each measure."""
    known = [[answers.responses[f"known.{name}"][answers.of(role)].mean() for name in MEASURES] for role in BOTH]
    return np.stack([[answers.claims[name].mean() for name in MEASURES], *known], axis=1)


def mismatches(answers: Answers) -> dict[tuple[str, str], float]:
    """Return the mean number of the 15 answers that differ from the employer's, by reading and role."""
    claimed, known = answers.table("claimed", MEASURES), answers.table("known", MEASURES)
    differs = {"any_difference": np.abs(claimed - known), "claimed_not_known": claimed * (1 - known)}
    return {
        (reading, role): float(counts.sum(axis=0)[answers.of(role)].mean())
        for reading, counts in differs.items()
        for role in BOTH
    }
