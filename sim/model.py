"""HybridWorkModel: the model with Mesa's interface."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import fields, replace
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

import mesa
import numpy as np
import pandas as pd
from mesa.agent import AgentSet

from sim.engine.equation_groups import level_of
from sim.engine.plan import BASELINE, Plan, simulate_burn_in
from sim.errors import UserError, instead, invalid, is_whole, unknown
from sim.levers.measure import FAMILIES
from sim.outcomes.definitions import OUTCOMES
from sim.survey.survey import survey_of
from sim.world.calendar import DAYS_A_WEEK
from sim.world.firm import FirmOptions

if TYPE_CHECKING:
    import networkx

_SEEDS = 2**63
_WRITABLE = ("pos",)
_SET_ONCE = ("model", "unique_id", "place")
_OF_STUDIES = ("title", "replicates", "workers", "output", "report")
"""Settings of a comparison that a single run does not use."""


class ReadOnlyError(UserError, AttributeError):
    """An attempt to set a value that the model computes."""


class Employee(mesa.Agent):
    """A read-only view of one employee: every quantity per employee is an attribute with today's value.

    `place` is the row in the model's arrays, from 0. When an employee leaves, the successor takes over the row, so a
    view belongs to a position in the organisation, not to a person. `HybridWorkModel.to_networkx` returns teams,
    managers and ties. Mesa's spaces may set `pos`; nothing else can be set.
    """

    model: HybridWorkModel

    def __init__(self, model: HybridWorkModel, place: int):
        super().__init__(model)
        self.place = place

    def __getattr__(self, name: str) -> float:
        if name.startswith("_") or name in (*_SET_ONCE, *_WRITABLE):
            raise AttributeError(name)
        value = self.model.engine.values.get(name)
        if value is None or level_of(self.model.engine.registry, name) != "employee":
            raise AttributeError(f"Unknown quantity of employees: {name}. {self._instead(name)}")
        return float(value[0, self.place])

    def _instead(self, name: str) -> str:
        registry = self.model.engine.registry
        known = [other for other in self.model.engine.values if level_of(registry, other) == "employee"]
        if name in registry.quantities and name not in self.model.engine.values:
            return "Quantities exist after the first simulated day."
        return instead(name, known)

    def __setattr__(self, name: str, value: Any) -> None:
        allowed = name.startswith("_") or name in _WRITABLE or (name in _SET_ONCE and name not in vars(self))
        if not allowed:
            raise ReadOnlyError(
                f"Read-only attribute: {name}. Agents show what the model computes. Change a setting or the scenario "
                "instead, as in HybridWorkModel(scenario=…)."
            )
        super().__setattr__(name, value)

    def step(self) -> None:
        """Raise UserError: employees have no steps of their own."""
        raise UserError("An employee has no step. Use model.step(), which simulates a day for everybody.")

    advance = step

    def remove(self) -> None:
        """Raise UserError: people leave by the model's turnover."""
        _refuse_other_people()


class Everybody(AgentSet):
    """The set of all agents of the model. Agents cannot be added or removed.

    Selections and copies are ordinary agent sets of Mesa.
    """

    def add(self, agent: mesa.Agent) -> None:
        """Raise UserError: the people come from the plan."""
        _refuse_other_people()

    def discard(self, agent: mesa.Agent) -> None:
        """Raise UserError: the people come from the plan."""
        _refuse_other_people()

    remove = discard

    def select(self, *args: Any, **kwargs: Any) -> AgentSet:
        """Select agents as Mesa does, into a new set."""
        if kwargs.get("inplace") or args[2:3] == (True,):
            _refuse_other_people()
        return super().select(*args, **kwargs)

    def __copy__(self) -> AgentSet:
        return AgentSet(self, random=self.random)


def _refuse_other_people() -> NoReturn:
    raise UserError(
        "Agents cannot be added to or removed from the model. Set the people when you make it, as in "
        "HybridWorkModel(firm='one', firm__employees=200)."
    )


class StepCollector(mesa.DataCollector):
    """Mesa's collector, with a table of model variables indexed by step."""

    def __init__(self, model_reporters: dict[str, Any]):
        super().__init__(model_reporters=model_reporters)
        self.steps: list[int] = []

    def collect(self, model: mesa.Model) -> None:
        """Collect all reporters."""
        self.steps.append(model.steps)
        super().collect(model)

    def get_model_vars_dataframe(self) -> pd.DataFrame:
        """Return one row per collection, indexed by step, and one column per outcome."""
        return super().get_model_vars_dataframe().set_index(pd.Index(self.steps, name="Step"))


