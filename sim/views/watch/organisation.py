"""One organisation, week by week: the same people under today's practice and under selected levers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import mesa
import networkx as nx
import numpy as np
from mesa.space import NetworkGrid

from sim.engine.plan import BASELINE
from sim.model import HybridWorkModel
from sim.world.calendar import DAYS_A_WEEK
from sim.world.ties import Ties

PRACTICE = "practice_2022"
OUTCOMES = ("burn_out_complaints", "isolation_from_colleagues")
LEVERS, TODAY = "levers", "today"
"""The two worlds of the organisation, which share all random numbers."""


class Organisation(mesa.Model):
    """A Mesa model whose step is a week of two worlds: one under levers, and one under today's practice.

    `kwargs`, the name that Mesa's page requires, maps families of levers to options of `conf/`; other families stay as
    in 2022. `grid` has the people under levers, one per node, with every possible tie. Raises UserError for an unknown
    option, and for options that cannot be combined.
    """

    def __init__(self, employees: int = 120, seed: int = 1, **kwargs: str):
        firm: dict[str, Any] = {"firm": "one", "firm__employees": employees, "seed": seed}
        changed: dict[str, Any] = {family: option for family, option in kwargs.items() if option != PRACTICE}
        self.worlds = {
            LEVERS: HybridWorkModel(**firm, **changed),
            TODAY: HybridWorkModel(**firm, scenario=BASELINE.name),
        }
        super().__init__()  # after what may be refused: Mesa wraps `step`, which a second call would wrap again
        self.settings = {"employees": employees, "seed": seed, **kwargs}
        self.with_levers = self.worlds[LEVERS]
        self.pairs, self._pair_of_slot = pairs_of(self.with_levers.engine.staff.firm.ties)
        self.grid = NetworkGrid(_graph(self.with_levers, self.pairs))
        for person in self.with_levers.agents:
            self.grid.place_agent(person, person.place)
        reporters = {(name, world): _reporter(name, world) for name in OUTCOMES for world in self.worlds}
        self.datacollector = mesa.DataCollector(model_reporters=reporters)
        self.datacollector.collect(self)

    def step(self) -> None:
        """Simulate a week of both worlds and collect the outcomes; stops at the end of the plan."""
        for world in self.worlds.values():
            world.run_days(DAYS_A_WEEK)
        self.running = self.steps < self.with_levers.plan.weeks
        self.datacollector.collect(self)

    @property
    def tie_strengths(self) -> np.ndarray:
        """The current strength of each pair's tie, 0 to 1, in the order of the edges of `grid`: (pair,)."""
        ties = self.with_levers.engine.staff.firm.ties
        strength = self.with_levers.quantity("tie_strength")[ties.exists]
        return np.bincount(self._pair_of_slot, strength) / np.bincount(self._pair_of_slot)

    def series(self) -> Mapping[tuple[str, str], list[float]]:
        """Return the values by outcome and world: one at the start and one per week."""
        collected: Mapping[tuple[str, str], list[float]] = self.datacollector.model_vars
        return collected


def pairs_of(ties: Ties) -> tuple[np.ndarray, np.ndarray]:
    """Return each possible pair once and in order, (pair, 2), and the pair of each slot."""
    slots = np.argwhere(ties.exists)
    ends = np.sort(np.column_stack([slots[:, 1], ties.partner[ties.exists]]), axis=1)
    pairs, pair_of_slot = np.unique(ends, axis=0, return_inverse=True)
    return pairs, pair_of_slot.ravel()


def _graph(model: HybridWorkModel, pairs: np.ndarray) -> nx.Graph:
    """Return people by team and their possible ties; edges are in the order of the pairs."""
    firm = model.engine.staff.firm
    graph = nx.Graph()
    for place, (team, leads) in enumerate(zip(firm.team.tolist(), firm.is_manager.tolist(), strict=True)):
        graph.add_node(place, team=team, is_manager=leads)
    graph.add_edges_from((one, other, {"across": firm.team[one] != firm.team[other]}) for one, other in pairs.tolist())
    return graph


def _reporter(name: str, world: str) -> Callable[[Any], float]:
    return lambda organisation: organisation.worlds[world].outcome(name)
