"""Checks and selections of the tables that pages and figures read."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from sim.errors import UserError
from sim.outcomes.definitions import MAIN_OUTCOMES, SMALLEST_GROUP


def require_columns(table: pd.DataFrame, columns: Iterable[str], name: str) -> pd.DataFrame:
    """Return the table; raise UserError for columns that it lacks."""
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise UserError(
            f"Missing columns in table '{name}': {', '.join(missing)}. It has {', '.join(map(str, table.columns))}."
        )
    return table


def row_of(
    table: pd.DataFrame, outcome: str, group: str = "everybody", scenario: str | None = None
) -> dict[Any, Any] | None:
    """Return the row of an outcome, group and scenario, or None; without a scenario, the first policy."""
    is_own = (table["scenario"] == scenario) if scenario else (table["scenario"] != "baseline")
    rows = table[is_own & (table["outcome"] == outcome) & (table["group"] == group)]
    return None if rows.empty else rows.iloc[0].to_dict()


def without_small_groups(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that may be shown: where a table has a column `people`, groups below ten are left out."""
    return table[table["people"] >= SMALLEST_GROUP] if "people" in table.columns else table


def in_given_order(table: pd.DataFrame, kind: str) -> list[str]:
    """Return the scenarios of one kind in the order of the table, which is not a ranking."""
    return [str(scenario) for scenario in table.loc[table["kind"] == kind, "scenario"].unique()]


def paired_outcomes(effects: pd.DataFrame, scenarios: Iterable[str]) -> pd.DataFrame:
    """Return one row per scenario, in this order: kind, and difference, low and high of both main outcomes.

    Columns of burn-out complaints end in `_x`, those of isolation in `_y`. `effects` has one group.
    """
    columns = ["difference", "low", "high"]
    burn_out, isolation = (effects[effects["outcome"] == name].set_index("scenario") for name in MAIN_OUTCOMES)
    sides = (burn_out[["kind"]], burn_out[columns].add_suffix("_x"), isolation[columns].add_suffix("_y"))
    pairs = pd.concat(sides, axis=1, join="inner")
    return pairs.loc[[one for one in scenarios if one in pairs.index]].rename_axis("scenario").reset_index()


def date_of_share(weekly: pd.DataFrame, share: float) -> date:
    """Return the first week from which a mean difference stays at or above this share of its last value.

    `weekly` holds one outcome of one group and scenario, with the columns date and difference.
    """
    rows = require_columns(weekly, ("date", "difference"), "trajectories").sort_values("date")
    last = rows["difference"].iloc[-1]
    moves = bool(last) and not math.isnan(last)
    short = (rows["difference"] / last < share).to_numpy() if moves else np.zeros(len(rows), bool)
    first = int(np.flatnonzero(short)[-1]) + 1 if short.any() else 0
    return pd.Timestamp(rows["date"].iloc[first]).date()


def overlapping_sets(effects: pd.DataFrame) -> list[list[str]]:
    """Return the largest sets of scenarios whose intervals all overlap, each in the order of the table.

    `effects` has one row per scenario, with the columns scenario, low and high. Overlap is not transitive: A may
    overlap B and B may overlap C while A and C differ; then there are two sets.
    """
    sets = {
        frozenset(effects.loc[(effects["low"] <= start) & (start <= effects["high"]), "scenario"])
        for start in effects["low"]
    }
    largest = [one for one in sets if len(one) > 1 and not any(one < other for other in sets)]
    place = {scenario: position for position, scenario in enumerate(effects["scenario"])}
    return sorted((sorted(one, key=place.__getitem__) for one in largest), key=lambda one: [place[s] for s in one])
