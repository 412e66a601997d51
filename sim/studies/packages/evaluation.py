"""Effects of packages: simulated once per replicate and stored, then used by the search and the re-evaluation.

Packages share people and random numbers within a replicate. They do not affect each other, so the effect of a package
is the same to the bit whichever packages are simulated with it, and an effect that is stored is never simulated again.
The archive holds a run per replicate and generation. The search has no state of its own: an interrupted search starts
again and is fast where effects are stored.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.engine.plan import BASELINE
from sim.errors import UserError
from sim.runs.archive import Archive
from sim.runs.batch import Batch, BatchResult, Run, simulate_batch
from sim.runs.identity import Identifier, model_version
from sim.runs.worker_pool import WorkerPool, map_unordered
from sim.studies.packages.pareto import EMPTY, Package, round_to_tolerance, search
from sim.studies.packages.problem import DRAW_REPLICATES, GOALS, NEW_REPLICATES, Problem, name_of

if TYPE_CHECKING:
    import pandas as pd


class EffectStore:
    """Effects of every package on everybody by replicate, as differences from the scenario `reference`."""

    def __init__(self, archive: Archive, reference: str):
        self.archive = archive
        self._reference = reference
        self._effects: dict[tuple[int, str], np.ndarray] = {}
        if "levels" in archive.tables():
            for number, own in _with_replicate(archive, ["scenario", "group", *GOALS]).groupby("replicate"):
                self._take(int(number), own)

    @property
    def packages(self) -> int:
        """Return the number of packages with a stored effect."""
        return len({name for _, name in self._effects} - {self._reference, BASELINE.name})

    def levels(self, replicates: Iterable[int]) -> pd.DataFrame:
        """Return the levels of some replicates in their order: replicate, scenario, group, outcomes and shares."""
        levels = _with_replicate(self.archive)
        levels = levels[levels["replicate"].isin(list(replicates))].sort_values("replicate", kind="stable")
        return levels.drop_duplicates(["replicate", "scenario", "group"])

    def missing(self, replicate: int, packages: Iterable[Package]) -> list[Package]:
        """Return the packages without a stored effect in a replicate, each once."""
        return [one for one in dict.fromkeys(packages) if one and (replicate, name_of(one)) not in self._effects]

    def add(self, replicate: int, result: BatchResult) -> None:
        """Store the run of a replicate."""
        self.archive.write(result)
        if not result.failed:
            self._take(replicate, _read(result, "levels"))

    def _take(self, replicate: int, levels: pd.DataFrame) -> None:
        everybody = levels[levels["group"] == "everybody"].set_index("scenario")[list(GOALS)].astype(float)
        reference = everybody.loc[[self._reference]].to_numpy()[0]
        for name, effect in (everybody - reference).iterrows():
            self._effects[replicate, str(name)] = effect.to_numpy()

    def effects(self, names: Sequence[str], replicates: Iterable[int]) -> np.ndarray:
        """Return effects (replicate, package, goal); nan where a run failed, zero for the empty name."""
        unknown = np.full(len(GOALS), np.nan)
        return np.array(
            [[self._effects.get((one, name or self._reference), unknown) for name in names] for one in replicates]
        )


def _read(result: BatchResult, table: str) -> pd.DataFrame:
    import pyarrow.parquet as pq

    frame: pd.DataFrame = pq.read_table(io.BytesIO(result.files[table])).to_pandas()
    return frame


def _with_replicate(archive: Archive, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Return the levels of all runs of an archive, with their replicate."""
    runs = archive.table("runs", ["replicate"])
    levels = archive.table("levels", columns)
    for name in ("run", "scenario", "group"):
        levels[name] = levels[name].astype("str")
    return levels.merge(runs.astype({"run": "str"}), on="run")


def belongs_to(problem: Problem, archive: Archive) -> bool:
    """Return whether every completed run of an archive has the id that the problem gives to its packages."""
    if "levels" not in archive.tables():
        return True
    identify, shared = Identifier(), {scenario.name for scenario in problem.context.plan.scenarios}
    table = _with_replicate(archive, ["scenario", "group"])
    for (run, replicate), own in table.groupby(["run", "replicate"], sort=False):
        names = [name for name in dict.fromkeys(own["scenario"]) if name not in shared]
        try:
            plan = problem.plan(int(replicate), [frozenset(name.split("+")) for name in names])
        except (UserError, IndexError):
            return False
        if identify(plan) != run:
            return False
    return True


