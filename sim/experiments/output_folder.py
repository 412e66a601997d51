"""Output folders of studies, which appear when they are complete, and records for repeating a study."""

from __future__ import annotations

import datetime
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from importlib import metadata
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sim import paths
from sim.config import composition
from sim.config.provenance import OVERRIDES, files_needed, stored_overrides
from sim.errors import UserError, invalid
from sim.files import acquire, write_by, write_text

if TYPE_CHECKING:
    import pandas
    from filelock import BaseFileLock
    from omegaconf import DictConfig

    from sim.engine.plan import Plan

PACKAGES = (
    "mesa", "numpy", "networkx", "pandas", "pyarrow", "scipy", "seaborn", "matplotlib", "hydra-core", "omegaconf",
)  # fmt: skip


class OutputFolder:
    """The folder of one study: hidden while it is filled, `<root>/<study>/<date-time>` once it is complete.

    Entering the context creates the hidden folder, or raises UserError where it cannot be written. Leaving it gives the
    folder its name, or removes it after an error or an interruption. `path` is the current path of the folder.

    While the hidden folder exists, this process holds a lock on a file beside it. A process that is killed leaves both;
    the next study below the same root removes every such folder that is not locked.
    """

    def __init__(self, root: str | Path, study: str):
        self._root = paths.read_path(root)
        self._study = self._root / study
        self._moment = ""
        self._lock: BaseFileLock | None = None
        self._new_folders: list[Path] = []
        self.path = self._study

    def __enter__(self) -> OutputFolder:
        try:
            self._new_folders = [folder for folder in (self._study, *self._study.parents) if not folder.exists()]
            self._study.mkdir(parents=True, exist_ok=True)
            clear_unfinished(self._root)
            self._moment = f"{datetime.datetime.now():%Y-%m-%d_%H-%M-%S}"
            unfinished = self._study / f".{self._moment}-{uuid4().hex[:8]}-unfinished"
            with suppress(OSError):  # without locks in the file system, folders of killed processes stay
                self._lock = acquire(_lock_of(unfinished))
            unfinished.mkdir()
            self.path = unfinished
        except OSError as error:
            self._remove()
            reason = error.strerror or type(error).__name__
            value = f"{self._study} cannot be written ({reason})"
            raise UserError(invalid("output", value, "another folder, as in output=results")) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._remove()
            return
        unfinished = self.path
        self.path = self._finish()
        self._unlock(unfinished)

    def _finish(self) -> Path:
        """Rename the folder to its date and time, with a number where another study has that name."""
        number = 1
        while True:
            finished = self._study / (self._moment if number == 1 else f"{self._moment}_{number}")
            try:
                if not finished.exists():
                    os.rename(self.path, finished)
                    return finished
            except OSError:
                if not finished.exists():
                    raise
            number += 1

    def _remove(self) -> None:
        """Remove the hidden folder, and the empty parent folders that were created for it."""
        if self.path != self._study:
            shutil.rmtree(self.path, ignore_errors=True)
            self._unlock(self.path)
        for folder in self._new_folders:
            with suppress(OSError):
                folder.rmdir()

    def _unlock(self, unfinished: Path) -> None:
        with suppress(OSError):
            _lock_of(unfinished).unlink(missing_ok=True)
        if self._lock is not None:
            self._lock.release()


_UNFINISHED = re.compile(r"\.\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d-[0-9a-f]{8}-unfinished")


def _lock_of(unfinished: Path) -> Path:
    return unfinished.with_name(f"{unfinished.name}.lock")


def clear_unfinished(root: Path) -> None:
    """Remove unfinished output folders of killed processes below `root`.

    A hidden folder is in use while its lock file is locked, by this machine or another one on the same disk.
    """
    for lock_file in root.glob("*/.*-unfinished.lock"):
        folder = lock_file.with_suffix("")
        if not _UNFINISHED.fullmatch(folder.name) or lock_file.is_symlink() or folder.is_symlink():
            continue
        with suppress(OSError):
            lock = acquire(lock_file)
            if lock is not None:
                shutil.rmtree(folder, ignore_errors=True)
                lock_file.unlink(missing_ok=True)
                lock.release()


