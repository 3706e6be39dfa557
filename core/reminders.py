"""What falls due by the clock: reminders before the start and the end, and the warning before a room is given back.

Nothing is kept of what is to come: at every run the settings, bookings and rules of that moment say what is due, and a
key for each message keeps it from being made twice. Kept out: digests, and sending.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from core import checkin, releases, store
from core.catalogue import Catalogue, Catalogues
from core.clock import Clock
from core.db import Database, ReadSession, WriteSession
from core.growing import later_ends, rooms_free_until
from core.ids import new_id
from core.notices import Notice

BEFORE_END = timedelta(minutes=15)
LONG_ENOUGH = timedelta(minutes=30)
FOLLOWS_WITHIN = timedelta(minutes=60)
# A batch is one short transaction.
BATCH = 200
# Between two looks at everything, a run looks at what has fallen due since the last one, and a little before that: for
# bookings that were being written then.
OVERLAP = timedelta(minutes=2)
EVERYTHING_EVERY = timedelta(minutes=5)

_OFFSETS = """
SELECT 10 AS minutes UNION SELECT unnest(reminder_minutes) FROM people WHERE tenant_id = $1 AND reminder_minutes <> '{10}'
"""
# For each offset that anybody has, the meetings that come so soon: ordered, so that each is one reach into the index.
_AHEAD = """
SELECT b.id, b.start_time, b.booked_by, o.minutes
FROM unnest($2::int[], $3::timestamptz[], $4::timestamptz[]) AS o (minutes, behind, until)
CROSS JOIN LATERAL (
    SELECT id, start_time, booked_by, status FROM bookings
    WHERE tenant_id = $1 AND status IN ('pending', 'confirmed', 'checked_in')
        AND start_time > o.behind AND start_time <= o.until
    ORDER BY start_time
) b
WHERE b.status <> 'pending' ORDER BY b.id
"""
# Who of those attending wants it. What was due at a moment is judged as it was at that moment: who booked five minutes
# ahead knows of it.
_REMINDERS = """
WITH who AS (
    SELECT d.*, d.booked_by AS person_id FROM unnest($2::uuid[], $3::timestamptz[], $4::uuid[], $5::int[])
        AS d (booking_id, start_time, booked_by, minutes)
    UNION
    SELECT d.*, a.person_id FROM unnest($2::uuid[], $3::timestamptz[], $4::uuid[], $5::int[])
        AS d (booking_id, start_time, booked_by, minutes)
    CROSS JOIN LATERAL (
        SELECT person_id FROM attendees
        WHERE tenant_id = $1 AND booking_id = d.booking_id AND response IS DISTINCT FROM 'declined' ORDER BY person_id
    ) a
)
SELECT w.booking_id, w.person_id, p.slack_team_id, w.start_time, w.minutes
FROM who w JOIN people p ON p.tenant_id = $1 AND p.id = w.person_id AND w.minutes = ANY(p.reminder_minutes)
WHERE (
    SELECT true FROM deliveries d WHERE d.tenant_id = $1 AND d.booking_id = w.booking_id AND d.person_id = w.person_id
        AND d.kind = 'reminder' AND (d.about->>'start')::timestamptz = w.start_time
        AND (d.about->>'minutes')::int <= w.minutes LIMIT 1
) IS NULL
AND (
    SELECT (e.after->>'start')::timestamptz = w.start_time
        AND (e.after->>'booked_by' = w.person_id::text
            OR e.after->'attendees' @> jsonb_build_array(jsonb_build_array(w.person_id::text)))
    FROM events e WHERE e.tenant_id = $1 AND e.booking_id = w.booking_id
        AND e.happened_at <= w.start_time - make_interval(mins => w.minutes)
    ORDER BY e.booking_version DESC LIMIT 1
)
"""
# Meetings under way are few: those over no longer hold a room.
_RUNNING = """
SELECT id, booked_by, end_time FROM bookings
WHERE tenant_id = $1 AND status IN ('pending', 'confirmed', 'checked_in') AND start_time < $2 AND end_time > $2
    AND end_time <= $3 AND end_time - start_time >= $4::interval AND status <> 'pending'
