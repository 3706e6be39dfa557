"""Who holds which room when: the only module that writes `room_claims`.

A claim goes in by ON CONFLICT on the one exclusion constraint: a plain insert that fails deadlocks under load, this one
waits its turn and comes back empty. A claim past its expiry never blocks anybody: by the clock of whoever asks, which
also set it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from core.db import ReadSession, WriteSession
from core.ids import new_id
from core.models import Room, Slot

# Placeholders: $1 tenant, $2 claim, $3 room, $4 booking, $5 start, $6 end. Returns a row when the room was taken.
TAKE = """
INSERT INTO room_claims (tenant_id, id, room_id, kind, booking_id, start_time, end_time)
VALUES ($1, $2, $3, 'booking', $4, $5, $6)
ON CONFLICT ON CONSTRAINT room_claims_no_overlap DO NOTHING
RETURNING booking_id
"""

_TAKE_FOR_OFFER = """
INSERT INTO room_claims (tenant_id, id, room_id, kind, waiting_id, start_time, end_time, expires_at)
VALUES ($1, $2, $3, 'offer', $4, $5, $6, $7)
ON CONFLICT ON CONSTRAINT room_claims_no_overlap DO NOTHING
RETURNING true
"""

# For a booking whose own room closes; nothing but its answer, or the time for it, ends this.
_TAKE_FOR_PROPOSAL = """
INSERT INTO room_claims (tenant_id, id, room_id, kind, proposal_id, start_time, end_time)
VALUES ($1, $2, $3, 'proposal', $4, $5, $6)
ON CONFLICT ON CONSTRAINT room_claims_no_overlap DO NOTHING
RETURNING true
"""

# An offer that is taken becomes the booking's claim where it stands: there is no moment without it. Placeholders as in
# `TAKE`, but $2 is the place in line. Never wider than it was, so that it meets nobody.
TURN = """
UPDATE room_claims SET kind = 'booking', booking_id = $4, waiting_id = NULL, expires_at = NULL,
    start_time = greatest(start_time, $5), end_time = least(end_time, $6)
