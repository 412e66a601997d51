"""Rules for every mechanism, lever and measure, and for imports between packages.

New files in `sim/mechanisms`, `sim/levers` and `conf/measure` are found and checked automatically.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
import yaml
from conftest import CONF, simulate
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import sim
from sim.data import rows, unresolved
from sim.engine.equation_groups import level_of
from sim.engine.plan import BASELINE, registry_of
from sim.language import curves, discovery
from sim.language.grammar import AGGREGATION_SOURCES, RANDOM_ARGUMENTS, EquationSpec, Lever, Mechanism, dependencies_of
from sim.language.registry import check_shift
from sim.levers.measure import read_measure
from sim.levers.scenario import Introduction, Scenario
from sim.survey.survey import Survey

PACKAGE = Path(sim.__file__).parent
KINDS = {**discovery.mechanisms(), **discovery.levers()}
DESCRIBED = {**KINDS, "survey": Survey}
PARAMETERS = [(process, name) for process, kind in DESCRIBED.items() for name in kind.parameter_metadata()]
EQUATIONS = [(process, name) for process, kind in discovery.mechanisms().items() for name in kind.equations()]


def mark_of(process: str, name: str) -> EquationSpec:
    return KINDS[process].equations()[name].mark


REWRITES = [(process, name) for process, kind in discovery.levers().items() for name in kind.rewrites()]
MEASURES = sorted(path.stem for path in (CONF / "measure").glob("*.yaml"))

EFFECTS = {row["id"]: row for row in rows("effects")}
TARGETS = {row["id"]: row for row in rows("targets")}
PATTERNS = {row["id"]: row for row in rows("patterns")}


@pytest.fixture(scope="module")
def registry(small_plan):
    """Return a registry of all mechanisms and levers."""
    everything = Scenario("everything", "policy", tuple(Introduction(m.name) for m in small_plan.measures))
    return registry_of(replace(small_plan, scenarios=(BASELINE, everything)))


# -- parameter metadata -----------------------------------------------------------------------------------------------


def weak(source: str) -> list[str]:
    """Return the keys of a source that were recalled or have low confidence."""
    cited = [EFFECTS[key] for key in source.split() if key in EFFECTS]
    return [row["id"] for row in cited if row["provenance"] != "seen" or row["confidence"] == "low"]


@pytest.mark.parametrize(("process", "name"), PARAMETERS)
def test_every_parameter_has_complete_metadata(process, name):
    kind = DESCRIBED[process]
    passport, value = kind.parameter_metadata()[name], getattr(kind(), name)
    assert passport.unit and passport.unit == passport.unit.strip()
    assert passport.meaning and passport.meaning == passport.meaning.strip(" .")
    assert np.isfinite([passport.low, passport.high]).all()
    assert passport.low <= value <= passport.high
    assert passport.low < passport.high or "definition" in passport.source.split(), (
        "a fixed value must have the source `definition`"
    )
    assert not passport.is_switch or (passport.low, passport.high) == (0, 1)


@pytest.mark.parametrize(("process", "name"), PARAMETERS)
def test_every_source_resolves(process, name):
    source = DESCRIBED[process].parameter_metadata()[name].source
    assert source.split()
    assert unresolved(source) == []


@pytest.mark.parametrize(("process", "name"), PARAMETERS)
def test_recalled_or_low_confidence_sources_are_graded_assumed(process, name):
    passport = DESCRIBED[process].parameter_metadata()[name]
    assert passport.assumed or weak(passport.source) == []


@pytest.mark.parametrize(("process", "name"), PARAMETERS)
def test_fitted_parameters_cite_only_calibration_targets(process, name):
    keys = DESCRIBED[process].parameter_metadata()[name].source.split()
    if "fitted" in keys:
        cited = [TARGETS[key.removeprefix("target:")] for key in keys if key.startswith("target:")]
        assert all(row["use"] == "calibrate" for row in cited)


def test_every_effect_says_where_it_was_read():
    for row in EFFECTS.values():
        assert row["provenance"] in ("seen", "recalled"), row["id"]
        assert row["confidence"] in ("low", "medium", "high"), row["id"]
        assert row["provenance"] == "recalled" or row["where_seen"], row["id"]


def texts_of(kind: type) -> ast.ClassDef:
    return ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]


@pytest.mark.parametrize("process", DESCRIBED)
def test_every_parameter_is_used(process):
    read = {
        node.attr
        for node in ast.walk(texts_of(DESCRIBED[process]))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
    }
    assert set(DESCRIBED[process].parameter_metadata()) - read == set()


# -- equations -------------------------------------------------------------------------------------------------------

ALLOWED_NUMPY = {"where", "minimum", "maximum", "clip", "abs", "sqrt"}
ALLOWED_CURVES = {
    name for name, value in vars(curves).items() if inspect.isfunction(value) and value.__module__ == curves.__name__
}
ALLOWED_OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.BitAnd, ast.BitOr)
ALLOWED_NUMBERS = (0, 1, 2)


def function(kind: type, name: str) -> ast.FunctionDef:
    return next(node for node in texts_of(kind).body if isinstance(node, ast.FunctionDef) and node.name == name)


def body(node: ast.FunctionDef) -> list[ast.stmt]:
    """Return the statements after the docstring."""
    return node.body[1:] if ast.get_docstring(node) else node.body


def faults(node: ast.AST, parameters: set[str], aggregations: set[str]) -> Iterator[str]:
    """Yield what an expression contains against the rules of equations."""
    match node:
        case ast.Constant(value=value):
            if value not in ALLOWED_NUMBERS or isinstance(value, bool):
                yield f"the number {value} is no parameter"
        case ast.Name() | ast.Load():
            return
        case ast.Attribute(value=ast.Name(id="self"), attr=name):
            if name not in parameters:
                yield f"self.{name} is no parameter"
        case ast.BinOp(left=left, op=operator, right=right):
            if not isinstance(operator, ALLOWED_OPERATORS):
                yield f"the operator {type(operator).__name__} is not allowed"
            if isinstance(operator, ast.BitAnd | ast.BitOr) and not (truth(left) and truth(right)):
                yield "& and | are allowed only between comparisons"
            yield from faults(left, parameters, aggregations)
            yield from faults(right, parameters, aggregations)
        case ast.UnaryOp(op=ast.Invert(), operand=operand):
            if not truth(operand):
                yield "~ is allowed only before a comparison"
            yield from faults(operand, parameters, aggregations)
        case ast.Compare(left=left, comparators=[right]):
            yield from faults(left, parameters, aggregations)
            yield from faults(right, parameters, aggregations)
        case ast.Call(func=ast.Attribute(value=ast.Name(id="np"), attr=name), args=arguments, keywords=[]):
            if name not in ALLOWED_NUMPY:
                yield f"np.{name} is not allowed"
            for argument in arguments:
                yield from faults(argument, parameters, aggregations)
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
            if name not in ALLOWED_CURVES:
                yield f"{name} is no curve"
            for argument in arguments:
                yield from faults(argument, parameters, aggregations)
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name))) if name in aggregations:
            yield f"the aggregation {name} is not alone on its line"
        case _:
            yield f"{ast.unparse(node)} ({type(node).__name__}) is not allowed"


def truth(node: ast.AST) -> bool:
    """Return whether an expression is a comparison or consists of comparisons."""
    match node:
        case ast.Compare():
            return True
        case ast.BinOp(left=left, op=ast.BitAnd() | ast.BitOr(), right=right):
            return truth(left) and truth(right)
        case ast.UnaryOp(op=ast.Invert(), operand=operand):
            return truth(operand)
    return False


def is_aggregation(statements: list[ast.stmt]) -> bool:
    """Return whether the body is one line such as `return ties.mean(x)`, with names only."""
    match statements:
        case [ast.Return(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name)), args=arguments, keywords=[]))]:
            return name in AGGREGATION_SOURCES and all(isinstance(argument, ast.Name) for argument in arguments)
    return False


def broken_rules(kind: type, name: str) -> list[str]:
    """Return what an equation does beyond assignments, one return, and allowed calls."""
    node = function(kind, name)
    arguments = {argument.arg for argument in node.args.args} - {"self"}
    statements = body(node)
    if node.args.defaults or node.args.kwonlyargs or node.args.vararg or node.args.kwarg:
        return ["an equation has only its causes as arguments"]
    if is_aggregation(statements):
        return []
    found = [f"the aggregation {name} needs a separate equation" for name in arguments & set(AGGREGATION_SOURCES)]
    known = {*arguments, "np", *ALLOWED_CURVES}
    for statement in statements[:-1]:
        match statement:
            case ast.Assign(targets=[ast.Name(id=target)], value=value):
                found += faults(value, set(kind.parameter_metadata()), arguments & set(AGGREGATION_SOURCES))
                found += [f"{used} is not known yet" for used in names_in(value) - known - {"self"}]
                known.add(target)
            case _:
                found.append(f"{ast.unparse(statement)}: only assignments of one name may come before the return")
    match statements[-1]:
        case ast.Return(value=ast.expr() as value):
            found += faults(value, set(kind.parameter_metadata()), arguments & set(AGGREGATION_SOURCES))
            found += [f"{used} is not known" for used in names_in(value) - known - {"self"}]
        case _:
            found.append("an equation ends with one return")
    return found


def names_in(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


@pytest.mark.parametrize(("process", "name"), [*EQUATIONS, *REWRITES])
def test_equations_obey_their_rules(process, name):
    assert broken_rules(KINDS[process], name) == []


@dataclass(frozen=True)
class Unruly(Mechanism):
    """Equations that break one rule each."""

    def branches(self, x):
        if x > 0:
            return x
        return 0 * x

    def loops(self, x):
        for _ in (0, 1):
            x = x + 1
        return x

    def indexes(self, x):
        return x[0]

    def reads_a_shape(self, x):
        return x * x.shape

    def gives_two(self, x):
        return x, x

    def has_a_number(self, x):
        return x * 0.3

    def raises_to_a_power(self, x):
        return x**2

    def calls_exp(self, x):
        return np.exp(x)

    def negates(self, x):
        return -x

    def inverts_a_number(self, x):
        return ~x

    def chains_comparisons(self, x):
        return 0 < x < 1

    def reads_no_parameter(self, x):
        return self.nothing * x

    def aggregates_and_computes(self, ties, x):
        return 2 * ties.sum(x)

    def aggregates_an_expression(self, ties, x):
        return ties.sum(2 * x)

    def has_a_default(self, x=0):
        return x

    def chooses(self, x):
        return x if x > 0 else 0

    def adds_in_place(self, x):
        x += 1
        return x

    def reads_a_global(self, x):
        return x * ALLOWED_NUMBERS


@pytest.mark.parametrize(
    "name", [name for name, value in vars(Unruly).items() if inspect.isfunction(value) and name[0] != "_"]
)
def test_every_broken_rule_is_found(name):
    assert broken_rules(Unruly, name)


@pytest.mark.parametrize(("process", "name"), EQUATIONS)
def test_every_equation_has_a_docstring_of_one_line(process, name):
    meaning = inspect.getdoc(KINDS[process].equations()[name])
    assert meaning, "a docstring is missing"
    assert "\n" not in meaning
    assert not meaning[0].islower() and meaning.endswith(".")
    assert len(meaning) < 110


@pytest.mark.parametrize("process", KINDS)
def test_every_mechanism_and_lever_has_a_docstring(process):
    kind = KINDS[process]
    of_file = inspect.getdoc(sys.modules[kind.__module__])
    assert kind.__doc__ and not kind.__doc__.startswith(f"{kind.__name__}("), "the class needs a docstring"
    assert of_file and of_file != kind.__doc__, "the file needs its own docstring"


@pytest.mark.parametrize(("process", "name"), EQUATIONS)
def test_every_cause_is_used_and_at_most_one_is_random(process, name):
    kind = KINDS[process]
    causes = dependencies_of(kind.equations()[name])
    used = {part for statement in body(function(kind, name)) for part in names_in(statement)}
    assert set(causes) - used == set(), "an argument is not used"
    assert len(set(causes) & set(RANDOM_ARGUMENTS)) <= 1, "two random numbers need two equations"


@pytest.mark.parametrize(("process", "name"), [*PARAMETERS, *EQUATIONS])
def test_names_are_whole_words_in_lower_case(process, name):
    assert name == name.lower() and name.isidentifier() and not name.startswith("_")
    forbidden = {
        "process",
        "handle",
        "compute",
        "utils",
        "common",
        "helper",
        "helpers",
        "do",
        "tmp",
        "val",
        "coef",
        "alpha",
        "beta",
    }
    assert not forbidden & set(name.split("_"))
    assert len(name) > 2


@pytest.mark.parametrize("process", discovery.mechanisms())
def test_a_mechanism_file_contains_one_frozen_mechanism_and_nothing_else(process):
    kind = discovery.mechanisms()[process]
    tree = ast.parse(Path(inspect.getfile(kind)).read_text(encoding="utf-8"))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    assert [node.name for node in classes] == [kind.__name__]
    assert kind.__bases__ == (Mechanism,)
    assert kind.__dataclass_params__.frozen
    loose = [n for n in tree.body if not isinstance(n, ast.ClassDef | ast.Import | ast.ImportFrom | ast.Expr)]
    assert loose == [], "functions and constants are not allowed beside the class"
    plain = [n.name for n in classes[0].body if isinstance(n, ast.FunctionDef) and n.name not in kind.equations()]
    assert plain == [], "every method is an equation"


# -- imports ----------------------------------------------------------------------------------------------------------

LAYERS = (
    ("compatibility", "errors", "formatting", "source_digest", "text"),
    ("paths", "data", "csv_text", "files"),
    ("language",),
    ("world",),
    ("mechanisms", "levers"),
    ("engine",),
    ("survey",),
    ("outcomes",),
    ("runs",),
    ("config",),
    ("model", "words"),
    ("reporting",),
    ("experiments",),
    ("calibration",),
    ("plotting",),
    ("describe",),
    ("studies",),
    ("views",),
    ("__init__", "__main__"),
)
LAYER = {package: layer for layer, packages in enumerate(LAYERS) for package in packages}
UPWARD: dict[tuple[str, str], str] = {}
"""Upward imports with their reasons; an addition needs a decision record."""
MECHANISMS_MAY_IMPORT = {"__future__", "dataclasses", "numpy", "sim.language.grammar", "sim.language.curves"}


def package_files() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def imports_of(path: Path) -> Iterator[str]:
    """Yield every module that a file imports, at the top or within a function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports must be absolute"
            yield from _imported(node)


