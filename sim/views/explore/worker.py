"""What a worker of the explorer does: live a plan in pairs, and keep the past and today's practice for the next time.

A moved lever changes neither the people nor the year before, so only the policy's world is lived anew. What is kept is
bounded, and what comes out is to the bit what the command line computes.
"""

from __future__ import annotations

import gc
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from sim.engine.plan import Plan, required_measures
from sim.levers.measure import Measure
from sim.levers.scenario import Introduction, Scenario
from sim.outcomes.record import Record
from sim.runs.stacked_runs import BurnInState, burn_in_state
from sim.world import own_organisation

Kept = TypeVar("Kept")

MOST_PASTS, MOST_RECORDS = 120, 240
"""Kept at most, of organisations of up to `ROOMY` people; of larger ones fewer, in proportion."""
ROOMY = 500

Key = tuple[str | None, str]
"""The organisation that was uploaded, if any, and all that a value depends on."""

_pasts: OrderedDict[Key, BurnInState] = OrderedDict()
_usual: OrderedDict[Key, Record] = OrderedDict()


def lived(plans: Sequence[Plan]) -> list[Record]:
    """The records of these plans, the baseline first in each; they may differ in anything."""
    return [_live(plan) for plan in plans]


def with_staff(job: tuple[Callable[[Any], Any], Any, str, own_organisation.Staff]) -> Any:
    """Do work on an uploaded organisation, known here as long as it takes: work, plans, a name and the staff."""
    work, asked, name, staff = job
    if own_organisation.held(name) is not None:
        return work(asked)
    own_organisation.hold(staff, name)
    try:
        return work(asked)
    finally:
        own_organisation.release(name)


def forget(persons: str) -> None:
    """Let go of what is kept of an uploaded organisation."""
    for shelf in (_pasts, _usual):
        for key in [key for key in shelf if key[0] == persons]:
            del shelf[key]
    gc.collect()


def past(plan: Plan) -> BurnInState:
    """The plan after its burn-in, which knows every measure: other policies and horizons find the same one again.

    A measure that nobody introduces changes nothing, to the bit.
    """
    people = plan.firm.people if plan.firm.kind == "one" else ROOMY
    alike = replace(plan, scenarios=(plan.scenarios[0], _everything(plan.measures)), weeks=1)
    found = _kept(_pasts, _key(alike), lambda: burn_in_state([alike]), MOST_PASTS * ROOMY // max(people, ROOMY))
    return replace(found, plans=(plan,))


def _key(plan: Plan) -> Key:
    return plan.firm.persons, repr(plan)


def _everything(measures: Sequence[Measure]) -> Scenario:
    """A scenario that nobody lives, by which the past knows all measures."""
    return Scenario("everything", "policy", tuple(Introduction(measure.name, share=1.0) for measure in measures))


def _live(plan: Plan) -> Record:
    usual = replace(plan, scenarios=plan.scenarios[:1])
    people = plan.firm.people if plan.firm.kind == "one" else ROOMY
    baseline = _kept(
        _usual, _key(usual), lambda: past(usual).live(usual.scenarios)[0], MOST_RECORDS * ROOMY // max(people, ROOMY)
    )
    policy = past(plan).live(plan.scenarios[1:])[0]
    return _narrowed(_side_by_side(baseline, policy), plan)


def _narrowed(record: Record, plan: Plan) -> Record:
    """The record with the rows of the measures alone that the plan needs."""
    needs = {measure.name for measure in required_measures(plan)}
    rows = [row for row, name in enumerate(sorted(measure.name for measure in plan.measures)) if name in needs]
    adoption = record.adoption and record.adoption.narrowed(rows)
    return replace(record, using=record.using[:, rows], cascade=record.cascade[:, rows], adoption=adoption)


def _side_by_side(baseline: Record, policy: Record) -> Record:
    """One record of both, as if their worlds had been lived together."""
    first = len(baseline.weekly)
    return Record(
        weekly=np.concatenate([baseline.weekly, policy.weekly]),
        people=np.concatenate([baseline.people, policy.people]),
        final={name: np.concatenate([own, policy.final[name]]) for name, own in baseline.final.items()},
        cascade=np.concatenate([baseline.cascade, policy.cascade]),
        groups=baseline.groups,
        using=np.concatenate([baseline.using, policy.using]),
        stayed=np.concatenate([baseline.stayed, policy.stayed]),
        ties_before=baseline.ties_before,
        ties_after={**baseline.ties_after, **{first + world: ties for world, ties in policy.ties_after.items()}},
        adoption=baseline.adoption and policy.adoption and baseline.adoption.beside(policy.adoption),
    )


def _kept(shelf: OrderedDict[Key, Kept], key: Key, make: Callable[[], Kept], most: int) -> Kept:
    """What stands on the shelf under this key, made where it is missing; the least recently used has to go."""
    if key not in shelf:
        shelf[key] = make()
        while len(shelf) > max(most, 1):
            shelf.popitem(last=False)
    shelf.move_to_end(key)
    return shelf[key]
