"""A sweep: the rows of a design, run by a worker pool and stored in an archive; the same command resumes it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim import paths
from sim.config import composition, plan_builder, study_settings
from sim.engine.plan import Plan, check_memory
from sim.errors import UserError, as_written, instead, invalid
from sim.experiments import designs, output_folder, sweep_record
from sim.experiments.designs import ROW, Design
from sim.experiments.factors import DesignContext, Factor
from sim.experiments.results import Results
from sim.experiments.sweep_record import SweepRecord
from sim.files import check_claim, claim, shown
from sim.outcomes.run_summary import TABLES
from sim.runs import worker_pool
from sim.runs.archive import WHOLE, Archive
from sim.runs.batch import DEFAULT_ROUTINE, Batch, Run, SimulationRoutine, simulate_batch
from sim.runs.identity import Identifier, digest, model_version
from sim.runs.worker_pool import WorkerPool, map_unordered
from sim.survey.instruments import INSTRUMENTS
from sim.world.calendar import DAYS_A_WEEK

if TYPE_CHECKING:
    import pandas as pd
    from omegaconf import DictConfig

EXECUTORS = ("local", "dask")
_EMPLOYEE_DAYS = 20_000_000
"""In a batch, about: some seconds of work, which is what a crash can cost."""
_MOST_RUNS, _RAMP = 100, 40


@dataclass(frozen=True)
class Sweep:
    """The rows of a design on a ground, each run `replicates` times; `tables` are kept of each run.

    The design says whether all rows share people and random numbers, or each run has its own. Within a run the baseline
    and every policy share them either way.
    """

    context: DesignContext
    design: Design
    replicates: int = 1
    tables: tuple[str, ...] = ("levels",)
    routine: SimulationRoutine = DEFAULT_ROUTINE

    def runs(self, numbers: Sequence[int] | None = None) -> Iterator[Run]:
        """All runs in the order of the design, or those with these numbers; UserError names the row that cannot be."""
        identify, rows = Identifier(), self.design.rows()
        for number in range(len(rows) * self.replicates) if numbers is None else numbers:
            row, replicate = divmod(number, self.replicates)
            try:
                plan = self._chance(self.context.at(rows[row], replicate), number)
            except UserError as mistake:
                raise UserError(f"row {row} of the design: {mistake}") from None
            name = identify(plan)
            yield Run(digest([name, self.routine.version]) if self.routine.version else name, plan)

    def _chance(self, plan: Plan, number: int) -> Plan:
        """The plan of a run of this number; its replicate decides on people and random numbers."""
        return replace(plan, replicate=number) if self.design.chance == designs.BY_ROW else plan

    def __len__(self) -> int:
        return len(self.design.table) * self.replicates

    @cached_property
    def question(self) -> str | None:
        """A name for everything that the runs hang on; None where rows compose settings, which stand in many files."""
        tops = {str(name).partition(".")[0] for name in self.design.table.columns}
        if not tops <= {"mechanisms", "measures", *INSTRUMENTS}:
            return None
        base = Identifier()(self.context.plan)
        content = [base, self.replicates, self.design.chance, self.design.rows()]
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
    """Run what is missing of a sweep and return all its results.

    `part` is (number, of how many) of the work; `batch` the runs in a batch. `about` is written beside what every
    sweep tells of itself. Raises UserError where the folder cannot be written, is being written by another process, or
    holds another study, and where workers ended over some runs again and again; KeyboardInterrupt says how to go on.
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
    """The runs of a part of the design, each once, with the number of the first row and replicate that ask for it."""
    own: dict[str, int] = {}
    for number, identifier in enumerate(identifiers):
        if number * part[1] // len(identifiers) == part[0]:
            own.setdefault(identifier, number)
    return own


