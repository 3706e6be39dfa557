"""Which of a person's bookings some words mean: a room, a place, a day or time, words of the title."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.models import Booking
from handlers.sentence.model import Fragment
from handlers.services import Desk
from handlers.understanding import LONGEST, understood_part

MOST = 50
_WORD = re.compile(r"[^\W_]+")
_FILLERS = frozenset(
    {
        "the",
        "my",
        "a",
        "an",
        "our",
        "this",
        "that",
        "booking",
        "bookings",
        "meeting",
        "room",
        "in",
        "at",
        "on",
        "for",
        "of",
        "please",
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Match:
    """The bookings meant; `sure` is false where the words only come near them, so that one has to ask."""

    bookings: tuple[Booking, ...]
    sure: bool = True


async def own(desk: Desk) -> tuple[Booking, ...]:
    """Return the person's bookings ahead that they may change; what lies behind many dates of a series as well."""
    bookings = desk.services.bookings
    near = await bookings.mine(desk.actor, limit=MOST)
    further = await bookings.mine(desk.actor, limit=MOST, once_per_series=True) if len(near) == MOST else ()
    ahead = sorted({one.id: one for one in (*near, *further)}.values(), key=lambda one: (one.start, one.id))
    return tuple(booking for booking in ahead if booking.changeable_by(desk.actor))


def matching(bookings: Sequence[Booking], text: str, desk: Desk) -> Match:
    """Return the bookings that the words mean; all of them for no words."""
    words = words_of(text)
    if not words:
        return Match(bookings=tuple(bookings))
    if by_name := named(bookings, text):
        return Match(bookings=by_name)
    part = understood_part(text[:LONGEST], desk)
    if not isinstance(part, Fragment) or not any((part.start, part.day, part.room, part.location, part.floor)):
        return Match(bookings=())
    there = [booking for booking in bookings if _suits(booking, part)]
    there = [booking for booking in there if words & words_of(booking.title or "")] or there
    unread = _unread(text[:LONGEST], part, desk)
    if exact := [booking for booking in there if _at(booking, part)]:
        return Match(bookings=tuple(exact), sure=all(unread <= _names(booking) for booking in exact))
    # "3pm" alone is read as the next one; a booking at that hour of another day may still be meant.
    return Match(bookings=tuple(booking for booking in there if _same_clock(booking, part)), sure=False)


def _unread(text: str, part: Fragment, desk: Desk) -> frozenset[str]:
    """Return the words without which the text would say the same: who wrote them may mean a booking that is not there."""
    typed = text.split()
    without = {word: " ".join(other for other in typed if other != word) for word in set(typed)}
    spare = [word for word, rest in without.items() if understood_part(rest, desk) == part]
    return words_of(" ".join(word for word in spare if not _reads_by_itself(word, desk)))


def _reads_by_itself(word: str, desk: Desk) -> bool:
    """Tell whether a word says when or where even alone, so that it may be said twice ("tomorrow" where "3pm" means it)."""
    alone = understood_part(word, desk)
    return isinstance(alone, Fragment) and any((alone.start, alone.day, alone.room, alone.location, alone.floor))


def named(bookings: Sequence[Booking], text: str) -> tuple[Booking, ...]:
    """Return the bookings whose title, room and place hold every word; none for no words."""
    words = words_of(text)
    return tuple(booking for booking in bookings if words and words <= _names(booking))


def says_something(part: Fragment) -> bool:
    """Tell whether a fragment holds a time, a place or anything else by which to find or change a booking."""
    when = (part.start, part.day, part.duration_min, part.shift_min)
    return any((*when, part.room, part.location, part.floor, part.attendees, part.amenities, part.title))


def _suits(booking: Booking, part: Fragment) -> bool:
    """Tell whether the booking is in the room or place that is named."""
    if part.room and part.room.id != booking.room.id:
        return False
    if part.floor and (booking.room.floor or "").casefold() != part.floor.casefold():
        return False
    # The place of a fragment may only be where it was taken to be; it says something where its name was typed.
    return not (part.place and part.location and part.place.id != booking.location.id)


def _at(booking: Booking, part: Fragment) -> bool:
    start = booking.start.astimezone(booking.location.tz).replace(tzinfo=None)
    if part.start:
        return start == part.start and (not part.end or part.end - part.start == booking.slot.length)
    return part.day is None or start.date() == part.day.date()


def _same_clock(booking: Booking, part: Fragment) -> bool:
    return part.start is not None and booking.start.astimezone(booking.location.tz).time() == part.start.time()


def _names(booking: Booking) -> frozenset[str]:
    return words_of(f"{booking.title or ''} {booking.room.name} {booking.location.name}")


def words_of(text: str) -> frozenset[str]:
    """Return the words of a text, folded, without those that stand in any."""
    return frozenset(_WORD.findall(text.casefold())) - _FILLERS
