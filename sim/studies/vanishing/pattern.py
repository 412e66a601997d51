"""The joint pattern of the study of 2022, and the parts of it that a simulated study shows.

The study reports which relations were significant, without correlations. A simulated study therefore reports the same:
whether a single relation is significant with the reported sign, and whether a family of tests has more significant
relations than 95% of studies with permuted outcomes. Its other numbers are counts and means that the study prints.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.data import rows
from sim.levers.measure import Measure
from sim.outcomes.patterns import (
    AGAINST_PRESSURE,
    BOTH,
    CELLS,
    ISOLATIONS,
    MEASURES,
    OUTCOMES,
    PRESSURE,
    SCREEN_WORK,
    Cells,
)
from sim.studies.inspection.repeated_surveys import mismatches
from sim.survey.correlations import Correlations, limit_by_chance
from sim.survey.interview import harm
from sim.survey.visit import Answers

if TYPE_CHECKING:
    import pandas as pd

_BEYOND_TELEPRESSURE = tuple(name for name in PRESSURE if name != "telepressure")


@dataclass(frozen=True)
class Part:
    """One part of the pattern: its relations, and whether the study reports a significant one."""

    name: str
    label: str
    cells: Cells

    @property
    def is_family(self) -> bool:
        """Whether the part is a family of tests, in which some are significant by chance."""
        return self.cells.sign is None

    @property
    def reported(self) -> int:
        """1 if the study reports a relation, else 0."""
        return int(bool(self.cells.sign))


def _cells(measures: Sequence[str], outcomes: Sequence[str], roles: Sequence[str], sign: int | None) -> Cells:
    return Cells(tuple(f"known.{name}" for name in measures), tuple(outcomes), tuple(roles), sign)


def _without(*measures: str) -> tuple[str, ...]:
    return tuple(name for name in MEASURES if name not in measures)


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
"""Findings on measures of contact: three of the four findings of the study."""
QUIET = ("employer_quiet",)
JOINT = (*QUIET, *CONTACT, "ergonomics", "reachability_telepressure", "reachability_pressure", "times_conflict")
"""The joint pattern: no relation with the employer's answers, the four findings and the two null results it names."""
NUMBERS = ("known_managers", "known_others", "mismatch_managers", "mismatch_others")
"""Numbers that the study prints. Mismatches depend on the way of counting."""
COUNTS = ("known_right", "known_wrong")
"""Significant relations between known measures and the risks they are meant for, by sign."""
EMPLOYERS = ("employer_right", "employer_wrong")
"""Significant relations with the employer's answers, by sign."""
MATCHED = (
    _cells(SCREEN_WORK, ("kans_complaint",), BOTH, None),
    _cells(AGAINST_PRESSURE, (*PRESSURE, *ISOLATIONS), BOTH, None),
)
"""Measures and the outcomes that they are meant for."""
TESTS = sum(len(cells.each) for cells in MATCHED)
PREDICTORS = tuple(dict.fromkeys(name for part in PARTS for name in part.cells.predictors))
READINGS = {1: "any_difference", 2: "claimed_not_known"}
"""Ways of counting mismatches, by the number that worlds use."""


def survey_counts(answers: Answers, permute: Sequence[int] | None = None) -> dict[str, float]:
    """Return the counts of one simulated study: `part.<name>` significant relations, and the numbers it prints.

    With the random key `permute`, outcomes are permuted over the respondents, so that relations arise by chance alone.
    """
    signs = {}
    for place, role in enumerate(BOTH):
        own = Correlations(answers, PREDICTORS, OUTCOMES, role)
        signs[role] = own.significant if permute is None else own.permuted(OUTCOMES, 1, (*permute, place))[0]
    counts = {f"part.{part.name}": float(_count(signs, part.cells)) for part in PARTS}
    harmful = {role: own * harm(OUTCOMES) for role, own in signs.items()}
    for name, all_cells in (("employer", [CELLS["employer_measures_health"]]), ("known", MATCHED)):
        for direction, sign in (("right", -1), ("wrong", 1)):
            counts[f"{name}_{direction}"] = float(sum(_count(harmful, cells, sign) for cells in all_cells))
    return {**counts, **_numbers(answers)}


def _count(signs: Mapping[str, np.ndarray], cells: Cells, sign: int | None = None) -> int:
    """Count the significant relations with this sign or that of the cells, or with any sign if they have none."""
    own, sign = [signs[role][_at(cells)] for role in cells.roles], sign or cells.sign
    return int(sum(np.count_nonzero(one == sign if sign else one) for one in own))


@cache
def _at(cells: Cells) -> tuple[np.ndarray, ...]:
    return np.ix_([PREDICTORS.index(name) for name in cells.predictors],
                  [OUTCOMES.index(name) for name in cells.outcomes])  # fmt: skip


def _numbers(answers: Answers) -> dict[str, float]:
    manager, other = (answers.of(role) for role in BOTH)
    counts = mismatches(answers)
    return {
        "claims": float(answers.responses["claimed"].mean()),
        "known_managers": float(answers.responses["known"][manager].mean()),
        "known_others": float(answers.responses["known"][other].mean()),
        **{f"{reading}.{role}": counts[reading, role] for reading in READINGS.values() for role in BOTH},
    }


# -- reports ----------------------------------------------------------------------------------------------------------


def limits_of(permuted: pd.DataFrame) -> dict[str, float]:
    """Return by part the largest count of significant relations that is no finding: a quantile for families, else 0."""
    return {part.name: limit_by_chance(permuted[f"part.{part.name}"]) if part.is_family else 0.0 for part in PARTS}


def reports_of(studies: pd.DataFrame, limits: Mapping[str, float]) -> pd.DataFrame:
    """Return the report of each simulated study: 1 or 0 for each part, and its numbers as its world counts them."""
    import pandas as pd

    parts = {part.name: (studies[f"part.{part.name}"] > limits[part.name]).astype(float) for part in PARTS}
    numbers = {name: studies[name] for name in ("claims", *NUMBERS[:2], *COUNTS, *EMPLOYERS)}
    for name, role in zip(NUMBERS[2:], BOTH, strict=True):
        first, second = (studies[f"{READINGS[reading]}.{role}"] for reading in (1, 2))
        numbers[name] = np.where(studies["reading"] == 2, second, first)
    return pd.DataFrame({**parts, **numbers}, index=studies.index)


def report_of_2022(measures: Sequence[Measure]) -> dict[str, float]:
    """Return the report of the study of 2022, with the columns of `reports_of`."""
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


def shows(reports: pd.DataFrame, parts: Sequence[str]) -> np.ndarray:
    """Return whether each report agrees with that of 2022 on all of these parts."""
    return np.logical_and.reduce([reports[part.name] == part.reported for part in PARTS if part.name in parts])


def agreement(reports: pd.DataFrame) -> dict[str, Any]:
    """Return whether each report agrees with that of 2022, by group of parts; `any_contact` is at least one of them."""
    groups = {"quiet": QUIET, "contact": CONTACT, "joint": JOINT}
    some = {"any_contact": reports[list(CONTACT)].max(axis=1)}
    return {name: shows(reports, parts) for name, parts in groups.items()} | some


def true_relations(truth: Answers) -> dict[str, float]:
    """Return `true.<part>`: the correlation of latent states behind each finding, positive for a harmful relation."""
    cells = {part.name: part.cells for part in PARTS if part.reported}
    return {
        f"true.{name}": float(Correlations(truth, own.predictors, own.outcomes, own.roles[0]).r[0, 0])
        for name, own in cells.items()
    }
