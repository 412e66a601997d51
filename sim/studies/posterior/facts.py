"""Values of the page: predictions, checks of the draws, shrinkage, trade-offs and scales."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from sim.formatting import fixed, signed
from sim.studies.posterior.diagnostics import NOMINAL
from sim.studies.posterior.importance_rounds import FLOW, SURROGATE
from sim.text import code

Tables = Mapping[str, pd.DataFrame]
Row = Mapping[Any, Any]

SMALLEST_CORRELATION = 0.3
"""Smallest correlation of a pair that trades off."""
_LITTLE, _STRONG, _WEAK = 0.1, 0.5, 0.2
"""Shrinkage that counts as little, and correlations of true values and estimates that count as strong and weak."""
_PARAMETERS, _PAIRS, _SCALES = 20, 12, 5
"""Rows of the tables on the page."""
RECOVERY_BY = {FLOW: "", SURROGATE: "_of_surrogate"}
"""Ending of the tables `recovery` and `coverage` by method."""


def facts(tables: Tables) -> dict[str, Any]:
    """Return the values of `report.md.j2` that tables give."""
    predictive, shrinkage, pairs, scales = (tables[n] for n in ("predictive", "shrinkage", "trade_offs", "scales"))
    drift = scales["mean"].abs() + (scales["mean_high"] - scales["mean_low"]) / 2
    return {
        "observations": len(predictive),
        "inside": int(predictive["inside"].sum()),
        "outside": list(predictive.loc[~predictive["inside"], "label"]),
        "nominal": list(NOMINAL),
        "recovery": [_recovery(tables, method) for method, of in RECOVERY_BY.items() if f"recovery{of}" in tables],
        "little": _LITTLE,
        "little_shrinkage": int((shrinkage["shrinkage"] < _LITTLE).sum()),
        "pairs": len(pairs),
        "smallest_correlation": SMALLEST_CORRELATION,
        "predictive_rows": _rows(predictive.sort_values("inside", kind="stable"), _predictive_row),
        "round_rows": _rows(tables["rounds"], _round_row),
        "shrinkage_rows": _rows(shrinkage.head(_PARAMETERS), _shrinkage_row),
        "pair_rows": _rows(pairs.head(_PAIRS), _pair_row),
        "scale_rows": _rows(scales.loc[drift.sort_values(ascending=False).index].head(_SCALES), _scale_row),
    }


def _recovery(tables: Tables, method: str) -> dict[str, Any]:
    """Return coverage and correlation of true values and medians, for known parameter sets outside the training."""
    coverage, recovery = (tables[f"{name}{RECOVERY_BY[method]}"] for name in ("coverage", "recovery"))
    correlation = recovery.groupby("parameter")[["true", "median"]].apply(lambda own: own["true"].corr(own["median"]))
    mean = coverage[coverage["parameter"] == "all"].set_index("nominal")["covered"]
    single = coverage[coverage["parameter"] != "all"]
    worst = single.loc[(single["covered"] - single["nominal"]).abs().idxmax()]
    return {
        "method": method,
        "sets": int(recovery["truth"].nunique()),
        "covered": [float(mean[level]) for level in NOMINAL],
        "worst": {name: worst[name] for name in ("parameter", "covered", "nominal")},
        "parameters": len(correlation),
        "strong": int((correlation > _STRONG).sum()),
        "weak": int((correlation < _WEAK).sum()),
    }


# -- rows of the tables of the page -----------------------------------------------------------------------------------


def _rows(table: pd.DataFrame, cells: Callable[[Row], list[str]]) -> list[list[str]]:
    return [cells(row) for row in table.to_dict("records")]


def _with_interval(row: Row) -> str:
    return f"{row['median']:.3g} ({row['low']:.3g} to {row['high']:.3g})"


def _predictive_row(row: Row) -> list[str]:
    numbers = [f"{row[name]:g}" for name in ("observed", "error", "discrepancy")]
    model = f"{row['model_low']:.3g} to {row['model_high']:.3g}"
    return [row["label"], row["unit"], *numbers, _with_interval(row), model, "yes" if row["inside"] else "**no**"]


def _round_row(row: Row) -> list[str]:
    ideally_one = ["" if pd.isna(row[name]) else fixed(row[name], 2) for name in ("misfit", "r_hat")]
    sizes = [f"{row['runs']:,}", f"{row['effective_size']:.0f}", f"{row['largest_weight']:.1%}"]
    return [str(row["round"]), row["source"], *sizes, *ideally_one]


def _shrinkage_row(row: Row) -> list[str]:
    bounds = f"{row['range_low']:g} to {row['range_high']:g} {row['unit']}"
    return [code(row["parameter"]), bounds, _with_interval(row), f"{row['shrinkage']:.0%}"]


def _pair_row(row: Row) -> list[str]:
    return [code(row["parameter"]), code(row["other"]), signed(row["correlation"], 2)]


def _scale_row(row: Row) -> list[str]:
    mean, low, high = (signed(row[name], 2) for name in ("mean", "mean_low", "mean_high"))
    sd = f"{row['sd']:.2f} ({row['sd_low']:.2f} to {row['sd_high']:.2f})"
    return [row["state"].replace("_", " "), f"{mean} ({low} to {high})", sd]
