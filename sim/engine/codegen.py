"""Code generation of the fused kernel: a function for each segment of the day, for newcomers, and for a run of days.

The source contains no parameter values, numbers of people or measures, so changing these needs no new compilation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sim.engine.codegen_context import CodegenContext, draw_name, parameter_name, stride_of
from sim.engine.codegen_passes import PassWriter, identifiers_in, in_pass, indent, published_by_ties
from sim.engine.equation_groups import level_of
from sim.engine.layout import Layout, level_identifier
from sim.engine.schedule import Pass, Schedule, Segment
from sim.engine.source_translation import constant
from sim.language.levels import DOMAINS
from sim.language.registry import Quantity, Registry

ARGUMENTS = (
    "state, codes, rows, parameters, first, second, table, today, at, published, gathered, flows_weekly, stocks_weekly"
)
IMPORTS = """\
import math

import numpy as np
from numba import njit
from numpy import float32, float64, int32, int64

from sim.engine.primitives import (
    choose, clip, code_of, gather_function, gathered_at, maximum, minimum, normal_of, person_of, publish, published_at,
    row_of, set_day_keys, sqrt, state_access, table_at, uniform_of,
)
"""
_COMPILED = '@njit(error_model="numpy")'
_GATHERS = re.compile(r"\bgather_(\d+)\(")
_PASSES = re.compile(r"\b(?:own_row|other_row|write)_(\d+)\(")
_LITERAL = re.compile(r"\b(float32|float64|int64)\((-?[0-9.e+-]+|inf|nan)\)")


@dataclass(frozen=True)
class Kernel:
    """Source of a kernel.

    parts    source of the module of each function, by name
    driver   source of the function that calls them
    columns  largest number of values that a row publishes to its ties at a time
    """

    parts: Mapping[str, str]
    driver: str
    columns: int


def generate_kernel(registry: Registry, schedule: Schedule, layout: Layout) -> Kernel:
    """Return the source of the kernel of a registry.

    Raises
    ------
    UnsupportedEquationError
        For an equation that cannot be fused.
    """
    writer = _KernelWriter(registry, schedule, layout)
    parts = {f"segment_{n}": writer.segment(f"segment_{n}", segment) for n, segment in enumerate(schedule.segments)}
    for n, (domain, names) in enumerate(_buffered_by_domain(registry, schedule).items()):
        parts[f"commit_{n}"] = writer.commit(f"commit_{n}", domain, names)
    whole_day = list(parts)
    if "leaves" in registry.quantities:
        parts["newcomers"] = writer.newcomers()
    shifts = {"in_effect", "practised"} <= registry.quantities.keys() and "intensity" in registry.external_inputs
    if shifts:
        parts["sum_shifts"] = writer.shifts()
    return Kernel(parts, writer.driver(whole_day, "newcomers" in parts, shifts), writer.columns)


def _buffered_by_domain(registry: Registry, schedule: Schedule) -> dict[str, list[str]]:
    domains: dict[str, list[str]] = {}
    for name in sorted(schedule.double_buffered):
        domains.setdefault(DOMAINS[level_of(registry, name)], []).append(name)
    return domains


class _KernelWriter(PassWriter):
    """Generator of the functions of a kernel."""

    columns = 1

    # -- functions ---------------------------------------------------------------------------------------------------

    def segment(self, name: str, segment: Segment) -> str:
        """Return the function that computes a segment of the day for one world."""
        before: list[str] = []
        body: list[str] = []
        column = 0
        for number, one in enumerate(segment.passes):
            published_names = published_by_ties(one)
            lines = self.aggregate(one.aggregation, column) if one.aggregation else self.equations(one, column)
            before += in_pass(2 * number, self._when(one, self.publish(published_names, column)))
            body += in_pass(2 * number + 1, self._when(one, lines))
            column += stride_of(published_names)
        self.columns = max(self.columns, column)
        return self._function(name, ARGUMENTS, [*before, *self.over_blocks(segment.domain, body)])

    @staticmethod
    def _when(equation_pass: Pass, lines: list[str]) -> list[str]:
        if not equation_pass.weekly or not lines:
            return lines
        return [f"if {'stocks' if equation_pass.night else 'flows'}_weekly:", *indent(lines)]

    def commit(self, name: str, domain: str, names: Sequence[str]) -> str:
        """Return the function that copies double-buffered stocks from their buffers."""
        body: list[str] = []
        for stock in names:
            level = level_of(self.registry, stock)
            place, value = level_identifier(level), self.offset(level, f"{stock}__tomorrow")
            copy = f"write(state, {place}, {self.offset(level, stock)}, j, own_row(state, {place}, {value}, j))"
            lines = self.over_rows(level, [], [copy])
            weekly = self.registry.quantities[stock].every == "week"
            body += ["if stocks_weekly:", *indent(lines)] if weekly else lines
        body = in_pass(0, body)
        return self._function(name, ARGUMENTS, self.over_blocks(domain, body))

    def _function(self, name: str, arguments: str, body: list[str]) -> str:
        identifiers, layout = identifiers_in(body), self.layout
        levers = {f"dosing_{process}": i for i, process in enumerate(self.registry.levers)}
        if not identifiers.isdisjoint(levers):
            identifiers |= {"rows_dosing"}
        loads = {name: f"at[{i}]" for name, i in layout.numbers.items()}
        loads |= {parameter_name(*key): f"table_at(parameters, 0, {i}, 0)" for key, i in layout.parameters.items()}
        loads |= {f"today_{name}": f"today[{i}]" for name, i in layout.today.items()}
        loads |= {name: f"int64(row_of(rows, rows_dosing, {i}, 0))" for name, i in levers.items()}
        for half in ("first", "second"):
            loads |= {f"{half}_{name}": f"{half}[{i}]" for name, i in layout.trait_draws.items()}
            loads |= {f"{half}_{draw_name(key)}": f"{half}[{i}]" for key, i in layout.draws.items()}
        head = [f"{name} = {load}" for name, load in loads.items() if name in identifiers]
        return _module(f"{_COMPILED}\ndef {name}({arguments}):\n" + "\n".join(indent([*head, *body])) + "\n")

    # -- newcomers ---------------------------------------------------------------------------------------------------

    def newcomers(self) -> str:
        """Return the function that fills every vacated place with a new person."""
        context = CodegenContext(self.registry, self.layout, "employee", newcomer=True)
        for name in self.registry.traits:
            if self.registry.quantities[name].per == "employee":
                value = self.assign(context, name)
                context.after.append(f"write(state, employee, {self.offset('employee', name)}, j, {value})")
        stocks: dict[str, list[Quantity]] = {}
        for name in self.registry.night:
            stocks.setdefault(self.registry.quantities[name].per, []).append(self.registry.quantities[name])
        for stock in stocks.get("employee", []):
            initial = self._initial_value(context, stock)
            context.after.append(f"write(state, employee, {self.offset('employee', stock.name)}, j, {initial})")
        row = [
            f"leaves = own_row(state, employee, {self.offset('employee', 'leaves')}, j)",
            f"if leaves > {constant(0, 'f32')}:",
            *indent([
                "gone += 1",
                f"generation = own_row(state, employee, {self.offset('employee', 'generation')}, j) + leaves",
                f"write(state, employee, {self.offset('employee', 'generation')}, j, generation)",
                f"person = person_of(code_of(codes, codes_employee + b * {self.layout.block}, 0, j), generation)",
                *context.before, *context.lines, *context.after,
                *self._reset_measures(stocks.get("measure", [])),
            ]),
        ]  # fmt: skip
        lanes = f"min({self.layout.block}, count_employee - b * {self.layout.block})"
        places = self.over_blocks("employee", self.over_rows("employee", [], row, lanes))
        body = ["gone = 0", *in_pass(0, places)]
        if stocks.get("tie"):
            ties = self.over_blocks("employee", self._reset_ties(stocks["tie"]))
            body += ["if gone > 0:", *indent([*in_pass(1, self.publish(["leaves"], 0)), *in_pass(2, ties)])]
        return self._function("newcomers", "state, codes, rows, parameters, first, second, table, at, published", body)

    def _initial_value(self, context: CodegenContext, stock: Quantity) -> str:
        start = stock.start_of_newcomers
        return context.read(start) if isinstance(start, str) else constant(float(start), "f32")

    def _reset_measures(self, stocks: Sequence[Quantity]) -> list[str]:
        lines: list[str] = []
        context = CodegenContext(self.registry, self.layout, "measure", newcomer=True)
        for stock in stocks:
            value = self._initial_value(context, stock)
            lines.append(f"write(state, measure, {self.offset('measure', stock.name)}, j, {value})")
        if not lines:
            return []
        head = f"measure = base_measure + (b * middle_measure + k) * {self.layout.row('measure')}"
        return ["for k in range(middle_measure):", *indent([head, *context.per_slot, *context.before, *lines])]

    def _reset_ties(self, stocks: Sequence[Quantity]) -> list[str]:
        context = CodegenContext(self.registry, self.layout, "tie", ["leaves"])
        each = [f"gone = maximum({context.read('leaves')}, {context.other_end('leaves')})"]
        for stock in stocks:
            offset = self.offset("tie", stock.name)
            value = self._initial_value(context, stock)
            stays = f"choose(gone > {constant(0, 'f32')}, {value}, own_row(state, tie, {offset}, j))"
            context.after.append(f"write(state, tie, {offset}, j, {stays})")
        return self.over_rows("tie", context.per_slot, [*context.before, *each, *context.after])

    # -- shifts ------------------------------------------------------------------------------------------------------

    def shifts(self) -> str:
        """Return the function that sums, for each condition, the shifts by the measures in effect.

        A row of `shifts` holds the offset of the condition's total, the measure, 1 if only managers receive it, and 1
        for the first shift of the condition.
        """
        row, column = self.layout.row("measure"), self.layout.row("catalogue")
        intensity = self.offset("catalogue", "intensity")
        is_manager = f"other_row(state, employee, {self.offset('employee', 'is_manager')}, j)"
        each = [
            f"dose = other_row(state, measure, {self.offset('measure', 'in_effect')}, j)",
            "if shifts[s, 2] == 1:",
            f"    dose = other_row(state, measure, {self.offset('measure', 'practised')}, j) * {is_manager}",
            "part = amount * (dose * strength)",
            "so_far = own_row(state, employee, shifts[s, 0], j)",
            "write(state, employee, shifts[s, 0], j, choose(shifts[s, 3] == 1, part, so_far + part))",
        ]
        body = self.over_blocks("employee", [
            "for s in range(len(amounts)):",
            *indent([
                "amount, k = amounts[s], shifts[s, 1]",
                f"measure = base_measure + (b * middle_measure + k) * {row}",
                f"strength = other_row(state, base_catalogue + k * {column}, {intensity}, 0)",
                "for j in range(lanes):",
                *indent(each),
            ]),
        ])  # fmt: skip
        return self._function("sum_shifts", "state, shifts, amounts, at", in_pass(0, body))

    # -- the driver --------------------------------------------------------------------------------------------------

    def driver(self, parts: Sequence[str], newcomers: bool, shifts: bool) -> str:
        """Return the function that simulates a range of days in one world."""
        calls = "\n".join(f"        {part}({ARGUMENTS.replace('today', 'todays[day]')})" for part in parts)
        newcomers_call = "newcomers(state, codes, rows, parameters, trait_first, trait_second, table, at, published)"
        monday = [newcomers_call] if newcomers else []
        monday += ["sum_shifts(state, shifts, amounts, at)"] if shifts else []
        after = "\n".join(indent(["if stocks_weekly:", *indent(monday or ["pass"])], 2))
        row, block, team = self.layout.row("team"), self.layout.block, self.offset("team", "anchor_rank")
        numbers = self.layout.numbers
        return f"""
{_COMPILED}
def run_days(
    state, codes, rows, parameters, keys, trait_first, trait_second, table, published, gathered, days, todays, ranks,
    at, fresh, shifts, amounts, summed, sums,
):
    first, second = np.empty(len(keys), np.uint32), np.empty(len(keys), np.uint32)
    people, blocks = at[{numbers["count_employee"]}], at[{numbers["blocks_employee"]}]
    employee = at[{numbers["base_employee"]}]
    teams = at[{numbers["count_team"]}]
    for day in range(len(days)):
        stocks_weekly = days[day] % 7 == 0
        flows_weekly = stocks_weekly or (fresh and day == 0)
        set_day_keys(keys, days[day], first, second)
        for t in range(teams):
            place = at[{numbers["base_team"]}] + t // {block} * {row} + t % {block}
            state[place + {team}] = ranks[days[day] % 7, t]
{calls}
{after}
        for g in range(len(summed)):
            for b in range(blocks):
                here = employee + b * {self.layout.row("employee")} + summed[g]
                for j in range(min({block}, people - b * {block})):
                    if day == 0:
                        sums[g, b * {block} + j] = state[here + j]
                    else:
                        sums[g, b * {block} + j] += state[here + j]
"""


def _module(function: str) -> str:
    """Return the module of a function, with its imports and with literals as constants of their exact type."""
    constants: dict[str, str] = {}

    def constant_for(match: re.Match) -> str:
        return constants.setdefault(match.group(0), f"c{len(constants)}")

    function = _LITERAL.sub(constant_for, function)
    definitions = "".join(f"{name} = {text}\n" for text, name in constants.items())
    numbers = sorted({*map(int, _PASSES.findall(function))})
    definitions += "".join(f"own_row_{n}, other_row_{n}, write_{n} = state_access({n})\n" for n in numbers)
    definitions += "".join(
        f"gather_{width} = gather_function({width})\n" for width in sorted({*map(int, _GATHERS.findall(function))})
    )
    return f"{IMPORTS}\n{definitions}\n\n{function}"
