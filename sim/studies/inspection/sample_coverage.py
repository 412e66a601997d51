"""Errors of interviews with n employees about the measures that reach the employees of an establishment.

The true values are the mean number of the 15 measures that home workers know, managers excluded, and the share who know
each measure. An interviewer of n employees has the mean of n answers. People know different things, so the error falls
with n. It does not fall to zero if the employer chooses the respondents.

    one establishment     error of the mean of n answers against the truth of that establishment
    the same, mixed       weighted with the mean of all establishments, between² to within² / n
    all establishments    SE² = between² / establishments + within² / (establishments x n)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from sim.engine.plan import Plan, simulate_burn_in
from sim.errors import UserError
from sim.outcomes.patterns import MEASURES
from sim.survey.instruments import instruments_of
from sim.survey.visit import SurveyRandom, WorldState, sample_responses, social_desirability

if TYPE_CHECKING:
    import pandas as pd

SELECTIONS = ("at_random", "team_by_team", "chosen_by_employer")
"""Selection of respondents. An employer chooses the better of two each time, in the employer's eyes."""
VISITS = 40
"""Number of visits to each establishment."""
CERTAINTY = 0.95
_Z = 1.96
_FEWEST = 2


@dataclass(frozen=True)
class SamplingErrors:
    """Errors of interviews in one world."""

    known: np.ndarray  # (establishment,) mean number of the 15 measures that its employees know in truth
    claimed: np.ndarray  # (establishment,) number of measures that its employer claims
    within: float  # SD of answers around the true mean of the establishment
    errors_by_measure: dict[str, np.ndarray]
    """By selection (visit, establishment, number of employees, measure): share who report it minus the true share."""

    @cached_property
    def errors(self) -> dict[str, np.ndarray]:
        """Errors (visit, establishment, number of employees) of the number of measures known, by selection."""
        return {way: errors.sum(axis=-1) for way, errors in self.errors_by_measure.items()}


def simulate_sampling(plan: Plan, employees: Sequence[int], times: int = VISITS) -> SamplingErrors:
    """Simulate a plan of large establishments, and interview employees of each repeatedly.

    Parameters
    ----------
    plan : Plan
        Plan whose establishments have large samples.
    employees : sequence of int
        Numbers of employees to interview. Establishments with fewer home workers than twice the largest are left out;
        fewer than two establishments are a UserError.
    times : int
        Number of visits to each establishment.
    """
    engine = simulate_burn_in(plan)
    state = WorldState(engine)
    responses = sample_responses(state, SurveyRandom(engine), instruments_of(plan))
    reports = np.array([responses[f"known.{name}"] for name in MEASURES]).T
    people = _People(state, engine.staff.firm.team, most=max(employees))
    truth = people.means(state.table("known", MEASURES).T)
    errors = {}
    for way in SELECTIONS:
        visits = [_means(people.interviewed(way, (plan.replicate, visit)), reports) for visit in range(times)]
        errors[way] = np.array(visits)[:, :, np.array(employees) - 1] - truth[:, None]
    known = truth.sum(axis=1)
    claimed = state.table("claimed", MEASURES).sum(axis=0)[people.establishments]
    deviations = reports[people.rows].sum(axis=1) - known[people.which]
    return SamplingErrors(known, claimed, float(deviations.std()), errors)


class _People:
    """Home workers of establishments with enough of them, managers excluded."""

    def __init__(self, state: WorldState, team: np.ndarray, most: int):
        people = state.of_role("non_manager")
        enough = np.bincount(state.establishment[people], minlength=state.establishments) >= 2 * most
        if enough.sum() < _FEWEST:
            raise UserError(
                f"Too few large establishments: {enough.sum()} have {2 * most} home workers or more, which interviews "
                f"with {most} need. Use a larger inspection.reach_sample or smaller inspection.employees."
            )
        self.most = most  # largest number of employees interviewed
        self.establishments = np.flatnonzero(enough)  # their rows
        self.rows = np.flatnonzero(people & enough[state.establishment])  # (n,) of the firm
        self.which = (np.cumsum(enough) - 1)[state.establishment[self.rows]]  # (n,) place in `establishments`
        self.team = team[self.rows]
        self.desirability = social_desirability(state)[self.rows]  # (n,) how favourable the answers are to the employer

    def means(self, values: np.ndarray) -> np.ndarray:
        """Return means (establishment, measure) of values (place, measure)."""
        sums = [np.bincount(self.which, own) for own in values[self.rows].T]
        return np.array(sums).T / np.bincount(self.which)[:, None]

    def interviewed(self, way: str, seed: Sequence[int]) -> np.ndarray:
        """Return rows (establishment, most) of the interviewed, in the order of the interviews."""
        random = np.random.default_rng(seed)
        own, of_team = random.random(len(self.rows)), random.random(self.team.max() + 1)[self.team]
        order = np.lexsort((own, of_team, self.which) if way == "team_by_team" else (own, self.which))
        begins = np.flatnonzero(np.diff(self.which[order], prepend=-1))[:, None]
        if way != "chosen_by_employer":
            return self.rows[order[begins + np.arange(self.most)]]
        first, second = (order[begins + 2 * np.arange(self.most) + other] for other in (0, 1))
        return self.rows[np.where(self.desirability[second] > self.desirability[first], second, first)]


