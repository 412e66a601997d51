"""Text from outside, such as names in a file, a link or an error, shown as it stands and never as markup."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

_MOST = 400
"""Letters that are shown; of a longer text its beginning."""
_PLAIN = re.compile(r"(?:(?<=\w)_(?=\w)|[^\W_]|[.,;!?'\"()/%=+–—’‘“”…·§°€×−○◐◕●-])*:?")
"""A word without any character that starts markup: letters and digits, an underscore within, a colon at its end."""
_MARKUP = re.compile(r"--|(^|\W)www\.", re.IGNORECASE)
"""What a renderer changes although each of its characters is harmless: dashes, and addresses."""
_LIST = re.compile(r"[-+]+|\d+[.)]|=+")
"""What begins a list or a heading at the beginning of a text."""


def plain(text: Any) -> str:
    """Markdown that shows this text as it stands, on one line: words that would be markup are shown as code.

    Code alone is safe from every renderer: it holds no image, link, HTML, formula, icon or emoji. Control characters
    are left out, and so are those that turn the direction of writing.
    """
    visible = "".join(" " if letter.isspace() else letter for letter in str(text)[: 4 * _MOST] if _is_visible(letter))
    words = visible[:_MOST].split()
    return " ".join(code(word) if _is_markup(word, place) else word for place, word in enumerate(words))


def _is_markup(word: str, place: int) -> bool:
    return not _PLAIN.fullmatch(word) or bool(_MARKUP.search(word)) or (place == 0 and bool(_LIST.fullmatch(word)))


def _is_visible(letter: str) -> bool:
    return letter.isspace() or unicodedata.category(letter) not in ("Cc", "Cf", "Cs", "Co", "Cn")


def code(content: Any) -> str:
    """Return Markdown that shows a text as code, fenced by more backticks than it has in a row."""
    word = str(content)
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", word)), default=0))
    pad = " " if "`" in word else ""
    return f"{fence}{pad}{word}{pad}{fence}"
