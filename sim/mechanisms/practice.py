"""Practice: use of known measures, good use of them, and the extra load of new measures.

A measure takes effect by one of three routes. A *collective* measure also affects people who do not use it. A measure *through
the manager* affects the team by the manager's own practice, which exhaustion reduces. An *individual* measure affects only those
who know it and use it, and more if they use it as intended. Enthusiasm declines unless it is renewed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.language.curves import approach, lasting, ratio, switched, within
from sim.language.grammar import Mechanism, flow, param, stock, trait


@dataclass(frozen=True)
class Practice(Mechanism):
    """Steps from knowledge of a measure to good use (Gallup 2014; interviews in ten organisations, 2021)."""

    use_lapses: float = param(0.030, "1/week", "probability per week that the use of a measure lapses", low=0.01, high=0.1, source="assumed")
    worn_out_practise_less: float = param(0.10, "log ratio/sd", "reduction of managers' practice of measures by their exhaustion", low=0.0, high=0.3, source="assumed")
    isolated_stay_away: float = param(0.20, "log ratio/sd", "reduction of the use of social measures by isolation from colleagues", low=0.0, high=0.5, source="assumed")
    handling_changes: float = param(0.019, "1/week", "probability per week that good use becomes poor use", low=0.005, high=0.05, source="assumed")
    used_poorly: float = param(0.30, "share", "effectiveness of poor use, relative to good use", low=0.0, high=0.6, source="assumed")
    unheard: float = param(0.25, "share", "effectiveness of a collective measure for employees who do not use it", low=0.0, high=0.6, source="assumed")
    tired_of_it: float = param(0.50, "share", "reduction of use by full loss of enthusiasm", low=0.0, high=1.0, source="assumed initiatives_wear_off")
    floor: float = param(0.40, "share", "lowest enthusiasm, when a measure has worn off", low=0.1, high=0.8, source="assumed initiatives_wear_off")
    renewal: float = param(0.010, "1/week", "rate at which enthusiasm returns", low=0.0, high=0.1, source="assumed")
    getting_used: float = param(8.0, "weeks", "time constant of getting used to a measure", low=3.0, high=20.0, source="assumed hybrid_start")

    @flow("share", per="measure", every="week")
    def would_use(self, use, hoops, is_through_manager, is_social, exhaustion, isolation_from_colleagues, freshness):
        """Share of time for which the employee uses the measure once it is known and in place."""
        tired = ratio(0 - is_through_manager * self.worn_out_practise_less * exhaustion)
        alone = ratio(0 - is_social * self.isolated_stay_away * isolation_from_colleagues)
        keen = 1 - self.tired_of_it * (1 - freshness)
        return within(use * (1 - hoops) * tired * alone * keen, 0, 1)

    @stock("0/1", newcomer=0.0, per="measure", every="week", stream="used")
    def used(self, used, uniform, known, in_place, would_use):
        """Uses the measure, complies with it, or practises it as a manager."""
        return known * in_place * switched(used, uniform, lasting(would_use, self.use_lapses), self.use_lapses)

    @trait("0/1", per="measure", stream="handled_well_at_start")
    def handled_well_at_start(self, uniform, well):
        """Would use the measure as intended, at the start."""
        return uniform < well

    @stock("0/1", start="handled_well_at_start", per="measure", every="week", stream="handled_well")
    def handled_well(self, handled_well, uniform, well):
        """Would use the measure as intended."""
        return switched(handled_well, uniform, lasting(well, self.handling_changes), self.handling_changes)

    @flow("share", per="measure", every="week")
    def practice(self, used, handled_well, freshness):
        """Effectiveness of the employee's own use of the measure, from 0 to 1."""
        return used * (self.used_poorly + (1 - self.used_poorly) * handled_well) * freshness

    @flow("share", per="measure", every="week")
    def practice_of_manager(self, manager, practice):
        """Effectiveness of the manager's practice of the measure for the team."""
        return manager.of(practice)

    @stock("share", start=1.0, per="measure", every="week")
    def freshness(self, freshness, used, fades_in):
        """Enthusiasm for the measure; it declines with use and returns when the measure is renewed."""
        worn = used * (fades_in > 0) / np.maximum(fades_in, 1) * (freshness - self.floor)
        return within(freshness - worn + self.renewal * (1 - freshness), 0, 1)

    @stock("share", per="measure", every="week")
    def practised(self, practice):
        """Effectiveness of the employee's own use of the measure this week."""
        return practice

    @stock("share", per="measure", every="week")
    def in_effect(self, practice, practice_of_manager, in_place, freshness, is_collective, is_through_manager, is_individual):
        """Degree to which the measure is in effect for this employee, by its route; levers scale with it."""
        collective = in_place * (self.unheard * freshness + (1 - self.unheard) * practice)
        return is_collective * collective + in_place * (is_through_manager * practice_of_manager + is_individual * practice)

    @stock("share", per="measure", every="week")
    def accustomed_to(self, accustomed_to, in_effect):
        """Degree to which the employee is used to the measure."""
        return approach(accustomed_to, in_effect, self.getting_used)

    @flow("sd", per="measure", every="week")
    def strangeness(self, in_effect, accustomed_to, transition):
        """Extra load while the measure is new."""
        return transition * np.maximum(in_effect - accustomed_to, 0)

    @flow("sd", every="week")
    def novelty(self, measures, strangeness):
        """Extra load of all new measures."""
        return measures.sum(strangeness)
