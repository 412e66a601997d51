"""Each equation by itself: worked cases, limits, and the directions that the science asks for.

An equation is found by the quantity that it yields. Causes that a case does not name are zero.
"""

from __future__ import annotations

from dataclasses import fields, replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.language.discovery import mechanisms
from sim.language.grammar import AGGREGATION_SOURCES, Mechanism, dependencies_of
from sim.world.staff import Manager, Measures, Members, Ties


@cache
def owner(quantity: str) -> Mechanism:
    """Return the mechanism, with its default parameters, that yields a quantity."""
    return next(kind() for kind in mechanisms().values() if quantity in kind.equations())


def worked(quantity: str, **values) -> float:
    """Evaluate an equation with these causes, and with these parameters where they differ from the default."""
    mechanism = owner(quantity)
    needed, parameters = dependencies_of(mechanism.equations()[quantity]), {field.name for field in fields(mechanism)}
    unknown = set(values) - set(needed) - parameters
    assert not unknown, f"{quantity} has no cause or parameter {unknown}"
    mechanism = replace(mechanism, **{name: value for name, value in values.items() if name in parameters})
    return float(getattr(mechanism, quantity)(**{cause: float(values.get(cause, 0)) for cause in needed}))


def parameter(quantity: str, name: str) -> float:
    return getattr(owner(quantity), name)


# -- directions ------------------------------------------------------------------------------------------------------

