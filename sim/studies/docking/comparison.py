"""Comparison of both models: simulated worlds of this model, the published model, and tables of both.

Energy here is exhaustion reversed, in SD between people.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sim.studies.docking import stock_flow_model as published
from sim.studies.docking.isolated_person import BOOST_AT, DEMANDS, HARD_WEEKS, SMALL, WEEKS, Trajectories
from sim.studies.docking.stock_flow_model import STOCKS, First, Model, Revised

if TYPE_CHECKING:
    import pandas as pd

    from sim.survey.survey import Survey

PUBLISHED, HERE = "published", "here"
_COURSE_DAYS = np.arange(0, 729, 7.0)
_TWO_YEARS = 104


@dataclass(frozen=True)
class Comparison:
    """The basis of all findings; every table is computed once.

    `runs` are the worlds of `isolated_person.worlds`, `causes` the causes of engagement here, and `count` and `seed`
    give the random starts of the published model.
    """

    runs: Trajectories
    survey: Survey
    causes: tuple[str, ...]
    count: int
    seed: int

    @cached_property
    def first(self) -> np.ndarray:
        """Random starts of the first version: (4, count)."""
        return published.random_starts(First(), self.count, self.seed)

    @cached_property
    def revised(self) -> np.ndarray:
        """Random starts of the revised version: (4, count)."""
        return published.random_starts(Revised(), self.count, self.seed)

    @cached_property
    def equilibria(self) -> pd.DataFrame:
        """Energy at rest by model, demands added and start; here less the usual world, in the last year."""
        import pandas as pd

        def here(world: str) -> float:
            return -float(np.mean(self.runs.end("exhaustion", world) - self.runs.end("exhaustion", "usual")))

        both = np.hstack([published.WELL, published.WORN])
        there = [(PUBLISHED, by, *published.energy_at_rest(published.MILD, both, by)) for by in published.EXTRA]
        own = [(HERE, by, *(here(f"{start} {by:+g}") for start in ("well", "worn"))) for by in DEMANDS]
        return pd.DataFrame([*there, *own], columns=["model", "demands", "well", "worn"])

    @cached_property
    def releases(self) -> pd.DataFrame:
        """Energy by model, course and week, with hard demands that end; here less the usual world."""
        import pandas as pd

        def course(model: str, name: str, weeks: np.ndarray, energy: np.ndarray) -> pd.DataFrame:
            return pd.DataFrame({"model": model, "course": name, "week": weeks, "energy": energy})

        name = "{} weeks of hard demands".format
        there = [
            course(PUBLISHED, name(days // 7), _COURSE_DAYS / 7,
                   published.energy_after_release(published.MILD, days, _COURSE_DAYS))
            for days in (published.BRIEF, published.LONG)
        ]  # fmt: skip
        worlds = {name(weeks): f"hard for {weeks}" for weeks in HARD_WEEKS}
        worlds["two years of driven exhaustion"] = "worn +0"
        here = [course(HERE, name, self.runs.weeks, -self.excess(world)) for name, world in worlds.items()]
        return pd.concat([*there, *here], ignore_index=True)

    def excess(self, world: str) -> np.ndarray:
        """Return the mean excess of exhaustion over the usual world, (t,)."""
        return (self.runs.of("exhaustion", world) - self.runs.of("exhaustion", "usual")).mean(axis=1)

    @cached_property
    def boosts(self) -> pd.DataFrame:
        """Effects of a boost of four weeks by the week in which it begins.

        `first` and `revised` are shares saved of those who would burn out, at an effort of 0.175 and a motivation of
        0.7. `at_its_best` and `two_years_on` are reductions of exhaustion here under hard demands, in SD.
        """
        import pandas as pd

        def saved(model: Model, starts: np.ndarray) -> list[float]:
            lost = starts[:, published.is_burnt_out(published.state_after(model, starts))]
            return [published.saved_by_boost(model, lost, 7.0 * week) for week in BOOST_AT]

        relief = {week: self.excess("hard") - self.excess(f"boost at {week}") for week in BOOST_AT}
        return pd.DataFrame(
            {
                "week": BOOST_AT,
                "first": saved(published.NEAR, self.first),
                "revised": saved(published.LIVELY, self.revised),
                "at_its_best": [float(own.max()) for own in relief.values()],
                "two_years_on": [float(own[(week + _TWO_YEARS) // WEEKS]) for week, own in relief.items()],
            }
        )

    @cached_property
    def signs(self) -> pd.DataFrame:
        """Long-run response of each stock to a push of each.

        `first` and `revised` are responses to 1 a day more, at an effort of 0.1 and a motivation of 0.7; `directly` is
        that of the same day in the first version. `here` is the mean response to 1 SD more, `error` its standard error.
        """
        import pandas as pd

        mild, lively = (published.state_after(model, published.WELL) for model in (published.MILD, published.LIVELY))
        there = {
            "directly": published.slopes(published.MILD, mild),
            "first": published.long_run_responses(published.MILD, mild),
            "revised": published.long_run_responses(published.LIVELY, lively),
        }
        rows = []
        for column, pushed in enumerate(STOCKS):
            for row, stock in enumerate(STOCKS):
                here, error = self.response(pushed, stock)
                own = {name: float(matrix[row, column]) for name, matrix in there.items()}
                rows.append({"pushed": pushed, "answers": stock, **own, "here": here, "error": error})
        return pd.DataFrame(rows)

    def response(self, pushed: str, stock: str) -> tuple[float, float]:
        """Return the response of a stock here to 1 SD of a push, and the standard error of that mean over people."""
        quantity, sign = ("exhaustion", -1) if stock == "energy" else (stock, 1)
        moved = sign * self.slope(quantity, f"{pushed} {{:+g}}")
        return float(moved.mean()), float(moved.std(ddof=1) / np.sqrt(len(moved)))

    def slope(self, quantity: str, world: str) -> np.ndarray:
        """Return the change of a quantity for 1 SD of a small push; `world` is the name with `{:+g}` for its size."""
        low, high = (self.runs.end(quantity, world.format(by)) for by in (-SMALL, SMALL))
        return (high - low) / (2 * SMALL)

    @cached_property
    def gain(self) -> float:
        """Share of the response of exhaustion to a small push that is due to all loops together."""
        return 1 + float(self.slope("exhaustion", "without loops {:+g}").mean()) / self.response("energy", "energy")[0]
