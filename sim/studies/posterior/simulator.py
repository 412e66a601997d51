"""Simulator: the burn-in and four further weeks of a firm like that of the study, observed as in the study.

The one table of a run, `observed`, has one row with every observation, and mean and SD of each standardised scale.
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
"""Columns `centre.<state>.mean` and `.sd` describe the scales; nothing is fitted to them."""


def simulate_observations(plan: Plan) -> dict[str, float]:
    """Return every observation of one run by name, in the unit of its target, after the burn-in."""
    engine = simulate_burn_in(plan)
    levels = point_fit.simulate_rows(engine, survey_of(plan), range(plan.weeks * DAYS_A_WEEK))[0]
    # rows of the fit have other names: `breaks, non-manager` is `breaks.non_manager`
    observed = {row.name.replace(", ", ".").replace("-", "_"): row.simulated for row in levels}
    return observed | point_fit.verbal_levels(engine) | _centre(engine)


def _centre(engine: Engine) -> dict[str, float]:
    moments: dict[str, float] = {}
    for state in STATES:
        values = np.asarray(engine.values[state.quantity][0], np.float64)[engine.values[state.group][0] > 0]
        name = f"{CENTRE}.{state.quantity}"
        moments |= {f"{name}.mean": float(values.mean()), f"{name}.sd": float(values.std())}
    return moments


def _simulate(plans: Sequence[Plan]) -> Iterator[dict[str, float]]:
    return map(simulate_observations, plans)


def _columns(plan: Plan, observed: Mapping[str, float]) -> Columns:
    return {"scenario": [plan.scenarios[0].name], **{name: np.array([value]) for name, value in observed.items()}}


OBSERVED = SimulationRoutine(
    _simulate,
    {TABLE: _columns},
    version=code_digest(*map(Path, (__file__, point_fit.__file__, standardisation.__file__))),
)
