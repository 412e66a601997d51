"""The joint pattern of the study of 2022, and what one virtual study shows of it.

The study's text tells what was significant and what was not, and no correlation. So that is all that is asked of a
virtual study: a single relation is found (significant, with the sign reported) or not; of a family of tests either no
more are significant than chance gives in 95 of 100 studies, or more. Counts and means are the numbers that it prints.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from sim.data import rows
from sim.outcomes.patterns import (
    AGAINST_PRESSURE,
    ASKED,
    BOTH,
    CELLS,
    ISOLATIONS,
    OUTCOMES,
    PRESSURE,
    SCREEN_WORK,
    Cells,
)
from sim.studies.inspection.repeated_surveys import mismatches
from sim.survey.correlations import permute_outcomes, relations
from sim.survey.interview import scales
from sim.survey.visit import Answers

if TYPE_CHECKING:
    import pandas as pd

CHANCE = 0.95
"""Of 100 studies without any relation, those that find no more in a family than its limit."""
_BEYOND_TELEPRESSURE = tuple(name for name in PRESSURE if name != "telepressure")


@dataclass(frozen=True)
class Part:
    """One part of the pattern: relations, and whether the study reports something there."""

    name: str
    label: str
    cells: tuple[Cells, ...]

    @property
    def is_family(self) -> bool:
        """Whether it is a family of tests, of which chance may find some."""
        return self.cells[0].sign is None

    @property
    def reported(self) -> int:
        """1 where the study reports a relation, 0 where it reports none."""
        return int(self.cells[0].sign not in (None, 0))


def _cells(measures: Sequence[str], outcomes: Sequence[str], roles: Sequence[str], sign: int | None) -> tuple[Cells]:
    return (Cells(tuple(f"known.{name}" for name in measures), tuple(outcomes), tuple(roles), sign),)


def _without(*measures: str) -> tuple[str, ...]:
    return tuple(name for name in ASKED if name not in measures)


_OTHERS = ("non_manager",)
PARTS: tuple[Part, ...] = (
    Part("employer_quiet", "employer's answers, everything", CELLS["employer_measures_health"]),
    Part("social_colleagues", "social moments → isolation from colleagues",
         _cells(["social_moments"], ISOLATIONS[:1], _OTHERS, -1)),
    Part("social_company", "social moments → isolation from the company",
         _cells(["social_moments"], ISOLATIONS[1:], _OTHERS, -1)),
    Part("conversations_company", "conversations → isolation from the company", CELLS["known_conversations_isolation"]),
    Part("conversations_colleagues", "conversations → isolation from colleagues",
         CELLS["known_conversations_colleagues"]),
    Part("contact_of_managers", "contact measures → isolation of managers", CELLS["known_social_isolation_manager"]),
    Part("others_isolation", "other measures → isolation",
         _cells(_without("social_moments", "conversations"), ISOLATIONS, BOTH, None)),
    Part("ergonomics", "ergonomics → arm, neck and shoulder", CELLS["known_ergonomics_kans"]),
    Part("reachability_telepressure", "agreements on reachability → telepressure",
         _cells(["reachability_agreements"], ["telepressure"], BOTH, 0)),
    Part("reachability_pressure", "agreements on reachability → other pressure",
         _cells(["reachability_agreements"], _BEYOND_TELEPRESSURE, BOTH, None)),
    Part("times_conflict", "working times → conflict of managers", CELLS["known_times_conflict"]),
    Part("times_pressure", "working times → other pressure of managers", CELLS["known_times_pressure"]),
    Part("others_pressure", "other measures → pressure",
         _cells(_without("working_time_agreements", "reachability_agreements"), PRESSURE, BOTH, None)),
)  # fmt: skip
CONTACT = ("social_colleagues", "social_company", "conversations_company")
"""The findings on measures of contact, three of the four that the study has."""
QUIET = ("employer_quiet",)
JOINT = (*QUIET, *CONTACT, "ergonomics", "reachability_telepressure", "reachability_pressure", "times_conflict")
"""The joint pattern: nothing with the employer's answers, the four findings, the two nulls that are named."""
NUMBERS = ("known_managers", "known_others", "mismatch_managers", "mismatch_others")
"""What the study prints in numbers, mismatches as a reading counts them; what employers claim is given to the model."""
COUNTS = ("known_right", "known_wrong")
"""Significant relations of what is known with the risks that measures are meant for, by sign, wherever they stand."""
EMPLOYERS = ("employer_right", "employer_wrong")
"""Significant relations with the employer's answers, by sign."""
MATCHED = ((SCREEN_WORK, ("kans_complaint",)), (AGAINST_PRESSURE, (*PRESSURE, *ISOLATIONS)))
"""Measures, and the outcomes that they are meant for."""
TESTS = sum(len(measures) * len(outcomes) for measures, outcomes in MATCHED) * len(BOTH)
READINGS = {1: "any_difference", 2: "claimed_not_known"}


def looked_at(answers: Answers) -> dict[str, float]:
    """What one virtual study has: `part.<name>` significant relations of it that count, and its numbers."""
    found = {role: relations(answers, _predictors(), OUTCOMES, role).found for role in BOTH}
    return {**_counted(found), **_numbers(answers)}