def write_table(frame: pandas.DataFrame, path: Path) -> None:
    """Write a table as Parquet, atomically."""
    write_by(path, lambda temporary: frame.to_parquet(temporary, engine="pyarrow", index=False))


def check_docs(docs: str | None, group: str) -> None:
    """Raise UserError where the folder `<group>.docs`, into which a study publishes, cannot be written."""
    if docs:
        paths.check_writable(paths.read_path(docs), f"{group}.docs")


def publish(folder: Path, docs: str | Path, page: str) -> None:
    """Copy the page of a study, its results.json and its figures (PNG) to the documentation.

    They become `<docs>/<page>.md`, `<docs>/<page>.json` and `<docs>/figures`; missing folders are created.
    """
    place = paths.read_path(docs)
    (place / "figures").mkdir(parents=True, exist_ok=True)
    write_text((folder / "summary.md").read_text(encoding="utf-8"), place / f"{page}.md")
    if (folder / "results.json").is_file():
        write_by(place / f"{page}.json", partial(shutil.copyfile, folder / "results.json"))
    for figure in sorted((folder / "figures").glob("*.png")):
        write_by(place / "figures" / figure.name, partial(shutil.copyfile, figure))


def write_config(cfg: DictConfig, path: Path) -> None:
    """Write the whole configuration as yaml, with every path reduced to its last part."""
    from omegaconf import OmegaConf

    content = OmegaConf.to_container(cfg, resolve=True)
    overrides = composition.overrides_of(cfg)
    content_stored = paths.shorten(content) | {OVERRIDES: stored_overrides(overrides)}
    beside = [*composition.config_dirs(), *files_needed(overrides)]
    note = f"# Paths are stored without their folders. To repeat this, put beside you: {', '.join(beside)}\n"
    write_text((note if beside else "") + OmegaConf.to_yaml(OmegaConf.create(content_stored)), path)


def about(plan: Plan) -> dict[str, Any]:
    """Return the data needed to repeat a study: versions, seeds and settings.

    `asked` are the overrides of the command, and `files_needed` the files that must be in the working folder, since
    paths are stored without their folders. The data do not identify the user or the machine.
    """
    own_folders = composition.config_dirs()
    return {
        "version": version(),
        "git_revision": git_revision(),
        "asked": [*(f"--config-dir={name}" for name in own_folders), *stored_overrides(plan.overrides)],
        "files_needed": [*own_folders, *files_needed(plan.overrides)],
        "written": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "seed": plan.seed,
        "weeks": plan.weeks,
        "burn_in": plan.burn_in,
        "start": str(plan.calendar.start),
        "firm": plan.firm.kind,
        "scenarios": {scenario.name: scenario.text for scenario in plan.scenarios},
        "measures": [measure.name for measure in plan.measures],
        "changed_parameters": {process: dict(values) for process, values in plan.parameters.items()},
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "packages": versions(PACKAGES),
    }


def version() -> str:
    """Return the version of this package."""
    from sim import __version__

    return __version__


def versions(packages: Sequence[str]) -> dict[str, str]:
    """Return the installed version of each of these packages, without missing ones."""
    installed: dict[str, str] = {}
    for package in packages:
        with suppress(metadata.PackageNotFoundError):
            installed[package] = metadata.version(package)
    return installed


def git_revision() -> str | None:
    """Return the Git revision of the package's checkout, with "+changes" where files differ; None in a wheel."""
    checkout = Path(__file__).resolve().parents[2]
    if not (checkout / ".git").exists():
        return None
    revision, changes = _git(checkout, "rev-parse", "HEAD"), _git(checkout, "status", "--porcelain")
    return revision and revision + ("+changes" if changes else "")


def _git(checkout: Path, *words: str) -> str | None:
    try:
        result = subprocess.run(["git", *words], cwd=checkout, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return result.stdout.strip()
