"""The study of 2022, repeated many times in the model, each time in another world.

`repeated_surveys.py` simulates one study and `sample_coverage.py` interviews more employees of large establishments.
`tables.py` and `facts.py` analyse the results, and `report.md.j2` is the page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from operator import call
from typing import TYPE_CHECKING, Any

from sim.config import plan_builder, study_settings
from sim.engine.plan import BASELINE, Plan, check_memory
from sim.errors import UserError, invalid
from sim.runs.worker_pool import WorkerPool, map_ordered
from sim.studies.base import Study, require_at_least, require_establishments
from sim.studies.inspection.facts import facts
from sim.studies.inspection.repeated_surveys import FULLY_ON_SITE, simulate_study
from sim.studies.inspection.results import Results, Settings
from sim.studies.inspection.sample_coverage import simulate_sampling

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from omegaconf import DictConfig

_MIN_STUDIES = 2
_BYTES_OF_STUDY, _BYTES_OF_PERSON = 50_000, 710
"""Memory for the results of a simulated study, and of a person in a world of large establishments."""


class InspectionStudy(Study[Settings, Results]):
    """Findings of a study like that of 2022, and the number of employees that an inspector must interview."""

    name = "inspection"
    settings_type = Settings

    def plans(self, cfg: DictConfig, settings: Settings) -> list[Plan]:
        """Return one plan per simulated study."""
        plans = plan_builder.build_plans(cfg)
        first = plans[0]
        require_establishments(first)
        others = [one.name for one in first.scenarios if one.name not in (BASELINE.name, FULLY_ON_SITE)]
        if others:
            accepted = f"[baseline,{FULLY_ON_SITE}], or change parameters, as in mechanisms.cascade.carried_out=0.8"
            reason = "An inspection visits the practice of 2022."
            raise UserError(invalid("scenarios", others[0], accepted, reason))
        require_at_least("replicates", len(plans), _MIN_STUDIES)
        large = _large(plans, settings)
        memory = len(plans) * _BYTES_OF_STUDY + sum(plan.firm.people for plan in large) * _BYTES_OF_PERSON
        for plan in (first, large[0]):
            check_memory(plan, 2, study_settings.processes_of(cfg), memory)
        return plans

    def run(self, plans: Sequence[Plan], settings: Settings, pool: WorkerPool) -> Results:
        """Simulate a study of every plan, and worlds of large establishments.

        Plans may differ in anything. Each needs the scenario `fully_on_site` unless `settings.weeks_on_site` is 0.
        """
        tasks: list[Callable[[], Any]] = [
            *(partial(simulate_study, plan, settings.weeks_on_site, settings.permutations) for plan in plans),
            *(partial(simulate_sampling, plan, settings.employees) for plan in _large(plans, settings)),
        ]
        results = map_ordered(call, tasks, pool, self.name)
        first, *others = plans
        vary = any(plan.parameters != first.parameters or plan.measures != first.measures for plan in others)
        return Results(first, settings, vary, results[: len(plans)], results[len(plans) :])

    def about(self, results: Results) -> dict[str, Any]:
        """Return the number of simulated studies, and whether their parameters differ."""
        return {"replicates": len(results.studies), "parameters_vary": results.parameters_vary}

    def facts(self, results: Results) -> dict[str, Any]:
        """Return the values of `report.md.j2`."""
        return facts(results)

    def figures(self, results: Results, footer: str) -> Iterable[tuple[str, Figure]]:
        """Yield the figure of all tables."""
        from sim.plotting.figures import inspection

        footer = f"{len(results.studies):,} simulated studies · {footer}"
        yield self.name, inspection.draw(results.tables, footer)


def _large(plans: Sequence[Plan], settings: Settings) -> list[Plan]:
    """The first plans with larger samples of their establishments."""
    return [
        replace(plan, firm=replace(plan.firm, sample=settings.reach_sample), scenarios=(BASELINE,))
        for plan in plans[: settings.reach_worlds]
    ]


main = InspectionStudy().main
