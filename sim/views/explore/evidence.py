"""What a choice rests on: its measures, how well founded each is, the amounts and their sources, and the caveats."""

from __future__ import annotations

from html import escape

import streamlit as st

from sim.levers.measure import HYGIENE, Measure
from sim.reporting import phrases
from sim.views.explore.cases import Answer
from sim.views.explore.levers import evidence
from sim.views.explore.selection import PolicySelection
from sim.words import Words


def rests(choice: PolicySelection, found: Answer, words: Words) -> None:
    """The measures behind a choice with their evidence, what is assumed, and three caveats."""
    st.html(f"<h3>{escape(words('explore.rests.title'))}</h3>")
    st.markdown(
        words(
            "explore.rests.everything",
            assumed=found.facts.get("assumed", "–"),
            parameters=found.facts.get("parameters", "–"),
        )
    )
    own = _measures(found)
    if own:
        st.caption(f"{words('explore.rests.chosen')}. {words('explore.rests.amounts')}")
        st.html(f"<div class='scroll'>{_table(own, words)}</div>")
        grades = dict.fromkeys(measure.grade for measure in own)
        for grade in grades:
            st.caption(f"**{words(f'common.grade.{grade}')}**: {words(f'common.grade_means.{grade}')}")
    st.caption(words("explore.rests.equation"))


def _measures(found: Answer) -> list[Measure]:
    from sim.config import default_settings

    if found.plan is None:
        return []
    taken = found.plan.scenarios[1].measures
    own = [measure for measure in default_settings.measures() if measure.name in taken]
    return sorted(own, key=lambda measure: (HYGIENE.index(measure.hygiene), measure.name))


def _table(measures: list[Measure], words: Words) -> str:
    names = phrases.wordings(words)
    heads = [words(f"explore.rests.{head}") for head in ("measure", "grade", "moves", "source")]
    head = "".join(f"<th scope='col'>{escape(one)}</th>" for one in heads)
    lines = "".join(_line(measure, names[measure.name], words) for measure in measures)
    return f"<table class='kept'><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>"


def _line(measure: Measure, name: str, words: Words) -> str:
    duty = (
        f" <abbr title='{escape(words('common.legal.duty'), quote=True)}'>§</abbr>" if measure.legal == "duty" else ""
    )
    moves = "<br>".join(
        escape(words(f"explore.condition.{target}") + " ")
        + escape(
            words(
                "explore.rests.amount",
                **{part: _signed(getattr(shift, part), words) for part in ("amount", "low", "high")},
            )
        )
        for target, shift in measure.shifts.items()
    )
    cited = [
        f"{row['id']}: {row['source']}" + (f", doi {row['doi']}" if row["doi"] else "") for row in evidence(measure)
    ]
    if measure.in_study:
        cited.insert(0, words("explore.rests.study"))
    sources = "<br>".join(map(escape, cited or [measure.source]))
    level = words(f"common.level.{measure.hygiene}")
    grade = words(f"common.grade.{measure.grade}")
    return (
        f"<tr><th scope='row'>{escape(name)}{duty}<small>{escape(level)}</small></th>"
        f"<td><span class='founded {measure.grade}'><i></i>{escape(grade)}</span></td><td>{moves or '–'}</td>"
        f"<td>{sources}</td></tr>"
    )


def _signed(amount: float, words: Words) -> str:
    """An amount, with a minus where it takes away."""
    return phrases.number(amount, words, 2).replace("-", "−")
