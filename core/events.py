"""What happened, as rows that are only ever added: the audit, and the source of every notice.

A row is written in the transaction of the change itself. `before` and `after` are snapshots of the booking.
"""

from __future__ import annotations

import json
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from core.db import WriteSession
from core.models import Actor, Attendee, Booking, Response, by_name


class Kind(StrEnum):
    """What can happen to a booking."""

    BOOKED = "booked"
    CHANGED = "changed"
    RESPONDED = "responded"
    LATE = "late"
    CHECKED_IN = "checked_in"
    CANCELLED = "cancelled"
    RELEASED = "released"
    ENDED = "ended"
    EXPIRED = "expired"
    RESTORED = "restored"
    APPROVED = "approved"
    DECLINED = "declined"


# What changes nothing about when and where: it must not make older buttons stale, and Undo leaves it alone.
ASIDE = frozenset({Kind.RESPONDED, Kind.LATE})

# Column order of `values`, so that statements which write an event with something else can place it.
COLUMNS = (
    "tenant_id, id, kind, booking_id, booking_version, actor_id, surface, before, after, reason, happened_at, operation_id"
)


def snapshot(booking: Booking) -> str:
    """Return the booking's own facts as JSON text: ids and UTC times, no names of people or rooms."""
    return json.dumps(
        {
            "room_id": str(booking.room.id),
            "title": booking.title,
            "start": booking.start.isoformat(),
            "end": booking.end.isoformat(),
            "booked_by": str(booking.booker.person_id),
            "attendees": [[str(a.person_id), a.co_organiser, a.response] for a in booking.attendees],
            "attendees_count": booking.attendees_count,
            "status": booking.status.value,
            "private": booking.private,
            "version": booking.version,
            "created_at": booking.created_at.isoformat(),
            "updated_at": booking.updated_at.isoformat(),
            "cancel_reason": booking.cancel_reason,
            "late_at": booking.late_at and booking.late_at.isoformat(),
            "checked_in_at": booking.checked_in_at and booking.checked_in_at.isoformat(),
            "more_rooms": [str(room.id) for room in booking.more_rooms],
            "equipment": [[str(one.equipment.id), one.quantity] for one in booking.equipment],
            "series": booking.series_id and [str(booking.series_id), str(booking.series_on)],
        }
    )


def people_in(facts: dict[str, object]) -> list[UUID]:
    """Return the ids of everybody named in a snapshot."""
    attendees = facts["attendees"]
    assert isinstance(attendees, list)
    return [UUID(str(facts["booked_by"])), *(UUID(person) for person, *_ in attendees)]


def attendees_in(facts: dict[str, object], known: dict[UUID, Attendee]) -> tuple[Attendee, ...]:
    """Return a snapshot's attendees with the names that are known now."""
    attendees = facts["attendees"]
    assert isinstance(attendees, list)
    return by_name(
        Attendee(
            person_id=UUID(person),
            slack_user_id=known[UUID(person)].slack_user_id,
            name=known[UUID(person)].name,
            co_organiser=co_organiser,
            response=Response(response[0]) if response and response[0] else None,
        )
        # Snapshots from before there were responses have none.
        for person, co_organiser, *response in attendees
    )


def values(
    session: WriteSession,
    kind: Kind,
    *,
    event_id: UUID,
    before: Booking | None,
    after: Booking,
    by: Actor,
    at: datetime,
    reason: str | None = None,
    operation_id: UUID | None = None,
) -> tuple[object, ...]:
    """Return the row in the order of `COLUMNS`."""
    return (
        session.tenant,
        event_id,
        kind.value,
        after.id,
        after.version,
        by.person_id,
        by.surface,
        snapshot(before) if before else None,
        snapshot(after),
        reason,
        at,
        operation_id,
    )


async def add(
    session: WriteSession,
    kind: Kind,
    *,
    event_id: UUID,
    before: Booking,
    after: Booking,
    by: Actor,
    at: datetime,
    reason: str | None = None,
    operation_id: UUID | None = None,
) -> None:
    """Write one event; `operation_id` is that of the many that were changed at once."""
    session.happened = True
    row = values(
        session, kind, event_id=event_id, before=before, after=after, by=by, at=at, reason=reason, operation_id=operation_id
    )
    await session.run(f"INSERT INTO events ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)", *row)
