"""Movable equipment and what rooms have, over the API."""

from __future__ import annotations

from collections import Counter
from typing import Annotated
from uuid import UUID

from pydantic import Field

from core.errors import EquipmentNotFound, InvalidSetting, LocationNotFound, NotAllowed, StalePlace, StillUsed
from core.models import Equipment, Slot
from core.tokens import Scope
from handlers.api import problems
from handlers.api.bookings import last_event
from handlers.api.operations import Call, Operation, Reply
from handlers.api.paging import Page
from handlers.api.patching import given
from handlers.api.values import Body, Line, Moment, Out, Query

TAG = "Equipment"
Name = Annotated[Line, Field(min_length=1, max_length=80)]
Count = Annotated[int, Field(ge=0, le=100_000)]
Word = Annotated[Line, Field(min_length=1, max_length=40)]


class EquipmentOut(Out):
    """A piece of equipment, of which a location has so many."""

    id: UUID
    version: int
    name: str
    location_id: UUID
    quantity: int
    active: bool

    @classmethod
    def of(cls, one: Equipment) -> EquipmentOut:
        """Return a piece of equipment as it is told."""
        return cls(
            id=one.id,
            version=one.version,
            name=one.name,
            location_id=one.location_id,
            quantity=one.quantity,
            active=one.active,
        )


class EquipmentAsked(Page):
    """Which equipment is wanted."""

    location_id: UUID | None = None
    active: bool | None = None


class EquipmentListOut(Out):
    """A page of equipment, by name."""

    items: list[EquipmentOut]
    next: str | None


class EquipmentNew(Body):
    """Equipment to be added to a location."""

    location_id: UUID
    name: Name
    quantity: Count


class EquipmentChange(Body):
    """What is to be different about equipment; what is left out stays."""

    name: Name | None = None
    quantity: Count | None = None
    active: bool | None = None


class LeftAsked(Query):
    """The time for which something is needed."""

    start: Moment
    end: Moment


class LeftOut(Out):
    """How many of a piece of equipment nobody has for the whole of a time."""

    equipment: EquipmentOut
    left: int


class LeftListOut(Out):
    """What can be borrowed at a location."""

    items: list[LeftOut]


class AmenityOut(Out):
    """What rooms have, and how many have it."""

    name: str
    rooms: int


class AmenitiesOut(Out):
    """Every amenity, by name."""

    items: list[AmenityOut]


class Merge(Body):
    """Words that one takes the place of; a single one is renamed."""

    words: Annotated[tuple[Word, ...], Field(min_length=1, max_length=50)]
    into: Word


class MergedOut(Out):
    """How many rooms have the new word in place of others."""

    rooms: int


async def listed(call: Call) -> Reply:
    """Return a page of equipment, from memory."""
    asked, catalogue = call.query(EquipmentAsked), call.catalogue
    wanted = [
        EquipmentOut.of(one)
        for one in catalogue.equipment
        if asked.location_id in {None, one.location_id} and asked.active in {None, one.active}
    ]
    page, following = asked.of(wanted, key=lambda one: (one.name.casefold(), str(one.id)))
    return Reply(body=EquipmentListOut(items=page, next=following), modified=catalogue.changed_at, following=following)


async def one(call: Call) -> Reply:
    """Return a piece of equipment."""
    return _told(call, call.catalogue.thing(call.id("equipment_id")))


async def add(call: Call) -> Reply:
    """Add equipment."""
    said, equipment = call.body(EquipmentNew), call.services.administration.equipment
    done = await call.once(lambda: equipment.add(said.location_id, said.name, said.quantity, by=call.actor), EquipmentOut.of)
    added = EquipmentOut.model_validate(done)
    return Reply(body=added, version=added.version, at=f"/equipment/{added.id}")


async def edit(call: Call) -> Reply:
    """Change equipment, or take it out of use and back."""
    equipment_id, said = call.id("equipment_id"), given(call.body(EquipmentChange))
    version = await call.version(lambda: _version(call, equipment_id))
    done = await call.services.administration.equipment.edit(equipment_id, version=version, by=call.actor, **said)
    return _told(call, done)


