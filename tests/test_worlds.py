"""Worlds: pairs that differ in nothing but what was changed, whatever runs beside them, in whatever order.

Everything here is compared to the bit.
"""

from __future__ import annotations

import ast
import csv
import inspect
import textwrap
from dataclasses import fields, replace

import numpy as np
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


def of(engine: ReferenceEngine, name: str, world: int) -> np.ndarray:
    """A quantity in one world; what is held once for all worlds is the same in each."""
    values = engine.values[name]
    return values[min(world, len(values) - 1)]


def differing(first: ReferenceEngine, world: int, second: ReferenceEngine, other: int) -> set[str]:
    """The quantities in which two worlds are not the same to the bit."""
    return {
        name
        for name in first.registry.quantities
        if of(first, name, world).tobytes() != of(second, name, other).tobytes()
    }


# -- the null test ---------------------------------------------------------------------------------------------------


def test_a_scenario_equal_to_the_baseline_differs_by_nought_for_everybody_on_every_day(small_plan):
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
def test_a_policy_that_changes_nothing_differs_by_nought(idle, small_plan):
    engine = simulate(replace(small_plan, scenarios=(BASELINE, idle, PACKAGE)), days=5 * DAYS_A_WEEK)
    assert differing(engine, 0, engine, 1) == set()


def test_the_record_and_the_table_of_the_null_test_hold_noughts(small_plan):
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
    "a measure": Scenario(
        "late", "policy", (Introduction("social_moments", start=3), Introduction("anchor_days", start=3))
    ),
    "a setting": Scenario("late", "policy", settings=(Setting("recovery", "breaks_a_day", 4.0, start=3),)),
    "a setting of a lever": Scenario(
        "late",
        "policy",
        (Introduction("anchor_days", start=3),),
        settings=(Setting("anchor_days", "days", 1.0, start=3),),
    ),
    "both": Scenario(
        "late",
        "policy",
        (Introduction("working_time_agreements", start=3, intensity=2.0),),
        settings=(Setting("cascade", "reach", 3.0, start=4), Setting("attendance", "home_ceiling", 0.4, start=3)),
    ),
}


@pytest.mark.parametrize("what", LATE)
def test_nothing_shows_before_the_first_day_of_a_policy(what, small_plan):
    engine = simulate(replace(small_plan, scenarios=(BASELINE, LATE[what])), days=0)
    for day in range(3 * DAYS_A_WEEK):
        engine.run_day(day)
        assert differing(engine, 0, engine, 1) == set(), day
    for day in range(3 * DAYS_A_WEEK, 10 * DAYS_A_WEEK):
        engine.run_day(day)
    assert len(differing(engine, 0, engine, 1)) > 50


def test_a_setting_is_in_force_from_its_first_day_to_its_last(small_plan):
    slower = Scenario("slower", "policy", settings=(Setting("recovery", "breaks_a_day", 4.0, start=1, end=2),))
    engine = simulate(replace(small_plan, scenarios=(BASELINE, slower)), days=0)
    in_force = []
    for day in range(3 * DAYS_A_WEEK):
        engine.run_day(day)
        in_force.append(engine.parameter("recovery", "breaks_a_day")[1] == 4.0)
        assert engine.parameter("recovery", "breaks_a_day")[0] == 2.5
    assert in_force == [False] * 7 + [True] * 7 + [False] * 7


def test_a_setting_that_ends_gives_back_the_plans_own_value(small_plan):
    ends = Scenario("ends", "policy", settings=(Setting("recovery", "breaks_a_day", 4.0, start=0, end=1),))
    plan = replace(small_plan, scenarios=(BASELINE, ends), parameters={"recovery": {"breaks_a_day": 3.0}})
    engine = simulate(plan, days=8)
    assert engine.parameter("recovery", "breaks_a_day").tolist() == [3.0, 3.0]


# -- whatever runs beside --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scenario", [BASELINE, PACKAGE, ALWAYS_ON, WORKSHOP], ids=lambda scenario: scenario.name)
def test_a_world_alone_is_the_same_world_beside_others(scenario, small_plan):
    alone = simulate(replace(small_plan, scenarios=(scenario,)), days=40)
    beside = simulate(replace(small_plan, scenarios=(BASELINE, PACKAGE, ALWAYS_ON, WORKSHOP)), days=40)
    place = beside.interventions.scenarios.index(scenario)
    shared = [beside.interventions.names.index(name) for name in alone.interventions.names]
    for name, quantity in alone.registry.quantities.items():
        own, other = of(alone, name, 0), of(beside, name, place)
        if quantity.per.startswith(("measure", "catalogue")):
            other = other[shared]
        assert own.tobytes() == np.ascontiguousarray(other).tobytes(), name


