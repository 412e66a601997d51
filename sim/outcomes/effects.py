"""Result tables: paired differences from the first scenario, with intervals over replicates.

The worlds of a replicate share people and random numbers. Differences are taken within a replicate and then averaged.
If all replicates have the same parameters, an interval is the 95% interval of the mean (Student's t), which covers
chance only. If each has a posterior draw, it is the range of 90% of the replicates, which covers parameters and
chance. Every table states the type of its intervals. No table has a group of fewer than ten people; an empty table
keeps its columns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import required
from sim.levers.measure import Measure
from sim.levers.scenario import Scenario
from sim.outcomes.definitions import GAINS_IN, GROUPS, ITEMS_BY_WEEK, MARGIN, OUTCOMES, SMALLEST_GROUP
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
"""Group of each role; employers are establishments and have no group."""

_KEYS = "scenario kind outcome group"
_EFFECTS = f"{_KEYS} baseline difference low high replicates interval unit reason"
_REASONS = "scenario kind part reason runs replicates"
_COUNTS = f"{_KEYS} lower little higher margin replicates unit"
_TRAJECTORIES = f"{_KEYS} week date mean low high difference difference_low difference_high replicates interval unit"
_CASCADE = "scenario measure role stage share low high study_share replicates interval"
_GAINS = f"{_KEYS} gained unchanged worse margin unit replicates"
_TIES = "scenario kind source target source_team target_team across before after"
_PEOPLE = "scenario kind place team is_manager isolation_before isolation_after"
"""Columns of the tables."""
_TYPES = {
    **dict.fromkeys(f"{_KEYS} interval unit reason part measure role stage".split(), "str"),
    **dict.fromkeys("replicates runs lower little higher week source target source_team target_team".split(), "int64"),
    **dict.fromkeys(("place", "team"), "int64"),
    **dict.fromkeys(("across", "is_manager"), "bool"),
    "date": "datetime64[ms]",
}
"""Types of columns; all others hold numbers."""


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
_OUTCOMES = tuple(OUTCOMES.values())


def _table(rows: Sequence[tuple] | Mapping[str, Any], columns: str, numbers: str = "float64") -> pd.DataFrame:
    """Return rows, or a mapping of columns, as a data frame with these columns, even without rows."""
    import pandas as pd

    names = columns.split()
    return pd.DataFrame(rows, columns=names).astype({name: _TYPES.get(name, numbers) for name in names})


def effects(samples: Samples, holds: str = CHANCE) -> pd.DataFrame:
    """Return paired differences from the baseline over the last 26 weeks, by scenario, outcome and group.

    `holds` is the type of the intervals, `CHANCE` or `DRAWS`.
    Columns: scenario, kind, outcome, group, baseline, difference, low, high, replicates, interval, unit, reason.
    Where a scenario has no effect in any replicate, `reason` replaces the numbers.
    """
    reported, baseline = samples.reported, samples.last_weeks(0)
    usual = interval(baseline)[0]
    table_rows = []
    for world, scenario in enumerate(samples.scenarios[1:], start=1):
        intervals = np.stack(_INTERVALS[holds](samples.last_weeks(world) - baseline))
        cells = [
            (row, group, usual[row, column], *intervals[:, row, column])
            for column, group in enumerate(GROUPS)
            if reported[world, column]
            for row in range(len(OUTCOMES))
        ]
        cells += [(row, "users", without.mean(), *_INTERVALS[holds](policy - without))
                  for row, policy, without in _users(samples, world)]  # fmt: skip
        for row, group, without, difference, low, high, count in cells:
            reason = samples.reason(world) if samples.unchanged[world, row] else ""
            if reason:
                difference, low, high = np.nan, np.nan, np.nan
            outcome = _OUTCOMES[row]
            numbers = (without, difference, low, high, count)
            table_rows.append((*_keys(scenario, outcome.name, group), *numbers, holds, outcome.unit, reason))
    return _table(table_rows, _EFFECTS)


def _keys(scenario: Scenario, outcome: str, group: str) -> tuple[str, str, str, str]:
    return scenario.name, scenario.kind, outcome, group


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
            (scenario.name, scenario.kind, *part, runs, samples.count) for part, runs in sorted(parts.items())
        ]
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
        changes = samples.last_weeks(world)[..., everybody] - baseline
        cells = [(row, "everybody", changes[:, row]) for row in range(len(OUTCOMES)) if reported[world]]
        cells += [(row, "users", policy - without) for row, policy, without in _users(samples, world)]
        for row, group, change in cells:
            outcome = _OUTCOMES[row]
            if outcome.name in LITTLE:
                margin = LITTLE[outcome.name]
                runs = [int(of.sum()) for of in (change < -margin, np.abs(change) <= margin, change > margin)]
                table_rows.append((*_keys(scenario, outcome.name, group), *runs, margin, len(change), outcome.unit))
    return _table(table_rows, _COUNTS)


def _users(samples: Samples, world: int) -> list[tuple[int, np.ndarray, np.ndarray]]:
    """Return each outcome's row with the means of users under the policy, and of the same people in the baseline."""
    counts, means = samples.users(world)
    return [(row, *means[:, row].T) for row in range(len(OUTCOMES)) if counts.mean() >= SMALLEST_GROUP]


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
    return _table(table, _TRAJECTORIES, "float32")


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
    """Return the cascade of the study's 15 measures by role and stage in the last week, with the shares of the study.

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
                    study_share = measure.study.get(role, np.nan) if in_study else np.nan
                    numbers = (shares[cell], low[cell], high[cell], study_share, count[cell])
                    table_rows.append((scenario.name, measure.name, role, stage, *numbers, holds))
    return _table(table_rows, _CASCADE)


def _is_reported(role: str, reported: np.ndarray) -> bool:
    """Return whether the group of a role may be reported; `reported` has a value per group."""
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
                shares = [number[cell] / people for number in (samples.gained, samples.unchanging, samples.worse)]
                keys = _keys(scenario, outcome, group)
                table_rows.append((*keys, *shares, MARGIN, OUTCOMES[outcome].unit, samples.count))
    return _table(table_rows, _GAINS)


def tie_tables(
    record: Record, firm: Firm, scenarios: Sequence[Scenario], most: int = 60
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return ties before and after, and people, of the first teams of one establishment (at most `most` people)."""
    places, ties = _one_establishment(firm, most), firm.ties
    included = np.isin(np.arange(len(firm.team)), places)
    place, slot = np.nonzero((ties.exists & included & included[ties.partner]).T)
    partner = ties.partner[slot, place]
    before = required(record.ties_before, "ties before the horizon")
    isolation = record.final["isolation_from_colleagues"]
    edges, people = [], []
    for world, scenario in enumerate(scenarios):
        of_tie = (place, partner, firm.team[place], firm.team[partner], ties.across[slot, place], before[slot, place],
                   record.ties_after[world][slot, place])  # fmt: skip
        edges += [(scenario.name, scenario.kind, *cells) for cells in zip(*of_tie, strict=True)]
        of_person = places, firm.team[places], firm.is_manager[places], isolation[0, places], isolation[world, places]
        people += [(scenario.name, scenario.kind, *cells) for cells in zip(*of_person, strict=True)]
    return _table(edges, _TIES), _table(people, _PEOPLE)


def _one_establishment(firm: Firm, most: int) -> np.ndarray:
    counts = np.bincount(firm.establishment)
    rows = np.flatnonzero(firm.establishment == int(np.argmax(counts)))
    if len(rows) <= most:
        return rows
    last_team = firm.team[rows[most]]
    return rows[firm.team[rows] < max(last_team, firm.team[rows[0]] + 1)]
