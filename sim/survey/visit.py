"""Simulated survey: a visit to the employer, one manager and one employee who works at home per establishment.

`conduct_survey` returns the responses of a study like that of 2022. `latent_states` returns the true states of all home
workers, for comparison with the findings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sim.engine import Engine
from sim.survey.instruments import Instruments
from sim.survey.interview import Interview, Scale, scales
from sim.world.random_streams import key_of, normals, uniforms

ROLES = ("manager", "non_manager")
COMPLAINTS = {"kans_complaint": "arm_neck_shoulder_complaint", "back_complaint": "back_complaint"}
CIRCUMSTANCES = (
    "share_at_home", "young", "older", "age_rank", "flexible_contract", "tenure_years", "contract_days", "lives_alone",
    "children_at_home", "woman", "higher_educated", "separate_room", "adjustable_at_home", "chooses_home_hours",
)  # fmt: skip
"""Facts that everybody reports, assumed to be without error."""


@dataclass(frozen=True)
class Answers:
    """Responses, one row per respondent.

    Scales and complaints are nan for those who did not return the questionnaire. `responses` also has `known.<measure>`
    and, from the employer, `claimed.<measure>` (0 or 1 each), and the numbers `known` and `claimed` of the study's
    measures.
    """

    place: np.ndarray  # (n,) rows of the firm
    establishment: np.ndarray  # (n,) row of the establishment
    is_manager: np.ndarray  # (n,) bool
    filled_in: np.ndarray  # (n,) bool, whether the questionnaire was returned
    responses: Mapping[str, np.ndarray]  # name of a scale, complaint, circumstance or measure -> (n,)
    claims: Mapping[str, np.ndarray]  # measure -> (establishment,) 0 or 1, by the employer

    def of(self, role: str) -> np.ndarray:
        """Return whether each respondent has a role: (n,) bool; the role is manager, non_manager or all."""
        if role == "all":
            return np.ones(len(self.place), bool)
        return self.is_manager if role == "manager" else ~self.is_manager

    def table(self, status: str, names: Sequence[str] = ()) -> np.ndarray:
        """Return the responses `known` or `claimed` about measures, by default all in the order of `claims`."""
        return np.array([self.responses[f"{status}.{name}"] for name in names or self.claims])


class SurveyRandom:
    """Random numbers of a visit by person, keyed like those of the model."""

    def __init__(self, engine: Engine, visit: str = "visit"):
        """Create the random numbers of one occasion; each `visit`, such as a wave of a panel, has its own."""
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


class WorldState:
    """Quantities of one world of an engine, in double precision."""

    def __init__(self, engine: Engine, world: int = 0):
        self.engine, self.world = engine, world
        firm = engine.staff.firm
        self.establishment, self.is_manager, self.establishments = firm.establishment, firm.is_manager, len(firm.size)
        self.at_home = self.of("may_work_from_home") > 0
        self._row = {measure.name: row for row, measure in enumerate(engine.interventions.measures)}
        self.study_measures = tuple(measure.name for measure in engine.interventions.measures if measure.in_study)

    def of(self, quantity: str) -> np.ndarray:
        """Return a quantity, (place,) or (establishment,)."""
        return self._own(quantity).astype(np.float64)

    def of_people(self, quantity: str) -> np.ndarray:
        """Return a quantity per place, (place,); a quantity of an establishment is the same for all its places."""
        own = self.of(quantity)
        return own if len(own) == len(self.establishment) else own[self.establishment]

    def of_role(self, role: str) -> np.ndarray:
        """Return who works at home and has a role, manager or non_manager: (place,) bool."""
        return self.at_home & (self.is_manager if role == "manager" else ~self.is_manager)

    def measure(self, quantity: str, name: str) -> np.ndarray:
        """Return a quantity of one measure, such as `known` (place,) or `claimed` (establishment,)."""
        return self._own(quantity)[self._row[name]].astype(np.float64)

    def table(self, quantity: str, names: Sequence[str] = ()) -> np.ndarray:
        """Return a quantity of several measures, by default all of the study: (measure, place or establishment)."""
        return np.array([self.measure(quantity, name) for name in names or self.study_measures])

    def _own(self, quantity: str) -> np.ndarray:
        values = self.engine.values[quantity]
        return values[min(self.world, len(values) - 1)]


def conduct_survey(engine: Engine, instruments: Instruments, world: int = 0, visit: str = "visit") -> Answers:
    """Simulate one visit to each establishment and return the responses.

    Parameters
    ----------
    engine : Engine
    instruments : Instruments
        Questionnaire, sampling and response behaviour.
    world : int
        Row of the engine's worlds.
    visit : str
        Name of the occasion, which is part of the key of its random numbers.
    """
    state, draws = WorldState(engine, world), SurveyRandom(engine, visit)
    places = _interviewed(state, draws, instruments.interview)
    responses = sample_responses(state, draws, instruments)
    return _answers(state, responses, returns_questionnaire(state, draws, instruments.interview), places)


def latent_states(engine: Engine, world: int = 0) -> Answers:
    """Return the true states of all home workers in the form of responses; scales are latent states."""
    state = WorldState(engine, world)
    responses = {name: state.of(scale.quantity) for name, scale in scales().items()} | _facts(state)
    for name in state.study_measures:
        responses[f"known.{name}"] = state.measure("known", name)
        responses[f"claimed.{name}"] = state.measure("claimed", name)[state.establishment]
    everybody, places = np.ones(len(state.establishment), bool), np.flatnonzero(state.at_home)
    return _answers(state, _with_counts(responses, state.study_measures), everybody, places)


def sample_responses(state: WorldState, draws: SurveyRandom, instruments: Instruments) -> dict[str, np.ndarray]:
    """Return the responses that everybody would give, (place,) each, by the names of `Answers.responses`."""
    interview, style = instruments.interview, draws.normal("style", lasting=True)
    responses = {name: scores(state, draws, instruments, style, scale) for name, scale in scales().items()}
    responses |= _facts(state)
    for name in state.study_measures:
        known, random = state.measure("known", name), draws.uniform(f"recalls {name}")
        responses[f"known.{name}"] = interview.says_known(known, style, random)
        claims = interview.says_claimed(state.measure("claimed", name), draws.employer(f"claims {name}"))
        responses[f"claimed.{name}"] = claims[state.establishment]
    return _with_counts(responses, state.study_measures)


def scores(
    state: WorldState, draws: SurveyRandom, instruments: Instruments, style: np.ndarray, scale: Scale
) -> np.ndarray:
    """Return scores on one scale, (place,): state, response style and measurement error, limited to the scale."""
    survey, latent = instruments.survey, instruments.interview.bent(state.of(scale.quantity), style, scale)
    error = np.sqrt((1 - survey.reliability) / survey.reliability)
    if scale.name == "exhaustion":
        error = survey.noise()
    return scale.score(latent + error * draws.normal(f"answers {scale.name}"))


def returns_questionnaire(state: WorldState, draws: SurveyRandom, interview: Interview) -> np.ndarray:
    """Return who would return the questionnaire, (place,) bool."""
    usual = np.where(state.is_manager, interview.managers_fill_in, interview.others_fill_in)
    probability = interview.fills_in(usual, state.of("exhaustion"), state.of("isolation_from_colleagues"))
    return draws.uniform("fills in") < probability


def social_desirability(state: WorldState) -> np.ndarray:
    """Return respondents' favour towards the employer, (place,): high with many known measures, little exhaustion."""
    return state.table("known").sum(axis=0) - state.of("exhaustion")


