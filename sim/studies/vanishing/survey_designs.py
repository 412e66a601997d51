"""What one could ask beyond the study of 2022: is it used, used well, since when, what is really there; again later.

Each virtual survey becomes a row of numbers that an analyst would have, named `<question>.<number>`. A survey design is
a choice of questions. Answers about use are bent by memory and style as those about knowing are; what is in the
employer's documents and how long somebody has known a measure are taken to be told without error.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sim.outcomes.patterns import BOTH, ISOLATIONS, PRESSURE
from sim.survey.interview import Interview, scales
from sim.survey.survey import Survey
from sim.survey.visit import Answers, SurveyRandom, WorldState, sample_responses

QUESTIONS = {
    "as_2022": "as in 2022: taken, known, and how one is",
    "use": "do you use it?",
    "well": "do you use it as it is meant? (seen by the inspector)",
    "since": "since when?",
    "documents": "what is really there, from documents and at the desk",
    "bogus": "a measure that does not exist",
    "more": "five employees of an establishment instead of one",
    "second": "the same people again half a year later",
}
DESIGNS: Mapping[str, tuple[str, ...]] = {
    "as in 2022": ("as_2022",),
    "+ used? used well? since when?": ("as_2022", "use", "well", "since"),
    "+ what is really there": ("as_2022", "documents"),
    "+ a made-up measure": ("as_2022", "bogus"),
    "+ five people each": ("as_2022", "more"),
    "+ the same people again": ("as_2022", "second"),
    "all of it": tuple(QUESTIONS),
}
NAMED = (
    ("non_manager", "social_moments", "isolation_from_colleagues"),
    ("non_manager", "social_moments", "isolation_from_company"),
    ("non_manager", "conversations", "isolation_from_colleagues"),
    ("non_manager", "conversations", "isolation_from_company"),
    ("manager", "working_time_agreements", "work_home_conflict"),
    ("non_manager", "reachability_agreements", "telepressure"),
    ("non_manager", "chair_and_desk", "kans_complaint"),
)
"""The relations that the study's text names."""
HALF_A_YEAR = 26
FEW = 50
"""Establishments of a small study."""


@dataclass(frozen=True)
class Moment:
    """What stood at a moment: measure -> (place,) 0 or 1; and (place,) which person of the place it was."""

    known: Mapping[str, np.ndarray]
    used: Mapping[str, np.ndarray]
    person: np.ndarray


def moment(state: WorldState) -> Moment:
    """The present, kept for later."""
    return Moment(
        {name: state.known(name) for name in state.asked},
        {name: state.measure("used", name) for name in state.asked},
        state.of("generation"),
    )


def one_time(
    state: WorldState, answers: Answers, interview: Interview, visit: str, before: Moment, more: Sequence[Answers]
) -> dict[str, float]:
    """All that one visit could ask: `answers` of it, `more` those of further visits, `before` half a year ago."""
    draws = SurveyRandom(state.engine, visit)
    style = draws.normal("style", lasting=True)
    known = _table(answers, "known")
    uses = _says(state, "used", answers, interview, draws, style)
    well = uses * np.array([state.measure("handled_well", name)[answers.place] for name in state.asked])
    return {
        **_named("as_2022", answers, known),
        **_named("as_2022", answers, _table(answers, "claimed"), "claimed"),
        **_levels("as_2022", answers),
        **_named("use", answers, uses),
        "use.of_known": _ratio(uses, known),
        **_named("well", answers, well),
        "well.of_used": _ratio(well, uses),
        **_since(state, answers, before),
        **_documents(state, answers),
        **_bogus(state, answers, interview, draws, style),
        **_named("more", pooled((answers, *more)), _table(pooled((answers, *more)), "known")),
        **_named("more", pooled((answers, *more)), _table(pooled((answers, *more)), "claimed"), "claimed"),
    }


def again(
    state: WorldState, first: Answers, before: Moment, survey: Survey, interview: Interview, visit: str
) -> dict[str, float]:
    """What the same people say half a year later adds: changes against changes, and what came after what."""
    stayed = first.filled_in & (state.of("generation") == before.person)[first.place]
    said = sample_responses(state, SurveyRandom(state.engine, visit), survey, interview, visit)
    second = replace(first, filled_in=stayed, said={name: values[first.place] for name, values in said.items()})
    newly = _table(second, "known") - _table(first, "known")
    claims = _table(second, "claimed") - _table(first, "claimed")
    out: dict[str, float] = {}
    for what, outcomes in (("pressure", PRESSURE), ("isolation", ISOLATIONS)):
        one, other = _mean(first, outcomes), _mean(second, outcomes)
        for change, of in (("known", newly.sum(axis=0)), ("claimed", claims.sum(axis=0))):
            out[f"second.{change}.change_of_{what}"] = _r(of[stayed], (other - one)[stayed])
            out[f"second.{change}.after_{what}"] = _r(of[stayed], one[stayed])
    complaints = first.said["kans_complaint"]
    heard = np.nan_to_num(complaints) + np.nan_to_num(_mean(first, PRESSURE))
    out["second.claimed.after_complaints"] = _r(claims.sum(axis=0)[stayed], heard[stayed])
    out["second.claims_begun"] = float((claims > 0).mean())
    out["second.claims_ended"] = float((claims < 0).mean())
    out["second.known_begun"] = float((newly > 0).mean())
    out["second.known_ended"] = float((newly < 0).mean())
    return out


def within(answers: Answers, chosen: np.ndarray) -> Answers:
    """The answers from these establishments alone; `chosen` is (establishment,) bool."""
    rows = chosen[answers.establishment]
    said = {name: values[rows] for name, values in answers.said.items()}
    return replace(answers, **{name: getattr(answers, name)[rows] for name in _BY_ROW}, said=said)


