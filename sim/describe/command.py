"""`hybridwork describe`: print the model, or write its documents with `write=<folder>`.

With `write=docs`, `results=<folder>` and `options=<folder>` take the numbers of the results page from the folders of
two comparisons, and `page=<folder>` copies the page and the figures of a finished study.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sim.config.command_settings import plan_for
from sim.describe import parameters, protocols, results, sources
from sim.engine.plan import Plan, registry_of
from sim.errors import UserError, invalid
from sim.experiments.output_folder import publish
from sim.language.describe import render_model
from sim.paths import read_path
from sim.reporting.templates import render

_WRITE, _PAGE = "write", "page"
_OWN = (_WRITE, _PAGE, results.RESULTS, results.OPTIONS)

DOCUMENTS: dict[str, Callable[[Plan], dict[str, Any]]] = {
    "odd.md": protocols.odd_facts,
    "parameters.md": parameters.facts,
    "references.md": sources.references_facts,
    "schedule.md": protocols.schedule_facts,
    "stress.md": protocols.stress_facts,
    "rat_rs.md": sources.rat_rs_facts,
}
"""The values of each document that the code writes, by file name; its template is `pages/<file name>.j2`."""


def document(name: str, plan: Plan) -> str:
    """Return a document of `DOCUMENTS` as Markdown."""
    return render("sim.describe", DOCUMENTS[name](plan), f"pages/{name}.j2")


def write(plan: Plan, folder: Path) -> list[Path]:
    """Write every document of the plan into a folder that exists; raise UserError if that fails."""
    pages = {name: document(name, plan) for name in DOCUMENTS}
    if (folder / results.FILE).is_file():
        pages["results.md"] = results.page(folder)
    for name, page in pages.items():
        try:
            (folder / name).write_text(page, encoding="utf-8", newline="\n")
        except OSError as error:
            raise UserError(invalid(_WRITE, f"{folder} ({error.strerror}: {name})", "a folder that exists")) from None
    return [folder / name for name in pages]


def main(argv: list[str]) -> int:
    """Print the day, the night, every parameter (assumed ones first) and the references, or write the documents."""
    words = [(word.partition("=")[0], word) for word in argv]
    own = [(name, read_path(word.partition("=")[2])) for name, word in words if name in _OWN]
    plan = plan_for("describe", *(word for name, word in words if name not in _OWN))
    folders = [path for name, path in own if name == _WRITE]
    if not folders:
        if own:
            raise UserError(f"{own[0][0]}= needs a folder to write to. Add write=docs.")
        sys.stdout.write(render_model(registry_of(plan), parameters.parameters(plan)) + "\n")
    for docs in folders:
        for name, folder in own:
            if name == _PAGE:
                publish(folder, docs, folder.absolute().parent.name)
            elif name != _WRITE:
                results.update(docs, name, folder)
        for path in write(plan, docs):
            print(path)
    return 0
