"""Why measures vanish: weights of explanations, each of them alone, and surveys that could tell them apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from sim.plotting.figures.page_layout import MARGIN, PAGE_WIDTH, blank
from sim.plotting.figures.selection import round_ticks, wrapped
from sim.plotting.figures.style import BLUE, GREY, HIGHLIGHT, INK, ORANGE, PALE, SMALL, VERMILLION, in_house_style
from sim.reporting.tables import require_columns

Labels = Mapping[str, str]
_NAMES = 2.45
"""Inches for the names of explanations."""
_ROW = 0.22
_AXIS = 0.5


def draw_all(
    tables: Mapping[str, pd.DataFrame], words: Mapping[str, Labels], footer: str = ""
) -> Iterator[tuple[str, Figure]]:
    """Every figure of the study with its name.

    `words` holds plain names, in order: of `explanations`, of `effects` looked for, and of `designs` of surveys.
    """
    labels = words["explanations"]
    yield "vanishing", weights(tables["weights"], labels, footer)
    yield "vanishing_alone", alone(tables["alone"], tables["counted"], labels, footer)
    yield "vanishing_told_apart", told_apart(tables["told_apart"], labels, footer)
    yield "vanishing_power", power(tables["power"], words["effects"], words["designs"], footer)


# -- weights ----------------------------------------------------------------------------------------------------------


@in_house_style
def weights(table: pd.DataFrame, labels: Labels, footer: str = "") -> Figure:
    """The weight of each explanation at the report of 2022, by findings alone and with its numbers; what is behind."""
    table = require_columns(table, ("question", "report", "class", "prior", "weight", "low", "high"), "weights")
    names = list(labels)
    height = _ROW * len(names)
    below, above = 1.35, 0.05
    sheet = blank(
        body=above + height + _AXIS + 0.35 + below + _AXIS,
        title="What the report of 2022 says for each explanation",
        subtitle="Chance that an explanation holds, given what the study reports. On the grey line, its prior, "
        "the report cannot tell.",
        key=[
            _dot(BLUE, "by its findings alone"), _dot(ORANGE, "by findings, and how much is known", marker="D"),
            _dot(GREY, "by how many findings, wherever they stand", marker="s"),
        ],
        footer=f"Lines: 90% of resamples of the simulated worlds; doubt about the model is not in them · {footer}",
    )  # fmt: skip
    axes = sheet.axes(_NAMES, above, PAGE_WIDTH - _NAMES - MARGIN - 0.1, height)
    for place, name in enumerate(names):
        rows = table[(table["question"] == name) & (table["class"] == "on")]
        axes.plot([float(rows["prior"].iloc[0])] * 2, [place - 0.4, place + 0.4], color=PALE, linewidth=3, zorder=1)
        for kind, colour, marker, shift in (("findings", BLUE, "o", -0.15), ("both", ORANGE, "D", 0.15)):
            _weight(axes, rows[rows["report"] == kind], place + shift, colour, marker)
    _as_rows(axes, list(labels.values()))
    axes.set_xlim(-0.02, 1.02)
    axes.set_xlabel("chance that it holds")
    top = above + height + _AXIS + 0.35
    _classes(sheet.axes(1.3, top, 1.95, below), table, "amount", "What measures do, times assumed amounts")
    _classes(sheet.axes(4.8, top, 2.0, below), table, "behind", "What is behind the report")
    return sheet.figure


def _weight(axes: Axes, row: pd.DataFrame, height: float, colour: Any, marker: str) -> None:
    one = row.iloc[0]
    axes.plot([one["low"], one["high"]], [height] * 2, color=colour, linewidth=1.4, zorder=2)
    axes.plot(one["weight"], height, marker, color=colour, markersize=4.2, zorder=3)


def _classes(axes: Axes, table: pd.DataFrame, question: str, title: str) -> None:
    own = table[table["question"] == question]
    names = list(dict.fromkeys(own["class"]))
    for place, name in enumerate(names):
        rows = own[own["class"] == name]
        axes.plot([float(rows["prior"].iloc[0])] * 2, [place - 0.4, place + 0.4], color=PALE, linewidth=3, zorder=1)
        for kind, colour, marker, shift in (("findings", BLUE, "o", -0.17), ("counts", GREY, "s", 0.17)):
            _weight(axes, rows[rows["report"] == kind], place + shift, colour, marker)
    words = {"none": "nothing", "luck alone": "luck alone", "answers, no effect": "no effect, though\nanswers relate"}
    _as_rows(axes, [words.get(name, name) for name in names])
    axes.set_xlim(-0.02, 1.02)
    axes.set_title(title, fontsize=SMALL)
    axes.set_xlabel("chance")


def _as_rows(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _dot(colour: Any, label: str, marker: str = "o") -> Line2D:
    return Line2D([], [], color=colour, marker=marker, markersize=4.4, linewidth=1.4, label=label)


# -- alone ------------------------------------------------------------------------------------------------------------


@in_house_style
def alone(table: pd.DataFrame, counted: pd.DataFrame, labels: Labels, footer: str = "") -> Figure:
    """Each explanation alone on top of a perfect world: what virtual studies find, and what is there to find.

    `counted` has, in its first row, what luck alone gives.
    """
    columns = ("kind", "explanation", "quiet", "error_quiet", "any_contact", "error_any_contact", "studies")
    table = require_columns(table, columns, "alone")
    plain = {("perfect", ""): "A perfect world", ("as_it_stands", ""): "The model as it stands"}
    rows = [*plain, *(("alone", name) for name in labels if name != "second_reading")]
    words = [plain.get(key) or labels[key[1]] for key in rows]
    height = _ROW * len(rows)
    sheet = blank(
        body=0.32 + height + _AXIS,
        title="Each explanation alone in a world where all else works",
        subtitle="Each at its strongest; all else is taken, told, known, used well, lasts, and is answered plainly.",
        key=[Line2D([], [], color=PALE, linewidth=3, label="by luck alone: answers dealt anew")],
        footer=f"{int(table['studies'].min())} virtual studies each, on the same people; lines: two standard errors "
        f"over worlds · {footer}",
    )  # fmt: skip
    width, gap = 1.35, 0.16
    panels = (
        ("quiet", "nothing with the\nemployer's answers", "of 100 studies", 100),
        ("any_contact", "at least one finding\non contact", "of 100 studies", 100),
        ("true.social_colleagues", "true correlation: social\nmoments, isolation", "r", 1),
    )
    for number, (name, title, unit, times) in enumerate(panels):
        axes = sheet.axes(_NAMES + number * (width + gap), 0.32, width, height)
        for place, (kind, explanation) in enumerate(rows):
            one = table[(table["kind"] == kind) & (table["explanation"] == explanation)].iloc[0]
            colour = INK if (kind, explanation) in plain else BLUE
            if f"error_{name}" in table:
                reach = 2 * times * one[f"error_{name}"]
                ends = np.clip([times * one[name] - reach, times * one[name] + reach], 0, 100)
                axes.plot(ends, [place] * 2, color=colour, linewidth=1.4)
            axes.plot(times * one[name], place, "o", color=colour, markersize=4.2)
        axes.axvline(times * float(counted[name].iloc[0]) if name in counted else 0, color=PALE, linewidth=3, zorder=0)
        _as_rows(axes, words if number == 0 else [""] * len(rows))
        axes.set_title(title, fontsize=SMALL)
        axes.set_xlabel(unit)
        axes.axhline(len(plain) - 0.5, color=PALE, linewidth=0.6)
        axes.xaxis.set_major_locator(round_ticks(3))
        if times == 100:
            axes.set_xlim(-3, 103)
    return sheet.figure


# -- surveys ----------------------------------------------------------------------------------------------------------


@in_house_style
def told_apart(table: pd.DataFrame, labels: Labels, footer: str = "") -> Figure:
    """How well each design of a survey tells whether an explanation holds: a matrix."""
    table = require_columns(table, ("explanation", "design", "told_apart", "error"), "told_apart")
    designs = list(dict.fromkeys(table["design"]))
    shares = table.pivot(index="explanation", columns="design", values="told_apart").loc[list(labels), designs]
    head, height = 0.68, 0.21 * len(labels)
    sheet = blank(
        body=head + height + 0.1,
        title="Which survey tells whether an explanation holds",
        subtitle="Of 100 pairs of virtual studies, one with the explanation and one without, those in which the right "
        "one is picked. 50 is guessing.",
        key=[Patch(color=HIGHLIGHT, label="75 and more")],
        footer=f"Standard error up to {100 * table['error'].max():.0f}; all establishments unless said otherwise · "
        f"{footer}",
    )  # fmt: skip
    axes = sheet.axes(_NAMES, head, PAGE_WIDTH - _NAMES - MARGIN, height)
    axes.set_xlim(-0.5, len(designs) - 0.5)
    for (line, column), share in np.ndenumerate(shares.to_numpy()):
        if share >= 0.745:
            axes.axvspan(
                column - 0.5, column + 0.5, 1 - (line + 1) / len(labels), 1 - line / len(labels), color=HIGHLIGHT
            )
        weight = "bold" if share >= 0.745 else "normal"
        axes.text(column, line, f"{100 * share:.0f}", ha="center", va="center", fontsize=SMALL, weight=weight)
    _as_rows(axes, list(labels.values()))
    axes.xaxis.tick_top()
    axes.set_xticks(range(len(designs)), [wrapped(name, 9) for name in designs])
    axes.tick_params(axis="x", length=0, pad=2)
    axes.spines["bottom"].set_visible(False)
    return sheet.figure


_CLEAR = 0.745
"""A share told apart that rounds to 75 and more."""
_LINES: Mapping[str, tuple[Any, Any]] = {
    "claimed": (GREY, ":"), "known": (INK, ":"), "used": (ORANGE, "-"), "long": (ORANGE, "--"),
    "half_year": (BLUE, "--"), "year": (BLUE, "-"), "often": (VERMILLION, "-"),
}  # fmt: skip
"""How designs are drawn; the one without comparison is in the table alone."""
_FALSE = 0.1
"""A design that finds in so many surveys what is not there is drawn pale."""
_COLUMNS, _PANEL, _STEP, _TITLE, _LEFT = 3, 1.15, 1.9, 0.36, 0.55


@in_house_style
def power(table: pd.DataFrame, effects: Labels, designs: Labels, footer: str = "") -> Figure:
    """The chance to see each effect, by respondents and design, for effects as the model has them.

    `table` begins with the strength that is drawn and ends with that in which measures do nothing.
    """
    columns = ("effect", "strength", "design", "respondents", "sees", "samples")
    table = require_columns(table, columns, "power")
    drawn, nothing = (table[table["strength"] == table["strength"].iloc[place]] for place in (0, -1))
    lines = -(-(len(effects) + 1) // _COLUMNS)
    sheet = blank(
        body=_TITLE + _STEP * lines - 0.2,
        title="How many respondents it takes to see what a measure does",
        subtitle="Of 100 surveys, those that find the effect (5%, right sign), for effects as the model has them.",
        key=[],
        footer=f"{int(table['samples'].iloc[0])} surveys of each size and design · {footer}",
    )
    panels = sheet.grid(len(effects), _COLUMNS, _LEFT, _TITLE, _PANEL, _STEP, 0.25)
    for number, (axes, (effect, title)) in enumerate(zip(panels, effects.items(), strict=True)):
        _curves(axes, drawn[drawn["effect"] == effect], nothing[nothing["effect"] == effect])
        axes.set_title(wrapped(title, 30), fontsize=SMALL)
        axes.tick_params(labelleft=number % _COLUMNS == 0)
        if number % _COLUMNS == 0:
            axes.set_ylabel("of 100 surveys")
    _names_of_lines(sheet, panels[-1], len(effects), designs)
    return sheet.figure


def _curves(axes: Axes, drawn: pd.DataFrame, nothing: pd.DataFrame) -> None:
    for design, (colour, style) in _LINES.items():
        rows, false = (own[own["design"] == design] for own in (drawn, nothing))
        seen = 100 * rows["sees"].to_numpy()
        told = np.where(false["sees"].to_numpy() <= _FALSE, seen, np.nan)
        axes.plot(rows["respondents"], seen, color=PALE, linestyle=style, linewidth=1.2, zorder=1)
        axes.plot(rows["respondents"], told, color=colour, linestyle=style, linewidth=1.4, zorder=2)
    axes.axhline(80, color=PALE, linewidth=0.6, zorder=0)
    axes.set_xscale("log")
    sizes = sorted(drawn["respondents"].unique())
    shown = [size for size in sizes if size in (120, 640, 2560)] or sizes
    axes.set_xticks(shown, [f"{size:,}" for size in shown])
    axes.set_xticks([], minor=True)
    axes.set_ylim(0, 103)
    axes.set_xlabel("respondents")


def _names_of_lines(sheet: Any, last: Axes, count: int, designs: Labels) -> None:
    """The key, in the place after the last panel."""
    line, column = divmod(count, _COLUMNS)
    left = last.get_position().x1 * PAGE_WIDTH + 0.25 if column else _LEFT
    axes = sheet.axes(left, _TITLE + line * _STEP - 0.2, PAGE_WIDTH - left - MARGIN, _PANEL + 0.3)
    axes.set_axis_off()
    keys = [
        Line2D([], [], color=colour, linestyle=style, linewidth=1.4, label=designs[name])
        for name, (colour, style) in _LINES.items()
    ]
    keys.append(Line2D([], [], color=PALE, linewidth=1.4, label="pale: sees what is not there as well"))
    axes.legend(handles=keys, loc="upper left", borderaxespad=0, handlelength=2.2)
