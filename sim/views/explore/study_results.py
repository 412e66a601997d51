"""Results of earlier studies, packaged as small tables for questions that the explorer does not simulate.

The values come from `docs/inspection.json` and `docs/vanishing_measures.json`, which the studies publish. After a new
run of a study, call `rewrite` to update the tables. A test compares them with the files.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from sim.errors import UserError
from sim.formatting import fixed
from sim.words import Words

NUMBERS: Mapping[str, tuple[str, str]] = {
    "claimed": ("inspection.measures_reported.employer", ".1f"),
    "communicated": ("inspection.carried_out", ".1f"),
    "known": ("inspection.known_of_claimed", ".1f"),
    "not_communicated": ("inspection.not_announced", ".1f"),
    "not_known": ("inspection.not_known", ".1f"),
    "interviews_for_two": ("inspection.employees_needed", "d"),
    "interviews_for_one": ("inspection.employees_needed_half", "d"),
    "error_one_interview": ("inspection.error_fewest", ".1f"),
    "error_employer": ("inspection.error_claim", ".1f"),
    "error_two_interviews": ("inspection.error_two", ".1f"),
    "respondents": ("vanishing_measures.needed.assumed.social_moments.year", ",d"),
    "respondents_four_times": ("vanishing_measures.needed.assumed.social_moments.often", ",d"),
    "detected": ("vanishing_measures.detection.assumed.social_moments.year", ".0%"),
    "most": ("vanishing_measures.largest_survey", ",d"),
    "version": ("inspection.version", ""),
}
"""Numbers in the texts, each with its place in the results of a study and its format."""
_VISITS = ("at_random", "mixed", "single_measure", "team_by_team", "chosen_by_employer")
_SURVEYS = ("claimed", "known", "used", "long", "half_year", "year", "often", "no_comparison")
_TABLES = Path(__file__).with_name("study_tables")


@cache
def packaged(name: str) -> list[list[str]]:
    """Return the rows of a packaged table, with its heading: `numbers`, `visits` or `respondents`."""
    with open(_TABLES / f"{name}.csv", encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def numbers(words: Words) -> dict[str, str]:
    """Return the numbers of the texts, with the marks of the language."""
    return {name: value if name == "version" else _in_language(value, words) for name, value in packaged("numbers")[1:]}


def table(name: str, words: Words) -> tuple[list[str], list[list[str]]]:
    """Return the heads and rows of `visits` or `respondents` in the language of the reader."""
    columns, *rows = packaged(name)
    return [words(f"explore.table.{column}") for column in columns], [
        [words(f"explore.effect.{first}") if name == "respondents" else first]
        + [words("explore.table.misleading") if cell == "misleading" else _in_language(cell, words) for cell in cells]
        for first, *cells in rows
    ]


def _in_language(number: str, words: Words) -> str:
    return number.translate(str.maketrans(".,", words("common.number.decimal") + words("common.number.thousands")))


def from_results(docs: Path) -> dict[str, list[list[str]]]:
    """Return the rows of each table, with their heading, from the results of the studies in a folder.

    Raises UserError where a file or a value is missing.
    """
    results = {name: _read(docs / f"{name}.json") for name in ("inspection", "vanishing_measures")}
    visits = value(results, "inspection.errors_by_employees")
    surveys = value(results, "vanishing_measures.needed.assumed")
    values = [[name, _written(value(results, place), form)] for name, (place, form) in NUMBERS.items()]
    return {
        "numbers": [["name", "value"], *values],
        "visits": [["employees", *_VISITS], *([str(row["employees"]), *_errors(row)] for row in visits)],
        "respondents": [
            ["effect", *_SURVEYS],
            *([effect, *(_respondents(row[name]) for name in _SURVEYS)] for effect, row in surveys.items()),
        ],
    }


def rewrite(docs: Path) -> None:
    """Write the packaged tables from the results of the studies in a folder."""
    for name, rows in from_results(docs).items():
        with open(_TABLES / f"{name}.csv", "w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise UserError(f"Missing results: {path}. Run the study with its setting docs.") from None


def value(results: Any, place: str) -> Any:
    """Return one value of the results of several studies; raise UserError where it is missing."""
    for name in place.split("."):
        if name not in results:
            raise UserError(f"Missing value in the results of a study: {place}. Run the study again.")
        results = results[name]
    return results


def _written(number: Any, form: str) -> str:
    return "–" if number is None else f"{number:{form}}".removesuffix("%")


def _errors(row: Mapping[str, Any]) -> list[str]:
    return [fixed(100 * row[way], 0) if way == "single_measure" else fixed(row[way], 1) for way in _VISITS]


def _respondents(needed: int | str | None) -> str:
    return needed if isinstance(needed, str) else _written(needed, ",d")
