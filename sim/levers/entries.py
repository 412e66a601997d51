"""Checks of entries of YAML files; each error names the entry and the file."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from sim.errors import UserError, instead, invalid, is_number


def check_entries(where: str, content: Mapping[str, Any], known: Iterable[str]) -> None:
    """Raise UserError for an unknown entry."""
    names = sorted(known)
    for entry in content:
        if entry not in names:
            raise UserError(f"Unknown entry: {entry} in {where}. {instead(entry, names)}")


def entries_of(name: str, content: Any, example: str) -> Mapping[str, Any]:
    """Return the entries of a group, none where it is left out; raise UserError for anything else."""
    if content is None:
        return {}
    if not isinstance(content, Mapping):
        raise UserError(invalid(name, content, f"entries, as in {example}"))
    return content


def check_share(name: str, share: Any) -> None:
    """Raise UserError unless `share` is a number from 0 to 1."""
    if not is_number(share) or not 0 <= share <= 1:
        raise UserError(invalid(name, share, "a share from 0 to 1"))


def check_number(name: str, number: Any, least: float = -math.inf, most: float = math.inf) -> None:
    """Raise UserError unless `number` is finite and within these bounds."""
    if not is_number(number) or not math.isfinite(number) or not least <= number <= most:
        accepted = "a number" + (f" from {least:g}" if least > -math.inf else "")
        raise UserError(invalid(name, number, accepted + (f" to {most:g}" if most < math.inf else "")))


def check_text(name: str, text: Any) -> None:
    """Raise UserError unless `text` is a string."""
    if not isinstance(text, str):
        raise UserError(invalid(name, text, "text in quotation marks"))
