"""Lists of bookings, hot and archived: what is on which page, held against a list in memory."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from core.catalogue import Catalogue
from core.errors import BookingNotFound, LocationNotFound, RoomNotFound
from core.ids import new_id
from core.listing import ON, REACH, Listing, Wanted
from core.models import HOLDS_ROOM, Booking, Slot, Status
from tests.core.office import MONDAY, Office, at


@pytest.fixture
def listing(office: Office) -> Listing:
    return Listing(office.db, office.catalogues)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A booking as it was put there."""

    id: UUID
    rooms: tuple[UUID, ...]
    people: tuple[UUID, ...]
    slot: Slot
    status: Status
    private: bool
    archived: bool


def visible(booking: Booking, _: Catalogue) -> bool:
    return not booking.private


async def filled(office: Office, dice: random.Random, count: int = 250) -> list[Row]:
    """Put bookings into four rooms at two places, of three people, some of them archived; they need not be possible."""
    rooms = [await office.room(name, place=place) for place in (office.berlin, office.tokyo) for name in ("Oak", "Elm")]
    people = [one.person_id for one in (office.ana, office.bob, office.boss)]
    rows = []
    for _ in range(count):
        start = MONDAY + timedelta(hours=dice.randrange(-200 * 24, 60 * 24))
        slot = Slot(start=start, end=start + timedelta(hours=dice.choice([1, 1, 2, 24, 24 * 20])))
        over = slot.end < MONDAY
        statuses = [one for one in Status if one not in HOLDS_ROOM] if over else list(Status)
        # Rooms of one booking are at one place.
        there = dice.choice([rooms[:2], rooms[2:]])
        row = Row(
            id=new_id(),
            rooms=tuple(room.id for room in dice.sample(there, dice.choice([1, 1, 2]))),
            people=tuple(dice.sample(people, dice.choice([1, 2]))),
            slot=slot,
            status=dice.choice(statuses),
            private=dice.random() < 0.3,
            archived=over and dice.random() < 0.7,
        )
        rows.append(row)
        await put(office, row)
    return rows


async def put(office: Office, row: Row) -> None:
    tenant, (first, *more), (booker, *guests) = office.db.tenant, row.rooms, row.people
    times = f"'{row.slot.start.isoformat()}', '{row.slot.end.isoformat()}', '{row.status}', {row.private}"
    if row.archived:
        invited = json.dumps([{"person_id": str(guest), "co_organiser": False, "response": None} for guest in guests])
        beside = "{" + ",".join(map(str, more)) + "}"
        await office.damage(
            "INSERT INTO bookings_archive (tenant_id, id, room_id, more_rooms, booked_by, attendees, start_time, end_time,"
            " status, private, attendees_count, created_at, updated_at, version) VALUES"
            f" ('{tenant}', '{row.id}', '{first}', '{beside}', '{booker}', '{invited}', {times}, 1, now(), now(), 2)"
        )
        return
    script = (
        "INSERT INTO bookings (tenant_id, id, room_id, booked_by, start_time, end_time, status, private)"
        f" VALUES ('{tenant}', '{row.id}', '{first}', '{booker}', {times});"
    )
    for room in more:
        script += f"INSERT INTO booking_rooms (tenant_id, booking_id, room_id) VALUES ('{tenant}', '{row.id}', '{room}');"
    for guest in guests:
        script += f"INSERT INTO attendees (tenant_id, booking_id, person_id) VALUES ('{tenant}', '{row.id}', '{guest}');"
    await office.damage(script)


def expected(rows: list[Row], wanted: Wanted, places: dict[UUID, UUID], *, own: UUID) -> list[UUID]:
    narrow = wanted.person_id not in {None, own}
    found = [
        row
        for row in rows
        if wanted.start - REACH <= row.slot.start < wanted.end
        and row.slot.end > wanted.start
        and row.status in wanted.statuses
        and (not wanted.room_ids or set(row.rooms) & set(wanted.room_ids))
        and (wanted.location_id is None or any(places[room] == wanted.location_id for room in row.rooms))
        and (wanted.person_id is None or wanted.person_id in row.people)
        and not (narrow and row.private)
    ]
    return [row.id for row in sorted(found, key=lambda row: (row.slot.start, row.id))]


async def paged(listing: Listing, wanted: Wanted, office: Office, *, limit: int) -> list[UUID]:
    told: list[Booking] = []
    after: tuple[datetime, UUID] | None = None
    while True:
        asked = Wanted(**{name: getattr(wanted, name) for name in wanted.__slots__ if name != "after"}, after=after)
        page = await listing.page(asked, by=office.ana, seen=visible, limit=limit)
        told += page.bookings
        if not page.more:
            return [one.id for one in told]
        assert len(page.bookings) == limit
        after = (page.bookings[-1].start, page.bookings[-1].id)


@pytest.mark.parametrize("seed", range(3))
async def test_pages_hold_what_a_list_in_memory_holds(office: Office, listing: Listing, seed: int):
    dice = random.Random(seed)
    rows = await filled(office, dice)
    rooms = {room.id: room.location_id for room in (await office.catalogues.current()).rooms}
    people = [one.person_id for one in (office.ana, office.bob, office.boss, office.visitor)]
    for _ in range(60):
        start = MONDAY + timedelta(hours=dice.randrange(-220 * 24, 60 * 24))
        place = dice.choice([None, None, office.berlin.id, office.tokyo.id])
        wanted = Wanted(
            start=start,
            end=start + timedelta(hours=dice.choice([1, 24, 24 * 31, 24 * 366])),
            room_ids=tuple(dice.sample(sorted(rooms), dice.choice([0, 0, 1, 2]))) if place is None else (),
            location_id=place,
            person_id=dice.choice([None, None, *people]),
            statuses=dice.choice([ON, tuple(Status), tuple(HOLDS_ROOM), (Status.CANCELLED,)]),
        )
        told = await paged(listing, wanted, office, limit=dice.choice([1, 3, 50]))
        assert told == expected(rows, wanted, rooms, own=office.ana.person_id), wanted


async def test_rooms_and_places_that_are_not_there_are_refused(office: Office, listing: Listing):
    window = {"start": MONDAY, "end": MONDAY + timedelta(days=1)}
    with pytest.raises(RoomNotFound):
        await listing.page(Wanted(**window, room_ids=(new_id(),)), by=office.ana, seen=visible, limit=1)
    with pytest.raises(LocationNotFound):
        await listing.page(Wanted(**window, location_id=new_id()), by=office.ana, seen=visible, limit=1)
    with pytest.raises(BookingNotFound):
        await listing.get(new_id())


async def test_the_newest_thing_that_happened_is_known(office: Office, listing: Listing):
    assert await listing.newest() is None
    booking = await office.book(await office.room("Oak"), at(10))
    office.clock.advance(timedelta(minutes=5))
    await office.bookings.cancel(booking.id, by=office.ana)
    assert await listing.newest() == MONDAY + timedelta(minutes=5)
    assert [one.kind.value for one in await listing.history(booking.id)] == ["booked", "cancelled"]
    assert [one.kind.value for one in await listing.history(booking.id, after=1)] == ["cancelled"]
