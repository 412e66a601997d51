"""Differences from today's practice with their intervals: of each scenario, or of each group under one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from sim.outcomes.definitions import MAIN_OUTCOMES
from sim.plotting.charts.style import SHAPES, finished, is_narrow, key, names_width, row_height, rows_axis, wrapped
from sim.plotting.style import COLOURS, GREY, INK, PALE
from sim.reporting import phrases
from sim.reporting.tables import in_given_order, require_columns, without_small_groups
from sim.words import Words

_COLUMNS = ("scenario", "kind", "outcome", "group", "difference", "low", "high", "unit")
_APART = 4.5
"""Pixels between the middle of a row and its dots, where everybody and users share it."""


def effects(
    table: pd.DataFrame, words: Words, width: int = 820, kind: str = "policy", order: Sequence[str] | None = None
) -> Any:
    """Every scenario's difference in burn-out complaints and isolation, everybody (filled) and users (hollow).

    `table` is that of effects; `kind` is policy or counterfactual, never both; `order` gives the scenarios' order.
    """
    rows = _rows(table, ("everybody", "users"))
    rows = rows[rows["kind"] == kind]
    order = [one for one in order or in_given_order(rows, kind) if one in set(rows["scenario"])]
    names = {scenario: phrases.name_of(scenario, words) for scenario in order}
    rows = rows[rows["scenario"].isin(order)].assign(name=rows["scenario"].map(names))
    users = (rows["group"] == "users").any()
    legend = "common.picture.key_everybody" if not users else (
        "common.picture.key_effects_short" if is_narrow(width) else "common.picture.key_effects"
    )  # fmt: skip
    description = " ".join(pair_in_words(rows, scenario, names[scenario], words) for scenario in order)
    chart = _panels(rows, list(names.values()), words, width, kind)
    return finished(chart, words, words("common.alt.effects", description=description), key(words(legend), width))


def by_group(table: pd.DataFrame, words: Words, scenario: str, width: int = 820) -> Any:
    """One scenario's difference in burn-out complaints and isolation by group of people; small groups are left out.

    `table` is that of effects, whose groups all have ten people or more.
    """
    rows = _rows(table)
    rows = rows[(rows["scenario"] == scenario) & (rows["group"] != "users")]
    groups = list(dict.fromkeys(rows["group"]))
    names = {group: phrases.group_name(group, words) for group in groups}
    rows = rows.assign(name=rows["group"].map(names), group="everybody")
    kind = str(rows["kind"].iloc[0]) if len(rows) else "policy"
    description = " ".join(pair_in_words(rows[rows["name"] == name], scenario, name, words) for name in names.values())
    chart = _panels(rows, list(names.values()), words, width, kind)
    name = phrases.name_of(scenario, words)
    legend = key(words("common.picture.key_everybody"), width)
    return finished(chart, words, words("common.alt.by_group", name=name, description=description), legend)


def pair_in_words(rows: pd.DataFrame, scenario: str, name: str, words: Words) -> str:
    """What a scenario does to both headlines, everybody, in a sentence."""
    own = rows[(rows["scenario"] == scenario) & (rows["group"] == "everybody")].set_index("outcome")
    change = [phrases.change(own.loc[outcome].to_dict(), words) if outcome in own.index else "–"
            for outcome in MAIN_OUTCOMES]  # fmt: skip
    return words("common.alt.one", name=name, burn_out=change[0], isolation=change[1])


def _rows(table: pd.DataFrame, groups: Sequence[str] | None = None) -> pd.DataFrame:
    rows = without_small_groups(require_columns(table, _COLUMNS, "effects"))
    rows = rows[rows["outcome"].isin(MAIN_OUTCOMES)]
    return rows if groups is None else rows[rows["group"].isin(groups)]


def _panels(rows: pd.DataFrame, names: Sequence[str], words: Words, width: int, kind: str) -> Any:
    """Both headlines side by side, or below each other on a phone, each on a scale of its own."""
    narrow, names_across = is_narrow(width), names_width(width)
    across = width - names_across - 12 if narrow else (width - names_across - 42) // 2
    panels = [
        _panel(rows[rows["outcome"] == outcome], outcome, names, words, across, width, kind, narrow or place == 0)
        for place, outcome in enumerate(MAIN_OUTCOMES)
    ]
    return alt.vconcat(*panels) if narrow else alt.hconcat(*panels)


def _panel(
    rows: pd.DataFrame, outcome: str, names: Sequence[str], words: Words, across: int, width: int, kind: str,
    with_names: bool,
) -> Any:  # fmt: skip
    unit = str(rows["unit"].iloc[0]) if len(rows) else "SD"
    users = rows["group"] == "users"
    both = bool(users.any())
    rows = rows.assign(colour=[
        GREY if low <= 0 <= high else COLOURS[kind] for low, high in zip(rows["low"], rows["high"], strict=True)
    ])  # fmt: skip
    y = alt.Y("name:N", sort=list(names), axis=rows_axis(names, width, with_names), scale=alt.Scale(domain=list(names)))
    ends = [0.0, *rows[["difference", "low", "high"]].to_numpy().ravel()]
    domain = around_zero([end for end in ends if end == end])
    x = alt.X(
        "difference:Q",
        scale=alt.Scale(domain=domain, nice=False),
        axis=alt.Axis(title=phrases.direction(unit, words), tickCount=4, ticks=True, tickSize=4, titleColor=GREY),
    )
    layers = [_lines(rows[users == of], y, x, _APART * (2 * of - 1) if both else 0) for of in (False, True)]
    layers += [_dots(rows[users == of], y, x, _APART * (2 * of - 1) if both else 0, kind, of) for of in (False, True)]
    grid = alt.Chart(pd.DataFrame({"name": list(names)})).mark_rule(color=PALE, strokeWidth=0.6).encode(y=y)
    zero = alt.Chart(pd.DataFrame({"difference": [0.0]})).mark_rule(color=INK, strokeWidth=1).encode(x=x)
    title = alt.TitleParams(
        wrapped(words(f"common.outcome.{outcome}"), across, 13),
        subtitle=words("common.picture.difference", unit=phrases.unit_of(unit, words)),
        frame="group",
    )
    return alt.layer(grid, zero, *layers).properties(
        width=across, height=row_height(names, width) * max(len(names), 1), title=title
    )


def around_zero(ends: Sequence[float]) -> list[float]:
    """A domain that holds all ends and some names_across on both sides of zero."""
    low, high = min([0.0, *ends]), max([0.0, *ends])
    span = (high - low) or 1.0
    return [min(low - 0.06 * span, -0.18 * span), max(high + 0.06 * span, 0.18 * span)]


def _lines(rows: pd.DataFrame, y: alt.Y, x: alt.X, shift: float) -> alt.Chart:
    rows = rows.dropna(subset=["low", "high"])
    colour = alt.Color("colour:N", scale=None)
    low = x.copy()
    low.shorthand = "low:Q"
    return alt.Chart(rows).mark_rule(strokeWidth=2, yOffset=shift).encode(y=y, x=low, x2="high:Q", color=colour)


def _dots(rows: pd.DataFrame, y: alt.Y, x: alt.X, shift: float, kind: str, hollow: bool) -> alt.Chart:
    mark: dict[str, Any] = {"shape": SHAPES[kind], "size": 62, "yOffset": shift, "strokeWidth": 1.8, "opacity": 1}
    if hollow:
        chart = alt.Chart(rows).mark_point(fill="white", **mark)
        return chart.encode(y=y, x=x, stroke=alt.Stroke("colour:N", scale=None))
    chart = alt.Chart(rows).mark_point(filled=True, **mark)
    return chart.encode(y=y, x=x, color=alt.Color("colour:N", scale=None))
