"""Values of the page of the ranking, which are also results.json."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.engine.plan import BASELINE
from sim.outcomes.definitions import HEADLINES, OUTCOMES
from sim.studies.base import records
from sim.studies.ranking.statistics import ALL, BURN_OUT, COLLEAGUES, EVERYBODY, SINGLE
from sim.studies.ranking.tables import Ranking, select, target

if TYPE_CHECKING:
    import pandas as pd

NEARLY_ALWAYS = 0.95
"""Share of draws with equal outcomes from which on a pair needs no ranking."""
Facts = dict[str, Any]


def facts(ranking: Ranking) -> Facts:
    """Return the values of `report.md.j2`."""
    settings, plan, worlds = ranking.settings, ranking.plan, ranking.tables["worlds"]
    states, design = ranking.sweep.states, ranking.sweep.about["design"]
    failed = states[states["state"] == "failed"]
    plausible = int(worlds["plausible"].sum())
    return {
        "settings": settings.model_dump(),
        "units": {name: OUTCOMES[name].unit for name in HEADLINES},
        "margins": settings.margins,
        "draws": len(ranking.sweep.design),
        "simulated": len(worlds),
        "failed": len(failed),
        "missing": int((states["state"] == "missing").sum()),
        "first_error": next(iter(failed["error"]), ""),
        "plausible": plausible,
        "too_few": plausible < settings.fewest,
        "near": {name: int(worlds[f"near_{name}"].sum()) for name in HEADLINES},
        "target": target(),
        "method": design["method"],
        "factors": len(ranking.sweep.design.columns),
        "switches": sum(factor["unit"] == "switch" for factor in design["factors"]),
        "replicates": int(ranking.sweep.about["replicates"]),
        "people": plan.firm.employees if plan.firm.kind == "one" else None,
        "weeks": plan.weeks,
        "policies": [scenario.name for scenario in plan.scenarios[1:]],
        "packages": ranking.packages,
        **_leading(ranking),
        "against_today": {name: _against_today(ranking, name) for name in HEADLINES},
        "best": [_best(ranking, among) for among in ((SINGLE, ALL) if ranking.packages else (ALL,))],
        **_pairs(ranking),
        "rules": _rules(ranking.tables["flips"]),
        **_harms(ranking),
    }


# -- policies ---------------------------------------------------------------------------------------------------------


def _leading(ranking: Ranking) -> Facts:
    """Return the two leading single policies, as pairs seen from the one that is better more often."""
    among = SINGLE if ranking.packages else ALL
    best = ranking.plausible("wins", outcome=BURN_OUT, among=among).set_index("policy", drop=False)
    best = best.loc[ranking.leaders]
    if len(best) < 2:
        return {"pair": None, "pair_isolation": None, "leaders": records(best), "close": []}
    two = ranking.leaders[:2]
    rows = ranking.plausible("pairs")
    rows = rows[rows["first"].isin(two) & rows["second"].isin(two)].set_index("outcome")
    if rows.loc[BURN_OUT, "better"] < rows.loc[BURN_OUT, "worse"]:
        rows = seen_from_second(rows)
    pair, isolation = records(rows.loc[[BURN_OUT, COLLEAGUES]])
    others = best.iloc[2:]
    close = others[others["best_high"] >= best["best_low"].iloc[1]]
    return {"pair": pair, "pair_isolation": isolation, "leaders": records(best.iloc[:2]), "close": records(close)}


def seen_from_second(pairs: pd.DataFrame) -> pd.DataFrame:
    """Return rows of pairs with their two policies exchanged."""
    names = {"first": "second", **{f"better{end}": f"worse{end}" for end in ("", "_share", "_low", "_high", "_of_100")}}
    return pairs.rename(columns=names | {new: old for old, new in names.items()})


def _against_today(ranking: Ranking, outcome: str) -> list[Facts]:
    """Return the rows of plausible draws, each with the counts per hundred of all draws."""
    overall = select(ranking.tables["against_today"], draws=ALL, outcome=outcome).set_index("policy")
    counts = overall[["better_of_100", "same_of_100", "worse_of_100"]]
    rows = records(ranking.plausible("against_today", outcome=outcome))
    return [row | {"all_draws": [int(count) for count in counts.loc[row["policy"]]]} for row in rows]


def _best(ranking: Ranking, among: str) -> Facts:
    """Return counts of draws in which each option is best, its regret, and the option of least regret."""
    values = {"outcome": BURN_OUT, "among": among}
    wins = {row["policy"]: row for row in records(ranking.plausible("wins", **values))}
    regret = records(ranking.plausible("regret", **values))
    rows = [{"policy": row["policy"], "wins": wins.get(row["policy"]), "regret": row} for row in regret]
    least = [row["policy"] for row in rows if row["regret"]["least"]]
    return {"among": among, "rows": rows, "least": least[0] if least else None}


def _pairs(ranking: Ranking) -> Facts:
    """Return the pairs of the leading policies, and counts of all pairs by outcome."""
    table = ranking.plausible("pairs")
    if table.empty:
        return {"pairs": [], "pair_counts": []}
    leaders = ranking.leaders[: ranking.settings.leaders]
    counts = []
    for outcome in (BURN_OUT, COLLEAGUES):
        rows = select(table, outcome=outcome)
        alike = rows["same"] >= NEARLY_ALWAYS * rows["worlds"]
        undecided = rows[~alike & (rows["ahead"] == "")]
        counts.append(
            {
                "outcome": outcome,
                "pairs": len(rows),
                "alike": int(alike.sum()),
                "decided": len(rows) - int(alike.sum()) - len(undecided),
                "undecided": undecided[["first", "second"]].to_numpy().tolist(),
            }
        )
    leading = table[table["first"].isin(leaders) & table["second"].isin(leaders)]
    return {"pairs": records(leading), "pair_counts": counts}


def _rules(flips: pd.DataFrame) -> list[Facts]:
    """Return each question with its rule: its leaves, or none."""
    questions = flips.groupby(["policy", "against"], sort=False) if len(flips) else ()
    return [
        records(rows)[0] | {"is_today": against == BASELINE.name, "leaves": records(rows[rows["where"] != ""])}
        for (_, against), rows in questions
    ]


# -- groups -----------------------------------------------------------------------------------------------------------


def _harms(ranking: Ranking) -> Facts:
    """Return the groups that a policy harms, or that gain less than everybody, and the policies without such groups."""
    table = ranking.plausible("harms")
    policies = list(ranking.effects[BURN_OUT].columns)
    rows = [
        {
            "policy": policy,
            "outcome": outcome,
            "worse": _flagged(own, "is_harmed", "worse"),
            "less": _flagged(own, "gains_less", "less"),
        }
        for policy in policies
        for outcome in HEADLINES
        for own in [select(table, policy=policy, outcome=outcome)]
        if own["is_harmed"].any() or own["gains_less"].any()
    ]
    flagged = {row["policy"] for row in rows}
    return {"harms": rows, "without_harm": [policy for policy in policies if policy not in flagged]}


def _flagged(rows: pd.DataFrame, flag: str, name: str) -> Facts:
    """Return the groups that a flag marks; where it marks everybody, only those clearly more often than everybody."""
    marked = rows[rows[flag]]
    everybody = marked[marked["group"] == EVERYBODY]
    listed = marked if everybody.empty else marked[marked[f"{name}_low"] > everybody[f"{name}_high"].iloc[0]]
    return {
        "everybody": records(everybody)[0] if len(everybody) else None,
        "groups": records(listed),
        "marked": len(marked) - len(everybody),
        "others": len(rows) - 1,
    }
