"""The headline: burn-out complaints and isolation side by side, in words and dots, with their uncertainty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from sim.errors import required
from sim.outcomes.definitions import MAIN_OUTCOMES
from sim.outcomes.effects import DRAWS
from sim.plotting import charts
from sim.plotting.charts.dots import alternative
from sim.reporting import phrases, tables
from sim.reporting.changes import of_people
from sim.views.explore.cases import Answer
from sim.views.explore.labels import option_of, own_assumptions, title, years
from sim.views.explore.rendering import cached, fragment, key_of
from sim.views.explore.selection import PolicySelection
from sim.views.explore.sidebar import option_line
from sim.words import Words

Row = dict[Any, Any]
_MIN_RUNS = 20
"""Runs from which on the page states a 90% interval."""
_CLEAR_LEAD = 0.1
"""Smallest lead of one direction, as a share of the runs, with which the headline names it alone."""


def headline(choices: Sequence[PolicySelection], answers: Sequence[Answer], words: Words) -> None:
    """Show the result so far."""
    make = _single if len(choices) == 1 else _comparison
    key = (words.language, *key_of(choices, answers, "headline"))
    st.html(cached(key, lambda: make(choices, answers, words)))


def row_of(answer: Answer, table: str, outcome: str, group: str = "everybody") -> Row | None:
    """Return the policy's row of the table of effects or counts; None for a group too small to be shown."""
    return tables.row_of(answer.table(table), outcome, group)


def _single(choices: Sequence[PolicySelection], answers: Sequence[Answer], words: Words) -> str:
    (choice,), (answer,) = choices, answers
    if row_of(answer, "effects", MAIN_OUTCOMES[0]) is None:
        return fragment("headline", "single", choice.changes_nothing, None, [], words)
    notes = [*_uncertainty(choices, answers, words), _users_note(answers, words), words("common.sizes")]
    cells = [_cell(outcome, choice, answer, words, 10) for outcome in MAIN_OUTCOMES]
    return fragment("headline", "single", choice.changes_nothing, [one for one in cells if one], notes, words)


def _comparison(choices: Sequence[PolicySelection], answers: Sequence[Answer], words: Words) -> str:
    rows = [
        {
            "name": title(choice, words),
            "options": [option_line(option_of(name, option), words) for name, option in choice.levers.items()],
            "cells": [_cell(outcome, choice, answer, words, 20) for outcome in MAIN_OUTCOMES],
        }
        for choice, answer in zip(choices, answers, strict=True)
    ]
    counts = [row_of(answers[0], "counts", outcome) for outcome in MAIN_OUTCOMES]
    notes = [
        f"{_period(choices[0], words).capitalize()}.",
        words("explore.head.a_dot"),
        *(phrases.margin(row, words) for row in counts if row),
        *_uncertainty(choices, answers, words),
        _users_note(answers, words),
        *(words(f"explore.head.{key}") for key in ("not_the_same", "fixed_order")),
        words("common.sizes"),
    ]
    return fragment("headline", "comparison", [_head(one, answers[0], words) for one in MAIN_OUTCOMES], rows, notes)


def _cell(outcome: str, choice: PolicySelection, answer: Answer, words: Words, columns: int) -> dict[str, str] | None:
    """Return the texts and the dots of one outcome of one choice, on a card or in a comparison."""
    effect, counts = row_of(answer, "effects", outcome), row_of(answer, "counts", outcome)
    name = "outcome" if columns == 10 else "outcome_short"
    cell = {"outcome": words(f"common.{name}.{outcome}"), "reason": ""}
    if effect is not None and effect.get("reason"):
        return cell | {"reason": phrases.change(effect, words)}
    if effect is None or counts is None:
        return None
    users = row_of(answer, "effects", outcome, "users")
    change, mean = _change(effect, counts, words)
    parameters = "own" if own_assumptions(choice) else effect["interval"]  # they may not agree with the data
    return cell | {
        "unit": phrases.unit_of(effect["unit"], words),
        "period": _period(choice, words),
        "change": change,
        "mean": mean,
        "today": _today(effect, words),
        "dots": charts.dots(counts, words, columns=20 if sum(phrases.dots_of(counts)) > 50 else columns),
        "alternative": alternative(counts, words),
        "dots_text": f"{phrases.dot_sentence(counts, parameters, words)} {phrases.dots_key(counts, words)}",
        "users": words("explore.head.users", change=phrases.change(users, words)) if users else "",
    }


