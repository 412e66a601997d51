"""Job resources and engagement: autonomy, support, feedback, clear goals and recognition.

Autonomy and the support of manager and colleagues buffer demands and raise engagement (job demands-resources theory). Working at
home raises autonomy, with little gain beyond half the week; an availability norm reduces it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.language.curves import approach, saturating, within
from sim.language.grammar import Mechanism, adds_to, flow, param, stock, switch, trait


@dataclass(frozen=True)
class Resources(Mechanism):
    """Job resources and engagement (Bakker and Demerouti 2007), and the effect of home working on autonomy."""

    limit: float = param(4.0, "sd", "largest absolute value of psychological states", low=3.0, high=6.0, source="definition")
    autonomy_level: float = param(0.0, "sd", "intercept of autonomy (reference mean 0)", low=-3.0, high=3.0, source="centred")
    autonomy_spread: float = param(0.9, "sd/sd", "effect of the job itself on autonomy", low=0.2, high=1.2, source="centred")
    autonomy_days: float = param(30.0, "days", "time constant of autonomy", low=14.0, high=90.0, source="assumed")
    autonomy_of_home: float = param(1.40, "sd/share", "effect of the share at home on autonomy", low=0.6, high=2.0, source="assumed E037 E039")
    less_beyond_half: float = param(0.42, "sd/share", "decrease of the effect of home on autonomy beyond half the week", low=0.0, high=1.0, source="assumed E040")
    autonomy_of_norm: float = param(0.15, "sd/sd", "reduction of autonomy by the injunctive norm", low=0.05, high=0.30, source="assumed E002")
    silence_cost: float = param(0.30, "sd", "loss of control over hours by held-back messages, for those who choose evenings", low=0.0, high=0.8, source="assumed")
    manager_level: float = param(0.0, "sd", "intercept of the manager's support (reference mean 0)", low=-3.0, high=3.0, source="centred")
    manager_spread: float = param(0.85, "sd/sd", "effect of the individual relationship on the manager's support", low=0.2, high=1.2, source="centred")
    manager_quality_share: float = param(0.45, "sd/sd", "effect of the quality of leadership on the manager's support", low=0.2, high=0.7, source="assumed")
    support_days: float = param(45.0, "days", "time constant of support from manager and colleagues", low=20.0, high=120.0, source="assumed")
    support_of_feedback: float = param(0.30, "sd/sd", "effect of feedback on the manager's support", low=0.0, high=0.6, source="assumed E152")
    support_of_goals: float = param(0.30, "sd/sd", "effect of clear goals on the manager's support", low=0.0, high=0.6, source="assumed")
    difficulty_shows: float = param(0.15, "sd/sd", "reduction of attention and clear goals by the manager's difficulty of leading", low=0.0, high=0.3, source="assumed")
    tired_manager: float = param(0.10, "sd/sd", "reduction of attention by the manager's exhaustion", low=0.0, high=0.25, source="assumed E129")
    withdrawal: float = switch(True, "exhausted employees receive, or perceive, less support", source="E020")
    withdrawing: float = param(0.05, "sd/sd", "reduction of support by exhaustion", low=0.0, high=0.15, source="assumed")
    recognition_of_attention: float = param(0.40, "sd/sd", "effect of the manager's attention on recognition", low=0.0, high=0.8, source="assumed")
    provision_shows: float = param(0.20, "sd", "effect of furniture provided at once on recognition", low=0.0, high=0.5, source="assumed lump_sum")
    paid_at_once: float = param(0.50, "share", "share of provision that is paid at once, not in instalments", low=0.0, high=1.0, source="definition")
    colleague_level: float = param(0.0, "sd", "intercept of colleagues' support (reference mean 0)", low=-3.0, high=3.0, source="centred")
    colleague_spread: float = param(0.9, "sd/sd", "effect of the individual relationship on colleagues' support", low=0.2, high=1.2, source="centred")
    support_of_contact: float = param(0.25, "sd/sd", "effect of contact beyond habit on colleagues' support", low=0.05, high=0.45, source="assumed E122")
    engagement_level: float = param(0.0, "sd", "intercept of engagement (reference mean 0)", low=-3.0, high=3.0, source="centred")
    engagement_spread: float = param(0.8, "sd/sd", "effect of disposition on engagement", low=0.2, high=1.2, source="centred")
    engagement_days: float = param(60.0, "days", "time constant of engagement", low=30.0, high=180.0, source="assumed E089")
    engaging: float = param(0.30, "sd/sd", "effect of resources on engagement", low=0.1, high=0.5, source="assumed")
    learning: float = param(0.08, "sd/sd", "effect of feedback on engagement, and of contact on feedback", low=0.0, high=0.2, source="assumed E152")
    draining: float = param(0.30, "sd/sd", "reduction of engagement by exhaustion", low=0.1, high=0.5, source="assumed")
    gain_spiral: float = switch(True, "engagement increases resources", source="assumed")
    engagement_gives: float = param(0.05, "sd/sd", "effect of engagement on autonomy and colleagues' support", low=0.0, high=0.15, source="assumed")
    relief_of_autonomy: float = param(0.13, "sd/sd", "reduction of strain by autonomy", low=0.05, high=0.25, source="assumed E032 E033")
    relief_of_manager: float = param(0.18, "sd/sd", "reduction of strain by the manager's support", low=0.05, high=0.30, source="assumed E024 E033")
    relief_of_colleagues: float = param(0.07, "sd/sd", "reduction of strain by colleagues' support", low=0.0, high=0.20, source="assumed E025 E033")

    @trait("sd", stream="autonomy_of_the_job")
    def autonomy_of_the_job(self, normal):
        """Autonomy that the job itself gives."""
        return normal

    @trait("sd", per="team", stream="quality_of_leading")
    def quality_of_leading(self, normal):
        """Quality of leadership in this team, the same for all members."""
        return normal

    @trait("sd", stream="own_view_of_manager")
    def own_view_of_manager(self, normal):
        """Individual relationship with managers."""
        return normal

    @trait("sd", stream="own_view_of_colleagues")
    def own_view_of_colleagues(self, normal):
        """Individual relationship with colleagues."""
        return normal

    @trait("sd", stream="zest")
    def zest(self, normal):
        """Lasting tendency to be engaged."""
        return normal

    @flow("sd", condition=True)
    def say_over_hours(self, flexibility_lost):
        """Control over working hours, beyond what the job gives."""
        return 0 - self.silence_cost * flexibility_lost

    @flow("sd")
    def managers_exhaustion(self, manager, exhaustion):
        """Exhaustion of the manager."""
        return manager.of(exhaustion)

    @flow("sd")
    def managers_difficulty(self, manager, leading_difficulty):
        """The manager's difficulty of leading remotely."""
        return manager.of(leading_difficulty)

    @flow("sd", condition=True)
    def managers_attention(self, managers_exhaustion, managers_difficulty):
        """Conversations and contact with the manager; an exhausted manager has fewer."""
        return 0 - self.tired_manager * managers_exhaustion - self.difficulty_shows * managers_difficulty

    @flow("sd", condition=True)
    def feedback(self, felt_contact):
        """Feedback on work; contact brings some of it."""
        return self.learning * felt_contact

    @flow("sd", condition=True)
    def clear_goals(self, managers_difficulty):
        """Clarity of goals and tasks."""
        return 0 - self.difficulty_shows * managers_difficulty

    @flow("sd", condition=True)
    def recognition(self, managers_attention, furniture_from_employer):
        """Recognition from the company; a provision at once counts for more than the same in instalments."""
        provided = self.provision_shows * self.paid_at_once * within(furniture_from_employer, 0, 1)
        return self.recognition_of_attention * managers_attention + provided

    @stock("sd", start="autonomy_of_the_job")
    def autonomy(self, autonomy, autonomy_of_the_job, share_at_home, say_over_hours, injunctive_norm, engagement):
        """Job autonomy: freedom to decide how, when and in what order to work."""
        beyond = (2 * share_at_home - 1) / 2
        home = self.autonomy_of_home * beyond - self.less_beyond_half * np.maximum(beyond, 0)
        job = self.autonomy_level + self.autonomy_spread * autonomy_of_the_job + say_over_hours + home
        others = self.gain_spiral * self.engagement_gives * engagement - self.autonomy_of_norm * injunctive_norm
        return approach(autonomy, saturating(job + others, self.limit), self.autonomy_days)

    @stock("sd", start="own_view_of_manager")
    def manager_support(
        self, manager_support, own_view_of_manager, quality_of_leading, managers_attention, feedback, clear_goals, exhaustion
    ):
        """Perceived help and appreciation from the manager."""
        person = self.manager_level + self.manager_spread * own_view_of_manager - self.withdrawal * self.withdrawing * exhaustion
        provided = managers_attention + self.support_of_feedback * feedback + self.support_of_goals * clear_goals
        target = person + self.manager_quality_share * quality_of_leading + provided
        return approach(manager_support, saturating(target, self.limit), self.support_days)

    @stock("sd", start="own_view_of_colleagues")
    def colleague_support(self, colleague_support, own_view_of_colleagues, contact_beyond_habit, exhaustion, engagement):
        """Perceived help and appreciation from colleagues."""
        person = self.colleague_level + self.colleague_spread * own_view_of_colleagues
        moved = self.support_of_contact * contact_beyond_habit - self.withdrawal * self.withdrawing * exhaustion
        target = person + moved + self.gain_spiral * self.engagement_gives * engagement
        return approach(colleague_support, saturating(target, self.limit), self.support_days)

    @flow("sd")
    def resources(self, autonomy, manager_support, colleague_support):
        """All job resources together."""
        return (autonomy + manager_support + colleague_support) / 2

    @stock("sd", start="zest")
    def engagement(self, engagement, zest, resources, feedback, unmet_need, exhaustion):
        """Work engagement: vigour, dedication, absorption."""
        fed = self.engaging * resources + self.learning * (feedback - unmet_need)
        target = self.engagement_level + self.engagement_spread * zest + fed - self.draining * exhaustion
        return approach(engagement, saturating(target, self.limit), self.engagement_days)

    @adds_to("strain", "sd")
    def relief_of_resources(self, autonomy, manager_support, colleague_support):
        """Strain that resources relieve."""
        support = self.relief_of_manager * manager_support + self.relief_of_colleagues * colleague_support
        return 0 - self.relief_of_autonomy * autonomy - support
