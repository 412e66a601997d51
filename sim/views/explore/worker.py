"""What a worker of the explorer does: live a plan in pairs, and keep the past and today's practice for the next time.

A moved lever changes neither the people nor the year before, so only the policy's world is lived anew. What is kept is
bounded, and what comes out is to the bit what the command line computes.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from sim.engine.plan import Plan, needed
from sim.outcomes.record import Record
from sim.runs.stack import Past, past_of

Kept = TypeVar("Kept")

MOST_PASTS, MOST_RECORDS = 120, 240
"""Kept at most, of organisations of up to `ROOMY` people; of larger ones fewer, in proportion."""
ROOMY = 500

_pasts: OrderedDict[str, Past] = OrderedDict()
_usual: OrderedDict[str, Record] = OrderedDict()


def lived(plans: Sequence[Plan]) -> list[Record]:
    """The records of these plans, the baseline first in each; they may differ in anything."""
    return [_live(plan) for plan in plans]


def forget(persons: str) -> None:
    """Let go of what is kept of a file of persons."""
    for shelf in (_pasts, _usual):
        for key in [key for key in shelf if repr(persons) in key]:
            shelf.pop(key)


def past(plan: Plan) -> Past:
    """The plan after its burn-in, kept for other policies of the same measures and for other horizons."""
    people = max(plan.firm.people, 1) if plan.firm.kind == "one" else ROOMY
    alike = replace(plan, scenarios=plan.scenarios[:1], measures=needed(plan), weeks=1)
    found = _kept(_pasts, repr(alike), lambda: past_of([plan]), MOST_PASTS * ROOMY // max(people, ROOMY))
    return replace(found, plans=(plan,))


def _live(plan: Plan) -> Record:
    usual = replace(plan, scenarios=plan.scenarios[:1])
    known = replace(usual, measures=needed(usual))
    people = plan.firm.people if plan.firm.kind == "one" else ROOMY
    baseline = _kept(
        _usual, repr(known), lambda: past(known).live(known.scenarios)[0], MOST_RECORDS * ROOMY // max(people, ROOMY)
    )
    policy = past(plan).live(plan.scenarios[1:])[0]
    return _side_by_side(_spread(baseline, known, plan), policy)


def _spread(record: Record, known: Plan, plan: Plan) -> Record:
    """The record of today's practice with rows for the plan's other measures, which nobody has there."""
    names = sorted(measure.name for measure in needed(plan))
    own = np.isin(names, [measure.name for measure in needed(known)])
    if own.all():
        return record
    using = np.zeros((len(record.using), len(names), record.using.shape[-1]), record.using.dtype)
    nobody = np.where(np.isnan(record.cascade[:, :1]), record.cascade.dtype.type(np.nan), 0)
    cascade = np.repeat(nobody, len(names), axis=1).astype(record.cascade.dtype)
    using[:, own], cascade[:, own] = record.using, record.cascade
    return replace(record, using=using, cascade=cascade)


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
    )


def _kept(shelf: OrderedDict[str, Kept], key: str, make: Callable[[], Kept], most: int) -> Kept:
    """What stands on the shelf under this key, made where it is missing; the least recently used has to go."""
    if key not in shelf:
        shelf[key] = make()
        while len(shelf) > max(most, 1):
            shelf.popitem(last=False)
    shelf.move_to_end(key)
    return shelf[key]
