"""The language of mechanisms: what may be said, what is refused and in which words, and the curves."""

import doctest
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

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


def standing_in(file: str):
    """A class as if it stood in a file of that name, which is what its process is called."""

    def moved(kind):
        kind.__module__ = f"sim.mechanisms.{file}"
        return kind

    return moved


@standing_in("weather")
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
    with pytest.raises(UserError) as refused:
        register(mechanisms, levers, external_inputs)
    assert "\n" not in str(refused.value)
    return str(refused.value)


# -- refusals --------------------------------------------------------------------------------------------------------


@standing_in("eggs")
@dataclass(frozen=True)
class Eggs(Mechanism):
    @flow("sd")
    def egg(self, hen):
        """What hens lay."""
        return hen


@standing_in("hens")
@dataclass(frozen=True)
class Hens(Mechanism):
    @flow("sd")
    def hen(self, chick):
        """What chicks become."""
        return chick

    @flow("sd")
    def chick(self, egg):
        """What hatches."""
        return egg


def test_a_cycle_within_a_day_is_reported_whole():
    said = refusal(Eggs(), Hens())
    circle = said.split(": ")[1].split(". ")[0].split(" -> ")
    assert circle[0] == circle[-1]
    assert set(circle) == {"egg", "hen", "chick"}
    causes = {"egg": "hen", "hen": "chick", "chick": "egg"}
    assert all(causes[effect] == cause for cause, effect in pairwise(circle)), "causes before effects"
    assert "stock" in said, "it says what would be right"


def test_a_flow_that_causes_itself_is_a_circle():
    @standing_in("echo")
    @dataclass(frozen=True)
    class Echo(Mechanism):
        @flow("sd")
        def echo(self, echo):
            """What comes back."""
            return echo

    assert "echo -> echo" in refusal(Echo())


def test_a_circle_of_traits_is_named():
    @standing_in("nature")
    @dataclass(frozen=True)
    class Nature(Mechanism):
        @trait("sd")
        def blood(self, humour):
            """One."""
            return humour

        @trait("sd")
        def humour(self, blood):
            """Other."""
            return blood

    said = refusal(Nature())
    assert "blood" in said and "humour" in said and "->" in said


def test_feedback_may_pass_through_a_stock():
    registry = register([Weather()])
    assert registry.day == ("sun", "cheer")
    assert registry.night == ("mood",)
    assert registry.traits == ("love_of_sun",)


def test_a_missing_cause_names_the_equation_and_the_cause():
    said = refusal(Eggs())
    assert "eggs.egg: hen." in said


def test_a_missing_cause_at_the_other_end_of_a_tie_is_named_without_the_their():
    @standing_in("gossip")
    @dataclass(frozen=True)
    class Gossip(Mechanism):
        @flow("sd", per="tie")
        def told(self, their_secret):
            """What comes over a tie."""
            return their_secret

    assert ": secret." in refusal(Gossip())


def test_a_double_owner_is_named_with_the_first():
    @standing_in("climate")
    @dataclass(frozen=True)
    class Climate(Mechanism):
        @flow("sd")
        def sun(self):
            """Sun again."""
            return 0

    said = refusal(Weather(), Climate())
    assert ": sun." in said and "weather" in said and "climate" in said


def test_an_external_input_has_no_second_owner():
    said = refusal(Weather(), external_inputs={"sun": "everywhere"})
    assert ": sun." in said and "an external input" in said


def rewriting(target: str) -> Lever:
    """A lever that rewrites one quantity."""

    def rewrite(self, value, dose):
        return value

    kind = type("Rewriting", (Lever,), {target: rewrite, "__doc__": "A lever."})
    return dataclass(frozen=True)(standing_in("umbrellas")(kind))()


@pytest.mark.parametrize(
    ("target", "what"),
    [("mood", "a stock"), ("cheer", "a flow"), ("love_of_sun", "a trait"), ("hail", "not a quantity")],
)
def test_a_lever_rewrites_only_conditions(target, what):
    said = refusal(Weather(), levers=[rewriting(target)])
    assert "umbrellas" in said and f": {target} " in said and what in said
    assert said.endswith("sun."), "it lists the conditions there are"


def test_a_lever_may_rewrite_a_condition_and_its_causes_become_the_conditions():
    @standing_in("umbrellas")
    @dataclass(frozen=True)
    class Umbrellas(Lever):
        def sun(self, sun, dose, mood):
            return sun

    registry = register([Weather()], [Umbrellas()])
    assert registry.quantities["sun"].rewritten_by == ("umbrellas",)
    assert "mood" in registry.quantities["sun"].needs
    assert "dose" not in registry.quantities["sun"].needs


