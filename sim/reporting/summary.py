"""The page of a comparison, summary.md: `facts` gathers its values, and `summary.md.j2` states them.

Where every run has its own posterior draw, the page counts runs; where all runs share parameters, it compares means.
Scenarios keep the order of the tables.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from sim.errors import UserError
from sim.outcomes.definitions import BURN_OUT, ISOLATION
from sim.outcomes.effects import CHANCE, DRAWS
from sim.outcomes.no_effect import count_reasons
from sim.reporting.changes import change_in_words, direction_words, of_people
from sim.reporting.labels import KINDS, label_of
from sim.reporting.tables import in_given_order, overlapping_sets, require_columns, without_small_groups
from sim.reporting.templates import render

NOTICEABLE_SHARE = 0.005
"""A share of people below this would read 0%."""
_ABOUT = ("replicates", "people", "weeks", "seed", "version", "parameters", "assumed")
_EFFECT_COLUMNS = ("scenario", "kind", "outcome", "group", "baseline", "difference", "low", "high", "unit")
_COUNT_COLUMNS = ("scenario", "kind", "outcome", "group", "lower", "little", "higher", "margin", "replicates", "unit")
_GAIN_COLUMNS = ("scenario", "kind", "outcome", "group", "gained", "worse", "margin", "unit")
_CELLS = ((BURN_OUT, "everybody"), (BURN_OUT, "users"), (ISOLATION, "everybody"))
"""Outcome and group of the columns of the tables of effects."""

Tables = Mapping[str, pd.DataFrame]
Facts = dict[str, Any]


def write(tables: Tables, about: Mapping[str, Any], labels: Mapping[str, str] | None = None) -> str:
    """Return the page in Markdown; see `facts` for the arguments."""
    return page(facts(tables, about, labels))


def page(values: Facts) -> str:
    """Return the page of these facts in Markdown."""
    return render("sim.reporting", values, "summary.md.j2")


def facts(tables: Tables, about: Mapping[str, Any], labels: Mapping[str, str] | None = None) -> Facts:
    """Return the values of the page, which are also those of results.json.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        `effects` (differences from the baseline), and where they exist `gains` (shares of each group), `counts` (of
        runs) and `reasons` (runs without an effect).
    about : mapping
        replicates, people, weeks, seed, version, parameters and assumed; where they exist `holds` (what intervals
        cover), `introduced` (measures by scenario) and `command`.
    labels : mapping of str to str, optional
        Names by id, which replace the usual ones.

    Raises
    ------
    UserError
        If a table, a column or a value of `about` is missing.
    """
    missing = [name for name in _ABOUT if name not in about]
    if missing:
        raise UserError(f"Missing facts for the summary: {', '.join(missing)}. It needs {', '.join(_ABOUT)}.")
    if "effects" not in tables:
        raise UserError(f"Missing table for the summary: effects. Given: {', '.join(tables) or 'none'}.")

    def name(identifier: str) -> str:
        return label_of(identifier, labels)

    effects = without_small_groups(require_columns(tables["effects"], _EFFECT_COLUMNS, "effects"))
    interval = "none" if about["replicates"] == 1 else DRAWS if about.get("holds", CHANCE) == DRAWS else CHANCE
    policies, what_ifs = (_scenarios(effects, kind, about, name) for kind in KINDS)
    return {
        **{key: about[key] for key in _ABOUT},
        "command": about.get("command"),
        "interval": interval,
        "nothing_to_report": bool(effects.empty),
        "today": _today(effects),
        "policies": policies,
        "what_ifs": what_ifs,
        "reasons": lines_without_effect(tables["reasons"], labels) if "reasons" in tables else [],
        "counts": _counts(tables, name) if interval == DRAWS else [],
        "overlaps": _overlaps(effects, name) if interval != DRAWS else [],
        "gains": _gains(effects, tables, name),
    }


def lines_without_effect(reasons: pd.DataFrame, labels: Mapping[str, str] | None = None) -> list[str]:
    """Return for each scenario in how many runs it has no effect and why; `reasons` is the table of that name."""
    whole = reasons[reasons["part"] == ""]
    return [
        f"{label_of(str(scenario), labels)}: "
        + count_reasons(dict(zip(own["reason"], own["runs"], strict=True)), int(own["replicates"].iloc[0]))
        for scenario, own in whole.groupby("scenario", sort=False)
    ]


def _today(effects: pd.DataFrame) -> dict[str, float]:
    """Return the baseline of everybody for outcomes that are numbers of people."""
    own = effects[(effects["group"] == "everybody") & effects["unit"].map(of_people).astype(bool)]
    return {str(outcome): float(rows["baseline"].iloc[0]) for outcome, rows in own.groupby("outcome", sort=False)}


def _scenarios(effects: pd.DataFrame, kind: str, about: Mapping[str, Any], name: Callable[[str], str]) -> list[Facts]:
    introduced = about.get("introduced", {})
    rows = []
    for scenario in in_given_order(effects, kind):
        own = effects[effects["scenario"] == scenario].set_index(["outcome", "group"])
        users = "fewer than ten users" if introduced.get(scenario) else "no users"
        cells = [
            _change(own.loc[cell]) if cell in own.index else {"text": users if cell[1] == "users" else "not computed"}
            for cell in _CELLS
        ]
        keys = ({"outcome": outcome, "group": group} for outcome, group in _CELLS)
        own_effects = [key | cell for key, cell in zip(keys, cells, strict=True)]
        rows.append({"scenario": scenario, "name": name(scenario), "effects": own_effects})
    return rows


def _change(row: pd.Series) -> Facts:
    difference, low, high = (float(row[column]) for column in ("difference", "low", "high"))
    text = change_in_words(difference, low, high, str(row["unit"]), reason=str(row.get("reason", "")))
    numbers = {"difference": difference, "low": low, "high": high}
    return {**{key: None if math.isnan(value) else value for key, value in numbers.items()}, "text": text}


def _counts(tables: Tables, name: Callable[[str], str]) -> list[Facts]:
    """Return for each main outcome how many runs of each policy are lower, little changed and higher, everybody."""
    if "counts" not in tables:
        return []
    counts = require_columns(tables["counts"], _COUNT_COLUMNS, "counts")
    counts = counts[(counts["kind"] == "policy") & (counts["group"] == "everybody")]
    outcomes = []
    for outcome in (BURN_OUT, ISOLATION):
        own = counts[counts["outcome"] == outcome]
        if own.empty:
            continue
        first = own.iloc[0]
        less, more = direction_words(str(first["unit"]))
        rows = [
            {"scenario": row["scenario"], "name": name(str(row["scenario"]))}
            | {column: int(row[column]) for column in ("lower", "little", "higher")}
            for _, row in own.iterrows()
        ]
        outcomes.append(
            {
                "outcome": outcome, "name": name(outcome), "runs": int(own["replicates"].max()), "less": less,
                "more": more, "margin": float(first["margin"]), "unit": str(first["unit"]), "rows": rows,
            }
        )  # fmt: skip
    return outcomes


def _overlaps(effects: pd.DataFrame, name: Callable[[str], str]) -> list[Facts]:
    """Return the sets of policies with overlapping intervals for each main outcome, everybody."""
    outcomes = []
    for outcome in (BURN_OUT, ISOLATION):
        rows = effects[(effects["outcome"] == outcome) & (effects["group"] == "everybody")]
        rows = rows[rows["kind"] == "policy"].dropna(subset=["low", "high"])
        if len(rows) < 2:
            continue
        sets = overlapping_sets(rows)
        names = [[name(scenario) for scenario in one] for one in sets]
        outcomes.append({"name": name(outcome), "sets": names, "all": bool(sets) and len(sets[0]) == len(rows)})
    return outcomes


def _gains(effects: pd.DataFrame, tables: Tables, name: Callable[[str], str]) -> list[Facts] | None:
    """Return who is better and worse off, by outcome; None where the page has no such section."""
    if "gains" not in tables or not in_given_order(effects, "policy"):
        return None
    gains = without_small_groups(require_columns(tables["gains"], _GAIN_COLUMNS, "gains"))
    gains = gains[gains["kind"] == "policy"]
    differences = effects.loc[effects["kind"] == "policy", "difference"]
    if gains.empty:
        return None if len(differences) and differences.isna().all() else []
    return [_gains_in(gains[gains["outcome"] == outcome], name) for outcome in gains["outcome"].unique()]


def _gains_in(gains: pd.DataFrame, name: Callable[[str], str]) -> Facts:
    largest = gains.groupby("scenario")[["gained", "worse"]].max().max(axis=1)
    policies = in_given_order(gains, "policy")
    moving = [policy for policy in policies if largest[policy] >= NOTICEABLE_SHARE]
    first = gains.iloc[0]
    return {
        "name": name(str(first["outcome"])),
        "margin": float(first["margin"]),
        "unit": str(first["unit"]),
        "unchanged": [name(policy) for policy in policies if policy not in moving],
        "rows": [_gain_row(gains[gains["scenario"] == policy], name) for policy in moving],
    }


def _gain_row(gains: pd.DataFrame, name: Callable[[str], str]) -> Facts:
    everybody = gains[gains["group"] == "everybody"]
    losing = gains[(gains["worse"] >= gains["gained"] + 0.01) & (gains["group"] != "everybody")]
    scenario, shares = str(gains["scenario"].iloc[0]), ("gained", "worse")
    return {
        "scenario": scenario,
        "name": name(scenario),
        "everybody": {column: float(everybody[column].iloc[0]) for column in shares} if len(everybody) else None,
        "losing": [
            {"name": name(str(row["group"])), "gained": float(row["gained"]), "worse": float(row["worse"])}
            for _, row in losing.iterrows()
        ],
    }
