"""What a panel comes to in sentences: the answer first, and what embarrasses the model."""

from __future__ import annotations

import math
from collections.abc import Iterator

from sim.studies.panel.published import CUTS, EXHAUSTION, LAGS, LOAD, RETESTS
from sim.studies.panel.results import AS_IT_IS, CROSS_LAGGED, CUT, LATENT, OBSERVED, WITHIN, Asked
from sim.studies.panel.words import (
    Tables,
    between,
    lag_of,
    less_or_more,
    listed,
    months_of,
    name_of,
    path_of,
    row_of,
    two,
    with_interval,
)
from sim.survey.correlations import least_significant

_BOTH = ((LOAD, EXHAUSTION), (EXHAUSTION, LOAD))
_STABLE = 0.90
"""A latent correlation with itself over the longest time, from which on a state is nearly a trait."""
_WORTH_A_WORD = 0.02
"""A difference between two spacings that is told."""


def opening(found: Tables, asked: Asked) -> str:
    """What it comes to, in a few sentences."""
    parts = (_of_load(found, asked), _of_cuts(found, asked), _of_drop_out(found, asked), _of_stability(found))
    return "\n".join(f"- {one}" for part in parts for one in part)


def _of_load(found: Tables, asked: Asked) -> Iterator[str]:
    months = asked.spacings[-1]
    forward, back = (two(lag_of(found, *pair, months)["mean"]) for pair in _BOTH)
    yield (
        f"**{months_of(months)} apart, load foretells exhaustion by {forward}, and exhaustion foretells load by "
        f"{back}** (standardised, as a panel reads it). {_ordering(found, months)}"
    )
    within = [lag_of(found, *pair, months, WITHIN)["mean"] for pair in _BOTH]
    if not any(map(math.isnan, within)):
        yield (
            f"**With each person's own mean taken out, {two(within[0])} and {two(within[1])} are left**: whatever "
            f"lasts goes with the mean, common causes and true effects alike.{_hidden(found, months, within[1])}"
        )


def _ordering(found: Tables, months: float) -> str:
    row = row_of(found["orderings"], months=months, form=CROSS_LAGGED, level=OBSERVED)
    if math.isnan(row["low"]):
        return f"They differ by {two(abs(row['mean']))}; one world tells no more."
    interval = f"the difference lies between {two(row['low'])} and {two(row['high'])}"
    if row["low"] > 0:
        return f"The second is the larger, as was published: {interval}."
    if row["high"] < 0:
        return f"The second is the smaller, so the published order is **not** reached: {interval}."
    return f"They cannot be told apart, so the published order is **not** shown: {interval}."


def _hidden(found: Tables, months: float, within: float) -> str:
    whole, cut = (lag_of(found, EXHAUSTION, LOAD, months, path=path)["mean"] for path in (AS_IT_IS, CUT))
    if whole - cut < within + _WORTH_A_WORD:
        return ""
    return (
        f" For exhaustion does raise load: without that path the {two(whole)} would be {two(cut)}. Within people one "
        "would hardly see it."
    )


def _of_cuts(found: Tables, asked: Asked) -> Iterator[str]:
    months = asked.spacings[-1]
    left = [
        f"{two(lag_of(found, *pair, months, path=CUT)['mean'])} of {two(lag_of(found, *pair, months)['mean'])} for "
        f"{path_of(*pair)}"
        for pair in CUTS
    ]
    yield (
        "**A cross-lag alone does not tell an effect.** Where the earlier state does nothing to the later one, because "
        f"that path is switched off, a panel still reads {listed(left)}."
    )


def _of_drop_out(found: Tables, asked: Asked) -> Iterator[str]:
    own, last = found["drop_out"], len(asked.waves)
    answer, people = (row_of(own, wave=last, figure=figure)["mean"] for figure in ("answer", "people"))
    bias, seen, true = (
        row_of(own, wave=last, figure=figure, about=EXHAUSTION)["mean"]
        for figure in ("bias", "seen change", "true change")
    )
    moved = [with_interval(row_of(own, wave=last, figure="lag bias", about=about)) for about in (LOAD, EXHAUSTION)]
    yield (
        f"**Of those who joined, {100 * answer:.0f}% still answer after {months_of(asked.waves[-1])}**, {people:,.0f} "
        f"people, among whom a correlation is significant from {two(least_significant(round(people)))} on. They are "
        f"{less_or_more(bias)} exhausted than the firm's home workers: a panel reads a change of {two(seen)} SD where "
        f"there is one of {two(true)}. Drop-out moves the two effects above by {listed(moved)}."
    )