AT_WORK = {"works_today": 1.0}
BOTH_WORK = {"exists": 1.0, "works_today": 1.0, "their_works_today": 1.0}
MEETING = {**BOTH_WORK, "at_office": 1.0, "their_at_office": 1.0}
IN_PLACE = {"implemented": 1.0, "word": 1.0, "usually_forgotten": 0.023}
FOR_EMPLOYEES = {**IN_PLACE, "heard_by_others": 0.6, "channel": 1.0, "tenure": 1000.0}
DIRECTIONS = [
    # recovery
    ("hold_of_work", "demands", +1, {"demands_today": 0.0}),
    ("hold_of_work", "demands_today", +1, {}),
    ("hold_of_work", "recent_messaging", +1, {}),
    ("hold_of_work", "after_hours_work", +1, {}),
    ("hold_of_work", "injunctive_norm", +1, {}),
    ("hold_of_work", "exhaustion", +1, {}),
    ("hold_of_work", "telepressure", 0, {}),
    ("detachment", "hold_of_work", -1, {}),
    ("detachment", "ability_to_detach", +1, {}),
    ("detachment", "skill_of_unwinding", +1, {}),
    ("detachment", "managers_detachment", +1, {}),
    ("detachment", "no_separate_room", -1, {}),
    ("detachment", "leading_difficulty", -1, {}),
    ("breaks", "demands_today", -1, AT_WORK),
    ("breaks", "encouragement_to_break", +1, AT_WORK),
    ("breaks", "encouragement_to_break", 0, {}),
    ("effort_spent", "demands_today", +1, AT_WORK),
    ("effort_spent", "demands_today", 0, {}),
    ("effort_spent", "breaks", -1, AT_WORK),
    ("effort_spent", "at_office", +1, AT_WORK),
    ("effort_spent", "commute", +1, {**AT_WORK, "at_office": 1.0}),
    ("effort_spent", "resources", -1, {**AT_WORK, "demands_today": 1.0}),
    ("fatigue", "effort_spent", +1, AT_WORK),
    ("fatigue", "detachment", -1, AT_WORK),
    ("fatigue", "works_today", +1, {}),
    # conflict
    ("conflict", "recent_messaging", +1, {}),
    ("conflict", "demands", +1, {}),
    ("conflict", "autonomy", -1, {}),
    ("conflict", "say_over_hours", -1, {}),
    ("conflict", "usual_detachment", -1, {}),
    ("conflict", "share_at_home", +1, {"children_at_home": 1.0, "no_separate_room": 1.0}),
    ("conflict", "share_at_home", -1, {"commute": 1.0}),
    # availability
    ("injunctive_norm", "seen_norm", +1, {}),
    ("injunctive_norm", "expected_availability", +1, {}),
    ("injunctive_norm", "clarity_of_expectation", -1, {"seen_norm": 1.0}),
    ("injunctive_norm", "managers_messaging", +1, {}),
    ("injunctive_norm", "example_explained", -1, {"managers_messaging": 1.0}),
    ("telepressure", "injunctive_norm", +1, {}),
    ("telepressure", "seen_norm", +1, {}),
    ("telepressure", "demands", +1, {}),
    ("flexibility_lost", "messages_held_back", +1, {"chooses_evenings": 1.0}),
    ("flexibility_lost", "messages_held_back", 0, {"chooses_evenings": 0.0}),
    ("seen_today", "after_hours_of_contacts", +1, {}),
    ("seen_today", "after_hours_of_manager", +1, {"has_manager": 1.0}),
    ("seen_today", "after_hours_of_manager", 0, {"has_manager": 0.0}),
    # resources
    ("autonomy", "share_at_home", +1, {}),
    ("autonomy", "injunctive_norm", -1, {}),
    ("autonomy", "say_over_hours", +1, {}),
    ("say_over_hours", "flexibility_lost", -1, {}),
    ("manager_support", "managers_attention", +1, {}),
    ("manager_support", "feedback", +1, {}),
    ("manager_support", "clear_goals", +1, {}),
    ("manager_support", "exhaustion", -1, {}),
    ("managers_attention", "managers_exhaustion", -1, {}),
    ("colleague_support", "contact_beyond_habit", +1, {}),
    ("engagement", "resources", +1, {}),
    ("engagement", "exhaustion", -1, {}),
    ("relief_of_resources", "autonomy", -1, {}),
    # workload
    ("demands", "exhaustion", +1, {}),
    ("demands", "worn_view", +1, {}),
    ("load_of_absent_colleagues", "absence_in_team", +1, {}),
    ("load_of_new_rules", "novelty", +1, {}),
    ("relief_of_crafting", "engagement", -1, {}),
    ("leading_difficulty", "team_share_at_home", +1, {"is_manager": 1.0}),
    ("leading_difficulty", "leading_support", -1, {"is_manager": 1.0}),
    ("leading_difficulty", "span", +1, {"is_manager": 1.0}),
    ("leading_difficulty", "team_share_at_home", 0, {"is_manager": 0.0}),
    ("overtime", "demands_today", +1, AT_WORK),
    ("overtime", "is_manager", +1, AT_WORK),
    # contact and isolation
    ("touch", "office_expected", -1, {**MEETING, "across": 1.0}),
    ("comes_along", "isolation_from_colleagues", -1, AT_WORK),
    ("unmet_need", "contact_beyond_habit", -1, {}),
    ("unmet_need", "need_for_affiliation", +1, {}),
    ("contact_beyond_habit", "accustomed", -1, {}),
    ("isolation_from_colleagues", "unmet_need", +1, {}),
    ("isolation_from_colleagues", "colleague_support", -1, {}),
    ("isolation_from_company", "manager_support", -1, {}),
    ("isolation_from_company", "recognition", -1, {}),
    ("bond_with_team", "network_within", +1, {}),
    ("bond_with_organisation", "network_across", +1, {}),
    # attendance
    ("liking_of_home", "commute", +1, {}),
    ("liking_of_home", "need_for_affiliation", -1, {}),
    ("liking_of_home", "separate_room", +1, {}),
    ("preferred_share_at_home", "newcomer", -1, {}),
    ("preferred_share_at_home", "managers_share_at_home", +1, {"has_manager": 1.0}),
    ("preferred_share_at_home", "home_habit", +1, {}),
    ("chance_of_home", "office_expected", -1, {"may_work_from_home": 1.0, "agreed_share_at_home": 0.6}),
    ("chance_of_home", "agreed_share_at_home", 0, {"may_work_from_home": 0.0}),
    ("agreed_share_at_home", "preferred_share_at_home", +1, {"chooses_home_hours": 1.0}),
    ("agreed_share_at_home", "preferred_share_at_home", 0, {"chooses_home_hours": 0.0}),
    ("lately_at_home", "chance_of_home", +1, {"working_day": 1.0}),
    ("lately_at_home", "chance_of_home", 0, {"working_day": 0.0}),
    ("usual_rhythm", "lately_at_home", +1, {}),
    # ergonomics
    ("fit", "adjustable_at_home", +1, {"share_at_home": 0.5}),
    ("fit", "adjustable_at_home", 0, {"share_at_home": 0.0}),
    ("sitting", "share_at_home", +1, {}),
    ("sitting", "moving", -1, {}),
    ("exposure", "fit", -1, {}),
    ("exposure", "exhaustion", +1, {}),
    ("exposure", "sitting", +1, {}),
    # exhaustion
    ("strain_of_norm", "injunctive_norm", +1, {}),
    ("exhaustion", "strain", +1, {}),
    ("exhaustion", "life_events", +1, {}),
    ("cynicism", "exhaustion", +1, {}),
    ("cynicism", "engagement", -1, {}),
    ("strain_of_contagion", "exhaustion_of_contacts", 0, {}),
    # cascade
    ("told_as_employee", "manager_passes_on", +1, FOR_EMPLOYEES),
    ("told_as_employee", "team_knows", +1, FOR_EMPLOYEES),
    ("told_as_employee", "channel", +1, {**FOR_EMPLOYEES, "manager_passes_on": 1.0}),
    ("told_as_employee", "isolation_from_colleagues", -1, {**FOR_EMPLOYEES, "manager_passes_on": 1.0}),
    ("told_as_manager", "channel", +1, {**IN_PLACE, "heard_by_managers": 0.8}),
    ("word", "communicated", +1, {"implemented": 1.0}),
    ("channel", "layers", -1, {"reaction": 1.0}),
    ("channel", "oversees_actively", +1, {"reaction": 1.0, "layers": 2.0}),
    ("speaks", "isolation_from_colleagues", -1, {"arm_neck_shoulder_complaint": 1.0}),
    ("reaction", "complaints_heard", +1, {}),
    ("reaction", "complaints_heard", 0, {"oversees_actively": 1.0}),
    ("would_use", "hoops", -1, {"use": 0.5}),
    ("would_use", "exhaustion", -1, {"use": 0.5, "is_through_manager": 1.0}),
    ("would_use", "exhaustion", 0, {"use": 0.5, "is_through_manager": 0.0}),
    ("would_use", "isolation_from_colleagues", -1, {"use": 0.5, "is_social": 1.0, "freshness": 1.0}),
    ("would_use", "isolation_from_colleagues", 0, {"use": 0.5, "is_social": 0.0, "freshness": 1.0}),
    ("would_use", "freshness", +1, {"use": 0.5}),
    # experience and example
    ("manager_passes_on", "manager_knows", +1, {}),
    ("manager_passes_on", "manager_knows", 0, {"is_through_manager": 1.0}),
    ("manager_passes_on", "manager_practises", +1, {"is_through_manager": 1.0}),
    ("manager_passes_on", "manager_practises", 0, {"is_through_manager": 1.0, "only_managers_see": 1.0}),
    ("lives_it", "used", +1, {}),
    ("lives_it", "used", 0, {"is_through_manager": 1.0}),
    ("lives_it", "used", +1, {"is_through_manager": 1.0, "is_manager": 1.0}),
    ("lives_it", "manager_practises", +1, {"is_through_manager": 1.0}),
    ("usually_forgotten", "use", -1, {}),
    # place, rhythm and fragmentation of the day
    ("load_of_place", "burden_of_home", +1, {"share_at_home": 0.5}),
    ("load_of_place", "burden_of_home", 0, {"share_at_home": 0.0}),
    ("load_of_place", "share_at_home", -1, {}),
    ("load_of_place", "share_at_home", +1, {"young": 1.0}),
    ("load_of_place", "newcomer", +1, {"share_at_home": 0.5}),
    ("demands_today", "fragmentation", +1, {}),
    ("recognition", "furniture_from_employer", +1, {}),
    ("engagement", "unmet_need", -1, {}),
    ("techno_complexity", "digital_skill", -1, {}),
    ("techno_uncertainty", "pace_of_change", +1, {}),
]


