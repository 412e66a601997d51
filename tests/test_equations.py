"""Each equation by itself: worked cases, limits, and the directions that the science asks for.

An equation is found by the quantity it yields, wherever it stands. Causes that a case does not name are zero.
"""

from __future__ import annotations

from dataclasses import replace
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
    """The mechanism, at its defaults, that yields a quantity."""
    return next(kind() for kind in mechanisms().values() if quantity in kind.equations())


def worked(quantity: str, parameters: dict[str, float] | None = None, **causes) -> float:
    """An equation evaluated with these causes, and with these parameters where they differ from the default."""
    mechanism = replace(owner(quantity), **(parameters or {}))
    needed = dependencies_of(mechanism.equations()[quantity])
    unknown = set(causes) - set(needed)
    assert not unknown, f"{quantity} has no cause {unknown}"
    return float(getattr(mechanism, quantity)(**{cause: causes.get(cause, 0.0) for cause in needed}))


def parameter(quantity: str, name: str) -> float:
    return getattr(owner(quantity), name)


# -- directions ------------------------------------------------------------------------------------------------------

AT_WORK = {"works_today": 1.0}
THERE = {
    "implemented": 1.0,
    "word": 1.0,
    "heard_by_others": 0.6,
    "usually_forgotten": 0.023,
    "channel": 1.0,
    "tenure": 1000.0,
}
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
    # contact and isolation
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
    ("exhaustion", "strain", +1, {}),
    ("exhaustion", "life_events", +1, {}),
    ("cynicism", "exhaustion", +1, {}),
    ("cynicism", "engagement", -1, {}),
    ("strain_of_contagion", "exhaustion_of_contacts", 0, {}),
    # cascade
    ("told_as_employee", "manager_passes_on", +1, THERE),
    ("told_as_employee", "team_knows", +1, THERE),
    ("told_as_employee", "channel", +1, {**THERE, "manager_passes_on": 1.0}),
    ("told_as_employee", "isolation_from_colleagues", -1, {**THERE, "manager_passes_on": 1.0}),
    (
        "told_as_manager",
        "channel",
        +1,
        {"implemented": 1.0, "word": 1.0, "heard_by_managers": 0.8, "usually_forgotten": 0.023},
    ),
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
    # what is lived is remembered, and heard of by seeing it done
    ("manager_passes_on", "manager_knows", +1, {}),
    ("manager_passes_on", "manager_knows", 0, {"is_through_manager": 1.0}),
    ("manager_passes_on", "manager_practises", +1, {"is_through_manager": 1.0}),
    ("manager_passes_on", "manager_practises", 0, {"is_through_manager": 1.0, "only_managers_see": 1.0}),
    ("lives_it", "used", +1, {}),
    ("lives_it", "used", 0, {"is_through_manager": 1.0}),
    ("lives_it", "used", +1, {"is_through_manager": 1.0, "is_manager": 1.0}),
    ("lives_it", "manager_practises", +1, {"is_through_manager": 1.0}),
    ("usually_forgotten", "use", -1, {}),
    # place, rhythm and what cuts up a day
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


# -- recovery --------------------------------------------------------------------------------------------------------


def test_detachment_on_an_ordinary_evening_is_worked_out_by_hand():
    held = worked(
        "hold_of_work", demands=1.0, demands_today=1.5, recent_messaging=1.0, injunctive_norm=1.0, exhaustion=1.0
    )
    p = owner("hold_of_work")
    by_hand = p.demands_hold + 0.5 * p.heavy_day_holds + p.messaging_holds + p.expectation_holds + p.exhaustion_holds
    assert held == pytest.approx(by_hand)
    evening = p.spread * 2 - by_hand
    expected = p.limit * evening / np.hypot(p.limit, evening)
    plain = {"level": 0.0}
    assert worked("detachment", plain, ability_to_detach=2.0, hold_of_work=held) == pytest.approx(expected)


