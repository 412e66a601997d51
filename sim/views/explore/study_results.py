"""Results of earlier studies, packaged as small tables for questions that no simulation in the explorer answers.

The values come from `docs/inspection.json` and `docs/vanishing_measures.json`, which the studies publish. After a study
is run again, `rewrite` updates the tables. A test compares them with the files.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import UserError
from sim.formatting import fixed

if TYPE_CHECKING:
    import pandas as pd

NUMBERS: Mapping[str, tuple[str, str]] = {
    "claimed": ("inspection.measures_reported.employer", ".1f"),
    "told": ("inspection.carried_out", ".1f"),
    "known": ("inspection.known_of_claimed", ".1f"),
    "untold": ("inspection.not_announced", ".1f"),
    "unknown": ("inspection.not_known", ".1f"),
    "for_two": ("inspection.employees_needed", "d"),
    "for_one": ("inspection.employees_needed_half", "d"),
    "single": ("inspection.error_fewest", ".1f"),
    "word": ("inspection.error_claim", ".1f"),
    "two": ("inspection.error_two", ".1f"),
    "by_lot": ("vanishing_measures.needed.assumed.social_moments.year", ",d"),
    "four_times": ("vanishing_measures.needed.assumed.social_moments.often", ",d"),
    "seen": ("vanishing_measures.detection.assumed.social_moments.year", ".0%"),
    "most": ("vanishing_measures.largest_survey", ",d"),
    "version": ("inspection.version", ""),
}
"""Each number of the texts: its place in the results of a study, and its format."""
_VISITS = ("at_random", "mixed", "single_measure", "team_by_team", "chosen_by_employer")
_SURVEYS = ("claimed", "known", "used", "long", "half_year", "year", "often", "no_comparison")


@cache
def numbers() -> dict[str, str]:
    """Return the numbers of the texts, written in English."""
    return {row["name"]: row["value"] for row in csv.DictReader(_text("numbers").splitlines())}


def table(name: str) -> pd.DataFrame:
    """Return a packaged table of texts: `visits` or `respondents`."""
    import pandas as pd

    return pd.read_csv(io.StringIO(_text(name)), dtype=str, keep_default_na=False)


def _text(name: str) -> str:
    return files("sim.views.explore").joinpath("study_tables", f"{name}.csv").read_text(encoding="utf-8")


def from_results(docs: Path) -> dict[str, list[list[str]]]:
    """Return the rows of each table, with their heading, from the results of the studies in a folder.

    Raises UserError where a file or a value is missing.
    """
    results = {name: _read(docs / f"{name}.json") for name in ("inspection", "vanishing_measures")}
    visits, surveys = (
        value(results, place) for place in ("inspection.errors_by_employees", "vanishing_measures.needed.assumed")
    )
    values = [[name, _written(value(results, place), form)] for name, (place, form) in NUMBERS.items()]
    return {
        "numbers": [["name", "value"], *values],
        "visits": [["employees", *_VISITS], *(_visit(row) for row in visits)],
        "respondents": [["effect", *_SURVEYS], *(_survey(*row) for row in surveys.items())],
    }


def rewrite(docs: Path) -> None:
    """Write the packaged tables from the results of the studies in a folder."""
    for name, rows in from_results(docs).items():
        with open(Path(__file__).parent / "study_tables" / f"{name}.csv", "w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise UserError(f"Missing results: {path}. Run the study with its setting docs.") from None


def value(results: Mapping[str, Any], place: str) -> Any:
    """Return one value of the results of several studies; raise UserError where it is missing."""
    at: Any = results
    for name in place.split("."):
        if name not in at:
            raise UserError(f"Missing value in the results of a study: {place}. Run the study again.")
        at = at[name]
    return at


def _written(value: Any, form: str) -> str:
    return "–" if value is None else f"{value:{form}}".removesuffix("%")


def _visit(row: Mapping[str, Any]) -> list[str]:
    return [
        str(row["employees"]),
        *(fixed(100 * row[way], 0) if way == "single_measure" else fixed(row[way], 1) for way in _VISITS),
    ]


def _survey(effect: str, respondents: Mapping[str, int | str | None]) -> list[str]:
    counts = (respondents[name] for name in _SURVEYS)
    return [effect, *("–" if own is None else f"{own:,}" if isinstance(own, int) else own for own in counts)]
