"""Tables of many simulated studies: each number with that of the study of 2022, and its spread over studies.

`low` and `high` hold 95% of simulated studies. `of_100` is the percentage of simulated studies that report what the
study of 2022 reported, with a Wilson interval for the limited number of studies.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.levers.measure import Measure
from sim.outcomes.patterns import BOTH, CELLS, EQUIVALENT, MEASURES, Pattern, patterns
from sim.studies.inspection.findings import STATUSES, relations_of
from sim.studies.inspection.rating import WORDS, count_by_word
from sim.studies.inspection.repeated_surveys import SimulatedStudy
from sim.studies.ranking.statistics import wilson
from sim.survey.correlations import limit_by_chance

if TYPE_CHECKING:
    import pandas as pd

Studies = Sequence[SimulatedStudy]
Row = dict[str, Any]
WHO = ("employer", *BOTH)
SPREAD = (0.025, 0.975)
_Z = 1.96
MISMATCHES = {
    (reading, role): number
    for reading in ("any_difference", "claimed_not_known")
    for role, number in (("manager", 4.0), ("non_manager", 5.0))
}
"""Mismatches of the study of 2022, by reading and role; its text can be read in two ways."""
_ROUNDING = 0.5
"""The study of 2022 rounds mismatches to whole numbers."""


def tested_patterns() -> tuple[Pattern, ...]:
    """Return the patterns that a simulated study may report."""
    known = {*CELLS, "cascade_order", "inspector_downgrade", "detail_question", "contacts_fewer_isolation_low"}
    return tuple(pattern for pattern in patterns() if pattern.name in known)


def frames(studies: Studies, measures: Iterable[Measure]) -> dict[str, pd.DataFrame]:
    """Return the tables of two or more simulated studies by name; `measures` have the shares of the study of 2022."""
    import pandas as pd

    relations = pd.DataFrame(_relations(studies))
    contents = {
        "measures": _measures(studies, measures),
        "mismatches": _mismatches(studies),
        "patterns": [_pattern(studies, pattern, relations) for pattern in tested_patterns()],
        "relations": relations,
        "tests": [_tests(studies, status) for status in STATUSES],
        "ratings": _ratings(studies),
        "studies": [{"replicate": number} | study.numbers() for number, study in enumerate(studies)],
    }
    return {name: pd.DataFrame(rows) for name, rows in contents.items()}


def as_reported(studies: Studies) -> np.ndarray:
    """Return (study,) the number of patterns that each simulated study reports as the study of 2022 did."""
    names = [pattern.name for pattern in tested_patterns()]
    return np.array([sum(bool(study.findings[name].reported) for name in names) for study in studies])


def mean_numbers(studies: Studies, pattern: str) -> dict[str, float]:
    """Return the other numbers of a pattern, as means over simulated studies."""
    own = [study.findings[pattern].numbers for study in studies]
    return {name: float(np.mean([numbers[name] for numbers in own])) for name in own[0]}


def _measures(studies: Studies, measures: Iterable[Measure]) -> list[Row]:
    """Return the percentages who report each of 15 measures: study of 2022, simulated studies, and the truth."""
    by_name = {measure.name: measure for measure in measures if measure.in_study}
    reported = 100 * np.array([study.shares for study in studies])
    unknown = np.full(reported.shape[1:], np.nan)
    true = 100 * np.array([unknown if study.true_shares is None else study.true_shares for study in studies])
    rows = []
    for at, name in enumerate(MEASURES):
        for column, who in enumerate(WHO):
            own, study = _spread(reported[:, at, column]), 100 * by_name[name].study[who]
            row = {"measure": name, "who": who, "study": study, **own, "true": float(true[:, at, column].mean())}
            rows.append(row | {"inside": own["low"] <= study <= own["high"]})
    return rows


def _mismatches(studies: Studies) -> list[Row]:
    """Return the number of 15 answers that differ from the employer's, by reading and role."""
    rows = []
    for (reading, role), study in MISMATCHES.items():
        own = _spread(np.array([one.mismatches[reading, role] for one in studies]))
        inside = own["low"] <= study + _ROUNDING and own["high"] >= study - _ROUNDING
        rows.append({"reading": reading, "role": role, "study": study, **own, "inside": inside})
    return rows


