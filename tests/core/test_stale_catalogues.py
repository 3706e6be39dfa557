"""Two replicas: what an admin does on one is true for who books on the other, whose catalogue is some seconds old."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from core import bookkeeping, changes, checks, errors
from core.bookings import Bookings
from core.catalogue import Catalogues
from core.db import WriteSession
from core.ids import new_id
from core.line import Line
from core.models import Change, Slot, Wish
from core.presence import Presence
from core.search import Search
from tests.core.furnished import claimed, divided, lendable
from tests.core.office import Office, at
from tests.core.ruling import Ruling
from tests.core.series_office import series_of, weekly

LOCKED = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


async def elsewhere(office: Office) -> Office:
    """Return the office as another replica sees it, which has read its catalogue already and keeps it for an hour."""
    catalogues = Catalogues(office.db, fresh_seconds=3600)
    search = Search(office.db, catalogues, office.clock)
    await catalogues.current()
    return replace(
        office,
        catalogues=catalogues,
        search=search,
        bookings=Bookings(office.db, catalogues, search, office.clock),
        line=Line(office.db, catalogues, search, office.clock),
        presence=Presence(office.db, catalogues, search, office.clock),
    )


async def test_a_room_that_was_just_divided_is_booked_in_its_parts(office: Office):
    one, other, whole = await office.room("Hall A"), await office.room("Hall B"), await office.room("Hall", seats=8)
    there = await elsewhere(office)
    await divided(office, whole, one, other)

    booking = await there.bookings.book(Wish(slot=at(10), room_id=whole.id), by=office.ana, key="book")

    assert await claimed(office, booking) == {"Hall A": 60, "Hall B": 60}
    with pytest.raises(errors.SlotTaken):
        await office.book(one, at(10))
    assert await there.bookings.book(Wish(slot=at(10), room_id=whole.id), by=office.ana, key="book") == booking
    assert await checks.violations(office.db) == []


async def test_a_room_that_was_just_closed_is_closed_and_one_that_just_opened_is_open(office: Office):
    apollo = await office.room("Apollo")
    booked = await office.book(apollo, at(15))
    ruling, there = Ruling.of(office), await elsewhere(office)
    day = Slot(start=at(0).start, end=at(13).start)
    closed = await ruling.closures.add(day, reason="painters", room_id=apollo.id, by=office.boss)

    with pytest.raises(errors.RoomClosed, match="painters"):
        await there.book(apollo, at(10))
    stale = await elsewhere(office)
    await ruling.closures.lift(closed.closure.id, by=office.boss)
    assert (await stale.book(apollo, at(10))).room == apollo
    moved = await stale.bookings.change(booked.id, Change(slot=at(12)), version=1, by=office.ana)
    assert moved.after.slot == at(12)


async def test_a_change_is_judged_by_rules_that_are_a_moment_old(office: Office):
    apollo = await office.room("Apollo")
    booked = await office.book(apollo, at(10))
    ruling, there = Ruling.of(office), await elsewhere(office)
    await ruling.rooms.set_policy(room_id=apollo.id, longest_minutes=60, by=office.boss)

    with pytest.raises(errors.TooLong):
        await there.bookings.change(booked.id, Change(slot=at(10, 120)), version=1, by=office.ana)


async def test_a_room_that_was_made_a_moment_ago_is_known_when_it_is_named(office: Office):
    there = await elsewhere(office)
    projector = await lendable(office)  # the audit says that something is new
    apollo = await office.room("Apollo")

    booking = await there.book(apollo, at(10), equipment=((projector.id, 2),))

    assert booking.equipment[0].equipment == projector


async def test_who_waits_for_a_room_that_just_closed_is_told_so(office: Office):
    apollo = await office.room("Apollo")
    await office.book(apollo, at(10))
    ruling, there = Ruling.of(office), await elsewhere(office)
    await ruling.closures.add(at(9, 180), reason="painters", room_id=apollo.id, by=office.boss)

    with pytest.raises(errors.RoomClosed):
        await there.line.join(Wish(slot=at(10), room_id=apollo.id), by=office.bob)


async def test_what_is_refused_for_good_is_judged_once(office: Office, monkeypatch: pytest.MonkeyPatch):
    apollo = await office.room("Apollo")
    await office.book(apollo, at(10))
    there = await elsewhere(office)
    held = await there.catalogues.current()

    with pytest.raises(errors.SlotTaken):
        await there.book(apollo, at(10))
    office.clock.advance(timedelta(seconds=1))

    assert await there.catalogues.current() is held


async def test_a_long_change_that_commits_after_a_younger_one_is_seen_all_the_same(office: Office):
    apollo = await office.room("Apollo")
    began, go_on = asyncio.Event(), asyncio.Event()

    async def long(session: WriteSession) -> None:
        await session.run("UPDATE rooms SET capacity = 2 WHERE tenant_id = $1", session.tenant)
        await changes.note(
            session, subject="room", subject_id=apollo.id, name="Apollo", action="changed", by=None, before=None, after=None
        )
        began.set()
        await go_on.wait()

    older = asyncio.create_task(office.db.write(long, repeatable=True))
    await began.wait()
    await office.people.make_admin("T1", "Ubob")
    there = await elsewhere(office)
    go_on.set()
    await older

    with pytest.raises(errors.TooManyAttendees):
        await there.book(apollo, at(10), attendees_count=3)


async def test_series_and_what_people_have_are_judged_by_what_an_admin_did_a_moment_ago(office: Office):
    apollo = await office.room("Apollo")
    series = await series_of(office).book(weekly(apollo, 3), by=office.ana)
    booked = await office.book(apollo, at(10))
    ruling, there = Ruling.of(office), await elsewhere(office)
    await ruling.rooms.set_policy(room_id=apollo.id, longest_minutes=60, opening={"mon": ["08:00", "18:00"]}, by=office.boss)

    with pytest.raises(errors.SeriesClash):
        await series_of(there).book(weekly(apollo, 3, minutes=90), by=office.bob)
    with pytest.raises(errors.TooLong):
        await there.presence.extend(booked.id, until=at(10, 90).end, version=1, by=office.ana)
    cancelled = await there.bookings.cancel(series.bookings[0].id, by=office.ana)
    stale = await elsewhere(office)
    await ruling.closures.add(series.bookings[0].slot, reason="painters", room_id=apollo.id, by=office.boss)
    with pytest.raises(errors.BookingError):
        await stale.bookings.undo(cancelled.after.id, version=cancelled.after.version, by=office.ana)
    assert await checks.violations(office.db) == []


class GivenUpError(Exception):
    """Somebody thinks better of it."""


@pytest.mark.parametrize("key", [None, "waited"])
@pytest.mark.parametrize("rooms", ["one room", "two rooms"])
async def test_who_waited_for_a_rival_while_the_room_was_closed_is_told_that_it_is_closed(
    office: Office, key: str | None, rooms: str
):
    apollo, zeus = await office.room("Apollo"), await office.room("Zeus")
    ruling, there = Ruling.of(office), await elsewhere(office)
    catalogue, now = await office.catalogues.current(), office.clock.now()
    wish = Wish(slot=at(10), room_id=apollo.id)
    holds, gives_up = asyncio.Event(), asyncio.Event()

    async def rival(session: WriteSession) -> None:
        new = bookkeeping.new_booking(new_id(), wish, apollo, catalogue, by=office.bob, invited=(), now=now)
        assert await bookkeeping.make(session, new, catalogue, by=office.bob, event_id=new_id(), now=now)
        holds.set()
        await gives_up.wait()
        raise GivenUpError

    holding = asyncio.create_task(office.db.write(rival, repeatable=False))
    await holds.wait()
    wanted = replace(wish, more_room_ids=(zeus.id,)) if rooms == "two rooms" else wish
    waiting = asyncio.create_task(there.bookings.book(wanted, by=office.ana, key=key))
    while not await office.count(LOCKED):  # noqa: ASYNC110 - only polling tells
        await asyncio.sleep(0.01)
    day = Slot(start=at(0).start, end=at(13).start)
    await ruling.closures.add(day, reason="painters", room_id=apollo.id, by=office.boss)
    gives_up.set()

    with pytest.raises(errors.RoomClosed):
        await waiting
    with pytest.raises(GivenUpError):
        await holding
    assert await office.count("SELECT count(*) FROM bookings") == 0
    assert await checks.violations(office.db) == []
