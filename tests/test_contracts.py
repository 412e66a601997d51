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
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
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
from sim.language.grammar import AGGREGATION_SOURCES, RANDOM_ARGUMENTS, Lever, Mechanism, dependencies_of
from sim.language.registry import check_shift
from sim.levers.measure import Measure, read_measure
from sim.levers.scenario import Introduction, Scenario
from sim.survey.survey import Survey

PACKAGE = Path(sim.__file__).parent
KINDS = {**discovery.mechanisms(), **discovery.levers()}
DESCRIBED = {**KINDS, "survey": Survey}
PARAMETERS = [(process, name) for process, kind in DESCRIBED.items() for name in kind.parameter_metadata()]
EQUATIONS = [(process, name) for process, kind in discovery.mechanisms().items() for name in kind.equations()]


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
    metadata, value = kind.parameter_metadata()[name], getattr(kind(), name)
    assert metadata.unit and metadata.unit == metadata.unit.strip()
    assert metadata.meaning and metadata.meaning == metadata.meaning.strip(" .")
    assert np.isfinite([metadata.low, metadata.high]).all()
    assert metadata.low <= value <= metadata.high
    assert metadata.low < metadata.high or "definition" in metadata.source.split(), "a fixed value is a definition"
    assert not metadata.is_switch or (metadata.low, metadata.high) == (0, 1)


@pytest.mark.parametrize(("process", "name"), PARAMETERS)
def test_every_parameter_has_valid_sources(process, name):
    metadata = DESCRIBED[process].parameter_metadata()[name]
    keys = metadata.source.split()
    assert keys and unresolved(metadata.source) == []
    assert metadata.assumed or weak(metadata.source) == [], "recalled or low-confidence sources are graded assumed"
    targets = [key.removeprefix("target:") for key in keys if key.startswith("target:")]
    assert "fitted" not in keys or all(TARGETS[key]["use"] == "calibrate" for key in targets)


def test_every_effect_says_where_it_was_read():
    for row in EFFECTS.values():
        assert row["provenance"] in ("seen", "recalled"), row["id"]
        assert row["confidence"] in ("low", "medium", "high"), row["id"]
        assert row["provenance"] == "recalled" or row["where_seen"], row["id"]


def syntax_of(kind: type) -> ast.ClassDef:
    return ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]


@pytest.mark.parametrize("process", DESCRIBED)
def test_every_parameter_is_used(process):
    read = {
        node.attr
        for node in ast.walk(syntax_of(DESCRIBED[process]))
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
    return next(node for node in syntax_of(kind).body if isinstance(node, ast.FunctionDef) and node.name == name)


def body(node: ast.FunctionDef) -> list[ast.stmt]:
    """Return the statements after the docstring."""
    return node.body[1:] if ast.get_docstring(node) else node.body


def faults(node: ast.AST, parameters: set[str], aggregations: set[str]) -> Iterator[str]:
    """Yield what an expression contains against the rules of equations."""
    parts: list[ast.expr] = []
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
            parts = [left, right]
        case ast.UnaryOp(op=ast.Invert(), operand=operand):
            if not truth(operand):
                yield "~ is allowed only before a comparison"
            parts = [operand]
        case ast.Compare(left=left, comparators=[right]):
            parts = [left, right]
        case ast.Call(func=ast.Attribute(value=ast.Name(id="np"), attr=name), args=arguments, keywords=[]):
            if name not in ALLOWED_NUMPY:
                yield f"np.{name} is not allowed"
            parts = arguments
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
            if name not in ALLOWED_CURVES:
                yield f"{name} is no curve"
            parts = arguments
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name))) if name in aggregations:
            yield f"the aggregation {name} is not alone on its line"
        case _:
            yield f"{ast.unparse(node)} ({type(node).__name__}) is not allowed"
    for part in parts:
        yield from faults(part, parameters, aggregations)


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


