"""The alternative way of counting mismatches, and a cascade fitted to it.

Managers give 4 and other employees 5 of 15 answers that differ from the employer's. The default fit counts *any
difference*: then somebody reports a claimed measure with a probability of .70 and .57, and one not claimed with .20 and
.16. The report also speaks of measures *claimed but not known*. Counted so, these are .58 and .48, and .40 and .32:
knowledge depends less on claims, and less of any true relation becomes visible.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from sim.calibration.point_fit import run_burn_in
from sim.engine.plan import Plan, value_of
from sim.language.discovery import mechanisms
from sim.outcomes.patterns import BOTH
from sim.studies.vanishing.explanations import HEARING
from sim.survey.instruments import instruments_of
from sim.survey.visit import SurveyRandom, WorldState, sample_responses

FREE = (*HEARING, "own_initiative", "own_initiative_seen")
"""Parameters of the cascade that are fitted. All others keep their values."""
TARGETS = {"manager": (0.58, 0.40), "non_manager": (0.48, 0.32)}
"""By role: probability to report a claimed measure, and one that is not claimed, over all measures."""
TABLE_TOLERANCE, TOLERANCE = 0.05, 0.02
"""Tolerances of the fit for a cell of the study's table, and for these probabilities."""
STEP = 0.05
MAX_EVALUATIONS = 5


@dataclass(frozen=True)
class Reading:
    """A fitted cascade: its parameters, the probabilities by role, and the largest error of the study's table."""

    parameters: Mapping[str, float]
    chances: Mapping[str, Sequence[float]]
    worst_cell: float


def second_reading(plan: Plan) -> Reading:
    """Fit the cascade to the alternative way of counting and to the study's table. This takes some twenty seconds."""
    from scipy.optimize import least_squares

    ranges = [mechanisms()["cascade"].parameter_metadata()[name] for name in FREE]
    low, high = (np.array([getattr(one, end) for one in ranges]) for end in ("low", "high"))
    start = np.clip([value_of(plan, "cascade", name) for name in FREE], low + 1e-3, high - 1e-3)
    step = STEP * (high - low)

    def steps(x: np.ndarray) -> np.ndarray:
        return np.where(x + step > high, -step, step)

    @cache
    def around(x: tuple[float, ...]) -> np.ndarray:
        """Return (1 + free, residual): at x and one step in each direction, with the same people and random numbers."""
        return _residuals(plan, np.vstack([x, np.array(x) + np.diag(steps(np.array(x)))]))

    def jacobian(x: np.ndarray) -> np.ndarray:
        residuals = around(tuple(x))
        return ((residuals[1:] - residuals[0]) / steps(x)[:, None]).T

    fitted = least_squares(
        lambda x: around(tuple(x))[0], start, jacobian, bounds=(low, high), x_scale=high - low,
        max_nfev=MAX_EVALUATIONS, ftol=1e-2,
    )  # fmt: skip
    values = dict(zip(FREE, map(float, fitted.x), strict=True))
    chances, cells = _shares(plan, fitted.x[None])
    return Reading(
        values,
        {role: tuple(map(float, own)) for role, own in zip(BOTH, chances[0], strict=True)},
        float(np.abs(cells[0] - _table(plan)).max()),
    )


def _residuals(plan: Plan, values: np.ndarray) -> np.ndarray:
    chances, cells = _shares(plan, values)
    targets = np.array([TARGETS[role] for role in BOTH])
    errors = ((chances - targets) / TOLERANCE).reshape(len(values), -1)
    return np.hstack([errors, ((cells - _table(plan)) / TABLE_TOLERANCE).reshape(len(values), -1)])


def _table(plan: Plan) -> np.ndarray:
    """Return the study's table (measure, role), by name of measure."""
    measures = sorted((one for one in plan.measures if one.in_study), key=lambda measure: measure.name)
    return np.array([[measure.study[role] for role in BOTH] for measure in measures])


def _shares(plan: Plan, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities to report a measure (world, role, claimed or not), and shares (world, measure, role)."""
    varied = {("cascade", name): values[:, column] for column, name in enumerate(FREE)}
    engine = run_burn_in(plan, len(values), varied)
    instruments, draws = instruments_of(plan), SurveyRandom(engine)
    chances, cells = [], []
    for world in range(len(values)):
        state = WorldState(engine, world)
        responses = sample_responses(state, draws, instruments)
        known, claimed = (
            np.array([responses[f"{status}.{name}"] for name in state.study_measures])
            for status in ("known", "claimed")
        )
        roles = [state.of_role(role) for role in BOTH]
        chances.append([[known[:, own][claimed[:, own] == yes].mean() for yes in (1, 0)] for own in roles])
        cells.append(np.stack([known[:, own].mean(axis=1) for own in roles], axis=1))
    return np.array(chances), np.array(cells)
