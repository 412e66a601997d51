"""The contracts that every mechanism, lever and measure keeps, and the order of the house.

A new file in `sim/mechanisms`, `sim/levers` or `conf/measure` is found and held to them without a word here.
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

import numpy as np
import pytest
import yaml
from conftest import CONF, lived
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import sim
from sim.data import rows, unresolved
from sim.engine.order import level_of
from sim.engine.plan import BASELINE, registry_of
from sim.language import curves, discovery
from sim.language.grammar import LOOKS, LUCK, Lever, Mark, Mechanism, causes_of
from sim.language.registry import check_shift
from sim.levers.measure import read_measure
from sim.levers.scenario import Introduction, Scenario
from sim.outcomes.survey import Survey

HOUSE = Path(sim.__file__).parent
KINDS = {**discovery.mechanisms(), **discovery.levers()}
DESCRIBED = {**KINDS, "survey": Survey}
PARAMETERS = [(process, name) for process, kind in DESCRIBED.items() for name in kind.passports()]
EQUATIONS = [(process, name) for process, kind in discovery.mechanisms().items() for name in kind.equations()]


def mark_of(process: str, name: str) -> Mark:
    return KINDS[process].equations()[name].mark


REWRITES = [(process, name) for process, kind in discovery.levers().items() for name in kind.rewrites()]
MEASURES = sorted(path.stem for path in (CONF / "measure").glob("*.yaml"))

EFFECTS = {row["id"]: row for row in rows("effects")}
TARGETS = {row["id"]: row for row in rows("targets")}
PATTERNS = {row["id"]: row for row in rows("patterns")}


@pytest.fixture(scope="module")
def registry(small_plan):
    """All mechanisms and all levers, whatever a scenario needs."""
    everything = Scenario("everything", "policy", tuple(Introduction(m.name) for m in small_plan.measures))
    return registry_of(replace(small_plan, scenarios=(BASELINE, everything)))


# -- passports -------------------------------------------------------------------------------------------------------


def weak(source: str) -> list[str]:
    """The keys of a source that were recalled, or are of low confidence."""
    cited = [EFFECTS[key] for key in source.split() if key in EFFECTS]
    return [row["id"] for row in cited if row["provenance"] != "seen" or row["confidence"] == "low"]


@pytest.mark.parametrize(("process", "name"), PARAMETERS)
def test_every_parameter_has_a_whole_passport(process, name):
    kind = DESCRIBED[process]
    passport, value = kind.passports()[name], getattr(kind(), name)
    assert passport.unit and passport.unit == passport.unit.strip()
    assert passport.meaning and passport.meaning == passport.meaning.strip(" .")
    assert np.isfinite([passport.low, passport.high]).all()
    assert passport.low <= value <= passport.high
    assert passport.low < passport.high or "definition" in passport.source.split(), (
        "a number that cannot move is a definition"
    )
    assert not passport.is_switch or (passport.low, passport.high) == (0, 1)


@pytest.mark.parametrize(("process", "name"), PARAMETERS)
def test_every_source_resolves(process, name):
    source = DESCRIBED[process].passports()[name].source
    assert source.split()
    assert unresolved(source) == []


@pytest.mark.parametrize(("process", "name"), PARAMETERS)
def test_what_is_recalled_or_of_low_confidence_is_graded_assumed(process, name):
    passport = DESCRIBED[process].passports()[name]
    assert passport.assumed or weak(passport.source) == []


@pytest.mark.parametrize(("process", "name"), PARAMETERS)
def test_only_rows_to_calibrate_on_are_fitted_to(process, name):
    keys = DESCRIBED[process].passports()[name].source.split()
    if "fitted" in keys:
        cited = [TARGETS[key.removeprefix("target:")] for key in keys if key.startswith("target:")]
        assert all(row["use"] == "calibrate" for row in cited)


def test_every_effect_says_where_it_was_seen():
    for row in EFFECTS.values():
        assert row["provenance"] in ("seen", "recalled"), row["id"]
        assert row["confidence"] in ("low", "medium", "high"), row["id"]
        assert row["provenance"] == "recalled" or row["where_seen"], row["id"]


def texts_of(kind: type) -> ast.ClassDef:
    return ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]


@pytest.mark.parametrize("process", DESCRIBED)
def test_no_parameter_is_idle(process):
    read = {
        node.attr
        for node in ast.walk(texts_of(DESCRIBED[process]))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
    }
    assert set(DESCRIBED[process].passports()) - read == set()


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
    """The statements after the docstring."""
    return node.body[1:] if ast.get_docstring(node) else node.body


def faults(node: ast.AST, parameters: set[str], looks: set[str]) -> Iterator[str]:
    """What an expression holds beyond the rules of equations."""
    match node:
        case ast.Constant(value=value):
            if value not in ALLOWED_NUMBERS or isinstance(value, bool):
                yield f"the number {value} has no passport"
        case ast.Name() | ast.Load():
            return
        case ast.Attribute(value=ast.Name(id="self"), attr=name):
            if name not in parameters:
                yield f"self.{name} is no parameter"
        case ast.BinOp(left=left, op=operator, right=right):
            if not isinstance(operator, ALLOWED_OPERATORS):
                yield f"the operator {type(operator).__name__} is not allowed"
            if isinstance(operator, ast.BitAnd | ast.BitOr) and not (truth(left) and truth(right)):
                yield "& and | stand between comparisons alone"
            yield from faults(left, parameters, looks)
            yield from faults(right, parameters, looks)
        case ast.UnaryOp(op=ast.Invert(), operand=operand):
            if not truth(operand):
                yield "~ stands before a comparison alone"
            yield from faults(operand, parameters, looks)
        case ast.Compare(left=left, comparators=[right]):
            yield from faults(left, parameters, looks)
            yield from faults(right, parameters, looks)
        case ast.Call(func=ast.Attribute(value=ast.Name(id="np"), attr=name), args=arguments, keywords=[]):
            if name not in ALLOWED_NUMPY:
                yield f"np.{name} is not allowed"
            for argument in arguments:
                yield from faults(argument, parameters, looks)
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
            if name not in ALLOWED_CURVES:
                yield f"{name} is no curve"
            for argument in arguments:
                yield from faults(argument, parameters, looks)
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name))) if name in looks:
            yield f"the look {name} is not alone on its line"
        case _:
            yield f"{ast.unparse(node)} ({type(node).__name__}) is not allowed"


def truth(node: ast.AST) -> bool:
    """Whether an expression is a comparison or made of comparisons."""
    match node:
        case ast.Compare():
            return True
        case ast.BinOp(left=left, op=ast.BitAnd() | ast.BitOr(), right=right):
            return truth(left) and truth(right)
        case ast.UnaryOp(op=ast.Invert(), operand=operand):
            return truth(operand)
    return False


def is_look(statements: list[ast.stmt]) -> bool:
    """One line: `return ties.mean(x)`, with nothing but names."""
    match statements:
        case [ast.Return(value=ast.Call(func=ast.Attribute(value=ast.Name(id=look)), args=arguments, keywords=[]))]:
            return look in LOOKS and all(isinstance(argument, ast.Name) for argument in arguments)
    return False


def broken_rules(kind: type, name: str) -> list[str]:
    """What an equation does beyond assignments, one return, and the calls allowed."""
    node = function(kind, name)
    arguments = {argument.arg for argument in node.args.args} - {"self"}
    statements = body(node)
    if node.args.defaults or node.args.kwonlyargs or node.args.vararg or node.args.kwarg:
        return ["an equation's arguments are its causes, and no more"]
    if is_look(statements):
        return []
    found = [f"the look {look} belongs in an equation of its own" for look in arguments & set(LOOKS)]
    known = {*arguments, "np", *ALLOWED_CURVES}
    for statement in statements[:-1]:
        match statement:
            case ast.Assign(targets=[ast.Name(id=target)], value=value):
                found += faults(value, set(kind.passports()), arguments & set(LOOKS))
                found += [f"{used} is not known yet" for used in names_in(value) - known - {"self"}]
                known.add(target)
            case _:
                found.append(f"{ast.unparse(statement)}: only assignments of one name may come before the return")
    match statements[-1]:
        case ast.Return(value=ast.expr() as value):
            found += faults(value, set(kind.passports()), arguments & set(LOOKS))
            found += [f"{used} is not known" for used in names_in(value) - known - {"self"}]
        case _:
            found.append("an equation ends with one return")
    return found


def names_in(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


@pytest.mark.parametrize(("process", "name"), [*EQUATIONS, *REWRITES])
def test_an_equation_obeys_the_rules_of_equations(process, name):
    assert broken_rules(KINDS[process], name) == []


@dataclass(frozen=True)
class Unruly(Mechanism):
    """Everything an equation must not do."""

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

    def looks_at_shape(self, x):
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

    def looks_and_computes(self, ties, x):
        return 2 * ties.sum(x)

    def looks_at_an_expression(self, ties, x):
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
def test_the_rules_catch_what_they_forbid(name):
    assert broken_rules(Unruly, name)


@pytest.mark.parametrize(("process", "name"), EQUATIONS)
def test_every_equation_says_in_one_line_what_it_means(process, name):
    meaning = inspect.getdoc(KINDS[process].equations()[name])
    assert meaning, "a docstring is missing"
    assert "\n" not in meaning
    assert not meaning[0].islower() and meaning.endswith(".")
    assert len(meaning) < 110


@pytest.mark.parametrize("process", KINDS)
def test_every_mechanism_and_lever_says_what_it_claims(process):
    kind = KINDS[process]
    of_file = inspect.getdoc(sys.modules[kind.__module__])
    assert kind.__doc__ and not kind.__doc__.startswith(f"{kind.__name__}("), "the class says what it claims"
    assert of_file and of_file != kind.__doc__, "the file says what it is about"


@pytest.mark.parametrize(("process", "name"), EQUATIONS)
def test_every_cause_is_used_and_luck_comes_once(process, name):
    kind = KINDS[process]
    causes = causes_of(kind.equations()[name])
    used = {part for statement in body(function(kind, name)) for part in names_in(statement)}
    assert set(causes) - used == set(), "a cause without an effect"
    assert len(set(causes) & set(LUCK)) <= 1, "two draws are two equations"


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
def test_a_file_of_science_holds_one_frozen_mechanism_and_nothing_else(process):
    kind = discovery.mechanisms()[process]
    tree = ast.parse(Path(inspect.getfile(kind)).read_text(encoding="utf-8"))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    assert [node.name for node in classes] == [kind.__name__]
    assert kind.__bases__ == (Mechanism,)
    assert kind.__dataclass_params__.frozen
    loose = [n for n in tree.body if not isinstance(n, ast.ClassDef | ast.Import | ast.ImportFrom | ast.Expr)]
    assert loose == [], "no functions and no constants beside the class"
    plain = [n.name for n in classes[0].body if isinstance(n, ast.FunctionDef) and n.name not in kind.equations()]
    assert plain == [], "every method is an equation"


# -- imports ----------------------------------------------------------------------------------------------------------

FLOORS = (
    ("errors", "formatting", "source_digest", "text"),
    ("paths", "data", "csv_text", "files"),
    ("language",),
    ("world",),
    ("mechanisms", "levers"),
    ("engine",),
    ("model",),
    ("outcomes",),
    ("runs",),
    ("studies",),
    ("views",),
    ("__init__", "__main__"),
)
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
UPWARD = {
    ("model", "outcomes"): "the Mesa face shows outcomes, which need the engine alone",
    ("model", "studies"): "the Mesa face is handed a plan, or makes one from the configuration",
    ("studies.scenarios", "views"): "the main job leaves its report beside its tables",
}
"""Imports that point up, each with its reason; the list may shrink, and grows by decision alone."""
SCIENCE_MAY_IMPORT = {"__future__", "dataclasses", "numpy", "sim.language.grammar", "sim.language.curves"}


def files_of_the_house() -> list[Path]:
    return sorted(HOUSE.rglob("*.py"))


def imports_of(path: Path) -> Iterator[str]:
    """Every module that a file imports, at its head or within a function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are written in full"
            yield from _imported(node)


