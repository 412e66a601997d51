"""The figures of the report, each drawn for a desktop and for a phone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from sim.plotting import charts
from sim.plotting.charts.style import PHONE, WIDE
from sim.reporting import phrases
from sim.views.report.sections import Sections

Draw = Callable[[int], Any]
"""A function that returns the chart of a width."""


@dataclass(frozen=True)
class Figure:
    """The SVG of a figure for a desktop and for a phone, and its texts."""

    wide: str
    phone: str
    alternative: str
    caption: str


def all_figures(sections: Sections, screening: pd.DataFrame | None = None) -> dict[str, Figure]:
    """Return every figure of the report by its name; figures without data are left out."""
    words, name, margin = sections.words, phrases.quoted(sections.focus, sections.words), ""
    draws = _of_policies(sections) if sections.policies else {}
    effects, cascade = sections.tables["effects"], sections.tables["cascade"]
    if "groups" in draws:
        margin = sections.margin
    if sections.follows:
        draws["cascade"] = lambda width: charts.cascade(cascade, words, width, beside=sections.focus)
    if worlds := [world.id for world in sections.worlds]:
        draws["worlds"] = lambda width: charts.effects(effects, words, width, "counterfactual", worlds)
    figures = {
        one: figure(draw, words(f"report.{one}.caption", margin=margin, name=name)) for one, draw in draws.items()
    }
    if screening is not None:
        scenario = sections.sensitivity_scenario(screening)
        caption = words("report.sensitivity.caption", name=phrases.quoted(scenario, words))
        figures["sensitivity"] = figure(lambda width: charts.sensitivity(screening, words, scenario, width), caption)
    return figures


def _of_policies(sections: Sections) -> dict[str, Draw]:
    words, tables, order = sections.words, sections.tables, [policy.id for policy in sections.policies]
    draws: dict[str, Draw] = {
        "effects": lambda width: charts.effects(tables["effects"], words, width, order=order),
        "trajectories": lambda width: charts.trajectories(tables["trajectories"], words, width, order=order),
        "frontier": lambda width: charts.frontier(tables["effects"], words, width, order=order),
    }
    if not sections.gains.empty:
        draws["groups"] = lambda width: charts.groups(sections.gains, words, sections.focus, width)
    return draws


def figure(draw: Draw, caption: str) -> Figure:
    """Return a figure for a desktop and for a phone."""
    wide, phone = (draw(width).to_dict(validate=False) for width in (WIDE, PHONE))
    return Figure(charts.svg(wide), charts.svg(phone), wide["description"], caption)