def test_mere_expectation_holds_without_any_message():
    calm, expected = (worked("hold_of_work", injunctive_norm=norm) for norm in (0.0, 1.0))
    assert expected - calm == pytest.approx(parameter("hold_of_work", "expectation_holds"))


def test_telepressure_holds_by_itself_only_where_its_switch_is_on():
    on = {"telepressure_direct": 1.0}
    assert worked("hold_of_work", on, telepressure=1.0) == pytest.approx(
        parameter("hold_of_work", "telepressure_holds")
    )


@given(st.floats(-50, 50), st.floats(-50, 50))
def test_detachment_and_fatigue_stay_within_their_limits(hold, rng):
    assert abs(worked("detachment", hold_of_work=hold, normal=rng)) <= 4
    assert abs(worked("fatigue", fatigue=4.0, effort_spent=hold, normal=rng)) <= 4


def test_fatigue_without_effort_decays():
    kept = worked("fatigue", fatigue=0.1, works_today=1.0)
    assert kept == pytest.approx(0.1 * parameter("fatigue", "stays_over"), rel=1e-3)


def test_a_day_off_takes_off_more_than_a_night():
    assert worked("fatigue", fatigue=1.0) < worked("fatigue", fatigue=1.0, works_today=1.0, detachment=1.0)


def test_nobody_takes_a_break_on_a_day_off_or_more_than_there_are():
    assert worked("breaks", encouragement_to_break=3.0) == 0
    assert worked("breaks", works_today=1.0, encouragement_to_break=30.0) == parameter("breaks", "breaks_most")
    assert worked("breaks", works_today=1.0, demands_today=30.0) == 0


def test_without_buffering_resources_leave_effort_alone():
    off = {"buffering": 0.0}
    poor, rich = (worked("effort_spent", off, works_today=1.0, demands_today=1.0, resources=r) for r in (-2.0, 2.0))
    assert poor == rich == pytest.approx(parameter("effort_spent", "effort"))


# -- availability ----------------------------------------------------------------------------------------------------


def test_the_injunctive_norm_rises_faster_than_it_falls_when_it_sticks():
    up = worked("injunctive_norm", {"norm_level": 0.0}, expected_availability=1.0)
    down = -worked("injunctive_norm", {"norm_level": 0.0}, expected_availability=-1.0)
    assert up / down == pytest.approx(parameter("injunctive_norm", "stickiness"))
    even = {"norm_level": 0.0, "sticky_norm": 0.0}
    assert worked("injunctive_norm", even, expected_availability=1.0) == pytest.approx(
        -worked("injunctive_norm", even, expected_availability=-1.0)
    )


def test_said_that_no_answer_is_needed_the_norm_is_read_as_it_is_meant():
    def reading(clarity):
        moved = worked("injunctive_norm", {"norm_level": 0.0}, seen_norm=0.01, clarity_of_expectation=clarity)
        return moved * parameter("injunctive_norm", "norm_days")

    assert reading(0.0) / reading(1.0) == pytest.approx(parameter("injunctive_norm", "over_reading"), rel=1e-3)
    assert reading(1.0) == reading(5.0), "more than clear is clear"


def test_an_explained_example_no_longer_counts():
    silent, explained = (worked("injunctive_norm", managers_messaging=2.0, example_explained=e) for e in (0.0, 1.0))
    assert silent > explained == worked("injunctive_norm")


def test_a_manager_who_works_little_after_hours_sets_no_example():
    assert worked("injunctive_norm", managers_messaging=-2.0) == worked("injunctive_norm")


def evening(uniform: float, **causes) -> float:
    return worked("after_hours_work", uniform=uniform, working_day=1.0, **causes)


def test_nobody_absent_or_on_leave_works_after_hours():
    assert evening(0.0) == 1
    assert evening(0.0, absent=1.0) == evening(0.0, on_leave=1.0) == 0


