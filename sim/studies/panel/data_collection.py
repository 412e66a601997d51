"""Data collection of a panel: recruitment, participation at each wave, and the answers.

Home workers are invited at random before any policy begins. At each later wave a member answers, has stopped (more
often the exhausted and the isolated), or has left the firm. A new person takes the place of a member who left and is
not in the panel. Members who have stopped or left do not return. Their states remain known here, unlike in the field.
With several scenarios, the same members are in each world, with the same random numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from operator import getitem
from typing import Any

import numpy as np

from sim.engine import Engine
from sim.engine.plan import Plan, simulate_burn_in
from sim.errors import UserError, invalid
from sim.studies.panel.literature import COLLEAGUES, EXHAUSTION
from sim.survey.instruments import Instruments, instruments_of
from sim.survey.interview import Interview, scales
from sim.survey.survey import Survey
from sim.survey.visit import COMPLAINTS, SurveyRandom, WorldState, returns_questionnaire, sample_responses
from sim.world.calendar import DAYS_A_WEEK

FIXED = (
    "woman", "young", "older", "higher_educated", "flexible_contract", "contract_days", "tenure_years", "lives_alone",
    "children_at_home", "separate_room",
)  # fmt: skip
CHANGING = ("share_at_home", "adjustable_at_home")
"""Questions beside scales, complaints and measures. Their answers have no error."""
CAUSES = (
    "negative_affect", "need_for_affiliation", "demands_of_the_job", "ability_to_detach", "life_events", "situation",
    "worn_view",
)  # fmt: skip
"""Lasting dispositions and slow states behind the scales, which the panel does not measure."""


@dataclass(frozen=True)
class Panel:
    """The members of a panel on its occasions.

    Attributes
    ----------
    weeks : tuple of int
        Occasions, in weeks since the first wave.
    place, establishment, is_manager : ndarray of shape (member,)
        Row of the firm, establishment and role of each member.
    responses : mapping from name to ndarray of shape (world, occasion, member)
        Responses of all members, whether or not they still take part.
    states : mapping from name to ndarray of shape (world, occasion, member)
        Scales and causes without error, in SD of reference people.
    with_firm : ndarray of bool of shape (world, occasion, member)
        Members who are still with the firm.
    stop_chance, stop_draw : ndarray of shape (world, occasion, member)
        Probability of stopping at this wave, and the uniform random number that decides.
    population_means : mapping from scale to ndarray of shape (world, occasion)
        True mean of all home workers of the firm.
    invited_means : mapping from scale to float
        True mean of all who were invited.
    """

    weeks: tuple[int, ...]
    place: np.ndarray
    establishment: np.ndarray
    is_manager: np.ndarray
    responses: Mapping[str, np.ndarray]
    states: Mapping[str, np.ndarray]
    with_firm: np.ndarray
    stop_chance: np.ndarray
    stop_draw: np.ndarray
    population_means: Mapping[str, np.ndarray]
    invited_means: Mapping[str, float]

    @cached_property
    def answers(self) -> np.ndarray:
        """Members who still take part if every occasion is a wave, (world, occasion, member) bool; first all do."""
        stopped = self.stop_draw < self.stop_chance
        stopped[:, 0] = False
        return self.with_firm & ~np.logical_or.accumulate(stopped, axis=1)

    def at(self, weeks: Sequence[int]) -> Panel:
        """Return the panel on some of its occasions."""
        rows = [self.weeks.index(week) for week in weeks]
        own: dict[str, Any] = {"weeks": tuple(weeks)}
        for field in ("responses", "states", "population_means"):
            own[field] = {name: values[:, rows] for name, values in getattr(self, field).items()}
        for field in ("with_firm", "stop_chance", "stop_draw"):
            own[field] = getattr(self, field)[:, rows]
        return replace(self, **own)


class PanelRandom(SurveyRandom):
    """Random numbers of the people who were there at the first wave, whoever holds their places later.

    A state of some days affects only the questionnaire on exhaustion. It is simulated week by week, so that waves
    close together share a part of it.
    """

    def __init__(self, engine: Engine, survey: Survey):
        super().__init__(engine, "week 0")
        self._survey = survey
        self._state = super().normal("state of the questionnaire")

    def advance(self, week: int) -> None:
        """Continue to the next week."""
        self.visit = f"week {week}"
        keep = np.exp(-DAYS_A_WEEK / self._survey.state_days)
        fresh = super().normal("state of the questionnaire")
        self._state = keep * self._state + np.sqrt(1 - keep**2) * fresh

    def normal(self, what: str, lasting: bool = False) -> np.ndarray:
        """Return (place,) standard normal numbers; those of exhaustion include the state of some days."""
        noise_alone = super().normal(what, lasting)
        if what != f"answers {EXHAUSTION}":
            return noise_alone
        noise, state = self._survey.noise(), self._survey.state_share
        return (state * self._state + np.sqrt(noise**2 - state**2) * noise_alone) / noise


def simulate_panel(plan: Plan, weeks: Sequence[int], invited: int) -> Panel:
    """Simulate a plan with a panel among its people, in one world for each scenario.

    Parameters
    ----------
    plan : Plan
        Plan whose burn-in ends at the first wave.
    weeks : sequence of int
        Occasions in ascending order, in weeks since the first wave. The first is 0.
    invited : int
        Number of home workers who are invited at random.

    Raises
    ------
    UserError
        If the firm has fewer home workers than are invited.
    """
    start, instruments = simulate_burn_in(plan), instruments_of(plan)
    draws, before = PanelRandom(start, instruments.survey), WorldState(start)
    all_invited, places = _recruit(before, draws, instruments.interview, invited)
    invited_means = {name: float(before.of(scale.quantity)[all_invited].mean()) for name, scale in scales().items()}
    engine = start.with_scenarios(plan.scenarios)
    first = start.values["generation"][0]
    occasions = []
    for week in range(weeks[-1] + 1):
        if week:
            engine.run_week(week - 1)
            draws.advance(week)
        if week in weeks:
            states = [WorldState(engine, world) for world in range(engine.worlds)]
            occasions.append([_observe(state, draws, instruments, places, first) for state in states])
    firm = start.staff.firm
    return Panel(
        weeks=tuple(weeks),
        place=places,
        establishment=firm.establishment[places],
        is_manager=firm.is_manager[places],
        invited_means=invited_means,
        **_stack(occasions),
    )


def _recruit(
    state: WorldState, draws: PanelRandom, interview: Interview, invited: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return rows of those who are invited, and of those among them who fill in the first questionnaire."""
    home = np.flatnonzero(state.at_home)
    if invited > len(home):
        accepted = f"at most {len(home):,}, the number of home workers, or a larger firm"
        raise UserError(invalid("panel.invited", f"{invited:,}", accepted))
    rows = np.sort(home[np.argsort(draws.uniform("is invited")[home], kind="stable")[:invited]])
    return rows, rows[returns_questionnaire(state, draws, interview)[rows]]


