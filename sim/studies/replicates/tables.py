"""Results of the pairs, as data frames and as rows of the page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from sim.formatting import fixed, signed
from sim.outcomes.definitions import OUTCOMES
from sim.outcomes.effects import CONFIDENCE
from sim.reporting.labels import label_of, outcome_name
from sim.studies.replicates.precision import (
    EQUIVALENCE,
    FEWEST,
    Pairs,
    Precision,
    decision,
    gain_of_pairing,
    half_width,
    interval,
    pairs_needed,
    quantile,
    standard_error,
    stopping,
)

OTHER_SIZES = {"half": 0.5, "same": 1.0, "twice": 2.0}
"""Multiples of the smallest effect of interest for which the page also states the pairs needed."""
_ROUNDING = 1e-9
Row = Mapping[Any, Any]


def findings(pairs: Sequence[Pairs], settings: Precision) -> pd.DataFrame:
    """Return one row per policy and outcome.

    Returns
    -------
    DataFrame
        - `smallest`, `half_width`: the smallest effect of interest, and half of it
        - `replicates`, `pilot`, `needed`: pairs used, pairs of the pilot, and pairs that this row alone needs
        - `difference`, `standard_error`: the mean, and its error from the pilot's spread
        - `low`, `high`: Stein's 95% interval
        - `equivalence_low`, `equivalence_high`: Stein's 90% interval, for two one-sided tests against `smallest`
        - `decision`, `stopping`: in words
        - `correlation`, `pairing`: within a pair; the factor by which unpaired worlds would need more runs
        - `needed_unpaired`: pairs that unpaired worlds would need; nan where the difference does not vary
        - `needed_half`, `needed_same`, `needed_twice`: pairs needed for half the smallest effect, for it, and for twice
    """
    return pd.DataFrame([_finding(own, settings.sizes[own.outcome], settings.most) for own in pairs])


def _finding(pairs: Pairs, smallest: float, most: int) -> dict[str, Any]:
    low, high = interval(pairs)
    equivalence_low, equivalence_high = interval(pairs, EQUIVALENCE)
    correlation, factor = gain_of_pairing(pairs)

    def needed(times: float, spread: float = pairs.spread) -> int:
        return pairs_needed(spread, pairs.pilot, half_width(smallest * times))

    return {
        **_labels(pairs),
        **{"smallest": smallest, "half_width": half_width(smallest)},
        **{"replicates": len(pairs.differences), "pilot": pairs.pilot, "needed": max(pairs.pilot, needed(1.0))},
        **{"difference": float(pairs.differences.mean()), "standard_error": standard_error(pairs)},
        **{"low": low, "high": high},
        **{"equivalence_low": equivalence_low, "equivalence_high": equivalence_high},
        **{"decision": decision(pairs, smallest), "stopping": stopping(pairs, smallest, most)},
        **{"correlation": correlation, "pairing": factor},
        "needed_unpaired": needed(1.0, pairs.spread * math.sqrt(factor)) if math.isfinite(factor) else math.nan,
        **{f"needed_{name}": needed(times) for name, times in OTHER_SIZES.items()},
    }


def _labels(pairs: Pairs) -> dict[str, str]:
    unit = OUTCOMES[pairs.outcome].unit
    return {"scenario": pairs.scenario, "kind": pairs.kind, "outcome": pairs.outcome, "unit": unit}


def running_means(pairs: Sequence[Pairs], settings: Precision) -> pd.DataFrame:
    """Return mean differences over the first pairs: one row per policy, outcome and number of `pairs`, from 2 on.

    `low` and `high` use the pilot's spread at that number alone; the last of each policy and outcome is Stein's.
    """
    return pd.concat([_running_mean(own, settings.sizes[own.outcome]) for own in pairs], ignore_index=True)


def _running_mean(pairs: Pairs, smallest: float) -> pd.DataFrame:
    counts = np.arange(FEWEST, len(pairs.differences) + 1)
    means = np.cumsum(pairs.differences)[counts - 1] / counts
    reach = quantile(CONFIDENCE, pairs.pilot) * pairs.spread / np.sqrt(counts)
    numbers = {"pairs": counts, "difference": means, "low": means - reach, "high": means + reach}
    same = {"smallest": smallest, "pilot": pairs.pilot, "replicates": len(pairs.differences)}
    return pd.DataFrame({**_labels(pairs), **numbers, **same})


# -- values of the page -----------------------------------------------------------------------------------------------


def summary(table: pd.DataFrame) -> dict[str, Any]:
    """Return the values that the page states, from the table of findings."""
    short = table[(table["high"] - table["low"]) / 2 > table["half_width"] * (1 + _ROUNDING)]
    cells = {"decision": _decision_cells, "count": _count_cells, "pairing": _pairing_cells, "size": _size_cells}
    rows = table.to_dict("records")
    return {
        "pairs": int(table["replicates"].max()),
        "enough": short.empty,
        "short": [_need(row) for row in short.to_dict("records")],
        "most_needed": _need(table.loc[table["needed_same"].idxmax()]),
        **{f"{name}_rows": [[*_names(row), *cells_of(row)] for row in rows] for name, cells_of in cells.items()},
    }


def _names(row: Row) -> tuple[str, str]:
    return label_of(row["scenario"]), f"{outcome_name(row['outcome'])}, {row['unit']}"


def _need(row: Row) -> dict[str, Any]:
    policy, outcome = _names(row)
    return {"policy": policy, "outcome": outcome, "pairs": int(row["needed_same"])}


def _decision_cells(row: Row) -> list[str]:
    decimals = max(0, 2 - math.floor(math.log10(row["smallest"])))  # a tenth of the smallest effect, and a digit more
    columns = ("difference", "low", "high", "equivalence_low", "equivalence_high")
    mean, low, high, least, most = (signed(row[column], decimals) for column in columns)
    error = fixed(row["standard_error"], decimals)
    return [f"{mean} ({low} to {high})", error, f"{least} to {most}", row["decision"]]


def _count_cells(row: Row) -> list[str]:
    return [f"{row['needed']:,}", f"{row['replicates']:,}", row["stopping"]]


def _pairing_cells(row: Row) -> list[str]:
    needed = f"{row['needed_same']:,}"
    if not math.isfinite(row["pairing"]):
        return ["none", "the difference does not vary", needed, "none"]
    times, unpaired = _two_digits(row["pairing"]), _two_digits(row["needed_unpaired"])
    return [fixed(row["correlation"], 3), f"about {times} times as many runs", needed, f"about {unpaired}"]


def _size_cells(row: Row) -> list[str]:
    return [f"{row['smallest'] * times:g}: {row[f'needed_{name}']:,}" for name, times in OTHER_SIZES.items()]


def _two_digits(number: float) -> str:
    """A number with two significant digits, and all digits before the point."""
    rounded = float(f"{number:.2g}")
    return f"{rounded:,.0f}" if rounded >= 10 else f"{rounded:g}"
