"""From what happened to what webhooks are told: each reads the feed at its own pace, and is told of each event once.

Moving a webhook on and writing what it is to be told is one transaction. Kept out: what a message looks like, which the
edge that speaks JSON says (`Render`), and sending it (`webhook_sending`).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from core.catalogue import Catalogue, Catalogues
from core.db import Database, ReadSession, WriteSession
from core.feed import Feed, Position
from core.ids import new_id
from core.models import Booking
from core.notices import Happened
from core.webhooks import COLUMNS, Webhook, webhook

log = logging.getLogger(__name__)

# A batch is one short transaction.
BATCH = 100

Render = Callable[[UUID, Happened, Catalogue, bool], Mapping[str, Any]]
"""Makes a message of an event's id, the event, the catalogue, and whether private bookings are told in full."""

_NEWS = """
SELECT w.id FROM webhooks w WHERE w.tenant_id = $1 AND w.paused IS NULL AND w.removed_at IS NULL
    AND (w.transaction > pg_snapshot_xmax(pg_current_snapshot()) OR (
        SELECT true FROM events e WHERE e.tenant_id = $1 AND (e.transaction, e.number) > (w.transaction, w.number)
        ORDER BY e.transaction, e.number LIMIT 1))
ORDER BY w.id
"""
# Waited for, unlike other readers of the feed: who sends holds it too, for moments, and would leave the news for later.
_READER = f"""
SELECT {COLUMNS}, w.transaction, w.number FROM webhooks w
WHERE w.tenant_id = $1 AND w.id = $2 AND w.paused IS NULL AND w.removed_at IS NULL FOR NO KEY UPDATE
"""
_READ_SO_FAR = "UPDATE webhooks SET transaction = $3::xid8, number = $4 WHERE tenant_id = $1 AND id = $2"
_EVENT_IDS = """
SELECT e.transaction, e.number, e.id FROM unnest($2::bigint[], $3::bigint[]) AS wanted (transaction, number)
JOIN events e ON e.tenant_id = $1 AND e.transaction = wanted.transaction::text::xid8 AND e.number = wanted.number
"""
_TELL = """
INSERT INTO webhook_deliveries (tenant_id, id, webhook_id, event_id, kind, body, due_at, created_at)
SELECT $1, new.id, $2, new.event_id, new.kind, new.body, $7, $7
FROM unnest($3::uuid[], $4::uuid[], $5::text[], $6::jsonb[]) AS new (id, event_id, kind, body)
ON CONFLICT (tenant_id, webhook_id, event_id) WHERE replay_of IS NULL DO NOTHING
"""
# What it was last told of, or when it began, in what the restored server still has.
_WRITTEN_SINCE = """
SELECT e.transaction, e.number FROM events e WHERE e.tenant_id = $1 AND e.transaction < $3::xid8
    AND e.happened_at >= coalesce(
        (SELECT max(d.created_at) FROM webhook_deliveries d
            WHERE d.tenant_id = $1 AND d.webhook_id = $2 AND d.kind <> 'ping'),
        (SELECT w.created_at FROM webhooks w WHERE w.tenant_id = $1 AND w.id = $2))
ORDER BY e.transaction, e.number LIMIT 1
"""


class WebhookPlanning:
    """The readers of the feed that make what is sent; on several replicas each webhook is read for by one at a time."""

    def __init__(self, db: Database, catalogues: Catalogues, render: Render) -> None:
        self._db = db
        self._catalogues = catalogues
        self._render = render

    async def plan(self, now: datetime) -> int:
        """Plan for everything that happened since the last time, and return how many events were read."""
        planned = 0
        for webhook_id in await self._db.read(_with_news):
            while done := await self._plan_batch(webhook_id, now):
                planned += done
        return planned

    async def _plan_batch(self, webhook_id: UUID, now: datetime) -> int:
        async def planned(catalogue: Catalogue) -> int:
            return await self._db.write(lambda session: self._read_on(session, webhook_id, catalogue, now), repeatable=True)

        return await self._catalogues.using(planned)

    async def _read_on(self, session: WriteSession, webhook_id: UUID, catalogue: Catalogue, now: datetime) -> int:
        row = await session.one(_READER, session.tenant, webhook_id)
        if row is None:
            return 0
        facts = dict(row)
        stood = Position(facts.pop("transaction"), facts.pop("number"))
        position = await _in_this_server(session, webhook_id, stood)
        read = await Feed(catalogue).after(session, position, BATCH)
        last = read[-1][0] if read else position
        wanted = [(at, happened) for at, happened in read if hears(webhook(facts), happened)]
        if wanted:
            await self._tell(session, webhook(facts), wanted, catalogue, now)
        if last != stood:
            await session.run(_READ_SO_FAR, session.tenant, webhook_id, last.transaction, last.number)
        return len(read)

    async def _tell(
        self,
        session: WriteSession,
        to: Webhook,
        events: Sequence[tuple[Position, Happened]],
        catalogue: Catalogue,
        now: datetime,
    ) -> None:
        ids = await _event_ids(session, [at for at, _ in events])
        told = [(ids[at], happened) for at, happened in events]
        await session.run(
            _TELL,
            session.tenant,
            to.id,
            [new_id() for _ in told],
            [event_id for event_id, _ in told],
            [happened.kind.value for _, happened in told],
            [json.dumps(self._render(event_id, happened, catalogue, to.details)) for event_id, happened in told],
            now,
        )


def hears(one: Webhook, happened: Happened) -> bool:
    """Tell whether a webhook is told of an event: of its kinds, in its room or location, before it or after."""
    if one.kinds and happened.kind not in one.kinds:
        return False
    return _within(one, happened.after) or (happened.before is not None and _within(one, happened.before))


def _within(one: Webhook, booking: Booking) -> bool:
    if one.room_id is not None:
        return any(room.id == one.room_id for room in booking.rooms)
    return one.location_id is None or booking.location.id == one.location_id


async def _with_news(session: ReadSession) -> list[UUID]:
    return [row["id"] for row in await session.all(_NEWS, session.tenant)]


async def _event_ids(session: ReadSession, positions: Sequence[Position]) -> dict[Position, UUID]:
    transactions, numbers = [at.transaction for at in positions], [at.number for at in positions]
    rows = await session.all(_EVENT_IDS, session.tenant, transactions, numbers)
    return {Position(row["transaction"], row["number"]): row["id"] for row in rows}


async def _in_this_server(session: ReadSession, webhook_id: UUID, position: Position) -> Position:
    """Return the position, or where to go on when it comes from another server, whose transactions were further on.

    So it is after a restore from a dump. What is read twice then is told once: a delivery is the only one of its event.
    """
    following: int = await session.value("SELECT pg_snapshot_xmax(pg_current_snapshot())")
    if position.transaction <= following:
        return position
    log.warning("a webhook goes on from the time of a restore", extra={"action": "webhooks", "webhook": str(webhook_id)})
    first = await session.one(_WRITTEN_SINCE, session.tenant, webhook_id, following)
    return Position(first["transaction"], first["number"] - 1) if first else Position(following, 0)
