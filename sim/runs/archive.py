"""An archive: a folder that keeps the runs of one study in batches, through crashes, and knows what it has.

A batch is a folder of Parquet files, one for each table, written under a temporary name and renamed when it is whole.
A file with the checksums of the others tells later whether they still are what was written. Runs are known by their
ids: in which batch a run stands, and who ran it when, means nothing.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sim.errors import UserError, first_line
from sim.runs.batch import DONE, Ready

if TYPE_CHECKING:
    import pandas as pd

SUMS = "sha256sums.txt"
"""As the command `sha256sum --check` reads it."""
WHOLE = (0, 1)
"""The part of a study that is all of it: the first of one."""


@dataclass(frozen=True)
class Kept:
    """A batch that is intact: where it stands, the runs that are done in it, and the errors of those that failed."""

    folder: Path
    done: tuple[str, ...]
    failed: dict[str, str]


class Archive:
    """The batches of one study, in `<folder>/batches`.

    Parts of a study, (number, of how many), may be written side by side, each by a process of its own.
    """

    def __init__(self, folder: str | Path, part: tuple[int, int] = WHOLE):
        self.folder = Path(folder)
        self.batches = self.folder / "batches"
        self._part = f"{part[0]}-of-{part[1]}"
        self._parts = f"-of-{part[1]}"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep others from writing the same runs.

        Raises UserError where another process is at it, or the folder cannot be written. A process that ends, however
        it ends, leaves the folder free.
        """
        own = self.folder / f".lock-{self._part}"
        self._make()
        with self._held(own):
            for other in self.folder.glob(".lock-*"):
                if other != own and not other.name.endswith(self._parts):
                    self._held(other).close()
            yield

    def _held(self, path: Path) -> ExitStack:
        """A lock of the operating system on this file, until it is closed; UserError where somebody else holds it."""
        from filelock import FileLock, Timeout

        held = ExitStack()
        try:
            held.enter_context(FileLock(path, timeout=0))
        except Timeout:
            raise UserError(
                f"another process is writing to {self.folder}; wait for it, or give another folder, as in folder=mine"
            ) from None
        except NotImplementedError:
            raise UserError(
                f"the file system of {self.folder} knows no locks, so that nothing keeps two writers apart; "
                "give a folder on another, as in folder=/scratch/mine"
            ) from None
        return held

    def _make(self) -> None:
        try:
            self.batches.mkdir(parents=True, exist_ok=True)
            for folder in (self.folder, self.batches):
                probe = self._unfinished("probe", folder)
                probe.mkdir(exist_ok=True)
                probe.rmdir()
        except OSError as error:
            raise UserError(_cannot_write(self.folder, error)) from None

    def _unfinished(self, name: str, folder: Path | None = None) -> Path:
        return (folder or self.batches) / f".{self._part}-{name}"

    def kept(self) -> Iterator[Kept | Path]:
        """What each batch holds, in the order of their names; the bare folder of one that is not what was written."""
        import pyarrow.parquet as pq

        for folder in sorted(self.batches.glob("[!.]*")):
            if not _is_intact(folder):
                yield folder
                continue
            runs = pq.read_table(folder / "runs.parquet", columns=["run", "state", "error"]).to_pylist()
            done = tuple(run["run"] for run in runs if run["state"] == DONE)
            yield Kept(folder, done, {run["run"]: run["error"] for run in runs if run["state"] != DONE})

    def cleared(self) -> int:
        """Remove batches that are not what was written, and what unfinished writing left; the number of the former."""
        for left in self.batches.glob(self._unfinished("*").name):
            _remove(left)
        altered = [batch for batch in self.kept() if isinstance(batch, Path)]
        for folder in altered:
            _remove(folder)
        return len(altered)

    def write(self, ready: Ready) -> None:
        """Add a batch, whole or not at all; raises UserError where that cannot be done."""
        sums = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(ready.files.items())}
        listed = "".join(f"{checksum}  {name}.parquet\n" for name, checksum in sums.items())
        name = hashlib.sha256(listed.encode()).hexdigest()[:16]
        unfinished = self._unfinished(name)
        try:
            unfinished.mkdir(exist_ok=True)
            for table, content in ready.files.items():
                (unfinished / f"{table}.parquet").write_bytes(content)
            (unfinished / SUMS).write_text(listed, encoding="ascii")
            os.rename(unfinished, self.batches / name)
        except OSError as error:
            shutil.rmtree(unfinished, ignore_errors=True)
            if (self.batches / name).is_dir():
                return  # the same runs, written by a part beside this one
            raise UserError(_cannot_write(self.folder, error)) from None

    def known(self, tables: Sequence[str] = ()) -> dict[str, str]:
        """Run to error, "" where it is done, of all intact batches that hold these tables; done anywhere is done."""
        known: dict[str, str] = {}
        for batch in self.kept():
            if isinstance(batch, Kept):
                whole = all((batch.folder / f"{name}.parquet").is_file() for name in tables)
                known |= dict.fromkeys(batch.done, "") if whole else {}
                known |= {run: error for run, error in batch.failed.items() if run not in known}
        return known

    def table(self, name: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """One table of all intact batches as a data frame, in no order; a run that stands twice is read once.

        Raises UserError where no batch has it.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        known: set[str] = set()
        parts = []
        for batch in self.kept():
            if isinstance(batch, Path) or not (path := batch.folder / f"{name}.parquet").is_file():
                continue
            part = pq.read_table(path, columns=columns and ["run", *(c for c in columns if c != "run")])
            if again := known.intersection(batch.done):
                part = part.filter(pa.compute.invert(pa.compute.is_in(part["run"].cast(pa.string()), pa.array(again))))
            known.update(batch.done)
            parts.append(part)
        if not parts:
            known_tables = ", ".join(self.tables()) or "nothing yet"
            raise UserError(f"{self.folder} holds no table '{name}'; its finished batches hold {known_tables}")
        return pa.concat_tables(parts).unify_dictionaries().to_pandas()

    def tables(self) -> list[str]:
        """The names of the tables that batches hold."""
        return sorted({path.stem for path in self.batches.glob("[!.]*/*.parquet")})

    def files(self, name: str) -> list[Path]:
        """The Parquet files of a table, of intact batches."""
        found = [batch.folder / f"{name}.parquet" for batch in self.kept() if isinstance(batch, Kept)]
        return [path for path in found if path.is_file()]


def _is_intact(folder: Path) -> bool:
    """Whether the files of a batch are to the bit what was written."""
    try:
        lines = (folder / SUMS).read_text(encoding="ascii").splitlines()
        listed = {name: checksum for checksum, name in (line.split("  ") for line in lines)}
        whole = "runs.parquet" in listed and {path.name for path in folder.glob("*.parquet")} == set(listed)
        return whole and all(_sum(folder / name) == checksum for name, checksum in listed.items())
    except (OSError, ValueError):
        return False


def _sum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _remove(folder: Path) -> None:
    """Remove a folder; another process may do the same."""
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except OSError as error:
        raise UserError(_cannot_write(folder, error)) from None


def _cannot_write(folder: Path, error: OSError) -> str:
    reason = error.strerror or first_line(error)
    return (
        f"{folder} cannot be written ({reason}); what is finished is kept: mend that and give the same command again, "
        "or give another folder, as in folder=mine"
    )