WHERE tenant_id = $1 AND room_id = $3 AND waiting_id = $2
RETURNING booking_id
"""

_EXPIRED = """
FROM room_claims WHERE tenant_id = $1 AND room_id = $2 AND start_time < $4 AND end_time > $3 AND expires_at <= $5
"""
_EXPIRED_BOOKINGS = f"SELECT DISTINCT booking_id {_EXPIRED} AND booking_id IS NOT NULL ORDER BY booking_id"
# In one order for everybody, so that two who clear the same way do not deadlock.
_DROP_EXPIRED = f"""
DELETE FROM room_claims WHERE tenant_id = $1 AND id IN (SELECT id {_EXPIRED} ORDER BY id FOR UPDATE)
"""


def span(room: Room, slot: Slot) -> Slot:
    """Return the time that a booking keeps the room: its own, widened by setup and teardown."""
    if not room.setup_minutes and not room.teardown_minutes:
        return slot
    return Slot(
        start=slot.start - timedelta(minutes=room.setup_minutes), end=slot.end + timedelta(minutes=room.teardown_minutes)
    )


async def take(session: WriteSession, *, room: Room, slot: Slot, booking_id: UUID) -> bool:
    """Claim the room for a booking; return False when somebody holds it."""
    held = span(room, slot)
    return bool(await session.value(TAKE, session.tenant, new_id(), room.id, booking_id, held.start, held.end))


async def take_for_offer(session: WriteSession, *, room: Room, slot: Slot, waiting_id: UUID, until: datetime) -> bool:
    """Claim the room for somebody in line, until then; return False when somebody holds it."""
    held = span(room, slot)
    return bool(
        await session.value(_TAKE_FOR_OFFER, session.tenant, new_id(), room.id, waiting_id, held.start, held.end, until)
    )


async def expired_bookings(session: WriteSession, *, room: Room, slot: Slot, now: datetime) -> tuple[UUID, ...]:
    """Return the bookings whose expired claims are in the way, in id order."""
    held = span(room, slot)
    rows = await session.all(_EXPIRED_BOOKINGS, session.tenant, room.id, held.start, held.end, now)
    return tuple(row["booking_id"] for row in rows)


async def drop_expired(session: WriteSession, *, room: Room, slot: Slot, now: datetime) -> bool:
    """Remove expired claims in the way; return whether there were any. Whatever holds them must be expired before."""
    held = span(room, slot)
    return await session.run(_DROP_EXPIRED, session.tenant, room.id, held.start, held.end, now) != "DELETE 0"


async def give_back(session: WriteSession, booking_ids: Sequence[UUID]) -> None:
    """Remove every claim of the bookings."""
    await session.run(
        "DELETE FROM room_claims WHERE tenant_id = $1 AND booking_id = ANY($2::uuid[])", session.tenant, booking_ids
    )


async def give_back_offer(session: WriteSession, waiting_id: UUID) -> None:
    """Remove the claim that was held for somebody in line."""
    await session.run("DELETE FROM room_claims WHERE tenant_id = $1 AND waiting_id = $2", session.tenant, waiting_id)


async def take_for_proposal(session: WriteSession, *, room: Room, slot: Slot, proposal_id: UUID) -> bool:
    """Claim a room, each of its parts, for a booking whose own closes; return False, holding none, when somebody has it."""
    held = span(room, slot)
    for leaf in room.leaves:
        if not await session.value(_TAKE_FOR_PROPOSAL, session.tenant, new_id(), leaf, proposal_id, held.start, held.end):
            await give_back_proposals(session, [proposal_id])
            return False
    return True


async def give_back_proposals(session: WriteSession, proposal_ids: Sequence[UUID]) -> None:
    """Remove what was held for bookings whose rooms close."""
    await session.run(
        "DELETE FROM room_claims WHERE tenant_id = $1 AND proposal_id = ANY($2::uuid[])", session.tenant, list(proposal_ids)
    )


async def extend_offer(session: WriteSession, waiting_id: UUID, *, until: datetime) -> None:
    """Hold what is held for somebody in line until then."""
    await session.run(
        "UPDATE room_claims SET expires_at = $3 WHERE tenant_id = $1 AND waiting_id = $2",
        session.tenant,
        waiting_id,
        until,
    )


async def lock_rooms(session: WriteSession, room_ids: Sequence[UUID]) -> None:
    """Lock rooms in id order, for changes that give a claim back and take another: without it they deadlock."""
    await session.all(
        "SELECT id FROM rooms WHERE tenant_id = $1 AND id = ANY($2::uuid[]) ORDER BY id FOR NO KEY UPDATE",
        session.tenant,
        sorted(set(room_ids)),
    )


# Claims of one room never overlap: of those that begin before a time ends, only the last can reach into it. So one
# row of the index answers for a room, however many claims it has.
BUSY = """
SELECT room.id FROM unnest({rooms}::uuid[], {starts}::timestamptz[], {ends}::timestamptz[]) AS room (id, starts, ends)
CROSS JOIN LATERAL (
    SELECT end_time FROM room_claims
    WHERE tenant_id = $1 AND room_id = room.id AND start_time < room.ends
        AND (expires_at IS NULL OR expires_at > {now}) {but}
    ORDER BY start_time DESC LIMIT 1
) AS latest
WHERE latest.end_time > room.starts
"""
_BUSY = BUSY.format(
    rooms="$2", starts="$3", ends="$4", now="$6", but="AND (booking_id IS NULL OR booking_id <> ALL($5::uuid[]))"
)

_FREE = """
SELECT wanted.number FROM unnest($2::uuid[], $3::timestamptz[], $4::timestamptz[])
    WITH ORDINALITY AS wanted (room_id, starts, ends, number)