def test_a_lever_that_makes_a_circle_is_refused():
    @standing_in("umbrellas")
    @dataclass(frozen=True)
    class Umbrellas(Lever):
        def sun(self, sun, dose, cheer):
            return sun

    said = refusal(Weather(), levers=[Umbrellas()])
    assert "sun" in said and "cheer" in said and "->" in said


@pytest.mark.parametrize(
    ("target", "what"),
    [("mood", "a stock"), ("cheer", "a flow"), ("love_of_sun", "a trait"), ("hail", "not a quantity")],
)
def test_a_measure_shifts_only_conditions(target, what):
    registry = register([Weather()])
    check_shift(registry, "parasols", "sun")
    with pytest.raises(UserError) as refused:
        check_shift(registry, "parasols", target)
    assert "parasols" in str(refused.value) and f": {target} " in str(refused.value) and what in str(refused.value)


@standing_in("streams")
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
    @standing_in("pipes")
    @dataclass(frozen=True)
    class Pipes(Mechanism):
        @adds_to("river", "hours")
        def d_stream(self):
            """In another unit."""
            return 1

    said = refusal(Streams(), Pipes())
    assert "river" in said and "hours" in said and "sd" in said


def test_a_shared_flow_has_no_owner():
    @standing_in("canals")
    @dataclass(frozen=True)
    class Canals(Mechanism):
        @flow("sd")
        def river(self):
            """An owner."""
            return 1

    said = refusal(Streams(), Canals())
    assert ": river." in said and "canals" in said


def test_a_lever_touches_no_shared_flow_and_no_tributary():
    for target in ("river", "a_stream"):
        assert f": {target} " in refusal(Streams(), levers=[rewriting(target)])


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
def test_a_random_stream_is_named_exactly_where_random_numbers_are_taken(id_of_stream, argument):
    scope: dict = {}
    exec(f"def rain(self, {argument}): return {argument}", scope)
    with pytest.raises(ValueError, match="Invalid stream for rain"):
        flow("sd", stream=id_of_stream)(scope["rain"])


def test_two_equations_cannot_share_a_random_stream():
    @standing_in("clouds")
    @dataclass(frozen=True)
    class Clouds(Mechanism):
        @flow("sd", stream="sun")
        def rain(self, normal):
            """How much rain there is."""
            return normal

    said = refusal(Weather(), Clouds())
    assert "Invalid stream" in said and "clouds.rain" in said and "weather.sun" in said


def test_all_stocks_settle_together_from_the_values_of_today():
    @standing_in("swing")
    @dataclass(frozen=True)
    class Swing(Mechanism):
        @stock("sd", start=1.0)
        def left(self, right):
            """Takes the place of the right."""
            return right

        @stock("sd", start=0.0)
        def right(self, left):
            """Takes the place of the left."""
            return left

    engine = engine_of(Swing())
    for day in range(4):
        assert (engine.values["left"] == (day + 1) % 2).all()
        assert (engine.values["right"] == day % 2).all()
        engine.run_day(day)


def test_a_weekly_quantity_changes_on_mondays_alone():
    @standing_in("tides")
    @dataclass(frozen=True)
    class Tides(Mechanism):
        @flow("share", every="week", stream="tide")
        def tide(self, uniform):
            """New every Monday."""
            return uniform

    engine, seen = engine_of(Tides()), []
    for day in range(-7, 14):
        engine.run_day(day)
        seen.append(engine.values["tide"].tobytes())
    assert [seen[i : i + 7] for i in (0, 7, 14)] == [[seen[0]] * 7, [seen[7]] * 7, [seen[14]] * 7]
    assert len({seen[0], seen[7], seen[14]}) == 3


def test_a_trait_depends_only_on_traits_and_external_inputs():
    @standing_in("fashion")
    @dataclass(frozen=True)
    class Fashion(Mechanism):
        @trait("sd")
        def style(self, cheer):
            """Would change with the day."""
            return cheer

    said = refusal(Weather(), Fashion())
    assert "fashion.style" in said and "the flow cheer" in said


@pytest.mark.parametrize("start", ["cheer", "nothing"])
def test_a_stock_starts_from_a_trait(start):
    @standing_in("fashion")
    @dataclass(frozen=True)
    class Fashion(Mechanism):
        @stock("sd", start=start)
        def style(self, style):
            """Starts from what is no trait."""
            return style

    said = refusal(Weather(), Fashion())
    assert f"fashion.style: {start}." in said


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_a_parameter_lies_within_its_own_range(value):
    with pytest.raises(ValueError, match=r"own range is 0\.0 to 1\.0"):
        param(value, "share", "how much of it there is", low=0.0, high=1.0, source="assumed")


