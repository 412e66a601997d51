"""The language of mechanisms: valid and invalid equations, and the curves."""

import doctest
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from models import in_module

from sim.engine.plan import EXTERNAL_INPUTS, registry_of
from sim.engine.reference import ReferenceEngine
from sim.errors import UserError
from sim.language import curves
from sim.language.describe import parameter_rows, references, render_model
from sim.language.discovery import levers, mechanisms
from sim.language.grammar import (
    Lever,
    Mechanism,
    ParameterMetadata,
    adds_to,
    dependencies_of,
    flow,
    param,
    stock,
    switch,
    trait,
)
from sim.language.registry import check_shift, register
from sim.levers.interventions import InterventionState
from sim.survey.survey import Survey
from sim.world.calendar import Calendar
from sim.world.establishments import build
from sim.world.firm import FirmOptions
from sim.world.staff import Staff


@in_module("weather")
@dataclass(frozen=True)
class Weather(Mechanism):
    """Sun, and what it does."""

    warmth: float = param(0.5, "sd/sd", "cheer per SD of sun", low=0.0, high=1.0, source="assumed")

    @trait("sd", stream="love_of_sun")
    def love_of_sun(self, normal):
        """How much one loves the sun."""
        return normal

    @flow("sd", condition=True, stream="sun")
    def sun(self, uniform):
        """How much sun there is."""
        return uniform

    @flow("sd")
    def cheer(self, sun, mood):
        """How cheerful one is today."""
        return self.warmth * sun + mood

    @stock("sd", start="love_of_sun")
    def mood(self, mood, cheer):
        """How one feels these weeks."""
        return mood / 2 + cheer / 2


def refusal(*mechanisms: Mechanism, levers=(), external_inputs=None) -> str:
    with pytest.raises(UserError) as error:
        register(mechanisms, levers, external_inputs)
    assert "\n" not in str(error.value)
    return str(error.value)


# -- refusals --------------------------------------------------------------------------------------------------------


def equation(signature: str, decorator=None):
    """Return an equation that returns its first argument, or 1 where it has none."""
    name, arguments = signature.rstrip(")").split("(")
    scope: dict = {}
    exec(f"def {name}(self, {arguments}): return {arguments.split(',')[0] or 1}", scope)
    return decorator(scope[name]) if decorator else scope[name]


def process(file: str, *equations, kind: type = Mechanism):
    """Return a mechanism or lever of these equations."""
    own = type(file.title(), (kind,), {one.__name__: one for one in equations} | {"__doc__": "A process."})
    return in_module(file)(dataclass(frozen=True)(own))()


EGGS = process("eggs", equation("egg(hen)", flow("sd")))
HENS = process("hens", equation("hen(chick)", flow("sd")), equation("chick(egg)", flow("sd")))


def test_a_cycle_within_a_day_is_reported_whole():
    message = refusal(EGGS, HENS)
    cycle = message.split(": ")[1].split(". ")[0].split(" -> ")
    assert cycle[0] == cycle[-1]
    assert set(cycle) == {"egg", "hen", "chick"}
    causes = {"egg": "hen", "hen": "chick", "chick": "egg"}
    assert all(causes[effect] == cause for cause, effect in pairwise(cycle)), "causes before effects"
    assert "stock" in message, "the message says how to break the cycle"


def test_a_flow_that_causes_itself_is_a_cycle():
    assert "echo -> echo" in refusal(process("echo", equation("echo(echo)", flow("sd"))))


def test_a_cycle_of_traits_is_named():
    traits = equation("blood(humour)", trait("sd")), equation("humour(blood)", trait("sd"))
    message = refusal(process("nature", *traits))
    assert "blood" in message and "humour" in message and "->" in message


def test_feedback_may_pass_through_a_stock():
    registry = register([Weather()])
    assert registry.day == ("sun", "cheer")
    assert registry.night == ("mood",)
    assert registry.traits == ("love_of_sun",)


def test_a_missing_cause_names_the_equation_and_the_cause():
    assert "eggs.egg: hen." in refusal(EGGS)


def test_a_missing_cause_at_the_other_end_of_a_tie_is_named_without_their():
    assert ": secret." in refusal(process("gossip", equation("rumour(their_secret)", flow("sd", per="tie"))))