WHERE NOT EXISTS (
    SELECT FROM (
        SELECT end_time FROM room_claims
        WHERE tenant_id = $1 AND room_id = wanted.room_id AND start_time < wanted.ends
            AND (expires_at IS NULL OR expires_at > $5)
        ORDER BY start_time DESC LIMIT 1
    ) latest WHERE latest.end_time > wanted.starts
)
"""

# Who is offered what in a window; never so many that their order matters.
_OFFERED = """
SELECT c.room_id, c.start_time, c.end_time, c.expires_at, w.person_id
FROM room_claims c JOIN waiting w ON w.tenant_id = c.tenant_id AND w.id = c.waiting_id
WHERE c.tenant_id = $1 AND c.room_id = ANY($2::uuid[]) AND c.start_time < $4 AND c.end_time > $3 AND c.expires_at > $5
ORDER BY c.room_id, c.start_time
"""

_NEXT = """
SELECT room.number, next.start_time
FROM unnest($2::uuid[], $3::timestamptz[], $4::timestamptz[]) WITH ORDINALITY AS room (id, starts, ends, number)
CROSS JOIN LATERAL (
    SELECT start_time FROM room_claims
    WHERE tenant_id = $1 AND room_id = room.id AND start_time >= room.starts AND start_time < room.ends
        AND (expires_at IS NULL OR expires_at > $5)
    ORDER BY start_time LIMIT 1
) AS next
"""

# The claim under way when the window begins, and those that begin inside it: two reaches into one index for each room.
_HELD = """
SELECT held.room_id, held.start_time, held.end_time FROM unnest($2::uuid[]) AS room (id)
CROSS JOIN LATERAL (
    (SELECT room_id, start_time, end_time FROM room_claims
    WHERE tenant_id = $1 AND room_id = room.id AND start_time <= $3
        AND (expires_at IS NULL OR expires_at > $6) AND (booking_id IS NULL OR booking_id <> ALL($5::uuid[]))
    ORDER BY start_time DESC LIMIT 1)
    UNION ALL
    SELECT room_id, start_time, end_time FROM room_claims
    WHERE tenant_id = $1 AND room_id = room.id AND start_time > $3 AND start_time < $4
        AND (expires_at IS NULL OR expires_at > $6) AND (booking_id IS NULL OR booking_id <> ALL($5::uuid[]))
) AS held
WHERE held.end_time > $3
ORDER BY held.room_id, held.start_time
"""


async def busy_rooms(
    session: ReadSession, rooms: Sequence[Room], slot: Slot, *, now: datetime, but: Sequence[UUID] = ()
) -> set[UUID]:
    """Return which of the rooms somebody holds in the slot (setup and teardown counted), the bookings `but` left out."""
    spans = [span(room, slot) for room in rooms]
    rows = await session.all(
        _BUSY, session.tenant, [r.id for r in rooms], [s.start for s in spans], [s.end for s in spans], list(but), now
    )
    return {row["id"] for row in rows}


async def free(session: ReadSession, wanted: Sequence[tuple[Room, Slot]], *, now: datetime) -> set[int]:
    """Return the numbers, from 0, of those rooms and spans (setup and teardown counted) that nobody holds."""
    ids, starts, ends = [r.id for r, _ in wanted], [s.start for _, s in wanted], [s.end for _, s in wanted]
    rows = await session.all(_FREE, session.tenant, ids, starts, ends, now)
    return {row["number"] - 1 for row in rows}


async def offered(
    session: ReadSession, rooms: Sequence[Room], window: Slot, *, now: datetime
) -> list[tuple[Room, Slot, datetime, UUID]]:
    """Return what is held for people in line and touches the window: room, time without setup, until when, for whom."""
    known = {room.id: room for room in rooms}
    rows = await session.all(_OFFERED, session.tenant, list(known), window.start, window.end, now)
    return [
        (known[row["room_id"]], _within(known[row["room_id"]], row), row["expires_at"], row["person_id"]) for row in rows
    ]


def _within(room: Room, row: Mapping[str, Any]) -> Slot:
    """Return a claim's time without setup and teardown."""
    return Slot(
        start=row["start_time"] + timedelta(minutes=room.setup_minutes),
        end=row["end_time"] - timedelta(minutes=room.teardown_minutes),
    )


async def next_starts(session: ReadSession, rooms: Sequence[Room], window: Slot, *, now: datetime) -> dict[UUID, datetime]:
    """Return when the first claim of each room begins inside the window; rooms without one are left out."""
    found = await first_starts(session, [(room, window) for room in rooms], now=now)
    return {rooms[number].id: start for number, start in found.items()}


async def first_starts(session: ReadSession, windows: Sequence[tuple[Room, Slot]], *, now: datetime) -> dict[int, datetime]:
    """Return when the first claim of a room begins inside its window, by the window's number from 0."""
    ids, starts, ends = [r.id for r, _ in windows], [w.start for _, w in windows], [w.end for _, w in windows]
    rows = await session.all(_NEXT, session.tenant, ids, starts, ends, now)
    return {row["number"] - 1: row["start_time"] for row in rows}


async def held(
    session: ReadSession, rooms: Sequence[Room], window: Slot, *, now: datetime, but: Sequence[UUID] = ()
) -> dict[UUID, list[Slot]]:
    """Return the claims that touch the window, by room, in order of start."""
    found: dict[UUID, list[Slot]] = {}
    ids = [room.id for room in rooms]
    for row in await session.all(_HELD, session.tenant, ids, window.start, window.end, list(but), now):
        found.setdefault(row["room_id"], []).append(Slot(start=row["start_time"], end=row["end_time"]))
    return found


def widest(rooms: Sequence[Room], slot: Slot) -> Slot:
    """Return the time that covers what any of the rooms would be kept for."""
    before = max((room.setup_minutes for room in rooms), default=0)
    after = max((room.teardown_minutes for room in rooms), default=0)
    return Slot(start=slot.start - timedelta(minutes=before), end=slot.end + timedelta(minutes=after))
