"""Paths in settings: their names, how they are read, and how they are stored."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from sim.errors import UserError, invalid

INPUTS = ("firm.persons", "firm.ties", "design.file", "observations", "search.costs", "vanishing.tables")
"""Settings that name a file or folder that a study reads."""
OUTPUTS = (
    "output", "folder", "inspection.docs", "panel.page", "patterns.docs", "posterior.docs", "structure.docs",
    "vanishing.docs",
)  # fmt: skip
"""Settings that name a file or folder that a study writes."""
SETTINGS = (*INPUTS, *OUTPUTS)
_FACTORS = "design.factors"
"""Setting that may list values of any other setting."""
_ABSOLUTE = re.compile(
    r"(?<=['\"])(?:[A-Za-z]:|~)?[/\\][^'\"\n]*[/\\](?=[^'\"/\\\n]+['\"])"  # in quotes, with any signs
    r"|(?<![\w/\\.])(?:[A-Za-z]:|~)?[/\\](?:[^\s/\\'\":;,()]+[/\\])+(?=[^\s/\\'\":;,()])"
)


@cache
def conf_folder() -> Path:
    """Return the folder of the configuration: inside the package in a wheel, beside the package in a checkout."""
    package = Path(__file__).resolve().parent
    for folder in (package / "conf", package.parent / "conf"):
        if (folder / "config.yaml").is_file():
            return folder
    raise UserError(f"Missing file: conf/config.yaml, beside {package}. Install the package again.")


def read_path(text: str | Path) -> Path:
    """Return a path that a user wrote, with `~` at its beginning replaced by the home directory.

    Nothing else, such as `$HOME`, is replaced. Raises UserError for the home directory of an unknown user.
    """
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise UserError(f"Invalid path: {text}. There is no such user. Use ./{text} for a name with ~.") from None


def file_name(text: str | Path) -> str:
    """Return the last part of a path with any separators, the only part that is stored."""
    parts = [part for part in re.split(r"[/\\]+", str(text)) if part not in ("", ".")]
    return parts[-1] if parts else str(text)


def without_folders(text: str) -> str:
    """Return a message with every absolute path in it reduced to its last part."""
    return _ABSOLUTE.sub("", text)


def shorten(value: Any, name: str = "") -> Any:
    """Return nested settings with every path in them reduced to its last part; `name` is empty for all settings."""
    if isinstance(value, Mapping):
        return {key: shorten(of, str(key) if name in ("", _FACTORS) else f"{name}.{key}") for key, of in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(shorten(of, name) for of in value)
    is_path = name in SETTINGS and isinstance(value, str | Path) and str(value)
    return file_name(value) if is_path else value


def check_writable(path: str | Path, setting: str) -> None:
    """Raise UserError where no file can be created in a folder, or in its nearest existing parent."""
    folder = Path(path)
    try:
        while not _exists(folder) and folder != folder.parent:
            folder = folder.parent
        with tempfile.TemporaryDirectory(prefix=".hybridwork-", dir=folder):
            pass
    except (OSError, ValueError) as error:
        reason = f"It cannot be written ({getattr(error, 'strerror', None) or error})."
        raise UserError(invalid(setting, path, "another place", reason)) from None


def _exists(path: Path) -> bool:
    """Return whether a path exists; unlike `Path.exists`, raise OSError or ValueError for an impossible path."""
    try:
        path.stat()
    except FileNotFoundError:
        return False
    return True