def test_both_owners_of_a_quantity_are_named():
    message = refusal(Weather(), process("climate", equation("sun()", flow("sd"))))
    assert ": sun." in message and "weather" in message and "climate" in message


def test_an_external_input_has_no_second_owner():
    message = refusal(Weather(), external_inputs={"sun": "everywhere"})
    assert ": sun." in message and "an external input" in message


def lever(arguments: str, target: str = "sun") -> Lever:
    """Return a lever that rewrites one quantity."""
    return process("umbrellas", equation(f"{target}({arguments})"), kind=Lever)


NO_CONDITIONS = [("mood", "a stock"), ("cheer", "a flow"), ("love_of_sun", "a trait"), ("hail", "not a quantity")]


@pytest.mark.parametrize(("target", "what"), NO_CONDITIONS)
def test_a_lever_rewrites_only_conditions(target, what):
    message = refusal(Weather(), levers=[lever("value, dose", target)])
    assert "umbrellas" in message and f": {target} " in message and what in message
    assert message.endswith("sun."), "the message lists the conditions"


def test_a_lever_may_rewrite_a_condition_and_its_causes_become_the_conditions():
    registry = register([Weather()], [lever("sun, dose, mood")])
    assert registry.quantities["sun"].rewritten_by == ("umbrellas",)
    assert "mood" in registry.quantities["sun"].needs
    assert "dose" not in registry.quantities["sun"].needs


def test_a_lever_that_makes_a_cycle_is_refused():
    message = refusal(Weather(), levers=[lever("sun, dose, cheer")])
    assert "sun" in message and "cheer" in message and "->" in message


@pytest.mark.parametrize(("target", "what"), NO_CONDITIONS)
def test_a_measure_shifts_only_conditions(target, what):
    registry = register([Weather()])
    check_shift(registry, "parasols", "sun")
    with pytest.raises(UserError) as error:
        check_shift(registry, "parasols", target)
    assert all(part in str(error.value) for part in ("parasols", f": {target} ", what))


@in_module("streams")
@dataclass(frozen=True)
class Streams(Mechanism):
    """Three tributaries whose order shows in the last bits, written out of order."""

    @adds_to("river", "sd")
    def c_stream(self):
        """Comes last."""
        return 1

    @adds_to("river", "sd")
    def b_stream(self):
        """Takes away what the first brought."""
        return 0 - 100000000.0

    @adds_to("river", "sd")
    def a_stream(self):
        """Comes first."""
        return 100000000.0


def test_tributaries_that_differ_in_unit_are_refused():
    message = refusal(Streams(), process("pipes", equation("d_stream()", adds_to("river", "hours"))))
    assert "river" in message and "hours" in message and "sd" in message


def test_a_shared_flow_has_no_owner():
    message = refusal(Streams(), process("canals", equation("river()", flow("sd"))))
    assert ": river." in message and "canals" in message


@pytest.mark.parametrize("target", ["river", "a_stream"])
def test_a_lever_rewrites_no_shared_flow_and_no_tributary(target):
    assert f": {target} " in refusal(Streams(), levers=[lever("value, dose", target)])


def engine_of(*mechanisms: Mechanism) -> ReferenceEngine:
    firm = build(FirmOptions(kind="one", employees=20), 1, 0)
    return ReferenceEngine(
        register(mechanisms, (), EXTERNAL_INPUTS), Staff(firm, ()), InterventionState((), ()), Calendar(), seed=1
    )


def test_tributaries_are_summed_in_the_order_of_their_names():
    engine = engine_of(Streams())
    engine.run_day(0)
    assert engine.registry.quantities["river"].tributaries == ("a_stream", "b_stream", "c_stream")
    assert (engine.values["river"] == 1).all(), "1 - 1e8 + 1e8 would be 0 in single precision"


@pytest.mark.parametrize(("id_of_stream", "argument"), [(None, "normal"), ("rain", "sun")])
def test_an_equation_has_a_stream_if_and_only_if_it_has_random_numbers(id_of_stream, argument):
    with pytest.raises(ValueError, match="Invalid stream for rain"):
        equation(f"rain({argument})", flow("sd", stream=id_of_stream))


