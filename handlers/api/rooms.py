"""Rooms over the API: what there is, one of them, a new one, changed, divided, out of use and back."""

from __future__ import annotations

from functools import partial
from typing import Annotated
from uuid import UUID

from pydantic import Field

from core.errors import InvalidSetting, LocationNotFound, NotAllowed, RoomNotFound, StalePlace, StillUsed
from core.models import Room
from core.places import RoomFacts, allow
from core.rerooming import Closing
from core.tokens import Scope
from handlers.api.kept import Made
from handlers.api.operations import Call, Operation, Reply
from handlers.api.paging import Page
from handlers.api.patching import given
from handlers.api.seen import RoomOut
from handlers.api.seen_closing import ClosedOut, PlanOut, used
from handlers.api.values import Body, Line, Out

TAG = "Rooms"


class RoomsAsked(Page):
    """Which rooms are wanted; several amenities must all be there."""

    location_id: UUID | None = None
    min_capacity: Annotated[int, Field(ge=1, le=100_000)] | None = None
    amenity: Annotated[tuple[Annotated[Line, Field(max_length=40)], ...], Field(max_length=50)] = ()
    floor: Annotated[Line, Field(max_length=40)] | None = None
    name: Annotated[Line, Field(max_length=100)] | None = None
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


class RoomChange(Body):
    """What is to be different about a room; what is left out stays. `floor` and `photo` may be null.

    `photo` is an https address that everybody can open.
    """

    name: Annotated[Line, Field(min_length=1, max_length=80)] | None = None
    capacity: Annotated[int, Field(ge=1, le=100_000)] | None = None
    floor: Annotated[Line, Field(max_length=40)] | None = None
    amenities: Annotated[tuple[Annotated[Line, Field(min_length=1, max_length=40)], ...], Field(max_length=50)] | None = None
    setup_minutes: Annotated[int, Field(ge=0, le=1440)] | None = None
    teardown_minutes: Annotated[int, Field(ge=0, le=1440)] | None = None
    photo: Annotated[Line, Field(max_length=2000)] | None = None

    def facts(self) -> RoomFacts:
        """Return it as the core takes it."""
        said = given(self, nullable={"floor", "photo"})
        if "amenities" in said:
            said["amenities"] = frozenset(said["amenities"])
        return RoomFacts(**said)


class Parts(Body):
    """The rooms that a room is made of; none: it is one of its own."""

    part_ids: Annotated[tuple[UUID, ...], Field(max_length=50)]


class DoorOut(Out):
    """The page behind the code at a room's door: whoever has its address may check in there."""

    room_id: UUID
    room_name: str
    location_id: UUID
    path: str


class DoorsOut(Out):
    """A page of doors, by the names of their rooms."""

    items: list[DoorOut]
    next: str | None


async def listed(call: Call) -> Reply:
    """Return a page of rooms, from memory."""
    actor = call.actor
    key = ("rooms", actor.person_id, actor.admin, actor.groups, call.query(RoomsAsked))
    made = call.kept.of(call.catalogue, key, lambda: _page(call))
    return Reply(
        body=None, content=made.content, etag=made.etag, modified=call.catalogue.changed_at, following=made.following
    )


def _page(call: Call) -> Made:
    asked, catalogue = call.query(RoomsAsked), call.catalogue
    rooms = [RoomOut.of(room, by=call.actor, catalogue=catalogue) for room in catalogue.rooms if _wanted(room, asked)]
    wanted = [room for room in rooms if asked.active in {None, room.active} and asked.bookable in {None, room.bookable}]
    page, following = asked.of(wanted, key=lambda room: (room.name.casefold(), str(room.id)))
    return Made.of(RoomsOut(items=page, next=following), following)


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


async def edit(call: Call) -> Reply:
    """Change a room."""
    room_id, facts = call.id("room_id"), call.body(RoomChange).facts()
    version = await call.version(lambda: _version(call, room_id))
    await call.services.administration.places.edit_room(room_id, facts, version=version, by=call.actor)
    return await _now(call, room_id)


async def divide(call: Call) -> Reply:
    """Say which rooms a room is made of."""
    room_id, parts = call.id("room_id"), call.body(Parts).part_ids
    await call.services.administration.divisible.set_parts(room_id, list(dict.fromkeys(parts)), by=call.actor)
    return await _now(call, room_id)


