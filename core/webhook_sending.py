"""What webhooks are to be sent: leased to one sender at a time, marked when it has arrived, tried again when it has not.

The lease runs on the database's clock, so that senders whose clocks differ agree on who has it; what is due runs on the
injected one. Whoever touches a webhook and what it sends takes the webhook first. Kept out: connecting to anybody.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from core import changes
from core.clock import Clock
from core.db import Database, ReadSession, WriteSession
from core.ids import new_id
from core.notices import Notice
from core.webhooks import SENT_COLUMNS, SUBJECT, Sent, key_of, sent, set_paused

# Longer than a sender waits for an answer; by then it has marked the message, or may no longer send it.
LEASE_SECONDS = 30.0
# To one webhook at once, of all replicas together.
AT_ONCE = 4
# How long to wait after each failure; the last again and again.
PAUSES = (5.0, 60.0, 300.0, 1800.0, 7200.0, 21600.0, 43200.0)
LONGEST_PAUSE = PAUSES[-1]
# A message that nobody took for so long is given up; a webhook that took nothing for so long is paused.
PATIENCE = timedelta(days=3)
LONGEST_NOTE = 200
GONE = 410
ITSELF = ("Bookroom", "clock")

_CLAIM = f"""
WITH target AS MATERIALIZED (
    SELECT w.id, w.url, w.secret FROM webhooks w
    WHERE w.tenant_id = $1 AND w.paused IS NULL AND w.removed_at IS NULL AND EXISTS (
        SELECT FROM webhook_deliveries d WHERE d.tenant_id = $1 AND d.webhook_id = w.id AND d.state = 'due'
            AND d.due_at <= $2 AND (d.leased_until IS NULL OR d.leased_until < clock_timestamp()))
    FOR NO KEY UPDATE SKIP LOCKED
), due AS MATERIALIZED (
    SELECT one.id, t.url, t.secret FROM target t CROSS JOIN LATERAL (
        SELECT d.id FROM webhook_deliveries d
        WHERE d.tenant_id = $1 AND d.webhook_id = t.id AND d.state = 'due' AND d.due_at <= $2
            AND (d.leased_until IS NULL OR d.leased_until < clock_timestamp())
        ORDER BY d.due_at, d.id
        LIMIT greatest(0, $6 - (SELECT count(*) FROM webhook_deliveries o WHERE o.tenant_id = $1 AND o.webhook_id = t.id
            AND o.state = 'due' AND o.leased_until >= clock_timestamp()))
        FOR UPDATE SKIP LOCKED
    ) one ORDER BY random() LIMIT $3
)
UPDATE webhook_deliveries d SET lease = $4, leased_until = clock_timestamp() + make_interval(secs => $5),
    posting_since = coalesce(d.posting_since, clock_timestamp())
FROM due WHERE d.tenant_id = $1 AND d.id = due.id
RETURNING {SENT_COLUMNS}, d.lease, due.url, due.secret
"""
_FREE = "lease = NULL, leased_until = NULL, posting_since = NULL"
_WELL_AGAIN = "UPDATE webhooks SET failing_since = NULL WHERE tenant_id = $1 AND id = $2 AND failing_since IS NOT NULL"
# Arrived is arrived, whoever has the lease by now: the other need not send it again.
_ARRIVED = f"""
UPDATE webhook_deliveries SET state = 'sent', sent_at = $3, response_status = $4, note = NULL, attempts = attempts + 1,
    {_FREE}
WHERE tenant_id = $1 AND id = $2 AND state = 'due'
"""
_FAILED = f"""
UPDATE webhook_deliveries SET state = $4, due_at = $5, attempts = attempts + 1, response_status = $6, note = $7, {_FREE}
WHERE tenant_id = $1 AND id = $2 AND lease = $3 AND state = 'due'
"""
_GIVEN_BACK = f"""
UPDATE webhook_deliveries SET {_FREE} WHERE tenant_id = $1 AND id = $2 AND lease = $3 AND state = 'due'
"""
_STANDS = """
SELECT url, failing_since, paused FROM webhooks WHERE tenant_id = $1 AND id = $2 AND removed_at IS NULL FOR NO KEY UPDATE
"""
_FAILING = "UPDATE webhooks SET failing_since = $3 WHERE tenant_id = $1 AND id = $2 AND failing_since IS NULL"
# Every pause is told once; what was told before says so by its key.
_TELL_ADMINS = """
INSERT INTO deliveries (tenant_id, id, key, kind, team_id, person_id, about, due_at)
SELECT $1, gen_random_uuid(), $2 || ':' || p.id, $3, p.slack_team_id, p.id, $4::jsonb, $5 FROM people p
WHERE p.tenant_id = $1 AND p.erased_at IS NULL AND (p.slack_admin
    OR EXISTS (SELECT FROM admins a WHERE a.tenant_id = p.tenant_id AND a.person_id = p.id))