def test_two_equations_cannot_share_a_random_stream():
    message = refusal(Weather(), process("clouds", equation("rain(normal)", flow("sd", stream="sun"))))
    assert "Invalid stream" in message and "clouds.rain" in message and "weather.sun" in message


def test_all_stocks_are_updated_together_from_the_values_of_today():
    left, right = equation("left(right)", stock("sd", start=1.0)), equation("right(left)", stock("sd", start=0.0))
    engine = engine_of(process("swing", left, right))
    for day in range(4):
        assert (engine.values["left"] == (day + 1) % 2).all()
        assert (engine.values["right"] == day % 2).all()
        engine.run_day(day)


def test_a_weekly_quantity_changes_on_mondays_alone():
    tide = equation("tide(uniform)", flow("share", every="week", stream="tide"))
    engine, values = engine_of(process("tides", tide)), []
    for day in range(-7, 14):
        engine.run_day(day)
        values.append(engine.values["tide"].tobytes())
    weeks = [values[i : i + 7] for i in (0, 7, 14)]
    assert [len(set(week)) for week in weeks] == [1, 1, 1] and len(set(values)) == 3


def test_a_trait_depends_only_on_traits_and_external_inputs():
    message = refusal(Weather(), process("fashion", equation("style(cheer)", trait("sd"))))
    assert "fashion.style" in message and "the flow cheer" in message


@pytest.mark.parametrize("start", ["cheer", "nothing"])
def test_a_stock_starts_from_a_trait(start):
    message = refusal(Weather(), process("fashion", equation("style(style)", stock("sd", start=start))))
    assert f"fashion.style: {start}." in message


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_a_parameter_lies_within_its_own_range(value):
    with pytest.raises(ValueError, match=r"own range is 0\.0 to 1\.0"):
        param(value, "share", "how much of it there is", low=0.0, high=1.0, source="assumed")


@pytest.mark.parametrize("lacking", ["unit", "meaning", "source"])
def test_a_parameter_needs_a_unit_a_meaning_and_a_source(lacking):
    metadata = {"unit": "share", "meaning": "how much of it there is", "source": "assumed", lacking: ""}
    with pytest.raises(ValueError, match="a unit, a meaning and a source"):
        param(0.5, low=0.0, high=1.0, **metadata)


def test_unknown_levels_and_clocks_are_refused():
    with pytest.raises(ValueError, match="employee, team"):
        flow("sd", per="galaxy")
    with pytest.raises(ValueError, match="day or week"):
        flow("sd", every="hour")


def test_a_switch_is_on_or_off():
    @dataclass(frozen=True)
    class Light(Mechanism):
        lamp: float = switch(True, "the lamp is lit", source="assumed")

    metadata = Light.parameter_metadata()["lamp"]
    assert (Light().lamp, metadata.low, metadata.high) == (1, 0, 1)
    assert metadata.is_switch and metadata.assumed


@pytest.mark.parametrize(
    ("source", "grade", "role", "in_mind"),
    [
        ("E103", "seen", "specification", ()),
        ("target:active_oversight", "seen", "specification", ()),
        ("target:burnout_home", "seen", "calibration", ()),
        ("assumed", "assumed", "none (assumed)", ()),
        ("assumed E103 target:burnout_home", "assumed", "none (assumed)", ()),
        ("assumed E103 hybrid_start office_emptier", "assumed", "none (assumed)", ("hybrid_start", "office_emptier")),
        ("fitted", "fitted", "calibration", ()),
        ("centred", "centred", "centring", ()),
        ("centred target:leading_difficulty", "centred", "calibration", ()),
        ("definition", "definition", "definition", ()),
    ],
)
def test_grade_role_and_patterns_in_mind_follow_from_the_source(source, grade, role, in_mind):
    metadata = ParameterMetadata("sd", "how much of it there is", 0.0, 1.0, source)
    assert (metadata.grade, metadata.role, metadata.in_mind) == (grade, role, in_mind)


# -- order -----------------------------------------------------------------------------------------------------------


