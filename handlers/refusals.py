"""Errors of the product as answers: the one place where a refusal gets its words and its ways out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from slack_sdk.models.blocks import ButtonElement

from core import errors
from core.borrowing import LentOutError
from core.errors import BookingError
from core.models import Alternative, Equipment, Location, OfferKind, Room, Slot
from core.search import suitable
from handlers.drafts import Draft, Moving, Target, UnreadableError
from handlers.filled import NoRooms
from handlers.ids import Action
from handlers.replies import Message
from handlers.services import Desk
from handlers.views import approving, buttons, questions, refusals
from handlers.views import series as series_views
from handlers.wanted import Wanted, wanted_of

MOST_OFFERS = 5


async def refuse(error: BookingError, desk: Desk) -> Message:
    """Return what is said when something cannot be done."""
    if isinstance(error, errors.StaleBooking | errors.StaleSeries | errors.NotActive | errors.NotWaiting):
        return await _overtaken(error, desk)
    wanted = wanted_of(error)
    match error:
        case NoRooms():
            return questions.no_rooms(desk.reader)
        case errors.KeyReused():
            # What it did stands where the button was.
            return replace(refusals.plain(["That has been done already."], [_mine()]), replace=False)
        case errors.BookingNotFound() | errors.NothingToUndo() | UnreadableError() | errors.TooLateToCancel():
            return refusals.plain([error.message], [_mine()])
        case errors.NotAllowed() | errors.GuestsMayNotBook() | errors.BookingCutoff():
            # No other room or time would change it: a button that ends in the same refusal is none.
            return refusals.plain([error.message])
    return await _with_ways_out(error, wanted, desk) if wanted else refusals.plain([error.message])


async def _with_ways_out(error: BookingError, wanted: Wanted, desk: Desk) -> Message:
    if isinstance(error, errors.TooLong | errors.TooShort) and isinstance(wanted.what, Draft):
        error.alternatives = (*await _of_allowed_length(error, wanted.what, desk), *error.alternatives)[:MOST_OFFERS]
    match error:
        case errors.PersonNotFound() if isinstance(wanted.what, Draft):
            alone = buttons.button("Book without inviting", Action.TAKE, wanted.what.alone())
            return refusals.plain([error.message], [alone])
        case errors.Busy() | errors.Unavailable():
            again = buttons.button("Try again", Action.READ, wanted.sentence) if wanted.sentence else None
            return refusals.plain([error.message], [again])
        case _ if isinstance(wanted.what, Moving):
            booking = await desk.services.bookings.get(wanted.what.booking)
            return refusals.not_longer(error, booking, desk.reader)
        case errors.QuotaReached() | errors.AnotherRoomThen():
            held = error.booking if isinstance(error, errors.AnotherRoomThen) else None
            return refusals.enough(error, wanted.what, desk.reader, held=held)
        case _:
            return _elsewhere(error, wanted.what, desk, waits_for=await waitable(error, wanted.what, desk))


async def _of_allowed_length(error: BookingError, draft: Draft, desk: Desk) -> tuple[Alternative, ...]:
    """Return the room that was named for as long as it may be booked from the same start, where it is free so long."""
    room = next((one for one in desk.catalogue.rooms if one.id == draft.room), None)
    if room is None or draft.more_rooms:
        return ()
    rules = desk.catalogue.policy(room, desk.actor.groups)
    minutes = rules.longest_minutes if isinstance(error, errors.TooLong) else rules.shortest_minutes
    if not minutes:
        return ()
    slot = Slot(start=draft.slot.start, end=draft.slot.start + timedelta(minutes=minutes))
    if await desk.services.search.rivals(room, slot, by=desk.actor):
        return ()
    return (Alternative(kind=OfferKind.SHORTER, room=room, location=desk.catalogue.place_of(room), slot=slot),)


async def _decided(error: errors.NotWaiting, desk: Desk) -> Message:
    """Return how a request stands, to an approver in the place of the message that asked."""
    request = await desk.services.approvals.of_booking(error.booking_id) if error.booking_id else None
    if request is None or request.booking.booker.person_id == desk.person.id:
        return refusals.plain([error.message], [_mine()])
    return approving.overtaken(error.message, request, desk.reader)


async def _overtaken(
    error: errors.StaleBooking | errors.StaleSeries | errors.NotActive | errors.NotWaiting, desk: Desk
) -> Message:
    """Return what became of a booking, a series or a request for approval since the person saw it."""
    if isinstance(error, errors.StaleSeries):
        return series_views.stale(error.series, error.by_slack_user_id, desk.reader)
    if isinstance(error, errors.NotWaiting):
        return await _decided(error, desk)
    change = await desk.services.bookings.last_change(error.booking.id)
    say = refusals.stale if isinstance(error, errors.StaleBooking) else refusals.not_active
    return say(error.booking, change, desk.reader)


async def waitable(error: BookingError, wanted: Draft | Target, desk: Desk) -> Draft | None:
    """Return what one can stand in line for: what somebody else holds now. None where nobody's leaving would help."""
    match error:
        case errors.SlotTaken(room=room, slot=slot):
            asked = wanted if isinstance(wanted, Draft) else await _moved(wanted, room, slot, desk)
        case LentOutError() if isinstance(wanted, Draft):
            asked = wanted
        case errors.NothingFits() if isinstance(wanted, Draft) and suitable(desk.catalogue, wanted.wish(), desk.actor):
            asked = wanted
        case _:
            return None
    if asked is None:
        return None
    return asked if asked.slot.start > desk.services.clock.now() else None


