"""The answer on the page: the headline and the figures, updated until all runs have been simulated."""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic

import streamlit as st

from sim.text import plain
from sim.views.explore import state
from sim.views.explore.cases import Answer
from sim.views.explore.headline import headline
from sim.views.explore.labels import title
from sim.views.explore.questions import compared
from sim.views.explore.rendering import show
from sim.views.explore.result_tabs import result_tabs
from sim.views.explore.scheduler import shared_scheduler
from sim.views.explore.selection import FIRST_STAGE, PolicySelection
from sim.words import Words

_FIRST_WAIT = 1.2
"""Seconds that a page waits for a first answer before it reports progress."""
_UPDATE_SECONDS, _USUAL_REQUESTS = 0.7, 4
"""Time between updates; with more requests at once each page updates less often."""
_REPLAY_SECONDS = 2.4


def request(choices: Sequence[PolicySelection], timeout: float = 0.0) -> list[Answer]:
    """Return the answers so far, after waiting at most `timeout` seconds for the first ones.

    The simulation continues in the background.
    """
    until, scheduler = monotonic() + timeout, shared_scheduler()
    clients = {f"{st.session_state.client}/{place}": choice for place, choice in enumerate(choices)}
    for client, choice in clients.items():
        scheduler.request(client, choice)
    return [scheduler.request(*pair, max(until - monotonic(), 0.0)) for pair in clients.items()]


def answer(words: Words) -> None:
    """Show the answer as a part of the page that updates itself until it is complete."""
    answers = request(compared(state.choice()), _FIRST_WAIT)
    updates = not all(one.complete for one in answers) or _is_replay()
    seconds = max(_UPDATE_SECONDS, _UPDATE_SECONDS * shared_scheduler().active_requests / _USUAL_REQUESTS)
    st.fragment(_answer, run_every=seconds if updates else None)(words)


def _answer(words: Words) -> None:
    is_replay = _is_replay()
    choice = st.session_state.before if is_replay else state.choice()
    choices = compared(choice)
    answers = request(choices, _FIRST_WAIT)
    if error := next((one.error for one in answers if one.error), None):
        st.error(f"{words('explore.state.error')} {plain(error)}")
        return
    if is_replay:
        st.info(words("explore.take.replay_before", name=plain(title(choice, words))))
    if any(one.tables is None for one in answers):
        _waiting(answers, words)
        return
    headline(choices, answers, words)
    _progress(answers, words)
    result_tabs(choices, answers, words)
    complete = all(one.complete for one in answers)
    if complete and not is_replay and not st.session_state.get("updates_ended"):
        st.session_state.updates_ended = True
        st.rerun()
    if not complete:
        st.session_state.updates_ended = False


def _is_replay() -> bool:
    return monotonic() < st.session_state.get("replay_until", 0.0)


def replay() -> None:
    """Show the choice before the last change for a moment, and then the current one."""
    st.session_state.replay_until = monotonic() + _REPLAY_SECONDS
    st.session_state.updates_ended = False


def _waiting(answers: Sequence[Answer], words: Words) -> None:
    done, first = sum(min(one.simulated, FIRST_STAGE) for one in answers), FIRST_STAGE * len(answers)
    show("page", "waiting", words("explore.state.computing", first=FIRST_STAGE))
    st.progress(done / first, words("explore.state.computing_of", done=done, first=first))
    if others := max(one.waiting for one in answers):
        st.caption(words("explore.state.waiting", others=others))


def _progress(answers: Sequence[Answer], words: Words) -> None:
    done, most = min(one.replicates for one in answers), max(one.most for one in answers)
    if all(one.complete for one in answers):
        st.caption(words("explore.state.done", most=most))
        return
    st.progress(done / most, words("explore.state.running", done=done, most=most))
