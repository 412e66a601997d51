"""What the figures take from the tables: the rows they show, in their order, unit and scale."""

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

EFFECTS = (
    *("scenario", "kind", "outcome", "group", "unit", "replicates"),
    *("baseline", "difference", "low", "high"),
)
"""Columns of the table of effects, which two figures and `draw_all` read."""

_ROUNDING, _NO_EFFECT = 1e-9, 0.55
"""Below the first all ends are nought; then an axis reaches so far, and marks stand away from the next panel's."""


def rows_of(table: pd.DataFrame, outcomes: Sequence[str], groups: Sequence[str]) -> pd.DataFrame:
    """The rows of these outcomes and groups; a `UserError` names an outcome that has none."""
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
    """Which of policies and what-if scenarios there are: always two panels, never one."""
    kinds = [kind for kind in ("policy", "counterfactual") if in_given_order(table, kind)]
    if not kinds:
        raise UserError("nothing to draw: the effects have neither a policy nor a counterfactual")
    return kinds


def is_one_run(table: pd.DataFrame) -> bool:
    """Whether a table rests on a single replicate, and so has no intervals."""
    return "replicates" in table.columns and bool(table["replicates"].max() == 1)


def unit_of(table: pd.DataFrame) -> str:
    return str(table["unit"].iloc[0]) if len(table) else ""


def directions(table: pd.DataFrame) -> str:
    """Which way is less and which is more, for the end of an axis label."""
    less, more = direction_words(unit_of(table))
    return f"← {less}   ·   {more} →"


def around_zero(ends: pd.DataFrame, least: float) -> tuple[float, float]:
    """Limits that hold all ends and leave at least a share `least` of the axis on either side of zero.

    Values that are missing count for nothing, so one run without intervals has limits as well. What differs by
    nothing but rounding is no scale.
    """
    known = ends.to_numpy(dtype=float)
    known = known[~np.isnan(known)]
    low, high = float(np.min(known, initial=0.0)), float(np.max(known, initial=0.0))
    if high - low < _ROUNDING:
        return -_NO_EFFECT, _NO_EFFECT
    room = 0.08 * (high - low)
    low, high = low - room, high + room
    widest = least / (1 - least)
    return min(low, -widest * high), max(high, -widest * low)


def round_ticks(most: int) -> MaxNLocator:
    """At most so many steps of 1, 2 or 5, or of a power of ten times these."""
    return MaxNLocator(most, steps=[1, 2, 5, 10])


def signed(number: float, decimals: int) -> str:
    """A difference for print, with a minus sign as long as the plus."""
    return formatting.signed(number, decimals).replace("-", "\N{MINUS SIGN}")


def wrapped(words: str, width: int) -> str:
    return "\n".join(textwrap.wrap(words, width, break_on_hyphens=False))


def most_lines(words: Iterable[str]) -> int:
    """Of how many lines the longest of these words is; one where there are none."""
    return max((text.count("\n") + 1 for text in words), default=1)
