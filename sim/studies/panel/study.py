"""A virtual panel: its files for R, SPSS and Stata, and what lags and drop-out make of the truth.

The panel of the first world is written as data, in every scenario that is asked for. Over all worlds it is told what
such a panel would report, and beside it what is true.
"""

from __future__ import annotations

import itertools
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sim.config import composition
from sim.engine.plan import Plan, check_memory
from sim.errors import UserError
from sim.experiments import output_folder
from sim.experiments.sweep import local_workers, pool_of
from sim.files import write_json
from sim.paths import check_writable, read_path
from sim.runs.worker_pool import WorkerPool, map_unordered
from sim.studies.panel import codebook, page, results, syntax, tables
from sim.studies.panel.data_collection import Panel, followed
from sim.studies.panel.results import Asked
from sim.survey.interview import interview_of

if TYPE_CHECKING:
    import pandas as pd
    from omegaconf import DictConfig

_BYTES_AN_ANSWER = 1_000
"""What is kept of each member on each occasion in each world."""
_COPIES = 3
"""In how many tables and texts the panel stands at once when it is written."""
_LONGEST = 240.0
"""Months."""
_MOST_WAVES = 24
BEGIN, END = "<!-- results: written by `hybridwork panel`, not by hand -->", "<!-- end of results -->"


def study(cfg: DictConfig) -> None:
    """Draw the panel that a composed configuration asks for, and write its files, tables, page and figure."""
    asked = asked_of(cfg)
    plan = plan_of(cfg, asked)
    plans = [replace(plan, replicate=number) for number in range(composition.settings_of(cfg).replicates)]
    published = None if asked.page is None else Page.read(read_path(asked.page))
    with output_folder.OutputFolder(cfg.output, "panel") as folder:
        panel = followed(plan, asked.weeks, asked.invited)
        with pool_of(cfg) as crew:
            found = results.tables(worlds(plans, asked, crew))
        write_data(panel, plan, folder.path)
        told = write(panel, plan, asked, found, folder.path)
        output_folder.write_config(cfg, folder.path / "config.yaml")
        write_json(output_folder.about(plan) | {"worlds": len(plans)}, folder.path / "about.json")
        if published is not None:
            published.write(told, folder.path / "figures" / "panel.png")
    print(page.opening(found, asked))
    print(folder.path)


def worlds(plans: Sequence[Plan], asked: Asked, crew: WorkerPool, quiet: bool = False) -> list[dict]:
    """The rows of every world in the order of the replicates, whoever of the crew lives it."""
    from tqdm import tqdm

    found = {}
    with tqdm(total=len(plans), unit="world", desc="panels", disable=quiet or None, file=sys.stderr) as bar:
        for plan, rows in map_unordered(partial(results.of_world, asked=asked), plans, crew):
            if rows is None:
                raise UserError("workers ended again and again; where memory is short, ask for workers=1")
            found[plan.replicate] = rows
            bar.update()
    return [found[plan.replicate] for plan in plans]


def write_data(panel: Panel, plan: Plan, folder: Path) -> None:
    """Write the panel long and wide, the truth, the codebook, and the syntax of three programs into `folder`."""
    long = tables.long(panel, plan)
    data = {
        "panel": long,
        "panel_wide": tables.wide(long, plan),
        "truth": tables.truth(panel, plan),
        "codebook": codebook.table(plan, panel.weeks),
    }
    for name, table in data.items():
        write_csv(table, folder / f"{name}.csv")
    output_folder.write_text(codebook.page(plan, panel.weeks), folder / "codebook.md")
    for name, text in syntax.files(codebook.of_panel(plan, panel.weeks)).items():
        output_folder.write_text(text, folder / name)


