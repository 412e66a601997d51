"""Parts of Markdown pages: tables and code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sim.text import code as text_code


def table(head: Sequence[str], body: Iterable[Sequence[object]]) -> str:
    """Return a table; cells may have any text without line breaks."""
    lines = [head, ["---"] * len(head), *body]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


def code(text: object) -> str:
    """Return the text as code, whatever characters it holds."""
    return text_code(str(text))


def listed(names: Iterable[str]) -> str:
    """Return names as code, separated by commas; a dash where there are none."""
    return ", ".join(map(code, names)) or "–"