def test_a_forked_run_is_the_run_that_was_never_forked(small_plan):
    forked = simulate(replace(small_plan, scenarios=(BASELINE, COPY, COPY)), days=28)
    straight = create_engine(small_plan)
    for day in range(-small_plan.burn_in * DAYS_A_WEEK, 28):
        straight.run_day(day)
    for world in range(3):
        assert differing(straight, 0, forked, world) == set()


def test_worlds_that_differ_in_a_parameter_are_the_runs_with_that_parameter(small_plan):
    efforts, turnover = (0.15, 0.25, 0.35), (0.06, 0.11, 0.19)
    varied = {("recovery", "effort"): np.array(efforts), ("comings_and_goings", "leaving"): np.array(turnover)}
    together = create_engine(small_plan, worlds=3, varied=varied)
    alone = [
        create_engine(replace(small_plan, parameters={"recovery": {"effort": e}, "comings_and_goings": {"leaving": t}}))
        for e, t in zip(efforts, turnover, strict=True)
    ]
    for engine in (together, *alone):
        for day in range(-56, 0):
            engine.run_day(day)
    for world, own in enumerate(alone):
        assert differing(own, 0, together, world) == set()
    assert len(differing(together, 0, together, 2)) > 50


def test_worlds_that_differ_in_a_trait_are_the_runs_with_that_trait(small_plan):
    varied = {("circumstances", "women"): np.array([0.3, 0.7]), ("comings_and_goings", "leaving"): np.array([0.2, 0.2])}
    together = create_engine(small_plan, worlds=2, varied=varied)
    alone = create_engine(
        replace(small_plan, parameters={"circumstances": {"women": 0.7}, "comings_and_goings": {"leaving": 0.2}})
    )
    for engine in (together, alone):
        for day in range(-70, 0):
            engine.run_day(day)
    assert together.values["generation"].max() > 0, "people have come and gone"
    assert differing(alone, 0, together, 1) == set()


def test_the_length_of_the_horizon_changes_no_day_of_it(small_plan):
    short, long = run(small_plan), run(replace(small_plan, weeks=6))
    assert np.array_equal(short.weekly, long.weekly[:, : small_plan.weeks], equal_nan=True)


def test_a_look_at_the_data_changes_nothing(small_plan):
    watched, unwatched = simulate(small_plan, days=0), simulate(small_plan, days=0)
    for day in range(21):
        watched.run_day(day)
        unwatched.run_day(day)
        for name in watched.registry.quantities:
            assert np.isfinite(watched.values[name]).all(), name
    assert differing(watched, 0, unwatched, 0) == set()


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
    """The same firm with its people in another order of rows."""
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
    """To the bit but for means over a team, which add up in the order of the rows and round in the last one."""
    firm = build(small_plan.firm, small_plan.seed, small_plan.replicate)
    order = np.random.default_rng(11).permutation(len(firm.identifier))
    plain = create_engine(small_plan)
    shuffled = ReferenceEngine(
        plain.registry, Staff(permuted(firm, order), plain.interventions.names),
        InterventionState(plain.interventions.measures, ()),
        small_plan.calendar, small_plan.seed,
    )  # fmt: skip
    for engine in (plain, shuffled):
        for day in range(-56, 0):
            engine.run_day(day)
    assert plain.values["generation"].max() > 0
    for name, quantity in plain.registry.quantities.items():
        expected = plain.values[name]
        if quantity.per in ("employee", "tie", "measure"):
            expected = expected[..., order]
        exact = quantity.kind == "trait" or quantity.unit == "0/1"
        np.testing.assert_allclose(shuffled.values[name], expected, rtol=0, atol=0 if exact else 2e-5, err_msg=name)


