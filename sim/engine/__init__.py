"""The day and the night, computed.

`engine_for` chooses between two engines with one face: `reference` (numpy, the authority) and `fused` (numba, the same
bits, faster).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol

from sim.errors import UserError

if TYPE_CHECKING:
    import numpy as np

    from sim.language.registry import Registry
    from sim.levers.catalogue import Catalogue
    from sim.world.calendar import Calendar
    from sim.world.staff import Staff

ENGINES = ("auto", "fused", "reference")


class Engine(Protocol):
    """The face of both engines: the state of one block of worlds, and how time passes in it."""

    registry: Registry
    staff: Staff
    catalogue: Catalogue
    calendar: Calendar
    seed: int
    worlds: int

    @property
    def values(self) -> Mapping[str, np.ndarray]:
        """Every quantity as it stands: (1 or world, …), float32."""

    def set_parameter(self, process: str, name: str, per_world: np.ndarray) -> None:
        """From now on parameter `name` of `process` has these values, one per world."""

    def parameter(self, process: str, name: str) -> np.ndarray:
        """The present value of a parameter in every world, shape (worlds,)."""

    def fork(self, catalogue: Catalogue) -> Engine:
        """A new engine with one world for each scenario, all alike at first; this one stays as it is."""

    def run_week(self, week: int, gather: Sequence[str] = ()) -> dict[str, np.ndarray]:
        """Compute the seven days of a week; returns the sums over its days of the quantities asked for."""

    def run_day(self, day: int) -> None:
        """Compute one day and its night."""


def check_engine(name: str) -> None:
    """Raise UserError for an unknown name, and for "fused" where numba is missing."""
    if name not in ENGINES:
        raise UserError(f"engine is '{name}'; one of {', '.join(ENGINES)}")
    if name == "fused" and not _can_fuse():
        raise UserError("engine is 'fused' and numba is missing; install hybridwork[fast] or choose engine=reference")


def engine_for(name: str = "auto") -> Callable[..., Engine]:
    """What makes an engine, called as `Reference` is; "auto" is fused where numba is installed, else reference.

    Equations that cannot be fused are computed by the reference engine, with a note. Raises UserError as `check_engine`
    does.
    """
    check_engine(name)
    if name == "reference" or not _can_fuse():
        from sim.engine.reference import Reference

        return Reference
    from sim.engine.partitioned import fused_or_reference

    return fused_or_reference


def _can_fuse() -> bool:
    return find_spec("numba") is not None
