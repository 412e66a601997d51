"""The pattern table: published findings that the model and its rivals meet.

`rivals.py` and `evidence.py` simulate worlds, `scoring.py` evaluates them, and `report.md.j2` is the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import Field

from sim.config import plan_builder, study_settings
from sim.config.settings import StudySettings
from sim.describe.parameters import patterns_in_mind
from sim.engine.plan import BASELINE, Plan, check_memory, registry_of
from sim.errors import UserError, invalid
from sim.outcomes.patterns import LABELS, built_in
from sim.runs.worker_pool import WorkerPool, map_ordered
from sim.studies.base import Study, require_establishments
from sim.studies.patterns import tables
from sim.studies.patterns.criteria import criteria
from sim.studies.patterns.evidence import Statistics
from sim.studies.patterns.experiments import SCENARIOS
from sim.studies.patterns.rivals import MODELS
from sim.studies.patterns.scoring import PatternTable

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from omegaconf import DictConfig

BYTES_OF_STATISTICS = 120_000
"""Memory for the statistics of one world."""


class Settings(StudySettings):
    """Settings below `patterns`; `conf/study/patterns.yaml` explains them."""

    visits: int = Field(ge=1, le=100)
    groups: int = Field(ge=2)
    docs: str | None


def simulate(world: tuple[str, Plan], visits: int) -> Statistics:
    """Return the statistics of one world of the model or a rival, from this number of simulated studies."""
    model, plan = world
    return MODELS[model].statistics(plan, visits)


@dataclass(frozen=True)
class Results:
    """The plan of the first world, numbers of worlds and visits, the evaluated worlds, and data frames by name."""

    plan: Plan
    worlds: int
    visits: int
    table: PatternTable
    frames: Mapping[str, pd.DataFrame]


class PatternStudy(Study[Settings, Results]):
    """Study of the patterns that the equations meet together, and of those that simpler models meet as well."""

    name = "patterns"
    settings_type = Settings

    def plans(self, cfg: DictConfig, settings: Settings) -> list[Plan]:
        """Return one plan per world; the experiments add their own scenarios."""
        first, count = plan_builder.build_plan(cfg), study_settings.settings_of(cfg).replicates
        if count < 2 * settings.groups:
            accepted = f"{2 * settings.groups} or more: two worlds for each of the {settings.groups} groups"
            raise UserError(invalid("replicates", count, accepted))
        require_establishments(first)
        others = [scenario.name for scenario in first.scenarios if scenario.name != BASELINE.name]
        if others:
            raise UserError(invalid("scenarios", others[0], "[baseline]: the experiments add their own scenarios"))
        check_memory(first, len(SCENARIOS), study_settings.processes_of(cfg), len(MODELS) * count * BYTES_OF_STATISTICS)
        return [replace(first, replicate=number) for number in range(count)]

    def run(self, plans: Sequence[Plan], settings: Settings, pool: WorkerPool) -> Results:
        """Simulate the worlds of the model and of every rival, and evaluate them."""
        tasks = [(model, plan) for model in MODELS for plan in plans]
        statistics = map_ordered(partial(simulate, visits=settings.visits), tasks, pool, self.name)
        worlds: dict[str, list[Statistics]] = {model: [] for model in MODELS}
        for (model, _), own in zip(tasks, statistics, strict=True):
            worlds[model].append(own)
        never_fail = built_in(registry_of(plans[0]))
        table = PatternTable(criteria(), worlds, patterns_in_mind(), settings.groups, never_fail)
        return Results(plans[0], len(plans), settings.visits, table, tables.frames(table))

    def about(self, results: Results) -> dict[str, Any]:
        """Return the number of worlds."""
        return {"worlds": results.worlds}

    def tables(self, results: Results) -> Mapping[str, pd.DataFrame]:
        """Return patterns, criteria, scores, leads over rivals, and the statistics of worlds."""
        return results.frames

    def facts(self, results: Results) -> dict[str, Any]:
        return {
            "worlds": results.worlds,
            "establishments": results.plan.firm.establishments,
            "sample": results.plan.firm.sample,
            "visits": results.visits,
            **tables.summary(results.table, results.frames["rows"]),
        }

    def figures(self, results: Results, footer: str) -> Iterable[tuple[str, Figure]]:
        """Yield the figure of patterns by model."""
        from sim.plotting.figures import patterns

        models = {name: model.label for name, model in MODELS.items()}
        footer = f"{results.worlds} worlds each · {footer}"
        yield self.name, patterns.draw(results.frames["rows"], models, LABELS, footer)


main = PatternStudy().main
