"""What an entry of a yaml may be: each check answers a mistake in one line that names the place and the entry."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from sim.errors import UserError, as_written, is_number, unknown


def check_entries(where: str, content: Mapping[str, Any], known: Iterable[str]) -> None:
    """Raise UserError for an entry that is not among the known ones."""
    names = sorted(known)
    for entry in content:
        if entry not in names:
            raise UserError(f"{where}: {unknown('entry', entry, names)}")


def entries_of(where: str, entry: str, content: Any, right: str) -> Mapping[str, Any]:
    """The entries under `entry`, none where it is left out; UserError where something else stands there."""
    if content is None:
        return {}
    if not isinstance(content, Mapping):
        raise UserError(f"{where}: {entry} is {as_written(content)}; entries are right, as in {right}")
    return content


def check_share(where: str, entry: str, share: Any) -> None:
    """Raise UserError unless it is a number from 0 to 1."""
    if not is_number(share) or not 0 <= share <= 1:
        raise UserError(f"{where}: {entry} is {as_written(share)}; a share lies between 0 and 1")


def check_number(where: str, entry: str, number: Any, least: float = -math.inf, most: float = math.inf) -> None:
    """Raise UserError unless it is a finite number within these bounds."""
    if is_number(number) and math.isfinite(number) and least <= number <= most:
        return
    right = "a number" + (f" from {least:g} on" if least > -math.inf else "")
    if most < math.inf:
        right = f"a number from {least:g} to {most:g}"
    raise UserError(f"{where}: {entry} is {as_written(number)}; {right} is right")


def check_text(where: str, entry: str, text: Any) -> None:
    """Raise UserError unless it is a text."""
    if not isinstance(text, str):
        raise UserError(f"{where}: {entry} is {as_written(text)}; a text is right, in quotation marks")
