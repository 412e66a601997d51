"""Comings and goings: sickness absence, turnover, and newcomers in vacated places.

Exhausted people are absent more often. A newcomer replaces each person who leaves, with new traits, no ties in the organisation
and no knowledge of its measures.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.language.curves import ratio, switched
from sim.language.grammar import Mechanism, flow, param, stock, switch, trait


@dataclass(frozen=True)
class ComingsAndGoings(Mechanism):
    """Absence rises with exhaustion (Borritz and others 2006); staff turns over."""

    days: float = param(364.0, "days/year", "days in a model year", low=364.0, high=364.0, source="definition")
    weeks: float = param(52.0, "weeks/year", "weeks in a model year", low=52.0, high=52.0, source="definition")
    sickness: float = switch(True, "employees are absent through sickness", source="E097")
    short_spells: float = param(1.1, "1/year", "usual rate of short sickness absences", low=0.6, high=1.8, source="assumed E097")
    short_length: float = param(6.0, "days", "mean duration of a short sickness absence", low=3.0, high=10.0, source="assumed")
    long_spells: float = param(0.085, "1/year", "usual rate of long sickness absences", low=0.03, high=0.15, source="assumed E097 E100")
    long_length: float = param(120.0, "days", "mean duration of a long sickness absence", low=40.0, high=280.0, source="assumed E101 E102")
    sick_of_exhaustion: float = param(0.19, "log ratio/sd", "effect of exhaustion on the onset of short sickness absence", low=0.10, high=0.28, source="E103")
    long_of_exhaustion: float = param(0.50, "log ratio/sd", "effect of exhaustion on the onset of long sickness absence", low=0.27, high=0.90, source="assumed E104 E105")
    sick_of_health: float = param(0.40, "log ratio", "effect of poorer health on the onset of sickness absence", low=0.0, high=0.8, source="assumed")
    turnover: float = switch(True, "employees leave and are replaced", source="assumed")
    leaving: float = param(0.11, "1/year", "usual rate of leaving the organisation", low=0.05, high=0.20, source="assumed")
    leaving_of_exhaustion: float = param(0.20, "log ratio/sd", "effect of exhaustion on leaving the organisation", low=0.0, high=0.4, source="assumed")
    leaving_when_flexible: float = param(0.70, "log ratio", "effect of a flexible contract on leaving the organisation", low=0.0, high=1.5, source="assumed")
    longest_tenure: float = param(12.0, "years", "longest tenure at the start", low=5.0, high=25.0, source="assumed")

    @stock("0/1", stream="short_absence")
    def short_absence(self, short_absence, uniform, exhaustion, poorer_health):
        """Is away sick for some days."""
        begins = self.short_spells / self.days * ratio(self.sick_of_exhaustion * exhaustion + self.sick_of_health * poorer_health)
        return switched(short_absence, uniform, self.sickness * begins, 1 / self.short_length)

    @trait("0/1", stream="long_absence_at_start")
    def long_absence_at_start(self, uniform):
        """Is on long-term absence at the start."""
        return uniform < self.sickness * self.long_spells * self.long_length / self.days

    @stock("0/1", start="long_absence_at_start", newcomer=0.0, stream="long_absence")
    def long_absence(self, long_absence, uniform, exhaustion, poorer_health):
        """Is away sick for months."""
        begins = self.long_spells / self.days * ratio(self.long_of_exhaustion * exhaustion + self.sick_of_health * poorer_health)
        return switched(long_absence, uniform, self.sickness * begins, 1 / self.long_length)

    @flow("0/1")
    def absent(self, short_absence, long_absence):
        """Is away sick today."""
        return np.maximum(short_absence, long_absence)

    @flow("0/1", every="week", stream="leaves")
    def leaves(self, uniform, exhaustion, flexible_contract):
        """Leaves the firm at the end of the day; a new person takes the place."""
        pushed = ratio(self.leaving_of_exhaustion * exhaustion + self.leaving_when_flexible * flexible_contract)
        return uniform < self.turnover * self.leaving / self.weeks * pushed

    @trait("years", stream="tenure_years")
    def tenure_years(self, uniform):
        """Years of tenure at the start."""
        return self.longest_tenure * uniform * uniform

    @trait("days")
    def tenure_at_start(self, tenure_years):
        """Days of tenure at the start."""
        return self.days * tenure_years

    @stock("days", start="tenure_at_start", newcomer=0.0)
    def tenure(self, tenure):
        """Tenure."""
        return tenure + 1
