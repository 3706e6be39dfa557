"""A day of a location as a planner shows it: when each room is open, who holds it, what is closed, what is free.

As far as whoever looks may see it; None is somebody who has not signed in. Kept out: how it is drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from core import claims, rights, store
from core.catalogue import Catalogue, Catalogues
from core.clock import Clock
from core.db import Database, ReadSession
from core.models import Actor, Booking, Location, Right, Room, Slot, Status
from core.search import hidden

DAY_MINUTES = 24 * 60
# Who has not signed in has nobody's id: nothing is theirs.
STRANGER = Actor(person_id=UUID(int=0), slack_user_id="", name="", surface="web")

# What is over holds nothing any more, but stands in the day all the same.
_OVER = """
SELECT b.id FROM bookings b WHERE b.tenant_id = $1 AND b.start_time < $4 AND b.end_time > $3 AND b.status = 'ended'
    AND b.room_id = ANY($2::uuid[])
UNION
SELECT b.id FROM booking_rooms m JOIN bookings b ON b.tenant_id = m.tenant_id AND b.id = m.booking_id
WHERE m.tenant_id = $1 AND m.room_id = ANY($2::uuid[]) AND b.start_time < $4 AND b.end_time > $3 AND b.status = 'ended'
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """What holds a room for a time. A private meeting has neither title nor `who`, unless one may see them.

    `held_until` is set where it is no booking: it is kept until then for somebody on the waiting list, `mine` where that
    is who looks. `through` is the room that is held, where that is a part of this one or what this is a part of.
    """

    slot: Slot
    booking_id: UUID | None = None
    title: str | None = None
    who: str | None = None
    private: bool = False
    mine: bool = False
    pending: bool = False
    held_until: datetime | None = None
    through: Room | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Shut:
    """A time for which a room is closed; `reason` is a holiday's name or what the admin wrote, None outside of its hours."""

    slot: Slot
    reason: str | None = None
    closure: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class RoomBoard:
    """A room on a day. `free` are the times that a meeting can have; past ones too, since the day goes on."""

    room: Room
    taken: tuple[Entry, ...]
    shut: tuple[Shut, ...]
    free: tuple[Slot, ...]
    shortest_minutes: int
    may_book: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class DayBoard:
    """All rooms in use of a location, by name, for one of its days; `window` is that day from midnight to midnight."""

    location: Location
    day: date
    today: date
    window: Slot
    rooms: tuple[RoomBoard, ...]


class Board:
    """Looks at days; changes nothing."""

    def __init__(self, db: Database, catalogues: Catalogues, clock: Clock) -> None:
        self._db = db
        self._catalogues = catalogues
        self._clock = clock

    async def day(self, location_id: UUID, day: date | None, *, by: Actor | None) -> DayBoard:
        """Return a day of a location, today on its own clock where None; raises LocationNotFound."""
        catalogue, now = await self._catalogues.current(), self._clock.now()
        place, asker = catalogue.location(location_id), by or STRANGER
        today = now.astimezone(place.tz).date()
        day = day or today
        window = Slot(start=at(day, 0, place.tz), end=at(day, DAY_MINUTES, place.tz))
        rooms = catalogue.rooms_at(place.id)
        taken = await self._db.read(lambda session: _taken(session, rooms, window, catalogue, by=asker, now=now))
        boards = (_room(room, taken.get(room.id, []), day, window, catalogue, by=asker) for room in rooms)
        return DayBoard(location=place, day=day, today=today, window=window, rooms=tuple(boards))

    async def ahead(self, room: Room, window: Slot) -> tuple[Entry, ...]:
        """Return what holds a room in a window, in order, as everybody may see it."""
        catalogue, now = await self._catalogues.current(), self._clock.now()
        found = await self._db.read(lambda session: _taken(session, [room], window, catalogue, by=STRANGER, now=now))
        return tuple(sorted(found.get(room.id, []), key=lambda one: one.slot.start))