def broken_rules(node: ast.FunctionDef, parameters: set[str]) -> list[str]:
    """Return what an equation does beyond assignments, one return, and allowed calls."""
    arguments = {argument.arg for argument in node.args.args} - {"self"}
    statements = body(node)
    if node.args.defaults or node.args.kwonlyargs or node.args.vararg or node.args.kwarg:
        return ["an equation has only its causes as arguments"]
    if is_aggregation(statements):
        return []
    aggregations = arguments & set(AGGREGATION_SOURCES)
    found = [f"the aggregation {name} needs a separate equation" for name in aggregations]
    known = {*arguments, "np", "self", *ALLOWED_CURVES}
    for statement in statements:
        is_last = statement is statements[-1]
        match statement:
            case ast.Assign(targets=[ast.Name(id=target)], value=value) if not is_last:
                pass
            case ast.Return(value=ast.expr() as value) if is_last:
                target = ""
            case _:
                found.append(f"{ast.unparse(statement)}: use assignments of one name and, at the end, one return")
                continue
        found += faults(value, parameters, aggregations)
        found += [f"{used} is not known" for used in names_in(value) - known]
        known.add(target)
    return found


def names_in(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


@pytest.mark.parametrize(("process", "name"), [*EQUATIONS, *REWRITES])
def test_equations_obey_their_rules(process, name):
    kind = KINDS[process]
    assert broken_rules(function(kind, name), set(kind.parameter_metadata())) == []


@pytest.mark.parametrize("text", [
    "(self, x):\n  if x > 0:\n    return x\n  return 0 * x", "(self, x):\n  for _ in (0, 1): x = x + 1\n  return x",
    "(self, x): return x[0]", "(self, x): return x * x.shape", "(self, x): return x, x", "(self, x): return x * 0.3",
    "(self, x): return x**2", "(self, x): return np.exp(x)", "(self, x): return -x", "(self, x): return ~x",
    "(self, x): return 0 < x < 1", "(self, x): return self.nothing * x", "(self, ties, x): return 2 * ties.sum(x)",
    "(self, ties, x): return ties.sum(2 * x)", "(self, x=0): return x", "(self, x): return x if x > 0 else 0",
    "(self, x):\n  x += 1\n  return x", "(self, x): return x * A_GLOBAL",
])  # fmt: skip
def test_every_broken_rule_is_found(text):
    assert broken_rules(ast.parse(f"def equation{text}").body[0], {"slope"})


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
        "process", "handle", "compute", "utils", "common", "helper", "helpers", "do", "tmp", "val", "coef", "alpha",
        "beta",
    }  # fmt: skip
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
    ("compatibility", "errors", "formatting", "source_digest", "text"), ("paths", "data", "csv_text", "files"),
    ("language",), ("world",), ("mechanisms", "levers"), ("engine",), ("survey",), ("outcomes",), ("runs",),
    ("config",), ("model", "words"), ("reporting",), ("experiments",), ("calibration",), ("plotting",),
    ("describe",), ("studies",), ("views",), ("__init__", "__main__"),
)  # fmt: skip
LAYER = {package: layer for layer, packages in enumerate(LAYERS) for package in packages}
UPWARD: dict[tuple[str, str], str] = {}
"""Upward imports with their reasons; an addition needs a decision record."""
MECHANISMS_MAY_IMPORT = {"__future__", "dataclasses", "numpy", "sim.language.grammar", "sim.language.curves"}


@cache
def package_files() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


@cache
def imports_of(path: Path) -> tuple[str, ...]:
    """Return every module that a file imports, at the top or within a function."""
    modules: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports must be absolute"
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            modules += [name for name in inner if name.startswith("sim.") and is_module(name)] or [str(node.module)]
    return tuple(modules)


def is_module(name: str) -> bool:
    path = PACKAGE.parent.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")


def package_of(module: str) -> str:
    return module.removeprefix("sim.").split(".")[0]


def upward_imports(path: Path) -> set[tuple[str, str]]:
    """Return a file's imports from a higher layer, or from another package of its own layer."""
    own = package_of(name_of(path))
    imported = {package_of(module) for module in imports_of(path) if module.startswith("sim.")} - {own}
    return {(name_of(path), package) for package in imported if LAYER[package] >= LAYER[own]}


def test_imports_point_down_except_those_that_are_listed():
    assert set().union(*(upward_imports(path) for path in package_files())) == set(UPWARD)


