"""Chart of the assumptions that change the effect of a policy most, for burn-out complaints and isolation."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from sim.outcomes.definitions import MAIN_OUTCOMES
from sim.plotting.charts.style import amount, finished, is_narrow, names_width, row_height, rows_channel, wrapped
from sim.plotting.style import BLUE, GREY, PALE
from sim.reporting import phrases
from sim.reporting.sensitivity import leading_rows
from sim.reporting.tables import require_columns
from sim.words import Words

_COLUMNS = ("scenario", "kind", "outcome", "unit", "words", "mu_star", "low", "high", "tier")


def sensitivity(
    screening: pd.DataFrame, words: Words, scenario: str, width: int = 820, rows_per_outcome: int = 8
) -> Any:
    """Return the assumptions that change a scenario's difference most, by tier, with their intervals.

    `screening` is the table of a sensitivity study; names of assumptions are those of the model.
    """
    rows = require_columns(screening, _COLUMNS, "screening")
    rows = rows[(rows["scenario"] == scenario) & (rows["kind"] == "difference")]
    rows = rows.assign(words=[phrases.assumption_name(row, words) for row in rows.to_dict("records")])
    outcomes = [one for one in MAIN_OUTCOMES if one in set(rows["outcome"])]
    leading = {one: leading_rows(rows[rows["outcome"] == one], "mu_star", rows_per_outcome) for one in outcomes}
    narrow = is_narrow(width)
    across = (width if narrow else width // 2) - names_width(width) - 16
    panels = [_panel(leading[one], one, words, across, width) for one in outcomes]
    description = " ".join(
        f"{words(f'common.outcome.{one}')}: {phrases.listed(leading[one]['words'], words)}." for one in outcomes
    )
    chart = alt.vconcat(*panels) if narrow else alt.hconcat(*panels)
    return finished(
        chart, words, words("common.alt.sensitivity", name=phrases.name_of(scenario, words), description=description)
    )


def _panel(rows: pd.DataFrame, outcome: str, words: Words, across: int, width: int) -> Any:
    unit, names = str(rows["unit"].iloc[0]), list(rows["words"])
    rows = rows[["words", "mu_star", "low", "high", "tier"]].assign(
        colour=[BLUE if tier else GREY for tier in rows["tier"]]
    )
    y = rows_channel(names, width, field="words")
    title = words("common.picture.share_of_move", unit=phrases.unit_of(unit, words))
    x = amount([0, float(rows["high"].max()) * 1.08 or 1.0], title=wrapped(title, across), tickCount=3)
    base, colour = alt.Chart(rows), alt.Color("colour:N", scale=None)
    return alt.layer(
        base.mark_rule(color=PALE, strokeWidth=0.6).encode(y=y),
        base.mark_rule(strokeWidth=2, clip=True).encode(y=y, x=x("low"), x2="high:Q", color=colour),
        base.mark_point(filled=True, size=60, opacity=1).encode(y=y, x=x("mu_star"), color=colour),
    ).properties(
        width=across, height=row_height(names, width) * len(names),
        title=alt.TitleParams(wrapped(words(f"common.outcome_short.{outcome}"), across, 13), frame="group"),
    )  # fmt: skip
