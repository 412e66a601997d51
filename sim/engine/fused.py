"""The fused engine: the same equations, compiled into one kernel that lives a whole week in one world after another.

It yields the same bits as the reference engine, which sets it up: traits and beginnings are drawn there, once.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any

import numpy as np

from sim.engine.codegen import kernel_of
from sim.engine.compiled import compiled
from sim.engine.equation_groups import level_of
from sim.engine.layout import Layout, build_in, layout_of
from sim.engine.reference import Reference
from sim.engine.schedule import build_schedule
from sim.engine.source_translation import UnsupportedEquationError
from sim.language.registry import Registry
from sim.levers.catalogue import Catalogue
from sim.world.calendar import DAYS_A_WEEK, Calendar
from sim.world.random_streams import normal_table, stream_key
from sim.world.staff import EXTERNAL_INPUTS, Staff

NUMBERS = 50_000
"""Of a block's employees, all quantities together: as many as lie near the processor at once; measured."""
MANY = 20_000
"""From so many employees on, memory sets the pace, and is read faster in blocks twice as long; measured."""
_KERNELS: dict[tuple, tuple[Layout, int, Callable]] = {}


def _ready(registry: Registry, block: int) -> tuple[Layout, int, Callable]:
    """Layout, columns and compiled function of a registry; values of parameters do not matter, so each is made once."""
    mechanisms, levers = (tuple(map(type, owners.values())) for owners in (registry.mechanisms, registry.levers))
    key = (mechanisms, levers, tuple(registry.external_inputs.items()), block)
    if key not in _KERNELS:
        order = build_schedule(registry)
        layout = layout_of(registry, order, block)
        kernel = kernel_of(registry, order, layout)
        _KERNELS[key] = layout, kernel.columns, compiled(kernel)
    return _KERNELS[key]


class Values(Mapping[str, np.ndarray]):
    """Every quantity as it stands, copied out of the engine's memory when it is asked for: (world, …), float32."""

    def __init__(self, engine: Fused):
        self._engine = engine
        self._copied: dict[str, np.ndarray] = {}

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self._copied:
            self._copied[name] = self._engine.quantity(name)
        return self._copied[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._engine.known)

    def __len__(self) -> int:
        return len(self._engine.known)

    def forget(self) -> None:
        """The days have gone on: copies made so far are of the past."""
        self._copied.clear()