def _carry_out(
    sweep: Sweep, archive: Archive, pool: WorkerPool, own: Mapping[str, int], known: Mapping[str, str], size: int | None
) -> int:
    """Run what is not known yet; the number of runs over which workers ended again and again."""
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
    """The missing runs cut into batches of this size, or of some seconds of work each.

    The first ones are small, so that something is finished soon.
    """
    cut: list[Run] = []
    days = count = 0
    for run in sweep.runs(missing):
        cut.append(run)
        days += _employee_days(run.plan)
        ramp = _RAMP if count < workers * worker_pool.PREFETCH_PER_WORKER else 1
        full = len(cut) >= size if size else days >= _EMPLOYEE_DAYS / ramp or len(cut) >= _MOST_RUNS
        if full:
            yield Batch(tuple(cut), sweep.tables, model_version(), sweep.routine)
            cut, days, count = [], 0, count + 1
    if cut:
        yield Batch(tuple(cut), sweep.tables, model_version(), sweep.routine)


def _employee_days(plan: Plan) -> int:
    return plan.firm.people * DAYS_A_WEEK * (plan.burn_in + plan.weeks * len(plan.scenarios))


# -- what a folder says of itself -------------------------------------------------------------------------------------


def _update_record(sweep: Sweep, archive: Archive, identifiers: Sequence[str], more: Mapping[str, Any]) -> None:
    """Write what was asked, where the folder does not say it yet.

    Raises UserError where the folder was begun with something that this does not extend.
    """
    with archive.record_locked():
        before = _read_record(archive.folder)
        if before is not None:
            _check_extends(before, set(identifiers), archive.folder)
        else:
            _check_not_another(archive, set(identifiers))
        contents = _record_of(sweep, identifiers, more)
        if before is None or not _is_current(before, contents, archive.folder):
            sweep_record.write(archive.folder, contents)


def _read_record(folder: Path, report: bool = False) -> SweepRecord | None:
    """What a folder says of itself; None where that is missing or not what was written, which `report` tells."""
    if not sweep_record.exists(folder):
        return None
    try:
        return sweep_record.read(folder)
    except UserError as damage:
        if report:
            reason = str(damage).partition(", so")[0]
            print(f"{reason}: it is rebuilt from the design, and runs that are done are kept", file=sys.stderr)
        return None


def _identifiers(sweep: Sweep, before: SweepRecord | None) -> list[str]:
    """The ids of all runs in the order of the design; read where a verified record answers the very same question."""
    if before is not None and before.verified and sweep.question and before.about.get("question") == sweep.question:
        runs = before.runs  # in the order of row and replicate
        if (runs[ROW] * sweep.replicates + runs["replicate"]).tolist() == list(range(len(sweep))):
            return list(runs["run"])
    return [run.identifier for run in sweep.runs()]


def _record_of(sweep: Sweep, identifiers: Sequence[str], more: Mapping[str, Any]) -> dict[str, bytes]:
    """The contents of the files in which a sweep says what it is."""
    import pandas as pd

    runs = pd.DataFrame({"run": identifiers})
    runs[ROW], runs["replicate"] = runs.index // sweep.replicates, runs.index % sweep.replicates
    about = {
        **output_folder.about(sweep.context.plan),
        "model": model_version(),
        "question": sweep.question,
        "design": {
            "method": sweep.design.method,
            "chance": sweep.design.chance,
            "factors": [_described(factor) for factor in sweep.design.factors],
        },
        "replicates": sweep.replicates,
        "tables": list(sweep.tables),
        **more,
    }
    return sweep_record.encode(about, _shortened(sweep.design.table), runs)


def _shortened(table: pd.DataFrame) -> pd.DataFrame:
    """A copy of a table of settings, with the paths in it reduced to their last parts."""
    own = [name for name in table if name in paths.SETTINGS]
    return table.assign(**{name: [paths.shorten(value, name) for value in table[name]] for name in own})


def _described(factor: Factor) -> dict[str, Any]:
    return {**asdict(factor), "options": paths.shorten(factor.options, factor.name)}


