"""HybridWorkModel: the model as a Mesa model."""

from __future__ import annotations

import datetime
import logging
from collections.abc import Callable
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import mesa
import numpy as np
from mesa.agent import AgentSet

from sim.engine.plan import BASELINE, Plan, warmed_up
from sim.errors import UserError
from sim.levers.catalogue import Catalogue
from sim.levers.measure import FAMILIES
from sim.outcomes.outcomes import OUTCOMES
from sim.outcomes.survey import survey_of
from sim.world.calendar import DAYS_A_WEEK

if TYPE_CHECKING:
    import networkx

logging.getLogger("mesa").setLevel(logging.WARNING)
logging.getLogger("MESA").setLevel(logging.WARNING)


class Employee(mesa.Agent):
    """A window on one row: every quantity per employee is an attribute, read when it is asked for."""

    model: HybridWorkModel

    def __init__(self, model: HybridWorkModel, place: int):
        super().__init__(model)
        self.place = place

    def __getattr__(self, name: str) -> float:
        if name.startswith("_") or name in ("model", "place", "pos", "unique_id"):
            raise AttributeError(name)
        value = self.model.engine.values.get(name)
        if value is None or value.ndim != 2 or value.shape[-1] != self.model.people:
            raise AttributeError(f"employees have no quantity '{name}'")
        return float(value[0, self.place])


class HybridWorkModel(mesa.Model):
    """One organisation, or a sample of establishments, under one scenario; a step is a day.

    Everybody is a row of the engine's arrays; `agents` makes windows on the rows when it is asked for. The burn-in
    has passed when the model is made.

    Parameters
    ----------
    plan : what to simulate; made from the configuration and `options` where it is left out. Only the last of its
        scenarios is lived: with one scenario that one, with more the one compared with the first.
    rng : a whole number that replaces the plan's seed, as Mesa hands it (batch runs, SolaraViz).
    options : what the configuration calls it, with dots written as two underscores: `firm="one", firm__employees=200,
        scenario="right_to_disconnect", weeks=52`.
    """

    def __init__(self, plan: Plan | None = None, *, rng: int | None = None, **options: Any):
        super().__init__(rng=rng)
        if plan is None:
            plan = _composed(options)
        if rng is not None:
            plan = replace(plan, seed=int(rng))
        self.plan = replace(plan, scenarios=plan.scenarios[-1:])
        self.day = 0
        self._windows_made = False
        self._survey = survey_of(self.plan)
        begun = warmed_up(self.plan)
        self.engine = begun.fork(Catalogue(begun.catalogue.measures, self.plan.scenarios))
        self.people = self.engine.staff.count["employee"]
        self.datacollector = mesa.DataCollector(model_reporters={name: _reporter(name) for name in OUTCOMES})
        self._collects_daily = True
        if self.plan.burn_in:  # before the first of all days, there is nothing to see
            self.datacollector.collect(self)

    def step(self) -> None:
        """Live one day and collect the outcomes of everybody."""
        self.engine.run_day(self.day)
        self.day += 1
        if self._collects_daily or self.day % DAYS_A_WEEK == 0:
            self.datacollector.collect(self)

    def run_days(self, days: int) -> None:
        """Live `days` days, the outcomes collected at the end of each week only: the fast way."""
        self._collects_daily = False
        for _ in range(days):
            self.step()
        self._collects_daily = True

    @property
    def date(self) -> datetime.date:
        """Today's date."""
        return self.plan.calendar.date(self.day)

    @property
    def agents(self) -> AgentSet:
        """Everybody, as windows on rows; made when first asked for."""
        if not getattr(self, "_windows_made", True):
            self._windows_made = True
            for place in range(self.people):
                Employee(self, place)
        return super().agents

    def outcome(self, name: str) -> float:
        """The mean of an outcome over everybody today, in its unit (one day's value where it gathers a week).

        Raises UserError for an unknown name.
        """
        if name not in OUTCOMES:
            raise UserError(f"there is no outcome '{name}'; outcomes are {', '.join(OUTCOMES)}")
        return float(np.mean(OUTCOMES[name].read(self.engine.values, self._survey)))

    def quantity(self, name: str) -> np.ndarray:
        """Any quantity of the model as it stands, without the axis of worlds; UserError for an unknown name."""
        value = self.engine.values.get(name)
        if value is None:
            near = get_close_matches(name, list(self.engine.values), n=3)
            raise UserError(f"there is no quantity '{name}'{f' (did you mean {near[0]}?)' if near else ''}")
        return np.array(value[0])

    def to_networkx(self) -> networkx.DiGraph:
        """Reporting lines and ties as they stand, with strengths."""
        return self.engine.staff.firm.to_networkx(self.quantity("tie_strength"))


def _composed(options: dict[str, Any]) -> Plan:
    """The plan that the configuration makes of these options; without a scenario or lever, the practice of 2022."""
    from sim.studies.configure import plan, setting_of

    if not any(setting_of(name).split(".")[0] in FAMILIES for name in options):
        options = {"scenario": BASELINE.name, **options}
    return plan(**options)


def _reporter(name: str) -> Callable[[HybridWorkModel], float]:
    return lambda model: model.outcome(name)
