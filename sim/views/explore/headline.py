"""The headline: burn-out complaints and isolation side by side, in words and dots, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import streamlit as st

from sim.errors import required
from sim.outcomes.definitions import MAIN_OUTCOMES
from sim.outcomes.effects import DRAWS
from sim.plotting import charts
from sim.plotting.charts.dots import alternative
from sim.reporting import phrases
from sim.views.explore.cases import Answer
from sim.views.explore.labels import of_its_own, option_of, title, years
from sim.views.explore.rendering import depends, image, kept
from sim.views.explore.selection import PolicySelection
from sim.views.explore.sidebar import founded
from sim.words import Words

_HEADLINES = MAIN_OUTCOMES
_ENOUGH = 20
"""Runs from which on it is said where nine in ten of them lie."""
_CLEARLY = 0.1
"""By how large a share of the runs one kind must lead to stand alone in the headline."""


def headline(asked: Sequence[PolicySelection], found: Sequence[Answer], words: Words) -> None:
    """What the model says so far; kept like the figures, since a page says it again whenever it looks for more."""

    def said() -> str:
        return _one(asked[0], found[0], words) if len(asked) == 1 else _several(asked, found, words)

    st.html(kept((words.language, *depends(asked, found, "headline")), said))


def row_of(answer: Answer, table: str, outcome: str, group: str = "everybody") -> dict[Any, Any] | None:
    """The policy's row of an answer's table of effects or counts; None where a group is too small to be shown."""
    own = required(answer.tables, "tables of an answer")[table]
    rows = own[(own["outcome"] == outcome) & (own["group"] == group) & (own["scenario"] != "baseline")]
    return None if rows.empty else rows.iloc[0].to_dict()


def _one(choice: PolicySelection, found: Answer, words: Words) -> str:
    """Burn-out complaints and isolation side by side: the change in words, its dots, and the sentence of the dots."""
    null = f"<p class='null'>{escape(words('explore.state.unchanged'))}</p>" if choice.changes_nothing else ""
    if row_of(found, "effects", _HEADLINES[0]) is None:
        return f"{null}<p class='null'>{escape(words('explore.text.too_few'))}</p>"
    cards = "".join(_card(outcome, choice, found, words) for outcome in _HEADLINES)
    said = " ".join([_sureness([choice], [found], words), _users([found], words), words("common.sizes")])
    sure = f"<p class='sure'>{escape(said)}</p>"
    return f"{null}<div class='cards'>{cards}</div>{sure}"


def _card(outcome: str, choice: PolicySelection, found: Answer, words: Words) -> str:
    effect, counted = row_of(found, "effects", outcome), row_of(found, "counts", outcome)
    if effect is not None and effect.get("reason"):
        return (
            f"<section class='card' aria-label='{escape(words(f'common.outcome.{outcome}'), quote=True)}'>"
            f"<h3>{escape(words(f'common.outcome.{outcome}'))}</h3>"
            f"<p class='change'>{escape(phrases.change(effect, words))}</p></section>"
        )
    if effect is None or counted is None:
        return ""
    users = row_of(found, "effects", outcome, "users")
    unit = phrases.unit_of(effect["unit"], words)
    said = words("explore.head.users", change=phrases.change(users, words)) if users else ""
    head, line = _said(effect, counted, words)
    today = ""
    if str(effect["unit"]).startswith("per 1,000"):
        level = words("explore.head.per_1000", level=phrases.number(effect["baseline"], words))
        today = f"<p class='today'>{escape(words('explore.head.today', level=level))}</p>"
    size = sum(phrases.dots_of(counted))
    columns = 20 if size > 50 else 10
    return (
        f"<section class='card' aria-label='{escape(words(f'common.outcome.{outcome}'), quote=True)}'>"
        f"<h3>{escape(words(f'common.outcome.{outcome}'))}</h3><p class='unit'>{escape(unit)}, "
        f"{escape(words('explore.against'))}; {escape(_over(choice, words))}</p>"
        f"<p class='change'>{escape(head)}</p><p class='mean'>{escape(line)}</p>{today}"
        f"{image(charts.dots(counted, words, columns=columns), alternative(counted, words), 'dots')}"
        f"<p class='dotted'>{escape(_dots_in_words(choice, counted, effect['interval'], words))} "
        f"{escape(phrases.dots_key(counted, words))}</p>"
        f"<p class='users'>{escape(said)}</p></section>"
    )


def _dots_in_words(choice: PolicySelection, counted: dict[Any, Any], interval: str, words: Words) -> str:
    """The sentence of the dots; runs with somebody's own assumptions are not said to agree with the figures."""
    if not of_its_own(choice):
        return phrases.dot_sentence(counted, interval, words)
    lower, little, higher = parts = phrases.dots_of(counted)
    key = f"explore.head.dots_own.{counted['outcome']}"
    return words(key, runs=sum(parts), lower=lower, little=little, higher=higher)