def test_messages_that_wait_until_morning_make_no_evening_work():
    assert evening(0.0, messages_held_back=1.0) == evening(0.0, messages_held_back=3.0) == 0


def chance_of_evening(**causes) -> float:
    uniforms = np.linspace(0, 1, 2001)[:-1]
    return float(np.mean([evening(u, **causes) for u in uniforms]))


def test_managers_the_telepressed_and_the_busy_work_more_evenings():
    usual = chance_of_evening()
    assert 0.1 < usual < 0.6
    for cause in ("is_manager", "telepressure", "demands_today", "chooses_evenings"):
        assert chance_of_evening(**{cause: 1.0}) > usual + 0.03, cause
    assert chance_of_evening(injunctive_norm=2.0) == usual, "the norm works through telepressure unless steep"


def test_the_managers_evening_weighs_more_than_a_colleagues():
    weight = parameter("seen_today", "managers_weight")
    seen = worked("seen_today", after_hours_of_manager=1.0, has_manager=1.0)
    assert seen == pytest.approx(weight / (1 + weight))
    assert worked("seen_today", after_hours_of_contacts=1.0, after_hours_of_manager=1.0, has_manager=1.0) == 1


def test_the_norm_strains_without_any_message():
    assert worked("strain_of_norm", injunctive_norm=1.0) > 0
    assert worked("strain_of_norm", {"autonomy_conflict": 0.0}, injunctive_norm=1.0) == 0


# -- resources -------------------------------------------------------------------------------------------------------


def test_home_gives_autonomy_less_and_less_beyond_half():
    at = [worked("autonomy", share_at_home=share) for share in (0.0, 0.5, 1.0)]
    assert at[1] - at[0] > at[2] - at[1] > 0


def test_an_approach_takes_the_days_it_says():
    days = parameter("autonomy", "autonomy_days")
    still = {"autonomy_level": 0.0}
    assert worked("autonomy", still, autonomy=1.0, share_at_home=0.5) == pytest.approx(1 - 1 / days)


def test_relief_by_resources_is_the_sum_of_three():
    p = owner("relief_of_resources")
    found = worked("relief_of_resources", autonomy=1.0, manager_support=1.0, colleague_support=1.0)
    assert found == pytest.approx(-(p.relief_of_autonomy + p.relief_of_manager + p.relief_of_colleagues))


# -- workload --------------------------------------------------------------------------------------------------------


def test_exhausted_people_get_and_see_more_demands_unless_the_spiral_is_cut():
    assert worked("demands", {"level": 0.0}, exhaustion=1.0, worn_view=1.0, may_work_from_home=1.0) == pytest.approx(
        0.47, abs=0.02
    )
    cut = {"spiral": 0.0, "level": 0.0}
    assert worked("demands", cut, exhaustion=1.0, worn_view=1.0, may_work_from_home=1.0) == 0


@given(st.floats(-20, 20), st.floats(0, 10))
def test_overtime_is_never_negative_nor_endless(demands, late):
    hours = worked("overtime", works_today=1.0, demands_today=demands, after_hours_time=late)
    assert 0 < hours <= parameter("overtime", "overtime_most")


def test_managers_work_more_overtime_and_nobody_does_on_a_day_off():
    assert worked("overtime", works_today=1.0, is_manager=1.0) > worked("overtime", works_today=1.0)
    assert worked("overtime", is_manager=1.0, demands_today=3.0) == 0


def test_usual_absence_is_no_extra_load():
    usual = parameter("load_of_absent_colleagues", "usual_absence")
    assert worked("load_of_absent_colleagues", absence_in_team=usual) == pytest.approx(0)


# -- contact and isolation -------------------------------------------------------------------------------------------


@given(st.floats(0, 1), st.floats(0, 5))
def test_a_tie_stays_between_nought_and_one(strength, touch):
    assert 0 <= worked("tie_strength", tie_strength=strength, touch=min(touch, 1 / 0.12)) <= 1


