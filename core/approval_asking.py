"""Who is asked about what waits for approval: one living message for each approver, whatever becomes of the request.

The dates of a series that were asked for together have one message, on the first of them. Called by the reader of the feed
in its transaction. Kept out: what the message says, and deciding.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from core import approval_rows, store
from core.catalogue import Catalogue
from core.db import ReadSession, WriteSession
from core.ids import new_id
from core.models import Status
from core.notices import Card, Happened

Row = Mapping[str, Any]

ROLE = "approval"

# What the touched bookings have asked, and what the other dates of their series have.
_ASKED = """
WITH touched AS (
    SELECT id FROM bookings WHERE tenant_id = $1 AND id = ANY($2::uuid[])
    UNION
    SELECT other.id FROM bookings b JOIN bookings other ON other.tenant_id = b.tenant_id AND other.series_id = b.series_id
    WHERE b.tenant_id = $1 AND b.id = ANY($2::uuid[])
)
SELECT a.booking_id, a.asked_at, a.decision, b.series_id, b.start_time,
    EXISTS (SELECT FROM cards c WHERE c.tenant_id = a.tenant_id AND c.booking_id = a.booking_id AND c.role = 'approval'
        AND c.person_id IS NOT NULL) AS shown,
    row_number() OVER (PARTITION BY a.booking_id ORDER BY a.asked_at DESC, a.id DESC) = 1 AS latest
FROM touched JOIN approvals a ON a.tenant_id = $1 AND a.booking_id = touched.id
JOIN bookings b ON b.tenant_id = $1 AND b.id = a.booking_id
ORDER BY b.start_time, a.booking_id
"""
# While it waits, its message is edited; when it was decided and is asked anew, an edit would tell nobody.
_CARDS = """
INSERT INTO cards AS c (tenant_id, id, booking_id, team_id, person_id, role, wanted_version, due_at)
SELECT $1, new.id, b.id, p.slack_team_id, p.id, 'approval', b.version, $5
FROM unnest($2::uuid[], $3::uuid[], $4::uuid[]) AS new (id, booking_id, person_id)
JOIN bookings b ON b.tenant_id = $1 AND b.id = new.booking_id
JOIN people p ON p.tenant_id = $1 AND p.id = new.person_id
ON CONFLICT (tenant_id, booking_id, person_id, role) WHERE person_id IS NOT NULL DO UPDATE
    SET ts = NULL, first_version = NULL, channel_id = NULL, rendered_version = 0, due_at = excluded.due_at, attempts = 0,
        lease = NULL, leased_until = NULL, posting_since = NULL, given_up = NULL, given_up_at = NULL
    WHERE c.given_up IS NOT NULL OR c.ts IS NOT NULL AND EXISTS (
        SELECT FROM events e WHERE e.tenant_id = c.tenant_id AND e.booking_id = c.booking_id
            AND e.booking_version > c.first_version AND e.before->>'status' = 'pending' AND e.after->>'status' <> 'pending')
"""
# Whoever edits it at this moment shows what was before: without the lease, they have it shown once more.
_SHOW_ANEW = """
UPDATE cards c SET rendered_version = 0, wanted_version = greatest(c.wanted_version, b.version), updated_at = $3,
    due_at = CASE WHEN c.rendered_version < c.wanted_version THEN c.due_at ELSE $3 END,
    lease = CASE WHEN c.ts IS NULL THEN c.lease END, leased_until = CASE WHEN c.ts IS NULL THEN c.leased_until END
FROM bookings b
WHERE c.tenant_id = $1 AND c.booking_id = ANY($2::uuid[]) AND c.role = 'approval' AND c.given_up IS NULL
    AND b.tenant_id = c.tenant_id AND b.id = c.booking_id
"""


def concerns(happened: Happened) -> bool:
    """Tell whether an event is about a booking that waits, or waited until then."""
    return any(one is not None and one.status is Status.PENDING for one in (happened.before, happened.after))


async def ask(session: WriteSession, touched: Collection[UUID], catalogue: Catalogue, *, now: datetime) -> None:
    """See to it that everybody who can decide has a message about what these bookings ask, as it stands now."""
    if not touched:
        return
    groups = _together(await session.all(_ASKED, session.tenant, list(touched)))
    wanted: list[tuple[UUID, UUID]] = []
    for rows in groups:
        anchor = _anchor(rows)
        if anchor is not None:
            wanted += [(anchor, person) for person in await _asked(session, anchor, catalogue)]
    if wanted:
        await session.run(
            _CARDS,
            session.tenant,
            [new_id() for _ in wanted],
            [booking for booking, _ in wanted],
            [person for _, person in wanted],
            now,
        )
    anew = [row["booking_id"] for rows in groups if _is_touched(rows, touched) for row in rows]
    await session.run(_SHOW_ANEW, session.tenant, anew, now)


async def moot(session: ReadSession, cards: Iterable[Card], catalogue: Catalogue) -> set[UUID]:
    """Return which of these messages, never posted, ask for what was decided meanwhile."""
    found = set()
    for card in cards:
        request = await approval_rows.of_booking(session, card.booking.id, catalogue)
        if request is None or not request.open:
            found.add(card.id)
    return found


async def _asked(session: ReadSession, booking_id: UUID, catalogue: Catalogue) -> list[UUID]:
    booking = await store.booking(session, booking_id, catalogue)
    return [one.person_id for one in await approval_rows.asked_about(session, booking, catalogue)]


def _together(rows: Sequence[Row]) -> list[list[Row]]:
    """Return the rows of what was asked together, each list in order of start."""
    found: dict[object, list[Row]] = {}
    for row in rows:
        found.setdefault((row["series_id"] or row["booking_id"], row["asked_at"]), []).append(row)
    return list(found.values())


def _anchor(rows: Sequence[Row]) -> UUID | None:
    """Return the booking on which the message of a request stands; None where it has one that need not be asked anew."""
    waiting = [row for row in rows if row["decision"] is None]
    if not waiting:
        return None
    shown = next((row for row in rows if row["shown"] and row["latest"]), None)
    if shown is not None and shown["decision"] is not None:
        return None
    anchor: UUID = (shown or waiting[0])["booking_id"]
    return anchor


def _is_touched(rows: Sequence[Row], touched: Collection[UUID]) -> bool:
    return any(row["booking_id"] in touched for row in rows)
