"""The headline: burn-out complaints and isolation side by side, in words and dots, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import streamlit as st

from sim.outcomes.effects import DRAWS
from sim.views import phrases, pictures
from sim.views.explore.choice import Choice
from sim.views.explore.drawn import depends, image, kept
from sim.views.explore.live import Answer
from sim.views.explore.named import option_of, title
from sim.views.explore.panel import founded
from sim.views.words import Words

_HEADLINES = phrases.HEADLINES


def headline(asked: Sequence[Choice], found: Sequence[Answer], words: Words) -> None:
    """What the model says so far; kept like the figures, since a page says it again whenever it looks for more."""

    def said() -> str:
        return _one(asked[0], found[0], words) if len(asked) == 1 else _several(asked, found, words)

    st.html(kept((words.language, *depends(asked, found, "headline")), said))


def row_of(answer: Answer, table: str, outcome: str, group: str = "everybody") -> dict[Any, Any] | None:
    assert answer.tables is not None
    own = answer.tables[table]
    rows = own[(own["outcome"] == outcome) & (own["group"] == group) & (own["scenario"] != "baseline")]
    return None if rows.empty else rows.iloc[0].to_dict()


def _one(choice: Choice, found: Answer, words: Words) -> str:
    """Burn-out complaints and isolation side by side: the change in words, its dots, and the sentence of the dots."""
    null = f"<p class='null'>{escape(words('explore.state.unchanged'))}</p>" if choice.changes_nothing else ""
    if row_of(found, "effects", _HEADLINES[0]) is None:
        return f"{null}<p class='null'>{escape(words('explore.text.too_few'))}</p>"
    cards = "".join(_card(outcome, found, words) for outcome in _HEADLINES)
    sure = f"<p class='sure'>{escape(_sureness(found, words))} {escape(_users([found], words))}</p>"
    return f"{null}<div class='cards'>{cards}</div>{sure}"


def _card(outcome: str, found: Answer, words: Words) -> str:
    effect, counted = row_of(found, "effects", outcome), row_of(found, "counts", outcome)
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
        f"{escape(words('explore.against'))}</p>"
        f"<p class='change'>{escape(head)}</p><p class='mean'>{escape(line)}</p>{today}"
        f"{image(pictures.dots(counted, words, columns=columns), pictures_alt(counted, words), 'dots')}"
        f"<p class='dotted'>{escape(phrases.dot_sentence(counted, effect['interval'], words))} "
        f"{escape(phrases.dots_key(counted, words))}</p>"
        f"<p class='users'>{escape(said)}</p></section>"
    )


def _said(effect: dict[Any, Any], counted: dict[Any, Any], words: Words) -> tuple[str, str]:
    """The large line and the one below: runs are counted where their parameters differ; else means are compared."""
    change = phrases.change(effect, words)
    if effect["interval"] != DRAWS or effect["difference"] == effect["low"] == effect["high"] == 0:
        head, bracket, rest = change.partition(" (")
        return head, bracket.strip() + rest
    parts = dict(zip(("lower", "little", "higher"), phrases.dots_of(counted), strict=True))
    most = max(parts, key=lambda name: parts[name])
    kinds = dict(zip(parts, phrases.dot_words(str(effect["unit"]), words), strict=True))
    said = words("explore.head.in_runs", change=kinds[most], runs=parts[most], of=sum(parts.values()))
    return said, words("explore.head.on_average", mean=_mean(effect, words), between=_between(effect, words))


def _mean(effect: dict[Any, Any], words: Words) -> str:
    """The mean difference alone."""
    nothing = float("nan")
    return phrases.change({**effect, "low": nothing, "high": nothing}, words)


def pictures_alt(counted: dict[Any, Any], words: Words) -> str:
    """The dots in words."""
    from sim.views.pictures.dots import alternative

    return alternative(counted, words)


def _sureness(found: Answer, words: Words) -> str:
    effect = row_of(found, "effects", _HEADLINES[0])
    assert effect is not None
    holds = phrases.holds(effect["interval"], found.replicates)
    said = [words(f"common.sure.{holds}_in_words"), phrases.not_the_chance(effect["interval"], words)]
    return " ".join(said)


def _users(found: Sequence[Answer], words: Words) -> str:
    """What to know of users: that they are others than everybody, or that there are none."""
    some = any(row_of(one, "effects", _HEADLINES[0], "users") for one in found)
    return words("explore.head.apart" if some else "explore.head.no_users")


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


def _several(asked: Sequence[Choice], found: Sequence[Answer], words: Words) -> str:
    """A table of what a question compares, in the order of the question."""
    heads = "".join(f"<th scope='col'>{escape(words(f'common.outcome.{one}'))}</th>" for one in _HEADLINES)
    lines = []
    for choice, one in zip(asked, found, strict=True):
        cells = []
        for outcome in _HEADLINES:
            effect, counted = row_of(one, "effects", outcome), row_of(one, "counts", outcome)
            if effect is None or counted is None:
                cells.append("<td>–</td>")
                continue
            dots = image(pictures.dots(counted, words, columns=20), pictures_alt(counted, words), "dots small")
            head, line = _said(effect, counted, words)
            cells.append(f"<td><b>{escape(head)}</b><small>{escape(line)}</small>{dots}</td>")
        grounds = "".join(founded(option_of(name, option), words) for name, option in choice.levers.items())
        lines.append(f"<tr><th scope='row'>{escape(title(choice, words))}{grounds}</th>{''.join(cells)}</tr>")
    table = f"<table class='compared'><thead><tr><td></td>{heads}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
    counted = row_of(found[0], "counts", _HEADLINES[0])
    key = phrases.dots_key(counted, words) if counted else ""
    said = " ".join([key, _sureness(found[0], words), _users(found, words), words("explore.head.not_the_same")])
    return f"{table}<p class='sure'>{escape(said)} {escape(words('explore.head.fixed_order'))}</p>"
