"""How far the posterior can be trusted and what was learned: recovery, coverage, shrinkage, trade-offs, predictions.

Recovery and coverage are of the flow, on simulations that it has not learned from, since there the truth is known. All
else is of the draws that were lived anew and weighed.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from sim.experiments.factors import Factor
from sim.studies.posterior import prior
from sim.studies.posterior.observations import Observation
from sim.studies.posterior.weights import quantiles

if TYPE_CHECKING:
    import pandas as pd

    from sim.studies.posterior.flow import Flow

NOMINAL = (0.5, 0.8, 0.95)
"""Credible levels whose coverage is counted."""
PREDICTED = 0.9
"""The level of a predictive interval."""
_PRIOR_SD = 1 / np.sqrt(12)
"""Of a share of the way through a range."""


# -- of the flow, where the truth is known ----------------------------------------------------------------------------


def recovery(truths: np.ndarray, drawn: np.ndarray, factors: Sequence[Factor]) -> pd.DataFrame:
    """Every truth beside what the flow makes of it, in shares of the parameter's range.

    `truths` is (truth, parameter) and `drawn` (draw, truth, parameter), both scores. One row per truth and parameter:
    `true`, `median`, and the 90% interval `low` to `high`.
    """
    import pandas as pd

    low, middle, high = np.quantile(prior.shares(drawn), (0.05, 0.5, 0.95), axis=0)
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


def coverage(truths: np.ndarray, drawn: np.ndarray, names: Sequence[str]) -> pd.DataFrame:
    """How many truths lie inside intervals of each nominal level: central intervals of single parameters.

    `truths` is (truth, parameter), `drawn` (draw, truth, parameter). One row per parameter and level, with `covered`,
    the share of `truths` truths inside; parameter "all" is the mean over parameters.
    """
    import pandas as pd

    rows = []
    for level in NOMINAL:
        low, high = np.quantile(drawn, ((1 - level) / 2, (1 + level) / 2), axis=0)
        covered = ((truths >= low) & (truths <= high)).mean(axis=0)
        for name, share in zip(("all", *names), (covered.mean(), *covered), strict=True):
            rows.append({"parameter": name, "nominal": level, "covered": float(share), "truths": len(truths)})
    return pd.DataFrame(rows)


def of_sbi(flow: Flow, truths: np.ndarray, drawn: np.ndarray, seen: np.ndarray) -> dict[str, float]:
    """sbi's own checks on truths (truth, parameter), what was `drawn` (draw, truth, parameter) for each, and what they
    showed, error included (truth, observation).

    `ranks_p` is the least p of the uniformity of ranks (SBC; Talts and others 2018) over the parameters, times their
    number; `tarp_area` the area between expected and nominal coverage (0: none) and `tarp_p` its p (Lemos and others
    2023).
    """
    import torch
    from sbi.diagnostics import check_tarp, run_tarp
    from sbi.diagnostics.sbc import check_uniformity_frequentist

    draws, theta = len(drawn), torch.as_tensor(truths, dtype=torch.float32)
    ranks = torch.as_tensor((drawn < truths).sum(axis=0), dtype=torch.float32)
    p_of_ranks = check_uniformity_frequentist(ranks, draws)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # sbi tells how many it draws at a time
        found = run_tarp(theta, flow.seen(seen), flow.posterior, num_posterior_samples=draws, show_progress_bar=False)
    area, p = check_tarp(*found)
    return {
        "ranks_p": min(1.0, float(p_of_ranks.min()) * truths.shape[1]),
        "tarp_area": float(area),
        "tarp_p": float(p),
    }


# -- of the weighed draws ---------------------------------------------------------------------------------------------


def shrinkage(at: np.ndarray, weights: np.ndarray, factors: Sequence[Factor]) -> pd.DataFrame:
    """What was learned of each parameter: 1 - posterior SD / prior SD, those most learned first.

    `at` is (draw, parameter) in shares of the ranges. Below 0 the posterior is wider than the prior, which sampling of
    the draws alone can bring about. Median and 90% interval are in the parameter's unit; `moved` is how far the mean
    has gone from the middle of the range, in prior SDs.
    """
    import pandas as pd

    mean = np.average(at, axis=0, weights=weights)
    spread = np.sqrt(np.average((at - mean) ** 2, axis=0, weights=weights))
    low, middle, high = quantiles(at, weights, (0.05, 0.5, 0.95))
    span = np.array([factor.high - factor.low for factor in factors])
    least = np.array([factor.low for factor in factors])
    table = pd.DataFrame(
        {
            "parameter": [factor.name for factor in factors],
            "unit": [factor.unit for factor in factors],
            "range_low": least,
            "range_high": least + span,
            "shrinkage": 1 - spread / _PRIOR_SD,
            "moved": (mean - 0.5) / _PRIOR_SD,
            "median": least + middle * span,
            "low": least + low * span,
            "high": least + high * span,
        }
    )
    return table.sort_values("shrinkage", ascending=False, kind="stable", ignore_index=True)


def trade_offs(at: np.ndarray, weights: np.ndarray, factors: Sequence[Factor], least: float) -> pd.DataFrame:
    """Pairs of parameters that stand in for each other: their correlation over the draws, the strongest first.

    Only those of at least `least` either way; `at` is (draw, parameter).
    """
    import pandas as pd

    names = [factor.name for factor in factors]
    together = np.corrcoef(at.T) if np.ptp(weights) == 0 else _weighted_correlation(at, weights)
    first, second = np.triu_indices(len(names), 1)
    strength = together[first, second]
    rows = [(names[first[k]], names[second[k]], strength[k]) for k in np.flatnonzero(np.abs(strength) >= least)]
    table = pd.DataFrame(rows, columns=["parameter", "other", "correlation"])
    return table.sort_values("correlation", key=np.abs, ascending=False, kind="stable", ignore_index=True)


def _weighted_correlation(at: np.ndarray, weights: np.ndarray) -> np.ndarray:
    covariance = np.cov(at.T, aweights=weights)
    spread = np.sqrt(np.diag(covariance))
    return np.asarray(covariance / np.outer(spread, spread))


def predictive(
    asked: Sequence[Observation],
    simulated: np.ndarray,
    weights: np.ndarray,
    before: np.ndarray,
    labels: Mapping[str, str],
    seed: int,
) -> pd.DataFrame:
    """Every observation beside what the posterior would have predicted for it.

    `simulated` is (draw, observation), `before` the same of the prior. `low` to `high` is the 90% interval with error
    and discrepancy, `model_low` to `model_high` without, `prior_low` to `prior_high` that of the prior without.
    `inside` says whether the observation lies within the first.
    """
    import pandas as pd

    error = np.array([one.total for one in asked])
    luck = np.random.default_rng(seed)
    repeats = 20  # of the error of each draw, so that its luck does not show
    blurred = np.concatenate([simulated + error * luck.standard_normal(simulated.shape) for _ in range(repeats)])
    ends = ((1 - PREDICTED) / 2, 0.5, (1 + PREDICTED) / 2)
    low, middle, high = quantiles(blurred, np.tile(weights, repeats), ends)
    model_low, _, model_high = quantiles(simulated, weights, ends)
    prior_low, _, prior_high = np.nanquantile(before, ends, axis=0)
    observed = np.array([one.value for one in asked])
    return pd.DataFrame(
        {
            "observation": [one.name for one in asked],
            "label": [labels.get(one.name, one.name) for one in asked],
            "unit": [one.unit for one in asked],
            "observed": observed,
            "error": [one.error for one in asked],
            "discrepancy": [one.discrepancy for one in asked],
            **{"low": low, "median": middle, "high": high},
            **{"model_low": model_low, "model_high": model_high},
            **{"prior_low": prior_low, "prior_high": prior_high},
            "inside": (observed >= low) & (observed <= high),
        }
    )


def scales(centres: Mapping[str, np.ndarray], weights: np.ndarray) -> pd.DataFrame:
    """How far the scales of the draws have moved from mean 0 and SD 1, where reference people were centred.

    `centres` holds (draw,) by `centre.<state>.mean` and `.sd`. One row per state: the mean over the draws and the 90%
    interval of both.
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
