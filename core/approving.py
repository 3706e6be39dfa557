"""Bookings that wait for approval: which do, until when, and what is noted of it in the transaction that books.

A booking that waits holds its rooms by claims that expire with the request. Every step of a booking goes through `settle`,
so that there is exactly one open request for each booking that waits. Kept out: who decides and how (`approval_deciding`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from core import events, rights, store
from core.catalogue import Catalogue
from core.db import WriteSession
from core.ids import new_id
from core.models import Actor, Booking, Right, Room, Slot, Status
from core.notices import Notice

# So long before the start it is too late to decide: whoever wanted to come has to know.
BEFORE_START = timedelta(minutes=5)
# What begins at once is held for so long, or nobody could decide at all.
AT_LEAST = timedelta(minutes=2)
JUST_NOW = timedelta(minutes=1)

# How a request went is told for so long after the meeting, too.
TOLD_AFTER = timedelta(hours=12)

# What an approver or the clock did is nobody else's to take back.
DECISIONS = frozenset({events.Kind.APPROVED, events.Kind.DECLINED, events.Kind.EXPIRED})

_OPEN = """
SELECT id, expires_at, approved_before::text FROM approvals
WHERE tenant_id = $1 AND booking_id = $2 AND decision IS NULL FOR UPDATE
"""
_ASK = """
INSERT INTO approvals (tenant_id, id, booking_id, approved_before, asked_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)
"""
_CLOSE_ALL = """
UPDATE approvals SET decision = $3, decided_by = $4, decided_at = $5, reason = $6, version = version + 1
WHERE tenant_id = $1 AND id = ANY($2::uuid[]) AND decision IS NULL
"""
_CLOSE = """
UPDATE approvals SET decision = $3, decided_by = $4, decided_at = $5, reason = $6, version = version + 1
WHERE tenant_id = $1 AND booking_id = $2 AND decision IS NULL
RETURNING id
"""
# One message whatever is decided together, and only the first decision is told.
_TELL = """
INSERT INTO deliveries (tenant_id, id, key, kind, team_id, booking_id, person_id, about, due_at, until)
SELECT $1, $2::uuid, $3, $4, p.slack_team_id, $5::uuid, p.id, $6::jsonb, $7::timestamptz, $8::timestamptz
FROM people p WHERE p.tenant_id = $1 AND p.id = $9
ON CONFLICT (tenant_id, key) DO NOTHING
"""


def needs_approval(room: Room, *, catalogue: Catalogue, by: Actor) -> bool:
    """Tell whether somebody's bookings of a room wait for approval: not those of who could approve them."""
    if by.admin or rights.may(by, Right.OVERRIDE, room, catalogue) or rights.may(by, Right.APPROVE, room, catalogue):
        return False
    return catalogue.policy(room, by.groups).approval or rights.bookable_by(by, room, catalogue) is Right.REQUEST


def deciding(booking: Booking, catalogue: Catalogue) -> tuple[Room, ...]:
    """Return the rooms of a booking about which somebody is asked; all, where the rules have changed since."""
    if not booking.more_rooms:
        return booking.rooms
    found = [room for room in booking.rooms if catalogue.policy(room).approval or catalogue.only_asked_for(room)]
    return tuple(found) or booking.rooms


def who_decides(booking: Booking, *, catalogue: Catalogue) -> tuple[str, ...]:
    """Return the names of the people and groups who are asked about a booking; empty where that is the admins."""
    named = [_named(room, booking.booker.person_id, catalogue) for room in deciding(booking, catalogue)]
    return tuple(sorted(named[0].intersection(*named), key=str.casefold))


def _named(room: Room, booker: UUID, catalogue: Catalogue) -> set[str]:
    for right in (Right.APPROVE, Right.MANAGE):
        found = {
            grant.holder
            for given in catalogue.grants(room)
            for grant in given
            if grant.right is right and grant.holder and grant.person_id != booker
        }
        if found:
            return found
    return set()


def just_asked(booking: Booking, *, catalogue: Catalogue, now: datetime) -> datetime | None:
    """Return until when a booking is held that was just made and waits; None where rules may differ by now."""
    if booking.status is not Status.PENDING or booking.version != 1 or now - booking.created_at > JUST_NOW:
        return None
    return expiry(booking.rooms, booking.slot, catalogue=catalogue, now=booking.created_at)