@pytest.mark.parametrize("lacking", ["unit", "meaning", "source"])
def test_a_parameter_needs_a_unit_a_meaning_and_a_source(lacking):
    passport = {"unit": "share", "meaning": "how much of it there is", "source": "assumed", lacking: ""}
    with pytest.raises(ValueError, match="a unit, a meaning and a source"):
        param(0.5, low=0.0, high=1.0, **passport)


def test_unknown_levels_and_clocks_are_refused():
    with pytest.raises(ValueError, match="employee, team"):
        flow("sd", per="galaxy")
    with pytest.raises(ValueError, match="day or week"):
        flow("sd", every="hour")


def test_a_switch_is_on_or_off():
    @dataclass(frozen=True)
    class Light(Mechanism):
        lamp: float = switch(True, "the lamp is lit", source="assumed")

    passport = Light.parameter_metadata()["lamp"]
    assert (Light().lamp, passport.low, passport.high) == (1, 0, 1)
    assert passport.is_switch and passport.assumed


@pytest.mark.parametrize(
    ("source", "grade", "role"),
    [
        ("E103", "seen", "specification"),
        ("target:active_oversight", "seen", "specification"),
        ("target:burnout_home", "seen", "calibration"),
        ("assumed", "assumed", "none (assumed)"),
        ("assumed E103 target:burnout_home", "assumed", "none (assumed)"),
        ("fitted", "fitted", "calibration"),
        ("centred", "centred", "centring"),
        ("centred target:leading_difficulty", "centred", "calibration"),
        ("definition", "definition", "definition"),
    ],
)
def test_grade_and_data_role_follow_from_the_source(source, grade, role):
    passport = ParameterMetadata("sd", "how much of it there is", 0.0, 1.0, source)
    assert (passport.grade, passport.role, passport.in_mind) == (grade, role, ())


def test_parameter_metadata_lists_the_patterns_in_mind():
    passport = ParameterMetadata("sd", "how much of it there is", 0.0, 1.0, "assumed E103 hybrid_start office_emptier")
    assert passport.in_mind == ("hybrid_start", "office_emptier")


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


def test_the_equation_alone_can_be_worked_out_by_hand():
    assert Weather(warmth=0.5).cheer(sun=2.0, mood=0.25) == 1.25


# -- the model telling itself ----------------------------------------------------------------------------------------


def test_the_text_of_the_model_lists_quantities_and_parameters_assumed_first(small_plan):
    registry = registry_of(small_plan)
    parameters = parameter_rows(registry, [Survey()])
    told = render_model(registry, parameters)
    lines = told.splitlines()
    for quantity in registry.quantities.values():
        assert any(line.startswith(f"  {quantity.name} (") for line in lines), quantity.name
    at = {row: told.index(f"  {row.full_name} = ") for row in parameters}
    assert max(at[row] for row in at if row.metadata.assumed) < min(at[row] for row in at if not row.metadata.assumed)


def test_the_text_of_the_model_lists_all_references(small_plan):
    told = "\n".join(references(row.metadata.source for row in parameter_rows(registry_of(small_plan))))
    keys = {key for row in parameter_rows(registry_of(small_plan)) for key in row.metadata.source.split()}
    for key in keys:
        if key.startswith("target:") or (key[0] == "E" and key[1:].isdigit()):
            assert f"{key}  " in told, key


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
    bent = curves.saturating(x, limit)
    assert abs(bent) <= limit * (1 + 1e-12)
    assert bent == -curves.saturating(-x, limit)
    assert abs(bent) <= abs(x) * (1 + 1e-12), "it only ever bends inwards"


def test_saturating_has_slope_one_at_nought():
    assert curves.saturating(1e-5, 4.0) == pytest.approx(1e-5, rel=1e-9)


@given(SCORES)
def test_a_likelihood_lies_between_nought_and_one_and_is_symmetric(x):
    assert 0 <= curves.likelihood(x) <= 1
    assert curves.likelihood(x) + curves.likelihood(-x) == pytest.approx(1)


def test_a_likelihood_has_the_slope_of_the_logistic_at_nought():
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


def test_a_ratio_is_about_the_exponential_near_nought():
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
def test_a_wandering_state_keeps_mean_nought_and_sd_one_and_its_memory(days):
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
