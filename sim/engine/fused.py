"""The fused engine: the equations compiled into one kernel, which simulates a week world by world.

It gives the same results as the reference engine, to the bit. The reference engine draws its traits and initialises its
stocks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np

from sim.engine.base import Engine, LazyMapping
from sim.engine.codegen import generate_kernel
from sim.engine.compiled import compile_kernel
from sim.engine.layout import Layout, build_layout, lay_out
from sim.engine.reference import ReferenceEngine
from sim.engine.schedule import build_schedule
from sim.engine.source_translation import UnsupportedEquationError
from sim.language.registry import Registry
from sim.levers.interventions import InterventionState
from sim.world.calendar import DAYS_A_WEEK, Calendar
from sim.world.random_streams import normal_quantiles, stream_key
from sim.world.staff import Staff

CACHE_NUMBERS = 50_000
"""Values of all quantities of a block of employees that fit into the processor's cache; measured."""
LARGE_FIRM = 20_000
"""Number of employees from which memory limits the speed, so that blocks of twice the length are faster; measured."""
_KERNELS: dict[tuple, tuple[Layout, int, Callable]] = {}


def _compiled_for(registry: Registry, block: int) -> tuple[Layout, int, Callable]:
    """Return layout, columns and compiled function of a registry, cached for all parameter values."""
    mechanisms, levers = (tuple(map(type, owners.values())) for owners in (registry.mechanisms, registry.levers))
    key = (mechanisms, levers, tuple(registry.external_inputs.items()), block)
    if key not in _KERNELS:
        schedule = build_schedule(registry)
        layout = build_layout(registry, schedule, block)
        kernel = generate_kernel(registry, schedule, layout)
        _KERNELS[key] = layout, kernel.columns, compile_kernel(kernel)
    return _KERNELS[key]


