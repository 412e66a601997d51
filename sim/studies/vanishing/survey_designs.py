"""Survey designs beyond that of 2022: questions on use, correct use, duration and documents, and repeated surveys.

Each simulated survey becomes a row of numbers that an analyst would have, called `<question>.<number>`. A design is a
choice of questions. Answers about use have the same errors as those about knowledge. Documents, and how long somebody
has known a measure, are observed without error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sim.outcomes.patterns import BOTH, ISOLATIONS, PRESSURE
from sim.survey.instruments import Instruments
from sim.survey.interview import Interview, scales
from sim.survey.visit import Answers, SurveyRandom, WorldState, sample_responses

QUESTIONS = ("as_2022", "use", "well", "since", "documents", "bogus", "more", "second")
"""Claims, knowledge and outcomes as in 2022; use; use as intended, observed by the inspector; duration; documents and
the desk; measures that do not exist; five employees per establishment; the same people half a year later."""
DESIGNS: Mapping[str, tuple[str, ...]] = {
    "as in 2022": ("as_2022",),
    "+ use, correct use, duration": ("as_2022", "use", "well", "since"),
    "+ documents and the desk": ("as_2022", "documents"),
    "+ a made-up measure": ("as_2022", "bogus"),
    "+ five people each": ("as_2022", "more"),
    "+ the same people again": ("as_2022", "second"),
    "all together": QUESTIONS,
}
"""Questions of each design, by its label."""
NAMED_RELATIONS = (
    ("non_manager", "social_moments", "isolation_from_colleagues"),
    ("non_manager", "social_moments", "isolation_from_company"),
    ("non_manager", "conversations", "isolation_from_colleagues"),
    ("non_manager", "conversations", "isolation_from_company"),
    ("manager", "working_time_agreements", "work_home_conflict"),
    ("non_manager", "reachability_agreements", "telepressure"),
    ("non_manager", "chair_and_desk", "kans_complaint"),
)
"""The relations that the study names."""
HALF_A_YEAR = 26
FEW = 50
"""Establishments of a small study."""


@dataclass(frozen=True)
class Moment:
    """State at one moment, for comparison later."""

    known: np.ndarray  # (measure, place) 0 or 1, for the measures of the study
    used: np.ndarray  # the same
    person: np.ndarray  # (place,) generation of the person


def moment(state: WorldState) -> Moment:
    """Return the present state."""
    return Moment(state.table("known"), state.table("used"), state.of("generation"))


def one_time(
    state: WorldState, answers: Answers, interview: Interview, visit: str, before: Moment, more: Sequence[Answers]
) -> dict[str, float]:
    """Return the numbers of one visit.

    Parameters
    ----------
    answers : Answers
        Answers of the visit.
    before : Moment
        State half a year before.
    more : sequence of Answers
        Answers of further visits to the same establishments.
    """
    draws = SurveyRandom(state.engine, visit)
    style = draws.normal("style", lasting=True)
    known, pool = answers.table("known"), pooled((answers, *more))
    recalled = [(state.measure("used", name), draws.uniform(f"used {name}")) for name in state.study_measures]
    uses = np.array([interview.says_known(used, style, random)[answers.place] for used, random in recalled])
    well = uses * state.table("handled_well")[:, answers.place]
    return {
        **_relations("as_2022", answers, known),
        **_relations("as_2022", answers, answers.table("claimed"), "claimed"),
        **_levels(answers),
        **_relations("use", answers, uses),
        "use.of_known": _ratio(uses, known),
        **_relations("well", answers, well),
        "well.of_used": _ratio(well, uses),
        **_since(state, answers, before),
        **_documents(state, answers),
        **_bogus(state, answers, interview, draws, style),
        **_relations("more", pool, pool.table("known")),
        **_relations("more", pool, pool.table("claimed"), "claimed"),
    }


def again(state: WorldState, first: Answers, before: Moment, instruments: Instruments, visit: str) -> dict[str, float]:
    """Return the numbers of a second survey of the same people: changes against changes and against earlier states."""
    stayed = first.filled_in & (state.of("generation") == before.person)[first.place]
    responses = sample_responses(state, SurveyRandom(state.engine, visit), instruments)
    responses = {name: values[first.place] for name, values in responses.items()}
    second = replace(first, filled_in=stayed, responses=responses)
    newly = second.table("known") - first.table("known")
    claims = second.table("claimed") - first.table("claimed")
    out: dict[str, float] = {}
    for what, outcomes in (("pressure", PRESSURE), ("isolation", ISOLATIONS)):
        one, other = _mean(first, outcomes), _mean(second, outcomes)
        for change, of in (("known", newly.sum(axis=0)), ("claimed", claims.sum(axis=0))):
            out[f"second.{change}.change_of_{what}"] = _r(of[stayed], (other - one)[stayed])
            out[f"second.{change}.after_{what}"] = _r(of[stayed], one[stayed])
    complaints = first.responses["kans_complaint"]
    strain = np.nan_to_num(complaints) + np.nan_to_num(_mean(first, PRESSURE))
    out["second.claimed.after_complaints"] = _r(claims.sum(axis=0)[stayed], strain[stayed])
    out["second.claims_begun"] = float((claims > 0).mean())
    out["second.claims_ended"] = float((claims < 0).mean())
    out["second.known_begun"] = float((newly > 0).mean())
    out["second.known_ended"] = float((newly < 0).mean())
    return out


def within(answers: Answers, establishments: np.ndarray) -> Answers:
    """Return the answers from some establishments, (establishment,) bool."""
    rows = establishments[answers.establishment]
    return _by_respondent(lambda visits: visits[0][rows], [answers])


def pooled(visits: Sequence[Answers]) -> Answers:
    """Return the answers of several visits as those of one."""
    return _by_respondent(np.concatenate, visits)


def _by_respondent(combine: Callable[[Any], np.ndarray], visits: Sequence[Answers]) -> Answers:
    """Return answers whose arrays with one value per respondent combine those of the visits."""
    fields = ("place", "establishment", "is_manager", "filled_in")
    own: dict[str, Any] = {name: combine([getattr(one, name) for one in visits]) for name in fields}
    responses = {name: combine([one.responses[name] for one in visits]) for name in visits[0].responses}
    return replace(visits[0], **own, responses=responses)


# -- numbers ----------------------------------------------------------------------------------------------------------


def _relations(question: str, answers: Answers, table: np.ndarray, what: str = "known") -> dict[str, float]:
    """Return correlations of (measure, respondent) answers with outcomes, by measure and for the number of measures."""
    names, out = list(answers.claims), {}
    for role, measure, outcome in NAMED_RELATIONS:
        own = answers.of(role) & answers.filled_in
        out[f"{question}.{what}.{measure}.{outcome}"] = _r(
            table[names.index(measure)][own], answers.responses[outcome][own]
        )
    for role in BOTH:
        own = answers.of(role) & answers.filled_in
        for over, outcomes in (("pressure", PRESSURE), ("isolation", ISOLATIONS)):
            out[f"{question}.{what}.{role}.{over}"] = _r(table.sum(axis=0)[own], _mean(answers, outcomes)[own])
    return out


def _levels(answers: Answers) -> dict[str, float]:
    known, claimed = answers.table("known"), answers.table("claimed")
    manager, other = (answers.of(role) for role in BOTH)
    out = {"as_2022.claims": float(claimed.sum(axis=0).mean())}
    for role, own in (("managers", manager), ("others", other)):
        out |= {
            f"as_2022.known_{role}": float(known.sum(axis=0)[own].mean()),
            f"as_2022.claimed_not_known_{role}": float((claimed * (1 - known)).sum(axis=0)[own].mean()),
            f"as_2022.known_not_claimed_{role}": float(((1 - claimed) * known).sum(axis=0)[own].mean()),
        }
    filled = answers.filled_in
    out["as_2022.same_person"] = _r(known.sum(axis=0)[filled], _agreement(answers)[filled])
    out["as_2022.filled_in"] = float(filled.mean())
    return out


def _agreement(answers: Answers) -> np.ndarray:
    """Return the mean agreement with all statements, good or bad, (respondent,)."""
    return np.mean([_standard(answers.responses[name]) for name in (*PRESSURE, *ISOLATIONS)], axis=0)


def _since(state: WorldState, answers: Answers, before: Moment) -> dict[str, float]:
    """Return shares and relations of measures that the same person already knew or used half a year ago."""
    same = (state.of("generation") == before.person)[answers.place]
    out = {}
    for what, then in (("known", before.known), ("used", before.used)):
        now = state.table(what)[:, answers.place]
        long = now * then[:, answers.place] * same
        out[f"since.{what}"] = _ratio(long, now)
        out |= _relations("since", answers, long, f"{what}_long")
    return out


def _documents(state: WorldState, answers: Answers) -> dict[str, float]:
    """Return shares and relations of measures that documents and desks confirm, claimed by the employer or not."""
    claims = answers.table("claimed")
    there, communicated = (state.table(name)[:, answers.establishment] for name in ("implemented", "communicated"))
    itself = state.table("does_itself")[:, state.engine.staff.firm.team[answers.place]]
    done = claims * there
    return {
        "documents.taken_of_claimed": _ratio(done, claims),
        "documents.told_of_taken": _ratio(there * communicated, there),
        "documents.done_of_unclaimed": _ratio((1 - claims) * itself, 1 - claims),
        **_relations("documents", answers, there, "taken"),
    }


def _bogus(
    state: WorldState, answers: Answers, interview: Interview, draws: SurveyRandom, style: np.ndarray
) -> dict[str, float]:
    """Return the frequency of reports of three measures that do not exist."""
    nothing = np.zeros(len(state.establishment))
    yes = [interview.says_known(nothing, style, draws.uniform(f"knows nothing {n}"))[answers.place] for n in range(3)]
    none = np.zeros(state.establishments)
    claims = [interview.says_claimed(none, draws.employer(f"claims nothing {number}")) for number in range(3)]
    filled = answers.filled_in
    return {
        "bogus.employees": float(np.mean(yes)),
        "bogus.employers": float(np.mean(claims)),
        "bogus.agreement": _r(np.sum(yes, axis=0)[filled], _agreement(answers)[filled]),
    }


def _mean(answers: Answers, outcomes: Iterable[str]) -> np.ndarray:
    """Return the mean of several scales, (respondent,), high where it is bad."""
    return np.mean([scales()[name].worse * _standard(answers.responses[name]) for name in outcomes], axis=0)


def _standard(values: np.ndarray) -> np.ndarray:
    spread = np.nanstd(values)
    return (values - np.nanmean(values)) / (spread if spread > 0 else 1)


def _ratio(part: np.ndarray, whole: np.ndarray) -> float:
    return float(part.sum() / whole.sum()) if whole.sum() else 0.0


def _r(x: np.ndarray, y: np.ndarray) -> float:
    """Return the correlation, 0 where one of them does not vary."""
    x, y = x - x.mean(), y - y.mean()
    spread = np.sqrt((x @ x) * (y @ y))
    return float(x @ y / spread) if spread > 1e-12 else 0.0