def expiry(rooms: Iterable[Room], slot: Slot, *, catalogue: Catalogue, now: datetime) -> datetime:
    """Return until when a booking that asks now is held: so many hours, but not up to its start.

    Asked shortly before it, half of the time that is left goes by at least.
    """
    hours = min(catalogue.policy(room).approval_hours for room in rooms)
    latest = now + timedelta(hours=hours)
    if latest <= slot.start:
        return latest
    until = max(slot.start - BEFORE_START, now + (slot.start - now) / 2)
    return max(until, min(now + AT_LEAST, slot.end))


def status_of_new(
    rooms: Sequence[Room], slot: Slot, *, catalogue: Catalogue, by: Actor, now: datetime
) -> tuple[Status, datetime | None]:
    """Return the status of a new booking, and until when it is held where it waits for approval."""
    if any(needs_approval(room, catalogue=catalogue, by=by) for room in rooms):
        return Status.PENDING, expiry(rooms, slot, catalogue=catalogue, now=now)
    return Status.CONFIRMED, None


def after_change(
    before: Booking, after: Booking, *, catalogue: Catalogue, by: Actor, now: datetime
) -> tuple[Status, datetime | None]:
    """Return the status of a changed booking, and until when it is held where it asks (again) for approval.

    What was approved stays so while it takes no more than that. Where it waited and takes no more, until when is None: the
    request stays whoever changes it, and `settle` says until when.
    """
    if not after.holds_room:
        return after.status, None
    more = takes_more(before, after)
    if before.status is Status.PENDING and not more:
        return Status.PENDING, None
    if not any(needs_approval(room, catalogue=catalogue, by=by) for room in after.rooms):
        return Status.CONFIRMED if after.status is Status.PENDING else after.status, None
    if before.status is not Status.PENDING and (not more or _under_way(before, after, now=now)):
        return after.status, None
    return Status.PENDING, expiry(after.rooms, after.slot, catalogue=catalogue, now=now)


def takes_more(before: Booking, after: Booking) -> bool:
    """Tell whether a booking takes a room, time or number of people that it did not before."""
    longer = after.start < before.start or after.end > before.end
    other = {room.id for room in after.rooms} - {room.id for room in before.rooms}
    return longer or bool(other) or after.attendees_count > before.attendees_count


def _under_way(before: Booking, after: Booking, *, now: datetime) -> bool:
    """Tell whether people are in the room already and stay there: nobody is asked whether they may."""
    there = before.status is Status.CHECKED_IN or before.start <= now
    return there and before.start == after.start and {r.id for r in before.rooms} == {r.id for r in after.rooms}


async def asked(
    session: WriteSession,
    booking: Booking,
    *,
    approved_before: Booking | None,
    expires_at: datetime,
    by: Actor,  # noqa: ARG001 - who asks is in the booking's event
    now: datetime,
) -> None:
    """Note that a booking waits for approval; `approved_before` is what a refusal goes back to, None: nothing.

    A request of it that is still open is over with this one.
    """
    facts = events.snapshot(approved_before) if approved_before else None
    await _ask(session, booking.id, facts, expires_at=expires_at, now=now)


async def _ask(
    session: WriteSession, booking_id: UUID, approved_before: str | None, *, expires_at: datetime, now: datetime
) -> None:
    await close(session, booking_id, "withdrawn", now=now)
    await session.run(_ASK, session.tenant, new_id(), booking_id, approved_before, now, expires_at)


async def withdrawn(session: WriteSession, booking_id: UUID, *, now: datetime) -> None:
    """Note that a booking which waited for approval is not wanted any more; of any other, nothing."""
    await close(session, booking_id, "withdrawn", now=now)


async def close(
    session: WriteSession,
    booking_id: UUID,
    decision: str,
    *,
    now: datetime,
    by: UUID | None = None,
    reason: str | None = None,
) -> UUID | None:
    """Decide on a booking's open request and return its id; None where there is none (any more)."""
    found: UUID | None = await session.value(_CLOSE, session.tenant, booking_id, decision, by, now, reason)
    return found