def _head(outcome: str, answer: Answer, words: Words) -> dict[str, str]:
    effect = row_of(answer, "effects", outcome)
    texts = (phrases.unit_of(effect["unit"], words), _today(effect, words)) if effect else ()
    return {"outcome": words(f"common.outcome.{outcome}"), "unit": ". ".join(filter(None, texts))}


def _today(effect: Mapping[Any, Any], words: Words) -> str:
    """Return the level of today's practice, where it is a number of people."""
    if not of_people(str(effect["unit"])):
        return ""
    level = words("explore.head.per_1000", level=phrases.number(effect["baseline"], words))
    return words("explore.head.today", level=level)


def _change(effect: Row, counts: Row, words: Words) -> tuple[str, str]:
    """Return the large line and the one below: counts of runs where their parameters differ, else means."""
    if effect["interval"] != DRAWS or effect["difference"] == effect["low"] == effect["high"] == 0:
        head, bracket, rest = phrases.change(effect, words).partition(" (")
        return head, bracket.strip() + rest
    parts = phrases.dots_of(counts)
    directions = phrases.dot_words(str(effect["unit"]), words)
    mean = phrases.change({**effect, "low": float("nan"), "high": float("nan")}, words)
    texts = {"mean": mean, "between": phrases.interval(effect, words)}
    key = "on_average_few" if sum(parts) < _MIN_RUNS else "on_average"
    return _runs_by_direction(parts, directions, words), words(f"explore.head.{key}", runs=sum(parts), **texts)


def _runs_by_direction(parts: Sequence[int], directions: Sequence[str], words: Words) -> str:
    """Return the numbers of runs with fewer, little change and more, or only the largest if it clearly leads."""
    runs = sum(parts)
    first, second, _ = sorted(parts, reverse=True)
    if 2 * first > runs and first - second >= _CLEAR_LEAD * runs:
        return words("explore.head.in_runs", change=directions[parts.index(first)], runs=first, of=runs)
    pairs = zip(directions, parts, strict=True)
    texts = [words("explore.head.part", change=direction, runs=part) for direction, part in pairs if part]
    return words("explore.head.split", parts=", ".join(texts), of=runs)


def _period(choice: PolicySelection, words: Words) -> str:
    people = phrases.number(choice.employees, words)
    return words("explore.head.over", horizon=years(choice.weeks, words), employees=people)


def _uncertainty(choices: Sequence[PolicySelection], answers: Sequence[Answer], words: Words) -> list[str]:
    """Return sentences on what ranges cover, on counts of runs that are not probabilities, and on the assumptions."""
    effect = required(row_of(answers[0], "effects", MAIN_OUTCOMES[0]), "the effect on everybody")
    holds = phrases.holds(effect["interval"], answers[0].replicates)
    few = holds == DRAWS and min(one.replicates for one in answers) < _MIN_RUNS
    ranges = words("explore.head.few_in_words" if few else f"common.sure.{holds}_in_words")
    texts = [ranges, phrases.not_the_chance(effect["interval"], words)]
    if own := max(len(own_assumptions(choice)) for choice in choices):
        texts.append(words("explore.head.own_assumptions", number=own))
    if any(map(_has_measures, answers)):
        texts.append(words("explore.head.not_done"))
    return texts


def _has_measures(answer: Answer) -> bool:
    """Return whether a measure is introduced, which an employer may announce and not carry out."""
    return answer.plan is not None and bool(answer.plan.scenarios[1].measures)


def _users_note(answers: Sequence[Answer], words: Words) -> str:
    if any(row_of(one, "effects", MAIN_OUTCOMES[0], "users") for one in answers):
        return words("explore.head.apart")
    return words("explore.head.few_users" if any(map(_has_measures, answers)) else "explore.head.no_users")
