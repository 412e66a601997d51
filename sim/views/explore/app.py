"""The page itself, run by Streamlit for each session and after each move: ten questions, levers, the answer."""

from __future__ import annotations

from datetime import date
from html import escape
from json import dumps
from pathlib import Path

import streamlit as st

from sim.calibration.uncertainty import assumed_numbers
from sim.reporting import phrases
from sim.text import plain
from sim.views.explore import state
from sim.views.explore.answer_view import answer, ask
from sim.views.explore.downloads import link, take
from sim.views.explore.labels import option_of, title
from sim.views.explore.questions import Question, compared, question_of, questions
from sim.views.explore.result_tabs import respondents, visits
from sim.views.explore.scheduler import shared_scheduler
from sim.views.explore.selection import PolicySelection, presets
from sim.views.explore.sidebar import founded, panel
from sim.views.explore.study_results import numbers
from sim.words import LANGUAGES, Words

_SIDEBAR = 340
"""Pixels of the panel of levers."""


def main() -> None:
    """One run of the page."""
    state.begin()
    words = state.words()
    wide = st.session_state.view == state.ANSWER
    st.set_page_config(page_title=words("common.title"), layout="wide", page_icon="◐", initial_sidebar_state=_SIDEBAR)
    st.html(Path(__file__).with_name("style.css"))
    st.html(
        f"<style>[data-testid='stExpandSidebarButton']::after {{ content: '{words('explore.panel.title')}' }}</style>"
    )
    st.html(f"<script>{spoken(words)}</script>", unsafe_allow_javascript=True)
    _head(words)
    if shared_scheduler().error:
        st.error(words("explore.state.stopped", error=plain(shared_scheduler().error)))
        return
    if mistake := state.mistake():
        st.error(mistake)
    st.query_params.from_dict(state.choice().query if wide else {})
    if wide:
        _answered(words)
    else:
        _home(words)
    _foot(words)


def spoken(words: Words) -> str:
    """The script that makes the page, and the controls that Streamlit knows in English alone, speak a language."""
    controls = Words().each("explore.controls")
    said = {text: words(f"explore.controls.{name}") for name, text in controls.items()}
    script = Path(__file__).with_name("controls.js").read_text(encoding="utf-8")
    return f"({script})({dumps(words.language)}, {dumps(said)})"


def _head(words: Words) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="head"):
        st.html(f"<p class='brand'>{escape(words('common.title'))}</p>")
        with st.container(horizontal=True, width="content", key="languages"):
            for name, label in LANGUAGES.items():
                st.button(
                    label, key=f"language_{name}", type="tertiary", disabled=name == words.language,
                    on_click=state.language, args=(name,),
                )  # fmt: skip


# -- the ten questions -----------------------------------------------------------------------------------------------


def _home(words: Words) -> None:
    st.html(f"<h1>{escape(words('explore.title'))}</h1><p class='lead'>{escape(words('explore.lead'))}</p>")
    st.html(f"<h2>{escape(words('questions.title'))}</h2><p>{escape(words('questions.lead'))}</p>")
    with st.container(key="questions"):
        for question in questions():
            _card(question, words)
    st.html(f"<h2>{escape(words('explore.own'))}</h2><p>{escape(words('explore.own_text'))}</p>")
    with st.container(horizontal=True, key="begin"):
        st.button(
            words("explore.own"), type="primary", on_click=state.take, args=(PolicySelection(language=words.language),)
        )
    for head, what_if in (("open_preset", False), ("open_what_if", True)):
        st.html(f"<p>{escape(words(f'explore.{head}'))}</p>")
        with st.container(horizontal=True, key=head):
            for name, levers in _named_scenarios(what_if):
                st.button(
                    plain(phrases.name_of(name, words)), key=f"preset_{name}", on_click=state.take,
                    args=(PolicySelection(language=words.language, levers=levers),),
                )  # fmt: skip


def _named_scenarios(what_if: bool) -> list[tuple[str, dict[str, str]]]:
    """The named scenarios that are policies, or those that are what-if scenarios."""
    return [
        (name, levers)
        for name, levers in presets().items()
        if any(option_of(family, option).what_if for family, option in levers.items()) == what_if
    ]


