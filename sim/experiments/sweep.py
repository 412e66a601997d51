"""A sweep: the rows of a design, run by a worker pool and stored in an archive; the same command resumes it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from pydantic import model_validator

from sim import paths
from sim.config import plan_builder, study_settings
from sim.config.settings import StudySettings, read_settings
from sim.engine.plan import Plan, check_memory
from sim.errors import UserError, as_written, invalid, is_whole
from sim.experiments import designs, output_folder, sweep_record
from sim.experiments.designs import ROW, Design
from sim.experiments.factors import DesignContext
from sim.experiments.results import Results
from sim.experiments.sweep_record import SweepRecord
from sim.files import check_claim, claim, first_names
from sim.outcomes.run_summary import TABLES
from sim.runs import worker_pool
from sim.runs.archive import WHOLE, Archive
from sim.runs.batch import DEFAULT_ROUTINE, Batch, Run, SimulationRoutine, simulate_batch
from sim.runs.identity import Identifier, digest, model_version
from sim.runs.worker_pool import WorkerPool, map_unordered
from sim.survey.instruments import INSTRUMENTS
from sim.world.calendar import DAYS_A_WEEK

_EMPLOYEE_DAYS = 20_000_000
"""Approximate size of a batch: a few seconds of work, the largest loss by a crash."""
_MOST_RUNS, _RAMP = 100, 40


class StorageSettings(StudySettings):
    """How the runs of a study are divided over processes and stored; `keep` are the tables of every run."""

    keep: Sequence[str] = ("levels",)
    batch: int | None = None
    part: int = 0
    parts: int = 1
    retry: bool = False

    @model_validator(mode="before")
    @classmethod
    def _check(cls, content: dict[str, Any]) -> dict[str, Any]:
        part, parts, batch = content.get("part", 0), content.get("parts", 1), content.get("batch")
        if not (is_whole(part) and is_whole(parts) and 0 <= part < parts):
            raise UserError(invalid("part", part, f"0 to parts - 1, where parts={as_written(parts)}"))
        if not (batch is None or (is_whole(batch) and batch >= 1)):
            raise UserError(invalid("batch", batch, "1 or more runs, or null"))
        names = content.get("keep", ["levels"])
        if not isinstance(names, list) or "levels" not in names:
            raise UserError(invalid("keep", names, "a list with levels, as in keep=[levels,weekly]"))
        if unknown := [name for name in names if name not in TABLES]:
            raise UserError(invalid("keep", unknown[0], TABLES))
        return content


@dataclass(frozen=True)
class Sweep:
    """The runs of a design.

    Within a run, the baseline and every policy always share people and random numbers.

    Attributes
    ----------
    context : DesignContext
        Configuration that the rows change.
    design : Design
        Table of settings.
    replicates : int
        Number of runs per row.
    tables : tuple of str
        Tables to store of each run.
    routine : SimulationRoutine
        Simulation of runs, and their tables.
    """

    context: DesignContext
    design: Design
    replicates: int = 1
    tables: tuple[str, ...] = ("levels",)
    routine: SimulationRoutine = DEFAULT_ROUTINE

    def runs(self, numbers: Sequence[int] | None = None) -> Iterator[Run]:
        """Yield all runs in the order of the design, or those with these numbers; UserError names an invalid row."""
        identify, rows = Identifier(), self.design.rows()
        for number in range(len(rows) * self.replicates) if numbers is None else numbers:
            row, replicate = divmod(number, self.replicates)
            try:
                plan = self._chance(self.context.at(rows[row], replicate), number)
            except UserError as mistake:
                raise UserError(f"Row {row} of the design: {mistake}") from None
            name = identify(plan)
            yield Run(digest([name, self.routine.version]) if self.routine.version else name, plan)

    def _chance(self, plan: Plan, number: int) -> Plan:
        """Return the plan of the run with this number; its replicate determines people and random numbers."""
        return replace(plan, replicate=number) if self.design.chance == designs.BY_ROW else plan

    def __len__(self) -> int:
        return len(self.design.table) * self.replicates

    @cached_property
    def question(self) -> str | None:
        """Digest of everything on which runs depend; None if rows change settings that files define."""
        tops = {str(name).partition(".")[0] for name in self.design.table.columns}
        if not tops <= {"mechanisms", "measures", *INSTRUMENTS}:
            return None
        content = [Identifier()(self.context.plan), self.replicates, self.design.chance, self.design.rows()]
        return digest([*content, self.routine.version] if self.routine.version else content)


def run_sweep(
    sweep: Sweep,
    folder: str | Path,
    pool: WorkerPool,
    part: tuple[int, int] = WHOLE,
    batch: int | None = None,
    retry: bool = False,
    about: Mapping[str, Any] | None = None,
) -> Results:
    """Run the missing runs of a sweep and return all its results.

    Parameters
    ----------
    sweep : Sweep
        Runs of a design.
    folder : str or Path
        Folder of the runs, which is created where it is missing.
    pool : WorkerPool
        Workers.
    part : tuple of int
        Part of the work, as (number, number of parts).
    batch : int, optional
        Runs per batch; by default for a few seconds of work.
    retry : bool
        Whether to repeat runs that failed.
    about : mapping, optional
        Entries to add to about.json.

    Raises
    ------
    UserError
        Where the folder cannot be written, is locked by another process, or contains another study, and where workers
        ended repeatedly over some runs.
    KeyboardInterrupt
        With the number of stored runs.
    """
    folder = paths.read_path(folder)
    check_claim(folder, "runs")
    identifiers = _identifiers(sweep, _read_record(folder, report=True))
    claim(folder, "runs")
    archive = Archive(folder, part)
    with archive.locked():
        _update_record(sweep, archive, identifiers, about or {})
        report_clearing(archive)
        known = archive.known(sweep.tables)
        finished = {run: error for run, error in known.items() if not (retry and error)}
        lost = _carry_out(sweep, archive, pool, _own(identifiers, part), finished, batch)
    if lost:
        raise UserError(
            f"Workers ended repeatedly over {lost:,} runs, which are missing in {folder}. "
            "The same command tries them again. If memory is short, use workers=1."
        )
    return Results(archive.folder)


def _own(identifiers: Sequence[str], part: tuple[int, int]) -> dict[str, int]:
    """Return the runs of a part of the design, each once, with the number of its first row and replicate."""
    own: dict[str, int] = {}
    for number, identifier in enumerate(identifiers):
        if number * part[1] // len(identifiers) == part[0]:
            own.setdefault(identifier, number)
    return own


def _carry_out(
    sweep: Sweep, archive: Archive, pool: WorkerPool, own: Mapping[str, int], known: Mapping[str, str], size: int | None
) -> int:
    """Simulate missing runs; return the number of runs over which workers ended repeatedly."""
    from tqdm import tqdm

    missing = [number for identifier, number in own.items() if identifier not in known]
    done, lost = len(own) - len(missing), 0
    failed = sum(bool(known.get(identifier)) for identifier in own)
    working = map_unordered(simulate_batch, _batches(sweep, missing, size, pool.workers), pool)
    bar = tqdm(total=len(own), initial=done, unit="run", disable=None, file=sys.stderr, smoothing=0.05)
    with bar, closing(working):
        try:
            for work, ready in working:
                if ready is None:
                    lost += len(work.runs)
                    continue
                archive.write(ready)
                done, failed = done + ready.done + ready.failed, failed + ready.failed
                bar.update(ready.done + ready.failed)
                bar.set_postfix(failed=failed)
        except KeyboardInterrupt:
            bar.close()
            raise KeyboardInterrupt(
                f"Interrupted. {done:,} of {len(own):,} runs are stored in {archive.folder}. The same command resumes."
            ) from None
    return lost


def _batches(sweep: Sweep, missing: Sequence[int], size: int | None, workers: int) -> Iterator[Batch]:
    """Yield the missing runs in batches of this size, or of some seconds of work; the first ones are smaller."""
    cut: list[Run] = []
    days = count = 0
    for run in sweep.runs(missing):
        cut.append(run)
        plan = run.plan
        days += plan.firm.people * DAYS_A_WEEK * (plan.burn_in + plan.weeks * len(plan.scenarios))
        ramp = _RAMP if count < workers * worker_pool.PREFETCH_PER_WORKER else 1
        if len(cut) >= size if size else days >= _EMPLOYEE_DAYS / ramp or len(cut) >= _MOST_RUNS:
            yield Batch(tuple(cut), sweep.tables, model_version(), sweep.routine)
            cut, days, count = [], 0, count + 1
    if cut:
        yield Batch(tuple(cut), sweep.tables, model_version(), sweep.routine)


def _update_record(sweep: Sweep, archive: Archive, identifiers: Sequence[str], more: Mapping[str, Any]) -> None:
    """Write the record of a sweep where it differs from that of the folder, which must be one that it extends."""
    with archive.record_locked():
        before = _read_record(archive.folder)
        _check_extends(before, set(identifiers), archive)
        contents = _record_of(sweep, identifiers, more)
        if before is None or not _is_current(before, contents, archive.folder):
            sweep_record.write(archive.folder, contents)


def _read_record(folder: Path, report: bool = False) -> SweepRecord | None:
    """Return the record of a folder; None where it is missing or damaged, which is passed to `report`."""
    if not sweep_record.exists(folder):
        return None
    try:
        return sweep_record.read(folder)
    except UserError as damage:
        if report:
            print(f"{str(damage).partition('. ')[0]}. It is rebuilt, and finished runs are kept.", file=sys.stderr)
        return None


def _identifiers(sweep: Sweep, before: SweepRecord | None) -> list[str]:
    """Return the ids of all runs in the order of the design, read from a verified record of the same runs if any."""
    if before is not None and before.verified and sweep.question and before.about.get("question") == sweep.question:
        runs = before.runs  # in the order of row and replicate
        if (runs[ROW] * sweep.replicates + runs["replicate"]).tolist() == list(range(len(sweep))):
            return list(runs["run"])
    return [run.identifier for run in sweep.runs()]


def _record_of(sweep: Sweep, identifiers: Sequence[str], more: Mapping[str, Any]) -> dict[str, bytes]:
    """Return the contents of the files of a sweep's record."""
    import pandas as pd

    design, table = sweep.design, sweep.design.table
    own_paths = {
        name: [paths.shorten(value, name) for value in table[name]] for name in table if name in paths.SETTINGS
    }
    runs = pd.DataFrame({"run": identifiers})
    runs[ROW], runs["replicate"] = runs.index // sweep.replicates, runs.index % sweep.replicates
    factors = [{**asdict(factor), "options": paths.shorten(factor.options, factor.name)} for factor in design.factors]
    about = {
        **output_folder.about(sweep.context.plan),
        "model": model_version(),
        "question": sweep.question,
        "design": {"method": design.method, "chance": design.chance, "factors": factors},
        "replicates": sweep.replicates,
        "tables": list(sweep.tables),
        **more,
    }
    return sweep_record.encode(about, table.assign(**own_paths), runs)


