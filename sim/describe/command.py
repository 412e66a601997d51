"""`hybridwork describe`: print the model, or write its documents with `write=<folder>`.

With `write=docs`, `results=<folder>` and `options=<folder>` take the numbers of the results page from the folders of
two comparisons, and `page=<folder>` copies the page and the figures of a finished study.
"""

from __future__ import annotations

import sys

from sim.config.command_settings import plan_for
from sim.describe import results
from sim.describe.documents import write
from sim.describe.parameters import parameters
from sim.engine.plan import registry_of
from sim.errors import UserError
from sim.experiments.output_folder import publish
from sim.language.describe import render_model
from sim.paths import read_path

_WRITE, _PAGE = "write", "page"
_OWN = (_WRITE, _PAGE, results.RESULTS, results.OPTIONS)


def main(argv: list[str]) -> int:
    """Print the day, the night, every parameter (assumed ones first) and the references, or write the documents."""
    words = [(word.partition("=")[0], word) for word in argv]
    own = [(name, read_path(word.partition("=")[2])) for name, word in words if name in _OWN]
    plan = plan_for("describe", *(word for name, word in words if name not in _OWN))
    folders = [path for name, path in own if name == _WRITE]
    if not folders:
        if own:
            raise UserError(f"{own[0][0]}= needs a folder to write to. Add write=docs.")
        sys.stdout.write(render_model(registry_of(plan), parameters(plan)) + "\n")
    for docs in folders:
        for name, folder in own:
            if name == _PAGE:
                publish(folder, docs, folder.absolute().parent.name)
            elif name != _WRITE:
                results.update(docs, name, folder)
        for path in write(plan, docs):
            print(path)
    return 0
