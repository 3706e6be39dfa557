"""Moving a booking to another time or room: by words, by a button, by a list of rooms that are free then."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from core.models import KEEP, Booking, Change, Keep, Slot, Wish
from handlers import booking as booking_words
from handlers.drafts import Draft, Exchanging, Moving, Picked, Target
from handlers.edit_modal import changeable
from handlers.picking import Match, matching, named, own, says_something
from handlers.replies import Message
from handlers.requests import Click, Command
from handlers.sentence.model import Fragment, Reading, Refusal
from handlers.services import Desk
from handlers.understanding import LONGEST, understood, understood_part
from handlers.views import bookings as views
from handlers.views import questions
from handlers.wall_time import moment
from handlers.wanted import wanting

_TO = re.compile(r"(?:^|\s)(?:to|->|→)\s", re.IGNORECASE)
_OTHER = re.compile(r"(?:an?\s+)?(?:other|another|different)\s+(?:room|one)", re.IGNORECASE)
# After "to", a number alone is an hour.
_HOUR = re.compile(r"\d{1,2}(?:[.:]\d{2})?")
_EARLIER = re.compile(r"(?:by\s+)?(.+?)\s+earlier", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """Which bookings a sentence means, and where it sends the one."""

    which: Match
    where: str


async def typed(request: Command | Click, rest: str, desk: Desk) -> Message:
    """Move the booking that the words mean where they say; ask where they may mean several."""
    bookings = await own(desk)
    if not bookings:
        return views.none_ahead(desk.reader)
    order = _order(rest[:LONGEST], bookings, desk)
    if not order.which.bookings:
        return questions.which_to_move(bookings, order.where, desk.reader, unmatched=True)
    if len(order.which.bookings) > 1 or not order.which.sure:
        return questions.which_to_move(order.which.bookings, order.where, desk.reader)
    return await _move(request, order.which.bookings[0], order.where, desk)


async def picked(click: Click, desk: Desk) -> Message:
    """Move the booking that the person picked where the sentence said."""
    choice = Picked.load(click.value)
    booking = await changeable(choice.booking, desk)
    return await _move(click, booking, choice.sentence, desk, instead=choice.instead)


async def clicked(click: Click, desk: Desk) -> Message:
    """Move a booking to the room and time of a button."""
    to = Moving.load(click.value)
    with wanting(Target(booking=to.booking, version=to.version)):
        change = Change(slot=to.slot, room_id=to.room, more_room_ids=to.more_rooms or KEEP, instead_of=_or_kept(to.instead))
        done = await desk.services.bookings.change(to.booking, change, version=to.version, by=desk.actor, key=click.key)
    return views.changed(done, desk.reader)


async def other_room(click: Click, desk: Desk) -> Message:
    """Offer the rooms that are free at a booking's time; of several rooms, ask first which one is to be exchanged."""
    asked = Exchanging.load(click.value)
    return await _other_rooms(await changeable(asked.booking, desk), desk, instead=asked.instead)


async def _other_rooms(booking: Booking, desk: Desk, *, instead: UUID | None = None) -> Message:
    if booking.more_rooms:
        given_up = next((room for room in booking.rooms if room.id == instead), None)
        if given_up is None:
            return questions.which_to_exchange(booking, desk.reader)
        offers = await desk.services.search.instead_of(booking, given_up, by=desk.actor)
        return questions.others_beside(booking, given_up, [one.room for one in offers], desk.reader)
    wish = Wish(slot=booking.slot, attendees_count=booking.attendees_count, location_id=booking.location.id)
    with wanting(Target.at(booking)):
        found = await desk.services.search.find(wish, by=desk.actor)
    return questions.other_rooms(booking, found.free, desk.reader)


def _order(text: str, bookings: tuple[Booking, ...], desk: Desk) -> Order:
    """Take a sentence apart: "X to Y" where X means a booking, else its longest beginning that names one."""
    splits = [(text[: found.start()].strip(), text[found.end() :].strip()) for found in _TO.finditer(text)]
    for which, where in reversed(splits):
        if some := named(bookings, which):
            return Order(which=Match(bookings=some), where=where)
    for which, where in splits:
        match = matching(bookings, which, desk)
        if match.bookings:
            return Order(which=match, where=where)
    words = text.split()
    for count in range(len(words), 0, -1):
        if some := named(bookings, " ".join(words[:count])):
            return Order(which=Match(bookings=some), where=" ".join(words[count:]))
    if splits:
        return Order(which=Match(bookings=()), where=splits[-1][1])
    return Order(which=Match(bookings=bookings), where=text)


