"""Work-home conflict in both directions, on one scale.

After-hours work and high demands raise conflict; autonomy, control over hours and detachment reduce it. At home, children and the
lack of a separate room raise it; at the office, long days away from home do. Both grow with the square of the share of days
(assumed), so conflict is lowest with a mix of home and office, as people report.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.language.curves import approach, saturating
from sim.language.grammar import Mechanism, adds_to, param, stock, switch, trait


@dataclass(frozen=True)
class WorkHomeConflict(Mechanism):
    """Interference of work with home (Santos and others 2023) and of home with work."""

    limit: float = param(4.0, "sd", "largest absolute value of psychological states", low=3.0, high=6.0, source="definition")
    level: float = param(0.0, "sd", "intercept of conflict (reference mean 0)", low=-3.0, high=3.0, source="centred")
    spread: float = param(0.85, "sd/sd", "effect of demands of private life on conflict", low=0.2, high=1.2, source="centred")
    days: float = param(21.0, "days", "time constant of conflict", low=10.0, high=60.0, source="assumed")
    messaging: float = param(0.37, "sd/sd", "effect of recent after-hours work on conflict", low=0.2, high=0.41, source="assumed E143")
    demands_carry_over: float = param(0.25, "sd/sd", "effect of job demands on conflict", low=0.1, high=0.4, source="assumed E031")
    autonomy_eases: float = param(0.10, "sd/sd", "reduction of conflict by autonomy", low=0.0, high=0.25, source="assumed E144")
    say_eases: float = param(0.60, "sd/sd", "reduction of conflict by control over working hours", low=0.2, high=1.2, source="assumed known_times_conflict")
    detachment_eases: float = param(0.15, "sd/sd", "reduction of conflict by detachment", low=0.0, high=0.3, source="assumed")
    leading: float = param(0.16, "sd/sd", "effect of difficulty of leading remotely on conflict", low=0.0, high=0.3, source="assumed remote_leading_conflict")
    home_itself: float = switch(True, "a crowded home and long days away from it cause conflict", source="assumed", note="without it, more work at home is always better")
    crowded_home: float = param(0.60, "sd", "conflict from a crowded home when always working there", low=0.0, high=1.2, source="assumed hybrid_balance young_parents_2020")
    long_days_out: float = param(0.20, "sd", "conflict from long days out when never working at home", low=0.0, high=0.9, source="assumed hybrid_balance E038 E153")
    strains: float = param(0.09, "sd/sd", "effect of conflict on strain", low=0.0, high=0.2, source="assumed E031")

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
