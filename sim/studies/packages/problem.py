"""Problem of the search for packages: budget, measures to choose from, and the scenarios to compare with.

A package introduces measures at every employer and removes none. Legal duties are in every package, and in the scenario
that packages are compared with.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pydantic import Field

from sim.config import study_settings
from sim.config.settings import StudySettings
from sim.engine.plan import BASELINE, Plan, check_memory
from sim.errors import UserError, invalid
from sim.experiments import designs
from sim.experiments.factors import DesignContext
from sim.experiments.sweep import design_of, local_workers
from sim.levers.measure import Measure
from sim.levers.scenario import Introduction, Scenario
from sim.outcomes.definitions import BURN_OUT, ISOLATION
from sim.runs.identity import Identifier, digest
from sim.studies.packages.costs import Costs, costs_of
from sim.studies.packages.pareto import Package, Space

if TYPE_CHECKING:
    from omegaconf import DictConfig

GOALS = (BURN_OUT, ISOLATION)
"""Outcomes that a package should lower, besides its cost."""
DUTIES = "duties"
"""Today's practice with all legal duties carried out, which packages are compared with."""
METHODS = ("posterior", "draws")
"""Designs whose rows all count the same."""
NEW_REPLICATES, DRAW_REPLICATES = 100_000, 200_000
"""First replicate of the new pairs, and of the draws; the search uses replicates from 0."""
_ROUNDING = 1e-9


class Smallest(StudySettings):
    """Smallest relevant differences."""

    burn_out_complaints: float = Field(gt=0)
    isolation_from_colleagues: float = Field(gt=0)
    cost: float = Field(gt=0)


class Settings(StudySettings):
    """Settings below `search`; `conf/study/packages.yaml` explains them. Euros are per employee and year."""

    budget: float = Field(ge=0)
    hourly_cost: float = Field(ge=0)
    costs: str | None
    measures: list[str] | None
    smallest: Smallest
    population: int = Field(ge=2)
    generations: int = Field(ge=1)
    candidates: int = Field(ge=1)
    pairs: int = Field(ge=2)
    seed: int = Field(ge=0)

    @property
    def tolerances(self) -> tuple[float, ...]:
        """Return the smallest relevant differences, by goal and cost."""
        return tuple(self.smallest.model_dump()[name] for name in (*GOALS, "cost"))


@dataclass(frozen=True)
class Problem:
    """The problem of the search.

    The plan of `context` has two scenarios: the one that packages are compared with, and today's practice. `duties` are
    in every package. The search simulates `replicates` pairs of runs of a package. `draws` are the values of all
    factors by draw, from a design of this `method` (posterior or draws).
    """

    context: DesignContext
    settings: Settings
    costs: Costs
    duties: Package
    space: Space
    replicates: int
    draws: Sequence[Mapping[str, Any]]
    method: str

    @property
    def reference(self) -> str:
        """Return the name of the scenario that packages are compared with."""
        return self.context.plan.scenarios[0].name

    @property
    def identifier(self) -> str:
        """Return a hash of everything on which runs depend, except their packages."""
        first = self.draws[0]
        return digest([Identifier()(self.context.plan), sorted(self.duties), sorted(first), first])

    @property
    def folder_key(self) -> list[Any]:
        """Return the settings that name the folder, without the length of the search and its re-evaluation."""
        settings = self.settings
        costs = self.costs.table.drop(columns=["source", "note"]).to_dict("index")
        return [
            self.identifier, self.replicates, costs, settings.budget, settings.hourly_cost, list(self.space.measures),
            settings.smallest.model_dump(), settings.population, settings.seed,
        ]  # fmt: skip

    def plan(self, replicate: int, packages: Iterable[Package]) -> Plan:
        """Return the plan of a replicate: the scenarios to compare with, and one scenario per package."""
        draw = self.draws[replicate - DRAW_REPLICATES] if replicate >= DRAW_REPLICATES else {}
        plan = self.context.at(draw, replicate)
        scenarios = (introduction(name_of(package), package | self.duties) for package in packages)
        return replace(plan, scenarios=(*plan.scenarios, *scenarios))