def simulate_missing(
    problem: Problem,
    packages: Iterable[tuple[int, Sequence[Package]]],
    store: EffectStore,
    pool: WorkerPool,
    progress: Any = None,
) -> dict[int, str]:
    """Simulate packages by replicate, as far as their effects are missing; return the errors of failed replicates.

    The packages of a replicate share its burn-in.
    """
    identify = Identifier()
    batches = (
        Batch((Run(identify(plan), plan),), ("levels",), model_version())
        for replicate, own in packages
        if (missing := store.missing(replicate, own))
        for plan in [problem.plan(replicate, missing)]
    )
    errors = {}
    for batch, result in map_unordered(simulate_batch, batches, pool):
        replicate = batch.runs[0].plan.replicate
        if result is None:
            raise UserError(
                f"Workers ended repeatedly over replicate {replicate}. Finished runs are in {store.archive.folder}; "
                "the same command resumes. If memory is short, use workers=1."
            )
        store.add(replicate, result)
        if result.failed:
            errors[replicate] = str(_read(result, "runs")["error"].iloc[0])
        if progress is not None:
            progress.update()
    return errors


# -- search -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SearchResult:
    """Packages of the search, the empty one first, with the generation of each.

    `values` are means over replicates (package, goal and cost in euros), `effects` are (replicate, package, goal).
    """

    packages: list[Package]
    generations: list[int]
    values: np.ndarray
    effects: np.ndarray


def run_search(problem: Problem, store: EffectStore, pool: WorkerPool) -> SearchResult:
    """Search for packages on the Pareto front, generation by generation."""
    from tqdm import tqdm

    settings, replicates = problem.settings, range(problem.replicates)

    def values(packages: Sequence[Package]) -> tuple[np.ndarray, np.ndarray]:
        effects = store.effects([name_of(package) for package in packages], replicates)
        costs = [problem.costs.all_in(package) for package in packages]
        return np.column_stack([effects.mean(axis=0), costs]), effects

    def evaluate(packages: Sequence[Package]) -> np.ndarray:
        errors = simulate_missing(problem, [(replicate, packages) for replicate in replicates], store, pool)
        if errors:
            raise UserError(f"Replicate {min(errors)} of the search failed: {errors[min(errors)]}")
        return round_to_tolerance(values(packages)[0], settings.tolerances)

    first = {EMPTY: 0}
    total = settings.generations
    with tqdm(total=total, unit="generation", desc="search", disable=None, file=sys.stderr) as bar:
        generations = search(problem.space, evaluate, settings.population, total, settings.seed)
        for generation, packages in enumerate(generations, start=1):
            for package in packages:
                first.setdefault(package, generation)
            bar.update()
            bar.set_postfix(packages=len(first) - 1)
    return SearchResult(list(first), list(first.values()), *values(list(first)))


# -- re-evaluation ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ReEvaluation:
    """Effects of the candidates with other people and random numbers; the first package is the empty one.

    `new_pairs` (pair, package, goal) have the parameters of the search. `draws` (draw, package, goal) and `costs` in
    euros (draw, package) are those of the draws that were completed, with these `replicates`. `errors` are by draw.
    """

    packages: list[Package]
    new_pairs: np.ndarray
    draws: np.ndarray
    costs: np.ndarray
    replicates: list[int]
    errors: dict[int, str]

    @cached_property
    def values(self) -> np.ndarray:
        """Return (draw, package, goal and cost)."""
        return np.concatenate([self.draws, self.costs[..., None]], axis=2)


def re_evaluate(problem: Problem, packages: Sequence[Package], store: EffectStore, pool: WorkerPool) -> ReEvaluation:
    """Simulate packages in new pairs and in draws; raise UserError where fewer than two draws are completed."""
    from tqdm import tqdm

    pairs = range(NEW_REPLICATES, NEW_REPLICATES + problem.settings.pairs)
    draws = range(DRAW_REPLICATES, DRAW_REPLICATES + len(problem.draws))
    tasks = [(replicate, packages) for replicate in (*pairs, *draws)]
    with tqdm(total=len(tasks), unit="pair", desc="re-evaluation", disable=None, file=sys.stderr) as bar:
        bar.update(sum(not store.missing(replicate, packages) for replicate, _ in tasks))
        errors = simulate_missing(problem, tasks, store, pool, bar)
    completed = [replicate for replicate in draws if replicate not in errors]
    if len(completed) < 2 or any(replicate in errors for replicate in pairs):
        raise UserError(f"Too many runs failed. The first error: {next(iter(errors.values()))}")
    names, all_packages = ["", *map(name_of, packages)], [EMPTY, *packages]
    samples = [problem.costs.sample(problem.settings.seed, replicate) for replicate in completed]
    return ReEvaluation(
        all_packages,
        store.effects(names, pairs),
        store.effects(names, completed),
        np.array([[costs.all_in(package) for package in all_packages] for costs in samples]),
        completed,
        {replicate - DRAW_REPLICATES: error for replicate, error in errors.items()},
    )
