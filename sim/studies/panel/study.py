"""Simulated panel survey: data files for R, SPSS and Stata, and the effect of lags and drop-out on its results.

The panel of the first world is exported as data, under each scenario. Over all worlds, `results.py` compares estimates
of such a panel with the true effects. `report.md.j2` is the page.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.config import plan_builder, study_settings
from sim.engine.plan import Plan, check_memory
from sim.errors import UserError, invalid
from sim.experiments import output_folder
from sim.experiments.sweep import local_workers
from sim.paths import check_writable, read_path
from sim.reporting.templates import render
from sim.runs.worker_pool import WorkerPool, map_ordered
from sim.studies.base import Study
from sim.studies.panel import codebook, facts, literature, results, tables
from sim.studies.panel.data_collection import Panel, simulate_panel
from sim.studies.panel.results import Settings
from sim.survey.instruments import instruments_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from omegaconf import DictConfig

_BYTES_PER_RESPONSE = 1_000
"""Memory of each member on each occasion in each world."""
_COPIES = 3
"""Tables and texts that hold the panel at once when it is written."""
BEGIN, END = "<!-- results: written by `hybridwork panel`, not by hand -->", "<!-- end of results -->"


@dataclass(frozen=True)
class Results:
    """The exported panel and its plan, the tables over all worlds, and the trial with each policy."""

    plan: Plan
    panel: Panel
    settings: Settings
    worlds: int
    tables: Mapping[str, pd.DataFrame]
    trial: pd.DataFrame


class PanelStudy(Study[Settings, Results]):
    """Study that exports a simulated panel survey and compares its estimates with the true effects."""

    name = "panel"
    settings_type = Settings

    def plans(self, cfg: DictConfig, settings: Settings) -> list[Plan]:
        """Return one plan per world, as long as the panel is observed."""
        if cfg.firm.kind == "own":
            reason = "The panel writes a row for every person, which must not be done for a real organisation."
            raise UserError(invalid("firm", "own", "firm=one with its size and circumstances", reason))
        plan = plan_builder.build_plan(cfg)
        workers = local_workers(cfg)
        check_memory(plan, len(plan.scenarios), workers, *_bytes_held(plan, settings, workers))
        if settings.page is not None:
            _read_page(read_path(settings.page))
        plan = replace(plan, weeks=max(settings.occasions[-1], 1))
        return [replace(plan, replicate=number) for number in range(study_settings.settings_of(cfg).replicates)]

    def run(self, plans: Sequence[Plan], settings: Settings, pool: WorkerPool) -> Results:
        """Simulate the exported panel under each scenario, and a panel without a policy in every world."""
        panel = simulate_panel(plans[0], settings.weeks, settings.invited)
        worlds = map_ordered(partial(results.of_world, settings=settings), plans, pool, self.name)
        trial = results.trial(panel, plans[0])
        return Results(plans[0], panel, settings, len(plans), results.tables(worlds), trial)

    def about(self, results: Results) -> dict[str, Any]:
        """Return the number of worlds."""
        return {"worlds": results.worlds}

    def tables(self, results: Results) -> dict[str, pd.DataFrame]:
        """Return the estimates over all worlds, and the trial if there is a policy."""
        return {**results.tables, **({} if results.trial.empty else {"trial": results.trial})}

    def facts(self, results: Results) -> dict[str, Any]:
        own = facts.facts(results.tables, results.settings, results.trial)
        return {"worlds": results.worlds, "stop": instruments_of(results.plan).interview.stop, **own}

    def figures(self, results: Results, footer: str) -> Iterable[tuple[str, Figure]]:
        """Yield the figure of lagged effects and retests."""
        import pandas as pd

        from sim.plotting.figures import panel

        own = (results.tables["lags"], results.tables["retests"])
        known = (pd.DataFrame(literature.LAGS), pd.DataFrame(literature.RETESTS))
        yield self.name, panel.draw(*own, *known, literature.LABELS, footer)

    def write(self, results: Results, plan: Plan, folder: Path, cfg: DictConfig | None = None) -> str:
        """Write the data files beside tables, page and figure, and replace the results on `panel.page`."""
        headline = super().write(results, plan, folder, cfg)
        write_data(results.panel, plan, folder)
        if results.settings.page is not None:
            update_page(read_path(results.settings.page), folder)
        return headline


main = PanelStudy().main


def _bytes_held(plan: Plan, settings: Settings, workers: int) -> tuple[float, float]:
    """Return the memory of panels during the simulation, and with their tables when they are written."""
    exported = len(plan.scenarios) * len(settings.waves) * settings.invited * _BYTES_PER_RESPONSE
    simulated = workers * len(settings.occasions) * settings.invited * _BYTES_PER_RESPONSE
    return exported + simulated, exported * (1 + _COPIES)


def write_data(panel: Panel, plan: Plan, folder: Path) -> None:
    """Write the panel (long and wide), the truth, the codebook, and syntax for three programs."""
    long = tables.long(panel, plan)
    data = {
        "panel": long,
        "panel_wide": tables.wide(long, plan),
        "truth": tables.truth(panel, plan),
        "codebook": codebook.table(plan, panel.weeks),
    }
    for name, table in data.items():
        output_folder.write_text(table.to_csv(index=False, lineterminator="\n"), folder / f"{name}.csv")
    page = render(__package__ or "", codebook.facts(plan, panel.weeks), "codebook.md.j2")
    output_folder.write_text(page, folder / "codebook.md")
    for name, text in codebook.syntax(codebook.of_panel(plan, panel.weeks)).items():
        output_folder.write_text(text, folder / name)


def _read_page(path: Path) -> tuple[str, str]:
    """Return the text before and after the results; raise UserError if the page cannot be used or lacks the marks."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"Cannot read panel.page={path}: {error.strerror}. Use a page with results.") from None
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise UserError(f"Missing marks in panel.page={path}. Put '{BEGIN}' and '{END}' around the results.")
    check_writable(path.parent, "panel.page")
    return head, tail


def update_page(path: Path, folder: Path) -> None:
    """Put the page of the study, without its title, between the marks of a page, and copy the figure."""
    head, tail = _read_page(path)
    text = (folder / "summary.md").read_text(encoding="utf-8").partition("\n")[2].strip()
    output_folder.write_text(f"{head}{BEGIN}\n\n{text}\n\n{END}{tail}", path)
    figure = path.parent / "figures" / "panel.png"
    figure.parent.mkdir(exist_ok=True)
    output_folder.write_by(figure, lambda temporary: shutil.copyfile(folder / "figures" / figure.name, temporary))
