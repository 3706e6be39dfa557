"""Subscribed calendars: what a program works out from the file is what the database says, whatever was done to a series."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core.calendars import Feed
from core.models import Booking, Change, Slot
from core.series_values import Booked, Choice, Scope, SeriesChange, SeriesWish
from tests.handlers.firm import ANA, BEN, CHLOE, NOW, ZONES, new_york
from tests.handlers.subscribing import SLACK, Date, Subscriber, date_of, dates, events, opened

HOSTILE = 'Q4; plans, \\n and "all"\u202e BEGIN:VEVENT 🎉é\r\nATTENDEE:mailto:x@y' + "👩‍👩‍👧‍👦 Überprüfung " * 12
FIRST = date(2026, 12, 1)


@pytest.fixture
async def subscriber(database: Any) -> AsyncIterator[Subscriber]:
    async with opened(database) as made:
        yield made


async def weekly(
    subscriber: Subscriber,
    rule: str = "FREQ=WEEKLY;BYDAY=TU;COUNT=6",
    *,
    room: str = "Apollo",
    clock: time = time(10),
    **more: Any,
) -> Booked:
    """Book a series as Ben, on the clock of the room's place, from 1 December 2026 on."""
    firm = subscriber.firm
    wish = SeriesWish(
        first_on=more.pop("first_on", FIRST),
        clock=clock,
        minutes=more.pop("minutes", 60),
        zone=ZONES["Berlin" if room in {"Kiez", "Spree"} else "New York"],
        rule=rule,
        room_id=firm.rooms[room].id,
        title=more.pop("title", "Sync"),
        **{key: more[key] for key in set(more) - {"choices"}},
    )
    return await subscriber.services.series.book(wish, by=await firm.actor(BEN), choices=more.get("choices", {}))


async def test_what_is_booked_once_stands_in_ones_own_calendar(subscriber: Subscriber):
    booking = await subscriber.firm.booked("Apollo", new_york(14), title="Design review")
    feed = await subscriber.feed()

    text = await subscriber.text(feed)

    assert dates(text) == [date_of(booking)]
    (event,) = events(text)
    assert event.uid.value == f"{booking.id}@bookroom"
    assert event.location.value == "Apollo, 3rd floor, New York"
    assert event.sequence.value == str(booking.version)
    assert SLACK in event.description.value
    assert "DTSTART;TZID=America/New_York:20261125T140000" in text
    assert "BEGIN:VTIMEZONE\r\nTZID:America/New_York" in text
    assert "attendee" not in event.contents


