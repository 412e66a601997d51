"""What is asked of a search for packages: the budget, the measures to choose from, and what packages are compared with.

A package introduces measures at every employer and takes nothing away: what exists keeps going. Legal duties are in
every package, and in what packages are compared with.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sim.config import study_settings
from sim.engine.plan import BASELINE, Plan, check_memory
from sim.errors import UserError, as_written, instead, is_number
from sim.experiments import designs
from sim.experiments.factors import DesignContext
from sim.experiments.sweep import ground_of, local_workers
from sim.levers.measure import Measure
from sim.levers.scenario import Introduction, Scenario
from sim.runs.identity import Identifier, digest
from sim.studies.packages.costs import Costs, costs_of
from sim.studies.packages.pareto import Package, Space

if TYPE_CHECKING:
    from omegaconf import DictConfig

GOALS = ("burn_out_complaints", "isolation_from_colleagues")
"""What a package is to lower, beside its cost."""
COST = "cost"
DUTIES = "duties"
"""Today's practice with all legal duties carried out, which the packages are compared with."""
DRAWN_BY = ("posterior", "draws")
"""Designs whose rows are draws alike."""
FRESH, DRAWN = 100_000, 200_000
"""Replicates from which on people and chance are those of fresh pairs, and of draws; the search has the first ones."""
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Search:
    """What `conf/study/packages.yaml` may say under `search`; euros are per employee and year."""

    budget: Any
    hourly_cost: Any
    costs: str | None
    measures: Any
    smallest: dict[str, Any]
    population: int
    generations: int
    candidates: int
    pairs: int
    seed: int

    @property
    def steps(self) -> tuple[float, ...]:
        """The smallest differences that matter, by goal and cost."""
        return tuple(float(self.smallest[name]) for name in (*GOALS, COST))


@dataclass(frozen=True)
class Question:
    """All that is asked.

    ground      what is lived; the scenarios of its plan are what packages are compared with, and today's practice
    duties      the measures that are in every package
    replicates  pairs of histories of every package that the search tries
    draws       by draw, the value of every factor that is drawn
    drawn_by    the method of the design: from the posterior, or from ranges
    """

    ground: DesignContext
    search: Search
    costs: Costs
    duties: Package
    space: Space
    replicates: int
    draws: Sequence[Mapping[str, Any]]
    drawn_by: str

    @property
    def compared_with(self) -> str:
        """The scenario that packages are compared with."""
        return self.ground.plan.scenarios[0].name

    @property
    def lives(self) -> str:
        """A name for all that the worlds lived depend on, beside their packages."""
        first = self.draws[0]
        return digest([Identifier()(self.ground.plan), sorted(self.duties), sorted(first), first])

    @property
    def asks(self) -> list[Any]:
        """All that belongs to the question; how long to search, and how many to live again, do not."""
        asked = self.search
        costs = self.costs.table.drop(columns=["source", "note"]).to_dict("index")
        return [
            self.lives, self.replicates, costs, asked.budget, asked.hourly_cost, list(self.space.measures),
            asked.smallest, asked.population, asked.seed,
        ]  # fmt: skip

    def plan(self, number: int, packages: Sequence[Package]) -> Plan:
        """These packages beside what they are compared with, as lived in replicate `number`."""
        plan = self.ground.at(self.draws[number - DRAWN] if number >= DRAWN else {}, number)
        return replace(plan, scenarios=(*plan.scenarios, *(self.scenario(package) for package in packages)))

    def scenario(self, package: Package) -> Scenario:
        """The duties and the package, introduced everywhere from the first week."""
        return introducing(named(package), package | self.duties)


def introducing(name: str, package: Package, kind: str = "policy") -> Scenario:
    """A scenario that introduces these measures at every employer, and takes nothing away."""
    return Scenario(name, kind, tuple(Introduction(measure) for measure in sorted(package)))


def named(package: Package) -> str:
    """What the scenario of a package is called."""
    return "+".join(sorted(package))


# -- what is asked ----------------------------------------------------------------------------------------------------


