"""What ends by itself when its time is over: bookings, and the claims that kept their rooms until the teardown was done.

So claims exist for the present and the future only, and booking costs the same however long the history is.
"""

from __future__ import annotations

from datetime import datetime

from core import bookkeeping, borrowing, claims, events, store
from core.catalogue import Catalogue, Catalogues
from core.db import Database, WriteSession
from core.ids import new_id
from core.models import Booking, Status

# A batch is one short transaction, so that nobody who wants to book waits behind it.
BATCH = 100

# Of several rooms, the one that is torn down last says when.
_OVER = """
SELECT b.id FROM bookings b WHERE b.tenant_id = $1
    AND b.id IN (SELECT c.booking_id FROM room_claims c WHERE c.tenant_id = $1 AND c.end_time <= $2)
    AND NOT EXISTS (
        SELECT FROM room_claims c WHERE c.tenant_id = b.tenant_id AND c.booking_id = b.id AND c.end_time > $2)
ORDER BY b.id LIMIT $3 FOR UPDATE OF b SKIP LOCKED
"""


class Endings:
    """Ends what is over; safe to run at any time, late, and on several replicas at once."""

    def __init__(self, db: Database, catalogues: Catalogues) -> None:
        self._db = db
        self._catalogues = catalogues

    async def end(self, now: datetime) -> int:
        """End every booking whose time is over by now, teardown included, and return how many there were."""
        ended = 0
        while batch := await self._end_some(now):
            ended += batch
            if batch < BATCH:
                break
        return ended

    async def _end_some(self, now: datetime) -> int:
        catalogue = await self._catalogues.current()

        async def work(session: WriteSession) -> int:
            rows = await session.all(_OVER, session.tenant, now, BATCH)
            for row in rows:
                await _end(session, await store.booking(session, row["id"], catalogue), catalogue, now=now)
            return len(rows)

        return await self._db.write(work, repeatable=True)


async def _end(session: WriteSession, before: Booking, catalogue: Catalogue, *, now: datetime) -> None:
    """End a booking; of one that waits for approval, the waiting."""
    if before.status is Status.PENDING:
        await bookkeeping.lapse(session, before, catalogue, now=now)
        return
    after = bookkeeping.following(before, now=now, status=Status.ENDED)
    await store.update(session, before, after)
    await borrowing.bring(session, before, after, now=now)
    await claims.give_back(session, [before.id])
    by = bookkeeping.clock(before)
    await events.add(session, events.Kind.ENDED, event_id=new_id(), before=before, after=after, by=by, at=now)
