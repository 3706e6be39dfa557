"""What many dates changed at once lead to: one message in each channel and for each person, however many dates there are.

A channel that has a message of a series hears of its dates in the thread there: of each by itself, or of many at once.
Written in the transaction of the feed's reader. Kept out: deciding who hears of it (`planning`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.db import WriteSession
from core.ids import new_id

# The messages in channels that tell of a series, or of what it goes on from: {dates} are bookings as "told".
_MESSAGES = """
WITH RECURSIVE told AS (
    {dates}
),
line AS (
    SELECT DISTINCT b.series_id AS id, b.series_id AS told_of FROM told
    JOIN bookings b ON b.tenant_id = $1 AND b.id = told.booking_id WHERE b.series_id IS NOT NULL
    UNION
    SELECT s.continues_id, line.told_of FROM line JOIN series s ON s.tenant_id = $1 AND s.id = line.id
    WHERE s.continues_id IS NOT NULL
),
message AS (
    SELECT line.told_of, c.id, c.team_id, c.channel_id, c.booking_id FROM line
    JOIN bookings x ON x.tenant_id = $1 AND x.series_id = line.id
    JOIN cards c ON c.tenant_id = $1 AND c.booking_id = x.id AND c.person_id IS NULL AND c.given_up IS NULL
)
"""
_TOLD = """
    SELECT * FROM unnest($2::uuid[], $3::int[]) WITH ORDINALITY AS told (booking_id, version, place)
"""
_TOLD_OF_MANY = """
    SELECT * FROM unnest($2::uuid[], $3::int[], $4::uuid[]) WITH ORDINALITY
        AS told (booking_id, version, operation_id, place)
"""
# A date that the channel has no message of, told in that of another date: the line says of which.
_THREADS_OF_OTHERS = f"""
{_MESSAGES.format(dates=_TOLD)}
INSERT INTO deliveries (tenant_id, id, key, kind, team_id, booking_id, card_id, about, due_at)
SELECT $1, gen_random_uuid(), 'history:' || m.id || ':' || told.booking_id || ':' || told.version, 'history', m.team_id,
    told.booking_id, m.id, jsonb_build_object('version', told.version, 'of_series', true), $4
FROM told JOIN bookings b ON b.tenant_id = $1 AND b.id = told.booking_id
CROSS JOIN LATERAL (
    SELECT DISTINCT ON (team_id, channel_id) * FROM message WHERE told_of = b.series_id
    ORDER BY team_id, channel_id, booking_id = b.id DESC, id
) m
WHERE m.booking_id <> told.booking_id ORDER BY told.place
ON CONFLICT (tenant_id, key) DO NOTHING
"""
# In each channel once, in the message of the first of the dates that it has one of, or else of another.
_THREADS = f"""
{_MESSAGES.format(dates=_TOLD_OF_MANY)}
INSERT INTO deliveries (tenant_id, id, key, kind, team_id, booking_id, card_id, about, due_at)
SELECT DISTINCT ON (told.operation_id, m.team_id, m.channel_id) $1, gen_random_uuid(),
    'history:' || m.id || ':' || told.operation_id, 'history', m.team_id, told.booking_id, m.id,
    jsonb_build_object('version', told.version, 'operation', told.operation_id), $5
FROM told JOIN bookings b ON b.tenant_id = $1 AND b.id = told.booking_id
JOIN message m ON m.told_of = b.series_id
ORDER BY told.operation_id, m.team_id, m.channel_id, m.booking_id = told.booking_id DESC, told.place, m.id
ON CONFLICT (tenant_id, key) DO NOTHING
"""
# A channel that has a message of the series is told there.
_CARDS = f"""
{_MESSAGES.format(dates="SELECT * FROM unnest($3::uuid[]) AS told (booking_id)")}
INSERT INTO cards AS c (tenant_id, id, booking_id, team_id, channel_id, wanted_version, due_at)
SELECT $1, new.id, new.booking_id, new.team_id, new.channel_id, new.version, $8
FROM unnest($2::uuid[], $3::uuid[], $4::int[], $5::text[], $6::text[], $7::uuid[])
    AS new (id, booking_id, version, team_id, channel_id, operation_id)
