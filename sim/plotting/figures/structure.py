"""Figure of the switches: patterns that change with each, and the effect of the policy with each."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.errors import UserError
from sim.plotting.figures.page_layout import MARGIN, PAGE_WIDTH, blank, sample
from sim.plotting.figures.panels import draw_intervals, name_rows
from sim.plotting.figures.style import with_style
from sim.plotting.style import BLUE, GREY, INK, PALE, VERMILLION
from sim.reporting.tables import require_columns

_VERDICTS = ("switch", "pattern", "use", "change", "clear")
_EFFECTS = (
    "switch", "changed_to", *(f"effect_{outcome}{end}" for outcome in ("complaints", "isolation")
                          for end in ("", "_low", "_high")),
)  # fmt: skip
_USES = ("strong", "test", "equivalence", "sanity")
_ROW, _LABEL, _NAMES, _PANEL, _GAP = 0.165, 2.62, 1.45, 0.7, 0.18
_PALE = 0.3
_MARKS, _COLOURS = {"breaks": "X", "mends": "o"}, {"breaks": VERMILLION, "mends": BLUE}
_OUTCOMES = {
    "complaints": "Policy: burn-out\ncomplaints per 1,000",
    "isolation": "Policy: isolation\nfrom colleagues, SD",
}


@with_style
def draw(verdicts: pd.DataFrame, effects: pd.DataFrame, labels: Mapping[str, str], footer: str = "") -> Figure:
    """Draw one page: patterns that change with each switch, and the effect of the policy with each.

    `verdicts` has a row per pattern that changes. `effects` has a row per switch, after one for the default model.
    `labels` name patterns. Raises UserError where a column or a row is missing.
    """
    require_columns(verdicts, _VERDICTS, "verdicts")
    if len(require_columns(effects, _EFFECTS, "effects")) < 2:
        raise UserError("Nothing to draw: no switch was changed.")
    switched = effects.iloc[1:]
    names = list(switched["switch"])
    patterns = [one for use in _USES for one in verdicts.loc[verdicts["use"] == use, "pattern"].unique()]
    matrix = max(len(patterns), 1) * _ROW
    sheet = blank(
        body=matrix + 2 * (_PANEL + _GAP) + _NAMES,
        title="Patterns and effects of the policy with each loop switched",
        subtitle="Each loop and disputed path switched off or on, one at a time. Top: patterns whose verdict changes. "
        "Below: effect of the policy (95% intervals cover chance only).",
        key=[
            sample("breaks", VERMILLION, marker="X", markersize=6),
            sample("mends", BLUE, marker="o", markersize=5),
            sample("may be chance", BLUE, marker="o", markersize=5, alpha=_PALE),
            sample("default model", INK, linestyle=":", linewidth=1),
        ],
        footer=footer,
    )
    axes = sheet.axes(_LABEL, 0.0, PAGE_WIDTH - _LABEL - MARGIN, matrix)
    _draw_changes(axes, verdicts, patterns, names, labels)
    for place, (outcome, title) in enumerate(_OUTCOMES.items()):
        top = matrix + _GAP + place * (_PANEL + _GAP)
        axes = sheet.axes(_LABEL, top, PAGE_WIDTH - _LABEL - MARGIN, _PANEL)
        _draw_effects(axes, effects.iloc[0], switched, outcome, title)
    words = [f"{name} {to}" for name, to in zip(_short(names), switched["changed_to"], strict=True)]
    axes.set_xticks(range(len(names)), words, rotation=90)
    return sheet.figure


def _short(names: list[str]) -> list[str]:
    """Return the switches by their own names, with their process where two of them have the same."""
    own = [name.partition(".")[2] for name in names]
    pairs = zip(names, own, strict=True)
    return [(name if own.count(short) > 1 else short).replace("_", " ") for name, short in pairs]


def _draw_changes(
    axes: Axes, verdicts: pd.DataFrame, patterns: list[str], switches: list[str], labels: Mapping[str, str]
) -> None:
    places = verdicts.assign(
        x=verdicts["switch"].map(switches.index), y=verdicts["pattern"].map(patterns.index),
    )  # fmt: skip
    for clear, rows in places.groupby("clear"):
        sns.scatterplot(
            rows, x="x", y="y", hue="change", style="change", palette=_COLOURS, markers=_MARKS, s=36, linewidth=0,
            alpha=1 if clear else _PALE, zorder=3, legend=False, ax=axes,
        )  # fmt: skip
    use = dict(zip(verdicts["pattern"], verdicts["use"], strict=True))
    name_rows(axes, [f"{labels.get(one, one)} ({use[one]})" for one in patterns])
    _plain(axes, len(switches))


def _draw_effects(axes: Axes, default: pd.Series, switched: pd.DataFrame, outcome: str, title: str) -> None:
    axes.axhline(0, color=GREY, linewidth=0.6)
    axes.axhline(float(default[f"effect_{outcome}"]), color=INK, linestyle=":", linewidth=1)
    ends = (f"effect_{outcome}_low", f"effect_{outcome}_high")
    draw_intervals(axes, switched, f"effect_{outcome}", ends, width=1.2, upright=True, color=BLUE, markersize=3.5)
    axes.text(-0.125, 0.5, title, transform=axes.transAxes, ha="right", va="center")
    _plain(axes, len(switched))


def _plain(axes: Axes, columns: int) -> None:
    axes.set(xlabel="", ylabel="")
    axes.set_xticks(range(columns), [""] * columns)
    axes.grid(axis="x", color=PALE, linewidth=0.4)
    axes.set_xlim(-0.6, columns - 0.4)
    axes.set_axisbelow(True)
    axes.tick_params(axis="x", length=0)
    axes.spines["bottom"].set_visible(False)
