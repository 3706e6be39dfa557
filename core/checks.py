"""What must always be true, as SQL that returns no rows: run after every race test, by `bookroom check`, and by the clock.

The constraints keep most of it already; this finds what was done past them, and what no constraint can see.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core import archive, rerooming, webhook_sending
from core.db import Database, ReadSession, WriteSession

# Enough to see what is wrong; the first of many thousand say the same.
ROWS_SHOWN = 20

_HOLDING = "('pending', 'confirmed', 'checked_in')"

# Every part of every room that a booking `b` is of: what it must claim, and nothing else.
_PARTS = """
SELECT room.id AS room_id, coalesce(p.part_id, room.id) AS id FROM (
    SELECT b.room_id AS id UNION ALL
    SELECT m.room_id FROM booking_rooms m WHERE m.tenant_id = b.tenant_id AND m.booking_id = b.id
) room LEFT JOIN room_parts p ON p.tenant_id = b.tenant_id AND p.whole_id = room.id
"""

INVARIANTS: Mapping[str, str] = {
    **archive.INVARIANTS,
    **rerooming.INVARIANTS,
    **webhook_sending.INVARIANTS,
    "claims of one room overlap": """
        SELECT * FROM (
            SELECT room_id, id AS claim_id, start_time, end_time,
                max(end_time) OVER (PARTITION BY room_id ORDER BY start_time, end_time
                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS taken_until
            FROM room_claims WHERE tenant_id = $1
        ) claims WHERE taken_until > start_time
    """,
    "a booking holds a room without a claim that covers it": f"""
        SELECT b.id AS booking_id, part.room_id, part.id AS part_id, b.status, b.start_time, b.end_time FROM bookings b
        CROSS JOIN LATERAL ({_PARTS}) part
        WHERE b.tenant_id = $1 AND b.status IN {_HOLDING} AND NOT EXISTS (
            SELECT FROM room_claims c WHERE c.tenant_id = b.tenant_id AND c.booking_id = b.id AND c.room_id = part.id
                AND c.start_time <= b.start_time AND c.end_time >= b.end_time)
    """,
    "a claim is kept for a booking that holds no room": f"""
        SELECT c.id AS claim_id, c.room_id, b.id AS booking_id, b.status FROM room_claims c
        JOIN bookings b ON b.tenant_id = c.tenant_id AND b.id = c.booking_id
        WHERE c.tenant_id = $1 AND (b.status NOT IN {_HOLDING}
            OR NOT EXISTS (SELECT FROM ({_PARTS}) part WHERE part.id = c.room_id))
    """,
    "a divisible room is claimed itself": """
        SELECT c.id AS claim_id, c.room_id, c.kind FROM room_claims c
        WHERE c.tenant_id = $1 AND EXISTS (
            SELECT FROM room_parts p WHERE p.tenant_id = c.tenant_id AND p.whole_id = c.room_id)
    """,
    "a part of a divisible room is divisible itself, or elsewhere": """
        SELECT p.whole_id, p.part_id FROM room_parts p
        JOIN rooms w ON w.tenant_id = p.tenant_id AND w.id = p.whole_id
        JOIN rooms r ON r.tenant_id = p.tenant_id AND r.id = p.part_id
        WHERE p.tenant_id = $1 AND (r.location_id <> w.location_id OR EXISTS (
            SELECT FROM room_parts q WHERE q.tenant_id = p.tenant_id AND q.whole_id = p.part_id))
    """,
    "a booking's events do not count its versions": """
        SELECT b.id AS booking_id, b.version, count(e.id) AS events, min(e.booking_version) AS first,
            max(e.booking_version) AS last
        FROM bookings b LEFT JOIN events e ON e.tenant_id = b.tenant_id AND e.booking_id = b.id
        WHERE b.tenant_id = $1 GROUP BY b.id, b.version
        HAVING count(e.id) <> b.version OR count(DISTINCT e.booking_version) <> b.version
            OR min(e.booking_version) <> 1 OR max(e.booking_version) <> b.version
    """,
    "a booking is not as its last event left it": """
        SELECT b.id AS booking_id, b.version, e.kind FROM bookings b
        JOIN events e ON e.tenant_id = b.tenant_id AND e.booking_id = b.id AND e.booking_version = b.version
        WHERE b.tenant_id = $1 AND (e.after->>'status' <> b.status OR (e.after->>'room_id')::uuid <> b.room_id
            OR (e.after->>'start')::timestamptz <> b.start_time OR (e.after->>'end')::timestamptz <> b.end_time
            OR (e.after->>'attendees_count')::int <> b.attendees_count
            OR (e.after->>'late_at')::timestamptz IS DISTINCT FROM b.late_at
            OR (e.after->>'checked_in_at')::timestamptz IS DISTINCT FROM b.checked_in_at)
    """,
    "a booking's rooms or what it borrowed are not as its last event left them": f"""
        SELECT b.id AS booking_id, b.version, e.kind FROM bookings b
        JOIN events e ON e.tenant_id = b.tenant_id AND e.booking_id = b.id AND e.booking_version = b.version
        WHERE b.tenant_id = $1 AND (
            ARRAY(SELECT m.room_id FROM booking_rooms m WHERE m.tenant_id = b.tenant_id AND m.booking_id = b.id ORDER BY 1)
                <> ARRAY(SELECT said.room::uuid
                    FROM jsonb_array_elements_text(coalesce(e.after->'more_rooms', '[]')) said (room) ORDER BY 1)
            OR b.status IN {_HOLDING}
            AND ARRAY(SELECT c.equipment_id || ' ' || c.quantity FROM equipment_claims c
                    WHERE c.tenant_id = b.tenant_id AND c.booking_id = b.id ORDER BY 1)
                <> ARRAY(SELECT lent->>0 || ' ' || (lent->>1)
                    FROM jsonb_array_elements(coalesce(e.after->'equipment', '[]')) lent ORDER BY 1))
    """,
    "more equipment is out ahead than there is": """
        SELECT moment.equipment_id, moment.at, moment.out, moment.there FROM (
            SELECT c.equipment_id, greatest(c.start_time, now()) AS at,
                CASE WHEN e.active THEN e.quantity ELSE 0 END AS there,
                (SELECT sum(o.quantity) FROM equipment_claims o WHERE o.tenant_id = c.tenant_id
                    AND o.equipment_id = c.equipment_id AND o.start_time <= greatest(c.start_time, now())
                    AND o.end_time > greatest(c.start_time, now())) AS out
            FROM equipment_claims c JOIN equipment e ON e.tenant_id = c.tenant_id AND e.id = c.equipment_id
            WHERE c.tenant_id = $1 AND c.end_time > now()
        ) moment WHERE moment.out > moment.there
    """,
    "equipment is kept for a booking that does not hold it, or not for all of its time": f"""
        SELECT c.booking_id, c.equipment_id, b.status FROM equipment_claims c
        JOIN bookings b ON b.tenant_id = c.tenant_id AND b.id = c.booking_id
        WHERE c.tenant_id = $1 AND (b.status NOT IN ('pending', 'confirmed', 'checked_in', 'ended')
            OR b.status IN {_HOLDING} AND (c.start_time > b.start_time OR c.end_time < b.end_time))
    """,
    "a booking waits for approval without an open request, or one is open that nobody waits for": """
        SELECT b.id AS booking_id, b.status, a.id AS approval_id FROM bookings b
        LEFT JOIN approvals a ON a.tenant_id = b.tenant_id AND a.booking_id = b.id AND a.decision IS NULL
        WHERE b.tenant_id = $1 AND (b.status = 'pending') <> (a.id IS NOT NULL)
    """,
    "a booking's claims do not expire with its request": """
        SELECT c.id AS claim_id, c.booking_id, c.expires_at, a.expires_at AS asked_until FROM room_claims c
        LEFT JOIN approvals a ON a.tenant_id = c.tenant_id AND a.booking_id = c.booking_id AND a.decision IS NULL
        WHERE c.tenant_id = $1 AND c.booking_id IS NOT NULL AND c.expires_at IS DISTINCT FROM a.expires_at
    """,
    "a series holds two rooms for one of its dates": f"""
        SELECT series_id, series_on, count(*) FROM bookings
        WHERE tenant_id = $1 AND series_id IS NOT NULL AND status IN {_HOLDING}
        GROUP BY series_id, series_on HAVING count(*) > 1
    """,
    "a meeting ahead has more people than seats": f"""
        SELECT b.id AS booking_id, b.room_id, b.attendees_count, r.capacity FROM bookings b
        JOIN rooms r ON r.tenant_id = b.tenant_id AND r.id = b.room_id
        WHERE b.tenant_id = $1 AND b.end_time > now() AND b.status IN {_HOLDING} AND b.attendees_count > r.capacity
            AND b.attendees_count > r.capacity + coalesce((SELECT sum(o.capacity) FROM booking_rooms m
                JOIN rooms o ON o.tenant_id = m.tenant_id AND o.id = m.room_id
                WHERE m.tenant_id = b.tenant_id AND m.booking_id = b.id), 0)
    """,
    "a room was released without a warning": """
        SELECT e.booking_id, e.happened_at FROM events e
        WHERE e.tenant_id = $1 AND e.kind = 'released' AND e.surface = 'clock' AND e.happened_at > now() - interval '1 day'
            AND NOT EXISTS (
                SELECT FROM deliveries d WHERE d.tenant_id = e.tenant_id AND d.booking_id = e.booking_id
                    AND d.kind = 'release_warning' AND d.status IN ('sent', 'given_up')
                    AND d.done_at <= e.happened_at - interval '3 min')
    """,
    "a room was released although somebody was there": """
        SELECT e.booking_id, e.happened_at, e.before->>'status' AS status FROM events e
        WHERE e.tenant_id = $1 AND e.kind = 'released' AND e.surface = 'clock'
            AND (e.before->>'status' <> 'confirmed' OR e.before->>'checked_in_at' IS NOT NULL)
    """,
    "a booking is checked in without a time, or confirmed with one": """
        SELECT b.id AS booking_id, b.status, b.checked_in_at FROM bookings b
        WHERE b.tenant_id = $1 AND (b.status = 'checked_in' AND b.checked_in_at IS NULL
            OR b.status IN ('pending', 'confirmed') AND b.checked_in_at IS NOT NULL)
    """,
    "an answer is not as the last event left it": """
        SELECT b.id AS booking_id, a.person_id, a.response, said->>2 AS told FROM bookings b
        JOIN events e ON e.tenant_id = b.tenant_id AND e.booking_id = b.id AND e.booking_version = b.version
        CROSS JOIN jsonb_array_elements(e.after->'attendees') AS said
        LEFT JOIN attendees a ON a.tenant_id = b.tenant_id AND a.booking_id = b.id AND a.person_id = (said->>0)::uuid
        WHERE b.tenant_id = $1 AND (a.person_id IS NULL OR a.response IS DISTINCT FROM said->>2)
    """,
    "a place in line has not exactly the claim that it was offered": """
        SELECT w.id AS waiting_id, w.status, w.offered_room_id, count(c.id) AS claims FROM waiting w
        LEFT JOIN room_claims c ON c.tenant_id = w.tenant_id AND c.waiting_id = w.id
        WHERE w.tenant_id = $1 AND (w.status = 'offered' OR c.id IS NOT NULL)
        GROUP BY w.tenant_id, w.id, w.status, w.offered_room_id, w.offer_expires_at, w.end_time, w.more_room_ids
        HAVING w.status <> 'offered' OR bool_or(c.expires_at <> w.offer_expires_at OR c.end_time < w.end_time)
            OR array_agg(c.room_id ORDER BY c.room_id) <> ARRAY(
                SELECT DISTINCT coalesce(p.part_id, one.id) FROM unnest(w.more_room_ids || w.offered_room_id) AS one (id)
                LEFT JOIN room_parts p ON p.tenant_id = w.tenant_id AND p.whole_id = one.id ORDER BY 1)
    """,
    "a place in line has not exactly the equipment that it was offered": """
        SELECT w.id AS waiting_id, w.status FROM waiting w
        LEFT JOIN equipment_claims c ON c.tenant_id = w.tenant_id AND c.waiting_id = w.id
        WHERE w.tenant_id = $1 AND (w.status = 'offered' AND cardinality(w.equipment_ids) > 0 OR c.id IS NOT NULL)
        GROUP BY w.tenant_id, w.id, w.status, w.offer_expires_at, w.end_time, w.equipment_ids, w.equipment_counts
        HAVING w.status <> 'offered' OR bool_or(c.expires_at <> w.offer_expires_at OR c.end_time < w.end_time)
            OR array_agg(c.equipment_id || ' ' || c.quantity ORDER BY c.equipment_id) <> ARRAY(
                SELECT one.id || ' ' || one.count FROM unnest(w.equipment_ids, w.equipment_counts) AS one (id, count)
                ORDER BY one.id)
    """,
    # The same time only, who may book what the other may, and who waits for nothing but a room: what else a rule keeps from
    # somebody no SQL can see.
    "somebody is offered a room before somebody ahead in line": """
        SELECT o.id AS offered, o.offered_room_id, w.id AS waiting FROM waiting o
        JOIN rooms r ON r.tenant_id = o.tenant_id AND r.id = o.offered_room_id
        JOIN people q ON q.tenant_id = o.tenant_id AND q.id = o.person_id
        JOIN waiting w ON w.tenant_id = o.tenant_id AND w.status = 'waiting'
            AND (w.start_time, w.end_time) = (o.start_time, o.end_time) AND (w.created_at, w.id) < (o.created_at, o.id)
        JOIN people p ON p.tenant_id = w.tenant_id AND p.id = w.person_id
        WHERE o.tenant_id = $1 AND o.status = 'offered' AND NOT p.guest
            AND (p.slack_admin OR NOT q.slack_admin AND NOT EXISTS (SELECT FROM admins a
                WHERE a.tenant_id = q.tenant_id AND a.person_id = q.id))
            AND NOT EXISTS (SELECT FROM rights g WHERE g.tenant_id = o.tenant_id AND g.removed_at IS NULL)
            AND NOT EXISTS (SELECT FROM policies g WHERE g.tenant_id = o.tenant_id AND g.group_id IS NOT NULL)
            AND NOT EXISTS (SELECT FROM closures g WHERE g.tenant_id = o.tenant_id AND g.lifted_at IS NULL)
            AND w.updated_at <= o.updated_at AND w.attendees_count <= r.capacity
            AND cardinality(w.more_room_ids) + cardinality(w.equipment_ids) = 0
            AND coalesce(w.room_id, r.id) = r.id AND (w.room_id IS NOT NULL
                OR coalesce(w.location_id, r.location_id) = r.location_id
                AND (w.floor IS NULL OR lower(w.floor) = lower(r.floor))
                AND w.amenities <@ ARRAY(SELECT name FROM room_amenities a WHERE a.tenant_id = r.tenant_id
                    AND a.room_id = r.id))
            AND NOT coalesce(CASE WHEN p.quiet_from < p.quiet_until
                THEN (o.updated_at AT TIME ZONE p.zone)::time >= p.quiet_from
                    AND (o.updated_at AT TIME ZONE p.zone)::time < p.quiet_until
                ELSE (o.updated_at AT TIME ZONE p.zone)::time >= p.quiet_from
                    OR (o.updated_at AT TIME ZONE p.zone)::time < p.quiet_until END, false)
    """,
    "a place in line was taken with a booking of somebody else's": """
        SELECT w.id AS waiting_id, w.person_id, b.id AS booking_id, b.booked_by FROM waiting w
        JOIN bookings b ON b.tenant_id = w.tenant_id AND b.id = w.booking_id
        WHERE w.tenant_id = $1 AND b.booked_by <> w.person_id
    """,
    "an offer was made without a message that tells so": """
        SELECT w.id AS waiting_id, w.version FROM waiting w WHERE w.tenant_id = $1 AND w.status = 'offered'
            AND NOT EXISTS (SELECT FROM deliveries d WHERE d.tenant_id = w.tenant_id AND d.waiting_id = w.id
                AND d.kind = 'offer')
    """,
    "a message has been due for minutes, and nobody sends": """
        SELECT d.id AS delivery_id, d.kind, d.due_at, d.attempts FROM deliveries d
        LEFT JOIN cards c ON c.tenant_id = d.tenant_id AND c.id = d.card_id
        WHERE d.tenant_id = $1 AND d.status = 'pending' AND greatest(d.due_at, d.created_at) < now() - interval '5 min'
            AND (d.leased_until IS NULL OR d.leased_until < now() - interval '5 min')
            AND (d.card_id IS NULL OR c.ts IS NOT NULL OR c.given_up IS NOT NULL OR c.rendered_version >= c.wanted_version)
        UNION ALL
        SELECT c.id, 'card', c.due_at, c.attempts FROM cards c
        WHERE c.tenant_id = $1 AND c.rendered_version < c.wanted_version AND c.given_up IS NULL
            AND greatest(c.due_at, c.updated_at) < now() - interval '5 min'
            AND (c.leased_until IS NULL OR c.leased_until < now() - interval '5 min')
    """,
    # What came to its end by the clock, and a series' further dates, change no card.
    "a card is not asked to show its booking as it stands": """
        SELECT c.id AS card_id, c.booking_id, c.wanted_version, b.version, b.status FROM cards c
        JOIN bookings b ON b.tenant_id = c.tenant_id AND b.id = c.booking_id
        WHERE c.tenant_id = $1 AND c.role = 'news' AND c.given_up IS NULL AND c.wanted_version < b.version
            AND greatest(b.updated_at, c.created_at) < now() - interval '5 min' AND EXISTS (
                SELECT FROM events e WHERE e.tenant_id = c.tenant_id AND e.booking_id = c.booking_id
                    AND e.booking_version > c.wanted_version AND e.kind <> 'ended')
    """,
    "two request keys claim the same event": """
        SELECT event, array_agg(key ORDER BY key) AS keys FROM requests,
            jsonb_array_elements_text(result->'events') AS event
        WHERE tenant_id = $1 GROUP BY event HAVING count(*) > 1
    """,
    "a request key answers with an event that was never written": """
        SELECT q.key, event FROM requests q, jsonb_array_elements_text(q.result->'events') AS event
        WHERE q.tenant_id = $1 AND NOT EXISTS (SELECT FROM events e WHERE e.tenant_id = q.tenant_id AND e.id = event::uuid)
    """,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Violation:
    """An invariant that does not hold, with the first rows that say so."""

    name: str
    rows: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What one look at all invariants came to: rows by invariant, for those that do not hold, at most `ROWS_SHOWN` each.

    `seconds` is how long the database worked for it.
    """

    finished_at: datetime
    seconds: float
    rows: Mapping[str, int]
    unfinished: tuple[str, ...] = ()


async def rows(session: ReadSession, name: str) -> list[Mapping[str, Any]]:
    """Return the first rows that contradict one invariant."""
    found = await session.all(f"SELECT * FROM ({INVARIANTS[name]}) found LIMIT {ROWS_SHOWN}", session.tenant)
    return [dict(row) for row in found]


async def violations(db: Database) -> list[Violation]:
    """Return the invariants that do not hold; an empty list is good news. Reads every booking of the tenant once."""

    async def work(session: WriteSession) -> list[Violation]:
        # One moment for all of it, and more time than a request may take.
        await session.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        await session.run("SET LOCAL statement_timeout = '10min'")
        return [Violation(name=name, rows=tuple(found)) for name in INVARIANTS if (found := await rows(session, name))]

    return await db.write(work, repeatable=True)