def _imported(node: ast.ImportFrom) -> Iterator[str]:
    module = node.module or ""
    inner = [f"{module}.{alias.name}" for alias in node.names]
    are_modules = [name for name in inner if module.startswith("sim") and _is_module(name)]
    yield from are_modules or [module]


def _is_module(name: str) -> bool:
    path = PACKAGE.parent.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")


def package_of(module: str) -> str:
    return module.removeprefix("sim.").split(".")[0]


def upward_imports(path: Path) -> set[tuple[str, str]]:
    """Return a file's imports from a higher layer, or from another package of its own layer."""
    own = name_of(path)
    upward = set()
    for module in imports_of(path):
        if (
            module.startswith("sim.")
            and package_of(module) != package_of(own)
            and LAYER[package_of(module)] >= LAYER[package_of(own)]
        ):
            upward.add((own, package_of(module)))
    return upward


@pytest.mark.parametrize("path", package_files(), ids=name_of)
def test_imports_point_down(path):
    assert upward_imports(path) - set(UPWARD) == set()


def test_every_listed_upward_import_exists():
    assert set(UPWARD) == set().union(*(upward_imports(path) for path in package_files()))


def test_there_is_no_import_cycle():
    """Imports within functions count."""
    graph = nx.DiGraph()
    for path in package_files():
        modules = (name for name in imports_of(path) if name.startswith("sim."))
        graph.add_edges_from((name_of(path), module.removeprefix("sim.")) for module in modules)
    assert [sorted(cycle) for cycle in nx.strongly_connected_components(graph) if len(cycle) > 1] == []


