"""The reference engine: numpy evaluates the equations as they stand, all worlds side by side.

A quantity that no lever, setting or parameter has touched yet is held once for all worlds (a leading axis of 1) and
broadcasts; it splits where its causes split. State is float32 throughout.

Equations are pure, so the order in which they are evaluated is free as far as causes come before effects. A day is cut
into passes of one level each. A large firm goes through a pass block by block; a look at others needs them complete and
waits for the next pass.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.engine.equation_groups import ROWWISE, EquationGroup, aggregated_inputs, equation_groups, level_of
from sim.errors import required
from sim.language.grammar import AGGREGATION_SOURCES, RANDOM_ARGUMENTS, Mechanism, dependencies_of, stream_of
from sim.language.registry import Quantity, Registry
from sim.levers.catalogue import Catalogue
from sim.world.calendar import DAYS_A_WEEK, Calendar
from sim.world.random_streams import normals, splitmix64, stream_key, uniforms
from sim.world.staff import EVERYBODY, Staff, of_rows

CELLS = 1 << 20
"""Numbers of one quantity in a block. Smaller blocks cost more in calls than they save in memory; arrays of many
megabytes go back to the system after each use and are fetched anew, which is what a large firm must be spared."""

_DRAW = {"normal": normals, "uniform": uniforms}
_WORD = (1 << 64) - 1

Source = Callable[[int, slice], object]
"""Where an argument comes from: of a day and of some rows."""


@dataclass(frozen=True)
class Equation:
    """One quantity ready to be computed: where each argument comes from, in order."""

    quantity: Quantity
    argument: tuple[Source, ...]
    rank: int
    key: int


class Reference:
    """The state of one block of worlds, and how a day passes in it."""

    def __init__(
        self,
        registry: Registry,
        staff: Staff,
        catalogue: Catalogue,
        calendar: Calendar,
        seed: int,
        worlds: int = 1,
        parameters: Mapping[tuple[str, str], np.ndarray] | None = None,
    ):
        """Set up everybody on the first day.

        `parameters` maps (process, name) to one value per world, shape (worlds,), where worlds differ in it.
        """
        self.registry, self.staff, self.catalogue, self.calendar = registry, staff, catalogue, calendar
        self.seed, self.worlds = seed, worlds
        self._varied: dict[tuple[str, str], np.ndarray] = dict(parameters or {})
        self._bound: dict[tuple[str, int], Mechanism] = {}
        self.values: dict[str, np.ndarray] = {**staff.given, **catalogue.external_inputs()}
        self.values["generation"] = np.zeros((1, staff.count["employee"]), np.float32)
        self._equations = self._all_equations()
        self._shifted = catalogue.shifts_by_condition()
        self._shift_totals: dict[str, np.ndarray] = {}
        self._stocks = registry.night
        self._daily_stocks = tuple(name for name in registry.night if registry.quantities[name].every == "day")
        self._passes: dict[tuple[str, ...], tuple[EquationGroup, ...]] = {}
        self._draw_traits()
        self._begin_stocks()

    def __getstate__(self) -> dict[str, Any]:
        """The state without the wiring, which belongs to one engine."""
        return {name: value for name, value in vars(self).items() if name != "_equations"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._equations = self._all_equations()

    # -- parameters --------------------------------------------------------------------------------------------------

    def set_parameter(self, process: str, name: str, per_world: np.ndarray) -> None:
        """From now on parameter `name` of `process` has these values, one per world."""
        self._varied[process, name] = np.asarray(per_world, np.float64)
        for rank in (1, 2, 3):
            self._bound.pop((process, rank), None)

    def parameter(self, process: str, name: str) -> np.ndarray:
        """The present value of a parameter in every world, shape (worlds,)."""
        own = self.registry.owner(process)
        return np.broadcast_to(self._varied.get((process, name), getattr(own, name)), (self.worlds,)).copy()

    def _with_parameters(self, process: str, rank: int) -> Mechanism:
        bound = self._bound.get((process, rank))
        if bound is None:
            own = self.registry.owner(process)
            bound = copy.copy(own)
            for name in own.parameter_metadata():
                value = self._varied.get((process, name), getattr(own, name))
                object.__setattr__(bound, name, _parameter(value, rank))
            self._bound[process, rank] = bound
        return bound

    # -- wiring ------------------------------------------------------------------------------------------------------

    def _all_equations(self) -> dict[str, Equation]:
        """Every equation, wired to the values of this engine."""
        return {name: self._equation(q) for name, q in self.registry.quantities.items() if q.kind != "sum"}

    def _equation(self, quantity: Quantity) -> Equation:
        method = self.registry.mechanisms[quantity.owner].equations()[quantity.name]
        key = self._key(method)
        rank = len(self.staff.shape(quantity.per, 1))
        return Equation(quantity, tuple(self._source(c, quantity, key) for c in dependencies_of(method)), rank, key)

    def _key(self, method: Callable) -> int:
        """The key of a method's random stream; 0 where it takes no random numbers."""
        own = stream_of(method)
        return stream_key(self.seed, own) if own else 0

    def _source(self, cause: str, quantity: Quantity, key: int) -> Source:
        if cause in RANDOM_ARGUMENTS:
            return self._luck(cause, quantity, key)
        if cause in AGGREGATION_SOURCES:
            look = self.staff.looks[cause]
            return lambda day, rows: look.at(rows)
        if cause.startswith("their_"):
            return self._others(cause.removeprefix("their_"))
        level = level_of(self.registry, cause)
        if level == "everywhere" or cause in aggregated_inputs(self.registry, quantity):
            return lambda day, rows: self.values[cause]
        if level == quantity.per or any(look in quantity.causes for look in AGGREGATION_SOURCES):
            return lambda day, rows: of_rows(self.values[cause], rows)
        return lambda day, rows: self.staff.spread(self.values[cause], level, quantity.per, rows)

    def _luck(self, cause: str, quantity: Quantity, key: int) -> Source:
        draw, entity = _DRAW[cause], self.staff.entity[quantity.per]
        if quantity.kind != "trait":
            return lambda day, rows: draw(splitmix64(key ^ splitmix64(day & _WORD)), entity[..., rows])[None]
        if quantity.per == "employee":
            return lambda day, rows: draw(key, self.staff.person(self.values["generation"])[..., rows])
        return lambda day, rows: draw(key, entity[..., rows])[None]

    def _others(self, name: str) -> Source:
        ties = self.staff.looks["ties"]
        seen: list = [None, None]

        def of_others(day: int, rows: slice) -> np.ndarray:
            """The blocks of a pass share what they see of the others."""
            if seen[0] is not self.values[name]:
                seen[:] = self.values[name], ties.seen(self.values[name])
            return ties.at(rows).of_seen(seen[1])

        return of_others

    # -- passes ------------------------------------------------------------------------------------------------------

    def _live(self, names: tuple[str, ...], day: int, into: dict[str, np.ndarray]) -> None:
        """Evaluate quantities whose order is causes before effects."""
        if names not in self._passes:
            self._passes[names] = tuple(equation_groups(self.registry, names))
        for one in self._passes[names]:
            fresh: dict[str, np.ndarray] = {}
            for rows in self._blocks(one.level):
                for name in one.names:
                    part = self._evaluate(name, day, rows)
                    into[name] = part if rows is EVERYBODY else self._put(part, rows, name, fresh)

    def _blocks(self, level: str) -> Iterator[slice]:
        cells = self.worlds * self.staff.middle.get(level, 1)
        places = self.staff.count[level]
        blocks = -(-places * cells // CELLS)
        if level not in ROWWISE or blocks <= 2:
            yield EVERYBODY
            return
        rows = -(-places // blocks)
        for first in range(0, places, rows):
            yield slice(first, min(first + rows, places))

    def _put(self, part: np.ndarray, rows: slice, name: str, fresh: dict[str, np.ndarray]) -> np.ndarray:
        """Put the rows of a block where the whole quantity grows."""
        if name not in fresh:
            fresh[name] = np.empty(self.staff.shape(self.registry.quantities[name].per, part.shape[0]), np.float32)
        fresh[name][..., rows] = part
        return fresh[name]

    def _evaluate(self, name: str, day: int, rows: slice = EVERYBODY) -> np.ndarray:
        quantity = self.registry.quantities[name]
        if quantity.kind == "sum":
            return self._sum(quantity, rows)
        equation = self._equations[name]
        mechanism = self._with_parameters(quantity.owner, equation.rank)
        try:
            result = getattr(mechanism, name)(*[source(day, rows) for source in equation.argument])
        except Exception as error:
            error.add_note(f"while computing {quantity.owner}.{name}, one value per {quantity.per}")
            raise
        if quantity.condition:
            result = self._moved(result, quantity, day, rows)
        return self._settled(result, quantity, equation.rank, rows)

    def _settled(self, result, quantity: Quantity, rank: int, rows: slice) -> np.ndarray:
        """The result as float32 in the shape of its level."""
        result = np.asarray(result, np.float32)
        if rows is not EVERYBODY:
            return result if result.ndim == rank else result.reshape((1,) * rank)
        shape = self.staff.shape(quantity.per, result.shape[0] if result.ndim == rank else 1)
        return result if result.shape == shape else np.broadcast_to(result, shape)

    def _sum(self, quantity: Quantity, rows: slice) -> np.ndarray:
        total = of_rows(self.values[quantity.tributaries[0]], rows)
        for part in quantity.tributaries[1:]:
            total = total + of_rows(self.values[part], rows)
        return total

    def _due(self, monday: bool) -> tuple[str, ...]:
        """The flows whose clock strikes today; on the first of all days all do."""
        quantities = self.registry.quantities
        return tuple(
            name for name in self.registry.day if monday or quantities[name].every == "day" or name not in self.values
        )

    # -- levers ------------------------------------------------------------------------------------------------------

    def _moved(self, result: np.ndarray, quantity: Quantity, day: int, rows: slice) -> np.ndarray:
        """Owner, then shifts, then rewrites by name."""
        total = self._shift_totals.get(quantity.name)
        if total is not None:
            result = result + of_rows(total, rows)
        for process in quantity.rewritten_by:
            method = getattr(self._with_parameters(process, 2), quantity.name)
            here = {quantity.name: result, "dose": self._dose(process, rows)}
            key = self._key(method)
            result = method(
                *(
                    here[cause] if cause in here else self._source(cause, quantity, key)(day, rows)
                    for cause in dependencies_of(method)
                )
            )
        return result

    def _dose(self, process: str, rows: slice) -> np.ndarray:
        return self.catalogue.dose(
            process, {name: of_rows(self.values[name], rows) for name in ("in_effect", "intensity")}
        )

    def _add_up_shifts(self) -> None:
        for condition, shifts in self._shifted.items():
            total: np.ndarray | None = None
            for shift in shifts:
                part = shift.total(self.values)
                total = part if total is None else total + part
            if total is not None:
                self._shift_totals[condition] = total

    # -- people ------------------------------------------------------------------------------------------------------

    def _draw_traits(self) -> None:
        """Draw every trait; what an own organisation has told of its people replaces the draw."""
        own, given = self.staff.firm.circumstances, self.staff.firm.ties.given
        for name in self.registry.traits:
            self._live((name,), 0, self.values)
            if name in own:
                self.values[name] = own[name][None].astype(np.float32)
        if given is not None and "strength_at_start" in self.values:
            self.values["strength_at_start"] = np.where(np.isnan(given), self.values["strength_at_start"], given)

    def _begin_stocks(self) -> None:
        for name in self._stocks:
            mark = required(self.registry.quantities[name].mark, f"the beginning of {name}")
            self.values[name] = self._beginning(name, mark.start)

    def _beginning(self, name: str, start: float | str) -> np.ndarray:
        quantity = self.registry.quantities[name]
        if isinstance(start, str):
            value = self.staff.spread(self.values[start], level_of(self.registry, start), quantity.per)
        else:
            value = np.full(self.staff.shape(quantity.per, 1), start, np.float32)
        return value

    def _replace_leavers(self) -> None:
        """Give each vacated place a new person: traits drawn anew, stocks begun anew, ties and knowledge gone."""
        leaves = self.values.get("leaves")
        if leaves is None or not leaves.any():
            return
        leaves = np.broadcast_to(leaves, (self._worlds_told_apart(), leaves.shape[-1]))
        self.values["generation"] = self.values["generation"] + leaves
        self._redraw_traits(leaves > 0)
        self._begin_anew(leaves)

    def _begin_anew(self, leaves: np.ndarray) -> None:
        """Let the stocks of vacated places, and of ties that lose an end, begin again."""
        vacated: dict[tuple[str, int], tuple] = {}
        for name in self._stocks:
            quantity, value = self.registry.quantities[name], self.values[name]
            if quantity.per in ROWWISE and quantity.mark is not None:
                worlds = max(len(value), len(leaves))
                if (quantity.per, worlds) not in vacated:
                    of_each = np.broadcast_to(leaves, (worlds, leaves.shape[-1]))
                    vacated[quantity.per, worlds] = self._vacated(of_each, quantity.per)
                where = vacated[quantity.per, worlds]
                newcomer = quantity.mark.start if quantity.mark.newcomer is None else quantity.mark.newcomer
                self.values[name] = np.array(np.broadcast_to(value, (worlds, *value.shape[1:])))
                self.values[name][where] = self._beginning_at(where, name, newcomer)

    def _vacated(self, leaves: np.ndarray, level: str) -> tuple:
        """Where in an array of this level somebody has left."""
        if level == "tie":
            return np.nonzero((leaves > 0)[:, None] | (self.staff.looks["ties"].of(leaves) > 0))
        world, place = np.nonzero(leaves > 0)
        return (world, place) if level == "employee" else (world, slice(None), place)

    def _beginning_at(self, where: tuple, name: str, start: float | str) -> np.ndarray | float:
        if not isinstance(start, str):
            return start
        value = self._beginning(name, start)
        return value[np.minimum(where[0], len(value) - 1), *where[1:]]

    def _worlds_told_apart(self) -> int:
        """How many worlds have people of their own: traits and leavers may be held once for all worlds."""
        return max(len(self.values[name]) for name in (*self.registry.traits, "leaves"))

    def _redraw_traits(self, vacated: np.ndarray) -> None:
        world, place = np.nonzero(vacated)
        person = self.staff.person(self.values["generation"][world, place], place)
        drawn: dict[str, np.ndarray] = {}
        for name in self.registry.traits:
            quantity = self.registry.quantities[name]
            if quantity.per != "employee":
                continue
            mechanism = self._rows_of(quantity.owner, world)
            arguments = [self._of_newcomers(c, quantity, drawn, person, world, place) for c in quantity.causes]
            drawn[name] = np.broadcast_to(np.asarray(getattr(mechanism, name)(*arguments), np.float32), world.shape)
            trait = np.broadcast_to(self.values[name], vacated.shape).copy()
            trait[world, place] = drawn[name]
            self.values[name] = trait

    def _of_newcomers(self, cause, quantity, drawn, person, world, place):
        if cause in RANDOM_ARGUMENTS:
            return _DRAW[cause](self._equations[quantity.name].key, person)
        if cause in drawn:
            return drawn[cause]
        level = level_of(self.registry, cause)
        value = self.values[cause] if level == "employee" else self.staff.spread(self.values[cause], level, "employee")
        return value[np.minimum(world, value.shape[0] - 1), place]

    def _rows_of(self, process: str, world: np.ndarray) -> Mechanism:
        """The mechanism as somebody in each of these worlds has it."""
        bound = self._with_parameters(process, 1)
        varied = [name for owner, name in self._varied if owner == process and np.ndim(getattr(bound, name))]
        if varied:
            bound = copy.copy(bound)
            for name in varied:
                object.__setattr__(bound, name, getattr(bound, name)[world])
        return bound

    # -- the day and the night ---------------------------------------------------------------------------------------

    def fork(self, catalogue: Catalogue) -> Reference:
        """A new engine with one world for each scenario, all alike until something differs; this one stays as it is."""
        forked = copy.copy(self)
        forked.catalogue, forked.worlds = catalogue, len(catalogue.scenarios)
        forked.values, forked._shift_totals = dict(self.values), dict(self._shift_totals)
        forked._varied, forked._bound = dict(self._varied), dict(self._bound)
        return forked

    def run_week(self, week: int, gather: Sequence[str] = ()) -> dict[str, np.ndarray]:
        """Compute the seven days of a week; returns the sums over its days of the quantities asked for."""
        sums: dict[str, np.ndarray] = {}
        for day in range(week * DAYS_A_WEEK, (week + 1) * DAYS_A_WEEK):
            self.run_day(day)
            for name in gather:
                today = self.values[name]
                sums[name] = sums[name] + today if name in sums else today
        return sums

    def run_day(self, day: int) -> None:
        """Compute one day and its night."""
        monday = day % DAYS_A_WEEK == 0
        for name, value in self.calendar.external_inputs(day).items():
            self.values[name] = np.full((1, 1), value, np.float32)
        self.values["anchor_rank"] = self.staff.anchor_rank(self.calendar.weekday(day))
        self._turn_the_page(day)
        self._live(self._due(monday), day, self.values)
        settled: dict[str, np.ndarray] = {}
        self._live(self._stocks if monday else self._daily_stocks, day, settled)
        self.values.update(settled)
        if monday:
            self._replace_leavers()
            self._add_up_shifts()

    def _turn_the_page(self, day: int) -> None:
        """Bring programmes and settings of all worlds to this day."""
        if self.catalogue.update(day):
            self.values.update(self.catalogue.external_inputs())
        for (process, name), changes in self.catalogue.settings_on(day).items():
            per_world = self.parameter(process, name)
            own = getattr(self.registry.owner(process), name)
            for world, value in changes:
                per_world[world] = own if value is None else value
            self.set_parameter(process, name, per_world)


def _parameter(value, rank: int):
    """A parameter as the equations see it: one float32 for all worlds, or one per world along the first axis."""
    array = np.asarray(value, np.float32)
    if array.ndim == 0 or array.size == 1:
        return np.float32(array.ravel()[0])
    return array.reshape(-1, *([1] * (rank - 1)))
