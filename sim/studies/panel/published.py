"""What has been published on the lags and on the stability of exhaustion: reported beside the model's, never fitted.

Most sizes are not findings. The direction, and that the reverse one of demands and exhaustion is the larger, was read;
the numbers are recalled or bounded by the size classes that were read (`sim/data/effects.csv`, by id).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

LOAD, EXHAUSTION, COLLEAGUES = "psychological_load", "exhaustion", "isolation_from_colleagues"
DETACHMENT, TELEPRESSURE, AT_HOME = "detachment", "telepressure", "share_at_home"
PAIRS = (
    (LOAD, EXHAUSTION),
    (COLLEAGUES, EXHAUSTION),
    (DETACHMENT, EXHAUSTION),
    (TELEPRESSURE, DETACHMENT),
    (AT_HOME, COLLEAGUES),
)
"""Of each pair both directions are looked at."""

CUTS = {
    (EXHAUSTION, LOAD): ("workload", "spiral"),
    (COLLEAGUES, EXHAUSTION): ("isolation", "isolation_strains"),
    (EXHAUSTION, COLLEAGUES): ("isolation", "withdrawal"),
    (EXHAUSTION, DETACHMENT): ("recovery", "loss_of_detachment"),
}
"""Directions whose direct path has a switch: with it off, what a lag still shows is no effect of the earlier one."""


@dataclass(frozen=True)
class Published:
    """A standardised effect of `earlier` on `later`, months apart, with a plausible range; nan: direction alone."""

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
LAGS = (
    Published(LOAD, EXHAUSTION, 12, 0.08, 0.03, 0.15, "E026 E028 E030", "that it is small was read, not the size"),
    Published(EXHAUSTION, LOAD, 12, 0.13, 0.05, 0.25, "E029", "that it is the larger was read, not the size"),
    Published(DETACHMENT, EXHAUSTION, 12, NAN, NAN, 0.0, "E019", "the direction was read, not the size"),
    Published(EXHAUSTION, DETACHMENT, 1, -0.10, -0.20, -0.05, "E020", "the direction was read, not the size"),
    Published(TELEPRESSURE, DETACHMENT, 12, NAN, NAN, NAN, "E006 E007 E008", "whether it acts is disputed", True),
    Published(AT_HOME, COLLEAGUES, 12, NAN, NAN, NAN, "E037 E043", "how it goes on over time is disputed", True),
)


@dataclass(frozen=True)
class Retest:
    """A correlation of exhaustion with itself, weeks apart, with a plausible range."""

    weeks: int
    r: float
    low: float
    high: float


RETESTS = (Retest(3, 0.75, 0.65, 0.85), Retest(13, 0.60, 0.50, 0.75), Retest(52, 0.60, 0.50, 0.75))
"""E088, recalled: .75 over three weeks (the range is .10 to either side), .60 over three months to a year."""


def lags() -> pd.DataFrame:
    """The published effects as a table, one row each."""
    import pandas as pd

    return pd.DataFrame([asdict(one) for one in LAGS])


def retests() -> pd.DataFrame:
    """The published stabilities as a table, one row each."""
    import pandas as pd

    return pd.DataFrame([asdict(one) for one in RETESTS])
