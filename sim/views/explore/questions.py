"""The ten questions of those who ask, each with the choices that answer it, what to look at, and what it cannot tell.

Texts stand in `sim/words/*/questions.yaml`. Answers come from live runs, from studies that were done before
(`kept`), or from both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sim.views.explore.selection import PolicySelection, presets
from sim.views.explore.study_results import numbers
from sim.words import Words

LIVED, KEPT, BOTH = "lived", "kept", "both"
_INVITES = 7
"""The question whose text asks for levers of one's own."""
VIEWS = ("effects", "time", "groups", "cascade", "why", "evening", "visits", "respondents", "body")
"""What a question may show, in this order."""


@dataclass(frozen=True)
class Question:
    """One question.

    who       those who ask it
    levers    what is compared, each against today's practice; the first is what opens among the levers
    numbers   assumptions that go with some of them, by their place
    views     what to look at, of `VIEWS`
    answered  by live runs, by a study done before, or both
    study     which study that was
    """

    number: int
    who: tuple[str, ...]
    levers: tuple[Mapping[str, str], ...]
    views: tuple[str, ...]
    answered: str = LIVED
    study: str | None = None
    numbers: Mapping[int, Mapping[str, float]] | None = None

    def choices(self, **common: Any) -> list[PolicySelection]:
        """What it compares, of the organisation in `common`."""
        own = self.numbers or {}
        return [
            PolicySelection(question=self.number, levers=levers, numbers=own.get(place, {}), **common)
            for place, levers in enumerate(self.levers)
        ]

    def said(self, part: str, words: Words) -> str:
        """Its text: short, asked, answer, look or cannot; an answer is empty where live runs alone give it."""
        key = f"questions.q{self.number}.{part}"
        return words(key, **_as_written(words)) if key in words else ""


def _as_written(words: Words) -> dict[str, str]:
    """The kept numbers with the marks of the language."""
    marks = str.maketrans({".": words("common.number.decimal"), ",": words("common.number.thousands")})
    return {name: value if name == "version" else value.translate(marks) for name, value in numbers().items()}


def questions() -> tuple[Question, ...]:
    """The ten, in the order in which they are asked."""
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
        Question(10, ("everybody",), (), ("respondents",), KEPT, "vanishing_measures"),
    )


def question_of(choice: PolicySelection) -> Question | None:
    """The question that a choice belongs to, as long as it asks what was prepared or the question invites levers."""
    if choice.question is None:
        return None
    question = questions()[choice.question - 1]
    return question if question.number == _INVITES or _prepared(question, choice)[0] == choice else None


def _prepared(question: Question, choice: PolicySelection) -> list[PolicySelection]:
    """What a question compares, of the organisation of a choice; one without levers shows today's practice."""
    common = {
        name: getattr(choice, name)
        for name in ("language", "employees", "team_size", "at_home", "in_place", "weeks", "seed", "persons")
    }
    return question.choices(**common) or [PolicySelection(question=question.number, **common)]


def compared(choice: PolicySelection) -> list[PolicySelection]:
    """What is shown: all that a question compares as long as its own levers are set, else the choice alone."""
    question = question_of(choice)
    prepared = [] if question is None else _prepared(question, choice)
    return prepared if choice in prepared else [choice]
