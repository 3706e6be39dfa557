"""Rooms over the API: what there is, one of them, a new one."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field

from core.errors import InvalidSetting, LocationNotFound, RoomNotFound
from core.models import Room
from core.places import RoomFacts
from core.tokens import Scope
from handlers.api.operations import Call, Operation, Reply
from handlers.api.paging import Page
from handlers.api.seen import RoomOut
from handlers.api.values import Body, Line, Out

TAG = "Rooms"


class RoomsAsked(Page):
    """Which rooms are wanted; several amenities must all be there."""

    location_id: UUID | None = None
    min_capacity: Annotated[int, Field(ge=1, le=100_000)] | None = None
    amenity: tuple[Line, ...] = ()
    floor: Line | None = None
    name: Line | None = None
    active: bool | None = None
    bookable: bool | None = None


class RoomsOut(Out):
    """A page of rooms, by name; `next` is the cursor of the following page."""

    items: list[RoomOut]
    next: str | None


class RoomNew(Body):
    """A room to be added."""

    location_id: UUID
    name: Annotated[Line, Field(min_length=1, max_length=80)]
    capacity: Annotated[int, Field(ge=1, le=100_000)]
    floor: Annotated[Line, Field(max_length=40)] | None = None
    amenities: Annotated[tuple[Annotated[Line, Field(min_length=1, max_length=40)], ...], Field(max_length=50)] = ()
    setup_minutes: Annotated[int, Field(ge=0, le=1440)] = 0
    teardown_minutes: Annotated[int, Field(ge=0, le=1440)] = 0


async def listed(call: Call) -> Reply:
    """Return a page of rooms, from memory."""
    asked, catalogue = call.query(RoomsAsked), call.catalogue
    rooms = [RoomOut.of(room, by=call.actor, catalogue=catalogue) for room in catalogue.rooms if _wanted(room, asked)]
    wanted = [room for room in rooms if asked.active in {None, room.active} and asked.bookable in {None, room.bookable}]
    page, following = asked.of(wanted, key=lambda room: (room.name.casefold(), str(room.id)))
    return Reply(body=RoomsOut(items=page, next=following), modified=catalogue.changed_at, following=following)


def _wanted(room: Room, asked: RoomsAsked) -> bool:
    return (
        asked.location_id in {None, room.location_id}
        and (asked.min_capacity is None or room.capacity >= asked.min_capacity)
        and {word.casefold() for word in asked.amenity} <= room.amenities
        and asked.floor in {None, room.floor}
        and (asked.name is None or asked.name.casefold() in room.name.casefold())
    )


async def one(call: Call) -> Reply:
    """Return a room."""
    room = RoomOut.of(call.catalogue.room(call.id("room_id")), by=call.actor, catalogue=call.catalogue)
    return Reply(body=room, version=room.version, modified=call.catalogue.changed_at)


async def add(call: Call) -> Reply:
    """Add a room."""
    said = call.body(RoomNew)
    call.catalogue.location(said.location_id)
    facts = RoomFacts(**said.model_dump(exclude={"location_id", "amenities"}), amenities=frozenset(said.amenities))
    administration = call.services.administration

    def told(room: Room) -> RoomOut:
        return RoomOut.of(room, by=call.actor, catalogue=call.catalogue)

    added = RoomOut.model_validate(
        await call.once(lambda: administration.places.add_room(said.location_id, facts, by=call.actor), told)
    )
    return Reply(body=added, version=added.version, at=f"/rooms/{added.id}")


OPERATIONS = (
    Operation(
        method="GET",
        path="/rooms",
        name="listRooms",
        tag=TAG,
        summary="List rooms",
        handle=listed,
        query=RoomsAsked,
        answer=RoomsOut,
    ),
    Operation(
        method="GET",
        path="/rooms/{room_id}",
        name="getRoom",
        tag=TAG,
        summary="Get a room",
        handle=one,
        answer=RoomOut,
        refusals=(RoomNotFound,),
    ),
    Operation(
        method="POST",
        path="/rooms",
        name="addRoom",
        tag=TAG,
        summary="Add a room",
        handle=add,
        scope=Scope.ADMIN,
        body=RoomNew,
        answer=RoomOut,
        status=201,
        refusals=(InvalidSetting, LocationNotFound),
    ),
)