def organisation(folder, order) -> FirmOptions:
    """An own organisation of five teams, its lines and ties written in some order."""
    people, ties = [], []
    for team in range(5):
        for member in range(8):
            boss = f"P{team}0" if member else ("P00" if team else "")
            people.append(
                [
                    f"P{team}{member}",
                    f"team {team}",
                    "department",
                    boss,
                    "employee" if member else "manager",
                    member % 2,
                ]
            )
            ties.append([f"P{team}{member}", f"P{(team + 2) % 5}{(3 * member + 1) % 8}", 0.1 + member / 10])
    for file, header, lines in (
        ("persons.csv", ["id", "team", "department", "manager", "role", "woman"], people),
        ("ties.csv", ["from", "to", "strength"], ties),
    ):
        with (folder / file).open("w", encoding="utf-8", newline="") as out:
            csv.writer(out).writerows([header, *(lines[row] for row in order)])
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


def same(first: Record, second: Record) -> bool:
    """Whether two records are the same to the bit."""
    for part in fields(Record):
        one, other = getattr(first, part.name), getattr(second, part.name)
        if isinstance(one, Adoption):
            one, other = vars(one), vars(other)
        pairs = [(one[key], other[key]) for key in one] if isinstance(one, dict) else [(one, other)]
        if isinstance(one, dict) and one.keys() != other.keys():
            return False
        if not all((a is None and b is None) or np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in pairs):
            return False
    return True


def test_the_same_plan_gives_the_same_record(small_plan):
    plan = replace(small_plan, scenarios=(BASELINE, PACKAGE))
    assert same(run(plan), run(plan))
    assert not same(run(plan), run(replace(plan, seed=2)))


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


def test_every_switch_is_known_here_and_stands_as_the_design_has_it():
    assert set(SWITCHES) == set(GUARDED)
    assert {switch for switch in SWITCHES if default(*switch) == 0} == OFF_BY_DEFAULT


@pytest.fixture(scope="module")
def switched(small_plan):
    """A world as it is (the first), and one for each switch turned the other way.

    The engine in the end, what differed after one day, and what differed on any Monday.
    """
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
    """The quantities whose equations read a parameter."""
    found = set()
    for quantity, method in mechanisms()[process].equations().items():
        tree = ast.parse(textwrap.dedent(inspect.getsource(method)))
        if any(isinstance(node, ast.Attribute) and node.attr == name for node in ast.walk(tree)):
            found.add(quantity)
    return found


def reached_in_a_day(registry, direct: set[str]) -> set[str]:
    """What can differ after one day and its night if the equations `direct` differ."""
    at_start: set[str] = set()
    for name in registry.traits:
        if name in direct or at_start & set(registry.quantities[name].needs):
            at_start.add(name)
    at_start |= {name for name in registry.night if registry.quantities[name].mark.start in at_start}
    by_day = set(at_start)
    for name in registry.day:
        if name in direct or by_day & set(registry.quantities[name].needs):
            by_day.add(name)
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
    passports = mechanisms()[process].parameter_metadata()
    varied = {(process, own): np.array([passports[own].low, passports[own].high]) for own in GUARDED[switch]}
    plan = replace(small_plan, calendar=UNDER_ADVICE)
    engine = create_engine(plan, worlds=2, varied={**varied, switch: np.zeros(2)})
    for day in range(FIRST_DAY, FIRST_DAY + 42):
        engine.run_day(day)
    for quantity in engine.registry.quantities:
        np.testing.assert_array_equal(of(engine, quantity, 0), of(engine, quantity, 1), err_msg=quantity)


