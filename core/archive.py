"""What ended long ago goes from `bookings` to `bookings_archive`, and what is kept no longer goes for good.

So do those who waited for something that is long over, and the words of series whose dates are all gone.

People who were invited, with their answers, further rooms and equipment travel inside the archived row; its messages,
approvals, proposals and places in line go; events stay. Kept out: reading history for figures (`stats`).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from uuid import UUID

from dateutil.relativedelta import relativedelta

from core.db import Database, ReadSession, WriteSession
from core.errors import BookingNotFound

log = logging.getLogger(__name__)

# A batch is one short transaction, so that nobody waits behind it.
BATCH = 200
DAYS = 90
_EVER = datetime(1970, 1, 1, tzinfo=UTC)

_SETTINGS = "SELECT archive_days, keep_bookings_months FROM workspace WHERE tenant_id = $1"
# Where one login serves all, it steps down to the application's role, which removes no bookings: then history stays hot.
_MAY = "SELECT has_table_privilege('bookings', 'DELETE') AND has_function_privilege('make_archive_month(date)', 'EXECUTE')"
_HOLDING = "('pending', 'confirmed', 'checked_in')"
_MONTHS = f"""
SELECT DISTINCT date_trunc('month', start_time AT TIME ZONE 'UTC')::date AS month FROM bookings
WHERE tenant_id = $1 AND end_time < $2 AND start_time >= $3 AND status NOT IN {_HOLDING}
"""
# Whoever has one of them locked is changing it: it can wait for the next time. One that holds its room is not over.
_PICK = f"""
SELECT id FROM bookings WHERE tenant_id = $1 AND end_time < $2 AND status NOT IN {_HOLDING}
ORDER BY end_time LIMIT $3 FOR UPDATE SKIP LOCKED
"""
_COPY = """
INSERT INTO bookings_archive (tenant_id, id, room_id, more_rooms, booked_by, title, start_time, end_time, attendees_count,
    status, private, cancel_reason, series_id, series_on, late_at, checked_in_at, ended_at, attendees, equipment,
    created_at, updated_at, version)
SELECT b.tenant_id, b.id, b.room_id,
    ARRAY(SELECT m.room_id FROM booking_rooms m WHERE m.tenant_id = b.tenant_id AND m.booking_id = b.id ORDER BY m.room_id),
    b.booked_by, b.title, b.start_time, b.end_time, b.attendees_count, b.status, b.private, b.cancel_reason, b.series_id,
    b.series_on, b.late_at, b.checked_in_at, least(b.updated_at, b.end_time),
    coalesce((SELECT jsonb_agg(jsonb_build_object('person_id', a.person_id, 'co_organiser', a.co_organiser,
            'response', a.response, 'responded_at', a.responded_at) ORDER BY a.person_id)
        FROM attendees a WHERE a.tenant_id = b.tenant_id AND a.booking_id = b.id), '[]'),
    coalesce((SELECT jsonb_agg(jsonb_build_object('equipment_id', e.equipment_id, 'quantity', e.quantity)
            ORDER BY e.equipment_id)
        FROM equipment_claims e WHERE e.tenant_id = b.tenant_id AND e.booking_id = b.id), '[]'),
    b.created_at, b.updated_at, b.version
FROM bookings b WHERE b.tenant_id = $1 AND b.id = ANY($2::uuid[]) AND b.start_time >= $3
"""
# In the order in which they point to each other.
_REMOVE = (
    """DELETE FROM deliveries WHERE tenant_id = $1 AND (booking_id = ANY($2::uuid[])
        OR waiting_id IN (SELECT id FROM waiting WHERE tenant_id = $1 AND booking_id = ANY($2::uuid[])))""",
    "DELETE FROM cards WHERE tenant_id = $1 AND booking_id = ANY($2::uuid[])",
    """DELETE FROM room_claims WHERE tenant_id = $1 AND (booking_id = ANY($2::uuid[])
        OR proposal_id IN (SELECT id FROM proposals WHERE tenant_id = $1 AND booking_id = ANY($2::uuid[])))""",
    "DELETE FROM waiting WHERE tenant_id = $1 AND booking_id = ANY($2::uuid[])",
    "DELETE FROM proposals WHERE tenant_id = $1 AND booking_id = ANY($2::uuid[])",
    "DELETE FROM approvals WHERE tenant_id = $1 AND booking_id = ANY($2::uuid[])",
    "DELETE FROM equipment_claims WHERE tenant_id = $1 AND booking_id = ANY($2::uuid[])",
    "DELETE FROM booking_rooms WHERE tenant_id = $1 AND booking_id = ANY($2::uuid[])",
    "DELETE FROM attendees WHERE tenant_id = $1 AND booking_id = ANY($2::uuid[])",
    "DELETE FROM bookings WHERE tenant_id = $1 AND id = ANY($2::uuid[])",
)
_FORGET = """
DELETE FROM bookings_archive WHERE tenant_id = $1 AND (id, start_time) IN (
    SELECT id, start_time FROM bookings_archive WHERE tenant_id = $1 AND start_time < $2 LIMIT $3)
