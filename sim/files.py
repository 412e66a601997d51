"""Files and folders on disk: written whole or not at all, locked while in use, and never somebody else's."""

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

from sim.errors import UserError, first_line

if TYPE_CHECKING:
    from filelock import BaseFileLock

SUMS = "sha256sums.txt"
"""Checksums of files in one folder, as the command `sha256sum --check` reads them."""
MARKER = "hybridwork.txt"
"""The file by which a folder of runs is known to be this program's own."""
_MARKER_TEXT = """hybridwork: {kind}

hybridwork keeps the runs and results of one study in this folder.

It replaces and removes files here that it has written itself. Keep files of your own elsewhere.
"""
SYSTEM_FILES = frozenset({"Thumbs.db", "ehthumbs.db", ".DS_Store", "desktop.ini", "Desktop.ini", ".directory"})
"""Files that file managers leave in any folder they show."""
_MOST_NAMES, _LONGEST = 3, 200


# -- locks ------------------------------------------------------------------------------------------------------------


def acquire(path: Path, wait: float = 0.0) -> BaseFileLock | None:
    """Lock a file until `release()` is called or this process ends, however it ends.

    Args:
        path: the file, which is created where it is missing.
        wait: seconds to wait for another process that holds the lock.

    Returns None where another process still holds the lock. Raises OSError where the file system has no locks.
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
    """Write a text in UTF-8, whole or not at all."""
    write_by(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def write_json(content: Any, path: Path) -> None:
    """Write what json can hold, whole or not at all."""
    write_text(json.dumps(content, indent=2, ensure_ascii=False, default=str) + "\n", path)


def write_bytes(content: bytes, path: Path) -> None:
    """Write some bytes, whole or not at all."""
    write_by(path, lambda temporary: temporary.write_bytes(content))


def write_by(path: Path, write: Callable[[Path], Any]) -> None:
    """Let `write` fill a temporary file in the same folder, then give it its name; raises UserError if that fails.

    The path is made absolute, so that no library reads more into a name like `~` than it says.
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
        raise UserError(f"{path} cannot be written ({error.strerror or first_line(error)})") from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextmanager
def _in_use(temporary: Path) -> Iterator[None]:
    """Hold a lock on a file while it is written, which shows that its writer lives; none where that cannot be."""
    lock = None
    if os.name == "posix":  # elsewhere nobody could write to a locked file
        with suppress(OSError):
            lock = acquire(temporary)
    try:
        yield
    finally:
        if lock is not None:
            lock.release()


def _clear_unfinished(path: Path) -> None:
    """Remove what killed processes have left of writing this very file."""
    unfinished = re.compile(rf"\.[0-9a-f]{{32}}-{re.escape(path.name)}")
    for left in path.parent.iterdir():
        if unfinished.fullmatch(left.name) and left.is_file() and not left.is_symlink():
            with suppress(OSError):
                remove_unlocked(left)


def remove_unlocked(path: Path) -> None:
    """Remove a file unless a living process has locked it; raises OSError where the file system has no locks."""
    lock = acquire(path)
    if lock is not None:
        path.unlink(missing_ok=True)
        lock.release()


# -- checksums --------------------------------------------------------------------------------------------------------


def checksum(content: bytes) -> str:
    """The SHA-256 checksum of some bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def checksum_listing(files: Mapping[str, bytes]) -> str:
    """The text of a checksum file about these files, in the order of their names."""
    return "".join(f"{checksum(content)}  {name}\n" for name, content in sorted(files.items()))


def read_checksums(folder: Path) -> dict[str, str]:
    """The checksums that a folder lists, by file name; raises OSError or ValueError where it has no such list."""
    lines = (folder / SUMS).read_text(encoding="ascii").splitlines()
    return {name: of for of, name in (line.split("  ") for line in lines)}


def write_checked(content: bytes, path: Path) -> None:
    """Write some bytes, and their checksum into a file beside them."""
    write_bytes(content, path)
    write_bytes(checksum_listing({path.name: content}).encode(), path.with_name(f"{path.name}.sha256"))


def read_checked(path: Path) -> bytes | None:
    """The bytes that `write_checked` has written; None where they are missing or are not the same any more."""
    try:
        content = path.read_bytes()
        listing = path.with_name(f"{path.name}.sha256").read_bytes()
    except OSError:
        return None
    return content if listing == checksum_listing({path.name: content}).encode() else None


# -- folders ----------------------------------------------------------------------------------------------------------


def claim(folder: Path, kind: str) -> None:
    """Make a folder this program's own, so that a study can be kept in it.

    Args:
        folder: where the study is to be kept.
        kind: what is kept there, as `runs` or `sensitivity`; a folder keeps one kind.

    Raises UserError where the folder cannot be made, holds another kind of study, or holds files and none of them shows
    that this program wrote them. Nothing is written before that is known.
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
        contents = f"holds {known} of hybridwork" if known else f"holds files of something else ({shown(others)})"
        raise UserError(
            f"folder {folder} {contents}, so {kind} cannot be kept there; use a new or an empty folder, "
            f"as in folder={folder / 'new'}"
        )


@contextmanager
def _writing_to(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or first_line(error)
        raise UserError(f"{folder} cannot be written ({reason}); give another folder, as in folder=mine") from None


def foreign_names(folder: Path) -> list[str]:
    """The names of what a folder holds, without what file managers leave; nothing where there is no such folder."""
    if not folder.exists() and not folder.is_symlink():
        return []
    return sorted(entry.name for entry in folder.iterdir() if entry.name not in SYSTEM_FILES)


def shown(names: list[str]) -> str:
    """A few of these names for one line of text, without control characters."""
    few = ["".join(letter if letter.isprintable() else "?" for letter in name)[:80] for name in names[:_MOST_NAMES]]
    return ", ".join(few) + (f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else "")


def _kind_of(folder: Path) -> str | None:
    """What kind of study a folder says it keeps; "" where that cannot be read, None where nothing shows one."""
    if (folder / MARKER).is_file():
        first = (folder / MARKER).read_bytes()[:_LONGEST].partition(b"\n")[0].decode("ascii", "replace").strip()
        match = re.fullmatch(r"hybridwork: ([a-z_]+)", first)
        return match[1] if match else ""
    try:
        about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return "runs" if isinstance(about, dict) and {"model", "question", "design"} <= set(about) else None
