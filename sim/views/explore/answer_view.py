"""The answer: what the model says so far, and pictures to look at. It grows while one looks."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from time import monotonic

import streamlit as st

from sim.text import plain
from sim.views.explore import state
from sim.views.explore.cases import Answer
from sim.views.explore.headline import headline
from sim.views.explore.labels import title
from sim.views.explore.questions import compared
from sim.views.explore.result_tabs import looks
from sim.views.explore.scheduler import shared_scheduler
from sim.views.explore.selection import FIRST_STAGE, PolicySelection
from sim.words import Words

_PATIENCE, _OFTEN = 1.2, 0.7
"""Seconds that a page waits for a first answer before it says so, and between two looks."""
_FEW = 4
"""Of more who look at once each looks again less often, so that the page stays quick."""
_REPLAY = 2.4


def ask() -> None:
    """Let what is chosen be lived, while the page is drawn."""
    for place, choice in enumerate(compared(state.choice())):
        shared_scheduler().request(_seat(place), choice)


def _seat(place: int) -> str:
    """Who looks, in this session, at one of what is compared."""
    return f"{st.session_state.who}/{place}"


def answer(words: Words) -> None:
    """The answer as a part of the page that renews itself until nothing more will come."""
    asked = compared(state.choice())
    found = _looked(asked)
    going = not all(one.complete for one in found) or _replaying()
    often = max(_OFTEN, _OFTEN * shared_scheduler().active_requests / _FEW)
    st.fragment(_answer, run_every=often if going else None)(words)


def _answer(words: Words) -> None:
    replaying = _replaying()
    choice = st.session_state.before if replaying else state.choice()
    asked = compared(choice)
    found = _looked(asked)
    wrong = next((one.error for one in found if one.error), None)
    if wrong:
        said = plain(wrong)
        st.error(
            words("explore.state.stopped", error=said)
            if shared_scheduler().error
            else f"{words('explore.state.error')} {said}"
        )
        return
    if replaying:
        st.info(words("explore.take.replay_before", name=plain(title(choice, words))))
    if any(one.tables is None for one in found):
        _waiting(found, words)
        return
    headline(asked, found, words)
    _progress(found, words)
    looks(asked, found, words)
    if not replaying and all(one.complete for one in found) and not st.session_state.get("settled"):
        st.session_state.settled = True
        st.rerun()
    if not all(one.complete for one in found):
        st.session_state.settled = False


def _looked(asked: Sequence[PolicySelection]) -> list[Answer]:
    """The answers so far; waits a moment for first ones."""
    until, own = monotonic() + _PATIENCE, shared_scheduler()
    for place, choice in enumerate(asked):
        own.request(_seat(place), choice)
    return [own.request(_seat(place), choice, max(until - monotonic(), 0.0)) for place, choice in enumerate(asked)]


def _replaying() -> bool:
    return monotonic() < st.session_state.get("replay_until", 0.0)


def replay() -> None:
    """Show for a moment what was there before the last change, and then what is there now."""
    st.session_state.replay_until = monotonic() + _REPLAY
    st.session_state.settled = False


def _waiting(found: Sequence[Answer], words: Words) -> None:
    lived, first = sum(min(one.simulated, FIRST_STAGE) for one in found), FIRST_STAGE * len(found)
    others = max(one.waiting for one in found)
    st.html(f"<p class='waiting' role='status'>{escape(words('explore.state.computing', first=FIRST_STAGE))}</p>")
    st.progress(lived / first, words("explore.state.computing_of", done=lived, first=first))
    if others:
        st.caption(words("explore.state.waiting", others=others))


def _progress(found: Sequence[Answer], words: Words) -> None:
    done, most = min(one.replicates for one in found), max(one.most for one in found)
    if all(one.complete for one in found):
        st.caption(words("explore.state.done", most=most))
        return
    st.progress(done / most, words("explore.state.running", done=done, most=most))