"""
# Who waited, for a time that is long over, and got nothing: what became a booking goes with it.
_PICK_LINE = """
SELECT id FROM waiting WHERE tenant_id = $1 AND end_time < $2 AND booking_id IS NULL
    AND status NOT IN ('waiting', 'offered') ORDER BY end_time LIMIT $3 FOR UPDATE SKIP LOCKED
"""
_REMOVE_LINE = (
    "DELETE FROM deliveries WHERE tenant_id = $1 AND waiting_id = ANY($2::uuid[])",
    "DELETE FROM room_claims WHERE tenant_id = $1 AND waiting_id = ANY($2::uuid[])",
    "DELETE FROM equipment_claims WHERE tenant_id = $1 AND waiting_id = ANY($2::uuid[])",
    "DELETE FROM waiting WHERE tenant_id = $1 AND id = ANY($2::uuid[])",
)
# A series that is over, none of whose dates is kept, says no more what it was about and who came. Its row stays: others
# continue it, and the audit tells of it for as long as that is kept.
_FORGET_SERIES = """
UPDATE series s SET title = NULL, invitees = '{}', version = version + 1
WHERE s.tenant_id = $1 AND s.status <> 'active' AND s.updated_at < $2 AND (s.title IS NOT NULL OR s.invitees <> '{}')
    AND NOT EXISTS (SELECT FROM bookings b WHERE b.tenant_id = $1 AND b.series_id = s.id)
    AND NOT EXISTS (SELECT FROM bookings_archive a WHERE a.tenant_id = $1 AND a.series_id = s.id)
"""
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended('archive months', 0))"
# Named as the owner's function names them; the one for what belongs to no month stays.
_OLD_MONTHS = r"""
SELECT to_date(substring(c.relname FROM '\d{4}_\d\d$'), 'YYYY_MM') AS month
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'bookings_archive'::regclass AND c.relname ~ '^bookings_archive_\d{4}_\d\d$'
    AND to_date(substring(c.relname FROM '\d{4}_\d\d$'), 'YYYY_MM') < $1
ORDER BY month
"""
_ARCHIVED = "SELECT true FROM bookings_archive WHERE tenant_id = $1 AND id = $2"

INVARIANTS = {
    "a booking is archived and still there": """
        SELECT a.id AS booking_id, a.archived_at FROM bookings_archive a
        JOIN bookings b ON b.tenant_id = a.tenant_id AND b.id = a.id WHERE a.tenant_id = $1
    """,
    "a booking is archived twice": """
        SELECT id AS booking_id, count(*) AS rows FROM bookings_archive WHERE tenant_id = $1 GROUP BY id HAVING count(*) > 1
    """,
    "a booking that holds its room is archived": f"""
        SELECT id AS booking_id, status FROM bookings_archive WHERE tenant_id = $1 AND status IN {_HOLDING}
    """,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """What ended before `hot` is archived, what began before `cold` is removed (None: nothing is)."""

    hot: datetime
    cold: datetime | None


async def missing(session: ReadSession, booking_id: UUID) -> BookingNotFound:
    """Return what to say of a booking that is not among the living: it is over, or there never was one."""
    if await session.value(_ARCHIVED, session.tenant, booking_id):
        return BookingNotFound("That booking is over.")
    return BookingNotFound("That booking does not exist.")


def kept(now: datetime, *, archive_days: int = DAYS, months: int | None = None) -> Kept:
    """Return the two borders of a moment; whole months are kept, so that a month's figures never change halfway."""
    hot = now - timedelta(days=archive_days)
    if months is None:
        return Kept(hot=hot, cold=None)
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    cold = first - relativedelta(months=months)
    return Kept(hot=max(hot, cold), cold=cold)


