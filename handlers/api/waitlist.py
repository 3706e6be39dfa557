"""The waiting list over the API: standing in line, one's places there, taking what is held and turning it down."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from core import errors
from core.notices import Waiting
from core.tokens import Scope
from handlers.api.bookings import RULES, BookingNew, told
from handlers.api.operations import Call, Operation, Reply
from handlers.api.seen import BookingOut, BorrowedOut
from handlers.api.values import Out

TAG = "Waiting list"


class WaitingOut(Out):
    """Somebody's place in line. `ahead` is how many stand before it, null where that was not asked.

    `status`: "waiting"; "offered" (`offeredRoomId` is held until `offerExpiresAt`); "taken" (`bookingId`); "declined",
    "missed", "left" or "over".
    """

    id: UUID
    version: int
    status: str
    person_id: UUID
    start: datetime
    end: datetime
    room_id: UUID | None
    more_room_ids: list[UUID]
    location_id: UUID | None
    floor: str | None
    attendees_count: int
    amenities: list[str]
    title: str | None
    private: bool
    shared: bool
    invitee_ids: list[UUID]
    equipment: list[BorrowedOut]
    offered_room_id: UUID | None
    offer_expires_at: datetime | None
    booking_id: UUID | None
    series_id: UUID | None
    created_at: datetime
    ahead: int | None

    @classmethod
    def of(cls, waiting: Waiting, *, ahead: int | None = None) -> WaitingOut:
        """Return a place in line as whoever stands there sees it."""
        return cls(
            id=waiting.id,
            version=waiting.version,
            status=waiting.status,
            person_id=waiting.person_id,
            start=waiting.slot.start,
            end=waiting.slot.end,
            room_id=waiting.room.id if waiting.room else None,
            more_room_ids=[room.id for room in waiting.more_rooms],
            location_id=waiting.location.id if waiting.location else None,
            floor=waiting.floor,
            attendees_count=waiting.attendees_count,
            amenities=sorted(waiting.amenities),
            title=waiting.title,
            private=waiting.private,
            shared=waiting.shared,
            invitee_ids=list(waiting.invitees),
            equipment=[
                BorrowedOut(equipment_id=one.equipment.id, name=one.equipment.name, quantity=one.quantity)
                for one in waiting.equipment
            ],
            offered_room_id=waiting.offered_room.id if waiting.offered_room else None,
            offer_expires_at=waiting.offer_expires_at,
            booking_id=waiting.booking_id,
            series_id=waiting.series_id,
            created_at=waiting.created_at,
            ahead=ahead,
        )


class WaitlistOut(Out):
    """One's places in line, soonest first."""

    items: list[WaitingOut]


async def join(call: Call) -> Reply:
    """Stand in line."""
    waiting = await call.services.line.join(call.body(BookingNew).wish(), by=call.actor, key=call.key)
    return Reply(body=WaitingOut.of(waiting), version=waiting.version, at=f"/waitlist/{waiting.id}")


async def mine(call: Call) -> Reply:
    """Return what the asker waits for or is offered."""
    places = await call.services.line.mine(call.actor)
    ahead = await call.services.line.ahead(places)
    items = [WaitingOut.of(one, ahead=ahead.get(one.id)) for one in places]
    return Reply(body=WaitlistOut(items=items), modified=call.now, dated=False)


async def one(call: Call) -> Reply:
    """Return a place in line, to whoever stands there and to admins."""
    waiting = await call.services.line.get(call.id("waiting_id"))
    if not call.actor.admin and waiting.person_id != call.actor.person_id:
        raise errors.WaitingNotFound("You are not on the waiting list for that any more.")
    ahead = await call.services.line.ahead([waiting])
    body = WaitingOut.of(waiting, ahead=ahead.get(waiting.id))
    return Reply(body=body, version=waiting.version, modified=call.now, dated=False)


async def leave(call: Call) -> Reply:
    """Leave the line."""
    waiting_id, line = call.id("waiting_id"), call.services.line
    left = await call.once(lambda: line.leave(waiting_id, by=call.actor), WaitingOut.of)
    return Reply(body=WaitingOut.model_validate(left))


async def decline(call: Call) -> Reply:
    """Turn an offer down."""
    waiting_id, line = call.id("waiting_id"), call.services.line
    declined = await call.once(lambda: line.decline(waiting_id, by=call.actor), WaitingOut.of)
    return Reply(body=WaitingOut.model_validate(declined))


async def take(call: Call) -> Reply:
    """Book what is held."""
    booking = await call.services.line.take(call.id("waiting_id"), by=call.actor, key=call.key)
    return told(call, booking, at=f"/bookings/{booking.id}")


OWN = (errors.WaitingNotFound, errors.NotAllowed)
OPERATIONS = (
    Operation(
        method="POST",
        path="/waitlist",
        name="joinWaitlist",
        tag=TAG,
        summary="Stand in line for a room, or for any that fits",
        description="The same room and time again is the same place. What need not be waited for is refused (AlreadyFree).",
        handle=join,
        scope=Scope.BOOK,
        body=BookingNew,
        answer=WaitingOut,
        status=201,
        refusals=(errors.AlreadyFree, *RULES),
    ),
    Operation(
        method="GET",
        path="/me/waitlist",
        name="listMyPlacesInLine",
        tag=TAG,
        summary="List what one waits for or is offered",
        handle=mine,
        answer=WaitlistOut,
    ),
    Operation(
        method="GET",
        path="/waitlist/{waiting_id}",
        name="getPlaceInLine",
        tag=TAG,
        summary="Get a place in line",
        handle=one,
        answer=WaitingOut,
        refusals=(errors.WaitingNotFound,),
    ),
    Operation(
        method="POST",
        path="/waitlist/{waiting_id}/leave",
        name="leaveWaitlist",
        tag=TAG,
        summary="Leave the line, giving back what is held",
        handle=leave,
        scope=Scope.BOOK,
        answer=WaitingOut,
        refusals=OWN,
    ),
    Operation(
        method="POST",
        path="/waitlist/{waiting_id}/decline",
        name="declineOffer",
        tag=TAG,
        summary="Turn an offer down: the next in line gets it at once",
        handle=decline,
        scope=Scope.BOOK,
        answer=WaitingOut,
        refusals=OWN,
    ),
    Operation(
        method="POST",
        path="/waitlist/{waiting_id}/take",
        name="takeOffer",
        tag=TAG,
        summary="Book what is offered",
        handle=take,
        scope=Scope.BOOK,
        answer=BookingOut,
        status=201,
        refusals=(*OWN, errors.OfferGone, *RULES),
    ),
)
