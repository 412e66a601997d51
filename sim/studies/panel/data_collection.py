"""The fieldwork of a panel: who joins, who still answers at each wave, and what they say.

Home workers are invited by lot before any policy begins. At each later wave a member answers, or has stopped (the
exhausted and the isolated sooner), or has left the firm, where a new person took the place who is not in the panel.
Nobody who has stopped or left comes back. The truth of those who have stopped is known here, as it never is in the
field. Where there are several worlds, the same members live in each of them with the same luck.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from sim.engine import Engine
from sim.engine.plan import Plan, simulate_burn_in
from sim.errors import UserError
from sim.levers.catalogue import Catalogue
from sim.survey.interview import Interview, interview_of, scales
from sim.survey.survey import Survey, survey_of
from sim.survey.visit import COMPLAINTS, SurveyRandom, WorldState, sample_responses
from sim.world.calendar import DAYS_A_WEEK

FIXED = (
    "woman", "young", "older", "higher_educated", "flexible_contract", "contract_days", "tenure_years", "lives_alone",
    "children_at_home", "separate_room",
)  # fmt: skip
CHANGING = ("share_at_home", "adjustable_at_home")
"""What is asked besides scales, complaints and measures, and taken to be answered without error."""
CAUSES = (
    "negative_affect", "need_for_affiliation", "demands_of_the_job", "ability_to_detach", "life_events", "situation",
    "worn_view",
)  # fmt: skip
"""Lasting dispositions and slow states behind the scales, which no questionnaire of the panel asks for."""
EXHAUSTION, ISOLATION = "exhaustion", "isolation_from_colleagues"


@dataclass(frozen=True)
class Panel:
    """The members of a panel on its occasions.

    weeks          (occasion,) since the first wave
    place          (member,) rows of the firm
    establishment, is_manager   (member,)
    said           name -> (world, occasion, member): what each would answer, whether or not they still do
    true           name -> (world, occasion, member): scales and causes as they are, in SD of reference people
    stays          (world, occasion, member) bool: is still with the firm
    stop_chance    (world, occasion, member): of stopping at this wave, for those who have not yet
    stop_luck      (world, occasion, member) in [0, 1): below the chance, one stops
    everybody      scale -> (world, occasion): the true mean of all home workers then with the firm
    invited        scale -> the true mean of all who were invited
    """

    weeks: tuple[int, ...]
    place: np.ndarray
    establishment: np.ndarray
    is_manager: np.ndarray
    said: Mapping[str, np.ndarray]
    true: Mapping[str, np.ndarray]
    stays: np.ndarray
    stop_chance: np.ndarray
    stop_luck: np.ndarray
    everybody: Mapping[str, np.ndarray]
    invited: Mapping[str, float]

    @cached_property
    def answers(self) -> np.ndarray:
        """(world, occasion, member) bool: still takes part, where every occasion is a wave; at the first, all do."""
        stopped = self.stop_luck < self.stop_chance
        stopped[:, 0] = False
        return self.stays & ~np.logical_or.accumulate(stopped, axis=1)

    def at(self, weeks: Sequence[int]) -> Panel:
        """The same panel on some of its occasions alone."""
        rows = [self.weeks.index(week) for week in weeks]
        some: dict[str, Any] = {
            name: {of: values[:, rows] for of, values in getattr(self, name).items()}
            for name in ("said", "true", "everybody")
        }
        return replace(
            self,
            weeks=tuple(weeks),
            stays=self.stays[:, rows],
            stop_chance=self.stop_chance[:, rows],
            stop_luck=self.stop_luck[:, rows],
            **some,
        )


class Luck(SurveyRandom):
    """The luck of the people who were there at the first wave, whatever becomes of their places.

    The state of some days that only the questionnaire on exhaustion sees is drawn week by week, so that waves near to
    each other share a part of it.
    """

    def __init__(self, engine: Engine, survey: Survey):
        super().__init__(engine, "week 0")
        self._survey = survey
        self._state = super().normal("state of the questionnaire")

    def goes_on(self, week: int) -> None:
        """A week has passed."""
        self.visit = f"week {week}"
        keep = np.exp(-DAYS_A_WEEK / self._survey.state_days)
        fresh = super().normal("state of the questionnaire")
        self._state = keep * self._state + np.sqrt(1 - keep**2) * fresh

    def normal(self, what: str, lasting: bool = False) -> np.ndarray:
        """(place,) standard normal; what the answers on exhaustion hold beside the latent state remembers some days."""
        drawn = super().normal(what, lasting)
        if what != f"answers {EXHAUSTION}":
            return drawn
        noise, state = self._survey.noise(), self._survey.state_share
        return (state * self._state + np.sqrt(noise**2 - state**2) * drawn) / noise


def followed(plan: Plan, weeks: Sequence[int], invited: int) -> Panel:
    """Live a plan with a panel among its people, looked at after each of `weeks`, of which the first is 0.

    One world for each scenario of the plan. Raises UserError where fewer home workers are there than are invited.
    """
    begun, survey, interview = simulate_burn_in(plan), survey_of(plan), interview_of(plan)
    luck = Luck(begun, survey)
    lot, places = _recruited(WorldState(begun), luck, interview, invited)
    engine = begun.fork(Catalogue(begun.catalogue.measures, plan.scenarios))
    first = begun.values["generation"][0]
    looks = []
    for week in range(weeks[-1] + 1):
        if week:
            engine.run_week(week - 1)
            luck.goes_on(week)
        if week in weeks:
            states = [WorldState(engine, world) for world in range(engine.worlds)]
            looks.append([_look(state, luck, survey, interview, places, first) for state in states])
    firm, before = begun.staff.firm, WorldState(begun)
    return Panel(
        weeks=tuple(weeks),
        place=places,
        establishment=firm.establishment[places],
        is_manager=firm.is_manager[places],
        invited={name: float(before.of(scale.quantity)[lot].mean()) for name, scale in scales().items()},
        **_stacked(looks),
    )


def _recruited(state: WorldState, luck: Luck, interview: Interview, invited: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of those who are invited, by lot, and of those among them who fill in the first questionnaire."""
    home = np.flatnonzero(state.at_home)
    if invited > len(home):
        raise UserError(
            f"panel.invited is {invited:,} and {len(home):,} people can work at home; "
            "ask for fewer, or for more people (firm.establishments, firm.sample)"
        )
    lot = np.sort(home[np.argsort(luck.uniform("is invited")[home], kind="stable")[:invited]])
    usual = np.where(state.is_manager, interview.managers_fill_in, interview.others_fill_in)
    chance = interview.fills_in(usual, state.of(EXHAUSTION), state.of(ISOLATION))
    return lot, lot[luck.uniform("fills in")[lot] < chance[lot]]


