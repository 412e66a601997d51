"""Why a scenario, or a measure of it, changes nothing in a run.

A difference of zero may be a finding, or mean that there is nothing to find: where nobody leads anyone, there is
nobody to train. The second is decided by the structure of a run, and only where two worlds are the same to the bit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from sim.levers.scenario import Introduction, Scenario
from sim.outcomes.definitions import HEADLINES, OUTCOMES
from sim.outcomes.record import Adoption, Record

REASONS = {
    "already_in_place": "already in place",
    "not_carried_out": "not carried out",
    "nobody_takes_it": "no employer takes it",
    "nobody_leads": "nobody leads anyone",
    "nobody_at_home": "nobody works at home",
    "nobody_uses": "nobody uses it",
    "nothing_to_withdraw": "there is no measure to withdraw",
    "nothing_in_place": "no measure is in place",
    "same_as_baseline": "identical to the baseline",
    "no_path": "the model has no pathway from it to these outcomes",
}
"""Every reason, as it is said in English."""
Reasons = dict[str, tuple[str, ...]]
"""Measure, or process of a setting, to reasons; nothing for what has an effect."""


def without_effect(same: np.ndarray) -> np.ndarray:
    """(world,) bool, from `unchanged`: no headline differs from the baseline, so that there is no effect."""
    return np.asarray(same[:, [list(OUTCOMES).index(name) for name in HEADLINES]].all(axis=1))


def reasons(record: Record, scenarios: Sequence[Scenario], measures: Sequence[str]) -> tuple[Reasons, ...]:
    """For each world, why its scenario or a part of it has no effect; `measures` are the names behind the record's."""
    adoption, alike = record.adoption, without_effect(record.unchanged)
    if adoption is None:
        return tuple({} for _ in scenarios)
    found: list[Reasons] = [{}]
    for world, scenario in enumerate(scenarios[1:], start=1):
        own: Reasons = {}
        for introduction in scenario.introduced:
            row = list(measures).index(introduction.measure)
            of_measure = _of_measure(record, adoption, world, row, introduction, bool(alike[world]))
            own |= {introduction.measure: of_measure} if of_measure else {}
        found.append(own | _of_the_rest(record, adoption, world, scenario) if alike[world] else own)
    return tuple(found)


def _of_measure(
    record: Record, adoption: Adoption, world: int, row: int, introduction: Introduction, alike: bool
) -> tuple[str, ...]:
    """Why one measure has no effect; nothing where it may have one. `alike` says so of the whole scenario."""
    if adoption.through_manager[row] and not adoption.leads.any():
        return ("nobody_leads",)
    as_usual = introduction.intensity == 1 and introduction.use is introduction.hoops is introduction.well is None
    if not adoption.differs[world, row] and (as_usual or alike):
        return _of_employers(adoption, row, introduction)
    if not alike:
        return ()
    by_whom = adoption.leads if adoption.through_manager[row] else slice(None)
    return ("no_path",) if record.using[world, row, by_whom].any() else ("nobody_uses",)


def _of_employers(adoption: Adoption, row: int, introduction: Introduction) -> tuple[str, ...]:
    """Why no employer does anything that it would not do anyhow."""
    asked = adoption.turn[row] < np.float32(introduction.share)
    if not asked.any():
        return ("nobody_takes_it",)
    has = adoption.at_end[0, row]
    found = {"already_in_place": (asked & has).any(), "not_carried_out": (asked & ~has).any()}
    return tuple(reason for reason, holds in found.items() if holds)


def _of_the_rest(record: Record, adoption: Adoption, world: int, scenario: Scenario) -> Reasons:
    """Why what a scenario withdraws and sets has no effect."""
    found: Reasons = {"withdrawn": ("nothing_to_withdraw",)} if scenario.withdrawn else {}
    at_home = list(OUTCOMES).index("share_at_home")
    nobody_at_home = not np.nan_to_num(record.weekly[[0, world], :, at_home]).any()
    for process in dict.fromkeys(setting.process for setting in scenario.settings):
        reason = "no_path"
        if process == "attendance":
            reason = "nobody_at_home" if nobody_at_home else "same_as_baseline"
        elif process == "cascade" and not adoption.any_in_place[world]:
            reason = "nothing_in_place"
        found[process] = (reason,)
    return found


def joined(of_world: Mapping[str, Sequence[str]]) -> str:
    """The reasons of a world as one text of ids, each once, in the order of `REASONS`."""
    own = {reason for reasons in of_world.values() for reason in reasons}
    return ",".join(reason for reason in REASONS if reason in own)


def in_words(ids: str, words: Mapping[str, str] = REASONS, between: str = " or ") -> str:
    """Ids of `joined` in words.

    >>> in_words("already_in_place,not_carried_out")
    'already in place or not carried out'
    """
    return between.join(words[reason] for reason in ids.split(",") if reason)


def count_reasons(runs: Mapping[str, int], total: int, words: Mapping[str, str] = REASONS) -> str:
    """In how many of all runs there is which reason, the most frequent first; `runs` maps ids of `joined` to runs.

    >>> count_reasons({"not_carried_out": 2, "already_in_place": 7}, 16)
    'already in place in 7 of 16 runs, not carried out in 2'
    """
    ordered = sorted((one for one in runs if one), key=lambda one: -runs[one])
    of_all = f" of {total:,} {'run' if total == 1 else 'runs'}"
    return ", ".join(
        f"{in_words(one, words)} in {runs[one]:,}{'' if number else of_all}" for number, one in enumerate(ordered)
    )
