"""Find how many replicates the smallest effect of interest needs, and simulate as many.

`precision.py` has the procedure, `tables.py` the results, and `report.md.j2` is the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from sim.engine.plan import BASELINE, Plan, check_memory
from sim.errors import UserError, invalid, unknown
from sim.experiments import results as stored
from sim.experiments.designs import Design
from sim.experiments.factors import DesignContext
from sim.experiments.sweep import Sweep, local_workers, named_folder, run_sweep, storage_of
from sim.outcomes.definitions import OUTCOMES
from sim.runs.identity import Identifier
from sim.runs.worker_pool import WorkerPool
from sim.studies.base import KeptFolderStudy
from sim.studies.replicates.precision import FEWEST, Pairs, Precision, sufficient_pairs
from sim.studies.replicates.tables import findings, running_means, summary

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from omegaconf import DictConfig


@dataclass(frozen=True)
class Problem:
    """The compared plan, the precision, and whether failed runs are repeated."""

    context: DesignContext
    settings: Precision
    retry: bool = False


@dataclass(frozen=True)
class Results:
    """The pairs of every policy and outcome, and the number of further replicates that failed."""

    problem: Problem
    pairs: Sequence[Pairs]
    failed: int


class ReplicatesStudy(KeptFolderStudy[Precision, Problem, Results]):
    """Number of replicates that the smallest effect of interest needs."""

    name = "replicates"
    group = "precision"
    kind = "runs"
    settings_type = Precision

    def settings(self, cfg: DictConfig) -> Precision:
        """Return the settings; raise UserError for unknown outcomes, none, and a pilot above the maximum."""
        settings = super().settings(cfg)
        for name in settings.sizes:
            if name not in OUTCOMES:
                raise UserError(unknown("setting", f"precision.smallest.{name}", OUTCOMES))
        if not settings.sizes:
            raise UserError(
                "precision.smallest is empty. Set an outcome, as in precision.smallest.burn_out_complaints=1."
            )
        if settings.pilot > settings.most:
            accepted = f"{FEWEST} to {settings.most}, which is precision.most"
            raise UserError(invalid("precision.pilot", settings.pilot, accepted))
        return settings

    def problem(self, cfg: DictConfig, settings: Precision) -> Problem:
        """Return the problem to simulate; raise UserError without a policy, or for too little memory."""
        context = DesignContext(cfg)
        if len(context.plan.scenarios) < 2:
            raise UserError(invalid("scenarios", "[baseline]", "a policy too, as in scenario=anchor_days"))
        check_memory(context.plan, len(context.plan.scenarios), local_workers(cfg))
        return Problem(context, settings, storage_of(cfg).retry)

    def plan(self, problem: Problem) -> Plan:
        """Return the plan of the first replicate."""
        return problem.context.plan

    def folder(self, cfg: DictConfig, problem: Problem) -> Path:
        """Return the folder named after the comparison; a smaller effect of interest continues in the same folder."""
        return named_folder(cfg, self.name, Identifier()(problem.context.plan)[:8])

    def run(self, problem: Problem, folder: Path, pool: WorkerPool) -> Results:
        """Run the pilot, and then the further pairs that it shows to be needed.

        Runs in the folder are not repeated, and those beyond the number needed are ignored. Raises UserError where so
        many runs fail that there is no spread.
        """
        settings = problem.settings
        pilot = _run(problem, folder, pool, settings.pilot, problem.retry)
        count = sufficient_pairs(pairs_of(pilot, problem, settings.pilot), settings)
        pairs = pairs_of(_run(problem, folder, pool, count), problem, count)
        return Results(problem, pairs, count - min(len(own.differences) for own in pairs))

    def about(self, results: Results) -> None:
        """Return nothing, since the record of the runs writes about.json."""

    def tables(self, results: Results) -> dict[str, pd.DataFrame]:
        """Return the findings and the running means."""
        settings = results.problem.settings
        return {self.name: findings(results.pairs, settings), "running": running_means(results.pairs, settings)}

    def facts(self, results: Results) -> dict[str, Any]:
        """Return the values of `report.md.j2`."""
        settings, sizes = results.problem.settings, results.problem.settings.sizes
        return {
            "weeks": results.problem.context.plan.weeks,
            "pilot": settings.pilot,
            "most": settings.most,
            "failed": results.failed,
            "smallest": [{"outcome": name, "size": size, "unit": OUTCOMES[name].unit} for name, size in sizes.items()],
            **summary(findings(results.pairs, settings)),
        }

    def figures(self, results: Results, footer: str) -> Iterable[tuple[str, Figure]]:
        """Yield the figure of running means."""
        from sim.plotting.figures import replicates

        yield self.name, replicates.draw(running_means(results.pairs, results.problem.settings), footer=footer)


def _run(problem: Problem, folder: Path, pool: WorkerPool, count: int, retry: bool = False) -> stored.Results:
    """Run replicates that the folder lacks; it keeps those with which it was begun."""
    before = stored.Results(folder)
    with suppress(UserError):  # run_sweep reports and repairs a record that does not state its runs
        count = max(count, len(before.runs) if before.exists else 0)
    sweep = Sweep(problem.context, Design("replicates", (), pd.DataFrame(index=range(1))), count)  # nothing varies
    return run_sweep(sweep, folder, pool, retry=retry, about={"precision": problem.settings.model_dump()})


def pairs_of(results: stored.Results, problem: Problem, count: int) -> list[Pairs]:
    """Return the pairs of every policy and outcome among the first `count` replicates, without those that failed."""
    settings = problem.settings
    levels = results.levels(tuple(settings.sizes))
    levels = levels[levels["replicate"] < count]
    pairs = []
    for outcome in settings.sizes:
        wide = levels.pivot(index="replicate", columns="scenario", values=outcome).astype(float)
        for scenario in problem.context.plan.scenarios[1:]:
            own = wide.reindex(columns=[scenario.name, BASELINE.name]).dropna()
            pilot = int((own.index < settings.pilot).sum())
            if pilot < FEWEST:
                raise UserError(
                    f"Too few pairs of the pilot have {outcome}: {pilot}. A spread needs {FEWEST}; "
                    f"`hybridwork results {results.folder}` says what failed."
                )
            with_policy, as_usual = own.to_numpy().T
            pairs.append(Pairs(scenario.name, scenario.kind, outcome, with_policy, as_usual, pilot))
    return pairs


main = ReplicatesStudy().main
