"""Sessions of the page, and their deletion after the browser has disconnected.

A timer of the server checks every second which pages are connected. If a page is disconnected for longer than `GRACE`
seconds, its session is deleted: Streamlit's session with its uploaded files, the organisation that was read, and every
answer, figure and burn-in computed from it.
"""

from __future__ import annotations

import asyncio
import ctypes
import logging
import os
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import gettempdir
from time import monotonic
from typing import Any

from sim.world import own_organisation

GRACE = 4
"""Seconds that a page may be disconnected, for example by a network failure, before its session is deleted."""
_EVERY = 1.0
_M_PERTURB = -6
_log = logging.getLogger(__name__)


@dataclass
class Session:
    """One session: the client of its requests, its uploaded organisations, and the time of its disconnection."""

    client: str
    organisations: set[str] = field(default_factory=set)
    away_since: float | None = None


_sessions: dict[str, Session] = {}
_lock = threading.Lock()


def begin(identifier: str, client: str) -> None:
    """Register a session of Streamlit and the client of its requests."""
    with _lock:
        _sessions.setdefault(identifier, Session(client))


def hold(identifier: str, staff: own_organisation.Staff) -> str:
    """Store an uploaded organisation in memory for a session; return its name for plans."""
    name = own_organisation.store_staff(staff)
    with _lock:
        _sessions.setdefault(identifier, Session(identifier)).organisations.add(name)
    return name


def release(identifier: str, name: str) -> None:
    """Delete an uploaded organisation of a session, with everything computed from it."""
    with _lock:
        if identifier in _sessions:
            _sessions[identifier].organisations.discard(name)
    _forget(name)


def end(identifier: str) -> None:
    """Delete a session and everything of it; an unknown session is ignored."""
    with _lock:
        session = _sessions.pop(identifier, None)
    if session is None:
        return
    from sim.views.explore.scheduler import shared_scheduler

    shared_scheduler().leave(session.client)
    for name in session.organisations:
        _forget(name)


def _forget(name: str) -> None:
    from sim.views.explore import rendering
    from sim.views.explore.scheduler import shared_scheduler

    own_organisation.discard_staff(name)
    rendering.forget(name)
    shared_scheduler().forget(name)


def ended(is_connected: Callable[[str], bool], now: float) -> list[str]:
    """Return the sessions that have been disconnected for over `GRACE` seconds at `now`, a value of `monotonic`."""
    identifiers = []
    with _lock:
        for identifier, session in _sessions.items():
            if is_connected(identifier):
                session.away_since = None
            elif session.away_since is None:
                session.away_since = now
            elif now - session.away_since > GRACE:
                identifiers.append(identifier)
    return identifiers


def remove_leftovers() -> None:
    """Remove the temporary files of persons that a killed server of version 0.3 left behind.

    Later versions write none. Folders with other files, or of another user, stay.
    """
    for folder in Path(gettempdir()).glob("hybridwork-" + 8 * "?"):
        with suppress(OSError, AttributeError):
            is_own = not folder.is_symlink() and folder.stat().st_uid == os.getuid()
            if is_own and [path.name for path in folder.iterdir()] == ["persons.csv"]:
                (folder / "persons.csv").unlink()
                folder.rmdir()


def scrub_freed_memory() -> None:
    """Make glibc overwrite freed memory, so that no text of a file stays there."""
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).mallopt(_M_PERTURB, 1)


@asynccontextmanager
async def session_timer(_app: Any) -> AsyncIterator[None]:
    """Run the timer for as long as the server runs."""
    from streamlit.runtime import get_instance

    timer = asyncio.create_task(_check_sessions(get_instance()))
    try:
        yield
    finally:
        timer.cancel()
        with suppress(asyncio.CancelledError):
            await timer


async def _check_sessions(runtime: Any) -> None:
    while True:
        await asyncio.sleep(_EVERY)
        try:
            await _delete_sessions(runtime, ended(runtime.is_active_session, monotonic()))
        except Exception:  # the timer must keep running for other sessions
            _log.exception("a session could not be deleted")


async def _delete_sessions(runtime: Any, identifiers: Sequence[str]) -> None:
    for identifier in identifiers:
        # Streamlit's loop keeps a reference to the last session until the next one starts, so it is cleared as well.
        info = runtime._session_mgr.get_session_info(identifier)
        runtime.close_session(identifier)
        if info is not None:
            info.session.session_state.clear()
        runtime.uploaded_file_mgr.remove_session_files(identifier)
    await asyncio.gather(*(asyncio.to_thread(end, identifier) for identifier in identifiers))
