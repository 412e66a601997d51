"""HybridWorkModel: the model behind Mesa's interface."""

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
from sim.errors import UserError, instead, is_whole, unknown
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
"""Settings of a comparison that one run does not use."""


class ReadOnlyError(UserError, AttributeError):
    """An attempt to write what the model computes."""


class Employee(mesa.Agent):
    """A read-only view of one employee: every quantity per employee is an attribute with today's value.

    `place` is the row of the model's arrays, counted from 0. Where an employee leaves, the newcomer takes the row, so
    a view belongs to a position in the organisation rather than to a person. Views have no team, manager or ties:
    `HybridWorkModel.to_networkx` gives these. Mesa's spaces may set `pos`; nothing else can be written.
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
                f"'{name}' of an employee cannot be set: agents show what the model computes. Change a setting or the "
                "scenario instead, as in HybridWorkModel(scenario=…)"
            )
        super().__setattr__(name, value)

    def step(self) -> None:
        """Refuse: employees have no steps of their own."""
        _refuse("an employee has no step of its own", "model.step() simulates one day for everybody")

    advance = step

    def remove(self) -> None:
        """Refuse: people leave by the model's own turnover."""
        _refuse_other_people()


class Everybody(AgentSet):
    """The model's own set of agents, to which nobody can be added and from which nobody can be removed.

    What is selected from it, and a copy of it, are plain sets of Mesa.
    """

    def add(self, agent: mesa.Agent) -> None:
        """Refuse: the people come from the plan."""
        _refuse_other_people()

    def discard(self, agent: mesa.Agent) -> None:
        """Refuse: the people come from the plan."""
        _refuse_other_people()

    remove = discard

    def select(self, *args: Any, **kwargs: Any) -> AgentSet:
        """Select agents as Mesa does, into a new set."""
        if kwargs.get("inplace") or args[2:3] == (True,):
            _refuse_other_people()
        return super().select(*args, **kwargs)

    def __copy__(self) -> AgentSet:
        return AgentSet(self, random=self.random)


def _refuse(what: str, instead_of_it: str) -> NoReturn:
    raise UserError(f"{what}; {instead_of_it}")


def _refuse_other_people() -> NoReturn:
    _refuse(
        "nobody can be added to or removed from the model",
        "set who works there when you make it, as in HybridWorkModel(firm='one', firm__employees=200)",
    )


class StepCollector(mesa.DataCollector):
    """Mesa's collector; its table of model variables is labelled by the step after which each row was collected."""

    def __init__(self, model_reporters: dict[str, Any]):
        super().__init__(model_reporters=model_reporters)
        self.steps: list[int] = []

    def collect(self, model: mesa.Model) -> None:
        """Collect all reporters."""
        self.steps.append(model.steps)
        super().collect(model)

    def get_model_vars_dataframe(self) -> pd.DataFrame:
        """One row for each collection, one column for each outcome, labelled by step."""
        return super().get_model_vars_dataframe().set_index(pd.Index(self.steps, name="Step"))


class HybridWorkModel(mesa.Model):
    """One organisation, or a sample of establishments, under one scenario; a step is a day.

    The burn-in is over when the model is made. The state is held in arrays, one row for each employee; `agents` are
    read-only views of these rows, made when they are first asked for. Agents do nothing themselves: `step` simulates a
    day for everybody, so `agents.do("step")`, `agents.set(…)` and adding or removing agents are refused. What reads
    works as in Mesa: `get`, `agg`, `select`, `groupby`, `sort`, `shuffle`, `map` with a function, and agent reporters.

    The outcomes are collected before the first step and after each one, so row k of `datacollector` is the state after
    k days; without a burn-in, what has no value before the first day is nan there. After the last week of the plan
    `running` is False, which ends `run_model` and `mesa.batch_run`; `step` and `run_days` may still go further.

    Chance depends on the seed alone. Without `seed` or `rng`, as Mesa does, every model gets a random one, which
    `plan.seed` holds; a given plan keeps its own. `random` and `rng` are Mesa's generators, for shuffling agents and
    the like; the simulation does not draw from them.

    Parameters
    ----------
    plan : what to simulate; composed from the configuration and `options` where it is left out. Of a baseline and one
        other scenario, the other one is simulated; of more, the one that `scenario` names.
    seed, rng : a whole number from 0, or what numpy makes a generator from; `seed` and `rng` mean the same.
    options : settings of the configuration, with dots written as two underscores: `firm="one", firm__employees=200,
        scenario="right_to_disconnect", weeks=52`.

    Raises UserError for a setting that does not exist or that one run does not use.
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
        """Simulate `days` days, the outcomes collected at the end of each week only: faster than step by step."""
        if not is_whole(days) or days < 0:
            raise UserError(f"Invalid value for days: {days}. Use a whole number from 0")
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

    # -- chance ------------------------------------------------------------------------------------------------------

    def reset_randomizer(self, seed: Any = None) -> None:
        """Refuse: all chance of a model depends on the seed it was made with."""
        _refuse("the seed of a model cannot be changed", "make another one, as in HybridWorkModel(seed=2)")

    reset_rng = reset_randomizer

    # -- agents ------------------------------------------------------------------------------------------------------

    @property
    def agents(self) -> AgentSet:
        """Everybody, as read-only views; made when first asked for."""
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
        """Everybody under the one type of agents."""
        return {Employee: self.agents}

    def register_agent(self, agent: mesa.Agent) -> None:
        """Refuse agents other than the model's own."""
        if not self._makes_agents:
            _refuse_other_people()
        super().register_agent(agent)

    def deregister_agent(self, agent: mesa.Agent) -> None:
        """Refuse: people leave by the model's own turnover."""
        _refuse_other_people()

    # -- results -----------------------------------------------------------------------------------------------------

    def outcome(self, name: str) -> float:
        """The mean of an outcome over everybody today, in its unit (one day's value where it gathers a week).

        Raises UserError for an unknown name, and for what has no value before the first day.
        """
        if name not in OUTCOMES:
            raise UserError(unknown("outcome", name, OUTCOMES))
        try:
            values = OUTCOMES[name].read(self.engine.values, self._survey)
        except KeyError:
            _refuse(f"'{name}' has no value before the first day", "call step() first, or use a burn-in")
        return float(np.mean(values))

    def quantity(self, name: str) -> np.ndarray:
        """Any quantity of the model as it stands, without the axis of worlds; UserError for an unknown name."""
        value = self.engine.values.get(name)
        if value is None:
            raise UserError(unknown("quantity", name, self.engine.values))
        return np.array(value[0])

    def to_networkx(self) -> networkx.DiGraph:
        """Reporting lines and ties as they stand, with strengths."""
        return self.engine.staff.firm.to_networkx(self.quantity("tie_strength"))


