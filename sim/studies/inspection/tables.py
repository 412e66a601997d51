"""Many virtual studies become tables: each number beside the study's own, with how far virtual studies differ.

`low` and `high` hold 95 of 100 virtual studies, and not the doubt about a mean. `of_100` counts virtual studies that
report what the study of 2022 did, with a Wilson interval for having tried no more of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from sim.levers.measure import Measure
from sim.outcomes.patterns import ASKED, BOTH, CELLS, EQUIVALENT, Pattern, patterns
from sim.studies.inspection.rating import WORDS, in_words
from sim.studies.inspection.repeated_surveys import TABLE, Study, relations_of

if TYPE_CHECKING:
    import pandas as pd

WHO = ("employer", *BOTH)
SPREAD = (0.025, 0.975)
_Z = 1.96
COUNTED = {("any_difference", "manager"): 4.0, ("any_difference", "non_manager"): 5.0}
_GLOSSED = {("claimed_not_known", role): COUNTED["any_difference", role] for role in BOTH}
_ROUNDING = 0.5
"""The study gives its mismatch counts as whole numbers."""


def looked_for() -> tuple[Pattern, ...]:
    """The patterns that a virtual study may report."""
    known = {*CELLS, "cascade_order", "inspector_downgrade", "detail_question", "contacts_fewer_isolation_low"}
    return tuple(pattern for pattern in patterns() if pattern.name in known)


def numbers(studies: Sequence[Study]) -> pd.DataFrame:
    """One row for each virtual study, with every number of it."""
    import pandas as pd

    return pd.DataFrame([{"replicate": number} | study.numbers() for number, study in enumerate(studies)])


def table_of_measures(studies: Sequence[Study], measures: Iterable[Measure]) -> pd.DataFrame:
    """The study's table of 15 measures by three roles, percent: the study's, the virtual ones', and the truth."""
    import pandas as pd

    asked = {measure.name: measure for measure in measures if measure.in_study}
    said = 100 * np.array([study.shares for study in studies])
    true = 100 * np.array(
        [study.shares * np.nan if study.true_shares is None else study.true_shares for study in studies]
    )
    rows = []
    for at, name in enumerate(ASKED):
        for column, who in enumerate(WHO):
            own = _spread(said[:, at, column])
            study = 100 * asked[name].study[who]
            rows.append(
                {"measure": name, "who": who, "study": study, **own, "true": float(true[:, at, column].mean())}
                | {"inside": own["low"] <= study <= own["high"]}
            )
    return pd.DataFrame(rows)


def table_of_mismatches(studies: Sequence[Study]) -> pd.DataFrame:
    """Answers of 15 that differ from the employer's, by reading and role; the study's are rounded to whole numbers."""
    import pandas as pd

    rows = []
    for (reading, role), study in (COUNTED | _GLOSSED).items():
        own = _spread(np.array([one.mismatches[reading, role] for one in studies]))
        inside = own["low"] <= study + _ROUNDING and own["high"] >= study - _ROUNDING
        rows.append({"reading": reading, "role": role, "study": study, **own, "inside": inside})
    return pd.DataFrame(rows)


def table_of_relations(studies: Sequence[Study]) -> pd.DataFrame:
    """Every relation that a pattern rests on: correlations of answers, true ones, and how often significant."""
    import pandas as pd

    rows = []
    for pattern in looked_for():
        findings = [study.findings[pattern.name] for study in studies]
        for at, (role, predictor, outcome) in enumerate(relations_of(pattern.name)):
            r, true = (np.array([getattr(finding, what)[at] for finding in findings]) for what in ("r", "true"))
            found = np.array([finding.found[at] for finding in findings])
            rows.append(
                {"pattern": pattern.name, "role": role, "predictor": predictor, "outcome": outcome}
                | _spread(r, "r")
                | _spread(true, "true")
                | {
                    "true_error": float(true.std(ddof=1) / np.sqrt(len(true))),
                    "positive": float((found > 0).mean()),
                    "negative": float((found < 0).mean()),
                }
            )
    return pd.DataFrame(rows)


def table_of_patterns(studies: Sequence[Study], relations: pd.DataFrame) -> pd.DataFrame:
    """Every pattern: of 100 virtual studies, how many report what the study did, and the relation that decides.

    `relation` is the weakest of those that must be there, or the strongest of those that must not, in truth; `true`
    its mean over worlds with the range that holds 95 of 100. `equivalent` says of a null whether all its true
    relations lie within ±0.10; None where nobody knows, or there is none.
    """
    import pandas as pd

    rows = []
    for pattern in looked_for():
        findings = [study.findings[pattern.name] for study in studies]
        reported = [finding.reported for finding in findings if finding.reported is not None]
        own = relations[relations["pattern"] == pattern.name]
        significant = np.array([np.count_nonzero(finding.found) for finding in findings])
        limits = np.array([finding.limit for finding in findings])
        rows.append(
            {
                "pattern": pattern.name,
                "use": pattern.use,
                "expected": pattern.expected,
                "is_null": _is_null(pattern.name),
                "tests": len(own),
                "studies": len(reported),
                **_of_100(np.array(reported, bool)),
                "significant": float(significant.mean()) if len(own) else np.nan,
                "limit": float(limits.mean()),
                **_deciding(pattern.name, own),
            }
        )
    return pd.DataFrame(rows)


