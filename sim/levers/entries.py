"""Checks of entries of YAML files; each error names the file and the entry."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from sim.errors import UserError, as_written, is_number, unknown


def check_entries(where: str, content: Mapping[str, Any], known: Iterable[str]) -> None:
    """Raise UserError for an unknown entry."""
    names = sorted(known)
    for entry in content:
        if entry not in names:
            raise UserError(f"{where}: {unknown('entry', entry, names)}")


def entries_of(where: str, entry: str, content: Any, example: str) -> Mapping[str, Any]:
    """Return the entries under `entry`, none where it is left out; raise UserError for anything else."""
    if content is None:
        return {}
    if not isinstance(content, Mapping):
        raise UserError(f"Invalid value for {entry} in {where}: {as_written(content)}. Use entries, as in {example}.")
    return content


def check_share(where: str, entry: str, share: Any) -> None:
    """Raise UserError unless `share` is a number from 0 to 1."""
    if not is_number(share) or not 0 <= share <= 1:
        raise UserError(f"Invalid value for {entry} in {where}: {as_written(share)}. Use a share from 0 to 1.")


def check_number(where: str, entry: str, number: Any, least: float = -math.inf, most: float = math.inf) -> None:
    """Raise UserError unless `number` is finite and within these bounds."""
    if is_number(number) and math.isfinite(number) and least <= number <= most:
        return
    accepted = "a number" + (f" from {least:g}" if least > -math.inf else "")
    if most < math.inf:
        accepted = f"a number from {least:g} to {most:g}"
    raise UserError(f"Invalid value for {entry} in {where}: {as_written(number)}. Use {accepted}.")


def check_text(where: str, entry: str, text: Any) -> None:
    """Raise UserError unless `text` is a string."""
    if not isinstance(text, str):
        raise UserError(f"Invalid value for {entry} in {where}: {as_written(text)}. Use text in quotation marks.")
