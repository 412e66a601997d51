"""Dutch public holidays as the model computes them."""

import datetime

import holidays
import pytest

from sim.world.public_holidays import FIRST_YEAR, LAST_YEAR, easter_sunday, public_holidays


def test_public_holidays_equal_those_of_the_pinned_release():
    assert holidays.__version__ == "0.109", "compare the rules with the new release, then change this number"
    differing = [
        year
        for year in range(1850, 2261)
        if public_holidays(year) != frozenset(holidays.country_holidays("NL", years=year))
    ]
    assert differing == []


@pytest.mark.parametrize(("date", "is_holiday"), [
    ("2023-04-07", True),  # Good Friday
    ("2023-04-10", True),  # Easter Monday
    ("2023-04-27", True),  # King's Day
    ("2014-04-26", True),  # King's Day, moved from a Sunday
    ("2014-04-27", False),
    ("2006-04-29", True),  # Queen's Day, moved from a Sunday
    ("1978-05-01", True),  # Queen's Day, moved to a Monday in those years
    ("2025-05-05", True),  # Liberation Day, once in five years
    ("2023-05-05", False),
    ("2023-05-18", True),  # Ascension Day
    ("2023-05-29", True),  # Pentecost Monday
    ("2022-12-26", True),
    ("2022-12-31", False),
])  # fmt: skip
def test_a_date_is_a_public_holiday_or_not(date, is_holiday):
    day = datetime.date.fromisoformat(date)
    assert (day in public_holidays(day.year)) is is_holiday


def test_years_outside_the_rules_have_no_public_holidays():
    assert not public_holidays(FIRST_YEAR - 1) and not public_holidays(LAST_YEAR + 1)
    assert public_holidays(FIRST_YEAR) and public_holidays(LAST_YEAR)


@pytest.mark.parametrize(
    ("year", "month", "day"), [(1818, 3, 22), (1943, 4, 25), (2000, 4, 23), (2008, 3, 23), (2025, 4, 20), (2285, 3, 22)]
)
def test_easter_falls_on_its_known_date(year, month, day):
    assert easter_sunday(year) == datetime.date(year, month, day)
