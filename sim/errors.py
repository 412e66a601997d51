"""The error that users can cause, and its one-line messages: what is wrong, the value, what is accepted."""

from __future__ import annotations

import codecs
import sys
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, TypeVar

Thing = TypeVar("Thing")
_FEW = 15
_LONGEST_NAME = 100  # longer names resemble none, and comparing them takes time
_LINE_START, _LINE_END = 700, 300


class UserError(ValueError):
    """A mistake of the user. The command line prints its message and ends with exit code 2."""


class FileChanged(UserError):
    """A file has changed since a study started. No run that used it may be stored."""


def print_error(message: str, code: int = 2) -> int:
    """Print a message as one line on standard error; return the exit code."""
    print(f"hybridwork: {one_line(message)}", file=sys.stderr)
    return code


def one_line(text: str) -> str:
    """Return a text as one safe line: control characters are escaped, and the middle of a long text is left out."""
    safe = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
    if len(safe) <= _LINE_START + _LINE_END:
        return safe
    return f"{safe[:_LINE_START]} … {safe[-_LINE_END:]}"


_PLAIN = {"−": "-", "–": "-", "—": "-", "‘": "'", "’": "'", "“": '"', "”": '"', "→": "->", "←": "<-", "…": "..."}


def _replace(error: UnicodeError) -> tuple[str, int]:
    """Replace characters that an encoding lacks by others of the same meaning, so that no minus sign is lost."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(_PLAIN.get(c, "?") for c in lacking), error.end


codecs.register_error("hybridwork", _replace)


def accept_every_character() -> None:
    """Replace characters that the terminal cannot show; printing them would raise an error after the computation."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="hybridwork" if stream is sys.stdout else "backslashreplace")


def instead(name: Any, known: Iterable[str]) -> str:
    """Return `Use one of a, b, c. Did you mean 'b'?`; a long list is left out where a name is similar."""
    names = [str(one) for one in known]
    near = get_close_matches(str(name)[:_LONGEST_NAME], names, n=3)
    question = f"Did you mean {' or '.join(map(repr, near))}?" if near else ""
    if near and len(names) > _FEW:
        return question
    more = f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
    accepted = f"Use {'one of ' if len(names) > 1 else ''}{', '.join(names[:_FEW])}{more}."
    return f"{accepted} {question}".rstrip()


def invalid(name: str, value: Any, accepted: str | Iterable[str], reason: str = "") -> str:
    """Return the message for a value that a setting does not accept: `Invalid value for weeks: -1. Use 1 to 2,600.`

    `accepted` describes the accepted values, or lists the names to choose from. `reason` is a sentence before it.
    """
    use = f"Use {accepted}." if isinstance(accepted, str) else instead(value, accepted)
    return " ".join(filter(None, (f"Invalid value for {name}: {as_written(value)}.", reason, use)))


def unknown(what: str, name: Any, known: Iterable[str]) -> str:
    """Return the message for a name that does not exist: `Unknown scenario: foo. Use one of a, b, c.`"""
    return f"Unknown {what}: {name}. {instead(name, known)}"


def as_written(value: Any) -> str:
    """Return a value as in YAML and on the command line: null, true and false; other values as Python writes them."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)


def is_number(value: Any) -> bool:
    """Return whether a value is a number and no truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_whole(value: Any) -> bool:
    """Return whether a value is a whole number and no truth value."""
    return isinstance(value, int) and not isinstance(value, bool)


def required(value: Thing | None, what: str) -> Thing:
    """Return a value that is never None; raise RuntimeError if it is, which is a bug."""
    if value is None:
        raise RuntimeError(f"Missing {what}. This is a bug of the program.")
    return value


def first_line(error: Exception) -> str:
    """Return the first line of an error's message, or its type where it has none."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
