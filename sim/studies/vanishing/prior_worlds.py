"""Many virtual studies: worlds from the prior, visits to each, the same answers dealt anew, and half a year on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.engine import Engine
from sim.engine.plan import Plan, create_engine
from sim.errors import UserError
from sim.studies.vanishing import survey_designs
from sim.studies.vanishing.explanations import Explanation, World, drawn, plan_of
from sim.studies.vanishing.pattern import by_chance, looked_at, true_relations
from sim.survey.interview import interview_of
from sim.survey.survey import survey_of
from sim.survey.visit import Answers, WorldState, conduct_survey, latent_states

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]
DEALT = 5
"""Visits to each world whose answers are dealt anew as well: what chance gives differs little from world to world."""
FURTHER = 4
"""Further visits whose answers are pooled where five employees of an establishment are asked."""


@dataclass(frozen=True)
class Task:
    """Some worlds from the prior, by number; `plans` are the plan under each reading."""

    plans: tuple[Plan, Plan]
    explanations: tuple[Explanation, ...]
    works: tuple[float, float]
    second_reading: float
    visits: int
    numbers: tuple[int, ...]


@dataclass(frozen=True)
class Lived:
    """Rows of worlds, of virtual studies, of the same studies with answers dealt anew, and of wider surveys."""

    worlds: list[Row]
    studies: list[Row]
    dealt: list[Row]
    surveys: list[Row]


def live(task: Task) -> Lived:
    """Live the worlds of a task and study them."""
    lived = Lived([], [], [], [])
    for number in task.numbers:
        _live(task, number, lived)
    return lived


def _live(task: Task, number: int, lived: Lived) -> None:
    base = task.plans[0]
    chance = np.random.default_rng([base.seed, number])
    world = drawn(task.explanations, base.measures, task.works, task.second_reading, chance)
    plan = plan_of(task.plans[world.reading - 1], world, number)
    survey, interview = survey_of(plan), interview_of(plan)
    engine, before = up_to_the_visit(plan)
    truth = latent_states(engine)
    lived.worlds.append({"world": number, **_told(world), **true_relations(truth)})
    answers = [conduct_survey(engine, survey, interview, visit=f"visit {place}") for place in range(task.visits)]
    for place, own in enumerate(answers):
        same = {"world": number, "visit": place, "reading": world.reading}
        lived.studies.append({**same, **looked_at(own)})
        if place < DEALT:
            lived.dealt.append({**same, **by_chance(own, (base.seed, number, place))})
    lived.surveys.append({"world": number, **_wider(engine, plan, answers, before, chance)})


def _wider(
    engine: Engine, plan: Plan, answers: Sequence[Answers], before: survey_designs.Moment, chance: np.random.Generator
) -> Row:
    """What wider surveys of this world would have: of all establishments and, as `few.…`, of a few of them."""
    survey, interview = survey_of(plan), interview_of(plan)
    state, now = WorldState(engine), survey_designs.moment(WorldState(engine))
    chosen = chance.permutation(state.establishments) < survey_designs.FEW
    sizes = {"": answers, "few.": [survey_designs.within(one, chosen) for one in answers]}
    row: Row = {}
    for size, own in sizes.items():
        once = survey_designs.one_time(state, own[0], interview, "visit 0", before, own[1 : 1 + FURTHER])
        row |= {size + name: value for name, value in once.items()}
    for week in range(survey_designs.HALF_A_YEAR):
        engine.run_week(week)
    for size, own in sizes.items():
        twice = survey_designs.again(WorldState(engine), own[0], now, survey, interview, "half a year later")
        row |= {size + name: value for name, value in twice.items()}
    return row


def up_to_the_visit(
    plan: Plan, each_week: Callable[[Engine, int], None] | None = None
) -> tuple[Engine, survey_designs.Moment]:
    """The engine on the day of the visit, and what stood half a year before; raises UserError for a shorter burn-in."""
    if plan.burn_in <= survey_designs.HALF_A_YEAR:
        raise UserError(
            f"burn_in is {plan.burn_in} weeks; more than {survey_designs.HALF_A_YEAR} are right, to look back"
        )
    engine = create_engine(plan)
    for week in range(-plan.burn_in, 0):
        engine.run_week(week)
        if week == -survey_designs.HALF_A_YEAR:
            before = survey_designs.moment(WorldState(engine))
        if each_week:
            each_week(engine, week)
    return engine, before


def _told(world: World) -> Row:
    return {
        "reading": world.reading,
        **{f"on.{name}": int(on) for name, on in world.on.items()},
        "amount": world.numbers["times", "amount"],
        **{f"number.{owner}.{name}": value for (owner, name), value in world.numbers.items() if owner != "times"},
        **{f"number.times.{name}": value for (owner, name), value in world.numbers.items() if owner == "times"},
    }


def tables(lived: Sequence[Lived]) -> dict[str, pd.DataFrame]:
    """The rows of many tasks as tables worlds, studies, dealt and surveys, in the order of worlds and visits."""
    import pandas as pd

    found = {}
    for name in ("worlds", "studies", "dealt", "surveys"):
        table = pd.DataFrame([row for one in lived for row in getattr(one, name)])
        order = [column for column in ("world", "visit") if column in table]
        found[name] = table.sort_values(order, ignore_index=True)
    return found
