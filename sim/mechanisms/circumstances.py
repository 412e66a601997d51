"""Circumstances: a person's situation at home and at work, and lasting dispositions.

They distinguish all risk groups of the inspectorate's article. Circumstances have an effect only through the equations that
use them, so a difference between groups is a result and not an input.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.language.grammar import Mechanism, param_from, trait


@dataclass(frozen=True)
class Circumstances(Mechanism):
    """Circumstances of a synthetic person, drawn from shares in Dutch office sectors."""

    young_share: float = param_from("circumstances", "young")
    older_share: float = param_from("circumstances", "older")
    women: float = param_from("circumstances", "women")
    higher_educated_share: float = param_from("circumstances", "higher_educated")
    flexible: float = param_from("circumstances", "flexible_contract")
    flexible_when_young: float = param_from("circumstances", "flexible_when_young")
    four_days: float = param_from("circumstances", "four_days")
    three_days: float = param_from("circumstances", "three_days")
    full_week: float = param_from("definitions", "full_week")
    children: float = param_from("circumstances", "children")
    children_when_young: float = param_from("circumstances", "children_when_young")
    care: float = param_from("circumstances", "other_care")
    alone: float = param_from("circumstances", "alone")
    poorer: float = param_from("circumstances", "poorer_health")
    room_of_managers: float = param_from("circumstances", "room_of_managers")
    room_of_others: float = param_from("circumstances", "room_of_others")
    own_adjustable: float = param_from("circumstances", "own_adjustable")
    may_share: float = param_from("circumstances", "may_work_from_home")
    managers_may: float = param_from("circumstances", "managers_may_work_from_home")
    usual_commute: float = param_from("circumstances", "usual_commute")
    commute_sd: float = param_from("circumstances", "commute_sd")
    fewest: float = param_from("definitions", "fewest")
    stress_risk_from: float = param_from("circumstances", "stress_risk_from")

    @trait("share", stream="age_rank")
    def age_rank(self, uniform):
        """Rank by age among colleagues, from the youngest (0) to the oldest (1)."""
        return uniform

    @trait("0/1")
    def young(self, age_rank):
        """Under 30."""
        return age_rank < self.young_share

    @trait("0/1")
    def older(self, age_rank):
        """55 or older."""
        return age_rank >= 1 - self.older_share

    @trait("0/1", stream="woman")
    def woman(self, uniform):
        """Is a woman."""
        return uniform < self.women

    @trait("0/1", stream="higher_educated")
    def higher_educated(self, uniform):
        """Has higher education."""
        return uniform < self.higher_educated_share

    @trait("0/1", stream="flexible_contract")
    def flexible_contract(self, uniform, young):
        """Has a temporary or agency contract; young people more often."""
        others = (1 - self.flexible_when_young * self.young_share) / np.maximum(1 - self.young_share, self.fewest)
        return uniform < self.flexible * (young * self.flexible_when_young + (1 - young) * others)

    @trait("days/week", stream="contract_days")
    def contract_days(self, uniform):
        """Contract days per week: five, four or three."""
        return self.full_week - (uniform < self.four_days + self.three_days) - (uniform < self.three_days) * 1

    @trait("0/1")
    def part_time(self, contract_days):
        """Works fewer than five days a week."""
        return contract_days < self.full_week

    @trait("0/1", stream="children_at_home")
    def children_at_home(self, uniform, young):
        """Has children living at home; young people less often."""
        others = (1 - self.children_when_young * self.young_share) / np.maximum(1 - self.young_share, self.fewest)
        return uniform < self.children * (young * self.children_when_young + (1 - young) * others)

    @trait("0/1", stream="other_care")
    def other_care(self, uniform):
        """Has other care duties."""
        return uniform < self.care

    @trait("0/1", stream="lives_alone")
    def lives_alone(self, uniform, children_at_home):
        """Lives alone; nobody with children at home does."""
        return (uniform < self.alone / np.maximum(1 - self.children, self.fewest)) * (1 - children_at_home)

    @trait("0/1", stream="poorer_health")
    def poorer_health(self, uniform):
        """Moderate to poor general health."""
        return uniform < self.poorer

    @trait("0/1", stream="separate_room")
    def separate_room(self, uniform, is_manager):
        """Has a separate room to work in at home."""
        return uniform < is_manager * self.room_of_managers + (1 - is_manager) * self.room_of_others

    @trait("0/1")
    def no_separate_room(self, separate_room):
        """Works from home without a separate room."""
        return 1 - separate_room

    @trait("0/1", stream="bought_adjustable")
    def bought_adjustable(self, uniform):
        """Has bought an adjustable chair and desk for working at home."""
        return uniform < self.own_adjustable

    @trait("0/1", stream="may_work_from_home")
    def may_work_from_home(self, uniform, is_manager):
        """May work from home; managers always may, unless an organisation reports otherwise."""
        return uniform < is_manager * self.managers_may + (1 - is_manager) * self.may_share

    @trait("minutes", stream="commute_minutes")
    def commute_minutes(self, normal):
        """Commuting time, one way."""
        return np.maximum(self.usual_commute + self.commute_sd * normal, 0)

    @trait("sd")
    def commute(self, commute_minutes):
        """Commuting time, relative to usual."""
        return (commute_minutes - self.usual_commute) / self.commute_sd

    @trait("sd", stream="digital_skill")
    def digital_skill(self, normal):
        """Skill with digital collaboration."""
        return normal

    @trait("sd", stream="need_for_affiliation")
    def need_for_affiliation(self, normal):
        """Need for company at work."""
        return normal

    @trait("sd", stream="wish_to_segment")
    def wish_to_segment(self, normal):
        """Preference for separating work and home."""
        return normal

    @trait("sd", stream="negative_affect")
    def negative_affect(self, normal):
        """Negative affectivity: common cause of exhaustion and of response style."""
        return normal

    @trait("0/1")
    def high_stress_risk(self, negative_affect):
        """At high risk of stress complaints."""
        return negative_affect > self.stress_risk_from