def _relations(studies: Studies) -> list[Row]:
    """Return all relations of the patterns: correlations of answers, true ones, and how often significant."""
    rows: list[Row] = []
    for pattern in tested_patterns():
        findings = [study.findings[pattern.name] for study in studies]
        for at, (role, predictor, outcome) in enumerate(relations_of(pattern.name)):
            r, true, significant = (
                np.array([getattr(finding, what)[at] for finding in findings]) for what in ("r", "true", "significant")
            )
            rows.append({
                "pattern": pattern.name, "role": role, "predictor": predictor, "outcome": outcome,
                **_spread(r, "r"), **_spread(true, "true"), "true_error": float(true.std(ddof=1) / np.sqrt(len(true))),
                "positive": float((significant > 0).mean()), "negative": float((significant < 0).mean()),
            })  # fmt: skip
    return rows


def _pattern(studies: Studies, pattern: Pattern, relations: pd.DataFrame) -> Row:
    """Return the percentage of studies that report a pattern, and the relation that decides it."""
    findings = [study.findings[pattern.name] for study in studies]
    reported = [finding.reported for finding in findings if finding.reported is not None]
    own = relations[relations["pattern"] == pattern.name]
    significant = np.array([np.count_nonzero(finding.significant) for finding in findings])
    return {
        "pattern": pattern.name, "use": pattern.use, "expected": pattern.expected,
        "is_null": pattern.name in CELLS and not CELLS[pattern.name].sign,
        "tests": len(own), "studies": len(reported), **_percentage(np.array(reported, bool)),
        "significant": float(significant.mean()) if len(own) else np.nan,
        "limit": float(np.mean([finding.limit for finding in findings])), **_deciding(pattern.name, own),
    }  # fmt: skip


def _deciding(pattern: str, own: pd.DataFrame) -> Row:
    """Return the weakest true relation of a finding or the strongest of a null finding, with its range over worlds.

    `equivalent` says whether all true relations of a null finding lie within ±0.10; None if they are unknown, or for
    other findings.
    """
    numbers = ("r", "true", "true_low", "true_high")
    if own.empty or own["true"].isna().all():
        return {"relation": "", **dict.fromkeys(numbers, np.nan), "equivalent": None}
    sign = CELLS[pattern].sign
    row = own.loc[own["true"].abs().idxmax() if not sign else (sign * own["true"]).idxmin()]
    within = (own["true"].abs() + _Z * own["true_error"] <= EQUIVALENT).all() if not sign else None
    return {
        "relation": f"{row['role']}: {row['predictor']} with {row['outcome']}",
        **{name: float(row[name]) for name in numbers},
        "equivalent": within,
    }


def _tests(studies: Studies, status: str) -> Row:
    """Return the number of significant tests with right and wrong sign: 15 measures x outcomes x roles."""
    own = [study.tests[status] for study in studies]
    permuted = np.concatenate([tests.by_chance for tests in own])
    right, wrong = (np.array([getattr(tests, name) for tests in own]) for name in ("right", "wrong"))
    limit = limit_by_chance(permuted)
    return {
        "status": status, "tests": own[0].tests, **_spread(right, "right"), **_spread(wrong, "wrong"),
        "by_chance": float(permuted.mean()), "by_chance_limit": limit, "beyond": float((right + wrong > limit).mean()),
    }  # fmt: skip


def _ratings(studies: Studies) -> list[Row]:
    """Return marks (1 to 4) by risk: in general, item by item, after interviews; and the shares of each word."""
    rows = []
    for risk in studies[0].ratings:
        for when in ("in_general", "item_by_item", "after"):
            marks = [getattr(study.ratings[risk], when) for study in studies]
            if any(one is None for one in marks):
                continue
            words = np.sum([count_by_word(one) for one in marks], axis=0)
            row = {"risk": risk, "when": when, **_spread(np.array([one.mean() for one in marks]))}
            rows.append(row | dict(zip(WORDS, words / words.sum(), strict=True)))
    return rows


def _spread(values: np.ndarray, name: str = "mean") -> dict[str, float]:
    """Return the mean and the range that holds 95%; the names of its ends begin with `name` unless that is `mean`."""
    low, high = np.quantile(values, SPREAD)
    before = "" if name == "mean" else f"{name}_"
    return {name: float(values.mean()), f"{before}low": float(low), f"{before}high": float(high)}


def _percentage(reported: np.ndarray) -> dict[str, float]:
    if not len(reported):
        return {"of_100": np.nan, "low": np.nan, "high": np.nan}
    low, high = wilson(int(reported.sum()), len(reported))
    return {"of_100": 100 * float(reported.mean()), "low": 100 * low, "high": 100 * high}