@given(st.permutations(sorted(mechanisms())))
def test_the_order_of_the_day_is_derived_whatever_the_order_of_the_files(order):
    registry = register([mechanisms()[name]() for name in order], (), EXTERNAL_INPUTS)
    for beat in (registry.traits, registry.day):
        place = {name: position for position, name in enumerate(beat)}
        for name in beat:
            assert all(place[cause] < place[name] for cause in registry.quantities[name].needs if cause in place)
    assert set(registry.traits) | set(registry.day) | set(registry.night) == set(registry.quantities)


def test_causes_are_the_arguments_without_self():
    assert dependencies_of(Weather.cheer) == ("sun", "mood")
    assert dependencies_of(Weather().cheer) == ("sun", "mood")


def test_an_equation_can_be_computed_without_an_engine():
    assert Weather(warmth=0.5).cheer(sun=2.0, mood=0.25) == 1.25


# -- description ------------------------------------------------------------------------------------------------------


def test_the_text_of_the_model_lists_quantities_and_parameters_assumed_first(small_plan):
    registry = registry_of(small_plan)
    parameters = parameter_rows(registry, [Survey()])
    text = render_model(registry, parameters)
    lines = text.splitlines()
    for quantity in registry.quantities.values():
        assert any(line.startswith(f"  {quantity.name} (") for line in lines), quantity.name
    at = {row: text.index(f"  {row.full_name} = ") for row in parameters}
    assert max(at[row] for row in at if row.metadata.assumed) < min(at[row] for row in at if not row.metadata.assumed)


def test_the_text_of_the_model_lists_all_references(small_plan):
    parameters = parameter_rows(registry_of(small_plan))
    text = "\n".join(references(row.metadata.source for row in parameters))
    for key in {key for row in parameters for key in row.metadata.source.split()}:
        if key.startswith("target:") or (key[0] == "E" and key[1:].isdigit()):
            assert f"{key}  " in text, key


def test_discovery_finds_every_file_under_its_own_name():
    assert {name: kind.process() for name, kind in {**mechanisms(), **levers()}.items()} == {
        name: name for name in (*mechanisms(), *levers())
    }
    assert list(mechanisms()) == sorted(mechanisms())


# -- curves ----------------------------------------------------------------------------------------------------------

SCORES = st.floats(-1e6, 1e6)
SHARES = st.floats(0, 1)


def test_the_examples_beside_the_curves_hold():
    assert doctest.testmod(curves).failed == 0
    assert doctest.testmod(curves).attempted >= 10


@given(SCORES, st.floats(0.5, 10))
def test_saturating_stays_within_its_limit_and_is_odd(x, limit):
    value = curves.saturating(x, limit)
    assert abs(value) <= min(limit, abs(x)) * (1 + 1e-12)
    assert value == -curves.saturating(-x, limit)


def test_saturating_has_slope_one_at_zero():
    assert curves.saturating(1e-5, 4.0) == pytest.approx(1e-5, rel=1e-9)


@given(SCORES)
def test_a_likelihood_lies_between_zero_and_one_and_is_symmetric(x):
    assert 0 <= curves.likelihood(x) <= 1
    assert curves.likelihood(x) + curves.likelihood(-x) == pytest.approx(1)


def test_a_likelihood_has_the_slope_of_the_logistic_at_zero():
    assert (curves.likelihood(1e-4) - curves.likelihood(-1e-4)) / 2e-4 == pytest.approx(0.25, rel=1e-6)


@given(st.floats(0.001, 0.999))
def test_a_score_undoes_a_likelihood(share):
    assert curves.likelihood(curves.score(share)) == pytest.approx(share, abs=1e-6)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_score_is_finite_at_the_ends(share):
    for kind in (np.float32, np.float64):
        found = curves.score(kind(share))
        assert np.isfinite(found)
        assert curves.likelihood(found) == pytest.approx(share, abs=1e-3)


@given(st.floats(-1e4, 1e4))
def test_ratios_are_positive_and_opposites_cancel(x):
    assert curves.ratio(x) > 0
    assert float(curves.ratio(x) * curves.ratio(-x)) == pytest.approx(1, rel=1e-9)


def test_a_ratio_is_about_the_exponential_near_zero():
    x = np.linspace(-0.5, 0.5, 11)
    np.testing.assert_allclose(curves.ratio(x), np.exp(x), rtol=0.02)


