"""Engines: the computation of a day and its night.

`engine_for` chooses between two implementations of `Engine`: `reference` (numpy, which defines the results) and `fused`
(numba, faster, with the same results to the bit).
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

from sim.engine.base import Engine as Engine
from sim.errors import UserError, unknown

ENGINES = ("auto", "fused", "reference")


def check_engine(name: str) -> None:
    """Raise UserError for an unknown engine, and for "fused" where numba is missing."""
    if name not in ENGINES:
        raise UserError(unknown("engine", name, ENGINES))
    if name == "fused" and not _has_numba():
        raise UserError(
            "Invalid value for engine: fused. It needs numba. Install hybridwork[fast] or use engine=reference."
        )


def engine_for(name: str = "auto") -> Callable[..., Engine]:
    """Return the constructor of an engine, with the arguments of `Engine`.

    Parameters
    ----------
    name : str
        One of `ENGINES`; "auto" is "fused" where numba is installed, else "reference". Where an equation cannot be
        fused, the reference engine is used and a warning is logged.

    Raises
    ------
    UserError
        For an unknown engine, and for "fused" where numba is missing.
    """
    check_engine(name)
    if name == "reference" or not _has_numba():
        from sim.engine.reference import ReferenceEngine

        return ReferenceEngine
    from sim.engine.partitioned import fused_or_reference

    return fused_or_reference


def _has_numba() -> bool:
    return find_spec("numba") is not None