class Fused:
    """The state of one block of worlds, and how a day passes in it; the same face as `Reference`."""

    def __init__(
        self,
        registry: Registry,
        staff: Staff,
        catalogue: Catalogue,
        calendar: Calendar,
        seed: int,
        worlds: int = 1,
        parameters: Mapping[tuple[str, str], np.ndarray] | None = None,
        block: int | None = None,
    ):
        """Set up everybody on the first day; `parameters` and `worlds` as in `Reference`.

        `block` is how many rows are computed at a time, a power of two from 16 on; left out, what suits the size.

        Raises CannotFuse where an equation cannot be fused, or the firm is too large or its rows are out of order.
        """
        self.registry, self.staff, self.catalogue, self.calendar = registry, staff, catalogue, calendar
        self.seed, self.worlds = seed, worlds
        self._varied: dict[tuple[str, str], np.ndarray] = dict(parameters or {})
        block = block or _suitable_block(registry, staff.count["employee"])
        self._layout, columns, self._live = _ready(registry, block)
        dosing = [catalogue.names.index(process) for process in registry.levers]
        self._building = build_in(self._layout, staff, dosing)
        self._seen = np.zeros(columns * (self._building.blocks("employee") + 1) * block, np.float32)
        self._brought = np.zeros(columns * block, np.float32)
        self._keys = np.array([stream_key(seed, own) for own in self._layout.streams], np.uint64)
        self._trait_keys = _halves([stream_key(seed, own) for own in self._layout.trait_streams])
        self._table = np.append(normal_table()[0], _last_quantile())
        self._ranks = np.concatenate([staff.anchor_rank(weekday) for weekday in range(DAYS_A_WEEK)])
        self._shifts, self._amounts = self._shifts_as_numbers()
        self._today: dict[str, float] = {}
        self._parameters = np.zeros((0, 0), np.float32)
        self.values = Values(self)
        self._begin()

    def __getstate__(self) -> dict[str, Any]:
        """The state without compiled code, which every process loads for itself."""
        return {name: value for name, value in vars(self).items() if name not in ("_live", "_layout")} | {
            "block": self._layout.block
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        block = state.pop("block")
        vars(self).update(state)
        self._layout, _, self._live = _ready(self.registry, block)

    def _begin(self) -> None:
        begun = Reference(
            self.registry, self.staff, self.catalogue, self.calendar, self.seed, self.worlds, self._varied
        ).values
        self._fresh = True
        self._state = np.zeros((self.worlds, self._building.size), np.float32)
        for name in self.registry.conditions:
            level = self.registry.quantities[name].per
            self._building.of(self._state, f"{name}__shift", level)[...] = np.float32(-0.0)
        for name, value in begun.items():
            self._building.write(self._state, name, self._level(name), value)
        self.known = dict.fromkeys(begun)

    def _level(self, name: str) -> str:
        return (
            level_of(self.registry, name)
            if name in self.registry.quantities
            else {**EXTERNAL_INPUTS, **self.registry.external_inputs}[name]
        )

    def _shifts_as_numbers(self) -> tuple[np.ndarray, np.ndarray]:
        shifts: list[tuple[int, int, int, int]] = []
        amounts: list[float] = []
        for condition, placed in self.catalogue.shifts_by_condition().items():
            if condition not in self.registry.conditions:
                continue
            if self.registry.quantities[condition].per != "employee":
                raise UnsupportedEquationError(f"measures shift '{condition}', which is not per employee")
            total = self._layout.offset("employee", f"{condition}__shift")
            for number, one in enumerate(placed):
                shifts.append((total, one.measure, one.shift.receives == "managers", number == 0))
                amounts.append(one.shift.amount)
        return np.array(shifts, np.int64).reshape(-1, 4), np.array(amounts, np.float32)

    # -- parameters --------------------------------------------------------------------------------------------------

    def set_parameter(self, process: str, name: str, per_world: np.ndarray) -> None:
        """From now on parameter `name` of `process` has these values, one per world."""
        self._varied[process, name] = np.asarray(per_world, np.float64)
        self._parameters = np.zeros((0, 0), np.float32)

    def parameter(self, process: str, name: str) -> np.ndarray:
        """The present value of a parameter in every world, shape (worlds,)."""
        own = self.registry.owner(process)
        return np.broadcast_to(self._varied.get((process, name), getattr(own, name)), (self.worlds,)).copy()

    def _parameters_now(self) -> np.ndarray:
        """All parameters as the kernel takes them, (world, parameter)."""
        if len(self._parameters) != self.worlds:
            columns = [self.parameter(*key) for key in self._layout.parameters]
            self._parameters = np.array(columns, np.float32).reshape(-1, self.worlds).T.copy()
        return self._parameters

    # -- the day and the night ---------------------------------------------------------------------------------------

    def fork(self, catalogue: Catalogue) -> Fused:
        """A new engine with one world for each scenario, all alike until something differs; this one stays as it is."""
        forked = copy.copy(self)
        forked.catalogue, forked.worlds = catalogue, len(catalogue.scenarios)
        forked._state = np.repeat(self._state, forked.worlds // len(self._state), axis=0)
        forked._seen, forked._brought = self._seen.copy(), self._brought.copy()
        forked._varied, forked.known, forked.values = dict(self._varied), dict(self.known), Values(forked)
        return forked

    def run_week(self, week: int, gather: Sequence[str] = ()) -> dict[str, np.ndarray]:
        """Compute the seven days of a week; returns the sums over its days of the quantities asked for."""
        days = range(week * DAYS_A_WEEK, (week + 1) * DAYS_A_WEEK)
        if all(self._level(name) == "employee" for name in gather):
            return self._run(days, gather)
        sums: dict[str, np.ndarray] = {}
        for day in days:
            self.run_day(day)
            for name in gather:
                sums[name] = sums[name] + self.values[name] if name in sums else self.values[name]
        return sums

    def run_day(self, day: int) -> None:
        """Compute one day and its night."""
        self._run(range(day, day + 1))

    def _run(self, days: range, gather: Sequence[str] = ()) -> dict[str, np.ndarray]:
        self._turn_the_page(days)
        offsets = np.array([self._layout.offset("employee", name) for name in gather], np.int64)
        sums = np.zeros((self.worlds, len(gather), self.staff.count["employee"]), np.float32)
        givens = [self.calendar.external_inputs(day) for day in days]
        todays = np.array([[given[name] for name in self._layout.today] for given in givens], np.float32)
        parameters, building = self._parameters_now(), self._building
        for world in range(self.worlds):
            self._live(
                self._state[world], building.codes, building.rows, parameters[world], self._keys, *self._trait_keys,
                self._table, self._seen, self._brought, np.array(days, np.int64), todays, self._ranks, building.at,
                self._fresh, self._shifts, self._amounts, offsets, sums[world],
            )  # fmt: skip
        self._today, self._fresh = givens[-1], False
        self.values.forget()
        self.known |= dict.fromkeys(("anchor_rank", *self._today, *self.registry.day))
        return {name: sums[:, row] for row, name in enumerate(gather)}

    def _turn_the_page(self, days: range) -> None:
        """Bring programmes and settings of all worlds to the first of these days; they change on Mondays alone."""
        day = days[0]
        if self.catalogue.update(day):
            for name, value in self.catalogue.external_inputs().items():
                self._building.write(self._state, name, "catalogue", value)
        for (process, name), changes in self.catalogue.settings_on(day).items():
            per_world = self.parameter(process, name)
            own = getattr(self.registry.owner(process), name)
            for world, setting in changes:
                per_world[world] = own if setting is None else setting
            self.set_parameter(process, name, per_world)

    def quantity(self, name: str) -> np.ndarray:
        """A quantity as it stands: (world, [middle,] row); raises KeyError where there is none."""
        if name in self._today:
            return np.full((1, 1), self._today[name], np.float32)
        if name not in self.known:
            raise KeyError(name)
        return self._building.read(self._state, name, self._level(name))


def _suitable_block(registry: Registry, employees: int) -> int:
    quantities = sum(quantity.per == "employee" for quantity in registry.quantities.values())
    rows = min(max(NUMBERS // max(quantities, 1), 128), 512)
    return 2 ** int(np.log2(rows)) * (2 if employees >= MANY else 1)


def _halves(keys: list[int]) -> tuple[np.ndarray, np.ndarray]:
    wide = np.array(keys, np.uint64)
    return wide.astype(np.uint32), (wide >> np.uint64(32)).astype(np.uint32)


def _last_quantile() -> np.float32:
    return np.load(files("sim.data").joinpath("normal_quantiles.npy").open("rb"))[-1]
