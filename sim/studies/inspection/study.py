"""The study of 2022 done again inside the model, many times, each in a world of its own.

    plans -> worlds -> studies (repeat.py) -> tables (tables.py) -> page and figure

Beside them, a few worlds of large establishments tell how many employees one must speak to (reach.py).
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sim.config import plan_builder, study_settings
from sim.engine.plan import BASELINE, Plan, check_memory
from sim.errors import UserError
from sim.experiments import output_folder
from sim.files import write_json
from sim.levers.measure import Measure
from sim.runs.worker_pool import WorkerPool, map_unordered, process_pool
from sim.studies.inspection import tables
from sim.studies.inspection.repeated_surveys import ON_SITE, Study, studied
from sim.studies.inspection.sample_coverage import Reach, of_establishments, of_the_sector, reached
from sim.survey.interview import interview_of

if TYPE_CHECKING:
    import pandas as pd
    from omegaconf import DictConfig

    from sim.plotting.figures.selection import Labels

_RANGES = {
    "weeks_on_site": (0, 260),
    "dealt": (20, 10_000),
    "reach_worlds": (1, 100),
    "reach_sample": (10, 2_000),
}
_FEWEST_STUDIES = 2
_HOLDS_CHANCE = "other employers, people and luck; the model's numbers are held fixed"
_HOLDS_DRAWS = (
    "other employers, people, luck, and other numbers of the model, drawn from those that agree with the figures"
)


@dataclass(frozen=True)
class Inspection:
    """What `conf/study/inspection.yaml` may say under `inspection`; whatever cannot be raises UserError.

    weeks_on_site  weeks for which a world is lived beside one fully on site, to count who has fewer contacts; 0: not
    dealt          times that answers are dealt anew, for what chance alone gives
    reach_worlds   worlds of large establishments in which employees are spoken to
    reach_sample   people simulated of each establishment there
    employees      numbers of employees spoken to, rising
    visited        numbers of establishments for the picture of all
    close          measures of 15 within which one wants to know
    """

    weeks_on_site: int
    dealt: int
    reach_worlds: int
    reach_sample: int
    employees: list[int]
    visited: list[int]
    close: float

    def __post_init__(self) -> None:
        for name, (least, most) in _RANGES.items():
            if not least <= getattr(self, name) <= most:
                raise UserError(
                    f"inspection.{name} is {getattr(self, name)}; a whole number from {least} to {most:,} is right"
                )
        for name in ("employees", "visited"):
            numbers = getattr(self, name)
            if not numbers or min(numbers) < 1 or list(numbers) != sorted(set(numbers)):
                raise UserError(
                    f"inspection.{name} is {list(numbers)}; whole numbers that rise are right, as in [1, 2, 5]"
                )
        if 2 * max(self.employees) > self.reach_sample:
            raise UserError(
                f"inspection.employees asks for {max(self.employees)} and inspection.reach_sample is "
                f"{self.reach_sample}; at most half the people of an establishment can be spoken to"
            )
        if not 0 < self.close <= 15:
            raise UserError(f"inspection.close is {self.close:g}; a number of measures above 0 and up to 15 is right")


_BYTES_A_STUDY, _BYTES_A_PLACE = 50_000, 710
"""What is kept of each virtual study, and of each place of the worlds of large establishments."""


@dataclass(frozen=True)
class Inspected:
    """All that came out.

    plan     the first virtual study's
    holds    what ranges over virtual studies hold, in words
    studies  one for each repeat
    reach    one for each world of large establishments
    measures those that exist, with the study's shares
    """

    plan: Plan
    asked: Inspection
    holds: str
    studies: Sequence[Study]
    reach: Sequence[Reach]
    measures: Sequence[Measure]

    @property
    def chosen(self) -> float:
        """The share of employers who choose whom the inspector meets."""
        return interview_of(self.plan).employer_chooses

    @cached_property
    def as_reported(self) -> np.ndarray:
        """(study,) how many patterns each virtual study reports as the study of 2022 did."""
        return tables.as_reported(self.studies, {pattern.use for pattern in tables.looked_for()})

    @cached_property
    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Every table by name."""
        relations = tables.table_of_relations(self.studies)
        few = self.asked.employees[:3]
        return {
            "measures": tables.table_of_measures(self.studies, self.measures),
            "mismatches": tables.table_of_mismatches(self.studies),
            "patterns": tables.table_of_patterns(self.studies, relations),
            "relations": relations,
            "tests": tables.table_of_tests(self.studies),
            "ratings": tables.table_of_ratings(self.studies),
            "establishments": of_establishments(self.reach, self.asked.employees),
            "sector": of_the_sector(self.reach, self.asked.visited, few, self.chosen),
            "studies": tables.numbers(self.studies),
        }


# -- the work ---------------------------------------------------------------------------------------------------------