MOST_LINES, MOST_LINES_OF_A_FUNCTION = 400, 66
LONGER_FILES = {"experiments.results", "experiments.sweep"}
"""Files to be split; the set should shrink."""


@pytest.mark.parametrize("path", package_files(), ids=name_of)
def test_files_and_functions_are_short(path):
    text = path.read_text(encoding="utf-8")
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
    lines = {node.name: (node.end_lineno or 0) - node.lineno + 1 for node in functions}
    assert {name: count for name, count in lines.items() if count > MOST_LINES_OF_A_FUNCTION} == {}
    assert (len(text.splitlines()) > MOST_LINES) == (name_of(path) in LONGER_FILES)


@pytest.mark.parametrize("process", KINDS)
def test_mechanisms_and_levers_import_only_the_language(process):
    assert set(imports_of(Path(inspect.getfile(KINDS[process])))) <= MECHANISMS_MAY_IMPORT


@pytest.mark.parametrize("path", package_files(), ids=name_of)
def test_no_file_uses_a_global_random_generator(path):
    text = path.read_text(encoding="utf-8")
    assert "import random" not in text
    assert not re.search(r"np\.random\.(?!default_rng\(|Generator\b|BitGenerator\b|SeedSequence\b)", text)


# -- measures and conditions -----------------------------------------------------------------------------------------

