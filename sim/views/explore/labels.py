"""What choices are called, and words that know them: pictures name scenarios by their id, a page by what was chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sim.errors import required
from sim.levers.measure import FAMILIES
from sim.reporting import phrases
from sim.views.explore.levers import Option, family
from sim.views.explore.selection import PolicySelection
from sim.words import Words

if TYPE_CHECKING:
    import pandas as pd

    from sim.views.explore.cases import Answer

_ANCHOR_DAYS = "mechanisms.anchor_days.days"


class Named(Words):
    """Words in which some scenarios have names of their own."""

    def __init__(self, language: str, names: Mapping[str, str]) -> None:
        super().__init__(language)
        self._texts = {**self._texts, **{f"common.scenario.{one}.name": name for one, name in names.items()}}


def option_of(name: str, option: str) -> Option:
    """An option of a family, whether or not the panel offers it."""
    return next((one for one in family(name) if one.name == option), Option(name, option, ()))


def title(choice: PolicySelection, words: Words) -> str:
    """What a choice is called: a named scenario, or its levers joined, with what was added."""
    if choice.changes_nothing:
        return words("common.today_name")
    numbers, days = of_its_own(choice), choice.numbers.get(_ANCHOR_DAYS)
    if choice.levers == {"schedule": "anchor_days"} and not choice.measures:
        name = words(f"explore.fixed_days.days_{round(days)}") if days else phrases.name_of("anchor_days", words)
    elif choice.scenario:
        name = phrases.name_of(choice.scenario, words)
    else:
        parts = [option_of(one, choice.levers[one]).label(words) for one in FAMILIES if one in choice.levers]
        parts += [words("explore.also", number=len(choice.measures))] if choice.measures else []
        name = "; ".join(parts)
    return f"{name}, {words('explore.with_assumptions', number=len(numbers))}" if numbers else name


def of_its_own(choice: PolicySelection) -> dict[str, float]:
    """The assumptions that somebody has set; how many days are fixed is part of a lever."""
    return {name: value for name, value in choice.numbers.items() if name != _ANCHOR_DAYS}


def years(weeks: int, words: Words) -> str:
    """A horizon in years."""
    if weeks == 52:
        return words("explore.panel.year")
    return words("explore.panel.years", years=phrases.number(weeks / 52, words, 0 if weeks % 52 == 0 else 1))


def joined(answers: Sequence[Answer], table: str) -> pd.DataFrame:
    """A table of several answers below each other, each scenario under the id of its place: choice_0, choice_1 …"""
    import pandas as pd

    tables = []
    for place, answer in enumerate(answers):
        own = required(answer.tables, "tables of an answer")[table]
        tables.append(own.assign(scenario=own["scenario"].where(own["scenario"] == "baseline", identifier(place))))
    return pd.concat(tables, ignore_index=True)


def identifier(place: int) -> str:
    """The id under which a choice stands in joined tables."""
    return f"choice_{place}"


def named(choices: Sequence[PolicySelection], words: Words) -> Named:
    """Words that know these choices by `identifier`."""
    return Named(words.language, {identifier(place): title(choice, words) for place, choice in enumerate(choices)})
