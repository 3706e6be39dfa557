"""Pure parts: half-open ranges, opening hours, sentences about time, and what text becomes."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import claims, rules, saying
from core.ids import new_id
from core.models import Actor, Location, Opening, Policy, Room, Slot, one_line
from core.requests import fingerprint
from tests.core.office import MONDAY, at

ZONES = [
    UTC,
    ZoneInfo("Europe/Berlin"),
    ZoneInfo("America/New_York"),
    ZoneInfo("Australia/Lord_Howe"),
    timezone(timedelta(hours=14)),
]
# Wall-clock times, those that a spring change skips and an autumn one repeats included.
MOMENTS = st.builds(
    lambda days, minutes, fold, zone: datetime.combine(
        date(2000, 1, 1) + timedelta(days=days), time(minutes // 60, minutes % 60, fold=fold), zone
    ),
    st.integers(0, 29_000),
    st.integers(0, 1439),
    st.integers(0, 1),
    st.sampled_from(ZONES),
)
LENGTHS = st.timedeltas(min_value=timedelta(minutes=1), max_value=timedelta(days=2))
SLOTS = st.builds(lambda start, length: Slot(start=start, end=start.astimezone(UTC) + length), MOMENTS, LENGTHS)
ROOMS = st.builds(
    lambda before, after: Room(
        id=new_id(), name="R", location_id=new_id(), capacity=4, setup_minutes=before, teardown_minutes=after
    ),
    st.integers(0, 1440),
    st.integers(0, 1440),
)


@given(SLOTS)
def test_a_slot_is_kept_in_utc_and_is_as_long_as_the_time_that_passes(slot: Slot):
    assert slot.start.tzinfo is UTC
    assert slot.end.tzinfo is UTC
    assert slot.length == timedelta(seconds=slot.end.timestamp() - slot.start.timestamp())


@given(SLOTS, SLOTS)
def test_overlapping_is_mutual_and_means_a_shared_moment(one: Slot, other: Slot):
    assert one.overlaps(other) == other.overlaps(one)
    assert one.overlaps(other) == (max(one.start, other.start) < min(one.end, other.end))
    assert one.overlaps(one)


@given(SLOTS, LENGTHS)
def test_slots_that_touch_do_not_overlap(slot: Slot, length: timedelta):
    assert not slot.overlaps(Slot(start=slot.end, end=slot.end + length))
    assert slot.overlaps(Slot(start=slot.end - timedelta(seconds=1), end=slot.end + length))


@given(ROOMS, SLOTS)
def test_what_a_booking_keeps_covers_it(room: Room, slot: Slot):
    kept = claims.span(room, slot)
    assert kept.start <= slot.start < slot.end <= kept.end
    assert kept.length == slot.length + timedelta(minutes=room.setup_minutes + room.teardown_minutes)


@given(st.lists(ROOMS, min_size=1, max_size=5), SLOTS)
def test_the_widest_time_covers_what_each_room_keeps(rooms: list[Room], slot: Slot):
    widest = claims.widest(rooms, slot)
    for room in rooms:
        kept = claims.span(room, slot)
        assert widest.start <= kept.start
        assert kept.end <= widest.end


# -- opening hours -----------------------------------------------------------------------------------------------------

BERLIN = Location(id=new_id(), name="Berlin", zone="Europe/Berlin")
ROOM = Room(id=new_id(), name="Apollo", location_id=BERLIN.id, capacity=4)
ANA = Actor(person_id=new_id(), slack_user_id="U1", name="ana")
HOURS = st.tuples(st.integers(0, 96), st.integers(0, 96)).map(lambda p: Opening(opens=min(p) * 15, closes=max(p) * 15))


def minutes_open(slot: Slot, policy: Policy) -> bool:
    """Say the same by looking at every minute."""
    moment = slot.start
    while moment < slot.end:
        local = moment.astimezone(BERLIN.tz)
        hours, minute = policy.opening[local.weekday()], local.hour * 60 + local.minute
        if not hours.opens <= minute < hours.closes:
            return False
        moment += timedelta(minutes=1)
    return True


@given(
    st.tuples(*[HOURS] * 7),
    st.integers(0, 7 * 96),
    st.integers(1, 30),
    st.sampled_from([MONDAY, datetime(2040, 3, 20, tzinfo=UTC), datetime(2040, 10, 24, tzinfo=UTC)]),
)
def test_opening_hours_agree_with_looking_at_every_minute(week: Any, quarter: int, quarters: int, around: datetime):
    start = around + timedelta(minutes=15 * quarter)
    slot = Slot(start=start, end=start + timedelta(minutes=15 * quarters))
    policy = Policy(opening=week, longest_minutes=10_000, horizon_days=400)
    found = rules.of_room(slot, room=ROOM, location=BERLIN, policy=policy, attendees_count=1, actor=ANA, now=around)
    refused = "OutsideOpeningHours" in {error.code for error in found}
    local_end = slot.end.astimezone(BERLIN.tz)
    # Where the clock goes back, the hour is there twice and its end may come before its start on the wall.
    if slot.start.astimezone(BERLIN.tz).utcoffset() == local_end.utcoffset():
        assert refused != minutes_open(slot, policy)
    elif refused:
        assert not minutes_open(slot, policy)


def test_every_broken_rule_is_found_at_once_the_most_telling_first():
    guest = Actor(person_id=new_id(), slack_user_id="U2", name="guest", guest=True)
    policy = Policy(longest_minutes=30, opening=(Opening(closes=60),) * 7, cutoff_from=time(0), horizon_days=0)
    found = rules.of_room(
        at(10, 60, days=3), room=ROOM, location=BERLIN, policy=policy, attendees_count=9, actor=guest, now=MONDAY
    )
    codes = ["GuestsMayNotBook", "TooManyAttendees", "TooLong", "TooFarAhead", "OutsideOpeningHours", "BookingCutoff"]
    assert [error.code for error in found] == codes


# -- sentences ---------------------------------------------------------------------------------------------------------

SAID: list[tuple[str, str]] = [
    (saying.short_date(date(2040, 3, 7), today=date(2040, 3, 5)), "Wed 7 Mar"),
    (saying.short_date(date(2041, 1, 1), today=date(2040, 12, 31)), "Tue 1 Jan 2041"),
    (saying.near_date(date(2040, 3, 6), today=date(2040, 3, 5)), "tomorrow"),
    (saying.near_date(date(2040, 3, 4), today=date(2040, 3, 5)), "Sun 4 Mar"),
    (saying.when(at(10), BERLIN.tz, now=MONDAY), "today 11:00-12:00"),
    (saying.when(at(22.5, 60), BERLIN.tz, now=MONDAY), "today 23:30-00:30 (Tue 6 Mar)"),
    (saying.when_in_full(at(10, days=1), BERLIN.tz, now=MONDAY), "tomorrow, Tue 6 Mar, 11:00-12:00"),
    (saying.when_in_full(at(10, days=9), BERLIN.tz, now=MONDAY), "Wed 14 Mar, 11:00-12:00"),
    (saying.length(1), "1 minute"),
    (saying.length(45), "45 minutes"),
    (saying.length(60), "1 hour"),
    (saying.length(90), "1 h 30 min"),
    (saying.length(720), "12 hours"),
    (saying.listed([]), ""),
    (saying.listed(["a"]), "a"),
    (saying.listed(["a", "b", "c"], last="or"), "a, b or c"),
    (saying.people(1), "1 person"),
    (saying.people(6), "6 people"),
]


@pytest.mark.parametrize(("said", "expected"), SAID)
def test_times_and_lists_are_said_as_people_say_them(said: str, expected: str):
    assert said == expected


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_any_text_becomes_one_line_that_a_database_takes(text: str):
    line = one_line(text)
    assert line is None or (line == line.strip() and line.encode() and not set(line) & {"\x00", "\n", "\r", "\u202e"})
    assert one_line(line) == line


def test_equal_requests_have_equal_fingerprints_and_others_others():
    slot = at(10)
    same = Slot(start=slot.start.astimezone(BERLIN.tz), end=slot.end)
    assert fingerprint("book", slot=slot, words=frozenset("ab")) == fingerprint("book", words=frozenset("ba"), slot=same)
    assert fingerprint("book", slot=slot) != fingerprint("book", slot=at(11))
    assert fingerprint("book", slot=slot) != fingerprint("cancel", slot=slot)
    assert fingerprint("x", a=None) != fingerprint("x", a="None")
