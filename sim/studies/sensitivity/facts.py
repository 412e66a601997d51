"""The values that the page of the sensitivity study states, from its tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from sim.engine.plan import BASELINE
from sim.formatting import fixed, signed
from sim.outcomes.definitions import OUTCOMES
from sim.reporting.changes import is_distinguishable
from sim.reporting.labels import label_of, outcome_name
from sim.reporting.sensitivity import (
    DOSE_KINDS,
    by_number,
    decimals,
    direction,
    direction_in_words,
    dose_name,
    leading_rows,
    number_name,
    place_range,
)
from sim.reporting.templates import percent

_FEW = 10
"""Trajectories; with fewer a bootstrap makes intervals too narrow."""


def facts(tables: Mapping[str, pd.DataFrame], runs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of `report.md.j2`.

    Parameters
    ----------
    tables : dict of DataFrame
        `screening` and `indices`, and `doses` and `pairs` where there are any.
    runs : dict
        What about.json states: `shown`, `runs` (number of runs by part and state), and `spread` (5th, 50th and 95th
        percentile over the rows of the screening, by scenario and outcome).
    """
    screening, indices = tables["screening"], tables["indices"]
    trajectories, index_factors = int(screening["trajectories"].iloc[0]), int(indices["factor"].nunique())
    return {
        "trajectories": trajectories,
        "few": trajectories < _FEW,
        "base_points": int(indices["base_points"].iloc[0]),
        "index_factors": index_factors,
        "leaders": leaders(screening),
        "spread_rows": _spread_rows(runs["spread"]),
        "screening": [_screening(*number, runs["shown"]) for number in by_number(screening)],
        "indices": [_indices(*number, index_factors) for number in by_number(indices)],
        "doses": _doses(tables["doses"]) if "doses" in tables else None,
        "pairs": _pairs(tables["pairs"]) if "pairs" in tables else None,
        "run_rows": [[part, f"{n.get('done', 0):,}", f"{n.get('failed', 0):,}"] for part, n in runs["runs"].items()],
        "dropped_trajectories": int(screening["dropped"].max()),
        "dropped_base_points": int(indices["dropped"].max()),
    }


