"""Diagnostics of the posterior: recovery, coverage, shrinkage, trade-offs and predictions.

Recovery and coverage use simulations outside the training data, whose parameters are known. The others use weighted
draws.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from sim.experiments.factors import Factor
from sim.studies.posterior import prior
from sim.studies.posterior.observations import Observation, labels
from sim.studies.posterior.weights import quantiles

if TYPE_CHECKING:
    import pandas as pd

    from sim.studies.posterior.flow import Flow

NOMINAL = (0.5, 0.8, 0.95)
"""Levels of the intervals of coverage."""
_PREDICTIVE = 0.9
"""Level of a predictive interval."""
_PRIOR_SD = 1 / np.sqrt(12)
"""SD of a share of a range under the prior."""


# -- known parameter sets ---------------------------------------------------------------------------------------------


def recovery(truths: np.ndarray, draws: np.ndarray, factors: Sequence[Factor]) -> pd.DataFrame:
    """Return true values and estimates, in shares of the parameter's range.

    `truths` is (truth, parameter) and `draws` (draw, truth, parameter), both scores. There is one row per truth and
    parameter: `true`, `median`, and the 90% interval `low` to `high`.
    """
    import pandas as pd

    low, middle, high = np.quantile(prior.shares(draws), (0.05, 0.5, 0.95), axis=0)
    count, width = truths.shape
    return pd.DataFrame(
        {
            "truth": np.repeat(np.arange(count), width),
            "parameter": [factor.name for factor in factors] * count,
            "true": prior.shares(truths).ravel(),
            "median": middle.ravel(),
            "low": low.ravel(),
            "high": high.ravel(),
        }
    )


def coverage(truths: np.ndarray, draws: np.ndarray, names: Sequence[str]) -> pd.DataFrame:
    """Return the coverage of central intervals of single parameters, by nominal level.

    `truths` is (truth, parameter), `draws` (draw, truth, parameter). There is one row per parameter and level:
    `covered` is the share of the true values inside. Parameter "all" is the mean over parameters.
    """
    import pandas as pd

    rows = []
    for level in NOMINAL:
        low, high = np.quantile(draws, ((1 - level) / 2, (1 + level) / 2), axis=0)
        covered = ((truths >= low) & (truths <= high)).mean(axis=0)
        for name, share in zip(("all", *names), (covered.mean(), *covered), strict=True):
            rows.append({"parameter": name, "nominal": level, "covered": float(share), "truths": len(truths)})
    return pd.DataFrame(rows)


def sbi_checks(flow: Flow, truths: np.ndarray, draws: np.ndarray, observed: np.ndarray) -> dict[str, float]:
    """Return the checks of sbi.

    Parameters
    ----------
    flow : Flow
        Trained flow.
    truths : ndarray of shape (truth, parameter)
        Scores of known parameter sets.
    draws : ndarray of shape (draw, truth, parameter)
        Scores that the flow drew for each.
    observed : ndarray of shape (truth, observation)
        Simulated observations of each, with error.

    Returns
    -------
    dict
        `ranks_p`: smallest p-value of the uniformity of ranks over parameters, times their number. `tarp_area`: area
        between expected and nominal coverage, ideally 0. `tarp_p`: its p-value.

    Source
    ------
    Talts and others (2018) for ranks (SBC); Lemos and others (2023) for TARP.
    """
    import torch
    from sbi.diagnostics import check_tarp, run_tarp
    from sbi.diagnostics.sbc import check_uniformity_frequentist

    count, theta = len(draws), torch.as_tensor(truths, dtype=torch.float32)
    ranks = torch.as_tensor((draws < truths).sum(axis=0), dtype=torch.float32)
    p_of_ranks = check_uniformity_frequentist(ranks, count)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # sbi reports its batch size
        tarp = run_tarp(
            theta, flow.standardised(observed), flow.posterior, num_posterior_samples=count, show_progress_bar=False
        )
    area, p = check_tarp(*tarp)
    return {
        "ranks_p": min(1.0, float(p_of_ranks.min()) * truths.shape[1]),
        "tarp_area": float(area),
        "tarp_p": float(p),
    }


# -- weighted draws ---------------------------------------------------------------------------------------------------


def shrinkage(at: np.ndarray, weights: np.ndarray, factors: Sequence[Factor]) -> pd.DataFrame:
    """Return the shrinkage of each parameter, 1 - posterior SD / prior SD, the largest first.

    `at` is (draw, parameter) in shares of the ranges. Shrinkage can be below 0 by sampling. Median and 90% interval are
    in the parameter's unit. `moved` is the distance of the mean from the middle of the range, in prior SD.
    """
    import pandas as pd

    mean = np.average(at, axis=0, weights=weights)
    spread = np.sqrt(np.average((at - mean) ** 2, axis=0, weights=weights))
    low, middle, high = quantiles(at, weights, (0.05, 0.5, 0.95))
    span = np.array([factor.high - factor.low for factor in factors])
    start = np.array([factor.low for factor in factors])
    table = pd.DataFrame(
        {
            "parameter": [factor.name for factor in factors],
            "unit": [factor.unit for factor in factors],
            "range_low": start,
            "range_high": start + span,
            "shrinkage": 1 - spread / _PRIOR_SD,
            "moved": (mean - 0.5) / _PRIOR_SD,
            "median": start + middle * span,
            "low": start + low * span,
            "high": start + high * span,
        }
    )
    return table.sort_values("shrinkage", ascending=False, kind="stable", ignore_index=True)


def trade_offs(at: np.ndarray, weights: np.ndarray, factors: Sequence[Factor], smallest: float) -> pd.DataFrame:
    """Return pairs of parameters that trade off: their correlation over the draws, the strongest first.

    Only correlations of at least `smallest` in size are returned. `at` is (draw, parameter).
    """
    import pandas as pd

    names = [factor.name for factor in factors]
    together = np.corrcoef(at.T) if np.ptp(weights) == 0 else _weighted_correlation(at, weights)
    first, second = np.triu_indices(len(names), 1)
    strength = together[first, second]
    rows = [(names[first[k]], names[second[k]], strength[k]) for k in np.flatnonzero(np.abs(strength) >= smallest)]
    table = pd.DataFrame(rows, columns=["parameter", "other", "correlation"])
    return table.sort_values("correlation", key=np.abs, ascending=False, kind="stable", ignore_index=True)


def _weighted_correlation(at: np.ndarray, weights: np.ndarray) -> np.ndarray:
    covariance = np.cov(at.T, aweights=weights)
    spread = np.sqrt(np.diag(covariance))
    return np.asarray(covariance / np.outer(spread, spread))


def predictive(
    observations: Sequence[Observation], simulated: np.ndarray, weights: np.ndarray, before: np.ndarray, seed: int
) -> pd.DataFrame:
    """Return every observation with its predictive interval.

    Parameters
    ----------
    observations : sequence of Observation
        Observations.
    simulated, before : ndarray of shape (draw, observation)
        Simulated observations of the posterior and of the prior.
    weights : ndarray of shape (draw,)
        Weights of the posterior.
    seed : int
        Seed of the random errors.

    Returns
    -------
    DataFrame
        `low` to `high` is the 90% interval with error and discrepancy, `model_low` to `model_high` without, and
        `prior_low` to `prior_high` that of the prior without. `inside`: the observation is within the first.
    """
    import pandas as pd

    error = np.array([one.total for one in observations])
    rng = np.random.default_rng(seed)
    repeats = 20  # of the error of each draw, against noise
    blurred = np.concatenate([simulated + error * rng.standard_normal(simulated.shape) for _ in range(repeats)])
    ends = ((1 - _PREDICTIVE) / 2, 0.5, (1 + _PREDICTIVE) / 2)
    low, middle, high = quantiles(blurred, np.tile(weights, repeats), ends)
    model_low, _, model_high = quantiles(simulated, weights, ends)
    prior_low, _, prior_high = np.nanquantile(before, ends, axis=0)
    observed = np.array([one.value for one in observations])
    names = labels()
    return pd.DataFrame(
        {
            "observation": [one.name for one in observations],
            "label": [names.get(one.name, one.name) for one in observations],
            "unit": [one.unit for one in observations],
            "observed": observed,
            "error": [one.error for one in observations],
            "discrepancy": [one.discrepancy for one in observations],
            **{"low": low, "median": middle, "high": high},
            **{"model_low": model_low, "model_high": model_high},
            **{"prior_low": prior_low, "prior_high": prior_high},
            "inside": (observed >= low) & (observed <= high),
        }
    )


def scales(centres: Mapping[str, np.ndarray], weights: np.ndarray) -> pd.DataFrame:
    """Return mean and SD of the standardised scales over the draws; at the point estimate they are 0 and 1.

    `centres` holds (draw,) by `centre.<state>.mean` and `.sd`. There is one row per state, with 90% intervals.
    """
    import pandas as pd

    rows = []
    for name in dict.fromkeys(column.split(".")[1] for column in centres):
        row: dict[str, object] = {"state": name}
        for kind in ("mean", "sd"):
            values = centres[f"centre.{name}.{kind}"]
            low, high = quantiles(values[:, None], weights, (0.05, 0.95))[:, 0]
            row |= {kind: float(np.average(values, weights=weights)), f"{kind}_low": low, f"{kind}_high": high}
        rows.append(row)
    return pd.DataFrame(rows)
