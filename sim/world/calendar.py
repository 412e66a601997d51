"""Which date a day has, whether people work on it, and which work-from-home advice is in force.

Day 0 is the first day of a horizon and a Monday; burn-in days are negative. A year is 364 steps: 52 weeks,
so that every year of a run begins on a Monday.
"""

from __future__ import annotations

import datetime
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from sim.data import rows
from sim.errors import UserError
from sim.world.public_holidays import public_holidays

DAYS_A_WEEK = 7
WORKING_DAYS_A_WEEK = 5
WEEKS_A_YEAR = 52
DAYS_A_YEAR = DAYS_A_WEEK * WEEKS_A_YEAR

NO_ADVICE = "none"
"""The regime before the first advice and after the last one lapsed."""


EXTERNAL_INPUTS = dict.fromkeys(
    ("working_day", "weekday", "advice_urgent", "advice_strict", "advice_half"), "everywhere"
)


@dataclass(frozen=True)
class Calendar:
    """The days of a run by date; `start`, the Monday that is day 0, raises `UserError` if it is none."""

    start: datetime.date = datetime.date(2022, 9, 5)

    def __post_init__(self) -> None:
        if self.start.weekday() != 0:
            before = self.start - datetime.timedelta(days=self.start.weekday())
            raise UserError(
                f"calendar: {self.start} is a {self.start:%A}; a run starts on a Monday, for example {before}"
            )

    @classmethod
    def starting(cls, text: str) -> Calendar:
        """The calendar that starts on a date written year-month-day; an impossible one raises `UserError`."""
        try:
            return cls(datetime.date.fromisoformat(text))
        except UserError:
            raise
        except ValueError:
            raise UserError(f"calendar: '{text}' is no date; write year-month-day, for example 2022-09-05") from None

    def date(self, day: int) -> datetime.date:
        """The date of a day (negative: burn-in); a day outside the years 1 to 9999 raises `UserError`."""
        try:
            return self.start + datetime.timedelta(days=int(day))
        except OverflowError:
            raise UserError(f"calendar: day {day} after {self.start} has no date; use fewer days") from None

    def weekday(self, day: int) -> int:
        """0 for Monday to 6 for Sunday."""
        return int(day) % DAYS_A_WEEK

    def week(self, day: int) -> int:
        """The week of a day: 0 holds days 0 to 6, -1 the last week of the burn-in."""
        return int(day) // DAYS_A_WEEK

    def working_day(self, day: int) -> bool:
        """Whether the day is Monday to Friday and no Dutch public holiday."""
        if self.weekday(day) >= WORKING_DAYS_A_WEEK:
            return False
        date = self.date(day)
        return date not in public_holidays(date.year)

    def external_inputs(self, day: int) -> dict[str, float]:
        """What the calendar hands to the equations on this day: 0/1, and the weekday."""
        return dict(_givens(self, day))

    def regime(self, day: int) -> str:
        """The advice in force: urgent, relaxed, strict, half or none (`sim/data/regimes.csv`)."""
        starts, names = _regimes()
        return names[bisect_right(starts, self.date(day))]


@lru_cache(maxsize=4096)  # every part of a firm and every replicate lives the same days
def _givens(calendar: Calendar, day: int) -> Mapping[str, float]:
    advice = calendar.regime(day)
    return {
        "working_day": float(calendar.working_day(day)),
        "weekday": float(calendar.weekday(day)),
        "advice_urgent": float(advice == "urgent"),
        "advice_strict": float(advice == "strict"),
        "advice_half": float(advice == "half"),
    }


@cache
def _regimes() -> tuple[tuple[datetime.date, ...], tuple[str, ...]]:
    """The first day of each advice, and the names: the one in force before the first day comes first."""
    starts = tuple(_first_day(row["from"]) for row in rows("regimes"))
    return starts, (NO_ADVICE, *(row["regime"] for row in rows("regimes")))


def _first_day(text: str) -> datetime.date:
    month_only = text.count("-") == 1
    return datetime.date.fromisoformat(f"{text}-01" if month_only else text)
