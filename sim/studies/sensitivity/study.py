"""Sensitivity of levels and effects of policies to assumptions, and effects of doses of policies.

The study has four parts in one folder, each with its own sweeps:

- a Morris screening of all uncertain values;
- Sobol indices of the factors with the largest effects;
- every policy in several doses;
- pairs of policies, with every dose of one beside every dose of the other.

Screening and indices concern the levels under today's practice and the paired effect of each scenario.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import pandas as pd
from pydantic import Field

from sim.config import scenario_choice, study_settings
from sim.config.settings import StudySettings, check
from sim.engine.plan import BASELINE, Plan, check_memory
from sim.errors import UserError, invalid, unknown
from sim.experiments import designs
from sim.experiments import results as stored
from sim.experiments.designs import Design
from sim.experiments.factors import DesignContext, Factor, choose
from sim.experiments.sweep import Sweep, local_workers, named_folder, run_sweep, storage_of
from sim.levers.measure import FAMILIES
from sim.outcomes.definitions import OUTCOMES
from sim.runs.identity import Identifier, digest
from sim.runs.worker_pool import WorkerPool
from sim.studies.base import KeptFolderStudy
from sim.studies.sensitivity import doses, facts
from sim.studies.sensitivity.indices import as_array, leading, screen, sobol_indices

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from omegaconf import DictConfig

SCREENING, INDICES, DOSES, PAIRS = "screening", "indices", "doses", "pairs"
_NOT_IN_FOLDER_NAME = {"outcomes", "trajectories", "n", "keep", "shown"}
"""Settings that leave the study its folder: a larger design extends its runs, and other outcomes use the same runs."""


def _are_doses(steps: list[float]) -> bool:
    return len(set(steps)) == len(steps) >= 2 and 0 in steps and all(0 <= step <= 1 for step in steps)


class Settings(StudySettings):
    """Settings below `sensitivity`; `conf/study/sensitivity.yaml` explains them."""

    outcomes: Annotated[list[str], check(bool, "one outcome or more, as in [burn_out_complaints]")]
    trajectories: int = Field(ge=2)
    levels: Annotated[int, check(lambda levels: levels >= 2 and levels % 2 == 0, "an even number, as in 4")]
    keep: int = Field(ge=1)
    n: Annotated[int, Field(ge=2), check(lambda n: n & (n - 1) == 0, "a power of two, as in 128")]
    seed: int = Field(ge=0)
    policies: list[str] | None
    doses: Annotated[list[float], check(_are_doses, "different numbers from 0 to 1, with 0, as in [0,0.5,1]")]
    pairs: list[Any]
    shown: int = Field(ge=1)
    factors: Annotated[
        Any, check(lambda names: isinstance(names, str | list | dict | None), "a list, as in [assumed,switches]")
    ]


@dataclass(frozen=True)
class Problem:
    """Sweeps to simulate: `screening` has all factors, `others` are sweeps of doses and pairs by folder."""

    settings: Settings
    context: DesignContext
    screening: Sweep
    others: Mapping[str, Sweep]
    batch: int | None
    retry: bool

    def index_sweep(self, names: Sequence[str]) -> Sweep:
        """Return the sweep of the Sobol indices of these factors; all others keep their values."""
        factors = [factor for factor in self.screening.design.factors if factor.name in names]
        design = designs.Settings("sobol", n=self.settings.n, seed=self.settings.seed)
        return Sweep(self.context, designs.make(design, factors))


@dataclass(frozen=True)
class Results:
    """The tables screening, indices, doses and pairs, and the runs of each sweep by folder."""

    problem: Problem
    tables: dict[str, pd.DataFrame]
    sweeps: Mapping[str, stored.Results]

    @cached_property
    def runs(self) -> dict[str, Any]:
        """The numbers behind the tables: people, factors, states of runs, and percentiles over the screening."""
        screening, outcomes = self.sweeps[SCREENING], self.problem.settings.outcomes
        levels = screening.levels(("people", *outcomes))
        baseline = levels[levels["scenario"] == BASELINE.name]
        values = pd.concat([baseline, screening.differences(outcomes)])
        states = {part: results.states["state"].value_counts() for part, results in self.sweeps.items()}
        return {
            "people": round(baseline["people"].median()),
            "factors": len(self.problem.screening.design.factors),
            "shown": self.problem.settings.shown,
            "runs": pd.DataFrame(states).fillna(0).astype(int).to_dict(),
            "spread": {
                scenario: {name: [float(q) for q in np.nanpercentile(own[name], (5, 50, 95))] for name in outcomes}
                for scenario, own in values.groupby("scenario", sort=False)
            },
        }


class SensitivityStudy(KeptFolderStudy[Settings, Problem, Results]):
    """Study of the assumptions that change results, and of doses and pairs of policies."""

    name = "sensitivity"
    settings_type = Settings

    def problem(self, cfg: DictConfig, settings: Settings) -> Problem:
        """Return all sweeps except that of the indices; raise UserError for conflicting settings."""
        context, replicates = DesignContext(cfg), study_settings.settings_of(cfg).replicates
        plan = context.plan
        check_memory(plan, len(plan.scenarios), local_workers(cfg))
        if len(plan.scenarios) < 2:
            raise UserError(invalid("scenarios", "[baseline]", "at least one scenario beside the baseline"))
        for outcome in settings.outcomes:
            if outcome not in OUTCOMES:
                raise UserError(unknown("outcome", outcome, OUTCOMES))
        if replicates < 2:
            raise UserError(invalid("replicates", replicates, "2 or more, for intervals of doses"))
        morris = designs.Settings("morris", n=settings.trajectories, levels=settings.levels, seed=settings.seed)
        screening = Sweep(context, designs.make(morris, _factors(settings.factors, context)))
        designs.check_not_named(screening.design, context.explicit | context.fixed)
        others = {folder: Sweep(context, design, replicates) for folder, design in _dose_designs(settings, plan)}
        for row in (row for sweep in others.values() for row in sweep.design.rows()):
            context.at(row)  # raises now what would otherwise raise after the hours of the screening
        storage = storage_of(cfg)
        return Problem(settings, context, screening, others, storage.batch, storage.retry)

    def plan(self, problem: Problem) -> Plan:
        """Return the plan that the sweeps change."""
        return problem.context.plan

    def folder(self, cfg: DictConfig, problem: Problem) -> Path:
        """Return the folder named after all settings that change runs."""
        settings = problem.settings.model_dump(exclude=_NOT_IN_FOLDER_NAME)
        return named_folder(cfg, self.name, digest([Identifier()(problem.context.plan), settings])[:8])

    def run(self, problem: Problem, folder: Path, pool: WorkerPool) -> Results:
        """Simulate all sweeps, and compute the tables."""
        settings = problem.settings
        levels, seed = settings.levels, settings.seed
        sweeps: dict[str, stored.Results] = {}

        def simulate(part: str, sweep: Sweep) -> stored.Results:
            print(f"{part}: {len(sweep):,} runs", file=sys.stderr)
            sweeps[part] = run_sweep(sweep, folder / part, pool, batch=problem.batch, retry=problem.retry)
            return sweeps[part]

        def estimate(part: str, sweep: Sweep, method: Callable[[Design, np.ndarray], pd.DataFrame]) -> pd.DataFrame:
            return _by_number(simulate(part, sweep), sweep, settings.outcomes, method)

        screening = estimate(SCREENING, problem.screening, lambda design, values: screen(design, values, levels, seed))
        names = leading(screening, settings.keep)
        part, sweep = f"{INDICES}/{digest(names)[:8]}", problem.index_sweep(names)
        indices = estimate(part, sweep, lambda design, values: sobol_indices(design, values, seed))
        for part, other in problem.others.items():
            simulate(part, other)
        return Results(problem, {SCREENING: screening, INDICES: indices, **_dose_tables(problem, sweeps)}, sweeps)

    def about(self, results: Results) -> dict[str, Any]:
        """Return the numbers behind the tables."""
        return results.runs

    def facts(self, results: Results) -> dict[str, Any]:
        """Return the values of `report.md.j2`."""
        weeks = results.problem.context.plan.weeks
        return {"weeks": weeks, **results.runs, **facts.facts(results.tables, results.runs)}

    def figures(self, results: Results, footer: str) -> Iterable[tuple[str, Figure]]:
        """Yield the figures of every table, outcome and scenario."""
        from sim.plotting.figures import sensitivity

        return sensitivity.draw_all(results.tables, results.problem.settings.shown, footer)


def _factors(names: Any, context: DesignContext) -> tuple[Factor, ...]:
    """Return the factors to screen: all uncertain values, or those with these names, but no levers."""
    factors = choose(designs.OPEN if names is None else names, context.plan, context.fixed)
    for factor in factors:
        if factor.name.partition(".")[0] in (*FAMILIES, "scenario", doses.DOSE, doses.STRENGTH):
            accepted = "assumptions; policies go in scenarios, sensitivity.policies or sensitivity.pairs"
            raise UserError(invalid("sensitivity.factors", factor.name, accepted))
    return factors


def _dose_designs(settings: Settings, plan: Plan) -> Iterator[tuple[str, Design]]:
    """Yield the designs of doses and pairs with their folders; each kind of dose has its own design."""
    policies = doses.policies_to_dose(settings.policies, plan)
    for kind in (doses.DOSE, doses.STRENGTH):
        if names := [policy.name for policy in policies if kind in doses.dose_kinds(policy, plan)]:
            yield f"{DOSES}/{kind}", doses.response_design(kind, names, sorted(settings.doses), plan)
    if pairs := doses.pairs_to_dose(settings.pairs, plan):
        yield PAIRS, doses.pair_design(pairs, sorted(settings.doses), plan)


def _by_number(
    results: stored.Results,
    sweep: Sweep,
    outcomes: Sequence[str],
    estimate: Callable[[Design, np.ndarray], pd.DataFrame],
) -> pd.DataFrame:
    """Return an estimate of every number: each outcome's level in the baseline, and the effect of each scenario."""
    frames = {(BASELINE.name, "level"): results.levels(outcomes)}
    frames |= {(one.name, "difference"): results.differences(outcomes) for one in sweep.context.plan.scenarios[1:]}
    words = {factor.name: factor_label(factor) for factor in sweep.design.factors}
    parts = []
    for (scenario, kind), frame in frames.items():
        values = as_array(frame[frame["scenario"] == scenario], outcomes, len(sweep), 1)[0]
        for place, outcome in enumerate(outcomes):
            number = {"scenario": scenario, "kind": kind, "outcome": outcome, "unit": OUTCOMES[outcome].unit}
            own = estimate(sweep.design, values[:, place])
            own.insert(1, "words", own["factor"].map(words))
            parts.append(pd.DataFrame(number, index=own.index).join(own))
    return pd.concat(parts, ignore_index=True)


