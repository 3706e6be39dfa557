"""Who holds which room when: the only module that writes `room_claims`.

A claim goes in by ON CONFLICT on the one exclusion constraint: a plain insert that fails deadlocks under load, this one
waits its turn and comes back empty. A claim past its expiry never blocks anybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
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

_DROP_EXPIRED = """
DELETE FROM room_claims
WHERE tenant_id = $1 AND room_id = $2 AND start_time < $4 AND end_time > $3 AND expires_at <= now()
"""


def span(room: Room, slot: Slot) -> Slot:
    """Return the time that a booking keeps the room: its own, widened by setup and teardown."""
    return Slot(
        start=slot.start - timedelta(minutes=room.setup_minutes), end=slot.end + timedelta(minutes=room.teardown_minutes)
    )


async def take(session: WriteSession, *, room: Room, slot: Slot, booking_id: UUID) -> bool:
    """Claim the room for a booking; return False when somebody holds it."""
    held = span(room, slot)
    for _ in range(2):
        if await session.value(TAKE, session.tenant, new_id(), room.id, booking_id, held.start, held.end):
            return True
        if not await drop_expired(session, room=room, slot=slot):
            return False
    return False


async def drop_expired(session: WriteSession, *, room: Room, slot: Slot) -> bool:
    """Remove expired claims in the way; return whether there were any."""
    held = span(room, slot)
    return await session.run(_DROP_EXPIRED, session.tenant, room.id, held.start, held.end) != "DELETE 0"


async def give_back(session: WriteSession, booking_ids: Sequence[UUID]) -> None:
    """Remove every claim of the bookings."""
    await session.run(
        "DELETE FROM room_claims WHERE tenant_id = $1 AND booking_id = ANY($2::uuid[])", session.tenant, booking_ids
    )


async def lock_rooms(session: WriteSession, room_ids: Sequence[UUID]) -> None:
    """Lock rooms in id order, for changes that give a claim back and take another: without it they deadlock."""
    await session.all(
        "SELECT id FROM rooms WHERE tenant_id = $1 AND id = ANY($2::uuid[]) ORDER BY id FOR NO KEY UPDATE",
        session.tenant,
        sorted(set(room_ids)),
    )


_BUSY = """
SELECT DISTINCT room_id FROM room_claims
WHERE tenant_id = $1 AND room_id = ANY($2::uuid[]) AND start_time < $4 AND end_time > $3
    AND (expires_at IS NULL OR expires_at > now()) AND (booking_id IS NULL OR booking_id <> ALL($5::uuid[]))
"""

_HELD = """
SELECT room_id, start_time, end_time FROM room_claims
WHERE tenant_id = $1 AND room_id = ANY($2::uuid[]) AND start_time < $4 AND end_time > $3
    AND (expires_at IS NULL OR expires_at > now()) AND (booking_id IS NULL OR booking_id <> ALL($5::uuid[]))
ORDER BY room_id, start_time
"""


async def busy_rooms(session: ReadSession, rooms: Sequence[Room], slot: Slot, *, but: Sequence[UUID] = ()) -> set[UUID]:
    """Return which of the rooms somebody holds in the slot, the bookings `but` not counted."""
    # Every room has its own setup and teardown: the widest serves to find, the exact to judge.
    widest = _widest(rooms, slot)
    plain = [room for room in rooms if not (room.setup_minutes or room.teardown_minutes)]
    buffered = [room for room in rooms if room.setup_minutes or room.teardown_minutes]
    busy: set[UUID] = set()
    if plain:
        rows = await session.all(_BUSY, session.tenant, [r.id for r in plain], slot.start, slot.end, list(but))
        busy |= {row["room_id"] for row in rows}
    if buffered:
        taken = await held(session, buffered, widest, but=but)
        busy |= {room.id for room in buffered if any(span(room, slot).overlaps(claim) for claim in taken.get(room.id, ()))}
    return busy


async def held(
    session: ReadSession, rooms: Sequence[Room], window: Slot, *, but: Sequence[UUID] = ()
) -> dict[UUID, list[Slot]]:
    """Return the claims that touch the window, by room, in order of start."""
    found: dict[UUID, list[Slot]] = {}
    for row in await session.all(_HELD, session.tenant, [r.id for r in rooms], window.start, window.end, list(but)):
        found.setdefault(row["room_id"], []).append(Slot(start=row["start_time"], end=row["end_time"]))
    return found


def _widest(rooms: Sequence[Room], slot: Slot) -> Slot:
    before = max((room.setup_minutes for room in rooms), default=0)
    after = max((room.teardown_minutes for room in rooms), default=0)
    return Slot(start=slot.start - timedelta(minutes=before), end=slot.end + timedelta(minutes=after))