TURNED = {
    ("comings_and_goings", "sickness"): lambda other, usual: (other("absent") == 0).all() and usual("absent").any(),
    ("comings_and_goings", "turnover"): lambda other, usual: (
        (other("leaves") == 0).all() and other("tenure").min() >= 200
    ),
    ("contact", "live_ties"): lambda other, usual: (other("tie_strength") <= usual("strength_at_start") + 1e-6).all(),
    ("isolation", "isolation_strains"): lambda other, usual: (other("strain_of_isolation") == 0).all(),
    ("availability", "autonomy_conflict"): lambda other, usual: (other("strain_of_norm") == 0).all(),
    ("availability", "sticky_norm"): lambda other, usual: (
        other("injunctive_norm").mean() < usual("injunctive_norm").mean()
    ),
    ("workload", "crafting"): lambda other, usual: (other("relief_of_crafting") == 0).all(),
    ("workload", "absence"): lambda other, usual: (other("load_of_absent_colleagues") == 0).all(),
    ("workload", "spiral"): lambda other, usual: other("demands").std() < usual("demands").std(),
    ("cascade", "reactive"): lambda other, usual: (other("reaction") == 1).all() and (usual("reaction") != 1).any(),
    ("cascade", "nothing_lost"): lambda other, usual: other("known").mean() > usual("known").mean() + 0.05,
    ("exhaustion", "contagion"): lambda other, usual: (
        other("strain_of_contagion").any() and not usual("strain_of_contagion").any()
    ),
    ("exhaustion", "lasting_scar"): lambda other, usual: other("scar").max() > 0 and usual("scar").max() == 0,
    ("attendance", "advice"): lambda other, usual: other("share_at_home").mean() < usual("share_at_home").mean(),
    ("work_home_conflict", "home_itself"): lambda other, usual: other("conflict").mean() < usual("conflict").mean(),
    ("ergonomics", "strain_to_complaints"): lambda other, usual: other("exposure").std() < usual("exposure").std(),
}


@pytest.mark.parametrize("switch", TURNED, ids=".".join)
def test_switches_have_the_effect_of_their_name(switch, switched):
    engine, _, _ = switched
    row = SWITCHES.index(switch) + 1
    assert TURNED[switch](lambda name: of(engine, name, row), lambda name: of(engine, name, 0))


# -- programmes ------------------------------------------------------------------------------------------------------


def taken(share=1.0, end=None, start=0, name="buddies", **more) -> Scenario:
    return Scenario(f"{name} {share}", "policy", (Introduction(name, start=start, end=end, share=share, **more),))


@pytest.fixture(scope="module")
def many_employers(small_plan):
    return replace(small_plan, firm=FirmOptions(kind="study", establishments=150, sample=5), burn_in=1)


def test_the_share_of_employers_that_introduce_a_measure_is_the_share_that_claims_it(many_employers):
    shares = (0.0, 0.25, 0.5, 1.0)
    engine = simulate(replace(many_employers, scenarios=tuple(map(taken, shares))), days=1)
    row = engine.interventions.names.index("buddies")
    claimed = engine.values["claimed"][:, row]
    assert claimed.mean(axis=1) == pytest.approx(shares, abs=0.12)
    assert (np.diff(claimed, axis=0) >= 0).all(), "a larger share keeps those of the smaller"
    assert (claimed[0] == 0).all() and (claimed[-1] == 1).all()


def test_some_employers_claim_a_measure_without_carrying_it_out(many_employers):
    engine = simulate(replace(many_employers, scenarios=(taken(),)), days=60 * DAYS_A_WEEK)
    row = engine.interventions.names.index("buddies")
    implemented = engine.values["implemented"][0, row]
    assert implemented.mean() == pytest.approx(0.9, abs=0.08)
    assert (implemented == engine.values["carries_out"][0, row]).mean() > 0.98


def test_a_measure_of_the_study_keeps_its_employers(many_employers):
    engine = simulate(replace(many_employers, scenarios=(BASELINE, taken(0.5, name="social_moments"))), days=1)
    row = engine.interventions.names.index("social_moments")
    before, after = (of(engine, "claimed", world)[row] for world in (0, 1))
    assert (after >= before).all() and after.sum() > before.sum()


def test_a_measure_that_ends_is_over_for_everybody(many_employers):
    plan = replace(many_employers, scenarios=(BASELINE, taken(end=12), taken()))
    engine = simulate(plan, days=12 * DAYS_A_WEEK)
    row = engine.interventions.names.index("buddies")
    assert engine.values["in_effect"][1, row].max() > 0
    assert differing(engine, 1, engine, 2) == set(), "until its end it is the measure that stays"
    for day in range(12 * DAYS_A_WEEK, 14 * DAYS_A_WEEK):
        engine.run_day(day)
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
    plan = replace(many_employers, scenarios=(BASELINE, taken(), taken(intensity=2.0), taken(intensity=0.0)))
    engine = simulate(plan, days=1 + 8 * DAYS_A_WEEK)
    moved = engine.values["moments_across_teams"] - engine.values["moments_across_teams"][0]
    assert moved[1].max() > 0
    np.testing.assert_allclose(moved[2], 2 * moved[1], atol=1e-6)
    assert (moved[3] == 0).all()
