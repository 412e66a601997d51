"""The simulator: a firm like the study's lives its history and four weeks more, and is looked at as the study did.

A run of the batch runner of which one table is kept, `observed`: one row, with every observation, and beside them how
far each centred scale has moved from mean 0 and SD 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from sim.calibration import point_fit, standardisation
from sim.calibration.standardisation import STATES
from sim.engine import Engine
from sim.engine.plan import Plan, simulate_burn_in
from sim.outcomes.run_summary import Columns
from sim.runs.batch import SimulationRoutine
from sim.source_digest import code_digest
from sim.survey.survey import survey_of
from sim.world.calendar import DAYS_A_WEEK

TABLE = "observed"
CENTRE = "centre"
"""Columns `centre.<state>.mean` and `.sd` tell of the scales; nothing is fitted to them."""


def looked_at(plan: Plan) -> dict[str, float]:
    """Every observation of one run by name, in the unit of its target, after a history of `plan.burn_in` weeks."""
    engine = simulate_burn_in(plan)
    levels = point_fit.seen(engine, survey_of(plan), range(plan.weeks * DAYS_A_WEEK))[0]
    return {_name(row.name): row.simulated for row in levels} | _in_words(engine) | _centre(engine)


def _name(row: str) -> str:
    """What the fit calls a cell, as the observations do: `breaks, non-manager` is `breaks.non_manager`."""
    return row.replace(", ", ".").replace("-", "_")


def _in_words(engine: Engine) -> dict[str, float]:
    """The two levels that the study gives in words, as means in SD."""
    home = engine.values["may_work_from_home"][0] > 0
    leads = home & engine.staff.firm.is_manager
    return {
        "bat_exhaustion_category": float(engine.values["exhaustion"][0][home].mean()),
        "leading_difficulty": float(engine.values["leading_difficulty"][0][leads].mean()),
    }


def _centre(engine: Engine) -> dict[str, float]:
    found: dict[str, float] = {}
    for state in STATES:
        values = np.asarray(engine.values[state.quantity][0], np.float64)[engine.values[state.of][0] > 0]
        found |= {
            f"{CENTRE}.{state.quantity}.mean": float(values.mean()),
            f"{CENTRE}.{state.quantity}.sd": float(values.std()),
        }
    return found


def _live(plans: Sequence[Plan]) -> Iterator[dict[str, float]]:
    return map(looked_at, plans)


def _columns(plan: Plan, seen: Mapping[str, float]) -> Columns:
    return {"scenario": [plan.scenarios[0].name], **{name: np.array([value]) for name, value in seen.items()}}


OBSERVED = SimulationRoutine(
    _live, {TABLE: _columns}, version=code_digest(*map(Path, (__file__, point_fit.__file__, standardisation.__file__)))
)
