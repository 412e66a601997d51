"""What earlier studies found, kept as small tables for questions that no live run answers.

The tables are those of the pages `docs/inspection.md` and `docs/vanishing_measures.md`; `rewrite` takes them from there
whenever a study is done again, and a test holds the two together.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from sim.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

TABLES: Mapping[str, tuple[str, str]] = {
    "visits": ("inspection.md", "| Employees | By lot |"),
    "respondents": ("vanishing_measures.md", "Respondents needed to see it in 80 of 100"),
    "seen": ("vanishing_measures.md", "Of 100 surveys with 120 respondents"),
}
"""Each table with its page and the text it stands under, or begins with."""
NUMBERS: Mapping[str, tuple[str, str]] = {
    "claimed": ("inspection.md", r"Of (\d+\.\d) claimed, \d+\.\d are carried out"),
    "told": ("inspection.md", r"claimed, (\d+\.\d) are carried out and announced"),
    "known": ("inspection.md", r"An employee one meets knows (\d+\.\d) of those claimed"),
    "untold": ("inspection.md", r"Of what is claimed, (\d+\.\d) measures are still planned"),
    "unknown": ("inspection.md", r"and an employee does not know (\d+\.\d)"),
    "for_two": ("inspection.md", r"in 95 of 100 visits, takes (\d+) employees found by lot"),
    "for_one": ("inspection.md", r"within 1, (\d+) employees"),
    "single": ("inspection.md", r"Speaking to 1 employee leaves one up to (\d+\.\d) off"),
    "word": ("inspection.md", r"The employer's word alone is up to (\d+\.\d) off"),
    "two": ("inspection.md", r"but two employees leave one (\d+\.\d) off"),
    "by_lot": ("vanishing_measures.md", r"takes ([\d,]+) respondents by lot"),
    "four_times": ("vanishing_measures.md", r"and ([\d,]+) if they are asked four times before and four times after"),
    "seen": ("vanishing_measures.md", r"half of them given the measure by lot, in (\d+)\."),
    "most": ("vanishing_measures.md", r"in 80 of 100, at most ([\d,]+); a dash"),
    "version": ("inspection.md", r"Seed \d+, version (\d+\.\d+\.\d+)"),
}
"""Single numbers, each with its page and where it stands there."""


@cache
def numbers() -> dict[str, str]:
    """The single numbers, as they are written in English."""
    return {row["name"]: row["value"] for row in csv.DictReader(_text("numbers").splitlines())}


def table(name: str) -> pd.DataFrame:
    """A kept table, of texts as they stand on its page: visits, respondents or seen."""
    import io

    import pandas as pd

    return pd.read_csv(io.StringIO(_text(name)), dtype=str, keep_default_na=False)


def _text(name: str) -> str:
    return files("sim.views.explore").joinpath("kept_tables", f"{name}.csv").read_text(encoding="utf-8")


def taken(docs: Path) -> dict[str, list[list[str]]]:
    """Everything that is kept, as rows by file, taken from the pages in this folder.

    Raises UserError where a page no longer says it.
    """
    pages = {page: (docs / page).read_text(encoding="utf-8") for page, _ in (*TABLES.values(), *NUMBERS.values())}
    found = {name: _table(name, pages[page], start) for name, (page, start) in TABLES.items()}
    rows = [["name", "value"]]
    for name, (page, pattern) in NUMBERS.items():
        said = re.search(pattern, pages[page])
        if not said:
            raise UserError(f"{page} no longer says {name}; mend its pattern in sim/views/explore/study_results.py")
        rows.append([name, said[1]])
    return {**found, "numbers": rows}


def _table(name: str, page: str, start: str) -> list[list[str]]:
    _, begun, rest = page.partition(start)
    if not begun:
        raise UserError(f"the page of {name} no longer holds '{start}'; mend it in sim/views/explore/study_results.py")
    lines = (begun + rest if begun.startswith("|") else rest[rest.index("\n| ") + 1 :]).splitlines()
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([cell.strip().strip("*") for cell in line.strip("|").split("|")])
    return [rows[0], *rows[2:]]


def rewrite(docs: Path) -> None:
    """Write the kept tables anew from the pages in this folder."""
    for name, rows in taken(docs).items():
        with open(Path(__file__).parent / "kept_tables" / f"{name}.csv", "w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)
