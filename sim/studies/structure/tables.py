"""What every switch does, as data frames: verdicts that turn, and changes of levels and of a policy's effect.

Worlds with and without a switch have the same people and chance, so changes are paired; intervals are 95% intervals of
a mean over worlds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from sim.outcomes.patterns import patterns
from sim.studies.patterns.evidence import Statistics
from sim.studies.patterns.scoring import Criteria, interval, verdicts
from sim.studies.structure.worlds import AS_IT_STANDS, OUTCOMES, Switch

if TYPE_CHECKING:
    import pandas as pd

Worlds = Mapping[str, Sequence[Statistics]]
"""Switch, or `as_it_stands` -> the statistics of each world."""


def turned_verdicts(criteria: Criteria, worlds: Worlds) -> pd.DataFrame:
    """One row for every pattern that a switch turns: what decides, before and after, and the paired change.

    `clear`: the interval of the change leaves out nought; otherwise the verdict may have turned by chance.
    """
    import pandas as pd

    use = {pattern.name: pattern.use for pattern in patterns()}
    as_it_stands = worlds[AS_IT_STANDS]
    before = verdicts(criteria, as_it_stands)
    rows = []
    for switch, own in worlds.items():
        after = verdicts(criteria, own)
        for name in criteria:
            if before[name].met == after[name].met:
                continue
            decides = (after if before[name].met else before)[name].telling.part
            statistic = str(decides.statistic)
            change = interval(_of(own, statistic) - _of(as_it_stands, statistic))
            rows.append(
                {
                    "switch": switch,
                    "pattern": name,
                    "use": use[name],
                    "turns": "breaks" if before[name].met else "mends",
                    "decides": decides.words,
                    "before": float(_of(as_it_stands, statistic).mean()),
                    "after": float(_of(own, statistic).mean()),
                    "low": change[1],
                    "high": change[2],
                    "clear": not change[1] <= 0 <= change[2],
                }
            )
    names = ("switch", "pattern", "use", "turns", "decides", "before", "after", "low", "high", "clear")
    return pd.DataFrame(rows, columns=list(names))


def effects(criteria: Criteria, worlds: Worlds, found: Sequence[Switch]) -> pd.DataFrame:
    """One row a switch: score, levels, the policy's effects with their intervals, and how both change, paired."""
    import pandas as pd

    on = {switch.full_name: switch.on for switch in found}
    meaning = {switch.full_name: switch.meaning for switch in found}
    as_it_stands = worlds[AS_IT_STANDS]
    rows = []
    for name, own in worlds.items():
        row: dict[str, object] = {
            "switch": name,
            "meaning": meaning.get(name, "the model as it stands"),
            "turned": "" if name == AS_IT_STANDS else "off" if on[name] else "on",
            "met": sum(verdict.met for verdict in verdicts(criteria, own).values()),
        }
        for what in (f"{kind} {outcome}" for kind in ("level", "effect") for outcome in OUTCOMES):
            column = what.replace(" ", "_")
            row |= _columns(column, interval(_of(own, what)))
            row |= _columns(f"{column}_change", interval(_of(own, what) - _of(as_it_stands, what)))
        rows.append(row)
    return pd.DataFrame(rows)


def _columns(name: str, own: tuple[float, float, float]) -> dict[str, float]:
    return {name: own[0], f"{name}_low": own[1], f"{name}_high": own[2]}


def _of(worlds: Sequence[Statistics], statistic: str) -> np.ndarray:
    return np.array([world.get(statistic, np.nan) for world in worlds], np.float64)
