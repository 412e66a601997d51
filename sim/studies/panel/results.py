"""What a panel would report and what is true, over worlds in which people and chance are drawn anew.

Each world has people and a panel of its own. Lags and retests rest on all members who are still with the firm, as if
nobody had stopped; what those who stop take with them is told apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.calibration.point_estimate import merged
from sim.engine.plan import BASELINE, Plan
from sim.studies.panel.cross_lagged import Lags, cross_lagged, within_people
from sim.studies.panel.data_collection import Panel, followed
from sim.studies.panel.published import COLLEAGUES, CUTS, EXHAUSTION, LOAD, PAIRS, RETESTS
from sim.survey.interview import scales
from sim.world.calendar import WEEKS_A_YEAR

if TYPE_CHECKING:
    import pandas as pd

MONTHS_A_YEAR = 12
WAVES_WITHIN = 4
"""Waves at equal distances from which effects within people are estimated."""
NEAREST_WITHIN = 3.0
"""Months. Within some weeks states move smoothly, and no process of single steps has the shape of that."""
FOLLOWED = (EXHAUSTION, COLLEAGUES, LOAD)
"""Scales of which it is told what drop-out does to their means."""
CROSS_LAGGED, WITHIN = "cross-lagged", "within people"
OBSERVED, LATENT = "observed", "latent"
AS_IT_IS, CUT = "as it is", "cut"
NINE_OF_TEN = 1.645
"""SD to either side of the mean between which nine of ten normal numbers lie."""
Rows = Iterator[dict[str, Any]]


@dataclass(frozen=True)
class Asked:
    """What `conf/study/panel.yaml` may say under `panel`; times are months.

    waves     when the panel is asked; the first is 0
    invited   home workers who are asked to join
    spacings  distances between waves for which lags are told
    page      a page whose results are written anew between its two marks, or none
    """

    waves: list[float]
    invited: int
    spacings: list[float]
    page: str | None

    @property
    def weeks(self) -> list[int]:
        """The weeks of the waves."""
        return [weeks_of(months) for months in self.waves]

    @property
    def looks(self) -> list[int]:
        """Every week on which anybody is looked at: waves, what lags need, and the retests that were published."""
        spaced = {weeks_of(months) * step for months in self.spacings for step in range(_waves(months))}
        return sorted({*self.weeks, *spaced, *(retest.weeks for retest in RETESTS)})


def weeks_of(months: float) -> int:
    """Whole weeks nearest to so many months."""
    return round(months * WEEKS_A_YEAR / MONTHS_A_YEAR)


def _waves(months: float) -> int:
    return WAVES_WITHIN if months >= NEAREST_WITHIN else 2


def of_world(plan: Plan, asked: Asked) -> dict[str, list[dict[str, Any]]]:
    """Table to rows, of one world under today's practice."""
    plan = replace(plan, scenarios=(BASELINE,))
    panel = followed(plan, asked.looks, asked.invited)
    every_lag = [*lags(panel, asked.spacings), *cut_lags(plan, asked)]
    found = {
        "lags": every_lag,
        "orderings": list(orderings(every_lag)),
        "retests": list(retests(panel, asked)),
        "drop_out": list(drop_out(panel.at(asked.weeks), asked.waves)),
    }
    return {name: [{**row, "replicate": plan.replicate} for row in rows] for name, rows in found.items()}


# -- lags ------------------------------------------------------------------------------------------------------------


def lags(panel: Panel, spacings: Sequence[float]) -> Rows:
    """Standardised effects of `earlier` on `later`, by months between waves, form and level."""
    for months in spacings:
        spaced = panel.at([weeks_of(months) * step for step in range(_waves(months))])
        for level, scores in ((OBSERVED, spaced.said), (LATENT, {**spaced.said, **spaced.true})):
            for first, second in PAIRS:
                x, y = scores[first][0], scores[second][0]
                told = {"months": months, "level": level, "path": AS_IT_IS}
                two = cross_lagged(*_of(spaced.stays[0, 1], x[:2], y[:2]))
                yield from _both(first, second, two, {**told, "form": CROSS_LAGGED})
                if len(spaced.weeks) == WAVES_WITHIN:
                    own = within_people(*_of(spaced.stays[0, -1], x, y))
                    yield from _both(first, second, own, {**told, "form": WITHIN})


