"""What an equation finds on its desk: the values it reads, its luck, what others show, and where each of them lies."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

from sim.engine.equation_groups import DOMAINS, level_of
from sim.engine.layout import GROUPS, Layout, named
from sim.engine.schedule import WITH_MIDDLE, aggregated_inputs, aggregation_name, names_in
from sim.engine.source_translation import ScalarTranslator, Term, UnsupportedEquationError
from sim.language.grammar import AGGREGATION_SOURCES, RANDOM_ARGUMENTS, dependencies_of
from sim.language.registry import Quantity, Registry


class CodegenContext:
    """What lies ready for the equations of one pass: values read, luck drawn, and the statements so far."""

    def __init__(
        self,
        registry: Registry,
        layout: Layout,
        level: str,
        shown: Sequence[str] = (),
        column: int = 0,
        newcomer: bool = False,
    ):
        """A desk for equations of this level.

        `shown` is what the other ends of ties show to this pass, from `column` on; `newcomer` is whether the luck is
        that of the person who takes a place, and not that of the day.
        """
        self.registry, self.layout, self.level, self.newcomer = registry, layout, level, newcomer
        self.shown, self.column = shown, column
        self.known: dict[str, str] = {}
        self.once: list[str] = []
        self.before: list[str] = []
        self.lines: list[str] = []
        self.after: list[str] = []
        self._count = 0

    def fresh(self) -> str:
        """A new name for an intermediate result."""
        self._count += 1
        return f"v{self._count}"

    def read(self, name: str) -> str:
        """A quantity as this row has it, read once."""
        if name not in self.known:
            self.known[name] = self._load(name)
        return self.known[name]

    def _load(self, name: str) -> str:
        level = self._level_of(name)
        if level == "everywhere":
            return f"today_{name}"
        once = level == "catalogue" != self.level
        line = f"old_{name} = {self._from(level, self.layout.offset(level, name))}"
        (self.once if once else self.before).append(line)
        return f"old_{name}"

    def _level_of(self, name: str) -> str:
        if name in self.layout.slots[self.level] and name not in self.registry.quantities:
            return self.level
        return level_of(self.registry, name)

    def _from(self, level: str, offset: int) -> str:
        own, theirs = DOMAINS[self.level], DOMAINS[level]
        middle = level in WITH_MIDDLE
        far = "near" if self.newcomer else "far"
        if level == self.level:
            return f"near(state, {named(level)}, {offset}, j)"
        if middle and (self.level not in WITH_MIDDLE or "tie" in (level, self.level)):
            raise UnsupportedEquationError(f"a quantity per {level} does not reach one per {self.level}")
        if level == "catalogue":
            return f"{far}(state, base_catalogue + k * {self.layout.row(level)}, {offset}, 0)"
        if own == theirs and not middle:
            return f"{far}(state, {level}, {offset}, j)"
        if (own, theirs) not in GROUPS:
            raise UnsupportedEquationError(f"a quantity per {level} does not reach one per {self.level}")
        row = self._address(f"rows_{own}_{named(level)}")
        base = f"base_{named(level)} + k * {self.layout.row(level)}" if middle else f"base_{level}"
        return f"{far}(state, {base}, {offset}, {row})"

    def _address(self, rows: str) -> str:
        return self._once_a_row(f"place_{rows}", f"row_of(rows, {rows} + b * {self.layout.block}, 0, j)")

    def _once_a_row(self, name: str, text: str) -> str:
        if name not in self.known:
            self.known[name] = name
            self.before.append(f"{name} = {text}")
        return name

    # -- equations ---------------------------------------------------------------------------------------------------

    def compute(self, method: Callable, quantity: Quantity, key: tuple[str, ...], result: Term | None) -> Term:
        """What a method yields; `result` is what was yielded before a lever rewrites it."""
        process = quantity.owner if len(key) == 1 else key[0]
        arguments: dict[str, Term] = {}
        looked_at = aggregated_inputs(method)
        for cause in dependencies_of(method):
            if result is not None and cause == quantity.name:
                arguments[cause] = result
            elif cause == "dose" and result is not None:
                arguments[cause] = self._dose(process)
            elif cause not in looked_at:
                term = self._argument(cause, key)
                if term is not None:
                    arguments[cause] = term

        def look(who: str, how: str, given: Sequence[ast.expr]) -> Term:
            names = names_in(given)
            if (who, how) == ("manager", "of"):
                return self._managers(names)
            return Term(self.read(aggregation_name(quantity.name, f"{who}.{how}", names)), "f32")

        writer = ScalarTranslator(self.fresh)
        value = writer.method(method, lambda name: self._own(process, name), arguments, look)
        self.lines += writer.lines
        return value

    def _own(self, process: str, name: str) -> Term:
        if (process, name) not in self.layout.parameters:
            raise UnsupportedEquationError(f"it uses 'self.{name}', which is no parameter")
        return Term(parameter_name(process, name), "f32")

    def _argument(self, cause: str, key: tuple[str, ...]) -> Term | None:
        if cause in RANDOM_ARGUMENTS:
            return Term(self._drawn(cause, key), "f32")
        if cause in AGGREGATION_SOURCES:
            return None
        if cause.startswith("their_"):
            return Term(self.theirs(cause.removeprefix("their_")), "f32")
        return Term(self.read(cause), "f32")

    def _drawn(self, kind: str, key: tuple[str, ...]) -> str:
        name = f"{kind}_{draw_name(key)}"
        code = "person" if self.newcomer else self._code()
        table = ", table" if kind == "normal" else ""
        return self._once_a_row(name, f"{kind}_of(first_{draw_name(key)}, second_{draw_name(key)}, {code}{table})")

    def _code(self) -> str:
        place, width = named(self.level), self.layout.width(self.level)
        block = f"(b * middle_{place} + k)" if self.level in WITH_MIDDLE else "b"
        return self._once_a_row("code", f"code_of(codes, codes_{place} + {block} * {width}, 0, j)")

    def theirs(self, name: str) -> str:
        """What the other end of the tie has of a quantity."""
        if self.level != "tie" or self._level_of(name) != "employee":
            raise UnsupportedEquationError(f"'their_{name}' is the other end of a tie, and of a quantity per employee")
        number = self.shown.index(name)
        if len(self.shown) > 1:
            return self._once_a_row(f"their_{name}", f"brought_at(brought, 0, {number}, j * {stride_of(self.shown)})")
        return self._once_a_row(f"their_{name}", f"seen_at(seen, {self._shown_from()}, 0, {self._partner()})")

    def _partner(self) -> str:
        return f"row_of(rows, rows_partner + (b * middle_tie + k) * {self.layout.block}, 0, j)"

    def _shown_from(self) -> str:
        return f"{self.column} * (blocks_employee + 1) * {self.layout.block}"

    def bring(self) -> list[str]:
        """Fetch what all partners of a tie slot show, where that is more than one number each."""
        if len(self.shown) < 2:
            return []
        stride = stride_of(self.shown)
        there, here = f"{self._shown_from()} + int64({self._partner()}) * {stride}", f"j * {stride}"
        return ["for j in range(lanes):", f"    bring_{stride}(seen, brought, {there}, {here})"]

    def _managers(self, names: list[str]) -> Term:
        if self.level not in ("employee", "measure") or len(names) != 1 or self._level_of(names[0]) != self.level:
            raise UnsupportedEquationError("it asks of the manager what is not of its own level")
        place = self._address(f"rows_manager_{self.level}")
        base = f"base_measure + k * {self.layout.row('measure')}" if self.level == "measure" else "base_employee"
        there = f"far(state, {base}, {self.layout.offset(self.level, names[0])}, {place})"
        return Term(f"({self._once_a_row(f'managers_own_{names[0]}', there)} * {self._has_manager()})", "f32")

    def _has_manager(self) -> str:
        side = "near" if self.level == "employee" else "far"
        return self._once_a_row(
            "old_has_manager", f"{side}(state, employee, {self.layout.offset('employee', 'has_manager')}, j)"
        )

    def _dose(self, process: str) -> Term:
        if self.level != "employee":
            raise UnsupportedEquationError("a lever rewrites it, and it is not per employee")
        row, column = self.layout.row("measure"), self.layout.row("catalogue")
        here = f"base_measure + (b * middle_measure + dosing_{process}) * {row}"
        there, intensity = f"base_catalogue + dosing_{process} * {column}", self.layout.offset("catalogue", "intensity")
        strength = f"far(state, {there}, {intensity}, 0)"
        dose = f"far(state, {here}, {self.layout.offset('measure', 'in_effect')}, j)"
        return Term(self._once_a_row(f"dose_{process}", f"{dose} * {strength}"), "f32")


def parameter_name(process: str, name: str) -> str:
    """A parameter as it stands in the kernel."""
    return f"{process}__{name}"


def draw_name(key: Sequence[str]) -> str:
    """A draw as it stands in the kernel: of an equation, or of a lever's rewriting."""
    return "__".join(key)


def stride_of(shown: Sequence[str]) -> int:
    """How many numbers a row takes that shows these: a power of two."""
    return 1 << max(len(shown) - 1, 0).bit_length() if shown else 0