async def _move(
    request: Command | Click, booking: Booking, where: str, desk: Desk, *, instead: UUID | None = None
) -> Message:
    if _OTHER.fullmatch(where):
        return await _other_rooms(booking, desk)
    if _HOUR.fullmatch(where):
        where = f"at {where}"
    part = _part(where, booking, desk)
    if isinstance(part, Refusal):
        return questions.where_to(booking, because=part.message)
    if not says_something(part):
        return questions.where_to(booking)
    if booking.more_rooms and part.room and instead is None:
        return questions.which_gives_way(booking, part.room, where, desk.reader)
    with wanting(Target.at(booking)):
        draft = Draft.like(booking).model_copy(update=_changes(booking, part, where, desk))
        change = Change(
            slot=draft.slot,
            room_id=await _room(booking, part, draft, desk),
            instead_of=_or_kept(instead),
            attendees_count=part.attendees or KEEP,
            title=part.title or KEEP,
        )
        done = await desk.services.bookings.change(
            booking.id, change, version=booking.version, by=desk.actor, key=request.key
        )
    return views.changed(done, desk.reader)


async def _room(booking: Booking, part: Fragment, draft: Draft, desk: Desk) -> UUID | Keep:
    """Return the room to go to; several rooms stay, unless one is named."""
    if booking.more_rooms and part.room is None:
        return KEEP
    return (await booking_words.room_for(draft, booking, desk)).id


def _or_kept(room: UUID | None) -> UUID | Keep:
    return KEEP if room is None else room


def _part(where: str, booking: Booking, desk: Desk) -> Fragment | Refusal:
    """Read where a booking is to go; "an hour earlier" is an hour, counted back."""
    back = _EARLIER.fullmatch(where)
    part = understood_part(f"by {back[1]}" if back else where, desk, home=booking.location)
    if back and isinstance(part, Fragment) and part.shift_min:
        return replace(part, shift_min=-part.shift_min)
    return part


def _changes(booking: Booking, part: Fragment, where: str, desk: Desk) -> dict[str, object]:
    """Return what a fragment changes of the wish that the booking came from."""
    slot = _slot(booking, part, where, desk)
    return {
        "start": int(slot.start.timestamp()),
        "end": int(slot.end.timestamp()),
        "room": part.room.id if part.room else None,
        "place": None if part.room else (part.place if part.place and part.location else booking.location).id,
        "floor": part.floor if not part.room else None,
        "people": part.attendees or booking.attendees_count,
        "amenities": tuple(part.amenities),
    }


def _slot(booking: Booking, part: Fragment, where: str, desk: Desk) -> Slot:
    """Return the new time: what is not said stays, the date and the length too."""
    length = booking.slot.length
    if part.duration_min:
        length = timedelta(minutes=part.duration_min)
    start = _start(booking, part, where, desk)
    return Slot(start=start, end=start + length)


def _start(booking: Booking, part: Fragment, where: str, desk: Desk) -> datetime:
    if part.shift_min:
        return booking.start + timedelta(minutes=part.shift_min)
    place = desk.catalogue.place_of(part.room) if part.room else part.place or booking.location
    was = booking.start.astimezone(place.tz)
    if part.start:
        day = part.start.date() if _names_a_date(where, booking, desk) else was.date()
        return moment(day, part.start.time(), place, fold=part.fold)
    if part.day:
        return moment(part.day.date(), was.time(), place, fold=was.fold)
    return booking.start


def _names_a_date(where: str, booking: Booking, desk: Desk) -> bool:
    """Tell whether the words name a day: an hour alone is meant on the day that the booking has."""
    reading = understood(where, desk, home=booking.location)
    return not isinstance(reading, Reading) or all(assumption.about != "date" for assumption in reading.assumptions)