async def left(call: Call) -> Reply:
    """Return what can be borrowed at a location."""
    asked, place = call.query(LeftAsked), call.catalogue.location(call.id("location_id"))
    if asked.end <= asked.start:
        raise problems.Invalid("Give an end after the start.", fields={"end": "Give an end after the start."})
    slot = Slot(start=asked.start, end=asked.end)
    found = await call.services.administration.equipment.available(place.id, slot)
    items = [LeftOut(equipment=EquipmentOut.of(each.equipment), left=each.left) for each in found]
    return Reply(body=LeftListOut(items=items), modified=await last_event(call), dated=False)


async def amenities(call: Call) -> Reply:
    """Return what rooms have, from memory."""
    counted = Counter(word for room in call.catalogue.rooms for word in room.amenities)
    items = [AmenityOut(name=name, rooms=counted[name]) for name in sorted(counted)]
    return Reply(body=AmenitiesOut(items=items), modified=call.catalogue.changed_at)


async def merge(call: Call) -> Reply:
    """Rename or merge amenities."""
    said, places = call.body(Merge), call.services.administration.places
    done = await call.once(
        lambda: places.merge_amenities(said.words, said.into, by=call.actor), lambda rooms: MergedOut(rooms=rooms)
    )
    return Reply(body=MergedOut.model_validate(done))


async def _now(call: Call, equipment_id: UUID) -> Equipment:
    call.services.catalogues.forget()
    return (await call.services.catalogues.current()).thing(equipment_id)


async def _version(call: Call, equipment_id: UUID) -> int:
    return (await _now(call, equipment_id)).version


def _told(call: Call, one: Equipment) -> Reply:
    return Reply(body=EquipmentOut.of(one), version=one.version, modified=call.catalogue.changed_at)


OPERATIONS = (
    Operation(
        method="GET",
        path="/equipment",
        name="listEquipment",
        tag=TAG,
        summary="List equipment",
        handle=listed,
        query=EquipmentAsked,
        answer=EquipmentListOut,
    ),
    Operation(
        method="GET",
        path="/equipment/{equipment_id}",
        name="getEquipment",
        tag=TAG,
        summary="Get a piece of equipment",
        handle=one,
        answer=EquipmentOut,
        refusals=(EquipmentNotFound,),
    ),
    Operation(
        method="POST",
        path="/equipment",
        name="addEquipment",
        tag=TAG,
        summary="Add equipment to a location",
        description="For admins, and those who manage every room there.",
        handle=add,
        scope=Scope.ADMIN,
        managers=True,
        body=EquipmentNew,
        answer=EquipmentOut,
        status=201,
        refusals=(InvalidSetting, LocationNotFound, NotAllowed),
    ),
    Operation(
        method="PATCH",
        path="/equipment/{equipment_id}",
        name="changeEquipment",
        tag=TAG,
        summary="Change equipment, or take it out of use and back",
        description="For admins, and those who manage every room there.",
        handle=edit,
        scope=Scope.ADMIN,
        managers=True,
        body=EquipmentChange,
        answer=EquipmentOut,
        changes=True,
        refusals=(EquipmentNotFound, InvalidSetting, NotAllowed, StalePlace, StillUsed),
    ),
    Operation(
        method="GET",
        path="/locations/{location_id}/equipment",
        name="listEquipmentLeft",
        tag=TAG,
        summary="List what can be borrowed at a location for a time",
        handle=left,
        query=LeftAsked,
        answer=LeftListOut,
        refusals=(LocationNotFound,),
    ),
    Operation(
        method="GET",
        path="/amenities",
        name="listAmenities",
        tag="Rooms",
        summary="List what rooms have",
        handle=amenities,
        answer=AmenitiesOut,
    ),
    Operation(
        method="POST",
        path="/amenities/merge",
        name="mergeAmenities",
        tag="Rooms",
        summary="Rename or merge what rooms have",
        handle=merge,
        scope=Scope.ADMIN,
        body=Merge,
        answer=MergedOut,
        refusals=(InvalidSetting, StillUsed),
    ),
)
