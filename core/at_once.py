"""A booking that nothing stands in the way of: one statement, which is a transaction by itself.

Most bookings are of one named room, by somebody whom no quota counts and nobody has to approve. For them this saves the
round trips of a transaction. Whatever is not as simple, and whatever this comes upon, goes the long way (`bookings`), which
finds out and says what it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from core import approving, bookkeeping, limits, requests, store
from core.catalogue import Catalogue
from core.db import Database
from core.models import Actor, Booking, Room, Wish


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


def _simple(wish: Wish, room: Room, catalogue: Catalogue, *, by: Actor) -> bool:
    """Tell whether one claim, one booking and one event are all there is to a booking."""
    several = wish.more_room_ids or wish.invitees or wish.equipment or room.parts
    return not (several or limits.anywhere(catalogue) or approving.needs_approval(room, catalogue=catalogue, by=by))
