"""Search for packages of measures on the Pareto front of burn-out complaints, isolation and cost, under a budget.

A search favours packages whose effects are high by chance. The packages on its front, and some close to it, are
therefore simulated again with other people and random numbers: with the parameters of the search, which shows the part
of chance, and in draws of parameters and costs, which shows the part of assumptions.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.engine.plan import Plan
from sim.errors import UserError
from sim.experiments.sweep import folder_of, report_clearing
from sim.files import write_json
from sim.runs.archive import Archive
from sim.runs.identity import model_version
from sim.runs.worker_pool import WorkerPool, reusing_executor
from sim.studies.base import KeptFolderStudy
from sim.studies.packages.evaluation import EffectStore, belongs_to, re_evaluate, run_search
from sim.studies.packages.facts import facts
from sim.studies.packages.pareto import candidates
from sim.studies.packages.problem import Problem, Settings, problem_of
from sim.studies.packages.tables import Results, analyse

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from omegaconf import DictConfig


class PackagesStudy(KeptFolderStudy[Settings, Problem, Results]):
    """Packages of measures that no other package dominates."""

    name = "packages"
    group = "search"
    settings_type = Settings

    def problem(self, cfg: DictConfig, settings: Settings) -> Problem:
        return problem_of(cfg, settings)

    def plan(self, problem: Problem) -> Plan:
        return problem.context.plan

    def folder(self, cfg: DictConfig, problem: Problem) -> Path:
        """Return the folder; its name does not depend on the length of the search."""
        return folder_of(cfg, self.name, *problem.folder_key)

    def run(self, problem: Problem, folder: Path, pool: WorkerPool) -> Results:
        """Search, and re-evaluate the best packages; simulate only what is not stored yet."""
        archive, settings = Archive(folder), problem.settings
        with archive.locked(), reusing_executor(pool) as open_pool:
            _check_problem(archive, problem)
            report_clearing(archive)
            store = EffectStore(archive, problem.reference)
            try:
                search = run_search(problem, store, open_pool)
                selected = candidates(search.values, settings.tolerances, settings.candidates + 1)
                packages = [package for index in selected if (package := search.packages[index])]
                re_evaluation = re_evaluate(problem, packages[: settings.candidates], store, open_pool)
            except KeyboardInterrupt:
                raise KeyboardInterrupt(
                    f"Interrupted. {store.packages:,} packages are stored in {folder}; the same command resumes."
                ) from None
        return analyse(problem, search, re_evaluation, store)

    def about(self, results: Results) -> dict[str, Any]:
        """Return the numbers of packages and draws."""
        return {"packages_searched": len(results.search.packages) - 1, "draws": len(results.re_evaluation.replicates)}

    def tables(self, results: Results) -> dict[str, pd.DataFrame]:
        """Return the tables packages, front, draws, groups and costs."""
        return dict(results.tables)

    def facts(self, results: Results) -> dict[str, Any]:
        return facts(results)

    def figures(self, results: Results, footer: str) -> Iterable[tuple[str, Figure]]:
        """Yield the figure of the front, if any package is on it."""
        from sim.plotting.figures import packages

        if results.tables["front"]["on_front"].any():
            yield "front", packages.draw(results.tables["front"], facts(results), footer)


def _check_problem(archive: Archive, problem: Problem) -> None:
    """Write the problem of the folder; raise UserError where the folder belongs to another problem or version.

    Where the file is missing or damaged, the ids of the runs show whether they belong to this problem.
    """
    path = archive.folder / "question.json"
    content = {"question": problem.identifier, "model": model_version()}
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        same, version = stored["question"] == content["question"], str(stored["model"])
    except (OSError, ValueError, KeyError, TypeError):
        same, version = belongs_to(problem, archive), content["model"]
        if path.exists():
            print(f"{path} was changed and is written again.", file=sys.stderr)
    if not same and version != content["model"]:
        raise UserError(
            f"{archive.folder} holds runs of version {version}, which alone can resume them. This is version "
            f"{content['model']}: use another folder, as in folder=mine."
        )
    if not same:
        raise UserError(
            f"{archive.folder} holds runs with other people, settings or draws. Use another folder, as in folder=mine."
        )
    write_json(content, path)


main = PackagesStudy().main
