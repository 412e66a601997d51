"""Worlds: pairs that differ in nothing but what was changed, whatever runs beside them, in whatever order.

Everything here is compared to the bit.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from dataclasses import fields, replace
from itertools import product

import numpy as np
import pandas as pd
import pytest
from conftest import simulate

from sim.engine.plan import BASELINE, create_engine, required_measures
from sim.engine.reference import ReferenceEngine
from sim.language.discovery import mechanisms
from sim.levers.interventions import InterventionState
from sim.levers.measure import read_measure
from sim.levers.scenario import Introduction, Scenario, Setting
from sim.outcomes.effects import effects
from sim.outcomes.record import Adoption, Record
from sim.outcomes.samples import samples_of
from sim.runs.run import run, run_many
from sim.world.calendar import DAYS_A_WEEK, Calendar
from sim.world.establishments import build
from sim.world.firm import FirmOptions
from sim.world.staff import Staff

COPY = replace(BASELINE, name="copy")
PACKAGE = Scenario(
    "package",
    "policy",
    tuple(Introduction(name) for name in ("social_moments", "right_to_disconnect", "anchor_days", "quiet_evenings")),
)
ALWAYS_ON = Scenario(
    "always_on",
    "counterfactual",
    settings=(Setting("availability", "pressure_from_above", 1.0),),
    withdrawn=("breaks",),
)
WORKSHOP = Scenario(
    "workshop", "policy", (Introduction("remote_leadership_training", share=0.5), Introduction("buddies"))
)


def run_days(days: range, *engines: ReferenceEngine) -> None:
    for engine in engines:
        for day in days:
            engine.run_day(day)


def of(engine: ReferenceEngine, name: str, world: int) -> np.ndarray:
    """Return a quantity in one world; quantities with one array for all worlds are the same in each."""
    values = engine.values[name]
    return values[min(world, len(values) - 1)]


def differing(first: ReferenceEngine, world: int, second: ReferenceEngine, other: int) -> set[str]:
    """Return the quantities in which two worlds are not the same to the bit."""
    return {
        name
        for name in first.registry.quantities
        if of(first, name, world).tobytes() != of(second, name, other).tobytes()
    }


# -- the null test ---------------------------------------------------------------------------------------------------


def test_a_copy_of_the_baseline_has_no_effect_on_anybody_on_any_day(small_plan):
    engine = simulate(replace(small_plan, scenarios=(BASELINE, PACKAGE, COPY, ALWAYS_ON)), days=0)
    for day in range(8 * DAYS_A_WEEK):
        engine.run_day(day)
        assert differing(engine, 0, engine, 2) == set()
    assert len(differing(engine, 0, engine, 1)) > 60, "the others really differ"
    assert len(differing(engine, 0, engine, 3)) > 60


@pytest.mark.parametrize(
    "idle",
    [
        Scenario("nobody", "policy", (Introduction("social_moments", share=0.0), Introduction("buddies", share=0.0))),
        Scenario("same", "policy", settings=(Setting("recovery", "effort", mechanisms()["recovery"]().effort),)),
        Scenario("later", "policy", (Introduction("social_moments", start=50),)),
        Scenario("empty", "policy", (Introduction("buddies", start=3, end=3),)),
    ],
    ids=lambda scenario: scenario.name,
)
def test_a_policy_that_changes_nothing_has_no_effect(idle, small_plan):
    engine = simulate(replace(small_plan, scenarios=(BASELINE, idle, PACKAGE)), days=5 * DAYS_A_WEEK)
    assert differing(engine, 0, engine, 1) == set()


def test_records_and_effects_of_a_copy_of_the_baseline_are_zero(small_plan):
    plan = replace(small_plan, scenarios=(BASELINE, COPY, PACKAGE))
    records = [run(replace(plan, replicate=number)) for number in range(2)]
    for record in records:
        assert np.array_equal(record.weekly[0], record.weekly[1], equal_nan=True)
        assert all((final[0] == final[1]).all() for final in record.final.values())
        assert np.array_equal(record.cascade[0], record.cascade[1], equal_nan=True)
    table = effects(samples_of(records, plan.scenarios, [measure.name for measure in required_measures(plan)]))
    null = table[table.scenario == "copy"]
    assert len(null) > 100
    assert (null[["difference", "low", "high"]] == 0).all(axis=None)
    assert (table[table.scenario == "package"].difference != 0).any()


# -- before the first day --------------------------------------------------------------------------------------------

LATE = {
    "a measure": {"introduced": (Introduction("social_moments", start=3), Introduction("anchor_days", start=3))},
    "a setting": {"settings": (Setting("recovery", "breaks_a_day", 4.0, start=3),)},
    "a setting of a lever": {"introduced": (Introduction("anchor_days", start=3),),
                             "settings": (Setting("anchor_days", "days", 1.0, start=3),)},
    "both": {"introduced": (Introduction("working_time_agreements", start=3, intensity=2.0),), "settings": (
        Setting("cascade", "reach", 3.0, start=4), Setting("attendance", "home_ceiling", 0.4, start=3))},
}  # fmt: skip


@pytest.mark.parametrize("what", LATE)
def test_a_policy_has_no_effect_before_its_first_day(what, small_plan):
    late = Scenario("late", "policy", **LATE[what])
    engine = simulate(replace(small_plan, scenarios=(BASELINE, late)), days=0)
    for day in range(3 * DAYS_A_WEEK):
        engine.run_day(day)
        assert differing(engine, 0, engine, 1) == set(), day
    run_days(range(3 * DAYS_A_WEEK, 10 * DAYS_A_WEEK), engine)
    assert len(differing(engine, 0, engine, 1)) > 50


def test_a_setting_applies_from_its_first_week_until_its_end(small_plan):
    slower = Scenario("slower", "policy", settings=(Setting("recovery", "breaks_a_day", 4.0, start=1, end=2),))
    engine = simulate(replace(small_plan, scenarios=(BASELINE, slower)), days=0)
    values = []
    for day in range(3 * DAYS_A_WEEK):
        engine.run_day(day)
        values.append(tuple(engine.parameter("recovery", "breaks_a_day")))
    assert values == [(2.5, 2.5)] * 7 + [(2.5, 4.0)] * 7 + [(2.5, 2.5)] * 7


def test_after_the_end_of_a_setting_the_value_of_the_plan_applies(small_plan):
    ends = Scenario("ends", "policy", settings=(Setting("recovery", "breaks_a_day", 4.0, start=0, end=1),))
    plan = replace(small_plan, scenarios=(BASELINE, ends), parameters={"recovery": {"breaks_a_day": 3.0}})
    engine = simulate(plan, days=8)
    assert engine.parameter("recovery", "breaks_a_day").tolist() == [3.0, 3.0]


# -- whatever runs beside --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scenario", [BASELINE, PACKAGE, ALWAYS_ON, WORKSHOP], ids=lambda scenario: scenario.name)
def test_a_world_is_the_same_alone_and_beside_others(scenario, small_plan):
    alone = simulate(replace(small_plan, scenarios=(scenario,)), days=40)
    beside = simulate(replace(small_plan, scenarios=(BASELINE, PACKAGE, ALWAYS_ON, WORKSHOP)), days=40)
    place = beside.interventions.scenarios.index(scenario)
    shared = [beside.interventions.names.index(name) for name in alone.interventions.names]
    for name, quantity in alone.registry.quantities.items():
        own, other = of(alone, name, 0), of(beside, name, place)
        if quantity.per.startswith(("measure", "catalogue")):
            other = other[shared]
        assert own.tobytes() == np.ascontiguousarray(other).tobytes(), name


def test_a_forked_run_equals_a_run_that_was_not_forked(small_plan):
    forked = simulate(replace(small_plan, scenarios=(BASELINE, COPY, COPY)), days=28)
    straight = create_engine(small_plan)
    run_days(range(-small_plan.burn_in * DAYS_A_WEEK, 28), straight)
    for world in range(3):
        assert differing(straight, 0, forked, world) == set()


def test_worlds_that_differ_in_a_parameter_equal_runs_with_that_parameter(small_plan):
    efforts, turnover = (0.15, 0.25, 0.35), (0.06, 0.11, 0.19)
    varied = {("recovery", "effort"): np.array(efforts), ("comings_and_goings", "leaving"): np.array(turnover)}
    together = create_engine(small_plan, worlds=3, varied=varied)
    alone = [
        create_engine(replace(small_plan, parameters={"recovery": {"effort": e}, "comings_and_goings": {"leaving": t}}))
        for e, t in zip(efforts, turnover, strict=True)
    ]
    run_days(range(-56, 0), together, *alone)
    for world, own in enumerate(alone):
        assert differing(own, 0, together, world) == set()
    assert len(differing(together, 0, together, 2)) > 50


def test_worlds_that_differ_in_a_trait_equal_runs_with_that_trait(small_plan):
    varied = {("circumstances", "women"): np.array([0.3, 0.7]), ("comings_and_goings", "leaving"): np.array([0.2, 0.2])}
    together = create_engine(small_plan, worlds=2, varied=varied)
    alone = create_engine(
        replace(small_plan, parameters={"circumstances": {"women": 0.7}, "comings_and_goings": {"leaving": 0.2}})
    )
    run_days(range(-70, 0), together, alone)
    assert together.values["generation"].max() > 0, "people have come and gone"
    assert differing(alone, 0, together, 1) == set()


def test_the_length_of_the_horizon_changes_no_day_of_it(small_plan):
    short, long = run(small_plan), run(replace(small_plan, weeks=6))
    assert np.array_equal(short.weekly, long.weekly[:, : small_plan.weeks], equal_nan=True)


def test_reading_the_data_changes_nothing(small_plan):
    read, unread = simulate(small_plan, days=0), simulate(small_plan, days=0)
    for day in range(21):
        run_days(range(day, day + 1), read, unread)
        assert all(np.isfinite(read.values[name]).all() for name in read.registry.quantities)
    assert differing(read, 0, unread, 0) == set()


def test_an_unrelated_measure_changes_nothing(small_plan):
    entries = {
        "text": "Fruit is provided", "tekst": "Er is fruit", "lever": "recovery", "kind": "provision_and_contact",
        "route": "individual", "actor": "employer", "beneficiary": "employee", "seen_by": "all", "legal": "free",
        "hygiene": "individual", "cost": "fruit", "source": "assumed", "grade": "assumed", "use": 0.9,
        "transition": 0.1,
        "shifts": {"encouragement_to_break": {"amount": 1.0, "low": 0.0, "high": 2.0, "source": "assumed"}},
    }  # fmt: skip
    fruit = read_measure("fruit", entries)
    with_fruit = replace(
        small_plan,
        measures=(*small_plan.measures, fruit),
        scenarios=(BASELINE, PACKAGE, Scenario("fruit", "policy", (Introduction("fruit"),))),
    )
    without = simulate(replace(small_plan, scenarios=(BASELINE, PACKAGE)), days=40)
    beside = simulate(with_fruit, days=40)
    assert "fruit" in beside.interventions.names
    for world in (0, 1):
        for name, quantity in without.registry.quantities.items():
            if not quantity.per.startswith(("measure", "catalogue")):
                assert of(without, name, world).tobytes() == of(beside, name, world).tobytes(), name


def test_replicates_and_seeds_differ_in_people_and_random_numbers(small_plan):
    first = simulate(small_plan, days=7)
    for other in (replace(small_plan, replicate=1), replace(small_plan, seed=2)):
        second = simulate(other, days=7)
        shared = min(len(first.values["exhaustion"][0]), len(second.values["exhaustion"][0]))
        r = np.corrcoef(first.values["exhaustion"][0, :shared], second.values["exhaustion"][0, :shared])[0, 1]
        assert abs(r) < 0.35


# -- rows and workers ------------------------------------------------------------------------------------------------


def permuted(firm, order):
    """Return the same firm with its people in another order of rows."""
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    ties = firm.ties
    own = {
        f.name: getattr(ties, f.name)[..., order]
        for f in fields(ties)
        if getattr(ties, f.name) is not None and getattr(ties, f.name).shape[-1] == len(order)
    }
    ties = replace(ties, **{**own, "partner": place[ties.partner][:, order].astype(ties.partner.dtype)})
    rows = ("identifier", "team", "department", "establishment", "is_manager", "span", "weight")
    manager = np.where(firm.manager >= 0, place[np.maximum(firm.manager, 0)], -1).astype(firm.manager.dtype)
    return replace(
        firm,
        **{name: getattr(firm, name)[order] for name in rows},
        manager=manager[order],
        ties=ties,
        circumstances={name: values[order] for name, values in firm.circumstances.items()},
    )


def test_permuted_employees_have_permuted_results(small_plan):
    """The same to the bit, except means over a team, whose rounding depends on the order of the rows."""
    firm = build(small_plan.firm, small_plan.seed, small_plan.replicate)
    order = np.random.default_rng(11).permutation(len(firm.identifier))
    plain = create_engine(small_plan)
    shuffled = ReferenceEngine(
        plain.registry, Staff(permuted(firm, order), plain.interventions.names),
        InterventionState(plain.interventions.measures, ()),
        small_plan.calendar, small_plan.seed,
    )  # fmt: skip
    run_days(range(-56, 0), plain, shuffled)
    assert plain.values["generation"].max() > 0
    for name, quantity in plain.registry.quantities.items():
        expected = plain.values[name]
        if quantity.per in ("employee", "tie", "measure"):
            expected = expected[..., order]
        exact = quantity.kind == "trait" or quantity.unit == "0/1"
        np.testing.assert_allclose(shuffled.values[name], expected, rtol=0, atol=0 if exact else 2e-5, err_msg=name)


def organisation(folder, order) -> FirmOptions:
    """Return an own organisation of five teams, with the lines of its files in this order."""
    people, ties = [], []
    for team, member in product(range(5), range(8)):
        name, boss = f"P{team}{member}", f"P{team}0" if member else ("P00" if team else "")
        people.append([name, f"team {team}", "department", boss, "employee" if member else "manager", member % 2])
        ties.append([name, f"P{(team + 2) % 5}{(3 * member + 1) % 8}", 0.1 + member / 10])
    columns = {"persons": ["id", "team", "department", "manager", "role", "woman"], "ties": ["from", "to", "strength"]}
    for (file, header), lines in zip(columns.items(), (people, ties), strict=True):
        pd.DataFrame(lines, columns=header).iloc[order].to_csv(folder / f"{file}.csv", index=False)
    return FirmOptions(kind="own", persons=str(folder / "persons.csv"), ties=str(folder / "ties.csv"))


def test_the_order_of_lines_of_an_own_organisation_changes_no_result(small_plan, tmp_path):
    engines = []
    for number, order in enumerate((np.arange(40), np.random.default_rng(5).permutation(40))):
        folder = tmp_path / str(number)
        folder.mkdir()
        plan = replace(small_plan, firm=organisation(folder, order), scenarios=(BASELINE, PACKAGE))
        engines.append(simulate(plan, days=28))
    for world in (0, 1):
        assert differing(engines[0], world, engines[1], world) == set()


def content(record: Record) -> dict[str, object]:
    """Return everything in a record, by name."""
    return {
        part.name: vars(v) if isinstance(v := getattr(record, part.name), Adoption) else v for part in fields(Record)
    }


def same(first: Record, second: Record) -> bool:
    """Return whether two records are the same to the bit."""
    try:
        np.testing.assert_equal(content(first), content(second))
    except AssertionError:
        return False
    return True


def test_the_same_plan_gives_the_same_record(small_plan):
    plan = replace(small_plan, scenarios=(BASELINE, PACKAGE))
    record = run(plan)
    assert same(record, run(plan)) and not same(record, run(replace(plan, seed=2)))


def test_one_worker_and_two_give_the_same_records_in_the_same_order(small_plan):
    plans = [replace(small_plan, replicate=n, weeks=2, burn_in=1, scenarios=(BASELINE, PACKAGE)) for n in range(3)]
    finished: list[int] = []
    alone, together = list(run_many(plans, 1)), list(run_many(plans, 2, finished.append))
    assert len(alone) == len(together) == 3
    assert all(same(first, second) for first, second in zip(alone, together, strict=True))
    assert finished[-1] == 3 and finished == sorted(finished)


# -- switches --------------------------------------------------------------------------------------------------------

SWITCHES = [
    (process, name)
    for process, kind in mechanisms().items()
    for name, p in kind.parameter_metadata().items()
    if p.is_switch
]
OFF_BY_DEFAULT = {
    ("recovery", "telepressure_direct"), ("availability", "steep_norm"), ("exhaustion", "contagion"),
    ("exhaustion", "lasting_scar"), ("cascade", "nothing_lost"),
}  # fmt: skip
GUARDED = {
    ("attendance", "advice"): ("urgent", "strict", "half"),
    ("availability", "norm_loop"): ("seen_to_norm",),
    ("availability", "sticky_norm"): ("stickiness",),
    ("availability", "steep_norm"): ("steepness",),
    ("availability", "autonomy_conflict"): ("strain_of_norm_size",),
    ("cascade", "isolated_hear_less"): ("hearing_less",),
    ("cascade", "reactive"): ("most_reaction", "usual_heard"),
    ("cascade", "nothing_lost"): (),
    ("comings_and_goings", "sickness"): ("short_spells", "long_spells"),
    ("comings_and_goings", "turnover"): ("leaving", "leaving_of_exhaustion", "leaving_when_flexible"),
    ("contact", "live_ties"): ("gain", "fading", "weak_fade"),
    ("contact", "adapting"): ("adapted",),
    ("isolation", "withdrawal"): ("withdrawing", "withdrawing_company"),
    ("isolation", "isolation_strains"): ("colleagues_strain", "company_strain"),
    ("ergonomics", "strain_to_complaints"): ("strain", "back_strain", "back_conflict"),
    ("exhaustion", "contagion"): ("caught",),
    ("exhaustion", "lasting_scar"): ("scar_from", "scar_grows", "scar_heals", "scar_slows"),
    ("recovery", "loss_of_detachment"): ("exhaustion_holds",),
    ("recovery", "telepressure_direct"): ("telepressure_holds",),
    ("recovery", "buffering"): ("buffer",),
    ("work_home_conflict", "home_itself"): ("crowded_home", "long_days_out"),
    ("resources", "withdrawal"): ("withdrawing",),
    ("resources", "gain_spiral"): ("engagement_gives",),
    ("workload", "spiral"): ("spiral_slow", "spiral_fast"),
    ("workload", "crafting"): ("crafted",),
    ("workload", "absence"): ("absence_load", "usual_absence"),
}
"""What each switch cuts: parameters that make no difference at all while it is off."""

UNDER_ADVICE = Calendar.starting("2021-12-13")
FIRST_DAY = -10 * DAYS_A_WEEK


def default(process: str, name: str) -> float:
    return getattr(mechanisms()[process](), name)


def test_every_switch_is_listed_here_with_its_default():
    assert set(SWITCHES) == set(GUARDED)
    assert {switch for switch in SWITCHES if default(*switch) == 0} == OFF_BY_DEFAULT


@pytest.fixture(scope="module")
def switched(small_plan):
    """Return an engine with the default world and one per switch changed, and what differed after a day and later."""
    varied = {}
    for row, (process, name) in enumerate(SWITCHES, start=1):
        values = np.full(len(SWITCHES) + 1, default(process, name))
        values[row] = 1 - values[row]
        varied[process, name] = values
    plan = replace(small_plan, calendar=UNDER_ADVICE, firm=FirmOptions(kind="study", establishments=8, sample=25))
    engine = create_engine(plan, worlds=len(SWITCHES) + 1, varied=varied)
    engine.run_day(FIRST_DAY)
    after_one_day = [differing(engine, 0, engine, row) for row in range(1, len(SWITCHES) + 1)]
    ever: list[set[str]] = [set() for _ in SWITCHES]
    for day in range(FIRST_DAY + 1, 20 * DAYS_A_WEEK + 1):
        engine.run_day(day)
        if day % DAYS_A_WEEK == 0:
            for row, found in enumerate(ever, start=1):
                found |= differing(engine, 0, engine, row)
    return engine, after_one_day, ever


def equations_with(process: str, name: str) -> set[str]:
    """Return the quantities whose equations read a parameter."""
    found = set()
    for quantity, method in mechanisms()[process].equations().items():
        tree = ast.parse(textwrap.dedent(inspect.getsource(method)))
        if any(isinstance(node, ast.Attribute) and node.attr == name for node in ast.walk(tree)):
            found.add(quantity)
    return found


def reached_in_a_day(registry, direct: set[str]) -> set[str]:
    """Return what can differ after one day and its night if the equations `direct` differ."""

    def reached(names, before: set[str]) -> set[str]:
        found = set(before)
        for name in names:
            if name in direct or found & set(registry.quantities[name].needs):
                found.add(name)
        return found

    at_start = reached(registry.traits, set())
    by_day = reached(registry.day, at_start | {n for n in registry.night if registry.quantities[n].start in at_start})
    if "leaves" in by_day:
        return set(registry.quantities)
    return by_day | {n for n in registry.night if n in direct or by_day & set(registry.quantities[n].needs)}


@pytest.mark.parametrize("switch", SWITCHES, ids=".".join)
def test_a_switch_changes_only_quantities_downstream(switch, switched):
    engine, after_one_day, ever = switched
    row = SWITCHES.index(switch)
    direct = equations_with(*switch)
    assert direct
    assert after_one_day[row] <= reached_in_a_day(engine.registry, direct)
    assert ever[row] & direct, "in time it shows where it acts"


@pytest.mark.parametrize("switch", [switch for switch in GUARDED if GUARDED[switch]], ids=".".join)
def test_parameters_behind_a_switch_have_no_effect_while_it_is_off(switch, small_plan):
    process, _ = switch
    metadata = mechanisms()[process].parameter_metadata()
    varied = {(process, own): np.array([metadata[own].low, metadata[own].high]) for own in GUARDED[switch]}
    plan = replace(small_plan, calendar=UNDER_ADVICE)
    engine = create_engine(plan, worlds=2, varied={**varied, switch: np.zeros(2)})
    run_days(range(FIRST_DAY, FIRST_DAY + 42), engine)
    for quantity in engine.registry.quantities:
        np.testing.assert_array_equal(of(engine, quantity, 0), of(engine, quantity, 1), err_msg=quantity)


TURNED = {
    "comings_and_goings.sickness": lambda new, old: (new("absent") == 0).all() and old("absent").any(),
    "comings_and_goings.turnover": lambda new, old: (new("leaves") == 0).all() and new("tenure").min() >= 200,
    "contact.live_ties": lambda new, old: (new("tie_strength") <= old("strength_at_start") + 1e-6).all(),
    "isolation.isolation_strains": lambda new, old: (new("strain_of_isolation") == 0).all(),
    "availability.autonomy_conflict": lambda new, old: (new("strain_of_norm") == 0).all(),
    "availability.sticky_norm": lambda new, old: new("injunctive_norm").mean() < old("injunctive_norm").mean(),
    "workload.crafting": lambda new, old: (new("relief_of_crafting") == 0).all(),
    "workload.absence": lambda new, old: (new("load_of_absent_colleagues") == 0).all(),
    "workload.spiral": lambda new, old: new("demands").std() < old("demands").std(),
    "cascade.reactive": lambda new, old: (new("reaction") == 1).all() and (old("reaction") != 1).any(),
    "cascade.nothing_lost": lambda new, old: new("known").mean() > old("known").mean() + 0.05,
    "exhaustion.contagion": lambda new, old: new("strain_of_contagion").any() and not old("strain_of_contagion").any(),
    "exhaustion.lasting_scar": lambda new, old: new("scar").max() > 0 and old("scar").max() == 0,
    "attendance.advice": lambda new, old: new("share_at_home").mean() < old("share_at_home").mean(),
    "work_home_conflict.home_itself": lambda new, old: new("conflict").mean() < old("conflict").mean(),
    "ergonomics.strain_to_complaints": lambda new, old: new("exposure").std() < old("exposure").std(),
}


@pytest.mark.parametrize("switch", TURNED)
def test_switches_have_the_effect_of_their_name(switch, switched):
    engine, _, _ = switched
    row = SWITCHES.index(tuple(switch.split("."))) + 1
    assert TURNED[switch](lambda name: of(engine, name, row), lambda name: of(engine, name, 0))


# -- programmes ------------------------------------------------------------------------------------------------------


def introducing(share=1.0, end=None, start=0, name="buddies", **more) -> Scenario:
    return Scenario(f"{name} {share}", "policy", (Introduction(name, start=start, end=end, share=share, **more),))


@pytest.fixture(scope="module")
def many_employers(small_plan):
    return replace(small_plan, firm=FirmOptions(kind="study", establishments=150, sample=5), burn_in=1)


def test_the_share_of_employers_that_introduce_a_measure_is_the_share_that_claims_it(many_employers):
    shares = (0.0, 0.25, 0.5, 1.0)
    engine = simulate(replace(many_employers, scenarios=tuple(map(introducing, shares))), days=1)
    row = engine.interventions.names.index("buddies")
    claimed = engine.values["claimed"][:, row]
    assert claimed.mean(axis=1) == pytest.approx(shares, abs=0.12)
    assert (np.diff(claimed, axis=0) >= 0).all(), "a larger share keeps those of the smaller"
    assert (claimed[0] == 0).all() and (claimed[-1] == 1).all()


def test_some_employers_claim_a_measure_without_carrying_it_out(many_employers):
    engine = simulate(replace(many_employers, scenarios=(introducing(),)), days=60 * DAYS_A_WEEK)
    row = engine.interventions.names.index("buddies")
    implemented = engine.values["implemented"][0, row]
    assert implemented.mean() == pytest.approx(0.9, abs=0.08)
    assert (implemented == engine.values["carries_out"][0, row]).mean() > 0.98


def test_a_measure_of_the_study_keeps_its_employers(many_employers):
    engine = simulate(replace(many_employers, scenarios=(BASELINE, introducing(0.5, name="social_moments"))), days=1)
    row = engine.interventions.names.index("social_moments")
    before, after = (of(engine, "claimed", world)[row] for world in (0, 1))
    assert (after >= before).all() and after.sum() > before.sum()


def test_a_measure_that_ends_is_over_for_everybody(many_employers):
    plan = replace(many_employers, scenarios=(BASELINE, introducing(end=12), introducing()))
    engine = simulate(plan, days=12 * DAYS_A_WEEK)
    row = engine.interventions.names.index("buddies")
    assert engine.values["in_effect"][1, row].max() > 0
    assert differing(engine, 1, engine, 2) == set(), "until its end it is the measure that stays"
    run_days(range(12 * DAYS_A_WEEK, 14 * DAYS_A_WEEK), engine)
    for name in ("claimed", "implemented", "in_place", "used", "in_effect"):
        assert (engine.values[name][1, row] == 0).all(), name
    assert (engine.values["moments_across_teams"][1] == engine.values["moments_across_teams"][0]).all()
    assert engine.values["known"][1, row].any(), "what was known is not forgotten at once"
    assert engine.values["in_effect"][2, row].max() > 0


def test_a_withdrawn_measure_is_absent_from_the_first_day(many_employers):
    gone = Scenario("gone", "counterfactual", withdrawn=("social_moments",))
    engine = simulate(replace(many_employers, scenarios=(BASELINE, gone)), days=8)
    row = engine.interventions.names.index("social_moments")
    for name in ("claimed", "in_place", "used", "in_effect"):
        assert (engine.values[name][1, row] == 0).all(), name
        assert engine.values[name][0, row].any(), name


def test_intensity_multiplies_the_shifts_of_a_measure(many_employers):
    plan = replace(
        many_employers, scenarios=(BASELINE, introducing(), introducing(intensity=2.0), introducing(intensity=0.0))
    )
    engine = simulate(plan, days=1 + 8 * DAYS_A_WEEK)
    moved = engine.values["moments_across_teams"] - engine.values["moments_across_teams"][0]
    assert moved[1].max() > 0
    np.testing.assert_allclose(moved[2], 2 * moved[1], atol=1e-6)
    assert (moved[3] == 0).all()
