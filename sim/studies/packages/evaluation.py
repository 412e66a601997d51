"""Packages lived: what each of them gave in each replicate, found once and remembered; the search; and a second look.

Every package is lived beside the same worlds on the same people and chance. Worlds do not disturb each other, so a
package gives the same to the bit in whatever company it is lived, and one that is known is never lived again. They
are kept in an archive, a run for each replicate of a generation, since its runs are whole or not there, carry their
checksums, and survive any end of the program. The search needs no state of its own: it is the same walk each time,
quick where the packages are known.
"""

from __future__ import annotations

import io
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
from sim.studies.packages.pareto import NOTHING, Package, in_steps, search
from sim.studies.packages.problem import DRAWN, FRESH, GOALS, Question, named

if TYPE_CHECKING:
    import pandas as pd


class Memory:
    """What every package gave in every replicate: its difference from what it is compared with, of everybody."""

    def __init__(self, archive: Archive, compared_with: str):
        self.archive = archive
        self._compared_with = compared_with
        self._effects: dict[tuple[int, str], np.ndarray] = {}
        if "levels" in archive.tables():
            columns = ["scenario", "group", *GOALS]
            for number, own in _with_replicate(archive, columns).groupby("replicate"):
                self._take(int(number), own)

    @property
    def packages(self) -> int:
        """How many packages it knows of."""
        return len({name for _, name in self._effects} - {self._compared_with, BASELINE.name})

    def levels(self, numbers: Iterable[int]) -> pd.DataFrame:
        """All levels of these replicates, each once: replicate, scenario, group, outcomes and shares."""
        levels = _with_replicate(self.archive)
        return levels[levels["replicate"].isin(list(numbers))].drop_duplicates(["replicate", "scenario", "group"])

    def lacking(self, number: int, packages: Iterable[Package]) -> list[Package]:
        """Those of the packages, each once, that have not been lived in this replicate."""
        return [one for one in dict.fromkeys(packages) if one and (number, named(one)) not in self._effects]

    def add(self, number: int, ready: BatchResult) -> None:
        """Keep what a run of this replicate has given."""
        import pyarrow.parquet as pq

        self.archive.write(ready)
        if not ready.failed:
            self._take(number, pq.read_table(io.BytesIO(ready.files["levels"])).to_pandas())

    def _take(self, number: int, levels: pd.DataFrame) -> None:
        everybody = levels[levels["group"] == "everybody"].set_index("scenario")[list(GOALS)].astype(float)
        usual = everybody.loc[[self._compared_with]].to_numpy()[0]
        for name, effect in (everybody - usual).iterrows():
            self._effects[number, str(name)] = effect.to_numpy()

    def effects(self, names: Sequence[str], numbers: Iterable[int]) -> np.ndarray:
        """(replicate, name, goal) differences; nan where a run failed. The empty name stands for nothing on top."""
        unknown = np.full(len(GOALS), np.nan)
        return np.array(
            [
                [self._effects.get((number, name or self._compared_with), unknown) for name in names]
                for number in numbers
            ]
        )