def _reported(model: HybridWorkModel, name: str) -> float:
    try:
        return model.outcome(name)
    except UserError:
        if model.steps:
            raise
        return float("nan")


# -- what to simulate ------------------------------------------------------------------------------------------------


def _seed_of(seed: Any, rng: Any) -> int | None:
    """The seed as a whole number, from what Mesa's users give; None where they give nothing."""
    if seed is not None and rng is not None:
        raise UserError("seed and rng mean the same; give one of the two")
    given = rng if seed is None else seed
    if given is None:
        return None
    if is_whole(given) or isinstance(given, np.integer):
        if not 0 <= given < _SEEDS:
            raise UserError(f"Invalid value for seed: {given}. Use a whole number from 0 to {_SEEDS - 1:,}")
        return int(given)
    numbers = isinstance(given, Iterable) and not isinstance(given, str | bytes)
    if numbers or isinstance(given, np.random.Generator | np.random.BitGenerator | np.random.SeedSequence):
        try:
            return int(np.random.default_rng(given).integers(_SEEDS))
        except (TypeError, ValueError):
            pass
    raise UserError(f"Invalid value for seed: {given!r}. Use a whole number from 0, or a generator of numpy")


def _plan_of(plan: Plan | None, seed: int | None, options: dict[str, Any]) -> Plan:
    """The plan of one scenario."""
    if plan is None:
        number = int(np.random.default_rng().integers(_SEEDS)) if seed is None else seed
        return _of_one_scenario(_composed({**options, "seed": number}), None)
    if not isinstance(plan, Plan):
        raise UserError(f"plan is {plan!r}; give a plan as sim.plan(…) makes it, or settings by name, as in firm='one'")
    scenario = options.pop("scenario", None)
    if options:
        raise UserError(f"give a plan or settings, not both: {', '.join(options)} would not be used")
    chosen = _of_one_scenario(plan, scenario)
    return chosen if seed is None else replace(chosen, seed=seed)


def _of_one_scenario(plan: Plan, name: str | None) -> Plan:
    names = [scenario.name for scenario in plan.scenarios]
    if name is None and len(names) > 2:
        raise UserError(
            f"the plan has {len(names)} scenarios and a model simulates one; name it, as in "
            f"HybridWorkModel(plan, scenario='{names[-1]}')"
        )
    if name is not None and name not in names:
        raise UserError(unknown("scenario", name, names))
    return replace(plan, scenarios=(plan.scenarios[-1 if name is None else names.index(name)],))


def _composed(options: dict[str, Any]) -> Plan:
    """The plan that the configuration makes of these options; without a scenario or lever, the practice of 2022."""
    from sim.config.plan_builder import plan, setting_of

    names = {setting_of(option): option for option in options}
    _check_used(names, options)
    if not any(name.split(".")[0] in (*FAMILIES, "scenario") for name in names):
        options = {"scenario": BASELINE.name, **options}
    return plan(**options)


def _check_used(names: dict[str, str], options: dict[str, Any]) -> None:
    """Raise UserError for settings that one run does not use."""
    of_firm = [field.name for field in fields(FirmOptions)]
    for name, option in names.items():
        if name in _OF_STUDIES:
            _refuse(f"a model is one run and does not use '{option}'", "leave it out, or compare runs with sim.plans")
        if name == "scenarios":
            _refuse("a model simulates one scenario", "write scenario=… in place of scenarios=[…]")
        if name in ("fit", "draws") and options[option] == "posterior":
            _refuse(
                "a model made from settings has the point estimate of its parameters",
                "for a posterior draw give it one of the plans of sim.plans(fit='posterior')",
            )
        if name in of_firm:
            raise UserError(f"Unknown setting: {option}. Did you mean 'firm__{option}'?")