def _dose_tables(problem: Problem, sweeps: Mapping[str, stored.Results]) -> dict[str, pd.DataFrame]:
    outcomes = problem.settings.outcomes
    parts: dict[str, list[pd.DataFrame]] = {}
    for folder, sweep in problem.others.items():
        differences = sweeps[folder].differences(outcomes)
        values = as_array(differences, outcomes, len(sweep.design.table), sweep.replicates)
        estimate = doses.interactions if folder == PAIRS else doses.responses
        parts.setdefault(folder.partition("/")[0], []).append(estimate(sweep.design, values, outcomes))
    tables = {name: pd.concat(tables, ignore_index=True) for name, tables in parts.items()}
    if DOSES in tables:
        policies = tables[DOSES]["factor"].str.partition(".")[2].map(scenario_choice.scenario_named)
        plan = problem.context.plan
        tables[DOSES]["strengthens"] = [doses.strengthens(policy, plan) for policy in policies]
    return tables


def factor_label(factor: Factor) -> str:
    """Return the name of a factor in words: the process or measure, then its parameter.

    >>> factor_label(Factor("mechanisms.recovery.demands_hold"))
    'recovery: demands hold'
    >>> factor_label(Factor("measures.social_moments.recognition"))
    'social moments: recognition'
    """
    parts = factor.name.split(".")
    name = ": ".join(parts[1:] if parts[0] in ("mechanisms", "measures") else parts)
    return name.replace("_", " ") + (" (switch)" if factor.unit == "switch" else "")


main = SensitivityStudy().main
