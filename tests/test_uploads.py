"""An uploaded organisation: only in memory, only for its session, and deleted soon after its page is closed."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import re
import shutil
import socket
import threading
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import fields
from pathlib import Path

import pytest
from conftest import InProcessExecutor

from benchmarks import sessions as sessions_benchmark
from benchmarks.sessions import MARK, persons
from sim.config import composition
from sim.errors import UserError
from sim.views.explore import cases, scheduler, sessions, worker
from sim.views.explore.selection import PolicySelection
from sim.world import own_organisation
from sim.world.establishments import build
from sim.world.firm import FirmOptions


@pytest.fixture
def answers(monkeypatch):
    """Yield the scheduler that all sessions share, without worker processes."""
    shared = scheduler.AnswerScheduler(check=False, open_executor=InProcessExecutor)
    monkeypatch.setattr(scheduler, "shared_scheduler", lambda: shared)
    monkeypatch.setattr(sessions, "_sessions", {})
    yield shared
    shared.close()


def choice_of(name: str) -> PolicySelection:
    """A choice about an uploaded organisation."""
    return PolicySelection(levers={"availability": "quiet_evenings"}, employees=30, weeks=26, persons=name)


# -- reading ----------------------------------------------------------------------------------------------------------


def test_an_organisation_in_memory_equals_the_one_in_the_file(tmp_path):
    path = tmp_path / "persons.csv"
    path.write_bytes(persons())
    name = own_organisation.store_staff(own_organisation.read_staff(persons()))
    try:
        first, second = (build(FirmOptions(kind="own", persons=one), 1, 0) for one in (str(path), name))
    finally:
        own_organisation.discard_staff(name)
    assert (first.identifier == second.identifier).all()
    assert (first.manager == second.manager).all()
    assert (first.ties.partner == second.ties.partner).all()


def test_no_text_of_the_file_stays_in_memory():
    staff = own_organisation.read_staff(persons())
    found: set[int] = set()
    waiting = [staff]
    while waiting:
        one = waiting.pop()
        if id(one) not in found and not isinstance(one, type):
            found.add(id(one))
            assert not (isinstance(one, str | bytes) and MARK in str(one))
            waiting.extend(gc.get_referents(one))
    assert len(found) > len(fields(staff))


def test_names_of_organisations_are_random():
    staff = own_organisation.read_staff(persons())
    names = {own_organisation.store_staff(staff) for _ in range(50)}
    assert len(names) == 50
    assert all(re.fullmatch(r"organisation_[0-9a-f]{32}", name) for name in names)
    for name in names:
        own_organisation.discard_staff(name)
        assert own_organisation.stored_staff(name) is None


# -- a session and its end --------------------------------------------------------------------------------------------


def traces(name: str, answers: scheduler.AnswerScheduler) -> list[str]:
    """Return the places that still have data of an organisation."""
    from sim.views.explore import rendering

    return [
        *(["registry"] if own_organisation.stored_staff(name) else []),
        *("answers" for case in answers._cases.values() if case.choice.persons == name),
        *("caches" for key in (*worker._burn_ins, *worker._baselines) if name in str(key)),
        *("figures" for key in rendering._cache if name in str(key)),
    ]


@pytest.mark.parametrize("leave", ["the page is closed", "the file is removed"])
def test_everything_computed_from_an_organisation_is_deleted_with_it(answers, leave):
    pytest.importorskip("streamlit")
    from sim.views.explore import rendering

    mine, yours = (sessions.hold(f"session {one}", own_organisation.read_staff(persons())) for one in ("a", "b"))
    answer = answers.answer(choice_of(mine))
    for name in (mine, yours):
        rendering.cached(rendering.key_of([choice_of(name)], [answer]), lambda: "<svg/>")
    assert set(traces(mine, answers)) == {"registry", "answers", "caches", "figures"}
    if leave == "the page is closed":
        sessions.end("session a")
    else:
        sessions.release("session a", mine)
    assert traces(mine, answers) == []
    assert set(traces(yours, answers)) == {"registry", "figures"}
    sessions.end("session b")
    assert traces(yours, answers) == []


def test_a_deleted_organisation_is_neither_simulated_nor_drawn(answers):
    pytest.importorskip("streamlit")
    from sim.views.explore import rendering

    name = sessions.hold("session", own_organisation.read_staff(persons()))
    sessions.end("session")
    assert "no longer in memory" in str(answers.request("me", choice_of(name)).error)
    rendering.cached(rendering.key_of([choice_of(name)], [cases.Answer()]), lambda: "<svg/>")
    assert traces(name, answers) == []


def test_a_session_ends_when_its_page_has_been_away_for_some_seconds(monkeypatch):
    monkeypatch.setattr(sessions, "_sessions", {})
    for one in ("a", "b"):
        sessions.begin(one, f"who {one}")

    def ended(a_is_connected: bool, seconds: float) -> list[str]:
        return sessions.ended({"a": a_is_connected, "b": True}.__getitem__, seconds)

    assert [ended(True, 0.0), ended(False, 10.0), ended(True, 11.0), ended(False, 20.0)] == [[]] * 4
    assert ended(False, 20.0 + sessions.GRACE) == []
    assert ended(False, 20.1 + sessions.GRACE) == ["a"]


def test_the_requests_of_an_ended_session_are_removed(answers):
    sessions.begin("session", "somebody")
    answers.request("somebody/0", PolicySelection(employees=30, weeks=26))
    answers.request("somebody else/0", PolicySelection(employees=30, weeks=26, seed=2))
    sessions.end("session")
    assert set(answers._requests) == {"somebody else/0"}


def test_files_that_version_0_3_left_are_removed_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.setattr(sessions, "gettempdir", lambda: str(tmp_path))
    for folder, files in {
        "hybridwork-abcd1234": ["persons.csv"], "hybridwork-mine4567": ["persons.csv", "notes.txt"],
        "hybridwork-empty000": [], "hybridwork-notes": ["persons.csv"], "other-abcd1234": ["persons.csv"],
    }.items():  # fmt: skip
        (tmp_path / folder).mkdir()
        for file in files:
            (tmp_path / folder / file).write_text("x", encoding="utf-8")
    (tmp_path / "hybridwork-linkabcd").symlink_to(tmp_path / "other-abcd1234")
    sessions.remove_leftovers()
    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")}
    assert left == {
        "hybridwork-mine4567/persons.csv", "hybridwork-mine4567/notes.txt", "hybridwork-notes/persons.csv",
        "other-abcd1234/persons.csv",
    }  # fmt: skip


# -- workers and threads ----------------------------------------------------------------------------------------------


def test_a_worker_stores_an_organisation_only_during_its_task():
    staff = own_organisation.read_staff(persons())
    task = (lambda plans: own_organisation.stored_staff("o") is staff and plans, [1], "o", staff)
    assert worker.with_staff(task) == [1]
    assert own_organisation.stored_staff("o") is None
    with pytest.raises(ZeroDivisionError):
        worker.with_staff((lambda _: 1 / 0, [], "o", staff))
    assert own_organisation.stored_staff("o") is None


def test_cached_values_are_not_found_by_a_part_of_the_name(monkeypatch):
    monkeypatch.setattr(worker, "_burn_ins", dict.fromkeys([("o", "x"), ("o1", "x o"), (None, "o")]))
    monkeypatch.setattr(worker, "_baselines", {})
    worker.forget("o")
    assert list(worker._burn_ins) == [("o1", "x o"), (None, "o")]


class FailingExecutor(InProcessExecutor):
    """An executor whose process ends during a fatal task."""

    opened: list[FailingExecutor]

    def __init__(self) -> None:
        self.worker_errors = self.closed = False
        FailingExecutor.opened.append(self)

    def submit(self, work, argument):
        if argument == "fatal" or (self is not FailingExecutor.opened[-1] and self.worker_errors):
            self.worker_errors = True
            future: Future = Future()
            future.set_exception(BrokenExecutor())
            return future
        return super().submit(work, argument)

    def shutdown(self, **_) -> None:
        self.closed = True


def run_in_threads(work, arguments) -> None:
    """Run `work` of every argument at once, each in a thread of its own."""
    threads = [threading.Thread(target=work, args=(argument,)) for argument in arguments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_worker_that_ends_is_shut_down_and_replaced(caplog):
    FailingExecutor.opened = []
    with closing(scheduler.AnswerScheduler(check=False, open_executor=FailingExecutor)) as answers:
        results: list = []

        def submit(task):
            try:
                results.append(answers._workers[0].run(lambda argument: argument, task))
            except UserError as error:
                results.append(str(error))

        run_in_threads(submit, ["fatal", *["fine"] * 8])
        assert results.count("fine") == 8, "other tasks are done"
        assert sum("ended twice" in one for one in results) == 1
        assert len(FailingExecutor.opened) == cases.WORKERS + worker.MAX_ATTEMPTS
        assert [one.closed for one in FailingExecutor.opened].count(True) == worker.MAX_ATTEMPTS
        assert "is replaced" in caplog.text


@pytest.mark.parametrize("part", ["wants_plans", "next_replicate", "stage"])
def test_an_error_in_the_queue_ends_its_choice_alone_and_is_logged(answers, monkeypatch, caplog, part):
    bad = PolicySelection(employees=30, weeks=26, seed=7)
    real = getattr(cases.Case, part)
    get = real.fget if isinstance(real, property) else real

    def failing(self, *own):
        if self.choice == bad:
            raise RuntimeError("this case is broken")
        return get(self, *own)

    monkeypatch.setattr(cases.Case, part, property(failing) if isinstance(real, property) else failing)
    with caplog.at_level(logging.ERROR), pytest.raises(UserError, match="this case is broken"):
        answers.answer(bad, timeout=300)
    assert "Traceback" in caplog.text
    assert answers.answer(PolicySelection(employees=30, weeks=26), timeout=600).tables is not None
    assert all(thread.is_alive() for thread in answers._threads)


def test_an_error_of_the_queue_itself_is_logged_and_ends_no_thread(answers, monkeypatch, caplog):
    real, failed = answers._requested, threading.Event()

    def watched():
        if not failed.is_set():
            failed.set()
            raise RuntimeError("the queue is broken")
        return real()

    monkeypatch.setattr(answers, "_requested", watched)
    assert failed.wait(5)
    assert answers.answer(PolicySelection(employees=30, weeks=26), timeout=600).tables is not None
    assert all(thread.is_alive() for thread in answers._threads)
    assert "the queue is broken" in caplog.text


def test_threads_compose_one_at_a_time():
    composition._prepared[:] = []
    seeds: list = []

    def compose(seed):
        cfg = composition.compose(f"seed={seed}", "firm=one")
        seeds.append((seed, cfg.seed, len(composition.options("availability"))))

    run_in_threads(compose, range(1, 5))
    assert sorted(seeds) == [(seed, seed, seeds[0][2]) for seed in range(1, 5)]


# -- a server, started from a shell -----------------------------------------------------------------------------------

RECORDER = """
import socket, sys
real = socket.socket.connect
def connect(self, where):
    if isinstance(where, tuple) and where[0] not in ("127.0.0.1", "::1", "localhost"):
        print("LEAVES", where, file=sys.stderr, flush=True)
    return real(self, where)