def _observe(
    state: WorldState, draws: PanelRandom, instruments: Instruments, places: np.ndarray, first: np.ndarray
) -> dict[str, dict[str, np.ndarray] | np.ndarray]:
    """Return the fields of `Panel` that differ between occasions, for one world on one occasion."""
    responses = sample_responses(state, draws, instruments)
    # the second instrument of exhaustion: burn-out complaints (NEA), with an error of its own
    chance = instruments.survey.burn_out_complaints(state.of(EXHAUSTION))
    responses["burn_out_complaint"] = (draws.uniform("answers NEA") < chance).astype(np.float64)
    true = {name: state.of(scale.quantity) for name, scale in scales().items()}
    return {
        "responses": {name: values[places] for name, values in responses.items() if _is_exported(name)},
        "states": {name: values[places] for name, values in (true | {c: state.of(c) for c in CAUSES}).items()},
        "with_firm": (state.of("generation") == first)[places],
        "stop_chance": instruments.interview.stops(state.of(EXHAUSTION), state.of(COLLEAGUES))[places],
        "stop_draw": draws.uniform("stops")[places],
        "population_means": {name: values[state.at_home].mean() for name, values in true.items()},
    }


def _is_exported(name: str) -> bool:
    own = (*FIXED, *CHANGING, *COMPLAINTS, *scales(), "burn_out_complaint", "known", "claimed")
    return name in own or name.startswith("known.")


def _stack(occasions: Sequence[Sequence[dict]]) -> dict[str, Any]:
    """Return fields by name as (world, occasion, …), from occasion, world and name."""

    def joined(*keys: str) -> np.ndarray:
        values = [[reduce(getitem, keys, world) for world in worlds] for worlds in occasions]
        return np.swapaxes(np.array(values), 0, 1)

    return {
        field: {name: joined(field, name) for name in content} if isinstance(content, dict) else joined(field)
        for field, content in occasions[0][0].items()
    }