def cut_lags(plan: Plan, asked: Asked) -> Rows:
    """The cross-lags that are left where the direct path of a direction is switched off, on the same people."""
    for (earlier, later), (process, switch) in CUTS.items():
        cut = replace(plan, parameters=merged(plan.parameters, {process: {switch: 0.0}}))
        panel = followed(cut, [0, *map(weeks_of, asked.spacings)], asked.invited)
        for months in asked.spacings:
            two = panel.at([0, weeks_of(months)])
            for level, scores in ((OBSERVED, two.said), (LATENT, two.true)):
                found = cross_lagged(*_of(two.stays[0, 1], scores[earlier][0], scores[later][0]))
                told = {"months": months, "level": level, "path": CUT, "form": CROSS_LAGGED}
                yield _lag(earlier, later, found.x_to_y, found.people, told)


def orderings(every_lag: Iterable[dict[str, Any]]) -> Rows:
    """How much larger the effect of exhaustion on load is than that of load on exhaustion."""
    forward: dict[tuple, float] = {}
    for row in every_lag:
        key = (row["months"], row["form"], row["level"])
        if (row["earlier"], row["later"], row["path"]) == (LOAD, EXHAUSTION, AS_IT_IS):
            forward[key] = row["value"]
        if (row["earlier"], row["later"], row["path"]) == (EXHAUSTION, LOAD, AS_IT_IS):
            months, form, level = key
            yield {"months": months, "form": form, "level": level, "value": row["value"] - forward[key]}


def retests(panel: Panel, asked: Asked) -> Rows:
    """The correlation of each scale with itself, by weeks between."""
    told = {name for pair in PAIRS for name in pair}
    for weeks in sorted({*map(weeks_of, asked.spacings), *(retest.weeks for retest in RETESTS)}):
        two = panel.at([0, weeks])
        for level, scores in ((OBSERVED, two.said), (LATENT, two.true)):
            for name in (name for name in scales() if name in told):
                (values,) = _of(two.stays[0, 1], scores[name][0])
                r = float(np.corrcoef(values)[0, 1])
                yield {"scale": name, "weeks": weeks, "level": level, "people": values.shape[1], "value": r}


def _of(who: np.ndarray, *scores: np.ndarray) -> list[np.ndarray]:
    return [own[:, who] for own in scores]


def _both(first: str, second: str, found: Lags, told: dict[str, Any]) -> Rows:
    yield _lag(first, second, found.x_to_y, found.people, told)
    yield _lag(second, first, found.y_to_x, found.people, told)


def _lag(earlier: str, later: str, value: float, people: int, told: dict[str, Any]) -> dict[str, Any]:
    return {"earlier": earlier, "later": later, **told, "people": people, "value": value}


# -- drop-out --------------------------------------------------------------------------------------------------------


def drop_out(panel: Panel, months: Sequence[float]) -> Rows:
    """What becomes of the members at each wave, and how far those who answer differ from all; `panel` is on its waves.

    people                       who answer
    answer, stopped, left        share of the members
    joined                       true mean of those who joined less that of all who were invited, in SD
    everybody, answering, bias   true mean of the firm's home workers, of those who answer, and the difference
    seen change, true change     of the mean since the first wave: of whoever answered, and of the firm's home workers
    lag of all, lag, lag bias    observed cross-lag since the first wave: of all with the firm, of those who answer,
                                 and the difference; `about` is the earlier of the two
    """
    for wave, month in enumerate(months):
        for figure, about, value in (*_shares(panel, wave), *_means(panel, wave), *_lags_of_samples(panel, wave)):
            yield {"months": month, "wave": wave + 1, "figure": figure, "about": about, "value": float(value)}


