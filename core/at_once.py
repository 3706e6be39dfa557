"""A booking that nothing stands in the way of: one statement, which is a transaction by itself.

Most bookings are of one named room, by somebody whom no quota counts and nobody has to approve. For them this saves the
round trips of a transaction. Whatever is not as simple, and whatever this comes upon, goes the long way (`bookings`), which
finds out and says what it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from core import approving, bookkeeping, claims, limits, requests, store
from core.catalogue import Catalogue
from core.db import Database
from core.models import Actor, Booking, Room, Wish

# Claims of one room never overlap: of those that begin before a time ends, only the last can reach into it.
_HOLDER = """
SELECT b.booked_by FROM (
    SELECT booking_id, end_time, expires_at FROM room_claims
    WHERE tenant_id = $1 AND room_id = $2 AND start_time < $4 ORDER BY start_time DESC LIMIT 1
) last JOIN bookings b ON b.tenant_id = $1 AND b.id = last.booking_id
WHERE last.end_time > $3 AND last.expires_at IS NULL AND NOT EXISTS (SELECT FROM requests WHERE tenant_id = $1 AND key = $5)
"""


async def booked(
    db: Database,
    wish: Wish,
    rooms: Sequence[Room],
    catalogue: Catalogue,
    *,
    key: str | None,
    content: str,
    booking_id: UUID,
    event_id: UUID,
    by: Actor,
    since: datetime | None,
    now: datetime,
) -> Booking | None:
    """Book a wish in order in the one room it can be in; None where nothing was booked, or that is not known under a key.

    `content` is the wish's fingerprint. Nothing is booked where the actor has booked for the same time `since` then.
    """
    if len(rooms) > 1 or not _simple(wish, rooms[0], catalogue, by=by):
        return None
    new = bookkeeping.new_booking(booking_id, wish, rooms[0], catalogue, by=by, invited=(), now=now)
    claimed = None if key is None else requests.claimed(key, content=content, event_ids=[event_id], now=now)
    made = await store.insert_at_once(db, new, catalogue, by=by, event_id=event_id, since=since, claimed=claimed)
    return new if made else None


async def refused(
    db: Database,
    wish: Wish,
    rooms: Sequence[Room],
    catalogue: Catalogue,
    *,
    key: str | None,
    content: str,
    by: Actor,
    since: datetime | None,
    now: datetime,
) -> bool:
    """Tell whether a booking holds the room for good, and nothing but a refusal can come of a wish in order.

    False where that is not certain: where the key is known, where what holds it expires, or may be the same wish's booking.
    """
    if len(rooms) > 1 or not _simple(wish, rooms[0], catalogue, by=by):
        return False
    kept = claims.span(rooms[0], wish.slot)
    stored = None if key is None else requests.claimed(key, content=content, event_ids=(), now=now)[0]
    values = (db.tenant, rooms[0].id, kept.start, kept.end, stored)
    holder = await db.read(lambda session: session.value(_HOLDER, *values))
    return holder is not None and (since is None or holder != by.person_id)


def _simple(wish: Wish, room: Room, catalogue: Catalogue, *, by: Actor) -> bool:
    """Tell whether one claim, one booking and one event are all there is to a booking."""
    several = wish.more_room_ids or wish.invitees or wish.equipment or room.parts
    return not (several or limits.anywhere(catalogue) or approving.needs_approval(room, catalogue=catalogue, by=by))