NEVER_CONDITIONS = (
    "exhaustion", "burn", "complaint", "isolation", "bond", "detachment", "conflict", "cynicism", "engagement", "absen",
    "fatigue", "strain", "telepressure", "norm", "autonomy", "support_of", "known", "used",
)  # fmt: skip


def test_outcomes_bonds_detachment_and_conflict_are_not_conditions(registry):
    assert registry.conditions
    for name in registry.conditions:
        assert registry.quantities[name].kind == "flow"
        assert not any(word in name for word in NEVER_CONDITIONS), name


def test_traits_and_stocks_are_not_conditions(registry):
    assert not set(registry.traits) & set(registry.conditions)
    assert not set(registry.night) & set(registry.conditions)


def content(name: str) -> dict:
    return yaml.safe_load((CONF / "measure" / f"{name}.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", MEASURES)
def test_every_measure_changes_only_conditions(name, registry):
    measure = read_measure(name, content(name))
    for target in measure.shifts:
        check_shift(registry, name, target)
    assert measure.rewrites == (name in discovery.levers())


@pytest.mark.parametrize("name", MEASURES)
def test_every_measure_has_texts_in_two_languages(name):
    measure = read_measure(name, content(name))
    assert len(measure.text) > 15 and len(measure.tekst) > 15
    assert measure.text != measure.tekst
    assert "\n" not in measure.text + measure.tekst
    assert measure.cost and measure.actor and measure.beneficiary


@pytest.mark.parametrize("name", MEASURES)
def test_every_amount_of_a_measure_has_a_range_and_a_source(name):
    measure = read_measure(name, content(name))
    for shift in measure.shifts.values():
        assert shift.amount != 0 and shift.low < shift.high
        assert unresolved(shift.source) == []
        assert "assumed" in shift.source.split() or weak(shift.source) == []
    if not measure.in_study:
        assert unresolved(measure.source) == [], "a measure outside the study needs cited rows"


def test_the_fifteen_measures_of_the_study_have_its_shares(measures):
    of_the_study = [measure for measure in measures if measure.in_study]
    assert len(of_the_study) == 15
    reported = {"employer": 9.61, "manager": 7.78, "non_manager": 6.31}
    for role, number in reported.items():
        assert sum(measure.study[role] for measure in of_the_study) == pytest.approx(number, abs=0.005)


@pytest.mark.parametrize(("process", "name"), REWRITES)
@given(
    value=arrays(np.float32, (2, 5), elements=st.floats(-4, 4, width=32)),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_lever_with_a_dose_of_zero_returns_its_flow_unchanged_to_the_bit(process, name, registry, value, seed):
    quantity = registry.quantities[name]
    if quantity.unit == "share":
        value = np.abs(value) / 4
    generator = np.random.default_rng(seed)
    lever = registry.levers[process]
    method = getattr(lever, name)
    given_causes = {name: value.copy(), "dose": np.zeros((2, 5), np.float32)}
    others = {c: generator.integers(0, 5, (2, 5)).astype(np.float32) for c in dependencies_of(method)}
    result = np.asarray(method(**{**others, **given_causes}), np.float32)
    assert (result + 0).tobytes() == (value + 0).tobytes()


# -- pure equations ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def engine(small_plan):
    """Return a small firm after burn-in and eight days, with two different worlds."""
    policy = Scenario("policy", "policy", tuple(Introduction(m.name) for m in small_plan.measures))
    return simulate(replace(small_plan, scenarios=(BASELINE, policy)), days=8)


def arguments_of(engine, quantity) -> list:
    """Return the arguments of an equation: read-only arrays of the current state at its level, and random numbers."""
    staff = engine.staff
    aggregates = any(cause in AGGREGATION_SOURCES for cause in quantity.causes)
    found = []
    for cause in dependencies_of(KINDS[quantity.owner].equations()[quantity.name]):
        own = cause.removeprefix("their_")
        if cause in AGGREGATION_SOURCES:
            found.append(staff.aggregation_sources[cause])
            continue
        if cause in RANDOM_ARGUMENTS:
            array = np.linspace(0.01, 0.98, staff.count[quantity.per], dtype=np.float32)[None]
        elif cause != own:
            array = staff.aggregation_sources["ties"].of(engine.values[own])
        else:
            known = engine.registry.quantities.get(own)
            level = known.per if known else engine.registry.external_inputs[own]
            array = engine.values[own]
            if level != "everywhere" and not aggregates:
                array = staff.broadcast(array, level, quantity.per)
        array = np.array(array, np.float32)
        array.setflags(write=False)
        found.append(array)
    return found


@pytest.mark.parametrize(("process", "name"), EQUATIONS)
def test_equations_are_pure(process, name, engine):
    quantity = engine.registry.quantities[name]
    method = getattr(engine.registry.mechanisms[process], name)
    arguments = arguments_of(engine, quantity)
    before = [argument.tobytes() for argument in arguments if isinstance(argument, np.ndarray)]
    once, again = (np.array(method(*arguments)) for _ in range(2))
    assert once.tobytes() == again.tobytes()
    assert before == [argument.tobytes() for argument in arguments if isinstance(argument, np.ndarray)]
    assert np.isfinite(once.astype(np.float64)).all()


@pytest.mark.parametrize(("process", "name"), EQUATIONS)
def test_equations_are_elementwise(process, name, engine):
    """The result of a row does not depend on other rows, unless the equation is an aggregation."""
    quantity = engine.registry.quantities[name]
    if any(cause in AGGREGATION_SOURCES for cause in quantity.causes):
        return
    method = getattr(engine.registry.mechanisms[process], name)
    arguments = arguments_of(engine, quantity)
    whole = np.asarray(method(*arguments))
    row = min(3, max((a.shape[-1] for a in arguments), default=1) - 1)
    alone = np.asarray(method(*(a[..., row : row + 1] if a.shape[-1] > 1 else a for a in arguments)))
    expected = whole[..., row : row + 1] if whole.ndim and whole.shape[-1] > 1 else whole
    np.testing.assert_array_equal(alone, expected)


@pytest.mark.parametrize(("process", "name"), [pair for pair in EQUATIONS if mark_of(*pair).per == "tie"])
def test_a_slot_without_a_tie_is_zero(process, name, registry):
    """Every sum over slots includes empty slots, so their number must not matter."""
    method = getattr(registry.mechanisms[process], name)
    causes = dependencies_of(method)
    of_a_tie = [
        c for c in causes if c.startswith("their_") or (c not in RANDOM_ARGUMENTS and level_of(registry, c) == "tie")
    ]
    assert method(**dict.fromkeys(causes, np.float32(0.7)) | dict.fromkeys(of_a_tie, np.float32(0))) == 0


def test_quantities_are_single_precision(engine):
    for name in engine.registry.quantities:
        assert engine.values[name].dtype == np.float32, name
        assert engine.values[name].shape[1:] == engine.staff.shape(engine.registry.quantities[name].per, 1)[1:], name


# -- a new mechanism and a new measure, as one file and one yaml -----------------------------------------------------

PLANTS = '''"""Plants: green in the office."""

from __future__ import annotations

from dataclasses import dataclass

from sim.language.curves import approach
from sim.language.grammar import Mechanism, flow, param, stock, trait


@dataclass(frozen=True)
class Plants(Mechanism):
    """Green that grows and does nothing else."""

    days: float = param(20.0, "days", "time in which plants grow", low=5.0, high=40.0, source="assumed")

    @trait("sd", stream="green_fingers")
    def green_fingers(self, normal):
        """Ease with plants."""
        return normal

    @flow("sd", condition=True, stream="watering")
    def watering(self, uniform, at_office):
        """How much water the plants get today."""
        return uniform * at_office

    @stock("sd", start="green_fingers")
    def greenery(self, greenery, watering, green_fingers):
        """How green one's desk is."""
        return approach(greenery, watering + green_fingers, self.days)
'''
GARDENER = """
text: "A gardener looks after the plants"
tekst: "Een tuinman verzorgt de planten"
lever: social
kind: provision_and_contact
route: collective
actor: employer
beneficiary: employee
seen_by: all
legal: free
hygiene: collective
cost: "one gardener"
source: assumed
grade: assumed
use: 0.5
shifts:
  watering: {amount: 0.5, low: 0.1, high: 1.0, source: assumed}
"""


TUESDAY_OF_WEEK_20 = 20 * 7 + 1


@pytest.fixture
def plants(tmp_path):
    """Add a file to `sim/mechanisms` for one test."""
    package = importlib.import_module("sim.mechanisms")
    (tmp_path / "plants.py").write_text(PLANTS, encoding="utf-8")
    package.__path__.append(str(tmp_path))
    discovery.mechanisms.cache_clear()
    yield
    package.__path__.remove(str(tmp_path))
    sys.modules.pop("sim.mechanisms.plants", None)
    vars(package).pop("plants", None)
    discovery.mechanisms.cache_clear()
    importlib.invalidate_caches()


@pytest.fixture(scope="module")
def without_plants(small_plan):
    return simulate(small_plan, days=15)


def test_a_new_mechanism_needs_one_file_and_changes_no_other_random_number(small_plan, without_plants, plants):
    with_plants = simulate(small_plan, days=15)
    new = set(with_plants.registry.quantities) - set(without_plants.registry.quantities)
    assert new == {"green_fingers", "watering", "greenery"}
    assert with_plants.values["greenery"].std() > 0.1
    for name in without_plants.registry.quantities:
        assert with_plants.values[name].tobytes() == without_plants.values[name].tobytes(), name


def test_a_new_measure_needs_one_yaml_file_and_changes_a_new_condition(small_plan, plants):
    gardener = read_measure("gardener", yaml.safe_load(GARDENER))
    policy = Scenario("gardener", "policy", (Introduction("gardener"),))
    plan = replace(small_plan, measures=(*small_plan.measures, gardener), scenarios=(BASELINE, policy))
    engine = simulate(plan, days=TUESDAY_OF_WEEK_20 + 1)
    watering, dose = (
        engine.values["watering"],
        engine.values["in_effect"][1, engine.interventions.names.index("gardener")],
    )
    assert dose.max() > 0.2
    assert (watering[1] - watering[0]).max() == pytest.approx(0.5 * dose.max(), abs=0.1)
    assert engine.values["greenery"][1].mean() > engine.values["greenery"][0].mean()
    for name, quantity in engine.registry.quantities.items():
        if "measure" not in quantity.per and name not in ("watering", "greenery", "measures_known"):
            assert (engine.values[name][0] == engine.values[name][-1]).all(), name


def test_a_removed_mechanism_leaves_no_trace(small_plan, without_plants):
    assert "plants" not in discovery.mechanisms()
    again = simulate(small_plan, days=15)
    for name in without_plants.values:
        assert again.values[name].tobytes() == without_plants.values[name].tobytes(), name


UMBRELLAS = '''"""Umbrellas: a lever in code."""

from __future__ import annotations

from dataclasses import dataclass

from sim.language.grammar import Lever, param


@dataclass(frozen=True)
class Umbrellas(Lever):
    """Everybody gets an umbrella, which makes the office the place to be."""

    size: float = param(0.5, "share", "how far it draws people to the office", low=0.0, high=1.0, source="assumed")

    def office_expected(self, office_expected, dose):
        """Those with an umbrella are expected."""
        return office_expected + dose * self.size * (1 - office_expected)
'''


@pytest.fixture
def umbrellas(tmp_path):
    """Add a file to `sim/levers` for one test."""
    package = importlib.import_module("sim.levers")
    (tmp_path / "umbrellas.py").write_text(UMBRELLAS, encoding="utf-8")
    package.__path__.append(str(tmp_path))
    discovery.levers.cache_clear()
    yield
    package.__path__.remove(str(tmp_path))
    sys.modules.pop("sim.levers.umbrellas", None)
    vars(package).pop("umbrellas", None)
    discovery.levers.cache_clear()
    importlib.invalidate_caches()


def test_a_new_lever_needs_one_file_and_one_yaml_file(small_plan, umbrellas):
    entries = {key: value for key, value in yaml.safe_load(GARDENER).items() if key != "shifts"}
    measure = read_measure("umbrellas", {**entries, "rewrites": True})
    assert issubclass(discovery.levers()["umbrellas"], Lever)
    policy = Scenario("umbrellas", "policy", (Introduction("umbrellas"),))
    plan = replace(small_plan, measures=(*small_plan.measures, measure), scenarios=(BASELINE, policy))
    engine = simulate(plan, days=TUESDAY_OF_WEEK_20 + 1)
    assert (engine.values["office_expected"][0] == 0).all()
    assert engine.values["office_expected"][1].mean() > 0.05