def leaders(screening: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the assumptions that may move each number most: no interval lies wholly above theirs.

    `uncertain` counts further ones that are not distinguishable from zero.
    """
    entries = []
    for scenario, outcome, rows in by_number(screening):
        first = rows[rows["place_from"] == 1]
        factors = sorted(first.loc[first["distinguishable"], "words"])
        uncertain = int((~first["distinguishable"]).sum())
        entries.append({"number": number_name(scenario, outcome), "factors": factors, "uncertain": uncertain})
    return entries


def _spread_rows(spread: Mapping[str, Mapping[str, Sequence[float]]]) -> list[list[str]]:
    rows = []
    for scenario, outcomes in spread.items():
        form = fixed if scenario == BASELINE.name else signed
        for outcome, percentiles in outcomes.items():
            unit = OUTCOMES[outcome].unit
            low, middle, high = (form(value, decimals(unit)) for value in percentiles)
            rows.append([number_name(scenario, outcome), unit, middle, f"{low} to {high}"])
    return rows


def _screening(scenario: str, outcome: str, rows: pd.DataFrame, count: int) -> dict[str, Any]:
    leading, unit = leading_rows(rows, "mu_star", count), OUTCOMES[outcome].unit
    hidden, lowest = rows.drop(leading.index), leading.loc[leading["tier"] > 0, "low"].min()
    unmoved = int((rows["mu_star"] == 0).sum())

    def cells(row: Any) -> list[str]:
        low, middle, high = (fixed(value, decimals(unit)) for value in (row.low, row.mu_star, row.high))
        return [
            f"{middle} ({low} to {high})",
            direction_in_words(direction(row.mu_low, row.mu_high), scenario, outcome),
        ]

    return {
        "number": number_name(scenario, outcome),
        "unit": unit,
        "is_level": scenario == BASELINE.name,
        "rows": [_row(row, cells(row)) for row in leading.itertuples()],
        "factors": len(rows),
        "hidden": len(hidden),
        "overlapping": int((hidden["high"] >= lowest).sum()),
        "unmoved": unmoved,
        "indistinct": int((rows["tier"] == 0).sum()) - unmoved,
    }


def _indices(scenario: str, outcome: str, rows: pd.DataFrame, count: int) -> dict[str, Any]:
    def cells(row: Any) -> list[str]:
        shares = (row.total, row.low, row.high), (row.first, row.first_low, row.first_high)
        return [f"{percent(middle)} ({percent(low)} to {percent(high)})" for middle, low, high in shares]

    leading = leading_rows(rows, "total", count)
    return {
        "number": number_name(scenario, outcome),
        "rows": [_row(row, cells(row)) for row in leading.itertuples()],
    }


def _row(row: Any, cells: Sequence[str]) -> list[str]:
    return [str(row.tier or "none"), row.words, *cells, place_range(row.place_from, row.place_to)]


def _doses(table: pd.DataFrame) -> dict[str, Any]:
    null = table.loc[table["step"] == 0, ["difference", "low", "high"]]
    steps = sorted(table["step"].unique())
    kinds = [kind for kind in DOSE_KINDS if table["factor"].str.startswith(f"{kind}.").any()]
    middle, most = steps[len(steps) // 2], steps[-1]
    heads = (f"{DOSE_KINDS[kind]} {middle:g}" for kind in kinds)
    return {
        "replicates": int(table["replicates"].max()),
        "null_is_exact": bool(((null == 0) | null.isna()).all(axis=None)),
        "strengthens": bool(table["strengthens"].any()),
        "heads": ["Policy", *heads, "full" if most == 1 else f"{most:g}"],
        "outcomes": [
            {
                "outcome": outcome_name(str(outcome)),
                "unit": OUTCOMES[str(outcome)].unit,
                "rows": _dose_rows(rows, kinds, middle, most),
            }
            for outcome, rows in table.groupby("outcome", sort=False)
        ],
    }


def _dose_rows(table: pd.DataFrame, kinds: Sequence[str], middle: float, most: float) -> list[list[str]]:
    """Return a row per policy: its effect in the middle dose of each kind, and in the largest dose."""
    table = table.assign(kind=table["factor"].str.partition(".")[0], policy=table["factor"].str.partition(".")[2])
    lines = []
    for policy, rows in table.groupby("policy", sort=False):
        at = {(row["kind"], row["step"]): row for _, row in rows.iterrows()}
        name = label_of(str(policy)) + (" †" if rows["strengthens"].any() else "")
        halves = [effect(at[kind, middle]) if (kind, middle) in at else "–" for kind in kinds]
        lines.append([name, *halves, effect(at[rows["kind"].iloc[0], most])])
    return lines


def _pairs(table: pd.DataFrame) -> dict[str, Any]:
    lines = []
    for (one, other, outcome), rows in table.groupby(["first", "second", "outcome"], sort=False):
        both = rows[(rows["first_step"] > 0) & (rows["second_step"] > 0)]
        full = both.loc[(both["first_step"] + both["second_step"]).idxmax()]
        effects = [
            effect(full[[*columns, "unit"]].set_axis(["difference", "low", "high", "unit"]))
            for columns in (("joint", "joint_low", "joint_high"), ("interaction", "low", "high"))
        ]
        names = f"{dose_name(one)} and {dose_name(other)}", f"{outcome_name(outcome)}, {full['unit']}"
        lines.append([*names, *effects, f"{both['distinguishable'].sum()} of {len(both)}"])
    return {"replicates": int(table["replicates"].max()), "rows": lines}


def effect(row: pd.Series) -> str:
    """Return `difference` with its interval; one that includes zero is called not distinguishable."""
    digits = decimals(row["unit"])
    middle, low, high = (signed(row[end], digits) for end in ("difference", "low", "high"))
    small = {middle, low, high} == {signed(0, digits)}
    words = f"under {10**-digits}" if small else f"{middle} ({low} to {high})"
    return words if is_distinguishable(row["low"], row["high"]) else f"not distinguishable: {words}"
