"""Data left behind by sessions of the explorer in Chromium: `python -m benchmarks.sessions`.

Sessions in Dutch and English, first one after another and then several at once, open the page, upload a small
organisation, wait for an answer and close. The table shows what remains on the server: memory, threads, processes,
files, and text of the uploaded files. Needs the extra `explore`, Playwright, Chromium and `/proc`.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import urlopen

import psutil

from sim.views.explore.sessions import GRACE
from sim.words import Words

MARK = "zq" + "xmarker"
"""Start of every name in an uploaded file; split in two, so that no source file contains it."""
SESSIONS, AT_ONCE = 20, 4
_PATIENCE = 600_000


def persons(people: int = 30) -> bytes:
    """Return a small organisation of teams of six, whose names all begin with `MARK`."""
    lines = ["id,team,department,manager,role"]
    for place in range(people):
        leader = place - place % 6
        manager, role = ("", "manager") if place == leader else (f"{MARK}{leader}", "employee")
        lines.append(f"{MARK}{place},{MARK}t{place // 6},{MARK}d{place // 18},{manager},{role}")
    return "\n".join(lines).encode()


@dataclass(frozen=True)
class Server:
    """Running explorer: its process, address, log, and folder of temporary files."""

    process: psutil.Process
    address: str
    log: Path
    temporary: Path

    @property
    def processes(self) -> list[psutil.Process]:
        """Return the server and its workers."""
        return [self.process, *self.process.children(recursive=True)]

    @property
    def megabytes(self) -> float:
        """Return the memory of all processes; shared pages count once (PSS)."""
        return sum(one.memory_full_info().pss for one in self.processes) / 1e6

    @property
    def files(self) -> list[Path]:
        """Return the files in the temporary folder."""
        return [path for path in self.temporary.rglob("*") if path.is_file()]

    def rest(self) -> None:
        """Wait until no process computes any more, for example answers prepared after the start."""
        used = -1.0
        while (now := sum(sum(one.cpu_times()[:2]) for one in self.processes)) - used > 0.5:
            used = now
            time.sleep(5)

    def holds(self, text: str) -> bool:
        """Return whether the memory of any process contains this text."""
        return any(_memory_holds(one.pid, text.encode()) for one in self.processes)


def _memory_holds(pid: int, text: bytes) -> bool:
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            span, rights = line.split()[:2]
            start, end = (int(one, 16) for one in span.split("-"))
            if not rights.startswith("rw"):
                continue
            try:
                memory.seek(start)
                if text in memory.read(end - start):
                    return True
            except OSError:  # memory of the kernel
                continue
    return False


@contextmanager
def served(folder: Path, page: str = "explore", *words: str, **variables: str) -> Iterator[Server]:
    """Serve a page, `explore` or `watch`, from a working folder with a temporary folder inside it."""
    temporary, log = folder / "tmp", folder / "log.txt"
    temporary.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}/"
    with open(log, "w", encoding="utf-8") as written:
        process = subprocess.Popen(
            [sys.executable, "-m", "sim", page, f"port={port}", *words], cwd=folder, stdout=written, stderr=written,
            env={**os.environ, "TMPDIR": str(temporary), **variables},
        )  # fmt: skip
        try:
            wait_until(lambda: process.poll() is not None or _answers(address), 300)
            yield Server(psutil.Process(process.pid), address, log, temporary)
        finally:
            process.terminate()
            process.wait(20)


def _answers(address: str) -> bool:
    try:
        return bool(urlopen(address, timeout=2).status == 200)
    except OSError:
        return False


def wait_until(is_true: Callable[[], bool], seconds: float) -> None:
    """Wait until `is_true()`; raise TimeoutError after `seconds`."""
    end = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() > end:
            raise TimeoutError(f"not after {seconds:g} seconds")
        time.sleep(0.2)


async def visit(browser: Any, address: str, language: str) -> float:
    """Open the page, upload an organisation, wait for its answer and close; return the seconds this took."""
    begun, words = time.perf_counter(), Words(language)
    page = await browser.new_page()
    page.set_default_timeout(_PATIENCE)
    await page.goto(f"{address}?v=1&language={language}&availability=quiet_evenings&employees=60&weeks=26")
    await page.get_by_text(words("explore.panel.organisation"), exact=True).click()
    upload = page.locator("[data-testid=stFileUploaderDropzone] input, input[type=file]").first
    await upload.set_input_files({"name": "persons.csv", "mimeType": "text/csv", "buffer": persons()})
    await page.get_by_text(words("explore.panel.uploaded", people="30")).wait_for()
    await page.wait_for_selector(".card .change")
    await page.close()
    return time.perf_counter() - begun


async def visit_all(address: str, at_once: int, sessions: int) -> list[float]:
    """Run sessions, every second one in Dutch, `at_once` at a time; return the seconds of each."""
    from playwright.async_api import async_playwright

    free = asyncio.Semaphore(at_once)
    async with async_playwright() as play:
        browser = await play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])

        async def one(number: int) -> float:
            async with free:
                return await visit(browser, address, ("en", "nl")[number % 2])

        return await asyncio.gather(*map(one, range(sessions)))


def main() -> int:
    """Run the sessions and print a table; return 1 if any data remains."""
    with TemporaryDirectory() as folder, served(Path(folder)) as server:
        print("| after | MB | processes | threads | files | text in memory | longest session (s) |")
        print("| --- | ---: | ---: | ---: | ---: | --- | ---: |")
        is_clean = True
        for sessions, at_once in ((0, 1), (SESSIONS // 2, 1), (SESSIONS // 2, AT_ONCE)):
            taken = asyncio.run(visit_all(server.address, at_once, sessions)) if sessions else [0.0]
            time.sleep(2 * GRACE)
            server.rest()
            is_held, processes = server.holds(MARK), server.processes
            is_clean &= not is_held and not server.files
            row = (
                f"{sessions} sessions, {at_once} at once", f"{server.megabytes:.0f}", len(processes),
                sum(one.num_threads() for one in processes), len(server.files), "yes" if is_held else "no",
                f"{max(taken):.0f}",
            )  # fmt: skip
            print(f"| {' | '.join(map(str, row))} |", flush=True)
        begun = server.processes
        server.process.terminate()
        _, alive = psutil.wait_procs(begun, 20)
        is_clean &= not alive and not server.files
        print(f"\nAfter the end: {len(alive)} processes, {len(server.files)} files.")
        print(server.log.read_text(encoding="utf-8"), file=sys.stderr)
    return 0 if is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