def test_ties_grow_by_contact_and_fade_without_the_weak_ones_first():
    assert worked("tie_strength", tie_strength=0.5, touch=1.0) > 0.5
    lost = {s: (s - worked("tie_strength", tie_strength=s)) / s for s in (0.1, 0.9)}
    assert lost[0.1] > lost[0.9] > 0
    assert worked("tie_strength", tie_strength=0.0) == 0
    assert worked("tie_strength", tie_strength=1.0, touch=1.0) <= 1
    assert worked("tie_strength", {"live_ties": 0.0}, tie_strength=0.5, touch=1.0) == 0.5


def test_meeting_counts_more_than_speaking_online_and_absence_for_nothing():
    both = {"exists": 1.0, "works_today": 1.0, "their_works_today": 1.0}
    met = worked("touch", at_office=1.0, their_at_office=1.0, **both)
    spoke = worked("touch", **both)
    assert met == 1
    assert spoke == pytest.approx(parameter("touch", "online"))
    assert worked("touch", at_office=1.0, their_at_office=0.0, **both) == spoke, "one at the office meets nobody"
    assert worked("touch", exists=1.0, works_today=1.0, at_office=1.0) == 0, "nor one whose colleague is off"


def test_a_dormant_tie_is_touched_by_arranged_encounters_alone():
    both = {"exists": 1.0, "works_today": 1.0, "their_works_today": 1.0, "at_office": 1.0, "their_at_office": 1.0}
    sleeping = {"dormant": 1.0, "across": 1.0}
    assert worked("touch", **both, **sleeping) == 0
    assert worked("touch", **both, **sleeping, joins_others=1.0, their_joins_others=1.0) > 0
    assert worked("touch", **both, **sleeping, joins_team=1.0, their_joins_team=1.0) == 0


def test_a_team_that_keeps_to_itself_meets_others_less():
    both = {"exists": 1.0, "works_today": 1.0, "their_works_today": 1.0, "at_office": 1.0, "their_at_office": 1.0}
    assert worked("touch", **both, across=1.0, office_expected=1.0) < worked("touch", **both, across=1.0)


def test_contact_helps_less_and_less():
    unmet = [worked("unmet_need", contact_beyond_habit=contact) for contact in (-2.0, -1.0, 0.0, 1.0, 2.0)]
    helped = -np.diff(unmet)
    assert (helped > 0).all()
    assert (np.diff(helped) < 0).all()
    assert helped[-1] < 0.1 * helped[0], "more contact is no cure for those who have enough"


def test_a_lasting_pattern_is_half_got_used_to():
    adapted = parameter("contact_beyond_habit", "adapted")
    assert worked("contact_beyond_habit", felt_contact=-1.0, accustomed=-1.0) == pytest.approx(-1 + adapted)
    assert worked("contact_beyond_habit", {"adapting": 0.0}, felt_contact=-1.0, accustomed=-1.0) == -1


def test_both_isolations_share_part_of_their_nature():
    shared = parameter("estrangement", "shared")
    rng = np.random.default_rng(1).standard_normal((2, 50_000))
    estrangement = owner("estrangement").estrangement(normal=rng[0], solitude=rng[1])
    assert np.corrcoef(estrangement, rng[1])[0, 1] == pytest.approx(shared, abs=0.02)
    assert estrangement.std() == pytest.approx(1, abs=0.02)


def test_isolation_wears_people_out_unless_the_path_is_cut():
    lonely = {"isolation_from_colleagues": 1.0, "isolation_from_company": 1.0}
    assert 0.10 <= worked("strain_of_isolation", **lonely) <= 0.39
    assert worked("strain_of_isolation", {"isolation_strains": 0.0}, **lonely) == 0


# -- attendance ------------------------------------------------------------------------------------------------------

CHOICE = {"may_work_from_home": 1.0, "agreed_share_at_home": 0.5}


