"""Summary of a run, for studies of thousands of runs.

Two tables, as columns of equal length. `levels` has one row per scenario and group, with means over the last 26 weeks.
`weekly` has one row per scenario and week, with means over everybody. No row represents fewer than ten people.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from sim.engine.plan import Plan, required_measures
from sim.outcomes.definitions import GAINS_IN, GROUPS, MARGIN, OUTCOMES, SMALLEST_GROUP, reported_groups
from sim.outcomes.no_effect import joined, reasons, without_effect
from sim.outcomes.record import Record, changes, last_weeks, users

USERS, WITHOUT = "users", "users_without"
"""Group of the places that use the scenario's measures, and group of the same places in the baseline."""
SHARES = tuple(f"{which}_{outcome}" for outcome in GAINS_IN for which in ("gained", "worse"))
"""Columns for the shares of stayers whose half-year mean improves, or worsens, by more than `MARGIN`."""

Columns = Mapping[str, Sequence[str] | np.ndarray]


def levels(plan: Plan, record: Record) -> Columns:
    """Return scenario, group, people, each outcome in its unit, the `SHARES` (0 to 1), and `reason`.

    `reason` says why a scenario has no effect in this run, as ids of `sim.outcomes.no_effect`. It is empty for a
    scenario with an effect.
    """
    rows = [*_groups(plan, record), *_users(plan, record)]
    numbers = np.array([row[2] for row in rows], np.float32).reshape(len(rows), -1)
    names = ("people", *OUTCOMES, *SHARES)
    reason = _reasons(plan, record)
    return {
        "scenario": [row[0] for row in rows],
        "group": [row[1] for row in rows],
        **{name: numbers[:, column] for column, name in enumerate(names)},
        "reason": [reason[row[0]] for row in rows],
    }


def _reasons(plan: Plan, record: Record) -> dict[str, str]:
    """Return why each scenario has no effect; empty where it has one."""
    alike = without_effect(record.unchanged)
    own = reasons(record, plan.scenarios, [measure.name for measure in required_measures(plan)])
    return {
        scenario.name: joined(of_world) if same else ""
        for scenario, of_world, same in zip(plan.scenarios, own, alike, strict=True)
    }


def weekly(plan: Plan, record: Record) -> Columns:
    """Return scenario, week (from 0), and each outcome of everybody in its unit."""
    everybody = record.weekly[..., list(GROUPS).index("everybody")]
    weeks = everybody.shape[1]
    return {
        "scenario": [scenario.name for scenario in plan.scenarios for _ in range(weeks)],
        "week": np.tile(np.arange(weeks, dtype=np.int16), len(plan.scenarios)),
        **{name: everybody[:, :, row].reshape(-1) for row, name in enumerate(OUTCOMES)},
    }


TABLES: dict[str, Callable[[Plan, Record], Columns]] = {"levels": levels, "weekly": weekly}


def _groups(plan: Plan, record: Record):
    means, reported = last_weeks(record), reported_groups(record.people)
    people = record.people.mean(axis=1)
    for world, scenario in enumerate(plan.scenarios):
        for column, group in enumerate(GROUPS):
            if reported[world, column]:
                shares = _shares(record, world, group)
                yield scenario.name, group, (people[world, column], *means[world, :, column], *shares)


def _shares(record: Record, world: int, group: str) -> list[float]:
    shares: list[float] = []
    for outcome in GAINS_IN:
        change = changes(record, world, outcome, group)
        few = world == 0 or len(change) < SMALLEST_GROUP
        shares += [np.nan, np.nan] if few else [float(np.mean(change < -MARGIN)), float(np.mean(change > MARGIN))]
    return shares


def _users(plan: Plan, record: Record):
    names = [measure.name for measure in required_measures(plan)]
    for world, scenario in enumerate(plan.scenarios[1:], start=1):
        places = users(record, world, scenario, names)
        if places.sum() >= SMALLEST_GROUP:
            for group, source_world in ((USERS, world), (WITHOUT, 0)):
                means = [record.final[outcome][source_world, places].mean() for outcome in OUTCOMES]
                yield scenario.name, group, (places.sum(), *means, *[np.nan] * len(SHARES))
