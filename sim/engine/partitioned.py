"""Engine of a large firm in parts, so that each part stays in the processor's cache for a week.

Establishments do not influence each other. Parts of whole establishments can therefore be simulated one after another
for a week each, with the same results, to the bit, as the whole firm.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Self

import numpy as np

from sim.engine.base import Engine, LazyMapping
from sim.engine.fused import FusedEngine
from sim.engine.reference import ReferenceEngine
from sim.engine.source_translation import UnsupportedEquationError
from sim.language.registry import Registry
from sim.levers.interventions import InterventionState
from sim.world.calendar import Calendar
from sim.world.firm import Part, partition_firm
from sim.world.staff import Staff

PARTITION_PLACES = 2_500
"""Places of a part that still fit into the processor's cache; measured. A larger establishment is a separate part."""
SHARED_LEVELS = ("everywhere", "catalogue")


def fused_or_reference(
    registry: Registry, staff: Staff, *others, **options
) -> FusedEngine | PartitionedEngine | ReferenceEngine:
    """Return the fused engine, in parts where a large firm can be divided; arguments as in `sim.engine.Engine`.

    Where something cannot be fused, return the reference engine and log a warning.
    """
    try:
        parts = partition_firm(staff.firm, PARTITION_PLACES)
        if len(parts) > 1:
            return PartitionedEngine(parts, registry, staff, *others, **options)
        return FusedEngine(registry, staff, *others, **options)
    except UnsupportedEquationError as reason:
        _log_fallback(str(reason))
        return ReferenceEngine(registry, staff, *others, **options)


@cache
def _log_fallback(reason: str) -> None:
    logging.getLogger(__name__).warning("the reference engine computes this run: %s", reason)


class PartitionedEngine(Engine):
    """The engines of the parts of a firm; see `sim.engine.Engine` for its methods and arguments."""

    def __init__(
        self,
        parts: Sequence[Part],
        registry: Registry,
        staff: Staff,
        interventions: InterventionState,
        calendar: Calendar,
        seed: int,
        worlds: int = 1,
        parameters: Mapping[tuple[str, str], np.ndarray] | None = None,
        block: int | None = None,
    ):
        """Create the engines; `parts` are the parts of the firm of `staff`."""
        super().__init__(registry, staff, interventions, calendar, seed, worlds, parameters)
        staffs = [Staff(one.firm, interventions.names, staff.replicate[one.establishments]) for one in parts]
        self._set_parts(
            [FusedEngine(registry, one, interventions, calendar, seed, worlds, parameters, block) for one in staffs]
        )

    def _set_parts(self, parts: Sequence[FusedEngine]) -> None:
        self._parts = parts
        self.values = LazyMapping(parts[0].values, self._concatenated)

    def _concatenated(self, name: str) -> np.ndarray:
        if self._level(name) in SHARED_LEVELS:
            return self._parts[0].values[name]
        return np.concatenate([part.values[name] for part in self._parts], axis=-1)

    def set_parameter(self, process: str, name: str, per_world: np.ndarray) -> None:
        for part in self._parts:
            part.set_parameter(process, name, per_world)

    def parameter(self, process: str, name: str) -> np.ndarray:
        return self._parts[0].parameter(process, name)

    def fork(self, interventions: InterventionState) -> Self:
        forked = super().fork(interventions)
        forked._set_parts([part.fork(interventions) for part in self._parts])
        return forked

    def run_week(self, week: int, gather: Sequence[str] = ()) -> dict[str, np.ndarray]:
        sums = [part.run_week(week, gather) for part in self._parts]
        return {name: np.concatenate([one[name] for one in sums], axis=-1) for name in gather}

    def run_day(self, day: int) -> None:
        for part in self._parts:
            part.run_day(day)
