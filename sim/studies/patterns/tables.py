"""The pattern table as data frames: patterns, criteria, scores, leads over rivals, and statistics of worlds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sim.outcomes.patterns import LABELS, Pattern, patterns
from sim.studies.base import records
from sim.studies.patterns.rivals import MODELS
from sim.studies.patterns.scoring import KINDS, MODEL, CriterionResult, PatternTable, Score

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
        "rows": [_row(table, one) for one in patterns() if one.name in table.criteria],
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


def _row(table: PatternTable, pattern: Pattern) -> dict[str, object]:
    """Return the model's verdict on a pattern, the criterion that decides it, and which models meet it."""
    name, verdict = pattern.name, table.verdicts[MODEL][pattern.name]
    return {
        "pattern": name,
        "use": BUILT_IN if name in table.built_in else pattern.use,
        "origin": pattern.origin,
        "in_mind": name in table.in_mind,
        "discriminates": bool(table.failing_rivals(name)),
        "met": verdict.met,
        "steady": table.agreement_of_groups(name),
        "decides": verdict.decisive.criterion.words,
        **_estimate(verdict.decisive),
        **_bounds(verdict.decisive),
        "parts": len(verdict.results),
        "parts_met": sum(one.met for one in verdict.results),
        **{who: table.verdicts[who][name].met for who in table.worlds},
    }


def _criteria(table: PatternTable) -> list[dict[str, object]]:
    """Return one row per model and criterion."""
    return [
        {"who": who, "pattern": name, "part": result.criterion.words, "statistic": result.criterion.statistic or None,
         **_bounds(result), **_estimate(result), "met": result.met}
        for who, verdicts in table.verdicts.items()
        for name, verdict in verdicts.items()
        for result in verdict.results
    ]  # fmt: skip


def _bounds(result: CriterionResult) -> dict[str, float]:
    return {"least": result.criterion.low, "most": result.criterion.high}


def _estimate(result: CriterionResult) -> dict[str, float]:
    return {"mean": result.mean, "low": result.low, "high": result.high}


def _counts(score: Score) -> dict[str, int]:
    return {"met": score.met, "of": score.of, "least": min(score.groups), "most": max(score.groups)}


def summary(table: PatternTable, rows: pd.DataFrame) -> dict[str, Any]:
    """Return the values that the page states; `rows` is the data frame of that name."""
    explanations = {pattern.name: pattern.explanation or None for pattern in patterns()}
    return {
        "groups": table.groups,
        "group_size": len(table.worlds[MODEL]) // table.groups,
        "aim": AIM,
        "models": {who: MODELS[who].label for who in table.worlds},
        "scores": {who: {kind: _counts(table.score(who, kind)) for kind in KINDS} for who in table.worlds},
        "leads": {who: {kind: _counts(table.lead(who, kind)) for kind in KINDS} for who in table.rivals},
        "nearest": min(table.rivals, key=lambda who: table.lead(who, "strong_and_test").met),
        "patterns": [
            {**row, "label": LABELS[name], "explanation": explanations[name],
             "failing_rivals": table.failing_rivals(name)}
            for row in records(rows.replace([float("-inf"), float("inf")], float("nan")))
            if (name := row["pattern"])
        ],
    }  # fmt: skip
