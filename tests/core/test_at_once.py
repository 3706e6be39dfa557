"""A booking in one statement: what goes that way, what does not, and that both ways lead to the same."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from core import checks, errors
from core.bookings import Bookings
from core.consistency import Freshness
from core.db import DEFAULT_TENANT, Database, ReadSession, WriteSession, followed_by
from core.models import Booking, Wish
from core.once import DoneBeforeError, Guard, once
from core.rooms import Rooms
from tests.core.office import Office, at


@pytest.fixture
def long_ways(office: Office, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note each transaction of several statements that is begun from now on."""
    begun: list[str] = []
    write = Database.write

    async def noted(self: Database, work: Callable[[WriteSession], Awaitable[Any]], *, repeatable: bool) -> object:
        begun.append(getattr(work, "__qualname__", "?"))
        return await write(self, work, repeatable=repeatable)

    monkeypatch.setattr(Database, "write", noted)
    return begun


async def test_a_named_room_is_booked_by_one_statement_with_a_key_and_without(office: Office, long_ways: list[str]):
    apollo = await office.room("Apollo", setup=15, teardown=10)
    rang = []
    office.db.when_something_happened = lambda: rang.append(True)
    long_ways.clear()

    made = [
        await office.bookings.book(Wish(slot=at(10), room_id=apollo.id, title="Plan"), by=office.ana, key="k"),
        await office.book(apollo, at(12), title="No key", private=True),
        (await office.bookings.book_once(Wish(slot=at(14), room_id=apollo.id), by=office.ana, key="once")).booking,
    ]

    assert long_ways == []
    assert len(rang) == 3
    assert [await office.bookings.get(one.id) for one in made] == made
    assert await office.count("SELECT count(*) FROM requests") == 2
    claims = await office.rows("SELECT start_time, end_time FROM room_claims ORDER BY start_time")
    expected = [(one.start - timedelta(minutes=15), one.end + timedelta(minutes=10)) for one in made]
    assert [tuple(claim) for claim in claims] == expected
    assert await checks.violations(office.db) == []


async def test_what_is_asked_for_besides_a_room_takes_the_long_way(office: Office, long_ways: list[str]):
    apollo, zeus = await office.room("Apollo"), await office.room("Zeus")
    wishes = [
        Wish(slot=at(9), room_id=apollo.id, invitees=(office.bob.person_id,)),
        Wish(slot=at(10), room_id=apollo.id, more_room_ids=(zeus.id,)),
        Wish(slot=at(11), attendees_count=2),
    ]
    for wish in wishes:
        long_ways.clear()
        assert (await office.bookings.book(wish, by=office.ana, key=str(wish.slot.start))).version == 1
        assert len(long_ways) == 1
    assert await checks.violations(office.db) == []


async def test_where_bookings_are_counted_or_approved_the_long_way_is_taken(office: Office, long_ways: list[str]):
    apollo = await office.room("Apollo")
    rules = Rooms(office.db, office.catalogues)
    await rules.set_policy(one_at_a_time=True)
    long_ways.clear()
    await office.book(apollo, at(10))
    zeus = await office.room("Zeus")
    with pytest.raises(errors.AnotherRoomThen):
        await office.book(zeus, at(10))
    await rules.set_policy(one_at_a_time=False, approval=True)
    long_ways.clear()
    assert (await office.book(zeus, at(12))).status == "pending"
    assert len(long_ways) == 1
    assert await checks.violations(office.db) == []


async def test_a_key_that_is_known_books_nothing_where_the_room_is_free_again(office: Office):
    apollo = await office.room("Apollo")
    wish = Wish(slot=at(10), room_id=apollo.id)
    first = await office.bookings.book(wish, by=office.ana, key="k")
    await office.bookings.cancel(first.id, by=office.ana)

    assert await office.bookings.book(wish, by=office.ana, key="k") == first
    assert await office.count("SELECT count(*) FROM room_claims") == 0
    assert await office.count("SELECT count(*) FROM bookings") == 1
    assert await checks.violations(office.db) == []


async def test_the_same_person_who_says_the_same_again_is_shown_the_booking(office: Office):
    apollo = await office.room("Apollo")
    wish = Wish(slot=at(10), room_id=apollo.id)
    first = await office.bookings.book_once(wish, by=office.ana, key="one")
    again = await office.bookings.book_once(wish, by=office.ana, key="two")
    assert (again.booking, again.before) == (first.booking, True)
    with pytest.raises(errors.SlotTaken):
        await office.bookings.book_once(wish, by=office.bob, key="three")
    assert await office.count("SELECT count(*) FROM requests") == 1


async def test_a_capacity_that_shrank_unseen_refuses_by_the_short_way_too(office: Office):
    apollo = await office.room("Apollo", seats=8)
    await office.damage(f"UPDATE rooms SET capacity = 2 WHERE id = '{apollo.id}'")
    with pytest.raises(errors.TooManyAttendees):
        await office.book(apollo, at(10), attendees_count=6)
    assert await office.count("SELECT count(*) FROM room_claims") == 0


async def test_a_view_of_a_tenant_books_and_says_whose_it_is(office: Office, long_ways: list[str]):
    apollo = await office.room("Apollo")
    db = office.db.of(DEFAULT_TENANT)
    bookings = Bookings(db, office.catalogues, office.search, office.clock)
    long_ways.clear()
    booked = await bookings.book(Wish(slot=at(10), room_id=apollo.id), by=office.ana, key="k")
    assert long_ways == []
    assert await office.bookings.get(booked.id) == booked


async def test_behind_what_only_reads_where_the_database_stands_is_not_read(office: Office, monkeypatch: pytest.MonkeyPatch):
    apollo, asked = await office.room("Apollo"), []
    db = office.db.of(DEFAULT_TENANT)
    bookings = Bookings(db, office.catalogues, office.search, office.clock)

    async def noted(session: ReadSession) -> None:
        asked.append(session.tenant)

    before = followed_by.set(noted)
    try:
        booked = await bookings.book(Wish(slot=at(10), room_id=apollo.id), by=office.ana)
        await bookings.get(booked.id)
    finally:
        followed_by.reset(before)
    assert asked == [DEFAULT_TENANT]


async def test_where_the_database_stands_is_read_behind_each_commit_on_its_connection(
    office: Office, monkeypatch: pytest.MonkeyPatch
):
    apollo, freshness = await office.room("Apollo"), Freshness(office.db)
    before = await freshness.now()
    asked: list[Booking] = []

    async def unasked() -> None:
        asked.append(booked)

    with freshness.following() as written, monkeypatch.context() as patch:
        patch.setattr(freshness, "now", unasked)
        booked = await office.book(apollo, at(10))
        at_first = await written.place()
        await office.bookings.cancel(booked.id, by=office.ana)
        at_last = await written.place()

    assert asked == []
    assert before.place < at_first.place < at_last.place <= (await freshness.now()).place
    assert {before.timeline} == {at_first.timeline, at_last.timeline}
    with freshness.following() as unwritten:
        await office.bookings.get(booked.id)
    assert (await unwritten.place()).place >= at_last.place


async def test_a_request_that_another_program_sends_twice_gets_the_answer_that_was_kept(office: Office):
    apollo = await office.room("Apollo")

    async def ask() -> Booking:
        guard = Guard("g", content="book", now=office.clock.now(), answer=lambda booking: str(booking.id))
        with once(guard):
            return await office.book(apollo, at(10))

    booked = await ask()
    with pytest.raises(DoneBeforeError) as before:
        await ask()
    assert before.value.answer == str(booked.id)
    assert await office.count("SELECT count(*) FROM bookings") == 1
