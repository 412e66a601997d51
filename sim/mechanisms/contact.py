"""Contact between employees, and the ties that grow from it.

Shared office days, working together online and arranged moments bring contact. Contact strengthens ties; without contact they
fade, weak ties fastest. People partly adapt to their usual contact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.language.curves import approach, likelihood
from sim.language.grammar import Mechanism, flow, param, stock, switch, trait


@dataclass(frozen=True)
class Contact(Mechanism):
    """Ties that depend on contact; an arranged encounter begins a dormant tie."""

    online: float = param(0.30, "ratio", "ratio of contact online to contact in person", low=0.1, high=0.6, source="assumed E122")
    apart: float = param(0.40, "ratio", "ratio of contact across teams to contact within the team", low=0.2, high=0.7, source="assumed")
    anchor_apart: float = param(0.25, "ratio", "reduction of contact across teams on a team's own office day", low=0.0, high=0.4, source="assumed anchor_days_ties")
    to_other_teams: float = param(0.80, "ratio", "contact per tie across teams from one arranged encounter", low=0.1, high=1.5, source="assumed")
    to_own_team: float = param(0.80, "ratio", "contact per tie within the team from one arranged moment", low=0.2, high=1.5, source="assumed")
    gain: float = param(0.060, "1/day", "growth rate of tie strength per contact", low=0.02, high=0.12, source="assumed")
    fading: float = param(0.006, "1/day", "rate at which tie strength fades without contact", low=0.002, high=0.015, source="assumed")
    weak_fade: float = param(1.6, "ratio", "ratio of the fading of the weakest ties to usual fading", low=1.1, high=2.0, source="definition", note="weak ties fade faster")
    begins_within: float = param(0.75, "strength", "mean initial strength of ties within the team", low=0.4, high=0.9, source="assumed")
    begins_across: float = param(0.45, "strength", "mean initial strength of ties across teams", low=0.1, high=0.7, source="assumed")
    unequal: float = param(0.33, "share", "largest relative deviation of the initial strength of a tie from its mean", low=0.0, high=1.0, source="assumed")
    live_ties: float = switch(True, "ties strengthen and fade", source="assumed")
    usual_touch: float = param(2.5, "contacts/day", "mean contact of reference people", low=0.1, high=12.0, source="centred")
    touch_sd: float = param(0.9, "contacts/day", "standard deviation of contact among reference people", low=0.05, high=5.0, source="centred")
    usual_strength: float = param(6.0, "strength", "mean total tie strength of reference people", low=0.1, high=15.0, source="centred")
    strength_sd: float = param(1.2, "strength", "standard deviation of total tie strength among reference people", low=0.05, high=5.0, source="centred")
    memory_days: float = param(21.0, "days", "time constant of recent contact", low=7.0, high=45.0, source="assumed")
    adapting: float = switch(True, "people adapt to a stable pattern of contact", source="assumed")
    adapted: float = param(0.4, "share", "share of a lasting change in contact to which people adapt", low=0.0, high=0.9, source="assumed")
    adapting_days: float = param(150.0, "days", "time constant of adaptation to contact", low=60.0, high=365.0, source="assumed")
    isolated_stay_away: float = param(0.40, "logit/sd", "reduction of joining arranged moments by isolation from colleagues", low=0.0, high=0.8, source="assumed")
    joining: float = param(1.0, "logit", "average inclination to join an arranged moment", low=-0.5, high=2.0, source="assumed")

    @trait("strength", per="tie", stream="strength_at_start")
    def strength_at_start(self, uniform, exists, across, dormant):
        """Strength of a tie at the start; 0 for dormant ties."""
        usual = across * self.begins_across + (1 - across) * self.begins_within
        return exists * (1 - dormant) * np.minimum(usual * (1 + self.unequal * (2 * uniform - 1)), 1)

    @flow("contacts/day", condition=True)
    def moments_with_team(self):
        """Arranged social moments with the team, per working day."""
        return 0

    @flow("contacts/day", condition=True)
    def moments_across_teams(self):
        """Arranged encounters with people of other teams, per working day."""
        return 0

    @flow("share")
    def comes_along(self, isolation_from_colleagues, works_today):
        """Probability of joining an arranged moment; isolated employees join least."""
        return works_today * likelihood(self.joining - self.isolated_stay_away * isolation_from_colleagues)

    @flow("contacts/day")
    def joins_team(self, moments_with_team, comes_along):
        """Arranged moments with the team that the employee joins today."""
        return moments_with_team * comes_along

    @flow("contacts/day")
    def joins_others(self, moments_across_teams, comes_along):
        """Arranged encounters with other teams that the employee joins today."""
        return moments_across_teams * comes_along

    @flow("contacts/day", per="tie")
    def touch(
        self, at_office, their_at_office, works_today, their_works_today, exists, across, dormant, office_expected,
        joins_team, their_joins_team, joins_others, their_joins_others,
    ):
        """Contact over this tie today: in person, online, and arranged."""
        met = at_office * their_at_office
        spoke = self.online * (works_today * their_works_today - met)
        width = 1 - across * (1 - np.maximum(self.apart - self.anchor_apart * office_expected, 0))
        team = self.to_own_team * (1 - across) * (joins_team + their_joins_team) / 2
        others = self.to_other_teams * across * (joins_others + their_joins_others) / 2
        return exists * ((met + spoke) * width * (1 - dormant) + team + others)

    @stock("strength", per="tie", start="strength_at_start", newcomer=0.0)
    def tie_strength(self, tie_strength, touch):
        """Strength of the tie, from the employee's end; 0 where there is no tie."""
        grown = self.gain * touch * (1 - tie_strength)
        faded = self.fading * tie_strength * (self.weak_fade - tie_strength)
        return tie_strength + self.live_ties * (grown - faded)

    @flow("contacts/day")
    def contact_today(self, ties, touch):
        """Total contact today."""
        return ties.sum(touch)

    @flow("strength", every="week")
    def network(self, ties, tie_strength):
        """Total strength of ties."""
        return ties.sum(tie_strength)

    @flow("strength", per="tie", every="week")
    def strength_across(self, tie_strength, across):
        """Strength of a tie to another team."""
        return tie_strength * across

    @flow("strength", every="week")
    def network_across(self, ties, strength_across):
        """Total strength of ties to other teams."""
        return ties.sum(strength_across)

    @flow("strength", every="week")
    def network_within(self, network, network_across):
        """Total strength of ties within the team."""
        return network - network_across

    @stock("contacts/day", start="contact_at_start")
    def recent_contact(self, recent_contact, contact_today):
        """Contact per day in recent weeks."""
        return approach(recent_contact, contact_today, self.memory_days)

    @trait("contacts/day")
    def contact_at_start(self):
        """Initial contact per day."""
        return self.usual_touch

    @flow("sd")
    def felt_contact(self, recent_contact, network):
        """Mean of recent contact and total tie strength, each relative to the reference."""
        lately = (recent_contact - self.usual_touch) / self.touch_sd
        return (lately + (network - self.usual_strength) / self.strength_sd) / 2

    @stock("sd", start=0.0)
    def accustomed(self, accustomed, felt_contact):
        """Contact to which the employee has adapted."""
        return approach(accustomed, felt_contact, self.adapting_days)

    @flow("sd")
    def contact_beyond_habit(self, felt_contact, accustomed):
        """Contact beyond what the employee has adapted to."""
        return felt_contact - self.adapting * self.adapted * accustomed