def introduction(name: str, package: Package, kind: str = "policy") -> Scenario:
    """Return a scenario that introduces measures at every employer from the first week, and removes none."""
    return Scenario(name, kind, tuple(Introduction(measure) for measure in sorted(package)))


def name_of(package: Package) -> str:
    """Return the name of a package, which is also that of its scenario."""
    return "+".join(sorted(package))


# -- from the configuration -------------------------------------------------------------------------------------------


def problem_of(cfg: DictConfig, settings: Settings) -> Problem:
    """Return the problem of a composed configuration; raise UserError for conflicting settings."""
    context = DesignContext(cfg)
    if len(context.plan.scenarios) > 1:
        raise UserError(
            f"Invalid scenario: {context.plan.scenarios[1].name}. The search makes the packages: to restrict their "
            "measures, use search.measures, as in search.measures=[quiet_evenings,breaks]."
        )
    measures = context.plan.measures
    duties = frozenset(measure.name for measure in measures if measure.legal == "duty")
    costs = costs_of(measures, settings.hourly_cost, settings.costs)
    limit = settings.budget + _ROUNDING
    space = Space(_choice(settings.measures, measures), lambda package: costs.all_in(package) <= limit)
    _check_affordable(space, costs, settings.budget)
    if duties:
        scenarios = (introduction(DUTIES, duties, "baseline"), BASELINE)
        context.plan = replace(context.plan, scenarios=scenarios)
    worlds = max(settings.population, settings.candidates) + len(context.plan.scenarios)
    check_memory(context.plan, worlds, local_workers(cfg))
    replicates, draws = study_settings.settings_of(cfg).replicates, _draws(cfg, context, space)
    return Problem(context, settings, costs, duties, space, replicates, draws, cfg.design.method)


def _choice(names: Sequence[str] | None, measures: Sequence[Measure]) -> tuple[str, ...]:
    """Return the measures to choose from, sorted by name."""
    free = [measure.name for measure in measures if measure.legal != "duty"]
    if names is None:
        return tuple(sorted(free))
    if not names:
        raise UserError(invalid("search.measures", [], "one or more measures, or null"))
    for name in names:
        if name not in free:
            is_duty = any(measure.name == name for measure in measures)
            reason = "It is a legal duty, which is in every package." if is_duty else ""
            raise UserError(invalid("search.measures", name, free, reason))
    return tuple(sorted(set(names)))


def _check_affordable(space: Space, costs: Costs, budget: float) -> None:
    if not any(space.affordable(frozenset({name})) for name in space.measures):
        cheapest = min(space.measures, key=lambda name: costs.all_in({name}))
        accepted = f"{costs.all_in({cheapest}):.2f} euros per employee and year or more, the cost of {cheapest}"
        raise UserError(invalid("search.budget", f"{budget:g}", accepted))


def _draws(cfg: DictConfig, context: DesignContext, space: Space) -> list[dict[str, Any]]:
    """Return the values of each draw, with amounts of all measures that may be in a package among the factors."""
    settings = design_of(cfg)
    if settings.method not in METHODS:
        raise UserError(invalid("design", settings.method, METHODS, "Packages are re-evaluated in draws."))
    designs.require_own_chance(settings, "packages")
    if settings.n < 2:
        raise UserError(invalid("design.n", settings.n, "2 or more"))
    plan = context.plan
    with_all = replace(plan, scenarios=(*plan.scenarios, introduction("all", frozenset(space.measures))))
    factors = designs.factors_of(settings, with_all, context.fixed)
    for factor in factors:
        if not factor.name.startswith(("mechanisms.", "measures.", "survey.")):
            raise UserError(
                f"Invalid factor in design.factors: {factor.name}. Draws may differ in numbers only, as in "
                "design.factors=[amounts,assumed]."
            )
    design = designs.make(settings, factors)
    designs.check_not_named(design, context.explicit | context.fixed)
    return design.rows()