@pytest.mark.parametrize(("quantity", "cause", "direction", "others"), DIRECTIONS)
def test_a_cause_moves_its_effect_in_the_direction_the_science_asks_for(quantity, cause, direction, others):
    low, high = (worked(quantity, **{**others, cause: others.get(cause, 0.0) + step}) for step in (0.0, 1.0))
    assert np.sign(round(high - low, 12)) == direction


# -- values ----------------------------------------------------------------------------------------------------------

CHOICE = {"may_work_from_home": 1, "agreed_share_at_home": 0.5}
SPIRAL = {"level": 0, "exhaustion": 1, "worn_view": 1, "may_work_from_home": 1}
SLEEPING = {**MEETING, "dormant": 1, "across": 1}
HEARD = {"manager_passes_on": 1, "team_knows": 1, "heard_by_others": 0.9, "channel": 3}
READY = {"uniform": 0, "would_use": 1, "known": 1, "in_place": 1}
CARRIED_OUT = {"claimed": 1, "carries_out": 1}
COLLECTIVE, THROUGH_MANAGER, INDIVIDUAL = (
    {f"is_{route}": 1, "freshness": 1, "in_place": 1} for route in ("collective", "through_manager", "individual")
)
VALUES = [
    # recovery
    ("hold_of_work", {"injunctive_norm": 1}, "expectation_holds"),  # mere expectation, without any message
    ("hold_of_work", {"telepressure_direct": 1, "telepressure": 1}, "telepressure_holds"),
    ("breaks", {"encouragement_to_break": 3}, 0),  # a day off
    ("breaks", {**AT_WORK, "encouragement_to_break": 30}, "breaks_most"),
    ("breaks", {**AT_WORK, "demands_today": 30}, 0),
    *(("effort_spent", {**AT_WORK, "buffering": 0, "demands_today": 1, "resources": r}, "effort") for r in (-2, 2)),
    # availability
    ("after_hours_work", {"working_day": 1}, 1),
    ("after_hours_work", {"working_day": 1, "absent": 1}, 0),
    ("after_hours_work", {"working_day": 1, "on_leave": 1}, 0),
    ("after_hours_work", {"working_day": 1, "messages_held_back": 1}, 0),
    ("after_hours_work", {"working_day": 1, "messages_held_back": 3}, 0),
    ("seen_today", {"after_hours_of_contacts": 1, "after_hours_of_manager": 1, "has_manager": 1}, 1),
    ("seen_today", {"after_hours_of_manager": 1, "has_manager": 1, "example_explained": 1}, 0),
    ("strain_of_norm", {"autonomy_conflict": 0, "injunctive_norm": 1}, 0),
    # workload
    ("demands", SPIRAL, pytest.approx(0.47, abs=0.02)),  # exhausted people get and perceive more demands
    ("demands", {**SPIRAL, "spiral": 0}, 0),
    ("overtime", {"is_manager": 1, "demands_today": 3}, 0),  # a day off
    ("load_of_absent_colleagues", {"absence_in_team": parameter("load_of_absent_colleagues", "usual_absence")},
     pytest.approx(0)),
    # contact and isolation
    ("tie_strength", {"tie_strength": 0}, 0),
    ("tie_strength", {"tie_strength": 0.5, "touch": 1, "live_ties": 0}, 0.5),
    ("touch", MEETING, 1),
    ("touch", BOTH_WORK, "online"),
    ("touch", {**BOTH_WORK, "at_office": 1}, "online"),  # one person at the office meets nobody
    ("touch", {"exists": 1, "works_today": 1, "at_office": 1}, 0),  # the colleague is off
    ("touch", SLEEPING, 0),
    ("touch", {**SLEEPING, "joins_team": 1, "their_joins_team": 1}, 0),
    ("contact_beyond_habit", {"felt_contact": -1, "accustomed": -1},
     pytest.approx(-1 + parameter("contact_beyond_habit", "adapted"))),
    ("contact_beyond_habit", {"felt_contact": -1, "accustomed": -1, "adapting": 0}, -1),
    ("strain_of_isolation", {"isolation_from_colleagues": 1, "isolation_from_company": 1, "isolation_strains": 0}, 0),
    # attendance
    ("chance_of_home", CHOICE, 0.5),
    ("chance_of_home", {**CHOICE, "home_floor": 1}, 1),
    ("chance_of_home", {**CHOICE, "home_ceiling": 0}, 0),
    ("chance_of_home", {**CHOICE, "home_ceiling": 0.2}, pytest.approx(0.2)),
    ("chance_of_home", {**CHOICE, "home_floor": 1, "may_work_from_home": 0}, 0),
    ("chance_of_home", {**CHOICE, "office_expected": 1}, 0),
    ("chance_of_home", {**CHOICE, "office_expected": 1.5}, 0),
    ("chance_of_home", {**CHOICE, "advised_home": 0.8}, pytest.approx(0.8)),
    ("chance_of_home", {**CHOICE, "advised_home": 0.3}, pytest.approx(0.5)),
    ("at_home", {"chance_of_home": 1}, 0),  # a day off
    ("works_today", {"working_day": 1, "contract_days": 5, "absent": 1}, 0),
    ("office_expected", {"anchor_rank": 0}, 0),
    # ergonomics
    ("adjustable_at_home", {"bought_adjustable": 1, "furniture_from_employer": 1}, 1),
    # exhaustion and absence
    ("exhaustion", {"level": 0, "strain": 0.1}, pytest.approx(0.1 / parameter("exhaustion", "days"), rel=0.01)),
    ("scar", {"exhaustion": 3}, 0),
    ("strain_of_contagion", {"contagion": 1, "exhaustion_of_contacts": 1}, "caught"),
    ("short_absence", {"short_absence": 1, "uniform": 0}, 0),
    ("short_absence", {"short_absence": 1, "uniform": 0.99}, 1),
    ("absent", {"short_absence": 1, "long_absence": 1}, 1),
    # knowledge of a measure
    ("told_as_employee", {**HEARD, "checked": 1, "nothing_lost": 1}, 0),  # not in place
    ("told_as_manager", {"nothing_lost": 1, "heard_by_managers": 0.9, "channel": 3}, 0),  # not in place
    ("told_as_employee", {**FOR_EMPLOYEES, "nothing_lost": 1}, 1),
    ("told_as_manager", {"nothing_lost": 1, "implemented": 1}, 1),
    ("told_as_employee", {"told_on_arrival": 1, "implemented": 1, "tenure": 3}, 1),  # newcomers only
    ("told_as_employee", {"told_on_arrival": 1, "implemented": 1, "tenure": 300}, 0),
    ("known", {"uniform": 0, "told_as_employee": 0}, 0),
    # claims and implementation
    ("implemented", {"claimed": 1, "carries_out": 0}, 0),
    ("implemented", CARRIED_OUT, 1),
    ("implemented", {**CARRIED_OUT, "uniform": 0.9, "implemented": 1}, 1),
    ("implemented", {"implemented": 1, "claimed": 0, "carries_out": 1}, 0),  # it ends with the claim
    ("claimed", {"claimed_by_itself": 1, "introduced_share": 1, "withdrawn": 1}, 0),
    ("in_place", {"implemented": 1, "does_itself": 1, "withdrawn": 1}, 0),
    ("usually_claimed", {"employer_share": 0, "inclination_to_claim": 4}, 0),  # not a measure of the study
    ("usually_claimed", {"employer_share": 0.5}, pytest.approx(0.5)),
    ("own_share", {"asked_in_study": 0}, 0),
    ("does_itself_at_start", {"uniform": 0, "asked_in_study": 0}, 0),
    # use and effect
    ("used", READY, 1),
    ("used", {**READY, "known": 0}, 0),
    ("used", {**READY, "in_place": 0}, 0),
    ("practice", {"used": 1, "freshness": 1, "handled_well": 0}, "used_poorly"),
    ("practice", {"used": 1, "freshness": 1, "handled_well": 1}, 1),
    ("practice", {"used": 0, "freshness": 1, "handled_well": 1}, 0),
    ("in_effect", COLLECTIVE, "unheard"),  # a collective measure partly affects those who do not know it
    ("in_effect", {**COLLECTIVE, "practice": 1}, 1),
    ("in_effect", {**COLLECTIVE, "practice": 1, "in_place": 0}, 0),
    ("in_effect", {**THROUGH_MANAGER, "practice_of_manager": 0.7}, pytest.approx(0.7)),
    ("in_effect", {**THROUGH_MANAGER, "practice": 1}, 0),
    ("in_effect", {**INDIVIDUAL, "practice": 0.6}, pytest.approx(0.6)),
    ("in_effect", {**INDIVIDUAL, "practice_of_manager": 1}, 0),
    ("freshness", {"freshness": 1, "used": 0, "fades_in": 26}, 1),
    ("freshness", {"freshness": 1, "used": 1, "fades_in": 0}, 1),  # no fading
    ("strangeness", {"in_effect": 1, "transition": 0.1}, pytest.approx(0.1)),
    ("strangeness", {"in_effect": 1, "accustomed_to": 1, "transition": 0.1}, 0),
    ("strangeness", {"in_effect": 0, "accustomed_to": 1, "transition": 0.1}, 0),  # the end of a measure is no load
    ("load_of_new_rhythm", {"lately_at_home": 0.5, "usual_rhythm": 0.5}, 0),
    ("recognition", {"paid_at_once": 0, "furniture_from_employer": 1}, 0),
    # reactions and complaints
    ("reaction", {"complaints_heard": parameter("reaction", "usual_heard")}, pytest.approx(1)),
    ("reaction", {"complaints_heard": 0}, 0),
    ("reaction", {"complaints_heard": 1}, "most_reaction"),
    ("reaction", {"complaints_heard": 1, "oversees_actively": 1}, 1),
    ("reaction", {"complaints_heard": 1, "reactive": 0}, 1),
    ("speaks", {"exhaustion": 0.5}, 0),  # no complaint
]  # fmt: skip


