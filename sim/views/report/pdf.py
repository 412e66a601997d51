"""The report as PDF, printed by a browser where one is present."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from sim.errors import UserError

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge", "microsoft-edge")
_SECONDS = 120


def browser() -> str | None:
    """Return a browser that prints without a window; None where there is none."""
    return next((path for name in _BROWSERS if (path := shutil.which(name))), None)


def print_to(page: Path, path: Path) -> None:
    """Print a page to `path`; raise UserError without a browser, or if it fails."""
    program = browser()
    if program is None:
        raise UserError("No browser found for pdf=true. Install chromium, or print the page by hand.")
    with TemporaryDirectory(prefix="hybridwork-") as profile:
        printed = Path(profile) / "report.pdf"
        words = [
            program, "--headless", "--disable-gpu", "--no-pdf-header-footer", f"--user-data-dir={profile}",
            f"--print-to-pdf={printed}", page.resolve().as_uri(),
        ]  # fmt: skip
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            words.insert(1, "--no-sandbox")  # Chromium refuses its sandbox to root
        reason = "no file was written"
        try:
            subprocess.run(words, capture_output=True, timeout=_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            reason = type(error).__name__
        if not printed.is_file():
            raise UserError(f"{program} cannot print {page}: {reason}. Print it by hand.")
        shutil.move(printed, path)