@pytest.mark.parametrize(("imposed", "causes", "chance"), [
    ({}, CHOICE, 0.5),
    ({"home_floor": 1.0}, CHOICE, 1.0),
    ({"home_ceiling": 0.0}, CHOICE, 0.0),
    ({"home_ceiling": 0.2}, CHOICE, 0.2),
    ({"home_floor": 1.0}, {**CHOICE, "may_work_from_home": 0.0}, 0.0),
    ({}, {**CHOICE, "office_expected": 1.0}, 0.0),
    ({}, {**CHOICE, "office_expected": 1.5}, 0.0),
    ({}, {**CHOICE, "advised_home": 0.8}, 0.8),
    ({}, {**CHOICE, "advised_home": 0.3}, 0.5),
])  # fmt: skip
def test_the_place_of_work_is_chosen_within_imposed_limits(imposed, causes, chance):
    assert worked("chance_of_home", imposed, **causes) == pytest.approx(chance)


def test_everyone_who_works_today_works_in_one_place():
    for chance in (0.0, 0.4, 1.0):
        home = worked("at_home", uniform=0.3, works_today=1.0, chance_of_home=chance)
        assert home + worked("at_office", works_today=1.0, at_home=home) == 1
    assert worked("at_home", uniform=0.0, works_today=0.0, chance_of_home=1.0) == 0


def test_part_timers_work_their_days():
    days = np.linspace(0, 1, 1001)[:-1]
    worked_days = [worked("works_today", uniform=u, working_day=1.0, contract_days=3.0) for u in days]
    assert np.mean(worked_days) == pytest.approx(0.6, abs=0.002)
    assert worked("works_today", uniform=0.0, working_day=1.0, contract_days=5.0, absent=1.0) == 0


def test_only_fixed_office_days_are_expected_of_the_team():
    asked = {"fixed_office_days": 2.0}
    assert [worked("office_expected", asked, anchor_rank=float(rank)) > 0 for rank in range(6)] == [
        True,
        True,
        *[False] * 4,
    ]
    assert worked("office_expected", anchor_rank=0.0) == 0


# -- ergonomics ------------------------------------------------------------------------------------------------------


def test_complaints_are_slow_episodes_whose_hazards_give_the_yearly_figures():
    years = np.linspace(0, 1, 100_001)[:-1]
    weekly = np.mean(owner("exposure").arm_neck_shoulder_complaint(0.0 * years, years, 0.0, 0.0))
    assert 1 - (1 - weekly) ** 52 == pytest.approx(1 - np.exp(-parameter("exposure", "onset")), abs=0.01)


@pytest.mark.parametrize("quantity", ["arm_neck_shoulder_complaint", "back_complaint"])
def test_a_complaint_is_had_or_not(quantity):
    for now in (0.0, 1.0):
        assert {worked(quantity, **{quantity: now}, uniform=u) for u in (0.0, 0.5, 0.9999)} <= {0.0, 1.0}
    assert worked(quantity, **{quantity: 1.0}, uniform=0.0) == 0, "it ends"
    assert worked(quantity, **{quantity: 0.0}, uniform=0.0) == 1, "it begins"
    assert worked(quantity, **{quantity: 1.0}, uniform=0.5) == 1, "it stays"


def test_any_working_at_home_raises_onset_equally():
    none, little, much = (worked("exposure", share_at_home=share) for share in (0.0, 0.1, 0.9))
    assert none < little == much


def test_a_chair_from_the_employer_is_worth_ones_own():
    assert worked("adjustable_at_home", bought_adjustable=1.0) == worked(
        "adjustable_at_home", furniture_from_employer=1.0
    )
    assert worked("adjustable_at_home", bought_adjustable=1.0, furniture_from_employer=1.0) == 1


def test_a_room_of_ones_own_shields_the_back():
    def begins(room):
        return np.mean([worked("back_complaint", uniform=u, separate_room=room) for u in np.linspace(0, 0.02, 2001)])

    assert begins(1.0) < begins(0.0)


