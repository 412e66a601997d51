"""A firm of many establishments, lived part by part: what a part needs stays in the processor's cache for a week.

Nothing passes from one establishment to another, so a part made of whole establishments can live its week before the
next begins, and every part yields the same bits as the whole would.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

import numpy as np

from sim.engine.fused import Fused
from sim.engine.reference import Reference
from sim.engine.source_translation import UnsupportedEquationError
from sim.language.registry import Registry
from sim.levers.catalogue import Catalogue
from sim.world.calendar import Calendar
from sim.world.firm import Part, partition_firm
from sim.world.staff import EXTERNAL_INPUTS, Staff

PLACES = 2_500
"""At most in a part, where its establishments allow; measured: what these need still lies near the processor."""
SHARED = ("everywhere", "catalogue")


def fused_or_reference(registry: Registry, staff: Staff, *others, **options) -> Fused | PartitionedEngine | Reference:
    """The fused engine, in parts where the firm is large and can be cut; called as either engine is.

    The reference engine and a note where something cannot be fused.
    """
    try:
        parts = partition_firm(staff.firm, PLACES)
        if len(parts) > 1:
            return PartitionedEngine(parts, registry, staff, *others, **options)
        return Fused(registry, staff, *others, **options)
    except UnsupportedEquationError as reason:
        _note(str(reason))
        return Reference(registry, staff, *others, **options)


@cache
def _note(reason: str) -> None:
    logging.getLogger(__name__).warning("the reference engine computes this run: %s", reason)


class ConcatenatedState(Mapping[str, np.ndarray]):
    """Every quantity of all parts, side by side, put together when it is asked for."""

    def __init__(self, registry: Registry, parts: Sequence[Fused]):
        self._levels = {
            **EXTERNAL_INPUTS,
            **registry.external_inputs,
            **{name: q.per for name, q in registry.quantities.items()},
        }
        self._parts = parts

    def __getitem__(self, name: str) -> np.ndarray:
        if self._levels.get(name) in SHARED:
            return self._parts[0].values[name]
        return np.concatenate([part.values[name] for part in self._parts], axis=-1)

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts[0].values)

    def __len__(self) -> int:
        return len(self._parts[0].values)


class PartitionedEngine:
    """The parts of a firm, each an engine of its own; the same face as `Fused`."""

    def __init__(
        self,
        parts: Sequence[Part],
        registry: Registry,
        staff: Staff,
        catalogue: Catalogue,
        calendar: Calendar,
        seed: int,
        worlds: int = 1,
        parameters: Mapping[tuple[str, str], np.ndarray] | None = None,
        block: int | None = None,
    ):
        """`parts` are those of the firm of `staff`; all else as in `Fused`."""
        self.registry, self.staff, self.catalogue, self.calendar = registry, staff, catalogue, calendar
        self.seed, self.worlds = seed, worlds
        staffs = [Staff(one.firm, catalogue.names, staff.replicate[one.establishments]) for one in parts]
        self._take([Fused(registry, one, catalogue, calendar, seed, worlds, parameters, block) for one in staffs])

    def _take(self, parts: Sequence[Fused]) -> None:
        self._parts = parts
        self.values = ConcatenatedState(self.registry, parts)

    def set_parameter(self, process: str, name: str, per_world: np.ndarray) -> None:
        """From now on parameter `name` of `process` has these values, one per world."""
        for part in self._parts:
            part.set_parameter(process, name, per_world)

    def parameter(self, process: str, name: str) -> np.ndarray:
        """The present value of a parameter in every world, shape (worlds,)."""
        return self._parts[0].parameter(process, name)

    def fork(self, catalogue: Catalogue) -> PartitionedEngine:
        """A new engine with one world for each scenario, all alike until something differs; this one stays as it is."""
        forked = copy.copy(self)
        forked.catalogue, forked.worlds = catalogue, len(catalogue.scenarios)
        forked._take([part.fork(catalogue) for part in self._parts])
        return forked

    def run_week(self, week: int, gather: Sequence[str] = ()) -> dict[str, np.ndarray]:
        """Compute the seven days of a week; returns the sums over its days of the quantities asked for."""
        sums = [part.run_week(week, gather) for part in self._parts]
        return {name: np.concatenate([one[name] for one in sums], axis=-1) for name in gather}

    def run_day(self, day: int) -> None:
        """Compute one day and its night."""
        for part in self._parts:
            part.run_day(day)
