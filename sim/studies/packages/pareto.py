"""Pareto front of packages of measures, and the search for it.

A package is a set of measures. Its values are numbers of which less is better, the last of them its cost. Differences
below the smallest relevant one count as none: values are compared after rounding to multiples of it (the box dominance
of Laumanns and others 2002). The search is NSGA-II (Deb and others 2002) in Optuna, with two additions: a child beyond
the budget loses measures at random until it is within it, and a child that was evaluated before is changed.

Deb, K., Pratap, A., Agarwal, S. and Meyarivan, T. (2002). A fast and elitist multiobjective genetic algorithm: NSGA-II.
IEEE Transactions on Evolutionary Computation, 6, 182-197. Laumanns, M., Thiele, L., Deb, K. and Zitzler, E. (2002).
Combining convergence and diversity in evolutionary multiobjective optimization. Evolutionary Computation, 10, 263-282.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import UserError

if TYPE_CHECKING:
    from optuna.samplers import NSGAIISampler

Package = frozenset[str]
EMPTY: Package = frozenset()
VALUES = 3
"""Number of values of a package: two goals and its cost."""
_MAX_CHANGES = 100
"""Changes of a child that was evaluated before, until it is evaluated again."""


# -- front ------------------------------------------------------------------------------------------------------------


def round_to_tolerance(values: np.ndarray, tolerances: Sequence[float]) -> np.ndarray:
    """Return values (package, value) as whole numbers of the smallest relevant differences."""
    rounded: np.ndarray = np.rint(np.asarray(values, float) / np.asarray(tolerances, float))
    return rounded


def nondominated(values: np.ndarray) -> np.ndarray:
    """Return for each package (row) whether no other is at most as high in all values and lower in one."""
    at_most = (values[:, None] <= values[None]).all(axis=2)
    lower = (values[:, None] < values[None]).any(axis=2)
    return np.logical_not((at_most & lower).any(axis=0))


def pareto_front(values: np.ndarray, tolerances: Sequence[float]) -> list[int]:
    """Return the packages on the front, cheapest first, and of packages with equal rounded values the cheapest."""
    rounded = round_to_tolerance(values, tolerances)
    is_on_front = nondominated(rounded)
    cheapest: dict[tuple[float, ...], int] = {}
    for package in np.argsort(values[:, -1], kind="stable"):
        if is_on_front[package]:
            cheapest.setdefault(tuple(rounded[package]), int(package))
    return list(cheapest.values())


def candidates(values: np.ndarray, tolerances: Sequence[float], count: int) -> list[int]:
    """Return packages to re-evaluate, cheapest first: three quarters from the front, the others close to it.

    Close to it is the front of the packages that are not on it. Where either has more than its share, the most distant
    packages are chosen, which include the cheapest and the best on each value.
    """
    front = pareto_front(values, tolerances)
    others = np.setdiff1d(np.arange(len(values)), front)
    close = [int(others[package]) for package in pareto_front(values[others], tolerances)] if len(others) else []
    from_front = most_distant(values, front, max(count - len(close), (3 * count + 3) // 4), tolerances)
    selected = [*from_front, *most_distant(values, close, count - len(from_front), tolerances)]
    return sorted(selected, key=lambda package: (values[package, -1], package))


def most_distant(values: np.ndarray, packages: Sequence[int], count: int, tolerances: Sequence[float]) -> list[int]:
    """Return `count` of the packages: the best on each value, then repeatedly the one most distant from the others."""
    if len(packages) <= count:
        return list(packages)
    own = np.asarray(values, float)[list(packages)]
    scale = np.maximum(np.ptp(own, axis=0), tolerances)
    selected = list(dict.fromkeys(int(index) for index in own.argmin(axis=0)[::-1]))[:count]
    while len(selected) < count:
        distance = np.abs((own[:, None] - own[None, selected]) / scale).sum(axis=2).min(axis=1)
        distance[selected] = -1
        selected.append(int(distance.argmax()))
    return [packages[index] for index in selected]


# -- search -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Space:
    """The measures to choose from, and a function that says whether a package is within the budget."""

    measures: tuple[str, ...]
    affordable: Callable[[Package], bool]

    def affordable_subset(self, measures: Sequence[str], rng: np.random.Generator) -> Package:
        """Return measures added in random order, without those that would exceed the budget."""
        package = EMPTY
        for index in rng.permutation(len(measures)):
            if self.affordable(package | {measures[index]}):
                package |= {measures[index]}
        return package


def search(
    space: Space, evaluate: Callable[[Sequence[Package]], np.ndarray], population: int, generations: int, seed: int
) -> Iterator[list[Package]]:
    """Yield the packages of each generation.

    Parameters
    ----------
    space : Space
    evaluate : callable
        Takes the packages of a generation, which may repeat earlier ones, and returns their values (package, goal) as
        they are to be compared; less is better.
    population, generations : int
        Packages per generation (the first ones are single measures), and number of generations.
    seed : int
        The same seed and values give the same packages.

    Raises
    ------
    UserError
        Where Optuna is not installed.
    """
    try:
        import optuna
    except ImportError:
        raise UserError("This needs Optuna. Install hybridwork[analysis].") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    choices: dict[str, Any] = {name: optuna.distributions.CategoricalDistribution([0, 1]) for name in space.measures}
    evaluated = {EMPTY}
    sampler = _sampler(space, choices, evaluated, population, seed)
    study = optuna.create_study(directions=["minimize"] * VALUES, sampler=sampler)
    for _ in range(generations):
        trials, packages = [], []
        for _ in range(population):
            trials.append(study.ask(choices))
            packages.append(frozenset(name for name, included in trials[-1].params.items() if included))
            evaluated.add(packages[-1])
        for trial, values in zip(trials, evaluate(packages), strict=True):
            study.tell(trial, [float(value) for value in values])
        yield packages


def _sampler(
    space: Space, choices: dict[str, Any], evaluated: set[Package], population: int, seed: int
) -> NSGAIISampler:
    """Return NSGA-II with children that are within the budget and were not evaluated before."""
    from optuna.samplers import NSGAIISampler

    rng = np.random.default_rng(seed)
    single = (frozenset({name}) for name in space.measures if space.affordable(frozenset({name})))

    class Affordable(NSGAIISampler):
        def infer_relative_search_space(self, study: Any, trial: Any) -> dict[str, Any]:
            return choices

        def sample_relative(self, study: Any, trial: Any, search_space: dict[str, Any]) -> dict[str, Any]:
            child = super().sample_relative(study, trial, search_space)
            package = next(single, None) or self.repaired(child)
            return {name: int(name in package) for name in space.measures}

        def repaired(self, child: Mapping[str, Any]) -> Package:
            # Measures that crossover and mutation leave open, such as the whole first generation, are random.
            measures = [name for name in space.measures if child.get(name, rng.integers(2))]
            package = space.affordable_subset(measures, rng)
            for _ in range(_MAX_CHANGES):
                if package not in evaluated:
                    break
                changed = space.measures[rng.integers(len(space.measures))]
                package = space.affordable_subset(sorted(package ^ {changed}), rng)
            return package

    return Affordable(population_size=population, seed=seed)
