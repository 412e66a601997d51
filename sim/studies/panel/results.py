"""Estimates of a panel beside the true effects, over worlds with their own people and random numbers.

Lags and retests use all members who are still with the firm, as if nobody had stopped. The effect of drop-out is
estimated separately.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field, field_validator

from sim.calibration.point_estimate import merged
from sim.config.settings import StudySettings
from sim.engine.plan import BASELINE, Plan
from sim.studies.panel.cross_lagged import cross_lagged, within_people
from sim.studies.panel.data_collection import Panel, simulate_panel
from sim.studies.panel.literature import COLLEAGUES, CUTS, EXHAUSTION, LOAD, PAIRS, RETESTS
from sim.survey.interview import scales
from sim.world.calendar import WEEKS_A_YEAR

if TYPE_CHECKING:
    import pandas as pd

MONTHS_A_YEAR = 12
MAX_MONTHS, MAX_WAVES = 240, 24
WAVES_WITHIN = 4
"""Waves with equal times between, from which effects within people are estimated."""
_MIN_MONTHS_WITHIN = 3.0
"""Over some weeks states move smoothly, unlike a process of single steps."""
FOLLOWED = (EXHAUSTION, COLLEAGUES, LOAD)
"""Scales for which the effect of drop-out on means is estimated."""
CROSS_LAGGED, WITHIN = "cross-lagged", "within people"
OBSERVED, LATENT = "observed", "latent"
AS_IT_IS, CUT = "as it is", "cut"
_SD_90 = 1.645
"""SD from the mean to the ends of the central 90% of a normal distribution."""
Rows = Iterator[dict[str, Any]]


class Settings(StudySettings):
    """Settings below `panel`; `conf/study/panel.yaml` explains them. Times are in months."""

    waves: list[float]
    invited: int = Field(ge=1)
    spacings: list[float]
    page: str | None

    @field_validator("waves")
    @classmethod
    def _check_waves(cls, waves: list[float]) -> list[float]:
        if not 2 <= len(waves) <= MAX_WAVES or waves[0] != 0 or not _ascend(waves):
            raise ValueError(f"0 and up to {MAX_WAVES - 1} later months, ascending, to {MAX_MONTHS}, as in [0,3,6,12]")
        return waves

    @field_validator("spacings")
    @classmethod
    def _check_spacings(cls, spacings: list[float]) -> list[float]:
        if not spacings or spacings[0] < 1 or not _ascend(spacings):
            raise ValueError(f"months from 1 to {MAX_MONTHS}, ascending by 1 or more, as in [3,6,12]")
        return spacings

    @property
    def weeks(self) -> list[int]:
        """Weeks of the waves."""
        return [weeks_of(months) for months in self.waves]

    @property
    def occasions(self) -> list[int]:
        """Weeks with an observation: waves, those that lags need, and the published retests."""
        spaced = {weeks_of(months) * step for months in self.spacings for step in range(_waves(months))}
        return sorted({*self.weeks, *spaced, *(retest.weeks for retest in RETESTS)})


def _ascend(months: Sequence[float]) -> bool:
    return months[-1] <= MAX_MONTHS and all(b - a >= 1 for a, b in itertools.pairwise(months))


def weeks_of(months: float) -> int:
    """Return the nearest whole number of weeks."""
    return round(months * WEEKS_A_YEAR / MONTHS_A_YEAR)


def _waves(months: float) -> int:
    return WAVES_WITHIN if months >= _MIN_MONTHS_WITHIN else 2


def of_world(plan: Plan, settings: Settings) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of every table, for one world without a policy."""
    plan = replace(plan, scenarios=(BASELINE,))
    panel = simulate_panel(plan, settings.occasions, settings.invited)
    every_lag = [*lags(panel, settings.spacings), *cut_lags(plan, settings)]
    by_table = {
        "lags": every_lag,
        "orderings": orderings(every_lag),
        "retests": retests(panel, settings.spacings),
        "drop_out": drop_out(panel.at(settings.weeks), settings.waves),
    }
    return {name: [{**row, "replicate": plan.replicate} for row in rows] for name, rows in by_table.items()}


# -- lags -------------------------------------------------------------------------------------------------------------


