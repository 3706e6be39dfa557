"""Where a meeting could go on: a later end in its room, or another room that fits its people better. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from core import bookkeeping, claims, errors, rules, store
from core.catalogue import Catalogue
from core.db import ReadSession
from core.models import Alternative, Booking, OfferKind, Rival, Room, Slot
from core.rounding import FIVE, rounded_down
from core.search import as_rival

LOOKED_AHEAD = timedelta(hours=4)
STEPS = (timedelta(minutes=15), timedelta(minutes=30), timedelta(minutes=60))
# A room is much too large when at most a third of its seats are needed.
MUCH_TOO_LARGE = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Growth:
    """How a booking could go on: `free_until` (None: nothing follows within four hours), who follows, ends to extend to."""

    free_until: datetime | None
    follows: Rival | None
    choices: tuple[datetime, ...]


async def room_to_grow(session: ReadSession, booking: Booking, catalogue: Catalogue, *, now: datetime) -> Growth:
    """Return how long the room stays free behind a booking that has it, and the later ends that no rule forbids.

    Who follows is told as far as the booker may see it; a held offer has neither title nor booker.
    """
    free_until = (await rooms_free_until(session, [booking], now=now)).get(booking.id)
    follows = await _who_follows(session, booking, free_until, catalogue) if free_until else None
    return Growth(free_until=free_until, follows=follows, choices=later_ends(booking, free_until, catalogue, now=now))


async def rooms_free_until(session: ReadSession, bookings: Sequence[Booking], *, now: datetime) -> dict[UUID, datetime]:
    """Return until when the room stays free behind each booking; those behind which nothing begins soon are left out."""
    of = [(booking, room) for booking in bookings for room in booking.rooms]
    windows = []
    for booking, room in of:
        end = booking.end + timedelta(minutes=room.teardown_minutes)
        windows.append((room, Slot(start=end, end=end + LOOKED_AHEAD)))
    free: dict[UUID, datetime] = {}
    for number, start in (await claims.first_starts(session, windows, now=now)).items():
        booking, room = of[number]
        until = start - timedelta(minutes=room.teardown_minutes)
        free[booking.id] = min(until, free.get(booking.id, until))
    return free


def later_ends(
    booking: Booking, free_until: datetime | None, catalogue: Catalogue, *, now: datetime
) -> tuple[datetime, ...]:
    """Return the later ends that can be had where the room is free until then, by the rules of this moment."""
    ends = (rounded_down(booking.end + step) for step in STEPS)
    return tuple(end for end in ends if _can_end(booking, end, free_until, catalogue, now=now))


def longest_end(
    booking: Booking, until: datetime, free_until: datetime | None, catalogue: Catalogue, *, now: datetime
) -> datetime | None:
    """Return the latest end up to a wanted one that can be had, on whole five minutes; None where there is none."""
    end = rounded_down(min(until, free_until or until, booking.end + LOOKED_AHEAD))
    while end > booking.end:
        if _can_end(booking, end, free_until, catalogue, now=now):
            return end
        end -= FIVE
    return None


def _can_end(booking: Booking, end: datetime, free_until: datetime | None, catalogue: Catalogue, *, now: datetime) -> bool:
    if not booking.holds_room or end <= now or (free_until is not None and end > free_until):
        return False
    slot = Slot(start=booking.start, end=end)
    return all(
        _allowed(booking, catalogue, slot, room=room, now=now, people=min(booking.attendees_count, room.capacity))
        for room in booking.rooms
    )


async def _who_follows(session: ReadSession, booking: Booking, free_until: datetime, catalogue: Catalogue) -> Rival:
    """Return the first booking behind one whose room is free until then; a claim of another kind is a time alone."""
    between = claims.widest(booking.rooms, Slot(start=free_until, end=free_until))
    before = max(other.setup_minutes for room in booking.rooms for other in catalogue.sharing(room))
    begins = between.end + timedelta(minutes=booking.room.setup_minutes)
    around = Slot(start=free_until, end=between.end + timedelta(minutes=before + 1))
    there = await store.in_window(session, [room.id for room in booking.rooms], around, catalogue)
    later = sorted((other for other in there if other.id != booking.id), key=lambda other: other.start)
    if not later:
        return Rival(slot=Slot(start=begins, end=begins + timedelta(minutes=1)))
    return as_rival(later[0], bookkeeping.clock(booking), catalogue)


async def better_room(
    session: ReadSession, booking: Booking, people: int, catalogue: Catalogue, *, now: datetime
) -> Alternative | None:
    """Return a free room at the same place for the booking's time, where its own is too small or much too large.

    It has as much as can be of what the booking's room has; of those the smallest that seats everybody.
    """
    own = booking.room
    if booking.more_rooms:
        return None
    if people > own.capacity:
        fitting = [room for room in catalogue.rooms_at(own.location_id) if room.capacity >= people]
    elif people * MUCH_TOO_LARGE <= own.capacity:
        fitting = [room for room in catalogue.rooms_at(own.location_id) if people <= room.capacity < own.capacity]
    else:
        return None
    rooms = [room for room in fitting if _allowed(booking, catalogue, booking.slot, room=room, now=now, people=people)]
    busy = await claims.busy_rooms(session, rooms, booking.slot, now=now, but=[booking.id])
    free = [room for room in rooms if room.id not in busy and room.id != own.id]
    if not free:
        return None
    best = min(free, key=lambda room: _unlikeness(room, own))
    return Alternative(kind=OfferKind.OTHER_ROOM, room=best, location=catalogue.place_of(best), slot=booking.slot)


def _unlikeness(room: Room, own: Room) -> tuple[int, int, str, UUID]:
    return len(own.amenities - room.amenities), room.capacity, room.name.casefold(), room.id


def _allowed(
    booking: Booking, catalogue: Catalogue, slot: Slot, *, room: Room, now: datetime, people: int | None = None
) -> bool:
    """Tell whether no rule stands against a change by the booker, whose rights are taken to be anybody's."""
    count = people or booking.attendees_count
    found = rules.in_force(
        slot, room=room, catalogue=catalogue, attendees_count=count, actor=bookkeeping.clock(booking), now=now
    )
    return not [error for error in found if not isinstance(error, errors.GuestsMayNotBook | errors.MayNotBook)]