def at(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    """Return the moment so many minutes after midnight on the wall; 1440 is the next midnight."""
    days, minutes = divmod(minutes, DAY_MINUTES)
    return datetime.combine(day + timedelta(days=days), time(minutes // 60, minutes % 60), tzinfo=zone)


async def _taken(
    session: ReadSession, rooms: Sequence[Room], window: Slot, catalogue: Catalogue, *, by: Actor, now: datetime
) -> dict[UUID, list[Entry]]:
    ids = [room.id for room in rooms]
    there = {one.id: one for one in await store.in_window(session, ids, window, catalogue)}
    over = await session.all(_OVER, session.tenant, ids, window.start, window.end)
    there |= await store.bookings(session, [row["id"] for row in over], catalogue)
    kept, found = claims.by_leaf(rooms), dict[UUID, list[Entry]]()
    for booking in there.values():
        for room in {room.id: room for leaf in claims.leaves(booking.rooms) for room in kept.get(leaf, ())}.values():
            found.setdefault(room.id, []).append(_entry(room, booking, catalogue, by=by))
    for room, slot, until, person_id in await claims.offered(session, rooms, window, now=now):
        held = Entry(slot=slot, held_until=until, mine=person_id == by.person_id)
        found.setdefault(room.id, []).append(held)
    return found


def _entry(room: Room, booking: Booking, catalogue: Catalogue, *, by: Actor) -> Entry:
    booking = hidden(booking, catalogue)
    # What everybody may manage, whoever has not signed in may not.
    manages = by is not STRANGER and all(rights.may(by, Right.MANAGE, one, catalogue) for one in booking.rooms)
    seen = manages or booking.details_for(by)
    shared = (one for one in booking.rooms if set(one.leaves) & set(room.leaves))
    return Entry(
        slot=_until_it_ended(booking),
        booking_id=booking.id,
        title=booking.title if seen else None,
        who=booking.booker.name if seen else None,
        private=booking.private,
        mine=booking.attended_by(by.person_id),
        pending=booking.status is Status.PENDING,
        through=None if any(one.id == room.id for one in booking.rooms) else next(shared, None),
    )


def _until_it_ended(booking: Booking) -> Slot:
    """Return the time that a meeting had: one that was ended early gave the rest of it back."""
    if booking.status is not Status.ENDED or not booking.start < booking.updated_at < booking.end:
        return booking.slot
    return Slot(start=booking.start, end=booking.updated_at)


def _room(room: Room, taken: list[Entry], day: date, window: Slot, catalogue: Catalogue, *, by: Actor) -> RoomBoard:
    place, policy = catalogue.place_of(room), catalogue.policy(room, by.groups)
    hours = policy.opening[day.weekday()]
    opening = Slot(start=at(day, hours.opens, place.tz), end=at(day, max(hours.opens, hours.closes), place.tz))
    shut = [Shut(slot=one) for one in without(window, [opening])]
    if name := catalogue.holiday(place, room, day, by.groups):
        shut = [Shut(slot=window, reason=name, closure=True)]
    for closure in catalogue.closures_of(room):
        if closure.slot.overlaps(window) and not closure.lets_pass(by):
            slot = Slot(start=max(closure.slot.start, window.start), end=min(closure.slot.end, window.end))
            shut.append(Shut(slot=slot, reason=closure.reason or "Closed", closure=True))
    # Of a meeting beside another, both are kept for longer than they last.
    beside = timedelta(minutes=room.setup_minutes + room.teardown_minutes)
    held = [Slot(start=one.slot.start - beside, end=one.slot.end + beside) for one in taken]
    return RoomBoard(
        room=room,
        taken=tuple(sorted(taken, key=lambda one: (one.slot.start, one.slot.end))),
        shut=tuple(sorted(shut, key=lambda one: (one.slot.start, not one.closure))),
        free=without(window, [*held, *(one.slot for one in shut)]),
        shortest_minutes=policy.shortest_minutes,
        may_book=by is STRANGER or catalogue.right_to_book(by, room) is not None,
    )


def without(window: Slot, gone: Iterable[Slot]) -> tuple[Slot, ...]:
    """Return what is left of a time, in order, when others are taken out of it."""
    left, start = [], window.start
    for one in sorted(gone, key=lambda slot: slot.start):
        if one.end <= start or one.start >= window.end or one.end <= one.start:
            continue
        if one.start > start:
            left.append(Slot(start=start, end=one.start))
        start = max(start, one.end)
    if start < window.end:
        left.append(Slot(start=start, end=window.end))
    return tuple(left)
