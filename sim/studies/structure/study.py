"""Switch every loop and disputed path of the model off or on, one at a time, with the same people and random numbers.

`worlds.py` simulates a world with one switch changed, `tables.py` compares it with the default model, and
`report.md.j2` is the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import Field

from sim.config import plan_builder, study_settings
from sim.config.settings import StudySettings
from sim.engine.plan import Plan, check_memory
from sim.errors import UserError
from sim.outcomes.patterns import LABELS
from sim.reporting.labels import label_of
from sim.runs.worker_pool import WorkerPool, map_ordered
from sim.studies.base import Study, require_at_least, require_establishments
from sim.studies.patterns.criteria import criteria
from sim.studies.patterns.experiments import SCENARIOS
from sim.studies.patterns.study import BYTES_OF_STATISTICS
from sim.studies.structure import tables
from sim.studies.structure.worlds import AVERAGED_WEEKS, DEFAULT, simulate, switches

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from omegaconf import DictConfig

_MIN_WORLDS = 2


class Settings(StudySettings):
    """Settings below `structure`; `conf/study/structure.yaml` explains them."""

    visits: int = Field(ge=1, le=100)
    docs: str | None


@dataclass(frozen=True)
class Results:
    """The plan of the first world, numbers of worlds and visits, and the two tables of `tables.py`."""

    plan: Plan
    worlds: int
    visits: int
    verdicts: pd.DataFrame
    effects: pd.DataFrame


class StructureStudy(Study[Settings, Results]):
    """Study of the patterns, and of the effects of a policy, that depend on each loop."""

    name = "structure"
    settings_type = Settings

    def plans(self, cfg: DictConfig, settings: Settings) -> list[Plan]:
        """Return one plan per world, each with the baseline and one policy."""
        plans = plan_builder.build_plans(cfg)
        first = plans[0]
        require_establishments(first)
        if len(first.scenarios) != 2:
            raise UserError(f"Invalid number of scenarios: {len(first.scenarios)}. Use the baseline and one policy.")
        require_at_least("weeks", first.weeks, AVERAGED_WEEKS)
        require_at_least("replicates", len(plans), _MIN_WORLDS)
        statistics = (1 + len(switches(first))) * len(plans) * BYTES_OF_STATISTICS
        check_memory(first, len(SCENARIOS), study_settings.processes_of(cfg), statistics)
        return plans

    def run(self, plans: Sequence[Plan], settings: Settings, pool: WorkerPool) -> Results:
        """Simulate every world unchanged and with every switch changed, and compare them."""
        switched = switches(plans[0])
        tasks = [(switch, plan) for switch in (None, *switched) for plan in plans]
        statistics = map_ordered(partial(simulate, visits=settings.visits), tasks, pool, self.name)
        worlds: dict[str, list[dict[str, float]]] = {}
        for (switch, _), own in zip(tasks, statistics, strict=True):
            worlds.setdefault(switch.full_name if switch else DEFAULT, []).append(own)
        bounds = criteria()
        verdicts = tables.changed_verdicts(bounds, worlds)
        return Results(plans[0], len(plans), settings.visits, verdicts, tables.effects(bounds, worlds, switched))

    def about(self, results: Results) -> dict[str, Any]:
        """Return the number of worlds."""
        return {"worlds": results.worlds}

    def tables(self, results: Results) -> dict[str, pd.DataFrame]:
        """Return the verdicts that change and the effects of every switch."""
        return {"verdicts": results.verdicts, "effects": results.effects}

    def facts(self, results: Results) -> dict[str, Any]:
        return {
            "worlds": results.worlds,
            "establishments": results.plan.firm.establishments,
            "visits": results.visits,
            "weeks": results.plan.weeks,
            "averaged_weeks": AVERAGED_WEEKS,
            "policy": label_of(results.plan.scenarios[1].name).lower(),
            **tables.summary(results.verdicts, results.effects, LABELS),
        }

    def figures(self, results: Results, footer: str) -> Iterable[tuple[str, Figure]]:
        """Yield the figure of verdicts and effects by switch."""
        from sim.plotting.figures import structure

        footer = f"{results.worlds} worlds each, the same people and random numbers · {footer}"
        yield self.name, structure.draw(results.verdicts, results.effects, LABELS, footer)


main = StructureStudy().main
