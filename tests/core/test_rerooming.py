"""Bookings whose room closes: placed together, held, told, answered or settled; nobody is left without word."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from core.catalogue import Catalogues
from core.checks import violations
from core.errors import NotAllowed, OfferGone, SlotTaken
from core.ids import new_id
from core.models import Booking, Change, Room, Slot, Status
from core.places import Places
from core.rerooming import Closing, Rerooming
from tests.core.office import MONDAY, Office, at, opened

TOMORROW = {"days": 1}


@pytest.fixture
async def office(database: Any) -> AsyncIterator[Office]:
    async with opened(database) as made:
        yield made


def rerooming_of(office: Office) -> Rerooming:
    return Rerooming(office.db, office.catalogues, office.clock)


async def close(office: Office, room: Room | None, slot: Slot, *, reason: str = "painting", place: Any = None) -> UUID:
    closure = new_id()
    scope = f"'{room.id}'" if room else "NULL"
    where = f"'{place.id}'" if place else "NULL"
    await office.damage(
        "INSERT INTO closures (tenant_id, id, room_id, location_id, start_time, end_time, reason, created_at)"
        f" SELECT id, '{closure}', {scope}, {where}, '{slot.start.isoformat()}', '{slot.end.isoformat()}', '{reason}',"
        f" '{MONDAY.isoformat()}' FROM tenants"
    )
    office.catalogues.forget()
    return closure


async def shut(office: Office, room: Room) -> None:
    await Places(office.db, office.catalogues, office.clock).use_room(room.id, active=False, version=1, by=office.boss)


async def proposed(office: Office) -> list[Any]:
    return await office.rows("SELECT * FROM proposals ORDER BY created_at, id")


async def told(office: Office) -> list[dict[str, Any]]:
    rows = await office.rows("SELECT about FROM deliveries WHERE kind = 'proposal' ORDER BY created_at, key")
    return [json.loads(row["about"]) for row in rows]


async def held(office: Office) -> set[UUID]:
    return {row["room_id"] for row in await office.rows("SELECT room_id FROM room_claims WHERE kind = 'proposal'")}


async def now_in(office: Office, booking: Booking) -> Booking:
    return await office.bookings.get(booking.id)


async def test_a_room_out_of_use_leads_to_another_held_and_one_message(office: Office):
    apollo = await office.room("Apollo", seats=8, has=["projector"])
    await office.room("Hall", seats=40, has=["projector"])
    big_ben = await office.room("Big Ben", seats=10, has=["projector"])
    await office.room("Corner", seats=8)
    booking = await office.book(apollo, at(10, **TOMORROW), attendees_count=6)
    await shut(office, apollo)

    assert await rerooming_of(office).advance(office.clock.now()) == 1

    (row,) = await proposed(office)
    assert (row["offered_room_id"], row["status"], row["closure_id"]) == (big_ben.id, "open", None)
    assert await held(office) == {big_ben.id}
    assert await told(office) == [{"proposal": str(row["id"]), "version": 1, "proposals": [str(row["id"])]}]
    with pytest.raises(SlotTaken):
        await office.book(big_ben, at(10, **TOMORROW), by=office.bob)
    assert await rerooming_of(office).advance(office.clock.now()) == 0
    assert (await now_in(office, booking)).room == (await office.catalogues.current()).room(apollo.id)


async def test_what_would_happen_is_shown_before_anything_is_closed(office: Office):
    apollo = await office.room("Apollo", seats=8)
    spree = await office.room("Spree", seats=6)
    small = await office.book(apollo, at(10), attendees_count=6)
    large = await office.book(apollo, at(12), attendees_count=8)
    await office.book(spree, at(14))
    busy = await office.book(apollo, at(14), attendees_count=2)

    plan = await rerooming_of(office).preview(Closing(room_ids=frozenset({apollo.id})))

    assert [(booking.id, room.name) for booking, room in plan.placed] == [(small.id, "Spree")]
    assert {booking.id for booking in plan.unplaced} == {large.id, busy.id}
    assert plan.bookings == 3
    assert await proposed(office) == []


async def test_a_closure_takes_only_what_it_covers_and_lets_its_own_people_pass(office: Office):
    apollo, spree = await office.room("Apollo"), await office.room("Spree")
    covered = await office.book(apollo, at(10, **TOMORROW))
    await office.book(apollo, at(10, days=2))
    await office.book(apollo, at(12, **TOMORROW), by=office.bob)
    closure = await close(office, apollo, at(9, 300, **TOMORROW))
    await office.damage(f"UPDATE closures SET allowed_people = '{{{office.bob.person_id}}}'")

    await rerooming_of(office).advance(office.clock.now())

    (row,) = await proposed(office)
    assert (row["booking_id"], row["closure_id"], row["offered_room_id"]) == (covered.id, closure, spree.id)


async def test_all_are_placed_together_so_that_as_many_as_can_be_are(office: Office):
    apollo = await office.room("Apollo", seats=8, has=["tv"])
    kiez = await office.room("Kiez", seats=4)
    spree = await office.room("Spree", seats=8)
    # Whoever is alone would get Spree as the more alike; then six people would find no room.
    two = await office.book(apollo, at(10), attendees_count=2)
    await office.damage(f"UPDATE bookings SET start_time = start_time WHERE id = '{two.id}'")
    other = await office.room("Other", seats=8, has=["tv"])
    six = await office.book(other, at(10), attendees_count=6, by=office.bob)
    places = Places(office.db, office.catalogues, office.clock)
    for room in (apollo, other):
        await places.use_room(room.id, active=False, version=1, by=office.boss)

    await rerooming_of(office).advance(office.clock.now())

    rooms = {row["booking_id"]: row["offered_room_id"] for row in await proposed(office)}
    assert rooms == {two.id: kiez.id, six.id: spree.id}
    assert len(await told(office)) == 2


async def test_whoever_has_many_bookings_there_is_told_once(office: Office):
    apollo, _spree = await office.room("Apollo"), await office.room("Spree")
    for day in range(5):
        await office.book(apollo, at(10, days=day))
    await shut(office, apollo)

    await rerooming_of(office).advance(office.clock.now())

    assert len(await proposed(office)) == 5
    (about,) = await told(office)
    assert len(about["proposals"]) == 5


async def test_accepting_moves_the_booking_once_and_gives_nothing_else_away(office: Office):
    apollo, spree = await office.room("Apollo"), await office.room("Spree")
    booking = await office.book(apollo, at(10))
    await shut(office, apollo)
    rerooming = rerooming_of(office)
    await rerooming.advance(office.clock.now())
    (row,) = await proposed(office)

    with pytest.raises(NotAllowed):
        await rerooming.accept(row["id"], by=office.bob)
    changed = await rerooming.accept(row["id"], by=office.ana)
    again = await rerooming.accept(row["id"], by=office.ana)

    assert (changed.before.room.id, changed.after.room.id) == (apollo.id, spree.id)
    assert again.after.version == changed.after.version == 2
    assert await held(office) == set()
    assert (await proposed(office))[0]["status"] == "accepted"
    assert await rerooming.advance(office.clock.now()) == 0
    with pytest.raises(OfferGone):
        await rerooming.accept(new_id(), by=office.ana)
    assert (await now_in(office, booking)).room.name == "Spree"


async def test_what_nobody_answers_is_taken_by_itself_and_told(office: Office):
    apollo, _ = await office.room("Apollo"), await office.room("Spree")
    booking = await office.book(apollo, at(10, days=7))
    await shut(office, apollo)
    rerooming = rerooming_of(office)
    await rerooming.advance(office.clock.now())

    office.clock.advance(timedelta(days=2, minutes=1))
    await rerooming.advance(office.clock.now())

    assert (await now_in(office, booking)).room.name == "Spree"
    (row,) = await proposed(office)
    assert (row["status"], row["version"]) == ("accepted", 2)
    assert [about["version"] for about in await told(office)] == [1, 2]


async def test_without_any_room_it_is_told_at_once_and_cancelled_in_the_end_unless_one_frees(office: Office):
    apollo, spree = await office.room("Apollo"), await office.room("Spree")
    lucky, lost = await office.book(apollo, at(10, days=7)), await office.book(apollo, at(12, days=7))
    rivals = [await office.book(spree, at(hour, days=7), by=office.bob) for hour in (10, 12)]
    await shut(office, apollo)
    rerooming = rerooming_of(office)
    await rerooming.advance(office.clock.now())
    assert {row["offered_room_id"] for row in await proposed(office)} == {None}
    assert len(await told(office)) == 1

    await office.bookings.cancel(rivals[0].id, by=office.bob)
    office.clock.advance(timedelta(days=2, minutes=1))
    await rerooming.advance(office.clock.now())

    assert (await now_in(office, lucky)).room.name == "Spree"
    gone = await now_in(office, lost)
    assert (gone.status, gone.cancel_reason) == (Status.CANCELLED, "The room is out of use.")
    assert len(await told(office)) == 3


async def test_who_moves_or_cancels_by_themselves_frees_what_was_held(office: Office):
    apollo, _ = await office.room("Apollo"), await office.room("Spree")
    moved, cancelled = await office.book(apollo, at(10)), await office.book(apollo, at(12))
    third = await office.room("Third")
    await shut(office, apollo)
    rerooming = rerooming_of(office)
    await rerooming.advance(office.clock.now())
    assert len(await held(office)) >= 1

    free = {row["booking_id"]: row["offered_room_id"] for row in await proposed(office)}
    other = third if free[moved.id] != third.id else (await office.catalogues.current()).rooms[1]
    await office.bookings.change(moved.id, Change(room_id=other.id), version=1, by=office.ana)
    await office.bookings.cancel(cancelled.id, by=office.ana)
    await rerooming.advance(office.clock.now())

    assert sorted(row["status"] for row in await proposed(office)) == ["cancelled", "moved"]
    assert await held(office) == set()


async def test_a_room_back_in_use_ends_what_was_proposed_and_says_so(office: Office):
    apollo, spree = await office.room("Apollo"), await office.room("Spree")
    booking = await office.book(apollo, at(10))
    await shut(office, apollo)
    rerooming = rerooming_of(office)
    await rerooming.advance(office.clock.now())

    places = Places(office.db, office.catalogues, office.clock)
    await places.use_room(apollo.id, active=True, version=2, by=office.boss)
    await rerooming.advance(office.clock.now())

    (row,) = await proposed(office)
    assert row["status"] == "overtaken"
    assert [about["version"] for about in await told(office)] == [1, 2]
    await office.book(spree, at(10), by=office.bob)
    assert (await now_in(office, booking)).room.name == "Apollo"


async def test_what_slips_in_while_another_replica_knows_of_no_closing_is_found(office: Office):
    apollo, _ = await office.room("Apollo"), await office.room("Spree")
    stale = Catalogues(office.db, fresh_seconds=3600)
    await stale.current()
    await close(office, apollo, at(9, 300, **TOMORROW))
    await rerooming_of(office).advance(office.clock.now())
    office.bookings._catalogues = stale
    booking = await office.book(apollo, at(10, **TOMORROW))

    assert await rerooming_of(office).advance(office.clock.now()) == 1
    assert [row["booking_id"] for row in await proposed(office)] == [booking.id]


async def test_a_replica_that_does_not_know_yet_of_rooms_out_of_use_says_of_none_that_it_stays_open(office: Office):
    hudson, _ = await office.room("Hudson"), await office.room("Spree")
    for hour in (9, 10, 11):
        await office.book(hudson, at(hour, **TOMORROW))
    stale = Catalogues(office.db, fresh_seconds=3600)
    await stale.current()
    await shut(office, hudson)
    assert await rerooming_of(office).advance(office.clock.now()) == 3

    assert await Rerooming(office.db, stale, office.clock).advance(office.clock.now()) == 0

    assert {row["status"] for row in await proposed(office)} == {"open"}
    assert len(await told(office)) == 1


async def test_where_the_room_that_is_held_goes_out_of_use_too_another_is_held_and_nothing_stays_open(office: Office):
    hudson, hall = await office.room("Hudson", seats=8), await office.room("Hall A", seats=8)
    spree = await office.room("Spree", seats=9)
    booked = [await office.book(hudson, at(hour, **TOMORROW)) for hour in (9, 10)]
    rerooming = rerooming_of(office)
    await shut(office, hudson)
    await rerooming.advance(office.clock.now())
    assert await held(office) == {hall.id}
    await shut(office, hall)

    await rerooming.advance(office.clock.now())

    assert sorted(row["status"] for row in await proposed(office)) == ["open", "open", "overtaken", "overtaken"]
    assert await held(office) == {spree.id}
    first, second = await told(office)
    assert set(first["proposals"]).isdisjoint(second["proposals"])
    assert {str(one.id) for one in await rerooming.open_of(office.ana.person_id)} == set(second["proposals"])
    gone = await rerooming.get([UUID(one) for one in first["proposals"]])
    assert {one.booking.id for one in gone} == {one.id for one in booked}
    assert not any(one.reopened for one in gone)
    assert await violations(office.db) == []


async def test_where_the_room_that_is_held_is_closed_too_another_is_held(office: Office):
    apollo, hall = await office.room("Apollo", seats=8), await office.room("Hall A", seats=8)
    spree = await office.room("Spree", seats=9)
    await office.book(apollo, at(10, **TOMORROW))
    await shut(office, apollo)
    rerooming = rerooming_of(office)
    await rerooming.advance(office.clock.now())
    assert await held(office) == {hall.id}
    await close(office, hall, at(9, 300, **TOMORROW))

    await rerooming.advance(office.clock.now())
    assert await rerooming.advance(office.clock.now()) == 0

    assert await held(office) == {spree.id}
    assert len(await told(office)) == 2
    assert await violations(office.db) == []


async def test_what_is_due_is_not_settled_by_a_catalogue_that_does_not_know_the_room_is_back(office: Office):
    apollo, _ = await office.room("Apollo"), await office.room("Spree")
    booking = await office.book(apollo, at(10, **TOMORROW))
    await shut(office, apollo)
    await rerooming_of(office).advance(office.clock.now())
    stale = Catalogues(office.db, fresh_seconds=3600)
    other = Rerooming(office.db, stale, office.clock)
    await stale.current()
    await Places(office.db, office.catalogues, office.clock).use_room(apollo.id, active=True, version=2, by=office.boss)
    office.clock.advance(timedelta(hours=30))

    await other.advance(office.clock.now())

    assert (await now_in(office, booking)).room.name == "Apollo"
    assert [row["status"] for row in await proposed(office)] == ["overtaken"]
    assert await held(office) == set()


async def test_an_admin_who_books_into_a_closed_room_knows_what_they_do(office: Office):
    apollo, _ = await office.room("Apollo"), await office.room("Spree")
    before = await office.book(apollo, at(12, **TOMORROW), by=office.boss)
    await close(office, apollo, at(9, 300, **TOMORROW))
    await office.damage(f"UPDATE closures SET created_at = '{(MONDAY + timedelta(minutes=1)).isoformat()}'")
    office.clock.advance(timedelta(minutes=2))
    await office.book(apollo, at(10, **TOMORROW), by=office.boss)

    await rerooming_of(office).advance(office.clock.now())

    assert [row["booking_id"] for row in await proposed(office)] == [before.id]


async def test_the_answers_are_counted_for_who_closed(office: Office):
    apollo, _ = await office.room("Apollo"), await office.room("Spree")
    for hour in (10, 12, 14):
        await office.book(apollo, at(hour, **TOMORROW))
    await office.book((await office.catalogues.current()).rooms[1], at(14, **TOMORROW), by=office.bob)
    closure = await close(office, apollo, at(9, 400, **TOMORROW))
    rerooming = rerooming_of(office)
    await rerooming.advance(office.clock.now())
    first = next(row for row in await proposed(office) if row["offered_room_id"])
    await rerooming.accept(first["id"], by=office.ana)

    (progress,) = await rerooming.progress()

    assert progress.closure_id == closure
    assert (progress.waiting, progress.nothing_free, progress.taken) == (1, 1, 1)
    (kept,) = await rerooming.get([first["id"]])
    assert (kept.status, kept.reason, kept.room and kept.room.name) == ("accepted", "painting", "Spree")


async def test_two_hundred_and_more_are_done_in_rounds(office: Office):
    apollo = await office.room("Apollo")
    for name in ("Kiez", "Spree"):
        await office.room(name)
    for day in range(45):
        for hour in range(8, 13):
            await office.book(apollo, at(hour, days=day))
    await shut(office, apollo)

    assert await rerooming_of(office).advance(office.clock.now()) == 225 - sum(
        1 for hour in range(8, 13) if at(hour).start <= office.clock.now()
    )
    assert await office.count("SELECT count(*) FROM proposals WHERE offered_room_id IS NULL") == 0


@pytest.mark.parametrize(
    ("damage", "invariant"),
    [
        (
            "DELETE FROM room_claims WHERE proposal_id IS NOT NULL",
            "a proposal has not exactly the claims of the room that it holds",
        ),
        ("UPDATE proposals SET status = 'moved'", "a proposal has not exactly the claims of the room that it holds"),
        ("DELETE FROM deliveries WHERE kind = 'proposal'", "a booker was not told that their room closes"),
        (
            (
                "UPDATE rooms SET updated_at = now() - interval '1 hour'; UPDATE locations SET updated_at = now() - interval"
                " '1 hour'; UPDATE proposals SET status = 'moved'; DELETE FROM room_claims WHERE proposal_id IS NOT NULL"
            ),
            "a room out of use is booked ahead, and nothing was proposed",
        ),
    ],
)
async def test_what_is_wrong_with_a_proposal_is_found(office: Office, damage: str, invariant: str):
    apollo, _ = await office.room("Apollo"), await office.room("Spree")
    await office.book(apollo, at(10))
    await shut(office, apollo)
    await rerooming_of(office).advance(office.clock.now())
    assert await violations(office.db) == []

    await office.damage(damage)

    assert [one.name for one in await violations(office.db)] == [invariant]
