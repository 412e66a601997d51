"""One organisation, week by week: the same people under today's practice and under levers of one's choice."""

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
WATCHED = ("burn_out_complaints", "isolation_from_colleagues")
LEVERS, TODAY = "levers", "today"
"""The two lives of the organisation, which share all their chance."""


class Organisation(mesa.Model):
    """A Mesa model whose step is a week: a `HybridWorkModel` under levers, and its twin under today's practice.

    `employees` is a whole number, `seed` one from 0; `kwargs`, the name that Mesa's page looks for, maps families of
    levers to options of `conf/`: a family left out stays as it was in 2022. `grid` holds the people under levers, one
    a node, with every possible tie. Raises UserError for an option that does not exist or cannot go with another.
    """

    def __init__(self, employees: int = 120, seed: int = 1, **kwargs: str):
        firm: dict[str, Any] = {"firm": "one", "firm__employees": employees, "seed": seed}
        changed: dict[str, Any] = {family: option for family, option in kwargs.items() if option != PRACTICE}
        lives = {
            LEVERS: HybridWorkModel(**firm, **changed),
            TODAY: HybridWorkModel(**firm, scenario=BASELINE.name),
        }
        super().__init__()
        self.asked = {"employees": employees, "seed": seed, **kwargs}
        self.lives = lives
        self.lived = self.lives[LEVERS]
        self.pairs, self._pair_of_slot = pairs_of(self.lived.engine.staff.firm.ties)
        self.grid = NetworkGrid(_graph(self.lived, self.pairs))
        for person in self.lived.agents:
            self.grid.place_agent(person, person.place)
        reporters = {(name, life): _reporter(name, life) for name in WATCHED for life in self.lives}
        self.datacollector = mesa.DataCollector(model_reporters=reporters)
        self.datacollector.collect(self)

    def step(self) -> None:
        """Live a week, both lives, and collect what is watched; stops at the end of the plan."""
        for life in self.lives.values():
            life.run_days(DAYS_A_WEEK)
        self.running = self.steps < self.lived.plan.weeks
        self.datacollector.collect(self)

    @property
    def tie_strengths(self) -> np.ndarray:
        """The strength today of each pair's tie, 0 to 1, in the order of the edges of `grid`: (pair,)."""
        ties = self.lived.engine.staff.firm.ties
        strength = self.lived.quantity("tie_strength")[ties.exists]
        return np.bincount(self._pair_of_slot, strength) / np.bincount(self._pair_of_slot)

    def series(self) -> Mapping[tuple[str, str], list[float]]:
        """What is watched, by outcome and life: a value at the start and one a week."""
        collected: Mapping[tuple[str, str], list[float]] = self.datacollector.model_vars
        return collected


def pairs_of(ties: Ties) -> tuple[np.ndarray, np.ndarray]:
    """Each pair of people with a place for a tie, once and in order: rows (pair, 2), and the pair of each slot."""
    slots = np.argwhere(ties.exists)
    ends = np.sort(np.column_stack([slots[:, 1], ties.partner[ties.exists]]), axis=1)
    pairs, pair_of_slot = np.unique(ends, axis=0, return_inverse=True)
    return pairs, pair_of_slot.ravel()


def _graph(model: HybridWorkModel, pairs: np.ndarray) -> nx.Graph:
    """People by team, and their possible ties; with pairs in order the edges come in the order of the pairs."""
    firm = model.engine.staff.firm
    graph = nx.Graph()
    for place, (team, leads) in enumerate(zip(firm.team.tolist(), firm.is_manager.tolist(), strict=True)):
        graph.add_node(place, team=team, is_manager=leads)
    graph.add_edges_from((one, other, {"across": firm.team[one] != firm.team[other]}) for one, other in pairs.tolist())
    return graph


def _reporter(name: str, life: str) -> Callable[[Any], float]:
    return lambda organisation: organisation.lives[life].outcome(name)
