"""The one error a user can cause: one line that says what is wrong, where, and what would be right."""

from __future__ import annotations

import codecs
import sys
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, TypeVar

Thing = TypeVar("Thing")
_FEW = 15
_LONGEST_NAME = 100  # longer ones resemble no name, and comparing them takes time
_LINE_START, _LINE_END = 700, 300


class UserError(ValueError):
    """A mistake in what was asked. The command line prints its text and ends with exit code 2."""


class FileChanged(UserError):
    """A file is no longer what it was when a study started. No run may be stored that was made with it."""


def print_error(message: str, code: int = 2) -> int:
    """Print a message as one line on standard error; return the exit code."""
    print(f"hybridwork: {one_line(message)}", file=sys.stderr)
    return code


def one_line(text: str) -> str:
    """A text as one safe line: control characters are escaped, and the middle of a long one is left out."""
    safe = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
    if len(safe) <= _LINE_START + _LINE_END:
        return safe
    return f"{safe[:_LINE_START]} … {safe[-_LINE_END:]}"


_PLAIN = {"−": "-", "–": "-", "—": "-", "‘": "'", "’": "'", "“": '"', "”": '"', "→": "->", "←": "<-", "…": "..."}


def _replace(error: UnicodeError) -> tuple[str, int]:
    """Write a character that an encoding lacks in a way that keeps its meaning: a minus sign is never lost."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(_PLAIN.get(c, "?") for c in lacking), error.end


codecs.register_error("hybridwork", _replace)


def accept_every_character() -> None:
    """Replace characters that the terminal cannot show, instead of failing when all work is done."""
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

    Parameters
    ----------
    name : str
        Setting, as users write it.
    value : object
        What it was set to.
    accepted : str or iterable of str
        Accepted values in words, or the names to choose from.
    reason : str
        Sentence that says why the value is not accepted, where that is not obvious.
    """
    use = f"Use {accepted}." if isinstance(accepted, str) else instead(value, accepted)
    return " ".join(filter(None, (f"Invalid value for {name}: {as_written(value)}.", reason, use)))


def unknown(what: str, name: Any, known: Iterable[str]) -> str:
    """Return the message for a name that does not exist: `Unknown scenario: foo. Use one of a, b, c.`"""
    return f"Unknown {what}: {name}. {instead(name, known)}"


def as_written(value: Any) -> str:
    """A value as it stands in a yaml and on the command line: null, true and false, the rest as Python tells it."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)


def is_number(value: Any) -> bool:
    """Whether it is a number, which a truth value is not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_whole(value: Any) -> bool:
    """Whether it is a whole number, which a truth value is not."""
    return isinstance(value, int) and not isinstance(value, bool)


def required(value: Thing | None, what: str) -> Thing:
    """The value, which is there unless the program itself is at fault; then RuntimeError says what is missing."""
    if value is None:
        raise RuntimeError(f"{what} is missing, which is a fault of the program")
    return value


def first_line(error: Exception) -> str:
    """The first line that an error says, or its kind where it says nothing."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
