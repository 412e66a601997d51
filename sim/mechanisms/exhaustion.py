"""Exhaustion: a slow response to a lasting disposition, life events and strain.

Test-retest correlations over three weeks and over a year need three parts: a trait, events of about two months, and a state of
some days that only the questionnaire measures (it is part of the instrument). Work causes the rest, which limits the effect of
any policy. One latent exhaustion has two instruments: the burn-out complaints of the NEA and the exhaustion of the BAT.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.language.curves import approach, saturating, wander
from sim.language.grammar import Mechanism, adds_to, flow, param, stock, switch, trait


@dataclass(frozen=True)
class Exhaustion(Mechanism):
    """Work-related exhaustion, the core of burn-out (Schaufeli, Desart and De Witte 2020)."""

    limit: float = param(4.0, "sd", "where a psychological state levels off", low=3.0, high=6.0, source="definition")
    level: float = param(0.0, "sd", "sets the reference mean of exhaustion to 0", low=-3.0, high=3.0, source="centred")
    spread: float = param(0.67, "sd/sd", "exhaustion per SD of lasting negative affect", low=0.1, high=1.2, source="centred")
    events_share: float = param(0.53, "sd/sd", "exhaustion per SD of life's events", low=0.3, high=0.7, source="assumed E088")
    events_days: float = param(59.0, "days", "how long good and bad times last", low=30.0, high=120.0, source="assumed E088")
    days: float = param(33.0, "days", "time in which exhaustion follows its causes", low=14.0, high=70.0, source="assumed")
    contagion: float = switch(False, "exhaustion spreads over ties", source="E125 E126")
    caught: float = param(0.07, "sd/sd", "more strain per SD of contacts' exhaustion", low=0.0, high=0.15, source="assumed E126")
    lasting_scar: float = switch(False, "those once very exhausted recover more slowly", source="E095")
    scar_from: float = param(2.0, "sd", "exhaustion that leaves a scar", low=1.5, high=3.0, source="assumed E095")
    scar_grows: float = param(240.0, "days", "time in which a scar forms", low=120.0, high=480.0, source="assumed E095")
    scar_heals: float = param(720.0, "days", "time in which a scar heals", low=360.0, high=1440.0, source="assumed E096")
    scar_slows: float = param(0.5, "ratio", "how much a full scar slows recovery", low=0.0, high=1.0, source="assumed E096")
    cynical: float = param(0.60, "sd/sd", "cynicism per SD of exhaustion", low=0.3, high=0.8, source="assumed")
    disengaged: float = param(0.35, "sd/sd", "cynicism spared per SD of engagement", low=0.1, high=0.6, source="assumed")

    @trait("sd", stream="events_at_start")
    def events_at_start(self, normal):
        """Life events at entry."""
        return normal

    @stock("sd", start="events_at_start", stream="life_events")
    def life_events(self, life_events, normal):
        """Life events: good and bad periods of some months, in private life and at work."""
        return wander(life_events, self.events_days, normal)

    @flow("sd", every="week")
    def exhaustion_of_contacts(self, ties, exhaustion, tie_strength):
        """Exhaustion of contacts, weighted by the strength of ties."""
        return ties.mean(exhaustion, tie_strength)

    @adds_to("strain", "sd")
    def strain_of_contagion(self, exhaustion_of_contacts):
        """Contagion of exhaustion from contacts; off by default."""
        return self.contagion * self.caught * exhaustion_of_contacts

    @stock("share")
    def scar(self, scar, exhaustion):
        """After-effect of severe exhaustion, from 0 to 1; off by default."""
        severe = self.lasting_scar * (exhaustion > self.scar_from)
        return scar + severe * (1 - scar) / self.scar_grows - (1 - severe) * scar / self.scar_heals

    @stock("sd", start="negative_affect")
    def exhaustion(self, exhaustion, negative_affect, life_events, strain, scar):
        """Work-related exhaustion: 0 is the mean of Dutch home workers in 2022, 1 is one SD more."""
        person = self.level + self.spread * negative_affect
        target = saturating(person + self.events_share * life_events + strain, self.limit)
        slowed = np.where(target < exhaustion, self.scar_slows * scar, 0)
        return approach(exhaustion, target, self.days * (1 + slowed))

    @flow("sd")
    def cynicism(self, exhaustion, engagement):
        """Mental distance from work; no other quantity depends on it."""
        return self.cynical * exhaustion - self.disengaged * engagement