_OF_ONE_COMMAND = ("written", "asked", "files_needed")
"""What about.json says of the command that wrote it, in which parts of one study differ."""


def _is_current(before: SweepRecord, contents: Mapping[str, bytes], folder: Path) -> bool:
    """Whether a folder says already what it should, but for when and by which command it was written."""
    if not before.verified or any(
        (folder / name).read_bytes() != contents[name] for name in (sweep_record.DESIGN, sweep_record.RUNS)
    ):
        return False
    now = json.loads(contents[sweep_record.ABOUT])
    return all(before.about.get(name) == value for name, value in now.items() if name not in _OF_ONE_COMMAND)


def _check_extends(before: SweepRecord, identifiers: set[str], folder: Path) -> None:
    """Raise UserError unless all runs that the folder was begun with are among these."""
    missing = set(before.runs["run"]) - identifiers
    if not missing:
        return
    model = before.about.get("model")
    if model != model_version():
        reason = f"was begun with version {model} of the model, and this is {model_version()}"
    else:
        reason = f"holds {len(before.runs):,} runs, {len(missing):,} of which this sweep does not ask for"
    raise _another(folder, reason)


def _check_not_another(archive: Archive, identifiers: set[str]) -> None:
    """Raise UserError where a folder that does not say what it is for keeps runs, and none of them is asked for."""
    known = archive.known()
    if known and not identifiers & set(known):
        raise _another(archive.folder, f"holds {len(known):,} runs, none of which this sweep asks for")


def _another(folder: Path, reason: str) -> UserError:
    return UserError(
        f"{folder} {reason}; a sweep may be extended, by a larger design.n (of latin_hypercube by design.times) "
        "or more rows of a file, and anything else needs another folder, as in folder=mine"
    )


def report_clearing(archive: Archive) -> None:
    """Remove altered batches and unfinished writing, and say on stderr what was removed and what is not a batch."""
    if altered := archive.remove_invalid():
        print(f"{altered} altered or truncated batches in {archive.folder} are done again", file=sys.stderr)
    if foreign := archive.foreign():
        print(f"{archive.batches} also holds {shown(foreign)}: no batch as it was written, left alone", file=sys.stderr)


# -- the command ------------------------------------------------------------------------------------------------------


def study(cfg: DictConfig) -> None:
    """Carry out the sweep of a composed configuration and print what came out."""
    sweep = sweep_of(cfg)
    # With a chance of its own a run is known by its number, which depends on how many replicates a row has.
    folder = folder_of(cfg, "sweep", *([sweep.replicates] if sweep.design.chance == designs.BY_ROW else []))
    part, batch, retry = part_of(cfg), batch_of(cfg), retry_of(cfg)
    with pool_of(cfg) as pool:
        results = run_sweep(sweep, folder, pool, part, batch, retry)
    if not results.any_done:
        raise UserError(f"All runs failed: {results.summary_text().splitlines()[1].strip()}")
    print(results.summary_text())
    print(folder)


def sweep_of(cfg: DictConfig) -> Sweep:
    """The sweep that a composed configuration asks for; raises UserError for whatever is wrong with it."""
    ground = ground_of(cfg)
    check_memory(ground.plan, len(ground.plan.scenarios), local_workers(cfg))
    settings: designs.Settings = study_settings.read_dataclass("design", designs.Settings, cfg.design)
    factors = designs.factors_of(settings, ground.plan, ground.fixed)
    design = designs.make(settings, factors)
    designs.check_not_named(design, ground.explicit | ground.fixed)
    ground.check_policies(design.table.columns)
    return Sweep(ground, design, study_settings.settings_of(cfg).replicates, tables_of(cfg))


def ground_of(cfg: DictConfig) -> DesignContext:
    """What the rows of the study's designs are deltas from."""
    return DesignContext(cfg, composition.overrides_of(cfg))


