"""Rows found, and how names and numbers are written on the page of a panel."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sim.formatting import fixed
from sim.studies.panel.published import AT_HOME, EXHAUSTION, LOAD
from sim.studies.panel.results import AS_IT_IS, CROSS_LAGGED, OBSERVED
from sim.survey.interview import scales

if TYPE_CHECKING:
    import pandas as pd

Tables = Mapping[str, "pd.DataFrame"]
Row = Mapping[str, Any]

_NAMES = {AT_HOME: "share at home", EXHAUSTION: "exhaustion", LOAD: "load"}


def row_of(table: pd.DataFrame, **wanted: object) -> Row:
    """The first row with these entries; raises LookupError where there is none."""
    for name, value in wanted.items():
        table = table[table[name] == value]
    if table.empty:
        raise LookupError(f"no row has {wanted}")
    return table.iloc[0].to_dict()


def lag_of(
    found: Tables,
    earlier: str,
    later: str,
    months: float,
    form: str = CROSS_LAGGED,
    level: str = OBSERVED,
    path: str = AS_IT_IS,
) -> Row:
    """The row of one lagged effect; its numbers are nan where none was estimated."""
    try:
        return row_of(
            found["lags"], earlier=earlier, later=later, months=months, form=form, level=level, path=path
        )  # fmt: skip
    except LookupError:
        return dict.fromkeys(("mean", "low", "high", "study_low", "study_high"), math.nan)


def name_of(scale: str) -> str:
    """What a scale is called within a sentence."""
    return _NAMES.get(scale) or scales()[scale].label.lower()


def path_of(earlier: str, later: str) -> str:
    """A direction."""
    return f"{name_of(earlier)} → {name_of(later)}"


def months_of(number: float) -> str:
    """So many months."""
    return f"{number:g} month{'s' * (number != 1)}"


def two(number: float) -> str:
    """Two decimals; a minus sign as long as a plus, none where it rounds to nothing, and a dash where it is nan."""
    return "–" if math.isnan(number) else fixed(number, 2).replace("-", "\N{MINUS SIGN}")


def between(low: float, high: float) -> str:
    """A range."""
    return "–" if math.isnan(low) else f"{two(low)} to {two(high)}"


def with_interval(row: Row) -> str:
    """The mean over worlds with its interval, if it has one."""
    return two(row["mean"]) if math.isnan(row["low"]) else f"{two(row['mean'])} ({between(row['low'], row['high'])})"


def less_or_more(difference: float) -> str:
    """By how many SD."""
    return f"{abs(difference):.2f} SD {'less' if difference < 0 else 'more'}"


def listed(words: Sequence[str]) -> str:
    """One, another and a third."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
