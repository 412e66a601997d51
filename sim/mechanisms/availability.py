"""Availability: after-hours work, availability norms and telepressure.

Employees see the after-hours work of their contacts; the manager's counts for more. What they see is the *descriptive* norm.
The availability that they believe is expected is the *injunctive* norm, which they overestimate. Both norms raise telepressure,
telepressure raises after-hours work, and others see that work in turn. An always-on norm can therefore build up and fade. With
the effects of cited studies, the gain of this loop is 0.1 to 0.4, so the norm fades when its cause ends. Two assumed switches
strengthen it: norms that rise faster than they fall, and a steep effect of the injunctive norm on after-hours work.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.language.curves import approach, likelihood, saturating, within
from sim.language.grammar import Mechanism, adds_to, flow, param, stock, switch, trait


@dataclass(frozen=True)
class Availability(Mechanism):
    """Availability norms and telepressure (Barber and Santuzzi 2015; Hendrikx and others 2023)."""

    limit: float = param(4.0, "sd", "largest absolute value of psychological states", low=3.0, high=6.0, source="definition")
    managers_weight: float = param(2.0, "ratio", "weight of the manager's after-hours work against that of all contacts", low=1.0, high=4.0, source="assumed")
    seeing_days: float = param(14.0, "days", "time constant of the descriptive norm and of recent after-hours work", low=5.0, high=30.0, source="assumed")
    usual_seen: float = param(0.22, "share", "mean descriptive norm (after-hours work seen) of reference people", low=0.02, high=0.7, source="centred")
    seen_sd: float = param(0.06, "share", "standard deviation of the descriptive norm among reference people", low=0.01, high=0.3, source="centred")
    norm_loop: float = switch(True, "seeing others work after hours raises the injunctive norm", source="assumed")
    norm_level: float = param(0.0, "sd", "intercept of the injunctive norm (reference mean 0)", low=-3.0, high=3.0, source="centred")
    norm_spread: float = param(0.9, "sd/sd", "effect of disposition on the injunctive norm", low=0.2, high=1.2, source="centred")
    seen_to_norm: float = param(0.30, "sd/sd", "effect of the descriptive norm on the injunctive norm", low=0.1, high=0.5, source="assumed")
    over_reading: float = param(1.6, "ratio", "factor by which receivers overestimate the expected availability", low=1.0, high=2.2, source="assumed E109 E154")
    example: float = param(0.15, "sd/sd", "effect of the manager's after-hours work on the injunctive norm", low=0.0, high=0.4, source="assumed manager_evenings_silent")
    explained: float = param(0.20, "share", "share of managers' late work that they explain", low=0.0, high=0.8, source="assumed")
    pressure_from_above: float = param(0.0, "sd", "after-hours availability that the organisation itself expects", low=-1.0, high=2.0, source="definition", note="always-on when high")
    norm_days: float = param(30.0, "days", "time constant of the injunctive norm when it rises", low=10.0, high=90.0, source="assumed")
    sticky_norm: float = switch(True, "norms rise faster than they fall", source="assumed")
    stickiness: float = param(1.5, "ratio", "ratio of the time constants of a falling and a rising norm", low=1.0, high=4.0, source="assumed")
    steep_norm: float = switch(False, "the injunctive norm has a direct, steep effect on after-hours work", source="assumed")
    steepness: float = param(1.0, "logit/sd", "size of the steep effect of the injunctive norm on after-hours work", low=0.3, high=1.5, source="assumed")
    telepressure_level: float = param(0.0, "sd", "intercept of telepressure (reference mean 0)", low=-3.0, high=3.0, source="centred")
    telepressure_spread: float = param(0.9, "sd/sd", "effect of disposition on telepressure", low=0.2, high=1.2, source="centred")
    telepressure_of_belief: float = param(0.30, "sd/sd", "effect of the injunctive norm on telepressure", low=0.15, high=0.45, source="assumed E003 E004 E154")
    telepressure_of_sight: float = param(0.08, "sd/sd", "effect of the descriptive norm on telepressure", low=0.0, high=0.2, source="assumed E003")
    telepressure_of_demands: float = param(0.10, "sd/sd", "effect of demands on telepressure", low=0.0, high=0.25, source="assumed")
    telepressure_of_leading: float = param(0.25, "sd/sd", "effect of difficulty of leading remotely on telepressure", low=0.0, high=0.5, source="assumed remote_leading_telepressure")
    telepressure_days: float = param(30.0, "days", "time constant of telepressure", low=10.0, high=90.0, source="assumed")
    answering_level: float = param(-0.75, "logit", "average inclination of non-managers to work after hours", low=-2.0, high=0.5, source="assumed E108")
    managers_answer: float = param(0.70, "logit", "extra inclination of managers to work after hours", low=0.2, high=1.4, source="assumed E108")
    telepressure_answers: float = param(0.24, "logit/sd", "effect of telepressure on after-hours work", low=0.1, high=0.4, source="assumed E008")
    demands_answer: float = param(0.28, "logit/sd", "effect of today's demands on after-hours work", low=0.1, high=0.5, source="assumed E008")
    answering_spread: float = param(0.50, "logit/sd", "standard deviation of the individual inclination to work after hours", low=0.2, high=0.9, source="assumed")
    choosers: float = param(0.20, "share", "share of employees who choose to do some work in the evening", low=0.05, high=0.4, source="assumed target:benefit_own_time_active_breaks")
    choosers_answer: float = param(0.60, "logit", "extra inclination to work after hours of those who choose evenings", low=0.2, high=1.2, source="assumed")
    weekend: float = param(0.30, "ratio", "ratio of after-hours work on a free day to that on a working day", low=0.1, high=0.6, source="assumed E111")
    delay_in_force: float = param(0.0, "share", "share of after-hours messages that a server holds back", low=0.0, high=1.0, source="definition")
    hours_each: float = param(0.15, "hours", "extra working time of an evening with after-hours work", low=0.05, high=0.6, source="assumed")
    usual_after_hours: float = param(0.25, "share", "mean share of days on which reference people work after hours", low=0.05, high=0.7, source="centred")
    after_hours_sd: float = param(0.18, "share", "standard deviation of after-hours work among reference people", low=0.05, high=0.4, source="centred")
    autonomy_conflict: float = switch(True, "the injunctive norm itself causes strain, without any message", source="E002")
    strain_of_norm_size: float = param(0.05, "sd/sd", "effect of the injunctive norm on strain", low=0.0, high=0.12, source="assumed E001 E013")

    @trait("logit", stream="habit_of_answering")
    def habit_of_answering(self, normal):
        """Individual inclination to work after hours."""
        return self.answering_spread * normal

    @trait("0/1", stream="chooses_evenings")
    def chooses_evenings(self, uniform):
        """Chooses to do some of the work in the evening."""
        return uniform < self.choosers

    @trait("sd", stream="readiness_to_feel_expected")
    def readiness_to_feel_expected(self, normal):
        """Individual inclination to believe that availability is expected."""
        return normal

    @trait("sd", stream="urge")
    def urge(self, normal):
        """Individual inclination to feel pressed by messages."""
        return normal

    @flow("share", condition=True)
    def messages_held_back(self):
        """Share of messages after hours that a technical delay holds back until morning."""
        return self.delay_in_force

    @flow("0/1", stream="after_hours_work")
    def after_hours_work(
        self, uniform, is_manager, telepressure, demands_today, habit_of_answering, chooses_evenings, injunctive_norm,
        working_day, absent, on_leave, messages_held_back,
    ):
        """Works or answers messages after hours today; contacts see both as a message."""
        person = self.answering_level + self.managers_answer * is_manager + self.choosers_answer * chooses_evenings
        felt = self.telepressure_answers * telepressure + self.demands_answer * demands_today
        steep = self.steep_norm * self.steepness * injunctive_norm
        chance = likelihood(person + habit_of_answering + felt + steep) * (1 - within(messages_held_back, 0, 1))
        there = (working_day + self.weekend * (1 - working_day)) * (1 - absent) * (1 - on_leave)
        return uniform < chance * there

    @flow("hours")
    def after_hours_time(self, after_hours_work):
        """Hours worked after hours today."""
        return self.hours_each * after_hours_work

    @flow("share")
    def flexibility_lost(self, chooses_evenings, messages_held_back):
        """Evening work that held-back messages prevent among those who choose evenings."""
        return chooses_evenings * within(messages_held_back, 0, 1)

    @flow("share")
    def after_hours_of_contacts(self, ties, after_hours_work, tie_strength):
        """Share of contacts who worked after hours today, weighted by the strength of ties."""
        return ties.mean(after_hours_work, tie_strength)

    @flow("0/1")
    def after_hours_of_manager(self, manager, after_hours_work):
        """The manager worked after hours today."""
        return manager.of(after_hours_work)

    @flow("share")
    def seen_today(self, after_hours_of_contacts, after_hours_of_manager, has_manager, example_explained):
        """After-hours work of others seen today; the manager's counts for more unless it is explained."""
        weight = self.managers_weight * has_manager * (1 - within(example_explained, 0, 1))
        return (after_hours_of_contacts + weight * after_hours_of_manager) / (1 + weight)

    @stock("share", start="seen_at_start")
    def descriptive_norm(self, descriptive_norm, seen_today):
        """Descriptive norm: after-hours work seen over some weeks."""
        return descriptive_norm + (seen_today - descriptive_norm) / self.seeing_days

    @trait("share")
    def seen_at_start(self):
        """Initial descriptive norm of a newcomer."""
        return self.usual_seen

    @stock("share", start="after_hours_at_start")
    def recent_after_hours(self, recent_after_hours, after_hours_work):
        """Frequency of own work after hours in recent weeks."""
        return recent_after_hours + (after_hours_work - recent_after_hours) / self.seeing_days

    @trait("share")
    def after_hours_at_start(self):
        """Initial frequency of own work after hours."""
        return self.usual_after_hours

    @flow("sd")
    def recent_messaging(self, recent_after_hours):
        """Recent work after hours, relative to the reference."""
        return (recent_after_hours - self.usual_after_hours) / self.after_hours_sd

    @flow("sd")
    def seen_norm(self, descriptive_norm):
        """Descriptive norm, relative to the reference."""
        return (descriptive_norm - self.usual_seen) / self.seen_sd

    @flow("share", condition=True)
    def clarity_of_expectation(self):
        """Degree to which senders say that no answer is needed, which removes the overestimation; 0 to 1."""
        return 0

    @flow("share", condition=True)
    def example_explained(self):
        """Degree to which managers explain their own late work; 0 to 1."""
        return self.explained

    @flow("sd", condition=True)
    def expected_availability(self):
        """Actual expectation of the organisation after hours; agreements lower it."""
        return self.pressure_from_above

    @flow("sd")
    def managers_messaging(self, manager, recent_messaging):
        """Frequency of the manager's work after hours."""
        return manager.of(recent_messaging)

    @stock("sd", start="readiness_to_feel_expected")
    def injunctive_norm(
        self, injunctive_norm, readiness_to_feel_expected, seen_norm, clarity_of_expectation, expected_availability,
        managers_messaging, example_explained,
    ):
        """Injunctive norm: availability after hours that the employee believes is expected."""
        reading = (1 + (self.over_reading - 1) * (1 - within(clarity_of_expectation, 0, 1))) / self.over_reading
        observed = self.norm_loop * self.seen_to_norm * seen_norm
        silent = self.example * np.maximum(managers_messaging, 0) * (1 - within(example_explained, 0, 1))
        person = self.norm_level + self.norm_spread * readiness_to_feel_expected
        target = saturating(person + expected_availability + reading * (observed + silent), self.limit)
        slower = np.where(target < injunctive_norm, self.sticky_norm * (self.stickiness - 1), 0)
        return approach(injunctive_norm, target, self.norm_days * (1 + slower))

    @stock("sd", start="urge")
    def telepressure(self, telepressure, urge, injunctive_norm, seen_norm, demands, leading_difficulty):
        """Telepressure: the urge to answer work messages at once, with preoccupation."""
        norm = self.telepressure_of_belief * injunctive_norm + self.telepressure_of_sight * seen_norm
        task = self.telepressure_of_demands * demands + self.telepressure_of_leading * leading_difficulty
        target = saturating(self.telepressure_level + self.telepressure_spread * urge + norm + task, self.limit)
        return approach(telepressure, target, self.telepressure_days)

    @flow("sd")
    def pressure_from_colleagues(self, seen_norm, injunctive_norm):
        """Perceived expectations of colleagues; no other quantity depends on it."""
        return (seen_norm + injunctive_norm) / 2

    @flow("sd")
    def techno_invasion(self, telepressure, recent_messaging):
        """Perception that technology makes one always reachable; no other quantity depends on it."""
        return (telepressure + recent_messaging) / 2

    @trait("sd", per="establishment", stream="pace_of_change")
    def pace_of_change(self, normal):
        """Speed at which tools change at this employer."""
        return normal

    @flow("sd")
    def techno_complexity(self, digital_skill):
        """Perception of lacking the skill for the technology; no other quantity depends on it."""
        return 0 - digital_skill

    @flow("sd")
    def techno_uncertainty(self, pace_of_change, digital_skill):
        """Perception that new tools must be learned repeatedly; no other quantity depends on it."""
        return (pace_of_change - digital_skill) / 2

    @adds_to("strain", "sd")
    def strain_of_norm(self, injunctive_norm):
        """Strain from expected availability without any message (Belkin, Becker and Conroy 2016)."""
        return self.autonomy_conflict * self.strain_of_norm_size * injunctive_norm
