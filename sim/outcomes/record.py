"""Record of a run: outcomes by week and group, means of the last 26 weeks by place, the cascade, and ties."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from sim.engine import Engine
from sim.engine.plan import Plan, required_measures
from sim.engine.run_view import RunView
from sim.levers.scenario import Scenario
from sim.outcomes.definitions import GROUPS, OUTCOMES, Outcome
from sim.survey.survey import Survey
from sim.world.calendar import DAYS_A_WEEK

LAST_WEEKS = 26
CASCADE_ROLES = ("employer", "manager", "non_manager")
STAGES = ("claimed", "implemented", "communicated", "known", "used", "used_well")
GATHERED = tuple(dict.fromkeys(outcome.gathers for outcome in OUTCOMES.values() if outcome.gathers))
"""Quantities that are summed over the days of a week."""
USER_SHARE = 0.5
"""Share of the last 26 weeks in which somebody must use a measure to count as its user."""


@dataclass(frozen=True, eq=False)
class Adoption:
    """Measures that employers carried out in a run.

    through_manager  (measure,) bool: the measure reaches people through their manager
    turn           (measure, establishment) share of employers, 0-1, from which on this employer takes the measure
    weeks          (world, measure, establishment) weeks in which the measure was carried out
    at_end         (world, measure, establishment) bool: carried out at the end
    any_in_place   (world,) bool: at the end some team had some measure
    leads          (place,) bool: somebody reports to this person
    """

    through_manager: np.ndarray
    turn: np.ndarray
    weeks: np.ndarray
    at_end: np.ndarray
    any_in_place: np.ndarray
    leads: np.ndarray

    @property
    def differs(self) -> np.ndarray:
        """Whether some employer had the measure in other weeks than in the baseline, (world, measure) bool."""
        return np.asarray(((self.weeks != self.weeks[:1]) | (self.at_end != self.at_end[:1])).any(axis=-1))

    def narrowed(self, rows: Sequence[int]) -> Adoption:
        """Return the adoption of these measures."""
        own = list(rows)
        return replace(
            self,
            through_manager=self.through_manager[own],
            turn=self.turn[own],
            weeks=self.weeks[:, own],
            at_end=self.at_end[:, own],
        )

    def beside(self, other: Adoption) -> Adoption:
        """Return the worlds of both."""
        return replace(
            self,
            weeks=np.concatenate([self.weeks, other.weeks]),
            at_end=np.concatenate([self.at_end, other.at_end]),
            any_in_place=np.concatenate([self.any_in_place, other.any_in_place]),
        )


@dataclass
class Record:
    """Record of one run.

    weekly   (world, week, outcome, group) means, float32; nan where a group is empty
    people   (world, week, group) people in each group at the end of the week
    final    outcome -> (world, place) mean over the last 26 weeks
    cascade  (world, measure, role, stage): employer, manager, non_manager; every establishment counts once; nan where a
             stage does not apply to a role
    groups   group -> (place,) members in the first world at the end
    stayed   (world, place) whether the person of day 0 is still there
    using    (world, measure, place) share of the last 26 weeks in which the place used the measure
    ties     strength of all ties at the start and per world at the end, (slot, place), of the first establishments
    unchanged  (world, outcome) bool: equal to the baseline to the bit, for everybody in every week
    adoption   measures that employers carried out, from which `sim.outcomes.no_effect` explains a missing effect
    """

    weekly: np.ndarray
    people: np.ndarray
    final: dict[str, np.ndarray]
    cascade: np.ndarray
    groups: dict[str, np.ndarray]
    using: np.ndarray
    stayed: np.ndarray
    ties_before: np.ndarray | None = None
    ties_after: dict[int, np.ndarray] = field(default_factory=dict)
    unchanged: np.ndarray = field(init=False)
    adoption: Adoption | None = None

    def __post_init__(self) -> None:
        self.unchanged = unchanged(self)


def unchanged(record: Record) -> np.ndarray:
    """Return whether an outcome equals the baseline to the bit in every week and place, (world, outcome) bool."""
    weekly = record.weekly
    same = (weekly == weekly[:1]) | (np.isnan(weekly) & np.isnan(weekly[:1]))
    final = np.stack([(of == of[:1]).all(axis=-1) for of in record.final.values()], axis=-1)
    return np.asarray(same.all(axis=(1, 3)) & final)


def last_weeks(record: Record) -> np.ndarray:
    """Return means of the last 26 weeks, (world, outcome, group); weeks in which a group is empty do not count."""
    last = record.weekly[:, -LAST_WEEKS:].astype(np.float64)
    count = np.sum(~np.isnan(last), axis=1)
    return np.where(count > 0, np.nansum(last, axis=1) / np.maximum(count, 1), np.nan)


def users(record: Record, world: int, scenario: Scenario, measures: Sequence[str]) -> np.ndarray:
    """Return which places use a measure of the scenario in at least half of the last 26 weeks, (place,) bool."""
    own = [row for row, name in enumerate(measures) if name in scenario.measures]
    if not own:
        return np.zeros(record.using.shape[-1], bool)
    return np.asarray((record.using[world, own] >= USER_SHARE).any(axis=0))


def changes(record: Record, world: int, outcome: str, group: str) -> np.ndarray:
    """Return differences from the baseline in the half-year means of group members who stayed in both worlds."""
    members = record.groups[group] & record.stayed[0] & record.stayed[world]
    return (record.final[outcome][world] - record.final[outcome][0])[members]


def bytes_of_record(plan: Plan) -> float:
    """Estimate the size of the record of a plan, in bytes."""
    worlds = len(plan.scenarios)
    by_week = worlds * plan.weeks * (len(OUTCOMES) + 1) * len(GROUPS)
    by_place = worlds * plan.firm.people * (len(OUTCOMES) + len(required_measures(plan)))
    return np.dtype(np.float32).itemsize * (by_week + by_place)


class Recorder:
    """Collector of the record of a run, week by week."""

    def __init__(self, engine: Engine | RunView, weeks: int):
        """Create a recorder; `engine` is the engine of the run, or its view of an engine of stacked runs."""
        self.engine, self.weeks = engine, weeks
        worlds, places = engine.worlds, engine.staff.count["employee"]
        self.weekly = np.full((worlds, weeks, len(OUTCOMES), len(GROUPS)), np.nan, np.float32)
        self.people = np.zeros((worlds, weeks, len(GROUPS)), np.float32)
        self.using = np.zeros((worlds, len(engine.interventions.names), places), np.float32)
        self._final = np.zeros((worlds, len(OUTCOMES), places), np.float32)
        self._first_people = engine.values["generation"]
        self._weeks_carried_out: np.ndarray | int = 0

    def write(self, week: int, members: np.ndarray, outcomes: np.ndarray, used: np.ndarray) -> None:
        """Record a week from the group members, the outcomes of all places and the use of measures."""
        people = members.sum(axis=-1)
        # In double precision, since the order of summation differs between processors.
        sums = np.matmul(outcomes.astype(np.float64), members.swapaxes(1, 2).astype(np.float64))
        with np.errstate(invalid="ignore", divide="ignore"):
            self.weekly[:, week] = sums / people[:, None]
        self.people[:, week] = people
        self._weeks_carried_out = self._weeks_carried_out + (self.engine.values["implemented"] > 0).astype(np.int16)
        if week >= self.weeks - LAST_WEEKS:
            share = np.float32(1 / min(LAST_WEEKS, self.weeks))
            self._final += outcomes * share
            self.using += used * share

    def record(self) -> Record:
        """Return the record of the weeks so far."""
        first = {name: _stacked([read(self.engine.values)], 1)[0, 0] > 0 for name, read in GROUPS.items()}
        final = {name: self._final[:, row] for row, name in enumerate(OUTCOMES)}
        record = Record(self.weekly, self.people, final, cascade(self.engine), first, self.using, self._stayed())
        record.adoption = self._adoption()
        return record

    def _adoption(self) -> Adoption:
        values = self.engine.values
        at_end = values["implemented"] > 0
        return Adoption(
            through_manager=np.array(
                [one.route == "through_manager" for one in self.engine.interventions.measures], bool
            ),
            turn=values["turn"][0],
            weeks=np.broadcast_to(self._weeks_carried_out, (self.engine.worlds, *at_end.shape[1:])),
            at_end=np.broadcast_to(at_end, (self.engine.worlds, *at_end.shape[1:])),
            any_in_place=np.broadcast_to((values["in_place"] > 0).any(axis=(1, 2)), self.engine.worlds),
            leads=self.engine.staff.firm.span > 0,
        )

    def _stayed(self) -> np.ndarray:
        now = self.engine.values["generation"]
        return np.broadcast_to(now == self._first_people, (self.engine.worlds, now.shape[-1])).copy()


def measure_week(engine: Engine, survey: Survey, week: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Simulate a week; return group members, outcomes of all places and use of measures, as `write` takes them."""
    sums = engine.run_week(week, GATHERED)
    values, worlds = engine.values, engine.worlds
    return members(values, worlds), outcomes(values, sums, survey, worlds), values["used"]


