"""The page of a panel: what it would report beside what is true and what was published, embarrassments included."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sim.engine.plan import Plan
from sim.experiments import output_folder
from sim.reporting.markdown import table
from sim.reporting.summary import label_of
from sim.studies.panel.codebook import SYNTHETIC
from sim.studies.panel.published import CUTS, EXHAUSTION, LAGS, LOAD, PAIRS, RETESTS, Published
from sim.studies.panel.results import (
    CROSS_LAGGED,
    CUT,
    FOLLOWED,
    LATENT,
    MONTHS_A_YEAR,
    OBSERVED,
    WAVES_WITHIN,
    WITHIN,
    Asked,
)
from sim.studies.panel.summary import embarrassments, opening
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
from sim.survey.interview import Interview

if TYPE_CHECKING:
    import pandas as pd

_DIRECTIONS = tuple(way for first, second in PAIRS for way in ((first, second), (second, first)))
_INTERVALS = (
    "The interval behind a mean holds 95% for the mean over worlds: people and lives drawn anew, every parameter held "
    "fixed. *Nine of ten panels* is what panels of this size would report, each for itself. Doubt about parameters and "
    "structure, which is larger, is in neither. Drop-out is assumed."
)


def write(found: Tables, asked: Asked, plan: Plan, trial: pd.DataFrame, interview: Interview) -> str:
    """The page as markdown; `trial` is empty where no policy is in the panel."""
    parts = [
        "# What a panel would find, and what is true",
        opening(found, asked),
        f"**{SYNTHETIC}**",
        _how(found, asked, plan, interview),
        "## Lagged effects",
        _lags(found, asked.spacings[-1]),
        "### By months between waves",
        _by_spacing(found, asked),
        "## Stability",
        _stability(found),
        "## Drop-out",
        _drop_out(found, asked),
        *(() if trial.empty else ("## The policy in the panel", _trial(trial))),
        "## What embarrasses the model",
        "\n".join(f"- {one}" for one in embarrassments(found, asked)),
        "## What the intervals hold",
        _INTERVALS,
    ]
    return "\n\n".join(parts) + "\n"


def _how(found: Tables, asked: Asked, plan: Plan, interview: Interview) -> str:
    lags = found["lags"]
    waves = listed([f"{month:g}" for month in asked.waves])
    return (
        f"{asked.invited:,} home workers are invited in each of {lags['worlds'].max()} worlds, and asked after {waves} "
        f"months. Between waves {100 * interview.stop:g}% of those still with the firm stop, more of the exhausted and "
        f"of the isolated (assumed). Lags and stability are of all who are still with the firm, at most "
        f"{lags['people'].max():,.0f} a panel, as if nobody had stopped. *Cross-lagged* is a regression on both scores "
        f"of the wave before. *Within people* is the random-intercept model of {WAVES_WITHIN} waves with as much time "
        "between each two; it is an approximation too, for states here move smoothly and have several memories. "
        "*Observed* are scores as filled in, *latent* are states without error. "
        f"Seed {plan.seed}, version {output_folder.version()}."
    )


def _lags(found: Tables, months: float) -> str:
    head = ("Earlier → later", "Published", "Observed", "Nine of ten panels", "Latent", "Within people", "Path cut")
    body = [_lags_line(found, *way, months) for way in _DIRECTIONS]
    note = (
        f"{months_of(months)} between waves. *Within people* and *path cut* are observed; the latter is what is left "
        "of the cross-lag where the direct path of that direction is switched off (four have a switch). What is "
        "published is reported, not judged:"
    )
    grounds = (
        f"- {path_of(own.earlier, own.later)}, {months_of(own.months)}: {own.grade} ({own.sources})." for own in LAGS
    )
    return f"{table(head, body)}\n\n{note}\n\n" + "\n".join(grounds)


def _lags_line(found: Tables, earlier: str, later: str, months: float) -> list[str]:
    observed = lag_of(found, earlier, later, months)
    published = [_size(own) for own in LAGS if (own.earlier, own.later) == (earlier, later)]
    return [
        path_of(earlier, later),
        *(published or ["–"]),
        with_interval(observed),
        between(observed["study_low"], observed["study_high"]),
        two(lag_of(found, earlier, later, months, level=LATENT)["mean"]),
        two(lag_of(found, earlier, later, months, WITHIN)["mean"]),
        two(lag_of(found, earlier, later, months, path=CUT)["mean"]) if (earlier, later) in CUTS else "–",
    ]


def _size(own: Published) -> str:
    if math.isnan(own.size):
        return "disputed" if own.disputed else "below 0"
    when = "" if own.months >= MONTHS_A_YEAR else f" at {months_of(own.months)}"
    return f"{two(own.size)} ({between(own.low, own.high)}){when}"


def _by_spacing(found: Tables, asked: Asked) -> str:
    rows = []
    for form, level in ((CROSS_LAGGED, OBSERVED), (WITHIN, OBSERVED), (WITHIN, LATENT)):
        rows.append([f"**{form}, {level}**", *[""] * len(asked.spacings)])
        for way in _DIRECTIONS:
            cells = [two(lag_of(found, *way, months, form, level)["mean"]) for months in asked.spacings]
            rows.append([path_of(*way), *cells])
    return table(("Earlier → later", *(f"{months:g}" for months in asked.spacings)), rows)


def _stability(found: Tables) -> str:
    own = found["retests"]
    weeks = list(dict.fromkeys(own["weeks"]))
    published = {one.weeks: f"{two(one.r)} ({between(one.low, one.high)})" for one in RETESTS}
    rows = [["Exhaustion, published (E088, recalled)", *(published.get(week, "–") for week in weeks)]]
    for name in dict.fromkeys(own["scale"]):
        for level in (OBSERVED, LATENT):
            cells = [two(row_of(own, scale=name, weeks=week, level=level)["mean"]) for week in weeks]
            rows.append([f"{name_of(name).capitalize()}, {level}", *cells])
    return table(("Correlation with itself after weeks", *map(str, weeks)), rows)


def _drop_out(found: Tables, asked: Asked) -> str:
    own, waves = found["drop_out"], range(1, len(asked.waves) + 1)

    def line(words: str, figure: str, about: str = "", first: int = 1) -> list[str]:
        rows = [row_of(own, wave=wave, figure=figure, about=about) for wave in waves if wave >= first]
        cells = [two(row["mean"]) if about else f"{100 * row['mean']:.0f}%" for row in rows]
        return [words, *["–"] * (first - 1), *cells]

    people = [f"{row_of(own, wave=wave, figure='people')['mean']:,.0f}" for wave in waves]
    rows = [
        ["People who answer", *people],
        line("Still answer", "answer"),
        line("Have stopped", "stopped"),
        line("Have left the firm", "left"),
    ]
    for scale in FOLLOWED:
        name = name_of(scale).capitalize()
        rows += [
            line(f"{name}: those who answer less all home workers, SD", "bias", scale),
            line(f"{name}: change of those who answered, SD", "seen change", scale),
            line(f"{name}: change of all home workers, SD", "true change", scale),
        ]
    for pair in ((LOAD, EXHAUSTION), (EXHAUSTION, LOAD)):
        rows += [
            line(f"{path_of(*pair)}: of all still with the firm", "lag of all", pair[0], first=2),
            line(f"{path_of(*pair)}: of those who answer", "lag", pair[0], first=2),
        ]
    joined = row_of(own, wave=1, figure="joined", about=EXHAUSTION)["mean"]
    note = (
        f"Those who joined were {less_or_more(joined)} exhausted than those invited. Means are of true states, so that "
        "only who answers makes the difference; effects are observed cross-lags since the first wave."
    )
    return f"{table(('After months', *(f'{months:g}' for months in asked.waves)), rows)}\n\n{note}"


def _trial(trial: pd.DataFrame) -> str:
    head = ("Policy", "Scale", "Week", "Answer in both", "Difference in score", "True difference, SD")
    rows = [
        [
            label_of(own["scenario"]),
            name_of(own["scale"]),
            own["week"],
            own["people"],
            two(own["seen"]),
            two(own["true"]),
        ]
        for own in trial[trial["wave"] > 1].to_dict("records")
    ]
    note = (
        "The same people with the policy less as usual, in the exported panel alone: one world, so no interval. In the "
        "field nobody lives twice, and a trial has the differences between its groups in it as well; `world` in the "
        "files lets you draw one."
    )
    return f"{table(head, rows)}\n\n{note}"
