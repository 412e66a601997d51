"""The views below the headline: over time, by group, the cascade, pathways, an evening, ties and evidence."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from sim.errors import UserError, first_line, required
from sim.levers.measure import Measure
from sim.outcomes.definitions import BURN_OUT
from sim.plotting import charts
from sim.plotting.charts.pathways import TOGETHER, WHOLE
from sim.reporting import phrases
from sim.reporting.tables import date_of_share
from sim.text import plain
from sim.views.explore import scenes, study_results
from sim.views.explore.attribution import REPLICATES, split
from sim.views.explore.cases import Answer
from sim.views.explore.evening import evening
from sim.views.explore.headline import row_of
from sim.views.explore.labels import choice_id, combined, title, words_for
from sim.views.explore.levers import evidence_of, measures_named
from sim.views.explore.questions import question_of
from sim.views.explore.rendering import figure, key_of, show
from sim.views.explore.scheduler import shared_scheduler
from sim.views.explore.selection import FIRST_STAGE, PolicySelection
from sim.words import Words

_log = logging.getLogger(__name__)
TABS = ("effects", "time", "groups", "cascade", "why", "evening", "ties", "rests")
_OF_ONE_CHOICE = ("groups", "cascade", "why", "evening", "ties", "rests")
_TIMES = ("before", "after")
_CACHE_SIZE = 8


@dataclass(frozen=True)
class _Results:
    """Content of a tab: choices, their answers, the place of the choice in tabs on a single one, and words."""

    choices: Sequence[PolicySelection]
    answers: Sequence[Answer]
    place: int
    words: Words

    @property
    def choice(self) -> PolicySelection:
        return self.choices[self.place]

    @property
    def answer(self) -> Answer:
        return self.answers[self.place]

    @property
    def choice_id(self) -> str:
        return choice_id(self.place)

    def table(self, name: str) -> Any:
        return combined(self.answers, name)

    def figure(self, draw: Callable[[int], Any], *key: Any) -> None:
        figure(draw, self.words, *key_of(self.choices, self.answers, *key))

    def caption(self, name: str, **values: Any) -> None:
        st.caption(self.words(f"explore.text.{name}", **values))


def result_tabs(choices: Sequence[PolicySelection], answers: Sequence[Answer], words: Words) -> None:
    """Show the selected tab: those of the question come first, and one choice alone is not compared."""
    question = question_of(choices[0])
    tabs = [*dict.fromkeys((*(question.views if question else ()), *TABS))]
    if len(choices) == 1:
        tabs.remove("effects")
    key = f"view_{choices[0].question}_{len(choices)}"
    if st.session_state.get(key) not in tabs:
        st.session_state[key] = tabs[0]
    tab = st.segmented_control(
        words("explore.view.choose"), tabs, format_func=lambda name: words(f"explore.view.{name}"), key=key,
        required=True,
    )  # fmt: skip
    place = 0
    if len(choices) > 1 and tab in _OF_ONE_CHOICE:
        place = st.selectbox(
            words("explore.panel.custom"), range(len(choices)),
            format_func=lambda number: title(choices[number], words), label_visibility="collapsed",
            key=f"place_{choices[0].question}",
        )  # fmt: skip
    _DRAW[str(tab)](_Results(choices, answers, place, words_for(choices, words)))


def _effects(results: _Results) -> None:
    results.caption("effects")
    _by_kind(results, "effects", charts.effects)


def _time(results: _Results) -> None:
    results.caption("time")
    _by_kind(results, "trajectories", charts.trajectories)
    for choice, answer in zip(results.choices, results.answers, strict=True):
        if text := _by_when(answer, results.words):
            st.markdown(f"{plain(title(choice, results.words))}: {text}" if len(results.choices) > 1 else text)


def _by_when(answer: Answer, words: Words) -> str:
    """Return when burn-out complaints reach half of their change, where the change can be distinguished."""
    effect = row_of(answer, "effects", BURN_OUT)
    if effect is None or effect["low"] * effect["high"] <= 0:
        return ""
    weekly = answer.table("trajectories")
    own = weekly[weekly["outcome"].eq(BURN_OUT) & weekly["group"].eq("everybody") & weekly["scenario"].ne("baseline")]
    half, most = (phrases.month(date_of_share(own, share), words) for share in (0.5, 0.9))
    return words("explore.text.by_when", half=half, most=most)


def _by_kind(results: _Results, name: str, draw: Callable[..., Any]) -> None:
    """Draw one figure of all policies, and one of all what-if scenarios."""
    plans = [required(answer.plan, "the plan of an answer") for answer in results.answers]
    kinds = ["policy" if plan.scenarios[1].kind == "baseline" else plan.scenarios[1].kind for plan in plans]
    for kind in dict.fromkeys(kinds):

        def chart(width: int, kind: str = kind) -> Any:
            return draw(results.table(name), results.words, width, kind)

        results.figure(chart, name, kind)


def _groups(results: _Results) -> None:
    results.caption("groups")
    one, words, place = results.choice_id, results.words, results.place
    results.figure(lambda width: charts.groups(results.table("gains"), words, one, width), "groups", place)
    results.caption("groups_effects")
    results.figure(lambda width: charts.by_group(results.table("effects"), words, one, width), "by_group", place)
    st.caption(f"{words('common.for_adapting')} {words('common.small_groups')}")


def _cascade(results: _Results) -> None:
    results.caption("cascade")
    stages = results.table("cascade")
    policy = None if results.choice.changes_nothing else results.choice_id
    results.figure(
        lambda width: charts.cascade(stages, results.words, width, "baseline", policy), "cascade", results.place
    )


def _body(results: _Results) -> None:
    results.caption("body")
    words, rows = results.words, []
    for choice, answer in zip(results.choices, results.answers, strict=True):
        for outcome in ("arm_neck_shoulder_complaints", "back_complaints"):
            effect = row_of(answer, "effects", outcome)
            name = f"{title(choice, words)}: {words(f'common.outcome.{outcome}')}"
            rows.append((name, phrases.change(effect, words) if effect else "–"))
    show("tables", "table", ("", words("common.unit.per 1,000 employees")), rows)
    st.caption(words("common.duty.stays"))


def _on_demand(name: str, choice: PolicySelection, words: Words, make: Callable[[], Any]) -> Any:
    """Return a slow result, computed when a user opens its tab, and cached."""
    cache = st.session_state.setdefault("cache", {})
    key = (name, choice.overrides)
    if key not in cache:
        with st.spinner(words("explore.state.computing", first=FIRST_STAGE)):
            try:
                cache[key] = make()
            except Exception as error:
                if not isinstance(error, UserError):
                    _log.exception("%s could not be computed", name)
                st.error(plain(first_line(error)))
                return None
        while len(cache) > _CACHE_SIZE:
            cache.pop(next(iter(cache)))
    return cache[key]


def _why(results: _Results) -> None:
    choice, words = results.choice, results.words
    if choice.changes_nothing:
        st.caption(words("explore.state.unchanged"))
        return
    parts = _on_demand("why", choice, words, lambda: split(shared_scheduler(), choice))
    if parts is None:
        return
    results.caption("why")
    names = {name: words(f"explore.pathway.{name}") for name in set(parts["pathway"]) - {TOGETHER, WHOLE}}
    own = parts.assign(pathway=parts["pathway"].replace(names))
    results.figure(lambda width: charts.pathways(own, words, results.choice_id, width), "why", results.place)
    results.caption("why_more", runs=REPLICATES)


def _evening(results: _Results) -> None:
    choice, words = results.choice, results.words
    scene = _on_demand("evening", choice, words, lambda: evening(shared_scheduler(), choice))
    if scene is None:
        return
    show("page", "subsection", words("explore.evening.title", day=phrases.day(scene.when, words)))
    st.caption(words("explore.evening.text"))
    worlds = enumerate((words("common.scenario.baseline"), title(choice, words)))
    pictures = []
    for world, name in worlds:
        states = scenes.states_in_words(scene, world, words)
        text = words("explore.evening.alternative", world=name, states=states)
        pictures.append((scenes.team_at_home(scene, world, name, words, 4), text, ""))
    show("images", "pair", pictures)
    show("images", "evening_key", [(scenes.window(one), words(f"explore.evening.{one}")) for one in scenes.STATES])
    before, after = (phrases.per_1000(float(share), words) for share in scene.share_working)
    st.markdown(words("explore.evening.shares", before=before, after=after))
    st.caption(f"{words('explore.evening.picked')} {words('common.synthetic')}")


def _ties(results: _Results) -> None:
    tables, words = required(results.answer.tables, "tables of an answer"), results.words
    if "ties" not in tables:
        results.caption("ties_own")
        return
    edges, people = tables["ties"], tables["people"]
    scenario = next(name for name in edges["scenario"] if name != "baseline")
    policy, usual = scenes.mean_strengths(edges, scenario), scenes.mean_strengths(edges, "baseline")
    numbers = {name: phrases.number(value, words, 2) for name, value in policy.items()}
    numbers |= {f"{name}_today": phrases.number(usual[f"{name}_after"], words, 2) for name in ("within", "across")}
    text = words("explore.text.ties_numbers", **numbers)
    results.caption("ties")
    pictures = [
        (scenes.ties(edges, people, scenario, when), text, words(f"explore.text.ties_{when}")) for when in _TIMES
    ]
    show("images", "pair", pictures)
    st.caption(f"{text} {words('common.synthetic')}")


def visits(words: Words) -> None:
    """Show the errors of estimates after visits, from the earlier study."""
    st.caption(words("explore.text.visits"))
    show("tables", "table", *study_results.table("visits", words))


def respondents(words: Words) -> None:
    """Show the number of respondents that a survey needs, from the earlier study."""
    st.caption(words("explore.text.respondents"))
    show("tables", "table", *study_results.table("respondents", words))


def _evidence(results: _Results) -> None:
    """Show the measures of an answer with their evidence, and how much of the model is assumed."""
    answer, words = results.answer, results.words
    show("page", "subsection", words("explore.view.rests"))
    counts = {name: answer.facts.get(name, "–") for name in ("assumed", "parameters")}
    st.markdown(words("explore.rests.everything", **counts))
    # The measures of a plan have the amounts of one draw, those of the catalogue the default ones.
    if measures := measures_named(answer.plan.scenarios[1].measures if answer.plan else ()):
        st.caption(f"{words('explore.rests.chosen')}. {words('explore.rests.amounts')}")
        names = phrases.wordings(words)
        show("tables", "evidence", [_row(measure, names[measure.name], words) for measure in measures], words)
        for grade in dict.fromkeys(measure.grade for measure in measures):
            st.caption(f"**{words(f'common.grade.{grade}')}**: {words(f'common.grade_means.{grade}')}")
    st.caption(words("explore.rests.equation"))


def _row(measure: Measure, name: str, words: Words) -> dict[str, Any]:
    cited = evidence_of(measure)
    sources = [f"{row['id']}: {row['source']}" + (f", doi {row['doi']}" if row["doi"] else "") for row in cited]
    if measure.in_study:
        sources.insert(0, words("explore.rests.study"))
    changes = []
    for target, shift in measure.shifts.items():
        amounts = {part: phrases.number(getattr(shift, part), words, 2) for part in ("amount", "low", "high")}
        amount = words("explore.rests.amount", **amounts).replace("-", "−")
        changes.append(f"{words(f'explore.condition.{target}')} {amount}")
    return {
        "name": name,
        "duty": measure.legal == "duty",
        "level": words(f"common.level.{measure.hygiene}"),
        "grade": measure.grade,
        "grade_name": words(f"common.grade.{measure.grade}"),
        "changes": changes,
        "sources": sources or [measure.source],
    }


_DRAW: dict[str, Callable[[_Results], None]] = {
    "effects": _effects, "time": _time, "groups": _groups, "cascade": _cascade, "why": _why, "evening": _evening,
    "ties": _ties, "body": _body, "visits": lambda results: visits(results.words),
    "rests": _evidence,
}  # fmt: skip
