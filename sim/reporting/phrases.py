"""Names, changes, counts of runs and intervals in the language of the reader, with the texts of `sim/words`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sim.formatting import fixed, per_hundred
from sim.outcomes.effects import CHANCE, DRAWS
from sim.reporting.changes import change_in_words, interval_in_words, of_people
from sim.reporting.labels import label_of
from sim.words import Words

ONE_RUN = "one"
MOST_DOTS = 100


def name_of(scenario: str, words: Words) -> str:
    """Return the name of a scenario: from `sim/words`, from the names of two combined ones, or derived from its id."""
    known = _known(scenario, words)
    if known is not None:
        return known
    for cut in re.finditer("_and_", scenario):
        both = [_known(part, words) for part in (scenario[: cut.start()], scenario[cut.end() :])]
        if None not in both:
            first, second = map(str, both)
            return f"{first} {words('common.list.and')} {second[0].lower()}{second[1:]}"
    return label_of(scenario)


def _known(scenario: str, words: Words) -> str | None:
    keys = (f"common.scenario.{scenario}", f"common.option.{scenario}")
    return next((words(key) for key in keys if key in words), None) or wordings(words).get(scenario)


def option_name(family: str, option: str, words: Words) -> str:
    """Return the name of an option of a family of levers."""
    own = f"common.option.{family}.{option}"
    return words(own) if own in words else name_of(option, words)


def quoted(scenario: str, words: Words) -> str:
    """Return the name of a scenario within a sentence."""
    return words("common.list.quoted", name=name_of(scenario, words).strip("“”‘’"))


def text_of(scenario: str, words: Words, fallback: str = "") -> str:
    """Return the description of a scenario; `fallback` is the English one of its file."""
    key = f"common.scenario_text.{scenario}"
    measures = wordings(words)
    return words(key) if key in words else f"{measures[scenario]}." if scenario in measures else fallback


def wordings(words: Words) -> dict[str, str]:
    """Return the text of every measure by its id."""
    from sim.config.default_settings import measures

    return {one.name: one.tekst if words.language == "nl" else one.text for one in measures()}


def assumption_name(row: Mapping[Any, Any], words: Words) -> str:
    """Return the name of an assumption in a sensitivity study: that of `sim/words`, or else the model's."""
    key = f"common.assumption.{str(row.get('factor', '')).replace('.', '_')}"
    return words(key) if key in words else str(row["words"])


def group_name(group: str, words: Words) -> str:
    """Return the name of a group of people."""
    return words(f"common.group.{group}")


def unit_of(unit: str, words: Words) -> str:
    """Return the name of a unit of the tables."""
    return words(f"common.unit.{unit}")


def direction(unit: str, words: Words) -> str:
    """Return the text that explains the left and the right of zero."""
    return words(f"common.direction.{_counts(unit)}")


def change(effect: Mapping[Any, Any], words: Words) -> str:
    """Return a difference from today's practice with its interval; `effect` is a row of the table of effects."""
    difference, low, high = (float(effect[name]) for name in ("difference", "low", "high"))
    reason = str(effect.get("reason", ""))
    unit = str(effect["unit"])
    return change_in_words(
        difference, low, high, unit, words.each("common.change"), reason=reason, unit_name=unit_of(unit, words)
    )


def interval(effect: Mapping[Any, Any], words: Words) -> str:
    """Return the interval of a difference in words, each end with its direction where they differ."""
    unit = str(effect["unit"])
    phrases = words.each("common.change")
    return interval_in_words(float(effect["low"]), float(effect["high"]), unit, phrases, unit_name=unit_of(unit, words))


def number(value: float, words: Words, decimals: int = 0) -> str:
    """Return a number with the marks of the language."""
    swap = {",": words("common.number.thousands"), ".": words("common.number.decimal")}
    return "".join(swap.get(letter, letter) for letter in fixed(value, decimals, ","))


def signed(value: float, words: Words, decimals: int) -> str:
    """Return a difference with its sign; one that rounds to zero has none."""
    written = number(value, words, decimals).replace("-", "\N{MINUS SIGN}")
    return f"+{written}" if float(fixed(value, decimals)) > 0 else written


def per_1000(share: float, words: Words) -> str:
    """Return a share of people as a whole number per 1,000; a small one as `under 1`."""
    if share > 0 and round(1000 * share) == 0:
        return words("common.number.under_one")
    return number(1000 * share, words)


def day(when: date, words: Words) -> str:
    """Return a date."""
    month = words("common.number.months_long").split()[when.month - 1]
    return words("common.number.date", day=when.day, month=month, year=when.year)


def month(when: date, words: Words) -> str:
    """Return a month with its year."""
    return f"{words('common.number.months_long').split()[when.month - 1]} {when.year}"


def listed(names: Iterable[str], words: Words) -> str:
    """Return names joined as in a sentence."""
    *others, last = [*names] or [""]
    return f"{', '.join(others)} {words('common.list.and')} {last}" if others else last


# -- intervals ------------------------------------------------------------------------------------------------------


def holds(interval: str, replicates: int) -> str:
    """Return the type of an interval over replicates: chance, draws, or one (a single run)."""
    return ONE_RUN if replicates < 2 else DRAWS if interval == DRAWS else CHANCE


# -- in how many runs -------------------------------------------------------------------------------------------------


def dots_of(counts: Mapping[Any, Any]) -> tuple[int, int, int]:
    """Return the numbers of dots for lower, little change and higher: one per run, or one per 1% of over 100 runs.

    `counts` is a row of the table of counts.
    """
    runs = [int(counts[name]) for name in ("lower", "little", "higher")]
    lower, little, higher = runs if sum(runs) <= MOST_DOTS else per_hundred(runs)
    return lower, little, higher


def dot_sentence(counts: Mapping[Any, Any], parameters: str, words: Words) -> str:
    """Return a sentence on the runs in which an outcome fell, changed little or rose; show `not_the_chance` with it.

    `parameters` is the type of parameter values: draws that fit the data, the same values (chance) or the user's own.
    """
    lower, little, higher = dots_of(counts)
    parts = words(f"common.dots.parts.{counts['outcome']}", lower=lower, little=little, higher=higher)
    return words(f"common.dots.runs.{parameters}", runs=lower + little + higher, parts=parts)


def not_the_chance(interval: str, words: Words) -> str:
    """Return the warning that a count of runs is not a probability of success."""
    return words(f"common.dots.not_the_chance.{DRAWS if interval == DRAWS else CHANCE}")


def dots_key(counts: Mapping[Any, Any], words: Words) -> str:
    """Return the key of the dots, with the margin of little change."""
    runs = int(counts["replicates"])
    key = "common.dots.key" if runs <= MOST_DOTS else "common.dots.key_scaled"
    return words(key, runs=runs, margin=margin(counts, words))


def margin(counts: Mapping[Any, Any], words: Words) -> str:
    """Return the largest difference that is little change."""
    unit = str(counts["unit"])
    size = number(float(counts["margin"]), words, 1 if of_people(unit) else 2)
    return words("common.dots.margin", margin=size, unit=unit_of(unit, words))


def dot_words(unit: str, words: Words) -> tuple[str, str, str]:
    """Return the names of the three kinds of dots of an outcome in this unit."""
    kind = _counts(unit)
    return words(f"common.dots.lower.{kind}"), words("common.dots.little"), words(f"common.dots.higher.{kind}")


def _counts(unit: str) -> str:
    return "people" if of_people(unit) else "level"