def by_chance(answers: Answers, luck: Sequence[int]) -> dict[str, float]:
    """The same where outcomes are dealt anew over the same people, so that nothing but chance relates the two."""
    found = {
        role: permute_outcomes(answers, _predictors(), OUTCOMES, role, 1, (*luck, at))[0]
        for at, role in enumerate(BOTH)
    }
    return {**_counted(found), **_numbers(answers)}


def _counted(found: Mapping[str, np.ndarray]) -> dict[str, float]:
    counts = {f"part.{part.name}": float(sum(_count(found, cells) for cells in part.cells)) for part in PARTS}
    harm = {role: found[role] * _for_worse() for role in BOTH}
    tables = {
        "employer": [harm[role][_rows("claimed")] for role in BOTH],
        "known": [harm[role][_matched(number)] for role in BOTH for number in range(len(MATCHED))],
    }
    for name, cells in tables.items():
        counts[f"{name}_right"] = float(sum(np.count_nonzero(own < 0) for own in cells))
        counts[f"{name}_wrong"] = float(sum(np.count_nonzero(own > 0) for own in cells))
    return counts


def _count(found: Mapping[str, np.ndarray], cells: Cells) -> int:
    """Relations that are significant: with the sign asked for, or with any where none is."""
    columns = [OUTCOMES.index(name) for name in cells.outcomes]
    lines = [_predictors().index(name) for name in cells.predictors]
    own = [found[role][np.ix_(lines, columns)] for role in cells.roles]
    return int(sum(np.count_nonzero(one == cells.sign if cells.sign else one) for one in own))


@cache
def _predictors() -> tuple[str, ...]:
    named = [name for part in PARTS for cells in part.cells for name in cells.predictors]
    return tuple(dict.fromkeys((*named, *(f"claimed.{name}" for name in ASKED))))


@cache
def _rows(what: str) -> list[int]:
    return [place for place, name in enumerate(_predictors()) if name.startswith(f"{what}.")]


@cache
def _matched(number: int) -> tuple[np.ndarray, ...]:
    measures, outcomes = MATCHED[number]
    lines = [_predictors().index(f"known.{name}") for name in measures]
    return np.ix_(lines, [OUTCOMES.index(name) for name in outcomes])


@cache
def _for_worse() -> np.ndarray:
    """1 where a high score of an outcome is bad, else -1."""
    return np.array([scales()[name].worse if name in scales() else 1 for name in OUTCOMES])


def _numbers(answers: Answers) -> dict[str, float]:
    manager, other = (answers.of(role) for role in BOTH)
    counts = mismatches(answers)
    return {
        "claims": float(answers.said["claimed"].mean()),
        "known_managers": float(answers.said["known"][manager].mean()),
        "known_others": float(answers.said["known"][other].mean()),
        **{f"{reading}.{role}": counts[reading, role] for reading in READINGS.values() for role in BOTH},
    }


# -- what the study reports -------------------------------------------------------------------------------------------


def limits_of(dealt: pd.DataFrame) -> dict[str, float]:
    """Of each family, the most that chance alone finds in 95 of 100 studies; of single relations nought."""
    return {
        part.name: float(np.quantile(dealt[f"part.{part.name}"], CHANCE, method="inverted_cdf"))
        if part.is_family
        else 0.0
        for part in PARTS
    }


def told(studies: pd.DataFrame, limits: Mapping[str, float]) -> pd.DataFrame:
    """What each virtual study would report: 1 or 0 for each part; its numbers as the world's reading counts them."""
    import pandas as pd

    parts = {part.name: (studies[f"part.{part.name}"] > limits[part.name]).astype(float) for part in PARTS}
    numbers = {name: studies[name] for name in ("claims", *NUMBERS[:2], *COUNTS, *EMPLOYERS)}
    for name, role in zip(NUMBERS[2:], BOTH, strict=True):
        first, second = (studies[f"{READINGS[reading]}.{role}"] for reading in (1, 2))
        numbers[name] = np.where(studies["reading"] == 2, second, first)
    return pd.DataFrame({**parts, **numbers}, index=studies.index)


def reported(measures: Sequence) -> dict[str, float]:
    """What the study of 2022 reports, in the terms of `told`."""
    shares = [measure.study for measure in measures if measure.in_study]
    printed = {row["id"]: float(row["value"]) for row in rows("targets") if row["id"].startswith("mismatch_")}
    return {
        **{part.name: float(part.reported) for part in PARTS},
        "known_right": float(sum(part.reported for part in PARTS)),
        "known_wrong": 0.0,
        "claims": sum(own["employer"] for own in shares),
        "known_managers": sum(own["manager"] for own in shares),
        "known_others": sum(own["non_manager"] for own in shares),
        "mismatch_managers": printed["mismatch_manager"],
        "mismatch_others": printed["mismatch_employee"],
    }


def shows(told: pd.DataFrame, parts: Sequence[str]) -> pd.Series:
    """Whether each virtual study reports the same as that of 2022 on all of these parts."""
    same = [told[part.name] == part.reported for part in PARTS if part.name in parts]
    return np.logical_and.reduce(same)


def true_relations(truth: Answers) -> dict[str, float]:
    """`true.<part>`: the correlation of true states behind each single relation, with a harmful one positive."""
    single = [part for part in PARTS if part.reported]
    found = {}
    for part in single:
        cells = part.cells[0]
        found[f"true.{part.name}"] = float(relations(truth, cells.predictors, cells.outcomes, cells.roles[0]).r[0, 0])
    return found
