"""The ten questions of `questions.yaml`. Their texts are in `sim/words/*/questions.yaml`.

Answers come from simulations, from earlier studies, or from both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from sim.views.explore.selection import PolicySelection, presets
from sim.views.explore.study_results import numbers
from sim.words import Words

_INVITES = 7
"""The question whose text invites users to set other levers."""


@dataclass(frozen=True)
class Question:
    """One question.

    Attributes
    ----------
    who : list of str
        Roles of the people who ask it.
    policies : list of mapping
        Levers and assumptions of each compared policy; the sidebar opens with the first.
    views : list of str
        Views that are listed first.
    study : str or None
        The earlier study whose results it shows.
    """

    number: int
    who: list[str]
    policies: list[Mapping[str, Any]]
    views: list[str]
    study: str | None = None

    def choices(self, **common: Any) -> list[PolicySelection]:
        """Return the compared choices, for the organisation in `common`."""
        return [PolicySelection(question=self.number, **_parts(policy), **common) for policy in self.policies]

    def text(self, part: str, words: Words) -> str:
        """Return a text: short, question, answer (empty if only simulations answer it), view or limits."""
        key = f"questions.q{self.number}.{part}"
        return words(key, **numbers(words)) if key in words else ""


def _parts(policy: Mapping[str, Any]) -> dict[str, Any]:
    if "scenario" in policy:
        return {"levers": presets()[policy["scenario"]]}
    numbers = {name: value for name, value in policy.items() if "." in name}
    return {"levers": {name: option for name, option in policy.items() if name not in numbers}, "numbers": numbers}


@cache
def questions() -> tuple[Question, ...]:
    """Return the ten questions in the order of the page."""
    rows = yaml.safe_load(Path(__file__).with_name("questions.yaml").read_text(encoding="utf-8"))
    return tuple(Question(number, **row) for number, row in enumerate(rows, start=1))


def question_of(choice: PolicySelection) -> Question | None:
    """Return the question of a choice, as long as its levers are those of the question or may be changed."""
    if choice.question is None:
        return None
    question = questions()[choice.question - 1]
    return question if question.number == _INVITES or _prepared(question, choice)[0] == choice else None


def _prepared(question: Question, choice: PolicySelection) -> list[PolicySelection]:
    """Return the compared choices of a question, for the organisation of a choice; without levers, today's practice."""
    common = {
        name: getattr(choice, name)
        for name in ("language", "employees", "team_size", "at_home", "in_place", "weeks", "seed", "persons")
    }
    return question.choices(**common) or [PolicySelection(question=question.number, **common)]


def compared(choice: PolicySelection) -> list[PolicySelection]:
    """Return the choices to show: those of the question while its own levers are set, otherwise only this choice."""
    question = question_of(choice)
    prepared = [] if question is None else _prepared(question, choice)
    return prepared if choice in prepared else [choice]
