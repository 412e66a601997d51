"""The sessions of the page: what each one holds, and how it is given up when its browser has gone.

A timer of the server looks once a second which pages are still connected. Of one that has been away for longer than
`GRACE` seconds everything is given up: Streamlit's session with its uploaded files, the organisation that was read,
and every answer, figure and simulated past that came of it. Nobody has to visit the page for that.
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
"""Seconds that a page may be away, as when the network stumbles, before its session is given up."""
_EVERY = 1.0
_M_PERTURB = -6
_log = logging.getLogger(__name__)


@dataclass
class Session:
    """One session: who asks in it, the organisations it has uploaded, and since when its page is away."""

    who: str
    organisations: set[str] = field(default_factory=set)
    away_since: float | None = None


_sessions: dict[str, Session] = {}
_lock = threading.Lock()


def begin(identifier: str, who: str) -> None:
    """Note that a session of Streamlit has begun, and by which name it asks."""
    with _lock:
        _sessions.setdefault(identifier, Session(who))


def hold(identifier: str, staff: own_organisation.Staff) -> str:
    """Keep an uploaded organisation for a session, in memory alone; the name by which plans find it."""
    name = own_organisation.hold(staff)
    with _lock:
        _sessions.setdefault(identifier, Session(identifier)).organisations.add(name)
    return name


def release(identifier: str, name: str) -> None:
    """Give up an organisation that a session has uploaded, with everything that came of it."""
    with _lock:
        if identifier in _sessions:
            _sessions[identifier].organisations.discard(name)
    _forget(name)


def end(identifier: str) -> None:
    """Give up a session and everything that it holds; nothing happens where it is unknown."""
    with _lock:
        ended = _sessions.pop(identifier, None)
    if ended is None:
        return
    from sim.views.explore.scheduler import shared_scheduler

    shared_scheduler().leave(ended.who)
    for name in ended.organisations:
        _forget(name)


def _forget(name: str) -> None:
    from sim.views.explore import rendering
    from sim.views.explore.scheduler import shared_scheduler

    own_organisation.release(name)
    rendering.forget(name)
    shared_scheduler().forget(name)


def ended(is_connected: Callable[[str], bool], now: float) -> list[str]:
    """The sessions whose page has been away for longer than `GRACE` seconds at `now`, on the clock of `monotonic`."""
    found = []
    with _lock:
        for identifier, session in _sessions.items():
            if is_connected(identifier):
                session.away_since = None
            elif session.away_since is None:
                session.away_since = now
            elif now - session.away_since > GRACE:
                found.append(identifier)
    return found


def remove_leftovers() -> None:
    """Remove files of persons that version 0.3 left in the folder of temporary files where its server was killed.

    Later versions write none. A folder that holds anything else, or belongs to somebody else, stays as it is.
    """
    for folder in Path(gettempdir()).glob("hybridwork-" + 8 * "?"):
        with suppress(OSError, AttributeError):
            is_own = not folder.is_symlink() and folder.stat().st_uid == os.getuid()
            if is_own and [path.name for path in folder.iterdir()] == ["persons.csv"]:
                (folder / "persons.csv").unlink()
                folder.rmdir()


def scrub_freed_memory() -> None:
    """Let the C library overwrite memory that is freed, so that no text of a file stays there; with glibc alone."""
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).mallopt(_M_PERTURB, 1)


@asynccontextmanager
async def attended(_app: Any) -> AsyncIterator[None]:
    """Run the timer for as long as the server runs, and give up all sessions when it ends."""
    from streamlit.runtime import get_instance

    timer = asyncio.create_task(_attend(get_instance()))
    try:
        yield
    finally:
        timer.cancel()
        with suppress(asyncio.CancelledError):
            await timer


async def _attend(runtime: Any) -> None:
    while True:
        await asyncio.sleep(_EVERY)
        try:
            await _give_up(runtime, ended(runtime.is_active_session, monotonic()))
        except Exception:  # the timer has to go on for the sessions of others
            _log.exception("a session could not be given up")


async def _give_up(runtime: Any, identifiers: Sequence[str]) -> None:
    for identifier in identifiers:
        # Streamlit's own loop refers to the session it served last until another one comes, so it is emptied as well.
        info = runtime._session_mgr.get_session_info(identifier)
        runtime.close_session(identifier)
        if info is not None:
            info.session.session_state.clear()
        runtime.uploaded_file_mgr.remove_session_files(identifier)
    await asyncio.gather(*(asyncio.to_thread(end, identifier) for identifier in identifiers))