# -- exhaustion and comings and goings -------------------------------------------------------------------------------


def test_exhaustion_answers_slowly():
    days = parameter("exhaustion", "days")
    assert worked("exhaustion", {"level": 0.0}, strain=0.1) == pytest.approx(0.1 / days, rel=0.01)


def test_a_scar_slows_recovery_and_nothing_else():
    falling = [worked("exhaustion", {"level": 0.0}, exhaustion=2.0, scar=scar) for scar in (0.0, 1.0)]
    rising = [worked("exhaustion", {"level": 0.0}, exhaustion=-2.0, scar=scar) for scar in (0.0, 1.0)]
    assert falling[1] > falling[0]
    assert rising[1] == rising[0]
    assert worked("scar", exhaustion=3.0) == 0, "off by default"
    assert 0 < worked("scar", {"lasting_scar": 1.0}, exhaustion=3.0) <= 1


def test_contagion_is_off_by_default():
    on = {"contagion": 1.0}
    assert worked("strain_of_contagion", on, exhaustion_of_contacts=1.0) == parameter("strain_of_contagion", "caught")


def onset(quantity: str, **causes) -> float:
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


def test_absence_ends():
    assert worked("short_absence", short_absence=1.0, uniform=0.0) == 0
    assert worked("short_absence", short_absence=1.0, uniform=0.99) == 1
    assert worked("absent", short_absence=1.0, long_absence=1.0) == 1


# -- cascade ---------------------------------------------------------------------------------------------------------


def test_nobody_learns_of_a_measure_that_is_not_in_place():
    everywhere = {"manager_passes_on": 1.0, "team_knows": 1.0, "heard_by_others": 0.9, "channel": 3.0}
    assert worked("told_as_employee", {"checked": 1.0, "nothing_lost": 1.0}, **everywhere) == 0
    assert worked("told_as_manager", {"nothing_lost": 1.0}, heard_by_managers=0.9, channel=3.0) == 0
    assert worked("known", uniform=0.0, told_as_employee=0.0) == 0


def test_knowledge_goes_down_level_by_level():
    told = [
        worked("told_as_employee", **THERE, manager_passes_on=m, team_knows=t)
        for m, t in ((0, 0), (0, 1), (1, 0), (1, 1))
    ]
    assert sorted(told) == told
    assert told[0] < 0.5 * told[3], "most of it comes through manager and team"


def test_experienced_measures_are_seldom_forgotten():
    forgetting, reminds = parameter("known", "forgetting"), parameter("known", "reminds")
    between = forgetting * (1 - reminds / 2)
    assert worked("known", known=1.0, uniform=between, lives_it=0.0) == 0
    assert worked("known", known=1.0, uniform=between, lives_it=1.0) == 1


def test_an_explained_evening_of_the_manager_is_no_example():
    silent, explained = (
        worked("seen_today", after_hours_of_manager=1.0, has_manager=1.0, example_explained=e) for e in (0.0, 1.0)
    )
    assert silent > 0.5
    assert explained == 0


def test_a_new_rhythm_costs_load_either_way_and_a_usual_one_none():
    more, less, usual = (
        worked("load_of_new_rhythm", lately_at_home=share, usual_rhythm=0.5) for share in (0.8, 0.2, 0.5)
    )
    assert more == pytest.approx(less)
    assert more > 0
    assert usual == 0


def test_provision_is_felt_the_more_the_more_is_paid_at_once():
    in_parts, at_once = (
        worked("recognition", {"paid_at_once": share}, furniture_from_employer=1.0) for share in (0.0, 1.0)
    )
    assert at_once > in_parts == 0


def test_everybody_is_informed_where_nothing_is_lost():
    assert worked("told_as_employee", {"nothing_lost": 1.0}, **THERE) == 1
    assert worked("told_as_manager", {"nothing_lost": 1.0}, implemented=1.0) == 1


