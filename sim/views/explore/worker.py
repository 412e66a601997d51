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
from sim.levers.measure import Measure
from sim.levers.scenario import Introduction, Scenario
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
    """The plan after its burn-in, which knows every measure: other policies and horizons find the same one again.

    A measure that nobody introduces changes nothing, to the bit.
    """
    people = plan.firm.people if plan.firm.kind == "one" else ROOMY
    alike = replace(plan, scenarios=(plan.scenarios[0], _everything(plan.measures)), weeks=1)
    found = _kept(_pasts, repr(alike), lambda: past_of([alike]), MOST_PASTS * ROOMY // max(people, ROOMY))
    return replace(found, plans=(plan,))


def _everything(measures: Sequence[Measure]) -> Scenario:
    """A scenario that nobody lives, by which the past knows all measures."""
    return Scenario("everything", "policy", tuple(Introduction(measure.name, share=1.0) for measure in measures))


def _live(plan: Plan) -> Record:
    usual = replace(plan, scenarios=plan.scenarios[:1])
    people = plan.firm.people if plan.firm.kind == "one" else ROOMY
    baseline = _kept(
        _usual, repr(usual), lambda: past(usual).live(usual.scenarios)[0], MOST_RECORDS * ROOMY // max(people, ROOMY)
    )
    policy = past(plan).live(plan.scenarios[1:])[0]
    return _narrowed(_side_by_side(baseline, policy), plan)


def _narrowed(record: Record, plan: Plan) -> Record:
    """The record with the rows of the measures alone that the plan needs."""
    needs = {measure.name for measure in needed(plan)}
    rows = [row for row, name in enumerate(sorted(measure.name for measure in plan.measures)) if name in needs]
    return replace(record, using=record.using[:, rows], cascade=record.cascade[:, rows])


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