def tables_of(cfg: DictConfig) -> tuple[str, ...]:
    """The tables to keep of every run."""
    names = _plain(cfg.keep)
    if not isinstance(names, list) or "levels" not in names:
        raise UserError(invalid("keep", names, "a list with levels, as in keep=[levels,weekly]"))
    for name in names:
        if name not in TABLES:
            raise UserError(f"Invalid value for keep: {name}. {instead(name, TABLES)}")
    return tuple(names)


def part_of(cfg: DictConfig) -> tuple[int, int]:
    """Which part of how many this process does; UserError where there is no such part."""
    part, parts = cfg.part, cfg.parts
    if not isinstance(parts, int) or not isinstance(part, int) or not 0 <= part < parts:
        raise UserError(invalid("part", part, f"0 to parts - 1, where parts={as_written(parts)}"))
    return part, parts


def batch_of(cfg: DictConfig) -> int | None:
    """How many runs a batch has, if that is asked; UserError for what is no such number."""
    batch = cfg.batch
    if batch is not None and (not isinstance(batch, int) or isinstance(batch, bool) or batch < 1):
        raise UserError(invalid("batch", batch, "1 or more runs, or null"))
    return batch


def retry_of(cfg: DictConfig) -> bool:
    """Whether runs that failed are done again; UserError for neither yes nor no."""
    if not isinstance(cfg.retry, bool):
        raise UserError(invalid("retry", cfg.retry, "true or false"))
    return cfg.retry


def pool_of(cfg: DictConfig) -> AbstractContextManager[WorkerPool]:
    """Open the worker pool that the group `executor` asks for; processes of this machine where there is no group."""
    kind, workers = cfg.get("executor", {}).get("kind", "local"), study_settings.processes_of(cfg)
    if kind == "dask":
        return worker_pool.dask_pool(cfg.executor.address, workers)
    if kind != "local":
        raise UserError(f"Invalid value for executor.kind: {as_written(kind)}. {instead(kind, EXECUTORS)}")
    return nullcontext(worker_pool.process_pool(workers))


def local_workers(cfg: DictConfig) -> int:
    """How many processes of this machine do the work; of a cluster, none but this one."""
    return 1 if cfg.executor.kind == "dask" else study_settings.processes_of(cfg)


def folder_of(cfg: DictConfig, study: str, *more: Any) -> Path:
    """Where a study of a design keeps its runs; how large the design is does not belong to the question.

    A larger one goes on in the same folder.
    """
    grows_by = designs.GROWS_BY.get(cfg.design.method, "n")
    settings = {f.name: _plain(cfg.design[f.name]) for f in fields(designs.Settings) if f.name != grows_by}
    settings = paths.shorten(settings, "design")
    settings["chance"] = designs.chance_of(study_settings.read_dataclass("design", designs.Settings, cfg.design))
    question = digest([Identifier()(plan_builder.build_plan(cfg)), settings, *more])
    return named_folder(cfg, study, f"{settings['method']}-{question[:8]}")


def named_folder(cfg: DictConfig, study: str, name: str) -> Path:
    """The folder asked for, else one named after the question, so that it is found again.

    Raises UserError for no name, and for a folder that cannot be written, before anything is simulated.
    """
    if cfg.folder is None:
        setting, folder = "output", paths.read_path(str(cfg.output)) / study / name
    elif not str(cfg.folder):
        raise UserError("Invalid value for folder: it is empty. Use a name, as in folder=outputs/mine, or null.")
    else:
        setting, folder = "folder", paths.read_path(str(cfg.folder))
    paths.check_writable(folder, setting)
    return folder


def _plain(value: Any) -> Any:
    from omegaconf import OmegaConf

    return OmegaConf.to_container(value) if OmegaConf.is_config(value) else value


def main(argv: list[str]) -> int:
    """`hybridwork sweep`: run the rows of a design; Hydra's overrides follow."""
    from sim.config.hydra_command import command

    return command(study, "sweep", argv, group="sweep")
