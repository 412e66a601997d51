"""Names of choices, and `Words` from which charts get these names by an id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from sim.levers.measure import FAMILIES
from sim.reporting import phrases
from sim.views.explore.cases import Answer
from sim.views.explore.levers import Option, family
from sim.views.explore.selection import ANCHOR_DAYS, PolicySelection
from sim.words import Words

_KEYS = ("scenario", "measure", "role", "stage", "outcome", "group", "date")


class ChoiceWords(Words):
    """Words with other names for some scenarios."""

    def __init__(self, language: str, names: Mapping[str, str]) -> None:
        super().__init__(language)
        self._texts = {**self._texts, **{f"common.scenario.{one}": name for one, name in names.items()}}


def option_of(name: str, option: str) -> Option:
    """Return an option of a family, whether or not the panel offers it."""
    return next((one for one in family(name) if one.name == option), Option(name, option, ()))


def title(choice: PolicySelection, words: Words) -> str:
    """Return the name of a choice: a named scenario, or its levers and measures, with the number of own assumptions."""
    if choice.changes_nothing:
        return words("common.scenario.baseline")
    own, days = own_assumptions(choice), choice.numbers.get(ANCHOR_DAYS)
    if choice.levers == {"schedule": "anchor_days"} and not choice.measures:
        name = words(f"explore.fixed_days.days_{round(days)}") if days else phrases.name_of("anchor_days", words)
    elif choice.scenario:
        name = phrases.name_of(choice.scenario, words)
    else:
        parts = [option_of(one, choice.levers[one]).label(words) for one in FAMILIES if one in choice.levers]
        name = " + ".join([*parts, *_measures(choice, words)])
    if not own:
        return name
    key = "one" if len(own) == 1 else "several"
    return f"{name} ({words(f'explore.with_assumptions.{key}', number=len(own))})"


def _measures(choice: PolicySelection, words: Words) -> list[str]:
    """Return the name of one measure, or the number of several."""
    names = phrases.wordings(words)
    measures = [names[name] for name in choice.measures]
    return measures if len(measures) < 2 else [words("explore.measures", number=len(measures))]


def own_assumptions(choice: PolicySelection) -> dict[str, float]:
    """Return the assumptions that the user has set; the number of fixed days is part of a lever."""
    return {name: value for name, value in choice.numbers.items() if name != ANCHOR_DAYS}


def years(weeks: int, words: Words) -> str:
    """Return a period in years."""
    if weeks == 52:
        return words("explore.panel.year")
    return words("explore.panel.years", years=phrases.number(weeks / 52, words, 0 if weeks % 52 == 0 else 1))


def combined(answers: Sequence[Answer], table: str) -> pd.DataFrame:
    """Return a table of several answers in one frame, with `choice_id` as the scenario of each policy.

    Today's practice, which the answers share, occurs once.
    """
    tables = []
    for place, answer in enumerate(answers):
        own = answer.table(table)
        tables.append(own.assign(scenario=own["scenario"].where(own["scenario"] == "baseline", choice_id(place))))
    rows = pd.concat(tables, ignore_index=True)
    return rows.drop_duplicates([key for key in _KEYS if key in rows])


def choice_id(place: int) -> str:
    """Return the id of a choice in combined tables."""
    return f"choice_{place}"


def words_for(choices: Sequence[PolicySelection], words: Words) -> ChoiceWords:
    """Return words that name these choices by `choice_id`."""
    return ChoiceWords(words.language, {choice_id(place): title(choice, words) for place, choice in enumerate(choices)})
