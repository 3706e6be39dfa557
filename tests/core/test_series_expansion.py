"""Dates and times of rules, against an oracle that knows no more than a calendar and what a wall clock shows."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import recurring
from core.errors import InvalidSeries
from core.recurring import Rule

ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo"]


def holds(rule: Rule, day: date, first: date) -> bool:
    """Tell whether a rule that begins on a day has a date on another, by looking at that day alone."""
    if not _in_period(rule, day, first):
        return False
    if rule.months and day.month not in rule.months:
        return False
    if rule.monthdays and not any(_is_monthday(day, wanted) for wanted in rule.monthdays):
        return False
    if rule.days:
        return any(_is_weekday(rule, day, nth, weekday) for nth, weekday in rule.days)
    if rule.monthdays or rule.freq == "DAILY":
        return True
    if rule.freq == "WEEKLY":
        return day.weekday() == first.weekday()
    if rule.freq == "MONTHLY":
        return day.day == first.day
    return day.day == first.day and (bool(rule.months) or day.month == first.month)


def _in_period(rule: Rule, day: date, first: date) -> bool:
    months = (day.year - first.year) * 12 + day.month - first.month
    passed = {
        "DAILY": (day - first).days,
        "WEEKLY": (day - timedelta(days=day.weekday()) - first + timedelta(days=first.weekday())).days // 7,
        "MONTHLY": months,
        "YEARLY": day.year - first.year,
    }[rule.freq]
    return passed % rule.interval == 0


def _is_monthday(day: date, wanted: int) -> bool:
    length = monthrange(day.year, day.month)[1]
    return day.day == (wanted if wanted > 0 else length + 1 + wanted)


def _is_weekday(rule: Rule, day: date, nth: int, weekday: int) -> bool:
    if day.weekday() != weekday:
        return False
    if nth == 0:
        return True
    length = monthrange(day.year, day.month)[1]
    return (day.day - 1) // 7 + 1 == nth if nth > 0 else -((length - day.day) // 7 + 1) == nth


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    freq = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "MONTHLY", "YEARLY"]))
    days: tuple[tuple[int, int], ...] = ()
    monthdays: tuple[int, ...] = ()
    months: tuple[int, ...] = ()
    some_days = st.lists(st.integers(0, 6), min_size=1, max_size=3, unique=True)
    if freq == "WEEKLY" and draw(st.booleans()):
        days = tuple((0, day) for day in draw(some_days))
    if freq == "MONTHLY":
        kind = draw(st.sampled_from(["plain", "nth", "monthday"]))
        if kind == "nth":
            nth = draw(st.sampled_from([1, 2, 3, 4, 5, -1, -2]))
            days = tuple((nth, day) for day in draw(some_days))
        elif kind == "monthday":
            monthdays = (draw(st.sampled_from([1, 15, 28, 29, 30, 31, -1, -2])),)
    if freq == "YEARLY" and draw(st.booleans()):
        months = (draw(st.integers(1, 12)),)
        monthdays = (draw(st.integers(1, 28)),)
    rule = Rule(freq=freq, interval=draw(st.integers(1, 4)), days=days, monthdays=monthdays, months=months)
    end = draw(st.sampled_from(["none", "count", "until"]))
    if end == "count":
        return rule.counting(draw(st.integers(1, 30)))
    if end == "until":
        return rule.ending(date(2027, 1, 1) + timedelta(days=draw(st.integers(0, 900))))
    return rule


firsts = st.dates(date(2025, 1, 1), date(2028, 12, 31))
clocks = st.times(time(0), time(23, 59)).map(lambda clock: clock.replace(second=0, microsecond=0))


@settings(max_examples=400, deadline=None)
@given(rule=rules(), first=firsts)
def test_a_rule_gives_the_dates_that_a_calendar_gives(rule: Rule, first: date):
    last = first + timedelta(days=1500)
    wanted = (first + timedelta(days=number) for number in range(1501))
    expected = [day for day in wanted if holds(rule, day, first) and (rule.until is None or day <= rule.until)]

    assert list(recurring.dates(rule, first, until=last)) == expected[: rule.count]


@settings(max_examples=200, deadline=None)
@given(rule=rules())
def test_a_rule_is_read_as_it_is_written(rule: Rule):
    assert recurring.parse(str(rule)) == rule


@settings(max_examples=300, deadline=None)
@given(on=firsts, clock=clocks, minutes=st.integers(5, 600), zone=st.sampled_from(ZONES))
def test_a_date_begins_when_the_wall_clock_first_shows_its_time_or_leaps_over_it(
    on: date, clock: time, minutes: int, zone: str
):
    at = recurring.time_on(on, clock, minutes, ZoneInfo(zone))

    start, skipped = first_showing(datetime.combine(on, clock), ZoneInfo(zone))
    end, end_skipped = first_showing(datetime.combine(on, clock) + timedelta(minutes=minutes), ZoneInfo(zone))
    assert (at.slot.start, at.shifted) == (start, skipped)
    if skipped or end_skipped or end <= start:
        assert at.slot.length == timedelta(minutes=minutes)
    else:
        assert at.slot.end == end


def first_showing(wall: datetime, zone: ZoneInfo) -> tuple[datetime, bool]:
    """Return the first minute, of all around it, at which the zone's clock shows a time or a later one of that day."""
    moment = wall.replace(tzinfo=UTC) - timedelta(hours=15)
    shown = moment.astimezone(zone).replace(tzinfo=None)
    while shown < wall:
        # Far before it, hours at a time: no clock is changed by more than one.
        step = timedelta(minutes=1) if wall - shown < timedelta(hours=2) else timedelta(minutes=30)
        moment += step
        shown = moment.astimezone(zone).replace(tzinfo=None)
    return moment, shown != wall


