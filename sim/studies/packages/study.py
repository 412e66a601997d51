"""Packages of measures under a budget: which of them no other beats on burn-out complaints, isolation and cost.

Every package is lived beside the same worlds on the same people and chance: today's practice with the legal duties
carried out, and today's practice as it is. Worlds do not disturb each other, so a package gives the same to the bit in
whatever company it is lived, and is never lived twice. Legal duties are in every package and no part of its cost.

What a search finds is too good to be true, for it keeps what chance has favoured. So the front, and what is nearly on
it, is lived again with people and chance that the search has not seen: as it is, which shows what was luck, and with
all that is assumed drawn from its range, costs among it, which shows what was assumption.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.engine.plan import BASELINE
from sim.errors import UserError
from sim.experiments import output_folder
from sim.experiments.sweep import folder_of, pool_of, report_clearing
from sim.files import claim, write_json
from sim.paths import shorten
from sim.runs.archive import Archive
from sim.runs.identity import model_version
from sim.runs.worker_pool import WorkerPool
from sim.studies.packages.evaluation import Again, Memory, Tried, all_belong, lived_again, searched
from sim.studies.packages.pareto import candidates, front
from sim.studies.packages.problem import GOALS, Question, question_of
from sim.studies.packages.tables import MIDDLE, draws_table, front_table, groups_table, packages_table

if TYPE_CHECKING:
    from omegaconf import DictConfig


def study(cfg: DictConfig) -> None:
    """Search for packages as a composed configuration asks, live the best again, and write what came out."""
    question = question_of(cfg)
    folder = folder_of(cfg, "packages", *question.asks)
    claim(folder, "packages")
    archive = Archive(folder)
    with archive.locked(), pool_of(cfg) as hired, _kept(hired) as crew:
        _write_question(archive, question)
        report_clearing(archive)
        memory = Memory(archive, question.compared_with)
        with _going_on(memory):
            tried = searched(question, memory, crew)
            chosen = candidates(tried.values, question.search.steps, question.search.candidates + 1)
            packages = [package for place in chosen if (package := tried.packages[place])]
            again = lived_again(question, packages[: question.search.candidates], memory, crew)
    output_folder.write_config(cfg, folder / "config.yaml")
    print(write(question, tried, again, memory, folder))
    print(folder)


def write(question: Question, tried: Tried, again: Again, memory: Memory, folder: Path) -> str:
    """Write the tables, the page and the figure into `folder`; what to print."""
    from sim.plotting.figures import packages, save
    from sim.studies.packages import page

    groups = groups_table(memory.levels(again.numbers), again.packages)
    tables = {
        "packages": packages_table(question, tried),
        "front": front_table(question, tried, again, groups),
        "draws": draws_table(question, again),
        "groups": groups,
        "costs": question.costs.told([*sorted(question.duties), *question.space.measures]),
    }
    for name, table in tables.items():
        output_folder.write_table(table, folder / f"{name}.parquet")
    question.costs.write(folder / "costs.csv")
    told = facts(question, tried, again, memory)
    write_json(told, folder / "about.json")
    footer = f"seed {question.ground.plan.seed}, version {output_folder.version()}"
    if tables["front"]["on_front"].any():
        save(packages.draw(tables["front"], told, footer), folder / "figures" / "front")
    output_folder.write_text(page.write(tables, told), folder / "summary.md")
    return page.headlines(tables["front"])


def facts(question: Question, tried: Tried, again: Again, memory: Memory) -> dict[str, Any]:
    """What a reader must know of the packages and what they rest on."""
    plan, asked = question.ground.plan, question.search
    duties = -memory.effects([BASELINE.name], again.numbers)[:, 0]
    on_front = front(tried.values, asked.steps)
    return {
        **output_folder.about(plan),
        "question": question.lives,
        "search": shorten(asdict(asked), "search"),
        "replicates": question.replicates,
        "draws": len(again.numbers),
        "drawn_factors": len(question.draws[0]),
        "drawn_by": question.drawn_by,
        "failed_draws": again.failed,
        "tried": len(tried.packages) - 1,
        "front_of_search": len([place for place in on_front if place]),
        "last_change": max(tried.generations[place] for place in on_front),
        "duties": sorted(question.duties),
        "duties_effect": {
            goal: [float(number) for number in (own.mean(), *np.percentile(own, MIDDLE))]
            for goal, own in zip(GOALS, duties.T, strict=True)
        },
        "measures": {one.name: {"hygiene": one.hygiene, "legal": one.legal, "text": one.text} for one in plan.measures},
        "unaffordable": [name for name in question.space.measures if not question.space.affordable(frozenset({name}))],
    }


@contextmanager
def _kept(crew: WorkerPool) -> Iterator[WorkerPool]:
    """The crew with its executor open from the first generation to the last, since workers take seconds to begin."""
    if crew.open_executor is None:
        yield crew
        return
    with crew.open_executor() as pool:
        yield replace(crew, open_executor=lambda: nullcontext(pool))


@contextmanager
def _going_on(memory: Memory) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"interrupted; {memory.packages:,} packages are kept in {memory.archive.folder}; the same command goes on"
        ) from None


def _write_question(archive: Archive, question: Question) -> None:
    """Write what the folder is for, or make sure that it is for this; raises UserError where it is for another.

    Where the file is missing or damaged, the runs themselves show whether they belong to this question.
    """
    place, own = archive.folder / "question.json", question.lives
    try:
        same = json.loads(place.read_text(encoding="utf-8"))["question"] == own
    except (OSError, ValueError, KeyError, TypeError):
        same = all_belong(question, archive)
        if place.exists():
            print(f"{place} is not as it was written: rebuilt", file=sys.stderr)
    if not same:
        raise UserError(
            f"{archive.folder} was begun with other people, settings, draws or another version of the model; what is "
            "lived there does not count here, so give another folder, as in folder=mine"
        )
    write_json({"question": own, "model": model_version()}, place)


def main(argv: list[str]) -> int:
    """`hybridwork packages`: packages of measures that no other beats; Hydra's overrides follow."""
    from sim.config.hydra_command import command

    return command(study, "packages", argv, group="packages")
