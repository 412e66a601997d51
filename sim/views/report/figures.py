"""The figures of the report, each drawn for a desktop and for a phone and embedded in the page."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sim.plotting import charts
from sim.plotting.charts.style import PHONE, WIDE
from sim.reporting import phrases
from sim.views.report.sections import Sections

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Figure:
    """A figure for a desktop and one for a phone, as data addresses, with its texts."""

    wide: str
    phone: str
    alternative: str
    caption: str
    footer: str


def all_figures(sections: Sections, screening: pd.DataFrame | None = None) -> dict[str, Figure]:
    """Return every figure of the report by its name; figures without data are left out."""
    figures = _of_policies(sections) if sections.policies else {}
    words, tables = sections.words, sections.tables
    if sections.follows:
        figures["cascade"] = figure(
            sections,
            lambda width: charts.cascade(tables["cascade"], words, width, beside=sections.focus),
            words("report.cascade.caption"),
        )
    if worlds := [world.id for world in sections.worlds]:
        figures["worlds"] = figure(
            sections,
            lambda width: charts.effects(tables["effects"], words, width, "counterfactual", worlds),
            words("report.worlds.caption"),
        )
    if screening is not None:
        scenario = sections.sensitivity_scenario(screening)
        figures["sensitivity"] = figure(
            sections,
            lambda width: charts.sensitivity(screening, words, scenario, width),
            words("report.sensitivity.caption", name=phrases.quoted(scenario, words)),
        )
    return figures


def _of_policies(sections: Sections) -> dict[str, Figure]:
    words, tables, order = sections.words, sections.tables, [policy.id for policy in sections.policies]
    figures = {
        "effects": figure(
            sections,
            lambda width: charts.effects(tables["effects"], words, width, order=order),
            words("report.effects.caption"),
        ),
        "trajectories": figure(
            sections,
            lambda width: charts.trajectories(tables["trajectories"], words, width, order=order),
            words("report.trajectories.caption"),
        ),
        "frontier": figure(
            sections,
            lambda width: charts.frontier(tables["effects"], words, width, order=order),
            words("report.frontier.caption"),
        ),
    }
    if not sections.gains.empty:
        figures["groups"] = figure(
            sections,
            lambda width: charts.groups(sections.gains, words, sections.focus, width),
            words("report.groups.caption", margin=sections.margin, name=sections.focus_quoted),
        )
    return figures


def figure(sections: Sections, picture: Callable[[int], Any], caption: str) -> Figure:
    """Return a figure for a desktop and for a phone; `picture` returns the chart of a width."""
    wide, phone = (picture(width).to_dict(validate=False) for width in (WIDE, PHONE))
    return Figure(
        wide=address(charts.svg(wide)),
        phone=address(charts.svg(phone)),
        alternative=wide["description"],
        caption=caption,
        footer=footer(sections),
    )


def footer(sections: Sections) -> str:
    """Return runs, type of interval, seed and version."""
    about, words, holds = sections.about, sections.words, sections.comparison.holds
    origin = {"seed": about["seed"], "version": about["version"]}
    if holds == phrases.ONE_RUN:
        return words("report.figure.footer_one", **origin)
    return words(
        "report.figure.footer", replicates=about["replicates"], interval=words(f"common.sure.{holds}"), **origin
    )


def address(svg: str) -> str:
    """Return an SVG as a data address, so that the page needs no other file."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"
