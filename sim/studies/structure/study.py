"""Structure as an uncertainty: every loop and disputed path turned, one at a time, on the same people and chance.

plans x switches -> worlds (worlds.py) -> verdicts that turn, levels, effects (tables.py) -> page and figure
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sim.config import composition
from sim.engine.plan import Plan, check_memory
from sim.errors import UserError
from sim.experiments import output_folder
from sim.files import write_json
from sim.runs.worker_pool import WorkerPool, process_pool
from sim.studies.patterns.criteria import criteria
from sim.studies.patterns.scenes import SCENARIOS
from sim.studies.patterns.study import BYTES_OF_STATISTICS, lived
from sim.studies.structure import tables
from sim.studies.structure.worlds import SEEN, Task, live, switches

if TYPE_CHECKING:
    import pandas as pd
    from omegaconf import DictConfig

STUDY = "structure"
_FEWEST_WORLDS = 2


@dataclass(frozen=True)
class Settings:
    """What `conf/study/structure.yaml` may say under `structure`, where it is explained."""

    visits: int
    docs: str | None


@dataclass(frozen=True)
class Found:
    """All that came out: the first world's plan, how many worlds and visits, and two tables."""

    plan: Plan
    worlds: int
    visits: int
    verdicts: pd.DataFrame
    effects: pd.DataFrame


def settings_of(cfg: DictConfig) -> Settings:
    """The settings of the study, checked; raises UserError for what cannot be."""
    asked: Settings = composition.read(STUDY, Settings, cfg.structure)
    if not 1 <= asked.visits <= 100:
        raise UserError(f"structure.visits is {asked.visits}; a whole number from 1 to 100 is right")
    return asked


def plans_of(cfg: DictConfig) -> list[Plan]:
    """One plan a world; raises UserError where it cannot be judged by patterns or follows no policy."""
    plans = composition.build_plans(cfg)
    first = plans[0]
    if first.firm.kind != "study":
        raise UserError(f"firm is '{first.firm.kind}'; patterns are of many establishments: firm=study_full is right")
    if len(first.scenarios) != 2:
        raise UserError(f"{len(first.scenarios)} scenarios are asked for; the baseline and one policy are right")
    if first.weeks < SEEN or len(plans) < _FEWEST_WORLDS:
        raise UserError(
            f"weeks is {first.weeks} and replicates {len(plans)}; at least {SEEN} weeks and {_FEWEST_WORLDS} are right"
        )
    held = (1 + len(switches(first))) * len(plans) * BYTES_OF_STATISTICS
    check_memory(first, len(SCENARIOS), composition.processes_of(cfg), held)
    return plans


def turned_one_by_one(plans: Sequence[Plan], visits: int, crew: WorkerPool) -> Found:
    """Live every world as it stands and with every switch turned, and judge them."""
    found = switches(plans[0])
    tasks = [Task(switch, plan, visits) for switch in (None, *found) for plan in plans]
    statistics = lived(live, tasks, crew, STUDY)
    worlds: dict[str, list[dict[str, float]]] = {}
    for task, own in zip(tasks, statistics, strict=True):
        worlds.setdefault(task.name, []).append(own)
    bounds = criteria()
    turned = tables.turned_verdicts(bounds, worlds)
    return Found(plans[0], len(plans), visits, turned, tables.effects(bounds, worlds, found))


# -- the command -----------------------------------------------------------------------------------------------------


def study(cfg: DictConfig) -> None:
    """Turn every switch of a composed configuration; print the answer and write what came out."""
    asked, plans = settings_of(cfg), plans_of(cfg)
    output_folder.check_docs(asked.docs, STUDY)
    with output_folder.OutputFolder(cfg.output, STUDY) as folder:
        found = turned_one_by_one(plans, asked.visits, process_pool(composition.processes_of(cfg)))
        output_folder.write_config(cfg, folder.path / "config.yaml")
        write_json(output_folder.about(plans[0]) | {"worlds": len(plans)}, folder.path / "about.json")
        print(write(found, folder.path))
        if asked.docs:
            output_folder.publish(folder.path, asked.docs, STUDY)
    print(folder.path)


def write(found: Found, folder: Path) -> str:
    """Write the tables, the page and the figure into `folder`; the answer as text."""
    from sim.plotting.figures import save, structure
    from sim.studies.patterns.words import IN_WORDS
    from sim.studies.structure import page

    for name, frame in (("verdicts", found.verdicts), ("effects", found.effects)):
        output_folder.write_table(frame, folder / f"{name}.parquet")
        output_folder.write_text(frame.to_csv(index=False), folder / f"{name}.csv")
    output_folder.write_text(page.write(found), folder / "summary.md")
    footer = (
        f"{found.worlds} worlds each, the same people and chance · seed {found.plan.seed}, "
        f"version {output_folder.version()}"
    )
    save(structure.draw(found.verdicts, found.effects, IN_WORDS, footer), folder / "figures" / STUDY)
    return page.answer(found)


def main(argv: list[str]) -> int:
    """`hybridwork structure`: every loop cut, one at a time; Hydra's overrides follow."""
    from sim.config.hydra_command import command

    return command(study, STUDY, argv, group=STUDY)
