"""What a session of the page remembers: the choice, the choice before it, and who this session is.

The choice is the truth; widgets are filled from it and read back into it, so that a link, a preset or a question
can set them all at once.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from dataclasses import replace
from traceback import format_tb
from typing import Any

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from sim.errors import UserError, required
from sim.levers.measure import FAMILIES
from sim.text import plain
from sim.views.explore import sessions
from sim.views.explore.selection import TODAY, PolicySelection, SelectionError, choice_of
from sim.words import LANGUAGES, Words
from sim.world.own_organisation import read_staff

_log = logging.getLogger(__name__)
HOME, ANSWER = "home", "answer"
_WIDGET = "set_"


def begin() -> None:
    """Set up a session: as its link says, or with the ten questions."""
    state = st.session_state
    if "choice" in state:
        return
    state.who = uuid.uuid4().hex
    state.before, state.organisation, state.uploads = None, None, 0
    state.mistake, state.broken_link, state.file_mistake = None, False, None
    sessions.begin(_identifier(), state.who)
    query = {name: st.query_params[name] for name in st.query_params}
    try:
        state.choice = choice_of(query)
    except SelectionError as mistake:
        spoken = query.get("language", "")
        state.choice = PolicySelection(language=spoken) if spoken in LANGUAGES else PolicySelection()
        state.mistake, state.broken_link = mistake, True
    state.view = ANSWER if query and not state.mistake else HOME


def mistake() -> str | None:
    """What went wrong last, if anything did, in the language of the session."""
    state = st.session_state
    if state.mistake is None:
        return None
    kind = "link" if state.broken_link else "refused"
    return words()(f"explore.state.{kind}", error=plain(state.mistake.said(words())))


def words() -> Words:
    """The words of the session's language."""
    return Words(st.session_state.choice.language)


def choice() -> PolicySelection:
    """What the session asks now."""
    found: PolicySelection = st.session_state.choice
    return found


def take(new: PolicySelection, view: str = ANSWER) -> None:
    """Let the session ask something else."""
    state = st.session_state
    _remember(new)
    state.choice, state.view, state.mistake, state.file_mistake = new, view, None, None


def change(**differing: Any) -> None:
    """Change parts of the choice as a widget was moved; a mistake is kept to be shown, and the choice stays."""
    try:
        new = replace(choice(), **differing)
    except SelectionError as mistake:
        st.session_state.mistake, st.session_state.broken_link = mistake, False
        return
    _remember(new)
    st.session_state.choice, st.session_state.mistake = new, None


def _remember(new: PolicySelection) -> None:
    old = choice()
    if new.overrides != old.overrides:
        st.session_state.before = old


def key(name: str) -> str:
    """The key of the widget that sets this."""
    return _WIDGET + name.replace(".", "_")


def fill(name: str, value: Any) -> str:
    """The key of a widget, filled with what the choice says; a move has changed the choice before."""
    st.session_state[key(name)] = value
    return key(name)


def lever(family: str) -> None:
    """A lever was moved."""
    option = st.session_state.get(key(family), choice().levers.get(family, TODAY))
    numbers = dict(choice().numbers)
    if family == "schedule" and option != "anchor_days":
        numbers.pop("mechanisms.anchor_days.days", None)
    change(levers={**choice().levers, family: option}, numbers=numbers)


def measure(name: str) -> None:
    """One of the 15 measures was ticked or not."""
    measures: Mapping[str, float] = choice().measures
    ticked = st.session_state.get(key(f"m_{name}"), name in measures)
    others = {own: share for own, share in measures.items() if own != name}
    change(measures={**others, name: measures.get(name, 1.0)} if ticked else others)


def known_in_place() -> None:
    """It was said that what is in place is known, and will be ticked, or that it is not."""
    change(in_place=() if st.session_state.get(key("in_place")) else None)


def in_place(name: str) -> None:
    """One of the 15 measures was ticked as being in place, or not."""
    others = {own for own in choice().in_place or () if own != name}
    change(in_place=tuple(others | {name} if st.session_state.get(key(f"p_{name}")) else others))


def number(name: str, usual: float) -> None:
    """An assumption was moved; at its usual value it is not said."""
    value = float(st.session_state.get(key(name), usual))
    others = {own: set_to for own, set_to in choice().numbers.items() if own != name}
    change(numbers=others if value == usual else {**others, name: value})


def setting(name: str) -> None:
    """A setting of the organisation was changed."""
    change(**{name: st.session_state.get(key(name), getattr(choice(), name))})


def preset(levers: Mapping[str, str]) -> None:
    """All levers at once, as a named scenario has them."""
    take(replace(choice(), question=None, levers=dict(levers), measures={}, numbers={}))


def language(name: str) -> None:
    """Another language, and everything else as it is."""
    take(replace(choice(), language=name), st.session_state.view)


def home() -> None:
    """Back to the ten questions."""
    st.session_state.view = HOME


def levers_now() -> dict[str, str]:
    """The option of every family."""
    return {family: choice().levers.get(family, TODAY) for family in FAMILIES}


# -- a file of one's own ---------------------------------------------------------------------------------------------


def upload(file: Any) -> None:
    """Ask for the organisation in a file of persons from now on; a mistake in it is kept to be shown.

    Nothing of the text is kept, and nothing is written to a disk: it is read here, and what the workers need goes to
    them in memory.
    """
    state = st.session_state
    content = file.getvalue()
    _drop(upload_key())
    state.uploads += 1
    try:
        staff = read_staff(content)
        people = max(len(staff.code), 20)
        asked = replace(choice(), employees=people, at_home=None)
    except UserError as mistake:
        state.file_mistake = mistake
        return
    except Exception as error:
        # The message of an unexpected error may quote the file, so it is neither logged nor shown.
        trace = "".join(format_tb(error.__traceback__))
        _log.error("an uploaded file could not be read: %s\n%s", type(error).__name__, trace)
        state.file_mistake = UserError("the file cannot be read as a table of persons")
        return
    state.organisation = sessions.hold(_identifier(), staff)
    take(replace(asked, persons=state.organisation))


def upload_key() -> str:
    """The key of the widget that takes a file; another one after each file, so that it is empty again."""
    return f"upload_{st.session_state.uploads}"


def _drop(widget: str) -> None:
    """Let Streamlit drop an uploaded file: its own copy, and the one that it keeps as the value of the widget."""
    if runtime.exists():
        runtime.get_instance().uploaded_file_mgr.remove_session_files(_identifier())
    st.session_state.pop(widget, None)


def file_mistake() -> str | None:
    """What was wrong with the file that was uploaded last, if anything was, in the language of the session."""
    mistake = st.session_state.file_mistake
    if mistake is None:
        return None
    if isinstance(mistake, SelectionError):
        return plain(mistake.said(words()))
    return words()("explore.state.file", error=plain(mistake))


def remove() -> None:
    """Forget the uploaded organisation, and everything that came of it."""
    state = st.session_state
    sessions.release(_identifier(), state.organisation)
    state.organisation, state.shelf = None, {}
    take(replace(choice(), persons=None, employees=500))
    state.before = None


def _identifier() -> str:
    """By what Streamlit knows this session."""
    return required(get_script_run_ctx(), "the session of the page").session_id
