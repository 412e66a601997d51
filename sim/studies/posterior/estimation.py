"""Procedure: prior simulations, screening, flow, importance rounds and the diagnostics of the draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sim.errors import UserError, invalid
from sim.experiments import output_folder
from sim.experiments.designs import Design
from sim.experiments.factors import Factor
from sim.experiments.results import Results as SweepResults
from sim.studies.posterior import diagnostics, flow, weights
from sim.studies.posterior.facts import RECOVERY_BY, SMALLEST_CORRELATION
from sim.studies.posterior.importance_rounds import (
    RECOVERY_DRAWS,
    SURROGATE,
    ImportanceRounds,
    Simulate,
    Simulations,
    WeightedDraws,
    completed,
    final_draws,
    pool_rounds,
    with_error,
)
from sim.studies.posterior.observations import Observation, check_reach
from sim.studies.posterior.problem import Problem, Settings
from sim.studies.sensitivity.indices import screen

_DIGITS = 5
_MIN_TRAINING_RUNS = 100


@dataclass(frozen=True)
class Results:
    """Tables by name, posterior draws, and facts beside them."""

    problem: Problem
    tables: dict[str, pd.DataFrame]
    draws: pd.DataFrame
    facts: dict[str, Any]


def estimate(problem: Problem, simulate: Simulate, folder: Path, report: Callable[[str], None]) -> Results:
    """Estimate the posterior.

    Parameters
    ----------
    problem : Problem
        Settings, uncertain parameters and observations.
    simulate : callable
        Runs a sweep in the folder of a name.
    folder : Path
        Folder that keeps the flow and the proposals, so that an interrupted study resumes.
    report : callable
        Prints progress.

    Raises
    ------
    UserError
        If the model does not reach an observation, or almost all runs fail.
    """
    settings = problem.settings
    before = completed(simulate("prior", problem.prior), problem)
    check_reach(problem.observations, before.simulated)
    screened = _screen(simulate("screening", problem.screening), problem)
    names = influential(screened, settings.threshold)
    _check_sufficient(names, before, settings)
    columns = np.array([place for place, factor in enumerate(problem.factors) if factor.name in names])
    own = [problem.factors[place] for place in columns]
    training = before.rows < settings.simulations - settings.held_out
    report(f"{len(names)} of {len(problem.factors)} parameters are influential; training on {training.sum():,} runs")
    scores = weights.scores(before.at[:, columns])
    simulated = before.simulated[training]
    trained = _flow(folder, lambda: flow.train(scores[training], simulated, problem.error, settings.seed))
    truths, observed = scores[~training], with_error(before.simulated[~training], problem)
    draws = trained.draw_many(observed, RECOVERY_DRAWS, settings.seed)
    importance = ImportanceRounds(problem, simulate, folder, report, trained, columns, before)
    rounds = importance.all()
    final = final_draws(rounds, settings.enough)
    tables = {"screening": screened, **_recovery(truths, draws, own), **_diagnostics(problem, final, before)}
    tables["rounds"] = rounds_table(rounds)
    if final.source == SURROGATE:
        tables |= _recovery(*importance.recovery(training), own, RECOVERY_BY[SURROGATE])
    final_rows = weights.resampled(final.weights, settings.draws, settings.seed)
    size = pool_rounds([one for one in rounds if one.source == final.source]).effective_size
    weighted = sum(len(one.simulations) for one in rounds)
    values = {
        "influential": names,
        "training_runs": int(training.sum()),
        "epochs": trained.epochs,
        "sbi": diagnostics.sbi_checks(trained, truths, draws, observed),
        "distinct": len(np.unique(final_rows)),
        "parameters": len(problem.factors),
        "simulations": {"prior": len(before), "screening": len(problem.screening), "weighted": weighted},
        "effective_size": size,
        "weighted": size >= settings.enough,
        "source": final.source,
    }
    return Results(problem, tables, _parameter_values(problem, final.simulations.at[final_rows]), values)


def _check_sufficient(names: Sequence[str], before: Simulations, settings: Settings) -> None:
    if not names:
        reason = "No parameter moves any observation by so many SD of its error."
        accepted = "a lower threshold, or observations with smaller errors"
        raise UserError(invalid("posterior.threshold", f"{settings.threshold:g}", accepted, reason))
    if len(before) < settings.held_out + _MIN_TRAINING_RUNS:
        reason = f"Only {len(before):,} runs are complete and {settings.held_out:,} of them are held out."
        accepted = f"at least {_MIN_TRAINING_RUNS} more"
        raise UserError(invalid("posterior.simulations", f"{settings.simulations:,}", accepted, reason))


def _flow(folder: Path, train: Callable[[], flow.Flow]) -> flow.Flow:
    """Return the flow of the folder, which is trained if it is missing."""
    path = folder / "flow.pt"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        output_folder.write_by(path, train().save)
    return flow.load(path)


# -- screening --------------------------------------------------------------------------------------------------------


def screening(
    design: Design, simulated: np.ndarray, observations: Sequence[Observation], levels: int, seed: int
) -> pd.DataFrame:
    """Return the effect (mu*) of each parameter's range on each observation, in SD of error and discrepancy.

    `simulated` is (row of the design, observation). The largest effects come first: `moves` is the largest of a
    parameter and `observation` its observation; one further column per observation. Observations carry no information
    on a parameter whose effects are small compared with their errors.
    """
    effects = pd.DataFrame(
        {
            one.name: screen(design, simulated[:, column] / one.total, levels, seed)["mu_star"].to_numpy()
            for column, one in enumerate(observations)
        }
    )
    table = pd.DataFrame(
        {
            "parameter": [factor.name for factor in design.factors],
            "moves": effects.max(axis=1),
            "observation": effects.idxmax(axis=1),
        }
    )
    return table.join(effects).sort_values("moves", ascending=False, kind="stable", ignore_index=True)


def _screen(results: SweepResults, problem: Problem) -> pd.DataFrame:
    """Return the table of the screening; failed runs are nan and remove their trajectories."""
    done, sweep, settings = completed(results, problem), problem.screening, problem.settings
    values = np.full((len(sweep), len(problem.observations)), np.nan)
    values[done.rows] = done.simulated
    return screening(sweep.design, values, problem.observations, settings.levels, settings.seed)


def influential(table: pd.DataFrame, threshold: float) -> list[str]:
    """Return parameters that move an observation by at least `threshold` SD, in alphabetical order."""
    return sorted(table.loc[table["moves"] >= threshold, "parameter"])


# -- results ----------------------------------------------------------------------------------------------------------


def _recovery(
    truths: np.ndarray, draws: np.ndarray, factors: Sequence[Factor], of: str = ""
) -> dict[str, pd.DataFrame]:
    return {
        f"recovery{of}": diagnostics.recovery(truths, draws, factors),
        f"coverage{of}": diagnostics.coverage(truths, draws, [factor.name for factor in factors]),
    }


def _diagnostics(problem: Problem, final: WeightedDraws, before: Simulations) -> dict[str, pd.DataFrame]:
    at, own, seed = final.simulations.at, final.weights, problem.settings.seed
    return {
        "shrinkage": diagnostics.shrinkage(at, own, problem.factors),
        "trade_offs": diagnostics.trade_offs(at, own, problem.factors, SMALLEST_CORRELATION),
        "predictive": diagnostics.predictive(problem.observations, final.expected, own, before.simulated, seed),
        "scales": diagnostics.scales(final.simulations.centres, own),
    }


def rounds_table(rounds: Sequence[WeightedDraws]) -> pd.DataFrame:
    """Return sizes, largest weight and accuracy of each round."""
    return pd.DataFrame(
        {
            "round": range(len(rounds)),
            "source": [one.source for one in rounds],
            "runs": [len(one.simulations) for one in rounds],
            "effective_size": [one.effective_size for one in rounds],
            "largest_weight": [one.weights.max() for one in rounds],
            "r_hat": [one.r_hat for one in rounds],
            "misfit": [one.misfit for one in rounds],
        }
    )


def _parameter_values(problem: Problem, at: np.ndarray) -> pd.DataFrame:
    """Return shares (draw, parameter) as rounded values within their ranges."""
    columns = {}
    for place, factor in enumerate(problem.factors):
        rounded = [float(f"{value:.{_DIGITS}g}") for value in factor.at(at[:, place])]
        columns[factor.name] = np.clip(rounded, factor.low, factor.high)
    return pd.DataFrame(columns)
