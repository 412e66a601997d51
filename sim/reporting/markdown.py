"""Pages of Markdown: tables, and the templates in which what must be written stands once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from string import Template

from sim.text import code as text_code


def fill(page: str, numbers: Mapping[str, str] | None = None, /, **parts: object) -> str:
    """The template `pages/<page>.md` with all its parts, and with those of the numbers that it names.

    Raises KeyError for a place that nothing fills, and ValueError for a part that has no place.
    """
    template = Template(files("sim.describe").joinpath("pages", f"{page}.md").read_text(encoding="utf-8"))
    unused = parts.keys() - set(template.get_identifiers())
    if unused:
        raise ValueError(f"pages/{page}.md has no place for {', '.join(sorted(unused))}")
    return template.substitute(numbers or {}, **parts)


def table(head: Sequence[str], body: Iterable[Sequence[object]]) -> str:
    """A table; cells may hold anything but a line break."""
    lines = [head, ["---"] * len(head), *body]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


def code(text: object) -> str:
    """Return the text as code, whatever characters it holds."""
    return text_code(str(text))


def listed(names: Iterable[str]) -> str:
    """Names as code, separated by commas; a dash where there are none."""
    return ", ".join(map(code, names)) or "–"
