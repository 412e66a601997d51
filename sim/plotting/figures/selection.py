"""Rows, units, scales and texts that figures take from tables."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from sim import formatting
from sim.errors import UserError
from sim.reporting.changes import direction_words
from sim.reporting.tables import in_given_order, without_small_groups

Labels = Mapping[str, str] | None

EFFECTS = (*("scenario", "kind", "outcome", "group", "unit", "replicates"), *("baseline", "difference", "low", "high"))
"""Columns of the table of effects, which two figures and `draw_all` read."""

_ROUNDING, _NO_EFFECT = 1e-9, 0.55
"""Below the first value all differences are rounding; the second is then the range of the axis."""


def rows_of(table: pd.DataFrame, outcomes: Sequence[str], groups: Sequence[str]) -> pd.DataFrame:
    """Return the rows of these outcomes and groups; raise UserError for an outcome without rows."""
    table = without_small_groups(table)
    absent = [outcome for outcome in outcomes if outcome not in set(table["outcome"])]
    if absent:
        raise UserError(
            f"no rows for outcome {', '.join(absent)}; the table has {', '.join(table['outcome'].unique())}"
        )
    return table[table["outcome"].isin(outcomes) & table["group"].isin(groups)]


def of_outcome(table: pd.DataFrame, outcome: str) -> pd.DataFrame:
    return table[table["outcome"] == outcome]


def kinds_of(table: pd.DataFrame) -> list[str]:
    """Return the kinds of scenarios in the table; each has its own panel."""
    kinds = [kind for kind in ("policy", "counterfactual") if in_given_order(table, kind)]
    if not kinds:
        raise UserError("The table of effects has no policy and no what-if scenario. Use one that has.")
    return kinds


def is_one_run(table: pd.DataFrame) -> bool:
    """Return whether a table is based on one replicate and so has no intervals."""
    return "replicates" in table.columns and bool(table["replicates"].max() == 1)


def unit_of(table: pd.DataFrame) -> str:
    return str(table["unit"].iloc[0]) if len(table) else ""


def directions(table: pd.DataFrame) -> str:
    """Return which direction is less and which is more, for an axis label."""
    less, more = direction_words(unit_of(table))
    return f"← {less}   ·   {more} →"


def around_zero(ends: pd.DataFrame, least: float) -> tuple[float, float]:
    """Return limits that include all ends and leave at least a share `least` of the axis on either side of zero.

    Missing values are ignored, and differences by rounding only do not set the scale.
    """
    known = ends.to_numpy(dtype=float)
    known = known[~np.isnan(known)]
    low, high = float(np.min(known, initial=0.0)), float(np.max(known, initial=0.0))
    if high - low < _ROUNDING:
        return -_NO_EFFECT, _NO_EFFECT
    space = 0.08 * (high - low)
    low, high = low - space, high + space
    widest = least / (1 - least)
    return min(low, -widest * high), max(high, -widest * low)


def round_ticks(most: int) -> MaxNLocator:
    """Return a locator with at most this many steps of 1, 2 or 5 times a power of ten."""
    return MaxNLocator(most, steps=[1, 2, 5, 10])


def signed(number: float, decimals: int) -> str:
    """Return a difference with a minus sign as wide as the plus."""
    return formatting.signed(number, decimals).replace("-", "\N{MINUS SIGN}")


def wrapped(words: str, width: int) -> str:
    """Return words in lines of at most this many letters; line breaks stay."""
    return "\n".join("\n".join(textwrap.wrap(line, width, break_on_hyphens=False)) for line in words.split("\n"))


def most_lines(words: Iterable[str]) -> int:
    """Return the number of lines of the longest text; one where there is none."""
    return max((text.count("\n") + 1 for text in words), default=1)
