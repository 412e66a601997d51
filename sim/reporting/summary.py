"""The page of a comparison, summary.md: `facts` gathers its values, and `summary.md.j2` holds its sentences.

If every run has its own posterior draw, the page counts runs; if all runs share parameters, it compares means.
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
"""Smallest share of people that does not round to 0%."""
_ABOUT = ("replicates", "people", "weeks", "seed", "version", "parameters", "assumed")
_EFFECT_COLUMNS = ("scenario", "kind", "outcome", "group", "baseline", "difference", "low", "high", "unit")
_COUNT_COLUMNS = ("scenario", "kind", "outcome", "group", "lower", "little", "higher", "margin", "replicates", "unit")
_GAIN_COLUMNS = ("scenario", "kind", "outcome", "group", "gained", "worse", "margin", "unit")
_CELLS = ((BURN_OUT, "everybody"), (BURN_OUT, "users"), (ISOLATION, "everybody"))
"""Outcome and group of the columns of the tables of effects."""

Tables = Mapping[str, pd.DataFrame]
Facts = dict[str, Any]


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
    """Return a line per scenario with the runs without an effect and the reasons, from the table `reasons`."""
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
    """Return the scenarios of a kind with their effects in `_CELLS`."""
    rows: list[Facts] = []
    for scenario in in_given_order(effects, kind):
        own = effects[effects["scenario"] == scenario].set_index(["outcome", "group"])
        users = "fewer than ten users" if about.get("introduced", {}).get(scenario) else "no users"
        cells = [
            {"outcome": outcome, "group": group}
            | (_change(own.loc[outcome, group]) if (outcome, group) in own.index
               else {"text": users if group == "users" else "not computed"})
            for outcome, group in _CELLS
        ]  # fmt: skip
        rows.append({"scenario": scenario, "name": name(scenario), "effects": cells})
    return rows


def _change(row: pd.Series) -> Facts:
    difference, low, high = (float(row[column]) for column in ("difference", "low", "high"))
    text = change_in_words(difference, low, high, str(row["unit"]), reason=str(row.get("reason", "")))
    numbers = {"difference": difference, "low": low, "high": high}
    return {**{key: None if math.isnan(value) else value for key, value in numbers.items()}, "text": text}


def _counts(tables: Tables, name: Callable[[str], str]) -> list[Facts]:
    """Return the runs of each policy that are lower, little changed and higher, by main outcome, everybody."""
    if "counts" not in tables:
        return []
    counts = require_columns(tables["counts"], _COUNT_COLUMNS, "counts")
    counts = counts[(counts["kind"] == "policy") & (counts["group"] == "everybody")]
    outcomes: list[Facts] = []
    for outcome, own in ((outcome, counts[counts["outcome"] == outcome]) for outcome in (BURN_OUT, ISOLATION)):
        if own.empty:
            continue
        unit, margin = str(own["unit"].iloc[0]), float(own["margin"].iloc[0])
        less, more = direction_words(unit)
        runs = own[["lower", "little", "higher"]].astype(int).to_dict("records")
        rows = [{"scenario": one, "name": name(one)} | row for one, row in zip(own["scenario"], runs, strict=True)]
        outcomes.append({"outcome": outcome, "name": name(outcome), "runs": int(own["replicates"].max()), "less": less,
                         "more": more, "margin": margin, "unit": unit, "rows": rows})  # fmt: skip
    return outcomes


def _overlaps(effects: pd.DataFrame, name: Callable[[str], str]) -> list[Facts]:
    """Return the sets of policies with overlapping intervals for each main outcome, everybody."""
    policies = effects[(effects["kind"] == "policy") & (effects["group"] == "everybody")].dropna(subset=["low", "high"])
    outcomes: list[Facts] = []
    for outcome, rows in ((outcome, policies[policies["outcome"] == outcome]) for outcome in (BURN_OUT, ISOLATION)):
        if len(rows) > 1:
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
    return {
        "name": name(str(gains["outcome"].iloc[0])),
        "margin": float(gains["margin"].iloc[0]),
        "unit": str(gains["unit"].iloc[0]),
        "unchanged": [name(policy) for policy in policies if policy not in moving],
        "rows": [_gain_row(policy, gains[gains["scenario"] == policy], name) for policy in moving],
    }


def _gain_row(policy: str, gains: pd.DataFrame, name: Callable[[str], str]) -> Facts:
    shares = gains.set_index(gains["group"].map(str))[["gained", "worse"]].astype(float)
    others = shares.drop(index="everybody", errors="ignore")
    losing = others[others["worse"] >= others["gained"] + 0.01]
    return {
        "scenario": policy,
        "name": name(policy),
        "everybody": shares.loc["everybody"].to_dict() if "everybody" in shares.index else None,
        "losing": [{"name": name(group), **row} for group, row in losing.to_dict("index").items()],
    }
