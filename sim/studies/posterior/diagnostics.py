"""Diagnostics of the posterior: recovery, coverage, shrinkage, trade-offs and predictions.

Recovery and coverage use simulations outside the training data, whose parameters are known. The others use weighted
draws.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sim.experiments.factors import Factor
from sim.studies.posterior.observations import Observation, labels
from sim.studies.posterior.weights import quantiles, shares

if TYPE_CHECKING:
    from sim.studies.posterior.flow import Flow

NOMINAL = (0.5, 0.8, 0.95)
"""Levels of the intervals of coverage."""
_OF_90 = (0.05, 0.5, 0.95)
"""Lower limit of a 90% interval, median and upper limit."""
_PREDICTIVE = 0.9
"""Level of a predictive interval."""
_PRIOR_SD = 1 / np.sqrt(12)
"""SD of a share of a range under the prior."""


# -- known parameter sets: truths (truth, parameter) and draws (draw, truth, parameter) are scores --------------------


def recovery(truths: np.ndarray, draws: np.ndarray, factors: Sequence[Factor]) -> pd.DataFrame:
    """Return true values and estimates (median, 90% interval) by truth and parameter, in shares of the range."""
    low, middle, high = np.quantile(shares(draws), _OF_90, axis=0)
    numbers = {"true": shares(truths), "median": middle, "low": low, "high": high}
    names = [factor.name for factor in factors]
    labelled = {"truth": np.repeat(np.arange(len(truths)), len(names)), "parameter": names * len(truths)}
    return pd.DataFrame(labelled | {name: of.ravel() for name, of in numbers.items()})


def coverage(truths: np.ndarray, draws: np.ndarray, names: Sequence[str]) -> pd.DataFrame:
    """Return the share of true values in central intervals, by parameter and nominal level.

    Parameter "all" is the mean over parameters.
    """
    rows = []
    for level in NOMINAL:
        low, high = np.quantile(draws, ((1 - level) / 2, (1 + level) / 2), axis=0)
        covered = ((truths >= low) & (truths <= high)).mean(axis=0)
        for name, share in zip(("all", *names), (covered.mean(), *covered), strict=True):
            rows.append({"parameter": name, "nominal": level, "covered": float(share), "truths": len(truths)})
    return pd.DataFrame(rows)


def sbi_checks(flow: Flow, truths: np.ndarray, draws: np.ndarray, observed: np.ndarray) -> dict[str, float]:
    """Return the checks of sbi, for draws of a flow at simulated observations with error (truth, observation).

    `ranks_p` is the smallest p-value of the uniformity of ranks over parameters, times their number. `tarp_area` is the
    area between expected and nominal coverage, ideally 0, and `tarp_p` its p-value.

    Source: Talts and others (2018) for ranks (SBC); Lemos and others (2023) for TARP.
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
    ranks_p = min(1.0, float(p_of_ranks.min()) * truths.shape[1])
    return {"ranks_p": ranks_p, "tarp_area": float(area), "tarp_p": float(p)}


# -- weighted draws: at (draw, parameter) are shares of the ranges, weights (draw,) add up to 1 -----------------------


def shrinkage(at: np.ndarray, weights: np.ndarray, factors: Sequence[Factor]) -> pd.DataFrame:
    """Return the shrinkage of each parameter, 1 - posterior SD / prior SD, the largest first.

    Shrinkage can be below 0 by sampling. Median and 90% interval are in the parameter's unit. `moved` is the distance
    of the mean from the middle of the range, in prior SD.
    """
    mean = np.average(at, axis=0, weights=weights)
    spread = np.sqrt(np.average((at - mean) ** 2, axis=0, weights=weights))
    low, middle, high = quantiles(at, weights, _OF_90)
    start, span = np.array([(factor.low, factor.high - factor.low) for factor in factors]).T
    table = pd.DataFrame(
        {
            "parameter": [factor.name for factor in factors],
            "unit": [factor.unit for factor in factors],
            **{"range_low": start, "range_high": start + span},
            **{"shrinkage": 1 - spread / _PRIOR_SD, "moved": (mean - 0.5) / _PRIOR_SD},
            **{"median": start + middle * span, "low": start + low * span, "high": start + high * span},
        }
    )
    return table.sort_values("shrinkage", ascending=False, kind="stable", ignore_index=True)


def trade_offs(at: np.ndarray, weights: np.ndarray, factors: Sequence[Factor], smallest: float) -> pd.DataFrame:
    """Return pairs of parameters whose draws correlate by at least `smallest` in size, the strongest first."""
    names = np.array([factor.name for factor in factors], object)
    together = np.corrcoef(at.T) if np.ptp(weights) == 0 else _weighted_correlation(at, weights)
    first, second = np.triu_indices(len(names), 1)
    table = pd.DataFrame({"parameter": names[first], "other": names[second], "correlation": together[first, second]})
    table = table[table["correlation"].abs() >= smallest]
    return table.sort_values("correlation", key=np.abs, ascending=False, kind="stable", ignore_index=True)


def _weighted_correlation(at: np.ndarray, weights: np.ndarray) -> np.ndarray:
    covariance = np.cov(at.T, aweights=weights)
    spread = np.sqrt(np.diag(covariance))
    return np.asarray(covariance / np.outer(spread, spread))


def predictive(
    observations: Sequence[Observation], simulated: np.ndarray, weights: np.ndarray, before: np.ndarray, seed: int
) -> pd.DataFrame:
    """Return every observation with its predictive intervals (90%).

    `simulated` and `before` are simulated observations (draw, observation) of the posterior and of the prior. `low` to
    `high` is the interval with error and discrepancy, `model_low` to `model_high` without, and `prior_low` to
    `prior_high` that of the prior without. `inside`: the observation is within the first.
    """
    table = pd.DataFrame([(one.name, one.unit, one.value, one.error, one.discrepancy) for one in observations])
    table.columns = ["observation", "unit", "observed", "error", "discrepancy"]
    table.insert(1, "label", table["observation"].map(labels()).fillna(table["observation"]))
    error, repeats = np.array([one.total for one in observations]), 20  # of the error of each draw, against noise
    rng = np.random.default_rng(seed)
    blurred = np.concatenate([simulated + error * rng.standard_normal(simulated.shape) for _ in range(repeats)])
    ends = ((1 - _PREDICTIVE) / 2, 0.5, (1 + _PREDICTIVE) / 2)
    table["low"], table["median"], table["high"] = quantiles(blurred, np.tile(weights, repeats), ends)
    table["model_low"], _, table["model_high"] = quantiles(simulated, weights, ends)
    table["prior_low"], _, table["prior_high"] = np.nanquantile(before, ends, axis=0)
    table["inside"] = table["observed"].between(table["low"], table["high"])
    return table


def scales(centres: pd.DataFrame, weights: np.ndarray) -> pd.DataFrame:
    """Return mean and SD of the standardised scales over the draws; at the point estimate they are 0 and 1.

    `centres` has a row per draw and columns `centre.<state>.mean` and `.sd`. There is one row per state, with 90%
    intervals.
    """
    rows = []
    for name in dict.fromkeys(column.split(".")[1] for column in centres):
        row: dict[str, object] = {"state": name}
        for kind in ("mean", "sd"):
            values = centres[[f"centre.{name}.{kind}"]].to_numpy()
            low, high = quantiles(values, weights, (0.05, 0.95))[:, 0]
            row |= {kind: float(np.average(values[:, 0], weights=weights)), f"{kind}_low": low, f"{kind}_high": high}
        rows.append(row)
    return pd.DataFrame(rows)
