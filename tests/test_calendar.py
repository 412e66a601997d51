"""Dates, working days and advice regimes."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.errors import UserError
from sim.world.calendar import DAYS_A_YEAR, Calendar


@given(st.integers(-2000, 2000))
def test_every_seventh_day_is_a_monday_and_starts_a_week(day):
    calendar = Calendar()
    assert calendar.weekday(day) == calendar.date(day).weekday()
    assert calendar.week(day + 7) == calendar.week(day) + 1
    assert (calendar.week(day) != calendar.week(day - 1)) == (calendar.weekday(day) == 0)


def test_a_year_is_fifty_two_whole_weeks():
    assert DAYS_A_YEAR == 364
    assert Calendar().weekday(DAYS_A_YEAR) == 0


def test_weekends_and_dutch_public_holidays_are_no_working_days():
    calendar = Calendar(datetime.date(2022, 12, 19))
    worked = [calendar.working_day(day) for day in range(14)]
    assert worked == [True] * 5 + [False] * 2 + [False] + [True] * 4 + [False] * 2
    assert not Calendar(datetime.date(2023, 4, 24)).working_day(3), "King's Day"


def test_a_year_has_about_two_hundred_and_fifty_working_days():
    calendar = Calendar()
    assert 250 <= sum(calendar.working_day(day) for day in range(DAYS_A_YEAR)) <= 256


@pytest.mark.parametrize(("date", "regime"), [
    ("2020-02-29", "none"),
    ("2020-03-01", "urgent"),
    ("2021-09-24", "urgent"),
    ("2021-09-25", "relaxed"),
    ("2021-11-26", "strict"),
    ("2022-02-15", "half"),
    ("2022-03-14", "half"),
    ("2022-03-15", "none"),
    ("2025-01-01", "none"),
])  # fmt: skip
def test_the_advice_follows_the_date(date, regime):
    day = (datetime.date.fromisoformat(date) - Calendar().start).days
    assert Calendar().regime(day) == regime


def test_a_start_may_be_written_as_text():
    assert Calendar.starting("2022-09-05") == Calendar()


@pytest.mark.parametrize("text", ["2022-02-30", "5 September", ""])
def test_an_impossible_date_is_an_error(text):
    with pytest.raises(UserError, match="Use a date as year-month-day"):
        Calendar.starting(text)


def test_the_error_of_a_start_that_is_no_monday_names_the_monday_before():
    with pytest.raises(UserError, match=r"2022-09-07, a Wednesday.*as in 2022-09-05"):
        Calendar.starting("2022-09-07")


def test_a_day_beyond_all_dates_is_an_error():
    with pytest.raises(UserError, match="has no date"):
        Calendar().date(10_000_000)