class FusedEngine(Engine):
    """The engine in compiled code; see `sim.engine.Engine` for its methods and arguments."""

    def __init__(
        self,
        registry: Registry,
        staff: Staff,
        interventions: InterventionState,
        calendar: Calendar,
        seed: int,
        worlds: int = 1,
        parameters: Mapping[tuple[str, str], np.ndarray] | None = None,
        block: int | None = None,
    ):
        """Create the engine; `block` rows are computed at a time, a power of two of at least 16.

        Raises UnsupportedEquationError where an equation cannot be fused, the firm is too large, or its rows are out of
        order.
        """
        super().__init__(registry, staff, interventions, calendar, seed, worlds, parameters)
        block = block or _block_size(registry, staff.count["employee"])
        self._layout, columns, self._run_days = _compiled_for(registry, block)
        dosing = [interventions.names.index(process) for process in registry.levers]
        self._firm_layout = lay_out(self._layout, staff, dosing)
        self._published = np.zeros(columns * (self._firm_layout.blocks("employee") + 1) * block, np.float32)
        self._gathered = np.zeros(columns * block, np.float32)
        self._keys = np.array([stream_key(seed, own) for own in self._layout.streams], np.uint64)
        self._trait_keys = _halves([stream_key(seed, own) for own in self._layout.trait_streams])
        self._table = normal_quantiles()
        self._ranks = np.concatenate([staff.anchor_rank(weekday) for weekday in range(DAYS_A_WEEK)])
        self._shifts, self._amounts = self._shift_arrays()
        self._today: dict[str, float] = {}
        self._parameters = np.zeros((0, 0), np.float32)
        self._copied: dict[str, np.ndarray] = {}
        self._initialise()
        self.values = LazyMapping(self.known, self._read)

    def __getstate__(self) -> dict[str, Any]:
        """Return the state without compiled code, which every process loads itself."""
        return {name: value for name, value in vars(self).items() if name not in ("_run_days", "_layout")} | {
            "block": self._layout.block
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        block = state.pop("block")
        vars(self).update(state)
        self._layout, _, self._run_days = _compiled_for(self.registry, block)

    def _initialise(self) -> None:
        initial = ReferenceEngine(
            self.registry, self.staff, self.interventions, self.calendar, self.seed, self.worlds, self._per_world
        ).values
        self._first_day = True
        self._state = np.zeros((self.worlds, self._firm_layout.size), np.float32)
        for name in self.registry.conditions:
            level = self.registry.quantities[name].per
            self._firm_layout.of(self._state, f"{name}__shift", level)[...] = np.float32(-0.0)
        for name, value in initial.items():
            self._firm_layout.write(self._state, name, self._level(name), value)
        self.known = dict.fromkeys(initial)

    def _shift_arrays(self) -> tuple[np.ndarray, np.ndarray]:
        shifts: list[tuple[int, int, int, int]] = []
        amounts: list[float] = []
        for condition, placed in self.interventions.shifts_by_condition().items():
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
        super().set_parameter(process, name, per_world)
        self._parameters = np.zeros((0, 0), np.float32)

    def _parameters_now(self) -> np.ndarray:
        """Return all parameters in the form of the kernel, (world, parameter)."""
        if len(self._parameters) != self.worlds:
            columns = [self.parameter(*key) for key in self._layout.parameters]
            self._parameters = np.array(columns, np.float32).reshape(-1, self.worlds).T.copy()
        return self._parameters

    # -- the day and the night ---------------------------------------------------------------------------------------

    def fork(self, interventions: InterventionState) -> Self:
        forked = super().fork(interventions)
        forked._state = np.repeat(self._state, forked.worlds // len(self._state), axis=0)
        forked._published, forked._gathered = self._published.copy(), self._gathered.copy()
        forked.known, forked._copied = dict(self.known), {}
        forked.values = LazyMapping(forked.known, forked._read)
        return forked

    def run_week(self, week: int, gather: Sequence[str] = ()) -> dict[str, np.ndarray]:
        if all(self._level(name) == "employee" for name in gather):
            return self._run(range(week * DAYS_A_WEEK, (week + 1) * DAYS_A_WEEK), gather)
        return super().run_week(week, gather)

    def run_day(self, day: int) -> None:
        self._run(range(day, day + 1))

    def _run(self, days: range, gather: Sequence[str] = ()) -> dict[str, np.ndarray]:
        if self.interventions.update(days[0]):  # interventions and settings change on Mondays only
            for name, value in self.interventions.external_inputs().items():
                self._firm_layout.write(self._state, name, "catalogue", value)
        self._apply_settings(days[0])
        offsets = np.array([self._layout.offset("employee", name) for name in gather], np.int64)
        sums = np.zeros((self.worlds, len(gather), self.staff.count["employee"]), np.float32)
        inputs = [self.calendar.external_inputs(day) for day in days]
        todays = np.array([[of_day[name] for name in self._layout.today] for of_day in inputs], np.float32)
        parameters, layout = self._parameters_now(), self._firm_layout
        for world in range(self.worlds):
            self._run_days(
                self._state[world], layout.codes, layout.rows, parameters[world], self._keys, *self._trait_keys,
                self._table, self._published, self._gathered, np.array(days, np.int64), todays, self._ranks, layout.at,
                self._first_day, self._shifts, self._amounts, offsets, sums[world],
            )  # fmt: skip
        self._today, self._first_day = inputs[-1], False
        self._copied.clear()
        self.known |= dict.fromkeys(("anchor_rank", *self._today, *self.registry.day))
        return {name: sums[:, row] for row, name in enumerate(gather)}

    def _read(self, name: str) -> np.ndarray:
        """Return a quantity, (world, [middle,] row), copied at its first use; raise KeyError where it has no value."""
        if name in self._today:
            return np.full((1, 1), self._today[name], np.float32)
        if name not in self.known:
            raise KeyError(name)
        if name not in self._copied:
            self._copied[name] = self._firm_layout.read(self._state, name, self._level(name))
        return self._copied[name]


def _block_size(registry: Registry, employees: int) -> int:
    quantities = sum(quantity.per == "employee" for quantity in registry.quantities.values())
    rows = min(max(CACHE_NUMBERS // max(quantities, 1), 128), 512)
    return 2 ** int(np.log2(rows)) * (2 if employees >= LARGE_FIRM else 1)


def _halves(keys: list[int]) -> tuple[np.ndarray, np.ndarray]:
    wide = np.array(keys, np.uint64)
    return wide.astype(np.uint32), (wide >> np.uint64(32)).astype(np.uint32)
