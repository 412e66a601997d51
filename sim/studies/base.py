"""The steps that all studies share: settings, simulation, tables, figures, page and results.json.

A study defines its settings, its runs, its tables, the facts of its page, and its figures. `main` is its command.
`Study` writes a new folder each time; `KeptFolderStudy` stores its runs in one folder, where the same command resumes
it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, SupportsFloat, TypeVar

from sim.config.settings import StudySettings, read_settings
from sim.errors import UserError, invalid
from sim.experiments import output_folder
from sim.files import claim, write_json

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from omegaconf import DictConfig

    from sim.engine.plan import Plan
    from sim.runs.worker_pool import WorkerPool

S = TypeVar("S", bound=StudySettings)
P = TypeVar("P")
R = TypeVar("R")
ROWS_OF_A_CSV = 20_000
"""Longer tables are written as Parquet only."""


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table as plain values for `facts`, with None for missing numbers."""
    return table.astype(object).where(table.notna(), None).to_dict("records")


def with_range(name: str, value: SupportsFloat, low: SupportsFloat, high: SupportsFloat) -> dict[str, float]:
    """Return the columns of a value and of the ends of its interval or range: `name`, `name_low` and `name_high`."""
    return {name: float(value), f"{name}_low": float(low), f"{name}_high": float(high)}


def require_establishments(plan: Plan) -> None:
    """Raise UserError unless a plan has many establishments."""
    if plan.firm.kind != "study":
        raise UserError(invalid("firm", plan.firm.kind, "study_full, which has many establishments"))


def require_at_least(name: str, value: int, least: int) -> None:
    """Raise UserError for a number below the least that a study can use."""
    if value < least:
        raise UserError(invalid(name, value, f"{least:,} or more"))


class BaseStudy(ABC, Generic[S, R]):
    """The parts of a study that `Study` and `KeptFolderStudy` share.

    Attributes
    ----------
    name : str
        Name of the command, of the group `conf/study/<name>.yaml` and of the folder below `output`.
    settings_type : type of StudySettings
        The settings of the study and their ranges.
    group : str
        Group of the configuration that holds the settings, where it is not called `name`.
    page : str
        Name of the page in the documentation, where it is not called `name`.
    uses_pool : bool
        Whether `run` uses worker processes; otherwise this process does all the work.
    """

    name: ClassVar[str]
    settings_type: ClassVar[type[StudySettings]] = StudySettings
    group: ClassVar[str] = ""
    page: ClassVar[str] = ""
    uses_pool: ClassVar[bool] = True

    # -- parts that a study defines -----------------------------------------------------------------------------------

    @abstractmethod
    def study(self, cfg: DictConfig) -> None:
        """Run the study of a composed configuration: write its folder and print its answer."""

    def tables(self, results: R) -> Mapping[str, pd.DataFrame]:
        """Return the tables by name, by default the attribute `tables` of the results."""
        return results.tables  # type: ignore[attr-defined]

    @abstractmethod
    def facts(self, results: R) -> dict[str, Any]:
        """Return the values that the page states; they are also written to results.json."""

    @abstractmethod
    def figures(self, results: R, footer: str) -> Iterable[tuple[str, Figure]]:
        """Yield the name and the figure of every figure."""

    def about(self, results: R) -> dict[str, Any] | None:
        """Return entries to add to about.json; None if the runs write that file."""
        return {}

    # -- steps --------------------------------------------------------------------------------------------------------

    def settings(self, cfg: DictConfig) -> S:
        """Return the settings of a composed configuration; raise UserError for an invalid one."""
        group = self.group or self.name
        return read_settings(group, self.settings_type, cfg.get(group, {}))  # type: ignore[return-value]

    def write(self, results: R, plan: Plan, folder: Path, cfg: DictConfig | None = None) -> str:
        """Write tables, page, results.json and figures to a folder; return the answer to print."""
        from sim.plotting.figures import save
        from sim.reporting.templates import render

        for name, table in self.tables(results).items():
            output_folder.write_table(table, folder / f"{name}.parquet")
            if len(table) <= ROWS_OF_A_CSV:
                output_folder.write_text(table.to_csv(index=False), folder / f"{name}.csv")
        facts = {"version": output_folder.version(), "seed": plan.seed, **self.facts(results)}
        write_json(facts, folder / "results.json")
        if (about := self.about(results)) is not None:
            write_json(output_folder.about(plan) | about, folder / "about.json")
        if cfg is not None:
            output_folder.write_config(cfg, folder / "config.yaml")
        output_folder.write_text(render(self._package, facts), folder / "summary.md")
        for name, figure in self.figures(results, f"seed {plan.seed}, version {output_folder.version()}"):
            save(figure, folder / "figures" / name)
        return self.headline(facts)

    def headline(self, facts: Mapping[str, Any]) -> str:
        """Return the answer to print on the terminal: `headline.j2` with the facts."""
        from sim.reporting.templates import render

        return render(self._package, dict(facts), "headline.j2").rstrip()

    @property
    def _package(self) -> str:
        """Name of the package of the study, which holds its templates."""
        return type(self).__module__.rpartition(".")[0]

    def main(self, argv: list[str]) -> int:
        """Run the command with Hydra's overrides; return its exit code."""
        from sim.config.hydra_command import command

        return command(self.study, self.name, argv, group=self.name)