def lags(panel: Panel, spacings: Sequence[float]) -> Rows:
    """Yield standardised effects of `earlier` on `later`, by months between waves, form and level."""
    for months in spacings:
        spaced = panel.at([weeks_of(months) * step for step in range(_waves(months))])
        for level, scores in ((OBSERVED, spaced.responses), (LATENT, {**spaced.responses, **spaced.states})):
            for pair in PAIRS:
                x, y = (scores[name][0] for name in pair)
                keys = {"months": months, "level": level, "path": AS_IT_IS}
                estimates = {CROSS_LAGGED: cross_lagged(*_of(spaced.with_firm[0, 1], x[:2], y[:2]))}
                if len(spaced.weeks) == WAVES_WITHIN:
                    estimates[WITHIN] = within_people(*_of(spaced.with_firm[0, -1], x, y))
                for form, own in estimates.items():
                    yield _lag(*pair, own.x_to_y, own.people, keys | {"form": form})
                    yield _lag(*pair[::-1], own.y_to_x, own.people, keys | {"form": form})


def cut_lags(plan: Plan, settings: Settings) -> Rows:
    """Yield the cross-lags that remain with the direct path of a direction switched off, for the same people."""
    for (earlier, later), (process, switch) in CUTS.items():
        cut = replace(plan, parameters=merged(plan.parameters, {process: {switch: 0.0}}))
        panel = simulate_panel(cut, [0, *map(weeks_of, settings.spacings)], settings.invited)
        for months in settings.spacings:
            two = panel.at([0, weeks_of(months)])
            for level, scores in ((OBSERVED, two.responses), (LATENT, two.states)):
                lag = cross_lagged(*_of(two.with_firm[0, 1], scores[earlier][0], scores[later][0]))
                keys = {"months": months, "level": level, "path": CUT, "form": CROSS_LAGGED}
                yield _lag(earlier, later, lag.x_to_y, lag.people, keys)


def orderings(every_lag: Iterable[dict[str, Any]]) -> Rows:
    """Yield the effect of exhaustion on load minus that of load on exhaustion."""
    names = ("months", "form", "level")
    values = {(row["earlier"], row["later"], row["path"], *(row[name] for name in names)): row["value"]
              for row in every_lag}  # fmt: skip
    for (earlier, later, path, *key), value in values.items():
        if (earlier, later, path) == (EXHAUSTION, LOAD, AS_IT_IS):
            yield {**dict(zip(names, key, strict=True)), "value": value - values[LOAD, EXHAUSTION, AS_IT_IS, *key]}


def retests(panel: Panel, spacings: Sequence[float]) -> Rows:
    """Yield the correlation of each scale with itself, by weeks between."""
    names = [name for name in scales() if any(name in pair for pair in PAIRS)]
    for weeks in sorted({*map(weeks_of, spacings), *(retest.weeks for retest in RETESTS)}):
        two = panel.at([0, weeks])
        for level, scores in ((OBSERVED, two.responses), (LATENT, two.states)):
            for name in names:
                (values,) = _of(two.with_firm[0, 1], scores[name][0])
                r = float(np.corrcoef(values)[0, 1])
                yield {"scale": name, "weeks": weeks, "level": level, "people": values.shape[1], "value": r}


def _of(members: np.ndarray, *scores: np.ndarray) -> list[np.ndarray]:
    return [own[:, members] for own in scores]


def _lag(earlier: str, later: str, value: float, people: int, keys: dict[str, Any]) -> dict[str, Any]:
    return {"earlier": earlier, "later": later, **keys, "people": people, "value": value}


# -- drop-out ---------------------------------------------------------------------------------------------------------


def drop_out(panel: Panel, months: Sequence[float]) -> Rows:
    """Yield the drop-out at each wave, and how those who answer differ from all home workers.

    Rows have `months`, `wave`, `figure`, `about` (a scale) and `value`. Every occasion of `panel` is a wave. Figures:

    - people: number who answer
    - answer, stopped, left: shares of the members
    - joined: true mean of those who joined minus that of all who were invited, in SD
    - everybody, answering, bias: true mean of the firm's home workers, of those who answer, and the difference
    - observed change, true change: change of the mean since the first wave, of those who answer and of home workers
    - lag of all, lag, lag bias: observed cross-lag since the first wave, of all with the firm, of those who answer, and
      the difference; `about` is the earlier scale
    """
    for wave, month in enumerate(months):
        for figure, about, value in (*_shares(panel, wave), *_means(panel, wave), *_lags_of_samples(panel, wave)):
            yield {"months": month, "wave": wave + 1, "figure": figure, "about": about, "value": float(value)}


