"""Safe Markdown for text from outside, such as names in a file, a link or an error."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

_MOST = 400
"""Maximum number of letters that are shown."""
_PLAIN = re.compile(r"(?:(?<=\w)_(?=\w)|[^\W_]|[.,;!?'\"()/%=+–—’‘“”…·§°€×−○◐◕●-])*:?")
"""A word without markup: letters, digits, inner underscores, and a colon at the end."""
_MARKUP = re.compile(r"--|(^|\W)www\.", re.IGNORECASE)
"""Sequences of harmless characters that a renderer changes: dashes and web addresses."""
_LIST = re.compile(r"[-+]+|\d+[.)]|=+")
"""Beginning of a list or a heading."""


def plain(text: Any) -> str:
    """Return Markdown that shows a text unchanged on one line; words that would be markup are shown as code.

    No renderer finds an image, link, HTML, formula, icon or emoji in code. Control characters and those that change the
    direction of writing are removed.
    """
    visible = "".join(" " if letter.isspace() else letter for letter in str(text)[: 4 * _MOST] if _is_visible(letter))
    words = visible[:_MOST].split()
    return " ".join(code(word) if _is_markup(word, place) else word for place, word in enumerate(words))


def _is_markup(word: str, place: int) -> bool:
    return not _PLAIN.fullmatch(word) or bool(_MARKUP.search(word)) or (place == 0 and bool(_LIST.fullmatch(word)))


def _is_visible(letter: str) -> bool:
    return letter.isspace() or unicodedata.category(letter) not in ("Cc", "Cf", "Cs", "Co", "Cn")


def code(content: Any) -> str:
    """Return Markdown that shows a text as code, fenced by more backticks than the text has in a row."""
    word = str(content)
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", word)), default=0))
    pad = " " if "`" in word else ""
    return f"{fence}{pad}{word}{pad}{fence}"
