"""Giving a room back to which nobody came: only after a warning that went out, and never while one is still under way.

A booking is released in a transaction of its own, under its lock, on what is true at that moment. Kept out: when to warn
whom (`reminders`) and what is told afterwards (`planning`).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from core import bookkeeping, checkin, claims, events, store
from core.catalogue import Catalogue, Catalogues
from core.db import Database, ReadSession, WriteSession
from core.errors import BookingError
from core.ids import new_id
from core.models import Booking, Changed, Status

log = logging.getLogger(__name__)

REASON = "nobody checked in"

# A room has one claim at a moment at most, the last that began: so one row of the index answers for each room. When a
# booking got its start is what the events say: it was made, moved there, or got its room back.
_UNATTENDED = """
SELECT DISTINCT b.id, (
    SELECT max(e.happened_at) FROM events e WHERE e.tenant_id = b.tenant_id AND e.booking_id = b.id
        AND (e.before IS NULL OR e.before->>'start' <> e.after->>'start' OR e.before->>'status' <> ALL($4::text[]))
) AS settled_at
FROM unnest($2::uuid[]) AS room (id)
CROSS JOIN LATERAL (
    SELECT booking_id FROM room_claims WHERE tenant_id = $1 AND room_id = room.id AND start_time <= $3
    ORDER BY start_time DESC LIMIT 1
) AS latest
JOIN bookings b ON b.tenant_id = $1 AND b.id = latest.booking_id
WHERE b.status = 'confirmed' AND b.start_time <= $3 AND b.end_time > $3 AND ($5::uuid IS NULL OR b.id = $5)
ORDER BY b.id
"""

# What came of the warnings that count: how many are still to be sent, and when the last of them was, or was given up.
_WARNINGS = """
SELECT count(*) FILTER (WHERE status = 'pending') AS pending,
    max(done_at) FILTER (WHERE status IN ('sent', 'given_up')) AS done_at
FROM deliveries WHERE tenant_id = $1 AND booking_id = $2 AND kind = 'release_warning' AND key LIKE $3
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Unattended:
    """A meeting that has begun without anybody checking in; `release_at` is by the clock alone, warnings apart."""

    booking: Booking
    release_at: datetime


async def unattended(
    session: ReadSession, catalogue: Catalogue, *, now: datetime, ahead: timedelta = timedelta(), only: UUID | None = None
) -> tuple[Unattended, ...]:
    """Return the meetings under way to which nobody came and that are to be released within `ahead` of now.

    Exempt ones are left out: rooms without check-in, long meetings, those booked or moved shortly before their start.
    """
    rooms = claims.leaves(room for room in catalogue.rooms if catalogue.policy(room).check_in is not None)
    if not rooms:
        return ()
    rows = await session.all(_UNATTENDED, session.tenant, rooms, now, list(store.HOLDING), only)
    there = await store.bookings(session, [row["id"] for row in rows], catalogue)
    found = []
    for row in rows:
        booking = there[row["id"]]
        policy = catalogue.policy(booking.room)
        due = checkin.release_at(booking, policy)
        late = row["settled_at"] is not None and checkin.made_too_late(booking, policy, settled_at=row["settled_at"])
        # Somebody may have come between the two statements.
        if due is not None and not late and due - ahead <= now and booking.status is Status.CONFIRMED:
            found.append(Unattended(booking=booking, release_at=due))
    return tuple(found)


class Releases:
    """Releases what is due; safe to run at any time, late, and on several replicas at once."""

    def __init__(self, db: Database, catalogues: Catalogues) -> None:
        self._db = db
        self._catalogues = catalogues

    async def release(self, now: datetime) -> int:
        """Release every booking that is due, and return how many there were.

        One that cannot be released does not keep the others; its error is raised when they are through.
        """
        catalogue = await self._catalogues.current()
        due = await self._db.read(lambda session: unattended(session, catalogue, now=now))
        return await self._release_each([one.booking.id for one in due], now)

    async def _release_each(self, booking_ids: Sequence[UUID], now: datetime) -> int:
        released, failures = 0, []
        for booking_id in booking_ids:
            try:
                released += await self._release(booking_id, now)
            except BookingError as error:
                log.warning("a booking could not be released", extra={"action": "release", "booking": str(booking_id)})
                failures.append(error)
        if failures:
            raise failures[0]
        return released

    async def _release(self, booking_id: UUID, now: datetime) -> bool:
        catalogue = await self._catalogues.current()

        async def work(session: WriteSession) -> bool:
            if not await _locked_unless_busy(session, booking_id):
                return False
            # Judged again under the lock: somebody may have come, moved it or run late since it was found.
            still = await unattended(session, catalogue, now=now, only=booking_id)
            if not still or not await _warned(session, still[0].booking, catalogue, now=now):
                return False
            await _give_back(session, still[0].booking, catalogue, now=now)
            return True

        return await self._db.write(work, repeatable=True)


async def _locked_unless_busy(session: WriteSession, booking_id: UUID) -> bool:
    """Lock the booking; whoever has it locked is changing it, and it can wait for the next time."""
    sql = "SELECT true FROM bookings WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE SKIP LOCKED"
    return bool(await session.value(sql, session.tenant, booking_id))


async def _warned(session: ReadSession, booking: Booking, catalogue: Catalogue, *, now: datetime) -> bool:
    """Tell whether everybody who could be warned was, long enough ago."""
    row = await session.one(_WARNINGS, session.tenant, booking.id, checkin.warning_pattern(booking))
    if row is None or row["pending"] or row["done_at"] is None:
        return False
    due = checkin.release_at(booking, catalogue.policy(booking.room), warned_at=row["done_at"])
    return due is not None and due <= now


async def _give_back(session: WriteSession, before: Booking, catalogue: Catalogue, *, now: datetime) -> None:
    change = Changed(before=before, after=bookkeeping.following(before, now=now, status=Status.RELEASED))
    await bookkeeping.write(
        session,
        events.Kind.RELEASED,
        change,
        catalogue,
        event_id=new_id(),
        by=bookkeeping.clock(before),
        now=now,
        reason=REASON,
    )