def question_of(cfg: DictConfig) -> Question:
    """What a composed configuration asks for; raises UserError for whatever is wrong with it."""
    ground = ground_of(cfg)
    if len(ground.plan.scenarios) > 1:
        raise UserError(
            f"packages are made by the search, and {ground.plan.scenarios[1].name} is none; to choose from fewer "
            "measures, name them, as in search.measures=[quiet_evenings,breaks]"
        )
    asked = search_of(cfg)
    measures = ground.plan.measures
    duties = frozenset(measure.name for measure in measures if measure.legal == "duty")
    costs = costs_of(measures, float(asked.hourly_cost), asked.costs)
    space = Space(_choice(asked.measures, measures), lambda package: costs.all_in(package) <= asked.budget + _ROUNDING)
    _check_affordable(space, costs, asked.budget)
    if duties:
        ground.plan = replace(ground.plan, scenarios=(introducing(DUTIES, duties, "baseline"), BASELINE))
    worlds = max(asked.population, asked.candidates) + len(ground.plan.scenarios)
    check_memory(ground.plan, worlds, local_workers(cfg))
    draws = _draws(cfg, ground, space)
    return Question(
        ground, asked, costs, duties, space, study_settings.settings_of(cfg).replicates, draws, cfg.design.method
    )


def search_of(cfg: DictConfig) -> Search:
    """The settings of the search; raises UserError for what cannot be."""
    asked: Search = study_settings.read_dataclass("search", Search, cfg.search)
    for name in ("budget", "hourly_cost"):
        number = getattr(asked, name)
        if not is_number(number) or not 0 <= number < math.inf:
            raise UserError(f"search.{name} is {as_written(number)}; a number of euros from 0 on is right")
    for name in asked.smallest:
        if name not in (*GOALS, COST):
            raise UserError(f"Unknown setting: search.smallest.{name}. {instead(name, (*GOALS, COST))}")
    for name in (*GOALS, COST):
        size: Any = asked.smallest.get(name)
        if not is_number(size) or not 0 < size < math.inf:
            raise UserError(f"search.smallest.{name} is {as_written(size)}; a number above 0 is right")
    for name, fewest in (("population", 2), ("generations", 1), ("candidates", 1), ("pairs", 2), ("seed", 0)):
        if getattr(asked, name) < fewest:
            raise UserError(f"search.{name} is {getattr(asked, name)}; a whole number from {fewest} on is right")
    return asked


def _choice(asked: Any, measures: Sequence[Measure]) -> tuple[str, ...]:
    """The measures to choose from, in the order of their names."""
    free = [measure.name for measure in measures if measure.legal != "duty"]
    if asked is None:
        return tuple(sorted(free))
    if isinstance(asked, str) or not isinstance(asked, Sequence) or not asked:
        raise UserError(f"search.measures is {as_written(asked)}; a list is right, as in [quiet_evenings,breaks]")
    for name in asked:
        if name in free:
            continue
        if name in [measure.name for measure in measures]:
            raise UserError(f"search.measures names {name}, a legal duty, which is in every package and not to choose")
        raise UserError(f"Invalid value for search.measures: {name}. {instead(name, free)}")
    return tuple(sorted(set(asked)))


def _check_affordable(space: Space, costs: Costs, budget: float) -> None:
    if not any(space.affordable(frozenset({name})) for name in space.measures):
        cheapest = min(space.measures, key=lambda name: costs.all_in({name}))
        raise UserError(
            f"search.budget is {budget:g} euro per employee and year, and the cheapest measure, {cheapest}, costs "
            f"{costs.all_in({cheapest}):.2f}; at least that is right"
        )


def _draws(cfg: DictConfig, ground: DesignContext, space: Space) -> list[dict[str, Any]]:
    """What is drawn, by draw: the amounts of all measures that may be in a package are among what can be."""
    settings: designs.Settings = study_settings.read_dataclass("design", designs.Settings, cfg.design)
    if settings.method not in DRAWN_BY:
        raise UserError(
            f"design is {settings.method}; packages are lived again in draws, so design=posterior or design=draws is "
            "right"
        )
    designs.require_own_chance(settings, "packages")
    if settings.n < 2:
        raise UserError(f"design.n is {settings.n}; a whole number of draws from 2 on is right")
    plan = ground.plan
    whole = replace(plan, scenarios=(*plan.scenarios, introducing("all", frozenset(space.measures))))
    factors = designs.factors_of(settings, whole, ground.held)
    for factor in factors:
        if not factor.name.startswith(("mechanisms.", "measures.", "survey.")):
            raise UserError(
                f"design.factors names {factor.name}, which makes other worlds; the packages of a draw differ from "
                "others in numbers alone, as in design.factors=[amounts,assumed]"
            )
    design = designs.make(settings, factors)
    designs.check_not_named(design, ground.named | ground.held)
    return design.rows()