socket.socket.connect = connect
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Yield the explorer, started in a folder whose settings switch protections off."""
    pytest.importorskip("streamlit")
    folder = tmp_path_factory.mktemp("hostile")
    (folder / ".streamlit").mkdir()
    (folder / ".streamlit" / "config.toml").write_text("[server]\nenableCORS = false\n", encoding="utf-8")
    (folder / "recorder").mkdir()
    (folder / "recorder" / "sitecustomize.py").write_text(RECORDER, encoding="utf-8")
    root = Path(__file__).resolve().parents[1]
    with sessions_benchmark.served(folder, PYTHONPATH=f"{folder / 'recorder'}{os.pathsep}{root}") as server:
        yield server
    written = server.log.read_text(encoding="utf-8")
    assert "LEAVES" not in written
    assert "Traceback" not in written


def status(address: str, path: str, **headers: str) -> int:
    """Return the status of a request, or of the attempt to open a web socket."""
    host, port = address.removeprefix("http://").strip("/").split(":")
    given = {"Host": f"{host}:{port}", "Connection": "close", **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    with socket.create_connection((host, int(port)), timeout=10) as line:
        line.sendall(f"GET {path} HTTP/1.1\r\n{head}\r\n".encode())
        return int(line.recv(100).split()[1])


UPGRADE = {
    "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}  # fmt: skip


@pytest.mark.slow
def test_a_running_server_refuses_other_origins_and_connects_to_nobody(served):
    evil = {"Origin": "http://evil.example"}, {"Host": "evil.example"}
    assert status(served.address, "/") == 200
    for headers in (*evil, evil[0] | evil[1]):
        assert status(served.address, "/_stcore/stream", **UPGRADE, **headers) == 403
    assert status(served.address, "/_stcore/health", **evil[0]) == 403
    assert status(served.address, "/_stcore/stream", **UPGRADE, Origin=served.address.strip("/")) == 101


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="Memory can be read only on Linux.")
def test_sessions_leave_neither_text_nor_files_behind(served):
    pytest.importorskip("playwright")
    if shutil.which("chromium") is None:
        pytest.skip("Chromium is not installed.")
    with ThreadPoolExecutor(1) as apart:  # from the loop that other tests in a browser run in this thread
        apart.submit(asyncio.run, sessions_benchmark.visit_all(served.address, 2, 2)).result()
    sessions_benchmark.wait_until(lambda: not served.holds(MARK), 60)
    assert served.files == []