def _with_replicate(archive: Archive, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """The levels of all runs of an archive, with their replicate."""
    runs = archive.table("runs", ["replicate"])
    levels = archive.table("levels", columns)
    for name in ("run", "scenario", "group"):
        levels[name] = levels[name].astype("str")
    return levels.merge(runs.astype({"run": "str"}), on="run")


def all_belong(question: Question, archive: Archive) -> bool:
    """Whether every run that is done in an archive is one of this question: its id follows from what stands in it."""
    if "levels" not in archive.tables():
        return True
    known, usual = Identifier(), {scenario.name for scenario in question.ground.plan.scenarios}
    for (run, number), own in _with_replicate(archive, ["scenario", "group"]).groupby(["run", "replicate"], sort=False):
        names = [name for name in dict.fromkeys(own["scenario"]) if name not in usual]
        try:
            plan = question.plan(int(number), [frozenset(name.split("+")) for name in names])
        except (UserError, IndexError):
            return False
        if known(plan) != run:
            return False
    return True


def live(
    question: Question,
    wanted: Iterable[tuple[int, Sequence[Package]]],
    memory: Memory,
    crew: WorkerPool,
    bar: Any = None,
) -> dict[int, str]:
    """Live the packages wanted, by replicate, as far as they have not been; the errors of replicates that failed.

    The packages of a replicate share its burn-in, as worlds of one run.
    """
    known = Identifier()
    batches = (
        Batch((Run(known(plan), plan),), ("levels",), model_version())
        for number, packages in wanted
        if (lacking := memory.lacking(number, packages))
        for plan in [question.plan(number, lacking)]
    )
    failed = {}
    for batch, ready in map_unordered(simulate_batch, batches, crew):
        number = batch.runs[0].plan.replicate
        if ready is None:
            raise UserError(
                f"workers ended again and again over replicate {number}; what is finished is kept in "
                f"{memory.archive.folder}, and the same command goes on; where memory is short, ask for workers=1"
            )
        memory.add(number, ready)
        if ready.failed:
            failed[number] = _error(ready)
        if bar is not None:
            bar.update()
    return failed


def _error(ready: BatchResult) -> str:
    import pyarrow.parquet as pq

    return str(pq.read_table(io.BytesIO(ready.files["runs"])).column("error")[0])


# -- the search -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tried:
    """The packages that the search has tried, nothing first, the generation of each, and their values.

    values   (package, goal and cost) means over replicates; cost in euros, all in
    effects  (replicate, package, goal)
    """

    packages: list[Package]
    generations: list[int]
    values: np.ndarray
    effects: np.ndarray


def searched(question: Question, memory: Memory, crew: WorkerPool) -> Tried:
    """Search for packages, generation by generation."""
    from tqdm import tqdm

    asked, replicates = question.search, range(question.replicates)

    def values(packages: Sequence[Package]) -> tuple[np.ndarray, np.ndarray]:
        effects = memory.effects([named(package) for package in packages], replicates)
        costs = [question.costs.all_in(package) for package in packages]
        return np.column_stack([effects.mean(axis=0), costs]), effects

    def evaluate(packages: Sequence[Package]) -> np.ndarray:
        failed = live(question, [(number, packages) for number in replicates], memory, crew)
        if failed:
            raise UserError(f"replicate {min(failed)} of the search cannot be lived: {failed[min(failed)]}")
        return in_steps(values(packages)[0], asked.steps)

    seen = {NOTHING: 0}
    told = tqdm(total=asked.generations, unit="generation", desc="search", disable=None)
    with told as bar:
        found = search(question.space, evaluate, asked.population, asked.generations, asked.seed)
        for generation, packages in enumerate(found, start=1):
            for package in packages:
                seen.setdefault(package, generation)
            bar.update()
            bar.set_postfix(packages=len(seen) - 1)
    return Tried(list(seen), list(seen.values()), *values(list(seen)))


# -- what is left of it -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Again:
    """What the candidates gave when they were lived again; the first is nothing, of which all effects are nought.

    fresh    (pair, package, goal) with people and chance that the search has not seen
    drawn    (draw, package, goal) with all that is assumed drawn as well; draws that failed are left out
    costs    (draw, package) all in, drawn too
    numbers  of the draws
    failed   by draw that failed, its error
    """

    packages: list[Package]
    fresh: np.ndarray
    drawn: np.ndarray
    costs: np.ndarray
    numbers: list[int]
    failed: dict[int, str]

    @cached_property
    def values(self) -> np.ndarray:
        """(draw, package, goal and cost)."""
        return np.concatenate([self.drawn, self.costs[..., None]], axis=2)


def lived_again(question: Question, packages: Sequence[Package], memory: Memory, crew: WorkerPool) -> Again:
    """Live packages again: in fresh pairs, and in draws; raises UserError where no more than one draw can be lived."""
    from tqdm import tqdm

    fresh = range(FRESH, FRESH + question.search.pairs)
    drawn = range(DRAWN, DRAWN + len(question.draws))
    with tqdm(total=len(fresh) + len(drawn), unit="pair", desc="lived again", disable=None) as bar:
        wanted = [(number, packages) for number in (*fresh, *drawn)]
        bar.update(sum(not memory.lacking(number, packages) for number, _ in wanted))
        failed = live(question, wanted, memory, crew, bar)
    names = ["", *(named(package) for package in packages)]
    done = [number for number in drawn if number not in failed]
    if len(done) < 2 or any(number in failed for number in fresh):
        raise UserError(f"too many runs failed to say anything; the first: {next(iter(failed.values()))}")
    everything = [NOTHING, *packages]
    costs_drawn = [question.costs.drawn(question.search.seed, number) for number in done]
    costs = np.array([[own.all_in(package) for package in everything] for own in costs_drawn])
    return Again(
        everything, memory.effects(names, fresh), memory.effects(names, done), costs, done,
        {number - DRAWN: error for number, error in failed.items()},
    )  # fmt: skip
