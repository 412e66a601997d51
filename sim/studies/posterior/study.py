"""Posterior of the parameters: draws of all uncertain parameters that agree with the observations within their error.

Parameter sets from the prior are simulated, and a Morris screening finds the influential parameters. A flow estimates
their posterior (NPE). Its draws, with the prior's of all other parameters, are simulated again and weighted. If their
effective sample size is too small, importance rounds with a surrogate of the model follow.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.config import default_settings
from sim.config.fingerprint import fingerprint
from sim.config.posterior_draws import DRAWS, METADATA
from sim.config.provenance import stored_overrides
from sim.engine.plan import Plan
from sim.errors import UserError
from sim.experiments import output_folder
from sim.experiments.results import Results as SweepResults
from sim.experiments.sweep import Sweep, named_folder, run_sweep
from sim.files import claim, write_json
from sim.paths import check_writable, shorten
from sim.runs.identity import Identifier, digest, model_version
from sim.runs.worker_pool import WorkerPool
from sim.studies.base import KeptFolderStudy
from sim.studies.posterior import facts, flow
from sim.studies.posterior.estimation import Results, estimate
from sim.studies.posterior.problem import Problem, Settings, problem_of
from sim.studies.posterior.simulator import OBSERVED

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from omegaconf import DictConfig

PACKAGES = ("sbi", "torch", "numpy", "scipy", "scikit-learn", "SALib", "pandas", "numba")


class PosteriorStudy(KeptFolderStudy[Settings, Problem, Results]):
    """Estimation of the posterior of the parameters. A calibration has a folder below that of its runs."""

    name = "posterior"
    settings_type = Settings
    kind = "calibration"
    page = "calibration"

    def problem(self, cfg: DictConfig, settings: Settings) -> Problem:
        """Return the problem; raise UserError if sbi is missing, or if results cannot be written."""
        flow.check_installed()
        problem = problem_of(cfg, settings)
        output_folder.check_docs(settings.docs, self.name)
        if settings.kept:
            _check_writable()
        return problem

    def plan(self, problem: Problem) -> Plan:
        """Return the plan without draws."""
        return problem.context.plan

    def folder(self, cfg: DictConfig, problem: Problem) -> Path:
        """Return the folder of this calibration below the one of its runs, which do not depend on observations."""
        settings = problem.settings
        runs = [Identifier()(problem.context.plan), OBSERVED.version, settings.levels, settings.seed]
        root = named_folder(cfg, self.name, digest(runs)[:8])
        claim(root, self.name)
        own = settings.model_dump() | {"kept": True, "docs": None}  # the place of results changes none of them
        name = digest([own, problem.observations, model_version(), OBSERVED.version])[:8]
        return root / f"calibration-{name}"

    def run(self, problem: Problem, folder: Path, pool: WorkerPool) -> Results:
        """Simulate missing runs, and estimate the posterior."""

        def simulate(part: str, sweep: Sweep) -> SweepResults:
            _report(f"{part}: {len(sweep):,} runs")
            return run_sweep(sweep, folder.parent / part, pool, batch=problem.batch, retry=problem.retry)

        return estimate(problem, simulate, folder, _report)

    def about(self, results: Results) -> dict[str, Any]:
        """Return the settings of the firm."""
        return {"firm": shorten(vars(results.problem.context.plan.firm), "firm")}

    def facts(self, results: Results) -> dict[str, Any]:
        """Return the values of `report.md.j2`."""
        plan = results.problem.context.plan
        return {
            **results.facts,
            **{"establishments": plan.firm.establishments, "sample": plan.firm.sample},
            **{"weeks": plan.weeks, "burn_in": plan.burn_in, "study_seed": results.problem.settings.seed},
            **facts.facts(results.tables),
        }

    def figures(self, results: Results, footer: str) -> Iterable[tuple[str, Figure]]:
        """Yield predictions, recovery and shrinkage."""
        from sim.plotting.figures import posterior

        for name, figure in posterior.draw_all(results.tables, facts.RECOVERY_BY, footer):
            yield f"calibration_{name}", figure

    def write(self, results: Results, plan: Plan, folder: Path, cfg: DictConfig | None = None) -> str:
        """Write the posterior beside tables, page and figures, and publish both where settings say so."""
        headline = super().write(results, plan, folder, cfg)
        settings, metadata = results.problem.settings, _metadata(results)
        if settings.docs:
            output_folder.publish(folder, settings.docs, self.page)
        for place in (folder, default_settings.conf_folder() / "fit") if settings.kept else (folder,):
            output_folder.write_by(place / DRAWS, lambda path: results.draws.to_csv(path, index=False))
            write_json(metadata, place / METADATA)
        return headline


def _metadata(results: Results) -> dict[str, Any]:
    """Return the origin of the posterior, for its users and for `posterior_draws.draws`, which compares the model."""
    problem, plan = results.problem, results.problem.context.plan
    return {
        "what": "equally weighted posterior draws of all uncertain parameters, given the observations below",
        "command": shlex.join(["hybridwork", "posterior", *stored_overrides(plan.overrides)]),
        "version": output_folder.version(),
        "model": model_version(),
        "settings": shorten(problem.settings.model_dump(), "posterior"),
        "firm": shorten(vars(plan.firm), "firm"),
        "weeks": {"burn_in": plan.burn_in, "observed": plan.weeks},
        "seed": plan.seed,
        **{name: results.facts[name] for name in ("simulations", "source", "effective_size", "weighted", "distinct")},
        "packages": output_folder.versions(PACKAGES),
        "observations": {one.name: [one.value, one.error, one.discrepancy] for one in problem.observations},
        "fingerprint": fingerprint(plan.parameters, plan.measures),
    }


def _check_writable() -> None:
    folder = default_settings.conf_folder() / "fit"
    try:
        check_writable(folder, "posterior.kept")
    except UserError as error:
        raise UserError(f"{error} It writes {DRAWS} there. Work in a checkout, or use posterior.kept=false.") from None


def _report(text: str) -> None:
    print(text, file=sys.stderr)


main = PosteriorStudy().main