# zone, night, time: what the clock does then, and when the meeting begins in UTC
NIGHTS = [
    ("Europe/Berlin", date(2027, 3, 28), time(2, 30), True, datetime(2027, 3, 28, 1, 0, tzinfo=UTC)),
    ("Europe/Berlin", date(2027, 10, 31), time(2, 30), False, datetime(2027, 10, 31, 0, 30, tzinfo=UTC)),
    ("America/New_York", date(2027, 3, 14), time(2, 15), True, datetime(2027, 3, 14, 7, 0, tzinfo=UTC)),
    ("America/New_York", date(2027, 11, 7), time(1, 15), False, datetime(2027, 11, 7, 5, 15, tzinfo=UTC)),
    # Half an hour, at two o'clock.
    ("Australia/Lord_Howe", date(2027, 10, 3), time(2, 15), True, datetime(2027, 10, 2, 15, 30, tzinfo=UTC)),
    ("Australia/Lord_Howe", date(2027, 4, 4), time(1, 45), False, datetime(2027, 4, 3, 14, 45, tzinfo=UTC)),
    # At midnight: the day begins at one.
    ("Africa/Cairo", date(2027, 4, 30), time(0, 30), True, datetime(2027, 4, 29, 22, 0, tzinfo=UTC)),
]


@pytest.mark.parametrize(("zone", "on", "clock", "shifted", "start"), NIGHTS)
def test_nights_in_which_clocks_change(zone: str, on: date, clock: time, shifted: bool, start: datetime):
    at = recurring.time_on(on, clock, 60, ZoneInfo(zone))

    assert (at.slot.start, at.shifted) == (start, shifted)


def test_months_without_such_a_day_are_passed_over():
    rule = recurring.parse("FREQ=MONTHLY;BYMONTHDAY=31")

    assert [day.month for day in islice(recurring.dates(rule, date(2027, 1, 1)), 4)] == [1, 3, 5, 7]
    assert recurring.passed_over(rule, date(2027, 1, 31), date(2027, 7, 31)) == tuple(
        date(2027, month, 1) for month in (2, 4, 6)
    )


def test_fifth_fridays_and_leap_days_are_passed_over_too():
    fifth = recurring.parse("FREQ=MONTHLY;BYDAY=5FR")
    leap = recurring.parse("FREQ=YEARLY;BYMONTHDAY=29;BYMONTH=2")

    assert recurring.passed_over(fifth, date(2027, 1, 29), date(2027, 4, 30)) == (date(2027, 2, 1), date(2027, 3, 1))
    assert recurring.passed_over(leap, date(2028, 2, 29), date(2032, 2, 29)) == tuple(
        date(year, 2, 1) for year in (2029, 2030, 2031)
    )


@pytest.mark.parametrize(
    "text",
    [
        "FREQ=YEARLY;BYMONTHDAY=30;BYMONTH=2;COUNT=3",  # never
        "FREQ=DAILY;UNTIL=99991231",  # for longer than anybody plans
        "FREQ=YEARLY;COUNT=10000",
        "FREQ=DAILY;UNTIL=20200101",  # over before it begins
    ],
)
def test_a_rule_without_dates_or_without_an_end_in_sight_is_refused(text: str):
    with pytest.raises(InvalidSeries):
        recurring.all_dates(recurring.parse(text), date(2027, 1, 1))


@pytest.mark.parametrize(
    "text",
    [
        "FREQ=SECONDLY",
        "FREQ=WEEKLY;BYMONTHDAY=3",
        "FREQ=WEEKLY;BYDAY=2TU",
        "FREQ=MONTHLY;BYDAY=6MO",
        "FREQ=MONTHLY;BYMONTHDAY=32",
        "FREQ=MONTHLY;BYMONTHDAY=0",
        "FREQ=YEARLY;BYDAY=1MO",
        "FREQ=DAILY;COUNT=0",
        "FREQ=DAILY;COUNT=-5",
        "FREQ=DAILY;COUNT=99999",
        "FREQ=DAILY;INTERVAL=1001",
        "FREQ=DAILY;INTERVAL=٣",
        "FREQ=DAILY;UNTIL=2026-12-31",
        "FREQ=DAILY;UNTIL=20261331",
        "FREQ=DAILY;FREQ=WEEKLY",
        "FREQ=DAILY;BYHOUR=3",
        "FREQ=DAILY;BYDAY=",
        "DTSTART=20260101;FREQ=DAILY",
        "FREQ=WEEKLY;WKST=XX",
    ],
)
def test_what_cannot_be_meant_is_refused(text: str):
    with pytest.raises(InvalidSeries):
        recurring.parse(text)
