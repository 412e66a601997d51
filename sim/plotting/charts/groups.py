"""Who gains and who is made worse under one scenario, by group of people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from sim.plotting.charts.style import finished, is_narrow, key, names_width, row_height, rows_axis
from sim.plotting.style import BLUE, GREY, INK, VERMILLION
from sim.reporting import phrases
from sim.reporting.tables import require_columns, without_small_groups
from sim.words import Words

_COLUMNS = ("scenario", "kind", "outcome", "group", "gained", "worse", "margin", "unit")
GAIN_OUTCOMES = ("exhaustion", "isolation_from_colleagues")
"""Burn-out complaints are a yes or no of a survey, so a person's gain is asked of the exhaustion behind them."""


def groups(table: pd.DataFrame, words: Words, scenario: str, width: int = 820) -> Any:
    """Bars to the left for those who gain by more than the margin, to the right for those made worse, per 1,000.

    `table` is that of gains, whose groups all have ten people or more.
    """
    rows = without_small_groups(require_columns(table, _COLUMNS, "gains"))
    rows = rows[(rows["scenario"] == scenario) & rows["outcome"].isin(GAIN_OUTCOMES)]
    names = {group: phrases.group_name(group, words) for group in dict.fromkeys(rows["group"])}
    rows = rows.assign(name=rows["group"].map(names))
    narrow, names_across = is_narrow(width), names_width(width)
    across = width - names_across - 12 if narrow else (width - names_across - 42) // 2
    panels = [
        _panel(rows[rows["outcome"] == outcome], outcome, list(names.values()), words, across, width, narrow or not i)
        for i, outcome in enumerate(GAIN_OUTCOMES)
    ]
    chart = alt.vconcat(*panels) if narrow else alt.hconcat(*panels)
    name, legend = phrases.name_of(scenario, words), key(words("common.picture.key_gains"), width)
    return finished(chart, words, words("common.alt.groups", name=name, description=_description(rows, words)), legend)


def _panel(
    rows: pd.DataFrame, outcome: str, names: Sequence[str], words: Words, across: int, width: int, with_names: bool
) -> Any:
    most = max([float(rows[column].max()) for column in ("gained", "worse")] if len(rows) else [0.0])
    edge = max(1000 * most * 1.35, 20)
    y = alt.Y("name:N", sort=list(names), axis=rows_axis(names, width, with_names), scale=alt.Scale(domain=list(names)))
    axis = alt.Axis(
        title=words("common.picture.of_1000"), titleColor=GREY, tickCount=4, ticks=True, tickSize=4,
        labelExpr="format(abs(datum.value), ',')",
    )  # fmt: skip
    x = alt.X("people:Q", scale=alt.Scale(domain=[-edge, edge], nice=False), axis=axis)
    layers = [alt.Chart(pd.DataFrame({"people": [0.0]})).mark_rule(color=INK, strokeWidth=1).encode(x=x)]
    for column, sign, colour in (("gained", -1, BLUE), ("worse", 1, VERMILLION)):
        own = rows.assign(
            people=sign * 1000 * rows[column], text=[phrases.per_1000(share, words) for share in rows[column]]
        )[["name", "people", "text"]]
        bars = alt.Chart(own).mark_bar(color=colour, height=14).encode(y=y, x=x)
        beside: dict[str, Any] = {
            "align": "right" if sign < 0 else "left",
            "dx": 5 * sign,
            "color": INK,
            "fontSize": 12,
        }
        layers += [bars, alt.Chart(own).mark_text(baseline="middle", **beside).encode(y=y, x=x, text="text:N")]
    height = row_height(names, width) * max(len(names), 1)
    return alt.layer(*layers).properties(
        width=across, height=height, title=alt.TitleParams(words(f"common.outcome.{outcome}"), frame="group")
    )


def _description(rows: pd.DataFrame, words: Words) -> str:
    return " ".join(
        words(
            "common.alt.gains",
            group=row["name"],
            gained=phrases.per_1000(row["gained"], words),
            worse=phrases.per_1000(row["worse"], words),
            outcome=words(f"common.outcome.{row['outcome']}"),
        )
        for row in rows.to_dict("records")
    )
