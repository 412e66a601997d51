"""Keeping results: a folder for each study that looks finished only when it is, and what is needed to repeat it."""

from __future__ import annotations

import datetime
import itertools
import json
import os
import platform
import shutil
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from importlib import metadata
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sim.errors import UserError, first_line

if TYPE_CHECKING:
    import pandas
    from omegaconf import DictConfig

    from sim.engine.plan import Plan

PACKAGES = (
    "mesa", "numpy", "networkx", "pandas", "pyarrow", "scipy", "seaborn", "matplotlib", "hydra-core", "omegaconf",
)  # fmt: skip
_OF_PERSONS = ("persons", "ties")


class OutputFolder:
    """The folder of one study: hidden while it is filled, `<root>/<study>/<date-time>` once it is complete.

    Entering makes the hidden folder, or raises UserError where that cannot be written. Leaving gives the folder its
    name, or removes it where an error or an interruption came between. `path` is where the folder is now.
    """

    def __init__(self, root: str | Path, study: str):
        self._study = Path(root) / study
        self._finished = self._study
        self._made: list[Path] = []
        self.path = self._study

    def __enter__(self) -> OutputFolder:
        try:
            self._made = [folder for folder in (self._study, *self._study.parents) if not folder.exists()]
            self._study.mkdir(parents=True, exist_ok=True)
            self._claim(f"{datetime.datetime.now():%Y-%m-%d_%H-%M-%S}")
        except OSError as error:
            self._remove()
            reason = error.strerror or type(error).__name__
            raise UserError(
                f"output folder {self._study} cannot be written ({reason}); give another, as in output=results"
            ) from None
        return self

    def _claim(self, moment: str) -> None:
        """Take the first name of this moment that no other study has, finished or not."""
        for number in itertools.count(1):
            name = moment if number == 1 else f"{moment}_{number}"
            unfinished = self._study / f".{name}-unfinished"
            try:
                unfinished.mkdir()
            except FileExistsError:
                continue
            if (self._study / name).exists():
                unfinished.rmdir()
                continue
            self.path, self._finished = unfinished, self._study / name
            return

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            os.rename(self.path, self._finished)
            self.path = self._finished
        else:
            self._remove()

    def _remove(self) -> None:
        """Remove the hidden folder, and the folders above it that were made for it and are empty."""
        if self.path != self._study:
            shutil.rmtree(self.path, ignore_errors=True)
        for folder in self._made:
            with suppress(OSError):
                folder.rmdir()


def write_table(frame: pandas.DataFrame, path: Path) -> None:
    """Write a table as parquet, whole or not at all."""
    write_by(path, lambda temporary: frame.to_parquet(temporary, engine="pyarrow", index=False))


def write_text(text: str, path: Path) -> None:
    """Write a text in UTF-8, whole or not at all."""
    write_by(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def write_by(path: Path, write: Callable[[Path], Any]) -> None:
    """Let `write` fill a temporary file in the same folder, then give it its name, or raise UserError."""
    temporary = path.with_name(f".{uuid4().hex}-{path.name}")
    try:
        write(temporary)
        os.replace(temporary, path)
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error.strerror or first_line(error)})") from None
    finally:
        temporary.unlink(missing_ok=True)


def publish(folder: Path, docs: Path, page: str) -> None:
    """Put a study's `summary.md` and its figures (PNG) where the project's own pages are, as `docs/<page>.md`."""
    write_text((folder / "summary.md").read_text(encoding="utf-8"), docs / f"{page}.md")
    for figure in sorted((folder / "figures").glob("*.png")):
        write_by(docs / "figures" / figure.name, partial(shutil.copyfile, figure))


def write_json(content: Any, path: Path) -> None:
    """Write what json can hold, whole or not at all."""
    write_text(json.dumps(content, indent=2, ensure_ascii=False, default=str) + "\n", path)


def write_config(cfg: DictConfig, path: Path) -> None:
    """Write the whole configuration as yaml; of an organisation's own files only their names are kept."""
    from omegaconf import OmegaConf

    kept = OmegaConf.create(OmegaConf.to_container(cfg, resolve=True))
    for name in _OF_PERSONS:
        if kept.firm.get(name):
            kept.firm[name] = Path(kept.firm[name]).name
    write_text(OmegaConf.to_yaml(kept), path)


def about(plan: Plan) -> dict[str, Any]:
    """What it takes to repeat a study: versions, seeds, and what it was asked.

    Nothing about the user, and no name of the machine, is in it.
    """
    return {
        "version": version(),
        "git_revision": git_revision(),
        "asked": asked(),
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


def asked() -> list[str]:
    """The settings a study was asked with on the command line; of an organisation's own files only their names."""
    from hydra.core.hydra_config import HydraConfig

    if not HydraConfig.initialized():
        return []
    pairs = [override.partition("=") for override in HydraConfig.get().overrides.task]
    own = {f"firm.{name}" for name in _OF_PERSONS}
    return [
        f"{name}={Path(value).name if name in own else value}" for name, _, value in pairs if name != "output" and value
    ]


def version() -> str:
    """The version of this package."""
    from sim import __version__

    return __version__


def versions(packages: Sequence[str]) -> dict[str, str]:
    """The installed version of each of these packages; one that is missing is left out."""
    found: dict[str, str] = {}
    for package in packages:
        with suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found


def git_revision() -> str | None:
    """The revision of the checkout the package stands in, with "+changes" where files differ; None in a wheel."""
    checkout = Path(__file__).resolve().parents[2]
    if not (checkout / ".git").exists():
        return None
    revision, changes = _git(checkout, "rev-parse", "HEAD"), _git(checkout, "status", "--porcelain")
    return revision and revision + ("+changes" if changes else "")


def _git(checkout: Path, *words: str) -> str | None:
    try:
        told = subprocess.run(["git", *words], cwd=checkout, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return told.stdout.strip()
