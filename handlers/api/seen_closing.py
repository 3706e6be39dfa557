"""Closing rooms and what it leads to, as an answer tells it: bookings that stand there, and where each could go."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID

from core.models import Booking, Room
from core.places import Closed
from core.rerooming import Plan
from handlers.api.operations import Call, Reply
from handlers.api.seen import BookingOut
from handlers.api.values import Out


class ClosedOut(Out):
    """A room or location whose use was changed, and the bookings ahead that stand there, soonest first."""

    name: str
    active: bool
    bookings: list[BookingOut]

    @classmethod
    def of(cls, closed: Closed, call: Call, *, active: bool) -> ClosedOut:
        """Return it as the asker may see it."""
        return cls(name=closed.name, active=active, bookings=seen(closed.bookings, call))


class PlacedOut(Out):
    """A booking, and the room that it would get; null where there is none."""

    booking: BookingOut
    room_id: UUID | None
    room_name: str | None

    @classmethod
    def of(cls, booking: Booking, room: Room | None, call: Call) -> PlacedOut:
        """Return it as the asker may see it."""
        told = BookingOut.of(booking, by=call.actor, catalogue=call.catalogue)
        return cls(booking=told, room_id=room.id if room else None, room_name=room.name if room else None)


class PlanOut(Out):
    """What closing would lead to: every booking affected with the room that it would get. Nothing is held by asking."""

    items: list[PlacedOut]

    @classmethod
    def of(cls, plan: Plan, call: Call) -> PlanOut:
        """Return it as the asker may see it."""
        pairs: list[tuple[Booking, Room | None]] = [*plan.placed, *((booking, None) for booking in plan.unplaced)]
        pairs.sort(key=lambda pair: (pair[0].start, pair[0].id))
        return cls(items=[PlacedOut.of(booking, room, call) for booking, room in pairs])


def seen(bookings: tuple[Booking, ...], call: Call) -> list[BookingOut]:
    """Return bookings as the asker may see them."""
    return [BookingOut.of(one, by=call.actor, catalogue=call.catalogue) for one in bookings]


async def used(call: Call, use: Callable[[], Awaitable[Closed]], *, active: bool) -> Reply:
    """Take something into use or out of it, once for each key; whoever is concerned is proposed another room at once."""
    done = await call.once(use, lambda closed: ClosedOut.of(closed, call, active=active))
    await call.services.administration.rerooming.advance(call.now)
    return Reply(body=ClosedOut.model_validate(done))