def _of_stability(found: Tables) -> Iterator[str]:
    near, far = (two(row_of(found["retests"], scale=EXHAUSTION, weeks=w, level=OBSERVED)["mean"]) for w in (3, 52))
    yield (
        f"**Exhaustion correlates with itself {near} over three weeks and {far} over a year**; published are 0.75 and "
        "0.60 (E088, recalled)."
    )


# -- embarrassments --------------------------------------------------------------------------------------------------


def embarrassments(found: Tables, asked: Asked) -> list[str]:
    """Where the model differs from what was published, or from what one would hope, each in a sentence."""
    parts = (_outside, _unordered, _growing, _stuck, _unseen)
    return [one for part in parts for one in part(found, asked)]


def _outside(found: Tables, asked: Asked) -> Iterator[str]:
    sized = [own for own in LAGS if not math.isnan(own.size)]
    inside = 0
    for own in sized:
        months = min((abs(spacing - own.months), spacing) for spacing in asked.spacings)[1]
        seen = lag_of(found, own.earlier, own.later, months)["mean"]
        if own.low <= seen <= own.high:
            inside += 1
        else:
            yield (
                f"{path_of(own.earlier, own.later)} is {two(seen)} at {months_of(months)}, where "
                f"{between(own.low, own.high)} is plausible ({own.sources})."
            )
    for retest in RETESTS:
        seen = row_of(found["retests"], scale=EXHAUSTION, weeks=retest.weeks, level=OBSERVED)["mean"]
        if not retest.low <= seen <= retest.high:
            yield (
                f"Exhaustion correlates with itself {two(seen)} over {retest.weeks} weeks, where "
                f"{between(retest.low, retest.high)} is plausible (E088)."
            )
    yield (
        f"Of {len(sized)} published effects {inside} hold the model's within their plausible range. That is little "
        "praise: sizes are recalled or assumed, and ranges wide."
    )


def _unordered(found: Tables, asked: Asked) -> Iterator[str]:
    own = found["orderings"]
    short = own[(own["form"] == CROSS_LAGGED) & (own["level"] == OBSERVED) & ~(own["low"] > 0)]
    if not short.empty:
        months = listed([f"{one:g}" for one in short["months"]])
        yield (
            f"With {months} months between waves a panel does not show that exhaustion foretells load more than load "
            "does exhaustion. That order was published without regard to spacing (E029)."
        )


def _growing(found: Tables, asked: Asked) -> Iterator[str]:
    near, far = asked.spacings[0], asked.spacings[-1]
    first, last = (lag_of(found, EXHAUSTION, LOAD, months)["mean"] for months in (near, far))
    if last - first > _WORTH_A_WORD:
        yield (
            f"From {near:g} to {months_of(far)} the cross-lag of exhaustion on load grows from {two(first)} to "
            f"{two(last)}, where a review finds many lagged associations with exhaustion to shrink over time (E030). "
            "Here exhaustion counts for long (`mechanisms.workload.spiral_days`)."
        )


def _stuck(found: Tables, asked: Asked) -> Iterator[str]:
    own = found["retests"]
    far = own[(own["level"] == LATENT) & (own["weeks"] == own["weeks"].max()) & (own["mean"] > _STABLE)]
    if not far.empty:
        names = listed([f"{name_of(row['scale'])} ({two(row['mean'])})" for row in far.to_dict("records")])
        yield (
            f"Over {far['weeks'].iloc[0]} weeks some states hardly change: {names}, as correlations without error. A "
            "panel learns little of what moves a thing that does not move. The evidence holds no stability of these."
        )


def _unseen(found: Tables, asked: Asked) -> Iterator[str]:
    own, months = found["lags"], asked.spacings[-1]
    far = own[(own["months"] == months) & (own["form"] == WITHIN) & (own["level"] == OBSERVED)]
    signs = far[(far["study_low"] > 0) | (far["study_high"] < 0)].to_dict("records")
    which = listed([path_of(row["earlier"], row["later"]) for row in signs]) if signs else "none"
    if not far.empty:
        yield (
            f"Of {len(far)} effects within people over {months_of(months)}, nine of ten panels of this size would "
            f"agree on the sign of {which}."
        )
