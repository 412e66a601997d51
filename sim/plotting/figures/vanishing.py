"""Figures of the null findings of 2022: weights of explanations, each one alone, and surveys that discriminate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from sim.plotting.figures.page_layout import MARGIN, PAGE_WIDTH, Facets, blank, sample
from sim.plotting.figures.panels import MORE, draw_heat_map, draw_intervals, name_rows
from sim.plotting.figures.selection import round_ticks, wrapped
from sim.plotting.figures.style import SMALL, with_style
from sim.plotting.style import BLUE, GREY, HIGHLIGHT, INK, ORANGE, PALE, VERMILLION
from sim.reporting.tables import require_columns

Labels = Mapping[str, str]
_NAMES = 2.45
"""Inches for the names of explanations."""
_ROW = 0.22
_AXIS = 0.5


def draw_all(
    tables: Mapping[str, pd.DataFrame], labels: Mapping[str, Labels], footer: str = ""
) -> Iterator[tuple[str, Figure]]:
    """Yield every figure of the study with its name.

    `labels` holds the labels of `explanations`, `effects` and `designs` of surveys, in order.
    """
    explanations = labels["explanations"]
    yield "vanishing", weights(tables["weights"], explanations, footer)
    yield "vanishing_alone", alone(tables["alone"], tables["pattern_shares"], explanations, footer)
    yield "vanishing_discrimination", discrimination(tables["discrimination"], explanations, footer)
    yield "vanishing_power", power(tables["power"], labels["effects"], labels["designs"], footer)


# -- weights ----------------------------------------------------------------------------------------------------------


@with_style
def weights(table: pd.DataFrame, labels: Labels, footer: str = "") -> Figure:
    """Draw the weight of each explanation given the report of 2022, of the amount and of the origin of the report."""
    table = require_columns(table, ("question", "report", "class", "prior", "weight", "low", "high"), "weights")
    names = list(labels)
    height = _ROW * len(names)
    below, above = 1.35, 0.05
    sheet = blank(
        body=above + height + _AXIS + 0.35 + below + _AXIS,
        title="The report of 2022 and each explanation",
        subtitle="Probability of an explanation given the report. A grey line is its prior: there the report does not "
        "discriminate.",
        key=[
            sample(label, linewidth=MORE, linestyle="-", **style)
            for style, label in zip(_MARKERS.values(), _CONDITIONS, strict=True)
        ],
        footer=f"Lines: 90% of resamples of the simulated worlds, without errors of the model · {footer}",
    )
    axes = sheet.axes(_NAMES, above, PAGE_WIDTH - _NAMES - MARGIN - 0.1, height)
    own = table[table["class"] == "on"]
    _weight_rows(axes, [own[own["question"] == name] for name in names], ("findings", "both"))
    name_rows(axes, list(labels.values()), grid=False)
    axes.set_xlabel("probability")
    top = above + height + _AXIS + 0.35
    _classes(sheet.axes(1.3, top, 1.95, below), table, "amount", "Effect, times assumed amounts")
    _classes(sheet.axes(4.8, top, 2.0, below), table, "behind", "Origin of the report")
    return sheet.figure


_MARKERS: Mapping[str, dict[str, Any]] = {
    "findings": {"color": BLUE, "marker": "o"}, "both": {"color": ORANGE, "marker": "D"},
    "counts": {"color": GREY, "marker": "s"},
}  # fmt: skip
_CONDITIONS = ("given findings", "given findings and numbers", "given the number of findings")


def _weight_rows(axes: Axes, rows: Sequence[pd.DataFrame], kinds: tuple[str, str]) -> None:
    """Draw the prior and two weights with intervals in each row."""
    places = np.arange(len(rows))
    priors = [float(own["prior"].iloc[0]) for own in rows]
    axes.vlines(priors, places - 0.4, places + 0.4, color=PALE, linewidth=3, zorder=1)
    for kind, shift in zip(kinds, (-0.16, 0.16), strict=True):
        weights = pd.concat([own[own["report"] == kind].head(1) for own in rows])
        draw_intervals(axes, weights, "weight", places=places + shift, **_MARKERS[kind])
    axes.set_xlim(-0.02, 1.02)


def _classes(axes: Axes, table: pd.DataFrame, question: str, title: str) -> None:
    own = table[table["question"] == question]
    names = list(own["class"].unique())
    _weight_rows(axes, [own[own["class"] == name] for name in names], ("findings", "counts"))
    name_rows(axes, [wrapped(name, 18) for name in names], grid=False)
    axes.set_title(title, fontsize=SMALL)
    axes.set_xlabel("probability")


# -- alone ------------------------------------------------------------------------------------------------------------


@with_style
def alone(table: pd.DataFrame, shares: pd.DataFrame, labels: Labels, footer: str = "") -> Figure:
    """Draw findings of simulated studies and a true correlation for each explanation alone in a lossless world.

    `shares` has the null distribution in its first row.
    """
    columns = ("kind", "explanation", "quiet", "error_quiet", "any_contact", "error_any_contact", "studies")
    table = require_columns(table, columns, "alone")
    plain = {("lossless", ""): "Lossless world", ("default", ""): "Default model"}
    rows = [*plain, *(("alone", name) for name in labels if name != "second_reading")]
    words = [plain.get(key) or labels[key[1]] for key in rows]
    height = _ROW * len(rows)
    sheet = blank(
        body=0.32 + height + _AXIS,
        title="Each explanation alone in a lossless world",
        subtitle="Each at its strongest. Otherwise measures are carried out, communicated, known and used well.",
        key=[sample("chance alone: permuted outcomes", PALE, linewidth=3)],
        footer=f"{int(table['studies'].min())} simulated studies each, the same people; lines: two standard errors "
        f"over worlds · {footer}",
    )  # fmt: skip
    width, gap = 1.28, 0.25
    panels = (
        ("quiet", "nothing with the\nemployer's answers", "% of studies", 100),
        ("any_contact", "at least one finding\non contact", "% of studies", 100),
        ("true.social_colleagues", "true correlation: social\nmoments, isolation", "r", 1),
    )
    own = table.set_index(["kind", "explanation"]).loc[rows]
    is_plain = np.arange(len(rows)) < len(plain)
    for number, (name, title, unit, times) in enumerate(panels):
        axes = sheet.axes(_NAMES + number * (width + gap), 0.32, width, height)
        reach = 2 * own.get(f"error_{name}", np.nan)
        numbers = pd.DataFrame({"mean": own[name], "low": own[name] - reach, "high": own[name] + reach}) * times
        numbers[["low", "high"]] = numbers[["low", "high"]].clip(0, 100)
        for which, color in ((is_plain, INK), (~is_plain, BLUE)):
            draw_intervals(axes, numbers[which], places=np.flatnonzero(which), color=color)
        axes.axvline(times * float(shares[name].iloc[0]) if name in shares else 0, color=PALE, linewidth=3, zorder=0)
        name_rows(axes, [""] * len(rows) if number else words, grid=False)
        axes.set_title(title, fontsize=SMALL)
        axes.set_xlabel(unit)
        axes.axhline(len(plain) - 0.5, color=PALE, linewidth=0.6)
        axes.xaxis.set_major_locator(round_ticks(3))
        if times == 100:
            axes.set_xlim(-3, 103)
    return sheet.figure


# -- surveys ----------------------------------------------------------------------------------------------------------


@with_style
def discrimination(table: pd.DataFrame, labels: Labels, footer: str = "") -> Figure:
    """Draw the AUC of each design of a survey for each explanation as a matrix."""
    table = require_columns(table, ("explanation", "design", "auc", "error"), "discrimination")
    designs = list(dict.fromkeys(table["design"]))
    shares = table.pivot(index="explanation", columns="design", values="auc").loc[list(labels), designs]
    head, height = 0.68, 0.21 * len(labels)
    sheet = blank(
        body=head + height + 0.1,
        title="Surveys that show whether an explanation holds",
        subtitle="AUC in percent: pairs of simulated studies, one with the explanation and one without, that are "
        "classified correctly. 50 is guessing.",
        key=[Patch(color=HIGHLIGHT, label="75 and more")],
        footer=f"Standard error up to {100 * table['error'].max():.0f}; all establishments unless stated otherwise · "
        f"{footer}",
    )  # fmt: skip
    axes = sheet.axes(_NAMES, head, PAGE_WIDTH - _NAMES - MARGIN, height)
    draw_heat_map(
        axes, shares, shares.map(lambda share: f"{100 * share:.0f}"),
        shares >= _CLEAR, {"weight": "bold"}, cmap=ListedColormap(["white", HIGHLIGHT]), vmin=2 * _CLEAR - 1, vmax=1,
        xticklabels=[wrapped(name, 9) for name in designs], yticklabels=list(labels.values()),
    )  # fmt: skip
    axes.xaxis.tick_top()
    return sheet.figure


_CLEAR = 0.745
"""AUC that rounds to 75% or more."""
_LINES: Mapping[str, tuple[Any, Any]] = {
    "claimed": (GREY, ":"), "known": (INK, ":"), "used": (ORANGE, "-"), "long": (ORANGE, "--"),
    "half_year": (BLUE, "--"), "year": (BLUE, "-"), "often": (VERMILLION, "-"),
}  # fmt: skip
"""Colours and lines of the designs. The figure leaves out the one without comparison."""
_FALSE = 0.1
"""Share of surveys with a false effect from which a design is pale."""


@with_style
def power(table: pd.DataFrame, effects: Labels, designs: Labels, footer: str = "") -> Figure:
    """Draw the power to detect each effect by respondents and design, for the effects of the model.

    The first strength of `table` is shown. In the last one measures do nothing.
    """
    columns = ("effect", "strength", "design", "respondents", "sees", "samples")
    table = require_columns(table, columns, "power")
    assumed, nothing = (table[table["strength"] == table["strength"].iloc[place]] for place in (0, -1))
    facets = Facets([*effects.values(), ""], left=0.55, height=1.15, below=0.49, most=3, gap=0.25)
    sheet = blank(
        body=facets.body,
        title="Respondents needed to detect the effect of a measure",
        subtitle="Percentage of surveys that detect the effect (5%, right sign), for effects of the model.",
        footer=f"{int(table['samples'].iloc[0])} surveys of each size and design · {footer}",
    )
    *panels, last = facets.draw(sheet)
    for number, (axes, effect) in enumerate(zip(panels, effects, strict=True)):
        _curves(axes, *(own[own["effect"] == effect] for own in (assumed, nothing)))
        if number % facets.columns == 0:
            axes.set_ylabel("% of surveys")
    last.set_axis_off()
    key = [sample(designs[name], colour, linestyle=style, linewidth=1.4) for name, (colour, style) in _LINES.items()]
    key.append(sample("pale: also detects effects that do not exist", PALE, linewidth=1.4))
    last.legend(handles=key, loc="upper left", bbox_to_anchor=(0, 1.17), borderaxespad=0, handlelength=2.2)
    return sheet.figure


def _curves(axes: Axes, assumed: pd.DataFrame, nothing: pd.DataFrame) -> None:
    for design, (colour, style) in _LINES.items():
        rows, false = (own[own["design"] == design] for own in (assumed, nothing))
        rates = 100 * rows["sees"].to_numpy()
        valid = np.where(false["sees"].to_numpy() <= _FALSE, rates, np.nan)
        axes.plot(rows["respondents"], rates, color=PALE, linestyle=style, linewidth=1.2, zorder=1)
        axes.plot(rows["respondents"], valid, color=colour, linestyle=style, linewidth=1.4, zorder=2)
    axes.axhline(80, color=PALE, linewidth=0.6, zorder=0)
    axes.set_xscale("log")
    sizes = sorted(assumed["respondents"].unique())
    ticks = [size for size in sizes if size in (120, 640, 2560)] or sizes
    axes.set_xticks(ticks, [f"{size:,}" for size in ticks])
    axes.set_xticks([], minor=True)
    axes.set_ylim(0, 103)
    axes.set_xlabel("respondents")