def _facts(state: WorldState) -> dict[str, np.ndarray]:
    facts = {name: state.of_people(name) for name in CIRCUMSTANCES}
    complaints = {name: state.of(quantity) for name, quantity in COMPLAINTS.items()}
    none = 1 - np.maximum(complaints["kans_complaint"], complaints["back_complaint"])
    return {**facts, **complaints, "no_complaint": none}


def _with_counts(responses: dict[str, np.ndarray], measures: Sequence[str]) -> dict[str, np.ndarray]:
    for status in ("known", "claimed"):
        responses[status] = np.sum([responses[f"{status}.{name}"] for name in measures], axis=0)
    return responses


def _interviewed(state: WorldState, draws: SurveyRandom, interview: Interview) -> np.ndarray:
    """Return one home worker of each role in each establishment, managers first: rows of the firm."""
    employer_chooses = draws.employer("chooses") < interview.employer_chooses
    desirability = social_desirability(state)
    interviewed = []
    for role, share in zip(ROLES, (interview.managers_met, interview.others_met), strict=True):
        first, second = _two_of_each(state, state.of_role(role), draws.uniform("met"))
        better = np.where(desirability[second] > desirability[first], second, first)
        place = np.where(employer_chooses & (second >= 0), better, first)
        interviewed.append(place[(first >= 0) & (draws.employer(f"{role} is met") < share)])
    return np.concatenate(interviewed)


def _two_of_each(state: WorldState, candidate: np.ndarray, uniform_draws: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Choose two candidates of each establishment at random, (establishment,) each; -1 where there is none."""
    rows = np.flatnonzero(candidate)
    rows = rows[np.lexsort((uniform_draws[rows], state.establishment[rows]))]
    begins = np.searchsorted(state.establishment[rows], np.arange(state.establishments))
    count = np.bincount(state.establishment[rows], minlength=state.establishments)
    padded = np.append(rows, [-1, -1])
    return np.where(count > 0, padded[begins], -1), np.where(count > 1, padded[begins + 1], -1)


def _answers(
    state: WorldState, responses: Mapping[str, np.ndarray], filled_in: np.ndarray, places: np.ndarray
) -> Answers:
    in_questionnaire = {*scales(), *COMPLAINTS, "no_complaint"}
    own = {
        name: np.where(filled_in[places], values[places], np.nan) if name in in_questionnaire else values[places]
        for name, values in responses.items()
    }
    anybody = np.unique(state.establishment, return_index=True)[1]
    claims = {name: responses[f"claimed.{name}"][anybody] for name in state.study_measures}
    return Answers(places, state.establishment[places], state.is_manager[places], filled_in[places], own, claims)