class HybridWorkModel(mesa.Model):
    """One organisation, or a sample of establishments, under one scenario; a step is a day.

    Parameters
    ----------
    plan : Plan, optional
        Plan of `sim.plan`, by default composed from `options`. If the plan has a baseline and one other scenario, the
        model simulates the other one; if it has more, the one that `scenario` names.
    seed, rng : int or anything that numpy makes a generator from, optional
        Seed of all random numbers, under either name. By default random, or the seed of the given plan. `plan.seed`
        is the seed of the model.
    **options
        Settings, with dots written as two underscores: `firm="one", firm__employees=200,
        scenario="right_to_disconnect", weeks=52`.

    Raises
    ------
    UserError
        For an unknown setting, an invalid value, or a setting that a single run does not use.

    Notes
    -----
    The model starts after its burn-in. Its state is in arrays with one row per employee; `agents` are read-only views
    of these rows, created at first use. `step` simulates a day for everybody, so `agents.do("step")`,
    `agents.set(…)` and adding or removing agents raise UserError. Reading works as in Mesa: `get`, `agg`, `select`,
    `groupby`, `sort`, `shuffle`, `map` with a function, and agent reporters.

    Outcomes are collected before the first step and after each step, so row k of `datacollector` is the state after
    k days. Without a burn-in, some outcomes have no value before the first day; row 0 then holds nan. After the last
    week of the plan, `running` is False, which ends `run_model` and `mesa.batch_run`; `step` and `run_days` still work.

    `random` and `rng` are Mesa's generators, for example for shuffling agents. The simulation does not use them.
    """

    def __init__(self, plan: Plan | None = None, *, seed: Any = None, rng: Any = None, **options: Any):
        number = _seed_of(seed, rng)
        self.plan = _plan_of(plan, number, options)
        super().__init__(rng=self.plan.seed)
        self.day = 0
        self._survey = survey_of(self.plan)
        warm = simulate_burn_in(self.plan)
        self.engine = warm.with_scenarios(self.plan.scenarios)
        self.people = self.engine.staff.count["employee"]
        self._everybody: Everybody | None = None
        self._makes_agents = False
        self._collects_daily = True
        self.datacollector = StepCollector({name: partial(_reported, name=name) for name in OUTCOMES})
        self.datacollector.collect(self)

    # -- time --------------------------------------------------------------------------------------------------------

    def step(self) -> None:
        """Simulate one day and collect the outcomes of everybody."""
        self.engine.run_day(self.day)
        self.day += 1
        if self.day >= self.plan.weeks * DAYS_A_WEEK:
            self.running = False
        if self._collects_daily or self.day % DAYS_A_WEEK == 0:
            self.datacollector.collect(self)

    def run_days(self, days: int) -> None:
        """Simulate `days` days and collect outcomes only at the end of each week, which is faster than `step`."""
        if not is_whole(days) or days < 0:
            raise UserError(invalid("days", days, "a whole number from 0"))
        self._collects_daily = False
        try:
            for _ in range(days):
                self.step()
        finally:
            self._collects_daily = True

    @property
    def date(self) -> datetime.date:
        """Today's date."""
        return self.plan.calendar.date(self.day)

    # -- random numbers ----------------------------------------------------------------------------------------------

    def reset_randomizer(self, seed: Any = None) -> None:
        """Raise UserError: random numbers depend on the seed that the model was made with."""
        raise UserError("The seed of a model cannot be changed. Make another model, as in HybridWorkModel(seed=2).")

    reset_rng = reset_randomizer

    # -- agents ------------------------------------------------------------------------------------------------------

    @property
    def agents(self) -> AgentSet:
        """All agents, as read-only views, created at first use."""
        if "_makes_agents" not in vars(self):  # Mesa is still setting up
            return super().agents
        if self._everybody is None:
            self._makes_agents = True
            views = [Employee(self, place) for place in range(self.people)]
            self._makes_agents = False
            self._everybody = Everybody(views, random=self.random)
        return self._everybody

    @property
    def agent_types(self) -> list[type]:
        """The one type of agents."""
        return [Employee]

    @property
    def agents_by_type(self) -> dict[type[mesa.Agent], AgentSet]:
        """All agents, by their one type."""
        return {Employee: self.agents}

    def register_agent(self, agent: mesa.Agent) -> None:
        """Raise UserError for agents that are not the model's own."""
        if not self._makes_agents:
            _refuse_other_people()
        super().register_agent(agent)

    def deregister_agent(self, agent: mesa.Agent) -> None:
        """Raise UserError: people leave by the model's turnover."""
        _refuse_other_people()

    # -- results -----------------------------------------------------------------------------------------------------

    def outcome(self, name: str) -> float:
        """Return today's mean of an outcome over all employees, in its unit.

        Parameters
        ----------
        name : str
            Name of an outcome. For an outcome that is a sum over a week, the result is today's value.

        Raises
        ------
        UserError
            For an unknown name, and for an outcome that has no value before the first day.
        """
        if name not in OUTCOMES:
            raise UserError(unknown("outcome", name, OUTCOMES))
        try:
            values = OUTCOMES[name].read(self.engine.values, self._survey)
        except KeyError:
            raise UserError(f"{name} has no value before the first day. Call step() first, or use a burn-in.") from None
        return float(np.mean(values))

    def quantity(self, name: str) -> np.ndarray:
        """Return today's values of a quantity, without the axis of worlds; raise UserError for an unknown name."""
        value = self.engine.values.get(name)
        if value is None:
            raise UserError(unknown("quantity", name, self.engine.values))
        return np.array(value[0])

    def to_networkx(self) -> networkx.DiGraph:
        """Return today's reporting lines and ties, with their strengths."""
        return self.engine.staff.firm.to_networkx(self.quantity("tie_strength"))


