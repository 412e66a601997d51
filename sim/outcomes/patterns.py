"""Patterns as the study of 2022 looked for them: which answers were set against which, of whom, and what counts.

`sim/data/patterns.csv` says what was found. Here stands how a study of answers would find it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

from sim.data import rows
from sim.language.registry import Registry
from sim.outcomes.unread import unread_traits

PRESSURE = (
    "psychological_load", "exhaustion", "work_home_conflict", "pressure_from_colleagues", "telepressure", "detachment",
)  # fmt: skip
"""Aspects of work pressure that the study asked about."""
ISOLATIONS = ("isolation_from_colleagues", "isolation_from_company")
OUTCOMES = ("kans_complaint", *PRESSURE, *ISOLATIONS)
SCREEN_WORK = (
    "chair_and_desk", "workplace_means", "workplace_instruction", "breaks", "move_in_breaks", "outdoors_in_breaks",
)  # fmt: skip
"""Measures against the risk of screen work."""
AGAINST_PRESSURE = (
    "conversations", "reachability_agreements", "working_time_agreements", "social_moments",
    "remote_leadership_training", "goals_and_tasks", "stress_information", "regular_contact", "remote_feedback",
)  # fmt: skip
"""Measures against the risk of work pressure."""
ASKED = (*SCREEN_WORK, *AGAINST_PRESSURE)
EQUIVALENT = 0.10
"""A null is a null where the true correlation lies within ± this."""


@dataclass(frozen=True)
class Cells:
    """Relations that one finding rests on: every predictor against every outcome, of each of these roles.

    sign      1 or -1: each must be significant with this sign. 0: none may be. None: a whole family of tests, of which
              no more may be significant than chance gives.
    """

    predictors: tuple[str, ...]
    outcomes: tuple[str, ...]
    roles: tuple[str, ...]
    sign: int | None

    @property
    def each(self) -> tuple[tuple[str, str, str], ...]:
        """Every single relation: role, predictor and outcome."""
        return tuple(product(self.roles, self.predictors, self.outcomes))


def _known(*measures: str) -> tuple[str, ...]:
    return tuple(f"known.{measure}" for measure in measures)


def _claimed(*measures: str) -> tuple[str, ...]:
    return tuple(f"claimed.{measure}" for measure in measures)


BOTH = ("manager", "non_manager")
_OTHERS = tuple(measure for measure in ASKED if measure != "working_time_agreements")

CELLS: Mapping[str, tuple[Cells, ...]] = {
    "employer_measures_health": (Cells(_claimed(*ASKED), OUTCOMES, BOTH, None),),
    "known_social_isolation": (Cells(_known("social_moments"), ISOLATIONS, ("non_manager",), -1),),
    "known_ergonomics_kans": (
        Cells((*_known(*SCREEN_WORK), "adjustable_at_home"), ("kans_complaint",), BOTH, None),
    ),
    "known_other_pressure": (Cells(_known(*_OTHERS), PRESSURE, BOTH, None),),
    "known_social_isolation_manager": (Cells(_known("social_moments", "conversations"), ISOLATIONS, ("manager",), 0),),
    "known_conversations_colleagues": (
        Cells(_known("conversations"), ("isolation_from_colleagues",), ("non_manager",), 0),
    ),
    "home_share_kans_manager": (Cells(("share_at_home",), ("kans_complaint",), ("manager",), 1),),
    "known_times_conflict": (Cells(_known("working_time_agreements"), ("work_home_conflict",), ("manager",), -1),),
    "known_conversations_isolation": (
        Cells(_known("conversations"), ("isolation_from_company",), ("non_manager",), -1),
    ),
    "conflict_back_employee": (Cells(("work_home_conflict",), ("back_complaint",), ("non_manager",), 0),),
    "home_share_workload": (Cells(("share_at_home",), PRESSURE, BOTH, None),),
    "home_share_isolation": (Cells(("share_at_home",), ISOLATIONS, BOTH, 0),),
    "home_share_kans_employee": (Cells(("share_at_home",), ("kans_complaint",), ("non_manager",), 0),),
    "known_times_pressure": (
        Cells(
            _known("working_time_agreements"),
            ("psychological_load", "exhaustion", "pressure_from_colleagues", "telepressure", "detachment"),
            ("manager",), 0,
        ),
    ),
    "training_pressure": (Cells(_known("remote_leadership_training"), PRESSURE, ("manager",), 0),),
    "choice_pressure": (Cells(("chooses_home_hours",), PRESSURE, BOTH, None),),
    "demographics_health": (
        Cells(
            (
                "age_rank", "flexible_contract", "tenure_years", "share_at_home", "lives_alone", "children_at_home",
                "woman", "higher_educated",
            ),
            OUTCOMES, BOTH, None,
        ),
    ),
    "known_times_colleague_pressure": (
        Cells(_known("working_time_agreements"), ("pressure_from_colleagues",), ("non_manager",), 0),
    ),
    "living_alone_isolation": (Cells(("lives_alone",), ISOLATIONS, BOTH, 0),),
    "home_technostress": (
        Cells(("share_at_home",), ("techno_invasion", "techno_complexity", "techno_uncertainty"), BOTH, 0),
    ),
    "exhaustion_back": (Cells(("exhaustion",), ("back_complaint",), BOTH, 1),),
    "conflict_back": (Cells(("work_home_conflict",), ("back_complaint",), ("manager",), 1),),
    # "Both managers and non-managers with a room of their own reported fewer back complaints": so of each role.
    "separate_room_back": (Cells(("separate_room",), ("back_complaint",), BOTH, -1),),
    "remote_leading_conflict": (Cells(("leading_difficulty",), ("work_home_conflict",), ("manager",), 1),),
    "remote_leading_telepressure": (Cells(("leading_difficulty",), ("telepressure",), ("manager",), 1),),
    "remote_leading_detachment": (Cells(("leading_difficulty",), ("detachment",), ("manager",), -1),),
    "exhaustion_no_complaint": (Cells(("exhaustion",), ("no_complaint",), BOTH, -1),),
    "role_neck": (Cells(("is_manager",), ("kans_complaint",), ("all",), -1),),
    "role_room": (Cells(("is_manager",), ("separate_room",), ("all",), 1),),
}  # fmt: skip
"""How the relations among the patterns were looked for; the others need more than one set of answers."""


IN_WORDS: Mapping[str, str] = {
    "employer_measures_health": "employer's measures, health",
    "known_social_isolation": "social moments, isolation (e)",
    "known_ergonomics_kans": "ergonomics known, KANS",
    "known_other_pressure": "other known measures, pressure",
    "known_social_isolation_manager": "moments and talks, isolation (m)",
    "known_conversations_colleagues": "talks, isolation from colleagues (e)",
    "contacts_fewer_isolation_low": "fewer contacts, low isolation",
    "inspector_downgrade": "lower marks after speaking",
    "home_share_kans_manager": "share at home, KANS (m)",
    "known_times_conflict": "working times, conflict (m)",
    "known_conversations_isolation": "talks, isolation from company (e)",
    "conflict_back_employee": "conflict, back complaints (e)",
    "role_neck": "managers, fewer neck complaints",
    "home_share_workload": "share at home, work pressure",
    "home_share_isolation": "share at home, isolation",
    "home_share_kans_employee": "share at home, KANS (e)",
    "known_times_pressure": "working times, pressure (m)",
    "training_pressure": "training, pressure (m)",
    "choice_pressure": "choice of home hours, pressure",
    "demographics_health": "who one is, health",
    "known_times_colleague_pressure": "working times, colleagues' pressure (e)",
    "living_alone_isolation": "living alone, isolation",
    "home_technostress": "share at home, technostress",
    "cascade_order": "15 rows fall from top to desk",
    "detail_question": "asked in detail, fewer provide",
    "exhaustion_back": "exhaustion, back complaints",
    "conflict_back": "conflict, back complaints (m)",
    "separate_room_back": "separate room, back complaints",
    "remote_leading_conflict": "leading remotely, conflict (m)",
    "remote_leading_telepressure": "leading remotely, telepressure (m)",
    "remote_leading_detachment": "leading remotely, detachment (m)",
    "exhaustion_no_complaint": "exhaustion, no complaint at all",
    "role_room": "managers, more separate rooms",
}
"""What the study's findings are called on a page; (m) managers alone, (e) employees who lead nobody alone."""


@dataclass(frozen=True)
class Pattern:
    """One row of `sim/data/patterns.csv`."""

    name: str
    use: str
    cause: str
    effect: str
    population: str
    expected: str
    origin: str
    note: str
    source: str


def patterns() -> tuple[Pattern, ...]:
    """Every pattern, in the order of the file."""
    names = ("id", "use", "from", "to", "population", "expected", "origin", "note", "source")
    return tuple(Pattern(*(row[name] for name in names)) for row in rows("patterns"))


def built_in(registry: Registry) -> frozenset[str]:
    """The patterns that say that a trait relates to nothing, of a trait that no equation reads: they cannot fail."""
    unread = set(unread_traits(registry))
    return frozenset(
        name
        for name, cells in CELLS.items()
        if all(cell.sign == 0 and unread.issuperset(cell.predictors) for cell in cells)
    )
