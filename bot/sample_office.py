"""The made-up company's office: a hall that can be divided, things to borrow, a room that is asked for, and four weeks of
use behind it, so that series, approvals and figures have something to show on the first day.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from core.approval_deciding import Approvals
from core.bookings import Bookings
from core.catalogue import Catalogue, Catalogues
from core.clock import SetClock
from core.db import Database, WriteSession
from core.demand import Demand
from core.divisible import Divisible
from core.equipment import Equipments
from core.errors import BookingError
from core.models import Booking, Person, Room, Slot, Wish
from core.presence import Presence
from core.rooms import Rooms
from core.search import Search

WEEKS_BACK = 4
SEED = 4

HALL, PARTS = "Hall", ("Hall A", "Hall B")
ASKED_FOR = "Studio"
EQUIPMENT = (
    ("New York", "projector on wheels", 2),
    ("New York", "flipchart", 3),
    ("Berlin", "projector on wheels", 1),
)
# How full a room is on a usual working day, in meetings; the rest is chance.
USUAL = {"Apollo": 4, "Big Ben": 3, "Boardroom": 2, "Corner": 4, "Hudson": 3, "Skylight": 3, "Kiez": 3, "Mauerpark": 3}
# Boards meet in threes.
FEW = {"Boardroom": (2, 3)}
# What people looked for in vain, and how often in these weeks: seats, what the room should have had, place.
IN_VAIN = ((24, (), "Berlin", 6), (4, ("projector", "video"), "Berlin", 5), (45, (), "New York", 4))


async def furnish(db: Database, catalogues: Catalogues) -> None:
    """Divide the hall, put things to borrow beside the rooms, and let one room be asked for."""
    catalogue = await catalogues.current()
    named = {room.name: room for room in catalogue.rooms}
    places = {place.name: place for place in catalogue.locations}
    await Divisible(db, catalogues).set_parts(named[HALL].id, [named[part].id for part in PARTS], by=None)
    for place, name, quantity in EQUIPMENT:
        await Equipments(db, catalogues).add(places[place].id, name, quantity, by=None)
    await Rooms(db, catalogues).set_policy(room_id=named[ASKED_FOR].id, approval=True)


async def past(db: Database, catalogues: Catalogues, people: Mapping[str, Person], *, now: datetime, until: date) -> None:
    """Let the company have met for some weeks before the day `until`: booked, and mostly attended."""
    clock = SetClock(now - timedelta(weeks=WEEKS_BACK, days=7))
    search = Search(db, catalogues, clock)
    bookings, presence = Bookings(db, catalogues, search, clock), Presence(db, catalogues, search, clock)
    catalogue = await catalogues.current()
    staff = [person for person in people.values() if not person.guest]
    chance = random.Random(SEED)  # noqa: S311 - made-up meetings
    made: list[tuple[Booking, Person]] = []
    for day in (until - timedelta(days=back) for back in range(WEEKS_BACK * 7, 0, -1)):
        if day.weekday() < 5:
            for room in catalogue.rooms:
                for _ in range(chance.randint(0, USUAL.get(room.name, 1))):
                    booker = chance.choice(staff)
                    clock.set(_moment(day, time(7), catalogue, room) - timedelta(days=chance.choice((0, 1, 1, 2, 5))))
                    try:
                        made.append(
                            (await bookings.book(_wish(chance, day, catalogue, room), by=booker.acting("sample")), booker)
                        )
                    except BookingError:
                        continue  # two made-up meetings met
    for booking, booker in sorted(made, key=lambda one: one[0].start):
        if catalogue.policy(booking.room).check_in and chance.random() < 0.8:
            clock.set(booking.start)
            await presence.check_in(booking.id, by=booker.acting("sample"))
    await _in_vain(Demand(db, catalogues, clock), clock, catalogue, staff, chance, until=until)


async def approve(db: Database, catalogues: Catalogues, people: Mapping[str, Person]) -> None:
    """Let an admin have approved in time what was asked for, so that none of it expires on the first day; it is no news."""
    clock = SetClock(datetime(2000, 1, 1, tzinfo=UTC))
    search = Search(db, catalogues, clock)
    approvals = Approvals(db, catalogues, Bookings(db, catalogues, search, clock), search, clock)
    admins = [person for person in people.values() if person.admin]
    for request in await approvals.waiting():
        clock.set(request.asked_at + (request.expires_at - request.asked_at) / 2)
        others = [one for one in admins if one.id != request.booking.booker.person_id]
        await approvals.approve(request.id, by=others[0].acting("sample") if others else None)

    async def work(session: WriteSession) -> None:
        await session.run(
            "UPDATE deliveries SET status = 'dropped', reason = 'made up', done_at = now()"
            " WHERE tenant_id = $1 AND kind = 'decided' AND status = 'pending'",
            session.tenant,
        )

    await db.write(work, repeatable=True)


def _wish(chance: random.Random, day: date, catalogue: Catalogue, room: Room) -> Wish:
    start = _moment(day, time(chance.randint(8, 16), chance.choice((0, 0, 30))), catalogue, room)
    least, most = FEW.get(room.name, ((room.capacity + 2) // 3, room.capacity))
    return Wish(
        slot=Slot(start=start, end=start + timedelta(minutes=chance.choice((30, 30, 60, 60, 90)))),
        attendees_count=chance.randint(least, most),
        room_id=room.id,
    )


async def _in_vain(
    demand: Demand, clock: SetClock, catalogue: Catalogue, staff: list[Person], chance: random.Random, *, until: date
) -> None:
    places = {place.name: place for place in catalogue.locations}
    for people, amenities, name, times in IN_VAIN:
        place = places[name]
        for _ in range(times):
            day = until - timedelta(days=chance.randint(1, WEEKS_BACK * 7))
            start = datetime.combine(day, time(chance.randint(9, 16)), tzinfo=ZoneInfo(place.zone)).astimezone(UTC)
            clock.set(start - timedelta(days=1))
            slot = Slot(start=start, end=start + timedelta(hours=1))
            wish = Wish(slot=slot, attendees_count=people, amenities=frozenset(amenities), location_id=place.id)
            await demand.note(wish, None, by=chance.choice(staff).acting("sample"), surface="sample")


def _moment(day: date, at: time, catalogue: Catalogue, room: Room) -> datetime:
    return datetime.combine(day, at, tzinfo=catalogue.place_of(room).tz).astimezone(UTC)


def busy_of(bookings: tuple[Booking, ...]) -> dict[UUID, list[Slot]]:
    """Return when each of those concerned is somewhere, the booker too."""
    found: dict[UUID, list[Slot]] = {}
    for booking in bookings:
        for person in (booking.booker, *booking.attendees):
            found.setdefault(person.person_id, []).append(booking.slot)
    return found
