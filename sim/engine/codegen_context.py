"""Execution context of the equations of one pass: inputs, random numbers, neighbours' values and their addresses."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

from sim.engine.equation_groups import aggregation_calls, level_of, names_in
from sim.engine.layout import Layout, level_identifier
from sim.engine.schedule import aggregation_name
from sim.engine.source_translation import ScalarTranslator, Term, UnsupportedEquationError
from sim.language.grammar import AGGREGATION_SOURCES, RANDOM_ARGUMENTS, dependencies_of
from sim.language.levels import DOMAINS, WITH_MIDDLE, group_between
from sim.language.registry import Quantity, Registry


class CodegenContext:
    """Symbols that the equations of one pass share, and the statements generated so far.

    Statements run in this order: `per_slot` once for each tie slot or measure, then for each row `before`, `lines` and
    `after`.
    """

    def __init__(
        self,
        registry: Registry,
        layout: Layout,
        level: str,
        published_names: Sequence[str] = (),
        column: int = 0,
        newcomer: bool = False,
    ):
        """Create the context of equations of one level.

        Parameters
        ----------
        registry : Registry
        layout : Layout
        level : str
            Level of the equations.
        published_names : sequence of str
            Quantities that partners publish to this pass.
        column : int
            First column of these quantities in the array of published values.
        newcomer : bool
            Use the random numbers of a new person instead of those of the day.
        """
        self.registry, self.layout, self.level, self.newcomer = registry, layout, level, newcomer
        self.published_names, self.column = published_names, column
        self.known: dict[str, str] = {}
        self.per_slot: list[str] = []
        self.before: list[str] = []
        self.lines: list[str] = []
        self.after: list[str] = []
        self._count = 0

    def fresh(self) -> str:
        """Return a new name for an intermediate result."""
        self._count += 1
        return f"v{self._count}"

    def read(self, name: str) -> str:
        """Return the symbol of a quantity of this row; generate its load at the first use."""
        if name not in self.known:
            self.known[name] = self._load(name)
        return self.known[name]

    def _load(self, name: str) -> str:
        level = self._level_of(name)
        if level == "everywhere":
            return f"today_{name}"
        same_for_all_rows = level == "catalogue" != self.level
        line = f"old_{name} = {self._load_expression(level, self.layout.offset(level, name))}"
        (self.per_slot if same_for_all_rows else self.before).append(line)
        return f"old_{name}"

    def _level_of(self, name: str) -> str:
        if name in self.layout.slots[self.level] and name not in self.registry.quantities:
            return self.level
        return level_of(self.registry, name)

    def _load_expression(self, level: str, offset: int) -> str:
        reader = "own_row" if self.newcomer else "other_row"
        if level == self.level:
            return f"own_row(state, {level_identifier(level)}, {offset}, j)"
        try:
            group = group_between(level, self.level)
        except KeyError:
            raise UnsupportedEquationError(f"a quantity per {level} does not reach one per {self.level}") from None
        if level == "catalogue":
            return f"{reader}(state, base_catalogue + k * {self.layout.row(level)}, {offset}, 0)"
        if not group:
            return f"{reader}(state, {level}, {offset}, j)"
        row = self._address(f"rows_{DOMAINS[self.level]}_{level_identifier(level)}")
        middle = f" + k * {self.layout.row(level)}" if level in WITH_MIDDLE else ""
        return f"{reader}(state, base_{level_identifier(level)}{middle}, {offset}, {row})"

    def _address(self, rows: str) -> str:
        return self._assign_once(f"place_{rows}", f"row_of(rows, {rows} + b * {self.layout.block}, 0, j)")

    def _assign_once(self, name: str, text: str) -> str:
        if name not in self.known:
            self.known[name] = name
            self.before.append(f"{name} = {text}")
        return name

    # -- equations ---------------------------------------------------------------------------------------------------

    def compute(self, method: Callable, quantity: Quantity, key: tuple[str, ...], owner_value: Term | None) -> Term:
        """Generate the statements of a method and return its result.

        Parameters
        ----------
        method : callable
            Equation of the owner, or rewriting method of a lever.
        quantity : Quantity
        key : tuple of str
            (quantity,) for the owner's equation, (lever, quantity) for a rewriting method.
        owner_value : Term or None
            Value before the lever rewrites it; None for the owner's equation.

        Raises
        ------
        UnsupportedEquationError
            Where the method has no fused counterpart.
        """
        process = quantity.owner if len(key) == 1 else key[0]
        arguments: dict[str, Term] = {}
        aggregated = {name for _, names in aggregation_calls(method) for name in names}
        for cause in dependencies_of(method):
            if owner_value is not None and cause == quantity.name:
                arguments[cause] = owner_value
            elif cause == "dose" and owner_value is not None:
                arguments[cause] = self._dose(process)
            elif cause not in aggregated:
                term = self._argument(cause, key)
                if term is not None:
                    arguments[cause] = term

        def aggregate(kind: str, nodes: Sequence[ast.expr]) -> Term:
            names = names_in(nodes)
            if kind == "manager.of":
                return self._of_manager(names)
            return Term(self.read(aggregation_name(quantity.name, kind, names)), "f32")

        translator = ScalarTranslator(self.fresh)
        value = translator.translate_equation(method, lambda name: self._parameter(process, name), arguments, aggregate)
        self.lines += translator.lines
        return value

    def _parameter(self, process: str, name: str) -> Term:
        if (process, name) not in self.layout.parameters:
            raise UnsupportedEquationError(f"it uses 'self.{name}', which is not a parameter")
        return Term(parameter_name(process, name), "f32")

    def _argument(self, cause: str, key: tuple[str, ...]) -> Term | None:
        if cause in RANDOM_ARGUMENTS:
            return Term(self._random_number(cause, key), "f32")
        if cause in AGGREGATION_SOURCES:
            return None
        if cause.startswith("their_"):
            return Term(self.other_end(cause.removeprefix("their_")), "f32")
        return Term(self.read(cause), "f32")

    def _random_number(self, kind: str, key: tuple[str, ...]) -> str:
        name = f"{kind}_{draw_name(key)}"
        code = "person" if self.newcomer else self._code()
        table = ", table" if kind == "normal" else ""
        return self._assign_once(name, f"{kind}_of(first_{draw_name(key)}, second_{draw_name(key)}, {code}{table})")

    def _code(self) -> str:
        place, width = level_identifier(self.level), self.layout.width(self.level)
        block = f"(b * middle_{place} + k)" if self.level in WITH_MIDDLE else "b"
        return self._assign_once("code", f"code_of(codes, codes_{place} + {block} * {width}, 0, j)")

    def other_end(self, name: str) -> str:
        """Return the symbol of a quantity of the partner."""
        if self.level != "tie" or self._level_of(name) != "employee":
            raise UnsupportedEquationError(f"'their_{name}' needs an equation per tie and a quantity per employee")
        number = self.published_names.index(name)
        if len(self.published_names) > 1:
            return self._assign_once(
                f"their_{name}", f"gathered_at(gathered, 0, {number}, j * {stride_of(self.published_names)})"
            )
        return self._assign_once(
            f"their_{name}", f"published_at(published, {self._published_base()}, 0, {self._partner()})"
        )

    def _partner(self) -> str:
        return f"row_of(rows, rows_partner + (b * middle_tie + k) * {self.layout.block}, 0, j)"

    def _published_base(self) -> str:
        return f"{self.column} * (blocks_employee + 1) * {self.layout.block}"

    def gather(self) -> list[str]:
        """Generate the copy of the partners' published values, where a partner publishes more than one."""
        if len(self.published_names) < 2:
            return []
        stride = stride_of(self.published_names)
        there, here = f"{self._published_base()} + int64({self._partner()}) * {stride}", f"j * {stride}"
        return ["for j in range(lanes):", f"    gather_{stride}(published, gathered, {there}, {here})"]

    def _of_manager(self, names: list[str]) -> Term:
        if self.level not in ("employee", "measure") or len(names) != 1 or self._level_of(names[0]) != self.level:
            raise UnsupportedEquationError("it reads a quantity of the manager that is not of its own level")
        place = self._address(f"rows_manager_{self.level}")
        base = f"base_measure + k * {self.layout.row('measure')}" if self.level == "measure" else "base_employee"
        there = f"other_row(state, {base}, {self.layout.offset(self.level, names[0])}, {place})"
        return Term(f"({self._assign_once(f'managers_own_{names[0]}', there)} * {self._has_manager()})", "f32")

    def _has_manager(self) -> str:
        side = "own_row" if self.level == "employee" else "other_row"
        return self._assign_once(
            "old_has_manager", f"{side}(state, employee, {self.layout.offset('employee', 'has_manager')}, j)"
        )

    def _dose(self, process: str) -> Term:
        if self.level != "employee":
            raise UnsupportedEquationError("a lever rewrites it, and it is not per employee")
        row, column = self.layout.row("measure"), self.layout.row("catalogue")
        here = f"base_measure + (b * middle_measure + dosing_{process}) * {row}"
        there, intensity = f"base_catalogue + dosing_{process} * {column}", self.layout.offset("catalogue", "intensity")
        strength = f"other_row(state, {there}, {intensity}, 0)"
        dose = f"other_row(state, {here}, {self.layout.offset('measure', 'in_effect')}, j)"
        return Term(self._assign_once(f"dose_{process}", f"{dose} * {strength}"), "f32")


def parameter_name(process: str, name: str) -> str:
    """Return the name of a parameter in the kernel."""
    return f"{process}__{name}"


def draw_name(key: Sequence[str]) -> str:
    """Return the name in the kernel of a random draw, of an equation or of a lever's rewriting method."""
    return "__".join(key)


def stride_of(published_names: Sequence[str]) -> int:
    """Return the length of a row in the array of published values, a power of two."""
    return 1 << max(len(published_names) - 1, 0).bit_length() if published_names else 0