@pytest.mark.parametrize(("quantity", "causes", "value"), VALUES)
def test_an_equation_has_its_known_value(quantity, causes, value):
    """A value that is a name is the parameter of this name."""
    expected = pytest.approx(parameter(quantity, value), rel=1e-12) if isinstance(value, str) else value
    assert worked(quantity, **causes) == expected


# -- recovery --------------------------------------------------------------------------------------------------------


def test_detachment_on_an_ordinary_evening_equals_a_calculation_by_hand():
    held = worked("hold_of_work", demands=1, demands_today=1.5, recent_messaging=1, injunctive_norm=1, exhaustion=1)
    p = owner("hold_of_work")
    by_hand = p.demands_hold + 0.5 * p.heavy_day_holds + p.messaging_holds + p.expectation_holds + p.exhaustion_holds
    assert held == pytest.approx(by_hand)
    evening = p.spread * 2 - by_hand
    expected = p.limit * evening / np.hypot(p.limit, evening)
    assert worked("detachment", level=0.0, ability_to_detach=2, hold_of_work=held) == pytest.approx(expected)


@given(st.floats(-50, 50), st.floats(-50, 50))
def test_detachment_and_fatigue_stay_within_their_limits(hold, normal):
    assert abs(worked("detachment", hold_of_work=hold, normal=normal)) <= 4
    assert abs(worked("fatigue", fatigue=4, effort_spent=hold, normal=normal)) <= 4


