"""What patterns are called on a page, and why the model misses those that it misses."""

from __future__ import annotations

from collections.abc import Mapping

from sim.outcomes import patterns

IN_WORDS: Mapping[str, str] = {
    **patterns.IN_WORDS,
    "home_introduced_pressure": "home working comes, pressure",
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
    "lump_sum": "paid in parts, less support",
    "pressure_stable": "the pandemic, work pressure",
    "availability_telepressure": "expected availability, telepressure",
    "telepressure_detachment": "telepressure, detachment",
    "detachment_exhaustion": "detachment, exhaustion",
    "partial_home_stress": "partly at home, less stress",
    "partial_home_engagement": "partly at home, more engaged",
    "ict_after_hours_detachment": "evening work, detachment",
    "long_days_detachment": "long days, detachment",
    "manager_example": "manager says why, norm and conflict",
    "manager_office_days": "manager's office days, team's",
}
"""Every judged pattern's name on a page; (m) managers alone, (e) employees who lead nobody alone."""

WHY: Mapping[str, str] = {
    "known_social_isolation": (
        "The relation is there and small. Among those who know of moments they are in effect not half of the "
        "time, and what they give of contact and recognition moves isolation by about a tenth of an SD. To find "
        "both isolations in one of five studies of 160 it would have to be two or three times as large."
    ),
    "home_introduced_pressure": (
        "Home spares a little on average (`workload.home_spares`) while people differ in how heavy work is there "
        "(`workload.home_differs`): the mean is too large beside the spread, and too many gain for one who loses."
    ),
    "office_emptier": (
        "Habit pulls home (`attendance.habit`), but not enough; where the employer sets the days, which some do, "
        "nobody falls short of anything."
    ),
    "home_share_kans_manager": (
        "Working at home at all raises the onset of complaints, more of it hardly does (a flat dose, as in the "
        "cohort cited), and nothing in it is the managers' own."
    ),
    "known_times_conflict": (
        "Agreements give a little say over hours, that say eases conflict a little "
        "(`work_home_conflict.say_eases`), and not half of those who know of one live by it: the product is "
        "small."
    ),
    "known_conversations_isolation": (
        "The right sign, but small: a study of 160 would find it one time in five only if it were two or three "
        "times as large."
    ),
    "role_neck": (
        "Managers' workplaces fit a little better and they are a little more worn; the two cancel, and nothing "
        "else in the onset of complaints differs by role."
    ),
    "home_autonomy_2020": (
        "Autonomy rises. Demands fall too little: of what home spares, half is taken back by getting used to "
        "another rhythm, still felt in summer, and by the young and the new, who learn alone "
        "(`workload.home_spares`, `rhythm_load`, `learning_alone`)."
    ),
    "home_end2021": (
        "Burn-out complaints fall by less than a point. Complaints of arm, neck and shoulder rise, since home "
        "raises their onset in the equations, after a Dutch cohort and against this letter. Private loneliness is "
        "not in the model."
    ),
    "onsite_end2021": (
        "On site complaints are higher than in 2019, because others stay away; nothing makes them grow from one "
        "year to the next. The pandemic of the sectors that stayed open (care, shops) is not in the model."
    ),
    "young_onsite": (
        "Youth acts through home working alone: who is young and on site is as worn as anybody there. What "
        "lockdown took from the young outside work is not in the model."
    ),
    "initiatives_wear_off": (
        "Enthusiasm falls, and use with it, but the attendance of those who take part falls by less than a tenth."
    ),
    "lump_sum": (
        "What is given at once is felt as recognition (`resources.provision_shows`); isolation from the company, "
        "on which felt support is read, takes only a part of that."
    ),
    "anchor_days_ties": "The bond with the organisation follows more slowly, but not by enough.",
    "young_parents_2020": "Home weighs more on them, by crowding and by learning alone, but not by enough.",
    "training_pressure": "Trained managers lead more easily and feel less pressure, too much of it to go unseen.",
    "partial_home_stress": (
        "The place of work moves exhaustion through autonomy, conflict and demands, each a little: together just "
        "short of the bound."
    ),
    "partial_home_engagement": (
        "Home gives autonomy and takes company and feedback; for engagement the two nearly cancel."
    ),
    "exhaustion_back": "The relation is there in both roles; a study of 160 a role seldom finds it in both.",
    "separate_room_back": "The relation is there in both roles; a study of 160 a role seldom finds it in both.",
    "exhaustion_no_complaint": "The relation is there in both roles; a study of 160 a role seldom finds it in both.",
    "conflict_back": "The relation is there among managers; a study of 160 seldom finds it.",
    "manager_example": (
        "The believed norm falls; conflict follows it only through messages and autonomy, which is hardly at all."
    ),
    "cascade_order": "A row lies level between two roles, or another measure loses as much on the way as training.",
}
"""Why the model misses a pattern, where it does: which equation, or what no equation has."""