def _means(interviewed: np.ndarray, reports: np.ndarray) -> np.ndarray:
    """Return shares (establishment, number of employees from 1 on, measure) who report each measure."""
    counts = np.cumsum(reports[interviewed], axis=1)
    return counts / np.arange(1, counts.shape[1] + 1)[:, None]


# -- tables -----------------------------------------------------------------------------------------------------------


def establishment_table(worlds: Sequence[SamplingErrors], employees: Sequence[int]) -> pd.DataFrame:
    """Return the error about one establishment, by selection (`way`) and number of employees interviewed.

    `off` is the error that 95% of visits stay below, in measures of 15, with `off_low` and `off_high` over worlds.
    `mixed` is the same for answers weighted with the mean of all establishments, `share_off` that of the share who
    know a single measure, and `bias` the mean error. Without interviews (0 employees) the estimate is the mean of all
    establishments, or the employer's claim.
    """
    import pandas as pd

    rows = [
        _row("mean_of_all", 0, [world.known.mean() - world.known for world in worlds]),
        _row("employers_word", 0, [world.claimed - world.known for world in worlds]),
    ]
    for way in SELECTIONS:
        for at, n in enumerate(employees):
            errors = [world.errors[way][:, :, at] for world in worlds]
            by_measure = [world.errors_by_measure[way][:, :, at] for world in worlds]
            mixed = [_mixed(world, own, n) for world, own in zip(worlds, errors, strict=True)]
            rows.append(_row(way, n, errors, float(np.mean(_off(mixed))), float(np.mean(_off(by_measure)))))
    return pd.DataFrame(rows)


def _row(
    way: str, employees: int, errors: list[np.ndarray], mixed: float = np.nan, share_off: float = np.nan
) -> dict[str, object]:
    off, bias = _off(errors), float(np.mean([own.mean() for own in errors]))
    return {
        "way": way, "employees": employees, "off": float(np.mean(off)), "off_low": min(off), "off_high": max(off),
        "bias": bias, "mixed": mixed, "share_off": share_off,
    }  # fmt: skip


def _off(errors: Sequence[np.ndarray]) -> list[float]:
    """Return the error that 95% of visits stay below, by world."""
    return [float(np.quantile(np.abs(own), CERTAINTY)) for own in errors]


def _mixed(world: SamplingErrors, errors: np.ndarray, employees: int) -> np.ndarray:
    """Return errors (visit, establishment) of the best mix of answers and the mean of all establishments."""
    between = world.known.var(ddof=1)
    weight = between / (between + world.within**2 / employees)
    return weight * errors + (1 - weight) * (world.known.mean() - world.known)


def required_employees(table: pd.DataFrame, way: str, close: float) -> int | None:
    """Return the smallest number of employees with an error of at most `close`, or None."""
    own = table[(table["way"] == way) & (table["off"] <= close)]
    return None if own.empty else int(own["employees"].min())


def sector_table(
    worlds: Sequence[SamplingErrors], establishments: Sequence[int], employees: Sequence[int], share_chosen: float
) -> pd.DataFrame:
    """Return the error about the mean of all establishments, by numbers of establishments and of employees in each.

    `off` is half the 95% interval with random selection. `bias` is the mean error if `share_chosen` of the employers
    choose, and `design_effect` the factor by which the mean squared error then grows. `between` and `within` are SDs.
    """
    import pandas as pd

    between = np.mean([world.known.var(ddof=1) for world in worlds])
    within = np.mean([world.within**2 for world in worlds])
    lift = np.mean([world.errors["chosen_by_employer"][:, :, 0].mean() for world in worlds])
    grid = pd.DataFrame(product(establishments, employees), columns=["establishments", "employees"])
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
