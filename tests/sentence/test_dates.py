"""Dates, rule by rule (D1 to D6), and numeric dates by locale."""

from datetime import UTC, date, datetime

import pytest

from handlers.sentence.days import NoSuchDay, resolve
from handlers.sentence.items import Day
from tests.sentence.office import booked, refused, span

DATES = [
    # D1: a bare weekday is its next occurrence; today counts while the time is ahead
    ("tuesday 3pm", "11-24"),
    ("wed 3pm", "11-25"),
    ("this fri 3pm", "11-27"),
    # D2: "next" is the next calendar week
    ("next mon 3pm", "11-30"),
    ("next tuesday 3pm", "12-01"),
    ("next thu 3pm", "12-03"),
    ("next sat 3pm", "12-05"),
    # D3: weeks
    ("tue next week 3pm", "12-01"),
    ("next week tuesday 3pm", "12-01"),
    ("3pm next week, on tuesday", "12-01"),
    ("friday of next week 3pm", "12-04"),
    ("a week from friday 3pm", "12-04"),
    ("monday week at 3pm", "12-07"),
    ("friday after next 3pm", "12-04"),
    ("week after next on tuesday 3pm", "12-08"),
    ("two sundays from now 3pm", "12-06"),
    ("day after tomorrow 3pm", "11-26"),
    ("in 3 days at 3pm", "11-27"),
    ("in a week at 3pm", "12-01"),
    ("2 days after next friday 3pm", "12-06"),
    # D4: month and day
    ("Dec 3 3pm", "12-03"),
    ("3rd of December at 3pm", "12-03"),
    ("on the 3rd of december at 3pm", "12-03"),
    ("December 3rd, 2026 3pm", "12-03"),
    ("15Dec 3pm", "12-15"),
    ("12/4 3pm", "12-04"),
    ("13/12 3pm", "12-13"),
    ("2026-12-04 3pm", "12-04"),
    ("15.12. 3pm", "12-15"),
    ("15.12.2026 3pm", "12-15"),
    ("the 5th at 3pm", "12-05"),
    ("on the 24th at 3pm", "11-24"),
    ("20th of next month 3pm", "12-20"),
    ("first monday in december 3pm", "12-07"),
    ("the last friday of november 3pm", "11-27"),
    # D6: slips of the fingers
    ("firday 3pm", "11-27"),
    ("thrusday 3pm", "11-26"),
    ("wensday 3pm", "11-25"),
    ("tommorow 3pm", "11-25"),
    ("tmrw 3pm", "11-25"),
    ("2moro 3pm", "11-25"),
    ("tmrow 3pm", "11-25"),
    ("thursday fortnight 3pm", "12-10"),
    ("26-Nov-2026 3pm", "11-26"),
    ("friday 27 3pm", "11-27"),
]


@pytest.mark.parametrize(("text", "expected"), DATES)
def test_a_date_is_read_as_people_mean_it(text, expected):
    assert span(text) == f"{expected} 15:00-15:30"


@pytest.mark.parametrize(
    ("text", "trouble"),
    [
        ("Mon Dec 3 at 2pm", "ambiguous"),  # D5: it is a Thursday
        ("tomorrow thursday 3pm", "ambiguous"),
        ("mon and wed 1-2pm", "ambiguous"),
        ("tue-thu 9am", "ambiguous"),
        ("next week 3pm", "ambiguous"),
        ("this weekend 3pm", "ambiguous"),
        ("christmas 3pm", "ambiguous"),
        ("morgen 15h", "ambiguous"),  # tomorrow or in the morning
        ("Nov 31 3pm", "invalid_time"),
        ("Feb 30 3pm", "invalid_time"),
        ("2026-13-01 3pm", "invalid_time"),
        ("last friday 3pm", "past"),
        ("yesterday 3pm", "past"),
        ("2026-11-20 3pm", "past"),
    ],
)
def test_a_date_that_is_none_or_several_is_not_booked(text, trouble):
    assert span(text) == trouble


def test_a_weekday_whose_time_has_gone_by_is_next_week():
    assert span("tuesday 9am") == "12-01 09:00-09:30"


def test_a_weekday_that_contradicts_the_date_is_asked_about_with_both_days():
    refusal = refused("Mon Dec 3 at 2pm")
    assert [span(option.sentence)[:5] for option in refusal.options] == ["11-30", "12-03"]


@pytest.mark.parametrize(
    ("locale", "expected"), [("en-US", "12-04"), ("en-GB", "04-12"), ("de-DE", "04-12"), ("fr-FR", "04-12")]
)
def test_numeric_dates_follow_the_locale_and_say_so(locale, expected):
    reading = booked("12/4 3pm", locale=locale)
    assert f"{reading.start:%m-%d}" == expected
    assert any(a.about == "date" and str(reading.start.day) in a.text for a in reading.assumptions)


@pytest.mark.parametrize(("locale", "text"), [("de-DE", "15. Dezember 15:00"), ("fr-FR", "15 décembre 15:00")])
def test_month_names_of_the_persons_language_are_read(locale, text):
    assert span(text, locale=locale) == "12-15 15:00-15:30"


def test_a_date_that_went_by_long_ago_is_next_years_and_says_so():
    reading = booked("oct 20 3pm")
    assert reading.start.date() == date(2027, 10, 20)
    assert any("2027" in a.text for a in reading.assumptions)


@pytest.mark.parametrize(
    "text",
    ["nov 23 3pm", "11/23 3pm", "monday nov 23 at 3pm", "20 november 3pm", "11/16 3pm", "fri 11/20 2-3pm", "nov 10 3pm"],
)
def test_a_date_of_the_last_days_is_asked_about_and_not_booked_a_year_ahead(text):
    assert refused(text).trouble in {"past", "ambiguous"}


def test_next_years_date_is_offered_for_one_that_just_went_by():
    assert [booked(option.sentence).start.date() for option in refused("nov 23 3pm").options] == [date(2027, 11, 23)]


@pytest.mark.parametrize("text", ["nov 23 2027 3pm", "2027-11-23 3pm", "nov 24 3pm", "jan 5 3pm"])
def test_a_date_with_its_year_or_still_ahead_is_booked(text):
    assert booked(text).start.month in {1, 11}


def test_a_leap_day_is_the_next_one():
    assert booked("feb 29 3pm").start.date() == date(2028, 2, 29)


def test_resolving_refuses_days_that_no_calendar_has():
    for day in (Day("dom", day=32), Day("nth", nth=5, weekday=0, month=2, year=2027), Day("date", day=30, month=2)):
        with pytest.raises(NoSuchDay):
            resolve(day, date(2026, 11, 24), "en-US")


def test_a_relative_day_beyond_the_calendar_is_no_day():
    assert span("in 9999999 days at 3pm") in ("ambiguous", "invalid_time", "missing_time")
    assert booked("tomorrow 3pm", now=datetime(2026, 12, 31, 23, 0, tzinfo=UTC), zone="UTC").start.year == 2027
