"""Base class of the engines: parameters of worlds, settings of scenarios, and weeks."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Self

import numpy as np

from sim.language.registry import Registry
from sim.levers.interventions import InterventionState
from sim.levers.scenario import Scenario
from sim.world.calendar import DAYS_A_WEEK, Calendar
from sim.world.staff import EXTERNAL_INPUTS, Staff


class LazyMapping(Mapping[str, np.ndarray]):
    """Arrays by name, each read on access."""

    def __init__(self, names: Collection[str], read: Callable[[str], np.ndarray]):
        self._names, self._read = names, read

    def __getitem__(self, name: str) -> np.ndarray:
        return self._read(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class Engine(ABC):
    """State of several worlds of one firm, and the simulation of their days.

    In a new engine, traits are drawn and stocks have their starting values. `values` maps every quantity to its current
    value, float32, with the shapes of `sim.world.staff`.
    """

    values: Mapping[str, np.ndarray]

    def __init__(
        self,
        registry: Registry,
        staff: Staff,
        interventions: InterventionState,
        calendar: Calendar,
        seed: int,
        worlds: int = 1,
        parameters: Mapping[tuple[str, str], np.ndarray] | None = None,
    ):
        """Create the engine.

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
        self.registry, self.staff, self.interventions, self.calendar = registry, staff, interventions, calendar
        self.seed, self.worlds = seed, worlds
        self._per_world: dict[tuple[str, str], np.ndarray] = dict(parameters or {})

    def set_parameter(self, process: str, name: str, per_world: np.ndarray) -> None:
        """Set a parameter from now on; `per_world` holds one value per world, (worlds,)."""
        self._per_world[process, name] = np.asarray(per_world, np.float64)

    def parameter(self, process: str, name: str) -> np.ndarray:
        """Return the current value of a parameter in every world, (worlds,)."""
        own = self.registry.owner(process)
        return np.broadcast_to(self._per_world.get((process, name), getattr(own, name)), (self.worlds,)).copy()

    def fork(self, interventions: InterventionState) -> Self:
        """Return a new engine with one world per scenario, each a copy of this engine's state."""
        forked = copy.copy(self)
        forked.interventions, forked.worlds = interventions, len(interventions.scenarios)
        forked._per_world = dict(self._per_world)
        return forked

    def with_scenarios(self, scenarios: Sequence[Scenario]) -> Self:
        """Return a new engine with one world for each of these scenarios, each a copy of this engine's state."""
        return self.fork(InterventionState(self.interventions.measures, tuple(scenarios)))

    def run_week(self, week: int, gather: Sequence[str] = ()) -> dict[str, np.ndarray]:
        """Simulate the seven days of a week; return the sums over them of the quantities in `gather`."""
        sums: dict[str, np.ndarray] = {}
        for day in range(week * DAYS_A_WEEK, (week + 1) * DAYS_A_WEEK):
            self.run_day(day)
            for name in gather:
                today = self.values[name]
                sums[name] = sums[name] + today if name in sums else today
        return sums

    @abstractmethod
    def run_day(self, day: int) -> None:
        """Simulate one day and its night."""

    def _level(self, name: str) -> str:
        """Return the level of a quantity or an external input."""
        quantity = self.registry.quantities.get(name)
        return quantity.per if quantity else {**EXTERNAL_INPUTS, **self.registry.external_inputs}[name]

    def _apply_settings(self, day: int) -> None:
        """Set the parameters that scenarios change on this day."""
        for (process, name), changes in self.interventions.settings_on(day).items():
            per_world = self.parameter(process, name)
            own = getattr(self.registry.owner(process), name)
            for world, value in changes:
                per_world[world] = own if value is None else value
            self.set_parameter(process, name, per_world)
