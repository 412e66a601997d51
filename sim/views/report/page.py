"""The report as one page of HTML that needs nothing else: no network, no script."""

from __future__ import annotations

from datetime import datetime
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from sim.plotting.charts.dots import mark
from sim.reporting import phrases
from sim.views.report import grounds
from sim.views.report.figures import all_figures
from sim.views.report.folder import Comparison
from sim.views.report.sections import Sections, Table
from sim.words import Words

if TYPE_CHECKING:
    import pandas as pd


def page(comparison: Comparison, words: Words, focus: str | None = None, screening: pd.DataFrame | None = None) -> str:
    """The whole report; the same for the same folder and words.

    `focus` is the policy figures large, the last of the list where none is named; `screening` that of a sensitivity
    study, if there is one.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    sections = Sections(comparison, words, focus)
    environment = Environment(
        loader=PackageLoader("sim.views.report", "templates"),
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined,
    )  # fmt: skip
    style = files("sim.views.report").joinpath("templates/page.css").read_text(encoding="utf-8")
    about = comparison.about
    return environment.get_template("page.html.j2").render(
        w=words,
        s=sections,
        about=about,
        style=style,
        figures=all_figures(sections, screening),
        screening=screening,
        holds=comparison.holds,
        interval=comparison.interval,
        not_the_chance=phrases.not_the_chance(comparison.interval, words),
        key_marks={kind: mark(kind) for kind in ("lower", "little", "higher")},
        assumed=words("common.assumed", assumed=about["assumed"], parameters=about["parameters"]),
        numbers=_numbers(comparison, words),
        measure_grades=_measure_grades(sections, words),
        documents=grounds.documents(),
        behind_measures=grounds.behind_measures(about["introduced"].values()),
        behind_parameters=grounds.behind_parameters(),
        commands=grounds.commands(about),
        report_command=None if "commands" in about else _report_command(words, sections, screening is not None),
        facts=_facts(about, words),
        version=words("common.card.version", version=about["version"], date=_day(about, words)),
    )


def _numbers(comparison: Comparison, words: Words) -> Table | None:
    counts = grounds.grades(comparison.about)
    heads = [words("report.rests.grade"), words("report.rests.count")]
    rows = [[words(f"common.number_grade.{grade}"), phrases.number(count, words)]
            for grade, count in counts.most_common()]  # fmt: skip
    return Table(words("report.rests.numbers_caption"), heads, rows) if rows else None


def _measure_grades(sections: Sections, words: Words) -> Table:
    """What the grades on this page mean, no others."""
    figures = dict.fromkeys(grade for policy in sections.policies for grade in policy.grades)
    rows = [[words(f"common.grade.{grade}"), words(f"common.grade_means.{grade}")] for grade in figures]
    heads = [words("report.question.grade"), words("report.rests.means")]
    return Table(words("report.rests.measures_caption"), heads, rows)


def _report_command(words: Words, sections: Sections, has_screening: bool) -> str:
    parts = ["hybridwork report FOLDER", f"language={words.language}", f"policy={sections.focus}"]
    return " ".join([*parts, *(["sensitivity=FOLDER"] if has_screening else [])])


def _facts(about: Any, words: Words) -> str:
    unknown = words("report.again.unknown")
    revision = str(about.get("git_revision") or unknown)
    short = revision[:12] + ("+" if revision.endswith("+changes") else "")
    return words(
        "report.again.facts", seed=about["seed"], version=about["version"], revision=short,
        python=about.get("python", unknown), date=_day(about, words),
    )  # fmt: skip


def _day(about: Any, words: Words) -> str:
    return phrases.day(datetime.fromisoformat(about["written"]).date(), words)