ORDER BY start_time
"""
_ENDINGS = """
SELECT b.id FROM unnest($2::uuid[], $3::uuid[], $4::timestamptz[]) AS b (id, booked_by, end_time)
JOIN people p ON p.tenant_id = $1 AND p.id = b.booked_by AND p.end_reminders
WHERE (
    SELECT true FROM deliveries d WHERE d.tenant_id = $1 AND d.booking_id = b.id AND d.person_id = b.booked_by
        AND d.kind = 'ending' AND (d.about->>'end')::timestamptz = b.end_time LIMIT 1
) IS NULL
AND (
    SELECT (e.after->>'end')::timestamptz = b.end_time FROM events e
    WHERE e.tenant_id = $1 AND e.booking_id = b.id AND e.happened_at <= b.end_time - $5::interval
    ORDER BY e.booking_version DESC LIMIT 1
)
ORDER BY b.id
"""
_WARNED = """
SELECT key FROM deliveries WHERE tenant_id = $1 AND booking_id = ANY($2::uuid[]) AND kind = 'release_warning'
"""
_TEAMS = "SELECT id, slack_team_id FROM people WHERE tenant_id = $1 AND id = ANY($2::uuid[])"
_MAKE = """
INSERT INTO deliveries (tenant_id, id, key, kind, team_id, booking_id, person_id, about, due_at, until, reason, status,
    done_at)
SELECT $1, new.*, CASE WHEN new.reason IS NULL THEN 'pending' ELSE 'dropped' END,
    CASE WHEN new.reason IS NOT NULL THEN $12::timestamptz END
FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::uuid[], $7::uuid[], $8::jsonb[], $9::timestamptz[],
    $10::timestamptz[], $11::text[]) AS new (id, key, kind, team_id, booking_id, person_id, about, due_at, until, reason)
ON CONFLICT (tenant_id, key) DO NOTHING
RETURNING reason IS NULL AS pending
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """A message that has fallen due; with a `reason` it is noted as not sent."""

    notice: Notice
    key: str
    booking_id: UUID
    person_id: UUID
    team_id: str
    about: Mapping[str, Any]
    due_at: datetime
    until: datetime
    reason: str | None = None


class Reminders:
    """Makes what falls due by the clock; safe to run at any time, late, and on several replicas at once."""

    def __init__(self, db: Database, catalogues: Catalogues, clock: Clock) -> None:
        self._db = db
        self._catalogues = catalogues
        self._clock = clock
        self._looked_at: datetime | None = None
        self._looked_at_everything: datetime | None = None

    async def plan(self, now: datetime) -> int:
        """Make all messages that are due by now, and return how many there are to send."""
        catalogue = await self._catalogues.current()
        since = self._since(now)
        due = await self._db.read(lambda session: _reminders(session, since, now))
        due += await self._db.read(lambda session: _endings(session, catalogue, now))
        due += await self._db.read(lambda session: _warnings(session, catalogue, now))
        made = 0
        for start in range(0, len(due), BATCH):
            made += await self._make(due[start : start + BATCH], now)
        self._looked_at = now
        if since is None:
            self._looked_at_everything = now
        return made

    def _since(self, now: datetime) -> datetime | None:
        """Return since when what fell due may not have been seen; None to look at everything, as after a clock's jump."""
        last, whole = self._looked_at, self._looked_at_everything
        if last is None or whole is None or not last <= now < whole + EVERYTHING_EVERY:
            return None
        return last - OVERLAP

    async def _make(self, due: Sequence[Due], now: datetime) -> int:
        async def work(session: WriteSession) -> int:
            rows = await session.all(
                _MAKE,
                session.tenant,
                [new_id() for _ in due],
                [one.key for one in due],
                [one.notice.value for one in due],
                [one.team_id for one in due],
                [one.booking_id for one in due],
                [one.person_id for one in due],
                [json.dumps(one.about) for one in due],
                [one.due_at for one in due],
                [one.until for one in due],
                [one.reason for one in due],
                now,
            )
            return sum(row["pending"] for row in rows)

        return await self._db.write(work, repeatable=True)


