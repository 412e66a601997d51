"""Conflict of work and home in both directions, on one observed scale.

Messages after hours and high demands carry work over into private life; autonomy, control over hours and detachment reduce this.
Home interferes with work where there are children and no separate room; long days out are a cost of the office. Both grow
faster than the number of days (squares, assumed), so that a mix is best, as people report.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.language.curves import approach, saturating
from sim.language.grammar import Mechanism, adds_to, param, stock, switch, trait


@dataclass(frozen=True)
class WorkHomeConflict(Mechanism):
    """Interference of work with home (Santos and others 2023) and of home with work."""

    limit: float = param(4.0, "sd", "where a psychological state levels off", low=3.0, high=6.0, source="definition")
    level: float = param(0.0, "sd", "sets the reference mean of conflict to 0", low=-3.0, high=3.0, source="centred")
    spread: float = param(0.85, "sd/sd", "how much private life sets conflict", low=0.2, high=1.2, source="centred")
    days: float = param(21.0, "days", "time in which conflict follows its causes", low=10.0, high=60.0, source="assumed")
    messaging: float = param(0.37, "sd/sd", "conflict per SD of recent after-hours work", low=0.2, high=0.41, source="assumed E143")
    demands_carry_over: float = param(0.25, "sd/sd", "conflict per SD of demands", low=0.1, high=0.4, source="assumed E031")
    autonomy_eases: float = param(0.10, "sd/sd", "conflict eased per SD of autonomy", low=0.0, high=0.25, source="assumed E144")
    say_eases: float = param(0.60, "sd/sd", "conflict eased per SD of say over hours", low=0.2, high=1.2, source="assumed known_times_conflict")
    detachment_eases: float = param(0.15, "sd/sd", "conflict eased per SD of detachment", low=0.0, high=0.3, source="assumed")
    leading: float = param(0.16, "sd/sd", "conflict per SD of difficulty in leading remotely", low=0.0, high=0.3, source="assumed remote_leading_conflict")
    home_itself: float = switch(True, "home and long days out are in each other's way", source="assumed", note="without it more home is always better")
    crowded_home: float = param(0.60, "sd", "conflict of a crowded home when always there", low=0.0, high=1.2, source="assumed hybrid_balance young_parents_2020")
    long_days_out: float = param(0.20, "sd", "conflict of long days out when never at home", low=0.0, high=0.9, source="assumed hybrid_balance E038 E153")
    strains: float = param(0.09, "sd/sd", "more strain per SD of conflict", low=0.0, high=0.2, source="assumed E031")

    @trait("sd", stream="busy_home")
    def busy_home(self, normal):
        """Demands of private life."""
        return normal

    @stock("sd", start="busy_home")
    def conflict(
        self, conflict, busy_home, recent_messaging, demands, autonomy, say_over_hours, usual_detachment,
        leading_difficulty, share_at_home, children_at_home, no_separate_room, commute,
    ):
        """Conflict of work and home, both directions on one scale."""
        work = self.messaging * recent_messaging + self.demands_carry_over * demands
        eased = self.autonomy_eases * autonomy + self.say_eases * say_over_hours
        crowded = self.crowded_home * share_at_home * share_at_home * (children_at_home + no_separate_room)
        out = self.long_days_out * (1 - share_at_home) * (1 - share_at_home) * (1 + np.maximum(commute, 0))
        place = self.home_itself * (crowded + out) + self.leading * leading_difficulty
        person = self.level + self.spread * busy_home - self.detachment_eases * usual_detachment
        return approach(conflict, saturating(person + work - eased + place, self.limit), self.days)

    @adds_to("strain", "sd")
    def strain_of_conflict(self, conflict):
        """Strain from the conflict of work and home."""
        return self.strains * conflict
