"""Exhaustion: a slow response to a lasting disposition, life events and strain.

Three components reproduce the test-retest correlations over three weeks and over a year: a trait, life events of about two
months, and a momentary state of some days, which belongs to the questionnaire. Only the remaining variance comes from work,
which limits the effect of any policy. Two instruments measure the same latent exhaustion: the burn-out complaints of the NEA and
the exhaustion scale of the BAT.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.language.curves import approach, saturating, wander
from sim.language.grammar import Mechanism, adds_to, flow, param, stock, switch, trait


@dataclass(frozen=True)
class Exhaustion(Mechanism):
    """Work-related exhaustion, the core of burn-out (Schaufeli, Desart and De Witte 2020)."""

    limit: float = param(4.0, "sd", "largest absolute value of psychological states", low=3.0, high=6.0, source="definition")
    level: float = param(0.0, "sd", "intercept of exhaustion (reference mean 0)", low=-3.0, high=3.0, source="centred")
    spread: float = param(0.67, "sd/sd", "effect of negative affectivity on exhaustion", low=0.1, high=1.2, source="centred")
    events_share: float = param(0.53, "sd/sd", "effect of life events on exhaustion", low=0.3, high=0.7, source="assumed E088")
    events_days: float = param(59.0, "days", "time constant of life events", low=30.0, high=120.0, source="assumed E088")
    days: float = param(33.0, "days", "time constant of exhaustion", low=14.0, high=70.0, source="assumed")
    contagion: float = switch(False, "exhaustion spreads over ties", source="E125 E126")
    caught: float = param(0.07, "sd/sd", "effect of contacts' exhaustion on strain (contagion)", low=0.0, high=0.15, source="assumed E126")
    lasting_scar: float = switch(False, "severe exhaustion leaves an after-effect (scar) that slows recovery", source="E095")
    scar_from: float = param(2.0, "sd", "exhaustion above which an after-effect (scar) forms", low=1.5, high=3.0, source="assumed E095")
    scar_grows: float = param(240.0, "days", "time constant of the formation of the after-effect (scar)", low=120.0, high=480.0, source="assumed E095")
    scar_heals: float = param(720.0, "days", "time constant of the fading of the after-effect (scar)", low=360.0, high=1440.0, source="assumed E096")
    scar_slows: float = param(0.5, "ratio", "slowing of recovery by a full after-effect (scar)", low=0.0, high=1.0, source="assumed E096")
    cynical: float = param(0.60, "sd/sd", "effect of exhaustion on cynicism", low=0.3, high=0.8, source="assumed")
    disengaged: float = param(0.35, "sd/sd", "reduction of cynicism by engagement", low=0.1, high=0.6, source="assumed")

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