@pytest.mark.parametrize(
    ("room", "rule"),
    [
        ("Apollo", "FREQ=WEEKLY;BYDAY=TU,SU"),
        ("Kiez", "FREQ=WEEKLY;BYDAY=TU,SU"),
        ("Apollo", "FREQ=DAILY;UNTIL=20270401"),
        ("Kiez", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR;COUNT=30"),
        ("Spree", "FREQ=MONTHLY;BYDAY=-1SU;COUNT=12"),
        ("Big Ben", "FREQ=MONTHLY;BYMONTHDAY=31;COUNT=5"),
    ],
)
@pytest.mark.parametrize("clock", [time(2, 30), time(10), time(23, 30)])
async def test_series_are_at_the_same_moments_as_their_bookings_over_both_changes_of_clocks(
    subscriber: Subscriber, room: str, rule: str, clock: time
):
    booked = await weekly(subscriber, rule, room=room, clock=clock, minutes=90)
    feed = await subscriber.feed()

    text = await subscriber.text(feed)

    told = dates(text)
    assert told == await subscriber.booked()
    assert len(told) == len(booked.bookings) >= 5
    assert len([event for event in events(text) if "rrule" in event.contents]) == 1
    # Those on the nights when the clocks change may be told by themselves.
    assert len(events(text)) <= 4


async def test_the_weeks_in_which_clocks_change_are_in_what_is_compared(subscriber: Subscriber):
    await weekly(subscriber, "FREQ=DAILY", room="Kiez")
    await weekly(subscriber, "FREQ=DAILY", room="Apollo")

    told = await subscriber.dates(await subscriber.feed())

    assert told == await subscriber.booked()
    for place, zone in (("Kiez", "Europe/Berlin"), ("Apollo", "America/New_York")):
        hours = {one.start.hour for one in told if one.place == place}
        assert len(hours) == 2, "summer and winter"
        assert {one.start.astimezone(ZoneInfo(zone)).hour for one in told if one.place == place} == {10}
        days = {one.start.date() for one in told if one.place == place}
        assert {date(2027, 3, 14), date(2027, 3, 28), date(2027, 10, 31), date(2027, 11, 7)} <= days


async def test_dates_that_were_moved_cancelled_renamed_or_put_elsewhere_stand_as_they_are(subscriber: Subscriber):
    firm, booked = subscriber.firm, await weekly(subscriber, "FREQ=WEEKLY;BYDAY=TU;COUNT=20")
    by, bookings, feed = await firm.actor(BEN), subscriber.services.bookings, await subscriber.feed()

    async def change(number: int, **what: Any) -> Booking:
        booking = booked.bookings[number]
        return (await bookings.change(booking.id, Change(**what), version=booking.version, by=by)).after

    later = Slot(
        start=booked.bookings[1].start + timedelta(days=2, hours=3), end=booked.bookings[1].end + timedelta(days=2, hours=4)
    )
    moved = await change(1, slot=later)
    elsewhere = await change(2, room_id=firm.rooms["Big Ben"].id)
    renamed = await change(3, title="Sync, and cake; at last")
    both = await change(4, more_room_ids=(firm.rooms["Corner"].id,))
    await bookings.cancel(booked.bookings[5].id, by=by)
    await bookings.cancel(booked.bookings[0].id, by=by)
    await bookings.cancel(booked.bookings[19].id, by=by)

    text = await subscriber.text(feed)

    assert dates(text) == await subscriber.booked()
    assert {date_of(one) for one in (moved, elsewhere, renamed, both)} <= set(dates(text))
    uids = {event.uid.value for event in events(text)}
    assert uids == {f"{booked.series.id}@bookroom"}
    differing = [event for event in events(text) if "recurrence-id" in event.contents]
    assert len(differing) == 4
    assert "EXDATE;TZID=America/New_York:20270105T100000" in text
    # Back again, the date is the rule's as before.
    await bookings.change(renamed.id, Change(title="Sync"), version=renamed.version, by=by)
    text = await subscriber.text(feed)
    assert dates(text) == await subscriber.booked()
    assert len([event for event in events(text) if "recurrence-id" in event.contents]) == 3


async def test_dates_left_out_at_booking_and_those_in_another_room_are_no_dates_of_the_rule(subscriber: Subscriber):
    firm = subscriber.firm
    tuesday = datetime.combine(FIRST + timedelta(weeks=2), time(10), tzinfo=ZoneInfo(ZONES["New York"]))
    await firm.booked("Apollo", Slot(start=tuesday, end=tuesday + timedelta(hours=1)), by=ANA)
    other = tuesday + timedelta(weeks=1)
    await firm.booked("Apollo", Slot(start=other, end=other + timedelta(hours=1)), by=ANA)
    booked = await weekly(
        subscriber,
        left_out=frozenset({FIRST + timedelta(weeks=1)}),
        choices={tuesday.date(): Choice.SKIP, other.date(): Choice.OTHER_ROOM},
    )
    assert len(booked.bookings) == 4

    told = await subscriber.dates(await subscriber.feed())

    assert told == sorted(date_of(one) for one in booked.bookings)
    assert len({one.place for one in told}) == 2


async def test_a_series_that_was_split_stands_as_two(subscriber: Subscriber):
    booked = await weekly(subscriber, "FREQ=WEEKLY;BYDAY=TU")
    on = booked.bookings[15].series_on
    assert on is not None
    firm = subscriber.firm
    change = SeriesChange(clock=time(15, 15), minutes=45, room_id=firm.rooms["Boardroom"].id)
    by = await firm.actor(BEN)
    split = await subscriber.services.series.change(
        booked.series.id, change, scope=Scope.FOLLOWING, on=on, version=booked.series.version, by=by
    )

    text = await subscriber.text(await subscriber.feed())

    assert dates(text) == await subscriber.booked()
    rules = {event.uid.value for event in events(text) if "rrule" in event.contents}
    assert rules == {f"{one}@bookroom" for one in (booked.series.id, split.series.id)}


async def test_another_rule_and_another_day_leave_nothing_behind(subscriber: Subscriber):
    booked = await weekly(subscriber, "FREQ=WEEKLY;BYDAY=TU;COUNT=10")
    series, by = subscriber.services.series, await subscriber.firm.actor(BEN)
    changed = await series.change(
        booked.series.id,
        SeriesChange(rule="FREQ=WEEKLY;BYDAY=MO,TH;COUNT=8"),
        scope=Scope.FOLLOWING,
        on=FIRST + timedelta(weeks=3),
        version=booked.series.version,
        by=by,
    )
    feed = await subscriber.feed()
    assert await subscriber.dates(feed) == await subscriber.booked()

    await series.cancel(
        changed.series.id, scope=Scope.ALL, on=FIRST + timedelta(weeks=3), version=changed.series.version, by=by
    )

    text = await subscriber.text(feed)
    assert dates(text) == await subscriber.booked()
    gone = [event for event in events(text) if event.status.value == "CANCELLED"]
    assert {event.uid.value for event in gone} == {f"{changed.series.id}@bookroom"}
    assert all(event.transp.value == "TRANSPARENT" for event in gone)


async def test_what_was_called_off_is_told_for_thirty_days(subscriber: Subscriber):
    booking = await subscriber.firm.booked("Apollo", new_york(14, day=30), title="Off")
    await subscriber.services.bookings.cancel(booking.id, by=await subscriber.firm.actor(BEN))
    feed = await subscriber.feed()

    (event,) = events(await subscriber.text(feed))
    assert (event.status.value, event.sequence.value) == ("CANCELLED", "2")
    # The database's own clock says when it was cancelled.
    subscriber.firm.clock.set(max(NOW, datetime.now(UTC)) + timedelta(days=32))
    assert events(await subscriber.text(feed)) == []


async def test_who_may_not_see_a_meeting_is_told_that_the_room_is_busy(subscriber: Subscriber):
    firm, apollo = subscriber.firm, subscriber.firm.rooms["Apollo"]
    booked = await weekly(subscriber, "FREQ=WEEKLY;BYDAY=TU;COUNT=4", private=True, title="Salaries")
    ours, theirs = await subscriber.feed(BEN, room_id=apollo.id), await subscriber.feed(CHLOE, room_id=apollo.id)

    text = await subscriber.text(theirs)

    assert [(one.start, one.title) for one in dates(text)] == [(one.start, "Busy") for one in booked.bookings]
    assert "Salaries" not in text
    assert "Ben" not in text
    assert str(booked.series.id) not in text, "which of them belong together is private too"
    assert {event.contents["class"][0].value for event in events(text)} == {"PRIVATE"}
    assert {one.title for one in await subscriber.dates(ours)} == {"Salaries"}
    assert {one.title for one in await subscriber.dates(await subscriber.feed(BEN))} == {"Salaries"}
    assert await subscriber.dates(await subscriber.feed(CHLOE)) == []
    await firm.booked("Corner", new_york(9), by=CHLOE)
    place = await subscriber.feed(CHLOE, location_id=firm.places["New York"].id)
    assert sorted(one.title for one in await subscriber.dates(place)) == ["Booked by chloe", *["Busy"] * 4]


async def test_who_cannot_come_has_it_no_more_in_their_calendar_and_dates_of_a_series_are_left_out(subscriber: Subscriber):
    chloe = await subscriber.firm.actor(CHLOE)
    booked = await weekly(subscriber, "FREQ=WEEKLY;BYDAY=TU;COUNT=4", invitees=(chloe.person_id,))
    feed = await subscriber.feed(CHLOE)
    assert len(await subscriber.dates(feed)) == 4

    await subscriber.services.presence.respond(booked.bookings[1].id, by=chloe, going=False)

    assert [one.start for one in await subscriber.dates(feed)] == [
        one.start for number, one in enumerate(booked.bookings) if number != 1
    ]


async def test_hostile_titles_are_text_and_lines_are_folded_between_characters(subscriber: Subscriber):
    title = HOSTILE[:200]
    booking = await subscriber.firm.booked("Apollo", new_york(14), title=title)

    status, content, _ = await subscriber.get(f"/calendar/{(await subscriber.feed()).token}.ics")

    assert status == 200
    lines = content.split(b"\r\n")
    assert all(len(line) <= 75 for line in lines)
    for line in lines:
        line.decode()
    (event,) = events(content.decode())
    assert event.summary.value == booking.title
    assert "attendee" not in event.contents
    assert content.count(b"\r\nBEGIN:VEVENT\r\n") == 1
    assert b"\n" not in content.replace(b"\r\n", b"")


async def test_a_program_that_has_it_is_told_so_by_tag_and_by_date(subscriber: Subscriber):
    booking = await subscriber.firm.booked("Apollo", new_york(14))
    feed = await subscriber.feed()
    path = f"/calendar/{feed.token}.ics"

    _, content, headers = await subscriber.get(path)

    assert headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert headers["Cache-Control"] == "private, no-cache"
    assert (await subscriber.get(path, If_None_Match=headers["ETag"]))[:2] == (304, b"")
    assert (await subscriber.get(path, If_None_Match='"other"'))[0] == 200
    status, nothing, same = await subscriber.get(path, method="HEAD")
    assert (status, nothing, same["ETag"], same["Content-Length"]) == (200, b"", headers["ETag"], str(len(content)))
    # Dates are the database's; a minute later, what changed is settled.
    subscriber.firm.clock.set(max(NOW, datetime.now(UTC)) + timedelta(days=1))
    _, _, headers = await subscriber.get(path)
    assert (await subscriber.get(path, If_Modified_Since=headers["Last-Modified"]))[0] == 304
    await subscriber.services.bookings.cancel(booking.id, by=await subscriber.firm.actor(ANA))
    status, _, after = await subscriber.get(path, If_None_Match=headers["ETag"])
    assert (status, after["ETag"] != headers["ETag"]) == (200, True)


async def test_an_address_of_no_use_answers_always_the_same(subscriber: Subscriber):
    firm, calendars = subscriber.firm, subscriber.services.calendars
    ben = await firm.actor(BEN)
    feed = await subscriber.feed(room_id=firm.rooms["Apollo"].id)
    assert await subscriber.feed(room_id=firm.rooms["Apollo"].id) == feed, "the one there is"
    other = await calendars.renew(feed.id, by=ben)
    assert other.token != feed.token
    revoked = await subscriber.feed()
    await calendars.revoke(revoked.id, by=ben)
    unknown = replace(feed, token="x" * 43)

    told = [
        await subscriber.get(path)
        for path in (
            *(f"/calendar/{one.token}.ics" for one in (feed, revoked, unknown)),
            "/calendar/%00.ics",
            "/calendar/",
            f"/calendar/booking/{feed.id}.ics",
            f"/calendar/booking/{feed.id}.ics?person={ben.person_id}&until=99999999999&signature=%ff",
        )
    ]

    assert {(status, content) for status, content, _ in told} == {(404, b"There is no calendar at this address.\n")}
    assert (await subscriber.get(f"/calendar/{other.token}.ics"))[0] == 200


async def test_when_an_address_was_used_is_noted_once_an_hour(subscriber: Subscriber):
    feed, clock = await subscriber.feed(), subscriber.firm.clock

    async def used() -> Feed:
        await subscriber.text(feed)
        return await subscriber.services.calendars.get(feed.id)

    assert (await used()).last_used_at == NOW
    clock.set(NOW + timedelta(minutes=59))
    assert (await used()).last_used_at == NOW
    clock.set(NOW + timedelta(minutes=61))
    assert (await used()).last_used_at == NOW + timedelta(minutes=61)


async def test_a_calendar_that_cannot_hold_all_says_from_when_until_when_it_is(database: Any):
    async with opened(database, most=3) as subscriber:
        for hour in (9, 10, 11, 12, 13):
            await subscriber.firm.booked("Apollo", new_york(hour))
        text = await subscriber.text(await subscriber.feed())
        assert [one.start for one in dates(text)] == [new_york(hour).start for hour in (9, 10, 11)]
        assert "There are more than one calendar holds" in text.replace("\r\n ", "")


async def test_the_file_of_one_meeting_is_read_with_the_eyes_of_whoever_got_its_address(subscriber: Subscriber):
    firm, links = subscriber.firm, subscriber.services.calendar_links
    assert links is not None
    booking = await firm.booked("Apollo", new_york(14), title="Salaries", private=True)
    ben, chloe = await firm.actor(BEN), await firm.actor(CHLOE)
    ours, theirs = (links.file(booking.id, one.person_id, now=NOW) for one in (ben, chloe))
    assert ours is not None
    assert theirs is not None

    status, content, headers = await subscriber.get(ours)

    assert (status, dates(content.decode())) == (200, [date_of(booking)])
    assert (await subscriber.get(ours, If_None_Match=headers["ETag"]))[0] == 304
    assert [one.title for one in dates((await subscriber.get(theirs))[1].decode())] == ["Busy"]
    assert (await subscriber.get(ours.replace(str(ben.person_id), str(chloe.person_id))))[0] == 404
    firm.clock.set(NOW + timedelta(days=366))
    assert (await subscriber.get(ours))[0] == 404


async def test_whoever_is_erased_has_no_calendar_any_more(subscriber: Subscriber):
    firm, links = subscriber.firm, subscriber.services.calendar_links
    feed, ben = await subscriber.feed(), await firm.actor(BEN)
    booking = await firm.booked("Apollo", new_york(14), by=ANA)
    assert links is not None
    address = links.file(booking.id, ben.person_id, now=NOW)
    assert address is not None
    assert (await subscriber.get(address))[0] == 200

    await subscriber.services.administration.erasing.erase(ben.person_id, by=await firm.actor(ANA, admin=True))

    assert (await subscriber.get(f"/calendar/{feed.token}.ics"))[0] == 404
    assert (await subscriber.get(address))[0] == 404
    assert await subscriber.services.calendars.all(person_id=ben.person_id) == ()


def test_dates_are_told_apart_by_all_that_is_compared():
    one = Date(start=NOW, end=NOW, place="Apollo", title="Sync")

    assert one != replace(one, place="Corner")
