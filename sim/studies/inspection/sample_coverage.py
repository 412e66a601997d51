"""How many employees one must speak to before one knows what reaches people.

What reaches the people of an establishment is how many of the 15 measures its home workers who lead nobody know, on
average, and what share of them knows each. Somebody who speaks to n of them has the mean of n answers. Answers differ
because people know different things, so the error falls with n; and it does not fall to nothing where the employer
chooses whom one speaks to.

    for one establishment    error of the mean of n answers against the truth of that establishment
    the same, mixed          with the mean of all establishments, weighed between² to within² / n
    for a picture of many    SE² = between² / establishments + within² / (establishments x n)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.engine.plan import Plan, simulate_burn_in
from sim.errors import UserError
from sim.outcomes.patterns import ASKED
from sim.survey.interview import interview_of
from sim.survey.survey import survey_of
from sim.survey.visit import SurveyRandom, WorldState, good_light, sample_responses

if TYPE_CHECKING:
    import pandas as pd

WAYS = ("by_lot", "team_by_team", "chosen_by_employer")
"""How respondents are found: by lot; one team after another; each the better of two, in the employer's eyes."""
TIMES = 40
"""How often each establishment is visited anew."""
SURE = 0.95
_Z = 1.96
_FEWEST = 2


@dataclass(frozen=True)
class Reach:
    """What one world says about speaking to so many employees.

    known          (establishment,) how many of the 15 its people know in truth, mean
    claimed        (establishment,) how many its employer claims
    within         SD of answers about the true mean of one's own establishment
    errors         way -> (visit, establishment, number of employees): the mean of the answers less the truth
    errors_by_one  way -> (visit, establishment, number of employees, measure): the share that says it less the truth
    """

    known: np.ndarray
    claimed: np.ndarray
    within: float
    errors: dict[str, np.ndarray]
    errors_by_one: dict[str, np.ndarray]


def reached(plan: Plan, employees: Sequence[int], times: int = TIMES) -> Reach:
    """Live a plan of large establishments, and speak to `employees` of each, again and again.

    Establishments with too few home workers are left out: fewer than twice the largest number asked for.
    """
    engine = simulate_burn_in(plan)
    state, draws = WorldState(engine), SurveyRandom(engine)
    answers = sample_responses(state, draws, survey_of(plan), interview_of(plan))
    says = np.array([answers[f"known.{name}"] for name in ASKED]).T
    knows = np.array([state.known(name) for name in ASKED]).T
    people = _People.of(state, engine.staff.firm.team, most=max(employees))
    truth = people.means(knows)
    errors, by_one = {}, {}
    for way in WAYS:
        visits = [_means(people.spoken_to(way, (plan.replicate, visit)), says) for visit in range(times)]
        by_one[way] = np.array(visits)[:, :, np.array(employees) - 1] - truth[:, None]
        errors[way] = by_one[way].sum(axis=-1)
    known = truth.sum(axis=1)
    claimed = np.sum([state.claimed(name) for name in ASKED], axis=0)[people.establishments]
    far = says[people.rows].sum(axis=1) - known[people.which]
    return Reach(known, claimed, float(far.std()), errors, by_one)


@dataclass(frozen=True)
class _People:
    """Home workers who lead nobody, of establishments with enough of them.

    rows            (n,) rows of the firm
    which           (n,) whose they are: place in `establishments`
    establishments  (establishment,) rows of establishments
    team, light     (n,) their team, and how good a light they throw on the employer
    most            the largest number ever spoken to
    """

    rows: np.ndarray
    which: np.ndarray
    establishments: np.ndarray
    team: np.ndarray
    light: np.ndarray
    most: int

    @classmethod
    def of(cls, state: WorldState, team: np.ndarray, most: int) -> _People:
        people = state.at_home & ~state.is_manager
        count = np.bincount(state.establishment[people], minlength=state.establishments)
        enough = count >= 2 * most
        if enough.sum() < _FEWEST:
            raise UserError(
                f"inspection: {enough.sum()} establishments have the {2 * most} home workers that speaking to {most} "
                "takes; a larger inspection.reach_sample or fewer inspection.employees is right"
            )
        rows = np.flatnonzero(people & enough[state.establishment])
        which = (np.cumsum(enough) - 1)[state.establishment[rows]]
        return cls(rows, which, np.flatnonzero(enough), team[rows], good_light(state)[rows], most)

    def means(self, values: np.ndarray) -> np.ndarray:
        """(establishment, measure) means of values (place, measure)."""
        sums = [np.bincount(self.which, own) for own in values[self.rows].T]
        return np.array(sums).T / np.bincount(self.which)[:, None]

    def spoken_to(self, way: str, luck: Sequence[int]) -> np.ndarray:
        """(establishment, most) rows of those spoken to, in the order in which one gets to them."""
        chance = np.random.default_rng(luck)
        mine, its_team = chance.random(len(self.rows)), chance.random(self.team.max() + 1)[self.team]
        order = np.lexsort((mine, its_team, self.which) if way == "team_by_team" else (mine, self.which))
        begins = np.flatnonzero(np.diff(self.which[order], prepend=-1))[:, None]
        if way != "chosen_by_employer":
            return self.rows[order[begins + np.arange(self.most)]]
        first, second = (order[begins + 2 * np.arange(self.most) + other] for other in (0, 1))
        return self.rows[np.where(self.light[second] > self.light[first], second, first)]


