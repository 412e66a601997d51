"""The other reading of the counts of mismatches, and a cascade fitted to it.

Managers give 4 and other employees 5 of 15 answers that differ from the employer's. Counted as *any difference*, which
the default fit holds to, somebody knows a claimed measure with a chance of .70 and .57 and says so of one not claimed
with .20 and .16. Counted as *claimed but not known* alone, as the report glosses it, these are .58 and .48, and .40 and
.32. What is known then hangs less together with what is claimed, and less of any true relation gets through.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from sim.calibration.standardisation import SETTLED
from sim.engine.plan import Plan, create_engine
from sim.language.discovery import mechanisms
from sim.outcomes.patterns import BOTH
from sim.studies.vanishing.explanations import HEARING, value_in
from sim.survey.interview import interview_of
from sim.survey.survey import survey_of
from sim.survey.visit import SurveyRandom, WorldState, sample_responses

FREE = (*HEARING, "own_initiative", "own_initiative_seen")
"""Parameters of the cascade that are fitted; everything else stays."""
WANTED = {"manager": (0.58, 0.40), "non_manager": (0.48, 0.32)}
"""By role: the chance to know a claimed measure, and to say so of one that is not claimed, all measures together."""
CELL, CHANCE = 0.05, 0.02
"""How far a cell of the study's table, and each of these chances, may be off: units of the fit."""
STEP = 0.05
MOST_EVALUATIONS = 5


@dataclass(frozen=True)
class Reading:
    """A fitted cascade: its parameters, the chances reached by role, and the largest miss among the table's cells."""

    parameters: Mapping[str, float]
    chances: Mapping[str, tuple[float, float]]
    worst_cell: float


def second_reading(plan: Plan) -> Reading:
    """Fit the cascade to the second reading and to the shares of the study's table; takes some twenty seconds."""
    from scipy.optimize import least_squares

    passports = mechanisms()["cascade"].parameter_metadata()
    low, high = (np.array([getattr(passports[name], end) for name in FREE]) for end in ("low", "high"))
    start = np.clip([value_in(plan, "cascade", name) for name in FREE], low + 1e-3, high - 1e-3)
    step = STEP * (high - low)
    seen: dict[bytes, np.ndarray] = {}

    def around(x: np.ndarray) -> np.ndarray:
        """(1 + free, residual): here, and one step in each direction, on the same people and chance."""
        if x.tobytes() not in seen:
            signs = np.where(x + step > high, -1.0, 1.0)
            seen[x.tobytes()] = _residuals(plan, np.vstack([x, x + np.diag(signs * step)]))
        return seen[x.tobytes()]

    def slopes(x: np.ndarray) -> np.ndarray:
        signs = np.where(x + step > high, -1.0, 1.0)
        found = around(x)
        return ((found[1:] - found[0]) / (signs * step)[:, None]).T

    fitted = least_squares(
        lambda x: around(x)[0], start, slopes, bounds=(low, high), x_scale=high - low, max_nfev=MOST_EVALUATIONS,
        ftol=1e-2,
    )  # fmt: skip
    values = dict(zip(FREE, map(float, fitted.x), strict=True))
    chances, cells = _shares(plan, fitted.x[None])
    return Reading(
        values,
        {role: (float(chances[0, at, 0]), float(chances[0, at, 1])) for at, role in enumerate(BOTH)},
        float(np.abs(cells[0] - _table(plan)).max()),
    )


def read_so(plan: Plan, parameters: Mapping[str, float]) -> Plan:
    """The plan with these parameters of the cascade."""
    cascade = {**plan.parameters.get("cascade", {}), **parameters}
    return replace(plan, parameters={**plan.parameters, "cascade": cascade})


def _residuals(plan: Plan, values: np.ndarray) -> np.ndarray:
    chances, cells = _shares(plan, values)
    wanted = np.array([WANTED[role] for role in BOTH])
    off = ((chances - wanted) / CHANCE).reshape(len(values), -1)
    return np.hstack([off, ((cells - _table(plan)) / CELL).reshape(len(values), -1)])


def _table(plan: Plan) -> np.ndarray:
    """(measure, role) of the study's table, in the order of the measures' names."""
    asked_about = sorted((m for m in plan.measures if m.in_study), key=lambda measure: measure.name)
    return np.array([[measure.study[role] for role in BOTH] for measure in asked_about])


def _shares(plan: Plan, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(world, role, claimed or not) chances to say that one knows, and (world, measure, role) shares that do."""
    varied = {("cascade", name): values[:, column] for column, name in enumerate(FREE)}
    engine = create_engine(plan, len(values), varied)
    for week in range(-SETTLED, 0):
        engine.run_week(week)
    survey, interview, draws = survey_of(plan), interview_of(plan), SurveyRandom(engine)
    chances, cells = [], []
    for world in range(len(values)):
        state = WorldState(engine, world)
        said = sample_responses(state, draws, survey, interview)
        known, claimed = (np.array([said[f"{what}.{name}"] for name in state.asked]) for what in ("known", "claimed"))
        roles = [state.at_home & state.is_manager, state.at_home & ~state.is_manager]
        chances.append([[known[:, own][claimed[:, own] == yes].mean() for yes in (1, 0)] for own in roles])
        cells.append(np.stack([known[:, own].mean(axis=1) for own in roles], axis=1))
    return np.array(chances), np.array(cells)
