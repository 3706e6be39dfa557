"""Locations over the API: what there is, a new one, changed, out of use and back."""

from __future__ import annotations

from functools import partial
from typing import Annotated
from uuid import UUID

from pydantic import Field

from core.errors import InvalidSetting, LocationNotFound, StalePlace, StillUsed
from core.models import Location
from core.places import Placed
from core.rerooming import Closing
from core.tokens import Scope
from handlers.api.kept import Made
from handlers.api.operations import Call, Operation, Reply
from handlers.api.paging import Page
from handlers.api.patching import given
from handlers.api.seen_closing import ClosedOut, PlanOut, used
from handlers.api.values import Body, Line, Out

TAG = "Locations"
Name = Annotated[Line, Field(min_length=1, max_length=80)]
Zone = Annotated[Line, Field(max_length=80, description="An IANA time zone, such as Europe/Berlin.")]


class LocationOut(Out):
    """A location. `rooms` counts those in use; with `boardOpen`, its board can be looked at without signing in."""

    id: UUID
    version: int
    name: str
    time_zone: str
    active: bool
    board_open: bool
    rooms: int

    @classmethod
    def of(cls, location: Location, *, version: int = 1, rooms: int = 0) -> LocationOut:
        """Return a location as it is told."""
        return cls(
            id=location.id,
            version=version,
            name=location.name,
            time_zone=location.zone,
            active=location.active,
            board_open=location.board_open,
            rooms=rooms,
        )


class LocationsOut(Out):
    """A page of locations, by name."""

    items: list[LocationOut]
    next: str | None


class LocationNew(Body):
    """A location to be added."""

    name: Name
    time_zone: Zone


class LocationChange(Body):
    """What is to be different about a location; what is left out stays."""

    name: Name | None = None
    time_zone: Zone | None = None
    board_open: bool | None = None


async def listed(call: Call) -> Reply:
    """Return a page of locations."""
    asked = call.query(Page)
    made = call.kept.there(call.catalogue, ("locations", asked))
    if made is None:
        items = [_told(one) for one in await call.services.administration.places.locations()]
        page, following = asked.of(items, key=lambda one: (one.name.casefold(), str(one.id)))
        made = Made.of(LocationsOut(items=page, next=following), following)
        call.kept.keep(call.catalogue, ("locations", asked), made)
    return Reply(
        body=None, content=made.content, etag=made.etag, modified=call.catalogue.changed_at, following=made.following
    )


async def one(call: Call) -> Reply:
    """Return a location."""
    return await _now(call, call.id("location_id"))


async def add(call: Call) -> Reply:
    """Add a location."""
    said, places = call.body(LocationNew), call.services.administration.places
    done = await call.once(lambda: places.add_location(name=said.name, zone=said.time_zone, by=call.actor), LocationOut.of)
    added = LocationOut.model_validate(done)
    return Reply(body=added, version=added.version, at=f"/locations/{added.id}")


async def edit(call: Call) -> Reply:
    """Change a location."""
    location_id, said = call.id("location_id"), given(call.body(LocationChange))
    version = await call.version(lambda: _version(call, location_id))
    if "time_zone" in said:
        said["zone"] = said.pop("time_zone")
    await call.services.administration.places.edit_location(location_id, version=version, by=call.actor, **said)
    return await _now(call, location_id)


async def preview(call: Call) -> Reply:
    """Return what would become of the bookings ahead at a location if it went out of use."""
    place = call.catalogue.location(call.id("location_id"))
    rooms = frozenset(room.id for room in call.catalogue.rooms if room.location_id == place.id)
    plan = await call.services.administration.rerooming.preview(Closing(room_ids=rooms))
    return Reply(body=PlanOut.of(plan, call), modified=call.now, dated=False)


async def deactivate(call: Call) -> Reply:
    """Take a location with all its rooms out of use."""
    return await _use(call, active=False)


async def activate(call: Call) -> Reply:
    """Take a location back into use."""
    return await _use(call, active=True)


async def _use(call: Call, *, active: bool) -> Reply:
    location_id, office = call.id("location_id"), call.services.administration
    version = await call.version(lambda: _version(call, location_id))
    use = partial(office.places.use_location, location_id, active=active, version=version, by=call.actor)
    return await used(call, use, active=active)


async def _placed(call: Call, location_id: UUID) -> Placed:
    for placed in await call.services.administration.places.locations():
        if placed.location.id == location_id:
            return placed
    raise LocationNotFound("That location does not exist any more.")


async def _version(call: Call, location_id: UUID) -> int:
    return (await _placed(call, location_id)).version


async def _now(call: Call, location_id: UUID) -> Reply:
    told = _told(await _placed(call, location_id))
    return Reply(body=told, version=told.version, modified=call.catalogue.changed_at)


def _told(placed: Placed) -> LocationOut:
    return LocationOut.of(placed.location, version=placed.version, rooms=placed.rooms)


OPERATIONS = (
    Operation(
        method="GET",
        path="/locations",
        name="listLocations",
        tag=TAG,
        summary="List locations",
        handle=listed,
        query=Page,
        answer=LocationsOut,
    ),
    Operation(
        method="GET",
        path="/locations/{location_id}",
        name="getLocation",
        tag=TAG,
        summary="Get a location",
        handle=one,
        answer=LocationOut,
        refusals=(LocationNotFound,),
    ),
    Operation(
        method="POST",
        path="/locations",
        name="addLocation",
        tag=TAG,
        summary="Add a location",
        handle=add,
        scope=Scope.ADMIN,
        body=LocationNew,
        answer=LocationOut,
        status=201,
        refusals=(InvalidSetting,),
    ),
    Operation(
        method="PATCH",
        path="/locations/{location_id}",
        name="changeLocation",
        tag=TAG,
        summary="Change a location",
        description="Its time zone can change only while nothing is booked ahead there.",
        handle=edit,
        scope=Scope.ADMIN,
        body=LocationChange,
        answer=LocationOut,
        changes=True,
        refusals=(LocationNotFound, InvalidSetting, StalePlace, StillUsed),
    ),
    Operation(
        method="GET",
        path="/locations/{location_id}/deactivation",
        name="previewLocationDeactivation",
        tag=TAG,
        summary="See what taking a location out of use would lead to",
        handle=preview,
        scope=Scope.ADMIN,
        answer=PlanOut,
        refusals=(LocationNotFound,),
    ),
    Operation(
        method="POST",
        path="/locations/{location_id}/deactivate",
        name="deactivateLocation",
        tag=TAG,
        summary="Take a location with all its rooms out of use",
        handle=deactivate,
        scope=Scope.ADMIN,
        answer=ClosedOut,
        changes=True,
        refusals=(LocationNotFound, StalePlace),
    ),
    Operation(
        method="POST",
        path="/locations/{location_id}/activate",
        name="activateLocation",
        tag=TAG,
        summary="Take a location back into use",
        handle=activate,
        scope=Scope.ADMIN,
        answer=ClosedOut,
        changes=True,
        refusals=(LocationNotFound, StalePlace),
    ),
)