def test_newcomers_can_be_informed_on_arrival_only():
    told = {"told_on_arrival": 1.0}
    assert worked("told_as_employee", told, implemented=1.0, tenure=3.0) == 1
    assert worked("told_as_employee", told, implemented=1.0, tenure=300.0) == 0


def test_isolated_people_hear_less_unless_the_switch_is_off():
    near, far = (
        worked("told_as_employee", **THERE, manager_passes_on=1.0, isolation_from_colleagues=i) for i in (-1.0, 1.0)
    )
    assert near > far > 0
    off = {"isolated_hear_less": 0.0}
    assert worked("told_as_employee", off, **THERE, isolation_from_colleagues=2.0) == worked(
        "told_as_employee", **THERE
    )


def test_a_claim_without_deeds_reaches_nobody():
    assert worked("implemented", uniform=0.0, claimed=1.0, carries_out=0.0) == 0
    assert worked("implemented", uniform=0.0, claimed=1.0, carries_out=1.0) == 1
    assert worked("implemented", uniform=0.9, implemented=1.0, claimed=1.0, carries_out=1.0) == 1
    assert worked("implemented", uniform=0.0, implemented=1.0, claimed=0.0, carries_out=1.0) == 0, (
        "and ends with the claim"
    )


def test_a_withdrawn_measure_is_neither_claimed_nor_in_place():
    assert worked("claimed", claimed_by_itself=1.0, introduced_share=1.0, withdrawn=1.0) == 0
    assert worked("in_place", implemented=1.0, does_itself=1.0, withdrawn=1.0) == 0


def test_only_measures_of_the_study_are_claimed_or_practised_spontaneously():
    assert worked("usually_claimed", employer_share=0.0, inclination_to_claim=4.0) == 0
    assert worked("usually_claimed", employer_share=0.5) == pytest.approx(0.5)
    assert worked("own_share", asked_in_study=0.0) == 0
    assert worked("does_itself_at_start", uniform=0.0, asked_in_study=0.0) == 0


@pytest.mark.parametrize("share", [0.31, 0.5, 0.87])
def test_the_common_factor_of_an_employer_keeps_the_share_of_claims(share):
    rng = np.random.default_rng(2).standard_normal(50_000)
    claimed = owner("usually_claimed").usually_claimed(employer_share=share, inclination_to_claim=rng)
    assert claimed.mean() == pytest.approx(share, abs=0.012)
    assert claimed.std() > 0.03


def effect(route: str, **causes) -> float:
    return worked("in_effect", **{f"is_{route}": 1.0, "freshness": 1.0, **causes})


def test_a_collective_measure_partly_affects_employees_who_do_not_know_it():
    unaware, aware = (effect("collective", in_place=1.0, practice=practice) for practice in (0.0, 1.0))
    assert unaware == pytest.approx(parameter("in_effect", "unheard"))
    assert aware == 1
    assert effect("collective", in_place=0.0, practice=1.0) == 0


def test_a_measure_through_the_manager_works_without_the_employees_own_knowledge_or_use():
    assert effect("through_manager", in_place=1.0, practice_of_manager=0.7) == pytest.approx(0.7)
    assert effect("through_manager", in_place=1.0, practice=1.0) == 0


def test_an_individual_measure_affects_only_its_users():
    assert effect("individual", in_place=1.0, practice=0.6) == pytest.approx(0.6)
    assert effect("individual", in_place=1.0, practice_of_manager=1.0) == 0


def test_a_measure_unknown_or_not_in_place_is_not_used():
    ready = {"uniform": 0.0, "would_use": 1.0, "used": 0.0}
    assert worked("used", **ready, known=1.0, in_place=1.0) == 1
    assert worked("used", **ready, known=0.0, in_place=1.0) == worked("used", **ready, known=1.0, in_place=0.0) == 0


