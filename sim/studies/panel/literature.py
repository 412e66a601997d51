"""Published lagged effects and retest correlations of exhaustion. The study reports them and fits none.

The publications that were read give directions; one says that the effect of exhaustion on demands is the larger one.
Sizes are recalled, or bounded by the size classes of these publications (`sim/data/effects.csv`, by id).
"""

from __future__ import annotations

from dataclasses import dataclass

LOAD, EXHAUSTION, COLLEAGUES = "psychological_load", "exhaustion", "isolation_from_colleagues"
DETACHMENT, TELEPRESSURE, AT_HOME = "detachment", "telepressure", "share_at_home"
LABELS = {
    LOAD: "load", EXHAUSTION: "exhaustion", COLLEAGUES: "isolation", DETACHMENT: "detachment",
    TELEPRESSURE: "telepressure", AT_HOME: "share at home",
}  # fmt: skip
"""Names of scales on the page and in the figure."""
PAIRS = (
    (LOAD, EXHAUSTION),
    (COLLEAGUES, EXHAUSTION),
    (DETACHMENT, EXHAUSTION),
    (TELEPRESSURE, DETACHMENT),
    (AT_HOME, COLLEAGUES),
)
"""Pairs whose effects are estimated in both directions."""
DIRECTIONS = tuple(direction for pair in PAIRS for direction in (pair, pair[::-1]))

CUTS = {
    (EXHAUSTION, LOAD): ("workload", "spiral"),
    (COLLEAGUES, EXHAUSTION): ("isolation", "isolation_strains"),
    (EXHAUSTION, COLLEAGUES): ("isolation", "withdrawal"),
    (EXHAUSTION, DETACHMENT): ("recovery", "loss_of_detachment"),
}
"""Directions whose direct path has a switch. A cross-lag that remains with the switch off is no effect."""


@dataclass(frozen=True)
class Published:
    """A standardised effect of `earlier` on `later` with a plausible range; nan where only a direction is known."""

    earlier: str
    later: str
    months: float
    size: float
    low: float
    high: float
    sources: str
    grade: str
    disputed: bool = False


NAN = float("nan")
_DIRECTION = "publications give its direction"
LAGS = [
    Published(LOAD, EXHAUSTION, 12, 0.08, 0.03, 0.15, "E026 E028 E030", "publications say that it is small"),
    Published(EXHAUSTION, LOAD, 12, 0.13, 0.05, 0.25, "E029", "a publication says that it is the larger"),
    Published(DETACHMENT, EXHAUSTION, 12, NAN, NAN, 0.0, "E019", _DIRECTION),
    Published(EXHAUSTION, DETACHMENT, 1, -0.10, -0.20, -0.05, "E020", _DIRECTION),
    Published(TELEPRESSURE, DETACHMENT, 12, NAN, NAN, NAN, "E006 E007 E008", "the effect is disputed", True),
    Published(AT_HOME, COLLEAGUES, 12, NAN, NAN, NAN, "E037 E043", "the course over time is disputed", True),
]  # fmt: skip


@dataclass(frozen=True)
class Retest:
    """A correlation of exhaustion with itself, weeks apart, with a plausible range."""

    weeks: int
    r: float
    low: float
    high: float


RETESTS = [Retest(3, 0.75, 0.65, 0.85), Retest(13, 0.60, 0.50, 0.75), Retest(52, 0.60, 0.50, 0.75)]
"""E088, recalled: .75 over three weeks (± .10), .60 over three months to a year."""


def label_of_path(earlier: str, later: str) -> str:
    """Return `load → exhaustion`."""
    return f"{LABELS[earlier]} → {LABELS[later]}"
