"""Simulated studies of worlds from the prior, and of worlds with one explanation alone or corrected.

Worlds from the prior also have the same studies with permuted outcomes, and wider surveys.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.engine import Engine
from sim.engine.plan import Plan, create_engine, simulate_burn_in
from sim.errors import UserError, invalid
from sim.studies.vanishing import survey_designs
from sim.studies.vanishing.explanations import NO_EFFECT, Explanation, World, corrected, draw_world, plan_of, with_on
from sim.studies.vanishing.pattern import JOINT, PARTS, agreement, reports_of, shows, survey_counts, true_relations
from sim.survey.instruments import instruments_of
from sim.survey.visit import Answers, WorldState, conduct_survey, latent_states

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]
PERMUTED = 5
"""Number of studies per world whose outcomes are also permuted. The null distribution hardly differs between worlds."""
FURTHER = 4
"""Further visits whose answers are pooled for five employees per establishment."""
TABLES = ("worlds", "studies", "permuted", "surveys")
"""Tables of worlds, simulated studies, the same studies with permuted outcomes, and wider surveys."""
FIRST_REPLICATE = 1_000_000
"""First replicate whose people no world of the prior has."""
STRONGEST, TYPICAL = 1.0, 0.5
Rows = dict[str, list[Row]]


def simulate_prior(
    plans: tuple[Plan, Plan],
    explanations: Sequence[Explanation],
    works: Sequence[float],
    second_reading: float,
    visits: int,
    numbers: Sequence[int],
) -> Rows:
    """Simulate some worlds from the prior, by number, and return the rows of each table.

    `plans` has the plan under each way of counting, `works` and `second_reading` are as in `draw_world`, and `visits`
    is the number of simulated studies of each world.
    """
    rows: Rows = {name: [] for name in TABLES}
    for number in numbers:
        base = plans[0]
        random = np.random.default_rng([base.seed, number])
        world = draw_world(explanations, base.measures, works, second_reading, random)
        plan = plan_of(plans[world.reading - 1], world, number)
        engine, before = simulate_to_visit(plan)
        rows["worlds"].append({"world": number, **_assumptions(world), **true_relations(latent_states(engine))})
        studies = simulate_visits(plan, engine, visits)
        for place, answers in enumerate(studies):
            same = {"world": number, "visit": place, "reading": world.reading}
            rows["studies"].append({**same, **survey_counts(answers)})
            if place < PERMUTED:
                rows["permuted"].append({**same, **survey_counts(answers, (base.seed, number, place))})
        rows["surveys"].append({"world": number, **_wider(engine, plan, studies, before, random)})
    return rows


def simulate_visits(plan: Plan, engine: Engine, count: int) -> list[Answers]:
    """Return the answers of some visits to the same establishments in the same week."""
    return [conduct_survey(engine, instruments_of(plan), visit=f"visit {place}") for place in range(count)]


def _wider(
    engine: Engine, plan: Plan, visits: Sequence[Answers], before: survey_designs.Moment, random: np.random.Generator
) -> Row:
    """Return the numbers of wider surveys of all establishments and, as `few.…`, of some of them."""
    instruments, state = instruments_of(plan), WorldState(engine)
    now = survey_designs.moment(state)
    some = random.permutation(state.establishments) < survey_designs.FEW
    sizes = {"": visits, "few.": [survey_designs.within(answers, some) for answers in visits]}
    row: Row = {}
    for size, own in sizes.items():
        once = survey_designs.one_time(state, own[0], instruments.interview, "visit 0", before, own[1 : 1 + FURTHER])
        row |= {size + name: value for name, value in once.items()}
    for week in range(survey_designs.HALF_A_YEAR):
        engine.run_week(week)
    for size, own in sizes.items():
        twice = survey_designs.again(WorldState(engine), own[0], now, instruments, "half a year later")
        row |= {size + name: value for name, value in twice.items()}
    return row


def check_burn_in(plan: Plan) -> None:
    """Raise UserError where the burn-in is too short to compare with half a year before the visit."""
    if plan.burn_in <= survey_designs.HALF_A_YEAR:
        raise UserError(invalid("burn_in", plan.burn_in, f"{survey_designs.HALF_A_YEAR + 1} or more"))


def simulate_to_visit(
    plan: Plan, on_week: Callable[[Engine, int], None] | None = None
) -> tuple[Engine, survey_designs.Moment]:
    """Return the engine on the day of the visit, and the state half a year before; `on_week` is called every week."""
    engine = create_engine(plan)
    for week in range(-plan.burn_in, 0):
        engine.run_week(week)
        if week == -survey_designs.HALF_A_YEAR:
            before = survey_designs.moment(WorldState(engine))
        if on_week:
            on_week(engine, week)
    return engine, before


def _assumptions(world: World) -> Row:
    values = {f"number.{owner}.{name}": value for (owner, name), value in world.parameters.items()}
    return {
        "reading": world.reading,
        **{f"on.{name}": int(on) for name, on in world.on.items()},
        "amount": world.parameters["times", "amount"],
        **dict(sorted(values.items(), key=lambda one: one[0].startswith("number.times."))),
    }


def prior_tables(tasks: Sequence[Rows]) -> dict[str, pd.DataFrame]:
    """Return the rows of all tasks as tables, by world and visit."""
    import pandas as pd

    return {name: pd.DataFrame([row for rows in tasks for row in rows[name]]) for name in TABLES}


# -- one explanation alone or corrected ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """One world: its kind, and the explanation that is on or corrected in it."""

    kind: str
    explanation: str
    world: World


def simulate_case(plans: tuple[Plan, Plan], case: Case, replicate: int, visits: int) -> list[Row]:
    """Return one row per simulated study of a case. `plans` has the plan under each way of counting."""
    plan = plan_of(plans[case.world.reading - 1], case.world, FIRST_REPLICATE + replicate)
    engine = simulate_burn_in(plan)
    same = {
        "kind": case.kind, "explanation": case.explanation, "replicate": replicate, "reading": case.world.reading,
        **true_relations(latent_states(engine)),
    }  # fmt: skip
    studies = enumerate(simulate_visits(plan, engine, visits))
    return [{**same, "visit": place, **survey_counts(answers)} for place, answers in studies]


def cases(explanations: Sequence[Explanation]) -> tuple[Case, ...]:
    """Return the lossless world, the default model in both ways of counting, and each explanation on and corrected."""
    names = [one.name for one in explanations]
    strongest = {name: STRONGEST for name in names if name != NO_EFFECT}
    return (
        Case("lossless", "", with_on(explanations, {})),
        Case("default", "", corrected(explanations, "")),
        Case("default", "second_reading", corrected(explanations, "", reading=2)),
        Case("all_but_no_effect", "", with_on(explanations, strongest)),
        *(Case("alone", name, with_on(explanations, {name: STRONGEST})) for name in names),
        *(Case("alone_typical", name, with_on(explanations, {name: TYPICAL})) for name in names),
        *(Case("corrected", name, corrected(explanations, name)) for name in names if name != NO_EFFECT),
    )


def case_table(rows: Sequence[Row], limits: Mapping[str, float]) -> pd.DataFrame:
    """Return one row per case with shares of simulated studies, mean numbers and mean true correlations.

    - `quiet`: no relation with the employer's answers
    - `contact`, `any_contact`: all three findings on measures of contact, at least one of them
    - `joint`, `without_times`: the joint pattern, and without working times and conflict
    - `found.<part>`: each single finding
    - `right`, `wrong`: mean number of significant relations with the employer's answers, by sign
    - `true.<part>`: mean correlation of latent states
    - `error_<share>`: standard error over replicates
    - `studies`: number of simulated studies
    """
    import pandas as pd

    studies = pd.DataFrame(rows)
    reports = reports_of(studies, limits)
    by_part: Row = {}
    for part in (part.name for part in PARTS if part.reported):
        by_part |= {f"found.{part}": reports[part], f"true.{part}": studies[f"true.{part}"]}
    table = studies[["kind", "explanation", "replicate"]].assign(
        **agreement(reports),
        without_times=shows(reports, [part for part in JOINT if part != "times_conflict"]),
        **by_part,
        right=studies["employer_right"],
        wrong=studies["employer_wrong"],
        **studies[["claims", "known_managers", "known_others"]],
    )
    groups = ["kind", "explanation"]
    numbers = [name for name in table if name not in (*groups, "replicate")]
    by_replicate = table.astype({name: float for name in numbers}).groupby([*groups, "replicate"], sort=False).mean()
    means = by_replicate.groupby(groups, sort=False).mean()
    error = by_replicate.groupby(groups, sort=False).std() / np.sqrt(studies["replicate"].nunique())
    for name in ("quiet", "any_contact", "contact", "joint"):
        means[f"error_{name}"] = error[name]
    means["studies"] = table.groupby(groups, sort=False).size()
    return means.reset_index()
