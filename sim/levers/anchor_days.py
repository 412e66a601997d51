"""Fixed office days: on its first days in the team's own order, the office is expected of everybody in the team."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.language.grammar import Lever, param


@dataclass(frozen=True)
class AnchorDays(Lever):
    """Anchor days raise co-presence within the team and leave less for the rest (interviews of 2021)."""

    days: float = param(2.0, "days/week", "fixed office days of a team", low=1.0, high=5.0, source="definition")
    firmness: float = param(
        0.70, "share", "of those asked on a fixed day, who come", low=0.3, high=1.0, source="assumed office_emptier"
    )

    def office_expected(self, office_expected, dose, anchor_rank):
        """On a fixed day the office is expected as firmly as the agreement holds."""
        return np.maximum(office_expected, dose * self.firmness * (anchor_rank < self.days))