def members(values: Mapping[str, np.ndarray], worlds: int) -> np.ndarray:
    """Return today's group membership, 0 or 1, (world, group, place)."""
    return _stacked([read(values) for read in GROUPS.values()], worlds)


def outcomes(
    values: Mapping[str, np.ndarray], sums: Mapping[str, np.ndarray], survey: Survey, worlds: int
) -> np.ndarray:
    """Return the outcomes of a week, (world, outcome, place), from its last state and the sums over its days."""
    return _stacked([_of_week(outcome, values, sums, survey) for outcome in OUTCOMES.values()], worlds)


def _of_week(
    outcome: Outcome, values: Mapping[str, np.ndarray], sums: Mapping[str, np.ndarray], survey: Survey
) -> np.ndarray:
    if outcome.by == "end":
        return outcome.read(values, survey)
    total = outcome.read(sums, survey)
    return total / np.float32(DAYS_A_WEEK) if outcome.by == "mean" else total


def _stacked(arrays: list[np.ndarray], worlds: int) -> np.ndarray:
    """Return arrays whose first axis is 1 or `worlds` as one array (world, item, place)."""
    stacked = np.empty((worlds, len(arrays), arrays[0].shape[-1]), np.float32)
    for item, array in enumerate(arrays):
        stacked[:, item] = array[:worlds]
    return stacked


def cascade(engine: Engine | RunView) -> np.ndarray:
    """Return shares by stage, (world, measure, role, stage), in which every establishment has the same weight."""
    values, firm, worlds = engine.values, engine.staff.firm, engine.worlds
    table = np.full((worlds, len(engine.interventions.names), 3, len(STAGES)), np.nan, np.float32)
    table[:, :, 0, 0] = values["claimed"].mean(axis=-1)
    table[:, :, 0, 1] = values["implemented"].mean(axis=-1)
    table[:, :, 0, 2] = values["communicated"].mean(axis=-1)
    used = values["used"]
    by_stage = (values["known"], used, used * values["handled_well"])
    for role, of_role in ((1, firm.is_manager), (2, ~firm.is_manager)):
        if not of_role.any():
            continue  # shares of a role without people are undefined
        count = np.bincount(firm.establishment, of_role, len(firm.size))
        weight = of_role / np.maximum(count, 1)[firm.establishment] / np.count_nonzero(count)
        for stage, yes in enumerate(by_stage, start=3):
            table[:, :, role, stage] = yes @ weight
    return table