def test_there_is_no_import_cycle():
    """Imports within functions count."""
    graph = nx.DiGraph()
    for path in package_files():
        modules = (name for name in imports_of(path) if name.startswith("sim."))
        graph.add_edges_from((name_of(path), module.removeprefix("sim.")) for module in modules)
    assert [sorted(cycle) for cycle in nx.strongly_connected_components(graph) if len(cycle) > 1] == []


MOST_LINES, MOST_LINES_OF_A_FUNCTION = 400, 60


@pytest.mark.parametrize("path", package_files(), ids=name_of)
def test_files_and_functions_are_short(path):
    text = path.read_text(encoding="utf-8")
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
    lines = {node.name: (node.end_lineno or 0) - node.lineno + 1 for node in functions}
    assert {name: count for name, count in lines.items() if count > MOST_LINES_OF_A_FUNCTION} == {}
    assert len(text.splitlines()) <= MOST_LINES


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


def test_conditions_are_flows_and_no_outcomes_bonds_detachment_or_conflict(registry):
    assert registry.conditions
    assert not {*registry.traits, *registry.night} & set(registry.conditions)
    for name in registry.conditions:
        assert registry.quantities[name].kind == "flow"
        assert not any(word in name for word in NEVER_CONDITIONS), name


def measure_of(name: str) -> Measure:
    return read_measure(name, yaml.safe_load((CONF / "measure" / f"{name}.yaml").read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", MEASURES)
def test_every_measure_changes_only_conditions(name, registry):
    measure = measure_of(name)
    for target in measure.shifts:
        check_shift(registry, name, target)
    assert measure.rewrites == (name in discovery.levers())


@pytest.mark.parametrize("name", MEASURES)
def test_every_measure_has_texts_in_two_languages(name):
    measure = measure_of(name)
    assert len(measure.text) > 15 and len(measure.tekst) > 15
    assert measure.text != measure.tekst
    assert "\n" not in measure.text + measure.tekst
    assert measure.cost and measure.actor and measure.beneficiary


@pytest.mark.parametrize("name", MEASURES)
def test_every_amount_of_a_measure_has_a_range_and_a_source(name):
    measure = measure_of(name)
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
@given(value=arrays(np.float32, (2, 5), elements=st.floats(-4, 4, width=32)), seed=st.integers(0, 2**32 - 1))
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


@pytest.mark.parametrize(
    ("process", "name"), [pair for pair in EQUATIONS if KINDS[pair[0]].equations()[pair[1]].mark.per == "tie"]
)
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


DAYS = 20 * 7 + 2
"""Days until the end of Tuesday of week 20."""


@contextmanager
def added_file(kind: str, name: str, text: str, folder: Path) -> Iterator[None]:
    """Add a file to `sim/mechanisms` or `sim/levers` and remove it again."""
    package, found = importlib.import_module(f"sim.{kind}"), getattr(discovery, kind)
    (folder / f"{name}.py").write_text(text, encoding="utf-8")
    package.__path__.append(str(folder))
    found.cache_clear()
    yield
    package.__path__.remove(str(folder))
    sys.modules.pop(f"sim.{kind}.{name}", None)
    vars(package).pop(name, None)
    found.cache_clear()
    importlib.invalidate_caches()


@pytest.fixture
def plants(tmp_path):
    with added_file("mechanisms", "plants", PLANTS, tmp_path):
        yield


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
    engine = simulate(plan, days=DAYS)
    watering = engine.values["watering"]
    dose = engine.values["in_effect"][1, engine.interventions.names.index("gardener")]
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
    with added_file("levers", "umbrellas", UMBRELLAS, tmp_path):
        yield


def test_a_new_lever_needs_one_file_and_one_yaml_file(small_plan, umbrellas):
    entries = {key: value for key, value in yaml.safe_load(GARDENER).items() if key != "shifts"}
    measure = read_measure("umbrellas", {**entries, "rewrites": True})
    assert issubclass(discovery.levers()["umbrellas"], Lever)
    policy = Scenario("umbrellas", "policy", (Introduction("umbrellas"),))
    plan = replace(small_plan, measures=(*small_plan.measures, measure), scenarios=(BASELINE, policy))
    engine = simulate(plan, days=DAYS)
    assert (engine.values["office_expected"][0] == 0).all()
    assert engine.values["office_expected"][1].mean() > 0.05
