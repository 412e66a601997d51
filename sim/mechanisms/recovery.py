"""Recovery: detachment in the evening, and fatigue that carries over to the next day (Meijman and Mulder 1998).

During the day, demands increase fatigue and breaks reduce it. In the evening people detach from work. They detach less after a
heavy day, after evening work, when they feel expected to be reachable, when exhausted, and when their manager does not detach.
Detachment and days off reduce fatigue; the rest carries over. Fatigue that lasts for weeks becomes strain.
"""

from __future__ import annotations

from dataclasses import dataclass

from sim.language.curves import approach, ratio, saturating, within
from sim.language.grammar import Mechanism, adds_to, flow, param, stock, switch, trait


@dataclass(frozen=True)
class Recovery(Mechanism):
    """Psychological detachment (Sonnentag and Fritz 2007), and the build-up and recovery of fatigue."""

    limit: float = param(4.0, "sd", "largest absolute value of psychological states", low=3.0, high=6.0, source="definition")
    level: float = param(0.0, "sd", "intercept of detachment (reference mean 0)", low=-3.0, high=3.0, source="centred")
    spread: float = param(0.75, "sd/sd", "effect of disposition on detachment", low=0.1, high=1.2, source="centred")
    demands_hold: float = param(0.16, "sd/sd", "reduction of detachment by demands", low=0.1, high=0.32, source="assumed E015")
    heavy_day_holds: float = param(0.12, "sd/sd", "reduction of detachment by a day heavier than usual", low=0.05, high=0.2, source="assumed E022 E146")
    messaging_holds: float = param(0.23, "sd/sd", "reduction of detachment by recent after-hours work", low=0.15, high=0.40, source="assumed E016 E145")
    message_tonight_holds: float = param(0.38, "sd", "reduction of detachment by after-hours work on the same evening", low=0.2, high=0.8, source="assumed E008 E010")
    expectation_holds: float = param(0.15, "sd/sd", "reduction of detachment by the injunctive norm", low=0.05, high=0.25, source="assumed E012 E013")
    exhaustion_holds: float = param(0.085, "sd/sd", "reduction of detachment by exhaustion", low=0.05, high=0.20, source="assumed E020")
    loss_of_detachment: float = switch(True, "exhausted employees detach less", source="E020")
    telepressure_direct: float = switch(False, "telepressure itself reduces detachment, apart from behaviour", source="E006", note="E007 and E008 disagree with E006")
    telepressure_holds: float = param(0.05, "sd/sd", "direct reduction of detachment by telepressure", low=0.0, high=0.10, source="assumed E006 E008")
    managers_evening: float = param(0.18, "sd/sd", "effect of the manager's detachment on that of employees", low=0.10, high=0.30, source="assumed E129 E130")
    no_room_holds: float = param(0.12, "sd", "reduction of detachment by the lack of a separate room", low=0.0, high=0.3, source="assumed")
    affect_holds: float = param(0.10, "sd/sd", "reduction of detachment by negative affectivity", low=0.0, high=0.25, source="assumed E017")
    leading_holds: float = param(0.16, "sd/sd", "reduction of detachment by difficulty of leading remotely", low=0.0, high=0.3, source="assumed remote_leading_detachment")
    evening_luck: float = param(0.60, "sd/sd", "standard deviation of random variation in detachment between evenings", low=0.3, high=1.0, source="assumed E091")
    usual_days: float = param(14.0, "days", "time constant of usual detachment and of unrecovered fatigue", low=7.0, high=28.0, source="assumed")
    breaks_a_day: float = param(2.5, "breaks/day", "usual number of breaks", low=1.5, high=4.0, source="assumed")
    breaks_most: float = param(5.0, "breaks/day", "largest possible number of breaks", low=4.0, high=8.0, source="definition")
    breaks_lost: float = param(0.30, "breaks/sd", "reduction of breaks by today's demands", low=0.1, high=0.6, source="assumed")
    stays_over: float = param(0.65, "1/day", "share of fatigue that remains the next morning", low=0.4, high=0.8, source="assumed")
    effort: float = param(0.25, "sd/sd", "effect of today's demands on fatigue", low=0.1, high=0.4, source="assumed")
    buffering: float = switch(True, "resources buffer demands", source="assumed")
    buffer: float = param(0.15, "log ratio/sd", "reduction by resources of the effect of demands on fatigue", low=0.0, high=0.3, source="assumed E034")
    commuting: float = param(0.06, "sd", "fatigue from a commute of usual length", low=0.0, high=0.15, source="assumed E153")
    long_way: float = param(0.03, "sd/sd", "effect of a longer commute on fatigue", low=0.0, high=0.1, source="assumed E153")
    break_spares: float = param(0.06, "sd/break", "reduction of fatigue by breaks", low=0.0, high=0.15, source="assumed")
    day_off: float = param(0.45, "sd", "reduction of fatigue by a day off", low=0.2, high=0.8, source="assumed")
    night: float = param(0.16, "sd/sd", "effect of detachment on recovery from fatigue at night", low=0.05, high=0.3, source="assumed E018")
    fatigue_luck: float = param(0.20, "sd/sd", "standard deviation of random variation in fatigue between mornings", low=0.1, high=0.4, source="assumed")
    fatigue_limit: float = param(4.0, "sd", "largest absolute value of fatigue", low=3.0, high=6.0, source="definition")
    usual_fatigue: float = param(-0.40, "sd", "mean fatigue of reference people", low=-3.0, high=3.0, source="centred")
    fatigue_sd: float = param(0.45, "sd", "standard deviation of fatigue among reference people", low=0.1, high=2.0, source="centred")
    fatigue_strains: float = param(0.32, "sd/sd", "effect of unrecovered fatigue on strain", low=0.15, high=0.5, source="assumed E019")

    @trait("sd", stream="ability_to_detach")
    def ability_to_detach(self, normal):
        """Individual ease of detachment from work."""
        return normal

    @flow("breaks/day", condition=True)
    def encouragement_to_break(self):
        """Extra breaks that are encouraged and taken."""
        return 0

    @flow("breaks/day")
    def breaks(self, works_today, demands_today, encouragement_to_break):
        """Breaks taken in today's working time."""
        breaks_today = self.breaks_a_day + encouragement_to_break - self.breaks_lost * demands_today
        return works_today * within(breaks_today, 0, self.breaks_most)

    @flow("sd", condition=True)
    def skill_of_unwinding(self):
        """Learned ability to detach from work."""
        return 0

    @flow("sd")
    def managers_detachment(self, manager, usual_detachment):
        """The manager's detachment."""
        return manager.of(usual_detachment)

    @flow("sd")
    def hold_of_work(
        self, demands, demands_today, recent_messaging, after_hours_work, recent_after_hours, injunctive_norm,
        telepressure, exhaustion,
    ):
        """Obstacles to detachment this evening."""
        load = self.demands_hold * demands + self.heavy_day_holds * (demands_today - demands)
        messages = self.messaging_holds * recent_messaging + self.message_tonight_holds * (after_hours_work - recent_after_hours)
        expected = self.expectation_holds * injunctive_norm + self.telepressure_direct * self.telepressure_holds * telepressure
        return load + messages + expected + self.loss_of_detachment * self.exhaustion_holds * exhaustion

    @flow("sd", stream="detachment")
    def detachment(
        self, normal, ability_to_detach, hold_of_work, skill_of_unwinding, managers_detachment, no_separate_room,
        negative_affect, leading_difficulty,
    ):
        """Psychological detachment from work in the evening."""
        person = self.level + self.spread * ability_to_detach + skill_of_unwinding - self.affect_holds * negative_affect
        around = self.managers_evening * managers_detachment - self.no_room_holds * no_separate_room
        evening = person + around - self.leading_holds * leading_difficulty - hold_of_work
        return saturating(evening + self.evening_luck * normal, self.limit)

    @stock("sd", start="ability_to_detach")
    def usual_detachment(self, usual_detachment, detachment):
        """Detachment in recent weeks."""
        return approach(usual_detachment, detachment, self.usual_days)

    @flow("sd")
    def effort_spent(self, works_today, at_office, commute, demands_today, resources, breaks):
        """Effort of today's work, less what breaks spare; resources buffer it."""
        buffered = ratio(0 - self.buffering * self.buffer * resources)
        way = at_office * (self.commuting + self.long_way * commute)
        return works_today * self.effort * demands_today * buffered + way - self.break_spares * breaks

    @stock("sd", start="fatigue_at_start", stream="fatigue")
    def fatigue(self, fatigue, effort_spent, works_today, detachment, normal):
        """Fatigue next morning: remaining fatigue plus effort, less recovery by night and days off."""
        recovered = self.night * detachment + self.day_off * (1 - works_today)
        morning = self.stays_over * fatigue + effort_spent - recovered + self.fatigue_luck * normal
        return saturating(morning, self.fatigue_limit)

    @trait("sd")
    def fatigue_at_start(self):
        """Initial fatigue."""
        return self.usual_fatigue

    @stock("sd", start=0.0)
    def unrecovered(self, unrecovered, fatigue):
        """Fatigue that has lasted for weeks, relative to the reference."""
        return approach(unrecovered, (fatigue - self.usual_fatigue) / self.fatigue_sd, self.usual_days)

    @adds_to("strain", "sd")
    def strain_of_fatigue(self, unrecovered):
        """Strain from fatigue that has lasted for weeks."""
        return self.fatigue_strains * unrecovered