def test_fatigue_decays_without_effort_and_most_on_a_day_off():
    after_work = worked("fatigue", fatigue=0.1, works_today=1)
    assert after_work == pytest.approx(0.1 * parameter("fatigue", "stays_over"), rel=1e-3)
    assert worked("fatigue", fatigue=1) < worked("fatigue", fatigue=1, works_today=1, detachment=1)


# -- availability ----------------------------------------------------------------------------------------------------


def test_the_injunctive_norm_rises_faster_than_it_falls_when_it_sticks():
    def ratio(**sticky):
        up, down = (worked("injunctive_norm", norm_level=0.0, expected_availability=by, **sticky) for by in (1, -1))
        return up / -down

    assert ratio() == pytest.approx(parameter("injunctive_norm", "stickiness"))
    assert ratio(sticky_norm=0.0) == pytest.approx(1)


def test_a_clear_expectation_is_not_over_read():
    def reading(clarity):
        moved = worked("injunctive_norm", norm_level=0.0, seen_norm=0.01, clarity_of_expectation=clarity)
        return moved * parameter("injunctive_norm", "norm_days")

    assert reading(0) / reading(1) == pytest.approx(parameter("injunctive_norm", "over_reading"), rel=1e-3)
    assert reading(1) == reading(5), "more clarity than clear has no effect"


