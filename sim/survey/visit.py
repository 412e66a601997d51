"""Simulated survey: a visit to one employer, one manager and one employee who works at home per establishment.

`conduct_survey` returns the responses that a study like that of 2022 would have. `latent_states` returns true states of
all home workers, without error, with which findings can be compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sim.engine import Engine
from sim.survey.interview import Interview, scales
from sim.survey.survey import Survey
from sim.world.random_streams import key_of, normals, uniforms

ROLES = ("manager", "non_manager")
COMPLAINTS = {"kans_complaint": "arm_neck_shoulder_complaint", "back_complaint": "back_complaint"}
CIRCUMSTANCES = (
    "share_at_home", "young", "older", "age_rank", "flexible_contract", "tenure_years", "contract_days", "lives_alone",
    "children_at_home", "woman", "higher_educated", "separate_room", "adjustable_at_home", "chooses_home_hours",
)  # fmt: skip
"""Facts that everybody is asked for, assumed to be reported without error."""


@dataclass(frozen=True)
class Answers:
    """Responses, one row per respondent.

    place          (n,) rows of the firm
    establishment  (n,) whose employee it is
    is_manager     (n,) bool
    filled_in      (n,) bool, whether the questionnaire came back; scales and complaints are nan where it did not
    said           name -> (n,): scales by name, complaints and circumstances; `known.<measure>` 0 or 1;
                   `claimed.<measure>` 0 or 1, by one's employer; `known`, `claimed`: how many of the study's measures
    claims         measure -> (establishment,) 0 or 1, by the employer
    """

    place: np.ndarray
    establishment: np.ndarray
    is_manager: np.ndarray
    filled_in: np.ndarray
    said: Mapping[str, np.ndarray]
    claims: Mapping[str, np.ndarray]

    def of(self, role: str) -> np.ndarray:
        """Return whether each respondent has a role: (n,) bool; the role is manager, non_manager or all."""
        if role == "all":
            return np.ones(len(self.place), bool)
        return self.is_manager if role == "manager" else ~self.is_manager


class SurveyRandom:
    """Random numbers of a visit by person, keyed like the model's own, so that they do not depend on each other."""

    def __init__(self, engine: Engine, visit: str = "visit"):
        """Create the random numbers of one occasion; another `visit`, such as the next wave of a panel, has others."""
        self.engine, self.visit = engine, visit
        generation = engine.values["generation"]
        self._person = engine.staff.person(generation[:1])[0]

    def uniform(self, what: str) -> np.ndarray:
        """Return uniform numbers in [0, 1), (place,)."""
        return uniforms(key_of(self.engine.seed, self.visit, what), self._person).astype(np.float64)

    def normal(self, what: str, lasting: bool = False) -> np.ndarray:
        """Return standard normal numbers, (place,); with `lasting`, the same on every occasion."""
        visit = "person" if lasting else self.visit
        return normals(key_of(self.engine.seed, visit, what), self._person).astype(np.float64)

    def employer(self, what: str) -> np.ndarray:
        """Return uniform numbers in [0, 1), (establishment,)."""
        code = self.engine.staff.entity["establishment"]
        return uniforms(key_of(self.engine.seed, self.visit, what), code).astype(np.float64)


def conduct_survey(
    engine: Engine, survey: Survey, interview: Interview, world: int = 0, visit: str = "visit"
) -> Answers:
    """Simulate one visit to each establishment and return the responses.

    Parameters
    ----------
    engine : Engine
    survey : Survey
        Instruments.
    interview : Interview
        Sampling and response behaviour.
    world : int
        Row of the engine's worlds.
    visit : str
        Name of the occasion, which is part of the key of its random numbers.
    """
    state, draws = WorldState(engine, world), SurveyRandom(engine, visit)
    places = _met(state, draws, interview)
    answers = sample_responses(state, draws, survey, interview, visit)
    filled_in = _filled_in(state, draws, interview)
    return _answers(state, answers, filled_in, places)


def latent_states(engine: Engine, world: int = 0) -> Answers:
    """Return the true states of all home workers in the form of responses; scales are latent states."""
    state = WorldState(engine, world)
    said = {name: state.of(scale.quantity) for name, scale in scales().items()} | _facts(state)
    for name in state.asked:
        said[f"known.{name}"], said[f"claimed.{name}"] = state.known(name), state.claimed(name)[state.establishment]
    places = np.flatnonzero(state.at_home)
    return _answers(state, _with_counts(said, state.asked), np.ones(len(state.establishment), bool), places)


class WorldState:
    """Quantities of one world of an engine."""

    def __init__(self, engine: Engine, world: int = 0):
        self.engine, self.world = engine, world
        firm = engine.staff.firm
        self.establishment, self.is_manager, self.establishments = firm.establishment, firm.is_manager, len(firm.size)
        self.at_home = self.of("may_work_from_home") > 0
        self._row = {measure.name: row for row, measure in enumerate(engine.interventions.measures)}
        self.asked = tuple(measure.name for measure in engine.interventions.measures if measure.in_study)

    def of(self, quantity: str) -> np.ndarray:
        """Return a quantity in double precision, (place,) or (establishment,)."""
        return self._own(quantity).astype(np.float64)

    def of_people(self, quantity: str) -> np.ndarray:
        """Return a quantity per place, (place,); a quantity of an establishment is the same for all its places."""
        own = self.of(quantity)
        return own if len(own) == len(self.establishment) else own[self.establishment]

    def known(self, measure: str) -> np.ndarray:
        """Return who knows a measure, (place,): 0 or 1."""
        return self._own("known")[self._row[measure]].astype(np.float64)

    def claimed(self, measure: str) -> np.ndarray:
        """Return which employers claim a measure, (establishment,): 0 or 1."""
        return self._own("claimed")[self._row[measure]].astype(np.float64)

    def measure(self, quantity: str, measure: str) -> np.ndarray:
        """Return the values of a quantity per measure for one measure."""
        return self._own(quantity)[self._row[measure]].astype(np.float64)

    def _own(self, quantity: str) -> np.ndarray:
        values = self.engine.values[quantity]
        return values[min(self.world, len(values) - 1)]


