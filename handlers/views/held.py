"""What a booking holds, in words: its rooms, what a divisible one is made of, and what it borrows.

Kept out: when, and for whom.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from core import saying
from core.borrowing import lent
from core.models import Booking, Borrowed, Equipment, Room
from handlers.views.text import cut
from handlers.views.times import Reader, floor, room_facts

ROOM_SHOWN = 100
MOST_NAMED = 6


def named(rooms: Sequence[Room], length: int = ROOM_SHOWN) -> str:
    """Return "Apollo + Big Ben", each name cut so that two of them fit into the length given for one."""
    each = length if len(rooms) == 1 else max(length // 2, 10)
    shown = [cut(room.name, each) for room in rooms[:MOST_NAMED]]
    left = len(rooms) - len(shown)
    return " + ".join([*shown, *([f"{left} more"] if left else [])])


def rooms_of(booking: Booking, length: int = ROOM_SHOWN) -> str:
    """Return "Apollo + Big Ben" for a booking of both."""
    return named(booking.rooms, length)


def made_of(booking: Booking, reader: Reader) -> str:
    """Return "Hall (Hall A + Hall B)" for a booking of a divisible room, where no more rooms are in it; else its rooms."""
    parts = reader.parts(booking.room) if len(booking.rooms) == 1 else ()
    return f"{rooms_of(booking)} ({consisting(parts)})" if parts else rooms_of(booking)


def consisting(parts: Sequence[str]) -> str:
    """Return "Hall A + Hall B"."""
    shown = [cut(name, ROOM_SHOWN // 2) for name in parts[:MOST_NAMED]]
    left = len(parts) - len(shown)
    return " + ".join([*shown, *([f"{left} more"] if left else [])])


def same_rooms(one: Booking, other: Booking) -> bool:
    """Tell whether two bookings, or two states of one, are of the very same rooms."""
    return {room.id for room in one.rooms} == {room.id for room in other.rooms}


def verb(booking: Booking, one: str = "is", several: str = "are") -> str:
    """Return the form of a verb that goes with the rooms of a booking."""
    return one if len(booking.rooms) == 1 else several


def facts(booking: Booking) -> str:
    """Return "seats 8 · projector · 3rd floor", of several rooms what they have together."""
    return facts_of(booking.rooms)


def facts_of(rooms: Sequence[Room]) -> str:
    """Return what a room has, or what several have together."""
    if len(rooms) == 1:
        return room_facts(rooms[0])
    amenities = sorted({name for room in rooms for name in room.amenities})
    floors = dict.fromkeys(said for room in rooms if (said := floor(room)))
    seats = sum(room.capacity for room in rooms)
    parts = [f"{seats} seats together", ", ".join(amenities), saying.listed(floors)]
    return " · ".join(part for part in parts if part)


def borrowed(things: Sequence[Borrowed]) -> str:
    """Return "with 2 projectors on wheels and a flipchart", or nothing."""
    return coming((one.equipment, one.quantity) for one in things)


def coming(things: Iterable[tuple[Equipment, int]]) -> str:
    """Return the same for equipment with how many of each."""
    said = saying.listed(lent(cut(one.name, 60), count) for one, count in things)
    return f"with {said}" if said else ""


def changed(before: Sequence[Borrowed], after: Sequence[Borrowed]) -> tuple[str, str] | None:
    """Return what was borrowed and what is now, each in words; None where it is the same."""
    if [(one.equipment.id, one.quantity) for one in before] == [(one.equipment.id, one.quantity) for one in after]:
        return None
    return borrowed(before), borrowed(after) or "without equipment"