def _means(spoken_to: np.ndarray, says: np.ndarray) -> np.ndarray:
    """(establishment, number of employees from 1 on, measure): the share of so many that says it."""
    told = np.cumsum(says[spoken_to], axis=1)
    return told / np.arange(1, told.shape[1] + 1)[:, None]


# -- tables -----------------------------------------------------------------------------------------------------------


def of_establishments(worlds: Sequence[Reach], employees: Sequence[int]) -> pd.DataFrame:
    """How far off one is about an establishment, by way and number of employees spoken to.

    `off` is how far at most in 95 of 100 visits, in measures of 15, with `off_low` and `off_high` over worlds; `mixed`
    the same where answers are weighed against the mean of all establishments; `share_off` that of the share that knows
    a single measure; `bias` the mean error. Without speaking to anybody (0 employees) one has the mean of all
    establishments, or the employer's word.
    """
    import pandas as pd

    rows = [
        _row("mean_of_all", 0, [world.known.mean() - world.known for world in worlds]),
        _row("employers_word", 0, [world.claimed - world.known for world in worlds]),
    ]
    for way in WAYS:
        for at, n in enumerate(employees):
            errors = [world.errors[way][:, :, at] for world in worlds]
            by_one = [world.errors_by_one[way][:, :, at] for world in worlds]
            mixed = [_mixed(world, own, n) for world, own in zip(worlds, errors, strict=True)]
            more = {"mixed": float(np.mean(_off(mixed))), "share_off": float(np.mean(_off(by_one)))}
            rows.append(_row(way, n, errors) | more)
    return pd.DataFrame(rows)


def _row(way: str, employees: int, errors: list[np.ndarray]) -> dict[str, object]:
    off = _off(errors)
    return {
        "way": way,
        "employees": employees,
        "off": float(np.mean(off)),
        "off_low": min(off),
        "off_high": max(off),
        "bias": float(np.mean([own.mean() for own in errors])),
        "mixed": float("nan"),
        "share_off": float("nan"),
    }


def _off(errors: Sequence[np.ndarray]) -> list[float]:
    """How far off at most in 95 of 100 visits, world by world."""
    return [float(np.quantile(np.abs(own), SURE)) for own in errors]


def _mixed(world: Reach, errors: np.ndarray, employees: int) -> np.ndarray:
    """(visit, establishment) errors of the best mix of answers and the mean of all establishments."""
    between = world.known.var(ddof=1)
    weight = between / (between + world.within**2 / employees)
    return weight * errors + (1 - weight) * (world.known.mean() - world.known)


def needed(table: pd.DataFrame, way: str, close: float) -> int | None:
    """The smallest number of employees tried with which one is off by at most `close`; None where none will do."""
    own = table[(table["way"] == way) & (table["off"] <= close)]
    return None if own.empty else int(own["employees"].min())


def of_the_sector(
    worlds: Sequence[Reach], establishments: Sequence[int], employees: Sequence[int], share_chosen: float
) -> pd.DataFrame:
    """How far off one is about the mean of all establishments, by how many are visited and how many spoken to in each.

    `off` is half the 95% interval by lot. `bias` is what employers who choose add, where `share_chosen` of them do, and
    `design_effect` how many times as large the mean squared error then is. `between` and `within` are the SDs.
    """
    import pandas as pd

    between = np.mean([world.known.var(ddof=1) for world in worlds])
    within = np.mean([world.within**2 for world in worlds])
    lift = np.mean([world.errors["chosen_by_employer"][:, :, 0].mean() for world in worlds])
    grid = pd.DataFrame([(visited, n) for visited in establishments for n in employees])
    grid.columns = ["establishments", "employees"]
    variance = (between + within / grid["employees"]) / grid["establishments"]
    bias = share_chosen * lift
    return grid.assign(
        conversations=grid["establishments"] * grid["employees"],
        off=_Z * np.sqrt(variance),
        bias=bias,
        design_effect=1 + bias**2 / variance,
        between=np.sqrt(between),
        within=np.sqrt(within),
    )