def _is_current(before: SweepRecord, contents: Mapping[str, bytes], folder: Path) -> bool:
    """Return whether the record of a folder is up to date, apart from the time and command that wrote it."""
    if not before.verified or any(
        (folder / name).read_bytes() != contents[name] for name in (sweep_record.DESIGN, sweep_record.RUNS)
    ):
        return False
    of_one_command = ("written", "asked", "files_needed")  # parts of one study differ in these entries
    now = json.loads(contents[sweep_record.ABOUT])
    return all(before.about.get(name) == value for name, value in now.items() if name not in of_one_command)


def _check_extends(before: SweepRecord | None, identifiers: set[str], archive: Archive) -> None:
    """Raise UserError where a folder has runs of a sweep that this one does not extend."""
    runs = set(archive.known()) if before is None else set(before.runs["run"])
    missing = runs - identifiers
    if not missing or (before is None and missing != runs):
        return
    if before is None:
        reason = f"It has {len(runs):,} runs, none of which is in this sweep."
    elif (model := before.about.get("model")) != model_version():
        reason = f"It has runs of version {model} of the model, and this is version {model_version()}."
    else:
        reason = f"It has {len(before.runs):,} runs, {len(missing):,} of which are not in this sweep."
    accepted = "another folder, or extend its sweep by a larger design.n, design.times or file"
    raise UserError(invalid("folder", archive.folder, accepted, reason))


