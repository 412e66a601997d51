"""Long families of cases: the quick tests take some of each, spread evenly, and the slow tests take the others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def spread(cases: Iterable[Any], quick: int) -> list[Any]:
    """Return all cases as pytest parameters, with all but `quick` of them, evenly spread, marked as slow."""
    every = list(cases)
    chosen = {number * len(every) // quick for number in range(quick)} if quick < len(every) else range(len(every))
    return [
        pytest.param(
            *(case if isinstance(case, tuple) else (case,)), marks=() if number in chosen else pytest.mark.slow
        )
        for number, case in enumerate(every)
    ]
