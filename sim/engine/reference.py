"""The reference engine: numpy evaluates the equations, for all worlds together.

A quantity that is the same in all worlds is stored once, with a leading axis of 1, and broadcasts. It gets one row per
world as soon as one of its dependencies differs between worlds. All state is float32.

A day is divided into groups of equations of one level. A large firm is computed block by block within a group. An
equation that reads other rows needs them complete, so it belongs to a later group.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from sim.engine.base import Engine
from sim.engine.equation_groups import EquationGroup, equation_groups, inputs_of_other_rows, level_of
from sim.language.grammar import AGGREGATION_SOURCES, RANDOM_ARGUMENTS, Mechanism, dependencies_of, stream_of
from sim.language.levels import DOMAINS
from sim.language.registry import Quantity, Registry
from sim.levers.interventions import InterventionState
from sim.world.calendar import DAYS_A_WEEK, Calendar
from sim.world.random_streams import normals, splitmix64, stream_key, uniforms
from sim.world.staff import ALL_ROWS, Staff, select_rows

CELLS = 1 << 20
"""Values of one quantity in a block. Smaller blocks cost more in calls than they save in memory. Larger arrays are
returned to the operating system after each use, which slows down a large firm."""

_DRAW = {"normal": normals, "uniform": uniforms}
_WORD = (1 << 64) - 1

Source = Callable[[int, slice], object]
"""Function that returns the value of an argument for a day and some rows."""


@dataclass(frozen=True)
class Equation:
    """An equation with the sources of its arguments, in order."""

    quantity: Quantity
    arguments: tuple[Source, ...]
    rank: int
    key: int


class ReferenceEngine(Engine):
    """The engine in numpy; see `sim.engine.Engine` for its methods and arguments."""

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
        super().__init__(registry, staff, interventions, calendar, seed, worlds, parameters)
        self._bound: dict[tuple[str, int], Mechanism] = {}
        self.values: dict[str, np.ndarray] = {**staff.external_inputs, **interventions.external_inputs()}
        self.values["generation"] = np.zeros((1, staff.count["employee"]), np.float32)
        self._equations = self._all_equations()
        self._shifts = interventions.shifts_by_condition()
        self._shift_totals: dict[str, np.ndarray] = {}
        self._stocks = registry.night
        self._daily_stocks = tuple(name for name in registry.night if registry.quantities[name].every == "day")
        self._groups: dict[tuple[str, ...], tuple[EquationGroup, ...]] = {}
        self._draw_traits()
        self._initialise_stocks()

    def __getstate__(self) -> dict[str, Any]:
        """Return the state without the equations, whose argument sources belong to one engine."""
        return {name: value for name, value in vars(self).items() if name != "_equations"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._equations = self._all_equations()

    # -- parameters --------------------------------------------------------------------------------------------------

    def set_parameter(self, process: str, name: str, per_world: np.ndarray) -> None:
        super().set_parameter(process, name, per_world)
        for rank in (1, 2, 3):
            self._bound.pop((process, rank), None)

    def _with_parameters(self, process: str, rank: int) -> Mechanism:
        bound = self._bound.get((process, rank))
        if bound is None:
            own = self.registry.owner(process)
            bound = copy.copy(own)
            for name in own.parameter_metadata():
                value = self._per_world.get((process, name), getattr(own, name))
                object.__setattr__(bound, name, _parameter(value, rank))
            self._bound[process, rank] = bound
        return bound

    # -- equations ---------------------------------------------------------------------------------------------------

    def _all_equations(self) -> dict[str, Equation]:
        """Return every equation with the sources of its arguments in this engine."""
        return {name: self._equation(q) for name, q in self.registry.quantities.items() if q.kind != "sum"}

    def _equation(self, quantity: Quantity) -> Equation:
        method = self.registry.mechanisms[quantity.owner].equations()[quantity.name]
        key = self._key(method)
        rank = len(self.staff.shape(quantity.per, 1))
        return Equation(quantity, tuple(self._source(c, quantity, key) for c in dependencies_of(method)), rank, key)

    def _key(self, method: Callable) -> int:
        """Return the key of a method's random stream; 0 where it takes no random numbers."""
        own = stream_of(method)
        return stream_key(self.seed, own) if own else 0

    def _source(self, cause: str, quantity: Quantity, key: int) -> Source:
        if cause in RANDOM_ARGUMENTS:
            return self._random_source(cause, quantity, key)
        if cause in AGGREGATION_SOURCES:
            source = self.staff.aggregation_sources[cause]
            return lambda day, rows: source.at(rows)
        if cause.startswith("their_"):
            return self._other_end_source(cause.removeprefix("their_"))
        level = level_of(self.registry, cause)
        if level == "everywhere" or cause in inputs_of_other_rows(self.registry, quantity):
            return lambda day, rows: self.values[cause]
        if level == quantity.per or any(source in quantity.causes for source in AGGREGATION_SOURCES):
            return lambda day, rows: select_rows(self.values[cause], rows)
        return lambda day, rows: self.staff.broadcast(self.values[cause], level, quantity.per, rows)

    def _random_source(self, cause: str, quantity: Quantity, key: int) -> Source:
        draw, entity = _DRAW[cause], self.staff.entity[quantity.per]
        if quantity.kind != "trait":
            return lambda day, rows: draw(splitmix64(key ^ splitmix64(day & _WORD)), entity[..., rows])[None]
        if quantity.per == "employee":
            return lambda day, rows: draw(key, self.staff.person(self.values["generation"])[..., rows])
        return lambda day, rows: draw(key, entity[..., rows])[None]

    def _other_end_source(self, name: str) -> Source:
        ties = self.staff.aggregation_sources["ties"]
        cached: list = [None, None]

        def of_other_end(day: int, rows: slice) -> np.ndarray:
            """Return the values of the partners; the blocks of a group share the padded array."""
            if cached[0] is not self.values[name]:
                cached[:] = self.values[name], ties.with_empty_row(self.values[name])
            return ties.at(rows).select_neighbour_values(cached[1])

        return of_other_end

    # -- evaluation --------------------------------------------------------------------------------------------------

    def _evaluate_all(self, names: tuple[str, ...], day: int, results: dict[str, np.ndarray]) -> None:
        """Evaluate quantities that are ordered with dependencies first."""
        if names not in self._groups:
            self._groups[names] = tuple(equation_groups(self.registry, names))
        for group in self._groups[names]:
            whole: dict[str, np.ndarray] = {}
            for rows in self._blocks(group.level):
                for name in group.names:
                    part = self._evaluate(name, day, rows)
                    results[name] = part if rows is ALL_ROWS else self._write_block(part, rows, name, whole)

    def _blocks(self, level: str) -> Iterator[slice]:
        cells = self.worlds * self.staff.middle.get(level, 1)
        places = self.staff.count[level]
        blocks = -(-places * cells // CELLS)
        if DOMAINS[level] != "employee" or blocks <= 2:
            yield ALL_ROWS
            return
        rows = -(-places // blocks)
        for first in range(0, places, rows):
            yield slice(first, min(first + rows, places))

    def _write_block(self, part: np.ndarray, rows: slice, name: str, whole: dict[str, np.ndarray]) -> np.ndarray:
        """Write the rows of a block into the array of all rows."""
        if name not in whole:
            whole[name] = np.empty(self.staff.shape(self.registry.quantities[name].per, part.shape[0]), np.float32)
        whole[name][..., rows] = part
        return whole[name]

    def _evaluate(self, name: str, day: int, rows: slice = ALL_ROWS) -> np.ndarray:
        quantity = self.registry.quantities[name]
        if quantity.kind == "sum":
            return self._sum(quantity, rows)
        equation = self._equations[name]
        mechanism = self._with_parameters(quantity.owner, equation.rank)
        try:
            result = getattr(mechanism, name)(*[source(day, rows) for source in equation.arguments])
        except Exception as error:
            error.add_note(f"while computing {quantity.owner}.{name}, one value per {quantity.per}")
            raise
        if quantity.condition:
            result = self._apply_levers(result, quantity, day, rows)
        return self._in_level_shape(result, quantity, equation.rank, rows)

    def _in_level_shape(self, result, quantity: Quantity, rank: int, rows: slice) -> np.ndarray:
        """Return the result as float32 in the shape of its level."""
        result = np.asarray(result, np.float32)
        if rows is not ALL_ROWS:
            return result if result.ndim == rank else result.reshape((1,) * rank)
        shape = self.staff.shape(quantity.per, result.shape[0] if result.ndim == rank else 1)
        return result if result.shape == shape else np.broadcast_to(result, shape)

    def _sum(self, quantity: Quantity, rows: slice) -> np.ndarray:
        total = select_rows(self.values[quantity.tributaries[0]], rows)
        for part in quantity.tributaries[1:]:
            total = total + select_rows(self.values[part], rows)
        return total

    def _due_flows(self, monday: bool) -> tuple[str, ...]:
        """Return the flows that are computed today: all flows on Mondays and on the first simulated day."""
        quantities = self.registry.quantities
        return tuple(
            name for name in self.registry.day if monday or quantities[name].every == "day" or name not in self.values
        )

    # -- levers ------------------------------------------------------------------------------------------------------

    def _apply_levers(self, result: np.ndarray, quantity: Quantity, day: int, rows: slice) -> np.ndarray:
        """Add the shifts to the owner's result, then apply the levers that rewrite it, in the order of their names."""
        total = self._shift_totals.get(quantity.name)
        if total is not None:
            result = result + select_rows(total, rows)
        for process in quantity.rewritten_by:
            method = getattr(self._with_parameters(process, 2), quantity.name)
            own = {quantity.name: result, "dose": self._dose(process, rows)}
            key = self._key(method)
            result = method(
                *(
                    own[cause] if cause in own else self._source(cause, quantity, key)(day, rows)
                    for cause in dependencies_of(method)
                )
            )
        return result

    def _dose(self, process: str, rows: slice) -> np.ndarray:
        return self.interventions.dose(
            process, {name: select_rows(self.values[name], rows) for name in ("in_effect", "intensity")}
        )

    def _sum_shifts(self) -> None:
        for condition, shifts in self._shifts.items():
            total: np.ndarray | None = None
            for shift in shifts:
                part = shift.total(self.values)
                total = part if total is None else total + part
            if total is not None:
                self._shift_totals[condition] = total

    # -- people ------------------------------------------------------------------------------------------------------

    def _draw_traits(self) -> None:
        """Draw every trait; circumstances in the user's own file replace the draw."""
        circumstances, strength = self.staff.firm.circumstances, self.staff.firm.ties.reported_strength
        for name in self.registry.traits:
            self._evaluate_all((name,), 0, self.values)
            if name in circumstances:
                self.values[name] = circumstances[name][None].astype(np.float32)
        if strength is not None and "strength_at_start" in self.values:
            self.values["strength_at_start"] = np.where(np.isnan(strength), self.values["strength_at_start"], strength)

    def _initialise_stocks(self) -> None:
        for name in self._stocks:
            self.values[name] = self._initial_value(name, self.registry.quantities[name].start)

    def _initial_value(self, name: str, start: float | str) -> np.ndarray:
        quantity = self.registry.quantities[name]
        if isinstance(start, str):
            value = self.staff.broadcast(self.values[start], level_of(self.registry, start), quantity.per)
        else:
            value = np.full(self.staff.shape(quantity.per, 1), start, np.float32)
        return value

    def _replace_leavers(self) -> None:
        """Fill each vacated place with a new person: draw new traits and reset stocks, ties and knowledge."""
        leaves = self.values.get("leaves")
        if leaves is None or not leaves.any():
            return
        leaves = np.broadcast_to(leaves, (self._distinct_worlds(), leaves.shape[-1]))
        self.values["generation"] = self.values["generation"] + leaves
        self._redraw_traits(leaves > 0)
        self._reset_stocks(leaves)

    def _reset_stocks(self, leaves: np.ndarray) -> None:
        """Reset the stocks of vacated places, and of ties that lose an end."""
        vacated: dict[tuple[str, int], tuple] = {}
        for name in self._stocks:
            quantity, value = self.registry.quantities[name], self.values[name]
            if DOMAINS[quantity.per] == "employee":
                worlds = max(len(value), len(leaves))
                if (quantity.per, worlds) not in vacated:
                    of_each = np.broadcast_to(leaves, (worlds, leaves.shape[-1]))
                    vacated[quantity.per, worlds] = self._vacated(of_each, quantity.per)
                where = vacated[quantity.per, worlds]
                self.values[name] = np.array(np.broadcast_to(value, (worlds, *value.shape[1:])))
                self.values[name][where] = self._initial_values_at(where, name, quantity.start_of_newcomers)

    def _vacated(self, leaves: np.ndarray, level: str) -> tuple:
        """Return the index of the vacated rows in an array of this level."""
        if level == "tie":
            return np.nonzero((leaves > 0)[:, None] | (self.staff.aggregation_sources["ties"].of(leaves) > 0))
        world, place = np.nonzero(leaves > 0)
        return (world, place) if level == "employee" else (world, slice(None), place)

    def _initial_values_at(self, where: tuple, name: str, start: float | str) -> np.ndarray | float:
        if not isinstance(start, str):
            return start
        value = self._initial_value(name, start)
        return value[np.minimum(where[0], len(value) - 1), *where[1:]]

    def _distinct_worlds(self) -> int:
        """Return the number of worlds in which people differ; 1 if traits and leavers are stored for all worlds."""
        return max(len(self.values[name]) for name in (*self.registry.traits, "leaves"))

    def _redraw_traits(self, vacated: np.ndarray) -> None:
        world, place = np.nonzero(vacated)
        person = self.staff.person(self.values["generation"][world, place], place)
        new_traits: dict[str, np.ndarray] = {}
        for name in self.registry.traits:
            quantity = self.registry.quantities[name]
            if quantity.per != "employee":
                continue
            mechanism = self._mechanism_in_worlds(quantity.owner, world)
            arguments = [
                self._newcomer_argument(c, quantity, new_traits, person, world, place) for c in quantity.causes
            ]
            new_traits[name] = np.broadcast_to(
                np.asarray(getattr(mechanism, name)(*arguments), np.float32), world.shape
            )
            trait = np.broadcast_to(self.values[name], vacated.shape).copy()
            trait[world, place] = new_traits[name]
            self.values[name] = trait

    def _newcomer_argument(self, cause, quantity, new_traits, person, world, place):
        if cause in RANDOM_ARGUMENTS:
            return _DRAW[cause](self._equations[quantity.name].key, person)
        if cause in new_traits:
            return new_traits[cause]
        level = level_of(self.registry, cause)
        value = (
            self.values[cause] if level == "employee" else self.staff.broadcast(self.values[cause], level, "employee")
        )
        return value[np.minimum(world, value.shape[0] - 1), place]

    def _mechanism_in_worlds(self, process: str, world: np.ndarray) -> Mechanism:
        """Return the mechanism with the parameters of each of these worlds."""
        bound = self._with_parameters(process, 1)
        differing = [name for owner, name in self._per_world if owner == process and np.ndim(getattr(bound, name))]
        if differing:
            bound = copy.copy(bound)
            for name in differing:
                object.__setattr__(bound, name, getattr(bound, name)[world])
        return bound

    # -- the day and the night ---------------------------------------------------------------------------------------

    def fork(self, interventions: InterventionState) -> Self:
        forked = super().fork(interventions)
        forked.values, forked._shift_totals = dict(self.values), dict(self._shift_totals)
        forked._bound = dict(self._bound)
        return forked

    def run_day(self, day: int) -> None:
        monday = day % DAYS_A_WEEK == 0
        for name, value in self.calendar.external_inputs(day).items():
            self.values[name] = np.full((1, 1), value, np.float32)
        self.values["anchor_rank"] = self.staff.anchor_rank(self.calendar.weekday(day))
        if self.interventions.update(day):
            self.values.update(self.interventions.external_inputs())
        self._apply_settings(day)
        self._evaluate_all(self._due_flows(monday), day, self.values)
        stocks: dict[str, np.ndarray] = {}
        self._evaluate_all(self._stocks if monday else self._daily_stocks, day, stocks)
        self.values.update(stocks)
        if monday:
            self._replace_leavers()
            self._sum_shifts()


def _parameter(value, rank: int):
    """Return a parameter as equations use it: one float32 for all worlds, or one per world on the first axis."""
    array = np.asarray(value, np.float32)
    if array.ndim == 0 or array.size == 1:
        return np.float32(array.ravel()[0])
    return array.reshape(-1, *([1] * (rank - 1)))