def inspect(
    plans: Sequence[Plan], asked: Inspection, measures: Sequence[Measure], crew: WorkerPool, quiet: bool = False
) -> Inspected:
    """A virtual study of every plan, and some worlds of large establishments beside them.

    A plan needs the scenario `fully_on_site` unless `asked.weeks_on_site` is 0. Plans may differ in anything.
    """
    from tqdm import tqdm

    large = [_large(plan, asked) for plan in plans[: asked.reach_worlds]]
    held = len(plans) * _BYTES_A_STUDY + sum(plan.firm.people for plan in large) * _BYTES_A_PLACE
    for plan in (plans[0], large[0]):
        check_memory(plan, 2, crew.workers, held)
    todo = [("study", number, plan, asked) for number, plan in enumerate(plans)]
    todo += [("reach", number, plan, asked) for number, plan in enumerate(large)]
    done: dict[tuple[str, int], Study | Reach] = {}
    with tqdm(total=len(todo), unit="world", desc="inspection", disable=quiet or None, file=sys.stderr) as bar:
        for (what, number, *_), result in map_unordered(_lived, todo, crew):
            if result is None:
                raise UserError(
                    "workers ended again and again before their worlds were done; "
                    "where memory is short, ask for workers=1"
                )
            done[what, number] = result
            bar.update()
    studies, reach = ([done[key] for key in sorted(done) if key[0] == what] for what in ("study", "reach"))
    return Inspected(plans[0], asked, _holds(plans), studies, reach, measures)  # type: ignore[arg-type]


def _lived(item: tuple[str, int, Plan, Inspection]) -> Study | Reach:
    what, _, plan, asked = item
    if what == "reach":
        return reached(plan, asked.employees)
    return studied(plan, asked.weeks_on_site, asked.dealt)


def _large(plan: Plan, asked: Inspection) -> Plan:
    """The plan with larger samples of its establishments."""
    return replace(plan, firm=replace(plan.firm, sample=asked.reach_sample), scenarios=(BASELINE,))


def _holds(plans: Iterable[Plan]) -> str:
    first, *others = plans
    same = all(plan.parameters == first.parameters and plan.measures == first.measures for plan in others)
    return _HOLDS_CHANCE if same else _HOLDS_DRAWS


# -- the command ------------------------------------------------------------------------------------------------------


def study(cfg: DictConfig) -> None:
    """Do the study of 2022 again for a composed configuration; print the answer and write what came out."""
    asked: Inspection = study_settings.read_dataclass("inspection", Inspection, cfg.inspection)
    plans = plan_builder.build_plans(cfg)
    check_plans(plans)
    with output_folder.OutputFolder(cfg.output, "inspection") as folder:
        seen = inspect(plans, asked, plan_builder.measures_of(cfg), process_pool(study_settings.processes_of(cfg)))
        output_folder.write_config(cfg, folder.path / "config.yaml")
        write_json(
            output_folder.about(seen.plan) | {"replicates": len(plans), "holds": seen.holds}, folder.path / "about.json"
        )
        print(write(seen, folder.path))
    print(folder.path)


def check_plans(plans: Sequence[Plan]) -> None:
    """Raise UserError where the plans make no virtual study."""
    first = plans[0]
    if first.firm.kind != "study":
        raise UserError(
            f"firm is '{first.firm.kind}'; an inspection visits many establishments, so firm=study_full is right"
        )
    others = [scenario.name for scenario in first.scenarios if scenario.name not in (BASELINE.name, ON_SITE)]
    if others:
        raise UserError(
            f"{others[0]} has no place in an inspection, which visits the practice of 2022; leave it out, or change "
            "parameters, as in mechanisms.cascade.carried_out=0.8"
        )
    if len(plans) < _FEWEST_STUDIES:
        raise UserError(f"replicates is {len(plans)}; at least {_FEWEST_STUDIES} virtual studies are right")


def write(seen: Inspected, folder: Path, labels: Labels = None) -> str:
    """Write the tables, the page and the figure into `folder`; the answer as text."""
    from sim.plotting.figures import inspection, save
    from sim.studies.inspection import page

    for name, table in seen.tables.items():
        output_folder.write_table(table, folder / f"{name}.parquet")
        output_folder.write_text(table.to_csv(index=False), folder / f"{name}.csv")
    output_folder.write_text(page.write(seen), folder / "summary.md")
    footer = f"{len(seen.studies):,} virtual studies · seed {seen.plan.seed}, version {output_folder.version()}"
    save(inspection.draw(seen.tables, labels, footer), folder / "figures" / "inspection")
    return page.verdict(seen)


def main(argv: list[str]) -> int:
    """`hybridwork inspection`: the study of 2022 again, inside the model; Hydra's overrides follow."""
    from sim.config.hydra_command import command

    return command(study, "inspection", argv, group="inspection")
