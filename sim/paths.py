"""Paths as users write them: which settings are paths, how one is read, and what of it is stored."""

from __future__ import annotations

import re
from pathlib import Path

from sim.errors import UserError


def read_path(text: str | Path) -> Path:
    """Return the path that a user has written, with `~` at its beginning replaced by the home directory.

    Nothing else is replaced: `$HOME` is a name like any other. Raises UserError for the home of an unknown user.
    """
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise UserError(f"Invalid path '{text}': no such user. Write ./{text} for a name that begins with ~.") from None


def file_name(text: str | Path) -> str:
    """Return the last part of a path, whichever separators it has; this is all that is stored of a path."""
    parts = [part for part in re.split(r"[/\\]+", str(text)) if part not in ("", ".")]
    return parts[-1] if parts else str(text)