def _is_null(pattern: str) -> bool:
    return any(cells.sign in (0, None) for cells in CELLS.get(pattern, ()))


def _deciding(pattern: str, own: pd.DataFrame) -> dict[str, object]:
    """The relation on which a pattern stands or falls, and whether a null is one in truth."""
    if own.empty or own["true"].isna().all():
        return {
            "relation": "",
            "r": np.nan,
            "true": np.nan,
            "true_low": np.nan,
            "true_high": np.nan,
            "equivalent": None,
        }
    sign = CELLS[pattern][0].sign
    place = own["true"].abs().idxmax() if not sign else (sign * own["true"]).idxmin()
    row = own.loc[place]
    within = (own["true"].abs() + _Z * own["true_error"] <= EQUIVALENT).all() if not sign else None
    return {
        "relation": f"{row['role']}: {row['predictor']} with {row['outcome']}",
        **{name: float(row[name]) for name in ("r", "true", "true_low", "true_high")},
        "equivalent": within,
    }


def table_of_tests(studies: Sequence[Study]) -> pd.DataFrame:
    """Significant relations of the whole table, 15 measures x outcomes x roles, with right and wrong sign."""
    import pandas as pd

    rows = []
    for asked in TABLE:
        own = [study.tests[asked] for study in studies]
        dealt = np.concatenate([tests.by_chance for tests in own])
        right, wrong = (np.array([getattr(tests, name) for tests in own]) for name in ("right", "wrong"))
        limit = float(np.quantile(dealt, 0.95, method="inverted_cdf"))
        rows.append(
            {"asked": asked, "tests": own[0].tests}
            | _spread(right, "right")
            | _spread(wrong, "wrong")
            | {
                "by_chance": float(dealt.mean()),
                "by_chance_limit": limit,
                "beyond": float((right + wrong > limit).mean()),
            }
        )
    return pd.DataFrame(rows)


def table_of_ratings(studies: Sequence[Study]) -> pd.DataFrame:
    """The inspector's marks (1 to 4) by risk: in general, item by item, after speaking; and the shares of each word."""
    import pandas as pd

    rows = []
    for risk in studies[0].ratings:
        own = [study.ratings[risk] for study in studies]
        for when in ("in_general", "item_by_item", "after"):
            marks = [getattr(one, when) for one in own]
            if any(one is None for one in marks):
                continue
            words = np.sum([in_words(one) for one in marks], axis=0)
            rows.append(
                {"risk": risk, "when": when, **_spread(np.array([one.mean() for one in marks]))}
                | dict(zip(WORDS, words / words.sum(), strict=True))
            )
    return pd.DataFrame(rows)


def as_reported(studies: Sequence[Study], uses: Iterable[str]) -> np.ndarray:
    """(study,) how many patterns of these uses each virtual study reports as the study of 2022 did."""
    names = [pattern.name for pattern in looked_for() if pattern.use in uses]
    return np.array([sum(bool(study.findings[name].reported) for name in names) for study in studies])


def other_numbers(studies: Sequence[Study], pattern: str) -> Mapping[str, float]:
    """What else a pattern rests on, mean over virtual studies."""
    own = [study.findings[pattern].numbers for study in studies]
    return {name: float(np.mean([numbers[name] for numbers in own])) for name in own[0]}


def _spread(values: np.ndarray, name: str = "mean") -> dict[str, float]:
    """Mean, and the range that holds 95 of 100; `name` goes before the ends where it is not the mean."""
    low, high = np.quantile(values, SPREAD)
    before = "" if name == "mean" else f"{name}_"
    return {name: float(values.mean()), f"{before}low": float(low), f"{before}high": float(high)}


def _of_100(reported: np.ndarray) -> dict[str, float]:
    if not len(reported):
        return {"of_100": np.nan, "low": np.nan, "high": np.nan}
    from scipy.stats import binomtest

    interval = binomtest(int(reported.sum()), len(reported)).proportion_ci(0.95, "wilson")
    return {"of_100": 100 * float(reported.mean()), "low": 100 * interval.low, "high": 100 * interval.high}