def _reported(model: HybridWorkModel, name: str) -> float:
    try:
        return model.outcome(name)
    except UserError:
        if model.steps:
            raise
        return float("nan")


# -- plan ------------------------------------------------------------------------------------------------------------


def _seed_of(seed: Any, rng: Any) -> int | None:
    """Return the seed as a whole number, or None where neither is given."""
    if seed is not None and rng is not None:
        raise UserError("Conflicting settings: seed and rng. Both set the seed. Use one of them.")
    source = rng if seed is None else seed
    if source is None:
        return None
    if is_whole(source) or isinstance(source, np.integer):
        if not 0 <= source < _SEEDS:
            raise UserError(invalid("seed", source, f"a whole number from 0 to {_SEEDS - 1:,}"))
        return int(source)
    numbers = isinstance(source, Iterable) and not isinstance(source, str | bytes)
    if numbers or isinstance(source, np.random.Generator | np.random.BitGenerator | np.random.SeedSequence):
        try:
            return int(np.random.default_rng(source).integers(_SEEDS))
        except (TypeError, ValueError):
            pass
    raise UserError(invalid("seed", repr(source), "a whole number from 0, or a generator of numpy"))


def _plan_of(plan: Plan | None, seed: int | None, options: dict[str, Any]) -> Plan:
    """Return the plan of one scenario."""
    if plan is None:
        number = int(np.random.default_rng().integers(_SEEDS)) if seed is None else seed
        return _of_one_scenario(_composed({**options, "seed": number}), None)
    if not isinstance(plan, Plan):
        raise UserError(invalid("plan", repr(plan), "a plan of sim.plan(…), or settings by name, as in firm='one'"))
    scenario = options.pop("scenario", None)
    if options:
        raise UserError(f"Conflicting settings: a plan and {', '.join(options)}. Use a plan or settings.")
    of_one = _of_one_scenario(plan, scenario)
    return of_one if seed is None else replace(of_one, seed=seed)


def _of_one_scenario(plan: Plan, name: str | None) -> Plan:
    names = [scenario.name for scenario in plan.scenarios]
    if name is None and len(names) > 2:
        raise UserError(
            f"Missing setting: scenario. The plan has {len(names)} scenarios and a model simulates one. Use one, as in "
            f"HybridWorkModel(plan, scenario='{names[-1]}')."
        )
    if name is not None and name not in names:
        raise UserError(unknown("scenario", name, names))
    return replace(plan, scenarios=(plan.scenarios[-1 if name is None else names.index(name)],))


def _composed(options: dict[str, Any]) -> Plan:
    """Compose the plan of these options; without a scenario or lever, that of the practice of 2022."""
    from sim.config.plan_builder import plan, setting_of

    names = {setting_of(option): option for option in options}
    _check_used(names, options)
    if not any(name.split(".")[0] in (*FAMILIES, "scenario") for name in names):
        options = {"scenario": BASELINE.name, **options}
    return plan(**options)


def _check_used(names: dict[str, str], options: dict[str, Any]) -> None:
    """Raise UserError for settings that a single run does not use."""
    of_firm = [field.name for field in fields(FirmOptions)]
    for name, option in names.items():
        if name in _OF_STUDIES:
            raise UserError(f"Invalid setting: {option}. A model is one run. Use sim.plans to compare runs.")
        if name == "scenarios":
            raise UserError("Invalid setting: scenarios. A model simulates one scenario. Use scenario=….")
        if name in ("fit", "draws") and options[option] == "posterior":
            reason = "A model made from settings has the point estimate of its parameters."
            raise UserError(invalid(option, "posterior", "one of the plans of sim.plans(fit='posterior')", reason))
        if name in of_firm:
            raise UserError(f"Unknown setting: {option}. Did you mean 'firm__{option}'?")
