"""Chart of the effect of one scenario by pathway, as steps from today's practice to the whole effect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from sim.outcomes.definitions import MAIN_OUTCOMES
from sim.plotting.charts.style import (
    amount,
    around_zero,
    beside,
    difference_title,
    finished,
    key,
    row_height,
    rows_channel,
)
from sim.plotting.style import BLUE, INK, VERMILLION
from sim.reporting import phrases
from sim.reporting.tables import require_columns
from sim.words import Words

_COLUMNS = ("outcome", "unit", "pathway", "part", "low", "high")
TOGETHER, WHOLE = "together", "whole"
QUIET = "#a9b1ba"
"""A step that is not distinguishable from zero."""


def pathways(table: pd.DataFrame, words: Words, scenario: str, width: int = 820) -> Any:
    """Return steps by pathway, for burn-out complaints and isolation.

    `table` has a row for each outcome and pathway: outcome, unit, pathway (its displayed name), part (decrease of the
    difference from today's practice when only that pathway is switched off, in the unit) and its interval, low and
    high. For each outcome the pathway "whole" is the whole difference, and "together" the remainder, since pathways
    interact.
    """
    rows = require_columns(table, _COLUMNS, "pathways")
    outcomes = [one for one in MAIN_OUTCOMES if one in set(rows["outcome"])]
    names = [one for one in dict.fromkeys(rows["pathway"]) if one not in (TOGETHER, WHOLE)]
    steps_of = {outcome: _steps(rows[rows["outcome"] == outcome], names, words) for outcome in outcomes}
    description = " ".join(_description(steps_of[one], one, words) for one in outcomes)

    def draw(outcome: str, across: int, with_names: bool) -> Any:
        return _panel(steps_of[outcome], outcome, words, across, width, with_names)

    text = words("common.alt.pathways", name=phrases.name_of(scenario, words), description=description)
    return finished(beside(draw, outcomes, width), words, text, key(words("common.picture.key_pathways"), width))


def _steps(rows: pd.DataFrame, names: Sequence[str], words: Words) -> pd.DataFrame:
    """Return a row per step with its start, its end and its interval: pathways, the remainder, and the whole."""
    order = [*names, TOGETHER, WHOLE]
    own = rows.set_index("pathway")[["part", "low", "high"]].astype(float).reindex(order).fillna(0.0)
    ends = own["part"].cumsum()
    start = (ends - own["part"]).where(own.index != WHOLE, 0.0)
    is_clear = np.sign(own["low"]) * np.sign(own["high"]) > 0
    colours = np.where(own["part"] < 0, BLUE, VERMILLION)
    return pd.DataFrame(
        {
            "name": [*names, words("common.picture.rest"), words("common.picture.whole")],
            "start": start.to_numpy(),
            "end": (start + own["part"]).to_numpy(),
            "from": (start + own["low"]).to_numpy(),
            "to": (start + own["high"]).to_numpy(),
            "colour": np.where(own.index == WHOLE, INK, np.where(is_clear, colours, QUIET)),
            "unit": rows["unit"].iloc[0],
            **{name: own[name].to_numpy() for name in own},
        }
    )


def _panel(steps: pd.DataFrame, outcome: str, words: Words, across: int, width: int, with_names: bool) -> Any:
    names, unit = list(steps["name"]), str(steps["unit"].iloc[0])
    steps = steps.assign(
        text=[_signed(part, unit, words) for part in steps["part"]],
        edge=steps[["start", "end", "from", "to"]].max(axis=1),
    )
    y = rows_channel(names, width, with_names)
    low, high = around_zero(steps[["start", "end", "from", "to"]].to_numpy().ravel())
    x = amount([low, high + 0.12 * (high - low)], title=phrases.direction(unit, words))
    base, zero = alt.Chart(steps), alt.Chart(pd.DataFrame({"start": [0.0]}))
    return alt.layer(
        zero.mark_rule(color=INK, strokeWidth=1).encode(x=x("start")),
        base.mark_bar(height=16).encode(y=y, x=x("start"), x2="end:Q", color=alt.Color("colour:N", scale=None)),
        base.mark_rule(color=INK, strokeWidth=1.4).encode(y=y, x=x("from"), x2="to:Q"),
        base.mark_text(align="left", dx=6, fontSize=12, color=INK).encode(y=y, x=x("edge"), text="text:N"),
    ).properties(
        width=across, height=row_height(names, width) * len(names),
        title=difference_title(outcome, unit, words, across),
    )  # fmt: skip


def _signed(part: float, unit: str, words: Words) -> str:
    decimals = 1 if unit.startswith("per 1,000") else 3
    return phrases.signed(part, words, decimals)


def _description(steps: pd.DataFrame, outcome: str, words: Words) -> str:
    text = "; ".join(
        f"{row['name']} {' '.join(_signed(row[part], row['unit'], words) for part in ('part', 'low', 'high'))}"
        for _, row in steps.iterrows()
    )
    return f"{words(f'common.outcome.{outcome}')}: {text}."
