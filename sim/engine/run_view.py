"""View of one of several runs that are stacked in one engine as rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.engine.base import LazyMapping
from sim.engine.equation_groups import level_of
from sim.language.levels import DOMAINS
from sim.world.firm import Firm

if TYPE_CHECKING:
    from sim.engine import Engine


@dataclass(frozen=True)
class StaffView:
    """The firm of one run, and its number of employees, teams and establishments."""

    firm: Firm
    count: Mapping[str, int]


class RunView:
    """The rows of one run in an engine of stacked runs, with the attributes that a recorder reads."""

    def __init__(self, engine: Engine, firm: Firm, first: Mapping[str, int]):
        """Create the view; `first` is the first row of the run's employees, teams and establishments."""
        count = {
            "employee": len(firm.identifier),
            "team": len(firm.team_identifier),
            "establishment": len(firm.establishment_identifier),
        }
        rows = {kind: slice(first[kind], first[kind] + number) for kind, number in count.items()}
        self.staff = StaffView(firm, count)
        self.worlds, self.interventions = engine.worlds, engine.interventions
        self.places = rows["employee"]
        self.values = LazyMapping(engine.values, self._read)
        self._engine, self._rows, self._slots = engine, rows, len(firm.ties.partner)

    def _read(self, name: str) -> np.ndarray:
        value, level = self._engine.values[name], level_of(self._engine.registry, name)
        if DOMAINS.get(level) not in self._rows:
            return value
        own = value[..., self._rows[DOMAINS[level]]]
        return np.ascontiguousarray(own[:, : self._slots] if level == "tie" else own)