def _shares(panel: Panel, wave: int) -> Iterator[tuple[str, str, float]]:
    stays, answers = panel.stays[0, wave], panel.answers[0, wave]
    yield "people", "", answers.sum()
    yield "answer", "", answers.mean()
    yield "stopped", "", (stays & ~answers).mean()
    yield "left", "", 1 - stays.mean()


def _means(panel: Panel, wave: int) -> Iterator[tuple[str, str, float]]:
    for scale in FOLLOWED:
        true, everybody = panel.true[scale][0], panel.everybody[scale][0]
        answering = true[wave, panel.answers[0, wave]].mean()
        if wave == 0:
            yield "joined", scale, answering - panel.invited[scale]
        yield "everybody", scale, everybody[wave]
        yield "answering", scale, answering
        yield "bias", scale, answering - everybody[wave]
        yield "seen change", scale, answering - true[0].mean()
        yield "true change", scale, everybody[wave] - everybody[0]


def _lags_of_samples(panel: Panel, wave: int) -> Iterator[tuple[str, str, float]]:
    if wave == 0:
        return
    scores = [panel.said[name][0][[0, wave]] for name in (LOAD, EXHAUSTION)]
    whole, answering = (cross_lagged(*_of(who[0, wave], *scores)) for who in (panel.stays, panel.answers))
    for about, direction in ((LOAD, "x_to_y"), (EXHAUSTION, "y_to_x")):
        of_all, of_some = getattr(whole, direction), getattr(answering, direction)
        yield "lag of all", about, of_all
        yield "lag", about, of_some
        yield "lag bias", about, of_some - of_all


# -- over worlds -----------------------------------------------------------------------------------------------------


def tables(worlds: Sequence[dict[str, list[dict[str, Any]]]]) -> dict[str, pd.DataFrame]:
    """Every table over all worlds."""
    return {name: over_worlds(row for world in worlds for row in world[name]) for name in worlds[0]}


def over_worlds(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """The mean over worlds of every row, with two intervals; nan where there is one world.

    low, high               95% of the mean over worlds, by Student: people and lives drawn anew, parameters held fixed
    study_low, study_high   between which nine of ten panels of this size would report it
    worlds                  in which it could be estimated
    """
    import pandas as pd
    from scipy.stats import t

    table = pd.DataFrame(rows)
    keys = [name for name in table.columns if name not in ("value", "people", "replicate")]
    grouped = table.groupby(keys, sort=False)
    found = grouped["value"].agg(mean="mean", spread="std", worlds="count").reset_index()
    error = found["spread"] / np.sqrt(found["worlds"].clip(lower=1))
    reach = t.ppf(0.975, (found["worlds"] - 1).clip(lower=1)) * error
    if "people" in table.columns:
        found["people"] = grouped["people"].mean().to_numpy()
    return found.assign(
        low=found["mean"] - reach,
        high=found["mean"] + reach,
        study_low=found["mean"] - NINE_OF_TEN * found["spread"],
        study_high=found["mean"] + NINE_OF_TEN * found["spread"],
    ).drop(columns="spread")


def trial(panel: Panel, plan: Plan) -> pd.DataFrame:
    """What a policy changes in the panel: the same people with it and as usual, by wave and scale.

    seen   difference in mean score (1 to 5) of those who answer in both worlds
    true   difference in mean state, in SD, of those who are with the firm in both
    """
    import pandas as pd

    rows = []
    for world, scenario in list(enumerate(plan.scenarios))[1:]:
        for wave, week in enumerate(panel.weeks):
            answer = panel.answers[0, wave] & panel.answers[world, wave]
            stay = panel.stays[0, wave] & panel.stays[world, wave]
            for scale in FOLLOWED:
                said, true = ((of[scale][world, wave] - of[scale][0, wave]) for of in (panel.said, panel.true))
                told = {"scenario": scenario.name, "wave": wave + 1, "week": week, "scale": scale}
                rows.append({**told, "people": answer.sum(), "seen": said[answer].mean(), "true": true[stay].mean()})
    return pd.DataFrame(rows)