def test_a_manager_sets_an_example_only_by_much_unexplained_messaging():
    silent, explained = (worked("injunctive_norm", managers_messaging=2, example_explained=e) for e in (0, 1))
    assert silent > explained == worked("injunctive_norm") == worked("injunctive_norm", managers_messaging=-2)


def test_managers_telepressed_and_busy_people_work_more_evenings():
    def chance(**causes):
        uniforms = np.linspace(0, 1, 2001)[:-1]
        return np.mean([worked("after_hours_work", uniform=u, working_day=1, **causes) for u in uniforms])

    usual = chance()
    assert 0.1 < usual < 0.6
    for cause in ("is_manager", "telepressure", "demands_today", "chooses_evenings"):
        assert chance(**{cause: 1}) > usual + 0.03, cause
    assert chance(injunctive_norm=2) == usual, "the norm works through telepressure unless steep"


def test_the_managers_evening_weighs_more_than_a_colleagues():
    weight = parameter("seen_today", "managers_weight")
    seen = worked("seen_today", after_hours_of_manager=1, has_manager=1)
    assert seen == pytest.approx(weight / (1 + weight)) and seen > 0.5


# -- resources -------------------------------------------------------------------------------------------------------


def test_home_gives_autonomy_less_and_less_beyond_half():
    none, half, always = (worked("autonomy", share_at_home=share) for share in (0, 0.5, 1))
    assert half - none > always - half > 0


def test_a_stock_approaches_its_level_in_its_days():
    days = parameter("autonomy", "autonomy_days")
    assert worked("autonomy", autonomy_level=0.0, autonomy=1, share_at_home=0.5) == pytest.approx(1 - 1 / days)


def test_relief_by_resources_is_the_sum_of_three():
    p = owner("relief_of_resources")
    relief = worked("relief_of_resources", autonomy=1, manager_support=1, colleague_support=1)
    assert relief == pytest.approx(-(p.relief_of_autonomy + p.relief_of_manager + p.relief_of_colleagues))


@given(st.floats(-20, 20), st.floats(0, 10))
def test_overtime_is_never_negative_nor_endless(demands, late):
    hours = worked("overtime", works_today=1, demands_today=demands, after_hours_time=late)
    assert 0 < hours <= parameter("overtime", "overtime_most")


# -- contact and isolation -------------------------------------------------------------------------------------------


@given(st.floats(0, 1), st.floats(0, 5))
def test_the_strength_of_a_tie_stays_between_zero_and_one(strength, touch):
    assert 0 <= worked("tie_strength", tie_strength=strength, touch=min(touch, 1 / 0.12)) <= 1


def test_ties_grow_by_contact_and_weak_ones_fade_first_without_it():
    assert worked("tie_strength", tie_strength=0.5, touch=1) > 0.5
    assert worked("tie_strength", tie_strength=1, touch=1) <= 1
    weak, strong = (1 - worked("tie_strength", tie_strength=strength) / strength for strength in (0.1, 0.9))
    assert weak > strong > 0


def test_arranged_encounters_touch_a_dormant_tie():
    assert worked("touch", **SLEEPING, joins_others=1, their_joins_others=1) > 0


