"""Reasons why a scenario, or a measure in it, has no effect in a run.

A difference of zero may be a result, or follow from the structure of a run: without managers, for example, nobody can
be trained to lead. Reasons are given only where two worlds are equal to the bit.
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
"""Every reason in English."""
Reasons = dict[str, tuple[str, ...]]
"""Reasons by measure, or by process of a setting; without those that have an effect."""


def without_effect(same: np.ndarray) -> np.ndarray:
    """Return whether no headline of a world differs from the baseline, (world,) bool; `same` is `Record.unchanged`."""
    return np.asarray(same[:, [list(OUTCOMES).index(name) for name in HEADLINES]].all(axis=1))


def reasons(record: Record, scenarios: Sequence[Scenario], measures: Sequence[str]) -> tuple[Reasons, ...]:
    """Return for each world why its scenario or a part of it has no effect; `measures` names the record's rows."""
    adoption, alike = record.adoption, without_effect(record.unchanged)
    if adoption is None:
        return tuple({} for _ in scenarios)
    by_part: list[Reasons] = [{}]
    for world, scenario in enumerate(scenarios[1:], start=1):
        own: Reasons = {}
        for introduction in scenario.introduced:
            row = list(measures).index(introduction.measure)
            of_measure = _of_measure(record, adoption, world, row, introduction, bool(alike[world]))
            own |= {introduction.measure: of_measure} if of_measure else {}
        by_part.append(own | _of_the_rest(record, adoption, world, scenario) if alike[world] else own)
    return tuple(by_part)


def _of_measure(
    record: Record, adoption: Adoption, world: int, row: int, introduction: Introduction, alike: bool
) -> tuple[str, ...]:
    """Return why a measure has no effect, if it has none; `alike` is whether the whole scenario has none."""
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
    """Return why every employer does the same as in the baseline."""
    introduces = adoption.turn[row] < np.float32(introduction.share)
    if not introduces.any():
        return ("nobody_takes_it",)
    has = adoption.at_end[0, row]
    by_part = {"already_in_place": (introduces & has).any(), "not_carried_out": (introduces & ~has).any()}
    return tuple(reason for reason, holds in by_part.items() if holds)


def _of_the_rest(record: Record, adoption: Adoption, world: int, scenario: Scenario) -> Reasons:
    """Return why withdrawn measures and settings have no effect."""
    by_part: Reasons = {"withdrawn": ("nothing_to_withdraw",)} if scenario.withdrawn else {}
    at_home = list(OUTCOMES).index("share_at_home")
    nobody_at_home = not np.nan_to_num(record.weekly[[0, world], :, at_home]).any()
    for process in dict.fromkeys(setting.process for setting in scenario.settings):
        reason = "no_path"
        if process == "attendance":
            reason = "nobody_at_home" if nobody_at_home else "same_as_baseline"
        elif process == "cascade" and not adoption.any_in_place[world]:
            reason = "nothing_in_place"
        by_part[process] = (reason,)
    return by_part


def joined(of_world: Mapping[str, Sequence[str]]) -> str:
    """Return the ids of the reasons of a world as one text, each once, in the order of `REASONS`."""
    own = {reason for reasons in of_world.values() for reason in reasons}
    return ",".join(reason for reason in REASONS if reason in own)


def in_words(ids: str, words: Mapping[str, str] = REASONS, between: str = " or ") -> str:
    """Return ids of `joined` in words.

    >>> in_words("already_in_place,not_carried_out")
    'already in place or not carried out'
    """
    return between.join(words[reason] for reason in ids.split(",") if reason)


def count_reasons(runs: Mapping[str, int], total: int, words: Mapping[str, str] = REASONS) -> str:
    """Return the number of runs to which each reason applies, most frequent first; `runs` maps ids of `joined` to runs.

    >>> count_reasons({"not_carried_out": 2, "already_in_place": 7}, 16)
    'already in place in 7 of 16 runs, not carried out in 2'
    """
    ordered = sorted((one for one in runs if one), key=lambda one: -runs[one])
    of_all = f" of {total:,} {'run' if total == 1 else 'runs'}"
    return ", ".join(
        f"{in_words(one, words)} in {runs[one]:,}{'' if number else of_all}" for number, one in enumerate(ordered)
    )
