"""Result tables: paired differences from the first scenario, with intervals over replicates.

The worlds of a replicate share people and random numbers. Differences are taken within a replicate and then averaged.
Where all replicates have the same parameters, an interval is the 95% interval of the mean (Student's t), which covers
chance only. Where each has a posterior draw, it is the range of 90% of the replicates, which covers parameters and
chance. Every table states the type of its intervals. No table has a group of fewer than ten people; an empty table
keeps its columns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import required
from sim.levers.measure import Measure
from sim.levers.scenario import Scenario
from sim.outcomes.definitions import GAINS_IN, GROUPS, HEADLINES, ITEMS_BY_WEEK, MARGIN, OUTCOMES, SMALLEST_GROUP
from sim.outcomes.no_effect import joined as joined_reasons
from sim.outcomes.record import CASCADE_ROLES, STAGES, Record
from sim.outcomes.samples import Samples
from sim.world.calendar import DAYS_A_WEEK, Calendar
from sim.world.firm import Firm

if TYPE_CHECKING:
    import pandas as pd

CONFIDENCE = 0.95
SHARE_OF_DRAWS = 0.90
CHANCE, DRAWS = "chance", "draws"
"""Types of intervals: of the mean over chance (95%), or of runs over parameters and chance (90%)."""
LITTLE = {"burn_out_complaints": 0.5, "isolation_from_colleagues": 0.01, "isolation_from_company": 0.01}
"""Largest difference that counts as little change, in the unit of the outcome. Fixed in advance."""
_GROUP_OF_ROLE = {"manager": "managers", "non_manager": "non_managers"}
"""Group of each role; employers are establishments, which belong to no group."""

_OF_A_GROUP = dict.fromkeys(("scenario", "kind", "outcome", "group"), "str")
_EFFECTS = {
    **_OF_A_GROUP,
    **dict.fromkeys(("baseline", "difference", "low", "high"), "float64"),
    "replicates": "int64",
    "interval": "str",
    "unit": "str",
    "reason": "str",
}
_REASONS = {**dict.fromkeys(("scenario", "kind", "part", "reason"), "str"), "runs": "int64", "replicates": "int64"}
_COUNTS = {
    **_OF_A_GROUP,
    **dict.fromkeys(("lower", "little", "higher"), "int64"),
    "margin": "float64",
    "replicates": "int64",
    "unit": "str",
}
_TRAJECTORIES = {
    **_OF_A_GROUP,
    "week": "int64",
    "date": "datetime64[ms]",
    **dict.fromkeys(("mean", "low", "high", "difference", "difference_low", "difference_high"), "float32"),
    "replicates": "int64",
    "interval": "str",
    "unit": "str",
}
_CASCADE = {
    **dict.fromkeys(("scenario", "measure", "role", "stage"), "str"),
    **dict.fromkeys(("share", "low", "high", "study_share"), "float64"),
    "replicates": "int64",
    "interval": "str",
}
_GAINS = {
    **_OF_A_GROUP,
    **dict.fromkeys(("gained", "unchanged", "worse", "margin"), "float64"),
    "unit": "str",
    "replicates": "int64",
}
_TIES = {
    **dict.fromkeys(("scenario", "kind"), "str"),
    **dict.fromkeys(("source", "target", "source_team", "target_team"), "int64"),
    "across": "bool",
    **dict.fromkeys(("before", "after"), "float64"),
}
_PEOPLE = {
    **dict.fromkeys(("scenario", "kind"), "str"),
    **dict.fromkeys(("place", "team"), "int64"),
    "is_manager": "bool",
    **dict.fromkeys(("isolation_before", "isolation_after"), "float64"),
}
"""Columns of the tables and their types."""


def interval(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return mean, limits of the 95% interval of the mean, and count over the first axis (replicates).

    Samples that are nan are left out; a single sample has nan limits.
    """
    from scipy.stats import t

    count = np.sum(~np.isnan(samples), axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.nansum(samples, axis=0) / np.where(count > 0, count, np.nan)
        squares = np.nansum((samples - mean) ** 2, axis=0)
        error = np.sqrt(squares / np.where(count > 1, count - 1, np.nan) / count)
        half = t.ppf((1 + CONFIDENCE) / 2, np.maximum(count - 1, 1)) * error
    return mean, mean - half, mean + half, count


def spread(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return mean, limits of the range of 90% of the samples, and count over the first axis (draws).

    Samples that are nan are left out; a single sample has nan limits.
    """
    mean, _, _, count = interval(samples)
    some = np.where(count > 1, samples, 0.0)  # numpy warns about columns without any number
    quantile = np.nanquantile if np.isnan(some).any() else np.quantile  # both give the same bits
    low, high = quantile(some, [(1 - SHARE_OF_DRAWS) / 2, (1 + SHARE_OF_DRAWS) / 2], axis=0)
    return mean, np.where(count > 1, low, np.nan), np.where(count > 1, high, np.nan), count


_INTERVALS = {CHANCE: interval, DRAWS: spread}


def _table(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> pd.DataFrame:
    """Return the rows as a data frame with these columns and types, also where there are no rows."""
    import pandas as pd

    return pd.DataFrame(rows, columns=list(columns)).astype(columns)


def effects(samples: Samples, holds: str = CHANCE) -> pd.DataFrame:
    """Return paired differences from the baseline over the last 26 weeks, by scenario, outcome and group.

    `holds` is the type of the intervals, `CHANCE` or `DRAWS`.
    Columns: scenario, kind, outcome, group, baseline, difference, low, high, replicates, interval, unit, reason. A
    scenario that has no effect in any replicate has a `reason` in place of numbers where nothing differs.
    """
    reported, baseline = samples.reported, samples.last_weeks(0)
    usual = interval(baseline)[0]
    table_rows = []
    for world, scenario in enumerate(samples.scenarios[1:], start=1):
        difference, low, high, count = _INTERVALS[holds](samples.last_weeks(world) - baseline)
        for column, group in enumerate(GROUPS):
            if reported[world, column]:
                table_rows += [
                    _row(scenario, name, group, *(a[row, column] for a in (usual, difference, low, high, count)))
                    for row, name in enumerate(OUTCOMES)
                ]
        for name, policy, without in _users(samples, world):
            numbers = _INTERVALS[holds](policy - without)
            table_rows.append(_row(scenario, name, "users", without.mean(), *numbers))
    return _table([_with_reason(samples, {**row, "interval": holds}) for row in table_rows], _EFFECTS)


def _with_reason(samples: Samples, row: Mapping[str, Any]) -> dict[str, Any]:
    world = [scenario.name for scenario in samples.scenarios].index(row["scenario"])
    reason = samples.reason(world)
    if not (reason and samples.unchanged[world, list(OUTCOMES).index(row["outcome"])]):
        return {**row, "reason": ""}
    return {**row, **dict.fromkeys(("difference", "low", "high"), np.nan), "reason": reason}


def reasons_table(samples: Samples) -> pd.DataFrame:
    """Return why scenarios, or measures and settings in them, have no effect, and in how many replicates.

    Columns: scenario, kind, part (a measure, a process, or empty for all of the scenario), reason, runs, replicates.
    """
    table_rows = []
    for world, scenario in enumerate(samples.scenarios[1:], start=1):
        parts: Counter[tuple[str, str]] = Counter()
        for alike, own in zip(samples.no_effect[:, world], samples.reasons_of(world), strict=True):
            parts.update((part, reason) for part, reasons in own.items() for reason in reasons)
            parts.update([("", joined_reasons(own))] if alike else [])
        table_rows += [
            {"scenario": scenario.name, "kind": scenario.kind, "part": part, "reason": reason, "runs": runs,
             "replicates": samples.count}
            for (part, reason), runs in sorted(parts.items())
        ]  # fmt: skip
    return _table(table_rows, _REASONS)


def counts(samples: Samples) -> pd.DataFrame:
    """Count the runs in which a scenario lowers a headline, changes little (`LITTLE`) or raises it.

    Columns: scenario, kind, outcome, group, lower, little, higher, margin, replicates, unit.
    """
    everybody = list(GROUPS).index("everybody")
    reported, baseline = samples.reported[:, everybody], samples.last_weeks(0)[..., everybody]
    table_rows = []
    for world, scenario in enumerate(samples.scenarios[1:], start=1):
        if samples.reason(world):
            continue
        if reported[world]:
            change = samples.last_weeks(world)[..., everybody] - baseline
            of_outcome = {name: change[:, list(OUTCOMES).index(name)] for name in HEADLINES}
            table_rows += [_count_directions(scenario, name, "everybody", own) for name, own in of_outcome.items()]
        for name, policy, without in _users(samples, world):
            if name in HEADLINES:
                table_rows.append(_count_directions(scenario, name, "users", policy - without))
    return _table(table_rows, _COUNTS)


def _count_directions(scenario: Scenario, outcome: str, group: str, difference: np.ndarray) -> dict[str, Any]:
    margin = LITTLE[outcome]
    return {
        "scenario": scenario.name,
        "kind": scenario.kind,
        "outcome": outcome,
        "group": group,
        "lower": int((difference < -margin).sum()),
        "little": int((np.abs(difference) <= margin).sum()),
        "higher": int((difference > margin).sum()),
        "margin": margin,
        "replicates": len(difference),
        "unit": OUTCOMES[outcome].unit,
    }


def _row(scenario: Scenario, outcome: str, group: str, baseline, difference, low, high, count) -> dict:
    return {
        "scenario": scenario.name,
        "kind": scenario.kind,
        "outcome": outcome,
        "group": group,
        "baseline": float(baseline),
        "difference": float(difference),
        "low": float(low),
        "high": float(high),
        "replicates": int(count),
        "unit": OUTCOMES[outcome].unit,
    }


def _users(samples: Samples, world: int) -> Iterable[tuple[str, np.ndarray, np.ndarray]]:
    """Yield each outcome with the means of users under the policy and of the same people without it."""
    counts, means = samples.users(world)
    if counts.mean() >= SMALLEST_GROUP:
        for row, name in enumerate(OUTCOMES):
            yield name, means[:, row, 0], means[:, row, 1]


def trajectories(samples: Samples, calendar: Calendar, holds: str = CHANCE) -> pd.DataFrame:
    """Return weekly means and paired differences with intervals: all outcomes by role, headlines by group."""
    import pandas as pd

    scenarios, reported = samples.scenarios, samples.reported
    weeks = np.arange(samples.people.shape[1])
    dates = pd.to_datetime([calendar.start + timedelta(days=int(week) * DAYS_A_WEEK) for week in weeks])
    rows, columns = np.array(ITEMS_BY_WEEK).T
    places, worlds = np.nonzero(reported[:, columns].T)
    by_week = _by_week(samples, places, worlds, holds)
    applies = np.array([not samples.reason(world) for world in range(len(scenarios))], bool)
    nothing = np.repeat(~applies[worlds] & samples.unchanged[worlds, rows[places]], len(weeks))
    for name in ("difference", "difference_low", "difference_high"):
        by_week[name][nothing] = np.nan

    def repeat_labels(labels: Sequence[str], of: np.ndarray) -> np.ndarray:
        return np.repeat(np.array(labels, object)[of], len(weeks))

    table = {
        "scenario": repeat_labels([scenario.name for scenario in scenarios], worlds),
        "kind": repeat_labels([scenario.kind for scenario in scenarios], worlds),
        "outcome": repeat_labels(list(OUTCOMES), rows[places]),
        "group": repeat_labels(list(GROUPS), columns[places]),
        "week": np.tile(weeks, len(places)),
        "date": np.tile(dates, len(places)),
        **by_week,
        "interval": holds,
        "unit": repeat_labels([outcome.unit for outcome in OUTCOMES.values()], rows[places]),
    }
    return pd.DataFrame(table, columns=list(_TRAJECTORIES)).astype(_TRAJECTORIES)


def _by_week(samples: Samples, places: np.ndarray, worlds: np.ndarray, holds: str) -> dict[str, np.ndarray]:
    """Return means and differences by week of these rows of `ITEMS_BY_WEEK`, each in its world."""
    names = ("mean", "low", "high", "difference", "difference_low", "difference_high", "replicates")
    series = {name: np.empty((len(places), samples.people.shape[1])) for name in names}
    for part in samples.parts():
        usual = samples.weekly(0, part)
        for world in range(len(samples.scenarios)):
            here = np.flatnonzero((worlds == world) & (places >= part.start) & (places < part.stop))
            if not len(here):
                continue
            items = places[here] - part.start
            own = samples.weekly(world, part)[..., items]
            mean, low, high, count = _INTERVALS[holds](own)
            difference, difference_low, difference_high, _ = _INTERVALS[holds](own - usual[..., items])
            numbers = (mean, low, high, difference, difference_low, difference_high, count)
            for name, of_week in zip(names, numbers, strict=True):
                series[name][here] = of_week.T
    return {name: numbers.ravel() for name, numbers in series.items()}


def cascade_table(samples: Samples, measures: Sequence[Measure], holds: str = CHANCE) -> pd.DataFrame:
    """Return the cascade of the study's 15 measures by role and stage at the end, with the study's own shares.

    Intervals are limited to 0 and 1, so near these limits they are too narrow on that side.
    """
    reported = samples.reported
    table_rows = []
    for world, scenario in enumerate(samples.scenarios):
        shares, low, high, count = _INTERVALS[holds](samples.cascade(world).astype(np.float64))
        low, high = np.clip(low, 0, 1), np.clip(high, 0, 1)
        for row, measure in ((row, m) for row, m in enumerate(measures) if m.in_study):
            for column, role in ((c, r) for c, r in enumerate(CASCADE_ROLES) if _is_reported(r, reported[world])):
                for stage_row, stage in enumerate(STAGES):
                    cell = row, column, stage_row
                    if np.isnan(shares[cell]):
                        continue
                    in_study = (role == "employer" and stage == "claimed") or (role != "employer" and stage == "known")
                    table_rows.append(
                        {
                            "scenario": scenario.name,
                            "measure": measure.name,
                            "role": role,
                            "stage": stage,
                            "share": shares[cell],
                            "low": low[cell],
                            "high": high[cell],
                            "study_share": measure.study.get(role, np.nan) if in_study else np.nan,
                            "replicates": int(count[cell]),
                            "interval": holds,
                        }
                    )
    return _table(table_rows, _CASCADE)


def _is_reported(role: str, reported: np.ndarray) -> bool:
    """Return whether a role may be reported, from `reported` for every group."""
    return role not in _GROUP_OF_ROLE or bool(reported[list(GROUPS).index(_GROUP_OF_ROLE[role])])


def gains(samples: Samples) -> pd.DataFrame:
    """Return the shares of people who gain or lose more than `MARGIN`, among those who stayed in both worlds."""
    table_rows = []
    for world, scenario in enumerate(samples.scenarios[1:], start=1):
        if samples.reason(world):
            continue
        for row, outcome in enumerate(GAINS_IN):
            for column, group in enumerate(GROUPS):
                cell = world, row, column
                people = samples.stayed[cell]
                if people / samples.count < SMALLEST_GROUP:
                    continue
                table_rows.append(
                    {
                        "scenario": scenario.name,
                        "kind": scenario.kind,
                        "outcome": outcome,
                        "group": group,
                        "gained": samples.gained[cell] / people,
                        "unchanged": samples.unchanging[cell] / people,
                        "worse": samples.worse[cell] / people,
                        "margin": MARGIN,
                        "unit": OUTCOMES[outcome].unit,
                        "replicates": samples.count,
                    }
                )
    return _table(table_rows, _GAINS)


def tie_tables(
    record: Record, firm: Firm, scenarios: Sequence[Scenario], most: int = 60
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return ties before and after, and people, of the first teams of one establishment (at most `most` people)."""
    places = _one_establishment(firm, most)
    selected = set(places.tolist())
    ties = firm.ties
    pairs = [
        (slot, place)
        for place in places
        for slot in range(len(ties.partner))
        if ties.exists[slot, place] and int(ties.partner[slot, place]) in selected
    ]
    before = required(record.ties_before, "ties before the horizon")
    edges = [
        {
            "scenario": scenario.name,
            "kind": scenario.kind,
            "source": int(place),
            "target": int(ties.partner[slot, place]),
            "source_team": int(firm.team[place]),
            "target_team": int(firm.team[ties.partner[slot, place]]),
            "across": bool(ties.across[slot, place]),
            "before": float(before[slot, place]),
            "after": float(record.ties_after[world][slot, place]),
        }
        for world, scenario in enumerate(scenarios)
        for slot, place in pairs
    ]
    isolation = record.final["isolation_from_colleagues"]
    people = [
        {
            "scenario": scenario.name,
            "kind": scenario.kind,
            "place": int(place),
            "team": int(firm.team[place]),
            "is_manager": bool(firm.is_manager[place]),
            "isolation_before": float(isolation[0, place]),
            "isolation_after": float(isolation[world, place]),
        }
        for world, scenario in enumerate(scenarios)
        for place in places
    ]
    return _table(edges, _TIES), _table(people, _PEOPLE)


def _one_establishment(firm: Firm, most: int) -> np.ndarray:
    counts = np.bincount(firm.establishment)
    rows = np.flatnonzero(firm.establishment == int(np.argmax(counts)))
    if len(rows) <= most:
        return rows
    last_team = firm.team[rows[most]]
    return rows[firm.team[rows] < max(last_team, firm.team[rows[0]] + 1)]
