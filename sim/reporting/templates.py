"""Pages from Jinja templates, which hold all sentences; all numbers are passed as values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import BaseLoader, Environment, StrictUndefined

from sim.formatting import fixed, signed
from sim.outcomes.definitions import OUTCOMES
from sim.reporting.labels import label_of, outcome_name
from sim.text import code, plain


def render(package: str, values: dict[str, Any], template: str = "report.md.j2") -> str:
    """Return a page of Markdown.

    Parameters
    ----------
    package : str
        Package that holds the template, such as `sim.studies.structure`.
    values : dict
        Values by the name that the template uses. A name without a value is an error.
    template : str
        File name of the template within the package.
    """
    text = files(package).joinpath(template).read_text(encoding="utf-8")
    return environment().from_string(text).render(**values).strip() + "\n"


@cache
def environment() -> Environment:
    """Return the environment of all pages, with the filters of this module."""
    environment = Environment(
        loader=BaseLoader(), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
    )
    environment.filters |= FILTERS
    environment.globals["table"] = table
    return environment


def table(head: Sequence[str], body: Iterable[Sequence[object]]) -> str:
    """Return a table; cells may have any text without line breaks."""
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(map(cell, line))} |" for line in lines)


def cell(content: object) -> str:
    """Return the text of a cell of a table."""
    return str(content).replace("|", "\\|")


def listed(names: Iterable[str]) -> str:
    """Return names as code, separated by commas; a dash where there are none."""
    return ", ".join(map(code, names)) or "–"


def plural(count: int, one: str, many: str = "") -> str:
    """Return a count with its noun: `1 pattern`, `1,200 patterns`."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def joined(words: Iterable[object], last: str = "and") -> str:
    """Return words as a list in a sentence: `a, b and c`."""
    *first, final = [str(word) for word in words] or [""]
    return f"{', '.join(first)} {last} {final}" if first else final


def percent(share: float, decimals: int = 0) -> str:
    """Return a share as a percentage: `0.123` is `12%`."""
    return f"{fixed(100 * share, decimals)}%"


def interval(bounds: Sequence[float], decimals: int, sign: bool = False) -> str:
    """Return two bounds: `−1.2 to 3.4`."""
    form = signed if sign else fixed
    return f"{form(bounds[0], decimals)} to {form(bounds[1], decimals)}"


def label(identifier: str) -> str:
    """Return the name of a scenario, measure, outcome or group: `anchor_days` is `Anchor days`."""
    return plain(label_of(identifier, {name: outcome.label for name, outcome in OUTCOMES.items()}))


def in_sentence(words: str) -> str:
    """Return words with a small first letter, for use within a sentence."""
    return words[:1].lower() + words[1:]


FILTERS: dict[str, Callable[..., str]] = {
    "cell": cell,
    "code": code,
    "fixed": fixed,
    "in_sentence": in_sentence,
    "interval": interval,
    "joined": joined,
    "label": label,
    "listed": listed,
    "outcome_name": outcome_name,
    "percent": percent,
    "plain": plain,
    "plural": plural,
    "signed": signed,
}
