"""Isolation, and the bonds with team and organisation.

Isolation arises from *unmet need for company*. Most people need no more contact than they have, and each additional contact
helps less. With a linear form, full-time office work would remove isolation, which no study has found. Isolation from colleagues
depends on contact and colleagues' support; isolation from the company depends on the manager's support and recognition. Both
correlate with exhaustion mostly through a common cause, negative affectivity and response style.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.language.curves import approach, saturating, shortfall
from sim.language.grammar import Mechanism, adds_to, flow, param, stock, switch, trait


@dataclass(frozen=True)
class Isolation(Mechanism):
    """Isolation from colleagues and from the company (Marshall, Michaels and Mulki 2007), and two bonds."""

    limit: float = param(4.0, "sd", "largest absolute value of psychological states", low=3.0, high=6.0, source="definition")
    need: float = param(0.30, "sd/sd", "effect of need for company on the contact that a person needs", low=0.1, high=0.6, source="assumed E042")
    slack: float = param(0.30, "sd", "shortage of contact that a person does not yet miss", low=0.0, high=0.8, source="assumed")
    bend: float = param(2.0, "1/sd", "sharpness of the transition from enough contact to unmet need", low=1.0, high=4.0, source="assumed")
    colleagues_level: float = param(0.0, "sd", "intercept of isolation from colleagues (reference mean 0)", low=-3.0, high=3.0, source="centred")
    colleagues_spread: float = param(0.8, "sd/sd", "effect of disposition on isolation from colleagues", low=0.1, high=1.2, source="centred")
    unmet: float = param(0.90, "sd/sd", "effect of unmet need for company on isolation from colleagues", low=0.3, high=1.2, source="assumed E040 E042")
    affiliation: float = param(0.12, "sd/sd", "direct effect of need for company on isolation from colleagues", low=0.0, high=0.3, source="assumed E042")
    support_shields: float = param(0.22, "sd/sd", "reduction of isolation from colleagues by their support", low=0.1, high=0.4, source="assumed E043")
    days: float = param(30.0, "days", "time constant of both kinds of isolation", low=14.0, high=90.0, source="assumed")
    withdrawal: float = switch(True, "exhausted employees withdraw from others", source="assumed")
    withdrawing: float = param(0.10, "sd/sd", "effect of exhaustion on isolation from colleagues", low=0.0, high=0.25, source="assumed")
    affect_colleagues: float = param(0.17, "sd/sd", "effect of negative affectivity on isolation from colleagues", low=0.0, high=0.35, source="fitted target:isolation_exhaustion")
    company_level: float = param(0.0, "sd", "intercept of isolation from the company (reference mean 0)", low=-3.0, high=3.0, source="centred")
    company_spread: float = param(0.8, "sd/sd", "effect of disposition on isolation from the company", low=0.1, high=1.2, source="centred")
    shared: float = param(0.42, "sd/sd", "correlation between the dispositions to both kinds of isolation", low=0.1, high=0.7, source="assumed")
    manager_shields: float = param(0.33, "sd/sd", "reduction of isolation from the company by the manager's support", low=0.2, high=0.5, source="assumed E036")
    unmet_company: float = param(0.15, "sd/sd", "effect of unmet need for company on isolation from the company", low=0.0, high=0.4, source="assumed")
    recognised: float = param(0.40, "sd/sd", "reduction of isolation from the company by recognition", low=0.1, high=0.8, source="assumed known_conversations_isolation")
    withdrawing_company: float = param(0.08, "sd/sd", "effect of exhaustion on isolation from the company", low=0.0, high=0.2, source="assumed")
    affect_company: float = param(0.12, "sd/sd", "effect of negative affectivity on isolation from the company", low=0.0, high=0.3, source="assumed")
    bond_days: float = param(90.0, "days", "time constant of the bond with the team", low=45.0, high=240.0, source="assumed")
    organisation_bond_days: float = param(180.0, "days", "time constant of the bond with the organisation", low=90.0, high=360.0, source="assumed anchor_days_ties")
    usual_within: float = param(4.5, "strength", "mean tie strength within the team of reference people", low=0.1, high=12.0, source="centred")
    within_sd: float = param(1.0, "strength", "standard deviation of tie strength within the team among reference people", low=0.05, high=5.0, source="centred")
    usual_across: float = param(1.5, "strength", "mean tie strength across teams of reference people", low=0.02, high=8.0, source="centred")
    across_sd: float = param(0.6, "strength", "standard deviation of tie strength across teams among reference people", low=0.02, high=4.0, source="centred")
    team_bond_level: float = param(0.0, "sd", "intercept of the bond with the team (reference mean 0)", low=-3.0, high=3.0, source="centred")
    team_bond_spread: float = param(0.7, "sd/sd", "effect of disposition on the bond with the team", low=0.1, high=1.2, source="centred")
    organisation_bond_level: float = param(0.0, "sd", "intercept of the bond with the organisation (reference mean 0)", low=-3.0, high=3.0, source="centred")
    organisation_bond_spread: float = param(0.7, "sd/sd", "effect of disposition on the bond with the organisation", low=0.1, high=1.2, source="centred")
    bond_of_support: float = param(0.35, "sd/sd", "effect of support from colleagues or from above on the bonds", low=0.1, high=0.6, source="assumed")
    bond_of_ties: float = param(0.45, "sd/sd", "effect of tie strength on the bonds", low=0.1, high=0.8, source="assumed anchor_days_ties")
    isolation_strains: float = switch(True, "isolation causes strain", source="E035")
    colleagues_strain: float = param(0.12, "sd/sd", "effect of isolation from colleagues on strain", low=0.05, high=0.25, source="assumed E035")
    company_strain: float = param(0.10, "sd/sd", "effect of isolation from the company on strain", low=0.03, high=0.20, source="assumed E035")

    @trait("sd", stream="solitude")
    def solitude(self, normal):
        """Lasting inclination to feel alone among colleagues."""
        return normal

    @trait("sd", stream="estrangement")
    def estrangement(self, normal, solitude):
        """Lasting inclination to feel isolated from the company, correlated with feeling alone."""
        return self.shared * solitude + np.sqrt(1 - self.shared * self.shared) * normal

    @trait("sd", stream="attachment")
    def attachment(self, normal):
        """Lasting inclination to feel part of the organisation."""
        return normal

    @flow("sd")
    def unmet_need(self, contact_beyond_habit, need_for_affiliation):
        """Unmet need for company: none for most people, rising more than in proportion as contact falls."""
        missed = self.need * need_for_affiliation - contact_beyond_habit - self.slack
        return shortfall(self.bend * missed) / self.bend

    @stock("sd", start="solitude")
    def isolation_from_colleagues(
        self, isolation_from_colleagues, solitude, need_for_affiliation, unmet_need, colleague_support, exhaustion,
        negative_affect,
    ):
        """Unmet need for informal contact, friendship and comradeship at work."""
        person = self.colleagues_level + self.colleagues_spread * solitude + self.affiliation * need_for_affiliation
        moved = self.unmet * unmet_need - self.support_shields * colleague_support
        mood = self.withdrawal * self.withdrawing * exhaustion + self.affect_colleagues * negative_affect
        return approach(isolation_from_colleagues, saturating(person + moved + mood, self.limit), self.days)

    @stock("sd", start="estrangement")
    def isolation_from_company(
        self, isolation_from_company, estrangement, manager_support, unmet_need, recognition, exhaustion, negative_affect
    ):
        """Lack of support from the company, of belonging and of recognition."""
        person = self.company_level + self.company_spread * estrangement + self.unmet_company * unmet_need
        shield = self.manager_shields * manager_support + self.recognised * recognition
        mood = self.withdrawal * self.withdrawing_company * exhaustion + self.affect_company * negative_affect
        return approach(isolation_from_company, saturating(person - shield + mood, self.limit), self.days)

    @stock("sd", start="attachment")
    def bond_with_team(self, bond_with_team, attachment, network_within, colleague_support):
        """Feeling part of the team."""
        person = self.team_bond_level + self.team_bond_spread * attachment
        ties = self.bond_of_ties * (network_within - self.usual_within) / self.within_sd
        target = saturating(person + ties + self.bond_of_support * colleague_support, self.limit)
        return approach(bond_with_team, target, self.bond_days)

    @stock("sd", start="attachment")
    def bond_with_organisation(self, bond_with_organisation, attachment, network_across, manager_support, recognition):
        """Feeling part of the organisation."""
        person = self.organisation_bond_level + self.organisation_bond_spread * attachment
        ties = self.bond_of_ties * (network_across - self.usual_across) / self.across_sd
        above = self.bond_of_support * (manager_support + recognition)
        target = saturating(person + ties + above, self.limit)
        return approach(bond_with_organisation, target, self.organisation_bond_days)

    @adds_to("strain", "sd")
    def strain_of_isolation(self, isolation_from_colleagues, isolation_from_company):
        """Strain from isolation."""
        both = self.colleagues_strain * isolation_from_colleagues + self.company_strain * isolation_from_company
        return self.isolation_strains * both