JOIN bookings b ON b.tenant_id = $1 AND b.id = new.booking_id
WHERE new.operation_id IS NOT NULL AND NOT EXISTS (
    SELECT FROM message m WHERE m.told_of = b.series_id AND m.team_id = new.team_id AND m.channel_id = new.channel_id)
ON CONFLICT (tenant_id, booking_id, team_id, channel_id) WHERE person_id IS NULL DO NOTHING
"""
# Its own date has the same version: it is shown as if it had not been yet. Whoever is just editing it is too late then.
_REDRAW = """
UPDATE cards c SET rendered_version = 0, lease = NULL, leased_until = NULL, updated_at = $3,
    due_at = CASE WHEN c.rendered_version < c.wanted_version THEN c.due_at ELSE $3 END
FROM bookings b
WHERE b.tenant_id = $1 AND b.series_id = ANY($2::uuid[]) AND c.tenant_id = $1 AND c.booking_id = b.id
    AND c.role = 'news' AND c.ts IS NOT NULL AND c.given_up IS NULL
"""
_TELL = """
INSERT INTO deliveries (tenant_id, id, key, kind, team_id, person_id, about, due_at, until)
SELECT $1, new.id, 'series_changed:' || new.operation_id || ':' || p.id, 'series_changed', p.slack_team_id, p.id,
    jsonb_build_object('series', new.series_id, 'operation', new.operation_id), $7, new.until
FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::timestamptz[], $8::bool[])
    AS new (id, operation_id, series_id, person_id, until, only_if_known)
JOIN series s ON s.tenant_id = $1 AND s.id = new.series_id
JOIN people p ON p.tenant_id = $1 AND p.id = new.person_id
WHERE p.tell_changes AND (NOT new.only_if_known OR p.id = s.booked_by OR EXISTS (
    SELECT FROM bookings b JOIN cards c ON c.tenant_id = b.tenant_id AND c.booking_id = b.id
    WHERE b.tenant_id = $1 AND b.series_id = s.id AND c.person_id = p.id AND c.role = 'news' AND c.ts IS NOT NULL))
ON CONFLICT (tenant_id, key) DO NOTHING
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class ToldOfMany:
    """A message to one person about many dates of a series."""

    operation_id: UUID
    series_id: UUID
    person_id: UUID
    until: datetime | None
    # Of what was never approved, only those hear more who have heard of it.
    only_if_known: bool = False


async def threads_of_others(session: WriteSession, told: Sequence[tuple[UUID, int]], *, now: datetime) -> None:
    """Tell of dates of series, bookings with their version, in channels that have a message of another date alone."""
    if told:
        bookings, versions = (list(column) for column in zip(*told, strict=True))
        await session.run(_THREADS_OF_OTHERS, session.tenant, bookings, versions, now)


async def threads(session: WriteSession, told: Sequence[tuple[UUID, int, UUID]], *, now: datetime) -> None:
    """Tell in threads: bookings with their version and operation, by start; each channel hears once of an operation."""
    if told:
        bookings, versions, operations = (list(column) for column in zip(*told, strict=True))
        await session.run(_THREADS, session.tenant, bookings, versions, operations, now)


async def cards(session: WriteSession, wanted: Sequence[tuple[UUID, int, str, str, UUID]], *, now: datetime) -> None:
    """Make channels' messages: booking, version, team, channel, operation; none where a channel has one of another date."""
    if wanted:
        columns = [list(column) for column in zip(*wanted, strict=True)]
        await session.run(_CARDS, session.tenant, [new_id() for _ in wanted], *columns, now)


async def redraw(session: WriteSession, series: Collection[UUID], *, now: datetime) -> None:
    """Let the messages of series, which say of some dates where else they are, be shown once more."""
    if series:
        await session.run(_REDRAW, session.tenant, list(series), now)


async def tell(session: WriteSession, told: Sequence[ToldOfMany], *, now: datetime) -> None:
    """Tell people, once for each operation."""
    if told:
        await session.run(
            _TELL,
            session.tenant,
            [new_id() for _ in told],
            [one.operation_id for one in told],
            [one.series_id for one in told],
            [one.person_id for one in told],
            [one.until for one in told],
            now,
            [one.only_if_known for one in told],
        )
