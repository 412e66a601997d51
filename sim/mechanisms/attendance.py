"""Attendance: who works today, and where.

Employees choose where they work. A long commute, a separate room and children at home favour home. Need for company favours
the office. Teams follow their manager, and habit keeps people at home more than they say they prefer. The share at home is
therefore related to personal circumstances; a schedule that the employer imposes removes this relation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.language.curves import likelihood
from sim.language.grammar import Mechanism, flow, param, param_from, stock, switch, trait


@dataclass(frozen=True)
class Attendance(Mechanism):
    """Place of work as a choice within what is agreed, advised or imposed (Spilker and Breaugh 2021)."""

    full_week: float = param_from("definitions", "full_week")
    level_of_managers: float = param(-0.20, "logit", "average preference of managers for working at home", low=-2.0, high=2.0, source="fitted target:home_share_manager")
    level_of_others: float = param(0.05, "logit", "average preference of non-managers for working at home", low=-2.0, high=2.0, source="fitted target:home_share_employee")
    own_taste: float = param(0.90, "logit/sd", "standard deviation of personal taste for working at home", low=0.4, high=1.5, source="assumed")
    company: float = param(0.30, "logit/sd", "reduction of the preference for home by need for company", low=0.1, high=0.6, source="assumed E042")
    long_way: float = param(0.30, "logit/sd", "effect of a longer commute on the preference for home", low=0.1, high=0.6, source="assumed E153")
    room: float = param(0.30, "logit", "effect of a separate room on the preference for home", low=0.0, high=0.8, source="assumed")
    children: float = param(0.15, "logit", "effect of children at home on the preference for home", low=-0.2, high=0.5, source="assumed")
    segmentation: float = param(0.15, "logit/sd", "reduction of the preference for home by the wish to segment work and home", low=0.0, high=0.4, source="assumed")
    following: float = param(0.90, "logit/share", "effect of the manager's share at home on the employee's preference", low=0.0, high=2.0, source="assumed manager_office_days")
    newcomers_come: float = param(0.50, "logit", "extra preference of newcomers for working at the office", low=0.0, high=1.0, source="assumed")
    newcomer_days: float = param(180.0, "days", "tenure below which an employee counts as a newcomer", low=90.0, high=365.0, source="assumed")
    habit: float = param(0.50, "logit/share", "effect of the habitual share at home on the preference for home", low=0.0, high=1.5, source="assumed office_emptier")
    habit_days: float = param(150.0, "days", "time constant of the habitual share at home", low=60.0, high=365.0, source="assumed")
    counting_days: float = param(40.0, "days", "time constant of the recent share at home, in working days", low=20.0, high=80.0, source="definition")
    lets_choose: float = param(0.86, "share", "share of employers that let employees choose their share at home", low=0.7, high=1.0, source="target:chooses_home_hours")
    imposed_share: float = param(0.50, "share", "share at home set by employers that leave no choice", low=0.2, high=0.8, source="assumed")
    rhythm_days: float = param(10.0, "days", "time constant of the current rhythm of home and office, in working days", low=5.0, high=20.0, source="assumed")
    getting_used: float = param(56.0, "days", "time constant of getting used to a rhythm of home and office", low=28.0, high=120.0, source="assumed hybrid_start")
    leave: float = param(0.10, "share", "probability per week that an employee takes a week of leave", low=0.06, high=0.14, source="assumed", note="about five weeks a year")
    home_floor: float = param(0.0, "share", "minimum share at home of all who can work at home", low=0.0, high=1.0, source="definition")
    home_ceiling: float = param(1.0, "share", "maximum share at home that employees may choose", low=0.0, high=1.0, source="definition")
    fixed_office_days: float = param(0.0, "days/week", "fixed office days imposed on every team", low=0.0, high=5.0, source="definition")
    firmness: float = param(0.70, "share", "compliance with an imposed office day among those who prefer home", low=0.3, high=1.0, source="assumed office_emptier")
    advice: float = switch(True, "employees follow public advice to work from home, by date", source="definition")
    urgent: float = param(0.75, "share", "share at home under urgent public advice", low=0.5, high=0.95, source="assumed target:home_share_hours_2020")
    strict: float = param(0.80, "share", "share at home under strict public advice", low=0.5, high=0.95, source="assumed target:share_home")
    half: float = param(0.50, "share", "share at home under public advice of at most half the time at the office", low=0.3, high=0.7, source="definition")

    @trait("logit", stream="liking_of_home")
    def liking_of_home(self, normal, need_for_affiliation, commute, separate_room, children_at_home, wish_to_segment):
        """Preference for working at home."""
        reasons = self.long_way * commute + self.room * separate_room + self.children * children_at_home
        against = self.company * need_for_affiliation + self.segmentation * wish_to_segment
        return self.own_taste * normal + reasons - against

    @flow("0/1")
    def newcomer(self, tenure):
        """Joined within the last half year."""
        return tenure < self.newcomer_days

    @flow("share")
    def managers_share_at_home(self, manager, share_at_home):
        """Share of time that the manager works at home."""
        return manager.of(share_at_home)

    @flow("share")
    def preferred_share_at_home(
        self, liking_of_home, is_manager, has_manager, managers_share_at_home, newcomer, home_habit
    ):
        """Preferred share of working days at home."""
        level = is_manager * self.level_of_managers + (1 - is_manager) * self.level_of_others
        pull = self.following * has_manager * (2 * managers_share_at_home - 1) / 2
        habit = self.habit * (2 * home_habit - 1) / 2
        return likelihood(level + liking_of_home + pull + habit - self.newcomers_come * newcomer)

    @trait("0/1", per="establishment", stream="chooses_home_hours")
    def chooses_home_hours(self, uniform):
        """Employees of this establishment choose how much they work at home."""
        return uniform < self.lets_choose

    @flow("share")
    def agreed_share_at_home(self, preferred_share_at_home, chooses_home_hours):
        """Agreed share of working days at home: the employee's choice, or what the employer sets."""
        return self.imposed_share + chooses_home_hours * (preferred_share_at_home - self.imposed_share)

    @flow("share")
    def advised_home(self, advice_urgent, advice_strict, advice_half):
        """Share at home that public advice asks for today."""
        return self.advice * (self.urgent * advice_urgent + self.strict * advice_strict + self.half * advice_half)

    @flow("share", condition=True)
    def office_expected(self, anchor_rank):
        """Expectation that the team comes to the office today, from 0 to 1."""
        return self.firmness * (anchor_rank < self.fixed_office_days)

    @flow("share")
    def chance_of_home(self, agreed_share_at_home, office_expected, advised_home, may_work_from_home):
        """Probability that a working day is spent at home."""
        wished = np.minimum(agreed_share_at_home, self.home_ceiling) * (1 - np.minimum(office_expected, 1))
        return may_work_from_home * np.maximum(wished, np.maximum(self.home_floor, advised_home))

    @flow("0/1", every="week", stream="on_leave")
    def on_leave(self, uniform):
        """Has leave this week."""
        return uniform < self.leave

    @flow("0/1", stream="works_today")
    def works_today(self, uniform, working_day, contract_days, absent, on_leave):
        """Works today."""
        return working_day * (uniform < contract_days / self.full_week) * (1 - absent) * (1 - on_leave)

    @flow("0/1", stream="at_home")
    def at_home(self, uniform, works_today, chance_of_home):
        """Works at home today."""
        return works_today * (uniform < chance_of_home)

    @flow("0/1")
    def at_office(self, works_today, at_home):
        """Works at the office today."""
        return works_today - at_home

    @stock("share", start="share_at_home_at_start")
    def share_at_home(self, share_at_home, works_today, at_home):
        """Share of recent working days spent at home."""
        return share_at_home + works_today * (at_home - share_at_home) / self.counting_days

    @trait("share")
    def share_at_home_at_start(self, liking_of_home, is_manager, may_work_from_home):
        """Initial value of the share at home."""
        level = is_manager * self.level_of_managers + (1 - is_manager) * self.level_of_others
        return may_work_from_home * likelihood(level + liking_of_home)

    @stock("share", start="share_at_home_at_start")
    def lately_at_home(self, lately_at_home, chance_of_home, working_day):
        """Share at home that choice, advice and the employer imply in these weeks."""
        return lately_at_home + working_day * (chance_of_home - lately_at_home) / self.rhythm_days

    @stock("share", start="share_at_home_at_start")
    def usual_rhythm(self, usual_rhythm, lately_at_home):
        """Usual share at home."""
        return usual_rhythm + (lately_at_home - usual_rhythm) / self.getting_used

    @stock("share", start="share_at_home_at_start")
    def home_habit(self, home_habit, share_at_home):
        """Share at home to which private life is adapted."""
        return home_habit + (share_at_home - home_habit) / self.habit_days
