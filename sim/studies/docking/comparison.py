"""Both models side by side: simulated worlds here, the published model, and tables of both.

Energy here is exhaustion reversed, in SD between people.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sim.studies.docking import trials
from sim.studies.docking.isolated_person import WEEKS, Trajectories
from sim.studies.docking.published import (
    STOCKS,
    First,
    Model,
    Revised,
    long_run_responses,
    random_starts,
    slopes,
    state_after,
)
from sim.studies.docking.worlds import BOOST_AT, DEMANDS, HARD_WEEKS, SMALL

if TYPE_CHECKING:
    import pandas as pd

    from sim.survey.survey import Survey

PUBLISHED, HERE = "published", "here"
_COURSE_DAYS = np.arange(0, 729, 7.0)
_TWO_YEARS = 104


@dataclass(frozen=True)
class Comparison:
    """The basis of all findings; every table is computed once.

    Attributes
    ----------
    runs : Trajectories
        The worlds of `worlds.worlds`.
    survey : Survey
        The instruments, for burn-out complaints.
    causes : tuple of str
        The causes of engagement here.
    count, seed : int
        Number and seed of the random starts of the published model.
    """

    runs: Trajectories
    survey: Survey
    causes: tuple[str, ...]
    count: int
    seed: int

    @cached_property
    def first(self) -> np.ndarray:
        """Return random starts of the first version: (4, count)."""
        return random_starts(First(), self.count, self.seed)

    @cached_property
    def revised(self) -> np.ndarray:
        """Return random starts of the revised version: (4, count)."""
        return random_starts(Revised(), self.count, self.seed)

    @cached_property
    def equilibria(self) -> pd.DataFrame:
        """Return energy at rest by model, demands added and start; here less the usual world, in the last year."""
        import pandas as pd

        both = np.hstack([trials.WELL, trials.WORN])
        there = [(PUBLISHED, extra, *trials.energy_at_rest(trials.MILD, both, extra)) for extra in trials.EXTRA]
        here = [(HERE, by, *(-self._against_usual(f"{start} {by:+g}") for start in ("well", "worn"))) for by in DEMANDS]
        return pd.DataFrame([*there, *here], columns=["model", "demands", "well", "worn"])

    def _against_usual(self, world: str) -> float:
        return float(np.mean(self.runs.end("exhaustion", world) - self.runs.end("exhaustion", "usual")))

    @cached_property
    def releases(self) -> pd.DataFrame:
        """Return energy by model, course and week, with hard demands that end; here less the usual world."""
        import pandas as pd

        there = [
            pd.DataFrame(
                {
                    "model": PUBLISHED,
                    "course": f"{days // 7} weeks of hard demands",
                    "week": _COURSE_DAYS / 7,
                    "energy": trials.released(trials.MILD, days, _COURSE_DAYS),
                }
            )
            for days in (trials.BRIEF, trials.LONG)
        ]
        courses = {f"{weeks} weeks of hard demands": f"hard for {weeks}" for weeks in HARD_WEEKS}
        here = [
            pd.DataFrame({"model": HERE, "course": course, "week": self.runs.weeks, "energy": -self.excess(world)})
            for course, world in {**courses, "two years of driven exhaustion": "worn +0"}.items()
        ]
        return pd.concat([*there, *here], ignore_index=True)

    def excess(self, world: str) -> np.ndarray:
        """Return by how much people are more exhausted than in the usual world, on average: (t,)."""
        return (self.runs.of("exhaustion", world) - self.runs.of("exhaustion", "usual")).mean(axis=1)

    @cached_property
    def boosts(self) -> pd.DataFrame:
        """Return the effects of a boost of four weeks by the week in which it begins.

        `first` and `revised` are shares saved of those who would burn out, at an effort of 0.175 and a motivation of
        0.7. `at_its_best` and `two_years_on` are reductions of exhaustion here under hard demands, in SD.
        """
        import pandas as pd

        lost: dict[str, tuple[Model, np.ndarray]] = {
            "first": (trials.NEAR, trials.lost_from(trials.NEAR, self.first)),
            "revised": (trials.LIVELY, trials.lost_from(trials.LIVELY, self.revised)),
        }
        return pd.DataFrame(
            {
                "week": BOOST_AT,
                **{
                    name: [trials.saved_by_boost(model, people, 7.0 * week) for week in BOOST_AT]
                    for name, (model, people) in lost.items()
                },
                "at_its_best": [float(self._relief(week).max()) for week in BOOST_AT],
                "two_years_on": [float(self._relief(week)[(week + _TWO_YEARS) // WEEKS]) for week in BOOST_AT],
            }
        )

    def _relief(self, week: int) -> np.ndarray:
        return self.excess("hard") - self.excess(f"boost at {week}")

    @cached_property
    def signs(self) -> pd.DataFrame:
        """Return the long-run response of each stock to a push of each.

        `first` and `revised` are responses to 1 a day more, at an effort of 0.1 and a motivation of 0.7; `directly` is
        that of the same day in the first version. `here` is the mean response to 1 SD more, `error` its standard error.
        """
        import pandas as pd

        mild, lively = (state_after(model, trials.WELL) for model in (trials.MILD, trials.LIVELY))
        there = {
            "directly": slopes(trials.MILD, mild),
            "first": long_run_responses(trials.MILD, mild),
            "revised": long_run_responses(trials.LIVELY, lively),
        }
        rows = []
        for column, pushed in enumerate(STOCKS):
            for row, stock in enumerate(STOCKS):
                here, error = self.response(pushed, stock)
                published = {name: float(matrix[row, column]) for name, matrix in there.items()}
                rows.append({"pushed": pushed, "answers": stock, **published, "here": here, "error": error})
        return pd.DataFrame(rows)

    def response(self, pushed: str, stock: str) -> tuple[float, float]:
        """Return how far a stock moves here for 1 SD of a push, and the standard error of that mean over people."""
        quantity, sign = ("exhaustion", -1) if stock == "energy" else (stock, 1)
        low, high = (self.runs.end(quantity, f"{pushed} {by:+g}") for by in (-SMALL, SMALL))
        moved = sign * (high - low) / (2 * SMALL)
        return float(moved.mean()), float(moved.std(ddof=1) / np.sqrt(len(moved)))

    @cached_property
    def gain(self) -> float:
        """Return the share of exhaustion's response to a small push that all loops together feed back."""
        low, high = (self.runs.end("exhaustion", f"without loops {by:+g}") for by in (-SMALL, SMALL))
        return 1 - float(np.mean(low - high)) / (2 * SMALL) / self.response("energy", "energy")[0]
