"""Ergonomics: fit of the workplace, and complaints of arm, neck and shoulder and of the back.

Complaints start and end over years. Exhaustion, any working at home and a poor workplace raise their onset a little. A chair
therefore affects complaints after years, if at all, and only when it is used as intended.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.language.curves import ratio, switched, within
from sim.language.grammar import Mechanism, flow, param, stock, switch, trait


@dataclass(frozen=True)
class Ergonomics(Mechanism):
    """Two-state chains of complaints with yearly incidence and recovery (Luime and others 2005; Andersen and others 2003)."""

    weeks: float = param(52.0, "weeks/year", "weeks in a model year", low=52.0, high=52.0, source="definition")
    office_fit: float = param(1.0, "fit", "ergonomic fit of workplaces at the office", low=0.5, high=1.2, source="assumed", note="office workplaces are adjustable")
    fit_of_room: float = param(0.20, "fit", "effect of a separate room on ergonomic fit at home", low=0.0, high=0.5, source="assumed")
    usual_fit: float = param(0.80, "fit", "mean ergonomic fit of the workplaces of reference people", low=0.2, high=1.5, source="centred")
    sitting_at_work: float = param(6.6, "hours/day", "sitting time on an office day", low=5.0, high=8.0, source="assumed target:sitting_before")
    sitting_more_at_home: float = param(0.5, "hours/day", "extra sitting time on a home day", low=0.0, high=1.0, source="assumed target:sitting_during")
    sitting_less_when_moving: float = param(0.8, "hours/day", "reduction of sitting time by standing and moving", low=0.2, high=1.9, source="assumed E061")
    onset: float = param(0.19, "1/year", "usual onset rate of arm, neck and shoulder complaints", low=0.10, high=0.30, source="fitted target:kans_complaint E053")
    recovery: float = param(0.44, "1/year", "usual recovery rate of arm, neck and shoulder complaints", low=0.30, high=0.60, source="assumed E053 E055")
    frailty: float = param(0.35, "log ratio/sd", "effect of lasting susceptibility (frailty) on complaints", low=0.2, high=0.6, source="assumed E056")
    strain_to_complaints: float = switch(True, "strain raises the onset of complaints", source="E054", note="E056 found none")
    strain: float = param(0.18, "log ratio/sd", "effect of exhaustion on the onset of arm, neck and shoulder complaints", low=0.0, high=0.40, source="assumed E054 E057")
    any_home: float = param(0.15, "log ratio", "effect of any home working on the onset of arm, neck and shoulder complaints", low=0.05, high=0.22, source="E047 E048", note="flat dose-response")
    fit_shields: float = param(0.16, "log ratio/fit", "reduction of the onset of arm, neck and shoulder complaints by ergonomic fit", low=0.0, high=0.5, source="assumed E059 E060")
    sitting_harms: float = param(0.05, "log ratio/hour", "effect of sitting time on the onset of arm, neck and shoulder complaints", low=0.0, high=0.15, source="assumed")
    poorer_health_adds: float = param(0.20, "log ratio", "effect of poorer health on the onset of arm, neck and shoulder complaints", low=0.0, high=0.5, source="assumed")
    back_onset: float = param(0.33, "1/year", "usual onset rate of back complaints", low=0.10, high=0.45, source="assumed", note="most people in the study had back complaints")
    back_recovery: float = param(0.50, "1/year", "usual recovery rate of back complaints", low=0.35, high=0.80, source="assumed")
    back_strain: float = param(0.55, "log ratio/sd", "effect of exhaustion on the onset of back complaints", low=0.1, high=0.6, source="assumed exhaustion_back")
    back_conflict: float = param(0.35, "log ratio/sd", "effect of work-home conflict on the onset of back complaints", low=0.0, high=0.4, source="assumed conflict_back")
    back_room: float = param(0.60, "log ratio", "reduction of the onset of back complaints by a separate room", low=0.1, high=0.8, source="assumed separate_room_back")

    @trait("sd", stream="frailty_of_neck")
    def frailty_of_neck(self, normal):
        """Lasting susceptibility to complaints of arm, neck and shoulder."""
        return normal

    @trait("sd", stream="frailty_of_back")
    def frailty_of_back(self, normal):
        """Lasting susceptibility to back complaints."""
        return normal

    @flow("share", condition=True, every="week")
    def furniture_from_employer(self):
        """Use at home of an adjustable chair and desk from the employer, from 0 to 1."""
        return 0

    @flow("fit", condition=True, every="week")
    def workplace_skill(self):
        """Equipment and instruction to set up the workplace."""
        return 0

    @flow("share", condition=True, every="week")
    def moving(self):
        """Interruption of sitting by standing and moving, from 0 to 1 or more."""
        return 0

    @flow("share", every="week")
    def adjustable_at_home(self, bought_adjustable, furniture_from_employer):
        """Has an adjustable chair and desk at home, whoever has paid."""
        return np.maximum(bought_adjustable, within(furniture_from_employer, 0, 1))

    @flow("fit", every="week")
    def fit(self, share_at_home, adjustable_at_home, workplace_skill, separate_room):
        """Fit of the workplace, at home and at the office, weighted by the time spent there."""
        home = adjustable_at_home + workplace_skill + self.fit_of_room * separate_room
        return share_at_home * home + (1 - share_at_home) * self.office_fit

    @flow("hours/day", every="week")
    def sitting(self, share_at_home, moving):
        """Hours of sitting per working day."""
        return self.sitting_at_work + self.sitting_more_at_home * share_at_home - self.sitting_less_when_moving * moving

    @flow("log ratio", every="week")
    def exposure(self, exhaustion, share_at_home, fit, sitting, poorer_health):
        """Risk factors of the onset of arm, neck and shoulder complaints."""
        body = self.any_home * (share_at_home > 0) - self.fit_shields * (fit - self.usual_fit)
        sat = self.sitting_harms * (sitting - self.sitting_at_work) + self.poorer_health_adds * poorer_health
        return body + sat + self.strain_to_complaints * self.strain * exhaustion

    @trait("0/1", stream="neck_complaint_at_start")
    def neck_complaint_at_start(self, uniform, frailty_of_neck):
        """Has a complaint of arm, neck or shoulder at the start, with its long-run probability."""
        begins = self.onset * ratio(self.frailty * frailty_of_neck)
        return uniform < begins / (begins + self.recovery * ratio(0 - self.frailty * frailty_of_neck))

    @stock("0/1", start="neck_complaint_at_start", every="week", stream="arm_neck_shoulder_complaint")
    def arm_neck_shoulder_complaint(self, arm_neck_shoulder_complaint, uniform, frailty_of_neck, exposure):
        """A complaint of arm, neck or shoulder within the last year."""
        begins = self.onset / self.weeks * ratio(exposure + self.frailty * frailty_of_neck)
        ends = self.recovery / self.weeks * ratio(0 - self.frailty * frailty_of_neck)
        return switched(arm_neck_shoulder_complaint, uniform, begins, ends)

    @trait("0/1", stream="back_complaint_at_start")
    def back_complaint_at_start(self, uniform, frailty_of_back, separate_room):
        """Has a back complaint at the start."""
        begins = self.back_onset * ratio(self.frailty * frailty_of_back - self.back_room * separate_room)
        return uniform < begins / (begins + self.back_recovery)

    @stock("0/1", start="back_complaint_at_start", every="week", stream="back_complaint")
    def back_complaint(self, back_complaint, uniform, frailty_of_back, exhaustion, conflict, separate_room):
        """A complaint of the back within the last year."""
        body = self.frailty * frailty_of_back - self.back_room * separate_room
        strain = self.strain_to_complaints * (self.back_strain * exhaustion + self.back_conflict * conflict)
        begins = self.back_onset / self.weeks * ratio(body + strain)
        return switched(back_complaint, uniform, begins, self.back_recovery / self.weeks)