def _card(question: Question, words: Words) -> None:
    who = ", ".join(words(f"questions.who.{one}") for one in question.who)
    with st.container(key=f"question_{question.number}"):
        st.html(f"<p class='who'>{escape(who)}</p>")
        st.button(
            question.said("short", words), key=f"ask_{question.number}", width="stretch", on_click=_ask,
            args=(question.number, words.language),
        )  # fmt: skip


def _ask(number: int, language: str) -> None:
    question = questions()[number - 1]
    prepared = question.choices(language=language)
    state.take(prepared[0] if prepared else PolicySelection(language=language, question=number))


# -- an answer -------------------------------------------------------------------------------------------------------


def _answered(words: Words) -> None:
    choice = state.choice()
    ask()
    with st.sidebar:
        panel(words)
    st.button(f"← {words('explore.home')}", type="tertiary", on_click=state.home, key="home")
    question = question_of(choice)
    if question is None:
        _chosen(choice, words, "h1")
    else:
        _asked(question, words)
        if not question.levers:
            respondents(words)
            _limits(question, words)
            link(choice, words)
            return
        if question.number == 1:
            visits(words)
        if len(compared(choice)) == 1:
            _chosen(choice, words, "h2")
    answer(words)
    if question is not None:
        _limits(question, words)
    take(compared(choice), words)


def _chosen(choice: PolicySelection, words: Words, head: str) -> None:
    """What is lived: its name, what that is, and how well founded it is."""
    said = f"<{head}>{escape(title(choice, words))}</{head}>"
    if choice.scenario:
        said += f"<p class='lead'>{escape(phrases.text_of(choice.scenario, words))}</p>"
    several = len(choice.levers) > 1
    rows = [founded(option_of(name, option), words, several) for name, option in choice.levers.items()]
    st.html(f"{said}<div class='chosen'>{''.join(rows)}</div>")


def _asked(question: Question, words: Words) -> None:
    who = ", ".join(words(f"questions.who.{one}") for one in question.who)
    parts = [f"<p class='who'>{escape(who)}</p><h1>{escape(question.said('asked', words))}</h1>"]
    for part in ("answer", "look"):
        if said := question.said(part, words):
            parts.append(f"<p class='{part}'><b>{escape(words(f'questions.part.{part}'))}.</b> {escape(said)}</p>")
    st.html(f"<article class='question'>{''.join(parts)}</article>")


def _limits(question: Question, words: Words) -> None:
    """What it cannot tell, and where its numbers are from if no live run gave them."""
    cannot = words("questions.part.cannot"), question.said("cannot", words)
    said = f"<p class='cannot'><b>{escape(cannot[0])}.</b> {escape(cannot[1])}</p>"
    if question.study:
        study = words(f"questions.study.{question.study}")
        rests = words("questions.rests", version=numbers()["version"], study=study)
        said += f"<p class='rests'>{escape(rests)}</p>"
    st.html(f"<aside class='question'>{said}</aside>")


# -- what goes with everything ---------------------------------------------------------------------------------------


def _foot(words: Words) -> None:
    from sim import __version__

    caveats = "".join(f"<li>{escape(text)}</li>" for text in words.each("common.caveats").values())
    said = " ".join(words(f"common.{name}") for name in ("synthetic", "complaints", "duty.stays"))
    st.html(
        f"<footer><h2>{escape(words('explore.rests.caveats'))}</h2><ol>{caveats}</ol>"
        f"<p>{escape(said)}</p>"
        f"<p>{escape(words('common.talk'))}</p></footer>"
    )
    with st.expander(words("common.card.title")):
        _paper(words)
    when = phrases.day(date.today(), words)
    st.html(f"<p class='made'>{escape(words('explore.made', version=__version__, date=when, **assumed_numbers()))}</p>")


def _paper(words: Words) -> None:
    """The card of what this may and may not be used for."""
    parts = []
    for part in ("may", "may_not"):
        items = "".join(f"<li>{escape(text)}</li>" for text in words.each(f"common.card.{part}_list").values())
        parts.append(f"<div><h3>{escape(words(f'common.card.{part}'))}</h3><ul>{items}</ul></div>")
    st.html(f"<div class='paper'>{''.join(parts)}</div>")


if __name__ == "__main__":
    main()
