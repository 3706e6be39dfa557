"""What time does to requests for approval: those asked are reminded once, and what nobody decides expires.

A job calls `advance`: late, twice or on several replicas at once, it does each once. Kept out: deciding.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from core import approval_rows, approving, store
from core.approval_writing import Verdict, conclude
from core.catalogue import Catalogue, Catalogues
from core.db import Database, WriteSession
from core.errors import BookingError
from core.models import HOLDS_ROOM
from core.notices import Notice

log = logging.getLogger(__name__)

# Who has so little time is not reminded of what came a moment ago.
LEAST_TO_REMIND = timedelta(minutes=20)
BATCH = 200

_DUE = """
SELECT a.id, a.booking_id, a.expires_at <= $2 AS over FROM approvals a
WHERE a.tenant_id = $1 AND a.decision IS NULL
    AND (a.expires_at <= $2 OR a.reminded_at IS NULL AND a.asked_at + (a.expires_at - a.asked_at) / 2 <= $2)
ORDER BY a.expires_at, a.id LIMIT $3
"""
_REMINDED = """
UPDATE approvals SET reminded_at = $3 WHERE tenant_id = $1 AND id = ANY($2::uuid[]) AND decision IS NULL
    AND reminded_at IS NULL
RETURNING id
"""


class ApprovalTime:
    """Brings what waits for approval to the moment."""

    def __init__(self, db: Database, catalogues: Catalogues) -> None:
        self._db = db
        self._catalogues = catalogues

    async def advance(self, now: datetime) -> int:
        """Let what is overdue expire, and remind those asked of what has waited for half of its time; return how many.

        One that cannot be advanced does not keep the others; its error is raised when they are through.
        """
        catalogue = await self._catalogues.current()
        due = await self._db.read(lambda session: session.all(_DUE, session.tenant, now, BATCH))
        failures: list[BookingError] = []
        done, seen = 0, set[UUID]()
        for row in due:
            if row["id"] in seen:
                continue
            try:
                ids = await self._advance(row["id"], catalogue, now=now)
            except BookingError as error:
                about = {"action": "approve", "booking": str(row["booking_id"])}
                log.warning("a request could not be advanced", extra=about)
                failures.append(error)
                continue
            seen |= ids
            done += bool(ids)
        if failures:
            raise failures[0]
        return done

    async def _advance(self, request_id: UUID, catalogue: Catalogue, *, now: datetime) -> set[UUID]:
        """Bring a request, and what was asked together with it, to this moment; return which of them were due."""

        async def work(session: WriteSession) -> set[UUID]:
            rows = await approval_rows.together(session, await approval_rows.by_id(session, request_id))
            if not await _locked_unless_busy(session, [row["booking_id"] for row in rows]):
                return set()
            rows = await approval_rows.together(session, await approval_rows.by_id(session, request_id))
            waiting = [row for row in rows if row["decision"] is None]
            over = [row for row in waiting if row["expires_at"] <= now]
            if over:
                await conclude(session, over, Verdict(decision="expired"), catalogue, by=None, now=now)
            reminded = await _remind(session, [row for row in waiting if row["expires_at"] > now], catalogue, now=now)
            return {row["id"] for row in over} | reminded

        return await self._db.write(work, repeatable=True)


async def _locked_unless_busy(session: WriteSession, booking_ids: Sequence[UUID]) -> bool:
    """Lock bookings in one order; where somebody else has one of them, it can wait for the next time."""
    rows = await session.all(
        "SELECT id FROM bookings WHERE tenant_id = $1 AND id = ANY($2::uuid[]) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED",
        session.tenant,
        list(booking_ids),
    )
    return len(rows) == len(set(booking_ids))


async def _remind(
    session: WriteSession, rows: Sequence[Mapping[str, Any]], catalogue: Catalogue, *, now: datetime
) -> set[UUID]:
    """Remind everybody asked of what has waited for half of its time, once; what was asked together in one message."""
    due = [row for row in rows if row["reminded_at"] is None and row["asked_at"] + _half(row) <= now]
    done = await session.all(_REMINDED, session.tenant, [row["id"] for row in due], now) if due else []
    if not done or 2 * _half(due[0]) < LEAST_TO_REMIND:
        return {row["id"] for row in done}
    booking = await store.booking(session, due[0]["booking_id"], catalogue)
    if booking.status in HOLDS_ROOM:
        session.happened = True
        for one in await approval_rows.asked_about(session, booking, catalogue):
            key = f"{Notice.APPROVAL_REMINDER}:{due[0]['id']}:{one.person_id}"
            about = {"approval": str(due[0]["id"])}
            until = due[0]["expires_at"]
            await approving.tell(
                session, Notice.APPROVAL_REMINDER, booking, one.person_id, about, key=key, now=now, until=until
            )
    return {row["id"] for row in done}


def _half(row: Mapping[str, Any]) -> timedelta:
    half: timedelta = (row["expires_at"] - row["asked_at"]) / 2
    return half
