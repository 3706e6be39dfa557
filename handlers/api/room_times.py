"""When rooms are free and what is on in them, over the API: one room over days, a room's day, a location's day."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import Field

from core import errors
from core.board import DayBoard, Entry, RoomBoard
from core.models import Slot
from handlers.api import problems
from handlers.api.bookings import last_event
from handlers.api.operations import Call, Operation, Reply
from handlers.api.values import Day, Moment, Out, Query

TAG = "Availability"
LONGEST = timedelta(days=62)


class SlotOut(Out):
    """A time, from `start` to before `end`."""

    start: datetime
    end: datetime

    @classmethod
    def of(cls, slot: Slot) -> SlotOut:
        """Return a time as it is told."""
        return cls(start=slot.start, end=slot.end)


class TimesAsked(Query):
    """The time to look at, 62 days at most, and how long the room is needed for."""

    from_: Annotated[Moment, Field(alias="from")]
    to: Moment
    minutes: Annotated[int, Field(ge=1, le=100_000)] | None = None


class FreeTimesOut(Out):
    """When a room is free: `items` are its free times from now on, each of `minutes` or more, in order.

    `mayBook` is whether the asker may have them; there are none where the room is out of use.
    """

    room_id: UUID
    time_zone: str
    minutes: int
    may_book: bool
    items: list[SlotOut]


class EntryOut(Out):
    """What holds a room for a time. Of a private meeting, who may not see more is told its time alone.

    `heldUntil` is set where it is no booking: it is kept until then for somebody on the waiting list. `throughRoomId` is
    the room that is held, where that is a part of this one or what this is a part of.
    """

    start: datetime
    end: datetime
    booking_id: UUID | None
    title: str | None
    who: str | None
    private: bool
    mine: bool
    pending: bool
    held_until: datetime | None
    through_room_id: UUID | None

    @classmethod
    def of(cls, one: Entry) -> EntryOut:
        """Return an entry as it is told."""
        return cls(
            start=one.slot.start,
            end=one.slot.end,
            booking_id=one.booking_id,
            title=one.title,
            who=one.who,
            private=one.private,
            mine=one.mine,
            pending=one.pending,
            held_until=one.held_until,
            through_room_id=one.through.id if one.through else None,
        )


class ShutOut(Out):
    """A time for which a room is closed; `reason` is null outside of its hours."""

    start: datetime
    end: datetime
    reason: str | None


class RoomDayOut(Out):
    """A room on a day, from midnight to midnight by its own clock."""

    room_id: UUID
    room_name: str
    may_book: bool
    taken: list[EntryOut]
    closed: list[ShutOut]
    free: list[SlotOut]

    @classmethod
    def of(cls, one: RoomBoard) -> RoomDayOut:
        """Return a room's day as it is told."""
        return cls(
            room_id=one.room.id,
            room_name=one.room.name,
            may_book=one.may_book,
            taken=[EntryOut.of(entry) for entry in one.taken],
            closed=[ShutOut(start=shut.slot.start, end=shut.slot.end, reason=shut.reason) for shut in one.shut],
            free=[SlotOut.of(slot) for slot in one.free],
        )


class LocationDayOut(Out):
    """All rooms in use of a location on a day, by name; `today` is which day it is there."""

    location_id: UUID
    location_name: str
    time_zone: str
    day: date
    today: date
    start: datetime
    end: datetime
    rooms: list[RoomDayOut]

    @classmethod
    def of(cls, board: DayBoard, rooms: list[RoomBoard]) -> LocationDayOut:
        """Return a day as it is told."""
        return cls(
            location_id=board.location.id,
            location_name=board.location.name,
            time_zone=board.location.zone,
            day=board.day,
            today=board.today,
            start=board.window.start,
            end=board.window.end,
            rooms=[RoomDayOut.of(one) for one in rooms],
        )


class DayAsked(Query):
    """Which day; today where it is left out."""

    day: Day | None = None


async def free(call: Call) -> Reply:
    """Return when a room is free."""
    asked, room = call.query(TimesAsked), call.catalogue.room(call.id("room_id"))
    if asked.to <= asked.from_ or asked.to - asked.from_ > LONGEST:
        said = f"Ask for up to {LONGEST.days} days, from earlier to later."
        raise problems.Invalid(said, fields={"to": said})
    window = Slot(start=asked.from_, end=asked.to)
    found = await call.services.free_times.of(room.id, window, minutes=asked.minutes, by=call.actor)
    body = FreeTimesOut(
        room_id=room.id,
        time_zone=call.catalogue.place_of(room).zone,
        minutes=found.minutes,
        may_book=found.may_book,
        items=[SlotOut.of(one) for one in found.slots],
    )
    return Reply(body=body, modified=await last_event(call), dated=False)


async def of_room(call: Call) -> Reply:
    """Return a room's day."""
    room = call.catalogue.room(call.id("room_id"))
    board = await call.services.board.day(room.location_id, call.query(DayAsked).day, by=call.actor)
    found = [one for one in board.rooms if one.room.id == room.id]
    if not found:
        raise errors.RoomInactive(f"{room.name} is out of use.")
    return Reply(body=LocationDayOut.of(board, found), modified=await last_event(call), dated=False)


async def of_location(call: Call) -> Reply:
    """Return a day of all rooms of a location."""
    board = await call.services.board.day(call.id("location_id"), call.query(DayAsked).day, by=call.actor)
    return Reply(body=LocationDayOut.of(board, list(board.rooms)), modified=await last_event(call), dated=False)


OPERATIONS = (
    Operation(
        method="GET",
        path="/rooms/{room_id}/free",
        name="listFreeTimes",
        tag=TAG,
        summary="List when a room is free",
        handle=free,
        query=TimesAsked,
        answer=FreeTimesOut,
        refusals=(errors.RoomNotFound,),
    ),
    Operation(
        method="GET",
        path="/rooms/{room_id}/day",
        name="getRoomDay",
        tag=TAG,
        summary="Get a room's day",
        handle=of_room,
        query=DayAsked,
        answer=LocationDayOut,
        refusals=(errors.RoomNotFound, errors.RoomInactive),
    ),
    Operation(
        method="GET",
        path="/locations/{location_id}/day",
        name="getLocationDay",
        tag=TAG,
        summary="Get a day of all rooms of a location",
        handle=of_location,
        query=DayAsked,
        answer=LocationDayOut,
        refusals=(errors.LocationNotFound,),
    ),
)