async def _moved(target: Target, room: Room, slot: Slot, desk: Desk) -> Draft | None:
    """Return the wish for where a booking could not go, unless it is the booking itself that is there."""
    booking = await desk.services.bookings.get(target.booking)
    if booking.holds_room and booking.room.id == room.id and booking.slot.overlaps(slot):
        return None
    start, end = int(slot.start.timestamp()), int(slot.end.timestamp())
    wish = Draft.like(booking).alone().model_copy(update={"start": start, "end": end})
    if not booking.more_rooms:
        return wish.model_copy(update={"room": room.id})
    # Of several rooms one is in the way; which others it was to have nobody knows, unless it is one that it has.
    return wish if any(one.id == room.id for one in booking.rooms) else None


def _elsewhere(error: BookingError, wanted: Draft | Target, desk: Desk, *, waits_for: Draft | None) -> Message:
    reader = desk.reader
    if isinstance(error, LentOutError):
        return refusals.lent_out(error, wanted, reader, waits_for=waits_for)
    if isinstance(error, errors.EquipmentTaken) and isinstance(wanted, Draft):
        too_many = [thing for thing, count in _things(wanted, desk) if count > thing.quantity]
        return refusals.more_than_there_are(error, wanted, too_many, reader)
    if isinstance(error, errors.SlotTaken):
        location = desk.catalogue.place_of(error.room)
        line = refusals.taken_line(error, location, reader)
        return refusals.elsewhere(error, line, wanted, reader, instead_of=error.slot, at=location, waits_for=waits_for)
    if isinstance(wanted, Target):
        # All offers are of the day that was wanted, at the place that it was wanted at.
        first = next(iter(error.alternatives), None)
        if first is None:
            return refusals.plain([error.message], refusals.further(wanted, reader, after_offers=False))
        return refusals.elsewhere(error, [error.message], wanted, reader, instead_of=first.slot, at=first.location)
    at = _place(wanted, desk)
    return refusals.elsewhere(
        error,
        refusals.at_own_clock(error, wanted.slot, at, reader),
        wanted,
        reader,
        instead_of=wanted.slot,
        at=at,
        waits_for=waits_for,
    )


def _things(draft: Draft, desk: Desk) -> list[tuple[Equipment, int]]:
    known = {one.id: one for one in desk.catalogue.equipment}
    return [(known[thing], count) for thing, count in draft.things if thing in known]


def _place(draft: Draft, desk: Desk) -> Location | None:
    """Return the location that a wish is about, where it says one that still exists."""
    place = draft.place
    if draft.room:
        place = next((room.location_id for room in desk.catalogue.rooms if room.id == draft.room), place)
    return next((location for location in desk.catalogue.locations if location.id == place), None)


def _mine() -> ButtonElement | None:
    return buttons.run("My bookings", "mine")