def report_clearing(archive: Archive) -> None:
    """Remove altered and unfinished batches; report removed batches and foreign files on stderr."""
    if altered := archive.remove_invalid():
        print(f"Damaged batches in {archive.folder}: {altered}. Their runs are repeated.", file=sys.stderr)
    if foreign := archive.foreign():
        print(f"No batches in {archive.batches}: {first_names(foreign)}. They are left alone.", file=sys.stderr)


# -- the command ------------------------------------------------------------------------------------------------------


def study(cfg: DictConfig) -> None:
    """Run the sweep of a composed configuration and print a summary."""
    sweep = sweep_of(cfg)
    # With `BY_ROW`, the people of a run depend on its number, and therefore on the number of replicates.
    folder = folder_of(cfg, "sweep", *([sweep.replicates] if sweep.design.chance == designs.BY_ROW else []))
    storage = storage_of(cfg)
    with pool_of(cfg) as pool:
        results = run_sweep(sweep, folder, pool, (storage.part, storage.parts), storage.batch, storage.retry)
    if not results.any_done:
        raise UserError(f"All runs failed: {results.summary_text().splitlines()[1].strip()}")
    print(results.summary_text())
    print(folder)


def sweep_of(cfg: DictConfig) -> Sweep:
    """Return the sweep of a composed configuration; raise UserError for invalid settings."""
    context = DesignContext(cfg)
    check_memory(context.plan, len(context.plan.scenarios), local_workers(cfg))
    settings = design_of(cfg)
    factors = designs.factors_of(settings, context.plan, context.fixed)
    design = designs.make(settings, factors)
    designs.check_not_named(design, context.explicit | context.fixed)
    context.check_policies(design.table.columns)
    return Sweep(context, design, study_settings.settings_of(cfg).replicates, tuple(storage_of(cfg).keep))


