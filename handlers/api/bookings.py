"""Bookings over the API: lists of them, one of them and what happened to it, a new one, changed, cancelled.

Kept out: what those who attend do about a booking (`attending`).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from core import errors
from core.listing import ON, Wanted
from core.models import HOLDS_ROOM, KEEP, Booking, Change, Slot, Status, Wish
from core.notices import Happened
from core.search import hidden
from core.tokens import Scope
from handlers.api import problems
from handlers.api.operations import Call, Operation, Reply
from handlers.api.paging import Page, cursor
from handlers.api.seen import BookingOut, may_see
from handlers.api.values import EARLIEST, Body, Line, Moment, Out, Title

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

# What can be said to whoever changes a booking.
CHANGES = (errors.BookingNotFound, errors.NotAllowed, errors.NotActive, errors.StaleBooking)
WINDOW, LONGEST_WINDOW, ONE_PAGE = timedelta(days=31), timedelta(days=366), timedelta(days=1)
# Nobody has booked further ahead.
FOREVER = timedelta(days=100 * 366)

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


class BookingsAsked(Page):
    """Which bookings are wanted: those with a moment from `from` to `until`, the next 31 days where nothing is said.

    Several rooms, and several statuses, are any of them; without a status, what was called off is left out. `personId` has
    booked it or is invited; of others, and by series, private bookings are not found.
    """

    start: Annotated[Moment | None, Field(alias="from")] = None
    until: Moment | None = None
    room_id: Annotated[tuple[UUID, ...], Field(max_length=100)] = ()
    location_id: UUID | None = None
    person_id: UUID | None = None
    series_id: UUID | None = None
    status: Annotated[tuple[Status, ...], Field(max_length=20)] = ()

    def wanted(self, now: datetime) -> Wanted:
        """Return it as the core takes it; raises Invalid for a window that cannot be meant."""
        start = self.start or (min(now, self.until - ONE_PAGE) if self.until else now)
        end = self.until or start + WINDOW
        if not start < end <= start + LONGEST_WINDOW:
            said = f"It must lie behind `from`, up to {LONGEST_WINDOW.days} days."
            raise problems.Invalid("That is no stretch of time that can be listed.", fields={"until": said})
        return Wanted(
            start=start,
            end=end,
            room_ids=tuple(dict.fromkeys(self.room_id)),
            location_id=self.location_id,
            person_id=self.person_id,
            series_id=self.series_id,
            statuses=tuple(dict.fromkeys(self.status)) or ON,
            after=place(self),
        )


class BookingsOut(Out):
    """A page of bookings in order of start; `next` is the cursor of the following page."""

    items: list[BookingOut]
    next: str | None


class HappenedOut(Out):
    """One thing that happened to a booking: what, when, who did it through which surface, and the booking before and after.

    `version` is the one that it led to; `operationId` is that of everything that was done at once. Who may not see the
    booking whole is told neither who it was nor why.
    """

    version: int
    kind: str
    at: datetime
    surface: str
    by_person_id: UUID | None
    reason: str | None
    operation_id: UUID | None
    before: BookingOut | None
    after: BookingOut


class HistoryOut(Out):
    """What happened to a booking, in order; `next` is the cursor of the following page."""

    items: list[HappenedOut]
    next: str | None


async def listed(call: Call) -> Reply:
    """Return a page of bookings."""
    asked = call.query(BookingsAsked)
    return await page_of(call, asked, asked.wanted(call.now))


async def mine(call: Call) -> Reply:
    """Return what the asker booked or is invited to and is not over."""
    asked = call.query(Page)
    ahead = Wanted(
        start=call.now,
        end=call.now + FOREVER,
        person_id=call.actor.person_id,
        statuses=tuple(sorted(HOLDS_ROOM)),
        after=place(asked),
    )
    return await page_of(call, asked, ahead)


async def page_of(call: Call, asked: Page, wanted: Wanted) -> Reply:
    """Return a page of the bookings that are wanted."""
    by = call.actor
    found = await call.services.listing.page(
        wanted, by=by, seen=lambda one, catalogue: may_see(hidden(one, catalogue), by, catalogue), limit=asked.limit
    )
    last = found.bookings[-1] if found.more else None
    following = cursor((last.start.isoformat(), str(last.id))) if last else None
    items = [BookingOut.of(one, by=by, catalogue=call.catalogue) for one in found.bookings]
    return Reply(
        body=BookingsOut(items=items, next=following), modified=await last_event(call), dated=False, following=following
    )


def place(asked: Page) -> tuple[datetime, UUID] | None:
    """Return the start and id behind which a page begins; raises BadRequest where the cursor is none of ours."""
    after = asked.after(2)
    if after is None:
        return None
    try:
        start, booking_id = datetime.fromisoformat(after[0]), UUID(after[1])
        if start.tzinfo is None:
            raise ValueError(start)
        return start.astimezone(UTC), booking_id
    except (ValueError, OverflowError):
        raise problems.BadRequest("That cursor is none of ours: begin without one.") from None


async def last_event(call: Call) -> datetime:
    """Return when anything was booked, changed or set up last: a list may have changed since by the clock alone."""
    newest = await call.services.listing.newest()
    return max(newest or EARLIEST, call.catalogue.changed_at or EARLIEST)


async def one(call: Call) -> Reply:
    """Return a booking as it stands, or as it was archived."""
    return told(call, await call.services.listing.get(call.id("booking_id")))


async def history(call: Call) -> Reply:
    """Return what happened to a booking."""
    asked, booking = call.query(Page), await call.services.listing.get(call.id("booking_id"))
    after = asked.after(1) or ("0",)
    if not (after[0].isdecimal() and after[0].isascii() and len(after[0]) < 10):
        raise problems.BadRequest("That cursor is none of ours: begin without one.")
    found = await call.services.listing.history(booking.id, after=int(after[0]), limit=asked.limit + 1)
    items = [_happened(call, each, booking) for each in found[: asked.limit]]
    following = cursor((str(items[-1].version),)) if len(found) > asked.limit else None
    return Reply(
        body=HistoryOut(items=items, next=following), modified=await last_event(call), dated=False, following=following
    )


def _happened(call: Call, one: Happened, now: Booking) -> HappenedOut:
    """Return an event; what is private by now was not told of an earlier state either."""

    def as_seen(state: Booking) -> Booking:
        return replace(state, private=state.private or now.private)

    states = [as_seen(state) for state in (one.before, one.after) if state is not None]
    seen = all(may_see(hidden(state, call.catalogue), call.actor, call.catalogue) for state in (*states, now))
    told_of = [BookingOut.of(state, by=call.actor, catalogue=call.catalogue) for state in states]
    return HappenedOut(
        version=one.after.version,
        kind=one.kind.value,
        at=one.at,
        surface=one.surface,
        by_person_id=one.by_person_id if seen else None,
        reason=one.reason if seen else None,
        operation_id=one.operation_id if seen else None,
        before=told_of[0] if one.before else None,
        after=told_of[-1],
    )


async def book(call: Call) -> Reply:
    """Book a room."""
    booking = await call.services.bookings.book(call.body(BookingNew).wish(), by=call.actor, key=call.key)
    return told(call, booking, at=f"/bookings/{booking.id}")


def wanted(call: Call) -> Wish:
    """Return what is to be booked."""
    return call.body(BookingNew).wish()


async def change(call: Call) -> Reply:
    """Move or edit a booking."""
    booking_id, wanted = call.id("booking_id"), call.body(BookingChange).change()
    version = await call.version(lambda: present(call, booking_id))
    done = await call.services.bookings.change(booking_id, wanted, version=version, by=call.actor, key=call.key)
    return told(call, done.after)


async def cancel(call: Call) -> Reply:
    """Cancel a booking: its room is free at once; the booking stays as it was, cancelled."""
    booking_id, reason = call.id("booking_id"), call.body(Cancel).reason
    version = await call.version(lambda: present(call, booking_id))
    done = await call.services.bookings.cancel(booking_id, version=version, reason=reason, by=call.actor, key=call.key)
    return told(call, done.after)


async def present(call: Call, booking_id: UUID) -> int:
    """Return the version that a booking has now."""
    return (await call.services.bookings.get(booking_id)).version


def told(call: Call, booking: Booking, *, at: str | None = None) -> Reply:
    """Return a booking as the asker may see it."""
    body = BookingOut.of(booking, by=call.actor, catalogue=call.catalogue)
    changed = max(booking.updated_at, call.catalogue.changed_at or booking.updated_at)
    return Reply(body=body, version=booking.version, modified=changed, at=at)


OPERATIONS = (
    Operation(
        method="POST",
        path="/bookings",
        name="book",
        tag=TAG,
        summary="Book a room",
        description="Without `roomId`, the smallest room that fits is taken. A refusal may say what can be had instead.",
        handle=book,
        wish=wanted,
        scope=Scope.BOOK,
        body=BookingNew,
        answer=BookingOut,
        status=201,
        refusals=RULES,
    ),
    Operation(
        method="GET",
        path="/bookings",
        name="listBookings",
        tag=TAG,
        summary="List bookings by room, place, person, series, status and time",
        handle=listed,
        query=BookingsAsked,
        answer=BookingsOut,
        refusals=(errors.RoomNotFound, errors.LocationNotFound),
    ),
    Operation(
        method="GET",
        path="/me/bookings",
        name="listMyBookings",
        tag=TAG,
        summary="List what one booked or is invited to and is not over",
        handle=mine,
        query=Page,
        answer=BookingsOut,
    ),
    Operation(
        method="GET",
        path="/bookings/{booking_id}/history",
        name="getBookingHistory",
        tag=TAG,
        summary="List what happened to a booking",
        handle=history,
        query=Page,
        answer=HistoryOut,
        refusals=(errors.BookingNotFound,),
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
        keyed=True,
        refusals=CHANGES + RULES,
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
        refusals=(*CHANGES, errors.TooLateToCancel),
    ),
)
