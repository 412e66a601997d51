"""Importance rounds: draws are simulated and weighted, first those of the flow, then those of a surrogate."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sim.errors import UserError
from sim.experiments.designs import ROW
from sim.experiments.results import Results
from sim.experiments.sweep import Sweep
from sim.files import claim, read_checked, write_checked
from sim.studies.posterior import flow, surrogate, weights
from sim.studies.posterior.problem import Problem
from sim.studies.posterior.simulator import CENTRE, TABLE

Simulate = Callable[[str, Sweep], Results]
"""Runs a sweep in the folder of this name below that of the study."""
FLOW, SURROGATE = "flow", "surrogate"
_PROPOSAL, _RECOVERY = "at.npz", "tested.npz"
RECOVERY_DRAWS, _RECOVERY_CHAINS = 300, 20
"""Draws for each known parameter set, and chains of the sampler."""


@dataclass(frozen=True)
class Simulations:
    """Completed runs, each with its row of the design.

    `at` (run, parameter) are shares of the ranges, `simulated` (run, observation) observations, and `centres` mean and
    SD of each standardised scale by run.
    """

    at: np.ndarray
    simulated: np.ndarray
    centres: pd.DataFrame
    rows: np.ndarray

    def __len__(self) -> int:
        return len(self.at)


@dataclass(frozen=True)
class WeightedDraws:
    """A round of simulated draws and their weights (draw,), which add up to 1.

    `source` is `FLOW` or `SURROGATE`. Weights use the `expected` observations (draw, observation): those of the run, or
    with less noise those of run and surrogate together. `r_hat` states the convergence of the sampler, and `misfit` the
    accuracy of the surrogate; 1 is ideal.
    """

    source: str
    simulations: Simulations
    expected: np.ndarray
    weights: np.ndarray
    r_hat: float | None = None
    misfit: float | None = None

    @property
    def effective_size(self) -> float:
        """Effective sample size."""
        return weights.effective_size(self.weights)


def completed(results: Results, problem: Problem) -> Simulations:
    """Return the completed runs of a sweep, in the order of its design."""
    names = [one.name for one in problem.observations]
    table = _table(results, names)
    spans = np.array([(factor.low, factor.high) for factor in problem.factors])
    values = results.design.loc[table[ROW], [factor.name for factor in problem.factors]].to_numpy(float)
    at = np.clip((values - spans[:, 0]) / (spans[:, 1] - spans[:, 0]), 0, 1)
    centres = table.filter(regex=f"^{CENTRE}").astype(float)
    return Simulations(at, table[names].to_numpy(float), centres, table[ROW].to_numpy())


def _table(results: Results, names: Sequence[str]) -> pd.DataFrame:
    """Return the completed runs with a number for every observation."""
    if not results.any_done:
        raise UserError(f"No run was completed. Error of the first: {results.states['error'].iloc[0]}")
    table = results.archive.table(TABLE).astype({"run": "str"}).merge(results.runs, on="run")
    complete: pd.DataFrame = table[np.isfinite(table[list(names)]).all(axis=1)].sort_values([ROW, "replicate"])
    return complete


def with_error(simulated: np.ndarray, problem: Problem) -> np.ndarray:
    """Return simulations (run, observation) with random error and discrepancy, as if observed."""
    rng = np.random.default_rng((problem.settings.seed, 1))
    return np.asarray(simulated + problem.error * rng.standard_normal(simulated.shape))


# -- rounds -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ImportanceRounds:
    """All rounds of one problem, after the simulations from the prior (`before`).

    The `trained` flow is of the influential parameters, which are `columns` of all. `folder` keeps proposals, so that
    an interrupted study resumes with the same draws.
    """

    problem: Problem
    simulate: Simulate
    folder: Path
    report: Callable[[str], None]
    trained: flow.Flow
    columns: np.ndarray
    before: Simulations

    def all(self) -> list[WeightedDraws]:
        """Return the round of the flow, and those of the surrogate until the effective sample size suffices."""
        settings = self.problem.settings
        rounds = [self._flow_round()]
        self._report_size(rounds[0])
        size = rounds[0].effective_size
        while size < settings.enough and len(rounds) <= settings.rounds:
            rounds.append(self._surrogate_round([self.before, *(one.simulations for one in rounds)], len(rounds)))
            size = pool_rounds(rounds[1:]).effective_size
            self._report_size(rounds[-1])
        return rounds

    def _report_size(self, own: WeightedDraws) -> None:
        count = len(own.simulations)
        self.report(f"draws of the {own.source}: effective sample size {own.effective_size:.0f} of {count:,}")

    def _flow_round(self) -> WeightedDraws:
        """Draw the influential parameters from the flow and the others from the prior."""
        problem, settings = self.problem, self.problem.settings

        def propose() -> dict[str, Any]:
            at = np.random.default_rng((settings.seed, 2)).random((settings.proposals, len(problem.factors)))
            scores = self.trained.draw(problem.values, settings.proposals, settings.seed)
            at[:, self.columns] = weights.shares(scores)
            return {"at": at, "ratio": weights.log_prior(scores) - self.trained.log_density(scores, problem.values)}

        proposal = self._proposal(0, propose)
        done = self._simulate_round(proposal["at"], 0)
        likelihood = weights.log_likelihood(done.simulated, problem.values, problem.error)
        own = weights.normalised(likelihood + proposal["ratio"][done.rows])
        return WeightedDraws(FLOW, done, done.simulated, own)

    def _surrogate_round(self, previous: Sequence[Simulations], number: int) -> WeightedDraws:
        """Draw from the prior times the likelihood of a surrogate that is fitted to all previous runs.

        The weight is the likelihood after the simulation over the one before, since the prior is in both.
        """
        settings, error, values = self.problem.settings, self.problem.error, self.problem.values

        def propose() -> dict[str, Any]:
            at, simulated = (np.concatenate([getattr(one, name) for one in previous]) for name in ("at", "simulated"))
            near = np.arange(len(at)) >= len(previous[0])
            model = surrogate.fit_surrogate(at, simulated, error, self._repeated(), near)
            draws, r_hat = surrogate.sample(model, values, settings.proposals, settings.seed + number)
            return {"at": draws, "r_hat": r_hat, **vars(model)}

        proposal = self._proposal(number, propose)
        draws, r_hat = proposal.pop("at"), float(proposal.pop("r_hat"))
        model, done = surrogate.Surrogate(**proposal), self._simulate_round(draws, number)
        own = weights.normalised(model.log_weights(done.at, done.simulated, values))
        expected = model.expected(done.at, done.simulated)
        return WeightedDraws(SURROGATE, done, expected, own, r_hat, model.misfit(done.at, done.simulated))

    def recovery(self, training: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return scores of known parameter sets and draws of a surrogate for each, of the influential parameters.

        Known sets are simulations from the prior outside `training` (run,), with error and discrepancy as if observed.
        Shapes are (set, parameter) and (draw, set, parameter).
        """
        settings, before = self.problem.settings, self.before
        held_out = np.flatnonzero(~training)[: settings.truths]

        def draw() -> dict[str, Any]:
            at, simulated = before.at[training], before.simulated[training]
            near = np.full(len(at), True)
            model = surrogate.fit_surrogate(at, simulated, self.problem.error, self._repeated(), near)
            model = replace(model, model_error=model.model_error + model.noise)  # a known set has one noisy run
            self.report(f"recovery of {len(held_out)} known parameter sets by the surrogate")
            draws = [
                surrogate.sample(model, one, RECOVERY_DRAWS, settings.seed + number, chains=_RECOVERY_CHAINS)[0]
                for number, one in enumerate(with_error(before.simulated[held_out], self.problem))
            ]
            return {"drawn": np.stack(draws, axis=1)[:, :, self.columns]}

        draws = load_or_make(self.folder / _RECOVERY, draw)["drawn"]
        return weights.scores(before.at[held_out][:, self.columns]), weights.scores(draws)

    def _repeated(self) -> np.ndarray:
        """Return observations (run, observation) of repeated runs of one parameter set."""
        names = [one.name for one in self.problem.observations]
        return _table(self.simulate("alike", self.problem.repeated), names)[names].to_numpy(float)

    def _simulate_round(self, at: np.ndarray, number: int) -> Simulations:
        sweep = self.problem.proposals(at, number)
        return completed(self.simulate(f"{self.folder.name}/round_{number}", sweep), self.problem)

    def _proposal(self, number: int, propose: Callable[[], Mapping[str, Any]]) -> dict[str, np.ndarray]:
        folder = self.folder / f"round_{number}"
        claim(folder, "runs")
        return load_or_make(folder / _PROPOSAL, propose)


