"""Values of the page: estimates of the panel, true effects, and differences from publications."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sim.formatting import fixed
from sim.reporting.labels import label_of
from sim.studies.panel import results
from sim.studies.panel.codebook import SYNTHETIC
from sim.studies.panel.cross_lagged import MIN_PEOPLE
from sim.studies.panel.literature import (
    CUTS,
    DIRECTIONS,
    EXHAUSTION,
    LABELS,
    LAGS,
    LOAD,
    RETESTS,
    Published,
    label_of_path,
)
from sim.studies.panel.results import AS_IT_IS, CROSS_LAGGED, CUT, LATENT, OBSERVED, WITHIN, Settings
from sim.survey.correlations import least_significant

if TYPE_CHECKING:
    import pandas as pd

Tables = Mapping[str, "pd.DataFrame"]
Row = Mapping[Any, Any]

_FORWARD, _BACK = (LOAD, EXHAUSTION), (EXHAUSTION, LOAD)
_STABLE = 0.90
"""Latent correlation with itself over the longest time above which a state hardly changes."""
_SMALLEST = 0.02
"""Smallest difference between two cross-lags that the page mentions."""
_NOT_ESTIMATED = dict.fromkeys(("mean", "low", "high", "study_low", "study_high"), math.nan)


def facts(tables: Tables, settings: Settings, trial: pd.DataFrame) -> dict[str, Any]:
    """Return the values of `report.md.j2`; None stands for what was not estimated."""
    lags, longest = tables["lags"], settings.spacings[-1]
    ordering = _find(tables["orderings"], months=longest, form=CROSS_LAGGED, level=OBSERVED)
    return {
        "synthetic": SYNTHETIC,
        "waves": [f"{month:g}" for month in settings.waves],
        "min_people": MIN_PEOPLE,
        "waves_within": results.WAVES_WITHIN,
        "spacings": [f"{month:g}" for month in settings.spacings],
        "last_wave": settings.waves[-1],
        "longest": longest,
        "invited": settings.invited,
        "members": float(lags["people"].max()),
        "load_exhaustion": _estimate(_lag(lags, _FORWARD, longest)),
        "exhaustion_load": _estimate(_lag(lags, _BACK, longest)),
        "load_exhaustion_within": _mean(_lag(lags, _FORWARD, longest, form=WITHIN)),
        "exhaustion_load_within": _mean(_lag(lags, _BACK, longest, form=WITHIN)),
        "exhaustion_load_cut": _mean(_lag(lags, _BACK, longest, path=CUT)),
        "hidden": _is_hidden(lags, longest),
        "ordering": _estimate(ordering),
        "cuts": [
            {"path": label_of_path(*pair), "observed": _mean(_lag(lags, pair, longest)),
             "cut": _mean(_lag(lags, pair, longest, path=CUT))}
            for pair in CUTS
        ],
        "retests": [_retest(tables["retests"], weeks) for weeks in (3, 52)],
        **_drop_out(tables["drop_out"], len(settings.waves)),
        **_differences(tables, settings),
        **_table_rows(tables, settings, trial),
    }  # fmt: skip


def _drop_out(drop_out: pd.DataFrame, last: int) -> dict[str, Any]:
    people = _find(drop_out, wave=last, figure="people")["mean"]
    changes = {name: name.replace("_", " ") for name in ("bias", "observed_change", "true_change")}
    return {
        "answering": _mean(_find(drop_out, wave=last, figure="answer")),
        "people": people,
        "significant_from": least_significant(round(people)),
        **{name: _mean(_find(drop_out, wave=last, figure=of, about=EXHAUSTION)) for name, of in changes.items()},
        "lag_biases": [_estimate(_find(drop_out, wave=last, figure="lag bias", about=of)) for of in _FORWARD],
        "joined": _mean(_find(drop_out, wave=1, figure="joined", about=EXHAUSTION)),
    }


# -- rows of the tables -----------------------------------------------------------------------------------------------


def _find(table: pd.DataFrame, **entries: object) -> Row:
    """Return the first row with these entries; its numbers are nan if it was not estimated."""
    for name, value in entries.items():
        table = table[table[name] == value]
    return _NOT_ESTIMATED if table.empty else table.iloc[0].to_dict()


def _lag(lags: pd.DataFrame, pair: Sequence[str], months: float, **entries: str) -> Row:
    """Return the row of one lagged effect: the observed cross-lag with every path, but for other `entries`."""
    usual = {"form": CROSS_LAGGED, "level": OBSERVED, "path": AS_IT_IS}
    return _find(lags, earlier=pair[0], later=pair[1], months=months, **(usual | entries))


def _mean(own: Row, column: str = "mean") -> float | None:
    return None if math.isnan(own[column]) else float(own[column])


def _estimate(own: Row) -> dict[str, float | None]:
    return {name: _mean(own, name) for name in ("mean", "low", "high")}


def _retest(retests: pd.DataFrame, weeks: int) -> float | None:
    return _mean(_find(retests, scale=EXHAUSTION, weeks=weeks, level=OBSERVED))


# -- differences from publications ------------------------------------------------------------------------------------


def _is_hidden(lags: pd.DataFrame, months: float) -> bool:
    """Return whether the path from exhaustion to load adds clearly more to the cross-lag than shows within people."""
    whole, cut = (_lag(lags, _BACK, months, path=path)["mean"] for path in (AS_IT_IS, CUT))
    return bool(whole - cut >= _lag(lags, _BACK, months, form=WITHIN)["mean"] + _SMALLEST)


def _differences(tables: Tables, settings: Settings) -> dict[str, Any]:
    lags, orderings, retests = (tables[name] for name in ("lags", "orderings", "retests"))
    first, longest = settings.spacings[0], settings.spacings[-1]
    observed = orderings[(orderings["form"] == CROSS_LAGGED) & (orderings["level"] == OBSERVED)].dropna(subset="mean")
    compared = [one for own in LAGS if (one := _compare(lags, own, settings))]
    within = lags[(lags["months"] == longest) & (lags["form"] == WITHIN) & (lags["level"] == OBSERVED)]
    within = within.dropna(subset="mean")
    signs = within[(within["study_low"] > 0) | (within["study_high"] < 0)]
    last = retests["weeks"].max()
    stable = retests[(retests["level"] == LATENT) & (retests["weeks"] == last) & (retests["mean"] > _STABLE)]
    growth = [_mean(_lag(lags, _BACK, months)) for months in (first, longest)]
    return {
        "published": len(compared),
        "outside": [one for one in compared if not one["low"] <= one["observed"] <= one["high"]],
        "retests_outside": [
            {"weeks": one.weeks, "observed": r, "low": one.low, "high": one.high}
            for one in RETESTS
            if (r := _retest(retests, one.weeks)) is not None and not one.low <= r <= one.high
        ],
        "unclear_order_months": [f"{months:g}" for months in observed.loc[~(observed["low"] > 0), "months"]],
        "growth": growth if None not in growth and growth[1] - growth[0] > _SMALLEST else None,  # type: ignore[operator]
        "stable_weeks": int(last),
        "stable": [{"scale": LABELS[own["scale"]], "r": own["mean"]} for own in stable.to_dict("records")],
        "effects_within": len(within),
        "same_sign": [label_of_path(own["earlier"], own["later"]) for own in signs.to_dict("records")],
    }


def _compare(lags: pd.DataFrame, own: Published, settings: Settings) -> dict[str, Any] | None:
    """Return the estimate that a published size compares with; None without a size or an estimate."""
    months = min(settings.spacings, key=lambda spacing: (abs(spacing - own.months), spacing))
    observed = _mean(_lag(lags, (own.earlier, own.later), months))
    if observed is None or math.isnan(own.size):
        return None
    path, bounds = label_of_path(own.earlier, own.later), {"low": own.low, "high": own.high}
    return {"path": path, "months": months, "observed": observed, **bounds, "sources": own.sources}


# -- tables of the page -----------------------------------------------------------------------------------------------


def _two(number: float) -> str:
    return "–" if math.isnan(number) else fixed(number, 2)


def _between(low: float, high: float) -> str:
    return "–" if math.isnan(low) else f"{_two(low)} to {_two(high)}"


def _with_range(mean: float, low: float, high: float) -> str:
    return _two(mean) if math.isnan(low) else f"{_two(mean)} ({_between(low, high)})"


def _table_rows(tables: Tables, settings: Settings, trial: pd.DataFrame) -> dict[str, Any]:
    lags, retests = tables["lags"], tables["retests"]
    by_spacing = []
    for form, level in ((CROSS_LAGGED, OBSERVED), (WITHIN, OBSERVED), (WITHIN, LATENT)):
        by_spacing.append([f"**{form}, {level}**", *[""] * len(settings.spacings)])
        for pair in DIRECTIONS:
            cells = [_two(_lag(lags, pair, months, form=form, level=level)["mean"]) for months in settings.spacings]
            by_spacing.append([label_of_path(*pair), *cells])
    weeks = [int(week) for week in retests["weeks"].unique()]
    ranges = {one.weeks: _with_range(one.r, one.low, one.high) for one in RETESTS}
    stability = [["Exhaustion, published (E088, recalled)", *(ranges.get(week, "–") for week in weeks)]]
    for scale in retests["scale"].unique():
        for level in (OBSERVED, LATENT):
            cells = [_two(_find(retests, scale=scale, weeks=week, level=level)["mean"]) for week in weeks]
            stability.append([f"{LABELS[scale].capitalize()}, {level}", *cells])
    later = [] if trial.empty else trial[trial["wave"] > 1].to_dict("records")
    return {
        "lag_rows": [_lag_row(lags, pair, settings.spacings[-1]) for pair in DIRECTIONS],
        "sources": [
            {"path": label_of_path(own.earlier, own.later), "months": own.months, "grade": own.grade,
             "ids": own.sources}
            for own in LAGS
        ],
        "spacing_rows": by_spacing,
        "retest_weeks": weeks,
        "stability_rows": stability,
        "drop_out_rows": _drop_out_rows(tables["drop_out"], len(settings.waves)),
        "trial_rows": [
            [label_of(own["scenario"]), LABELS[own["scale"]], str(own["week"]), str(own["people"]),
             _two(own["observed"]), _two(own["true"])]
            for own in later
        ],
    }  # fmt: skip


def _lag_row(lags: pd.DataFrame, pair: tuple[str, str], months: float) -> list[str]:
    observed = _lag(lags, pair, months)
    sizes = [_size(own) for own in LAGS if (own.earlier, own.later) == pair]
    return [
        label_of_path(*pair),
        *(sizes or ["–"]),
        _with_range(observed["mean"], observed["low"], observed["high"]),
        _between(observed["study_low"], observed["study_high"]),
        _two(_lag(lags, pair, months, level=LATENT)["mean"]),
        _two(_lag(lags, pair, months, form=WITHIN)["mean"]),
        _two(_lag(lags, pair, months, path=CUT)["mean"]),
    ]


def _size(own: Published) -> str:
    if math.isnan(own.size):
        return "disputed" if own.disputed else "below 0"
    time = "" if own.months >= results.MONTHS_A_YEAR else f" at {own.months:g} month{'s' * (own.months != 1)}"
    return _with_range(own.size, own.low, own.high) + time


def _drop_out_rows(drop_out: pd.DataFrame, waves: int) -> list[list[str]]:
    def cells(figure: str, about: str = "", first: int = 1) -> list[str]:
        means = [_find(drop_out, wave=wave, figure=figure, about=about)["mean"] for wave in range(first, waves + 1)]
        form = "{:,.0f}".format if figure == "people" else _two if about else "{:.0%}".format
        return ["–"] * (first - 1) + [form(mean) for mean in means]

    shares = {"People who answer": "people", "Answer": "answer", "Stopped": "stopped", "Left the firm": "left"}
    scales = {"those who answer minus all home workers": "bias", "change of those who answer": "observed change",
              "change of all home workers": "true change"}  # fmt: skip
    lags = {"all with the firm": "lag of all", "those who answer": "lag"}
    return [
        *([label, *cells(figure)] for label, figure in shares.items()),
        *([f"{LABELS[scale].capitalize()}: {label}, SD", *cells(figure, scale)]
          for scale in results.FOLLOWED for label, figure in scales.items()),
        *([f"{label_of_path(*pair)}: {label}", *cells(figure, pair[0], first=2)]
          for pair in (_FORWARD, _BACK) for label, figure in lags.items()),
    ]  # fmt: skip