async def preview(call: Call) -> Reply:
    """Return what would become of the bookings ahead in a room if it went out of use."""
    room = call.catalogue.room(call.id("room_id"))
    allow(room, call.actor, call.catalogue)
    plan = await call.services.administration.rerooming.preview(Closing(room_ids=frozenset({room.id})))
    return Reply(body=PlanOut.of(plan, call), modified=call.now, dated=False)


async def deactivate(call: Call) -> Reply:
    """Take a room out of use; whoever booked it is proposed another."""
    return await _use(call, active=False)


async def activate(call: Call) -> Reply:
    """Take a room back into use."""
    return await _use(call, active=True)


async def _use(call: Call, *, active: bool) -> Reply:
    room_id, office = call.id("room_id"), call.services.administration
    version = await call.version(lambda: _version(call, room_id))
    use = partial(office.places.use_room, room_id, active=active, version=version, by=call.actor)
    return await used(call, use, active=active)


async def doors(call: Call) -> Reply:
    """Return a page of the doors of all rooms in use."""
    asked = call.query(Page)
    found = await call.services.administration.rooms.doors()
    page, following = asked.of(found, key=lambda door: (door[0].name.casefold(), str(door[0].id)))
    items = [DoorOut(room_id=room.id, room_name=room.name, location_id=at.id, path=f"/door/{key}") for room, at, key in page]
    return Reply(body=DoorsOut(items=items, next=following), modified=call.catalogue.changed_at, following=following)


async def _version(call: Call, room_id: UUID) -> int:
    call.services.catalogues.forget()
    return (await call.services.catalogues.current()).room(room_id).version


async def _now(call: Call, room_id: UUID) -> Reply:
    """Return a room as it is after a change."""
    catalogue = await call.services.catalogues.current()
    room = RoomOut.of(catalogue.room(room_id), by=call.actor, catalogue=catalogue)
    return Reply(body=room, version=room.version, modified=catalogue.changed_at)


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
    Operation(
        method="PATCH",
        path="/rooms/{room_id}",
        name="changeRoom",
        tag=TAG,
        summary="Change a room",
        description="For admins, and those who manage the room.",
        handle=edit,
        scope=Scope.ADMIN,
        managers=True,
        body=RoomChange,
        answer=RoomOut,
        changes=True,
        refusals=(RoomNotFound, InvalidSetting, NotAllowed, StalePlace, StillUsed),
    ),
    Operation(
        method="PUT",
        path="/rooms/{room_id}/parts",
        name="divideRoom",
        tag=TAG,
        summary="Say which rooms a room is made of",
        description="Booking it takes all of them. For admins, and those who manage the room.",
        handle=divide,
        scope=Scope.ADMIN,
        managers=True,
        body=Parts,
        answer=RoomOut,
        refusals=(RoomNotFound, InvalidSetting, NotAllowed, StillUsed),
    ),
    Operation(
        method="GET",
        path="/rooms/{room_id}/deactivation",
        name="previewDeactivation",
        tag=TAG,
        summary="See what taking a room out of use would lead to",
        handle=preview,
        scope=Scope.ADMIN,
        managers=True,
        answer=PlanOut,
        refusals=(RoomNotFound, NotAllowed),
    ),
    Operation(
        method="POST",
        path="/rooms/{room_id}/deactivate",
        name="deactivateRoom",
        tag=TAG,
        summary="Take a room out of use",
        description="What is booked in it stays until it is moved: each booker is proposed another room.",
        handle=deactivate,
        scope=Scope.ADMIN,
        managers=True,
        answer=ClosedOut,
        changes=True,
        refusals=(RoomNotFound, NotAllowed, StalePlace),
    ),
    Operation(
        method="POST",
        path="/rooms/{room_id}/activate",
        name="activateRoom",
        tag=TAG,
        summary="Take a room back into use",
        handle=activate,
        scope=Scope.ADMIN,
        managers=True,
        answer=ClosedOut,
        changes=True,
        refusals=(RoomNotFound, NotAllowed, StalePlace),
    ),
    Operation(
        method="GET",
        path="/doors",
        name="listDoors",
        tag=TAG,
        summary="List the pages behind the codes at doors",
        handle=doors,
        scope=Scope.ADMIN,
        query=Page,
        answer=DoorsOut,
    ),
)