def load_or_make(path: Path, make: Callable[[], Mapping[str, Any]]) -> dict[str, np.ndarray]:
    """Return the arrays of a file, which is made if it is missing or damaged."""
    content = read_checked(path)
    if content is None:
        if path.exists():
            print(f"{path} is damaged and is made again.", file=sys.stderr)
        path.parent.mkdir(parents=True, exist_ok=True)
        buffer = io.BytesIO()
        np.savez(buffer, **make())
        content = buffer.getvalue()
        write_checked(content, path)
    with np.load(io.BytesIO(content)) as arrays:
        return dict(arrays)


def final_draws(rounds: Sequence[WeightedDraws], min_size: float) -> WeightedDraws:
    """Return the draws of all rounds of the last source if their effective sample size suffices.

    Otherwise return the last round without weights. Weights with a small effective sample size would make intervals too
    narrow. Without weights, draws include the error of the surrogate (or flow), so intervals are too wide.
    """
    together = pool_rounds([one for one in rounds if one.source == rounds[-1].source])
    if together.effective_size >= min_size:
        return together
    last = rounds[-1]
    return replace(last, weights=np.full(len(last.simulations), 1 / len(last.simulations)))


def pool_rounds(rounds: Sequence[WeightedDraws]) -> WeightedDraws:
    """Return rounds as one, each weighted by its effective sample size, so that these add up."""
    every = [one.simulations for one in rounds]
    at, simulated, rows = (np.concatenate([getattr(one, n) for one in every]) for n in ("at", "simulated", "rows"))
    together = Simulations(at, simulated, pd.concat([one.centres for one in every], ignore_index=True), rows)
    counts = np.concatenate([one.weights * one.effective_size for one in rounds])
    expected = np.concatenate([one.expected for one in rounds])
    return WeightedDraws(rounds[-1].source, together, expected, counts / counts.sum())
