"""Charts of differences from today's practice with intervals, by scenario, or by group for one scenario."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from sim.outcomes.definitions import MAIN_OUTCOMES
from sim.plotting.charts.style import (
    SHAPES,
    amount,
    around_zero,
    beside,
    difference_title,
    finished,
    is_narrow,
    key,
    row_height,
    rows_channel,
)
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
    """Return the differences of scenarios in burn-out complaints and isolation, everybody (filled) and users (hollow).

    `table` is the table `effects`, `kind` is policy or counterfactual, and `order` the order of the scenarios.
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
    """Return the differences of one scenario in burn-out complaints and isolation by group of people.

    `table` is the table `effects`, whose groups all have ten people or more.
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
    """Return a sentence on the effect of a scenario on both main outcomes, everybody."""
    own = rows[(rows["scenario"] == scenario) & (rows["group"] == "everybody")].set_index("outcome")
    change = [phrases.change(own.loc[outcome].to_dict(), words) if outcome in own.index else "–"
            for outcome in MAIN_OUTCOMES]  # fmt: skip
    return words("common.alt.one", name=name, burn_out=change[0], isolation=change[1])


def _rows(table: pd.DataFrame, groups: Sequence[str] | None = None) -> pd.DataFrame:
    rows = without_small_groups(require_columns(table, _COLUMNS, "effects"))
    rows = rows[rows["outcome"].isin(MAIN_OUTCOMES)]
    return rows if groups is None else rows[rows["group"].isin(groups)]


def _panels(rows: pd.DataFrame, names: Sequence[str], words: Words, width: int, kind: str) -> Any:
    """Return both main outcomes, each on its own scale."""

    def draw(outcome: str, across: int, with_names: bool) -> Any:
        own = rows[rows["outcome"] == outcome]
        y = rows_channel(names, width, with_names)
        panel = alt.layer(*_layers(own, names, words, y, kind))
        unit, height = _unit(own), row_height(names, width) * max(len(names), 1)
        return panel.properties(width=across, height=height, title=difference_title(outcome, unit, words, across))

    return beside(draw, MAIN_OUTCOMES, width)


def _unit(rows: pd.DataFrame) -> str:
    return str(rows["unit"].iloc[0]) if len(rows) else "SD"


def _layers(rows: pd.DataFrame, names: Sequence[str], words: Words, y: alt.Y, kind: str) -> list[alt.Chart]:
    """Return pale rows, the zero line, intervals, and dots: everybody a little above users where both are drawn."""
    is_grey = (rows["low"] <= 0) & (rows["high"] >= 0)
    rows = rows.assign(colour=np.where(is_grey, GREY, COLOURS[kind]))
    domain = around_zero(rows[["difference", "low", "high"]].to_numpy().ravel())
    x = amount(domain, title=phrases.direction(_unit(rows), words))
    users = rows["group"] == "users"
    layers = [
        alt.Chart(pd.DataFrame({"name": list(names)})).mark_rule(color=PALE, strokeWidth=0.6).encode(y=y),
        alt.Chart(pd.DataFrame({"difference": [0.0]})).mark_rule(color=INK, strokeWidth=1).encode(x=x("difference")),
    ]
    shift = _APART if users.any() else 0
    parts: list[tuple[pd.DataFrame, float, Any, dict[str, Any]]] = [
        (rows[~users], -shift, alt.Color, {"filled": True}),
        (rows[users], shift, alt.Stroke, {"fill": "white"}),
    ]
    for own, offset, *_ in parts:
        line = alt.Chart(own.dropna(subset=["low", "high"])).mark_rule(strokeWidth=2, yOffset=offset)
        layers.append(line.encode(y=y, x=x("low"), x2="high:Q", color=alt.Color("colour:N", scale=None)))
    for own, offset, channel, fill in parts:
        mark: dict[str, Any] = {"shape": SHAPES[kind], "size": 62, "yOffset": offset, "strokeWidth": 1.8, "opacity": 1}
        dots = alt.Chart(own).mark_point(**fill, **mark)
        layers.append(dots.encode(y, x("difference"), channel("colour:N", scale=None)))
    return layers