def test_contact_helps_less_and_less():
    helped = -np.diff([worked("unmet_need", contact_beyond_habit=contact) for contact in (-2, -1, 0, 1, 2)])
    assert (helped > 0).all()
    assert (np.diff(helped) < 0).all()
    assert helped[-1] < 0.1 * helped[0], "more contact is no cure for those who have enough"


def test_both_isolations_share_part_of_their_nature():
    normal, solitude = np.random.default_rng(1).standard_normal((2, 50_000))
    estrangement = owner("estrangement").estrangement(normal=normal, solitude=solitude)
    shared = parameter("estrangement", "shared")
    assert np.corrcoef(estrangement, solitude)[0, 1] == pytest.approx(shared, abs=0.02)
    assert estrangement.std() == pytest.approx(1, abs=0.02)


def test_isolation_strains_by_its_published_size():
    assert 0.10 <= worked("strain_of_isolation", isolation_from_colleagues=1, isolation_from_company=1) <= 0.39


# -- attendance ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chance", [0.0, 0.4, 1.0])
def test_everyone_who_works_today_works_in_one_place(chance):
    home = worked("at_home", uniform=0.3, works_today=1, chance_of_home=chance)
    assert home + worked("at_office", works_today=1, at_home=home) == 1


def test_part_timers_work_their_days():
    uniforms = np.linspace(0, 1, 1001)[:-1]
    days = [worked("works_today", uniform=u, working_day=1, contract_days=3) for u in uniforms]
    assert np.mean(days) == pytest.approx(0.6, abs=0.002)


def test_the_team_is_expected_on_its_fixed_office_days_only():
    expected = [worked("office_expected", fixed_office_days=2.0, anchor_rank=rank) > 0 for rank in range(6)]
    assert expected == [True, True, False, False, False, False]


# -- ergonomics ------------------------------------------------------------------------------------------------------


def test_weekly_hazards_of_complaints_give_the_yearly_figures():
    uniforms = np.linspace(0, 1, 100_001)[:-1]
    weekly = np.mean(owner("exposure").arm_neck_shoulder_complaint(0.0 * uniforms, uniforms, 0.0, 0.0))
    assert 1 - (1 - weekly) ** 52 == pytest.approx(1 - np.exp(-parameter("exposure", "onset")), abs=0.01)


@pytest.mark.parametrize("quantity", ["arm_neck_shoulder_complaint", "back_complaint"])
def test_a_complaint_begins_stays_and_ends(quantity):
    without, having = ([worked(quantity, **{quantity: now}, uniform=u) for u in (0, 0.5, 0.9999)] for now in (0, 1))
    assert without[0] == 1 and having[:2] == [0, 1]
    assert {*without, *having} <= {0, 1}


def test_any_working_at_home_raises_onset_equally():
    none, little, much = (worked("exposure", share_at_home=share) for share in (0, 0.1, 0.9))
    assert none < little == much


def test_a_chair_from_the_employer_equals_a_bought_one():
    bought, provided = (
        worked("adjustable_at_home", **{c: 1}) for c in ("bought_adjustable", "furniture_from_employer")
    )
    assert bought == provided


def test_a_separate_room_shields_the_back():
    shared, separate = (
        np.mean([worked("back_complaint", uniform=u, separate_room=room) for u in np.linspace(0, 0.02, 2001)])
        for room in (0, 1)
    )
    assert separate < shared


# -- exhaustion, absence and turnover --------------------------------------------------------------------------------


def test_a_scar_slows_recovery_and_nothing_else():
    falling, rising = (
        [worked("exhaustion", level=0.0, exhaustion=start, scar=scar) for scar in (0, 1)] for start in (2, -2)
    )
    assert falling[1] > falling[0] and rising[1] == rising[0]
    assert 0 < worked("scar", lasting_scar=1.0, exhaustion=3) <= 1


def onset(quantity: str, **causes) -> float:
    """Return the chance per step that a state begins."""
    mechanism = owner(quantity)
    uniforms = np.linspace(0, 0.05, 200_001)
    values = dict.fromkeys(dependencies_of(mechanism.equations()[quantity]), 0.0) | causes | {"uniform": uniforms}
    return 0.05 * float(np.mean(getattr(mechanism, quantity)(**values)))


def test_hazards_of_absence_are_the_yearly_rates_and_rise_with_exhaustion():
    p = owner("short_absence")
    assert 364 * onset("short_absence") == pytest.approx(p.short_spells, rel=0.02)
    assert 364 * onset("long_absence") == pytest.approx(p.long_spells, rel=0.02)
    assert onset("short_absence", exhaustion=1.0) / onset("short_absence") == pytest.approx(1.21, abs=0.03)
    assert onset("long_absence", exhaustion=1.0) > onset("long_absence")


