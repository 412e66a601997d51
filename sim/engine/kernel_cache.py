"""Signed files in the user's cache folder.

Reading machine code means running it, so only files that this user's own runs wrote are accepted. Each file carries a
keyed digest of its name and content. The key is a private file outside the cache, so a folder from somebody else is
never accepted.
"""

from __future__ import annotations

import atexit
import hashlib
import hmac
import os
import secrets
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from multiprocessing import parent_process
from pathlib import Path

from filelock import FileLock

KEY_BYTES = 32
DIGEST_BYTES = hashlib.sha256().digest_size


@dataclass(frozen=True)
class SignedFolder:
    """Files that only the holder of `key` can have written."""

    folder: Path
    key: bytes

    def read(self, name: str) -> bytes | None:
        """Return the content of a file; None where it is missing, damaged or not signed with the key."""
        try:
            stored = (self.folder / name).read_bytes()
        except OSError:
            return None
        digest, content = stored[:DIGEST_BYTES], stored[DIGEST_BYTES:]
        return content if hmac.compare_digest(digest, self._digest(name, content)) else None

    def write(self, name: str, content: bytes) -> None:
        """Write a file atomically; raise OSError where it cannot be written."""
        _write_whole(self.folder / name, self._digest(name, content) + content)

    def has(self, pattern: str) -> bool:
        """Return whether a file matches the pattern, signed or not."""
        return any(self.folder.glob(pattern))

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Let one process compile at a time; without effect where the file system has no locks."""
        lock = FileLock(self.folder / "compile.lock")
        locked = False
        with suppress(OSError, NotImplementedError):  # without a lock, several processes compile the same code
            lock.acquire()
            locked = True
        try:
            yield
        finally:
            if locked:
                lock.release()

    def _digest(self, name: str, content: bytes) -> bytes:
        return hmac.digest(self.key, name.encode() + b"\0" + content, "sha256")


@cache
def kernel_cache() -> SignedFolder:
    """Return the user's kernel cache.

    Where it cannot be written or kept private, return one in the folder for temporary files, which all processes of the
    user share, and print a warning.
    """
    try:
        folder = _home("XDG_CACHE_HOME", ".cache") / "kernels"
    except RuntimeError as error:  # there is no home folder
        return _temporary("~/.cache/hybridwork/kernels", str(error))
    try:
        return SignedFolder(private_folder(folder), signing_key(_home("XDG_STATE_HOME", ".local/state")))
    except (OSError, RuntimeError) as error:
        return _temporary(folder, _reason(error))


def _home(variable: str, default: str) -> Path:
    """Return the program's folder in one of the user's base folders; a relative path in the environment is ignored."""
    base = Path(os.environ.get(variable, ""))
    return (base if base.is_absolute() else Path.home() / default) / "hybridwork"


def _temporary(preferred: Path | str, reason: str) -> SignedFolder:
    shared = Path(tempfile.gettempdir()) / f"hybridwork-{os.getuid() if hasattr(os, 'getuid') else 'user'}"
    try:
        cached = SignedFolder(private_folder(shared / "kernels"), signing_key(shared))
    except OSError:
        own = Path(tempfile.mkdtemp(prefix="hybridwork-"))
        atexit.register(shutil.rmtree, own, ignore_errors=True)
        cached = SignedFolder(own, secrets.token_bytes(KEY_BYTES))
    if parent_process() is None:
        warn(
            f"kernel cache {preferred} is not used ({reason}). Compiled code is stored in {cached.folder} instead. "
            "Set XDG_CACHE_HOME and XDG_STATE_HOME to private folders that you can write to."
        )
    return cached


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}"
    return str(error)


def private_folder(folder: Path) -> Path:
    """Make a folder and its parent private to this user, removing permissions of others.

    Raises OSError where that, or writing to the folder, is impossible.
    """
    for one in (folder.parent, folder):
        one.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.name == "posix":
            _make_private(one)
    with tempfile.TemporaryFile(dir=folder):
        return folder


def _make_private(folder: Path) -> None:
    status = folder.lstat()
    if stat.S_ISLNK(status.st_mode):
        raise OSError(f"{folder} is a symbolic link")
    if status.st_uid != os.getuid():
        raise OSError(f"{folder} belongs to another user")
    if status.st_mode & 0o077:
        folder.chmod(0o700)
        if folder.lstat().st_mode & 0o077:
            raise OSError(f"{folder} is open to other users")


def signing_key(folder: Path) -> bytes:
    """Return this user's key from a private file of `folder`; a new key replaces one that is damaged or not private.

    Raises OSError where the file cannot be written or kept private.
    """
    path = private_folder(folder) / "kernels.key"
    key = _read_key(path)
    if key is None:
        path.unlink(missing_ok=True)
        _write_whole(path, secrets.token_bytes(KEY_BYTES), replace=False)
        key = _read_key(path)
    if key is None:
        raise OSError(f"{path} cannot be kept private")
    return key


def _read_key(path: Path) -> bytes | None:
    try:
        status = path.lstat()
        key = path.read_bytes()
    except OSError:
        return None
    private = os.name != "posix" or (status.st_uid == os.getuid() and not status.st_mode & 0o077)
    return key if stat.S_ISREG(status.st_mode) and private and len(key) == KEY_BYTES else None


def _write_whole(path: Path, content: bytes, replace: bool = True) -> None:
    """Write a file atomically; without `replace`, keep a file that another process wrote first."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", suffix=".part", delete=False) as file:
        written = Path(file.name)
        try:
            file.write(content)
            file.close()
            if replace:
                os.replace(written, path)
            else:
                _link(written, path)
        finally:
            written.unlink(missing_ok=True)


def _link(written: Path, path: Path) -> None:
    try:
        os.link(written, path)
    except FileExistsError:
        return
    except OSError:  # a file system without hard links
        os.replace(written, path)


@cache
def warn(text: str) -> None:
    """Write one line to stderr, once in a process."""
    sys.stderr.write(f"hybridwork: {text}\n")