async def close_all(
    session: WriteSession, request_ids: Sequence[UUID], decision: str, *, now: datetime, by: UUID | None, reason: str | None
) -> None:
    """Decide on open requests whose bookings are locked."""
    await session.run(_CLOSE_ALL, session.tenant, list(request_ids), decision, by, now, reason)


async def settle(
    session: WriteSession, before: Booking, after: Booking, *, catalogue: Catalogue, now: datetime
) -> datetime | None:
    """Bring a booking's request to where the booking goes, and return until when its claims hold (None: for good).

    For every step of a booking, whatever led to it, under its lock: asks where it waits now and did not before, or waits
    for more; ends what is not waited for any more. Who decides has closed the request before. The claims must get what
    this returns, also where neither room nor time changes.
    """
    if after.status is not Status.PENDING:
        if before.status is Status.PENDING:
            await close(session, before.id, "expired" if after.status is Status.EXPIRED else "withdrawn", now=now)
        return None
    row = await session.one(_OPEN, session.tenant, before.id)
    if row is not None and before.status is Status.PENDING and not takes_more(before, after):
        kept: datetime = row["expires_at"]
        return kept
    until = expiry(after.rooms, after.slot, catalogue=catalogue, now=now)
    if before.holds_room and before.status is not Status.PENDING:
        approved: str | None = events.snapshot(before)
    else:
        approved = row and row["approved_before"]
    await _ask(session, before.id, approved, expires_at=until, now=now)
    return until


def back_to(waits: Booking, approved: Booking, *, now: datetime) -> Booking | None:
    """Return the booking as it was approved before, where that lies within what is held now and is not over; else None.

    Everything that needs no approval stays as it is by now.
    """
    held = {room.id for room in waits.rooms}
    within = waits.start <= approved.start and approved.end <= waits.end
    if not within or approved.end <= now or {room.id for room in approved.rooms} - held:
        return None
    return replace(
        waits,
        room=approved.room,
        location=approved.location,
        more_rooms=approved.more_rooms,
        slot=approved.slot,
        attendees_count=min(waits.attendees_count, approved.attendees_count),
        status=Status.CONFIRMED,
    )


async def lapse(session: WriteSession, before: Booking, catalogue: Catalogue, *, now: datetime) -> Booking:
    """Let a waiting booking's request expire and tell its booker; return how the booking goes on, for the caller to write.

    What was approved of it before goes on; without that, it has expired. One that has asked anew meanwhile is returned as
    it is: its time is not over.
    """
    row = await session.one(_OPEN, session.tenant, before.id)
    if row and row["expires_at"] > now:
        return before
    closed = await close(session, before.id, "expired", now=now)
    facts = json.loads(row["approved_before"]) if row and row["approved_before"] else None
    approved = await store.from_snapshot(session, before.id, facts, catalogue) if facts else None
    after = ended(before, approved, Status.EXPIRED, now=now)
    if closed is not None:
        await tell_decided(session, closed, after, now=now)
    return after


def ended(before: Booking, approved: Booking | None, status: Status, *, now: datetime, reason: str | None = None) -> Booking:
    """Return what becomes of a booking whose request was declined or has expired."""
    back = back_to(before, approved, now=now) if approved else None
    left = back or replace(before, status=status, cancel_reason=reason, equipment=())
    return replace(left, version=before.version + 1, updated_at=now)


async def tell_decided(session: WriteSession, request_id: UUID, booking: Booking, *, now: datetime) -> None:
    """Tell the booker how a request was decided, unless the meeting is long over."""
    if booking.end + TOLD_AFTER <= now:
        return
    key = f"{Notice.DECIDED}:{request_id}"
    await tell(session, Notice.DECIDED, booking, booking.booker.person_id, {"approval": str(request_id)}, key=key, now=now)


async def tell(
    session: WriteSession,
    notice: Notice,
    booking: Booking,
    person_id: UUID,
    about: Mapping[str, str | None],
    *,
    key: str,
    now: datetime,
    until: datetime | None = None,
) -> None:
    """Put a message about a request into the outbox, once for each key."""
    session.happened = True
    until = until or max(booking.end, now) + TOLD_AFTER
    values = (new_id(), key, notice.value, booking.id, json.dumps(about), now, until, person_id)
    await session.run(_TELL, session.tenant, *values)