def _said(effect: dict[Any, Any], counted: dict[Any, Any], words: Words) -> tuple[str, str]:
    """The large line and the one below: runs are counted where their parameters differ; else means are compared."""
    change = phrases.change(effect, words)
    if effect["interval"] != DRAWS or effect["difference"] == effect["low"] == effect["high"] == 0:
        head, bracket, rest = change.partition(" (")
        return head, bracket.strip() + rest
    parts = phrases.dots_of(counted)
    kinds = phrases.dot_words(str(effect["unit"]), words)
    runs = sum(parts)
    told = {"mean": _mean(effect, words), "between": _between(effect, words)}
    if runs < _ENOUGH:
        return _counted(parts, kinds, words), words("explore.head.on_average_few", runs=runs, **told)
    return _counted(parts, kinds, words), words("explore.head.on_average", **told)


def _counted(parts: Sequence[int], kinds: Sequence[str], words: Words) -> str:
    """In how many runs it is fewer, little changed and more: one part alone where most runs are clearly of it."""
    runs = sum(parts)
    first, second, _ = sorted(parts, reverse=True)
    if 2 * first > runs and first - second >= _CLEARLY * runs:
        return words("explore.head.in_runs", change=kinds[parts.index(first)], runs=first, of=runs)
    said = [words("explore.head.part", change=kind, runs=part) for kind, part in zip(kinds, parts, strict=True) if part]
    return words("explore.head.split", parts=", ".join(said), of=runs)


def _over(choice: PolicySelection, words: Words) -> str:
    """Over which time, and of how many people, a difference is a mean."""
    people = phrases.number(choice.employees, words)
    return words("explore.head.over", horizon=years(choice.weeks, words), employees=people)


def _mean(effect: dict[Any, Any], words: Words) -> str:
    """The mean difference alone."""
    nothing = float("nan")
    return phrases.change({**effect, "low": nothing, "high": nothing}, words)


def _sureness(asked: Sequence[PolicySelection], found: Sequence[Answer], words: Words) -> str:
    """What the ranges hold, what a count of runs is not, and what runs must be told of."""
    effect = required(row_of(found[0], "effects", _HEADLINES[0]), "the effect on everybody")
    holds = phrases.holds(effect["interval"], found[0].replicates)
    few = holds == DRAWS and min(one.replicates for one in found) < _ENOUGH
    ranges = words("explore.head.few_in_words" if few else f"common.sure.{holds}_in_words")
    said = [ranges, phrases.not_the_chance(effect["interval"], words)]
    if own := max(len(of_its_own(choice)) for choice in asked):
        said.append(words("explore.head.own_assumptions", number=own))
    if any(_introduces(one) for one in found):
        said.append(words("explore.head.not_done"))
    return " ".join(said)


def _introduces(found: Answer) -> bool:
    """Whether a measure is introduced, which an employer may announce and not carry out."""
    return found.plan is not None and bool(found.plan.scenarios[1].measures)