def storage_of(cfg: DictConfig) -> StorageSettings:
    """Return how a study stores its runs; raise UserError for an invalid setting."""
    return read_settings("", StorageSettings, OmegaConf.masked_copy(cfg, list(StorageSettings.model_fields)))


def design_of(cfg: DictConfig) -> designs.Settings:
    """Return the settings of the design; raise UserError for an invalid one."""
    return study_settings.read_dataclass("design", designs.Settings, cfg.design)


def pool_of(cfg: DictConfig) -> AbstractContextManager[WorkerPool]:
    """Open the worker pool of the group `executor`; without it, processes of this machine."""
    kind, workers = cfg.get("executor", {}).get("kind", "local"), study_settings.processes_of(cfg)
    if kind == "dask":
        return worker_pool.dask_pool(cfg.executor.address, workers)
    if kind != "local":
        raise UserError(invalid("executor.kind", kind, ("local", "dask")))
    return nullcontext(worker_pool.process_pool(workers))


def local_workers(cfg: DictConfig) -> int:
    """Return the number of processes on this machine, which is 1 with a cluster."""
    return 1 if cfg.executor.kind == "dask" else study_settings.processes_of(cfg)


def folder_of(cfg: DictConfig, study: str, *more: Any) -> Path:
    """Return the folder of a study's runs, which does not depend on the size of its design, so it can be extended."""
    design = design_of(cfg)
    content = paths.shorten(OmegaConf.to_container(cfg.design), "design")
    settings = {field.name: content[field.name] for field in fields(design)} | {"chance": designs.chance_of(design)}
    del settings[designs.GROWS_BY.get(design.method, "n")]
    question = digest([Identifier()(plan_builder.build_plan(cfg)), settings, *more])
    return named_folder(cfg, study, f"{design.method}-{question[:8]}")


def named_folder(cfg: DictConfig, study: str, name: str) -> Path:
    """Return the folder of a study, by default one of this name below `output`; UserError where it is not writable."""
    if cfg.folder is None:
        setting, folder = "output", paths.read_path(str(cfg.output)) / study / name
    elif not str(cfg.folder):
        raise UserError(invalid("folder", '""', "a name, as in folder=outputs/mine, or null"))
    else:
        setting, folder = "folder", paths.read_path(str(cfg.folder))
    paths.check_writable(folder, setting)
    return folder


def main(argv: list[str]) -> int:
    """Run `hybridwork sweep` with Hydra's overrides."""
    from sim.config.hydra_command import command

    return command(study, "sweep", argv, group="sweep")
