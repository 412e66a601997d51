"""Values of the page: estimates of the panel, true effects, and differences from publications."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sim.formatting import fixed
from sim.reporting.labels import label_of
from sim.studies.panel import published, results
from sim.studies.panel.codebook import SYNTHETIC
from sim.studies.panel.cross_lagged import MIN_PEOPLE
from sim.studies.panel.published import EXHAUSTION, LABELS, LAGS, LOAD, RETESTS, Published, label_of_path
from sim.studies.panel.results import AS_IT_IS, CROSS_LAGGED, CUT, LATENT, OBSERVED, WITHIN, Settings
from sim.survey.correlations import least_significant

if TYPE_CHECKING:
    import pandas as pd

Tables = Mapping[str, "pd.DataFrame"]
Row = Mapping[str, Any]

_FORWARD, _BACK = (LOAD, EXHAUSTION), (EXHAUSTION, LOAD)
_STABLE = 0.90
"""Latent correlation with itself over the longest time above which a state hardly changes."""
_SMALLEST = 0.02
"""Smallest difference between two cross-lags that the page mentions."""
_NOT_ESTIMATED = dict.fromkeys(("mean", "low", "high", "study_low", "study_high"), math.nan)


def facts(tables: Tables, settings: Settings, trial: pd.DataFrame) -> dict[str, Any]:
    """Return the values of `report.md.j2`; None stands for what was not estimated."""
    lags, longest = tables["lags"], settings.spacings[-1]
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
        "load_exhaustion": _estimate(lag(lags, *_FORWARD, longest)),
        "exhaustion_load": _estimate(lag(lags, *_BACK, longest)),
        "load_exhaustion_within": _mean(lag(lags, *_FORWARD, longest, WITHIN)),
        "exhaustion_load_within": _mean(lag(lags, *_BACK, longest, WITHIN)),
        "exhaustion_load_cut": _mean(lag(lags, *_BACK, longest, path=CUT)),
        "hidden": _is_hidden(lags, longest),
        "ordering": _estimate(row(tables["orderings"], months=longest, form=CROSS_LAGGED, level=OBSERVED)),
        "cuts": [_cut(lags, pair, longest) for pair in published.CUTS],
        "retests": [_retest(tables["retests"], weeks) for weeks in (3, 52)],
        **_drop_out(tables["drop_out"], len(settings.waves)),
        **_differences(tables, settings),
        **_table_rows(tables, settings, trial),
    }


def _cut(lags: pd.DataFrame, pair: tuple[str, str], months: float) -> dict[str, Any]:
    observed, cut = (_mean(lag(lags, *pair, months, path=path)) for path in (AS_IT_IS, CUT))
    return {"path": label_of_path(*pair), "observed": observed, "cut": cut}


def _drop_out(drop_out: pd.DataFrame, last: int) -> dict[str, Any]:
    people = row(drop_out, wave=last, figure="people")["mean"]
    changes = {name: name.replace("_", " ") for name in ("bias", "observed_change", "true_change")}
    return {
        "answering": _mean(row(drop_out, wave=last, figure="answer")),
        "people": people,
        "significant_from": least_significant(round(people)),
        **{name: _mean(row(drop_out, wave=last, figure=of, about=EXHAUSTION)) for name, of in changes.items()},
        "lag_biases": [_estimate(row(drop_out, wave=last, figure="lag bias", about=of)) for of in _FORWARD],
        "joined": _mean(row(drop_out, wave=1, figure="joined", about=EXHAUSTION)),
    }


# -- rows of the tables -----------------------------------------------------------------------------------------------


def row(table: pd.DataFrame, **entries: object) -> Row:
    """Return the first row with these entries; raise LookupError if there is none."""
    for name, value in entries.items():
        table = table[table[name] == value]
    if table.empty:
        raise LookupError(f"No row has {entries}.")
    return table.iloc[0].to_dict()


def lag(
    lags: pd.DataFrame,
    earlier: str,
    later: str,
    months: float,
    form: str = CROSS_LAGGED,
    level: str = OBSERVED,
    path: str = AS_IT_IS,
) -> Row:
    """Return the row of one lagged effect; its numbers are nan if it was not estimated."""
    try:
        return row(lags, earlier=earlier, later=later, months=months, form=form, level=level, path=path)
    except LookupError:
        return _NOT_ESTIMATED


def _known(number: float) -> float | None:
    return None if math.isnan(number) else float(number)


def _mean(own: Row) -> float | None:
    return _known(own["mean"])


def _estimate(own: Row) -> dict[str, float | None]:
    return {name: _known(own[name]) for name in ("mean", "low", "high")}


def _retest(retests: pd.DataFrame, weeks: int) -> float | None:
    return _mean(row(retests, scale=EXHAUSTION, weeks=weeks, level=OBSERVED))


# -- differences from publications ------------------------------------------------------------------------------------


def _is_hidden(lags: pd.DataFrame, months: float) -> bool:
    """Whether the path from exhaustion to load adds clearly more to the cross-lag than is visible within people."""
    whole, cut = (lag(lags, *_BACK, months, path=path)["mean"] for path in (AS_IT_IS, CUT))
    return bool(whole - cut >= lag(lags, *_BACK, months, WITHIN)["mean"] + _SMALLEST)


def _differences(tables: Tables, settings: Settings) -> dict[str, Any]:
    lags, orderings, retests = (tables[name] for name in ("lags", "orderings", "retests"))
    first, longest = settings.spacings[0], settings.spacings[-1]
    observed = orderings[(orderings["form"] == CROSS_LAGGED) & (orderings["level"] == OBSERVED)].dropna(subset="mean")
    unclear = observed[~(observed["low"] > 0)]
    compared = [one for own in LAGS if (one := _compare(lags, own, settings))]
    within = lags[(lags["months"] == longest) & (lags["form"] == WITHIN) & (lags["level"] == OBSERVED)].dropna(
        subset="mean"
    )
    signs = within[(within["study_low"] > 0) | (within["study_high"] < 0)]
    farthest = retests[(retests["level"] == LATENT) & (retests["weeks"] == retests["weeks"].max())]
    growth = [_mean(lag(lags, *_BACK, months)) for months in (first, longest)]
    return {
        "published": len(compared),
        "outside": [one for one in compared if not one["low"] <= one["observed"] <= one["high"]],
        "retests_outside": [
            {"weeks": one.weeks, "observed": r, "low": one.low, "high": one.high}
            for one in RETESTS
            if (r := _retest(retests, one.weeks)) is not None and not one.low <= r <= one.high
        ],
        "unclear_order_months": [f"{months:g}" for months in unclear["months"]],
        "growth": growth if None not in growth and growth[1] - growth[0] > _SMALLEST else None,  # type: ignore[operator]
        "stable_weeks": int(retests["weeks"].max()),
        "stable": [
            {"scale": LABELS[own["scale"]], "r": own["mean"]}
            for own in farthest[farthest["mean"] > _STABLE].to_dict("records")
        ],
        "effects_within": len(within),
        "same_sign": [label_of_path(own["earlier"], own["later"]) for own in signs.to_dict("records")],
    }


def _compare(lags: pd.DataFrame, own: Published, settings: Settings) -> dict[str, Any] | None:
    """Return the estimate that a published size compares with; None without a size or an estimate."""
    months = min(settings.spacings, key=lambda spacing: (abs(spacing - own.months), spacing))
    observed = _mean(lag(lags, own.earlier, own.later, months))
    if observed is None or math.isnan(own.size):
        return None
    path, bounds = label_of_path(own.earlier, own.later), {"low": own.low, "high": own.high}
    return {"path": path, "months": months, "observed": observed, **bounds, "sources": own.sources}


# -- tables of the page -----------------------------------------------------------------------------------------------


def two(number: float) -> str:
    """Return two decimals, or a dash for nan."""
    return "–" if math.isnan(number) else fixed(number, 2)


def _between(low: float, high: float) -> str:
    return "–" if math.isnan(low) else f"{two(low)} to {two(high)}"


def _with_interval(own: Row) -> str:
    return two(own["mean"]) if math.isnan(own["low"]) else f"{two(own['mean'])} ({_between(own['low'], own['high'])})"


def _table_rows(tables: Tables, settings: Settings, trial: pd.DataFrame) -> dict[str, Any]:
    lags, retests = tables["lags"], tables["retests"]
    spacings = settings.spacings
    by_spacing = []
    for form, level in ((CROSS_LAGGED, OBSERVED), (WITHIN, OBSERVED), (WITHIN, LATENT)):
        by_spacing.append([f"**{form}, {level}**", *[""] * len(spacings)])
        for path in published.DIRECTIONS:
            cells = [two(lag(lags, *path, months, form, level)["mean"]) for months in spacings]
            by_spacing.append([label_of_path(*path), *cells])
    weeks = list(dict.fromkeys(retests["weeks"]))
    ranges = {one.weeks: f"{two(one.r)} ({_between(one.low, one.high)})" for one in RETESTS}
    stability = [["Exhaustion, published (E088, recalled)", *(ranges.get(week, "–") for week in weeks)]]
    for scale in dict.fromkeys(retests["scale"]):
        for level in (OBSERVED, LATENT):
            cells = [two(row(retests, scale=scale, weeks=week, level=level)["mean"]) for week in weeks]
            stability.append([f"{LABELS[scale].capitalize()}, {level}", *cells])
    return {
        "lag_rows": [_lag_row(lags, *path, spacings[-1]) for path in published.DIRECTIONS],
        "sources": [
            {
                "path": label_of_path(own.earlier, own.later),
                "months": own.months,
                "grade": own.grade,
                "ids": own.sources,
            }
            for own in LAGS
        ],
        "spacing_rows": by_spacing,
        "retest_weeks": list(map(int, weeks)),
        "stability_rows": stability,
        "drop_out_rows": _drop_out_rows(tables["drop_out"], len(settings.waves)),
        "trial_rows": [] if trial.empty else [_trial_row(own) for own in trial[trial["wave"] > 1].to_dict("records")],
    }


def _lag_row(lags: pd.DataFrame, earlier: str, later: str, months: float) -> list[str]:
    observed = lag(lags, earlier, later, months)
    sizes = [_size(own) for own in LAGS if (own.earlier, own.later) == (earlier, later)]
    return [
        label_of_path(earlier, later),
        *(sizes or ["–"]),
        _with_interval(observed),
        _between(observed["study_low"], observed["study_high"]),
        two(lag(lags, earlier, later, months, level=LATENT)["mean"]),
        two(lag(lags, earlier, later, months, WITHIN)["mean"]),
        two(lag(lags, earlier, later, months, path=CUT)["mean"]) if (earlier, later) in published.CUTS else "–",
    ]


def _size(own: Published) -> str:
    if math.isnan(own.size):
        return "disputed" if own.disputed else "below 0"
    time = "" if own.months >= results.MONTHS_A_YEAR else f" at {own.months:g} month{'s' * (own.months != 1)}"
    return f"{two(own.size)} ({_between(own.low, own.high)}){time}"


def _drop_out_rows(drop_out: pd.DataFrame, waves: int) -> list[list[str]]:
    def cells(figure: str, about: str = "", first: int = 1) -> list[str]:
        means = [row(drop_out, wave=wave, figure=figure, about=about)["mean"] for wave in range(first, waves + 1)]
        form = "{:,.0f}".format if figure == "people" else two if about else lambda share: f"{100 * share:.0f}%"
        return ["–"] * (first - 1) + [form(mean) for mean in means]

    shares = {"People who answer": "people", "Answer": "answer", "Stopped": "stopped", "Left the firm": "left"}
    rows = [[label, *cells(figure)] for label, figure in shares.items()]
    for scale in results.FOLLOWED:
        name = LABELS[scale].capitalize()
        rows += [
            [f"{name}: those who answer minus all home workers, SD", *cells("bias", scale)],
            [f"{name}: change of those who answer, SD", *cells("observed change", scale)],
            [f"{name}: change of all home workers, SD", *cells("true change", scale)],
        ]
    for pair in (_FORWARD, _BACK):
        rows += [
            [f"{label_of_path(*pair)}: all with the firm", *cells("lag of all", pair[0], first=2)],
            [f"{label_of_path(*pair)}: those who answer", *cells("lag", pair[0], first=2)],
        ]
    return rows


def _trial_row(own: Row) -> list[str]:
    numbers = [str(own["week"]), str(own["people"]), two(own["observed"]), two(own["true"])]
    return [label_of(own["scenario"]), LABELS[own["scale"]], *numbers]
