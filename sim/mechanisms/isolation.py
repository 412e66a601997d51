"""Isolation and bond: unmet need of company, and feeling part of team and organisation.

Isolation is *unmet need*: most people need no more contact than they have, and additional contact helps less and less. A linear
form would make full-time office work a cure, which no study has found. Isolation from colleagues responds to contact and
colleagues; isolation from the company responds to support and recognition. Both correlate with exhaustion largely through a
common cause: mood and response style.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.language.curves import approach, saturating, shortfall
from sim.language.grammar import Mechanism, adds_to, flow, param, stock, switch, trait


@dataclass(frozen=True)
class Isolation(Mechanism):
    """Isolation from colleagues and from the company (Marshall, Michaels and Mulki 2007), and two bonds."""

    limit: float = param(4.0, "sd", "where a psychological state levels off", low=3.0, high=6.0, source="definition")
    need: float = param(0.30, "sd/sd", "more contact needed per SD of need for company", low=0.1, high=0.6, source="assumed E042")
    slack: float = param(0.30, "sd", "contact one can lack before it is missed", low=0.0, high=0.8, source="assumed")
    bend: float = param(2.0, "1/sd", "how sharp the corner is between enough and lacking", low=1.0, high=4.0, source="assumed")
    colleagues_level: float = param(0.0, "sd", "sets the reference mean of isolation from colleagues to 0", low=-3.0, high=3.0, source="centred")
    colleagues_spread: float = param(0.8, "sd/sd", "how much one's disposition sets isolation from colleagues", low=0.1, high=1.2, source="centred")
    unmet: float = param(0.90, "sd/sd", "isolation from colleagues per SD of unmet need", low=0.3, high=1.2, source="assumed E040 E042")
    affiliation: float = param(0.12, "sd/sd", "isolation from colleagues per SD of need for company", low=0.0, high=0.3, source="assumed E042")
    support_shields: float = param(0.22, "sd/sd", "isolation from colleagues spared per SD of their support", low=0.1, high=0.4, source="assumed E043")
    days: float = param(30.0, "days", "time in which isolation follows its causes", low=14.0, high=90.0, source="assumed")
    withdrawal: float = switch(True, "the exhausted withdraw from others", source="assumed")
    withdrawing: float = param(0.10, "sd/sd", "isolation from colleagues per SD of exhaustion", low=0.0, high=0.25, source="assumed")
    affect_colleagues: float = param(0.17, "sd/sd", "isolation from colleagues per SD of negative affect", low=0.0, high=0.35, source="fitted target:isolation_exhaustion")
    company_level: float = param(0.0, "sd", "sets the reference mean of isolation from the company to 0", low=-3.0, high=3.0, source="centred")
    company_spread: float = param(0.8, "sd/sd", "how much one's disposition sets isolation from the company", low=0.1, high=1.2, source="centred")
    shared: float = param(0.42, "sd/sd", "what both isolations have in common", low=0.1, high=0.7, source="assumed")
    manager_shields: float = param(0.33, "sd/sd", "isolation from company spared per SD of manager's support", low=0.2, high=0.5, source="assumed E036")
    unmet_company: float = param(0.15, "sd/sd", "isolation from the company per SD of unmet need", low=0.0, high=0.4, source="assumed")
    recognised: float = param(0.40, "sd/sd", "isolation from the company spared per SD of recognition", low=0.1, high=0.8, source="assumed known_conversations_isolation")
    withdrawing_company: float = param(0.08, "sd/sd", "isolation from the company per SD of exhaustion", low=0.0, high=0.2, source="assumed")
    affect_company: float = param(0.12, "sd/sd", "isolation from the company per SD of negative affect", low=0.0, high=0.3, source="assumed")
    bond_days: float = param(90.0, "days", "time in which bonds follow their causes", low=45.0, high=240.0, source="assumed")
    organisation_bond_days: float = param(180.0, "days", "time in which the bond with the organisation follows its causes", low=90.0, high=360.0, source="assumed anchor_days_ties")
    usual_within: float = param(4.5, "strength", "strength of a reference person's ties within the team", low=0.1, high=12.0, source="centred")
    within_sd: float = param(1.0, "strength", "how much reference people differ in ties within the team", low=0.05, high=5.0, source="centred")
    usual_across: float = param(1.5, "strength", "strength of a reference person's ties across teams", low=0.02, high=8.0, source="centred")
    across_sd: float = param(0.6, "strength", "how much reference people differ in ties across teams", low=0.02, high=4.0, source="centred")
    team_bond_level: float = param(0.0, "sd", "sets the reference mean of the bond with the team to 0", low=-3.0, high=3.0, source="centred")
    team_bond_spread: float = param(0.7, "sd/sd", "how much one's disposition sets the bond with the team", low=0.1, high=1.2, source="centred")
    organisation_bond_level: float = param(0.0, "sd", "sets the reference mean of the bond with the firm to 0", low=-3.0, high=3.0, source="centred")
    organisation_bond_spread: float = param(0.7, "sd/sd", "how much one's disposition sets the bond with the firm", low=0.1, high=1.2, source="centred")
    bond_of_support: float = param(0.35, "sd/sd", "bond per SD of support from colleagues or from above", low=0.1, high=0.6, source="assumed")
    bond_of_ties: float = param(0.45, "sd/sd", "bond per SD of ties", low=0.1, high=0.8, source="assumed anchor_days_ties")
    isolation_strains: float = switch(True, "isolation wears people out", source="E035")
    colleagues_strain: float = param(0.12, "sd/sd", "more strain per SD of isolation from colleagues", low=0.05, high=0.25, source="assumed E035")
    company_strain: float = param(0.10, "sd/sd", "more strain per SD of isolation from the company", low=0.03, high=0.20, source="assumed E035")

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
        """Unmet need of company: none for most, and increasing more than in proportion with less contact."""
        missed = self.need * need_for_affiliation - contact_beyond_habit - self.slack
        return shortfall(self.bend * missed) / self.bend

    @stock("sd", start="solitude")
    def isolation_from_colleagues(
        self, isolation_from_colleagues, solitude, need_for_affiliation, unmet_need, colleague_support, exhaustion,
        negative_affect,
    ):
        """Unmet need of informal contact, friendship and comradeship at work."""
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