ON CONFLICT (tenant_id, key) DO NOTHING
"""
_OVERVIEW = """
SELECT count(*) FILTER (WHERE d.due_at <= $2) AS due, min(d.due_at) FILTER (WHERE d.due_at <= $2) AS oldest,
    count(*) FILTER (WHERE d.attempts > 0) AS retrying,
    (SELECT count(*) FROM webhooks w WHERE w.tenant_id = $1 AND w.removed_at IS NULL AND w.paused IS NOT NULL) AS paused
FROM webhook_deliveries d JOIN webhooks w ON w.tenant_id = d.tenant_id AND w.id = d.webhook_id
WHERE d.tenant_id = $1 AND d.state = 'due' AND w.paused IS NULL AND w.removed_at IS NULL
"""

INVARIANTS: Mapping[str, str] = {
    "a webhook's message has been due for minutes, and nobody sends": """
        SELECT d.id AS delivery_id, d.webhook_id, d.due_at, d.attempts FROM webhook_deliveries d
        JOIN webhooks w ON w.tenant_id = d.tenant_id AND w.id = d.webhook_id
        WHERE d.tenant_id = $1 AND d.state = 'due' AND d.due_at < now() - interval '5 min'
            AND (d.leased_until IS NULL OR d.leased_until < now() - interval '5 min')
            AND w.paused IS NULL AND w.removed_at IS NULL AND w.updated_at < now() - interval '5 min'
            AND NOT EXISTS (SELECT FROM webhook_deliveries o WHERE o.tenant_id = d.tenant_id AND o.webhook_id = d.webhook_id
                AND (o.leased_until > now() - interval '5 min' OR o.sent_at > now() - interval '5 min'))
    """,
    "a webhook was told of one event twice": """
        SELECT webhook_id, event_id, count(*) FROM webhook_deliveries WHERE tenant_id = $1 AND replay_of IS NULL
        GROUP BY webhook_id, event_id HAVING count(*) > 1
    """,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Outgoing:
    """A message that is ours to send for a while."""

    message: Sent
    lease: UUID
    url: str
    secret: str

    @property
    def content(self) -> bytes:
        """What is sent, the same bytes at each attempt."""
        return json.dumps(self.message.body, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()

    def headers(self, now: datetime) -> dict[str, str]:
        """Return the headers that say which message it is, of when this attempt is, and that it is ours."""
        moment = str(int(now.timestamp()))
        return {
            "webhook-id": self.message.message_id,
            "webhook-timestamp": moment,
            "webhook-signature": signature(self.secret, self.message.message_id, moment, self.content),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What came of an attempt: a status, or None and a note that says why there is none; how long to wait, if they say."""

    status: int | None
    note: str | None = None
    retry_after: float | None = None

    @property
    def taken(self) -> bool:
        """Whether they have it."""
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True, kw_only=True, slots=True)
class Overview:
    """How sending stands: messages due, seconds that the oldest is late, those tried before, webhooks that are paused."""

    due: int
    oldest_due_seconds: float
    retrying: int
    paused: int


def signature(secret: str, message_id: str, moment: str, content: bytes) -> str:
    """Return what goes out as `webhook-signature`."""
    signed = b".".join((message_id.encode(), moment.encode(), content))
    return "v1," + base64.b64encode(hmac.new(key_of(secret), signed, hashlib.sha256).digest()).decode()


def pause(attempts: int, chance: float) -> float:
    """Return how many seconds to wait after so many failures before this one.

    `chance`, 0 to 1, makes it up to a fifth longer, so that what failed together does not come again together.
    """
    return PAUSES[min(attempts, len(PAUSES) - 1)] * (1 + chance / 5)


