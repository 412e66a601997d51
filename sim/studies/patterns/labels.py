"""Labels of patterns on pages and figures, and explanations of those that the model does not meet."""

from __future__ import annotations

from collections.abc import Mapping

from sim.outcomes import patterns

LABELS: Mapping[str, str] = {
    **patterns.IN_WORDS,
    "home_introduced_pressure": "home working introduced, pressure",
    "home_behaviour": "a day at home, hours and breaks",
    "anchor_days_ties": "after full home working, two bonds",
    "hybrid_balance": "conflict lowest in the mix",
    "hybrid_start": "first weeks of hybrid, pressure",
    "manager_evenings_silent": "manager's silent evenings, norm",
    "office_emptier": "offices emptier than wanted",
    "home_autonomy_2020": "2020 at home: autonomy, demands",
    "young_parents_2020": "2020: the young, parents, pressure",
    "home_end2021": "end of 2021 at home, complaints",
    "onsite_end2021": "end of 2021 on site, complaints",
    "young_onsite": "end of 2021: the young on site",
    "initiatives_wear_off": "social initiatives wear off",
    "lump_sum": "paid in instalments, less support",
    "pressure_stable": "the pandemic, work pressure",
    "availability_telepressure": "expected availability, telepressure",
    "telepressure_detachment": "telepressure, detachment",
    "detachment_exhaustion": "detachment, exhaustion",
    "partial_home_stress": "partly at home, less stress",
    "partial_home_engagement": "partly at home, more engaged",
    "ict_after_hours_detachment": "evening work, detachment",
    "long_days_detachment": "long days, detachment",
    "manager_example": "manager explains, norm and conflict",
    "manager_office_days": "manager's office days, team's",
}
"""Labels of the evaluated patterns; (m): managers only, (e): other employees only."""

_SELDOM_BOTH = "The relation exists in both roles, but a study of 160 per role seldom finds it in both."

EXPLANATIONS: Mapping[str, str] = {
    "known_social_isolation": (
        "The relation exists, but it is small. For those who know of social moments, these are in effect less than "
        "half of the time. Their effect on contact and recognition changes isolation by about a tenth of an SD. It "
        "would have to be two or three times as large for one in five studies of 160 to find both isolations."
    ),
    "home_introduced_pressure": (
        "Home lowers work pressure a little on average (`workload.home_spares`), and people differ in how heavy work "
        "is at home (`workload.home_differs`). The mean is too large for this spread: too many people gain for each "
        "one who loses."
    ),
    "office_emptier": (
        "Habit keeps people at home (`attendance.habit`), but not enough. Some employers set the days; there, "
        "attendance equals what was set."
    ),
    "home_share_kans_manager": (
        "Working at home raises the onset of complaints, but more days hardly raise it further (a flat dose, as in "
        "the cohort cited). No equation treats managers differently in this."
    ),
    "known_times_conflict": (
        "Agreements give a little control over hours, and control reduces conflict a little "
        "(`work_home_conflict.say_eases`). Less than half of those who know of an agreement use it. The product is "
        "small."
    ),
    "known_conversations_isolation": (
        "The sign is correct, but the effect is small. It would have to be two or three times as large for one in five "
        "studies of 160 to find it."
    ),
    "role_neck": (
        "Managers have slightly better workplaces and are slightly more exhausted. The two cancel, and nothing else in "
        "the onset of complaints differs by role."
    ),
    "home_autonomy_2020": (
        "Autonomy rises, but demands fall too little. Half of what home saves (`workload.home_spares`) is lost. A new "
        "rhythm costs effort until summer (`rhythm_load`), and young and new employees learn alone "
        "(`learning_alone`)."
    ),
    "home_end2021": (
        "Burn-out complaints fall by less than a point. Complaints of arm, neck and shoulder rise, because home raises "
        "their onset in the equations, after a Dutch cohort and against this letter. Private loneliness is not in the "
        "model."
    ),
    "onsite_end2021": (
        "Complaints on site are higher than in 2019, because others stay away, but nothing makes them grow from one "
        "year to the next. The pandemic in the sectors that stayed open (care, shops) is not in the model."
    ),
    "young_onsite": (
        "In the model youth matters through working at home only: young people on site are as exhausted as others "
        "there. What the lockdown took from the young outside work is not in the model."
    ),
    "initiatives_wear_off": (
        "Enthusiasm falls, and use falls with it, but the attendance of those who take part falls by less than a tenth."
    ),
    "lump_sum": (
        "What is provided at once is perceived as recognition (`resources.provision_shows`). Isolation from the "
        "company, the measure of perceived support, reflects only a part of that."
    ),
    "anchor_days_ties": "The bond with the organisation recovers more slowly, but the difference is too small.",
    "young_parents_2020": "Home is harder for them, through crowding and learning alone, but not by enough.",
    "training_pressure": "Trained managers lead more easily and report less pressure, by so much that studies find it.",
    "partial_home_stress": (
        "Place of work affects exhaustion through autonomy, conflict and demands, each a little. Together they stay "
        "just below the bound."
    ),
    "partial_home_engagement": (
        "Home adds autonomy and takes away company and feedback. For engagement the two nearly cancel."
    ),
    "exhaustion_back": _SELDOM_BOTH,
    "separate_room_back": _SELDOM_BOTH,
    "exhaustion_no_complaint": _SELDOM_BOTH,
    "conflict_back": "The relation exists among managers, but a study of 160 seldom finds it.",
    "manager_example": (
        "The perceived norm falls, but conflict hardly follows: it depends on the norm only through messages and "
        "autonomy."
    ),
    "cascade_order": "A row is level between two roles, or another measure loses as much on the way as training.",
}
"""Why the model does not meet a pattern: the equation responsible, or what no equation contains."""
