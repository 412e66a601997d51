"""Figure of the switches: patterns that change with each, and the effect of the policy with each."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sim.errors import UserError
from sim.plotting.figures.page_layout import MARGIN, PAGE_WIDTH, FigureLayout, blank
from sim.plotting.figures.style import SMALL, with_style
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
_MARKS = {"breaks": ("x", VERMILLION), "mends": ("o", BLUE)}
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
    patterns = [
        one for use in _USES for one in dict.fromkeys(verdicts.loc[verdicts["use"] == use, "pattern"])
    ]  # fmt: skip
    matrix = max(len(patterns), 1) * _ROW
    sheet = blank(
        body=matrix + 2 * (_PANEL + _GAP) + _NAMES,
        title="What each loop is needed for",
        subtitle="Each loop and disputed path switched off or on, one at a time. Top: patterns whose verdict changes. "
        "Below: effect of the policy (95% intervals cover chance only).",
        key=[
            Line2D([], [], color=VERMILLION, marker="x", markersize=5, linestyle="none", label="breaks"),
            Line2D([], [], color=BLUE, marker="o", markersize=5, linestyle="none", label="mends"),
            Line2D([], [], color=BLUE, marker="o", markersize=5, linestyle="none", alpha=_PALE, label="may be chance"),
            Line2D([], [], color=INK, linestyle=":", linewidth=1, label="default model"),
        ],
        footer=footer,
    )
    names = list(switched["switch"])
    _draw_changes(_axes(sheet, 0.0, matrix), verdicts, patterns, names, labels)
    top = matrix + _GAP
    for place, (outcome, title) in enumerate(_OUTCOMES.items()):
        axes = _axes(sheet, top, _PANEL)
        _draw_effects(axes, effects.iloc[0], switched, outcome, title)
        if place == len(_OUTCOMES) - 1:
            words = [f"{name} {to}" for name, to in zip(_short(names), switched["changed_to"], strict=True)]
            axes.set_xticks(range(len(names)), words, rotation=90)
        top += _PANEL + _GAP
    return sheet.figure


def _short(names: list[str]) -> list[str]:
    """Switches by their own names, with their process where two of them have the same."""
    own = [name.partition(".")[2] for name in names]
    return [
        (name if own.count(short) > 1 else short).replace("_", " ") for name, short in zip(names, own, strict=True)
    ]  # fmt: skip


def _axes(sheet: FigureLayout, top: float, height: float) -> Axes:
    return sheet.axes(_LABEL, top, PAGE_WIDTH - _LABEL - MARGIN, height)


def _draw_changes(
    axes: Axes, verdicts: pd.DataFrame, patterns: list[str], switches: list[str], labels: Mapping[str, str]
) -> None:
    for row in verdicts.to_dict("records"):
        marker, color = _MARKS[row["change"]]
        place = switches.index(row["switch"]), patterns.index(row["pattern"])
        alpha = 1.0 if row["clear"] else _PALE
        axes.plot(*place, marker, color=color, markersize=5, markeredgewidth=1.4, alpha=alpha, zorder=3)
    axes.set_ylim(max(len(patterns), 1) - 0.5, -0.5)
    use = dict(zip(verdicts["pattern"], verdicts["use"], strict=True))
    axes.set_yticks(range(len(patterns)), [f"{labels.get(one, one)} ({use[one]})" for one in patterns])
    axes.set_xticks(range(len(switches)), [""] * len(switches))
    _plain(axes, len(switches))
    axes.grid(axis="both", color=PALE, linewidth=0.4)


def _draw_effects(axes: Axes, default: pd.Series, switched: pd.DataFrame, outcome: str, title: str) -> None:
    mean, low, high = (switched[f"effect_{outcome}{end}"].to_numpy() for end in ("", "_low", "_high"))
    axes.axhline(0, color=GREY, linewidth=0.6)
    axes.axhline(float(default[f"effect_{outcome}"]), color=INK, linestyle=":", linewidth=1)
    axes.vlines(range(len(mean)), low, high, color=BLUE, linewidth=1.2)
    axes.plot(range(len(mean)), mean, "o", color=BLUE, markersize=3.5)
    axes.set_xticks(range(len(mean)), [""] * len(mean))
    axes.text(-0.125, 0.5, title, transform=axes.transAxes, ha="right", va="center", fontsize=SMALL)
    _plain(axes, len(mean))
    axes.grid(axis="x", color=PALE, linewidth=0.4)


def _plain(axes: Axes, columns: int) -> None:
    axes.set_xlim(-0.6, columns - 0.4)
    axes.set_axisbelow(True)
    axes.tick_params(axis="x", length=0)
    axes.spines["bottom"].set_visible(False)
