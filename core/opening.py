"""How a booking's transaction opens: one statement claims the request key and looks at what the rest depends on.

A round trip costs more than what any of its parts does. Kept out: what follows from it (`bookings`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core import bookkeeping, claims, requests, store
from core.catalogue import Catalogue
from core.db import WriteSession
from core.models import Actor, Booking, Room, Wish, one_line

# What is looked at may be older than the key's turn: it serves to say something kinder or to try fewer rooms. Whether
# a room is free, its claim decides.
_OPEN = f"""
WITH key AS ({requests.CLAIM})
SELECT (SELECT true FROM key) AS fresh,
    ARRAY(
        SELECT id FROM bookings
        WHERE tenant_id = $1 AND booked_by = $7 AND start_time = $8 AND end_time = $9 AND created_at >= $10
            AND status = ANY($11::text[]) AND attendees_count = $15 AND title IS NOT DISTINCT FROM $16::text
            AND room_id = coalesce($17::uuid, room_id)
        ORDER BY created_at DESC
    ) AS made,
    ARRAY({claims.BUSY.format(rooms="$12", starts="$13", ends="$14", now="$5", but="")}) AS busy
"""


class TwinError(Exception):
    """The same person has just booked the same; rolls the transaction back."""

    def __init__(self, twin: Booking) -> None:
        super().__init__()
        self.twin = twin


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """Where a booking stands after its first statement: made already by the same request, or with these rooms held."""

    done: Booking | None = None
    busy: frozenset[UUID] = frozenset()


def same(booking: Booking, wish: Wish) -> bool:
    """Tell whether a booking for the time of a wish is what the wish asks for."""
    return (
        wish.room_id in {None, booking.room.id}
        and (booking.title, booking.attendees_count) == (one_line(wish.title), wish.attendees_count)
        and wish.location_id in {None, booking.location.id}
        and wish.amenities <= booking.room.amenities
        and set(wish.more_room_ids) - {booking.room.id} == {room.id for room in booking.more_rooms}
        and dict(wish.equipment) == {one.equipment.id: one.quantity for one in booking.equipment}
    )


async def opened(
    session: WriteSession,
    key: str | None,
    wish: Wish,
    rooms: Sequence[Room],
    catalogue: Catalogue,
    *,
    content: str,
    event_id: UUID,
    by: Actor,
    since: datetime | None,
    now: datetime,
) -> Opened:
    """Claim the key for a wish in order, of which `content` is the fingerprint, and see which of the rooms are held then.

    Raises TwinError where the actor has booked the same after `since`, and KeyReused.
    """
    looked_at = rooms if len(rooms) > 1 else ()  # of a single one, the claim tells as well
    if key is None:
        return Opened(busy=frozenset(await claims.busy_rooms(session, looked_at, wish.slot, now=now) if looked_at else ()))
    if since is None and not looked_at:
        # Nothing but the key is asked for: that alone is a shorter statement.
        done = await bookkeeping.answered(session, key, content, catalogue, event_ids=[event_id], now=now)
        return Opened(done=done[0].after if done else None)
    parts = claims.Parts((room, claims.span(room, wish.slot)) for room in looked_at)
    row = await session.one(
        _OPEN,
        session.tenant,
        *requests.claimed(key, content=content, event_ids=[event_id], now=now),
        by.person_id,
        wish.slot.start,
        wish.slot.end,
        since,
        store.HOLDING,
        parts.rooms,
        parts.starts,
        parts.ends,
        wish.attendees_count,
        wish.title,
        wish.room_id,
    )
    assert row is not None
    if not row["fresh"]:
        done = await bookkeeping.answered(session, key, content, catalogue, event_ids=[event_id], now=now)
        if done:
            return Opened(done=done[0].after)
    made = await store.bookings(session, row["made"], catalogue)
    for twin in (made[booking_id] for booking_id in row["made"] if booking_id in made):
        if same(twin, wish):
            raise TwinError(twin)
    return Opened(busy=frozenset(looked_at[parts.of(number)].id for number in row["busy"]))