def _imported(node: ast.ImportFrom) -> Iterator[str]:
    module = node.module or ""
    inner = [f"{module}.{alias.name}" for alias in node.names]
    are_modules = [name for name in inner if module.startswith("sim") and _is_module(name)]
    yield from are_modules or [module]


def _is_module(name: str) -> bool:
    path = HOUSE.parent.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(HOUSE).with_suffix("").parts).removesuffix(".__init__")


def room(module: str) -> str:
    return module.removeprefix("sim.").split(".")[0]


def upward_imports(path: Path) -> set[tuple[str, str]]:
    """Imports of a file that reach a floor above its own, or a neighbouring room on it."""
    own = name_of(path)
    found = set()
    for module in imports_of(path):
        if module.startswith("sim.") and room(module) != room(own) and FLOOR[room(module)] >= FLOOR[room(own)]:
            found.add((own, room(module)))
    return found


@pytest.mark.parametrize("path", files_of_the_house(), ids=name_of)
def test_imports_point_down(path):
    assert upward_imports(path) - set(UPWARD) == set()


def test_no_exception_to_the_order_of_the_house_is_idle():
    assert set(UPWARD) == set().union(*(upward_imports(path) for path in files_of_the_house()))


@pytest.mark.parametrize("process", KINDS)
def test_science_imports_the_language_and_nothing_else(process):
    assert set(imports_of(Path(inspect.getfile(KINDS[process])))) <= SCIENCE_MAY_IMPORT


