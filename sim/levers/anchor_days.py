"""Anchor days: fixed days a week on which the whole team is expected at the office."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.language.grammar import Lever, param


@dataclass(frozen=True)
class AnchorDays(Lever):
    """Anchor days raise co-presence within the team and leave less for the rest (interviews of 2021)."""

    days: float = param(2.0, "days/week", "fixed office days of a team", low=1.0, high=5.0, source="definition")
    firmness: float = param(
        0.70, "share", "compliance with a fixed office day among those who prefer home", low=0.3, high=1.0,
        source="assumed office_emptier",
    )  # fmt: skip

    def office_expected(self, office_expected, dose, anchor_rank):
        """Expectation to come to the office, raised on a fixed day by the compliance with the agreement."""
        return np.maximum(office_expected, dose * self.firmness * (anchor_rank < self.days))