def _look(
    state: WorldState, luck: Luck, survey: Survey, interview: Interview, places: np.ndarray, first: np.ndarray
) -> dict[str, dict[str, np.ndarray] | np.ndarray]:
    """One world on one occasion: the entries of `Panel` that differ between occasions."""
    told = sample_responses(state, luck, survey, interview) | _more(state, luck, survey)
    true = {name: state.of(scale.quantity) for name, scale in scales().items()}
    return {
        "said": {name: values[places] for name, values in told.items() if _of_panel(name)},
        "true": {name: values[places] for name, values in (true | {c: state.of(c) for c in CAUSES}).items()},
        "stays": (state.of("generation") == first)[places],
        "stop_chance": interview.stops(state.of(EXHAUSTION), state.of(ISOLATION))[places],
        "stop_luck": luck.uniform("stops")[places],
        "everybody": {name: values[state.at_home].mean() for name, values in true.items()},
    }


def _more(state: WorldState, luck: Luck, survey: Survey) -> dict[str, np.ndarray]:
    """The second instrument of exhaustion: burn-out complaints (NEA), 0 or 1, with an error of its own."""
    chance = survey.burn_out_complaints(state.of(EXHAUSTION))
    return {"burn_out_complaint": (luck.uniform("answers NEA") < chance).astype(np.float64)}


def _of_panel(name: str) -> bool:
    own = (*FIXED, *CHANGING, *COMPLAINTS, *scales(), "burn_out_complaint", "known", "claimed")
    return name in own or name.startswith("known.")


def _stacked(looks: Sequence[Sequence[dict]]) -> dict:
    """From occasion, world and name to name and (world, occasion, …)."""
    whole: dict[str, Any] = {}
    for name, one in looks[0][0].items():
        if isinstance(one, dict):
            whole[name] = {of: _joined([[own[name][of] for own in row] for row in looks]) for of in one}
        else:
            whole[name] = _joined([[own[name] for own in row] for row in looks])
    return whole


def _joined(values: Sequence[Sequence[np.ndarray]]) -> np.ndarray:
    return np.swapaxes(np.array(values), 0, 1)