def write(panel: Panel, plan: Plan, asked: Asked, found: Mapping[str, pd.DataFrame], folder: Path) -> str:
    """Write the tables of results, the page and the figure into `folder`; the page."""
    from sim.plotting.figures import panel as figure
    from sim.plotting.figures import save
    from sim.studies.panel import published

    for name, table in found.items():
        output_folder.write_table(table, folder / f"{name}.parquet")
        write_csv(table.round(6), folder / f"{name}.csv")
    trial = results.trial(panel, plan)
    if not trial.empty:
        write_csv(trial, folder / "trial.csv")
    told = page.write(found, asked, plan, trial, interview_of(plan))
    output_folder.write_text(told, folder / "summary.md")
    footer = f"seed {plan.seed}, version {output_folder.version()}"
    drawn = figure.draw(found["lags"], found["retests"], published.lags(), published.retests(), footer)
    save(drawn, folder / "figures" / "panel")
    return told


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table as csv, whole or not at all."""
    output_folder.write_text(table.to_csv(index=False, lineterminator="\n"), path)


@dataclass(frozen=True)
class Page:
    """A page with results between two marks: its path, and the text before and after them."""

    path: Path
    head: str
    tail: str

    @classmethod
    def read(cls, path: Path) -> Page:
        """Read a page; raises UserError where it cannot be read or written, or lacks the marks."""
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise UserError(f"panel.page is {path}, which cannot be read ({error.strerror}); name a page") from None
        head, begin, rest = text.partition(BEGIN)
        _, end, tail = rest.partition(END)
        if not begin or not end:
            raise UserError(f"{path} lacks the marks '{BEGIN}' and '{END}' between which results are written")
        check_writable(path.parent, "panel.page")
        return cls(path, head, tail)

    def write(self, told: str, figure: Path) -> None:
        """Put results between the marks, and the figure into the folder `figures` beside the page."""
        results_alone = told.partition("\n")[2].strip()
        output_folder.write_text(f"{self.head}{BEGIN}\n\n{results_alone}\n\n{END}{self.tail}", self.path)
        figures = self.path.parent / "figures"
        figures.mkdir(exist_ok=True)
        output_folder.write_by(figures / figure.name, lambda temporary: shutil.copyfile(figure, temporary))


# -- what is asked ---------------------------------------------------------------------------------------------------


def asked_of(cfg: DictConfig) -> Asked:
    """What a composed configuration asks of the panel; raises UserError for whatever cannot be."""
    asked: Asked = composition.read("panel", Asked, cfg.panel)
    _check_months("panel.waves", asked.waves, first=0)
    _check_months("panel.spacings", asked.spacings)
    if not 2 <= len(asked.waves) <= _MOST_WAVES:
        raise UserError(f"panel.waves has {len(asked.waves)} waves; 2 to {_MOST_WAVES} are right")
    if asked.invited < 1:
        raise UserError(f"panel.invited is {asked.invited}; a whole number above 0 is right")
    return asked


def _check_months(name: str, months: Sequence[float], first: float | None = None) -> None:
    """Raise UserError unless they are months in ascending order, at least one apart, beginning with `first`."""
    shown = f"[{', '.join(f'{month:g}' for month in months)}]"
    if not months:
        example = f"{name}=[{1 if first is None else 0},3,6,12]"
        raise UserError(f"Invalid value for {name}: it is empty. Use a list of months, as in {example}.")
    if first is not None and months[0] != first:
        raise UserError(f"{name} is {shown}; it begins with {first:g}, when people join")
    least = months if first is None else months[1:]
    if any(month < 1 for month in least) or any(b - a < 1 for a, b in itertools.pairwise(months)):
        raise UserError(f"{name} is {shown}; months in ascending order, at least one month apart, are right")
    if months[-1] > _LONGEST:
        raise UserError(f"{name} goes on for {months[-1]:g} months; at most {_LONGEST:g} are right")


def plan_of(cfg: DictConfig, asked: Asked) -> Plan:
    """The plan of the first world, as long as anybody is looked at; raises UserError for whatever cannot be."""
    if cfg.firm.kind == "own":
        raise UserError(
            "panel writes a row for every person, which must not be done for the places of a real organisation; "
            "firm=one with its size and circumstances is right"
        )
    plan = composition.build_plan(cfg)
    check_memory(plan, len(plan.scenarios), local_workers(cfg), *_bytes_held(plan, asked, local_workers(cfg)))
    return replace(plan, weeks=max(asked.looks[-1], 1))


def _bytes_held(plan: Plan, asked: Asked, workers: int) -> tuple[float, float]:
    """About how many bytes panels take while worlds are simulated, and with their tables when they are written."""
    written = len(plan.scenarios) * len(asked.waves) * asked.invited * _BYTES_AN_ANSWER
    followed_now = workers * len(asked.looks) * asked.invited * _BYTES_AN_ANSWER
    return written + followed_now, written * (1 + _COPIES)


def main(argv: list[str]) -> int:
    """`hybridwork panel`: a virtual panel and what it would find; Hydra's overrides follow."""
    from sim.config.hydra_command import command

    return command(study, "panel", argv, group="panel")
