"""How an inspector rates an employer's measures, before and after speaking with the employees. The rule is assumed.

The mark runs from 1 (insufficient) over 2 (moderate) and 3 (sufficient) to 4 (good): 1 + 3 x the share of the measures
against a risk that the inspector takes to be there.

    asked in general   a measure counts where the employer claims it: taken, or still to be taken
    item by item       it counts where the employer claims it, has carried it out and has told the staff
    after speaking     a claimed measure counts by the share of the employees spoken to who know of it; chair and desk,
                       which the inspector sees, by the share who have an adjustable one at home, whoever paid
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sim.outcomes.patterns import AGAINST_PRESSURE, SCREEN_WORK
from sim.survey.visit import Answers

RISKS = {"screen_work": SCREEN_WORK, "work_pressure": AGAINST_PRESSURE}
WORDS = ("insufficient", "moderate", "sufficient", "good")
"""The marks 1 to 4."""
SEEN = {"chair_and_desk": "adjustable_at_home"}
"""Measures that the inspector judges by what stands in the home."""


@dataclass(frozen=True)
class Ratings:
    """Marks of one risk, (establishment,) each, of the establishments where an employee was spoken to.

    `item_by_item` is None where nobody can tell what was carried out.
    """

    in_general: np.ndarray
    item_by_item: np.ndarray | None
    after: np.ndarray

    @property
    def change(self) -> np.ndarray:
        """What speaking with the employees did to the mark, (establishment,)."""
        return self.after - self.in_general


def rated(answers: Answers, offered: Mapping[str, np.ndarray] | None = None) -> dict[str, Ratings]:
    """The inspector's marks by risk. `offered`: measure -> (establishment,), 1 where it was carried out and told."""
    count = np.bincount(answers.establishment, minlength=len(next(iter(answers.claims.values()))))
    met = count > 0
    marks = {}
    for risk, measures in RISKS.items():
        claims = np.array([answers.claims[name] for name in measures])[:, met]
        confirmed = np.array([_share_who_say(answers, name, count)[met] for name in measures])
        done = None if offered is None else np.array([offered[name] for name in measures])[:, met]
        marks[risk] = Ratings(
            mark(claims.mean(axis=0)),
            None if done is None else mark((claims * done).mean(axis=0)),
            mark((claims * confirmed).mean(axis=0)),
        )
    return marks


def mark(share: np.ndarray) -> np.ndarray:
    """The mark, 1 to 4, for this share of the measures."""
    return 1 + 3 * share


def in_words(marks: np.ndarray) -> np.ndarray:
    """How many marks come nearest to each of the four words, (word,)."""
    return np.bincount(np.floor(marks + 0.5).astype(int) - 1, minlength=len(WORDS))


def _share_who_say(answers: Answers, measure: str, count: np.ndarray) -> np.ndarray:
    """(establishment,) of the employees spoken to, the share who confirm the measure."""
    seen = SEEN.get(measure, "")
    said = answers.said[seen if seen in answers.said else f"known.{measure}"]
    return np.bincount(answers.establishment, said, len(count)) / np.maximum(count, 1)
