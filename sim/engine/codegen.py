"""The text of the fused kernel: a function for each segment of the day, one for newcomers, one that lives the days.

The text names no parameter's value, no number of people and no measure, so none of them ever compiles it anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sim.engine.codegen_context import CodegenContext, draw_name, parameter_name, stride_of
from sim.engine.equation_groups import DOMAINS, level_of
from sim.engine.layout import VECTOR, Layout, named
from sim.engine.schedule import WITH_MIDDLE, NeighbourAggregation, Pass, Schedule, Segment, methods_of
from sim.engine.source_translation import Term, UnsupportedEquationError, as_kind, constant
from sim.errors import required
from sim.language.registry import Quantity, Registry

ARGUMENTS = (
    "state, codes, rows, parameters, first, second, table, today, at, seen, brought, flows_weekly, stocks_weekly"
)
IMPORTS = """\
import math

import numpy as np
from numba import njit
from numpy import float32, float64, int32, int64

from sim.engine.primitives import (
    bringing, brought_at, choose, clip, code_of, maximum, normal_of, person_of, row_of, seen_at, show, minimum, sqrt,
    state_of_pass, table_at, turn_keys, uniform_of,
)
"""
_WORD = re.compile(r"\w+")
_COMPILED = '@njit(error_model="numpy")'
_BRINGS = re.compile(r"\bbring_(\d+)\(")
_ACCESS = re.compile(r"\b(near|far|write)\(")
_PASSES = re.compile(r"\b(?:near|far|write)_(\d+)\(")
_LITERAL = re.compile(r"\b(float32|float64|int64)\((-?[0-9.e+-]+|inf|nan)\)")


@dataclass(frozen=True)
class Kernel:
    """The parts of a kernel as text: functions by name, each a module of its own, and the module that calls them.

    `columns` is how many numbers a row shows to its ties at most at one time.
    """

    parts: Mapping[str, str]
    driver: str
    columns: int


def kernel_of(registry: Registry, order: Schedule, layout: Layout) -> Kernel:
    """Write the kernel of a registry; raises CannotFuse, which names the equation, where it cannot be done."""
    author = _Author(registry, order, layout)
    parts = {f"segment_{n}": author.segment(f"segment_{n}", segment) for n, segment in enumerate(order.segments)}
    for n, (domain, names) in enumerate(_moving_in(registry, order).items()):
        parts[f"morning_{n}"] = author.moving_in(f"morning_{n}", domain, names)
    whole_day = list(parts)
    if "leaves" in registry.quantities:
        parts["newcomers"] = author.newcomers()
    shifts = {"in_effect", "practised"} <= registry.quantities.keys() and "intensity" in registry.external_inputs
    if shifts:
        parts["add_up_shifts"] = author.shifts()
    return Kernel(parts, author.driver(whole_day, "newcomers" in parts, shifts), author.columns)


def _moving_in(registry: Registry, order: Schedule) -> dict[str, list[str]]:
    domains: dict[str, list[str]] = {}
    for name in sorted(order.aside):
        domains.setdefault(DOMAINS[level_of(registry, name)], []).append(name)
    return domains


class _Author:
    """Writes the functions of a kernel."""

    def __init__(self, registry: Registry, order: Schedule, layout: Layout):
        self.registry, self.order, self.layout = registry, order, layout
        self.columns = 1

    # -- functions ---------------------------------------------------------------------------------------------------

    def segment(self, name: str, segment: Segment) -> str:
        """A function that computes a segment of the day for one world."""
        before: list[str] = []
        body: list[str] = []
        column = 0
        for number, one in enumerate(segment.passes):
            shown = self._shown(one)
            lines = self.look(one.steps[0].look, column) if one.steps[0].look else self.equations(one, column)
            before += _as_pass(2 * number, self._when(one, self._showing(shown, column)))
            body += _as_pass(2 * number + 1, self._when(one, lines))
            column += stride_of(shown)
        self.columns = max(self.columns, column)
        return self._function(name, ARGUMENTS, [*before, *self._over_blocks(segment.domain, body)])

    @staticmethod
    def _when(one: Pass, lines: list[str]) -> list[str]:
        if not one.weekly or not lines:
            return lines
        return [f"if {'stocks' if one.night else 'flows'}_weekly:", *_indented(lines)]

    @staticmethod
    def _shown(one: Pass) -> list[str]:
        """What the other ends of ties show to this pass."""
        look = one.steps[0].look
        if look is not None:
            return [look.of] if look.kind == "ties.mean" else []
        return sorted(frozenset().union(*(step.far for step in one.steps))) if one.level == "tie" else []

    def _showing(self, shown: Sequence[str], column: int) -> list[str]:
        """Lay side by side what every row shows to its ties, so that a tie finds it in one place; nobody has nought."""
        if not shown:
            return []
        block, stride = self.layout.block, stride_of(shown)
        base = f"{column} * (blocks_employee + 1) * {block}"
        each = [
            f"show(seen, {base}, {i}, (b * {block} + j) * {stride}, "
            f"far(state, employee, {self._offset('employee', name)}, j))"
            for i, name in enumerate(shown)
        ]
        nobody = [
            f"show(seen, {base}, {i}, blocks_employee * {block} * {stride}, {constant(0, 'f32')})"
            for i in range(len(shown))
        ]
        return [*self._over_blocks("employee", ["for j in range(lanes):", *_indented(each)]), *nobody]

    def moving_in(self, name: str, domain: str, names: Sequence[str]) -> str:
        """A function that lets the stocks that were settled aside take their places."""
        body: list[str] = []
        for stock in names:
            level = level_of(self.registry, stock)
            moved = [f"write(state, {named(level)}, {self._offset(level, stock)}, j, "
                     f"near(state, {named(level)}, {self._offset(level, stock + '__tomorrow')}, j))"]  # fmt: skip
            lines = self._over_rows(level, [], moved)
            weekly = self.registry.quantities[stock].every == "week"
            body += ["if stocks_weekly:", *_indented(lines)] if weekly else lines
        body = _as_pass(0, body)
        return self._function(name, ARGUMENTS, self._over_blocks(domain, body))

    def _function(self, name: str, arguments: str, body: list[str]) -> str:
        words = _words(body)
        dosed = any(word.startswith("dosing_") for word in words)
        loads = [
            f"{n} = at[{i}]" for n, i in self.layout.numbers.items() if n in words or (dosed and n == "rows_dosing")
        ]
        loads += [
            f"{parameter_name(*key)} = table_at(parameters, 0, {i}, 0)"
            for key, i in self.layout.parameters.items()
            if parameter_name(*key) in words
        ]
        loads += [f"today_{n} = today[{i}]" for n, i in self.layout.today.items() if f"today_{n}" in words]
        loads += [f"dosing_{p} = int64(row_of(rows, rows_dosing, {i}, 0))" for i, p in enumerate(self.registry.levers)
                  if f"dosing_{p}" in words]  # fmt: skip
        for half in ("first", "second"):
            loads += [
                f"{half}_{draw_name(key)} = {half}[{i}]"
                for key, i in self.layout.draws.items()
                if f"{half}_{draw_name(key)}" in words
            ]
        return _module(f"{_COMPILED}\ndef {name}({arguments}):\n" + "\n".join(_indented([*loads, *body])) + "\n")

    # -- loops -------------------------------------------------------------------------------------------------------

    def _over_blocks(self, domain: str, body: list[str]) -> list[str]:
        width = 1 if domain == "catalogue" else self.layout.block
        head = [f"lanes = min({width}, (count_{domain} - b * {width} + {VECTOR - 1}) // {VECTOR} * {VECTOR})"]
        words = _words(body)
        for level, own in DOMAINS.items():
            if own == domain and level not in WITH_MIDDLE and level in words:
                head.append(f"{level} = base_{level} + b * {self.layout.row(level)}")
        return [f"for b in range(blocks_{domain}):", *_indented([*head, *body])]

    def _over_rows(self, level: str, once: list[str], each: list[str], lanes: str = "lanes") -> list[str]:
        loop = [f"for j in range({lanes}):", *_indented(each)]
        if level not in WITH_MIDDLE:
            return [*once, *loop]
        place, row = named(level), self.layout.row(level)
        head = [f"{place} = base_{place} + (b * middle_{place} + k) * {row}"]
        return [f"for k in range(middle_{place}):", *_indented([*head, *once, *loop])] if place in _words(each) else []

    def _offset(self, level: str, name: str) -> int:
        return self.layout.offset(level, name)

    # -- passes ------------------------------------------------------------------------------------------------------

    def equations(self, one: Pass, column: int) -> list[str]:
        """A pass of equations, pasted together in one loop over the rows of a block."""
        desk = CodegenContext(self.registry, self.layout, one.level, self._shown(one), column)
        results = [(step.name, self._new(desk, step.name)) for step in one.steps]
        for name, value in results:
            slot = f"{name}__tomorrow" if name in self.order.aside else name
            desk.after.append(f"write(state, {named(one.level)}, {self._offset(one.level, slot)}, j, {value})")
        return self._over_rows(one.level, [*desk.once, *desk.bring()], [*desk.before, *desk.lines, *desk.after])

    def _new(self, desk: CodegenContext, name: str) -> str:
        quantity = self.registry.quantities[name]
        try:
            value = self._value(desk, quantity)
        except UnsupportedEquationError as reason:
            raise UnsupportedEquationError(f"{quantity.owner}.{name} cannot be fused: {reason}") from None
        desk.lines.append(f"new_{name} = {value}")
        if quantity.kind != "stock":
            desk.known[name] = f"new_{name}"
        return f"new_{name}"

    def _value(self, desk: CodegenContext, quantity: Quantity) -> str:
        if quantity.kind == "sum":
            return " + ".join(desk.read(part) for part in quantity.tributaries)
        result: Term | None = None
        keys = [(quantity.name,), *((process, quantity.name) for process in quantity.rewritten_by)]
        for method, key in zip(methods_of(self.registry, quantity), keys, strict=True):
            result = desk.compute(method, quantity, key, result)
            if len(key) == 1 and quantity.condition:
                result = self._shifted(desk, quantity, result)
        return as_kind(required(result, f"the equation of {quantity.name}"), "f32")

    def _shifted(self, desk: CodegenContext, quantity: Quantity, result: Term) -> Term:
        whole = result.kind == "number" and result.number == int(result.number)
        if quantity.rewritten_by and result.kind != "f32" and not whole:
            raise UnsupportedEquationError("it is rewritten, and what it yields itself is no float32")
        kind = "f64" if result.kind in ("f64", "i64") else "f32"
        shift = Term(desk.read(f"{quantity.name}__shift"), "f32")
        return Term(f"({as_kind(result, kind)} + {as_kind(shift, kind)})", kind)

    # -- looks -------------------------------------------------------------------------------------------------------

    def look(self, look: NeighbourAggregation, column: int) -> list[str]:
        """A pass that adds something up: over ties, over measures, or over the members of a group."""
        if look.kind == "ties.mean":
            return self._mean_over_ties(look, column)
        if look.kind in ("ties.sum", "measures.sum"):
            return self._sum_over(look, "tie" if look.kind == "ties.sum" else "measure")
        return self._mean_over_members(look)

    def _sum_over(self, look: NeighbourAggregation, level: str) -> list[str]:
        total = self._offset("employee", look.name)
        each = [
            f"write(state, employee, {total}, j, near(state, employee, {total}, j) + "
            f"far(state, {level}, {self._offset(level, look.of)}, j))"
        ]
        return [*self._noughts(total), *self._over_rows(level, [], each)]

    def _noughts(self, offset: int) -> list[str]:
        return ["for j in range(lanes):", f"    write(state, employee, {offset}, j, {constant(0, 'f32')})"]

    def _mean_over_ties(self, look: NeighbourAggregation, column: int) -> list[str]:
        total, weights = self._offset("employee", look.name), self._offset("employee", f"{look.name}__weight")
        desk = CodegenContext(self.registry, self.layout, "tie", [look.of], column)
        theirs = desk.theirs(look.of)
        each = [
            *desk.before,
            f"weight = far(state, tie, {self._offset('tie', look.weight or '')}, j)",
            f"write(state, employee, {weights}, j, near(state, employee, {weights}, j) + weight)",
            f"write(state, employee, {total}, j, near(state, employee, {total}, j) + weight * {theirs})",
        ]
        divide = [
            f"weight = near(state, employee, {weights}, j)",
            f"weight = choose(weight > {constant(0, 'f32')}, weight, {constant(1, 'f32')})",
            f"write(state, employee, {total}, j, near(state, employee, {total}, j) / weight)",
        ]
        return [
            *self._noughts(total),
            *self._noughts(weights),
            *self._over_rows("tie", [], each),
            "for j in range(lanes):",
            *_indented(divide),
        ]

    def _mean_over_members(self, look: NeighbourAggregation) -> list[str]:
        block, domain = self.layout.block, DOMAINS[look.level]
        finer = "measure" if look.level in WITH_MIDDLE else "employee"
        middle = "middle_measure * " if finer == "measure" else ""
        base = f"base_{finer} + k * {self.layout.row(finer)}" if finer == "measure" else f"base_{finer}"
        each = [
            f"begin = int64(row_of(rows, starts_{domain}, 0, b * {block} + j))",
            f"end = int64(row_of(rows, starts_{domain}, 1, b * {block} + j))",
            "total = float64(0.0)",
            "for member in range(begin, end):",
            f"    whole, lane = member >> {block.bit_length() - 1}, member & {block - 1}",
            f"    place = whole * {middle}{self.layout.row(finer)} + lane",
            f"    total += float64(far(state, {base}, {self._offset(finer, look.of)}, place))",
            "mean = float32(total / float64(end - begin))",
            f"write(state, {named(look.level)}, {self._offset(look.level, look.name)}, j, mean)",
        ]
        return self._over_rows(look.level, [], each, f"min({block}, count_{domain} - b * {block})")

    # -- newcomers ---------------------------------------------------------------------------------------------------

    def newcomers(self) -> str:
        """A function that gives every vacated place a new person."""
        desk = CodegenContext(self.registry, self.layout, "employee", newcomer=True)
        for name in self.registry.traits:
            if self.registry.quantities[name].per == "employee":
                value = self._new(desk, name)
                desk.after.append(f"write(state, employee, {self._offset('employee', name)}, j, {value})")
        stocks: dict[str, list[Quantity]] = {}
        for name in self.registry.night:
            stocks.setdefault(self.registry.quantities[name].per, []).append(self.registry.quantities[name])
        for stock in stocks.get("employee", []):
            begun = self._begun(desk, stock)
            desk.after.append(f"write(state, employee, {self._offset('employee', stock.name)}, j, {begun})")
        one = [
            f"leaves = near(state, employee, {self._offset('employee', 'leaves')}, j)",
            f"if leaves > {constant(0, 'f32')}:",
            *_indented([
                "gone += 1",
                f"generation = near(state, employee, {self._offset('employee', 'generation')}, j) + leaves",
                f"write(state, employee, {self._offset('employee', 'generation')}, j, generation)",
                f"person = person_of(code_of(codes, codes_employee + b * {self.layout.block}, 0, j), generation)",
                *desk.before, *desk.lines, *desk.after,
                *self._knowing_nothing(stocks.get("measure", [])),
            ]),
        ]  # fmt: skip
        lanes = f"min({self.layout.block}, count_employee - b * {self.layout.block})"
        places = self._over_blocks("employee", self._over_rows("employee", [], one, lanes))
        body = ["gone = 0", *_as_pass(0, places)]
        if stocks.get("tie"):
            ties = self._over_blocks("employee", self._ties_gone(stocks["tie"]))
            body += ["if gone > 0:", *_indented([*_as_pass(1, self._showing(["leaves"], 0)), *_as_pass(2, ties)])]
        text = self._function("newcomers", "state, codes, rows, parameters, first, second, table, at, seen", body)
        words = _words([text])
        for half in ("first", "second"):
            loads = [
                f"    {half}_{n} = {half}[{i}]\n" for n, i in self.layout.trait_draws.items() if f"{half}_{n}" in words
            ]
            text = text.replace("    gone = 0\n", "".join(loads) + "    gone = 0\n", 1)
        return text

    def _begun(self, desk: CodegenContext, stock: Quantity) -> str:
        mark = required(stock.mark, f"the beginning of {stock.name}")
        start = mark.start if mark.newcomer is None else mark.newcomer
        return desk.read(start) if isinstance(start, str) else constant(float(start), "f32")

    def _knowing_nothing(self, stocks: Sequence[Quantity]) -> list[str]:
        lines: list[str] = []
        desk = CodegenContext(self.registry, self.layout, "measure", newcomer=True)
        for stock in stocks:
            value = self._begun(desk, stock)
            lines.append(f"write(state, measure, {self._offset('measure', stock.name)}, j, {value})")
        if not lines:
            return []
        head = f"measure = base_measure + (b * middle_measure + k) * {self.layout.row('measure')}"
        return ["for k in range(middle_measure):", *_indented([head, *desk.once, *desk.before, *lines])]

    def _ties_gone(self, stocks: Sequence[Quantity]) -> list[str]:
        desk = CodegenContext(self.registry, self.layout, "tie", ["leaves"])
        each = [f"gone = maximum({desk.read('leaves')}, {desk.theirs('leaves')})"]
        for stock in stocks:
            offset = self._offset("tie", stock.name)
            value = self._begun(desk, stock)
            stays = f"choose(gone > {constant(0, 'f32')}, {value}, near(state, tie, {offset}, j))"
            desk.after.append(f"write(state, tie, {offset}, j, {stays})")
        return self._over_rows("tie", desk.once, [*desk.before, *each, *desk.after])

    # -- shifts ------------------------------------------------------------------------------------------------------

    def shifts(self) -> str:
        """A function that adds up, for each condition, what the measures in effect move.

        A row of `shifts` is: offset of the condition's total, measure, 1 if managers alone receive it, 1 if the first.
        """
        row, column = self.layout.row("measure"), self.layout.row("catalogue")
        is_manager = f"far(state, employee, {self._offset('employee', 'is_manager')}, j)"
        each = [
            f"dose = far(state, measure, {self._offset('measure', 'in_effect')}, j)",
            "if shifts[s, 2] == 1:",
            f"    dose = far(state, measure, {self._offset('measure', 'practised')}, j) * {is_manager}",
            "part = amount * (dose * strength)",
            "so_far = near(state, employee, shifts[s, 0], j)",
            "write(state, employee, shifts[s, 0], j, choose(shifts[s, 3] == 1, part, so_far + part))",
        ]
        body = self._over_blocks("employee", [
            "for s in range(len(amounts)):",
            *_indented([
                "amount, k = amounts[s], shifts[s, 1]",
                f"measure = base_measure + (b * middle_measure + k) * {row}",
                f"strength = far(state, base_catalogue + k * {column}, {self._offset('catalogue', 'intensity')}, 0)",
                "for j in range(lanes):",
                *_indented(each),
            ]),
        ])  # fmt: skip
        return self._function("add_up_shifts", "state, shifts, amounts, at", _as_pass(0, body))

    # -- the driver --------------------------------------------------------------------------------------------------

    def driver(self, parts: Sequence[str], newcomers: bool, shifts: bool) -> str:
        """The function that lives day after day in one world."""
        calls = "\n".join(f"        {part}({ARGUMENTS.replace('today', 'todays[day]')})" for part in parts)
        renewed = "newcomers(state, codes, rows, parameters, trait_first, trait_second, table, at, seen)"
        monday = [renewed] if newcomers else []
        monday += ["add_up_shifts(state, shifts, amounts, at)"] if shifts else []
        after = "\n".join(_indented(["if stocks_weekly:", *_indented(monday or ["pass"])], 2))
        row, block, team = self.layout.row("team"), self.layout.block, self._offset("team", "anchor_rank")
        numbers = self.layout.numbers
        return f"""
{_COMPILED}
def live(
    state, codes, rows, parameters, keys, trait_first, trait_second, table, seen, brought, days, todays, ranks, at,
    fresh, shifts, amounts, gathered, sums,
):
    first, second = np.empty(len(keys), np.uint32), np.empty(len(keys), np.uint32)
    people, blocks = at[{numbers["count_employee"]}], at[{numbers["blocks_employee"]}]
    employee = at[{numbers["base_employee"]}]
    teams = at[{numbers["count_team"]}]
    for day in range(len(days)):
        stocks_weekly = days[day] % 7 == 0
        flows_weekly = stocks_weekly or (fresh and day == 0)
        turn_keys(keys, days[day], first, second)
        for t in range(teams):
            place = at[{numbers["base_team"]}] + t // {block} * {row} + t % {block}
            state[place + {team}] = ranks[days[day] % 7, t]
{calls}
{after}
        for g in range(len(gathered)):
            for b in range(blocks):
                here = employee + b * {self.layout.row("employee")} + gathered[g]
                for j in range(min({block}, people - b * {block})):
                    if day == 0:
                        sums[g, b * {block} + j] = state[here + j]
                    else:
                        sums[g, b * {block} + j] += state[here + j]
"""


def _as_pass(number: int, lines: list[str]) -> list[str]:
    """Let these lines read and write the state as the pass of this number."""
    return [_ACCESS.sub(rf"\1_{number}(", line) for line in lines]


def _words(lines: Iterable[str]) -> frozenset[str]:
    """Every name and number in these lines."""
    return frozenset(_WORD.findall("\n".join(lines)))


def _indented(lines: Iterable[str], levels: int = 1) -> list[str]:
    return ["    " * levels + line for line in lines]


def _module(function: str) -> str:
    """A function with its imports, and its literals as constants of their exact type."""
    constants: dict[str, str] = {}

    def constant_for(match: re.Match) -> str:
        return constants.setdefault(match.group(0), f"c{len(constants)}")

    function = _LITERAL.sub(constant_for, function)
    stated = "".join(f"{name} = {text}\n" for text, name in constants.items())
    numbers = sorted({*map(int, _PASSES.findall(function))})
    stated += "".join(f"near_{n}, far_{n}, write_{n} = state_of_pass({n})\n" for n in numbers)
    stated += "".join(
        f"bring_{width} = bringing({width})\n" for width in sorted({*map(int, _BRINGS.findall(function))})
    )
    return f"{IMPORTS}\n{stated}\n\n{function}"
