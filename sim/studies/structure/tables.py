"""Effects of every switch as data frames: verdicts that change, and changes of levels and of the policy's effect.

Worlds with and without a change have the same people and random numbers, so changes are paired. Intervals are 95%
intervals of a mean over worlds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.formatting import signed
from sim.outcomes.patterns import USES
from sim.studies.base import with_range
from sim.studies.patterns.evidence import Statistics
from sim.studies.patterns.scoring import Criteria, interval, verdicts
from sim.studies.structure.worlds import DEFAULT, OUTCOMES, Switch
from sim.text import code

if TYPE_CHECKING:
    import pandas as pd

Worlds = Mapping[str, Sequence[Statistics]]
"""Statistics of each world by switch, or by `DEFAULT`."""
Row = Mapping[Any, Any]


def changed_verdicts(criteria: Criteria, worlds: Worlds) -> pd.DataFrame:
    """Return one row per pattern that a switch changes: the deciding statistic before and after, and its paired change.

    `clear` is false where the interval of the change includes zero, so that the verdict may have changed by chance.
    """
    import pandas as pd

    before, rows = verdicts(criteria, worlds[DEFAULT]), []
    for switch, own in worlds.items():
        after = verdicts(criteria, own)
        for name in criteria:
            met = before[name].met
            if met == after[name].met:
                continue
            decides = (after if met else before)[name].decisive.criterion
            default, changed = _of(worlds[DEFAULT], decides.statistic), _of(own, decides.statistic)
            _, low, high = interval(changed - default)
            rows.append((switch, name, USES[name], "breaks" if met else "mends", decides.words, float(default.mean()),
                         float(changed.mean()), low, high, not low <= 0 <= high))  # fmt: skip
    names = ("switch", "pattern", "use", "change", "decides", "before", "after", "low", "high", "clear")
    return pd.DataFrame(rows, columns=list(names))


def effects(criteria: Criteria, worlds: Worlds, switches: Sequence[Switch]) -> pd.DataFrame:
    """Return one row per switch: patterns met, levels, effects of the policy, and their paired changes."""
    import pandas as pd

    on = {switch.full_name: switch.on for switch in switches}
    meaning = {switch.full_name: switch.meaning for switch in switches}
    default = worlds[DEFAULT]
    rows = []
    for name, own in worlds.items():
        row: dict[str, object] = {
            "switch": name,
            "meaning": meaning.get(name, "the default model"),
            "changed_to": "" if name == DEFAULT else "off" if on[name] else "on",
            "met": sum(verdict.met for verdict in verdicts(criteria, own).values()),
        }
        for what in (f"{kind} {outcome}" for kind in ("level", "effect") for outcome in OUTCOMES):
            column = what.replace(" ", "_")
            row |= with_range(column, *interval(_of(own, what)))
            row |= with_range(f"{column}_change", *interval(_of(own, what) - _of(default, what)))
        rows.append(row)
    return pd.DataFrame(rows)


def _of(worlds: Sequence[Statistics], statistic: str) -> np.ndarray:
    return np.array([world.get(statistic, np.nan) for world in worlds], np.float64)


# -- values of the page -----------------------------------------------------------------------------------------------

_DIGITS = {"complaints": 1, "isolation": 3}


def summary(verdicts: pd.DataFrame, effects: pd.DataFrame, labels: Mapping[str, str]) -> dict[str, Any]:
    """Return the values that the page states, from both tables; `labels` name the patterns."""
    default, switched = effects[effects["switch"] == DEFAULT].iloc[0], effects[effects["switch"] != DEFAULT]
    clear = verdicts[verdicts["clear"] & (verdicts["change"] == "breaks")]
    breaks = [
        {"switch": switch, "patterns": [labels[name] for name in names]}
        for switch, names in clear.groupby("switch")["pattern"].apply(list).items()
    ]
    return {
        "switches": list(switched["switch"]),
        "breaking": len(breaks),
        "breaks": sorted(breaks, key=lambda one: -len(one["patterns"])),
        "default_effect": float(default["effect_complaints"]),
        "largest": _extreme(switched.loc[switched["effect_complaints"].idxmin()]),
        "smallest": _extreme(switched.loc[switched["effect_complaints"].idxmax()]),
        "still_lower": int((switched["effect_complaints_high"] < 0).sum()),
        "without_change": len(set(switched["switch"]) - set(verdicts["switch"])),
        "pattern_rows": [_pattern_row(row, verdicts, labels) for row in switched.to_dict("records")],
        "level_rows": [_level_row(row) for row in effects.to_dict("records")],
    }


def _extreme(row: pd.Series) -> dict[str, Any]:
    return {**row[["switch", "changed_to"]], "effect": float(row["effect_complaints"])}


def _pattern_row(row: Row, verdicts: pd.DataFrame, labels: Mapping[str, str]) -> list[str]:
    own = verdicts[verdicts["switch"] == row["switch"]]
    cells = [_patterns(own[own["change"] == change].to_dict("records"), labels) for change in ("breaks", "mends")]
    return [code(row["switch"]), row["meaning"], row["changed_to"], *cells]


def _patterns(rows: Sequence[Row], labels: Mapping[str, str]) -> str:
    names = [f"{labels[row['pattern']]} ({row['use']})" for row in rows]
    return "; ".join(name if row["clear"] else f"[{name}]" for name, row in zip(names, rows, strict=True)) or "–"


def _level_row(row: Row) -> list[str]:
    columns = [(f"{kind}_{outcome}", digits) for kind in ("level", "effect") for outcome, digits in _DIGITS.items()]
    return [code(row["switch"]), row["changed_to"], *(_with_change(row, column, digits) for column, digits in columns)]


def _with_change(row: Row, column: str, digits: int) -> str:
    """A number, with its change by the switch in brackets, or a dash where the interval includes zero."""
    number = f"{row[column]:.{digits}f}" if column == "level_complaints" else signed(row[column], digits)
    if row["switch"] == DEFAULT:
        return number
    low, high = row[f"{column}_change_low"], row[f"{column}_change_high"]
    return f"{number} ({'–' if low <= 0 <= high else signed(row[f'{column}_change'], digits)})"