def _users(found: Sequence[Answer], words: Words) -> str:
    """What to know of users: that everybody holds them too, that they are few, or that there can be none."""
    if any(row_of(one, "effects", _HEADLINES[0], "users") for one in found):
        return words("explore.head.apart")
    return words("explore.head.few_users" if any(map(_introduces, found)) else "explore.head.no_users")


def _between(effect: dict[Any, Any], words: Words) -> str:
    """From one end of an interval to the other, each with its direction where they differ."""
    unit, ends = str(effect["unit"]), sorted((float(effect["low"]), float(effect["high"])), key=abs)
    counts = unit.startswith("per 1,000")
    decimals, noun = (0, "") if counts else (2, f" {phrases.unit_of(unit, words)}")
    less, more = phrases.less_and_more(unit, words)
    if ends[0] * ends[1] >= 0:
        near, far = (_amount(end, decimals, words) for end in ends)
        word = less if ends[1] < 0 else more
        if near == far:
            return f"{far}{noun} {word}"
        return words("common.change.to", near=near, far=f"{far}{noun}", word=word)
    low, high = (f"{_amount(end, decimals, words)}{noun}" for end in sorted(ends))
    return words("common.change.around", low=low, less=less, high=high, more=more)


def _amount(value: float, decimals: int, words: Words) -> str:
    """The size of a number; what rounds to nothing without being it is said to be under the smallest."""
    smallest = 10.0**-decimals
    if 0 < abs(value) < smallest / 2:
        return f"{words('common.change.under')} {phrases.number(smallest, words, decimals)}"
    return phrases.number(abs(value), words, decimals)


def _several(asked: Sequence[PolicySelection], found: Sequence[Answer], words: Words) -> str:
    """A table of what a question compares, in the order of the question."""
    heads = "".join(f"<th scope='col'>{_head(one, found[0], words)}</th>" for one in _HEADLINES)
    lines = []
    for choice, one in zip(asked, found, strict=True):
        cells = []
        for outcome in _HEADLINES:
            effect, counted = row_of(one, "effects", outcome), row_of(one, "counts", outcome)
            if effect is not None and effect.get("reason"):
                cells.append(f"<td>{escape(phrases.change(effect, words))}</td>")
                continue
            if effect is None or counted is None:
                cells.append("<td>–</td>")
                continue
            dots = image(charts.dots(counted, words, columns=20), alternative(counted, words), "dots small")
            head, line = _said(effect, counted, words)
            what = f"<i>{escape(words(f'common.outcome_short.{outcome}'))}</i>"
            cells.append(f"<td>{what}<b>{escape(head)}</b><small>{escape(line)}</small>{dots}</td>")
        grounds = "".join(founded(option_of(name, option), words) for name, option in choice.levers.items())
        lines.append(f"<tr><th scope='row'>{escape(title(choice, words))}{grounds}</th>{''.join(cells)}</tr>")
    table = f"<table class='compared'><thead><tr><td></td>{heads}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
    kinds = [row_of(found[0], "counts", outcome) for outcome in _HEADLINES]
    said = [
        words("explore.head.a_dot"),
        *(phrases.margin(kind, words) for kind in kinds if kind),
        _sureness(asked, found, words),
        _users(found, words),
        *(words(f"explore.head.{key}") for key in ("not_the_same", "fixed_order")),
        words("common.sizes"),
    ]
    return f"{table}<p class='sure'>{escape(_over(asked[0], words).capitalize())}. {escape(' '.join(said))}</p>"


def _head(outcome: str, found: Answer, words: Words) -> str:
    """The head of a column: the outcome, its unit, and today's level where it is a share of people."""
    effect = row_of(found, "effects", outcome)
    if effect is None:
        return escape(words(f"common.outcome.{outcome}"))
    unit = phrases.unit_of(effect["unit"], words)
    if str(effect["unit"]).startswith("per 1,000"):
        level = words("explore.head.per_1000", level=phrases.number(effect["baseline"], words))
        unit = f"{unit}. {words('explore.head.today', level=level)}"
    return f"{escape(words(f'common.outcome.{outcome}'))}<small>{escape(unit)}</small>"
