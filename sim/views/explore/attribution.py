"""Attribution of an effect to pathways, by switching pathways off.

A pathway is a direct cause of exhaustion or of isolation from colleagues. It is switched off in both worlds from the
first day, with the same people and random numbers. Its part is the resulting decrease of the effect. Pathways interact,
so the parts do not add up to the effect; the remainder is their interaction. Parameters set to 0 may be outside their
ranges: this explains the model and is not a realistic scenario.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from sim.engine.plan import Plan
from sim.levers.scenario import Scenario, Setting
from sim.outcomes.definitions import GROUPS, OUTCOMES
from sim.outcomes.effects import CHANCE, DRAWS, interval, spread
from sim.outcomes.record import last_weeks
from sim.plotting.charts.pathways import TOGETHER, WHOLE
from sim.studies.scenarios import interval_type
from sim.views.explore import worker
from sim.views.explore.cases import plans_of
from sim.views.explore.scheduler import AnswerScheduler
from sim.views.explore.selection import PolicySelection

Cut = tuple[tuple[str, str], ...]
PATHWAYS: Mapping[str, Mapping[str, Cut]] = {
    "burn_out_complaints": {
        "recovery": (("recovery", "fatigue_strains"),),
        "expectation": (("availability", "autonomy_conflict"),),
        "work_and_home": (("work_home_conflict", "strains"),),
        "autonomy": (("resources", "relief_of_autonomy"),),
        "manager": (("resources", "relief_of_manager"),),
        "colleagues": (("resources", "relief_of_colleagues"),),
        "isolation": (("isolation", "isolation_strains"),),
    },
    "isolation_from_colleagues": {
        "contact": (("isolation", "unmet"),),
        "colleagues": (("isolation", "support_shields"),),
        "exhaustion": (("isolation", "withdrawal"),),
    },
}
"""Parameters that are set to 0, by outcome and pathway. Together they cover all causes of the outcome."""
_CUTS = [(outcome, name, cut) for outcome, own in PATHWAYS.items() for name, cut in own.items()]
_COLUMNS = ["outcome", "pathway", "part", "low", "high", "replicates", "interval", "unit"]
REPLICATES = 8


def split(scheduler: AnswerScheduler, choice: PolicySelection, replicates: int = REPLICATES) -> pd.DataFrame:
    """Return the effect by pathway, with the columns of `_COLUMNS`.

    `whole` is the effect itself, `together` the remainder; intervals as in the table of effects.
    """
    plans = plans_of(choice, replicates)
    samples = np.stack(scheduler.run_in_workers(plans, effects_without))
    holds = interval_type(plans)
    rows = []
    for column, outcome in enumerate(PATHWAYS):
        whole = samples[:, 0, column]
        cuts = enumerate(_CUTS, start=1)
        parts = {name: whole - samples[:, row, column] for row, (own, name, _) in cuts if own == outcome}
        parts |= {TOGETHER: whole - sum(parts.values()), WHOLE: whole}
        for name, values in parts.items():
            mean, low, high, count = {CHANCE: interval, DRAWS: spread}[holds](values)
            numbers = (float(mean), float(low), float(high), int(count))
            rows.append((outcome, name, *numbers, holds, OUTCOMES[outcome].unit))
    return pd.DataFrame(rows, columns=_COLUMNS)


def effects_without(plan: Plan) -> np.ndarray:
    """Return the effects of a plan on everybody, (1 + pathways, outcome): the whole, then without each pathway."""
    usual, policy = plan.scenarios
    cuts: list[Cut] = [(), *(cut for _, _, cut in _CUTS)]
    worlds = [without(scenario, cut, number) for number, cut in enumerate(cuts) for scenario in (usual, policy)]
    last = last_weeks(worker.after_burn_in(plan).simulate(worlds)[0])
    columns = [list(OUTCOMES).index(outcome) for outcome in PATHWAYS]
    everybody = last[:, columns, list(GROUPS).index("everybody")]
    return np.asarray(everybody[1::2] - everybody[::2])


def without(scenario: Scenario, cut: Cut, number: int = 0) -> Scenario:
    """Return the scenario with these parameters at 0 from the first day."""
    settings = [one for one in scenario.settings if (one.process, one.parameter) not in cut]
    return replace(
        scenario,
        name=f"{scenario.name}_{number}",
        settings=(*settings, *(Setting(process, name, 0.0) for process, name in cut)),
    )
