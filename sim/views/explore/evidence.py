"""The evidence for a choice: its measures with their grades, amounts and sources, and what is assumed."""

from __future__ import annotations

from typing import Any

import streamlit as st

from sim.levers.measure import HYGIENE, Measure
from sim.reporting import phrases
from sim.views.explore.cases import Answer
from sim.views.explore.levers import evidence_of
from sim.views.explore.rendering import show
from sim.words import Words


def evidence(answer: Answer, words: Words) -> None:
    """Show the measures of an answer with their evidence, and how much of the model is assumed."""
    show("page", "subsection", words("explore.view.rests"))
    counts = {name: answer.facts.get(name, "–") for name in ("assumed", "parameters")}
    st.markdown(words("explore.rests.everything", **counts))
    if measures := _measures(answer):
        st.caption(f"{words('explore.rests.chosen')}. {words('explore.rests.amounts')}")
        names = phrases.wordings(words)
        show("tables", "evidence", [_row(measure, names[measure.name], words) for measure in measures], words)
        for grade in dict.fromkeys(measure.grade for measure in measures):
            st.caption(f"**{words(f'common.grade.{grade}')}**: {words(f'common.grade_means.{grade}')}")
    st.caption(words("explore.rests.equation"))


def _measures(answer: Answer) -> list[Measure]:
    """Return the introduced measures as in the catalogue; those of a plan have the amounts of one draw."""
    from sim.config import default_settings

    if answer.plan is None:
        return []
    introduced = answer.plan.scenarios[1].measures
    own = [measure for measure in default_settings.measures() if measure.name in introduced]
    return sorted(own, key=lambda measure: (HYGIENE.index(measure.hygiene), measure.name))


def _row(measure: Measure, name: str, words: Words) -> dict[str, Any]:
    sources = [
        f"{row['id']}: {row['source']}" + (f", doi {row['doi']}" if row["doi"] else "") for row in evidence_of(measure)
    ]
    if measure.in_study:
        sources.insert(0, words("explore.rests.study"))
    parts = ("amount", "low", "high")
    changes = [
        f"{words(f'explore.condition.{target}')} "
        + words("explore.rests.amount", **{part: _signed(getattr(shift, part), words) for part in parts})
        for target, shift in measure.shifts.items()
    ]
    return {
        "name": name,
        "duty": measure.legal == "duty",
        "level": words(f"common.level.{measure.hygiene}"),
        "grade": measure.grade,
        "grade_name": words(f"common.grade.{measure.grade}"),
        "changes": changes,
        "sources": sources or [measure.source],
    }


def _signed(amount: float, words: Words) -> str:
    return phrases.number(amount, words, 2).replace("-", "−")
