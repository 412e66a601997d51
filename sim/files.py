"""Files and folders on disk: atomic writing, locks, checksums, and folders that belong to this program."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sim.errors import UserError, first_line, invalid

if TYPE_CHECKING:
    from filelock import BaseFileLock

SUMS = "sha256sums.txt"
"""File with the checksums of a folder, in the format of `sha256sum --check`."""
MARKER = "hybridwork.txt"
"""File that marks a folder of runs as this program's own."""
_MARKER_TEXT = """hybridwork: {kind}

hybridwork stores the runs and results of one study in this folder.

It replaces and removes files here that it has written itself. Keep files of your own elsewhere.
"""
SYSTEM_FILES = frozenset({"Thumbs.db", "ehthumbs.db", ".DS_Store", "desktop.ini", "Desktop.ini", ".directory"})
"""Files that file managers create in any folder they show."""
_MOST_NAMES, _LONGEST = 3, 200


# -- locks ------------------------------------------------------------------------------------------------------------


def acquire(path: Path, wait: float = 0.0) -> BaseFileLock | None:
    """Lock a file until `release()` is called or this process ends; create the file if it is missing.

    Returns None where another process still holds the lock after `wait` seconds. Raises OSError where the file system
    has no locks.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(path, timeout=wait, fallback_to_soft=False)
    try:
        lock.acquire()
    except Timeout:
        return None
    return lock


# -- files ------------------------------------------------------------------------------------------------------------


def write_text(text: str, path: Path) -> None:
    """Write a text in UTF-8, atomically."""
    write_by(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def write_json(content: Any, path: Path) -> None:
    """Write content as JSON, atomically; types that JSON lacks become text."""
    write_text(json.dumps(content, indent=2, ensure_ascii=False, default=str) + "\n", path)


def write_bytes(content: bytes, path: Path) -> None:
    """Write bytes, atomically."""
    write_by(path, lambda temporary: temporary.write_bytes(content))


def write_by(path: Path, write: Callable[[Path], Any]) -> None:
    """Let `write` fill a temporary file in the same folder, then rename it; raise UserError where that fails.

    The path is absolute, since libraries interpret names such as `~`.
    """
    path = Path(os.path.abspath(path))
    temporary = path.with_name(f".{uuid4().hex}-{path.name}")
    try:
        _clear_unfinished(path)
        temporary.touch(exist_ok=False)
        with _in_use(temporary):
            write(temporary)
            os.replace(temporary, path)
    except OSError as error:
        raise cannot_write(path, error) from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def cannot_write(path: Path, error: OSError, advice: str = "") -> UserError:
    """Return the error for a file or folder that cannot be written, with advice where there is any."""
    return UserError(f"{path} cannot be written ({error.strerror or first_line(error)}). {advice}".rstrip())


@contextmanager
def _in_use(temporary: Path) -> Iterator[None]:
    """Lock a temporary file while it is written, which shows other processes that the writer still runs."""
    lock = None
    if os.name == "posix":  # elsewhere a locked file cannot be written
        with suppress(OSError):
            lock = acquire(temporary)
    try:
        yield
    finally:
        if lock is not None:
            lock.release()


def _clear_unfinished(path: Path) -> None:
    """Remove the temporary versions of this file that killed processes left."""
    unfinished = re.compile(rf"\.[0-9a-f]{{32}}-{re.escape(path.name)}")
    for left in path.parent.iterdir():
        if unfinished.fullmatch(left.name) and left.is_file() and not left.is_symlink():
            with suppress(OSError):
                remove_unlocked(left)


def remove_unlocked(path: Path) -> None:
    """Remove a file unless a process has locked it; raise OSError where the file system has no locks."""
    lock = acquire(path)
    if lock is not None:
        path.unlink(missing_ok=True)
        lock.release()


# -- checksums --------------------------------------------------------------------------------------------------------


def checksum(content: bytes) -> str:
    """Return the SHA-256 checksum of bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def checksum_listing(files: Mapping[str, bytes]) -> str:
    """Return the text of a checksum file for these files, sorted by name."""
    return "".join(f"{checksum(content)}  {name}\n" for name, content in sorted(files.items()))


def read_checksums(folder: Path) -> dict[str, str]:
    """Return the checksums of a folder by file name; raise OSError or ValueError where it has no valid list."""
    lines = (folder / SUMS).read_text(encoding="ascii").splitlines()
    return {name: of for of, name in (line.split("  ") for line in lines)}


def write_checked(content: bytes, path: Path) -> None:
    """Write bytes, and their checksum to a second file in the same folder."""
    write_bytes(content, path)
    write_bytes(checksum_listing({path.name: content}).encode(), path.with_name(f"{path.name}.sha256"))


def read_checked(path: Path) -> bytes | None:
    """Return the bytes that `write_checked` wrote; None where they are missing or changed."""
    try:
        content = path.read_bytes()
        listing = path.with_name(f"{path.name}.sha256").read_bytes()
    except OSError:
        return None
    return content if listing == checksum_listing({path.name: content}).encode() else None


# -- folders ----------------------------------------------------------------------------------------------------------


def claim(folder: Path, kind: str) -> None:
    """Create a folder for one kind of study, such as `runs`, or use an empty one, and mark it as this program's own.

    Raises UserError, and writes nothing, where the folder cannot be created, holds another kind of study, or holds
    only files of other programs.
    """
    check_claim(folder, kind)
    with _writing_to(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / MARKER).exists():
            (folder / MARKER).write_text(_MARKER_TEXT.format(kind=kind), encoding="utf-8")


def check_claim(folder: Path, kind: str) -> None:
    """Raise UserError where `claim` would, without writing anything."""
    with _writing_to(folder):
        known = _kind_of(folder)
        others = foreign_names(folder) if known is None else []
    if (known and known != kind) or others:
        contents = f"{known} of hybridwork" if known else f"files of something else ({first_names(others)})"
        accepted = f"a new or an empty folder for {kind}, as in folder={folder / 'new'}"
        raise UserError(invalid("folder", folder, accepted, f"It has {contents}."))


@contextmanager
def _writing_to(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise cannot_write(folder, error, "Use another folder, as in folder=mine.") from None


def foreign_names(folder: Path) -> list[str]:
    """Return the names in a folder, without files of file managers; empty where the folder does not exist."""
    if not folder.exists() and not folder.is_symlink():
        return []
    return sorted(entry.name for entry in folder.iterdir() if entry.name not in SYSTEM_FILES)


def first_names(names: list[str]) -> str:
    """Return the first of these names as one line of text without control characters."""
    few = ["".join(letter if letter.isprintable() else "?" for letter in name)[:80] for name in names[:_MOST_NAMES]]
    return ", ".join(few) + (f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else "")


def _kind_of(folder: Path) -> str | None:
    """Return the kind of study in a folder: "" where the marker cannot be read, None where there is no marker."""
    if (folder / MARKER).is_file():
        first = (folder / MARKER).read_bytes()[:_LONGEST].partition(b"\n")[0].decode("ascii", "replace").strip()
        match = re.fullmatch(r"hybridwork: ([a-z_]+)", first)
        return match[1] if match else ""
    try:
        about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return "runs" if isinstance(about, dict) and {"model", "question", "design"} <= set(about) else None
