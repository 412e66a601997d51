"""The documents that the code writes, by file name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from sim.describe import data_sets, odd, parameters, references, results, schedule, stress
from sim.engine.plan import Plan
from sim.errors import UserError, invalid

DOCUMENTS: dict[str, Callable[[Plan], str]] = {
    "odd.md": odd.page,
    "parameters.md": parameters.page,
    "references.md": references.page,
    "schedule.md": schedule.page,
    "stress.md": stress.page,
    "rat_rs.md": data_sets.page,
}


def write(plan: Plan, folder: Path) -> list[Path]:
    """Write every document of the plan into a folder that exists; raise UserError if that fails."""
    pages = {name: partial(page, plan) for name, page in DOCUMENTS.items()}
    if (folder / results.FILE).is_file():
        pages["results.md"] = partial(results.page, folder)
    written = []
    for name, page in pages.items():
        path = folder / name
        try:
            path.write_text(page(), encoding="utf-8", newline="\n")
        except OSError as error:
            value = f"{folder} ({error.strerror}: {name})"
            raise UserError(invalid("write", value, "a folder that exists")) from None
        written.append(path)
    return written
