"""Labels and order of assumptions and doses for the figures, charts and pages of sensitivity studies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sim.engine.plan import BASELINE
from sim.outcomes.definitions import OUTCOMES
from sim.reporting.changes import of_people
from sim.reporting.labels import TODAY, outcome_name

if TYPE_CHECKING:
    import pandas as pd

DOSE_KINDS = {"dose": "share of employers", "strength": "strength"}


def by_number(table: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Yield each result in a table of factors: its scenario (the baseline for a level), its outcome, and its rows."""
    for (scenario, outcome), rows in table.groupby(["scenario", "outcome"], sort=False):
        yield str(scenario), str(outcome), rows


def leading_rows(rows: pd.DataFrame, by: str, count: int) -> pd.DataFrame:
    """Return the rows with the largest estimates, by tier and then alphabetically; rows without a tier come last."""
    moving = rows[rows[by] > 0].nlargest(count, by)
    return moving.assign(_last=moving["tier"] == 0).sort_values(["_last", "tier", "words"]).drop(columns="_last")


def number_title(scenario: str) -> str:
    """Return the title of a result without its outcome: a level, or the effect of a scenario."""
    return f"Level under {TODAY}" if scenario == BASELINE.name else f"Effect of {scenario.replace('_', ' ')}"


def number_name(scenario: str, outcome: str) -> str:
    """Return the name of a result: its outcome and its title.

    >>> number_name("whole_package", "isolation_from_company")
    'Isolation from the company: effect of whole package'
    """
    title = number_title(scenario)
    return f"{outcome_name(outcome)}: {title[0].lower()}{title[1:]}"


def direction(low: float, high: float) -> int:
    """Return 1 if the whole interval is above zero, -1 if it is below, else 0."""
    return int(low > 0) - int(high < 0)


def direction_in_words(direction: int, scenario: str, outcome: str) -> str:
    """Return in words how a result changes with an assumption: rises (1), falls (-1), or either (0).

    >>> direction_in_words(1, "baseline", "exhaustion"), direction_in_words(1, "whole_package", "exhaustion")
    ('higher', 'helps less')
    """
    if scenario == BASELINE.name:
        return ("higher or lower", "higher", "lower")[direction]
    if direction == 0:
        return "helps more or less"
    high_is = OUTCOMES[outcome].high_is
    if high_is not in ("better", "worse"):
        return "higher difference" if direction > 0 else "lower difference"
    return "helps more" if (direction > 0) == (high_is == "better") else "helps less"


def dose_name(factor: str) -> str:
    """Return the name of a dose.

    >>> dose_name("strength.anchor_days")
    'anchor days (strength)'
    """
    kind, _, policy = factor.partition(".")
    return f"{policy.replace('_', ' ')} ({DOSE_KINDS[kind]})"


def decimals(unit: str) -> int:
    """Return the number of decimals for numbers in this unit."""
    return 1 if of_people(unit) else 3


def place_range(first: int, last: int) -> str:
    """Return a range of possible places in a ranking.

    >>> place_range(1, 1), place_range(3, 18)
    ('1', '3–18')
    """
    return f"{first}" if first == last else f"{first}–{last}"