class WebhookSending:
    """Messages on their way out; safe for any number of senders at once."""

    def __init__(self, db: Database, clock: Clock, *, lease_seconds: float = LEASE_SECONDS) -> None:
        self._db = db
        self._clock = clock
        self._lease_seconds = lease_seconds

    async def claim(self, now: datetime, limit: int) -> tuple[Outgoing, ...]:
        """Lease messages that are due, the longest due of each webhook first, at most `AT_ONCE` of each."""
        lease = new_id()

        async def work(session: WriteSession) -> tuple[Outgoing, ...]:
            rows = await session.all(_CLAIM, session.tenant, now, limit, lease, self._lease_seconds, AT_ONCE)
            return tuple(_outgoing(row) for row in rows)

        return await self._db.write(work, repeatable=True)

    async def answered(self, out: Outgoing, answer: Answer) -> str:
        """Mark what came of an attempt: "sent", "again", "failed", "paused" (the webhook too), or "lost" with the lease."""
        now, chance = self._clock.now(), random.random()  # noqa: S311 - no secret

        async def work(session: WriteSession) -> str:
            if answer.taken:
                return await _arrived(session, out, answer, now)
            return await _refused(session, out, answer, now=now, chance=chance)

        return await self._db.write(work, repeatable=True)

    async def give_back(self, out: Outgoing) -> None:
        """Let somebody else send it, without having tried."""

        async def work(session: WriteSession) -> None:
            await session.run(_GIVEN_BACK, session.tenant, out.message.id, out.lease)

        await self._db.write(work, repeatable=True)

    async def overview(self, now: datetime) -> Overview:
        """Return how sending stands."""

        async def work(session: ReadSession) -> Overview:
            row = await session.one(_OVERVIEW, session.tenant, now)
            assert row is not None
            late = (now - row["oldest"]).total_seconds() if row["oldest"] else 0.0
            return Overview(due=row["due"], oldest_due_seconds=late, retrying=row["retrying"], paused=row["paused"])

        return await self._db.read(work)


async def _arrived(session: WriteSession, out: Outgoing, answer: Answer, now: datetime) -> str:
    await session.run(_WELL_AGAIN, session.tenant, out.message.webhook_id)
    marked = await session.run(_ARRIVED, session.tenant, out.message.id, now, answer.status)
    return "lost" if marked == "UPDATE 0" else "sent"


async def _refused(session: WriteSession, out: Outgoing, answer: Answer, *, now: datetime, chance: float) -> str:
    stands = await session.one(_STANDS, session.tenant, out.message.webhook_id)
    if stands is None:
        return "lost"
    told = out.message
    wait = min(max(pause(told.attempts, chance), answer.retry_after or 0.0), LONGEST_PAUSE * 1.2)
    given_up = answer.status == GONE or now - told.created_at >= PATIENCE
    state = "failed" if given_up else "due"
    note = (answer.note or "")[:LONGEST_NOTE] or None
    values = (state, now + timedelta(seconds=wait), answer.status, note)
    if await session.run(_FAILED, session.tenant, told.id, out.lease, *values) == "UPDATE 0":
        return "lost"
    since = stands["failing_since"] or now
    await session.run(_FAILING, session.tenant, told.webhook_id, now)
    if stands["paused"] is None and (answer.status == GONE or now - since >= PATIENCE):
        await _pause(session, told.webhook_id, stands["url"], answer, now)
        return "paused"
    return "failed" if given_up else "again"


async def _pause(session: WriteSession, webhook_id: UUID, url: str, answer: Answer, now: datetime) -> None:
    """Pause a webhook that nobody answers for any more, and have every admin told."""
    session.happened = True
    gone = answer.status == GONE
    said = f"it answered {answer.status}" if answer.status else (answer.note or "no answer came")
    reason = "the other side said that it is gone (410)" if gone else f"nothing arrived for three days; last, {said}"
    await set_paused(session, webhook_id, reason[:LONGEST_NOTE], now=now)
    host = urlsplit(url).hostname or ""
    await changes.note(
        session,
        subject=SUBJECT,
        subject_id=webhook_id,
        name=host,
        action="paused",
        by=None,
        before={"paused": None},
        after={"paused": reason[:LONGEST_NOTE]},
        named=ITSELF,
    )
    kind = Notice.WEBHOOK_PAUSED.value
    key = f"{kind}:{webhook_id}:{now.isoformat()}"
    about = json.dumps({"webhook": str(webhook_id), "host": host, "reason": reason[:LONGEST_NOTE]})
    await session.run(_TELL_ADMINS, session.tenant, key, kind, about, now)


def _outgoing(row: Mapping[str, Any]) -> Outgoing:
    return Outgoing(message=sent(row), lease=row["lease"], url=row["url"], secret=row["secret"])
