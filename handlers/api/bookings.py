"""Bookings over the API: one of them, a new one, changed, cancelled."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from core import errors
from core.models import KEEP, Change, Slot, Wish
from core.tokens import Scope
from handlers.api import problems
from handlers.api.operations import Call, Operation, Reply
from handlers.api.seen import BookingOut
from handlers.api.values import Body, Line, Moment, Title

TAG = "Bookings"
# What a rule can say to a booking or a change of one.
RULES = (
    errors.StartInPast,
    errors.EndBeforeStart,
    errors.TooManyAttendees,
    errors.RoomInactive,
    errors.OutsideOpeningHours,
    errors.TooShort,
    errors.TooLong,
    errors.TooFarAhead,
    errors.BookingCutoff,
    errors.TooShortNotice,
    errors.Holiday,
    errors.RoomClosed,
    errors.MayNotBook,
    errors.GuestsMayNotBook,
    errors.NotTogether,
    errors.QuotaReached,
    errors.AnotherRoomThen,
    errors.EquipmentTaken,
    errors.EquipmentNotFound,
    errors.RoomNotFound,
    errors.LocationNotFound,
    errors.PersonNotFound,
    errors.SlotTaken,
    errors.NothingFits,
    errors.LacksAmenities,
)

Count = Annotated[int, Field(ge=1, le=100_000)]
People = Annotated[tuple[UUID, ...], Field(max_length=500)]


class BorrowedIn(Body):
    """So many of a piece of equipment."""

    equipment_id: UUID
    quantity: Annotated[int, Field(ge=1, le=10_000)] = 1


class BookingNew(Body):
    """What is to be booked: a time, and a room, or what the room must have; then the smallest that fits is taken."""

    start: Moment
    end: Moment
    room_id: UUID | None = None
    more_room_ids: Annotated[tuple[UUID, ...], Field(max_length=20)] = ()
    location_id: UUID | None = None
    attendees_count: Count = 1
    amenities: Annotated[tuple[Annotated[Line, Field(max_length=40)], ...], Field(max_length=50)] = ()
    floor: Annotated[Line, Field(max_length=40)] | None = None
    title: Title | None = None
    private: bool = False
    invitee_ids: People = ()
    shared: bool = False
    equipment: Annotated[tuple[BorrowedIn, ...], Field(max_length=20)] = ()

    def wish(self) -> Wish:
        """Return it as the core takes it."""
        return Wish(
            slot=Slot(start=self.start, end=self.end),
            attendees_count=self.attendees_count,
            amenities=frozenset(word.casefold() for word in self.amenities),
            room_id=self.room_id,
            location_id=self.location_id,
            floor=self.floor,
            title=self.title,
            private=self.private,
            invitees=tuple(dict.fromkeys(self.invitee_ids)),
            shared=self.shared,
            more_room_ids=tuple(dict.fromkeys(self.more_room_ids)),
            equipment=tuple((one.equipment_id, one.quantity) for one in self.equipment),
        )


class BookingChange(Body):
    """What is to be different; a field that is left out stays as it is. `start` and `end` come together."""

    start: Moment | None = None
    end: Moment | None = None
    room_id: UUID | None = None
    more_room_ids: Annotated[tuple[UUID, ...], Field(max_length=20)] | None = None
    title: Title | None = None
    attendees_count: Count | None = None
    private: bool | None = None
    invitee_ids: People | None = None
    shared: bool | None = None
    equipment: Annotated[tuple[BorrowedIn, ...], Field(max_length=20)] | None = None

    def change(self) -> Change:
        """Return it as the core takes it; raises Invalid for null where there is no such value."""
        said = self.model_fields_set
        empty = {name for name in said - {"title"} if getattr(self, name) is None}
        if empty:
            raise problems.Invalid(
                "Something in the request cannot be meant.",
                fields={problems.field_name(name): "Leave it out to keep it as it is." for name in empty},
            )
        if ("start" in said) != ("end" in said):
            raise problems.Invalid("Say start and end together.", fields={"start": "Say start and end together."})
        given: dict[str, Any] = {name: getattr(self, name) for name in said - {"start", "end", "invitee_ids", "equipment"}}
        for name in ("more_room_ids",):
            if name in given:
                given[name] = tuple(dict.fromkeys(given[name]))
        if self.invitee_ids is not None:
            given["invitees"] = tuple(dict.fromkeys(self.invitee_ids))
        if self.equipment is not None:
            given["equipment"] = tuple((one.equipment_id, one.quantity) for one in self.equipment)
        slot = Slot(start=self.start, end=self.end) if self.start and self.end else KEEP
        return Change(slot=slot, **given)


class Cancel(Body):
    """Why it is cancelled, if somebody wants to know."""

    reason: Annotated[Line, Field(max_length=500)] | None = None


async def one(call: Call) -> Reply:
    """Return a booking as it stands."""
    booking = await call.services.bookings.get(call.id("booking_id"))
    return _told(call, booking)


async def book(call: Call) -> Reply:
    """Book a room."""
    booking = await call.services.bookings.book(call.body(BookingNew).wish(), by=call.actor, key=call.key)
    return _told(call, booking, at=f"/bookings/{booking.id}")


async def change(call: Call) -> Reply:
    """Move or edit a booking."""
    booking_id, wanted = call.id("booking_id"), call.body(BookingChange).change()
    version = await call.version(lambda: _version(call, booking_id))
    done = await call.services.bookings.change(booking_id, wanted, version=version, by=call.actor, key=call.key)
    return _told(call, done.after)


async def cancel(call: Call) -> Reply:
    """Cancel a booking: its room is free at once; the booking stays as it was, cancelled."""
    booking_id, reason = call.id("booking_id"), call.body(Cancel).reason
    version = await call.version(lambda: _version(call, booking_id))
    done = await call.services.bookings.cancel(booking_id, version=version, reason=reason, by=call.actor, key=call.key)
    return _told(call, done.after)


async def _version(call: Call, booking_id: UUID) -> int:
    return (await call.services.bookings.get(booking_id)).version


def _told(call: Call, booking: Any, *, at: str | None = None) -> Reply:  # noqa: ANN401 - a booking
    body = BookingOut.of(booking, by=call.actor, catalogue=call.catalogue)
    return Reply(body=body, version=booking.version, modified=booking.updated_at, at=at)


OPERATIONS = (
    Operation(
        method="POST",
        path="/bookings",
        name="book",
        tag=TAG,
        summary="Book a room",
        description="Without `roomId`, the smallest room that fits is taken. A refusal may say what can be had instead.",
        handle=book,
        scope=Scope.BOOK,
        body=BookingNew,
        answer=BookingOut,
        status=201,
        refusals=RULES,
    ),
    Operation(
        method="GET",
        path="/bookings/{booking_id}",
        name="getBooking",
        tag=TAG,
        summary="Get a booking",
        handle=one,
        answer=BookingOut,
        refusals=(errors.BookingNotFound,),
    ),
    Operation(
        method="PATCH",
        path="/bookings/{booking_id}",
        name="changeBooking",
        tag=TAG,
        summary="Move or edit a booking",
        handle=change,
        scope=Scope.BOOK,
        body=BookingChange,
        answer=BookingOut,
        changes=True,
        refusals=(errors.BookingNotFound, errors.NotAllowed, errors.NotActive, errors.StaleBooking, *RULES),
    ),
    Operation(
        method="POST",
        path="/bookings/{booking_id}/cancel",
        name="cancelBooking",
        tag=TAG,
        summary="Cancel a booking",
        handle=cancel,
        scope=Scope.BOOK,
        body=Cancel,
        body_needed=False,
        answer=BookingOut,
        changes=True,
        refusals=(
            errors.BookingNotFound,
            errors.NotAllowed,
            errors.NotActive,
            errors.StaleBooking,
            errors.TooLateToCancel,
        ),
    ),
)
