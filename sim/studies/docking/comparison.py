"""Both models side by side: what was lived here, what the published model does, and the tables that tell of both.

Energy here is exhaustion reversed, in SD between people.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sim.studies.docking import trials
from sim.studies.docking.one_person import WEEKS, Lives
from sim.studies.docking.published import STOCKS, First, Model, Revised, after, answers, slopes, starts
from sim.studies.docking.worlds import BOOST_AT, DEMANDS, HARD_WEEKS, SMALL

if TYPE_CHECKING:
    import pandas as pd

    from sim.survey.survey import Survey

PUBLISHED, HERE = "published", "here"
_COURSE_DAYS = np.arange(0, 729, 7.0)
_TWO_YEARS = 104


@dataclass(frozen=True)
class Comparison:
    """What all findings rest on; the tables are made once, when they are first asked for.

    lives        the worlds of `worlds.worlds`
    survey       the instruments, for complaints
    causes       the causes of engagement here
    count, seed  of the random starts of the published model
    """

    lives: Lives
    survey: Survey
    causes: tuple[str, ...]
    count: int
    seed: int

    @cached_property
    def first(self) -> np.ndarray:
        """Random starts of the first version: (4, count)."""
        return starts(First(), self.count, self.seed)

    @cached_property
    def revised(self) -> np.ndarray:
        """Random starts of the revised version: (4, count)."""
        return starts(Revised(), self.count, self.seed)

    @cached_property
    def rests(self) -> pd.DataFrame:
        """Energy at rest by model, demands added and start; here against a usual life, in the last year."""
        import pandas as pd

        both = np.hstack([trials.WELL, trials.WORN])
        there = [(PUBLISHED, extra, *trials.energy_at_rest(trials.MILD, both, extra)) for extra in trials.EXTRA]
        here = [(HERE, by, *(-self._against_usual(f"{start} {by:+g}") for start in ("well", "worn"))) for by in DEMANDS]
        return pd.DataFrame([*there, *here], columns=["model", "demands", "well", "worn"])

    def _against_usual(self, world: str) -> float:
        return float(np.mean(self.lives.end("exhaustion", world) - self.lives.end("exhaustion", "usual")))

    @cached_property
    def releases(self) -> pd.DataFrame:
        """Energy by model, course and week, with hard demands taken away again; here against a usual life."""
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
            pd.DataFrame({"model": HERE, "course": course, "week": self.lives.weeks, "energy": -self.excess(world)})
            for course, world in {**courses, "two years of driven exhaustion": "worn +0"}.items()
        ]
        return pd.concat([*there, *here], ignore_index=True)

    def excess(self, world: str) -> np.ndarray:
        """How much more exhausted people are than in a usual life, on average: (t,)."""
        return (self.lives.of("exhaustion", world) - self.lives.of("exhaustion", "usual")).mean(axis=1)

    @cached_property
    def boosts(self) -> pd.DataFrame:
        """A boost of four weeks by the week in which it begins.

        first, revised             share saved of those who would burn out, at an effort of 0.175, a motivation of 0.7
        at_its_best, two_years_on  relief of exhaustion here under hard demands, SD
        """
        import pandas as pd

        asked: dict[str, tuple[Model, np.ndarray]] = {
            "first": (trials.NEAR, trials.lost_from(trials.NEAR, self.first)),
            "revised": (trials.LIVELY, trials.lost_from(trials.LIVELY, self.revised)),
        }
        return pd.DataFrame(
            {
                "week": BOOST_AT,
                **{
                    name: [trials.saved_by_boost(model, people, 7.0 * week) for week in BOOST_AT]
                    for name, (model, people) in asked.items()
                },
                "at_its_best": [float(self._relief(week).max()) for week in BOOST_AT],
                "two_years_on": [float(self._relief(week)[(week + _TWO_YEARS) // WEEKS]) for week in BOOST_AT],
            }
        )

    def _relief(self, week: int) -> np.ndarray:
        return self.excess("hard") - self.excess(f"boost at {week}")

    @cached_property
    def signs(self) -> pd.DataFrame:
        """How each stock answers to a push of each, in the long run.

        first, revised   to 1 a day more, at rest under an effort of 0.1 and a motivation of 0.7
        directly         the same day, in the first version
        here, error      to 1 SD more, mean over people and its standard error
        """
        import pandas as pd

        mild, lively = (after(model, trials.WELL) for model in (trials.MILD, trials.LIVELY))
        there = {
            "directly": slopes(trials.MILD, mild),
            "first": answers(trials.MILD, mild),
            "revised": answers(trials.LIVELY, lively),
        }
        rows = []
        for column, pushed in enumerate(STOCKS):
            for row, stock in enumerate(STOCKS):
                here, error = self.answer(pushed, stock)
                told = {name: float(matrix[row, column]) for name, matrix in there.items()}
                rows.append({"pushed": pushed, "answers": stock, **told, "here": here, "error": error})
        return pd.DataFrame(rows)

    def answer(self, pushed: str, stock: str) -> tuple[float, float]:
        """How far a stock moves here for 1 SD of a push, and the standard error of that mean over people."""
        quantity, sign = ("exhaustion", -1) if stock == "energy" else (stock, 1)
        low, high = (self.lives.end(quantity, f"{pushed} {by:+g}") for by in (-SMALL, SMALL))
        moved = sign * (high - low) / (2 * SMALL)
        return float(moved.mean()), float(moved.std(ddof=1) / np.sqrt(len(moved)))

    @cached_property
    def gain(self) -> float:
        """The share of exhaustion's answer to a small push that comes back through all loops together."""
        low, high = (self.lives.end("exhaustion", f"without loops {by:+g}") for by in (-SMALL, SMALL))
        return 1 - float(np.mean(low - high)) / (2 * SMALL) / self.answer("energy", "energy")[0]
