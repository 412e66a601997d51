"""Chart of the shares of people who are better and worse off under one scenario, by group."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from sim.plotting.charts.style import amount, beside, finished, key, row_height, rows_channel
from sim.plotting.style import BLUE, INK, VERMILLION
from sim.reporting import phrases
from sim.reporting.tables import require_columns, without_small_groups
from sim.words import Words

_COLUMNS = ("scenario", "kind", "outcome", "group", "gained", "worse", "margin", "unit")
GAIN_OUTCOMES = ("exhaustion", "isolation_from_colleagues")
"""Outcomes of gains. Burn-out complaints are a yes or no in a survey, so gains of a person use exhaustion instead."""


def groups(table: pd.DataFrame, words: Words, scenario: str, width: int = 820) -> Any:
    """Return bars to the left for people better off beyond the margin, to the right for those worse off, per 1,000.

    `table` is the table `gains`, whose groups all have ten people or more.
    """
    rows = without_small_groups(require_columns(table, _COLUMNS, "gains"))
    rows = rows[(rows["scenario"] == scenario) & rows["outcome"].isin(GAIN_OUTCOMES)]
    names = {group: phrases.group_name(group, words) for group in dict.fromkeys(rows["group"])}
    rows = rows.assign(name=rows["group"].map(names))
    labels = list(names.values())

    def draw(outcome: str, across: int, with_names: bool) -> Any:
        layers = _layers(rows[rows["outcome"] == outcome], rows_channel(labels, width, with_names), words)
        return alt.layer(*layers).properties(
            width=across, height=row_height(labels, width) * max(len(labels), 1),
            title=alt.TitleParams(words(f"common.outcome.{outcome}"), frame="group"),
        )  # fmt: skip

    chart = beside(draw, GAIN_OUTCOMES, width)
    name, legend = phrases.name_of(scenario, words), key(words("common.picture.key_gains"), width)
    return finished(chart, words, words("common.alt.groups", name=name, description=_description(rows, words)), legend)


def _layers(rows: pd.DataFrame, y: alt.Y, words: Words) -> list[alt.Chart]:
    """Return the zero line, and bars with their numbers at their ends."""
    most = max([float(rows[column].max()) for column in ("gained", "worse")] if len(rows) else [0.0])
    edge = max(1000 * most * 1.35, 20)
    axis = {"title": words("common.picture.of_1000"), "labelExpr": "format(abs(datum.value), ',')"}
    x = amount([-edge, edge], **axis)("people")
    layers = [alt.Chart(pd.DataFrame({"people": [0.0]})).mark_rule(color=INK, strokeWidth=1).encode(x=x)]
    for column, sign, colour in (("gained", -1, BLUE), ("worse", 1, VERMILLION)):
        own = rows.assign(
            people=sign * 1000 * rows[column], text=[phrases.per_1000(share, words) for share in rows[column]]
        )[["name", "people", "text"]]
        side: dict[str, Any] = {"align": "right" if sign < 0 else "left", "dx": 5 * sign}
        text = alt.Chart(own).mark_text(baseline="middle", color=INK, fontSize=12, **side)
        layers.append(alt.Chart(own).mark_bar(color=colour, height=14).encode(y=y, x=x))
        layers.append(text.encode(y=y, x=x, text="text:N"))
    return layers


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
