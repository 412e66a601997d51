"""The pattern table as data frames: rows, every bound, scores, leads over rivals, and the worlds behind them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sim.outcomes.patterns import patterns
from sim.studies.patterns.rivals import ALL
from sim.studies.patterns.scoring import KINDS, MODEL, Score, Table

if TYPE_CHECKING:
    import pandas as pd

BUILT_IN = "built in"
"""The use of a pattern that cannot fail."""


def frames(table: Table) -> dict[str, pd.DataFrame]:
    """Data frames by name: `rows`, `parts`, `scores`, `leads`, and `worlds` with every statistic of each."""
    import pandas as pd

    return {
        "rows": pd.DataFrame(_rows(table)),
        "parts": pd.DataFrame(_parts(table)),
        "scores": pd.DataFrame(
            [{"who": who, "kind": kind, **_counts(table.score(who, kind))} for who in ALL for kind in KINDS]
        ),
        "leads": pd.DataFrame(
            [{"rival": who, "kind": kind, **_counts(table.lead(who, kind))} for who in table.rivals for kind in KINDS]
        ),
        "worlds": pd.DataFrame(
            [
                {"who": who, "world": number, **statistics}
                for who, worlds in table.worlds.items()
                for number, statistics in enumerate(worlds)
            ]
        ),
    }


def _rows(table: Table) -> list[dict[str, object]]:
    """One row a pattern: the model's verdict with what decides it, and whether each rival meets it."""
    rows = []
    for pattern in patterns():
        if pattern.name not in table.criteria:
            continue
        verdict = table.verdicts[MODEL][pattern.name]
        telling = verdict.telling
        rows.append(
            {
                "pattern": pattern.name,
                "use": BUILT_IN if pattern.name in table.built_in else pattern.use,
                "origin": pattern.origin,
                "in_mind": pattern.name in table.in_mind,
                "tells": table.tells(pattern.name),
                "met": verdict.met,
                "steady": table.steadiness(pattern.name),
                "decides": telling.part.words,
                "mean": telling.mean,
                "low": telling.low,
                "high": telling.high,
                "least": telling.part.low,
                "most": telling.part.high,
                "parts": len(verdict.parts),
                "parts_met": sum(one.met for one in verdict.parts),
                **{who: table.verdicts[who][pattern.name].met for who in table.worlds},
            }
        )
    return rows


def _parts(table: Table) -> list[dict[str, object]]:
    """One row for every bound of every pattern, as the model and every rival stand to it."""
    return [
        {
            "who": who,
            "pattern": name,
            "part": judged.part.words,
            "statistic": judged.part.statistic,
            "least": judged.part.low,
            "most": judged.part.high,
            "mean": judged.mean,
            "low": judged.low,
            "high": judged.high,
            "met": judged.met,
        }
        for who, verdicts in table.verdicts.items()
        for name, verdict in verdicts.items()
        for judged in verdict.parts
    ]


def _counts(score: Score) -> Mapping[str, int]:
    return {"met": score.met, "of": score.of, "least": min(score.groups), "most": max(score.groups)}
