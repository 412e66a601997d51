"""`hybridwork describe`: print the model, or write its documents with `write=<folder>`."""

from __future__ import annotations

import sys
from pathlib import Path

from sim.engine.plan import registry_of
from sim.language.describe import tell
from sim.studies.configure import plan
from sim.studies.describe.documents import write
from sim.studies.describe.parameters import parameters

_WRITE = "write="


def main(argv: list[str]) -> int:
    """Print the day, the night, every parameter (assumed ones first) and the references; or write the documents."""
    chosen = plan(*(word for word in argv if not word.startswith(_WRITE)))
    folders = [word.removeprefix(_WRITE) for word in argv if word.startswith(_WRITE)]
    if not folders:
        sys.stdout.write(tell(registry_of(chosen), parameters(chosen)) + "\n")
    for folder in folders:
        for path in write(chosen, Path(folder)):
            print(path)
    return 0
