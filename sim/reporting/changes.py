"""Differences from today's practice in words, with the phrases of any language."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from sim.formatting import fixed
from sim.outcomes.no_effect import REASONS, in_words
from sim.reporting.labels import TODAY

NOT_DISTINGUISHABLE = f"not distinguishable from {TODAY}"
PHRASES = {
    "exactly": f"exactly the same as {TODAY}",
    "not_distinguishable": NOT_DISTINGUISHABLE,
    "nothing": "no difference",
    **{word: word for word in ("fewer", "more", "lower", "higher", "hardly", "slightly", "much")},
    "under": "less than",
    "about": "about {amount}",
    "to": "{near} to {far} {word}",
    "around": "{low} {less} to {high} {more}",
    "at_most": "at most {amount} {word}",
    "either_way": "{amount} either way",
    "up_to": "up to {amount} either way",
    "decimal": ".",
    "does_not_apply": "does not apply",
    "because": "does not apply: {reason}",
    "or": "or",
    **REASONS,
}
"""The English phrases; those of `sim/words` have the same keys."""
_SIZES = ((0.05, "hardly"), (0.20, "slightly"), (0.50, ""), (math.inf, "much"))
"""Upper bounds in SD. Cohen (1988) calls 0.2 small and 0.5 medium. Differences below 0.05 are not noticeable."""


def is_distinguishable(low: float, high: float) -> bool:
    """Return whether an interval excludes zero; without an interval (one run) nothing is distinguishable."""
    return low > 0 or high < 0


def of_people(unit: str) -> bool:
    """Return whether an outcome in this unit is a number of people."""
    return unit.startswith("per 1,000")


def direction_words(unit: str) -> tuple[str, str]:
    """Return the words for less and more of an outcome in this unit."""
    return ("fewer", "more") if of_people(unit) else ("lower", "higher")


def change_in_words(
    difference: float,
    low: float,
    high: float,
    unit: str,
    phrases: Mapping[str, str] = PHRASES,
    people_decimals: int = 0,
    reason: str = "",
    unit_name: str = "",
) -> str:
    """Return a difference from today's practice with its interval, in words.

    Parameters
    ----------
    difference : float
        In `unit`; nan where the comparison does not apply, as `reason` explains (ids of `sim.outcomes.no_effect`).
    low, high : float
        Ends of the interval; nan for one run.
    unit : str
        Unit of the tables. Numbers of people have `people_decimals` decimals, others two, and one more where a number
        would round to zero.
    phrases, unit_name : mapping of str to str, and str
        Phrases, and the name of the unit, in the language.

    Examples
    --------
    >>> change_in_words(-5.2, -8.1, -2.3, "per 1,000 employees")
    '5 fewer (2 to 8 fewer)'
    >>> change_in_words(-2.1, -2.3, -1.9, "per 1,000 employees")
    '2 fewer (about 2)'
    >>> change_in_words(-0.6, -0.9, -0.3, "per 1,000 employees")
    '0.6 fewer (0.3 to 0.9 fewer)'
    >>> change_in_words(-0.08, -0.12, -0.04, "SD")
    'slightly lower: 0.08 SD (0.04 to 0.12)'
    >>> change_in_words(-2.0, -6.0, 2.0, "per 1,000 employees")
    "not distinguishable from today's practice (6 fewer to 2 more)"
    """
    if math.isnan(difference):
        reasons = in_words(reason, phrases, f" {phrases['or']} ")
        return phrases["because"].format(reason=reasons) if reason else phrases["does_not_apply"]
    if difference == low == high == 0:
        return phrases["exactly"]
    if one_run := math.isnan(low) or math.isnan(high):
        if not difference:
            return phrases["nothing"]
    elif not is_distinguishable(low, high):
        interval = interval_in_words(low, high, unit, phrases, people_decimals, unit_name)
        return f"{phrases['not_distinguishable']} ({interval})"
    numbers = [difference] if one_run else [difference, low, high]
    decimals = _decimals(numbers, people_decimals if of_people(unit) else 2)
    word, size = phrases[direction_words(unit)[difference > 0]], _amount(difference, decimals, phrases)
    in_unit = f"{_size_word(difference, unit, phrases)}{word}: {size} {unit_name or unit}"
    text = f"{size} {word}" if of_people(unit) else in_unit
    if one_run:
        return text
    near, far = _ends(low, high, decimals, phrases)
    if near == far:
        return text if near.startswith(phrases["under"]) else f"{text} ({phrases['about'].format(amount=near)})"
    interval = phrases["to"].format(near=near, far=far, word=word if of_people(unit) else "")
    return f"{text} ({interval.rstrip()})"


def interval_in_words(
    low: float,
    high: float,
    unit: str,
    phrases: Mapping[str, str] = PHRASES,
    people_decimals: int = 0,
    unit_name: str = "",
) -> str:
    """Return an interval in words, each end with its direction where they differ.

    >>> interval_in_words(-8.1, -2.3, "per 1,000 employees"), interval_in_words(-4.0, 0.0, "SD")
    ('2 to 8 fewer', 'at most 4.00 SD lower')
    >>> interval_in_words(-0.2, 0.1, "per 1,000 employees")
    'less than 1 either way'
    """
    if low == high == 0:
        return phrases["nothing"]
    noun = "" if of_people(unit) else f" {unit_name or unit}"
    less, more = (phrases[word] for word in direction_words(unit))
    decimals = people_decimals if of_people(unit) else 2
    if low < 0 < high:
        if not any(_rounds_to_something(value, decimals) for value in (low, high)):
            return phrases["either_way"].format(amount=f"{phrases['under']} {_smallest(decimals, phrases)}{noun}")
        decimals = _decimals((low, high), decimals)
        below, above = (f"{_amount(value, decimals, phrases)}{noun}" for value in (low, high))
        if below == above:
            return phrases["up_to"].format(amount=below)
        return phrases["around"].format(low=below, less=less, high=above, more=more)
    decimals = _decimals((low, high), decimals)
    near, far = _ends(low, high, decimals, phrases)
    word = less if low < 0 else more
    if 0 in (low, high):
        return phrases["at_most"].format(amount=f"{far}{noun}", word=word)
    if near == far:
        return f"{far}{noun} {word}"
    return phrases["to"].format(near=near, far=f"{far}{noun}", word=word)


def _decimals(numbers: Iterable[float], decimals: int) -> int:
    """Return the decimals to write: one more where a number would round to zero."""
    return decimals if all(value == 0 or _rounds_to_something(value, decimals) for value in numbers) else decimals + 1


def _rounds_to_something(value: float, decimals: int) -> bool:
    return float(fixed(abs(value), decimals)) > 0


def _ends(low: float, high: float, decimals: int, phrases: Mapping[str, str]) -> tuple[str, str]:
    near, far = (_amount(value, decimals, phrases) for value in sorted((low, high), key=abs))
    return near, far


def _amount(value: float, decimals: int, phrases: Mapping[str, str]) -> str:
    """Return the size of a number without its sign; one that rounds to zero is less than the smallest amount."""
    if value and not _rounds_to_something(value, decimals):
        return f"{phrases['under']} {_smallest(decimals, phrases)}"
    return fixed(abs(value), decimals).replace(".", phrases["decimal"])


def _smallest(decimals: int, phrases: Mapping[str, str]) -> str:
    return fixed(10.0**-decimals, decimals).replace(".", phrases["decimal"])


def _size_word(difference: float, unit: str, phrases: Mapping[str, str]) -> str:
    size = next(word for bound, word in _SIZES if abs(difference) < bound) if unit == "SD" else ""
    return f"{phrases[size]} " if size else ""
