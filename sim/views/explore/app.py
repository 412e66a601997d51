"""The page, which Streamlit runs for each session and after each change: ten questions, levers and the answer."""

from __future__ import annotations

from datetime import date
from json import dumps
from pathlib import Path
from typing import Any

import streamlit as st

from sim import __version__
from sim.calibration.uncertainty import assumed_numbers
from sim.reporting import phrases
from sim.text import plain
from sim.views.explore import state
from sim.views.explore.answer_view import answer, request
from sim.views.explore.downloads import downloads, link
from sim.views.explore.labels import option_of, title
from sim.views.explore.questions import Question, compared, question_of, questions
from sim.views.explore.rendering import fragment, show
from sim.views.explore.result_tabs import respondents, visits
from sim.views.explore.scheduler import shared_scheduler
from sim.views.explore.selection import PolicySelection, presets
from sim.views.explore.sidebar import option_line, sidebar
from sim.views.explore.study_results import numbers
from sim.words import LANGUAGES, Words


def main() -> None:
    """Run the page once."""
    state.begin()
    words = state.words()
    is_answer = st.session_state.view == state.ANSWER
    width = 340  # pixels of the sidebar
    st.set_page_config(page_title=words("common.title"), layout="wide", page_icon="◐", initial_sidebar_state=width)
    st.html(Path(__file__).with_name("style.css"))
    st.html(fragment("page", "script", controls_script(words)), unsafe_allow_javascript=True)
    _head(words)
    if shared_scheduler().error:
        st.error(words("explore.state.stopped", error=plain(shared_scheduler().error)))
        return
    if error := state.error():
        st.error(error)
    st.query_params.from_dict(state.choice().query if is_answer else {})
    if is_answer:
        _answer_page(words)
    else:
        _home(words)
    _foot(words)


def controls_script(words: Words) -> str:
    """Return the script that sets the language of the page and of Streamlit's own controls, which are English."""
    english = Words().each("explore.controls")
    texts = {text: words(f"explore.controls.{name}") for name, text in english.items()}
    script = Path(__file__).with_name("controls.js").read_text(encoding="utf-8")
    return f"({script})({dumps(words.language)}, {dumps(words('explore.panel.title'))}, {dumps(texts)})"


def _head(words: Words) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="head"):
        show("page", "brand", words)
        with st.container(horizontal=True, width="content", key="languages"):
            for name, label in LANGUAGES.items():
                st.button(
                    label, key=f"language_{name}", type="tertiary", disabled=name == words.language,
                    on_click=state.language, args=(name,),
                )  # fmt: skip


# -- the ten questions -----------------------------------------------------------------------------------------------


def _home(words: Words) -> None:
    show("page", "title", words)
    show("page", "section", words("questions.title"), words("questions.lead"))
    with st.container(key="questions"):
        for question in questions():
            with st.container(key=f"question_{question.number}"):
                show("page", "paragraph", _who(question, words), "who")
                st.button(
                    question.text("short", words), key=f"ask_{question.number}", width="stretch",
                    on_click=_open_question, args=(question, words.language),
                )  # fmt: skip
    show("page", "section", words("explore.own"), words("explore.own_text"))
    with st.container(horizontal=True, key="begin"):
        st.button(words("explore.own"), type="primary", on_click=state.take, args=(_selection(words),))
    for head, what_if in (("open_preset", False), ("open_what_if", True)):
        show("page", "paragraph", words(f"explore.{head}"))
        with st.container(horizontal=True, key=head):
            for name, levers in presets().items():
                if what_if == any(option_of(family, option).what_if for family, option in levers.items()):
                    label, new = plain(phrases.name_of(name, words)), _selection(words, levers=levers)
                    st.button(label, key=f"preset_{name}", on_click=state.take, args=(new,))


def _selection(words: Words, **parts: Any) -> PolicySelection:
    return PolicySelection(language=words.language, **parts)


def _who(question: Question, words: Words) -> str:
    return ", ".join(words(f"questions.who.{one}") for one in question.who)


def _open_question(question: Question, language: str) -> None:
    empty = PolicySelection(language=language, question=question.number)
    state.take(next(iter(question.choices(language=language)), empty))


# -- an answer -------------------------------------------------------------------------------------------------------


def _answer_page(words: Words) -> None:
    choice = state.choice()
    request(compared(choice))
    with st.sidebar:
        sidebar(words)
    st.button(f"← {words('questions.title')}", type="tertiary", on_click=state.home, key="home")
    question = question_of(choice)
    if question is None:
        _choice(choice, words, "h1")
    else:
        _question(question, words)
        if not question.policies:
            respondents(words)
            _limits(question, words)
            link(choice, words)
            return
        if question.number == 1:
            visits(words)
        if len(compared(choice)) == 1:
            _choice(choice, words, "h2")
    answer(words)
    if question is not None:
        _limits(question, words)
    downloads(compared(choice), words)


def _choice(choice: PolicySelection, words: Words, heading: str) -> None:
    """Show the name of a choice, its description, and the evidence for each of its options."""
    text = phrases.text_of(choice.scenario, words) if choice.scenario else ""
    with_family = len(choice.levers) > 1
    options = [option_line(option_of(name, option), words, with_family) for name, option in choice.levers.items()]
    show("page", "choice", title(choice, words), text, options, heading)


def _question(question: Question, words: Words) -> None:
    texts = ((part, question.text(part, words)) for part in ("answer", "view"))
    parts = [(part, words(f"questions.part.{part}"), text) for part, text in texts if text]
    show("page", "question", _who(question, words), question.text("question", words), parts)


def _limits(question: Question, words: Words) -> None:
    """Show what the answer cannot show, and the study that its stored numbers come from."""
    source = ""
    if question.study:
        study = words(f"questions.study.{question.study}")
        source = words("questions.rests", version=numbers(words)["version"], study=study)
    show("page", "limits", words("questions.part.limits"), question.text("limits", words), source)


# -- the foot of every page ------------------------------------------------------------------------------------------


def _foot(words: Words) -> None:
    show("page", "foot", words)
    with st.expander(words("common.card.title")):
        show("page", "use_card", words)
    today = phrases.day(date.today(), words)
    text = words("explore.made", version=__version__, date=today, **assumed_numbers())
    show("page", "paragraph", text, "version")


if __name__ == "__main__":
    main()
