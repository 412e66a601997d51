"""Workload: perceived job demands, overtime, and the difficulty of leading remotely.

Demands depend on the job, on situations that last months, on shocks to the whole team, and on the day. Exhausted people perceive
and receive more demands, which is the stronger half of the loss spiral (Guthier, Dormann and Voelkle 2020). Absent colleagues,
new measures and leading remotely add load.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.language.curves import ratio, saturating, wander
from sim.language.grammar import Mechanism, adds_to, flow, param, stock, switch, trait


@dataclass(frozen=True)
class Workload(Mechanism):
    """Job demands (Demerouti, Bakker, Nachreiner and Schaufeli 2001) that persist and fluctuate."""

    limit: float = param(4.0, "sd", "largest absolute value of psychological states", low=3.0, high=6.0, source="definition")
    level: float = param(0.0, "sd", "intercept of demands (reference mean 0)", low=-3.0, high=3.0, source="centred")
    spread: float = param(0.77, "sd/sd", "effect of the job itself on demands", low=0.2, high=1.2, source="centred")
    situation_share: float = param(0.52, "sd/sd", "effect of the situation at work on demands", low=0.3, high=0.7, source="assumed E091")
    situation_days: float = param(137.0, "days", "time constant of the situation at work", low=60.0, high=270.0, source="assumed E088")
    spiral: float = switch(True, "loss spiral: exhaustion raises perceived demands", source="E029")
    spiral_slow: float = param(0.42, "sd/sd", "effect of long-lasting exhaustion on demands", low=0.1, high=0.6, source="assumed E029")
    spiral_fast: float = param(0.05, "sd/sd", "effect of today's exhaustion on demands", low=0.0, high=0.15, source="assumed E029")
    spiral_days: float = param(200.0, "days", "time constant of long-lasting exhaustion", low=90.0, high=365.0, source="assumed E029")
    crafting: float = switch(True, "job crafting: engaged employees reduce their demands", source="assumed")
    crafted: float = param(0.06, "sd/sd", "reduction of demands by engagement (job crafting)", low=0.0, high=0.15, source="assumed")
    on_site_job: float = param(0.15, "sd", "extra demands of jobs that cannot be done at home", low=-0.2, high=0.5, source="assumed target:burnout_onsite")
    team_shock_share: float = param(0.25, "sd/sd", "effect of a shock to the team on today's demands", low=0.1, high=0.4, source="assumed")
    team_shock_days: float = param(10.0, "days", "time constant of shocks to the team", low=5.0, high=30.0, source="assumed")
    day_share: float = param(0.83, "sd/sd", "standard deviation of random variation in demands between days", low=0.5, high=1.1, source="assumed E091")
    fragmenting: float = param(0.20, "sd/sd", "effect of fragmentation of the day on today's demands", low=0.0, high=0.4, source="assumed")
    home_spares: float = param(0.20, "sd/share", "reduction of demands by the share at home, with fewer interruptions", low=0.0, high=0.5, source="assumed E034 home_autonomy_2020")
    home_differs: float = param(0.60, "sd/share", "standard deviation of the effect of the share at home on demands", low=0.0, high=1.0, source="assumed home_introduced_pressure")
    learning_alone: float = param(0.30, "sd/share", "extra effect of the share at home on demands of young and new employees", low=0.0, high=0.6, source="assumed E152 young_parents_2020")
    rhythm_load: float = param(0.80, "sd/share", "effect of an unusual share at home on demands", low=0.0, high=1.6, source="assumed hybrid_start")
    absence: float = switch(True, "colleagues take over the work of absent employees", source="assumed")
    absence_load: float = param(0.60, "sd/share", "effect of the share of the team that is absent on demands", low=0.0, high=1.5, source="assumed")
    usual_absence: float = param(0.05, "share", "usual share of a team that is absent through sickness", low=0.03, high=0.08, source="E097 E098")
    novelty_load: float = param(1.0, "sd/sd", "effect of the novelty of measures on demands", low=0.0, high=2.0, source="assumed hybrid_start")
    leading_load: float = param(0.12, "sd/sd", "effect of difficulty of leading remotely on demands", low=0.0, high=0.3, source="assumed")
    span_difficulty: float = param(0.15, "sd/sd", "effect of span of control on difficulty of leading remotely", low=0.0, high=0.4, source="assumed")
    usual_span: float = param(7.0, "people", "usual span of control of a manager", low=4.0, high=12.0, source="assumed")
    span_sd: float = param(2.0, "people", "standard deviation of the span of control", low=1.0, high=4.0, source="assumed")
    distance_difficulty: float = param(0.80, "sd/share", "effect of the team's share at home on difficulty of leading remotely", low=0.0, high=1.6, source="assumed")
    difficulty_level: float = param(0.0, "sd", "intercept of difficulty of leading remotely (mean of managers neutral)", low=-3.0, high=3.0, source="centred target:leading_difficulty")
    difficulty_spread: float = param(0.95, "sd/sd", "effect of unease with distance on difficulty of leading remotely", low=0.4, high=1.2, source="centred")
    overtime_of_managers: float = param(0.45, "hours/day", "usual overtime of managers", low=0.1, high=1.5, source="fitted target:overtime_manager")
    overtime_of_others: float = param(0.20, "hours/day", "usual overtime of non-managers", low=0.05, high=1.0, source="fitted target:overtime_employee")
    overtime_of_demands: float = param(0.35, "log ratio/sd", "effect of today's demands on overtime", low=0.1, high=0.6, source="assumed E107")
    overtime_most: float = param(4.0, "hours/day", "upper bound of overtime", low=2.0, high=6.0, source="definition")

    @trait("sd", stream="demands_of_the_job")
    def demands_of_the_job(self, normal):
        """Lasting demands of the job."""
        return normal

    @trait("sd", stream="situation_at_start")
    def situation_at_start(self, normal):
        """Situation at work at entry."""
        return normal

    @stock("sd", start="situation_at_start", stream="situation")
    def situation(self, situation, normal):
        """Situation at work over some months: projects, reorganisations, busy seasons."""
        return wander(situation, self.situation_days, normal)

    @stock("sd", per="team", stream="team_shock")
    def team_shock(self, team_shock, normal):
        """Shocks to the whole team that last some days."""
        return wander(team_shock, self.team_shock_days, normal)

    @stock("sd")
    def worn_view(self, worn_view, exhaustion):
        """Long-lasting exhaustion, which raises perceived and actual demands."""
        return worn_view + (exhaustion - worn_view) / self.spiral_days

    @flow("share", per="team")
    def absence_in_team(self, team, absent):
        """Share of the team that is absent today."""
        return team.mean(absent)

    @adds_to("extra_load", "sd")
    def load_of_absent_colleagues(self, absence_in_team):
        """Work of absent colleagues that the others take over."""
        return self.absence * self.absence_load * (absence_in_team - self.usual_absence)

    @adds_to("extra_load", "sd")
    def load_of_new_rules(self, novelty):
        """Extra load in the first weeks of a new way of working."""
        return self.novelty_load * novelty

    @trait("sd", stream="burden_of_home")
    def burden_of_home(self, normal):
        """Individual difference in the load of working at home."""
        return normal

    @adds_to("extra_load", "sd")
    def load_of_place(self, share_at_home, burden_of_home, young, newcomer):
        """Load of working at home: less for most, more for some and for those who learn from colleagues."""
        alone = self.learning_alone * np.maximum(young, newcomer)
        return share_at_home * (self.home_differs * burden_of_home + alone - self.home_spares)

    @adds_to("extra_load", "sd")
    def load_of_new_rhythm(self, lately_at_home, usual_rhythm):
        """Extra load in the first weeks of a new rhythm of home and office."""
        return self.rhythm_load * np.abs(lately_at_home - usual_rhythm)

    @adds_to("extra_load", "sd")
    def load_of_leading_remotely(self, leading_difficulty):
        """A manager's extra load of leading people who are absent from the office."""
        return self.leading_load * leading_difficulty

    @adds_to("extra_load", "sd")
    def relief_of_crafting(self, engagement):
        """Demands that engaged employees avoid by shaping their own work."""
        return 0 - self.crafting * self.crafted * engagement

    @flow("sd", condition=True)
    def demands_of_work(self, extra_load):
        """Demands beyond the job itself, which management can raise or lower."""
        return extra_load

    @flow("sd")
    def demands(
        self, demands_of_the_job, situation, worn_view, exhaustion, demands_of_work, may_work_from_home
    ):
        """Perceived job demands in recent weeks: amount, pace, cognitive and emotional load."""
        job = self.level + self.spread * demands_of_the_job + self.on_site_job * (1 - may_work_from_home)
        spiral = self.spiral * (self.spiral_slow * worn_view + self.spiral_fast * exhaustion)
        return saturating(job + self.situation_share * situation + spiral + demands_of_work, self.limit)

    @flow("sd", condition=True, stream="fragmentation")
    def fragmentation(self, normal):
        """Fragmentation of the day by meetings and messages."""
        return normal

    @flow("sd", stream="demands_today")
    def demands_today(self, normal, demands, team_shock, fragmentation):
        """Demands today."""
        day = self.day_share * normal + self.fragmenting * fragmentation
        return demands + self.team_shock_share * team_shock + day

    @flow("hours")
    def overtime(self, works_today, is_manager, demands_today, after_hours_time):
        """Hours worked today beyond the contract, evenings included."""
        base = is_manager * self.overtime_of_managers + (1 - is_manager) * self.overtime_of_others
        late = works_today * base * ratio(self.overtime_of_demands * demands_today)
        return saturating(late + after_hours_time, self.overtime_most)

    @trait("sd", stream="unease_with_distance")
    def unease_with_distance(self, normal):
        """Individual difficulty of leading people remotely."""
        return normal

    @flow("share", per="team")
    def team_share_at_home(self, team, share_at_home):
        """Share of time that the team works at home."""
        return team.mean(share_at_home)

    @flow("sd", condition=True)
    def leading_support(self, digital_skill):
        """Support for leading remotely; measures add to it."""
        return self.span_difficulty * digital_skill / 2

    @flow("sd")
    def leading_difficulty(self, is_manager, unease_with_distance, span, team_share_at_home, leading_support):
        """A manager's difficulty of leading remotely; 0 is neutral, and the value of everybody else."""
        task = self.span_difficulty * (span - self.usual_span) / self.span_sd
        distance = self.distance_difficulty * (2 * team_share_at_home - 1) / 2
        felt = self.difficulty_level + self.difficulty_spread * unease_with_distance + task + distance - leading_support
        return is_manager * saturating(felt, self.limit)
