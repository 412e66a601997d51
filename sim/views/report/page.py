"""The report as one page of HTML without scripts or external files."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from importlib.resources import files
from typing import Any

import pandas as pd

from sim.plotting.charts.dots import mark
from sim.reporting import phrases
from sim.views.report import sources
from sim.views.report.figures import all_figures
from sim.views.report.folder import Comparison
from sim.views.report.sections import Sections
from sim.views.templates import environment
from sim.words import Words


def page(comparison: Comparison, words: Words, focus: str | None = None, screening: pd.DataFrame | None = None) -> str:
    """Return the report; it is the same for the same folder and words.

    Parameters
    ----------
    focus : str, optional
        The policy of the summary; by default the last of the comparison.
    screening : DataFrame, optional
        The screening of a sensitivity study.
    """
    sections, about = Sections(comparison, words, focus), comparison.about
    day = phrases.day(datetime.fromisoformat(about["written"]).date(), words)
    return environment("sim.views.report").get_template("page.html.j2").render(
        w=words,
        s=sections,
        style=files("sim.views.report").joinpath("templates/page.css").read_text(encoding="utf-8"),
        figures=all_figures(sections, screening),
        footer=_footer(comparison, words),
        screening=screening,
        holds=comparison.holds,
        not_the_chance=phrases.not_the_chance(comparison.interval, words),
        key_marks={kind: mark(kind) for kind in ("lower", "little", "higher")},
        assumed=words("common.assumed", assumed=about["assumed"], parameters=about["parameters"]),
        documents=sources.documents(),
        behind_measures=sources.behind_measures(about["introduced"].values()),
        behind_parameters=sources.behind_parameters(),
        commands=sources.commands(about),
        report_command=None if "commands" in about else _report_command(words, sections, screening is not None),
        facts=_facts(about, words, day),
        version=words("common.card.version", version=about["version"], date=day),
    )  # fmt: skip


def _footer(comparison: Comparison, words: Words) -> str:
    """Return runs, type of interval, seed and version, for the footer of every figure."""
    about, holds = comparison.about, comparison.holds
    key = "report.figure.footer_one" if holds == phrases.ONE_RUN else "report.figure.footer"
    return words(key, **{**about, "interval": words(f"common.sure.{holds}")})


def _report_command(words: Words, sections: Sections, has_screening: bool) -> str:
    parts = ["hybridwork report FOLDER", f"language={words.language}", f"policy={sections.focus}"]
    return " ".join([*parts, *(["sensitivity=FOLDER"] if has_screening else [])])


def _facts(about: Mapping[str, Any], words: Words, day: str) -> str:
    unknown = words("report.again.unknown")
    revision = str(about.get("git_revision") or unknown)
    short = revision[:12] + ("+" if revision.endswith("+changes") else "")
    return words("report.again.facts", **{"python": unknown, **about, "revision": short, "date": day})
