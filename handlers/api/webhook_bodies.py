"""What a webhook is sent of an event: the booking as the API tells it, before and after. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from core.catalogue import Catalogue
from core.models import Actor, Booking
from core.notices import Happened
from core.search import hidden
from handlers.api.seen import BookingOut
from handlers.api.values import Out

_NOBODY = UUID(int=0)
CLOCK = "clock"
# Who has no right at all sees of private bookings what everybody may; an admin sees all.
_STRANGER = Actor(person_id=_NOBODY, slack_user_id="", name="", surface="api")
_ADMIN = Actor(person_id=_NOBODY, slack_user_id="", name="", admin=True, surface="api")


class EventData(Out):
    """What happened. `before` is null for a booking that was made; `byPersonId` null for what happened by itself.

    Of a private booking neither who did it nor why is told, unless the webhook is told of those in full. `operationId` is
    the same for all that was done at once, to many dates of a series.
    """

    event_id: UUID
    booking: BookingOut
    before: BookingOut | None
    by_person_id: UUID | None
    surface: str
    reason: str | None
    operation_id: UUID | None


class EventOut(Out):
    """A message: `type` is "booking." and the event's kind, `timestamp` when it happened."""

    type: str
    timestamp: datetime
    data: EventData


def body(event_id: UUID, happened: Happened, catalogue: Catalogue, details: bool) -> Mapping[str, Any]:  # noqa: FBT001
    """Return the message of an event, as JSON says it; with `details`, private bookings in full."""
    by = _ADMIN if details else _STRANGER

    # What was private before or became so says nothing of its people in either state.
    private = not details and any(hidden(one, catalogue).private for one in (happened.after, happened.before) if one)

    def told(booking: Booking) -> BookingOut:
        seen = BookingOut.of(replace(booking, private=private or booking.private), by=by, catalogue=catalogue)
        return seen.model_copy(update={"private": hidden(booking, catalogue).private})

    person = None if private or happened.surface == CLOCK else happened.by_person_id
    event = EventOut(
        type=f"booking.{happened.kind.value}",
        timestamp=happened.at,
        data=EventData(
            event_id=event_id,
            booking=told(happened.after),
            before=told(happened.before) if happened.before else None,
            by_person_id=person,
            surface=happened.surface,
            reason=None if private else happened.reason,
            operation_id=happened.operation_id,
        ),
    )
    return event.model_dump(mode="json", by_alias=True)
