"""Dutch public holidays, computed from fixed dates and the date of Easter.

The rules are part of the model, so that a run does not depend on the release of a library. Years before the first and
after the last year of the rules have no public holidays.
"""

from __future__ import annotations

import datetime
from functools import cache

FIRST_YEAR, LAST_YEAR = 1966, 2100
"""The act on public holidays (Algemene termijnenwet) holds since April 1965."""
_FIRST_KINGS_DAY = 2014
_MOVED_BACK_SINCE = 1980
"""The year since which a Queen's or King's Day on a Sunday is held on the Saturday before, not the Monday after."""
_EASTER_OFFSETS = (-2, 0, 1, 39, 49, 50)
"""Days from Easter Sunday: Good Friday, Easter (2 days), Ascension Day, Pentecost (2 days)."""


@cache
def public_holidays(year: int) -> frozenset[datetime.date]:
    """Return the public holidays of a calendar year.

    Good Friday counts, as in most offices. Liberation Day counts once in five years, as in most collective agreements.
    """
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return frozenset()
    fixed = [(1, 1), (12, 25), (12, 26)]
    if year % 5 == 0:
        fixed.append((5, 5))
    easter = easter_sunday(year)
    around_easter = [easter + datetime.timedelta(days=offset) for offset in _EASTER_OFFSETS]
    return frozenset([*(datetime.date(year, *day) for day in fixed), *around_easter, _kings_day(year)])


def _kings_day(year: int) -> datetime.date:
    """Return King's Day, or Queen's Day before 2014, on the day on which it is held."""
    day = datetime.date(year, 4, 27 if year >= _FIRST_KINGS_DAY else 30)
    if day.isoweekday() != 7:
        return day
    return day + datetime.timedelta(days=-1 if year >= _MOVED_BACK_SINCE else 1)


def easter_sunday(year: int) -> datetime.date:
    """Return Easter Sunday of the Gregorian calendar, by the method of Meeus, Jones and Butcher."""
    century, year_of_century = divmod(year, 100)
    golden = year % 19
    leap_centuries = century // 4
    lunar_correction = (8 * century + 13) // 25
    epact = (19 * golden + century - leap_centuries - lunar_correction + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (year_of_century // 4) - epact - year_of_century % 4) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return datetime.date(year, month, day + 1)
