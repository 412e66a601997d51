"""Engines: the computation of a day and its night.

`engine_for` chooses between two implementations of `Engine`: `reference` (numpy, the authority) and `fused` (numba, the
same bits, faster).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol

from sim.errors import UserError

if TYPE_CHECKING:
    import numpy as np

    from sim.language.registry import Registry
    from sim.levers.interventions import InterventionState
    from sim.world.calendar import Calendar
    from sim.world.staff import Staff

ENGINES = ("auto", "fused", "reference")


class Engine(Protocol):
    """State of several worlds of one firm, and the simulation of their days.

    Every engine is created with the arguments registry, staff, interventions, calendar, seed, worlds and parameters,
    and then stands at the first day: traits are drawn and stocks have their starting values.

    Parameters
    ----------
    registry : Registry
        Quantities and the order of their equations.
    staff : Staff
        Structure of the firm.
    interventions : InterventionState
        Measures, settings and scenarios.
    calendar : Calendar
    seed : int
    worlds : int, default 1
        Number of worlds.
    parameters : mapping of (str, str) to (worlds,) array, optional
        Parameters in which worlds differ: (process, name) to one value per world.
    """

    registry: Registry
    staff: Staff
    interventions: InterventionState
    calendar: Calendar
    seed: int
    worlds: int

    @property
    def values(self) -> Mapping[str, np.ndarray]:
        """Current value of every quantity, float32: (1 or world, …) as in `sim.world.staff`."""

    def set_parameter(self, process: str, name: str, per_world: np.ndarray) -> None:
        """Set a parameter from now on; `per_world` holds one value per world, (worlds,)."""

    def parameter(self, process: str, name: str) -> np.ndarray:
        """Return the current value of a parameter in every world, (worlds,)."""

    def fork(self, interventions: InterventionState) -> Engine:
        """Return a new engine with one world per scenario, each a copy of this engine's state."""

    def run_week(self, week: int, gather: Sequence[str] = ()) -> dict[str, np.ndarray]:
        """Simulate the seven days of a week; return the sums over them of the quantities in `gather`."""

    def run_day(self, day: int) -> None:
        """Simulate one day and its night."""


def check_engine(name: str) -> None:
    """Raise UserError for an unknown engine, and for "fused" where numba is missing."""
    if name not in ENGINES:
        raise UserError(f"Unknown engine: {name}. Use one of {', '.join(ENGINES)}.")
    if name == "fused" and not _has_numba():
        raise UserError(
            "Invalid value for engine: fused. It needs numba: install hybridwork[fast] or use engine=reference."
        )


def engine_for(name: str = "auto") -> Callable[..., Engine]:
    """Return the constructor of an engine, with the arguments of `Engine`.

    Parameters
    ----------
    name : str
        One of `ENGINES`; "auto" is "fused" where numba is installed and "reference" elsewhere. Where an equation cannot
        be fused, the fused engine falls back on the reference engine and logs a warning.

    Raises
    ------
    UserError
        As `check_engine` does.
    """
    check_engine(name)
    if name == "reference" or not _has_numba():
        from sim.engine.reference import ReferenceEngine

        return ReferenceEngine
    from sim.engine.partitioned import fused_or_reference

    return fused_or_reference


def _has_numba() -> bool:
    return find_spec("numba") is not None