def _shares(panel: Panel, wave: int) -> Iterator[tuple[str, str, float]]:
    with_firm, answers = panel.with_firm[0, wave], panel.answers[0, wave]
    yield "people", "", answers.sum()
    yield "answer", "", answers.mean()
    yield "stopped", "", (with_firm & ~answers).mean()
    yield "left", "", 1 - with_firm.mean()


def _means(panel: Panel, wave: int) -> Iterator[tuple[str, str, float]]:
    for scale in FOLLOWED:
        true, everybody = panel.states[scale][0], panel.population_means[scale][0]
        answering = true[wave, panel.answers[0, wave]].mean()
        if wave == 0:
            yield "joined", scale, answering - panel.invited_means[scale]
        yield "everybody", scale, everybody[wave]
        yield "answering", scale, answering
        yield "bias", scale, answering - everybody[wave]
        yield "observed change", scale, answering - true[0].mean()
        yield "true change", scale, everybody[wave] - everybody[0]


def _lags_of_samples(panel: Panel, wave: int) -> Iterator[tuple[str, str, float]]:
    if wave == 0:
        return
    scores = [panel.responses[name][0][[0, wave]] for name in (LOAD, EXHAUSTION)]
    of_all, answering = (cross_lagged(*_of(who[0, wave], *scores)) for who in (panel.with_firm, panel.answers))
    for about, direction in ((LOAD, "x_to_y"), (EXHAUSTION, "y_to_x")):
        whole, sample = getattr(of_all, direction), getattr(answering, direction)
        yield "lag of all", about, whole
        yield "lag", about, sample
        yield "lag bias", about, sample - whole


# -- over worlds ------------------------------------------------------------------------------------------------------


def tables(worlds: Sequence[dict[str, list[dict[str, Any]]]]) -> dict[str, pd.DataFrame]:
    """Return every table over all worlds."""
    return {name: over_worlds(row for world in worlds for row in world[name]) for name in worlds[0]}


def over_worlds(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """Return the mean of every row over worlds, with two intervals that are nan with one world.

    `low` to `high` is the 95% interval of the mean (Student): people and random numbers vary, parameters do not.
    `study_low` to `study_high` holds 90% of panels of this size. `worlds` is the number with an estimate.
    """
    import pandas as pd
    from scipy.stats import t

    table = pd.DataFrame(rows)
    keys = [name for name in table.columns if name not in ("value", "people", "replicate")]
    grouped = table.groupby(keys, sort=False)
    means = grouped["value"].agg(mean="mean", spread="std", worlds="count").reset_index()
    error = means["spread"] / np.sqrt(means["worlds"].clip(lower=1))
    reach = t.ppf(0.975, (means["worlds"] - 1).clip(lower=1)) * error
    if "people" in table.columns:
        means["people"] = grouped["people"].mean().to_numpy()
    for low, high, half in (("low", "high", reach), ("study_low", "study_high", _SD_90 * means["spread"])):
        means[low], means[high] = means["mean"] - half, means["mean"] + half
    return means.drop(columns="spread")


def trial(panel: Panel, plan: Plan) -> pd.DataFrame:
    """Return the effect of each policy in the exported panel, by wave and scale: the same people with and without it.

    `observed` is the difference in mean score (1 to 5) of those who answer in both worlds, `true` the difference in
    mean state (SD) of those who are with the firm in both.
    """
    import pandas as pd

    rows = []
    for world, scenario in enumerate(plan.scenarios[1:], 1):
        for wave, week in enumerate(panel.weeks):
            answer = panel.answers[0, wave] & panel.answers[world, wave]
            stay = panel.with_firm[0, wave] & panel.with_firm[world, wave]
            for scale in FOLLOWED:
                score, state = ((of[scale][world, wave] - of[scale][0, wave]) for of in (panel.responses, panel.states))
                keys = {"scenario": scenario.name, "wave": wave + 1, "week": week, "scale": scale}
                values = {"people": answer.sum(), "observed": score[answer].mean(), "true": state[stay].mean()}
                rows.append(keys | values)
    return pd.DataFrame(rows)
