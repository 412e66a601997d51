"""The front: packages of measures that no other package beats on anything without losing on something else.

A package is a set of measures. Its values are numbers of which less is better, the last of them its cost. Differences
below the smallest that matters count as none: values are compared in whole steps of that size (the box dominance of
Laumanns and others 2002). The search is NSGA-II (Deb and others 2002) as Optuna has it, with two things added: a child
that cannot be paid loses measures by lot until it can, and one that has been tried before is changed until it is new.

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
NOTHING: Package = frozenset()
_TRIES = 100
"""How often a child that is not new is changed before it is tried again as it is."""


# -- which packages are beaten ----------------------------------------------------------------------------------------


def in_steps(values: np.ndarray, smallest: Sequence[float]) -> np.ndarray:
    """The values (package, value) in whole steps of the smallest differences that matter; nought is a step's middle."""
    steps: np.ndarray = np.rint(np.asarray(values, float) / np.asarray(smallest, float))
    return steps


def unbeaten(values: np.ndarray) -> np.ndarray:
    """(package,) bool: no other is as low in all values and lower in one."""
    as_low = (values[:, None] <= values[None]).all(axis=2)
    lower = (values[:, None] < values[None]).any(axis=2)
    return np.logical_not((as_low & lower).any(axis=0))


def front(values: np.ndarray, smallest: Sequence[float]) -> list[int]:
    """The packages on the front, cheapest first; of those that differ by no step, the cheapest stands for all."""
    steps = in_steps(values, smallest)
    cheapest: dict[tuple[float, ...], int] = {}
    of_front = unbeaten(steps)
    for package in np.argsort(values[:, -1], kind="stable"):
        if of_front[package]:
            cheapest.setdefault(tuple(steps[package]), int(package))
    return list(cheapest.values())


def candidates(values: np.ndarray, smallest: Sequence[float], count: int) -> list[int]:
    """So many packages to look at again: three quarters of the front, the others nearly on it; cheapest first.

    Nearly on it are those that would be, were the front not there. Where either has more than its share, those are
    taken that lie furthest apart, the cheapest and the best on each value always.
    """
    on = front(values, smallest)
    off = np.setdiff1d(np.arange(len(values)), on)
    nearly = [int(off[package]) for package in front(values[off], smallest)] if len(off) else []
    many = max(count - len(nearly), (3 * count + 3) // 4)
    first = apart(values, on, many, smallest)
    chosen = [*first, *apart(values, nearly, count - len(first), smallest)]
    return sorted(chosen, key=lambda package: (values[package, -1], package))


def apart(values: np.ndarray, among: Sequence[int], count: int, smallest: Sequence[float]) -> list[int]:
    """So many of these packages as lie furthest apart: the best on each value, then always the furthest from all."""
    if len(among) <= count:
        return list(among)
    own = np.asarray(values, float)[list(among)]
    reach = np.maximum(np.ptp(own, axis=0), smallest)
    chosen = list(dict.fromkeys(int(place) for place in [*own.argmin(axis=0)[::-1]]))[:count]
    while len(chosen) < count:
        far = np.abs((own[:, None] - own[None, chosen]) / reach).sum(axis=2).min(axis=1)
        far[chosen] = -1
        chosen.append(int(far.argmax()))
    return [among[place] for place in chosen]


# -- the search -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Space:
    """What may be packed: the measures to choose from, and whether a package can be paid."""

    measures: tuple[str, ...]
    affordable: Callable[[Package], bool]

    def paid(self, wanted: Sequence[str], chance: np.random.Generator) -> Package:
        """The wanted measures, taken up by lot as long as they can be paid."""
        kept = NOTHING
        for place in chance.permutation(len(wanted)):
            if self.affordable(kept | {wanted[place]}):
                kept |= {wanted[place]}
        return kept


def search(
    space: Space,
    evaluate: Callable[[Sequence[Package]], np.ndarray],
    population: int,
    generations: int,
    seed: int,
    goals: int = 3,
) -> Iterator[list[Package]]:
    """Try packages, generation by generation, and yield those of each.

    `evaluate` takes the packages of a generation and returns their values (package, goal), less being better, in
    the steps in which they are to be compared; a package may come again. The first packages are every measure alone.
    The same seed and values give the same packages, however often the search is begun anew. Raises UserError where
    Optuna is missing.
    """
    try:
        import optuna
    except ImportError:
        raise UserError("this needs Optuna; install hybridwork[analysis]") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    choices: dict[str, Any] = {name: optuna.distributions.CategoricalDistribution([0, 1]) for name in space.measures}
    tried = {NOTHING}
    sampler = _sampler(space, choices, tried, population, seed)
    study = optuna.create_study(directions=["minimize"] * goals, sampler=sampler)
    for _ in range(generations):
        trials, packages = [], []
        for _ in range(population):
            trials.append(study.ask(choices))
            packages.append(_package(trials[-1].params))
            tried.add(packages[-1])
        for trial, values in zip(trials, evaluate(packages), strict=True):
            study.tell(trial, [float(value) for value in values])
        yield packages


def _package(chosen: Mapping[str, Any]) -> Package:
    return frozenset(name for name, taken in chosen.items() if taken)


def _sampler(space: Space, choices: dict[str, Any], tried: set[Package], population: int, seed: int) -> NSGAIISampler:
    """NSGA-II whose children can be paid and have not been tried."""
    from optuna.samplers import NSGAIISampler

    chance = np.random.default_rng(seed)
    alone = (frozenset({name}) for name in space.measures if space.affordable(frozenset({name})))

    class Affordable(NSGAIISampler):
        def infer_relative_search_space(self, study: Any, trial: Any) -> dict[str, Any]:
            return choices

        def sample_relative(self, study: Any, trial: Any, search_space: dict[str, Any]) -> dict[str, Any]:
            child = super().sample_relative(study, trial, search_space)
            package = next(alone, None) or self.settled(child)
            return {name: int(name in package) for name in space.measures}

        def settled(self, child: Mapping[str, Any]) -> Package:
            # What crossover and mutation leave open, all of it in the first generation, is decided by lot.
            wanted = [name for name in space.measures if child.get(name, chance.integers(2))]
            package = space.paid(wanted, chance)
            for _ in range(_TRIES):
                if package not in tried:
                    break
                other = space.measures[chance.integers(len(space.measures))]
                package = space.paid(sorted(package ^ {other}), chance)
            return package

    return Affordable(population_size=population, seed=seed)