@pytest.mark.parametrize("path", files_of_the_house(), ids=name_of)
def test_nobody_draws_from_a_global_generator(path):
    text = path.read_text(encoding="utf-8")
    assert "import random" not in text
    assert not re.search(r"np\.random\.(?!default_rng\(|Generator\b|BitGenerator\b|SeedSequence\b)", text)


# -- measures and conditions -----------------------------------------------------------------------------------------

NEVER_MOVED = (
    "exhaustion", "burn", "complaint", "isolation", "bond", "detachment", "conflict", "cynicism", "engagement", "absen",
    "fatigue", "strain", "telepressure", "norm", "autonomy", "support_of", "known", "used",
)  # fmt: skip


def test_no_health_outcome_isolation_bond_detachment_or_conflict_is_a_condition(registry):
    assert registry.conditions
    for name in registry.conditions:
        assert registry.quantities[name].kind == "flow"
        assert not any(word in name for word in NEVER_MOVED), name


def test_every_trait_is_out_of_reach_of_management(registry):
    assert not set(registry.traits) & set(registry.conditions)
    assert not set(registry.night) & set(registry.conditions)


def content(name: str) -> dict:
    return yaml.safe_load((CONF / "measure" / f"{name}.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", MEASURES)
def test_every_measure_reads_and_moves_conditions_alone(name, registry):
    measure = read_measure(name, content(name))
    for target in measure.shifts:
        check_shift(registry, name, target)
    assert measure.rewrites == (name in discovery.levers())


@pytest.mark.parametrize("name", MEASURES)
def test_every_measure_is_told_in_two_languages(name):
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
        assert unresolved(measure.source) == [], "what the study did not ask about cites rows"


def test_the_fifteen_measures_of_the_study_carry_its_shares(measures):
    asked = [measure for measure in measures if measure.in_study]
    assert len(asked) == 15
    reported = {"employer": 9.61, "manager": 7.78, "non_manager": 6.31}
    for role, number in reported.items():
        assert sum(measure.study[role] for measure in asked) == pytest.approx(number, abs=0.005)


@pytest.mark.parametrize(("process", "name"), REWRITES)
@given(
    value=arrays(np.float32, (2, 5), elements=st.floats(-4, 4, width=32)),
    luck=st.integers(0, 2**32 - 1),
)
def test_a_lever_returns_its_flow_unchanged_to_the_bit_where_its_dose_is_nought(process, name, registry, value, luck):
    quantity = registry.quantities[name]
    if quantity.unit == "share":
        value = np.abs(value) / 4
    generator = np.random.default_rng(luck)
    lever = registry.levers[process]
    method = getattr(lever, name)
    given_causes = {name: value.copy(), "dose": np.zeros((2, 5), np.float32)}
    others = {c: generator.integers(0, 5, (2, 5)).astype(np.float32) for c in causes_of(method)}
    result = np.asarray(method(**{**others, **given_causes}), np.float32)
    assert (result + 0).tobytes() == (value + 0).tobytes()


# -- purity ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def engine(small_plan):
    """A small firm after five weeks of two worlds that differ."""
    policy = Scenario("policy", "policy", tuple(Introduction(m.name) for m in small_plan.measures))
    return lived(replace(small_plan, scenarios=(BASELINE, policy)), days=8)


def arguments_of(engine, quantity) -> list:
    """What an equation is given: read-only arrays of the present state, aligned to its level, and fresh luck."""
    staff = engine.staff
    looks_around = any(cause in LOOKS for cause in quantity.causes)
    found = []
    for cause in causes_of(KINDS[quantity.owner].equations()[quantity.name]):
        own = cause.removeprefix("their_")
        if cause in LOOKS:
            found.append(staff.looks[cause])
            continue
        if cause in LUCK:
            array = np.linspace(0.01, 0.98, staff.count[quantity.per], dtype=np.float32)[None]
        elif cause != own:
            array = staff.looks["ties"].of(engine.values[own])
        else:
            known = engine.registry.quantities.get(own)
            level = known.per if known else engine.registry.givens[own]
            array = engine.values[own]
            if level != "everywhere" and not looks_around:
                array = staff.spread(array, level, quantity.per)
        array = np.array(array, np.float32)
        array.setflags(write=False)
        found.append(array)
    return found


@pytest.mark.parametrize(("process", "name"), EQUATIONS)
def test_an_equation_is_pure(process, name, engine):
    quantity = engine.registry.quantities[name]
    method = getattr(engine.registry.mechanisms[process], name)
    arguments = arguments_of(engine, quantity)
    before = [argument.tobytes() for argument in arguments if isinstance(argument, np.ndarray)]
    once, again = (np.array(method(*arguments)) for _ in range(2))
    assert once.tobytes() == again.tobytes()
    assert before == [argument.tobytes() for argument in arguments if isinstance(argument, np.ndarray)]
    assert np.isfinite(once.astype(np.float64)).all()


@pytest.mark.parametrize(("process", "name"), EQUATIONS)
def test_an_equation_treats_everybody_alone(process, name, engine):
    """Elementwise: what a row yields does not hang on the other rows, unless the equation is a look."""
    quantity = engine.registry.quantities[name]
    if any(cause in LOOKS for cause in quantity.causes):
        return
    method = getattr(engine.registry.mechanisms[process], name)
    arguments = arguments_of(engine, quantity)
    whole = np.asarray(method(*arguments))
    row = min(3, max((a.shape[-1] for a in arguments), default=1) - 1)
    alone = np.asarray(method(*(a[..., row : row + 1] if a.shape[-1] > 1 else a for a in arguments)))
    expected = whole[..., row : row + 1] if whole.ndim and whole.shape[-1] > 1 else whole
    np.testing.assert_array_equal(alone, expected)


@pytest.mark.parametrize(("process", "name"), [pair for pair in EQUATIONS if mark_of(*pair).per == "tie"])
def test_a_slot_without_a_tie_holds_nought(process, name, registry):
    """Empty slots stand beside real ties in every sum over slots; how many there are must not matter."""
    method = getattr(registry.mechanisms[process], name)
    causes = causes_of(method)
    of_a_tie = [c for c in causes if c.startswith("their_") or (c not in LUCK and level_of(registry, c) == "tie")]
    assert method(**dict.fromkeys(causes, np.float32(0.7)) | dict.fromkeys(of_a_tie, np.float32(0))) == 0


def test_yields_are_single_precision(engine):
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
    """One more file in `sim/mechanisms`, for the time of a test."""
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
    return lived(small_plan, days=15)


def test_a_new_mechanism_is_one_file_and_changes_nobody_elses_luck(small_plan, without_plants, plants):
    with_plants = lived(small_plan, days=15)
    new = set(with_plants.registry.quantities) - set(without_plants.registry.quantities)
    assert new == {"green_fingers", "watering", "greenery"}
    assert with_plants.values["greenery"].std() > 0.1
    for name in without_plants.registry.quantities:
        assert with_plants.values[name].tobytes() == without_plants.values[name].tobytes(), name


def test_a_new_measure_is_one_yaml_that_moves_a_new_condition(small_plan, plants):
    gardener = read_measure("gardener", yaml.safe_load(GARDENER))
    policy = Scenario("gardener", "policy", (Introduction("gardener"),))
    plan = replace(small_plan, measures=(*small_plan.measures, gardener), scenarios=(BASELINE, policy))
    engine = lived(plan, days=TUESDAY_OF_WEEK_20 + 1)
    watering, dose = engine.values["watering"], engine.values["in_effect"][1, engine.catalogue.names.index("gardener")]
    assert dose.max() > 0.2
    assert (watering[1] - watering[0]).max() == pytest.approx(0.5 * dose.max(), abs=0.1)
    assert engine.values["greenery"][1].mean() > engine.values["greenery"][0].mean()
    for name, quantity in engine.registry.quantities.items():
        if "measure" not in quantity.per and name not in ("watering", "greenery", "measures_known"):
            assert (engine.values[name][0] == engine.values[name][-1]).all(), name


def test_a_mechanism_taken_away_again_leaves_no_trace(small_plan, without_plants):
    assert "plants" not in discovery.mechanisms()
    again = lived(small_plan, days=15)
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
    """One more file in `sim/levers`, for the time of a test."""
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


def test_a_new_lever_is_one_file_and_one_yaml(small_plan, umbrellas):
    entries = {key: value for key, value in yaml.safe_load(GARDENER).items() if key != "shifts"}
    measure = read_measure("umbrellas", {**entries, "rewrites": True})
    assert issubclass(discovery.levers()["umbrellas"], Lever)
    policy = Scenario("umbrellas", "policy", (Introduction("umbrellas"),))
    plan = replace(small_plan, measures=(*small_plan.measures, measure), scenarios=(BASELINE, policy))
    engine = lived(plan, days=TUESDAY_OF_WEEK_20 + 1)
    assert (engine.values["office_expected"][0] == 0).all()
    assert engine.values["office_expected"][1].mean() > 0.05