def sample_responses(
    state: WorldState, draws: SurveyRandom, survey: Survey, interview: Interview, visit: str = "visit"
) -> dict:
    """Return the responses that everybody would give: name to (place,), as in `Answers.said`."""
    style = draws.normal("style", lasting=True)
    said = {name: scores(state, draws, survey, interview, style, name) for name in scales()} | _facts(state)
    for name in state.asked:
        said[f"known.{name}"] = interview.says_known(state.known(name), style, draws.uniform(f"recalls {name}"))
        claims = interview.says_claimed(state.claimed(name), draws.employer(f"claims {name}"))
        said[f"claimed.{name}"] = claims[state.establishment]
    return _with_counts(said, state.asked)


def scores(
    state: WorldState, draws: SurveyRandom, survey: Survey, interview: Interview, style: np.ndarray, name: str
) -> np.ndarray:
    """Return scores on one scale, (place,): state, response style and measurement error, limited to the scale."""
    scale = scales()[name]
    latent = interview.bent(state.of(scale.quantity), style, scale)
    error = np.sqrt((1 - survey.reliability) / survey.reliability)
    if name == "exhaustion":
        error = survey.noise()
    return scale.score(latent + error * draws.normal(f"answers {name}"))


def _facts(state: WorldState) -> dict[str, np.ndarray]:
    facts = {name: state.of_people(name) for name in CIRCUMSTANCES}
    complaints = {name: state.of(quantity) for name, quantity in COMPLAINTS.items()}
    none = 1 - np.maximum(complaints["kans_complaint"], complaints["back_complaint"])
    return {**facts, **complaints, "no_complaint": none}


def _with_counts(said: dict[str, np.ndarray], measures: tuple[str, ...]) -> dict[str, np.ndarray]:
    for what in ("known", "claimed"):
        said[what] = np.sum([said[f"{what}.{name}"] for name in measures], axis=0)
    return said


def social_desirability(state: WorldState) -> np.ndarray:
    """Return how favourable each respondent is to the employer, (place,): many known measures, little exhaustion."""
    return np.sum([state.known(name) for name in state.asked], axis=0) - state.of("exhaustion")


def _met(state: WorldState, draws: SurveyRandom, interview: Interview) -> np.ndarray:
    """Return one home worker of each role in each establishment, managers first: rows of the firm."""
    employer_chooses = draws.employer("chooses") < interview.employer_chooses
    desirability = social_desirability(state)
    met = []
    for role, share in zip(ROLES, (interview.managers_met, interview.others_met), strict=True):
        candidate = state.at_home & (state.is_manager if role == "manager" else ~state.is_manager)
        first, second = _two_of_each(state, candidate, draws.uniform("met"))
        better = np.where(desirability[second] > desirability[first], second, first)
        place = np.where(employer_chooses & (second >= 0), better, first)
        there = (first >= 0) & (draws.employer(f"{role} is met") < share)
        met.append(place[there])
    return np.concatenate(met)


def _two_of_each(state: WorldState, candidate: np.ndarray, uniform_draws: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Choose two candidates of each establishment at random, (establishment,) each; -1 where there is none."""
    rows = np.flatnonzero(candidate)
    rows = rows[np.lexsort((uniform_draws[rows], state.establishment[rows]))]
    begins = np.searchsorted(state.establishment[rows], np.arange(state.establishments))
    count = np.bincount(state.establishment[rows], minlength=state.establishments)
    padded = np.append(rows, [-1, -1])
    return np.where(count > 0, padded[begins], -1), np.where(count > 1, padded[begins + 1], -1)


def _filled_in(state: WorldState, draws: SurveyRandom, interview: Interview) -> np.ndarray:
    usual = np.where(state.is_manager, interview.managers_fill_in, interview.others_fill_in)
    chance = interview.fills_in(usual, state.of("exhaustion"), state.of("isolation_from_colleagues"))
    return draws.uniform("fills in") < chance


def _answers(state: WorldState, said: Mapping[str, np.ndarray], filled_in: np.ndarray, places: np.ndarray) -> Answers:
    in_questionnaire = {*scales(), *COMPLAINTS, "no_complaint"}
    own = {
        name: np.where(filled_in[places], values[places], np.nan) if name in in_questionnaire else values[places]
        for name, values in said.items()
    }
    anybody = np.unique(state.establishment, return_index=True)[1]
    claims = {name: said[f"claimed.{name}"][anybody] for name in state.asked}
    return Answers(places, state.establishment[places], state.is_manager[places], filled_in[places], own, claims)
