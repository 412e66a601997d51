"""The state of a session: the choice, the choice before it, and errors to show.

Widgets are filled from the choice and read back into it, so that a link, a preset or a question can set all at once.
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
from sim.text import plain
from sim.views.explore import sessions
from sim.views.explore.selection import TODAY, PolicySelection, SelectionError, choice_of
from sim.words import LANGUAGES, Words
from sim.world.own_organisation import read_staff

_log = logging.getLogger(__name__)
HOME, ANSWER = "home", "answer"
_WIDGET = "set_"


def begin() -> None:
    """Set up a session from its link, or with the ten questions."""
    state = st.session_state
    if "choice" in state:
        return
    state.client = uuid.uuid4().hex
    state.before, state.organisation, state.uploads = None, None, 0
    state.error, state.is_link_error, state.file_error = None, False, None
    sessions.begin(_identifier(), state.client)
    query = {name: st.query_params[name] for name in st.query_params}
    try:
        state.choice = choice_of(query)
    except SelectionError as error:
        language = query.get("language", "")
        state.choice = PolicySelection(language=language) if language in LANGUAGES else PolicySelection()
        state.error, state.is_link_error = error, True
    state.view = ANSWER if query and not state.error else HOME


def error() -> str | None:
    """Return the last error about a link or a choice, in the language of the session."""
    state = st.session_state
    if state.error is None:
        return None
    kind = "link" if state.is_link_error else "refused"
    return words()(f"explore.state.{kind}", error=plain(state.error.text(words())))


def words() -> Words:
    """Return the words of the session's language."""
    return Words(st.session_state.choice.language)


def choice() -> PolicySelection:
    """Return the current choice."""
    current: PolicySelection = st.session_state.choice
    return current


def take(new: PolicySelection, view: str = ANSWER) -> None:
    """Replace the choice."""
    state = st.session_state
    _remember(new)
    state.choice, state.view, state.error, state.file_error = new, view, None, None


def change(**differing: Any) -> None:
    """Change parts of the choice; after an invalid change the choice stays the same and the error is shown."""
    try:
        new = replace(choice(), **differing)
    except SelectionError as error:
        st.session_state.error, st.session_state.is_link_error = error, False
        return
    _remember(new)
    st.session_state.choice, st.session_state.error = new, None


def _remember(new: PolicySelection) -> None:
    old = choice()
    if new.overrides != old.overrides:
        st.session_state.before = old


def key(name: str) -> str:
    """Return the key of the widget for this setting."""
    return _WIDGET + name.replace(".", "_")


def fill(name: str, value: Any) -> str:
    """Give a widget the value of the choice, and return its key."""
    st.session_state[key(name)] = value
    return key(name)


def lever(family: str) -> None:
    """Read a lever."""
    option = st.session_state.get(key(family), choice().levers.get(family, TODAY))
    numbers = dict(choice().numbers)
    if family == "schedule" and option != "anchor_days":
        numbers.pop("mechanisms.anchor_days.days", None)
    change(levers={**choice().levers, family: option}, numbers=numbers)


def measure(name: str) -> None:
    """Read the tick of one of the 15 measures."""
    measures: Mapping[str, float] = choice().measures
    ticked = st.session_state.get(key(f"m_{name}"), name in measures)
    others = {own: share for own, share in measures.items() if own != name}
    change(measures={**others, name: measures.get(name, 1.0)} if ticked else others)


def known_in_place() -> None:
    """Read whether the measures in place are known, and will be ticked."""
    change(in_place=() if st.session_state.get(key("in_place")) else None)


def in_place(name: str) -> None:
    """Read the tick of a measure that is in place."""
    others = {own for own in choice().in_place or () if own != name}
    change(in_place=tuple(others | {name} if st.session_state.get(key(f"p_{name}")) else others))


def number(name: str, usual: float) -> None:
    """Read an assumption; one at its usual value is left out of the choice."""
    value = float(st.session_state.get(key(name), usual))
    others = {own: other for own, other in choice().numbers.items() if own != name}
    change(numbers=others if value == usual else {**others, name: value})


def setting(name: str) -> None:
    """Read a setting of the organisation."""
    change(**{name: st.session_state.get(key(name), getattr(choice(), name))})


def preset(levers: Mapping[str, str]) -> None:
    """Set all levers as in a named scenario."""
    take(replace(choice(), question=None, levers=dict(levers), measures={}, numbers={}))


def language(name: str) -> None:
    """Change the language only."""
    take(replace(choice(), language=name), st.session_state.view)


def home() -> None:
    """Go back to the ten questions."""
    st.session_state.view = HOME


# -- a file of one's own ---------------------------------------------------------------------------------------------


def upload(file: Any) -> None:
    """Use the organisation in a file of persons from now on; an error in the file is shown.

    The text of the file is never stored or written to disk. It is read here, and the workers receive the organisation
    in memory.
    """
    state = st.session_state
    content = file.getvalue()
    _drop(upload_key())
    state.uploads += 1
    try:
        staff = read_staff(content)
        people = max(len(staff.code), 20)
        new = replace(choice(), employees=people, at_home=None)
    except UserError as error:
        state.file_error = error
        return
    except Exception as error:
        # The message of an unexpected error may quote the file, so it is neither logged nor shown.
        trace = "".join(format_tb(error.__traceback__))
        _log.error("an uploaded file could not be read: %s\n%s", type(error).__name__, trace)
        state.file_error = UserError("The file is not a table of persons.")
        return
    state.organisation = sessions.hold(_identifier(), staff)
    take(replace(new, persons=state.organisation))


def upload_key() -> str:
    """Return the key of the upload widget; it changes after each file, so that the widget is empty again."""
    return f"upload_{st.session_state.uploads}"


def _drop(widget: str) -> None:
    """Make Streamlit delete an uploaded file: its own copy, and the value of the widget."""
    if runtime.exists():
        runtime.get_instance().uploaded_file_mgr.remove_session_files(_identifier())
    st.session_state.pop(widget, None)


def file_error() -> str | None:
    """Return the error of the last uploaded file, in the language of the session."""
    error = st.session_state.file_error
    if error is None:
        return None
    if isinstance(error, SelectionError):
        return plain(error.text(words()))
    return words()("explore.state.file", error=plain(error))


def remove() -> None:
    """Delete the uploaded organisation, and everything computed from it."""
    state = st.session_state
    sessions.release(_identifier(), state.organisation)
    state.organisation, state.cache = None, {}
    take(replace(choice(), persons=None, employees=500))
    state.before = None


def _identifier() -> str:
    """Return the id that Streamlit has for this session."""
    return required(get_script_run_ctx(), "the session of the page").session_id
