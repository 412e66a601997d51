"""The ten questions, each with the choices that answer it and the views that show the answer.

Their texts are in `sim/words/*/questions.yaml`. Answers come from simulations, from earlier studies, or from both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sim.views.explore.selection import PolicySelection, presets
from sim.views.explore.study_results import numbers
from sim.words import Words

SIMULATED, STORED, BOTH = "simulated", "stored", "both"
_INVITES = 7
"""The question whose text invites users to set other levers."""
VIEWS = ("effects", "time", "groups", "cascade", "why", "evening", "visits", "respondents", "body")
"""Views that a question may show, in this order."""


@dataclass(frozen=True)
class Question:
    """One question.

    Attributes
    ----------
    who : tuple of str
        The roles of those who ask it.
    levers : tuple of mapping
        Policies that are each compared with today's practice; the sidebar opens with the first.
    views : tuple of str
        Some of `VIEWS`.
    basis : str
        Simulations, an earlier study, or both.
    study : str or None
        The earlier study.
    numbers : mapping of int to mapping, optional
        Assumptions of some policies, by place.
    """

    number: int
    who: tuple[str, ...]
    levers: tuple[Mapping[str, str], ...]
    views: tuple[str, ...]
    basis: str = SIMULATED
    study: str | None = None
    numbers: Mapping[int, Mapping[str, float]] | None = None

    def choices(self, **common: Any) -> list[PolicySelection]:
        """Return what it compares, for the organisation in `common`."""
        own = self.numbers or {}
        return [
            PolicySelection(question=self.number, levers=levers, numbers=own.get(place, {}), **common)
            for place, levers in enumerate(self.levers)
        ]

    def text(self, part: str, words: Words) -> str:
        """Return a text: short, asked, answer, look or cannot; the answer is empty where only simulations give it."""
        key = f"questions.q{self.number}.{part}"
        return words(key, **_numbers(words)) if key in words else ""


def _numbers(words: Words) -> dict[str, str]:
    """Return the numbers of earlier studies with the marks of the language."""
    marks = str.maketrans({".": words("common.number.decimal"), ",": words("common.number.thousands")})
    return {name: value if name == "version" else value.translate(marks) for name, value in numbers().items()}


def questions() -> tuple[Question, ...]:
    """Return the ten questions in the order of the page."""
    return (
        Question(1, ("inspectorate",), ({"communication": "no_loss"},), ("cascade", "visits"), BOTH, "inspection"),
        Question(2, ("inspectorate",), ({"adoption": "active_oversight"},), ("effects", "cascade"), BOTH, "inspection"),
        Question(
            3,
            ("ministry",),
            (
                {"availability": "right_to_disconnect"},
                {"availability": "reachability_agreements"},
                {"availability": "quiet_evenings"},
            ),
            ("effects", "why", "evening"),
        ),
        Question(4, ("ministry",), (presets()["whole_package"],), ("effects", "time", "groups")),
        Question(
            5,
            ("employer",),
            (
                {"availability": "quiet_evenings"},
                {"ergonomics": "chairs_and_desks"},
                {"leadership": "manager_training"},
                {"social": "organisation_days"},
            ),
            ("effects", "groups"),
        ),
        Question(
            6,
            ("employer",),
            (
                {"schedule": "anchor_days"},
                {"schedule": "anchor_days"},
                {"schedule": "two_office_days"},
                {"schedule": "three_office_days"},
            ),
            ("effects", "groups", "why"),
            numbers={1: {"mechanisms.anchor_days.days": 3.0}},
        ),
        Question(7, ("works_council",), ({"schedule": "anchor_days"},), ("groups", "effects")),
        Question(
            8,
            ("works_council", "prevention_officer"),
            ({"communication": "reminders"}, {"communication": "through_the_manager"}, {"communication": "checked"}),
            ("effects", "cascade"),
            BOTH,
            "inspection",
        ),
        Question(9, ("prevention_officer",), ({"ergonomics": "sit_stand_desks"},), ("body", "effects"), BOTH),
        Question(10, ("everybody",), (), ("respondents",), STORED, "vanishing_measures"),
    )


def question_of(choice: PolicySelection) -> Question | None:
    """Return the question of a choice, as long as its levers are those of the question or may be changed."""
    if choice.question is None:
        return None
    question = questions()[choice.question - 1]
    return question if question.number == _INVITES or _prepared(question, choice)[0] == choice else None


def _prepared(question: Question, choice: PolicySelection) -> list[PolicySelection]:
    """Return what a question compares, for the organisation of a choice; today's practice where it has no levers."""
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
