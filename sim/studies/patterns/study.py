"""The pattern table, executed: worlds of the model and of every rival, verdicts, scores, and the page.

plans -> worlds (evidence.py, rivals.py) -> verdicts and scores (scoring.py) -> tables (tables.py) -> page and figure
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.config import plan_builder, study_settings
from sim.describe.parameters import patterns_in_mind
from sim.engine.plan import BASELINE, Plan, check_memory, registry_of
from sim.errors import UserError
from sim.experiments import output_folder
from sim.files import write_json
from sim.outcomes.patterns import built_in
from sim.runs.worker_pool import WorkerPool, map_unordered, process_pool
from sim.studies.patterns import tables
from sim.studies.patterns.criteria import criteria
from sim.studies.patterns.evidence import Statistics
from sim.studies.patterns.rivals import ALL
from sim.studies.patterns.scenes import SCENARIOS
from sim.studies.patterns.scoring import MODEL, Table
from sim.studies.patterns.words import IN_WORDS

if TYPE_CHECKING:
    from omegaconf import DictConfig

STUDY = "patterns"
BYTES_OF_STATISTICS = 120_000
"""Of one world, kept until the table is made."""


@dataclass(frozen=True)
class Settings:
    """What `conf/study/patterns.yaml` may say under `patterns`, where it is explained."""

    visits: int
    groups: int
    docs: str | None


def settings_of(cfg: DictConfig) -> Settings:
    """The settings of the study, checked; raises UserError for what cannot be."""
    asked: Settings = study_settings.read_dataclass(STUDY, Settings, cfg.patterns)
    replicates = study_settings.settings_of(cfg).replicates
    if not 1 <= asked.visits <= 100:
        raise UserError(f"patterns.visits is {asked.visits}; a whole number from 1 to 100 is right")
    if asked.groups < 2 or replicates < 2 * asked.groups:
        raise UserError(
            f"patterns.groups is {asked.groups} and replicates {replicates}; at least 2 groups of at least 2 worlds "
            "are right"
        )
    return asked


def plans_of(cfg: DictConfig) -> list[Plan]:
    """One plan a world; raises UserError where it makes no virtual study."""
    first = plan_builder.build_plan(cfg)
    if first.firm.kind != "study":
        raise UserError(f"firm is '{first.firm.kind}'; patterns are of many establishments: firm=study_full is right")
    others = [scenario.name for scenario in first.scenarios if scenario.name != BASELINE.name]
    if others:
        raise UserError(f"{others[0]} has no place in the table of patterns; leave it out, or change parameters")
    count = study_settings.settings_of(cfg).replicates
    check_memory(first, len(SCENARIOS), study_settings.processes_of(cfg), len(ALL) * count * BYTES_OF_STATISTICS)
    return [replace(first, replicate=number) for number in range(count)]


# -- the work --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Task:
    """One world of the model or of a rival."""

    who: str
    plan: Plan
    visits: int


def lived(
    live: Callable[[tuple[int, Any]], Statistics], tasks: Sequence[Any], crew: WorkerPool, what: str
) -> list[Statistics]:
    """What `live` makes of every task and its number, in the order of the tasks."""
    from tqdm import tqdm

    done: dict[int, Statistics] = {}
    with tqdm(total=len(tasks), unit="world", desc=what, disable=None, file=sys.stderr) as bar:
        for (number, _), statistics in map_unordered(live, list(enumerate(tasks)), crew):
            if statistics is None:
                raise UserError("workers ended again and again; where memory is short, ask for workers=1")
            done[number] = statistics
            bar.update()
    return [done[number] for number in range(len(tasks))]


def live(numbered: tuple[int, Task]) -> Statistics:
    """Live the world of one task."""
    _, task = numbered
    return ALL[task.who].statistics(task.plan, task.visits)


def tabled(plans: Sequence[Plan], asked: Settings, crew: WorkerPool) -> Table:
    """Live the worlds of the model and of every rival, and judge them."""
    tasks = [Task(who, plan, asked.visits) for who in ALL for plan in plans]
    statistics = lived(live, tasks, crew, STUDY)
    worlds = {who: statistics[at * len(plans) : (at + 1) * len(plans)] for at, who in enumerate(ALL)}
    return Table(criteria(), worlds, patterns_in_mind(), asked.groups, built_in(registry_of(plans[0])))


# -- the command -----------------------------------------------------------------------------------------------------


def study(cfg: DictConfig) -> None:
    """Execute the pattern table of a composed configuration; print the scores and write what came out."""
    asked, plans = settings_of(cfg), plans_of(cfg)
    output_folder.check_docs(asked.docs, STUDY)
    with output_folder.OutputFolder(cfg.output, STUDY) as folder:
        table = tabled(plans, asked, process_pool(study_settings.processes_of(cfg)))
        output_folder.write_config(cfg, folder.path / "config.yaml")
        write_json(output_folder.about(plans[0]) | {"worlds": len(plans)}, folder.path / "about.json")
        print(write(table, plans[0], asked, folder.path))
        if asked.docs:
            output_folder.publish(folder.path, asked.docs, STUDY)
    print(folder.path)


def write(table: Table, plan: Plan, asked: Settings, folder: Path) -> str:
    """Write the tables, the page and the figure into `folder`; the scores as text."""
    from sim.plotting.figures import patterns, save
    from sim.studies.patterns import page

    frames = tables.frames(table)
    for name, frame in frames.items():
        output_folder.write_table(frame, folder / f"{name}.parquet")
        output_folder.write_text(frame.to_csv(index=False), folder / f"{name}.csv")
    output_folder.write_text(page.write(table, frames, plan, asked.visits), folder / "summary.md")
    footer = f"{len(table.worlds[MODEL])} worlds each · seed {plan.seed}, version {output_folder.version()}"
    figure = patterns.draw(frames["rows"], {who: one.label for who, one in ALL.items()}, IN_WORDS, footer)
    save(figure, folder / "figures" / STUDY)
    return page.verdict(table)


def main(argv: list[str]) -> int:
    """`hybridwork patterns`: the model and its rivals on the table of patterns; Hydra's overrides follow."""
    from sim.config.hydra_command import command

    return command(study, STUDY, argv, group=STUDY)
