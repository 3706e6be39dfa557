"""Which rooms are free for a time, over the API, and what can be had instead of what was wished for."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field

from core import errors
from core.models import FreeRoom, Slot, Wish
from core.search import order_of_fit
from handlers.api import demand
from handlers.api.bookings import RULES, BookingNew, last_event
from handlers.api.operations import Call, Operation, Reply
from handlers.api.paging import Page
from handlers.api.seen import AlternativeOut, RoomOut
from handlers.api.values import Line, Moment, Out

TAG = "Availability"
_THING = re.compile(r"([0-9A-Fa-f-]{32,36})(?::([1-9]\d{0,3}))?")


def _a_thing(said: str) -> str:
    found = _THING.fullmatch(said)
    try:
        if found is None:
            raise ValueError(said)
        UUID(found[1])
    except ValueError:
        raise ValueError("write equipment as its id, or as its id and a number: <id>:2") from None
    return said


Thing = Annotated[str, Field(max_length=60), AfterValidator(_a_thing)]


class FreeAsked(Page):
    """The time and what the room must have. `equipment` is an id, or an id and how many: `<id>:2`."""

    start: Moment
    end: Moment
    attendees_count: Annotated[int, Field(ge=1, le=100_000)] = 1
    amenity: Annotated[tuple[Annotated[Line, Field(max_length=40)], ...], Field(max_length=50)] = ()
    room_id: UUID | None = None
    location_id: UUID | None = None
    floor: Annotated[Line, Field(max_length=40)] | None = None
    equipment: Annotated[tuple[Thing, ...], Field(max_length=20)] = ()

    def wish(self) -> Wish:
        """Return it as the core takes it."""
        return Wish(
            slot=Slot(start=self.start, end=self.end),
            attendees_count=self.attendees_count,
            amenities=frozenset(word.casefold() for word in self.amenity),
            room_id=self.room_id,
            location_id=self.location_id,
            floor=self.floor,
            equipment=tuple(_thing(one) for one in self.equipment),
        )


def _thing(said: str) -> tuple[UUID, int]:
    name, _, count = said.partition(":")
    return UUID(name), int(count or 1)


class FreeRoomOut(RoomOut):
    """A room that is free; `freeUntil` is when its next booking begins (null: not within a day)."""

    free_until: datetime | None

    @classmethod
    def free(cls, one: FreeRoom, call: Call) -> FreeRoomOut:
        """Return a free room as somebody sees it."""
        room = RoomOut.of(one.room, by=call.actor, catalogue=call.catalogue)
        return cls(**room.model_dump(), free_until=one.free_until)


class FreeOut(Out):
    """A page of rooms that are free, the best fitting first; `taken` counts those that fit and are not free."""

    items: list[FreeRoomOut]
    taken: int
    next: str | None


class AlternativesOut(Out):
    """What is free and allowed instead of what was wished for."""

    items: list[AlternativeOut]


async def free(call: Call) -> Reply:
    """Return a page of the rooms that are free."""
    asked = call.query(FreeAsked)
    wish = asked.wish()
    found = await call.services.search.find(wish, by=call.actor)
    if not found.free:
        demand.note(call, wish, None)

    def place(one: FreeRoom) -> tuple[str, ...]:
        seats, spare, name, room_id = order_of_fit(one.room, wish)
        return f"{seats:09}", f"{spare:04}", name, str(room_id)

    page, following = asked.of(found.free, key=place)
    body = FreeOut(items=[FreeRoomOut.free(one, call) for one in page], taken=found.taken, next=following)
    return Reply(body=body, modified=await last_event(call), dated=False, following=following)


def wanted(call: Call) -> Wish:
    """Return what is looked for."""
    return call.query(FreeAsked).wish()


async def instead(call: Call) -> Reply:
    """Return what can be had instead of a wish; nothing is changed by asking."""
    wish = call.body(BookingNew).wish()
    _refuse_empty(wish)
    found = await call.services.search.alternatives(wish, by=call.actor, limit=10)
    return Reply(body=AlternativesOut(items=[AlternativeOut.of(one) for one in found]))


def _refuse_empty(wish: Wish) -> None:
    if wish.slot.end <= wish.slot.start:
        raise errors.EndBeforeStart("The meeting would end before it starts. Give an end after the start.")


OPERATIONS = (
    Operation(
        method="GET",
        path="/availability",
        name="findRooms",
        tag=TAG,
        summary="Find rooms that are free for a time",
        description="Where no room fits, or a rule stands against all that do, the answer says which.",
        handle=free,
        wish=wanted,
        query=FreeAsked,
        answer=FreeOut,
        refusals=RULES,
    ),
    Operation(
        method="POST",
        path="/availability/alternatives",
        name="findAlternatives",
        tag=TAG,
        summary="Find what is free instead of what was wished for",
        description="Other rooms then, the same room at the nearest times, or a bit shorter. Changes nothing.",
        handle=instead,
        body=BookingNew,
        answer=AlternativesOut,
        refusals=RULES,
    ),
)
