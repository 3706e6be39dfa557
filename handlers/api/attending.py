"""What is done about a booking over the API: taken back, exchanged, attended, ended, prolonged; and where it could go.

Kept out: changing what it is (`bookings`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from core import bookkeeping, errors
from core.models import Alternative
from core.tokens import Scope
from handlers.api.bookings import CHANGES, RULES, TAG, present, told
from handlers.api.operations import Call, Operation, Reply
from handlers.api.seen import AlternativeOut, BookingOut
from handlers.api.seen_series import ChangedOut
from handlers.api.values import Body, Moment, Out, Query, Version

# What can be said to whoever attends.
COMING = (errors.BookingNotFound, errors.NotAttending, errors.NotActive)


class Swap(Body):
    """The other booking, and the version at which it was seen."""

    booking_id: UUID
    version: Version


class SwappedOut(Out):
    """Both bookings, before and after."""

    first: ChangedOut
    second: ChangedOut


class Going(Body):
    """Whether somebody invited comes."""

    going: bool


class Until(Body):
    """The later end."""

    until: Moment


class ElsewhereAsked(Query):
    """For how many people another room is looked for; as many as come where nothing is said."""

    attendees_count: Annotated[int, Field(ge=1, le=100_000)] | None = None


class ElsewhereOut(Out):
    """Where a booking could go on: until when its room stays free behind it, the later ends that no rule forbids, a room
    that fits its people better, and rooms that are free for its time.

    `freeUntil` null: nothing follows within four hours.
    """

    free_until: datetime | None
    later_ends: list[datetime]
    better_room: AlternativeOut | None
    other_rooms: list[AlternativeOut]


async def undo(call: Call) -> Reply:
    """Take back the change that led to a version."""
    booking_id = call.id("booking_id")
    version = await call.version(lambda: present(call, booking_id))
    done = await call.services.bookings.undo(booking_id, version=version, by=call.actor, key=call.key)
    return told(call, done.after)


async def swap(call: Call) -> Reply:
    """Let two bookings exchange their rooms."""
    booking_id, other = call.id("booking_id"), call.body(Swap)
    versions = (await call.version(lambda: present(call, booking_id)), other.version)
    one, two = await call.services.bookings.swap(
        booking_id, other.booking_id, versions=versions, by=call.actor, key=call.key
    )
    by, catalogue = call.actor, call.catalogue
    body = SwappedOut(
        first=ChangedOut.of(one, by=by, catalogue=catalogue), second=ChangedOut.of(two, by=by, catalogue=catalogue)
    )
    return Reply(body=body, version=one.after.version)


async def check_in(call: Call) -> Reply:
    """Note that somebody is there."""
    done = await call.services.presence.check_in(call.id("booking_id"), by=call.actor, key=call.key)
    return told(call, done.after)


async def run_late(call: Call) -> Reply:
    """Note that somebody runs late."""
    done = await call.services.presence.run_late(call.id("booking_id"), by=call.actor, key=call.key)
    return told(call, done.after)


async def respond(call: Call) -> Reply:
    """Note whether somebody invited comes."""
    going = call.body(Going).going
    done = await call.services.presence.respond(call.id("booking_id"), by=call.actor, going=going, key=call.key)
    return told(call, done.after)


async def extend(call: Call) -> Reply:
    """Give a booking a later end."""
    booking_id, until = call.id("booking_id"), call.body(Until).until
    version = await call.version(lambda: present(call, booking_id))
    done = await call.services.presence.extend(booking_id, until=until, version=version, by=call.actor, key=call.key)
    return told(call, done.after)


async def end_early(call: Call) -> Reply:
    """End a meeting under way."""
    booking_id = call.id("booking_id")
    version = await call.version(lambda: present(call, booking_id))
    done = await call.services.presence.end_early(booking_id, version=version, by=call.actor, key=call.key)
    return told(call, done.after)


async def take_back(call: Call) -> Reply:
    """Take back a room that was released."""
    done = await call.services.presence.take_back(call.id("booking_id"), by=call.actor, key=call.key)
    return told(call, done.after)


async def elsewhere(call: Call) -> Reply:
    """Return where a booking could go on."""
    booking = await call.services.bookings.get(call.id("booking_id"))
    bookkeeping.allow(booking, call.actor, call.catalogue)
    count = call.query(ElsewhereAsked).attendees_count or booking.attendees_count
    growth = await call.services.presence.room_to_grow(booking)
    better: Alternative | None = None
    others: tuple[Alternative, ...] = ()
    if booking.holds_room and booking.start > call.now:
        better = await call.services.presence.better_room(booking, count)
        others = await call.services.search.instead_of(booking, booking.room, by=call.actor)
    body = ElsewhereOut(
        free_until=growth.free_until,
        later_ends=list(growth.choices),
        better_room=AlternativeOut.of(better) if better else None,
        other_rooms=[AlternativeOut.of(one) for one in others],
    )
    return Reply(body=body, modified=booking.updated_at, dated=False)


OPERATIONS = (
    Operation(
        method="POST",
        path="/bookings/{booking_id}/undo",
        name="undoBooking",
        tag=TAG,
        summary="Take back the last change of a booking",
        description="If-Match names the version that the change led to.",
        handle=undo,
        scope=Scope.BOOK,
        answer=BookingOut,
        changes=True,
        refusals=(*CHANGES, errors.NothingToUndo, errors.TooLateToCancel, *RULES),
    ),
    Operation(
        method="POST",
        path="/bookings/{booking_id}/swap",
        name="swapBookings",
        tag=TAG,
        summary="Let two bookings exchange their rooms",
        description="If-Match names the version of the booking in the address, the body that of the other.",
        handle=swap,
        scope=Scope.BOOK,
        body=Swap,
        answer=SwappedOut,
        changes=True,
        refusals=CHANGES + RULES,
    ),
    Operation(
        method="POST",
        path="/bookings/{booking_id}/check-in",
        name="checkIn",
        tag=TAG,
        summary="Check in: somebody is there",
        handle=check_in,
        scope=Scope.BOOK,
        answer=BookingOut,
        refusals=(*COMING, errors.CheckInNotOpen),
    ),
    Operation(
        method="POST",
        path="/bookings/{booking_id}/late",
        name="runLate",
        tag=TAG,
        summary="Say that one runs late, which keeps the room a little longer",
        handle=run_late,
        scope=Scope.BOOK,
        answer=BookingOut,
        refusals=COMING,
    ),
    Operation(
        method="POST",
        path="/bookings/{booking_id}/respond",
        name="respond",
        tag=TAG,
        summary="Say whether one comes",
        handle=respond,
        scope=Scope.BOOK,
        body=Going,
        answer=BookingOut,
        refusals=COMING,
    ),
    Operation(
        method="POST",
        path="/bookings/{booking_id}/extend",
        name="extendBooking",
        tag=TAG,
        summary="Give a booking a later end in its room",
        handle=extend,
        scope=Scope.BOOK,
        body=Until,
        answer=BookingOut,
        changes=True,
        refusals=(*CHANGES, errors.NothingToExtend, *RULES),
    ),
    Operation(
        method="POST",
        path="/bookings/{booking_id}/end",
        name="endBooking",
        tag=TAG,
        summary="End a meeting under way and give the rest of its time back",
        handle=end_early,
        scope=Scope.BOOK,
        answer=BookingOut,
        changes=True,
        refusals=CHANGES,
    ),
    Operation(
        method="POST",
        path="/bookings/{booking_id}/take-back",
        name="takeBack",
        tag=TAG,
        summary="Take back a room that was released because nobody had checked in",
        handle=take_back,
        scope=Scope.BOOK,
        answer=BookingOut,
        refusals=(*COMING, *RULES),
    ),
    Operation(
        method="GET",
        path="/bookings/{booking_id}/elsewhere",
        name="getElsewhere",
        tag=TAG,
        summary="See where a booking could go on: later ends and other rooms",
        description="For those who may change it.",
        handle=elsewhere,
        query=ElsewhereAsked,
        answer=ElsewhereOut,
        refusals=(errors.BookingNotFound, errors.NotAllowed),
    ),
)
