"""The inspector's mark of an employer's measures, before and after interviews with employees. The rule is assumed.

The mark runs from 1 (insufficient) through 2 (moderate) and 3 (sufficient) to 4 (good): 1 + 3 x the share of the
measures against a risk that the inspector accepts.

    in general         a measure counts if the employer claims it, carried out or planned
    item by item       it counts if the employer claims it, carried it out and announced it
    after interviews   a claimed measure counts by the share of interviewed employees who know of it; chair and desk,
                       which the inspector observes, by the share with adjustable ones at home, whoever paid
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
INSPECTED = {"chair_and_desk": "adjustable_at_home"}
"""Measures that the inspector observes at home."""


@dataclass(frozen=True)
class Ratings:
    """Marks (establishment,) of one risk, for establishments with an interviewed employee."""

    in_general: np.ndarray
    item_by_item: np.ndarray | None  # None if it is unknown what was carried out
    after: np.ndarray


def rate_employers(answers: Answers, provided: Mapping[str, np.ndarray] | None = None) -> dict[str, Ratings]:
    """Return the inspector's marks by risk.

    `provided` has 1 for each measure (establishment,) that was carried out and announced.
    """
    count = np.bincount(answers.establishment, minlength=len(next(iter(answers.claims.values()))))
    met = count > 0
    ratings = {}
    for risk, measures in RISKS.items():
        claims = np.array([answers.claims[name] for name in measures])[:, met]
        confirmed = np.array([_share_confirming(answers, name, count)[met] for name in measures])
        done = None if provided is None else np.array([provided[name] for name in measures])[:, met]
        ratings[risk] = Ratings(
            mark_of_share(claims.mean(axis=0)),
            None if done is None else mark_of_share((claims * done).mean(axis=0)),
            mark_of_share((claims * confirmed).mean(axis=0)),
        )
    return ratings


def mark_of_share(share: np.ndarray) -> np.ndarray:
    """Return the mark, 1 to 4, for a share of the measures."""
    return 1 + 3 * share


def count_by_word(marks: np.ndarray) -> np.ndarray:
    """Return how many marks are nearest to each of the four words."""
    return np.bincount(np.floor(marks + 0.5).astype(int) - 1, minlength=len(WORDS))


def _share_confirming(answers: Answers, measure: str, count: np.ndarray) -> np.ndarray:
    inspected = INSPECTED.get(measure, "")
    confirms = answers.responses[inspected if inspected in answers.responses else f"known.{measure}"]
    return np.bincount(answers.establishment, confirms, len(count)) / np.maximum(count, 1)
