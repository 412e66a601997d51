"""Code generation of passes: loops over blocks and rows, equations, aggregations and published values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from sim.engine.codegen_context import CodegenContext, stride_of
from sim.engine.equation_groups import methods_of
from sim.engine.layout import VECTOR, Layout, level_identifier
from sim.engine.schedule import NeighbourAggregation, Pass, Schedule
from sim.engine.source_translation import Term, UnsupportedEquationError, as_kind, constant
from sim.errors import required
from sim.language.levels import DOMAINS, WITH_MIDDLE
from sim.language.registry import Quantity, Registry

_WORD = re.compile(r"\w+")
_ACCESS = re.compile(r"\b(own_row|other_row|write)\(")


class PassWriter:
    """Generator of the loops of a pass."""

    def __init__(self, registry: Registry, schedule: Schedule, layout: Layout):
        self.registry, self.schedule, self.layout = registry, schedule, layout

    # -- loops -------------------------------------------------------------------------------------------------------

    def over_blocks(self, domain: str, body: list[str]) -> list[str]:
        """Return a loop over the blocks of rows of a domain."""
        width = 1 if domain == "catalogue" else self.layout.block
        head = [f"lanes = min({width}, (count_{domain} - b * {width} + {VECTOR - 1}) // {VECTOR} * {VECTOR})"]
        identifiers = identifiers_in(body)
        for level, own in DOMAINS.items():
            if own == domain and level not in WITH_MIDDLE and level in identifiers:
                head.append(f"{level} = base_{level} + b * {self.layout.row(level)}")
        return [f"for b in range(blocks_{domain}):", *indent([*head, *body])]

    def over_rows(self, level: str, per_slot: list[str], each: list[str], lanes: str = "lanes") -> list[str]:
        """Return a loop over the rows of a block, for each slot of a middle axis; `per_slot` runs once before it."""
        loop = [f"for j in range({lanes}):", *indent(each)]
        if level not in WITH_MIDDLE:
            return [*per_slot, *loop]
        place, row = level_identifier(level), self.layout.row(level)
        head = [f"{place} = base_{place} + (b * middle_{place} + k) * {row}"]
        return (
            [f"for k in range(middle_{place}):", *indent([*head, *per_slot, *loop])]
            if place in identifiers_in(each)
            else []
        )

    def offset(self, level: str, name: str) -> int:
        """Return the first row of a quantity within a block."""
        return self.layout.offset(level, name)

    # -- passes ------------------------------------------------------------------------------------------------------

    def equations(self, equation_pass: Pass, column: int) -> list[str]:
        """Return the loop over the rows of a block that computes a pass of equations."""
        context = CodegenContext(
            self.registry, self.layout, equation_pass.level, published_by_ties(equation_pass), column
        )
        results = [(equation.name, self.assign(context, equation.name)) for equation in equation_pass.equations]
        level = equation_pass.level
        for name, value in results:
            slot = f"{name}__tomorrow" if name in self.schedule.double_buffered else name
            context.after.append(f"write(state, {level_identifier(level)}, {self.offset(level, slot)}, j, {value})")
        statements = [*context.before, *context.lines, *context.after]
        return self.over_rows(level, [*context.per_slot, *context.gather()], statements)

    def assign(self, context: CodegenContext, name: str) -> str:
        """Generate the statements of an equation and return the symbol of its result."""
        quantity = self.registry.quantities[name]
        try:
            value = self._expression(context, quantity)
        except UnsupportedEquationError as reason:
            raise UnsupportedEquationError(f"{quantity.owner}.{name} cannot be fused: {reason}") from None
        context.lines.append(f"new_{name} = {value}")
        if quantity.kind != "stock":
            context.known[name] = f"new_{name}"
        return f"new_{name}"

    def _expression(self, context: CodegenContext, quantity: Quantity) -> str:
        if quantity.kind == "sum":
            return " + ".join(context.read(part) for part in quantity.tributaries)
        result: Term | None = None
        for key, method in methods_of(self.registry, quantity).items():
            result = context.compute(method, quantity, key, result)
            if len(key) == 1 and quantity.condition:
                result = self._add_shift(context, quantity, result)
        return as_kind(required(result, f"the equation of {quantity.name}"), "f32")

    def _add_shift(self, context: CodegenContext, quantity: Quantity, result: Term) -> Term:
        whole = result.kind == "number" and result.number == int(result.number)
        if quantity.rewritten_by and result.kind != "f32" and not whole:
            raise UnsupportedEquationError("it is rewritten, and its own result is not float32")
        kind = "f64" if result.kind in ("f64", "i64") else "f32"
        shift = Term(context.read(f"{quantity.name}__shift"), "f32")
        return Term(f"({as_kind(result, kind)} + {as_kind(shift, kind)})", kind)

    # -- aggregations ------------------------------------------------------------------------------------------------

    def aggregate(self, aggregation: NeighbourAggregation, column: int) -> list[str]:
        """Return the loops of an aggregation over ties, measures or the members of a group."""
        if aggregation.kind == "ties.mean":
            return self._mean_over_ties(aggregation, column)
        if aggregation.kind in ("ties.sum", "measures.sum"):
            return self._sum_over(aggregation, "tie" if aggregation.kind == "ties.sum" else "measure")
        return self._mean_over_members(aggregation)

    def _sum_over(self, aggregation: NeighbourAggregation, level: str) -> list[str]:
        total = self.offset("employee", aggregation.name)
        each = [
            f"write(state, employee, {total}, j, own_row(state, employee, {total}, j) + "
            f"other_row(state, {level}, {self.offset(level, aggregation.of)}, j))"
        ]
        return [*self._zeros(total), *self.over_rows(level, [], each)]

    def _zeros(self, offset: int) -> list[str]:
        return ["for j in range(lanes):", f"    write(state, employee, {offset}, j, {constant(0, 'f32')})"]

    def _mean_over_ties(self, aggregation: NeighbourAggregation, column: int) -> list[str]:
        total, weights = (
            self.offset("employee", aggregation.name),
            self.offset("employee", f"{aggregation.name}__weight"),
        )
        context = CodegenContext(self.registry, self.layout, "tie", [aggregation.of], column)
        other_end = context.other_end(aggregation.of)
        each = [
            *context.before,
            f"weight = other_row(state, tie, {self.offset('tie', aggregation.weight or '')}, j)",
            f"write(state, employee, {weights}, j, own_row(state, employee, {weights}, j) + weight)",
            f"write(state, employee, {total}, j, own_row(state, employee, {total}, j) + weight * {other_end})",
        ]
        divide = [
            f"weight = own_row(state, employee, {weights}, j)",
            f"weight = choose(weight > {constant(0, 'f32')}, weight, {constant(1, 'f32')})",
            f"write(state, employee, {total}, j, own_row(state, employee, {total}, j) / weight)",
        ]
        return [
            *self._zeros(total),
            *self._zeros(weights),
            *self.over_rows("tie", [], each),
            "for j in range(lanes):",
            *indent(divide),
        ]

    def _mean_over_members(self, aggregation: NeighbourAggregation) -> list[str]:
        block, domain = self.layout.block, DOMAINS[aggregation.level]
        level, offset = level_identifier(aggregation.level), self.offset(aggregation.level, aggregation.name)
        finer = "measure" if aggregation.level in WITH_MIDDLE else "employee"
        middle = "middle_measure * " if finer == "measure" else ""
        base = f"base_{finer} + k * {self.layout.row(finer)}" if finer == "measure" else f"base_{finer}"
        each = [
            f"begin = int64(row_of(rows, starts_{domain}, 0, b * {block} + j))",
            f"end = int64(row_of(rows, starts_{domain}, 1, b * {block} + j))",
            "total = float64(0.0)",
            "for member in range(begin, end):",
            f"    whole, lane = member >> {block.bit_length() - 1}, member & {block - 1}",
            f"    place = whole * {middle}{self.layout.row(finer)} + lane",
            f"    total += float64(other_row(state, {base}, {self.offset(finer, aggregation.of)}, place))",
            "mean = float32(total / float64(end - begin))",
            f"write(state, {level}, {offset}, j, mean)",
        ]
        return self.over_rows(aggregation.level, [], each, f"min({block}, count_{domain} - b * {block})")

    def publish(self, published_names: Sequence[str], column: int) -> list[str]:
        """Generate the copy of published quantities into one place for each row; an empty slot reads zeros."""
        if not published_names:
            return []
        block, stride = self.layout.block, stride_of(published_names)
        base = f"{column} * (blocks_employee + 1) * {block}"
        each = [
            f"publish(published, {base}, {i}, (b * {block} + j) * {stride}, "
            f"other_row(state, employee, {self.offset('employee', name)}, j))"
            for i, name in enumerate(published_names)
        ]
        empty_slot = [
            f"publish(published, {base}, {i}, blocks_employee * {block} * {stride}, {constant(0, 'f32')})"
            for i in range(len(published_names))
        ]
        return [*self.over_blocks("employee", ["for j in range(lanes):", *indent(each)]), *empty_slot]


def published_by_ties(equation_pass: Pass) -> list[str]:
    """Return the quantities that partners publish to this pass."""
    aggregation = equation_pass.aggregation
    if aggregation is not None:
        return [aggregation.of] if aggregation.kind == "ties.mean" else []
    return sorted(equation_pass.other_row) if equation_pass.level == "tie" else []


def in_pass(number: int, lines: list[str]) -> list[str]:
    """Number the reads and writes of these lines by their pass, for the alias scopes."""
    return [_ACCESS.sub(rf"\1_{number}(", line) for line in lines]


def identifiers_in(lines: Iterable[str]) -> frozenset[str]:
    """Return every name and number in these lines."""
    return frozenset(_WORD.findall("\n".join(lines)))


def indent(lines: Iterable[str], levels: int = 1) -> list[str]:
    """Return the lines indented by `levels`."""
    return ["    " * levels + line for line in lines]