@given(st.floats(-1e5, 1e5))
def test_a_shortfall_is_at_least_zero_and_at_least_its_argument(x):
    assert curves.shortfall(x) >= max(x, 0) * (1 - 1e-9)
    assert curves.shortfall(x) <= max(x, 0) + 0.5


@given(SCORES, st.floats(-5, 0), st.floats(0, 5))
def test_within_limits_a_number_to_a_range(x, low, high):
    held = curves.within(x, low, high)
    assert low <= held <= high
    assert held == x or not low <= x <= high


@given(st.floats(-10, 10), st.floats(-10, 10), st.floats(0.1, 500))
def test_an_approach_never_overshoots(now, target, days):
    then = curves.approach(now, target, days)
    assert min(now, target) - 1e-12 <= then <= max(now, target) + 1e-12


def test_an_approach_has_covered_two_thirds_after_its_days():
    state = 0.0
    for _ in range(30):
        state = curves.approach(state, 1.0, 30.0)
    assert state == pytest.approx(1 - np.exp(-1), abs=0.01)


@pytest.mark.parametrize("days", [1.0, 2.0, 30.0, 200.0])
def test_a_wandering_state_keeps_mean_zero_and_sd_one_and_its_memory(days):
    rng = np.random.default_rng(7).standard_normal((400, 4000))
    state = first = rng[0]
    for normal in rng[1:]:
        state, first = curves.wander(state, days, normal), state
    assert state.mean() == pytest.approx(0, abs=0.06)
    assert state.std() == pytest.approx(1, abs=0.05)
    assert np.corrcoef(first, state)[0, 1] == pytest.approx(1 - 1 / days, abs=0.05)


@given(st.sampled_from([0.0, 1.0]), st.floats(0, 1, exclude_max=True), SHARES, SHARES)
def test_a_switched_state_is_yes_or_no_and_follows_its_hazards(now, uniform, onset, end):
    then = float(curves.switched(now, uniform, onset, end))
    assert then == ((uniform >= end) if now else (uniform < onset))
    assert curves.switched(now, uniform, 0.0, 0.0) == now, "without hazards nothing happens"
    assert curves.switched(now, uniform, 1.0, 1.0) == 1 - now


@given(st.floats(0, 0.95), st.floats(0.001, 0.05))
def test_a_lasting_onset_keeps_the_share_in_being(share, end):
    onset = float(curves.lasting(share, end))
    assert 0 <= onset <= 1
    if onset < 1:
        assert onset / (onset + end) == pytest.approx(share, abs=1e-9)


@pytest.mark.parametrize("share", [0.0, 0.999, 1.0])
def test_a_lasting_onset_is_a_chance_at_the_ends_too(share):
    assert 0 <= curves.lasting(share, 0.01) <= 1


OF_ONE_ARGUMENT = {
    "saturating": lambda x, number: curves.saturating(x, number(4)),
    "likelihood": lambda x, number: curves.likelihood(x),
    "ratio": lambda x, number: curves.ratio(x),
    "shortfall": lambda x, number: curves.shortfall(x),
    "within": lambda x, number: curves.within(x, -1, 1),
    "score": lambda x, number: curves.score(curves.within((x + 6) / 12, 0, 1)),
    "approach": lambda x, number: curves.approach(x, number(1), number(5)),
    "wander": lambda x, number: curves.wander(x, number(5), number(0.3)),
    "lasting": lambda x, number: curves.lasting(curves.within((x + 6) / 12, 0, 1), number(0.02)),
}


@pytest.mark.parametrize("name", OF_ONE_ARGUMENT)
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_a_curve_rises_and_keeps_the_precision_of_its_argument(name, kind):
    x = np.linspace(-6, 6, 401).astype(kind)
    y = OF_ONE_ARGUMENT[name](x, kind)
    assert y.dtype == kind
    assert np.isfinite(y).all()
    assert (np.diff(y) >= -1e-5).all()
    assert y[-1] > y[0]


def test_a_switched_state_keeps_its_precision():
    now = np.array([0, 1], np.float32)
    assert curves.switched(now, np.array([0.1, 0.1], np.float32), 0.5, 0.5).dtype == np.float32