def test_hazards_of_leaving_are_the_yearly_rate_and_rise_with_a_flexible_contract():
    assert 52 * onset("leaves") == pytest.approx(parameter("leaves", "leaving"), rel=0.02)
    assert onset("leaves", flexible_contract=1.0) > 1.5 * onset("leaves")


# -- cascade ---------------------------------------------------------------------------------------------------------


def test_knowledge_goes_down_level_by_level():
    levels = ((0, 0), (0, 1), (1, 0), (1, 1))
    shares = [worked("told_as_employee", **FOR_EMPLOYEES, manager_passes_on=m, team_knows=t) for m, t in levels]
    assert sorted(shares) == shares
    assert shares[0] < 0.5 * shares[3], "most of it comes through manager and team"


def test_experienced_measures_are_seldom_forgotten():
    between = parameter("known", "forgetting") * (1 - parameter("known", "reminds") / 2)
    assert [worked("known", known=1, uniform=between, lives_it=experienced) for experienced in (0, 1)] == [0, 1]


def test_a_new_rhythm_costs_load_either_way():
    more, less = (worked("load_of_new_rhythm", lately_at_home=share, usual_rhythm=0.5) for share in (0.8, 0.2))
    assert more == pytest.approx(less) and more > 0


def test_furniture_paid_at_once_is_recognised():
    assert worked("recognition", paid_at_once=1.0, furniture_from_employer=1) > 0


def test_isolated_people_hear_less_unless_the_switch_is_off():
    def share(isolation, **switch):
        return worked("told_as_employee", **FOR_EMPLOYEES, isolation_from_colleagues=isolation, **switch)

    near, far = (share(isolation, manager_passes_on=1) for isolation in (-1, 1))
    assert near > far > 0
    assert share(2, isolated_hear_less=0.0) == share(0)


@pytest.mark.parametrize("share", [0.31, 0.5, 0.87])
def test_the_common_factor_of_an_employer_keeps_the_share_of_claims(share):
    inclination = np.random.default_rng(2).standard_normal(50_000)
    claimed = owner("usually_claimed").usually_claimed(employer_share=share, inclination_to_claim=inclination)
    assert claimed.mean() == pytest.approx(share, abs=0.012)
    assert claimed.std() > 0.03


def test_poor_use_is_worth_less_than_good_use():
    assert 0 < parameter("practice", "used_poorly") < 1


def test_enthusiasm_fades_to_a_floor_and_returns_without_use():
    fresh = 1.0
    for _ in range(2000):
        fresh = worked("freshness", freshness=fresh, used=1, fades_in=26)
    assert parameter("freshness", "floor") <= fresh < 0.65
    assert worked("freshness", freshness=0.5) > 0.5


def test_people_with_any_complaint_speak_alike():
    assert worked("speaks", arm_neck_shoulder_complaint=1) == worked("speaks", exhaustion=1.5) > 0


# -- aggregations ----------------------------------------------------------------------------------------------------


def test_the_value_of_the_manager_is_zero_at_the_top():
    manager = Manager(np.array([0, 0, 1]), np.array([0.0, 1.0, 1.0], np.float32))
    assert manager.of(np.array([[5.0, 7.0, 9.0]], np.float32)).tolist() == [[0, 5, 7]]


def test_the_mean_of_a_team_is_its_mean_in_every_world():
    team = Members(np.array([0, 0, 1]), np.array([2, 1]))
    assert team.mean(np.array([[1, 3, 5], [0, 0, 2]], np.float32)).tolist() == [[2, 5], [0, 2]]
    assert team.mean(np.ones((2, 4, 3), np.float32)).shape == (2, 4, 2)


def test_the_mean_over_ties_is_weighted_and_zero_without_ties():
    ties = Ties(np.array([[1, 0, 3], [2, 3, 3]]))
    x = np.array([[1.0, 2.0, 4.0]], np.float32)
    assert ties.of(x).tolist() == [[[2, 1, 0], [4, 0, 0]]]
    strength = np.array([[[1.0, 1.0, 0.0], [3.0, 0.0, 0.0]]], np.float32)
    assert ties.mean(x, strength).tolist() == [[3.5, 1, 0]]
    assert ties.sum(strength).tolist() == [[4, 1, 0]]


def test_the_sum_over_measures_adds_them_up():
    assert Measures().sum(np.ones((1, 15, 4), np.float32)).tolist() == [[15, 15, 15, 15]]


def test_every_aggregation_is_used_by_an_equation():
    equations = (equation for kind in mechanisms().values() for equation in kind.equations().values())
    used = {cause for equation in equations for cause in dependencies_of(equation)} & set(AGGREGATION_SOURCES)
    assert used == set(AGGREGATION_SOURCES)
