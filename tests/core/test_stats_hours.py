"""Open time against a count minute by minute, in zones whose clocks change at odd times and by odd amounts."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from core.models import ALWAYS_OPEN, Opening
from core.stats_hours import USUAL_HOURS, Hours, changes, measured_by, midnight, open_minutes

# Lord Howe moves by half an hour, Cairo and Beirut at midnight, Apia once left out a day.
ZONES = (
    *("Europe/Berlin", "America/New_York", "Asia/Tokyo", "Asia/Kolkata", "Australia/Lord_Howe"),
    *("Africa/Cairo", "Asia/Beirut", "America/Sao_Paulo", "Pacific/Apia"),
)
MINUTE = timedelta(minutes=1)


@st.composite
def opening(draw: st.DrawFn) -> Opening:
    opens = draw(st.integers(0, 24 * 60))
    return Opening(opens=opens, closes=draw(st.integers(opens, 24 * 60)))


week = st.tuples(*(opening() for _ in range(7)))
days = st.dates(date(2010, 1, 1), date(2027, 12, 1))


@settings(max_examples=60, deadline=None)
@given(zone=st.sampled_from(ZONES), hours=week, first=days, length=st.integers(1, 9), closed=st.sets(st.integers(0, 8)))
def test_open_minutes_are_those_of_a_count_minute_by_minute(
    zone: str, hours: tuple[Opening, ...], first: date, length: int, closed: set[int]
):
    shut = frozenset(first + timedelta(days=n) for n in closed)
    found = open_minutes(Hours(zone=zone, opening=hours, closed=shut), first, first + timedelta(days=length - 1))

    naive: Counter[tuple[int, int]] = Counter()
    tz = ZoneInfo(zone)
    moment, end = midnight(first, tz), midnight(first + timedelta(days=length), tz)
    while moment < end:
        local = moment.astimezone(tz)
        of_day = hours[local.weekday()]
        if local.date() not in shut and of_day.opens <= local.hour * 60 + local.minute < of_day.closes:
            naive[local.weekday(), local.hour] += 1
        moment += MINUTE
    assert found == naive


@settings(max_examples=60, deadline=None)
@given(zone=st.sampled_from(ZONES), first=days, length=st.integers(1, 300), minute=st.integers(0, 300 * 24 * 60))
def test_the_offset_between_two_changes_is_the_clocks_own(zone: str, first: date, length: int, minute: int):
    tz = ZoneInfo(zone)
    at, offsets = changes(tz, first, first + timedelta(days=length))
    assert at == sorted(at)
    assert len(offsets) == len(at) + 1
    begins = midnight(first, tz)
    moment = begins + (minute % (length * 24 * 60)) * MINUTE
    expected = moment.astimezone(tz).utcoffset()
    assert expected is not None
    assert offsets[sum(change <= moment for change in at)] * MINUTE == expected


def test_a_spring_day_has_an_hour_less_and_an_autumn_hour_counts_twice():
    always = Hours(zone="Europe/Berlin", opening=ALWAYS_OPEN)
    spring, autumn = date(2026, 3, 29), date(2026, 10, 25)
    assert open_minutes(always, spring, spring)[6, 2] == 0
    assert open_minutes(always, autumn, autumn)[6, 2] == 120
    assert changes(ZoneInfo("Europe/Berlin"), spring, autumn) == (
        [datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)],
        [60, 120, 60],
    )


def test_rooms_without_hours_are_measured_by_the_usual_ones_and_no_others():
    assert measured_by(ALWAYS_OPEN) == USUAL_HOURS
    nights = (Opening(opens=0, closes=24 * 60),) * 6 + (Opening(opens=0, closes=60),)
    assert measured_by(nights) == nights