async def _reminders(session: ReadSession, since: datetime | None, now: datetime) -> list[Due]:
    """Return the reminders due before a start; of several for one meeting that are late, the nearest to it alone."""
    offsets = [row["minutes"] for row in await session.all(_OFFSETS, session.tenant)]
    ahead = [timedelta(minutes=minutes) for minutes in offsets]
    behind = [max(now, since + one) if since else now for one in ahead]
    meetings = await session.all(_AHEAD, session.tenant, offsets, behind, [now + one for one in ahead])
    rows = []
    for first in range(0, len(meetings), BATCH):
        some = meetings[first : first + BATCH]
        columns = [[row[name] for row in some] for name in ("id", "start_time", "booked_by", "minutes")]
        rows += await session.all(_REMINDERS, session.tenant, *columns)
    nearest: dict[tuple[UUID, UUID], Due] = {}
    for row in sorted(rows, key=lambda row: row["minutes"]):
        start, minutes = row["start_time"].astimezone(UTC), row["minutes"]
        due = Due(
            notice=Notice.REMINDER,
            key=f"reminder:{row['booking_id']}:{row['person_id']}:{start.isoformat()}:{minutes}",
            booking_id=row["booking_id"],
            person_id=row["person_id"],
            team_id=row["slack_team_id"],
            about={"start": start.isoformat(), "minutes": minutes},
            due_at=start - timedelta(minutes=minutes),
            until=start,
        )
        nearest.setdefault((row["booking_id"], row["person_id"]), due)
    return list(nearest.values())


async def _endings(session: ReadSession, catalogue: Catalogue, now: datetime) -> list[Due]:
    """Return the reminders due before an end; where there is nothing to say, noted as not sent."""
    running = await session.all(_RUNNING, session.tenant, now, now + BEFORE_END, LONG_ENOUGH)
    if not running:
        return []
    columns = [[row[name] for row in running] for name in ("id", "booked_by", "end_time")]
    rows = await session.all(_ENDINGS, session.tenant, *columns, BEFORE_END)
    bookings = await store.bookings(session, [row["id"] for row in rows], catalogue)
    teams = await _teams(session, [booking.booker.person_id for booking in bookings.values()])
    free = await rooms_free_until(session, list(bookings.values()), now=now)
    found = []
    for booking in bookings.values():
        free_until = free.get(booking.id)
        followed = free_until is not None and free_until <= booking.end + FOLLOWS_WITHIN
        person, end = booking.booker.person_id, booking.end.isoformat()
        due = Due(
            notice=Notice.ENDING,
            key=f"ending:{booking.id}:{person}:{end}",
            booking_id=booking.id,
            person_id=person,
            team_id=teams[person],
            about={"end": end},
            due_at=booking.end - BEFORE_END,
            until=booking.end,
            reason=None
            if followed or later_ends(booking, free_until, catalogue, now=now)
            else "nothing follows, and it cannot go on",
        )
        found.append(due)
    return found


async def _warnings(session: ReadSession, catalogue: Catalogue, now: datetime) -> list[Due]:
    """Return the warnings due before a release, to everybody who comes."""
    unattended = await releases.unattended(session, catalogue, now=now, ahead=checkin.WARNING)
    if not unattended:
        return []
    rows = await session.all(_WARNED, session.tenant, [one.booking.id for one in unattended])
    warned = {row["key"] for row in rows}
    found = []
    for one in unattended:
        booking = one.booking
        people = {booking.booker.person_id, *(a.person_id for a in booking.coming)}
        keys = {person: checkin.warning_key(booking, person) for person in sorted(people)}
        missing = [person for person, key in keys.items() if key not in warned]
        teams = await _teams(session, missing)
        # Who is told late has three minutes all the same.
        release_at = max(one.release_at, now + checkin.WARNING)
        found += [
            Due(
                notice=Notice.RELEASE_WARNING,
                key=keys[person],
                booking_id=booking.id,
                person_id=person,
                team_id=teams[person],
                about={"release_at": release_at.isoformat()},
                due_at=one.release_at - checkin.WARNING,
                until=booking.end,
            )
            for person in missing
        ]
    return found


async def _teams(session: ReadSession, people: Sequence[UUID]) -> dict[UUID, str]:
    if not people:
        return {}
    rows = await session.all(_TEAMS, session.tenant, list(people))
    return {row["id"]: row["slack_team_id"] for row in rows}
