"""Published patterns: rows of `sim/data/patterns.csv`, and the relations by which a survey shows them."""

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
MEASURES = (*SCREEN_WORK, *AGAINST_PRESSURE)
EQUIVALENT = 0.10
"""Largest true correlation, in either direction, that counts as none."""
BOTH = ("manager", "non_manager")


@dataclass(frozen=True)
class Cells:
    """Relations of one finding: every predictor with every outcome, in each of these roles.

    `sign` is 1 or -1 if each relation must be significant with this sign, 0 if none may be significant, and None if
    no more of the tests may be significant than expected by chance.
    """

    predictors: tuple[str, ...]
    outcomes: tuple[str, ...]
    roles: tuple[str, ...]
    sign: int | None

    @property
    def each(self) -> tuple[tuple[str, str, str], ...]:
        """Every single relation: role, predictor and outcome."""
        return tuple(product(self.roles, self.predictors, self.outcomes))


def _prefixed(prefix: str, *measures: str) -> tuple[str, ...]:
    return tuple(f"{prefix}.{measure}" for measure in measures)


_MOMENTS, _TALKS, _TIMES = (("known." + m,) for m in ("social_moments", "conversations", "working_time_agreements"))
_OTHERS = (measure for measure in MEASURES if measure != "working_time_agreements")
_AT_HOME, _CONFLICT, _LEADING = ("share_at_home",), ("work_home_conflict",), ("leading_difficulty",)
_KANS, _BACK, _MANAGER, _OTHER = ("kans_complaint",), ("back_complaint",), ("manager",), ("non_manager",)

CELLS: Mapping[str, Cells] = {
    name: Cells(*own)
    for name, own in {
        "employer_measures_health": (_prefixed("claimed", *MEASURES), OUTCOMES, BOTH, None),
        "known_social_isolation": (_MOMENTS, ISOLATIONS, _OTHER, -1),
        "known_ergonomics_kans": ((*_prefixed("known", *SCREEN_WORK), "adjustable_at_home"), _KANS, BOTH, None),
        "known_other_pressure": (_prefixed("known", *_OTHERS), PRESSURE, BOTH, None),
        "known_social_isolation_manager": (_MOMENTS + _TALKS, ISOLATIONS, _MANAGER, 0),
        "known_conversations_colleagues": (_TALKS, ("isolation_from_colleagues",), _OTHER, 0),
        "home_share_kans_manager": (_AT_HOME, _KANS, _MANAGER, 1),
        "known_times_conflict": (_TIMES, _CONFLICT, _MANAGER, -1),
        "known_conversations_isolation": (_TALKS, ("isolation_from_company",), _OTHER, -1),
        "conflict_back_employee": (_CONFLICT, _BACK, _OTHER, 0),
        "home_share_workload": (_AT_HOME, PRESSURE, BOTH, None),
        "home_share_isolation": (_AT_HOME, ISOLATIONS, BOTH, 0),
        "home_share_kans_employee": (_AT_HOME, _KANS, _OTHER, 0),
        "known_times_pressure": (
            _TIMES, tuple(name for name in PRESSURE if name not in _CONFLICT), _MANAGER, 0,
        ),
        "training_pressure": (("known.remote_leadership_training",), PRESSURE, _MANAGER, 0),
        "choice_pressure": (("chooses_home_hours",), PRESSURE, BOTH, None),
        "demographics_health": (
            ("age_rank", "flexible_contract", "tenure_years", "share_at_home", "lives_alone", "children_at_home",
             "woman", "higher_educated"), OUTCOMES, BOTH, None,
        ),
        "known_times_colleague_pressure": (_TIMES, ("pressure_from_colleagues",), _OTHER, 0),
        "living_alone_isolation": (("lives_alone",), ISOLATIONS, BOTH, 0),
        "home_technostress": (_AT_HOME, ("techno_invasion", "techno_complexity", "techno_uncertainty"), BOTH, 0),
        "exhaustion_back": (("exhaustion",), _BACK, BOTH, 1),
        "conflict_back": (_CONFLICT, _BACK, _MANAGER, 1),
        # "Both managers and non-managers with a room of their own reported fewer back complaints": in each role
        "separate_room_back": (("separate_room",), _BACK, BOTH, -1),
        "remote_leading_conflict": (_LEADING, _CONFLICT, _MANAGER, 1),
        "remote_leading_telepressure": (_LEADING, ("telepressure",), _MANAGER, 1),
        "remote_leading_detachment": (_LEADING, ("detachment",), _MANAGER, -1),
        "exhaustion_no_complaint": (("exhaustion",), ("no_complaint",), BOTH, -1),
        "role_neck": (("is_manager",), _KANS, ("all",), -1),
        "role_room": (("is_manager",), ("separate_room",), ("all",), 1),
    }.items()
}  # fmt: skip
"""Relations of each pattern that a single survey can show; other patterns need several."""


@dataclass(frozen=True)
class Pattern:
    """One row of `sim/data/patterns.csv`; `explanation` says why the model does not meet the pattern."""

    name: str
    label: str
    use: str
    expected: str
    origin: str
    explanation: str


def patterns() -> tuple[Pattern, ...]:
    """Return every pattern, in the order of the file."""
    names = ("id", "label", "use", "expected", "origin", "explanation")
    return tuple(Pattern(*(row[name] for name in names)) for row in rows("patterns"))


USES: Mapping[str, str] = {pattern.name: pattern.use for pattern in patterns()}
LABELS: Mapping[str, str] = {pattern.name: pattern.label for pattern in patterns() if pattern.label}
"""Labels on pages and figures; (m): managers only, (e): other employees only."""


def built_in(registry: Registry) -> frozenset[str]:
    """Return the patterns that cannot fail: they state that a trait has no relation, and no equation reads it."""
    unread = set(unread_traits(registry))
    return frozenset(name for name, cells in CELLS.items() if cells.sign == 0 and unread.issuperset(cells.predictors))