class Study(BaseStudy[S, R]):
    """A study that simulates a list of plans and writes a new folder each time."""

    @abstractmethod
    def plans(self, cfg: DictConfig, settings: S) -> Sequence[Plan]:
        """Return the plans to simulate; raise UserError for conflicting settings."""

    @abstractmethod
    def run(self, plans: Sequence[Plan], settings: S, pool: WorkerPool) -> R:
        """Simulate the plans and analyse them."""

    def study(self, cfg: DictConfig) -> None:
        """Run the study of a composed configuration: write its folder and print its answer."""
        from sim.experiments.sweep import pool_of
        from sim.runs.worker_pool import in_process_pool

        settings = self.settings(cfg)
        docs = getattr(settings, "docs", None)
        output_folder.check_docs(docs, self.group or self.name)
        plans = self.plans(cfg, settings)
        with output_folder.OutputFolder(cfg.output, self.name) as folder:
            with pool_of(cfg) if self.uses_pool else nullcontext(in_process_pool()) as pool:
                results = self.run(plans, settings, pool)
            headline = self.write(results, plans[0], folder.path, cfg)
            if docs:
                output_folder.publish(folder.path, docs, self.page or self.name)
        print(headline)
        print(folder.path)


class KeptFolderStudy(BaseStudy[S, R], Generic[S, P, R]):
    """A study that keeps its runs in one folder, where the same command resumes it.

    Its problem holds everything that it simulates, such as a sweep with its options.

    Attributes
    ----------
    kind : str
        Kind of folder, where it is not called `name`; see `sim.files.claim`.
    """

    kind: ClassVar[str] = ""

    @abstractmethod
    def problem(self, cfg: DictConfig, settings: S) -> P:
        """Return the problem to simulate; raise UserError for conflicting settings."""

    @abstractmethod
    def plan(self, problem: P) -> Plan:
        """Return the plan that about.json describes."""

    @abstractmethod
    def folder(self, cfg: DictConfig, problem: P) -> Path:
        """Return the folder of the study; raise UserError where it cannot be written."""

    @abstractmethod
    def run(self, problem: P, folder: Path, pool: WorkerPool) -> R:
        """Simulate missing runs, and analyse all runs."""

    def study(self, cfg: DictConfig) -> None:
        """Run or resume the study of a composed configuration: write its folder and print its answer."""
        from sim.experiments.sweep import pool_of

        problem = self.problem(cfg, self.settings(cfg))
        folder = self.folder(cfg, problem)
        claim(folder, self.kind or self.name)
        with pool_of(cfg) as pool:
            results = self.run(problem, folder, pool)
        print(self.write(results, self.plan(problem), folder, cfg))
        print(folder)
