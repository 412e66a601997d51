"""Chart of the effects of scenarios over time, by calendar month, for burn-out complaints and isolation."""

from __future__ import annotations

from collections.abc import Sequence
from json import dumps
from typing import Any

import altair as alt
import pandas as pd

from sim.outcomes.definitions import MAIN_OUTCOMES
from sim.plotting.charts.style import around_zero, by_value, finished, is_narrow, wrapped
from sim.plotting.style import COLOURS, GREY, INK, PALE
from sim.reporting import phrases
from sim.reporting.tables import in_given_order, require_columns
from sim.words import Words

_COLUMNS = (
    *("scenario", "kind", "outcome", "group", "date", "unit", "replicates"),
    *("difference", "difference_low", "difference_high"),
)
_HEIGHT, _NUMBERS = 78, 44
"""Pixels of a panel, and of the numbers at its left."""
_HALF_A_YEAR = 183


def trajectories(
    table: pd.DataFrame, words: Words, width: int = 820, kind: str = "policy", order: Sequence[str] | None = None
) -> Any:
    """Return weekly differences from today's practice with their bands, a row per scenario, everybody.

    `table` is the table `trajectories`. All rows share the scale of their outcome. Dates are the Mondays of weeks.
    """
    rows = require_columns(table, _COLUMNS, "trajectories")
    rows = rows[(rows["kind"] == kind) & (rows["group"] == "everybody") & rows["outcome"].isin(MAIN_OUTCOMES)]
    order = [one for one in order or in_given_order(rows, kind) if one in set(rows["scenario"])]
    rows = rows[rows["scenario"].isin(order)]
    across = (width - 2 * _NUMBERS - 26) // 2
    panels = [_column(rows, outcome, order, words, across, kind, width) for outcome in MAIN_OUTCOMES]
    return finished(alt.hconcat(*panels, spacing=14), words, _description(rows, order, words))


def as_effects(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows of trajectories with the intervals of their differences."""
    columns = {"difference_low": "low", "difference_high": "high"}
    return rows.drop(columns=["low", "high"], errors="ignore").rename(columns=columns)


def _column(
    rows: pd.DataFrame, outcome: str, order: Sequence[str], words: Words, across: int, kind: str, width: int
) -> Any:
    """Return one outcome: a panel per scenario, one below the other, with names only over the first column."""
    own = rows[rows["outcome"] == outcome]
    unit = str(own["unit"].iloc[0])
    domain = around_zero(own[["difference", "difference_low", "difference_high"]].to_numpy(dtype=float).ravel())
    own = own.assign(date=pd.to_datetime(own["date"]).dt.strftime("%Y-%m-%d"), zero=0.0)
    own = own[["scenario", "date", "zero", "difference", "difference_low", "difference_high"]].round(4)

    def y(name: str) -> alt.Y:
        axis = alt.Axis(title=None, tickCount=3, minExtent=_NUMBERS, maxExtent=_NUMBERS, grid=True, gridColor=PALE)
        return alt.Y(f"{name}:Q", scale=alt.Scale(domain=domain, nice=False), axis=axis)

    x = alt.X("date:T", scale=alt.Scale(type="utc"), axis=_months(own["date"], words, width))
    base = alt.Chart(own)
    layers = [
        base.mark_line(color=INK, strokeWidth=1).encode(x=x, y=y("zero")),
        base.mark_line(color=COLOURS[kind], strokeWidth=2).encode(x=x, y=y("difference")),
    ]
    if not own["difference_low"].isna().all():
        band = base.mark_area(color=COLOURS[kind], opacity=0.22)
        layers.insert(0, band.encode(x=x, y=y("difference_low"), y2="difference_high:Q"))
    head = f"{words(f'common.outcome_short.{outcome}')}, {phrases.unit_of(unit, words)}"
    facet = alt.Row("scenario:N", sort=list(order), header=_names(order, words, outcome == MAIN_OUTCOMES[0], across))
    return (
        alt.layer(*layers)
        .properties(width=across, height=_HEIGHT)
        .facet(row=facet, spacing=12, title=alt.TitleParams(wrapped(head, across), subtitleColor=GREY, offset=14))
        .resolve_axis(x="independent")
    )


def _names(order: Sequence[str], words: Words, with_names: bool, across: int) -> alt.Header:
    """Return the names of scenarios over their panels; the second column has blank lines, to align both."""
    lines = {one: wrapped(phrases.name_of(one, words), across, 13.5) for one in order}
    texts = {one: dumps(own if with_names else [" " for _ in own]) for one, own in lines.items()}
    return alt.Header(
        title=None, labelExpr=by_value(texts, "datum.label"), labelOrient="top", labelAnchor="start",
        labelAlign="left", labelPadding=4, labelFontSize=12, labelLineHeight=14, labelBaseline="bottom",
    )  # fmt: skip


def _months(dates: pd.Series, words: Words, width: int) -> alt.Axis:
    """Return an axis of months, with the year at January and at the first; quarters or half years for long periods."""
    days = (pd.Timestamp(dates.iloc[-1]) - pd.Timestamp(dates.iloc[0])).days
    step = 1 if days < _HALF_A_YEAR else 3 if days < 2 * _HALF_A_YEAR else 6
    step = min(step * (2 if is_narrow(width) else 1), 12)
    with_year = "utcmonth(datum.value) == 0 || datum.index == 0"
    text = f"{with_year} ? utcFormat(datum.value, '%b %Y') : utcFormat(datum.value, '%b')"
    return alt.Axis(
        title=None, labelExpr=text, ticks=True, tickSize=4,
        tickCount=alt.TimeIntervalStep(interval="month", step=step), labelOverlap=True, labelFlush=True,
    )  # fmt: skip


def _description(rows: pd.DataFrame, order: Sequence[str], words: Words) -> str:
    if not order:
        return words("common.picture.no_rows")
    dates = pd.to_datetime(rows["date"])
    last = rows[rows["date"] == rows["date"].max()].assign(group="everybody")
    description = []
    for scenario in order:
        own = as_effects(last[last["scenario"] == scenario]).set_index("outcome")
        changes = [phrases.change(own.loc[outcome].to_dict(), words) for outcome in MAIN_OUTCOMES]
        name = phrases.name_of(scenario, words)
        description.append(words("common.alt.one", name=name, burn_out=changes[0], isolation=changes[1]))
    ends = {name: phrases.day(day, words) for name, day in (("start", dates.min()), ("end", dates.max()))}
    return words("common.alt.trajectories", description=" ".join(description), **ends)