def pooled(of: Sequence[Answers]) -> Answers:
    """The answers of several visits as those of one."""
    rows = {name: np.concatenate([getattr(one, name) for one in of]) for name in _BY_ROW}
    said = {name: np.concatenate([one.said[name] for one in of]) for name in of[0].said}
    return replace(of[0], **rows, said=said)  # type: ignore[arg-type]


_BY_ROW = ("place", "establishment", "is_manager", "filled_in")
"""What answers hold one of for each respondent, beside what is said."""


# -- numbers ----------------------------------------------------------------------------------------------------------


def _names(answers: Answers) -> tuple[str, ...]:
    return tuple(answers.claims)


def _table(answers: Answers, what: str) -> np.ndarray:
    """(measure, respondent) of what is said to be known or claimed."""
    return np.array([answers.said[f"{what}.{name}"] for name in _names(answers)])


def _named(question: str, answers: Answers, table: np.ndarray, what: str = "known") -> dict[str, float]:
    """Correlations of a table (measure, respondent) with how one is: those named, and of the number of measures."""
    names, out = _names(answers), {}
    for role, measure, outcome in NAMED:
        own = answers.of(role) & answers.filled_in
        out[f"{question}.{what}.{measure}.{outcome}"] = _r(table[names.index(measure)][own], answers.said[outcome][own])
    for role in BOTH:
        own = answers.of(role) & answers.filled_in
        for over, outcomes in (("pressure", PRESSURE), ("isolation", ISOLATIONS)):
            out[f"{question}.{what}.{role}.{over}"] = _r(table.sum(axis=0)[own], _mean(answers, outcomes)[own])
    return out


def _levels(question: str, answers: Answers) -> dict[str, float]:
    known, claimed = _table(answers, "known"), _table(answers, "claimed")
    manager, other = (answers.of(role) for role in BOTH)
    out = {f"{question}.claims": float(claimed.sum(axis=0).mean())}
    for role, own in (("managers", manager), ("others", other)):
        out |= {
            f"{question}.known_{role}": float(known.sum(axis=0)[own].mean()),
            f"{question}.claimed_not_known_{role}": float((claimed * (1 - known)).sum(axis=0)[own].mean()),
            f"{question}.known_not_claimed_{role}": float(((1 - claimed) * known).sum(axis=0)[own].mean()),
        }
    filled = answers.filled_in
    out[f"{question}.same_person"] = _r(known.sum(axis=0)[filled], _agreement(answers)[filled])
    out[f"{question}.filled_in"] = float(filled.mean())
    return out


def _agreement(answers: Answers) -> np.ndarray:
    """How far somebody agrees with every statement, good or bad, (respondent,)."""
    return np.mean([_standard(answers.said[name]) for name in (*PRESSURE, *ISOLATIONS)], axis=0)


def _says(
    state: WorldState, what: str, answers: Answers, interview: Interview, draws: SurveyRandom, style: np.ndarray
) -> np.ndarray:
    """(measure, respondent) 0 or 1: what is said of something that is so or not."""
    return np.array(
        [
            interview.says_known(state.measure(what, name), style, draws.uniform(f"{what} {name}"))[answers.place]
            for name in state.asked
        ]
    )


def _since(state: WorldState, answers: Answers, before: Moment) -> dict[str, float]:
    """How much of what is known and used today was so half a year ago already, by the same person."""
    same = (state.of("generation") == before.person)[answers.place]
    out = {}
    for what, then in (("known", before.known), ("used", before.used)):
        now = np.array([state.measure(what, name)[answers.place] for name in state.asked])
        long = now * np.array([then[name][answers.place] for name in state.asked]) * same
        out[f"since.{what}"] = _ratio(long, now)
        out |= _named("since", answers, long, f"{what}_long")
    return out


def _documents(state: WorldState, answers: Answers) -> dict[str, float]:
    """What the inspector would find behind the employer's claims, and without them."""
    claims = _table(answers, "claimed")
    there = np.array([state.measure("implemented", name)[answers.establishment] for name in state.asked])
    told = np.array([state.measure("communicated", name)[answers.establishment] for name in state.asked])
    team = state.engine.staff.firm.team[answers.place]
    itself = np.array([state.measure("does_itself", name)[team] for name in state.asked])
    done = claims * there
    return {
        "documents.taken_of_claimed": _ratio(done, claims),
        "documents.told_of_taken": _ratio(there * told, there),
        "documents.done_of_unclaimed": _ratio((1 - claims) * itself, 1 - claims),
        **_named("documents", answers, there, "taken"),
    }


def _bogus(
    state: WorldState, answers: Answers, interview: Interview, draws: SurveyRandom, style: np.ndarray
) -> dict[str, float]:
    """Who says yes to a measure that does not exist; three are asked, since few say yes to any."""
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
    """How badly somebody fares on several scales, (respondent,)."""
    return np.mean([scales()[name].worse * _standard(answers.said[name]) for name in outcomes], axis=0)


def _standard(values: np.ndarray) -> np.ndarray:
    spread = np.nanstd(values)
    return (values - np.nanmean(values)) / (spread if spread > 0 else 1)


def _ratio(part: np.ndarray, whole: np.ndarray) -> float:
    return float(part.sum() / whole.sum()) if whole.sum() else 0.0


def _r(x: np.ndarray, y: np.ndarray) -> float:
    """Their correlation; 0 where one of them does not vary."""
    x, y = x - x.mean(), y - y.mean()
    spread = np.sqrt((x @ x) * (y @ y))
    return float(x @ y / spread) if spread > 1e-12 else 0.0
