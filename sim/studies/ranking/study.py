"""Compare policies across draws: how often each does better, conditions that reverse this, and harm to groups.

Each draw has its own parameters, people and random numbers, and simulates all policies. `statistics.py` counts draws,
`decision_rules.py` searches for conditions, `tables.py` makes the tables and `facts.py` the values of `report.md.j2`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.engine.plan import Plan
from sim.errors import UserError, invalid
from sim.experiments import designs
from sim.experiments.sweep import StorageSettings, Sweep, design_of, folder_of, run_sweep, storage_of, sweep_of
from sim.levers.measure import FAMILIES
from sim.runs.worker_pool import WorkerPool
from sim.studies.base import KeptFolderStudy
from sim.studies.ranking import facts
from sim.studies.ranking.statistics import BURN_OUT
from sim.studies.ranking.tables import Ranking, Settings, rank

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from omegaconf import DictConfig

METHODS = ("posterior", "draws", "latin_hypercube", "file")
"""Designs whose rows have equal weight; shares of the rows of other designs have no meaning."""
_FACTORS_OF_POLICIES = (*FAMILIES, "scenario", "scenarios", "dose", "strength")


@dataclass(frozen=True)
class Problem:
    """The sweep of draws and the settings; `part`, `batch` and `retry` are options of the sweep."""

    sweep: Sweep
    settings: Settings
    storage: StorageSettings


class RankingStudy(KeptFolderStudy[Settings, Problem, Ranking]):
    """Study that counts the plausible draws in which each policy does better."""

    name = "robust_ranking"
    group = "ranking"
    settings_type = Settings

    def problem(self, cfg: DictConfig, settings: Settings) -> Problem:
        return Problem(draws_sweep(cfg), settings, storage_of(cfg))

    def plan(self, problem: Problem) -> Plan:
        return problem.sweep.context.plan

    def folder(self, cfg: DictConfig, problem: Problem) -> Path:
        """Return the folder; its name does not depend on the number of draws or on `ranking`."""
        return folder_of(cfg, self.name, "own chance", problem.sweep.replicates)

    def run(self, problem: Problem, folder: Path, pool: WorkerPool) -> Ranking:
        """Simulate the draws that are missing, and compare the policies."""
        storage, part = problem.storage, (problem.storage.part, problem.storage.parts)
        results = run_sweep(problem.sweep, folder / "runs", pool, part, storage.batch, storage.retry)
        if not results.any_done:
            raise UserError(f"No run was completed: {next(filter(None, results.states['error']), 'all are missing')}")
        return rank(results, problem.sweep.context.plan, problem.settings)

    def about(self, results: Ranking) -> dict[str, Any]:
        """Return the numbers of draws: in the design, simulated and plausible."""
        worlds = results.tables["worlds"]
        plausible = int(worlds["plausible"].sum())
        return {"draws": len(results.sweep.design), "simulated": len(worlds), "plausible": plausible}

    def facts(self, results: Ranking) -> dict[str, Any]:
        return facts.facts(results)

    def figures(self, results: Ranking, footer: str) -> Iterable[tuple[str, Figure]]:
        """Yield the figures of the plausible draws, if there are any."""
        from sim.plotting.figures import robust_ranking

        simulated, plausible = (len(rows) for rows in (results.tables["worlds"], results.effects[BURN_OUT]))
        footer = f"{plausible:,} plausible draws of {simulated:,} · {footer}"
        if plausible:
            today, pairs = (results.plausible(name) for name in ("against_today", "pairs"))
            yield "dots", robust_ranking.draw_dots(today, footer)
            yield "effects_over_worlds", robust_ranking.draw_effects(results.effects, results.settings.margins, footer)
            if not pairs.empty:
                yield "pairs", robust_ranking.draw_pairs(pairs, footer)


def draws_sweep(cfg: DictConfig) -> Sweep:
    """Return the sweep of a composed configuration; raise UserError where shares of its rows would mean nothing."""
    if cfg.design.method not in METHODS:
        raise UserError(invalid("design.method", cfg.design.method, METHODS, "All rows must count the same."))
    designs.require_own_chance(design_of(cfg), "robust_ranking")
    sweep = sweep_of(cfg)
    policies = sweep.context.plan.scenarios[1:]
    if not policies:
        raise UserError("Missing policy: scenarios has only the baseline. Add one or more, as in scenarios=[...].")
    for scenario in policies:
        if scenario.kind != "policy":
            raise UserError(
                f"Invalid scenario: {scenario.name}. It is a what-if scenario, not an option: use policies only."
            )
    for name in map(str, sweep.design.table.columns):
        if name.split(".")[0] in _FACTORS_OF_POLICIES:
            raise UserError(
                f"Invalid factor: {name}. It would change the policies between draws: name policies in scenarios."
            )
    return sweep


main = RankingStudy().main