def test_poor_use_is_worth_something_but_less():
    poor, good = (worked("practice", used=1.0, freshness=1.0, handled_well=well) for well in (0.0, 1.0))
    assert 0 < poor == parameter("practice", "used_poorly") < good == 1
    assert worked("practice", used=0.0, handled_well=1.0, freshness=1.0) == 0


def test_enthusiasm_wears_off_to_a_floor_with_use_alone_and_comes_back():
    fresh = 1.0
    for _ in range(2000):
        fresh = worked("freshness", freshness=fresh, used=1.0, fades_in=26.0)
    assert parameter("freshness", "floor") <= fresh < 0.65
    assert worked("freshness", freshness=1.0, used=0.0, fades_in=26.0) == 1
    assert worked("freshness", freshness=1.0, used=1.0, fades_in=0.0) == 1, "what does not fade stays"
    assert worked("freshness", freshness=0.5) > 0.5


def test_a_new_measure_adds_load_until_employees_are_used_to_it():
    assert worked("strangeness", in_effect=1.0, transition=0.1) == pytest.approx(0.1)
    assert worked("strangeness", in_effect=1.0, accustomed_to=1.0, transition=0.1) == 0
    assert worked("strangeness", in_effect=0.0, accustomed_to=1.0, transition=0.1) == 0, "its end is no load"


def test_a_reactive_employer_does_as_usual_when_it_hears_the_usual():
    usual = parameter("reaction", "usual_heard")
    assert worked("reaction", complaints_heard=usual) == pytest.approx(1)
    assert worked("reaction", complaints_heard=0.0) == 0
    assert worked("reaction", complaints_heard=1.0) == parameter("reaction", "most_reaction")
    assert worked("reaction", complaints_heard=1.0, oversees_actively=1.0) == 1
    assert worked("reaction", {"reactive": 0.0}, complaints_heard=1.0) == 1


def test_only_those_with_a_complaint_speak():
    assert worked("speaks", exhaustion=0.5) == 0
    assert worked("speaks", exhaustion=1.5) > 0
    assert worked("speaks", arm_neck_shoulder_complaint=1.0) == worked("speaks", exhaustion=1.5)


# -- looks at others -------------------------------------------------------------------------------------------------


def test_manager_of_returns_the_managers_value_and_zero_at_the_top():
    manager = Manager(np.array([0, 0, 1]), np.array([0.0, 1.0, 1.0], np.float32))
    assert manager.of(np.array([[5.0, 7.0, 9.0]], np.float32)).tolist() == [[0, 5, 7]]


def test_a_look_at_the_team_is_its_mean_in_every_world():
    team = Members(np.array([0, 0, 1]), np.array([2, 1]))
    assert team.mean(np.array([[1, 3, 5], [0, 0, 2]], np.float32)).tolist() == [[2, 5], [0, 2]]
    assert team.mean(np.ones((2, 4, 3), np.float32)).shape == (2, 4, 2)


def test_a_look_over_ties_is_weighted_and_nought_where_nobody_is():
    ties = Ties(np.array([[1, 0, 3], [2, 3, 3]]))
    x = np.array([[1.0, 2.0, 4.0]], np.float32)
    assert ties.of(x).tolist() == [[[2, 1, 0], [4, 0, 0]]]
    strength = np.array([[[1.0, 1.0, 0.0], [3.0, 0.0, 0.0]]], np.float32)
    assert ties.mean(x, strength).tolist() == [[3.5, 1, 0]]
    assert ties.sum(strength).tolist() == [[4, 1, 0]]


def test_a_look_over_measures_adds_them_up():
    assert Measures().sum(np.ones((1, 15, 4), np.float32)).tolist() == [[15, 15, 15, 15]]


def test_every_equation_that_looks_is_found_among_the_looks():
    used = {
        c
        for kind in mechanisms().values()
        for m in kind.equations().values()
        for c in dependencies_of(m)
        if c in AGGREGATION_SOURCES
    }
    assert used == set(AGGREGATION_SOURCES), "no look is idle"
