"""The pattern table as data frames: patterns, criteria, scores, leads over rivals, and statistics of worlds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.outcomes.patterns import patterns
from sim.studies.base import records
from sim.studies.patterns.labels import EXPLANATIONS, LABELS
from sim.studies.patterns.rivals import MODELS
from sim.studies.patterns.scoring import KINDS, MODEL, PatternTable, Score

if TYPE_CHECKING:
    import pandas as pd

AIM = 20
"""Number of strong and test patterns that the model was meant to meet."""
BUILT_IN = "built in"
"""Use of a pattern that the model cannot fail."""


def frames(table: PatternTable) -> dict[str, pd.DataFrame]:
    """Return data frames by name: `rows`, `parts`, `scores`, `leads` and `worlds`."""
    import pandas as pd

    contents = {
        "rows": [_row(table, one.name, one.use, one.origin) for one in patterns() if one.name in table.criteria],
        "parts": _criteria(table),
        "scores": [
            {"who": who, "kind": kind, **_counts(table.score(who, kind))} for who in table.worlds for kind in KINDS
        ],
        "leads": [
            {"rival": who, "kind": kind, **_counts(table.lead(who, kind))} for who in table.rivals for kind in KINDS
        ],
        "worlds": [
            {"who": who, "world": number, **statistics}
            for who, worlds in table.worlds.items()
            for number, statistics in enumerate(worlds)
        ],
    }
    return {name: pd.DataFrame(rows) for name, rows in contents.items()}


def _row(table: PatternTable, name: str, use: str, origin: str) -> dict[str, object]:
    """The model's verdict on a pattern, the criterion that decides it, and which models meet it."""
    verdict = table.verdicts[MODEL][name]
    decisive = verdict.decisive
    return {
        "pattern": name,
        "use": BUILT_IN if name in table.built_in else use,
        "origin": origin,
        "in_mind": name in table.in_mind,
        "discriminates": bool(table.failing_rivals(name)),
        "met": verdict.met,
        "steady": table.agreement_of_groups(name),
        "decides": decisive.criterion.words,
        "mean": decisive.mean,
        "low": decisive.low,
        "high": decisive.high,
        "least": decisive.criterion.low,
        "most": decisive.criterion.high,
        "parts": len(verdict.results),
        "parts_met": sum(one.met for one in verdict.results),
        **{who: table.verdicts[who][name].met for who in table.worlds},
    }


def _criteria(table: PatternTable) -> list[dict[str, object]]:
    """One row per model and criterion."""
    return [
        {
            "who": who,
            "pattern": name,
            "part": result.criterion.words,
            "statistic": result.criterion.statistic,
            "least": result.criterion.low,
            "most": result.criterion.high,
            "mean": result.mean,
            "low": result.low,
            "high": result.high,
            "met": result.met,
        }
        for who, verdicts in table.verdicts.items()
        for name, verdict in verdicts.items()
        for result in verdict.results
    ]


def _counts(score: Score) -> dict[str, int]:
    return {"met": score.met, "of": score.of, "least": min(score.groups), "most": max(score.groups)}


def summary(table: PatternTable, rows: pd.DataFrame) -> dict[str, Any]:
    """Return the values that the page states; `rows` is the data frame of that name."""
    return {
        "groups": table.groups,
        "group_size": len(table.worlds[MODEL]) // table.groups,
        "aim": AIM,
        "models": {who: MODELS[who].label for who in table.worlds},
        "scores": {who: {kind: _counts(table.score(who, kind)) for kind in KINDS} for who in table.worlds},
        "leads": {who: {kind: _counts(table.lead(who, kind)) for kind in KINDS} for who in table.rivals},
        "nearest": min(table.rivals, key=lambda who: table.lead(who, "strong_and_test").met),
        "patterns": [
            row
            | {
                "label": LABELS[row["pattern"]],
                "explanation": EXPLANATIONS.get(row["pattern"]),
                "failing_rivals": table.failing_rivals(row["pattern"]),
            }
            for row in records(rows.replace([float("-inf"), float("inf")], float("nan")))
        ],
    }
