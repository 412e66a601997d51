"""`hybridwork describe`: print the day, the night, every parameter (assumed ones first) and the references."""

from __future__ import annotations

import sys

from sim.engine.plan import registry_of
from sim.language.describe import tell
from sim.outcomes.survey import survey_of
from sim.studies.configure import plan


def main(argv: list[str]) -> int:
    """Print the model under the configuration and its overrides."""
    chosen = plan(*argv)
    sys.stdout.write(tell(registry_of(chosen), [survey_of(chosen)]) + "\n")
    return 0
