"""A sentence, or a button that stands for one, becomes a booking; what is open is asked, what is refused has ways out."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from core.errors import NothingFits
from core.models import KEEP, Booking, Change, Location, Room
from core.search import all_taken_sentence
from handlers.assumed import worth_saying
from handlers.attending import tellable
from handlers.drafts import ChosenPlace, Draft, Reread, Target
from handlers.edit_modal import changeable
from handlers.inviting import invitee_ids
from handlers.previewing import previewed
from handlers.replies import Message
from handlers.requests import Click, Command
from handlers.sentence.model import Reading, Refusal
from handlers.series_drafts import SeriesDraft
from handlers.services import Desk
from handlers.understanding import draft_of, home_of, places_of, understood, unknown_place
from handlers.views import bookings as views
from handlers.views import questions
from handlers.wanted import wanting


async def book_sentence(request: Command | Click, sentence: str, desk: Desk, *, home: Location | None = None) -> Message:
    """Book what a sentence says, or ask what it leaves open."""
    if not desk.catalogue.bookable:
        return questions.no_rooms(desk.reader)
    return await book_reading(request, understood(sentence, desk, home=home), sentence, desk)


async def book_reading(request: Command | Click, read: Reading | Refusal, sentence: str, desk: Desk) -> Message:
    """Book what was read, or ask what it leaves open."""
    match read:
        case Refusal():
            return questions.not_read(read)
        case Reading():
            if question := _open_question(read, sentence, desk):
                return question
            if read.recurrence:
                return await _series(read, desk)
            return await _book(request, read, sentence, desk)
        case _:
            assert_never(read)


def _open_question(reading: Reading, sentence: str, desk: Desk) -> Message | None:
    places = places_of(desk)
    if (unknown := unknown_place(reading)) is not None:
        return questions.unknown_place(unknown, places)
    if reading.room is None and reading.place is None and len(places) > 1:
        return questions.which_place(places, sentence)
    return None


async def _series(reading: Reading, desk: Desk) -> Message:
    """Show what would come of a sentence that repeats."""
    draft = draft_of(reading)
    # Without a room or place, the one whose clock the sentence was read on.
    home = None if draft.room or draft.place else home_of(desk)
    draft = draft.model_copy(update={"place": home.id}) if home else draft
    whole = SeriesDraft.of(draft, reading.recurrence or "", reading.zone, left_out=reading.left_out)
    return await previewed(whole, desk, assumptions=reading.assumptions)


async def _book(request: Command | Click, reading: Reading, sentence: str, desk: Desk) -> Message:
    draft = draft_of(reading)
    with wanting(draft, sentence=sentence):
        wish = draft.wish(await invitee_ids(draft.invitees, desk))
        made = await desk.services.bookings.book_once(wish, by=desk.actor, key=request.key)
    booking, reader = made.booking, desk.reader
    if made.before:
        return views.same_again(booking, draft, reader)
    return views.booked(booking, reader, assumptions=worth_saying(reading, booking, desk), tellable=tellable(request))


async def read_button(click: Click, desk: Desk) -> Message:
    """Answer a button that stands for a sentence."""
    return await book_sentence(click, click.value or "", desk)


async def take(click: Click, desk: Desk) -> Message:
    """Book exactly what a button offers; also when the person wants the same once more."""
    return views.booked(await _taken(click, desk), desk.reader, tellable=tellable(click))


async def take_aside(click: Click, desk: Desk) -> Message:
    """Book what a button offers that stays: used again, it answers with what has become of the booking."""
    booking = await changeable((await _taken(click, desk)).id, desk)
    return views.booked(booking, desk.reader, tellable=tellable(click))


async def _taken(click: Click, desk: Desk) -> Booking:
    draft = Draft.load(click.value)
    with wanting(draft):
        wish = draft.wish(await invitee_ids(draft.invitees, desk))
        return await desk.services.bookings.book(wish, by=desk.actor, key=click.key)


async def choose_place(click: Click, desk: Desk) -> Message:
    """Remember the person's usual place, then go on with the sentence that asked for it."""
    chosen = ChosenPlace.load(click.value)
    place = desk.catalogue.location(chosen.place)
    await desk.services.people.settle(desk.person.id, location_id=place.id)
    desk.services.directory.forget(desk.sender)
    settled = replace(desk, person=replace(desk.person, default_location_id=place.id))
    return await book_sentence(click, chosen.sentence, settled, home=place)


async def read_again(click: Click, desk: Desk) -> Message:
    """Change a booking to what another reading of its sentence says; never book a second."""
    reread = Reread.load(click.value)
    booking = await desk.services.bookings.get(reread.booking)
    reading = understood(reread.sentence, desk, home=booking.location)
    if isinstance(reading, Refusal):
        return questions.where_to(booking, because=reading.message)
    draft = draft_of(reading)
    with wanting(Target(booking=reread.booking, version=reread.version), sentence=reread.sentence):
        room = await room_for(draft, booking, desk)
        people = await invitee_ids(draft.invitees, desk)
        change = Change(
            slot=draft.slot,
            room_id=room.id,
            title=draft.title,
            attendees_count=draft.people,
            private=draft.private,
            invitees=people or KEEP,
            more_room_ids=draft.more_rooms,
            equipment=draft.things,
        )
        done = await desk.services.bookings.change(booking.id, change, version=reread.version, by=desk.actor, key=click.key)
    return views.changed(done, desk.reader, assumptions=worth_saying(reading, done.after, desk))


async def room_for(draft: Draft, booking: Booking, desk: Desk) -> Room:
    """Return the room named, else the one that the booking has where it still does, else the best that is free.

    Raises NothingFits where its own room does not do and all that do are taken.
    """
    if draft.room is not None:
        return desk.catalogue.room(draft.room)
    wish, room, search = draft.wish(), booking.room, desk.services.search
    suits = room.capacity >= wish.attendees_count and wish.amenities <= room.amenities
    suits = suits and wish.location_id in {None, room.location_id} and wish.floor in {None, room.floor}
    if suits and not await search.rivals(room, wish.slot, by=desk.actor, but=[booking.id]):
        return room
    found = await search.find(wish, by=desk.actor)
    if found.free:
        return found.free[0].room
    if suits:
        return room
    message = all_taken_sentence(found.taken, wish, catalogue=desk.catalogue, now=desk.services.clock.now())
    offers = await search.alternatives(wish, by=desk.actor, but=[booking.id])
    raise NothingFits(message, slot=wish.slot, alternatives=offers)
