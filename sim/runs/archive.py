"""Archives: folders that store the runs of a study in batches, and survive crashes.

A batch is a folder of Parquet files, one for each table, written under a temporary name and renamed when it is
complete. A file with their checksums shows later whether they have changed. Runs are identified by their ids: their
batch, and the process that ran them, do not matter.
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sim import files
from sim.errors import UserError, first_line, invalid
from sim.files import SUMS, SYSTEM_FILES
from sim.paths import read_path
from sim.runs.batch import DONE, BatchResult

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

WHOLE = (0, 1)
"""A whole study: the first part of one."""
RUNS = "runs"
"""Table of every batch with the state of its runs: done or failed."""
_BATCH_NAME = re.compile(r"[0-9a-f]{16}(-\d+)?")
_TABLE_NAME = re.compile(r"[a-z][a-z0-9_]*")
_WAIT = 60.0
"""Seconds to wait for another part of the same study that writes the record."""


@dataclass(frozen=True)
class StoredBatch:
    """An intact batch: its folder, the runs that are done, and the errors of those that failed."""

    folder: Path
    done: tuple[str, ...]
    failed: dict[str, str]


class Archive:
    """The batches of one study, in `<folder>/batches`.

    Parts of a study, as (number, number of parts), may be written at the same time, each by another process.
    """

    def __init__(self, folder: str | Path, part: tuple[int, int] = WHOLE):
        self.folder = read_path(folder)
        self.batches = self.folder / "batches"
        self._part = f"{part[0]}-of-{part[1]}"
        self._parts = f"-of-{part[1]}"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Prevent other processes from writing the same runs, at most until this process ends.

        Raises UserError where another process has the lock, or the folder cannot be written.
        """
        own = self.folder / f".lock-{self._part}"
        self._make()
        with self._hold(own):
            for other in self.folder.glob(".lock-*"):
                if other != own and not other.name.endswith(self._parts):
                    with self._hold(other):
                        pass
            yield

    @contextmanager
    def record_locked(self) -> Iterator[None]:
        """Prevent other parts of the same study from writing the record at the same time."""
        with self._hold(self.folder / ".record.lock", wait=_WAIT):
            yield

    @contextmanager
    def _hold(self, path: Path, wait: float = 0.0) -> Iterator[None]:
        """Hold a lock of the operating system on this file; raise UserError where that is not possible."""
        try:
            lock = files.acquire(path, wait)
        except (OSError, NotImplementedError) as error:
            reason = f"It cannot be locked ({getattr(error, 'strerror', None) or first_line(error)})."
            accepted = "a folder on another disk, as in folder=/scratch/mine"
            raise UserError(invalid("folder", self.folder, accepted, reason)) from None
        if lock is None:
            reason = "Another process is writing to it. Wait for it, or use another folder."
            raise UserError(f"Folder in use: {self.folder}. {reason}")
        try:
            yield
        finally:
            lock.release()

    def _make(self) -> None:
        if self.batches.is_symlink():
            accepted = "the folder that the link leads to, as in folder=/scratch/mine"
            raise UserError(invalid("folder", self.folder, accepted, f"{self.batches} is a link."))
        try:
            self.batches.mkdir(parents=True, exist_ok=True)
            for folder in (self.folder, self.batches):
                probe = self._unfinished("probe", folder)
                probe.mkdir(exist_ok=True)
                probe.rmdir()
        except OSError as error:
            raise _cannot_write(self.folder, error) from None

    def _unfinished(self, name: str, folder: Path | None = None) -> Path:
        return (folder or self.batches) / f".{self._part}-{name}"

    def stored_batches(self) -> Iterator[StoredBatch | Path]:
        """Yield each intact batch, or the folder of one that has changed, in the order of their names."""
        for folder in sorted(self.batches.glob("[!.]*")):
            if folder.is_dir():
                yield _intact(folder) or folder

    def intact_batches(self) -> list[StoredBatch]:
        """Return the intact batches in the order of their names."""
        return [batch for batch in self.stored_batches() if isinstance(batch, StoredBatch)]

    def remove_invalid(self) -> int:
        """Remove batches that have changed, and unfinished ones; return the number of the former.

        Only real folders with the name and the files of a batch are removed.
        """
        unfinished = re.compile(rf"\.{self._part}-({_BATCH_NAME.pattern})")
        if self.batches.is_dir() and not self.batches.is_symlink():
            for left in self.batches.iterdir():
                if unfinished.fullmatch(left.name) and _holds_only_a_batch(left):
                    _remove(left)
        altered = [batch for batch in self.stored_batches() if isinstance(batch, Path)]
        altered = [folder for folder in altered if _BATCH_NAME.fullmatch(folder.name) and _holds_only_a_batch(folder)]
        for folder in altered:
            _remove(folder)
        return len(altered)

    def foreign(self) -> list[str]:
        """Return the names of other files and folders among the batches, which are never removed."""
        intact = {batch.folder.name for batch in self.intact_batches()}
        return [name for name in files.foreign_names(self.batches) if name not in intact and not name.startswith(".")]

    def write(self, ready: BatchResult) -> None:
        """Add a batch, atomically; raise UserError where it cannot be written."""
        contents = {f"{table}.parquet": content for table, content in ready.files.items()}
        listing = files.checksum_listing(contents)
        name = files.checksum(listing.encode())[:16]
        unfinished = self._unfinished(name)
        try:
            unfinished.mkdir(exist_ok=True)
            for file, content in contents.items():
                (unfinished / file).write_bytes(content)
            (unfinished / SUMS).write_text(listing, encoding="ascii")
            self._publish(unfinished, name)
        except OSError as error:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise _cannot_write(self.folder, error) from None

    def _publish(self, unfinished: Path, name: str) -> None:
        """Rename a finished batch to its name, with a number where something else has that name."""
        for number in itertools.count():
            place = self.batches / (f"{name}-{number}" if number else name)
            try:
                if not place.exists() and not place.is_symlink():
                    os.rename(unfinished, place)
                    return
            except OSError:
                if not place.is_dir():
                    raise
            if _intact(place):
                shutil.rmtree(unfinished)  # another part has written the same runs
                return

    def known(self, tables: Sequence[str] = ()) -> dict[str, str]:
        """Return the error of every stored run, "" where it is done in any intact batch with these tables."""
        known: dict[str, str] = {}
        for batch in self.intact_batches():
            if all((batch.folder / f"{name}.parquet").is_file() for name in tables):
                known |= dict.fromkeys(batch.done, "")
            known = batch.failed | known
        return known

    def valid_files(self, name: str) -> Iterator[tuple[Path, list[str] | None]]:
        """Yield the files of a table, each with its runs that count, or None where all of them do.

        A run that is done counts in the first intact batch with the table and the run. A run that failed counts only in
        the table of runs, once, and only where no batch has it done.
        """
        batches = [batch for batch in self.intact_batches() if (batch.folder / f"{name}.parquet").is_file()]
        done_anywhere = {run for batch in batches for run in batch.done}
        earlier: set[str] = set()
        for batch in batches:
            failed = [run for run in batch.failed if run not in done_anywhere] if name == RUNS else []
            standing = len(batch.done) + (len(batch.failed) if name == RUNS else 0)
            own = [run for run in dict.fromkeys([*batch.done, *failed]) if run not in earlier]
            earlier.update(own)
            if own:
                yield batch.folder / f"{name}.parquet", None if len(own) == standing else own

    def table(self, name: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return a table of all intact batches, in no particular order.

        Raises UserError where no batch has it, or where the tables of batches differ in their columns.
        """
        import pyarrow as pa

        names = None if columns is None else ["run", *(column for column in columns if column != "run")]
        try:
            parts = [read_rows(path, runs, names) for path, runs in self.valid_files(name)]
            if parts:
                return pa.concat_tables(parts).unify_dictionaries().to_pandas()
        except (pa.ArrowException, OSError, KeyError) as error:
            raise unreadable(self.folder, name, error) from None
        known = f"Use one of {', '.join(self.tables())}." if self.tables() else "No batch is finished."
        raise UserError(f"Missing table: {name} in {self.folder}. {known}")

    def tables(self) -> list[str]:
        """Return the names of the tables of intact batches."""
        return sorted({path.stem for batch in self.intact_batches() for path in batch.folder.glob("*.parquet")})


def unreadable(folder: Path, table: str, error: Exception) -> UserError:
    """Return the error for a table that cannot be read."""
    return UserError(f"Invalid table: {table} in {folder} cannot be read ({first_line(error)}).")


def read_rows(path: Path, runs: Sequence[str] | None, columns: Sequence[str] | None = None) -> pa.Table:
    """Return the rows of these runs of a Parquet file, or all; raise errors of pyarrow where it cannot be read."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    with path.open("rb") as file:  # pyarrow would interpret a name as an address or a pattern
        part = pq.read_table(file, columns=None if columns is None else list(columns))
    if runs is None:
        return part
    return part.filter(pc.is_in(part["run"].cast(pa.string()), pa.array(runs, pa.string())))


def _intact(folder: Path) -> StoredBatch | None:
    """Return the batch in a folder, None where its files differ from their checksums."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        listed = files.read_checksums(folder)
        names = {path.name for path in folder.glob("*.parquet")}
        known = all(_TABLE_NAME.fullmatch(Path(name).stem) for name in names)
        if not known or f"{RUNS}.parquet" not in listed or names != set(listed):
            return None
        if any(files.checksum((folder / name).read_bytes()) != checksum for name, checksum in listed.items()):
            return None
        with (folder / f"{RUNS}.parquet").open("rb") as file:
            table = pq.read_table(file, columns=["run", "state", "error"])
        runs = [(str(run["run"]), run["state"], str(run["error"])) for run in table.to_pylist()]
    except (OSError, ValueError, KeyError, pa.ArrowException):
        return None
    done = tuple(run for run, state, _ in runs if state == DONE)
    return StoredBatch(folder, done, {run: error for run, state, error in runs if state != DONE})


def _holds_only_a_batch(folder: Path) -> bool:
    """Return whether a folder is real and has only files of a batch and of file managers."""
    if folder.is_symlink() or not folder.is_dir():
        return False
    entries = [entry for entry in folder.iterdir() if entry.name not in SYSTEM_FILES]
    names = all(entry.name == SUMS or entry.suffix == ".parquet" for entry in entries)
    return names and not any(entry.is_symlink() or entry.is_dir() for entry in entries)


def _remove(folder: Path) -> None:
    """Remove a folder; another process may do the same."""
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except OSError as error:
        raise _cannot_write(folder, error) from None


def _cannot_write(folder: Path, error: OSError) -> UserError:
    return files.cannot_write(folder, error, "Finished runs are kept: repeat the command, or use another folder.")
