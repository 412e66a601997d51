"""Calendar: dates of simulated days, working days and the work-from-home advice in force.

Day 0 is the Monday on which the simulated weeks begin; days of the burn-in are negative. A simulated year has 364 days,
so that every year begins on a Monday.
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
"""The regime before the first advice and after the last one."""


EXTERNAL_INPUTS = dict.fromkeys(
    ("working_day", "weekday", "advice_urgent", "advice_strict", "advice_half"), "everywhere"
)


@dataclass(frozen=True)
class Calendar:
    """The days of a run by date. `start` is the Monday that is day 0; another weekday raises `UserError`."""

    start: datetime.date = datetime.date(2022, 9, 5)

    def __post_init__(self) -> None:
        if self.start.weekday() != 0:
            before = self.start - datetime.timedelta(days=self.start.weekday())
            raise UserError(
                f"Invalid value for calendar.start: {self.start}, a {self.start:%A}. Use a Monday, as in {before}."
            )

    @classmethod
    def starting(cls, text: str) -> Calendar:
        """Return the calendar that starts on a date written year-month-day; raise `UserError` for an invalid one."""
        try:
            return cls(datetime.date.fromisoformat(text))
        except UserError:
            raise
        except ValueError:
            raise UserError(
                f"Invalid value for calendar.start: {text}. Use a date as year-month-day, for example 2022-09-05."
            ) from None

    def date(self, day: int) -> datetime.date:
        """Return the date of a day (negative: burn-in); raise `UserError` outside the years 1 to 9999."""
        try:
            return self.start + datetime.timedelta(days=int(day))
        except OverflowError:
            raise UserError(f"Invalid number of days: {day} after {self.start} has no date. Use fewer weeks.") from None

    def weekday(self, day: int) -> int:
        """Return the weekday, 0 for Monday to 6 for Sunday."""
        return int(day) % DAYS_A_WEEK

    def week(self, day: int) -> int:
        """Return the week of a day: 0 holds days 0 to 6, -1 the last week of the burn-in."""
        return int(day) // DAYS_A_WEEK

    def working_day(self, day: int) -> bool:
        """Return whether the day is Monday to Friday and not a Dutch public holiday."""
        if self.weekday(day) >= WORKING_DAYS_A_WEEK:
            return False
        date = self.date(day)
        return date not in public_holidays(date.year)

    def external_inputs(self, day: int) -> dict[str, float]:
        """Return the inputs of equations on this day: 0 or 1 each, and the weekday."""
        return dict(_inputs_of_day(self, day))

    def regime(self, day: int) -> str:
        """Return the work-from-home advice in force: urgent, relaxed, strict, half or none (`sim/data/regimes.csv`)."""
        starts, names = _regimes()
        return names[bisect_right(starts, self.date(day))]


@lru_cache(maxsize=4096)  # all parts of a firm and all replicates have the same days
def _inputs_of_day(calendar: Calendar, day: int) -> Mapping[str, float]:
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
    """Return the first day of each advice, and the names; the first name holds before the first of these days."""
    starts = tuple(_first_day(row["from"]) for row in rows("regimes"))
    return starts, (NO_ADVICE, *(row["regime"] for row in rows("regimes")))


def _first_day(text: str) -> datetime.date:
    month_only = text.count("-") == 1
    return datetime.date.fromisoformat(f"{text}-01" if month_only else text)