class Archive:
    """Moves and removes history; safe to run at any time, late, and on several replicas at once."""

    def __init__(self, db: Database) -> None:
        """`db` acts as the worker: the application's role may not remove bookings, and `tidy` does nothing then."""
        self._db = db

    async def tidy(self, now: datetime) -> int:
        """Archive and remove all that is due, and return how many bookings that were."""
        if not await self._db.read(lambda session: session.value(_MAY)):
            log.warning("history stays where it is: the jobs have no login as the worker", extra={"action": "archive"})
            return 0
        border = await self._db.read(lambda session: _border(session, now))
        removed = await self._remove(border.cold, now) if border.cold else 0
        done = removed + await self._move(border, now)
        await self._clear_the_line(border.hot)
        if cold := border.cold:
            await self._db.write(lambda session: session.run(_FORGET_SERIES, session.tenant, cold), repeatable=True)
        return done

    async def _clear_the_line(self, before: datetime) -> None:
        """Remove those who waited and got nothing, in short batches."""

        async def work(session: WriteSession) -> bool:
            ids = [row["id"] for row in await session.all(_PICK_LINE, session.tenant, before, BATCH)]
            for statement in _REMOVE_LINE if ids else ():
                await session.run(statement, session.tenant, ids)
            return bool(ids)

        while await self._db.write(work, repeatable=True):
            pass

    async def _move(self, border: Kept, now: datetime) -> int:
        """Archive what is over; what would be removed at once goes without having been there."""
        cold = border.cold or _EVER
        await self._make_months(border.hot, cold, now)
        moved = 0
        while batch := await self._db.write(lambda session: _move_some(session, border.hot, cold), repeatable=True):
            moved += batch
        return moved

    async def _make_months(self, before: datetime, cold: datetime, now: datetime) -> None:
        """Make the partitions of what is about to move, and those of this month and the next, each by itself."""
        rows = await self._db.read(lambda session: session.all(_MONTHS, session.tenant, before, cold))
        months = {row["month"] for row in rows} | {
            now.date().replace(day=1),
            now.date().replace(day=1) + relativedelta(months=1),
        }
        for month in sorted(months):
            await self._db.write(partial(_make_month, month=month), repeatable=True)

    async def _remove(self, before: datetime, now: datetime) -> int:
        """Drop the months that are this tenant's alone, or nobody's; out of those of others too, only its own rows go."""
        removed = await self._drop_months(before, now)

        async def work(session: WriteSession) -> int:
            gone = await session.run(_FORGET, session.tenant, before, BATCH)
            return int(gone.removeprefix("DELETE "))

        while batch := await self._db.write(work, repeatable=True):
            removed += batch
        return removed

    async def _drop_months(self, before: datetime, now: datetime) -> int:
        rows = await self._db.read(lambda session: session.all(_OLD_MONTHS, before.date()))
        gone = 0
        for row in rows:
            gone += await self._db.write(partial(_drop_month, month=row["month"], today=now.date()), repeatable=True)
        return gone


async def _border(session: ReadSession, now: datetime) -> Kept:
    row = await session.one(_SETTINGS, session.tenant)
    return kept(now, archive_days=row["archive_days"], months=row["keep_bookings_months"]) if row else kept(now)


async def _make_month(session: WriteSession, month: date) -> None:
    # Two at once would both find it missing.
    await session.run(_ONE_AT_A_TIME)
    await session.run("SELECT make_archive_month($1)", month)


async def _drop_month(session: WriteSession, month: date, today: date) -> int:
    await session.run(_ONE_AT_A_TIME)
    return await session.value("SELECT drop_archive_month($1, $2)", month, today) or 0


async def _move_some(session: WriteSession, before: datetime, cold: datetime) -> int:
    ids = [row["id"] for row in await session.all(_PICK, session.tenant, before, BATCH)]
    if ids:
        await session.run(_COPY, session.tenant, ids, cold)
        for statement in _REMOVE:
            await session.run(statement, session.tenant, ids)
    return len(ids)
